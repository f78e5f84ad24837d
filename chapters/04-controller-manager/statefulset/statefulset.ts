/**
 * Pods with a number, a name and storage of their own: which one a StatefulSet makes, deletes or
 * mends next.
 *
 * Functions of what is there, which only say what is to be done; `statefulset-controller.ts` does it.
 * What a name says, and which numbers there should be, is `identity.ts`; what revisions are,
 * `controller-history.ts`.
 */

import type { StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';
import type { StatefulSet } from './identity.ts';

/** What a StatefulSet sees of the cluster. */
export interface StatefulSetView {
  /** As the API server gives it: defaults are set. */
  readonly set: StatefulSet;
  /** Its pods, in any order, also those that have ended or are being deleted; one of each name. */
  readonly pods: readonly Pod[];
  /** The name of the revision that was rolled out last. */
  readonly currentRevision: string;
  /** The name of the revision of the set's template. */
  readonly updateRevision: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Has a pod lost something of its identity, or have its claims other owners than they should? */
  readonly needsRepair: (pod: Pod) => boolean;
  /** Can this pod not be made yet, since a claim of an earlier one is still to be deleted? */
  readonly isHeldBack: (ordinal: number) => boolean;
}

/** One thing to do. */
export type StatefulSetStep =
  /** Make the pod of this number, from the template of the revision of this name, and its claims. */
  | { readonly do: 'create'; readonly ordinal: number; readonly revision: string }
  /** Make those of the pod's claims that are not there. */
  | { readonly do: 'claims'; readonly pod: Pod }
  /** Give the pod back what it lost of its identity, and its claims the owners they should have. */
  | { readonly do: 'repair'; readonly pod: Pod }
  | { readonly do: 'delete'; readonly pod: Pod };

/**
 * The pod of a number.
 *
 * @remarks `podFromTemplate` makes a pod of `spec.template`. It gets besides:
 *
 * - `metadata.name`: `web-2` (`podName`); the generated name's prefix stays;
 * - the labels `STATEFUL_SET_POD_NAME_LABEL` with its name, `POD_INDEX_LABEL` with its number and
 *   `CONTROLLER_REVISION_HASH_LABEL` with the revision's name;
 * - `spec.hostname`: its name; `spec.subdomain`: `spec.serviceName` of the set, left out if there is
 *   none. So it has the address `web-2.SERVICE`;
 * - a volume for each of `spec.volumeClaimTemplates`, named after the template
 *   (`{ name, persistentVolumeClaim: { claimName } }`, `claimName` of `identity.ts`). They come first,
 *   and take the place of the template's volumes of the same name. A pod without volumes has no
 *   `spec.volumes`.
 *
 * @param set - with the template of the pod's revision; not changed
 * @param revision - the name of that revision
 * @see pkg/controller/statefulset/stateful_set_utils.go (1.33), newStatefulSetPod
 * @exercise controller-manager/statefulset
 */
export function newStatefulSetPod(set: StatefulSet, ordinal: number, revision: string): Pod {
  throw new NotImplemented('controller-manager/statefulset', 'newStatefulSetPod');
}

/**
 * The claims of the pod of a number, in the order of their templates.
 *
 * @remarks Each is a copy of its template, with the name `data-web-2` (`claimName`), the set's
 * namespace, and besides the template's own labels those of the set's `spec.selector.matchLabels`,
 * which count more.
 *
 * @param set - not changed
 * @see pkg/controller/statefulset/stateful_set_utils.go (1.33), getPersistentVolumeClaims
 * @exercise controller-manager/statefulset
 */
export function newPersistentVolumeClaims(
  set: StatefulSet,
  ordinal: number,
): PersistentVolumeClaim[] {
  throw new NotImplemented('controller-manager/statefulset', 'newPersistentVolumeClaims');
}

/**
 * What a StatefulSet does next.
 *
 * @remarks Its numbers are `spec.replicas` many, from `spec.ordinals.start` (or 0) on. A pod is
 * *healthy* when its phase is `Running`, it is available (`isPodAvailable`, with
 * `spec.minReadySeconds`), and it is not being deleted. A set that is being deleted does nothing.
 * Steps come in this order:
 *
 * **1. The pods that should be there**, from the lowest number to the highest:
 *
 * - A pod that is missing: `create`, unless `isHeldBack`. Then, or if it is held back, *ordered* stops.
 * - One that has ended (`Succeeded` too): `delete`, unless it is being deleted. Then *ordered* stops.
 *   Nothing else happens to it.
 * - One that is `Pending`: `claims`.
 * - One that is not healthy: *ordered* stops.
 * - One that `needsRepair`: `repair`.
 *
 * **2. The pods that are too many**, those of other numbers, from the highest to the lowest: `repair`
 * for each that `needsRepair`. Then again from the highest to the lowest:
 *
 * - One that is being deleted: *ordered* stops.
 * - One that is not healthy: *ordered* stops, unless it is the lowest of those too many that are not
 *   healthy.
 * - `delete`. Then *ordered* stops.
 *
 * **3. Pods of another revision than `updateRevision`**, under `RollingUpdate` only. A pod is *old* when
 * it is of another revision, has not ended and is not being deleted. Of the numbers that should be
 * there only those from start + `partition` (absent: 0) on are updated. A missing pod is not healthy.
 *
 * - Without `maxUnavailable`: look from the highest number to the lowest for the first pod that is old or
 *   not healthy. If it is old: `delete`. If not: nothing, since it is waited for.
 * - With it: it is a number, or a percentage of `spec.replicas`, rounded down (`scaledValue`), but at
 *   least 1. Take from it the count of all that should be there and are not healthy, also those below
 *   the partition. So many old ones are deleted, from the highest number to the lowest.
 *
 * "*Ordered* stops" (`OrderedReady`): no further step, not of the later parts either. `Parallel`
 * goes on with the next pod.
 *
 * **The revision of a pod to create**: `currentRevision` when its number is below start + `partition`;
 * if there is a strategy `RollingUpdate` and no `rollingUpdate`, below start +
 * `status.currentReplicas`. Else `updateRevision`.
 *
 * ```text
 * 3 replicas, ordered      nothing                    create 0
 *                          0 Pending                  claims 0
 *                          0 healthy                  create 1
 *                          0 1 2 healthy, all old     delete 2
 *                          0 1, 2 being deleted       nothing
 *                          0 1 healthy and old        create 2 (new)
 * 1 replica                0 1 2 healthy              delete 2
 *                          0 Failed, 1 2 healthy      delete 0
 * ```
 *
 * @see pkg/controller/statefulset/stateful_set_control.go (1.33), updateStatefulSet
 * @exercise controller-manager/statefulset
 */
export function statefulSetSteps(view: StatefulSetView): StatefulSetStep[] {
  throw new NotImplemented('controller-manager/statefulset', 'statefulSetSteps');
}

/**
 * The status of a StatefulSet with these pods.
 *
 * @remarks All of its pods count, also those that are too many:
 *
 * - `replicas`: all that are there, also those being deleted;
 * - `readyReplicas`: phase `Running`, and ready (`isPodReady`); `availableReplicas`: of these, those
 *   that are available (`isPodAvailable`, with `spec.minReadySeconds`);
 * - `currentReplicas` and `updatedReplicas`: not being deleted, and of `currentRevision` or
 *   `updateRevision`. When both are the same, a pod counts in both;
 * - `currentRevision`, `updateRevision`: their names; `observedGeneration`: `metadata.generation`;
 * - `collisionCount`: as it was, or 0.
 *
 * Counts other than `replicas` and `availableReplicas` are left out when they are 0.
 *
 * A rollout is over when the strategy is `RollingUpdate`, and `replicas`, `readyReplicas` and
 * `updatedReplicas` are all `spec.replicas`: then `currentRevision` is `updateRevision`, and
 * `currentReplicas` is `updatedReplicas`.
 *
 * @see pkg/controller/statefulset/stateful_set_control.go (1.33), updateStatus, completeRollingUpdate
 * @exercise controller-manager/statefulset
 */
export function statefulSetStatus(view: StatefulSetView): StatefulSetStatus {
  throw new NotImplemented('controller-manager/statefulset', 'statefulSetStatus');
}
