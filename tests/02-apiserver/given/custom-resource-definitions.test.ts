/** What a definition must be like, and the kinds that are made of one. */

import { fieldErrorText } from '#apimachinery';
import { describe, expect, it } from '#kit';
import type { ApiObject } from '../../../solutions/02-apiserver/api-object.ts';
import type { CustomResourceDefinition } from '../../../solutions/02-apiserver/custom-resources/definition.ts';
import {
  customResourceDefinitionKind,
  newDefinitionKind,
} from '../../../solutions/02-apiserver/custom-resources/definition-kind.ts';
import { deprecationWarningOf } from '../../../solutions/02-apiserver/custom-resources/deprecation.ts';
import { isOfFormat } from '../../../solutions/02-apiserver/custom-resources/formats.ts';
import { goPattern } from '../../../solutions/02-apiserver/custom-resources/go-pattern.ts';
import type { JsonSchema } from '../../../solutions/02-apiserver/custom-resources/json-schema.ts';
import { kindOf } from '../../../solutions/02-apiserver/custom-resources/kind-of.ts';
import { numberFaults } from '../../../solutions/02-apiserver/custom-resources/scalar-faults.ts';
import { toKindSchema } from '../../../solutions/02-apiserver/custom-resources/to-schema.ts';
import { newCelCompiler } from '../../../solutions/02-apiserver/wire/cel.ts';

const cel = newCelCompiler();
const definitions = newDefinitionKind(cel);

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});

/** A definition with one version, whose schema's `spec` is given. */
function definition(spec: JsonSchema = object({}), more: object = {}): CustomResourceDefinition {
  return withSchema(object({ spec }), more);
}

function withSchema(schema: JsonSchema, more: object = {}): CustomResourceDefinition {
  return ready({
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo' },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more },
    ],
  });
}

/** With defaults, as it comes to be checked. */
function ready(spec: object, metadata: object = {}): CustomResourceDefinition {
  const made = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'foos.example.com', ...metadata },
    spec: structuredClone(spec),
  } as unknown as CustomResourceDefinition;
  definitions.setDefaults(made);
  definitions.prepareForCreate?.(made);
  return made;
}

const faultsOf = (made: CustomResourceDefinition, kind = definitions) =>
  kind.validate(made).map(fieldErrorText);

/** Faults of a definition with one change of its spec. */
function faultsWith(change: (spec: CustomResourceDefinition['spec']) => void): string[] {
  const { spec } = definition();
  change(spec);
  return faultsOf(ready(spec));
}

const AT = 'spec.validation.openAPIV3Schema';

describe('customResourceDefinitionKind', () => {
  it('fills in what was left out', () => {
    const { spec, status } = definition();
    expect(spec.names).toMatchObject({ singular: 'foo', listKind: 'FooList' });
    expect(spec.conversion).toEqual({ strategy: 'None' });
    expect(status?.storedVersions).toEqual(['v1']);
  });

  it('finds nothing wrong with a good definition', () => {
    expect(faultsOf(definition())).toEqual([]);
  });

  it('wants the name that plural and group make', () => {
    const made = ready(definition().spec, { name: 'foo.example.com' });
    expect(faultsOf(made)).toEqual([
      'metadata.name: Invalid value: "foo.example.com": must be spec.names.plural+"."+spec.group',
    ]);
  });

  const rows: [
    name: string,
    change: (spec: CustomResourceDefinition['spec']) => void,
    fault: string,
  ][] = [
    [
      'a group without a dot',
      (s) => {
        s.group = 'example';
      },
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
    [
      'no scope',
      (s) => {
        delete (s as Partial<typeof s>).scope;
      },
      'spec.scope: Required value',
    ],
    [
      'another scope',
      (s) => {
        s.scope = 'Both' as 'Cluster';
      },
      'spec.scope: Unsupported value: "Both": supported values: "Cluster", "Namespaced"',
    ],
    [
      'no schema',
      (s) => {
        for (const v of s.versions) delete v.schema;
      },
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'conversion by webhook',
      (s) => {
        s.conversion = { strategy: 'Webhook' };
      },
      'spec.conversion.strategy: Forbidden: this server does not convert by webhooks: use None',
    ],
    [
      'unknown fields preserved by the spec',
      (s) => {
        s.preserveUnknownFields = true;
      },
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
    [
      'a kind that is also the list’s',
      (s) => {
        s.names.listKind = 'Foo';
      },
      'spec.names.listKind: Invalid value: "Foo": kind and listKind may not be the same',
    ],
    [
      'a column of an unknown type',
      (s) => {
        for (const v of s.versions)
          v.additionalPrinterColumns = [{ name: 'A', type: 'text', jsonPath: '.a' }];
      },
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
    [
      'a column’s path without a dot',
      (s) => {
        for (const v of s.versions)
          v.additionalPrinterColumns = [{ name: 'A', type: 'string', jsonPath: 'a' }];
      },
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
    ],
    [
      'a scale outside of spec',
      (s) => {
        for (const v of s.versions)
          v.subresources = {
            scale: { specReplicasPath: '.size', statusReplicasPath: '.status.size' },
          };
      },
      'spec.subresources.scale.specReplicasPath: Invalid value: ".size": should be a json path under .spec',
    ],
    [
      'a selectable field that is not there',
      (s) => {
        for (const v of s.versions) v.selectableFields = [{ jsonPath: '.spec.nope' }];
      },
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field',
    ],
    [
      'a warning for a version that is not deprecated',
      (s) => {
        for (const v of s.versions) v.deprecationWarning = 'x';
      },
      'spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions',
    ],
  ];
  for (const [name, change, fault] of rows) {
    it(`refuses ${name}`, () => {
      expect(faultsWith(change)).toContain(fault);
    });
  }

  it('wants exactly one version that is stored, and each name once', () => {
    const faults = faultsWith((spec) => {
      const [first] = spec.versions;
      if (first) spec.versions.push({ ...first });
    });
    expect(faults.map((text) => text.replace(/\[\{.*\}\]/, '[…]'))).toEqual([
      'spec.versions: Invalid value: […]: must contain unique version names',
      'spec.versions: Invalid value: […]: must have exactly one version marked as storage version',
    ]);
  });

  it('wants approval for groups of Kubernetes’ own', () => {
    const spec = { ...definition().spec, group: 'x.k8s.io' };
    const at = 'metadata.annotations[api-approved.kubernetes.io]';
    const name = 'foos.x.k8s.io';
    expect(faultsOf(ready(spec, { name }))[0]).toContain(`${at}: Required value: protected groups`);
    const annotations = { 'api-approved.kubernetes.io': 'https://github.com/x' };
    expect(faultsOf(ready(spec, { name, annotations }))).toEqual([]);
  });

  it('tells faults of versions that differ where they are', () => {
    const versions = [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({}) } },
      { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: { type: 'array' } } },
    ];
    const faults = faultsOf(ready({ ...definition().spec, versions }));
    expect(faults).toContain(
      'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "array": must be object at the root',
    );
  });

  it('does not let an established definition change what is stored', () => {
    const old = definition();
    old.status?.conditions.push({ type: 'Established', status: 'True' });
    const changed = structuredClone(old);
    changed.spec.scope = 'Cluster';
    changed.spec.names.kind = 'Bar';
    expect(definitions.validateUpdate(changed, old).map(fieldErrorText)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'spec.names.kind: Invalid value: "Bar": field is immutable',
    ]);
  });

  it('keeps a version in which something is stored', () => {
    const old = definition();
    const changed = structuredClone(old);
    for (const one of changed.spec.versions) one.name = 'v2';
    definitions.prepareForUpdate?.(changed, old);
    expect(changed.status?.storedVersions).toEqual(['v1', 'v2']);
    expect(definitions.validateUpdate(changed, old).map(fieldErrorText)).toEqual([
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ]);
  });
});

describe('a definition’s schema', () => {
  const inSpec = `${AT}.properties[spec]`;
  const rows: [name: string, spec: JsonSchema, fault: string][] = [
    [
      'a field without a type',
      {},
      `${inSpec}.type: Required value: must not be empty for specified object fields`,
    ],
    [
      'a type there is not',
      { type: 'text' },
      `${inSpec}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
    [
      'a list without items',
      { type: 'array' },
      `${inSpec}.items: Required value: must be specified`,
    ],
    [
      'a type in an alternative',
      object({}, { anyOf: [{ type: 'object' }] }),
      `${inSpec}.anyOf[0].type: Forbidden: must be empty to be structural`,
    ],
    [
      'a default in an alternative',
      object({}, { allOf: [{ default: {} }] }),
      `${inSpec}.allOf[0].default: Forbidden: must be undefined to be structural`,
    ],
    [
      'properties beside a map',
      object({ a: { type: 'string' } }, { additionalProperties: { type: 'string' } }),
      `${inSpec}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      'uniqueItems',
      { type: 'array', items: { type: 'string' }, uniqueItems: true } as JsonSchema,
      `${inSpec}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
    [
      'a reference',
      { $ref: '#/x', type: 'object' } as JsonSchema,
      `${inSpec}.$ref: Forbidden: $ref is not supported`,
    ],
    [
      'a list map without keys',
      { type: 'array', items: object({}), 'x-kubernetes-list-type': 'map' },
      `${inSpec}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
    [
      'a key that may be left out',
      {
        type: 'array',
        items: object({ a: { type: 'string' } }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['a'],
      },
      `${inSpec}.items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
    [
      'a set of objects that merge',
      { type: 'array', items: object({}), 'x-kubernetes-list-type': 'set' },
      `${inSpec}.items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
    [
      'a default of the wrong type',
      { type: 'integer', default: 'x' },
      `${inSpec}.default: Invalid value: "string": ${inSpec}.default in body must be of type integer: "string"`,
    ],
    [
      'a default with unknown fields',
      object({}, { default: { a: 1 } }),
      `${inSpec}.default: Invalid value: {"a":1}: must not have unknown fields`,
    ],
    [
      'a pattern that is none',
      { type: 'string', pattern: 'a(?=b)' },
      `${inSpec}.pattern: Invalid value: "a(?=b)": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: \`(?=\``,
    ],
    [
      'preserving nothing',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': false },
      `${inSpec}.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`,
    ],
  ];
  for (const [name, spec, fault] of rows) {
    it(`refuses ${name}`, () => {
      expect(faultsOf(definition(spec))).toContain(fault);
    });
  }

  it('specifies what its alternatives speak of', () => {
    const schema = object({}, { anyOf: [{ properties: { a: {} } }] });
    expect(faultsOf(withSchema(schema))).toEqual([
      `${AT}.properties[a]: Required value: because it is defined in ${AT}.anyOf[0].properties[a]`,
    ]);
  });

  it('may say of metadata what names are like, and no more', () => {
    const name: JsonSchema = { type: 'string', maxLength: 10 };
    const metadata = object({ name });
    expect(faultsOf(withSchema(object({ metadata })))).toEqual([]);
    expect(
      faultsOf(withSchema(object({ metadata: object({ labels: { type: 'object' } }) }))),
    ).toEqual([
      `${AT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
  });

  it('may have the two forms of int-or-string', () => {
    const types = [{ type: 'integer' }, { type: 'string' }];
    const port = { 'x-kubernetes-int-or-string': true };
    expect(faultsOf(definition({ ...port, anyOf: types }))).toEqual([]);
    const withPattern = { ...port, allOf: [{ anyOf: types }, { pattern: '^a' }] };
    expect(faultsOf(definition(withPattern))).toEqual([]);
  });

  it('says at its root nothing of a status that is looked at alone', () => {
    const status = { subresources: { status: {} } };
    const schema = object({ spec: object({}) }, { minProperties: 1 });
    expect(faultsOf(withSchema(schema, status))[0]).toContain(
      'fields are allowed at the root of the schema if the status subresource is enabled',
    );
    expect(faultsOf(withSchema(schema))).toEqual([]);
  });
});

describe('rules in a definition’s schema', () => {
  const withRule = (rule: object, spec = object({ a: { type: 'integer' } })) =>
    definition({ ...spec, 'x-kubernetes-validations': [rule as { rule: string }] });
  const at = `${AT}.properties[spec].x-kubernetes-validations[0]`;

  it('may be about what the schema knows', () => {
    expect(faultsOf(withRule({ rule: 'self.a > 1' }))).toEqual([]);
    expect(faultsOf(withRule({ rule: 'self.b > 1' }))[0]).toBe(
      `${at}.rule: Invalid value: {"rule":"self.b > 1"}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b > 1\n | ....^`,
    );
  });

  it('must come to yes or no', () => {
    expect(faultsOf(withRule({ rule: 'self.a' }))[0]).toContain(
      'cel expression must evaluate to a bool',
    );
  });

  it('must be there, and say something', () => {
    expect(faultsOf(withRule({ rule: ' ' }))).toEqual([
      `${at}.rule: Required value: rule is not specified`,
    ]);
    expect(faultsOf(withRule({ rule: 'true', reason: 'Odd' }))).toEqual([
      `${at}.reason: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ]);
  });

  it('may not speak of the old items of a list without keys', () => {
    const items = { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
    expect(faultsOf(definition({ type: 'array', items }))[0]).toContain(
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${AT}.properties[spec]`,
    );
  });

  it('are refused by a server that cannot compile them', () => {
    expect(faultsOf(withRule({ rule: 'true' }), customResourceDefinitionKind)).toEqual([
      `${at}.rule: Forbidden: rules in CEL are not supported: this server was started without a compiler for them`,
    ]);
    expect(() => kindOf(withRule({ rule: 'true' }), 'v1')).toThrow(
      'rules in CEL cannot be compiled here',
    );
  });
});

function resource(spec: unknown, more: object = {}): ApiObject {
  const metadata = { name: 'a', namespace: 'default' };
  return { apiVersion: 'example.com/v1', kind: 'Foo', metadata, spec, ...more };
}

describe('kindOf', () => {
  const subresources = {
    status: {},
    scale: {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.size',
      labelSelectorPath: '.status.selector',
    },
  };

  it('has the names that were accepted', () => {
    const made = definition();
    made.status = {
      acceptedNames: { plural: 'foos', kind: 'Foo', singular: 'one', shortNames: ['f'] },
      conditions: [],
      storedVersions: ['v1'],
    };
    made.spec.names.shortNames = ['f', 'g'];
    expect(kindOf(made, 'v1')).toMatchObject({
      group: 'example.com',
      version: 'v1',
      kind: 'Foo',
      listKind: 'FooList',
      resource: 'foos',
      singular: 'one',
      shortNames: ['f'],
      categories: [],
      namespaced: true,
      isCustom: true,
      storagePrefix: 'example.com/foos',
      allowUnconditionalUpdate: false,
    });
  });

  it('knows where the numbers of scale are', () => {
    expect(kindOf(definition(object({}), { subresources }), 'v1').subresources).toEqual({
      status: true,
      scale: {
        specReplicasPath: 'spec.size',
        statusReplicasPath: 'status.size',
        selectorPath: 'status.selector',
      },
    });
  });

  it('takes the status of a new object away when status is a subresource', () => {
    const created = resource({}, { status: { a: 1 } });
    kindOf(definition(object({}), { subresources }), 'v1').prepareForCreate?.(created);
    expect(created.status).toBeUndefined();
    const kept = resource({}, { status: { a: 1 } });
    kindOf(definition(), 'v1').prepareForCreate?.(kept);
    expect(kept.status).toEqual({ a: 1 });
  });

  it('counts a change of the status when that is no subresource', () => {
    const kind = kindOf(definition(), 'v1');
    const old = resource({}, { status: { a: 1 } });
    old.metadata.generation = 4;
    const now = structuredClone(old);
    kind.prepareForUpdate?.(now, old);
    expect(now.metadata.generation).toBe(4);
    now.status = { a: 2 };
    kind.prepareForUpdate?.(now, old);
    expect(now.metadata.generation).toBe(5);
  });

  it('changes nothing in metadata but managedFields with the status', () => {
    const kind = kindOf(definition(object({}), { subresources }), 'v1');
    const old = resource({});
    old.metadata.labels = { a: 'b' };
    const now = structuredClone(old);
    now.metadata.labels = { a: 'c' };
    now.metadata.managedFields = [{ manager: 'm' }];
    kind.prepareForStatusUpdate?.(now, old);
    expect(now.metadata).toEqual({ ...old.metadata, managedFields: [{ manager: 'm' }] });
  });

  it('checks the status alone in an update of it, and the numbers of scale', () => {
    const status = object({ size: { type: 'integer' } });
    const schema = object({ spec: object({ a: { type: 'string' } }), status });
    const kind = kindOf(withSchema(schema, { subresources }), 'v1');
    const now = resource({ a: 5 }, { status: { size: 'x' } });
    expect(kind.validateStatusUpdate?.(now, resource({ a: 5 })).map(fieldErrorText)).toEqual([
      'status.size: Invalid value: "string": size in body must be of type integer: "string"',
      '.status.size: Invalid value: 0: .status.size accessor error: x is of the type string, expected int64',
    ]);
  });

  it('finds what is twice in sets and maps, but not on an update that found it there', () => {
    const items = object({ name: { type: 'string' }, port: { type: 'integer' } });
    const spec = object({
      tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      ports: {
        type: 'array',
        items,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
    });
    const kind = kindOf(definition(spec), 'v1');
    const bad = resource({ tags: ['a', 'b', 'a'], ports: [{ name: 'x', port: 1 }, { name: 'x' }] });
    const faults = [
      'spec.tags[2]: Duplicate value: "a"',
      'spec.ports[1]: Duplicate value: {"name":"x"}',
    ];
    expect(kind.validate(bad).map(fieldErrorText)).toEqual(faults);
    expect(kind.validateUpdate(bad, resource({})).map(fieldErrorText)).toEqual(faults);
    expect(kind.validateUpdate({ ...bad, more: 1 }, bad)).toEqual([]);
  });

  it('checks objects inside objects', () => {
    const template = object(
      {},
      { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
    );
    const kind = kindOf(definition(object({ template })), 'v1');
    const bad = resource({ template: { apiVersion: 'v1', metadata: { name: 5 } } });
    expect(kind.validate(bad).map(fieldErrorText)).toEqual([
      'spec.template.kind: Required value: must not be empty',
      'spec.template.metadata.name: Invalid value: 5: must be a string',
    ]);
  });

  it('asks rules, those about changes only when there is an old value', () => {
    const spec = object(
      {
        size: { type: 'integer' },
        name: {
          type: 'string',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'name is immutable' }],
        },
      },
      {
        'x-kubernetes-validations': [
          {
            rule: 'self.size < 5',
            messageExpression: '"size is " + string(self.size)',
            fieldPath: '.size',
            reason: 'FieldValueForbidden',
          },
        ],
      },
    );
    const kind = kindOf(definition(spec), 'v1', cel);
    expect(kind.validate(resource({ size: 1, name: 'a' }))).toEqual([]);
    expect(kind.validate(resource({ size: 7, name: 'a' })).map(fieldErrorText)).toEqual([
      'spec.size: Forbidden: size is 7',
    ]);
    const old = resource({ size: 7, name: 'a' });
    expect(kind.validateUpdate(resource({ size: 7, name: 'a' }, { more: 1 }), old)).toEqual([]);
    expect(kind.validateUpdate(resource({ size: 1, name: 'b' }), old).map(fieldErrorText)).toEqual([
      'spec.name: Invalid value: "string": name is immutable',
    ]);
    expect(kind.validate(resource({ name: 'a' })).map(fieldErrorText)).toEqual([
      'spec: Invalid value: "object": no such key: size evaluating rule: self.size < 5',
    ]);
    expect(kind.validate(resource({ size: 'x' })).map(fieldErrorText)).toEqual([
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
      '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
  });

  it('shows what is stored in each version, pruned and with defaults', () => {
    const spec = object({ size: { type: 'integer', default: 1 } });
    const made = definition(spec);
    const [first] = made.spec.versions;
    if (first) made.spec.versions.push({ ...first, name: 'v2', storage: false });
    const stored = resource({ odd: 1 });
    expect(kindOf(made, 'v2').fromStorage?.(stored)).toMatchObject({
      apiVersion: 'example.com/v2',
      spec: { size: 1 },
    });
    expect(stored.spec).toEqual({ odd: 1 });
    expect(kindOf(made, 'v1').storageVersion).toBeUndefined();
    const sent = { ...resource({ size: 2 }), apiVersion: 'example.com/v2' };
    expect(kindOf(made, 'v2').toStorage?.(sent)).toEqual(resource({ size: 2 }));
    expect(kindOf(made, 'v2').storageVersion?.version).toBe('v1');
  });

  it('warns of a deprecated version, and says which is better', () => {
    const made = definition();
    const [first] = made.spec.versions;
    if (!first) return;
    made.spec.versions = [
      { ...first, name: 'v1alpha1', storage: false, deprecated: true },
      { ...first, name: 'v1beta1', storage: false },
      first,
    ];
    expect(deprecationWarningOf(made, 'v1')).toBeUndefined();
    expect(kindOf(made, 'v1alpha1').deprecationWarning).toBe(
      'example.com/v1alpha1 Foo is deprecated; use example.com/v1 Foo',
    );
  });

  it('has a schema for the rest of the server', () => {
    const spec = object({
      ports: { type: 'array', items: object({}), 'x-kubernetes-list-type': 'atomic' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      raw: { 'x-kubernetes-preserve-unknown-fields': true },
      port: { 'x-kubernetes-int-or-string': true },
    });
    const { fields } = toKindSchema(object({ spec }));
    expect([...fields.keys()].sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    const inside = fields.get('spec')?.schema;
    const types =
      inside?.type === 'object' ? [...inside.fields].map(([n, f]) => `${n}: ${f.schema.type}`) : [];
    expect(types).toEqual(['ports: list', 'labels: map', 'raw: any', 'port: string']);
  });
});

describe('goPattern', () => {
  const rows: [pattern: string, fine: string[], wrong: string[]][] = [
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', ['a', 'a-b'], ['-a', 'A']],
    ['(?i)^abc$', ['ABC'], ['abd']],
    ['^((?i)mon|tues)day$', ['MONday', 'tuesday'], ['monDAY']],
    ['^(?i)[a-c]X(?-i)y$', ['Bxy'], ['bxY']],
    ['^(?i:[^A-C])d$', ['Dd', 'dd'], ['bd', 'dD']],
    ['^a(?s).b$', ['a\nb'], ['ab']],
    ['(?m)^b$', ['a\nb\nc'], ['ab']],
    ['^[a-z.-]+$', ['a-.'], ['A']],
    ['^[[:alpha:]_]+\\z', ['a_B'], ['a1']],
    ['^\\-\\_\\/\\"$', ['-_/"'], ['x']],
    ['^a{2}b{,3}$', ['aab{,3}'], ['aabbb']],
    ['^[]a]+$', [']a'], ['b']],
    ['^(?P<x>a)$', ['a'], ['b']],
    ['^\\pL\\p{Greek}$', ['aα'], ['1α']],
    ['^\\Qa.b\\E$', ['a.b'], ['axb']],
    ['^.$', ['\r', '🙂'], ['\n']],
    ['^\\s$', [' ', '\t'], ['\u00a0']],
    ['^\\x{1F642}$', ['🙂'], ['x']],
  ];
  for (const [pattern, fine, wrong] of rows) {
    it(`reads ${pattern} as Go does`, () => {
      const made = goPattern(pattern);
      expect(fine.filter((text) => !made.test(text))).toEqual([]);
      expect(wrong.filter((text) => made.test(text))).toEqual([]);
    });
  }

  it('refuses what Go refuses', () => {
    for (const pattern of ['(?!a)', '(?<=a)b', '(a)\\1', '[a', '(a']) {
      expect(() => goPattern(pattern)).toThrow('error parsing regexp');
    }
  });
});

describe('isOfFormat', () => {
  const rows: [format: string, fine: string[], wrong: string[]][] = [
    ['date', ['2024-02-29'], ['2023-02-29', '2024-13-01', '24-1-1']],
    [
      'date-time',
      ['2025-01-01T00:00:00Z', '2025-01-01T00:00:00.5+02:00'],
      ['2025-01-01', '2025-01-01T25:00:00Z'],
    ],
    ['duration', ['1m30s', '-1.5h', '2 days'], ['x', '']],
    ['ipv4', ['1.2.3.4'], ['1.2.3', '::1']],
    ['ipv6', ['::1', 'fe80::1'], ['1.2.3.4', 'g::']],
    ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33']],
    ['mac', ['01:23:45:67:89:ab', '0123.4567.89ab'], ['01:23', '01-23:45:67:89:ab']],
    ['uuid', ['00000000-0000-4000-8000-000000000000'], ['0']],
    ['uri', ['https://a/b', '/a'], ['a', 'a b']],
    ['email', ['a@b', 'A <a@b.c>'], ['a', '@']],
    ['hostname', ['a.example', 'localhost'], ['-a', 'a..b']],
    ['byte', ['YQ=='], ['', 'a']],
    ['hexcolor', ['#fff', 'ffffff'], ['#ff']],
    ['rgbcolor', ['rgb(0, 10,255)'], ['rgb(0,0,256)']],
    ['isbn', ['0321751043', '978-0321751041'], ['0321751044']],
    ['creditcard', ['4111 1111 1111 1111'], ['4111 1111 1111 1112']],
    ['int32', ['anything'], []],
  ];
  for (const [format, fine, wrong] of rows) {
    it(`knows ${format}`, () => {
      expect(fine.filter((text) => !isOfFormat(text, format))).toEqual([]);
      expect(wrong.filter((text) => isOfFormat(text, format))).toEqual([]);
    });
  }
});

describe('numberFaults', () => {
  // As Go's library says of each: rounding that makes a quotient too large is forgiven.
  const rows: [value: number, factor: number, isMultiple: boolean][] = [
    [1.1, 0.01, true],
    [0.3, 0.1, true],
    [2.2, 1.1, true],
    [-0.3, 0.1, true],
    [0, 0.1, true],
    [4.35, 0.01, false],
    [-1.1, 0.01, false],
    [1.1001, 0.01, false],
    [0.05, 0.1, false],
  ];
  for (const [value, factor, isMultiple] of rows) {
    it(`takes ${value} ${isMultiple ? '' : 'not '}for a multiple of ${factor}`, () => {
      const faults = numberFaults(value, { multipleOf: factor }, 'x');
      expect(faults).toHaveLength(isMultiple ? 0 : 1);
    });
  }
});
