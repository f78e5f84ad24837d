/**
 * The job controller: it asks `job.ts` what pods count for and what is to be done, and does it, in an
 * order in which nothing is lost. Given.
 *
 * What it does to pods is `pod-work.ts`; pods that no Job waits for any more are `orphan-pods.ts`.
 */

import type { Job, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isPodReady, keyOf, selectorFromObject, semanticallyEqual, timestamp } from '#apimachinery';
import { type EventRecorder, JOBS, PODS, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { CONTROLLER_INDEX, controllerIndexKey, enqueueOwners, finalState } from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { isPodActive } from '../pod-state.ts';
import { type JobVerdict, planPods, settleUncounted, trackPods, verdictOf } from './job.ts';
import {
  finishedCondition,
  isJobFinished,
  isJobSuspended,
  withJobCondition,
} from './job-conditions.ts';
import { untilDeadlineMs } from './job-limits.ts';
import { hasFailed, hasSucceeded, isExpected, isGoing, isTracked } from './job-pods.ts';
import { OrphanPods } from './orphan-pods.ts';
import { type BackoffRecord, backoffMs, PodBackoff } from './pod-backoff.ts';
import { adopting, type Done, NOTHING_DONE, PodWork } from './pod-work.ts';

const NAME = 'job-controller';
/** What a Job's `managedBy` says that is this controller's. */
export const JOB_MANAGER = 'kubernetes.io/job-controller';
/** Changes of pods are looked at together. */
const BATCH_MS = 1000;

/** Makes the controller that keeps Jobs. */
export function newJobController(context: ControllerContext): Controller {
  return new JobController(context);
}

/** One look at a Job. */
interface Look {
  /** As the API server has it, as far as is known. */
  saved: Job;
  readonly pods: readonly Pod[];
  readonly verdict: JobVerdict | undefined;
  readonly backoff: BackoffRecord;
  readonly now: number;
}

/** What to tell of once it is written. */
type News = readonly [reason: string, message: string];

class JobController implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #loop: ControlLoop;
  readonly #orphans: OrphanPods;
  readonly #events: EventRecorder;
  readonly #work: PodWork;
  readonly #jobs: SharedInformer<Job>;
  readonly #pods: SharedInformer<Pod>;
  readonly #expectations: Expectations;
  readonly #backoff = new PodBackoff();
  /** What was written last, for a cache that does not know it yet. */
  readonly #written = new Map<string, Job>();

  constructor(context: ControllerContext) {
    const { client, clock, log } = context;
    this.#context = context;
    this.#events = context.recorder(NAME);
    this.#jobs = context.ownedInformer(JOBS);
    this.#pods = context.ownedInformer(PODS);
    this.#expectations = new Expectations({ clock });
    this.#work = new PodWork(client, this.#events, this.#expectations);
    const synced = [() => this.#jobs.hasSynced(), () => this.#pods.hasSynced()];
    this.#orphans = new OrphanPods(context, this.#jobs.lister, this.#pods, synced);
    this.#loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced,
      reconcile: (key) => this.#reconcile(key),
    });
    this.#work.observe(this.#pods);
    this.#listen();
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.#orphans.run(signal)]);
  }

  #listen(): void {
    const loop = this.#loop;
    const soon = { enqueue: (job: Job | string) => loop.enqueueAfter(job, BATCH_MS) };
    this.#jobs.addEventHandler({
      onAdd: (job) => loop.enqueue(job),
      onUpdate: (old, job) => {
        if (old.metadata?.generation === job.metadata?.generation) soon.enqueue(job);
        else loop.enqueue(job);
      },
      onDelete: (gone) => {
        const job = finalState(gone);
        loop.enqueue(job);
        this.#orphans.check(this.#podsOf(job));
      },
    });
    enqueueOwners(soon, this.#pods, {
      kind: 'Job',
      owners: this.#jobs.lister,
      candidates: ({ metadata }) =>
        this.#jobs.lister
          .listNamespace(metadata?.namespace ?? '')
          .filter(({ spec }) => selectorFromObject(spec?.selector).matches(metadata?.labels ?? {})),
      onCreated: (_, job) => this.#expectations.creationObserved(keyOf(job)),
      onDeleted: ({ metadata }, job) =>
        this.#expectations.deletionObserved(keyOf(job), metadata?.uid ?? ''),
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#jobs.lister.get(key);
    if (!cached) {
      this.#expectations.forget(key);
      this.#backoff.forget(key);
      this.#written.delete(key);
      return undefined;
    }
    const job = this.#newest(key, cached);
    if ((job.spec?.managedBy ?? JOB_MANAGER) !== JOB_MANAGER) return undefined;
    if (isJobFinished(job)) {
      this.#backoff.forget(key);
      this.#orphans.check(this.#podsOf(job));
      return undefined;
    }
    return this.#sync(key, job);
  }

  /** As it was last seen or last written, whichever is later: pods may be ahead of the cached Job. */
  #newest(key: string, cached: Job): Job {
    const written = this.#written.get(key);
    const isSame = written?.metadata?.uid === cached.metadata?.uid;
    if (written && isSame && versionOf(written) > versionOf(cached)) return written;
    this.#written.delete(key);
    return cached;
  }

  async #sync(key: string, saved: Job): Promise<ReconcileResult | undefined> {
    const now = this.#context.clock.now();
    // Asked before pods are looked at, so that a pod that comes in between is not made twice.
    const isSatisfied = this.#expectations.satisfied(key);
    const pods = await this.#claimPods(saved);
    const job = { ...saved, status: withStartTime(saved, now) };
    const backoff = this.#backoffOf(key, job, pods);
    const verdict = verdictOf(job, pods, now);
    const plan = planPods(job, pods, verdict, backoffMs(backoff, now), now);
    const mayAct = verdict !== undefined || isSatisfied;
    const done = mayAct ? await this.#work.carryOut(job, pods, plan, verdict) : NOTHING_DONE;
    // It is not over while a pod may be at work that was not seen, or could not be deleted.
    const isFinal = isSatisfied && plan.remove.length === done.removed.length;
    const look = { saved, pods, verdict: isFinal ? verdict : undefined, backoff, now };
    const goesOn = isSatisfied && !verdict && !job.metadata?.deletionTimestamp;
    const [news, status] = goesOn ? noteSuspension(job, now) : [undefined, job.status];
    const counted = { ...job, status: withCounts(status, pods, done) };
    await this.#track(look, counted, news);
    if (done.failure !== undefined) throw done.failure;
    return this.#nextLook(look, plan.waitMs);
  }

  #nextLook({ saved, now }: Look, waitMs: number | undefined): ReconcileResult | undefined {
    if (isJobFinished(saved)) return undefined;
    const deadlineMs = untilDeadlineMs(saved, now) ?? 0;
    const waits = [waitMs ?? 0, deadlineMs].filter((ms) => ms > 0);
    if (waits.length === 0) return undefined;
    return { requeueAfterMs: Math.max(BATCH_MS, Math.min(...waits)) };
  }

  #podsOf({ metadata }: Job): Pod[] {
    const key = controllerIndexKey(metadata?.namespace, metadata?.uid);
    return this.#pods.lister.byIndex(CONTROLLER_INDEX, key);
  }

  async #claimPods(job: Job): Promise<Pod[]> {
    const { namespace = '', name = '' } = job.metadata ?? {};
    const { client } = this.#context;
    const orphans = controllerIndexKey(namespace, undefined);
    const claimed = await claimObjects({
      owner: job,
      ownerKind: JOBS,
      freshOwner: () => client.resource(JOBS, namespace).get(name),
      selector: selectorFromObject(job.spec?.selector),
      objects: [...this.#podsOf(job), ...this.#pods.lister.byIndex(CONTROLLER_INDEX, orphans)],
      client: adopting(client.resource(PODS, namespace)),
    });
    return claimed.map((pod) => this.#work.asItIs(pod));
  }

  #backoffOf(key: string, job: Job, pods: readonly Pod[]): BackoffRecord {
    const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {};
    const known = new Set([...succeeded, ...failed]);
    const fresh = pods.filter(
      (pod) => isTracked(pod) && isExpected(job, pod) && !known.has(pod.metadata?.uid ?? ''),
    );
    const lost = fresh.filter((pod) => hasFailed(job, pod));
    return this.#backoff.after(key, fresh.filter(hasSucceeded), lost);
  }

  /** Writes down who ended, lets them go, counts them. It may stop anywhere: the next look goes on. */
  async #track(look: Look, job: Job, news: News | undefined): Promise<void> {
    const { pods, verdict, now } = look;
    const { status, release } = trackPods(job, pods, verdict);
    await this.#write(look, { ...job, status: withVerdict(status, verdict, now) });
    if (news) this.#events.event(JOBS, look.saved, 'Normal', ...news);
    this.#backoff.set(keyOf(job), look.backoff);
    const results = await Promise.allSettled(release.map((pod) => this.#work.release(pod)));
    const gone = new Set(release.filter((_, i) => results[i]?.status === 'fulfilled'));
    await this.#count(
      look,
      pods.filter((pod) => !gone.has(pod)),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #count(look: Look, left: readonly Pod[]): Promise<void> {
    const { saved, verdict, now } = look;
    const status = settleUncounted(saved.status, left);
    const isCounted = !left.some(isTracked) && (status.terminating ?? 0) === 0;
    if (!verdict || !isCounted) return this.#write(look, { ...saved, status });
    await this.#write(look, { ...saved, status: finished(status, verdict, now) });
    this.#tellFinished(look.saved);
  }

  #tellFinished(job: Job): void {
    const condition = finishedCondition(job);
    if (condition?.type === 'Failed') {
      const { reason = '', message = '' } = condition;
      this.#events.event(JOBS, job, 'Warning', reason, message);
      return;
    }
    const { completions = Number.POSITIVE_INFINITY } = job.spec ?? {};
    if ((job.status?.succeeded ?? 0) > completions) {
      const why = 'Too many succeeded pods running after completion count reached';
      this.#events.event(JOBS, job, 'Warning', 'TooManySucceededPods', why);
    }
    this.#events.event(JOBS, job, 'Normal', 'Completed', 'Job completed');
  }

  async #write(look: Look, job: Job): Promise<void> {
    if (semanticallyEqual(look.saved.status, job.status)) return;
    const jobs = this.#context.client.resource(JOBS, job.metadata?.namespace);
    look.saved = await jobs.updateStatus(job);
    this.#written.set(keyOf(job), look.saved);
  }
}

function withStartTime(job: Job, now: number): JobStatus {
  if (job.status?.startTime || isJobSuspended(job)) return { ...job.status };
  return { ...job.status, startTime: timestamp(now) };
}

/**
 * Says in the conditions whether it is suspended.
 *
 * @remarks How long it is active counts from when it went on. `startTime` goes when it is suspended, as
 * the API allows; it does not allow another one once it goes on.
 */
function noteSuspension(job: Job, now: number): readonly [News | undefined, JobStatus] {
  const { startTime, ...status } = job.status ?? {};
  const conditions = status.conditions ?? [];
  const isSuspended = isJobSuspended(job);
  const next = isSuspended
    ? withJobCondition(conditions, ['Suspended', 'True', 'JobSuspended', 'Job suspended'], now)
    : withJobCondition(conditions, ['Suspended', 'False', 'JobResumed', 'Job resumed'], now);
  if (next === conditions) return [undefined, job.status ?? {}];
  if (isSuspended) return [['Suspended', 'Job suspended'], { ...status, conditions: [...next] }];
  return [['Resumed', 'Job resumed'], { ...status, startTime, conditions: [...next] }];
}

function withCounts(
  status: JobStatus,
  pods: readonly Pod[],
  { created, removed }: Done,
): JobStatus {
  const left = pods.filter((pod) => isPodActive(pod) && !removed.includes(pod));
  const { active: _, ...others } = status;
  const active = left.length + created;
  return {
    ...others,
    ...(active > 0 && { active }),
    ready: left.filter(isPodReady).length,
    terminating: pods.filter(isGoing).length + removed.length,
  };
}

function withVerdict(status: JobStatus, verdict: JobVerdict | undefined, now: number): JobStatus {
  if (!verdict) return status;
  const { type, reason, message } = verdict;
  const conditions = withJobCondition(
    status.conditions ?? [],
    [type, 'True', reason, message],
    now,
  );
  return { ...status, conditions: [...conditions] };
}

/** Its last status. One that never began has begun now: the API asks for it. */
function finished(status: JobStatus, { type, reason, message }: JobVerdict, now: number) {
  const end = type === 'FailureTarget' ? 'Failed' : 'Complete';
  const known = status.conditions ?? [];
  return {
    startTime: timestamp(now),
    ...status,
    conditions: [...withJobCondition(known, [end, 'True', reason, message], now)],
    ...(end === 'Complete' && { completionTime: timestamp(now) }),
  };
}

function versionOf(job: Job): number {
  return Number(job.metadata?.resourceVersion ?? 0);
}
