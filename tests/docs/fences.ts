/** Finds the fenced blocks of a Markdown file. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One fenced block. */
export interface Fence {
  /** Everything behind the opening backticks, for example `ts run`. */
  readonly info: string;
  readonly text: string;
  /** Line of the first line of text, counted from 1. */
  readonly line: number;
  /** Line of the closing backticks. */
  readonly end: number;
}

interface OpenFence {
  mark: string;
  info: string;
  line: number;
  lines: string[];
}

function close({ info, line, lines }: OpenFence): Fence {
  return { info, text: lines.join('\n'), line, end: line + lines.length };
}

/** @returns the blocks in order; a block that is never closed ends with the file */
export function findFences(markdown: string): Fence[] {
  const fences: Fence[] = [];
  let open: OpenFence | undefined;
  for (const [i, line] of markdown.split(/\r?\n/).entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line);
    if (open) {
      if (mark?.[2] === '' && mark[1]?.startsWith(open.mark)) {
        fences.push(close(open));
        open = undefined;
      } else open.lines.push(line);
    } else if (mark) {
      open = { mark: mark[1] ?? '', info: mark[2] ?? '', line: i + 2, lines: [] };
    }
  }
  if (open) fences.push(close(open));
  return fences;
}

/** The Markdown files that people read: handouts, hints, guides and the pages at the top. */
export function readablePages(root: string): string[] {
  const chapters = readdirSync(join(root, 'chapters')).flatMap((name) =>
    ['README.md', 'hints.md'].map((file) => `chapters/${name}/${file}`),
  );
  const guides = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return ['README.md', 'CONTRIBUTING.md', ...guides, ...chapters].filter((path) =>
    existsSync(join(root, path)),
  );
}

/** A page's fenced blocks. */
export function fencesOf(root: string, path: string): Fence[] {
  return findFences(readFileSync(join(root, path), 'utf8'));
}
