/**
 * Programs: TypeScript functions that files of images stand for. Given.
 *
 * An executable file's content names its program (`executable('nginx')`), or is a script that names
 * its interpreter (`#!/bin/sh`). So what can be run is decided by what an image has.
 */

import { FileError } from '#apimachinery';
import { cleanPath } from '../mounts/mounts.ts';
import type { ContainerFiles } from './container-files.ts';
import type { Process } from './process.ts';

/** What a program does; it returns, or resolves with, its exit code. */
export type Program = (process: Process) => number | Promise<number>;

/** Programs by name. */
export type Programs = ReadonlyMap<string, Program>;

const MAGIC = '\x7fPROGRAM ';
/** Interpreters may be scripts themselves, so deep. */
const MOST_INTERPRETERS = 4;

/** Content of an executable file that stands for a program. */
export function executable(program: string): Uint8Array {
  return new TextEncoder().encode(`${MAGIC}${program}\n`);
}

/** Thrown when a command cannot be started. Its text is runc's. */
export class ExecError extends Error {
  override readonly name = 'ExecError';
  /** What a shell exits with: 127 when it was not found, 126 when it may not be run. */
  readonly exitCode: 126 | 127;

  constructor(command: string, why: string, exitCode: 126 | 127) {
    super(`exec: "${command}": ${why}`);
    this.exitCode = exitCode;
  }
}

/** What a command turns out to be. */
export interface Executable {
  readonly program: Program;
  /** The file, without links. */
  readonly path: string;
  /** As the program gets it: an interpreter has the script's path in it. */
  readonly argv: readonly string[];
}

/** Where a command is looked for. */
export interface CommandSearch {
  readonly files: ContainerFiles;
  readonly cwd: string;
  /** Directories with `:` between them. */
  readonly path: string;
  readonly programs: Programs;
}

/** Finds what a command runs. @throws ExecError */
export function findExecutable(
  argv: readonly string[],
  search: CommandSearch,
  depth = 0,
): Executable {
  const [command = ''] = argv;
  const path = findFile(command, search);
  const stat = search.files.stat(path);
  if (stat?.kind === 'directory') throw new ExecError(command, 'is a directory', 126);
  if (!search.files.may(path, 'execute')) throw new ExecError(command, 'permission denied', 126);
  const text = new TextDecoder().decode(readAsKernel(search.files, path).subarray(0, 256));
  const real = search.files.realPath(path);
  const line = text.split('\n', 1)[0] ?? '';
  if (line.startsWith(MAGIC)) {
    const program = search.programs.get(line.slice(MAGIC.length));
    if (program !== undefined) return { program, path: real, argv };
  }
  if (line.startsWith('#!') && depth < MOST_INTERPRETERS) {
    const interpreter = line.slice(2).trim().split(/\s+/);
    return findExecutable([...interpreter, path, ...argv.slice(1)], search, depth + 1);
  }
  throw new ExecError(command, 'exec format error', 126);
}

/** To run a program one need not be allowed to read it. */
function readAsKernel(files: ContainerFiles, path: string): Uint8Array {
  const capabilities = new Set(['DAC_OVERRIDE']);
  const kernel = { uid: 0, gid: 0, groups: [], capabilities, noNewPrivs: false };
  return files.as(kernel).readFile(path);
}

function findFile(command: string, { files, cwd, path }: CommandSearch): string {
  if (command.includes('/')) {
    const full = command.startsWith('/') ? command : cleanPath(`${cwd}/${command}`);
    if (softStat(files, full) === undefined) {
      throw new ExecError(command, `stat ${command}: no such file or directory`, 127);
    }
    return full;
  }
  let forbidden: string | undefined;
  for (const directory of path.split(':')) {
    const full = cleanPath(`${directory || cwd}/${command}`);
    if (command === '' || softStat(files, full)?.kind !== 'file') continue;
    if (files.may(full, 'execute')) return full;
    forbidden ??= full;
  }
  if (forbidden !== undefined) return forbidden;
  throw new ExecError(command, 'executable file not found in $PATH', 127);
}

function softStat(files: ContainerFiles, path: string) {
  try {
    return files.stat(path);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
