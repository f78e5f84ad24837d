/**
 * Profiles: which plugins a scheduler's pods are given to, in which order, with which weights.
 *
 * One scheduler can have several; a pod names its own with `spec.schedulerName`. How a configuration
 * file is read and checked is `configuration.ts`, how plugins are made of it `new-framework.ts`.
 */

import type { ResourceUse } from '../scoring.ts';

/** A plugin by name. */
export interface PluginRef {
  readonly name: string;
  /** For scores; absent or 0: 1. */
  readonly weight?: number;
}

/** What a profile says about one extension point, or about all of them (`multiPoint`). */
export interface PluginRefs {
  readonly enabled?: readonly PluginRef[];
  /** `*` stands for all defaults. */
  readonly disabled?: readonly PluginRef[];
}

/** From here on a cluster is large enough to be content with some of its nodes. */
export const MIN_FEASIBLE_NODES_TO_FIND = 100;
/** The smallest share the scheduler chooses by itself, in per cent. */
export const MIN_FEASIBLE_NODES_PERCENTAGE = 5;

/**
 * How many nodes that can do are enough.
 *
 * @remarks
 *
 * 1. Fewer nodes than `MIN_FEASIBLE_NODES_TO_FIND`: all of them.
 * 2. `percentage` 0 means: choose. That is `50 - total / 125`, rounded down after the division, and at
 *    least `MIN_FEASIBLE_NODES_PERCENTAGE`.
 * 3. That share of all nodes, rounded down, but at least `MIN_FEASIBLE_NODES_TO_FIND`.
 *
 * ```text
 * total 1000, 0 → 42% → 420      total 5000, 0 → 10% → 500      total 6000, 0 → 5% → 300
 * ```
 *
 * @param percentage - `percentageOfNodesToScore`, 0 to 100
 * @see pkg/scheduler/schedule_one.go (1.33), numFeasibleNodesToFind
 * @exercise scheduler/profiles
 */
export function numFeasibleNodesToFind(percentage: number, total: number): number {
  if (total < MIN_FEASIBLE_NODES_TO_FIND) return total;
  const chosen = Math.max(MIN_FEASIBLE_NODES_PERCENTAGE, 50 - Math.floor(total / 125));
  const share = Math.floor((total * (percentage || chosen)) / 100);
  return Math.max(share, MIN_FEASIBLE_NODES_TO_FIND);
}

/**
 * Lays what a profile says about a point over the defaults of that point.
 *
 * @remarks
 *
 * 1. Disabled are the defaults' and the profile's together, in this order: what is disabled is also
 *    kept out when `multiPoint` is spread over the points.
 * 2. The defaults that are not disabled stay, in their order; none when `*` is disabled. One that the
 *    profile enables, too, is replaced by the profile's, in its place.
 * 3. What the profile enables besides comes after, in its order, also when it was disabled as a default.
 *
 * ```text
 * defaults  enabled A B C          profile  enabled B(weight 5) A D, disabled A
 * result    enabled B(weight 5) C A D, disabled A
 * ```
 *
 * @see pkg/scheduler/apis/config/v1/default_plugins.go (1.33), mergePluginSet
 * @exercise scheduler/profiles
 */
export function mergePluginRefs(defaults: PluginRefs, profile: PluginRefs): Required<PluginRefs> {
  const disabled = [...(defaults.disabled ?? []), ...(profile.disabled ?? [])];
  const isOff = (name: string): boolean =>
    disabled.some((one) => one.name === name || one.name === '*');
  const mine = profile.enabled ?? [];
  const kept = (defaults.enabled ?? []).filter(({ name }) => !isOff(name));
  const replaced = new Set(kept.map(({ name }) => name));
  const enabled = kept.map((one) => mine.find(({ name }) => name === one.name) ?? one);
  return { enabled: [...enabled, ...mine.filter(({ name }) => !replaced.has(name))], disabled };
}

/**
 * Spreads `multiPoint` over one extension point.
 *
 * @remarks
 *
 * 1. When the point disables `*`, only what it enables itself remains, in its order.
 * 2. The usual plugins are those of `multiPoint` that have something to do at this point and are not
 *    disabled there.
 * 3. First come the usual ones that the point enables itself, in the point's order and with its weights:
 *    naming a plugin at a point is how it is moved to the front, or given another weight.
 * 4. Then come the other usual ones, in the order of `multiPoint`, with its weights.
 * 5. Last come the others the point enables itself, in its order. One that it disables and enables is
 *    among them: that is how a plugin is moved to the end.
 *
 * ```text
 * multiPoint A B C D     point  enabled X C B, disabled B D
 * result     C A X B
 * ```
 *
 * @param point - what was said about the point, laid over the defaults
 * @param multiPoint - what was said about all points, laid over the defaults; only its `enabled` counts
 * @param hasPoint - has a plugin anything to do at this point?
 * @returns each plugin at most once
 * @see pkg/scheduler/framework/runtime/framework.go (1.33), expandMultiPointPlugins
 * @exercise scheduler/profiles
 */
export function expandMultiPoint(
  point: PluginRefs,
  multiPoint: PluginRefs,
  hasPoint: (plugin: string) => boolean,
): PluginRef[] {
  const own = point.enabled ?? [];
  const off = new Set((point.disabled ?? []).map(({ name }) => name));
  if (off.has('*')) return [...own];
  const usual = (multiPoint.enabled ?? []).filter(({ name }) => !off.has(name) && hasPoint(name));
  const usualNames = new Set(usual.map(({ name }) => name));
  const named = new Set(own.map(({ name }) => name));
  const isUsual = ({ name }: PluginRef): boolean => usualNames.has(name);
  const others = usual.filter(({ name }) => !named.has(name));
  return [...own.filter(isUsual), ...others, ...own.filter((one) => !isUsual(one))];
}

/** A point of a function made of straight lines. */
export interface UtilizationShapePoint {
  /** How full, in per cent: 0 to 100. */
  readonly utilization: number;
  /** What that is worth, 0 to 10. */
  readonly score: number;
}

/**
 * RequestedToCapacityRatio: how good it is that a node is this full, as an administrator drew it.
 *
 * @remarks
 *
 * 1. A resource of which the node has none (`allocatable` 0) does not count. The utilization of any
 *    other is `requested × 100 / allocatable`, rounded down, and 100 when more is requested than there is.
 * 2. Its score is on the line between the two neighbouring points of the shape, rounded towards zero;
 *    left of the first point and right of the last one it is that point's. A point's 10 is worth 100.
 * 3. The result is the mean of the scores above 0 by their weights, rounded to the nearest whole (halves
 *    up); 0 when none is above 0.
 *
 * ```text
 * shape (0 → 0) (50 → 10) (100 → 2)      utilization 25 → 50, 50 → 100, 75 → 60, 100 → 20
 * ```
 *
 * @param shape - at least one point, ordered by utilization, no two at the same
 * @see pkg/scheduler/framework/plugins/noderesources/requested_to_capacity_ratio.go (1.33)
 * @exercise scheduler/profiles
 */
export function requestedToCapacityRatioScore(
  uses: readonly ResourceUse[],
  shape: readonly UtilizationShapePoint[],
): number {
  let sum = 0;
  let weights = 0;
  for (const { requested, allocatable, weight } of uses) {
    if (allocatable === 0) continue;
    const score = valueAt(
      shape,
      Math.floor((Math.min(requested, allocatable) * 100) / allocatable),
    );
    if (score <= 0) continue;
    sum += score * weight;
    weights += weight;
  }
  return weights === 0 ? 0 : Math.floor(sum / weights + 0.5);
}

/** What a shape's score of 10 is worth, by one. */
const WORTH = 10;

function valueAt(shape: readonly UtilizationShapePoint[], at: number): number {
  const next = shape.findIndex(({ utilization }) => at <= utilization);
  const right = shape[next];
  const left = shape[next - 1];
  if (!right) return (shape.at(-1)?.score ?? 0) * WORTH;
  if (!left) return right.score * WORTH;
  const rise = (right.score - left.score) * WORTH * (at - left.utilization);
  return left.score * WORTH + Math.trunc(rise / (right.utilization - left.utilization));
}
