/**
 * `npm run explain` in words: asks a running scheduler for its last decision about a pod, and prints it.
 *
 * The scheduler must have been started with `--decision-traces N --secure-port P`. How the table is laid
 * out is `decision-table.ts`.
 */

import { parseArgs } from 'node:util';
import { type Decision, decisionTable } from './decision-table.ts';
import { UsageError } from './find-exercise.ts';
import type { CommandContext } from './run-command.ts';

/** Where a scheduler of this computer usually answers. */
const USUAL_ADDRESS = 'http://127.0.0.1:10259';

/** `npm run explain -- pod NS/NAME [--scheduler URL]` */
export async function explainCommand({ args, print }: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { scheduler: { type: 'string', default: USUAL_ADDRESS } },
  });
  const [kind, pod = '', ...more] = positionals;
  const [namespace, name] = pod.includes('/') ? pod.split('/') : ['default', pod];
  if (kind !== 'pod' || !namespace || !name || more.length > 0) {
    throw new UsageError('what to explain: npm run explain -- pod NAMESPACE/NAME');
  }
  const decision = await ask(values.scheduler, namespace, name);
  for (const line of decisionTable(decision)) print(line);
  return 0;
}

async function ask(scheduler: string, namespace: string, name: string): Promise<Decision> {
  const path = `/debug/decisions/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  let response: Response;
  try {
    response = await fetch(new URL(path, scheduler));
  } catch {
    throw new UsageError(
      `no scheduler answers at ${scheduler}; start it with --secure-port and --decision-traces, ` +
        'and name it with --scheduler URL',
    );
  }
  if (response.status === 404) {
    throw new UsageError(
      `the scheduler at ${scheduler} remembers nothing of pod ${namespace}/${name}; ` +
        'was it started with --decision-traces, and has it tried the pod?',
    );
  }
  return (await response.json()) as Decision;
}
