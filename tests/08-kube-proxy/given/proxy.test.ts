/** A proxy on an API server in this process and a model of a node, on the fake clock. */

import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { ENDPOINT_SLICES, NODES, SERVICES } from '#client';
import { afterEach, describe, expect, it, newLogBook } from '#kit';
import {
  type Applier,
  type HealthAnswer,
  IpvsTable,
  Netfilter,
  newIptablesRules,
  newIpvsRules,
  newModelApplier,
  newProxy,
  type PortOpener,
  ProxyHealth,
  type ProxyOptions,
  type RulesText,
  rulesNow,
} from '#kube-proxy';

const node = {
  nodeName: 'node-a',
  masqueradeAll: false,
  masqueradeBit: 14,
  nodePortAddresses: [],
  localhostNodePorts: true,
  conntrackTcpBeLiberal: false,
};
const IPV4 = {
  ...node,
  family: 'IPv4',
  nodeIP: '192.0.2.1',
  clusterCidr: '10.244.0.0/16',
} as const;
const IPV6 = { ...node, family: 'IPv6', nodeIP: 'fd00:1::1' } as const;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Ports that are open, and what is answered there. */
function newPorts() {
  const open = new Map<number, () => HealthAnswer>();
  const opener: PortOpener = {
    open: async (port, answer) => {
      if (open.has(port)) throw new Error(`EADDRINUSE ${port}`);
      open.set(port, answer);
      return { close: async () => void open.delete(port) };
    },
  };
  return { open, opener };
}

interface WorldOptions {
  readonly applier?: Partial<Applier>;
  readonly proxy?: (world: { clock: FakeClock }) => Partial<ProxyOptions>;
  /** A model behind; absent: the applier only notes. */
  readonly withModel?: boolean;
  readonly withIpvs?: boolean;
}

async function newWorld(options: WorldOptions = {}) {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const api: TestApi = await newTestApi({ clock, random });
  const log = newLogBook();
  const netfilter = new Netfilter({ localAddresses: ['192.0.2.1', '10.244.1.1'], clock, random });
  const ipvs = options.withIpvs ? new IpvsTable(clock) : undefined;
  const model = newModelApplier(netfilter, ipvs);
  const applied: RulesText[] = [];
  const applier: Applier = {
    ...(options.withModel || options.withIpvs ? model : {}),
    ...options.applier,
    apply: async (rules) => {
      applied.push(rules);
      await options.applier?.apply?.(rules);
      if (options.withModel || options.withIpvs) await model.apply(rules);
    },
  };
  const proxyOptions: ProxyOptions = {
    client: api.client,
    clock,
    random,
    log,
    nodeName: 'node-a',
    families: [{ options: IPV4, applier }],
    newProxier: options.withIpvs ? newIpvsRules({ scheduler: 'rr' }) : newIptablesRules,
    ...options.proxy?.({ clock }),
  };
  const stop = new AbortController();
  let ended: Promise<void> | undefined;
  const end = async () => {
    stop.abort();
    await clock.advance(0);
    await ended;
    ipvs?.clear();
    await api.stop();
  };
  ends.push(end);
  return {
    clock,
    api,
    log,
    netfilter,
    ipvs,
    applied,
    proxyOptions,
    services: api.admin.resource(SERVICES, 'default'),
    slices: api.admin.resource(ENDPOINT_SLICES, 'default'),
    nodes: api.admin.resource(NODES),
    /** Starts the proxy and lets it write for the first time. */
    start: async () => {
      ended = newProxy(proxyOptions).run(stop.signal);
      await clock.advance(1000);
    },
    stop: async () => {
      stop.abort();
      await clock.advance(0);
      await ended;
    },
    text: () => applied.at(-1)?.iptables ?? '',
    reach: (
      to: string,
      protocol: 'TCP' | 'UDP' = 'TCP',
      via: 'pod' | 'local' | 'outside' = 'local',
    ) => {
      const from = { pod: '10.244.1.5', local: '192.0.2.1', outside: '192.0.2.99' }[via];
      const { verdict, destination } = netfilter.connect({ from, to, protocol, via });
      return verdict === 'accept' ? `${destination.ip}:${destination.port}` : verdict;
    },
  };
}

const web = (spec: object = {}) => ({
  metadata: { name: 'web' },
  spec: {
    clusterIP: '10.96.0.80',
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
    ...spec,
  },
});
type SliceEndpoint = EndpointSlice['endpoints'][number];
const webSlice = (
  ips: readonly (string | SliceEndpoint)[],
  more: Partial<EndpointSlice> = {},
): EndpointSlice => ({
  metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: ips.map((one) => (typeof one === 'string' ? { addresses: [one] } : one)),
  ...more,
});

describe('a proxy', () => {
  it('makes a cluster IP lead to its endpoints, and follows changes', async () => {
    const { services, slices, start, reach, clock } = await newWorld({ withModel: true });
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    await start();
    expect(reach('10.96.0.80:80')).toBe('10.244.1.2:8080');
    await slices.update(webSlice(['10.244.1.3']));
    await clock.advance(2000);
    expect(reach('10.96.0.80:80', 'TCP', 'pod')).toBe('10.244.1.3:8080');
    await slices.delete('web-1');
    await clock.advance(2000);
    expect(reach('10.96.0.80:80')).toBe('reject');
    await services.delete('web');
    await clock.advance(2000);
    expect(reach('10.96.0.80:80')).toBe('10.96.0.80:80');
  });

  it('writes nothing before it knows all that was there at first', async () => {
    const { api, applied, start, clock, services, text } = await newWorld();
    await services.create(web());
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    api.intercept(({ verb, resource }) =>
      verb === 'list' && resource === 'endpointslices' ? held : undefined,
    );
    await start();
    await clock.advance(10_000);
    expect(applied).toEqual([]);
    release();
    await clock.advance(1000);
    expect(text()).toContain('default/web:http');
  });

  it('writes at most twice at once, and then once a second', async () => {
    const { applied, start, clock, slices, services } = await newWorld();
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    await start();
    await clock.advance(10_000);
    const before = applied.length;
    for (let i = 0; i < 20; i++) {
      await slices.update(webSlice([`10.244.2.${i}`]));
      await clock.advance(100);
    }
    expect(applied.length - before).toBeGreaterThanOrEqual(3);
    expect(applied.length - before).toBeLessThanOrEqual(4);
  });

  it('writes nothing when nothing changed', async () => {
    const { applied, start, clock, services } = await newWorld();
    await services.create(web());
    await start();
    const before = applied.length;
    await services.patch('web', 'merge-patch', { metadata: { labels: { a: 'b' } } });
    await clock.advance(10 * 60_000);
    expect(applied.length).toBe(before);
  });

  it('writes only what changed, and all once an hour', async () => {
    const { applied, start, clock, services, slices, text } = await newWorld();
    await services.create(web());
    await services.create({ ...web({ clusterIP: '10.96.0.81' }), metadata: { name: 'other' } });
    await slices.create(webSlice(['10.244.1.2']));
    const labels = { 'kubernetes.io/service-name': 'other' };
    await slices.create(webSlice(['10.244.1.9'], { metadata: { name: 'other-1', labels } }));
    await start();
    await slices.update(webSlice(['10.244.1.3']));
    await clock.advance(5000);
    expect(text()).toContain('--to-destination 10.244.1.3:8080');
    expect(text()).not.toContain('--to-destination 10.244.1.9:8080');
    const before = applied.length;
    await clock.advance(60 * 60_000);
    expect(applied.length).toBe(before + 1);
    expect(text()).toContain('--to-destination 10.244.1.9:8080');
  });

  it('tries again with everything when rules were refused', async () => {
    let fails = false;
    const apply = async () => {
      if (fails) throw new Error('iptables-restore: line 7 failed');
    };
    const world = await newWorld({ applier: { apply } });
    const { start, clock, services, slices, text, log, applied } = world;
    await services.create(web());
    await services.create({ ...web({ clusterIP: '10.96.0.81' }), metadata: { name: 'other' } });
    const labels = { 'kubernetes.io/service-name': 'other' };
    await slices.create(webSlice(['10.244.1.9'], { metadata: { name: 'other-1', labels } }));
    await start();
    fails = true;
    await slices.create(webSlice(['10.244.1.2']));
    await clock.advance(5000);
    const refused = applied.length;
    expect(log.entries.filter(({ level }) => level === 'error')).toHaveLength(1);
    fails = false;
    await clock.advance(24_000);
    expect(applied.length).toBe(refused);
    await clock.advance(3000);
    expect(applied.length).toBe(refused + 1);
    expect(text()).toContain('--to-destination 10.244.1.2:8080');
    expect(text()).toContain('--to-destination 10.244.1.9:8080');
  });

  it('writes all anew when somebody has thrown rules away', async () => {
    let isThere = true;
    const world = await newWorld({ applier: { isIntact: async () => isThere } });
    const { start, clock, services, slices, text, applied } = world;
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    await start();
    const before = applied.length;
    isThere = false;
    await clock.advance(31_000);
    isThere = true;
    expect(applied.length).toBe(before + 1);
    expect(text()).toContain('--to-destination 10.244.1.2:8080');
  });

  it('asks for chains of an earlier program, and deletes what nobody needs', async () => {
    const chain = 'KUBE-SVC-ABCDEFGHIJKLMNOP';
    const { start, services, text } = await newWorld({
      applier: { natChains: async () => ['PREROUTING', chain] },
    });
    await services.create(web());
    await start();
    expect(text()).toContain(`:${chain} - [0:0]\n`);
    expect(text()).toContain(`-X ${chain}\n`);
  });

  it('leaves to others what is theirs', async () => {
    const { start, services, text } = await newWorld();
    const labels = { 'service.kubernetes.io/service-proxy-name': 'mine' };
    await services.create({ ...web(), metadata: { name: 'web', labels } });
    await start();
    expect(text()).not.toContain('default/web');
  });

  it('leaves a Service from the moment on that it is given to another', async () => {
    const { start, services, text, clock } = await newWorld();
    await services.create(web());
    await start();
    expect(text()).toContain('default/web');
    const labels = { 'service.kubernetes.io/service-proxy-name': 'mine' };
    await services.patch('web', 'merge-patch', { metadata: { labels } });
    await clock.advance(2000);
    expect(text()).not.toContain('default/web');
  });

  it('follows a slice that changes its Service', async () => {
    const { start, services, slices, text, clock } = await newWorld();
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    await start();
    expect(text()).not.toContain('"default/web:http has no endpoints"');
    const labels = { 'kubernetes.io/service-name': 'other' };
    await slices.update(webSlice(['10.244.1.2'], { metadata: { name: 'web-1', labels } }));
    await clock.advance(2000);
    expect(text()).toContain('"default/web:http has no endpoints"');
  });

  it('uses what is said of its zone', async () => {
    const { start, services, slices, nodes, text, clock } = await newWorld();
    await services.create(web());
    const inZone = (ip: string, zone: string) => ({
      addresses: [ip],
      hints: { forZones: [{ name: zone }] },
    });
    await slices.create(webSlice([inZone('10.244.1.2', 'z1'), inZone('10.244.2.2', 'z2')]));
    const labels = { 'topology.kubernetes.io/zone': 'z2' };
    await nodes.create({ metadata: { name: 'node-a', labels } });
    await start();
    expect(text()).toContain('10.244.2.2:8080');
    expect(text()).not.toContain('10.244.1.2:8080');
    await nodes.patch('node-a', 'merge-patch', {
      metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } },
    });
    await clock.advance(2000);
    expect(text()).toContain('--to-destination 10.244.1.2:8080');
    expect(text()).not.toContain('--to-destination 10.244.2.2:8080');
  });

  it('has one set of rules for each family', async () => {
    const six: RulesText[] = [];
    const four: RulesText[] = [];
    const noting = (to: RulesText[]): Applier => ({ apply: async (rules) => void to.push(rules) });
    const { start, services } = await newWorld({
      proxy: () => ({
        families: [
          { options: IPV4, applier: noting(four) },
          { options: IPV6, applier: noting(six) },
        ],
      }),
    });
    await services.create(web());
    await start();
    expect(four.at(-1)?.iptables).toContain('-d 10.96.0.80 ');
    expect(six.at(-1)?.iptables).toContain(':KUBE-SERVICES');
    expect(six.at(-1)?.iptables).not.toContain('10.96.0.80');
  });

  it('forgets flows of UDP to endpoints that went', async () => {
    const { start, services, slices, netfilter, clock } = await newWorld({ withModel: true });
    const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }];
    await services.create(web({ ports }));
    await slices.create(webSlice(['10.244.1.2'], { ports }));
    await start();
    const from = '192.0.2.1:40000';
    const flow = { from, to: '10.96.0.80:53', protocol: 'UDP', via: 'local' } as const;
    expect(netfilter.connect(flow).destination.ip).toBe('10.244.1.2');
    await slices.update(webSlice(['10.244.1.3'], { ports }));
    await clock.advance(2000);
    expect(netfilter.connect(flow).destination.ip).toBe('10.244.1.3');
  });

  it('leaves no timer behind', async () => {
    const { start, stop, services, clock } = await newWorld();
    await services.create(web());
    const before = clock.pendingTimers;
    await start();
    await stop();
    expect(clock.pendingTimers).toBeLessThanOrEqual(before);
  });

  it('says once what it would write', async () => {
    const { proxyOptions, services, slices, api, applied } = await newWorld();
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    const [rules] = await rulesNow(proxyOptions);
    expect(rules?.iptables).toContain('--to-destination 10.244.1.2:8080');
    expect(api.requests.map(({ verb, resource }) => `${verb} ${resource}`).sort()).toEqual([
      'list endpointslices',
      'list services',
    ]);
    expect(applied).toEqual([]);
  });
});

describe('the health of a proxy', () => {
  it('is bad while what changed cannot be written', async () => {
    let health: ProxyHealth | undefined;
    let fails = false;
    const { start, services, clock } = await newWorld({
      applier: {
        apply: async () => {
          if (fails) throw new Error('no');
        },
      },
      proxy: (world) => {
        health = new ProxyHealth(world.clock, 60_000);
        return { proxyHealth: health };
      },
    });
    await start();
    expect(health?.answer('/healthz').status).toBe(200);
    fails = true;
    await services.create(web());
    await clock.advance(59_000);
    expect(health?.answer('/healthz').status).toBe(200);
    await clock.advance(2000);
    expect(health?.answer('/healthz').status).toBe(503);
    fails = false;
    await clock.advance(31_000);
    expect(health?.answer('/healthz').status).toBe(200);
    expect(health?.answer('/livez').body).not.toContain('nodeEligible');
  });

  it('tells load balancers that a node is about to go', async () => {
    const health = new ProxyHealth(new FakeClock(), 1000);
    const taints = [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }];
    health.syncNode({ metadata: { name: 'node-a' }, spec: { taints } });
    expect(health.answer('/healthz').status).toBe(503);
    expect(JSON.parse(health.answer('/healthz').body)).toMatchObject({ nodeEligible: false });
    expect(health.answer('/livez').status).toBe(200);
    health.syncNode({ metadata: { name: 'node-a' } });
    expect(health.answer('/healthz').status).toBe(200);
  });
});

describe('health-check node ports', () => {
  it('are open while a Service asks for one, and tell of endpoints on this node', async () => {
    const { open, opener } = newPorts();
    const { start, services, slices, clock } = await newWorld({
      proxy: () => ({ portOpener: opener }),
    });
    const spec = {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_200,
    };
    await services.create(web(spec));
    await start();
    expect(open.get(30_200)?.()).toMatchObject({ status: 503 });
    const here = { addresses: ['10.244.1.2'], nodeName: 'node-a' };
    const there = { addresses: ['10.244.2.2'], nodeName: 'node-b' };
    await slices.create(webSlice([here, there]));
    await clock.advance(2000);
    const answer = open.get(30_200)?.();
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-load-balancing-endpoint-weight': '1' },
    });
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      service: { namespace: 'default', name: 'web' },
      localEndpoints: 1,
      serviceProxyHealthy: true,
    });
    await services.delete('web');
    await clock.advance(2000);
    expect([...open.keys()]).toEqual([]);
  });

  it('are closed at the end', async () => {
    const { open, opener } = newPorts();
    const { start, stop, services } = await newWorld({ proxy: () => ({ portOpener: opener }) });
    const spec = {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_200,
    };
    await services.create(web(spec));
    await start();
    expect(open.size).toBe(1);
    await stop();
    expect(open.size).toBe(0);
  });
});

describe('a proxy with IPVS', () => {
  it('has virtual servers, and lets real servers go when nobody needs them', async () => {
    const { start, services, slices, ipvs, clock } = await newWorld({ withIpvs: true });
    await services.create(web());
    await slices.create(webSlice(['10.244.1.2']));
    await start();
    const to = { protocol: 'TCP', ip: '10.96.0.80', port: 80 } as const;
    const client = { ip: '192.0.2.7', port: 40_000 };
    const addresses = () =>
      ipvs?.virtualServers
        .find(({ ip }) => ip === to.ip)
        ?.servers.map(({ address, weight }) => `${address} ${weight}`);
    expect(addresses()).toEqual(['10.244.1.2:8080 1']);
    expect(ipvs?.connect(client, to)?.server.address).toBe('10.244.1.2:8080');
    await slices.update(webSlice(['10.244.1.3']));
    await clock.advance(2000);
    expect(addresses()).toEqual(['10.244.1.3:8080 1', '10.244.1.2:8080 0']);
    expect(ipvs?.connect(client, to)?.server.address).toBe('10.244.1.2:8080');
    ipvs?.close(client, to);
    await clock.advance(180_000);
    expect(addresses()).toEqual(['10.244.1.3:8080 1']);
    await services.delete('web');
    await clock.advance(2000);
    expect(ipvs?.virtualServers.map(({ ip }) => ip)).not.toContain(to.ip);
  });
});
