/**
 * Serves a handler over HTTP: what listens, and how it ends.
 *
 * Without TLS it speaks HTTP/1.1 (`http1.ts`), with TLS also HTTP/2 (`http2.ts`) on the same port;
 * what both do with a request is in `exchange.ts`.
 */

import type { Server as Http1Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Logger } from '#apimachinery';
import type { Connection, Upgrade } from '../connection.ts';
import type { Answer, Incoming } from '../context.ts';
import type { Target } from '../raw-target.ts';
import type { Compression } from './compression.ts';
import { Exchanges } from './exchange.ts';
import { newHttp1Server } from './http1.ts';
import { type Http2Part, newHttp2Server } from './http2.ts';

/** What is served: the API server without `Request` and `Response`. */
export interface RequestHandler {
  handle(incoming: Incoming, target: Target, connection: Connection): Promise<Answer | Upgrade>;
}

/** The largest body that is taken, as in Kubernetes. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

export interface HttpServerOptions {
  readonly handler: RequestHandler;
  readonly log: Logger;
  /** `MAX_BODY_BYTES` if absent. */
  readonly maxBodyBytes?: number;
  /** How long the head of a request may come in; 32 s if absent. */
  readonly headTimeoutMs?: number;
  /** How long its body may; 60 s if absent. */
  readonly bodyTimeoutMs?: number;
  /** How long the end of an answer may take to leave; 60 s if absent. */
  readonly sendTimeoutMs?: number;
  /** How long a connection may have no request; 90 s if absent. */
  readonly idleTimeoutMs?: number;
  /** Connections beyond these are refused; 10,000 if absent. */
  readonly maxConnections?: number;
  /** `remote` if absent. */
  readonly compression?: Compression;
}

/** What a secure port needs, in PEM. */
export interface ServingCertificate {
  /** With those between it and its authority behind it. */
  readonly certificate: string;
  readonly key: string;
  /** Who vouches for clients. Absent: clients are not asked for certificates. */
  readonly clientAuthorities?: string;
}

/** Every default filled in. */
export type Serving = Required<HttpServerOptions>;

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A dead peer is found out in the end, a small answer leaves at once. */
const TCP_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 180_000 };

/** HTTP in front of a handler. */
export class HttpServer {
  readonly #serving: Serving;
  readonly #exchanges: Exchanges;
  readonly #listening: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #http1: Http1Server[] = [];
  readonly #http2: Http2Part[] = [];

  constructor(options: HttpServerOptions) {
    this.#serving = {
      maxBodyBytes: MAX_BODY_BYTES,
      headTimeoutMs: 32_000,
      bodyTimeoutMs: 60_000,
      sendTimeoutMs: 60_000,
      idleTimeoutMs: 90_000,
      maxConnections: 10_000,
      compression: 'remote',
      ...options,
    };
    this.#exchanges = new Exchanges(this.#serving);
  }

  /**
   * Serves HTTP/1.1 without TLS.
   *
   * @param port - 0 for any that is free
   * @param trusted - do callers need no credentials here?
   * @returns the port
   * @throws when the address cannot be listened on
   */
  listen(host: string, port: number, { trusted }: { trusted: boolean }): Promise<number> {
    const http1 = this.#newHttp1(trusted);
    const server = createTcpServer(TCP_OPTIONS, (socket) => http1.emit('connection', socket));
    return this.#listen(server, host, port);
  }

  /**
   * Serves HTTP/2 and HTTP/1.1 over TLS on one port; the client chooses in the handshake.
   *
   * @param port - 0 for any that is free
   * @returns the port
   * @throws when the address cannot be listened on, or the certificate is none
   */
  listenSecure(host: string, port: number, serving: ServingCertificate): Promise<number> {
    const http1 = this.#newHttp1(false);
    const http2 = newHttp2Server(this.#serving, this.#exchanges);
    this.#http2.push(http2);
    const server = createTlsServer({
      ALPNProtocols: ['h2', 'http/1.1'],
      cert: serving.certificate,
      key: serving.key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      ...TCP_OPTIONS,
      // Without authorities of one's own Node would believe every public one.
      ...(serving.clientAuthorities !== undefined && {
        ca: serving.clientAuthorities,
        requestCert: true,
        rejectUnauthorized: false,
      }),
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      const chosen = socket.alpnProtocol === 'h2' ? http2.server : http1;
      chosen.emit('connection', socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.#serving.log.debug('TLS handshake failed', { error: error.message });
      socket.destroy();
    });
    return this.#listen(server, host, port);
  }

  /**
   * Takes no more connections, ends streams, lets what is being answered be finished, and closes.
   *
   * @param graceMs - what is not finished by then is cut off
   */
  async stop(graceMs = 5000): Promise<void> {
    const closed = this.#listening.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const http2 of this.#http2) http2.endSessions();
    await this.#exchanges.stop(graceMs);
    for (const socket of this.#sockets) socket.destroy();
    // They never listened, and closing them ends their timers.
    for (const http1 of this.#http1) http1.close(() => {});
    await Promise.all(closed);
  }

  /** Connections are accepted here, and given to it. */
  #newHttp1(trusted: boolean): Http1Server {
    const http1 = newHttp1Server(this.#serving, this.#exchanges, trusted);
    // node:http begins to watch over slow heads when it is told that its server listens.
    http1.emit('listening');
    this.#http1.push(http1);
    return http1;
  }

  async #listen(server: Server, host: string, port: number): Promise<number> {
    server.maxConnections = this.#serving.maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, 4096, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.#serving.log.error('listening failed', { error }));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#listening.push(server);
    return (server.address() as AddressInfo).port;
  }
}
