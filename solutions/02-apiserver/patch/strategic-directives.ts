/**
 * The directives of a strategic merge patch, and what is left of a patch without them. Given.
 *
 * A field whose name begins with `$` tells what to do with the object it stands in, or with one of
 * its lists. None of them is ever stored. What they do is in `strategic-patch.ts`.
 */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject, ownValue, setOwn } from './json-value.ts';
import { badPrimitiveList, badSetElementOrder, noMergeKey } from './strategic-errors.ts';

export const RETAIN_KEYS = '$retainKeys';
export const SET_ORDER = '$setElementOrder';
export const DELETE_FROM = '$deleteFromPrimitiveList';

/** Is a field of this name a directive? */
export function isDirective(key: string): boolean {
  if (key === '$patch' || key === RETAIN_KEYS) return true;
  return key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM);
}

/**
 * The list that a directive is about: `args` of `$setElementOrder/args`.
 *
 * @param prefix - the directive asked for
 * @returns `undefined` when `key` is not this directive
 * @throws StatusError 400 BadRequest when it names no list
 */
export function listNamed(
  key: string,
  prefix: typeof SET_ORDER | typeof DELETE_FROM,
): string | undefined {
  if (!key.startsWith(prefix)) return undefined;
  if (key[prefix.length] !== '/') {
    throw prefix === SET_ORDER ? badSetElementOrder() : badPrimitiveList();
  }
  return key.slice(prefix.length + 1);
}

/** Has an item of a list a `$patch`? */
export function hasPatch(item: Json): boolean {
  return isJsonObject(item) && Object.hasOwn(item, '$patch');
}

/** What tells an item from the others; `undefined` for an object without the merge key. */
export function keyOf(item: Json, mergeKey: string | undefined): Json | undefined {
  return mergeKey !== undefined && isJsonObject(item) ? ownValue(item, mergeKey) : item;
}

/**
 * The same, for an item that must have the merge key.
 *
 * @throws noMergeKey()
 */
export function requiredKey(item: Json, mergeKey: string | undefined): Json {
  const key = keyOf(item, mergeKey);
  if (key === undefined) throw noMergeKey(item as JsonObject, mergeKey ?? '');
  return key;
}

/** A list without directives: see `clean`. */
export function cleanItems(list: Json[]): Json[] {
  return list.map(clean).filter((item) => item !== undefined);
}

/** What may be stored of a patch's value; nothing of an object with a `$patch`. */
export function clean(value: Json): Json | undefined {
  if (Array.isArray(value)) return cleanItems(value);
  if (!isJsonObject(value)) return value;
  return hasPatch(value) ? undefined : cleanFields(value);
}

/** An object without directives and nulls; its own `$patch` is left out. */
export function cleanFields(object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const cleaned = isDirective(key) || value === null ? undefined : clean(value);
    if (cleaned !== undefined) setOwn(result, key, cleaned);
  }
  return result;
}
