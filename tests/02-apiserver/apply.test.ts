import {
  type ApiObject,
  type ApplyOptions,
  applyPatch,
  type Field,
  FieldSet,
  fieldsOf,
  fieldsToSet,
  type Json,
  type ListSchema,
  type MapSchema,
  mergeFields,
  type ObjectSchema,
  type Path,
  type Schema,
  setToFields,
  trackUpdate,
} from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };
const bool: Schema = { type: 'boolean' };

function object(fields: Record<string, Schema | Field>): ObjectSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    fields: new Map(entries.map(([name, f]) => [name, 'schema' in f ? f : { schema: f }])),
  };
}

const map = (values: Schema): MapSchema => ({ type: 'map', values });
const atomic = (items: Schema): ListSchema => ({ type: 'list', items });
const set = (items: Schema): ListSchema => ({ type: 'list', items, listType: 'set' });
const byKeys = (items: Schema, ...listMapKeys: string[]): ListSchema => ({
  type: 'list',
  items,
  listType: 'map',
  listMapKeys,
});

const port = object({ port: whole, protocol: { schema: text, default: 'TCP' }, name: text });
const container = object({
  name: text,
  image: text,
  args: atomic(text),
  env: byKeys(object({ name: text, value: text }), 'name'),
});
const schema = object({
  apiVersion: text,
  kind: text,
  metadata: object({
    name: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: whole,
    creationTimestamp: text,
    labels: map(text),
    annotations: map(text),
    finalizers: set(text),
    managedFields: atomic({ type: 'any' }),
  }),
  spec: object({
    replicas: whole,
    paused: bool,
    args: atomic(text),
    tags: set(text),
    ports: byKeys(port, 'port', 'protocol'),
    containers: byKeys(container, 'name'),
    selector: { type: 'map', values: text, mapType: 'atomic' },
    strategy: object({ type: text, rollingUpdate: object({ maxSurge: whole }) }),
    extra: { type: 'any' },
  }),
  status: object({ ready: whole }),
});

const NOW = '2025-01-01T00:00:00Z';
const LATER = '2025-01-01T00:01:00Z';
const APPLY = { schema, apiVersion: 'apps/v1', subresource: '', now: NOW, force: false };

interface Content {
  metadata?: Record<string, unknown>;
  spec?: Json;
  status?: Json;
}

function thing({ metadata, ...content }: Content = {}): ApiObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata },
    ...content,
  };
}

const spec = (fields: Json): ApiObject => thing({ spec: fields });

function applied(
  live: ApiObject | undefined,
  config: ApiObject,
  manager: string,
  options: Partial<ApplyOptions> = {},
): ApiObject {
  return applyPatch(live, config, { ...APPLY, manager, ...options });
}

/** What is stored after a write that is none of server-side apply. */
function written(
  live: ApiObject | undefined,
  content: ApiObject,
  manager: string,
  options: Partial<ApplyOptions> = {},
): ApiObject {
  const updated = structuredClone(content);
  trackUpdate(live, updated, { ...APPLY, manager, ...options });
  return updated;
}

/** Who owns what: `ci Apply: f:spec f:replicas`, a line for each manager, and below each `.` nothing. */
function owners(stored: ApiObject): Record<string, string[]> {
  const entries = (stored.metadata.managedFields ?? []).map((entry) => {
    const subresource = entry.subresource === undefined ? '' : `/${entry.subresource}`;
    const fields = fieldsToSet(entry.fieldsV1) ?? new FieldSet();
    return [`${entry.manager} ${entry.operation}${subresource}`, lines(fields)];
  });
  return Object.fromEntries(entries) as Record<string, string[]>;
}

const lines = (fields: FieldSet): string[] => [...fields.paths()].map((path) => path.join(' '));

const timeOf = (stored: ApiObject, manager: string): string | undefined =>
  stored.metadata.managedFields?.find((entry) => entry.manager === manager)?.time;

const paths = (...texts: string[]): FieldSet =>
  FieldSet.of(...texts.map((line) => line.split(' ')));

describe('FieldSet', () => {
  const a = paths('f:a', 'f:b f:c', 'f:b f:d');
  const b = paths('f:a', 'f:b f:d', 'f:b', 'f:e f:f f:g');

  it.core('has in a union what is in either', () => {
    expect(lines(a.union(b))).toEqual(['f:a', 'f:b', 'f:b f:c', 'f:b f:d', 'f:e f:f f:g']);
  });

  it.core('has in an intersection what is in both', () => {
    expect(lines(a.intersection(b))).toEqual(['f:a', 'f:b f:d']);
  });

  it.core('has in a difference what is in the first alone', () => {
    expect(lines(a.difference(b))).toEqual(['f:b f:c']);
    expect(lines(b.difference(a))).toEqual(['f:b', 'f:e f:f f:g']);
  });

  it('takes a path away and leaves what is below and above it', () => {
    expect(lines(paths('f:a', 'f:a f:b').difference(paths('f:a')))).toEqual(['f:a f:b']);
    expect(lines(paths('f:a', 'f:a f:b').difference(paths('f:a f:b')))).toEqual(['f:a']);
  });

  it('has nothing in common with a set of other paths with the same beginning', () => {
    expect(paths('f:a f:b').intersection(paths('f:a f:c')).isEmpty).toBe(true);
    expect(paths('f:a f:b').intersection(paths('f:a')).isEmpty).toBe(true);
  });

  it('is empty when all is taken away', () => {
    expect(a.difference(a).isEmpty).toBe(true);
    expect(a.difference(a.union(b)).isEmpty).toBe(true);
    expect(setToFields(a.difference(a))).toEqual({});
  });

  it('changes neither set', () => {
    const [before, other] = [lines(a), lines(b)];
    a.union(b);
    a.intersection(b);
    a.difference(b);
    expect([lines(a), lines(b)]).toEqual([before, other]);
  });

  const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"n":"x"}', 'v:1'), {
    minLength: 1,
    maxLength: 4,
  });
  const somePaths = fc.array(path, { maxLength: 12 });
  const key = (one: Path) => one.join(' ');

  property('is what sets of texts are', somePaths, somePaths, (left, right) => {
    const [one, two] = [FieldSet.of(...left), FieldSet.of(...right)];
    const [keys, others] = [new Set(left.map(key)), new Set(right.map(key))];
    const sorted = (texts: Iterable<string>) => [...texts].sort();
    expect(sorted(lines(one.union(two)))).toEqual(sorted(new Set([...keys, ...others])));
    expect(sorted(lines(one.intersection(two)))).toEqual(
      sorted([...keys].filter((k) => others.has(k))),
    );
    expect(sorted(lines(one.difference(two)))).toEqual(
      sorted([...keys].filter((k) => !others.has(k))),
    );
    expect(one.union(two).difference(two).intersection(two).isEmpty).toBe(true);
  });
});

describe('fieldsOf', () => {
  it.core('has the leaves of nested objects', () => {
    const fields = fieldsOf(
      { spec: { replicas: 3, paused: false, strategy: { type: 'x' } } },
      schema,
    );
    expect(lines(fields)).toEqual([
      'f:spec f:paused',
      'f:spec f:replicas',
      'f:spec f:strategy f:type',
    ]);
  });

  const rows: [name: string, value: Json, fields: string[]][] = [
    [
      'keys of a map',
      { metadata: { labels: { a: '1', b: '' } } },
      ['f:metadata f:labels f:a', 'f:metadata f:labels f:b'],
    ],
    ['an atomic list as a whole', { spec: { args: ['a', 'b'] } }, ['f:spec f:args']],
    ['an empty atomic list', { spec: { args: [] } }, ['f:spec f:args']],
    ['an atomic map as a whole', { spec: { selector: { a: '1' } } }, ['f:spec f:selector']],
    [
      'the values of a set',
      { spec: { tags: ['b', 'a'] } },
      ['f:spec f:tags v:"a"', 'f:spec f:tags v:"b"'],
    ],
    ['nothing of an empty set', { spec: { tags: [] } }, []],
    ['an empty object', { spec: { strategy: {} } }, ['f:spec f:strategy']],
    [
      'an empty object in an empty object',
      { spec: { strategy: { rollingUpdate: {} } } },
      ['f:spec f:strategy f:rollingUpdate'],
    ],
    ['null for a scalar', { spec: { replicas: null } }, ['f:spec f:replicas']],
    ['null for an object', { spec: { strategy: null } }, ['f:spec f:strategy']],
    ['null for a list with keys', { spec: { ports: null } }, ['f:spec f:ports']],
    [
      'items by their keys',
      { spec: { containers: [{ name: 'a', image: 'x', args: ['y'] }] } },
      [
        'f:spec f:containers k:{"name":"a"}',
        'f:spec f:containers k:{"name":"a"} f:args',
        'f:spec f:containers k:{"name":"a"} f:image',
        'f:spec f:containers k:{"name":"a"} f:name',
      ],
    ],
    [
      'an item whose key has its default',
      { spec: { ports: [{ port: 80 }] } },
      [
        'f:spec f:ports k:{"port":80,"protocol":"TCP"}',
        'f:spec f:ports k:{"port":80,"protocol":"TCP"} f:port',
      ],
    ],
    [
      'items that one key tells apart',
      {
        spec: {
          ports: [
            { port: 53, protocol: 'UDP' },
            { protocol: 'TCP', port: 53 },
          ],
        },
      },
      [
        'f:spec f:ports k:{"port":53,"protocol":"TCP"}',
        'f:spec f:ports k:{"port":53,"protocol":"UDP"}',
        'f:spec f:ports k:{"port":53,"protocol":"TCP"} f:port',
        'f:spec f:ports k:{"port":53,"protocol":"TCP"} f:protocol',
        'f:spec f:ports k:{"port":53,"protocol":"UDP"} f:port',
        'f:spec f:ports k:{"port":53,"protocol":"UDP"} f:protocol',
      ],
    ],
    [
      'only the path of items with one step',
      {
        spec: {
          containers: [
            { name: 'a', image: 'x' },
            { name: 'a', image: 'y' },
          ],
        },
      },
      ['f:spec f:containers k:{"name":"a"}'],
    ],
    [
      'no item without its keys',
      { spec: { containers: [{ image: 'x' }, { name: 'a' }] } },
      ['f:spec f:containers k:{"name":"a"}', 'f:spec f:containers k:{"name":"a"} f:name'],
    ],
    [
      'a field the schema does not know, with what is in it',
      { other: { a: { b: 1 }, l: [1] } },
      ['f:other', 'f:other f:a', 'f:other f:l', 'f:other f:a f:b'],
    ],
    [
      'what is in any value',
      { spec: { extra: { a: 1, b: { c: [2] } } } },
      ['f:spec f:extra f:a', 'f:spec f:extra f:b', 'f:spec f:extra f:b f:c'],
    ],
    ['any value that is no object', { spec: { extra: [1] } }, ['f:spec f:extra']],
    ['nothing of an empty object itself', {}, []],
  ];
  for (const [name, value, fields] of rows) {
    it(`has ${name}`, () => expect(lines(fieldsOf(value, schema))).toEqual(fields));
  }

  it('takes lists of a schema without list types as leaves, as a custom resource has them', () => {
    const custom = object({ list: { type: 'list', items: object({ a: text }) }, map: map(whole) });
    const fields = fieldsOf({ list: [{ a: '1' }], map: { x: 1 } }, custom);
    expect(lines(fields)).toEqual(['f:list', 'f:map f:x']);
  });
});

describe('mergeFields', () => {
  it.core('lays a configuration over what is there', () => {
    const live = {
      replicas: 1,
      paused: true,
      strategy: { type: 'a', rollingUpdate: { maxSurge: 1 } },
    };
    const config = { replicas: 3, strategy: { type: 'b' } };
    expect(mergeFields({ spec: live }, { spec: config }, schema)).toEqual({
      spec: { replicas: 3, paused: true, strategy: { type: 'b', rollingUpdate: { maxSurge: 1 } } },
    });
  });

  it('merges maps and replaces what is atomic', () => {
    const live = {
      metadata: { labels: { a: '1', b: '2' } },
      spec: { args: ['x', 'y'], selector: { a: '1' } },
    };
    const config = {
      metadata: { labels: { b: '3' } },
      spec: { args: ['z'], selector: { b: '1' } },
    };
    expect(mergeFields(live, config, schema)).toEqual({
      metadata: { labels: { a: '1', b: '3' } },
      spec: { args: ['z'], selector: { b: '1' } },
    });
  });

  it('merges items with the same keys, by defaults too', () => {
    const live: Json = {
      ports: [
        { port: 80, protocol: 'TCP', name: 'a' },
        { port: 80, protocol: 'UDP' },
      ],
    };
    const config = { ports: [{ port: 80, name: 'b' }] };
    expect(mergeFields({ spec: live }, { spec: config }, schema)).toEqual({
      spec: {
        ports: [
          { port: 80, protocol: 'TCP', name: 'b' },
          { port: 80, protocol: 'UDP' },
        ],
      },
    });
  });

  it('merges lists in items of lists', () => {
    const live = { containers: [{ name: 'a', env: [{ name: 'X', value: '1' }], image: 'i' }] };
    const config = { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] };
    expect(mergeFields({ spec: live }, { spec: config }, schema)).toEqual({
      spec: {
        containers: [
          {
            name: 'a',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
            image: 'i',
          },
        ],
      },
    });
  });

  const orders: [live: string, config: string, merged: string][] = [
    ['a b c', 'a n c', 'a b n c'],
    ['a b c', 'c a', 'b c a'],
    ['a b c', 'n', 'a b c n'],
    ['a b c', 'n a', 'n a b c'],
    ['b a x', 'a b n', 'a x b n'],
    ['x a y b z', 'b a', 'x y b z a'],
    ['', 'b a', 'b a'],
    ['b a', '', 'b a'],
  ];
  for (const [live, config, merged] of orders) {
    const list = (line: string) => line.split(' ').filter((word) => word !== '');
    it(`merges a set [${live}] with [${config}] to [${merged}]`, () => {
      const tags = (line: string) => ({ spec: { tags: list(line) } });
      expect(mergeFields(tags(live), tags(config), schema)).toEqual(tags(merged));
    });
    it(`merges items [${live}] with [${config}] to [${merged}]`, () => {
      const items = (line: string) => ({
        spec: { containers: list(line).map((name) => ({ name })) },
      });
      expect(mergeFields(items(live), items(config), schema)).toEqual(items(merged));
    });
  }

  it('takes a field away that the configuration has as null', () => {
    const live = { spec: { replicas: 1, args: ['x'], paused: true } };
    const config = { spec: { replicas: null, args: null } };
    expect(mergeFields(live, config, schema)).toEqual({ spec: { paused: true } });
  });

  it('leaves a branch that the configuration has as null', () => {
    const live = { metadata: { labels: { a: '1' } }, spec: { tags: ['x'] } };
    const config = { metadata: { labels: null }, spec: { tags: null } };
    expect(mergeFields(live, config, schema)).toEqual(live);
  });

  it('makes no field of null', () => {
    const config = { metadata: { labels: { a: null } }, spec: { tags: null, replicas: null } };
    expect(mergeFields({}, config, schema)).toEqual({ metadata: { labels: {} }, spec: {} });
  });

  it('replaces a value of another kind', () => {
    expect(mergeFields({ spec: { extra: 'x' } }, { spec: { extra: { a: 1 } } }, schema)).toEqual({
      spec: { extra: { a: 1 } },
    });
    expect(mergeFields({ spec: { extra: { a: 1 } } }, { spec: { extra: [1] } }, schema)).toEqual({
      spec: { extra: [1] },
    });
  });

  it('merges any objects', () => {
    const live = { spec: { extra: { a: { b: 1 }, l: [1] } } };
    const config = { spec: { extra: { a: { c: 2 }, l: [2] } } };
    expect(mergeFields(live, config, schema)).toEqual({
      spec: { extra: { a: { b: 1, c: 2 }, l: [2] } },
    });
  });

  it('keeps items with one step that the configuration does not have', () => {
    const live = { spec: { tags: ['a', 'b', 'a'] } };
    expect(mergeFields(live, { spec: { tags: ['c'] } }, schema)).toEqual({
      spec: { tags: ['a', 'b', 'a', 'c'] },
    });
  });

  it('puts the configuration in the place of items with one step', () => {
    const twice = {
      spec: {
        containers: [
          { name: 'a', image: 'x' },
          { name: 'a', image: 'y' },
        ],
      },
    };
    const config = { spec: { containers: [{ name: 'a', args: ['z'] }] } };
    expect(mergeFields(twice, config, schema)).toEqual(config);
  });

  it('makes the configuration where there was nothing', () => {
    const config = { spec: { replicas: 1, tags: [], strategy: {} } };
    expect(mergeFields(undefined, config, schema)).toEqual(config);
  });

  property(
    'has all that the configuration has',
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    (live, config) => {
      const wanted = { spec: { tags: config, containers: config.map((name) => ({ name })) } };
      const there = {
        spec: { tags: live, containers: live.map((name) => ({ name, image: 'x' })) },
      };
      const before = JSON.stringify([wanted, there]);
      const merged = mergeFields(there, wanted, schema) as typeof there;
      expect(merged.spec.tags.filter((tag) => config.includes(tag))).toEqual(config);
      expect(fieldsOf(wanted, schema).difference(fieldsOf(merged, schema)).isEmpty).toBe(true);
      expect(fieldsOf(there, schema).difference(fieldsOf(merged, schema)).isEmpty).toBe(true);
      expect(JSON.stringify([wanted, there])).toBe(before);
    },
  );
});

describe('applyPatch', () => {
  it.core('makes an object, whose fields the applier owns', () => {
    const stored = applied(undefined, spec({ replicas: 3 }), 'ci');
    expect(stored).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web',
        managedFields: [
          {
            manager: 'ci',
            operation: 'Apply',
            apiVersion: 'apps/v1',
            time: NOW,
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:spec': { 'f:replicas': {} } },
          },
        ],
      },
      spec: { replicas: 3 },
    });
  });

  it.core('refuses to change what somebody else owns', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'one');
    expect(() => applied(live, spec({ replicas: 2 }), 'two')).toThrow({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
    });
  });

  it.core('removes what the applier no longer wants', () => {
    const live = applied(undefined, spec({ replicas: 1, paused: true }), 'ci');
    const stored = applied(live, spec({ replicas: 1 }), 'ci');
    expect(stored.spec).toEqual({ replicas: 1 });
    expect(owners(stored)).toEqual({ 'ci Apply': ['f:spec f:replicas'] });
  });

  it('lets two appliers own different fields', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'one');
    const stored = applied(live, spec({ paused: true }), 'two');
    expect(stored.spec).toEqual({ replicas: 1, paused: true });
    expect(owners(stored)).toEqual({
      'one Apply': ['f:spec f:replicas'],
      'two Apply': ['f:spec f:paused'],
    });
  });

  it('lets two appliers own one field as long as they want the same', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'one');
    const both = applied(live, spec({ replicas: 1 }), 'two');
    expect(owners(both)).toEqual({
      'one Apply': ['f:spec f:replicas'],
      'two Apply': ['f:spec f:replicas'],
    });
    expect(() => applied(both, spec({ replicas: 2 }), 'two')).toThrow({ code: 409 });
  });

  it('takes a field from others by force', () => {
    const live = applied(undefined, spec({ replicas: 1, paused: true }), 'one');
    const stored = applied(live, spec({ replicas: 2 }), 'two', { force: true });
    expect(stored.spec).toEqual({ replicas: 2, paused: true });
    expect(owners(stored)).toEqual({
      'one Apply': ['f:spec f:paused'],
      'two Apply': ['f:spec f:replicas'],
    });
  });

  it('takes only what is different by force', () => {
    const live = applied(undefined, spec({ replicas: 1, paused: true }), 'one');
    const stored = applied(live, spec({ replicas: 2, paused: true }), 'two', { force: true });
    expect(owners(stored)).toEqual({
      'one Apply': ['f:spec f:paused'],
      'two Apply': ['f:spec f:paused', 'f:spec f:replicas'],
    });
  });

  it('forgets a manager that has nothing left', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'one');
    const stored = applied(live, spec({ replicas: 2 }), 'two', { force: true });
    expect(owners(stored)).toEqual({ 'two Apply': ['f:spec f:replicas'] });
  });

  it('keeps what it gives up when another owns it', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'one');
    const both = applied(live, spec({ replicas: 1 }), 'two');
    const stored = applied(both, spec({ paused: true }), 'one');
    expect(stored.spec).toEqual({ replicas: 1, paused: true });
    expect(owners(stored)).toEqual({
      'one Apply': ['f:spec f:paused'],
      'two Apply': ['f:spec f:replicas'],
    });
  });

  it('removes nothing that it never owned', () => {
    const live = written(undefined, spec({ replicas: 1, paused: true }), 'kubectl');
    const stored = applied(live, spec({ args: ['x'] }), 'ci');
    expect(stored.spec).toEqual({ replicas: 1, paused: true, args: ['x'] });
  });

  it('removes keys of a map one by one', () => {
    const labels = (keys: Record<string, string>) => thing({ metadata: { labels: keys } });
    const live = applied(
      applied(undefined, labels({ a: '1', b: '2' }), 'one'),
      labels({ c: '3' }),
      'two',
    );
    expect(applied(live, labels({ b: '2' }), 'one').metadata.labels).toEqual({ b: '2', c: '3' });
  });

  it('removes values of a set one by one', () => {
    const live = applied(
      applied(undefined, spec({ tags: ['a', 'b'] }), 'one'),
      spec({ tags: ['c', 'b'] }),
      'two',
    );
    expect(applied(live, spec({ tags: [] }), 'one').spec).toEqual({ tags: ['c', 'b'] });
  });

  it('removes an item with all that others have in it', () => {
    const containers = (...items: Json[]) => spec({ containers: items });
    const live = applied(undefined, containers({ name: 'a', image: 'x' }, { name: 'b' }), 'one');
    const changed = structuredClone(live);
    changed.spec = { containers: [{ name: 'a', image: 'x', args: ['y'] }, { name: 'b' }] };
    const edited = written(live, changed, 'edit');
    const stored = applied(edited, containers({ name: 'b' }), 'one');
    expect(stored.spec).toEqual({ containers: [{ name: 'b' }] });
    expect(Object.keys(owners(stored))).toEqual(['one Apply']);
  });

  it('keeps an item that another applier has, too', () => {
    const containers = (...items: Json[]) => spec({ containers: items });
    const live = applied(undefined, containers({ name: 'a', image: 'x' }), 'one');
    const both = applied(live, containers({ name: 'a', args: ['y'] }), 'two');
    const stored = applied(both, spec({ replicas: 1 }), 'one');
    expect(stored.spec).toEqual({ containers: [{ name: 'a', args: ['y'] }], replicas: 1 });
  });

  it('removes an object with all that defaults have put into it', () => {
    const live = applied(
      undefined,
      spec({ replicas: 1, strategy: { rollingUpdate: { maxSurge: 2 } } }),
      'ci',
    );
    live.spec = {
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } },
    };
    expect(applied(live, spec({ replicas: 1 }), 'ci').spec).toEqual({ replicas: 1 });
  });

  it('keeps an object that another has something in', () => {
    const one = applied(undefined, spec({ strategy: { type: 'x' } }), 'one');
    const both = applied(one, spec({ strategy: { rollingUpdate: { maxSurge: 1 } } }), 'two');
    expect(applied(both, spec({ replicas: 1 }), 'one').spec).toEqual({
      strategy: { rollingUpdate: { maxSurge: 1 } },
      replicas: 1,
    });
  });

  it('keeps what the server has set in metadata', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'ci');
    Object.assign(live.metadata, { uid: 'u', resourceVersion: '7', generation: 2 });
    const stored = applied(live, spec({ replicas: 2 }), 'ci');
    expect(stored.metadata).toMatchObject({
      name: 'web',
      uid: 'u',
      resourceVersion: '7',
      generation: 2,
    });
  });

  it('owns nothing that says which object it is', () => {
    const config = thing({
      metadata: { namespace: 'default', uid: 'u', resourceVersion: '7', labels: { a: '1' } },
    });
    expect(owners(applied(undefined, config, 'ci'))).toEqual({
      'ci Apply': ['f:metadata f:labels f:a'],
    });
  });

  it('has no managers when nobody owns anything', () => {
    expect(applied(undefined, thing(), 'ci').metadata).toEqual({ name: 'web' });
  });

  it('changes neither the live object nor the configuration', () => {
    const live = applied(undefined, spec({ replicas: 1, tags: ['a'] }), 'ci');
    const config = spec({ tags: ['b'] });
    const before = JSON.stringify([live, config]);
    applied(live, config, 'ci');
    expect(JSON.stringify([live, config])).toBe(before);
  });

  it('works for a custom resource without list types', () => {
    const custom = object({
      apiVersion: text,
      kind: text,
      metadata: object({ name: text }),
      spec: object({ items: { type: 'list', items: object({ name: text }) }, size: whole }),
    });
    const one = applied(undefined, spec({ items: [{ name: 'a' }], size: 1 }), 'one', {
      schema: custom,
    });
    const stored = applied(one, spec({ items: [{ name: 'b' }] }), 'two', {
      schema: custom,
      force: true,
    });
    expect(stored.spec).toEqual({ items: [{ name: 'b' }], size: 1 });
    expect(owners(stored)).toEqual({
      'one Apply': ['f:spec f:size'],
      'two Apply': ['f:spec f:items'],
    });
  });
});

describe('applyPatch, conflicts', () => {
  it('names all fields of all managers', () => {
    const one = applied(undefined, spec({ replicas: 1, tags: ['a'] }), 'one');
    const changed = { ...structuredClone(one), spec: { replicas: 1, tags: ['a'], paused: true } };
    const live = written(one, changed, 'edit');
    const config = spec({ replicas: 2, paused: false });
    expect(() => applied(live, config, 'ci')).toThrow({
      code: 409,
      reason: 'Conflict',
      message:
        'Apply failed with 2 conflicts: conflicts with "edit" using apps/v1:\n- .spec.paused\nconflicts with "one":\n- .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "edit" using apps/v1',
            field: '.spec.paused',
          },
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "one"',
            field: '.spec.replicas',
          },
        ],
      },
    });
  });

  it('names items by their keys', () => {
    const live = applied(undefined, spec({ containers: [{ name: 'a', image: 'x' }] }), 'one');
    const config = spec({ containers: [{ name: 'a', image: 'y' }] });
    expect(() => applied(live, config, 'two')).toThrow(
      'Apply failed with 1 conflict: conflict with "one": .spec.containers[name="a"].image',
    );
  });

  it('names the subresource that was written', () => {
    const live = applied(undefined, spec({ args: ['x'] }), 'one');
    const scaled = { ...structuredClone(live), spec: { args: ['x'], replicas: 5 } };
    const stored = written(live, scaled, 'hpa', { subresource: 'scale' });
    expect(() => applied(stored, spec({ args: ['x'], replicas: 1 }), 'one')).toThrow(
      'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale" using apps/v1: .spec.replicas',
    );
  });

  it('is none when the value is the same', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'kubectl');
    expect(owners(applied(live, spec({ replicas: 1 }), 'ci'))).toMatchObject({
      'ci Apply': ['f:spec f:replicas'],
      'kubectl Update': expect.arrayContaining(['f:spec f:replicas']),
    });
  });

  it('is one when a field comes that another owns, though it was not there', () => {
    const live = applied(undefined, spec({ replicas: 1, paused: true }), 'one');
    live.spec = { paused: true };
    expect(() => applied(live, spec({ replicas: 1 }), 'two')).toThrow(
      'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
    );
  });

  it('is one with the manager itself, when it updated before', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'ci');
    expect(() => applied(live, spec({ replicas: 2 }), 'ci')).toThrow(
      'Apply failed with 1 conflict: conflict with "ci" using apps/v1: .spec.replicas',
    );
  });

  it('is one with the manager itself on a subresource', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'ci', { subresource: 'scale' });
    expect(() => applied(live, spec({ replicas: 2 }), 'ci')).toThrow(
      'Apply failed with 1 conflict: conflict with "ci" with subresource "scale": .spec.replicas',
    );
  });

  it('is none with the manager itself in another version', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'ci');
    const config = { ...spec({ replicas: 2 }), apiVersion: 'apps/v2' };
    const stored = applied(live, config, 'ci', { apiVersion: 'apps/v2' });
    expect(stored.metadata.managedFields).toMatchObject([{ manager: 'ci', apiVersion: 'apps/v2' }]);
  });
});

describe('applyPatch, time', () => {
  it('moves when a value changed', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'ci');
    expect(timeOf(applied(live, spec({ replicas: 2 }), 'ci', { now: LATER }), 'ci')).toBe(LATER);
  });

  it('moves when the fields changed and no value did', () => {
    const one = applied(undefined, spec({ replicas: 1, paused: true }), 'one');
    const both = applied(one, spec({ replicas: 1, paused: true }), 'two');
    const stored = applied(both, spec({ replicas: 1 }), 'two', { now: LATER });
    expect([timeOf(stored, 'one'), timeOf(stored, 'two')]).toEqual([NOW, LATER]);
  });

  it('stays when nothing changed, and so does all else', () => {
    const one = applied(undefined, spec({ replicas: 1, tags: ['a'] }), 'one');
    const live = applied(one, spec({ tags: ['b'] }), 'two');
    expect(applied(live, spec({ tags: ['b'] }), 'two', { now: LATER })).toEqual(live);
  });

  it('sorts appliers before others, then by time', () => {
    const edited = written(undefined, spec({ replicas: 1 }), 'edit');
    const late = applied(edited, spec({ paused: true }), 'a', { now: LATER });
    const stored = applied(late, spec({ args: ['x'] }), 'b', { now: NOW });
    expect(Object.keys(owners(stored))).toEqual(['b Apply', 'a Apply', 'edit Update']);
  });
});

describe('applyPatch, before the first apply', () => {
  it('gives what is there to a manager of that name', () => {
    const live = spec({ replicas: 1, paused: true });
    live.metadata.uid = 'u';
    const stored = applied(live, spec({ replicas: 1 }), 'ci');
    expect(stored.spec).toEqual({ replicas: 1, paused: true });
    expect(owners(stored)).toMatchObject({
      'before-first-apply Update': expect.arrayContaining(['f:spec f:paused', 'f:spec f:replicas']),
      'ci Apply': ['f:spec f:replicas'],
    });
    expect(timeOf(stored, 'before-first-apply')).toBe(NOW);
  });

  it('is in conflict with it', () => {
    expect(() => applied(spec({ replicas: 1 }), spec({ replicas: 2 }), 'ci')).toThrow(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
    );
  });
});

describe('applyPatch, after kubectl apply on the client', () => {
  const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

  /** As client-side apply leaves an object. */
  function clientApplied(fields: Json): ApiObject {
    const config = JSON.stringify(spec(fields));
    const content = thing({ metadata: { annotations: { [ANNOTATION]: config } }, spec: fields });
    return written(undefined, content, 'kubectl-client-side-apply');
  }

  it('lets kubectl change what it had applied', () => {
    const stored = applied(clientApplied({ replicas: 1 }), spec({ replicas: 2 }), 'kubectl');
    expect(stored.spec).toEqual({ replicas: 2 });
  });

  it('keeps the annotation as client-side apply would', () => {
    const stored = applied(clientApplied({ replicas: 1 }), spec({ replicas: 2 }), 'kubectl');
    expect(stored.metadata.annotations).toEqual({
      [ANNOTATION]:
        '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2}}\n',
    });
  });

  it('lets no other manager do so', () => {
    const live = clientApplied({ replicas: 1 });
    expect(() => applied(live, spec({ replicas: 2 }), 'ci')).toThrow({ code: 409 });
  });

  it('does not let kubectl change what others have changed since', () => {
    const live = clientApplied({ replicas: 1, paused: true });
    const scaled = { ...structuredClone(live), spec: { replicas: 5, paused: true } };
    const stored = written(live, scaled, 'hpa');
    expect(() => applied(stored, spec({ replicas: 2, paused: false }), 'kubectl')).toThrow(
      'Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas',
    );
  });
});

describe('applyPatch, what cannot be applied', () => {
  const rows: [name: string, config: ApiObject, message: string][] = [
    [
      'an unknown field',
      spec({ replica: 1 }),
      'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema',
    ],
    [
      'two items with one key',
      spec({ containers: [{ name: 'a' }, { name: 'a' }] }),
      'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.containers: duplicate entries for key [name="a"]',
    ],
    [
      'managedFields',
      thing({ metadata: { managedFields: [] } }),
      'metadata.managedFields must be nil',
    ],
    [
      'another version',
      { ...spec({}), apiVersion: 'apps/v1beta1' },
      'invalid object type: apps/v1beta1, Kind=Deployment',
    ],
  ];
  for (const [name, config, message] of rows) {
    it(`refuses ${name}`, () => {
      expect(() => applied(undefined, config, 'ci')).toThrow({
        code: 400,
        reason: 'BadRequest',
        message,
      });
    });
  }
});

describe('trackUpdate', () => {
  it.core('gives a new object to who creates it', () => {
    const stored = written(undefined, spec({ replicas: 1, args: ['x'] }), 'kubectl');
    expect(stored.metadata.managedFields).toEqual([
      {
        manager: 'kubectl',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: NOW,
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { '.': {}, 'f:args': {}, 'f:replicas': {} } },
      },
    ]);
  });

  it.core('gives changed fields to who changed them', () => {
    const live = written(undefined, spec({ replicas: 1, args: ['x'] }), 'kubectl');
    const next = { ...structuredClone(live), spec: { replicas: 2, args: ['x'] } };
    const stored = written(live, next, 'hpa', { now: LATER });
    expect(owners(stored)).toEqual({
      'kubectl Update': ['f:spec', 'f:spec f:args'],
      'hpa Update': ['f:spec f:replicas'],
    });
    expect([timeOf(stored, 'kubectl'), timeOf(stored, 'hpa')]).toEqual([NOW, LATER]);
  });

  it('takes removed fields from all', () => {
    const live = written(undefined, spec({ replicas: 1, paused: true }), 'kubectl');
    const next = { ...structuredClone(live), spec: { replicas: 1 } };
    expect(owners(written(live, next, 'edit'))).toEqual({
      'kubectl Update': ['f:spec', 'f:spec f:replicas'],
    });
  });

  it('adds to what the writer owns', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'kubectl');
    const next = { ...structuredClone(live), spec: { replicas: 1, paused: true } };
    const stored = written(live, next, 'kubectl', { now: LATER });
    expect(owners(stored)).toEqual({
      'kubectl Update': ['f:spec', 'f:spec f:paused', 'f:spec f:replicas'],
    });
    expect(timeOf(stored, 'kubectl')).toBe(LATER);
  });

  it('leaves the time of who only removes', () => {
    const live = written(undefined, spec({ replicas: 1, paused: true }), 'kubectl');
    const next = { ...structuredClone(live), spec: { replicas: 1 } };
    expect(timeOf(written(live, next, 'kubectl', { now: LATER }), 'kubectl')).toBe(NOW);
  });

  it('takes changed fields from appliers', () => {
    const live = applied(undefined, spec({ replicas: 1, paused: true }), 'ci');
    const next = { ...structuredClone(live), spec: { replicas: 2, paused: true } };
    expect(owners(written(live, next, 'edit'))).toEqual({
      'ci Apply': ['f:spec f:paused'],
      'edit Update': ['f:spec f:replicas'],
    });
  });

  it('keeps writers of subresources apart', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'm');
    const next = { ...structuredClone(live), status: { ready: 1 } };
    const stored = written(live, next, 'm', { subresource: 'status' });
    expect(owners(stored)).toEqual({
      'm Update': ['f:spec', 'f:spec f:replicas'],
      'm Update/status': ['f:status', 'f:status f:ready'],
    });
  });

  it('keeps an applier and a writer of one name apart', () => {
    const live = applied(undefined, spec({ replicas: 1 }), 'm');
    const next = { ...structuredClone(live), spec: { replicas: 1, paused: true } };
    expect(owners(written(live, next, 'm'))).toEqual({
      'm Apply': ['f:spec f:replicas'],
      'm Update': ['f:spec f:paused'],
    });
  });

  it('keeps writers of other versions apart', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'm');
    const next = { ...structuredClone(live), spec: { replicas: 1, paused: true } };
    const stored = written(live, next, 'm', { apiVersion: 'apps/v1beta1' });
    expect(stored.metadata.managedFields).toMatchObject([
      { manager: 'm', apiVersion: 'apps/v1' },
      { manager: 'm', apiVersion: 'apps/v1beta1' },
    ]);
  });

  it('tracks items and values one by one', () => {
    const live = written(
      undefined,
      spec({ tags: ['a'], containers: [{ name: 'a', image: 'x' }] }),
      'one',
    );
    const next = structuredClone(live);
    next.spec = {
      tags: ['b', 'a'],
      containers: [
        { name: 'b', image: 'y' },
        { name: 'a', image: 'z' },
      ],
    };
    expect(owners(written(live, next, 'two'))['two Update']).toEqual([
      'f:spec f:containers k:{"name":"b"}',
      'f:spec f:containers k:{"name":"a"} f:image',
      'f:spec f:containers k:{"name":"b"} f:image',
      'f:spec f:containers k:{"name":"b"} f:name',
      'f:spec f:tags v:"b"',
    ]);
  });

  it('changes nothing when nothing changed', () => {
    const live = applied(
      written(undefined, spec({ replicas: 1 }), 'one'),
      spec({ paused: true }),
      'two',
    );
    expect(written(live, live, 'three', { now: LATER })).toEqual(live);
  });

  it('takes another order of items for no change', () => {
    const live = written(undefined, spec({ containers: [{ name: 'a' }, { name: 'b' }] }), 'one');
    const next = { ...structuredClone(live), spec: { containers: [{ name: 'b' }, { name: 'a' }] } };
    expect(owners(written(live, next, 'two', { now: LATER }))).toEqual(owners(live));
  });

  it('tracks nothing of what the server sets', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'one');
    const next = structuredClone(live);
    Object.assign(next.metadata, {
      uid: 'u',
      generation: 2,
      resourceVersion: '9',
      creationTimestamp: NOW,
    });
    const stored = written(live, next, 'two', { now: LATER });
    expect(stored.metadata.managedFields).toEqual(live.metadata.managedFields);
    expect(stored.metadata).toMatchObject({ uid: 'u', generation: 2, resourceVersion: '9' });
  });

  it('changes nothing but managedFields, and not the object before', () => {
    const live = written(undefined, spec({ replicas: 1 }), 'one');
    const before = structuredClone(live);
    const next = { ...structuredClone(live), spec: { replicas: 2 }, status: { ready: 1 } };
    const stored = written(live, next, 'two');
    expect(live).toEqual(before);
    const { managedFields: _, ...metadata } = stored.metadata;
    expect({ ...stored, metadata }).toEqual({
      ...thing({ spec: { replicas: 2 }, status: { ready: 1 } }),
    });
  });

  it('keeps duplicates together', () => {
    const env = [
      { name: 'X', value: '1' },
      { name: 'X', value: '2' },
    ];
    const live = written(undefined, spec({ containers: [{ name: 'a', env }] }), 'one');
    expect(owners(live)['one Update']).toContain(
      'f:spec f:containers k:{"name":"a"} f:env k:{"name":"X"}',
    );
    const next = structuredClone(live);
    next.spec = {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '1' },
            { name: 'X', value: '3' },
          ],
        },
      ],
    };
    expect(owners(written(live, next, 'two'))).toMatchObject({
      'two Update': ['f:spec f:containers k:{"name":"a"} f:env k:{"name":"X"}'],
    });
  });

  it('remembers no more than ten writers by name', () => {
    let stored = written(undefined, spec({ replicas: 0 }), 'm0');
    for (let i = 1; i < 12; i++) {
      const next = structuredClone(stored);
      next.metadata.labels = { ...next.metadata.labels, [`l${i}`]: 'x' };
      const now = `2025-01-01T00:00:${String(i).padStart(2, '0')}Z`;
      stored = written(stored, next, `m${i}`, { now });
    }
    const names = stored.metadata.managedFields?.map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names).toEqual(expect.arrayContaining(['ancient-changes', 'm3', 'm11']));
    expect(owners(stored)['ancient-changes Update']).toEqual(
      expect.arrayContaining(['f:metadata f:labels f:l1', 'f:metadata f:labels f:l2']),
    );
  });
});

describe('trackUpdate, when the client writes managedFields', () => {
  const live = () =>
    applied(written(undefined, spec({ replicas: 1 }), 'one'), spec({ paused: true }), 'two');

  it('keeps the book when the client sends none', () => {
    const next = thing({ spec: { replicas: 1, paused: true } });
    expect(written(live(), next, 'one').metadata.managedFields).toEqual(
      live().metadata.managedFields,
    );
  });

  it('takes the entries that are sent', () => {
    const next = structuredClone(live());
    next.metadata.managedFields = next.metadata.managedFields?.filter(
      ({ manager }) => manager === 'two',
    );
    expect(owners(written(live(), next, 'one'))).toEqual({ 'two Apply': ['f:spec f:paused'] });
  });

  it('keeps the book when an entry cannot be read', () => {
    const next = structuredClone(live());
    next.metadata.managedFields = [{ manager: 'x', operation: 'Destroy', apiVersion: 'v1' }];
    expect(owners(written(live(), next, 'one'))).toEqual(owners(live()));
  });

  for (const [name, entries] of [
    ['[]', []],
    ['[{}]', [{}]],
  ] as const) {
    it(`ends the book by ${name}`, () => {
      const next = structuredClone(live());
      next.metadata.managedFields = [...entries];
      next.spec = { replicas: 7 };
      const stored = written(live(), next, 'one');
      expect(stored.metadata.managedFields).toBeUndefined();
      const later = { ...structuredClone(stored), spec: { replicas: 8 } };
      expect(written(stored, later, 'one').metadata.managedFields).toBeUndefined();
    });
  }

  it('takes no entries from who writes a subresource', () => {
    const next = structuredClone(live());
    next.metadata.managedFields = [];
    const stored = written(live(), next, 'kubelet', { subresource: 'status' });
    expect(owners(stored)).toEqual(owners(live()));
  });
});

describe('applyPatch and trackUpdate, properties', () => {
  const configs = fc.array(
    fc.record({
      manager: fc.constantFrom('a', 'b', 'c'),
      applies: fc.boolean(),
      labels: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('1', '2')),
      tags: fc.uniqueArray(fc.constantFrom('p', 'q', 'r')),
      names: fc.uniqueArray(fc.constantFrom('i', 'j')),
      image: fc.constantFrom('1', '2'),
    }),
    { minLength: 1, maxLength: 6 },
  );

  function run(
    steps: {
      manager: string;
      applies: boolean;
      labels: Record<string, string>;
      tags: string[];
      names: string[];
      image: string;
    }[],
  ) {
    let stored: ApiObject | undefined;
    for (const { manager, applies, labels, tags, names, image } of steps) {
      const containers = names.map((name) => ({ name, image }));
      const content = thing({ metadata: { labels }, spec: { tags, containers } });
      stored = applies
        ? applied(stored, content, manager, { force: true })
        : written(stored, content, manager);
    }
    return stored as ApiObject;
  }

  property('nobody owns a field that is not there', configs, (steps) => {
    const stored = run(steps);
    const all = Object.values(owners(stored)).flat();
    const there = owners(
      written(
        undefined,
        { ...stored, metadata: { ...stored.metadata, managedFields: undefined } },
        'm',
      ),
    );
    for (const line of all) expect(there['m Update']).toContain(line);
  });

  property('what was applied by force is there, and owned', configs, (steps) => {
    const stored = applied(run(steps), spec({ replicas: 9, tags: ['p'] }), 'last', { force: true });
    expect(stored.spec).toMatchObject({ replicas: 9, tags: expect.arrayContaining(['p']) });
    expect(owners(stored)['last Apply']).toEqual(['f:spec f:replicas', 'f:spec f:tags v:"p"']);
  });

  property('applying again changes nothing', configs, (steps) => {
    const config = thing({
      metadata: { labels: { x: '1' } },
      spec: { containers: [{ name: 'i' }] },
    });
    const once = applied(run(steps), config, 'a', { force: true });
    expect(applied(once, config, 'a', { now: LATER })).toEqual(once);
  });
});
