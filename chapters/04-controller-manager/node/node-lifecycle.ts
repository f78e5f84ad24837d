/**
 * When a node is silent: what is said of it, which taints it gets and how fast, and when its pods go.
 *
 * Decisions only. `node-lifecycle-controller.ts` watches nodes and their leases and writes conditions and
 * taints; `taint-eviction-controller.ts` deletes pods.
 */

import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { Node, NodeCondition, Pod, Taint } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';

/** What is remembered of a node between two looks at it. */
export interface Heartbeat {
  /** What the node said last: the time in its `Ready` condition, and that of its Lease. */
  readonly said: string;
  /** When that was seen first, in milliseconds of the clock's `monotonic()`. */
  readonly seenAtMs: number;
}

/** How long a node may be silent, in milliseconds. */
export interface Patience {
  /** One that has spoken before. */
  readonly gracePeriodMs: number;
  /** One that has not: it may still be starting. */
  readonly startupGracePeriodMs: number;
}

/**
 * Takes note of what a node says.
 *
 * @remarks A node speaks by `lastHeartbeatTime` of its condition `Ready` and by `spec.renewTime` of its
 * Lease. Either being another than before is a heartbeat. What the times *are* does not matter, only
 * that they change: the node's clock may be wrong by hours.
 *
 * @param lease - of the node's name, in kube-node-lease; a node may have none
 * @param before - as of the last look; `undefined` at the first
 * @returns `before` itself when nothing is new
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), tryUpdateNodeHealth
 * @exercise controller-manager/node-lifecycle
 */
export function listen(
  node: Node,
  lease: Lease | undefined,
  before: Heartbeat | undefined,
  nowMs: number,
): Heartbeat {
  throw new NotImplemented('controller-manager/node-lifecycle', 'listen');
}

/**
 * The conditions of a node that has been silent for too long.
 *
 * @remarks Too long is more than `gracePeriodMs` since the last heartbeat, for a node without a condition
 * `Ready` more than `startupGracePeriodMs`. Then each of `Ready`, `MemoryPressure`, `DiskPressure` and
 * `PIDPressure` is `Unknown`:
 *
 * - One that is missing is added at the end: reason `NodeStatusNeverUpdated`, message `Kubelet never posted
 *   node status.`, `lastHeartbeatTime` the node's `creationTimestamp`, `lastTransitionTime` now.
 * - One that says something else keeps its place and its `lastHeartbeatTime`: reason `NodeStatusUnknown`,
 *   message `Kubelet stopped posting node status.`, `lastTransitionTime` now.
 * - One that is `Unknown` already stays as it is. So do conditions of other types.
 *
 * @param wallMs - now, in milliseconds since 1970
 * @param nowMs - now, of the clock that `heartbeat` is of
 * @returns all conditions; `undefined` when the node is not silent, or everything is said already
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), tryUpdateNodeHealth
 * @exercise controller-manager/node-lifecycle
 */
export function silentConditions(
  node: Node,
  heartbeat: Heartbeat,
  patience: Patience,
  { wallMs, nowMs }: { readonly wallMs: number; readonly nowMs: number },
): NodeCondition[] | undefined {
  throw new NotImplemented('controller-manager/node-lifecycle', 'silentConditions');
}

/**
 * The taints a node should have because of its conditions: those that keep new pods away.
 *
 * @remarks All with the effect `NoSchedule`, for each condition that says so, by the table in
 * `node-taints.ts`; and `UNSCHEDULABLE_TAINT` when `spec.unschedulable` is true. In the order of the
 * table, that one last. They are set at once.
 *
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), doNoScheduleTaintingPass
 * @exercise controller-manager/node-lifecycle
 */
export function schedulingTaints(node: Node): Taint[] {
  throw new NotImplemented('controller-manager/node-lifecycle', 'schedulingTaints');
}

/**
 * The taint that drives pods off a node, if it should have one.
 *
 * @remarks With the effect `NoExecute`: `NOT_READY_TAINT` when `Ready` is `False`, `UNREACHABLE_TAINT` when
 * it is `Unknown`. None when it is `True`, and none for a node without the condition.
 *
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), processTaintBaseEviction
 * @exercise controller-manager/node-lifecycle
 */
export function evictingTaint(node: Node): Taint | undefined {
  throw new NotImplemented('controller-manager/node-lifecycle', 'evictingTaint');
}

/** How a zone fares. */
export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** How many nodes of a zone are ready, and how many are not. */
export interface ZoneCount {
  readonly ready: number;
  readonly notReady: number;
}

/** How fast nodes may be emptied, in nodes a second. */
export interface EvictionRates {
  readonly normal: number;
  /** In a large zone that is partly disrupted. */
  readonly secondary: number;
  /** A zone with more nodes is large. */
  readonly largeClusterSize: number;
  /** From this share of nodes that are not ready, a zone is partly disrupted. */
  readonly unhealthyThreshold: number;
}

/**
 * How a zone fares.
 *
 * @remarks `FullDisruption`: no node is ready, and there is one that is not. `PartialDisruption`: more than
 * two are not ready, and they are at least `unhealthyThreshold` of all. Else `Normal`.
 *
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), ComputeZoneState
 * @exercise controller-manager/node-lifecycle
 */
export function zoneState(
  { ready, notReady }: ZoneCount,
  { unhealthyThreshold }: Pick<EvictionRates, 'unhealthyThreshold'>,
): ZoneState {
  throw new NotImplemented('controller-manager/node-lifecycle', 'zoneState');
}

/**
 * How many nodes a second may get an evicting taint, in each zone.
 *
 * @remarks One node that is silent is broken. All nodes that are silent mean that it is the network, or
 * this controller, that is broken; then moving pods would only do harm.
 *
 * - All zones are fully disrupted: 0 everywhere.
 * - Else by zone: `Normal` and `FullDisruption`: `normal`. `PartialDisruption`: `secondary` in a zone of more
 *   than `largeClusterSize` nodes, 0 in a smaller one.
 *
 * @param zones - by name; none has no nodes
 * @returns nodes a second, by the zone's name
 * @see pkg/controller/nodelifecycle/node_lifecycle_controller.go (1.33), handleDisruption
 * @exercise controller-manager/node-lifecycle
 */
export function evictionRates(
  zones: ReadonlyMap<string, ZoneCount>,
  rates: EvictionRates,
): Map<string, number> {
  throw new NotImplemented('controller-manager/node-lifecycle', 'evictionRates');
}

/**
 * For how long a pod may stay on a node with these taints.
 *
 * @remarks Only taints with the effect `NoExecute` count. A taint that no toleration of the pod tolerates
 * (`toleratesTaint`): 0. Of all tolerations that tolerate one of the taints, the shortest
 * `tolerationSeconds` counts; less than 0 is 0. One without `tolerationSeconds` tolerates for ever, and
 * shortens nothing.
 *
 * ```text
 * taints unreachable             tolerates unreachable for 300 s               →  300000
 * taints unreachable, not-ready  tolerates unreachable for 300 s               →  0
 * taints unreachable             tolerates all for ever, unreachable for 60 s  →  60000
 * taints unreachable             tolerates all for ever                        →  for ever
 * ```
 *
 * @returns milliseconds since the taints were first seen; `undefined` for ever, as without such taints
 * @see pkg/controller/tainteviction/taint_eviction.go (1.33), processPodOnNode, getMinTolerationTime
 * @exercise controller-manager/node-lifecycle
 */
export function toleratedMs({ spec }: Pod, taints: readonly Taint[]): number | undefined {
  throw new NotImplemented('controller-manager/node-lifecycle', 'toleratedMs');
}
