/** The report that `npm run grade -- --json F` writes. Its shape is a contract; see the README. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chapter } from '../syllabus.ts';
import { hashOf } from './hash.ts';
import { hiddenTest } from './places.ts';
import type { ChapterResult, ExerciseResult, Failure } from './result.ts';

/** The report. */
export interface JsonReport {
  readonly courseVersion: string;
  /** A short hash over the hidden tests of the whole course. */
  readonly testsVersion: string;
  /** What is checked out; `null` outside of git. */
  readonly commit: string | null;
  readonly gradedAt: string;
  readonly seed: number;
  readonly node: string;
  readonly points: number;
  readonly maxPoints: number;
  readonly bonus: number;
  readonly chapters: readonly {
    readonly id: string;
    readonly points: number;
    readonly maxPoints: number;
    readonly exercises: readonly JsonExercise[];
  }[];
}

/** One exercise in the report. */
export type JsonExercise = Omit<ExerciseResult, 'failures' | 'coreTests'> & {
  readonly failures: readonly JsonFailure[];
};

/** One failing test in the report. */
export interface JsonFailure {
  readonly name: string;
  readonly message: string;
  readonly section: string;
  readonly seed: number | null;
}

/** Makes the report of a run that ended now. */
export function jsonReport(
  root: string,
  course: readonly Chapter[],
  results: readonly ChapterResult[],
  run: { seed: number; gradedAt: Date },
): JsonReport {
  const sum = (of: (chapter: ChapterResult) => number): number =>
    results.reduce((total, chapter) => total + of(chapter), 0);
  return {
    courseVersion: courseVersion(root),
    testsVersion: testsVersion(root, course),
    commit: commitOf(root),
    gradedAt: run.gradedAt.toISOString(),
    seed: run.seed,
    node: process.versions.node,
    points: sum((chapter) => chapter.points),
    maxPoints: sum((chapter) => chapter.maxPoints),
    bonus: sum((chapter) => chapter.bonus),
    chapters: results.map(({ id, points, maxPoints, exercises }) => ({
      id,
      points,
      maxPoints,
      exercises: exercises.map(({ coreTests: _, ...one }) => ({
        ...one,
        failures: one.failures.map(jsonFailure),
      })),
    })),
  };
}

function jsonFailure({ name, message, section, seed }: Failure): JsonFailure {
  return { name, message, section, seed: seed ?? null };
}

function courseVersion(root: string): string {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function testsVersion(root: string, course: readonly Chapter[]): string {
  const texts = course.flatMap((chapter) =>
    chapter.exercises.flatMap((exercise) => {
      const place = hiddenTest(root, chapter, exercise);
      return place ? [exercise.id, readFileSync(join(root, place.file), 'utf8')] : [];
    }),
  );
  return hashOf(...texts).slice(0, 12);
}

function commitOf(root: string): string | null {
  try {
    const options = { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] as const };
    return execFileSync('git', ['rev-parse', 'HEAD'], { ...options, stdio: [...options.stdio] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}
