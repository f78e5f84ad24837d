/** How often a Job's pods may fail, and how long it may take. Given. */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { restartsOf } from '../pod-state.ts';
import { isJobSuspended } from './job-conditions.ts';

const DEFAULT_BACKOFF_LIMIT = 6;

/** So many pods may fail; one more, and the Job has. */
export function backoffLimitOf({ spec }: Job): number {
  return spec?.backoffLimit ?? DEFAULT_BACKOFF_LIMIT;
}

/**
 * Were containers started again too often? Under `restartPolicy: OnFailure` pods do not fail, but their
 * containers do: as often as the limit, all pods together, is too often.
 *
 * @see pkg/controller/job/job_controller.go (1.33), pastBackoffLimitOnFailure
 */
export function restartedTooOften(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .reduce((sum, pod) => sum + restartsOf(pod), 0);
  return restarts >= Math.max(1, backoffLimitOf(job));
}

/**
 * In how many milliseconds its deadline is, 0 and less when it has passed.
 *
 * @returns `undefined` when it has none, was not started yet, or is suspended
 */
export function untilDeadlineMs(job: Job, now: number): number | undefined {
  const { activeDeadlineSeconds } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  if (activeDeadlineSeconds === undefined || !startTime || isJobSuspended(job)) return undefined;
  return Date.parse(String(startTime)) + activeDeadlineSeconds * 1000 - now;
}

/** Has it been active for as long as it may? */
export function isPastDeadline(job: Job, now: number): boolean {
  return (untilDeadlineMs(job, now) ?? 1) <= 0;
}
