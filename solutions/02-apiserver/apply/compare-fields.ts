/**
 * Which fields are different in two versions of an object. Given: one walk over both at once.
 *
 * Every write of every object goes through here, so what is equal costs little.
 */

import type { Json } from '../api-object.ts';
import { equalJson, isJsonObject, type JsonObject, ownValue } from '../patch/json-value.ts';
import type { ListSchema, Schema } from '../schema/schema.ts';
import { FieldSet } from './field-set.ts';
import { fieldElement, type PathElement } from './path-element.ts';
import { setOfShape } from './shapes.ts';
import {
  type FieldsSchema,
  fieldSchema,
  isAlwaysThere,
  itemsByElement,
  structureOf,
} from './structure.ts';

/** What changed; no path is in two of the sets. */
export interface Comparison {
  /** Was not there before. */
  readonly added: FieldSet;
  /** Was there, with another value. */
  readonly modified: FieldSet;
  /** Is not there any more. */
  readonly removed: FieldSet;
}

/**
 * Compares two versions of an object.
 *
 * @remarks Leaves (`structureOf`) are compared as a whole. A branch that comes or goes is itself a
 * path in `added` or `removed`, beside all that is below it. Items of a list are the same item when
 * their step (`itemElement`) is the same, wherever they stand: another order is no change.
 *
 * @param old - `undefined` when there was none
 * @see sigs.k8s.io/structured-merge-diff/v4/typed/compare.go
 */
export function compareFields(
  old: Json | undefined,
  updated: Json | undefined,
  schema: Schema,
): Comparison {
  if (old === undefined && updated !== undefined) {
    return { added: everythingBelow(updated, schema), modified: NOTHING, removed: NOTHING };
  }
  const comparison = {
    added: new FieldSet(),
    modified: new FieldSet(),
    removed: new FieldSet(),
  };
  compare(old, updated, schema, { ...comparison, path: [] });
  return comparison;
}

const NOTHING: FieldSet = new FieldSet();

interface Walk extends Comparison {
  /** Where the walk is; pushed and popped. */
  readonly path: PathElement[];
}

function compare(
  old: Json | undefined,
  updated: Json | undefined,
  schema: Schema,
  walk: Walk,
): void {
  if (updated === undefined) {
    if (old !== undefined) insertWhole(walk.removed, walk.path, old, schema);
    return;
  }
  if (old === undefined) {
    insertWhole(walk.added, walk.path, updated, schema);
    return;
  }
  const before = structureOf(old, schema);
  const after = structureOf(updated, schema);
  if (before.kind !== after.kind) {
    // Another kind of value under a schema that allows both: all fields of the old one are gone.
    walk.removed.graft(walk.path, everythingBelow(old, schema));
    walk.added.graft(walk.path, everythingBelow(updated, schema));
    walk.modified.insert(walk.path);
  } else if (after.kind === 'leaf' || (isEmpty(old) && isEmpty(updated))) {
    if (!equalJson(old, updated)) walk.modified.insert(walk.path);
  } else if (after.kind === 'fields') {
    compareFieldsOf(asObject(old), asObject(updated), after.schema, walk);
  } else compareItems(asList(old), asList(updated), after.schema, walk);
}

function insertWhole(set: FieldSet, path: PathElement[], value: Json, schema: Schema): void {
  const isLeaf = typeof value !== 'object' || value === null;
  set.insertWhole(path, isLeaf ? NOTHING : everythingBelow(value, schema));
}

/** All paths below a value that comes or goes as a whole; each branch is in it, beside its leaves. */
function everythingBelow(value: Json, schema: Schema): FieldSet {
  if (schema.type !== 'object' || !isJsonObject(value)) return listBelow(value, schema);
  // A container looks like the one before it.
  return isEmpty(value) ? NOTHING : setOfShape(value, schema, listBelow);
}

function listBelow(value: Json, schema: Schema): FieldSet {
  const set = new FieldSet();
  const structure = structureOf(value, schema);
  if (structure.kind === 'fields' && isJsonObject(value)) {
    for (const name in value) {
      const child = value[name] as Json;
      addWhole(set, fieldElement(name), child, fieldSchema(structure.schema, name));
    }
  } else if (structure.kind === 'items' && Array.isArray(value)) {
    for (const [element, [item, another]] of itemsByElement(structure.schema, value)) {
      // Several items with one step are one field, without fields below.
      const child = another === undefined ? (item as Json) : null;
      addWhole(set, element, child, structure.schema.items);
    }
  }
  return set;
}

function addWhole(set: FieldSet, element: PathElement, value: Json, schema: Schema): void {
  set.addMember(element);
  if (typeof value !== 'object' || value === null) return;
  set.setChild(element, everythingBelow(value, schema));
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function asObject(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}

function asList(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

function compareFieldsOf(
  old: JsonObject,
  updated: JsonObject,
  schema: FieldsSchema,
  walk: Walk,
): void {
  for (const name in updated) {
    const value = updated[name];
    const before = ownValue(old, name) ?? emptyThere(schema, name, value);
    if (before !== value) below(fieldElement(name), before, value, fieldSchema(schema, name), walk);
  }
  for (const name in old) {
    if (Object.hasOwn(updated, name)) continue;
    const after = emptyThere(schema, name, old[name]);
    below(fieldElement(name), old[name], after, fieldSchema(schema, name), walk);
  }
}

/** What an object has in a field that is always there, when nobody put anything into it. */
function emptyThere(schema: FieldsSchema, name: string, other: Json | undefined): Json | undefined {
  if (typeof other !== 'object' || other === null) return undefined;
  if (!isAlwaysThere(schema, name)) return undefined;
  return Array.isArray(other) ? [] : {};
}

function below(
  element: PathElement,
  old: Json | undefined,
  updated: Json | undefined,
  schema: Schema,
  walk: Walk,
): void {
  walk.path.push(element);
  compare(old, updated, schema, walk);
  walk.path.pop();
}

function compareItems(old: Json[], updated: Json[], schema: ListSchema, walk: Walk): void {
  // Most lists did not change, and to give each item its step is the dear part.
  if (equalJson(old, updated)) return;
  const before = itemsByElement(schema, old);
  const after = itemsByElement(schema, updated);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    compareSameItems(element, before.get(element) ?? [], after.get(element) ?? [], schema, walk);
  }
}

/** Items with one step: usually one or none. Several are one field, without fields below. */
function compareSameItems(
  element: PathElement,
  old: readonly Json[],
  updated: readonly Json[],
  schema: ListSchema,
  walk: Walk,
): void {
  if (old.length <= 1 && updated.length <= 1) {
    below(element, old[0], updated[0], schema.items, walk);
    return;
  }
  if (old.length > 1 && updated.length > 1) {
    if (!equalJson([...old], [...updated])) walk.modified.insert([...walk.path, element]);
    return;
  }
  if (old.length > 1) {
    below(element, undefined, updated[0], schema.items, walk);
    walk.removed.insert([...walk.path, element]);
  } else {
    below(element, old[0], undefined, schema.items, walk);
    walk.added.insert([...walk.path, element]);
  }
}
