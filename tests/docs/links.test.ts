/** How the site treats links, anchors and foreign resources; the whole site is in site.test.ts. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findProblems } from '../../tools/site/built-site.ts';
import { siteLink } from '../../tools/site/links.ts';
import { pageOf } from '../../tools/site/paths.ts';
import { slug } from '../../tools/site/slug.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'course-links-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('slug', () => {
  it.each([
    ['Key index', 'key-index'],
    ['What “hidden” means', 'what-hidden-means'],
    ['Put & get: `etcd/put-get`', 'put--get-etcdput-get'],
    ['1.3 Range', '13-range'],
  ])('%s is #%s, as on GitHub', (title, anchor) => {
    expect(slug(title)).toBe(anchor);
  });
});

describe('pageOf', () => {
  it.each([
    ['chapters/01-etcd/README.md', 'chapters/01-etcd/index.md'],
    ['docs/decisions/index.md', 'decisions/index.md'],
    ['chapters/01-etcd/hints.md', undefined],
    ['README.md', undefined],
  ])('%s becomes %s', (file, page) => {
    expect(pageOf(file)).toBe(page);
  });
});

describe('siteLink', () => {
  const files = {
    'chapters/01-etcd/README.md': '',
    'chapters/01-etcd/range.ts': '',
    'docs/student-guide.md': '',
  };
  const from = 'docs/student-guide.md';

  it.each([
    [
      'a handout',
      '../chapters/01-etcd/README.md#range',
      { href: '/chapters/01-etcd/index.md#range' },
    ],
    ['its folder', '../chapters/01-etcd/', { href: '/chapters/01-etcd/index.md' }],
    ['another site', 'https://etcd.io/docs', { href: 'https://etcd.io/docs' }],
    ['the same page', '#points', { href: '#points' }],
    ['code, with no repository known', '../chapters/01-etcd/range.ts', 'plain text'],
  ])('leads to %s', (_, href, expected) => {
    expect(siteLink(href, from, { root: folderWith(files) })).toEqual(expected);
  });

  it('leads to code in the repository', () => {
    const place = { root: folderWith(files), repository: 'https://example.org/r' };
    expect(siteLink('../chapters/01-etcd/range.ts', from, place)).toEqual({
      href: 'https://example.org/r/blob/HEAD/chapters/01-etcd/range.ts',
    });
  });

  it('refuses a file that is not there', () => {
    const place = { root: folderWith(files) };
    expect(() => siteLink('./gone.md', from, place)).toThrow('there is no docs/gone.md');
  });
});

describe('findProblems', () => {
  const good = '<h1 id="a">A</h1><a href="/b/x.html#y">x</a><a href="https://else.where/">e</a>';

  it('finds none in a good site', () => {
    const folder = folderWith({ 'index.html': good, 'x.html': '<h1 id="y">Y</h1>' });
    expect(findProblems(folder, '/b/')).toEqual([]);
  });

  it.each([
    ['a missing page', { 'index.html': '<h1>A</h1><a href="gone.html">' }, 'there is no gone.html'],
    ['a missing anchor', { 'index.html': '<h1>A</h1><a href="#gone">' }, 'no heading #gone'],
    ['a forgotten base path', { 'index.html': '<h1>A</h1><a href="/index.html">' }, 'outside /b/'],
    ['a page that failed to render', { 'index.html': '<div></div>' }, 'not rendered whole'],
    [
      'a script from elsewhere',
      { 'index.html': `<h1></h1><script src="https://x.y/z.js">` },
      'x.y',
    ],
    ['a font from elsewhere', { 'a.css': '@import url("//x.y/f.css")' }, 'another host'],
    ['code that loads from elsewhere', { 'a.js': 'import("https://x.y/z.js")' }, 'another host'],
  ])('finds %s', (_, files, problem) => {
    const folder = folderWith(files as Record<string, string>);
    expect(findProblems(folder, '/b/').join('\n')).toContain(problem);
  });
});
