/**
 * Which of an Indexed Job's indexes are meant, as text: `0-2,5`. Given.
 *
 * @see pkg/apis/batch/validation/validation.go (1.33), validateIndexesFormat
 */

/** Both ends belong to it. */
export interface IndexInterval {
  readonly first: number;
  readonly last: number;
}

/** A text that names no indexes; the message says what is wrong with it. */
export class IndexesError extends Error {}

/**
 * Reads a list of intervals.
 *
 * @param completions - how many indexes there are: 0 to `completions - 1`
 * @returns the intervals, ever higher; none for the empty text
 * @throws IndexesError when the text is no such list
 */
export function parseIndexes(text: string, completions: number): IndexInterval[] {
  if (text === '') return [];
  const intervals: IndexInterval[] = [];
  for (const part of text.split(',')) {
    const interval = parseInterval(part, completions);
    const before = intervals.at(-1)?.last;
    if (before !== undefined && before >= interval.first)
      throw notIncreasing(before, interval.first);
    intervals.push(interval);
  }
  return intervals;
}

function parseInterval(text: string, completions: number): IndexInterval {
  const ends = text.split('-');
  if (ends.length > 2) {
    throw new IndexesError(
      `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  }
  const first = parseIndex(ends[0] ?? '', completions);
  if (ends[1] === undefined) return { first, last: first };
  const last = parseIndex(ends[1], completions);
  if (first >= last) throw notIncreasing(first, last);
  return { first, last };
}

function parseIndex(text: string, completions: number): number {
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new IndexesError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  }
  const index = Number(text);
  if (index >= completions) throw new IndexesError(`too large index: ${JSON.stringify(text)}`);
  return index;
}

function notIncreasing(previous: number, current: number): IndexesError {
  return new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`);
}

/** How many indexes there are in intervals that do not overlap. */
export function countIndexes(intervals: readonly IndexInterval[]): number {
  return intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The first index that is in both lists; `undefined` when there is none. */
export function firstCommonIndex(
  some: readonly IndexInterval[],
  others: readonly IndexInterval[],
): number | undefined {
  const starts = some.flatMap((a) =>
    others
      .filter((b) => a.first <= b.last && b.first <= a.last)
      .map((b) => Math.max(a.first, b.first)),
  );
  return starts.length === 0 ? undefined : Math.min(...starts);
}
