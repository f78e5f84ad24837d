import { describe, expect, fc, it, property, trace } from '#kit';
import {
  type Endpoint,
  EndpointsChangeTracker,
  type IpFamily,
  ServiceChangeTracker,
  type ServicePort,
} from '#kube-proxy';

const STARTED_AT = Date.UTC(2025, 0, 1);
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time';

interface ServiceWords {
  readonly name?: string;
  readonly ip?: string;
  readonly ips?: readonly string[];
  readonly ports?: readonly { name?: string; port: number; protocol?: string; nodePort?: number }[];
  readonly spec?: object;
  readonly metadata?: object;
}

function service(words: ServiceWords = {}) {
  const {
    name = 'web',
    ip = '10.96.0.1',
    ips = [ip],
    ports = [{ name: 'http', port: 80 }],
  } = words;
  return {
    metadata: { name, namespace: 'default', ...words.metadata },
    spec: { clusterIP: ip, clusterIPs: [...ips], ports: [...ports], ...words.spec },
  };
}

interface SliceWords {
  readonly name?: string;
  readonly of?: string;
  readonly type?: string;
  readonly ports?: readonly { name?: string; port?: number; protocol?: string }[];
  /** Addresses, or whole endpoints. */
  readonly endpoints?: readonly (string | { addresses: string[] })[];
  readonly triggered?: string;
  readonly labels?: Record<string, string>;
}

function slice(words: SliceWords = {}) {
  const { name = 'web-1', of = 'web', type = 'IPv4', triggered } = words;
  const { ports = [{ name: 'http', port: 8080, protocol: 'TCP' }], endpoints = ['10.244.1.2'] } =
    words;
  return {
    metadata: {
      name,
      namespace: 'default',
      labels: words.labels ?? { 'kubernetes.io/service-name': of },
      ...(triggered !== undefined && { annotations: { [TRIGGER]: triggered } }),
    },
    addressType: type,
    ports: [...ports],
    endpoints: endpoints.map((one) => (typeof one === 'string' ? { addresses: [one] } : one)),
  };
}

const WEB = 'default/web:http/TCP';

function newServices(family: IpFamily = 'IPv4') {
  const tracker = trace('tracker', () => new ServiceChangeTracker(family));
  const map = new Map<string, ServicePort>();
  return {
    tracker,
    map,
    apply: () => [...tracker.apply(map)].sort(),
    ids: () => [...map.keys()].sort(),
  };
}

function newEndpoints(family: IpFamily = 'IPv4') {
  const perspective = { family, nodeName: 'node-a' };
  const tracker = trace('tracker', () => new EndpointsChangeTracker(perspective, STARTED_AT));
  const map = new Map<string, readonly Endpoint[]>();
  const texts = (id = WEB) =>
    map.get(id)?.map((one) => `${one.ip}:${one.port}${one.isLocal ? ' here' : ''}`);
  return {
    tracker,
    map,
    texts,
    apply: () => tracker.apply(map),
    updated: () => [...tracker.apply(map).updatedServices].sort(),
  };
}

describe('changes of Services', () => {
  it.core('puts a new Service into the map, and says that it changed', () => {
    const { tracker, map, apply } = newServices();
    expect(tracker.update(undefined, service())).toBe(true);
    expect(apply()).toEqual(['default/web']);
    expect([...map]).toMatchObject([
      [WEB, { clusterIP: '10.96.0.1', port: 80, name: 'default/web:http' }],
    ]);
  });

  it.core('changes nothing before it is applied', () => {
    const { tracker, map } = newServices();
    tracker.update(undefined, service());
    expect(map.size).toBe(0);
  });

  it.core('takes a deleted Service out of the map', () => {
    const { tracker, apply, ids } = newServices();
    tracker.update(undefined, service());
    tracker.update(undefined, service({ name: 'other' }));
    apply();
    expect(tracker.update(service(), undefined)).toBe(true);
    expect(apply()).toEqual(['default/web']);
    expect(ids()).toEqual(['default/other:http/TCP']);
  });

  it.core('knows of one change where there were many', () => {
    const { tracker, map, apply } = newServices();
    const later = service({ ports: [{ name: 'http', port: 81 }] });
    const last = service({ ports: [{ name: 'http', port: 82 }] });
    tracker.update(undefined, service());
    tracker.update(service(), later);
    expect(tracker.update(later, last)).toBe(true);
    expect(apply()).toEqual(['default/web']);
    expect(map.get(WEB)?.port).toBe(82);
  });

  it.core('knows of nothing when a Service came and went', () => {
    const { tracker, apply, ids } = newServices();
    expect(tracker.update(undefined, service())).toBe(true);
    expect(tracker.update(service(), undefined)).toBe(false);
    expect(apply()).toEqual([]);
    expect(ids()).toEqual([]);
  });

  it('knows of nothing when a Service went and came again', () => {
    const { tracker, apply, ids } = newServices();
    tracker.update(undefined, service());
    apply();
    expect(tracker.update(service(), undefined)).toBe(true);
    expect(tracker.update(undefined, service())).toBe(false);
    expect(apply()).toEqual([]);
    expect(ids()).toEqual([WEB]);
  });

  it('knows of nothing when a change is taken back over several steps', () => {
    const { tracker, apply } = newServices();
    const other = service({ ports: [{ name: 'http', port: 81 }] });
    const third = service({ ports: [{ name: 'http', port: 82 }] });
    tracker.update(undefined, service());
    apply();
    expect(tracker.update(service(), other)).toBe(true);
    expect(tracker.update(other, third)).toBe(true);
    expect(tracker.update(third, service())).toBe(false);
    expect(apply()).toEqual([]);
  });

  it('counts from the first change on, also after one was taken back', () => {
    const { tracker, map, apply } = newServices();
    const other = service({ ports: [{ name: 'https', port: 443 }] });
    tracker.update(undefined, service());
    apply();
    tracker.update(service(), other);
    tracker.update(other, service());
    expect(tracker.update(service(), other)).toBe(true);
    expect(apply()).toEqual(['default/web']);
    expect([...map.keys()]).toEqual(['default/web:https/TCP']);
  });

  it('says true as long as another Service waits', () => {
    const { tracker, apply } = newServices();
    tracker.update(undefined, service({ name: 'other' }));
    tracker.update(undefined, service());
    expect(tracker.update(service(), undefined)).toBe(true);
    expect(apply()).toEqual(['default/other']);
  });

  it('does not care for labels and annotations', () => {
    const { tracker, apply } = newServices();
    tracker.update(undefined, service());
    apply();
    const labelled = service({ metadata: { labels: { a: 'b' }, resourceVersion: '7' } });
    expect(tracker.update(service(), labelled)).toBe(false);
    expect(apply()).toEqual([]);
  });

  it('forgets what was applied', () => {
    const { tracker, apply } = newServices();
    tracker.update(undefined, service());
    expect(apply()).toEqual(['default/web']);
    expect(apply()).toEqual([]);
  });

  it('does nothing without any object', () => {
    const { tracker, apply } = newServices();
    expect(tracker.update(undefined, undefined)).toBe(false);
    tracker.update(undefined, service());
    expect(tracker.update(undefined, undefined)).toBe(true);
    expect(apply()).toEqual(['default/web']);
  });

  it('takes out the ports that a Service has no more, and leaves the others', () => {
    const { tracker, apply, ids } = newServices();
    const two = service({
      ports: [
        { name: 'http', port: 80 },
        { name: 'https', port: 443 },
      ],
    });
    tracker.update(undefined, two);
    apply();
    tracker.update(two, service());
    expect(apply()).toEqual(['default/web']);
    expect(ids()).toEqual([WEB]);
  });

  it('tells ports of one number by their protocol', () => {
    const { tracker, apply, ids } = newServices();
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns', port: 53, protocol: 'TCP' },
    ];
    tracker.update(undefined, service({ ports }));
    apply();
    expect(ids()).toEqual(['default/web:dns/TCP', 'default/web:dns/UDP']);
  });

  it('replaces a port whose protocol changed', () => {
    const { tracker, apply, ids } = newServices();
    const udp = service({ ports: [{ name: 'http', port: 80, protocol: 'UDP' }] });
    tracker.update(undefined, udp);
    apply();
    tracker.update(udp, service());
    apply();
    expect(ids()).toEqual([WEB]);
  });

  const ignored: [string, ReturnType<typeof service>][] = [
    ['a headless Service', service({ ip: 'None' })],
    ['a Service without a cluster IP', service({ ip: '' })],
    ['an ExternalName', service({ spec: { type: 'ExternalName' } })],
    ['a Service of the other family', service({ ip: 'fd00::1' })],
  ];
  for (const [name, object] of ignored)
    it(`ignores ${name}`, () => {
      const { tracker, apply } = newServices();
      expect(tracker.update(undefined, object)).toBe(false);
      expect(apply()).toEqual([]);
    });

  it('takes out a Service that becomes an ExternalName', () => {
    const { tracker, apply, ids } = newServices();
    tracker.update(undefined, service());
    apply();
    tracker.update(service(), service({ spec: { type: 'ExternalName' } }));
    expect(apply()).toEqual(['default/web']);
    expect(ids()).toEqual([]);
  });

  it('sees of a Service with two families its own', () => {
    const { tracker, map, apply } = newServices('IPv6');
    const both = service({ ips: ['10.96.0.1', 'fd00::1'] });
    tracker.update(undefined, both);
    expect(apply()).toEqual(['default/web']);
    expect(map.get(WEB)?.clusterIP).toBe('fd00::1');
    const moved = service({ ip: '10.96.0.9', ips: ['10.96.0.9', 'fd00::1'] });
    expect(tracker.update(both, moved)).toBe(false);
  });

  it('leaves in the map what it was not told of', () => {
    const { tracker, map, apply } = newServices();
    const stranger = { id: 'x' } as ServicePort;
    map.set('default/stranger/TCP', stranger);
    tracker.update(undefined, service());
    apply();
    expect(map.size).toBe(2);
  });

  it('keeps two trackers apart', () => {
    const [a, b] = [newServices(), newServices()];
    a.tracker.update(undefined, service());
    expect(b.apply()).toEqual([]);
    expect(a.apply()).toEqual(['default/web']);
  });

  const aService = fc.option(
    fc.record({
      port: fc.integer({ min: 80, max: 82 }),
      isHeadless: fc.boolean(),
      isDouble: fc.boolean(),
    }),
    { nil: undefined },
  );
  property(
    'the map is that of the last states, and a Service changed if its first and last states differ',
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), aService), { maxLength: 30 }),
    fc.nat(4),
    (steps, every) => {
      const { tracker, map, apply } = newServices();
      const now = new Map<string, ReturnType<typeof service> | undefined>();
      let before = new Map<string, string>();
      const states = () => {
        const all = new Map<string, string>();
        for (const [name, object] of now) {
          if (!object) continue;
          const fresh = newServices();
          fresh.tracker.update(undefined, object);
          fresh.apply();
          if (fresh.map.size > 0) all.set(`default/${name}`, JSON.stringify([...fresh.map].sort()));
        }
        return all;
      };
      const check = () => {
        const after = states();
        const differing = new Set([...before.keys(), ...after.keys()]);
        const expected = [...differing].filter((key) => before.get(key) !== after.get(key)).sort();
        expect(apply()).toEqual(expected);
        const ports = [...after.values()].flatMap((text) => JSON.parse(text)).sort();
        expect([...map].sort()).toEqual(ports.sort());
        before = after;
      };
      steps.forEach(([name, words], i) => {
        const ports = [{ name: 'x', port: words?.port ?? 80 }];
        const more = words?.isDouble ? [...ports, { name: 'y', port: 443 }] : ports;
        const ip = words?.isHeadless ? 'None' : '10.96.0.1';
        const next = words && service({ name, ip, ports: more });
        tracker.update(now.get(name), next);
        now.set(name, next);
        if (i % (every + 1) === 0) check();
      });
      check();
    },
  );
});

describe('changes of EndpointSlices', () => {
  it.core('puts the endpoints of a new slice into the map', () => {
    const { tracker, map, updated } = newEndpoints();
    expect(tracker.updateSlice(slice(), false)).toBe(true);
    expect(map.size).toBe(0);
    expect(updated()).toEqual(['default/web']);
    expect([...map]).toEqual([
      [
        WEB,
        [
          {
            ip: '10.244.1.2',
            port: 8080,
            isLocal: false,
            ready: true,
            serving: true,
            terminating: false,
            zoneHints: [],
            nodeHints: [],
          },
        ],
      ],
    ]);
  });

  it.core('puts the slices of a Service together', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1'] }), false);
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.3', '10.0.0.2'] }), false);
    tracker.updateSlice(slice({ name: 'x', of: 'other', endpoints: ['10.0.0.9'] }), false);
    expect(updated()).toEqual(['default/other', 'default/web']);
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080']);
    expect(texts('default/other:http/TCP')).toEqual(['10.0.0.9:8080']);
  });

  it.core('keeps the other slices when one is removed', () => {
    const { tracker, texts, updated } = newEndpoints();
    const gone = slice({ name: 'web-2', endpoints: ['10.0.0.2'] });
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1'] }), false);
    tracker.updateSlice(gone, false);
    updated();
    expect(tracker.updateSlice(gone, true)).toBe(true);
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
    expect(updated()).toEqual(['default/web']);
    expect(texts()).toEqual(['10.0.0.1:8080']);
  });

  it.core('replaces the endpoints of a slice that changed', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1', '10.0.0.2'] }), false);
    updated();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.2', '10.0.0.3'] }), false);
    expect(updated()).toEqual(['default/web']);
    expect(texts()).toEqual(['10.0.0.2:8080', '10.0.0.3:8080']);
  });

  it.core('has an address once that is in two slices', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1', '10.0.0.1'] }), false);
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.1', '10.0.0.2'] }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  });

  it('keeps an address that moved from one slice to another, whichever is told first', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1', '10.0.0.2'] }), false);
    updated();
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.2'] }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1'] }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  });

  it('forgets an address only with the last slice that has it', () => {
    const { tracker, texts, updated } = newEndpoints();
    const [a, b] = [slice(), slice({ name: 'web-2' })];
    tracker.updateSlice(a, false);
    tracker.updateSlice(b, false);
    tracker.updateSlice(a, true);
    updated();
    expect(texts()).toEqual(['10.244.1.2:8080']);
    tracker.updateSlice(b, true);
    updated();
    expect(texts()).toBeUndefined();
  });

  it('sorts by the text of address and port', () => {
    const { tracker, texts, updated } = newEndpoints();
    const endpoints = ['10.0.0.2', '10.0.0.10', '10.0.0.1', '9.0.0.1'];
    tracker.updateSlice(slice({ endpoints }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.10:8080', '10.0.0.1:8080', '10.0.0.2:8080', '9.0.0.1:8080']);
  });

  it('has one address with two ports of one name twice', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1'] }), false);
    const other = [{ name: 'http', port: 9090, protocol: 'TCP' }];
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.1'], ports: other }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.1:8080', '10.0.0.1:9090']);
  });

  it('takes the first slice by name for what is said of an address twice', () => {
    for (const order of [
      ['web-1', 'web-2'],
      ['web-2', 'web-1'],
    ]) {
      const { tracker, map, updated } = newEndpoints();
      for (const name of order) {
        const endpoint = { addresses: ['10.0.0.1'], conditions: { ready: name === 'web-1' } };
        tracker.updateSlice(slice({ name, endpoints: [endpoint] }), false);
      }
      updated();
      expect(map.get(WEB)?.map(({ ready }) => ready)).toEqual([true]);
    }
  });

  it('prefers what says that an address is on this node', () => {
    const { tracker, texts, updated } = newEndpoints();
    const here = { addresses: ['10.0.0.1'], nodeName: 'node-a' };
    const there = { addresses: ['10.0.0.1'], nodeName: 'node-b' };
    tracker.updateSlice(slice({ name: 'a', endpoints: [there] }), false);
    tracker.updateSlice(slice({ name: 'b', endpoints: [here] }), false);
    tracker.updateSlice(slice({ name: 'c', endpoints: [there] }), false);
    updated();
    expect(texts()).toEqual(['10.0.0.1:8080 here']);
  });

  it('keeps endpoints that are not ready or terminating, and what is known of them', () => {
    const { tracker, map, updated } = newEndpoints();
    const endpoints = [
      { addresses: ['10.0.0.1'], conditions: { ready: false, serving: false } },
      { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
      { addresses: ['10.0.0.3'], hints: { forZones: [{ name: 'z1' }] } },
    ];
    tracker.updateSlice(slice({ endpoints }), false);
    updated();
    expect(map.get(WEB)).toMatchObject([
      { ip: '10.0.0.1', ready: false, serving: false, terminating: false },
      { ip: '10.0.0.2', ready: false, serving: true, terminating: true },
      { ip: '10.0.0.3', ready: true, serving: true, terminating: false, zoneHints: ['z1'] },
    ]);
  });

  it('sees that a condition changed', () => {
    const { tracker, map, updated } = newEndpoints();
    tracker.updateSlice(slice(), false);
    updated();
    const conditions = { ready: false };
    const endpoints = [{ addresses: ['10.244.1.2'], conditions }];
    expect(tracker.updateSlice(slice({ endpoints }), false)).toBe(true);
    expect(updated()).toEqual(['default/web']);
    expect(map.get(WEB)?.[0]?.ready).toBe(false);
  });

  it('knows of nothing when a slice says what it said', () => {
    const { tracker, updated } = newEndpoints();
    tracker.updateSlice(slice({ endpoints: ['10.0.0.1', '10.0.0.2'] }), false);
    updated();
    const turned = slice({
      endpoints: ['10.0.0.2', '10.0.0.1'],
      triggered: '2025-02-01T00:00:00Z',
    });
    expect(tracker.updateSlice(turned, false)).toBe(false);
    expect(updated()).toEqual([]);
  });

  it('knows of nothing when a slice changed and changed back', () => {
    const { tracker, updated } = newEndpoints();
    tracker.updateSlice(slice(), false);
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.2'] }), false);
    updated();
    expect(tracker.updateSlice(slice({ endpoints: ['10.0.0.9'] }), false)).toBe(true);
    expect(tracker.updateSlice(slice(), false)).toBe(false);
    expect(updated()).toEqual([]);
  });

  it('knows of nothing when a slice came and went', () => {
    const { tracker, map, updated } = newEndpoints();
    tracker.updateSlice(slice(), false);
    expect(tracker.updateSlice(slice(), true)).toBe(false);
    expect(updated()).toEqual([]);
    expect(map.size).toBe(0);
  });

  it('knows of nothing when a slice went and came again', () => {
    const { tracker, texts, updated } = newEndpoints();
    tracker.updateSlice(slice(), false);
    updated();
    expect(tracker.updateSlice(slice(), true)).toBe(true);
    expect(tracker.updateSlice(slice(), false)).toBe(false);
    expect(updated()).toEqual([]);
    expect(texts()).toEqual(['10.244.1.2:8080']);
  });

  it('says true as long as another slice waits', () => {
    const { tracker, updated } = newEndpoints();
    tracker.updateSlice(slice({ name: 'web-2', endpoints: ['10.0.0.2'] }), false);
    tracker.updateSlice(slice(), false);
    expect(tracker.updateSlice(slice(), true)).toBe(true);
    expect(updated()).toEqual(['default/web']);
    expect(updated()).toEqual([]);
  });

  it('takes a new slice without endpoints for a change, once', () => {
    const { tracker, map, updated } = newEndpoints();
    expect(tracker.updateSlice(slice({ endpoints: [] }), false)).toBe(true);
    expect(updated()).toEqual(['default/web']);
    expect(map.size).toBe(0);
    expect(tracker.updateSlice(slice({ endpoints: [] }), false)).toBe(false);
    expect(tracker.updateSlice(slice({ endpoints: [] }), true)).toBe(true);
    expect(updated()).toEqual(['default/web']);
  });

  it('ignores the removal of a slice that was never seen', () => {
    const { tracker, updated } = newEndpoints();
    expect(tracker.updateSlice(slice(), true)).toBe(false);
    expect(updated()).toEqual([]);
  });

  const ignored: [string, ReturnType<typeof slice>][] = [
    ['a slice of the other family', slice({ type: 'IPv6', endpoints: ['fd00::2'] })],
    ['a slice of names', slice({ type: 'FQDN', endpoints: ['example.com'] })],
    ['a slice of no Service', slice({ labels: {} })],
    ['a slice of a Service without name', slice({ of: '' })],
  ];
  for (const [name, object] of ignored)
    it(`ignores ${name}`, () => {
      const { tracker, updated } = newEndpoints();
      expect(tracker.updateSlice(object, false)).toBe(false);
      expect(updated()).toEqual([]);
    });

  it('has no entry for a port without endpoints', () => {
    const { tracker, map, updated } = newEndpoints();
    tracker.updateSlice(slice(), false);
    updated();
    tracker.updateSlice(slice({ endpoints: [] }), false);
    expect(updated()).toEqual(['default/web']);
    expect([...map.keys()]).toEqual([]);
  });

  it('forgets a port that a slice has no more', () => {
    const { tracker, map, updated } = newEndpoints();
    const ports = [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'https', port: 8443, protocol: 'TCP' },
    ];
    tracker.updateSlice(slice({ ports }), false);
    updated();
    expect([...map.keys()].sort()).toEqual([WEB, 'default/web:https/TCP']);
    tracker.updateSlice(slice(), false);
    updated();
    expect([...map.keys()]).toEqual([WEB]);
  });

  it('works with IPv6', () => {
    const { tracker, texts, updated } = newEndpoints('IPv6');
    tracker.updateSlice(slice({ type: 'IPv6', endpoints: ['fd00::2', 'fd00::1'] }), false);
    tracker.updateSlice(slice({ name: 'web-4' }), false);
    updated();
    expect(texts()).toEqual(['fd00::1:8080', 'fd00::2:8080']);
  });

  it('leaves other Services in the map as they are', () => {
    const { tracker, map, updated } = newEndpoints();
    tracker.updateSlice(slice({ name: 'x', of: 'other' }), false);
    updated();
    const other = map.get('default/other:http/TCP');
    tracker.updateSlice(slice(), false);
    updated();
    tracker.updateSlice(slice(), true);
    updated();
    expect([...map]).toEqual([['default/other:http/TCP', other]]);
  });

  describe('flows of UDP', () => {
    const udp = [{ name: 'dns', port: 53, protocol: 'UDP' }];

    it.core('must be looked at when endpoints of UDP changed', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice({ ports: udp, endpoints: ['10.0.0.1', '10.0.0.2'] }), false);
      apply();
      tracker.updateSlice(slice({ ports: udp, endpoints: ['10.0.0.1'] }), false);
      expect(apply().conntrackCleanupRequired).toBe(true);
      expect(apply().conntrackCleanupRequired).toBe(false);
    });

    it('must be looked at whichever of the Services that changed has UDP', () => {
      for (const names of [
        ['a', 'b', 'c'],
        ['b', 'a', 'c'],
        ['c', 'b', 'a'],
      ]) {
        const { tracker, apply } = newEndpoints();
        for (const of of names) {
          tracker.updateSlice(slice({ name: of, of, ...(of === 'a' && { ports: udp }) }), false);
        }
        expect(apply().conntrackCleanupRequired).toBe(true);
      }
    });

    const cases: [string, object | undefined, object | undefined, boolean][] = [
      ['TCP came', undefined, {}, false],
      ['TCP went', {}, undefined, false],
      ['UDP came', undefined, { ports: udp }, true],
      ['UDP went', { ports: udp }, undefined, true],
      ['UDP became TCP', { ports: udp }, {}, true],
    ];
    for (const [name, before, after, expected] of cases)
      it(`${name}`, () => {
        const { tracker, apply } = newEndpoints();
        if (before) tracker.updateSlice(slice(before), false);
        apply();
        tracker.updateSlice(slice(after ?? before), after === undefined);
        expect(apply().conntrackCleanupRequired).toBe(expected);
      });
  });

  describe('trigger times', () => {
    const at = (second: number) => `2025-01-02T00:00:${String(second).padStart(2, '0')}Z`;
    const ms = (second: number) => Date.UTC(2025, 0, 2, 0, 0, second);

    it('are those of changes since the last sync, by Service', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice({ triggered: at(1) }), false);
      tracker.updateSlice(
        slice({ name: 'web-2', endpoints: ['10.0.0.2'], triggered: at(2) }),
        false,
      );
      tracker.updateSlice(slice({ name: 'x', of: 'other', triggered: at(3) }), false);
      expect([...apply().lastChangeTriggerTimes]).toEqual([
        ['default/web', [ms(1), ms(2)]],
        ['default/other', [ms(3)]],
      ]);
      expect([...apply().lastChangeTriggerTimes]).toEqual([]);
    });

    const none: [string, string | undefined][] = [
      ['without one', undefined],
      ['with one that is none', 'yesterday'],
      ['with one before this proxy began', '2024-12-31T23:59:59Z'],
      ['with one of when this proxy began', '2025-01-01T00:00:00Z'],
    ];
    for (const [name, triggered] of none)
      it(`has none of a slice ${name}`, () => {
        const { tracker, apply } = newEndpoints();
        tracker.updateSlice(slice(triggered === undefined ? {} : { triggered }), false);
        const { updatedServices, lastChangeTriggerTimes } = apply();
        expect([...updatedServices]).toEqual(['default/web']);
        expect([...lastChangeTriggerTimes]).toEqual([]);
      });

    it('does not count what changes nothing', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice({ triggered: at(1) }), false);
      tracker.updateSlice(slice({ triggered: at(2) }), false);
      expect([...apply().lastChangeTriggerTimes]).toEqual([['default/web', [ms(1)]]]);
    });

    it('forgets those of a Service with a removal', () => {
      const { tracker, apply } = newEndpoints();
      const other = slice({ name: 'web-2', endpoints: ['10.0.0.2'], triggered: at(1) });
      tracker.updateSlice(other, false);
      apply();
      tracker.updateSlice(slice({ triggered: at(2) }), false);
      tracker.updateSlice(other, true);
      const { updatedServices, lastChangeTriggerTimes } = apply();
      expect([...updatedServices]).toEqual(['default/web']);
      expect([...lastChangeTriggerTimes]).toEqual([]);
    });

    it('are in the order in which they were told, and as often', () => {
      const { tracker, apply } = newEndpoints();
      for (const [name, second] of [
        ['web-1', 5],
        ['web-2', 2],
        ['web-3', 5],
        ['web-4', 3],
      ] as const) {
        tracker.updateSlice(slice({ name, triggered: at(second) }), false);
      }
      expect([...apply().lastChangeTriggerTimes]).toEqual([
        ['default/web', [ms(5), ms(2), ms(5), ms(3)]],
      ]);
    });

    it('count again after a removal', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice({ triggered: at(1) }), false);
      apply();
      tracker.updateSlice(slice({ name: 'web-2', triggered: at(2) }), false);
      tracker.updateSlice(slice(), true);
      tracker.updateSlice(slice({ name: 'web-3', triggered: at(3) }), false);
      expect([...apply().lastChangeTriggerTimes]).toEqual([['default/web', [ms(3)]]]);
    });

    it('stay when a removal changes nothing', () => {
      const { tracker, apply } = newEndpoints();
      const gone = slice({ name: 'web-2' });
      tracker.updateSlice(gone, false);
      apply();
      tracker.updateSlice(gone, true);
      tracker.updateSlice(slice({ endpoints: ['10.0.0.1'], triggered: at(1) }), false);
      tracker.updateSlice(gone, true);
      tracker.updateSlice(slice({ name: 'web-3' }), true);
      expect([...apply().lastChangeTriggerTimes]).toEqual([['default/web', [ms(1)]]]);
    });

    it('stay when another Service loses a slice', () => {
      const { tracker, apply } = newEndpoints();
      const other = slice({ name: 'x', of: 'other' });
      tracker.updateSlice(other, false);
      apply();
      tracker.updateSlice(slice({ triggered: at(1) }), false);
      tracker.updateSlice(other, true);
      expect([...apply().lastChangeTriggerTimes]).toEqual([['default/web', [ms(1)]]]);
    });

    it('are forgotten when nothing of the Service waits any more', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice(), false);
      apply();
      tracker.updateSlice(slice({ endpoints: ['10.0.0.9'], triggered: at(1) }), false);
      tracker.updateSlice(slice({ triggered: at(2) }), false);
      const { updatedServices, lastChangeTriggerTimes } = apply();
      expect([...updatedServices]).toEqual([]);
      expect([...lastChangeTriggerTimes]).toEqual([]);
    });

    it('stay with a slice that changed back while another one waits', () => {
      const { tracker, apply } = newEndpoints();
      tracker.updateSlice(slice(), false);
      apply();
      tracker.updateSlice(slice({ endpoints: ['10.0.0.9'], triggered: at(1) }), false);
      tracker.updateSlice(slice({ name: 'web-2', triggered: at(2) }), false);
      tracker.updateSlice(slice({ triggered: at(3) }), false);
      expect([...apply().lastChangeTriggerTimes]).toEqual([['default/web', [ms(1), ms(2), ms(3)]]]);
    });
  });

  const step = fc.record({
    name: fc.constantFrom('s1', 's2', 's3', 't1', 't2'),
    addresses: fc.option(
      fc.array(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.10'), { maxLength: 3 }),
      { nil: undefined },
    ),
    isApplied: fc.boolean(),
  });
  property(
    'the map is what the slices say that are there, whatever happened to them before',
    fc.array(step, { maxLength: 40 }),
    (steps) => {
      const { tracker, map, apply } = newEndpoints();
      const there = new Map<string, readonly string[]>();
      const ofService = (prefix: string) => {
        const all = [...there].filter(([name]) => name.startsWith(prefix));
        return [...new Set(all.flatMap(([, addresses]) => addresses))]
          .map((ip) => `${ip}:80`)
          .sort();
      };
      const check = () => {
        const before = new Map([...map].map(([id, list]) => [id, JSON.stringify(list)]));
        const { updatedServices } = apply();
        const shown = ['s', 't'].map((prefix) =>
          (map.get(`default/${prefix}:p/TCP`) ?? []).map(({ ip, port }) => `${ip}:${port}`),
        );
        expect(shown).toEqual(['s', 't'].map(ofService));
        for (const prefix of ['s', 't']) {
          const id = `default/${prefix}:p/TCP`;
          const list = map.get(id);
          const isOther = before.get(id) !== (list && JSON.stringify(list));
          if (isOther) expect(updatedServices.has(`default/${prefix}`)).toBe(true);
        }
      };
      for (const { name, addresses, isApplied } of steps) {
        const of = name.slice(0, 1);
        const ports = [{ name: 'p', port: 80, protocol: 'TCP' }];
        const last = there.get(name) ?? [];
        tracker.updateSlice(slice({ name, of, ports, endpoints: addresses ?? last }), !addresses);
        if (addresses) there.set(name, addresses);
        else there.delete(name);
        if (isApplied) check();
      }
      check();
    },
  );
});
