/**
 * Two clients that know nothing of each other, ours and the npm package @kubernetes/client-node,
 * watch a busy namespace of one server: they must see the same, event for event.
 */

import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RealClock, realRandom, seededRandom, silentLogger } from '#apimachinery';
import {
  CONFIG_MAPS,
  NAMESPACES,
  newInformerFactory,
  type ResourceClient,
  type WatchEvent,
} from '#client';
import { type OpenClient, openClient } from '#client/node';
import { type Program, startOurApiServer } from '../../conformance/apiserver/program.ts';

const WRITERS = 8;
const WRITES_EACH = 40;
const LAST = 'the-last-one';

const clock = new RealClock();
let program: Program;
let ours: OpenClient;
const theirs = new KubeConfig();

beforeAll(async () => {
  program = await startOurApiServer();
  ours = await openClient({ kubeconfig: program.kubeconfig, clock, log: silentLogger });
  theirs.loadFromFile(program.kubeconfig);
}, 60_000);
afterAll(async () => {
  await ours?.close();
  await program?.stop();
});

/** A namespace of its own for each test. */
async function newNamespace(name: string): Promise<ResourceClient<ConfigMap>> {
  await ours.client.resource(NAMESPACES).create({ metadata: { name } });
  return ours.client.resource(CONFIG_MAPS, name);
}

/** Many who create, change and delete at once; and when all are done, one object more. */
async function beBusy(maps: ResourceClient<ConfigMap>, seed: number): Promise<void> {
  const write = async (writer: number) => {
    const random = seededRandom(seed * 100 + writer);
    for (let i = 0; i < WRITES_EACH; i++) {
      const name = `w${writer}-${Math.floor(random.next() * 6)}`;
      const data = { drink: 'café ☕', count: String(i), text: 'x'.repeat(i * 40) };
      const patch = { metadata: { labels: { count: String(i) } }, data };
      await maps
        .patch(name, 'merge-patch', patch)
        .catch(() => maps.create({ metadata: { name }, data }));
      if (random.next() < 0.3) await maps.delete(name);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  await maps.create({ metadata: { name: LAST } });
}

const isLast = (object: object): boolean => (object as ConfigMap).metadata?.name === LAST;

async function watchOurs(maps: ResourceClient<ConfigMap>, resourceVersion: string) {
  const events: WatchEvent<ConfigMap>[] = [];
  for await (const event of await maps.watch({ resourceVersion })) {
    events.push(event);
    if (isLast(event.object)) break;
  }
  return events;
}

async function watchTheirs(namespace: string, resourceVersion: string) {
  const events: { type: string; object: object }[] = [];
  await new Promise<void>((resolve, reject) => {
    const abort = new Watch(theirs).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion },
      (type, object: object) => {
        events.push({ type, object });
        if (!isLast(object)) return;
        void abort.then((controller) => controller.abort());
        resolve();
      },
      (error) => (events.some(({ object }) => isLast(object)) ? resolve() : reject(error)),
    );
    abort.catch(reject);
  });
  return events;
}

describe('both clients, on a busy namespace', () => {
  it('see the same events, in the same order, from the same version', async () => {
    const maps = await newNamespace('events');
    const { resourceVersion } = (await maps.list()).metadata;
    const watching = Promise.all([
      watchOurs(maps, resourceVersion),
      watchTheirs('events', resourceVersion),
    ]);
    await beBusy(maps, 1);
    const [one, other] = await watching;
    expect(one.length).toBeGreaterThan(WRITERS * WRITES_EACH);
    expect(one).toEqual(other);
    // And who comes later is told the same.
    expect(await watchOurs(maps, resourceVersion)).toEqual(one);
  });

  it('see the same events when they begin in the middle', async () => {
    const maps = await newNamespace('middle');
    const { resourceVersion } = (await maps.list()).metadata;
    const all = watchOurs(maps, resourceVersion);
    const busy = beBusy(maps, 2);
    const { metadata } = await maps.list();
    const [ourPart, theirPart] = await Promise.all([
      watchOurs(maps, metadata.resourceVersion),
      watchTheirs('middle', metadata.resourceVersion),
    ]);
    await busy;
    expect(ourPart).toEqual(theirPart);
    const wholeStory = await all;
    expect(wholeStory.slice(wholeStory.length - ourPart.length)).toEqual(ourPart);
  });

  it('have informers that end with what the server has', async () => {
    const maps = await newNamespace('informers');
    const stop = new AbortController();
    const factory = newInformerFactory(ours.client, {
      clock,
      random: realRandom(),
      log: silentLogger,
    });
    const informer = factory.informer(CONFIG_MAPS);
    const core = theirs.makeApiClient(CoreV1Api);
    const namespace = 'informers';
    const theirInformer = makeInformer(theirs, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const last = Promise.all([
      new Promise<void>((resolve) => {
        informer.addEventHandler({
          onAdd: (object) => {
            if (object.metadata?.namespace === namespace && isLast(object)) resolve();
          },
        });
      }),
      new Promise<void>((resolve) => {
        theirInformer.on('add', (object) => {
          if (isLast(object)) resolve();
        });
      }),
    ]);
    factory.start(stop.signal);
    await factory.waitForSync(stop.signal);
    await theirInformer.start();
    await beBusy(maps, 3);
    await last;
    const { items } = await maps.list();
    const plain = (objects: readonly (ConfigMap | V1ConfigMap)[]) =>
      objects
        .map(({ metadata, data }) => [metadata?.name, metadata?.resourceVersion, data])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    const mine = informer.lister.list().filter(({ metadata }) => metadata?.namespace === namespace);
    expect(plain(mine)).toEqual(plain(items));
    expect(plain(theirInformer.list())).toEqual(plain(items));
    stop.abort();
    await factory.whenStopped();
    await theirInformer.stop();
  });
});
