/**
 * Sends requests until there is an answer that counts. Part of the exercise `client/rest-client`.
 *
 * It knows nothing of resources and verbs: that is `rest-client.ts`.
 */

import type { Clock, GroupResource, Logger } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import { RequestScope } from './request-scope.ts';
import type { Transport } from './transport.ts';

/** After so many requests that were to be tried again, the next answer counts whatever it is. */
export const MAX_RETRIES = 10;

/** So long is waited after a connection that broke. */
export const RESET_RETRY_SECONDS = 1;

/** So many requests go out at once before `qps` slows them down, when nobody says otherwise. */
export const DEFAULT_BURST = 10;

/** What requests are sent with. */
export interface RequesterOptions {
  readonly transport: Transport;
  /** `https://127.0.0.1:6443`, perhaps with a path in front of all others. */
  readonly server: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who asks, for the server's logs. Absent: `kubernetes-from-scratch`. */
  readonly userAgent?: string;
  /** Requests in a second, in the long run. Absent, 0 or less: no limit. */
  readonly qps?: number;
  /** Requests that may go out at once. Absent: {@link DEFAULT_BURST}. */
  readonly burst?: number;
  /** How long a request may take. Absent or 0: for ever. */
  readonly timeoutMs?: number;
}

/** One request. */
export interface RestRequest {
  readonly method: string;
  /** Path and query, behind the server's own path. */
  readonly target: string;
  readonly accept: string;
  /** Its JSON is sent. Absent: no body. */
  readonly body?: unknown;
  /** Absent: `application/json`, if there is a body. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For messages: the resource, and the object's name. */
  readonly resource?: GroupResource | undefined;
  readonly name?: string | undefined;
}

/** An answer whose body has not been read. */
export interface OpenAnswer {
  readonly response: Response;
  /** Ends with the caller's signal. Who takes the answer ends it. */
  readonly scope: RequestScope;
}

/**
 * Sends requests to one server.
 *
 * @remarks
 * **Sent** is `server` without slashes at its end, then `target`; the headers `accept`, `user-agent`
 * and, with a body, `content-type`; the body's JSON; and a signal that aborts when the request is to
 * end.
 *
 * **Tried again** is a request
 *
 * - that was answered with 429, or 500 and above, and a `Retry-After` that is a whole number of
 *   seconds: after so long. That holds for all methods, and the body is sent again. The answer's body
 *   is cancelled;
 * - with `GET`, whose transport rejected with `isConnectionReset`: after `RESET_RETRY_SECONDS`.
 *   Others are not tried again: nobody knows what the server has done.
 *
 * After `MAX_RETRIES` of these the next answer counts, so there are at most eleven requests.
 *
 * **Slowed down** are requests with `qps`: a `BucketRateLimiter` for all of them together. Each waits
 * for it before it is sent, also when it is tried again; only the first try of `open` does not.
 *
 * **Warnings** of the answer that counts, those with code 299 and a text, are logged with `warn`, the
 * text alone being the message.
 *
 * **Errors.** An answer with a code that is not 200–299 becomes a `StatusError`:
 *
 * - `fromStatus`, when its body is JSON with the kind `Status` whose `status` is not `Success`, and its
 *   `content-type` is `application/json` or missing (parameters do not count);
 * - `newGenericServerResponse` in all other cases. The server's message is the body without white
 *   space around it, at most 2048 characters of it, when the `content-type` is missing or begins with
 *   `text/` (`''` for an empty body); `unknown` for any other `content-type`. The seconds are those of `Retry-After`, or 0.
 *
 * **Time.** With `timeoutMs`, a request rejects with a `RequestTimeoutError` when so long has passed
 * since the limiter let it go for the first time. All tries and waits after that count, and reading
 * the body does; with `open` it ends with the head.
 *
 * **Given up.** When the caller's signal aborts, the request rejects with its reason at once, whatever
 * goes on: before anything was sent, while it waits for the limiter or to be tried again, while the
 * transport has not answered, while the body is read. That, and the timeout, hold also for a transport
 * that does not look at its signal; a response that comes too late is cancelled. In the end no timer
 * is left, no listener on the caller's signal, and no body that was neither read nor cancelled.
 *
 * ```text
 * GET /api/v1/pods   → 429, Retry-After: 2        2 s
 *                    → ECONNRESET                 1 s
 *                    → 200                        its text
 * POST …             → 500, no Retry-After        StatusError
 * ```
 *
 * @see client-go v0.33 rest/request.go, rest/with_retry.go
 */
export class Requester {
  // Your state goes here: fields of your own choosing.

  /** @exercise client/rest-client */
  constructor(options: RequesterOptions) {
    throw new NotImplemented('client/rest-client', 'Requester.constructor');
  }

  /**
   * Sends a request and reads its answer.
   *
   * @returns the body's text; perhaps `''`
   * @throws StatusError, RequestTimeoutError, the signal's reason; what the transport rejects with.
   * When the body breaks off, also that of a refusal: an Error, `unexpected error when reading response body. Please retry.
   * Original error: <message>`, with what it broke off with as its `cause`
   * @exercise client/rest-client
   */
  async send(request: RestRequest): Promise<string> {
    throw new NotImplemented('client/rest-client', 'Requester.send');
  }

  /**
   * Sends a request whose answer is read as it comes.
   *
   * @returns once the head of an answer is there whose code is 200–299
   * @throws as `send`
   * @exercise client/rest-client
   */
  async open(request: RestRequest): Promise<OpenAnswer> {
    throw new NotImplemented('client/rest-client', 'Requester.open');
  }
}
