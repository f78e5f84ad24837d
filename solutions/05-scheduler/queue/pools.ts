/**
 * The three pools of the scheduling queue. Given: who moves from which to which, and why, is
 * `scheduling-queue.ts`.
 */

import { keyOf, type Pod } from '#apimachinery';
import { podInfoOf } from '../framework/pod-info.ts';
import { BackoffQueue, type BackoffQueueOptions } from './backoff-queue.ts';
import { Heap } from './heap.ts';
import type { QueuedPod } from './queued-pod.ts';

/** All pods that wait, each in one list; in no order. Pods that are being tried are in none. */
export interface PendingPods {
  readonly active: readonly Pod[];
  readonly backoff: readonly Pod[];
  readonly unschedulable: readonly Pod[];
  /** In the pool of the unschedulable, but never tried: a preEnqueue plugin keeps them out. */
  readonly gated: readonly Pod[];
}

/** Pods by their keys, in the pool they are in. Each is in one at most; whoever moves them sees to it. */
export class Pools {
  /** In the order of the queue. */
  readonly active: Heap<QueuedPod>;
  /** In the order in which backoff ends. */
  readonly backoff: BackoffQueue;
  readonly unschedulable = new Map<string, QueuedPod>();

  constructor(options: BackoffQueueOptions) {
    this.active = new Heap<QueuedPod>(({ key }) => key, options.less);
    this.backoff = new BackoffQueue(options);
  }

  /** Tells whether a pod is in one of them. */
  has(key: string): boolean {
    return [this.active, this.backoff, this.unschedulable].some((pool) => pool.get(key));
  }

  /** Takes a pod out, wherever it is. */
  delete(key: string): void {
    for (const pool of [this.active, this.backoff, this.unschedulable]) pool.delete(key);
  }

  /**
   * Puts a pod in the place of an older object of the same pod in active or backoff.
   *
   * @returns false when neither has it
   */
  replace(pod: Pod): boolean {
    const key = keyOf(pod);
    for (const pool of [this.active, this.backoff]) {
      const queued = pool.delete(key);
      if (queued === undefined) continue;
      queued.podInfo = podInfoOf(pod);
      pool.set(queued);
      return true;
    }
    return false;
  }

  pending(): PendingPods {
    const podsOf = (queued: Iterable<QueuedPod>): Pod[] => [...queued].map(({ pod }) => pod);
    const waiting = [...this.unschedulable.values()];
    return {
      active: podsOf(this.active.values()),
      backoff: podsOf(this.backoff.values()),
      unschedulable: podsOf(waiting.filter(({ gated }) => !gated)),
      gated: podsOf(waiting.filter(({ gated }) => gated)),
    };
  }
}
