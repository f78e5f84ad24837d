import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readState } from '../../../tools/course-state.ts';
import { PLAIN } from '../../../tools/start/board.ts';
import type { Place } from '../../../tools/start/find-exercise.ts';
import type { Grader, Verdict } from '../../../tools/start/verdict.ts';
import { WatchLoop } from '../../../tools/start/watch-loop.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';
import { makeCourse } from './fixture-course.ts';

const PASSED: Verdict = { status: 'passed', passed: 1, total: 1, needs: [] };
const FAILED: Verdict = {
  status: 'failed',
  passed: 0,
  total: 1,
  needs: [],
  failure: { name: 'add › adds', message: 'steps\n\u001b[2Jexpected 4, got 5' },
};

/** Gives the verdicts it is told, and can be held back. */
class ScriptedGrader implements Grader {
  readonly graded: string[] = [];
  readonly aborted: string[] = [];
  readonly verdicts = new Map<string, Verdict>();
  hold: Promise<void> = Promise.resolve();

  async grade({ exercise }: Place, signal: AbortSignal): Promise<Verdict> {
    this.graded.push(exercise.id);
    await this.hold;
    if (signal.aborted) {
      this.aborted.push(exercise.id);
      throw new Error('aborted');
    }
    return this.verdicts.get(exercise.id) ?? FAILED;
  }

  async close(): Promise<void> {}
}

let course: ReturnType<typeof makeCourse>;
let grader: ScriptedGrader;
let size: { columns: number; rows: number };
let picture: string;
let loop: WatchLoop;

beforeEach(() => {
  course = makeCourse();
  grader = new ScriptedGrader();
  size = { columns: 80, rows: 24 };
  loop = newLoop();
});
afterEach(() => course[Symbol.dispose]());

function newLoop(): WatchLoop {
  return new WatchLoop({
    root: course.root,
    title: 'Small course',
    chapters: readSyllabus(course.root),
    grader,
    colours: PLAIN,
    now: () => 0,
    fail: (error) => {
      throw error;
    },
    screen: {
      columns: () => size.columns,
      rows: () => size.rows,
      draw: (lines) => {
        picture = lines.join('\n');
      },
    },
  });
}

function write(name: string, text: string): void {
  writeFileSync(join(course.root, 'chapters/00-sums', name), text);
}

async function save(name: string, text: string): Promise<void> {
  write(name, text);
  loop.saved([`00-sums/${name}`]);
  await loop.idle();
}

describe('the watch loop', () => {
  it('grades the exercise a saved file belongs to, and shows its first failure', async () => {
    await save('add.ts', 'export const add = 1;');
    expect(grader.graded).toEqual(['sums/add']);
    expect(picture).toContain('✗ failed · 0 of 1 tests');
    expect(picture).toContain('add › adds\n  steps\n  expected 4, got 5');
    expect(picture).toContain('chapters/00-sums/README.md#add');
    expect(picture).toContain('1 of 2: press h');
  });

  it('lets no control character of a message through', async () => {
    await save('add.ts', 'export const add = 1;');
    expect(picture).not.toContain('\u001b');
  });

  it('remembers full marks for the text that was graded', async () => {
    grader.verdicts.set('sums/add', PASSED);
    await save('add.ts', 'export const add = 1;');
    expect(readState(course.root).exercises['sums/add']?.passed).toMatch(/^[0-9a-f]{64}$/);
    expect(picture).toContain('1 of 1 core · 100/100 points');
  });

  it('does not count full marks for a text that was replaced meanwhile', async () => {
    grader.verdicts.set('sums/add', PASSED);
    let release = () => {};
    grader.hold = new Promise((resolve) => {
      release = resolve;
    });
    write('add.ts', 'first');
    loop.saved(['00-sums/add.ts']);
    await Promise.resolve();
    write('add.ts', 'second, not graded');
    release();
    await loop.idle();
    expect(readState(course.root).exercises['sums/add']?.passed).toBeUndefined();
  });

  it('forgets full marks when the same text fails later', async () => {
    grader.verdicts.set('sums/add', PASSED);
    await save('add.ts', 'export const add = 1;');
    grader.verdicts.set('sums/add', FAILED);
    loop.saved(['00-sums/add.ts']);
    await loop.idle();
    expect(readState(course.root).exercises['sums/add']?.passed).toBeUndefined();
  });

  it('keeps full marks when the file of a later exercise is edited, which a given file imports', async () => {
    grader.verdicts.set('sums/add', PASSED);
    write('given.ts', "export type { twice } from './twice.ts';");
    await save('add.ts', "import './given.ts';\nexport const add = 1;");
    await save('twice.ts', 'export const twice = 1;');
    expect(grader.graded).toEqual(['sums/add', 'sums/twice']);
    expect(picture).toContain('1 of 1 core · 100/100 points');
    write('given.ts', 'export {};');
    loop.saved(['00-sums/README.md']);
    expect(picture).toContain('0 of 1 core · 0/100 points');
  });

  it('runs later exercises that passed, quietly, and says which broke', async () => {
    grader.verdicts.set('sums/twice', PASSED);
    await save('twice.ts', 'export const twice = 1;');
    grader.graded.length = 0;
    grader.verdicts.set('sums/twice', FAILED);
    grader.verdicts.set('sums/add', PASSED);
    await save('add.ts', 'export const add = 2;');
    expect(grader.graded).toEqual(['sums/add', 'sums/twice']);
    expect(picture).toContain('passed before, not now: 0.2 Twice');
  });

  it('does not run an earlier exercise, nor one that does not pass, nor for a test file', async () => {
    await save('twice.ts', 'export const twice = 1;');
    expect(grader.graded).toEqual(['sums/twice']);
    loop.saved(['00-sums/examples.test.ts']);
    await loop.idle();
    expect(grader.graded).toEqual(['sums/twice']);
  });

  it('ends a run when the file is saved again', async () => {
    let release = () => {};
    grader.hold = new Promise((resolve) => {
      release = resolve;
    });
    loop.saved(['00-sums/add.ts']);
    await Promise.resolve();
    loop.saved(['00-sums/add.ts']);
    release();
    await loop.idle();
    expect(grader.aborted).toEqual(['sums/add']);
    expect(grader.graded).toEqual(['sums/add', 'sums/add']);
    expect(picture).toContain('failed');
  });

  it('obeys its keys', async () => {
    loop.start();
    await loop.idle();
    expect(loop.key('h')).toBeUndefined();
    expect(picture).toContain('Hint 1 of 2\n  Look at the plus sign.');
    loop.key('l');
    expect(picture).toMatch(/00-sums {2}Sums, small and whole/);
    loop.key('n');
    await loop.idle();
    expect(picture).toContain('0.2 Twice');
    expect(loop.key('q')).toBe('quit');
  });

  it('runs nothing while paused, and grades again when it goes on', async () => {
    loop.key('p');
    expect(picture).toContain('paused');
    await save('add.ts', 'export const add = 1;');
    expect(grader.graded).toEqual([]);
    loop.key('p');
    await loop.idle();
    expect(grader.graded).toEqual(['sums/add']);
  });

  it.each([
    [40, 24],
    [40, 10],
    [20, 6],
    [200, 60],
  ])('fits %i columns and %i rows', async (columns, rows) => {
    grader.verdicts.set('sums/add', {
      ...FAILED,
      failure: { name: 'a long name of a test '.repeat(5), message: 'word '.repeat(400) },
    });
    size = { columns, rows };
    await save('add.ts', 'export const add = 1;');
    for (const key of ['', 'h', 'l']) {
      loop.key(key);
      const lines = picture.split('\n');
      expect(lines.length).toBe(rows);
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(columns);
    }
  });

  it('shows a borrowed exercise as borrowed and does not grade it', async () => {
    const { borrowCommand } = await import('../../../tools/start/exercise-commands.ts');
    await borrowCommand({ root: course.root, args: ['sums/twice'], print: () => {} });
    loop = newLoop();
    loop.saved(['00-sums/twice.ts']);
    await loop.idle();
    expect(grader.graded).toEqual([]);
    expect(picture).toContain('borrowed from the reference');
  });
});
