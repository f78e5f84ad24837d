import {
  FakeClock,
  fieldRequired,
  isAlreadyExists,
  isBadRequest,
  isInvalid,
  isNotFound,
  Random,
  seededRandom,
} from '#apimachinery';
import {
  type ApiObject,
  create,
  get,
  type Kind,
  openMemoryStorage,
  type Registry,
} from '#apiserver';
import { afterEach, describe, expect, it, refusalOf, widget, widgetKind } from '#kit';

const NOW = Date.UTC(2025, 0, 2, 3, 4, 5);
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function newRegistry(special: Partial<Kind> = {}, random = seededRandom(1)) {
  const clock = new FakeClock({ now: NOW });
  const memory = await openMemoryStorage({ clock, random: seededRandom(2) });
  cleanups.push(memory.stop);
  const registry: Registry = { kind: widgetKind(special), storage: memory.storage, clock, random };
  return { ...memory, registry, clock };
}

const inDefault = { namespace: 'default' };

describe('create', () => {
  it.core('stores an object with what the server sets', async () => {
    const { registry } = await newRegistry();
    const stored = await create(registry, widget('a', { spec: { size: 1 } }), inDefault);
    expect(stored.object).toMatchObject({
      kind: 'Widget',
      apiVersion: 'example.com/v1',
      metadata: {
        name: 'a',
        namespace: 'default',
        creationTimestamp: '2025-01-02T03:04:05Z',
        resourceVersion: String(stored.revision),
      },
      spec: { size: 1 },
    });
    expect(stored.key).toBe('/registry/widgets/default/a');
    expect(stored.object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.core('can be read back', async () => {
    const { registry } = await newRegistry();
    const stored = await create(registry, widget('a', { spec: { size: 1 } }), inDefault);
    const read = await get(registry, 'a', inDefault);
    expect(read.object).toEqual(stored.object);
    expect(read.revision).toBe(stored.revision);
  });

  it.core('refuses a name that is taken', async () => {
    const { registry } = await newRegistry();
    await create(registry, widget('a'), inDefault);
    const error = await refusalOf(create(registry, widget('a'), inDefault));
    expect(isAlreadyExists(error)).toBe(true);
    expect(error).toMatchObject({
      code: 409,
      message: 'widgets.example.com "a" already exists',
    });
  });

  it.core('refuses an object with faults, and stores nothing', async () => {
    const { registry } = await newRegistry({ validate: () => [fieldRequired('spec.size')] });
    const error = await refusalOf(create(registry, widget('a'), inDefault));
    expect(isInvalid(error)).toBe(true);
    expect(error).toMatchObject({
      code: 422,
      message: 'Widget.example.com "a" is invalid: spec.size: Required value',
    });
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });

  it('keeps objects of different namespaces apart', async () => {
    const { registry } = await newRegistry();
    await create(registry, widget('a'), { namespace: 'x' });
    await create(registry, widget('a'), { namespace: 'y' });
    expect((await get(registry, 'a', { namespace: 'y' })).object.metadata.namespace).toBe('y');
  });

  it('gives each object another uid', async () => {
    const { registry } = await newRegistry();
    const one = await create(registry, widget('a'), inDefault);
    const other = await create(registry, widget('b'), inDefault);
    expect(one.object.metadata.uid).not.toBe(other.object.metadata.uid);
  });
});

describe('create, namespaces', () => {
  it('takes the namespace that the object names, if it is the same', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', { metadata: { namespace: 'default' } });
    expect((await create(registry, object, inDefault)).object.metadata.namespace).toBe('default');
  });

  it('takes an empty namespace for none', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', { metadata: { namespace: '' } });
    expect((await create(registry, object, inDefault)).object.metadata.namespace).toBe('default');
  });

  it('refuses another namespace', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', { metadata: { namespace: 'other' } });
    const error = await refusalOf(create(registry, object, inDefault));
    expect(isBadRequest(error)).toBe(true);
    expect(error).toMatchObject({
      message:
        'the namespace of the provided object does not match the namespace sent on the request',
    });
  });

  it('has none for a kind without namespaces', async () => {
    const { registry } = await newRegistry({ namespaced: false });
    const stored = await create(registry, widget('a', { metadata: { namespace: '' } }), {
      namespace: '',
    });
    expect(stored.key).toBe('/registry/widgets/a');
    expect(stored.object.metadata.namespace ?? '').toBe('');
  });

  it('refuses a namespace for a kind without namespaces', async () => {
    const { registry } = await newRegistry({ namespaced: false });
    const object = widget('a', { metadata: { namespace: 'x' } });
    const error = await refusalOf(create(registry, object, { namespace: '' }));
    expect(error).toMatchObject({ code: 400, message: 'namespace is not allowed on this type' });
  });
});

describe('create, what only the server sets', () => {
  it('does not believe what the caller says', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', {
      metadata: {
        uid: 'mine',
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 7,
        selfLink: '/mine',
        generation: 9,
        resourceVersion: '',
      },
    });
    const { metadata } = (await create(registry, object, inDefault)).object;
    expect(metadata.uid).not.toBe('mine');
    expect(metadata.creationTimestamp).toBe('2025-01-02T03:04:05Z');
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(metadata.deletionGracePeriodSeconds).toBeUndefined();
    expect(metadata.selfLink).toBeUndefined();
    expect(metadata.generation).toBeUndefined();
  });

  it('is as it will be stored when it is checked and admission is asked', async () => {
    const seen: unknown[] = [];
    const { registry } = await newRegistry({
      validate: ({ metadata }) => {
        seen.push([metadata.selfLink, metadata.resourceVersion, metadata.namespace]);
        return [];
      },
    });
    const admit = ({ metadata }: ApiObject) =>
      void seen.push([metadata.selfLink, metadata.resourceVersion, metadata.namespace]);
    const object = widget('a', { metadata: { selfLink: '/mine', resourceVersion: '' } });
    await create(registry, object, { ...inDefault, admit });
    expect(seen).toEqual([
      [undefined, undefined, 'default'],
      [undefined, undefined, 'default'],
    ]);
  });

  it('keeps labels, annotations, owners and finalizers', async () => {
    const { registry } = await newRegistry();
    const kept = {
      labels: { app: 'a' },
      annotations: { note: 'x' },
      finalizers: ['example.com/hold'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }],
    };
    const stored = await create(registry, widget('a', { metadata: kept }), inDefault);
    expect(stored.object.metadata).toMatchObject(kept);
  });

  it('begins with generation 1 for a kind that has generations', async () => {
    const { registry } = await newRegistry({ hasGeneration: true });
    const object = widget('a', { metadata: { generation: 7 } });
    expect((await create(registry, object, inDefault)).object.metadata.generation).toBe(1);
  });

  it('refuses a resourceVersion', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', { metadata: { resourceVersion: '3' } });
    const error = await refusalOf(create(registry, object, inDefault));
    expect(error).toMatchObject({
      code: 400,
      message: 'resourceVersion should not be set on objects to be created',
    });
  });
});

describe('create, what the kind has to say', () => {
  it('sets defaults, then prepares, then checks, then asks', async () => {
    const order: string[] = [];
    const note = (what: string) => (object: ApiObject) => {
      order.push(`${what} ${object.metadata.name}`);
    };
    const { registry } = await newRegistry({
      setDefaults: note('defaults'),
      prepareForCreate: note('prepare'),
      validate: (object) => {
        note('validate')(object);
        return [];
      },
    });
    await create(registry, widget('a'), { ...inDefault, admit: note('admit') });
    expect(order).toEqual(['defaults a', 'prepare a', 'validate a', 'admit a']);
  });

  it('stores what defaults and preparation made of it', async () => {
    const { registry } = await newRegistry({
      setDefaults: (object) => {
        object.spec = { size: 3 };
      },
      prepareForCreate: (object) => {
        object.status = { ready: false };
      },
    });
    await create(registry, widget('a'), inDefault);
    expect((await get(registry, 'a', inDefault)).object).toMatchObject({
      spec: { size: 3 },
      status: { ready: false },
    });
  });

  it('names faults of the metadata and of the kind in one error', async () => {
    const { registry } = await newRegistry({ validate: () => [fieldRequired('spec.size')] });
    const error = await refusalOf(create(registry, widget('Not_Good'), inDefault));
    expect(error).toMatchObject({
      details: { causes: [{ field: 'metadata.name' }, { field: 'spec.size' }] },
    });
  });

  it('needs a name', async () => {
    const { registry } = await newRegistry();
    const error = await refusalOf(create(registry, widget(''), inDefault));
    expect(error).toMatchObject({
      code: 422,
      details: { causes: [{ field: 'metadata.name', reason: 'FieldValueRequired' }] },
    });
  });

  it('passes on what admission refuses it with, and stores nothing', async () => {
    const { registry } = await newRegistry();
    const admit = () => {
      throw new Error('not today');
    };
    await expect(create(registry, widget('a'), { ...inDefault, admit })).rejects.toThrow(
      'not today',
    );
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });

  it('waits for admission', async () => {
    const { registry } = await newRegistry();
    const admit = async () => {
      await Promise.resolve();
      throw new Error('not today');
    };
    await expect(create(registry, widget('a'), { ...inDefault, admit })).rejects.toThrow(
      'not today',
    );
  });

  it('lets objects go after the time their kind gives them', async () => {
    const { registry, clock } = await newRegistry({ ttlSeconds: 60 });
    await create(registry, widget('a'), inDefault);
    await clock.advance(59_000);
    expect((await get(registry, 'a', inDefault)).object.metadata.name).toBe('a');
    await clock.advance(120_000);
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });
});

describe('create, generated names', () => {
  const generated = (base: string) => widget('', { metadata: { generateName: base } });

  it.core('adds five characters to the beginning it is given', async () => {
    const { registry } = await newRegistry();
    const { metadata } = (await create(registry, generated('web-'), inDefault)).object;
    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(metadata.generateName).toBe('web-');
  });

  it('is not asked for when there is a name', async () => {
    const { registry } = await newRegistry();
    const object = widget('a', { metadata: { generateName: 'web-' } });
    expect((await create(registry, object, inDefault)).object.metadata.name).toBe('a');
  });

  it('cuts a long beginning to 58 characters', async () => {
    const { registry } = await newRegistry();
    const base = 'x'.repeat(70);
    const name = (await create(registry, generated(base), inDefault)).object.metadata.name ?? '';
    expect(name).toHaveLength(63);
    expect(name.startsWith('x'.repeat(58))).toBe(true);
  });

  it('has its name before the kind prepares it', async () => {
    const names: (string | undefined)[] = [];
    const { registry } = await newRegistry({
      prepareForCreate: ({ metadata }) => {
        names.push(metadata.name);
      },
    });
    const { metadata } = (await create(registry, generated('web-'), inDefault)).object;
    expect(names).toEqual([metadata.name]);
  });

  /** Chance that says the same for the first names, then something else. */
  class StubbornRandom extends Random {
    #left: number;

    constructor(repeats: number) {
      const real = seededRandom(5);
      super(() => real.int(2 ** 32));
      this.#left = repeats;
    }

    override suffix(length?: number): string {
      this.#left -= 1;
      return this.#left >= 0 ? 'aaaaa' : super.suffix(length);
    }
  }
  const stubborn = (repeats: number) => new StubbornRandom(repeats);

  it('tries another name when one is taken', async () => {
    const { registry } = await newRegistry({}, stubborn(4));
    await create(registry, generated('web-'), inDefault);
    const { metadata } = (await create(registry, generated('web-'), inDefault)).object;
    expect(metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(metadata.name).not.toBe('web-aaaaa');
  });

  it('prepares each attempt anew', async () => {
    const { registry } = await newRegistry(
      {
        prepareForCreate: (object) => {
          object.made = [...((object.made as string[] | undefined) ?? []), object.metadata.name];
        },
      },
      stubborn(3),
    );
    await create(registry, generated('web-'), inDefault);
    const { object } = await create(registry, generated('web-'), inDefault);
    expect(object.made).toEqual([object.metadata.name]);
  });

  it('prepares each attempt anew, down to the last field', async () => {
    const { registry } = await newRegistry(
      {
        prepareForCreate: ({ metadata, spec }) => {
          const template = spec as { names: unknown[] };
          template.names.push(metadata.name);
          metadata.labels = Object.assign(metadata.labels ?? {}, { [`of-${metadata.name}`]: 'x' });
        },
      },
      stubborn(3),
    );
    const make = () => {
      const object = widget('', {
        metadata: { generateName: 'web-', labels: {} },
        spec: { names: [] },
      });
      return create(registry, object, inDefault);
    };
    await make();
    const { object } = await make();
    const { name } = object.metadata;
    expect(object.spec).toEqual({ names: [name] });
    expect(object.metadata.labels).toEqual({ [`of-${name}`]: 'x' });
  });

  it('keeps its uid over all attempts', async () => {
    const uids: unknown[] = [];
    const { registry } = await newRegistry(
      { prepareForCreate: ({ metadata }) => void uids.push(metadata.uid) },
      stubborn(4),
    );
    await create(registry, generated('web-'), inDefault);
    uids.length = 0;
    const { object } = await create(registry, generated('web-'), inDefault);
    expect(uids.length).toBeGreaterThan(1);
    expect(new Set(uids)).toEqual(new Set([object.metadata.uid]));
  });

  it('is not made anew for any other reason than a name that is taken', async () => {
    let checks = 0;
    const { registry } = await newRegistry({
      validate: () => {
        checks += 1;
        return [fieldRequired('spec.size')];
      },
    });
    expect(isInvalid(await refusalOf(create(registry, generated('web-'), inDefault)))).toBe(true);
    expect(checks).toBe(1);
  });

  it('gives up after eight attempts', async () => {
    const { registry } = await newRegistry({}, stubborn(9));
    await create(registry, generated('web-'), inDefault);
    const error = await refusalOf(create(registry, generated('web-'), inDefault));
    expect(isAlreadyExists(error)).toBe(true);
    const details = { name: 'web-aaaaa', retryAfterSeconds: 1 };
    expect(error).toMatchObject({ code: 409, details });
  });

  it('does not give up after seven', async () => {
    const { registry } = await newRegistry({}, stubborn(8));
    await create(registry, generated('web-'), inDefault);
    const { metadata } = (await create(registry, generated('web-'), inDefault)).object;
    expect(metadata.name).not.toBe('web-aaaaa');
  });
});

describe('create, dry run', () => {
  const dryRun = { ...inDefault, dryRun: true };

  it('does everything but write', async () => {
    const { registry } = await newRegistry({
      setDefaults: (object) => {
        object.spec = { size: 3 };
      },
    });
    const { object, revision } = await create(registry, widget('a'), dryRun);
    expect(object).toMatchObject({
      metadata: { name: 'a', namespace: 'default' },
      spec: { size: 3 },
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(revision).toBe(0);
    expect(object.metadata.resourceVersion).toBeUndefined();
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });

  it('finds out that a name is taken', async () => {
    const { registry } = await newRegistry();
    await create(registry, widget('a'), inDefault);
    const error = await refusalOf(create(registry, widget('a'), dryRun));
    expect(isAlreadyExists(error)).toBe(true);
  });

  it('refuses what has faults', async () => {
    const { registry } = await newRegistry({ validate: () => [fieldRequired('spec.size')] });
    expect(isInvalid(await refusalOf(create(registry, widget('a'), dryRun)))).toBe(true);
  });
});

describe('create, where something is going away', () => {
  it('says that it is being deleted', async () => {
    const { registry } = await newRegistry();
    const stored = await create(registry, widget('a'), inDefault);
    const metadata = { ...stored.object.metadata, deletionTimestamp: '2025-01-02T03:04:05Z' };
    await registry.storage.replace(stored, { ...stored.object, metadata });
    const error = await refusalOf(create(registry, widget('a'), inDefault));
    expect(error).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'object is being deleted: widgets.example.com "a" already exists',
    });
  });
});

describe('get', () => {
  it.core('says 404 of what is not there', async () => {
    const { registry } = await newRegistry();
    const error = await refusalOf(get(registry, 'a', inDefault));
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({ code: 404, message: 'widgets.example.com "a" not found' });
  });

  it('does not look into other namespaces', async () => {
    const { registry } = await newRegistry();
    await create(registry, widget('a'), { namespace: 'x' });
    expect(isNotFound(await refusalOf(get(registry, 'a', { namespace: 'y' })))).toBe(true);
  });

  it('asks for something new enough', async () => {
    const { registry } = await newRegistry();
    const asked: (number | undefined)[] = [];
    const { storage } = registry;
    const watched = {
      ...registry,
      storage: {
        get: (key: string, notOlderThan?: number) => {
          asked.push(notOlderThan);
          return storage.get(key);
        },
      } as unknown as Registry['storage'],
    };
    await create(registry, widget('a'), inDefault);
    await get(watched, 'a', inDefault);
    await get(watched, 'a', { ...inDefault, notOlderThan: 0 });
    await get(watched, 'a', { ...inDefault, notOlderThan: 2 });
    expect(asked).toEqual([undefined, 0, 2]);
  });
});
