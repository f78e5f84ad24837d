/**
 * As many pods as there should be: what a ReplicaSet does with those it has.
 *
 * How it gets its pods, and who wakes it, is `replicaset-controller.ts`; what deletion is decided by
 * is `deletion-order.ts`. A ReplicationController is one here too (`replica-owner.ts`).
 */

import type { Pod } from 'kubernetes-types/core/v1.js';
import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ReconcileResult } from '../control-loop.ts';
import type { Expectations } from '../expectations.ts';
import type { ReplicaOwner, ReplicaSetStatus } from './replica-owner.ts';

/** So many pods at most are created or deleted in one go. */
export const BURST_REPLICAS = 500;

/** What the first batch of a slow start has. */
export const SLOW_START_INITIAL_BATCH_SIZE = 1;

/** What a ReplicaSet sees of the cluster, and what it can do. */
export interface ReplicaSetActions<R extends ReplicaOwner = ReplicaOwner> {
  readonly clock: Clock;
  readonly expectations: Expectations;
  /** From the cache; `undefined` when it is gone. */
  get(key: string): R | undefined;
  /**
   * Its active pods: reads the cache, adopts and releases. Pods that have ended or are being deleted
   * are not among them.
   */
  claimPods(owner: R): Promise<Pod[]>;
  /** The pods of all ReplicaSets that have the same controller, its own too; none without a controller. */
  relatedPods(owner: R): readonly Pod[];
  /** Creates one pod of the template and tells of it; rejects with what the API server answered. */
  createPod(owner: R): Promise<unknown>;
  /** Deletes a pod and tells of it. Resolves to false when the pod was gone already. */
  deletePod(owner: R, pod: Pod): Promise<boolean>;
  /** Writes the status, if it is another one than before. */
  updateStatus(owner: R, status: ReplicaSetStatus): Promise<void>;
}

/**
 * Does something many times, first a few at once, then more and more, and stops when it fails.
 *
 * @remarks Batches have `initialBatchSize`, twice that, four times that … calls, the last one what is
 * left; the calls of a batch run at the same time. When any call of a batch fails, the batch is
 * waited for, and no other begins. So what fails for all, such as a quota that is used up, is asked
 * for a few times and not a few hundred times.
 *
 * ```text
 * count 10, from 1     1, 2, 4, 3 calls
 * the second fails     1, 2 calls → successes 2, one error
 * ```
 *
 * @returns how many calls went well, and what the calls that did not were rejected with, in order
 * @see pkg/controller/replicaset/replica_set.go (1.33), slowStartBatch
 * @exercise controller-manager/replicaset
 */
export async function slowStartBatch(
  count: number,
  initialBatchSize: number,
  call: () => Promise<unknown>,
): Promise<{ readonly successes: number; readonly errors: readonly unknown[] }> {
  throw new NotImplemented('controller-manager/replicaset', 'slowStartBatch');
}

/**
 * Says which pods go when there are too many.
 *
 * @remarks The first that is different between two pods decides which goes first:
 *
 * 1. one that is on no node (`spec.nodeName`) before one that is on one;
 * 2. `Pending` before `Unknown` before `Running` (`phaseOrder`);
 * 3. one that is not ready (`isPodReady`) before one that is;
 * 4. the one with the lower `deletionCost`;
 * 5. the one on whose node there are more active pods of `related`;
 * 6. if both are ready, the one that became so later (`compareMoments` of `readyMoment`);
 * 7. the one with more restarts (`mostRestarts`), of containers, then of sidecars;
 * 8. the one that was created later (`compareMoments` of `creationMoment`).
 *
 * @param pods - all active; not changed
 * @param related - the pods that should not be left together on one node; usually `pods` are among them
 * @param count - how many are to go; all, if there are not more
 * @param now - milliseconds since 1970
 * @see pkg/controller/controller_utils.go (1.33), ActivePodsWithRanks
 * @exercise controller-manager/replicaset
 */
export function podsToDelete(
  pods: readonly Pod[],
  related: readonly Pod[],
  count: number,
  now: number,
): Pod[] {
  throw new NotImplemented('controller-manager/replicaset', 'podsToDelete');
}

/**
 * Creates the pods that are missing, or deletes those that are too many; at most `BURST_REPLICAS`.
 *
 * @remarks
 * - *Too few*: it expects as many creations, and creates in batches (`slowStartBatch`, beginning with
 *   `SLOW_START_INITIAL_BATCH_SIZE`). Every pod that was not created, because its creation failed or
 *   was not tried any more, is not expected any more. That the namespace is being deleted
 *   (`isNamespaceTerminating`) is no failure, for the batches neither: they go on, and nobody needs to
 *   hear of it. Whether such a pod is still expected does not matter any more.
 * - *Too many*: it chooses (`podsToDelete`, with `relatedPods`, by `clock.now()`), expects their
 *   deletions by uid, and deletes them all at once. The deletion of a pod that was gone already, or
 *   whose deletion failed, is not expected any more.
 * - *As many as there should be*: nothing.
 *
 * Expectations are set before the first request: the cache may tell of a pod before the answer comes.
 * Their key is the owner's (`keyOf`).
 *
 * @param pods - its active pods
 * @throws what the first request that failed was rejected with, as a rejection, after all have ended
 * @see pkg/controller/replicaset/replica_set.go (1.33), manageReplicas
 * @exercise controller-manager/replicaset
 */
export async function manageReplicas<R extends ReplicaOwner>(
  owner: R,
  pods: readonly Pod[],
  actions: ReplicaSetActions<R>,
): Promise<void> {
  throw new NotImplemented('controller-manager/replicaset', 'manageReplicas');
}

/**
 * The status of a ReplicaSet with these pods.
 *
 * @remarks
 * - `replicas`: how many there are, 0 too. The other counts are left out when they are 0:
 *   `fullyLabeledReplicas` have all labels of the template; `readyReplicas` are ready;
 *   `availableReplicas` have been so for `minReadySeconds` (`isPodAvailable`).
 * - `observedGeneration`: the owner's `metadata.generation`.
 * - `conditions`: `ReplicaFailure` is `True` while pods cannot be created (reason `FailedCreate`) or
 *   deleted (`FailedDelete`: there are more than there should be), with the failure's message and the
 *   time. One that is there already stays as it is, as long as there is a failure, and goes when there
 *   is none. Other conditions stay. Without any, the field is left out.
 *
 * @param failure - what `manageReplicas` was rejected with; absent when all went well, or nothing was
 * done
 * @see pkg/controller/replicaset/replica_set_utils.go (1.33), calculateStatus
 * @exercise controller-manager/replicaset
 */
export function calculateStatus(
  owner: ReplicaOwner,
  pods: readonly Pod[],
  failure: Error | undefined,
  clock: Pick<Clock, 'now'>,
): ReplicaSetStatus {
  throw new NotImplemented('controller-manager/replicaset', 'calculateStatus');
}

/**
 * Makes a ReplicaSet right: as many pods as there should be, and a status that says how it is.
 *
 * @remarks In this order, for each step relies on the ones before:
 *
 * 1. One that is gone has its expectations forgotten, and that is all.
 * 2. Are its expectations satisfied? This is asked before its pods are looked at, so that what comes
 *    in between is not taken for a change that was seen.
 * 3. Its pods are claimed. If that fails, so does the whole.
 * 4. `manageReplicas`, if expectations were satisfied and the owner is not being deleted.
 * 5. The status is written, also when 4 failed.
 * 6. Then 4's failure, if there was one, is thrown.
 *
 * @returns when to look again though nothing changes: as soon as the next pod that is ready will be
 * available; without `requeueAfterMs` when there is none
 * @throws what 3, 4 or 5 was rejected with, as a rejection
 * @see pkg/controller/replicaset/replica_set.go (1.33), syncReplicaSet
 * @exercise controller-manager/replicaset
 */
export async function syncReplicaSet<R extends ReplicaOwner>(
  key: string,
  actions: ReplicaSetActions<R>,
): Promise<ReconcileResult> {
  throw new NotImplemented('controller-manager/replicaset', 'syncReplicaSet');
}
