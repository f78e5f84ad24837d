import { type DeleteRangeRequest, deleteRange, put, Store, WriteView } from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

/** A store in which each key was put once, from revision 2 on. */
function storeOf(...keys: string[]): Store {
  const store = trace('store', () => new Store());
  for (const key of keys) store.put({ key, value: `of ${key}` });
  return store;
}

const keysLeft = (store: Store, revision?: number) =>
  store.range({ key: '\0', rangeEnd: '\0', revision }).kvs.map(({ key }) => key);

describe('delete', () => {
  it.core('deletes one key', () => {
    const store = storeOf('a', 'b');
    expect(store.deleteRange({ key: 'a' })).toMatchObject({ header: { revision: 4 }, deleted: 1 });
    expect(store.range({ key: 'a' }).count).toBe(0);
    expect(keysLeft(store)).toEqual(['b']);
  });

  it.core('deletes a range in one revision', () => {
    const store = storeOf('a', 'b', 'c');
    expect(store.deleteRange({ key: 'a', rangeEnd: 'c' })).toMatchObject({
      header: { revision: 5 },
      deleted: 2,
    });
    expect(store.revision).toBe(5);
    expect(keysLeft(store)).toEqual(['c']);
  });

  it.core('makes no revision when there is nothing to delete', () => {
    const store = storeOf('a');
    expect(store.deleteRange({ key: 'b', rangeEnd: '\0' })).toEqual({
      header: { revision: 2 },
      deleted: 0,
      prevKvs: [],
    });
    expect(store.revision).toBe(2);
  });

  it.core('keeps the past readable', () => {
    const store = storeOf('a', 'b');
    store.deleteRange({ key: 'a' });
    expect(keysLeft(store, 3)).toEqual(['a', 'b']);
    expect(store.range({ key: 'a', revision: 3 }).kvs).toMatchObject([{ value: 'of a' }]);
    expect(keysLeft(store, 4)).toEqual(['b']);
  });

  it.core('lets a key that is put again begin anew', () => {
    const store = storeOf('a', 'a');
    store.deleteRange({ key: 'a' });
    store.put({ key: 'a', value: 'new' });
    expect(store.range({ key: 'a' }).kvs).toMatchObject([
      { value: 'new', createRevision: 5, modRevision: 5, version: 1 },
    ]);
  });

  it.core('answers with the versions before, in key order, when asked', () => {
    const store = storeOf('b', 'a', 'c', 'b');
    const { deleted, prevKvs } = store.deleteRange({ key: 'a', rangeEnd: 'c', prevKv: true });
    expect(deleted).toBe(2);
    expect(prevKvs).toEqual([
      { key: 'a', value: 'of a', createRevision: 3, modRevision: 3, version: 1, lease: 0n },
      { key: 'b', value: 'of b', createRevision: 2, modRevision: 5, version: 2, lease: 0n },
    ]);
  });
});

describe('delete, which keys', () => {
  const rows: [name: string, request: DeleteRangeRequest, left: string[]][] = [
    ['a missing key', { key: 'bb' }, ['a', 'ab', 'b', 'c']],
    ['a prefix of a key as single key', { key: 'a' }, ['ab', 'b', 'c']],
    ['an end that is a key', { key: 'a', rangeEnd: 'b' }, ['b', 'c']],
    ['an end between keys', { key: 'aa', rangeEnd: 'bb' }, ['a', 'c']],
    ['an end equal to the key', { key: 'b', rangeEnd: 'b' }, ['a', 'ab', 'b', 'c']],
    ['an end before the key', { key: 'c', rangeEnd: 'a' }, ['a', 'ab', 'b', 'c']],
    ['the end "\\0"', { key: 'b', rangeEnd: '\0' }, ['a', 'ab']],
    ['the whole store', { key: '\0', rangeEnd: '\0' }, []],
  ];
  for (const [name, request, left] of rows) {
    it(`takes ${name}`, () => {
      const store = storeOf('a', 'ab', 'b', 'c');
      expect(store.deleteRange(request).deleted).toBe(4 - left.length);
      expect(keysLeft(store)).toEqual(left);
      expect(store.revision).toBe(left.length === 4 ? 5 : 6);
    });
  }

  it('refuses the empty key', () => {
    const store = storeOf('a');
    expect(() => store.deleteRange({ key: '' })).toThrow('etcdserver: key is not provided');
    expect(store.deleteRange({ key: 'a' }).deleted).toBe(1);
  });
});

describe('delete, what stays behind', () => {
  it('counts a key that is gone already as not deleted', () => {
    const store = storeOf('a', 'b');
    store.deleteRange({ key: 'a' });
    expect(store.deleteRange({ key: 'a' })).toMatchObject({ deleted: 0, header: { revision: 4 } });
    expect(store.deleteRange({ key: 'a', rangeEnd: 'c', prevKv: true })).toMatchObject({
      deleted: 1,
      header: { revision: 5 },
      prevKvs: [{ key: 'b' }],
    });
  });

  it('leaves tombstones in key order, with subs from 0 up', () => {
    const store = storeOf('c', 'a', 'b');
    store.deleteRange({ key: 'a', rangeEnd: '\0' });
    const { backend } = store.view();
    const tombstone = (key: string) => ({
      key,
      value: '',
      createRevision: 0,
      modRevision: 5,
      version: 0,
      lease: 0n,
    });
    expect(backend.changesAt(5)).toEqual(['a', 'b', 'c'].map(tombstone));
    expect(backend.get({ main: 5, sub: 1 })).toEqual(tombstone('b'));
  });

  it('does not touch what was stored before', () => {
    const store = storeOf('a');
    const [before] = store.range({ key: 'a' }).kvs;
    store.deleteRange({ key: 'a' });
    expect(before).toMatchObject({ value: 'of a', version: 1, createRevision: 2, modRevision: 2 });
    expect(store.view().backend.get({ main: 2, sub: 0 })).toMatchObject({ value: 'of a' });
  });

  it('answers without versions when not asked', () => {
    expect(storeOf('a').deleteRange({ key: 'a' }).prevKvs).toEqual([]);
    const range = storeOf('a', 'b').deleteRange({ key: 'a', rangeEnd: '\0' });
    expect(range).toMatchObject({ deleted: 2, prevKvs: [] });
    const { deleted } = storeOf('a').deleteRange({ key: 'a' });
    expect(deleted).toBe(1);
  });

  it('refuses ignoreValue for a deleted key, as for one that never was', () => {
    const store = storeOf('a');
    store.deleteRange({ key: 'a' });
    expect(() => store.put({ key: 'a', ignoreValue: true })).toThrow('etcdserver: key not found');
    expect(store.put({ key: 'a', prevKv: true }).prevKv).toBeUndefined();
  });

  it('can delete a new life too', () => {
    const store = storeOf('a');
    store.deleteRange({ key: 'a' });
    store.put({ key: 'a', value: 'second life' });
    expect(store.deleteRange({ key: 'a', prevKv: true }).prevKvs).toMatchObject([
      { value: 'second life', createRevision: 4, version: 1 },
    ]);
    expect([2, 3, 4, 5].map((revision) => keysLeft(store, revision).length)).toEqual([1, 0, 1, 0]);
  });
});

describe('delete, as one change of a write request', () => {
  it('shares the main revision with the changes before it, and its subs go on', () => {
    const store = storeOf('a', 'b');
    const view = new WriteView(store.view());
    put(view, { key: 'x' });
    expect(deleteRange(view, { key: 'a', rangeEnd: 'c' })).toMatchObject({
      header: { revision: 4 },
      deleted: 2,
    });
    const written = [0, 1, 2].map((sub) => view.backend.get({ main: 4, sub }));
    expect(written).toMatchObject([
      { key: 'x', version: 1 },
      { key: 'a', modRevision: 4, version: 0 },
      { key: 'b', modRevision: 4, version: 0 },
    ]);
    expect(view.keys.get('b')?.get(4)).toBeUndefined();
    // What a history forgets is what it learned: the tombstone under the revision it is stored at.
    expect(view.keys.get('b')?.compact(5)).toEqual([
      { main: 3, sub: 0 },
      { main: 4, sub: 2 },
    ]);
  });

  it('sees what the request changed before', () => {
    const store = storeOf('a');
    const view = new WriteView(store.view());
    put(view, { key: 'a', value: 'newer' });
    put(view, { key: 'b', value: 'new' });
    const { deleted, prevKvs } = deleteRange(view, { key: 'a', rangeEnd: '\0', prevKv: true });
    expect(deleted).toBe(2);
    expect(prevKvs).toMatchObject([
      { key: 'a', value: 'newer', version: 2 },
      { key: 'b', value: 'new', version: 1, createRevision: 3 },
    ]);
    expect(deleteRange(view, { key: 'a', rangeEnd: '\0' })).toEqual({
      header: { revision: 3 },
      deleted: 0,
      prevKvs: [],
    });
    expect(view.changes).toHaveLength(4);
  });

  it('leaves no lease on a tombstone', () => {
    const base = storeOf('a').view();
    put(new WriteView(base), { key: 'b', lease: 7n });
    const view = new WriteView({ ...base, revision: 3 });
    const { prevKvs } = deleteRange(view, { key: 'b', prevKv: true });
    expect(prevKvs).toMatchObject([{ lease: 7n }]);
    expect(view.backend.get({ main: 4, sub: 0 })).toMatchObject({ version: 0, lease: 0n });
  });
});

const key = fc.constantFrom('a', 'b', 'c', 'd');
const action = fc.oneof(
  fc.record({ put: key }),
  fc.record({ from: key, to: fc.option(fc.constantFrom('a', 'b', 'c', 'd', '\0'), { nil: '' }) }),
);

describe('delete, any history', () => {
  property('leaves at every revision the keys that a set would', fc.array(action), (actions) => {
    const store = trace('store', () => new Store());
    const shouldBe: string[][] = [[], []];
    let keys = new Set<string>();
    for (const one of actions) {
      const before = keys;
      if ('put' in one) {
        store.put({ key: one.put });
        keys = new Set([...keys, one.put]);
        shouldBe.push([...keys].sort());
        continue;
      }
      const { deleted } = store.deleteRange({ key: one.from, rangeEnd: one.to });
      const isDoomed = (k: string) =>
        one.to === '' ? k === one.from : k >= one.from && (one.to === '\0' || k < one.to);
      keys = new Set([...before].filter((k) => !isDoomed(k)));
      expect(deleted).toBe(before.size - keys.size);
      if (deleted > 0) shouldBe.push([...keys].sort());
    }
    expect(store.revision).toBe(shouldBe.length - 1);
    for (let main = 1; main < shouldBe.length; main++) {
      expect(keysLeft(store, main)).toEqual(shouldBe[main]);
    }
  });
});
