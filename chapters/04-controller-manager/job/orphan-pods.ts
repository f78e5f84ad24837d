/**
 * Pods that wait to be counted by a Job that is over, gone, or not theirs any more: nobody will, so
 * they are let go. Given.
 */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { controllerOf, isNotFound } from '#apimachinery';
import { JOBS, type Lister, PODS, type SharedInformer } from '#client';
import { ControlLoop } from '../control-loop.ts';
import type { ControllerContext } from '../controller.ts';
import { controllerIn, finalState } from '../owners.ts';
import { isJobFinished } from './job-conditions.ts';
import { isTracked } from './job-pods.ts';
import { withoutTracking } from './pod-work.ts';

/** Looks after pods that may be orphans. */
export class OrphanPods {
  readonly #context: ControllerContext;
  readonly #jobs: Lister<Job>;
  readonly #pods: SharedInformer<Pod>;
  readonly #loop: ControlLoop;

  constructor(
    context: ControllerContext,
    jobs: Lister<Job>,
    pods: SharedInformer<Pod>,
    synced: readonly (() => boolean)[],
  ) {
    const { clock, log } = context;
    this.#context = context;
    this.#jobs = jobs;
    this.#pods = pods;
    this.#loop = new ControlLoop({
      name: 'job-orphan-pods',
      clock,
      log,
      synced,
      reconcile: (key) => this.#reconcile(key),
    });
    pods.addEventHandler({
      onAdd: (pod) => this.check([pod]),
      onUpdate: (_, pod) => this.check([pod]),
      onDelete: (gone) => this.check([finalState(gone)]),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#loop.run(signal);
  }

  /** Has those looked at that are tracked, and not by a Job that is known and goes on. */
  check(pods: readonly Pod[]): void {
    for (const pod of pods) if (isTracked(pod) && !this.#isWaitedFor(pod)) this.#loop.enqueue(pod);
  }

  #isWaitedFor(pod: Pod): boolean {
    const job = controllerIn(pod, 'Job', this.#jobs);
    return job !== undefined && !isJobFinished(job);
  }

  async #reconcile(key: string): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (!pod || !isTracked(pod) || this.#isWaitedFor(pod)) return;
    if (!(await this.#isOrphan(pod))) return;
    const { namespace, resourceVersion } = pod.metadata ?? {};
    const pods = this.#context.client.resource(PODS, namespace);
    try {
      // If it was adopted meanwhile, it is another version, and this is refused.
      await withoutTracking(pods, pod, resourceVersion);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Asks the API server: the cache may not know the pod's Job yet. */
  async #isOrphan(pod: Pod): Promise<boolean> {
    const ref = controllerOf(pod);
    if (!ref) return true;
    if (ref.kind !== 'Job' || ref.apiVersion !== 'batch/v1') return false;
    const jobs = this.#context.client.resource(JOBS, pod.metadata?.namespace);
    try {
      const job = await jobs.get(ref.name);
      const isManaged = (job.spec?.managedBy ?? OWN) === OWN;
      return job.metadata?.uid !== ref.uid || (isManaged && isJobFinished(job));
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }
}

/** Finalizers of pods of Jobs that somebody else manages are not this controller's. */
const OWN = 'kubernetes.io/job-controller';
