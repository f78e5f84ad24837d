/** What server-side apply is given: paths, stored sets, checks, names. */

import { describe, expect, it } from 'vitest';
import type { ApiObject, Json } from '../../../solutions/02-apiserver/api-object.ts';
import { checkConfig } from '../../../solutions/02-apiserver/apply/check-config.ts';
import { compareFields } from '../../../solutions/02-apiserver/apply/compare-fields.ts';
import { FieldSet } from '../../../solutions/02-apiserver/apply/field-set.ts';
import { fieldsToSet, setToFields } from '../../../solutions/02-apiserver/apply/fields-v1.ts';
import { managerFromUserAgent } from '../../../solutions/02-apiserver/apply/manager-name.ts';
import {
  keyElement,
  pathText,
  valueElement,
} from '../../../solutions/02-apiserver/apply/path-element.ts';
import { withoutResetFields } from '../../../solutions/02-apiserver/apply/reset-fields.ts';
import { trackUpdate } from '../../../solutions/02-apiserver/apply/track-update.ts';
import type {
  Field,
  ListSchema,
  ObjectSchema,
  Schema,
} from '../../../solutions/02-apiserver/schema/schema.ts';

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };

/** An object as those of built-in kinds, which have a name. */
function named(name: string, fields: Record<string, Schema | Field>): ObjectSchema {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    name,
    fields: new Map(entries.map(([field, f]) => [field, 'schema' in f ? f : { schema: f }])),
  };
}

const byName = (items: Schema): ListSchema => ({
  type: 'list',
  items,
  listType: 'map',
  listMapKeys: ['name'],
});

const metadata = named('ObjectMeta', {
  name: text,
  namespace: text,
  labels: { type: 'map', values: text },
  managedFields: { type: 'list', items: { type: 'any' } },
});
const container = named('Container', { name: text, image: text });
const podSpec = named('PodSpec', {
  containers: { schema: byName(container), required: true },
  volumes: byName(container),
  securityContext: named('SecurityContext', { runAsUser: whole }),
});
const schema = named('Deployment', {
  apiVersion: text,
  kind: text,
  metadata,
  spec: named('DeploymentSpec', {
    replicas: whole,
    paused: { type: 'boolean' },
    port: { type: 'string', format: 'int-or-string' },
    strategy: named('DeploymentStrategy', { type: text }),
    template: {
      schema: named('PodTemplateSpec', { metadata, spec: podSpec }),
      required: true,
    },
    tags: { type: 'list', items: text, listType: 'set' },
  }),
});

const thing = (spec: Json, rest: object = {}): ApiObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  ...rest,
  spec,
});

const lines = (fields: FieldSet | undefined) =>
  [...(fields?.paths() ?? [])].map((p) => p.join(' '));

describe('path elements', () => {
  it('sort keys and write JSON as Go does', () => {
    expect(keyElement({ protocol: 'TCP', containerPort: 80 })).toBe(
      'k:{"containerPort":80,"protocol":"TCP"}',
    );
    expect(valueElement('a<b>&c')).toBe('v:"a\\u003cb\\u003e\\u0026c"');
  });

  it('read well in messages', () => {
    const path = ['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:name'];
    expect(pathText(path)).toBe('.spec.ports[port=80,protocol="TCP"].name');
    expect(pathText(['f:finalizers', 'v:"x"'])).toBe('.finalizers[="x"]');
    expect(pathText(['f:list', 'i:2'])).toBe('.list[2]');
  });

  it('come in order: fields, keys, values; numbers before texts', () => {
    const set = FieldSet.of(['v:"a"'], ['v:10'], ['v:9'], ['k:{"n":"x"}'], ['f:z'], ['f:a']);
    expect(lines(set)).toEqual(['f:a', 'f:z', 'k:{"n":"x"}', 'v:9', 'v:10', 'v:"a"']);
  });
});

describe('FieldsV1', () => {
  const fields = {
    'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
    'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } },
  };

  it('is read and written', () => {
    const set = fieldsToSet(fields);
    expect(lines(set)).toEqual([
      'f:metadata f:labels',
      'f:metadata f:labels f:app',
      'f:spec f:containers k:{"name":"a"}',
      'f:spec f:containers k:{"name":"a"} f:image',
    ]);
    expect(JSON.stringify(setToFields(set as FieldSet))).toBe(JSON.stringify(fields));
  });

  it('is read in other spellings', () => {
    const set = fieldsToSet({ 'k:{ "b": 1, "a": 2 }': {}, 'v: "x"': {} });
    expect(setToFields(set as FieldSet)).toEqual({ 'k:{"a":2,"b":1}': {}, 'v:"x"': {} });
  });

  it('skips steps of unknown kinds and refuses broken ones', () => {
    expect(lines(fieldsToSet({ 'x:new': {}, 'f:a': {} }))).toEqual(['f:a']);
    expect(fieldsToSet({ 'k:{': {} })).toBeUndefined();
    expect(fieldsToSet({ nothing: {} })).toBeUndefined();
    expect(fieldsToSet({ 'f:a': 1 })).toBeUndefined();
    expect(fieldsToSet([])).toBeUndefined();
  });
});

describe('compareFields', () => {
  const compared = (old: Json | undefined, updated: Json | undefined) => {
    const { added, modified, removed } = compareFields(old, updated, schema);
    return { added: lines(added), modified: lines(modified), removed: lines(removed) };
  };

  it('takes no notice of what is always there', () => {
    const template = { metadata: { labels: { a: '1' } }, spec: { containers: [{ name: 'a' }] } };
    expect(
      compared({}, { spec: { replicas: 1, strategy: { type: 'x' }, template } }).added,
    ).toEqual([
      'f:spec f:replicas',
      'f:spec f:strategy f:type',
      'f:spec f:template f:metadata f:labels',
      'f:spec f:template f:metadata f:labels f:a',
      'f:spec f:template f:spec f:containers k:{"name":"a"}',
      'f:spec f:template f:spec f:containers k:{"name":"a"} f:name',
    ]);
  });

  it('has a branch that comes or goes', () => {
    const spec = (below: Json) => ({ spec: { template: { spec: below } } });
    const context = { securityContext: { runAsUser: 1 } };
    const path = 'f:spec f:template f:spec f:securityContext';
    expect(compared(spec({}), spec(context)).added).toEqual([path, `${path} f:runAsUser`]);
    expect(compared(spec(context), spec({})).removed).toEqual([path, `${path} f:runAsUser`]);
  });

  it('tells nothing and an empty value apart, but not two nothings', () => {
    expect(compared({ spec: { tags: [] } }, { spec: { tags: null } }).modified).toEqual([
      'f:spec f:tags',
    ]);
    expect(compared({ spec: {} }, { spec: { tags: [] } }).added).toEqual(['f:spec f:tags']);
  });

  it('finds nothing in equal objects', () => {
    const object = { spec: { replicas: 1, tags: ['a'] } };
    const { added, modified, removed } = compareFields(object, structuredClone(object), schema);
    expect([added.isEmpty, modified.isEmpty, removed.isEmpty]).toEqual([true, true, true]);
  });
});

describe('checkConfig', () => {
  const options = { schema, apiVersion: 'apps/v1' };
  const fault = (spec: Json) => {
    try {
      checkConfig(undefined, thing(spec), options);
      return undefined;
    } catch (error) {
      const prefix =
        'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ';
      return (error as Error).message.replace(prefix, '');
    }
  };

  it('lets through what the schema allows', () => {
    expect(fault({ replicas: 1, port: 'http', strategy: null, tags: ['a'] })).toBeUndefined();
    expect(fault({ port: 80 })).toBeUndefined();
  });

  const rows: [spec: Json, message: string][] = [
    [
      { replicas: '3' },
      '.spec.replicas: expected numeric (int or float), got &value.valueUnstructured{Value:"3"}',
    ],
    [{ paused: 1 }, '.spec.paused: expected boolean, got &value.valueUnstructured{Value:1}'],
    [
      { strategy: [1] },
      '.spec.strategy: expected map, got &value.valueUnstructured{Value:[]interface {}{1}}',
    ],
    [{ tags: 'a' }, '.spec.tags: expected list, got &value.valueUnstructured{Value:"a"}'],
    [{ tags: ['a', 'a'] }, '.spec.tags: duplicate entries for key [="a"]'],
    [
      { tags: [null] },
      ".spec.tags: element 0: associative list without keys has an element that's an explicit null",
    ],
    [
      { template: { spec: { containers: [{ image: 'x' }] } } },
      '.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn\'t have default value)',
    ],
    [
      { template: { spec: { containers: [{ name: 'a', imag: 'x' }] } }, x: 1 },
      'errors:\n  .spec.template.spec.containers[name="a"].imag: field not declared in schema\n  .spec.x: field not declared in schema',
    ],
  ];
  for (const [spec, message] of rows) {
    it(`says ${message.slice(0, 60)}`, () => expect(fault(spec)).toBe(message));
  }

  it('refuses another kind than the one that is there', () => {
    const live = thing({});
    const config = { ...thing({}), kind: 'Pod' };
    expect(() => checkConfig(live, config, options)).toThrow(
      'invalid object type: apps/v1, Kind=Pod',
    );
  });
});

describe('managerFromUserAgent', () => {
  const rows: [agent: string | undefined, name: string][] = [
    ['kubectl/v1.33.0 (linux/amd64) kubernetes/60a317e', 'kubectl'],
    ['kube-controller-manager/v1.33.0', 'kube-controller-manager'],
    ['curl', 'curl'],
    ['Go http client/1.1', 'Go http client'],
    ['a\tb\u0000c/1', 'abc'],
    ['/x', 'unknown'],
    ['', 'unknown'],
    [undefined, 'unknown'],
    [`${'ä'.repeat(100)}/1`, 'ä'.repeat(64)],
  ];
  for (const [agent, name] of rows) {
    it(`calls ${JSON.stringify(agent)?.slice(0, 30)} ${name.slice(0, 30)}`, () => {
      expect(managerFromUserAgent(agent)).toBe(name);
    });
  }
});

describe('withoutResetFields', () => {
  const config = {
    ...thing({ replicas: 1 }),
    metadata: { name: 'web', labels: { a: '1' }, ownerReferences: [] },
    status: { ready: 1 },
  };

  it('takes the status from what is applied to the object', () => {
    expect(withoutResetFields(config, '', true)).not.toHaveProperty('status');
    expect(withoutResetFields(config, '', false)).toBe(config);
  });

  it('takes all else from what is applied to the status', () => {
    expect(withoutResetFields(config, 'status', true)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { a: '1' } },
      status: { ready: 1 },
    });
  });
});

describe('managedFields a client sends', () => {
  it('are stored in our spelling, so that they are found again', () => {
    const options = { manager: 'm', schema, apiVersion: 'apps/v1', subresource: '', now: 'now' };
    const live = thing({ template: { spec: { containers: [{ name: 'a', image: 'x' }] } } });
    trackUpdate(undefined, live, options);
    const sent = structuredClone(live);
    const [entry] = sent.metadata.managedFields ?? [];
    const spelt = JSON.stringify(entry?.fieldsV1).replaceAll('{\\"name', '{ \\"name');
    sent.metadata.managedFields = [{ ...entry, manager: 'other', fieldsV1: JSON.parse(spelt) }];
    trackUpdate(live, sent, options);
    const changed = structuredClone(sent);
    changed.spec = { template: { spec: { containers: [{ name: 'a', image: 'y' }] } } };
    trackUpdate(sent, changed, options);
    const image = 'f:spec f:template f:spec f:containers k:{"name":"a"} f:image';
    const owned = (changed.metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => [
      manager,
      lines(fieldsToSet(fieldsV1)).includes(image),
    ]);
    expect(Object.fromEntries(owned)).toEqual({ m: true, other: false });
  });
});
