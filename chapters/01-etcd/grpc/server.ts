/**
 * gRPC on Node's HTTP/2: each call is a stream, its status comes in the trailers.
 *
 * Written on node:http2 because a server on `@grpc/grpc-js` spends most of its time in that library;
 * `npm run bench` has the figures. What the methods do is in `services.ts`.
 */

import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Logger } from '#apimachinery';
import { serverStopped } from '../errors.ts';
import { FRAME_HEADER_BYTES, FrameReader, FramingError, frame } from './framing.ts';
import type { Encode, Incoming, Method, StreamMethod, UnaryMethod } from './method.ts';
import { type CallStatus, encodeStatusMessage, okStatus, statusCodes, statusOf } from './status.ts';
import { ProtobufError } from './varint.ts';

/** How much a client may leave unread on one stream before it is sent nothing more. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How long clients that are connected may take to leave when the server stops. */
const GOODBYE_MS = 1000;

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const okTrailers = { 'grpc-status': '0' };

/** What a server needs to know. */
export interface GrpcServerOptions {
  readonly methods: readonly Method[];
  /** The largest message that is received. */
  readonly maxMessageBytes: number;
  readonly log: Logger;
}

/** A gRPC server without TLS. */
export class GrpcServer {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #options: GrpcServerOptions;
  readonly #servers = new Set<Http2Server>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #openStreams = new Set<OpenStream>();

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#methods = new Map(options.methods.map((method) => [method.path, method]));
  }

  /**
   * Listens on one more address.
   *
   * @param port - 0 for any that is free
   * @returns the port
   * @throws when the address cannot be listened on
   */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer({
      // Both guard servers against strangers; what is bounded here is bounded per stream.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      settings: { initialWindowSize: 1024 * 1024 },
    });
    server.on('session', (session) => this.#welcome(session));
    server.on('stream', (stream, headers) => this.#answer(stream, headers));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.#servers.add(server);
    return (server.address() as AddressInfo).port;
  }

  /** Ends every stream, says goodbye to every client, and closes what it listens on. */
  async stop(): Promise<void> {
    for (const stream of this.#openStreams) stream.end(serverStopped());
    const closed = [...this.#servers].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const session of this.#sessions) session.close();
    const impatience = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, GOODBYE_MS);
    await Promise.all(closed);
    clearTimeout(impatience);
  }

  #welcome(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(4 * 1024 * 1024);
    session.on('close', () => this.#sessions.delete(session));
    session.on('error', (error) => this.#options.log.debug('connection lost', { error }));
  }

  #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // The client went away; 'close' follows, and that is what counts.
    stream.on('error', () => {});
    if (!String(headers['content-type']).startsWith('application/grpc')) {
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const path = String(headers[':path']);
    const method = this.#methods.get(path);
    if (method === undefined) {
      refuse(stream, { code: statusCodes.Unimplemented, message: unknownMethod(path) });
    } else if (method.kind === 'unary') this.#answerUnary(stream, method);
    else this.#openStream(stream, method);
  }

  #answerUnary(stream: ServerHttp2Stream, method: UnaryMethod): void {
    const reader = new FrameReader(this.#options.maxMessageBytes);
    let isAnswered = false;
    stream.on('data', (piece: Buffer) => {
      if (isAnswered) return;
      try {
        const [request] = reader.add(piece);
        if (request === undefined) return;
        isAnswered = true;
        const answer = method.call(request);
        if (answer instanceof Promise) {
          answer.then(
            (encode) => respond(stream, encode),
            (error) => this.#refuse(stream, error),
          );
        } else respond(stream, answer);
      } catch (error) {
        isAnswered = true;
        this.#refuse(stream, error);
      }
    });
    stream.on('end', () => {
      if (isAnswered) return;
      refuse(stream, { code: statusCodes.Internal, message: 'grpc: the request has no message' });
    });
  }

  #openStream(stream: ServerHttp2Stream, method: StreamMethod): void {
    const open = new OpenStream(stream, (error) => this.#describe(error));
    this.#openStreams.add(open);
    stream.on('close', () => this.#openStreams.delete(open));
    open.run(method, this.#options.maxMessageBytes);
  }

  #refuse(stream: ServerHttp2Stream, error: unknown): void {
    refuse(stream, this.#describe(error));
  }

  /** The status for what a method threw; what is not the client's fault is logged. */
  #describe(error: unknown): CallStatus {
    const status = statusOf(error) ?? transportStatusOf(error);
    if (status !== undefined) return status;
    this.#options.log.error('a request failed', { error });
    return { code: statusCodes.Unknown, message: String(error) };
  }
}

/** One stream both ways, from its first byte to its trailers. */
class OpenStream {
  readonly #stream: ServerHttp2Stream;
  readonly #describe: (error: unknown) => CallStatus;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #isOver = false;
  #status: CallStatus = okStatus;

  constructor(stream: ServerHttp2Stream, describe: (error: unknown) => CallStatus) {
    this.#stream = stream;
    this.#describe = describe;
  }

  run(method: StreamMethod, maxMessageBytes: number): void {
    const stream = this.#stream;
    stream.respond(responseHeaders, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(this.#status)));
    const reader = new FrameReader(maxMessageBytes);
    const incoming = method.open(this);
    stream.on('data', (piece: Buffer) => this.#receive(piece, reader, incoming));
    stream.on('end', () => incoming.end());
    stream.on('drain', () => {
      stream.resume();
      incoming.drained();
    });
    stream.on('close', () => {
      this.#isOver = true;
      incoming.closed();
    });
  }

  get isFull(): boolean {
    return this.#isOver || this.#stream.writableLength + this.#unsentBytes >= MAX_UNREAD_BYTES;
  }

  /** Messages of one turn go out together: one write for all is far cheaper than one each. */
  send(encode: Encode): void {
    if (this.#isOver) return;
    const bytes = frame(encode(FRAME_HEADER_BYTES));
    this.#unsentBytes += bytes.length;
    if (this.#unsent.push(bytes) === 1) queueMicrotask(() => this.#flush());
  }

  end(error?: unknown): void {
    if (this.#isOver) return;
    if (error !== undefined) this.#status = this.#describe(error);
    this.#flush();
    this.#isOver = true;
    this.#stream.end();
  }

  #receive(piece: Buffer, reader: FrameReader, incoming: Incoming): void {
    if (this.#isOver) return;
    try {
      for (const message of reader.add(piece)) incoming.message(message);
    } catch (error) {
      this.end(error);
    }
    // Whoever asks and does not read the answers is not listened to until they do.
    if (this.isFull) this.#stream.pause();
  }

  #flush(): void {
    if (this.#unsent.length === 0 || this.#stream.destroyed) return;
    const bytes = this.#unsent.length === 1 ? this.#unsent[0] : Buffer.concat(this.#unsent);
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#stream.write(bytes);
  }
}

function respond(stream: ServerHttp2Stream, encode: Encode): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(responseHeaders, { waitForTrailers: true });
  stream.on('wantTrailers', sendOkTrailers);
  stream.end(frame(encode(FRAME_HEADER_BYTES)));
}

function sendOkTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

/** Ends a call that has had no answer: headers and trailers in one. */
function refuse(stream: ServerHttp2Stream, status: CallStatus): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ...responseHeaders, ...trailersOf(status) }, { endStream: true });
}

function trailersOf({ code, message }: CallStatus): Record<string, string> {
  if (message === '') return { 'grpc-status': String(code) };
  return { 'grpc-status': String(code), 'grpc-message': encodeStatusMessage(message) };
}

function transportStatusOf(error: unknown): CallStatus | undefined {
  if (error instanceof ProtobufError) {
    return { code: statusCodes.Internal, message: `grpc: ${error.message}` };
  }
  if (!(error instanceof FramingError)) return undefined;
  const isTooLarge = error.problem === 'too-large';
  const code = isTooLarge ? statusCodes.ResourceExhausted : statusCodes.Unimplemented;
  return { code, message: error.message };
}

function unknownMethod(path: string): string {
  const [, service = '', method = ''] = path.split('/');
  return `unknown method ${method} for service ${service}`;
}
