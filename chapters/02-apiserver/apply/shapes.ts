/**
 * Sets of fields by the shape of what has them: one set for all containers that look alike. Given.
 *
 * What fields a value has depends on which names are in it, hardly on what they hold. So most new
 * objects have the sets of those before them, and nobody makes or writes down those sets again.
 */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, ownValue } from '../patch/json-value.ts';
import type { ListSchema, ObjectSchema, Schema } from '../schema/schema.ts';
import type { FieldSet } from './field-set.ts';
import { keepFields } from './fields-v1.ts';
import { fieldSchema, structureOf } from './structure.ts';

/** How many shapes are known of one schema; then it begins anew: some have names of their own. */
const MAX_SHAPES = 200;

/** Holds nothing that `make` would not make again. */
const known = new WeakMap<Schema, Map<string, FieldSet>>();

/**
 * The set of a value's fields: the one that a value of the same shape had.
 *
 * @param make - makes it, where none had; what it makes depends on the shape alone
 */
export function setOfShape(
  value: JsonObject,
  schema: ObjectSchema,
  make: (value: JsonObject, schema: ObjectSchema) => FieldSet,
): FieldSet {
  let sets = known.get(schema);
  if (sets === undefined || sets.size >= MAX_SHAPES) {
    sets = new Map();
    known.set(schema, sets);
  }
  const shape = shapeOf(value, schema);
  let set = sets.get(shape);
  if (set === undefined) {
    set = make(value, schema);
    keepFields(set);
    sets.set(shape, set);
  }
  return set;
}

/**
 * What tells a value's steps from another's, and no more.
 *
 * @remarks Names have their length before them, so that no name can pass for two.
 *
 * ```text
 * {name: web, ports: [{containerPort: 80}]}      4:name5:ports[6:number2:8013:containerPort]
 * ```
 */
function shapeOf(value: Json, schema: Schema): string {
  if (typeof value !== 'object' || value === null) return '';
  const structure = structureOf(value, schema);
  let shape = '';
  if (structure.kind === 'fields' && isJsonObject(value)) {
    for (const name in value) {
      shape += counted(name);
      const child = value[name] as Json;
      if (typeof child === 'object')
        shape += `{${shapeOf(child, fieldSchema(structure.schema, name))}}`;
    }
  } else if (structure.kind === 'items' && Array.isArray(value)) {
    for (const item of value) shape += `[${itemShape(item, structure.schema)}]`;
  }
  return shape;
}

function itemShape(item: Json, { listType, listMapKeys = [], items }: ListSchema): string {
  if (listType === 'set') return scalarShape(item);
  if (!isJsonObject(item)) return counted(Array.isArray(item) ? 'list' : String(item));
  let shape = '';
  for (const name of listMapKeys) shape += scalarShape(ownValue(item, name));
  return shape + shapeOf(item, items);
}

function scalarShape(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return counted(typeof value) + counted(text);
}

function counted(text: string): string {
  return `${text.length}:${text}`;
}
