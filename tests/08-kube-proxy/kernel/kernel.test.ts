/**
 * The model and a real kernel, with the same rules, asked the same.
 *
 * `services.kube-proxy-1.20.2.rules` is what the kube-proxy of Kubernetes 1.20.2 fed to iptables-restore
 * for a few Services; `synthetic.rules` is ours. Needs iptables and iproute2, and a kernel that lets
 * everybody make network namespaces; it makes its own and leaves nothing behind.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock, seededRandom } from '#apimachinery';
import { endpointObject, proxierOptions, servicePortObject } from '#kit';
import {
  type Connected,
  fullText,
  IPTABLES_JUMPS,
  jumpsText,
  Netfilter,
  type ServicePort,
} from '#kube-proxy';

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

function works(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { env: { ...process.env, PATH }, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = [
  ['iptables-restore', '--version'],
  ['ip', '-V'],
  ['unshare', '--version'],
].flatMap(([program = '', ...args]) => (works(program, ...args) ? [] : [program]));
const hasNamespaces =
  missing.length === 0 && works('unshare', '-rnm', 'iptables', '-t', 'nat', '-S');
const reason =
  missing.length > 0
    ? `${missing.join(', ')}: not installed`
    : 'network namespaces: this machine lets us make none, or its kernel has no nat table';
if (!hasNamespaces) {
  const message = `${reason}; the model of netfilter is not compared with the kernel`;
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(message);
  console.warn(message);
}

type From = 'node' | 'client' | 'p2' | 'p3' | 'p4';
const ADDRESSES = { p2: '10.244.1.2', p3: '10.244.1.3', p4: '10.244.1.4', client: '192.0.2.2' };

interface Attempt {
  readonly from: From;
  readonly to: string;
  readonly protocol: 'TCP' | 'UDP';
}
type Result = Record<string, string>;

/** The node of `lab.mjs`. */
function newNode(seed: number, rules: readonly string[]): Netfilter {
  const pods = Object.values(ADDRESSES).filter((ip) => ip.startsWith('10.'));
  const node = new Netfilter({
    localAddresses: ['192.0.2.1', '10.244.1.1'],
    routes: pods.map((ip) => ({
      to: `${ip}/32`,
      device: `veth${ip.at(-1)}`,
      source: '10.244.1.1',
    })),
    clock: new FakeClock(),
    random: seededRandom(seed),
  });
  for (const text of rules) node.restore(text, { noflush: true });
  return node;
}

function connect(node: Netfilter, { from, to, protocol }: Attempt): Connected {
  const [ip = ''] = to.split(':');
  if (from !== 'node') {
    const via = from === 'client' ? 'outside' : 'pod';
    return node.connect({ from: ADDRESSES[from], to, protocol, via });
  }
  // A program that binds to no address gets that of the way to where it wants to go.
  const own = node.routes.isLocal(ip) ? ip : node.routes.to(ip).source;
  return node.connect({ from: own, to, protocol, via: 'local' });
}

/** Who answers, and whom they see; in the lab everybody listens on 8080 and on 5353. */
function resultOf(
  { verdict, destination, source, isLocal }: Connected,
  { protocol }: Attempt,
): Result {
  if (verdict !== 'accept') return { verdict };
  const [by] = Object.entries(ADDRESSES).find(([, ip]) => ip === destination.ip) ?? [];
  const name = isLocal ? 'node' : by;
  // Nobody believes a packet from the wire that says it is from themselves.
  const isFromItself = !isLocal && source.ip === destination.ip;
  if (name === undefined || isFromItself) return { verdict: 'drop' };
  if (destination.port !== (protocol === 'TCP' ? 8080 : 5353)) return { verdict: 'reject' };
  return { verdict, by: name, source: source.ip };
}

/** So many models with another chance each; the kernel is asked less often. */
const MODELS = 40;
const TIMES = 16;

/** All the models can do with an attempt. */
function modelled(nodes: readonly Netfilter[], attempt: Attempt): Set<string> {
  return new Set(nodes.map((node) => JSON.stringify(resultOf(connect(node, attempt), attempt))));
}

/** What the kernel does with each, some times over. */
function asked(rules: readonly string[], attempts: readonly (Attempt & { times: number })[]) {
  const lab = join(import.meta.dirname, 'lab.mjs');
  const words = ['-rnm', process.execPath, lab];
  const text = execFileSync('unshare', words, {
    input: JSON.stringify({ rules, attempts }),
    env: { ...process.env, PATH },
    encoding: 'utf8',
    timeout: 120_000,
  });
  return JSON.parse(text) as { saved: string; results: Result[][] };
}

/** Compares every sender with every address. */
function compare(
  rules: readonly string[],
  addresses: readonly (readonly [string, 'TCP' | 'UDP'])[],
): string[] {
  const senders: From[] = ['node', 'client', 'p2', 'p3'];
  const nodes = Array.from({ length: MODELS }, (_, seed) => newNode(seed, rules));
  const attempts = senders.flatMap((from) =>
    addresses.flatMap(([to, protocol]) => {
      // What a pod sends to itself never leaves it.
      if (from !== 'node' && to.startsWith(`${ADDRESSES[from]}:`)) return [];
      const expected = modelled(nodes, { from, to, protocol });
      // What is dropped takes its time.
      const isSlow = [...expected].some((result) => result.includes('drop'));
      return { from, to, protocol, expected, times: isSlow || expected.size === 1 ? 1 : TIMES };
    }),
  );
  const { saved, results } = asked(rules, attempts);
  expect(rulesByChain(newNode(0, rules).save())).toEqual(rulesByChain(saved));
  return attempts.flatMap(({ from, to, protocol, expected, times }, i) => {
    const got = new Set((results[i] ?? []).map(({ code: _, ...result }) => JSON.stringify(result)));
    const isPossible = got.size > 0 && [...got].every((result) => expected.has(result));
    if (isPossible && (times === 1 || got.size > 1)) return [];
    return `${from} to ${to} ${protocol}: kernel ${[...got]}, model ${[...expected]}`;
  });
}

/** `-A` lines of each chain of each table. */
function rulesByChain(text: string): Record<string, string[]> {
  const chains: Record<string, string[]> = {};
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const [, chain, rule] = /^-A (\S+) (.*)$/.exec(line.trim()) ?? [];
    if (chain === undefined || rule === undefined) continue;
    const key = `${table} ${chain}`;
    chains[key] = [...(chains[key] ?? []), rule];
  }
  return chains;
}

const fixture = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Jumps to chains this text has; an old proxy has not all of them. */
function jumpsTo(text: string): string {
  const [, filter = '', nat = ''] =
    /(?:\*filter(.*?)COMMIT)\s*(?:\*nat(.*?)COMMIT)/s.exec(text) ?? [];
  const chains = { filter, nat };
  return jumpsText(IPTABLES_JUMPS.filter(({ table, to }) => chains[table].includes(`:${to} `)));
}

const SERVICES = [
  ['10.96.10.1:80', 'TCP'],
  ['10.96.10.2:80', 'TCP'],
  ['10.96.10.4:80', 'TCP'],
  ['10.96.10.6:80', 'TCP'],
  ['10.96.10.7:80', 'TCP'],
  ['10.96.10.8:53', 'UDP'],
  ['10.96.10.7:81', 'TCP'],
  ['192.0.2.1:30080', 'TCP'],
  ['192.0.2.1:30081', 'TCP'],
  ['192.0.2.1:30082', 'TCP'],
  ['10.244.1.4:8080', 'TCP'],
  ['10.244.1.4:5353', 'UDP'],
] as const;

/** The same Services, for our proxy. */
function ourRules(): string {
  const port = (last: number, name: string, words: Parameters<typeof servicePortObject>[1] = {}) =>
    servicePortObject(`${name}:http`, { clusterIP: `10.96.10.${last}`, ...words });
  const local = (...lasts: number[]) =>
    lasts.map((last) => endpointObject(`10.244.1.${last}`, { isLocal: true }));
  const all: [ServicePort, ReturnType<typeof endpointObject>[]][] = [
    [port(1, 'web'), local(2, 3, 4)],
    [port(2, 'np', { nodePort: 30_080 }), local(2, 3)],
    [port(3, 'sticky', { sessionAffinity: 'ClientIP', stickyMaxAgeSeconds: 600 }), local(2, 3, 4)],
    [
      port(4, 'local', { nodePort: 30_081, externalPolicyLocal: true }),
      [...local(2), endpointObject('10.244.9.9')],
    ],
    [port(6, 'none', { nodePort: 30_082 }), []],
    [port(7, 'one'), local(2)],
    [
      port(8, 'dns', { protocol: 'UDP', port: 53 }),
      [endpointObject('10.244.1.3', { port: 5353, isLocal: true })],
    ],
  ];
  return fullText(proxierOptions({ nodeIP: '192.0.2.1' }), {
    services: new Map(all.map(([service]) => [service.id, service])),
    endpoints: new Map(all.map(([service, endpoints]) => [service.id, endpoints])),
    updatedServices: new Set(),
  });
}

describe.skipIf(!hasNamespaces)('the model of netfilter and the kernel', () => {
  const timeout = 120_000;

  it('agree about the rules of kube-proxy 1.20.2', { timeout }, () => {
    const text = fixture('services.kube-proxy-1.20.2.rules');
    expect(compare([jumpsTo(text), text, text], SERVICES)).toEqual([]);
  });

  it('agree about the rules our proxy writes', { timeout }, () => {
    const text = ourRules();
    expect(compare([jumpsTo(text), text, text], SERVICES)).toEqual([]);
  });

  it('agree about rules no proxy writes', { timeout }, () => {
    const to = (ip: string, ports: readonly number[]) =>
      ports.map((port) => [`${ip}:${port}`, 'TCP'] as const);
    const addresses = [
      ...to('192.0.2.1', [9000, 9001, 9002, 9003, 9004, 9005, 9006, 9007, 9010]),
      ...to('203.0.113.9', [9000, 9001, 9002, 9003, 9007, 9010]),
      ['192.0.2.1:9005', 'UDP'],
      ['10.244.1.4:8080', 'TCP'],
      ['10.244.1.4:5353', 'UDP'],
      ['10.244.1.3:8080', 'TCP'],
      ['10.244.1.2:8080', 'TCP'],
    ] as const;
    expect(compare([fixture('synthetic.rules')], addresses)).toEqual([]);
  });

  it('print rules of IPv6 the same', { timeout }, () => {
    const web = servicePortObject('web:http', { clusterIP: 'fd00:10:96::a', nodePort: 30_080 });
    const endpoints = ['fd00:10:244::2', 'fd00:10:244::3'].map((ip) => endpointObject(ip));
    const options = { family: 'IPv6', nodeIP: 'fd00::1', clusterCidr: 'fd00:10:244::/48' } as const;
    const text = fullText(proxierOptions(options), {
      services: new Map([[web.id, web]]),
      endpoints: new Map([[web.id, endpoints]]),
      updatedServices: new Set(),
    });
    const command = 'ip6tables-restore --noflush && ip6tables-save';
    const saved = execFileSync('unshare', ['-rn', 'sh', '-c', command], {
      input: text,
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    const node = new Netfilter({
      family: 'IPv6',
      localAddresses: ['fd00::1'],
      clock: new FakeClock(),
      random: seededRandom(1),
    });
    node.restore(text, { noflush: true });
    expect(rulesByChain(node.save())).toEqual(rulesByChain(saved));
    expect(Object.keys(rulesByChain(saved)).length).toBeGreaterThan(5);
  });

  it('send a client back where it was', { timeout }, () => {
    const text = ourRules();
    const rules = [jumpsTo(text), text];
    const attempt = { from: 'node', to: '10.96.10.3:80', protocol: 'TCP' } as const;
    const { results } = asked(rules, [{ ...attempt, times: 20 }]);
    const heard = new Set(results[0]?.map((result) => JSON.stringify(result)));
    expect(heard.size).toBe(1);
    expect([...heard][0]).toContain('accept');
    const node = newNode(1, rules);
    const reached = Array.from({ length: 20 }, () => connect(node, attempt).destination.ip);
    expect(new Set(reached).size).toBe(1);
  });
});
