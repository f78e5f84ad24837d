/**
 * What the watch loop wants to know of one exercise, and who tells it.
 *
 * The judge is behind this interface, so the loop can be tested without running anything.
 */

import type { Place } from './find-exercise.ts';

/** The first thing that went wrong, in the component's words. */
export interface Failure {
  /** The test's name: a behaviour in the present tense. */
  readonly name: string;
  /** Steps so far, expected and actual; several lines. */
  readonly message: string;
}

/** How one exercise did. */
export interface Verdict {
  readonly status: 'passed' | 'failed' | 'not-written' | 'blocked' | 'timed-out' | 'crashed';
  readonly passed: number;
  readonly total: number;
  /** Exercises whose missing bodies caused the failures. */
  readonly needs: readonly string[];
  readonly failure?: Failure;
}

/** Grades one exercise of the student's. */
export interface Grader {
  /**
   * @param signal - when it aborts, the run is killed and the promise rejects
   */
  grade(place: Place, signal: AbortSignal): Promise<Verdict>;
  /** Ends whatever was kept warm. */
  close(): Promise<void>;
}
