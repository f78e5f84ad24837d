/**
 * A definition's schema in the form that the rest of the server reads (`../schema/schema.ts`).
 * Given.
 *
 * That form says less: what is checked, and what a default is set to, is read from the definition's
 * own.
 */

import { builtInSchema } from '../schema/built-in.ts';
import type { Field, ListSchema, MapSchema, ObjectSchema, Schema } from '../schema/schema.ts';
import { additionalOf, type JsonSchema } from './json-schema.ts';

const ANY: Schema = { type: 'any' };
const TEXT: Schema = { type: 'string' };

/** The schema of a whole resource, with `apiVersion`, `kind` and `metadata` whether it names them or not. */
export function toKindSchema(schema: JsonSchema): ObjectSchema {
  const fields = new Map(fieldsOf(schema));
  for (const [name, field] of metaFields()) fields.set(name, field);
  return { ...objectSchema(schema), fields };
}

/** The schema of a value. */
export function toSchema(schema: JsonSchema): Schema {
  if (schema['x-kubernetes-int-or-string']) return { type: 'string', format: 'int-or-string' };
  switch (schema.type) {
    case 'array':
      return toList(schema);
    case 'object':
      return toFields(schema);
    case 'string':
      return schema.format === 'date-time' || schema.format === 'byte'
        ? { type: 'string', format: schema.format }
        : TEXT;
    case 'integer':
      return { type: 'integer', format: schema.format === 'int32' ? 'int32' : 'int64' };
    case 'number':
      return { type: 'number', format: 'double' };
    case 'boolean':
      return { type: 'boolean' };
    default:
      return schema.properties ? objectSchema(schema) : ANY;
  }
}

function toList(schema: JsonSchema): ListSchema {
  const listType = schema['x-kubernetes-list-type'];
  const listMapKeys = schema['x-kubernetes-list-map-keys'];
  return {
    type: 'list',
    items: schema.items ? toSchema(schema.items) : ANY,
    ...(isListType(listType) && { listType }),
    ...(listMapKeys && { listMapKeys }),
  };
}

function isListType(type: string | undefined): type is NonNullable<ListSchema['listType']> {
  return type === 'atomic' || type === 'set' || type === 'map';
}

function toFields(schema: JsonSchema): ObjectSchema | MapSchema {
  const { additionalProperties } = schema;
  if (additionalProperties === undefined || schema.properties) return objectSchema(schema);
  const values = additionalOf(schema);
  return { type: 'map', values: values ? toSchema(values) : ANY, ...mapTypeOf(schema) };
}

function objectSchema(schema: JsonSchema): ObjectSchema {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  return {
    type: 'object',
    fields: new Map([...fieldsOf(schema), ...(isEmbedded ? metaFields() : [])]),
    ...(schema['x-kubernetes-preserve-unknown-fields'] && { preserveUnknown: true }),
    ...mapTypeOf(schema),
  };
}

function mapTypeOf(schema: JsonSchema): { mapType?: 'atomic' | 'granular' } {
  const mapType = schema['x-kubernetes-map-type'];
  return mapType === 'atomic' || mapType === 'granular' ? { mapType } : {};
}

function fieldsOf({ properties = {}, required = [] }: JsonSchema): [string, Field][] {
  return Object.entries(properties).map(([name, property]) => [
    name,
    {
      schema: toSchema(property),
      ...(required.includes(name) && { required: true }),
      ...(property.default !== undefined &&
        property.default !== null && { default: property.default }),
    },
  ]);
}

function metaFields(): [string, Field][] {
  const metadata = builtInSchema('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? ANY;
  return [
    ['apiVersion', { schema: TEXT }],
    ['kind', { schema: TEXT }],
    ['metadata', { schema: metadata }],
  ];
}
