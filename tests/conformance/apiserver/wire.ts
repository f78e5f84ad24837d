/** HTTP/1.1 to an API server: requests with whole answers, and watches that are read event by event. */

import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { Access } from './kubeconfig.ts';

/** How long anything may take. */
const PATIENCE_MS = 10_000;

/** What goes with a request. */
export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  /** The body's type, if it is not JSON. */
  readonly type?: string;
  /** A token to show in place of the suite's own credentials; '' shows nothing. */
  readonly token?: string;
}

/** An answer, read to its end. */
export class Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;

  constructor(status: number, headers: IncomingHttpHeaders, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The body as JSON. */
  get body(): Readonly<Record<string, unknown>> {
    return JSON.parse(this.text);
  }

  /** A field of the body: `metadata.uid`, `items.0.spec`; `undefined` if there is none. */
  at(path: string): unknown {
    return fieldOf(this.body, path);
  }

  get name(): string {
    return String(this.at('metadata.name'));
  }

  get version(): string {
    return String(this.at('metadata.resourceVersion'));
  }

  /** The names of a list's items. */
  get names(): string[] {
    return (this.at('items') as unknown[]).map((item) => String(fieldOf(item, 'metadata.name')));
  }
}

/** A field by its path; `undefined` if there is none. */
export function fieldOf(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** A watch that runs. */
export class Watching {
  readonly #message: IncomingMessage;
  readonly #events: AsyncIterator<string>;

  constructor(message: IncomingMessage) {
    this.#message = message;
    this.#events = createInterface({ input: message })[Symbol.asyncIterator]();
  }

  /** The next event; `undefined` when the server ended the watch. */
  async next(): Promise<WatchEvent | undefined> {
    const { value, done } = await inTime(this.#events.next(), 'an event of a watch');
    return done ? undefined : JSON.parse(value);
  }

  /** The next events, as `TYPE name`. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`the watch ended after ${taken.join(', ')}`);
      taken.push(`${event.type} ${fieldOf(event.object, 'metadata.name')}`);
    }
    return taken;
  }

  /** All events until the server ends the watch. */
  async rest(): Promise<WatchEvent[]> {
    const events: WatchEvent[] = [];
    for (;;) {
      const event = await this.next();
      if (event === undefined) return events;
      events.push(event);
    }
  }

  end(): void {
    this.#message.destroy();
  }
}

/** A client of one API server. */
export class Wire {
  readonly #access: Access;
  readonly #agent: http.Agent;
  /** Shows no certificate, for requests with other credentials. */
  readonly #strangersAgent: http.Agent;

  constructor(access: Access) {
    this.#access = access;
    const { cert: _cert, key: _key, ...trust } = access.tls;
    const isSecure = access.endpoint.startsWith('https:');
    const newAgent = (tls: Access['tls']) =>
      isSecure ? new https.Agent({ keepAlive: true, ...tls }) : new http.Agent({ keepAlive: true });
    this.#agent = newAgent(access.tls);
    this.#strangersAgent = newAgent(trust);
  }

  /**
   * Sends a request.
   *
   * @param body - sent as JSON; a string is sent as it is
   */
  async ask(method: string, path: string, body?: unknown, asking: Asking = {}): Promise<Answer> {
    const message = await this.#send(method, path, body, asking);
    const pieces: Buffer[] = [];
    const read = async () => {
      for await (const piece of message) pieces.push(piece as Buffer);
    };
    await inTime(read(), `the answer to ${method} ${path}`);
    const text = Buffer.concat(pieces).toString();
    return new Answer(message.statusCode ?? 0, message.headers, text);
  }

  /** Begins a watch; resolves once the server has agreed to it. */
  async watch(path: string, asking: Asking = {}): Promise<Watching> {
    const message = await this.#send('GET', path, undefined, asking);
    if (message.statusCode === 200) return new Watching(message);
    message.destroy();
    throw new Error(`${path} was answered with ${message.statusCode}`);
  }

  close(): void {
    this.#agent.destroy();
    this.#strangersAgent.destroy();
  }

  #send(method: string, path: string, body: unknown, asking: Asking): Promise<IncomingMessage> {
    const { endpoint, token } = this.#access;
    const shown = asking.token ?? token;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      ...(text !== undefined && { 'content-type': asking.type ?? 'application/json' }),
      // Node does not say how long a body is that goes with DELETE.
      ...(text !== undefined && { 'content-length': String(Buffer.byteLength(text)) }),
      ...(shown && { authorization: `Bearer ${shown}` }),
      ...asking.headers,
    };
    const agent = asking.token === undefined ? this.#agent : this.#strangersAgent;
    const { request } = endpoint.startsWith('https:') ? https : http;
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(endpoint + path, { method, headers, agent }, resolve);
      outgoing.on('error', reject);
      outgoing.end(text);
    });
    return inTime(answered, `${method} ${path}`);
  }
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not come within ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
