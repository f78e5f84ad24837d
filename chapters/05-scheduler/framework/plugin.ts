/**
 * The extension points: the places where a plugin may have an opinion, in the order they are asked.
 * Given.
 *
 * ```text
 * queue        preEnqueue  queueSort
 * scheduling   preFilter → filter → (postFilter when no node is left) → preScore → score →
 *              normalizeScore → reserve → permit
 * binding      (wait for permit) → preBind → bind → postBind
 * undo         unreserve, in reverse order, whenever something after reserve says no
 * ```
 *
 * Who calls them is `framework.ts`. Answers are in `status.ts`.
 *
 * @see pkg/scheduler/framework/interface.go (1.33)
 */

import type { KubernetesObject, Pod } from '#apimachinery';
import type { CycleState } from './cycle-state.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Status } from './status.ts';

/** The lowest and the highest score a node may have once scores are normalised. */
export const MIN_NODE_SCORE = 0;
export const MAX_NODE_SCORE = 100;

/** A pod in the queue. */
export interface QueuedPodInfo {
  readonly podInfo: PodInfo;
  /** When it came into the queue this time, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** When it was tried first, `undefined` when it was not yet. */
  readonly initialAttemptTimestamp: number | undefined;
  /** The plugins that said no the last time; what they wait for wakes the pod. */
  readonly unschedulablePlugins: ReadonlySet<string>;
  /** Those of them that said `Pending`. */
  readonly pendingPlugins: ReadonlySet<string>;
  /** It is not even tried: a preEnqueue plugin keeps it out. */
  readonly gated: boolean;
}

/** What is common to all plugins. */
export interface Plugin {
  readonly name: string;
}

/** Says whether a pod may go into the queue of those that are tried. */
export interface PreEnqueuePlugin extends Plugin {
  /** @returns not success: the pod stays out until an event that this plugin has registered */
  preEnqueue(pod: Pod): Status | undefined;
}

/** The order of the queue. There is exactly one in use. */
export interface QueueSortPlugin extends Plugin {
  /** @returns whether `a` is tried before `b` */
  less(a: QueuedPodInfo, b: QueuedPodInfo): boolean;
}

/** What preFilter found out. */
export interface PreFilterResult {
  /** Only these nodes can do; absent: any may. */
  readonly nodeNames?: ReadonlySet<string>;
  readonly status?: Status;
}

/** Counts once per pod what filter needs for each node, or says at once that no node will do. */
export interface PreFilterPlugin extends Plugin {
  /** @returns absent: go on; status `Skip`: this plugin's filter need not be asked for this pod */
  preFilter(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
  ): PreFilterResult | undefined;
  /** Takes into the state that `added` is on the node now. For preemption's what-ifs. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): Status | undefined;
  /** Takes into the state that `removed` is not on the node any more. */
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): Status | undefined;
}

/** Says whether a node can do. Asked for very many nodes: quick, and without any effect. */
export interface FilterPlugin extends Plugin {
  /** @param node - its `node.node` is there: a node is known from its pods alone in the cache only */
  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
}

/** What postFilter found. */
export interface PostFilterResult {
  /** Where the pod may go once there is room; `''` clears a nomination made before; absent: as it was. */
  readonly nominatedNodeName?: string;
  /**
   * `Success`: it may be scheduled later; `Unschedulable`, `Pending`: this plugin could not help, the next
   * may; `UnschedulableAndUnresolvable`: nobody can.
   */
  readonly status?: Status;
}

/** Asked when no node was left: can room be made? */
export interface PostFilterPlugin extends Plugin {
  /** @param rejected - for each node that was asked, what it was refused with */
  postFilter(
    state: CycleState,
    pod: PodInfo,
    rejected: ReadonlyMap<string, Status>,
  ): Promise<PostFilterResult>;
}

/** Counts once per pod what score needs for each node. */
export interface PreScorePlugin extends Plugin {
  /** @param nodes - those that passed all filters */
  preScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | undefined;
}

/** What a plugin thinks of a node. */
export interface NodeScore {
  readonly name: string;
  readonly score: number;
}

/** Says how good a node is. */
export interface ScorePlugin extends Plugin {
  /**
   * @param node - its `node.node` is there
   * @returns any number, when there is `normalizeScore`; else a whole one from 0 to 100
   * @throws whatever: the pod is not scheduled this time
   */
  score(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /**
   * Brings the scores of all nodes into 0 to 100.
   *
   * @param scores - one for each node, in the order of the nodes
   * @returns the new scores, in the same order
   */
  normalizeScore?(
    state: CycleState,
    pod: PodInfo,
    scores: readonly NodeScore[],
  ): readonly NodeScore[];
}

/** Keeps its own books about what a pod takes on a node before it is bound. */
export interface ReservePlugin extends Plugin {
  reserve(state: CycleState, pod: PodInfo, nodeName: string): Status | undefined;
  /**
   * Undoes `reserve`, also when that was never called or said no. May be called twice.
   *
   * Must not throw: nobody is left who could undo the rest.
   */
  unreserve(state: CycleState, pod: PodInfo, nodeName: string): void;
}

/** What permit says. */
export interface PermitResult {
  /** `Wait` makes the pod wait before it is bound. */
  readonly status?: Status;
  /** With `Wait`: how long at most, in milliseconds; then the pod is rejected. */
  readonly timeoutMs?: number;
}

/** The last word before binding: yes, no, or wait. */
export interface PermitPlugin extends Plugin {
  permit(state: CycleState, pod: PodInfo, nodeName: string): PermitResult | undefined;
}

/** Does what must be done before a pod is bound, for example binds its volumes. */
export interface PreBindPlugin extends Plugin {
  preBind(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status | undefined>;
}

/** Binds: writes the node's name into the pod. */
export interface BindPlugin extends Plugin {
  /** @returns `Skip`: not mine, ask the next */
  bind(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status | undefined>;
}

/** Told after a pod was bound. */
export interface PostBindPlugin extends Plugin {
  /** Must not throw: the pod is bound, whatever happens here. */
  postBind(state: CycleState, pod: PodInfo, nodeName: string): void;
}

/** What something happened to. `AssignedPod` has a node, `UnscheduledPod` has none yet. */
export type EventResource =
  | 'AssignedPod'
  | 'UnscheduledPod'
  | 'Node'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | '*';

/** What happened to it; an update has one or more of the finer kinds. */
export type EventAction =
  | 'Add'
  | 'Delete'
  | 'Update'
  | 'UpdateNodeAllocatable'
  | 'UpdateNodeLabel'
  | 'UpdateNodeTaint'
  | 'UpdateNodeCondition'
  | 'UpdateNodeAnnotation'
  | 'UpdatePodLabel'
  | 'UpdatePodScaleDown'
  | 'UpdatePodToleration'
  | 'UpdatePodSchedulingGatesEliminated'
  | '*';

/** Something happened in the cluster that may help a pod that waits. */
export interface ClusterEvent {
  readonly resource: EventResource;
  /** For messages and metrics, for example `AssignedPodDelete`. */
  readonly label: string;
  readonly actions: ReadonlySet<EventAction>;
}

/** What a plugin waits for once it has said no to a pod. */
export interface ClusterEventWithHint {
  readonly resource: EventResource;
  readonly actions: readonly EventAction[];
  /**
   * Looks closer at one event; absent: every such event may help.
   *
   * @param pod - the one that waits
   * @returns `Queue` when the pod may now be schedulable. Throwing counts as `Queue`
   */
  readonly hint?: (
    pod: Pod,
    before: KubernetesObject | undefined,
    after: KubernetesObject | undefined,
  ) => 'Queue' | 'QueueSkip';
}

/** Which events may make a pod schedulable that this plugin has refused. Without it: every event. */
export interface EnqueueExtensions extends Plugin {
  eventsToRegister(): readonly ClusterEventWithHint[];
}
