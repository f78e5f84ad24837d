/**
 * The pod garbage collector: it removes pods that nobody will ever remove otherwise. Given.
 *
 * Those of nodes that are gone, those that were deleted before they had a node, and the oldest of those
 * that ended, when there are very many.
 */

import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { isNotFound, keyOf, setCondition } from '#apimachinery';
import { NODES, PODS, type SharedInformer } from '#client';
import { SYNC_POLL_MS } from '../control-loop.ts';
import type { Controller, ControllerContext, NewController } from '../controller.ts';
import { isPodFinished } from '../pod-state.ts';

const NAME = 'pod-garbage-collector-controller';
const PERIOD_MS = 20_000;
/** A node that is not in the cache may only not have come there yet. */
const QUARANTINE_MS = 40_000;
/** So many pods that ended may stay. */
export const TERMINATED_POD_THRESHOLD = 12_500;

/**
 * Makes the controller.
 *
 * @param threshold - how many pods that ended may stay; 0: any number
 * @see pkg/controller/podgc/gc_controller.go (1.33)
 */
export function newPodGarbageCollector(threshold = TERMINATED_POD_THRESHOLD): NewController {
  return (context) => new PodGarbageCollector(context, threshold);
}

class PodGarbageCollector implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #threshold: number;
  readonly #pods: SharedInformer<Pod>;
  readonly #nodes: SharedInformer<Node>;
  /** Since when each node that pods name is missing, by the monotonic clock. */
  readonly #missing = new Map<string, number>();

  constructor(context: ControllerContext, threshold: number) {
    this.#context = context;
    this.#threshold = threshold;
    this.#pods = context.informers.informer(PODS);
    this.#nodes = context.informers.informer(NODES);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    try {
      while (!this.#pods.hasSynced() || !this.#nodes.hasSynced()) {
        await clock.sleep(SYNC_POLL_MS, signal);
      }
      for (;;) {
        await clock.sleep(PERIOD_MS, signal);
        await this.#collect().catch((error) => log.warn('pods could not be removed', { error }));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #collect(): Promise<void> {
    const pods = this.#pods.lister.list();
    for (const pod of this.#tooMany(pods)) await this.#remove(pod);
    const gone = await this.#goneNodes(pods);
    for (const pod of pods) {
      const { nodeName } = pod.spec ?? {};
      if (nodeName && gone.has(nodeName)) await this.#remove(pod, ORPHANED);
      else if (!nodeName && pod.metadata?.deletionTimestamp) await this.#remove(pod);
    }
  }

  #tooMany(pods: readonly Pod[]): Pod[] {
    if (this.#threshold === 0) return [];
    const ended = pods.filter(isPodFinished);
    const madeAt = ({ metadata }: Pod): string => String(metadata?.creationTimestamp ?? '');
    return ended
      .sort((a, b) => (`${madeAt(a)} ${keyOf(a)}` < `${madeAt(b)} ${keyOf(b)}` ? -1 : 1))
      .slice(0, Math.max(0, ended.length - this.#threshold));
  }

  /** Nodes that have been missing for a while, and that the API server does not know either. */
  async #goneNodes(pods: readonly Pod[]): Promise<Set<string>> {
    const nowMs = this.#context.clock.monotonic();
    const named = new Set(pods.flatMap(({ spec }) => spec?.nodeName || []));
    const missing = [...named].filter((name) => this.#nodes.lister.get(name) === undefined);
    for (const name of [...this.#missing.keys()]) {
      if (!missing.includes(name)) this.#missing.delete(name);
    }
    const gone = new Set<string>();
    for (const name of missing) {
      const since = this.#missing.get(name) ?? nowMs;
      this.#missing.set(name, since);
      if (nowMs - since >= QUARANTINE_MS && !(await this.#exists(name))) gone.add(name);
    }
    return gone;
  }

  async #exists(node: string): Promise<boolean> {
    try {
      await this.#context.client.resource(NODES).get(node);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** Without grace: there is no kubelet that could wait for it. */
  async #remove(pod: Pod, why?: typeof ORPHANED): Promise<void> {
    const { client, clock } = this.#context;
    const { namespace, name = '', uid } = pod.metadata ?? {};
    const pods = client.resource(PODS, namespace);
    try {
      if (why && !isPodFinished(pod)) {
        const conditions = [...(pod.status?.conditions ?? [])];
        setCondition(conditions, why, clock);
        await pods.updateStatus({ ...pod, status: { ...pod.status, phase: 'Failed', conditions } });
      }
      await pods.delete(name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const ORPHANED = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'DeletionByPodGC',
  message: 'PodGC: node no longer exists',
};
