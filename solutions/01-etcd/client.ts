/**
 * How everything else talks to an etcd: in this process, or over gRPC, without knowing which.
 *
 * The in-process client is here; the other is in `grpc/`.
 */

import type { Etcd } from './etcd.ts';
import type {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseId,
  LeaseKeepAliveResponse,
  LeaseTimeToLiveResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  ResponseHeader,
  TxnRequest,
  TxnResponse,
  WatchCreateRequest,
  WatchResponse,
} from './rpc.ts';
import { NO_WATCH } from './watch.ts';

/**
 * A client of an etcd v3 server.
 *
 * Every method rejects with an `EtcdError` when etcd refuses the request, and with an `EtcdError`
 * of code `Unavailable` when there is no etcd to answer.
 */
export interface EtcdClient {
  range(request: RangeRequest): Promise<RangeResponse>;
  put(request: PutRequest): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest): Promise<TxnResponse>;
  compact(request: CompactionRequest): Promise<CompactionResponse>;
  /**
   * Watches; the first response is the one with `created`.
   *
   * @param request - what to watch; `watchId` is ignored, one watch is one stream
   * @param signal - aborting it ends the iteration and frees the watch
   * @returns responses in order; a consumer that is slow holds up only itself. The iteration ends
   * after a response with `canceled`, and throws when the connection is lost
   */
  watch(request: WatchCreateRequest, signal?: AbortSignal): EtcdWatch;
  /** @param id - 0 lets etcd choose */
  leaseGrant(ttlSeconds: number, id?: LeaseId): Promise<LeaseGrantResponse>;
  leaseRevoke(id: LeaseId): Promise<{ readonly header: ResponseHeader }>;
  leaseKeepAlive(id: LeaseId): Promise<LeaseKeepAliveResponse>;
  leaseTimeToLive(id: LeaseId, keys?: boolean): Promise<LeaseTimeToLiveResponse>;
  leases(): Promise<{ readonly header: ResponseHeader; readonly leases: readonly LeaseId[] }>;
  /** Frees what the client holds; running watches end. */
  close(): void;
}

/** A running watch: its responses, in order. */
export interface EtcdWatch extends AsyncIterable<WatchResponse> {
  /**
   * Asks how far the watch is. It is answered among the responses, with watch id -1 and the revision
   * in the header, and only when all events up to there have been sent; asked before the first
   * response was taken, it is not answered at all.
   */
  requestProgress(): void;
}

/** How many responses a slow in-process watch may leave unread before the server holds them back. */
const UNREAD_RESPONSES = 64;

/**
 * A client of an etcd in this process.
 *
 * @param etcd - is not stopped by the client's `close`
 */
export function newInProcessClient(etcd: Etcd): EtcdClient {
  const closed = new AbortController();
  return {
    range: async (request) => etcd.range(request),
    put: (request) => etcd.put(request),
    deleteRange: (request) => etcd.deleteRange(request),
    txn: (request) => etcd.txn(request),
    compact: (request) => etcd.compact(request),
    watch: (request, signal) =>
      watch(etcd, request, signal ? AbortSignal.any([signal, closed.signal]) : closed.signal),
    leaseGrant: (ttlSeconds, id) => etcd.leaseGrant(ttlSeconds, id),
    leaseRevoke: (id) => etcd.leaseRevoke(id),
    leaseKeepAlive: async (id) => etcd.leaseKeepAlive(id),
    leaseTimeToLive: async (id, keys) => etcd.leaseTimeToLive(id, keys),
    leases: async () => etcd.leases(),
    close: () => closed.abort(),
  };
}

function watch(etcd: Etcd, request: WatchCreateRequest, signal: AbortSignal): EtcdWatch {
  let requestProgress = () => {};
  async function* responses(): AsyncGenerator<WatchResponse> {
    const unread: WatchResponse[] = [];
    let wake = () => {};
    const stream = etcd.watchStream((response) => {
      const isAnswer = response.created || response.canceled || response.watchId === NO_WATCH;
      if (!isAnswer && unread.length >= UNREAD_RESPONSES) return false;
      unread.push(response);
      wake();
      return true;
    });
    requestProgress = () => stream.progress();
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort);
    try {
      stream.create({ ...request, watchId: 0 });
      while (!signal.aborted) {
        const response = unread.shift();
        if (response === undefined) {
          stream.ready();
          if (unread.length === 0) await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        yield response;
        if (response.canceled) return;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      stream.close();
    }
  }
  return Object.assign(responses(), { requestProgress: () => requestProgress() });
}
