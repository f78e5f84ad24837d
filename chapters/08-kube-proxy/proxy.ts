/**
 * From the API server to rules: informers, one sync at a time, and what follows a sync. Given.
 *
 * What changed is `changes/`; what rules there must be, a `Proxier` says; who makes them true is an
 * `Applier`. Of each there is one for every family.
 *
 * @see kubernetes 1.33 pkg/proxy/iptables/proxier.go, cmd/kube-proxy/app/server.go
 */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Clock, KubernetesObject, Logger, Node, Random } from '#apimachinery';
import {
  type Client,
  DeletedFinalStateUnknown,
  ENDPOINT_SLICES,
  type ListerWatcher,
  NODES,
  type ResourceType,
  SERVICES,
  type SelectionOptions,
  SharedInformer,
  typeMetaOf,
} from '#client';
import type { Applier, RulesText } from './appliers/applier.ts';
import { FamilyProxy, type SyncPeriods } from './family-proxy.ts';
import type { ProxyHealth } from './health/proxy-health.ts';
import type { PortOpener } from './health/service-health.ts';
import type { NewProxier } from './proxier.ts';
import type { ProxierOptions } from './proxier-options.ts';

/** Not for kube-proxy: what another proxy takes care of, and what has no cluster IP. */
const OURS = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';
/** Where a node is. */
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
/** How often is looked whether everything that was there at first has been heard of. */
const SYNC_POLL_MS = 50;
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** What a proxy is made with. */
export interface ProxyOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly nodeName: string;
  /** One for each family, each with where its rules go. */
  readonly families: readonly { readonly options: ProxierOptions; readonly applier: Applier }[];
  /** What makes the rules: iptables or IPVS. */
  readonly newProxier: NewProxier;
  readonly periods?: SyncPeriods;
  readonly proxyHealth?: ProxyHealth;
  /** Who opens the ports of health checks; absent: they are not served. */
  readonly portOpener?: PortOpener;
  /** Called after every sync that went well. */
  readonly onSync?: () => void;
}

/** A kube-proxy. */
export interface KubeProxy {
  /** Runs until the signal aborts; rules stay as they are then. */
  run(signal: AbortSignal): Promise<void>;
  /** What was done so far, by family. */
  readonly families: readonly FamilyProxy[];
}

/** Makes a proxy; it does nothing before `run`. */
export function newProxy(options: ProxyOptions): KubeProxy {
  const families = options.families.map(
    (family) => new FamilyProxy({ ...options, ...family, proxierOptions: family.options }),
  );
  return { families, run: (signal) => run(options, families, signal) };
}

/**
 * What the rules would be now: one list of each resource, nothing watched, nothing applied.
 *
 * @returns one for each family
 * @throws what a list threw
 */
export async function rulesNow(options: ProxyOptions): Promise<RulesText[]> {
  const { client } = options;
  const { families } = newProxy(options);
  const [services, slices] = await Promise.all([
    client.resource(SERVICES).list({ labelSelector: OURS }),
    client.resource(ENDPOINT_SLICES).list({ labelSelector: OURS }),
  ]);
  return families.map((family) => {
    for (const service of services.items) family.onService(undefined, service);
    for (const slice of slices.items) family.onSlice(undefined, slice);
    return family.rules();
  });
}

async function run(
  options: ProxyOptions,
  families: readonly FamilyProxy[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, nodeName } = options;
  const services = informerOf(options, SERVICES, { labelSelector: OURS });
  const slices = informerOf(options, ENDPOINT_SLICES, { labelSelector: OURS });
  const nodes = informerOf(options, NODES, { fieldSelector: `metadata.name=${nodeName}` });
  const heard = [
    onEach<Service>(services, (old, now) => {
      for (const family of families) family.onService(old, now);
    }),
    onEach<EndpointSlice>(slices, (old, now) => {
      // Labels may change: then the slice leaves one Service and joins another.
      const isMoved = old && now && serviceOf(old) !== serviceOf(now);
      for (const family of families) {
        if (isMoved) family.onSlice(old, undefined);
        family.onSlice(isMoved ? undefined : old, now);
      }
    }),
    onEach<Node>(nodes, (_old, node) => {
      options.proxyHealth?.syncNode(node);
      for (const family of families) family.setZone(node?.metadata?.labels?.[ZONE_LABEL]);
    }),
  ];
  const running = [services, slices, nodes].map((one) => one.run(AbortSignal.any([signal])));
  try {
    while (!heard.every((one) => one.hasSynced())) await clock.sleep(SYNC_POLL_MS, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await Promise.all([...families.map((family) => family.run(signal)), ...running]);
}

function serviceOf({ metadata }: EndpointSlice): string | undefined {
  return metadata?.labels?.[SERVICE_NAME_LABEL];
}

function informerOf<T extends KubernetesObject>(
  { client, clock, random, log }: ProxyOptions,
  type: ResourceType<T>,
  selection: SelectionOptions,
): SharedInformer<T> {
  const all = client.resource(type);
  const source: ListerWatcher<T> = {
    list: (list) => all.list({ ...list, ...selection }),
    watch: (watch) => all.watch({ ...watch, ...selection }),
  };
  const expectedType = typeMetaOf(type);
  return new SharedInformer(source, { clock, random, log, name: type.resource, expectedType });
}

function onEach<T extends KubernetesObject>(
  informer: SharedInformer<T>,
  handle: (old: T | undefined, now: T | undefined) => void,
) {
  return informer.addEventHandler({
    onAdd: (object) => handle(undefined, object),
    onUpdate: (old, object) => handle(old, object),
    onDelete: (object) =>
      handle(object instanceof DeletedFinalStateUnknown ? object.object : object, undefined),
  });
}
