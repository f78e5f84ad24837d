import { FakeClock } from '#apimachinery';
import { Store, type StoreState } from '#etcd';
import { describe, expect, it, trace } from '#kit';

const everything = { key: '\0', rangeEnd: '\0' };

/** A store, and another restored from its state. */
function twin(store: Store): Store {
  const clock = trace('clock', () => new FakeClock());
  const state = trace('state', () => store.state());
  return trace('restored', () => Store.restore(state, { clock }));
}

function newStore() {
  const clock = trace('clock', () => new FakeClock());
  return trace('store', () => new Store({ clock }));
}

const versionsOf = (state: StoreState) => state.versions.map(([{ main }, kv]) => [main, kv.key]);

describe('store', () => {
  it('begins at revision 1, compacted nowhere', () => {
    const store = trace('store', () => new Store());
    expect([store.revision, store.compactedRevision]).toEqual([1, -1]);
    expect(store.header()).toEqual({ revision: 1 });
  });

  it('tells listeners of every commit once it can be read', () => {
    const store = trace('store', () => new Store());
    const heard: [number, number][] = [];
    const stop = store.onCommit((revision) =>
      heard.push([revision, store.range(everything).count]),
    );
    store.put({ key: 'a' });
    store.txn({ success: [{ put: { key: 'b' } }, { put: { key: 'c' } }] });
    store.txn({ success: [{ range: { key: 'a' } }] });
    store.deleteRange({ key: 'nobody' });
    store.deleteRange(everything);
    stop();
    store.put({ key: 'd' });
    expect(heard).toEqual([
      [2, 1],
      [3, 3],
      [4, 0],
    ]);
  });

  it('needs a clock for leases only', () => {
    const store = trace('store', () => new Store());
    expect(() => store.leaseGrant(7n, 10)).toThrow('needs a clock');
    expect(store.put({ key: 'a' }).header.revision).toBe(2);
  });
});

describe('store, restored', () => {
  it('answers as before, now and in the past', () => {
    const store = newStore();
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'a', value: '2' });
    store.txn({ success: [{ put: { key: 'b' } }, { deleteRange: { key: 'a' } }] });
    store.put({ key: 'a', value: '3' });
    const restored = twin(store);
    for (let revision = 1; revision <= store.revision; revision++) {
      expect(restored.range({ ...everything, revision })).toEqual(
        store.range({ ...everything, revision }),
      );
    }
    for (const each of [store, restored]) each.put({ key: 'a', value: '4' });
    expect(restored.range(everything)).toEqual(store.range(everything));
  });

  it('compacts as before, tombstones that stand alone included', () => {
    const store = newStore();
    store.put({ key: 'a' });
    store.put({ key: 'b', value: '1' });
    store.put({ key: 'b', value: '2' });
    store.deleteRange({ key: 'a' });
    store.compact({ revision: 5 });
    const restored = twin(store);
    expect(versionsOf(restored.state())).toEqual([
      [4, 'b'],
      [5, 'a'],
    ]);
    expect(() => restored.range({ key: 'a', revision: 4 })).toThrow('has been compacted');
    expect(restored.range({ key: 'b' }).kvs).toMatchObject([{ version: 2, createRevision: 3 }]);
    for (const each of [store, restored]) {
      each.put({ key: 'a' });
      each.compact({ revision: 6 });
    }
    expect(restored.state()).toEqual(store.state());
    expect(restored.range({ key: 'a' }).kvs).toMatchObject([{ version: 1, createRevision: 6 }]);
  });

  it('gives leases their keys, and their whole time again', () => {
    const store = newStore();
    store.leaseGrant(7n, 10);
    store.leaseGrant(8n, 20);
    for (const key of ['a', 'b']) store.put({ key, lease: 7n });
    store.put({ key: 'b', lease: 8n });
    const restored = twin(store);
    expect(restored.lessor.timeToLive(7n)).toEqual({
      ttlSeconds: 10,
      grantedTtlSeconds: 10,
      keys: ['a'],
    });
    expect(restored.lessor.timeToLive(8n)?.keys).toEqual(['b']);
  });

  it('does not need leases that are gone and only history remembers', () => {
    const store = newStore();
    store.leaseGrant(7n, 10);
    store.leaseGrant(8n, 20);
    store.put({ key: 'a', lease: 7n });
    store.put({ key: 'b', lease: 7n });
    store.put({ key: 'b' });
    store.leaseRevoke(7n);
    const restored = twin(store);
    expect(restored.state()).toEqual(store.state());
    expect(restored.lessor.list()).toEqual([8n]);
    expect(restored.range({ key: 'a', revision: 3 }).kvs).toMatchObject([{ lease: 7n }]);
  });

  it('does not attach to a new lease what an old one of the same id had', () => {
    const store = newStore();
    store.leaseGrant(7n, 10);
    store.put({ key: 'a', lease: 7n });
    store.leaseRevoke(7n);
    store.leaseGrant(7n, 10);
    store.put({ key: 'a' });
    const restored = twin(store);
    expect(restored.lessor.timeToLive(7n)?.keys).toEqual([]);
  });
});
