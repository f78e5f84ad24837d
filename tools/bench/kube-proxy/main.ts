/**
 * `npm run bench -- kube-proxy [--quick] [--kernel]`: how long our kube-proxy takes to make the rules of a large
 * cluster, all of them and those that one changed endpoint needs, and how long the model takes to load
 * them; with `--kernel`, also this kernel (root and `iptables` are needed, and minutes).
 *
 * Each size has a process of its own. What a real kube-proxy takes to make and to load rules is not measured here: it does not run
 * without a cluster.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    kernel: { type: 'boolean', default: false },
  },
});
const CONDITIONS = ['ref-apimachinery', 'ref-client', 'ref-kube-proxy'];

/** Services and endpoints of each. */
const RUNS = [
  { services: 1000, endpoints: 10 },
  { services: 5000, endpoints: 10 },
];

for (const run of values.quick ? RUNS.slice(0, 1) : RUNS) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', ...CONDITIONS.flatMap((one) => ['-C', one])],
      join(import.meta.dirname, 'syncs.ts'),
      JSON.stringify({ ...run, withKernel: values.kernel }),
    ],
    { stdio: 'inherit' },
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`syncs.ts ended with ${code}`);
}
