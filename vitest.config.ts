/**
 * How maintainers' tests run: against the solutions, unless MINE names components to take from
 * `chapters/` (`MINE=etcd npx vitest run tests/01-etcd`).
 *
 * The grader does not read this file.
 */

import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { chooseMine, conditionsFor } from './tools/implementations.ts';
import { readSyllabus } from './tools/syllabus.ts';

const root = import.meta.dirname;
const components = readSyllabus(root).map((chapter) => chapter.component);
const mine = (process.env.MINE ?? '').split(',').filter((name) => name !== '');
// A solution may be there before its chapter.json is.
const known = [...new Set([...components, 'apimachinery', 'etcd'])];

export default defineConfig({
  // Vitest takes conditions from here only, and only with Vite's own spread in.
  ssr: {
    resolve: {
      conditions: [...conditionsFor(chooseMine(known, mine)), ...defaultServerConditions],
    },
  },
  test: {
    include: ['tests/**/*.test.ts', 'tools/**/*.test.ts'],
    exclude: ['**/node_modules/**', '.course/**'],
    pool: 'threads',
    passWithNoTests: false,
  },
});
