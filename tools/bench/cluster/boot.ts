/**
 * The process that measures a beginning: starts a cluster of three nodes as `npm run cluster` does once all
 * is compiled, and watches it. Its argument is a task, it prints what came of it.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, RealClock, silentLogger } from '#apimachinery';
import { type Client, NODES, PODS } from '#client';
import { openClient } from '#client/node';
import { freePort } from '../../../tests/conformance/apiserver/program.ts';
import { compiledProgram } from '../../../tests/conformance/compiled-program.ts';
import { cpuSecondsOfAll, megabytesOfAll } from './processes.ts';

/** What to measure. */
interface Task {
  readonly isOfProcesses: boolean;
  readonly times: number;
}

/** Seconds since the start, and megabytes. */
interface Beginning {
  readonly nodesReady: number;
  readonly podRunning: number;
  /** Seconds of a processor until then: what it takes on a computer that has nothing else to do. */
  readonly cpu: number;
  readonly idle: number;
}

const NODE_COUNT = 3;
const POLL_MS = 20;
/** Until nothing goes on any more that has to do with the beginning. */
const REST_MS = 10_000;
const PROGRAMS: Readonly<Record<string, string>> = {
  etcd: '01-etcd',
  apiserver: '02-apiserver',
  'controller-manager': '04-controller-manager',
  scheduler: '05-scheduler',
  'container-runtime': '06-container-runtime',
  kubelet: '07-kubelet',
  'kube-proxy': '08-kube-proxy',
};

async function measure({ isOfProcesses, times }: Task): Promise<void> {
  const programs: Record<string, string> = {};
  for (const [component, chapter] of isOfProcesses ? Object.entries(PROGRAMS) : []) {
    programs[component] = await compiledProgram(chapter);
  }
  const env = { ...process.env, CLUSTER_PROGRAMS: JSON.stringify(programs) };
  const main = await compiledProgram('09-cluster');
  const found: Beginning[] = [];
  for (let i = 0; i < times; i++) found.push(await begin(main, env, isOfProcesses));
  const best = (of: (one: Beginning) => number): number => Math.min(...found.map(of));
  console.log(
    `${NODE_COUNT} nodes ${isOfProcesses ? 'and all components as processes' : 'in one process'}:` +
      ` Ready after ${best((one) => one.nodesReady).toFixed(1)} s,` +
      ` the first pod Running after ${best((one) => one.podRunning).toFixed(1)} s` +
      ` with ${best((one) => one.cpu).toFixed(1)} s of CPU` +
      ` (a real control plane: ready after about 4.5 s, the first pod bound after 4.9 s);` +
      ` ${best((one) => one.idle)} MB at rest (a real one: about 490 MB, without kubelets)`,
  );
}

/** One cluster, from nothing but what is compiled. */
async function begin(
  main: string,
  env: NodeJS.ProcessEnv,
  isOfProcesses: boolean,
): Promise<Beginning> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-cluster-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const clock = new RealClock();
  const flags = ['--nodes', String(NODE_COUNT), '--port', String(await freePort()), '--no-page'];
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const child = spawn(
    process.execPath,
    [
      ...[main, ...flags, '--data-dir', join(folder, 'data'), '--kubeconfig', kubeconfig],
      ...(isOfProcesses ? ['--processes'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env },
  );
  await until(clock, async () => existsSync(kubeconfig));
  const { client, close } = await openClient({ kubeconfig, clock, log: silentLogger, qps: 0 });
  const running = firstPod(clock, client).then(seconds);
  await until(clock, () => areReady(client));
  const nodesReady = seconds();
  const podRunning = await running;
  const cpu = cpuSecondsOfAll(child.pid ?? 0);
  await clock.sleep(REST_MS);
  const idle = megabytesOfAll(child.pid ?? 0);
  await close();
  child.kill('SIGTERM');
  await once(child, 'exit');
  await rm(folder, { recursive: true, force: true });
  return { nodesReady, podRunning, cpu, idle };
}

/** Makes a pod as soon as it can, and resolves when it runs. */
async function firstPod(clock: Clock, client: Client): Promise<void> {
  const pods = client.resource(PODS, 'default');
  const containers = [{ name: 'c', image: 'nginx' }];
  await until(clock, async () => {
    await pods.create({ metadata: { name: 'first' }, spec: { containers } });
    return true;
  });
  await until(clock, async () => (await pods.get('first')).status?.phase === 'Running');
}

async function areReady(client: Client): Promise<boolean> {
  const { items } = await client.resource(NODES).list();
  const ready = items.filter(({ status }) =>
    status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
  );
  return ready.length === NODE_COUNT;
}

/** Asks again and again; a server that is not there yet is no answer. */
async function until(clock: Clock, isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await clock.sleep(POLL_MS);
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Task);
process.exit(0);
