/** A program as one file: it runs, and its stack traces name the lines it was made of. */

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleProgram } from '../../../tools/start/program-bundle.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'bundle-')));
afterAll(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const THROWING = `// First line.
interface Thing {
  readonly name: string;
}
export function fail({ name }: Thing): never {
  throw new TypeError(name);
}
`;

describe('a bundled program', () => {
  it('tells an error with the lines of its files', async () => {
    write('chapters/01-etcd/fail.ts', THROWING);
    mkdirSync(join(root, 'solutions'), { recursive: true });
    const main = write(
      'chapters/01-etcd/main.ts',
      "import { fail } from './fail.ts';\n\nsetTimeout(() => fail({ name: 'it broke' }), 1);\n",
    );
    const program = await bundleProgram({ root, main, conditions: [], loans: [] });
    const failed = await promisify(execFile)(process.execPath, [program]).catch((error) => error);
    expect(failed.code).toBe(1);
    const [head, first, second] = String(failed.stderr).split('\n');
    expect(head).toBe('TypeError: it broke');
    expect(first).toBe(`    at fail (${join(root, 'chapters/01-etcd/fail.ts')}:6:9)`);
    expect(second).toContain(`${main}:3:18`);
  });

  it('is made once', async () => {
    const main = write('chapters/01-etcd/other.ts', "process.stdout.write('made once');\n");
    const request = { root, main, conditions: [], loans: [] };
    const program = await bundleProgram(request);
    expect(await bundleProgram(request)).toBe(program);
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(stdout).toBe('made once');
    write('chapters/01-etcd/other.ts', "process.stdout.write('made again');\n");
    expect(await bundleProgram(request)).not.toBe(program);
  });
});
