/**
 * The job controller: it asks `job.ts` what pods count for and what is to be done, and does it, in an
 * order in which nothing is lost. Given.
 *
 * Pods that no Job waits for any more are `orphan-pods.ts`.
 */

import type { Job, JobCondition } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  isNotFound,
  isPodReady,
  keyOf,
  removeFinalizer,
  selectorFromObject,
  semanticallyEqual,
  timestamp,
} from '#apimachinery';
import { type EventRecorder, JOBS, PODS, type ResourceClient, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { Expectations } from '../expectations.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { CONTROLLER_INDEX, controllerIndexKey, enqueueOwners, finalState } from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { PodControl } from '../pod-control.ts';
import { isPodActive } from '../pod-state.ts';
import { SLOW_START_INITIAL_BATCH_SIZE, slowStartBatch } from '../replicaset/replicaset.ts';
import {
  type JobVerdict,
  type PodPlan,
  planPods,
  settleUncounted,
  trackPods,
  verdictOf,
} from './job.ts';
import {
  finishedCondition,
  isJobFinished,
  isJobSuspended,
  withJobCondition,
} from './job-conditions.ts';
import { awaitingReplacement } from './job-indexes.ts';
import { untilDeadlineMs } from './job-limits.ts';
import {
  hasFailed,
  hasSucceeded,
  isExpected,
  isGoing,
  isTracked,
  JOB_TRACKING_FINALIZER,
} from './job-pods.ts';
import { newJobPod } from './new-pod.ts';
import { OrphanPods, withoutTracking } from './orphan-pods.ts';
import { type BackoffRecord, backoffMs, PodBackoff } from './pod-backoff.ts';

const NAME = 'job-controller';
/** What a Job's `managedBy` says that is this controller's. */
const MANAGER = 'kubernetes.io/job-controller';
/** Changes of pods are looked at together. */
const BATCH_MS = 1000;

/** Makes the controller that keeps Jobs. */
export function newJobController(context: ControllerContext): Controller {
  return new JobController(context);
}

/** One look at a Job. `job` is a copy, and changes as things are done. */
interface Sync {
  readonly key: string;
  readonly before: Job;
  job: Job;
  readonly pods: readonly Pod[];
  readonly verdict: JobVerdict | undefined;
  readonly backoff: BackoffRecord;
}

/** What was done about pods. */
interface Done {
  readonly created: number;
  readonly removed: readonly Pod[];
  readonly failure?: unknown;
}

class JobController implements Controller {
  readonly name = NAME;
  readonly #context: ControllerContext;
  readonly #loop: ControlLoop;
  readonly #orphans: OrphanPods;
  readonly #events: EventRecorder;
  readonly #podControl: PodControl;
  readonly #jobs: SharedInformer<Job>;
  readonly #pods: SharedInformer<Pod>;
  readonly #expectations: Expectations;
  readonly #backoff = new PodBackoff();
  /** Uids of pods whose finalizer was taken off, which the cache may not know yet. */
  readonly #released = new Set<string>();
  /** What was written last, for a cache that does not know it yet. */
  readonly #written = new Map<string, Job>();

  constructor(context: ControllerContext) {
    const { client, clock, log } = context;
    this.#context = context;
    this.#events = context.recorder(NAME);
    this.#podControl = new PodControl(client, this.#events, JOBS);
    this.#jobs = context.ownedInformer(JOBS);
    this.#pods = context.ownedInformer(PODS);
    this.#expectations = new Expectations({ clock });
    const synced = [() => this.#jobs.hasSynced(), () => this.#pods.hasSynced()];
    this.#orphans = new OrphanPods(context, this.#jobs.lister, this.#pods, synced);
    this.#loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced,
      reconcile: (key) => this.#reconcile(key),
    });
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
    this.#pods.addEventHandler({
      onUpdate: (_, pod) => {
        if (!isTracked(pod)) this.#released.delete(uidOf(pod));
      },
      onDelete: (gone) => this.#released.delete(uidOf(finalState(gone))),
    });
    enqueueOwners(soon, this.#pods, {
      kind: 'Job',
      owners: this.#jobs.lister,
      candidates: ({ metadata }) =>
        this.#jobs.lister
          .listNamespace(metadata?.namespace ?? '')
          .filter(({ spec }) => selectorFromObject(spec?.selector).matches(metadata?.labels ?? {})),
      onCreated: (_, job) => this.#expectations.creationObserved(keyOf(job)),
      onDeleted: (pod, job) => this.#expectations.deletionObserved(keyOf(job), uidOf(pod)),
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
    const before = this.#newest(key, cached);
    if ((before.spec?.managedBy ?? MANAGER) !== MANAGER) return undefined;
    if (isJobFinished(before)) {
      this.#backoff.forget(key);
      this.#orphans.check(this.#podsOf(before));
      return undefined;
    }
    return this.#sync(key, before);
  }

  /** The Job as it was last seen, or as it was last written: whichever is later. */
  #newest(key: string, cached: Job): Job {
    const written = this.#written.get(key);
    const isBehind =
      written?.metadata?.uid === cached.metadata?.uid && versionOf(written) > versionOf(cached);
    if (written && isBehind) return written;
    this.#written.delete(key);
    return cached;
  }

  async #sync(key: string, before: Job): Promise<ReconcileResult | undefined> {
    const now = this.#context.clock.now();
    // Asked before pods are looked at, so that a pod that comes in between is not made twice.
    const isSatisfied = this.#expectations.satisfied(key);
    const pods = await this.#claimPods(before);
    const job = deepCopy(before);
    job.status = { ...job.status };
    if (!job.status.startTime && !isJobSuspended(job)) job.status.startTime = timestamp(now);
    const backoff = this.#backoffOf(key, job, pods);
    const verdict = verdictOf(job, pods, now);
    const plan = planPods(job, pods, verdict, backoffMs(backoff, now), now);
    const isManaged = verdict !== undefined || isSatisfied;
    const done = isManaged ? await this.#carryOut(key, job, pods, plan, verdict) : NOTHING_DONE;
    // It is over only when no pod can be at work that was not seen, or could not be deleted.
    const isFinal = isSatisfied && plan.remove.length === done.removed.length;
    const sync = { key, before, job, pods, verdict: isFinal ? verdict : undefined, backoff };
    const wasManaged = isSatisfied && !verdict && !job.metadata?.deletionTimestamp;
    const told = wasManaged ? this.#noteSuspension(job, now) : undefined;
    this.#noteCounts(sync, done);
    await this.#track(sync, told, now);
    if (done.failure !== undefined) throw done.failure;
    return this.#nextLook(sync.job, plan, now);
  }

  #nextLook(job: Job, { waitMs }: PodPlan, now: number): ReconcileResult | undefined {
    if (isJobFinished(job)) return undefined;
    const waits = [waitMs, untilDeadlineMs(job, now)].filter((ms) => ms !== undefined && ms > 0);
    if (waits.length === 0) return undefined;
    return { requeueAfterMs: Math.max(BATCH_MS, Math.min(...(waits as number[]))) };
  }

  #podsOf({ metadata }: Job): Pod[] {
    const key = controllerIndexKey(metadata?.namespace, metadata?.uid);
    return this.#pods.lister.byIndex(CONTROLLER_INDEX, key);
  }

  /** Its pods, as they are and not as the cache has them: without finalizers that were taken off. */
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
    return claimed.map((pod) => {
      if (!this.#released.has(uidOf(pod))) return pod;
      const copy = deepCopy(pod);
      removeFinalizer(copy, JOB_TRACKING_FINALIZER);
      return copy;
    });
  }

  #backoffOf(key: string, job: Job, pods: readonly Pod[]): BackoffRecord {
    const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {};
    const known = new Set([...succeeded, ...failed]);
    const fresh = pods.filter(
      (pod) => isTracked(pod) && isExpected(job, pod) && !known.has(uidOf(pod)),
    );
    const lost = fresh.filter((pod) => hasFailed(job, pod));
    return this.#backoff.after(key, fresh.filter(hasSucceeded), lost);
  }

  async #carryOut(
    key: string,
    job: Job,
    pods: readonly Pod[],
    plan: PodPlan,
    verdict: JobVerdict | undefined,
  ): Promise<Done> {
    if (plan.remove.length > 0) return this.#remove(key, job, plan.remove, verdict);
    return plan.create > 0 ? this.#create(key, job, pods, plan) : NOTHING_DONE;
  }

  /** Pods of a Job that is over stay tracked: they still count. Others that are deleted do not. */
  async #remove(
    key: string,
    job: Job,
    pods: readonly Pod[],
    verdict: JobVerdict | undefined,
  ): Promise<Done> {
    if (!verdict) this.#expectations.expectDeletions(key, pods.map(uidOf));
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        if (!verdict) await this.#release(pod);
        const isComing = await this.#podControl.delete(job, pod);
        if (!isComing) this.#expectations.deletionObserved(key, uidOf(pod));
      }),
    );
    const removed: Pod[] = [];
    for (const [i, pod] of pods.entries()) {
      if (results[i]?.status === 'fulfilled') removed.push(pod);
      else this.#expectations.deletionObserved(key, uidOf(pod));
    }
    const failed = results.find((result) => result.status === 'rejected');
    return { created: 0, removed, ...(failed && { failure: failed.reason }) };
  }

  async #create(key: string, job: Job, pods: readonly Pod[], plan: PodPlan): Promise<Done> {
    const { create, indexes } = plan;
    const replaced = awaitingReplacement(job, pods);
    const left = [...indexes];
    let attempts = 0;
    let refusals = 0;
    this.#expectations.expectCreations(key, create);
    const { errors } = await slowStartBatch(create, SLOW_START_INITIAL_BATCH_SIZE, async () => {
      attempts++;
      const index = left.shift();
      const before = index === undefined ? undefined : replaced.get(index);
      try {
        await this.#podControl.create(job, newJobPod(job, index, before));
      } catch (error) {
        refusals++;
        // All that is left to do in such a namespace is to wait: no failure, and no more attempts.
        if (isNamespaceTerminating(error)) return;
        this.#expectations.creationObserved(key);
        throw error;
      }
    });
    for (let i = attempts; i < create; i++) this.#expectations.creationObserved(key);
    const [failure] = errors;
    return { created: attempts - refusals, removed: [], ...(failure !== undefined && { failure }) };
  }

  /**
   * Says in the conditions whether it is suspended.
   *
   * @remarks The time since it is active begins anew when it goes on. `startTime` is taken away when it
   * is suspended, as the API allows, and not changed when it goes on, which it does not.
   *
   * @returns what to tell of once it is written
   */
  #noteSuspension(job: Job, now: number): readonly [string, string] | undefined {
    const conditions = job.status?.conditions ?? [];
    const next = isJobSuspended(job)
      ? withJobCondition(conditions, ['Suspended', 'True', 'JobSuspended', 'Job suspended'], now)
      : withJobCondition(conditions, ['Suspended', 'False', 'JobResumed', 'Job resumed'], now);
    if (next === conditions || !job.status) return undefined;
    job.status.conditions = [...next];
    if (!isJobSuspended(job)) return ['Resumed', 'Job resumed'];
    delete job.status.startTime;
    return ['Suspended', 'Job suspended'];
  }

  #noteCounts({ job, pods }: Sync, { created, removed }: Done): void {
    const active = pods.filter(isPodActive).filter((pod) => !removed.includes(pod));
    const count = active.length + created;
    job.status = {
      ...job.status,
      ready: active.filter(isPodReady).length,
      terminating: pods.filter(isGoing).length + removed.length,
    };
    if (count > 0) job.status.active = count;
    else delete job.status.active;
  }

  /** Write down who ended, then let them go, then count them: whatever comes in between is no harm. */
  async #track(
    sync: Sync,
    told: readonly [string, string] | undefined,
    now: number,
  ): Promise<void> {
    const { pods, verdict } = sync;
    const { status, release } = trackPods(sync.job, pods, verdict);
    const { type, reason, message } = verdict ?? {};
    const known = status.conditions ?? [];
    const conditions =
      type === undefined || known.some((one) => one.type === type && one.status === 'True')
        ? known
        : withJobCondition(known, [type, 'True', reason ?? '', message ?? ''], now);
    await this.#write(sync, {
      ...sync.job,
      status: { ...status, ...(conditions.length > 0 && { conditions: [...conditions] }) },
    });
    if (told) this.#events.event(JOBS, sync.job, 'Normal', ...told);
    this.#backoff.set(sync.key, sync.backoff);
    const results = await Promise.allSettled(release.map((pod) => this.#release(pod)));
    const gone = new Set(release.filter((_, i) => results[i]?.status === 'fulfilled'));
    await this.#count(
      sync,
      pods.filter((pod) => !gone.has(pod)),
      now,
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #count(sync: Sync, left: readonly Pod[], now: number): Promise<void> {
    const { job, verdict } = sync;
    const status = settleUncounted(job.status, left);
    const { terminating = 0, uncountedTerminatedPods: uncounted } = status;
    const isCounted = left.every((pod) => !isTracked(pod)) && isEmpty(uncounted);
    if (!verdict || !isCounted || terminating > 0) return this.#write(sync, { ...job, status });
    const type = verdict.type === 'FailureTarget' ? 'Failed' : 'Complete';
    const { reason, message } = verdict;
    const conditions = withJobCondition(
      status.conditions ?? [],
      [type, 'True', reason, message],
      now,
    );
    const completionTime = type === 'Complete' ? { completionTime: timestamp(now) } : {};
    const last = { ...status, conditions: [...conditions], ...completionTime };
    await this.#write(sync, { ...job, status: { startTime: timestamp(now), ...last } });
    this.#tellFinished(sync.job);
  }

  #tellFinished(job: Job): void {
    const { type, reason = '', message = '' } = finishedCondition(job) ?? ({} as JobCondition);
    if (type === 'Failed') return this.#events.event(JOBS, job, 'Warning', reason, message);
    const { completions = Number.POSITIVE_INFINITY } = job.spec ?? {};
    if ((job.status?.succeeded ?? 0) > completions) {
      const why = 'Too many succeeded pods running after completion count reached';
      this.#events.event(JOBS, job, 'Warning', 'TooManySucceededPods', why);
    }
    this.#events.event(JOBS, job, 'Normal', 'Completed', 'Job completed');
  }

  async #write(sync: Sync, next: Job): Promise<void> {
    const isSame = semanticallyEqual(
      sync.job === next ? undefined : sync.before.status,
      next.status,
    );
    if (isSame) {
      sync.job = next;
      return;
    }
    const { namespace } = next.metadata ?? {};
    const written = await this.#context.client.resource(JOBS, namespace).updateStatus(next);
    this.#written.set(sync.key, written);
    sync.job = deepCopy(written);
  }

  async #release(pod: Pod): Promise<void> {
    if (!isTracked(pod)) return;
    this.#released.add(uidOf(pod));
    try {
      await withoutTracking(this.#context.client.resource(PODS, pod.metadata?.namespace), pod);
    } catch (error) {
      this.#released.delete(uidOf(pod));
      if (!isNotFound(error)) throw error;
    }
  }
}

const NOTHING_DONE: Done = { created: 0, removed: [] };

function uidOf({ metadata }: Pod): string {
  return metadata?.uid ?? '';
}

function versionOf(job: Job | undefined): number {
  return Number(job?.metadata?.resourceVersion ?? 0);
}

function isEmpty(uncounted: { succeeded?: string[]; failed?: string[] } | undefined): boolean {
  return (uncounted?.succeeded ?? []).length + (uncounted?.failed ?? []).length === 0;
}

/** A pod that is adopted is tracked from the same moment on. */
function adopting(pods: ResourceClient<Pod>): Pick<ResourceClient<Pod>, 'patch'> {
  return {
    patch: (name, type, patch, options) => {
      const { metadata } = patch as Pod;
      const isRelease = metadata?.ownerReferences?.some((ref) => '$patch' in ref);
      const finalizers = isRelease ? {} : { finalizers: [JOB_TRACKING_FINALIZER] };
      return pods.patch(name, type, { metadata: { ...metadata, ...finalizers } }, options);
    },
  };
}
