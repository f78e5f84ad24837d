/**
 * A release's `package.json` and `package-lock.json`: the repository's, without what only
 * maintainers need.
 *
 * The lock is pruned, not made anew: students get the versions that were tried together, and no
 * registry is asked.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STUDENT_COMMANDS } from './engine-files.ts';
import type { ReleaseFiles } from './release-plan.ts';

/** A value of a package file. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** An object of a package file. */
export interface JsonObject {
  [name: string]: Json;
}

/** How a student runs the visible examples: one chapter their own, all others the reference. */
const EXAMPLES_CONFIG = `/**
 * How the handouts' examples run under Vitest, and tests of your own: any \`*.test.ts\` in a chapter's
 * folder. They run against your code of that chapter and the reference of all others. The grader does
 * not read this file.
 */

import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';
import { chooseMine, conditionsFor } from './tools/implementations.ts';
import { readSyllabus } from './tools/syllabus.ts';

const chapters = readSyllabus(import.meta.dirname);
const components = chapters.map((chapter) => chapter.component);

export default defineConfig({
  test: {
    projects: chapters.map(({ id, component }) => ({
      ssr: {
        resolve: {
          conditions: [
            ...conditionsFor(chooseMine(components, [component])),
            ...defaultServerConditions,
          ],
        },
      },
      test: { name: \`examples of \${id}\`, include: [\`chapters/\${id}/**/*.test.ts\`] },
    })),
  },
});
`;

/** @returns the package files, with the repository's small files for npm and git */
export function packageFiles(root: string): ReleaseFiles {
  const files: ReleaseFiles = new Map();
  const manifest = readJson(join(root, 'package.json'));
  files.set('package.json', write(releaseManifest(manifest)));
  files.set('vitest.config.ts', EXAMPLES_CONFIG);
  const lock = join(root, 'package-lock.json');
  if (existsSync(lock)) files.set('package-lock.json', write(pruneLock(readJson(lock))));
  return files;
}

/** Students' scripts, no development dependencies, and `ref-x` leading to `reference/`. */
export function releaseManifest(manifest: JsonObject): JsonObject {
  const { devDependencies, overrides, scripts, ...rest } = manifest;
  const all = isObject(scripts) ? scripts : {};
  const kept = STUDENT_COMMANDS.flatMap((name) => (name in all ? [[name, all[name]]] : []));
  const dropped = Object.keys(isObject(devDependencies) ? devDependencies : {});
  return {
    ...rest,
    imports: withReference(rest.imports ?? {}),
    scripts: { ...Object.fromEntries(kept), test: 'vitest run chapters' },
    ...(isObject(rest.allowScripts) && { allowScripts: without(rest.allowScripts, dropped) }),
  };
}

/**
 * Takes out of a lock file (version 3) what is only installed for development.
 *
 * @remarks npm marks it: `dev` is reached by development alone, `devOptional` by development and
 * by something optional, which is then optional.
 */
export function pruneLock(lock: JsonObject): JsonObject {
  if (lock.lockfileVersion !== 3 || !isObject(lock.packages)) {
    throw new Error(`package-lock.json has version ${lock.lockfileVersion}, expected 3`);
  }
  const packages: JsonObject = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!isObject(entry) || entry.dev === true) continue;
    const { devDependencies, devOptional, ...rest } = entry;
    if (path === '') packages[path] = rest;
    else packages[path] = devOptional === true ? { ...rest, optional: true } : entry;
  }
  return { ...lock, packages };
}

function withReference(imports: Json): Json {
  if (!isObject(imports)) return imports;
  const kept = Object.entries(imports).filter(([name]) => name !== '#kit');
  const mapped = kept.map(([name, target]) => {
    if (!isObject(target)) return [name, target];
    const targets = Object.entries(target).map(([condition, path]) => [
      condition,
      condition.startsWith('ref-') && typeof path === 'string' ? asReference(path) : path,
    ]);
    return [name, Object.fromEntries(targets)];
  });
  return Object.fromEntries(mapped);
}

function asReference(path: string): string {
  return path.replace(/^\.\/solutions\//, './reference/').replace(/\.ts$/, '.js');
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function readJson(path: string): JsonObject {
  return JSON.parse(readFileSync(path, 'utf8')) as JsonObject;
}

function write(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
