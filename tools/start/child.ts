/**
 * A child process that stands in for the command: same terminal, same signals, same exit code.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGTERM', 'SIGHUP'] as const;

/** How often to look whether whoever started us is still there: npm does not pass its signals on. */
const PARENT_CHECK_MS = 200;

/**
 * Runs node with the given arguments until it ends.
 *
 * @param environment - added to this process's own
 * @returns the child's exit code; 128 + the signal's number when a signal ended it
 */
export async function runNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const child = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  // A terminal sends Ctrl-C to the whole group, so the child has it already.
  const forwarded = process.stdin.isTTY ? [...FORWARDED] : [...FORWARDED, 'SIGINT' as const];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  if (process.stdin.isTTY) process.on('SIGINT', () => {});
  const parent = process.ppid;
  const orphaned = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, PARENT_CHECK_MS);
  orphaned.unref();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
