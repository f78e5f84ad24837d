import { describe, expect, it } from 'vitest';
import { problemsOfTestFile } from '../../../tools/checks/tests.ts';
import { parseSource } from '../../../tools/source/exercises.ts';

function problems(text: string): string[] {
  return problemsOfTestFile('a.test.ts', parseSource(text, 'a.test.ts'));
}

describe('the check of tests', () => {
  it.each([
    ['it', 'skip'],
    ['describe', 'only'],
    ['it.core', 'skip'],
    ['test', 'todo'],
  ])('refuses %s with %s', (name, how) => {
    expect(problems(`${name}.${how}("a", () => { expect(1).toBe(1); });`)).toHaveLength(1);
  });

  it('refuses a test that calls nothing', () => {
    expect(problems('it("a", () => { const a = 1; });')).toEqual([
      'a.test.ts:1: "a" calls nothing, so it cannot fail',
    ]);
  });

  it('allows what runs, and skipIf, which npm test names', () => {
    expect(problems('it.core("a", () => { expect(1).toBe(1); });')).toEqual([]);
    expect(problems('describe.skipIf(!etcd)("a", () => { run(); });')).toEqual([]);
    expect(problems('items.only("a"); list.skip(1);')).toEqual([]);
  });
});
