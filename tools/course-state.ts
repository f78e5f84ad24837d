/**
 * What the course remembers of one student: hints taken, borrowed files, what passed.
 *
 * It is `.course/state.json`, by stable exercise id, so it survives renumbering and can be
 * committed. It holds no points: those come from grading the files. Files that `reset` and
 * `borrow` put aside are beside it, see `start/kept-files.ts`.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What was done when an exercise was borrowed; enough to undo it without loss. */
export interface Borrowed {
  /** Per file: where the student's text was put, from the repository's top; `null` when there was none. */
  readonly kept: Readonly<Record<string, string | null>>;
  /** Per file: the hash of the reference's text as it was written; another hash means edited since. */
  readonly written: Readonly<Record<string, string>>;
}

/** What is remembered of one exercise; everything absent at first. */
export interface ExerciseState {
  /** How many rungs of the hint ladder were taken. */
  readonly hints?: number;
  /** Hash of the exercise's files and those it builds on; absent when not graded or not passed. */
  readonly passed?: string;
  readonly borrowed?: Borrowed;
}

/** The whole of `.course/state.json`. */
export interface CourseState {
  readonly version: 1;
  readonly exercises: Readonly<Record<string, ExerciseState>>;
}

/** The state file is there but cannot be understood; nothing may be written over it. */
export class CorruptStateError extends Error {
  override readonly name = 'CorruptStateError';

  constructor(path: string, found: string) {
    super(
      `${path} cannot be read: ${found}. Nothing was changed. ` +
        'Repair it (git log may have an older one) or move it away to start with an empty one.',
    );
  }
}

const EMPTY: CourseState = { version: 1, exercises: {} };

/** The state file's place in the course in `root`. */
export function statePath(root: string): string {
  return join(root, '.course', 'state.json');
}

/**
 * Reads the state; a course nobody has worked on has an empty one.
 *
 * @throws CorruptStateError when the file is not what this version of the course writes
 */
export function readState(root: string): CourseState {
  const path = statePath(root);
  if (!existsSync(path)) return EMPTY;
  const text = readFileSync(path, 'utf8');
  const parsed = parse(path, text);
  const fault = findFault(parsed);
  if (fault !== undefined) throw new CorruptStateError(path, fault);
  return parsed as CourseState;
}

/**
 * Changes what is remembered of one exercise.
 *
 * @remarks The file is read again and replaced in one step, so that a `hint` in another window and
 * a crash half-way lose nothing.
 * @param change - receives what is remembered now; what it returns replaces it
 * @throws CorruptStateError as `readState` does
 */
export function updateExercise(
  root: string,
  id: string,
  change: (now: ExerciseState) => ExerciseState,
): void {
  const state = readState(root);
  const before = state.exercises[id] ?? {};
  const after = change(before);
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const exercises = { ...state.exercises, [id]: after };
  const sorted = Object.fromEntries(Object.entries(exercises).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeWhole(statePath(root), `${JSON.stringify({ ...state, exercises: sorted }, undefined, 2)}\n`);
}

/** Replaces a file in one step: a reader sees the old text or the new, never half of one. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CorruptStateError(path, 'it is not JSON');
  }
}

function findFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is not an object';
  if (value.version !== 1) return `its version is ${JSON.stringify(value.version)}, expected 1`;
  if (!isRecord(value.exercises)) return 'it has no "exercises" object';
  for (const [id, exercise] of Object.entries(value.exercises)) {
    if (!isRecord(exercise)) return `"${id}" is not an object`;
    const { hints, passed, borrowed } = exercise;
    if (hints !== undefined && !(Number.isInteger(hints) && Number(hints) >= 0)) {
      return `the hints of "${id}" are not a count`;
    }
    if (passed !== undefined && typeof passed !== 'string') return `"passed" of "${id}" is no hash`;
    if (borrowed !== undefined && !isBorrowed(borrowed))
      return `"borrowed" of "${id}" is not whole`;
  }
  return undefined;
}

function isBorrowed(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.kept) || !isRecord(value.written)) return false;
  const places = Object.values(value.kept);
  return (
    places.every((place) => place === null || typeof place === 'string') &&
    Object.values(value.written).every((hash) => typeof hash === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
