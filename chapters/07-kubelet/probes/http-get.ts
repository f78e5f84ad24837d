/** One HTTP request over a connection to a pod: what probes and hooks need, and no more. Given. */

import type { Duplex } from 'node:stream';
import type { Container, PodNetwork } from '#apimachinery';

/** What is asked for. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** `HTTP` or `HTTPS`. */
  readonly scheme: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** Asks; rejects when there is no answer, and when the signal aborts. */
export type HttpGet = (
  target: HttpTarget,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly body: string }>;

/** Puts TLS over a connection, without a look at the certificate. */
export type SecureConnection = (connection: Duplex) => Promise<Duplex>;

const MAX_BODY_BYTES = 10 * 1024;

/**
 * @param from - the node's own address
 * @param secure - absent: HTTPS is refused
 */
export function newHttpGet(network: PodNetwork, from: string, secure?: SecureConnection): HttpGet {
  return async ({ host, port, path, scheme, headers }, signal) => {
    const plain = await network.dial(from, host, port, 'TCP');
    const isSecure = scheme.toUpperCase() === 'HTTPS';
    if (isSecure && secure === undefined) {
      plain.destroy();
      throw new Error('https is not available here');
    }
    const connection = isSecure && secure ? await secure(plain) : plain;
    const names = new Set(headers.map(({ name }) => name.toLowerCase()));
    const lines = [
      `GET ${path.startsWith('/') ? path : `/${path}`} HTTP/1.1`,
      ...(names.has('host') ? [] : [`Host: ${host.includes(':') ? `[${host}]` : host}:${port}`]),
      ...(names.has('user-agent') ? [] : ['User-Agent: kube-probe/1.33']),
      ...(names.has('accept') ? [] : ['Accept: */*']),
      'Connection: close',
      ...headers.map(({ name, value }) => `${name}: ${value}`),
    ];
    const text = await readAll(connection, `${lines.join('\r\n')}\r\n\r\n`, signal);
    const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(text) ?? [];
    if (status === undefined) {
      throw new Error(`Get "${scheme.toLowerCase()}://${host}:${port}${path}": EOF`);
    }
    const begin = text.indexOf('\r\n\r\n');
    return { status: Number(status), body: begin < 0 ? '' : text.slice(begin + 4) };
  };
}

function readAll(connection: Duplex, request: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = '';
    const finish = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      connection.destroy();
      end();
    };
    const onAbort = (): void => finish(() => reject(signal.reason));
    signal.addEventListener('abort', onAbort);
    connection.on('data', (chunk: Uint8Array) => {
      text += decoder.decode(chunk, { stream: true });
      if (isComplete(text) || text.length > MAX_BODY_BYTES) finish(() => resolve(text));
    });
    connection.once('end', () => finish(() => resolve(text)));
    connection.once('close', () => finish(() => resolve(text)));
    connection.on('error', (error) => finish(() => reject(error)));
    if (signal.aborted) onAbort();
    else connection.write(request);
  });
}

/** Some servers leave the connection open although they were asked to close it. */
function isComplete(text: string): boolean {
  const begin = text.indexOf('\r\n\r\n');
  if (begin < 0) return false;
  const [, length] = /^content-length: *(\d+)/im.exec(text.slice(0, begin)) ?? [];
  return length !== undefined && text.length - begin - 4 >= Number(length);
}

/**
 * A port by number or by a container port's name.
 *
 * @throws Error when there is no such port
 */
export function portOf(port: string | number | undefined, { ports = [] }: Container): number {
  const named = ports.find(({ name }) => name === port)?.containerPort;
  const number = named ?? Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new Error(`invalid port number: ${port}`);
}
