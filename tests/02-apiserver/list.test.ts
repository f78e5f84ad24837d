import {
  FakeClock,
  FieldSelector,
  isBadRequest,
  isExpired,
  isInvalid,
  parseSelector,
  StatusError,
  seededRandom,
} from '#apimachinery';
import {
  create,
  decodeContinueToken,
  encodeContinueToken,
  type Kind,
  type ListOptions,
  type ListQuery,
  list,
  type ObjectList,
  openMemoryStorage,
  type Registry,
  update,
} from '#apiserver';
import {
  afterEach,
  describe,
  expect,
  fc,
  it,
  property,
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

/** A registry with widgets of these names in `default`, each labelled with its first letter. */
async function withWidgets(names: readonly string[], special: Partial<Kind> = {}) {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const random = seededRandom(1);
  const memory = await openMemoryStorage({ clock, random });
  cleanups.push(memory.stop);
  const registry: Registry = {
    kind: widgetKind(special),
    storage: memory.storage,
    clock,
    random,
  };
  const make = (name: string, namespace = 'default') =>
    create(registry, widget(name, { metadata: { labels: { first: name.slice(0, 1) } } }), {
      namespace,
    });
  for (const name of names) await make(name);
  const remove = async (name: string): Promise<void> => {
    const stored = await memory.storage.get(`/registry/widgets/default/${name}`);
    if (stored) await memory.storage.remove(stored);
  };
  return { registry, make, remove, compact: memory.compact };
}

const namesIn = ({ items }: ObjectList) => items.map(({ object }) => object.metadata.name);

/** The same registry, which notes what its storage is asked. */
function noting(registry: Registry) {
  const asked: ListQuery[] = [];
  const storage = throughStorage(registry.storage, {
    list: (prefix: string, query: ListQuery = {}) => {
      asked.push(query);
      return registry.storage.list(prefix, query);
    },
  });
  return { registry: { ...registry, storage }, asked };
}

describe('list', () => {
  it.core('gives all objects in order of their names, and the moment', async () => {
    const { registry, make } = await withWidgets(['c', 'a']);
    const last = await make('b');
    const found = await list(registry, inDefault);
    expect(namesIn(found)).toEqual(['a', 'b', 'c']);
    expect(found.resourceVersion).toBe(String(last.revision));
    expect(found.continue).toBeUndefined();
    expect(found.remainingItemCount).toBeUndefined();
  });

  it.core('keeps to the namespace, or spans them all', async () => {
    const { registry, make } = await withWidgets(['a']);
    await make('x', 'other');
    expect(namesIn(await list(registry, inDefault))).toEqual(['a']);
    expect(namesIn(await list(registry, { namespace: '' }))).toEqual(['a', 'x']);
    expect(namesIn(await list(registry, { namespace: 'oth' }))).toEqual([]);
  });

  it('works for a kind without namespaces', async () => {
    const { registry } = await withWidgets([], { namespaced: false });
    await create(registry, widget('a'), { namespace: '' });
    expect(namesIn(await list(registry, { namespace: '' }))).toEqual(['a']);
  });

  it('gives nothing where there is nothing', async () => {
    const { registry } = await withWidgets([]);
    const found = await list(registry, inDefault);
    expect(found.items).toEqual([]);
    expect(Number(found.resourceVersion)).toBeGreaterThan(0);
  });
});

describe('list, selectors', () => {
  const names = ['a1', 'a2', 'b1', 'b2', 'a3'];

  it.core('selects by labels', async () => {
    const { registry } = await withWidgets(names);
    const selection = { ...inDefault, labelSelector: parseSelector('first=a') };
    expect(namesIn(await list(registry, selection))).toEqual(['a1', 'a2', 'a3']);
  });

  it('selects by fields', async () => {
    const { registry } = await withWidgets(names);
    const fieldSelector = new FieldSelector([
      { field: 'metadata.name', operator: '!=', value: 'a2' },
    ]);
    const found = await list(registry, { ...inDefault, fieldSelector });
    expect(namesIn(found)).toEqual(['a1', 'a3', 'b1', 'b2']);
  });

  it('selects by both', async () => {
    const { registry } = await withWidgets(names);
    const fieldSelector = new FieldSelector([
      { field: 'metadata.name', operator: '!=', value: 'a2' },
    ]);
    const selection = { ...inDefault, labelSelector: parseSelector('first=a'), fieldSelector };
    expect(namesIn(await list(registry, selection))).toEqual(['a1', 'a3']);
  });

  it.core('fills pages with what is selected', async () => {
    const { registry } = await withWidgets(['a1', 'b1', 'b2', 'b3', 'a2', 'b4', 'a3', 'c1']);
    const selection = { ...inDefault, labelSelector: parseSelector('first=b'), limit: 2 };
    const first = await list(registry, selection);
    expect(namesIn(first)).toEqual(['b1', 'b2']);
    expect(first.remainingItemCount).toBeUndefined();
    const rest = await list(registry, { ...selection, continue: first.continue });
    expect(namesIn(rest)).toEqual(['b3', 'b4']);
  });

  it('finds what is selected however far behind it is', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `a${String(i).padStart(2, '0')}`);
    const { registry } = await withWidgets([...names, 'z']);
    const selection = { ...inDefault, labelSelector: parseSelector('first=z'), limit: 1 };
    const found = await list(registry, selection);
    expect(namesIn(found)).toEqual(['z']);
    expect(found.continue).toBeUndefined();
  });
});

describe('list, pages', () => {
  it.core('begins with the first so many, and says how to go on', async () => {
    const { registry } = await withWidgets(['a', 'b', 'c', 'd', 'e']);
    const first = await list(registry, { ...inDefault, limit: 2 });
    expect(namesIn(first)).toEqual(['a', 'b']);
    expect(first.remainingItemCount).toBe(3);
    const second = await list(registry, { ...inDefault, limit: 2, continue: first.continue });
    expect(namesIn(second)).toEqual(['c', 'd']);
    expect(second.remainingItemCount).toBe(1);
    const third = await list(registry, { ...inDefault, limit: 2, continue: second.continue });
    expect(namesIn(third)).toEqual(['e']);
    expect(third.continue).toBeUndefined();
    expect(third.remainingItemCount).toBeUndefined();
  });

  it.core('shows the moment of the first page on all pages', async () => {
    const { registry, make, remove } = await withWidgets(['a', 'b', 'c']);
    const first = await list(registry, { ...inDefault, limit: 2 });
    await make('bb');
    await make('d');
    await remove('c');
    const second = await list(registry, { ...inDefault, limit: 2, continue: first.continue });
    expect(namesIn(second)).toEqual(['c']);
    expect(second.resourceVersion).toBe(first.resourceVersion);
    expect(namesIn(await list(registry, inDefault))).toEqual(['a', 'b', 'bb', 'd']);
  });

  it('says nothing of more when the limit is just enough', async () => {
    const { registry } = await withWidgets(['a', 'b']);
    for (const limit of [2, 3, 0, -1]) {
      const found = await list(registry, { ...inDefault, limit });
      expect(namesIn(found)).toEqual(['a', 'b']);
      expect(found.continue).toBeUndefined();
    }
  });

  it('may change its size on the way', async () => {
    const { registry } = await withWidgets(['a', 'b', 'c', 'd']);
    const first = await list(registry, { ...inDefault, limit: 1 });
    const second = await list(registry, { ...inDefault, continue: first.continue });
    expect(namesIn(second)).toEqual(['b', 'c', 'd']);
  });

  it('goes on over namespaces', async () => {
    const { registry, make } = await withWidgets(['a']);
    await make('a', 'other');
    const first = await list(registry, { namespace: '', limit: 1 });
    const second = await list(registry, { namespace: '', limit: 1, continue: first.continue });
    expect(second.items[0]?.key).toBe('/registry/widgets/other/a');
  });

  it('says where to go on in a token', async () => {
    const { registry } = await withWidgets(['a', 'b', 'c']);
    const first = await list(registry, { ...inDefault, limit: 2 });
    expect(decodeContinueToken(first.continue ?? '')).toEqual({
      revision: Number(first.resourceVersion),
      startKey: 'b\0',
    });
  });

  it('refuses a token that is none', async () => {
    const { registry } = await withWidgets(['a']);
    for (const token of ['x', 'e30', '!!!']) {
      const error = await refusalOf(list(registry, { ...inDefault, continue: token }));
      expect(isBadRequest(error)).toBe(true);
    }
  });

  it.core('says 410 of a token whose moment is compacted', async () => {
    const { registry, make, compact } = await withWidgets(['a', 'b', 'c']);
    const first = await list(registry, { ...inDefault, limit: 1 });
    const { revision } = await make('d');
    await compact(revision);
    const error = await refusalOf(
      list(registry, { ...inDefault, limit: 1, continue: first.continue }),
    );
    expect(isExpired(error)).toBe(true);
    expect(error).toMatchObject({
      code: 410,
      message:
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
    });
  });

  it('goes on as it is now with a token whose moment is gone for good', async () => {
    const { registry, make } = await withWidgets(['a', 'b', 'c']);
    const token = encodeContinueToken({ revision: -1, startKey: 'a\0' });
    const last = await make('bb');
    const found = await list(registry, { ...inDefault, continue: token });
    expect(namesIn(found)).toEqual(['b', 'bb', 'c']);
    expect(found.resourceVersion).toBe(String(last.revision));
  });
});

describe('list, which moment', () => {
  const rows: [options: Partial<ListOptions>, query: ListQuery][] = [
    [{}, {}],
    [{ resourceVersion: '' }, {}],
    [{ resourceVersion: '0' }, { notOlderThan: 0 }],
    [
      { resourceVersion: '0', limit: 1 },
      { notOlderThan: 0, limit: 1 },
    ],
    [{ resourceVersion: '2' }, { notOlderThan: 2 }],
    [
      { resourceVersion: '2', limit: 1 },
      { revision: 2, limit: 1 },
    ],
    [{ resourceVersion: '2', resourceVersionMatch: 'NotOlderThan' }, { notOlderThan: 2 }],
    [
      { resourceVersion: '2', resourceVersionMatch: 'NotOlderThan', limit: 1 },
      { notOlderThan: 2, limit: 1 },
    ],
    [{ resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }, { notOlderThan: 0 }],
    [{ resourceVersion: '2', resourceVersionMatch: 'Exact' }, { revision: 2 }],
    [
      { resourceVersion: '2', resourceVersionMatch: 'Exact', limit: 1 },
      { revision: 2, limit: 1 },
    ],
  ];
  for (const [options, query] of rows) {
    it(`asks the storage for ${JSON.stringify(query)} with ${JSON.stringify(options)}`, async () => {
      const { registry } = await withWidgets(['a', 'b']);
      const noted = noting(registry);
      await list(noted.registry, { ...inDefault, ...options });
      const { limit = 0, revision, notOlderThan } = noted.asked[0] ?? {};
      expect({ limit, revision, notOlderThan }).toEqual({
        limit: query.limit ?? 0,
        revision: query.revision,
        notOlderThan: query.notOlderThan,
      });
    });
  }

  it.core('shows the past exactly', async () => {
    const { registry, make } = await withWidgets(['a']);
    const { revision } = await make('b');
    await make('c');
    const options = { resourceVersion: String(revision), resourceVersionMatch: 'Exact' };
    const found = await list(registry, { ...inDefault, ...options });
    expect(namesIn(found)).toEqual(['a', 'b']);
    expect(found.resourceVersion).toBe(String(revision));
  });

  it('says 410 of a past that is compacted', async () => {
    const { registry, make, compact } = await withWidgets(['a']);
    const { revision } = await make('b');
    await make('c');
    await compact(revision + 1);
    const options = { resourceVersion: String(revision), resourceVersionMatch: 'Exact' };
    const error = await refusalOf(list(registry, { ...inDefault, ...options }));
    expect(isExpired(error)).toBe(true);
    // It is no continue token that is too old.
    expect(String(error)).not.toContain('continue');
  });

  it('passes on what else the storage refuses it with', async () => {
    const { registry } = await withWidgets(['a', 'b']);
    const first = await list(registry, { ...inDefault, limit: 1 });
    const message = 'away';
    const known = new StatusError({ code: 503, reason: 'ServiceUnavailable', message });
    const failing: Registry = {
      ...registry,
      storage: throughStorage(registry.storage, { list: () => Promise.reject(known) }),
    };
    for (const options of [{}, { continue: first.continue }, { resourceVersion: '2' }]) {
      const error = await refusalOf(list(failing, { ...inDefault, ...options } as ListOptions));
      expect(error).toMatchObject({ code: 503, message });
    }
  });
});

describe('list, combinations that make no sense', () => {
  const token = encodeContinueToken({ revision: 2, startKey: 'a\0' });
  const rows: [options: Partial<ListOptions>, faults: string[]][] = [
    [
      { resourceVersionMatch: 'Exact' },
      [
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ],
    ],
    [
      { resourceVersion: '0', resourceVersionMatch: 'Exact' },
      [
        'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      ],
    ],
    [
      { resourceVersion: '1', resourceVersionMatch: 'Newest' },
      [
        'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
      ],
    ],
    [
      { continue: token, resourceVersionMatch: 'NotOlderThan' },
      [
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
      ],
    ],
    [{ resourceVersion: 'x' }, ['resourceVersion: Invalid value: "x"']],
    [{ resourceVersion: '-1' }, ['resourceVersion: Invalid value: "-1"']],
  ];
  for (const [options, faults] of rows) {
    it(`refuses ${JSON.stringify({ ...options, ...(options.continue && { continue: '…' }) })}`, async () => {
      const { registry } = await withWidgets(['a', 'b']);
      const error = await refusalOf(list(registry, { ...inDefault, ...options }));
      expect(isInvalid(error)).toBe(true);
      const texts = faults.length > 1 ? `[${faults.join(', ')}]` : faults.join('');
      expect(error).toMatchObject({
        message: `ListOptions.meta.k8s.io "" is invalid: ${texts}`,
      });
    });
  }

  it('refuses a version with a token, unless it is 0', async () => {
    const { registry } = await withWidgets(['a', 'b']);
    const error = await refusalOf(
      list(registry, { ...inDefault, continue: token, resourceVersion: '2' }),
    );
    expect(error).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
    const { continue: next } = await list(registry, { ...inDefault, limit: 1 });
    const found = await list(registry, { ...inDefault, continue: next, resourceVersion: '0' });
    expect(namesIn(found)).toEqual(['b']);
  });
});

describe('list, any pages', () => {
  const name = fc.stringMatching(/^[abc][a-d0-9]{0,3}$/);
  property(
    'are together what the whole list was, whatever happens in between',
    fc.uniqueArray(name, { maxLength: 12 }),
    fc.integer({ min: 1, max: 5 }),
    fc.array(name, { maxLength: 6 }),
    fc.boolean(),
    async (names, limit, meanwhile, selective) => {
      const { registry, make, remove } = await withWidgets(names);
      const selection = {
        ...inDefault,
        ...(selective && { labelSelector: parseSelector('first!=b') }),
      };
      const whole = await list(registry, selection);
      const found: ObjectList['items'][number][] = [];
      let next: string | undefined;
      do {
        const page = await list(registry, { ...selection, limit, continue: next ?? '' });
        expect(page.items.length).toBeLessThan(limit + 1);
        expect(page.resourceVersion).toBe(whole.resourceVersion);
        found.push(...page.items);
        next = page.continue;
        const other = meanwhile.shift();
        if (other !== undefined) {
          await make(other).catch(() => remove(other));
        }
      } while (next !== undefined);
      expect(found.map(({ key, revision }) => [key, revision])).toEqual(
        whole.items.map(({ key, revision }) => [key, revision]),
      );
      await cleanups.pop()?.();
    },
  );
});

describe('list and what others do with it', () => {
  it('does not change what is stored', async () => {
    const { registry } = await withWidgets(['a']);
    const before = structuredClone((await list(registry, inDefault)).items[0]?.object);
    await update(registry, 'a', (old) => ({ ...old, spec: { size: 2 } }), inDefault);
    const { items } = await list(registry, inDefault);
    expect(items[0]?.object.spec).toEqual({ size: 2 });
    expect(before?.spec).toBeUndefined();
  });
});
