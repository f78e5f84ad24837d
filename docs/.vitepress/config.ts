/**
 * The docs site: one static site from the handouts in `chapters/`, the guides in `docs/` and the
 * API reference. How files become pages is in `tools/site/`; how to run it, `npm run docs`.
 */

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { extendMarkdown } from '../../tools/site/markdown.ts';
import { sidebar } from '../../tools/site/navigation.ts';
import { NOT_PAGES, pageOf } from '../../tools/site/paths.ts';
import { slug } from '../../tools/site/slug.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const base = withSlashes(process.env.DOCS_BASE ?? '/');
const repository = process.env.DOCS_REPOSITORY?.replace(/\/$/, '') || undefined;

/** The default theme would ask another host for icons it does not know; ours come with the site. */
const noIconsFromElsewhere = {
  name: 'no-icons-from-elsewhere',
  enforce: 'pre' as const,
  transform: (code: string, id: string) =>
    id.includes('VPSocialLink.vue')
      ? code.replace('https://api.iconify.design/simple-icons/', 'data:,')
      : undefined,
};

/** Two branches that meet. */
const repositoryIcon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" style="fill:none"><circle cx="6" cy="5" r="2.5"/><circle cx="6" cy="19" r="2.5"/><circle cx="18" cy="8" r="2.5"/><path d="M6 7.500v9M18 10.500c0 4-6 3-11 6"/></svg>';

/** `course`, `/course` and `/course/` mean the same. */
function withSlashes(path: string): string {
  return `/${path}/`.replace(/\/+/g, '/');
}

export default defineConfig({
  srcDir: '..',
  srcExclude: NOT_PAGES,
  rewrites: (file) => pageOf(file) ?? file,
  base,
  lang: 'en',
  title: 'Kubernetes from scratch',
  description: 'A course in TypeScript in which you build Kubernetes yourself, chapter by chapter.',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}logo.svg` }]],
  ignoreDeadLinks: false,
  transformPageData: (page) => {
    // Generated pages have no source to edit.
    if (page.relativePath.startsWith('api/')) page.frontmatter.editLink = false;
  },
  markdown: {
    anchor: { slugify: slug },
    headers: { slugify: slug },
    theme: { light: 'github-light', dark: 'github-dark' },
    config: (md) => extendMarkdown(md, { root, repository }),
  },
  vite: {
    // The site has nothing to do with a Vite or PostCSS configuration somebody puts beside it.
    configFile: false,
    css: { postcss: {} },
    publicDir: fileURLToPath(new URL('../public', import.meta.url)),
    build: { chunkSizeWarningLimit: 2000 },
    optimizeDeps: { entries: [] },
    plugins: [noIconsFromElsewhere],
  },
  themeConfig: {
    logo: { src: '/logo.svg', alt: '' },
    nav: [
      { text: 'Student guide', link: '/student-guide' },
      { text: 'Chapters', link: '/exercises', activeMatch: '^/(exercises|chapters/)' },
      { text: 'Instructor guide', link: '/instructor-guide' },
      { text: 'Design', link: '/architecture', activeMatch: '^/(architecture|decisions/)' },
    ],
    sidebar: sidebar(root),
    outline: { level: [2, 3], label: 'On this page' },
    search: { provider: 'local' },
    ...(repository && {
      socialLinks: [{ icon: { svg: repositoryIcon }, link: repository, ariaLabel: 'repository' }],
      editLink: {
        pattern: `${repository}/edit/HEAD/:path`,
        text: 'Change this page',
      },
    }),
    docFooter: { prev: 'Previous', next: 'Next' },
    footer: { message: 'MIT licence. Not affiliated with the Kubernetes project.' },
  },
});
