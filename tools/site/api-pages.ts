/**
 * Which public surfaces the API reference shows, and on which page each is.
 *
 * They are the `#name` imports of `package.json` that a component answers. `api.ts` writes the
 * pages.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the generated pages are, in the repository. */
export const API_FOLDER = 'docs/api';

/** One public surface. */
export interface ApiPage {
  /** What others import, for example `#etcd/grpc`. */
  readonly importName: string;
  /** Its pages' folder below `docs/api`, for example `etcd.grpc`. */
  readonly folder: string;
  /** The file that lists the surface, relative to the repository. */
  readonly entry: string;
}

/**
 * @param root - the repository's top folder
 * @param whose - `mine`: what `chapters/` offers, which in an untouched copy is what students are
 * promised; `reference`: what `solutions/` offers, internal members included
 * @returns surfaces in the order of `package.json`
 */
export function apiPages(root: string, whose: 'mine' | 'reference' = 'mine'): ApiPage[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports: Record<string, string | Record<string, string>>;
  };
  return Object.entries(manifest.imports).flatMap(([importName, target]) => {
    if (typeof target === 'string') return [];
    const component = importName.slice(1).split('/')[0] ?? '';
    const entry = (whose === 'mine' ? target.default : target[`ref-${component}`])?.slice(2);
    if (entry === undefined || !existsSync(join(root, entry))) return [];
    return [{ importName, folder: importName.slice(1).replaceAll('/', '.'), entry }];
  });
}
