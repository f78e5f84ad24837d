import {
  CompactedError,
  compact,
  FutureRevisionError,
  Store,
  Watchers,
  type WatchResponse,
  WatchStream,
} from '#etcd';
import { describe, expect, fc, it, property, settle, trace } from '#kit';

/** put a=1 (2), a=2 (3), b=1 (4), delete b (5), put c=1 (6): the trace of the docs. */
function newStore(): Store {
  const store = trace('store', () => new Store());
  store.put({ key: 'a', value: '1' });
  store.put({ key: 'a', value: '2' });
  store.put({ key: 'b', value: '1' });
  store.deleteRange({ key: 'b' });
  store.put({ key: 'c', value: '1' });
  return store;
}

const content = (store: Store, revision = 0) =>
  store
    .range({ key: '\0', rangeEnd: '\0', revision })
    .kvs.map(({ key, value }) => `${key}=${value}`);

/** What is still stored, as `revision:key`. */
const stored = (store: Store) =>
  [...store.view().backend.all()].map(([{ main }, kv]) => `${main}:${kv.key}`);

describe('compaction', () => {
  it.core('refuses to read below the revision compacted to', () => {
    const store = newStore();
    store.compact({ revision: 4 });
    expect(() => store.range({ key: 'a', revision: 3 })).toThrow(CompactedError);
    expect(content(store, 4)).toEqual(['a=2', 'b=1']);
    expect(content(store, 5)).toEqual(['a=2']);
    expect(store.compactedRevision).toBe(4);
  });

  it.core('keeps the newest version of every living key, however old', () => {
    const store = newStore();
    store.compact({ revision: 6 });
    expect(store.range({ key: '\0', rangeEnd: '\0' }).kvs).toMatchObject([
      { key: 'a', value: '2', createRevision: 2, modRevision: 3, version: 2 },
      { key: 'c', value: '1', createRevision: 6, modRevision: 6, version: 1 },
    ]);
    expect(store.compactedRevision).toBe(6);
    expect(stored(store)).toEqual(['3:a', '6:c']);
  });

  it.core('frees what nobody can read any more', () => {
    const store = newStore();
    store.compact({ revision: 5 });
    // The tombstone at 5 stays: a watcher may begin there.
    expect(stored(store)).toEqual(['3:a', '5:b', '6:c']);
    expect(store.view().backend.get({ main: 2, sub: 0 })).toBeUndefined();
  });

  it.core('is refused at or below the last one, and beyond the newest revision', () => {
    const store = newStore();
    expect(store.compact({ revision: 4 })).toEqual({ header: { revision: 6 } });
    expect(() => store.compact({ revision: 4 })).toThrow(CompactedError);
    expect(() => store.compact({ revision: 7 })).toThrow(FutureRevisionError);
    expect(store.compact({ revision: 6 })).toEqual({ header: { revision: 6 } });
  });

  it.core('lets a key go of which nothing is left', () => {
    const store = newStore();
    store.compact({ revision: 6 });
    expect(store.view().keys.get('b')).toBeUndefined();
    expect(store.view().keys.size).toBe(2);
  });
});

describe('compaction, refusals', () => {
  it('say what was asked for and what there is', () => {
    const store = newStore();
    store.compact({ revision: 4 });
    expect(() => store.compact({ revision: 3 })).toThrow({
      name: 'CompactedError',
      code: 'OutOfRange',
      message: 'etcdserver: mvcc: required revision has been compacted',
      requestedRevision: 3,
      compactedRevision: 4,
    });
    expect(() => store.compact({ revision: 9 })).toThrow({
      name: 'FutureRevisionError',
      code: 'OutOfRange',
      message: 'etcdserver: mvcc: required revision is a future revision',
      requestedRevision: 9,
      currentRevision: 6,
    });
  });

  it('change nothing', () => {
    const store = newStore();
    store.compact({ revision: 4 });
    const before = stored(store);
    for (const revision of [2, 0, -1]) {
      expect(() => store.compact({ revision })).toThrow(CompactedError);
    }
    expect(() => store.compact({ revision: 100 })).toThrow(FutureRevisionError);
    expect(store.compactedRevision).toBe(4);
    expect(stored(store)).toEqual(before);
    expect(content(store, 4)).toEqual(['a=2', 'b=1']);
  });

  it('tell a read below the border which revision is left', () => {
    const store = newStore();
    store.compact({ revision: 5 });
    expect(() => store.range({ key: 'nobody', revision: 4 })).toThrow({
      requestedRevision: 4,
      compactedRevision: 5,
    });
    const read = { success: [{ put: { key: 'x' } }, { range: { key: 'a', revision: 4 } }] };
    expect(() => store.txn(read)).toThrow(CompactedError);
    expect(store.revision).toBe(6);
  });
});

describe('compaction, what stays', () => {
  it('drops at every revision just what the docs say', () => {
    const rows: [number, string[]][] = [
      [1, ['2:a', '3:a', '4:b', '5:b', '6:c']],
      [2, ['2:a', '3:a', '4:b', '5:b', '6:c']],
      [3, ['3:a', '4:b', '5:b', '6:c']],
      [4, ['3:a', '4:b', '5:b', '6:c']],
      [5, ['3:a', '5:b', '6:c']],
      [6, ['3:a', '6:c']],
    ];
    for (const [revision, left] of rows) {
      const store = newStore();
      store.compact({ revision });
      expect(stored(store)).toEqual(left);
    }
  });

  it('frees a tombstone with the next compaction', () => {
    const store = newStore();
    store.compact({ revision: 5 });
    expect(store.view().keys.get('b')).toBeDefined();
    store.compact({ revision: 6 });
    expect(store.view().keys.get('b')).toBeUndefined();
    expect(stored(store)).toEqual(['3:a', '6:c']);
  });

  it('frees a version that was the newest one at the last compaction', () => {
    const store = newStore();
    store.compact({ revision: 4 });
    store.put({ key: 'a', value: '3' });
    store.compact({ revision: 7 });
    expect(stored(store)).toEqual(['6:c', '7:a']);
    expect(content(store)).toEqual(['a=3', 'c=1']);
  });

  it('frees single changes of a transaction', () => {
    const store = trace('store', () => new Store());
    store.txn({ success: [{ put: { key: 'a' } }, { put: { key: 'b' } }, { put: { key: 'c' } }] });
    store.put({ key: 'b', value: 'new' });
    store.compact({ revision: 3 });
    expect(store.view().backend.changesAt(2)).toMatchObject([{ key: 'a' }, { key: 'c' }]);
    expect(content(store)).toEqual(['a=', 'b=new', 'c=']);
  });

  it('frees what any change of a transaction replaced', () => {
    const store = trace('store', () => new Store());
    for (const key of ['a', 'b']) store.put({ key });
    store.compact({ revision: 3 });
    store.txn({ success: ['x', 'a', 'b'].map((key) => ({ put: { key } })) });
    store.compact({ revision: 4 });
    expect(stored(store)).toEqual(['4:x', '4:a', '4:b']);
  });

  it('goes on with versions, and begins anew for a key that has left', () => {
    const store = newStore();
    store.compact({ revision: 6 });
    store.put({ key: 'a', value: '3' });
    store.put({ key: 'b', value: 'again' });
    expect(store.range({ key: '\0', rangeEnd: '\0' }).kvs).toMatchObject([
      { key: 'a', createRevision: 2, modRevision: 7, version: 3 },
      { key: 'b', createRevision: 8, modRevision: 8, version: 1 },
      { key: 'c' },
    ]);
  });

  it('of an empty store is allowed once', () => {
    const store = trace('store', () => new Store());
    expect(store.compact({ revision: 1 }).header.revision).toBe(1);
    expect(() => store.compact({ revision: 1 })).toThrow(CompactedError);
    expect(store.put({ key: 'a' }).header.revision).toBe(2);
  });

  it('passes over a tombstone whose key has no history, as a snapshot may bring it back', () => {
    const store = newStore();
    store.compact({ revision: 5 });
    const restored = trace('restored', () => Store.restore(store.state()));
    expect(restored.view().keys.get('b')).toBeUndefined();
    expect(restored.compact({ revision: 6 })).toEqual({ header: { revision: 6 } });
    expect(stored(restored)).toEqual(['3:a', '6:c']);
    expect(content(restored)).toEqual(['a=2', 'c=1']);
  });

  it('answers with the revision compacted to', () => {
    const store = newStore();
    expect(compact(store.view(), 5)).toBe(5);
    expect(stored(store)).toEqual(['3:a', '5:b', '6:c']);
  });
});

/** What a watch of all keys from a revision gets, `created` left out. */
async function watchFrom(store: Store, startRevision: number): Promise<WatchResponse[]> {
  const received: WatchResponse[] = [];
  const stream = new WatchStream(new Watchers(store), (response) => received.push(response) > 0);
  stream.create({ key: '\0', rangeEnd: '\0', startRevision, prevKv: true });
  await settle();
  stream.close();
  return received.filter(({ created }) => !created);
}

describe('compaction and watches', () => {
  it('ends a watch of older history with the revision compacted to', async () => {
    const store = newStore();
    store.compact({ revision: 4 });
    expect(await watchFrom(store, 3)).toMatchObject([{ canceled: true, compactRevision: 4 }]);
  });

  it('leaves a watch from the revision compacted to all that comes, deletions included', async () => {
    const store = newStore();
    store.compact({ revision: 5 });
    const [history] = await watchFrom(store, 5);
    expect(history?.events.map(({ type, kv }) => [type, kv.key, kv.modRevision])).toEqual([
      ['delete', 'b', 5],
      ['put', 'c', 6],
    ]);
    // b=1 was at 4, which is compacted.
    expect(history?.events[0]?.prevKv).toBeUndefined();
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 3, arbitrary: fc.record({ delete: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ back: fc.nat(4) }) },
);

describe('compaction, any history', () => {
  property(
    'changes no answer at or after its revision, and keeps no more than is needed for them',
    fc.array(step, { maxLength: 30 }),
    (steps) => {
      const store = trace('store', () => new Store());
      const whole = new Store();
      for (const [i, one] of steps.entries()) {
        if ('back' in one) {
          const revision = store.revision - one.back;
          if (revision > store.compactedRevision) store.compact({ revision });
          continue;
        }
        for (const each of [store, whole]) {
          if ('put' in one) each.put({ key: one.put, value: String(i) });
          else each.deleteRange({ key: one.delete });
        }
      }
      const from = Math.max(store.compactedRevision, 1);
      const all = { key: '\0', rangeEnd: '\0' };
      for (let revision = from; revision <= store.revision; revision++) {
        expect(store.range({ ...all, revision })).toEqual(whole.range({ ...all, revision }));
        expect(store.view().backend.changesAt(revision).length <= 1).toBe(true);
      }
      const older = [...store.view().backend.all()].filter(([{ main }]) => main < from);
      const needed = whole
        .range({ ...all, revision: from })
        .kvs.filter((kv) => kv.modRevision < from);
      expect(older).toHaveLength(needed.length);
    },
  );
});
