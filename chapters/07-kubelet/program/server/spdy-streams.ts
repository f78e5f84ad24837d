/** exec, attach and port-forward in SPDY/3.1: streams that say in a header what they are for. */

import type { Duplex } from 'node:stream';
// @ts-expect-error The package has no types; what is used of it is `SpdyConnection` below.
import transport from 'spdy-transport';
import type { CriClient, StreamingRuntime } from '#container-runtime/cri';
import { Flow, type Pausable } from '#container-runtime/wire';
import type { StreamRequest } from '../../api/kubelet-api.ts';
import { ByteInbox, Inbox, runSession } from './stream-session.ts';

/** How long a client may take to open all its streams. */
const STREAMS_TIMEOUT_MS = 30_000;

/** How often to look whether everything has left. */
const SENT_CHECK_MS = 50;

/** One stream of a connection, as far as it is needed here. */
interface SpdyStream extends Duplex {
  readonly headers: Readonly<Record<string, string>>;
  respond(status: number, headers: Readonly<Record<string, string>>): void;
  readonly _spdyState: Sender;
}

/** Who sends until the other side has said that it read something. */
interface Sender {
  readonly window: { readonly send: { updateMax(bytes: number): void } };
}

type Headers = Readonly<Record<string, string>>;

interface SpdyConnection {
  start(version: number): void;
  on(event: 'stream', listener: (stream: SpdyStream) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'close', listener: () => void): void;
  /** The package's own, which it has no other way to reach. */
  readonly _spdyState: Sender & {
    readonly framer: { readonly readableLength: number };
    readonly parser: Pausable & {
      parseKVs(body: unknown, done: (error: Error | null, headers?: Headers) => void): void;
    };
  };
}

/** What the package takes for granted, since HTTP has it, and Kubernetes' clients do not send. */
const REQUEST_LINE: Headers = { ':method': 'POST', ':path': '/' };
/**
 * Kubernetes' clients never say that they have read something, nor wait until they are told: there is
 * no limit to wait at. What holds them up is a connection that is not read (`Flow`).
 */
const NO_LIMIT = 0x3fffffff;

function connect(socket: Duplex): SpdyConnection {
  const connection = transport.connection.create(socket, {
    protocol: 'spdy',
    isServer: true,
    windowSize: NO_LIMIT,
  }) as unknown as SpdyConnection;
  const { parser } = connection._spdyState;
  const parse = parser.parseKVs.bind(parser);
  parser.parseKVs = (body, done) =>
    parse(body, (error, headers) => done(error, headers && { ...REQUEST_LINE, ...headers }));
  connection.on('error', () => socket.destroy());
  socket.on('error', () => {});
  connection.start(3.1);
  connection._spdyState.window.send.updateMax(NO_LIMIT);
  return connection;
}

/** The protocols that exec's streams may speak, the newest first. */
export const SPDY_PROTOCOLS = ['v4.channel.k8s.io'];
export const PORT_PROTOCOL = 'portforward.k8s.io';

export function serveSpdyExec(
  runtime: CriClient & StreamingRuntime,
  wanted: Exclude<StreamRequest, { kind: 'portForward' }>,
  socket: Duplex,
): void {
  const { stdin, stdout, stderr, tty } = wanted.request;
  const needed = [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr ? ['stderr'] : []),
    ...(tty ? ['resize'] : []),
  ];
  const streams = new Map<string, SpdyStream>();
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  const late = setTimeout(() => socket.destroy(), STREAMS_TIMEOUT_MS);
  const connection = connect(socket);
  const flow = new Flow(connection._spdyState.parser);
  connection.on('stream', (stream) => {
    stream.on('error', () => {});
    stream._spdyState.window.send.updateMax(NO_LIMIT);
    stream.respond(200, {});
    streams.set(stream.headers.streamtype ?? '', stream);
    if (!needed.every((name) => streams.has(name))) return;
    clearTimeout(late);
    void begin();
  });
  const begin = async (): Promise<void> => {
    const resize = streams.get('resize');
    const input = streams.get('stdin');
    await runSession(runtime, wanted, {
      ...(input && { stdin: inboxOf(input, flow) }),
      ...(resize && { resizes: sizesOf(resize) }),
      gone: gone.signal,
      writeStdout: (data) => write(streams.get('stdout'), data),
      writeStderr: (data) => write(streams.get('stderr'), data),
      finish: async (status) => {
        await write(streams.get('error'), new TextEncoder().encode(JSON.stringify(status)));
        for (const name of ['stdout', 'stderr', 'error']) streams.get(name)?.end();
        endWhenSent(connection, socket);
      },
    });
  };
}

/**
 * What a client sends on a stream.
 *
 * @remarks Not the package's own iterator: that one ends only when both directions have.
 */
function inboxOf(stream: SpdyStream, flow: Flow): ByteInbox {
  const inbox = new ByteInbox(flow);
  stream.on('data', (data: Buffer) => inbox.push(data));
  stream.once('end', () => inbox.close());
  stream.once('close', () => inbox.close());
  return inbox;
}

/** Ends the connection once all that was written has left. */
function endWhenSent(connection: SpdyConnection, socket: Duplex): void {
  const look = setInterval(() => {
    const waiting = connection._spdyState.framer.readableLength + socket.writableLength;
    if (waiting > 0 && !socket.destroyed) return;
    clearInterval(look);
    socket.end();
  }, SENT_CHECK_MS);
}

function write(stream: SpdyStream | undefined, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (!stream || stream.destroyed || data.length === 0) resolve();
    else stream.write(Buffer.from(data), () => resolve());
  });
}

function sizesOf(stream: SpdyStream): Inbox<{ width: number; height: number }> {
  const sizes = new Inbox<{ width: number; height: number }>();
  stream.on('data', (data: Buffer) => {
    for (const line of data
      .toString()
      .split('\n')
      .filter((one) => one.trim() !== '')) {
      const { Width: width = 0, Height: height = 0 } = JSON.parse(line) as Record<string, number>;
      sizes.push({ width, height });
    }
  });
  stream.once('end', () => sizes.close());
  stream.once('close', () => sizes.close());
  return sizes;
}

/** Each connection to a port is two streams with the same `requestid`: one for data, one for an error. */
export function forwardSpdyPorts(
  runtime: StreamingRuntime,
  podSandboxId: string,
  socket: Duplex,
): void {
  const pairs = new Map<string, Map<string, SpdyStream>>();
  const connection = connect(socket);
  const flow = new Flow(connection._spdyState.parser);
  connection.on('stream', (stream) => {
    stream.on('error', () => {});
    stream._spdyState.window.send.updateMax(NO_LIMIT);
    stream.respond(200, {});
    const { streamtype = '', requestid = '', port = '' } = stream.headers;
    const pair = pairs.get(requestid) ?? new Map<string, SpdyStream>();
    pairs.set(requestid, pair.set(streamtype, stream));
    const data = pair.get('data');
    const error = pair.get('error');
    if (!data || !error) return;
    pairs.delete(requestid);
    void forward(runtime, podSandboxId, Number(port), { data, error, flow });
  });
}

async function forward(
  runtime: StreamingRuntime,
  podSandboxId: string,
  port: number,
  { data, error, flow }: { data: SpdyStream; error: SpdyStream; flow: Flow },
): Promise<void> {
  const sent = inboxOf(data, flow);
  try {
    const { readable, writable, close } = await runtime.portForwardStream(podSandboxId, port);
    void pumpTo(writable, sent);
    data.once('close', () => close());
    for await (const chunk of readable) await write(data, chunk);
    data.end();
  } catch (fault) {
    sent.discard();
    const why = fault instanceof Error ? fault.message : String(fault);
    await write(error, new TextEncoder().encode(`an error occurred forwarding ${port}: ${why}`));
    data.end();
  }
  error.end();
}

async function pumpTo(
  writable: WritableStream<Uint8Array>,
  from: AsyncIterable<Uint8Array>,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const chunk of from) await writer.write(chunk);
    await writer.close();
  } catch {
    // The process does not read any more.
  }
}
