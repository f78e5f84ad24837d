/**
 * One request over undici's connections, as a `Response` whose body comes as it is read.
 *
 * undici's own `fetch` would do, too, but costs twice the processor time, compresses, and follows
 * redirects, which no API server needs.
 */

import type { Dispatcher } from 'undici';

/** As much of a body is read ahead. */
const READ_AHEAD_BYTES = 256 * 1024;

/** Codes whose answers have no body, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** What is sent. */
export interface OutgoingRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends a request.
 *
 * @returns when the head of the answer has come
 * @throws as a rejection: the signal's reason, or what the connection failed with
 */
export function sendRequest(
  dispatcher: Dispatcher,
  url: string,
  request: OutgoingRequest,
): Promise<Response> {
  const { origin, pathname, search } = new URL(url);
  const { method, headers, body, signal } = request;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(signal, resolve, reject);
    const path = `${pathname}${search}`;
    // `reset`: else undici closes the connection after each DELETE that has a body.
    const options = { origin, path, headers, body, reset: false };
    dispatcher.dispatch({ ...options, method: method as Dispatcher.HttpMethod }, exchange);
  });
}

/** From a request that is sent to the end of its answer's body. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #onAbort = (): void => this.#abort(this.#signal?.reason);
  #connection: Dispatcher.DispatchController | undefined;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isOver = false;

  constructor(
    signal: AbortSignal | undefined,
    resolve: (response: Response) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  onRequestStart(connection: Dispatcher.DispatchController): void {
    this.#connection = connection;
    // It waited for a connection, and was given up meanwhile.
    if (this.#isOver) connection.abort(new Error('given up'));
  }

  onResponseStart(
    connection: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.#isOver) return;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (body) => {
          this.#body = body;
        },
        pull: () => connection.resume(),
        cancel: (reason) => this.#abort(reason),
      },
      { highWaterMark: READ_AHEAD_BYTES, size: (chunk) => chunk.byteLength },
    );
    const body = WITHOUT_BODY.has(status) ? null : stream;
    this.#resolve(new Response(body, { status, headers: headersOf(headers) }));
  }

  onResponseData(connection: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isOver || this.#body === undefined) return;
    this.#body.enqueue(chunk);
    if ((this.#body.desiredSize ?? 0) <= 0) connection.pause();
  }

  onResponseEnd(): void {
    if (this.#end()) this.#body?.close();
  }

  onResponseError(_connection: Dispatcher.DispatchController, error: Error): void {
    if (this.#end()) this.#fail(error);
  }

  #abort(reason: unknown): void {
    if (!this.#end()) return;
    this.#fail(reason);
    this.#connection?.abort(new Error('given up', { cause: reason }));
  }

  /** @returns whether it was not over before */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    return true;
  }

  #fail(reason: unknown): void {
    // One of them is over already, and does not mind.
    this.#reject(reason);
    this.#body?.error(reason);
  }
}

function headersOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): [name: string, value: string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
}
