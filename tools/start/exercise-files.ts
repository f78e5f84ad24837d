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
 * Is there nothing of the exercise yet: does every one of its bodies only throw, or is there no file?
 *
 * @remarks Bodies are counted by their tags, in the text alone: the board must not wait for a
 * compiler. The grader looks at the syntax.
 */
export function isNotWritten(root: string, { chapter, exercise }: Place): boolean {
  const texts = exercise.files
    .map((name) => chapterFile(root, chapter.id, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
  return texts.length === 0 || holdsOnlyStubs(texts.join('\n'), exercise.id);
}

/** Does each `@exercise id` of the text have its line that throws `NotImplemented`? */
export function holdsOnlyStubs(text: string, id: string): boolean {
  const lines = text.split('\n').map((line) => line.trim());
  const stubs = lines.filter((line) => line.startsWith(`throw new NotImplemented('${id}'`));
  const tags = lines.filter((line) => line.replace(/^[/* ]*/, '').startsWith(`@exercise ${id}`));
  return stubs.length > 0 && stubs.length >= tags.length;
}
