import {
  applyStrategicPatch,
  type Field,
  type Json,
  type ListSchema,
  type ObjectSchema,
  type Schema,
} from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };

function object(fields: Record<string, Schema | Field>): ObjectSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    fields: new Map(entries.map(([name, f]) => [name, 'schema' in f ? f : { schema: f }])),
  };
}

const list = (items: Schema): ListSchema => ({ type: 'list', items });

const merged = (items: Schema, patchMergeKey?: string): Field => ({
  schema: list(items),
  patchStrategy: ['merge'],
  ...(patchMergeKey !== undefined && { patchMergeKey }),
});

const port = object({ containerPort: whole, protocol: text });
const env = object({ name: text, value: text });
const container = object({
  name: text,
  image: text,
  args: list(text),
  env: merged(env, 'name'),
  ports: merged(port, 'containerPort'),
});
const schema = object({
  labels: { type: 'map', values: text },
  data: { type: 'map', values: object({ env: merged(env, 'name') }) },
  finalizers: merged(text),
  args: list(text),
  containers: merged(container, 'name'),
  plain: list(env),
  strategy: {
    schema: object({ type: text, rollingUpdate: object({ maxSurge: whole }) }),
    patchStrategy: ['retainKeys'],
  },
  volumes: {
    schema: list(
      object({ name: text, emptyDir: object({}), secret: object({ secretName: text }) }),
    ),
    patchStrategy: ['merge', 'retainKeys'],
    patchMergeKey: 'name',
  },
  template: { schema: object({ a: whole, b: whole }), patchStrategy: ['replace'] },
  extra: { type: 'any' },
});

const patched = (document: Json, patch: Json): Json => applyStrategicPatch(document, patch, schema);

const refused = (document: Json, patch: Json, message: string) =>
  expect(() => patched(document, patch)).toThrow({ code: 400, reason: 'BadRequest', message });

/** Containers of these names, with an image each. */
const containers = (...names: string[]): Json[] =>
  names.map((name) => ({ name, image: `${name}:1` }));

const namesOf = (document: Json): unknown[] =>
  (document as { containers: { name: string }[] }).containers.map(({ name }) => name);

describe('applyStrategicPatch', () => {
  it.core('merges objects and takes fields away by null', () => {
    const document = { labels: { a: '1', b: '2' }, extra: { x: 1 }, args: ['x'] };
    const patch: Json = { labels: { a: null, c: '3' }, extra: null };
    expect(patched(document, patch)).toEqual({ labels: { b: '2', c: '3' }, args: ['x'] });
  });

  it.core('merges a list of objects by its merge key', () => {
    const document = { containers: [{ name: 'a', image: 'a:1', args: ['x'] }, ...containers('b')] };
    const patch: Json = { containers: [{ name: 'a', image: 'a:2' }] };
    expect(patched(document, patch)).toEqual({
      containers: [
        { name: 'a', image: 'a:2', args: ['x'] },
        { name: 'b', image: 'b:1' },
      ],
    });
  });

  it.core('adds an item whose merge key is new', () => {
    const result = patched({ containers: containers('a') }, { containers: containers('b') });
    expect(namesOf(result)).toEqual(expect.arrayContaining(['a', 'b']));
    expect(namesOf(result)).toHaveLength(2);
  });

  it.core('deletes an item by $patch', () => {
    const patch: Json = { containers: [{ name: 'a', $patch: 'delete' }] };
    expect(patched({ containers: containers('a', 'b') }, patch)).toEqual({
      containers: containers('b'),
    });
  });

  it('replaces a list without the strategy merge', () => {
    const document = { args: ['a', 'b'], plain: [{ name: 'x', value: '1' }] };
    const patch: Json = { args: ['c'], plain: [{ name: 'x' }] };
    expect(patched(document, patch)).toEqual({ args: ['c'], plain: [{ name: 'x' }] });
  });

  it('adds to a merged list of scalars what is not there', () => {
    const result = patched({ finalizers: ['a', 'b'] }, { finalizers: ['b', 'c'] });
    expect(new Set((result as { finalizers: string[] }).finalizers)).toEqual(
      new Set(['a', 'b', 'c']),
    );
    expect((result as { finalizers: string[] }).finalizers).toHaveLength(3);
  });

  it('merges lists in items of lists', () => {
    const document = {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
      ],
    };
    const patch: Json = {
      containers: [
        {
          name: 'a',
          env: [
            { name: 'X', $patch: 'delete' },
            { name: 'Y', value: '3' },
          ],
        },
      ],
    };
    expect(patched(document, patch)).toEqual({
      containers: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }],
    });
  });

  it('merges lists in the values of a map', () => {
    const document = { data: { x: { env: [{ name: 'X', value: '1' }] } } };
    const patch: Json = { data: { x: { env: [{ name: 'Y', value: '2' }] } } };
    expect(patched(document, patch)).toEqual({
      data: {
        x: {
          env: [
            { name: 'Y', value: '2' },
            { name: 'X', value: '1' },
          ],
        },
      },
    });
  });

  it('tells items apart by numbers, too', () => {
    const document = {
      containers: [{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 443 }] }],
    };
    const patch: Json = {
      containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }],
    };
    expect(patched(document, patch)).toEqual({
      containers: [
        { name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }, { containerPort: 443 }] },
      ],
    });
  });

  it('merges into the first of items with one key', () => {
    const ports = [
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 53, protocol: 'TCP' },
    ];
    const patch: Json = {
      containers: [{ name: 'a', ports: [{ containerPort: 53, protocol: 'SCTP' }] }],
    };
    const result = patched({ containers: [{ name: 'a', ports }] }, patch) as {
      containers: [{ ports: { protocol: string }[] }];
    };
    expect(result.containers[0].ports.map(({ protocol }) => protocol)).toEqual(
      expect.arrayContaining(['SCTP', 'TCP']),
    );
    expect(result.containers[0].ports).toHaveLength(2);
  });

  it('treats a field it does not know as a merge patch would', () => {
    const document = { extra: { a: { b: 1 }, l: [{ name: 'x' }] }, unknown: { a: 1 } };
    const patch: Json = { extra: { a: { c: 2 }, l: [{ name: 'y' }] }, unknown: { b: 2 } };
    expect(patched(document, patch)).toEqual({
      extra: { a: { b: 1, c: 2 }, l: [{ name: 'y' }] },
      unknown: { a: 1, b: 2 },
    });
  });

  it('replaces what is of another type', () => {
    expect(patched({ extra: 'x', args: { a: 1 } }, { extra: { a: 1 }, args: ['b'] })).toEqual({
      extra: { a: 1 },
      args: ['b'],
    });
  });

  it('changes nothing for an empty patch, or empty lists', () => {
    const document = { containers: containers('a', 'b'), finalizers: ['x'] };
    expect(patched(document, {})).toEqual(document);
    expect(patched(document, { containers: [], finalizers: [] })).toEqual(document);
  });

  it('empties a list that is not merged', () => {
    expect(patched({ args: ['a'] }, { args: [] })).toEqual({ args: [] });
  });

  it('takes a list away by null', () => {
    expect(patched({ containers: containers('a') }, { containers: null })).toEqual({});
  });

  it('takes two items with one key in the patch as one', () => {
    const patch: Json = {
      containers: [
        { name: 'b', image: 'b:1' },
        { name: 'b', args: ['x'] },
      ],
    };
    expect(patched({ containers: containers('a') }, patch)).toEqual({
      containers: [{ name: 'b', image: 'b:1', args: ['x'] }, ...containers('a')],
    });
  });
});

describe('applyStrategicPatch, order', () => {
  const rows: [before: string, patch: string, after: string][] = [
    ['a b c', 'c n', 'a b c n'],
    ['a b c', 'n a', 'n a b c'],
    ['a b c', 'n', 'n a b c'],
    ['a b c', 'b', 'a b c'],
    ['a b c', 'c a', 'b c a'],
    ['a b c d', 'd b', 'a c d b'],
    ['', 'b a', 'b a'],
  ];
  for (const [before, patch, after] of rows) {
    const names = (line: string) => line.split(' ').filter((name) => name !== '');
    it(`weaves objects [${before}] and [${patch}] to [${after}]`, () => {
      const document = { containers: containers(...names(before)) };
      const result = patched(document, { containers: containers(...names(patch)) });
      expect(namesOf(result)).toEqual(names(after));
    });
    it(`weaves scalars [${before}] and [${patch}] to [${after}]`, () => {
      const result = patched({ finalizers: names(before) }, { finalizers: names(patch) });
      expect(result).toEqual({ finalizers: names(after) });
    });
  }
});

describe('applyStrategicPatch, $patch', () => {
  it('deletes, then adds what the patch has under the same key', () => {
    const patch: Json = {
      containers: [
        { name: 'a', image: 'a:2' },
        { name: 'a', $patch: 'delete' },
      ],
    };
    const document = { containers: [{ name: 'a', image: 'a:1', args: ['x'] }] };
    expect(patched(document, patch)).toEqual({ containers: [{ name: 'a', image: 'a:2' }] });
  });

  it('has the place of what it adds from the item that is added', () => {
    const patch: Json = {
      containers: [
        { name: 'a', $patch: 'delete' },
        { name: 'b', image: 'b:1' },
        { name: 'a', image: 'a:2' },
      ],
    };
    expect(namesOf(patched({ containers: containers('a') }, patch))).toEqual(['b', 'a']);
  });

  it('deletes all items with the key', () => {
    const ports = [
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 53, protocol: 'TCP' },
    ];
    const patch: Json = {
      containers: [{ name: 'a', ports: [{ containerPort: 53, $patch: 'delete' }] }],
    };
    expect(patched({ containers: [{ name: 'a', ports }] }, patch)).toEqual({
      containers: [{ name: 'a', ports: [] }],
    });
  });

  it('deletes nothing when there is no such item', () => {
    const patch: Json = { containers: [{ name: 'z', $patch: 'delete' }] };
    expect(patched({ containers: containers('a') }, patch)).toEqual({
      containers: containers('a'),
    });
  });

  it('stores no deletion where there is no list', () => {
    const patch: Json = { containers: [{ name: 'z', $patch: 'delete' }, ...containers('a')] };
    expect(patched({}, patch)).toEqual({ containers: containers('a') });
  });

  it('replaces a list', () => {
    const patch: Json = {
      containers: [...containers('n'), { $patch: 'replace' }, ...containers('m')],
    };
    expect(patched({ containers: containers('a', 'b') }, patch)).toEqual({
      containers: containers('n', 'm'),
    });
  });

  it('empties a list by replace alone', () => {
    const patch: Json = { containers: [{ $patch: 'replace' }] };
    expect(patched({ containers: containers('a') }, patch)).toEqual({ containers: [] });
  });

  it('replaces an object', () => {
    const patch: Json = { labels: { $patch: 'replace', b: '2' } };
    expect(patched({ labels: { a: '1' } }, patch)).toEqual({ labels: { b: '2' } });
  });

  it('empties an object', () => {
    const patch: Json = { labels: { $patch: 'delete', b: '2' } };
    expect(patched({ labels: { a: '1' } }, patch)).toEqual({ labels: {} });
  });

  it('replaces the whole document', () => {
    const patch: Json = { $patch: 'replace', args: ['x'], labels: { a: null, b: '1' } };
    expect(patched({ labels: { a: '1' } }, patch)).toEqual({ args: ['x'], labels: { b: '1' } });
  });

  it('leaves out a field that is an object with a $patch, where there was none', () => {
    expect(patched({}, { labels: { $patch: 'delete' }, args: ['x'] })).toEqual({ args: ['x'] });
  });

  it('replaces an object whose field has the strategy replace', () => {
    expect(patched({ template: { a: 1 } }, { template: { b: 2 } })).toEqual({ template: { b: 2 } });
  });
});

describe('applyStrategicPatch, $retainKeys', () => {
  it('clears the fields that are not named', () => {
    const document = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
    const patch: Json = { strategy: { $retainKeys: ['type'], type: 'Recreate' } };
    expect(patched(document, patch)).toEqual({ strategy: { type: 'Recreate' } });
  });

  it('merges the fields that are named', () => {
    const document = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } };
    const patch: Json = { strategy: { $retainKeys: ['type', 'rollingUpdate'], type: 'X' } };
    expect(patched(document, patch)).toEqual({
      strategy: { type: 'X', rollingUpdate: { maxSurge: 1 } },
    });
  });

  it('works in an item of a merged list', () => {
    const document = { volumes: [{ name: 'v', emptyDir: {} }] };
    const patch: Json = {
      volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: { secretName: 's' } }],
    };
    expect(patched(document, patch)).toEqual({
      volumes: [{ name: 'v', secret: { secretName: 's' } }],
    });
  });

  it('allows a field that is set to null and not named', () => {
    const document = { strategy: { type: 'a', rollingUpdate: { maxSurge: 1 } } };
    const patch: Json = { strategy: { $retainKeys: ['type'], rollingUpdate: null } };
    expect(patched(document, patch)).toEqual({ strategy: { type: 'a' } });
  });

  it('refuses a patch that sets a field it does not name', () => {
    const patch: Json = { strategy: { $retainKeys: ['rollingUpdate'], type: 'x' } };
    refused({ strategy: { type: 'a' } }, patch, 'invalid patch format of retainKeys');
  });

  it('refuses what is no list', () => {
    const patch: Json = { strategy: { $retainKeys: 'type', type: 'x' } };
    refused({ strategy: { type: 'a' } }, patch, 'invalid patch format of retainKeys');
  });
});

describe('applyStrategicPatch, $deleteFromPrimitiveList', () => {
  it('takes values out of a list', () => {
    const patch: Json = { '$deleteFromPrimitiveList/finalizers': ['a', 'z'] };
    expect(patched({ finalizers: ['a', 'b'] }, patch)).toEqual({ finalizers: ['b'] });
  });

  it('takes them out after others have come', () => {
    const patch: Json = { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] };
    const result = patched({ finalizers: ['a', 'b'] }, patch) as { finalizers: string[] };
    expect([...result.finalizers].sort()).toEqual(['b', 'c']);
  });

  it('takes out what the same patch adds', () => {
    const patch: Json = { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['a', 'c'] };
    const result = patched({ finalizers: ['b'] }, patch) as { finalizers: string[] };
    expect([...result.finalizers].sort()).toEqual(['b', 'c']);
  });

  it('takes out all that are equal', () => {
    const patch: Json = { '$deleteFromPrimitiveList/finalizers': ['a'] };
    expect(patched({ finalizers: ['a', 'b', 'a'] }, patch)).toEqual({ finalizers: ['b'] });
  });

  it('takes nothing out of what is not there', () => {
    expect(patched({}, { '$deleteFromPrimitiveList/finalizers': ['a'] })).toEqual({});
  });

  it('refuses what is no list, or names none', () => {
    const message = 'invalid patch format of primitive list';
    refused({}, { '$deleteFromPrimitiveList/finalizers': 'a' }, message);
    refused({}, { $deleteFromPrimitiveList: ['a'] }, message);
  });
});

describe('applyStrategicPatch, $setElementOrder', () => {
  const order = (...names: string[]): Json[] => names.map((name) => ({ name }));

  it('orders what is there', () => {
    const patch: Json = { '$setElementOrder/containers': order('c', 'a', 'b') };
    expect(namesOf(patched({ containers: containers('a', 'b', 'c') }, patch))).toEqual([
      'c',
      'a',
      'b',
    ]);
  });

  it('orders what is there and what comes', () => {
    const patch: Json = {
      '$setElementOrder/containers': order('n', 'b', 'a'),
      containers: [
        { name: 'n', image: 'n:1' },
        { name: 'a', image: 'a:2' },
      ],
    };
    expect(patched({ containers: containers('a', 'b') }, patch)).toEqual({
      containers: [...containers('n', 'b'), { name: 'a', image: 'a:2' }],
    });
  });

  it('leaves others where they were', () => {
    const patch: Json = { '$setElementOrder/containers': order('d', 'a') };
    const result = patched({ containers: containers('a', 'b', 'c', 'd', 'e') }, patch);
    expect(namesOf(result)).toEqual(['b', 'c', 'd', 'a', 'e']);
  });

  it('orders scalars', () => {
    const patch: Json = { '$setElementOrder/finalizers': ['c', 'n', 'a'], finalizers: ['n'] };
    expect(patched({ finalizers: ['a', 'b', 'c'] }, patch)).toEqual({
      finalizers: ['b', 'c', 'n', 'a'],
    });
  });

  it('comes with deletions', () => {
    const patch: Json = {
      '$setElementOrder/containers': order('c', 'a'),
      containers: [{ name: 'b', $patch: 'delete' }],
    };
    expect(namesOf(patched({ containers: containers('a', 'b', 'c') }, patch))).toEqual(['c', 'a']);
  });

  it('comes with values taken out of a list', () => {
    const patch: Json = {
      '$setElementOrder/finalizers': ['c', 'a'],
      '$deleteFromPrimitiveList/finalizers': ['b'],
    };
    expect(patched({ finalizers: ['a', 'b', 'c'] }, patch)).toEqual({ finalizers: ['c', 'a'] });
  });

  it('orders a list that is new', () => {
    const patch: Json = {
      '$setElementOrder/containers': order('a', 'b'),
      containers: containers('a', 'b'),
    };
    expect(patched({}, patch)).toEqual({ containers: containers('a', 'b') });
  });

  it('asks nothing of a list when it is empty', () => {
    const patch: Json = { '$setElementOrder/finalizers': [], finalizers: ['b'] };
    const { finalizers } = patched({ finalizers: ['a'] }, patch) as { finalizers: string[] };
    expect([...finalizers].sort()).toEqual(['a', 'b']);
  });

  it('does nothing where there is no list', () => {
    expect(patched({}, { '$setElementOrder/containers': order('a') })).toEqual({});
  });

  it('refuses a list in another order than its own', () => {
    const patch: Json = {
      '$setElementOrder/containers': order('b', 'a'),
      containers: [{ name: 'a' }, { name: 'b' }],
    };
    const message =
      "The order in patch list:\n[map[name:a] map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:b] map[name:a]]\n";
    refused({ containers: containers('a', 'b') }, patch, message);
  });

  it('refuses a list with an item that is not in it', () => {
    const patch: Json = { '$setElementOrder/finalizers': ['a'], finalizers: ['a', 'b'] };
    const message = "The order in patch list:\n[a b]\n doesn't match $setElementOrder list:\n[a]\n";
    refused({ finalizers: ['a'] }, patch, message);
  });

  it('refuses what is no list, or names none', () => {
    const message = 'invalid patch format of setElementOrder list';
    refused({ finalizers: ['a'] }, { '$setElementOrder/finalizers': 'a' }, message);
    refused({ finalizers: ['a'] }, { $setElementOrder: ['a'] }, message);
  });

  it('refuses an item without merge key', () => {
    refused(
      { containers: containers('a') },
      { '$setElementOrder/containers': [{ image: 'x' }] },
      'map: map[image:x] does not contain declared merge key: name',
    );
  });
});

describe('applyStrategicPatch, what is wrong with a patch', () => {
  const document = { containers: containers('a'), finalizers: ['x'], labels: { a: '1' } };
  const rows: [name: string, patch: Json, message: string][] = [
    [
      'an item without merge key',
      { containers: [{ image: 'x', args: ['b', 'c'] }] },
      'map: map[args:[b c] image:x] does not contain declared merge key: name',
    ],
    [
      'a deletion without merge key',
      { containers: [{ $patch: 'delete', image: 'x' }] },
      'map: map[$patch:delete image:x] does not contain declared merge key: name',
    ],
    [
      'an unknown $patch in a list',
      { containers: [{ $patch: 'drop', name: 'a' }] },
      'unknown patch type: drop in map: map[$patch:drop name:a]',
    ],
    [
      'an unknown $patch in an object',
      { labels: { $patch: 'merge' } },
      'unknown patch type: merge in map: map[$patch:merge]',
    ],
    [
      'a $patch merge in a list',
      { containers: [{ $patch: 'merge', name: 'a' }] },
      'merging lists cannot yet be specified in the patch',
    ],
    [
      'an object among scalars',
      { finalizers: [{ a: 1 }] },
      'list element types are not identical: [[x map[a:1]]]',
    ],
    [
      'an array for a patch',
      [],
      'json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
  ];
  for (const [name, patch, message] of rows) {
    it(`answers 400 to ${name}`, () => refused(document, patch, message));
  }

  it('answers 400 to scalars among objects, in the patch or in what is there', () => {
    const mixed = (items: string) => `list element types are not identical: [[${items}]]`;
    refused(document, { containers: ['x'] }, mixed('map[image:a:1 name:a] x'));
    refused({ containers: ['x'] }, { containers: [{ name: 'a' }] }, mixed('x map[name:a]'));
  });

  it('answers 422 to lists in a merged list, in the patch or in what is there', () => {
    for (const [finalizers, added] of [
      [['x'], ['a']],
      [[['x']], 'a'],
    ] as const) {
      const old = { finalizers: structuredClone(finalizers) as unknown as Json };
      expect(() => patched(old, { finalizers: [added as unknown as Json] })).toThrow({
        code: 422,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
      });
    }
  });
});

describe('applyStrategicPatch, what is stored', () => {
  it('stores no directive and no null of what is new', () => {
    const patch: Json = {
      strategy: { $retainKeys: ['type'], type: 'x' },
      containers: [
        {
          name: 'n',
          image: null,
          env: [{ name: 'X', $patch: 'delete' }],
          '$setElementOrder/env': [{ name: 'X' }],
          '$deleteFromPrimitiveList/args': ['x'],
        },
      ],
    };
    const stored = { strategy: { type: 'x' }, containers: [{ name: 'n', env: [] }] };
    expect(patched({}, patch)).toEqual(stored);
    expect(patched({ containers: [] }, patch)).toEqual(stored);
  });

  it('stores no directive of a list it replaces', () => {
    const patch: Json = {
      plain: [
        { name: 'a', $patch: 'delete' },
        { name: 'b', value: null },
      ],
    };
    expect(patched({ plain: [{ name: 'x' }] }, patch)).toEqual({ plain: [{ name: 'b' }] });
  });

  it('keeps __proto__ as a field', () => {
    const patch = JSON.parse('{"labels": {"__proto__": {"x": "1"}}}') as Json;
    expect(JSON.stringify(patched({ labels: {} }, patch))).toBe(
      '{"labels":{"__proto__":{"x":"1"}}}',
    );
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  const items = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));

  property('keeps all that is in either list, once', items, items, (before, names) => {
    const document = { containers: containers(...before), finalizers: before };
    const result = patched(document, { containers: containers(...names), finalizers: names });
    const all = [...new Set([...before, ...names])].sort();
    expect([...namesOf(result)].sort()).toEqual(all);
    expect([...(result as { finalizers: string[] }).finalizers].sort()).toEqual(all);
  });

  property('has the items of an order in that order', items, items, (before, names) => {
    const patch: Json = { '$setElementOrder/containers': names.map((name) => ({ name })) };
    const after = namesOf(patched({ containers: containers(...before) }, patch));
    const isNamed = (name: unknown) => names.includes(name as 'a');
    expect(after.filter(isNamed)).toEqual(names.filter((name) => before.includes(name)));
    expect(after.filter((name) => !isNamed(name))).toEqual(before.filter((name) => !isNamed(name)));
  });

  property('changes neither document nor patch', items, items, (before, names) => {
    const document: Json = { containers: containers(...before), labels: { a: '1' } };
    const patch: Json = {
      labels: { b: '2', a: null },
      containers: [...containers(...names), { name: 'a', $patch: 'delete' }],
    };
    const text = JSON.stringify([document, patch]);
    patched(document, patch);
    expect(JSON.stringify([document, patch])).toBe(text);
  });

  it('shares nothing of the patch with the result', () => {
    const patch = { extra: { a: [1] }, containers: [{ name: 'a', args: ['x'] }] };
    const result = patched({ containers: [] }, patch) as typeof patch;
    result.extra.a.push(2);
    result.containers[0]?.args.push('y');
    expect(patch).toEqual({ extra: { a: [1] }, containers: [{ name: 'a', args: ['x'] }] });
  });
});
