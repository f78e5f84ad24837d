/**
 * An Indexed Job's indexes: which have succeeded, failed, are missing, or are there twice. Given.
 *
 * What is done about it is `job.ts`.
 *
 * @see pkg/controller/job/indexed_job_utils.go, success_policy.go (1.33)
 */

import type { Job, JobStatus, SuccessPolicyRule } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { isPodActive } from '../pod-state.ts';
import { IndexList } from './index-list.ts';
import {
  byRemoval,
  completionIndexOf,
  endedAt,
  hasFailed,
  hasSucceeded,
  isExpected,
  isGoing,
  isIndexed,
  isTracked,
  replacesOnlyEnded,
} from './job-pods.ts';
import { countsAsFailure, failureRuling } from './pod-failure-policy.ts';

/** How often the index has failed, says its newest pod. */
export const JOB_INDEX_FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';
/** How often it has failed and it did not count. */
export const JOB_INDEX_IGNORED_FAILURE_COUNT =
  'batch.kubernetes.io/job-index-ignored-failure-count';

/** Are failures counted for each index? */
export function hasLimitPerIndex({ spec }: Job): boolean {
  return spec?.backoffLimitPerIndex !== undefined;
}

/** Those the status says have succeeded, and those of pods that have and wait to be counted. */
export function succeededIndexes(job: Job, pods: readonly Pod[]): IndexList {
  const before = IndexList.parse(job.status?.completedIndexes, job.spec?.completions ?? 0);
  return before.with(
    indexesOf(
      job,
      pods.filter((pod) => isTracked(pod) && hasSucceeded(pod)),
    ),
  );
}

/** Those that have failed for good; `undefined` when failures are not counted for each index. */
export function failedIndexes(job: Job, pods: readonly Pod[]): IndexList | undefined {
  if (!hasLimitPerIndex(job)) return undefined;
  const before = IndexList.parse(job.status?.failedIndexes, job.spec?.completions ?? 0);
  return before.with(
    indexesOf(
      job,
      pods.filter((pod) => isTracked(pod) && failsIndex(job, pod)),
    ),
  );
}

/** What the status of an Indexed Job says of its indexes; nothing for others. */
export function indexStatus(job: Job, pods: readonly Pod[]): JobStatus {
  if (!isIndexed(job)) return {};
  const done = succeededIndexes(job, pods);
  const lost = failedIndexes(job, pods);
  return {
    // What says nothing is left out; a Job that became smaller may have said something before.
    completedIndexes: done.toString() || undefined,
    succeeded: done.count || undefined,
    ...(lost && { failedIndexes: lost.toString() }),
  };
}

function failsIndex(job: Job, pod: Pod): boolean {
  if (!hasFailed(job, pod)) return false;
  if (failureRuling(job, pod).action === 'FailIndex') return true;
  const limit = job.spec?.backoffLimitPerIndex ?? 0;
  return countsAsFailure(job, pod) && failureCount(pod) >= limit;
}

function indexesOf(job: Job, pods: readonly Pod[]): IndexList {
  return IndexList.of(pods.filter((pod) => isExpected(job, pod)).map((pod) => indexOf(pod)));
}

function indexOf(pod: Pod): number {
  return completionIndexOf(pod) ?? -1;
}

/**
 * The failed pods that must stay until another one has taken their place, by index: it takes over how
 * often the index has failed. None when failures are not counted for each index.
 */
export function awaitingReplacement(job: Job, pods: readonly Pod[]): ReadonlyMap<number, Pod> {
  const result = new Map<number, Pod>();
  if (!hasLimitPerIndex(job)) return result;
  const settled = succeededIndexes(job, pods)
    .with(failedIndexes(job, pods) ?? IndexList.EMPTY)
    .with(indexesOf(job, pods.filter(isPodActive)));
  for (const pod of pods) {
    if (!isTracked(pod) || !hasFailed(job, pod) || !isExpected(job, pod)) continue;
    const index = indexOf(pod);
    const other = result.get(index);
    if (!settled.has(index) && (other === undefined || isNewer(pod, other))) result.set(index, pod);
  }
  return result;
}

function isNewer(pod: Pod, other: Pod): boolean {
  return allFailures(pod) >= allFailures(other) && endedAt(pod) >= endedAt(other);
}

/** How often the index of a pod failed before, by its annotation. */
export function failureCount({ metadata }: Pod): number {
  return numberIn(metadata?.annotations?.[JOB_INDEX_FAILURE_COUNT]);
}

/** Those too that did not count. */
export function allFailures(pod: Pod): number {
  const ignored = pod.metadata?.annotations?.[JOB_INDEX_IGNORED_FAILURE_COUNT];
  return failureCount(pod) + numberIn(ignored);
}

function numberIn(text: string | undefined): number {
  const value = /^\+?\d+$/.test(text ?? '') ? Number(text) : 0;
  return value < 2 ** 31 ? value : 0;
}

/** The annotations of the pod that takes the place of `before`; of the first of its index, without. */
export function failureCountAnnotations(job: Job, before: Pod | undefined): Record<string, string> {
  const counts = before !== undefined && countsAsFailure(job, before);
  const ignored = before === undefined ? 0 : allFailures(before) - failureCount(before);
  const count = before === undefined ? 0 : failureCount(before);
  const nowIgnored = before === undefined || counts ? ignored : ignored + 1;
  return {
    [JOB_INDEX_FAILURE_COUNT]: String(counts ? count + 1 : count),
    ...(nowIgnored > 0 && { [JOB_INDEX_IGNORED_FAILURE_COUNT]: String(nowIgnored) }),
  };
}

/** The lowest indexes that nothing was done about yet: not succeeded, not failed, no pod at work. */
export function pendingIndexes(job: Job, pods: readonly Pod[], count: number): number[] {
  const occupied = pods.filter(
    (pod) => isPodActive(pod) || (replacesOnlyEnded(job) && isGoing(pod)),
  );
  return succeededIndexes(job, pods)
    .with(failedIndexes(job, pods) ?? IndexList.EMPTY)
    .with(indexesOf(job, occupied))
    .gaps(job.spec?.completions ?? 0, count);
}

/** Of active pods those that are too many: with an index no one asks for, and all but one of each index. */
export function misplacedPods(job: Job, active: readonly Pod[]): Pod[] {
  const kept = new Map<number, Pod>();
  for (const pod of [...active].sort(byRemoval)) {
    if (isExpected(job, pod)) kept.set(indexOf(pod), pod);
  }
  return active.filter((pod) => kept.get(indexOf(pod)) !== pod);
}

/**
 * The first rule of the success policy that is met.
 *
 * @returns its place in the list; `undefined` when none is
 */
export function metSuccessRule({ spec }: Job, succeeded: IndexList): number | undefined {
  if (succeeded.count === 0) return undefined;
  const place = (spec?.successPolicy?.rules ?? []).findIndex((rule) =>
    isMet(rule, succeeded, spec?.completions ?? 0),
  );
  return place < 0 ? undefined : place;
}

function isMet(
  { succeededIndexes: names, succeededCount }: SuccessPolicyRule,
  succeeded: IndexList,
  completions: number,
): boolean {
  if (names === undefined) return succeededCount !== undefined && succeeded.count >= succeededCount;
  const required = IndexList.parse(names, completions);
  if (required.count === 0) return false;
  const met = required.countIn(succeeded);
  return met === required.count || (succeededCount !== undefined && met >= succeededCount);
}
