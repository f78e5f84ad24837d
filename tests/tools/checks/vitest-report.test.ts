import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readVitestReport } from '../../../tools/checks/vitest-report.ts';

it('counts tests, names skipped ones, counts a file that did not load as one failure', () => {
  const root = mkdtempSync(join(tmpdir(), 'report-'));
  const test = (fullName: string, status: string) => ({ fullName, status });
  const testResults = [
    {
      name: join(root, 'tests/a.test.ts'),
      status: 'failed',
      assertionResults: [test('one', 'passed'), test('two', 'failed'), test('three', 'skipped')],
    },
    { name: join(root, 'tests/b.test.ts'), status: 'failed', assertionResults: [] },
  ];
  writeFileSync(join(root, 'report.json'), JSON.stringify({ testResults }));
  expect(readVitestReport(join(root, 'report.json'), root)).toEqual({
    passed: 1,
    failed: 2,
    skipped: ['tests/a.test.ts > three'],
  });
  expect(readVitestReport(join(root, 'none.json'), root).failed).toBe(1);
  rmSync(root, { recursive: true });
});
