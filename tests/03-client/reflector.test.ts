import {
  FakeClock,
  keyOf,
  newExpired,
  newForbidden,
  newGone,
  newInternalError,
  newTimeout,
  newTooManyRequests,
  type Pod,
  Random,
  StatusError,
  seededRandom,
} from '#apimachinery';
import { Reflector, type ReflectorOptions, type ReflectorStore } from '#client';
import {
  type Cut,
  describe,
  expect,
  type Fault,
  fc,
  it,
  newLogBook,
  property,
  ScriptedServer,
  type ScriptedServerOptions,
  SlowAnswer,
  settle,
} from '#kit';

const pod = (name: string, image = 'v1'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name },
  spec: { containers: [{ name: 'main', image }] },
});

/** A store that writes down what it is told and what it has after that. */
class NotingStore implements ReflectorStore<Pod> {
  readonly calls: string[] = [];
  readonly objects = new Map<string, Pod>();
  /** Throws when it is told of an object of this name. */
  refuses: string | undefined;
  replaceFails = 0;

  replace(objects: readonly Pod[], resourceVersion: string): void {
    this.calls.push(`replace ${objects.map(nameOf).join(' ')} at ${resourceVersion}`);
    if (this.replaceFails-- > 0) throw new Error('the store is full');
    this.objects.clear();
    for (const object of objects) this.objects.set(keyOf(object), object);
  }
  add(object: Pod): void {
    this.#note('add', object);
    this.objects.set(keyOf(object), object);
  }
  update(object: Pod): void {
    this.#note('update', object);
    this.objects.set(keyOf(object), object);
  }
  delete(object: Pod): void {
    this.#note('delete', object);
    this.objects.delete(keyOf(object));
  }
  #note(verb: string, object: Pod): void {
    this.calls.push(`${verb} ${nameOf(object)} ${object.metadata?.resourceVersion}`);
    if (nameOf(object) === this.refuses) throw new Error('the store does not like it');
  }
}

const nameOf = ({ metadata }: Pod) => metadata?.name;

const refused = () =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6443'), {
      code: 'ECONNREFUSED',
    }),
  });

/** Chance that always draws the same number in [0, 1). */
const always = (fraction: number) => new Random(() => Math.floor(fraction * 2 ** 32));

/** Waits for what must come without time passing; a promise that hangs must not hang the test. */
async function soon<T>(promise: Promise<T>): Promise<T | 'never'> {
  let result: T | 'never' = 'never';
  const watched = promise.then((value) => {
    result = value;
  });
  await Promise.race([watched, settle()]);
  await settle();
  return result;
}

interface Setting extends Partial<ScriptedServerOptions>, Partial<ReflectorOptions> {}

/** A server with pods a and b at versions 11 and 12, and a reflector that does not run yet. */
function newSetting(options: Setting = {}) {
  const clock = new FakeClock();
  const log = newLogBook();
  const server = new ScriptedServer<Pod>({ expired: newExpired, ...options });
  server.put(pod('a'));
  server.put(pod('b'));
  const store = new NotingStore();
  const reflector = new Reflector<Pod>(server, store, {
    clock,
    random: always(0),
    log,
    name: 'pods',
    ...options,
  });
  const abort = new AbortController();
  /** Runs it and lets it come to rest. */
  const start = async (): Promise<void> => {
    void reflector.run(abort.signal);
    await settle();
  };
  /** Stops it, and looks whether it left anything. */
  const stop = async (running: Promise<void>): Promise<void> => {
    let ended = false;
    void running.then(() => {
      ended = true;
    });
    abort.abort();
    await settle();
    const { pendingTimers } = clock;
    const { openWatches } = server;
    expect({ ended, pendingTimers, openWatches }).toEqual({
      ended: true,
      pendingTimers: 0,
      openWatches: 0,
    });
  };
  return { clock, log, server, store, reflector, abort, start, stop };
}

/** Runs it and lets a watch last long enough not to be a failure. */
async function watching(options: Setting = {}) {
  const setting = newSetting(options);
  await setting.start();
  await setting.clock.advance(2000);
  return setting;
}

const contentOf = (objects: ReadonlyMap<string, Pod>) =>
  [...objects.values()]
    .map((object) => `${nameOf(object)}@${object.metadata?.resourceVersion}`)
    .sort();

function expectEqualToServer({
  store,
  server,
}: {
  store: NotingStore;
  server: ScriptedServer<Pod>;
}) {
  expect(contentOf(store.objects)).toEqual(contentOf(server.objects));
}

describe('reflector', () => {
  it.core('lists, and watches from the version of the list on', async () => {
    const { server, store, reflector, start } = newSetting();
    expect(reflector.lastSyncResourceVersion).toBe('');
    await start();
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    expect(store.calls).toEqual(['replace a b at 12']);
    expect(reflector.lastSyncResourceVersion).toBe('12');
  });

  it.core('tells the store what the watch brings', async () => {
    const { server, store, reflector, start } = newSetting();
    await start();
    server.put(pod('c'));
    server.put(pod('a', 'v2'));
    server.delete('default/b');
    await settle();
    expect(store.calls.slice(1)).toEqual(['add c 13', 'update a 14', 'delete b 15']);
    expect(reflector.lastSyncResourceVersion).toBe('15');
    expectEqualToServer({ store, server });
  });

  it.core('goes on at once from the last version when the server ends the watch', async () => {
    const { clock, server, store, start } = newSetting();
    await start();
    await clock.advance(400_000);
    server.put(pod('c'));
    await settle();
    server.cut('end');
    server.put(pod('d'));
    await settle();
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12', 'watch rv=13']);
    expect(store.calls.slice(1)).toEqual(['add c 13', 'add d 14']);
  });

  it.core('goes on at once from the last version when the connection breaks', async () => {
    const { server, store } = await watching();
    server.cut('break');
    server.put(pod('c'));
    await settle();
    expect(server.requests.slice(1)).toEqual(['watch rv=12', 'watch rv=12']);
    expect(store.calls.slice(1)).toEqual(['add c 13']);
  });

  it.core('lists again after a pause when its version is too old', async () => {
    const { clock, server, store } = await watching();
    server.cut('break');
    server.put(pod('c'));
    server.delete('default/a');
    server.forget();
    await settle();
    expect(server.requests.slice(2)).toEqual(['watch rv=12']);
    expect(store.calls).toEqual(['replace a b at 12']);
    await clock.advance(2000);
    expect(server.requests.slice(3)).toEqual(['list rv=12', 'watch rv=14']);
    expect(store.calls.slice(1)).toEqual(['replace b c at 14']);
  });

  it.core('ends when the signal aborts', async () => {
    const { reflector, abort, stop, server, store } = newSetting();
    const running = reflector.run(abort.signal);
    await settle();
    await stop(running);
    server.put(pod('c'));
    await settle();
    expect(store.calls).toEqual(['replace a b at 12']);
  });
});

describe('reflector, lists', () => {
  it('hands on an empty list', async () => {
    const { server, store, start } = newSetting();
    server.delete('default/a');
    server.delete('default/b');
    await start();
    expect(store.calls).toEqual(['replace  at 14']);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=14']);
  });

  it('lists again after a pause when a list failed', async () => {
    const { clock, server, store, start, log } = newSetting();
    server.fail(
      'list',
      { reject: newInternalError(new Error('etcd is away')) },
      { reject: refused() },
    );
    await start();
    expect(server.requests).toEqual(['list rv=0 limit=500']);
    await clock.advance(800);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'list rv=0 limit=500']);
    expect(store.calls).toEqual([]);
    await clock.advance(1600);
    expect(server.requests.slice(2)).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    expect(store.calls).toEqual(['replace a b at 12']);
    expect({ bothFailuresLogged: log.entries.length >= 2 }).toEqual({ bothFailuresLogged: true });
  });

  it('lists again after a pause when the store would not take the list', async () => {
    const { clock, server, store, start, reflector } = newSetting();
    store.replaceFails = 1;
    await start();
    expect(server.requests).toEqual(['list rv=0 limit=500']);
    expect(reflector.lastSyncResourceVersion).toBe('');
    await clock.advance(800);
    expect(server.requests.slice(1)).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    expect(store.calls).toEqual(['replace a b at 12', 'replace a b at 12']);
  });

  const tooLarge = new StatusError({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: Too large resource version: 12, current: 3',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    },
  });
  const unavailable: [name: string, error: unknown][] = [
    ['too old (Expired)', newExpired('The resourceVersion for the provided list is too old.')],
    ['too old (Gone)', newGone('gone')],
    ['too large', tooLarge],
    ['too large, as an old server says it', newTimeout('Too large resource version: 12', 1)],
    [
      'too old, by the cause of what was thrown',
      new Error('no list', { cause: newExpired('old') }),
    ],
  ];
  for (const [name, error] of unavailable) {
    it(`asks at once for the newest list when its version is ${name}`, async () => {
      const { clock, server, store } = await watching();
      server.fail('list', { reject: error });
      server.cut({ error: newExpired('too old').toStatus() });
      await clock.advance(800);
      expect(server.requests.slice(2).map(withoutLimit)).toEqual([
        'list rv=12',
        'list rv=',
        'watch rv=12',
      ]);
      expect(store.calls).toEqual(['replace a b at 12', 'replace a b at 12']);
    });
  }

  it('asks for the newest list until one succeeds', async () => {
    const { clock, server } = await watching();
    const unwell: Fault = { reject: newInternalError(new Error('unwell')) };
    server.fail('list', { reject: newExpired('old') }, unwell, unwell);
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(20_000);
    server.put(pod('c'));
    await settle();
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(60_000);
    expect(server.requests.slice(2).map(withoutLimit)).toEqual([
      'list rv=12',
      'list rv=',
      'list rv=',
      'list rv=',
      'watch rv=12',
      'list rv=13',
      'watch rv=13',
    ]);
  });

  it('pauses when the newest list is refused as too old, too', async () => {
    const { clock, server } = await watching();
    server.fail('list', { reject: newExpired('old') }, { reject: newExpired('old') });
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(800);
    expect(server.requests.slice(2).map(withoutLimit)).toEqual(['list rv=12', 'list rv=']);
    await clock.advance(1600);
    expect(server.requests.slice(4).map(withoutLimit)).toEqual(['list rv=', 'watch rv=12']);
  });

  it('does not take a timeout for a version that is too large', async () => {
    const { clock, server } = await watching();
    server.fail('list', { reject: newTimeout('request did not complete', 1) });
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(800);
    expect(server.requests.slice(2)).toEqual(['list rv=12']);
    await clock.advance(1600);
    expect(server.requests.slice(3)).toEqual(['list rv=12', 'watch rv=12']);
  });
});

const withoutLimit = (request: string) => request.replace(/ limit=\d+$/, '');

describe('reflector, pages', () => {
  const fiveMore = (server: ScriptedServer<Pod>) => {
    for (const name of ['c', 'd', 'e']) server.put(pod(name));
  };

  it('follows pages to the end and hands on one list', async () => {
    const { server, store, start } = newSetting({ paged: true, pageSize: 2 });
    fiveMore(server);
    await start();
    expect(server.requests).toEqual([
      'list rv=0 limit=2',
      'list continue=c1 limit=2',
      'list continue=c2 limit=2',
      'watch rv=15',
    ]);
    expect(store.calls).toEqual(['replace a b c d e at 15']);
  });

  it('takes the version of the first page, and the watch brings what came after it', async () => {
    const { server, store, start } = newSetting({ paged: true, pageSize: 2 });
    fiveMore(server);
    const slow = new SlowAnswer();
    server.fail('list', undefined, slow);
    await start();
    server.put(pod('f'));
    server.delete('default/a');
    slow.answer();
    await settle();
    expect(store.calls).toEqual(['replace a b c d e at 15', 'add f 16', 'delete a 17']);
    expectEqualToServer({ store, server });
  });

  it('asks for the whole list at once when the pages are too old', async () => {
    const { server, store, start } = newSetting({ paged: true, pageSize: 2 });
    fiveMore(server);
    const slow = new SlowAnswer();
    server.fail('list', undefined, slow);
    await start();
    server.put(pod('f'));
    server.forget();
    slow.answer();
    await settle();
    expect(server.requests).toEqual([
      'list rv=0 limit=2',
      'list continue=c1 limit=2',
      'list rv=0',
      'watch rv=16',
    ]);
    expect(store.calls).toEqual(['replace a b c d e f at 16']);
  });

  it('begins again after a pause when a page fails', async () => {
    const { clock, server, store, start } = newSetting({ paged: true, pageSize: 2 });
    fiveMore(server);
    server.fail('list', undefined, { reject: newInternalError(new Error('unwell')) });
    await start();
    expect(store.calls).toEqual([]);
    await clock.advance(800);
    expect(server.requests.slice(2, 4)).toEqual(['list rv=0 limit=2', 'list continue=c2 limit=2']);
    expect(store.calls).toEqual(['replace a b c d e at 15']);
  });

  it('asks for a whole list at a version, because the server has it in its cache', async () => {
    const { clock, server } = await watching();
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(800);
    expect(server.requests[2]).toBe('list rv=12');
  });

  it('asks for pages at any version once the first list came in pages', async () => {
    const { clock, server, start } = newSetting({ paged: true });
    for (let i = 0; i < 600; i++) server.put(pod(`p${i}`));
    await start();
    expect(server.requests).toEqual([
      'list rv=0 limit=500',
      'list continue=c1 limit=500',
      'watch rv=612',
    ]);
    await clock.advance(2000);
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(800);
    expect(server.requests.slice(3, 5)).toEqual([
      'list rv=612 limit=500',
      'list continue=c2 limit=500',
    ]);
  });

  it('has the page size in every list when it was given one', async () => {
    const { clock, server } = await watching({ pageSize: 7 });
    server.cut({ error: newExpired('too old').toStatus() });
    await clock.advance(800);
    expect(server.requests.filter((one) => one.startsWith('list'))).toEqual([
      'list rv=0 limit=7',
      'list rv=12 limit=7',
    ]);
  });
});

describe('reflector, watches', () => {
  it('asks for bookmarks and for an end after 5 to 10 minutes', async () => {
    const { server, start } = newSetting();
    await start();
    expect(server.watchOptions).toMatchObject([
      { resourceVersion: '12', allowWatchBookmarks: true, timeoutSeconds: 300 },
    ]);
  });

  it('asks for another time each watch, in whole seconds', async () => {
    const { server, start, clock } = newSetting({ random: seededRandom(7) });
    await start();
    for (let i = 0; i < 40; i++) {
      await clock.advance(2000);
      server.cut('end');
    }
    await settle();
    const times = server.watchOptions.map(({ timeoutSeconds = 0 }) => timeoutSeconds);
    expect({ watches: times.length }).toEqual({ watches: 41 });
    expect(times.filter((time) => !(Number.isInteger(time) && time >= 300 && time < 600))).toEqual(
      [],
    );
    const differentTimes = new Set(times).size;
    expect({ enoughDifferentTimes: differentTimes > 20 }).toEqual({ enoughDifferentTimes: true });
    const spread = Math.max(...times) - Math.min(...times);
    expect({ spreadOver: spread > 150 ? 'most of it' : spread }).toEqual({
      spreadOver: 'most of it',
    });
  });

  it('moves on with a bookmark and tells the store nothing', async () => {
    const { server, store, reflector } = await watching();
    server.skipVersions(30);
    server.bookmark();
    await settle();
    expect(reflector.lastSyncResourceVersion).toBe('42');
    expect(store.calls).toEqual(['replace a b at 12']);
    server.forget();
    server.cut('break');
    await settle();
    expect(server.requests.slice(2)).toEqual(['watch rv=42']);
  });

  it('takes a deletion by its own version', async () => {
    const { server, reflector } = await watching();
    server.delete('default/a');
    await settle();
    expect(reflector.lastSyncResourceVersion).toBe('13');
  });

  it('hands on what comes again after a reconnect', async () => {
    const { server, store, reflector } = await watching();
    server.put(pod('c'));
    server.put(pod('c', 'v2'));
    await settle();
    for (const image of ['v1', 'v2']) {
      const object = pod('c', image);
      const resourceVersion = image === 'v1' ? '13' : '14';
      server.send({
        type: 'MODIFIED',
        object: { ...object, metadata: { ...object.metadata, resourceVersion } },
      });
    }
    await settle();
    expect(reflector.lastSyncResourceVersion).toBe('14');
    expect(store.objects.get('default/c')?.spec?.containers[0]?.image).toBe('v2');
  });

  const senseless: [name: string, event: unknown][] = [
    ['an event that is null', null],
    ['an event that is a text', 'ADDED'],
    ['an event without type and object', {}],
    ['an event whose object is missing', { type: 'ADDED' }],
    ['an event whose object is null', { type: 'ADDED', object: null }],
    ['an event whose object has no metadata', { type: 'ADDED', object: { kind: 'Pod' } }],
    [
      'an event whose object has no resourceVersion',
      { type: 'ADDED', object: { metadata: { name: 'x' } } },
    ],
    ['a bookmark whose object is missing', { type: 'BOOKMARK' }],
  ];
  for (const [name, event] of senseless) {
    it(`passes over ${name}, and goes on`, async () => {
      const { server, store, reflector, log } = await watching();
      server.send(event);
      await settle();
      expect(store.calls).toEqual(['replace a b at 12']);
      expect(reflector.lastSyncResourceVersion).toBe('12');
      expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 1 });
      server.put(pod('c'));
      await settle();
      expect(store.calls.slice(1)).toEqual(['add c 13']);
      expect(reflector.lastSyncResourceVersion).toBe('13');
      expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    });
  }

  it('counts the version of an event of an unknown type', async () => {
    const { server, store, reflector, log } = await watching();
    server.send({ type: 'MOVED', object: { metadata: { name: 'x', resourceVersion: '20' } } });
    await settle();
    expect(reflector.lastSyncResourceVersion).toBe('20');
    expect(store.calls).toEqual(['replace a b at 12']);
    expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 1 });
  });

  it('passes over objects of another type than expected', async () => {
    const expectedType = { apiVersion: 'v1', kind: 'Pod' };
    const { server, store, reflector, log } = await watching({ expectedType });
    const metadata = { namespace: 'default', name: 'x', resourceVersion: '20' };
    server.send({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Service', metadata } });
    server.send({ type: 'ADDED', object: { apiVersion: 'v2', kind: 'Pod', metadata } });
    await settle();
    expect(reflector.lastSyncResourceVersion).toBe('12');
    expect(store.calls).toEqual(['replace a b at 12']);
    expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 2 });
    server.send({ type: 'ADDED', object: { metadata } });
    server.put(pod('y'));
    await settle();
    expect(store.calls.slice(1)).toEqual(['add x 20', 'add y 13']);
  });

  it('goes on when the store does not take an object', async () => {
    const { server, store, reflector, log } = await watching();
    store.refuses = 'bad';
    server.put(pod('bad'));
    server.put(pod('good'));
    await settle();
    expect(store.calls.slice(1)).toEqual(['add bad 13', 'add good 14']);
    expect(reflector.lastSyncResourceVersion).toBe('14');
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 1 });
  });

  it('stops every watch it no longer reads', async () => {
    const { clock, server, store } = await watching();
    server.send({ type: 'ERROR', object: newExpired('too old').toStatus() });
    await settle();
    expect({ openWatches: server.openWatches }).toEqual({ openWatches: 0 });
    await clock.advance(800);
    expect({ openWatches: server.openWatches }).toEqual({ openWatches: 1 });
    expect(store.calls).toEqual(['replace a b at 12', 'replace a b at 12']);
  });
});

describe('reflector, failures of a watch', () => {
  it('lists again when the watch is refused as too old', async () => {
    const { clock, server, store, start } = newSetting();
    server.fail('watch', { reject: newExpired('too old') });
    await start();
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    await clock.advance(799);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    await clock.advance(1);
    expect(server.requests.slice(2)).toEqual(['list rv=12', 'watch rv=12']);
    expect(store.calls).toEqual(['replace a b at 12', 'replace a b at 12']);
  });

  const byEvent = (error: StatusError): Fault => ({ cutAfter: 0, by: { error: error.toStatus() } });
  const tooMany = newTooManyRequests('slow down', 5);
  const forbidden = newForbidden({ group: '', resource: 'pods' }, '', 'not yours');
  const unwell = newInternalError(new Error('unwell'));
  const failures: [name: string, fault: Fault, follows: 'list' | 'watch'][] = [
    ['410, as the answer', { reject: newExpired('old') }, 'list'],
    ['410, as an event', byEvent(newExpired('old')), 'list'],
    ['410 Gone, as an event', byEvent(newGone('gone')), 'list'],
    ['429, as the answer', { reject: tooMany }, 'watch'],
    ['429, as an event', byEvent(tooMany), 'watch'],
    ['429, in what was thrown', { reject: new Error('no', { cause: tooMany }) }, 'watch'],
    ['a connection that is refused', { reject: refused() }, 'watch'],
    ['500, as the answer', { reject: unwell }, 'list'],
    ['500, as an event', byEvent(unwell), 'list'],
    ['403', { reject: forbidden }, 'list'],
    ['no answer', { reject: new TypeError('fetch failed') }, 'list'],
    ['an event ERROR that says nothing', { cutAfter: 0, by: { error: {} } }, 'list'],
    ['a watch that ends at once', { cutAfter: 0, by: 'end' }, 'list'],
    ['a watch that breaks at once', { cutAfter: 0, by: 'break' }, 'list'],
  ];
  for (const [name, fault, follows] of failures) {
    it(`after a pause there is a ${follows} after ${name}`, async () => {
      const { clock, server, store, start, log } = newSetting();
      server.fail('watch', fault);
      await start();
      expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
      expect({ pauseMs: clock.nextTimerMs }).toEqual({ pauseMs: 800 });
      await clock.advance(800);
      const expected = follows === 'list' ? ['list rv=12', 'watch rv=12'] : ['watch rv=12'];
      expect(server.requests.slice(2)).toEqual(expected);
      expect({ failureLogged: log.entries.length >= 1 }).toEqual({ failureLogged: true });
      server.put(pod('c'));
      await settle();
      expect(store.calls.at(-1)).toBe('add c 13');
    });
  }

  /** Watches until the next watch throws this, so long after it was asked for. */
  async function thrownInside(error: unknown, afterMs: number) {
    const setting = newSetting();
    const { clock, server, start } = setting;
    const { watch } = server;
    const events = async () => {
      await clock.sleep(afterMs);
      throw error;
    };
    server.watch = (options) => {
      server.requests.push(`watch rv=${options?.resourceVersion}, thrown in`);
      server.watch = watch;
      return Promise.resolve({
        [Symbol.asyncIterator]: () => ({ next: events }),
        stop: () => {},
      });
    };
    await start();
    await clock.advance(afterMs);
    return setting;
  }

  it('takes a connection that is refused inside the iteration for one that broke', async () => {
    const { clock, server } = await thrownInside(refused(), 2000);
    expect(server.requests.slice(1)).toEqual(['watch rv=12, thrown in', 'watch rv=12']);
    expect({ timers: clock.pendingTimers }).toEqual({ timers: 0 });
    const short = await thrownInside(refused(), 500);
    expect(short.server.requests.slice(1)).toEqual(['watch rv=12, thrown in']);
    await short.clock.advance(800);
    expect(short.server.requests.slice(2)).toEqual(['list rv=12', 'watch rv=12']);
  });

  const thrown: [name: string, error: unknown, follows: 'list' | 'watch'][] = [
    ['410', newExpired('old'), 'list'],
    ['410, as a cause,', new Error('no', { cause: newExpired('old') }), 'list'],
    ['429', tooMany, 'watch'],
    ['429, as a cause,', new Error('no', { cause: tooMany }), 'watch'],
  ];
  for (const [name, error, follows] of thrown) {
    it(`after a pause there is a ${follows} when the iteration throws ${name} like a refusal`, async () => {
      const { clock, server } = await thrownInside(error, 2000);
      expect(server.requests.slice(1)).toEqual(['watch rv=12, thrown in']);
      expect({ pauseMs: clock.nextTimerMs }).toEqual({ pauseMs: 800 });
      await clock.advance(800);
      const expected = follows === 'list' ? ['list rv=12', 'watch rv=12'] : ['watch rv=12'];
      expect(server.requests.slice(2)).toEqual(expected);
    });
  }

  it('takes what happened during pauses without a list', async () => {
    const { clock, server, store } = await watching();
    server.fail('watch', { reject: refused() }, { reject: refused() }, { reject: tooMany });
    server.cut('break');
    server.put(pod('c'));
    await clock.advance(60_000);
    expect(server.requests.slice(1)).toEqual(Array(5).fill('watch rv=12'));
    expect(store.calls.slice(1)).toEqual(['add c 13']);
  });

  it('does not mind a short watch that brought something', async () => {
    const { clock, server, start } = newSetting();
    await start();
    server.put(pod('c'));
    await settle();
    server.cut('end');
    await settle();
    server.bookmark();
    await settle();
    server.cut('end');
    await settle();
    expect(server.requests.slice(1)).toEqual(['watch rv=12', 'watch rv=13', 'watch rv=13']);
    expect({ timers: clock.pendingTimers }).toEqual({ timers: 0 });
  });

  it('minds a short watch that brought only what nobody understands', async () => {
    const { clock, server, start } = newSetting();
    await start();
    server.send({ type: 'ADDED', object: {} });
    await settle();
    server.cut('end');
    await settle();
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    await clock.advance(800);
    expect(server.requests.slice(2)).toEqual(['list rv=12', 'watch rv=12']);
  });

  it('minds a watch that lasted 999 ms, not one that lasted a second', async () => {
    const { clock, server, start } = newSetting();
    await start();
    await clock.advance(1000);
    server.cut('end');
    await settle();
    expect(server.requests.slice(1)).toEqual(['watch rv=12', 'watch rv=12']);
    await clock.advance(999);
    server.cut('end');
    await settle();
    expect(server.requests.slice(3)).toEqual([]);
    expect({ pauseMs: clock.nextTimerMs }).toEqual({ pauseMs: 800 });
  });

  it('measures from when it asked, because some servers answer with the first event', async () => {
    const { clock, server, start } = newSetting();
    const slow = new SlowAnswer();
    server.fail('watch', slow);
    await start();
    await clock.advance(5000);
    slow.answer();
    await settle();
    server.cut('end');
    await settle();
    expect(server.requests.slice(1)).toEqual(['watch rv=12', 'watch rv=12']);
  });

  it('is not confused by a wall clock that jumps', async () => {
    const { clock, server, start } = newSetting();
    await start();
    clock.setNow(clock.now() + 3_600_000);
    server.cut('end');
    await settle();
    expect({ pauseMs: clock.nextTimerMs }).toEqual({ pauseMs: 800 });
    await clock.advance(800);
    await clock.advance(1500);
    clock.setNow(clock.now() - 7_200_000);
    server.cut('end');
    await settle();
    expect(server.requests.slice(2)).toEqual(['list rv=12', 'watch rv=12', 'watch rv=12']);
  });
});

describe('reflector, pauses', () => {
  const always500: Fault = { reject: newInternalError(new Error('unwell')) };

  /** The pauses until the given number of lists has failed. */
  async function pauses(options: Setting, count: number): Promise<number[]> {
    const { clock, server, start } = newSetting(options);
    server.fail('list', ...Array(count).fill(always500));
    await start();
    const found: number[] = [];
    for (let i = 0; i < count; i++) {
      found.push(clock.nextTimerMs ?? -1);
      await clock.advance(clock.nextTimerMs ?? 0);
    }
    return found;
  }

  it('double from 800 ms to 30 s', async () => {
    expect(await pauses({}, 9)).toEqual([
      800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000,
    ]);
  });

  it('are stretched by chance, up to twice as long', async () => {
    const shortest = [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
    const found = await pauses({ random: always(0.5) }, 8);
    expect(found.map((ms) => Math.round(ms))).toEqual(shortest.map((ms) => 1.5 * ms));
    const byChance = await pauses({ random: seededRandom(3) }, 8);
    const factors = byChance.map((ms, i) => ms / (shortest[i] ?? 1));
    expect(factors.filter((factor) => factor < 1 || factor >= 2)).toEqual([]);
    const different = new Set(factors).size;
    expect({ differentFactors: different > 5 ? 'many' : different }).toEqual({
      differentFactors: 'many',
    });
  });

  it('grow with watches that fail as well as with lists', async () => {
    const { clock, server, start } = newSetting();
    server.fail('list', always500);
    server.fail(
      'watch',
      { reject: refused() },
      { reject: newExpired('old') },
      { reject: refused() },
    );
    await start();
    const found: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      found.push(clock.nextTimerMs);
      await clock.advance(clock.nextTimerMs ?? 0);
    }
    expect(found).toEqual([800, 1600, 3200, 6400]);
    expect(server.requests).toEqual([
      'list rv=0 limit=500',
      'list rv=0 limit=500',
      'watch rv=12',
      'watch rv=12',
      'list rv=12',
      'watch rv=12',
      'watch rv=12',
    ]);
  });

  it('do not start again because something went well for a while', async () => {
    const { clock, server } = await watching();
    const error = newExpired('old').toStatus();
    const found: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      server.cut({ error });
      await settle();
      found.push(clock.nextTimerMs);
      await clock.advance(100_000);
    }
    expect(found).toEqual([800, 1600, 3200]);
  });

  it('start again after two minutes of calm', async () => {
    const { clock, server } = await watching();
    const error = newExpired('old').toStatus();
    const found: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      server.cut({ error });
      await settle();
      found.push(clock.nextTimerMs);
      await clock.advance(i === 1 ? 130_000 : 10_000);
    }
    expect(found).toEqual([800, 1600, 800]);
  });
});

describe('reflector, the end', () => {
  it('asks for nothing when the signal has aborted before', async () => {
    const { server, reflector, abort } = newSetting();
    abort.abort();
    expect(await soon(reflector.run(abort.signal))).not.toBe('never');
    expect(server.requests).toEqual([]);
  });

  const moments: [
    name: string,
    prepare: (setting: ReturnType<typeof newSetting>) => Promise<void> | void,
  ][] = [
    ['during the first list', ({ server }) => server.fail('list', 'hang')],
    ['during a list that does not notice', ({ server }) => server.fail('list', new SlowAnswer())],
    ['during a later page', ({ server }) => server.fail('list', undefined, 'hang')],
    ['while a watch is asked for', ({ server }) => server.fail('watch', 'hang')],
    [
      'while a watch is asked for that does not notice',
      ({ server }) => server.fail('watch', new SlowAnswer()),
    ],
    ['while it watches', () => {}],
    ['in the pause after a list', ({ server }) => server.fail('list', { reject: new Error('no') })],
    [
      'in the pause after a watch',
      ({ server }) => server.fail('watch', { reject: newExpired('old') }),
    ],
    ['in the pause before a watch', ({ server }) => server.fail('watch', { reject: refused() })],
  ];
  for (const [name, prepare] of moments) {
    it(`comes at once ${name}`, async () => {
      const setting = newSetting(name.includes('page') ? { paged: true, pageSize: 1 } : {});
      await prepare(setting);
      const running = setting.reflector.run(setting.abort.signal);
      await settle();
      const requests = [...setting.server.requests];
      const calls = [...setting.store.calls];
      await setting.stop(running);
      await setting.clock.advance(600_000);
      expect(setting.server.requests).toEqual(requests);
      expect(setting.store.calls).toEqual(calls);
      const logged = setting.log.count('error') + setting.log.count('warn');
      expect({ abortLogged: logged > 1 }).toEqual({ abortLogged: false });
    });
  }

  it('hands a list that came too late to nobody', async () => {
    const { server, store, reflector, abort, stop } = newSetting();
    const slow = new SlowAnswer();
    server.fail('list', slow);
    const running = reflector.run(abort.signal);
    await settle();
    await stop(running);
    slow.answer();
    await settle();
    expect(store.calls).toEqual([]);
    expect(reflector.lastSyncResourceVersion).toBe('');
  });

  it('stops a watch that was granted too late', async () => {
    const { server, reflector, abort, stop } = newSetting();
    const slow = new SlowAnswer();
    server.fail('watch', slow);
    const running = reflector.run(abort.signal);
    await settle();
    await stop(running);
    slow.answer();
    await settle();
    expect({ openWatches: server.openWatches }).toEqual({ openWatches: 0 });
  });

  /** A watch that does not notice an abort. */
  async function watchingDeaf() {
    const setting = newSetting();
    const slow = new SlowAnswer();
    setting.server.fail('watch', slow);
    const running = setting.reflector.run(setting.abort.signal);
    await settle();
    slow.answer();
    return { ...setting, running };
  }

  it('stops a watch that does not notice the signal', async () => {
    const { server, running, stop } = await watchingDeaf();
    await settle();
    expect({ openWatches: server.openWatches }).toEqual({ openWatches: 1 });
    await stop(running);
  });

  it('tells the store nothing of what such a watch still brings', async () => {
    const { server, running, stop, store } = await watchingDeaf();
    await settle();
    server.put(pod('c'));
    server.put(pod('d'));
    await stop(running);
    expect(store.calls).toEqual(['replace a b at 12']);
  });

  it('stops it wherever between its answer and its first event the abort comes', async () => {
    for (let microtasks = 0; microtasks < 15; microtasks++) {
      const { running, stop } = await watchingDeaf();
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      await stop(running);
    }
  });

  it('comes when a call of the store aborts the signal; nothing more reaches the store', async () => {
    const { server, reflector, abort, stop, store } = newSetting();
    const running = reflector.run(abort.signal);
    await settle();
    store.add = (object) => {
      store.calls.push(`add ${nameOf(object)} and abort`);
      abort.abort();
    };
    server.put(pod('c'));
    server.put(pod('d'));
    server.put(pod('e'));
    await settle();
    expect(store.calls.slice(1)).toEqual(['add c and abort']);
    await stop(running);
  });

  it('comes when handing on the list aborts the signal', async () => {
    const { server, reflector, abort, stop, store } = newSetting();
    store.replace = () => abort.abort();
    const running = reflector.run(abort.signal);
    await settle();
    await stop(running);
    expect(server.requests).toEqual(['list rv=0 limit=500']);
  });

  it('gives lists and watches the signal', async () => {
    const { server, reflector, abort } = newSetting();
    const heard: string[] = [];
    const { list, watch } = server;
    server.list = (options) => {
      options?.signal?.addEventListener('abort', () => heard.push('list'));
      return list.call(server, options);
    };
    server.watch = (options) => {
      options?.signal?.addEventListener('abort', () => heard.push('watch'));
      return watch.call(server, options);
    };
    const running = reflector.run(abort.signal);
    await settle();
    abort.abort();
    expect(await soon(running)).not.toBe('never');
    expect(heard).toContain('watch');
  });

  it('leaves no listener on the signal with each watch', async () => {
    const { clock, server, reflector, abort } = newSetting();
    const { signal } = abort;
    const listeners = new Map<unknown, number>();
    const count = (listener: unknown, change: number) =>
      listeners.set(listener, Math.max(0, (listeners.get(listener) ?? 0) + change));
    const total = () => [...listeners.values()].reduce((sum, one) => sum + one, 0);
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    // Not an assignment: where grades are given, what the platform offers is frozen.
    Object.defineProperty(signal, 'addEventListener', {
      value: (...args: Parameters<typeof add>) => {
        count(args[1], 1);
        add.apply(signal, args);
      },
    });
    Object.defineProperty(signal, 'removeEventListener', {
      value: (...args: Parameters<typeof remove>) => {
        count(args[1], -1);
        remove.apply(signal, args);
      },
    });
    void reflector.run(signal);
    await settle();
    const before = total();
    for (let i = 0; i < 20; i++) {
      await clock.advance(2000);
      server.cut(i % 2 === 0 ? 'end' : 'break');
      await settle();
    }
    expect({ requests: server.requests.length }).toEqual({ requests: 22 });
    expect({ moreListeners: total() > before }).toEqual({ moreListeners: false });
  });

  it('can be followed by another run, which goes on from the last version', async () => {
    const { server, reflector, abort, stop, store } = newSetting();
    const running = reflector.run(abort.signal);
    await settle();
    await stop(running);
    server.put(pod('c'));
    void reflector.run(new AbortController().signal);
    await settle();
    expect(server.requests.slice(2)).toEqual(['list rv=12', 'watch rv=13']);
    expectEqualToServer({ store, server });
  });
});

/** One thing that happens in a generated history. */
type Step =
  | { readonly do: 'put' | 'delete'; readonly name: string; readonly image: string }
  | { readonly do: 'bookmark' | 'forget' | 'skip' }
  | { readonly do: 'cut'; readonly by: number }
  | { readonly do: 'fail'; readonly verb: 'list' | 'watch'; readonly fault: number }
  | { readonly do: 'wait'; readonly ms: number };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
      name,
      image: fc.constantFrom('v1', 'v2', 'v3'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('bookmark' as const, 'forget' as const, 'skip' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), by: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      verb: fc.constantFrom('list' as const, 'watch' as const),
      fault: fc.nat(7),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 10, 900, 5000, 200_000),
    }),
  },
);

const cuts = (): Cut[] => [
  'end',
  'break',
  { error: newExpired('old').toStatus() },
  { error: newTooManyRequests('slow down', 1).toStatus() },
  { error: newInternalError(new Error('unwell')).toStatus() },
];

function faultOf(verb: 'list' | 'watch', at: number): Fault {
  const rejections = [
    newExpired('old'),
    newTooManyRequests('slow', 1),
    newInternalError(new Error('x')),
    refused(),
  ];
  const rejection: Fault = { reject: rejections[at % rejections.length] };
  if (verb === 'list' || at < 4) return rejection;
  return { cutAfter: at - 4, by: cuts()[at % 5] ?? 'end' };
}

/** Does a step; those that make no sense now do nothing. */
async function doStep(one: Step, server: ScriptedServer<Pod>, clock: FakeClock): Promise<void> {
  if (one.do === 'put') server.put(pod(one.name, one.image));
  if (one.do === 'delete' && server.objects.has(`default/${one.name}`))
    server.delete(`default/${one.name}`);
  if (one.do === 'bookmark') server.bookmark();
  if (one.do === 'forget') server.forget();
  if (one.do === 'skip') server.skipVersions(5);
  if (one.do === 'cut') server.cut(cuts()[one.by]);
  if (one.do === 'fail') server.fail(one.verb, faultOf(one.verb, one.fault));
  if (one.do === 'wait') await clock.advance(one.ms);
}

describe('reflector, whatever happens', () => {
  for (const [paged, tooOldByEvent] of [
    [false, false],
    [true, true],
  ] as const) {
    property(
      `ends equal to the server${paged ? ', in pages' : ''}`,
      fc.array(step, { maxLength: 30 }),
      fc.nat(1000),
      async (steps, seed) => {
        const setting = newSetting({
          paged,
          tooOldByEvent,
          random: seededRandom(seed),
          ...(paged && { pageSize: 2 }),
        });
        const { server, clock, reflector, abort, stop, store } = setting;
        const running = reflector.run(abort.signal);
        for (const one of steps) await doStep(one, server, clock);
        await clock.advance(1_000_000);
        expectEqualToServer({ store, server });
        expect({ openWatches: server.openWatches }).toEqual({ openWatches: 1 });
        await stop(running);
      },
    );
  }

  property(
    'ends at whatever moment it is aborted',
    fc.array(step, { maxLength: 12 }),
    fc.nat(12),
    async (steps, at) => {
      const { server, clock, reflector, abort, stop } = newSetting({ tooOldByEvent: true });
      const running = reflector.run(abort.signal);
      for (const one of steps.slice(0, at)) await doStep(one, server, clock);
      await stop(running);
    },
  );
});
