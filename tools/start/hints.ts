/**
 * The ladder of hints of an exercise, from the chapter's `hints.md`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readState, updateExercise } from '../course-state.ts';
import type { Place } from './find-exercise.ts';

/** One rung, with how far up the ladder it is. */
export interface Hint {
  /** Counted from 1. */
  readonly number: number;
  readonly of: number;
  readonly text: string;
}

/**
 * Reads the rungs under `## id`, each under a `### Hint N`, in the order they stand.
 *
 * @returns none when the file or the section is missing
 */
export function readLadder(root: string, { chapter, exercise }: Place): string[] {
  const path = join(root, 'chapters', chapter.id, 'hints.md');
  if (!existsSync(path)) return [];
  return parseLadder(readFileSync(path, 'utf8'), exercise.id);
}

/** The same from the file's text; a heading inside a code fence is not a heading. */
export function parseLadder(markdown: string, id: string): string[] {
  const rungs: string[][] = [];
  let inSection = false;
  let rung: string[] | undefined;
  let fenced = false;
  for (const line of markdown.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,3})\s+(.*?)\s*$/.exec(line);
    if (heading && heading[1] !== '###') {
      inSection = heading[1] === '##' && heading[2] === id;
      rung = undefined;
    } else if (heading && inSection) {
      rung = [];
      rungs.push(rung);
    } else if (inSection) {
      rung?.push(line);
    }
  }
  return rungs.map((lines) => lines.join('\n').trim());
}

/**
 * Takes the next rung and remembers it; at the top of the ladder the last one again.
 *
 * @param again - shows the rung taken last instead of a new one
 * @returns `undefined` when the exercise has no hints
 */
export function takeHint(root: string, place: Place, again = false): Hint | undefined {
  const ladder = readLadder(root, place);
  const taken = Math.min(hintsTaken(root, place.exercise.id), ladder.length);
  const number = again ? Math.max(taken, 1) : Math.min(taken + 1, ladder.length);
  const text = ladder[number - 1];
  if (text === undefined) return undefined;
  if (number > taken) {
    updateExercise(root, place.exercise.id, (now) => ({ ...now, hints: number }));
  }
  return { number, of: ladder.length, text };
}

/** How many hints of an exercise were taken so far. */
export function hintsTaken(root: string, id: string): number {
  return readState(root).exercises[id]?.hints ?? 0;
}
