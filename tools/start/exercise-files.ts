/**
 * The files of an exercise as they are now: where they stand, their hash, is the stub still there.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './find-exercise.ts';

/** Where a file of a chapter stands: `chapters/01-etcd/range.ts`, absolute. */
export function chapterFile(root: string, chapterId: string, name: string): string {
  return join(root, 'chapters', chapterId, ...name.split('/'));
}

/** Tells a release from the instructor's repository: only the latter has solutions. */
export function isRelease(root: string): boolean {
  return !existsSync(join(root, 'solutions'));
}

/** A short name for a text's content, the same on every machine. */
export function hashText(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The hash of a file, `undefined` when there is none. */
export function hashFile(path: string): string | undefined {
  return existsSync(path) ? hashText(readFileSync(path)) : undefined;
}

/** One hash over all files of an exercise; it changes when any of them does. */
export function hashExercise(root: string, { chapter, exercise }: Place): string {
  const parts = exercise.files.map(
    (name) => `${name} ${hashFile(chapterFile(root, chapter.id, name)) ?? 'missing'}`,
  );
  return hashText(parts.join('\n'));
}

/**
 * Does the stub still stand in one of the exercise's files?
 *
 * @remarks It looks for the line every stub has, so a half-written exercise counts as not written
 * until its last stub is gone. A missing file has not been written either.
 */
export function isNotWritten(root: string, { chapter, exercise }: Place): boolean {
  return exercise.files.some((name) => {
    const path = chapterFile(root, chapter.id, name);
    return existsSync(path) && holdsStub(readFileSync(path, 'utf8'), exercise.id);
  });
}

/** Does the text throw NotImplemented for this exercise on a line of its own? */
export function holdsStub(text: string, id: string): boolean {
  return text
    .split('\n')
    .some((line) => /^\s*throw new NotImplemented\(/.test(line) && line.includes(`'${id}'`));
}
