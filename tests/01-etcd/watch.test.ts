import {
  type Deliver,
  type Event,
  eventsAt,
  NO_WATCH,
  Store,
  type WatchBatch,
  Watchers,
  type WatchHub,
  type WatchResponse,
  type WatchSource,
  WatchStream,
  wants,
} from '#etcd';
import { describe, expect, fc, it, property, settle, trace } from '#kit';

/** A store, the hub on it, and one client's stream, of which `next` takes what has arrived. */
function watched() {
  const store = trace('store', () => new Store());
  const hub = trace('hub', () => new Watchers(store));
  return { store, hub, ...connect(hub) };
}

/** The same on a store that says it was compacted; compacting itself is the next exercise. */
function watchedAfterCompaction() {
  const store = trace('store', () => new Store());
  let compactedRevision = -1;
  const source: WatchSource = {
    view: () => ({ ...store.view(), compactedRevision }),
    onCommit: (listener) => store.onCommit(listener),
  };
  const hub = trace('hub', () => new Watchers(source));
  const compactTo = (revision: number) => {
    compactedRevision = revision;
  };
  return { store, hub, compactTo, ...connect(hub) };
}

function connect(hub: Watchers) {
  const received = trace('received', (): WatchResponse[] => []);
  const stream = trace(
    'stream',
    () =>
      new WatchStream(hub, (response) => {
        received[received.length] = response;
        return true;
      }),
  );
  const next = async () => {
    await settle();
    const arrived = [...received];
    received.length = 0;
    return arrived;
  };
  return { stream, next };
}

/** Events in short: `a=1`, or `a gone`. */
const short = (events: readonly Event[]) =>
  events.map(({ type, kv }) => (type === 'put' ? `${kv.key}=${kv.value}` : `${kv.key} gone`));
const eventsIn = (responses: readonly WatchResponse[]) =>
  responses.flatMap(({ events }) => short(events));
const everything = { key: '\0', rangeEnd: '\0' };

describe('watch', () => {
  it.core('sees what comes after it was created, and nothing before', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: 'old' });
    stream.create({ key: 'a' });
    expect(await next()).toEqual([
      { header: { revision: 2 }, watchId: 0, created: true, events: [] },
    ]);
    store.put({ key: 'a', value: 'new' });
    expect(await next()).toMatchObject([
      {
        header: { revision: 3 },
        watchId: 0,
        events: [{ type: 'put', kv: { key: 'a', value: 'new', modRevision: 3, version: 2 } }],
      },
    ]);
  });

  it.core('sees the past from its start on, then the present, nothing twice', async () => {
    const { store, stream, next } = watched();
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    stream.create({ key: 'a', startRevision: 3 });
    store.put({ key: 'a', value: '4' });
    const first = await next();
    store.put({ key: 'a', value: '5' });
    expect(eventsIn([...first, ...(await next())])).toEqual(['a=2', 'a=3', 'a=4', 'a=5']);
    expect(first[0]).toMatchObject({ created: true, events: [] });
  });

  it.core('sees the keys of its range only', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'b', rangeEnd: 'd' });
    for (const key of ['a', 'b', 'bb', 'c', 'd']) store.put({ key, value: 'x' });
    expect(eventsIn(await next())).toEqual(['b=x', 'bb=x', 'c=x']);
  });

  it.core('sees deletions', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a' });
    store.deleteRange({ key: 'a' });
    expect((await next()).flatMap(({ events }) => events)).toMatchObject([
      { type: 'delete', kv: { key: 'a', modRevision: 3, version: 0 } },
    ]);
  });

  it.core('gets the changes of one transaction together, in their order', async () => {
    const { store, stream, next } = watched();
    stream.create(everything);
    await next();
    store.txn({ success: ['z', 'a', 'm'].map((key) => ({ put: { key, value: '1' } })) });
    const responses = await next();
    expect(responses).toHaveLength(1);
    expect(eventsIn(responses)).toEqual(['z=1', 'a=1', 'm=1']);
  });

  it.core('can be one of many on a stream, told apart by ids', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a' });
    stream.create({ key: 'b', watchId: 5 });
    stream.create({ key: 'a' });
    const created = await next();
    expect(created.map(({ watchId }) => watchId)).toEqual([0, 5, 1]);
    store.put({ key: 'b', value: '1' });
    store.put({ key: 'a', value: '1' });
    const ids = (await next()).map(({ watchId, events }) => [short(events).join(), watchId]);
    expect(ids.sort()).toEqual([
      ['a=1', 0],
      ['a=1', 1],
      ['b=1', 5],
    ]);
  });

  it.core('ends when it is canceled', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a' });
    stream.create({ key: 'a' });
    await next();
    store.put({ key: 'x' });
    stream.cancel(0);
    expect(await next()).toEqual([
      { header: { revision: 2 }, watchId: 0, canceled: true, events: [] },
    ]);
    store.put({ key: 'a', value: '1' });
    expect(await next()).toMatchObject([{ watchId: 1 }]);
  });
});

describe('watch, from where', () => {
  it('begins in the future', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', startRevision: 4 });
    await next();
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    expect(eventsIn(await next())).toEqual(['a=3']);
  });

  it('begins at the newest revision, which has happened', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a', startRevision: 2 });
    expect(eventsIn(await next())).toEqual(['a=1']);
  });

  it('sees what happens between its creation and its first turn once', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a' });
    stream.create({ key: 'a', startRevision: 1 });
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'a', value: '2' });
    const responses = await next();
    for (const id of [0, 1]) {
      const own = responses.filter(({ watchId }) => watchId === id);
      expect(own[0]?.created).toBe(true);
      expect(eventsIn(own)).toEqual(['a=1', 'a=2']);
    }
  });

  it('sees deletions and new lives of the past', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    store.deleteRange(everything);
    store.put({ key: 'a', value: '2' });
    store.put({ key: 'b', value: 'of another' });
    stream.create({ key: 'a', startRevision: 1 });
    const [, history] = await next();
    expect(eventsIn(history ? [history] : [])).toEqual(['a=1', 'a gone', 'a=2']);
    // So far the store has come, and so far the watch has seen all it wants.
    expect(history?.header.revision).toBe(5);
  });

  it('is not told of commits it wants nothing of', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'b' });
    stream.create({ key: 'a', startRevision: 1 });
    expect(await next()).toMatchObject([{ created: true }]);
    store.put({ key: 'b' });
    store.deleteRange({ key: 'nobody' });
    expect(await next()).toEqual([]);
    store.put({ key: 'a' });
    expect(await next()).toMatchObject([{ header: { revision: 4 } }]);
  });
});

describe('watch, which events', () => {
  it('takes the empty key for the smallest', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: '', rangeEnd: '\0' });
    stream.create({ key: '', rangeEnd: 'b' });
    for (const key of ['\0', 'a', 'b']) store.put({ key, value: '1' });
    const responses = await next();
    const of = (id: number) => eventsIn(responses.filter(({ watchId }) => watchId === id));
    expect(of(0)).toEqual(['\0=1', 'a=1', 'b=1']);
    expect(of(1)).toEqual(['\0=1', 'a=1']);
  });

  it('takes an empty end for no end: one key', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', rangeEnd: '' });
    stream.create({ key: '' });
    for (const key of ['\0', '\0\0', 'a', 'b']) store.put({ key, value: '1' });
    const responses = await next();
    const of = (id: number) => eventsIn(responses.filter(({ watchId }) => watchId === id));
    expect([of(0), of(1)]).toEqual([['a=1'], ['\0=1']]);
  });

  it('leaves out what a filter names', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', filters: ['noput'] });
    stream.create({ key: 'a', filters: ['nodelete'] });
    stream.create({ key: 'a', filters: ['noput', 'nodelete'] });
    store.put({ key: 'a', value: '1' });
    store.deleteRange({ key: 'a' });
    const responses = await next();
    const of = (id: number) => eventsIn(responses.filter(({ watchId }) => watchId === id));
    expect([of(0), of(1), of(2)]).toEqual([['a gone'], ['a=1'], []]);
  });

  it('is decided by range and type', () => {
    const event = (type: Event['type'], key: string): Event => ({
      type,
      kv: { key, value: '', createRevision: 2, modRevision: 2, version: 1, lease: 0n },
    });
    const from = { startRevision: 1 };
    expect(wants({ key: 'a', ...from }, event('put', 'a'))).toBe(true);
    expect(wants({ key: 'a', ...from }, event('put', 'ab'))).toBe(false);
    expect(wants({ key: 'a', rangeEnd: 'c', ...from }, event('delete', 'c'))).toBe(false);
    expect(wants({ key: 'a', rangeEnd: '\0', ...from }, event('delete', 'c'))).toBe(true);
    expect(wants({ key: 'a', filters: ['noput'], ...from }, event('put', 'a'))).toBe(false);
    expect(wants({ key: 'a', filters: [], ...from }, event('put', 'a'))).toBe(true);
  });

  it('carries the version before when asked, but none for a creation', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', prevKv: true });
    stream.create({ key: 'a' });
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'a', value: '2' });
    store.deleteRange({ key: 'a' });
    store.put({ key: 'a', value: '3' });
    const responses = await next();
    const previous = (id: number) =>
      responses
        .filter(({ watchId }) => watchId === id)
        .flatMap(({ events }) => events.map(({ prevKv }) => prevKv?.value));
    expect(previous(0)).toEqual([undefined, '1', '2', undefined]);
    expect(previous(1)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('carry no version before a creation, though the key was deleted in the same revision', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    const success = [{ deleteRange: everything }, { put: { key: 'a', value: '2' } }];
    store.txn({ success });
    expect(eventsAt(store.view(), 3, true)).toMatchObject([
      { type: 'delete', prevKv: { value: '1' } },
      { type: 'put', kv: { value: '2', version: 1 } },
    ]);
    expect(eventsAt(store.view(), 3, true)[1]?.prevKv).toBeUndefined();
  });

  it('carry no version before that is gone', () => {
    const store = trace('store', () => new Store());
    for (const value of ['1', '2']) store.put({ key: 'a', value });
    const view = store.view();
    view.backend.delete({ main: 2, sub: 0 });
    expect(eventsAt(view, 3, true)).toMatchObject([{ type: 'put', kv: { value: '2' } }]);
    expect(eventsAt(view, 3, true)[0]?.prevKv).toBeUndefined();
  });

  it('are read by revision', () => {
    const store = trace('store', () => new Store());
    store.put({ key: 'a', value: '1' });
    store.txn({ success: [{ put: { key: 'b' } }, { deleteRange: { key: 'a' } }] });
    const view = store.view();
    expect(short(eventsAt(view, 2, false))).toEqual(['a=1']);
    expect(eventsAt(view, 3, true)).toMatchObject([
      { type: 'put', kv: { key: 'b' } },
      { type: 'delete', kv: { key: 'a' }, prevKv: { value: '1', modRevision: 2 } },
    ]);
    expect(eventsAt(view, 3, false).map(({ prevKv }) => prevKv)).toEqual([undefined, undefined]);
    expect(eventsAt(view, 4, true)).toEqual([]);
  });
});

describe('watch, ids', () => {
  it('refuses an id in use, and goes on', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', watchId: 3 });
    stream.create({ key: 'b', watchId: 3 });
    expect(await next()).toEqual([
      { header: { revision: 1 }, watchId: 3, created: true, events: [] },
      {
        header: { revision: 1 },
        watchId: NO_WATCH,
        created: true,
        canceled: true,
        cancelReason: 'mvcc: duplicate watch ID provided on the WatchStream',
        events: [],
      },
    ]);
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'b', value: '1' });
    expect(eventsIn(await next())).toEqual(['a=1']);
  });

  it('refuses an id that the stream itself handed out', async () => {
    const { store, stream, next } = watched();
    for (const key of ['a', 'b']) stream.create({ key });
    stream.create({ key: 'c', watchId: 1 });
    expect((await next()).at(-1)).toMatchObject({ watchId: NO_WATCH, canceled: true });
    for (const key of ['a', 'b', 'c']) store.put({ key, value: '1' });
    stream.cancel(1);
    store.put({ key: 'b', value: '2' });
    expect(eventsIn(await next())).toEqual(['a=1', 'b=1']);
  });

  it('refuses an empty range', async () => {
    const { stream, next } = watched();
    stream.create({ key: 'b', rangeEnd: 'b' });
    stream.create({ key: 'b', rangeEnd: 'a' });
    const refusal = {
      watchId: NO_WATCH,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: watcher range is empty',
    };
    expect(await next()).toMatchObject([refusal, refusal]);
    stream.create({ key: 'b' });
    expect(await next()).toMatchObject([{ watchId: 0, created: true }]);
  });

  it('passes over ids that clients chose, and never hands one out twice', async () => {
    const { stream, next } = watched();
    stream.create({ key: 'a', watchId: 1 });
    for (let i = 0; i < 3; i++) stream.create({ key: 'a', watchId: 0 });
    stream.cancel(2);
    stream.create({ key: 'a' });
    const created = (await next()).filter((response) => response.created);
    expect(created.map(({ watchId }) => watchId)).toEqual([1, 0, 2, 3, 4]);
  });

  it('can be chosen again after the watch has ended', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a', watchId: 7 });
    stream.cancel(7);
    stream.create({ key: 'b', watchId: 7 });
    const ends = (await next()).map((response) => response.canceled ?? false);
    expect(ends).toEqual([false, true, false]);
    store.put({ key: 'a', value: '1' });
    store.put({ key: 'b', value: '1' });
    expect(eventsIn(await next())).toEqual(['b=1']);
  });

  it('are a stream’s own', async () => {
    const { store, hub, stream, next } = watched();
    const other = connect(hub);
    stream.create({ key: 'a' });
    other.stream.create({ key: 'b' });
    stream.cancel(0);
    await next();
    expect(await other.next()).toMatchObject([{ watchId: 0, created: true }]);
    store.put({ key: 'b', value: '1' });
    expect(eventsIn(await other.next())).toEqual(['b=1']);
    expect(await next()).toEqual([]);
  });
});

describe('watch, its end', () => {
  it('is not answered for an unknown id', async () => {
    const { stream, next } = watched();
    stream.create({ key: 'a' });
    stream.cancel(1);
    stream.cancel(0);
    stream.cancel(0);
    expect(await next()).toMatchObject([{ created: true }, { watchId: 0, canceled: true }]);
  });

  it('comes before history that was not delivered yet', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a', startRevision: 1 });
    stream.cancel(0);
    expect(await next()).toMatchObject([{ created: true }, { canceled: true, events: [] }]);
  });

  it('comes without an answer when the stream closes', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a' });
    stream.create({ key: 'a', startRevision: 1 });
    await next();
    store.put({ key: 'a', value: '1' });
    expect(await next()).toHaveLength(2);
    stream.close();
    store.put({ key: 'a', value: '2' });
    expect(await next()).toEqual([]);
  });

  it('comes with the first revision left when history is compacted', async () => {
    const { store, stream, next, compactTo } = watchedAfterCompaction();
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    compactTo(3);
    stream.create({ key: 'a', startRevision: 2 });
    expect(await next()).toMatchObject([
      { header: { revision: 4 }, watchId: 0, created: true, events: [] },
      { header: { revision: 0 }, watchId: 0, canceled: true, compactRevision: 3, events: [] },
    ]);
    store.put({ key: 'a', value: '4' });
    stream.cancel(0);
    expect(await next()).toEqual([]);
  });

  it('is offered by the hub until the client has room for it', () => {
    const deliveries: Deliver[] = [];
    const closed: string[] = [];
    const hub: WatchHub = {
      revision: 9,
      add: ({ key }, deliver) => {
        deliveries.push(deliver);
        return { isSynced: false, close: () => closed.push(key) };
      },
    };
    let hasRoom = true;
    const taken: WatchResponse[] = [];
    const stream = new WatchStream(hub, (response) => hasRoom && taken.push(response) > 0);
    for (const key of ['a', 'b']) stream.create({ key, startRevision: 2 });
    hasRoom = false;
    const end = { revision: 9, events: [], compactRevision: 5 };
    expect(deliveries.map((deliver) => deliver(end))).toEqual([false, false]);
    hasRoom = true;
    expect(deliveries[0]?.(end)).toBe(true);
    stream.cancel(0);
    stream.cancel(1);
    expect(taken.filter(({ canceled }) => canceled)).toEqual([
      { header: { revision: 0 }, watchId: 0, canceled: true, compactRevision: 5, events: [] },
      { header: { revision: 9 }, watchId: 1, canceled: true, events: [] },
    ]);
    expect(closed).toContain('b');
  });

  it('does not come when it begins just at the revision compacted to', async () => {
    const { store, stream, next, compactTo } = watchedAfterCompaction();
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    compactTo(3);
    stream.create({ key: 'a', startRevision: 3 });
    expect(eventsIn(await next())).toEqual(['a=2', 'a=3']);
  });

  it('does not come for a watch that is up to date when older history is compacted', async () => {
    const { store, stream, next, compactTo } = watchedAfterCompaction();
    store.put({ key: 'b', value: '1' });
    stream.create({ key: 'a', startRevision: 1 });
    await next();
    for (const value of ['2', '3']) store.put({ key: 'b', value });
    compactTo(4);
    store.put({ key: 'a', value: '1' });
    expect(eventsIn(await next())).toEqual(['a=1']);
  });
});

describe('watch, progress', () => {
  it('is reported for the whole stream when all its watches are synced', async () => {
    const { store, stream, next } = watched();
    stream.create({ key: 'a' });
    stream.create({ key: 'b', startRevision: 1 });
    store.put({ key: 'x' });
    await next();
    stream.progress();
    expect(await next()).toEqual([{ header: { revision: 2 }, watchId: NO_WATCH, events: [] }]);
  });

  it('is not reported while a watch has history to get', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a', startRevision: 2 });
    stream.progress();
    expect((await next()).filter(({ watchId }) => watchId === NO_WATCH)).toEqual([]);
    stream.progress();
    expect(await next()).toMatchObject([{ watchId: NO_WATCH, header: { revision: 2 } }]);
  });

  it('is not reported while any watch has history to get', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a' });
    await next();
    stream.create({ key: 'a', startRevision: 2 });
    stream.create({ key: 'a' });
    stream.progress();
    expect((await next()).map(({ watchId }) => watchId)).not.toContain(NO_WATCH);
    stream.progress();
    expect(await next()).toMatchObject([{ watchId: NO_WATCH, header: { revision: 2 } }]);
  });

  it('is reported when a watch begins in the future, or was canceled before its history', async () => {
    const { store, stream, next } = watched();
    store.put({ key: 'a', value: '1' });
    stream.create({ key: 'a', startRevision: 9 });
    await next();
    stream.create({ key: 'a', startRevision: 2 });
    stream.cancel(1);
    stream.progress();
    const responses = await next();
    expect(responses.at(-1)).toMatchObject({ watchId: NO_WATCH, header: { revision: 2 } });
  });

  it('is reported for a stream without watches', async () => {
    const { stream, next } = watched();
    stream.progress();
    expect(await next()).toMatchObject([{ watchId: NO_WATCH, header: { revision: 1 } }]);
  });
});

describe('watchers, the simple hub', () => {
  it('delivers history as one batch, after add has returned', async () => {
    const store = trace('store', () => new Store());
    const hub = trace('hub', () => new Watchers(store));
    for (const value of ['1', '2']) store.put({ key: 'a', value });
    const batches: WatchBatch[] = [];
    const watch = hub.add({ key: 'a', startRevision: 1 }, (batch) => batches.push(batch) > 0);
    expect(watch.isSynced).toBe(false);
    store.put({ key: 'a', value: '3' });
    store.put({ key: 'b', value: 'of another' });
    expect(batches).toEqual([]);
    await settle();
    expect(batches.map(({ revision, events }) => [revision, ...short(events)])).toEqual([
      [5, 'a=1', 'a=2', 'a=3'],
    ]);
    expect(watch.isSynced).toBe(true);
    watch.close();
    store.put({ key: 'a', value: '4' });
    expect(hub.revision).toBe(6);
    expect(batches).toHaveLength(1);
  });

  it('lets a receiver close another watch, and itself', async () => {
    const store = trace('store', () => new Store());
    const hub = trace('hub', () => new Watchers(store));
    const seen: string[] = [];
    const first = hub.add({ key: 'a', startRevision: 1 }, () => {
      first.close();
      second.close();
      return seen.push('first') > 0;
    });
    const second = hub.add({ key: 'a', startRevision: 1 }, () => seen.push('second') > 0);
    hub.add({ key: 'a', startRevision: 1 }, () => seen.push('third') > 0);
    await settle();
    for (let i = 0; i < 2; i++) store.put({ key: 'a' });
    expect(seen).toEqual(['first', 'third', 'third']);
  });
});

const someKey = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: someKey }) },
  { weight: 2, arbitrary: fc.record({ delete: someKey }) },
  { weight: 1, arbitrary: fc.record({ both: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ watchFrom: fc.nat(12), key: someKey }) },
  { weight: 2, arbitrary: fc.record({ settle: fc.constant(true) }) },
);

describe('watch, any history', () => {
  property(
    'every watch sees every change of its keys from its start on, once, whole, in order',
    fc.array(step, { maxLength: 30 }),
    async (steps) => {
      const { store, stream, next } = watched();
      const watches: { key: string; from: number }[] = [];
      const responses: WatchResponse[] = [];
      for (const [i, one] of steps.entries()) {
        if ('put' in one) store.put({ key: one.put, value: String(i) });
        else if ('delete' in one) store.deleteRange({ key: one.delete });
        else if ('both' in one) {
          store.txn({ success: [{ put: { key: 'c' } }, { put: { key: 'a' } }] });
        } else if ('settle' in one) responses.push(...(await next()));
        else {
          watches.push({ key: one.key, from: one.watchFrom || store.revision + 1 });
          stream.create({ key: one.key, rangeEnd: '\0', startRevision: one.watchFrom });
        }
      }
      responses.push(...(await next()));
      const history = Array.from({ length: store.revision + 1 }, (_, main) =>
        store.view().backend.changesAt(main),
      ).flat();
      for (const [id, { key, from }] of watches.entries()) {
        const wanted = history.filter((kv) => kv.key >= key && kv.modRevision >= from);
        const own = responses.filter(({ watchId, created }) => watchId === id && !created);
        expect(own.flatMap(({ events }) => events.map(({ kv }) => kv))).toEqual(wanted);
        const ends = own.map(({ events }) => events.at(-1)?.kv.modRevision);
        const begins = own.map(({ events }) => events[0]?.kv.modRevision);
        expect(begins.slice(1).filter((main, i) => main === ends[i])).toEqual([]);
      }
    },
  );
});
