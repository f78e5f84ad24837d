/**
 * `npm start`: the board on a pipe; on a terminal the watch loop, put together from its parts.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readState } from '../course-state.ts';
import { type Chapter, readSyllabus } from '../syllabus.ts';
import { PLAIN, renderBoard, renderNext, renderProgress } from './board.ts';
import { coloursFor } from './colours.ts';
import type { CommandContext } from './run-command.ts';
import { readStandings } from './standing.ts';
import { isTerminal, openTerminal, type Terminal } from './terminal.ts';
import type { Grader } from './verdict.ts';
import { watchChapters } from './watch-chapters.ts';
import { WatchLoop } from './watch-loop.ts';

const PIPE_WIDTH = 100;

/** `npm start` */
export async function startCommand({ root, print }: CommandContext): Promise<number> {
  const chapters = readSyllabus(root);
  const title = readTitle(root);
  if (!isTerminal(process.stdin, process.stdout)) {
    for (const line of boardLines(root, title, chapters)) print(line);
    return 0;
  }
  // Only the loop needs the judge, and a board should not wait for it.
  const { judgeGrader } = await import('./judge-grader.ts');
  await watch(root, title, chapters, judgeGrader(root));
  const state = readState(root);
  const entries = readStandings(root, chapters, state);
  for (const line of renderProgress(entries, process.stdout.columns || 80, PLAIN)) print(line);
  return 0;
}

/** The board with what is next, as a pipe gets it. */
export function boardLines(root: string, title: string, chapters: readonly Chapter[]): string[] {
  const entries = readStandings(root, chapters, readState(root));
  const width = Number(process.env.COLUMNS) || PIPE_WIDTH;
  const board = renderBoard({ title, chapters, entries, width, colours: PLAIN });
  return [...board, '', ...renderNext(entries, width)];
}

async function watch(root: string, title: string, chapters: readonly Chapter[], grader: Grader) {
  const { promise: ended, resolve: end, reject: fail } = withResolvers<void>();
  const world = {
    root,
    fail,
    title,
    chapters,
    grader,
    colours: coloursFor(process.stdout, process.env),
  };
  let terminal: Terminal | undefined;
  const screen = {
    columns: () => terminal?.columns() ?? 80,
    rows: () => terminal?.rows() ?? 24,
    draw: (lines: readonly string[]) => terminal?.draw(lines),
  };
  const loop = new WatchLoop({ ...world, screen, now: () => performance.now() });
  const guarded = (work: () => void) => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  terminal = openTerminal(process.stdin, process.stdout, {
    onKey: (key) => guarded(() => loop.key(key) === 'quit' && end()),
    onResize: () => guarded(() => loop.draw()),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end());
  const watcher = watchChapters(root, (files) => guarded(() => loop.saved(files)));
  try {
    guarded(() => loop.start());
    await ended;
  } finally {
    watcher.close();
    await loop.stop();
    await grader.close();
    terminal.close();
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

/** The course's name: the package's, in words. */
function readTitle(root: string): string {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
  return name.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase());
}
