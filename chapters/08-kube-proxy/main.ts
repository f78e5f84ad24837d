/**
 * The `kube-proxy` program: a real clock and connection, rules for a kernel or a network, and a clean
 * end. Its flags are in `program/flags.ts`.
 *
 * `npm run component -- --ref kube-proxy --kubeconfig F --hostname-override N --cluster-cidr C [--dry-run]`
 */

import { setMaxListeners } from 'node:events';
import { consoleLogger, type Logger, type Random, RealClock, realRandom } from '#apimachinery';
import { Metrics, sayStopped, startProgram, whenOrphaned } from '#apimachinery/program';
import { type Client, NODES } from '#client';
import { openClient } from '#client/node';
import { type Applier, noApplier, type RulesText } from './appliers/applier.ts';
import { ProxyHealth } from './health/proxy-health.ts';
import { type Flags, NAME, parseFlags } from './program/flags.ts';
import { type AnsweringPort, answerAt, newPortOpener } from './program/http-answers.ts';
import { newKernelApplier } from './program/kernel-applier.ts';
import { NetworkApplier } from './program/network-applier.ts';
import {
  findNodeIps,
  machineAddresses,
  type NodeIps,
  nodeIpsOf,
  pickIps,
} from './program/node-ips.ts';
import { familiesOf, proxierOptionsOf } from './program/proxier-options-of.ts';
import { runTool } from './program/run-tool.ts';
import { newIptablesRules, newIpvsRules } from './proxier.ts';
import { type KubeProxy, newProxy, type ProxyOptions, rulesNow, ZONE_LABEL } from './proxy.ts';
import type { IpFamily } from './services/service-port.ts';

const LEVELS = ['warn', 'info', 'info', 'info', 'debug'] as const;

interface World {
  readonly client: Client;
  readonly clock: RealClock;
  readonly random: Random;
  readonly log: Logger;
}

async function run(flags: Flags): Promise<void> {
  const clock = new RealClock();
  const log = consoleLogger({ clock, level: LEVELS[flags.v] ?? 'debug' });
  const { kubeconfig } = flags;
  const limits = { qps: 0, burst: 0 };
  const { client, close } = await openClient({
    kubeconfig,
    clock,
    log,
    userAgent: NAME,
    ...limits,
  });
  const world = { client, clock, random: realRandom(), log };
  if (flags.dryRun) {
    await dryRun(flags, world);
    await close();
    return;
  }
  const stopped = new AbortController();
  setMaxListeners(0, stopped.signal);
  const stop = (): void => stopped.abort();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  whenOrphaned(stop);
  await runProxy(flags, world, stopped.signal);
  await close();
  sayStopped();
}

/** What would be written now, and nothing else, on standard output. */
async function dryRun(flags: Flags, world: World): Promise<void> {
  const selection = { fieldSelector: `metadata.name=${flags.hostnameOverride}` };
  const [node = {}] = (await world.client.resource(NODES).list(selection)).items;
  const { bindAddress } = flags;
  const ips = bindAddress === undefined ? nodeIpsOf(node) : pickIps([bindAddress]);
  const zone = node.metadata?.labels?.[ZONE_LABEL];
  const families = familiesOf(flags).map((family) => ({
    options: { ...proxierOptionsOf(flags, family, ips), ...(zone !== undefined && { zone }) },
    applier: noApplier,
  }));
  const rules = await rulesNow(proxyOptions(flags, world, { families, ips }));
  process.stdout.write(rules.map((one) => shownText(flags, one)).join(''));
}

function shownText({ proxyMode }: Flags, { iptables, ipset = '', ipvs = '' }: RulesText): string {
  return proxyMode === 'ipvs' ? ipset + ipvs : iptables;
}

async function runProxy(flags: Flags, world: World, signal: AbortSignal): Promise<void> {
  const { clock, log } = world;
  const { hostnameOverride: node, bindAddress } = flags;
  const ips =
    bindAddress === undefined
      ? await findNodeIps(world, node, signal).catch(() => pickIps([]))
      : pickIps([bindAddress]);
  const appliers = familiesOf(flags).map((family) => [family, newApplier(flags, family)] as const);
  const families = appliers.map(([family, applier]) => ({
    options: proxierOptionsOf(flags, family, ips),
    applier,
  }));
  const { syncMs } = periodsOf(flags);
  const health = new ProxyHealth(clock, 2 * syncMs);
  const proxy = newProxy({
    ...proxyOptions(flags, world, { families, ips }),
    proxyHealth: health,
    ...portOpenerOf(flags, ips),
  });
  const ports = await openPorts(flags, health, newMetrics(world, proxy));
  for (const { address } of ports) process.stdout.write(`listening on http://${address}\n`);
  log.info('begins', { node, mode: flags.proxyMode, families: familiesOf(flags).join() });
  process.stdout.write('ready\n');
  await proxy.run(signal);
  for (const [, applier] of appliers) if (applier instanceof NetworkApplier) applier.close();
  await Promise.all(ports.map(({ close }) => close()));
}

/** On a machine of its own all addresses are the node's; where nodes share one, each has its own. */
function portOpenerOf({ apply }: Flags, ips: NodeIps): Pick<ProxyOptions, 'portOpener'> {
  if (apply.kind === 'kernel') return { portOpener: newPortOpener('0.0.0.0') };
  return apply.kind === 'network' ? { portOpener: newPortOpener(ips.IPv4) } : {};
}

function newApplier({ apply, hostnameOverride: node }: Flags, family: IpFamily): Applier {
  if (apply.kind === 'network') return new NetworkApplier(apply.socket, { node, family });
  return apply.kind === 'kernel' ? newKernelApplier(family, runTool) : noApplier;
}

function periodsOf(flags: Flags) {
  return flags.proxyMode === 'ipvs'
    ? { minSyncMs: flags.ipvsMinSyncPeriod, syncMs: flags.ipvsSyncPeriod }
    : { minSyncMs: flags.iptablesMinSyncPeriod, syncMs: flags.iptablesSyncPeriod };
}

function proxyOptions(
  flags: Flags,
  world: World,
  { families, ips }: { families: ProxyOptions['families']; ips: NodeIps },
): ProxyOptions {
  const isHere = flags.apply.kind === 'kernel' && !flags.dryRun;
  const nodeAddresses = isHere ? machineAddresses() : Object.values(ips).filter(isNoLoopback);
  return {
    ...world,
    nodeName: flags.hostnameOverride,
    families,
    newProxier:
      flags.proxyMode === 'ipvs'
        ? newIpvsRules({ scheduler: flags.ipvsScheduler, nodeAddresses })
        : newIptablesRules,
    periods: periodsOf(flags),
  };
}

function isNoLoopback(ip: string): boolean {
  return ip !== '::1' && !ip.startsWith('127.');
}

async function openPorts(flags: Flags, health: ProxyHealth, metrics: () => string) {
  const { healthzBindAddress, metricsBindAddress } = flags;
  const plain = { status: 200, headers: { 'content-type': 'text/plain' } };
  const ports: (AnsweringPort & { readonly address: string })[] = [];
  if (healthzBindAddress) {
    const port = await answerAt(healthzBindAddress, (path) =>
      path === '/healthz' || path === '/livez' ? health.answer(path) : undefined,
    );
    ports.push({ ...port, address: `${healthzBindAddress.ip}:${port.port}` });
  }
  if (metricsBindAddress) {
    const port = await answerAt(metricsBindAddress, (path) => {
      if (path === '/proxyMode') return { ...plain, body: flags.proxyMode };
      if (path === '/healthz') return { ...plain, body: 'ok' };
      return path === '/metrics' ? { ...plain, body: metrics() } : undefined;
    });
    ports.push({ ...port, address: `${metricsBindAddress.ip}:${port.port}` });
  }
  return ports;
}

/** What the proxy counts, in upstream's names. */
function newMetrics({ clock }: World, proxy: KubeProxy): () => string {
  const metrics = new Metrics(clock);
  return () => {
    for (const { family: ip_family, counts } of proxy.families) {
      const note = (name: string, help: string, value: number): void =>
        metrics.set(`kubeproxy_${name}`, help, { ip_family }, value);
      note('sync_proxy_rules_total', 'Syncs that went well.', counts.syncs);
      note('sync_proxy_rules_failures_total', 'Syncs that failed.', counts.failures);
      const seconds = counts.lastSyncMs / 1000;
      note('sync_proxy_rules_last_duration_seconds', 'How long the last sync took.', seconds);
      const latency = counts.lastProgrammingMs / 1000;
      note('network_programming_last_duration_seconds', 'From a change to its rules.', latency);
    }
    return metrics.text();
  };
}

startProgram({ name: NAME, parseFlags, run });
