/**
 * What becomes of an object whose owners are going or gone.
 *
 * Decisions only: `garbage-collector-controller.ts` finds out how owners are and does what is decided.
 * Which objects are looked at, and when, is `owner-graph.ts`.
 */

import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import { NotImplemented } from '#not-implemented';
import type { ObjectNode } from './owner-graph.ts';

/** How an owner is. */
export type OwnerState =
  /** It is there. */
  | 'solid'
  /** It is not there, or another one has its name by now. */
  | 'absent'
  /** It is being deleted, and waits until its dependents are gone. */
  | 'waiting';

/** What becomes of an object. */
export type Verdict =
  | { readonly action: 'keep' }
  /** The references to these owners are taken away; the object stays. */
  | { readonly action: 'drop-owners'; readonly uids: readonly string[] }
  /** The object is deleted; before that, with `unblock`, its references stop blocking their owners. */
  | {
      readonly action: 'delete';
      readonly propagationPolicy: 'Background' | 'Foreground' | 'Orphan';
      readonly unblock: boolean;
    };

/**
 * Says what becomes of an object.
 *
 * @remarks
 * - One without owners, and one that is being deleted already, stays as it is (its deletion is under way).
 * - As long as one owner is solid, it stays; references to all others are dropped.
 * - Without a solid owner, but with one that is waiting, and with dependents of its own: it goes in the
 *   foreground, so that its dependents go before it. If one of these is itself deleting dependents, the two
 *   might wait for each other, so its own references are to stop blocking first (`unblock`).
 * - Else it goes, as its own finalizers ask for: `orphan` → `Orphan` (whatever else there is),
 *   `foregroundDeletion` → `Foreground`, neither → `Background`.
 *
 * ```text
 * owners            dependents   →
 * solid, absent     any          drop the absent one
 * absent            any          delete, Background
 * waiting           none         delete, Background
 * waiting, absent   some         delete, Foreground
 * ```
 *
 * @param stateOf - how each owner is
 * @param dependents - of the object
 * @see pkg/controller/garbagecollector/garbagecollector.go (1.33), attemptToDeleteItem
 * @exercise controller-manager/garbage-collector
 */
export function judge(
  object: ObjectNode,
  stateOf: (owner: OwnerReference) => OwnerState,
  dependents: readonly ObjectNode[],
): Verdict {
  throw new NotImplemented('controller-manager/garbage-collector', 'judge');
}

/** What is to be done for an owner that is being deleted and waits. */
export type OwnerStep =
  | { readonly action: 'nothing' }
  /** The references to it are taken away from these dependents; then the finalizer `orphan` goes. */
  | { readonly action: 'orphan'; readonly dependents: readonly ObjectNode[] }
  /** These dependents are to be looked at: they keep it from going. */
  | { readonly action: 'wait'; readonly dependents: readonly ObjectNode[] }
  /** Nothing keeps it: the finalizer `foregroundDeletion` goes. */
  | { readonly action: 'release' };

/**
 * Says what is to be done for an owner that is being deleted.
 *
 * @remarks One that is orphaning (`isOrphaning`) sets all its dependents free. One that is deleting
 * dependents waits for those whose reference to it has `blockOwnerDeletion`, and is released when there
 * are none; others do not hold it up. One that is both sets them free first. Any other: nothing.
 *
 * @param dependents - of the owner
 * @see pkg/controller/garbagecollector/garbagecollector.go (1.33), attemptToOrphanWorker,
 * processDeletingDependentsItem
 * @exercise controller-manager/garbage-collector
 */
export function nextForOwner(owner: ObjectNode, dependents: readonly ObjectNode[]): OwnerStep {
  throw new NotImplemented('controller-manager/garbage-collector', 'nextForOwner');
}
