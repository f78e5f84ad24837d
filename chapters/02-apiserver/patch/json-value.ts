/**
 * Small things about JSON values that every kind of patch needs. Given.
 *
 * A client chooses the keys of its patch. `object['__proto__'] = x` would not set a field but
 * change what the object inherits, and `object['constructor']` finds a field nobody sent. So
 * patches read and write fields with `ownValue` and `setOwn`.
 */

import type { Json } from '../api-object.ts';

/** JSON's objects. */
export type JsonObject = { [key: string]: Json };

/** Is it an object: neither an array nor null? */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field's value; `undefined` when the object itself has no such field. */
export function ownValue(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a field, whatever its name is. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key !== '__proto__') {
    object[key] = value;
    return;
  }
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Are two values the same? The order of fields does not matter, absent is not null. */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  // `in`, not a list of keys: this runs over whole objects at every write.
  let extra = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !equalJson(a[key], b[key])) return false;
    extra--;
  }
  for (const _ in b) extra++;
  return extra === 0;
}

/** What a value is, in the words of error messages. */
export function jsonTypeName(
  value: Json,
): 'null' | 'array' | 'object' | 'string' | 'number' | 'bool' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value as 'object' | 'string' | 'number';
}

/** A value as error messages of the API print it: `map[image:nginx name:web]`, `[a b]`. */
export function valueText(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(valueText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const fields = Object.keys(value).sort();
  return `map[${fields.map((key) => `${key}:${valueText(value[key])}`).join(' ')}]`;
}
