import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseComponentRequest } from '../../../tools/start/component-command.ts';
import { loansText } from '../../../tools/start/loans.ts';
import { ADD_STUB, makeCourse, SUMS_SOLUTION } from './fixture-course.ts';

const EXTRA = { number: '0.2', title: '', core: false, hours: 1, points: 1 };

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
    expect(stderr).toContain('add is not written yet: it is exercise sums/add');
    expect(stderr).toContain('npm run borrow -- sums/add');
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

describe('a component whose core is written', () => {
  const chapter = (name: string) => join(course.root, 'chapters/00-sums', name);
  const solution = (name: string) => join(course.root, 'solutions/00-sums', name);
  const own = SUMS_SOLUTION['add.ts']?.replace('a + b', 'a + b + 1') ?? '';
  beforeEach(() => writeFileSync(chapter('add.ts'), own));
  afterEach(() => {
    writeFileSync(chapter('add.ts'), ADD_STUB);
    writeFileSync(solution('twice.ts'), SUMS_SOLUTION['twice.ts'] ?? '');
  });

  it("takes an extra from the reference, among the student's own, and says so", () => {
    const before = readFileSync(chapter('twice.ts'), 'utf8');
    expect(command('component', 'sums', '21')).toEqual({
      status: 7,
      stdout: '43\n',
      stderr: 'from the reference, not written yet: twice\n',
    });
    expect(readFileSync(chapter('twice.ts'), 'utf8')).toBe(before);
    expect(existsSync(join(course.root, '.course/state.json'))).toBe(false);
  });

  it('takes what only the extra uses as well', () => {
    writeFileSync(solution('factor.ts'), 'export const FACTOR = 10;\n');
    const text = SUMS_SOLUTION['twice.ts']?.replace('add(a, a)', 'add(a, a) * FACTOR');
    writeFileSync(solution('twice.ts'), `import { FACTOR } from './factor.ts';\n${text}`);
    expect(command('component', 'sums', '21')).toMatchObject({ status: 7, stdout: '430\n' });
    expect(existsSync(chapter('factor.ts'))).toBe(false);
    rmSync(solution('factor.ts'));
  });

  it('takes nothing in place of what is written', () => {
    const stub = readFileSync(chapter('twice.ts'), 'utf8');
    writeFileSync(chapter('twice.ts'), 'export const twice = () => 1;\n');
    expect(command('component', 'sums', '21')).toEqual({ status: 7, stdout: '1\n', stderr: '' });
    writeFileSync(chapter('twice.ts'), stub);
  });

  it('takes nothing when all is the reference anyway', () => {
    expect(command('component', '--ref', 'sums', '21').stderr).toBe('');
  });
});

describe('what is lent', () => {
  const place = (component: string, name: string, files: string[]) => ({
    chapter: { id: `0-${component}`, component, title: '', exercises: [] },
    exercise: { ...EXTRA, id: `${component}/${name}`, name, files },
    files,
  });

  it('goes by short names, by whole ids when of several components, and by files when in part', () => {
    const twice = place('sums', 'twice', ['twice.ts', 'more.ts']);
    expect(loansText([twice, place('sums', 'half', ['half.ts'])])).toBe(
      'from the reference, not written yet: twice, half',
    );
    expect(loansText([{ ...twice, files: ['more.ts'] }, place('signs', 'not', ['not.ts'])])).toBe(
      'from the reference, not written yet: sums/twice (more.ts), signs/not',
    );
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
