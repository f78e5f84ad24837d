/**
 * Pod affinity, what is wished for: what a node is worth by the pods around it.
 *
 * What is required is `pod-affinity.ts`; both are one exercise.
 */

import { NotImplemented } from '#not-implemented';
import type { NodeInfo } from '../framework/node-info.ts';
import type { NodeScore } from '../framework/plugin.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { CountMatches, NamespaceLabels } from './pod-affinity.ts';
import { TopologyCounts } from './topology-counts.ts';

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
  throw new NotImplemented('scheduler/pod-affinity', 'scorePlaces');
}

/**
 * What a node is worth: the sum of all places it is in.
 *
 * @param places - from `scorePlaces`
 * @returns may be negative
 * @exercise scheduler/pod-affinity
 */
export function affinityScore(places: TopologyCounts, node: NodeInfo): number {
  throw new NotImplemented('scheduler/pod-affinity', 'affinityScore');
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
  throw new NotImplemented('scheduler/pod-affinity', 'normalizeAffinityScores');
}
