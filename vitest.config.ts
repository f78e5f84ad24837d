/**
 * How tests run under Vitest: `reference` is the hidden suites and the tests of given code against the
 * solutions, `course` all else of the maintainers, `examples` the handouts' visible tests, and any other
 * in `chapters/`, against what the student wrote.
 *
 * `MINE=etcd` takes components of the maintainers' run from `chapters/`. A chapter's examples run
 * against the student's code of that chapter and the reference of all others;
 * `EXAMPLES=reference` takes the solution there, too, as `npm test` does. The grader does not read
 * this file.
 */

import { availableParallelism } from 'node:os';
import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { chooseMine, conditionsFor } from './tools/implementations.ts';
import { readSyllabus } from './tools/syllabus.ts';

const chapters = readSyllabus(import.meta.dirname);
const components = chapters.map((chapter) => chapter.component);
const named = (process.env.MINE ?? '').split(',').filter((name) => name !== '');

/** Vitest takes conditions from `ssr.resolve` only, and only with Vite's own spread in. */
function resolveWith(mine: readonly string[]) {
  return {
    resolve: {
      conditions: [...conditionsFor(chooseMine(components, mine)), ...defaultServerConditions],
    },
  };
}

const exclude = ['**/node_modules/**', '.course/**'];

/** A second, the default, passes quickly on a machine that is busy with the other files. */
const patience = { testTimeout: 30_000, expect: { poll: { timeout: 15_000 } } };

/** Tests of components alone: no process, no port, no state but their own. */
const alone = ['tests/[0-9]*-*/*.test.ts', 'tests/[0-9]*-*/given/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'threads',
    passWithNoTests: false,
    // Vitest would leave one core free, which is half of the smallest machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        ssr: resolveWith(named),
        // They share modules, since loading a component anew for each file takes longer than the tests.
        test: { name: 'reference', include: alone, exclude, isolate: false, ...patience },
      },
      {
        ssr: resolveWith(named),
        // The judge's tests start processes; on a busy machine that takes its time.
        test: {
          name: 'course',
          include: ['tests/**/*.test.ts'],
          exclude: [...exclude, ...alone],
          ...patience,
        },
      },
      ...chapters.map(({ id, component }) => ({
        ssr: resolveWith(process.env.EXAMPLES === 'reference' ? [] : [component]),
        test: { name: `examples of ${id}`, include: [`chapters/${id}/**/*.test.ts`], exclude },
      })),
    ],
  },
});
