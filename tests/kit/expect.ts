/**
 * `expect`, as Vitest's, over a plain copy of the actual value (see `snapshot.ts`).
 *
 * Differences to know: classes do not count in `toEqual`, only data does (ask with
 * `toBeInstanceOf`); `toThrow` and `rejects` never accept "not written yet"; only the matchers in
 * `Matchers` exist. A failure is a `Mismatch`, which `cases.ts` turns into the lesson.
 */

import { asNotImplemented } from '#not-implemented';
import { frameworkExpect } from './framework.ts';
import { expectedSide, isMatcher, matchers } from './matchers.ts';
import { isInstance, originalOf } from './originals.ts';
import { currentRecording } from './recording.ts';
import { inspect, isMode, octal } from './render.ts';
import { snapshot } from './snapshot.ts';

/** A comparison that did not hold. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
  /** What should have been, as text. */
  readonly expectedText: string;
  /** What was, as text. */
  readonly actualText: string;
  /** The copies themselves, for a framework's own diff. */
  readonly expected: unknown;
  readonly actual: unknown;
  /** The text of what was compared, when it is known. */
  lookedAt?: string;

  constructor(
    message: string,
    sides: { expected: unknown; actual: unknown; word?: string; actualWord?: string },
  ) {
    super(message);
    this.expected = sides.expected;
    this.actual = sides.actual;
    this.expectedText = sides.word ?? inspect(sides.expected);
    this.actualText = sides.actualWord ?? inspect(sides.actual);
  }
}

/** What can be said about a value; `R` is `Promise<void>` behind `resolves` and `rejects`. */
export interface Matchers<R> {
  toBe(expected: unknown): R;
  toEqual(expected: unknown): R;
  toStrictEqual(expected: unknown): R;
  toMatchObject(expected: object): R;
  toBeDefined(): R;
  toBeUndefined(): R;
  toBeNull(): R;
  toBeTruthy(): R;
  toBeFalsy(): R;
  toBeNaN(): R;
  toBeTypeOf(
    type:
      | 'bigint'
      | 'boolean'
      | 'function'
      | 'number'
      | 'object'
      | 'string'
      | 'symbol'
      | 'undefined',
  ): R;
  toBeInstanceOf(type: unknown): R;
  toBeGreaterThan(expected: number | bigint): R;
  toBeGreaterThanOrEqual(expected: number | bigint): R;
  toBeLessThan(expected: number | bigint): R;
  toBeLessThanOrEqual(expected: number | bigint): R;
  toBeCloseTo(expected: number, digits?: number): R;
  toContain(item: unknown): R;
  toContainEqual(item: unknown): R;
  toHaveLength(length: number): R;
  toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
  toMatch(pattern: string | RegExp): R;
  toSatisfy(predicate: (copy: never) => boolean): R;
  /** The function throws; or, after `rejects`, the rejection is this. */
  toThrow(expected?: unknown): R;
  readonly not: Omit<Matchers<R>, 'not'>;
}

/** What `expect(value)` returns. */
export interface Expectation extends Matchers<void> {
  readonly resolves: Matchers<Promise<void>>;
  readonly rejects: Matchers<Promise<void>>;
}

type Name = Exclude<keyof Matchers<void>, 'not'>;

const names: readonly Name[] = [
  'toBe', 'toEqual', 'toStrictEqual', 'toMatchObject', 'toBeDefined', 'toBeUndefined', 'toBeNull',
  'toBeTruthy', 'toBeFalsy', 'toBeNaN', 'toBeTypeOf', 'toBeInstanceOf', 'toBeGreaterThan',
  'toBeGreaterThanOrEqual', 'toBeLessThan', 'toBeLessThanOrEqual', 'toBeCloseTo', 'toContain',
  'toContainEqual', 'toHaveLength', 'toHaveProperty', 'toMatch', 'toSatisfy', 'toThrow',
]; // biome-ignore format: a list of names

type Check = (name: Name, negated: boolean, args: unknown[]) => unknown;

/** The methods of `Matchers`, each of which asks `check`. */
function matchersBy(check: Check): Matchers<never> {
  const side = (negated: boolean): Record<string, unknown> =>
    Object.fromEntries(
      names.map((name) => [name, (...args: unknown[]) => check(name, negated, args)]),
    );
  return { ...side(false), not: side(true) } as unknown as Matchers<never>;
}

/**
 * @param source - the text of `actual`; the grader fills it in, tests never pass it
 */
function startExpectation(actual: unknown, message?: string, source?: string): Expectation {
  const about = { message, source };
  const now = matchersBy((name, negated, args) => judge({ ...about, actual, name, negated, args }));
  const resolves = matchersBy(async (name, negated, args) =>
    judge({ ...about, actual: await promised(actual), name, negated, args }),
  );
  const rejects = matchersBy(async (name, negated, args) => {
    const thrown = await rejection(actual, source);
    judge({ ...about, actual: name === 'toThrow' ? { thrown } : thrown, name, negated, args });
  });
  return { ...now, resolves, rejects } as unknown as Expectation;
}

/** Starts a sentence about a value: `expect(actual).toEqual(expected)`. */
export const expect = Object.assign(startExpectation, matchers, {
  not: {
    objectContaining: (properties: object): unknown => negated('objectContaining', properties),
    arrayContaining: (items: readonly unknown[]): unknown => negated('arrayContaining', items),
  },
  /** Fails: this line should not have been reached. */
  unreachable(message = 'this line should not have been reached'): never {
    throw new Mismatch(message, { expected: 'not to get here', actual: 'got here' });
  },
});

function negated(name: 'objectContaining' | 'arrayContaining', sample: unknown): unknown {
  const matcher = matchers[name](sample as never) as { inverse: boolean };
  matcher.inverse = true;
  return matcher;
}

function promised(actual: unknown): unknown {
  return typeof actual === 'function' ? (actual as () => unknown)() : actual;
}

async function rejection(actual: unknown, source?: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promised(actual);
  } catch (thrown) {
    if (asNotImplemented(thrown)) throw thrown;
    return thrown;
  }
  throw labelled(
    new Mismatch('should have been rejected, but was not', {
      expected: undefined,
      word: 'a rejected promise',
      actual: snapshot(value),
    }),
    source,
  );
}

interface Question {
  readonly actual: unknown;
  readonly name: Name;
  readonly negated: boolean;
  readonly args: readonly unknown[];
  readonly message: string | undefined;
  readonly source: string | undefined;
}

function labelled(mismatch: Mismatch, source: string | undefined): Mismatch {
  if (source !== undefined) mismatch.lookedAt = source;
  return mismatch;
}

function judge(question: Question): void {
  try {
    decide(question);
  } catch (thrown) {
    throw thrown instanceof Mismatch ? labelled(thrown, question.source) : thrown;
  }
  currentRecording().held();
}

function decide(question: Question): void {
  const { actual, name, args } = question;
  if (name === 'toThrow') judgeThrow(question);
  else if (name === 'toBeInstanceOf') judgeInstance(question);
  else if (name === 'toBe' && isObject(actual) && isObject(args[0])) judgeSame(question);
  else if (name === 'toContain' && Array.isArray(actual)) judgeContains(question, actual);
  else judgeCopy(question);
}

function judgeCopy(question: Question): void {
  const { actual, name, args } = question;
  const expected = name === 'toSatisfy' ? args : args.map(expectedSide);
  compare(question, snapshot(actual, { wanted: expected[0] }), expected);
}

function compare(question: Question, actual: unknown, expected: readonly unknown[]): void {
  const { name, negated, message } = question;
  const show = showFor(question);
  const assertion = frameworkExpect(actual) as unknown as Record<string, never>;
  const chosen = (negated ? assertion.not : assertion) as unknown as Record<
    string,
    (...args: readonly unknown[]) => void
  >;
  try {
    chosen[name]?.(...expected);
  } catch {
    const word = `${negated ? 'not ' : ''}${wordFor(name, expected, show)}`;
    const actualWord = show(actual);
    throw new Mismatch(message ?? sentence(word, actualWord), {
      expected: expected[0],
      word,
      actual,
      actualWord,
    });
  }
}

/** Modes of files are compared as numbers, and read as octal ones. */
function showFor({ source = '' }: Question): (value: unknown) => string {
  return (value) => (isMode(source, value) ? octal(value) : inspect(value));
}

function sentence(word: string, was: string): string {
  const short = !`${word}${was}`.includes('\n') && word.length + was.length < 160;
  return short ? `should have been ${word}, but was ${was}` : 'is not what it should have been';
}

function wordFor(
  name: Name,
  expected: readonly unknown[],
  show: (value: unknown) => string,
): string {
  const value = expected.map((item) => show(item)).join(', ');
  if (name === 'toBe' || name === 'toEqual' || name === 'toStrictEqual') return value;
  if (name === 'toMatchObject') return value;
  return `${wordsBefore[name] ?? ''}${value}`;
}

/** What stands before the expected value, or for it: a side of a failure is always a value. */
const wordsBefore: Partial<Record<Name, string>> = {
  toBeDefined: 'anything but undefined',
  toBeUndefined: 'undefined',
  toBeNull: 'null',
  toBeTruthy: 'a truthy value',
  toBeFalsy: 'a falsy value',
  toBeNaN: 'NaN',
  toBeTypeOf: 'a value of type ',
  toBeGreaterThan: 'more than ',
  toBeGreaterThanOrEqual: 'at least ',
  toBeLessThan: 'less than ',
  toBeLessThanOrEqual: 'at most ',
  toBeCloseTo: 'a number close to ',
  toContain: 'text with this in it: ',
  toContainEqual: 'an array with this in it: ',
  toHaveLength: 'something of length ',
  toHaveProperty: 'something with the property ',
  toMatch: 'text that matches ',
};

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function verdict(question: Question, holds: boolean, word: string, actual: unknown): void {
  if (holds !== question.negated) return;
  const not = question.negated ? 'not ' : '';
  throw new Mismatch(question.message ?? `should ${not}have been ${word}`, {
    expected: undefined,
    word: not + word,
    actual,
  });
}

function judgeSame(question: Question): void {
  const expected = originalOf(question.args[0]);
  if (isObject(expected) && isMatcher(expected)) {
    throw new Error('toBe compares identity; use toEqual with matchers');
  }
  const word = `the very same object ${inspect(expectedSide(expected))}`;
  verdict(question, originalOf(question.actual) === expected, word, snapshot(question.actual));
}

function judgeInstance(question: Question): void {
  const type = question.args[0] as { name?: unknown };
  const name = typeof type.name === 'string' ? type.name : 'the class';
  verdict(question, isInstance(question.actual, type), `a ${name}`, snapshot(question.actual));
}

function judgeContains(question: Question, actual: readonly unknown[]): void {
  const item = originalOf(question.args[0]);
  let found = false;
  for (let i = 0; i < actual.length && i < 300_000; i++) {
    if (Object.is(originalOf(actual[i]), item)) found = true;
  }
  verdict(question, found, `an array with ${inspect(expectedSide(item))} in it`, snapshot(actual));
}

function judgeThrow(question: Question): void {
  const wanted = question.args[0];
  const outcome = thrownBy(question.actual);
  if (outcome === undefined) {
    if (question.negated) return;
    const word = describeThrow(wanted);
    const message = question.message ?? `should have been ${word}`;
    const actualWord = 'nothing was thrown';
    throw new Mismatch(message, { expected: undefined, word, actual: undefined, actualWord });
  }
  const holds = question.args.length === 0 || throwFits(outcome.thrown, wanted);
  verdict(question, holds, describeThrow(wanted), snapshot(outcome.thrown));
}

/** Runs the function under test; `{ thrown }` also stands for a rejection. */
function thrownBy(actual: unknown): { thrown: unknown } | undefined {
  if (typeof actual !== 'function') return actual as { thrown: unknown };
  try {
    (actual as () => unknown)();
  } catch (thrown) {
    if (asNotImplemented(thrown)) throw thrown;
    return { thrown };
  }
  return undefined;
}

function throwFits(thrown: unknown, wanted: unknown): boolean {
  if (typeof wanted === 'function') return isInstance(thrown, wanted);
  const copy = snapshot(thrown, { wanted });
  const message = isObject(copy) ? String((copy as { message?: unknown }).message ?? '') : '';
  if (typeof wanted === 'string') return isObject(copy) && message.includes(wanted);
  if (wanted instanceof RegExp) return isObject(copy) && wanted.test(message);
  try {
    if (wanted instanceof Error) frameworkExpect(message).toBe(wanted.message);
    else if (isMatcher(wanted as object)) frameworkExpect(copy).toEqual(wanted);
    else frameworkExpect(copy).toMatchObject(expectedSide(wanted) as object);
    return true;
  } catch {
    return false;
  }
}

function describeThrow(wanted: unknown): string {
  if (wanted === undefined) return 'a throw';
  if (typeof wanted === 'function') return `a throw of ${wanted.name}`;
  if (wanted instanceof Error) return `a throw that says ${inspect(wanted.message)}`;
  if (typeof wanted === 'string' || wanted instanceof RegExp) {
    return `a throw that says ${inspect(wanted)}`;
  }
  return `a throw like ${inspect(expectedSide(wanted))}`;
}
