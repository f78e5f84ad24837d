/**
 * `it` and `it.core`: one behaviour each, in the present tense.
 *
 * `it.core` marks what an exercise is about: until all its core tests pass it earns nothing, so an
 * empty or constant body must fail one of them. A table of cases is a loop around `it`, each row
 * with a name of its own: names must be unique within their `describe`.
 */

import { failureOf } from './failure.ts';
import { frameworkAfterEach, frameworkIt } from './framework.ts';
import { currentRecording, endRecording } from './recording.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Whether the exercise has no credit without this test. Vitest itself makes no use of it. */
    core?: boolean;
  }
}

/** A test's body. */
export type Body = () => void | Promise<void>;

/** Declares a test. */
export interface It {
  (name: string, body: Body): void;
  /** Declares a core test: a condition of any credit for the exercise. */
  core(name: string, body: Body): void;
}

/** Declares a test: `it('keeps the newest version', () => { … })`. */
export const it: It = Object.assign(
  (name: string, body: Body): void => declare(name, body, false),
  { core: (name: string, body: Body): void => declare(name, body, true) },
);

function declare(name: string, body: Body, core: boolean): void {
  declareRaw(name, core, async () => {
    const recording = currentRecording();
    try {
      await body();
    } catch (thrown) {
      throw failureOf(name, thrown, recording);
    }
  });
}

/** Declares a test whose body makes its own failures; for `property.ts`. */
export function declareRaw(name: string, core: boolean, body: Body): void {
  frameworkIt(name, { meta: { core } }, async () => {
    try {
      await body();
    } finally {
      endRecording();
    }
  });
}

/** Runs after each test of the describe it stands in; its calls are no test's steps. */
export function afterEach(body: Body): void {
  frameworkAfterEach(async () => {
    try {
      await body();
    } finally {
      endRecording();
    }
  });
}
