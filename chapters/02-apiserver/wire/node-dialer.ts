/** Kubelets, pods and services over real connections: `proxy/backend.ts` on node:http and node:https. */

import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import tls from 'node:tls';
import { DialError, type DialFailure, type Node, newInternalError } from '#apimachinery';
import type { Answer } from '../context.ts';
import { isGlobalUnicast } from '../proxy/addresses.ts';
import {
  type AddressDialer,
  type Backend,
  BackendError,
  type BackendRequest,
  type NodeDialer,
  type Scheme,
  type Upgraded,
} from '../proxy/backend.ts';
import { plainError } from '../proxy/forwarding.ts';

/** How this server shows kubelets who it is, and how it knows them. In PEM. */
export interface KubeletCredentials {
  readonly certificate?: string;
  readonly key?: string;
  /** Absent: kubelets are not asked for a certificate anybody vouches for, as in Kubernetes. */
  readonly authorities?: string;
}

const DEFAULT_KUBELET_PORT = 10_250;
/** As kubeadm has it. */
const PREFERRED_ADDRESSES = ['InternalIP', 'ExternalIP', 'Hostname'];
const CONNECT_TIMEOUT_MS = 10_000;
const CONNECTION_HEADERS =
  /^(?:connection|keep-alive|transfer-encoding|upgrade|content-length|proxy-.*|trailer|te)$/;

/** Dials the kubelets of nodes. */
export class KubeletDialer implements NodeDialer {
  readonly #agents: Agents;
  readonly #getNode: (name: string) => Promise<Node>;
  readonly #others: AddressDialer;

  /** @param getNode - rejects with StatusError 404 when there is no such node */
  constructor(credentials: KubeletCredentials, getNode: (name: string) => Promise<Node>) {
    // Read once: an agent would do it for each connection, and that costs more than all the rest of it.
    const secureContext = tls.createSecureContext({
      ...(credentials.certificate && { cert: credentials.certificate, key: credentials.key }),
      ...(credentials.authorities && { ca: credentials.authorities }),
    });
    const options = { keepAlive: true, timeout: CONNECT_TIMEOUT_MS, secureContext };
    const unverified = new https.Agent({ ...options, rejectUnauthorized: false });
    const usual = credentials.authorities === undefined ? unverified : new https.Agent(options);
    this.#agents = { usual, unverified };
    this.#getNode = getNode;
    this.#others = newAddressDialer();
  }

  async dial(nodeName: string, other?: { scheme: Scheme; port: number }): Promise<Backend> {
    const node = await this.#getNode(nodeName);
    const host = addressOf(node);
    const kubeletPort = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_KUBELET_PORT;
    if (other === undefined || other.port === kubeletPort) {
      return new HttpBackend('https', host, kubeletPort, this.#agents);
    }
    if (isIP(host) !== 0 && !isGlobalUnicast(host)) throw plainError(400, 'address not allowed');
    return this.#others.dial(other.scheme, host, other.port);
  }

  /** Closes the connections that are kept. */
  stop(): void {
    this.#agents.usual.destroy();
    this.#agents.unverified.destroy();
  }
}

/**
 * Makes a connection that is no TCP connection of this computer's.
 *
 * @throws DialError, as a rejection
 */
export type Connect = (host: string, port: number) => Promise<Duplex>;

/**
 * Dials pods and services. Nobody vouches for their certificates.
 *
 * @param connect - absent: TCP
 */
export function newAddressDialer(connect?: Connect): AddressDialer {
  const options = { timeout: CONNECT_TIMEOUT_MS };
  return {
    async dial(scheme, host, port) {
      const agent =
        scheme === 'https'
          ? new https.Agent({ ...options, rejectUnauthorized: false })
          : new http.Agent(options);
      // An agent takes this for an option, and then never asks it.
      if (connect) agent.createConnection = connectionMaker(connect, scheme);
      return new HttpBackend(scheme, host, port, { usual: agent, unverified: agent });
    },
  };
}

/** What an agent makes connections with. */
function connectionMaker(connect: Connect, scheme: Scheme): http.Agent['createConnection'] {
  return ({ host, port }, done) => {
    const opening = connect(String(host), Number(port)).then((inside) =>
      scheme === 'https' ? tls.connect({ socket: inside, rejectUnauthorized: false }) : inside,
    );
    opening.then(
      (connection) => done?.(null, connection),
      (error) => done?.(error, new PassThrough()),
    );
    return undefined;
  };
}

function addressOf(node: Node): string {
  const addresses = node.status?.addresses ?? [];
  for (const type of PREFERRED_ADDRESSES) {
    const found = addresses.find((one) => one.type === type);
    if (found !== undefined) return found.address;
  }
  const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
  throw plainError(500, `no preferred addresses found; known addresses: [${known}]`);
}

/** Who makes connections; an agent's own options count for more than a request's. */
interface Agents {
  readonly usual: http.Agent;
  readonly unverified: http.Agent;
}

/** A server that speaks HTTP/1.1. */
class HttpBackend implements Backend {
  readonly origin: string;
  readonly #scheme: Scheme;
  readonly #host: string;
  readonly #port: number;
  readonly #agents: Agents;

  constructor(scheme: Scheme, host: string, port: number, agents: Agents) {
    this.origin = `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    this.#scheme = scheme;
    this.#host = host;
    this.#port = port;
    this.#agents = agents;
  }

  request(request: BackendRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(request, {}, reject);
      outgoing.once('response', (response) => resolve(answerOf(response)));
      outgoing.end(request.body);
    });
  }

  upgrade(request: BackendRequest): Promise<Upgraded | Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(request, { connection: 'Upgrade' }, reject);
      outgoing.once('response', (response) => resolve(answerOf(response)));
      outgoing.once('upgrade', (response, connection: Duplex, head) => {
        if (head.length > 0) connection.unshift(head);
        const protocol = response.headers.upgrade ?? request.headers.upgrade ?? '';
        resolve({ protocol, headers: headersOf(response), connection });
      });
      outgoing.end();
    });
  }

  #open(
    { method, path, headers, signal, skipVerification }: BackendRequest,
    more: Record<string, string>,
    reject: (error: Error) => void,
  ): http.ClientRequest {
    const client = this.#scheme === 'https' ? https : http;
    const outgoing = client.request({
      host: this.#host,
      port: this.#port,
      method,
      path,
      headers: { ...headers, ...more },
      agent: skipVerification ? this.#agents.unverified : this.#agents.usual,
      signal,
    });
    outgoing.on('error', (error) => reject(new BackendError(this.#describe(error))));
    this.#limitConnecting(outgoing);
    return outgoing;
  }

  /** Only making a connection has a limit: what is said on it may take long. */
  #limitConnecting(outgoing: http.ClientRequest): void {
    let isConnected = false;
    outgoing.once('socket', (socket) => {
      if (outgoing.reusedSocket) isConnected = true;
      socket.once(this.#scheme === 'https' ? 'secureConnect' : 'connect', () => {
        isConnected = true;
      });
    });
    outgoing.once('timeout', () => {
      if (!isConnected) outgoing.destroy(new Error('i/o timeout'));
    });
  }

  #describe(error: NodeJS.ErrnoException): string {
    const host = isIP(this.#host) === 6 ? `[${this.#host}]` : this.#host;
    const address = `${host}:${this.#port}`;
    if (error instanceof DialError) return `dial tcp ${address}: ${DIAL_FAILURES[error.failure]}`;
    const known = CONNECT_ERRORS[error.code ?? ''];
    if (known !== undefined) return `dial tcp ${address}: ${known}`;
    const fault = CERTIFICATE_ERRORS[error.code ?? ''];
    if (fault !== undefined) return `tls: failed to verify certificate: x509: ${fault}`;
    if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${this.#host}: no such host`;
    return `dial tcp ${address}: ${error.message}`;
  }
}

const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

const DIAL_FAILURES: Readonly<Record<DialFailure, string>> = {
  refused: 'connect: connection refused',
  unreachable: 'connect: no route to host',
  timeout: 'i/o timeout',
};

const UNKNOWN_AUTHORITY = 'certificate signed by unknown authority';
const CERTIFICATE_ERRORS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
};

function answerOf(response: http.IncomingMessage): Answer {
  return {
    status: response.statusCode ?? 502,
    headers: headersOf(response),
    body: bodyOf(response),
  };
}

function headersOf({ headers }: http.IncomingMessage): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || CONNECTION_HEADERS.test(name)) continue;
    own[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return own;
}

/** The body as a stream that is read no faster than it is asked for. */
function bodyOf(response: http.IncomingMessage): ReadableStream<Uint8Array> {
  const pieces = response[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(newInternalError(error instanceof Error ? error : new Error()));
        }
      },
      cancel() {
        response.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
