/**
 * What is a field of its own, and what is one with all that is in it. Given.
 *
 * Server-side apply sees an object as a tree. Branches are objects and maps that are `granular`,
 * and lists of the types `set` and `map`; all else is a leaf: scalars, and atomic lists and objects
 * with everything in them. The walks over two objects at once go by the functions here.
 */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, ownValue } from '../patch/json-value.ts';
import type { ListSchema, MapSchema, ObjectSchema, Schema } from '../schema/schema.ts';
import { keyElement, type PathElement, valueElement } from './path-element.ts';

/** A branch whose children are fields; `any` is one too, if the value is an object. */
export type FieldsSchema = ObjectSchema | MapSchema | { readonly type: 'any' };

/** What a value is to server-side apply. */
export type Structure =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'fields'; readonly schema: FieldsSchema }
  | { readonly kind: 'items'; readonly schema: ListSchema };

const LEAF: Structure = { kind: 'leaf' };

/**
 * Tells what a value is.
 *
 * @param value - null counts as an empty branch where the schema has a branch; a value that is not
 * as the schema says is a leaf
 */
export function structureOf(value: Json, schema: Schema): Structure {
  switch (schema.type) {
    case 'object':
    case 'map': {
      const isBranch = schema.mapType !== 'atomic' && (value === null || isJsonObject(value));
      return isBranch ? { kind: 'fields', schema } : LEAF;
    }
    case 'any':
      return isJsonObject(value) ? { kind: 'fields', schema } : LEAF;
    case 'list': {
      const isBranch = schema.listType === 'set' || schema.listType === 'map';
      const isList = value === null || Array.isArray(value);
      return isBranch && isList ? { kind: 'items', schema } : LEAF;
    }
    default:
      return LEAF;
  }
}

const ANY: Schema = { type: 'any' };

/** The schema of a field; `any` when the schema does not know it. */
export function fieldSchema(schema: FieldsSchema, name: string): Schema {
  if (schema.type === 'map') return schema.values;
  if (schema.type === 'object') return schema.fields.get(name)?.schema ?? ANY;
  return ANY;
}

/** Is the field one the schema names, not a key of a map? */
export function isDeclared(schema: FieldsSchema, name: string): boolean {
  return schema.type === 'object' && schema.fields.has(name);
}

/** The keys of an item that its list does not have to be given: `protocol: TCP`. */
function defaultKey({ items }: ListSchema, name: string): Json | undefined {
  if (items.type !== 'object') return undefined;
  return items.fields.get(name)?.default as Json | undefined;
}

/**
 * The step to an item of a set or of a list with keys.
 *
 * @remarks A key that is left out has its default value, if the schema gives one.
 *
 * @returns `undefined` when the item cannot be told from the others; `itemFault` says why
 */
export function itemElement(schema: ListSchema, item: Json): PathElement | undefined {
  if (itemFault(schema, item) !== undefined) return undefined;
  if (schema.listType === 'set') return valueElement(item);
  const keys: JsonObject = {};
  for (const name of schema.listMapKeys ?? []) {
    keys[name] = (ownValue(item as JsonObject, name) ?? defaultKey(schema, name)) as Json;
  }
  return keyElement(keys);
}

/** Items by their step, in order; those without one are left out. */
export function itemsByElement(
  schema: ListSchema,
  items: readonly Json[],
): Map<PathElement, Json[]> {
  const found = new Map<PathElement, Json[]>();
  for (const item of items) {
    const element = itemElement(schema, item);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same) same.push(item);
    else found.set(element, [item]);
  }
  return found;
}

/** Why an item cannot be told from the others, in the API's words; `undefined` when it can. */
export function itemFault(schema: ListSchema, item: Json): string | undefined {
  if (schema.listType === 'set') {
    if (item === null) {
      return "associative list without keys has an element that's an explicit null";
    }
    if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
    return isJsonObject(item)
      ? "associative list without keys has an element that's a map type"
      : undefined;
  }
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isJsonObject(item)) return 'associative list with keys may not have non-map elements';
  const missing = (schema.listMapKeys ?? []).find(
    (name) => (ownValue(item, name) ?? defaultKey(schema, name)) === undefined,
  );
  if (missing === undefined) return undefined;
  return `associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`;
}

/**
 * Is an object's field always there, be it empty, so that its coming is nobody's doing?
 *
 * @remarks `metadata`, `spec` and `status` of built-in kinds and of the templates in them are, and
 * what `spec` must have. It only decides whether `managedFields` has a `"."` for them.
 */
export function isAlwaysThere(schema: FieldsSchema, name: string): boolean {
  if (schema.type !== 'object' || schema.name === undefined) return false;
  const field = schema.fields.get(name);
  if (field === undefined) return false;
  if (field.required && field.schema.type !== 'map') return true;
  if (name === 'strategy' || name === 'updateStrategy') return true;
  return schema.fields.has('metadata') && ['metadata', 'spec', 'status'].includes(name);
}
