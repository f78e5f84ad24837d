/**
 * A course of one tiny chapter in a temporary folder, for tests of the judge.
 *
 * `tally` adds numbers: `add`, `sum` (which needs `add`), `list` (a class), `wait` (async), and an
 * extra. A test writes student files over the solutions and grades.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LIMITS, type Limits } from '../../../tools/judge/child.ts';
import { type GradeOptions, gradeChapter } from '../../../tools/judge/judge.ts';
import type { ChapterResult, ExerciseResult } from '../../../tools/judge/result.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';

const CHAPTER = '00-tally';

const exercises = ['add', 'sum', 'list', 'wait', 'extra'].map((name) => ({
  id: `tally/${name}`,
  title: `The ${name}`,
  core: name !== 'extra',
  hours: 1,
  files: [`${name}.ts`],
}));

/** The solutions, by file name. */
export const SOLUTIONS: Readonly<Record<string, string>> = {
  'index.ts': `
export { add } from './add.ts';
export { TallyError } from './errors.ts';
export { sum } from './sum.ts';
export { List } from './list.ts';
export { wait } from './wait.ts';
export { extra } from './extra.ts';
`,
  'errors.ts': `
export class TallyError extends Error {
  override readonly name = 'TallyError';
}
`,
  'add.ts': `
import { TallyError } from './errors.ts';
/** Adds. @exercise tally/add */
export function add(a: number, b: number): { total: number } {
  if (Number.isNaN(a + b)) throw new TallyError('not a number');
  return { total: a + b };
}
`,
  'sum.ts': `
import { add } from './add.ts';
/** Sums. @exercise tally/sum */
export function sum(items: readonly number[]): number {
  return items.reduce((total, item) => add(total, item).total, 0);
}
`,
  'list.ts': `
export class List {
  #items: string[] = [];
  get size(): number { return this.#items.length; }
  /** Puts. @exercise tally/list */
  put(item: string): number { return this.#items.push(item); }
  /** All. @exercise tally/list */
  all(): { items: string[] } { return { items: [...this.#items] }; }
}
`,
  'wait.ts': `
/** Waits. @exercise tally/wait */
export async function wait(value: string): Promise<{ value: string }> {
  await undefined;
  return { value };
}
`,
  'extra.ts': `
/** Extra. @exercise tally/extra */
export function extra(): string { return 'extra'; }
`,
};

const TESTS: Readonly<Record<string, string>> = {
  add: `
import { describe, expect, fc, it, property } from '#kit';
import { add, TallyError } from '#tally';
describe('add', () => {
  it.core('adds two numbers', () => { expect(add(1, 2)).toEqual({ total: 3 }); });
  it('adds negative numbers', () => { expect(add(-1, -2)).toEqual({ total: -3 }); });
  it('refuses what is no number', () => { expect(() => add(NaN, 1)).toThrow(TallyError); });
  property('order does not matter', fc.integer(), fc.integer(), (a, b) => {
    expect(add(a, b)).toEqual(add(b, a));
    expect(add(a, b).total).toBe(a + b);
  });
});
`,
  sum: `
import { expect, it } from '#kit';
import { sum } from '#tally';
it.core('sums a list', () => { expect(sum([1, 2, 3])).toBe(6); });
it('sums nothing to 0', () => { expect(sum([])).toBe(0); });
`,
  list: `
import { beforeEach, describe, expect, it, trace } from '#kit';
import { List } from '#tally';
describe('list', () => {
  let list: List;
  beforeEach(() => { list = trace('list', () => new List()); });
  it.core('keeps what was put', () => {
    list.put('a');
    list.put('b');
    expect(list.all()).toMatchObject({ items: ['a', 'b'] });
  });
  it('starts empty', () => { expect(list.all()).toEqual({ items: [] }); });
  it('knows its size', () => { list.put('a'); expect(list).toMatchObject({ size: 1 }); });
  it('gives a copy', () => {
    list.put('a');
    list.all().items.push('b');
    expect(list.all().items).toHaveLength(1);
  });
});
`,
  wait: `
import { expect, it } from '#kit';
import { wait } from '#tally';
it.core('gives the value', async () => { expect(await wait('x')).toEqual({ value: 'x' }); });
it('gives another value', async () => { await expect(wait('y')).resolves.toEqual({ value: 'y' }); });
`,
  extra: `
import { expect, it } from '#kit';
import { extra } from '#tally';
it.core('says extra', () => { expect(extra()).toBe('extra'); });
`,
};

/** Stubs as a student finds them. */
export const STUBS: Readonly<Record<'add' | 'list', string>> = {
  add: `
import { NotImplemented } from '#not-implemented';
/** Adds. @exercise tally/add */
export function add(_a: number, _b: number): { total: number } {
  throw new NotImplemented('tally/add', 'add');
}
`,
  list: `
import { NotImplemented } from '#not-implemented';
export class List {
  get size(): number { return 0; }
  /** Puts. @exercise tally/list */
  put(_item: string): number {
    throw new NotImplemented('tally/list', 'List.put');
  }
  /** All. @exercise tally/list */
  all(): { items: string[] } {
    throw new NotImplemented('tally/list', 'List.all');
  }
}
`,
};

/** A course on disk. */
export interface FixtureCourse {
  readonly root: string;
  /** Writes a file below the top. */
  write(path: string, text: string): void;
  /** Writes one of the student's files. */
  student(name: string, text: string): void;
  grade(options?: Partial<GradeOptions>): Promise<ChapterResult>;
  remove(): void;
}

/** Short limits: the attacks are the same, the waiting is not. */
export const SHORT: Limits = { ...LIMITS, jobMs: 2_500 };

/** Makes a course in which the student has solved everything. */
export function fixtureCourse(): FixtureCourse {
  const root = mkdtempSync(join(tmpdir(), 'judge-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const chapter = { id: CHAPTER, component: 'tally', title: 'Tallying', exercises };
  write(`chapters/${CHAPTER}/chapter.json`, JSON.stringify(chapter));
  const headings = exercises.map((exercise) => `## ${exercise.title}\n`);
  write(`chapters/${CHAPTER}/README.md`, `# Tallying\n\n${headings.join('\n')}`);
  for (const [name, text] of Object.entries(SOLUTIONS)) {
    write(`solutions/${CHAPTER}/${name}`, text);
    write(`chapters/${CHAPTER}/${name}`, text);
  }
  for (const [name, text] of Object.entries(TESTS)) write(`tests/${CHAPTER}/${name}.test.ts`, text);
  return {
    root,
    write,
    student: (name, text) => write(`chapters/${CHAPTER}/${name}`, text),
    grade: async (options) => {
      const [read] = readSyllabus(root);
      if (!read) throw new Error('the fixture has no chapter');
      return gradeChapter({ root, chapter: read, whose: 'mine', limits: SHORT, ...options });
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** The result of one exercise by its short name. */
export function exerciseOf(result: ChapterResult, name: string): ExerciseResult {
  const found = result.exercises.find((exercise) => exercise.id === `tally/${name}`);
  if (!found) throw new Error(`tally/${name} is not in the result`);
  return found;
}
