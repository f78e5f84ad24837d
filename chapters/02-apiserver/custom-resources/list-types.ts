/**
 * Lists that are sets, or maps by some of their items' fields: nothing may be in them twice. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go (1.33)
 */

import { type FieldError, fieldDuplicate, fieldInvalid } from '#apimachinery';
import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  ownField,
  propertyOf,
} from './json-schema.ts';

/**
 * The keys of an item of a list whose type is `map`, as a text: equal for items with equal keys.
 *
 * @param schema - the list's
 */
export function itemKeys(item: unknown, schema: JsonSchema): string {
  return canonicalText(keysOf(item, schema));
}

function keysOf(item: unknown, schema: JsonSchema): JsonFields {
  const keys: JsonFields = {};
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = isFields(item) ? ownField(item, name) : undefined;
    if (value !== undefined) keys[name] = value;
  }
  return keys;
}

/** JSON with fields in order. */
function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isFields(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * Faults of all sets and maps in a value: what is there twice, once each.
 *
 * @param path - `''` for the whole resource
 */
export function validateListTypes(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  if (Array.isArray(value)) return validateList(value, schema, path);
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const known = propertyOf(schema, name);
    if (known) return validateListTypes(field, known, childPath(path, name));
    const additional = additionalOf(schema);
    return additional ? validateListTypes(field, additional, `${path}[${name}]`) : [];
  });
}

function validateList(list: unknown[], schema: JsonSchema, path: string): FieldError[] {
  const { items } = schema;
  const inside = (): FieldError[] =>
    items ? list.flatMap((item, i) => validateListTypes(item, items, `${path}[${i}]`)) : [];
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return [...duplicates(list, path), ...inside()];
    case 'map':
      return [...validateMap(list, schema, path), ...inside()];
    default:
      return inside();
  }
}

function validateMap(list: unknown[], schema: JsonSchema, path: string): FieldError[] {
  const wrong = list.findIndex((item) => item !== null && !isFields(item));
  if (wrong >= 0) {
    const why = 'must be an object for an array of list-type map';
    return [fieldInvalid(`${path}[${wrong}]`, list[wrong], why)];
  }
  return duplicates(
    list.map((item) => keysOf(item, schema)),
    path,
  );
}

/** What is there more than once is told of where it is the second time. */
function duplicates(values: readonly unknown[], path: string): FieldError[] {
  const times = new Map<string, number>();
  return values.flatMap((value, i) => {
    const text = canonicalText(value);
    const count = (times.get(text) ?? 0) + 1;
    times.set(text, count);
    return count === 2 ? [fieldDuplicate(`${path}[${i}]`, value)] : [];
  });
}
