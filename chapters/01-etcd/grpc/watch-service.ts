/**
 * Watch over gRPC: one stream carries many watches.
 *
 * The protocol itself is `watch.ts`; here are the stream's limits: a client that does not read gets
 * no more events until it does, and messages that are too large are split for those who ask.
 */

import type { Etcd, EtcdWatchStream } from '../etcd.ts';
import type { WatchCreateRequest, WatchResponse } from '../rpc.ts';
import type { Signer } from './member.ts';
import {
  type WatchRequest,
  type WireWatchResponse,
  watchRequest,
  watchResponse,
} from './messages.ts';
import type { Incoming, Method, Outgoing } from './method.ts';

/**
 * @param fragmentBytes - how large a message may be before it is split
 * @see etcd v3.5 server/etcdserver/api/v3rpc/watch.go
 */
export function watchMethods(etcd: Etcd, sign: Signer, fragmentBytes: number): Method[] {
  return [
    {
      kind: 'stream',
      path: '/etcdserverpb.Watch/Watch',
      open: (outgoing) => openStream(etcd, sign, fragmentBytes, outgoing),
    },
  ];
}

function openStream(etcd: Etcd, sign: Signer, fragmentBytes: number, outgoing: Outgoing): Incoming {
  /** The watches that may be sent fragments. */
  const fragmented = new Set<number>();
  let creating: WatchCreateRequest | undefined;

  const watches = etcd.watchStream((response) => {
    const isAnswer = response.created || response.canceled || response.watchId === -1;
    if (outgoing.isFull && !isAnswer) return false;
    if (response.created && creating?.fragment) fragmented.add(response.watchId);
    const signed: WireWatchResponse = sign(response);
    const messages = fragmented.has(response.watchId) ? split(signed, fragmentBytes) : [signed];
    if (response.canceled) fragmented.delete(response.watchId);
    for (const message of messages) {
      outgoing.send((headroom) => watchResponse.encode(message, headroom));
    }
    return true;
  });

  return {
    message: (bytes) => {
      const request = watchRequest.decode(bytes);
      creating = request.create;
      obey(watches, request);
    },
    // Events go on after the client's last word, as with etcd.
    end: () => {},
    drained: () => watches.ready(),
    closed: () => watches.close(),
  };
}

function obey(watches: EtcdWatchStream, { create, cancel, progress }: WatchRequest): void {
  if (create) watches.create(create);
  else if (cancel) watches.cancel(cancel.watchId);
  else if (progress) watches.progress();
}

/** Splits a response by events; all parts but the last say that more follows. */
function* split(response: WatchResponse, maxBytes: number): Generator<WireWatchResponse> {
  const { events } = response;
  let begin = 0;
  let bytes = 0;
  for (const [i, event] of events.entries()) {
    const size = watchResponse.size({ ...response, events: [event] });
    if (i > begin && bytes + size >= maxBytes) {
      yield { ...response, events: events.slice(begin, i), fragment: true };
      begin = i;
      bytes = 0;
    }
    bytes += size;
  }
  yield begin === 0 ? response : { ...response, events: events.slice(begin) };
}
