/**
 * What a request must look like before the store is asked at all.
 *
 * These checks see only the request. What depends on the store's content (revisions, leases, keys
 * that must exist) is checked where the request is applied; a transaction's shape in `txn.ts`.
 *
 * @see etcd v3.5 server/etcdserver/api/v3rpc/key.go (checkRangeRequest, checkPutRequest)
 */

import { emptyKey, invalidSortOption, leaseProvided, valueProvided } from './errors.ts';
import type { DeleteRangeRequest, PutRequest, RangeRequest } from './rpc.ts';

const sortOrders: ReadonlySet<string> = new Set(['none', 'ascend', 'descend']);
const sortTargets: ReadonlySet<string> = new Set(['key', 'version', 'create', 'mod', 'value']);

/** @throws emptyKey(), invalidSortOption() */
export function checkRange(request: RangeRequest): void {
  if (request.key === '') throw emptyKey();
  const { sortOrder = 'none', sortTarget = 'key' } = request;
  if (!sortOrders.has(sortOrder) || !sortTargets.has(sortTarget)) throw invalidSortOption();
}

/** @throws emptyKey(), valueProvided(), leaseProvided() */
export function checkPut(request: PutRequest): void {
  if (request.key === '') throw emptyKey();
  if (request.ignoreValue && request.value) throw valueProvided();
  if (request.ignoreLease && request.lease) throw leaseProvided();
}

/** @throws emptyKey() */
export function checkDeleteRange(request: DeleteRangeRequest): void {
  if (request.key === '') throw emptyKey();
}
