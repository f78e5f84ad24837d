/**
 * Strategic merge patch: a merge patch that knows which lists are really sets of things with names.
 *
 * What `kubectl edit` and client-side `kubectl apply` send for built-in kinds. Which list merges by
 * which field is in the schema (`patchStrategy`, `patchMergeKey`), and is not what server-side
 * apply goes by. Directives are read in `strategic-directives.ts`, errors are in
 * `strategic-errors.ts`.
 */

import type { Json } from '../api-object.ts';
import type { Field, ObjectSchema, Schema } from '../schema/schema.ts';
import { isJsonObject, type JsonObject, ownValue, setOwn } from './json-value.ts';
import { newPatchNotAnObject, newUnprocessablePatch } from './patch-error.ts';
import {
  clean,
  cleanFields,
  cleanItems,
  DELETE_FROM,
  hasPatch,
  isDirective,
  keyOf,
  listNamed,
  RETAIN_KEYS,
  requiredKey,
  SET_ORDER,
} from './strategic-directives.ts';
import {
  badPrimitiveList,
  badRetainKeys,
  badSetElementOrder,
  mergingListsUnsupported,
  mixedList,
  orderMismatch,
  unknownPatchType,
} from './strategic-errors.ts';

/**
 * Applies a strategic merge patch.
 *
 * @remarks Fields merge as in a JSON Merge Patch (null takes away, objects merge, the rest
 * replaces) with these additions. Lists and objects know their schema: an object's from `fields`, a
 * map's and a list's from `values` and `items`; a field that the schema does not know is merged as
 * by a JSON Merge Patch.
 *
 * **Lists.** A list whose field has the strategy `merge` is merged with the list that is there; any
 * other list is replaced. (An object whose field has the strategy `replace` is replaced as well.)
 *
 * - Of objects: an item with the same value in `patchMergeKey` as one that is there is merged into
 *   it (into the first of several); others are added. `{"$patch": "delete", KEY: value}` deletes
 *   all items with that key. `{"$patch": "replace"}` anywhere in the list makes the list's other
 *   items (those with a `$patch` left out) the new list.
 * - Of scalars: what is not there yet is added; nothing is there twice.
 * - Order: the items the patch names come in the patch's order, the others in the order they had.
 *   The two are woven: of the next of each, the other one goes first if both were in the old list
 *   and it stood before; else the patch's goes first.
 *
 * ```text
 * [a, b, c]  with  [c, new]   gives  [a, b, c, new]
 * [a, b, c]  with  [new, a]   gives  [new, a, b, c]
 * ```
 *
 * **Directives**, beside an object's fields:
 *
 * - `"$patch": "replace"`: the rest of this patch is the object, nothing of the old one stays.
 *   `"delete"`: the object becomes empty.
 * - `"$retainKeys": [names]`: of the old object only these fields stay, then the patch is merged.
 *   Every field the patch sets (not to null) must be among them.
 * - `"$deleteFromPrimitiveList/FIELD": [values]`: these are taken out of a list of scalars, after
 *   all else.
 * - `"$setElementOrder/FIELD": [order]`: the order of the list afterwards. `order` has scalars, or
 *   objects with the merge key. The items in it come in its order, and are woven with the others as
 *   above. It stands with or without a list `FIELD` in the patch; the items of such a list, but
 *   those with `$patch`, must be in `order`, and in the same order (an empty `order` asks nothing
 *   of them). With no list anywhere it does nothing.
 *
 * What is added where nothing was (or another type of value) is cleaned first: no nulls of objects,
 * no directives, no items and no fields that are objects with a `$patch`. So is an object taken by
 * `replace`, and a list that is replaced. No directive is ever in the result.
 *
 * ```text
 * containers: [{name: a, image: x}, {name: b}]     merge, merge key name
 * patch       [{name: a, image: y}, {name: c}, {name: b, $patch: delete}]
 * gives       [{name: a, image: y}, {name: c}]
 * ```
 *
 * @param document - is not changed
 * @param patch - is not changed, and the result shares nothing with it
 * @param schema - of the document's kind
 * @returns the new document
 * @throws StatusError 400 BadRequest: `newPatchNotAnObject` without prefix; the errors of
 * `strategic-errors.ts`: an item of objects to be merged lacks the merge key (`noMergeKey`, of the
 * patch's items and of `$setElementOrder`'s); `$patch` has a value unknown where it stands; a
 * merged list (old and new items together) has objects beside other values; a directive is not a
 * list or names no field, or contradicts the patch. `newUnprocessablePatch` (422) for a merged list
 * with lists in it
 * @see k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (1.33)
 * @exercise apiserver/strategic-patch
 */
export function applyStrategicPatch(document: Json, patch: Json, schema: ObjectSchema): JsonObject {
  if (!isJsonObject(patch)) throw newPatchNotAnObject(patch);
  return mergeObjects(isJsonObject(document) ? document : {}, patch, schema);
}

function mergeObjects(
  original: JsonObject,
  patch: JsonObject,
  schema: Schema | undefined,
): JsonObject {
  const directive = ownValue(patch, '$patch');
  if (directive === 'delete') return {};
  if (directive === 'replace') return cleanFields(patch);
  if (directive !== undefined) throw unknownPatchType(directive, patch);
  const result = retained(original, patch);
  const keys = Object.keys(patch);
  const ordered = keys.flatMap((key) => listNamed(key, SET_ORDER) ?? []);
  const plain = keys.filter((key) => !isDirective(key));
  for (const name of new Set([...plain, ...ordered])) {
    mergeField(result, patch, name, fieldOf(schema, name));
  }
  for (const key of keys) {
    const name = listNamed(key, DELETE_FROM);
    if (name !== undefined) deleteFrom(result, name, patch[key]);
  }
  return result;
}

function fieldOf(schema: Schema | undefined, name: string): Field | undefined {
  if (schema?.type === 'object') return schema.fields.get(name);
  return schema?.type === 'map' ? { schema: schema.values } : undefined;
}

/** A copy of the object with the fields that the patch lets stay. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const names = ownValue(patch, RETAIN_KEYS);
  if (names === undefined) return { ...original };
  if (!Array.isArray(names)) throw badRetainKeys();
  const kept = new Set<Json>(names);
  const isKept = (key: string) => kept.has(key);
  const isSet = (key: string) => !isDirective(key) && patch[key] !== null;
  if (!Object.keys(patch).filter(isSet).every(isKept)) throw badRetainKeys();
  return Object.fromEntries(Object.entries(original).filter(([key]) => isKept(key)));
}

function mergeField(
  result: JsonObject,
  patch: JsonObject,
  name: string,
  field: Field | undefined,
): void {
  const old = ownValue(result, name);
  const value = ownValue(patch, name);
  const order = ownValue(patch, `${SET_ORDER}/${name}`);
  if (order !== undefined && !Array.isArray(order)) throw badSetElementOrder();
  const replaces = field?.patchStrategy?.includes('replace');
  let merged: Json | undefined;
  if (value === undefined && !Array.isArray(old)) merged = old;
  else if (value === undefined || Array.isArray(value)) {
    merged = mergeLists(old, value, order, field);
  } else if (isJsonObject(value) && isJsonObject(old) && !replaces) {
    merged = mergeObjects(old, value, field?.schema);
  } else merged = value === null ? undefined : clean(value);
  if (merged === undefined) delete result[name];
  else setOwn(result, name, merged);
}

function deleteFrom(result: JsonObject, name: string, values: Json | undefined): void {
  if (!Array.isArray(values)) throw badPrimitiveList();
  const list = ownValue(result, name);
  if (!Array.isArray(list)) return;
  const deleted = new Set(values);
  const left = list.filter((item) => !deleted.has(item));
  setOwn(result, name, left);
}

/**
 * @param old - what is there; perhaps no list
 * @param list - the patch's list; absent when it only has an order
 */
function mergeLists(
  old: Json | undefined,
  list: Json[] | undefined,
  order: Json[] | undefined,
  field: Field | undefined,
): Json[] {
  const key = field?.patchMergeKey;
  for (const item of order ?? []) requiredKey(item, key);
  const before = Array.isArray(old) ? old : [];
  if (order && list) checkOrder(list, order, key);
  if (list === undefined) return order ? weave(before, order, before, key) : before;
  const merges = Array.isArray(old) && field?.patchStrategy?.includes('merge') === true;
  const items = merges ? mergeItems(before, list, field) : cleanItems(list);
  if (!merges && !order) return items;
  return weave(items, order ?? list.filter((item) => !hasPatch(item)), before, key);
}

/** What is in a merged list, in whatever order. */
function mergeItems(old: Json[], list: Json[], { schema, patchMergeKey: key }: Field): Json[] {
  const all = [...old, ...list];
  if (all.some(Array.isArray)) throw newUnprocessablePatch('lists of lists are not supported');
  if (!all.some(isJsonObject)) return [...new Set(all)];
  if (key === undefined || !all.every(isJsonObject)) throw mixedList(all);
  const patches = list.filter(isJsonObject);
  const deleted = deletedKeys(patches, key);
  const isReplaced = patches.some((item) => ownValue(item, '$patch') === 'replace');
  const merged = isReplaced ? [] : old.filter((item) => !deleted.has(keyOf(item, key)));
  const places = placesIn(merged, key);
  for (const patch of patches.filter((item) => !hasPatch(item))) {
    const name = requiredKey(patch, key);
    const index = places.get(name) ?? merged.length;
    const found = merged[index];
    merged[index] = isJsonObject(found)
      ? mergeObjects(found, patch, schema.type === 'list' ? schema.items : undefined)
      : cleanFields(patch);
    places.set(name, index);
  }
  return merged;
}

/** The merge keys of what a list deletes; refuses all `$patch` that no list may have. */
function deletedKeys(patches: JsonObject[], mergeKey: string): Set<Json | undefined> {
  const keys = new Set<Json | undefined>();
  for (const item of patches.filter(hasPatch)) {
    const directive = item.$patch as Json;
    if (directive === 'merge') throw mergingListsUnsupported();
    if (directive === 'delete') keys.add(requiredKey(item, mergeKey));
    else if (directive !== 'replace') throw unknownPatchType(directive, item);
  }
  return keys;
}

/** The patch's items must be in the order, and in the same order. */
function checkOrder(list: Json[], order: Json[], mergeKey: string | undefined): void {
  if (list.length === 0 || order.length === 0) return;
  const names = order.map((item) => requiredKey(item, mergeKey));
  let next = 0;
  for (const item of list) {
    if (hasPatch(item)) continue;
    const index = names.indexOf(requiredKey(item, mergeKey), next);
    if (index < 0) throw orderMismatch(list, order);
    next = index + 1;
  }
}

/** Items in the order that a patch asks for, and between them the others, where they were. */
function weave(items: Json[], order: Json[], before: Json[], mergeKey: string | undefined): Json[] {
  const place = placesIn(order, mergeKey);
  const oldPlace = placesIn(before, mergeKey);
  const at = (places: Map<unknown, number>, item: Json) =>
    places.get(keyOf(item, mergeKey)) ?? Number.POSITIVE_INFINITY;
  const isNamed = (item: Json) => place.has(keyOf(item, mergeKey));
  const named = items.filter(isNamed).sort((a, b) => at(place, a) - at(place, b));
  const others = items.filter((item) => !isNamed(item));
  const woven: Json[] = [];
  let next = 0;
  for (const item of named) {
    // An item that is new has no old place, so nothing is known to stand before it.
    const until = oldPlace.get(keyOf(item, mergeKey)) ?? -1;
    for (; next < others.length && at(oldPlace, others[next] as Json) < until; next++) {
      woven.push(others[next] as Json);
    }
    woven.push(item);
  }
  return [...woven, ...others.slice(next)];
}

function placesIn(items: Json[], mergeKey: string | undefined): Map<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  return places;
}
