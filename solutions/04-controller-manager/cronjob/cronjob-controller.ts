/**
 * The CronJob controller: it asks `cronjob.ts` what is due and what to forget, and does it. Given.
 *
 * The Jobs it makes are the job controller's from then on.
 */

import type { CronJob, CronJobStatus, Job } from 'kubernetes-types/batch/v1.js';
import type { ObjectReference } from 'kubernetes-types/core/v1.js';
import {
  isAlreadyExists,
  isControlledBy,
  isNotFound,
  semanticallyEqual,
  timestamp,
} from '#apimachinery';
import { CRON_JOBS, type EventRecorder, JOBS, objectReference, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { CONTROLLER_INDEX, controllerIndexKey, enqueueOwners, finalState } from '../owners.ts';
import { parseCronSchedule, type Schedule, ScheduleError } from './cron-schedule.ts';
import {
  type CronJobNews,
  decideRun,
  dueRun,
  forgottenJobs,
  nextLookMs,
  reviewJobs,
} from './cronjob.ts';
import { jobForRun } from './cronjob-jobs.ts';
import { TimeZone, UnknownTimeZoneError, UTC } from './time-zone.ts';

const NAME = 'cronjob-controller';

/** Makes the controller that runs CronJobs. */
export function newCronJobController(context: ControllerContext): Controller {
  return new CronJobController(context).loop;
}

class CronJobController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #cronJobs: SharedInformer<CronJob>;
  readonly #jobs: SharedInformer<Job>;

  constructor(context: ControllerContext) {
    const { clock, log } = context;
    this.#context = context;
    this.#events = context.recorder(NAME);
    this.#cronJobs = context.informers.informer(CRON_JOBS);
    this.#jobs = context.ownedInformer(JOBS);
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced: [() => this.#cronJobs.hasSynced(), () => this.#jobs.hasSynced()],
      reconcile: (key) => this.#reconcile(key),
    });
    this.#listen();
  }

  #listen(): void {
    const { loop } = this;
    this.#cronJobs.addEventHandler({
      onAdd: (cronJob) => loop.enqueue(cronJob),
      onUpdate: (old, cronJob) => this.#onUpdate(old, cronJob),
      onDelete: (gone) => loop.enqueue(finalState(gone)),
    });
    enqueueOwners(loop, this.#jobs, { kind: 'CronJob', owners: this.#cronJobs.lister });
  }

  /** Under a new schedule nothing was missed: it counts from its next run on. */
  #onUpdate(old: CronJob, cronJob: CronJob): void {
    const isSame =
      old.spec?.schedule === cronJob.spec?.schedule &&
      old.spec?.timeZone === cronJob.spec?.timeZone;
    if (isSame) this.loop.enqueue(cronJob);
    else this.#awaitNextRun(cronJob);
  }

  #awaitNextRun(cronJob: CronJob): void {
    try {
      const schedule = scheduleOf(cronJob, zoneOf(cronJob));
      const ms = nextLookMs(cronJob, schedule, this.#context.clock.now());
      if (ms !== undefined) this.loop.enqueueAfter(cronJob, ms);
    } catch (error) {
      if (!isSpecFault(error)) throw error;
      // The loop tells of it, where it can do nothing about it.
      this.loop.enqueue(cronJob);
    }
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#cronJobs.lister.get(key);
    if (!cached) return undefined;
    const { namespace, uid } = cached.metadata ?? {};
    const jobs = this.#jobs.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, uid));
    const tidied = await this.#forget(cached, jobs);
    const [before, reviewed] = await this.#review(tidied, jobs);
    const looked = await this.#dropMissing(reviewed, jobs);
    const [result, after] = await this.#runDue(looked);
    await this.#writeStatus(before === tidied ? cached : before, after);
    return result;
  }

  async #forget(cronJob: CronJob, jobs: readonly Job[]): Promise<CronJob> {
    let tidied = cronJob;
    for (const job of forgottenJobs(cronJob, jobs)) {
      const isDeleted = await this.#deleteJob(cronJob, job.metadata?.name ?? '');
      if (isDeleted) tidied = withoutActive(tidied, job.metadata?.uid);
    }
    return tidied;
  }

  /** A Job that is not listed may be one that the cached CronJob does not know of yet. */
  async #review(cronJob: CronJob, jobs: readonly Job[]): Promise<[CronJob, CronJob]> {
    let review = reviewJobs(cronJob, jobs);
    let base = cronJob;
    if (review.unexpected.length > 0) {
      const { namespace, name = '' } = cronJob.metadata ?? {};
      base = await this.#context.client.resource(CRON_JOBS, namespace).get(name);
      review = reviewJobs(base, jobs);
    }
    for (const news of review.news) this.#tell(cronJob, news);
    for (const job of review.unexpected) {
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata?.name}`;
      this.#tell(cronJob, { type: 'Warning', reason: 'UnexpectedJob', message });
    }
    return [base, { ...base, status: review.status }];
  }

  async #dropMissing(cronJob: CronJob, jobs: readonly Job[]): Promise<CronJob> {
    const known = new Set(jobs.map(({ metadata }) => metadata?.uid));
    let looked = cronJob;
    for (const job of cronJob.status?.active ?? []) {
      if (known.has(job.uid) || (await this.#exists(job))) continue;
      const message = `Active job went missing: ${job.name}`;
      this.#tell(cronJob, { type: 'Normal', reason: 'MissingJob', message });
      looked = withoutActive(looked, job.uid);
    }
    return looked;
  }

  async #exists({ namespace, name = '' }: ObjectReference): Promise<boolean> {
    try {
      await this.#context.client.resource(JOBS, namespace).get(name);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #runDue(cronJob: CronJob): Promise<[ReconcileResult | undefined, CronJob]> {
    if (cronJob.metadata?.deletionTimestamp) return [undefined, cronJob];
    try {
      const zone = zoneOf(cronJob);
      if (cronJob.spec?.suspend) return [undefined, cronJob];
      const schedule = this.#readSchedule(cronJob, zone);
      const now = this.#context.clock.now();
      if (schedule.next(now) === undefined) return [this.#complainOfInvalid(cronJob), cronJob];
      const after = await this.#run(cronJob, schedule, zone, now);
      return [{ requeueAfterMs: nextLookMs(cronJob, schedule, now) }, after];
    } catch (error) {
      if (!isSpecFault(error)) throw error;
      this.#tell(cronJob, specFaultNews(cronJob, error));
      return [undefined, cronJob];
    }
  }

  #readSchedule(cronJob: CronJob, zone: TimeZone): Schedule {
    const { schedule = '' } = cronJob.spec ?? {};
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
      this.#tell(cronJob, { type: 'Warning', reason: 'UnsupportedSchedule', message });
    }
    return scheduleOf(cronJob, zone);
  }

  #complainOfInvalid(cronJob: CronJob): undefined {
    const why = 'time difference between two schedules is less than 1 second';
    const message = `invalid schedule: ${cronJob.spec?.schedule} : ${why}`;
    this.#tell(cronJob, { type: 'Warning', reason: 'InvalidSchedule', message });
  }

  async #run(cronJob: CronJob, schedule: Schedule, zone: TimeZone, now: number): Promise<CronJob> {
    const due = dueRun(cronJob, schedule, now);
    if (!due) return cronJob;
    if (due.tooMany) {
      const message =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      this.#tell(cronJob, { type: 'Warning', reason: 'TooManyMissedTimes', message });
    }
    const decision = decideRun(cronJob, due.scheduledAt, now);
    if (!decision.start) {
      if (decision.news) this.#tell(cronJob, decision.news);
      return cronJob;
    }
    let free = cronJob;
    for (const { name = '', uid } of cronJob.status?.active ?? []) {
      if (!decision.replaces.includes(name)) continue;
      if (!(await this.#deleteJob(cronJob, name))) throw new Error(`could not replace job ${name}`);
      free = withoutActive(free, uid);
    }
    return this.#start(free, jobForRun(cronJob, due.scheduledAt, zone), due.scheduledAt);
  }

  async #start(cronJob: CronJob, wanted: Job, scheduledAt: number): Promise<CronJob> {
    const job = await this.#create(cronJob, wanted);
    const { active = [] } = cronJob.status ?? {};
    if (!job || active.some(({ uid }) => uid === job.metadata?.uid)) return cronJob;
    const status: CronJobStatus = {
      ...cronJob.status,
      active: [...active, objectReference(JOBS, job)],
      lastScheduleTime: timestamp(scheduledAt),
    };
    return { ...cronJob, status };
  }

  /** @returns `undefined` when a Job of this name is there that is somebody else's */
  async #create(cronJob: CronJob, wanted: Job): Promise<Job | undefined> {
    const { namespace, name = '' } = wanted.metadata ?? {};
    const jobs = this.#context.client.resource(JOBS, namespace);
    try {
      const job = await jobs.create(wanted);
      const message = `Created job ${name}`;
      this.#tell(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message });
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (!isAlreadyExists(error)) {
        const message = `Error creating job: ${messageOf(error)}`;
        this.#tell(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
        throw error;
      }
    }
    // It was made before, and then nobody got to write it down; or it has nothing to do with this.
    const job = await jobs.get(name);
    return isControlledBy(job, cronJob) ? job : undefined;
  }

  /** @returns whether it is deleted; that it could not be is told */
  async #deleteJob(cronJob: CronJob, name: string): Promise<boolean> {
    const jobs = this.#context.client.resource(JOBS, cronJob.metadata?.namespace);
    try {
      await jobs.delete(name, { propagationPolicy: 'Background' });
    } catch (error) {
      if (isNotFound(error)) return true;
      const message = `Deleted job: ${messageOf(error)}`;
      this.#tell(cronJob, { type: 'Warning', reason: 'FailedDelete', message });
      return false;
    }
    const message = `Deleted job ${name}`;
    this.#tell(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message });
    return true;
  }

  async #writeStatus(before: CronJob, after: CronJob): Promise<void> {
    if (semanticallyEqual(before.status, after.status)) return;
    await this.#context.client.resource(CRON_JOBS, after.metadata?.namespace).updateStatus(after);
  }

  #tell(cronJob: CronJob, { type, reason, message }: CronJobNews): void {
    this.#events.event(CRON_JOBS, cronJob, type, reason, message);
  }
}

function zoneOf({ spec }: CronJob): TimeZone {
  return spec?.timeZone === undefined ? UTC : new TimeZone(spec.timeZone);
}

function scheduleOf({ spec }: CronJob, zone: TimeZone): Schedule {
  return parseCronSchedule(spec?.schedule ?? '', zone);
}

/** A fault that only a change of the spec can mend. */
function isSpecFault(error: unknown): error is ScheduleError | UnknownTimeZoneError {
  return error instanceof ScheduleError || error instanceof UnknownTimeZoneError;
}

function specFaultNews({ spec }: CronJob, error: Error): CronJobNews {
  const type = 'Warning';
  if (error instanceof UnknownTimeZoneError) {
    const message = `invalid timeZone: ${JSON.stringify(spec?.timeZone)}: ${error.message}`;
    return { type, reason: 'UnknownTimeZone', message };
  }
  const message = `unparseable schedule: ${JSON.stringify(spec?.schedule)} : ${error.message}`;
  return { type, reason: 'UnparseableSchedule', message };
}

function withoutActive(cronJob: CronJob, uid: string | undefined): CronJob {
  const { active = [], ...others } = cronJob.status ?? {};
  const left = active.filter((job) => job.uid !== uid);
  return { ...cronJob, status: { ...others, ...(left.length > 0 && { active: left }) } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
