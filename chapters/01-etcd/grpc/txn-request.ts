/** A transaction between its form on the wire and its form in `rpc.ts`, in both directions. */

import { keyNotFound } from '../errors.ts';
import type { Compare, RequestOp, ResponseOp, TxnRequest, TxnResponse } from '../rpc.ts';
import type {
  WireCompare,
  WireRequestOp,
  WireResponseOp,
  WireTxnRequest,
  WireTxnResponse,
} from './messages.ts';

/**
 * @throws keyNotFound() for an operation that is none: etcd's words for it
 */
export function fromWireTxn(request: WireTxnRequest): TxnRequest {
  return {
    compare: request.compare.map(fromWireCompare),
    success: request.success.map(fromWireOp),
    failure: request.failure.map(fromWireOp),
  };
}

function fromWireOp(operation: WireRequestOp): RequestOp {
  const { range, put, deleteRange, txn } = operation;
  if (range) return { range };
  if (put) return { put };
  if (deleteRange) return { deleteRange };
  if (txn) return { txn: fromWireTxn(txn) };
  throw keyNotFound();
}

/** Keeps the right-hand side that the target asks for; one that was not sent is 0 or ''. */
function fromWireCompare(compare: WireCompare): Compare {
  const { key, rangeEnd, result, target } = compare;
  const common = rangeEnd === undefined ? { key, result } : { key, rangeEnd, result };
  switch (target) {
    case 'version':
      return { ...common, target, version: compare.version };
    case 'create':
      return { ...common, target, createRevision: compare.createRevision };
    case 'mod':
      return { ...common, target, modRevision: compare.modRevision };
    case 'value':
      return { ...common, target, value: compare.value };
    case 'lease':
      return { ...common, target, lease: compare.lease };
  }
}

export function toWireTxn(request: TxnRequest): WireTxnRequest {
  const { compare = [], success = [], failure = [] } = request;
  const noSides = { version: 0, createRevision: 0, modRevision: 0, value: '', lease: 0n };
  return {
    compare: compare.map((one) => ({ ...noSides, ...one })),
    success: success.map(toWireOp),
    failure: failure.map(toWireOp),
  };
}

function toWireOp(operation: RequestOp): WireRequestOp {
  return 'txn' in operation ? { txn: toWireTxn(operation.txn) } : operation;
}

/** As etcd's, the header of a nested transaction's answer is there but says nothing. */
export function toWireTxnResponse(response: TxnResponse): WireTxnResponse {
  return { ...response, responses: response.responses.map(toWireResponseOp) };
}

function toWireResponseOp(response: ResponseOp): WireResponseOp {
  if (!('txn' in response)) return response;
  return { txn: { ...toWireTxnResponse(response.txn), header: { revision: 0 } } };
}

export function fromWireTxnResponse(response: WireTxnResponse): TxnResponse {
  return { ...response, responses: response.responses.map(fromWireResponseOp) };
}

function fromWireResponseOp(response: WireResponseOp): ResponseOp {
  const { txn } = response;
  return txn ? { txn: fromWireTxnResponse(txn) } : (response as ResponseOp);
}
