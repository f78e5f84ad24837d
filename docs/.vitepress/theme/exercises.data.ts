/** What the table of exercises shows; read when the site is built. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDependencies } from '../../../tools/checks/dependencies.ts';
import { slug } from '../../../tools/site/slug.ts';
import { readSyllabus } from '../../../tools/syllabus.ts';

/** One row of the table. */
export interface ExerciseRow {
  id: string;
  number: string;
  title: string;
  core: boolean;
  hours: number;
  points: number;
  /** Where its section is; without the site's base path. */
  link: string | undefined;
  /** Ids of the exercises it builds on; `undefined` when that has not been measured. */
  needs: string[] | undefined;
}

/** A chapter and its exercises, in order. */
export interface ChapterRows {
  id: string;
  title: string;
  link: string | undefined;
  exercises: ExerciseRow[];
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

declare const data: ChapterRows[];

export { data };

export default {
  watch: ['../../../chapters/*/chapter.json', '../../exercise-dependencies.json'],
  load(): ChapterRows[] {
    const needs = readDependencies(root) ?? {};
    return readSyllabus(root).map((chapter) => {
      const handout = existsSync(`${root}chapters/${chapter.id}/README.md`);
      const link = handout ? `/chapters/${chapter.id}/` : undefined;
      return {
        id: chapter.id,
        title: chapter.title,
        link,
        exercises: chapter.exercises.map(({ id, number, title, core, hours, points }) => ({
          id,
          number,
          title,
          core,
          hours,
          points,
          link: link && `${link}#${slug(title)}`,
          needs: needs[id] && [...needs[id]],
        })),
      };
    });
  },
};
