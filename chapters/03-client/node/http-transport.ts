/**
 * A transport over HTTP(S), with keep-alive, certificates and credentials.
 *
 * Where the configuration comes from is `kubeconfig.ts` and `in-cluster.ts`.
 */

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

/** A transport that has connections. */
export interface HttpTransport {
  readonly transport: Transport;
  /** Ends all connections, also those with requests. Later requests reject. */
  close(): Promise<void>;
}

/**
 * Makes a transport to a configured server.
 *
 * @remarks It speaks HTTP/1.1: every watch has a connection of its own. Neither heads nor bodies have
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
    const response = await sendRequest(connections.for(credentials), url, {
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

/** Connections, by the certificate they were made with. */
class Connections {
  readonly #config: RestConfig;
  #certificate: string | undefined;
  #dispatcher: Dispatcher | undefined;
  readonly #old = new Set<Dispatcher>();
  #isClosed = false;

  constructor(config: RestConfig) {
    this.#config = config;
  }

  for({ clientCertificate }: Credentials): Dispatcher {
    if (this.#isClosed) throw new Error(`${this.#config.server}: the transport is closed`);
    if (this.#dispatcher && this.#certificate === clientCertificate?.cert) return this.#dispatcher;
    this.#retire(this.#dispatcher);
    this.#certificate = clientCertificate?.cert;
    this.#dispatcher = this.#newDispatcher(clientCertificate);
    return this.#dispatcher;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#old, ...(this.#dispatcher ? [this.#dispatcher] : [])];
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()));
  }

  #retire(dispatcher: Dispatcher | undefined): void {
    if (dispatcher === undefined) return;
    this.#old.add(dispatcher);
    dispatcher.close().finally(() => this.#old.delete(dispatcher));
  }

  #newDispatcher(certificate: Credentials['clientCertificate']): Dispatcher {
    const { certificateAuthority, insecureSkipTlsVerify, tlsServerName, proxyUrl } = this.#config;
    const connect = {
      timeout: CONNECT_TIMEOUT_MS,
      rejectUnauthorized: !insecureSkipTlsVerify,
      ...(certificateAuthority && { ca: certificateAuthority }),
      ...(tlsServerName && { servername: tlsServerName }),
      ...certificate,
    };
    const common = {
      // Over HTTP/2 undici 7.30 cannot send a DELETE with a body, and is no faster.
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
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
