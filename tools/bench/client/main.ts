/**
 * `npm run bench -- client [--quick]`: our client beside @kubernetes/client-node, and our informers.
 *
 * Requests go to our API server in a process of its own, over plain HTTP, and without a wire to one in
 * the client's process. Each job runs in a process of its own, one after the other.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startOnEmbeddedStore } from '../apiserver/programs.ts';
import type { Outcome } from '../measure.ts';
import type { InformerJob, InformerOutcome } from './informers.ts';
import { LOADS, type Load, type RequestJob } from './requests.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const seconds = values.quick ? 0.5 : 2;
/** Whatever else runs here takes its share of some rounds; the best one is what counts. */
const rounds = values.quick ? 1 : 3;
const CONCURRENCY = [1, 20] as const;
const CONDITIONS = ['ref-apimachinery', 'ref-etcd', 'ref-apiserver', 'ref-client'];

/** Runs one of this folder's programs. @returns what it prints, out of its JSON */
async function run<T>(program: string, job: object, flags: readonly string[] = []): Promise<T> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one]), ...flags],
      join(import.meta.dirname, program),
      JSON.stringify(job),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let printed = '';
  child.stdout.on('data', (piece) => {
    printed += String(piece);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code} in ${JSON.stringify(job)}`);
  return JSON.parse(printed) as T;
}

async function best(job: RequestJob): Promise<Outcome> {
  let found: Outcome | undefined;
  for (let round = 0; round < rounds; round++) {
    const outcome = await run<Outcome>('requests.ts', job);
    if (outcome.errors > 0)
      throw new Error(`${outcome.errors} calls failed: ${JSON.stringify(job)}`);
    if (found === undefined || rateOf(outcome) > rateOf(found)) found = outcome;
  }
  return found as Outcome;
}

const rateOf = ({ operations, seconds: took }: Outcome): number => operations / took;
const rateText = (outcome: Outcome): string =>
  rateOf(outcome).toFixed(rateOf(outcome) < 100 ? 1 : 0);
const cpuText = ({ clientCpuSeconds, operations }: Outcome): string =>
  ((clientCpuSeconds * 1000) / operations).toFixed(3);

const WIDTHS = [12, 6, 9, 8, 8, 9, 8, 8, 6, 9, 8];

function print(cells: readonly string[]): void {
  const padded = cells.map((cell, i) =>
    i === 0 ? cell.padEnd(12) : cell.padStart(WIDTHS[i] ?? 8),
  );
  console.log(padded.join(' '));
}

async function printRequests(endpoint: string): Promise<void> {
  console.log('ours, theirs: over HTTP; inproc: ours with the server in the same process');
  console.log('cpu: processor time of the client’s process, ms per operation');
  const each = ['/s', 'p50 ms', 'cpu ms'];
  print([
    'load',
    'conc.',
    `ours${each[0]}`,
    each[1] ?? '',
    each[2] ?? '',
    `theirs${each[0]}`,
    each[1] ?? '',
    each[2] ?? '',
    'ratio',
    'inproc/s',
    'p50 ms',
  ]);
  for (const load of LOADS) {
    for (const concurrency of CONCURRENCY) {
      const job = { load, concurrency, seconds };
      const ours = await best({ ...job, client: 'ours', endpoint });
      const theirs = await best({ ...job, client: 'theirs', endpoint });
      const inProcess = await best({ ...job, client: 'ours' });
      print(rowOf(load, concurrency, { ours, theirs, inProcess }));
    }
  }
}

function rowOf(
  load: Load,
  concurrency: number,
  { ours, theirs, inProcess }: Readonly<Record<'ours' | 'theirs' | 'inProcess', Outcome>>,
): string[] {
  return [
    ...[load, String(concurrency)],
    ...[rateText(ours), ours.medianMs.toFixed(2), cpuText(ours)],
    ...[rateText(theirs), theirs.medianMs.toFixed(2), cpuText(theirs)],
    (rateOf(ours) / rateOf(theirs)).toFixed(2),
    ...[rateText(inProcess), inProcess.medianMs.toFixed(2)],
  ];
}

async function printInformers(endpoint: string): Promise<void> {
  const job = { seconds, endpoint, objects: values.quick ? 5000 : 50_000 };
  const jobs: readonly InformerJob['kind'][] = ['latency', 'memory', 'events', 'stream'];
  for (const kind of jobs) {
    const outcome = await run<InformerOutcome>('informers.ts', { ...job, kind }, ['--expose-gc']);
    console.log(`${outcome.title}: ${outcome.figures.join(', ')}`);
  }
}

const server = await startOnEmbeddedStore();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.stop().finally(() => process.exit(1)));
}
try {
  const endpoint = `http://${server.endpoint}`;
  await run('requests.ts', {
    load: 'fill',
    client: 'ours',
    endpoint,
    concurrency: 20,
    seconds: 60,
  });
  if (rounds > 1) console.log(`best of ${rounds} rounds each`);
  await printRequests(endpoint);
  console.log();
  await printInformers(endpoint);
} finally {
  await server.stop();
}
