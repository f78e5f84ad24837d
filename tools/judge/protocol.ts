/**
 * What judge and child say to each other: one job in, messages out.
 *
 * The child is where student code runs, so the judge believes nothing here that it can check: see
 * `verdict.ts`.
 */

import type { Lesson } from '../../tests/kit/failure.ts';
import type { HeardStep } from '../../tests/kit/recording.ts';

/** One source file of a component, compiled to the text of a CommonJS module. */
export interface Module {
  /** Component and path: `etcd/range.ts`. What `require` finds it by. */
  readonly key: string;
  /** The path shown in stacks, from the repository's top. */
  readonly file: string;
  /** The compiled text; absent when it does not compile. */
  readonly code?: string;
  /** Why it does not compile. */
  readonly error?: string;
  /** Is it the student's? What is not is frozen before any student code runs. */
  readonly mine: boolean;
  /** The exercise whose file this is. */
  readonly exercise?: string;
}

/** One hidden test file. */
export interface TestFile {
  readonly exercise: string;
  /** CommonJS text. */
  readonly code: string;
  /** Was it added by an instructor? Its tests' names say so. */
  readonly extra?: boolean;
}

/** What a child is started for. */
export interface Job {
  /** Every message starts with it; student code never sees it. */
  readonly secret: string;
  /** List the tests only, or run them. */
  readonly mode: 'list' | 'run';
  /** Gives the code `$reached('etcd/range')`, which reports. For the solution, never for a student's. */
  readonly traced?: boolean;
  readonly seed: number;
  /** Time for one test that waits; an endless loop is ended by the judge instead. */
  readonly testMs: number;
  readonly modules: readonly Module[];
  /** `#etcd` to the key of its module. */
  readonly surfaces: Readonly<Record<string, string>>;
  readonly tests: readonly TestFile[];
}

/** A test as its file declares it. */
export interface DeclaredTest {
  /** The names of its describes and its own, joined by ` › `. */
  readonly name: string;
  readonly core: boolean;
}

/** Why a test failed. */
export interface ReportedFailure extends Partial<Lesson> {
  readonly message: string;
  /** The test waited too long, or for something that can never come. */
  readonly timedOut?: boolean;
  /** What the code printed during this test, cut. */
  readonly output?: string;
}

/** What a child reports. */
export type Message =
  | { readonly t: 'list'; readonly exercise: string; readonly tests: readonly DeclaredTest[] }
  /** A file could not be loaded; what it exports throws when used. */
  | { readonly t: 'broken'; readonly key: string; readonly message: string; readonly stack: string }
  /** The test file could not be loaded. */
  | { readonly t: 'unloadable'; readonly failure: ReportedFailure }
  /** Code of this exercise was called for the first time; only in a traced run. */
  | { readonly t: 'reached'; readonly exercise: string }
  | { readonly t: 'begin'; readonly name: string }
  /** A call the test is about to make; or an earlier one again, when more is known of it. */
  | ({ readonly t: 'step' } & HeardStep)
  | { readonly t: 'end'; readonly name: string; readonly failure?: ReportedFailure }
  | { readonly t: 'done' };
