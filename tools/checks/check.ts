/**
 * What a check is, and how checks run: two at once, one line each, in the list's order.
 *
 * The list of checks is in `all-checks.ts`; each check has a file of its own.
 */

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { inPairs } from '../judge/pairs.ts';

/** Something that must hold for the repository, decided without running the tests. */
export interface Check {
  /** A few words, for example `layering`. */
  readonly name: string;
  /** @returns what is wrong, one line or paragraph each; nothing when all is well */
  readonly run: (root: string) => Promise<readonly string[]> | readonly string[];
  /** Does it use what the others found? Then it runs when all of them have ended. */
  readonly last?: boolean;
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
  const sorted = [...checks.filter(({ last }) => !last), ...checks.filter(({ last }) => last)];
  const reports = new Map<Check, readonly string[]>();
  let shown = 0;
  const runOne = async (check: Check): Promise<void> => {
    const start = performance.now();
    const problems = await problemsOf(check, root);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problems.length > 0) failed += 1;
    const head = `${problems.length > 0 ? '✗' : '✓'} ${check.name} ${seconds}s`;
    reports.set(check, [head, ...problems.map(indented)]);
    for (let next = sorted[shown]; next && reports.has(next); next = sorted[++shown]) {
      for (const line of reports.get(next) ?? []) print(line);
    }
  };
  await inPairs(
    sorted.filter(({ last }) => !last),
    runOne,
  );
  for (const check of sorted.filter(({ last }) => last)) await runOne(check);
  return { passed: checks.length - failed, failed };
}

function indented(problem: string): string {
  return `    ${problem.trimEnd().replaceAll('\n', '\n    ')}`;
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
