/**
 * Reading many keys: one key, a half-open range, everything from a key on; now or in the past.
 *
 * How a request is checked, selected, filtered, sorted and cut, in that order.
 */

import { NotImplemented } from '#not-implemented';
import type { RangeRequest, RangeResponse } from './rpc.ts';
import type { ReadView } from './views.ts';

/**
 * Decides at which main revision a read happens.
 *
 * @param view - what the reader sees
 * @param requested - the revision asked for; left out, 0 or less means the newest
 * @returns a main revision that can be read
 * @throws FutureRevisionError when `requested` is later than the newest revision
 * @throws CompactedError when `requested` is earlier than the compacted revision; reading exactly
 * at the compacted revision is allowed
 * @exercise etcd/range
 */
export function readRevision(view: ReadView, requested: number | undefined): number {
  throw new NotImplemented('etcd/range', 'readRevision');
}

/**
 * Reads the keys of a range.
 *
 * @remarks
 * The answer is made in this order:
 *
 * 1. `count` is the number of keys that exist in the range at the revision read, whatever follows.
 *    With `countOnly` that is all: no `kvs`, `more` is false.
 * 2. The min/max filters drop versions outside `[min, max]`; a bound of 0 is no bound.
 * 3. `sortOrder` and `sortTarget` order what is left. Unsorted means ascending by key; a
 *    `sortTarget` other than key without an order sorts ascending. Versions equal in the target
 *    stay in key order (also when descending).
 * 4. `limit` cuts; `more` says whether it cut anything away.
 * 5. `keysOnly` empties the values of what is returned, never of what is stored.
 *
 * ```text
 * a=1 (rev 2)  b=2 (rev 3)  c=3 (rev 4)
 * {key:'a', rangeEnd:'c'}                  → a, b        count 2  more false
 * {key:'a', rangeEnd:'\0', limit:1}        → a           count 3  more true
 * {key:'b', rangeEnd:'\0', revision:3}     → b           count 1  header.revision 4
 * ```
 *
 * @param view - what the reader sees
 * @param request - an empty range (`rangeEnd` not after `key`) selects nothing
 * @returns the header carries the view's newest revision, also for a read in the past
 * @throws FutureRevisionError, CompactedError as {@link readRevision}
 * @see etcd v3.5 server/etcdserver/apply.go (Range), server/mvcc/kvstore_txn.go (rangeKeys)
 * @exercise etcd/range
 */
export function range(view: ReadView, request: RangeRequest): RangeResponse {
  throw new NotImplemented('etcd/range', 'range');
}
