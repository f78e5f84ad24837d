/**
 * `npm run grade`: points per exercise, a lesson per failing one, a report as JSON.
 *
 * Exit code 0 means that the run itself worked, whatever the points.
 */

import { writeFileSync } from 'node:fs';
import { RELEASE_SEED } from '../../tests/kit/seed.ts';
import { readState, updateExercise } from '../course-state.ts';
import { coloursFor } from '../start/colours.ts';
import { hashExercise } from '../start/exercise-files.ts';
import type { CommandContext } from '../start/run-command.ts';
import { type Chapter, readSyllabus } from '../syllabus.ts';
import { GRADE_USAGE, type GradeRequest, parseGradeArguments } from './grade-arguments.ts';
import { jsonReport } from './json-report.ts';
import { gradeChapter } from './judge.ts';
import { chapterText, type TextOptions } from './report-text.ts';
import { writeRepro } from './repro.ts';
import type { ChapterResult } from './result.ts';

/** `npm run grade` */
export async function gradeCommand({ root, args, print }: CommandContext): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    for (const line of GRADE_USAGE) print(line);
    return 0;
  }
  const course = readSyllabus(root);
  const request = parseGradeArguments(args, course);
  const gradedAt = new Date();
  const seed = request.explore ? gradedAt.getTime() % 2 ** 31 : RELEASE_SEED;
  const say = request.json === '-' ? () => undefined : print;
  const text = {
    root,
    width: process.stdout.columns || Number(process.env.COLUMNS) || 100,
    colours: coloursFor(process.stdout, process.env),
  };
  const results: ChapterResult[] = [];
  for (const target of request.targets) {
    const result = await gradeTarget(root, request, target, seed);
    results.push(result);
    if (request.whose === 'mine') keepRepros(root, course, target.chapter, result);
    for (const line of chapterText(target.chapter, result, text)) say(line);
  }
  for (const line of totalText(results, request, seed, text)) say(line);
  if (request.json !== undefined) {
    const report = jsonReport(root, course, results, { seed, gradedAt });
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    if (request.json === '-') print(json.trimEnd());
    else writeFileSync(request.json, json);
  }
  return 0;
}

async function gradeTarget(
  root: string,
  request: GradeRequest,
  { chapter, exercises }: GradeRequest['targets'][number],
  seed: number,
): Promise<ChapterResult> {
  const { whose, others, explore, extraTests } = request;
  const remembers = whose === 'mine' && !explore;
  const state = readState(root).exercises;
  const borrowed = new Set(Object.keys(state).filter((id) => state[id]?.borrowed !== undefined));
  const hashes = new Map(
    chapter.exercises.map((exercise) => [exercise.id, hashExercise(root, { chapter, exercise })]),
  );
  const result = await gradeChapter({
    root,
    chapter,
    whose,
    others: whose === 'reference' ? 'reference' : others,
    borrowed,
    ...(exercises && { exercises }),
    ...(explore && { explore: seed }),
    ...(extraTests !== undefined && { extraTests }),
  });
  for (const { id, status } of remembers ? result.exercises : []) {
    const passed = hashes.get(id);
    if (status === 'passed') updateExercise(root, id, (now) => ({ ...now, passed }));
    else if (others === 'reference') forgetPassed(root, id);
  }
  return result;
}

/** Graded alone and found not to pass: the board must not say that it does. */
function forgetPassed(root: string, id: string): void {
  updateExercise(root, id, ({ passed: _passed, ...now }) => now);
}

function keepRepros(
  root: string,
  course: readonly Chapter[],
  chapter: Chapter,
  result: ChapterResult,
): void {
  for (const exercise of result.exercises) writeRepro(root, course, chapter, exercise);
}

function totalText(
  results: readonly ChapterResult[],
  request: GradeRequest,
  seed: number,
  { colours }: TextOptions,
): string[] {
  const sum = (of: (chapter: ChapterResult) => number): number =>
    results.reduce((total, chapter) => total + of(chapter), 0);
  const bonus = sum((chapter) => chapter.bonus);
  const maxPoints = sum((chapter) => chapter.maxPoints);
  const points = `${sum((chapter) => chapter.points)} of ${maxPoints} points`;
  const withBonus = bonus > 0 ? `${points} and ${bonus} bonus` : points;
  const most = sum((chapter) => chapter.exercises.reduce((all, one) => all + one.maxPoints, 0));
  // Where only extras were graded there are no points that a bonus could come on top of.
  const total = maxPoints === 0 ? `${bonus} of ${most} bonus` : withBonus;
  const whose = request.whose === 'reference' ? ' (the reference)' : '';
  const explored = request.explore ? [`Explored with seed ${seed}: no points are given.`] : [];
  return ['', ...explored, colours.strong(`${total}${whose}`)];
}
