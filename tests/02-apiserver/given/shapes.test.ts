/** Sets of fields that are kept by shape: what looks alike has one set, what does not has its own. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../solutions/02-apiserver/api-object.ts';
import { compareFields } from '../../../solutions/02-apiserver/apply/compare-fields.ts';
import { FieldSet } from '../../../solutions/02-apiserver/apply/field-set.ts';
import { setOfShape } from '../../../solutions/02-apiserver/apply/shapes.ts';
import type { JsonObject } from '../../../solutions/02-apiserver/patch/json-value.ts';
import type { ObjectSchema, Schema } from '../../../solutions/02-apiserver/schema/schema.ts';
import { property } from '../../kit/index.ts';

const text: Schema = { type: 'string' };

function fields(of: Record<string, Schema>): ObjectSchema['fields'] {
  return new Map(Object.entries(of).map(([name, schema]) => [name, { schema }]));
}

const newSchema = (): ObjectSchema => ({
  type: 'object',
  fields: fields({
    name: text,
    labels: { type: 'map', values: text },
    ports: {
      type: 'list',
      listType: 'map',
      listMapKeys: ['port'],
      items: { type: 'object', fields: fields({ port: { type: 'integer' }, name: text }) },
    },
    finalizers: { type: 'list', listType: 'set', items: text },
    args: { type: 'list', items: text },
    extra: { type: 'any' },
  }),
});

describe('the set of a shape', () => {
  const schema = newSchema();
  const setOf = (value: JsonObject) => setOfShape(value, schema, () => FieldSet.of(['f:made']));

  it('is made once for values that look alike', () => {
    expect(setOf({ name: 'a', args: ['x'] })).toBe(setOf({ name: 'b', args: ['y', 'z'] }));
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['other names', { name: 'a' }, { args: ['a'] }],
    ['other keys of a map', { labels: { a: '' } }, { labels: { b: '' } }],
    ['names that hold what stands between names', { '1:a': '' }, { a: '', '1': '' }],
    ['other keys of items', { ports: [{ port: 1 }] }, { ports: [{ port: 2 }] }],
    ['a key of another type', { ports: [{ port: 1 }] }, { ports: [{ port: '1' }] }],
    ['other members of a set', { finalizers: ['a'] }, { finalizers: ['b'] }],
    ['one item more', { finalizers: ['a'] }, { finalizers: ['a', 'a'] }],
    ['another depth', { extra: { a: { b: 1 } } }, { extra: { a: 1, b: 1 } }],
  ])('is another for %s', (_, one, other) => {
    expect(setOf(one)).not.toBe(setOf(other));
  });

  const name = fc.constantFrom('a', '1:a', 'name', '');
  const extra = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(1, 'x', null),
      fc.dictionary(name, tie('json'), { maxKeys: 3 }),
      fc.array(tie('json'), { maxLength: 2 }),
    ),
  })).json;
  const value = fc.record(
    {
      name,
      labels: fc.dictionary(name, name, { maxKeys: 2 }),
      ports: fc.array(
        fc.record({ port: fc.constantFrom(1, 2), name }, { requiredKeys: ['port'] }),
        { maxLength: 3 },
      ),
      finalizers: fc.array(name, { maxLength: 3 }),
      extra,
    },
    { requiredKeys: [] },
  );
  property('is what it would be if nothing were kept', value, (of) => {
    const kept = compareFields(undefined, of as Json, schema).added;
    const fresh = compareFields(undefined, of as Json, newSchema()).added;
    expect([...kept.paths()]).toEqual([...fresh.paths()]);
  });
});
