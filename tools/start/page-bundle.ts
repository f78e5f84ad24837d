/**
 * The cluster's page as one JavaScript file for browsers. How programs are bundled is
 * `program-bundle.ts`; unlike those it takes its packages along.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { cached, hashOf } from '../judge/hash.ts';

/** Tells the cluster's main where the page's program is. */
export const PAGE_VARIABLE = 'CLUSTER_PAGE';

/**
 * Makes the page's program, or finds it in `.course/cache`.
 *
 * @param root - the course's top folder
 * @param entry - `page/browser/app.ts`, absolute; in a release it is `.js`
 * @returns its path; `undefined` when there is no such entry
 */
export async function bundlePage(root: string, entry: string): Promise<string | undefined> {
  if (!existsSync(entry)) return undefined;
  const page = dirname(dirname(entry));
  const sources = readdirSync(page, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|js)$/.test(file) && !file.endsWith('.d.ts'))
    .sort()
    .flatMap((file) => [file, readFileSync(join(page, file), 'utf8')]);
  const lock = join(root, 'package-lock.json');
  const packages = existsSync(lock) ? readFileSync(lock, 'utf8') : '';
  const name = `page-${hashOf('1', entry, packages, ...sources)}.js`;
  return (await cached(root, name, () => bundle(root, entry))).path;
}

async function bundle(root: string, entry: string): Promise<string> {
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    outdir: root,
    legalComments: 'none',
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}
