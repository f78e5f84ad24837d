/** Tells the page's state what happens in the cluster: informers, and a watch of the whole store. Given. */

import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import {
  type Client,
  CORE_EVENTS,
  DeletedFinalStateUnknown,
  type InformerFactory,
  NODES,
  newInformerFactory,
  PODS,
  type ResourceType,
  SERVICES,
} from '#client';
import { byteStringToUtf8, type EtcdClient, TO_THE_END, type WatchResponse } from '#etcd';
import type { WriteView } from './messages.ts';
import type { PageState } from './page-state.ts';

/** What it listens to. */
export interface FeedOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** May list and watch nodes, pods, services and events. */
  readonly client: Client;
  /** The store behind the API server, `undefined` while there is none. */
  readonly etcd: () => EtcdClient | undefined;
}

/** The store is asked again so soon after its watch broke. */
const RETRY_MS = 1000;

/**
 * Feeds the state until the signal aborts.
 *
 * @param onSynced - called once, when all that was there at first has been told
 */
export async function runFeed(
  state: PageState,
  options: FeedOptions,
  onSynced: () => void,
  signal: AbortSignal,
): Promise<void> {
  const factory = newInformerFactory(options.client, options);
  const added = [
    tell(
      factory,
      NODES,
      (node) => state.putNode(node),
      (node) => state.dropNode(node),
    ),
    tell(
      factory,
      PODS,
      (pod) => state.putPod(pod),
      (pod) => state.dropPod(pod),
    ),
    tell(
      factory,
      SERVICES,
      (one) => state.putService(one),
      (one) => state.dropService(one),
    ),
    tell(
      factory,
      CORE_EVENTS,
      (one) => state.putEvent(one),
      (one) => state.dropEvent(one),
    ),
  ];
  factory.start(signal);
  const store = followStore(state, options, signal);
  try {
    await factory.waitForSync(signal);
    // Handlers hear a little later than caches.
    while (!added.every((one) => one.hasSynced())) await options.clock.sleep(5, signal);
    onSynced();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all([store, factory.whenStopped()]);
}

function tell<T extends KubernetesObject>(
  factory: InformerFactory,
  type: ResourceType<T>,
  put: (object: T) => void,
  drop: (object: T) => void,
) {
  return factory.informer(type).addEventHandler({
    onAdd: put,
    onUpdate: (_, object) => put(object),
    onDelete: (object) => drop(object instanceof DeletedFinalStateUnknown ? object.object : object),
  });
}

async function followStore(
  state: PageState,
  { etcd, clock, log }: FeedOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const everything = { key: '\0', rangeEnd: TO_THE_END };
      for await (const response of etcd()?.watch(everything, signal) ?? []) {
        state.noteWrites(response.header.revision, writesOf(response, clock.now()));
      }
    } catch (error) {
      log.debug('page: the watch of the store broke', { error });
    }
    await clock.sleep(RETRY_MS, signal).catch(() => {});
  }
}

function writesOf({ events }: WatchResponse, at: number): WriteView[] {
  return events.map(({ type, kv }) => ({
    revision: kv.modRevision,
    key: byteStringToUtf8(kv.key),
    kind: kindOf(type, kv.version),
    at,
  }));
}

function kindOf(type: 'put' | 'delete', version: number): WriteView['kind'] {
  if (type === 'delete') return 'delete';
  return version === 1 ? 'create' : 'update';
}
