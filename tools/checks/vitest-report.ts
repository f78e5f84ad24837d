/**
 * Reads Vitest's JSON report: what passed, what failed, and by name what did not run.
 */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Tally } from './check.ts';

interface Report {
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

/** Counts of a run, and `file > test` of each test that did not run. */
export interface VitestResult extends Tally {
  readonly skipped: readonly string[];
}

/**
 * @param path - where Vitest wrote its report; without it the run counts as one failure
 * @returns a file that failed before any of its tests ran counts as one failure
 */
export function readVitestReport(path: string, root: string): VitestResult {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: [] };
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as Report;
  let passed = 0;
  let failed = 0;
  const skipped: string[] = [];
  for (const { name, status, assertionResults } of testResults) {
    const file = relative(root, name).replaceAll('\\', '/');
    let failedHere = 0;
    for (const test of assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') failedHere += 1;
      else skipped.push(`${file} > ${test.fullName}`);
    }
    failed += status === 'failed' ? Math.max(1, failedHere) : failedHere;
  }
  return { passed, failed, skipped };
}
