/**
 * Compaction: forgetting history, so that a store which changes all day does not grow all day.
 *
 * Nothing that exists now is ever lost: of each live key the newest version stays, however old.
 */

import { CompactedError, FutureRevisionError } from './errors.ts';
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
  if (revision <= view.compactedRevision) {
    throw new CompactedError(revision, view.compactedRevision);
  }
  if (revision > view.revision) throw new FutureRevisionError(revision, view.revision);

  for (const key of keysChanged(view, Math.max(view.compactedRevision, 0), revision)) {
    const index = view.keys.get(key);
    if (index === undefined) continue;
    for (const dropped of index.compact(revision)) view.backend.delete(dropped);
    if (index.isEmpty()) view.keys.delete(key);
  }
  return revision;
}

/** The keys that changed at main revisions `first` to `last`, each once. */
function keysChanged(view: ReadView, first: number, last: number): Set<string> {
  const keys = new Set<string>();
  for (let main = first; main <= last; main++) {
    for (const kv of view.backend.changesAt(main)) keys.add(kv.key);
  }
  return keys;
}
