/**
 * How one pod reaches another, or the kubelet a pod. Given: the interface only.
 *
 * Probes, Service traffic, DNS from pods and port-forward all go through it. The cluster chapter has
 * a switch in memory; kube-proxy's rules decide where a Service's address leads.
 */

import type { Duplex } from 'node:stream';

/** What connections speak. */
export type NetworkProtocol = 'TCP' | 'UDP' | 'SCTP';

/** Connects addresses. */
export interface PodNetwork {
  /**
   * Opens a connection.
   *
   * @param from - the caller's IP address, which rules and network policies look at
   * @param ip - a pod's, a Service's or a node's address
   * @param port - 1 to 65535
   * @returns the caller's end, open; whoever gets it closes it
   * @throws DialError, as a rejection, when nobody answers there
   */
  dial(from: string, ip: string, port: number, protocol: NetworkProtocol): Promise<Duplex>;
}

/** Why a connection could not be opened. */
export type DialFailure = 'refused' | 'unreachable' | 'timeout';

/** Thrown when a connection cannot be opened. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly failure: DialFailure;

  constructor(failure: DialFailure, address: string) {
    super(`dial ${address}: ${EXPLANATIONS[failure]}`);
    this.failure = failure;
  }
}

const EXPLANATIONS: Readonly<Record<DialFailure, string>> = {
  refused: 'connection refused',
  unreachable: 'no route to host',
  timeout: 'i/o timeout',
};
