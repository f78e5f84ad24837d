/**
 * How many pods there should be: from what they use to a number, and how fast to get there.
 *
 * What pods use is `measurements.ts`, rules and memory are `behavior.ts`. Who measures, asks all this
 * and scales: `autoscaler-controller.ts`.
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { findCondition } from '#apimachinery';
import {
  type Behavior,
  CPU_INITIALIZATION_PERIOD_MS,
  DOWNSCALE_STABILIZATION_SECONDS,
  INITIAL_READINESS_DELAY_MS,
  type Recommendation,
  type ScaleEvent,
  type ScalingRules,
  type ScalingVerdict,
  TOLERANCE,
  verdict,
} from './behavior.ts';
import { nameOf, type PodMetric, type PodMetricsInfo, requestsOf } from './measurements.ts';

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
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  let readyPodCount = 0;
  for (const pod of pods) {
    const metric = metrics.get(nameOf(pod));
    if (pod.metadata?.deletionTimestamp || pod.status?.phase === 'Failed') ignored.add(nameOf(pod));
    else if (pod.status?.phase === 'Pending') unready.add(nameOf(pod));
    else if (!metric) missing.add(nameOf(pod));
    else if (resource === 'cpu' && isStarting(pod, metric, now)) unready.add(nameOf(pod));
    else readyPodCount++;
  }
  return { readyPodCount, unready, missing, ignored };
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
  const { pods, metrics, resource, container, currentReplicas, now } = situation;
  if (pods.length === 0) {
    throw new Error('no pods returned by selector while calculating replica count');
  }
  const { readyPodCount, unready, missing, ignored } = groupPods(pods, metrics, resource, now);
  const used = new Map([...metrics].map(([name, { value }]) => [name, value]));
  for (const name of [...unready, ...ignored]) used.delete(name);
  if (used.size === 0) {
    throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  }
  const isUtilization = 'averageUtilization' in target;
  const requests = isUtilization ? requestsOf(pods, resource, container) : undefined;
  const { ratio, ...seen } = usageOf(used, target, requests);
  const propose = (replicas: number): Proposal => ({ replicas, ...seen });
  const isUpWithUnready = ratio > 1 && unready.size > 0;
  if (missing.size === 0 && !isUpWithUnready) {
    return propose(isOnTarget(ratio) ? currentReplicas : Math.ceil(ratio * readyPodCount));
  }
  if (ratio < 1) for (const name of missing) used.set(name, assumedUse(name, target, requests));
  if (ratio > 1) for (const name of [...missing, ...unready]) used.set(name, 0n);
  const again = usageOf(used, target, requests).ratio;
  const replicas = Math.ceil(again * used.size);
  const hasTurned = (ratio < 1 && again > 1) || (ratio > 1 && again < 1);
  const goesWrong =
    (again < 1 && replicas > currentReplicas) || (again > 1 && replicas < currentReplicas);
  return propose(isOnTarget(again) || hasTurned || goesWrong ? currentReplicas : replicas);
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
  let highest: { metric: string; replicas: number } | undefined;
  for (const outcome of outcomes) {
    if ('failure' in outcome) continue;
    if (!highest || highest.replicas === 0 || outcome.replicas > highest.replicas) {
      highest = outcome;
    }
  }
  const hasFailed = outcomes.some((outcome) => 'failure' in outcome);
  return hasFailed && (highest?.replicas ?? 0) < currentReplicas ? undefined : highest;
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
  const { currentReplicas, desiredReplicas, behavior, now } = wish;
  let replicas: number;
  if (behavior) {
    const inside = (rules: ScalingRules): number[] =>
      recommendations
        .filter(({ atMs }) => atMs > now - rules.stabilizationWindowSeconds * 1000)
        .map((one) => one.replicas);
    const up = Math.min(desiredReplicas, ...inside(behavior.scaleUp));
    const down = Math.max(desiredReplicas, ...inside(behavior.scaleDown));
    replicas = Math.min(Math.max(currentReplicas, up), down);
  } else {
    const cutoff = now - DOWNSCALE_STABILIZATION_SECONDS * 1000;
    const recent = recommendations.filter(({ atMs }) => atMs >= cutoff);
    replicas = Math.max(desiredReplicas, ...recent.map((one) => one.replicas));
  }
  if (replicas === desiredReplicas) return verdict(replicas, 'ReadyForNewScale');
  const isUp = behavior !== undefined && desiredReplicas >= currentReplicas;
  return verdict(replicas, isUp ? 'ScaleUpStabilized' : 'ScaleDownStabilized');
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
  const { currentReplicas: current, desiredReplicas: desired, behavior } = wish;
  const { minReplicas: min, maxReplicas: max } = limits;
  const goesUp = behavior ? desired > current : desired >= min;
  const goesDown = behavior ? desired < current : desired < min;
  if (goesUp) {
    const rate = behavior ? rateLimit(wish, limits, behavior.scaleUp, 1) : Math.max(2 * current, 4);
    const most = Math.min(max, rate);
    if (desired > most)
      return max > rate ? verdict(most, 'ScaleUpLimit') : verdict(most, 'TooManyReplicas');
  }
  if (goesDown) {
    const rate = behavior ? rateLimit(wish, limits, behavior.scaleDown, -1) : min;
    const least = Math.max(min, rate);
    if (desired < least) {
      return min < rate ? verdict(least, 'ScaleDownLimit') : verdict(least, 'TooFewReplicas');
    }
  }
  return verdict(desired, 'DesiredWithinRange');
}

/** @param way - 1 up, -1 down */
function rateLimit(
  { currentReplicas, now }: Wish,
  { scaleUps, scaleDowns }: Limits,
  { selectPolicy, policies }: ScalingRules,
  way: 1 | -1,
): number {
  if (selectPolicy === 'Disabled') return currentReplicas;
  const within = (events: readonly ScaleEvent[], seconds: number): number =>
    events
      .filter(({ atMs }) => atMs > now - seconds * 1000)
      .reduce((sum, { change }) => sum + change, 0);
  const ends = policies.map(({ type, value, periodSeconds }) => {
    const start =
      currentReplicas - within(scaleUps, periodSeconds) + within(scaleDowns, periodSeconds);
    if (type === 'Pods') return start + way * value;
    const end = start * (1 + (way * value) / 100);
    return way === 1 ? Math.ceil(end) : Math.trunc(end);
  });
  const furthest = (selectPolicy === 'Min') === (way === 1) ? Math.min(...ends) : Math.max(...ends);
  return way === 1 ? Math.max(furthest, currentReplicas) : Math.min(furthest, currentReplicas);
}

function isStarting({ status }: Pod, metric: PodMetric, now: number): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  if (!ready || !status?.startTime) return true;
  const startedMs = Date.parse(String(status.startTime));
  const changedMs = Date.parse(String(ready.lastTransitionTime));
  const isNotReady = ready.status === 'False';
  if (startedMs + CPU_INITIALIZATION_PERIOD_MS > now) {
    return isNotReady || metric.timestampMs < changedMs + metric.windowMs;
  }
  return isNotReady && startedMs + INITIAL_READINESS_DELAY_MS > changedMs;
}

type Amounts = ReadonlyMap<string, bigint>;

interface Usage {
  readonly ratio: number;
  readonly averageValue: bigint;
  readonly averageUtilization?: number;
}

function usageOf(used: Amounts, target: Target, requests: Amounts | undefined): Usage {
  const known = [...used].filter(([name]) => !requests || requests.has(name));
  const total = known.reduce((sum, [, value]) => sum + value, 0n);
  if (!('averageUtilization' in target)) {
    const averageValue = total / BigInt(known.length);
    return { ratio: Number(averageValue) / Number(target.averageValue), averageValue };
  }
  const requested = known.reduce((sum, [name]) => sum + (requests?.get(name) ?? 0n), 0n);
  if (requested === 0n) throw new Error('no metrics returned matched known pods');
  const averageUtilization = Number((total * 100n) / requested);
  const averageValue = total / BigInt(known.length);
  return {
    ratio: averageUtilization / target.averageUtilization,
    averageValue,
    averageUtilization,
  };
}

function assumedUse(name: string, target: Target, requests: Amounts | undefined): bigint {
  if (!('averageUtilization' in target)) return target.averageValue;
  const percent = BigInt(Math.max(100, target.averageUtilization));
  return ((requests?.get(name) ?? 0n) * percent) / 100n;
}

function isOnTarget(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE;
}
