/** An HTTP server with a small handler in place of the API server, and raw clients for it. */

import { connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { silentLogger } from '#apimachinery';
import type { Connection, Upgrade } from '../../../solutions/02-apiserver/connection.ts';
import type { Answer, Incoming } from '../../../solutions/02-apiserver/context.ts';
import type { Target } from '../../../solutions/02-apiserver/raw-target.ts';
import {
  HttpServer,
  type HttpServerOptions,
} from '../../../solutions/02-apiserver/wire/http-server.ts';

export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** One request as the handler saw it. */
export interface Seen {
  readonly incoming: Incoming;
  readonly target: Target;
  readonly connection: Connection;
}

export type Respond = (seen: Seen) => Promise<Answer | Upgrade> | Answer | Upgrade;

export const hello: Respond = () => text('hello');

export function text(body: string, status = 200): Answer {
  return { status, headers: { 'Content-Type': 'text/plain' }, body };
}

/** A server that is stopped after the test, and what its handler saw. */
export function newServer(respond: Respond = hello, options: Partial<HttpServerOptions> = {}) {
  const seen: Seen[] = [];
  const server = new HttpServer({
    log: silentLogger,
    handler: {
      async handle(incoming, target, connection) {
        const one = { incoming, target, connection };
        seen.push(one);
        return respond(one);
      },
    },
    ...options,
  });
  cleanups.push(() => server.stop(100));
  return { server, seen };
}

export async function startServer(respond?: Respond, options?: Partial<HttpServerOptions>) {
  const { server, seen } = newServer(respond, options);
  const port = await server.listen('127.0.0.1', 0, { trusted: true });
  return { server, seen, port };
}

/** A connection on which requests are written byte for byte. */
export class RawClient {
  readonly socket: Socket;
  received = '';
  isClosed = false;
  #wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      this.received += piece;
      this.#notify();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#notify();
    });
    cleanups.push(() => socket.destroy());
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Resolves once this much is true of what came in, or the connection is closed. */
  async until(isEnough: (received: string) => boolean): Promise<string> {
    while (!isEnough(this.received) && !this.isClosed) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    return this.received;
  }

  /** Takes one answer with a length off what came in. */
  async answer(): Promise<{ status: number; head: string; body: string }> {
    const lengthOf = (text: string) => {
      const at = text.indexOf('\r\n\r\n');
      if (at < 0) return undefined;
      const length = /^content-length: (\d+)/im.exec(text.slice(0, at))?.[1] ?? '0';
      return { at, end: at + 4 + Number(length) };
    };
    await this.until((text) => text.length >= (lengthOf(text)?.end ?? Number.POSITIVE_INFINITY));
    const { at = 0, end = 0 } = lengthOf(this.received) ?? {};
    const head = this.received.slice(0, at);
    const body = this.received.slice(at + 4, end);
    this.received = this.received.slice(end);
    return { status: Number(head.split(' ')[1]), head, body };
  }

  closed(): Promise<string> {
    return this.until(() => false);
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The first line and the headers every request has. */
export function head(method: string, target: string, more: readonly string[] = []): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: localhost', ...more].join('\r\n')}\r\n\r\n`;
}
