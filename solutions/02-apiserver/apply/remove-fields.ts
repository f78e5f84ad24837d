/** Takes fields out of an object, as when nobody wants them any more. Given. */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, setOwn } from '../patch/json-value.ts';
import type { ListSchema, Schema } from '../schema/schema.ts';
import { FieldSet } from './field-set.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import {
  type FieldsSchema,
  fieldSchema,
  isDeclared,
  itemElement,
  structureOf,
} from './structure.ts';

/**
 * Takes fields out of a value.
 *
 * @remarks A field that is in the set goes with all that is below it, in the set or not. What is
 * not in the set stays, be it empty then.
 *
 * @param value - is not changed
 * @returns what is left, which may share parts with `value`
 * @see sigs.k8s.io/structured-merge-diff/v4/typed/remove.go
 */
export function removeFields(value: Json, set: FieldSet, schema: Schema): Json {
  if (set.isEmpty) return value;
  const structure = structureOf(value, schema);
  if (structure.kind === 'fields' && isJsonObject(value)) {
    return withoutFields(value, set, structure.schema);
  }
  const isList = structure.kind === 'items' && Array.isArray(value);
  return isList ? withoutItems(value, set, structure.schema) : value;
}

function withoutFields(object: JsonObject, set: FieldSet, schema: FieldsSchema): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(object)) {
    const element = fieldElement(name);
    if (set.members.has(element)) continue;
    setOwn(result, name, removeBelow(value, set, element, fieldSchema(schema, name)));
  }
  return result;
}

function withoutItems(items: Json[], set: FieldSet, schema: ListSchema): Json[] {
  return items.flatMap((item) => {
    const element = itemElement(schema, item);
    if (element === undefined) return [item];
    return set.members.has(element) ? [] : [removeBelow(item, set, element, schema.items)];
  });
}

function removeBelow(value: Json, set: FieldSet, element: PathElement, schema: Schema): Json {
  const below = set.children.get(element);
  return below ? removeFields(value, below, schema) : value;
}

/**
 * The set, and with each of its paths all fields above it that the schema declares.
 *
 * @remarks `fieldsOf` has no path for `spec` when it has `spec.replicas`. But who gave an object
 * all it has in `spec.strategy` and gives that up, gives up `spec.strategy`; and who has something
 * in it keeps it.
 *
 * @see sigs.k8s.io/structured-merge-diff/v4/fieldpath/set.go (EnsureNamedFieldsAreMembers)
 */
export function withDeclaredFields(set: FieldSet, schema: Schema): FieldSet {
  const result = new FieldSet();
  for (const member of set.members) result.addMember(member);
  for (const [element, child] of set.children) {
    const isField = element.startsWith('f:') && schema.type !== 'list';
    const name = element.slice(2);
    if (isField && isDeclared(schema as FieldsSchema, name)) result.addMember(element);
    result.setChild(element, withDeclaredFields(child, schemaBelow(schema, element)));
  }
  return result;
}

function schemaBelow(schema: Schema, element: PathElement): Schema {
  if (schema.type === 'list') return schema.items;
  const hasFields = schema.type === 'object' || schema.type === 'map';
  return hasFields ? fieldSchema(schema, element.slice(2)) : { type: 'any' };
}
