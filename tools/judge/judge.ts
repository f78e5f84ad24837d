/**
 * The judge: grades the exercises of one chapter, each in a child of its own.
 *
 * It never runs student code itself, and believes only what it can hold against the list of tests.
 * Read `protocol.ts` for what a child is told, `verdict.ts` for what its answer is worth.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASE_SEED } from '../../tests/kit/seed.ts';
import type { Chapter, Exercise } from '../syllabus.ts';
import { readSyllabus } from '../syllabus.ts';
import { type Assembly, assemble } from './assembly.ts';
import { LIMITS, type Limits, runChild } from './child.ts';
import { harness } from './harness.ts';
import { compileHidden, compileTestFile } from './hidden.ts';
import { type Inventory, listTests } from './inventory.ts';
import { isNotWritten } from './not-written.ts';
import { inPairs, inTurn } from './pairs.ts';
import type { Message, TestFile } from './protocol.ts';
import {
  type ChapterResult,
  chapterResult,
  type ExerciseResult,
  type GradeEvent,
} from './result.ts';
import { sectionOf } from './section.ts';
import { notRun, verdict } from './verdict.ts';

/** What to grade and how. */
export interface GradeOptions {
  /** The repository's top folder. */
  readonly root: string;
  readonly chapter: Chapter;
  /** Only these ids; all of the chapter's when absent. */
  readonly exercises?: readonly string[];
  /** Whose code the chapter's component is. */
  readonly whose: 'mine' | 'reference';
  /** Whose code all other components are; the reference's unless said. */
  readonly others?: 'mine' | 'reference';
  /** The student's files of this chapter, when they are not in `chapters/`; absolute. */
  readonly filesDir?: string;
  /** Exercises whose files are the reference's, at no points. */
  readonly borrowed?: ReadonlySet<string>;
  /** Tries this seed instead of the release's; gives no points. */
  readonly explore?: number;
  /** A folder laid out as `tests/`, with tests to add. */
  readonly extraTests?: string;
  readonly limits?: Limits;
  readonly onEvent?: (event: GradeEvent) => void;
  /** Ends the run; what has not run then counts as interrupted. */
  readonly signal?: AbortSignal;
  /** Reports which exercises' code the tests call; the files in `filesDir` call `$reached`. */
  readonly traced?: boolean;
  /**
   * Asked at each failed test: is no more to be known of its exercise? Then its run ends there, and
   * tests that have not run count as not passed.
   */
  readonly enough?: (failed: FailedTest) => boolean;
}

/** A test that just failed. */
export interface FailedTest {
  /** The exercise whose tests these are. */
  readonly exercise: string;
  readonly core: boolean;
  /** Does the exercise have core tests at all? They are the first to run. */
  readonly hasCore: boolean;
  readonly message: string;
}

const TEST_MS = 10_000;

/**
 * Grades a chapter.
 *
 * @returns every exercise asked for, whatever the student's code did
 * @throws Error when the course itself is broken: a hidden test or the reference cannot be loaded
 */
export async function gradeChapter(options: GradeOptions): Promise<ChapterResult> {
  const { chapter } = options;
  const asked = chapter.exercises.filter((e) => options.exercises?.includes(e.id) ?? true);
  const grading = await prepare(options, asked);
  const results = await inPairs(asked, (exercise) => gradeExercise(grading, exercise));
  return chapterResult(chapter.id, results);
}

/** What is the same for all exercises of a run. */
interface Grading {
  readonly options: GradeOptions;
  readonly program: string;
  readonly tests: readonly TestFile[];
  readonly inventory: Inventory;
  readonly notWritten: ReadonlySet<string>;
  /** Made when the first exercise needs it: on a fresh clone none does. */
  readonly assembly: () => Promise<Assembly>;
  readonly exercises: ReadonlySet<string>;
}

async function prepare(options: GradeOptions, asked: readonly Exercise[]): Promise<Grading> {
  const { root, chapter } = options;
  const chapters = readSyllabus(root);
  const [program, tests, notWritten] = await Promise.all([
    harness(root),
    testFiles(options, asked),
    notWrittenOf(options, asked),
  ]);
  const codes = tests.map((test) => test.code);
  const reference = await assemble(codes, { root, chapters, whose: () => 'reference' });
  const inventory = await listTests(root, program, tests, reference);
  let assembly: Promise<Assembly> | undefined;
  const assembleOnce = (): Promise<Assembly> => {
    assembly ??= assemble(codes, {
      root,
      chapters,
      whose: (component) =>
        component === chapter.component ? options.whose : (options.others ?? 'reference'),
      folders: options.filesDir ? new Map([[chapter.component, options.filesDir]]) : undefined,
      borrowed: options.borrowed,
    });
    return assembly;
  };
  const exercises = new Set(chapters.flatMap((one) => one.exercises.map((e) => e.id)));
  return {
    options,
    program: program.path,
    tests,
    inventory,
    notWritten,
    assembly: assembleOnce,
    exercises,
  };
}

async function testFiles(options: GradeOptions, asked: readonly Exercise[]): Promise<TestFile[]> {
  const { root, chapter, extraTests } = options;
  const files = asked.map(async (exercise): Promise<TestFile[]> => {
    const code = await compileHidden(root, chapter, exercise);
    const own = code === undefined ? [] : [{ exercise: exercise.id, code }];
    const path = extraTests && join(extraTests, chapter.id, `${exercise.name}.test.ts`);
    if (!path || !existsSync(path)) return own;
    return [
      ...own,
      { exercise: exercise.id, code: await compileTestFile(root, path), extra: true },
    ];
  });
  return (await Promise.all(files)).flat();
}

async function notWrittenOf(
  options: GradeOptions,
  asked: readonly Exercise[],
): Promise<ReadonlySet<string>> {
  if (options.whose === 'reference') return new Set();
  const { root, chapter } = options;
  const folder = options.filesDir ?? join(root, 'chapters', chapter.id);
  const ids = new Set<string>();
  for (const exercise of asked) if (await isNotWritten(folder, exercise)) ids.add(exercise.id);
  return ids;
}

async function gradeExercise(grading: Grading, exercise: Exercise): Promise<ExerciseResult> {
  const { options, inventory } = grading;
  const total = inventory.get(exercise.id)?.length ?? 0;
  options.onEvent?.({ kind: 'exercise-start', exercise: exercise.id, total });
  const result = await judgeExercise(grading, exercise, total);
  options.onEvent?.({ kind: 'exercise-end', exercise: exercise.id, result });
  return options.explore === undefined ? result : { ...result, points: 0 };
}

async function judgeExercise(
  grading: Grading,
  exercise: Exercise,
  total: number,
): Promise<ExerciseResult> {
  const { options } = grading;
  if (options.whose === 'mine' && options.borrowed?.has(exercise.id)) {
    return notRun(exercise, 'borrowed', total);
  }
  if (grading.notWritten.has(exercise.id)) return notRun(exercise, 'not-written', total);
  if (!grading.tests.some((test) => test.exercise === exercise.id)) {
    return notRun(exercise, 'failed', 0, [absentTests(options, exercise)]);
  }
  const { modules } = await grading.assembly();
  const broken = modules.find((one) => one.exercise === exercise.id && one.code === undefined);
  if (broken)
    return notRun(exercise, 'crashed', total, [compileFailure(options, exercise, broken)]);
  return runExercise(grading, exercise);
}

type Lesson = ExerciseResult['failures'][number];

function absentTests({ chapter }: GradeOptions, exercise: Exercise): Lesson {
  return {
    name: 'has its hidden tests here',
    message: 'they are not in this copy of the course; your instructor grades this exercise',
    section: sectionOf(chapter, exercise),
    steps: [],
  };
}

function compileFailure(
  { chapter }: GradeOptions,
  exercise: Exercise,
  broken: { file: string; error?: string },
): Lesson {
  return {
    name: `${broken.file} compiles`,
    message: broken.error ?? 'does not compile',
    section: sectionOf(chapter, exercise),
    steps: [],
  };
}

async function runExercise(grading: Grading, exercise: Exercise): Promise<ExerciseResult> {
  const { options, inventory } = grading;
  const { modules, surfaces } = await grading.assembly();
  const limits = options.limits ?? LIMITS;
  const tests = grading.tests.filter((test) => test.exercise === exercise.id);
  const seed = options.explore ?? RELEASE_SEED;
  // A map is for the judge's own use; the child gets on without.
  const linked = modules.map(({ map: _map, ...module }) => module);
  const { traced } = options;
  const job = {
    mode: 'run' as const,
    traced,
    seed,
    testMs: TEST_MS,
    modules: linked,
    surfaces,
    tests,
  };
  const enough = new AbortController();
  const signals = [enough.signal, ...(options.signal ? [options.signal] : [])];
  const { messages, ending } = await inTurn(() =>
    runChild(grading.program, job, {
      limits,
      signal: AbortSignal.any(signals),
      onMessage: (message) => {
        announce(options, exercise, message);
        if (!enough.signal.aborted && isEnough(grading, exercise, message)) enough.abort();
      },
    }),
  );
  return verdict({
    chapter: options.chapter,
    exercise,
    tests: inventory.get(exercise.id) ?? [],
    modules,
    messages,
    ending,
    jobMs: limits.jobMs,
    exercises: grading.exercises,
  });
}

function isEnough({ options, inventory }: Grading, { id }: Exercise, message: Message): boolean {
  if (!options.enough || message.t !== 'end' || !message.failure) return false;
  const tests = inventory.get(id) ?? [];
  const core = tests.some((test) => test.core && test.name === message.name);
  const hasCore = tests.some((test) => test.core);
  return options.enough({ exercise: id, core, hasCore, message: message.failure.message });
}

function announce(options: GradeOptions, exercise: Exercise, message: Message): void {
  if (message.t === 'reached') {
    options.onEvent?.({ kind: 'reached', exercise: exercise.id, id: message.exercise });
  }
  if (message.t !== 'begin' && message.t !== 'end') return;
  const { name } = message;
  if (message.t === 'begin') {
    options.onEvent?.({ kind: 'test-start', exercise: exercise.id, name });
  } else {
    const passed = message.failure === undefined;
    options.onEvent?.({ kind: 'test-end', exercise: exercise.id, name, passed });
  }
}
