/** What grading finds: the shapes that the JSON report, the board and the watch loop read. */

/** How an exercise did. */
export type Status =
  | 'passed'
  | 'failed'
  | 'not-written'
  | 'blocked'
  | 'borrowed'
  | 'timed-out'
  | 'crashed';

/** One test that did not pass, as a lesson. */
export interface Failure {
  /** The behaviour that was expected, in the present tense. */
  readonly name: string;
  readonly message: string;
  /** Whether the exercise has no points without this test. */
  readonly core?: boolean;
  /** It never began, because of another test or file; it says nothing of the code. */
  readonly notRun?: boolean;
  /** Where the handout explains it: `chapters/01-etcd/README.md#range`. */
  readonly section: string;
  /** With this seed a property finds the failure again. */
  readonly seed?: number;
  /** The calls made so far, as TypeScript. */
  readonly steps: readonly string[];
  readonly expected?: string;
  readonly actual?: string;
  /** What of the component or the test's world was compared: `clock.pendingTimers`. */
  readonly lookedAt?: string;
  /** What the steps need and only the test has; the file cannot run without. */
  readonly testsOwn?: readonly string[];
  /** The smallest values that fail a property. */
  readonly counterexample?: string;
  /** Where in the student's code something was thrown: `chapters/01-etcd/range.ts:12:5`. */
  readonly where?: string;
  /** What the code printed in this test. */
  readonly output?: string;
  /** The text of a file that does the steps again. */
  readonly repro?: string;
}

/** One exercise, graded. */
export interface ExerciseResult {
  readonly id: string;
  readonly number: string;
  readonly title: string;
  readonly core: boolean;
  readonly points: number;
  readonly maxPoints: number;
  readonly status: Status;
  /** Exercises whose missing bodies the failures come from. */
  readonly needs: readonly string[];
  readonly tests: { readonly passed: number; readonly total: number };
  /** The same of core tests, when it was run. */
  readonly coreTests?: { readonly passed: number; readonly total: number };
  readonly failures: readonly Failure[];
}

/** One chapter, graded. Points are its core exercises'; extras count into the bonus. */
export interface ChapterResult {
  readonly id: string;
  readonly points: number;
  readonly maxPoints: number;
  readonly bonus: number;
  readonly exercises: readonly ExerciseResult[];
}

/** What happens while a chapter is graded. */
export type GradeEvent =
  | { readonly kind: 'exercise-start'; readonly exercise: string; readonly total: number }
  /** In a traced run: the tests of `exercise` called code of exercise `id`. */
  | { readonly kind: 'reached'; readonly exercise: string; readonly id: string }
  | { readonly kind: 'test-start'; readonly exercise: string; readonly name: string }
  | {
      readonly kind: 'test-end';
      readonly exercise: string;
      readonly name: string;
      readonly passed: boolean;
    }
  | { readonly kind: 'exercise-end'; readonly exercise: string; readonly result: ExerciseResult };

/** Adds up a chapter. */
export function chapterResult(id: string, exercises: readonly ExerciseResult[]): ChapterResult {
  const sum = (of: (e: ExerciseResult) => number): number =>
    exercises.reduce((total, exercise) => total + of(exercise), 0);
  return {
    id,
    points: sum((e) => (e.core ? e.points : 0)),
    maxPoints: sum((e) => (e.core ? e.maxPoints : 0)),
    bonus: sum((e) => (e.core ? 0 : e.points)),
    exercises,
  };
}
