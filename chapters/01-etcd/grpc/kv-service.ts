/** KV over gRPC: range, put, delete, transaction, compaction. */

import type { Etcd } from '../etcd.ts';
import type { Signer } from './member.ts';
import {
  compactionRequest,
  compactionResponse,
  deleteRangeRequest,
  deleteRangeResponse,
  putRequest,
  putResponse,
  rangeRequest,
  rangeResponse,
  txnRequest,
  txnResponse,
} from './messages.ts';
import { type Method, unary } from './method.ts';
import { fromWireTxn, toWireTxnResponse } from './txn-request.ts';

/** @see etcd v3.5 server/etcdserver/api/v3rpc/key.go */
export function kvMethods(etcd: Etcd, sign: Signer): Method[] {
  return [
    unary('/etcdserverpb.KV/Range', rangeRequest, rangeResponse, (request) =>
      sign(etcd.range(request)),
    ),
    unary('/etcdserverpb.KV/Put', putRequest, putResponse, async (request) =>
      sign(await etcd.put(request)),
    ),
    unary(
      '/etcdserverpb.KV/DeleteRange',
      deleteRangeRequest,
      deleteRangeResponse,
      async (request) => sign(await etcd.deleteRange(request)),
    ),
    unary('/etcdserverpb.KV/Txn', txnRequest, txnResponse, async (request) =>
      sign(toWireTxnResponse(await etcd.txn(fromWireTxn(request)))),
    ),
    unary('/etcdserverpb.KV/Compact', compactionRequest, compactionResponse, async (request) =>
      sign(await etcd.compact({ revision: request.revision })),
    ),
  ];
}
