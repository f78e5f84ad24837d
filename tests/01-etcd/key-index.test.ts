import { compareRevisions, KeyIndex, type Revision } from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

const at = (main: number, sub = 0): Revision => ({ main, sub });

/** put(2) put(4) tombstone(6) put(8) tombstone(10), the trace of the docs. */
function twoLives(): KeyIndex {
  const index = trace('index', () => new KeyIndex());
  index.put(at(2));
  index.put(at(4));
  index.tombstone(at(6));
  index.put(at(8));
  index.tombstone(at(10));
  return index;
}

describe('key index', () => {
  it.core('counts the puts of one life', () => {
    const index = trace('index', () => new KeyIndex());
    expect(index.put(at(2))).toEqual({ modified: at(2), created: at(2), version: 1 });
    expect(index.put(at(4))).toEqual({ modified: at(4), created: at(2), version: 2 });
    expect(index.put(at(9, 3))).toEqual({ modified: at(9, 3), created: at(2), version: 3 });
  });

  it.core('begins a new life with the put after a tombstone', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.put(at(4));
    index.tombstone(at(6));
    expect(index.put(at(8))).toEqual({ modified: at(8), created: at(8), version: 1 });
    expect(index.put(at(9))).toEqual({ modified: at(9), created: at(8), version: 2 });
  });

  it.core('says whether a tombstone ended a life', () => {
    const index = trace('index', () => new KeyIndex());
    expect(index.tombstone(at(2))).toBe(false);
    index.put(at(3));
    expect(index.tombstone(at(4))).toBe(true);
    expect(index.tombstone(at(5))).toBe(false);
  });

  it.core('finds the version a reader sees, at every revision', () => {
    const index = twoLives();
    const seen = Array.from({ length: 12 }, (_, main) => index.get(main)?.modified.main);
    const none = undefined;
    expect(seen).toEqual([none, none, 2, 2, 4, 4, none, none, 8, 8, none, none]);
  });

  it.core('forgets on compaction all that no reader from there on can see', () => {
    const index = trace('index', () => new KeyIndex());
    for (const main of [2, 4, 6]) index.put(at(main));
    expect(index.compact(5)).toEqual([at(2)]);
    expect(index.get(3)).toBeUndefined();
    expect(index.get(5)).toEqual({ modified: at(4), created: at(2), version: 2 });
    expect(index.get(6)).toEqual({ modified: at(6), created: at(2), version: 3 });
  });

  it.core('is empty before the first put and after compaction took the last life', () => {
    const index = trace('index', () => new KeyIndex());
    expect(index.isEmpty()).toBe(true);
    index.put(at(2));
    expect(index.isEmpty()).toBe(false);
    index.tombstone(at(3));
    expect(index.isEmpty()).toBe(false);
    index.compact(4);
    expect(index.isEmpty()).toBe(true);
  });

  it.core('is restored with a version to count on from', () => {
    const index = trace('index', () => KeyIndex.restore(at(2), at(7, 1), 5));
    expect(index.get(7)).toEqual({ modified: at(7, 1), created: at(2), version: 5 });
    expect(index.put(at(9))).toEqual({ modified: at(9), created: at(2), version: 6 });
  });
});

describe('key index, lives', () => {
  it('tells the two lives of a key apart', () => {
    const index = twoLives();
    expect(index.get(3)).toEqual({ modified: at(2), created: at(2), version: 1 });
    expect(index.get(5)).toEqual({ modified: at(4), created: at(2), version: 2 });
    expect(index.get(9)).toEqual({ modified: at(8), created: at(8), version: 1 });
  });

  it('does not record a tombstone of a key that does not exist', () => {
    const index = trace('index', () => new KeyIndex());
    index.tombstone(at(2));
    expect(index.isEmpty()).toBe(true);
    index.put(at(3));
    index.tombstone(at(4));
    index.tombstone(at(5));
    expect(index.compact(5)).toEqual([at(3), at(4)]);
  });

  it('keeps the history of a life that has ended', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.tombstone(at(5));
    index.put(at(7));
    index.put(at(8));
    expect(index.get(4)).toEqual({ modified: at(2), created: at(2), version: 1 });
    expect(index.get(7)).toEqual({ modified: at(7), created: at(7), version: 1 });
  });

  it('sees all changes of a main revision, the last one above all', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(3, 0));
    index.put(at(3, 2));
    expect(index.get(3)).toEqual({ modified: at(3, 2), created: at(3, 0), version: 2 });
    expect(index.get(2)).toBeUndefined();
  });

  it('can be created and deleted in one main revision', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(3, 0));
    index.tombstone(at(3, 1));
    expect(index.get(3)).toBeUndefined();
    expect(index.put(at(4))).toEqual({ modified: at(4), created: at(4), version: 1 });
  });

  it('can be deleted and created again in one main revision', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.tombstone(at(5, 0));
    index.put(at(5, 1));
    expect(index.get(4)).toEqual({ modified: at(2), created: at(2), version: 1 });
    expect(index.get(5)).toEqual({ modified: at(5, 1), created: at(5, 1), version: 1 });
  });

  it('answers what it knew, whatever happens to an answer later', () => {
    const index = trace('index', () => new KeyIndex());
    const first = index.put(at(2));
    const seen = index.get(2);
    index.put(at(3));
    expect(first).toEqual({ modified: at(2), created: at(2), version: 1 });
    expect(seen).toEqual({ modified: at(2), created: at(2), version: 1 });
  });
});

describe('key index, compaction', () => {
  // Each row begins with the two lives anew: what compaction drops, and who can still read what.
  const rows: [compactTo: number, dropped: number[], readable: number[]][] = [
    [1, [], [2, 3, 4, 5, 8, 9]],
    [2, [], [2, 3, 4, 5, 8, 9]],
    [3, [], [3, 4, 5, 8, 9]],
    [4, [2], [4, 5, 8, 9]],
    [5, [2], [5, 8, 9]],
    [6, [2, 4], [8, 9]],
    [7, [2, 4, 6], [8, 9]],
    [8, [2, 4, 6], [8, 9]],
    [9, [2, 4, 6], [9]],
    [10, [2, 4, 6, 8], []],
    [11, [2, 4, 6, 8, 10], []],
  ];
  for (const [compactTo, dropped, readable] of rows) {
    it(`at ${compactTo} drops ${dropped.join(', ') || 'nothing'}`, () => {
      const index = twoLives();
      expect(index.compact(compactTo)).toEqual(dropped.map((main) => at(main)));
      const found = Array.from({ length: 12 }, (_, main) => main).filter(
        (main) => main >= compactTo && index.get(main) !== undefined,
      );
      expect(found).toEqual(readable);
      expect(index.isEmpty()).toBe(compactTo === 11);
    });
  }

  it('drops step by step what it would drop at once', () => {
    const index = twoLives();
    expect(index.compact(3)).toEqual([]);
    expect(index.compact(5)).toEqual([at(2)]);
    expect(index.compact(6)).toEqual([at(4)]);
    expect(index.compact(7)).toEqual([at(6)]);
    expect(index.compact(11)).toEqual([at(8), at(10)]);
    expect(index.isEmpty()).toBe(true);
  });

  it('keeps the newest version of a living key, however old', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    expect(index.compact(1000)).toEqual([]);
    expect(index.get(1000)).toEqual({ modified: at(2), created: at(2), version: 1 });
  });

  it('goes on counting versions after compaction', () => {
    const index = trace('index', () => new KeyIndex());
    for (const main of [2, 3, 4]) index.put(at(main));
    index.compact(4);
    expect(index.get(4)).toEqual({ modified: at(4), created: at(2), version: 3 });
    expect(index.put(at(5))).toEqual({ modified: at(5), created: at(2), version: 4 });
  });

  it('drops earlier changes of the same main revision', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(3, 0));
    index.put(at(3, 1));
    expect(index.compact(3)).toEqual([at(3, 0)]);
    expect(index.get(3)).toEqual({ modified: at(3, 1), created: at(3, 0), version: 2 });
  });

  it('keeps nothing but the tombstone of a life within the main revision compacted to', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(4, 0));
    index.tombstone(at(4, 1));
    expect(index.compact(4)).toEqual([at(4, 0)]);
    expect(index.isEmpty()).toBe(false);
    expect(index.compact(5)).toEqual([at(4, 1)]);
  });

  it('keeps the last change of each life that shares the main revision compacted to', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.tombstone(at(5, 0));
    index.put(at(5, 1));
    expect(index.compact(5)).toEqual([at(2)]);
    expect(index.get(5)).toEqual({ modified: at(5, 1), created: at(5, 1), version: 1 });
    expect(index.compact(6)).toEqual([at(5, 0)]);
  });

  it('keeps both tombstones of lives that ended in the main revision compacted to', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.tombstone(at(5, 0));
    index.put(at(5, 1));
    index.tombstone(at(5, 2));
    expect(index.compact(5)).toEqual([at(2), at(5, 1)]);
    expect(index.compact(6)).toEqual([at(5, 0), at(5, 2)]);
    expect(index.isEmpty()).toBe(true);
  });

  it('ends a life whose beginning was compacted', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.put(at(4));
    index.compact(5);
    expect(index.tombstone(at(6))).toBe(true);
    expect(index.get(5)?.version).toBe(2);
    expect(index.get(6)).toBeUndefined();
  });

  it('begins a new life when only the tombstone of the last one is left', () => {
    const index = trace('index', () => new KeyIndex());
    index.put(at(2));
    index.tombstone(at(4));
    expect(index.compact(4)).toEqual([at(2)]);
    expect(index.tombstone(at(5))).toBe(false);
    expect(index.put(at(6))).toEqual({ modified: at(6), created: at(6), version: 1 });
    expect(index.get(5)).toBeUndefined();
    expect(index.compact(6)).toEqual([at(4)]);
  });

  it('lets a restored life end and go', () => {
    const index = trace('index', () => KeyIndex.restore(at(2, 3), at(4), 2));
    expect(index.isEmpty()).toBe(false);
    expect(index.get(3)).toBeUndefined();
    index.tombstone(at(6));
    expect(index.get(5)).toEqual({ modified: at(4), created: at(2, 3), version: 2 });
    expect(index.compact(7)).toEqual([at(4), at(6)]);
    expect(index.isEmpty()).toBe(true);
  });
});

/** One step of a history: a put or a tombstone, and by how much the revision grows. */
const change = fc.record({ isPut: fc.boolean(), newMain: fc.boolean() });

interface Seen {
  readonly revision: Revision;
  readonly version: number;
  readonly created: Revision;
}

/** Applies a history, and writes down what should be seen after each of its changes. */
function apply(index: KeyIndex, changes: readonly { isPut: boolean; newMain: boolean }[]): Seen[] {
  const seen: Seen[] = [];
  let revision = at(1);
  let last: Seen | undefined;
  for (const { isPut, newMain } of changes) {
    revision = newMain ? at(revision.main + 1) : at(revision.main, revision.sub + 1);
    const lives = last !== undefined && last.version > 0;
    if (!isPut && !lives) continue;
    if (isPut) index.put(revision);
    else index.tombstone(revision);
    const created = lives && last ? last.created : revision;
    last = { revision, created, version: isPut ? (lives && last ? last.version : 0) + 1 : 0 };
    seen.push(last);
  }
  return seen;
}

function shouldSee(seen: readonly Seen[], main: number) {
  const last = seen.findLast(({ revision }) => revision.main <= main);
  if (last === undefined || last.version === 0) return undefined;
  return { modified: last.revision, created: last.created, version: last.version };
}

describe('key index, any history', () => {
  property('is read as it was written', fc.array(change, { maxLength: 30 }), (changes) => {
    const index = trace('index', () => new KeyIndex());
    const seen = apply(index, changes);
    for (let main = 0; main <= 32; main++) expect(index.get(main)).toEqual(shouldSee(seen, main));
  });

  property(
    'reads the same at and after the revision compacted to, and drops the rest once',
    fc.array(change, { maxLength: 30 }),
    fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 1, maxLength: 4 }),
    (changes, compactions) => {
      const index = trace('index', () => new KeyIndex());
      const seen = apply(index, changes);
      const dropped: Revision[] = [];
      const ascending = compactions.sort((a, b) => a - b);
      for (const main of ascending) dropped.push(...index.compact(main));
      const last = ascending.at(-1) ?? 0;
      for (let main = last; main <= 33; main++) {
        expect(index.get(main)).toEqual(shouldSee(seen, main));
      }
      const kept = seen.filter(({ revision, created, version }, i) => {
        if (revision.main > last) return true;
        const next = seen[i + 1];
        const isNewestOfItsLife = next?.created !== created || next.revision.main > last;
        return isNewestOfItsLife && (version > 0 || revision.main === last);
      });
      const expected = seen.filter((one) => !kept.includes(one)).map(({ revision }) => revision);
      expect(dropped.sort(compareRevisions)).toEqual(expected);
      expect(index.isEmpty()).toBe(kept.length === 0);
    },
  );
});
