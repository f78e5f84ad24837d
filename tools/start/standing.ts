/**
 * Where a student stands, known without running anything: from the files and the state.
 */

import type { CourseState } from '../course-state.ts';
import type { Chapter } from '../syllabus.ts';
import { hashExercise, isNotWritten } from './exercise-files.ts';
import { allPlaces, type Place } from './find-exercise.ts';

/**
 * - `passed`: had full marks, and its files and those it builds on are still the same
 * - `changed`: had full marks when last graded, but one of those files was edited since
 * - `started`: the stub is gone, and it was not graded since or had not full marks
 */
export type Standing = 'passed' | 'changed' | 'started' | 'not-written' | 'borrowed';

/** One exercise with its standing. */
export interface Entry extends Place {
  readonly standing: Standing;
}

/** All exercises in order, each with its standing. */
export function readStandings(
  root: string,
  chapters: readonly Chapter[],
  state: CourseState,
): Entry[] {
  return allPlaces(chapters).map((place) => ({
    ...place,
    standing: standingOf(root, place, state),
  }));
}

function standingOf(root: string, place: Place, state: CourseState): Standing {
  const known = state.exercises[place.exercise.id];
  if (known?.borrowed) return 'borrowed';
  if (isNotWritten(root, place)) return 'not-written';
  if (known?.passed === undefined) return 'started';
  return known.passed === hashExercise(root, place) ? 'passed' : 'changed';
}

/** Is there nothing left to do here? A borrowed exercise counts as settled, at no points. */
export function isSettled(entry: Entry): boolean {
  return entry.standing === 'passed' || entry.standing === 'borrowed';
}

/**
 * What to work on: the first core exercise that is not settled, then the first extra.
 *
 * @param after - start looking behind this exercise, and come round
 * @returns `undefined` when everything is settled
 */
export function nextExercise(entries: readonly Entry[], after?: string): Entry | undefined {
  const start = entries.findIndex((entry) => entry.exercise.id === after) + 1;
  const turned = [...entries.slice(start), ...entries.slice(0, start)];
  const open = turned.filter((entry) => !isSettled(entry));
  if (after !== undefined) return open[0];
  return open.find((entry) => entry.exercise.core) ?? open[0];
}

/** Points earned so far by what is passed now; extras are counted apart. */
export function countPoints(entries: readonly Entry[]): { points: number; bonus: number } {
  let points = 0;
  let bonus = 0;
  for (const { exercise, standing } of entries) {
    if (standing !== 'passed') continue;
    if (exercise.core) points += exercise.points;
    else bonus += exercise.points;
  }
  return { points, bonus };
}
