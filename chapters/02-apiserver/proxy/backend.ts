/**
 * Another server that requests are passed on to: a kubelet, a pod, a service. Given: the interfaces.
 *
 * Over the wire it is `wire/node-dialer.ts`; a cluster in one process has its own.
 */

import type { Duplex } from 'node:stream';
import type { Answer } from '../context.ts';

/** A request as it is passed on. */
export interface BackendRequest {
  readonly method: string;
  /** Path and query, encoded. */
  readonly path: string;
  /** Names in small letters; `host` and what concerns one connection only are the backend's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Aborting it gives the request up, a streamed answer included. */
  readonly signal: AbortSignal;
  /** Talk to it even if nobody vouches for its certificate. */
  readonly skipVerification?: boolean;
}

/** Both ends agreed on another protocol. */
export interface Upgraded {
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whoever gets it closes it. */
  readonly connection: Duplex;
}

/** A server behind this one. */
export interface Backend {
  /** For error messages: `https://10.0.0.1:10250`. */
  readonly origin: string;

  /**
   * @returns the answer, whatever its status
   * @throws BackendError, as a rejection, when there is none
   */
  request(request: BackendRequest): Promise<Answer>;

  /**
   * @param request - with the headers `upgrade` and those of the protocol; `connection` is added
   * @returns the connection, or the answer of a backend that would not
   * @throws BackendError, as a rejection, when there is none
   */
  upgrade(request: BackendRequest): Promise<Upgraded | Answer>;
}

/** Finds kubelets. */
export interface NodeDialer {
  /**
   * @param other - not the kubelet, but what listens on another port of its node
   * @throws StatusError, as a rejection: 404 when there is no such node, others when it has no address
   */
  dial(nodeName: string, other?: { scheme: Scheme; port: number }): Promise<Backend>;
}

/** Finds pods and what else has an address. */
export interface AddressDialer {
  dial(scheme: Scheme, host: string, port: number): Promise<Backend>;
}

export type Scheme = 'http' | 'https';

/** A backend could not be reached: `dial tcp 10.0.0.1:10250: connect: connection refused`. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
}
