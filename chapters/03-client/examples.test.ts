/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/03-client
 *
 * The hidden tests look at much more; `npm run grade -- 03` runs those.
 */

import { describe, expect, it } from 'vitest';
import {
  FakeClock,
  type KubernetesObject,
  keyOf,
  newExpired,
  seededRandom,
  silentLogger,
} from '#apimachinery';
import {
  DeletedFinalStateUnknown,
  ItemExponentialFailureRateLimiter,
  type ListerWatcher,
  type ListOptions,
  Reflector,
  SharedInformer,
  type Watch,
  type WatchEvent,
  type WatchOptions,
  WorkQueue,
} from '#client';

const configMap = (name: string, resourceVersion: string): KubernetesObject => ({
  metadata: { name, namespace: 'default', resourceVersion },
});

/** What a watch brings next; `break` is a connection that is lost. */
type Arrival = WatchEvent<KubernetesObject> | 'end' | 'break';

/** A server that says what a test tells it to say. At first there is `a`, at version 7. */
class FakeServer implements ListerWatcher<KubernetesObject> {
  /** What lists bring. */
  items = [configMap('a', '7')];
  version = '7';
  /** What the next watch is refused with. */
  refusal: Error | undefined;
  /** The requests it got: `list 0`, `watch 7`. */
  readonly asked: string[] = [];
  /** Brings something to the watch that was opened last. */
  arrive: (what: Arrival) => void = () => {};

  async list({ resourceVersion }: ListOptions = {}) {
    this.asked.push(`list ${resourceVersion}`);
    return { items: this.items, metadata: { resourceVersion: this.version } };
  }

  async watch({ resourceVersion }: WatchOptions = {}): Promise<Watch<KubernetesObject>> {
    this.asked.push(`watch ${resourceVersion}`);
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal) throw refusal;
    const arrived: Arrival[] = [];
    let wake = (): void => {};
    const arrive = (what: Arrival): void => {
      arrived.push(what);
      wake();
    };
    async function* events() {
      for (;;) {
        const next = arrived.shift();
        if (next === 'end') return;
        if (next === 'break') throw new TypeError('terminated');
        if (next) yield next;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    }
    this.arrive = arrive;
    return Object.assign(events(), { stop: () => arrive('end') });
  }
}

const newWorld = () => {
  const clock = new FakeClock();
  return { clock, random: seededRandom(1), log: silentLogger, name: 'configmaps' };
};

describe('client/work-queue', () => {
  it('hands an item out once, and again if it was added meanwhile', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(1);
    expect(await queue.get()).toBe('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
  });

  it('adds an item later, at the earlier of two times', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    queue.addAfter('a', 300);
    queue.addAfter('a', 100);
    queue.addAfter('a', 200);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(await queue.get()).toBe('a');
    queue.done('a');
    await clock.advance(1000);
    expect(queue.length).toBe(0);
  });

  it('waits longer after each failure', () => {
    const limiter = new ItemExponentialFailureRateLimiter<string>(5, 1_000_000);
    expect([limiter.when('a'), limiter.when('a'), limiter.when('a')]).toEqual([5, 10, 20]);
    limiter.forget('a');
    expect(limiter.when('a')).toBe(5);
  });
});

describe('client/reflector', () => {
  /** A reflector that has listed and watches; `seen` is what its store was told. */
  async function newReflector() {
    const server = new FakeServer();
    const world = newWorld();
    const seen: string[] = [];
    const note = (what: string) => (object: KubernetesObject) => {
      seen.push(`${what} ${keyOf(object)}`);
    };
    const store = {
      replace: (objects: readonly KubernetesObject[], version: string) => {
        seen.push(`replace ${objects.map(keyOf)} ${version}`);
      },
      add: note('add'),
      update: note('update'),
      delete: note('delete'),
    };
    const stop = new AbortController();
    const reflector = new Reflector(server, store, world);
    const running = reflector.run(stop.signal);
    await world.clock.settle();
    return { server, clock: world.clock, seen, reflector, stop, running };
  }

  it('lists, then watches', async () => {
    const { server, clock, seen, reflector, stop, running } = await newReflector();
    server.arrive({ type: 'ADDED', object: configMap('b', '8') });
    await clock.settle();
    expect(server.asked).toEqual(['list 0', 'watch 7']);
    expect(seen).toEqual(['replace default/a 7', 'add default/b']);
    expect(reflector.lastSyncResourceVersion).toBe('8');
    stop.abort();
    await running;
  });

  it('watches again at once, from the last version, when the connection breaks', async () => {
    const { server, clock, seen } = await newReflector();
    server.arrive({ type: 'ADDED', object: configMap('b', '8') });
    server.arrive('break');
    await clock.settle();
    expect(server.asked).toEqual(['list 0', 'watch 7', 'watch 8']);
    server.arrive({ type: 'DELETED', object: configMap('a', '9') });
    await clock.settle();
    expect(seen).toEqual(['replace default/a 7', 'add default/b', 'delete default/a']);
  });

  it('lists again, after a pause, when the server has forgotten its version', async () => {
    const { server, clock, seen } = await newReflector();
    server.arrive({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } });
    server.arrive('break');
    server.refusal = newExpired('too old resource version: 20 (99)');
    server.items = [configMap('c', '50')];
    server.version = '100';
    await clock.settle();
    expect(server.asked).toEqual(['list 0', 'watch 7', 'watch 20']);
    await clock.advance(799);
    expect(server.asked).toHaveLength(3);
    await clock.advance(801);
    expect(server.asked.slice(3)).toEqual(['list 20', 'watch 100']);
    expect(seen).toEqual(['replace default/a 7', 'replace default/c 100']);
  });
});

describe('client/informer', () => {
  /** Hears everything, as text. */
  function newListener() {
    const seen: string[] = [];
    const handler = {
      onAdd: (object: KubernetesObject, isInInitialList: boolean) => {
        seen.push(`add ${keyOf(object)} ${isInInitialList}`);
      },
      onUpdate: (_: KubernetesObject, object: KubernetesObject) => {
        seen.push(`update ${keyOf(object)}`);
      },
      onDelete: (object: KubernetesObject | DeletedFinalStateUnknown<KubernetesObject>) => {
        if (object instanceof DeletedFinalStateUnknown) seen.push(`missed ${object.key}`);
        else seen.push(`delete ${keyOf(object)}`);
      },
    };
    return { seen, handler };
  }

  /** An informer that has synced, with one handler. */
  async function newInformer() {
    const server = new FakeServer();
    const world = newWorld();
    const informer = new SharedInformer(server, world);
    const { seen, handler } = newListener();
    informer.addEventHandler(handler);
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    await world.clock.settle();
    return { server, clock: world.clock, informer, seen, stop, running };
  }

  it('keeps a copy, and tells what is different', async () => {
    const { server, clock, informer, seen, stop, running } = await newInformer();
    expect(informer.hasSynced()).toBe(true);
    server.arrive({ type: 'DELETED', object: configMap('a', '9') });
    await clock.settle();
    expect(seen).toEqual(['add default/a true', 'delete default/a']);
    expect(informer.lister.list()).toEqual([]);
    stop.abort();
    await running;
  });

  it('finds out about a deletion that nobody told it of', async () => {
    const { server, clock, informer, seen } = await newInformer();
    server.items = [configMap('b', '30')];
    server.version = '30';
    server.refusal = newExpired('too old resource version: 7 (25)');
    await clock.advance(2000);
    server.arrive('break');
    await clock.advance(2000);
    expect(seen.slice(1)).toEqual(['add default/b false', 'missed default/a']);
    expect(informer.lister.keys()).toEqual(['default/b']);
  });

  it('tells a late handler of what is there, without another request', async () => {
    const { server, clock, informer, seen: earlier } = await newInformer();
    server.arrive({ type: 'MODIFIED', object: configMap('a', '8') });
    await clock.settle();
    const { seen, handler } = newListener();
    informer.addEventHandler(handler);
    await clock.settle();
    expect(seen).toEqual(['add default/a true']);
    expect(earlier).toEqual(['add default/a true', 'update default/a']);
    expect(server.asked).toEqual(['list 0', 'watch 7']);
  });
});
