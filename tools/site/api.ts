/**
 * Writes the API reference: one Markdown page per public surface, with TypeDoc.
 *
 * It shows signatures and docs, never a body: the pages are read by students.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, OptionDefaults } from 'typedoc';
import { API_FOLDER, type ApiPage, apiPages } from './api-pages.ts';

/**
 * Writes `docs/api` anew.
 *
 * @param root - the repository's top folder
 * @throws Error when TypeDoc cannot read a surface
 */
export async function writeApiReference(root: string): Promise<void> {
  const out = join(root, API_FOLDER);
  rmSync(out, { recursive: true, force: true });
  const pages = apiPages(root);
  if (pages.length === 0) return;
  mkdirSync(out, { recursive: true });
  await runTypeDoc(root, out, pages);
  writeFileSync(join(out, 'index.md'), overview(pages));
  for (const page of pages) markAsGenerated(join(root, 'docs', `${page.path}.md`));
}

async function runTypeDoc(root: string, out: string, pages: readonly ApiPage[]): Promise<void> {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: pages.map((page) => join(root, page.entry)),
    tsconfig: join(
      root,
      pages[0]?.entry.startsWith('solutions/') ? 'solutions' : '',
      'tsconfig.json',
    ),
    plugin: ['typedoc-plugin-markdown'],
    basePath: root,
    out,
    readme: 'none',
    router: 'module',
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
    pageTitleTemplates: { module: ({ name }: { name: string }) => `#${name.replaceAll('.', '/')}` },
    hideBreadcrumbs: true,
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
        if (page) module.name = page.name.replaceAll('/', '.');
      });
      if (modules.length !== pages.length) {
        throw new Error(`TypeDoc read ${modules.length} of ${pages.length} surfaces in ${root}`);
      }
    },
  );
}

/** There is nothing to edit on a generated page. */
function markAsGenerated(file: string): void {
  writeFileSync(file, `---\neditLink: false\n---\n\n${readFileSync(file, 'utf8')}`);
}

function overview(pages: readonly ApiPage[]): string {
  return [
    '---',
    'editLink: false',
    '---',
    '',
    '# API reference',
    '',
    'What each component offers to the others. It is made from the docs in the code.',
    '',
    ...pages.map((page) => `- [\`${page.importName}\`](./${page.path.replace('api/', '')}.md)`),
    '',
  ].join('\n');
}
