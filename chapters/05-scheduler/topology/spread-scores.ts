/**
 * Spreading, the soft half: what a node is worth when pods should be spread, but need not.
 *
 * Who counts, and the hard constraints, are in `topology-spread.ts`; both are one exercise.
 */

import { NotImplemented } from '#not-implemented';
import type { NodeInfo } from '../framework/node-info.ts';
import type { NodeScore } from '../framework/plugin.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { SpreadConstraint } from './spread-constraints.ts';
import type { CountPods } from './topology-spread.ts';

/** The label whose domains are single nodes. */
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** What scores are made of. */
export interface SpreadScoreInput {
  readonly pod: PodInfo;
  /** The soft ones. */
  readonly constraints: readonly SpreadConstraint[];
  /** The nodes that can do; only these are scored. */
  readonly candidates: readonly NodeInfo[];
  /** All nodes; their pods count, too. */
  readonly nodes: readonly NodeInfo[];
  /** Whether nodes without the labels of all constraints are left out. */
  readonly needsAllLabels: boolean;
  readonly countPods: CountPods;
}

/**
 * The soft constraints of a pod, and what each node is worth by them. Made once for a pod.
 *
 * @remarks
 *
 * ```text
 * zones a: 3 pods, b: 1 pod     maxSkew 1     weight ln(2 zones + 2) = 1.386
 * raw: a 3 × 1.386 = 4.16 → 4, b 1.39 → 1     normalised: a 100 × (4 + 1 - 4) / 4 = 25, b 100
 * ```
 *
 * @see pkg/scheduler/framework/plugins/podtopologyspread/scoring.go (1.33)
 */
export class SpreadScores {
  // Your state goes here: fields of your own choosing.

  /**
   * Counts.
   *
   * @remarks
   *
   * 1. Candidates without the labels of all constraints are ignored, when `needsAllLabels`.
   * 2. A constraint's weight is `ln(domains + 2)`: with many domains each has few pods, which must not
   *    make them unimportant. `domains` is the number of different values the constraint's label has on
   *    candidates that are not ignored (no label at all is one value, too); for `HOSTNAME_LABEL` it is
   *    the number of these candidates.
   * 3. The pods of a domain are those that `countPods`, asked with the pod's namespace, finds on all
   *    nodes of the domain, candidates or not, that `isNodeIncluded` lets in and, when
   *    `needsAllLabels`, have all labels. For `HOSTNAME_LABEL` they are those on the node itself, whatever
   *    `isNodeIncluded` says.
   *
   * Most nodes of a large cluster have no pod that counts.
   *
   * @exercise scheduler/topology-spread
   */
  constructor(input: SpreadScoreInput) {
    throw new NotImplemented('scheduler/topology-spread', 'SpreadScores.constructor');
  }

  /**
   * @remarks The sum over all constraints whose label the node has: `pods of its domain × weight +
   * (maxSkew - 1)`, rounded to the nearest whole. An ignored node has 0.
   * @param node - a candidate
   * @returns the more, the worse
   * @exercise scheduler/topology-spread
   */
  score(node: NodeInfo): number {
    throw new NotImplemented('scheduler/topology-spread', 'SpreadScores.score');
  }

  /**
   * Turns raw scores into 0 to 100, the emptiest best.
   *
   * @remarks `100 × (highest + lowest - score) / highest`, rounded down, where ignored nodes count
   * neither for the highest nor for the lowest, and get 0. When the highest is 0, all but ignored nodes
   * get 100.
   *
   * @param scores - one for each candidate, in their order
   * @returns new scores, in the same order
   * @exercise scheduler/topology-spread
   */
  normalize(scores: readonly NodeScore[]): NodeScore[] {
    throw new NotImplemented('scheduler/topology-spread', 'SpreadScores.normalize');
  }
}
