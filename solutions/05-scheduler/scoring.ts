/**
 * How good is this node for this pod? Scores from 0 to 100, and how they are made comparable.
 *
 * The plugins of the same names ask these functions (`plugins/`). Which nodes can do at all is
 * `fit-filters.ts`; adding scores up with their weights is `framework/framework.ts`. Whenever a score is
 * asked for, `node.node` is there.
 */

import { findUntoleratedTaint, matchesNodeSelectorTerm, type Toleration } from '#apimachinery';
import type { NodeInfo } from './framework/node-info.ts';
import { MAX_NODE_SCORE, type NodeScore } from './framework/plugin.ts';
import type { PodInfo } from './framework/pod-info.ts';

/** How full a node would be with the pod, of one resource. Thousandths of cores, or bytes, or counts. */
export interface ResourceUse {
  /** What all its pods would ask for, this one among them. */
  readonly requested: number;
  /** What there is. */
  readonly allocatable: number;
  /** How much this resource counts, 1 or more. */
  readonly weight: number;
}

/**
 * LeastAllocated: the emptier the node would be, the better. It spreads pods.
 *
 * @remarks For each resource `(allocatable - requested) × 100 / allocatable`, rounded down, and 0
 * where more is requested than there is. The score is the mean of these by their weights, rounded
 * down. A resource of which the node has none (`allocatable` 0) does not count; 0 when none counts.
 *
 * ```text
 * cpu 1000 of 4000 → 75, memory 1Gi of 2Gi → 50     weights 1 and 1 → 62     3 and 1 → 68
 * ```
 *
 * @see pkg/scheduler/framework/plugins/noderesources/least_allocated.go (1.33)
 * @exercise scheduler/scoring
 */
export function leastAllocatedScore(uses: readonly ResourceUse[]): number {
  return weightedMean(uses, ({ requested, allocatable }) =>
    requested > allocatable
      ? 0
      : Math.floor(((allocatable - requested) * MAX_NODE_SCORE) / allocatable),
  );
}

/**
 * MostAllocated: the fuller the node would be, the better. It packs pods together.
 *
 * @remarks As `leastAllocatedScore`, with `requested × 100 / allocatable`; a node with more requested
 * than there is counts as full, 100.
 * @see pkg/scheduler/framework/plugins/noderesources/most_allocated.go (1.33)
 * @exercise scheduler/scoring
 */
export function mostAllocatedScore(uses: readonly ResourceUse[]): number {
  return weightedMean(uses, ({ requested, allocatable }) =>
    Math.floor((Math.min(requested, allocatable) * MAX_NODE_SCORE) / allocatable),
  );
}

function weightedMean(uses: readonly ResourceUse[], scoreOf: (use: ResourceUse) => number): number {
  let sum = 0;
  let weights = 0;
  for (const use of uses) {
    if (use.allocatable === 0) continue;
    sum += scoreOf(use) * use.weight;
    weights += use.weight;
  }
  return weights === 0 ? 0 : Math.floor(sum / weights);
}

/**
 * BalancedAllocation: the more alike the shares of resources in use, the better: a node whose CPU is
 * all taken has memory that nobody can use.
 *
 * @remarks The share of a resource is `requested / allocatable`, at most 1. The score is
 * `(1 - deviation) × 100`, rounded down, where the deviation is the standard deviation of the shares
 * (of the whole population: the square root of the mean of squares). With two resources that is half
 * their difference. A resource of which the node has none does not count; weights do not count. With
 * one resource or none the score is 100.
 *
 * ```text
 * cpu 0.25, memory 0.75 → deviation 0.25 → 75        cpu 0.5, memory 0.5 → 100
 * ```
 *
 * @see pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go (1.33)
 * @exercise scheduler/scoring
 */
export function balancedAllocationScore(uses: readonly ResourceUse[]): number {
  const shares: number[] = [];
  for (const { requested, allocatable } of uses) {
    if (allocatable > 0) shares.push(Math.min(1, requested / allocatable));
  }
  return Math.floor((1 - deviation(shares)) * MAX_NODE_SCORE);
}

/** With two it is half the difference: written like this no rounding error gets in. */
function deviation(shares: readonly number[]): number {
  const [first = 0, second = 0] = shares;
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(first - second) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  return Math.sqrt(squares / shares.length);
}

/** Images together smaller than this are not worth a node. Bytes. */
export const MIN_IMAGE_THRESHOLD = 23 * 1024 * 1024;
/** More than this for each container gains nothing. Bytes. */
export const MAX_IMAGE_THRESHOLD_PER_CONTAINER = 1000 * 1024 * 1024;

/**
 * ImageLocality: a node that has the pod's images already starts it sooner.
 *
 * @remarks
 *
 * 1. Every container and init container whose image the node has counts with
 *    `size × (nodes that have it / all nodes)`, divided first, then multiplied, then rounded down: an
 *    image that only one node has must not draw all pods there. (What the division loses in the last
 *    bit is left open.)
 * 2. An image without a tag or digest is looked for as `<image>:latest`. A `:` before the last `/`
 *    belongs to a port, not to a tag.
 * 3. The sum is brought into the range from `MIN_IMAGE_THRESHOLD` to
 *    `MAX_IMAGE_THRESHOLD_PER_CONTAINER` × (number of containers and init containers), and where it
 *    lies there, from 0 to 100, rounded down, is the score.
 *
 * @param pod - with at least one container
 * @param totalNodes - how many nodes the cluster has
 * @see pkg/scheduler/framework/plugins/imagelocality/image_locality.go (1.33)
 * @exercise scheduler/scoring
 */
export function imageLocalityScore(pod: PodInfo, node: NodeInfo, totalNodes: number): number {
  if (node.images.size === 0) return 0;
  const { containers = [], initContainers = [] } = pod.pod.spec ?? {};
  const all = [...initContainers, ...containers];
  let sum = 0;
  for (const { image = '' } of all) {
    const state = node.images.get(withTag(image));
    if (state) sum += Math.floor(state.size * (state.nodes / totalNodes));
  }
  const most = MAX_IMAGE_THRESHOLD_PER_CONTAINER * all.length;
  const within = Math.min(Math.max(sum, MIN_IMAGE_THRESHOLD), most);
  const worth = MAX_NODE_SCORE * (within - MIN_IMAGE_THRESHOLD);
  return Math.floor(worth / (most - MIN_IMAGE_THRESHOLD));
}

function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

/**
 * NodeAffinity: how much of its preferred node affinity does the node give the pod?
 *
 * @returns the sum of the weights of all terms in
 * `spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution` that the node fulfils.
 * Not yet between 0 and 100: see `defaultNormalizeScore`
 * @throws SelectorError when a term is not well formed
 * @see pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go (1.33), Score
 * @exercise scheduler/scoring
 */
export function preferredNodeAffinityScore(pod: PodInfo, node: NodeInfo): number {
  const affinity = pod.pod.spec?.affinity?.nodeAffinity;
  let sum = 0;
  for (const term of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    const { preference, weight } = term;
    if (node.node && matchesNodeSelectorTerm(preference, node.node)) sum += weight;
  }
  return sum;
}

/**
 * TaintToleration: how many taints ask the pod to stay away if it can?
 *
 * @remarks Only taints with the effect `PreferNoSchedule` count, and only tolerations with that effect
 * or none.
 * @returns how many the pod does not tolerate: the more, the worse
 * @see pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go (1.33), Score
 * @exercise scheduler/scoring
 */
export function intolerableTaints(pod: PodInfo, node: NodeInfo): number {
  const { taints: all } = node.node?.spec ?? {};
  if (!all || all.length === 0) return 0;
  const taints = all.filter(({ effect }) => effect === 'PreferNoSchedule');
  const tolerations = pod.pod.spec?.tolerations?.filter(isAboutPreferring);
  return taints.filter((taint) => findUntoleratedTaint([taint], tolerations)).length;
}

function isAboutPreferring({ effect }: Toleration): boolean {
  return !effect || effect === 'PreferNoSchedule';
}

/**
 * Brings scores of any size, none below 0, into 0 to 100: the highest becomes 100, the others keep
 * their proportion to it, rounded down.
 *
 * @remarks When all are 0 they stay 0. Reversed, each becomes 100 minus that: the more, the worse; and
 * when all are 0, all become 100.
 *
 * ```text
 * 2 8 4 → 25 100 50       reversed: 75 0 50
 * ```
 *
 * @returns new scores for the same nodes, in the same order
 * @see pkg/scheduler/framework/plugins/helper/normalize_score.go (1.33)
 * @exercise scheduler/scoring
 */
export function defaultNormalizeScore(
  scores: readonly NodeScore[],
  isReversed = false,
): NodeScore[] {
  const highest = scores.reduce((most, { score }) => Math.max(most, score), 0);
  return scores.map(({ name, score }) => {
    const share = highest === 0 ? 0 : Math.floor((MAX_NODE_SCORE * score) / highest);
    return { name, score: isReversed ? MAX_NODE_SCORE - share : share };
  });
}
