/**
 * Transactions: if all conditions hold do this, else do that; all of it or nothing, in one revision.
 *
 * A request is checked once for its shape, before it is accepted (`checkTxn`), and applied later
 * (`txn`). Next: `watch.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Compare, TxnRequest, TxnResponse } from './rpc.ts';
import type { ReadView, WriteView } from './views.ts';

/** The most operations (or conditions) a transaction may have, as etcd's `--max-txn-ops`. */
export const MAX_TXN_OPS = 128;

/**
 * Checks the shape of a transaction, without looking at the store.
 *
 * @remarks
 * Its size: the longest of `compare`, `success` and `failure` is at most `maxOps`; what is left of
 * `maxOps` after that longest list is what each nested transaction may have.
 *
 * Its operations: each is checked by `checkRange`, `checkPut`, `checkDeleteRange` (given, in
 * `checks.ts`), or as a nested transaction.
 *
 * Its keys: the operations of one branch run together, so no key may be put twice in it, nor put
 * and deleted. The two branches of one transaction never run together, so they are not compared
 * with each other; but what a nested transaction writes in either branch counts for the branch that
 * holds it. Deletes may overlap. Two cases are let through, as etcd does: a nested transaction may
 * delete what a nested transaction before it put, and a delete to the end (`rangeEnd` `'\0'`) may
 * go with any put.
 *
 * ```text
 * success: [put a, put a]                                      duplicate key
 * success: [put b, delete [a, c)]                              duplicate key
 * success: [put a], failure: [put a]                           fine
 * success: [txn {success: [put a]}, put a]                     duplicate key
 * success: [txn {success: [put a], failure: [put a]}]          fine
 * success: [delete a, delete a]                                fine
 * ```
 *
 * @param request - the transaction
 * @param maxOps - the most entries a list may have; {@link MAX_TXN_OPS} for a whole transaction
 * @throws tooManyOps() when a list is too long
 * @throws emptyKey() when a condition or an operation has the key `''`
 * @throws duplicateKey() when two operations that run together would write one key
 * @see etcd v3.5 server/etcdserver/api/v3rpc/key.go (checkTxnRequest, checkIntervals)
 * @exercise etcd/txn
 */
export function checkTxn(request: TxnRequest, maxOps: number = MAX_TXN_OPS): void {
  throw new NotImplemented('etcd/txn', 'checkTxn');
}

/**
 * Tells whether one condition holds.
 *
 * @remarks
 * A condition over a range holds when it holds for every key that exists in the range; a range without
 * keys is compared like one key that does not exist. A key that does not exist is compared as version
 * 0, createRevision 0, modRevision 0, lease 0; a condition on its value never holds, whatever the
 * result asked for.
 *
 * ```text
 * a does not exist
 * {target:'version', result:'equal', version:0, key:'a'}        holds: the way to say "create only"
 * {target:'value', result:'not-equal', value:'x', key:'a'}      does not hold
 * ```
 *
 * Values compare byte by byte.
 *
 * @param view - what the transaction sees before it changes anything
 * @see etcd v3.5 server/etcdserver/apply.go (applyCompare)
 * @exercise etcd/txn
 */
export function compareHolds(view: ReadView, compare: Compare): boolean {
  throw new NotImplemented('etcd/txn', 'compareHolds');
}

/**
 * Applies a transaction.
 *
 * @remarks
 * First all conditions are evaluated, nested ones included, against the store as it is before the
 * transaction changes anything; that decides which branches run. Then the operations that will run
 * are checked against the store: a read's revision must be readable then, which the transaction's
 * own is not; a put with `ignoreValue` or `ignoreLease` needs its key to exist when its turn comes;
 * a put with a lease needs the lease. Only then is anything written, so a transaction that fails
 * has changed nothing. Operations run in order and see what
 * the earlier ones wrote; all changes share one revision.
 *
 * ```text
 * store at 7, a=1
 * txn { compare: [value a = 1], success: [put a=2, put b=1, range a], failure: [delete a] }
 * → succeeded, a's new version is (8,0), b's (8,1), the range answers a=2, header.revision 8
 *
 * txn { success: [put a=3, range a at revision 9] }
 * → FutureRevisionError(9, 8), and a is still 2
 * ```
 *
 * @param view - one write request without changes so far
 * @param request - its shape has been checked by {@link checkTxn}
 * @param checkLease - throws when a lease does not exist
 * @returns one response per operation of the branch that ran; the header carries the revision after
 * @throws FutureRevisionError, CompactedError, keyNotFound(), and what `checkLease` throws
 * @see etcd v3.5 server/etcdserver/apply.go (Txn, applyTxn, checkRequests)
 * @exercise etcd/txn
 */
export function txn(
  view: WriteView,
  request: TxnRequest,
  checkLease: (lease: bigint) => void,
): TxnResponse {
  throw new NotImplemented('etcd/txn', 'txn');
}
