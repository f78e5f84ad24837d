/**
 * From what a person types (`1.3`, `etcd/range`, `range`) to an exercise, or to a helpful refusal.
 */

import { type Chapter, type Exercise, findInSyllabus } from '../syllabus.ts';

/** An exercise together with the chapter it is in. */
export interface Place {
  readonly chapter: Chapter;
  readonly exercise: Exercise;
}

/** What the user typed cannot be done; commands print the message alone and exit with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** All exercises in the order they are taught. */
export function allPlaces(chapters: readonly Chapter[]): Place[] {
  return chapters.flatMap((chapter) =>
    chapter.exercises.map((exercise) => ({ chapter, exercise })),
  );
}

/**
 * @param text - a number, an id, or an id's second half when only one exercise has it
 * @throws UsageError with the nearest ids when nothing fits
 */
export function findExercise(chapters: readonly Chapter[], text: string): Place {
  const found = findInSyllabus(chapters, text);
  if (found?.exercise) return { chapter: found.chapter, exercise: found.exercise };
  const places = allPlaces(chapters);
  const named = places.filter((place) => place.exercise.name === text);
  if (named.length === 1 && named[0]) return named[0];
  if (found) {
    const ids = found.chapter.exercises.map((exercise) => exercise.id).join(', ');
    throw new UsageError(`${text} is a whole chapter; name one exercise of it: ${ids}`);
  }
  const near = nearestIds(places, text).join(', ');
  throw new UsageError(
    `there is no exercise ${text}; did you mean ${near || 'a course with any'}?`,
  );
}

/** @throws UsageError when no chapter is meant by the text */
export function findChapter(chapters: readonly Chapter[], text: string): Chapter {
  const found = findInSyllabus(chapters, text);
  if (found && !found.exercise) return found.chapter;
  const ids = chapters.map((chapter) => chapter.id).join(', ');
  throw new UsageError(`there is no chapter ${text}; there are: ${ids}`);
}

function nearestIds(places: readonly Place[], text: string): string[] {
  const ranked = places.map(({ exercise }) => ({
    id: exercise.id,
    distance: Math.min(
      ...[exercise.id, exercise.name, exercise.number].map((name) => editDistance(name, text)),
    ),
  }));
  ranked.sort((a, b) => a.distance - b.distance);
  return ranked.slice(0, 3).map(({ id }) => id);
}

/** How many letters must be inserted, deleted or replaced to turn one text into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
