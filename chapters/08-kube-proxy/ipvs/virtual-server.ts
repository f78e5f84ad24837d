/** Virtual and real servers, as the kernel's IPVS has them. Given: data only. */

import type { NetworkProtocol } from '#apimachinery';
import { endpointAddress } from '../services/endpoint.ts';
import type { IpvsSchedulerName } from './scheduler-names.ts';

/** An address that the kernel answers for others. */
export interface VirtualService {
  readonly protocol: NetworkProtocol;
  readonly ip: string;
  readonly port: number;
  readonly scheduler: IpvsSchedulerName;
  /** For how long a client keeps its real server; 0: for one connection. */
  readonly persistenceSeconds: number;
}

/**
 * Who really answers.
 *
 * @remarks It is one object as long as it is there: its weight and counts change. One that was deleted and
 * added again is another object.
 */
export interface RealServer {
  /** `10.244.1.2:8080` */
  readonly address: string;
  /** How many new connections it gets beside others; 0: none. */
  weight: number;
  /** Connections that are open. */
  activeConnections: number;
  /** Connections that were closed and are not forgotten yet. */
  inactiveConnections: number;
}

/** A virtual service and its real servers, in the kernel's order: the one added last is the first. */
export interface VirtualServer extends VirtualService {
  readonly servers: readonly RealServer[];
}

/** Unique: `TCP/10.96.0.1:443`. */
export function virtualServerId(service: Pick<VirtualService, 'protocol' | 'ip' | 'port'>): string {
  return `${service.protocol}/${endpointAddress(service)}`;
}
