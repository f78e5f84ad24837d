/**
 * Where reference and hidden tests are: sources in the instructor's repository, bundles in a release.
 *
 * One decision by what is there, made here only.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Chapter, Exercise } from '../syllabus.ts';

/** The folder of a chapter's reference, relative to the top: `solutions/01-etcd`. */
export function referenceFolder(root: string, chapter: Chapter): string {
  const top = existsSync(join(root, 'solutions')) ? 'solutions' : 'reference';
  return `${top}/${chapter.id}`;
}

/**
 * The hidden test file of an exercise.
 *
 * @returns its path from the top and whether it is compiled already; `undefined` when there is none
 */
export function hiddenTest(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
): { file: string; bundled: boolean } | undefined {
  const source = `tests/${chapter.id}/${exercise.name}.test.ts`;
  if (existsSync(join(root, source))) return { file: source, bundled: false };
  const bundle = `hidden/${chapter.id}/${exercise.name}.test.js`;
  if (existsSync(join(root, bundle))) return { file: bundle, bundled: true };
  return undefined;
}
