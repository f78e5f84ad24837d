/**
 * The process that measures one run: makes nodes and pods, starts the scheduler, and watches pods being
 * bound. Its argument is a run, it prints what came of it.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RealClock, silentLogger } from '#apimachinery';
import { type Client, NODES, PODS, SERVICE_ACCOUNTS } from '#client';
import { openClient } from '#client/node';
import { startOurApiServer } from '../../../tests/conformance/apiserver/program.ts';
import { compiledProgram } from '../../../tests/conformance/compiled-program.ts';

/** What to measure. */
interface Run {
  readonly pods: number;
  readonly nodes: number;
  /** Pods a second of the real one, in words. */
  readonly real: string;
}

const IN_FLIGHT = 50;

async function inParallel(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next;
      next += 1;
      await work(i);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function populate(client: Client, { pods, nodes }: Run): Promise<void> {
  await client.resource(SERVICE_ACCOUNTS, 'default').create({ metadata: { name: 'default' } });
  const offered = { cpu: '32', memory: '128Gi', pods: '110' };
  await inParallel(nodes, async (i) => {
    const zone = `zone-${i % 3}`;
    await client.resource(NODES).create({
      metadata: {
        name: `node-${i}`,
        labels: { 'kubernetes.io/hostname': `node-${i}`, 'topology.kubernetes.io/zone': zone },
      },
    });
    const made = await client.resource(NODES).get(`node-${i}`);
    // Admission taints what is new; here every node is ready at once.
    const { spec = {} } = made;
    await client.resource(NODES).update({ ...made, spec: { ...spec, taints: [] } });
    const ready = { allocatable: offered, capacity: offered };
    await client.resource(NODES).patch(
      `node-${i}`,
      'merge-patch',
      { status: ready },
      {
        subresource: 'status',
      },
    );
  });
  await inParallel(pods, (i) =>
    client.resource(PODS, 'default').create({
      metadata: { name: `pod-${i}`, labels: { app: 'bench' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'registry.example/c:1',
            resources: { requests: { cpu: '100m', memory: '128Mi' } },
          },
        ],
      },
    }),
  );
}

/** Resolves with how long it took from the first to the last pod that was bound, in milliseconds. */
async function watchBound(client: Client, pods: number): Promise<number> {
  let first: number | undefined;
  let bound = 0;
  const { metadata } = await client.resource(PODS, 'default').list({ limit: 1 });
  const watch = await client
    .resource(PODS, 'default')
    .watch({ resourceVersion: metadata?.resourceVersion ?? '' });
  for await (const { type, object } of watch) {
    const { spec } = object as { spec?: { nodeName?: string } };
    if (type !== 'MODIFIED' || !spec?.nodeName) continue;
    first ??= performance.now();
    bound += 1;
    if (bound === pods) break;
  }
  return performance.now() - (first ?? 0);
}

async function measure(run: Run): Promise<void> {
  const server = await startOurApiServer();
  const { kubeconfig } = server;
  const world = { clock: new RealClock(), log: silentLogger };
  const { client, close } = await openClient({ kubeconfig, ...world, qps: 0 });
  await populate(client, run);
  const ended = watchBound(client, run.pods);
  const scheduler = spawn(
    process.execPath,
    [
      ...(process.env.PROF ? ['--cpu-prof', '--cpu-prof-dir', process.env.PROF] : []),
      await compiledProgram('05-scheduler'),
      ...['--kubeconfig', kubeconfig, '--leader-elect=false', '--kube-api-qps', '0'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const seconds = (await ended) / 1000;
  const rate = Math.round(run.pods / seconds);
  console.log(
    `${run.pods} pods over ${run.nodes} nodes: ${rate} bound a second (a real 1.20: about ${run.real})`,
  );
  scheduler.kill('SIGTERM');
  await once(scheduler, 'close');
  await close();
  await server.stop();
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Run);
process.exit(0);
