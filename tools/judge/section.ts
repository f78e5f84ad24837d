/** Where a chapter's handout explains an exercise. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slug } from '../site/slug.ts';
import type { Chapter, Exercise } from '../syllabus.ts';

/** The exercise's section: `chapters/01-etcd/README.md#range`. */
export function sectionOf(chapter: Chapter, exercise: Exercise): string {
  return `chapters/${chapter.id}/README.md#${slug(exercise.title)}`;
}

/** The line the section begins at, `undefined` when the handout has no such heading. */
export function sectionLine(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
): number | undefined {
  const path = join(root, 'chapters', chapter.id, 'README.md');
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').split('\n');
  const found = lines.findIndex((line) => line.trim() === `## ${exercise.title}`);
  return found < 0 ? undefined : found + 1;
}
