/** What the commands of the busybox image have in common. Given. */

import { FileError } from '#apimachinery';
import { type ByteSource, concat, readAll } from '../../kernel/pipe.ts';
import { type Process, ProcessEnded } from '../../kernel/process.ts';
import { absolute } from '../shell/pattern.ts';

/** A command: its arguments without its name. */
export type Applet = (process: Process, args: readonly string[]) => number | Promise<number>;

/** Options in front: `-la` is `l` and `a`; what follows them. */
export function options(
  args: readonly string[],
  withValue = '',
): { flags: Set<string>; values: Map<string, string>; rest: string[] } {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  let areOver = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (areOver || !/^-./.test(arg)) rest.push(arg);
    else if (arg === '--') areOver = true;
    else if (arg.startsWith('--')) flags.add(arg);
    else i += letters(arg, args[i + 1], withValue, flags, values);
  }
  return { flags, values, rest };
}

/** @returns 1 when the next argument was an option's value */
function letters(
  arg: string,
  next: string | undefined,
  withValue: string,
  flags: Set<string>,
  values: Map<string, string>,
): number {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg[at] ?? '';
    flags.add(letter);
    if (!withValue.includes(letter)) continue;
    const value = arg.slice(at + 1);
    values.set(letter, value || (next ?? ''));
    return value === '' ? 1 : 0;
  }
  return 0;
}

/** Calls something for each file, and says for which it failed. @returns the exit code */
export async function each(
  process: Process,
  name: string,
  paths: readonly string[],
  action: (path: string, full: string) => void | Promise<void>,
  verb = '',
): Promise<number> {
  let status = 0;
  for (const path of paths) {
    try {
      await action(path, absolute(process, path));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await process.writeError(`${name}: ${verb}${verb ? `'${path}'` : path}: ${why(error)}\n`);
      status = 1;
    }
  }
  return status;
}

/** The reason of a file's error, as the C library says it. */
export function why(error: FileError): string {
  const text = error.message.slice(error.message.lastIndexOf(': ') + 2);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Content of the files, or of standard input when there is none or it is `-`. */
export async function inputBytes(process: Process, paths: readonly string[]): Promise<Uint8Array> {
  const contents: Uint8Array[] = [];
  for (const path of paths.length > 0 ? paths : ['-']) {
    contents.push(
      path === '-' ? await allInput(process) : process.files.readFile(absolute(process, path)),
    );
  }
  return concat(contents);
}

/** As {@link inputBytes}, as text. */
export async function inputText(process: Process, paths: readonly string[]): Promise<string> {
  return decode(await inputBytes(process, paths));
}

export async function allInput(process: Process): Promise<Uint8Array> {
  return process.wait(readAll(process.stdin));
}

/** Lines as they come. */
export async function* linesOf(process: Process, source: ByteSource): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for (
    let bytes = await process.wait(source.read());
    bytes;
    bytes = await process.wait(source.read())
  ) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

export function splitLines(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

export function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Passes on what is no file's error. */
export function rethrowUnlessFile(error: unknown): FileError {
  if (error instanceof FileError) return error;
  throw error instanceof ProcessEnded ? error : error;
}
