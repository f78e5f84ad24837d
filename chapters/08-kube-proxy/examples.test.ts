/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/08-kube-proxy/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 08` runs those.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock, seededRandom } from '#apimachinery';
import { EndpointsChangeTracker, fullText, Netfilter } from '#kube-proxy';

const slice = (name: string, ...ips: string[]) => ({
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  endpoints: ips.map((ip) => ({ addresses: [ip] })),
});

describe('kube-proxy/changes', () => {
  it('tells which Services changed, and nothing when all is as before', () => {
    const tracker = new EndpointsChangeTracker({ family: 'IPv4', nodeName: 'node-a' }, 0);
    const endpoints = new Map();
    expect(tracker.updateSlice(slice('web-1', '10.0.0.1'), false)).toBe(true);
    expect([...tracker.apply(endpoints).updatedServices]).toEqual(['default/web']);
    tracker.updateSlice(slice('web-1', '10.0.0.9'), false);
    tracker.updateSlice(slice('web-1', '10.0.0.1'), false);
    expect([...tracker.apply(endpoints).updatedServices]).toEqual([]);
  });
});

describe('kube-proxy/netfilter', () => {
  it('leads a packet from chain to chain to another destination', () => {
    const node = new Netfilter({
      localAddresses: ['192.168.0.1'],
      clock: new FakeClock(),
      random: seededRandom(1),
    });
    node.restore(
      [
        '*nat',
        ':KUBE-SVC-A - [0:0]',
        '-A PREROUTING -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A',
        '-A KUBE-SVC-A -p tcp -j DNAT --to-destination 10.244.2.7:8080',
        'COMMIT',
        '',
      ].join('\n'),
    );
    const reached = node.connect({
      from: '10.244.1.5:40000',
      to: '10.96.0.10:80',
      protocol: 'TCP',
      via: 'pod',
    });
    expect(reached.verdict).toBe('accept');
    expect(reached.destination).toEqual({ ip: '10.244.2.7', port: 8080 });
  });
});

describe('kube-proxy/iptables', () => {
  it('writes a dispatch, a chain for the service, and one for each endpoint', () => {
    const web = {
      id: 'default/web:http/TCP',
      name: 'default/web:http',
      service: 'default/web',
      protocol: 'TCP',
      clusterIP: '10.96.0.10',
      port: 80,
      nodePort: 0,
      externalIPs: [],
      loadBalancerVIPs: [],
      loadBalancerSourceRanges: [],
      sessionAffinity: 'None',
      stickyMaxAgeSeconds: 10_800,
      healthCheckNodePort: 0,
      externalPolicyLocal: false,
      internalPolicyLocal: false,
    } as const;
    const endpoint = {
      ip: '10.244.2.7',
      port: 8080,
      isLocal: false,
      ready: true,
      serving: true,
      terminating: false,
      zoneHints: [],
      nodeHints: [],
    };
    const options = {
      family: 'IPv4',
      nodeName: 'node-a',
      nodeIP: '192.168.0.1',
      clusterCidr: '10.244.0.0/16',
      masqueradeAll: false,
      masqueradeBit: 14,
      nodePortAddresses: [],
      localhostNodePorts: true,
      conntrackTcpBeLiberal: false,
    } as const;
    const text = fullText(options, {
      services: new Map([[web.id, web]]),
      endpoints: new Map([[web.id, [endpoint]]]),
      updatedServices: new Set(['default/web']),
    });
    expect(text).toContain(
      '-A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j KUBE-SVC-',
    );
    expect(text).toContain('-j DNAT --to-destination 10.244.2.7:8080');
  });
});
