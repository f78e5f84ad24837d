/**
 * Pod affinity, what is wished for: what a node is worth by the pods around it.
 *
 * What is required is `pod-affinity.ts`; both are one exercise.
 */

import type { NodeInfo } from '../framework/node-info.ts';
import { MAX_NODE_SCORE, type NodeScore } from '../framework/plugin.ts';
import type { AffinityTerm, PodInfo } from '../framework/pod-info.ts';
import { type CountMatches, matchesAllTerms, type NamespaceLabels } from './pod-affinity.ts';
import { TopologyCounts } from './topology-counts.ts';
import { topologyValue } from './topology-value.ts';

/** What scores are made of. */
export interface AffinityScoreInput {
  readonly pod: PodInfo;
  /** All nodes. */
  readonly nodes: readonly NodeInfo[];
  /** The nodes among them that have pods with affinity of any kind. */
  readonly withAffinity: readonly NodeInfo[];
  /** What it counts when a pod that is there requires to be near this one; 0 to 100. */
  readonly hardPodAffinityWeight: number;
  readonly namespaceLabels: NamespaceLabels;
  /** Ask only for terms there are: it looks at every pod. */
  readonly countMatches: CountMatches;
}

/**
 * How welcome a pod is in each place.
 *
 * @remarks Summed up by the topology key of the term and its value on the node of the pod that is there:
 *
 * | whose term | which | speaks of | adds |
 * |---|---|---|---|
 * | the pod's | preferred affinity | each pod that is there | its weight |
 * | the pod's | preferred anti-affinity | each pod that is there | minus its weight |
 * | each pod's that is there | required affinity | the pod | `hardPodAffinityWeight` |
 * | each pod's that is there | preferred affinity | the pod | its weight |
 * | each pod's that is there | preferred anti-affinity | the pod | minus its weight |
 *
 * Nothing is added for a pod on a node without the label.
 *
 * @see pkg/scheduler/framework/plugins/interpodaffinity/scoring.go (1.33), PreScore
 * @exercise scheduler/pod-affinity
 */
export function scorePlaces(input: AffinityScoreInput): TopologyCounts {
  const { pod, nodes, withAffinity, hardPodAffinityWeight, namespaceLabels } = input;
  const sums = new TopologyCounts();
  const addOwn = ({ topologyKey }: AffinityTerm, found: readonly number[], weight: number) => {
    nodes.forEach((node, i) => {
      const count = found[i] ?? 0;
      if (count > 0) sums.add(topologyKey, topologyValue(node, topologyKey), count * weight);
    });
  };
  for (const { term, weight } of pod.preferredAffinityTerms) {
    addOwn(term, input.countMatches(nodes, [term]), weight);
  }
  for (const { term, weight } of pod.preferredAntiAffinityTerms) {
    addOwn(term, input.countMatches(nodes, [term]), -weight);
  }
  for (const node of withAffinity) {
    const addTheirs = (term: AffinityTerm, weight: number): void => {
      if (weight === 0 || !matchesAllTerms([term], pod.pod, namespaceLabels)) return;
      sums.add(term.topologyKey, topologyValue(node, term.topologyKey), weight);
    };
    for (const other of node.podsWithAffinity) {
      for (const term of other.requiredAffinityTerms) addTheirs(term, hardPodAffinityWeight);
      for (const { term, weight } of other.preferredAffinityTerms) addTheirs(term, weight);
      for (const { term, weight } of other.preferredAntiAffinityTerms) addTheirs(term, -weight);
    }
  }
  return sums;
}

/**
 * What a node is worth: the sum of all places it is in.
 *
 * @param places - from `scorePlaces`
 * @returns may be negative
 * @exercise scheduler/pod-affinity
 */
export function affinityScore(places: TopologyCounts, node: NodeInfo): number {
  let sum = 0;
  for (const key of places.keys) sum += places.get(key, topologyValue(node, key));
  return sum;
}

/**
 * Brings scores into 0 to 100: the lowest becomes 0, the highest 100, the others lie between them in
 * proportion: `100 × ((score - lowest) / (highest - lowest))`, rounded down. When all are equal, all
 * become 0.
 *
 * ```text
 * -5 0 5 → 0 50 100        3 3 → 0 0        4 10 6 → 0 100 33
 * ```
 *
 * @returns new scores for the same nodes, in the same order
 * @see pkg/scheduler/framework/plugins/interpodaffinity/scoring.go (1.33), NormalizeScore
 * @exercise scheduler/pod-affinity
 */
export function normalizeAffinityScores(scores: readonly NodeScore[]): NodeScore[] {
  const lowest = scores.reduce((least, { score }) => Math.min(least, score), Infinity);
  const highest = scores.reduce((most, { score }) => Math.max(most, score), -Infinity);
  const range = highest - lowest;
  return scores.map(({ name, score }) => ({
    name,
    score: range > 0 ? Math.floor(MAX_NODE_SCORE * ((score - lowest) / range)) : 0,
  }));
}
