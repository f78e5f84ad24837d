/**
 * A component's program as one JavaScript file, so that starting it takes a fraction of a second.
 *
 * What the file is made of is in its name: it is built once, then found in `.course/cache`.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { cached, hashOf } from '../../tools/judge/hash.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SOLUTIONS = join(ROOT, 'solutions');

/**
 * Compiles `solutions/<chapter>/main.ts` with all components it uses, of the reference.
 *
 * @param chapter - for example `01-etcd`
 * @returns the path of a module that Node runs as it is
 */
export async function compiledProgram(chapter: string): Promise<string> {
  const name = `${chapter}-${hashOf('1', ...sources())}.mjs`;
  return (await cached(ROOT, name, () => bundle(chapter))).path;
}

function sources(): string[] {
  const files = readdirSync(SOLUTIONS, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|json)$/.test(file))
    .sort()
    .map((file) => join(SOLUTIONS, file));
  const rest = [join(ROOT, 'package.json'), join(ROOT, 'package-lock.json')];
  return [...files, ...rest].flatMap((file) => [file, readFileSync(file, 'utf8')]);
}

async function bundle(chapter: string): Promise<string> {
  const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    imports: Record<string, string | Record<string, string>>;
  };
  const conditions = Object.values(imports).flatMap((target) => Object.keys(target));
  const result = await build({
    entryPoints: [join(SOLUTIONS, chapter, 'main.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: [...new Set(conditions)].filter((name) => name.startsWith('ref-')),
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [packagesStayOutside],
  });
  return result.outputFiles[0]?.text ?? '';
}

/** Packages are loaded by Node, but for those that must come after a file of ours. */
const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^.#/]/ }, ({ kind, path, importer }) => {
      if (kind === 'entry-point') return undefined;
      const inside = path === '@peculiar/x509' || importer.includes('/node_modules/');
      return inside ? undefined : { path, external: true };
    });
  },
};
