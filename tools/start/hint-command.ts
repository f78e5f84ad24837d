/**
 * `npm run hint` in words: which exercise, which rung, how many are left.
 */

import { parseArgs } from 'node:util';
import { readState } from '../course-state.ts';
import { readSyllabus } from '../syllabus.ts';
import { findExercise, type Place, UsageError } from './find-exercise.ts';
import { takeHint } from './hints.ts';
import type { CommandContext } from './run-command.ts';
import { nextExercise, readStandings } from './standing.ts';

/** `npm run hint -- [ID] [--again]` */
export function hintCommand({ root, args, print }: CommandContext): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { again: { type: 'boolean', default: false } },
  });
  const place = placeOrCurrent(root, positionals);
  const hint = takeHint(root, place, values.again);
  const { exercise } = place;
  if (!hint) {
    print(`${exercise.number} ${exercise.title} (${exercise.id}) has no hints.`);
    return 0;
  }
  print(`${exercise.number} ${exercise.title} (${exercise.id}), hint ${hint.number} of ${hint.of}`);
  print('');
  print(hint.text);
  print('');
  print(hintOutlook(exercise.id, hint.number, hint.of));
  return 0;
}

function placeOrCurrent(root: string, positionals: readonly string[]): Place {
  const chapters = readSyllabus(root);
  if (positionals.length > 1) throw new UsageError('one exercise at a time');
  if (positionals[0] !== undefined) return findExercise(chapters, positionals[0]);
  const next = nextExercise(readStandings(root, chapters, readState(root)));
  if (!next) throw new UsageError('everything is done; name an exercise: npm run hint -- ID');
  return next;
}

function hintOutlook(id: string, number: number, of: number): string {
  if (number < of) return `${of - number} more: npm run hint -- ${id}`;
  return `That was the last one. npm run borrow -- ${id} uses the reference's file, at no points.`;
}
