/**
 * `npm run bench -- apiserver [--quick]`: our API server, over HTTP and without a wire.
 *
 * It runs twice at once, on the embedded store and on the real etcd, on the same disk with every write
 * synced; each gets the same load from a process of its own (`load.ts`), one after the other.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fasterOf, type Measurement, measure as measureBy, type Server } from '../measure.ts';
import type { HandlerOutcome } from './handler.ts';
import type { Job } from './load.ts';
import { runHandler, startOnEmbeddedStore, startOnRealEtcd } from './programs.ts';
import { printHead, printRow } from './table.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const seconds = values.quick ? 0.5 : 1;
/** Whatever else runs here takes its share of some rounds; the best one is what counts. */
const rounds = values.quick ? 1 : 3;
const connectionCounts = values.quick ? [50] : [1, 10, 50];
const LOADS = ['create', 'get', 'list', 'list 500', 'update', 'patch'] as const;
/** A whole list takes so long that a second sees too few of them. */
const LIST_SECONDS = 2;

interface Plan extends Omit<Job, 'endpoint'> {
  readonly title: string;
}

function plans(): Plan[] {
  const unary = LOADS.flatMap((load) =>
    connectionCounts.map((connections): Plan => {
      const title = load === 'list' ? 'list 2,000' : load;
      const own = load === 'list' && !values.quick ? LIST_SECONDS : seconds;
      return { title, kind: 'unary', load, connections, seconds: own };
    }),
  );
  return [
    ...unary,
    { title: 'watch latency', kind: 'watch latency', connections: 1, seconds },
    { title: 'events to 1,000 watchers', kind: 'fan-out', connections: 1000, seconds: seconds * 2 },
  ];
}

const measure = (server: Server, job: Omit<Job, 'endpoint'>): Promise<Measurement> =>
  measureBy(join(import.meta.dirname, 'load.ts'), server, job);

async function measureInProcess(): Promise<HandlerOutcome[]> {
  const loads = [...LOADS, 'watch latency', 'fan-out'];
  const job = { seconds, rounds, connections: connectionCounts, loads };
  const lines = (await runHandler(job)).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as HandlerOutcome);
}

async function measureOver(
  servers: readonly (Server | undefined)[],
  job: Omit<Job, 'endpoint'>,
): Promise<(Measurement | undefined)[]> {
  const best: (Measurement | undefined)[] = servers.map(() => undefined);
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) {
      if (server) best[i] = fasterOf(best[i], await measure(server, job));
    }
  }
  return best;
}

const inProcess = await measureInProcess();
const onRealEtcd = await startOnRealEtcd();
if (onRealEtcd === undefined) {
  console.warn('THE REAL ETCD IS NOT INSTALLED (Debian: etcd-server): its columns stay empty');
}
const onEmbedded = await startOnEmbeddedStore();
const servers = [onEmbedded, onRealEtcd];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    Promise.all(servers.map((server) => server?.stop())).finally(() => process.exit(1));
  });
}
try {
  for (const server of servers) if (server) await measure(server, { kind: 'fill', seconds: 60 });
  if (rounds > 1) console.log(`best of ${rounds} rounds each`);
  printHead();
  for (const { title, ...job } of plans()) {
    const [embedded, realEtcd] = await measureOver(servers, job);
    const { connections = 1, load = job.kind } = job;
    const own = inProcess.find((one) => one.load === load && one.connections === connections);
    const inOne = own && { ...own, serverCpuSeconds: own.clientCpuSeconds };
    if (embedded) printRow({ title, connections, embedded, realEtcd, inProcess: inOne });
  }
} finally {
  for (const server of servers) await server?.stop();
}
