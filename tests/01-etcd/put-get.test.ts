import { Backend, EtcdError, get, put, Store, TreeIndex, WriteView } from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

/** The key as a reader at `atMain` sees it; the newest version if left out. */
const read = (store: Store, key: string, atMain = store.revision) => get(store.view(), key, atMain);

describe('put and get', () => {
  it.core('reads what was put', () => {
    const store = trace('store', () => new Store());
    expect(store.put({ key: 'a', value: '1' }).header.revision).toBe(2);
    expect(read(store, 'a')).toEqual({
      key: 'a',
      value: '1',
      createRevision: 2,
      modRevision: 2,
      version: 1,
      lease: 0n,
    });
  });

  it.core('takes a revision for every put, of whatever key', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    expect(store.put({ key: 'b', value: '1' }).header.revision).toBe(3);
    expect(store.put({ key: 'a', value: '2' }).header.revision).toBe(4);
    expect(read(store, 'b')).toMatchObject({ createRevision: 3, modRevision: 3, version: 1 });
    expect(read(store, 'a')).toMatchObject({ createRevision: 2, modRevision: 4, version: 2 });
  });

  it.core('reads the past', () => {
    const store = trace('store', () => new Store());
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    expect(read(store, 'a', 1)).toBeUndefined();
    expect(read(store, 'a', 2)).toMatchObject({ value: '1', version: 1, modRevision: 2 });
    expect(read(store, 'a', 3)).toMatchObject({ value: '2', version: 2, modRevision: 3 });
    expect(read(store, 'a', 4)).toMatchObject({ value: '3', version: 3, modRevision: 4 });
  });

  it.core('answers with the version before when asked', () => {
    const store = trace('store', () => new Store());
    expect(store.put({ key: 'a', value: '1', prevKv: true }).prevKv).toBeUndefined();
    store.put({ key: 'a', value: '2' });
    expect(store.put({ key: 'a', value: '3', prevKv: true }).prevKv).toEqual({
      key: 'a',
      value: '2',
      createRevision: 2,
      modRevision: 3,
      version: 2,
      lease: 0n,
    });
  });

  it.core('keeps the value with ignoreValue', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: 'kept' });
    store.put({ key: 'a', ignoreValue: true });
    expect(read(store, 'a')).toMatchObject({ value: 'kept', version: 2, modRevision: 3 });
  });

  it.core('refuses ignoreValue for a key that does not exist', () => {
    const store = trace('store', () => new Store());
    expect(() => store.put({ key: 'a', ignoreValue: true })).toThrow({
      name: 'EtcdError',
      code: 'InvalidArgument',
      message: 'etcdserver: key not found',
    });
    expect(store.revision).toBe(1);
  });
});

describe('get', () => {
  it('finds nothing for a key that was never put', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'ab' });
    expect(read(store, 'a')).toBeUndefined();
    expect(read(store, 'abc')).toBeUndefined();
  });

  it('does not mix up keys', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: 'of a' });
    store.put({ key: 'aa', value: 'of aa' });
    store.put({ key: '\0', value: 'of zero' });
    expect(['a', 'aa', '\0'].map((key) => read(store, key)?.value)).toEqual([
      'of a',
      'of aa',
      'of zero',
    ]);
  });

  it('reads a key between two puts of it, when another was put', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'b', value: '2' });
    store.put({ key: 'a', value: '3' });
    expect(read(store, 'a', 3)).toMatchObject({ value: '1', modRevision: 2 });
    expect(read(store, 'b', 2)).toBeUndefined();
  });
});

describe('put', () => {
  it('stores an empty value when none is given', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: 'something' });
    store.put({ key: 'a' });
    expect(read(store, 'a')).toMatchObject({ value: '', version: 2 });
    store.put({ key: 'a', value: 'something' });
    store.put({ key: 'a', prevKv: true });
    expect(read(store, 'a')).toMatchObject({ value: '', version: 4 });
  });

  it('does not answer with the version before when not asked', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    expect(store.put({ key: 'a', value: '2' }).prevKv).toBeUndefined();
    expect(store.put({ key: 'a', ignoreValue: true }).prevKv).toBeUndefined();
    expect(read(store, 'a')).toMatchObject({ value: '2', version: 3 });
  });

  it('leaves what was read before as it was', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    const before = read(store, 'a');
    store.put({ key: 'a', ignoreValue: true, prevKv: true });
    store.put({ key: 'a', ignoreValue: true });
    store.put({ key: 'a', value: '2' });
    expect(before).toMatchObject({ value: '1', modRevision: 2, version: 1 });
    expect(read(store, 'a', 3)).toMatchObject({ value: '1', modRevision: 3, version: 2 });
  });

  it('with ignoreValue still answers with the version before', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: 'kept' });
    const { prevKv } = store.put({ key: 'a', ignoreValue: true, prevKv: true });
    expect(prevKv).toMatchObject({ value: 'kept', version: 1 });
  });

  it('refuses ignoreLease for a key that does not exist, and leaves no trace of it', () => {
    const store = trace('store', () => new Store());
    expect(() => store.put({ key: 'a', ignoreLease: true })).toThrow(EtcdError);
    expect(() => store.put({ key: 'a', ignoreLease: true })).toThrow('etcdserver: key not found');
    expect(read(store, 'a')).toBeUndefined();
    expect(store.view().keys.size).toBe(0);
    expect(store.put({ key: 'a', value: '1' }).header.revision).toBe(2);
    expect(read(store, 'a')).toMatchObject({ createRevision: 2, version: 1 });
  });
});

/** A store's insides without the store: what one write request after another is given. */
function insides(revision = 1) {
  return { revision, compactedRevision: -1, keys: new TreeIndex(), backend: new Backend() };
}

describe('put, as one change of a write request', () => {
  it('shares the main revision with the other changes of the request', () => {
    const base = insides(7);
    const view = new WriteView(base);
    expect(put(view, { key: 'a', value: '1' }).header.revision).toBe(8);
    expect(put(view, { key: 'b', value: '2' }).header.revision).toBe(8);
    expect(base.backend.get({ main: 8, sub: 0 })).toMatchObject({ key: 'a', value: '1' });
    expect(base.backend.get({ main: 8, sub: 1 })).toMatchObject({ key: 'b', modRevision: 8 });
    expect(view.changes.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('sees what the request put before', () => {
    const view = new WriteView(insides());
    put(view, { key: 'a', value: '1' });
    expect(get(view, 'a', view.revision)).toMatchObject({ value: '1', version: 1 });
    const { prevKv } = put(view, { key: 'a', ignoreValue: true, prevKv: true });
    expect(prevKv).toMatchObject({ value: '1', version: 1, modRevision: 2 });
    expect(get(view, 'a', view.revision)).toMatchObject({ value: '1', version: 2 });
  });

  it('begins at version 1 again after a deletion', () => {
    const base = insides();
    put(new WriteView(base), { key: 'a', value: '1' });
    base.keys.get('a')?.tombstone({ main: 3, sub: 0 });
    const view = new WriteView({ ...base, revision: 3 });
    expect(get(view, 'a', 3)).toBeUndefined();
    expect(put(view, { key: 'a', value: '2', prevKv: true }).prevKv).toBeUndefined();
    expect(get(view, 'a', 4)).toMatchObject({ createRevision: 4, modRevision: 4, version: 1 });
  });

  it('refuses ignoreValue for a key that was deleted', () => {
    const base = insides();
    put(new WriteView(base), { key: 'a', value: '1' });
    base.keys.get('a')?.tombstone({ main: 3, sub: 0 });
    const view = new WriteView({ ...base, revision: 3 });
    expect(() => put(view, { key: 'a', ignoreValue: true })).toThrow('etcdserver: key not found');
    expect(view.changes).toEqual([]);
  });

  it('records the lease, and keeps it only with ignoreLease', () => {
    const base = insides();
    put(new WriteView(base), { key: 'a', value: '1', lease: 7n });
    put(new WriteView({ ...base, revision: 2 }), { key: 'a', value: '2', ignoreLease: true });
    put(new WriteView({ ...base, revision: 3 }), { key: 'a', ignoreLease: true });
    put(new WriteView({ ...base, revision: 4 }), { key: 'a', ignoreValue: true });
    const versions = [2, 3, 4, 5].map((main) => get(base, 'a', main));
    expect(versions.map((kv) => kv?.lease)).toEqual([7n, 7n, 7n, 0n]);
    expect(versions.map((kv) => kv?.value)).toEqual(['1', '2', '', '']);
  });

  it('keeps value and lease with both ignoreValue and ignoreLease', () => {
    const base = insides();
    put(new WriteView(base), { key: 'a', value: '1', lease: 7n });
    const request = { key: 'a', ignoreValue: true, ignoreLease: true };
    put(new WriteView({ ...base, revision: 2 }), request);
    expect(get(base, 'a', 3)).toMatchObject({ value: '1', lease: 7n, version: 2 });
  });
});

describe('put and get, any history', () => {
  property(
    'every version can be read at every revision until the next one',
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.string({ maxLength: 3 })), {
      maxLength: 25,
    }),
    (puts) => {
      const store = trace('store', () => new Store());
      for (const [key, value] of puts) store.put({ key, value });
      for (let main = 1; main <= puts.length + 1; main++) {
        for (const key of ['a', 'b', 'c']) {
          const until = puts.slice(0, main - 1);
          const last = until.findLastIndex((one) => one[0] === key);
          const first = until.findIndex((one) => one[0] === key);
          const version = until.filter((one) => one[0] === key).length;
          expect(read(store, key, main)).toEqual(
            last === -1
              ? undefined
              : {
                  key,
                  value: until[last]?.[1],
                  createRevision: first + 2,
                  modRevision: last + 2,
                  version,
                  lease: 0n,
                },
          );
        }
      }
    },
  );
});
