import {
  FakeClock,
  isInvalid,
  parseFieldSelector,
  parseSelector,
  StatusError,
  seededRandom,
} from '#apimachinery';
import {
  create,
  type Kind,
  list,
  openMemoryStorage,
  type Registry,
  type StorageEvent,
  update,
  type WatchEvent,
  type WatchOptions,
  watch,
} from '#apiserver';
import {
  afterEach,
  describe,
  expect,
  fc,
  it,
  property,
  settle,
  throughStorage,
  widget,
  widgetKind,
} from '#kit';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const inDefault = { namespace: 'default' };

async function newRegistry(special: Partial<Kind> = {}) {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const memory = await openMemoryStorage({ clock, random });
  cleanups.push(memory.stop);
  const registry: Registry = { kind: widgetKind(special), storage: memory.storage, clock, random };
  const make = (name: string, labels: Record<string, string> = {}, namespace = 'default') =>
    create(registry, widget(name, { metadata: { labels } }), { namespace });
  const label = (name: string, labels: Record<string, string>) =>
    update(registry, name, (old) => ({ ...old, metadata: { ...old.metadata, labels } }), inDefault);
  const remove = async (name: string): Promise<void> => {
    const stored = await memory.storage.get(`/registry/widgets/default/${name}`);
    if (stored) await memory.storage.remove(stored);
  };
  return { registry, make, label, remove, compact: memory.compact };
}

/** A watch whose events are collected as they come. */
function startWatch(registry: Registry, options: Partial<WatchOptions> = {}) {
  const ended = new AbortController();
  cleanups.push(() => ended.abort());
  const events: WatchEvent[] = [];
  const state = { isOver: false };
  const running = watch(registry, { ...inDefault, ...options }, ended.signal);
  void (async () => {
    for await (const event of running) events.push(event);
    state.isOver = true;
  })();
  const told = () =>
    events.map((event) =>
      'stored' in event ? `${event.type} ${event.stored.object.metadata.name}` : event.type,
    );
  return { events, told, state, stop: () => ended.abort() };
}

describe('watch', () => {
  it.core('tells of what happens after a version', async () => {
    const { registry, make, label, remove } = await newRegistry();
    const { revision } = await make('a');
    const seen = startWatch(registry, { resourceVersion: String(revision) });
    await settle();
    expect(seen.told()).toEqual([]);
    await make('b');
    await label('a', { x: 'y' });
    await remove('b');
    await settle();
    expect(seen.told()).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  it.core('tells of the past since a version, then goes on', async () => {
    const { registry, make, label } = await newRegistry();
    const { revision } = await make('a');
    await label('a', { x: '1' });
    await make('b');
    const seen = startWatch(registry, { resourceVersion: String(revision) });
    await settle();
    await label('a', { x: '2' });
    await settle();
    expect(seen.told()).toEqual(['MODIFIED a', 'ADDED b', 'MODIFIED a']);
  });

  for (const resourceVersion of [undefined, '', '0']) {
    it.core(
      `begins with what is there, with the version ${JSON.stringify(resourceVersion)}`,
      async () => {
        const { registry, make, label } = await newRegistry();
        await make('b');
        await make('a');
        await label('a', { x: 'y' });
        const seen = startWatch(registry, { resourceVersion });
        await settle();
        expect(seen.told()).toEqual(['ADDED a', 'ADDED b']);
        await make('c');
        await settle();
        expect(seen.told()).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
      },
    );
  }

  it('carries each object as it was then', async () => {
    const { registry, make, label, remove } = await newRegistry();
    const seen = startWatch(registry, { resourceVersion: '1' });
    const made = await make('a', { n: '1' });
    const changed = await label('a', { n: '2' });
    await remove('a');
    await settle();
    const objects = seen.events.flatMap((event) => ('stored' in event ? [event.stored] : []));
    expect(objects.map(({ object }) => object.metadata.labels)).toEqual([
      { n: '1' },
      { n: '2' },
      { n: '2' },
    ]);
    expect(objects[0]?.revision).toBe(made.revision);
    expect(objects[1]?.revision).toBe(changed.stored.revision);
    const last = objects[2];
    expect(last?.revision ?? 0).toBeGreaterThan(changed.stored.revision);
    expect(last?.object.metadata.resourceVersion).toBe(String(last?.revision));
  });

  it('keeps to its namespace, or spans them all', async () => {
    const { registry, make } = await newRegistry();
    const here = startWatch(registry, { resourceVersion: '1' });
    const everywhere = startWatch(registry, { resourceVersion: '1', namespace: '' });
    await make('a');
    await make('x', {}, 'other');
    await settle();
    expect(here.told()).toEqual(['ADDED a']);
    expect(everywhere.told()).toEqual(['ADDED a', 'ADDED x']);
  });

  it('keeps to its namespace at the beginning, too', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    await make('x', {}, 'other');
    const here = startWatch(registry);
    const everywhere = startWatch(registry, { namespace: '' });
    await settle();
    expect(here.told()).toEqual(['ADDED a']);
    expect(everywhere.told()).toEqual(['ADDED a', 'ADDED x']);
  });

  it('loses nothing and repeats nothing at the seam between list and watch', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const { storage } = registry;
    const racing: Registry = {
      ...registry,
      storage: throughStorage(storage, {
        list: async (...asked: Parameters<typeof storage.list>) => {
          const found = await storage.list(...asked);
          await make('b');
          return found;
        },
      }),
    };
    const seen = startWatch(racing);
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'ADDED b']);
  });
});

describe('watch, selectors', () => {
  const selection = { resourceVersion: '1', labelSelector: parseSelector('app=web') };

  it.core('tells of what enters and leaves the selection', async () => {
    const { registry, make, label, remove } = await newRegistry();
    const seen = startWatch(registry, selection);
    await make('a', { app: 'db' });
    await label('a', { app: 'web' });
    await label('a', { app: 'web', more: 'x' });
    await label('a', { app: 'db' });
    await remove('a');
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
  });

  it('shows what left as it was before, with the new version', async () => {
    const { registry, make, label } = await newRegistry();
    await make('a', { app: 'web' });
    const seen = startWatch(registry, selection);
    const changed = await label('a', { app: 'db' });
    await settle();
    const last = seen.events.at(-1);
    expect(last).toMatchObject({ type: 'DELETED' });
    const stored = last && 'stored' in last ? last.stored : undefined;
    expect(stored?.object.metadata.labels).toEqual({ app: 'web' });
    expect(stored?.object.metadata.resourceVersion).toBe(String(changed.stored.revision));
    expect(JSON.parse(stored?.text ?? '{}')).toEqual(stored?.object);
    const read = (await list(registry, inDefault)).items[0]?.object;
    expect(read?.metadata.labels).toEqual({ app: 'db' });
  });

  it('tells of the deletion of what was selected, and of nothing else', async () => {
    const { registry, make, remove } = await newRegistry();
    await make('a', { app: 'web' });
    await make('b', { app: 'db' });
    const { resourceVersion } = await list(registry, inDefault);
    const seen = startWatch(registry, { ...selection, resourceVersion });
    await remove('a');
    await remove('b');
    await settle();
    expect(seen.told()).toEqual(['DELETED a']);
  });

  it('begins with what is selected', async () => {
    const { registry, make } = await newRegistry();
    await make('a', { app: 'web' });
    await make('b', { app: 'db' });
    const seen = startWatch(registry, { labelSelector: parseSelector('app=web') });
    await settle();
    expect(seen.told()).toEqual(['ADDED a']);
  });
});

describe('watch, one object', () => {
  it('is selected by a field, at the beginning and afterwards', async () => {
    const { registry, make, label, remove } = await newRegistry();
    await make('a');
    await make('b');
    const fieldSelector = parseFieldSelector('metadata.name=a');
    const seen = startWatch(registry, { fieldSelector });
    await settle();
    await label('b', { x: 'y' });
    await label('a', { x: 'y' });
    await remove('b');
    await remove('a');
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
  });
});

describe('watch, bookmarks', () => {
  /** A registry whose storage tells exactly these events, and then ends. */
  function telling(registry: Registry, events: readonly StorageEvent[]) {
    const asked: object[] = [];
    const storage = throughStorage(registry.storage, {
      watch: async function* (_prefix: string, query: object) {
        asked.push(query);
        yield* events;
      },
    });
    return { registry: { ...registry, storage }, asked };
  }

  it.core('are for those who allow them', async () => {
    const { registry } = await newRegistry();
    const scripted = telling(registry, [{ type: 'progress', revision: 7 }]);
    const without = startWatch(scripted.registry, { resourceVersion: '1' });
    const allowing = startWatch(scripted.registry, {
      resourceVersion: '1',
      allowWatchBookmarks: true,
    });
    await settle();
    expect(without.events).toEqual([]);
    expect(allowing.events).toMatchObject([{ type: 'BOOKMARK', resourceVersion: '7' }]);
    expect(scripted.asked).toMatchObject([{ after: 1 }, { after: 1, progress: true }]);
  });

  it('do not end what is there at the beginning when nobody asked for that', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const scripted = telling(registry, [{ type: 'progress', revision: 7 }]);
    const seen = startWatch(scripted.registry, { allowWatchBookmarks: true });
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'BOOKMARK']);
    expect(seen.events[1]).toMatchObject({ resourceVersion: '7' });
    expect(seen.events[1]).not.toHaveProperty('initialEventsEnd', true);
  });

  it('ends when the storage ends', async () => {
    const { registry } = await newRegistry();
    const scripted = telling(registry, []);
    const seen = startWatch(scripted.registry, { resourceVersion: '1' });
    await settle();
    expect(seen.state.isOver).toBe(true);
    expect(seen.events).toEqual([]);
  });
});

describe('watch, initial events', () => {
  const initial = {
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: true,
  };

  it.core('come first, and then a bookmark that says so', async () => {
    const { registry, make } = await newRegistry();
    await make('b');
    const { revision } = await make('a');
    const seen = startWatch(registry, initial);
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    expect(seen.events.at(-1)).toMatchObject({
      type: 'BOOKMARK',
      resourceVersion: String(revision),
      initialEventsEnd: true,
    });
    await make('c');
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK', 'ADDED c']);
  });

  it('come whatever the version', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const { revision } = await make('b');
    const seen = startWatch(registry, { ...initial, resourceVersion: String(revision) });
    await settle();
    expect(seen.told()).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
  });

  it('come from a list that is not older than the version', async () => {
    const { registry, make } = await newRegistry();
    const { revision } = await make('a');
    const asked: (number | undefined)[] = [];
    const noting: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, {
        list: (prefix, query) => {
          asked.push(query?.notOlderThan);
          return registry.storage.list(prefix, query);
        },
      }),
    };
    startWatch(noting, { ...initial, resourceVersion: String(revision) });
    startWatch(noting, initial);
    await settle();
    expect(asked).toEqual([revision, undefined]);
  });

  it('need no bookmarks when they are not wanted', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const { allowWatchBookmarks: _, ...rest } = initial;
    const seen = startWatch(registry, { ...rest, sendInitialEvents: false });
    await settle();
    await make('b');
    await settle();
    expect(seen.told()).toEqual(['ADDED b']);
  });

  it('do not come when they are not wanted', async () => {
    const { registry, make } = await newRegistry();
    const { revision } = await make('a');
    await make('b');
    const without = { ...initial, sendInitialEvents: false };
    const fromNow = startWatch(registry, without);
    const fromZero = startWatch(registry, { ...without, resourceVersion: '0' });
    const fromThere = startWatch(registry, { ...without, resourceVersion: String(revision) });
    await settle();
    await make('c');
    await settle();
    expect(fromNow.told()).toEqual(['ADDED c']);
    expect(fromZero.told()).toEqual(['ADDED c']);
    expect(fromThere.told()).toEqual(['ADDED b', 'ADDED c']);
  });

  const rows: [options: Partial<WatchOptions>, message: string][] = [
    [
      { sendInitialEvents: true, allowWatchBookmarks: true },
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      { ...initial, resourceVersionMatch: 'Exact' },
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
    ],
    [
      { ...initial, allowWatchBookmarks: false },
      'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless allowWatchBookmarks is set',
    ],
    [
      { resourceVersionMatch: 'NotOlderThan' },
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    ...['x', '1.5', '-1', '1e3', ' 7', '7x'].map(
      (version): [options: Partial<WatchOptions>, message: string] => [
        { resourceVersion: version },
        `resourceVersion: Invalid value: ${JSON.stringify(version)}`,
      ],
    ),
    [
      { sendInitialEvents: false },
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
  ];
  for (const [options, message] of rows) {
    it(`refuses ${JSON.stringify(options)} at once`, async () => {
      const { registry } = await newRegistry();
      let error: unknown;
      try {
        watch(registry, { ...inDefault, ...options }, new AbortController().signal);
      } catch (thrown) {
        error = thrown;
      }
      expect(isInvalid(error)).toBe(true);
      expect(error).toMatchObject({
        message: `ListOptions.meta.k8s.io "" is invalid: ${message}`,
      });
    });
  }
});

describe('watch, several faults', () => {
  it('tells them all at once', async () => {
    const { registry } = await newRegistry();
    const options = { ...inDefault, resourceVersion: 'x', sendInitialEvents: true };
    let error: unknown;
    try {
      watch(registry, options, new AbortController().signal);
    } catch (thrown) {
      error = thrown;
    }
    expect(isInvalid(error)).toBe(true);
    const { details } = error as StatusError;
    const causes = (details?.causes ?? []).map(({ field, reason }) => `${field} ${reason}`);
    expect(causes.sort()).toEqual([
      'resourceVersion FieldValueInvalid',
      'resourceVersionMatch FieldValueForbidden',
      'sendInitialEvents FieldValueForbidden',
    ]);
  });
});

describe('watch, how it ends', () => {
  it.core('ends when it is told to, and frees what it holds', async () => {
    const { registry, make } = await newRegistry();
    const signals: AbortSignal[] = [];
    const { storage } = registry;
    const noting: Registry = {
      ...registry,
      storage: throughStorage(storage, {
        watch: (...[prefix, query, signal]: Parameters<typeof storage.watch>) => {
          signals.push(signal);
          return storage.watch(prefix, query, signal);
        },
      }),
    };
    const seen = startWatch(noting, { resourceVersion: '1' });
    await settle();
    seen.stop();
    await settle();
    await make('a');
    await settle();
    expect(seen.state.isOver).toBe(true);
    expect(seen.events).toEqual([]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('ends in the middle of what is there at the beginning', async () => {
    const { registry, make } = await newRegistry();
    for (const name of ['a', 'b', 'c']) await make(name);
    const ended = new AbortController();
    const running = watch(registry, inDefault, ended.signal);
    expect((await running.next()).value).toMatchObject({ type: 'ADDED' });
    ended.abort();
    expect(await running.next()).toEqual({ done: true, value: undefined });
  });

  it('ends before the bookmark that would end the beginning', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const ended = new AbortController();
    const running = watch(
      registry,
      {
        ...inDefault,
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      },
      ended.signal,
    );
    expect((await running.next()).value).toMatchObject({ type: 'ADDED' });
    ended.abort();
    expect(await running.next()).toEqual({ done: true, value: undefined });
  });

  it('ends though the storage still has something to tell', async () => {
    const { registry } = await newRegistry();
    const ended = new AbortController();
    const deaf: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, {
        watch: async function* () {
          for (const revision of [7, 8]) yield { type: 'progress', revision };
        },
      }),
    };
    const options = { ...inDefault, resourceVersion: '1', allowWatchBookmarks: true };
    const running = watch(deaf, options, ended.signal);
    expect((await running.next()).value).toMatchObject({ type: 'BOOKMARK', resourceVersion: '7' });
    ended.abort();
    expect(await running.next()).toEqual({ done: true, value: undefined });
  });

  it('ends with no word when the storage fails after that', async () => {
    const { registry } = await newRegistry();
    const ended = new AbortController();
    const failing: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, {
        watch: async function* (_prefix, _query, signal) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          throw new Error('cut off');
        },
      }),
    };
    const next = watch(failing, { ...inDefault, resourceVersion: '1' }, ended.signal).next();
    await settle();
    ended.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('tells as its last event that what is there cannot be read', async () => {
    const { registry } = await newRegistry();
    const known = new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
    const failing: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, { list: () => Promise.reject(known) }),
    };
    const seen = startWatch(failing);
    await settle();
    expect(seen.events).toMatchObject([{ type: 'ERROR', error: { code: 503 } }]);
    expect(seen.state.isOver).toBe(true);
  });

  it.core('ends with an ERROR when its version is compacted', async () => {
    const { registry, make, compact } = await newRegistry();
    const first = await make('a');
    await make('b');
    const last = await make('c');
    await compact(last.revision);
    const seen = startWatch(registry, { resourceVersion: String(first.revision) });
    await settle();
    expect(seen.told()).toEqual(['ERROR']);
    expect(seen.events[0]).toMatchObject({ error: { code: 410, reason: 'Expired' } });
    expect(seen.state.isOver).toBe(true);
  });

  it('ends with what the storage failed with', async () => {
    const { registry } = await newRegistry();
    const failing = (error: unknown): Registry => ({
      ...registry,
      storage: throughStorage(registry.storage, {
        // biome-ignore lint/correctness/useYield: it fails before it has anything to tell
        watch: async function* () {
          throw error;
        },
      }),
    });
    const known = new StatusError({ code: 503, reason: 'ServiceUnavailable', message: 'away' });
    const one = startWatch(failing(known), { resourceVersion: '1' });
    const other = startWatch(failing(new Error('broken')), { resourceVersion: '1' });
    await settle();
    expect(one.events).toMatchObject([{ type: 'ERROR', error: { code: 503, message: 'away' } }]);
    expect(other.events).toMatchObject([
      { type: 'ERROR', error: { code: 500, reason: 'InternalError' } },
    ]);
  });

  it('does nothing before its first event is asked for', async () => {
    const { registry } = await newRegistry();
    let asked = 0;
    const noting: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, {
        list: () => {
          asked += 1;
          return registry.storage.list('/registry/widgets/');
        },
      }),
    };
    watch(noting, inDefault, new AbortController().signal);
    await settle();
    expect(asked).toBe(0);
  });
});

describe('watch, any changes', () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    app: fc.constantFrom('web', 'db', undefined),
  });
  property(
    'lead from the list where it began to the list where it ends',
    fc.array(change, { maxLength: 12 }),
    fc.array(change, { maxLength: 12 }),
    fc.boolean(),
    async (before, after, selective) => {
      const { registry, make, label, remove } = await newRegistry();
      const apply = async ({ name, app }: { name: string; app: string | undefined }) => {
        if (app === undefined) await remove(name).catch(() => {});
        else await make(name, { app }).catch(() => label(name, { app }));
      };
      const selection = selective ? { labelSelector: parseSelector('app=web') } : {};
      for (const one of before) await apply(one);
      const start = await list(registry, { ...inDefault, ...selection });
      const shown = new Map(start.items.map((stored) => [stored.key, stored.revision]));
      const seen = startWatch(registry, { ...selection, resourceVersion: start.resourceVersion });
      for (const one of after) await apply(one);
      await settle();
      for (const event of seen.events) {
        if (!('stored' in event)) continue;
        const { key, revision } = event.stored;
        expect(shown.has(key)).toBe(event.type !== 'ADDED');
        if (event.type === 'DELETED') shown.delete(key);
        else shown.set(key, revision);
      }
      const end = await list(registry, { ...inDefault, ...selection });
      expect([...shown].sort()).toEqual(end.items.map(({ key, revision }) => [key, revision]));
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    },
  );
});
