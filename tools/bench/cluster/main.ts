/**
 * `npm run bench -- cluster [--quick]`: how soon a cluster of three nodes is there and runs its first pod,
 * what it keeps in memory, and how soon ten thousand pods run on a thousand hollow nodes.
 *
 * Each run is a process of its own. What a real control plane took on two cores is printed beside it: it
 * does not run here.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const CONDITIONS = ['ref-apimachinery', 'ref-client'];

/** A script, and what it is told. */
type Run = readonly [script: string, task: object];

const RUNS: readonly Run[] = [
  ['boot.ts', { isOfProcesses: false, times: 5 }],
  ['boot.ts', { isOfProcesses: true, times: 3 }],
  ['hollow.ts', { nodes: 1000, pods: 10_000 }],
];
const QUICK: readonly Run[] = [
  ['boot.ts', { isOfProcesses: false, times: 2 }],
  ['hollow.ts', { nodes: 100, pods: 1000 }],
];

for (const [script, task] of values.quick ? QUICK : RUNS) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one])],
      join(import.meta.dirname, script),
      JSON.stringify(task),
    ],
    { stdio: 'inherit' },
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}
