import {
  FakeClock,
  isExpired,
  isTimeout,
  StatusError,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import {
  BOOKMARK_INTERVAL_MS,
  Cacher,
  type CacherOptions,
  type CacherSource,
  FRESHNESS_TIMEOUT_MS,
  type ListQuery,
  openMemoryStorage,
  type StorageEvent,
  Stored,
  type StoredList,
  type WatchQuery,
} from '#apiserver';
import { afterEach, describe, expect, fc, it, property, refusalOf, settle, widget } from '#kit';

const PREFIX = '/registry/widgets/';
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const keyOf = (name: string) => `${PREFIX}default/${name}`;

function storedAt(name: string, revision: number, size = revision): Stored {
  const object = widget(name, { spec: { size } });
  object.metadata.resourceVersion = String(revision);
  return new Stored(keyOf(name), revision, object);
}

/** A store that does what a test says, and notes what it is asked. */
class ScriptedSource implements CacherSource {
  objects: Stored[] = [];
  revision = 1;
  readonly asked: string[] = [];
  /** Rejects the next so many lists. */
  failures = 0;
  #tell: (events: StorageEvent[]) => void = () => {};
  #end: () => void = () => {};
  #error: Error | undefined;
  onProgressAsked: () => void = () => {};
  watches = 0;

  async get(key: string): Promise<Stored | undefined> {
    this.asked.push(`get ${key}`);
    return this.objects.find((stored) => stored.key === key);
  }

  async list(prefix: string, query: ListQuery = {}): Promise<StoredList> {
    this.asked.push(`list ${prefix} ${JSON.stringify(query)}`);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
    }
    const items = [...this.objects].sort((a, b) => (a.key < b.key ? -1 : 1));
    const { revision } = this;
    return { items, revision, more: false, count: items.length };
  }

  async create(): Promise<never> {
    this.asked.push('create');
    throw new Error('written through');
  }

  async replace(): Promise<never> {
    this.asked.push('replace');
    throw new Error('written through');
  }

  async remove(): Promise<never> {
    this.asked.push('remove');
    throw new Error('written through');
  }

  async currentRevision(): Promise<number> {
    return this.revision;
  }

  watch(prefix: string, query: WatchQuery, signal: AbortSignal) {
    this.asked.push(`watch ${prefix} after ${query.after}`);
    this.watches += 1;
    const queue: StorageEvent[] = [];
    let wake = () => {};
    let isOver = false;
    this.#error = undefined;
    const errorOf = () => this.#error;
    this.#tell = (events) => {
      queue.push(...events);
      wake();
    };
    this.#end = () => {
      isOver = true;
      wake();
    };
    signal.addEventListener('abort', () => this.#end());
    async function* events(): AsyncGenerator<StorageEvent> {
      for (;;) {
        const event = queue.shift();
        if (event) yield event;
        else if (errorOf()) throw errorOf();
        else if (isOver) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    }
    return Object.assign(events(), {
      requestProgress: () => {
        this.asked.push('progress?');
        this.onProgressAsked();
      },
    });
  }

  /** Something is written. */
  put(name: string, size?: number): Stored {
    this.revision += 1;
    const stored = storedAt(name, this.revision, size);
    const previous = this.objects.find(({ key }) => key === stored.key);
    this.objects = [...this.objects.filter(({ key }) => key !== stored.key), stored];
    this.#tell([{ type: 'put', stored, previous }]);
    return stored;
  }

  remove_(name: string): void {
    this.revision += 1;
    const previous = this.objects.find(({ key }) => key === keyOf(name));
    if (!previous) throw new Error(`no ${name}`);
    this.objects = this.objects.filter((one) => one !== previous);
    const stored = storedAt(name, this.revision);
    this.#tell([{ type: 'delete', stored, previous }]);
  }

  /** Something is written that is not under the prefix. */
  elsewhere(): void {
    this.revision += 1;
  }

  progress(): void {
    this.#tell([{ type: 'progress', revision: this.revision }]);
  }

  /** The connection is lost. */
  lose(): void {
    this.#end();
  }

  /** The watch fails. */
  fail(): void {
    this.#error = new Error('broken');
    this.#end();
  }
}

function start(source: CacherSource, more: Partial<CacherOptions> = {}, clock = new FakeClock()) {
  const ended = new AbortController();
  const log = silentLogger;
  const cacher = new Cacher(source, { prefix: PREFIX, clock, log, ...more });
  const running = cacher.start(ended.signal);
  const stop = async (): Promise<void> => {
    ended.abort();
    await settle();
    await running;
  };
  cleanups.push(stop);
  return { cacher, clock, stop };
}

/** A watch whose events are collected as they come. */
function follow(cacher: Cacher, query: WatchQuery = {}, prefix = PREFIX) {
  const ended = new AbortController();
  cleanups.push(() => ended.abort());
  const events: StorageEvent[] = [];
  const state: { isOver: boolean; error?: unknown } = { isOver: false };
  void (async () => {
    try {
      for await (const event of cacher.watch(prefix, query, ended.signal)) events.push(event);
    } catch (error) {
      state.error = error;
    }
    state.isOver = true;
  })();
  const told = () =>
    events.map((event) =>
      event.type === 'progress'
        ? `progress ${event.revision}`
        : `${event.type} ${event.stored.key.slice(keyOf('').length)} ${event.stored.revision}`,
    );
  return { told, events, state, stop: () => ended.abort() };
}

describe('a cache, reading', () => {
  it.core('answers from memory what need not be new', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher } = start(source);
    await settle();
    source.asked.length = 0;
    expect((await cacher.get(keyOf('a'), 0))?.revision).toBe(2);
    const found = await cacher.list(PREFIX, { notOlderThan: 0 });
    expect(found).toMatchObject({ revision: 2, more: false, count: 1 });
    expect(found.items.map(({ key }) => key)).toEqual([keyOf('a')]);
    expect(source.asked).toEqual([]);
  });

  it.core('follows its one watch of the source', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher } = start(source);
    await settle();
    source.put('b');
    source.put('a', 7);
    source.remove_('b');
    await settle();
    const { items, revision } = await cacher.list(PREFIX, { notOlderThan: 0 });
    expect(items.map(({ object }) => object.spec)).toEqual([{ size: 7 }]);
    expect(revision).toBe(5);
    expect(await cacher.get(keyOf('b'), 0)).toBeUndefined();
    expect(source.watches).toBe(1);
    expect(source.asked).toContain(`watch ${PREFIX} after 2`);
  });

  it.core('waits until it is as new as it must be', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    let found: Stored | undefined;
    const reading = cacher.get(keyOf('a'), 3).then((stored) => {
      found = stored;
    });
    source.put('b');
    await settle();
    expect(found).toBeUndefined();
    source.put('a');
    await settle();
    await reading;
    expect(found?.revision).toBe(3);
  });

  it('does not grow older by what it hears late', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    source.put('a');
    source.put('b');
    await settle();
    source.revision = 2;
    source.progress();
    await settle();
    expect((await cacher.list(PREFIX, { notOlderThan: 0 })).revision).toBe(3);
  });

  it('gives up waiting with 504', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source);
    await settle();
    for (const read of [
      () => cacher.get(keyOf('a'), 99),
      () => cacher.list(PREFIX, { notOlderThan: 99 }),
    ]) {
      const refused = refusalOf(read());
      await settle();
      await clock.advance(FRESHNESS_TIMEOUT_MS);
      const error = await refused;
      expect(isTimeout(error)).toBe(true);
      expect(error).toMatchObject({
        code: 504,
        message: 'Timeout: Too large resource version: 99, current: 1',
      });
    }
  });

  it('asks the source for a read that must be new, and for the past', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher } = start(source);
    await settle();
    source.asked.length = 0;
    await cacher.get(keyOf('a'));
    await cacher.list(PREFIX, { revision: 2, limit: 1 });
    expect(source.asked).toEqual([`get ${keyOf('a')}`, `list ${PREFIX} {"revision":2,"limit":1}`]);
  });

  it('has what the source has now for a read that must be new', async () => {
    const source = new ScriptedSource();
    source.put('a');
    source.put('b');
    const { cacher } = start(source);
    await settle();
    const newer = storedAt('a', 9);
    source.objects = [newer];
    expect((await cacher.get(keyOf('a')))?.revision).toBe(9);
    expect(await cacher.get(keyOf('b'))).toBeUndefined();
    expect((await cacher.get(keyOf('a'), 0))?.revision).toBe(2);
  });

  it.core('answers a plain list from memory, once it is as new as the source', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher } = start(source);
    await settle();
    source.asked.length = 0;
    expect((await cacher.list(PREFIX)).revision).toBe(2);
    source.elsewhere();
    source.onProgressAsked = () => source.progress();
    const found = await cacher.list(PREFIX);
    expect(found).toMatchObject({ revision: 3, count: 1 });
    expect(source.asked).toEqual(['progress?']);
  });

  it('asks the source when it does not become new enough', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher, clock } = start(source);
    await settle();
    source.elsewhere();
    source.asked.length = 0;
    const listing = cacher.list(PREFIX, { limit: 1 });
    await settle();
    await clock.advance(FRESHNESS_TIMEOUT_MS);
    expect((await listing).revision).toBe(3);
    expect(source.asked).toEqual(['progress?', `list ${PREFIX} {"limit":1}`]);
  });

  it('obeys prefix, start key and limit', async () => {
    const source = new ScriptedSource();
    for (const name of ['c', 'a', 'd', 'b']) source.put(name);
    const { cacher } = start(source);
    await settle();
    const page = await cacher.list(`${PREFIX}default/`, {
      notOlderThan: 0,
      startKey: keyOf('b'),
      limit: 2,
    });
    expect(page.items.map(({ key }) => key)).toEqual([keyOf('b'), keyOf('c')]);
    expect(page).toMatchObject({ more: true, count: 3 });
    const none = await cacher.list(`${PREFIX}other/`, { notOlderThan: 0 });
    expect(none).toMatchObject({ items: [], more: false, count: 0 });
    const all = await cacher.list(PREFIX, { notOlderThan: 0, limit: 0 });
    expect(all.items).toHaveLength(4);
    expect(all).toMatchObject({ more: false, count: 4 });
  });

  it('waits for the first list', async () => {
    const source = new ScriptedSource();
    source.put('a');
    source.failures = 1;
    const { cacher, clock } = start(source);
    const reading = cacher.get(keyOf('a'), 0);
    const watching = follow(cacher);
    await settle();
    expect(watching.told()).toEqual([]);
    await clock.advance(1000);
    expect((await reading)?.revision).toBe(2);
    await settle();
    source.put('b');
    await settle();
    expect(watching.told()).toEqual(['put b 3']);
    expect(watching.state.isOver).toBe(false);
  });

  it('lets a watch go that waits for the first list', async () => {
    const source = new ScriptedSource();
    source.failures = 1;
    const { cacher } = start(source);
    const seen = follow(cacher);
    await settle();
    expect(seen.state.isOver).toBe(false);
    seen.stop();
    await settle();
    expect(seen.state).toEqual({ isOver: true });
  });

  it('writes through to the source', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    source.asked.length = 0;
    await refusalOf(cacher.create(keyOf('a'), widget('a')));
    await refusalOf(cacher.replace(storedAt('a', 2), widget('a')));
    await refusalOf(cacher.remove(storedAt('a', 2)));
    expect(source.asked).toEqual(['create', 'replace', 'remove']);
  });
});

describe('a cache, watching', () => {
  it.core('feeds any number of clients from one watch', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    const clients = Array.from({ length: 50 }, () => follow(cacher));
    await settle();
    source.put('a');
    source.remove_('a');
    await settle();
    for (const client of clients) expect(client.told()).toEqual(['put a 2', 'delete a 3']);
    expect(source.watches).toBe(1);
  });

  it.core('begins in the past where it is asked to', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    for (const name of ['a', 'b', 'c']) source.put(name);
    await settle();
    const seen = follow(cacher, { after: 2 });
    const all = follow(cacher, { after: 1 });
    await settle();
    source.put('d');
    await settle();
    expect(seen.told()).toEqual(['put b 3', 'put c 4', 'put d 5']);
    expect(all.told()).toEqual(['put a 2', 'put b 3', 'put c 4', 'put d 5']);
  });

  for (let turns = 0; turns < 8; turns++) {
    it(`misses nothing that happens ${turns} turns after it began`, async () => {
      const source = new ScriptedSource();
      const { cacher } = start(source);
      await settle();
      source.put('a');
      await settle();
      const seen = follow(cacher, { after: 1 });
      for (let turn = 0; turn < turns; turn++) await null;
      source.put('b');
      await settle();
      expect(seen.told()).toEqual(['put a 2', 'put b 3']);
    });
  }

  it('keeps to its prefix', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    source.put('a');
    await settle();
    const other = follow(cacher, { after: 1 }, `${PREFIX}other/`);
    const one = follow(cacher, { after: 1 }, keyOf('b'));
    await settle();
    source.put('b');
    source.put('bb');
    await settle();
    expect(other.told()).toEqual([]);
    expect(one.told()).toEqual(['put b 3']);
  });

  it('tells the version before with each event', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    const seen = follow(cacher);
    await settle();
    source.put('a');
    source.put('a');
    source.remove_('a');
    await settle();
    const previous = seen.events.map((event) =>
      event.type === 'progress' ? undefined : event.previous?.revision,
    );
    expect(previous).toEqual([undefined, 2, 3]);
  });

  it('waits with events of the future', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    const seen = follow(cacher, { after: 3 });
    await settle();
    for (const name of ['a', 'b', 'c']) source.put(name);
    await settle();
    expect(seen.told()).toEqual(['put c 4']);
  });

  it('does not tell somebody who has seen more how far it is', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source);
    await settle();
    const ahead = follow(cacher, { after: 3, progress: true });
    await settle();
    await clock.advance(BOOKMARK_INTERVAL_MS);
    await settle();
    expect(ahead.told()).toEqual([]);
    for (let i = 0; i < 3; i++) source.elsewhere();
    source.progress();
    await settle();
    await clock.advance(BOOKMARK_INTERVAL_MS);
    await settle();
    expect(ahead.told()).toEqual(['progress 4']);
  });

  it('tells what happens while the past is read, once and in order', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    for (const name of ['a', 'b', 'c']) source.put(name);
    await settle();
    const ended = new AbortController();
    cleanups.push(() => ended.abort());
    const reading = cacher.watch(PREFIX, { after: 1 }, ended.signal)[Symbol.asyncIterator]();
    const revisions: number[] = [];
    for (let i = 0; i < 6; i++) {
      const { value } = await reading.next();
      if (value && value.type !== 'progress') revisions.push(value.stored.revision);
      if (i < 3) source.put('d');
      await settle();
    }
    expect(revisions).toEqual([2, 3, 4, 5, 6, 7]);
  });

  it('has room again for a client that has read', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source, { bufferEvents: 2 });
    await settle();
    const ended = new AbortController();
    cleanups.push(() => ended.abort());
    const reading = cacher.watch(PREFIX, {}, ended.signal)[Symbol.asyncIterator]();
    let next = reading.next();
    await settle();
    for (let i = 0; i < 5; i++) {
      source.put('a');
      source.put('a');
      await settle();
      for (let read = 0; read < 2; read++) {
        expect((await next).value).toMatchObject({ type: 'put' });
        next = reading.next();
        await settle();
      }
    }
  });

  it('tells who looks for a value of all that has it, had it, or gets it', async () => {
    const source = new ScriptedSource();
    source.put('a', 1);
    const { cacher } = start(source, { indexedField: 'spec.size' });
    await settle();
    const sized = (value: string) => follow(cacher, { where: { field: 'spec.size', value } });
    const [ones, twos, all] = [sized('1'), sized('2'), follow(cacher)];
    await settle();
    source.put('a', 2);
    source.put('b', 1);
    source.remove_('b');
    source.put('c', 3);
    await settle();
    const everything = ['put a 3', 'put b 4', 'delete b 5', 'put c 6'];
    expect(all.told()).toEqual(everything);
    // Whether it hears of the others as well is the cache's business.
    expect(everything.filter((event) => ones.told().includes(event)).slice(0, 3)).toEqual(
      everything.slice(0, 3),
    );
    expect(twos.told()).toContain('put a 3');
    ones.stop();
    await settle();
    expect(ones.state.isOver).toBe(true);
  });

  it.core('says 410 of a past it does not know', async () => {
    const source = new ScriptedSource();
    source.put('a');
    source.put('b');
    const { cacher } = start(source);
    await settle();
    const seen = follow(cacher, { after: 2 });
    await settle();
    expect(isExpired(seen.state.error)).toBe(true);
    expect(seen.state.error).toMatchObject({ message: 'too old resource version: 2 (3)' });
    const first = follow(cacher, { after: 0 });
    await settle();
    expect(isExpired(first.state.error)).toBe(true);
    expect(follow(cacher, { after: 3 }).state.isOver).toBe(false);
  });

  it('lets old events go', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source, { historyEvents: 5, bufferEvents: 1000 });
    await settle();
    for (let i = 0; i < 40; i++) source.put('a');
    await settle();
    const early = follow(cacher, { after: 2 });
    const late = follow(cacher, { after: 36 });
    await settle();
    expect(isExpired(early.state.error)).toBe(true);
    expect(late.told()).toEqual(['put a 37', 'put a 38', 'put a 39', 'put a 40', 'put a 41']);
  });

  for (const writes of [4, 9, 10, 11, 23]) {
    it(`says which version would have worked, after ${writes} writes`, async () => {
      const source = new ScriptedSource();
      source.revision = 100;
      const { cacher } = start(source, { historyEvents: 5, bufferEvents: 1000 });
      await settle();
      for (let i = 0; i < writes; i++) source.put('a');
      await settle();
      const early = follow(cacher, { after: 99 });
      await settle();
      const { message } = early.state.error as StatusError;
      const oldest = Number(/^too old resource version: 99 \((\d+)\)$/.exec(message)?.[1]);
      expect(oldest).toBeGreaterThanOrEqual(100);
      expect(oldest).toBeLessThanOrEqual(Math.max(100, 100 + writes - 5));
      const seen = follow(cacher, { after: oldest });
      await settle();
      const missed = source.revision - oldest;
      expect(seen.told()).toEqual(
        Array.from({ length: missed }, (_, i) => `put a ${oldest + 1 + i}`),
      );
      const older = follow(cacher, { after: oldest - 1 });
      await settle();
      expect(isExpired(older.state.error)).toBe(true);
    });
  }

  it.core('ends the watch of a client that does not read, and of no other', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source, { bufferEvents: 3 });
    await settle();
    const slow = cacher.watch(PREFIX, {}, new AbortController().signal)[Symbol.asyncIterator]();
    const first = slow.next();
    await settle();
    const reading = follow(cacher);
    await settle();
    for (let i = 0; i < 10; i++) {
      source.put('a');
      await settle();
    }
    const revisions: number[] = [];
    for (let next = await first; !next.done; next = await slow.next()) {
      if (next.value.type !== 'progress') revisions.push(next.value.stored.revision);
    }
    expect(revisions).toEqual([2, 3, 4, 5]);
    expect(reading.told()).toHaveLength(10);
    expect(reading.state.isOver).toBe(false);
  });

  it('tells nothing more to a client that goes, be it past or unread', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    source.put('a');
    source.put('a');
    await settle();
    const ended = new AbortController();
    const past = cacher.watch(PREFIX, { after: 1 }, ended.signal)[Symbol.asyncIterator]();
    const coming = cacher.watch(PREFIX, {}, ended.signal)[Symbol.asyncIterator]();
    const first = coming.next();
    await settle();
    source.put('b');
    source.put('b');
    await settle();
    expect(await past.next()).toMatchObject({ value: { stored: { revision: 2 } } });
    expect(await first).toMatchObject({ value: { stored: { revision: 4 } } });
    ended.abort();
    expect(await past.next()).toEqual({ done: true, value: undefined });
    expect(await coming.next()).toEqual({ done: true, value: undefined });
  });

  it('frees the watch of a client that goes', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    const seen = follow(cacher);
    await settle();
    seen.stop();
    await settle();
    expect(seen.state.isOver).toBe(true);
    source.put('a');
    await settle();
    expect(seen.told()).toEqual([]);
  });

  it('says now and then how far it is, to those who want to know', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source);
    await settle();
    const asking = follow(cacher, { progress: true });
    const other = follow(cacher);
    await settle();
    source.put('a');
    await settle();
    await clock.advance(BOOKMARK_INTERVAL_MS);
    await settle();
    expect(asking.told()).toEqual(['put a 2', 'progress 2']);
    expect(other.told()).toEqual(['put a 2']);
    source.elsewhere();
    source.progress();
    await settle();
    await clock.advance(BOOKMARK_INTERVAL_MS);
    await settle();
    expect(asking.told().at(-1)).toBe('progress 3');
  });
});

describe('a cache with a client that has no room', () => {
  it('does not tell it how far it is, and does not end its watch for that', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source, { bufferEvents: 2 });
    await settle();
    const ended = new AbortController();
    cleanups.push(() => ended.abort());
    const query = { progress: true };
    const slow = cacher.watch(PREFIX, query, ended.signal)[Symbol.asyncIterator]();
    const first = slow.next();
    await settle();
    for (let i = 0; i < 3; i++) {
      source.put('a');
      await settle();
    }
    await clock.advance(BOOKMARK_INTERVAL_MS);
    await settle();
    expect(await first).toMatchObject({ value: { type: 'put', stored: { revision: 2 } } });
    expect(await slow.next()).toMatchObject({ value: { type: 'put', stored: { revision: 3 } } });
    expect(await slow.next()).toMatchObject({ value: { type: 'put', stored: { revision: 4 } } });
    const next = slow.next();
    await settle();
    source.put('b');
    expect(await next).toMatchObject({ value: { type: 'put', stored: { revision: 5 } } });
  });
});

describe('a cache whose source is lost', () => {
  it.core('ends all watches, and begins anew', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher, clock } = start(source);
    await settle();
    const seen = follow(cacher);
    await settle();
    source.lose();
    source.objects = [];
    source.revision = 7;
    await settle();
    await clock.advance(1000);
    await settle();
    expect(seen.state).toEqual({ isOver: true });
    const { items, revision } = await cacher.list(PREFIX, { notOlderThan: 7 });
    expect(items).toEqual([]);
    expect(revision).toBe(7);
    const again = follow(cacher);
    await settle();
    source.put('b');
    await settle();
    expect(again.told()).toEqual(['put b 8']);
  });

  it('does not know what happened meanwhile', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source);
    await settle();
    source.put('a');
    await settle();
    source.lose();
    source.revision = 7;
    await settle();
    await clock.advance(1000);
    await settle();
    const seen = follow(cacher, { after: 2 });
    await settle();
    expect(isExpired(seen.state.error)).toBe(true);
  });

  it('hides nothing from a watch that begins while it is lost', async () => {
    const source = new ScriptedSource();
    const { cacher, clock } = start(source);
    await settle();
    source.put('a');
    await settle();
    source.failures = 1;
    source.lose();
    await settle();
    const seen = follow(cacher, { after: 2 });
    await settle();
    source.put('b');
    await clock.advance(1000);
    await settle();
    source.put('c');
    await settle();
    expect(seen.told()).toEqual([]);
    expect(seen.state.isOver).toBe(true);
  });

  it('hides nothing from a watch that begins while it lists again', async () => {
    const source = new ScriptedSource();
    const { cacher } = start(source);
    await settle();
    source.put('a');
    await settle();
    const list = source.list.bind(source);
    let answer = () => {};
    source.list = async (...asked) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return list(...asked);
    };
    source.lose();
    await settle();
    const seen = follow(cacher, { after: 2 });
    await settle();
    source.put('b');
    answer();
    await settle();
    source.put('c');
    await settle();
    expect(seen.told()).toEqual([]);
    expect(seen.state.isOver).toBe(true);
  });

  it('begins anew after failures, however often', async () => {
    const source = new ScriptedSource();
    source.put('a');
    const { cacher, clock } = start(source);
    await settle();
    for (const name of ['b', 'c']) {
      source.fail();
      source.failures = 1;
      await settle();
      source.put(name);
      for (let i = 0; i < 3; i++) {
        await clock.advance(1000);
        await settle();
      }
      const { items } = await cacher.list(PREFIX, { notOlderThan: source.revision });
      expect(items.map(({ key }) => key)).toContain(keyOf(name));
    }
    source.put('d');
    await settle();
    expect((await cacher.get(keyOf('d'), source.revision))?.revision).toBe(source.revision);
  });

  it('tries again every second until it is back', async () => {
    const source = new ScriptedSource();
    source.failures = 2;
    const { cacher, clock } = start(source);
    const reading = cacher.list(PREFIX, { notOlderThan: 0 });
    const lists = () => source.asked.filter((asked) => asked.startsWith('list')).length;
    for (let i = 0; i < 2; i++) {
      await settle();
      expect(lists()).toBe(i + 1);
      await clock.advance(1000);
    }
    await settle();
    expect((await reading).items).toEqual([]);
    expect(lists()).toBe(3);
  });
});

describe('a cache that is stopped', () => {
  it('ends every watch and leaves no timer', async () => {
    const source = new ScriptedSource();
    const { cacher, clock, stop } = start(source);
    await settle();
    const seen = follow(cacher, { progress: true });
    await settle();
    await stop();
    await settle();
    expect(seen.state.isOver).toBe(true);
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10 * BOOKMARK_INTERVAL_MS);
    await settle();
    expect(source.asked.filter((asked) => asked.startsWith('list'))).toHaveLength(1);
  });

  it('keeps nobody waiting', async () => {
    const source = new ScriptedSource();
    source.failures = 1;
    const { cacher, clock, stop } = start(source);
    const reading = refusalOf(cacher.get(keyOf('a'), 0));
    const watching = follow(cacher);
    await settle();
    await stop();
    await settle();
    expect(isTimeout(await reading)).toBe(true);
    expect(watching.state).toEqual({ isOver: true });
    expect(clock.pendingTimers).toBe(0);
  });

  it('has no timer left of reads that waited', async () => {
    const source = new ScriptedSource();
    const { cacher, clock, stop } = start(source);
    await settle();
    const reading = cacher.get(keyOf('a'), 2);
    source.put('a');
    await settle();
    expect((await reading)?.revision).toBe(2);
    await stop();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a cache before a real store', () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom('put', 'remove', 'elsewhere'),
  });
  property(
    'leads every watcher from the list it read to what is there in the end',
    fc.array(change, { maxLength: 20 }),
    fc.nat(20),
    async (changes, at) => {
      const clock = new FakeClock();
      const memory = await openMemoryStorage({ clock, random: seededRandom(1) });
      const { cacher, stop } = start(memory.storage, { historyEvents: 50 }, clock);
      await settle();
      const shown = new Map<string, number>();
      let seen: ReturnType<typeof follow> | undefined;
      const begin = async () => {
        const { items, revision } = await cacher.list(PREFIX);
        for (const { key, revision: version } of items) shown.set(key, version);
        seen = follow(cacher, { after: revision });
      };
      for (const [i, { name, what }] of changes.entries()) {
        if (i === at) await begin();
        const current = await cacher.get(keyOf(name));
        if (what === 'elsewhere') await memory.client.put({ key: '/elsewhere', value: 'x' });
        else if (what === 'remove') await (current && cacher.remove(current));
        else if (current) await cacher.replace(current, widget(name));
        else await cacher.create(keyOf(name), widget(name));
      }
      if (seen === undefined) await begin();
      const { items } = await cacher.list(PREFIX);
      await settle();
      for (const event of seen?.events ?? []) {
        if (event.type === 'put') shown.set(event.stored.key, event.stored.revision);
        if (event.type === 'delete') shown.delete(event.stored.key);
      }
      expect([...shown].sort()).toEqual(items.map(({ key, revision }) => [key, revision]));
      seen?.stop();
      await stop();
      await memory.stop();
    },
  );

  it('shows what was written a moment ago', async () => {
    const clock = new FakeClock();
    const memory = await openMemoryStorage({ clock, random: seededRandom(1) });
    cleanups.push(memory.stop);
    const { cacher } = start(memory.storage, {}, clock);
    await settle();
    const seen = follow(cacher);
    await settle();
    for (const name of ['b', 'a']) await cacher.create(keyOf(name), widget(name));
    await memory.client.put({ key: '/elsewhere', value: 'x' });
    const { items, revision } = await cacher.list(PREFIX);
    expect(items.map(({ key }) => key)).toEqual([keyOf('a'), keyOf('b')]);
    expect(revision).toBe(4);
    expect(seen.told()).toEqual(['put b 2', 'put a 3']);
  });
});
