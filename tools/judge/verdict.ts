/**
 * From what a child reported to what an exercise gets.
 *
 * Only tests in the list made with the reference count. A test passed when it began once, ended
 * once and reported no failure; everything else, said or not said, is a failure.
 */

import { reproFile } from '../../tests/kit/repro-file.ts';
import type { Chapter, Exercise } from '../syllabus.ts';
import type { Ending } from './child.ts';
import type { Gathered } from './component.ts';
import type { DeclaredTest, Message, ReportedFailure } from './protocol.ts';
import type { ExerciseResult, Failure, Status } from './result.ts';
import { sectionOf } from './section.ts';
import { studentPosition } from './source-position.ts';

/** What one child did for one exercise. */
export interface Run {
  readonly chapter: Chapter;
  readonly exercise: Exercise;
  readonly tests: readonly DeclaredTest[];
  readonly modules: readonly Gathered[];
  readonly messages: readonly Message[];
  readonly ending: Ending;
  readonly jobMs: number;
  /** Exercises that exist; nothing else can be needed. */
  readonly exercises: ReadonlySet<string>;
}

interface Outcome {
  readonly test: DeclaredTest;
  readonly failure?: ReportedFailure & { readonly notRun?: boolean };
}

/** Judges a run. */
export function verdict(run: Run): ExerciseResult {
  const outcomes = run.tests.map((test) => ({ test, failure: failureIn(run, test) }));
  const failed = outcomes.filter((outcome) => outcome.failure !== undefined);
  const own = ownFileBroken(run);
  const needs = neededBy(run, failed);
  const failures = failed.map((outcome) => lesson(run, outcome));
  return {
    ...unscored(run.exercise),
    points: pointsFor(run.exercise, outcomes),
    status: statusOf(run, failed, own !== undefined),
    needs,
    tests: countPassed(outcomes),
    coreTests: countPassed(outcomes.filter((outcome) => outcome.test.core)),
    failures: own === undefined || failed.length === 0 ? failures : [own, ...failures],
  };
}

function countPassed(outcomes: readonly Outcome[]): { passed: number; total: number } {
  const passed = outcomes.filter((outcome) => outcome.failure === undefined).length;
  return { passed, total: outcomes.length };
}

/** An exercise that was not run. */
export function notRun(
  exercise: Exercise,
  status: Status,
  tests: number,
  failures: readonly Failure[] = [],
): ExerciseResult {
  const counted = { passed: 0, total: tests };
  return { ...unscored(exercise), status, needs: [], tests: counted, failures };
}

function unscored(
  exercise: Exercise,
): Pick<ExerciseResult, 'id' | 'number' | 'title' | 'core' | 'points' | 'maxPoints'> {
  const { id, number, title, core, points: maxPoints } = exercise;
  return { id, number, title, core, points: 0, maxPoints };
}

/**
 * Points for a run: all for all tests; a share once every core test passes; otherwise none.
 *
 * @remarks Where no test is marked as core, only all of them together earn anything.
 */
export function pointsFor(exercise: Exercise, outcomes: readonly Outcome[]): number {
  const passed = outcomes.filter((outcome) => outcome.failure === undefined).length;
  if (outcomes.length === 0) return 0;
  if (passed === outcomes.length) return exercise.points;
  const core = outcomes.filter((outcome) => outcome.test.core);
  const earns = core.length > 0 && core.every((outcome) => outcome.failure === undefined);
  return earns ? Math.floor((exercise.points * passed) / outcomes.length) : 0;
}

function failureIn(run: Run, test: DeclaredTest): Outcome['failure'] {
  const begins = run.messages.filter((m) => m.t === 'begin' && m.name === test.name);
  const ends = run.messages.flatMap((m) => (m.t === 'end' && m.name === test.name ? [m] : []));
  const [end] = ends;
  if (end?.failure) return end.failure;
  if (begins.length === 1 && ends.length === 1) return undefined;
  if (begins.length > 1 || ends.length > 1) return { message: 'was reported more than once' };
  if (begins.length === 1) return neverEnded(run, test);
  return neverBegan(run);
}

/** What was heard of a test that never ended: its steps, and a file that does them again. */
function neverEnded(run: Run, test: DeclaredTest): ReportedFailure {
  const begin = run.messages.findIndex((m) => m.t === 'begin' && m.name === test.name);
  const heard = run.messages.slice(begin).flatMap((m) => (m.t === 'step' ? [m] : []));
  const known = new Map(heard.map(({ at, lines }) => [at, lines]));
  const steps = [...known].sort(([a], [b]) => a - b).flatMap(([, lines]) => lines);
  const message = endedIn(run);
  if (steps.length === 0) return { message };
  const imports = heard.at(-1)?.imports ?? {};
  const name = test.name.split(' › ').at(-1) ?? test.name;
  const repro = reproFile({ head: [name], tail: [message], lines: steps, imports, values: [] });
  return { message, steps: steps.slice(-40), repro };
}

function endedIn({ ending, jobMs }: Run): string {
  const seconds = jobMs / 1000;
  if (ending === 'timed-out')
    return `still ran after ${seconds} s: an endless loop, or far too slow`;
  if (ending === 'out-of-memory') return 'ran out of memory';
  if (ending === 'flooded') return 'reported more than can be read';
  if (ending === 'aborted') return 'was interrupted';
  return 'ended the process it ran in';
}

function neverBegan(run: Run): Outcome['failure'] {
  const unloadable = run.messages.find((message) => message.t === 'unloadable');
  if (unloadable?.t === 'unloadable') return unloadable.failure;
  const last = run.messages.findLast((message) => message.t === 'begin');
  if (last?.t === 'begin') {
    return { message: `did not run: "${last.name}" before it ${endedIn(run)}`, notRun: true };
  }
  return { message: `did not run: loading the chapter's files ${endedIn(run)}`, notRun: true };
}

function isBlocked(run: Run, failure: ReportedFailure | undefined): boolean {
  const stubs = failure?.notWritten ?? [];
  return stubs.length > 0 && stubs.every((id) => id !== run.exercise.id && run.exercises.has(id));
}

function neededBy(run: Run, failed: readonly Outcome[]): string[] {
  const blocked = failed.filter(({ failure }) => isBlocked(run, failure));
  return [...new Set(blocked.flatMap(({ failure }) => failure?.notWritten ?? []))].sort();
}

function statusOf(run: Run, failed: readonly Outcome[], ownBroken: boolean): Status {
  if (failed.length === 0) return run.tests.length > 0 ? 'passed' : 'failed';
  if (run.ending === 'timed-out') return 'timed-out';
  if (ownBroken || run.ending !== 'done') return 'crashed';
  if (failed.every(({ failure }) => isBlocked(run, failure))) return 'blocked';
  if (failed.some(({ failure }) => failure?.timedOut)) return 'timed-out';
  return 'failed';
}

/** One of the exercise's own files could not be loaded. */
function ownFileBroken(run: Run): Failure | undefined {
  for (const message of run.messages) {
    if (message.t !== 'broken') continue;
    const module = run.modules.find((one) => one.key === message.key);
    if (module?.exercise !== run.exercise.id) continue;
    const where = studentPosition(message.stack, run.modules);
    return {
      name: `${module.file} can be loaded`,
      message: message.message,
      section: sectionOf(run.chapter, run.exercise),
      steps: [],
      ...(where !== undefined && { where }),
    };
  }
  return undefined;
}

function lesson(run: Run, { test, failure }: Outcome): Failure {
  const reported: Outcome['failure'] = failure ?? { message: 'did not pass' };
  const { message, notRun, seed, steps, counterexample, output, repro, stack } = reported;
  const { expected, actual, lookedAt, testsOwn } = reported;
  const where = stack === undefined ? undefined : studentPosition(stack, run.modules);
  return {
    name: test.name,
    message,
    section: sectionOf(run.chapter, run.exercise),
    steps: steps ?? [],
    ...(test.core && { core: true }),
    ...(notRun && { notRun }),
    ...(seed !== undefined && { seed }),
    ...(expected !== undefined && { expected }),
    ...(actual !== undefined && { actual }),
    ...(lookedAt !== undefined && { lookedAt }),
    ...(testsOwn !== undefined && { testsOwn }),
    ...(counterexample !== undefined && { counterexample }),
    ...(where !== undefined && { where }),
    ...(output !== undefined && { output }),
    ...(repro !== undefined && { repro }),
  };
}
