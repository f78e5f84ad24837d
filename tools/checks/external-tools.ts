/**
 * Checks that are other people's programs: Biome, tsc, markdownlint.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Check, runProgram } from './check.ts';

/** Format and lint of everything but the generated stubs. */
export const formatAndLint: Check = {
  name: 'format and lint',
  run: (root) =>
    runProgram(root, '@biomejs/biome/bin/biome', [
      'check',
      '--error-on-warnings',
      '--colors=off',
      '--diagnostic-level=warn',
    ]),
};

const PROJECTS = [
  ['types of chapters (stubs)', 'tsconfig.json'],
  ['types of solutions', 'solutions/tsconfig.json'],
  ['types of the cluster page', 'solutions/tsconfig.page.json'],
  ['types of tests', 'tests/tsconfig.json'],
  ['types of tools', 'tools/tsconfig.json'],
  ['types of the site', 'docs/.vitepress/tsconfig.json'],
] as const;

/** One type check for each tsconfig, strict in all of them. */
export const types: readonly Check[] = PROJECTS.map(([name, project]) => ({
  name,
  run: (root) => {
    if (!existsSync(join(root, project))) return [`there is no ${project}`];
    return runProgram(root, 'typescript7/bin/tsc', ['-p', project, '--pretty', 'false']);
  },
}));

/** Style of Markdown: the rules are in `markdownlint.json` beside this file. */
export const markdownStyle: Check = {
  name: 'markdown',
  run: (root) =>
    runProgram(root, 'markdownlint-cli/markdownlint.js', [
      '--config',
      'tools/checks/markdownlint.json',
      '--ignore',
      '**/node_modules/**',
      '--ignore',
      'docs/.vitepress',
      '--ignore',
      'docs/api',
      '*.md',
      'chapters/**/*.md',
      'docs/**/*.md',
    ]),
};
