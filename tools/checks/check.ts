/**
 * What a check is, and how checks run: one after the other, one line each.
 *
 * The list of checks is in `all-checks.ts`; each check has a file of its own.
 */

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** Something that must hold for the repository, decided without running the tests. */
export interface Check {
  /** A few words, for example `layering`. */
  readonly name: string;
  /** @returns what is wrong, one line or paragraph each; nothing when all is well */
  readonly run: (root: string) => Promise<readonly string[]> | readonly string[];
}

/** How many checks held. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs checks and prints `✓ layering 0.2s` or `✗ layering 0.2s` with what is wrong below.
 *
 * A check that throws has failed with what it threw.
 */
export async function runChecks(
  checks: readonly Check[],
  root: string,
  print: (line: string) => void,
): Promise<Tally> {
  let failed = 0;
  for (const check of checks) {
    const start = performance.now();
    const problems = await problemsOf(check, root);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problems.length > 0) failed += 1;
    print(`${problems.length > 0 ? '✗' : '✓'} ${check.name} ${seconds}s`);
    for (const problem of problems) print(`    ${problem.trimEnd().replaceAll('\n', '\n    ')}`);
  }
  return { passed: checks.length - failed, failed };
}

async function problemsOf(check: Check, root: string): Promise<readonly string[]> {
  try {
    return await check.run(root);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Runs a program of `node_modules` with this Node; what it prints is the problem if it fails. */
export function runProgram(
  root: string,
  script: string,
  args: readonly string[],
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${root}/node_modules/${script}`, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code === 0 ? [] : [output.trim() || `${script} ended with code ${code}`]);
    });
  });
}
