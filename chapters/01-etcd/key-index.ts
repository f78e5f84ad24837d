/**
 * The history of one key: every life it had, and every revision in each life.
 *
 * It knows revisions only, never values; those are in the backend, under the revision.
 * `tree-index.ts` keeps one of these per key, in key order.
 */

import { NotImplemented } from '#not-implemented';
import type { Revision } from './revision.ts';

/** What a key looked like at a revision. */
export interface KeyVersion {
  /** The change that made this version; the value is stored under it. */
  readonly modified: Revision;
  /** The put that began this life of the key. */
  readonly created: Revision;
  /** 1 for that first put, one more for each later put of this life. */
  readonly version: number;
}

/**
 * One key's revisions, grouped into generations.
 *
 * @remarks
 * A generation begins with the put that creates the key and ends with a tombstone. The put after a
 * tombstone begins a new generation: `created` moves on and `version` starts at 1 again. A trace:
 *
 * ```text
 * put(2) put(4) tombstone(6) put(8) tombstone(10)
 *
 * generations    {2, 4, 6t}  {8, 10t}
 *
 * get(1) → nothing          the key did not exist
 * get(3) → modified 2, created 2, version 1
 * get(5) → modified 4, created 2, version 2
 * get(7) → nothing          between two lives
 * get(9) → modified 8, created 8, version 1
 * get(20) → nothing         the second life is over
 *
 * compact(3) → nothing dropped, 2 is what a reader at 3 sees        {2, 4, 6t} {8, 10t}
 * compact(5) → 2 dropped; 4 stays                                   {4, 6t}    {8, 10t}
 * compact(6) → 4 dropped; a watcher from 6 on still needs 6t        {6t}       {8, 10t}
 * compact(7) → 6t dropped, the first life is gone                              {8, 10t}
 * compact(11) → 8 and 10t dropped, the index is empty
 *
 * several changes in one main revision: in each life only the last stays
 *
 * put(4,0) tombstone(4,1)                          compact(4) → (4,0) dropped
 * put(2) tombstone(5,0) put(5,1)                   compact(5) → 2 dropped
 * put(2) tombstone(5,0) put(5,1) tombstone(5,2)    compact(5) → 2 and (5,1) dropped
 *                                                  compact(6) → (5,0) and (5,2) dropped, empty
 * ```
 *
 * Revisions are given in ascending order: `put` and `tombstone` are only ever called with a
 * revision later than all before.
 *
 * @see etcd v3.5 server/mvcc/key_index.go
 */
export class KeyIndex {
  // Your state goes here: fields of your own choosing.

  /**
   * Brings back a key of which only the newest life is known, as a snapshot remembers it.
   *
   * @param created - the put that began this life
   * @param modified - its oldest version that is still stored; a live one, not a tombstone
   * @param version - the version number of `modified`
   * @returns an index that answers from `modified` on, and counts versions on from `version`
   * @exercise etcd/key-index
   */
  static restore(created: Revision, modified: Revision, version: number): KeyIndex {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.restore');
  }

  /**
   * Records a put.
   *
   * @param revision - later than every revision recorded before
   * @returns the version this put made; it begins a new life if the key did not exist
   * @exercise etcd/key-index
   */
  put(revision: Revision): KeyVersion {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.put');
  }

  /**
   * Records a deletion.
   *
   * @param revision - later than every revision recorded before
   * @returns true when it ended a life; false when the key did not exist, and nothing was recorded
   * @exercise etcd/key-index
   */
  tombstone(revision: Revision): boolean {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.tombstone');
  }

  /**
   * Finds the version of the key that a reader at `atMain` sees.
   *
   * @param atMain - a main revision; all changes of that main revision are seen
   * @returns the newest version not later than `atMain`; `undefined` when the key did not exist
   * then, or what was there has been compacted
   * @exercise etcd/key-index
   */
  get(atMain: number): KeyVersion | undefined {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.get');
  }

  /**
   * Forgets what is older than what a reader at `atMain` sees.
   *
   * @remarks
   * Each life is looked at by itself. Of its changes up to `atMain` only the newest is kept,
   * because a reader at `atMain` sees it. A life that ended before `atMain` goes as a whole; of one
   * that ended at `atMain` the tombstone stays, because a watcher may start there. What a life went
   * through earlier in `atMain` itself is forgotten, even by that watcher: (4,0) in the trace.
   *
   * @param atMain - the main revision compacted to
   * @returns the revisions that were forgotten, ascending; the caller frees what is stored there
   * @exercise etcd/key-index
   */
  compact(atMain: number): Revision[] {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.compact');
  }

  /**
   * Tells whether nothing at all is remembered, so that the key can leave the tree.
   *
   * @exercise etcd/key-index
   */
  isEmpty(): boolean {
    throw new NotImplemented('etcd/key-index', 'KeyIndex.isEmpty');
  }
}
