/**
 * The grade as a person reads it: a table per chapter, then one lesson per exercise that needs one.
 *
 * Pure text from results. Messages come from student code, so they are made harmless first.
 */

import type { Colours } from '../start/board.ts';
import { cut, harmless, progressBar } from '../start/text-layout.ts';
import type { Chapter } from '../syllabus.ts';
import { reproPath } from './repro.ts';
import type { ChapterResult, ExerciseResult, Failure, Status } from './result.ts';
import { sectionLine } from './section.ts';

/** What the text is made with. */
export interface TextOptions {
  readonly root: string;
  readonly width: number;
  readonly colours: Colours;
}

const MARKS: Record<Status, { mark: string; colour: keyof Colours }> = {
  passed: { mark: '✓', colour: 'good' },
  failed: { mark: '✗', colour: 'bad' },
  crashed: { mark: '✗', colour: 'bad' },
  'timed-out': { mark: '✗', colour: 'bad' },
  blocked: { mark: '·', colour: 'note' },
  borrowed: { mark: '>', colour: 'quiet' },
  'not-written': { mark: ' ', colour: 'quiet' },
};

const MAX_STEPS = 12;

/** A chapter's table and lessons. */
export function chapterText(
  chapter: Chapter,
  result: ChapterResult,
  options: TextOptions,
): string[] {
  const { colours, width } = options;
  const bar = colours.good(progressBar(result.points, result.maxPoints, 20));
  const bonus = result.bonus > 0 ? ` + ${result.bonus} bonus` : '';
  const title = cut(`${chapter.id}  ${chapter.title}`, Math.max(width - 40, 20));
  const titleWidth = Math.max(...result.exercises.map((e) => [...e.title].length), 0);
  return [
    '',
    colours.strong(title),
    `${bar}  ${result.points}/${result.maxPoints} points${bonus}`,
    ...result.exercises.map((e) => row(e, titleWidth, options)),
    ...result.exercises.flatMap((e) => lessonText(chapter, e, options)),
  ];
}

function row(result: ExerciseResult, titleWidth: number, { colours, width }: TextOptions): string {
  const { mark, colour } = MARKS[result.status];
  const worth = `${result.points}/${result.maxPoints}${result.core ? '' : ' extra'}`;
  const { passed, total } = result.tests;
  const needs = result.needs.length > 0 ? ` (needs ${result.needs.join(', ')})` : '';
  const tests = result.status === 'not-written' ? '' : `  ${passed} of ${total} tests`;
  const words = result.status === 'passed' ? '' : `  ${result.status}${needs}`;
  const line = `  ${mark} ${result.number.padEnd(5)}${result.title.padEnd(titleWidth)}  ${worth.padEnd(7)}${tests}${words}`;
  return colours[colour](cut(line.trimEnd(), width));
}

function lessonText(chapter: Chapter, result: ExerciseResult, options: TextOptions): string[] {
  const [failure] = result.failures;
  if (!failure || result.status === 'blocked') return [];
  const { colours } = options;
  const exercise = chapter.exercises.find((one) => one.id === result.id);
  const line = exercise && sectionLine(options.root, chapter, exercise);
  const more = result.failures.length - 1;
  return [
    '',
    colours.strong(`${result.number} ${result.title} (${result.id}): ${result.status}`),
    `  ${colours.bad(harmless(failure.name))}`,
    ...failureText(failure),
    ...field('read', `${failure.section}${line === undefined ? '' : ` (line ${line})`}`),
    ...field('hint', `npm run hint -- ${result.number}`),
    ...(failure.repro ? field('file', `${reproPath(result.id)} does these steps again`) : []),
    ...(more > 0 ? [colours.quiet(`  and ${more} more failing test${more > 1 ? 's' : ''}`)] : []),
  ];
}

/** A failing test in the component's own words: steps so far, expected, actual. */
export function failureText(failure: Failure): string[] {
  const { steps, expected, actual } = failure;
  const left = steps.length - MAX_STEPS;
  const shown = left > 0 ? [`(${left} steps before)`, ...steps.slice(-MAX_STEPS)] : steps;
  const sides = expected !== undefined && actual !== undefined;
  return [
    ...field('steps', shown.map(harmless).join('\n')),
    ...(failure.counterexample ? field('values', harmless(failure.counterexample)) : []),
    ...(sides && !failure.message.startsWith('should have been')
      ? field('wrong', harmless(failure.message))
      : []),
    ...(sides
      ? [...field('expect', harmless(expected)), ...field('but was', harmless(actual))]
      : field('wrong', harmless(failure.message))),
    ...(failure.where ? field('at', failure.where) : []),
    ...(failure.output ? field('printed', harmless(failure.output.trimEnd())) : []),
    ...(failure.seed === undefined ? [] : field('seed', String(failure.seed))),
  ];
}

function field(name: string, text: string): string[] {
  if (text === '') return [];
  const [first = '', ...rest] = text.split('\n').map((line) => cut(line, 400));
  return [`  ${name.padEnd(9)}${first}`, ...rest.map((line) => `  ${''.padEnd(9)}${line}`)];
}
