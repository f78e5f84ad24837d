/**
 * `npm run bench -- controller-manager [--quick]`: how long all controllers together take to bring many
 * Deployments about, what they ask the API server for, and what their caches weigh.
 *
 * Each job runs in a process of its own, one after the other; server and controllers without a wire in
 * between.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const CONDITIONS = [
  'ref-apimachinery',
  'ref-etcd',
  'ref-apiserver',
  'ref-client',
  'ref-controller-manager',
];

async function run(program: string, job: object): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one])],
      join(import.meta.dirname, program),
      JSON.stringify(job),
    ],
    { stdio: 'inherit' },
  );
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

await run('converge.ts', { deployments: values.quick ? 50 : 500, replicas: 10 });
await run('memory.ts', { pods: values.quick ? 5000 : 50_000, podsPerReplicaSet: 10 });
