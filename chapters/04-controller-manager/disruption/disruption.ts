/**
 * A PodDisruptionBudget's status: how many of its pods may go now. Given.
 *
 * Who spends it is the API server (`pods/eviction`); who keeps it up to date is
 * `disruption-controller.ts`.
 *
 * @see pkg/controller/disruption/disruption.go, pkg/apis/policy/v1 (1.33)
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.js';
import { type Clock, type Condition, findCondition, isPodReady, setCondition } from '#apimachinery';
import { scaledValue } from '../int-or-percent.ts';
import { isPodFinished, isPodTerminating } from '../pod-state.ts';

/** So long after an eviction the pod should have a deletionTimestamp; else nothing came of it. */
export const DELETION_TIMEOUT_MS = 2 * 60 * 1000;
/** After so long a pod that is to be disrupted, and is not, is not to be disrupted any more. */
export const STALE_DISRUPTION_MS = 2 * 60 * 1000;

/** Pods that were evicted and do not show it yet: their names, and when. */
export type DisruptedPods = NonNullable<PodDisruptionBudgetStatus['disruptedPods']>;

/** Must the pods' controllers be asked how many pods there should be? */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === 'string';
}

/** How many of the expected pods a budget wants healthy. */
export function desiredHealthy({ spec }: PodDisruptionBudget, expectedPods: number): number {
  const { maxUnavailable, minAvailable } = spec ?? {};
  if (maxUnavailable !== undefined) {
    return Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, 'up'));
  }
  return minAvailable === undefined ? 0 : scaledValue(minAvailable, expectedPods, 'up');
}

/** What has become of the pods that were evicted. */
export interface Disruptions {
  /** Those that will go, but do not show it yet. */
  readonly pending: DisruptedPods;
  /** Those that should have gone by now. */
  readonly notDeleted: readonly Pod[];
  /** When to look again, in milliseconds; `undefined`: no need. */
  readonly recheckAfterMs: number | undefined;
}

/** @param disruptedPods - what the API server wrote down */
export function disruptionsOf(
  pods: readonly Pod[],
  disruptedPods: DisruptedPods = {},
  now: number,
): Disruptions {
  const pending: DisruptedPods = {};
  const notDeleted: Pod[] = [];
  let recheckAfterMs: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? '';
    const at = Object.hasOwn(disruptedPods, name) ? disruptedPods[name] : undefined;
    if (at === undefined || isPodTerminating(pod)) continue;
    const leftMs = Date.parse(String(at)) + DELETION_TIMEOUT_MS - now;
    if (leftMs < 0) notDeleted.push(pod);
    else {
      pending[name] = at;
      recheckAfterMs = Math.min(recheckAfterMs ?? leftMs + 1, leftMs + 1);
    }
  }
  return { pending, notDeleted, recheckAfterMs };
}

/** How many pods are ready, and stay. */
export function countHealthy(pods: readonly Pod[], pending: DisruptedPods, now: number): number {
  const isLeaving = (pod: Pod): boolean => {
    const name = pod.metadata?.name ?? '';
    const at = Object.hasOwn(pending, name) ? pending[name] : undefined;
    return at !== undefined && Date.parse(String(at)) + DELETION_TIMEOUT_MS > now;
  };
  return pods.filter((pod) => !isPodTerminating(pod) && !isLeaving(pod) && isPodReady(pod)).length;
}

/** What was counted. */
export interface BudgetCounts {
  readonly expectedPods: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly disruptedPods: DisruptedPods;
}

/**
 * The status a budget should have.
 *
 * @remarks Without expected pods nothing may be disrupted, so that the first pods are safe before they
 * are counted.
 */
export function budgetStatus(
  { metadata, status }: PodDisruptionBudget,
  counts: BudgetCounts,
  clock: Pick<Clock, 'now'>,
): PodDisruptionBudgetStatus {
  const left = counts.currentHealthy - counts.desiredHealthy;
  const disruptionsAllowed = counts.expectedPods > 0 ? Math.max(0, left) : 0;
  const { disruptedPods, ...numbers } = counts;
  const observedGeneration = metadata?.generation;
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: disruptionsAllowed > 0 ? 'True' : 'False',
    reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
  return {
    ...numbers,
    disruptionsAllowed,
    ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    ...(observedGeneration !== undefined && { observedGeneration }),
    conditions: withBudgetCondition(status, condition, clock),
  };
}

/** The status when nothing could be counted: then nothing may be disrupted. */
export function failedStatus(
  { status }: PodDisruptionBudget,
  message: string,
  clock: Pick<Clock, 'now'>,
): PodDisruptionBudgetStatus {
  const zero = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  const observedGeneration = status?.observedGeneration;
  const condition: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'SyncFailed',
    message,
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
  const conditions = withBudgetCondition(status, condition, clock);
  return { ...zero, ...status, disruptionsAllowed: 0, conditions };
}

type BudgetConditions = NonNullable<PodDisruptionBudgetStatus['conditions']>;

function withBudgetCondition(
  status: PodDisruptionBudgetStatus | undefined,
  condition: Condition,
  clock: Pick<Clock, 'now'>,
): BudgetConditions {
  const conditions: Condition[] = [...((status?.conditions ?? []) as Condition[])];
  setCondition(conditions, condition, clock);
  return conditions as BudgetConditions;
}

/**
 * In how long a pod's DisruptionTarget is stale: it was to be disrupted, and nothing came of it.
 *
 * @returns milliseconds, 0 when it is; `undefined` when it will not be
 */
export function staleDisruptionAfterMs(pod: Pod, now: number): number | undefined {
  if (isPodTerminating(pod) || isPodFinished(pod)) return undefined;
  const target = findCondition(pod.status?.conditions, 'DisruptionTarget');
  // A kubelet takes its time to end a pod.
  if (target?.status !== 'True' || target.reason === 'TerminationByKubelet') return undefined;
  const since = Date.parse(String(target.lastTransitionTime));
  return Math.max(0, since + STALE_DISRUPTION_MS - now);
}
