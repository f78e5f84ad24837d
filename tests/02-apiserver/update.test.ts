import {
  FakeClock,
  fieldInvalid,
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isInvalid,
  isNotFound,
  newAlreadyExists,
  seededRandom,
} from '#apimachinery';
import {
  type ApiObject,
  type Change,
  create,
  get,
  type Kind,
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

/** A registry in which a widget `a` of size 1 is stored. */
async function withWidget(special: Partial<Kind> = {}, more: Record<string, unknown> = {}) {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const memory = await openMemoryStorage({ clock, random });
  cleanups.push(memory.stop);
  const kind = widgetKind(special);
  const registry: Registry = { kind, storage: memory.storage, clock, random };
  const namespace = kind.namespaced ? 'default' : '';
  const stored = await create(registry, widget('a', { spec: { size: 1 }, ...more }), { namespace });
  return { registry, stored, clock };
}

/** What a client that read an object sends back. */
function edited(stored: Stored, edit: (object: ApiObject) => void): ApiObject {
  const object = structuredClone(stored.object);
  edit(object);
  return object;
}

/** Whoever changes it now gets a TypeError. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

const resize =
  (size: number): Change =>
  (old) => {
    old.spec = { size };
    return old;
  };

/** A registry where, before each of the first writes, somebody else was faster. */
function withFasterWriter(registry: Registry, writes: ((stored: Stored) => Promise<unknown>)[]) {
  const { storage } = registry;
  const interfere = async (expected: Stored): Promise<void> => {
    await writes.shift()?.(expected);
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

describe('update', () => {
  it.core('writes what the change makes of the old object', async () => {
    const { registry, stored } = await withWidget();
    const result = await update(registry, 'a', resize(2), inDefault);
    expect(result.created).toBe(false);
    expect(result.stored.object).toMatchObject({ metadata: { name: 'a' }, spec: { size: 2 } });
    expect(result.stored.revision).toBeGreaterThan(stored.revision);
    const read = await get(registry, 'a', inDefault);
    expect(read.object).toMatchObject({
      metadata: { resourceVersion: String(result.stored.revision) },
      spec: { size: 2 },
    });
  });

  it.core('refuses a version that is not the newest', async () => {
    const { registry, stored } = await withWidget();
    const stale = edited(stored, (object) => {
      object.spec = { size: 3 };
    });
    await update(registry, 'a', resize(2), inDefault);
    const error = await refusalOf(update(registry, 'a', () => stale, inDefault));
    expect(isConflict(error)).toBe(true);
    expect(error).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on widgets.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect((await get(registry, 'a', inDefault)).object.spec).toEqual({ size: 2 });
  });

  it.core('begins again when somebody was faster', async () => {
    const { registry } = await withWidget();
    const seen: unknown[] = [];
    const racing = withFasterWriter(registry, [
      () => update(registry, 'a', resize(10), inDefault),
      () => update(registry, 'a', resize(20), inDefault),
    ]);
    const grow: Change = (old) => {
      const { size } = old.spec as { size: number };
      seen.push(size);
      old.spec = { size: size + 1 };
      return old;
    };
    const { stored } = await update(racing, 'a', grow, inDefault);
    expect(seen).toEqual([1, 10, 20]);
    expect(stored.object.spec).toEqual({ size: 21 });
  });

  it.core('says 404 of what is not there', async () => {
    const { registry } = await withWidget();
    const error = await refusalOf(update(registry, 'b', resize(2), inDefault));
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({ message: 'widgets.example.com "b" not found' });
  });

  it('waits for a change that takes its time', async () => {
    const { registry } = await withWidget();
    const later: Change = async (old) => {
      await Promise.resolve();
      return { ...old, spec: { size: 5 } };
    };
    expect((await update(registry, 'a', later, inDefault)).stored.object.spec).toEqual({ size: 5 });
  });

  it('passes on what the change throws, and writes nothing', async () => {
    const { registry, stored } = await withWidget();
    const fail: Change = () => {
      throw new Error('no');
    };
    await expect(update(registry, 'a', fail, inDefault)).rejects.toThrow('no');
    expect((await get(registry, 'a', inDefault)).revision).toBe(stored.revision);
  });

  it('gives the change a copy', async () => {
    const { registry, stored } = await withWidget();
    const before = structuredClone(stored.object);
    const spoil: Change = (old) => {
      (old.spec as { size: number }).size = 99;
      throw new Error('and does not return it');
    };
    await refusalOf(update(registry, 'a', spoil, inDefault));
    expect((await get(registry, 'a', inDefault)).object).toEqual(before);
  });

  it('changes nothing of what the storage gave it', async () => {
    const { registry, stored } = await withWidget({
      hasGeneration: true,
      setDefaults: (object) => {
        object.metadata.labels = { set: 'by-default' };
      },
    });
    const { storage } = registry;
    const frozen: Registry = {
      ...registry,
      storage: throughStorage(storage, {
        get: async (...asked) => {
          const found = await storage.get(...asked);
          freeze(found?.object);
          return found;
        },
      }),
    };
    const before = structuredClone(stored.object);
    const grow: Change = (old) => {
      (old.spec as { size: number }).size += 1;
      return old;
    };
    const { stored: written } = await update(frozen, 'a', grow, inDefault);
    expect(written.object).toMatchObject({ spec: { size: 2 }, metadata: { generation: 2 } });
    expect(stored.object).toEqual(before);
  });

  it('says 404 when somebody was faster and deleted it', async () => {
    const { registry } = await withWidget();
    const racing = withFasterWriter(registry, [(stored) => registry.storage.remove(stored)]);
    expect(isNotFound(await refusalOf(update(racing, 'a', resize(2), inDefault)))).toBe(true);
  });
});

describe('update, identity', () => {
  it('takes a name and a namespace that are left out for the old ones', async () => {
    const { registry } = await withWidget();
    const bare: Change = () => widget('', { spec: { size: 2 } });
    const { stored } = await update(registry, 'a', bare, inDefault);
    expect(stored.object.metadata).toMatchObject({ name: 'a', namespace: 'default' });
  });

  it('refuses another name', async () => {
    const { registry } = await withWidget();
    const error = await refusalOf(update(registry, 'a', () => widget('b'), inDefault));
    expect(isBadRequest(error)).toBe(true);
    expect(error).toMatchObject({
      message: 'the name of the object (b) does not match the name on the URL (a)',
    });
  });

  it('refuses another namespace', async () => {
    const { registry } = await withWidget();
    const other = widget('a', { metadata: { namespace: 'other' } });
    const error = await refusalOf(update(registry, 'a', () => other, inDefault));
    expect(error).toMatchObject({
      code: 400,
      message:
        'the namespace of the provided object does not match the namespace sent on the request',
    });
  });

  it('refuses the uid of an object that is no more', async () => {
    const { registry, stored } = await withWidget();
    const other = widget('a', { metadata: { uid: 'gone' } });
    const error = await refusalOf(update(registry, 'a', () => other, inDefault));
    expect(isConflict(error)).toBe(true);
    const { uid } = stored.object.metadata;
    expect(error).toMatchObject({
      message: `Operation cannot be fulfilled on widgets.example.com "a": Precondition failed: UID in precondition: gone, UID in object meta: ${uid}`,
    });
  });

  it('works for a kind without namespaces', async () => {
    const { registry } = await withWidget({ namespaced: false });
    const { stored } = await update(registry, 'a', resize(2), { namespace: '' });
    expect(stored.key).toBe('/registry/widgets/a');
    expect(stored.object.spec).toEqual({ size: 2 });
  });
});

describe('update, versions', () => {
  it('takes the newest version', async () => {
    const { registry, stored } = await withWidget();
    const fresh = edited(stored, (object) => {
      object.spec = { size: 2 };
    });
    const result = await update(registry, 'a', () => fresh, inDefault);
    expect(result.stored.object.spec).toEqual({ size: 2 });
  });

  it('does not need a version, unless the kind says so', async () => {
    const bare: Change = () => widget('a', { spec: { size: 2 } });
    const { registry } = await withWidget();
    expect((await update(registry, 'a', bare, inDefault)).stored.object.spec).toEqual({ size: 2 });
    const strict = await withWidget({ allowUnconditionalUpdate: false });
    for (const resourceVersion of [undefined, '']) {
      const change: Change = () => widget('a', { metadata: { resourceVersion } });
      const error = await refusalOf(update(strict.registry, 'a', change, inDefault));
      expect(isInvalid(error)).toBe(true);
      expect(error).toMatchObject({
        details: { causes: [{ field: 'metadata.resourceVersion', reason: 'FieldValueInvalid' }] },
      });
    }
  });

  it('compares with what is there in each round', async () => {
    const { registry, stored } = await withWidget();
    const racing = withFasterWriter(registry, [() => update(registry, 'a', resize(9), inDefault)]);
    const fresh = edited(stored, (object) => {
      object.spec = { size: 2 };
    });
    const change: Change = () => structuredClone(fresh);
    expect(isConflict(await refusalOf(update(racing, 'a', change, inDefault)))).toBe(true);
    expect((await get(registry, 'a', inDefault)).object.spec).toEqual({ size: 9 });
  });

  it('loses no increment of many who count at once', async () => {
    const { registry } = await withWidget();
    const increment: Change = async (old) => {
      await Promise.resolve();
      return { ...old, spec: { size: (old.spec as { size: number }).size + 1 } };
    };
    await Promise.all(
      Array.from({ length: 20 }, () => update(registry, 'a', increment, inDefault)),
    );
    expect((await get(registry, 'a', inDefault)).object.spec).toEqual({ size: 21 });
  });
});

describe('update, what only the server sets', () => {
  it.core('stays as it was', async () => {
    const { registry, stored } = await withWidget({ hasGeneration: true });
    const forged: Change = (old) => ({
      ...old,
      metadata: {
        ...old.metadata,
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 3,
        generation: 42,
        selfLink: '/x',
        labels: { a: 'b' },
      },
    });
    const { metadata } = (await update(registry, 'a', forged, inDefault)).stored.object;
    const { uid, creationTimestamp } = stored.object.metadata;
    expect(metadata).toMatchObject({ uid, creationTimestamp, generation: 1, labels: { a: 'b' } });
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(metadata.deletionGracePeriodSeconds).toBeUndefined();
    expect(metadata.selfLink).toBeUndefined();
  });

  it('comes back where it was left out', async () => {
    const { registry, stored } = await withWidget({}, { metadata: { generateName: 'a-' } });
    const bare: Change = () => widget('a', { spec: { size: 2 } });
    const { metadata } = (await update(registry, 'a', bare, inDefault)).stored.object;
    const { uid, creationTimestamp } = stored.object.metadata;
    expect(metadata).toMatchObject({ uid, creationTimestamp, generateName: 'a-' });
  });

  it('keeps the mark of an object that is being deleted', async () => {
    const { registry, stored } = await withWidget({}, { metadata: { finalizers: ['x/y'] } });
    const mark = { deletionTimestamp: '2025-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
    await registry.storage.replace(stored, {
      ...stored.object,
      metadata: { ...stored.object.metadata, ...mark },
    });
    const unmark: Change = () => widget('a', { metadata: { finalizers: ['x/y'] } });
    const { metadata } = (await update(registry, 'a', unmark, inDefault)).stored.object;
    expect(metadata).toMatchObject(mark);
  });
});

describe('update, generation', () => {
  const kind = { hasGeneration: true, subresources: { status: true } };

  it.core('is one more when the content changes', async () => {
    const { registry } = await withWidget(kind);
    const { stored } = await update(registry, 'a', resize(2), inDefault);
    expect(stored.object.metadata.generation).toBe(2);
  });

  it('stays when only metadata changes', async () => {
    const { registry } = await withWidget(kind);
    const label: Change = (old) => ({ ...old, metadata: { ...old.metadata, labels: { a: 'b' } } });
    const { stored } = await update(registry, 'a', label, inDefault);
    expect(stored.object.metadata).toMatchObject({ generation: 1, labels: { a: 'b' } });
  });

  it('stays when only the status changes', async () => {
    const { registry } = await withWidget(kind);
    const options = { ...inDefault, subresource: 'status' } as const;
    const report: Change = (old) => ({ ...old, status: { ready: true } });
    const { stored } = await update(registry, 'a', report, options);
    expect(stored.object).toMatchObject({ metadata: { generation: 1 }, status: { ready: true } });
  });

  it('stays when the content means the same', async () => {
    const { registry } = await withWidget(kind);
    const same: Change = (old) => ({
      ...old,
      spec: { size: 1, list: [] },
      metadata: { ...old.metadata, labels: { a: 'b' } },
    });
    expect((await update(registry, 'a', same, inDefault)).stored.object.metadata.generation).toBe(
      1,
    );
  });

  it('counts fields beside spec', async () => {
    const { registry } = await withWidget(kind);
    const add: Change = (old) => ({ ...old, data: { a: '1' } });
    expect((await update(registry, 'a', add, inDefault)).stored.object.metadata.generation).toBe(2);
  });

  it('is not there for a kind without generations', async () => {
    const { registry } = await withWidget();
    const { stored } = await update(registry, 'a', resize(2), inDefault);
    expect(stored.object.metadata.generation).toBeUndefined();
  });
});

describe('update, whose part it is', () => {
  const kind = { subresources: { status: true } };
  const status = { ...inDefault, subresource: 'status' } as const;
  const both: Change = (old) => ({
    ...old,
    metadata: { ...old.metadata, labels: { a: 'b' }, ownerReferences: [] },
    spec: { size: 2 },
    status: { ready: true },
  });

  it.core(
    'does not let the object be written through its status, nor the other way round',
    async () => {
      const { registry } = await withWidget(kind);
      const written = await update(registry, 'a', both, inDefault);
      expect(written.stored.object).toMatchObject({ spec: { size: 2 } });
      expect(written.stored.object.status).toBeUndefined();
      const again: Change = (old) => ({ ...old, spec: { size: 3 }, status: { ready: true } });
      const reported = await update(registry, 'a', again, status);
      expect(reported.stored.object).toMatchObject({ spec: { size: 2 }, status: { ready: true } });
    },
  );

  it('keeps the status when it is left out', async () => {
    const { registry } = await withWidget(kind);
    await update(registry, 'a', both, status);
    const bare: Change = () => widget('a', { spec: { size: 4 } });
    const { stored } = await update(registry, 'a', bare, inDefault);
    expect(stored.object).toMatchObject({ spec: { size: 4 }, status: { ready: true } });
  });

  it('writes the status with the object for a kind without the subresource', async () => {
    const { registry } = await withWidget();
    const { stored } = await update(registry, 'a', both, inDefault);
    expect(stored.object).toMatchObject({ spec: { size: 2 }, status: { ready: true } });
  });

  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'u' };

  it('lets a writer of the status change labels, annotations and finalizers alone', async () => {
    const { registry } = await withWidget(kind, {
      metadata: { annotations: { old: '1' }, ownerReferences: [owner] },
    });
    const change: Change = (old) => ({
      ...old,
      metadata: {
        name: 'a',
        labels: { a: 'b' },
        finalizers: ['x/y'],
        ownerReferences: [],
      },
      status: { ready: true },
    });
    const { metadata } = (await update(registry, 'a', change, status)).stored.object;
    expect(metadata).toMatchObject({
      labels: { a: 'b' },
      finalizers: ['x/y'],
      ownerReferences: [owner],
    });
    expect(metadata.annotations).toBeUndefined();
  });

  it('lets a writer of the status own what it writes', async () => {
    const { registry } = await withWidget(kind);
    const entry = { manager: 'reporter', operation: 'Update', subresource: 'status' };
    const change: Change = (old) => ({
      ...old,
      metadata: { ...old.metadata, managedFields: [entry] },
      status: { ready: true },
    });
    const { metadata } = (await update(registry, 'a', change, status)).stored.object;
    expect(metadata.managedFields).toEqual([entry]);
  });

  it('takes a status away that is left out', async () => {
    const { registry } = await withWidget(kind);
    await update(registry, 'a', both, status);
    const without: Change = ({ status: _, ...old }) => old as ApiObject;
    const { stored } = await update(registry, 'a', without, status);
    expect(stored.object.status).toBeUndefined();
    expect(stored.object.spec).toEqual({ size: 1 });
  });
});

describe('update, what the kind has to say', () => {
  it('sets defaults, prepares, checks, and asks, in this order', async () => {
    const order: string[] = [];
    const { registry } = await withWidget({
      setDefaults: () => void order.push('defaults'),
      prepareForUpdate: () => void order.push('prepare'),
      validateUpdate: () => {
        order.push('validate');
        return [];
      },
    });
    order.length = 0;
    const admit = () => void order.push('admit');
    await update(registry, 'a', resize(2), { ...inDefault, admit });
    expect(order).toEqual(['defaults', 'prepare', 'validate', 'admit']);
  });

  it('shows the old object, which is not changed', async () => {
    const olds: unknown[] = [];
    const { registry, stored } = await withWidget({
      prepareForUpdate: (object, old) => {
        olds.push(old.spec);
        object.spec = { ...(object.spec as object), prepared: true };
      },
      validateUpdate: (object, old) => {
        olds.push(old.spec, object.spec);
        return [];
      },
    });
    const admit = (_: ApiObject, old: ApiObject) => void olds.push(old.spec);
    const result = await update(registry, 'a', resize(2), { ...inDefault, admit });
    const before = { size: 1 };
    expect(olds).toEqual([before, before, { size: 2, prepared: true }, before]);
    expect(result.stored.object.spec).toEqual({ size: 2, prepared: true });
    expect(stored.object.spec).toEqual(before);
  });

  it('refuses what has faults, of metadata and kind in one error', async () => {
    const { registry, stored } = await withWidget({
      validateUpdate: () => [fieldInvalid('spec.size', 2, 'field is immutable')],
    });
    const change: Change = (old) => ({
      ...old,
      metadata: { ...old.metadata, labels: { 'not good': 'x' } },
      spec: { size: 2 },
    });
    const error = await refusalOf(update(registry, 'a', change, inDefault));
    expect(isInvalid(error)).toBe(true);
    expect(error).toMatchObject({
      details: { causes: [{ field: 'metadata.labels' }, { field: 'spec.size' }] },
    });
    expect((await get(registry, 'a', inDefault)).revision).toBe(stored.revision);
  });

  it('has other checks for the status', async () => {
    const { registry } = await withWidget({
      subresources: { status: true },
      validateUpdate: () => [fieldInvalid('spec', 1)],
      validateStatusUpdate: () => [fieldInvalid('status.ready', 1)],
      prepareForStatusUpdate: (object) => {
        object.status = { ...(object.status as object), prepared: true };
      },
    });
    const options = { ...inDefault, subresource: 'status' } as const;
    const report: Change = (old) => ({ ...old, status: { ready: 1 } });
    const error = await refusalOf(update(registry, 'a', report, options));
    expect(error).toMatchObject({ details: { causes: [{ field: 'status.ready' }] } });
    const fine = { ...registry, kind: { ...registry.kind, validateStatusUpdate: () => [] } };
    const { stored } = await update(fine, 'a', report, options);
    expect(stored.object.status).toEqual({ ready: 1, prepared: true });
  });

  it('passes on what admission refuses it with, and writes nothing', async () => {
    const { registry, stored } = await withWidget();
    const admit = async () => {
      await Promise.resolve();
      throw new Error('not today');
    };
    const work = update(registry, 'a', resize(2), { ...inDefault, admit });
    await expect(work).rejects.toThrow('not today');
    expect((await get(registry, 'a', inDefault)).revision).toBe(stored.revision);
  });
});

describe('update, when nothing changes', () => {
  it.core('writes nothing', async () => {
    const { registry, stored } = await withWidget();
    const result = await update(registry, 'a', resize(1), inDefault);
    expect(result.stored.revision).toBe(stored.revision);
    expect((await get(registry, 'a', inDefault)).revision).toBe(stored.revision);
  });

  it('returns what was there', async () => {
    const { registry } = await withWidget({}, { data: { a: '1' } });
    const before = await get(registry, 'a', inDefault);
    const same: Change = (old) => ({ ...old, extra: [], data: { a: '1' } });
    const { stored } = await update(registry, 'a', same, inDefault);
    expect(stored.object).toEqual(before.object);
  });

  it('does not count the times of managed fields', async () => {
    const entry = { manager: 'me', operation: 'Update', time: '2025-01-01T00:00:00Z' };
    const { registry, stored } = await withWidget({}, { metadata: { managedFields: [entry] } });
    const later: Change = (old) => ({
      ...old,
      metadata: { ...old.metadata, managedFields: [{ ...entry, time: '2025-02-02T00:00:00Z' }] },
    });
    expect((await update(registry, 'a', later, inDefault)).stored.revision).toBe(stored.revision);
  });

  it('counts whose fields are whose', async () => {
    const entry = { manager: 'me', operation: 'Update', fieldsV1: { 'f:spec': { 'f:size': {} } } };
    const { registry, stored } = await withWidget({}, { metadata: { managedFields: [entry] } });
    const other: Change = (old) => ({
      ...old,
      metadata: { ...old.metadata, managedFields: [{ ...entry, fieldsV1: { 'f:spec': {} } }] },
    });
    const result = await update(registry, 'a', other, inDefault);
    expect(result.stored.revision).toBeGreaterThan(stored.revision);
  });
});

describe('update of what is being deleted', () => {
  async function marked(seconds: number, special: Partial<Kind> = {}) {
    const made = await withWidget(special, { metadata: { finalizers: ['x/y'] } });
    const { registry, stored } = made;
    const metadata = {
      ...stored.object.metadata,
      deletionTimestamp: '2025-01-01T00:00:00Z',
      deletionGracePeriodSeconds: seconds,
    };
    await registry.storage.replace(stored, { ...stored.object, metadata });
    return made;
  }
  const release: Change = (old) => {
    const { finalizers: _, ...metadata } = old.metadata;
    return { ...old, metadata };
  };

  it.core('removes it with the last finalizer', async () => {
    const { registry } = await marked(0);
    const { stored } = await update(registry, 'a', release, inDefault);
    expect(stored.object.metadata.name).toBe('a');
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });

  it('returns it as it would have been stored', async () => {
    const { registry, stored: before } = await marked(0);
    const last: Change = (old) => ({ ...(release(old) as ApiObject), spec: { size: 9 } });
    const { stored } = await update(registry, 'a', last, inDefault);
    expect(stored.object.spec).toEqual({ size: 9 });
    expect(stored.revision).toBeGreaterThan(before.revision + 1);
  });

  it('does not remove it before its time is over', async () => {
    const { registry } = await marked(30);
    await update(registry, 'a', release, inDefault);
    const { metadata } = (await get(registry, 'a', inDefault)).object;
    expect(metadata.finalizers ?? []).toEqual([]);
  });

  it('does not remove what its kind holds back', async () => {
    const { registry } = await marked(0, { isHeldBack: () => true });
    await update(registry, 'a', release, inDefault);
    expect((await get(registry, 'a', inDefault)).object.metadata.name).toBe('a');
  });

  it('removes it when somebody was faster, all the same', async () => {
    const { registry } = await marked(0);
    const label: Change = (old) => ({ ...old, metadata: { ...old.metadata, labels: { a: 'b' } } });
    const racing = withFasterWriter(registry, [() => update(registry, 'a', label, inDefault)]);
    let rounds = 0;
    const count: Change = (old) => {
      rounds += 1;
      return release(old);
    };
    const { stored } = await update(racing, 'a', count, inDefault);
    expect(rounds).toBe(2);
    expect(stored.object.metadata.labels).toEqual({ a: 'b' });
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });
});

describe('update of what lives for a while', () => {
  it('begins the time anew', async () => {
    const { registry, clock } = await withWidget({ ttlSeconds: 60 });
    await clock.advance(50_000);
    await update(registry, 'a', resize(2), inDefault);
    await clock.advance(50_000);
    expect((await get(registry, 'a', inDefault)).object.spec).toEqual({ size: 2 });
    await clock.advance(120_000);
    expect(isNotFound(await refusalOf(get(registry, 'a', inDefault)))).toBe(true);
  });
});

describe('update, dry run', () => {
  it('does everything but write', async () => {
    const { registry, stored } = await withWidget({ hasGeneration: true });
    const result = await update(registry, 'a', resize(2), { ...inDefault, dryRun: true });
    expect(result.stored.object).toMatchObject({ metadata: { generation: 2 }, spec: { size: 2 } });
    expect(result.stored.revision).toBe(stored.revision);
    expect((await get(registry, 'a', inDefault)).object.spec).toEqual({ size: 1 });
  });

  it('removes nothing', async () => {
    const { registry, stored } = await withWidget({}, { metadata: { finalizers: ['x/y'] } });
    const metadata = { ...stored.object.metadata, deletionTimestamp: '2025-01-01T00:00:00Z' };
    await registry.storage.replace(stored, { ...stored.object, metadata });
    const release: Change = ({ metadata: { finalizers: _, ...rest }, ...old }) =>
      ({ ...old, metadata: rest }) as ApiObject;
    await update(registry, 'a', release, { ...inDefault, dryRun: true });
    expect((await get(registry, 'a', inDefault)).object.metadata.finalizers).toEqual(['x/y']);
  });
});

describe('update that may create', () => {
  it('makes the object where there is none', async () => {
    const { registry } = await withWidget();
    const change: Change = () => {
      throw new Error('there is nothing to change');
    };
    const createWith = () => widget('', { spec: { size: 7 } });
    const result = await update(registry, 'b', change, { ...inDefault, createWith });
    expect(result.created).toBe(true);
    expect((await get(registry, 'b', inDefault)).object.spec).toEqual({ size: 7 });
  });

  it('changes the one that is there', async () => {
    const { registry } = await withWidget();
    const createWith = () => {
      throw new Error('it is there');
    };
    const result = await update(registry, 'a', resize(2), { ...inDefault, createWith });
    expect(result).toMatchObject({ created: false, stored: { object: { spec: { size: 2 } } } });
  });

  it('changes what somebody else made in between', async () => {
    const { registry } = await withWidget();
    const { storage } = registry;
    let isFirst = true;
    const racing: Registry = {
      ...registry,
      storage: throughStorage(storage, {
        create: async (...asked) => {
          if (isFirst) {
            isFirst = false;
            await create(registry, widget('b', { spec: { size: 5 }, data: { a: '1' } }), inDefault);
          }
          return storage.create(...asked);
        },
      }),
    };
    const createWith = () => widget('b', { spec: { size: 7 } });
    const result = await update(racing, 'b', resize(7), { ...inDefault, createWith });
    expect(result.created).toBe(false);
    const { object } = await get(registry, 'b', inDefault);
    expect(object).toMatchObject({ spec: { size: 7 }, data: { a: '1' } });
  });

  it('makes it when somebody deleted it in between', async () => {
    const { registry } = await withWidget();
    const racing = withFasterWriter(registry, [(stored) => registry.storage.remove(stored)]);
    const createWith = () => widget('a', { spec: { size: 7 } });
    const result = await update(racing, 'a', resize(2), { ...inDefault, createWith });
    expect(result).toMatchObject({ created: true, stored: { object: { spec: { size: 7 } } } });
  });

  it('does not go round for ever when admission says that it is there', async () => {
    const { registry } = await withWidget();
    const admit = () => {
      throw newAlreadyExists({ group: 'example.com', resource: 'widgets' }, 'b');
    };
    const options = { ...inDefault, admit, createWith: () => widget('b') };
    const error = await refusalOf(update(registry, 'b', resize(2), options));
    expect(isAlreadyExists(error)).toBe(true);
  });

  it('makes nothing in a dry run', async () => {
    const { registry } = await withWidget();
    const options = { ...inDefault, dryRun: true, createWith: () => widget('b') };
    expect((await update(registry, 'b', resize(2), options)).created).toBe(true);
    expect(isNotFound(await refusalOf(get(registry, 'b', inDefault)))).toBe(true);
  });

  it('refuses another name', async () => {
    const { registry } = await withWidget();
    const options = { ...inDefault, createWith: () => widget('c') };
    expect(isBadRequest(await refusalOf(update(registry, 'b', resize(1), options)))).toBe(true);
  });
});
