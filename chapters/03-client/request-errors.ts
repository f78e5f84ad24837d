/** Requests that fail before there is an answer. Given. What a server says is a `StatusError`. */

/** The request was not sent: it would not have meant what was asked for. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

/** There was no answer in the time a request may take. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';

  constructor(method: string, url: string, timeoutMs: number) {
    super(`${method} ${url}: no answer within ${timeoutMs} ms`);
  }
}

/** What Node and undici call a connection that ended before the answer came. */
const RESET_CODES: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_GOAWAY_SESSION',
]);

/** A chain of causes is not followed further than this. */
const MOST_CAUSES = 10;

/**
 * Whether a connection was there and broke, also when that is the cause of what was thrown: its
 * `code` is `ECONNRESET` or one of the other names for it.
 *
 * @see apimachinery v0.33 pkg/util/net, IsConnectionReset, IsProbableEOF, IsHTTP2ConnectionLost
 */
export function isConnectionReset(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && current instanceof Error; depth++) {
    if (RESET_CODES.has((current as { readonly code?: unknown }).code)) return true;
    current = current.cause;
  }
  return false;
}
