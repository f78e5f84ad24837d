/** The checking of handout examples: a wrong value in a handout must not go unseen. */

import { describe, expect, it } from 'vitest';
import { check, problems } from './example-check.ts';
import { instrument } from './example-source.ts';
import { findFences } from './fences.ts';

describe('instrument', () => {
  it('turns an expression, a const and a following line into checks', () => {
    const { source, checks } = instrument(
      'const a = 1 + 1; // → 2\na * 2; // → 4\nf({\n  x: 1,\n});\n// → { y: 1,\n//     z: 2 }\n',
      '/check.ts',
    );
    expect(checks).toBe(3);
    expect(source).toContain('const a = 1 + 1; await __check(1, "2", async () => (a));');
    expect(source).toContain('await __check(2, "4", async () => (a * 2));');
    expect(source).toContain('await __check(3, "{ y: 1, z: 2 }", async () => (f({');
  });

  it('refuses a value behind something that has none', () => {
    expect(() => instrument('class A {} // → 1', '/check.ts')).toThrow('line 1');
    expect(() => instrument('if (x) {\n  f(); // → 1\n}', '/check.ts')).toThrow('1 of 1');
  });
});

describe('check', () => {
  const cases = [
    { name: 'the same number', expected: '2', run: () => 2, ok: true },
    { name: 'another number', expected: '2', run: () => 3, ok: false },
    {
      name: 'fields of a class',
      expected: "{ a: 'x' }",
      run: () =>
        new (class {
          a = 'x';
        })(),
      ok: true,
    },
    { name: 'a field too many', expected: '{}', run: () => ({ a: 1 }), ok: false },
    { name: 'undefined', expected: 'undefined', run: () => undefined, ok: true },
    { name: 'a big integer', expected: '5n', run: () => 5n, ok: true },
    {
      name: 'as Node prints it',
      expected: "Map(1) { 'a' => 1 }",
      run: () => new Map([['a', 1]]),
      ok: true,
    },
    {
      name: 'the error',
      expected: 'throws RangeError: no',
      run: () => {
        throw new RangeError('no');
      },
      ok: true,
    },
    {
      name: 'the class of the error',
      expected: 'throws RangeError',
      run: () => {
        throw new RangeError('no');
      },
      ok: true,
    },
    {
      name: 'another error',
      expected: 'throws TypeError',
      run: () => {
        throw new RangeError('no');
      },
      ok: false,
    },
    { name: 'no error', expected: 'throws TypeError', run: () => 1, ok: false },
  ];

  it.each(cases)('$name: $expected is $ok', async ({ expected, run, ok }) => {
    problems.length = 0;
    await check(7, expected, async () => run());
    expect(problems).toHaveLength(ok ? 0 : 1);
  });
});

describe('findFences', () => {
  it('gives info, text and line of each block', () => {
    expect(findFences('# A\n\n```ts run\na\n```\n\n~~~text\nb\n```\n~~~\n')).toEqual([
      { info: 'ts run', text: 'a', line: 4, end: 5 },
      { info: 'text', text: 'b\n```', line: 8, end: 10 },
    ]);
  });
});
