/**
 * The streaming server: exec, attach and port-forward at URLs that work once.
 *
 * It speaks WebSocket with Kubernetes' channels. What runs is up to the runtime.
 */

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '#apimachinery';
import {
  CriError,
  type ExecStream,
  type PortForwardRequest,
  type StreamingResponse,
  type StreamingRuntime,
} from '../cri/index.ts';
import { CHANNEL, CHANNEL_PROTOCOLS, channelMessage, exitStatus } from './channels.ts';
import { webSocketFlow } from './flow.ts';

/** A URL that nobody dials is forgotten after so long, as in Kubernetes' streaming library. */
const TOKEN_MS = 60_000;

type Serve = (socket: WebSocket) => Promise<void>;

interface Offer {
  readonly serve: Serve;
  readonly timer: NodeJS.Timeout;
}

/** Serves streams. */
export class StreamingServer {
  readonly #runtime: StreamingRuntime;
  readonly #log: Logger;
  readonly #offers = new Map<string, Offer>();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => CHANNEL_PROTOCOLS.find((one) => offered.has(one)) ?? false,
  });

  constructor({ runtime, log }: { readonly runtime: StreamingRuntime; readonly log: Logger }) {
    this.#runtime = runtime;
    this.#log = log;
    this.#server = createServer((_, response) => {
      response
        .writeHead(400)
        .end('you must specify at least 1 of stdin, stdout, stderr: upgrade to a WebSocket\n');
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async stop(): Promise<void> {
    for (const { timer } of this.#offers.values()) clearTimeout(timer);
    this.#offers.clear();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** @param open - called when somebody dials the URL */
  offer(kind: 'exec' | 'attach', open: () => Promise<ExecStream>, tty = false): StreamingResponse {
    return this.#offer(kind, async (socket) => serveExec(socket, await open(), tty));
  }

  offerPorts({ podSandboxId, port: ports = [] }: PortForwardRequest): StreamingResponse {
    return this.#offer('portforward', (socket) => this.#servePorts(socket, podSandboxId, ports));
  }

  #offer(kind: string, serve: Serve): StreamingResponse {
    const token = randomBytes(6).toString('base64url');
    const timer = setTimeout(() => this.#offers.delete(token), TOKEN_MS).unref();
    this.#offers.set(token, { serve, timer });
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/${kind}/${token}` };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const token = (request.url ?? '').split('/')[2]?.split('?')[0] ?? '';
    const offer = this.#offers.get(token);
    this.#offers.delete(token);
    if (offer === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    clearTimeout(offer.timer);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      offer.serve(webSocket).catch((error: unknown) => {
        this.#log.debug('a stream failed', { error });
        const message = textOf(error);
        const status = JSON.stringify({
          metadata: {},
          status: 'Failure',
          message,
          reason: 'InternalError',
        });
        webSocket.send(channelMessage(CHANNEL.error, status));
        webSocket.close();
      });
    });
  }

  /** Ports and channels: data of the first port is 0, its errors 1, of the second 2 and 3. */
  async #servePorts(
    socket: WebSocket,
    podSandboxId: string,
    ports: readonly number[],
  ): Promise<void> {
    const writers: (WritableStreamDefaultWriter<Uint8Array> | undefined)[] = [];
    onMessages(socket, (channel, bytes) => writers[channel / 2]?.write(bytes));
    for (const [i, port] of ports.entries()) {
      const head = Buffer.alloc(2);
      head.writeUInt16LE(port);
      socket.send(channelMessage(2 * i, head));
      socket.send(channelMessage(2 * i + 1, head));
      try {
        const stream = await this.#runtime.portForwardStream(podSandboxId, port);
        writers[i] = stream.writable.getWriter();
        socket.on('close', () => stream.close());
        void send(socket, 2 * i, stream.readable).then(() => socket.close());
      } catch (error) {
        socket.send(
          channelMessage(2 * i + 1, error instanceof Error ? error.message : String(error)),
        );
      }
    }
  }
}

async function serveExec(socket: WebSocket, stream: ExecStream, tty: boolean): Promise<void> {
  const stdin = stream.stdin?.getWriter();
  onMessages(socket, (channel, bytes) => {
    if (channel === CHANNEL.stdin) return stdin?.write(bytes);
    if (channel === CHANNEL.close && bytes[0] === CHANNEL.stdin) return stdin?.close();
    if (channel === CHANNEL.resize && tty) stream.resize(sizeIn(bytes));
    return undefined;
  });
  socket.on('close', () => stream.close());
  await Promise.all([
    stream.stdout && send(socket, CHANNEL.stdout, stream.stdout),
    stream.stderr && send(socket, CHANNEL.stderr, stream.stderr),
  ]);
  socket.send(channelMessage(CHANNEL.error, exitStatus(await stream.exitCode)));
  socket.close(1000);
}

function textOf(error: unknown): string {
  if (error instanceof CriError) return error.description;
  return error instanceof Error ? error.message : String(error);
}

function sizeIn(bytes: Uint8Array): { width: number; height: number } {
  const size = JSON.parse(new TextDecoder().decode(bytes)) as { Width?: number; Height?: number };
  return { width: size.Width ?? 80, height: size.Height ?? 24 };
}

/** One message after the other, in order; who sends waits while they are not taken. */
function onMessages(
  socket: WebSocket,
  take: (channel: number, bytes: Uint8Array) => Promise<void> | undefined,
): void {
  const flow = webSocketFlow(socket);
  let before: Promise<void> = Promise.resolve();
  socket.on('message', (data: RawData) => {
    const message = bufferOf(data);
    flow.took(message.length);
    before = before
      .then(() => take(message[0] ?? 0, message.subarray(1)))
      .catch(() => {})
      .then(() => flow.used(message.length));
  });
}

function bufferOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

async function send(
  socket: WebSocket,
  channel: number,
  stream: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const bytes of stream) {
    if (socket.readyState !== WebSocket.OPEN) return;
    await new Promise<void>((resolve) =>
      socket.send(channelMessage(channel, bytes), () => resolve()),
    );
  }
}
