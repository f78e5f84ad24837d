/**
 * The frame of every command: where the course is, what was asked, how a refusal looks.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptStateError } from '../course-state.ts';
import { UsageError } from './find-exercise.ts';

/** What a command works with; tests give their own. */
export interface CommandContext {
  /** The course's top folder. */
  readonly root: string;
  readonly args: readonly string[];
  readonly print: (line: string) => void;
}

/**
 * Runs a command's main in the current folder and sets the exit code.
 *
 * @remarks 2 means that what was asked cannot be done: one line on standard error, no stack. Any
 * other error is a fault of the course and is shown whole.
 */
export async function runCommand(
  main: (context: CommandContext) => number | Promise<number>,
): Promise<void> {
  const root = process.cwd();
  const print = (line: string) => process.stdout.write(`${line}\n`);
  // `npm run x | head` closes the pipe early; that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    if (!existsSync(join(root, 'chapters'))) {
      throw new UsageError(`${root} is not the course's folder: it has no chapters/`);
    }
    process.exitCode = await main({ root, args: process.argv.slice(2), print });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** Is it something the user can put right, so that a stack would only be noise? */
function isRefusal(error: unknown): error is Error {
  if (error instanceof UsageError || error instanceof CorruptStateError) return true;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code?.startsWith('ERR_PARSE_ARGS') ?? false;
}
