/**
 * The board: every chapter and exercise with its mark, the progress bar, what is next.
 *
 * Pure text from standings; `npm start` prints it, the watch loop shows it on `l`.
 */

import type { Chapter } from '../syllabus.ts';
import { countPoints, type Entry, isSettled, nextExercise, type Standing } from './standing.ts';
import { cut, progressBar, wrap } from './text-layout.ts';

/** Colours by meaning; the plain ones return their text as it is. */
export interface Colours {
  good(text: string): string;
  bad(text: string): string;
  note(text: string): string;
  quiet(text: string): string;
  strong(text: string): string;
}

/** For pipes, NO_COLOR and tests. */
export const PLAIN: Colours = {
  good: (text) => text,
  bad: (text) => text,
  note: (text) => text,
  quiet: (text) => text,
  strong: (text) => text,
};

const MARKS: Record<Standing, { mark: string; word: string; colour: keyof Colours }> = {
  passed: { mark: '✓', word: 'passed', colour: 'good' },
  changed: { mark: '~', word: 'changed since it passed', colour: 'note' },
  started: { mark: '·', word: 'started', colour: 'note' },
  'not-written': { mark: ' ', word: 'not written', colour: 'quiet' },
  borrowed: { mark: '>', word: 'borrowed', colour: 'quiet' },
};

/** What the board is drawn from. */
export interface BoardInput {
  readonly title: string;
  readonly chapters: readonly Chapter[];
  readonly entries: readonly Entry[];
  readonly width: number;
  readonly colours: Colours;
  /** The exercise being worked on, when another than the next one. */
  readonly current?: string;
}

/** The whole board, line by line, none longer than the width. */
export function renderBoard(input: BoardInput): string[] {
  const { colours, width } = input;
  return [
    colours.strong(cut(input.title, width)),
    ...renderProgress(input.entries, width, colours),
    ...input.chapters.flatMap((chapter) => ['', ...renderChapter(input, chapter)]),
  ];
}

/** The bar with the count of settled core exercises, and the points; two lines when narrow. */
export function renderProgress(
  entries: readonly Entry[],
  width: number,
  colours: Colours,
): string[] {
  const core = entries.filter((entry) => entry.exercise.core);
  const done = core.filter((entry) => entry.standing === 'passed').length;
  const { points, bonus } = countPoints(entries);
  const chapters = new Set(entries.map((entry) => entry.chapter.id)).size;
  const extra = bonus > 0 ? ` + ${bonus} bonus` : '';
  const words = `${done} of ${core.length} core · ${points}/${chapters * 100} points${extra}`;
  const barWidth = Math.min(30, Math.max(width - 2, 4));
  const bar = colours.good(progressBar(done, core.length, barWidth));
  const oneLine = barWidth + 2 + words.length <= width;
  return oneLine ? [`${bar}  ${words}`] : [bar, cut(words, width)];
}

/**
 * What to do now and how to go on, for a terminal that will not watch.
 */
export function renderNext(entries: readonly Entry[], width: number): string[] {
  const next = nextExercise(entries);
  if (!next) return wrap('Everything is done. npm run grade shows the points.', width);
  const { chapter, exercise } = next;
  const folder = `chapters/${chapter.id}`;
  return [
    ...wrap(`Next: ${exercise.number} ${exercise.title} (${exercise.id})`, width),
    `  read  ${folder}/README.md`,
    ...exercise.files.map((file) => `  write ${folder}/${file}`),
    `  grade npm run grade -- ${exercise.number}`,
    `  stuck npm run hint -- ${exercise.number}`,
    ...wrap(
      'npm start in a terminal watches your files and shows the verdict at each save.',
      width,
    ),
  ].map((line) => cut(line, width));
}

function renderChapter(
  { entries, colours, width, current }: BoardInput,
  chapter: Chapter,
): string[] {
  const own = entries.filter((entry) => entry.chapter.id === chapter.id);
  const titleWidth = Math.max(...own.map((entry) => [...entry.exercise.title].length), 0);
  const next = current ?? nextExercise(entries)?.exercise.id;
  return [
    colours.strong(cut(`${chapter.id}  ${chapter.title}`, width)),
    ...cutEach(renderLeft(own), width).map(colours.quiet),
    ...own.map((entry) => {
      const { mark, word, colour } = MARKS[entry.standing];
      const { exercise } = entry;
      const arrow = exercise.id === next ? '→' : ' ';
      const title = exercise.title.padEnd(titleWidth);
      const worth = exercise.core ? `${exercise.points} p` : `extra +${exercise.points}`;
      const line = `${arrow} ${mark} ${exercise.number.padEnd(4)} ${title}  ${word} (${worth})`;
      return colours[colour](cut(line, width));
    }),
  ];
}

/** How much of the chapter's core is left to write, in exercises and hours. */
function renderLeft(own: readonly Entry[]): string[] {
  const open = own.filter((entry) => !isSettled(entry));
  const core = open.filter((entry) => entry.exercise.core);
  const extras = open.length - core.length;
  if (open.length === 0) return ['nothing left to write'];
  const hours = core.reduce((sum, entry) => sum + entry.exercise.hours, 0);
  const coreText = core.length > 0 ? `${core.length} core, about ${hours} h` : 'no core';
  return [`left to write: ${coreText}${extras > 0 ? `; ${extras} extra` : ''}`];
}

function cutEach(lines: readonly string[], width: number): string[] {
  return lines.map((line) => cut(line, width));
}
