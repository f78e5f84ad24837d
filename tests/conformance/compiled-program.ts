/** A component's program, all of it the reference's, as one file that starts at once. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../../tools/start/program-bundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Compiles `solutions/<chapter>/main.ts` with all components it uses, of the reference.
 *
 * @param chapter - for example `01-etcd`
 * @returns the path of a module that Node runs as it is
 */
export async function compiledProgram(chapter: string): Promise<string> {
  const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    imports: Record<string, string | Record<string, string>>;
  };
  const conditions = new Set(Object.values(imports).flatMap((target) => Object.keys(target)));
  return bundleProgram({
    root: ROOT,
    main: join(ROOT, 'solutions', chapter, 'main.ts'),
    conditions: [...conditions].filter((name) => name.startsWith('ref-')),
    loans: [],
  });
}
