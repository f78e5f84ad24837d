/**
 * Check: an exercise's tests need only what was taught before it, and core needs no extra, so that a
 * chapter can be done in its order and its core alone.
 */

import { type Exercise, readSyllabus } from '../syllabus.ts';
import type { Check } from './check.ts';
import { DEPENDENCIES_FILE, type Dependencies, readDependencies } from './dependencies.ts';

/** Reads what the gates measured; `npm test` measures it again. */
export const teachingOrder: Check = {
  name: 'teaching order',
  run: (root) => {
    const exercises = readSyllabus(root).flatMap((chapter) => chapter.exercises);
    const needs = readDependencies(root);
    if (needs === undefined) {
      return exercises.length === 0 ? [] : [`there is no ${DEPENDENCIES_FILE}: ${HOW_TO_WRITE}`];
    }
    return [
      ...outOfDate(exercises, needs),
      ...coreOnExtras(exercises, needs),
      ...onLater(exercises, needs),
    ];
  },
};

/** What to run when the record is out of date. */
export const HOW_TO_WRITE = 'run `npm run check -- --gates --write`';

function outOfDate(exercises: readonly Exercise[], needs: Dependencies): string[] {
  const ids = exercises.map(({ id }) => id);
  const recorded = Object.keys(needs);
  if (ids.length === recorded.length && ids.every((id, i) => id === recorded[i])) return [];
  return [`${DEPENDENCIES_FILE} lists other exercises than chapter.json: ${HOW_TO_WRITE}`];
}

/** @returns one line for each core exercise that needs an extra */
export function coreOnExtras(
  exercises: readonly Pick<Exercise, 'id' | 'core'>[],
  needs: Dependencies,
): string[] {
  const extras = new Set(exercises.filter(({ core }) => !core).map(({ id }) => id));
  return exercises
    .filter(({ core }) => core)
    .flatMap(({ id }) =>
      (needs[id] ?? [])
        .filter((other) => extras.has(other))
        .map((other) => `the tests of core exercise ${id} need extra ${other}`),
    );
}

/** @returns one line for each exercise that needs one taught after it */
export function onLater(exercises: readonly Pick<Exercise, 'id'>[], needs: Dependencies): string[] {
  const order = exercises.map(({ id }) => id);
  return order.flatMap((id, place) =>
    (needs[id] ?? [])
      .filter((other) => order.indexOf(other) > place)
      .map((other) => `the tests of ${id} need ${other}, which is taught after it`),
  );
}
