/**
 * Transactions: if all conditions hold do this, else do that; all of it or nothing, in one revision.
 *
 * A request is checked once for its shape, before it is accepted (`checkTxn`), and applied later
 * (`txn`). Next: `watch.ts`.
 */

import { checkDeleteRange, checkPut, checkRange } from './checks.ts';
import { deleteRange } from './delete.ts';
import { duplicateKey, emptyKey, keyNotFound, tooManyOps } from './errors.ts';
import { get, put } from './put-get.ts';
import { range, readRevision } from './range.ts';
import type {
  Compare,
  KeyRange,
  KeyValue,
  RequestOp,
  ResponseOp,
  TxnRequest,
  TxnResponse,
} from './rpc.ts';
import { inRange, TO_THE_END } from './tree-index.ts';
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
  checkOperations(request, maxOps);
  writtenBy(request.success ?? []);
  writtenBy(request.failure ?? []);
}

function checkOperations(request: TxnRequest, maxOps: number): void {
  const { compare = [], success = [], failure = [] } = request;
  const longest = Math.max(compare.length, success.length, failure.length);
  if (longest > maxOps) throw tooManyOps();
  for (const { key } of compare) if (key === '') throw emptyKey();
  for (const operation of [...success, ...failure]) {
    if ('range' in operation) checkRange(operation.range);
    else if ('put' in operation) checkPut(operation.put);
    else if ('deleteRange' in operation) checkDeleteRange(operation.deleteRange);
    else checkOperations(operation.txn, maxOps - longest);
  }
}

/** What some operations write together. */
interface Written {
  readonly puts: ReadonlySet<string>;
  readonly deletes: readonly KeyRange[];
}

/** Collects what one branch writes; refuses a key that is put twice, or put and deleted. */
function writtenBy(operations: readonly RequestOp[]): Written {
  const puts = new Set<string>();
  const deletes: KeyRange[] = operations.flatMap((o) => ('deleteRange' in o ? o.deleteRange : []));
  for (const operation of operations) {
    if (!('txn' in operation)) continue;
    const success = writtenBy(operation.txn.success ?? []);
    const failure = writtenBy(operation.txn.failure ?? []);
    // A set, because a key put in both branches is put once: only one branch will run.
    for (const key of new Set([...success.puts, ...failure.puts])) addPut(key, puts, deletes);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const operation of operations) {
    if ('put' in operation) addPut(operation.put.key, puts, deletes);
  }
  return { puts, deletes };
}

function addPut(key: string, puts: Set<string>, deletes: readonly KeyRange[]): void {
  const isTaken =
    puts.has(key) || deletes.some((range) => range.rangeEnd !== TO_THE_END && inRange(key, range));
  if (isTaken) throw duplicateKey();
  puts.add(key);
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
  const kvs = compare.rangeEnd
    ? range(view, { key: compare.key, rangeEnd: compare.rangeEnd }).kvs
    : [get(view, compare.key, view.revision)].filter((kv) => kv !== undefined);
  if (kvs.length === 0) return compare.target !== 'value' && compareOne(missing, compare);
  return kvs.every((kv) => compareOne(kv, compare));
}

/** How a key that does not exist compares. */
const missing: KeyValue = {
  key: '',
  value: '',
  createRevision: 0,
  modRevision: 0,
  version: 0,
  lease: 0n,
};

function compareOne(kv: KeyValue, compare: Compare): boolean {
  const [left, right] = sides(kv, compare);
  switch (compare.result) {
    case 'equal':
      return left === right;
    case 'not-equal':
      return left !== right;
    case 'greater':
      return left > right;
    case 'less':
      return left < right;
  }
}

type Side = number | string | bigint;

function sides(kv: KeyValue, compare: Compare): [Side, Side] {
  switch (compare.target) {
    case 'version':
      return [kv.version, compare.version];
    case 'create':
      return [kv.createRevision, compare.createRevision];
    case 'mod':
      return [kv.modRevision, compare.modRevision];
    case 'value':
      return [kv.value, compare.value];
    case 'lease':
      return [kv.lease, compare.lease];
  }
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
  const plan = choose(view, request);
  checkPlan(view, plan, checkLease);
  return run(view, plan);
}

/** Which branch of a transaction runs, and of the transactions nested in it. */
interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly (Plan | Exclude<RequestOp, { txn: TxnRequest }>)[];
}

const isPlan = (step: Plan | RequestOp): step is Plan => 'steps' in step;

function choose(view: ReadView, request: TxnRequest): Plan {
  const succeeded = (request.compare ?? []).every((compare) => compareHolds(view, compare));
  const operations = (succeeded ? request.success : request.failure) ?? [];
  return {
    succeeded,
    steps: operations.map((operation) =>
      'txn' in operation ? choose(view, operation.txn) : operation,
    ),
  };
}

function checkPlan(
  view: ReadView,
  plan: Plan,
  checkLease: (lease: bigint) => void,
  deleted: KeyRange[] = [],
): void {
  for (const step of plan.steps) {
    if (isPlan(step)) checkPlan(view, step, checkLease, deleted);
    else if ('range' in step) readRevision(view, step.range.revision);
    else if ('deleteRange' in step) deleted.push(step.deleteRange);
    else {
      const { key, ignoreValue, ignoreLease, lease } = step.put;
      // Its key must still be there when its turn comes, not only now.
      const exists = () =>
        get(view, key, view.revision) !== undefined && !deleted.some((gone) => inRange(key, gone));
      if ((ignoreValue || ignoreLease) && !exists()) throw keyNotFound();
      if (lease) checkLease(lease);
    }
  }
}

function run(view: WriteView, plan: Plan): TxnResponse {
  const responses = plan.steps.map((step): ResponseOp => {
    if (isPlan(step)) return { txn: run(view, step) };
    if ('range' in step) return { range: range(view, step.range) };
    if ('put' in step) return { put: put(view, step.put) };
    return { deleteRange: deleteRange(view, step.deleteRange) };
  });
  return { header: { revision: view.revision }, succeeded: plan.succeeded, responses };
}
