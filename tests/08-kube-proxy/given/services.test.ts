/** From API objects to service ports and endpoints; addresses as numbers. */

import { describe, expect, fc, it, property } from '#kit';
import { newServicePorts, readEndpointSlice, servicePortName } from '#kube-proxy';
import {
  cidrContains,
  cidrText,
  ipNumber,
  ipText,
  parseCidr,
} from '../../../solutions/08-kube-proxy/services/ip-addresses.ts';

const metadata = { namespace: 'default', name: 'web' };
const port = { name: 'http', port: 80, protocol: 'TCP' };
const portsOf = (spec: object, status: object = {}, family: 'IPv4' | 'IPv6' = 'IPv4') => {
  const all = { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1', 'fd00::1'], ports: [port] };
  return newServicePorts({ metadata, spec: { ...all, ...spec }, status }, family);
};
const only = (spec: object, status: object = {}, family: 'IPv4' | 'IPv6' = 'IPv4') =>
  [...portsOf(spec, status, family).values()][0];

describe('service ports', () => {
  it('has all that a proxy needs to know', () => {
    expect([...portsOf({})]).toEqual([
      [
        'default/web:http/TCP',
        {
          id: 'default/web:http/TCP',
          name: 'default/web:http',
          service: 'default/web',
          protocol: 'TCP',
          clusterIP: '10.96.0.1',
          port: 80,
          nodePort: 0,
          externalIPs: [],
          loadBalancerVIPs: [],
          loadBalancerSourceRanges: [],
          sessionAffinity: 'None',
          stickyMaxAgeSeconds: 0,
          healthCheckNodePort: 0,
          externalPolicyLocal: false,
          internalPolicyLocal: false,
        },
      ],
    ]);
  });

  it('names a port without a name after its Service', () => {
    expect(servicePortName('default/web', '', 'UDP')).toEqual({
      id: 'default/web/UDP',
      name: 'default/web',
    });
  });

  it('has addresses of its family only', () => {
    const spec = {
      externalIPs: ['192.0.2.1', 'fd00::9'],
      loadBalancerSourceRanges: [' 192.0.2.7/24 ', 'fd00::/8', 'nonsense'],
      type: 'LoadBalancer',
    };
    const ingress = [{ ip: '192.0.2.5' }, { ip: 'fd00::5' }, { hostname: 'example.com' }];
    const status = { loadBalancer: { ingress } };
    expect(only(spec, status)).toMatchObject({
      externalIPs: ['192.0.2.1'],
      loadBalancerVIPs: ['192.0.2.5'],
      loadBalancerSourceRanges: ['192.0.2.0/24'],
    });
    expect(only(spec, status, 'IPv6')).toMatchObject({
      clusterIP: 'fd00::1',
      externalIPs: ['fd00::9'],
      loadBalancerVIPs: ['fd00::5'],
      loadBalancerSourceRanges: ['fd00::/8'],
    });
  });

  it('leaves a load balancer alone that is a proxy itself', () => {
    const ingress = [
      { ip: '192.0.2.5', ipMode: 'Proxy' },
      { ip: '192.0.2.6', ipMode: 'VIP' },
    ];
    const loaded = only({ type: 'LoadBalancer' }, { loadBalancer: { ingress } });
    expect(loaded?.loadBalancerVIPs).toEqual(['192.0.2.6']);
  });

  it('knows how long an affinity lasts', () => {
    const sticky = { sessionAffinity: 'ClientIP' };
    expect(only(sticky)?.stickyMaxAgeSeconds).toBe(10_800);
    const config = { sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
    expect(only({ ...sticky, ...config })?.stickyMaxAgeSeconds).toBe(600);
    expect(only(config)?.stickyMaxAgeSeconds).toBe(0);
  });

  it('takes the external policy for what can be reached from outside', () => {
    const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30_200 };
    expect(only(local)?.externalPolicyLocal).toBe(false);
    expect(only({ ...local, externalIPs: ['192.0.2.1'] })?.externalPolicyLocal).toBe(true);
    expect(only({ ...local, type: 'NodePort' })).toMatchObject({
      externalPolicyLocal: true,
      healthCheckNodePort: 0,
    });
    expect(only({ ...local, type: 'LoadBalancer' })?.healthCheckNodePort).toBe(30_200);
    expect(only({ internalTrafficPolicy: 'Local' })?.internalPolicyLocal).toBe(true);
  });

  it('works with a Service that says one address only', () => {
    const spec = { clusterIP: '10.96.0.1', ports: [port] };
    expect(newServicePorts({ metadata, spec }, 'IPv4').size).toBe(1);
    expect(newServicePorts({ metadata, spec }, 'IPv6').size).toBe(0);
  });
});

describe('a slice', () => {
  const read = (slice: object) =>
    readEndpointSlice(
      {
        metadata: {
          ...metadata,
          name: 'web-1',
          labels: { 'kubernetes.io/service-name': 'web' },
        },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: [{ addresses: ['10.0.0.1'] }],
        ...slice,
      },
      { family: 'IPv4', nodeName: 'node-a' },
    );

  it('has endpoints by port', () => {
    const ports = [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'none', protocol: 'TCP' },
      { name: '', port: 53, protocol: 'UDP' },
      { port: 54 },
    ];
    expect([...(read({ ports })?.endpoints.keys() ?? [])]).toEqual([
      'default/web:http/TCP',
      'default/web/UDP',
      'default/web/TCP',
    ]);
  });

  it('leaves out addresses of the other family, and endpoints without any', () => {
    const endpoints = [{ addresses: ['fd00::1'] }, { addresses: [] }];
    expect(read({ endpoints })?.endpoints.size).toBe(0);
  });

  it('takes the first address', () => {
    const endpoints = [{ addresses: ['10.0.0.1', '10.0.0.2'] }];
    const found = read({ endpoints })?.endpoints.get('default/web:http/TCP');
    expect(found?.map(({ ip }) => ip)).toEqual(['10.0.0.1']);
  });
});

describe('addresses', () => {
  const cases: [string, string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['256.0.0.1', undefined],
    ['10.0.0', undefined],
    ['fd00::1', 'fd00::1'],
    ['FD00:0:0:0:0:0:0:1', 'fd00::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1::2::3', undefined],
    ['1:2:3:4:5:6:7', undefined],
    ['12345::', undefined],
  ];
  for (const [text, expected] of cases) {
    it(`${text} is ${expected ?? 'none'}`, () => {
      const value = ipNumber(text);
      const shown = value !== undefined && ipText(value, text.includes(':') ? 'IPv6' : 'IPv4');
      expect(shown).toBe(expected ?? false);
    });
  }

  it('are in ranges or not', () => {
    const range = parseCidr('10.1.2.3/15');
    expect(range && cidrText(range)).toBe('10.0.0.0/15');
    expect(
      range && ['10.1.255.255', '10.2.0.0', 'fd00::1'].map((ip) => cidrContains(range, ip)),
    ).toEqual([true, false, false]);
    expect(['10.0.0.0/33', '10.0.0.0', 'x/8', '1::/129', '10.0.0.0/8/8'].map(parseCidr)).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    const all = parseCidr('::/0');
    expect(all && cidrContains(all, 'fd00::1')).toBe(true);
  });

  property(
    'of IPv6 are read as they are written',
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    (n) => {
      expect(ipNumber(ipText(n, 'IPv6'))).toBe(n);
    },
  );
});
