/** Streams at the URL of a runtime's streaming server: ours, or containerd's. */

import { type RawData, WebSocket } from 'ws';
import { CriError, type ExecStream, type PortForwardStream } from '../cri/index.ts';
import { Pipe } from '../kernel/pipe.ts';
import { readableOf } from '../streams.ts';
import { CHANNEL, CHANNEL_PROTOCOLS, channelMessage, exitCodeIn } from './channels.ts';
import { type Flow, webSocketFlow } from './flow.ts';

/** A refusal comes right behind the greeting; nothing says that there is none. */
const REFUSAL_MS = 20;

/** Which streams were asked for. */
export interface WantedStreams {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly tty?: boolean;
}

/** Dials an exec or attach URL. @throws CriError, as a rejection */
export async function openExec(url: string, wanted: WantedStreams): Promise<ExecStream> {
  const socket = await open(url);
  const flow = webSocketFlow(socket);
  const stdout = wanted.stdout ? new Incoming(flow) : undefined;
  const stderr = wanted.stderr && !wanted.tty ? new Incoming(flow) : undefined;
  const exitCode = new Promise<number>((resolve, reject) => {
    socket.on('message', (data: RawData) => {
      const message = bufferOf(data);
      const bytes = message.subarray(1);
      if (message[0] === CHANNEL.stdout) stdout?.push(bytes);
      if (message[0] === CHANNEL.stderr) stderr?.push(bytes);
      if (message[0] !== CHANNEL.error || bytes.length === 0) return;
      try {
        resolve(exitCodeIn(new TextDecoder().decode(bytes)));
      } catch (error) {
        reject(new CriError('UNKNOWN', error instanceof Error ? error.message : String(error)));
      }
    });
    socket.on('close', () => {
      stdout?.end();
      stderr?.end();
      // After an attachment nothing says more than that it is over.
      resolve(0);
    });
  });
  exitCode.catch(() => {});
  socket.resume();
  return {
    ...(wanted.stdin && { stdin: outgoing(socket, CHANNEL.stdin, () => closeStdin(socket)) }),
    ...(stdout && { stdout: stdout.stream }),
    ...(stderr && { stderr: stderr.stream }),
    resize: ({ width, height }) =>
      socket.send(channelMessage(CHANNEL.resize, JSON.stringify({ Width: width, Height: height }))),
    exitCode,
    close: () => socket.close(),
  };
}

/** Dials a port-forward URL for one port. @throws CriError, as a rejection */
export async function openPort(url: string, port: number): Promise<PortForwardStream> {
  const target = new URL(url);
  target.searchParams.set('port', String(port));
  const socket = await open(target.href);
  const incoming = new Incoming(webSocketFlow(socket));
  const seen = new Set<number>();
  await new Promise<void>((resolve, reject) => {
    socket.on('message', (data: RawData) => {
      const message = bufferOf(data);
      const channel = message[0] ?? 0;
      const bytes = message.subarray(1);
      if (!seen.has(channel)) {
        // The first message of each channel repeats the port.
        seen.add(channel);
        if (seen.size === 2) setTimeout(resolve, REFUSAL_MS);
      } else if (channel === 0) incoming.push(bytes);
      else {
        reject(new CriError('UNKNOWN', new TextDecoder().decode(bytes)));
        socket.close();
      }
    });
    socket.on('close', () => {
      incoming.end();
      resolve();
    });
    socket.resume();
  });
  return {
    readable: incoming.stream,
    writable: outgoing(socket, 0, () => {}),
    close: () => socket.close(),
  };
}

function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), [...CHANNEL_PROTOCOLS]);
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      // What comes at once must find somebody who listens.
      socket.pause();
      resolve(socket);
    });
    socket.once('error', (error) =>
      reject(new CriError('UNAVAILABLE', `${url}: ${error.message}`)),
    );
  });
}

/** Before v5 the end of input cannot be told. */
function closeStdin(socket: WebSocket): void {
  if (socket.protocol === CHANNEL_PROTOCOLS[0]) {
    socket.send(channelMessage(CHANNEL.close, Uint8Array.of(CHANNEL.stdin)));
  }
}

function outgoing(
  socket: WebSocket,
  channel: number,
  onClose: () => void,
): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (bytes) =>
      new Promise<void>((resolve, reject) => {
        socket.send(channelMessage(channel, bytes), (error) => (error ? reject(error) : resolve()));
      }),
    close: onClose,
    abort: onClose,
  });
}

/** What arrives, as a stream. */
class Incoming {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #flow: Flow;
  readonly #pipe = new Pipe();
  #waitingBytes = 0;
  #isCancelled = false;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.stream = readableOf({ read: () => this.#read(), cancel: () => this.#cancel() });
  }

  push(bytes: Uint8Array): void {
    if (this.#isCancelled) return;
    this.#waitingBytes += bytes.length;
    this.#flow.took(bytes.length);
    // Who waits for room is the connection, not this.
    void this.#pipe.write(bytes).catch(() => {});
  }

  end(): void {
    this.#pipe.close();
  }

  async #read(): Promise<Uint8Array | undefined> {
    const bytes = await this.#pipe.read();
    if (!this.#isCancelled) this.#used(bytes?.length ?? 0);
    return bytes;
  }

  #cancel(): void {
    this.#isCancelled = true;
    this.#used(this.#waitingBytes);
    this.#pipe.cancel();
  }

  #used(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#flow.used(bytes);
  }
}

function bufferOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
