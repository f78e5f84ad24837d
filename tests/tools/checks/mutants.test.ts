import { describe, expect, it } from 'vitest';
import { mutantsOf } from '../../../tools/checks/mutants.ts';

function mistakesIn(body: string): string[] {
  return mutantsOf(`export function f(a: number, b: boolean) {\n  ${body}\n}\n`, 'f.ts').map(
    ({ line, mistake }) => `${line}: ${mistake}`,
  );
}

describe('mutants', () => {
  it.each([
    ['return a < 3;', ['2: < became <=', '2: 3 became 4']],
    ['return a === a && b;', ['2: && became ||', '2: === became !==']],
    ['return !b;', ['2: !b became b']],
    ['g(a);', ['2: g(a); was dropped']],
    ['if (b) return true;', ['2: b became true', '2: b became false', '2: true became false']],
  ])('of %s', (body, expected) => {
    expect(mistakesIn(body)).toEqual(expected);
  });

  it('differ from the text in one place', () => {
    const [mutant] = mutantsOf('export const f = (a: number) => a + 1;\n', 'f.ts');
    expect(mutant?.text).toBe('export const f = (a: number) => a - 1;\n');
  });

  it('are not made of types and of what runs once', () => {
    expect(mutantsOf('const SIZE = 3 + 4;\nexport type T = 1 | 2;\n', 'f.ts')).toEqual([]);
    expect(mistakesIn('let x: 1 | 2; return x;')).toEqual([]);
  });
});
