/**
 * The gates every exercise must pass before a student sees it.
 *
 * The skeleton fails its tests as "not written yet"; the solution passes all; the solution without
 * this exercise fails this exercise's tests; an empty body earns nothing. What the third gate sees
 * of other exercises' tests is the record in `dependencies.ts`.
 *
 * A run ends where its verdict is certain, and tests that never call an exercise's bodies are not
 * run again without them.
 */

import type { FailedTest } from '../judge/judge.ts';
import type { ChapterResult } from '../judge/result.ts';
import { type Chapter, type Exercise, readSyllabus } from '../syllabus.ts';
import type { Check } from './check.ts';
import {
  DEPENDENCIES_FILE,
  type Dependencies,
  dependenciesTable,
  dependenciesText,
  readDependencies,
  writeDependencies,
} from './dependencies.ts';
import { coreOnExtras, HOW_TO_WRITE } from './teaching-order.ts';
import {
  type Enough,
  gradeSkeleton,
  gradeSolution,
  gradeTraced,
  gradeWithout,
  resultOf,
  type Traced,
} from './variants.ts';

/** How gates are run. */
export interface GateOptions {
  /** Writes the record of dependencies instead of comparing it. */
  readonly write?: boolean;
  readonly print: (line: string) => void;
}

/**
 * The gates of all exercises: one check for each, then the record of what needs what.
 *
 * @remarks The last one uses what the others measured.
 */
export function gatesOf(root: string, options: GateOptions): Check[] {
  const chapters = readSyllabus(root);
  const needs = new Map<string, string[]>();
  for (const { exercises } of chapters) for (const { id } of exercises) needs.set(id, []);
  const exercises = chapters.flatMap((chapter) => {
    const whole = wholeChapter(root, chapter);
    return chapter.exercises.map((exercise) => gateOf(root, chapter, exercise, whole, needs));
  });
  return [...exercises, recordGate(chapters, needs, options)];
}

/** Runs of a whole chapter, made when the first exercise asks. */
interface WholeChapter {
  readonly solution: () => Promise<ChapterResult>;
  readonly traced: () => Promise<Traced>;
  readonly skeleton: () => Promise<ChapterResult>;
  readonly empty: () => Promise<ChapterResult>;
}

function wholeChapter(root: string, chapter: Chapter): WholeChapter {
  return {
    solution: once(() => gradeSolution(root, chapter)),
    traced: once(() => gradeTraced(root, chapter)),
    skeleton: once(() => gradeSkeleton(root, chapter, 'stub', isNotWrittenYet)),
    empty: once(() => gradeSkeleton(root, chapter, 'empty', earnsNothingAnymore)),
  };
}

function gateOf(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
  whole: WholeChapter,
  needs: Map<string, string[]>,
): Check {
  const { id } = exercise;
  return {
    name: `gates of ${id}`,
    run: async () => {
      const reference = await whole.solution();
      const solution = resultOf(reference, id);
      if (solution.tests.total === 0) return ['there are no tests'];
      if (solution.status !== 'passed') return solutionFails(solution);
      const traced = await whole.traced();
      const asStudent = resultOf(traced.result, id);
      if (asStudent.status !== 'passed') return solutionFails(asStudent);
      const others = mayNotice(chapter, exercise, reference, traced);
      const asked = [id, ...others];
      const enough: Enough = (failed) => failed.exercise !== id || earnsNothingAnymore(failed);
      const without = await gradeWithout(root, chapter, exercise, 'stub', asked, enough);
      for (const other of others) {
        if (resultOf(without, other).status !== 'passed') needs.get(other)?.push(id);
      }
      const emptied = resultOf(
        await gradeWithout(root, chapter, exercise, 'empty', [id], earnsNothingAnymore),
        id,
      );
      return [
        ...notWritten(resultOf(await whole.skeleton(), id)),
        ...earnsNothing('without its own body', resultOf(without, id)),
        ...earnsNothing('with an empty body', emptied),
        ...earnsNothing('in a chapter of empty bodies', resultOf(await whole.empty(), id)),
      ];
    },
  };
}

/**
 * The other exercises whose tests can tell that this one's bodies are gone: those that call one.
 *
 * @remarks Without a call nothing differs: only bodies are taken out, not what stands around them.
 */
function mayNotice(
  chapter: Chapter,
  { id }: Exercise,
  reference: ChapterResult,
  { result, reached }: Traced,
): string[] {
  return (
    chapter.exercises
      .map((other) => other.id)
      .filter((other) => other !== id)
      // What fails with the whole solution too says nothing about this exercise.
      .filter((other) => resultOf(reference, other).status === 'passed')
      .filter((other) => resultOf(result, other).status !== 'passed' || reached.get(other)?.has(id))
  );
}

/** After this failure the exercise has not passed and has no points, whatever comes. */
function earnsNothingAnymore({ core, hasCore }: FailedTest): boolean {
  return core || !hasCore;
}

/** The same, and it has been told that something is not written yet. */
function isNotWrittenYet(failed: FailedTest): boolean {
  return earnsNothingAnymore(failed) && failed.message.includes(NOT_WRITTEN);
}

const NOT_WRITTEN = 'not written yet';

type Result = ChapterResult['exercises'][number];

const FAILURES_SHOWN = 3;

function solutionFails({ failures, status }: Result): string[] {
  const shown = failures.slice(0, FAILURES_SHOWN);
  const more = failures.length - shown.length;
  return [
    `the solution did not pass: ${status}`,
    ...shown.map((f) => `the solution fails "${f.name}": ${f.message}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** The skeleton's tests fail, and each failure says that something is not written yet. */
function notWritten(result: Result): string[] {
  const problems = earnsNothing('as a skeleton', result);
  const others = result.failures.filter(({ message }) => !message.includes(NOT_WRITTEN));
  const [first] = others;
  if (result.failures.length > 0 && others.length === result.failures.length && first) {
    problems.push(
      `as a skeleton it is not "not written yet" but: "${first.name}" ${first.message}`,
    );
  }
  return problems;
}

function earnsNothing(how: string, { status, points, tests }: Result): string[] {
  if (status === 'passed') return [`${how}, all of its ${tests.total} tests pass`];
  if (points > 0) {
    return [`${how}, it earns ${points} points (${tests.passed} of ${tests.total} tests pass)`];
  }
  return [];
}

function recordGate(
  chapters: readonly Chapter[],
  measured: ReadonlyMap<string, string[]>,
  { write, print }: GateOptions,
): Check {
  return {
    name: 'exercise dependencies',
    last: true,
    run: (root) => {
      const exercises = chapters.flatMap((chapter) => chapter.exercises);
      const needs = inOrder(exercises, measured);
      for (const line of dependenciesTable(needs)) print(`    ${line}`);
      if (write) writeDependencies(root, needs);
      return [...coreOnExtras(exercises, needs), ...drift(readDependencies(root), needs)];
    },
  };
}

function inOrder(
  exercises: readonly Exercise[],
  measured: ReadonlyMap<string, string[]>,
): Dependencies {
  const order = exercises.map(({ id }) => id);
  const sorted = (ids: readonly string[]): string[] => order.filter((id) => ids.includes(id));
  return Object.fromEntries(order.map((id) => [id, sorted(measured.get(id) ?? [])]));
}

function drift(recorded: Dependencies | undefined, needs: Dependencies): string[] {
  if (recorded && dependenciesText(recorded) === dependenciesText(needs)) return [];
  return [`${DEPENDENCIES_FILE} is not what was measured: ${HOW_TO_WRITE}`];
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
