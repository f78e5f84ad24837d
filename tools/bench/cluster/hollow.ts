/**
 * The process that measures many nodes: our API server, controllers, scheduler, and one kubelet program
 * with all hollow nodes; then Deployments, until all their pods run. Its argument is a task.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type Clock,
  type Logger,
  type Pod,
  type Random,
  RealClock,
  realRandom,
  silentLogger,
} from '#apimachinery';
import { type Client, DEPLOYMENTS, NODES, PODS, SharedInformer } from '#client';
import { openClient } from '#client/node';
import { startOurApiServer } from '../../../tests/conformance/apiserver/program.ts';
import { compiledProgram } from '../../../tests/conformance/compiled-program.ts';
import { cpuSeconds, megabytes } from './processes.ts';

/** What to measure. */
interface Task {
  readonly nodes: number;
  readonly pods: number;
}

interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const REPLICAS = 100;
const POLL_MS = 500;

async function measure({ nodes, pods }: Task): Promise<void> {
  const server = await startOurApiServer();
  const { kubeconfig } = server;
  const world: World = { clock: new RealClock(), random: realRandom(), log: silentLogger };
  const { client, close } = await openClient({ kubeconfig, ...world, qps: 0 });
  const access = ['--kubeconfig', kubeconfig];
  const hollow = ['--hostname-override', 'hollow', '--hollow', '--hollow-nodes', String(nodes)];
  const children = {
    controllers: await start('04-controller-manager', [...access, '--leader-elect', 'false']),
    scheduler: await start('05-scheduler', [
      ...[...access, '--leader-elect', 'false'],
      ...['--kube-api-qps', '0'],
    ]),
    kubelets: await start('07-kubelet', [...access, ...hollow]),
  };
  await untilReady(client, world.clock, nodes);
  const begin = performance.now();
  const running = untilRunning(client, world, pods);
  for (let i = 0; i < pods / REPLICAS; i++) await deploy(client, `web-${i}`);
  await running;
  const seconds = (performance.now() - begin) / 1000;
  const all: [string, ChildProcess][] = [['API server', server.child], ...Object.entries(children)];
  const costs = all.map(
    ([name, { pid }]) => `${name} ${megabytes(pid)} MB and ${cpuSeconds(pid).toFixed(0)} s of CPU`,
  );
  console.log(
    `${pods} pods on ${nodes} hollow nodes: all Running after ${seconds.toFixed(1)} s;` +
      ` from the start, ${costs.join(', ')}`,
  );
  for (const child of Object.values(children)) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
  await close();
  await server.stop();
}

async function start(chapter: string, flags: readonly string[]): Promise<ChildProcess> {
  // They warn that hollow nodes do not answer, and at the end that events were not written.
  const child = spawn(process.execPath, [await compiledProgram(chapter), ...flags], {
    stdio: 'ignore',
  });
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`${chapter} ended with ${code}`);
  });
  return child;
}

async function deploy(client: Client, name: string): Promise<void> {
  const labels = { app: name };
  await client.resource(DEPLOYMENTS, 'default').create({
    metadata: { name },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            { name: 'c', image: 'nginx', resources: { requests: { cpu: '10m', memory: '16Mi' } } },
          ],
        },
      },
    },
  });
}

/** Resolves when so many nodes are ready. */
async function untilReady(client: Client, clock: Clock, count: number): Promise<void> {
  for (;;) {
    const { items } = await client.resource(NODES).list();
    const ready = items.filter(({ status }) =>
      status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
    );
    if (ready.length === count) return;
    await clock.sleep(POLL_MS);
  }
}

/** Resolves when so many pods of the namespace run. */
async function untilRunning(client: Client, world: World, count: number): Promise<void> {
  const ended = new AbortController();
  const pods = new SharedInformer(client.resource(PODS, 'default'), { ...world, name: 'pods' });
  const running = new Set<string>();
  await new Promise<void>((resolve) => {
    const look = ({ metadata, status }: Pod): void => {
      if (status?.phase === 'Running') running.add(metadata?.name ?? '');
      if (running.size === count) resolve();
    };
    pods.addEventHandler({ onAdd: look, onUpdate: (_, pod) => look(pod), onDelete: () => {} });
    void pods.run(ended.signal);
  });
  ended.abort();
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Task);
process.exit(0);
