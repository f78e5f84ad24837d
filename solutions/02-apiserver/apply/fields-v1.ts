/**
 * Sets of fields as `managedFields` stores them: `FieldsV1`. Given.
 *
 * Nested objects whose keys are steps. `{}` under a step: the path is in the set. Something under it:
 * paths below it are, and `"."` among them says that it is itself.
 */

import { isJsonObject, type JsonObject } from '../patch/json-value.ts';
import { FieldSet } from './field-set.ts';
import { comparePathElements, parsePathElement } from './path-element.ts';

/**
 * Reads a set.
 *
 * @returns `undefined` when it is none. Steps of a kind we do not know are left out.
 */
export function fieldsToSet(fields: unknown): FieldSet | undefined {
  if (!isJsonObject(fields)) return undefined;
  const set = new FieldSet();
  for (const [text, below] of Object.entries(fields)) {
    if (text === '.') continue;
    const element = parsePathElement(text);
    const child = fieldsToSet(below);
    if (child === undefined) return undefined;
    if (element === undefined) {
      // Perhaps a later version knows the step; but one of ours that is broken spoils the set.
      if (/^[fkvi]:/.test(text) || text[1] !== ':') return undefined;
      continue;
    }
    if (child.isEmpty || (below as JsonObject)['.'] !== undefined) set.addMember(element);
    set.setChild(element, child);
  }
  return set;
}

/** Writes a set, steps in order. */
export function setToFields(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  writeFields(set, fields);
  return fields;
}

/** What stands under a path that is just in the set: most do, so they share it. */
const NOTHING_BELOW: JsonObject = Object.freeze({});

/** How sets are written under a path that is itself in the set. */
const keptFields = new WeakMap<FieldSet, JsonObject>();

/** Has a set, which changes no more, written once for all the sets it is a part of. */
export function keepFields(set: FieldSet): void {
  const fields: JsonObject = { '.': NOTHING_BELOW };
  writeFields(set, fields);
  freeze(fields);
  keptFields.set(set, fields);
}

/** What many objects share must not change with one of them. */
function freeze(fields: JsonObject): void {
  for (const below of Object.values(fields)) freeze(below as JsonObject);
  Object.freeze(fields);
}

function writeFields(set: FieldSet, fields: JsonObject): void {
  const elements = [...set.members];
  for (const element of set.children.keys()) if (!set.members.has(element)) elements.push(element);
  if (elements.length > 1) elements.sort(comparePathElements);
  for (const element of elements) {
    const child = set.children.get(element);
    if (child === undefined) {
      fields[element] = NOTHING_BELOW;
      continue;
    }
    const isMember = set.members.has(element);
    const kept = isMember ? keptFields.get(child) : undefined;
    if (kept !== undefined) {
      fields[element] = kept;
      continue;
    }
    const below: JsonObject = isMember ? { '.': NOTHING_BELOW } : {};
    writeFields(child, below);
    fields[element] = below;
  }
}

/**
 * Have the two any path in common?
 *
 * @param fields - as `setToFields` writes them
 */
export function encodedFieldsMeet(fields: JsonObject, set: FieldSet): boolean {
  for (const member of set.members) {
    const below = fields[member];
    if (below !== undefined && isMember(below as JsonObject)) return true;
  }
  for (const [element, child] of set.children) {
    const below = fields[element];
    if (below !== undefined && encodedFieldsMeet(below as JsonObject, child)) return true;
  }
  return false;
}

/** Is the path in the set under which this is written? */
function isMember(below: JsonObject): boolean {
  for (const _ in below) return below['.'] !== undefined;
  return true;
}
