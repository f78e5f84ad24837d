import { FakeClock, seededRandom } from '#apimachinery';
import {
  describe,
  type EndpointWords,
  endpointObject,
  expect,
  fc,
  it,
  property,
  proxierOptions,
  type ServicePortWords,
  servicePortObject,
} from '#kit';
import {
  affinityRules,
  categorizeEndpoints,
  chooseEndpoints,
  type Endpoint,
  endpointInfo,
  fullText,
  IPTABLES_JUMPS,
  jumpsText,
  Netfilter,
  rememberClientMatch,
  topologyMode,
  usesClusterEndpoints,
  usesLocalEndpoints,
} from '#kube-proxy';

const NODE = { nodeName: 'node-a', zone: 'zone-a' };
const WEB = servicePortObject();
const web = (words: ServicePortWords = {}) => servicePortObject('web:http', words);
/** External traffic stays here, and cluster IPs do not. */
const EXTERNAL_LOCAL = web({ externalPolicyLocal: true, nodePort: 30_080 });
const INTERNAL_LOCAL = web({ internalPolicyLocal: true });

/** `10.244.1.<last>` */
const at = (last: number, words: EndpointWords = {}) => endpointObject(`10.244.1.${last}`, words);
const zone = (last: number, ...zoneHints: string[]) => at(last, { zoneHints });
const LEAVING = { ready: false, terminating: true };
const GONE = { ready: false, serving: false, terminating: true };
const UNREADY = { ready: false, serving: false };
const HERE = { isLocal: true };

/** The last numbers of a list's addresses. */
const lasts = (endpoints: readonly Endpoint[]) =>
  endpoints.map(({ ip }) => Number(ip.split('.').at(-1)));
const categorized = (port: typeof WEB, endpoints: readonly Endpoint[], node = NODE) => {
  const { cluster, local, reachable, hasAny } = categorizeEndpoints(port, endpoints, node);
  return { cluster: lasts(cluster), local: lasts(local), reachable: lasts(reachable), hasAny };
};

describe('topologyMode', () => {
  it.core('prefers the zone when every ready endpoint has a hint and one is for it', () => {
    expect(topologyMode([zone(2, 'zone-a'), zone(3, 'zone-b')], NODE)).toBe('PreferSameZone');
  });

  it('ignores hints when one is missing', () => {
    expect(topologyMode([zone(2, 'zone-a'), at(3)], NODE)).toBe('Any');
  });

  it('ignores hints when none is for this zone', () => {
    expect(topologyMode([zone(2, 'zone-b'), zone(3, 'zone-c')], NODE)).toBe('Any');
  });

  it('takes one of several hints of an endpoint', () => {
    expect(topologyMode([zone(2, 'zone-b', 'zone-a')], NODE)).toBe('PreferSameZone');
  });

  it('ignores zones at a node without one', () => {
    expect(topologyMode([zone(2, 'zone-a')], { nodeName: 'node-a' })).toBe('Any');
    expect(topologyMode([zone(2, '')], { nodeName: 'node-a' })).toBe('Any');
  });

  it('does not ask endpoints that are not ready', () => {
    expect(topologyMode([zone(2, 'zone-a'), at(3, UNREADY)], NODE)).toBe('PreferSameZone');
    expect(topologyMode([zone(2, 'zone-a'), at(3, LEAVING)], NODE)).toBe('PreferSameZone');
    const unready = at(3, { ...UNREADY, zoneHints: ['zone-a'] });
    expect(topologyMode([zone(2, 'zone-b'), unready], NODE)).toBe('Any');
  });

  it('has nothing to prefer where nothing is ready', () => {
    expect(topologyMode([], NODE)).toBe('Any');
    expect(topologyMode([at(2, { ...LEAVING, zoneHints: ['zone-a'] })], NODE)).toBe('Any');
  });

  it('prefers the node to the zone', () => {
    const both = [
      at(2, { zoneHints: ['zone-a'], nodeHints: ['node-a'] }),
      at(3, { zoneHints: ['zone-a'], nodeHints: ['node-b'] }),
    ];
    expect(topologyMode(both, NODE)).toBe('PreferSameNode');
  });

  it('goes by zones when node hints are missing somewhere or for others', () => {
    const zoneHints = ['zone-a'];
    const missing = [at(2, { zoneHints, nodeHints: ['node-a'] }), at(3, { zoneHints })];
    const others = [at(2, { zoneHints, nodeHints: ['node-b'] })];
    expect(topologyMode(missing, NODE)).toBe('PreferSameZone');
    expect(topologyMode(others, NODE)).toBe('PreferSameZone');
  });

  it('needs no zones for the node', () => {
    expect(topologyMode([at(2, { nodeHints: ['node-a'] })], NODE)).toBe('PreferSameNode');
  });
});

describe('categorizeEndpoints', () => {
  it.core('takes the ready ones of all nodes', () => {
    expect(categorized(WEB, [at(2, HERE), at(3), at(4, UNREADY)])).toEqual({
      cluster: [2, 3],
      local: [],
      reachable: [2, 3],
      hasAny: true,
    });
  });

  it.core('falls back to those that serve while they terminate', () => {
    expect(categorized(WEB, [at(2, LEAVING), at(3, GONE), at(4, UNREADY)])).toEqual({
      cluster: [2],
      local: [],
      reachable: [2],
      hasAny: true,
    });
  });

  it('does not fall back while one is ready', () => {
    expect(categorized(WEB, [at(2, LEAVING), at(3)]).cluster).toEqual([3]);
  });

  it('has nothing where none serves', () => {
    const nothing = { cluster: [], local: [], reachable: [], hasAny: false };
    expect(categorized(WEB, [at(2, GONE), at(3, UNREADY)])).toEqual(nothing);
    expect(categorized(WEB, [])).toEqual(nothing);
    expect(categorized(EXTERNAL_LOCAL, [])).toEqual(nothing);
  });

  it('does not use one that is not ready but serves, and does not terminate', () => {
    expect(categorized(WEB, [at(2, { ready: false })])).toMatchObject({
      cluster: [],
      hasAny: false,
    });
  });

  it('keeps to the zone', () => {
    expect(categorized(WEB, [zone(2, 'zone-a'), zone(3, 'zone-b')]).cluster).toEqual([2]);
  });

  it('keeps to the node', () => {
    const endpoints = [at(2, { nodeHints: ['node-b'] }), at(3, { nodeHints: ['node-a'] })];
    expect(categorized(WEB, endpoints).cluster).toEqual([3]);
  });

  it('ignores hints where the only ready one is far', () => {
    const far = [zone(2, 'zone-b'), at(3, { ...LEAVING, zoneHints: ['zone-a'] })];
    expect(categorized(WEB, far).cluster).toEqual([2]);
  });

  it('falls back without looking at hints', () => {
    const leaving = [2, 3].map((last, i) =>
      at(last, { ...LEAVING, zoneHints: [`zone-${'ab'[i]}`] }),
    );
    expect(categorized(WEB, leaving).cluster).toEqual([2, 3]);
  });

  it('has both lists where traffic from outside stays here', () => {
    expect(categorized(EXTERNAL_LOCAL, [at(2, HERE), at(3), at(4)])).toEqual({
      cluster: [2, 3, 4],
      local: [2],
      reachable: [2, 3, 4],
      hasAny: true,
    });
  });

  it('has only this node’s where all traffic stays here', () => {
    expect(categorized(INTERNAL_LOCAL, [at(2, HERE), at(3)])).toEqual({
      cluster: [],
      local: [2],
      reachable: [2],
      hasAny: true,
    });
  });

  it('knows of endpoints that may not be reached from here', () => {
    const elsewhere = { cluster: [], local: [], reachable: [], hasAny: true };
    expect(categorized(INTERNAL_LOCAL, [at(3)])).toEqual(elsewhere);
    expect(categorized(INTERNAL_LOCAL, [at(3, LEAVING)])).toEqual(elsewhere);
    expect(categorized(INTERNAL_LOCAL, [at(3, GONE)])).toMatchObject({ hasAny: false });
  });

  it('has no local list where no policy asks for it', () => {
    expect(categorized(web({ nodePort: 30_080 }), [at(2, HERE)]).local).toEqual([]);
    expect(categorized(web({ externalPolicyLocal: true }), [at(2, HERE)]).local).toEqual([]);
  });

  it('falls back here although others are ready elsewhere', () => {
    expect(categorized(EXTERNAL_LOCAL, [at(2, { ...HERE, ...LEAVING }), at(3)])).toEqual({
      cluster: [3],
      local: [2],
      reachable: [2, 3],
      hasAny: true,
    });
  });

  it('does not fall back here while one here is ready', () => {
    const endpoints = [at(2, { ...HERE, ...LEAVING }), at(3, HERE)];
    expect(categorized(EXTERNAL_LOCAL, endpoints).local).toEqual([3]);
  });

  it('does not keep local traffic to those here that are hinted for here', () => {
    const hinted = [
      at(2, { ...HERE, zoneHints: ['zone-a'], nodeHints: ['node-a'] }),
      at(3, { ...HERE, zoneHints: ['zone-b'], nodeHints: ['node-b'] }),
    ];
    expect(categorized(EXTERNAL_LOCAL, hinted)).toMatchObject({ cluster: [2], local: [2, 3] });
    expect(categorized(INTERNAL_LOCAL, hinted)).toMatchObject({ cluster: [], local: [2, 3] });
  });

  it('does not keep local traffic to a zone', () => {
    const endpoints = [at(2, { ...HERE, zoneHints: ['zone-b'] }), zone(3, 'zone-a')];
    expect(categorized(EXTERNAL_LOCAL, endpoints)).toEqual({
      cluster: [3],
      local: [2],
      reachable: [2, 3],
      hasAny: true,
    });
  });

  it('has each reachable endpoint once, in the order given', () => {
    const endpoints = [
      zone(9, 'zone-a'),
      at(2, { ...HERE, zoneHints: ['zone-b'] }),
      zone(4, 'zone-a'),
    ];
    expect(categorized(EXTERNAL_LOCAL, endpoints).reachable).toEqual([9, 2, 4]);
  });

  it('gives the very endpoints, and leaves the list alone', () => {
    const endpoints = Object.freeze([at(2), at(3, UNREADY)]);
    const { cluster, reachable } = categorizeEndpoints(WEB, endpoints, NODE);
    expect(cluster[0] === endpoints[0] && reachable[0] === endpoints[0]).toBe(true);
  });
});

const endpointWords = fc.record({
  isLocal: fc.boolean(),
  state: fc.constantFrom({}, LEAVING, GONE, UNREADY, { ready: false }),
  zoneHints: fc.constantFrom([], ['zone-a'], ['zone-b'], ['zone-a', 'zone-b']),
  nodeHints: fc.constantFrom([], [], ['node-a'], ['node-b']),
});
const anyEndpoints = fc
  .array(endpointWords, { maxLength: 6 })
  .map((all) => all.map(({ state, ...words }, i) => at(i + 2, { ...words, ...state })));
const anyPort = fc
  .record({
    nodePort: fc.constantFrom(0, 30_080),
    externalPolicyLocal: fc.boolean(),
    internalPolicyLocal: fc.boolean(),
  })
  .map(web);

describe('the chosen endpoints', () => {
  property('serve, and are of this node where they must be', anyPort, anyEndpoints, (port, all) => {
    const { cluster, local, reachable, hasAny } = categorizeEndpoints(port, all, NODE);
    const usable = all.filter((one) => one.ready || (one.serving && one.terminating));
    for (const one of reachable) expect(usable).toContain(one);
    expect(local.every(({ isLocal }) => isLocal)).toBe(true);
    expect(reachable.length).toBe(new Set([...cluster, ...local]).size);
    expect(hasAny).toBe(usable.length > 0);
  });

  property('are some where there are some', anyPort, anyEndpoints, (port, all) => {
    const { cluster, local } = categorizeEndpoints(port, all, NODE);
    const usable = all.filter((one) => one.ready || (one.serving && one.terminating));
    if (usesClusterEndpoints(port)) expect(cluster.length > 0).toBe(usable.length > 0);
    const here = usable.filter(({ isLocal }) => isLocal);
    if (usesLocalEndpoints(port)) expect(local.length > 0).toBe(here.length > 0);
  });

  property('never mix ready ones with others', anyPort, anyEndpoints, (port, all) => {
    const { cluster, local } = categorizeEndpoints(port, all, NODE);
    for (const list of [cluster, local]) {
      expect(new Set(list.map(({ ready }) => ready)).size).toBeLessThan(2);
    }
  });

  property('are those of the given plain choice', anyPort, anyEndpoints, (port, all) => {
    expect(chooseEndpoints(port, all, NODE)).toEqual(categorizeEndpoints(port, all, NODE));
  });
});

describe('affinityRules', () => {
  const sticky = web({ sessionAffinity: 'ClientIP', stickyMaxAgeSeconds: 600 });
  const infos = [endpointInfo(sticky, at(2)), endpointInfo(sticky, at(3))];

  it.core('lead back to the endpoint that remembers the client', () => {
    const [a, b] = infos;
    const context = { options: proxierOptions(), comments: true };
    expect(affinityRules(sticky, 'KUBE-SVC-X', infos, context)).toEqual([
      `-A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.2:8080" -m recent --name ${a?.chain} --rcheck --seconds 600 --reap -j ${a?.chain}`,
      `-A KUBE-SVC-X -m comment --comment "default/web:http -> 10.244.1.3:8080" -m recent --name ${b?.chain} --rcheck --seconds 600 --reap -j ${b?.chain}`,
    ]);
  });

  it('go without comments where there are too many', () => {
    const [a] = infos;
    const context = { options: proxierOptions(), comments: false };
    expect(affinityRules(sticky, 'KUBE-SVL-X', infos.slice(0, 1), context)).toEqual([
      `-A KUBE-SVL-X -m recent --name ${a?.chain} --rcheck --seconds 600 --reap -j ${a?.chain}`,
    ]);
  });

  it('are none for no endpoints', () => {
    const context = { options: proxierOptions(), comments: true };
    expect(affinityRules(sticky, 'KUBE-SVC-X', [], context)).toEqual([]);
  });
});

describe('rememberClientMatch', () => {
  it.core('sets the client in the endpoint’s list', () => {
    expect(rememberClientMatch('KUBE-SEP-X')).toBe('-m recent --name KUBE-SEP-X --set');
  });
});

describe('the text of a sticky service', () => {
  const sticky = web({ sessionAffinity: 'ClientIP' });
  const text = () =>
    fullText(proxierOptions(), {
      services: new Map([[sticky.id, sticky]]),
      endpoints: new Map([[sticky.id, [at(2), at(3)]]]),
      updatedServices: new Set(),
    }).split('\n');

  it('asks every list before it spreads', () => {
    const jumps = text().filter((line) => / -j KUBE-SEP-/.test(line));
    expect(jumps.map((line) => line.includes(' --rcheck '))).toEqual([true, true, false, false]);
    expect(jumps[0]).toContain(' --seconds 10800 ');
  });

  it('remembers in the rule that rewrites, between comment and protocol', () => {
    const rewrites = text().filter((line) => line.includes(' -j DNAT '));
    expect(rewrites).toHaveLength(2);
    const { chain } = endpointInfo(sticky, at(2));
    expect(rewrites[0]).toBe(
      `-A ${chain} -m comment --comment default/web:http -m recent --name ${chain} --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080`,
    );
  });
});

describe('clients of a sticky service', () => {
  const sticky = web({ sessionAffinity: 'ClientIP', stickyMaxAgeSeconds: 600 });

  function stickyNode(port = sticky) {
    const clock = new FakeClock();
    const netfilter = new Netfilter({
      localAddresses: ['192.168.1.5'],
      clock,
      random: seededRandom(1),
    });
    netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
    const restore = (...endpoints: Endpoint[]) => {
      const state = {
        services: new Map([[port.id, port]]),
        endpoints: new Map([[port.id, endpoints]]),
        updatedServices: new Set<string>(),
      };
      netfilter.restore(fullText(proxierOptions(), state), { noflush: true });
    };
    restore(at(2), at(3), at(4), at(5));
    const ask = (from: string) =>
      netfilter.connect({ from, to: '10.96.0.10:80', protocol: 'TCP', via: 'pod' }).destination.ip;
    return { clock, restore, ask };
  }
  const times = <T>(count: number, work: (i: number) => T) =>
    Array.from({ length: count }, (_, i) => work(i));

  it('come back to the endpoint they had', () => {
    const { ask } = stickyNode();
    expect(new Set(times(20, () => ask('10.244.1.9'))).size).toBe(1);
  });

  it('are spread over the endpoints', () => {
    const { ask } = stickyNode();
    expect(new Set(times(60, (i) => ask(`10.244.1.${i + 20}`))).size).toBe(4);
  });

  it('stay as long as they come in time, however long that is', () => {
    const { ask, clock } = stickyNode();
    const first = ask('10.244.1.9');
    for (let i = 0; i < 10; i++) {
      clock.step(590_000);
      expect(ask('10.244.1.9')).toBe(first);
    }
  });

  it('are free again when they stay away too long', () => {
    const { ask, clock } = stickyNode();
    const seen = times(40, () => {
      clock.step(601_000);
      return ask('10.244.1.9');
    });
    expect(new Set(seen).size).toBeGreaterThan(1);
  });

  it('go elsewhere when their endpoint is gone', () => {
    const { ask, restore } = stickyNode();
    const first = ask('10.244.1.9');
    restore(...[2, 3, 4, 5].map((last) => at(last)).filter(({ ip }) => ip !== first));
    const next = new Set(times(10, () => ask('10.244.1.9')));
    expect(next.size).toBe(1);
    expect(next.has(first)).toBe(false);
  });

  it('are not remembered where the service has no affinity', () => {
    const { ask } = stickyNode(WEB);
    expect(new Set(times(40, () => ask('10.244.1.9'))).size).toBeGreaterThan(1);
  });
});
