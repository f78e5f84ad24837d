/**
 * A request of HTTP/1.1 or HTTP/2 in the form the handler takes, at the cost of one small object.
 *
 * A `Request` would cost more than all of parsing. What nobody asks for is never made: most requests
 * have no use for a signal, and many have no body.
 */

import type { IncomingHttpHeaders } from 'node:http2';
import type { Readable } from 'node:stream';
import { newBadRequest, newRequestEntityTooLarge, StatusError } from '#apimachinery';
import type { Incoming } from '../context.ts';

/** How much of a body is taken, and for how long it may come in. */
export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** What an incoming request is made from. */
export interface IncomingParts {
  readonly method: string;
  /** Asked for its headers only when somebody wants one. */
  readonly head: { readonly headers: IncomingHttpHeaders };
  /** `complete` is node:http's: all of it has been received, though perhaps not yet read. */
  readonly body: Readable & { readonly complete?: boolean };
  /** HTTP/2: did the head say that nothing follows it? HTTP/1.1 says so by naming no encoding. */
  readonly endsWithHead?: boolean;
  readonly limits: BodyLimits;
  /** Called before the first byte of the body is waited for: the moment for `100 Continue`. */
  readonly beforeBody?: () => void;
}

/** A request from the wire. */
export class WireIncoming implements Incoming {
  readonly method: string;
  readonly headers: WireHeaders;
  readonly #parts: IncomingParts;
  #controller: AbortController | undefined;
  #isLost = false;
  #isBodyTaken = false;
  #failBody: ((error: Error) => void) | undefined;

  constructor(parts: IncomingParts) {
    this.method = parts.method;
    this.headers = new WireHeaders(parts.head);
    this.#parts = parts;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isLost) this.#controller.abort();
    return this.#controller.signal;
  }

  /** The caller hung up. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#controller?.abort();
    this.#failBody?.(newBadRequest('unexpected EOF'));
  }

  /** Has all of the body arrived, or is there none? */
  get isReceived(): boolean {
    const { body } = this.#parts;
    if (this.#isBodyTaken || body.complete || body.readableEnded) return true;
    const declared = this.headers.get('content-length');
    if (!this.#hasBody(declared)) return true;
    return declared !== null && body.readableLength === Number(declared);
  }

  /**
   * @throws StatusError 413, as a rejection, when the body is too large; 408 when it comes too slowly;
   * 400 when the caller hangs up in the middle
   */
  arrayBuffer(): Promise<ArrayBuffer> {
    const { limits, beforeBody } = this.#parts;
    const declared = this.headers.get('content-length');
    if (!this.#hasBody(declared)) return Promise.resolve(new ArrayBuffer(0));
    if (Number(declared) > limits.maxBytes) return Promise.reject(tooLarge(limits.maxBytes));
    if (this.#isLost) return Promise.reject(newBadRequest('unexpected EOF'));
    // Small bodies mostly come together with the head: there is nothing to wait for.
    if (declared !== null && this.isReceived) return Promise.resolve(this.#takeBody());
    beforeBody?.();
    return this.#readBody();
  }

  #hasBody(declared: string | null): boolean {
    if (declared !== null) return declared !== '0';
    const { endsWithHead, head } = this.#parts;
    return endsWithHead === undefined
      ? head.headers['transfer-encoding'] !== undefined
      : !endsWithHead;
  }

  #takeBody(): ArrayBuffer {
    this.#isBodyTaken = true;
    const whole = this.#parts.body.read() as Buffer | null;
    return whole === null ? new ArrayBuffer(0) : joined([whole], whole.length);
  }

  #readBody(): Promise<ArrayBuffer> {
    const { body, limits } = this.#parts;
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      const settle = (): void => {
        clearTimeout(timer);
        this.#failBody = undefined;
        body.off('data', take).off('end', finish).off('error', fail);
      };
      const fail = (error: Error): void => {
        settle();
        body.pause();
        reject(error instanceof StatusError ? error : newBadRequest('unexpected EOF'));
      };
      const finish = (): void => {
        settle();
        this.#isBodyTaken = true;
        resolve(joined(pieces, bytes));
      };
      const take = (piece: Buffer): void => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > limits.maxBytes) fail(tooLarge(limits.maxBytes));
      };
      const timer = setTimeout(() => fail(tooSlow()), limits.timeoutMs);
      this.#failBody = fail;
      body.on('data', take).on('end', finish).on('error', fail);
    });
  }
}

/** The headers of a request from the wire. */
export class WireHeaders {
  readonly #head: IncomingParts['head'];

  constructor(head: IncomingParts['head']) {
    this.#head = head;
  }

  /** @param name - in any case */
  get(name: string): string | null {
    const { headers } = this.#head;
    const value = headers[name] ?? headers[name.toLowerCase()];
    if (value === undefined) return null;
    return typeof value === 'string' ? value : value.join(', ');
  }

  /** Every header but those of HTTP/2 itself; names in small letters. */
  forEach(each: (value: string, name: string) => void): void {
    for (const [name, value] of Object.entries(this.#head.headers)) {
      if (value === undefined || name.startsWith(':')) continue;
      each(typeof value === 'string' ? value : value.join(', '), name);
    }
  }
}

/** @returns a buffer of its own: pieces share theirs with others */
function joined(pieces: readonly Buffer[], bytes: number): ArrayBuffer {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole.buffer;
}

function tooLarge(maxBytes: number): StatusError {
  return newRequestEntityTooLarge(`limit is ${maxBytes}`);
}

function tooSlow(): StatusError {
  return new StatusError({
    code: 408,
    reason: 'Timeout',
    message: 'the body of the request did not come in time',
  });
}
