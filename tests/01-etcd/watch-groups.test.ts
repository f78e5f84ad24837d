import {
  type Event,
  NO_WATCH,
  Store,
  type Watch,
  type WatchBatch,
  WatchGroups,
  type WatchResponse,
  type WatchSpec,
  WatchStream,
} from '#etcd';
import { describe, expect, fc, it, property, trace } from '#kit';

/** A store with key `a` put at 2 to `revision`; rounds wait in `scheduled` to be run. */
function newWorld(revision: number) {
  const store = trace('store', () => new Store());
  for (let main = 2; main <= revision; main++) store.put({ key: 'a', value: String(main) });
  const scheduled = trace('scheduled', (): (() => void)[] => []);
  const schedule = (run: () => void) => {
    scheduled[scheduled.length] = run;
  };
  /** Runs the scheduled rounds and those they schedule; says how many there were. */
  const runScheduled = () => {
    for (let rounds = 0; ; rounds++) {
      const [run, ...others] = [...scheduled];
      if (run === undefined) return rounds;
      if (rounds === 100) expect.unreachable('rounds should have come to an end');
      scheduled.length = 0;
      for (const other of others) schedule(other);
      run();
    }
  };
  return { store, scheduled, schedule, runScheduled };
}

/** The same with groups on the store whose rounds are as large as they are if nothing is said. */
function newGroups(revision: number) {
  const world = newWorld(revision);
  const { store, schedule } = world;
  return { ...world, hub: trace('hub', () => new WatchGroups(store, { schedule })) };
}

/** A receiver with a switch: what it took, and how often it was offered something while full. */
class Receiver {
  readonly batches: WatchBatch[] = [];
  refused = 0;
  isFull = false;

  readonly deliver = (batch: WatchBatch): boolean => {
    if (this.isFull) {
      this.refused += 1;
      return false;
    }
    this.batches.push(batch);
    return true;
  };

  /** The main revisions of the events taken, batch by batch. */
  get revisions(): number[][] {
    return this.batches.map(({ events }) => events.map(({ kv }) => kv.modRevision));
  }
}

function watch(hub: WatchGroups, spec: Partial<WatchSpec> & { startRevision: number }) {
  const receiver = new Receiver();
  const added: Watch = hub.add({ key: 'a', ...spec }, receiver.deliver);
  return { receiver, watch: added };
}

const upTo = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('watch groups', () => {
  it.core('delivers a commit to a synced watch before the commit’s caller goes on', () => {
    const { store, hub, scheduled } = newGroups(3);
    const { receiver, watch: one } = watch(hub, { startRevision: 4 });
    expect(one.isSynced).toBe(true);
    store.put({ key: 'a', value: 'now' });
    expect(receiver.batches).toMatchObject([
      { revision: 4, events: [{ type: 'put', kv: { key: 'a', value: 'now' } }] },
    ]);
    expect(scheduled).toHaveLength(0);
  });

  it.core('catches up in rounds, so many revisions each', () => {
    const { store, schedule } = newWorld(30);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 10 }));
    const { receiver, watch: one } = watch(hub, { startRevision: 1 });
    expect(receiver.batches).toHaveLength(0);
    hub.sync();
    expect(receiver.revisions).toEqual([upTo(2, 10)]);
    expect(receiver.batches[0]?.revision).toBe(30);
    expect(one.isSynced).toBe(false);
    hub.sync();
    expect(receiver.revisions.at(-1)).toEqual(upTo(11, 20));
    hub.sync();
    expect(receiver.revisions.at(-1)).toEqual(upTo(21, 30));
    expect(one.isSynced).toBe(true);
    hub.sync();
    expect(receiver.batches).toHaveLength(3);
  });

  it.core('offers a full receiver its events again, without loss or repeat', () => {
    const { store, hub } = newGroups(1);
    const { receiver, watch: one } = watch(hub, { startRevision: 2 });
    receiver.isFull = true;
    for (const value of ['1', '2', '3']) store.put({ key: 'a', value });
    expect(receiver.batches).toEqual([]);
    expect(one.isSynced).toBe(false);
    receiver.isFull = false;
    hub.sync();
    store.put({ key: 'a', value: '4' });
    expect(receiver.revisions.flat()).toEqual([2, 3, 4, 5]);
    expect(one.isSynced).toBe(true);
  });
});

describe('watch groups, synced', () => {
  it('gets a transaction whole, and only what it wants of it', () => {
    const { store, hub } = newGroups(1);
    const all = watch(hub, { key: '\0', rangeEnd: '\0', startRevision: 2 });
    const one = watch(hub, { startRevision: 2 });
    const none = watch(hub, { key: 'x', startRevision: 2 });
    const noPut = watch(hub, { filters: ['noput'], startRevision: 2 });
    store.txn({ success: [{ put: { key: 'b' } }, { put: { key: 'a' } }] });
    const keys = ({ receiver }: typeof all) =>
      receiver.batches.map(({ events }) => events.map(({ kv }) => kv.key));
    expect(keys(all)).toEqual([['b', 'a']]);
    expect(keys(one)).toEqual([['a']]);
    expect([...keys(none), ...keys(noPut)]).toEqual([]);
  });

  it('hears nothing before its start in the future', () => {
    const { store, hub } = newGroups(3);
    const { receiver } = watch(hub, { startRevision: 6 });
    for (let i = 0; i < 3; i++) store.put({ key: 'a' });
    hub.sync();
    expect(receiver.revisions).toEqual([[6]]);
  });

  it('gets the version before when it asks, and only then', () => {
    const { store, hub } = newGroups(2);
    const asking = watch(hub, { startRevision: 3, prevKv: true });
    const other = watch(hub, { startRevision: 3 });
    store.put({ key: 'a', value: 'new' });
    expect(asking.receiver.batches).toMatchObject([{ events: [{ prevKv: { value: '2' } }] }]);
    expect(other.receiver.batches[0]?.events.map((event: Event) => event.prevKv)).toEqual([
      undefined,
    ]);
  });

  it('keeps its place at the commit it could not take, not where it began', () => {
    const { store, hub } = newGroups(1);
    const { receiver } = watch(hub, { startRevision: 2 });
    for (let i = 0; i < 8; i++) store.put({ key: 'b' });
    receiver.isFull = true;
    store.put({ key: 'a' });
    store.compact({ revision: 9 });
    receiver.isFull = false;
    hub.sync();
    expect(receiver.batches).toMatchObject([{ events: [{ kv: { key: 'a', modRevision: 10 } }] }]);
  });

  it('is not held up by a full one', () => {
    const { store, hub } = newGroups(1);
    const full = watch(hub, { startRevision: 2 });
    const free = watch(hub, { startRevision: 2 });
    full.receiver.isFull = true;
    for (let i = 0; i < 3; i++) store.put({ key: 'a' });
    expect(free.receiver.revisions).toEqual([[2], [3], [4]]);
    // It left the synced with the first refusal, and waits.
    expect(full.receiver.refused).toBe(1);
  });

  it('counts nothing it was not offered as delivered', () => {
    const { store, hub } = newGroups(1);
    const { receiver } = watch(hub, { startRevision: 2 });
    store.put({ key: 'b' });
    receiver.isFull = true;
    store.put({ key: 'a' });
    store.put({ key: 'b' });
    store.put({ key: 'a' });
    receiver.isFull = false;
    hub.sync();
    expect(receiver.revisions.flat()).toEqual([3, 5]);
  });
});

describe('watch groups, rounds', () => {
  it('begin when an unsynced watch is added, and go on until all are synced', () => {
    const { scheduled, runScheduled, store, schedule } = newWorld(35);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 10 }));
    const { receiver, watch: one } = watch(hub, { startRevision: 2 });
    expect(scheduled).toHaveLength(1);
    expect(runScheduled()).toBe(4);
    expect(receiver.revisions.flat()).toEqual(upTo(2, 35));
    expect(one.isSynced).toBe(true);
  });

  it('are scheduled once for many watches', () => {
    const { hub, scheduled, runScheduled } = newGroups(5);
    const watches = upTo(1, 5).map((startRevision) => watch(hub, { startRevision }));
    expect(scheduled).toHaveLength(1);
    expect(runScheduled()).toBe(1);
    expect(watches.map(({ receiver }) => receiver.revisions.flat().length)).toEqual([
      4, 4, 3, 2, 1,
    ]);
  });

  it('serve so many watches, those that have waited longest first', () => {
    const { store, schedule } = newWorld(9);
    const hub = trace(
      'hub',
      () => new WatchGroups(store, { schedule, watchesPerRound: 2, revisionsPerBatch: 4 }),
    );
    const order: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      hub.add({ key: 'a', startRevision: 2 }, () => order.push(name) > 0);
    }
    const round = () => {
      order.length = 0;
      hub.sync();
      return [...order];
    };
    expect(round()).toEqual(['first', 'second']);
    expect(round()).toEqual(['third', 'first']);
    expect(round()).toEqual(['second', 'third']);
    expect(round()).toEqual([]);
  });

  it('do not deliver batches without events, but move on', () => {
    const { store, schedule } = newWorld(20);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 10 }));
    store.put({ key: 'b' });
    const { receiver, watch: one } = watch(hub, { key: 'b', startRevision: 2 });
    hub.sync();
    expect(receiver.batches).toEqual([]);
    hub.sync();
    expect(receiver.revisions).toEqual([[21]]);
    expect(one.isSynced).toBe(true);
  });

  it('carry the version before only for those that ask', () => {
    const { hub } = newGroups(3);
    const asking = watch(hub, { startRevision: 3, prevKv: true });
    const other = watch(hub, { startRevision: 3 });
    hub.sync();
    const previous = ({ receiver }: typeof asking) =>
      receiver.batches.flatMap(({ events }) => events.map(({ prevKv }) => prevKv?.value));
    expect([previous(asking), previous(other)]).toEqual([['2'], [undefined]]);
  });

  it('see commits made while they go on', () => {
    const { store, schedule } = newWorld(5);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 3 }));
    const { receiver } = watch(hub, { startRevision: 2 });
    hub.sync();
    store.put({ key: 'a' });
    expect(receiver.revisions).toEqual([[2, 3, 4]]);
    hub.sync();
    store.put({ key: 'a' });
    expect(receiver.revisions).toEqual([[2, 3, 4], [5, 6], [7]]);
  });

  it('never split a transaction', () => {
    const { store, schedule } = newWorld(1);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 2 }));
    const puts = ['c', 'a', 'b'].map((key) => ({ put: { key } }));
    for (let i = 0; i < 3; i++) store.txn({ success: puts });
    const { receiver } = watch(hub, { rangeEnd: '\0', startRevision: 1 });
    hub.sync();
    hub.sync();
    expect(receiver.revisions).toEqual([
      [2, 2, 2],
      [3, 3, 3, 4, 4, 4],
    ]);
    expect(receiver.batches[0]?.events.map(({ kv }) => kv.key)).toEqual(['c', 'a', 'b']);
  });

  it('cover 1,000 revisions a batch and 512 watches a round if nothing is said', () => {
    const store = trace('store', () => new Store());
    for (let i = 0; i < 1500; i++) store.put({ key: 'a' });
    const hub = trace('hub', () => new WatchGroups(store, { schedule: () => {} }));
    const watches = upTo(1, 513).map(() => watch(hub, { key: 'a', startRevision: 2 }));
    hub.sync();
    expect(watches[0]?.receiver.revisions).toEqual([upTo(2, 1001)]);
    expect(watches[511]?.receiver.batches).toHaveLength(1);
    expect(watches[512]?.receiver.batches).toHaveLength(0);
  });
});

describe('watch groups, full receivers', () => {
  it('wait for a round from outside, and do not keep rounds going', () => {
    const { scheduled, runScheduled, store, schedule } = newWorld(5);
    const hub = trace(
      'hub',
      () => new WatchGroups(store, { schedule, watchesPerRound: 1, revisionsPerBatch: 10 }),
    );
    const watches = upTo(1, 3).map(() => watch(hub, { startRevision: 2 }));
    for (const { receiver } of watches) receiver.isFull = true;
    runScheduled();
    expect(watches.map(({ receiver }) => receiver.refused > 0)).toEqual([true, true, true]);
    for (const { receiver } of watches) receiver.isFull = false;
    expect(scheduled).toHaveLength(0);
    for (let i = 0; i < 3; i++) hub.sync();
    expect(watches.map(({ receiver }) => receiver.revisions)).toEqual([
      [[2, 3, 4, 5]],
      [[2, 3, 4, 5]],
      [[2, 3, 4, 5]],
    ]);
  });

  it('do not hold up those that can go on', () => {
    const { runScheduled, store, schedule } = newWorld(40);
    const hub = trace(
      'hub',
      () => new WatchGroups(store, { schedule, watchesPerRound: 1, revisionsPerBatch: 10 }),
    );
    const full = watch(hub, { startRevision: 2 });
    const free = watch(hub, { startRevision: 2 });
    full.receiver.isFull = true;
    runScheduled();
    expect(free.receiver.revisions.flat()).toEqual(upTo(2, 40));
    expect(free.watch.isSynced).toBe(true);
    expect(full.watch.isSynced).toBe(false);
  });

  it('that fell behind by a commit are not offered it again because others catch up', () => {
    const { runScheduled, store, schedule } = newWorld(5);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, watchesPerRound: 1 }));
    const full = watch(hub, { startRevision: 6 });
    const behind = watch(hub, { startRevision: 2 });
    full.receiver.isFull = true;
    store.put({ key: 'a' });
    expect(runScheduled()).toBe(1);
    expect(behind.receiver.revisions).toEqual([upTo(2, 6)]);
    expect(full.receiver.refused).toBe(1);
    full.receiver.isFull = false;
    hub.sync();
    expect(full.receiver.revisions).toEqual([[6]]);
  });

  it('keep their place in the middle of catching up', () => {
    const { store, schedule } = newWorld(9);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 4 }));
    const { receiver } = watch(hub, { startRevision: 2 });
    hub.sync();
    receiver.isFull = true;
    hub.sync();
    store.put({ key: 'a' });
    hub.sync();
    receiver.isFull = false;
    hub.sync();
    hub.sync();
    expect(receiver.revisions).toEqual([upTo(2, 5), upTo(6, 9), [10]]);
    expect(receiver.refused).toBe(2);
  });
});

describe('watch groups, the end of a watch', () => {
  it('comes with close, synced or not', () => {
    const { store, hub, runScheduled } = newGroups(3);
    const synced = watch(hub, { startRevision: 4 });
    const unsynced = watch(hub, { startRevision: 2 });
    const stays = watch(hub, { startRevision: 2 });
    synced.watch.close();
    unsynced.watch.close();
    store.put({ key: 'a' });
    runScheduled();
    expect([synced.receiver.batches, unsynced.receiver.batches]).toEqual([[], []]);
    expect(stays.receiver.revisions).toEqual([[2, 3, 4]]);
  });

  it('may come from a receiver while a round or a commit is under way', () => {
    const { store, hub } = newGroups(3);
    const open = new Map<string, { close(): void }>();
    const seen: string[] = [];
    const closeOthers = (name: string) => () => {
      for (const [other, one] of open) {
        if (other === name) continue;
        one.close();
        open.delete(other);
      }
      return seen.push(name) > 0;
    };
    const add = (name: string, startRevision: number) =>
      open.set(name, hub.add({ key: 'a', startRevision }, closeOthers(name)));
    add('first', 2);
    add('closed in the round', 2);
    hub.sync();
    expect(seen).toEqual(['first']);
    add('another', 4);
    store.put({ key: 'a' });
    // Whichever hears of the commit first closes the other.
    expect(seen).toHaveLength(2);
  });

  it('may be its own doing, in a round or a commit', () => {
    const { store, schedule } = newWorld(3);
    const hub = trace('hub', () => new WatchGroups(store, { schedule, revisionsPerBatch: 1 }));
    let calls = 0;
    for (const startRevision of [2, 4]) {
      const one = hub.add({ key: 'a', startRevision }, () => {
        one.close();
        calls += 1;
        return calls === 1;
      });
    }
    hub.sync();
    store.put({ key: 'a' });
    hub.sync();
    store.put({ key: 'a' });
    expect(calls).toBe(2);
  });

  it('comes with the first revision left when its history is compacted', () => {
    const { store, hub, runScheduled } = newGroups(9);
    store.compact({ revision: 5 });
    const gone = watch(hub, { startRevision: 4 });
    const justLeft = watch(hub, { startRevision: 5 });
    runScheduled();
    expect(gone.receiver.batches).toEqual([{ revision: 9, events: [], compactRevision: 5 }]);
    expect(justLeft.receiver.revisions).toEqual([upTo(5, 9)]);
    store.put({ key: 'a' });
    hub.sync();
    expect(gone.receiver.batches).toHaveLength(1);
  });

  it('comes by compaction also while it waits with a full receiver, once that is taken', () => {
    const { store, hub } = newGroups(1);
    const { receiver } = watch(hub, { startRevision: 2 });
    receiver.isFull = true;
    for (let i = 0; i < 4; i++) store.put({ key: 'a' });
    store.compact({ revision: 4 });
    hub.sync();
    receiver.isFull = false;
    hub.sync();
    hub.sync();
    expect(receiver.batches).toMatchObject([{ events: [], compactRevision: 4 }]);
  });
});

describe('watch groups, progress', () => {
  it('is reported to synced watches that asked and had no events since the last report', () => {
    const { store, hub } = newGroups(3);
    const asked = watch(hub, { startRevision: 4, progressNotify: true });
    const other = watch(hub, { startRevision: 4 });
    const unsynced = watch(hub, { startRevision: 2, progressNotify: true });
    hub.reportProgress();
    expect(asked.receiver.batches).toEqual([{ revision: 3, events: [] }]);
    expect([...other.receiver.batches, ...unsynced.receiver.batches]).toEqual([]);
    store.put({ key: 'a' });
    hub.reportProgress();
    expect(asked.receiver.batches).toHaveLength(2);
    store.put({ key: 'b' });
    hub.reportProgress();
    expect(asked.receiver.batches.at(-1)).toEqual({ revision: 5, events: [] });
  });

  it('is left out once after a watch has caught up', () => {
    const { hub, runScheduled } = newGroups(3);
    const { receiver } = watch(hub, { startRevision: 2, progressNotify: true });
    runScheduled();
    hub.reportProgress();
    expect(receiver.batches).toHaveLength(1);
    hub.reportProgress();
    expect(receiver.batches).toHaveLength(2);
  });

  it('is not offered again to a receiver that was full', () => {
    const { hub, runScheduled } = newGroups(3);
    const { receiver, watch: added } = watch(hub, { startRevision: 9, progressNotify: true });
    receiver.isFull = true;
    hub.reportProgress();
    receiver.isFull = false;
    hub.sync();
    expect(runScheduled()).toBe(0);
    expect(receiver.batches).toEqual([]);
    expect(added.isSynced).toBe(true);
    hub.reportProgress();
    expect(receiver.batches).toEqual([{ revision: 3, events: [] }]);
  });

  it('of a stream is reported only when all its watches are synced', () => {
    const { store, hub, runScheduled } = newGroups(3);
    const responses: WatchResponse[] = [];
    let isFull = false;
    const stream = trace(
      'stream',
      () =>
        new WatchStream(hub, (response) => {
          if (isFull && response.events.length > 0) return false;
          responses.push(response);
          return true;
        }),
    );
    const progress = () => {
      const before = responses.length;
      stream.progress();
      return responses.slice(before);
    };
    stream.create({ key: 'a', startRevision: 2 });
    expect(progress()).toEqual([]);
    runScheduled();
    expect(progress()).toMatchObject([{ watchId: NO_WATCH, header: { revision: 3 } }]);
    isFull = true;
    store.put({ key: 'a' });
    expect(progress()).toEqual([]);
    isFull = false;
    hub.sync();
    expect(progress()).toMatchObject([{ watchId: NO_WATCH, header: { revision: 4 } }]);
  });
});

describe('watch groups, a stream whose receiver is full', () => {
  it('is told again that history is gone, until it takes it or closes', () => {
    const { store, hub } = newGroups(9);
    store.compact({ revision: 5 });
    const offered: WatchResponse[] = [];
    let isFull = true;
    const stream = trace(
      'stream',
      () =>
        new WatchStream(hub, (response) => {
          offered.push(response);
          return response.created === true || !isFull;
        }),
    );
    const round = () => {
      offered.length = 0;
      hub.sync();
      return offered.map(({ watchId, compactRevision }) => [watchId, compactRevision]);
    };
    stream.create({ key: 'a', startRevision: 2 });
    expect(round()).toEqual([[0, 5]]);
    expect(round()).toEqual([[0, 5]]);
    isFull = false;
    expect(round()).toEqual([[0, 5]]);
    expect(round()).toEqual([]);
    isFull = true;
    stream.create({ key: 'a', startRevision: 2 });
    expect(round()).toEqual([[1, 5]]);
    stream.close();
    expect(round()).toEqual([]);
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: fc.constantFrom('a', 'b') }) },
  { weight: 1, arbitrary: fc.record({ both: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ watchFrom: fc.nat(15) }) },
  { weight: 2, arbitrary: fc.record({ toggle: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.constantFrom({ round: 'scheduled' }, { round: 'outside' }) },
);

describe('watch groups, any history', () => {
  property(
    'every watch gets every change from its start on, once, whole and in order',
    fc.array(step, { maxLength: 40 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    (steps, watchesPerRound, revisionsPerBatch) => {
      const { store, scheduled, schedule } = newWorld(1);
      const hub = trace(
        'hub',
        () => new WatchGroups(store, { schedule, watchesPerRound, revisionsPerBatch }),
      );
      const watches: (ReturnType<typeof watch> & { from: number })[] = [];
      for (const one of steps) {
        if ('put' in one) store.put({ key: one.put });
        else if ('both' in one)
          store.txn({ success: [{ put: { key: 'a' } }, { put: { key: 'b' } }] });
        else if ('watchFrom' in one) {
          const from = one.watchFrom;
          watches.push({ from, ...watch(hub, { rangeEnd: '\0', startRevision: from }) });
        } else if ('toggle' in one) {
          const receiver = watches[one.toggle]?.receiver;
          if (receiver) receiver.isFull = !receiver.isFull;
        } else if (one.round === 'outside') hub.sync();
        else scheduled.shift()?.();
      }
      for (const { receiver } of watches) receiver.isFull = false;
      const rounds = (watches.length + 1) * (store.revision + 15);
      for (let i = 0; i < rounds && watches.some((one) => !one.watch.isSynced); i++) hub.sync();
      const all = upTo(0, store.revision).flatMap((main) => store.view().backend.changesAt(main));
      for (const { receiver, from } of watches) {
        const got = receiver.batches.flatMap(({ events }) => events.map(({ kv }) => kv));
        expect(got).toEqual(all.filter((kv) => kv.modRevision >= from));
        const mains = receiver.revisions.map((revisions) => [...new Set(revisions)]);
        expect(new Set(mains.flat()).size).toBe(mains.flat().length);
      }
    },
  );
});
