/** What the cluster's DNS knows of Services and EndpointSlices. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type { KubernetesObject } from '#apimachinery';
import { Indexer } from '#client';
import { describe, expect, it } from '#kit';
import {
  newDnsView,
  SERVICE_IPS,
  SLICE_INDEXES,
} from '../../../solutions/09-cluster/dns/dns-view.ts';

function viewOf(services: readonly object[], slices: readonly object[] = []) {
  const serviceCache = new Indexer<Service>(SERVICE_IPS);
  const sliceCache = new Indexer<EndpointSlice>(SLICE_INDEXES);
  const namespaces = new Indexer<KubernetesObject>({});
  for (const one of services) serviceCache.put(one as Service);
  for (const one of slices) sliceCache.put(one as EndpointSlice);
  namespaces.put({ metadata: { name: 'default' } });
  return newDnsView({ services: serviceCache, slices: sliceCache, namespaces });
}

const service = (name: string, spec: object) => ({
  metadata: { name, namespace: 'default' },
  spec,
});
const slice = (name: string, of: string, endpoints: readonly object[], port = 8080) => ({
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port }],
  endpoints,
});

describe('what the DNS knows', () => {
  it('are Services with their addresses and ports', () => {
    const spec = { clusterIP: '10.96.0.7', ports: [{ name: 'dns', protocol: 'UDP', port: 53 }] };
    const view = viewOf([service('web', spec)]);
    const found = {
      name: 'web',
      namespace: 'default',
      clusterIPs: ['10.96.0.7'],
      ports: [{ name: 'dns', protocol: 'udp', port: 53 }],
    };
    expect(view.service('default', 'web')).toEqual(found);
    expect(view.serviceAt('10.96.0.7')).toEqual(found);
    expect(view.service('default', 'other')).toBe(undefined);
    expect([view.hasNamespace('default'), view.hasNamespace('x')]).toEqual([true, false]);
  });

  it('are Services without an address, and other names', () => {
    const view = viewOf([
      service('headless', { clusterIP: 'None', ports: [{ port: 80 }] }),
      service('out', { type: 'ExternalName', externalName: 'example.com.', clusterIP: '' }),
    ]);
    expect(view.service('default', 'headless')?.clusterIPs).toEqual([]);
    expect(view.service('default', 'headless')?.ports).toEqual([
      { name: '', protocol: 'tcp', port: 80 },
    ]);
    expect(view.service('default', 'out')).toMatchObject({
      externalName: 'example.com',
      clusterIPs: [],
    });
  });

  it('are endpoints of all slices, each address once, in order', () => {
    const view = viewOf(
      [service('db', { clusterIP: 'None' })],
      [
        slice('db-1', 'db', [
          { addresses: ['10.0.0.2'], hostname: 'db-1' },
          { addresses: ['10.0.0.1'] },
        ]),
        slice('db-2', 'db', [{ addresses: ['10.0.0.2'], hostname: 'db-1' }], 9090),
        slice('web-1', 'web', [{ addresses: ['10.0.0.3'] }]),
      ],
    );
    const found = view.endpoints('default', 'db');
    expect(
      found.map(({ ip, hostname, ports }) => [ip, hostname, ports.map(({ port }) => port)]),
    ).toEqual([
      ['10.0.0.1', '', [8080]],
      ['10.0.0.2', 'db-1', [8080, 9090]],
    ]);
  });

  it('are not endpoints that are not ready', () => {
    const endpoints = [
      { addresses: ['10.0.0.1'], conditions: { ready: false } },
      { addresses: ['10.0.0.2'], conditions: { ready: true } },
      { addresses: ['10.0.0.3'], conditions: {} },
    ];
    const view = viewOf([service('db', { clusterIP: 'None' })], [slice('s', 'db', endpoints)]);
    expect(view.endpoints('default', 'db').map(({ ip }) => ip)).toEqual(['10.0.0.2', '10.0.0.3']);
  });

  it('are all Services of an address', () => {
    const view = viewOf(
      [service('db', { clusterIP: 'None' }), service('web', { clusterIP: '10.96.0.7' })],
      [
        slice('a', 'db', [{ addresses: ['10.0.0.1'], hostname: 'x' }]),
        slice('b', 'web', [{ addresses: ['10.0.0.1'] }]),
        slice('c', 'gone', [{ addresses: ['10.0.0.1'] }]),
      ],
    );
    const found = view
      .endpointsAt('10.0.0.1')
      .map((one) => [one.service.name, one.endpoint.hostname]);
    expect(found.sort()).toEqual([
      ['db', 'x'],
      ['web', ''],
    ]);
  });
});
