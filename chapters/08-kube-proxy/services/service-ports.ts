/**
 * From a Service to its service ports: one family's addresses, nothing a proxy has no use for. Given.
 *
 * What a service port is: `service-port.ts`.
 */

import type { Service, ServicePort as ServicePortSpec } from 'kubernetes-types/core/v1.js';
import { type NetworkProtocol, semanticallyEqual } from '#apimachinery';
import { cidrText, familyOf, parseCidr } from './ip-addresses.ts';
import type { IpFamily, ServicePort } from './service-port.ts';

/** What the API server fills in where a Service does not say. */
const DEFAULT_STICKY_SECONDS = 10_800;

/** Both names of a port of a Service: what is unique, and what rules' comments say. */
export interface ServicePortName {
  readonly id: string;
  readonly name: string;
}

/**
 * Names a port.
 *
 * @param service - `default/web`
 * @param port - the port's name, `''` for none
 * @returns for example `{ id: 'default/web:http/TCP', name: 'default/web:http' }`
 */
export function servicePortName(
  service: string,
  port: string,
  protocol: NetworkProtocol,
): ServicePortName {
  const name = port === '' ? service : `${service}:${port}`;
  return { id: `${name}/${protocol}`, name };
}

/** `default/web`: how a Service is named in sets and maps. */
export function serviceKey({ metadata }: Service): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/**
 * The service ports of a Service, by id.
 *
 * @returns none for a headless Service, one of type ExternalName, and one without a cluster IP of this
 * family
 * @see kubernetes 1.33 pkg/proxy/serviceport.go newBaseServiceInfo, pkg/proxy/util/utils.go
 */
export function newServicePorts(service: Service, family: IpFamily): Map<string, ServicePort> {
  const ports = new Map<string, ServicePort>();
  const clusterIP = clusterIpOf(service, family);
  if (clusterIP === undefined) return ports;
  const common = { ...commonOf(service, family), clusterIP };
  for (const spec of service.spec?.ports ?? []) {
    const port = { ...common, ...ownOf(spec, common.service) };
    ports.set(port.id, port);
  }
  return ports;
}

function clusterIpOf({ spec }: Service, family: IpFamily): string | undefined {
  if (!spec || spec.type === 'ExternalName') return undefined;
  if (!spec.clusterIP || spec.clusterIP === 'None') return undefined;
  const { clusterIPs = [spec.clusterIP] } = spec;
  return clusterIPs.find((ip) => familyOf(ip) === family);
}

function ownOf(spec: ServicePortSpec, service: string) {
  const protocol = (spec.protocol ?? 'TCP') as NetworkProtocol;
  return {
    ...servicePortName(service, spec.name ?? '', protocol),
    protocol,
    port: spec.port,
    nodePort: spec.nodePort ?? 0,
  };
}

/** What all ports of a Service have in common. */
function commonOf(service: Service, family: IpFamily) {
  const { spec = {}, status = {} } = service;
  const { externalIPs = [], loadBalancerSourceRanges = [] } = spec;
  const isSticky = spec.sessionAffinity === 'ClientIP';
  const externalPolicyLocal = spec.externalTrafficPolicy === 'Local' && mayComeFromOutside(service);
  const needsHealthCheck = externalPolicyLocal && spec.type === 'LoadBalancer';
  return {
    service: serviceKey(service),
    externalIPs: externalIPs.filter((ip) => familyOf(ip) === family),
    loadBalancerVIPs: (status.loadBalancer?.ingress ?? []).flatMap((ingress) => {
      const { ip = '', ipMode = 'VIP' } = ingress as { ip?: string; ipMode?: string };
      return ip !== '' && ipMode === 'VIP' && familyOf(ip) === family ? [ip] : [];
    }),
    loadBalancerSourceRanges: loadBalancerSourceRanges.flatMap((text) => {
      // Validation lets blanks pass.
      const range = parseCidr(text.trim());
      return range?.family === family ? [cidrText(range)] : [];
    }),
    sessionAffinity: isSticky ? ('ClientIP' as const) : ('None' as const),
    stickyMaxAgeSeconds: isSticky
      ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_STICKY_SECONDS)
      : 0,
    healthCheckNodePort: needsHealthCheck ? (spec.healthCheckNodePort ?? 0) : 0,
    externalPolicyLocal,
    internalPolicyLocal: spec.internalTrafficPolicy === 'Local',
  };
}

function mayComeFromOutside({ spec = {} }: Service): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true;
  return (spec.externalIPs ?? []).length > 0;
}

/** Are these the same ports with the same addresses and policies? */
export function sameServicePorts(
  a: ReadonlyMap<string, ServicePort>,
  b: ReadonlyMap<string, ServicePort>,
): boolean {
  return a.size === b.size && [...a].every(([id, port]) => semanticallyEqual(port, b.get(id)));
}
