/**
 * The process that measures one size: changes go through the trackers, rules are made, and loaded. Its
 * argument is a run, it prints what came of it.
 */

import { spawnSync } from 'node:child_process';
import { RealClock, realRandom } from '#apimachinery';
import {
  type Endpoint,
  EndpointsChangeTracker,
  IPTABLES_JUMPS,
  IpvsProxier,
  jumpsText,
  Netfilter,
  newIptablesRules,
  type ProxierOptions,
  type RulesProxier,
  type RulesText,
  ServiceChangeTracker,
  type ServicePort,
} from '#kube-proxy';

/** What to measure. */
interface Run {
  readonly services: number;
  /** Of each service. */
  readonly endpoints: number;
  /** Load them into this kernel too. */
  readonly withKernel: boolean;
}

/** How many changes of one endpoint each; the median counts. */
const CHANGES = 21;

const OPTIONS: ProxierOptions = {
  family: 'IPv4',
  nodeName: 'node-a',
  nodeIP: '192.0.2.1',
  clusterCidr: '10.0.0.0/9',
  masqueradeAll: false,
  masqueradeBit: 14,
  nodePortAddresses: [],
  localhostNodePorts: true,
  conntrackTcpBeLiberal: false,
};

function service(i: number) {
  const clusterIP = `10.${200 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  return {
    metadata: { namespace: 'default', name: `service-${i}` },
    spec: { clusterIP, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  };
}

/** @param moved - makes the first endpoint another one */
function slice(i: number, endpoints: number, moved = 0) {
  const addresses = Array.from({ length: endpoints }, (_, k) => {
    const n = i * endpoints + k;
    const last = k === 0 ? (n + moved) & 255 : n & 255;
    return `10.${(n >> 16) + (k === 0 ? moved : 0)}.${(n >> 8) & 255}.${last}`;
  });
  return {
    metadata: {
      namespace: 'default',
      name: `service-${i}-x`,
      labels: { 'kubernetes.io/service-name': `service-${i}` },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: 'node-b' })),
  };
}

/** Maps and what fills them, as a proxy has them. */
class Bench {
  readonly #services = new Map<string, ServicePort>();
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #serviceChanges = new ServiceChangeTracker('IPv4');
  readonly #endpointsChanges = new EndpointsChangeTracker(OPTIONS, 0);
  readonly #proxier: RulesProxier;

  constructor(proxier: RulesProxier) {
    this.#proxier = proxier;
  }

  addAll({ services, endpoints }: Run): void {
    for (let i = 0; i < services; i++) {
      this.#serviceChanges.update(undefined, service(i));
      this.#endpointsChanges.updateSlice(slice(i, endpoints), false);
    }
  }

  change(i: number, endpoints: number, moved: number): void {
    this.#endpointsChanges.updateSlice(slice(i, endpoints, moved), false);
  }

  fullSync(): void {
    this.#proxier.fullSync();
  }

  sync(): RulesText {
    const updated = this.#serviceChanges.apply(this.#services);
    const { updatedServices } = this.#endpointsChanges.apply(this.#endpoints);
    return this.#proxier.sync({
      services: this.#services,
      endpoints: this.#endpoints,
      updatedServices: new Set([...updated, ...updatedServices]),
    });
  }
}

function timed<T>(work: () => T): { ms: number; result: T } {
  const begin = performance.now();
  const result = work();
  return { ms: performance.now() - begin, result };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function describeText({ iptables, ipvs = '', ipset = '' }: RulesText): string {
  const text = iptables + ipvs + ipset;
  const lines = text.split('\n').length - 1;
  return `${lines} lines, ${(text.length / 1e6).toFixed(2)} MB`;
}

function say(name: string, ms: number, more = ''): void {
  console.log(`  ${name.padEnd(44)} ${ms.toFixed(1).padStart(8)} ms  ${more}`);
}

/** Loads text into the kernel, in a network namespace of its own. */
function newKernel(): ((text: string) => number) | undefined {
  const name = `bench${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return undefined;
  process.on('exit', () => spawnSync('ip', ['netns', 'del', name]));
  const words = ['netns', 'exec', name, 'iptables-restore', '--noflush', '--counters'];
  return (input) => timed(() => spawnSync('ip', words, { input })).ms;
}

function measureIptables(run: Run): void {
  const bench = new Bench(newIptablesRules(OPTIONS));
  const added = timed(() => bench.addAll(run));
  say('changes noted', added.ms);
  const first = timed(() => bench.sync());
  say('first sync: all rules made', first.ms, describeText(first.result));
  bench.fullSync();
  const again = timed(() => bench.sync());
  say('full sync again', again.ms);
  const netfilter = new Netfilter({
    localAddresses: ['192.0.2.1'],
    clock: new RealClock(),
    random: realRandom(),
  });
  netfilter.restore(jumpsText(IPTABLES_JUMPS), { noflush: true });
  const loaded = timed(() => netfilter.restore(first.result.iptables, { noflush: true }));
  say('loaded by the model', loaded.ms);
  const kernel = run.withKernel ? newKernel() : undefined;
  if (kernel) say('loaded by this kernel', kernel(first.result.iptables));
  const changes: { ms: number; result: RulesText }[] = [];
  const models: number[] = [];
  const kernels: number[] = [];
  for (let k = 1; k <= CHANGES; k++) {
    bench.change(k * 7, run.endpoints, 1);
    const change = timed(() => bench.sync());
    changes.push(change);
    const { iptables } = change.result;
    models.push(timed(() => netfilter.restore(iptables, { noflush: true })).ms);
    if (kernel) kernels.push(kernel(iptables));
  }
  const [one] = changes;
  say(
    'one endpoint changed: rules made',
    median(changes.map(({ ms }) => ms)),
    one && describeText(one.result),
  );
  say('one endpoint changed: loaded by the model', median(models));
  if (kernel) say('one endpoint changed: loaded by this kernel', median(kernels));
}

function measureIpvs(run: Run): void {
  const bench = new Bench(new IpvsProxier({ ...OPTIONS, scheduler: 'rr' }));
  bench.addAll(run);
  const first = timed(() => bench.sync());
  say('IPVS: first sync', first.ms, describeText(first.result));
  const changes: { ms: number; result: RulesText }[] = [];
  for (let k = 1; k <= CHANGES; k++) {
    bench.change(k * 7, run.endpoints, 1);
    changes.push(timed(() => bench.sync()));
  }
  const [one] = changes;
  say(
    'IPVS: one endpoint changed',
    median(changes.map(({ ms }) => ms)),
    one && describeText(one.result),
  );
}

const run = JSON.parse(process.argv[2] ?? '{}') as Run;
console.log(`${run.services} services × ${run.endpoints} endpoints`);
measureIptables(run);
measureIpvs(run);
console.log(`  memory: ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
