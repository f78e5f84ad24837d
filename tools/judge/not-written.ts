/**
 * Is an exercise not written yet? Known from its text alone: every body still only throws.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exercise } from '../syllabus.ts';

/**
 * Tells whether all stubs of an exercise still stand.
 *
 * @param folder - the student's files of the chapter, absolute
 */
export async function isNotWritten(folder: string, exercise: Exercise): Promise<boolean> {
  const texts = exercise.files
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
  // The compiler is slow to load; where no stub's line stands there is nothing to ask it.
  if (!texts.some((text) => text.includes(`new NotImplemented('${exercise.id}'`))) return false;
  const { findExercises } = await import('../source/exercises.ts');
  try {
    const bodies = texts
      .flatMap((text, i) => findExercises(text, exercise.files[i] ?? ''))
      .filter((body) => body.id === exercise.id);
    return bodies.length > 0 && bodies.every((body) => body.isStub);
  } catch {
    // Changed so much that it cannot be read as a stub: the tests will tell.
    return false;
  }
}
