/** What the cluster's DNS knows, from informers' caches. Given. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubernetesObject } from '#apimachinery';
import type { DnsEndpoint, DnsPort, DnsService, DnsView } from './records.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** Objects by `namespace/name`, and all of an index. */
export interface DnsCaches {
  readonly services: Cache<Service>;
  readonly slices: Cache<EndpointSlice>;
  readonly namespaces: Pick<Cache<KubernetesObject>, 'get'>;
}

interface Cache<T> {
  get(key: string): T | undefined;
  byIndex(index: string, value: string): readonly T[];
}

/** Indexes that the caches must have. */
export const SERVICE_IPS = {
  clusterIp: ({ spec }: Service): string[] => (spec ? clusterIpsOf(spec) : []),
};
export const SLICE_INDEXES = {
  service: (slice: EndpointSlice): string[] => [serviceKeyOf(slice)],
  address: ({ endpoints }: EndpointSlice): string[] =>
    (endpoints ?? []).flatMap(({ addresses }) => addresses),
};

/** A view that is always as the caches are. */
export function newDnsView({ services, slices, namespaces }: DnsCaches): DnsView {
  const view: DnsView = {
    hasNamespace: (name) => namespaces.get(name) !== undefined,
    service: (namespace, name) => {
      const found = services.get(`${namespace}/${name}`);
      return found && dnsService(found);
    },
    endpoints: (namespace, name) => {
      const found = new Map<string, DnsEndpoint>();
      for (const slice of slices.byIndex('service', `${namespace}/${name}`)) {
        for (const endpoint of endpointsOf(slice)) {
          const known = found.get(endpoint.ip);
          const ports = [...(known?.ports ?? []), ...endpoint.ports];
          found.set(endpoint.ip, { ...endpoint, ports });
        }
      }
      return [...found.values()].sort((a, b) => (a.ip < b.ip ? -1 : 1));
    },
    serviceAt: (ip) => {
      const [found] = services.byIndex('clusterIp', ip);
      return found && dnsService(found);
    },
    endpointsAt: (ip) => {
      const keys = new Set(slices.byIndex('address', ip).map(serviceKeyOf));
      return [...keys].flatMap((key) => {
        const [namespace = '', name = ''] = key.split('/');
        const service = view.service(namespace, name);
        const endpoint = view.endpoints(namespace, name).find((one) => one.ip === ip);
        return service && endpoint ? [{ service, endpoint }] : [];
      });
    },
  };
  return view;
}

function dnsService({ metadata, spec }: Service): DnsService {
  const { name = '', namespace = '' } = metadata ?? {};
  const isExternal = spec?.type === 'ExternalName';
  return {
    name,
    namespace,
    clusterIPs: spec && !isExternal ? clusterIpsOf(spec) : [],
    ...(isExternal && { externalName: (spec?.externalName ?? '').replace(/\.$/, '') }),
    ports: (spec?.ports ?? []).map(({ name: portName = '', protocol = 'TCP', port }) => ({
      name: portName,
      protocol: protocol.toLowerCase(),
      port,
    })),
  };
}

function clusterIpsOf({ clusterIP = '', clusterIPs }: NonNullable<Service['spec']>): string[] {
  return (clusterIPs ?? [clusterIP]).filter((ip) => ip !== '' && ip !== 'None');
}

function serviceKeyOf({ metadata }: EndpointSlice): string {
  return `${metadata?.namespace ?? ''}/${metadata?.labels?.[SERVICE_NAME_LABEL] ?? ''}`;
}

function endpointsOf({ endpoints, ports }: EndpointSlice): DnsEndpoint[] {
  const dnsPorts = (ports ?? []).map(
    ({ name = '', protocol = 'TCP', port = 0 }): DnsPort => ({
      name,
      protocol: protocol.toLowerCase(),
      port,
    }),
  );
  return (endpoints ?? [])
    .filter(isTold)
    .flatMap(({ addresses, hostname = '' }) =>
      addresses.map((ip) => ({ ip, hostname, ports: dnsPorts })),
    );
}

/** A slice says `ready` also of what is published although it is not. */
function isTold({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}
