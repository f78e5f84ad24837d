/**
 * `npm run docs` and `npm run docs:build`: the docs site, live while writing or as static files.
 *
 * What goes into it is in `tools/site/`, how it looks in `docs/.vitepress/`.
 */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { build, createServer } from 'vitepress';
import { writeApiReference } from '../site/api.ts';
import { findProblems } from '../site/built-site.ts';
import { placeDiagramLibrary } from '../site/diagrams.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const site = resolve(root, 'docs');

/** Everything the site needs that is made, not written. */
async function prepare(whose: 'mine' | 'reference' = 'mine'): Promise<void> {
  placeDiagramLibrary(root);
  await writeApiReference(root, whose);
}

async function dev(port: number): Promise<void> {
  await prepare();
  const server = await createServer(site, { port, host: '127.0.0.1' });
  await server.listen();
  server.printUrls();
}

async function buildSite(out: string, reference: boolean): Promise<void> {
  await prepare(reference ? 'reference' : 'mine');
  await build(site, { outDir: out });
  const problems = findProblems(out, process.env.DOCS_BASE ?? '/');
  if (problems.length === 0) return;
  console.error(`The site was built, but it is not right:\n${problems.join('\n')}`);
  process.exitCode = 1;
}

const program = new Command('docs').description('the docs site');
program
  .command('dev')
  .description('serve the site and follow changes')
  .addOption(new Option('--port <n>', 'port on 127.0.0.1').default(5173).argParser(Number))
  .action((options: { port: number }) => dev(options.port));
program
  .command('build')
  .description('write the site as static files')
  .option('--out <dir>', 'where to', resolve(site, '.vitepress/dist'))
  .option(
    '--reference',
    "the API reference shows the solutions' surface, internals included",
    false,
  )
  .action((options: { out: string; reference: boolean }) =>
    buildSite(resolve(options.out), options.reference),
  );
await program.parseAsync();
