import {
  FakeClock,
  keyOf,
  newExpired,
  newInternalError,
  newTooManyRequests,
  type Pod,
  Random,
  seededRandom,
} from '#apimachinery';
import {
  type Client,
  DeletedFinalStateUnknown,
  type EventHandler,
  Indexer,
  type IndexFunction,
  NAMESPACE_INDEX,
  NODES,
  newInformerFactory,
  PODS,
  SharedInformer,
  type SharedInformerOptions,
} from '#client';
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

interface Special {
  readonly namespace?: string;
  readonly image?: string;
  readonly node?: string;
  readonly uid?: string;
}

const pod = (
  name: string,
  { namespace = 'default', image = 'v1', node, uid }: Special = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace, name, ...(uid !== undefined && { uid }) },
  spec: { containers: [{ name: 'main', image }], ...(node !== undefined && { nodeName: node }) },
});

const byNode: IndexFunction<Pod> = ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []);
const byImage: IndexFunction<Pod> = ({ spec }) =>
  spec?.containers.map(({ image = '' }) => image) ?? [];

const at = ({ metadata }: Pod) => `${metadata?.name}@${metadata?.resourceVersion}`;
const namesOf = (objects: readonly Pod[]) => objects.map(({ metadata }) => metadata?.name).sort();

/** A handler that writes down what it hears: `add a@11 initially`, `tombstone default/a a@11`. */
function newListener() {
  const heard: string[] = [];
  const handler: EventHandler<Pod> = {
    onAdd: (object, initially) =>
      void heard.push(`add ${at(object)}${initially ? ' initially' : ''}`),
    onUpdate: (old, object) => void heard.push(`update ${at(old)} ${at(object)}`),
    onDelete: (object) => {
      if (object instanceof DeletedFinalStateUnknown) {
        heard.push(`tombstone ${object.key} ${at(object.object)}`);
      } else heard.push(`delete ${at(object)}`);
    },
  };
  return { heard, handler };
}

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

type Setting = Partial<ScriptedServerOptions> & Partial<SharedInformerOptions<Pod>>;

/** A server with pods a and b at versions 11 and 12, and an informer that does not run yet. */
function newSetting(options: Setting = {}) {
  const clock = new FakeClock();
  const log = newLogBook();
  const server = new ScriptedServer<Pod>({ expired: newExpired, ...options });
  server.put(pod('a', { node: 'n1' }));
  server.put(pod('b', { node: 'n2' }));
  const informer = new SharedInformer<Pod>(server, {
    clock,
    random: new Random(() => 0),
    log,
    name: 'pods',
    ...options,
  });
  const abort = new AbortController();
  const start = async (): Promise<void> => {
    void informer.run(abort.signal);
    await settle();
  };
  /** Lets the informer miss what `change` does, and list again. */
  const miss = async (change: () => void): Promise<void> => {
    await clock.advance(2000);
    server.cut('break');
    change();
    server.skipVersions(1);
    server.forget();
    await clock.advance(130_000);
  };
  return { clock, log, server, informer, abort, start, miss };
}

/** An informer that has synced, and a handler that was there from the beginning. */
async function synced(options: Setting = {}) {
  const setting = newSetting(options);
  const { heard, handler } = newListener();
  const registration = setting.informer.addEventHandler(handler);
  await setting.start();
  heard.length = 0;
  return { ...setting, heard, handler, registration };
}

describe('informer', () => {
  it.core('fills its cache with a list, and then has synced', async () => {
    const { informer, start } = newSetting();
    expect(informer.hasSynced()).toBe(false);
    expect(informer.lister.list()).toEqual([]);
    await start();
    expect(informer.hasSynced()).toBe(true);
    expect(namesOf(informer.lister.list())).toEqual(['a', 'b']);
    expect(informer.lister.get('default/a')?.spec?.nodeName).toBe('n1');
    expect(informer.lastSyncResourceVersion).toBe('12');
  });

  it.core('tells a handler of the list and of every change', async () => {
    const { server, informer, start } = newSetting();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler);
    await start();
    expect(heard).toEqual(['add a@11 initially', 'add b@12 initially']);
    server.put(pod('c'));
    server.put(pod('a', { image: 'v2' }));
    server.delete('default/b');
    await settle();
    expect(heard.slice(2)).toEqual(['add c@13', 'update a@11 a@14', 'delete b@15']);
    expect(informer.lister.list().map(at).sort()).toEqual(['a@14', 'c@13']);
  });

  it.core('serves many handlers with one list and one watch', async () => {
    const { server, informer, start } = newSetting();
    const listeners = Array.from({ length: 5 }, newListener);
    for (const { handler } of listeners) informer.addEventHandler(handler);
    await start();
    server.put(pod('c'));
    await settle();
    for (const { heard } of listeners) {
      expect(heard).toEqual(['add a@11 initially', 'add b@12 initially', 'add c@13']);
    }
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
  });

  it.core('tells a late handler of everything that is there, and of what comes', async () => {
    const { server, informer, heard: earlier } = await synced();
    server.put(pod('a', { image: 'v2' }));
    await settle();
    earlier.length = 0;
    const { heard, handler } = newListener();
    informer.addEventHandler(handler);
    await settle();
    expect([...heard].sort()).toEqual(['add a@13 initially', 'add b@12 initially']);
    server.delete('default/b');
    await settle();
    expect(heard.slice(2)).toEqual(['delete b@14']);
    expect(earlier).toEqual(['delete b@14']);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
  });

  it.core('finds objects by an index, also when the value changes', async () => {
    const { server, informer } = await synced({ indexers: { byNode } });
    const { lister } = informer;
    expect(namesOf(lister.byIndex('byNode', 'n1'))).toEqual(['a']);
    server.put(pod('a', { node: 'n2' }));
    await settle();
    expect(namesOf(lister.byIndex('byNode', 'n1'))).toEqual([]);
    expect(namesOf(lister.byIndex('byNode', 'n2'))).toEqual(['a', 'b']);
    server.delete('default/a');
    await settle();
    expect(namesOf(lister.byIndex('byNode', 'n2'))).toEqual(['b']);
  });

  it.core('tells of deletions it missed with the last state it knew', async () => {
    const { server, informer, heard, miss } = await synced();
    await miss(() => {
      server.put(pod('a', { image: 'v2' }));
      server.delete('default/a');
      server.put(pod('c'));
    });
    expect(heard).toEqual(['update b@12 b@12', 'add c@15', 'tombstone default/a a@11']);
    expect(informer.lister.list().map(at).sort()).toEqual(['b@12', 'c@15']);
  });

  it.core('tells a handler of everything again after each resync period', async () => {
    const { clock, server, informer, start } = newSetting();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 5000 });
    await start();
    heard.length = 0;
    await clock.advance(4999);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect([...heard].sort()).toEqual(['update a@11 a@11', 'update b@12 b@12']);
    await clock.advance(10_000);
    expect([...heard].sort()).toEqual([
      ...Array(3).fill('update a@11 a@11'),
      ...Array(3).fill('update b@12 b@12'),
    ]);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
  });
});

describe('informer, changes', () => {
  it('has a change in the cache before it tells of it', async () => {
    const { server, informer } = await synced({ indexers: { byImage } });
    const seen: string[] = [];
    const { lister } = informer;
    informer.addEventHandler({
      onAdd: (object) => seen.push(`${lister.get(keyOf(object)) === object}`),
      onUpdate: (_, object) => {
        const [first] = lister.byIndex('byImage', 'v2');
        seen.push(`${lister.get(keyOf(object)) === object} ${first === object}`);
      },
      onDelete: (object) =>
        seen.push(`${lister.get('default/b') === undefined}, was ${namesOf([object as Pod])}`),
    });
    await settle();
    server.put(pod('a', { image: 'v2' }));
    await settle();
    server.delete('default/b');
    await settle();
    expect(seen).toEqual(['true', 'true', 'true true', 'true, was b']);
  });

  it('gives the old object of an update as it was in the cache', async () => {
    const { server, informer } = await synced();
    const before = informer.lister.get('default/a');
    const olds: unknown[] = [];
    informer.addEventHandler({ onUpdate: (old) => olds.push(old === before) });
    server.put(pod('a', { image: 'v2' }));
    await settle();
    expect(olds).toEqual([true]);
  });

  it('gives the state that the deletion brought', async () => {
    const { server, heard } = await synced();
    server.delete('default/a');
    await settle();
    expect(heard).toEqual(['delete a@13']);
  });

  it('takes an add of what it knows for an update, an update of what it does not know for an add', async () => {
    const { server, heard, informer } = await synced();
    const [a, x] = [pod('a', { image: 'v2' }), pod('x')];
    server.send({
      type: 'ADDED',
      object: { ...a, metadata: { ...a.metadata, resourceVersion: '20' } },
    });
    server.send({
      type: 'MODIFIED',
      object: { ...x, metadata: { ...x.metadata, resourceVersion: '21' } },
    });
    await settle();
    expect(heard).toEqual(['update a@11 a@20', 'add x@21']);
    expect(informer.lister.keys().sort()).toEqual(['default/a', 'default/b', 'default/x']);
  });

  it('says nothing of a deletion of what it does not know', async () => {
    const { server, heard } = await synced();
    const x = pod('x');
    server.send({
      type: 'DELETED',
      object: { ...x, metadata: { ...x.metadata, resourceVersion: '20' } },
    });
    await settle();
    expect(heard).toEqual([]);
  });

  it('says nothing of bookmarks', async () => {
    const { server, heard, informer } = await synced();
    server.skipVersions(5);
    server.bookmark();
    await settle();
    expect(heard).toEqual([]);
    expect(informer.lastSyncResourceVersion).toBe('17');
    expect(namesOf(informer.lister.list())).toEqual(['a', 'b']);
  });

  it('keeps objects of the same name in different namespaces apart, and objects without one', async () => {
    const { server, informer, start } = newSetting();
    server.put(pod('a', { namespace: 'other' }));
    server.put({ kind: 'Pod', metadata: { name: 'a' } });
    await start();
    expect(informer.lister.keys().sort()).toEqual(['a', 'default/a', 'default/b', 'other/a']);
    expect(informer.lister.listNamespace('other').map(keyOf)).toEqual(['other/a']);
    expect(informer.lister.listNamespace('').map(keyOf)).toEqual(['a']);
    server.delete('other/a');
    await settle();
    expect(informer.lister.listNamespace('other')).toEqual([]);
    expect(informer.lister.get('default/a')).toMatchObject({ metadata: { name: 'a' } });
  });

  it('calls a handler that has no methods for what it does not care about', async () => {
    const { server, informer, start, log, clock } = newSetting();
    informer.addEventHandler({}, { resyncPeriodMs: 1000 });
    await start();
    server.put(pod('a', { image: 'v2' }));
    server.delete('default/b');
    await clock.advance(1000);
    expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 0 });
  });

  it('calls methods of a handler as methods', async () => {
    const { informer, start } = newSetting();
    class Counter implements EventHandler<Pod> {
      count = 0;
      onAdd(): void {
        this.count++;
      }
    }
    const counter = new Counter();
    informer.addEventHandler(counter);
    await start();
    expect({ addsCounted: counter.count }).toEqual({ addsCounted: 2 });
  });
});

describe('informer, another list', () => {
  it('is told as updates, also of what did not change', async () => {
    const { heard, miss } = await synced();
    await miss(() => {});
    expect(heard).toEqual(['update a@11 a@11', 'update b@12 b@12']);
  });

  it('brings what was missed, in its order, deletions last', async () => {
    const { server, heard, miss } = await synced();
    await miss(() => {
      server.put(pod('c'));
      server.delete('default/a');
      server.put(pod('b', { image: 'v2' }));
    });
    expect(heard).toEqual(['update b@12 b@15', 'add c@13', 'tombstone default/a a@11']);
  });

  it('shows an object that was made anew under the same name as an update', async () => {
    const { server, informer, heard, miss } = await synced();
    const uids: unknown[] = [];
    informer.addEventHandler({
      onUpdate: (old, object) => uids.push([old.metadata?.uid, object.metadata?.uid]),
    });
    await miss(() => {
      server.delete('default/a');
      server.put(pod('a', { uid: 'second' }));
    });
    expect(heard).toEqual(['update b@12 b@12', 'update a@11 a@14']);
    expect(uids).toEqual([
      [undefined, undefined],
      [undefined, 'second'],
    ]);
  });

  it('may be empty', async () => {
    const { server, informer, heard, miss } = await synced({ indexers: { byNode } });
    await miss(() => {
      server.delete('default/a');
      server.delete('default/b');
    });
    expect([...heard].sort()).toEqual(['tombstone default/a a@11', 'tombstone default/b b@12']);
    expect(informer.lister.list()).toEqual([]);
    expect(informer.lister.byIndex('byNode', 'n1')).toEqual([]);
    expect(informer.lister.listNamespace('default')).toEqual([]);
    expect(informer.hasSynced()).toBe(true);
  });

  it('keeps the indexes right', async () => {
    const { server, informer, miss } = await synced({ indexers: { byNode } });
    await miss(() => {
      server.put(pod('a', { node: 'n2' }));
      server.put(pod('c', { node: 'n1' }));
      server.delete('default/b');
    });
    expect(namesOf(informer.lister.byIndex('byNode', 'n1'))).toEqual(['c']);
    expect(namesOf(informer.lister.byIndex('byNode', 'n2'))).toEqual(['a']);
  });

  it('gives a tombstone the very object that was in the cache', async () => {
    const { server, informer, miss } = await synced();
    const last = informer.lister.get('default/a');
    const found: unknown[] = [];
    informer.addEventHandler({
      onDelete: (object) =>
        found.push(object instanceof DeletedFinalStateUnknown && object.object === last),
    });
    await miss(() => server.delete('default/a'));
    expect(found).toEqual([true]);
  });

  it('that comes in pages is one list', async () => {
    const { server, informer, start } = newSetting({ paged: true, pageSize: 1 });
    const { heard, handler } = newListener();
    informer.addEventHandler(handler);
    await start();
    expect(server.requests).toEqual([
      'list rv=0 limit=1',
      'list continue=c1 limit=1',
      'watch rv=12',
    ]);
    expect(heard).toEqual(['add a@11 initially', 'add b@12 initially']);
  });

  it('that fails changes nothing', async () => {
    const { clock, server, informer, heard } = await synced();
    await clock.advance(2000);
    server.fail('list', { reject: newInternalError(new Error('unwell')) });
    server.cut({ error: newExpired('old').toStatus() });
    await clock.advance(900);
    expect(heard).toEqual([]);
    expect(informer.hasSynced()).toBe(true);
    expect(namesOf(informer.lister.list())).toEqual(['a', 'b']);
  });

  it('passes over objects of another type than expected', async () => {
    const { server, heard } = await synced({ expectedType: { apiVersion: 'v1', kind: 'Pod' } });
    server.send({
      type: 'ADDED',
      object: { kind: 'Service', apiVersion: 'v1', metadata: { name: 'x', resourceVersion: '20' } },
    });
    server.put(pod('c'));
    await settle();
    expect(heard).toEqual(['add c@13']);
  });
});

describe('informer, when handlers are called', () => {
  it('never calls from inside the informer’s methods', async () => {
    const { informer, start, abort } = newSetting();
    let inside = true;
    const calls: boolean[] = [];
    const note = { onAdd: () => calls.push(inside) };
    informer.addEventHandler(note);
    const running = informer.run(abort.signal);
    inside = false;
    await settle();
    inside = true;
    informer.addEventHandler(note);
    inside = false;
    await settle();
    expect(calls).toEqual([false, false, false, false]);
    abort.abort();
    expect(await soon(running)).not.toBe('never');
    await start();
  });

  it('calls one at a time, each after the one before has returned', async () => {
    const { informer, server } = await synced();
    let depth = 0;
    let deepest = 0;
    informer.addEventHandler({
      onAdd: (object) => {
        deepest = Math.max(deepest, ++depth);
        if (object.metadata?.name === 'c') informer.addEventHandler({ onAdd: () => {} });
        depth--;
      },
    });
    server.put(pod('c'));
    server.put(pod('d'));
    await settle();
    expect({ callsAtOnce: deepest }).toEqual({ callsAtOnce: 1 });
  });

  it('logs what a handler throws and goes on with it and the others', async () => {
    const { server, informer, start, log } = newSetting();
    const first = newListener();
    const throwing = informer.addEventHandler({
      onAdd: (...args) => {
        first.handler.onAdd?.(...args);
        throw new Error('I cannot');
      },
      onUpdate: () => {
        throw new Error('nor this');
      },
      onDelete: () => {
        throw new Error('nor that');
      },
    });
    const second = newListener();
    const registration = informer.addEventHandler(second.handler);
    await start();
    server.put(pod('a', { image: 'v2' }));
    server.delete('default/b');
    await settle();
    server.put(pod('c'));
    await settle();
    expect(first.heard).toEqual(['add a@11 initially', 'add b@12 initially', 'add c@15']);
    expect(second.heard).toEqual([
      'add a@11 initially',
      'add b@12 initially',
      'update a@11 a@13',
      'delete b@14',
      'add c@15',
    ]);
    expect({ errorsLogged: log.count('error') }).toEqual({ errorsLogged: 5 });
    expect([throwing.hasSynced(), registration.hasSynced()]).toEqual([true, true]);
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
  });

  it('calls nobody who was removed, not even for what had happened before', async () => {
    const { server, registration, heard, informer } = await synced();
    const other = newListener();
    informer.addEventHandler(other.handler);
    await settle();
    other.heard.length = 0;
    server.put(pod('c'));
    registration.remove();
    await settle();
    server.put(pod('d'));
    await settle();
    expect(heard).toEqual([]);
    expect(other.heard).toEqual(['add c@13', 'add d@14']);
    registration.remove();
  });

  it('does not call a handler for the rest once it was removed', async () => {
    const { informer } = await synced();
    const heard: string[] = [];
    const first = informer.addEventHandler({
      onAdd: (object) => {
        heard.push(at(object));
        first.remove();
      },
    });
    informer.addEventHandler({ onAdd: (object) => heard.push(`other ${at(object)}`) }).remove();
    await settle();
    expect({ heard: heard.length, first: heard[0]?.replace(/[ab]@1[12]$/, 'one') }).toEqual({
      heard: 1,
      first: 'one',
    });
  });

  it('lets a handler remove itself, others and add more while it is called', async () => {
    const { server, informer } = await synced();
    const late = newListener();
    const victim = newListener();
    const heard: string[] = [];
    const itself = informer.addEventHandler({
      onUpdate: (_, object) => {
        heard.push(at(object));
        itself.remove();
        removed.remove();
        informer.addEventHandler(late.handler);
      },
    });
    const removed = informer.addEventHandler(victim.handler);
    await settle();
    victim.heard.length = 0;
    server.put(pod('a', { image: 'v2' }));
    await settle();
    victim.heard.length = 0;
    server.put(pod('a', { image: 'v3' }));
    await settle();
    expect(heard).toEqual(['a@13']);
    expect(victim.heard).toEqual([]);
    expect([...late.heard.slice(0, 2)].sort()).toEqual([
      'add a@13 initially',
      'add b@12 initially',
    ]);
    expect(late.heard.slice(2)).toEqual(['update a@13 a@14']);
  });

  it('tells the same handler twice when it was added twice, and once when one was removed', async () => {
    const { server, informer, handler, heard, registration } = await synced();
    informer.addEventHandler(handler);
    await settle();
    heard.length = 0;
    server.put(pod('c'));
    await settle();
    expect(heard).toEqual(['add c@13', 'add c@13']);
    registration.remove();
    server.put(pod('d'));
    await settle();
    expect(heard.slice(2)).toEqual(['add d@14']);
  });

  it('tells a handler added amid changes nothing twice and leaves nothing out', async () => {
    const { server, informer } = await synced();
    const { heard, handler } = newListener();
    // Changes are on their way, some before and some after the handler comes.
    server.put(pod('c'));
    await Promise.resolve();
    await Promise.resolve();
    server.put(pod('d'));
    informer.addEventHandler(handler);
    server.put(pod('e'));
    server.put(pod('c', { image: 'v2' }));
    await settle();
    const state = new Map<string, string>();
    for (const line of heard) {
      const [verb, ...objects] = line.split(' ');
      const [name = '', version = ''] = objects[verb === 'update' ? 1 : 0]?.split('@') ?? [];
      expect(state.has(name)).toBe(verb !== 'add');
      state.set(name, version);
    }
    expect([...state.entries()].sort()).toEqual([
      ['a', '11'],
      ['b', '12'],
      ['c', '16'],
      ['d', '14'],
      ['e', '15'],
    ]);
  });
});

describe('informer, synced', () => {
  it('is not before the list has come, and stays it', async () => {
    const { clock, server, informer, start } = newSetting();
    const slow = new SlowAnswer();
    server.fail('list', { reject: newInternalError(new Error('no')) }, slow);
    const registration = informer.addEventHandler({});
    await start();
    await clock.advance(800);
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([false, false]);
    slow.answer();
    await settle();
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([true, true]);
    await clock.advance(2000);
    server.fail('watch', ...Array(20).fill({ reject: newInternalError(new Error('no')) }));
    server.cut('break');
    await clock.advance(60_000);
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([true, true]);
  });

  it('is of an empty resource, too', async () => {
    const { server, informer, start } = newSetting();
    server.delete('default/a');
    server.delete('default/b');
    const registration = informer.addEventHandler({});
    await start();
    expect([informer.hasSynced(), registration.hasSynced()]).toEqual([true, true]);
  });

  it('is a handler when it has been told of everything at first', async () => {
    const { informer, start } = newSetting();
    const seen: boolean[] = [];
    const registration = informer.addEventHandler({
      onAdd: () => seen.push(registration.hasSynced()),
    });
    await start();
    expect(seen).toEqual([false, false]);
    expect(registration.hasSynced()).toBe(true);
  });

  it('is a late handler when it has been told of what was there', async () => {
    const { informer } = await synced();
    const seen: boolean[] = [];
    const registration = informer.addEventHandler({
      onAdd: () => seen.push(registration.hasSynced()),
    });
    expect(registration.hasSynced()).toBe(false);
    await settle();
    expect(seen).toEqual([false, false]);
    expect(registration.hasSynced()).toBe(true);
  });

  it('is a handler that was told all before an update of the rest came', async () => {
    const { server, informer, start } = newSetting();
    const registration = informer.addEventHandler({});
    await start();
    server.put(pod('c'));
    await settle();
    expect(registration.hasSynced()).toBe(true);
  });

  it('can be waited for', async () => {
    const { informer, start, abort } = newSetting();
    const events: string[] = [];
    const waiting = informer.whenSynced(abort.signal).then(() => events.push('synced'));
    await settle();
    expect(events).toEqual([]);
    await start();
    expect(await soon(waiting)).not.toBe('never');
    expect(await soon(informer.whenSynced(abort.signal))).not.toBe('never');
    expect(events).toEqual(['synced']);
  });

  it('is not waited for when the signal aborts first', async () => {
    const { informer } = newSetting();
    const abort = new AbortController();
    const waiting = informer.whenSynced(abort.signal);
    const outcome = waiting.then(
      () => 'synced',
      (reason: unknown) => reason,
    );
    abort.abort('enough');
    expect(await soon(outcome)).toBe('enough');
  });

  it('gives adds of the first list the mark, and no others', async () => {
    const { server, informer, start, miss } = newSetting();
    const { heard, handler } = newListener();
    server.fail('list', { reject: newInternalError(new Error('no')) });
    informer.addEventHandler(handler);
    await start();
    await miss(() => server.put(pod('c')));
    await miss(() => server.put(pod('d')));
    expect(heard.filter((line) => line.startsWith('add'))).toEqual([
      'add a@11 initially',
      'add b@12 initially',
      'add c@13',
      'add d@15',
    ]);
  });
});

/** What a handler hears of pods a and b at each resync, sorted. */
const ONE_RESYNC = ['update a@11 a@11', 'update b@12 b@12'];

describe('informer, resync', () => {
  it('gives the same object twice, as it is in the cache', async () => {
    const { clock, server, informer } = await synced();
    const found: unknown[] = [];
    informer.addEventHandler(
      {
        onUpdate: (old, object) =>
          found.push([old === object, object === informer.lister.get(keyOf(object)), at(object)]),
      },
      { resyncPeriodMs: 3000 },
    );
    server.put(pod('a', { image: 'v2' }));
    server.delete('default/b');
    await settle();
    found.length = 0;
    await clock.advance(3000);
    expect(found).toEqual([[true, true, 'a@13']]);
  });

  it('is each handler’s own', async () => {
    const { clock, informer, heard } = await synced();
    const [fast, slow] = [newListener(), newListener()];
    informer.addEventHandler(fast.handler, { resyncPeriodMs: 2000 });
    informer.addEventHandler(slow.handler, { resyncPeriodMs: 5000 });
    await settle();
    fast.heard.length = slow.heard.length = 0;
    await clock.advance(10_000);
    const resyncs = (list: readonly string[]) =>
      list.filter((one) => one === 'update a@11 a@11').length;
    expect({ fastResyncs: resyncs(fast.heard), slowResyncs: resyncs(slow.heard) }).toEqual({
      fastResyncs: 5,
      slowResyncs: 2,
    });
    expect({ fastUpdates: fast.heard.length, slowUpdates: slow.heard.length }).toEqual({
      fastUpdates: 10,
      slowUpdates: 4,
    });
    expect(heard).toEqual([]);
  });

  it('is at most once a second', async () => {
    const { clock, informer } = await synced();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 10 });
    await settle();
    heard.length = 0;
    await clock.advance(999);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect([...heard].sort()).toEqual(ONE_RESYNC);
  });

  for (const resyncPeriodMs of [0, -1, -5000, undefined]) {
    it(`does not happen with a period of ${resyncPeriodMs}`, async () => {
      const { clock, informer } = await synced();
      const { heard, handler } = newListener();
      informer.addEventHandler(handler, resyncPeriodMs === undefined ? {} : { resyncPeriodMs });
      await clock.advance(100_000);
      expect([...heard].sort()).toEqual(['add a@11 initially', 'add b@12 initially']);
      expect({ timers: clock.pendingTimers }).toEqual({ timers: 0 });
    });
  }

  it('is counted from the start for handlers that were there before', async () => {
    const { clock, informer, start } = newSetting();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 5000 });
    await clock.advance(3000);
    await start();
    heard.length = 0;
    await clock.advance(4999);
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect([...heard].sort()).toEqual(ONE_RESYNC);
  });

  it('goes on while the server is away', async () => {
    const { clock, server, informer } = await synced();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 10_000 });
    await clock.advance(2000);
    server.fail('watch', 'hang');
    server.cut('break');
    heard.length = 0;
    await clock.advance(38_000);
    expect([...heard].sort()).toEqual([
      ...Array(4).fill('update a@11 a@11'),
      ...Array(4).fill('update b@12 b@12'),
    ]);
  });

  it('is not disturbed by a wall clock that jumps', async () => {
    const { clock, informer } = await synced();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 5000 });
    await settle();
    heard.length = 0;
    clock.setNow(clock.now() + 3_600_000);
    await clock.advance(4999);
    expect(heard).toEqual([]);
    clock.setNow(clock.now() - 7_200_000);
    await clock.advance(1);
    expect([...heard].sort()).toEqual(ONE_RESYNC);
  });

  it('ends with the handler, and leaves no timer', async () => {
    const { clock, informer } = await synced();
    const { heard, handler } = newListener();
    const registration = informer.addEventHandler(handler, { resyncPeriodMs: 1000 });
    await clock.advance(2000);
    heard.length = 0;
    registration.remove();
    expect({ timers: clock.pendingTimers }).toEqual({ timers: 0 });
    await clock.advance(10_000);
    expect(heard).toEqual([]);
  });
});

describe('informer, the end', () => {
  it('leaves no timer, no watch, and calls no handler any more', async () => {
    const { clock, server, informer, abort } = newSetting();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 1000 });
    let ended = false;
    void informer.run(abort.signal).then(() => {
      ended = true;
    });
    await settle();
    heard.length = 0;
    abort.abort();
    await settle();
    expect(ended).toBe(true);
    expect([clock.pendingTimers, server.openWatches]).toEqual([0, 0]);
    server.put(pod('c'));
    await clock.advance(60_000);
    expect(heard).toEqual([]);
    expect(namesOf(informer.lister.list())).toEqual(['a', 'b']);
    expect(informer.hasSynced()).toBe(true);
  });

  it('calls nobody after run has ended, even if something was on its way', async () => {
    const { informer, abort, server } = newSetting();
    let over = false;
    let after = 0;
    informer.addEventHandler({
      onAdd: () => {
        if (over) after++;
      },
    });
    const running = informer.run(abort.signal).then(() => {
      over = true;
    });
    await settle();
    for (let i = 0; i < 10; i++) server.put(pod(`p${i}`));
    informer.addEventHandler({
      onAdd: () => {
        if (over) after++;
      },
    });
    abort.abort();
    expect(await soon(running)).not.toBe('never');
    await settle();
    expect({ callsAfterTheEnd: after }).toEqual({ callsAfterTheEnd: 0 });
  });

  it('refuses handlers and indexers after that', async () => {
    const { informer, abort, start } = newSetting();
    await start();
    abort.abort();
    await settle();
    expect(() => informer.addEventHandler({})).toThrow(
      'handler was not added to shared informer because it has stopped already',
    );
    expect(() => informer.addIndexers({ byNode })).toThrow(
      'indexer was not added because it has stopped already',
    );
  });

  it('comes at once when the signal has aborted before', async () => {
    const { informer, abort, server } = newSetting();
    abort.abort();
    expect(await soon(informer.run(abort.signal))).not.toBe('never');
    expect(server.requests).toEqual([]);
    expect(() => informer.addEventHandler({})).toThrow('stopped already');
  });

  it('is not preceded by a second run', async () => {
    const { informer, abort, server, start, log, clock } = newSetting();
    const { heard, handler } = newListener();
    informer.addEventHandler(handler, { resyncPeriodMs: 1000 });
    await start();
    const warnings = log.count('warn');
    expect(await soon(informer.run(abort.signal))).not.toBe('never');
    expect({ warningsLogged: log.count('warn') }).toEqual({ warningsLogged: warnings + 1 });
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
    heard.length = 0;
    await clock.advance(1000);
    expect([...heard].sort()).toEqual(ONE_RESYNC);
    abort.abort();
    await settle();
    expect(await soon(informer.run(new AbortController().signal))).not.toBe('never');
    expect(server.requests).toEqual(['list rv=0 limit=500', 'watch rv=12']);
  });
});

describe('informer, indexers', () => {
  it('can be added before and after the start', async () => {
    const { informer, start } = newSetting();
    informer.addIndexers({ byNode });
    await start();
    informer.addIndexers({ byImage });
    expect(namesOf(informer.lister.byIndex('byNode', 'n1'))).toEqual(['a']);
    expect(namesOf(informer.lister.byIndex('byImage', 'v1'))).toEqual(['a', 'b']);
  });

  it('cannot be added twice', () => {
    const { informer } = newSetting({ indexers: { byNode } });
    expect(() => informer.addIndexers({ byNode })).toThrow('indexer conflict: byNode');
    expect(() => informer.lister.byIndex('byImage', 'v1')).toThrow(
      'Index with name byImage does not exist',
    );
  });

  it('has one lister all the time', async () => {
    const { informer, start } = newSetting();
    const { lister } = informer;
    await start();
    expect(informer.lister === lister).toBe(true);
    expect(namesOf(lister.list())).toEqual(['a', 'b']);
  });
});

describe('indexer', () => {
  const filled = () => {
    const indexer = new Indexer<Pod>({ byNode, byImage });
    for (const [name, node] of [
      ['a', 'n1'],
      ['b', 'n1'],
      ['c', 'n2'],
    ] as const) {
      indexer.put(pod(name, { node }));
    }
    return indexer;
  };

  it('gives back what was there before', () => {
    const indexer = new Indexer<Pod>();
    const [first, second] = [pod('a'), pod('a', { image: 'v2' })];
    expect(indexer.put(first)).toBe(undefined);
    expect(indexer.put(second) === first).toBe(true);
    expect(indexer.delete('default/a') === second).toBe(true);
    expect(indexer.delete('default/a')).toBe(undefined);
    expect(indexer.get('default/a')).toBe(undefined);
    expect(indexer.keys()).toEqual([]);
  });

  it('hands out the objects themselves, in lists that are the caller’s', () => {
    const indexer = filled();
    const a = indexer.get('default/a');
    expect(indexer.list().includes(a as Pod)).toBe(true);
    for (const list of [
      indexer.list(),
      indexer.keys(),
      indexer.byIndex('byNode', 'n1'),
      indexer.listNamespace('default'),
    ]) {
      list.length = 0;
    }
    expect(namesOf(indexer.list())).toEqual(['a', 'b', 'c']);
    expect(indexer.keys().sort()).toEqual(['default/a', 'default/b', 'default/c']);
    expect(namesOf(indexer.byIndex('byNode', 'n1'))).toEqual(['a', 'b']);
    expect(namesOf(indexer.listNamespace('default'))).toEqual(['a', 'b', 'c']);
  });

  it('gives a list that does not change with what comes later', () => {
    const indexer = filled();
    const lists = [
      indexer.list(),
      indexer.byIndex('byNode', 'n1'),
      indexer.listNamespace('default'),
    ];
    indexer.put(pod('d', { node: 'n1' }));
    indexer.delete('default/a');
    expect(lists.map(namesOf)).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]);
  });

  it('finds an object under each of its values, once', () => {
    const indexer = new Indexer<Pod>({ byImage });
    const many = pod('many');
    many.spec = { containers: ['v1', 'v2', 'v2'].map((image, i) => ({ name: `c${i}`, image })) };
    indexer.put(many);
    expect(namesOf(indexer.byIndex('byImage', 'v1'))).toEqual(['many']);
    expect(namesOf(indexer.byIndex('byImage', 'v2'))).toEqual(['many']);
    indexer.put(pod('many', { image: 'v2' }));
    expect(namesOf(indexer.byIndex('byImage', 'v1'))).toEqual([]);
    expect(namesOf(indexer.byIndex('byImage', 'v2'))).toEqual(['many']);
  });

  it('finds nothing under a value that nobody has', () => {
    expect(filled().byIndex('byNode', 'n9')).toEqual([]);
    expect(filled().byIndex('byNode', '')).toEqual([]);
    expect(filled().listNamespace('other')).toEqual([]);
  });

  it('is not confused by names that every JavaScript object has', () => {
    const indexer = new Indexer<Pod>({ byNode });
    expect(indexer.get('constructor')).toBe(undefined);
    expect(indexer.byIndex('byNode', '__proto__')).toEqual([]);
    indexer.put(pod('constructor', { node: '__proto__' }));
    expect(namesOf(indexer.byIndex('byNode', '__proto__'))).toEqual(['constructor']);
    expect(() => indexer.byIndex('toString', 'x')).toThrow(
      'Index with name toString does not exist',
    );
  });

  it('fills an index that is added later', () => {
    const indexer = new Indexer<Pod>();
    indexer.put(pod('a', { node: 'n1' }));
    expect(() => indexer.byIndex('byNode', 'n1')).toThrow('Index with name byNode does not exist');
    indexer.addIndexers({ byNode });
    expect(namesOf(indexer.byIndex('byNode', 'n1'))).toEqual(['a']);
    indexer.delete('default/a');
    expect(indexer.byIndex('byNode', 'n1')).toEqual([]);
  });

  it('adds none of several indexes when one is there already', () => {
    const indexer = filled();
    const none: IndexFunction<Pod> = () => [];
    expect(() => indexer.addIndexers({ byNew: none, byNode: none, byImage: none })).toThrow(
      'indexer conflict: byNode, byImage',
    );
    expect(() => indexer.byIndex('byNew', 'x')).toThrow('Index with name byNew does not exist');
    expect(namesOf(indexer.byIndex('byNode', 'n1'))).toEqual(['a', 'b']);
  });

  it('has an index by namespace from the beginning', () => {
    const indexer = filled();
    indexer.put(pod('a', { namespace: 'other' }));
    expect(indexer.byIndex(NAMESPACE_INDEX, 'other').map(keyOf)).toEqual(['other/a']);
    expect(() => indexer.addIndexers({ [NAMESPACE_INDEX]: () => [] })).toThrow(
      'indexer conflict: namespace',
    );
    expect(() => new Indexer({ [NAMESPACE_INDEX]: () => [] })).toThrow(
      'indexer conflict: namespace',
    );
  });

  it('asks the index function of an object only when that object changes', () => {
    let asked = 0;
    const counting: IndexFunction<Pod> = (object) => {
      asked++;
      return byNode(object);
    };
    const indexer = new Indexer<Pod>({ counting });
    for (let i = 0; i < 100; i++) indexer.put(pod(`p${i}`, { node: `n${i % 10}` }));
    const before = asked;
    expect({ found: indexer.byIndex('counting', 'n3').length }).toEqual({ found: 10 });
    expect({ askedByReading: asked - before }).toEqual({ askedByReading: 0 });
    indexer.put(pod('p3', { node: 'n4' }));
    expect({ askedOfOthers: Math.max(0, asked - before - 2) }).toEqual({ askedOfOthers: 0 });
  });

  property(
    'answers as looking through all objects would',
    fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        namespace: fc.constantFrom('x', 'y'),
        node: fc.option(fc.constantFrom('n1', 'n2', ''), { nil: undefined }),
        remove: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
    (steps) => {
      const indexer = new Indexer<Pod>({ byNode });
      const model = new Map<string, Pod>();
      for (const { name, namespace, node, remove } of steps) {
        const object = pod(name, { namespace, ...(node !== undefined && { node }) });
        if (remove) {
          model.delete(keyOf(object));
          indexer.delete(keyOf(object));
        } else {
          model.set(keyOf(object), object);
          indexer.put(object);
        }
      }
      const all = [...model.values()];
      const keys = (objects: readonly Pod[]) => objects.map(keyOf).sort();
      expect([
        indexer.keys().sort(),
        ...['n1', 'n2'].map((node) => keys(indexer.byIndex('byNode', node))),
        ...['x', 'y'].map((namespace) => keys(indexer.listNamespace(namespace))),
      ]).toEqual([
        keys(all),
        ...['n1', 'n2'].map((node) => keys(all.filter((one) => one.spec?.nodeName === node))),
        ...['x', 'y'].map((ns) => keys(all.filter((one) => one.metadata?.namespace === ns))),
      ]);
    },
  );
});

describe('informer factory', () => {
  it('makes one informer for each resource, and runs those that were asked for', async () => {
    const clock = new FakeClock();
    const pods = new ScriptedServer<Pod>({ expired: newExpired });
    pods.put(pod('a'));
    const nodes = new ScriptedServer<Pod>({ expired: newExpired });
    const client = {
      resource: (type: object) => (type === PODS ? pods : nodes),
    } as unknown as Client;
    const factory = newInformerFactory(client, {
      clock,
      random: seededRandom(1),
      log: newLogBook(),
    });
    const informer = factory.informer(PODS);
    expect(factory.informer(PODS) === informer).toBe(true);
    const abort = new AbortController();
    factory.start(abort.signal);
    expect(await soon(factory.waitForSync(abort.signal))).not.toBe('never');
    expect(informer.lister.keys()).toEqual(['default/a']);
    expect(nodes.requests).toEqual([]);
    factory.informer(NODES);
    factory.start(abort.signal);
    expect(await soon(factory.waitForSync(abort.signal))).not.toBe('never');
    const requests = { nodes: nodes.requests.length, pods: pods.requests.length };
    expect({ requests }).toEqual({ requests: { nodes: 2, pods: 2 } });
    abort.abort();
    expect(await soon(factory.whenStopped())).not.toBe('never');
    expect({ timers: clock.pendingTimers }).toEqual({ timers: 0 });
  });
});

/** One thing that happens in a generated history. */
type Step =
  | { readonly do: 'put' | 'delete'; readonly name: string; readonly image: string }
  | { readonly do: 'bookmark' | 'forget' | 'skip' | 'handler' | 'remove' }
  | { readonly do: 'cut'; readonly by: number }
  | { readonly do: 'fail'; readonly verb: 'list' | 'watch'; readonly fault: number }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      image: fc.constantFrom('v1', 'v2', 'v3'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('bookmark', 'forget', 'skip', 'handler', 'remove'),
    }) as fc.Arbitrary<Step>,
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
    weight: 4,
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

function faultOf(verb: 'list' | 'watch', number: number): Fault {
  const rejections = [
    newExpired('old'),
    newTooManyRequests('slow', 1),
    newInternalError(new Error('x')),
  ];
  if (verb === 'list' || number < 3) return { reject: rejections[number % rejections.length] };
  return { cutAfter: number - 3, by: cuts()[number % 5] ?? 'end' };
}

/** A handler that checks that each call makes sense after those before, and folds them. */
function newFolder(clashes: string[]) {
  const state = new Map<string, Pod>();
  const handler: EventHandler<Pod> = {
    onAdd: (object) => {
      if (state.has(keyOf(object))) clashes.push(`add of ${at(object)}, which was there`);
      state.set(keyOf(object), object);
    },
    onUpdate: (old, object) => {
      if (state.get(keyOf(object)) !== old)
        clashes.push(`update of ${at(old)}, which was not the last`);
      state.set(keyOf(object), object);
    },
    onDelete: (object) => {
      const unknown = object instanceof DeletedFinalStateUnknown;
      const key = unknown ? object.key : keyOf(object);
      const last = state.get(key);
      if (last === undefined) clashes.push(`deletion of ${key}, which was not there`);
      if (unknown && object.object !== last)
        clashes.push(`tombstone of ${key} without the last state`);
      state.delete(key);
    },
  };
  return { state, handler };
}

describe('informer, whatever happens', () => {
  for (const [paged, tooOldByEvent] of [
    [false, true],
    [true, false],
  ] as const) {
    property(
      `ends equal to the server, and its handlers know why${paged ? ', in pages' : ''}`,
      fc.array(step, { maxLength: 30 }),
      fc.nat(1000),
      async (steps, seed) => {
        const { server, clock, informer, abort } = newSetting({
          paged,
          tooOldByEvent,
          random: seededRandom(seed),
          indexers: { byImage },
          ...(paged && { pageSize: 2 }),
        });
        const clashes: string[] = [];
        const folders: { state: Map<string, Pod>; remove: () => void }[] = [];
        const addFolder = (resyncPeriodMs: number): void => {
          const { state, handler } = newFolder(clashes);
          const registration = informer.addEventHandler(handler, { resyncPeriodMs });
          folders.push({ state, remove: () => registration.remove() });
        };
        addFolder(0);
        const running = informer.run(abort.signal);
        for (const one of steps) {
          if (one.do === 'put') server.put(pod(one.name, { image: one.image }));
          if (one.do === 'delete' && server.objects.has(`default/${one.name}`)) {
            server.delete(`default/${one.name}`);
          }
          if (one.do === 'bookmark') server.bookmark();
          if (one.do === 'forget') server.forget();
          if (one.do === 'skip') server.skipVersions(5);
          if (one.do === 'handler') addFolder(30_000);
          if (one.do === 'remove') folders.splice(1, 1)[0]?.remove();
          if (one.do === 'cut') server.cut(cuts()[one.by]);
          if (one.do === 'fail') server.fail(one.verb, faultOf(one.verb, one.fault));
          if (one.do === 'wait') await clock.advance(one.ms);
        }
        await clock.advance(700_000);
        const expected = [...server.objects.values()].map(at).sort();
        const { lister } = informer;
        expect(lister.list().map(at).sort()).toEqual(expected);
        expect(clashes).toEqual([]);
        for (const { state } of folders)
          expect([...state.values()].map(at).sort()).toEqual(expected);
        for (const image of ['v1', 'v2', 'v3']) {
          const wanted = [...server.objects.values()].filter((one) => byImage(one).includes(image));
          expect(lister.byIndex('byImage', image).map(at).sort()).toEqual(wanted.map(at).sort());
        }
        abort.abort();
        expect(await soon(running)).not.toBe('never');
        expect([clock.pendingTimers, server.openWatches]).toEqual([0, 0]);
      },
      { runs: 60 },
    );
  }
});
