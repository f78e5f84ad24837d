import {
  CompactedError,
  FutureRevisionError,
  inRange,
  type KeyValue,
  prefixEnd,
  put,
  type RangeRequest,
  type RangeResponse,
  range,
  readRevision,
  Store,
  WriteView,
} from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

/** A store in which each key was put once, from revision 2 on, with itself in capitals as value. */
function storeOf(...keys: string[]): Store {
  const store = trace('store', () => new Store());
  for (const key of keys) store.put({ key, value: key.toUpperCase() });
  return store;
}

const keysOf = ({ kvs }: RangeResponse) => kvs.map(({ key }) => key);

describe('range', () => {
  it.core('reads one key', () => {
    const store = storeOf('a', 'b');
    expect(store.range({ key: 'b' })).toEqual({
      header: { revision: 3 },
      kvs: [{ key: 'b', value: 'B', createRevision: 3, modRevision: 3, version: 1, lease: 0n }],
      more: false,
      count: 1,
    });
  });

  it.core('reads [key, rangeEnd) in key order, without the end', () => {
    const store = storeOf('c', 'a', 'd', 'b');
    const answer = store.range({ key: 'b', rangeEnd: 'd' });
    expect(keysOf(answer)).toEqual(['b', 'c']);
    expect(answer).toMatchObject({ count: 2, more: false });
  });

  it.core('reads from a key on with the end "\\0"', () => {
    const store = storeOf('a', 'b', 'c', '\xff\xff');
    expect(keysOf(store.range({ key: 'b', rangeEnd: '\0' }))).toEqual(['b', 'c', '\xff\xff']);
    expect(keysOf(store.range({ key: '\0', rangeEnd: '\0' }))).toHaveLength(4);
  });

  it.core('counts all keys of the range when the limit cuts', () => {
    const store = storeOf('a', 'b', 'c', 'd');
    const answer = store.range({ key: 'a', rangeEnd: 'd', limit: 2 });
    expect(keysOf(answer)).toEqual(['a', 'b']);
    expect(answer).toMatchObject({ count: 3, more: true });
  });

  it.core('reads the past', () => {
    const store = storeOf('a', 'b', 'c');
    store.put({ key: 'a', value: 'new' });
    const answer = store.range({ key: 'a', rangeEnd: '\0', revision: 3 });
    expect(answer.kvs).toMatchObject([
      { key: 'a', value: 'A' },
      { key: 'b', value: 'B' },
    ]);
    expect(answer).toMatchObject({ count: 2, more: false, header: { revision: 5 } });
  });

  it.core('refuses a revision that has not happened', () => {
    const store = storeOf('a');
    expect(() => store.range({ key: 'a', revision: 3 })).toThrow(FutureRevisionError);
    expect(keysOf(store.range({ key: 'a', revision: 2 }))).toEqual(['a']);
  });

  it.core('sorts by what it is asked for', () => {
    const store = storeOf('b', 'a');
    store.put({ key: 'b', value: 'again' });
    const all = { key: '\0', rangeEnd: '\0' };
    expect(keysOf(store.range({ ...all, sortTarget: 'mod' }))).toEqual(['a', 'b']);
    expect(keysOf(store.range({ ...all, sortTarget: 'create' }))).toEqual(['b', 'a']);
    expect(keysOf(store.range({ ...all, sortOrder: 'descend' }))).toEqual(['b', 'a']);
  });
});

describe('range, which keys', () => {
  const rows: [name: string, request: RangeRequest, keys: string[]][] = [
    ['a missing key', { key: 'bb' }, []],
    ['an end equal to the key', { key: 'b', rangeEnd: 'b' }, []],
    ['an end before the key', { key: 'c', rangeEnd: 'a' }, []],
    ['a key that is not there as beginning', { key: 'aa', rangeEnd: 'c' }, ['ab', 'b']],
    ['a prefix', { key: 'a', rangeEnd: prefixEnd('a') }, ['a', 'ab']],
    ['bytes, not letters', { key: 'a', rangeEnd: '\xff' }, ['a', 'ab', 'b', 'c', '\xe4']],
    ['an empty end, as no end', { key: 'a', rangeEnd: '' }, ['a']],
    ['beyond the last key', { key: '\xff', rangeEnd: '\0' }, []],
  ];
  for (const [name, request, keys] of rows) {
    it(`selects by ${name}`, () => {
      const answer = storeOf('a', 'ab', 'b', 'c', '\xe4').range(request);
      expect(keysOf(answer)).toEqual(keys);
      expect(answer).toMatchObject({ count: keys.length, more: false });
    });
  }

  it('answers from an empty store', () => {
    const store = trace('store', () => new Store());
    const nothing = { header: { revision: 1 }, kvs: [], more: false, count: 0 };
    expect(store.range({ key: 'a' })).toEqual(nothing);
    expect(store.range({ key: '\0', rangeEnd: '\0' })).toEqual(nothing);
  });

  it('refuses the empty key and unknown sort options', () => {
    const store = storeOf('a');
    expect(() => store.range({ key: '' })).toThrow('etcdserver: key is not provided');
    expect(() => store.range({ key: 'a', sortOrder: 'upwards' as 'ascend' })).toThrow(
      'etcdserver: invalid sort option',
    );
    expect(keysOf(store.range({ key: 'a', sortOrder: 'none' }))).toEqual(['a']);
  });
});

describe('range, how much', () => {
  it('sets no limit with 0 or less, and says nothing of more when the limit is just enough', () => {
    const store = storeOf('a', 'b', 'c');
    const all = { key: 'a', rangeEnd: '\0' };
    for (const limit of [0, -1]) {
      const whole = store.range({ ...all, limit });
      expect(keysOf(whole)).toEqual(['a', 'b', 'c']);
      expect(whole).toMatchObject({ count: 3, more: false });
    }
    const exact = store.range({ ...all, limit: 3 });
    expect(keysOf(exact)).toEqual(['a', 'b', 'c']);
    expect(exact.more).toBe(false);
    expect(store.range({ key: 'a', limit: 1 })).toMatchObject({ count: 1, more: false });
  });

  it('only counts with countOnly, whatever the limit', () => {
    const store = storeOf('a', 'b', 'c');
    expect(store.range({ key: 'a', rangeEnd: '\0', countOnly: true, limit: 1 })).toEqual({
      header: { revision: 4 },
      kvs: [],
      more: false,
      count: 3,
    });
    expect(store.range({ key: 'x', countOnly: true }).count).toBe(0);
    const filtered = { key: 'a', rangeEnd: '\0', countOnly: true, minModRevision: 4 };
    expect(store.range(filtered)).toMatchObject({ kvs: [], count: 3, more: false });
    expect(store.range({ key: 'a', rangeEnd: '\0', countOnly: true, revision: 3 }).count).toBe(2);
  });

  it('leaves out values with keysOnly, and does not lose them', () => {
    const store = storeOf('a', 'b');
    const { kvs } = store.range({ key: 'a', rangeEnd: '\0', keysOnly: true });
    expect(kvs).toMatchObject([
      { key: 'a', value: '', modRevision: 2, version: 1 },
      { key: 'b', value: '', modRevision: 3, version: 1 },
    ]);
    expect(store.range({ key: 'a' }).kvs).toMatchObject([{ value: 'A' }]);
  });

  it('leaves out nothing but the value with keysOnly', () => {
    const view = new WriteView(storeOf('a').view());
    put(view, { key: 'a', value: 'leased', lease: 7n });
    expect(range(view, { key: 'a', keysOnly: true }).kvs).toEqual([
      { key: 'a', value: '', createRevision: 2, modRevision: 3, version: 2, lease: 7n },
    ]);
  });

  it('sorts by value before keysOnly takes the values away', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '2' });
    store.put({ key: 'b', value: '1' });
    const answer = store.range({ key: 'a', rangeEnd: 'c', keysOnly: true, sortTarget: 'value' });
    expect(keysOf(answer)).toEqual(['b', 'a']);
  });
});

describe('range, filters', () => {
  const all = { key: '\0', rangeEnd: '\0' };
  /** a: created 2, modified 5; b: 3, 3; c: 4, 4. */
  const store = () => {
    const filled = storeOf('a', 'b', 'c');
    filled.put({ key: 'a', value: 'new' });
    return filled;
  };
  const rows: [name: string, filters: Partial<RangeRequest>, keys: string[]][] = [
    ['minModRevision', { minModRevision: 4 }, ['a', 'c']],
    ['maxModRevision', { maxModRevision: 4 }, ['b', 'c']],
    ['minCreateRevision', { minCreateRevision: 3 }, ['b', 'c']],
    ['maxCreateRevision', { maxCreateRevision: 3 }, ['a', 'b']],
    ['both bounds', { minModRevision: 4, maxModRevision: 4 }, ['c']],
    ['bounds on different revisions', { maxCreateRevision: 3, minModRevision: 4 }, ['a']],
    ['bounds that exclude each other', { minModRevision: 5, maxModRevision: 4 }, []],
    ['bounds of 0', { minModRevision: 0, maxModRevision: 0 }, ['a', 'b', 'c']],
  ];
  for (const [name, filters, keys] of rows) {
    it(`drops by ${name}, but counts every key`, () => {
      const answer = store().range({ ...all, ...filters });
      expect(keysOf(answer)).toEqual(keys);
      expect(answer).toMatchObject({ count: 3, more: false });
    });
  }

  it('are applied before the limit', () => {
    const answer = store().range({ ...all, minCreateRevision: 3, limit: 1 });
    expect(keysOf(answer)).toEqual(['b']);
    expect(answer).toMatchObject({ count: 3, more: true });
    const exact = store().range({ ...all, minCreateRevision: 3, limit: 2 });
    expect(keysOf(exact)).toEqual(['b', 'c']);
    expect(exact).toMatchObject({ count: 3, more: false });
  });
});

describe('range, order', () => {
  const all = { key: '\0', rangeEnd: '\0' };

  it('sorts by every target, in both directions', () => {
    const store = trace('store', () => new Store());
    for (const key of ['b', 'c', 'a', 'c', 'b', 'c']) store.put({ key, value: `not ${key}` });
    store.put({ key: 'b', value: 'a first' });
    store.put({ key: 'c', value: 'z last' });
    // a: created 4, modified 4, version 1.  b: 2, 8, 3.  c: 3, 9, 4.
    const sorted = (sortTarget: NonNullable<RangeRequest['sortTarget']>) => [
      keysOf(store.range({ ...all, sortTarget, sortOrder: 'ascend' })).join(''),
      keysOf(store.range({ ...all, sortTarget, sortOrder: 'descend' })).join(''),
    ];
    expect(sorted('key')).toEqual(['abc', 'cba']);
    expect(sorted('version')).toEqual(['abc', 'cba']);
    expect(sorted('create')).toEqual(['bca', 'acb']);
    expect(sorted('mod')).toEqual(['abc', 'cba']);
    expect(sorted('value')).toEqual(['bac', 'cab']);
  });

  it('compares versions as numbers', () => {
    const store = storeOf('a', 'b');
    for (let i = 0; i < 9; i++) store.put({ key: 'a', value: String(i) });
    expect(keysOf(store.range({ ...all, sortTarget: 'version' }))).toEqual(['b', 'a']);
  });

  it('compares keys and values byte by byte', () => {
    const store = trace('store', () => new Store());
    for (const key of ['a', 'B', '~', '\xe4', '10', '9']) store.put({ key, value: key });
    const inOrder = ['10', '9', 'B', 'a', '~', '\xe4'];
    expect(keysOf(store.range({ ...all, sortTarget: 'value' }))).toEqual(inOrder);
    expect(keysOf(store.range({ ...all, sortOrder: 'descend' }))).toEqual(inOrder.reverse());
  });

  it('keeps key order among equals, also when descending', () => {
    const store = storeOf('c', 'a', 'd', 'b');
    store.put({ key: 'b', value: 'again' });
    const request = { ...all, sortTarget: 'version' } as const;
    expect(keysOf(store.range({ ...request, sortOrder: 'descend' })).join('')).toBe('bacd');
    expect(keysOf(store.range(request)).join('')).toBe('acdb');
  });

  it('sorts first and cuts then', () => {
    const store = storeOf('a', 'b', 'c');
    const answer = store.range({ ...all, sortOrder: 'descend', limit: 1 });
    expect(keysOf(answer)).toEqual(['c']);
    expect(answer).toMatchObject({ count: 3, more: true });
    expect(keysOf(store.range({ ...all, sortTarget: 'value', limit: 2 }))).toEqual(['a', 'b']);
  });
});

describe('range, at which revision', () => {
  it('reads the newest with 0 or less', () => {
    const view = storeOf('a', 'b').view();
    expect([undefined, 0, -1].map((asked) => readRevision(view, asked))).toEqual([3, 3, 3]);
    expect([1, 2, 3].map((asked) => readRevision(view, asked))).toEqual([1, 2, 3]);
  });

  it('says what was asked for and what there is', () => {
    const store = storeOf('a', 'b');
    const compacted = { ...store.view(), compactedRevision: 3 };
    expect(() => readRevision(compacted, 4)).toThrow({
      message: 'etcdserver: mvcc: required revision is a future revision',
      code: 'OutOfRange',
      requestedRevision: 4,
      currentRevision: 3,
    });
    expect(() => readRevision(compacted, 2)).toThrow({
      message: 'etcdserver: mvcc: required revision has been compacted',
      code: 'OutOfRange',
      requestedRevision: 2,
      compactedRevision: 3,
    });
    expect(readRevision(compacted, 3)).toBe(3);
  });

  it('checks the revision even when nothing is in the range', () => {
    const store = storeOf('a', 'b');
    const compacted = { ...store.view(), compactedRevision: 3 };
    expect(() => range(compacted, { key: 'x', revision: 2 })).toThrow(CompactedError);
    expect(() => range(compacted, { key: 'x', revision: 9, countOnly: true })).toThrow(
      FutureRevisionError,
    );
    expect(keysOf(range(compacted, { key: 'a', revision: 0 }))).toEqual(['a']);
  });
});

const aKey = fc.string({
  unit: fc.constantFrom('\0', 'a', 'b', '\xff'),
  minLength: 1,
  maxLength: 3,
});

describe('range, any request', () => {
  property(
    'answers as a plain array would',
    fc.array(fc.tuple(aKey, fc.constantFrom('x', 'y', 'z')), { maxLength: 25 }),
    fc.record({ key: aKey, rangeEnd: fc.option(aKey, { nil: undefined }) }),
    fc.record({
      limit: fc.nat(4),
      revision: fc.nat(26),
      minModRevision: fc.constantFrom(0, 0, 5, 10),
      maxCreateRevision: fc.constantFrom(0, 0, 8, 12),
      sortTarget: fc.constantFrom('key', 'mod', 'create', 'value', 'version'),
      sortOrder: fc.constantFrom('none', 'ascend', 'descend'),
    }),
    (puts, keyRange, options) => {
      const store = trace('store', () => new Store());
      for (const [key, value] of puts) store.put({ key, value });
      const revision = Math.min(options.revision, store.revision);
      const kvs = plainly(puts, revision || store.revision).filter(({ key }) =>
        inRange(key, keyRange),
      );
      const { limit, minModRevision, maxCreateRevision, sortTarget, sortOrder } = options;
      const selected = kvs.filter(
        (kv) =>
          kv.modRevision >= minModRevision &&
          (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision),
      );
      const direction = sortOrder === 'descend' ? -1 : 1;
      const target = { create: 'createRevision', mod: 'modRevision' } as const;
      const field =
        sortTarget === 'create' || sortTarget === 'mod' ? target[sortTarget] : sortTarget;
      selected.sort((a, b) =>
        a[field] < b[field] ? -direction : a[field] > b[field] ? direction : 0,
      );
      expect(store.range({ ...keyRange, ...options, revision })).toEqual({
        header: { revision: puts.length + 1 },
        kvs: limit ? selected.slice(0, limit) : selected,
        more: limit > 0 && selected.length > limit,
        count: kvs.length,
      });
    },
    { runs: 300 },
  );
});

/** The keys at a revision, in key order, by replaying the puts. */
function plainly(puts: readonly (readonly [string, string])[], revision: number): KeyValue[] {
  const kvs = new Map<string, KeyValue>();
  for (const [i, [key, value]] of puts.slice(0, revision - 1).entries()) {
    const before = kvs.get(key);
    const createRevision = before?.createRevision ?? i + 2;
    const version = (before?.version ?? 0) + 1;
    kvs.set(key, { key, value, createRevision, modRevision: i + 2, version, lease: 0n });
  }
  return [...kvs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
