/**
 * How many pods there should be: from what they use to a number, and how fast to get there.
 *
 * What pods use is `measurements.ts`, rules and memory are `behavior.ts`. Who measures, asks all this
 * and scales: `autoscaler-controller.ts`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';
import type { Behavior, Recommendation, ScaleEvent, ScalingVerdict } from './behavior.ts';
import type { PodMetricsInfo } from './measurements.ts';

/** The pods of a target, by what can be said of their use. */
export interface PodGroups {
  /** How many there are in none of the other groups. */
  readonly readyPodCount: number;
  /** Names of pods that do not work yet: what they use says nothing. */
  readonly unready: ReadonlySet<string>;
  /** Names of pods that were not measured. */
  readonly missing: ReadonlySet<string>;
  /** Names of pods that will not work any more. */
  readonly ignored: ReadonlySet<string>;
}

/**
 * Sorts the pods of a target.
 *
 * @remarks The first rule that fits decides:
 *
 * 1. It is being deleted, or its phase is `Failed`: ignored.
 * 2. Its phase is `Pending`: unready.
 * 3. It has no entry in `metrics`: missing.
 * 4. For `cpu` alone, since starting takes more of it than working does. It is unready when
 *    - it has no condition `Ready` or no `startTime`;
 *    - it was started less than `CPU_INITIALIZATION_PERIOD_MS` ago, and its `Ready` is `False`, or what
 *      was measured ends before one whole window has passed since `Ready` last changed
 *      (`timestampMs` < `lastTransitionTime` + `windowMs`);
 *    - it was started that long ago or longer, its `Ready` is `False`, and became so less than
 *      `INITIAL_READINESS_DELAY_MS` after its start: it has never been ready.
 * 5. Otherwise it counts as ready, whatever its `Ready` says.
 *
 * @param resource - what was measured: `cpu`, `memory`
 * @param now - in milliseconds since 1970
 * @see pkg/controller/podautoscaler/replica_calculator.go (1.33), groupPods
 * @exercise controller-manager/autoscaler
 */
export function groupPods(
  pods: readonly Pod[],
  metrics: PodMetricsInfo,
  resource: string,
  now: number,
): PodGroups {
  throw new NotImplemented('controller-manager/autoscaler', 'groupPods');
}

/** The pods of a target, and what was measured of them. */
export interface Situation {
  readonly pods: readonly Pod[];
  readonly metrics: PodMetricsInfo;
  /** `cpu`, `memory` */
  readonly resource: string;
  /** Only this container was measured; absent: all of a pod's. */
  readonly container?: string;
  /** How many pods the target is to have now. */
  readonly currentReplicas: number;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** What each pod should use. */
export type Target =
  /** In percent of what it asked for. */
  | { readonly averageUtilization: number }
  /** In thousandths. */
  | { readonly averageValue: bigint };

/** How many pods there should be, and why. */
export interface Proposal {
  readonly replicas: number;
  /** What a pod uses, in thousandths. */
  readonly averageValue: bigint;
  /** The same in percent of what was asked for; only when that is the target. */
  readonly averageUtilization?: number;
}

/**
 * How many pods it takes for each to use what it should.
 *
 * @remarks
 * **The ratio.** Measurements of pods that are unready or ignored (`groupPods`) are left out. Of the
 * others, with whole numbers that are cut off, not rounded:
 *
 * - For `averageValue`: the average is the sum divided by how many they are, and the ratio is the average
 *   divided by the target.
 * - For `averageUtilization`: only measurements of pods that `requestsOf` knows count. The utilization is
 *   the sum × 100 divided by the sum of those pods' requests; the ratio is the utilization divided by the
 *   target; the average is the sum divided by how many they are.
 *
 * `averageValue` and `averageUtilization` of the proposal are these, whatever follows.
 *
 * **The number.** Above 1, pods are too few; below, too many. A ratio that differs
 * from 1 by at most `TOLERANCE` changes nothing: the number is `currentReplicas`.
 *
 * 1. No pod is missing, and not both is the ratio above 1 and a pod unready: the ratio times
 *    `readyPodCount`, rounded up.
 * 2. Otherwise the ratio is made a second time with assumptions that make the change smaller. When the
 *    first ratio is below 1, missing pods use the target, or of a utilization below 100 all they asked
 *    for (request × utilization / 100). When it is above 1, missing and unready pods use nothing. The
 *    number is the second ratio times how many measurements there are now, with the assumed ones,
 *    rounded up. But it is `currentReplicas` when the second ratio is within the tolerance, or on the
 *    other side of 1 than the first, or when the number would go the other way than the second ratio says
 *    (below 1 and yet more than `currentReplicas`, above 1 and yet fewer).
 *
 * ```text
 * target 50 %, each asks for 100m, 4 pods now
 * 80m 80m 80m 80m          utilization 80, ratio 1.6             4 × 1.6 = 6.4  → 7
 * 54m 54m 54m 54m          ratio 1.08: within the tolerance                     → 4
 * 80m 80m 80m missing      1.6, then 240/400 = 60 %: ratio 1.2   4 × 1.2 = 4.8  → 5
 * 10m 10m 10m missing      0.2, then 130/400 = 32 %: ratio 0.64  4 × 0.64 = 2.6 → 3
 * 10m 10m 10m unready      0.2; an unready pod matters not       3 × 0.2 = 0.6  → 1
 * ```
 *
 * @throws Error `no pods returned by selector while calculating replica count` without pods; then
 * `did not receive metrics for targeted pods (pods might be unready)` when no measurement is left; then
 * for a utilization what `requestsOf` throws, and `no metrics returned matched known pods` when the
 * requests add up to 0
 * @see pkg/controller/podautoscaler/replica_calculator.go (1.33), GetResourceReplicas,
 * calcPlainMetricReplicas
 * @exercise controller-manager/autoscaler
 */
export function proposeReplicas(situation: Situation, target: Target): Proposal {
  throw new NotImplemented('controller-manager/autoscaler', 'proposeReplicas');
}

/** What came of one of an HPA's metrics. */
export type MetricOutcome =
  /** `metric` is what it is called in events. */
  | { readonly metric: string; readonly replicas: number }
  /** It could not be had. */
  | { readonly failure: Error };

/**
 * The number of pods of all metrics together: as many as the one needs that needs most.
 *
 * @remarks In order, a number takes the place of the one before when it is higher, or when that one is
 * 0. With a failed metric nobody knows whether it would have needed more: then pods may be added, not
 * taken away.
 *
 * @returns `undefined` when all have failed, or one has and the number is less than `currentReplicas`
 * @see pkg/controller/podautoscaler/horizontal.go (1.33), computeReplicasForMetrics
 * @exercise controller-manager/autoscaler
 */
export function highestProposal(
  outcomes: readonly MetricOutcome[],
  currentReplicas: number,
): { readonly metric: string; readonly replicas: number } | undefined {
  throw new NotImplemented('controller-manager/autoscaler', 'highestProposal');
}

/** What an autoscaler wants, and what it may. */
export interface Wish {
  /** How many pods the target is to have now. */
  readonly currentReplicas: number;
  /** How many it should have. */
  readonly desiredReplicas: number;
  /** `undefined` when the HPA has none. */
  readonly behavior: Behavior | undefined;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/**
 * Looks back, so that the number of pods does not flap.
 *
 * @remarks
 * Without `behavior`: the highest of `desiredReplicas` and the recommendations of the last
 * `DOWNSCALE_STABILIZATION_SECONDS` (also one that is exactly so old).
 *
 * With it, each direction has its window, and a recommendation is inside when it is younger than that.
 * The least of `desiredReplicas` and those inside `scaleUp`'s window is what all agree on going up to;
 * the highest of it and those inside `scaleDown`'s is what all agree on going down to.
 * `currentReplicas` moves up to the first if it is below, then down to the second if it is above.
 *
 * ```text
 * current 5, no behavior       wanted lately 7, 3    desired 4 → 7
 * scaleUp 60 s, scaleDown 60 s wanted lately 7, 3    desired 9 → 5   all wanted at least 3, one at most 9
 *                                                    desired 4 → 5
 *                              wanted lately 8, 6    desired 9 → 6
 * ```
 *
 * The reason (of condition AbleToScale; `verdict` knows the message): when the number is
 * `desiredReplicas`, `ReadyForNewScale`. Otherwise, with a behavior and `desiredReplicas` at least
 * `currentReplicas`, `ScaleUpStabilized`; else `ScaleDownStabilized`.
 *
 * @param recommendations - earlier `desiredReplicas`, without the one of now, in any order
 * @see pkg/controller/podautoscaler/horizontal.go (1.33), stabilizeRecommendation,
 * stabilizeRecommendationWithBehaviors
 * @exercise controller-manager/autoscaler
 */
export function stabilize(wish: Wish, recommendations: readonly Recommendation[]): ScalingVerdict {
  throw new NotImplemented('controller-manager/autoscaler', 'stabilize');
}

/** Between what the number of pods must stay, and how it changed lately. */
export interface Limits {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly scaleUps: readonly ScaleEvent[];
  readonly scaleDowns: readonly ScaleEvent[];
}

/**
 * Keeps the number of pods in its range, and keeps it from changing too fast.
 *
 * @remarks
 * Without `behavior`: at least `minReplicas`, which comes first; at most `maxReplicas`, and at most twice
 * `currentReplicas` or 4, whichever of the two is more.
 *
 * With it, going up (`desiredReplicas` above `currentReplicas`): at most `maxReplicas` and the limit of
 * `scaleUp`. Going down: at least `minReplicas` and the limit of `scaleDown`. Staying: no limit.
 *
 * **The limit of rules.** Under `Disabled` it is `currentReplicas`. Otherwise each policy says how far it
 * may go from where its period began: `start` is `currentReplicas`, less what was added and plus what was
 * taken away in the last `periodSeconds` (events younger than that).
 *
 * | policy  | up                                      | down                                  |
 * |---------|-----------------------------------------|---------------------------------------|
 * | Pods    | start + value                           | start − value                         |
 * | Percent | start × (1 + value / 100), rounded up   | start × (1 − value / 100), cut off    |
 *
 * `Max` takes the policy that changes most, `Min` the one that changes least. A limit on the wrong side of
 * `currentReplicas` is `currentReplicas`: nothing is taken back.
 *
 * The reason (of condition ScalingLimited; `verdict` knows the message): `DesiredWithinRange` when
 * nothing had to be changed. Else what stopped it: `TooManyReplicas` the maximum, `TooFewReplicas` the
 * minimum, `ScaleUpLimit` or `ScaleDownLimit` the rate, which is named only when it is stricter than the
 * range.
 *
 * ```text
 * current 10, scaleUp 4 pods or 100 % in 15 s, Max; 6 were added 10 s ago: start 4
 *   Pods 4 + 4 = 8, Percent 4 × 2 = 8: the limit 8 is below 10, so 10
 * ```
 *
 * @param wish - its `desiredReplicas` is what `stabilize` left
 * @see pkg/controller/podautoscaler/horizontal.go (1.33), convertDesiredReplicasWithRules,
 * convertDesiredReplicasWithBehaviorRate
 * @exercise controller-manager/autoscaler
 */
export function limitReplicas(wish: Wish, limits: Limits): ScalingVerdict {
  throw new NotImplemented('controller-manager/autoscaler', 'limitReplicas');
}
