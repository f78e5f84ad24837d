/**
 * Making, deleting and letting go a Job's pods, and what the cache does not know of it yet. Given.
 *
 * How many and which is `job.ts`; when is `job-controller.ts`.
 */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { deepCopy, isNotFound, keyOf, removeFinalizer } from '#apimachinery';
import {
  type Client,
  type EventRecorder,
  JOBS,
  PODS,
  type ResourceClient,
  type SharedInformer,
} from '#client';
import type { Expectations } from '../expectations.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { finalState } from '../owners.ts';
import { PodControl } from '../pod-control.ts';
import { SLOW_START_INITIAL_BATCH_SIZE, slowStartBatch } from '../replicaset/replicaset.ts';
import type { JobVerdict, PodPlan } from './job.ts';
import { awaitingReplacement } from './job-indexes.ts';
import { isTracked, JOB_TRACKING_FINALIZER } from './job-pods.ts';
import { newJobPod } from './new-pod.ts';

/** What was done about pods. */
export interface Done {
  readonly created: number;
  readonly removed: readonly Pod[];
  /** Why not all of it was. */
  readonly failure?: unknown;
}

export const NOTHING_DONE: Done = { created: 0, removed: [] };

/** Does what a plan says. */
export class PodWork {
  readonly #client: Client;
  readonly #control: PodControl;
  readonly #expectations: Expectations;
  /** Uids of pods whose finalizer was taken off, which the cache may not know yet. */
  readonly #released = new Set<string>();

  constructor(client: Client, events: EventRecorder, expectations: Expectations) {
    this.#client = client;
    this.#control = new PodControl(client, events, JOBS);
    this.#expectations = expectations;
  }

  /** Learns from a cache what has come to pass. */
  observe(pods: SharedInformer<Pod>): void {
    pods.addEventHandler({
      onUpdate: (_, pod) => {
        if (!isTracked(pod)) this.#released.delete(uidOf(pod));
      },
      onDelete: (gone) => this.#released.delete(uidOf(finalState(gone))),
    });
  }

  /** A pod from the cache as it is by now: without the finalizer, if that was taken off. */
  asItIs(pod: Pod): Pod {
    if (!this.#released.has(uidOf(pod))) return pod;
    const copy = deepCopy(pod);
    removeFinalizer(copy, JOB_TRACKING_FINALIZER);
    return copy;
  }

  /** Takes the finalizer off a pod, so that it may go. That it has gone is as good. */
  async release(pod: Pod): Promise<void> {
    if (!isTracked(pod)) return;
    this.#released.add(uidOf(pod));
    try {
      await withoutTracking(this.#client.resource(PODS, pod.metadata?.namespace), pod);
    } catch (error) {
      this.#released.delete(uidOf(pod));
      if (!isNotFound(error)) throw error;
    }
  }

  async carryOut(
    job: Job,
    pods: readonly Pod[],
    plan: PodPlan,
    verdict: JobVerdict | undefined,
  ): Promise<Done> {
    if (plan.remove.length > 0) return this.#remove(job, plan.remove, verdict);
    return plan.create > 0 ? this.#create(job, pods, plan) : NOTHING_DONE;
  }

  /** Pods of a Job that is over stay tracked: they still count. Others that are deleted do not. */
  async #remove(job: Job, pods: readonly Pod[], verdict: JobVerdict | undefined): Promise<Done> {
    const key = keyOf(job);
    if (!verdict) this.#expectations.expectDeletions(key, pods.map(uidOf));
    const results = await Promise.allSettled(
      pods.map(async (pod) => {
        if (!verdict) await this.release(pod);
        return this.#control.delete(job, pod);
      }),
    );
    const removed: Pod[] = [];
    for (const [i, pod] of pods.entries()) {
      const result = results[i];
      if (result?.status === 'fulfilled') removed.push(pod);
      const isComing = result?.status === 'fulfilled' && result.value;
      if (!isComing) this.#expectations.deletionObserved(key, uidOf(pod));
    }
    const failed = results.find((result) => result.status === 'rejected');
    return { created: 0, removed, ...(failed && { failure: failed.reason }) };
  }

  async #create(job: Job, pods: readonly Pod[], { create, indexes }: PodPlan): Promise<Done> {
    const key = keyOf(job);
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
        await this.#control.create(job, newJobPod(job, index, before));
      } catch (error) {
        refusals++;
        // Nothing can be made in such a namespace any more: no failure, and no further attempt.
        if (isNamespaceTerminating(error)) return;
        this.#expectations.creationObserved(key);
        throw error;
      }
    });
    for (let i = attempts; i < create; i++) this.#expectations.creationObserved(key);
    const [failure] = errors;
    return { created: attempts - refusals, removed: [], ...(failure !== undefined && { failure }) };
  }
}

/**
 * Takes the finalizer off a pod, unless another pod has its name by now.
 *
 * @param resourceVersion - only while it is still this one; absent: whatever happened to it meanwhile
 */
export async function withoutTracking(
  pods: ResourceClient<Pod>,
  { metadata }: Pod,
  resourceVersion?: string,
): Promise<void> {
  await pods.patch(metadata?.name ?? '', 'strategic-merge-patch', {
    metadata: {
      uid: metadata?.uid,
      ...(resourceVersion !== undefined && { resourceVersion }),
      '$deleteFromPrimitiveList/finalizers': [JOB_TRACKING_FINALIZER],
    },
  });
}

/** For claiming: a pod that is adopted is tracked from the same moment on. */
export function adopting(pods: ResourceClient<Pod>): Pick<ResourceClient<Pod>, 'patch'> {
  return {
    patch: (name, type, patch, options) => {
      const { metadata } = patch as Pod;
      const isRelease = metadata?.ownerReferences?.some((ref) => '$patch' in ref);
      const finalizers = isRelease ? {} : { finalizers: [JOB_TRACKING_FINALIZER] };
      return pods.patch(name, type, { metadata: { ...metadata, ...finalizers } }, options);
    },
  };
}

function uidOf({ metadata }: Pod): string {
  return metadata?.uid ?? '';
}
