/**
 * A Job counts pods that ended, each exactly once; from the count follows how many more it needs, and
 * when it is over.
 *
 * Who watches, writes and tells is `job-controller.ts`. Given beside it: facts of a pod (`job-pods.ts`),
 * indexes (`job-indexes.ts`), `job-limits.ts`, `pod-failure-policy.ts`, `pod-backoff.ts`.
 */

import type { Job, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';

/** A status says of so many pods at most that they wait to be counted. */
export const MAX_UNCOUNTED_PODS = 500;
/** So many pods at most are created or deleted in one go. */
export const MAX_PODS_PER_SYNC = 500;

/** How a Job ends, and why: a condition that comes before `Complete` or `Failed`. */
export interface JobVerdict {
  readonly type: 'SuccessCriteriaMet' | 'FailureTarget';
  readonly reason: string;
  readonly message: string;
}

/** Pods that have ended, all that ever were. */
export interface EndedCounts {
  readonly succeeded: number;
  readonly failed: number;
}

/** What counting comes to. */
export interface Tracking {
  /** To be written first. */
  readonly status: JobStatus;
  /** Whose finalizer is taken off then. */
  readonly release: readonly Pod[];
}

/** What to do about pods now. */
export interface PodPlan {
  readonly remove: readonly Pod[];
  /** How many to make; of an Indexed Job as many as `indexes` has. */
  readonly create: number;
  /** Which indexes they are for; none when the Job is not Indexed. */
  readonly indexes: readonly number[];
  /** Pods are missing, but not before so long; absent: nothing to wait for. */
  readonly waitMs?: number;
}

/**
 * Moves those that need not wait any more from `status.uncountedTerminatedPods` to the counters.
 *
 * @remarks A pod that ended is counted in four steps, so that whoever crashes between two of them, or
 * sees an old cache, counts it neither twice nor never:
 *
 * ```text
 * pod p ended, tracked             status {}
 * 1 its uid is written             status { uncounted: { succeeded: [p] } }
 * 2 its finalizer is taken off     p may go from now on
 * 3 p is not tracked, or is gone   status { succeeded: 1, uncounted: {} }       ← this function
 * ```
 *
 * So a uid in the list whose pod is still tracked (`isTracked`) stays; one whose pod is not, or is not
 * among `pods`, goes, and `succeeded` or `failed` becomes one more. Both lists are looked at; an empty
 * list is left out, and so is a counter that is not there and stays 0.
 *
 * @param pods - all pods the Job has
 * @returns a new status; all else in it is as before, and `uncountedTerminatedPods` is always there
 * @see pkg/controller/job/job_controller.go (1.33), cleanUncountedPodsWithoutFinalizers
 * @exercise controller-manager/job
 */
export function settleUncounted(status: JobStatus | undefined, pods: readonly Pod[]): JobStatus {
  throw new NotImplemented('controller-manager/job', 'settleUncounted');
}

/**
 * How many pods have succeeded and failed, counted or not.
 *
 * @remarks The sum of three, of which a pod is in one at most:
 *
 * - those in the counters `status.succeeded` and `status.failed`;
 * - those in `status.uncountedTerminatedPods`, whether or not they are among `pods`;
 * - those of `pods` that are tracked, are in neither list, and have succeeded (`hasSucceeded`) or failed
 *   (`hasFailed`). Failures count only if they shall (`countsAsFailure`), and a pod of an Indexed Job
 *   only with an index that the Job asks for (`isExpected`).
 *
 * A pod that is not tracked is in one of the first two already, or is not to be counted. Of an Indexed
 * Job `succeeded` is how many indexes have succeeded: `succeededIndexes(job, pods).count`.
 *
 * ```text
 * status { succeeded: 4, uncountedTerminatedPods: { succeeded: [a], failed: [b] } }
 * pods a (tracked), c (tracked, succeeded), d (not tracked, succeeded)   →  succeeded 6, failed 1
 * ```
 *
 * @see pkg/controller/job/job_controller.go (1.33), getNewFinishedPods
 * @exercise controller-manager/job
 */
export function countEnded(job: Job, pods: readonly Pod[]): EndedCounts {
  throw new NotImplemented('controller-manager/job', 'countEnded');
}

/**
 * Notes pods that ended, and says whose finalizer is taken off once that is written.
 *
 * @remarks Begins with `settleUncounted`. Then, of the pods that are tracked, in their order, these are
 * *released*:
 *
 * - all, when there is a verdict or the Job is being deleted;
 * - else one that has succeeded;
 * - else one that has failed, unless it waits for its replacement (it is among the values of
 *   `awaitingReplacement(job, pods)`).
 *
 * Of a pod that is released, its uid is added
 *
 * - to `succeeded`, when it has succeeded and the Job is not Indexed;
 * - to `failed`, when it has failed, or has not succeeded and the verdict is `FailureTarget` (it never
 *   will); only if the failure counts (`countsAsFailure`) and the index is asked for (`isExpected`);
 *
 * each at the end of the list, and only if its uid is in neither list.
 *
 * The two lists have `MAX_UNCOUNTED_PODS` uids together at most. When they do, a pod that would have to
 * be added is not released; the others are, those that are in a list above all. And no more than
 * `MAX_UNCOUNTED_PODS` are released. The rest has its turn next time.
 *
 * Of an Indexed Job the fields of `indexStatus(job, pods)` take the place of what was there.
 *
 * @param verdict - absent: the Job goes on
 * @see pkg/controller/job/job_controller.go (1.33), trackJobStatusAndRemoveFinalizers
 * @exercise controller-manager/job
 */
export function trackPods(job: Job, pods: readonly Pod[], verdict?: JobVerdict): Tracking {
  throw new NotImplemented('controller-manager/job', 'trackPods');
}

/**
 * Is the Job over, and how?
 *
 * @remarks The first that is so. A verdict that was written down stays, whatever comes after:
 *
 * | when | type | reason, message |
 * |---|---|---|
 * | the condition `SuccessCriteriaMet` is true | `SuccessCriteriaMet` | the condition's |
 * | the condition `FailureTarget` is true | `FailureTarget` | the condition's |
 * | `failJobMessage` of a failed pod says something | `FailureTarget` | `PodFailurePolicy`, what it says |
 * | more pods failed than the limit | `FailureTarget` | `BackoffLimitExceeded`, `Job has reached the specified backoff limit` |
 * | containers were restarted too often (`restartedTooOften`) | `FailureTarget` | the same |
 * | it has been active for too long (`isPastDeadline`) | `FailureTarget` | `DeadlineExceeded`, `Job was active longer than specified deadline` |
 * | more of `failedIndexes` than `spec.maxFailedIndexes` | `FailureTarget` | `MaxFailedIndexesExceeded`, `Job has exceeded the specified maximal number of failed indexes` |
 * | some of `failedIndexes`, and with the succeeded ones they are all | `FailureTarget` | `FailedIndexes`, `Job has failed indexes` |
 * | `metSuccessRule` of an Indexed Job is a place | `SuccessCriteriaMet` | `SuccessPolicy`, `Matched rules at index 0` (the place) |
 * | enough pods succeeded, and none is active | `SuccessCriteriaMet` | `CompletionsReached`, `Reached expected number of succeeded pods` |
 *
 * *Enough* are `spec.completions`; without it (a work queue), one. How many succeeded and failed is
 * what `countEnded` says; the limit is `backoffLimitOf`.
 *
 * @param now - in milliseconds since 1970
 * @returns `undefined` when it goes on
 * @see pkg/controller/job/job_controller.go (1.33), syncJob
 * @exercise controller-manager/job
 */
export function verdictOf(job: Job, pods: readonly Pod[], now: number): JobVerdict | undefined {
  throw new NotImplemented('controller-manager/job', 'verdictOf');
}

/**
 * Which pods to delete, or how many to make.
 *
 * @remarks *Active* pods have not ended and are not being deleted (`isPodActive`). The first that is so:
 *
 * 1. With a verdict, and while the Job is suspended: all active pods go, and none is made. (While it is
 *    being deleted it does nothing.)
 * 2. How many should be active? With `spec.completions`: as many as are still to succeed
 *    (`countEnded`), and `spec.parallelism` at most. Without (a work queue): `spec.parallelism`, until
 *    one has succeeded; from then on those that are, for they know themselves when they are done.
 * 3. Those that are too many go: of an Indexed Job first all `misplacedPods`, and if more have to go, or
 *    it is not Indexed, the first of the others by `byRemoval`. At most `MAX_PODS_PER_SYNC`. When any
 *    go, none is made.
 * 4. Those that are missing are made, at most `MAX_PODS_PER_SYNC`; where only pods that have ended are
 *    replaced (`replacesOnlyEnded`), those still going (`isGoing`) take a place each. Not before
 *    `backoffMs` have passed: until then `waitMs` is that, and none is made. (Where failures are counted
 *    for each index, `hasLimitPerIndex`, `backoffMs` does not matter.)
 * 5. For an Indexed Job, `nextIndexes` says which indexes these pods are for; there may be fewer. It may
 *    say a `waitMs` instead.
 *
 * ```text
 * completions 5, parallelism 3      active  succeeded  failed
 *   3 − 0 active                    0       0          0       →  create 3
 *   min(3, 5 − 3) − 1               1       3          0       →  create 1
 *   min(3, 5 − 3) − 1, 10 s to wait 1       3          1       →  waitMs 10000
 *   min(3, 5 − 4) − 2               2       4          0       →  remove 1
 * ```
 *
 * @param verdict - of `verdictOf`; `undefined` when the Job goes on
 * @param backoffMs - how much longer it waits after failures; 0 when it need not
 * @param now - in milliseconds since 1970
 * @see pkg/controller/job/job_controller.go (1.33), manageJob
 * @exercise controller-manager/job
 */
export function planPods(
  job: Job,
  pods: readonly Pod[],
  verdict: JobVerdict | undefined,
  backoffMs: number,
  now: number,
): PodPlan {
  throw new NotImplemented('controller-manager/job', 'planPods');
}
