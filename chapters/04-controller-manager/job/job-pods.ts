/**
 * What a Job asks about a pod of its: has it ended, was it counted, which index is it, which goes
 * first. Given.
 *
 * The pods it makes are `new-pod.ts`; what follows from all that is `job.ts`.
 */

import type { Job } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { findCondition, hasFinalizer, isPodReady } from '#apimachinery';
import { isPodFinished, isPodTerminating } from '../pod-state.ts';
import {
  creationMoment,
  mostRestarts,
  phaseOrder,
  readyMoment,
} from '../replicaset/deletion-order.ts';

/** Keeps a pod that has ended from going before it was counted. */
export const JOB_TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Which index a pod works on: an annotation, and a label. */
export const JOB_COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';

export function isIndexed({ spec }: Job): boolean {
  return spec?.completionMode === 'Indexed';
}

/** Does it wait for its controller to count it? */
export function isTracked(pod: Pod): boolean {
  return hasFinalizer(pod, JOB_TRACKING_FINALIZER);
}

/** Is it being deleted, and has not ended yet? */
export function isGoing(pod: Pod): boolean {
  return isPodTerminating(pod) && !isPodFinished(pod);
}

export function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

/**
 * Has it failed, as far as this Job is concerned?
 *
 * @remarks A pod that is being deleted may never get to say how it ended, so it counts as failed; not
 * where pods are replaced only once they have really ended.
 */
export function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === 'Failed') return true;
  return !replacesOnlyEnded(job) && isPodTerminating(pod) && !hasSucceeded(pod);
}

/** Is a pod replaced only once it has ended, and not already when it begins to go? */
export function replacesOnlyEnded({ spec }: Job): boolean {
  return spec?.podReplacementPolicy === 'Failed' || spec?.podFailurePolicy !== undefined;
}

/** @returns `undefined` when it has none */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata?.annotations?.[JOB_COMPLETION_INDEX] ?? '';
  return /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

/** Is it one of those the Job asks for? Only of an Indexed Job's pods it is a question. */
export function isExpected(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = completionIndexOf(pod);
  return index !== undefined && index < (job.spec?.completions ?? 0);
}

/**
 * Orders pods by who goes first, when some have to.
 *
 * @remarks As with a ReplicaSet: what has come least far. One that is on no node, that is pending, not
 * ready, ready for a shorter time, restarted more often, made later.
 *
 * @see pkg/controller/controller_utils.go (1.33), ActivePods
 */
export function byRemoval(a: Pod, b: Pod): number {
  return (
    Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName)) ||
    phaseOrder(a) - phaseOrder(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    (isPodReady(a) ? laterFirst(readyMoment(a).at, readyMoment(b).at) : 0) ||
    mostRestarts(b).containers - mostRestarts(a).containers ||
    mostRestarts(b).sidecars - mostRestarts(a).sidecars ||
    laterFirst(creationMoment(a).at, creationMoment(b).at)
  );
}

/** What is not known comes before all. */
function laterFirst(a: number | undefined, b: number | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  return b - a;
}

/**
 * When a pod ended, in milliseconds since 1970: when its last container did; else when it was no
 * longer ready; else when its deletion was asked for; else when it was made.
 *
 * @see pkg/controller/job/backoff_utils.go (1.33), getFinishedTime
 */
export function endedAt(pod: Pod): number {
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  const containers = (pod.status?.containerStatuses ?? []).map(
    ({ state }) => state?.terminated?.finishedAt,
  );
  if (containers.length > 0 && containers.every((at) => at !== undefined)) {
    return Math.max(...containers.map(millis));
  }
  const ready = findCondition(pod.status?.conditions, 'Ready');
  if (ready?.status === 'False' && ready.lastTransitionTime)
    return millis(ready.lastTransitionTime);
  if (deletionTimestamp) {
    return millis(deletionTimestamp) - (deletionGracePeriodSeconds ?? 0) * 1000;
  }
  return millis(creationTimestamp);
}

function millis(time: unknown): number {
  return time === undefined ? 0 : Date.parse(String(time));
}
