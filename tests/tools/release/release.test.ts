import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gradeChapter } from '../../../tools/judge/judge.ts';
import { releaseCommand } from '../../../tools/release/release-command.ts';
import { borrowCommand, unborrowCommand } from '../../../tools/start/exercise-commands.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';
import {
  ADD_STUB,
  makeCourse,
  REPOSITORY_ROOT,
  SUMS_SOLUTION,
} from '../commands/fixture-course.ts';

let course: ReturnType<typeof makeCourse>;
let student: string;
beforeAll(async () => {
  course = makeCourse();
});
afterAll(() => {
  course[Symbol.dispose]();
});

async function release(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const print = (line: string) => lines.push(line);
  expect(await releaseCommand({ root: course.root, args, print })).toBe(0);
  return lines.join('\n');
}

/** A release in a folder of its own, with the packages this repository has. */
async function newRelease(name: string, ...args: string[]): Promise<string> {
  const folder = join(course.root, '..', `${course.root.split(/[\\/]/).pop()}-${name}`);
  await release('--out', folder, ...args);
  symlinkSync(join(REPOSITORY_ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

function put(path: string, text: string): void {
  writeFileSync(join(student, path), text);
}

function read(path: string): string {
  return readFileSync(join(student, path), 'utf8');
}

function allFiles(): string[] {
  return readdirSync(student, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.startsWith('node_modules'));
}

async function statuses(borrowed: string[] = []): Promise<Record<string, string>> {
  const [chapter] = readSyllabus(student);
  if (!chapter) throw new Error('the release has no chapter');
  const result = await gradeChapter({
    root: student,
    chapter,
    whose: 'mine',
    borrowed: new Set(borrowed),
  });
  return Object.fromEntries(result.exercises.map((exercise) => [exercise.id, exercise.status]));
}

describe('a release', () => {
  beforeAll(async () => {
    student = await newRelease('student');
  }, 60_000);
  afterAll(() => rmSync(student, { recursive: true, force: true }));

  it('has neither solutions nor readable tests', () => {
    const files = allFiles();
    expect(files).not.toContain('solutions');
    expect(files.filter((path) => /^tests\/\d\d-/.test(path))).toEqual([]);
    expect(files).toContain('hidden/00-sums/add.test.js');
    expect(read('hidden/00-sums/add.test.js').trim().split('\n').length).toBeLessThan(4);
    for (const path of files.filter((file) => file.startsWith('reference/00-sums/'))) {
      expect(read(path)).not.toContain('Adds two numbers');
    }
  });

  it('leaves out what only maintainers use', () => {
    const files = allFiles();
    expect(files).not.toContain('tools/commands/release.ts');
    expect(files).not.toContain('tools/source/make-stub.ts');
    expect(files).not.toContain('tools/start/solution-originals.ts');
    expect(Object.keys(JSON.parse(read('package.json')).scripts)).not.toContain('release');
  });

  it('maps the reference to its modules', () => {
    expect(JSON.parse(read('package.json')).imports['#sums']).toEqual({
      'ref-sums': './reference/00-sums/index.js',
      default: './chapters/00-sums/index.ts',
    });
  });

  it('grades itself: nothing at first, all for the solutions', async () => {
    expect(await statuses()).toEqual({ 'sums/add': 'not-written', 'sums/twice': 'not-written' });
    for (const name of ['add.ts', 'twice.ts']) {
      put(`chapters/00-sums/${name}`, SUMS_SOLUTION[name] ?? '');
    }
    expect(await statuses()).toEqual({ 'sums/add': 'passed', 'sums/twice': 'passed' });
    put('chapters/00-sums/add.ts', ADD_STUB);
  }, 30_000);

  it('lends the minified module, with imports as in the chapters, and takes it back', async () => {
    const context = { root: student, print: () => {} };
    put('chapters/00-sums/twice.ts', 'export const mine = 1;');
    await borrowCommand({ ...context, args: ['sums/add', 'sums/twice'] });
    expect(read('chapters/00-sums/twice.ts')).toMatch(/^\/\/ @ts-nocheck\n/);
    expect(read('chapters/00-sums/twice.ts')).toContain('"./add.ts"');
    expect(read('chapters/00-sums/twice.ts')).toContain(
      'declare function twice(a: number): number',
    );
    const node = ['--import', import.meta.resolve('tsx')];
    const main = join(student, 'chapters/00-sums/index.ts');
    const program = `import { twice } from ${JSON.stringify(main)}; console.log(twice(21));`;
    const run = [...node, '--input-type=module', '-e', program];
    expect(execFileSync(process.execPath, run, { cwd: student, encoding: 'utf8' })).toBe('42\n');
    expect(await statuses(['sums/add', 'sums/twice'])).toEqual({
      'sums/add': 'borrowed',
      'sums/twice': 'borrowed',
    });
    unborrowCommand({ ...context, args: ['sums/add', 'sums/twice'] });
    expect(read('chapters/00-sums/twice.ts')).toBe('export const mine = 1;');
    expect(read('chapters/00-sums/add.ts')).toBe(ADD_STUB);
  }, 30_000);

  it('runs a component whose core is written, with the minified modules of extras that are not', () => {
    const stub = read('reference/stubs/00-sums/twice.ts');
    put('chapters/00-sums/twice.ts', stub);
    put('chapters/00-sums/add.ts', SUMS_SOLUTION['add.ts']?.replace('a + b', 'a + b + 1') ?? '');
    const tsx = ['--import', import.meta.resolve('tsx')];
    const run = [...tsx, join(student, 'tools/commands/component.ts'), 'sums', '21'];
    const { status, stdout, stderr } = spawnSync(process.execPath, run, {
      cwd: student,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({
      status: 7,
      stdout: '43\n',
      stderr: 'from the reference, not written yet: twice\n',
    });
    expect(read('chapters/00-sums/twice.ts')).toBe(stub);
    put('chapters/00-sums/add.ts', ADD_STUB);
  }, 30_000);

  it('is not written over by another', async () => {
    await expect(release('--out', student)).rejects.toThrow(/is a release already/);
  });
});

describe('release --hidden omit', () => {
  afterEach(() => rmSync(student, { recursive: true, force: true }));

  it('has no hidden test at all', async () => {
    student = await newRelease('omit', '--hidden', 'omit');
    expect(allFiles().filter((path) => path.startsWith('hidden'))).toEqual([]);
  }, 30_000);
});

describe('release --syllabus', () => {
  afterEach(() => rmSync(student, { recursive: true, force: true }));

  it('changes weights and what is core, and names an unknown exercise', async () => {
    const file = join(course.root, 'syllabus.json');
    writeFileSync(file, '{"exercises":{"sums/twice":{"core":true,"hours":3,"due":"2027-03-01"}}}');
    student = await newRelease('syllabus', '--syllabus', file);
    const points = readSyllabus(student)[0]?.exercises.map((exercise) => exercise.points);
    expect(points).toEqual([25, 75]);
    writeFileSync(file, '{"exercises":{"sums/thrice":{"hours":3}}}');
    await expect(release('--out', '/nowhere', '--syllabus', file)).rejects.toThrow(/sums\/thrice/);
  }, 30_000);
});

describe('release into a folder that is something else', () => {
  it('refuses to write and to update', async () => {
    const folder = join(course.root, 'something');
    mkdirSync(folder);
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    await expect(release('--out', folder)).rejects.toThrow(/not empty/);
    await expect(release('--update', folder)).rejects.toThrow(/not a release/);
    expect(readdirSync(folder)).toEqual(['letter.txt']);
  });
});

describe('release --update', () => {
  const solution = (name: string) => join(course.root, 'solutions/00-sums', name);
  const chapter = (name: string) => join(course.root, 'chapters/00-sums', name);

  afterEach(() => {
    rmSync(student, { recursive: true, force: true });
    for (const [name, text] of Object.entries(SUMS_SOLUTION)) writeFileSync(solution(name), text);
  });

  it('brings handouts, tests, reference and untouched stubs, and no line of the student goes', async () => {
    student = await newRelease('update');
    put('chapters/00-sums/add.ts', 'my add');
    put('chapters/00-sums/my-own.ts', 'my own file');
    mkdirSync(join(student, '.course/kept/sums__add'), { recursive: true });
    put('.course/kept/sums__add/0001-add.ts', 'kept');
    put('.course/state.json', '{"version":1,"exercises":{"sums/add":{"hints":1}}}');
    writeFileSync(chapter('README.md'), '# Sums, second edition\n');
    for (const name of ['add.ts', 'twice.ts']) {
      const text = SUMS_SOLUTION[name] ?? '';
      writeFileSync(
        solution(name),
        text.replace(' * @exercise', ' * Whole numbers only.\n *\n * @exercise'),
      );
    }
    const said = await release('--update', student);
    expect(read('chapters/00-sums/README.md')).toBe('# Sums, second edition\n');
    expect(read('chapters/00-sums/twice.ts')).toContain('Whole numbers only.');
    expect(read('chapters/00-sums/add.ts')).toBe('my add');
    expect(read('.course/updates/chapters/00-sums/add.ts')).toContain('Whole numbers only.');
    expect(said).toContain('.course/updates/chapters/00-sums/add.ts');
    expect(read('chapters/00-sums/my-own.ts')).toBe('my own file');
    expect(read('.course/kept/sums__add/0001-add.ts')).toBe('kept');
    expect(read('.course/state.json')).toContain('"hints":1');
    expect(await release('--update', student)).toContain('0 written, 0 removed, 0 left');
  }, 60_000);

  it('does not bring back a file that the student deleted', async () => {
    student = await newRelease('deleted');
    rmSync(join(student, 'chapters/00-sums/add.ts'));
    await release('--update', student);
    expect(existsSync(join(student, 'chapters/00-sums/add.ts'))).toBe(false);
  }, 60_000);
});
