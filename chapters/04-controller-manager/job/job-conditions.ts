/** The conditions of a Job: how it stands with it. Given. */

import type { Job, JobCondition } from 'kubernetes-types/batch/v1.js';
import { isConditionTrue, timestamp } from '#apimachinery';

/** `Complete` or `Failed`, when one of them is true. */
export function finishedCondition({ status }: Job): JobCondition | undefined {
  return status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}

/** Is it over, one way or the other? Then nothing about it changes any more. */
export function isJobFinished(job: Job): boolean {
  return finishedCondition(job) !== undefined;
}

export function isJobSuspended({ spec }: Job): boolean {
  return spec?.suspend === true;
}

export function hasCondition({ status }: Job, type: string): boolean {
  return isConditionTrue(status?.conditions, type);
}

/**
 * The conditions with this one in its place. One that is false is only put where one of its type was:
 * that it never was is no news.
 *
 * @returns the same list when nothing is different
 */
export function withJobCondition(
  conditions: readonly JobCondition[],
  [type, status, reason, message]: readonly [string, 'True' | 'False', string, string],
  now: number,
): readonly JobCondition[] {
  const before = conditions.find((condition) => condition.type === type);
  if (before?.status === status && before.reason === reason && before.message === message) {
    return conditions;
  }
  if (!before && status === 'False') return conditions;
  const at = timestamp(now);
  const next = { type, status, reason, message, lastProbeTime: at, lastTransitionTime: at };
  if (!before) return [...conditions, next];
  return conditions.map((condition) => (condition === before ? next : condition));
}
