/** The built docs site: what is in it, and what a visitor with a real browser sees. */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiPages } from '../../tools/site/api-pages.ts';
import { slug } from '../../tools/site/slug.ts';
import { readSyllabus } from '../../tools/syllabus.ts';
import { openBrowser, whyNoBrowser } from './browser.ts';
import { BASE, type BuiltSite, buildSite, ROOT } from './built-site.ts';
import { newFinder } from './find-all.ts';
import { type StaticServer, serveFolder } from './static-server.ts';

// Takes about 20 s alone; a machine that does other things at once may need longer.
const BUILD_LIMIT_MS = 600_000;
const syllabus = readSyllabus(ROOT);

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
}, BUILD_LIMIT_MS);

afterAll(() => {
  if (site) rmSync(site.folder, { recursive: true, force: true });
});

/**
 * Every page's text without markup and white space, by path. What stands around it on every page, the list
 * of all others, is looked at once in each folder: it is most of the site.
 */
function pageTexts(below = ''): Map<string, string> {
  const files = readdirSync(site.folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.startsWith(below) && file.endsWith('.html'));
  const seen = new Set<string>();
  return new Map(
    files.map((file) => {
      const html = readFileSync(join(site.folder, file), 'utf8');
      const folder = dirname(file);
      const isFirst = !seen.has(folder);
      seen.add(folder);
      return [file, squeeze(isFirst ? html : mainOf(html))];
    }),
  );
}

/** What is this page's alone; all of it where nothing is marked so (the start page, 404). */
function mainOf(html: string): string {
  return /<main[ >].*<\/main>/s.exec(html)?.[0] ?? html;
}

/** A page's text. */
function squeeze(html: string): string {
  const text = html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
  return withoutSpace(text);
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

describe('the built site', () => {
  it('is built without a broken link, a missing anchor or a resource of another host', () => {
    expect(site.output).not.toContain('it is not right');
    expect(site.exitCode, site.output).toBe(0);
  });

  it('has a page for every chapter, with a section for every exercise', () => {
    expect(syllabus.length).toBeGreaterThan(0);
    for (const chapter of syllabus) {
      const page = join(site.folder, 'chapters', chapter.id, 'index.html');
      expect(existsSync(page), `${page} is there`).toBe(true);
      const html = readFileSync(page, 'utf8');
      for (const { id, title } of chapter.exercises) {
        expect(html, `section of ${id}`).toContain(`id="${slug(title)}"`);
      }
    }
  });

  it('has a reference page for every public surface', () => {
    const pages = apiPages(ROOT);
    expect(pages.length).toBeGreaterThan(0);
    for (const { folder, importName } of pages) {
      const html = readFileSync(join(site.folder, 'api', folder, 'index.html'), 'utf8');
      expect(html).toContain(importName);
    }
  });

  it('shows no line of a solution that its stub does not have', () => {
    const lines = exerciseFiles().flatMap(({ chapter, file }) => solutionOnlyLines(chapter, file));
    // What some other stub or given file says as well is nobody's secret.
    const known = new Set(newFinder(lines)(stubTexts()));
    const own = lines.filter((line) => !known.has(line));
    expect(own.length).toBeGreaterThan(0);
    const find = newFinder(own);
    for (const [page, text] of pageTexts('api/')) expect(find(text), page).toEqual([]);
  }, 240_000);

  it('has no hints', () => {
    const hints = syllabus.flatMap((chapter) => hintLines(chapter.id)).map(withoutSpace);
    expect(hints.length).toBeGreaterThan(0);
    const find = newFinder(hints);
    for (const [page, text] of pageTexts()) expect(find(text), page).toEqual([]);
  }, 240_000);
});

/** All that students are given, squeezed. */
function stubTexts(): string {
  const folder = join(ROOT, 'chapters');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => withoutSpace(readFileSync(join(folder, file), 'utf8')))
    .join('\n');
}

function exerciseFiles(): { chapter: string; file: string }[] {
  return syllabus.flatMap((chapter) =>
    chapter.exercises.flatMap(({ files }) => files.map((file) => ({ chapter: chapter.id, file }))),
  );
}

/** Lines long enough to be somebody's own, squeezed. A name that is imported is no secret. */
function solutionOnlyLines(chapter: string, file: string): string[] {
  const stub = withoutSpace(readFileSync(join(ROOT, 'chapters', chapter, file), 'utf8'));
  return readFileSync(join(ROOT, 'solutions', chapter, file), 'utf8')
    .split('\n')
    .map(withoutSpace)
    .filter((line) => line.length >= 30 && !/^(\*|\w+,$)/.test(line) && !stub.includes(line));
}

function hintLines(chapter: string): string[] {
  return readFileSync(join(ROOT, 'chapters', chapter, 'hints.md'), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line) && line.length > 50 && !line.includes('`'));
}

const noBrowser = whyNoBrowser();

describe.skipIf(noBrowser)(`in a browser${noBrowser ? ` (NOT RUN: ${noBrowser})` : ''}`, () => {
  let server: StaticServer;
  let browser: Browser;
  let page: Page;
  /** What went wrong in the page, and requests that left this machine. */
  let trouble: string[];

  beforeAll(async () => {
    server = await serveFolder(site.folder, BASE);
    browser = await openBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    trouble = [];
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => trouble.push(`error in the page: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') trouble.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && hostname !== '127.0.0.1') trouble.push(request.url());
    });
    page.on('response', (response) => {
      if (response.status() >= 400) trouble.push(`${response.status()} ${response.url()}`);
    });
  });

  afterEach(async () => {
    await page.close();
    expect(trouble, 'errors, missing files and requests to other hosts').toEqual([]);
  });

  /** The first chapter that has exercises, and one of them that is not at the top of its page. */
  function someExercise() {
    const chapter = syllabus.find(({ id }) => id === '01-etcd') ?? syllabus[0];
    const exercise = chapter?.exercises[2] ?? chapter?.exercises[0];
    if (!chapter || !exercise) throw new Error('the syllabus has no exercise');
    return { chapter, exercise };
  }

  it('leads from the start page to the student guide', async () => {
    await page.goto(server.url);
    await page.getByRole('link', { name: 'Start here' }).click();
    await page.getByRole('heading', { level: 1, name: 'Student guide' }).waitFor();
    expect(page.url()).toBe(`${server.url}student-guide.html`);
  });

  it('finds a word and opens the page it is on', async () => {
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.getByRole('searchbox').fill('unborrow');
    const result = page.getByRole('option').filter({ hasText: 'Stuck on one exercise' }).first();
    await result.click();
    const heading = page.getByRole('heading', { name: 'Stuck on one exercise' });
    await heading.waitFor();
    expect(page.url()).toBe(`${server.url}student-guide.html#stuck-on-one-exercise`);
  });

  it('lands on the section that a failing test names', async () => {
    const { chapter, exercise } = someExercise();
    await page.goto(`${server.url}chapters/${chapter.id}/#${slug(exercise.title)}`);
    const heading = page.locator(`h2#${slug(exercise.title)}`);
    await heading.waitFor();
    expect(await heading.innerText()).toContain(exercise.title);
    await expect.poll(async () => (await heading.boundingBox())?.y ?? -1).toBeGreaterThanOrEqual(0);
    await expect.poll(async () => (await heading.boundingBox())?.y ?? 1e9).toBeLessThan(300);
  });

  it('goes from the table of exercises to a section, and on to the next page', async () => {
    const { chapter, exercise } = someExercise();
    await page.goto(`${server.url}exercises.html`);
    const table = page.locator('table.exercises');
    await table.getByRole('link', { name: exercise.title, exact: true }).first().click();
    await page.locator(`h2#${slug(exercise.title)}`).waitFor();
    expect(page.url()).toBe(`${server.url}chapters/${chapter.id}/#${slug(exercise.title)}`);
    const before = await page.title();
    await page.locator('.pager-link.next').click();
    await expect.poll(() => page.title()).not.toBe(before);
  });

  it('shows the API reference of a component', async () => {
    const surface = apiPages(ROOT).find(({ importName }) => importName === '#apimachinery');
    await page.goto(`${server.url}api/`);
    await page
      .locator('.vp-doc')
      .getByRole('link', { name: surface?.importName ?? '', exact: true })
      .click();
    await page.getByRole('heading', { level: 1, name: surface?.importName ?? '' }).waitFor();
    await page.locator('.vp-doc').getByRole('link', { name: 'Quantity', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Class: Quantity' }).waitFor();
    expect(await page.locator('.vp-doc h3').count()).toBeGreaterThan(0);
  });

  it('draws diagrams as SVG, in light and dark', async () => {
    await page.goto(`${server.url}${pageWithDiagram()}`);
    const drawing = page.locator('figure.diagram svg').first();
    await drawing.waitFor();
    const light = await drawing.innerHTML();
    expect(light).toMatch(/<(rect|path|polygon)\b/);
    await page.getByRole('switch').first().click();
    await expect.poll(() => page.locator('html').getAttribute('class')).toContain('dark');
    await expect.poll(() => drawing.innerHTML()).not.toBe(light);
  });

  it('changes between light and dark', async () => {
    await page.goto(`${server.url}student-guide.html`);
    const background = () =>
      page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('switch').first().click();
    await expect.poll(background).not.toBe(light);
    await page.reload();
    expect(await background(), 'remembered').not.toBe(light);
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const { chapter } = someExercise();
    for (const path of ['', 'student-guide.html', 'exercises.html', `chapters/${chapter.id}/`]) {
      await page.goto(`${server.url}${path}`);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width, `${path} does not scroll sideways`).toBeLessThanOrEqual(360);
    }
  });

  /** A page with a diagram, as the files say. */
  function pageWithDiagram(): string {
    const pages = [
      ...syllabus.map(({ id }) => [`chapters/${id}/README.md`, `chapters/${id}/`] as const),
      ['docs/instructor-guide.md', 'instructor-guide.html'] as const,
    ];
    const found = pages.find(([file]) =>
      readFileSync(join(ROOT, file), 'utf8').includes('```mermaid'),
    );
    if (!found) throw new Error('no page has a diagram');
    return found[1];
  }
});
