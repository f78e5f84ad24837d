/**
 * An `EtcdClient` over gRPC: to our server, or to any etcd v3.
 *
 * The transport is `@grpc/grpc-js`, which finds servers and comes back to them after they were away.
 */

import { Client, type ClientOptions, credentials, type ServiceError } from '@grpc/grpc-js';
import type { EtcdClient } from '../client.ts';
import type { LeaseId, LeaseKeepAliveResponse } from '../rpc.ts';
import { etcdErrorOf } from './call-error.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseIdOnly,
  leaseKeepAliveResponse,
  leaseLeasesResponse,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from './lease-messages.ts';
import * as kv from './messages.ts';
import type { MessageType } from './protobuf.ts';
import { fromWireTxnResponse, toWireTxn } from './txn-request.ts';
import { watchOver } from './watch-call.ts';

/** How to reach an etcd. */
export interface GrpcClientOptions {
  /** For example `['http://127.0.0.1:2379']`; several must be given as IP addresses. */
  readonly endpoints: readonly string[];
  /** For https endpoints, as PEM. */
  readonly tls?: {
    readonly ca?: Uint8Array;
    readonly cert?: Uint8Array;
    readonly key?: Uint8Array;
  };
  /** How long one request may take before it is Unavailable; 10 s if left out. */
  readonly timeoutMs?: number;
}

/** Answers and requests of any size: the server's limit is what counts. */
const channelOptions: ClientOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 30_000,
  // What was asked for while the server is away should fail soon, and work soon once it is back.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
};

/**
 * A client over gRPC.
 *
 * @throws Error when the endpoints cannot be understood
 */
export function newGrpcClient(options: GrpcClientOptions): EtcdClient {
  const { tls, timeoutMs = 10_000 } = options;
  const channel = new Client(
    targetOf(options.endpoints),
    isSecure(options.endpoints)
      ? credentials.createSsl(bufferOf(tls?.ca), bufferOf(tls?.key), bufferOf(tls?.cert))
      : credentials.createInsecure(),
    channelOptions,
  );
  const closed = new AbortController();
  const call = <Request, Response>(
    path: string,
    request: MessageType<Request>,
    response: MessageType<Response>,
    value: Request,
  ) =>
    new Promise<Response>((resolve, reject) => {
      channel.makeUnaryRequest(
        `/etcdserverpb.${path}`,
        (message: Request) => request.encode(message),
        (bytes) => response.decode(bytes),
        value,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (answer === undefined ? reject(etcdErrorOf(error)) : resolve(answer)),
      );
    });

  return {
    range: (request) => call('KV/Range', kv.rangeRequest, kv.rangeResponse, request),
    put: (request) => call('KV/Put', kv.putRequest, kv.putResponse, request),
    deleteRange: (request) =>
      call('KV/DeleteRange', kv.deleteRangeRequest, kv.deleteRangeResponse, request),
    txn: async (request) =>
      fromWireTxnResponse(await call('KV/Txn', kv.txnRequest, kv.txnResponse, toWireTxn(request))),
    compact: (request) => call('KV/Compact', kv.compactionRequest, kv.compactionResponse, request),
    watch: (request, signal) =>
      watchOver(
        channel,
        request,
        signal ? AbortSignal.any([signal, closed.signal]) : closed.signal,
      ),
    leaseGrant: (ttlSeconds, id = 0n) =>
      call('Lease/LeaseGrant', leaseGrantRequest, leaseGrantResponse, { ttlSeconds, id }),
    leaseRevoke: (id) => call('Lease/LeaseRevoke', leaseIdOnly, kv.compactionResponse, { id }),
    leaseKeepAlive: (id) => keepAliveOnce(channel, id, timeoutMs),
    leaseTimeToLive: (id, keys) =>
      call('Lease/LeaseTimeToLive', leaseTimeToLiveRequest, leaseTimeToLiveResponse, { id, keys }),
    leases: async () => {
      const { header, leases } = await call('Lease/LeaseLeases', kv.empty, leaseLeasesResponse, {});
      return { header, leases: leases.map(({ id }) => id) };
    },
    close: () => {
      closed.abort();
      channel.close();
    },
  };
}

/** Sends one keep-alive; the stream that etcd offers for many ends after it. */
function keepAliveOnce(
  channel: Client,
  id: LeaseId,
  timeoutMs: number,
): Promise<LeaseKeepAliveResponse> {
  return new Promise((resolve, reject) => {
    const stream = channel.makeBidiStreamRequest(
      '/etcdserverpb.Lease/LeaseKeepAlive',
      (message: { id: LeaseId }) => leaseIdOnly.encode(message),
      (bytes) => leaseKeepAliveResponse.decode(bytes),
      { deadline: Date.now() + timeoutMs },
    );
    stream.on('data', resolve);
    stream.on('error', (error: ServiceError) => reject(etcdErrorOf(error)));
    stream.write({ id });
    stream.end();
  });
}

function targetOf(endpoints: readonly string[]): string {
  const urls = endpoints.map((endpoint) =>
    URL.canParse(endpoint) && endpoint.includes('://')
      ? new URL(endpoint)
      : new URL(`http://${endpoint}`),
  );
  const [first] = urls;
  if (first === undefined) throw new Error('an etcd client needs an endpoint');
  const host = (url: URL) => `${url.hostname}:${url.port || '2379'}`;
  if (urls.length === 1) return host(first);
  const isAddress = (url: URL) => /^\d+\.\d+\.\d+\.\d+$/.test(url.hostname);
  if (!urls.every(isAddress)) {
    throw new Error(`several endpoints must be IPv4 addresses, found ${endpoints.join(',')}`);
  }
  return `ipv4:${urls.map(host).join(',')}`;
}

function isSecure(endpoints: readonly string[]): boolean {
  return endpoints.some((endpoint) => endpoint.startsWith('https://'));
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes);
}
