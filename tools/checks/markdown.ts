/**
 * Reads headings, anchors and links of Markdown, outside of code.
 */

import { slug } from '../site/slug.ts';

/** One `## Heading`. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  /** Its address in the page without `#`; a second one of the same text ends in `-1`. */
  readonly anchor: string;
}

/** One `[text](target)` or `![text](target)`. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

/** All headings of a text in order. */
export function headings(text: string): Heading[] {
  const seen = new Map<string, number>();
  return proseLines(text).flatMap((line) => {
    const [, marks, title] = /^(#{1,6})\s+(.+?)\s*#*$/.exec(line) ?? [];
    if (marks === undefined || title === undefined) return [];
    const base = slug(title.replaceAll(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return [{ level: marks.length, text: title, anchor: count === 0 ? base : `${base}-${count}` }];
  });
}

/** All links of a text, also of its reference definitions (`[x]: target`). */
export function links(text: string): Link[] {
  return proseLines(text).flatMap((line, i) => {
    const prose = line.replaceAll(/`[^`]*`/g, '');
    const inline = [...prose.matchAll(/\]\(<?([^()\s>]+)>?(?:\s+"[^"]*")?\)/g)];
    const defined = [...prose.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)];
    return [...inline, ...defined].map(([, target = '']) => ({ target, line: i + 1 }));
  });
}

/** The lines of a text; those in code fences, comments and front matter are empty. */
function proseLines(text: string): string[] {
  let fence: string | undefined;
  const blank = (part: string) => part.replaceAll(/[^\n]/g, '');
  const visible = text.replace(/^---\n[\s\S]*?\n---\n/, blank).replace(/<!--[\s\S]*?-->/g, blank);
  return visible.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) {
      fence = mark;
      return '';
    }
    if (fence === undefined) return line;
    if (mark?.startsWith(fence)) fence = undefined;
    return '';
  });
}
