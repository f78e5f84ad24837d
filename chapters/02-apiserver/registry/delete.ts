/**
 * Deleting an object: at once, or first marked and removed when nobody needs it any more.
 *
 * An object with finalizers, or one that takes time to stop (a pod), stays with a
 * `deletionTimestamp` until the last finalizer is gone and the time is over. `update.ts` removes it
 * then. Next: `patch.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import { Stored } from '../storage/stored.ts';
import type { ListOptions } from './list.ts';
import type { Registry } from './registry.ts';

/** What `deleteObject` is told beside the name. */
export interface DeleteOptions {
  /** Absent: the kind's own choice. */
  readonly gracePeriodSeconds?: number;
  /** What must be true of the object that is deleted. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** What becomes of its dependents. Absent: what its finalizers say, else what the kind says. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** Do everything but write. */
  readonly dryRun?: boolean;
  /** Asked before anything is written, in each round; it may only refuse, by throwing. */
  readonly admit?: (old: ApiObject) => Promise<void> | void;
}

/** What came of it. */
export interface Deletion {
  /** The object as it is now, or as it was last. */
  readonly stored: Stored;
  /** Is it gone? Else it is marked, or was already. */
  readonly gone: boolean;
}

/** Finalizers by which the garbage collector knows what is wanted. */
export const ORPHAN_DEPENDENTS = 'orphan';
export const DELETE_DEPENDENTS_FIRST = 'foregroundDeletion';

/**
 * Deletes an object, or marks it to be deleted.
 *
 * @remarks One round:
 *
 * 1. Read what is stored (404). Check the preconditions (409), then `options.admit`.
 * 2. How long it gets, in seconds: for a kind with `gracePeriodSeconds`, what that says; for all
 *    others 0.
 * 3. Its finalizers. With `Orphan` it has `orphan` and not `foregroundDeletion`; with `Foreground`
 *    the other way round; with `Background` neither. Without a policy they stay as they are when it
 *    has one of the two; else `kind.defaultPropagation` counts, and where there is none they stay
 *    as well. All other finalizers stay; where none is left, there is no list of them either.
 * 4. When it has nothing to wait for (0 seconds, no finalizers, and `kind.isHeldBack` does not say
 *    otherwise) it is removed: `gone`.
 * 5. Else it is marked: `deletionTimestamp` is now plus the seconds (`timestamp`),
 *    `deletionGracePeriodSeconds` the seconds, and a `generation`, where there is one, is one more.
 *    One that is marked already keeps its mark, unless its seconds are more than what it gets now:
 *    then it goes earlier (by the difference) and has the fewer seconds. A generation moves, and
 *    `kind.prepareForDelete` is called, only with the first mark. Nothing is written when nothing
 *    changed.
 * 6. When somebody wrote in between, the next round begins with what is there now.
 *
 * ```text
 * a ConfigMap                                     → gone
 * a ConfigMap with the finalizer x.example/hold   → marked, 0 seconds
 * a running pod, nothing said                     → marked, 30 seconds from now
 * the same pod, gracePeriodSeconds 5              → marked, 5 seconds from the first time
 * the same pod, gracePeriodSeconds 0              → gone
 * a ReplicaSet, Foreground                        → marked, finalizers [foregroundDeletion]
 * ```
 *
 * With `dryRun` nothing is written, and `gone` is what it would be.
 *
 * @throws StatusError, as a rejection: 404 `newNotFound`; 409 `newConflict` with `the UID in the
 * precondition (X) does not match the UID in record (Y). The object might have been deleted and
 * then recreated` or `the ResourceVersion in the precondition (X) does not match the
 * ResourceVersion in record (Y). The object might have been modified` (each on one line)
 * @see k8s.io/apiserver/pkg/registry/generic/registry/store.go (Delete), registry/rest/delete.go
 * (1.33)
 * @exercise apiserver/delete
 */
export async function deleteObject(
  registry: Registry,
  namespace: string,
  name: string,
  options: DeleteOptions,
): Promise<Deletion> {
  throw new NotImplemented('apiserver/delete', 'deleteObject');
}

/**
 * Deletes all objects that `list` with these options gives.
 *
 * @remarks Each by `deleteObject`. One that somebody else deleted in between is no error, and not
 * among what is returned. What else
 * goes wrong with one ends it all, and others may be deleted already.
 *
 * @param selection - without a limit all pages of it
 * @returns the objects as they are now or were last, in the list's order
 * @exercise apiserver/delete
 */
export async function deleteCollection(
  registry: Registry,
  selection: ListOptions,
  options: DeleteOptions,
): Promise<Stored[]> {
  throw new NotImplemented('apiserver/delete', 'deleteCollection');
}
