/** A service as the page shows it: all addresses that lead to it. Given. */

import type { Service } from 'kubernetes-types/core/v1.js';
import { keyOf } from '#apimachinery';
import type { ServiceAddress, ServiceView } from '../messages.ts';

export function serviceView(service: Service): ServiceView {
  const { spec, status } = service;
  const clusterIps = (spec?.clusterIPs ?? []).filter((ip) => ip !== 'None' && ip !== '');
  const balancers = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const addresses = (spec?.ports ?? []).flatMap((one): ServiceAddress[] => {
    const protocol = protocolOf(one.protocol);
    const at = (ip: string, kind: string, port = one.port) => ({ ip, port, protocol, kind });
    return [
      ...clusterIps.map((ip) => at(ip, 'cluster IP')),
      ...(one.nodePort ? [at('', 'node port', one.nodePort)] : []),
      ...balancers.map((ip) => at(ip, 'load balancer')),
      ...(spec?.externalIPs ?? []).map((ip) => at(ip, 'external IP')),
    ];
  });
  return { key: keyOf(service), type: spec?.type ?? 'ClusterIP', addresses };
}

function protocolOf(text = 'TCP'): ServiceAddress['protocol'] {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}
