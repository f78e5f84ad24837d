/**
 * Can this pod run on this node at all? The six questions that look at nothing but the two.
 *
 * Each answers for one node; the plugins of the same names ask them (`plugins/`). Which node is
 * better is `scoring.ts`. Whenever a filter is asked, `node.node` is there.
 */

import type { Taint } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { NodeInfo } from './framework/node-info.ts';
import type { PodInfo } from './framework/pod-info.ts';
import { Status } from './framework/status.ts';

/** The taint that stands for `spec.unschedulable`: who tolerates it may run on a cordoned node. */
export const UNSCHEDULABLE_TAINT: Taint = {
  key: 'node.kubernetes.io/unschedulable',
  effect: 'NoSchedule',
};

/**
 * NodeName: a pod that names its node runs there or nowhere.
 *
 * @returns `UnschedulableAndUnresolvable` with `node(s) didn't match the requested node name` when
 * `spec.nodeName` is set and not this node's name
 * @see pkg/scheduler/framework/plugins/nodename/node_name.go (1.33)
 * @exercise scheduler/fit-filters
 */
export function nodeNameFilter(pod: PodInfo, node: NodeInfo): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodeNameFilter');
}

/**
 * NodeUnschedulable: a cordoned node takes no new pods.
 *
 * @returns `UnschedulableAndUnresolvable` with `node(s) were unschedulable` when the node's
 * `spec.unschedulable` is true and the pod does not tolerate `UNSCHEDULABLE_TAINT`
 * @see pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go (1.33)
 * @exercise scheduler/fit-filters
 */
export function nodeUnschedulableFilter(pod: PodInfo, node: NodeInfo): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodeUnschedulableFilter');
}

/**
 * NodePorts: two pods cannot hold the same port of one node.
 *
 * @param pod - its `hostPorts` are what it asks for
 * @param node - its `usedPorts` know what is taken, and what is in conflict with what
 * @returns `Unschedulable` with `node(s) didn't have free ports for the requested pod ports` when any
 * of them is taken
 * @see pkg/scheduler/framework/plugins/nodeports/node_ports.go (1.33)
 * @exercise scheduler/fit-filters
 */
export function nodePortsFilter(pod: PodInfo, node: NodeInfo): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodePortsFilter');
}

/** A resource of which a node has not enough left. */
export interface InsufficientResource {
  /** For example `cpu`, or `pods`. */
  readonly resource: string;
  /** `Insufficient cpu`, or `Too many pods`. */
  readonly reason: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
  /** The whole node would not be enough, were it empty. */
  readonly unresolvable: boolean;
}

/**
 * NodeResourcesFit, the sums: of which resources has the node not enough left?
 *
 * @remarks
 *
 * 1. One pod more than `allowedPods` is `Too many pods` (resource `pods`, requested 1, never
 *    unresolvable).
 * 2. CPU, memory and ephemeral storage, in this order, then every scalar in the pod's order: what is
 *    asked for must not be more than `allocatable` minus `requested`. The reason is
 *    `Insufficient <resource>`. It is unresolvable when more is asked for than `allocatable`.
 * 3. Who asks for 0 of a resource always fits, also where more is promised than there is.
 * 4. Scalars in `ignored` are not looked at.
 *
 * ```text
 * allocatable cpu 4000m, requested 3000m     pod asks 1000m → fits
 *                                            pod asks 1001m → Insufficient cpu
 *                                            pod asks 4001m → Insufficient cpu, unresolvable
 * ```
 *
 * @param ignored - names of scalars somebody else looks after
 * @returns all of them, an empty list when the pod fits
 * @see pkg/scheduler/framework/plugins/noderesources/fit.go (1.33), fitsRequest
 * @exercise scheduler/fit-filters
 */
export function insufficientResources(
  pod: PodInfo,
  node: NodeInfo,
  ignored: (scalar: string) => boolean = () => false,
): InsufficientResource[] {
  throw new NotImplemented('scheduler/fit-filters', 'insufficientResources');
}

/**
 * NodeResourcesFit: does what the pod asks for still fit?
 *
 * @returns `undefined` when nothing is insufficient; else the reasons of all that is, in their order,
 * as `UnschedulableAndUnresolvable` when any of them is unresolvable, as `Unschedulable` otherwise
 * @exercise scheduler/fit-filters
 */
export function nodeResourcesFilter(
  pod: PodInfo,
  node: NodeInfo,
  ignored?: (scalar: string) => boolean,
): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodeResourcesFilter');
}

/**
 * TaintToleration: a node's taints keep away who does not tolerate them.
 *
 * @remarks Only `NoSchedule` and `NoExecute` count here; `PreferNoSchedule` is a matter of scores.
 * @returns `UnschedulableAndUnresolvable` with `node(s) had untolerated taint {<key>: <value>}` for the
 * first one, in the node's order, that is not tolerated; without a value nothing is after `: `
 * @see pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go (1.33)
 * @exercise scheduler/fit-filters
 */
export function taintTolerationFilter(pod: PodInfo, node: NodeInfo): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'taintTolerationFilter');
}

/**
 * NodeAffinity: `spec.nodeSelector` and required node affinity.
 *
 * @returns `UnschedulableAndUnresolvable`: with `node(s) didn't match Pod's node affinity/selector` when
 * the node does not match; with the error's message when the affinity is not well formed (a
 * SelectorError)
 * @see pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go (1.33)
 * @exercise scheduler/fit-filters
 */
export function nodeAffinityFilter(pod: PodInfo, node: NodeInfo): Status | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodeAffinityFilter');
}

/**
 * NodeAffinity, before any node is asked: does the pod name its nodes?
 *
 * @remarks A term of required node affinity names nodes when one of its `matchFields` is
 * `metadata.name` with the operator `In`; several of those in one term must all hold, so only names in
 * all of them count. Terms are alternatives: as soon as one names no node, any node may do. This is
 * how a pod of a DaemonSet among 5,000 nodes costs no more than one among three.
 *
 * @returns `undefined` when any node may do, also for a pod without required node affinity, or without
 * any term in it; else the names of all terms together, which can be none at all
 * @exercise scheduler/fit-filters
 */
export function nodeNamesOfAffinity(pod: PodInfo): ReadonlySet<string> | undefined {
  throw new NotImplemented('scheduler/fit-filters', 'nodeNamesOfAffinity');
}
