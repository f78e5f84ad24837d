/**
 * Edits of a text by position: replace a range, or take whole lines out and close the gap.
 *
 * Everything outside the edits stays as it was, byte for byte. Knows nothing of TypeScript.
 */

/** Puts `text` where `[start, end)` was. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  /** The new text. An empty one removes the range and closes up blank lines around it. */
  readonly text: string;
}

/**
 * Applies edits that do not overlap.
 *
 * @throws Error when two edits overlap
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let position = 0;
  for (const edit of mergeRemovals(text, sorted)) {
    const { start, end, replacement } = closeGap(text, edit);
    if (edit.start < position && edit.start < edit.end) {
      throw new Error(`edits overlap at ${edit.start}: ${text.slice(edit.start, edit.end)}`);
    }
    result += text.slice(position, Math.max(start, position)) + replacement;
    position = Math.max(end, position);
  }
  return result + text.slice(position);
}

interface MergedEdit extends Edit {
  /** Did a blank line stand between the removals that became one? */
  readonly hadGap: boolean;
}

/** Makes one removal of removals with nothing but white space between them. */
function mergeRemovals(text: string, edits: readonly Edit[]): MergedEdit[] {
  const merged: MergedEdit[] = [];
  for (const edit of edits) {
    const last = merged.at(-1);
    const between = last && text.slice(last.end, edit.start);
    if (last && last.text === '' && edit.text === '' && between?.trim() === '') {
      const hadGap = last.hadGap || between.includes('\n');
      merged[merged.length - 1] = { start: last.start, end: edit.end, text: '', hadGap };
    } else {
      merged.push({ ...edit, hadGap: false });
    }
  }
  return merged;
}

/** Widens a removal of whole lines so that one blank line stays where there were two. */
function closeGap(
  text: string,
  { start, end, text: replacement, hadGap }: MergedEdit,
): { start: number; end: number; replacement: string } {
  const wholeLines = start === 0 || (text[start - 1] === '\n' && (text[end - 1] ?? '') === '\n');
  if (replacement !== '' || start === end || !wholeLines) return { start, end, replacement };
  const before = text.slice(0, start);
  const after = text.slice(end);
  const opens = /(^|[{[(]\n)$/.test(before);
  const closes = /^\s*($|[}\])])/.test(after);
  const blankBefore = /\n[ \t]*\n$/.test(before);
  const blankAfter = /^(?:[ \t]*\n)+/.exec(after)?.[0] ?? '';
  if (closes && blankBefore) {
    return { start: before.trimEnd().length + 1, end: end + blankAfter.length, replacement };
  }
  if (opens || closes || blankBefore) return { start, end: end + blankAfter.length, replacement };
  return { start, end, replacement: hadGap && blankAfter === '' ? '\n' : '' };
}

/** The start of the line that `position` is in, when only white space stands before it there. */
export function lineStart(text: string, position: number): number {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return text.slice(start, position).trim() === '' ? start : position;
}

/** The white space a line begins with. */
export function indentAt(text: string, position: number): string {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}
