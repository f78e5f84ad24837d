/**
 * The site's side bar: guides, every chapter with its exercises, decisions, API reference.
 *
 * Next and previous follow from its order.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { readSyllabus } from '../syllabus.ts';
import { API_FOLDER, apiPages } from './api-pages.ts';
import { slug } from './slug.ts';

type Item = DefaultTheme.SidebarItem;

/**
 * @param root - the repository's top folder
 * @returns the side bar of all pages; a component's reference lists its names on its first page,
 * since every page carries the whole side bar
 */
export function sidebar(root: string): Item[] {
  return [
    {
      text: 'The course',
      items: [
        { text: 'What this is', link: '/' },
        { text: 'Student guide', link: '/student-guide' },
        { text: 'Chapters and exercises', link: '/exercises' },
      ],
    },
    { text: 'Chapters', items: chapters(root) },
    {
      text: 'Teaching and design',
      items: [
        { text: 'Instructor guide', link: '/instructor-guide' },
        { text: 'Architecture', link: '/architecture' },
        { text: 'Decisions', link: '/decisions/', collapsed: true, items: decisions(root) },
      ],
    },
    { text: 'API reference', items: apiReference(root) },
  ].filter((group) => group.items.length > 0);
}

/** A chapter has a page once it has a handout. */
function chapters(root: string): Item[] {
  return readSyllabus(root)
    .filter((chapter) => existsSync(join(root, 'chapters', chapter.id, 'README.md')))
    .map((chapter) => {
      const page = `/chapters/${chapter.id}/`;
      return {
        text: `${chapter.id.slice(0, 2)} ${chapter.component}`,
        link: page,
        collapsed: true,
        items: chapter.exercises.map((exercise) => ({
          text: `${exercise.number} ${exercise.title}`,
          link: `${page}#${slug(exercise.title)}`,
        })),
      };
    });
}

function decisions(root: string): Item[] {
  const folder = join(root, 'docs', 'decisions');
  return readdirSync(folder)
    .filter((name) => /^\d{4}-.*\.md$/.test(name))
    .sort()
    .map((name) => ({
      text: headline(join(folder, name)),
      link: `/decisions/${name.replace(/\.md$/, '')}`,
    }));
}

function headline(file: string): string {
  const match = /^# (.+)$/m.exec(readFileSync(file, 'utf8'));
  if (!match?.[1]) throw new Error(`${file}: a page starts with a line like "# Title"`);
  return match[1];
}

function apiReference(root: string): Item[] {
  if (!existsSync(join(root, API_FOLDER, 'index.md'))) return [];
  return [
    { text: 'Components', link: '/api/' },
    ...apiPages(root).map(({ importName, folder }) => ({
      text: importName,
      link: `/api/${folder}/`,
    })),
  ];
}
