/**
 * Deleting one key or a range of keys.
 *
 * A deletion is a write like any other: a tombstone under a revision, which watchers see.
 */

import { NotImplemented } from '#not-implemented';
import type { DeleteRangeRequest, DeleteRangeResponse } from './rpc.ts';
import type { WriteView } from './views.ts';

/**
 * Deletes every key of a range that exists.
 *
 * @remarks
 * Each deleted key gets a tombstone: `view.keys` learns the revision, and `view.write` stores a
 * version with the key, the `modRevision`, `version` 0, and everything else empty or 0. All
 * tombstones of one request share a main revision; deleting nothing makes no revision.
 *
 * ```text
 * store at 4: a, b, c
 * delete [a, c)   → deleted 2; a's tombstone is (5,0), b's is (5,1); header.revision 5
 * delete [a, c)   → deleted 0; header.revision 5
 * ```
 *
 * @param view - one write request; other changes may already be in it, and its own puts are seen
 * @param request - one key, `[key, rangeEnd)`, or from `key` on when `rangeEnd` is `'\0'`
 * @returns how many keys were deleted and, with `prevKv`, their versions before in key order
 * @see etcd v3.5 server/mvcc/kvstore_txn.go (deleteRange)
 * @exercise etcd/delete
 */
export function deleteRange(view: WriteView, request: DeleteRangeRequest): DeleteRangeResponse {
  throw new NotImplemented('etcd/delete', 'deleteRange');
}
