/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/03-client/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 03` runs those.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock, type KubernetesObject, keyOf, seededRandom, silentLogger } from '#apimachinery';
import {
  ItemExponentialFailureRateLimiter,
  type ListerWatcher,
  Reflector,
  SharedInformer,
  type Watch,
  type WatchEvent,
  WorkQueue,
} from '#client';

const configMap = (name: string, resourceVersion: string): KubernetesObject => ({
  metadata: { name, namespace: 'default', resourceVersion },
});

/** Lists `a`, and then watches what a test sends. */
function newSource() {
  let tell: (event: WatchEvent<KubernetesObject> | undefined) => void = () => {};
  const source: ListerWatcher<KubernetesObject> = {
    list: async () => ({ items: [configMap('a', '7')], metadata: { resourceVersion: '7' } }),
    watch: async (): Promise<Watch<KubernetesObject>> => {
      const events = (async function* () {
        for (;;) {
          const event = await new Promise<WatchEvent<KubernetesObject> | undefined>((resolve) => {
            tell = resolve;
          });
          if (event === undefined) return;
          yield event;
        }
      })();
      return Object.assign(events, { stop: () => tell(undefined) });
    },
  };
  return { source, send: (event: WatchEvent<KubernetesObject>) => tell(event) };
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

  it('waits longer after each failure', () => {
    const limiter = new ItemExponentialFailureRateLimiter<string>(5, 1_000_000);
    expect([limiter.when('a'), limiter.when('a'), limiter.when('a')]).toEqual([5, 10, 20]);
    limiter.forget('a');
    expect(limiter.when('a')).toBe(5);
  });
});

describe('client/reflector', () => {
  it('lists, then watches', async () => {
    const { source, send } = newSource();
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
    const reflector = new Reflector(source, store, world);
    const running = reflector.run(stop.signal);
    await world.clock.settle();
    send({ type: 'ADDED', object: configMap('b', '8') });
    await world.clock.settle();
    expect(seen).toEqual(['replace default/a 7', 'add default/b']);
    expect(reflector.lastSyncResourceVersion).toBe('8');
    stop.abort();
    await running;
  });
});

describe('client/informer', () => {
  it('keeps a copy, and tells what is different', async () => {
    const { source, send } = newSource();
    const world = newWorld();
    const informer = new SharedInformer(source, world);
    const seen: string[] = [];
    informer.addEventHandler({
      onAdd: (object, isInInitialList) => seen.push(`add ${keyOf(object)} ${isInInitialList}`),
      onDelete: (object) => seen.push(`delete ${'key' in object ? object.key : keyOf(object)}`),
    });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    await world.clock.settle();
    expect(informer.hasSynced()).toBe(true);
    send({ type: 'DELETED', object: configMap('a', '9') });
    await world.clock.settle();
    expect(seen).toEqual(['add default/a true', 'delete default/a']);
    expect(informer.lister.list()).toEqual([]);
    stop.abort();
    await running;
  });
});
