/**
 * What the watch loop shows, as lines that fit the terminal. Pure: same input, same picture.
 */

import { sectionOf } from '../judge/section.ts';
import type { Chapter } from '../syllabus.ts';
import { type Colours, renderBoard, renderProgress } from './board.ts';
import type { Hint } from './hints.ts';
import type { Entry } from './standing.ts';
import { cut, harmless, wrap } from './text-layout.ts';
import type { Verdict } from './verdict.ts';

/** Everything the picture depends on. */
export interface View {
  readonly title: string;
  readonly chapters: readonly Chapter[];
  readonly entries: readonly Entry[];
  /** `undefined` when the course is finished. */
  readonly current?: Entry;
  readonly verdict?: Verdict;
  /** From the save to the verdict. */
  readonly elapsedMs?: number;
  readonly running: boolean;
  readonly paused: boolean;
  readonly showsList: boolean;
  readonly hint?: Hint;
  readonly hintsTaken: number;
  readonly hintsTotal: number;
  /** One line about something beside the current exercise. */
  readonly notice?: string;
}

const KEYS = 'p pause · h hint · l list · n next · q quit';
const KEYS_NARROW = 'p pause h hint l list n next q quit';

/**
 * @param width - columns; below 20 the picture is cut at 20
 * @param height - rows; the last one is always the keys
 * @returns at most `height` lines, none longer than `width`
 */
export function renderScreen(
  view: View,
  width: number,
  height: number,
  colours: Colours,
): string[] {
  const footer = [colours.quiet(cut(footerText(view, width), width))];
  const room = Math.max(height - footer.length - 1, 1);
  const lines = view.showsList ? listLines(view, width, room, colours) : [];
  if (!view.showsList) lines.push(...exerciseLines(view, width, room, colours));
  while (lines.length < room) lines.push('');
  return [...lines.slice(0, room), '', ...footer].slice(-height);
}

function footerText(view: View, width: number): string {
  const keys = width < KEYS.length ? KEYS_NARROW : KEYS;
  return view.paused ? keys.replace('p pause', 'p go on') : keys;
}

/** The board, moved so that the current exercise is in sight. */
function listLines(view: View, width: number, room: number, colours: Colours): string[] {
  const current = view.current?.exercise.id;
  const board = renderBoard({ ...view, width, colours, current });
  if (board.length <= room) return board;
  const at = board.findIndex((line) => line.includes('→'));
  const first = Math.min(Math.max(at - Math.floor(room / 2), 0), board.length - room);
  return board.slice(first, first + room);
}

function exerciseLines(view: View, width: number, room: number, colours: Colours): string[] {
  const head = [...renderProgress(view.entries, width, colours), ''];
  if (!view.current) return [...head, ...wrap('Everything is done. Well done!', width)];
  const { exercise } = view.current;
  const name = `${exercise.number} ${exercise.title}`;
  const id = `  ${exercise.id}`;
  const title = name.length + id.length <= width ? name + id : name;
  head.push(colours.strong(cut(title, width)), statusLine(view, width, colours));
  const tail = [
    ...(view.notice ? wrap(view.notice, width).map(colours.note) : []),
    ...pointerLines(view, width),
  ];
  const body = bodyLines(view, width, colours);
  const bodyRoom = Math.max(room - head.length - tail.length - 2, 1);
  return [...head, '', ...clip(body, bodyRoom, width, exercise.number), '', ...tail];
}

function statusLine(view: View, width: number, colours: Colours): string {
  if (view.paused) return colours.note(cut('paused: saving does not run anything', width));
  if (view.running) return colours.note(cut('running …', width));
  if (view.current?.standing === 'borrowed') return cut('borrowed from the reference', width);
  const { verdict } = view;
  if (!verdict) return colours.quiet(cut('save a file to run its tests', width));
  const count = `${verdict.passed} of ${verdict.total} tests`;
  const time = view.elapsedMs === undefined ? '' : ` · ${(view.elapsedMs / 1000).toFixed(2)} s`;
  switch (verdict.status) {
    case 'passed':
      return colours.good(cut(`✓ passed · ${count}${time}`, width));
    case 'not-written':
      return colours.quiet(cut(`not written yet · ${count}${time}`, width));
    case 'blocked':
      return colours.note(cut(`blocked by ${verdict.needs.join(', ')} · ${count}${time}`, width));
    case 'timed-out':
      return colours.bad(cut(`✗ timed out · ${count}${time}`, width));
    default:
      return colours.bad(cut(`✗ ${verdict.status} · ${count}${time}`, width));
  }
}

function bodyLines(view: View, width: number, colours: Colours): string[] {
  const lines: string[] = [];
  if (view.hint) {
    lines.push(colours.note(cut(`Hint ${view.hint.number} of ${view.hint.of}`, width)));
    lines.push(...indented(view.hint.text, width), '');
  }
  const { verdict } = view;
  if (verdict?.status === 'passed') lines.push(...wrap('Press n for the next exercise.', width));
  if (verdict?.failure && verdict.status !== 'not-written') {
    lines.push(...wrap(harmless(verdict.failure.name), width).map(colours.bad));
    lines.push(...indented(harmless(verdict.failure.message), width));
  }
  return lines;
}

/** Where to read, what to write, and whether a hint is left. */
function pointerLines(view: View, width: number): string[] {
  if (!view.current) return [];
  const { chapter, exercise } = view.current;
  const folder = `chapters/${chapter.id}`;
  const left = view.hintsTotal - view.hintsTaken;
  const nextHint = `hint  ${view.hintsTaken + 1} of ${view.hintsTotal}: press h`;
  return [
    `read  ${sectionOf(chapter, exercise)}`,
    ...exercise.files.map((file) => `write ${folder}/${file}`),
    ...(left > 0 ? [nextHint] : []),
  ].flatMap((line) => wrap(line, width));
}

function indented(text: string, width: number): string[] {
  return wrap(text, width - 2).map((line) => (line === '' ? '' : `  ${line}`));
}

function clip(lines: readonly string[], room: number, width: number, number: string): string[] {
  if (lines.length <= room) return [...lines];
  const hidden = lines.length - room + 1;
  const more = `… ${hidden} more lines: npm run grade -- ${number}`;
  return [...lines.slice(0, room - 1), cut(more, width)];
}
