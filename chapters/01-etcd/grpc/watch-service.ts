/**
 * Watch over gRPC: one stream carries many watches.
 *
 * The protocol itself is `watch.ts`; here are the stream's limits: a client that does not read gets
 * no more events until it does, and messages that are too large are split for those who ask.
 */

import type { Etcd, EtcdWatchStream } from '../etcd.ts';
import type { Event, WatchCreateRequest, WatchResponse } from '../rpc.ts';
import type { Signer } from './member.ts';
import {
  type WatchRequest,
  type WireWatchResponse,
  watchEvents,
  watchRequest,
  watchResponse,
} from './messages.ts';
import type { Incoming, Method, Outgoing } from './method.ts';

/**
 * @param fragmentBytes - how large a message may be before it is split
 * @see etcd v3.5 server/etcdserver/api/v3rpc/watch.go
 */
export function watchMethods(etcd: Etcd, sign: Signer, fragmentBytes: number): Method[] {
  const encode = newResponseEncoder();
  return [
    {
      kind: 'stream',
      path: '/etcdserverpb.Watch/Watch',
      open: (outgoing) => openStream(etcd, sign, fragmentBytes, outgoing, encode),
    },
  ];
}

/**
 * Encodes the events of a commit once for all watches that get the same list of them.
 *
 * A message's fields may be written one part after the other, so the events' bytes are put behind
 * those of the rest.
 */
function newResponseEncoder() {
  const encoded = new WeakMap<readonly Event[], Buffer>();
  return (response: WireWatchResponse, headroom: number): Buffer => {
    const { events } = response;
    let tail = encoded.get(events);
    if (tail === undefined) {
      tail = watchEvents.encode({ events });
      encoded.set(events, tail);
    }
    const rest = { ...response, events: [] };
    const bytes = Buffer.allocUnsafe(headroom + watchResponse.size(rest) + tail.length);
    tail.copy(bytes, watchResponse.write(bytes, headroom, rest));
    return bytes;
  };
}

function openStream(
  etcd: Etcd,
  sign: Signer,
  fragmentBytes: number,
  outgoing: Outgoing,
  encode: ReturnType<typeof newResponseEncoder>,
): Incoming {
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
      outgoing.send((headroom) => encode(message, headroom));
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
