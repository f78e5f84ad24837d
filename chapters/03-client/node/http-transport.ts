/**
 * A transport over HTTP(S), with keep-alive, certificates and credentials.
 *
 * Where the configuration comes from is `kubeconfig.ts` and `in-cluster.ts`.
 */

import { Agent, type Dispatcher, ProxyAgent, fetch as undiciFetch } from 'undici';
import type { Transport } from '../transport.ts';
import {
  type CredentialOptions,
  type Credentials,
  impersonationHeaders,
  newCredentialSource,
} from './credentials.ts';
import type { RestConfig } from './rest-config.ts';

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

/** How it talks. */
export interface HttpTransportOptions extends CredentialOptions {
  /** Absent: HTTP/1.1, which gives every watch a connection of its own. */
  readonly allowHttp2?: boolean;
}

/**
 * Makes a transport to a configured server.
 *
 * @remarks Neither heads nor bodies have a time limit here: watches last, and other requests are
 * limited by who makes them. An idle connection does not keep the process alive. A client certificate
 * that changes gets new connections; those with the old one end with their requests.
 */
export function newHttpTransport(config: RestConfig, options: HttpTransportOptions): HttpTransport {
  const source = newCredentialSource(config, options);
  const connections = new Connections(config, options);
  const impersonation = impersonationHeaders(config.user);
  const transport: Transport = async (url, init = {}) => {
    const credentials = await source.current();
    const headers = new Headers(init.headers);
    if (credentials.authorization && !headers.has('authorization')) {
      headers.set('authorization', credentials.authorization);
    }
    for (const [name, value] of impersonation) headers.append(name, value);
    const dispatcher = connections.for(credentials);
    // Node's types and undici's are two declarations of the same things.
    const request = { ...init, headers, dispatcher } as unknown as Parameters<
      typeof undiciFetch
    >[1];
    const response = (await undiciFetch(url, request)) as unknown as Response;
    if (response.status === 401) source.refused(credentials);
    return response;
  };
  return { transport, close: () => connections.close() };
}

/** Connections, by the certificate they were made with. */
class Connections {
  readonly #config: RestConfig;
  readonly #options: HttpTransportOptions;
  #certificate: string | undefined;
  #dispatcher: Dispatcher | undefined;
  readonly #old = new Set<Dispatcher>();
  #isClosed = false;

  constructor(config: RestConfig, options: HttpTransportOptions) {
    this.#config = config;
    this.#options = options;
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
      allowH2: this.#options.allowHttp2 ?? false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    const agent = proxyUrl
      ? new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect })
      : new Agent({ ...common, connect });
    return agent.compose(keepAfterDelete);
  }
}

/** Without this, undici closes the connection after each `DELETE` that has a body. */
function keepAfterDelete(dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch {
  return (options, handler) => dispatch({ ...options, reset: false }, handler);
}
