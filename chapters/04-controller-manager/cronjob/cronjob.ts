/**
 * A CronJob runs Jobs by the clock: what is due, what was missed, what to do about what still runs, and
 * what to forget.
 *
 * When something is due is `cron-schedule.ts`; who watches, makes and deletes is
 * `cronjob-controller.ts`. Given: `cronjob-jobs.ts`, and how a Job ended (`../job/job-conditions.ts`).
 */

import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import { NotImplemented } from '#not-implemented';
import type { Schedule } from './cron-schedule.ts';

/** More missed runs than this are worth a warning. */
export const MANY_MISSED_RUNS = 100;
/** A moment after a run is due, so that it is due for sure. */
export const NEXT_RUN_DELTA_MS = 100;

/** What to tell of a CronJob. */
export interface CronJobNews {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The run that is due. */
export interface DueRun {
  /** In milliseconds since 1970. */
  readonly scheduledAt: number;
  /** Were more than `MANY_MISSED_RUNS` missed? */
  readonly tooMany: boolean;
}

/** What has become of a CronJob's Jobs. */
export interface JobsReview {
  readonly status: CronJobStatus;
  readonly news: readonly CronJobNews[];
  /** Jobs that run and are not in the list of active ones. */
  readonly unexpected: readonly Job[];
}

/** What to do about a run that is due. */
export type RunDecision =
  /** Make the Job, after these were deleted: names of Jobs. */
  | { readonly start: true; readonly replaces: readonly string[] }
  /** Not now; perhaps somebody should know. */
  | { readonly start: false; readonly news?: CronJobNews };

/**
 * The run that is due: the most recent that was not made.
 *
 * @remarks Runs are due from the *beginning* on: `status.lastScheduleTime`, and before the first one
 * `metadata.creationTimestamp`. With `spec.startingDeadlineSeconds`, what lies further back than that
 * does not count: then the beginning is `now` less the deadline, if that is later. The runs are
 * `schedule.next(beginning)`, `schedule.next` of that, and so on, up to `now` and including it. Of all
 * these only the last one is made up for.
 *
 * ```text
 * every hour, last 10:00    now 10:59   →  nothing
 *                           now 11:00   →  11:00
 *                           now 13:20   →  13:20 is too late for 11:00 and 12:00; 13:00
 *   deadline 600 s          now 13:20   →  beginning 13:10, so nothing
 * ```
 *
 * Nobody may have looked for years, and a run may be due every minute. So do not walk through all of
 * them (no more than some hundred calls of `next`): with `first` and `second` the first two runs, and
 * `gap` the time between them, begin at `first` plus the largest multiple of `gap` that is at least one
 * `gap` before `now`. Runs need not be evenly spaced, so there may be none between there and `now`: then
 * go back twice as many gaps, and so on, but never before `first`. (A multiple, since `@every` counts
 * from the run before.)
 *
 * `tooMany` says whether more than `MANY_MISSED_RUNS` were missed, reckoned by
 * `floor((now - first) / gap) + 1`; with one run it is false.
 *
 * @param now - in milliseconds since 1970
 * @returns `undefined` when nothing is due
 * @see pkg/controller/cronjob/utils.go (1.33), mostRecentScheduleTime, nextScheduleTime
 * @exercise controller-manager/cronjob
 */
export function dueRun(cronJob: CronJob, schedule: Schedule, now: number): DueRun | undefined {
  throw new NotImplemented('controller-manager/cronjob', 'dueRun');
}

/**
 * In how many milliseconds to look at a CronJob again: `NEXT_RUN_DELTA_MS` after the next run.
 *
 * @remarks The next run is the one after the most recent that was due, whether or not a deadline has
 * passed; when none was due yet, the first after the beginning (see `dueRun`).
 *
 * @returns `undefined` when there is no next run
 * @see pkg/controller/cronjob/utils.go (1.33), nextScheduleTimeDuration
 * @exercise controller-manager/cronjob
 */
export function nextLookMs(cronJob: CronJob, schedule: Schedule, now: number): number | undefined {
  throw new NotImplemented('controller-manager/cronjob', 'nextLookMs');
}

/**
 * Brings a CronJob's status in line with its Jobs.
 *
 * @remarks For each Job, in order (`finishedCondition` says whether and how it ended):
 *
 * - one that ended and is in `status.active` (by `uid`) is taken out of it, with the news `Normal`,
 *   `SawCompletedJob`, `Saw completed job: NAME, condition: Complete` (or `Failed`);
 * - one that has not ended and is not in `status.active` is unexpected;
 * - of one that is `Complete`, `status.lastSuccessfulTime` is its `status.completionTime`, if that is
 *   later.
 *
 * Entries of `status.active` that are none of these Jobs stay: a cache may not have them yet.
 *
 * @param jobs - all that the CronJob controls
 * @returns a new status; a list of active ones that is empty is left out
 * @see pkg/controller/cronjob/cronjob_controllerv2.go (1.33), syncCronJob
 * @exercise controller-manager/cronjob
 */
export function reviewJobs(cronJob: CronJob, jobs: readonly Job[]): JobsReview {
  throw new NotImplemented('controller-manager/cronjob', 'reviewJobs');
}

/**
 * What to do about a run that is due.
 *
 * @remarks The first that is so:
 *
 * 1. It was due longer ago than `spec.startingDeadlineSeconds`: not started; `Warning`, `MissSchedule`,
 *    `Missed scheduled time to start a job: Wed, 01 Jan 2025 10:00:00 +0000` (`rfc1123`).
 * 2. It was made already: a Job of its name (`jobNameAt`) is in `status.active`, or it is the
 *    `status.lastScheduleTime`. Not started, and nothing is told.
 * 3. `spec.concurrencyPolicy` is `Forbid`, and there are active Jobs: not started; `Normal`,
 *    `JobAlreadyActive`, `Not starting job because prior execution is running and concurrency policy is
 *    Forbid`. It stays due: it starts as soon as they have ended, unless another one is due by then.
 * 4. It starts. Under `Replace` the active ones are replaced, in their order; else none.
 *
 * @param scheduledAt - when it was due, in milliseconds since 1970
 * @param now - in milliseconds since 1970
 * @see pkg/controller/cronjob/cronjob_controllerv2.go (1.33), syncCronJob
 * @exercise controller-manager/cronjob
 */
export function decideRun(cronJob: CronJob, scheduledAt: number, now: number): RunDecision {
  throw new NotImplemented('controller-manager/cronjob', 'decideRun');
}

/**
 * The Jobs that are too many to remember.
 *
 * @remarks Of those that are `Complete`, `spec.successfulJobsHistoryLimit` are kept, of those that
 * `Failed`, `spec.failedJobsHistoryLimit`: the ones that began last (`byStartTime`). Without a limit all
 * are. Jobs that have not ended are never forgotten.
 *
 * @returns the ones to delete: first those that are complete, then those that failed, each from the one
 * that began first on
 * @see pkg/controller/cronjob/cronjob_controllerv2.go (1.33), cleanupFinishedJobs
 * @exercise controller-manager/cronjob
 */
export function forgottenJobs(cronJob: CronJob, jobs: readonly Job[]): Job[] {
  throw new NotImplemented('controller-manager/cronjob', 'forgottenJobs');
}
