/** HTTP/1.1 as the simulated programs speak it: a server and a client, on a process's sockets. Given. */

import { concat } from '../kernel/pipe.ts';
import type { Process } from '../kernel/process.ts';
import type { Connection } from '../network/connection.ts';
import type { SecureOptions } from '../network/node-network.ts';

/** A request as a program sees it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly remoteAddress: string;
}

/** What a program answers. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** The words that belong to a status. */
export function reasonPhrase(status: number): string {
  return REASONS[status] ?? 'Unknown';
}

/** Serves a port until the process ends, or `until` resolves. */
export async function serveHttp(
  process: Process,
  port: number,
  handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
): Promise<void> {
  const listener = process.listen(port);
  for (;;) {
    const connection = await process.wait(listener.accept());
    if (connection === undefined) return;
    process.onEnd(() => connection.close());
    serveConnection(process, connection, handle).catch(() => connection.close());
  }
}

async function serveConnection(
  process: Process,
  connection: Connection,
  handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
): Promise<void> {
  const reader = new MessageReader(process, connection);
  for (;;) {
    const message = await reader.next();
    if (message === undefined) break;
    const [method = '', target = '', version = ''] = message.first.split(' ');
    const { headers, body } = message;
    const isLast = headers.get('connection')?.toLowerCase() === 'close' || version === 'HTTP/1.0';
    let answer: HttpAnswer;
    try {
      answer = await handle({
        method,
        target,
        headers,
        body,
        remoteAddress: connection.remoteAddress,
      });
    } catch (error) {
      if (process.status) throw error;
      answer = { status: 500, body: `${error instanceof Error ? error.message : error}\n` };
    }
    await process.wait(
      Promise.resolve(connection.output.write(answerBytes(answer, method, isLast))),
    );
    if (isLast) break;
  }
  connection.output.close();
}

function answerBytes(
  { status, headers = {}, body = '' }: HttpAnswer,
  method: string,
  isLast: boolean,
): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const all = {
    'Content-Type': 'text/plain; charset=utf-8',
    ...headers,
    'Content-Length': String(bytes.length),
    Connection: isLast ? 'close' : 'keep-alive',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = new TextEncoder().encode(
    `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines.join('')}\r\n`,
  );
  return method === 'HEAD' ? head : concat([head, bytes]);
}

/** What a client gets. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** What a client asks for. */
export interface HttpCall {
  readonly ip: string;
  readonly port: number;
  /** For the `Host` header. */
  readonly host: string;
  readonly target: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Over TLS. */
  readonly secure?: SecureOptions;
}

/** Makes one request. @throws DialError when nobody answers, Error for what is no HTTP */
export async function httpCall(process: Process, call: HttpCall): Promise<HttpResponse> {
  const { ip, port, host, target, method = 'GET', headers = {}, body = new Uint8Array() } = call;
  const plain = await process.dial(ip, port);
  const connection = call.secure ? await process.secure(plain, call.secure) : plain;
  try {
    const all = { Host: host, 'User-Agent': 'Wget', Connection: 'close', ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = body.length > 0 ? `Content-Length: ${body.length}\r\n` : '';
    const head = new TextEncoder().encode(
      `${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n`,
    );
    await process.wait(Promise.resolve(connection.output.write(concat([head, body]))));
    const message = await new MessageReader(process, connection).next(true);
    if (message === undefined) throw new Error('error getting response');
    const status = Number(message.first.split(' ')[1]);
    return { status, headers: message.headers, body: message.body };
  } finally {
    connection.close();
    plain.close();
  }
}

interface Message {
  readonly first: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

const END_OF_HEAD = [13, 10, 13, 10];

/** Cuts a connection's bytes into messages. */
class MessageReader {
  readonly #process: Process;
  readonly #connection: Connection;
  #rest: Uint8Array = new Uint8Array();

  constructor(process: Process, connection: Connection) {
    this.#process = process;
    this.#connection = connection;
  }

  /** @param untilEnd - a message without a length goes on to the end, as answers do */
  async next(untilEnd = false): Promise<Message | undefined> {
    let end = indexOfEnd(this.#rest);
    while (end < 0) {
      if (!(await this.#more())) return undefined;
      end = indexOfEnd(this.#rest);
    }
    const [first = '', ...lines] = new TextDecoder()
      .decode(this.#rest.subarray(0, end))
      .split('\r\n');
    this.#rest = this.#rest.subarray(end + 4);
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    return { first, headers, body: await this.#body(headers, untilEnd) };
  }

  async #body(headers: ReadonlyMap<string, string>, untilEnd: boolean): Promise<Uint8Array> {
    if (headers.get('transfer-encoding') === 'chunked') return this.#chunks();
    const length = headers.get('content-length');
    if (length === undefined && !untilEnd) return new Uint8Array();
    const wanted = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
    while (this.#rest.length < wanted && (await this.#more()));
    const body = this.#rest.slice(0, wanted === Number.POSITIVE_INFINITY ? undefined : wanted);
    this.#rest = this.#rest.subarray(body.length);
    return body;
  }

  async #chunks(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const size = Number.parseInt(await this.#line(), 16);
      if (!(size > 0)) return concat(chunks);
      while (this.#rest.length < size + 2 && (await this.#more()));
      chunks.push(this.#rest.slice(0, size));
      this.#rest = this.#rest.subarray(size + 2);
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0 || !(await this.#more())) {
        const line = new TextDecoder().decode(this.#rest.subarray(0, Math.max(end, 0))).trim();
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
    }
  }

  async #more(): Promise<boolean> {
    const bytes = await this.#process.wait(this.#connection.input.read());
    if (bytes === undefined) return false;
    this.#rest = concat([this.#rest, bytes]);
    return true;
  }
}

function indexOfEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (END_OF_HEAD.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
