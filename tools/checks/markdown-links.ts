/**
 * Check: relative links and anchors in handouts, hints and docs lead somewhere.
 *
 * Links of the built site are checked by the docs build; this is what a reader on disk follows.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Check } from './check.ts';
import { headings, links } from './markdown.ts';
import { listFiles } from './source-files.ts';

/** Fails on a link to a file or an anchor that is not there. */
export const markdownLinks: Check = {
  name: 'links',
  run: (root) => markdownFiles(root).flatMap((path) => brokenLinks(root, path)),
};

function markdownFiles(root: string): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  const below = ['chapters', 'docs', 'tests', 'tools'].flatMap((f) => listFiles(root, f, '.md'));
  return [...top, ...below.filter((path) => !path.startsWith('docs/api/'))];
}

/** @param path - a Markdown file, from the repository's top folder */
export function brokenLinks(root: string, path: string): string[] {
  return links(readFileSync(join(root, path), 'utf8')).flatMap(({ target, line }) => {
    const problem = problemOf(root, path, target);
    return problem === undefined ? [] : [`${path}:${line}: ${target}: ${problem}`];
  });
}

function problemOf(root: string, from: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#', 2);
  // The site's own addresses: the docs build knows them.
  if (path.startsWith('/')) return undefined;
  const file = path === '' ? from : posix.join(posix.dirname(from), decodeURIComponent(path));
  if (file.startsWith('../')) return 'leads out of the repository';
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  if (anchor === undefined || anchor === '') return undefined;
  const page = statSync(join(root, file)).isDirectory() ? posix.join(file, 'README.md') : file;
  if (!page.endsWith('.md') || !existsSync(join(root, page))) return undefined;
  const found = headings(readFileSync(join(root, page), 'utf8')).some((h) => h.anchor === anchor);
  return found ? undefined : `${page} has no heading for #${anchor}`;
}
