import { FakeClock, isConflict, isNotFound, parseSelector, seededRandom } from '#apimachinery';
import {
  type ApiObject,
  create,
  type DeleteOptions,
  deleteCollection,
  deleteObject,
  get,
  type Kind,
  list,
  openMemoryStorage,
  type Registry,
  type Stored,
  update,
} from '#apiserver';
import {
  afterEach,
  describe,
  expect,
  it,
  refusalOf,
  throughStorage,
  widget,
  widgetKind,
} from '#kit';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const inDefault = { namespace: 'default' };

async function newRegistry(special: Partial<Kind> = {}) {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const memory = await openMemoryStorage({ clock, random });
  cleanups.push(memory.stop);
  const registry: Registry = { kind: widgetKind(special), storage: memory.storage, clock, random };
  const make = (name: string, metadata: object = {}) =>
    create(registry, widget(name, { metadata }), inDefault);
  const remove = (name: string, options: DeleteOptions = {}) =>
    deleteObject(registry, 'default', name, options);
  const metadataOf = async (name: string) => (await get(registry, name, inDefault)).object.metadata;
  const isGone = async (name: string) =>
    isNotFound(await refusalOf(get(registry, name, inDefault)));
  return { registry, clock, make, remove, metadataOf, isGone };
}

/** The same registry, in which somebody else is faster than its first write. */
function withFasterWriter(registry: Registry, write: (stored: Stored) => Promise<unknown>) {
  const { storage } = registry;
  let isDone = false;
  const interfere = async (expected: Stored): Promise<void> => {
    if (isDone) return;
    isDone = true;
    await write(expected);
  };
  const slow = throughStorage(storage, {
    replace: async (expected, object, ttl) => {
      await interfere(expected);
      return storage.replace(expected, object, ttl);
    },
    remove: async (expected) => {
      await interfere(expected);
      return storage.remove(expected);
    },
  });
  return { ...registry, storage: slow };
}

/** A kind that takes 30 seconds to stop, or as long as somebody says. */
const graceful: Partial<Kind> = {
  gracePeriodSeconds: (_object, requested) => requested ?? 30,
};

describe('deleteObject', () => {
  it.core('removes what nobody holds', async () => {
    const { make, remove, isGone } = await newRegistry();
    const made = await make('a');
    const { stored, gone } = await remove('a');
    expect(gone).toBe(true);
    expect(stored.object.metadata.name).toBe('a');
    expect(stored.revision).toBeGreaterThan(made.revision);
    expect(await isGone('a')).toBe(true);
  });

  it.core('says 404 of what is not there', async () => {
    const { remove } = await newRegistry();
    expect(isNotFound(await refusalOf(remove('a')))).toBe(true);
  });

  it.core('marks what has finalizers, and leaves it', async () => {
    const { make, remove, metadataOf } = await newRegistry();
    await make('a', { finalizers: ['x/y'] });
    const { stored, gone } = await remove('a');
    expect(gone).toBe(false);
    expect(stored.object.metadata).toMatchObject({
      deletionTimestamp: '2025-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['x/y'],
    });
    expect(await metadataOf('a')).toEqual(stored.object.metadata);
  });

  it('goes with the last finalizer of what is marked', async () => {
    const { registry, make, remove, isGone } = await newRegistry();
    await make('a', { finalizers: ['x/y'] });
    await remove('a');
    await update(
      registry,
      'a',
      ({ metadata: { finalizers: _, ...metadata }, ...old }) => ({ ...old, metadata }) as never,
      inDefault,
    );
    expect(await isGone('a')).toBe(true);
  });

  it('marks once: a second deletion changes nothing', async () => {
    const { clock, make, remove } = await newRegistry();
    await make('a', { finalizers: ['x/y'] });
    const first = await remove('a');
    await clock.advance(60_000);
    const second = await remove('a');
    expect(second.gone).toBe(false);
    expect(second.stored.revision).toBe(first.stored.revision);
  });

  it('counts the mark as a generation, once', async () => {
    const { make, remove, metadataOf } = await newRegistry({ ...graceful, hasGeneration: true });
    await make('a');
    await remove('a');
    expect((await metadataOf('a')).generation).toBe(2);
    await remove('a', { gracePeriodSeconds: 5 });
    expect((await metadataOf('a')).generation).toBe(2);
  });

  it('makes no generation for what has none', async () => {
    const { make, remove, metadataOf } = await newRegistry({ ...graceful, hasGeneration: false });
    await make('a');
    await remove('a');
    expect(await metadataOf('a')).not.toHaveProperty('generation');
  });

  it('changes nothing of what the storage gave it', async () => {
    const { registry, make } = await newRegistry({ ...graceful, hasGeneration: true });
    await make('a', { finalizers: ['x/y'] });
    const { storage } = registry;
    let given: Stored | undefined;
    const noting: Registry = {
      ...registry,
      storage: throughStorage(storage, {
        get: async (...asked) => {
          given = await storage.get(...asked);
          return given;
        },
      }),
    };
    const before = structuredClone((await get(registry, 'a', inDefault)).object);
    const { stored } = await deleteObject(noting, 'default', 'a', { propagationPolicy: 'Orphan' });
    expect(stored.object.metadata.finalizers).toEqual(['x/y', 'orphan']);
    expect(given?.object).toEqual(before);
  });

  it('keeps the stored object as it is for those who read it before', async () => {
    const { make, remove } = await newRegistry();
    const made = await make('a', { finalizers: ['x/y'] });
    const before = structuredClone(made.object);
    await remove('a');
    expect(made.object).toEqual(before);
  });
});

describe('deleteObject, grace', () => {
  it.core('gives a kind the time it asks for', async () => {
    const { make, remove, metadataOf } = await newRegistry(graceful);
    await make('a');
    const { gone } = await remove('a');
    expect(gone).toBe(false);
    expect(await metadataOf('a')).toMatchObject({
      deletionTimestamp: '2025-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
    });
  });

  it.core('removes at once with 0 seconds', async () => {
    const { make, remove, isGone } = await newRegistry(graceful);
    await make('a');
    expect((await remove('a', { gracePeriodSeconds: 0 })).gone).toBe(true);
    expect(await isGone('a')).toBe(true);
  });

  it('can be shortened, counted from the first time', async () => {
    const { clock, make, remove, metadataOf } = await newRegistry(graceful);
    await make('a');
    await remove('a');
    await clock.advance(2000);
    await remove('a', { gracePeriodSeconds: 5 });
    expect(await metadataOf('a')).toMatchObject({
      deletionTimestamp: '2025-01-01T00:00:05Z',
      deletionGracePeriodSeconds: 5,
    });
    expect((await remove('a', { gracePeriodSeconds: 0 })).gone).toBe(true);
  });

  it('tells the kind of the first mark, and not of a shorter time', async () => {
    const told: unknown[] = [];
    const { make, remove } = await newRegistry({
      ...graceful,
      prepareForDelete: ({ metadata }) => {
        told.push(metadata.name);
      },
    });
    await make('a');
    await remove('a');
    await remove('a', { gracePeriodSeconds: 5 });
    expect(told).toEqual(['a']);
  });

  it('cannot be made longer', async () => {
    const { make, remove, metadataOf } = await newRegistry(graceful);
    await make('a');
    const first = await remove('a', { gracePeriodSeconds: 5 });
    const second = await remove('a', { gracePeriodSeconds: 60 });
    expect(second.stored.revision).toBe(first.stored.revision);
    expect(await metadataOf('a')).toMatchObject({ deletionGracePeriodSeconds: 5 });
  });

  it('asks the kind with what was requested', async () => {
    const asked: (number | undefined)[] = [];
    const { make, remove } = await newRegistry({
      gracePeriodSeconds: (_, requested) => {
        asked.push(requested);
        return 0;
      },
    });
    await make('a');
    await make('b');
    await remove('a');
    await remove('b', { gracePeriodSeconds: 7 });
    expect(asked).toEqual([undefined, 7]);
  });

  it('is nothing to a kind that has none', async () => {
    const { make, remove } = await newRegistry();
    await make('a');
    expect((await remove('a', { gracePeriodSeconds: 30 })).gone).toBe(true);
  });

  it('stays for finalizers after its time', async () => {
    const { make, remove, metadataOf } = await newRegistry(graceful);
    await make('a', { finalizers: ['x/y'] });
    await remove('a');
    expect((await remove('a', { gracePeriodSeconds: 0 })).gone).toBe(false);
    expect(await metadataOf('a')).toMatchObject({
      deletionTimestamp: '2025-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
    });
  });
});

describe('deleteObject, dependents', () => {
  const rows: [
    policy: DeleteOptions['propagationPolicy'],
    before: string[],
    after: string[] | 'gone',
  ][] = [
    ['Foreground', [], ['foregroundDeletion']],
    ['Orphan', [], ['orphan']],
    ['Background', [], 'gone'],
    ['Background', ['orphan'], 'gone'],
    ['Background', ['x/y', 'foregroundDeletion'], ['x/y']],
    ['Orphan', ['foregroundDeletion', 'x/y'], ['x/y', 'orphan']],
    ['Foreground', ['orphan'], ['foregroundDeletion']],
    ['Foreground', ['foregroundDeletion'], ['foregroundDeletion']],
    [undefined, ['orphan'], ['orphan']],
    [undefined, [], 'gone'],
  ];
  for (const [propagationPolicy, finalizers, after] of rows) {
    const title = `${propagationPolicy ?? 'no policy'} with ${JSON.stringify(finalizers)}`;
    const body = async () => {
      const { make, remove, metadataOf, isGone } = await newRegistry();
      await make('a', { finalizers });
      const { gone } = await remove('a', { ...(propagationPolicy && { propagationPolicy }) });
      expect(gone).toBe(after === 'gone');
      if (after === 'gone') expect(await isGone('a')).toBe(true);
      else
        expect([...((await metadataOf('a')).finalizers ?? [])].sort()).toEqual([...after].sort());
    };
    if (propagationPolicy === 'Foreground' && finalizers.length === 0) it.core(title, body);
    else it(title, body);
  }

  it('are treated as the kind says when nobody says anything', async () => {
    const { make, remove, metadataOf } = await newRegistry({ defaultPropagation: 'Orphan' });
    await make('a');
    await remove('a');
    expect((await metadataOf('a')).finalizers).toEqual(['orphan']);
    await remove('a', { propagationPolicy: 'Foreground' });
    expect((await metadataOf('a')).finalizers).toEqual(['foregroundDeletion']);
  });
});

describe('deleteObject, dependents of what is marked already', () => {
  it('stay treated as somebody wished, whatever the kind says', async () => {
    const { make, remove, metadataOf } = await newRegistry({ defaultPropagation: 'Orphan' });
    await make('a');
    const first = await remove('a', { propagationPolicy: 'Foreground' });
    const second = await remove('a');
    expect((await metadataOf('a')).finalizers).toEqual(['foregroundDeletion']);
    expect(second.stored.revision).toBe(first.stored.revision);
  });

  it('are not written anew when the same is said again', async () => {
    const { make, remove } = await newRegistry();
    await make('a');
    const first = await remove('a', { propagationPolicy: 'Orphan' });
    const second = await remove('a', { propagationPolicy: 'Orphan' });
    expect(second.stored.revision).toBe(first.stored.revision);
  });

  it('keep a finalizer that came with the object', async () => {
    const { make, remove, metadataOf } = await newRegistry({ defaultPropagation: 'Background' });
    await make('a', { finalizers: ['orphan'] });
    expect((await remove('a')).gone).toBe(false);
    expect((await metadataOf('a')).finalizers).toEqual(['orphan']);
    expect((await remove('a', { propagationPolicy: 'Background' })).gone).toBe(true);
  });

  it('leave no empty list when the last finalizer goes', async () => {
    const { make, remove, metadataOf } = await newRegistry(graceful);
    await make('a', { finalizers: ['orphan'] });
    const { gone } = await remove('a', { propagationPolicy: 'Background' });
    expect(gone).toBe(false);
    expect(await metadataOf('a')).not.toHaveProperty('finalizers');
  });

  it('can be treated differently later, with the mark as it was', async () => {
    const { clock, make, remove, metadataOf } = await newRegistry({ hasGeneration: true });
    await make('a', { finalizers: ['x/y'] });
    const first = (await remove('a')).stored.object.metadata;
    await clock.advance(5000);
    const { stored } = await remove('a', { propagationPolicy: 'Orphan' });
    const { deletionTimestamp, generation } = first;
    expect(stored.object.metadata).toMatchObject({ deletionTimestamp, generation });
    expect((await metadataOf('a')).finalizers).toEqual(['x/y', 'orphan']);
  });
});

describe('deleteObject, preconditions', () => {
  it.core('refuses another uid or version', async () => {
    const { make, remove, isGone } = await newRegistry();
    const { object, revision } = await make('a');
    const { uid } = object.metadata;
    const other = await refusalOf(remove('a', { preconditions: { uid: 'other' } }));
    expect(isConflict(other)).toBe(true);
    expect(other).toMatchObject({
      message: `Operation cannot be fulfilled on widgets.example.com "a": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
    const stale = await refusalOf(remove('a', { preconditions: { resourceVersion: '1' } }));
    expect(isConflict(stale)).toBe(true);
    expect(stale).toMatchObject({
      message: `Operation cannot be fulfilled on widgets.example.com "a": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${revision}). The object might have been modified`,
    });
    expect(await isGone('a').catch(() => false)).toBe(false);
  });

  it('refuses another version of the right object, be it older or newer', async () => {
    const { make, remove } = await newRegistry();
    const { object, revision } = await make('a');
    const uid = object.metadata.uid ?? '';
    for (const other of [revision - 1, revision + 1, revision * 1000]) {
      const preconditions = { uid, resourceVersion: String(other) };
      expect(isConflict(await refusalOf(remove('a', { preconditions })))).toBe(true);
    }
  });

  it('lets the right ones through', async () => {
    const { make, remove } = await newRegistry();
    const { object, revision } = await make('a');
    const preconditions = { uid: object.metadata.uid ?? '', resourceVersion: String(revision) };
    expect((await remove('a', { preconditions })).gone).toBe(true);
  });

  it('are asked again when somebody was faster', async () => {
    const { registry, make } = await newRegistry();
    const { revision } = await make('a');
    const racing = withFasterWriter(registry, () =>
      update(registry, 'a', (old) => ({ ...old, spec: { size: 2 } }), inDefault),
    );
    const preconditions = { resourceVersion: String(revision) };
    const error = await refusalOf(deleteObject(racing, 'default', 'a', { preconditions }));
    expect(isConflict(error)).toBe(true);
  });
});

describe('deleteObject, others at the same time', () => {
  it.core('deletes what somebody changed meanwhile', async () => {
    const { registry, make, isGone } = await newRegistry();
    await make('a');
    const racing = withFasterWriter(registry, () =>
      update(registry, 'a', (old) => ({ ...old, spec: { size: 2 } }), inDefault),
    );
    const { stored, gone } = await deleteObject(racing, 'default', 'a', {});
    expect(gone).toBe(true);
    expect(stored.object.spec).toEqual({ size: 2 });
    expect(await isGone('a')).toBe(true);
  });

  it('heeds a finalizer that came meanwhile', async () => {
    const { registry, make, metadataOf } = await newRegistry();
    await make('a');
    const racing = withFasterWriter(registry, () =>
      update(
        registry,
        'a',
        (old) => ({ ...old, metadata: { ...old.metadata, finalizers: ['x/y'] } }),
        inDefault,
      ),
    );
    expect((await deleteObject(racing, 'default', 'a', {})).gone).toBe(false);
    expect((await metadataOf('a')).finalizers).toEqual(['x/y']);
  });

  it('says 404 when somebody else deleted it', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    const racing = withFasterWriter(registry, () => deleteObject(registry, 'default', 'a', {}));
    expect(isNotFound(await refusalOf(deleteObject(racing, 'default', 'a', {})))).toBe(true);
  });
});

describe('deleteObject, what others have to say', () => {
  it('waits for admission, in each round', async () => {
    const { registry, make, isGone } = await newRegistry();
    await make('a');
    const asked: unknown[] = [];
    const admit = async (old: ApiObject) => {
      await Promise.resolve();
      asked.push(old.spec);
    };
    const racing = withFasterWriter(registry, () =>
      update(registry, 'a', (old) => ({ ...old, spec: { size: 2 } }), inDefault),
    );
    await deleteObject(racing, 'default', 'a', { admit });
    expect(asked).toEqual([undefined, { size: 2 }]);
    expect(await isGone('a')).toBe(true);
  });

  it('shows admission what is stored, as it is before the mark', async () => {
    const { make, remove } = await newRegistry(graceful);
    await make('a');
    const seen: unknown[] = [];
    const admit = ({ metadata }: ApiObject): void => {
      seen.push(metadata.deletionTimestamp);
    };
    await remove('a', { admit });
    expect(seen).toEqual([undefined]);
  });

  it('asks admission only about what the preconditions let through', async () => {
    const { make, remove } = await newRegistry();
    await make('a');
    const admit = (): void => {
      throw new Error('not today');
    };
    const error = await refusalOf(remove('a', { admit, preconditions: { uid: 'other' } }));
    expect(isConflict(error)).toBe(true);
  });

  it('does nothing that admission refuses', async () => {
    const { make, remove, metadataOf } = await newRegistry();
    await make('a');
    const admit = async () => {
      await Promise.resolve();
      throw new Error('not today');
    };
    await expect(remove('a', { admit })).rejects.toThrow('not today');
    expect((await metadataOf('a')).deletionTimestamp).toBeUndefined();
  });

  it('marks what the kind holds back, and tells the kind once', async () => {
    const told: unknown[] = [];
    const { make, remove, metadataOf } = await newRegistry({
      isHeldBack: () => true,
      prepareForDelete: (object) => {
        told.push(object.metadata.name);
        object.status = { phase: 'Terminating' };
      },
    });
    await make('a');
    const { stored, gone } = await remove('a');
    expect(gone).toBe(false);
    expect(stored.object.status).toEqual({ phase: 'Terminating' });
    await remove('a');
    expect(told).toEqual(['a']);
    expect((await metadataOf('a')).deletionTimestamp).toBe('2025-01-01T00:00:00Z');
  });
});

describe('deleteObject, what is held back no longer', () => {
  it('removes it, though it was marked before', async () => {
    let isHeld = true;
    const { make, remove, isGone } = await newRegistry({ isHeldBack: () => isHeld });
    await make('a');
    expect((await remove('a')).gone).toBe(false);
    isHeld = false;
    expect((await remove('a')).gone).toBe(true);
    expect(await isGone('a')).toBe(true);
  });
});

describe('deleteObject, dry run', () => {
  it('asks admission, too', async () => {
    const { make, remove } = await newRegistry();
    await make('a');
    const admit = async (): Promise<void> => {
      throw new Error('not today');
    };
    await expect(remove('a', { dryRun: true, admit })).rejects.toThrow('not today');
  });

  it('says what would happen, and does nothing', async () => {
    const { make, remove, metadataOf } = await newRegistry(graceful);
    await make('a');
    const soft = await remove('a', { dryRun: true });
    expect(soft.gone).toBe(false);
    expect(soft.stored.object.metadata.deletionGracePeriodSeconds).toBe(30);
    const hard = await remove('a', { dryRun: true, gracePeriodSeconds: 0 });
    expect(hard.gone).toBe(true);
    expect((await metadataOf('a')).deletionTimestamp).toBeUndefined();
  });
});

describe('deleteCollection', () => {
  it.core('deletes what is selected', async () => {
    const { registry, make } = await newRegistry();
    await make('a', { labels: { app: 'web' } });
    await make('b', { labels: { app: 'db' } });
    await make('c', { labels: { app: 'web' } });
    const selection = { ...inDefault, labelSelector: parseSelector('app=web') };
    const deleted = await deleteCollection(registry, selection, {});
    expect(deleted.map(({ object }) => object.metadata.name)).toEqual(['a', 'c']);
    const { items } = await list(registry, inDefault);
    expect(items.map(({ object }) => object.metadata.name)).toEqual(['b']);
  });

  it('keeps to the namespace', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    await create(registry, widget('x'), { namespace: 'other' });
    await deleteCollection(registry, inDefault, {});
    const { items } = await list(registry, { namespace: '' });
    expect(items.map(({ object }) => object.metadata.name)).toEqual(['x']);
  });

  it('spans all namespaces when it is asked to', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    await create(registry, widget('a'), { namespace: 'other' });
    const deleted = await deleteCollection(registry, { namespace: '' }, {});
    expect(deleted.map(({ object }) => object.metadata.namespace)).toEqual(['default', 'other']);
    expect((await list(registry, { namespace: '' })).items).toEqual([]);
  });

  it('marks what is held', async () => {
    const { registry, make } = await newRegistry();
    await make('a', { finalizers: ['x/y'] });
    const [marked] = await deleteCollection(registry, inDefault, {});
    expect(marked?.object.metadata.deletionTimestamp).toBe('2025-01-01T00:00:00Z');
  });

  it('does not mind that somebody else deleted one', async () => {
    const { registry, make, isGone } = await newRegistry();
    await make('a');
    await make('b');
    const racing = withFasterWriter(registry, () => deleteObject(registry, 'default', 'a', {}));
    const deleted = await deleteCollection(racing, inDefault, {});
    expect(deleted.map(({ object }) => object.metadata.name)).toEqual(['b']);
    expect(await isGone('b')).toBe(true);
  });

  it('ends at what else goes wrong', async () => {
    const { registry, make } = await newRegistry();
    await make('a');
    await make('b');
    const admit = ({ metadata }: { metadata: { name?: string } }) => {
      if (metadata.name === 'b') throw new Error('not this one');
    };
    await expect(deleteCollection(registry, inDefault, { admit })).rejects.toThrow('not this one');
    const { items } = await list(registry, inDefault);
    expect(items.map(({ object }) => object.metadata.name)).toEqual(['b']);
  });

  it('gives nothing where there is nothing', async () => {
    const { registry } = await newRegistry();
    expect(await deleteCollection(registry, inDefault, {})).toEqual([]);
  });
});
