/** What of a request goes on to a backend, what of its answer comes back, and connections in between. */

import type { Duplex } from 'node:stream';
import { newBadRequest, newInternalError, StatusError } from '#apimachinery';
import type { Upgrade } from '../connection.ts';
import type { Answer, Context, Incoming } from '../context.ts';
import { type Backend, BackendError, type BackendRequest, type Upgraded } from './backend.ts';

/**
 * Headers that concern one connection, are made anew, or are credentials for this server: whoever
 * runs a pod must not get to see the tokens of those who look at it.
 */
const NOT_PASSED_ON =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|expect|authorization|proxy-.*|impersonate-.*|x-remote-.*)$/;
/** WebSockets of browsers carry tokens like so. */
const TOKEN_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\./;

/** The headers of a request as they are passed on. */
export function forwardedHeaders({ incoming, connection }: Context): Record<string, string> {
  const passed: Record<string, string> = {};
  incoming.headers.forEach?.((value, name) => {
    if (!NOT_PASSED_ON.test(name)) passed[name] = value;
  });
  const protocols = passed['sec-websocket-protocol']?.split(',').map((one) => one.trim());
  if (protocols !== undefined) {
    const own = protocols.filter((one) => !TOKEN_PROTOCOL.test(one));
    passed['sec-websocket-protocol'] = own.join(', ');
  }
  const before = passed['x-forwarded-for'];
  const { remoteAddress } = connection;
  passed['x-forwarded-for'] = before ? `${before}, ${remoteAddress}` : remoteAddress;
  return passed;
}

/** Does a request ask for another protocol? */
export function asksForUpgrade({ headers }: Incoming): boolean {
  const connection = headers.get('connection') ?? '';
  return connection.toLowerCase().includes('upgrade') && Boolean(headers.get('upgrade'));
}

/**
 * Passes a request on whose connection is to become another protocol's, and joins both ends.
 *
 * @remarks Bytes go through as they are: WebSocket or SPDY, the protocol's channels are the business
 * of client and kubelet. A backend that would not has its answer passed back.
 *
 * @throws StatusError 400, as a rejection, when the request asks for no upgrade; 500 when the backend
 * cannot be reached
 */
export async function passUpgrade(
  backend: Backend,
  path: string,
  context: Context,
): Promise<Answer | Upgrade> {
  const { incoming } = context;
  if (!asksForUpgrade(incoming)) throw newBadRequest('Upgrade request required');
  const headers = { ...forwardedHeaders(context), upgrade: incoming.headers.get('upgrade') ?? '' };
  const { method, signal } = incoming;
  const upgraded = await backend.upgrade({ method, path, headers, signal }).catch((error) => {
    throw unreachable(error, (why) => `error dialing backend: ${why}`);
  });
  if ('connection' in upgraded) return tunnelTo(upgraded, signal);
  if (upgraded.status >= 400) return upgraded;
  throw plainError(500, `invalid upgrade response: status code ${upgraded.status}`);
}

function tunnelTo({ protocol, headers, connection }: Upgraded, signal: AbortSignal): Upgrade {
  // The caller may be gone before it can be told.
  const drop = () => connection.destroy();
  connection.on('error', drop);
  if (signal.aborted) drop();
  signal.addEventListener('abort', drop, { once: true });
  return {
    protocol,
    headers,
    accept: (client) => {
      signal.removeEventListener('abort', drop);
      return join(client, connection);
    },
  };
}

/**
 * Carries bytes both ways until both connections are closed; one that ends, ends the other once all
 * of its bytes are there.
 */
export function join(one: Duplex, other: Duplex): Promise<void> {
  one.pipe(other);
  other.pipe(one);
  return Promise.all([whenClosed(one, other), whenClosed(other, one)]).then(() => {});
}

function whenClosed(gone: Duplex, left: Duplex): Promise<void> {
  gone.on('error', () => gone.destroy());
  return new Promise((resolve) => {
    const close = () => {
      if (!left.destroyed) left.end(() => left.destroy());
      resolve();
    };
    if (gone.destroyed) close();
    else gone.once('close', close);
  });
}

/**
 * Passes an ordinary request on.
 *
 * @throws StatusError 503, as a rejection, when the backend cannot be reached
 */
export async function passRequest(
  backend: Backend,
  path: string,
  context: Context,
): Promise<Answer> {
  const { method, signal } = context.incoming;
  const body = new Uint8Array(await context.incoming.arrayBuffer());
  const request: BackendRequest = {
    method,
    path,
    headers: forwardedHeaders(context),
    ...(body.length > 0 && { body }),
    signal,
  };
  return backend.request(request).catch((error) => {
    throw unreachable(
      error,
      (why) => `error trying to reach service: ${why}`,
      (message) => new StatusError({ code: 503, reason: 'ServiceUnavailable', message }),
    );
  });
}

/** What a client is told when a backend cannot be reached. */
export function unreachable(
  error: unknown,
  describe: (why: string) => string,
  make = (message: string) => plainError(500, message),
): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof BackendError) return make(describe(error.message));
  return newInternalError(error instanceof Error ? error : new Error(String(error)));
}

/** An error of which nothing is known but its text, as Kubernetes passes it on. */
export function plainError(code: number, message: string): StatusError {
  return new StatusError({ code, reason: '', message });
}
