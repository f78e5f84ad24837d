/** HTTP/2 on node:http2: its streams in the form of `exchange.ts`. */

import {
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Answer } from '../context.ts';
import type { Circumstances, Exchanges, Outgoing } from './exchange.ts';
import type { Serving } from './http-server.ts';
import { WireIncoming } from './incoming.ts';
import { Peer } from './peer.ts';

/** Requests at a time on one connection; a controller has a watch for each kind. As in Kubernetes. */
const MAX_STREAMS = 1000;
/** What one connection's streams may keep waiting, in megabytes: a watcher that does not read costs. */
const MAX_SESSION_MEGABYTES = 128;
const WINDOW_BYTES = 256 * 1024;

/** A server that listens to nothing: it is given connections, by its event `connection`. */
export interface Http2Part {
  readonly server: Http2Server;
  /** Says goodbye on every connection; those without requests close at once. */
  endSessions(): void;
}

export function newHttp2Server(serving: Serving, exchanges: Exchanges): Http2Part {
  const sessions = new Map<Http2Session, Peer>();
  const server = createServer({
    maxSessionMemory: MAX_SESSION_MEGABYTES,
    settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW_BYTES },
  });

  server.on('session', (session) => {
    const peer: Peer = new Peer(session.socket as TLSSocket, false, (incoming) =>
      exchanges.finished(incoming, peer),
    );
    sessions.set(session, peer);
    session.on('close', () => sessions.delete(session));
    session.on('error', (error) => serving.log.debug('connection lost', { error: error.message }));
    closeWhenIdle(session, serving.idleTimeoutMs);
  });
  server.on('stream', (stream, headers) => {
    // The other end went away; 'close' follows, and that is what counts.
    stream.on('error', () => {});
    const peer = stream.session && sessions.get(stream.session);
    if (peer === undefined) {
      stream.destroy();
      return;
    }
    const incoming = new WireIncoming({
      method: String(headers[':method'] ?? ''),
      head: { headers },
      body: stream,
      endsWithHead: stream.endAfterHeaders,
      limits: { maxBytes: serving.maxBodyBytes, timeoutMs: serving.bodyTimeoutMs },
    });
    stream.once('close', () => {
      // Node ends what it closes, so a lost stream looks like a complete one; after a complete answer
      // nobody minds being told.
      incoming.lost();
      exchanges.finished(incoming, peer);
    });
    exchanges.run(pathOf(headers), incoming, new Http2Outgoing(stream, headers), peer);
  });
  return {
    server,
    endSessions() {
      for (const session of sessions.keys()) session.close();
    },
  };
}

/** A watch may be silent for long: only a connection without any request is idle. */
function closeWhenIdle(session: Http2Session, idleTimeoutMs: number): void {
  let openStreams = 0;
  session.on('stream', (stream) => {
    openStreams++;
    stream.once('close', () => openStreams--);
  });
  session.setTimeout(idleTimeoutMs, () => {
    if (openStreams === 0) session.close();
  });
}

function pathOf(headers: IncomingHttpHeaders): string {
  const path = headers[':path'];
  return typeof path === 'string' ? path : '';
}

/** One answer of HTTP/2. */
class Http2Outgoing implements Outgoing {
  readonly stream: ServerHttp2Stream;
  readonly #isHeadOnly: boolean;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.#isHeadOnly = headers[':method'] === 'HEAD';
  }

  send(answer: Answer, body: string | Uint8Array, { isBodyUnread }: Circumstances): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return;
    const endStream = this.#isHeadOnly || body.length === 0;
    stream.respond(headersOf(answer, body), { endStream });
    if (!endStream) stream.end(body);
    if (isBodyUnread) this.#stopReading();
  }

  begin(answer: Answer): void {
    const { stream } = this;
    if (!stream.destroyed && !stream.closed) stream.respond(headersOf(answer));
  }

  sendHead(): void {
    // `respond` has sent it already.
  }

  abort(): void {
    this.stream.close(2 /* INTERNAL_ERROR */);
  }

  /** Nobody wants the rest of the body: what comes is thrown away, and no more is asked for. */
  #stopReading(): void {
    const { stream } = this;
    stream.resume();
    stream.once('finish', () => stream.close(0 /* NO_ERROR */));
  }
}

/** @param body - absent for a stream */
function headersOf({ status, headers }: Answer, body?: string | Uint8Array) {
  const named: Record<string, string | number> = {
    ':status': status,
    'cache-control': 'no-cache, private',
  };
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!CONNECTION_HEADERS.has(lower)) named[lower] = value;
  }
  if (body !== undefined && status !== 204 && status !== 304) {
    named['content-length'] = Buffer.byteLength(body);
  }
  return named;
}

/** They belong to HTTP/1.1, and a connection of HTTP/2 fails over them. */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);
