/**
 * What the course consists of: chapters, exercises, points. Read from each chapter.json.
 *
 * Everything that needs to know "which exercises are there" asks here; nothing else reads
 * `chapter.json`. See `implementations.ts` for whose code a run uses.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One exercise, as `chapter.json` declares it and as its place in the chapter numbers it. */
export interface Exercise {
  /** Stable id, for example `etcd/range`. */
  readonly id: string;
  /** The id without its component: `range`. Names the exercise's main file and its test file. */
  readonly name: string;
  /** Displayed number, for example `1.3`; follows from the place in the chapter. */
  readonly number: string;
  readonly title: string;
  readonly core: boolean;
  readonly hours: number;
  /** Points out of the chapter's 100 for a core exercise; what counts into `bonus` for an extra. */
  readonly points: number;
  /** Files of the component that belong to this exercise alone, relative to the chapter's folder. */
  readonly files: readonly string[];
}

/** One chapter: a component of Kubernetes. */
export interface Chapter {
  /** Folder name, for example `01-etcd`. */
  readonly id: string;
  /** The component's import name without `#`, for example `etcd`. */
  readonly component: string;
  readonly title: string;
  readonly exercises: readonly Exercise[];
}

interface ChapterFile {
  id: string;
  component: string;
  title: string;
  exercises: { id: string; title: string; core: boolean; hours: number; files: string[] }[];
}

/** Points of a chapter's core exercises; bonus is counted beside them. */
export const CHAPTER_POINTS = 100;

/**
 * Reads the syllabus of the course in `root`.
 *
 * @param root - the repository's top folder
 * @returns the chapters in order; a chapter folder without `chapter.json` does not exist yet
 * @throws Error when a `chapter.json` is not what it should be, naming the file
 */
export function readSyllabus(root: string): Chapter[] {
  const folder = join(root, 'chapters');
  return readdirSync(folder)
    .filter((name) => /^\d\d-/.test(name) && existsSync(join(folder, name, 'chapter.json')))
    .sort()
    .map((name) => readChapter(folder, name));
}

function readChapter(folder: string, name: string): Chapter {
  const path = join(folder, name, 'chapter.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as ChapterFile;
  if (file.id !== name) throw new Error(`${path}: id is ${file.id}, but its folder is ${name}`);
  const points = sharePoints(file.exercises);
  const chapterNumber = Number(name.slice(0, 2));
  const exercises = file.exercises.map((exercise, i) => ({
    ...exercise,
    name: exercise.id.slice(exercise.id.indexOf('/') + 1),
    number: `${chapterNumber}.${i + 1}`,
    points: points[i] ?? 0,
  }));
  return { id: file.id, component: file.component, title: file.title, exercises };
}

/**
 * Shares a chapter's points among its core exercises by hours, in whole points by largest
 * remainder; an extra is worth its hours at the same rate, rounded.
 */
export function sharePoints(exercises: readonly { core: boolean; hours: number }[]): number[] {
  const coreHours = exercises.reduce((sum, e) => sum + (e.core ? e.hours : 0), 0);
  if (coreHours <= 0) return exercises.map(() => 0);
  const exact = exercises.map((e) => (e.hours * CHAPTER_POINTS) / coreHours);
  const points = exercises.map((e, i) =>
    e.core ? Math.floor(exact[i] ?? 0) : Math.round(exact[i] ?? 0),
  );
  const core = exercises.flatMap((e, i) => (e.core ? [i] : []));
  let left = CHAPTER_POINTS - core.reduce((sum, i) => sum + (points[i] ?? 0), 0);
  const byRemainder = [...core].sort(
    (a, b) => ((exact[b] ?? 0) % 1) - ((exact[a] ?? 0) % 1) || a - b,
  );
  for (const i of byRemainder) {
    if (left-- <= 0) break;
    points[i] = (points[i] ?? 0) + 1;
  }
  return points;
}

/**
 * Finds what a person means by `01`, `1`, `01-etcd`, `etcd`, `1.3` or `etcd/range`.
 *
 * @returns the chapter and, when one exercise is meant, the exercise; `undefined` when nothing fits
 */
export function findInSyllabus(
  chapters: readonly Chapter[],
  text: string,
): { chapter: Chapter; exercise?: Exercise } | undefined {
  for (const chapter of chapters) {
    const number = Number(chapter.id.slice(0, 2));
    if (
      text === chapter.id ||
      text === chapter.component ||
      (/^\d+$/.test(text) && Number(text) === number)
    ) {
      return { chapter };
    }
    const exercise = chapter.exercises.find((e) => e.id === text || e.number === text);
    if (exercise) return { chapter, exercise };
  }
  return undefined;
}
