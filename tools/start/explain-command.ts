/**
 * `npm run explain` in words: asks a running scheduler for its last decision about a pod, and prints it.
 *
 * A scheduler that was started alone must have been told `--decision-traces N --secure-port P`; that of
 * `npm run cluster` always answers, and a file of the cluster says where. How the table is laid out is
 * `decision-table.ts`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Decision, decisionTable } from './decision-table.ts';
import { UsageError } from './find-exercise.ts';
import type { CommandContext } from './run-command.ts';

/** Where a scheduler of this computer usually answers. */
const USUAL_ADDRESS = 'http://127.0.0.1:10259';
/** Where `npm run cluster` keeps everything, and its file that says where its scheduler answers. */
const USUAL_DATA = join('.course', 'cluster');
const ADDRESS_FILE = 'scheduler';

const USAGE = [
  'usage: npm run explain -- pod [NAMESPACE/]NAME [--scheduler URL | --data-dir FOLDER]',
  '  what a scheduler thought of each node when it last tried to place the pod',
  `  --data-dir FOLDER   the cluster that runs with this data folder (${USUAL_DATA})`,
  `  --scheduler URL     this scheduler; when no cluster runs, ${USUAL_ADDRESS}`,
];

/** `npm run explain -- pod NS/NAME [--scheduler URL | --data-dir FOLDER]` */
export async function explainCommand({ root, args, print }: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      scheduler: { type: 'string' },
      'data-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    for (const line of USAGE) print(line);
    return 0;
  }
  const [kind, pod = '', ...more] = positionals;
  const [namespace, name] = pod.includes('/') ? pod.split('/') : ['default', pod];
  if (kind !== 'pod' || !namespace || !name || more.length > 0) {
    throw new UsageError('what to explain: npm run explain -- pod NAMESPACE/NAME');
  }
  const folder = resolve(root, values['data-dir'] ?? USUAL_DATA);
  const scheduler = values.scheduler ?? addressIn(folder) ?? USUAL_ADDRESS;
  const decision = await ask(scheduler, namespace, name);
  for (const line of decisionTable(decision)) print(line);
  return 0;
}

/** @returns absent when no cluster runs there; a file that a killed one left behind is taken as it is */
function addressIn(folder: string): string | undefined {
  const file = join(folder, ADDRESS_FILE);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

async function ask(scheduler: string, namespace: string, name: string): Promise<Decision> {
  const path = `/debug/decisions/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  let response: Response;
  try {
    response = await fetch(new URL(path, scheduler));
  } catch {
    throw new UsageError(
      `no scheduler answers at ${scheduler}; start npm run cluster, or a scheduler with --secure-port ` +
        'and --decision-traces, and name it with --scheduler URL',
    );
  }
  if (response.status === 404) {
    throw new UsageError(
      `the scheduler at ${scheduler} remembers nothing of pod ${namespace}/${name}; ` +
        'has it tried the pod since it was started (alone: with --decision-traces)?',
    );
  }
  return (await response.json()) as Decision;
}
