/**
 * Writes the API reference: a Markdown page per class, function and type of each
 * public surface, with TypeDoc.
 *
 * It shows signatures and docs, never a body: the pages are read by students.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, OptionDefaults } from 'typedoc';
import { API_FOLDER, type ApiPage, apiPages } from './api-pages.ts';

type Whose = 'mine' | 'reference';

/**
 * Writes `docs/api` anew.
 *
 * @param root - the repository's top folder
 * @param whose - the stubs' surface, or the reference's
 * @throws Error when TypeDoc cannot read a surface
 */
export async function writeApiReference(root: string, whose: Whose = 'mine'): Promise<void> {
  const out = join(root, API_FOLDER);
  rmSync(out, { recursive: true, force: true });
  const pages = apiPages(root, whose);
  if (pages.length === 0) return;
  mkdirSync(out, { recursive: true });
  await runTypeDoc(root, out, pages, whose);
  for (const path of markdownFiles(out)) {
    writeFileSync(path, withUniqueAnchors(readFileSync(path, 'utf8')));
  }
  writeFileSync(join(out, 'index.md'), overview(pages));
}

async function runTypeDoc(
  root: string,
  out: string,
  pages: readonly ApiPage[],
  whose: Whose,
): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: pages.map((page) => join(root, page.entry)),
    // Its conditions decide whose `#etcd` another surface means.
    tsconfig: join(root, whose === 'mine' ? 'tsconfig.json' : 'solutions/tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    name: 'API reference',
    basePath: root,
    out,
    readme: 'none',
    router: 'member',
    alwaysCreateEntryPointModule: true,
    blockTags: [...OptionDefaults.blockTags, '@exercise'],
    excludeTags: [...OptionDefaults.excludeTags, '@exercise'],
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    githubPages: false,
    hideGenerator: true,
    skipErrorChecking: true,
    // A doc may name a file's own neighbour that the surface does not export; not worth a warning.
    validation: {
      notExported: false,
      invalidLink: true,
      invalidPath: false,
      rewrittenLink: false,
      notDocumented: false,
      unusedMergeModuleWith: false,
    },
    logLevel: 'Warn',
    entryFileName: 'index.md',
    hidePageHeader: true,
    sanitizeComments: true,
    useCustomAnchors: true,
    pageTitleTemplates: { module: ({ name }: { name: string }) => `#${name.replaceAll('.', '/')}` },
    useCodeBlocks: true,
    parametersFormat: 'table',
    expandParameters: true,
  } as Parameters<typeof Application.bootstrapWithPlugins>[0]);
  nameModules(app, root, pages);
  const project = await app.convert();
  if (!project) throw new Error('TypeDoc could not read the components; see its messages above');
  await app.generateOutputs(project);
}

/** TypeDoc names a module after its path; here it is called what others import. */
function nameModules(app: Application, root: string, pages: readonly ApiPage[]): void {
  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    (context: { project: { children?: { name: string }[] } }) => {
      const modules = context.project.children ?? [];
      modules.forEach((module, i) => {
        const page = pages[i];
        if (page) module.name = page.folder;
      });
      if (modules.length !== pages.length) {
        throw new Error(`TypeDoc read ${modules.length} of ${pages.length} surfaces in ${root}`);
      }
    },
  );
}

function overview(pages: readonly ApiPage[]): string {
  return [
    '# API reference',
    '',
    'What each component offers to the others. It is made from the docs in the code.',
    '',
    ...pages.map((page) => `- [\`${page.importName}\`](./${page.folder}/index.md)`),
    '',
  ].join('\n');
}

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path));
}

/** A member may be called as a section of its page is (`properties`): then the section gives way. */
function withUniqueAnchors(text: string): string {
  const taken = new Set([...text.matchAll(/\{#([^}]+)\}$/gm)].map(([, id]) => id));
  return text.replace(/^(#+) (\w+)$/gm, (line, hashes: string, title: string) => {
    const id = title.toLowerCase();
    return taken.has(id) ? `${hashes} ${title} {#section-${id}}` : line;
  });
}
