/**
 * Writing one key and reading one key.
 *
 * Everything larger (ranges, transactions) is made of these. Next: `range.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ByteString } from './byte-string.ts';
import type { KeyValue, PutRequest, PutResponse } from './rpc.ts';
import type { ReadView, WriteView } from './views.ts';

/**
 * Reads one key as it was at a revision.
 *
 * @remarks
 * The key's history says which revision; the backend says what was written there.
 *
 * @param view - what the reader sees
 * @param key - the key
 * @param atMain - a main revision, neither compacted nor in the future; the caller has checked
 * @returns the newest version not later than `atMain`, or `undefined` when the key did not exist
 * @exercise etcd/put-get
 */
export function get(view: ReadView, key: ByteString, atMain: number): KeyValue | undefined {
  throw new NotImplemented('etcd/put-get', 'get');
}

/**
 * Writes one key.
 *
 * @remarks
 * The stored {@link KeyValue} carries where the version stands in the key's life:
 *
 * ```text
 * store at revision 1
 * put a=1   → createRevision 2, modRevision 2, version 1
 * put b=1   → createRevision 3, modRevision 3, version 1
 * put a=2   → createRevision 2, modRevision 4, version 2
 * delete a  → revision 5
 * put a=3   → createRevision 6, modRevision 6, version 1
 * ```
 *
 * The key's history (`view.keys`) learns the revision first, then `view.write` stores the version.
 * Whether the lease exists is checked, and the key attached to it, by the store.
 *
 * @param view - one write request; other changes may already be in it
 * @param request - `value` left out is `''`; `lease` left out is none. With `ignoreValue` or
 * `ignoreLease` the value or lease of the version before is kept. With `prevKv` the answer carries
 * the version before, if there was one
 * @returns the header carries the revision after this put
 * @throws keyNotFound() when `ignoreValue` or `ignoreLease` is set and the key does not exist;
 * nothing is written then, and `view.keys` has not heard of the key
 * @see etcd v3.5 server/mvcc/kvstore_txn.go (put), server/etcdserver/apply.go (Put)
 * @exercise etcd/put-get
 */
export function put(view: WriteView, request: PutRequest): PutResponse {
  throw new NotImplemented('etcd/put-get', 'put');
}
