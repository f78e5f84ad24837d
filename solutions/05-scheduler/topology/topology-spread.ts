/**
 * Spreading: pods of one kind evenly over zones, hosts, or whatever a node label tells apart.
 *
 * Here is what hard constraints refuse. How constraints are read is `spread-constraints.ts`, what soft
 * ones are worth `spread-scores.ts`, the plugin around both `plugins/pod-topology-spread.ts`. Near or
 * away from particular pods is `pod-affinity.ts`.
 */

import {
  findUntoleratedTaint,
  matchesRequiredNodeAffinity,
  type Pod,
  type Selector,
  SelectorError,
  type Taint,
} from '#apimachinery';
import type { StateData } from '../framework/cycle-state.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import type { SpreadConstraint } from './spread-constraints.ts';
import { hasTopologyKeys, topologyValue } from './topology-value.ts';

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
  return nodes.map(({ pods }) => {
    let count = 0;
    for (const { pod } of pods) if (isCounted(pod, namespace, selector)) count += 1;
    return count;
  });
}

function isCounted({ metadata }: Pod, namespace: string, selector: Selector): boolean {
  return (
    metadata?.namespace === namespace &&
    metadata.deletionTimestamp === undefined &&
    selector.requirements?.length !== 0 &&
    selector.matches(metadata.labels)
  );
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
  if (!node.node) return false;
  if (constraint.nodeAffinityPolicy === 'Honor' && !allowsNode(pod, node)) return false;
  if (constraint.nodeTaintsPolicy !== 'Honor') return true;
  const { taints } = node.node.spec ?? {};
  return !findUntoleratedTaint(taints, pod.spec?.tolerations, keepsAway);
}

function allowsNode(pod: Pod, { node }: NodeInfo): boolean {
  // Almost no pod has any of it, and there are thousands of nodes.
  if (!pod.spec?.nodeSelector && !pod.spec?.affinity?.nodeAffinity) return true;
  try {
    return node !== undefined && matchesRequiredNodeAffinity(pod, node);
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

function keepsAway({ effect }: Taint): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute';
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
  /** For each constraint: the fewest pods of a domain, `undefined` when that must be looked up. */
  readonly #fewest: (number | undefined)[] = [];

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
    let i = 0;
    for (const { topologyKey, selector, maxSkew, minDomains } of this.constraints) {
      const domain = topologyValue(node, topologyKey);
      if (domain === undefined) {
        return new Status('UnschedulableAndUnresolvable', [SPREAD_LABEL_REASON]);
      }
      const pods = this.domains[i];
      const emptiest = (pods?.size ?? 0) < minDomains ? 0 : this.#fewestOf(i);
      const self = selector.matches(this.pod.pod.metadata?.labels) ? 1 : 0;
      const skew = (pods?.get(domain) ?? 0) + self - emptiest;
      if (skew > maxSkew) return new Status('Unschedulable', [SPREAD_REASON]);
      i += 1;
    }
    return undefined;
  }

  #fewestOf(index: number): number {
    const known = this.#fewest[index];
    if (known !== undefined) return known;
    let fewest = Number.POSITIVE_INFINITY;
    for (const count of this.domains[index]?.values() ?? []) fewest = Math.min(fewest, count);
    this.#fewest[index] = fewest;
    return fewest;
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
    if (!hasTopologyKeys(node, this.constraints)) return;
    const namespace = this.pod.pod.metadata?.namespace ?? '';
    for (const [i, constraint] of this.constraints.entries()) {
      if (!isCounted(other.pod, namespace, constraint.selector)) continue;
      if (!isNodeIncluded(constraint, this.pod.pod, node)) continue;
      this.#change(i, topologyValue(node, constraint.topologyKey) ?? '', change);
    }
  }

  #change(index: number, domain: string, change: 1 | -1): void {
    const pods = this.domains[index];
    const before = pods?.get(domain) ?? 0;
    const after = before + change;
    pods?.set(domain, after);
    const fewest = this.#fewest[index];
    if (fewest === undefined) return;
    if (after < fewest) this.#fewest[index] = after;
    // It may have been the only one with so few.
    else if (before === fewest) this.#fewest[index] = undefined;
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
  const domains = constraints.map((constraint) => {
    const pods = new Map<string, number>();
    const counts = countPods(nodes, pod.pod.metadata?.namespace ?? '', constraint.selector);
    nodes.forEach((node, i) => {
      if (!hasTopologyKeys(node, constraints)) return;
      if (!isNodeIncluded(constraint, pod.pod, node)) return;
      const domain = topologyValue(node, constraint.topologyKey) ?? '';
      pods.set(domain, (pods.get(domain) ?? 0) + (counts[i] ?? 0));
    });
    return pods;
  });
  return new SpreadCounts(pod, constraints, domains);
}
