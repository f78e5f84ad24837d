/**
 * A set of an Indexed Job's indexes, as its status writes it: `0-2,5`. Given.
 *
 * It is kept as intervals: a Job may have millions of indexes, and most of them are done in order.
 */

/** Both ends belong to it. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

/** Indexes, each once, in order. It never changes. */
export class IndexList {
  static readonly EMPTY: IndexList = new IndexList([]);
  readonly #intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals;
  }

  /** @param indexes - in any order, also several times */
  static of(indexes: Iterable<number>): IndexList {
    const all = [...indexes].map((index) => ({ first: index, last: index }));
    return new IndexList(joined(all));
  }

  /**
   * Reads what `toString` wrote.
   *
   * @param completions - indexes from this one on are left out: a Job may have become smaller
   * @returns what can be read; a part that cannot is left out
   */
  static parse(text: string | undefined, completions: number): IndexList {
    const intervals = (text ?? '')
      .split(',')
      .filter((part) => /^\d+(-\d+)?$/.test(part))
      .map((part) => part.split('-').map(Number))
      .map(([first = 0, last = first]) => ({ first, last: Math.min(last, completions - 1) }));
    return new IndexList(joined(intervals.filter(({ first, last }) => first <= last)));
  }

  /** How many there are. */
  get count(): number {
    return this.#intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    return this.#intervals.some(({ first, last }) => first <= index && index <= last);
  }

  /** All indexes of both. */
  with(other: IndexList): IndexList {
    return new IndexList(joined([...this.#intervals, ...other.#intervals]));
  }

  /** How many indexes are in both. */
  countIn(other: IndexList): number {
    const shared = (a: Interval, b: Interval): number =>
      Math.max(0, Math.min(a.last, b.last) - Math.max(a.first, b.first) + 1);
    return this.#intervals.reduce(
      (sum, a) => sum + other.#intervals.reduce((inner, b) => inner + shared(a, b), 0),
      0,
    );
  }

  /** The first indexes below `end` that are not in it, at most `count`. */
  gaps(end: number, count: number): number[] {
    const gaps: number[] = [];
    let index = 0;
    for (const { first, last } of [...this.#intervals, { first: end, last: end }]) {
      for (; index < Math.min(first, end) && gaps.length < count; index++) gaps.push(index);
      index = Math.max(index, last + 1);
    }
    return gaps;
  }

  /** `0-2,5`: three or more that follow one another as an interval, two as two. */
  toString(): string {
    return this.#intervals.map(intervalText).join(',');
  }
}

function joined(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const next of [...intervals].sort((a, b) => a.first - b.first)) {
    const before = result.at(-1);
    if (before === undefined || next.first > before.last + 1) result.push(next);
    else result[result.length - 1] = { ...before, last: Math.max(before.last, next.last) };
  }
  return result;
}

function intervalText({ first, last }: Interval): string {
  if (first === last) return String(first);
  return `${first}${last === first + 1 ? ',' : '-'}${last}`;
}
