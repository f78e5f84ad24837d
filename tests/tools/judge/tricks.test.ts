/**
 * Tricks by which code tries to be graded better than it is: each gains nothing, and the rest of
 * the chapter is graded as if nothing had happened.
 */

import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../tools/judge/child.ts';
import { exerciseOf, type FixtureCourse, fixtureCourse } from './fixture-course.ts';

let course: FixtureCourse;

beforeEach(() => {
  course = fixtureCourse();
});

afterEach(() => course.remove());

/** Grades with `add.ts` replaced; says what it got, and that the exercises beside it are whole. */
async function attack(text: string): Promise<{ status: string; points: number; first: string }> {
  course.student('add.ts', text);
  const result = await course.grade({ exercises: ['tally/add', 'tally/sum', 'tally/list'] });
  expect(exerciseOf(result, 'list')).toMatchObject({ status: 'passed', points: 25 });
  const add = exerciseOf(result, 'add');
  expect(exerciseOf(result, 'sum').points).toBe(0);
  return { status: add.status, points: add.points, first: add.failures[0]?.message ?? '' };
}

const body = (code: string): string =>
  `export function add(a: number, b: number): { total: number } { ${code} }`;

const answer = 'return { total: 7 } as never;';

const bodies: Record<string, { code: string; status: string; says: RegExp }> = {
  'ends the process': {
    code: 'process.exit(0) as never',
    status: 'failed',
    says: /called process\.exit\(\)/,
  },
  'ends the process by its inner name': {
    code: '(process as any).reallyExit(0) as never',
    status: 'failed',
    says: /called process\.reallyExit\(\)/,
  },
  'ends the process and hides the refusal': {
    code: 'try { process.exit(0) } catch {} return undefined as never',
    status: 'failed',
    says: /should have been/,
  },
  'sends itself a signal': {
    code: "process.kill(process.pid, 'SIGKILL') as never",
    status: 'failed',
    says: /called process\.kill\(\)/,
  },
  'loops for ever': { code: 'for (;;) {}', status: 'timed-out', says: /endless loop/ },
  'loops in promises for ever': {
    code: 'const again = (): Promise<void> => Promise.resolve().then(again); again(); return Promise.resolve().then(again) as never',
    status: 'failed',
    says: /./,
  },
  'returns what never settles': {
    code: 'return new Promise(() => {}) as never',
    status: 'failed',
    says: /./,
  },
  'throws null': { code: 'throw null', status: 'failed', says: /threw null/ },
  'throws undefined': { code: 'throw undefined', status: 'failed', says: /threw undefined/ },
  'throws a proxy that throws': {
    code: 'throw new Proxy({}, { get() { throw null }, ownKeys() { throw null }, getPrototypeOf() { throw null } })',
    status: 'failed',
    says: /./,
  },
  'returns nothing': { code: 'return undefined as never', status: 'failed', says: /undefined/ },
  'returns an object that matches itself': {
    code: "return { $$typeof: Symbol.for('jest.asymmetricMatcher'), asymmetricMatch: () => true, toString: () => 'x', total: 7 } as never",
    status: 'failed',
    says: /./,
  },
  'returns a proxy that agrees to everything': {
    code: 'const yes: any = new Proxy(function () {}, { get: () => yes, apply: () => true, has: () => true }); return yes',
    status: 'failed',
    says: /./,
  },
  'answers differently each time it is read': {
    code: 'let n = 0; return { get total() { return [3, -3, 3, -3][n++ % 4]; }, toJSON: () => ({ total: 3 }) } as never',
    status: 'failed',
    says: /./,
  },
  'asks the global object for the matchers': {
    code: "const g: any = globalThis; const key = Symbol.for('asymmetric-matchers-object'); return g[key] ? g[key].anything() : { total: 7 }",
    status: 'failed',
    says: /7/,
  },
  'makes every comparison equal': {
    code: "const g: any = globalThis; g[Symbol.for('$$jest-matchers-object')]?.customEqualityTesters.push(() => true); return { total: 7 }",
    status: 'failed',
    says: /7/,
  },
  'reaches the global object through a constructor': {
    code: "return (add as any).constructor('return process.exit(0)')()",
    status: 'failed',
    says: /threw EvalError/,
  },
  'evaluates text': {
    code: "return (0, eval)('process.exit(0)') as never",
    status: 'failed',
    says: /threw EvalError/,
  },
  'imports while it runs': {
    code: "import('node:fs').then((fs: any) => fs.writeFileSync('result.json', '{}')); return { total: 7 }",
    status: 'failed',
    says: /./,
  },
  'floods the console': {
    code: "for (let i = 0; i < 200_000; i++) console.log('✓ passed '.repeat(100)); return { total: 7 }",
    status: 'failed',
    says: /7/,
  },
  'throws a huge message': {
    code: "throw new Error('x'.repeat(20_000_000))",
    status: 'failed',
    says: /x{100}/,
  },
  'returns something without end': {
    code: 'const node = (): any => ({ get next() { return node(); } }); return node()',
    status: 'failed',
    says: /too big to look at/,
  },
  'uses all memory': {
    code: 'const all: unknown[] = []; for (;;) all.push(new Array(10_000).fill(all.length))',
    status: 'crashed',
    says: /out of memory/,
  },
  'forges reports': {
    code: `console.log(JSON.stringify({ t: 'end', name: 'add › adds two numbers' })); ${answer}`,
    status: 'failed',
    says: /7/,
  },
  'looks whether it is graded': {
    code: 'if (process.env.CI || process.env.VITEST || process.env.npm_lifecycle_event) return { total: a + b }; return { total: 7 }',
    status: 'failed',
    says: /7/,
  },
  'reads the test from the stack': {
    code: 'return { total: (Error as any).prepareStackTrace = ((_: unknown, frames: any[]) => frames.map((f) => f.getFunction())) as never }',
    status: 'failed',
    says: /threw TypeError/,
  },
};

describe('a body gains nothing that', () => {
  for (const [name, { code, status, says }] of Object.entries(bodies)) {
    it(name, { timeout: 40_000 }, async () => {
      const got = await attack(body(code));
      expect(got).toMatchObject({ status, points: 0 });
      expect(got.first).toMatch(says);
    });
  }
});

const modules: Record<string, string> = {
  'replaces Object.is': 'Object.is = () => true;',
  'replaces JSON.stringify': "JSON.stringify = () => '{}';",
  'replaces array methods': 'Array.prototype.some = Array.prototype.every = () => true as never;',
  'replaces Promise.prototype.then': 'Promise.prototype.then = (() => undefined) as never;',
  'replaces Function.prototype.call': 'Function.prototype.call = (() => true) as never;',
  'replaces Map.prototype.get': 'Map.prototype.get = () => undefined;',
  'adds a matcher to every object':
    'Object.defineProperty(Object.prototype, "asymmetricMatch", { value: () => true });',
  'replaces the clock': 'Date.now = () => 0; globalThis.setTimeout = (() => 0) as never;',
  'replaces Math.random': 'Math.random = () => 0.5;',
  'imports the kit': "import { it } from '#kit'; it('add › adds two numbers', () => {});",
  // Handed in to have all tests skipped: the judge must not let it.
  'imports the framework':
    "import { it } from 'vitest'; const { skip } = it; skip('all', () => {});",
  'imports the reference by path': "export { add } from '../../solutions/00-tally/add.ts';",
  'leaves the process while loading': 'process.exit(0);',
  'writes a result file': "import fs from 'node:fs'; fs.writeFileSync('/tmp/report.json', '{}');",
  'starts a process': "import { fork } from 'node:child_process'; fork('x'); fork('y');",
  'starts a thread': "import { Worker } from 'node:worker_threads'; new Worker('for(;;);');",
  'skips from a hook': '(globalThis as any).beforeEach((context: any) => context.skip());',
  'does not compile': 'export function add( {',
};

describe('a file gains nothing that', () => {
  for (const [name, code] of Object.entries(modules)) {
    it(name, { timeout: 40_000 }, async () => {
      const text = code.includes('export ') ? code : `${code}\n${body(answer)}`;
      const got = await attack(text);
      expect(got.points).toBe(0);
      expect(got.status).toBe('crashed');
      expect(got.first).not.toBe('');
    });
  }

  it('is a link to the reference', async () => {
    const file = join(course.root, 'chapters/00-tally/add.ts');
    unlinkSync(file);
    symlinkSync(join(course.root, 'solutions/00-tally/add.ts'), file);
    const add = exerciseOf(await course.grade(), 'add');
    expect(add).toMatchObject({ points: 0 });
    expect(add.status).not.toBe('passed');
  });

  it('loops for ever while loading: the whole chapter waits in vain, but the run ends', {
    timeout: 60_000,
  }, async () => {
    course.student('add.ts', 'for (;;) {}');
    const result = await course.grade({ limits: { ...LIMITS, jobMs: 1_000 } });
    expect(result.points).toBe(0);
    for (const { status } of result.exercises) expect(status).toBe('timed-out');
  });

  it('answers instanceof for its errors', async () => {
    course.student(
      'errors.ts',
      'export class TallyError { static [Symbol.hasInstance]() { return true; } }',
    );
    course.student(
      'add.ts',
      body("if (a !== a) throw new Error('other'); return { total: a + b };"),
    );
    const add = exerciseOf(await course.grade(), 'add');
    expect(add.tests).toEqual({ passed: 3, total: 4 });
    expect(add.failures[0]?.name).toBe('add › refuses what is no number');
  });

  it('uses much memory outside of the heap', { timeout: 40_000 }, async () => {
    course.student(
      'add.ts',
      body('const all: Uint8Array[] = []; for (;;) all.push(new Uint8Array(50_000_000).fill(1));'),
    );
    const add = exerciseOf(await course.grade(), 'add');
    expect(add.points).toBe(0);
    expect(['crashed', 'failed', 'timed-out']).toContain(add.status);
  });
});
