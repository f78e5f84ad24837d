/**
 * The child's program as one file: runner, kit and the packages components may use, bundled.
 *
 * One file, so that the child may be forbidden to read any other, and starts fast.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cached, hashOf } from './hash.ts';

let known: { root: string; key: string; path: string } | undefined;

/** The path of the bundled program, built anew when anything in it changed. */
export async function harness(root: string): Promise<{ path: string; key: string }> {
  const key = hashOf('1', ...sources(root));
  if (known?.root === root && known.key === key) return known;
  const { path } = await cached(root, `harness-${key}.cjs`, () => bundle());
  known = { root, key, path };
  return known;
}

const tools = join(import.meta.dirname, '..');
const kit = join(tools, '..', 'tests', 'kit');

function sources(_root: string): string[] {
  const folders = [join(tools, 'judge', 'child'), kit];
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .sort()
      .map((name) => join(folder, name)),
  );
  const rest = [join(tools, 'not-implemented.ts'), join(tools, '..', 'package-lock.json')];
  return [...files, ...rest].map((path) => readFileSync(path, 'utf8'));
}

async function bundle(): Promise<string> {
  const child = join(tools, 'judge', 'child');
  const result = await build({
    entryPoints: [join(child, 'main.ts')],
    absWorkingDir: join(tools, '..'),
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'silent',
    alias: {
      vitest: join(child, 'runner.ts'),
      '#kit': join(kit, 'index.ts'),
      '#not-implemented': join(tools, 'not-implemented.ts'),
    },
    // Packages keep state in symbols of the global object; here that is an object nobody else has.
    define: { globalThis: '__realm', 'process.env': '{}' },
    banner: { js: '"use strict";const __realm=Object.create(globalThis);' },
    tsconfigRaw: { compilerOptions: { target: 'es2023' } },
  });
  return result.outputFiles[0]?.text ?? '';
}
