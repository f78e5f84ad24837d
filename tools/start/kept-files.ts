/**
 * Where a student's text goes before a command writes over it: `.course/kept/`.
 *
 * Nothing is ever deleted there and no name is used twice, so no command can lose a line.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Copies a file aside, byte for byte.
 *
 * @param root - the repository's top folder
 * @param id - the exercise the file belongs to
 * @param file - the file, absolute
 * @param name - the file's name inside its chapter, for example `range.ts`
 * @returns the copy's path from `root`, with `/`; `null` when there is no such file to keep
 */
export function keepFile(root: string, id: string, file: string, name: string): string | null {
  if (!existsSync(file)) return null;
  const folder = join(root, '.course', 'kept', flat(id));
  mkdirSync(folder, { recursive: true });
  const copy = `${nextNumber(folder)}-${flat(name)}`;
  // 'wx' refuses a name that is taken: two commands at once cannot overwrite each other's copy.
  writeFileSync(join(folder, copy), readFileSync(file), { flag: 'wx' });
  return `.course/kept/${flat(id)}/${copy}`;
}

/** What is kept of an exercise, oldest first, as paths from `root` with `/`. */
export function keptCopies(root: string, id: string): string[] {
  const folder = join(root, '.course', 'kept', flat(id));
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => `.course/kept/${flat(id)}/${name}`);
}

function nextNumber(folder: string): string {
  const used = readdirSync(folder).map((name) => Number.parseInt(name, 10) || 0);
  return String(Math.max(0, ...used) + 1).padStart(4, '0');
}

function flat(name: string): string {
  return name.replaceAll('/', '__');
}
