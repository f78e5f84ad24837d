/**
 * A Service's row. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33), printService
 */

import type { Service, ServicePort } from 'kubernetes-types/core/v1.js';
import { age } from '../age.ts';
import { labelsText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';

/** The addresses a load balancer has, each once, sorted. */
export function ingressAddresses(
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined,
): string[] {
  const all = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  return [...new Set(all.filter((address) => address !== ''))].sort();
}

function externalAddresses({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.join(',') || '<none>';
    case 'LoadBalancer':
      return (
        [...ingressAddresses(status?.loadBalancer?.ingress), ...external].join(',') || '<pending>'
      );
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portText({ port, nodePort, protocol = '' }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

export const servicePrinter = definePrinter<Service>({
  group: '',
  kind: 'Service',
  columns: 'Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector*',
  cells: (service, nowMs) => [
    service.metadata?.name ?? '',
    service.spec?.type ?? '',
    service.spec?.clusterIPs?.[0] ?? '<none>',
    externalAddresses(service),
    (service.spec?.ports ?? []).map(portText).join(',') || '<none>',
    age(service.metadata?.creationTimestamp, nowMs),
    labelsText(service.spec?.selector),
  ],
});
