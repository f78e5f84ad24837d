/** Who reaches whom: pods, Services by their node's rules, gateways, cuts. */

import { type DialError, FakeClock, type NetworkProtocol, seededRandom } from '#apimachinery';
import { newConnection } from '#container-runtime';
import { beforeEach, describe, expect, it, refusalOf } from '#kit';
import {
  type Attempt,
  ClusterNetwork,
  type NodeRules,
  type Routed,
} from '../../../solutions/09-cluster/network/cluster-network.ts';
import { NodeNetfilter } from '../../../solutions/09-cluster/network/node-netfilter.ts';

const straight: NodeRules = {
  route: ({ ip, port, from }) => ({ verdict: 'accept', ip, port, from }),
};

describe('the cluster network', () => {
  let clock: FakeClock;
  let network: ClusterNetwork;
  let seen: string[];
  let attempts: Attempt[];
  beforeEach(() => {
    clock = new FakeClock();
    network = new ClusterNetwork(clock);
    seen = [];
    attempts = [];
  });

  /** A pod that says who came. */
  const pod = (name: string, ip: string) => ({
    ips: [ip],
    connect: (from: string, to: string, port: number, protocol: NetworkProtocol) => {
      seen.push(`${name} ${from} ${protocol} ${to}:${port}`);
      return newConnection(from, to, port)[0];
    },
  });
  const rulesOf = (route: (attempt: Attempt) => Routed): NodeRules => ({
    route: (attempt) => {
      attempts.push(attempt);
      return route(attempt);
    },
  });
  const two = (first: NodeRules = straight) => {
    const one = network.addNode('node-1', '127.0.0.1', first);
    const other = network.addNode('node-2', '127.0.0.2', straight);
    one.join(pod('a', '10.244.0.2'));
    other.join(pod('b', '10.244.1.2'));
    return { one, other };
  };
  const failure = async (work: Promise<unknown>): Promise<string> => {
    const error = (await refusalOf(work)) as DialError;
    return `${error.failure}: ${error.message}`;
  };

  it('leads from pod to pod, on one node and to another', async () => {
    const { one } = two();
    await one.network.dial('10.244.0.2', '10.244.1.2', 80, 'TCP');
    await one.network.dial('10.244.0.2', '10.244.0.2', 81, 'UDP');
    expect(seen).toEqual(['b 10.244.0.2 TCP 10.244.1.2:80', 'a 10.244.0.2 UDP 10.244.0.2:81']);
  });

  it('asks the rules of the caller’s node', async () => {
    const rules = rulesOf(() => ({
      verdict: 'accept',
      ip: '10.244.1.2',
      port: 8080,
      from: '127.0.0.1',
    }));
    const { one } = two(rules);
    await one.network.dial('10.244.0.2', '10.96.0.7', 80, 'TCP');
    expect(seen).toEqual(['b 127.0.0.1 TCP 10.244.1.2:8080']);
    await one.network.dial('127.0.0.1', '10.96.0.7', 80, 'TCP');
    await network.fromOutside('node-1', {
      from: '9.9.9.9',
      ip: '127.0.0.1',
      port: 30_000,
      protocol: 'TCP',
    });
    expect(attempts.map(({ via }) => via)).toEqual(['pod', 'local', 'outside']);
  });

  it('says what a refusal is', async () => {
    const { one } = two(rulesOf(() => ({ verdict: 'reject' })));
    expect(await failure(one.network.dial('10.244.0.2', '10.96.0.7', 80, 'TCP'))).toMatch(
      /^refused: /,
    );
  });

  it('says after a while that nobody answers', async () => {
    const { one } = two(rulesOf(() => ({ verdict: 'drop' })));
    const work = failure(one.network.dial('10.244.0.2', '10.96.0.7', 80, 'TCP'));
    await clock.advance(30_000);
    expect(await work).toMatch(/^timeout: /);
  });

  it('does not reach who has left, or is on a node that is gone', async () => {
    const { one, other } = two();
    const guest = pod('c', '10.244.1.3');
    other.join(guest);
    other.leave(guest);
    expect(await failure(one.network.dial('10.244.0.2', '10.244.1.3', 80, 'TCP'))).toMatch(
      /^unreachable/,
    );
    network.removeNode('node-2');
    expect(await failure(one.network.dial('10.244.0.2', '10.244.1.2', 80, 'TCP'))).toMatch(
      /^unreachable/,
    );
    expect(await failure(other.network.dial('10.244.1.2', '10.244.0.2', 80, 'TCP'))).toMatch(
      /^unreachable/,
    );
  });

  it('lets a later pod have an address that an earlier one leaves', async () => {
    const { one, other } = two();
    const old = pod('old', '10.244.1.3');
    other.join(old);
    other.join(pod('new', '10.244.1.3'));
    other.leave(old);
    await one.network.dial('10.244.0.2', '10.244.1.3', 80, 'TCP');
    expect(seen).toEqual(['new 10.244.0.2 TCP 10.244.1.3:80']);
  });

  it('has gateways, until they are taken away', async () => {
    const { one } = two();
    const remove = network.addGateway('10.244.255.253', 53, 'UDP', async (from, ip, port) => {
      seen.push(`dns ${from}`);
      return newConnection(from, ip, port)[0];
    });
    await one.network.dial('10.244.0.2', '10.244.255.253', 53, 'UDP');
    expect(seen).toEqual(['dns 10.244.0.2']);
    expect(await failure(one.network.dial('10.244.0.2', '10.244.255.253', 53, 'TCP'))).toMatch(
      /^unreachable/,
    );
    remove();
    expect(await failure(one.network.dial('10.244.0.2', '10.244.255.253', 53, 'UDP'))).toMatch(
      /^unreachable/,
    );
  });

  it('can be cut between two nodes, and healed', async () => {
    const { one } = two();
    network.cut('node-2', 'node-1');
    const work = failure(one.network.dial('10.244.0.2', '10.244.1.2', 80, 'TCP'));
    await clock.advance(30_000);
    expect(await work).toMatch(/^timeout: /);
    await one.network.dial('10.244.0.2', '10.244.0.2', 80, 'TCP');
    network.heal();
    await one.network.dial('10.244.0.2', '10.244.1.2', 80, 'TCP');
    expect(seen.length).toBe(2);
  });

  it('leads everything straight before kube-proxy has written rules', () => {
    const rules = new NodeNetfilter({ clock, random: seededRandom(1), nodeIp: '127.0.0.1' });
    const attempt = {
      from: '10.244.0.2',
      ip: '10.244.1.2',
      port: 80,
      protocol: 'TCP',
      via: 'pod',
    } as const;
    expect(rules.route(attempt)).toEqual({
      verdict: 'accept',
      ip: '10.244.1.2',
      port: 80,
      from: '10.244.0.2',
    });
  });

  it('leads a Service’s address where kube-proxy says', () => {
    const rules = new NodeNetfilter({ clock, random: seededRandom(1), nodeIp: '127.0.0.1' });
    rules.netfilter.restore(
      [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        '-A PREROUTING -d 10.96.0.7/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.2:8080',
        'COMMIT',
        '',
      ].join('\n'),
    );
    const attempt = {
      from: '10.244.0.2',
      ip: '10.96.0.7',
      port: 80,
      protocol: 'TCP',
      via: 'pod',
    } as const;
    expect(rules.route(attempt)).toMatchObject({
      ip: '10.244.1.2',
      port: 8080,
      from: '10.244.0.2',
    });
  });
});
