/**
 * What handouts and guides show is true: examples marked `ts run` give what they say, and every
 * npm command in a `console` block exists. The convention is in CONTRIBUTING.md.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseMine, conditionArguments } from '../../tools/implementations.ts';
import { findInSyllabus, readSyllabus } from '../../tools/syllabus.ts';
import { instrument } from './example-source.ts';
import { type Fence, fencesOf, readablePages } from './fences.ts';
import type { ExampleResult } from './run-examples.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const CACHE = join(ROOT, '.course', 'cache', `examples-${process.pid}`);
const syllabus = readSyllabus(ROOT);
const pages = readablePages(ROOT);

interface Example {
  readonly page: string;
  readonly fence: Fence;
  /** The `text` block right behind it: what it prints. */
  readonly printed: string | undefined;
  readonly path: string;
}

const examples: Example[] = pages.flatMap((page) => {
  const fences = fencesOf(ROOT, page);
  return fences.flatMap((fence, i) => {
    if (fence.info !== 'ts run') return [];
    const next = fences[i + 1];
    // Opening backticks at most one empty line further down.
    const behind = next !== undefined && next.line - fence.end <= 3;
    const printed = behind && next.info === 'text' ? next.text : undefined;
    const path = join(CACHE, `${page.replace(/\W+/g, '-')}-${fence.line}.ts`);
    return [{ page, fence, printed, path }];
  });
});

describe('examples in handouts', () => {
  let results: Record<string, ExampleResult> = {};

  beforeAll(() => {
    results = runAll(examples);
  }, 120_000);

  afterAll(() => {
    rmSync(CACHE, { recursive: true, force: true });
  });

  it.each(syllabus.map(({ id }) => id))('chapter %s has some', (id) => {
    expect(examples.filter(({ page }) => page === `chapters/${id}/README.md`)).not.toHaveLength(0);
  });

  it.each(examples.map((example) => [`${example.page}:${example.fence.line}`, example] as const))(
    '%s gives what it says',
    (_, example) => {
      const { checks } = instrument(example.fence.text, 'unused');
      const result = results[example.path];
      expect(result, 'it ran').toBeDefined();
      expect(result?.problems).toEqual([]);
      if (example.printed !== undefined) {
        expect(result?.printed.trimEnd()).toBe(example.printed.trimEnd());
      } else {
        expect(checks, 'a `ts run` example says what comes out').toBeGreaterThan(0);
      }
    },
  );
});

/** All in one process, against the reference: starting one for each would take the longest. */
function runAll(all: readonly Example[]): Record<string, ExampleResult> {
  if (all.length === 0) return {};
  mkdirSync(CACHE, { recursive: true });
  for (const { path, fence } of all) {
    writeFileSync(
      path,
      instrument(fence.text, join(import.meta.dirname, 'example-check.ts')).source,
    );
  }
  const reference = chooseMine(
    syllabus.map(({ component }) => component),
    [],
  );
  const output = join(CACHE, 'results.json');
  const run = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs'),
      ...conditionArguments(reference),
      join(import.meta.dirname, 'run-examples.ts'),
      output,
      ...all.map(({ path }) => path),
    ],
    { cwd: ROOT, encoding: 'utf8', timeout: 100_000 },
  );
  if (!existsSync(output)) throw new Error(`the examples did not run:\n${run.stdout}${run.stderr}`);
  return JSON.parse(readFileSync(output, 'utf8')) as Record<string, ExampleResult>;
}

describe('npm commands that pages show', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = pages.flatMap((page) =>
    fencesOf(ROOT, page)
      .filter(({ info }) => info === 'console')
      .flatMap(({ text, line }) => {
        return text.split('\n').flatMap((row, i) => {
          const command = /^\$ (npm\b.*)$/.exec(row)?.[1];
          return command === undefined ? [] : [[`${page}:${line + i}`, command] as const];
        });
      }),
  );

  it('are found', () => {
    expect(commands).not.toHaveLength(0);
  });

  it.each(commands)('%s: %s exists', (_, command) => {
    for (const part of command.split(/\s*&&\s*/)) checkCommand(part, scripts);
  });
});

function checkCommand(command: string, scripts: Record<string, string>): void {
  const [, verb = '', ...rest] = command.replace(/\s+#.*$/, '').split(/\s+/);
  if (verb === 'ci') return;
  const words = rest.filter((word) => word !== '-s' && word !== '--');
  const name = verb === 'run' ? (words.shift() ?? '') : verb;
  expect(Object.keys(scripts), command).toContain(name);
  const program = /tools\/commands\/\S+\.ts/.exec(scripts[name] ?? '')?.[0];
  expect(program && existsSync(join(ROOT, program)), `${name} has a program`).toBe(true);
  for (const word of words) {
    const looksLikeExercise = /^[a-z-]+\/[a-z-]+$/.test(word) || /^\d\.\d+$/.test(word);
    if (looksLikeExercise) expect(findInSyllabus(syllabus, word)?.exercise, word).toBeDefined();
  }
}
