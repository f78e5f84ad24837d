/**
 * A failing test as a lesson: the steps so far, expected, actual, the seed, a runnable file.
 *
 * Both frameworks receive this error; Vitest shows its message and diff, the judge its `lesson`.
 */

import { asNotImplemented } from '#not-implemented';
import { Mismatch } from './expect.ts';
import type { Recording } from './recording.ts';
import { literal, testsOwnIn } from './render.ts';
import { snapshot } from './snapshot.ts';

/** What the judge tells the student about a failure. */
export interface Lesson {
  /** One sentence: what went wrong. */
  readonly message: string;
  /** The calls made so far, as TypeScript, the last one being where it failed. */
  readonly steps: readonly string[];
  readonly expected?: string;
  readonly actual?: string;
  /** What the test compared, in its own words: `clock.pendingTimers`; absent when the last step says it. */
  readonly lookedAt?: string;
  /** Names of what the steps need and only the test has: the file cannot run without. */
  readonly testsOwn?: readonly string[];
  /** Present when a property found it: with this seed it is found again. */
  readonly seed?: number;
  /** For a property: the smallest failing values, as TypeScript. */
  readonly counterexample?: string;
  /** The text of a file that does the steps again. */
  readonly repro: string;
  /** Exercises whose stubs were reached, for example `['etcd/range']`. */
  readonly notWritten: readonly string[];
  /** The stack of what was thrown, when it was not a comparison of the test. */
  readonly stack?: string;
}

/** What a test throws when it fails. */
export class TestFailure extends Error {
  override readonly name = 'TestFailure';
  readonly lesson: Lesson;
  readonly expected?: unknown;
  readonly actual?: unknown;
  /** Tells Vitest to print a diff. */
  readonly showDiff: boolean;

  constructor(lesson: Lesson, cause: unknown) {
    const steps = lesson.steps.map((line) => `\n    ${line}`).join('');
    super(`${lesson.message}${steps && `\n  steps so far:${steps}`}`, { cause });
    this.lesson = lesson;
    this.showDiff = cause instanceof Mismatch;
    if (cause instanceof Mismatch) {
      this.expected = cause.expected;
      this.actual = cause.actual;
    }
  }
}

/** What a property adds to a failure. */
export interface Found {
  readonly seed: number;
  readonly counterexample: string;
}

/** Makes the lesson out of what a test's body threw, whatever that is. */
export function failureOf(
  name: string,
  thrown: unknown,
  recording: Recording,
  found?: Found,
): TestFailure {
  const stubs = notWritten(thrown);
  const mismatch = thrown instanceof Mismatch ? thrown : undefined;
  const message = mismatch?.message ?? describeThrown(thrown, stubs);
  const about = [`${name}`, ...(found ? [`smallest failing values: ${found.counterexample}`] : [])];
  const steps = recording.lines();
  const lookedAt = newsIn(mismatch?.lookedAt, steps);
  const testsOwn = testsOwnIn(steps);
  const sides = mismatch
    ? [
        ...(lookedAt === undefined ? [] : [`looks at: ${lookedAt}`]),
        `expected: ${mismatch.expectedText}`,
        `actual:   ${mismatch.actualText}`,
      ]
    : [message];
  return new TestFailure(
    {
      message,
      steps,
      ...(mismatch && { expected: mismatch.expectedText, actual: mismatch.actualText }),
      ...(lookedAt !== undefined && { lookedAt }),
      ...(testsOwn.length > 0 && { testsOwn }),
      ...found,
      repro: recording.asFile(about, sides),
      notWritten: stubs,
      ...(!mismatch && { stack: stackOf(thrown) }),
    },
    thrown,
  );
}

/** What was looked at, unless the last step is just that. */
function newsIn(lookedAt: string | undefined, steps: readonly string[]): string | undefined {
  if (lookedAt === undefined) return undefined;
  // The steps may call the object otherwise: `store1.list()` for the test's `store.list()`.
  const [whole, call] = [`${lookedAt};`, lookedAt.replace(/^\w+(?=\.\w+\()/, '')];
  const last = steps.at(-1) ?? '';
  const isCall =
    call !== lookedAt && /^(const \w+ = )?(await )?\w+$/.test(before(last, `${call};`));
  return last.endsWith(whole) || isCall ? undefined : lookedAt;
}

/** What stands before a text's end; nothing that could be a step when it ends otherwise. */
function before(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : '.';
}

/** Follows `cause`, since code may wrap what a stub threw. */
function notWritten(thrown: unknown): string[] {
  try {
    let error = thrown;
    for (let i = 0; i < 5 && typeof error === 'object' && error !== null; i++) {
      const stub = asNotImplemented(error);
      if (stub) return [String(stub.id)];
      error = (error as { cause?: unknown }).cause;
    }
  } catch {
    // An object that cannot be read says nothing.
  }
  return [];
}

function describeThrown(thrown: unknown, stubs: readonly string[]): string {
  try {
    const copy = snapshot(thrown);
    if (copy instanceof Error) {
      if (stubs.length > 0) return copy.message;
      return `threw ${copy.name || 'Error'}: ${copy.message}`;
    }
    return `threw ${literal(copy).slice(0, 500)}, which is not an Error`;
  } catch {
    return 'threw something that cannot be looked at';
  }
}

function stackOf(thrown: unknown): string {
  try {
    const copy = snapshot(thrown);
    return copy instanceof Error ? (copy.stack ?? '').slice(0, 4_000) : '';
  } catch {
    return '';
  }
}
