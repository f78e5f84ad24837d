/**
 * A release's `chapters/`: stubs as the skeleton makes them, and what is written by hand.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { planSkeleton } from '../source/skeleton.ts';
import { SHIPPED_STUBS } from '../start/originals.ts';
import { readSyllabus } from '../syllabus.ts';
import type { ReleaseFiles } from './release-plan.ts';

/**
 * An instructor's choice of exercises and weights; what it does not name stays as it is.
 *
 * @example
 * { "exercises": { "etcd/lease": { "core": true, "hours": 3, "due": "2027-03-01" } } }
 */
export interface SyllabusChoice {
  readonly exercises: Readonly<
    Record<string, { readonly core?: boolean; readonly hours?: number; readonly due?: string }>
  >;
}

/** Reads and checks the file that `--syllabus` names. */
export function readSyllabusChoice(root: string, path: string): SyllabusChoice {
  const choice = JSON.parse(readFileSync(path, 'utf8')) as Partial<SyllabusChoice>;
  const known = new Set(readSyllabus(root).flatMap((c) => c.exercises.map((e) => e.id)));
  for (const [id, { core, hours, due }] of Object.entries(choice.exercises ?? {})) {
    if (!known.has(id)) throw new Error(`${path}: there is no exercise ${id}`);
    const isWhole =
      (core === undefined || typeof core === 'boolean') &&
      (hours === undefined || (typeof hours === 'number' && hours > 0)) &&
      (due === undefined || typeof due === 'string');
    if (!isWhole) throw new Error(`${path}: ${id} may have core (true, false), hours, due`);
  }
  return { exercises: choice.exercises ?? {} };
}

/**
 * @remarks Stubs come from the solutions, not from the disk: what the instructor has in
 * `chapters/` may be half a solution. Each goes in twice, once to work on and once for `reset`.
 */
export function chapterFiles(root: string, choice?: SyllabusChoice): ReleaseFiles {
  const files: ReleaseFiles = new Map();
  for (const [path, contents] of planSkeleton(root).wanted) {
    if (/\/tsconfig\.json$/.test(path)) continue;
    files.set(`chapters/${path}`, contents);
    if (path.endsWith('.ts')) files.set(`${SHIPPED_STUBS}/${path}`, contents);
  }
  for (const { id } of readSyllabus(root)) {
    for (const name of handwritten(join(root, 'chapters', id))) {
      const path = `chapters/${id}/${name}`;
      if (!files.has(path)) files.set(path, readText(join(root, path)));
    }
    const path = `chapters/${id}/chapter.json`;
    if (choice) files.set(path, withChoice(readText(join(root, path)) as string, choice));
  }
  return files;
}

/** Everything of a chapter's folder but code; the examples are code written by hand. */
function handwritten(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .filter(({ name }) => !name.endsWith('.ts') || name === 'examples.test.ts')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

function withChoice(chapterJson: string, choice: SyllabusChoice): string {
  const chapter = JSON.parse(chapterJson) as { exercises: { id: string }[] };
  const exercises = chapter.exercises.map((each) => ({ ...each, ...choice.exercises[each.id] }));
  return `${JSON.stringify({ ...chapter, exercises }, undefined, 2)}\n`;
}

/** Pictures stay bytes; everything else is text. */
function readText(path: string): string | Uint8Array {
  const bytes = readFileSync(path);
  return /\.(md|json|ts|svg|txt|proto)$/.test(path) ? bytes.toString('utf8') : bytes;
}
