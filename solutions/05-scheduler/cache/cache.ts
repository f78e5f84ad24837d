/**
 * What the scheduler knows of nodes and their pods, its own decisions included.
 *
 * A decision counts here at once (`assumePod`), long before informers report it. Attempts do not see
 * this cache but a `Snapshot` of it.
 */

import type { Clock, Logger, Node, Pod } from '#apimachinery';
import { keyOf } from '#apimachinery';
import type { AssumingCache } from '../cycle/schedule-one.ts';
import { NodeInfo } from '../framework/node-info.ts';
import { type PodInfo, podInfoOf } from '../framework/pod-info.ts';
import type { Snapshot } from '../framework/snapshot.ts';
import {
  alreadyAdded,
  alreadyKnown,
  assumedElsewhere,
  movedFrom,
  nodeNameOf,
  notAssumed,
  onlyAssumed,
  uidOf,
  unknownNode,
  unknownOnRemove,
  unknownOnUpdate,
} from './cache-faults.ts';
import { ImageStates } from './image-states.ts';
import { NodeTree } from './node-tree.ts';
import { RecencyList } from './recency-list.ts';

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

interface PodState {
  pod: PodInfo;
  isAssumed: boolean;
  /** On the clock's monotonic time; `undefined` while it cannot expire. */
  expiresAt: number | undefined;
}

/** What was last put into a snapshot. */
interface SnapshotState {
  /** Everything up to this generation is in it. */
  generation: number;
  treeVersion: number;
  /** Where each node is. */
  places: ReadonlyMap<string, number>;
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
  readonly #options: SchedulerCacheOptions;
  readonly #nodes = new RecencyList<NodeInfo>();
  readonly #tree = new NodeTree();
  readonly #pods = new Map<string, PodState>();
  readonly #images = new ImageStates();
  readonly #snapshots = new WeakMap<Snapshot, SnapshotState>();

  /**
   * Empty.
   *
   * @exercise scheduler/cache
   */
  constructor(options: SchedulerCacheOptions) {
    this.#options = options;
  }

  /**
   * Counts a pod on its node from now on, though nobody has confirmed it.
   *
   * @param pod - with `spec.nodeName`
   * @throws Error when the pod is known: `pod u1(default/web) is in the cache, so can't be assumed`
   * @exercise scheduler/cache
   */
  assumePod(pod: PodInfo): void {
    if (this.#pods.has(uidOf(pod.pod))) throw alreadyKnown(pod.pod);
    this.#put(pod, true);
  }

  /**
   * The binding of an assumed pod has ended: with a TTL, it expires that long from now, unless
   * `addPod` comes first. Does nothing for a pod that is not assumed.
   *
   * @exercise scheduler/cache
   */
  finishBinding(pod: PodInfo): void {
    const { clock, assumedPodTtlMs = 0 } = this.#options;
    const state = this.#pods.get(uidOf(pod.pod));
    if (!state?.isAssumed || assumedPodTtlMs === 0) return;
    state.expiresAt = clock.monotonic() + assumedPodTtlMs;
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
    const state = this.#pods.get(uidOf(pod.pod));
    const known = state && nodeNameOf(state.pod.pod);
    if (known !== undefined && known !== nodeNameOf(pod.pod)) {
      throw assumedElsewhere(pod.pod, known);
    }
    if (!state?.isAssumed) throw notAssumed(pod.pod);
    this.#take(state);
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
    const state = this.#pods.get(uidOf(pod));
    if (state && !state.isAssumed) throw alreadyAdded(pod);
    const assumed = state && nodeNameOf(state.pod.pod);
    if (state && assumed !== nodeNameOf(pod)) {
      this.#options.log.error('pod was added to a different node than it was assumed to be on', {
        pod: keyOf(pod),
        assumedNode: assumed,
        addedNode: nodeNameOf(pod),
      });
    }
    if (state) this.#take(state);
    this.#put(podInfoOf(pod), false);
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
    const state = this.#pods.get(uidOf(after));
    if (!state) throw unknownOnUpdate(after);
    if (state.isAssumed) throw onlyAssumed(after);
    const known = nodeNameOf(state.pod.pod);
    if (known !== nodeNameOf(after)) throw movedFrom(after, known);
    this.#take(state);
    this.#put(podInfoOf(after), false);
  }

  /**
   * An informer reports that a pod is gone. The node is the one it is known with.
   *
   * @throws Error when it is not known:
   * `pod u1(default/web) is not found in scheduler cache, so cannot be removed from it`
   * @exercise scheduler/cache
   */
  removePod(pod: Pod): void {
    const state = this.#pods.get(uidOf(pod));
    if (!state) throw unknownOnRemove(pod);
    this.#take(state);
  }

  /**
   * Tells whether a pod, by its uid, is assumed and not confirmed yet.
   *
   * @exercise scheduler/cache
   */
  isAssumedPod(pod: Pod): boolean {
    return this.#pods.get(uidOf(pod))?.isAssumed ?? false;
  }

  /**
   * @param pod - by its uid
   * @returns the pod as it is counted, assumed or added; `undefined` when it is not known
   * @exercise scheduler/cache
   */
  getPod(pod: Pod): Pod | undefined {
    return this.#pods.get(uidOf(pod))?.pod.pod;
  }

  /**
   * Forgets assumed pods whose time is over: `assumedPodTtlMs` and more since `finishBinding`. Each is
   * logged as a warning. The scheduler calls this from time to time.
   *
   * @exercise scheduler/cache
   */
  cleanupAssumedPods(): void {
    const now = this.#options.clock.monotonic();
    for (const state of [...this.#pods.values()]) {
      if (state.expiresAt === undefined || now < state.expiresAt) continue;
      this.#options.log.warn('assumed pod expired', { pod: keyOf(state.pod.pod) });
      this.#take(state);
    }
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
    const name = node.metadata?.name ?? '';
    const info = this.#infoOf(name);
    if (info.node) this.#images.delete(info.node);
    info.setImages(this.#images.add(node));
    info.setNode(node);
    this.#tree.set(node);
    this.#nodes.touch(name);
  }

  /**
   * An informer reports that a node has changed. The same as `addNode`.
   *
   * @exercise scheduler/cache
   */
  updateNode(after: Node): void {
    this.addNode(after);
  }

  /**
   * An informer reports that a node is gone. Its pods stay until each is removed.
   *
   * @throws Error when it is not there: `node node-1 is not found`
   * @exercise scheduler/cache
   */
  removeNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const info = this.#nodes.get(name);
    if (!info?.node) throw unknownNode(name);
    this.#images.delete(info.node);
    info.removeNode();
    this.#tree.delete(name);
    this.#nodes.touch(name);
    this.#dropIfEmpty(name, info);
  }

  /**
   * How much there is, pods of nodes that are not there included.
   *
   * @exercise scheduler/cache
   */
  size(): CacheSize {
    const assumed = [...this.#pods.values()].filter(({ isAssumed }) => isAssumed);
    return { nodes: this.#tree.size, pods: this.#pods.size, assumedPods: assumed.length };
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
    const state = this.#snapshots.get(snapshot) ?? NEW_SNAPSHOT;
    const changed: NodeInfo[] = [];
    let { generation } = state;
    for (const info of this.#nodes.newestFirst()) {
      if (info.generation <= state.generation) break;
      generation = Math.max(generation, info.generation);
      if (info.node) changed.push(info);
    }
    let { places } = state;
    if (state.treeVersion === this.#tree.version) {
      for (const info of changed) {
        const place = places.get(info.name);
        if (place !== undefined) snapshot.replaceAt(place, info.clone());
      }
    } else {
      const names = this.#tree.names();
      places = new Map(names.map((name, place) => [name, place]));
      snapshot.replace(names.flatMap((name) => this.#unchangedOrClone(snapshot, name)));
    }
    this.#snapshots.set(snapshot, { generation, treeVersion: this.#tree.version, places });
  }

  #unchangedOrClone(snapshot: Snapshot, name: string): NodeInfo[] {
    const info = this.#nodes.get(name);
    if (!info) return [];
    const before = snapshot.get(name);
    return [before?.generation === info.generation ? before : info.clone()];
  }

  #infoOf(name: string): NodeInfo {
    const known = this.#nodes.get(name);
    if (known) return known;
    const info = new NodeInfo();
    this.#nodes.add(name, info);
    return info;
  }

  #put(pod: PodInfo, isAssumed: boolean): void {
    const name = nodeNameOf(pod.pod);
    this.#infoOf(name).addPod(pod);
    this.#nodes.touch(name);
    this.#pods.set(uidOf(pod.pod), { pod, isAssumed, expiresAt: undefined });
  }

  #take({ pod }: PodState): void {
    this.#pods.delete(uidOf(pod.pod));
    const name = nodeNameOf(pod.pod);
    const info = this.#nodes.get(name);
    if (!info) return;
    info.removePod(pod.pod);
    this.#nodes.touch(name);
    this.#dropIfEmpty(name, info);
  }

  #dropIfEmpty(name: string, info: NodeInfo): void {
    if (!info.node && info.pods.length === 0) this.#nodes.delete(name);
  }
}

const NEW_SNAPSHOT: SnapshotState = { generation: 0, treeVersion: 0, places: new Map() };
