/**
 * What the scheduler knows of nodes and their pods, its own decisions included.
 *
 * A decision counts here at once (`assumePod`), long before informers report it. Attempts do not see
 * this cache but a `Snapshot` of it.
 */

import type { Clock, Logger, Node, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { AssumingCache } from '../cycle/schedule-one.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Snapshot } from '../framework/snapshot.ts';

/** What a cache needs. */
export interface SchedulerCacheOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * How long an assumed pod may go without being confirmed once its binding has ended, in
   * milliseconds; 0, or absent: for ever, as in Kubernetes.
   */
  readonly assumedPodTtlMs?: number;
}

/** How much there is. */
export interface CacheSize {
  /** With their objects; nodes that are known only from pods do not count. */
  readonly nodes: number;
  readonly pods: number;
  /** Of those pods, how many are only assumed. */
  readonly assumedPods: number;
}

/**
 * The cache.
 *
 * @remarks
 * A pod is known by its uid. It is in one of two states:
 *
 * ```text
 *  assumePod                         addPod
 * ──────────▶ assumed ───────────────────────────▶ added ◀──── updatePod
 *               │  finishBinding: may expire          │
 *               │                                     │ removePod
 *               └── forgetPod, removePod, expired ────┴──▶ (not known)
 * ```
 *
 * `addPod` also takes in a pod that is not known. Whatever else is called in a state the picture
 * does not show is a fault of the caller: an `Error` is thrown, and nothing changes. The errors are
 * given in `cache-faults.ts`.
 *
 * Pods and their node are reported by different watches: a pod may come before its node, and go
 * after it. Pods of a node that is not there are kept; they are in no snapshot until the node comes.
 *
 * @see pkg/scheduler/backend/cache/cache.go (1.33)
 */
export class SchedulerCache implements AssumingCache {
  // Your state goes here: fields of your own choosing.

  /**
   * Empty.
   *
   * @exercise scheduler/cache
   */
  constructor(options: SchedulerCacheOptions) {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.constructor');
  }

  /**
   * Counts a pod on its node from now on, though nobody has confirmed it.
   *
   * @param pod - with `spec.nodeName`
   * @throws Error when the pod is known: `pod u1(default/web) is in the cache, so can't be assumed`
   * @exercise scheduler/cache
   */
  assumePod(pod: PodInfo): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.assumePod');
  }

  /**
   * The binding of an assumed pod has ended: with a TTL, it expires that long from now, unless
   * `addPod` comes first. Does nothing for a pod that is not assumed.
   *
   * @exercise scheduler/cache
   */
  finishBinding(pod: PodInfo): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.finishBinding');
  }

  /**
   * Takes back `assumePod`.
   *
   * @throws Error when the pod is known with another node:
   * `pod u1(default/web) was assumed on node-2 but assigned to node-1` (the pod's, then the known one)
   * @throws Error when it is not assumed: `pod u1(default/web) wasn't assumed so cannot be forgotten`
   * @exercise scheduler/cache
   */
  forgetPod(pod: PodInfo): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.forgetPod');
  }

  /**
   * An informer reports a pod with a node.
   *
   * @remarks An assumed pod is confirmed by this: the reported one takes its place, also when that is
   * on another node than was assumed (which is logged as an error: somebody else has bound it).
   *
   * @throws Error when the pod is added already: `pod u1(default/web) was already in added state`
   * @exercise scheduler/cache
   */
  addPod(pod: Pod): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.addPod');
  }

  /**
   * An informer reports that a pod with a node has changed.
   *
   * @throws Error when it is not known:
   * `pod u1(default/web) is not added to scheduler cache, so cannot be updated`
   * @throws Error when it is only assumed: `assumed pod u1(default/web) should not be updated`
   * @throws Error when it is known with another node: pods do not move.
   * `pod u1(default/web) updated on node-2 but was added to node-1`
   * @exercise scheduler/cache
   */
  updatePod(after: Pod): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.updatePod');
  }

  /**
   * An informer reports that a pod is gone. The node is the one it is known with.
   *
   * @throws Error when it is not known:
   * `pod u1(default/web) is not found in scheduler cache, so cannot be removed from it`
   * @exercise scheduler/cache
   */
  removePod(pod: Pod): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.removePod');
  }

  /**
   * Tells whether a pod, by its uid, is assumed and not confirmed yet.
   *
   * @exercise scheduler/cache
   */
  isAssumedPod(pod: Pod): boolean {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.isAssumedPod');
  }

  /**
   * @param pod - by its uid
   * @returns the pod as it is counted, assumed or added; `undefined` when it is not known
   * @exercise scheduler/cache
   */
  getPod(pod: Pod): Pod | undefined {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.getPod');
  }

  /**
   * Forgets assumed pods whose time is over: `assumedPodTtlMs` and more since `finishBinding`. Each is
   * logged as a warning. The scheduler calls this from time to time.
   *
   * @exercise scheduler/cache
   */
  cleanupAssumedPods(): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.cleanupAssumedPods');
  }

  /**
   * An informer reports a node: new, or in the place of the one of the same name.
   *
   * @remarks `NodeInfo.images` are what `ImageStates.add` says of its images. So a node that pulls an
   * image changes no other NodeInfo.
   *
   * @exercise scheduler/cache
   */
  addNode(node: Node): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.addNode');
  }

  /**
   * An informer reports that a node has changed. The same as `addNode`.
   *
   * @exercise scheduler/cache
   */
  updateNode(after: Node): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.updateNode');
  }

  /**
   * An informer reports that a node is gone. Its pods stay until each is removed.
   *
   * @throws Error when it is not there: `node node-1 is not found`
   * @exercise scheduler/cache
   */
  removeNode(node: Node): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.removeNode');
  }

  /**
   * How much there is, pods of nodes that are not there included.
   *
   * @exercise scheduler/cache
   */
  size(): CacheSize {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.size');
  }

  /**
   * Brings a snapshot up to date, at the cost of what has changed since it was last given here.
   *
   * @remarks
   *
   * 1. In it are the nodes that are there, in the order of `NodeTree.names()`.
   * 2. What is in it never changes (but for `ImageState.nodes`): a changed node is a new `clone`.
   * 3. A node that has not changed since the snapshot's last update is the same object as before, and
   *    is not even looked at: generations tell (`NodeInfo.generation`).
   * 4. Nodes changed but none came, went or moved to another zone: one `replaceAt` for each that
   *    changed, and no `replace`. Else one `replace`, and no `replaceAt`. Nothing changed: neither.
   *
   * @param snapshot - an empty one, or one that this cache has updated before; there may be several
   * @exercise scheduler/cache
   */
  updateSnapshot(snapshot: Snapshot): void {
    throw new NotImplemented('scheduler/cache', 'SchedulerCache.updateSnapshot');
  }
}
