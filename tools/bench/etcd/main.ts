/**
 * `npm run bench -- etcd [--quick]`: our etcd and the real one, side by side.
 *
 * Both run here, on the same disk with every write synced, and get the same load from a process of
 * its own (`load.ts`), one after the other.
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  findRealEtcd,
  startOurEtcd,
  startRealEtcd,
} from '../../../tests/conformance/etcd/program.ts';
import { fasterOf, type Measurement, measure as measureBy, type Server } from '../measure.ts';
import { measureInProcess, measureMillionKeys } from './in-process.ts';
import type { Job } from './load.ts';
import { printTable, type Row } from './table.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const seconds = values.quick ? 0.6 : 1;
/** Whatever else runs here takes its share of some rounds; the best one is what counts. */
const rounds = values.quick ? 1 : 3;
const clientCounts = values.quick ? [1, 100] : [1, 10, 100];

const measure = (server: Server, job: Omit<Job, 'endpoint'>) =>
  measureBy(join(import.meta.dirname, 'load.ts'), server, job);

type Plan = Omit<Job, 'endpoint'> & { readonly title: string };

function plans(): Plan[] {
  const loads = ['put', 'range 1', 'range 100', 'txn mixed'] as const;
  const unary = loads.flatMap((load) =>
    clientCounts.map((clients): Plan => ({ title: load, kind: 'unary', load, clients, seconds })),
  );
  return [
    ...unary,
    { title: 'watch latency', kind: 'watch latency', clients: 1, seconds },
    { title: 'events to 1,000 watchers', kind: 'fan-out', clients: 1000, seconds },
  ];
}

const real = findRealEtcd() === undefined ? undefined : await startRealEtcd();
if (real === undefined) console.warn('the real etcd is not installed (Debian: etcd-server)');
const ours = await startOurEtcd();
const servers: (Server | undefined)[] = [real, ours];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const server of servers) server?.child.kill('SIGTERM');
    process.exit(1);
  });
}
try {
  for (const server of servers) {
    if (server) await measure(server, { kind: 'fill', load: 'put', clients: 100, seconds: 0 });
  }
  const rows: Row[] = [];
  for (const { title, ...job } of plans()) {
    let theirs: Measurement | undefined;
    let mine: Measurement | undefined;
    for (let round = 0; round < rounds; round++) {
      if (real) theirs = fasterOf(theirs, await measure(real, job));
      mine = fasterOf(mine, await measure(ours, job));
    }
    if (mine) rows.push({ title, clients: job.clients ?? 1, theirs, ours: mine });
    process.stderr.write('.');
  }
  process.stderr.write('\n');
  if (rounds > 1) console.log(`best of ${rounds} rounds each`);
  printTable(rows);
} finally {
  await real?.stop();
  await ours.stop();
}
await measureInProcess(values.quick ? 0.3 : 1);
await measureMillionKeys(values.quick ? 200_000 : 1_000_000);
