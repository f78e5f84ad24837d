/**
 * Spreading, the soft half: what a node is worth when pods should be spread, but need not.
 *
 * Who counts, and the hard constraints, are in `topology-spread.ts`; both are one exercise.
 */

import type { NodeInfo } from '../framework/node-info.ts';
import { MAX_NODE_SCORE, type NodeScore } from '../framework/plugin.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { SpreadConstraint } from './spread-constraints.ts';
import { type CountPods, isNodeIncluded } from './topology-spread.ts';
import { hasTopologyKeys, topologyValue } from './topology-value.ts';

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
  readonly #constraints: readonly SpreadConstraint[];
  /** Candidates that lack a label. */
  readonly #ignored = new Set<string>();
  /** For each constraint: pods by domain; for the hostname by the node's name. */
  readonly #pods: readonly ReadonlyMap<string, number>[];
  readonly #weights: readonly number[];

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
    const { constraints, candidates, needsAllLabels } = input;
    this.#constraints = constraints;
    const scored = candidates.filter(
      (node) => !needsAllLabels || hasTopologyKeys(node, constraints),
    );
    if (scored.length < candidates.length) {
      const names = new Set(scored.map(({ name }) => name));
      for (const { name } of candidates) if (!names.has(name)) this.#ignored.add(name);
    }
    this.#weights = constraints.map(({ topologyKey }) => {
      if (topologyKey === HOSTNAME_LABEL) return Math.log(scored.length + 2);
      return Math.log(new Set(scored.map((node) => topologyValue(node, topologyKey))).size + 2);
    });
    this.#pods = constraints.map((constraint) => podsByDomain(constraint, input));
  }

  /**
   * @remarks The sum over all constraints whose label the node has: `pods of its domain × weight +
   * (maxSkew - 1)`, rounded to the nearest whole. An ignored node has 0.
   * @param node - a candidate
   * @returns the more, the worse
   * @exercise scheduler/topology-spread
   */
  score(node: NodeInfo): number {
    if (this.#ignored.has(node.name)) return 0;
    let sum = 0;
    this.#constraints.forEach(({ topologyKey, maxSkew }, i) => {
      const value = topologyValue(node, topologyKey);
      if (value === undefined) return;
      const domain = topologyKey === HOSTNAME_LABEL ? node.name : value;
      sum += (this.#pods[i]?.get(domain) ?? 0) * (this.#weights[i] ?? 0) + (maxSkew - 1);
    });
    return Math.round(sum);
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
    const counted = scores.filter(({ name }) => !this.#ignored.has(name));
    const highest = counted.reduce((most, { score }) => Math.max(most, score), 0);
    const lowest = counted.reduce((least, { score }) => Math.min(least, score), highest);
    return scores.map(({ name, score }) => {
      if (this.#ignored.has(name)) return { name, score: 0 };
      if (highest === 0) return { name, score: MAX_NODE_SCORE };
      return { name, score: Math.floor((MAX_NODE_SCORE * (highest + lowest - score)) / highest) };
    });
  }
}

function podsByDomain(
  constraint: SpreadConstraint,
  { pod, constraints, nodes, needsAllLabels, countPods }: SpreadScoreInput,
): Map<string, number> {
  const { topologyKey, selector } = constraint;
  const counts = countPods(nodes, pod.pod.metadata?.namespace ?? '', selector);
  const pods = new Map<string, number>();
  const add = (node: NodeInfo, count: number): void => {
    if (needsAllLabels && !hasTopologyKeys(node, constraints)) return;
    if (!isNodeIncluded(constraint, pod.pod, node)) return;
    const domain = topologyValue(node, topologyKey);
    if (domain !== undefined) pods.set(domain, (pods.get(domain) ?? 0) + count);
  };
  nodes.forEach((node, i) => {
    const count = counts[i] ?? 0;
    // On almost all nodes: nothing to add, so nothing to look at.
    if (count === 0) return;
    if (topologyKey === HOSTNAME_LABEL) pods.set(node.name, count);
    else add(node, count);
  });
  return pods;
}
