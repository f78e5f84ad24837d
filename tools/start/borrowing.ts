/**
 * `reset`, `borrow` and `unborrow`: an exercise's files replaced, the student's text never lost.
 *
 * Each keeps a copy first, then remembers where, then writes. A stop between two steps leaves a
 * copy too many, never one too few.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Borrowed, readState, updateExercise } from '../course-state.ts';
import { chapterFile, hashFile, hashText } from './exercise-files.ts';
import { type Place, UsageError } from './find-exercise.ts';
import { keepFile, keptCopies } from './kept-files.ts';
import { filesToBorrow, type Originals } from './originals.ts';

/** What a command did to one file; the commands put it into words. */
export interface FileChange {
  /** From the repository's top, with `/`. */
  readonly path: string;
  /** Where the text that stood there is now; `null` when nothing was worth keeping. */
  readonly kept: string | null;
  /** Where the student's own text from before a borrow is, when that borrow is over now. */
  readonly before?: string;
}

/**
 * Puts the stub of one exercise back, whatever stands there now: also text that does not parse, a
 * borrowed file, or nothing at all.
 *
 * @throws UsageError when the course has no stub for one of the exercise's files and no such file
 * can have been the student's own
 */
export function reset(root: string, originals: Originals, place: Place): FileChange[] {
  const { chapter, exercise } = place;
  const borrowed = readState(root).exercises[exercise.id]?.borrowed;
  const names = new Set([...exercise.files, ...Object.keys(borrowed?.written ?? {})]);
  const stubs = [...names].map((name) => ({ name, stub: originals.stub(chapter, name) }));
  if (stubs.every(({ stub }) => stub === undefined)) {
    throw new UsageError(`the course has no stub for ${exercise.id}: ${exercise.files.join(', ')}`);
  }
  const changes = stubs.map(({ name, stub }) => {
    const path = chapterFile(root, chapter.id, name);
    const worthKeeping = readText(path) !== stub && hashFile(path) !== borrowed?.written[name];
    const kept = worthKeeping ? keepFile(root, exercise.id, path, name) : null;
    return { name, stub, path, kept, before: borrowed?.kept[name] ?? null };
  });
  updateExercise(root, exercise.id, ({ hints }) => (hints === undefined ? {} : { hints }));
  for (const { path, stub } of changes) write(path, stub);
  return changes.map(({ name, kept, before }) => ({
    path: shown(place, name),
    kept,
    ...(before !== null && { before }),
  }));
}

/**
 * Lets the reference's files take the place of the student's.
 *
 * @throws UsageError when the exercise is borrowed already or the reference does not have it
 */
export function borrow(root: string, originals: Originals, place: Place): FileChange[] {
  const { chapter, exercise } = place;
  if (readState(root).exercises[exercise.id]?.borrowed) {
    throw new UsageError(
      `${exercise.id} is borrowed already; npm run unborrow -- ${exercise.id} gives yours back`,
    );
  }
  const texts = filesToBorrow(root, originals, place);
  if (texts.size === 0) throw new UsageError(`the reference has no file for ${exercise.id}`);
  const names = [...new Set([...exercise.files, ...texts.keys()])];
  const kept: Record<string, string | null> = {};
  for (const name of names) {
    kept[name] = keepFile(root, exercise.id, chapterFile(root, chapter.id, name), name);
  }
  const written = Object.fromEntries([...texts].map(([name, text]) => [name, hashText(text)]));
  const borrowed: Borrowed = { kept, written };
  updateExercise(root, exercise.id, (now) => ({ ...now, borrowed }));
  for (const [name, text] of texts) write(chapterFile(root, chapter.id, name), text);
  return names.map((name) => ({ path: shown(place, name), kept: kept[name] ?? null }));
}

/**
 * Gives the student's files back, byte for byte; a borrowed file edited since is kept first.
 *
 * @throws UsageError when the exercise is not borrowed, or a kept copy is missing: then nothing
 * is changed
 */
export function unborrow(root: string, place: Place): FileChange[] {
  const { chapter, exercise } = place;
  const borrowed = readState(root).exercises[exercise.id]?.borrowed;
  if (!borrowed) throw new UsageError(`${exercise.id} is not borrowed${keptHint(root, place)}`);
  const back = Object.entries(borrowed.kept).map(([name, copy]) => ({
    name,
    path: chapterFile(root, chapter.id, name),
    bytes: copy === null ? undefined : readKept(root, copy),
  }));
  const changes = back.map((file) => {
    const now = existsSync(file.path) ? readFileSync(file.path) : undefined;
    const untouched =
      now === undefined ||
      hashText(now) === borrowed.written[file.name] ||
      (file.bytes !== undefined && now.equals(file.bytes));
    return { ...file, kept: untouched ? null : keepFile(root, exercise.id, file.path, file.name) };
  });
  for (const { path, bytes } of changes) write(path, bytes);
  updateExercise(root, exercise.id, ({ borrowed: _over, ...rest }) => rest);
  return changes.map(({ name, kept }) => ({ path: shown(place, name), kept }));
}

/** Where to look for a text that `unborrow` cannot bring back, after a `reset` for example. */
function keptHint(root: string, { exercise }: Place): string {
  const copies = keptCopies(root, exercise.id);
  return copies.length === 0 ? '' : `; texts of yours are kept: ${copies.join(', ')}`;
}

function readKept(root: string, copy: string): Buffer {
  const path = join(root, ...copy.split('/'));
  if (existsSync(path)) return readFileSync(path);
  throw new UsageError(`your file should be in ${copy}, but it is not there; nothing was changed`);
}

function write(path: string, text: string | Buffer | undefined): void {
  if (text === undefined) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function shown({ chapter }: Place, name: string): string {
  return `chapters/${chapter.id}/${name}`;
}
