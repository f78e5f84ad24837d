/**
 * Spreading: pods of one kind evenly over zones, hosts, or whatever a node label tells apart.
 *
 * Here is what hard constraints refuse. How constraints are read is `spread-constraints.ts`, what soft
 * ones are worth `spread-scores.ts`, the plugin around both `plugins/pod-topology-spread.ts`. Near or
 * away from particular pods is `pod-affinity.ts`.
 */

import type { Pod, Selector } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { StateData } from '../framework/cycle-state.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import type { SpreadConstraint } from './spread-constraints.ts';

/** How many pods a constraint counts on each node, in the order of the nodes. */
export type CountPods = (
  nodes: readonly NodeInfo[],
  namespace: string,
  selector: Selector,
) => readonly number[];

/** Why a node is refused; the second when it lacks a label and can never do. */
export const SPREAD_REASON = "node(s) didn't match pod topology spread constraints";
export const SPREAD_LABEL_REASON = `${SPREAD_REASON} (missing required label)`;

/**
 * Counts the pods that matter for a constraint.
 *
 * @remarks A pod counts when it is in the namespace, its labels match, and it is not being deleted (it
 * has no `metadata.deletionTimestamp`). A selector without requirements counts nobody, although it
 * matches everybody.
 *
 * @returns one number for each node, in the order of the nodes
 * @see pkg/scheduler/framework/plugins/podtopologyspread/common.go (1.33), countPodsMatchSelector
 * @exercise scheduler/topology-spread
 */
export function countMatchingPods(
  nodes: readonly NodeInfo[],
  namespace: string,
  selector: Selector,
): number[] {
  throw new NotImplemented('scheduler/topology-spread', 'countMatchingPods');
}

/**
 * Tells whether a constraint looks at a node at all.
 *
 * @remarks
 *
 * - `nodeAffinityPolicy` `Honor`: only nodes that the pod's `nodeSelector` and required node affinity
 *   allow. Affinity that is not well formed (a SelectorError) allows none.
 * - `nodeTaintsPolicy` `Honor`: only nodes whose `NoSchedule` and `NoExecute` taints the pod tolerates.
 *
 * A zone where the pod may not run would else stay the emptiest for ever, and nothing could be
 * scheduled elsewhere.
 *
 * @see pkg/scheduler/framework/plugins/podtopologyspread/common.go (1.33), matchNodeInclusionPolicies
 * @exercise scheduler/topology-spread
 */
export function isNodeIncluded(constraint: SpreadConstraint, pod: Pod, node: NodeInfo): boolean {
  throw new NotImplemented('scheduler/topology-spread', 'isNodeIncluded');
}

/**
 * The hard constraints of a pod, and how many pods there are in each domain. Made once for a pod.
 *
 * @remarks In which domain a node is, and whether it has all labels, say `topologyValue` and
 * `hasTopologyKeys` of `topology-value.ts`.
 *
 * ```text
 * maxSkew 1      zone a: 2 pods    zone b: 1    zone c: 0        the emptiest: 0
 * a pod that counts itself, in a: 2 + 1 - 0 = 3 > 1 no    in b: 1 + 1 - 0 = 2 > 1 no    in c: 1 yes
 * ```
 *
 * @see pkg/scheduler/framework/plugins/podtopologyspread/filtering.go (1.33)
 */
export class SpreadCounts implements StateData {
  readonly pod: PodInfo;
  readonly constraints: readonly SpreadConstraint[];
  /** For each constraint, in their order: pods by domain. Domains without pods are in it, with 0. */
  readonly domains: readonly Map<string, number>[];
  // Your state goes here: fields of your own choosing.

  constructor(
    pod: PodInfo,
    constraints: readonly SpreadConstraint[],
    domains: readonly Map<string, number>[],
  ) {
    this.pod = pod;
    this.constraints = constraints;
    this.domains = domains;
  }

  clone(): SpreadCounts {
    const domains = this.domains.map((pods) => new Map(pods));
    return new SpreadCounts(this.pod, this.constraints, domains);
  }

  /**
   * May the pod go to the node?
   *
   * @remarks Constraints are asked in their order; the first that says no decides.
   *
   * 1. The node does not have the constraint's label: `UnschedulableAndUnresolvable` with
   *    `SPREAD_LABEL_REASON`.
   * 2. `skew = pods of the node's domain + self - emptiest`. `self` is 1 when the selector matches the
   *    pod's own labels, else 0. A domain that is not in `domains` has 0 pods. `emptiest` is the smallest
   *    number in `domains`; it is 0 when there are fewer domains than `minDomains`.
   * 3. More than `maxSkew`: `Unschedulable` with `SPREAD_REASON`.
   *
   * Asked for thousands of nodes, of which each may be a domain: looking at all domains every time is
   * too slow.
   *
   * @exercise scheduler/topology-spread
   */
  filter(node: NodeInfo): Status | undefined {
    throw new NotImplemented('scheduler/topology-spread', 'SpreadCounts.filter');
  }

  /**
   * Preemption tries out: a pod comes to a node, or leaves it.
   *
   * @remarks Afterwards everything is as if `countDomains` had been asked with the pod there, or not.
   * So it changes nothing for a pod that would not count, on a node that would not be looked at.
   *
   * @param change - 1: it comes, -1: it leaves
   * @exercise scheduler/topology-spread
   */
  update(other: PodInfo, node: NodeInfo, change: 1 | -1): void {
    throw new NotImplemented('scheduler/topology-spread', 'SpreadCounts.update');
  }
}

/**
 * Counts a pod's hard constraints over all nodes.
 *
 * @remarks A node is looked at by no constraint unless it has the labels of all of them; and by one
 * constraint only when `isNodeIncluded` says so. Each node looked at makes its domain known, also when
 * no pod counts there.
 *
 * @param countPods - how many pods count on each node; asked with the pod's namespace
 * @exercise scheduler/topology-spread
 */
export function countDomains(
  pod: PodInfo,
  constraints: readonly SpreadConstraint[],
  nodes: readonly NodeInfo[],
  countPods: CountPods,
): SpreadCounts {
  throw new NotImplemented('scheduler/topology-spread', 'countDomains');
}
