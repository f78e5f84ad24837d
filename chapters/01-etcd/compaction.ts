/**
 * Compaction: forgetting history, so that a store which changes all day does not grow all day.
 *
 * Nothing that exists now is ever lost: of each live key the newest version stays, however old.
 */

import { NotImplemented } from '#not-implemented';
import type { ReadView } from './views.ts';

/**
 * Forgets every version that no read from `revision` on can see.
 *
 * @remarks
 * Each key's history decides what of it can go (`KeyIndex.compact`); what it drops is deleted from
 * the backend, and a key of which nothing is left leaves the tree. Only keys that changed from
 * the revision of the previous compaction on, itself included, up to this one can have anything to
 * drop. A tombstone that a snapshot brought
 * back may be in the backend though its key has no history; the store frees it itself. A trace:
 *
 * ```text
 * put a=1 (2)  put a=2 (3)  put b=1 (4)  delete b (5)  put c=1 (6)
 *
 * compact(5)   a: 2 dropped, 3 kept     b: 4 dropped, tombstone 5 kept for a watcher from 5
 * compact(6)   b: 5 dropped, b leaves the tree
 * a=2 can be read at 6 and later; a read at 5 is refused
 * ```
 *
 * @param view - the store as it is; `keys` and `backend` are changed in place
 * @param revision - the main revision compacted to
 * @returns the store's new compacted revision, which is `revision`
 * @throws CompactedError when `revision` is not later than the compacted revision
 * @throws FutureRevisionError when `revision` is later than the newest revision
 * @see etcd v3.5 server/mvcc/kvstore.go (checkPrevCompactionHash, Compact), kvstore_compaction.go
 * @exercise etcd/compaction
 */
export function compact(view: ReadView, revision: number): number {
  throw new NotImplemented('etcd/compaction', 'compact');
}
