/**
 * Chapters as they might be handed in: the skeleton, the solution without one exercise, a mutant.
 *
 * Each is written to a temporary folder and graded by the judge as a student's would be.
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FailedTest, type GradeOptions, gradeChapter } from '../judge/judge.ts';
import type { ChapterResult, ExerciseResult } from '../judge/result.ts';
import { countBodies, replaceBodies, stubOut } from '../source/stub-out.ts';
import type { Chapter, Exercise } from '../syllabus.ts';

/** What a body becomes in a variant. */
export type Body = 'stub' | 'empty';

const EMPTY = 'return undefined as never;';

/** Grades the solution itself. */
export function gradeSolution(root: string, chapter: Chapter): Promise<ChapterResult> {
  return gradeChapter({ root, chapter, whose: 'reference' });
}

/** The solution handed in as a student's, and what the tests of each exercise call of it. */
export interface Traced {
  readonly result: ChapterResult;
  /** Exercise id to the ids of the exercises whose bodies its tests run, itself among them. */
  readonly reached: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Grades the solution as if a student had written it, and notes whose bodies run. */
export async function gradeTraced(root: string, chapter: Chapter): Promise<Traced> {
  const reached = new Map(chapter.exercises.map(({ id }) => [id, new Set<string>()]));
  const from = join(root, 'solutions', chapter.id);
  const result = await gradeCopy(root, chapter, from, allFiles(chapter), countBodies, {
    traced: true,
    onEvent: (event) => {
      if (event.kind === 'reached') reached.get(event.exercise)?.add(event.id);
    },
  });
  return { result, reached };
}

/** How much of a failing exercise must be seen; all of it when absent. */
export type Enough = (failed: FailedTest) => boolean;

/** Grades the chapter as a student gets it, or with every body of it emptied. */
export function gradeSkeleton(
  root: string,
  chapter: Chapter,
  body: Body,
  enough?: Enough,
): Promise<ChapterResult> {
  const from = join(root, 'chapters', chapter.id);
  const change = (text: string, file: string) => withBodies(text, file, undefined, body);
  return gradeCopy(root, chapter, from, allFiles(chapter), change, { enough });
}

/**
 * Grades the solution with only one exercise's bodies taken out.
 *
 * @param exercises - ids of the exercises whose tests run
 */
export function gradeWithout(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
  body: Body,
  exercises: readonly string[],
  enough?: Enough,
): Promise<ChapterResult> {
  const from = join(root, 'solutions', chapter.id);
  const change = (text: string, file: string) => withBodies(text, file, [exercise.id], body);
  return gradeCopy(root, chapter, from, exercise.files, change, { exercises, enough });
}

/** Grades one exercise of the solution with another text for one of its files. */
export async function gradeWithText(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
  file: string,
  text: string,
): Promise<ExerciseResult> {
  const from = join(root, 'solutions', chapter.id);
  const result = await gradeCopy(root, chapter, from, [file], () => text, {
    exercises: [exercise.id],
  });
  return resultOf(result, exercise.id);
}

/** The result of one exercise. */
export function resultOf(result: ChapterResult, id: string): ExerciseResult {
  const found = result.exercises.find((exercise) => exercise.id === id);
  if (found === undefined) throw new Error(`the judge did not report ${id}`);
  return found;
}

async function gradeCopy(
  root: string,
  chapter: Chapter,
  from: string,
  changed: readonly string[],
  change: (text: string, file: string) => string,
  options: Pick<GradeOptions, 'exercises' | 'enough' | 'traced' | 'onEvent'>,
): Promise<ChapterResult> {
  const filesDir = mkdtempSync(join(tmpdir(), `${chapter.id}-`));
  try {
    cpSync(from, filesDir, { recursive: true });
    for (const file of changed) {
      const path = join(filesDir, file);
      writeFileSync(path, change(readFileSync(path, 'utf8'), file));
    }
    return await gradeChapter({ root, chapter, whose: 'mine', filesDir, ...options });
  } finally {
    rmSync(filesDir, { recursive: true });
  }
}

function withBodies(
  text: string,
  file: string,
  ids: readonly string[] | undefined,
  body: Body,
): string {
  if (body === 'empty') return replaceBodies(text, file, ids, EMPTY);
  // A stub that the judge knows is not run at all. The empty statement makes it run the tests.
  return stubOut(text, file, ids).replaceAll('throw new NotImplemented(', ';$&');
}

function allFiles(chapter: Chapter): string[] {
  return chapter.exercises.flatMap(({ files }) => files);
}
