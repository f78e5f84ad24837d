/**
 * Who owns whom, in the whole cluster: what the garbage collector remembers of every object.
 *
 * What is done with an object that has to be looked at is `garbage-collector.ts`.
 */

import type { OwnerReference } from 'kubernetes-types/meta/v1.js';
import type { ResourceType } from '#client';
import { NotImplemented } from '#not-implemented';

/** What is remembered of an object. */
export interface ObjectNode {
  readonly uid: string;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  /** Is it marked to be deleted? */
  readonly isBeingDeleted: boolean;
  readonly finalizers: readonly string[];
}

/** The finalizer of an owner whose dependents are to be set free before it goes. */
export const ORPHAN_FINALIZER = 'orphan';
/** The finalizer of an owner whose dependents are to go before it. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';

/** Does it wait until its dependents were set free? */
export function isOrphaning(node: ObjectNode): boolean {
  return node.isBeingDeleted && node.finalizers.includes(ORPHAN_FINALIZER);
}

/** Does it wait until its dependents are gone? */
export function isDeletingDependents(node: ObjectNode): boolean {
  return node.isBeingDeleted && node.finalizers.includes(FOREGROUND_FINALIZER);
}

/**
 * The graph of owners and dependents, by uid. References to owners that were never seen are edges, too:
 * the owner may come later, or be gone.
 *
 * @remarks Each change says which objects have to be looked at because of it, by uid, each once:
 *
 * - An object is seen for the first time: it, when one of its owners is not in the graph or
 *   waits for its dependents to go (`isDeletingDependents`), or when it is itself `isOrphaning` or
 *   `isDeletingDependents`.
 * - An object is seen again: as for the first time, if its owners are others than before, or it is
 *   orphaning or deleting dependents now and was not. With a blocking reference (`blockOwnerDeletion`)
 *   that was lost, or does not block any more, the owner it led to, when that is deleting dependents.
 *   Other changes are none.
 * - It begins to delete its dependents: they, too.
 * - An object is gone: its dependents; and its owners that are deleting dependents.
 *
 * ```text
 * see rs (no owners)                 → nothing
 * see pod (owner rs)                 → nothing
 * see rs, foreground                 → rs, pod
 * gone pod                           → rs
 * gone rs                            → nothing
 * see late (owner rs)                → late
 * ```
 *
 * @see pkg/controller/garbagecollector/graph_builder.go (1.33)
 */
export class OwnerGraph {
  // Your state goes here: fields of your own choosing.

  /**
   * An object was seen, new or changed.
   *
   * @returns the uids of those to look at, in any order
   * @exercise controller-manager/garbage-collector
   */
  see(node: ObjectNode): string[] {
    throw new NotImplemented('controller-manager/garbage-collector', 'OwnerGraph.see');
  }

  /**
   * An object is gone; one that was not known may have dependents all the same.
   *
   * @returns the uids of those to look at, in any order
   * @exercise controller-manager/garbage-collector
   */
  forget(uid: string): string[] {
    throw new NotImplemented('controller-manager/garbage-collector', 'OwnerGraph.forget');
  }

  /** @exercise controller-manager/garbage-collector */
  get(uid: string): ObjectNode | undefined {
    throw new NotImplemented('controller-manager/garbage-collector', 'OwnerGraph.get');
  }

  /**
   * The objects that name this one as an owner.
   *
   * @exercise controller-manager/garbage-collector
   */
  dependentsOf(uid: string): ObjectNode[] {
    throw new NotImplemented('controller-manager/garbage-collector', 'OwnerGraph.dependentsOf');
  }
}

/** Does a reference keep its owner from going before its dependent? */
export function isBlocking({ blockOwnerDeletion }: OwnerReference): boolean {
  return blockOwnerDeletion === true;
}
