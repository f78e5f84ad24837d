/**
 * `reset`, `borrow` and `unborrow` in words: arguments in, lines out.
 */

import { parseArgs } from 'node:util';
import { readState } from '../course-state.ts';
import { readSyllabus } from '../syllabus.ts';
import { borrow, type FileChange, reset, unborrow } from './borrowing.ts';
import { findChapter, findExercise, type Place, UsageError } from './find-exercise.ts';
import { openOriginals } from './originals.ts';
import type { CommandContext } from './run-command.ts';
import { isSettled, readStandings } from './standing.ts';

/** `npm run reset -- ID` */
export async function resetCommand({ root, args, print }: CommandContext): Promise<number> {
  const place = onlyPlace(root, args, 'reset');
  const changes = reset(root, await openOriginals(root), place);
  for (const { path, before } of changes) {
    if (before !== undefined) print(`your own ${path} from before it was borrowed is ${before}`);
  }
  for (const { path, kept, before } of changes) {
    const whose = before === undefined ? 'your text' : 'the borrowed text as you edited it';
    print(`${path} is its stub again${kept ? `; ${whose} is kept in ${kept}` : ''}`);
  }
  return 0;
}

/** `npm run borrow -- ID…` or `npm run borrow -- --extras CHAPTER` */
export async function borrowCommand({ root, args, print }: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { extras: { type: 'string' } },
  });
  const places = placesToBorrow(root, positionals, values.extras);
  const originals = await openOriginals(root);
  for (const place of places) {
    printBorrowed(print, place, borrow(root, originals, place));
  }
  if (values.extras !== undefined) printLeft(root, values.extras, print);
  return 0;
}

/** `npm run unborrow -- ID…` */
export function unborrowCommand({ root, args, print }: CommandContext): number {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  if (positionals.length === 0) throw new UsageError('which exercise? npm run unborrow -- ID');
  const chapters = readSyllabus(root);
  for (const place of positionals.map((text) => findExercise(chapters, text))) {
    for (const { path, kept } of unborrow(root, place)) {
      const edited = kept ? `; the borrowed text as you edited it is kept in ${kept}` : '';
      print(`${path} is yours again${edited}`);
    }
  }
  return 0;
}

function onlyPlace(root: string, args: readonly string[], command: string): Place {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) {
    throw new UsageError(`name one exercise: npm run ${command} -- ID`);
  }
  return findExercise(readSyllabus(root), text);
}

function placesToBorrow(root: string, ids: readonly string[], extras?: string): Place[] {
  const chapters = readSyllabus(root);
  if (ids.length === 0 && extras === undefined) {
    throw new UsageError('which exercise? npm run borrow -- ID, or --extras CHAPTER');
  }
  const named = ids.map((text) => findExercise(chapters, text));
  if (extras === undefined) return named;
  const chapter = findChapter(chapters, extras);
  const state = readState(root);
  const open = chapter.exercises.filter(
    (exercise) => !exercise.core && !state.exercises[exercise.id]?.borrowed,
  );
  return [...named, ...open.map((exercise) => ({ chapter, exercise }))];
}

function printBorrowed(print: (line: string) => void, place: Place, changes: FileChange[]): void {
  const { exercise } = place;
  print(`${exercise.number} ${exercise.title} (${exercise.id}) is borrowed, at no points`);
  for (const { path, kept } of changes) {
    print(`  ${path}${kept ? `; yours is kept in ${kept}` : ' (there was none)'}`);
  }
}

/** What the chapter still asks for, in the curriculum's own words: exercises and hours. */
function printLeft(root: string, text: string, print: (line: string) => void): void {
  const chapters = readSyllabus(root);
  const chapter = findChapter(chapters, text);
  const left = readStandings(root, [chapter], readState(root)).filter((entry) => !isSettled(entry));
  const hours = left.reduce((sum, { exercise }) => sum + exercise.hours, 0);
  print('');
  print(
    `left to write in ${chapter.id}: ${left.length} of ${chapter.exercises.length} exercises, about ${hours} h`,
  );
  for (const { exercise } of left) print(`  ${exercise.number} ${exercise.title} (${exercise.id})`);
}
