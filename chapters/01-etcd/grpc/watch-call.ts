/** A watch of the client over gRPC: one call, read no faster than its consumer takes. */

import type { Client, ServiceError } from '@grpc/grpc-js';
import type { EtcdWatch } from '../client.ts';
import type { Event, WatchCreateRequest, WatchResponse } from '../rpc.ts';
import { etcdErrorOf } from './call-error.ts';
import {
  type WatchRequest,
  type WireWatchResponse,
  watchRequest,
  watchResponse,
} from './messages.ts';

/**
 * Watches on a stream of its own.
 *
 * @remarks Messages are pulled one at a time: while the consumer is busy, the server's side of the
 * connection fills up and the server waits. Fragments are put together again.
 * @see EtcdClient.watch
 */
export function watchOver(
  channel: Client,
  request: WatchCreateRequest,
  signal: AbortSignal,
): EtcdWatch {
  let requestProgress = () => {};
  async function* responses(): AsyncGenerator<WatchResponse> {
    if (signal.aborted) return;
    const stream = channel.makeBidiStreamRequest(
      '/etcdserverpb.Watch/Watch',
      (message: WatchRequest) => watchRequest.encode(message),
      (bytes) => watchResponse.decode(bytes),
    );
    const cancel = () => stream.cancel();
    signal.addEventListener('abort', cancel);
    try {
      stream.write({ create: { ...request, watchId: 0, fragment: true } });
      requestProgress = () => stream.write({ progress: {} });
      let events: Event[] = [];
      for await (const message of stream as AsyncIterable<WireWatchResponse>) {
        const { fragment, ...response } = message;
        events.push(...response.events);
        if (fragment) continue;
        yield { ...response, events };
        if (response.canceled) return;
        events = [];
      }
      if (!signal.aborted) throw etcdErrorOf(null);
    } catch (error) {
      if (!signal.aborted) throw isServiceError(error) ? etcdErrorOf(error) : error;
    } finally {
      requestProgress = () => {};
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }
  return Object.assign(responses(), { requestProgress: () => requestProgress() });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'details' in error && 'code' in error;
}
