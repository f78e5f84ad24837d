/**
 * A CronJob runs Jobs by the clock: what is due, what was missed, what to do about what still runs, and
 * what to forget.
 *
 * When something is due is `cron-schedule.ts`; who watches, makes and deletes is
 * `cronjob-controller.ts`. Given: `cronjob-jobs.ts`, and how a Job ended (`../job/job-conditions.ts`).
 */

import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import { finishedCondition } from '../job/job-conditions.ts';
import type { Schedule } from './cron-schedule.ts';
import { byStartTime, jobNameAt, millis, rfc1123 } from './cronjob-jobs.ts';

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
  const { startingDeadlineSeconds: seconds = Number.POSITIVE_INFINITY } = cronJob.spec ?? {};
  const beginning = Math.max(lastRun(cronJob), now - seconds * 1000);
  return mostRecent(schedule, beginning, now);
}

function lastRun({ metadata, status }: CronJob): number {
  return millis(status?.lastScheduleTime ?? metadata?.creationTimestamp) ?? 0;
}

function mostRecent(schedule: Schedule, beginning: number, now: number): DueRun | undefined {
  const first = schedule.next(beginning);
  if (first === undefined || first > now) return undefined;
  const second = schedule.next(first);
  if (second === undefined || second > now) return { scheduledAt: first, tooMany: false };
  const gap = second - first;
  const missed = Math.floor((now - first) / gap) + 1;
  const tooMany = missed > MANY_MISSED_RUNS;
  for (let back = 1; ; back *= 2) {
    const from: number = first + Math.max(0, missed - 1 - back) * gap;
    const scheduledAt = lastBetween(schedule, from, now);
    if (scheduledAt !== undefined) return { scheduledAt, tooMany };
    if (from === first) return { scheduledAt: first, tooMany };
  }
}

function lastBetween(schedule: Schedule, from: number, now: number): number | undefined {
  let last: number | undefined;
  let next = schedule.next(from);
  while (next !== undefined && next <= now) {
    last = next;
    next = schedule.next(next);
  }
  return last;
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
  const beginning = lastRun(cronJob);
  const recent = mostRecent(schedule, beginning, now);
  const next = schedule.next(recent?.scheduledAt ?? beginning);
  return next === undefined ? undefined : next - now + NEXT_RUN_DELTA_MS;
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
  const { active: before = [], ...others } = cronJob.status ?? {};
  const listed = new Set(before.map(({ uid }) => uid));
  const ended = jobs.filter((job) => finishedCondition(job));
  const goneUids = new Set(ended.map(({ metadata }) => metadata?.uid));
  const active = before.filter(({ uid }) => !goneUids.has(uid));
  const news = ended
    .filter(({ metadata }) => listed.has(metadata?.uid))
    .map((job) => ({
      type: 'Normal' as const,
      reason: 'SawCompletedJob',
      message: `Saw completed job: ${job.metadata?.name}, condition: ${finishedCondition(job)?.type}`,
    }));
  const status = { ...others, ...(active.length > 0 && { active }) };
  for (const job of ended) {
    const { completionTime } = job.status ?? {};
    const isLater = (millis(completionTime) ?? 0) > (millis(status.lastSuccessfulTime) ?? 0);
    if (finishedCondition(job)?.type === 'Complete' && isLater) {
      status.lastSuccessfulTime = completionTime;
    }
  }
  const unexpected = jobs.filter(
    (job) => !finishedCondition(job) && !listed.has(job.metadata?.uid),
  );
  return { status, news, unexpected };
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
  const { startingDeadlineSeconds, concurrencyPolicy } = cronJob.spec ?? {};
  const { active = [], lastScheduleTime } = cronJob.status ?? {};
  const deadlineSeconds = startingDeadlineSeconds ?? Number.POSITIVE_INFINITY;
  if (scheduledAt + deadlineSeconds * 1000 < now) {
    const message = `Missed scheduled time to start a job: ${rfc1123(scheduledAt)}`;
    return { start: false, news: { type: 'Warning', reason: 'MissSchedule', message } };
  }
  const name = jobNameAt(cronJob, scheduledAt);
  const isMade = active.some((job) => job.name === name);
  if (isMade || millis(lastScheduleTime) === scheduledAt) return { start: false };
  if (concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = ALREADY_ACTIVE;
    return { start: false, news: { type: 'Normal', reason: 'JobAlreadyActive', message } };
  }
  const replaced = concurrencyPolicy === 'Replace' ? active : [];
  return { start: true, replaces: replaced.map((job) => job.name ?? '') };
}

const ALREADY_ACTIVE =
  'Not starting job because prior execution is running and concurrency policy is Forbid';

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
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec ?? {};
  const oldest = (type: string, limit = Number.POSITIVE_INFINITY): Job[] => {
    const ended = jobs.filter((job) => finishedCondition(job)?.type === type);
    return ended.sort(byStartTime).slice(0, Math.max(0, ended.length - limit));
  };
  return [
    ...oldest('Complete', successfulJobsHistoryLimit),
    ...oldest('Failed', failedJobsHistoryLimit),
  ];
}
