import { type FieldError, fieldErrorText } from '#apimachinery';
import {
  type CustomResourceDefinition,
  definitionConditions,
  type JsonFields,
  type JsonSchema,
  kindOf,
  pruneUnknown,
  setSchemaDefaults,
  validateBySchema,
} from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

const text: JsonSchema = { type: 'string' };
const whole: JsonSchema = { type: 'integer' };
const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});
const list = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: 'array',
  items,
  ...more,
});
const mapOf = (values: JsonSchema | boolean): JsonSchema => ({
  type: 'object',
  additionalProperties: values,
});
const preserving: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true };

/** What is left of a resource's spec, and what was said to be gone. */
function pruned(spec: unknown, schema: JsonSchema): { spec: unknown; removed: string[] } {
  const resource = { apiVersion: 'x/v1', kind: 'X', metadata: { name: 'a' }, spec };
  const removed = pruneUnknown(resource, object({ spec: schema }));
  return { spec: resource.spec, removed };
}

describe('pruneUnknown', () => {
  it.core('removes fields that the schema does not know, and says which', () => {
    const resource: JsonFields = { spec: { size: 1, sise: 2 }, extra: { a: 1 } };
    const removed = pruneUnknown(resource, object({ spec: object({ size: whole }) }));
    expect(resource).toEqual({ spec: { size: 1 } });
    expect(removed).toEqual(['extra', 'spec.sise']);
  });

  it('leaves a resource alone that has nothing unknown', () => {
    const { spec, removed } = pruned({ size: 1 }, object({ size: whole }));
    expect(spec).toEqual({ size: 1 });
    expect(removed).toEqual([]);
  });

  it.core('keeps apiVersion, kind and all of metadata at the top', () => {
    const resource: JsonFields = { apiVersion: 'x/v1', kind: 'X', metadata: { odd: { a: 1 } } };
    expect(pruneUnknown(resource, object({}))).toEqual([]);
    expect(resource).toEqual({ apiVersion: 'x/v1', kind: 'X', metadata: { odd: { a: 1 } } });
  });

  it('keeps all of metadata even where the schema speaks of it', () => {
    const resource: JsonFields = { metadata: { name: 'a', odd: 1 } };
    const schema = object({ metadata: object({ name: text }) });
    expect(pruneUnknown(resource, schema)).toEqual([]);
    expect(resource).toEqual({ metadata: { name: 'a', odd: 1 } });
  });

  it('takes apiVersion, kind and metadata further in for fields like others', () => {
    const { spec, removed } = pruned({ apiVersion: 'v1', kind: 'X', metadata: {} }, object({}));
    expect(spec).toEqual({});
    expect(removed).toEqual(['spec.apiVersion', 'spec.kind', 'spec.metadata']);
  });

  it('keeps them in an embedded resource, and prunes the rest of it', () => {
    const schema = object({ size: whole }, { 'x-kubernetes-embedded-resource': true });
    const value = { apiVersion: 'v1', kind: 'X', metadata: { odd: 1 }, size: 1, odd: 1 };
    const { spec, removed } = pruned(value, schema);
    expect(spec).toEqual({ apiVersion: 'v1', kind: 'X', metadata: { odd: 1 }, size: 1 });
    expect(removed).toEqual(['spec.odd']);
  });

  it('looks into the items of a list', () => {
    const schema = object({ items: list(object({ name: text })) });
    const { spec, removed } = pruned({ items: [{ name: 'a' }, { nmae: 'b', name: 'b' }] }, schema);
    expect(spec).toEqual({ items: [{ name: 'a' }, { name: 'b' }] });
    expect(removed).toEqual(['spec.items[1].nmae']);
  });

  it('looks into lists of lists', () => {
    const schema = object({ rows: list(list(object({ a: whole }))) });
    const { spec, removed } = pruned({ rows: [[{ a: 1, b: 2 }]] }, schema);
    expect(spec).toEqual({ rows: [[{ a: 1 }]] });
    expect(removed).toEqual(['spec.rows[0][0].b']);
  });

  it('keeps every key of a map and prunes its values', () => {
    const schema = object({ byName: mapOf(object({ size: whole })) });
    const { spec, removed } = pruned({ byName: { a: { size: 1, odd: 1 }, b: {} } }, schema);
    expect(spec).toEqual({ byName: { a: { size: 1 }, b: {} } });
    expect(removed).toEqual(['spec.byName.a.odd']);
  });

  for (const additional of [true, false]) {
    it(`keeps the keys with additionalProperties ${additional}, but no field of an object in them`, () => {
      const schema = object({ any: mapOf(additional) });
      const { spec, removed } = pruned({ any: { a: 1, b: { c: 1 }, d: [{ e: 1 }] } }, schema);
      expect(spec).toEqual({ any: { a: 1, b: {}, d: [{}] } });
      expect(removed).toEqual(['spec.any.b.c', 'spec.any.d[0].e']);
    });
  }

  it('empties the objects in a list whose items no schema describes', () => {
    const { spec, removed } = pruned([{ a: 1 }, 2], { type: 'array' });
    expect(spec).toEqual([{}, 2]);
    expect(removed).toEqual(['spec[0].a']);
  });

  it('keeps everything below a schema that preserves unknown fields', () => {
    const raw = { a: { b: [{ c: 1 }] }, kind: 'X' };
    const { spec, removed } = pruned({ raw }, object({ raw: preserving }));
    expect(spec).toEqual({ raw: { a: { b: [{ c: 1 }] }, kind: 'X' } });
    expect(removed).toEqual([]);
  });

  it('prunes what is known amid what is preserved', () => {
    const schema = object({ known: object({ a: whole }) }, preserving);
    const { spec, removed } = pruned({ known: { a: 1, b: 2 }, other: { b: 2 } }, schema);
    expect(spec).toEqual({ known: { a: 1 }, other: { b: 2 } });
    expect(removed).toEqual(['spec.known.b']);
  });

  it('prunes the values of a map that is preserved by their schema', () => {
    const schema: JsonSchema = { ...mapOf(object({ a: whole })), ...preserving };
    const { spec, removed } = pruned({ x: { a: 1, b: 2 } }, schema);
    expect(spec).toEqual({ x: { a: 1 } });
    expect(removed).toEqual(['spec.x.b']);
  });

  it('preserves the items of a preserved list', () => {
    const items = object({ known: object({ a: whole }) });
    const schema: JsonSchema = { ...list(items), ...preserving };
    const { spec, removed } = pruned([{ known: { a: 1, b: 1 }, other: { c: 1 } }], schema);
    expect(spec).toEqual([{ known: { a: 1 }, other: { c: 1 } }]);
    expect(removed).toEqual(['spec[0].known.b']);
  });

  it('keeps a preserved list as it is when no schema describes its items', () => {
    const { spec, removed } = pruned([{ a: [{ b: 1 }] }], { type: 'array', ...preserving });
    expect(spec).toEqual([{ a: [{ b: 1 }] }]);
    expect(removed).toEqual([]);
  });

  it('lets a whole resource be preserved', () => {
    const resource: JsonFields = { spec: { a: 1 }, extra: { b: 1 } };
    expect(pruneUnknown(resource, { type: 'object', ...preserving })).toEqual([]);
    expect(resource).toEqual({ spec: { a: 1 }, extra: { b: 1 } });
  });

  it('does not judge values: a scalar where the schema has an object stays', () => {
    const { spec, removed } = pruned(
      { disk: 5, size: null },
      object({ disk: object({}), size: whole }),
    );
    expect(spec).toEqual({ disk: 5, size: null });
    expect(removed).toEqual([]);
  });

  it('tells a removed object as one path', () => {
    expect(pruned({ odd: { a: 1, b: { c: 2 } } }, object({})).removed).toEqual(['spec.odd']);
  });

  it('tells the paths sorted', () => {
    expect(pruned({ z: 1, a: 1, m: 1 }, object({})).removed).toEqual([
      'spec.a',
      'spec.m',
      'spec.z',
    ]);
  });

  it('takes no inherited name for one the schema knows', () => {
    const { spec, removed } = pruned({ constructor: 1, toString: 2 }, object({ size: whole }));
    expect(spec).toEqual({});
    expect(removed).toEqual(['spec.constructor', 'spec.toString']);
  });

  it('does not change the schema', () => {
    const schema = object({ spec: object({ size: whole }) });
    const before = structuredClone(schema);
    pruneUnknown({ spec: { odd: 1 }, extra: 1 }, schema);
    expect(schema).toEqual(before);
  });

  property(
    'finds nothing more in what it has pruned',
    fc.object({ maxDepth: 3, key: fc.constantFrom('a', 'b', 'c', 'kind') }),
    (value) => {
      const schema = object({
        a: object({ b: list(object({ a: whole })), c: preserving }),
        b: mapOf(object({ c: text })),
        c: mapOf(true),
      });
      const resource = structuredClone(value) as JsonFields;
      pruneUnknown(resource, schema);
      const after = structuredClone(resource);
      expect(pruneUnknown(resource, schema)).toEqual([]);
      expect(resource).toEqual(after);
    },
  );
});

/** A resource with its defaults. */
function defaulted(value: JsonFields, schema: JsonSchema): JsonFields {
  const copy = structuredClone(value);
  setSchemaDefaults(copy, schema);
  return copy;
}

describe('setSchemaDefaults', () => {
  const size: JsonSchema = { ...whole, default: 1 };

  it.core('sets a default where there is no value', () => {
    expect(defaulted({ spec: {} }, object({ spec: object({ size }) }))).toEqual({
      spec: { size: 1 },
    });
  });

  it('lets a value be that is there', () => {
    const schema = object({ size, on: { type: 'boolean', default: true } });
    expect(defaulted({ size: 0, on: false }, schema)).toEqual({ size: 0, on: false });
  });

  it.core('sets nothing inside what is not there', () => {
    expect(defaulted({}, object({ spec: object({ size }) }))).toEqual({});
  });

  it('sets defaults inside a default', () => {
    const spec = object({ size, name: text }, { default: { name: 'a' } });
    expect(defaulted({}, object({ spec }))).toEqual({ spec: { name: 'a', size: 1 } });
  });

  it('sets defaults at every depth', () => {
    const schema = object({ a: object({ b: object({ size }), size }) });
    expect(defaulted({ a: { b: {} } }, schema)).toEqual({ a: { b: { size: 1 }, size: 1 } });
  });

  it('sets defaults in each item of a list', () => {
    const schema = object({ items: list(object({ size })) });
    expect(defaulted({ items: [{}, { size: 3 }] }, schema)).toEqual({
      items: [{ size: 1 }, { size: 3 }],
    });
  });

  it('sets defaults in each value of a map', () => {
    const schema = object({ byName: mapOf(object({ size })) });
    expect(defaulted({ byName: { a: {}, b: { size: 2 } } }, schema)).toEqual({
      byName: { a: { size: 1 }, b: { size: 2 } },
    });
  });

  it('puts a default in place of a null that may not be', () => {
    expect(defaulted({ size: null }, object({ size }))).toEqual({ size: 1 });
  });

  it('looks into a default that was put in place of a null', () => {
    const spec = object({ size }, { default: {} });
    expect(defaulted({ spec: null }, object({ spec }))).toEqual({ spec: { size: 1 } });
  });

  it('removes a null that may not be and has no default', () => {
    expect(defaulted({ name: null, size: 2 }, object({ name: text, size }))).toEqual({ size: 2 });
  });

  it('keeps a null that may be', () => {
    const schema = object({ size: { ...size, nullable: true }, name: { ...text, nullable: true } });
    expect(defaulted({ size: null, name: null }, schema)).toEqual({ size: null, name: null });
  });

  it('removes nulls from a map, or replaces them', () => {
    expect(defaulted({ m: { a: null, b: 2 } }, object({ m: mapOf(whole) }))).toEqual({
      m: { b: 2 },
    });
    expect(defaulted({ m: { a: null } }, object({ m: mapOf(size) }))).toEqual({ m: { a: 1 } });
  });

  it('lets a null be of which no schema is known', () => {
    const schema = object({ raw: preserving, any: mapOf(true) });
    const value = { raw: { a: null }, any: { b: null }, other: null };
    expect(defaulted(value, schema)).toEqual(value);
  });

  it('gives a null in a list the default of its items', () => {
    expect(defaulted({ l: [null, 2] }, object({ l: list(size) }))).toEqual({ l: [1, 2] });
  });

  it('keeps a null in a list without one', () => {
    expect(defaulted({ l: [null, 2] }, object({ l: list(whole) }))).toEqual({ l: [null, 2] });
    const nullable: JsonSchema = { ...size, nullable: true };
    expect(defaulted({ l: [null] }, object({ l: list(nullable) }))).toEqual({ l: [null] });
  });

  it('takes a default of null for none', () => {
    const schema = object({ a: { ...text, default: null }, b: { ...text, default: null } });
    expect(defaulted({ b: null }, schema)).toEqual({});
  });

  for (const [name, value] of Object.entries({ zero: 0, no: false, 'the empty text': '' })) {
    it(`sets a default that is ${name}`, () => {
      expect(defaulted({}, object({ a: { default: value } }))).toEqual({ a: value });
    });
  }

  it('sets defaults amid what is preserved', () => {
    const schema = object({ raw: object({ size }, preserving) });
    expect(defaulted({ raw: { other: 1 } }, schema)).toEqual({ raw: { other: 1, size: 1 } });
  });

  it('lets values of another type be', () => {
    const schema = object({ a: object({ size }), l: list(object({ size })) });
    expect(defaulted({ a: 5, l: 'x' }, schema)).toEqual({ a: 5, l: 'x' });
  });

  it('does not set what an alternative has as default', () => {
    const schema = object({}, { allOf: [object({ size })], anyOf: [object({ size })] });
    expect(defaulted({}, schema)).toEqual({});
  });

  it('shares no default between two objects, nor with the schema', () => {
    const schema = object({ tags: list(text, { default: ['a'] }) });
    const first: JsonFields = {};
    const second: JsonFields = {};
    setSchemaDefaults(first, schema);
    setSchemaDefaults(second, schema);
    (first.tags as string[]).push('b');
    expect(second).toEqual({ tags: ['a'] });
    expect(schema.properties?.tags?.default).toEqual(['a']);
  });

  it('takes no inherited name for a value', () => {
    expect(defaulted({}, object({ constructor: { default: 'x' } }))).toEqual({ constructor: 'x' });
  });
});

const textsOf = (faults: FieldError[]) => faults.map(fieldErrorText).sort();

/** The faults of a value at `spec`, as texts in order. */
const faultsOf = (value: unknown, schema: JsonSchema, old?: unknown) =>
  textsOf(validateBySchema(value, schema, 'spec', old));

describe('validateBySchema', () => {
  it.core('finds nothing wrong with a value that is as it should be', () => {
    const schema = object(
      {
        name: { ...text, minLength: 1, pattern: '^[a-z]+$' },
        size: { ...whole, minimum: 1, maximum: 3 },
        tags: list({ ...text, enum: ['a', 'b'] }, { maxItems: 2 }),
      },
      { required: ['name'] },
    );
    expect(faultsOf({ name: 'abc', size: 3, tags: ['a', 'b'] }, schema)).toEqual([]);
  });

  it.core('refuses a value of another type', () => {
    expect(faultsOf({ size: '1', name: 1 }, object({ size: whole, name: text }))).toEqual([
      'spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"',
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    ]);
  });

  it.core('wants what is required', () => {
    const schema = object({ a: text, b: text }, { required: ['a', 'b'] });
    expect(faultsOf({ b: 'x' }, schema)).toEqual(['spec.a: Required value']);
  });

  it('judges each item of a list', () => {
    expect(faultsOf([1, 0, -1], list({ ...whole, minimum: 0 }))).toEqual([
      'spec[2]: Invalid value: -1: spec[2] in body should be greater than or equal to 0',
    ]);
  });

  it('wants one of several alternatives', () => {
    const schema = object(
      { a: text, b: text },
      { anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    );
    expect(faultsOf({ b: 'x' }, schema)).toEqual([]);
    expect(faultsOf({}, schema)).toContain(
      '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
    );
  });
});

describe('validateBySchema, types', () => {
  const values: Record<string, unknown> = {
    boolean: true,
    integer: 3,
    number: 1.5,
    string: 'x',
    array: [],
    object: {},
  };
  for (const type of Object.keys(values)) {
    it(`takes for ${type} only what is one`, () => {
      for (const [other, value] of Object.entries(values)) {
        const isFine = other === type || (type === 'number' && other === 'integer');
        const fault = `spec: Invalid value: "${other}": spec in body must be of type ${type}: "${other}"`;
        expect(faultsOf(value, { type })).toEqual(isFine ? [] : [fault]);
      }
    });
  }

  it('takes any value without a type', () => {
    for (const value of [...Object.values(values), null]) expect(faultsOf(value, {})).toEqual([]);
  });

  it('takes a whole number or a text for int-or-string', () => {
    const schema: JsonSchema = { 'x-kubernetes-int-or-string': true };
    expect(faultsOf(80, schema)).toEqual([]);
    expect(faultsOf('80%', schema)).toEqual([]);
    expect(faultsOf(true, schema)).toEqual([
      'spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"',
    ]);
  });

  it('takes null where it may be, and nowhere else', () => {
    expect(faultsOf(null, { ...text, nullable: true })).toEqual([]);
    expect(faultsOf(null, text)).toEqual([
      'spec: Invalid value: "null": spec in body must be of type string: "null"',
    ]);
  });

  it('asks nothing else of a null', () => {
    const schema: JsonSchema = { ...text, nullable: true, minLength: 3, not: {}, allOf: [text] };
    expect(faultsOf(null, schema)).toEqual([]);
  });

  it('gives a fault the type the API has for it', () => {
    const [fault] = validateBySchema('x', whole, 'spec');
    expect(fault?.type).toBe('FieldValueTypeInvalid');
  });
});

describe('validateBySchema, single values', () => {
  const rows: [name: string, value: unknown, schema: JsonSchema, fault: string | undefined][] = [
    ['a text as long as it must be', 'ab', { minLength: 2 }, undefined],
    [
      'a text that is too short',
      'a',
      { minLength: 2 },
      'Invalid value: "a": spec in body should be at least 2 chars long',
    ],
    ['a text as long as it may be', 'äöü', { maxLength: 3 }, undefined],
    ['characters of two code units', '🙂🙂', { maxLength: 2 }, undefined],
    ['a text that is too long', 'abcd', { maxLength: 3 }, 'Too long: may not be more than 3 bytes'],
    ['a text that matches somewhere', 'xay', { pattern: 'a' }, undefined],
    [
      'a text that does not match',
      'b',
      { pattern: '^a$' },
      `Invalid value: "b": spec in body should match '^a$'`,
    ],
    ['a pattern in Go’s words', 'X', { pattern: '(?i)^[[:alpha:]]\\z' }, undefined],
    ['one of the values there are', 'a', { enum: ['a', 'b'] }, undefined],
    [
      'none of the values there are',
      'c',
      { enum: ['a', 'b'] },
      'Unsupported value: "c": supported values: "a", "b"',
    ],
    ['a number of the values there are', 2, { enum: [1, 2] }, undefined],
    [
      'none of the numbers there are',
      3,
      { enum: [1, 2] },
      'Unsupported value: 3: supported values: "1", "2"',
    ],
    ['an object of the values there are', { b: 1, a: 2 }, { enum: [{ a: 2, b: 1 }] }, undefined],
    ['the smallest number', 1, { minimum: 1 }, undefined],
    [
      'a number that is too small',
      0,
      { minimum: 1 },
      'Invalid value: 0: spec in body should be greater than or equal to 1',
    ],
    [
      'the bound that is out',
      1,
      { minimum: 1, exclusiveMinimum: true },
      'Invalid value: 1: spec in body should be greater than 1',
    ],
    ['the largest number', 9, { maximum: 9 }, undefined],
    [
      'a number that is too large',
      10,
      { maximum: 9 },
      'Invalid value: 10: spec in body should be less than or equal to 9',
    ],
    [
      'the upper bound that is out',
      9,
      { maximum: 9, exclusiveMaximum: true },
      'Invalid value: 9: spec in body should be less than 9',
    ],
    [
      'a bound of zero',
      -1,
      { minimum: 0 },
      'Invalid value: -1: spec in body should be greater than or equal to 0',
    ],
    ['a multiple', 9, { multipleOf: 3 }, undefined],
    ['a multiple of a fraction', 0.3, { multipleOf: 0.1 }, undefined],
    [
      'no multiple',
      7,
      { multipleOf: 3 },
      'Invalid value: 7: spec in body should be a multiple of 3',
    ],
    ['a time', '2025-01-31T10:00:00Z', { format: 'date-time' }, undefined],
    [
      'no time',
      'soon',
      { format: 'date-time' },
      'Invalid value: "soon": spec in body must be of type date-time: "soon"',
    ],
    ['an address', '10.0.0.1', { format: 'ipv4' }, undefined],
    [
      'no address',
      '10.0.0',
      { format: 'ipv4' },
      'Invalid value: "10.0.0": spec in body must be of type ipv4: "10.0.0"',
    ],
    ['a format nobody checks', 'x', { format: 'my-own' }, undefined],
    ['keywords of other types', '3', { minimum: 5, minItems: 2, required: ['a'] }, undefined],
  ];
  for (const [name, value, schema, fault] of rows) {
    it(`judges ${name}`, () => {
      expect(faultsOf(value, schema)).toEqual(fault === undefined ? [] : [`spec: ${fault}`]);
    });
  }

  it('takes a null for none of the values there are', () => {
    const schema: JsonSchema = { ...text, nullable: true, enum: ['a', null] };
    expect(faultsOf(null, schema)).toEqual([
      'spec: Unsupported value: "null": supported values: "a", "null"',
    ]);
  });

  it('tells all that is wrong', () => {
    expect(faultsOf('x', { ...whole, enum: [1], pattern: 'y' })).toEqual([
      'spec: Invalid value: "string": spec in body must be of type integer: "string"',
      `spec: Invalid value: "x": spec in body should match 'y'`,
      'spec: Unsupported value: "x": supported values: "1"',
    ]);
  });
});

describe('validateBySchema, lists and objects', () => {
  it('counts the items', () => {
    const schema = list(whole, { minItems: 1, maxItems: 2 });
    expect(faultsOf([1], schema)).toEqual([]);
    expect(faultsOf([1, 2], schema)).toEqual([]);
    expect(faultsOf([], schema)).toEqual([
      'spec: Invalid value: 0: spec in body should have at least 1 items',
    ]);
    expect(faultsOf([1, 2, 3], schema)).toEqual(['spec: Too many: 3: must have at most 2 items']);
  });

  it('counts the fields', () => {
    const schema = { ...mapOf(whole), minProperties: 1, maxProperties: 2 };
    expect(faultsOf({ a: 1 }, schema)).toEqual([]);
    expect(faultsOf({ a: 1, b: 2 }, schema)).toEqual([]);
    expect(faultsOf({}, schema)).toEqual([
      'spec: Invalid value: 0: spec in body should have at least 1 properties',
    ]);
    expect(faultsOf({ a: 1, b: 2, c: 3 }, schema)).toEqual([
      'spec: Too many: 3: must have at most 2 items',
    ]);
  });

  it('judges the values of a map', () => {
    expect(faultsOf({ a: 1, b: 'x' }, mapOf(whole))).toEqual([
      'spec.b: Invalid value: "string": spec.b in body must be of type integer: "string"',
    ]);
  });

  it('judges a field by properties alone where properties has it', () => {
    const schema = object({ a: text }, { additionalProperties: whole });
    expect(faultsOf({ a: 'x', b: 1 }, schema)).toEqual([]);
  });

  it('lets unknown fields be', () => {
    expect(faultsOf({ odd: 1 }, object({ a: text }))).toEqual([]);
    expect(faultsOf({ odd: 1 }, mapOf(true))).toEqual([]);
  });

  it('refuses every field when there may be none', () => {
    expect(faultsOf({ a: 1 }, mapOf(false))).toEqual([
      'spec: Invalid value: "a": spec.a in body is a forbidden property',
    ]);
  });

  it('takes a null for a field that is there', () => {
    const schema = object({ a: { ...text, nullable: true } }, { required: ['a'] });
    expect(faultsOf({ a: null }, schema)).toEqual([]);
  });

  it('wants what is required further in', () => {
    const schema = object({ items: list(object({ name: text }, { required: ['name'] })) });
    expect(faultsOf({ items: [{ name: 'a' }, {}] }, schema)).toEqual([
      'spec.items[1].name: Required value',
    ]);
  });

  it('wants nothing of a list of which no items are described', () => {
    expect(faultsOf([1, 'x', null], { type: 'array' })).toEqual([]);
  });

  it('takes no inherited name for a field', () => {
    expect(faultsOf({}, object({}, { required: ['constructor'] }))).toEqual([
      'spec.constructor: Required value',
    ]);
    expect(faultsOf({ toString: 1 }, object({ a: text }))).toEqual([]);
  });

  it('names fields of the whole resource without anything in front', () => {
    const schema = object({ spec: object({ size: whole }) }, { required: ['status'] });
    expect(textsOf(validateBySchema({ spec: { size: true } }, schema, ''))).toEqual([
      'spec.size: Invalid value: "boolean": spec.size in body must be of type integer: "boolean"',
      'status: Required value',
    ]);
  });
});

describe('validateBySchema, alternatives', () => {
  const either = [{ required: ['a'] }, { required: ['b'] }];

  it('tells of one alternative what is wrong when none of anyOf is fine', () => {
    expect(faultsOf({}, { anyOf: either })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
      'spec.a: Required value',
    ]);
  });

  it('takes several of anyOf, but one of oneOf', () => {
    expect(faultsOf({ a: 1, b: 2 }, { anyOf: either })).toEqual([]);
    expect(faultsOf({ a: 1 }, { oneOf: either })).toEqual([]);
    expect(faultsOf({ a: 1, b: 2 }, { oneOf: either })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]);
  });

  it('tells of one alternative what is wrong when none of oneOf is fine', () => {
    expect(faultsOf({}, { oneOf: either })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      'spec.a: Required value',
    ]);
  });

  it('tells of the alternative that looked at most', () => {
    const cheap: JsonSchema = { required: ['x'] };
    const close = object({ a: { minimum: 5 }, b: { minimum: 5 } });
    for (const junctor of ['anyOf', 'oneOf'] as const) {
      const faults = faultsOf({ a: 1, b: 9 }, { [junctor]: [cheap, close] });
      expect(faults).toHaveLength(2);
      expect(faults[1]).toBe(
        'spec.a: Invalid value: 1: spec.a in body should be greater than or equal to 5',
      );
    }
  });

  it('wants all of allOf', () => {
    const schema: JsonSchema = { allOf: [{ minimum: 1 }, { maximum: 5 }] };
    expect(faultsOf(3, schema)).toEqual([]);
    expect(faultsOf(9, schema)).toEqual([
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)',
      'spec: Invalid value: 9: spec in body should be less than or equal to 5',
    ]);
  });

  it('says so when none of allOf is fine', () => {
    expect(faultsOf(3, { allOf: [{ minimum: 5 }, { multipleOf: 2 }] })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf). None validated',
      'spec: Invalid value: 3: spec in body should be a multiple of 2',
      'spec: Invalid value: 3: spec in body should be greater than or equal to 5',
    ]);
  });

  it('refuses what is fine for not', () => {
    expect(faultsOf(3, { not: { minimum: 5 } })).toEqual([]);
    expect(faultsOf(7, { not: { minimum: 5 } })).toEqual([
      '<nil>: Invalid value: "": "spec" must not validate the schema (not)',
    ]);
  });

  it('asks alternatives beside all else', () => {
    expect(faultsOf(3, { minimum: 5, anyOf: [{ minimum: 1 }] })).toEqual([
      'spec: Invalid value: 3: spec in body should be greater than or equal to 5',
    ]);
  });

  it('looks for alternatives inside alternatives', () => {
    const schema: JsonSchema = { allOf: [{ anyOf: [{ minimum: 5 }, { maximum: 1 }] }] };
    expect(faultsOf(7, schema)).toEqual([]);
    expect(faultsOf(3, schema)).toHaveLength(3);
  });

  it('tells a fault once', () => {
    const positive: JsonSchema = { minimum: 1 };
    expect(faultsOf(0, { ...positive, allOf: [positive, positive] })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf). None validated',
      'spec: Invalid value: 0: spec in body should be greater than or equal to 1',
    ]);
  });
});

describe('validateBySchema, changes', () => {
  const positive: JsonSchema = { ...whole, minimum: 1 };
  const fault = (path: string, value = 0) =>
    `${path}: Invalid value: ${value}: ${path} in body should be greater than or equal to 1`;

  it('does not judge again what is as it was', () => {
    const schema = object({ a: positive, b: positive });
    expect(faultsOf({ a: 0, b: 0 }, schema, { a: 0, b: 0 })).toEqual([]);
    expect(faultsOf({ a: 0, b: 0 }, schema, { a: 0, b: 2 })).toEqual([fault('spec.b')]);
    expect(faultsOf({ a: 0, b: 0 }, schema, { a: 0 })).toEqual([fault('spec.b')]);
  });

  it('judges what was bad and is bad in another way', () => {
    expect(faultsOf({ a: -1 }, object({ a: positive }), { a: 0 })).toEqual([fault('spec.a', -1)]);
  });

  it('wants what is required of an object that has changed', () => {
    const schema = object({ a: whole, b: whole }, { required: ['b'] });
    expect(faultsOf({ a: 1 }, schema, { a: 1 })).toEqual([]);
    expect(faultsOf({ a: 2 }, schema, { a: 1 })).toEqual(['spec.b: Required value']);
  });

  it('looks for changes in the values of a map', () => {
    const before = { x: 0 };
    expect(faultsOf({ x: 0, y: 0 }, mapOf(positive), before)).toEqual([fault('spec.y')]);
  });

  it('judges all items of a list that has changed', () => {
    expect(faultsOf([0], list(positive), [0])).toEqual([]);
    expect(faultsOf([0, 2], list(positive), [0])).toEqual([fault('spec[0]')]);
  });

  it('knows the items of a map by their keys, wherever they stand', () => {
    const schema = list(object({ name: text, size: positive }), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
    const before = [{ name: 'a', size: 0 }];
    const now = [
      { name: 'b', size: 0 },
      { name: 'a', size: 0 },
    ];
    expect(faultsOf(now, schema, before)).toEqual([fault('spec[0].size')]);
    expect(faultsOf([{ name: 'a', size: -1 }], schema, before)).toEqual([
      fault('spec[0].size', -1),
    ]);
  });

  it('judges apiVersion and kind at the top though they never change', () => {
    const schema = object({ kind: { ...text, pattern: '^X$' }, size: whole });
    const [old, now] = [
      { kind: 'Y', size: 1 },
      { kind: 'Y', size: 2 },
    ];
    const told = 'kind: Invalid value: "Y": kind in body should match \'^X$\'';
    expect(textsOf(validateBySchema(now, schema, '', old))).toEqual([told]);
    expect(faultsOf(now, schema, old)).toEqual([]);
  });

  it('judges the value itself in alternatives, and what is in it by what it was', () => {
    const schema = object(
      { a: whole, b: whole },
      { allOf: [object({ a: positive }, { required: ['c'] })] },
    );
    expect(faultsOf({ a: 0, b: 2 }, schema, { a: 0, b: 1 })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf). None validated',
      'spec.c: Required value',
    ]);
  });

  it('tells null from nothing, and an empty list from an empty object', () => {
    expect(faultsOf({ a: null }, object({ a: whole }), { a: undefined })).toHaveLength(1);
    expect(faultsOf({ a: [] }, object({ a: whole }), { a: {} })).toHaveLength(1);
  });

  property(
    'finds nothing wrong with any value that is as it was',
    fc.jsonValue({ maxDepth: 3 }),
    (value) => {
      const schema = object({ a: positive }, { required: ['z'], minProperties: 3, maxLength: 0 });
      expect(faultsOf(value, schema, structuredClone(value))).toEqual([]);
    },
  );
});

describe('kindOf, with what is yours', () => {
  const definition = newDefinition('foos', 'Foo');

  it('prunes and sets defaults before a write, and checks', () => {
    const kind = kindOf(definition, 'v1');
    const resource = {
      apiVersion: 'example.com/v1',
      kind: 'Foo',
      metadata: { name: 'a' },
      spec: { odd: 1, count: 0 } as JsonFields,
    };
    kind.setDefaults(resource);
    expect(resource.spec).toEqual({ count: 0, size: 1 });
    expect(textsOf(kind.validate(resource))).toEqual([
      'spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1',
    ]);
    const old = structuredClone(resource);
    expect(kind.validateUpdate({ ...resource, spec: { count: 0, size: 2 } }, old)).toEqual([]);
  });
});

interface Accepted {
  readonly plural?: string;
  readonly singular?: string;
  readonly shortNames?: string[];
  readonly kind?: string;
  readonly listKind?: string;
  readonly categories?: string[];
}

/** A definition; `accepted` are the names that were accepted before. */
function newDefinition(
  plural: string,
  kind: string,
  {
    wish = {},
    accepted,
    group = 'example.com',
    conditions = [],
  }: {
    readonly wish?: Accepted;
    readonly accepted?: Accepted;
    readonly group?: string;
    readonly conditions?: { type: string; status: string; reason?: string }[];
  } = {},
): CustomResourceDefinition {
  const spec = object({ size: { ...whole, default: 1 }, count: { ...whole, minimum: 1 } });
  const names = {
    plural,
    kind,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    ...wish,
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names,
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({ spec }) } },
      ],
    },
    status: {
      acceptedNames: { plural: '', kind: '', ...accepted },
      conditions,
      storedVersions: ['v1'],
    },
  };
}

/** The same with all its wishes granted. */
function granted(definition: CustomResourceDefinition): CustomResourceDefinition {
  return { ...definition, status: definitionConditions(definition, [], { now: () => 0 }) };
}

const noon = { now: () => Date.UTC(2025, 0, 1, 12) };
const conditionTexts = ({ conditions }: ReturnType<typeof definitionConditions>) =>
  conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`);

const ACCEPTED = 'NamesAccepted=True NoConflicts: no conflicts found';
const ESTABLISHED = 'Established=True InitialNamesAccepted: the initial names have been accepted';
const NOT_ESTABLISHED = 'Established=False NotAccepted: not all names are accepted';

describe('definitionConditions', () => {
  it.core('accepts names that nobody has, and establishes', () => {
    const definition = newDefinition('foos', 'Foo', { wish: { shortNames: ['f'] } });
    const status = definitionConditions(definition, [], noon);
    expect(status.acceptedNames).toEqual({
      plural: 'foos',
      singular: 'foo',
      shortNames: ['f'],
      kind: 'Foo',
      listKind: 'FooList',
    });
    expect(conditionTexts(status)).toEqual([ACCEPTED, ESTABLISHED]);
    expect(status.conditions[0]?.lastTransitionTime).toBe('2025-01-01T12:00:00Z');
    expect(status.storedVersions).toEqual(['v1']);
  });

  it('does not establish while a name is somebody else’s', () => {
    const foos = granted(newDefinition('foos', 'Foo', { wish: { shortNames: ['f'] } }));
    const bars = newDefinition('bars', 'Bar', { wish: { shortNames: ['f'] } });
    const status = definitionConditions(bars, [foos], noon);
    expect(status.acceptedNames).toEqual({
      plural: 'bars',
      singular: 'bar',
      kind: 'Bar',
      listKind: 'BarList',
    });
    expect(conditionTexts(status)).toEqual([
      'NamesAccepted=False ShortNamesConflict: "f" is already in use',
      NOT_ESTABLISHED,
    ]);
  });

  const taken = () => [
    granted(
      newDefinition('foos', 'Foo', { wish: { singular: 'oneFoo', shortNames: ['f', 'fo'] } }),
    ),
  ];
  const rows: [name: string, wish: Accepted, told: string][] = [
    ['a plural', { plural: 'foos' }, 'PluralConflict: "foos"'],
    ['a plural that is a short name', { plural: 'fo' }, 'PluralConflict: "fo"'],
    ['a singular', { singular: 'oneFoo' }, 'SingularConflict: "oneFoo"'],
    ['a singular that is a plural', { singular: 'foos' }, 'SingularConflict: "foos"'],
    ['a short name that is a plural', { shortNames: ['foos'] }, 'ShortNamesConflict: "foos"'],
    ['one of two short names', { shortNames: ['b', 'f'] }, 'ShortNamesConflict: "f"'],
    ['a kind', { kind: 'Foo' }, 'KindConflict: "Foo"'],
    ['a kind that is a list kind', { kind: 'FooList' }, 'KindConflict: "FooList"'],
    ['a list kind', { listKind: 'FooList' }, 'ListKindConflict: "FooList"'],
    [
      'the last of two conflicts',
      { plural: 'foos', singular: 'oneFoo' },
      'SingularConflict: "oneFoo"',
    ],
    ['a kind rather than a short name', { shortNames: ['f'], kind: 'Foo' }, 'KindConflict: "Foo"'],
  ];
  for (const [name, wish, told] of rows) {
    it(`tells of ${name}`, () => {
      const status = definitionConditions(newDefinition('bars', 'Bar', { wish }), taken(), noon);
      expect(conditionTexts(status)).toEqual([
        `NamesAccepted=False ${told} is already in use`,
        NOT_ESTABLISHED,
      ]);
    });
  }

  it('tells of all short names that are taken', () => {
    const bars = newDefinition('bars', 'Bar', { wish: { shortNames: ['f', 'b', 'fo'] } });
    const status = definitionConditions(bars, taken(), noon);
    expect(conditionTexts(status)[0]).toBe(
      'NamesAccepted=False ShortNamesConflict: ["f" is already in use, "fo" is already in use]',
    );
    expect(status.acceptedNames.shortNames).toBeUndefined();
  });

  it('does not take a name of one set for one of the other', () => {
    const bars = newDefinition('bars', 'Bar', { wish: { singular: 'FooList', listKind: 'foos' } });
    expect(conditionTexts(definitionConditions(bars, taken(), noon))).toEqual([
      ACCEPTED,
      ESTABLISHED,
    ]);
  });

  it('lets two groups have the same names', () => {
    const other = newDefinition('foos', 'Foo', { group: 'other.io' });
    expect(conditionTexts(definitionConditions(other, taken(), noon))).toEqual([
      ACCEPTED,
      ESTABLISHED,
    ]);
  });

  it('does not mind what others only wish for', () => {
    const wishing = newDefinition('foos', 'Foo');
    const bars = newDefinition('bars', 'Bar', { wish: { singular: 'foo' } });
    expect(conditionTexts(definitionConditions(bars, [wishing], noon))).toEqual([
      ACCEPTED,
      ESTABLISHED,
    ]);
  });

  it('lets a definition keep what is its own', () => {
    const foos = granted(newDefinition('foos', 'Foo', { wish: { shortNames: ['f'] } }));
    const status = definitionConditions(foos, [], noon);
    expect(status).toEqual(foos.status);
  });

  it('keeps the names accepted before when new ones are taken', () => {
    const bars = granted(newDefinition('bars', 'Bar', { wish: { shortNames: ['b'] } }));
    const wished = { ...bars.spec.names, singular: 'foos', shortNames: ['b', 'f'] };
    const changed = { ...bars, spec: { ...bars.spec, names: wished } };
    const status = definitionConditions(changed, taken(), noon);
    expect(status.acceptedNames).toMatchObject({ singular: 'bar', shortNames: ['b'] });
    expect(conditionTexts(status)).toEqual([
      'NamesAccepted=False ShortNamesConflict: "f" is already in use',
      ESTABLISHED,
    ]);
  });

  it('grants new names to an established definition', () => {
    const bars = granted(newDefinition('bars', 'Bar', { wish: { shortNames: ['b'] } }));
    const { shortNames: _, ...names } = bars.spec.names;
    const changed = { ...bars, spec: { ...bars.spec, names: { ...names, singular: 'one' } } };
    const { acceptedNames } = definitionConditions(changed, taken(), noon);
    expect(acceptedNames.singular).toBe('one');
    expect(acceptedNames.shortNames).toBeUndefined();
  });

  it('does not take one of its own other names for free', () => {
    const bars = granted(newDefinition('bars', 'Bar', { wish: { shortNames: ['b'] } }));
    const names = { ...bars.spec.names, singular: 'b' };
    const changed = { ...bars, spec: { ...bars.spec, names } };
    expect(conditionTexts(definitionConditions(changed, [], noon))[0]).toBe(
      'NamesAccepted=False SingularConflict: "b" is already in use',
    );
  });

  it('accepts categories, which many may share', () => {
    const wish = { categories: ['all'] };
    const foos = granted(newDefinition('foos', 'Foo', { wish }));
    const bars = newDefinition('bars', 'Bar', { wish: { ...wish, singular: 'foo' } });
    expect(definitionConditions(bars, [foos], noon).acceptedNames.categories).toEqual(['all']);
    const names = { ...foos.spec.names };
    delete names.categories;
    const without = { ...foos, spec: { ...foos.spec, names } };
    expect(definitionConditions(without, [], noon).acceptedNames.categories).toBeUndefined();
  });

  it('has the empty text for a plural and a kind that were never accepted', () => {
    const bars = newDefinition('bars', 'Bar', { wish: { plural: 'foos', kind: 'Foo' } });
    expect(definitionConditions(bars, taken(), noon).acceptedNames).toEqual({
      plural: '',
      singular: 'bar',
      kind: '',
      listKind: 'BarList',
    });
  });

  it('establishes once the names are free', () => {
    const bars = newDefinition('bars', 'Bar', { wish: { singular: 'foos' } });
    const refused = { ...bars, status: definitionConditions(bars, taken(), { now: () => 0 }) };
    const status = definitionConditions(refused, [], noon);
    expect(conditionTexts(status)).toEqual([ACCEPTED, ESTABLISHED]);
    expect(status.conditions.map((condition) => condition.lastTransitionTime)).toEqual([
      '2025-01-01T12:00:00Z',
      '2025-01-01T12:00:00Z',
    ]);
  });

  it('leaves Established as it is while names are refused', () => {
    const conditions = [{ type: 'Established', status: 'False', reason: 'InvalidCABundle' }];
    const bars = newDefinition('bars', 'Bar', { wish: { singular: 'foos' }, conditions });
    const status = definitionConditions(bars, taken(), noon);
    expect(status.conditions.find(({ type }) => type === 'Established')).toEqual(conditions[0]);
  });

  it('leaves Established as it is once it is True', () => {
    const conditions = [{ type: 'Established', status: 'True', reason: 'LongAgo' }];
    const foos = newDefinition('foos', 'Foo', { conditions });
    const status = definitionConditions(foos, [], noon);
    expect(status.conditions.find(({ type }) => type === 'Established')).toEqual(conditions[0]);
  });

  it('keeps other conditions, and changes nothing of what it is given', () => {
    const conditions = [{ type: 'Other', status: 'True', reason: 'Because' }];
    const foos = newDefinition('foos', 'Foo', { conditions });
    const before = structuredClone(foos);
    const status = definitionConditions(foos, [], noon);
    expect(status.conditions.map(({ type }) => type)).toEqual([
      'Other',
      'NamesAccepted',
      'Established',
    ]);
    expect(foos).toEqual(before);
  });

  it('judges a definition nobody has looked at yet', () => {
    const { status: _, ...fresh } = newDefinition('foos', 'Foo');
    const status = definitionConditions(fresh, [], noon);
    expect(conditionTexts(status)).toEqual([ACCEPTED, ESTABLISHED]);
    expect(status.storedVersions).toEqual([]);
  });
});
