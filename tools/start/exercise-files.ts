/**
 * The files of an exercise as they are now: where they stand, their hash, is the stub still there.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Place } from './find-exercise.ts';

/** Where a file of a chapter stands: `chapters/01-etcd/range.ts`, absolute. */
export function chapterFile(root: string, chapterId: string, name: string): string {
  return join(root, 'chapters', chapterId, ...name.split('/'));
}

/** Where the reference's chapters stand, absolute. */
export function referenceFolder(root: string): string {
  return join(root, isRelease(root) ? 'reference' : 'solutions');
}

/** Where the reference has a file of a chapter; in a release `range.ts` is `range.js`. */
export function referenceFile(root: string, chapterId: string, name: string): string {
  const own = isRelease(root) ? name.replace(/\.ts$/, '.js') : name;
  return join(referenceFolder(root), chapterId, ...own.split('/'));
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

/**
 * One hash over everything of the student's that decides whether an exercise passes.
 *
 * @remarks That is its own files; the files of all exercises taught before it, since its tests may
 * use those; what these import from the chapter's folder, and so on; and the component's surface.
 * Files of exercises taught later are left out: no exercise needs a later one, though a given file
 * may import it, as `field-labels.ts` does the class `StatusError`. Other components are the
 * reference's.
 */
export function hashExercise(root: string, { chapter, exercise }: Place): string {
  const at = chapter.exercises.findIndex((one) => one.id === exercise.id);
  const taught = chapter.exercises.slice(0, at + 1).flatMap((one) => one.files);
  const later = new Set(chapter.exercises.slice(at + 1).flatMap((one) => one.files));
  // The surface names every file of the component, so what it imports is not followed.
  const hashes = new Map([['index.ts', hashedFile(root, chapter.id, 'index.ts').hash]]);
  const open = [...taught];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (hashes.has(name) || later.has(name)) continue;
    const { hash, text } = hashedFile(root, chapter.id, name);
    hashes.set(name, hash);
    open.push(...importedFiles(name, text));
  }
  const parts = [...hashes].map(([name, hash]) => `${name} ${hash}`).sort();
  return hashText(parts.join('\n'));
}

function hashedFile(root: string, chapterId: string, name: string): { hash: string; text: string } {
  const path = chapterFile(root, chapterId, name);
  if (!existsSync(path)) return { hash: 'missing', text: '' };
  const text = readFileSync(path);
  return { hash: hashText(text), text: text.toString() };
}

/** What a file imports by path, seen from its chapter's folder: `./range.ts` is `range.ts`. */
function importedFiles(name: string, text: string): string[] {
  const found = text.matchAll(/(?:from|import)\s*['"](\.{1,2}\/[^'"]+\.ts)['"]/g);
  return [...found]
    .map(([, path = '']) => posix.join(posix.dirname(name), path))
    .filter((path) => !path.startsWith('..'));
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
