/** How a program begins and ends: its flags read, one line for what is wrong, an exit code. Given. */

import { CommanderError } from 'commander';

/** A program. */
export interface ProgramMain<Flags> {
  /** For messages: `kube-scheduler`. */
  readonly name: string;
  /** @throws CommanderError after it has said in one line what is wrong; with exit code 0 after `--help` */
  readonly parseFlags: (argv: readonly string[]) => Flags;
  /** Resolves when it runs, or when it has ended; what it rejects with ends the program with code 1. */
  readonly run: (flags: Flags) => Promise<void>;
}

/** Runs a program with this process's arguments. Wrong flags end it with code 2. */
export function startProgram<Flags>({ name, parseFlags, run }: ProgramMain<Flags>): void {
  try {
    run(parseFlags(process.argv.slice(2))).catch(failureOf(name));
  } catch (error) {
    // Commander has said what is wrong.
    process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
  }
}

/** What to do with an error that nobody can mend: one line, and code 1. */
export function failureOf(name: string): (error: unknown) => void {
  return (error) => {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message}\n`, () => process.exit(1));
  };
}

/** The last word of a program that was told to stop. */
export function sayStopped(): void {
  process.stdout.write('stopped\n', () => process.exit(0));
}
