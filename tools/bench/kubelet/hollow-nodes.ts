/**
 * The process that measures hollow nodes: starts our API server and one kubelet program with all of them,
 * and watches them become ready. Its argument is a task, it prints what came of it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Clock, type Node, RealClock, silentLogger } from '#apimachinery';
import { type Client, NODES } from '#client';
import { openClient } from '#client/node';
import { startOurApiServer } from '../../../tests/conformance/apiserver/program.ts';
import { compiledProgram } from '../../../tests/conformance/compiled-program.ts';

/** What to measure. */
interface Task {
  readonly nodes: number;
}

/** So long is looked at what it costs to keep them alive, seconds. */
const IDLE_SECONDS = 30;
/** A list of thousands costs the server something, too. */
const POLL_MS = 2000;

async function measure({ nodes }: Task): Promise<void> {
  const server = await startOurApiServer();
  const { kubeconfig } = server;
  const world = { clock: new RealClock(), log: silentLogger };
  const { client, close } = await openClient({ kubeconfig, ...world, qps: 0 });
  const begin = performance.now();
  const allReady = untilReady(client, world.clock, nodes);
  const kubelet = spawn(
    process.execPath,
    [
      await compiledProgram('07-kubelet'),
      ...['--kubeconfig', kubeconfig, '--hostname-override', 'hollow'],
      ...['--hollow', '--hollow-nodes', String(nodes)],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await allReady;
  const seconds = (performance.now() - begin) / 1000;
  const sizes = [kubelet, server.child].map(megabytes);
  const before = [kubelet, server.child].map(cpuSeconds);
  const spent = before.map((one) => one.toFixed(0));
  await world.clock.sleep(IDLE_SECONDS * 1000);
  const used = [kubelet, server.child].map((one, i) => cpuSeconds(one) - (before[i] ?? 0));
  const share = used.map((one) => `${Math.round((one / IDLE_SECONDS) * 100)} %`);
  console.log(
    `${nodes} hollow nodes in one program: all ready after ${seconds.toFixed(1)} s,` +
      ` with ${spent[0]} s of CPU in it and ${spent[1]} s in the API server;` +
      ` ${sizes[0]} MB in it, ${sizes[1]} MB in the API server; kept alive with ${share[0]} and ${share[1]} of a CPU`,
  );
  kubelet.kill('SIGTERM');
  await once(kubelet, 'close');
  await close();
  await server.stop();
}

/** Resolves when so many nodes are ready. */
async function untilReady(client: Client, clock: Clock, count: number): Promise<void> {
  for (;;) {
    const { items } = await client.resource(NODES).list();
    if (items.filter(isReady).length === count) return;
    await clock.sleep(POLL_MS);
  }
}

function isReady({ status }: Node): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True';
}

/** What a process keeps in memory, where the system tells. */
function megabytes({ pid }: ChildProcess): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`)) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** Processor time a process has used, where the system tells. */
function cpuSeconds({ pid }: ChildProcess): number {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

await measure(JSON.parse(process.argv[2] ?? '{}') as Task);
process.exit(0);
