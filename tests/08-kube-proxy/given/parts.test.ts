/** Small given parts: the runner, flows of UDP, text for ipvsadm and ipset, jumps. */

import { FakeClock, seededRandom } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  BoundedFrequencyRunner,
  commandsText,
  IPTABLES_JUMPS,
  IpvsProxier,
  IpvsTable,
  jumpsText,
  localReadyEndpoints,
  Netfilter,
  newServicePorts,
  parseCommands,
  type ServicePort,
  staleFlows,
} from '#kube-proxy';
import { readVirtualServers } from '../../../solutions/08-kube-proxy/program/ipvsadm-list.ts';

const SECOND = 1000;

function newRunner(minIntervalMs = SECOND, work: () => Promise<void> = async () => {}) {
  const clock = new FakeClock();
  const runs: number[] = [];
  const options = { clock, minIntervalMs, maxIntervalMs: 60 * SECOND, burst: 2 };
  const runner = new BoundedFrequencyRunner(async () => {
    runs.push(clock.monotonic());
    await work();
  }, options);
  const stop = new AbortController();
  const ended = runner.start(stop.signal);
  const end = async () => {
    stop.abort();
    await ended;
    expect(clock.pendingTimers).toBe(0);
  };
  return { clock, runs, runner, end };
}

describe('a runner of bounded frequency', () => {
  it('runs at once when asked, twice in a burst, then in its time', async () => {
    const { clock, runs, runner, end } = newRunner();
    for (let i = 0; i < 5; i++) {
      runner.ask();
      await clock.advance(100);
    }
    await clock.advance(5000);
    expect(runs).toEqual([0, 100, 1000]);
    await end();
  });

  it('runs unasked after the longest time', async () => {
    const { clock, runs, end } = newRunner();
    await clock.advance(121 * SECOND);
    expect(runs).toEqual([60 * SECOND, 120 * SECOND]);
    await end();
  });

  it('runs again for who asks while it runs', async () => {
    let release = (): void => {};
    const { clock, runs, runner, end } = newRunner(SECOND, () => {
      return new Promise((resolve) => {
        release = resolve;
      });
    });
    runner.ask();
    await clock.advance(10);
    runner.ask();
    await clock.advance(10 * SECOND);
    expect(runs).toEqual([0]);
    release();
    await clock.advance(0);
    expect(runs).toEqual([0, 10_010]);
    release();
    await end();
  });

  it('retries after the time asked for, or when asked before', async () => {
    const { clock, runs, runner, end } = newRunner();
    runner.retryAfter(7 * SECOND);
    await clock.advance(8 * SECOND);
    expect(runs).toEqual([7 * SECOND]);
    runner.retryAfter(7 * SECOND);
    runner.ask();
    await clock.advance(20 * SECOND);
    expect(runs).toEqual([7 * SECOND, 8 * SECOND]);
    await end();
  });

  it('has no limit without a shortest interval', async () => {
    const { clock, runs, runner, end } = newRunner(0);
    for (let i = 0; i < 5; i++) {
      runner.ask();
      await clock.advance(1);
    }
    expect(runs).toEqual([0, 1, 2, 3, 4]);
    await end();
  });
});

const metadata = { namespace: 'default', name: 'dns' };
const dns = newServicePorts(
  {
    metadata,
    spec: {
      type: 'NodePort',
      clusterIP: '10.96.0.10',
      externalIPs: ['192.0.2.53'],
      ports: [{ name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 }],
    },
  },
  'IPv4',
);
const endpoint = (ip: string, more: object = {}) => ({
  ip,
  port: 5353,
  isLocal: false,
  ready: true,
  serving: true,
  terminating: false,
  zoneHints: [],
  nodeHints: [],
  ...more,
});
const flow = (ip: string, port: number, replySource: string) => ({
  originalDestination: { ip, port },
  replySource,
});

describe('stale flows of UDP', () => {
  const ID = 'default/dns:dns/UDP';
  const leaving = { ready: false, serving: true, terminating: true };
  const endpoints = new Map([[ID, [endpoint('10.0.0.1'), endpoint('10.0.0.2', leaving)]]]);
  const cases: [string, ReturnType<typeof flow>, boolean][] = [
    ['to who serves', flow('10.96.0.10', 53, '10.0.0.1'), false],
    ['to who leaves and still serves', flow('10.96.0.10', 53, '10.0.0.2'), false],
    ['to who went', flow('10.96.0.10', 53, '10.0.0.3'), true],
    ['by an external IP', flow('192.0.2.53', 53, '10.0.0.3'), true],
    ['by a node port', flow('192.0.2.1', 30_053, '10.0.0.3'), true],
    ['by a node port, to who serves', flow('192.0.2.1', 30_053, '10.0.0.1'), false],
    ['to another port', flow('10.96.0.10', 54, '10.0.0.3'), false],
    ['that are nobody’s', flow('8.8.8.8', 53, '8.8.8.8'), false],
  ];
  for (const [name, one, expected] of cases) {
    it(`${name}: ${expected}`, () => {
      expect(staleFlows([one], dns, endpoints)).toEqual(expected ? [one] : []);
    });
  }

  it('are left when nobody serves', () => {
    expect(staleFlows([flow('10.96.0.10', 53, '10.0.0.3')], dns, new Map())).toEqual([]);
  });
});

describe('endpoints for health checks', () => {
  it('are addresses on this node that are ready, each once', () => {
    const two = newServicePorts(
      {
        metadata,
        spec: {
          clusterIP: '10.96.0.10',
          ports: [
            { name: 'a', port: 1 },
            { name: 'b', port: 2 },
          ],
        },
      },
      'IPv4',
    );
    const here = { isLocal: true };
    const list = [
      endpoint('10.0.0.1', here),
      endpoint('10.0.0.2', { ...here, ready: false, serving: true, terminating: true }),
      endpoint('10.0.0.3'),
    ];
    const endpoints = new Map([...two.keys()].map((id) => [id, list] as const));
    expect([...localReadyEndpoints(two, endpoints)]).toEqual([['default/dns', 1]]);
  });
});

describe('text for ipvsadm', () => {
  const text = [
    '-A -t 10.96.0.1:443 -s rr',
    '-a -t 10.96.0.1:443 -r 10.244.0.2:6443 -m -w 1',
    '-A -u [fd00::10]:53 -s sh -p 10800',
    '-E --sctp-service 10.96.0.9:9 -s nq',
    '-e -t 10.96.0.1:443 -r 10.244.0.2:6443 -m -w 0',
    '-d -t 10.96.0.1:443 -r 10.244.0.2:6443',
    '-D -u [fd00::10]:53',
    '-C',
    '',
  ].join('\n');

  it('is read as it is written', () => {
    expect(commandsText(parseCommands(text))).toBe(text);
  });

  for (const line of [
    '-A -t 10.96.0.1 -s rr',
    '-A -t 10.96.0.1:1 -s magic',
    '-x',
    '-a -t 1.1.1.1:1',
  ]) {
    it(`is refused: ${line}`, () => {
      expect(() => parseCommands(`-C\n${line}\n`)).toThrow(`ipvsadm: line 2: ${line}`);
    });
  }

  it('makes a table what it says', () => {
    const table = new IpvsTable(new FakeClock());
    const all = '-A -t 10.96.0.1:80 -s rr\n-a -t 10.96.0.1:80 -r 10.0.0.1:80 -m -w 1\n';
    table.restore(all);
    expect(table.save()).toBe(all);
    expect(() => table.restore(all)).toThrow('Service already exists');
    expect(() => table.restore('-d -t 10.96.0.1:80 -r 10.0.0.9:80')).toThrow('No such destination');
    expect(() => table.restore('-D -t 10.96.0.1:81')).toThrow('No such service');
    table.restore('-C');
    expect(table.save()).toBe('');
  });

  it('is read as ipvsadm lists it', () => {
    const listed = [
      'IP Virtual Server version 1.2.1 (size=4096)',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      'TCP  10.96.0.1:443 rr persistent 10800',
      '  -> 10.0.2.15:6443               Masq    1      2          3',
      'UDP  [fd00::10]:53 rr',
      '  -> [fd00::5]:5353               Masq    1      0          0',
    ].join('\n');
    expect(readVirtualServers(listed, 'IPv4')).toEqual([
      {
        protocol: 'TCP',
        ip: '10.96.0.1',
        port: 443,
        scheduler: 'rr',
        persistenceSeconds: 10_800,
        servers: [
          { address: '10.0.2.15:6443', weight: 1, activeConnections: 2, inactiveConnections: 3 },
        ],
      },
    ]);
    expect(readVirtualServers(listed, 'IPv6').map(({ ip }) => ip)).toEqual(['fd00::10']);
  });
});

describe('IPVS rules', () => {
  const options = {
    family: 'IPv4',
    nodeName: 'node-a',
    nodeIP: '192.0.2.1',
    clusterCidr: '10.244.0.0/16',
    masqueradeAll: false,
    masqueradeBit: 14,
    nodePortAddresses: [],
    localhostNodePorts: true,
    conntrackTcpBeLiberal: false,
    scheduler: 'rr',
  } as const;
  const webOf = (spec: object, status: object = {}) =>
    newServicePorts(
      {
        metadata: { namespace: 'default', name: 'web' },
        spec: { clusterIP: '10.96.0.1', ports: [{ port: 80, nodePort: 30_080 }], ...spec },
        status,
      },
      'IPv4',
    );
  const state = (services: ReadonlyMap<string, ServicePort>, endpoints = new Map()) => ({
    services,
    endpoints,
    updatedServices: new Set<string>(),
  });

  it('have an address for each way to a Service', () => {
    const services = webOf(
      {
        type: 'LoadBalancer',
        externalIPs: ['203.0.113.5'],
        loadBalancerSourceRanges: ['198.51.100.0/24'],
        sessionAffinity: 'ClientIP',
      },
      { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
    );
    const rules = new IpvsProxier(options).sync(state(services));
    expect(rules.ipvs).toBe(
      ['10.96.0.1:80', '203.0.113.5:80', '203.0.113.9:80', '192.0.2.1:30080']
        .map((address) => `-A -t ${address} -s rr -p 10800\n`)
        .join(''),
    );
    expect(rules.boundAddresses).toEqual(['10.96.0.1', '203.0.113.5', '203.0.113.9']);
    expect(rules.ipset?.split('\n').filter((line) => line.startsWith('add'))).toEqual([
      'add KUBE-CLUSTER-IP 10.96.0.1,tcp:80',
      'add KUBE-EXTERNAL-IP 203.0.113.5,tcp:80',
      'add KUBE-LOAD-BALANCER 203.0.113.9,tcp:80',
      'add KUBE-LOAD-BALANCER-FW 203.0.113.9,tcp:80',
      'add KUBE-LOAD-BALANCER-SOURCE-CIDR 203.0.113.9,tcp:80,198.51.100.0/24',
      'add KUBE-NODE-PORT-TCP 30080',
      'add KUBE-IPVS-IPS 10.96.0.1',
      'add KUBE-IPVS-IPS 203.0.113.5',
      'add KUBE-IPVS-IPS 203.0.113.9',
    ]);
    // The node is in none of the ranges.
    expect(rules.iptables).toContain(
      '-A KUBE-IPVS-OUT-FILTER -s 203.0.113.9 -m ipvs --vaddr 203.0.113.9 --vproto tcp --vport 80 -j DROP\n',
    );
  });

  it('say after the first time only what changed', () => {
    const proxier = new IpvsProxier(options);
    proxier.sync(state(webOf({})));
    const again = proxier.sync(state(webOf({})));
    expect([again.ipvs, again.ipset]).toEqual(['', '']);
    const moved = proxier.sync(state(webOf({ clusterIP: '10.96.0.2' })));
    expect(moved.ipvs).toBe('-A -t 10.96.0.2:80 -s rr\n-D -t 10.96.0.1:80\n');
    expect(moved.ipset).toContain(
      'del KUBE-CLUSTER-IP 10.96.0.1,tcp:80\nadd KUBE-CLUSTER-IP 10.96.0.2,tcp:80',
    );
    proxier.fullSync();
    expect(proxier.sync(state(webOf({}))).ipvs).toMatch(/^-C\n-A -t 10\.96\.0\.1:80 -s rr\n/);
  });

  it('are taken by a model', () => {
    const random = seededRandom(1);
    const netfilter = new Netfilter({
      localAddresses: ['192.0.2.1'],
      clock: new FakeClock(),
      random,
    });
    netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
    expect(netfilter.save()).toContain(
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\n',
    );
  });
});
