/** How large a write is: what `--max-request-bytes` is compared with. */

import type { Entry } from './entry.ts';
import type { RequestOp, TxnRequest } from './rpc.ts';

/** What an operation takes beside its keys and values: field numbers, lengths and small numbers. */
const BYTES_BESIDE = 16;

/**
 * The size of a write, near enough to what it takes on etcd's wire.
 *
 * @remarks Not the size in the log: there a byte that JSON must escape takes up to six.
 * @returns bytes
 */
export function requestSize(entry: Entry): number {
  if ('put' in entry) return operationSize(entry);
  if ('deleteRange' in entry) return operationSize(entry);
  return 'txn' in entry ? txnSize(entry.txn) : BYTES_BESIDE;
}

function txnSize({ compare = [], success = [], failure = [] }: TxnRequest): number {
  let size = BYTES_BESIDE;
  for (const condition of compare) {
    const value = condition.target === 'value' ? condition.value.length : 0;
    size += BYTES_BESIDE + condition.key.length + (condition.rangeEnd?.length ?? 0) + value;
  }
  for (const operation of success) size += operationSize(operation);
  for (const operation of failure) size += operationSize(operation);
  return size;
}

function operationSize(operation: RequestOp): number {
  if ('txn' in operation) return txnSize(operation.txn);
  if ('put' in operation) {
    return BYTES_BESIDE + operation.put.key.length + (operation.put.value?.length ?? 0);
  }
  const { key, rangeEnd } = 'range' in operation ? operation.range : operation.deleteRange;
  return BYTES_BESIDE + key.length + (rangeEnd?.length ?? 0);
}
