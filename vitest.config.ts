/**
 * How tests run under Vitest: `reference` is the maintainers' tests against the solutions, `examples`
 * the handouts' visible tests against what the student wrote.
 *
 * `MINE=etcd` takes components of the maintainers' run from `chapters/`. A chapter's examples run
 * against the student's code of that chapter and the reference of all others;
 * `EXAMPLES=reference` takes the solution there, too, as `npm test` does. The grader does not read
 * this file.
 */

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

export default defineConfig({
  test: {
    pool: 'threads',
    passWithNoTests: false,
    projects: [
      {
        ssr: resolveWith(named),
        // The judge's tests start processes; on a busy machine that takes its time.
        test: {
          name: 'reference',
          include: ['tests/**/*.test.ts'],
          exclude,
          testTimeout: 30_000,
        },
      },
      ...chapters.map(({ id, component }) => ({
        ssr: resolveWith(process.env.EXAMPLES === 'reference' ? [] : [component]),
        test: { name: `examples of ${id}`, include: [`chapters/${id}/examples.test.ts`], exclude },
      })),
    ],
  },
});
