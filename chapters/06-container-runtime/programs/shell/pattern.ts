/** `*`, `?` and `[…]`: in file names, in `case`, in `${x%…}`. Given. */

import type { Process } from '../../kernel/process.ts';

/** Marks characters that stand for themselves, inside a pattern that is being put together. */
export const LITERAL = '\uE000';

/** A pattern as a regular expression for the whole text. */
export function patternRegExp(pattern: string, isLazy = false): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    if (char === LITERAL) source += escapeRegExp(pattern[++i] ?? '');
    else if (char === '*') source += isLazy ? '.*?' : '.*';
    else if (char === '?') source += '.';
    else if (char === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2);
      source += `[${pattern
        .slice(i + 1, end)
        .replaceAll(LITERAL, '')
        .replace(/^!/, '^')}]`;
      i = end;
    } else source += escapeRegExp(char);
  }
  return new RegExp(`^${source}$`, 's');
}

function escapeRegExp(char: string): string {
  return /[.*+?^${}()|[\]\\/-]/.test(char) ? `\\${char}` : char;
}

/** Does a pattern have something that matches more than itself? */
export function hasWildcard(pattern: string): boolean {
  return /(^|[^\uE000])[*?[]/.test(pattern);
}

/** A pattern without its marks. */
export function plainText(pattern: string): string {
  return pattern.replaceAll(LITERAL, '');
}

/** The files that a pattern names, sorted; none when there is none. */
export function matchingFiles(process: Process, pattern: string): string[] {
  const isAbsolute = pattern.startsWith('/');
  let found = [isAbsolute ? '' : '.'];
  for (const part of pattern.split('/').filter((one) => one !== '')) {
    found = found.flatMap((directory) => matchesIn(process, directory, part));
  }
  return isAbsolute ? found : found.map((path) => path.slice(2));
}

function matchesIn(process: Process, directory: string, part: string): string[] {
  const full = absolute(process, directory === '' ? '/' : directory);
  if (!hasWildcard(part)) {
    const path = `${directory}/${plainText(part)}`;
    return process.files.linkStat(absolute(process, path)) ? [path] : [];
  }
  if (process.files.stat(full)?.kind !== 'directory') return [];
  const regExp = patternRegExp(part);
  return process.files
    .list(full)
    .filter((name) => regExp.test(name) && (!name.startsWith('.') || part.startsWith('.')))
    .map((name) => `${directory}/${name}`);
}

/** A path from the process's working directory. */
export function absolute(process: Process, path: string): string {
  return path.startsWith('/') ? path : `${process.cwd}/${path}`;
}
