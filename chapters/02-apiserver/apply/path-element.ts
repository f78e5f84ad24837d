/**
 * One step of a path into an object, as `managedFields` writes it. Given.
 *
 * `f:spec` is a field, `k:{"name":"web"}` the item of a list with these keys, `v:"x"` the item of a
 * set with this value, `i:0` an item by its place. The text is the element: equal steps are equal
 * texts, because keys are sorted and JSON is written in one way only. Next: `field-set.ts`.
 */

import type { Json } from '../api-object.ts';
import { isJsonObject, type JsonObject } from '../patch/json-value.ts';

/** A step: `f:…`, `k:…`, `v:…` or `i:…`. */
export type PathElement = string;

/** From the object down: `['f:spec', 'f:containers', 'k:{"name":"web"}', 'f:image']`. */
export type Path = readonly PathElement[];

/** So many names are known at once; there are data among them (the keys of labels). */
const MAX_KNOWN_NAMES = 2000;
const knownSteps = new Map<string, PathElement>();

/**
 * The step to a field.
 *
 * @remarks Of one name it is always the same text: a new one would have to be hashed anew for every
 * set it is put into, and that is the dearest part of it.
 */
export function fieldElement(name: string): PathElement {
  let element = knownSteps.get(name);
  if (element === undefined) {
    element = `f:${name}`;
    if (knownSteps.size >= MAX_KNOWN_NAMES) knownSteps.clear();
    knownSteps.set(name, element);
  }
  return element;
}

/** The step to the list item with these keys; their order does not matter. */
export function keyElement(keys: JsonObject): PathElement {
  const names = Object.keys(keys).sort();
  const fields = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(keys[name])}`);
  return `k:${escaped(`{${fields.join(',')}}`)}`;
}

/** The step to the item of a set. */
export function valueElement(value: Json): PathElement {
  return `v:${escaped(JSON.stringify(value))}`;
}

/** JSON as Go writes it, since `managedFields` made elsewhere must compare equal. */
function escaped(text: string): string {
  if (!/[<>&\u2028\u2029]/.test(text)) return text;
  return text.replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Reads a step somebody else wrote.
 *
 * @returns the one text for it; `undefined` when it is none we know
 */
export function parsePathElement(text: string): PathElement | undefined {
  const content = text.slice(2);
  switch (text.slice(0, 2)) {
    case 'f:':
      return text;
    case 'k:': {
      const keys = parseJson(content);
      return isJsonObject(keys) ? keyElement(keys) : undefined;
    }
    case 'v:': {
      const value = parseJson(content);
      return value === undefined ? undefined : valueElement(value);
    }
    case 'i:':
      return /^-?[0-9]+$/.test(content) ? `i:${Number(content)}` : undefined;
    default:
      return undefined;
  }
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** The order of steps: fields, keys, values, places; each by what they hold. */
export function comparePathElements(a: PathElement, b: PathElement): number {
  const kind = a.charCodeAt(0);
  if (kind !== b.charCodeAt(0)) return KINDS.indexOf(a.charAt(0)) - KINDS.indexOf(b.charAt(0));
  if (kind === FIELD) return compareText(a, b);
  const [left, right] = [parseJson(a.slice(2)), parseJson(b.slice(2))];
  if (!isJsonObject(left) || !isJsonObject(right)) return compareScalars(left, right);
  return compareKeys(Object.entries(left), Object.entries(right));
}

const KINDS = 'fkvi';
const FIELD = KINDS.charCodeAt(0);

function compareKeys(a: [string, Json][], b: [string, Json][]): number {
  for (const [i, [name, value]] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compareText(name, other[0]) || compareScalars(value, other[1]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers, then texts, then booleans. */
function compareScalars(a: Json | undefined, b: Json | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const rank = (value: unknown) => ['number', 'string', 'boolean'].indexOf(typeof value);
  return rank(a) - rank(b) || compareText(String(a), String(b));
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A path as error messages write it: `.spec.containers[name="web"].image`, `.finalizers[="x"]`. */
export function pathText(path: Path): string {
  return path.map(elementText).join('');
}

function elementText(element: PathElement): string {
  const content = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${content}`;
    case 'k:': {
      const keys = Object.entries(parseJson(content) ?? {});
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v:':
      return `[=${JSON.stringify(parseJson(content))}]`;
    default:
      return `[${content}]`;
  }
}
