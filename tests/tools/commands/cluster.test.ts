import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCourse } from './fixture-course.ts';

let course: ReturnType<typeof makeCourse>;
beforeAll(() => {
  course = makeCourse();
});
afterAll(() => course[Symbol.dispose]());

function command(name: string, ...args: string[]) {
  const file = join(course.root, 'tools/commands', `${name}.ts`);
  const tsx = ['--import', import.meta.resolve('tsx')];
  const options = { cwd: course.root, encoding: 'utf8', timeout: 30_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tsx, file, ...args], options);
  return { status, stdout, stderr };
}

describe.each(['cluster', 'storm'])('%s', (name) => {
  it('does not begin with a component whose core is not written', () => {
    const { status, stdout, stderr } = command(name, '--mine', 'sums');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'not written yet, and a core exercise: sums/add. ' +
        "Write it, or borrow the reference's: npm run borrow -- sums/add\n",
    );
  });
});

describe('explain', () => {
  it('says how it is asked', () => {
    const { status, stdout } = command('explain', '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^usage: npm run explain -- pod /);
  });

  it('asks the scheduler of the cluster that runs', () => {
    expect(command('explain', 'pod', 'a').stderr).toContain('http://127.0.0.1:10259');
    const folder = join(course.root, '.course', 'cluster');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'scheduler'), 'http://127.0.0.1:1\n');
    const { status, stderr } = command('explain', 'pod', 'a');
    expect(status).toBe(2);
    expect(stderr).toContain('no scheduler answers at http://127.0.0.1:1;');
  });
});
