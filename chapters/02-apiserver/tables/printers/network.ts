/**
 * Rows of what connects: endpoints, Ingresses, NetworkPolicies, service addresses. Given.
 *
 * @see pkg/printers/internalversion/printers.go (1.33)
 */

import type { Endpoints } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { Ingress, IngressClass, NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { IPAddress, ServiceCIDR } from 'kubernetes-types/networking/v1alpha1.js';
import { age } from '../age.ts';
import { firstThree, selectorText } from '../cell-text.ts';
import { definePrinter } from '../table-convertor.ts';
import { ingressAddresses } from './service.ts';

/** `10.0.0.1:80`; IPv6 addresses stand in brackets. */
function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function endpointTexts({ subsets }: Endpoints): string[] {
  return (subsets ?? []).flatMap(({ ports, addresses }) => {
    const hosts = (addresses ?? []).map(({ ip }) => ip);
    if (!ports || ports.length === 0) return hosts;
    return ports.flatMap(({ port }) => hosts.map((host) => hostPort(host, port)));
  });
}

const endpoints = definePrinter<Endpoints>({
  group: '',
  kind: 'Endpoints',
  columns: 'Name, Endpoints, Age',
  cells: (endpoints, nowMs) => [
    endpoints.metadata?.name ?? '',
    firstThree(endpointTexts(endpoints), (endpoints.subsets ?? []).length === 0 ? '<none>' : ''),
    age(endpoints.metadata?.creationTimestamp, nowMs),
  ],
});

const endpointSlice = definePrinter<EndpointSlice>({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  columns: 'Name, AddressType, Ports, Endpoints, Age',
  cells: ({ metadata, addressType, ports, endpoints }, nowMs) => [
    metadata?.name ?? '',
    addressType ?? '',
    firstThree(
      (ports ?? []).map(({ port, name }) => `${port ?? name ?? '*'}`),
      '<unset>',
    ),
    firstThree(
      (endpoints ?? []).flatMap(({ addresses }) => addresses),
      '<unset>',
    ),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

/** As in the real server, rules without a host count among those that are "more". */
function hostsText({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts = rules.map(({ host }) => host ?? '').filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, 3);
  const isMore = rules.length > indexOfThird(rules) + 1;
  return isMore ? `${shown.join(',')} + ${rules.length - 3} more...` : shown.join(',');
}

function indexOfThird(rules: readonly { readonly host?: string }[]): number {
  let found = 0;
  for (const [index, { host }] of rules.entries()) {
    if (host) found += 1;
    if (found === 3) return index;
  }
  return rules.length;
}

const ingress = definePrinter<Ingress>({
  group: 'networking.k8s.io',
  kind: 'Ingress',
  columns: 'Name, Class, Hosts, Address, Ports, Age',
  cells: (ingress, nowMs) => [
    ingress.metadata?.name ?? '',
    ingress.spec?.ingressClassName ?? '<none>',
    hostsText(ingress),
    ingressAddresses(ingress.status?.loadBalancer?.ingress).join(','),
    (ingress.spec?.tls ?? []).length > 0 ? '80, 443' : '80',
    age(ingress.metadata?.creationTimestamp, nowMs),
  ],
});

const ingressClass = definePrinter<IngressClass>({
  group: 'networking.k8s.io',
  kind: 'IngressClass',
  columns: 'Name, Controller, Parameters, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    spec?.controller ?? '',
    parametersText(spec?.parameters),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

function parametersText(
  parameters:
    | { readonly kind: string; readonly apiGroup?: string; readonly name: string }
    | undefined,
): string {
  if (parameters === undefined) return '<none>';
  const { kind, apiGroup, name } = parameters;
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`;
}

const networkPolicy = definePrinter<NetworkPolicy>({
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  columns: 'Name, Pod-Selector, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    selectorText(spec?.podSelector),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const serviceCidr = definePrinter<ServiceCIDR>({
  group: 'networking.k8s.io',
  kind: 'ServiceCIDR',
  columns: 'Name, CIDRs, Age',
  cells: ({ metadata, spec }, nowMs) => [
    metadata?.name ?? '',
    (spec?.cidrs ?? []).join(','),
    age(metadata?.creationTimestamp, nowMs),
  ],
});

const ipAddress = definePrinter<IPAddress>({
  group: 'networking.k8s.io',
  kind: 'IPAddress',
  columns: 'Name, ParentRef',
  cells: ({ metadata, spec }) => [metadata?.name ?? '', parentText(spec?.parentRef)],
});

/** `services/default/kubernetes`. */
function parentText(parent: NonNullable<IPAddress['spec']>['parentRef'] | undefined): string {
  if (parent === undefined) return '<none>';
  const { group, resource, namespace, name } = parent;
  const what = group ? `${resource}.${group}` : `${resource}`;
  return [what.toLowerCase(), ...(namespace ? [namespace] : []), name].join('/');
}

export const networkPrinters = [
  endpoints,
  endpointSlice,
  ingress,
  ingressClass,
  networkPolicy,
  serviceCidr,
  ipAddress,
];
