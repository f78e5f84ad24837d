/** Builds the docs site into a folder of its own, as `npm run docs:build` does. */

import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The repository's top folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** The path the site is built for; not `/`, so that a forgotten base path shows. */
export const BASE = '/course/';

/** How a build ended. */
export interface BuiltSite {
  readonly folder: string;
  readonly exitCode: number;
  readonly output: string;
}

/** @param repository - the web address that links to source files get; none when not given */
export async function buildSite(repository = ''): Promise<BuiltSite> {
  const folder = mkdtempSync(join(tmpdir(), 'course-site-'));
  const program = join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const args = [program, 'tools/commands/docs.ts', 'build', '--out', folder];
  const env = {
    ...process.env,
    DOCS_BASE: BASE,
    DOCS_REPOSITORY: repository,
    NODE_ENV: 'production',
  };
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
  return { folder, exitCode, output };
}
