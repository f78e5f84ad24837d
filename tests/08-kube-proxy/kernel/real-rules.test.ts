/** The model with the rules of a real kube-proxy, of Kubernetes 1.20.2: what each Service must do. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, seededRandom } from '#apimachinery';
import { type ConnectRequest, IPTABLES_JUMPS, jumpsText, Netfilter } from '#kube-proxy';

const RULES = readFileSync(join(import.meta.dirname, 'services.kube-proxy-1.20.2.rules'), 'utf8');
const NODE = '192.0.2.1';
const CLIENT = '192.0.2.2';

describe('the model with rules of a real kube-proxy', () => {
  let clock: FakeClock;
  let node: Netfilter;

  beforeEach(() => {
    clock = new FakeClock();
    node = new Netfilter({
      localAddresses: [NODE, '10.244.1.1'],
      routes: [{ to: '10.244.1.0/24', device: 'cbr0', source: '10.244.1.1' }],
      clock,
      random: seededRandom(5),
    });
    node.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
    node.restore(RULES, { noflush: true });
  });

  const ask = (from: string, to: string, words: Partial<ConnectRequest> = {}) => {
    const via = from === NODE ? 'local' : 'pod';
    return node.connect({ from, to, protocol: 'TCP', via, ...words });
  };
  const reached = (from: string, to: string, times = 60) => [
    ...new Set(Array.from({ length: times }, () => ask(from, to).destination.ip)),
  ];
  const PODS = ['10.244.1.2', '10.244.1.3', '10.244.1.4'];

  it('has the same rules after a second sync', () => {
    const before = node.save();
    node.restore(RULES, { noflush: true });
    expect(node.save()).toBe(before);
    expect(before.match(/^-A KUBE-/gm)).toHaveLength(RULES.match(/^-A/gm)?.length ?? 0);
  });

  it('reaches every pod from the node and from a pod', () => {
    expect(reached(NODE, '10.96.10.1:80').sort()).toEqual(PODS);
    expect(reached('10.244.1.3', '10.96.10.1:80').sort()).toEqual(PODS);
  });

  it('keeps the address of a pod, but not of one that reaches itself', () => {
    expect(ask('10.244.1.3', '10.96.10.7:80').source.ip).toBe('10.244.1.3');
    expect(ask('10.244.1.2', '10.96.10.7:80').source.ip).toBe('10.244.1.1');
  });

  it('sends nothing to an endpoint that is not ready', () => {
    expect(reached(NODE, '10.96.10.7:80')).toEqual(['10.244.1.2']);
  });

  it('masquerades what comes to a node port', () => {
    expect(reached(CLIENT, `${NODE}:30080`).sort()).toEqual(PODS.slice(0, 2));
    expect(ask(CLIENT, `${NODE}:30080`).source.ip).toBe('10.244.1.1');
  });

  it('uses only pods of this node where the policy says so, and shows them the client', () => {
    expect(reached(CLIENT, `${NODE}:30081`)).toEqual(['10.244.1.2']);
    expect(ask(CLIENT, `${NODE}:30081`).source.ip).toBe(CLIENT);
  });

  it('sends a client where it was, for as long as the Service says', () => {
    const [first = ''] = reached(NODE, '10.96.10.3:80', 1);
    for (let i = 0; i < 20; i++) {
      clock.step(600_000);
      expect(reached(NODE, '10.96.10.3:80', 3)).toEqual([first]);
    }
    const later = Array.from({ length: 30 }, () => {
      clock.step(600_001);
      return ask(NODE, '10.96.10.3:80').destination.ip;
    });
    expect(new Set(later).size).toBe(3);
  });

  it('refuses at once where nobody serves', () => {
    expect(ask(NODE, '10.96.10.6:80')).toMatchObject({
      verdict: 'reject',
      rejectWith: 'icmp-port-unreachable',
    });
  });

  it('leads UDP to its port', () => {
    expect(ask(NODE, '10.96.10.8:53', { protocol: 'UDP' })).toMatchObject({
      verdict: 'accept',
      destination: { ip: '10.244.1.3', port: 5353 },
    });
  });
});
