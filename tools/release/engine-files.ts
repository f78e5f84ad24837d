/**
 * A release's `tools/`: the commands a student has, and every module they reach.
 *
 * What only maintainers use is left out by not being reached; nobody keeps a list of it.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ReleaseFiles } from './release-plan.ts';
import { importSpecifiers } from './specifiers.ts';

/** Commands that go along, when the course has them. */
export const STUDENT_COMMANDS = [
  'start',
  'grade',
  'hint',
  'reset',
  'borrow',
  'unborrow',
  'component',
  'cluster',
  'explain',
  'trace',
  'storm',
] as const;

/** Loaded by name, so that no import leads there. */
const BY_NAME = [
  'tools/not-implemented.ts',
  'tools/start/lend.ts',
  'tools/start/loan-hooks.ts',
  'tools/start/not-written-notice.ts',
  'tools/tsconfig.json',
];

/** Reached only where there are solutions. */
const MAINTAINERS_ONLY = /^tools\/start\/solution-originals/;

/** The child that runs student code is put together from these, whole. */
const WHOLE_FOLDERS = ['tools/judge', 'tests/kit'];

/** @returns `tools/commands/start.ts` and all it needs */
export function engineFiles(root: string): ReleaseFiles {
  const commands = STUDENT_COMMANDS.map((name) => `tools/commands/${name}.ts`);
  const wanted = [...commands, ...BY_NAME, ...wholeFolders(root)];
  const files: ReleaseFiles = new Map();
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (files.has(path) || MAINTAINERS_ONLY.test(path) || !existsSync(join(root, path))) continue;
    const text = readFileSync(join(root, path), 'utf8');
    files.set(path, text);
    if (path.endsWith('.ts')) wanted.push(...reached(path, text));
  }
  return files;
}

function wholeFolders(root: string): string[] {
  return WHOLE_FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .map((path) => path.replaceAll('\\', '/')),
  );
}

function reached(path: string, text: string): string[] {
  return importSpecifiers(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}
