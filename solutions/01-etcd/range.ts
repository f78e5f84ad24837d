/**
 * Reading many keys: one key, a half-open range, everything from a key on; now or in the past.
 *
 * How a request is checked, selected, filtered, sorted and cut, in that order.
 */

import { CompactedError, FutureRevisionError } from './errors.ts';
import { get } from './put-get.ts';
import type { KeyValue, RangeRequest, RangeResponse, SortTarget } from './rpc.ts';
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
  if (requested === undefined || requested <= 0) return view.revision;
  if (requested > view.revision) throw new FutureRevisionError(requested, view.revision);
  if (requested < view.compactedRevision) {
    throw new CompactedError(requested, view.compactedRevision);
  }
  return requested;
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
  const atMain = readRevision(view, request.revision);
  const header = { revision: view.revision };
  if (request.countOnly) {
    return { header, kvs: [], more: false, count: countKeys(view, request, atMain) };
  }
  // Sorting and filtering need every version; otherwise what the limit cuts is never fetched.
  const { limit: asked = 0 } = request;
  const limit = asked > 0 ? asked : Number.POSITIVE_INFINITY;
  const needsAll = isSorted(request) || isFiltered(request);
  const { kvs, count } = select(view, request, atMain, needsAll ? Number.POSITIVE_INFINITY : limit);

  let result = isFiltered(request) ? kvs.filter((kv) => passesBounds(kv, request)) : kvs;
  const more = needsAll ? result.length > limit : count > limit;
  if (isSorted(request)) sort(result, request);
  if (result.length > limit) result = result.slice(0, limit);
  if (request.keysOnly) result = result.map((kv) => ({ ...kv, value: '' }));
  return { header, kvs: result, more, count };
}

function countKeys(view: ReadView, request: RangeRequest, atMain: number): number {
  let count = 0;
  view.keys.scan(request, (_key, index) => {
    if (index.get(atMain) !== undefined) count += 1;
  });
  return count;
}

/** Fetches up to `limit` versions in key order, and counts all of them. */
function select(view: ReadView, request: RangeRequest, atMain: number, limit: number) {
  if (!request.rangeEnd) {
    const kv = get(view, request.key, atMain);
    return kv ? { kvs: [kv], count: 1 } : { kvs: [], count: 0 };
  }
  const kvs: KeyValue[] = [];
  let count = 0;
  view.keys.scan(request, (_key, index) => {
    const version = index.get(atMain);
    if (version === undefined) return;
    count += 1;
    if (count > limit) return;
    const kv = view.backend.get(version.modified);
    if (kv !== undefined) kvs.push(kv);
  });
  return { kvs, count };
}

function isFiltered(request: RangeRequest): boolean {
  return Boolean(
    request.minModRevision ||
      request.maxModRevision ||
      request.minCreateRevision ||
      request.maxCreateRevision,
  );
}

function passesBounds(kv: KeyValue, request: RangeRequest): boolean {
  return (
    isBetween(kv.modRevision, request.minModRevision, request.maxModRevision) &&
    isBetween(kv.createRevision, request.minCreateRevision, request.maxCreateRevision)
  );
}

function isBetween(revision: number, min: number | undefined, max: number | undefined): boolean {
  return (!min || revision >= min) && (!max || revision <= max);
}

function isSorted(request: RangeRequest): boolean {
  const { sortOrder = 'none', sortTarget = 'key' } = request;
  // Keys come out of the tree in ascending order already.
  return sortTarget !== 'key' ? true : sortOrder === 'descend';
}

const targetOf: Record<SortTarget, (kv: KeyValue) => number | string> = {
  key: (kv) => kv.key,
  version: (kv) => kv.version,
  create: (kv) => kv.createRevision,
  mod: (kv) => kv.modRevision,
  value: (kv) => kv.value,
};

function sort(kvs: KeyValue[], request: RangeRequest): void {
  const target = targetOf[request.sortTarget ?? 'key'];
  const direction = request.sortOrder === 'descend' ? -1 : 1;
  kvs.sort((a, b) => {
    const x = target(a);
    const y = target(b);
    return x < y ? -direction : x > y ? direction : 0;
  });
}
