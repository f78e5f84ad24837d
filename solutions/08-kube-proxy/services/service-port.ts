/**
 * A port of a Service as kube-proxy sees it: what leads to the Service, and by which rules.
 *
 * Plain data, made from a Service by `newServicePorts` of `service-ports.ts`; two equal ones give the
 * same rules. Addresses are of one family only: a proxier handles either IPv4 or IPv6.
 */

import type { NetworkProtocol } from '#apimachinery';

export type IpFamily = 'IPv4' | 'IPv6';

/**
 * One port of one Service.
 *
 * @see kubernetes 1.33 pkg/proxy/serviceport.go
 */
export interface ServicePort {
  /** Unique: `default/web:http/TCP`; the key of a {@link ServicePortMap}. */
  readonly id: string;
  /** What rules' comments say: `default/web:http`, or `default/web` where the port has no name. */
  readonly name: string;
  /** The Service: `default/web`. */
  readonly service: string;
  readonly protocol: NetworkProtocol;
  readonly clusterIP: string;
  readonly port: number;
  /** 0 where there is none. */
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  /** Addresses of the load balancer that a proxy must handle (`ipMode: VIP`). */
  readonly loadBalancerVIPs: readonly string[];
  /** CIDRs that may use the load balancer's addresses; none where everybody may. */
  readonly loadBalancerSourceRanges: readonly string[];
  readonly sessionAffinity: 'None' | 'ClientIP';
  /** How long an affinity lasts without traffic. */
  readonly stickyMaxAgeSeconds: number;
  /** Where a load balancer asks whether this node has endpoints; 0 where there is none. */
  readonly healthCheckNodePort: number;
  /** `externalTrafficPolicy: Local` */
  readonly externalPolicyLocal: boolean;
  /** `internalTrafficPolicy: Local` */
  readonly internalPolicyLocal: boolean;
}

/** All service ports by {@link ServicePort.id}. */
export type ServicePortMap = ReadonlyMap<string, ServicePort>;

/** Whether some address of this port can be reached from outside the cluster. */
export function isExternallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.loadBalancerVIPs.length > 0 || port.externalIPs.length > 0;
}

/**
 * Whether some traffic to this port may go to endpoints of any node.
 *
 * @remarks Also with `externalTrafficPolicy: Local`, what pods and this node themselves send to an
 * address from outside may: it is treated as if it went to the cluster IP.
 */
export function usesClusterEndpoints(port: ServicePort): boolean {
  return !port.internalPolicyLocal || isExternallyAccessible(port);
}

/** Whether some traffic to this port may go to endpoints of this node only. */
export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalPolicyLocal || (port.externalPolicyLocal && isExternallyAccessible(port));
}
