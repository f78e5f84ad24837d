/** The port on which the program says that it lives, and what it counted. Nobody is asked who they are. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';

/** Where and how. */
export interface ServingOptions {
  readonly port: number;
  /** With certificates; without, only this computer is served. */
  readonly bindAddress: string;
  /** Files in PEM; absent: HTTP. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
  /** What `/metrics` answers. */
  readonly metrics: () => string;
  /** What other paths answer, in JSON; `undefined`: not found. */
  readonly more?: (path: string) => string | undefined;
}

/** A port that is listened on. */
export interface Serving {
  /** For example `http://127.0.0.1:10257`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Begins to answer `/healthz`, `/livez` and `/readyz` with `ok`, and `/metrics`.
 *
 * @throws Error, as a rejection, when the port is taken or a file cannot be read
 */
export async function serve(options: ServingOptions): Promise<Serving> {
  const { port, certificate, metrics } = options;
  const answer: RequestListener = ({ url = '' }, response) => {
    const [path = ''] = url.split('?');
    const plain = bodyOf(path, metrics);
    const body = plain ?? options.more?.(path);
    const type = plain === undefined && body !== undefined ? 'application/json' : 'text/plain';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type });
    response.end(body ?? '404 page not found\n');
  };
  const server = certificate
    ? createHttpsServer(
        { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) },
        answer,
      )
    : createHttpServer(answer);
  const host = certificate ? options.bindAddress : '127.0.0.1';
  server.listen(port, host);
  await once(server, 'listening');
  return {
    address: `${certificate ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function bodyOf(path: string, metrics: () => string): string | undefined {
  if (path === '/metrics') return metrics();
  return ['/healthz', '/livez', '/readyz'].includes(path) ? 'ok' : undefined;
}
