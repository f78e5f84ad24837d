/**
 * Looks at a built site the way a visitor's browser would: does every link and anchor lead
 * somewhere, and does every resource come from the site itself.
 *
 * VitePress checks links between pages, not anchors, and not what its theme loads.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

interface Page {
  readonly path: string;
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
  readonly hasContent: boolean;
}

/** Elements that make a browser load what they name. `a` does not. */
const RESOURCE =
  /<(?:script|img|iframe|source|video|audio|embed|object|link)\b[^>]*?\s(?:src|href|srcset|data)="((?:https?:)?\/\/[^"]*)"/g;
const CSS_RESOURCE = /(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?\/\/[^'")\s]+)/g;
const SCRIPT_RESOURCE =
  /(?:\bimport\s*\(|\bimport\s|\bfrom\s|\bfetch\(|importScripts\(|\.src\s*=|\bnew Worker\()\s*["'`]((?:https?:)?\/\/[^"'`]+)/g;

/**
 * @param folder - the built site
 * @param base - the path it is served under, for example `/course/`
 * @returns one line per broken link, missing anchor and foreign resource; empty when all is well
 */
export function findProblems(folder: string, base: string): string[] {
  const files = listFiles(folder);
  return [...findBrokenLinks(folder, base, files), ...findForeignResources(folder, files)];
}

function findBrokenLinks(folder: string, base: string, files: readonly string[]): string[] {
  const prefix = `/${base}/`.replace(/\/+/g, '/');
  const pages = new Map(
    files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, readPage(file, readFileSync(join(folder, file), 'utf8'))]),
  );
  const problems: string[] = [];
  for (const page of pages.values()) {
    if (!page.hasContent) problems.push(`${page.path}: has no heading; it was not rendered whole`);
    for (const link of page.links) {
      const problem = checkLink(link, page, pages, prefix, folder);
      if (problem) problems.push(`${page.path}: ${problem}`);
    }
  }
  return problems;
}

function readPage(path: string, html: string): Page {
  const ids = new Set([...html.matchAll(/\sid="([^"]*)"/g)].map((m) => decode(m[1] ?? '')));
  const links = [...html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map((m) => decode(m[1] ?? ''));
  // VitePress goes on when a page fails to render, and writes a page without its content.
  const hasContent = path === '404.html' || /<h1\b/.test(html);
  return { path, ids, links: [...new Set(links)], hasContent };
}

function decode(attribute: string): string {
  return attribute.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

function checkLink(
  link: string,
  page: Page,
  pages: ReadonlyMap<string, Page>,
  prefix: string,
  folder: string,
): string | undefined {
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link)) return undefined;
  const [path = '', anchor = ''] = link.split('#', 2);
  if (path.startsWith('/') && !path.startsWith(prefix)) return `${link} is outside ${prefix}`;
  const target = path === '' ? page.path : fileFor(path, page, prefix);
  const found = pages.get(target);
  if (!found && !existsSync(join(folder, target))) return `${link}: there is no ${target}`;
  if (anchor !== '' && found && !found.ids.has(decodeURIComponent(anchor))) {
    return `${link}: ${target} has no heading #${anchor}`;
  }
  return undefined;
}

function fileFor(path: string, page: Page, prefix: string): string {
  const target = path.startsWith('/')
    ? path.slice(prefix.length)
    : posix.join(posix.dirname(page.path), path);
  if (target === '' || target.endsWith('/')) return `${target}index.html`;
  return posix.extname(target) === '' ? `${target}.html` : target;
}

function findForeignResources(folder: string, files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const patterns = patternsFor(file);
    if (patterns.length === 0) return [];
    const text = readFileSync(join(folder, file), 'utf8');
    return patterns.flatMap((pattern) =>
      [...text.matchAll(pattern)].map((m) => `${file}: loads ${m[1]} from another host`),
    );
  });
}

function patternsFor(file: string): RegExp[] {
  switch (posix.extname(file)) {
    case '.html':
      return [RESOURCE, CSS_RESOURCE];
    case '.css':
    case '.svg':
      return [CSS_RESOURCE];
    case '.js':
    case '.mjs':
      return [SCRIPT_RESOURCE, RESOURCE, CSS_RESOURCE];
    default:
      return [];
  }
}

/** Every file below `folder`, as paths with `/`. */
function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      posix.relative(slashes(folder), posix.join(slashes(entry.parentPath), entry.name)),
    );
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}
