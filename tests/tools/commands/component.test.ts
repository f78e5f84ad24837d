import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseComponentRequest } from '../../../tools/start/component-command.ts';
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

describe('component', () => {
  it("runs the reference's main and gives its exit code", () => {
    expect(command('component', '--ref', 'sums', '21')).toMatchObject({
      status: 7,
      stdout: '42\n',
    });
  });

  it('says which exercise is missing and how to borrow it', () => {
    const { status, stderr } = command('component', 'sums', '21');
    expect(status).toBe(1);
    expect(stderr).toContain('twice is not written yet: it is exercise sums/twice');
    expect(stderr).toContain('npm run borrow -- sums/twice');
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it.each([
    ['an unknown name', ['etct'], /^there is no component etct; there are: sums\n$/],
    ['an unknown flag before the name', ['--wat', 'sums'], /^unknown flag --wat/],
    ['an unknown component after --mine', ['--mine', 'wat', 'sums'], /^there is no component wat/],
  ])('answers %s with one line and 2', (_name, args, line) => {
    const { status, stderr } = command('component', ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('hands over what stands after the name untouched', () => {
    expect(parseComponentRequest(['--mine', 'a,b', 'etcd', '--ref', '--mine', 'x'])).toEqual({
      name: 'etcd',
      reference: false,
      mine: ['a', 'b'],
      flags: ['--ref', '--mine', 'x'],
    });
  });
});

describe('start without a terminal', () => {
  it('prints the board without colours and exits 0', () => {
    const { status, stdout } = command('start');
    expect(status).toBe(0);
    expect(stdout).toContain('00-sums  Sums, small and whole');
    expect(stdout).toMatch(/→ +0\.1 {2}Add +not written \(100 p\)/);
    expect(stdout).toContain('Next: 0.1 Add (sums/add)');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('conformance and bench', () => {
  it.each([
    ['conformance', ['wat'], /^which suite\?/],
    ['bench', ['wat'], /^there is no bench wat/],
  ])('%s refuses a name it does not have with one line and 2', (name, args, line) => {
    const { status, stderr } = command(name, ...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(line);
  });
});
