import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../../tools/checks/check.ts';
import { DEPENDENCIES_FILE } from '../../../tools/checks/dependencies.ts';
import { gatesOf } from '../../../tools/checks/gates.ts';
import { findSurvivors } from '../../../tools/checks/survivors.ts';
import { gradeTraced } from '../../../tools/checks/variants.ts';
import { planSkeleton, writeSkeleton } from '../../../tools/source/skeleton.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';

const good = (name: string, body: string) => `/** @exercise sums/${name} */
export function ${name}(a: number): number {
  ${body}
}
`;

const test = (name: string, body: string) => `import { describe, expect, it } from '#kit';
import { add, blind, twice, wrong } from '#sums';

describe('${name}', () => {
  ${body}
  it('is a function', () => {
    expect(typeof [add, blind, twice, wrong]).toBe('object');
  });
});
`;

const exercise = (name: string, core: boolean) => ({
  id: `sums/${name}`,
  title: name,
  core,
  hours: 1,
  files: [`${name}.ts`],
});

/** Four exercises: two are well, one has tests that see nothing, one has a wrong solution. */
const COURSE: Readonly<Record<string, string>> = {
  'package.json': '{"imports":{}}',
  'solutions/tsconfig.json': '{"compilerOptions":{"allowImportingTsExtensions":true}}',
  'chapters/01-sums/chapter.json': JSON.stringify({
    id: '01-sums',
    component: 'sums',
    title: 'Sums',
    exercises: [
      exercise('add', false),
      exercise('twice', true),
      exercise('blind', true),
      exercise('wrong', true),
    ],
  }),
  'solutions/01-sums/index.ts': ['add', 'twice', 'blind', 'wrong']
    .map((name) => `export { ${name} } from './${name}.ts';\n`)
    .join(''),
  'solutions/01-sums/add.ts': good('add', 'return a > 5 ? a + 1 : a + 1 + 0;'),
  'solutions/01-sums/twice.ts': `import { add } from './add.ts';\n\n${good('twice', 'return add(a - 1) + a;')}`,
  'solutions/01-sums/blind.ts': good('blind', 'return a;'),
  'solutions/01-sums/wrong.ts': good('wrong', 'return a + 2;'),
  'tests/01-sums/add.test.ts': test(
    'add',
    "it.core('adds', () => { expect(add(1)).toBe(2); expect(add(9)).toBe(10); });",
  ),
  'tests/01-sums/twice.test.ts': test(
    'twice',
    "it.core('doubles', () => { expect(twice(2)).toBe(4); });",
  ),
  'tests/01-sums/blind.test.ts': test(
    'blind',
    "it.core('is there', () => { expect(typeof blind).toBe('function'); });",
  ),
  'tests/01-sums/wrong.test.ts': test(
    'wrong',
    "it.core('adds one', () => { expect(wrong(1)).toBe(2); });",
  ),
};

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gates-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(root, 'node_modules'));
  for (const [path, text] of Object.entries(COURSE)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, 'docs'));
  writeSkeleton(root, planSkeleton(root), false);
});

afterAll(() => rmSync(root, { recursive: true }));

describe('the gates', () => {
  it('let good exercises through and say what is wrong with others', {
    timeout: 60_000,
  }, async () => {
    const lines: string[] = [];
    const print = (line: string) => lines.push(line.replace(/ \d+\.\d+s$/, ''));
    const tally = await runChecks(gatesOf(root, { write: true, print }), root, print);
    expect(tally).toEqual({ passed: 2, failed: 3 });
    const text = lines.join('\n');
    expect(text).toContain('✓ gates of sums/add');
    expect(text).toContain('✓ gates of sums/twice');
    expect(text).toContain(`✗ gates of sums/blind
    as a skeleton, all of its 2 tests pass
    without its own body, all of its 2 tests pass
    with an empty body, all of its 2 tests pass
    in a chapter of empty bodies, all of its 2 tests pass`);
    expect(text).toContain(`✗ gates of sums/wrong
    the solution did not pass: failed
    the solution fails "wrong › adds one": should have been 2, but was 3`);
    expect(text).toContain('sums/twice ● ■ · ·  sums/add');
    expect(text).toContain(`✗ exercise dependencies
    the tests of core exercise sums/twice need extra sums/add`);
    expect(JSON.parse(readFileSync(join(root, DEPENDENCIES_FILE), 'utf8'))).toEqual({
      needs: { 'sums/add': [], 'sums/twice': ['sums/add'], 'sums/blind': [], 'sums/wrong': [] },
    });
  });
});

describe('a traced solution', () => {
  it('tells whose bodies the tests of each exercise run', { timeout: 60_000 }, async () => {
    const [chapter] = readSyllabus(root);
    if (!chapter) throw new Error('the course has no chapter');
    const { result, reached } = await gradeTraced(root, chapter);
    expect(result.exercises.map(({ status }) => status)).toEqual([
      ...['passed', 'passed', 'passed', 'failed'],
    ]);
    const reachedBy = (name: string) => [...(reached.get(`sums/${name}`) ?? [])].sort();
    expect(reachedBy('add')).toEqual(['sums/add']);
    expect(reachedBy('twice')).toEqual(['sums/add', 'sums/twice']);
    expect(reachedBy('blind')).toEqual([]);
  });
});

describe('survivors', () => {
  it('are the mistakes that no hidden test notices', { timeout: 60_000 }, async () => {
    const { total, survivors } = await findSurvivors(root, 'sums/add');
    expect(total).toBe(10);
    expect(survivors).toContain('add.ts:3: > became >=');
    expect(survivors).not.toContain('add.ts:3: 1 became 2');
  });

  it('need an exercise', async () => {
    await expect(findSurvivors(root, 'sums/none')).rejects.toThrow(
      'there is no exercise sums/none',
    );
  });
});
