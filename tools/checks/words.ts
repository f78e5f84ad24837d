/**
 * Check: nothing in the repository names a place it must not name, and the licence is one.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './check.ts';

/** Words that tie the repository to one machine or one package registry. */
const FORBIDDEN: readonly { word: RegExp; why: string }[] = [
  { word: /registry\.(?:npmjs|yarnpkg)/i, why: 'names a package registry' },
  { word: new RegExp('"resol' + 'ved":'), why: 'records where packages came from' },
  { word: /\/(?:home|Users)\/[a-z]+\//i, why: 'names a folder of one machine' },
];

/** Fails on a registry's host, a path of one machine, or a licence that does not agree. */
export const words: Check = {
  name: 'words and licence',
  run: (root) => [...licence(root), ...trackedFiles(root).flatMap((path) => inFile(root, path))],
};

function trackedFiles(root: string): string[] {
  const output = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  const texts = /(\.(ts|js|mjs|json|md|yml|yaml|sh|proto|txt)|\/run|LICENSE|\.npmrc)$/;
  return output.split('\0').filter((path) => texts.test(path) && existsSync(join(root, path)));
}

function inFile(root: string, path: string): string[] {
  return findForbidden(readFileSync(join(root, path), 'utf8')).map(
    (problem) => `${path}:${problem}`,
  );
}

/** @returns `line: why (the line)` for each line that names what it must not */
export function findForbidden(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, i) =>
      FORBIDDEN.filter(({ word }) => word.test(line)).map(
        ({ why }) => `${i + 1}: ${why}: ${line.trim().slice(0, 80)}`,
      ),
    );
}

function licence(root: string): string[] {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8');
  const { license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    license?: string;
  };
  return license === 'MIT' && text.includes('MIT License')
    ? []
    : [`package.json says ${license}, LICENSE begins "${text.split('\n')[0]}"; both must be MIT`];
}
