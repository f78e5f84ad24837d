/**
 * `npm test`: the checks, all tests against the solutions, then the gates of every exercise.
 *
 * Prints what is skipped and ends with one line, `N passed, N failed`.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_CHECKS } from '../checks/all-checks.ts';
import { runChecks, type Tally } from '../checks/check.ts';
import { gatesOf } from '../checks/gates.ts';
import { realTools } from '../checks/real-tools.ts';
import { readVitestReport } from '../checks/vitest-report.ts';

async function main(): Promise<number> {
  const root = process.cwd();
  const tallies: Tally[] = [];
  console.log('— checks');
  tallies.push(await runChecks([realTools, ...ALL_CHECKS], root, console.log));
  console.log('— tests');
  tallies.push(await runVitest(root));
  console.log('— gates');
  tallies.push(await runChecks(gatesOf(root, { print: console.log }), root, console.log));
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runVitest(root: string): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'npm-test-'));
  try {
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const code = await run(root, 'vitest/vitest.mjs', ['run', ...reporters]);
    const { passed, failed, skipped } = readVitestReport(report, root);
    for (const name of skipped) console.log(`skipped: ${name}`);
    // Vitest also fails on errors outside of tests, which no test's result shows.
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(root: string, script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd: root,
      // The handouts' examples run against the solutions too: the stubs cannot pass them.
      env: { ...process.env, EXAMPLES: 'reference' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

process.exitCode = await main();
