/**
 * An exercise's originals in the instructor's repository: the solution's own text, and the stub
 * that the skeleton makes of it. A release does not have this file.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStub } from '../source/make-stub.ts';
import type { Originals } from './originals.ts';

/** The originals of the course in `root`, read from its `solutions/` when first needed. */
export function solutionOriginals(root: string): Originals {
  const solutions = readSolutions(root);
  let stubs: ReadonlyMap<string, string> | undefined;
  return {
    stub: (chapter, name) => {
      stubs ??= makeStub(solutions, root);
      return stubs.get(`${chapter.id}/${name}`);
    },
    reference: (chapter, name) => solutions.get(`${chapter.id}/${name}`),
  };
}

/**
 * Every text below `solutions/` that belongs to a chapter.
 *
 * @returns text by path below `solutions/`, with `/`: `01-etcd/range.ts`
 */
export function readSolutions(root: string): Map<string, string> {
  const top = join(root, 'solutions');
  const files = new Map<string, string>();
  for (const entry of readdirSync(top, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const below = path.slice(top.length + 1).replaceAll('\\', '/');
    if (entry.isFile() && below.includes('/')) files.set(below, readFileSync(path, 'utf8'));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
