/**
 * `npm run bench -- scheduler [--quick]`: how many pods in a second our scheduler binds, over how many
 * nodes, through our API server.
 *
 * Three processes: API server, scheduler, and this one, which made nodes and pods before the scheduler
 * began. Neither has a limit on requests. What a real kube-scheduler 1.20 did on two cores is printed
 * beside it: it does not run here.
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
  'ref-controller-manager',
  'ref-scheduler',
];

/** Pods and nodes of a run, and what the real one bound in a second: about. */
const RUNS = [
  { pods: 1000, nodes: 100, real: '300-500' },
  { pods: 1000, nodes: 1000, real: '200' },
  { pods: 1000, nodes: 5000, real: '200' },
  { pods: 5000, nodes: 100, real: '300-500' },
  { pods: 5000, nodes: 1000, real: '200' },
  { pods: 5000, nodes: 5000, real: '200' },
];

for (const run of values.quick ? RUNS.slice(0, 1) : RUNS) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one])],
      join(import.meta.dirname, 'throughput.ts'),
      JSON.stringify(run),
    ],
    { stdio: 'inherit' },
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`throughput.ts ended with ${code}`);
}
