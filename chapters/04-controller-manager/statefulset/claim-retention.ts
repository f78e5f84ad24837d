/**
 * What becomes of a claim when its pod, or the whole set, goes: whom the garbage collector finds as its
 * owner. Given.
 *
 * @see pkg/controller/statefulset/stateful_set_utils.go (1.33), isClaimOwnerUpToDate
 */

import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import {
  apiVersionOf,
  type GroupVersionKind,
  type KubernetesObject,
  newControllerRef,
  type OwnerReference,
} from '#apimachinery';
import { isInRange, ordinalOf, STATEFUL_SET_KIND, type StatefulSet } from './identity.ts';

const POD_KIND = { group: '', version: 'v1', kind: 'Pod' };

/** Is the claim kept, whatever goes? */
export function retainsClaims(set: StatefulSet): boolean {
  const { whenDeleted, whenScaled } = policyOf(set);
  return whenDeleted === 'Retain' && whenScaled === 'Retain';
}

/** Is a claim deleted with a pod that is one too many? */
export function deletesWhenScaled(set: StatefulSet): boolean {
  return policyOf(set).whenScaled === 'Delete';
}

function policyOf({ spec }: StatefulSet): { whenDeleted: string; whenScaled: string } {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } =
    spec?.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

/** Is the claim still owned by an earlier pod, or set, of that name? */
export function isStaleFor(
  claim: PersistentVolumeClaim,
  owner: KubernetesObject,
  kind: GroupVersionKind,
): boolean {
  return ownersOf(claim).some(
    (ref) => refersTo(ref, owner, kind) && ref.uid !== owner.metadata?.uid,
  );
}

/** As `isStaleFor` for a pod. */
export function isStaleForPod(claim: PersistentVolumeClaim, pod: Pod): boolean {
  return isStaleFor(claim, pod, POD_KIND);
}

/**
 * The owners a claim should have.
 *
 * @remarks
 *
 * | `whenScaled` | `whenDeleted` | pod in range | pod one too many |
 * |---|---|---|---|
 * | Retain | Retain | | |
 * | Retain | Delete | the set | the set |
 * | Delete | Retain | | the pod |
 * | Delete | Delete | the set | the pod |
 *
 * Others' references stay. A claim that an earlier pod or set of that name owns, or somebody else
 * manages, is not given an owner.
 *
 * @returns `undefined` when they are right already
 */
export function claimOwners(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
): OwnerReference[] | undefined {
  if (isStaleFor(claim, set, STATEFUL_SET_KIND) || isStaleForPod(claim, pod)) return undefined;
  const isOurs = (ref: OwnerReference): boolean =>
    refersTo(ref, set, STATEFUL_SET_KIND) || refersTo(ref, pod, POD_KIND);
  const before = ownersOf(claim);
  const others = before.filter((ref) => !isOurs(ref));
  const wanted = hasOtherController(set, pod, claim) ? [] : ownRefs(set, pod);
  const ours = before.filter(isOurs);
  const isRight =
    ours.length === wanted.length &&
    wanted.every(({ uid }) => ours.some((ref) => ref.uid === uid && ref.controller === true));
  return isRight ? undefined : [...others, ...wanted];
}

/** Does somebody else manage the claim, so that the policy cannot hold? */
export function hasOtherController(
  set: StatefulSet,
  pod: Pod,
  claim: PersistentVolumeClaim,
): boolean {
  if (retainsClaims(set)) return false;
  return ownersOf(claim).some(
    (ref) =>
      ref.controller === true &&
      !refersTo(ref, set, STATEFUL_SET_KIND) &&
      !refersTo(ref, pod, POD_KIND),
  );
}

function ownRefs(set: StatefulSet, pod: Pod): OwnerReference[] {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenScaled === 'Delete' && !isInRange(set, ordinalOf(pod))) {
    return [newControllerRef(pod, POD_KIND)];
  }
  return whenDeleted === 'Delete' ? [newControllerRef(set, STATEFUL_SET_KIND)] : [];
}

function ownersOf({ metadata }: PersistentVolumeClaim): readonly OwnerReference[] {
  return metadata?.ownerReferences ?? [];
}

function refersTo(ref: OwnerReference, owner: KubernetesObject, kind: GroupVersionKind): boolean {
  return (
    ref.apiVersion === apiVersionOf(kind) &&
    ref.kind === kind.kind &&
    ref.name === owner.metadata?.name
  );
}
