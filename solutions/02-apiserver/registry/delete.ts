/**
 * Deleting an object: at once, or first marked and removed when nobody needs it any more.
 *
 * An object with finalizers, or one that takes time to stop (a pod), stays with a
 * `deletionTimestamp` until the last finalizer is gone and the time is over. `update.ts` removes it
 * then. Next: `patch.ts`.
 */

import { deepCopy, isNotFound, newConflict, newNotFound, timestamp } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { Stored } from '../storage/stored.ts';
import { type ListOptions, list } from './list.ts';
import { isReadyToGo } from './ready-to-go.ts';
import { keyOf, type Registry, resourceOf } from './registry.ts';

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
  const { storage } = registry;
  let current = await storage.get(keyOf(registry, namespace, name));
  for (;;) {
    if (current === undefined) throw newNotFound(resourceOf(registry), name);
    checkPreconditions(registry, current, options);
    await options.admit?.(current.object);
    const object = deepCopy(current.object);
    const changed = mark(registry, object, options);
    const gone = isReadyToGo(registry.kind, object);
    if (options.dryRun) return { stored: new Stored(current.key, current.revision, object), gone };
    if (!gone && !changed) return { stored: current, gone: false };
    const outcome = gone ? await storage.remove(current) : await storage.replace(current, object);
    if (outcome.done) return { stored: outcome.stored, gone };
    current = outcome.current;
  }
}

function checkPreconditions(
  registry: Registry,
  { object, revision }: Stored,
  { preconditions = {} }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  const { name = '', uid: actual } = object.metadata;
  if (uid !== undefined && uid !== actual) {
    throw newConflict(
      resourceOf(registry),
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${actual}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== String(revision)) {
    throw newConflict(
      resourceOf(registry),
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${revision}). The object might have been modified`,
    );
  }
}

/**
 * Marks an object as being deleted, with the time and the finalizers it gets.
 *
 * @returns whether that changed it
 */
function mark(registry: Registry, object: ApiObject, options: DeleteOptions): boolean {
  const { kind, clock } = registry;
  const { metadata } = object;
  const seconds = kind.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0;
  const finalizersChanged = setFinalizers(registry, metadata, options);
  if (metadata.deletionTimestamp === undefined) {
    metadata.deletionTimestamp = timestamp(clock.now() + seconds * 1000);
    metadata.deletionGracePeriodSeconds = seconds;
    if (metadata.generation !== undefined) metadata.generation += 1;
    kind.prepareForDelete?.(object);
    return true;
  }
  const before = metadata.deletionGracePeriodSeconds ?? 0;
  if (seconds >= before) return finalizersChanged;
  const due = Date.parse(metadata.deletionTimestamp) - (before - seconds) * 1000;
  metadata.deletionTimestamp = timestamp(due);
  metadata.deletionGracePeriodSeconds = seconds;
  return true;
}

function setFinalizers(
  { kind }: Registry,
  metadata: ApiObject['metadata'],
  { propagationPolicy }: DeleteOptions,
): boolean {
  const before = metadata.finalizers ?? [];
  const others = before.filter((f) => f !== ORPHAN_DEPENDENTS && f !== DELETE_DEPENDENTS_FIRST);
  const says = others.length < before.length;
  const policy = propagationPolicy ?? (says ? undefined : kind.defaultPropagation);
  if (policy === undefined) return false;
  const wanted = FINALIZER_OF[policy];
  const after = wanted === undefined ? others : [...others, wanted];
  if (after.length > 0) metadata.finalizers = after;
  else delete metadata.finalizers;
  return after.length !== before.length || after.some((f) => !before.includes(f));
}

const FINALIZER_OF: Readonly<Record<string, string | undefined>> = {
  Orphan: ORPHAN_DEPENDENTS,
  Foreground: DELETE_DEPENDENTS_FIRST,
  Background: undefined,
};

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
  const { items } = await list(registry, selection);
  const deleted: Stored[] = [];
  for (const { object } of items) {
    const { namespace = '', name = '' } = object.metadata;
    try {
      deleted.push((await deleteObject(registry, namespace, name, options)).stored);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return deleted;
}
