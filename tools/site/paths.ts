/**
 * Where a Markdown file of the repository is on the site.
 *
 * Handouts and guides stay where they are; only their address changes. `links.ts` uses this to
 * make one link work on GitHub and on the site.
 */

const HANDOUT = /^chapters\/(\d\d-[a-z-]+)\/README\.md$/;

/** Markdown files that are no pages: everything but handouts and the guides in `docs/`. */
export const NOT_PAGES = [
  '*.md',
  '{solutions,tests,tools,reference}/**',
  'chapters/*.md',
  'chapters/*/!(README).md',
  'chapters/*/*/**',
  'docs/public/**',
];

/**
 * The page a file becomes.
 *
 * @param file - path in the repository with `/`, for example `chapters/01-etcd/README.md`
 * @returns the page's source path on the site, `chapters/01-etcd/index.md`; `undefined` when the
 * file is not a page
 */
export function pageOf(file: string): string | undefined {
  const handout = HANDOUT.exec(file);
  if (handout) return `chapters/${handout[1]}/index.md`;
  return file.startsWith('docs/') && file.endsWith('.md') ? file.slice('docs/'.length) : undefined;
}
