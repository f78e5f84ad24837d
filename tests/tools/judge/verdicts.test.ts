/** What exercises get for what happened: statuses, partial credit, lessons, a bounded end. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileHidden } from '../../../tools/judge/hidden.ts';
import type { GradeEvent } from '../../../tools/judge/result.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';
import {
  exerciseOf,
  type FixtureCourse,
  fixtureCourse,
  SOLUTIONS,
  STUBS,
} from './fixture-course.ts';

let course: FixtureCourse;

beforeEach(() => {
  course = fixtureCourse();
});

afterEach(() => course.remove());

const only = (...names: string[]): { exercises: string[] } => ({
  exercises: names.map((name) => `tally/${name}`),
});

describe('a solved chapter', () => {
  it('has all points, and its extras are a bonus', async () => {
    const result = await course.grade();
    expect(result).toMatchObject({ id: '00-tally', points: 100, maxPoints: 100, bonus: 25 });
    expect(result.exercises.map((e) => e.status)).toEqual(Array(5).fill('passed'));
  });

  it('has them also when only the reference is there', async () => {
    course.student('add.ts', 'broken(');
    expect(await course.grade({ whose: 'reference' })).toMatchObject({ points: 100 });
  });

  it('tells what happens while it is graded', async () => {
    const events: GradeEvent[] = [];
    await course.grade({ ...only('sum'), onEvent: (event) => events.push(event) });
    expect(events.map((event) => event.kind)).toEqual([
      'exercise-start',
      ...['test-start', 'test-end', 'test-start', 'test-end'],
      'exercise-end',
    ]);
    expect(events[0]).toMatchObject({ exercise: 'tally/sum', total: 2 });
  });

  it('ends an exercise’s run where enough is known, and counts the rest as not passed', async () => {
    course.student('add.ts', 'export function add() { return { total: 7 }; }');
    const heard: string[] = [];
    const result = await course.grade({
      ...only('add', 'list'),
      enough: ({ exercise, core, hasCore }) => {
        heard.push(`${exercise} ${core} ${hasCore}`);
        return core;
      },
    });
    expect(heard).toEqual(['tally/add true true']);
    expect(exerciseOf(result, 'add')).toMatchObject({ points: 0, tests: { passed: 0, total: 4 } });
    expect(exerciseOf(result, 'add').status).not.toBe('passed');
    expect(exerciseOf(result, 'list').status).toBe('passed');
  });

  it('gives no points when other seeds are explored', async () => {
    const result = await course.grade({ explore: 7 });
    expect(result).toMatchObject({ points: 0, bonus: 0 });
    expect(exerciseOf(result, 'add').status).toBe('passed');
  });

  it('has an instructor’s extra tests count', async () => {
    const test = "import { expect, it } from '#kit'; import { sum } from '#tally';";
    course.write(
      'more/00-tally/sum.test.ts',
      `${test} it('sums one', () => { expect(sum([1])).toBe(1); });`,
    );
    const result = await course.grade({ ...only('sum'), extraTests: `${course.root}/more` });
    expect(exerciseOf(result, 'sum').tests).toEqual({ passed: 3, total: 3 });
  });
});

/** Puts minified tests and modules in the place of the sources, as `release` does. */
async function makeRelease(): Promise<void> {
  const [chapter] = readSyllabus(course.root);
  if (!chapter) throw new Error('the fixture has no chapter');
  for (const exercise of chapter.exercises) {
    const code = await compileHidden(course.root, chapter, exercise, { minify: true });
    course.write(`hidden/00-tally/${exercise.name}.test.js`, code ?? '');
  }
  for (const [name, text] of Object.entries(SOLUTIONS)) {
    const module = await transform(text, { loader: 'ts', format: 'esm', minify: true });
    const code = module.code.replaceAll(/"(\.\/[a-z]+)\.ts"/g, '"$1.js"');
    course.write(`reference/00-tally/${name.replace('.ts', '.js')}`, code);
  }
  for (const folder of ['solutions', 'tests', '.course']) {
    rmSync(join(course.root, folder), { recursive: true });
  }
}

describe('a release', () => {
  it('grades what stands on a borrowed file', async () => {
    await makeRelease();
    course.student('add.ts', STUBS.add);
    const result = await course.grade({ ...only('add', 'sum'), borrowed: new Set(['tally/add']) });
    expect(exerciseOf(result, 'add')).toMatchObject({ status: 'borrowed', points: 0 });
    expect(exerciseOf(result, 'sum')).toMatchObject({ status: 'passed', points: 25 });
  });

  it('is graded with bundles alone, and its failures still speak', async () => {
    await makeRelease();
    course.student('list.ts', (SOLUTIONS['list.ts'] ?? '').replace('[...this.#items]', '[]'));
    const result = await course.grade();
    expect(result).toMatchObject({ points: 75, bonus: 25 });
    expect(exerciseOf(result, 'list').failures[0]?.steps[0]).toBe('const list = new List();');
  });

  it('without the hidden tests says who grades', async () => {
    rmSync(join(course.root, 'tests/00-tally/sum.test.ts'));
    const sum = exerciseOf(await course.grade(only('sum')), 'sum');
    expect(sum).toMatchObject({ status: 'failed', points: 0, tests: { passed: 0, total: 0 } });
    expect(sum.failures[0]?.message).toContain('your instructor grades');
  });
});

describe('an exercise', () => {
  it('is not written while all of its stubs stand', async () => {
    course.student('list.ts', STUBS.list);
    const list = exerciseOf(await course.grade(only('list')), 'list');
    expect(list).toMatchObject({ status: 'not-written', points: 0, failures: [] });
    expect(list.tests).toEqual({ passed: 0, total: 4 });
  });

  it('is failed once one of its stubs is gone', async () => {
    course.student(
      'list.ts',
      (SOLUTIONS['list.ts'] ?? '')
        .replace(
          'return { items',
          "throw new NotImplemented('tally/list', 'List.all'); return { items",
        )
        .replace('export', "import { NotImplemented } from '#not-implemented';\nexport"),
    );
    const list = exerciseOf(await course.grade(only('list')), 'list');
    expect(list).toMatchObject({ status: 'failed', points: 0, needs: [] });
    expect(list.failures[0]?.message).toBe('List.all is not written yet (exercise tally/list)');
  });

  it('is blocked by the stub it needs', async () => {
    course.student('add.ts', STUBS.add);
    const result = await course.grade(only('add', 'sum'));
    expect(exerciseOf(result, 'add').status).toBe('not-written');
    expect(exerciseOf(result, 'sum')).toMatchObject({
      status: 'blocked',
      points: 0,
      tests: { passed: 1, total: 2 },
      needs: ['tally/add'],
    });
  });

  it('is blocked by a file that does not compile, and that one is told apart', async () => {
    course.student('add.ts', '\nexport function add( {');
    const result = await course.grade(only('add', 'sum', 'list'));
    expect(exerciseOf(result, 'add')).toMatchObject({ status: 'crashed', points: 0 });
    expect(exerciseOf(result, 'add').failures[0]?.message).toMatch(
      /^chapters\/00-tally\/add\.ts:2:\d+: does not compile: /,
    );
    expect(exerciseOf(result, 'sum').needs).toEqual(['tally/add']);
    expect(exerciseOf(result, 'list').status).toBe('passed');
  });

  it('is borrowed: no points, but what needs it works', async () => {
    course.student('add.ts', STUBS.add);
    const result = await course.grade({ ...only('add', 'sum'), borrowed: new Set(['tally/add']) });
    expect(exerciseOf(result, 'add')).toMatchObject({ status: 'borrowed', points: 0 });
    expect(exerciseOf(result, 'sum')).toMatchObject({ status: 'passed', points: 25 });
  });

  it('earns a share once its core tests pass', async () => {
    course.student('sum.ts', 'export const sum = (items: number[]) => items.length === 3 ? 6 : 1;');
    const sum = exerciseOf(await course.grade(only('sum')), 'sum');
    expect(sum).toMatchObject({ status: 'failed', points: 12, tests: { passed: 1, total: 2 } });
  });

  it('earns nothing without its core tests', async () => {
    course.student('sum.ts', 'export const sum = () => 0;');
    const sum = exerciseOf(await course.grade(only('sum')), 'sum');
    expect(sum).toMatchObject({ status: 'failed', points: 0, tests: { passed: 1, total: 2 } });
  });

  it('keeps the credit of tests before a hang', async () => {
    course.student(
      'sum.ts',
      'export const sum = (items: number[]) => { for (;;) if (items.length) return 6; };',
    );
    const sum = exerciseOf(await course.grade(only('sum')), 'sum');
    expect(sum).toMatchObject({ status: 'timed-out', points: 12, tests: { passed: 1, total: 2 } });
    const [failure] = sum.failures;
    expect(failure).toMatchObject({ name: 'sums nothing to 0', steps: ['sum([]);'] });
    expect(failure?.repro).toContain("import { sum } from '#tally';\n\nconsole.log(sum([]));");
  });

  it('tells tests that a hang kept from running from those that fail', async () => {
    course.student('sum.ts', 'export const sum = () => { for (;;); };');
    const sum = exerciseOf(await course.grade(only('sum')), 'sum');
    expect(sum.failures.map(({ core, notRun }) => ({ core, notRun }))).toEqual([
      { core: true, notRun: undefined },
      { core: undefined, notRun: true },
    ]);
    expect(sum.coreTests).toEqual({ passed: 0, total: 1 });
  });

  it('times out when it waits for what never comes, without waiting itself', async () => {
    course.student('wait.ts', 'export const wait = () => new Promise<never>(() => {});');
    const wait = exerciseOf(await course.grade(only('wait')), 'wait');
    expect(wait).toMatchObject({ status: 'timed-out', points: 0 });
    expect(wait.failures[0]?.message).toBe('waits for a promise that nothing will ever settle');
  });

  it('fails by what nobody caught', async () => {
    course.student(
      'wait.ts',
      "export const wait = async (value: string) => { void Promise.reject(new Error('lost')); return { value }; };",
    );
    const wait = exerciseOf(await course.grade(only('wait')), 'wait');
    expect(wait).toMatchObject({ status: 'failed', points: 0 });
    expect(wait.failures[0]?.message).toBe('threw Error: lost');
  });
});

describe('a failure', () => {
  it('tells the steps, both sides, the section, and does the steps again', async () => {
    course.student('list.ts', (SOLUTIONS['list.ts'] ?? '').replace('[...this.#items]', '[]'));
    const [failure] = exerciseOf(await course.grade(only('list')), 'list').failures;
    expect(failure).toMatchObject({
      name: 'list › keeps what was put',
      section: 'chapters/00-tally/README.md#the-list',
      steps: ['const list = new List();', "list.put('a');", "list.put('b');", 'list.all();'],
      expected: "{ items: ['a', 'b'] }",
      actual: '{ items: [] }',
    });
    expect(failure?.repro).toContain("import { List } from '#tally';\n\nconst list = new List();");
  });

  it('tells the smallest values and the seed of a property', async () => {
    course.student(
      'add.ts',
      (SOLUTIONS['add.ts'] ?? '').replace('a + b }', 'a > 99 ? 0 : a + b }'),
    );
    const failures = exerciseOf(await course.grade(only('add')), 'add').failures;
    const property = failures.find((failure) => failure.name === 'add › order does not matter');
    expect(property?.seed).toBeTypeOf('number');
    expect(property?.counterexample).toMatch(/^-?\d+, -?\d+$/);
    expect(property?.steps[0]).toMatch(/^const|^add\(/);
  });

  it('tells where in the student’s file something was thrown', async () => {
    course.student(
      'extra.ts',
      'type Long = {\n  a: string;\n};\nexport function extra(): string {\n  const long = undefined as unknown as Long;\n  return long.a;\n}\n',
    );
    const [failure] = exerciseOf(await course.grade(only('extra')), 'extra').failures;
    expect(failure?.where).toBe('chapters/00-tally/extra.ts:6:15');
  });

  it('shows what the code printed, cut', async () => {
    course.student(
      'extra.ts',
      "export function extra(): string { for (let i = 0; i < 9999; i++) console.log('line', i, { a: 1 }); return ''; }",
    );
    const [failure] = exerciseOf(await course.grade(only('extra')), 'extra').failures;
    expect(failure?.output).toMatch(/^line 0 \{ a: 1 \}\nline 1 /);
    expect(failure?.output?.length).toBeLessThanOrEqual(4_000);
  });
});

describe('a run', () => {
  it('ends when it is told to', async () => {
    course.student('sum.ts', 'export const sum = () => { for (;;); };');
    const stop = new AbortController();
    const onEvent = (event: GradeEvent): void => {
      if (event.kind === 'test-start') stop.abort();
    };
    const result = await course.grade({ ...only('sum'), signal: stop.signal, onEvent });
    expect(exerciseOf(result, 'sum').failures[0]?.message).toBe('was interrupted');
  });

  it('takes the student’s files from where it is told', async () => {
    course.write('elsewhere/index.ts', "export const extra = () => 'extra';");
    const result = await course.grade({ ...only('extra'), filesDir: `${course.root}/elsewhere` });
    expect(exerciseOf(result, 'extra').tests).toEqual({ passed: 1, total: 1 });
  });

  it('has nothing to believe but its own list of tests', async () => {
    course.write('tests/00-tally/extra.test.ts', 'throw new Error("the test is broken");');
    await expect(course.grade(only('extra'))).rejects.toThrow(
      'a hidden test file cannot be loaded',
    );
  });
});
