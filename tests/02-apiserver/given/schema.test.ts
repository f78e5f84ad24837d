/** The facts of the built-in types: that the tables are read right, and hang together. */

import { describe, expect, it } from 'vitest';
import {
  builtInSchema,
  definitionNameOf,
  definitionNames,
  kindOfDefinition,
  schemaOfKind,
} from '../../../solutions/02-apiserver/schema/built-in.ts';
import type { Field, ObjectSchema, Schema } from '../../../solutions/02-apiserver/schema/schema.ts';

const CORE = 'io.k8s.api.core.v1';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

function typed(name: string): ObjectSchema {
  const schema = builtInSchema(name);
  if (schema === undefined) throw new Error(`no type ${name}`);
  return schema;
}

function field(type: string, name: string): Field {
  const found = typed(type).fields.get(name);
  if (found === undefined) throw new Error(`no field ${name} in ${type}`);
  return found;
}

/** The object types right below a value's schema. */
function typesIn(schema: Schema): ObjectSchema[] {
  if (schema.type === 'object') return [schema];
  if (schema.type === 'list') return typesIn(schema.items);
  return schema.type === 'map' ? typesIn(schema.values) : [];
}

describe('builtInSchema', () => {
  it('gives the same object each time, also as a field of another type', () => {
    const spec = typed(`${CORE}.PodSpec`);
    expect(typed(`${CORE}.PodSpec`)).toBe(spec);
    expect(field(`${CORE}.Pod`, 'spec').schema).toBe(spec);
    expect(field(`${CORE}.PodTemplateSpec`, 'spec').schema).toBe(spec);
    expect(schemaOfKind({ group: '', version: 'v1', kind: 'Pod' })).toBe(typed(`${CORE}.Pod`));
  });

  it('knows no type that is not there', () => {
    expect(builtInSchema(`${CORE}.Nothing`)).toBeUndefined();
    expect(builtInSchema('')).toBeUndefined();
    expect(() => schemaOfKind({ group: '', version: 'v1', kind: 'Nothing' })).toThrow('Nothing');
  });

  it('has types that hold themselves', () => {
    const props = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';
    expect(field(props, 'not').schema).toBe(typed(props));
    expect(typesIn(field(props, 'properties').schema)).toEqual([typed(props)]);
  });

  it('reads every type, and each refers to types that are there', () => {
    const names = definitionNames();
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(typed(name).name).toBe(name);
      for (const { schema } of typed(name).fields.values()) {
        for (const { name: inner = '' } of typesIn(schema)) expect(names).toContain(inner);
      }
    }
  });

  it('gives no number of protobuf to two fields of a type', () => {
    for (const name of definitionNames()) {
      const { fields, embedded } = typed(name);
      const own = [...fields.values()].map(({ number }) => number ?? 0).filter((n) => n > 0);
      const numbers = [...own, ...(embedded?.keys() ?? [])];
      expect([name, new Set(numbers).size]).toEqual([name, numbers.length]);
    }
  });

  it('finds the keys of merged lists in their items', () => {
    for (const name of definitionNames()) {
      for (const [at, { schema, patchMergeKey }] of typed(name).fields) {
        if (schema.type !== 'list' || schema.items.type !== 'object') continue;
        const { fields } = schema.items;
        const keys = [...(schema.listMapKeys ?? []), ...(patchMergeKey ? [patchMergeKey] : [])];
        for (const key of keys)
          expect([`${name}.${at}`, fields.has(key)]).toEqual([`${name}.${at}`, true]);
      }
    }
  });
});

describe('kinds', () => {
  it('are found by group, version and kind, and back', () => {
    const names = [
      ['', 'v1', 'Pod', `${CORE}.Pod`],
      ['apps', 'v1', 'Deployment', 'io.k8s.api.apps.v1.Deployment'],
      ['rbac.authorization.k8s.io', 'v1', 'Role', 'io.k8s.api.rbac.v1.Role'],
      [
        'autoscaling',
        'v2',
        'HorizontalPodAutoscaler',
        'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
      ],
    ] as const;
    for (const [group, version, kind, name] of names) {
      expect(definitionNameOf({ group, version, kind })).toBe(name);
      expect(kindOfDefinition(name)).toEqual({ group, version, kind });
    }
    expect(definitionNameOf({ group: 'apps', version: 'v7', kind: 'Deployment' })).toBeUndefined();
    expect(kindOfDefinition(`${CORE}.PodSpec`)).toBeUndefined();
  });

  it('say what they are, and have metadata', () => {
    const { fields } = schemaOfKind({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect([...fields.keys()]).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    expect(fields.get('metadata')?.schema).toBe(typed(`${META}.ObjectMeta`));
  });
});

describe('facts', () => {
  it('know lists with keys, sets and what is set as a whole', () => {
    const ports = field(`${CORE}.Container`, 'ports');
    expect(ports.schema).toMatchObject({
      type: 'list',
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
    });
    expect([ports.patchStrategy, ports.patchMergeKey]).toEqual([['merge'], 'containerPort']);
    expect(field(`${CORE}.Container`, 'command').schema).toMatchObject({ listType: 'atomic' });
    expect(field(`${META}.ObjectMeta`, 'finalizers').schema).toMatchObject({ listType: 'set' });
    expect(typed(`${META}.LabelSelector`).mapType).toBe('atomic');
    expect(field(`${CORE}.PodSpec`, 'nodeSelector').schema).toMatchObject({ mapType: 'atomic' });
  });

  it('know what is required, what has a default and which values there are', () => {
    expect(field(`${CORE}.Container`, 'name').required).toBe(true);
    expect(field(`${CORE}.Container`, 'image').required).toBeUndefined();
    expect(field(`${CORE}.ContainerPort`, 'protocol')).toMatchObject({
      default: 'TCP',
      schema: { type: 'string', enum: ['TCP', 'UDP', 'SCTP'] },
    });
    expect(field(`${CORE}.ServicePort`, 'protocol').default).toBe('TCP');
    expect(field('io.k8s.api.apps.v1.DeploymentSpec', 'strategy').patchStrategy).toEqual([
      'retainKeys',
    ]);
    expect(field(`${CORE}.PodSpec`, 'volumes').patchStrategy).toEqual(['merge', 'retainKeys']);
  });

  it('know how values are written', () => {
    const formats = [
      [`${CORE}.Secret`, 'type', undefined],
      [`${META}.ObjectMeta`, 'creationTimestamp', 'date-time'],
      ['io.k8s.api.coordination.v1.LeaseSpec', 'renewTime', 'micro-time'],
      [`${CORE}.ServicePort`, 'targetPort', 'int-or-string'],
      [`${CORE}.ResourceFieldSelector`, 'divisor', 'quantity'],
      ['io.k8s.api.apps.v1.DeploymentSpec', 'replicas', 'int32'],
      [`${CORE}.PodSpec`, 'terminationGracePeriodSeconds', 'int64'],
    ] as const;
    for (const [type, name, format] of formats) {
      const { schema } = field(type, name);
      expect([name, 'format' in schema ? schema.format : undefined]).toEqual([name, format]);
    }
    expect(field(`${CORE}.Secret`, 'data').schema).toMatchObject({ values: { format: 'byte' } });
    expect(field(`${CORE}.ResourceRequirements`, 'requests').schema).toMatchObject({
      type: 'map',
      values: { format: 'quantity' },
    });
  });

  it('put embedded fields beside the others in JSON, and in a message of their own in protobuf', () => {
    const volume = typed(`${CORE}.Volume`);
    expect(volume.fields.has('hostPath')).toBe(true);
    expect(volume.fields.has('volumeSource')).toBe(false);
    expect(volume.embedded?.get(2)).toBe(typed(`${CORE}.VolumeSource`));
    expect(typed(`${CORE}.Probe`).embedded?.get(1)).toBe(typed(`${CORE}.ProbeHandler`));
    expect(typed(`${CORE}.EphemeralContainer`).fields.has('image')).toBe(true);
  });
});
