/**
 * A transport over HTTP(S), with keep-alive, certificates and credentials.
 *
 * Where the configuration comes from is `kubeconfig.ts` and `in-cluster.ts`.
 */

import { createSecureContext } from 'node:tls';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Transport } from '../transport.ts';
import {
  type CredentialOptions,
  type Credentials,
  impersonationHeaders,
  newCredentialSource,
} from './credentials.ts';
import type { RestConfig } from './rest-config.ts';
import { sendRequest } from './send-request.ts';

/** So long a connection that nobody uses is kept. */
const KEEP_ALIVE_MS = 30_000;

/** So long the handshakes of TCP and TLS may take. */
const CONNECT_TIMEOUT_MS = 30_000;

/**
 * So many connections are shared by requests that end soon. Handshakes are what costs: a scheduler that
 * binds a thousand pods at once must not shake a thousand hands.
 */
const SHARED_CONNECTIONS = 32;

/** A transport that has connections. */
export interface HttpTransport {
  readonly transport: Transport;
  /** Ends all connections, also those with requests. Later requests reject. */
  close(): Promise<void>;
}

/**
 * Makes a transport to a configured server.
 *
 * @remarks It speaks HTTP/1.1: every watch has a connection of its own, and all other requests share
 * `SHARED_CONNECTIONS`, waiting for their turn. Neither heads nor bodies have
 * a time limit here: watches last, and other requests are limited by who makes them. An idle
 * connection does not keep the process alive. A client certificate that changes gets new connections;
 * those with the old one end with their requests.
 */
export function newHttpTransport(config: RestConfig, options: CredentialOptions): HttpTransport {
  const source = newCredentialSource(config, options);
  const connections = new Connections(config);
  const impersonation = headersByName(impersonationHeaders(config.user));
  const transport: Transport = async (url, init = {}) => {
    const { method = 'GET', headers, body = null, signal } = init;
    if (body !== null && typeof body !== 'string') throw new TypeError('expected a body of text');
    const credentials = await source.current();
    const { authorization } = credentials;
    const response = await sendRequest(connections.for(credentials, lasts(url)), url, {
      method,
      headers: {
        ...(authorization && { authorization }),
        ...impersonation,
        ...Object.fromEntries(new Headers(headers)),
      },
      body,
      signal: signal ?? undefined,
    });
    if (response.status === 401) source.refused(credentials);
    return response;
  };
  return { transport, close: () => connections.close() };
}

/** Tells whether the answer may go on for ever: a watch, or a log that is followed. */
function lasts(url: string): boolean {
  return /[?&](?:watch|follow)=(?:true|1)\b/.test(url);
}

/** Connections of two kinds, since what lasts must not keep others waiting. */
interface Dispatchers {
  readonly shared: Dispatcher;
  readonly lasting: Dispatcher;
}

/** Connections, by the certificate they were made with. */
class Connections {
  readonly #config: RestConfig;
  #certificate: string | undefined;
  #dispatchers: Dispatchers | undefined;
  readonly #old = new Set<Dispatcher>();
  #isClosed = false;

  constructor(config: RestConfig) {
    this.#config = config;
  }

  for({ clientCertificate }: Credentials, isLasting: boolean): Dispatcher {
    if (this.#isClosed) throw new Error(`${this.#config.server}: the transport is closed`);
    if (!this.#dispatchers || this.#certificate !== clientCertificate?.cert) {
      for (const dispatcher of this.#current()) this.#retire(dispatcher);
      this.#certificate = clientCertificate?.cert;
      this.#dispatchers = {
        shared: this.#newDispatcher(clientCertificate, SHARED_CONNECTIONS),
        lasting: this.#newDispatcher(clientCertificate, null),
      };
    }
    return isLasting ? this.#dispatchers.lasting : this.#dispatchers.shared;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#old, ...this.#current()].map((one) => one.destroy()));
  }

  #current(): Dispatcher[] {
    return this.#dispatchers ? [this.#dispatchers.shared, this.#dispatchers.lasting] : [];
  }

  #retire(dispatcher: Dispatcher): void {
    this.#old.add(dispatcher);
    dispatcher.close().finally(() => this.#old.delete(dispatcher));
  }

  /** @param connections - how many at once; `null`: as many as there are requests */
  #newDispatcher(
    certificate: Credentials['clientCertificate'],
    connections: number | null,
  ): Dispatcher {
    const { certificateAuthority, insecureSkipTlsVerify, tlsServerName, proxyUrl } = this.#config;
    const connect = {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(tlsServerName && { servername: tlsServerName }),
      // Certificates are read once, not again for each of a thousand watches.
      secureContext: createSecureContext({
        ...(certificateAuthority && { ca: certificateAuthority }),
        ...certificate,
      }),
    };
    const common = {
      // Over HTTP/2 undici 7.30 cannot send a DELETE with a body, and is no faster.
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connections,
    };
    if (!proxyUrl) return new Agent({ ...common, connect });
    return new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect });
  }
}

/** A header may come several times. */
function headersByName(pairs: readonly [name: string, value: string][]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, value] of pairs) {
    found[name] ??= [];
    found[name].push(value);
  }
  return found;
}
