/**
 * What a pod asks of a node: room, tolerated taints, labels. And whether a pod is ready.
 *
 * Shared by half the system: the scheduler, the kubelet, the DaemonSet controller, the eviction of
 * pods by taints. Which node is best is the scheduler's business, not this file's.
 */

import { NotImplemented } from '#not-implemented';
import type { Node, NodeSelector, NodeSelectorTerm, Pod, Taint, Toleration } from './objects.ts';
import { Quantity } from './quantity.ts';

/** Amounts by resource name: `cpu`, `memory`, `ephemeral-storage`, `example.com/gpu`. */
export type Resources = ReadonlyMap<string, Quantity>;

/**
 * What a pod takes of a node while it runs, at the worst moment.
 *
 * @remarks For each resource on its own:
 *
 * ```text
 * running  = all containers + all sidecars
 * starting = the most that any init container needs: itself + the sidecars listed before it
 * request  = the larger of the two + spec.overhead
 * ```
 *
 * A sidecar is an init container with `restartPolicy: Always`: it is started in turn with the init
 * containers and then stays. A sidecar's own turn counts as starting, too: itself + those before it.
 *
 * ```text
 * init: sidecar 1, setup 4, sidecar 2        containers: app 1, log 1       overhead 0.5
 * running = 1+1+1+2 = 5     starting = max(1, 1+4, 1+2) = 5      request 5.5
 * ```
 *
 * Only `resources.requests` count; limits do not. A resource that no container and no overhead asks
 * for is not in the result; one that is asked for with `0` is. Where containers write a resource in
 * different formats, it is left open in which of them the result is written; the amount is what
 * counts.
 *
 * @see k8s.io/component-helpers/resource/helpers.go (1.33), PodRequests
 * @throws QuantityError when a request is no quantity
 * @exercise apimachinery/placement
 */
export function podRequests(pod: Pod): Resources {
  throw new NotImplemented('apimachinery/placement', 'podRequests');
}

/**
 * Tells whether one toleration tolerates one taint.
 *
 * @remarks All three must fit:
 *
 * - the effect: the same, or the toleration has none, which means every effect;
 * - the key: the same, or the toleration has none, which means every key;
 * - the value: with the operator `Exists` any; with `Equal`, or no operator, the same, where a
 *   missing value is the empty text. Any other operator tolerates nothing.
 *
 * Absent and empty are the same everywhere.
 *
 * @see k8s.io/api/core/v1/toleration.go (1.33), ToleratesTaint
 * @exercise apimachinery/placement
 */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  throw new NotImplemented('apimachinery/placement', 'toleratesTaint');
}

/**
 * The first taint that keeps a pod away.
 *
 * @param taints - a node's, in its order
 * @param tolerations - a pod's; one that fits is enough for a taint
 * @param counts - which taints are looked at; all when absent. The scheduler leaves out
 * `PreferNoSchedule`, who evicts looks only at `NoExecute`
 * @returns `undefined` when every taint that counts is tolerated
 * @exercise apimachinery/placement
 */
export function findUntoleratedTaint(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  counts: (taint: Taint) => boolean = () => true,
): Taint | undefined {
  throw new NotImplemented('apimachinery/placement', 'findUntoleratedTaint');
}

/**
 * Tells whether a node fulfils one term of a node selector.
 *
 * @remarks Everything in a term must hold:
 *
 * - `matchExpressions` are about the node's labels. The operators `In`, `NotIn`, `Exists`,
 *   `DoesNotExist`, `Gt` and `Lt` mean what `in`, `notin`, `exists`, `!`, `gt` and `lt` mean in a
 *   label selector: a node without the label fulfils `NotIn` and `DoesNotExist` only.
 * - `matchFields` are about `metadata.name`. Any other field has the empty value. Whatever the
 *   field, the operator is `In` or `NotIn`, with exactly one value.
 *
 * A term with neither matches no node.
 *
 * @throws SelectorError when any requirement of the term is not well formed (an unknown operator,
 * values that do not fit it, an invalid label key or value), also when another one does not hold
 * @exercise apimachinery/placement
 */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: Node): boolean {
  throw new NotImplemented('apimachinery/placement', 'matchesNodeSelectorTerm');
}

/**
 * Tells whether a node fulfils a node selector: any one of its terms is enough.
 *
 * @remarks A term that is not well formed matches nothing, and is an error only when no other term
 * matches: pods that were stored before a stricter check must not lose their place.
 *
 * @throws SelectorError when no term matches and at least one is not well formed
 * @see k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go (1.33)
 * @exercise apimachinery/placement
 */
export function matchesNodeSelector(selector: NodeSelector, node: Node): boolean {
  throw new NotImplemented('apimachinery/placement', 'matchesNodeSelector');
}

/**
 * Tells whether a pod may run on a node, as far as labels and affinity go.
 *
 * @remarks Both must hold: every label in `spec.nodeSelector`, and
 * `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution` if it is there.
 * Preferred affinity does not count here. `spec.nodeSelector` is compared as it is, without a check
 * of its keys and values.
 *
 * @throws SelectorError as `matchesNodeSelector` does; not when `spec.nodeSelector` already says no
 * @exercise apimachinery/placement
 */
export function matchesRequiredNodeAffinity(pod: Pod, node: Node): boolean {
  throw new NotImplemented('apimachinery/placement', 'matchesRequiredNodeAffinity');
}

/**
 * Tells whether a pod is ready to serve: its condition `Ready` is `True`.
 *
 * @remarks The phase does not count: a pod can be `Running` for long before it is ready.
 * @exercise apimachinery/placement
 */
export function isPodReady(pod: Pod): boolean {
  throw new NotImplemented('apimachinery/placement', 'isPodReady');
}
