/**
 * Pod affinity, what is required: near pods of some kind, away from pods of some kind.
 *
 * Both ways: what the pod asks, and what pods that are there ask of it. What is only wished for is
 * `affinity-scores.ts`, the plugin around both `plugins/inter-pod-affinity.ts`.
 */

import type { LabelSet, Pod } from '#apimachinery';
import type { StateData } from '../framework/cycle-state.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import { type AffinityTerm, type PodInfo, termMatches } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import { TopologyCounts } from './topology-counts.ts';
import { topologyValue } from './topology-value.ts';

/** The labels of a namespace; `{}` when it is not known. */
export type NamespaceLabels = (namespace: string) => LabelSet;

/** How many pods of each node match all of these terms, in the order of the nodes. */
export type CountMatches = (
  nodes: readonly NodeInfo[],
  terms: readonly AffinityTerm[],
) => readonly number[];

/** Why a node is refused. */
export const AFFINITY_REASON = "node(s) didn't match pod affinity rules";
export const ANTI_AFFINITY_REASON = "node(s) didn't match pod anti-affinity rules";
export const EXISTING_ANTI_AFFINITY_REASON =
  "node(s) didn't satisfy existing pods anti-affinity rules";

/**
 * Tells whether a pod matches all of these terms: each speaks of it (`termMatches`).
 *
 * @remarks No terms match nobody. Labels of a namespace need to be known only for terms with a
 * `namespaceSelector`; looking them up for each of 150,000 pods is too slow.
 *
 * @see pkg/scheduler/framework/plugins/interpodaffinity/filtering.go (1.33), podMatchesAllAffinityTerms
 * @exercise scheduler/pod-affinity
 */
export function matchesAllTerms(
  terms: readonly AffinityTerm[],
  pod: Pod,
  namespaceLabels: NamespaceLabels,
): boolean {
  return terms.length > 0 && terms.every((term) => matchesTerm(term, pod, namespaceLabels));
}

const NO_LABELS: LabelSet = {};

function matchesTerm(term: AffinityTerm, pod: Pod, namespaceLabels: NamespaceLabels): boolean {
  const needsLabels = term.namespaceSelector !== undefined;
  const labels = needsLabels ? namespaceLabels(pod.metadata?.namespace ?? '') : NO_LABELS;
  return termMatches(term, pod, labels);
}

/**
 * Counts, for each node, its pods that match all of these terms.
 *
 * @returns in the order of the nodes
 * @exercise scheduler/pod-affinity
 */
export function countMatches(
  nodes: readonly NodeInfo[],
  terms: readonly AffinityTerm[],
  namespaceLabels: NamespaceLabels,
): number[] {
  return nodes.map(({ pods }) => {
    let count = 0;
    for (const { pod } of pods) if (matchesAllTerms(terms, pod, namespaceLabels)) count += 1;
    return count;
  });
}

/** The three sums a pod's nodes are asked by. */
export interface AffinityCounts {
  /** Pods that match all the pod's required affinity terms, by the places of each term. */
  readonly affinity: TopologyCounts;
  /** Pods that match one of the pod's required anti-affinity terms, by the place of that term. */
  readonly antiAffinity: TopologyCounts;
  /** Required anti-affinity terms of pods that are there, which match the pod, by the term's place. */
  readonly existing: TopologyCounts;
}

/** Three empty sums. */
export function newAffinityCounts(): AffinityCounts {
  return {
    affinity: new TopologyCounts(),
    antiAffinity: new TopologyCounts(),
    existing: new TopologyCounts(),
  };
}

/** What is counted. */
export interface AffinityInput {
  readonly pod: PodInfo;
  /** All nodes. */
  readonly nodes: readonly NodeInfo[];
  /** The nodes among them that have pods with required anti-affinity. */
  readonly keepingAway: readonly NodeInfo[];
  readonly namespaceLabels: NamespaceLabels;
  /** Ask only for terms there are: it looks at every pod. */
  readonly countMatches: CountMatches;
}

/**
 * Counts the required terms of a pod over all nodes.
 *
 * @remarks
 *
 * 1. `affinity`: a pod that matches **all** required affinity terms of the pod counts once for each of
 *    them, in the place its node is in by that term's topology key. One pod must fulfil all terms; two
 *    that fulfil one each are of no use.
 * 2. `antiAffinity`: a pod that matches **any** required anti-affinity term counts in that term's place.
 * 3. `existing`: each required anti-affinity term of a pod that is there counts, when it matches the
 *    pod, in the place that pod's node is in. Only nodes of `keepingAway` need be looked at.
 *
 * A node without the label is in no place, and nothing counts there: `TopologyCounts.add` with
 * `topologyValue` sees to it.
 *
 * @see pkg/scheduler/framework/plugins/interpodaffinity/filtering.go (1.33), PreFilter
 * @exercise scheduler/pod-affinity
 */
export function countAffinity(input: AffinityInput): AffinityCounts {
  const { pod, nodes, keepingAway, namespaceLabels } = input;
  const counts = newAffinityCounts();
  const { requiredAffinityTerms: near, requiredAntiAffinityTerms: away } = pod;
  if (near.length > 0) {
    const found = input.countMatches(nodes, near);
    nodes.forEach((node, i) => {
      addAt(counts.affinity, near, node, found[i]);
    });
  }
  for (const term of away) {
    const only = [term];
    const found = input.countMatches(nodes, only);
    nodes.forEach((node, i) => {
      addAt(counts.antiAffinity, only, node, found[i]);
    });
  }
  for (const node of keepingAway) {
    for (const other of node.podsWithRequiredAntiAffinity) {
      addExisting(counts, pod, other, node, 1, namespaceLabels);
    }
  }
  return counts;
}

function addExisting(
  counts: AffinityCounts,
  pod: PodInfo,
  other: PodInfo,
  node: NodeInfo,
  change: 1 | -1,
  namespaceLabels: NamespaceLabels,
): void {
  for (const term of other.requiredAntiAffinityTerms) {
    if (!matchesTerm(term, pod.pod, namespaceLabels)) continue;
    addAt(counts.existing, [term], node, change);
  }
}

/**
 * The required terms of a pod, and of those around it. Made once for a pod.
 *
 * @remarks A term with the topology key `zone` means: all nodes with the same value of the label `zone`
 * are one place. Which place a node is in says `topologyValue` of `topology-value.ts`.
 *
 * ```text
 * node-1 zone=a: db      node-2 zone=a: (empty)      node-3 zone=b: web, which keeps away from web by zone
 * pod web-2, near db by zone, keeps away from web by zone
 * affinity zone=a 1      antiAffinity zone=b 1      existing zone=b 1
 * node-1 yes    node-2 yes    node-3 no: didn't match pod affinity rules
 * ```
 *
 * @see pkg/scheduler/framework/plugins/interpodaffinity/filtering.go (1.33)
 */
export class RequiredAffinity implements StateData {
  readonly pod: PodInfo;
  readonly counts: AffinityCounts;
  readonly #namespaceLabels: NamespaceLabels;

  constructor(pod: PodInfo, counts: AffinityCounts, namespaceLabels: NamespaceLabels) {
    this.pod = pod;
    this.counts = counts;
    this.#namespaceLabels = namespaceLabels;
  }

  clone(): RequiredAffinity {
    const { affinity, antiAffinity, existing } = this.counts;
    const counts = {
      affinity: affinity.clone(),
      antiAffinity: antiAffinity.clone(),
      existing: existing.clone(),
    };
    return new RequiredAffinity(this.pod, counts, this.#namespaceLabels);
  }

  /**
   * Preemption tries out: a pod comes to a node, or leaves it. The three sums are as if `countAffinity`
   * had been asked with the pod there, or not.
   *
   * @param change - 1: it comes, -1: it leaves
   * @exercise scheduler/pod-affinity
   */
  update(other: PodInfo, node: NodeInfo, change: 1 | -1): void {
    const { requiredAffinityTerms: near, requiredAntiAffinityTerms: away } = this.pod;
    const { affinity, antiAffinity } = this.counts;
    if (matchesAllTerms(near, other.pod, this.#namespaceLabels)) {
      addAt(affinity, near, node, change);
    }
    for (const term of away) {
      if (!matchesTerm(term, other.pod, this.#namespaceLabels)) continue;
      addAt(antiAffinity, [term], node, change);
    }
    addExisting(this.counts, this.pod, other, node, change, this.#namespaceLabels);
  }

  /**
   * Tells that no node will ever be refused: the pod has no required terms, of either kind, and nothing
   * is in `existing`.
   *
   * @exercise scheduler/pod-affinity
   */
  isIdle(): boolean {
    const { requiredAffinityTerms: near, requiredAntiAffinityTerms: away } = this.pod;
    return near.length === 0 && away.length === 0 && this.counts.existing.isEmpty;
  }

  /**
   * May the pod go to the node?
   *
   * @remarks In this order; the first that says no decides.
   *
   * 1. Affinity. The node has the label of every term, and in each of these places there is a pod that
   *    matches. Else `UnschedulableAndUnresolvable` with `AFFINITY_REASON`: taking pods away brings none.
   * 2. The exception, without which the first pod of a group would wait for itself for ever: when
   *    `affinity` is empty (nowhere is a pod that matches), and the pod matches all its own affinity
   *    terms, the labels are enough.
   * 3. Anti-affinity. In no place of the node by a term of the pod is there a pod that the term keeps
   *    away. A node without the label is in no place. Else `Unschedulable` with `ANTI_AFFINITY_REASON`.
   * 4. Others' anti-affinity. The node is in no place of `existing`. Else `Unschedulable` with
   *    `EXISTING_ANTI_AFFINITY_REASON`.
   *
   * @exercise scheduler/pod-affinity
   */
  filter(node: NodeInfo): Status | undefined {
    if (!this.#isNear(node)) {
      return new Status('UnschedulableAndUnresolvable', [AFFINITY_REASON]);
    }
    const { antiAffinity, existing } = this.counts;
    const isTaken = ({ topologyKey }: AffinityTerm): boolean =>
      antiAffinity.get(topologyKey, topologyValue(node, topologyKey)) > 0;
    if (this.pod.requiredAntiAffinityTerms.some(isTaken)) {
      return new Status('Unschedulable', [ANTI_AFFINITY_REASON]);
    }
    for (const key of existing.keys) {
      if (existing.get(key, topologyValue(node, key)) === 0) continue;
      return new Status('Unschedulable', [EXISTING_ANTI_AFFINITY_REASON]);
    }
    return undefined;
  }

  #isNear(node: NodeInfo): boolean {
    const terms = this.pod.requiredAffinityTerms;
    const { affinity } = this.counts;
    let isThere = true;
    for (const { topologyKey } of terms) {
      const value = topologyValue(node, topologyKey);
      if (value === undefined) return false;
      if (affinity.get(topologyKey, value) === 0) isThere = false;
    }
    if (isThere) return true;
    return affinity.isEmpty && matchesAllTerms(terms, this.pod.pod, this.#namespaceLabels);
  }
}

/** Adds as much in each of the places the node is in by these terms. */
function addAt(
  counts: TopologyCounts,
  terms: readonly AffinityTerm[],
  node: NodeInfo,
  change = 0,
): void {
  if (change === 0) return;
  for (const { topologyKey } of terms) {
    counts.add(topologyKey, topologyValue(node, topologyKey), change);
  }
}
