/** `npm run grade` as it is typed: what it prints, writes and remembers. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readState } from '../../../tools/course-state.ts';
import { gradeCommand } from '../../../tools/judge/grade-command.ts';
import type { JsonReport } from '../../../tools/judge/json-report.ts';
import { readStandings } from '../../../tools/start/standing.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';
import { type FixtureCourse, fixtureCourse, SOLUTIONS, STUBS } from './fixture-course.ts';

let course: FixtureCourse;

beforeEach(() => {
  course = fixtureCourse();
  course.write('package.json', '{ "version": "1.2.3" }');
});

afterEach(() => course.remove());

async function grade(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const code = await gradeCommand({ root: course.root, args, print });
  return { code, lines };
}

function report(name: string): JsonReport {
  return JSON.parse(readFileSync(join(course.root, name), 'utf8')) as JsonReport;
}

describe('the report', () => {
  it('has every declared exercise and the shape that was promised', async () => {
    course.student('list.ts', STUBS.list);
    course.student('add.ts', 'export const add = (a: number, b: number) => ({ total: a - b });');
    const { code } = await grade('--json', join(course.root, 'r.json'));
    expect(code).toBe(0);
    const made = report('r.json');
    expect(Object.keys(made)).toEqual([
      ...['courseVersion', 'testsVersion', 'commit', 'gradedAt', 'seed', 'node'],
      ...['points', 'maxPoints', 'bonus', 'chapters'],
    ]);
    expect(made).toMatchObject({ courseVersion: '1.2.3', commit: null, points: 25, bonus: 25 });
    expect(made.testsVersion).toMatch(/^[0-9a-f]{12}$/);
    const [chapter] = made.chapters;
    expect(Object.keys(chapter ?? {})).toEqual(['id', 'points', 'maxPoints', 'exercises']);
    const statuses = chapter?.exercises.map((e) => [e.id, e.status]);
    expect(statuses).toEqual([
      ['tally/add', 'failed'],
      ['tally/sum', 'failed'],
      ['tally/list', 'not-written'],
      ['tally/wait', 'passed'],
      ['tally/extra', 'passed'],
    ]);
    const add = chapter?.exercises[0];
    expect(Object.keys(add ?? {}).sort()).toEqual([
      ...['core', 'failures', 'id', 'maxPoints', 'needs', 'number'],
      ...['points', 'status', 'tests', 'title'],
    ]);
    expect(add?.failures[0]).toEqual({
      name: 'add › adds two numbers',
      message: 'should have been { total: 3 }, but was { total: -1 }',
      section: 'chapters/00-tally/README.md#the-add',
      seed: null,
    });
  });

  it('is all there is on standard output when it goes there', async () => {
    const { lines } = await grade('0.2', '--json', '-');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ points: 25, maxPoints: 25 });
  });

  it('holds only what was asked for', async () => {
    await grade('tally/sum', '0.3', '--json', join(course.root, 'r.json'));
    const ids = report('r.json').chapters.flatMap((c) => c.exercises.map((e) => e.id));
    expect(ids).toEqual(['tally/sum', 'tally/list']);
  });
});

describe('the text', () => {
  it('tells a failing exercise as a lesson, without the test’s own text', async () => {
    course.student('list.ts', (SOLUTIONS['list.ts'] ?? '').replace('[...this.#items]', '[]'));
    const { lines } = await grade('tally');
    const text = lines.join('\n');
    expect(text).toContain('75/100 points + 25 bonus');
    expect(text).toContain(
      [
        '0.3 The list (tally/list): failed',
        '  list › keeps what was put (core test)',
        '  steps    const list = new List();',
        "           list.put('a');",
        "           list.put('b');",
        '           list.all();',
        "  expect   { items: ['a', 'b'] }",
        '  but was  { items: [] }',
        '  points   none until all core tests pass (0 of 1 pass)',
        '  read     chapters/00-tally/README.md#the-list (line 7)',
        '  hint     npm run hint -- 0.3',
        '  file     .course/repro/tally-list.ts does these steps again',
      ].join('\n'),
    );
    expect(text).not.toContain('toMatchObject');
    const repro = readFileSync(join(course.root, '.course/repro/tally-list.ts'), 'utf8');
    expect(repro).toContain("import { List } from '#tally';");
  });

  it('counts the bonus alone where only extras are graded', async () => {
    const { lines } = await grade('tally/extra');
    const text = lines.join('\n');
    expect(text).toContain(`${'█'.repeat(20)}  25/25 bonus`);
    expect(lines.at(-1)).toBe('25 of 25 bonus');
    expect(text).not.toContain('0/0');
  });

  it('cannot be forged by what a student’s code throws', async () => {
    course.student(
      'extra.ts',
      "export function extra() { throw new Error('\\u001b[2J\\n  ✓ 100/100'); }",
    );
    const text = (await grade('tally/extra')).lines.join('\n');
    expect(text).not.toContain('\u001b');
    expect(text).toContain('0 of 25 bonus');
  });
});

describe('the state', () => {
  it('remembers what passed, and a lesson’s file goes when it is learned', async () => {
    course.student('extra.ts', "export const extra = () => 'wrong';");
    await grade('tally/extra');
    expect(readState(course.root).exercises['tally/extra']?.passed).toBeUndefined();
    expect(existsSync(join(course.root, '.course/repro/tally-extra.ts'))).toBe(true);
    course.student('extra.ts', "export const extra = () => 'extra';");
    await grade('tally/extra');
    expect(readState(course.root).exercises['tally/extra']?.passed).toMatch(/^[0-9a-f]{64}$/);
    expect(existsSync(join(course.root, '.course/repro/tally-extra.ts'))).toBe(false);
  });

  it('forgets what does not pass any more, and says what to do', async () => {
    const standing = (): string | undefined =>
      readStandings(course.root, readSyllabus(course.root), readState(course.root)).find(
        (entry) => entry.exercise.id === 'tally/sum',
      )?.standing;
    await grade('tally/sum');
    expect(standing()).toBe('passed');
    course.student('add.ts', STUBS.add);
    expect(standing()).toBe('changed');
    const { lines } = await grade('tally/sum');
    expect(lines.join('\n')).toContain('0.2 The sum is blocked: write or borrow tally/add');
    expect(readState(course.root).exercises['tally/sum']?.passed).toBeUndefined();
    expect(standing()).toBe('started');
  });

  it('has borrowed exercises graded with the reference’s file, at no points', async () => {
    const borrowed = { kept: {}, written: {} };
    const state = { version: 1, exercises: { 'tally/add': { borrowed } } };
    course.write('.course/state.json', JSON.stringify(state));
    course.student('add.ts', STUBS.add);
    const { lines } = await grade('--json', '-');
    const [add, sum] = (JSON.parse(lines[0] ?? '') as JsonReport).chapters[0]?.exercises ?? [];
    expect(add).toMatchObject({ status: 'borrowed', points: 0 });
    expect(sum).toMatchObject({ status: 'passed', points: 25 });
  });
});

describe('bad arguments are refused in one line', () => {
  const refused: Record<string, { args: string[]; says: RegExp }> = {
    'an exercise that is not there': { args: ['tally/sun'], says: /tally\/sun.*tally\/sum/ },
    'a chapter that is not there': { args: ['07'], says: /07/ },
    'two whose': { args: ['--mine', '--reference'], says: /exclude each other/ },
    'an option that is not there': { args: ['--refrence'], says: /--refrence/ },
    'a folder that is not there': { args: ['--extra-tests', '/nowhere'], says: /\/nowhere/ },
  };
  for (const [name, { args, says }] of Object.entries(refused)) {
    it(name, async () => {
      await expect(grade(...args)).rejects.toThrow(says);
    });
  }
});
