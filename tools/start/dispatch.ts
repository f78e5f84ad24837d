/**
 * `npm run conformance` and `npm run bench`: commands that only find a folder and run it.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runNode } from './child.ts';
import { UsageError } from './find-exercise.ts';
import type { CommandContext } from './run-command.ts';

/**
 * `npm run conformance -- etcd --endpoint http://127.0.0.1:2379 [vitest's arguments]`,
 * `npm run conformance -- apiserver --endpoint https://127.0.0.1:6443 --kubeconfig FILE`
 *
 * The suites find the endpoint in the environment: `ENDPOINT`, and `ETCD_ENDPOINT` for etcd; and a
 * kubeconfig, which names an endpoint too, as `KUBECONFIG` with the suite's name before it.
 */
export async function conformanceCommand({ root, args }: CommandContext): Promise<number> {
  const suites = foldersIn(join(root, 'tests', 'conformance'));
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      endpoint: { type: 'string' },
      kubeconfig: { type: 'string' },
      reporter: { type: 'string' },
    },
  });
  const [name, ...more] = positionals;
  if (name === undefined || !suites.includes(name)) {
    throw new UsageError(`which suite? one of: ${suites.join(', ')}; then --endpoint E`);
  }
  const { endpoint, kubeconfig } = values;
  if (endpoint === undefined && kubeconfig === undefined) {
    throw new UsageError(`where is it? npm run conformance -- ${name} --endpoint HOST:PORT`);
  }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporter = values.reporter === undefined ? [] : ['--reporter', values.reporter];
  const suite = name.toUpperCase().replaceAll('-', '_');
  return runNode([vitest, 'run', `tests/conformance/${name}/`, ...more, ...reporter], {
    ...(endpoint !== undefined && { ENDPOINT: endpoint, [`${suite}_ENDPOINT`]: endpoint }),
    ...(kubeconfig !== undefined && { [`${suite}_KUBECONFIG`]: resolve(kubeconfig) }),
  });
}

/** `npm run bench [-- NAME arguments…]`; the name is `etcd` when left out. */
export async function benchCommand({ root, args }: CommandContext): Promise<number> {
  const named = args[0] !== undefined && !args[0].startsWith('-');
  const name = named ? (args[0] ?? '') : 'etcd';
  const benches = foldersIn(join(root, 'tools', 'bench'));
  if (!benches.includes(name)) {
    throw new UsageError(`there is no bench ${name}; there are: ${benches.join(', ')}`);
  }
  const main = join(root, 'tools', 'bench', name, 'main.ts');
  const tsx = import.meta.resolve('tsx');
  return runNode(['--import', tsx, main, ...(named ? args.slice(1) : args)]);
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
