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
  /** Name without `#`, for example `etcd/grpc`. */
  readonly name: string;
  /** The page without extension, for example `api/etcd.grpc`. */
  readonly path: string;
  /** The file that lists the surface, relative to the repository. */
  readonly entry: string;
}

/**
 * @param root - the repository's top folder
 * @returns surfaces in order of their chapters; where the reference's source is not shipped (a
 * student's copy), the stubs' surface, which has the same docs
 */
export function apiPages(root: string): ApiPage[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports: Record<string, string | Record<string, string>>;
  };
  return Object.entries(manifest.imports).flatMap(([importName, target]) => {
    if (typeof target === 'string') return [];
    const stub = target.default ?? '';
    const solution = stub.replace('./chapters/', './solutions/');
    const entry = [solution, stub].find((file) => file !== '' && existsSync(join(root, file)));
    if (entry === undefined) return [];
    const name = importName.slice(1);
    return [{ importName, name, path: `api/${name.replaceAll('/', '.')}`, entry: entry.slice(2) }];
  });
}
