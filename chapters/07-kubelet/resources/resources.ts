/**
 * Who fits on the node, how well pods are protected, and who goes first when the node runs short.
 *
 * Decisions only. `resources/eviction-manager.ts` measures and evicts.
 */

import type { Node, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/**
 * How well a pod is protected: `Guaranteed`, `Burstable` or `BestEffort`.
 *
 * @remarks Of all containers and init containers only `cpu` and `memory` count. An amount of 0 asks
 * for nothing.
 *
 * - None asks for anything, neither requests nor limits: `BestEffort`.
 * - Each has limits of both above 0, and each request is as much as its limit: `Guaranteed`. A
 *   request that is left out is what the limit says; one of 0 is not left out, and less than its
 *   limit.
 * - Else `Burstable`.
 *
 * @see pkg/apis/core/v1/helper/qos/qos.go (1.33), ComputePodQOS
 * @exercise kubelet/resources
 */
export function qosClass(pod: Pod): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  throw new NotImplemented('kubelet/resources', 'qosClass');
}

/** Why the node does not take a pod: the pod's phase becomes `Failed` with these. */
export interface AdmissionRefusal {
  readonly reason: string;
  readonly message: string;
}

/**
 * Tells whether a node takes a pod that the scheduler gave it.
 *
 * @remarks The first fault counts. What `allocatable` does not name, `pods` too, the node has 0 of.
 *
 * 1. More pods than `allocatable.pods`: reason `OutOfpods`, message
 *    `Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: <n>, capacity: <n>`.
 * 2. A resource that `podRequests` names, in byte order, of which the node has less left than is
 *    requested; `used` is what all `others` request. Reason `OutOf<resource>`, message
 *    `Pod was rejected: Node didn't have enough resource: <resource>, requested: <n>, used: <n>, capacity: <n>`;
 *    numbers are thousandths for `cpu`, else whole. What is asked for with 0 always fits.
 * 3. `matchesRequiredNodeAffinity` says no, or throws: reason `NodeAffinity`, message
 *    `Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector`.
 * 4. A taint with the effect `NoExecute` that is not tolerated: reason `TaintToleration`, message
 *    `Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint(s)`. Static
 *    pods (annotation `kubernetes.io/config.source`, other than `api`) need not tolerate.
 *
 * @param others - the pods the node has taken that have not ended
 * @returns `undefined`: it takes it
 * @see pkg/kubelet/lifecycle/predicate.go (1.33)
 * @exercise kubelet/resources
 */
export function admitPod(
  pod: Pod,
  others: readonly Pod[],
  node: Node,
): AdmissionRefusal | undefined {
  throw new NotImplemented('kubelet/resources', 'admitPod');
}

/** What can run short. */
export type EvictionSignal = 'memory.available' | 'nodefs.available' | 'imagefs.available';

/** When a signal is too low. */
export interface EvictionThreshold {
  readonly signal: EvictionSignal;
  /** Bytes (`100Mi`), or a part of what there is in all (`10%`). */
  readonly value: string;
  /** It must be too low for so long first. 0: at once, and pods get no time to end. */
  readonly graceMs: number;
}

/** What was measured of one signal, in bytes. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

/** As a kubelet has it when nothing else is said. */
export const DEFAULT_THRESHOLDS: readonly EvictionThreshold[] = [
  { signal: 'memory.available', value: '100Mi', graceMs: 0 },
  { signal: 'nodefs.available', value: '10%', graceMs: 0 },
  { signal: 'imagefs.available', value: '15%', graceMs: 0 },
];

/**
 * The thresholds that are met now.
 *
 * @remarks A threshold is met when less is available than its value; a part of the capacity is
 * rounded down to bytes. A signal that was not measured meets none.
 *
 * @param observations - by signal
 * @returns in the order of `thresholds`
 * @exercise kubelet/resources
 */
export function thresholdsMet(
  thresholds: readonly EvictionThreshold[],
  observations: ReadonlyMap<EvictionSignal, Observation>,
): EvictionThreshold[] {
  throw new NotImplemented('kubelet/resources', 'thresholdsMet');
}

/** A pod and what it uses, in bytes. */
export interface PodUsage {
  readonly pod: Pod;
  readonly memory: number;
  readonly disk: number;
}

/**
 * In which order pods are evicted.
 *
 * @remarks Compared one after the other:
 *
 * 1. those that use more than they requested, before those that do not;
 * 2. lower `spec.priority` (0 if absent) first;
 * 3. the more it uses above its request, the earlier.
 *
 * For `memory.available` that is about memory, for the others about disk (the request is
 * `ephemeral-storage`). What is equal stays in its order.
 *
 * @returns the first goes first
 * @see pkg/kubelet/eviction/helpers.go (1.33), rankMemoryPressure, rankDiskPressureFunc
 * @exercise kubelet/resources
 */
export function evictionOrder(signal: EvictionSignal, pods: readonly PodUsage[]): PodUsage[] {
  throw new NotImplemented('kubelet/resources', 'evictionOrder');
}

/**
 * What an evicted pod is told.
 *
 * @remarks One sentence about the node, then one for every container that uses more than it
 * requested, each with the space at its end:
 *
 * ```text
 * The node was low on resource: memory. Threshold quantity: 100Mi, available: 53248Ki.
 * Container web was using 819200Ki, request is 100Mi, has larger consumption of memory.
 * ```
 *
 * (here on two lines; in the message there is only the space between them). The resource is
 * `memory`, or `ephemeral-storage` for the other signals.
 *
 * - What was measured (`available`, `was using`) is written in whole `Ki`, rounded up.
 * - The threshold and the request are written as they stand, not converted; a request that is left
 *   out is `0`. Only a threshold that is a part (`10%`) is written as that part of the capacity, in
 *   whole `Ki`, rounded up.
 * - Containers come in the order of `spec.containers`; others, and those `usage` does not have, are
 *   not told.
 *
 * @param usage - bytes, by container
 * @see pkg/kubelet/eviction/helpers.go (1.33), evictionMessage
 * @exercise kubelet/resources
 */
export function evictionMessage(
  threshold: EvictionThreshold,
  observation: Observation,
  pod: Pod,
  usage: ReadonlyMap<string, number>,
): string {
  throw new NotImplemented('kubelet/resources', 'evictionMessage');
}
