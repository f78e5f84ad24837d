/**
 * `npm run bench -- kubelet [--quick]`: a thousand pods on one node, on the virtual and on the real clock,
 * and thousands of hollow nodes against our API server.
 *
 * Each run is a process of its own, so that its memory is its own.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const CONDITIONS = [
  'ref-apimachinery',
  'ref-etcd',
  'ref-apiserver',
  'ref-client',
  'ref-container-runtime',
  'ref-kubelet',
];

/** A script, and what it is told. */
type Run = readonly [script: string, task: object];

const RUNS: readonly Run[] = [
  ['one-node.ts', { clock: 'virtual', pods: 1000 }],
  ['one-node.ts', { clock: 'real', pods: 1000 }],
  ['hollow-nodes.ts', { nodes: 1000 }],
  ['hollow-nodes.ts', { nodes: 3000 }],
];
const QUICK: readonly Run[] = [
  ['one-node.ts', { clock: 'virtual', pods: 200 }],
  ['hollow-nodes.ts', { nodes: 200 }],
];

for (const [script, task] of values.quick ? QUICK : RUNS) {
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one])],
      join(import.meta.dirname, script),
      JSON.stringify(task),
    ],
    { stdio: 'inherit' },
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}
