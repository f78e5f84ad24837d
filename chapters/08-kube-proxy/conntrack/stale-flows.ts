/**
 * Which flows of UDP the connection tracking must forget. Given.
 *
 * The kernel sends all packets of a flow where it sent the first one, and looks at no rule again. TCP
 * ends when the other side is gone; a client of UDP that never stops would talk to a pod that went.
 *
 * @see kubernetes 1.33 pkg/proxy/conntrack/cleanup.go
 */

import { type EndpointsMap, endpointAddress } from '../services/endpoint.ts';
import type { ServicePort, ServicePortMap } from '../services/service-port.ts';

/** A tracked flow of UDP. */
export interface UdpFlow {
  /** Whom the client asked. */
  readonly originalDestination: { readonly ip: string; readonly port: number };
  /** Who answers. */
  readonly replySource: string;
}

/** What a proxy needs of a connection tracking. */
export interface Conntrack {
  /** All flows of UDP of the proxy's family. */
  listUdp(): Promise<readonly UdpFlow[]>;
  /** Forgets flows of UDP with these destinations and answerers. */
  forget(flows: readonly UdpFlow[]): Promise<void>;
}

/**
 * The flows that ask a Service and are answered by somebody who serves it no more.
 *
 * @returns none for a Service that nobody serves, and for one that went: there is no better answer yet
 */
export function staleFlows(
  flows: readonly UdpFlow[],
  services: ServicePortMap,
  endpoints: EndpointsMap,
): UdpFlow[] {
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  for (const port of services.values()) {
    if (port.protocol !== 'UDP') continue;
    const serving = servingIps(port, endpoints);
    if (serving.size === 0) continue;
    for (const ip of [port.clusterIP, ...port.loadBalancerVIPs, ...port.externalIPs]) {
      byAddress.set(endpointAddress({ ip, port: port.port }), serving);
    }
    if (port.nodePort !== 0) byNodePort.set(port.nodePort, serving);
  }
  return flows.filter(({ originalDestination, replySource }) =>
    [
      byAddress.get(endpointAddress(originalDestination)),
      byNodePort.get(originalDestination.port),
    ].some((serving) => serving !== undefined && !serving.has(replySource)),
  );
}

function servingIps(port: ServicePort, endpoints: EndpointsMap): Set<string> {
  const all = endpoints.get(port.id) ?? [];
  return new Set(all.filter(({ serving }) => serving).map(({ ip }) => ip));
}
