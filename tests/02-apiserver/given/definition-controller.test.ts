/** The controller of CustomResourceDefinitions, on a store in memory. */

import { FakeClock, seededRandom, silentLogger } from '#apimachinery';
import { afterEach, describe, expect, it } from '#kit';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import {
  DefinitionController,
  RETRY_MS,
} from '../../../solutions/02-apiserver/custom-resources/controller.ts';
import type { CustomResourceDefinition } from '../../../solutions/02-apiserver/custom-resources/definition.ts';
import { newDefinitionKind } from '../../../solutions/02-apiserver/custom-resources/definition-kind.ts';
import { kindOf } from '../../../solutions/02-apiserver/custom-resources/kind-of.ts';
import type { Kind } from '../../../solutions/02-apiserver/kinds/kind.ts';
import { create, get } from '../../../solutions/02-apiserver/registry/create-get.ts';
import { deleteObject } from '../../../solutions/02-apiserver/registry/delete.ts';
import type { Registry } from '../../../solutions/02-apiserver/registry/registry.ts';
import { update } from '../../../solutions/02-apiserver/registry/update.ts';
import {
  type MemoryStorage,
  openMemoryStorage,
} from '../../../solutions/02-apiserver/storage/open-storage.ts';
import { newCelCompiler } from '../../../solutions/02-apiserver/wire/cel.ts';

interface World {
  readonly clock: FakeClock;
  readonly memory: MemoryStorage;
  readonly registry: Registry;
  /** `group/version/resource` to the kind that is served there. */
  readonly served: Map<string, Kind>;
  /** What the host was told, in order. */
  readonly told: string[];
  /** Starts a controller; the function ends it. */
  start(): () => Promise<void>;
}

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function newWorld(): Promise<World> {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const memory = await openMemoryStorage({ clock, random });
  stops.push(() => memory.stop());
  const cel = newCelCompiler();
  const registry = { kind: newDefinitionKind(cel), storage: memory.storage, clock, random };
  const served = new Map<string, Kind>();
  const told: string[] = [];
  const host = {
    add: (kind: Kind) => {
      const id = `${kind.group}/${kind.version}/${kind.resource}`;
      served.set(id, kind);
      told.push(`add ${id}`);
    },
    remove: (group: string, version: string, resource: string) => {
      const id = `${group}/${version}/${resource}`;
      served.delete(id);
      told.push(`remove ${id}`);
    },
  };
  const objects = (kind: Kind) => ({ ...registry, kind });
  const start = () => {
    const ended = new AbortController();
    const options = { registry, host, objects, log: silentLogger, cel };
    const running = new DefinitionController(options).start(ended.signal);
    const stop = async () => {
      ended.abort();
      await running;
    };
    stops.push(stop);
    return stop;
  };
  return { clock, memory, registry, served, told, start };
}

function definition(plural: string, kind: string, more: object = {}): ApiObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [version('v1', { storage: true })],
      ...more,
    },
  };
}

function version(name: string, more: object = {}): object {
  const spec = { type: 'object', properties: { size: { type: 'integer', default: 1 } } };
  const openAPIV3Schema = { type: 'object', properties: { spec } };
  return { name, served: true, storage: false, schema: { openAPIV3Schema }, ...more };
}

const make = (world: World, object: ApiObject) => create(world.registry, object, { namespace: '' });

async function read(world: World, name: string): Promise<CustomResourceDefinition> {
  return (await get(world.registry, name, { namespace: '' })).object as CustomResourceDefinition;
}

const conditionsOf = ({ status }: CustomResourceDefinition) =>
  (status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);

/** Lets everything happen that does not wait for time to pass. */
async function settle(until: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await until()) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  throw new Error('it did not come to it');
}

async function isThere(world: World, name: string): Promise<boolean> {
  return (await world.memory.storage.get(`/registry/${name}`)) !== undefined;
}

const established = (world: World, name: string) => async () =>
  conditionsOf(await read(world, name)).some((text) => text.startsWith('Established=True'));

const crdPath = (name: string) => `apiextensions.k8s.io/customresourcedefinitions/${name}`;

describe('DefinitionController', () => {
  it('serves what is defined at once, and says so', async () => {
    const world = await newWorld();
    world.start();
    const { object } = await make(world, definition('foos', 'Foo'));
    expect(conditionsOf(object as CustomResourceDefinition)).toEqual([]);
    await settle(established(world, 'foos.example.com'));
    const made = await read(world, 'foos.example.com');
    expect(conditionsOf(made)).toEqual([
      'NamesAccepted=True NoConflicts',
      'Established=True InitialNamesAccepted',
    ]);
    expect(made.status?.acceptedNames).toEqual({
      plural: 'foos',
      singular: 'foo',
      kind: 'Foo',
      listKind: 'FooList',
    });
    expect(made.status?.storedVersions).toEqual(['v1']);
    expect(made.metadata.generation).toBe(1);
    expect([...world.served.keys()]).toEqual(['example.com/v1/foos']);
  });

  it('serves what was defined before it started', async () => {
    const world = await newWorld();
    await make(world, definition('foos', 'Foo'));
    const stop = world.start();
    await settle(() => world.served.size === 1);
    await stop();
    world.served.clear();
    world.start();
    await settle(() => world.served.size === 1);
    expect(world.told).toEqual(['add example.com/v1/foos', 'add example.com/v1/foos']);
  });

  it('serves the versions that are to be served, and no others', async () => {
    const world = await newWorld();
    world.start();
    const versions = [version('v1', { storage: true }), version('v1beta1')];
    await make(world, definition('foos', 'Foo', { versions }));
    await settle(established(world, 'foos.example.com'));
    expect([...world.served.keys()].sort()).toEqual([
      'example.com/v1/foos',
      'example.com/v1beta1/foos',
    ]);
    expect(world.served.get('example.com/v1beta1/foos')?.storageVersion).toEqual({
      group: 'example.com',
      version: 'v1',
      kind: 'Foo',
    });
    await update(
      world.registry,
      'foos.example.com',
      (old) => {
        const { spec } = old as CustomResourceDefinition;
        for (const one of spec.versions) one.served = one.name === 'v1';
        return old;
      },
      { namespace: '' },
    );
    await settle(() => world.served.size === 1);
    expect([...world.served.keys()]).toEqual(['example.com/v1/foos']);
  });

  it('is quiet when nothing about what is served is different', async () => {
    const world = await newWorld();
    world.start();
    await make(world, definition('foos', 'Foo'));
    await settle(established(world, 'foos.example.com'));
    await update(
      world.registry,
      'foos.example.com',
      (old) => {
        old.metadata.labels = { a: 'b' };
        return old;
      },
      { namespace: '' },
    );
    await make(world, definition('bars', 'Bar'));
    await settle(established(world, 'bars.example.com'));
    expect(world.told).toEqual(['add example.com/v1/foos', 'add example.com/v1/bars']);
  });

  it('does not serve a definition whose names are another one’s, until they are free', async () => {
    const world = await newWorld();
    world.start();
    const names = (plural: string, kind: string) => ({
      names: { plural, kind, shortNames: ['x'] },
    });
    await make(world, definition('foos', 'Foo', names('foos', 'Foo')));
    await settle(established(world, 'foos.example.com'));
    await make(world, definition('bars', 'Bar', names('bars', 'Bar')));
    const bars = async () => conditionsOf(await read(world, 'bars.example.com'));
    await settle(async () => (await bars()).length > 0);
    expect(await bars()).toEqual([
      'NamesAccepted=False ShortNamesConflict',
      'Established=False NotAccepted',
    ]);
    expect([...world.served.keys()]).toEqual(['example.com/v1/foos']);
    await deleteObject(world.registry, '', 'foos.example.com', {});
    await settle(established(world, 'bars.example.com'));
    expect([...world.served.keys()]).toEqual(['example.com/v1/bars']);
  });

  it('deletes all objects before the definition goes', async () => {
    const world = await newWorld();
    world.start();
    const made = await make(world, definition('foos', 'Foo'));
    await settle(established(world, 'foos.example.com'));
    const foos = { ...world.registry, kind: kindOf(made.object as CustomResourceDefinition, 'v1') };
    for (const namespace of ['a', 'b']) {
      const object = { apiVersion: 'example.com/v1', kind: 'Foo', metadata: { name: 'one' } };
      await create(foos, object, { namespace });
    }
    const { stored, gone } = await deleteObject(world.registry, '', 'foos.example.com', {});
    expect(gone).toBe(false);
    expect(stored.object.metadata.finalizers).toEqual([
      'customresourcecleanup.apiextensions.k8s.io',
    ]);
    expect(conditionsOf(stored.object as CustomResourceDefinition).at(-1)).toBe(
      'Terminating=True InstanceDeletionPending',
    );
    await settle(async () => !(await isThere(world, crdPath('foos.example.com'))));
    expect(await isThere(world, 'example.com/foos/a/one')).toBe(false);
    expect(await isThere(world, 'example.com/foos/b/one')).toBe(false);
    await settle(() => world.served.size === 0);
  });

  it('waits for objects that are held back, and takes no new ones', async () => {
    const world = await newWorld();
    world.start();
    const made = await make(world, definition('foos', 'Foo'));
    await settle(established(world, 'foos.example.com'));
    const foos = { ...world.registry, kind: kindOf(made.object as CustomResourceDefinition, 'v1') };
    const metadata = { name: 'one', finalizers: ['example.com/hold'] };
    const object = { apiVersion: 'example.com/v1', kind: 'Foo', metadata };
    await create(foos, object, { namespace: 'a' });
    await deleteObject(world.registry, '', 'foos.example.com', {});
    const conditions = async () => conditionsOf(await read(world, 'foos.example.com'));
    const waiting = 'Terminating=True InstanceDeletionInProgress';
    await settle(async () => (await conditions()).at(-1) === waiting);
    await settle(
      async () => !!(await get(foos, 'one', { namespace: 'a' })).object.metadata.deletionTimestamp,
    );
    expect(world.served.get('example.com/v1/foos')?.verbs).not.toContain('create');
    const release = (old: ApiObject) => {
      delete old.metadata.finalizers;
      return old;
    };
    await update(foos, 'one', release, { namespace: 'a' });
    await settle(async () => {
      await world.clock.advance(RETRY_MS);
      return !(await isThere(world, crdPath('foos.example.com')));
    });
    await settle(() => world.served.size === 0);
  });

  it('lets a definition go that was never served', async () => {
    const world = await newWorld();
    await make(world, definition('foos', 'Foo'));
    await deleteObject(world.registry, '', 'foos.example.com', {});
    world.start();
    await settle(async () => !(await isThere(world, crdPath('foos.example.com'))));
    expect(world.told).toEqual([]);
  });

  it('leaves no timer when it ends', async () => {
    const world = await newWorld();
    const stop = world.start();
    await make(world, definition('foos', 'Foo'));
    await settle(established(world, 'foos.example.com'));
    const before = world.clock.pendingTimers;
    await stop();
    expect(world.clock.pendingTimers).toBe(before);
  });
});
