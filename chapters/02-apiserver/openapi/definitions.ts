/**
 * The built-in types as schemas of OpenAPI 3. Given.
 *
 * Made of the facts in `../schema/`; custom resources are in `custom-definition.ts`.
 *
 * @see k8s.io/kube-openapi/pkg/generators (its generated definitions)
 */

import { builtInSchema, kindOfDefinition } from '../schema/built-in.ts';
import type { Field, ListSchema, ObjectSchema, ScalarSchema, Schema } from '../schema/schema.ts';
import type { Descriptions } from './descriptions.ts';
import { discoveryKind, discoveryType } from './discovery-types.ts';
import {
  anyDefinition,
  FORMAT_DEFINITIONS,
  type JsonObject,
  META,
  refTo,
  WELL_KNOWN,
} from './well-known.ts';

/** Kinds that belong to no group in particular: they are told as of the core group. */
const META_GROUP = 'meta.k8s.io';

/**
 * A built-in type's definition.
 *
 * @param name - `io.k8s.api.core.v1.PodSpec`, or a list of objects: `io.k8s.api.core.v1.PodList`
 * @returns `undefined` when there is no such type
 */
export function builtInDefinition(
  name: string,
  descriptions: Descriptions,
): JsonObject | undefined {
  const known = WELL_KNOWN.get(name);
  const said = withDescription(descriptions.type(name));
  if (known) return { ...said, ...known };
  const schema = builtInSchema(name) ?? discoveryType(name);
  if (schema) return { ...said, ...objectDefinition(name, schema, descriptions) };
  return listDefinition(name, said, descriptions);
}

function withDescription(description: string | undefined): JsonObject {
  return description === undefined ? {} : { description };
}

function objectDefinition(
  name: string,
  schema: ObjectSchema,
  descriptions: Descriptions,
): JsonObject {
  const fields = [...schema.fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const properties = fields.map(([key, field]) => {
    const said = withDescription(descriptions.field(name, key));
    return [key, { ...fieldSchema(name, key, field), ...said }] as const;
  });
  const required = fields.filter(([, { required }]) => required).map(([key]) => key);
  const gvk = kindOfDefinition(name) ?? discoveryKind(name);
  return {
    type: 'object',
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(required.length > 0 && { required }),
    ...(schema.mapType && { 'x-kubernetes-map-type': schema.mapType }),
    ...(gvk && gvkExtension(gvk.group === META_GROUP ? '' : gvk.group, gvk.version, gvk.kind)),
  };
}

function gvkExtension(group: string, version: string, kind: string): JsonObject {
  return { 'x-kubernetes-group-version-kind': [{ group, kind, version }] };
}

/** Lists have no facts of their own: all are alike. */
function listDefinition(
  name: string,
  said: JsonObject,
  descriptions: Descriptions,
): JsonObject | undefined {
  const itemName = name.endsWith('List') ? name.slice(0, -'List'.length) : '';
  const gvk = itemName === '' ? undefined : kindOfDefinition(itemName);
  if (gvk === undefined) return undefined;
  return { ...said, ...listOf(itemName, gvk, (field) => descriptions.field(name, field)) };
}

/** The definition of a list of objects. */
export function listOf(
  itemName: string,
  {
    group,
    version,
    kind,
  }: { readonly group: string; readonly version: string; readonly kind: string },
  describe: (field: string) => string | undefined,
): JsonObject {
  const field = (name: string, schema: JsonObject) => [
    name,
    { ...schema, ...withDescription(describe(name)) },
  ];
  return {
    type: 'object',
    properties: Object.fromEntries([
      field('apiVersion', { type: 'string' }),
      field('items', { type: 'array', items: { allOf: [refTo(itemName)], default: {} } }),
      field('kind', { type: 'string' }),
      field('metadata', { allOf: [refTo(`${META}.ListMeta`)], default: {} }),
    ]),
    required: ['items'],
    ...gvkExtension(group, version, `${kind}List`),
  };
}

function fieldSchema(owner: string, name: string, field: Field): JsonObject {
  const { schema, required, patchStrategy, patchMergeKey } = field;
  const standard = field.default === undefined ? emptyValue(name, schema, required) : field.default;
  return {
    ...schemaOf(owner, name, schema),
    ...(standard !== undefined && { default: standard as JsonObject }),
    ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy.join(',') }),
    ...(patchMergeKey && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
  };
}

const STRUCTS = new Set(['metadata', 'spec', 'status', 'template']);

/** What a field is that was left out, where the real server's types have no "absent". */
function emptyValue(name: string, schema: Schema, required = false): unknown {
  switch (schema.type) {
    case 'object':
      return required || STRUCTS.has(name) ? {} : undefined;
    case 'string':
      if (!required || schema.format === 'byte') return undefined;
      return schema.format && FORMAT_DEFINITIONS[schema.format] ? undefined : '';
    case 'integer':
    case 'number':
      return required ? 0 : undefined;
    case 'boolean':
      return required ? false : undefined;
    default:
      return undefined;
  }
}

function schemaOf(owner: string, name: string, schema: Schema): JsonObject {
  switch (schema.type) {
    case 'object':
      return schema.name === undefined ? { type: 'object' } : { allOf: [refTo(schema.name)] };
    case 'map':
      return {
        type: 'object',
        additionalProperties: itemSchema(owner, name, schema.values),
        ...(schema.mapType && { 'x-kubernetes-map-type': schema.mapType }),
      };
    case 'list':
      return listSchema(owner, name, schema);
    case 'any':
      return { allOf: [refTo(anyDefinition(owner, name))] };
    default:
      return scalarSchema(schema);
  }
}

function listSchema(owner: string, name: string, schema: ListSchema): JsonObject {
  return {
    type: 'array',
    items: itemSchema(owner, name, schema.items),
    'x-kubernetes-list-type': schema.listType ?? 'atomic',
    ...(schema.listMapKeys && { 'x-kubernetes-list-map-keys': [...schema.listMapKeys] }),
  };
}

function itemSchema(owner: string, name: string, schema: Schema): JsonObject {
  const json = schemaOf(owner, name, schema);
  const standard = emptyValue(name, schema, true);
  const isRef = json.allOf !== undefined;
  if (isRef) return { ...json, default: {} };
  return standard === undefined ? json : { ...json, default: standard as JsonObject };
}

function scalarSchema({ type, format, enum: values }: ScalarSchema): JsonObject {
  const definition = format && FORMAT_DEFINITIONS[format];
  if (definition) return { allOf: [refTo(definition)] };
  return { type, ...(format && { format }), ...(values && { enum: [...values].sort() }) };
}
