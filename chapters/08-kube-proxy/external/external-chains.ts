/** Which chains for traffic from outside a service port has. Given. */

import type { ChosenEndpoints } from '../affinity/chosen-endpoints.ts';
import { isExternallyAccessible, type ServicePort } from '../services/service-port.ts';

/**
 * Whether the service port has its chain `KUBE-EXT-…`.
 *
 * @remarks Also where this node has none of the endpoints that traffic from outside may use: pods
 * and the node itself may use others.
 */
export function usesExternalChain(port: ServicePort, { hasAny }: ChosenEndpoints): boolean {
  return hasAny && isExternallyAccessible(port);
}

/** Whether the service port has its chain `KUBE-FW-…`: its load balancer is not for everybody. */
export function usesFirewallChain(port: ServicePort, { hasAny }: ChosenEndpoints): boolean {
  const { loadBalancerVIPs, loadBalancerSourceRanges } = port;
  return hasAny && loadBalancerVIPs.length > 0 && loadBalancerSourceRanges.length > 0;
}
