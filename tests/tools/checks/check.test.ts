import { describe, expect, it } from 'vitest';
import { type Check, runChecks } from '../../../tools/checks/check.ts';

const root = process.cwd();

async function outputOf(checks: readonly Check[]) {
  const lines: string[] = [];
  const tally = await runChecks(checks, root, (line) => lines.push(line));
  return { lines: lines.map((line) => line.replace(/\d+\.\d+s$/, 'Ns')), tally };
}

describe('runChecks', () => {
  it('prints one line a check and counts', async () => {
    const { lines, tally } = await outputOf([
      { name: 'good', run: () => [] },
      { name: 'bad', run: async () => ['a.ts:1: one', 'two\nlines\n'] },
    ]);
    expect(lines).toEqual(['✓ good Ns', '✗ bad Ns', '    a.ts:1: one', '    two\n    lines']);
    expect(tally).toEqual({ passed: 1, failed: 1 });
  });

  it('runs two at once, prints them in order, and then what needs them all', async () => {
    const running = new Set<string>();
    const seen: string[] = [];
    const slow = (name: string, ms: number, last = false): Check => ({
      name,
      last,
      run: async () => {
        running.add(name);
        seen.push([...running].join('+'));
        await new Promise((resolve) => setTimeout(resolve, ms));
        running.delete(name);
        return [];
      },
    });
    const { lines } = await outputOf([slow('sum', 0, true), slow('a', 60), slow('b', 1)]);
    expect(lines).toEqual(['✓ a Ns', '✓ b Ns', '✓ sum Ns']);
    expect(seen).toEqual(['a', 'a+b', 'sum']);
  });

  it('takes a check that throws for failed, with what it threw', async () => {
    const broken = () => {
      throw new Error('no such file');
    };
    const { lines, tally } = await outputOf([{ name: 'broken', run: broken }]);
    expect(lines).toEqual(['✗ broken Ns', '    no such file']);
    expect(tally).toEqual({ passed: 0, failed: 1 });
  });
});
