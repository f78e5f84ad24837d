/**
 * A hidden test file as one CommonJS text, with `#kit` and every component left to be linked.
 *
 * The source text of each traced creation, and of what each `expect` looks at, is written into the
 * call, so that a failing test's steps are the author's words also when the bundle is minified.
 */

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Chapter, Exercise } from '../syllabus.ts';
import { cached, hashOf } from './hash.ts';
import { hiddenTest } from './places.ts';

/**
 * Compiles an exercise's hidden tests; a release's bundle is what this returned, minified.
 *
 * @returns the text, or `undefined` when the exercise has no test file
 */
export async function compileHidden(
  root: string,
  chapter: Chapter,
  exercise: Exercise,
  options: { minify?: boolean } = {},
): Promise<string | undefined> {
  const place = hiddenTest(root, chapter, exercise);
  if (!place) return undefined;
  if (place.bundled) return readFileSync(join(root, place.file), 'utf8');
  return compileTestFile(root, join(root, place.file), options.minify === true);
}

/** Compiles one test file with what it imports by path. */
export async function compileTestFile(root: string, path: string, minify = false): Promise<string> {
  const text = readFileSync(path, 'utf8');
  const importsFiles = /from\s+['"]\.{1,2}\//.test(text);
  const make = (): Promise<string> => bundle(path, minify);
  if (importsFiles) return make();
  const name = `hidden-${hashOf('4', basename(path), text, String(minify))}.cjs`;
  return (await cached(root, name, make)).text;
}

async function bundle(path: string, minify: boolean): Promise<string> {
  const result = await build({
    entryPoints: [path],
    absWorkingDir: dirname(path),
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify,
    legalComments: 'none',
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { target: 'es2023' } },
    plugins: [linkedLater, tracesNamed],
  });
  return result.outputFiles[0]?.text ?? '';
}

const linkedLater: Plugin = {
  name: 'linked-later',
  setup({ onResolve }) {
    onResolve({ filter: /^[^.]/ }, (args) =>
      args.kind === 'entry-point' ? undefined : { path: args.path, external: true },
    );
  },
};

const tracesNamed: Plugin = {
  name: 'traces-named',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async (args) => {
      const { writeTraceSources } = await import('./trace-sources.ts');
      return {
        contents: writeTraceSources(readFileSync(args.path, 'utf8'), args.path),
        loader: 'ts',
      };
    });
  },
};
