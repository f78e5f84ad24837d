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

const WORDS: Partial<Record<Status, string>> = {
  'timed-out': 'timed out',
  'not-written': 'not written',
};

const MAX_STEPS = 12;

/** A chapter's table and lessons. */
export function chapterText(
  chapter: Chapter,
  result: ChapterResult,
  options: TextOptions,
): string[] {
  const { colours, width } = options;
  const { done, most, words } = scoreOf(result);
  const title = cut(`${chapter.id}  ${chapter.title}`, Math.max(width - 40, 20));
  const titleWidth = Math.max(...result.exercises.map((e) => [...e.title].length), 0);
  return [
    '',
    colours.strong(title),
    `${colours.good(progressBar(done, most, 20))}  ${words}`,
    ...result.exercises.map((e) => row(e, titleWidth, options)),
    ...result.exercises.flatMap((e) => lessonText(chapter, e, options)),
  ];
}

/** What the bar shows: points, or the bonus alone where nothing but extras was graded. */
function scoreOf({ points, maxPoints, bonus, exercises }: ChapterResult) {
  if (maxPoints === 0) {
    const most = exercises.reduce((sum, exercise) => sum + exercise.maxPoints, 0);
    return { done: bonus, most, words: `${bonus}/${most} bonus` };
  }
  const more = bonus > 0 ? ` + ${bonus} bonus` : '';
  return { done: points, most: maxPoints, words: `${points}/${maxPoints} points${more}` };
}

function row(result: ExerciseResult, titleWidth: number, { colours, width }: TextOptions): string {
  const { mark, colour } = MARKS[result.status];
  const worth = `${result.points}/${result.maxPoints}${result.core ? '' : ' extra'}`;
  const { passed, total } = result.tests;
  const wasRun = result.status !== 'not-written' && result.status !== 'borrowed';
  const tests = wasRun ? `  ${passed} of ${total} tests` : '';
  const words = result.status === 'passed' ? '' : `  ${statusWord(result.status)}`;
  const line = `  ${mark} ${result.number.padEnd(5)}${result.title.padEnd(titleWidth)}  ${worth.padEnd(7)}${tests}${words}`;
  return colours[colour](cut(line.trimEnd(), width));
}

function statusWord(status: Status): string {
  return WORDS[status] ?? status;
}

function lessonText(chapter: Chapter, result: ExerciseResult, options: TextOptions): string[] {
  const { colours } = options;
  const needed = neededText(result);
  if (result.status === 'blocked') return needed;
  const [failure] = result.failures;
  if (!failure) return [];
  const exercise = chapter.exercises.find((one) => one.id === result.id);
  const line = exercise && sectionLine(options.root, chapter, exercise);
  return [
    '',
    colours.strong(`${result.number} ${result.title} (${result.id}): ${statusWord(result.status)}`),
    `  ${colours.bad(harmless(failure.name))}${failure.core ? ' (core test)' : ''}`,
    ...failureText(failure),
    ...field('points', pointsText(result)),
    ...field('read', `${failure.section}${line === undefined ? '' : ` (line ${line})`}`),
    ...field('hint', `npm run hint -- ${result.number}`),
    ...(failure.repro ? field('file', reproText(result.id, failure)) : []),
    ...moreText(result).map((text) => colours.quiet(`  ${text}`)),
    ...needed,
  ];
}

/** Says also when the file needs something that only the test has. */
function reproText(id: string, { testsOwn = [] }: Failure): string {
  const text = `${reproPath(id)} does these steps again`;
  if (testsOwn.length === 0) return text;
  return `${text}, once you have written in it what is the test's own: ${testsOwn.join(', ')}`;
}

/** Why tests that pass give no points. */
export function pointsText({ points, coreTests }: ExerciseResult): string {
  if (!coreTests || points > 0) return '';
  if (coreTests.passed === coreTests.total) return '';
  const { passed, total } = coreTests;
  return `none until all core tests pass (${passed} of ${total} pass)`;
}

/** What to do about exercises that are not written but needed. */
function neededText({ number, title, status, needs }: ExerciseResult): string[] {
  if (needs.length === 0) return [];
  const blocked = status === 'blocked' ? `${number} ${title} is blocked` : 'some tests are blocked';
  return ['', `${blocked}: write or borrow ${needs.join(', ')}`];
}

/** The failures that are not shown; those that never began are no failures of the code. */
function moreText({ failures }: ExerciseResult): string[] {
  const others = failures.slice(1);
  const notRun = others.filter((failure) => failure.notRun).length;
  const failing = others.length - notRun;
  return [
    ...(failing > 0 ? [`and ${failing} more failing test${failing > 1 ? 's' : ''}`] : []),
    ...(notRun > 0
      ? [`${notRun} test${notRun > 1 ? 's were' : ' was'} not run because of it`]
      : []),
  ];
}

/** Messages that say no more than expected and actual do. */
const SAID_BY_SIDES = /^(should (not )?have been |is not what it should have been$)/;

/** A failing test in the component's own words: steps so far, expected, actual. */
export function failureText(failure: Failure): string[] {
  const { steps, expected, actual, lookedAt } = failure;
  const left = steps.length - MAX_STEPS;
  const shown = left > 0 ? [`(${left} steps before)`, ...steps.slice(-MAX_STEPS)] : steps;
  const sides = expected !== undefined && actual !== undefined;
  return [
    ...field('steps', shown.map(harmless).map(shortIds).join('\n')),
    ...(failure.counterexample ? field('values', harmless(failure.counterexample)) : []),
    ...(sides && !SAID_BY_SIDES.test(failure.message)
      ? field('wrong', harmless(failure.message))
      : []),
    ...(lookedAt === undefined ? [] : field('looks at', harmless(lookedAt))),
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
  const [first = '', ...rest] = text.split('\n').map((line) => cut(shortWords(line), 400));
  return [`  ${name.padEnd(9)}${first}`, ...rest.map((line) => `  ${''.padEnd(9)}${line}`)];
}

/** In a step an id is told by its ends; the file has it whole. */
function shortIds(line: string): string {
  return line.replace(/[0-9a-f]{40,}/g, (id) => `${id.slice(0, 8)}…${id.slice(-4)}`);
}

/** Cuts hundreds of digits or letters without a break in the middle; the file has them all. */
function shortWords(line: string): string {
  return line.replace(/[^\s'"`(),]{100,}/g, (word) => `${word.slice(0, 40)}…${word.slice(-20)}`);
}
