/**
 * Checking a custom resource by its schema. The messages are in `schema-faults.ts`; what goes
 * beyond one value (embedded objects, lists that are sets, rules) is beside. Next:
 * `definition-conditions.ts`.
 */

import { type FieldError, fieldErrorText } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { equalJson } from '../patch/json-value.ts';
import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  ownField,
  propertyOf,
} from './json-schema.ts';
import { itemKeys } from './list-types.ts';
import { numberFaults, textFaults } from './scalar-faults.ts';
import * as fault from './schema-faults.ts';

/** What came of checking a value. */
interface Result {
  readonly faults: FieldError[];
  /** How many values were looked at, those inside included. */
  readonly looked: number;
}

/**
 * Checks a value by a schema.
 *
 * @remarks Every keyword that is about values of the value's type is asked, whatever the others
 * found. What finds or makes the faults is in `schema-faults.ts` and, for one text or number, in
 * `scalar-faults.ts`:
 *
 * ```text
 * keyword                          about    fault
 * type, nullable                   any      typeFault, when the value's type is not fine
 * enum                             any      enumFault; a null is none of the values, even when it is listed
 * minLength, pattern, format, …    text     textFaults
 * minimum, multipleOf, …           numbers  numberFaults
 * minItems, maxItems               lists    tooFewItemsFault, tooManyFault
 * items                            lists    those of each item
 * minProperties, maxProperties     objects  tooFewPropertiesFault, tooManyFault
 * properties                       objects  those of each field that is there
 * required                         objects  requiredFault for each that is not there; null is there
 * additionalProperties             objects  a schema: those of each field that properties does not have; false:
 *                                           forbiddenFieldFault for each; true: none
 * allOf                            any      those of all; and allOfFault when one is not fine
 * anyOf                            any      none when one is fine; else anyOfFault, and those of one alternative
 * oneOf                            any      none when just one is fine; else oneOfFault, and when none is fine
 *                                           those of one alternative
 * not                              any      notFault when it is fine
 * ```
 *
 * *Types.* `typesOf(schema)` lists those that are fine; none: every type is. `valueType` tells what
 * a value is; an integer is a number, too. Null is fine when the schema is `nullable` or lists no
 * types. Of a null nothing but `type` and `enum` is asked. Two values are equal, here and below,
 * when `equalJson` of `patch/json-value.ts` says so.
 *
 * *Alternatives.* When none is fine, the faults told are of the alternative that looked at most
 * values (the value itself and all fields and items in it that a schema was asked about,
 * alternatives inside included); of the first, when several looked at as many.
 *
 * *Paths* are `childPath(path, field)` for fields and map keys, and `path[i]` for items. Each fault
 * is told once: no two have the same text (`fieldErrorText`).
 *
 * *Changes.* With `old`, what has not changed is not judged again: so a schema can become stricter
 * without locking anybody out. When `value` and `old` are equal there are no faults. A field's old
 * value is that of the same name in `old`; an item's, only in a list whose type is `map`, that of
 * the item with the same keys (`itemKeys` of `list-types.ts` makes a text of them). All others have
 * none, and neither have `apiVersion` and `kind` at the top. Inside allOf, anyOf, oneOf and not,
 * the value itself is judged all the same, and what is in it by its old value.
 *
 * ```text
 * validateBySchema({size: 0}, {properties: {size: {type: 'integer', minimum: 1}}}, 'spec')
 * → spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1
 *
 * validateBySchema({size: '1'}, the same, 'spec')
 * → spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"
 * ```
 *
 * @param path - where the value stands: `''` for the whole resource
 * @param old - what stood there before; `undefined` for nothing
 * @returns the faults, in any order
 * @see k8s.io/kube-openapi/pkg/validation/validate/schema.go,
 * k8s.io/apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go (1.33)
 * @exercise apiserver/custom-resources
 */
export function validateBySchema(
  value: unknown,
  schema: JsonSchema,
  path: string,
  old?: unknown,
): FieldError[] {
  const { faults } = checkChild(value, schema, path, old);
  return [...new Map(faults.map((found) => [fieldErrorText(found), found])).values()];
}

function checkChild(value: unknown, schema: JsonSchema, path: string, old: unknown): Result {
  if (old !== undefined && isSame(value, old)) return { faults: [], looked: 0 };
  return check(value, schema, path, old);
}

function isSame(a: unknown, b: unknown): boolean {
  return equalJson(a as Json, b as Json);
}

/** Checks a value whether it has changed or not. */
function check(value: unknown, schema: JsonSchema, path: string, old: unknown): Result {
  const faults = typeFaults(value, schema, path);
  const inside: Result[] = [];
  if (value !== null) {
    inside.push(checkAlternatives(value, schema, path, old));
    if (typeof value === 'string') faults.push(...textFaults(value, schema, path));
    if (typeof value === 'number') faults.push(...numberFaults(value, schema, path));
    if (Array.isArray(value)) inside.push(checkItems(value, schema, path, old));
    else if (isFields(value)) inside.push(checkFields(value, schema, path, old));
  }
  if (schema.enum && !schema.enum.some((one) => one !== null && isSame(one, value))) {
    faults.push(fault.enumFault(path, value, schema.enum));
  }
  return merge({ faults, looked: 1 }, ...inside);
}

function merge(...results: Result[]): Result {
  return {
    faults: results.flatMap((result) => result.faults),
    looked: results.reduce((sum, result) => sum + result.looked, 0),
  };
}

function typeFaults(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  const types = fault.typesOf(schema);
  const found = fault.valueType(value);
  const isFine =
    types.length === 0 ||
    types.includes(found) ||
    (found === 'integer' && types.includes('number')) ||
    (found === 'null' && schema.nullable === true);
  return isFine ? [] : [fault.typeFault(path, value, schema)];
}

function checkItems(list: unknown[], schema: JsonSchema, path: string, old: unknown): Result {
  const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const faults: FieldError[] = [];
  if (list.length < minItems) faults.push(fault.tooFewItemsFault(path, list.length, minItems));
  if (list.length > maxItems) faults.push(fault.tooManyFault(path, list.length, maxItems));
  const before = oldItems(schema, old);
  const inside = list.map((item, i) =>
    items ? checkChild(item, items, `${path}[${i}]`, before.get(itemKeys(item, schema))) : merge(),
  );
  return merge({ faults, looked: 0 }, ...inside);
}

/** Old items by their keys; only a list of type `map` tells which is which. */
function oldItems(schema: JsonSchema, old: unknown): Map<string, unknown> {
  const isMap = schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old);
  return new Map(isMap ? old.map((item) => [itemKeys(item, schema), item]) : []);
}

function checkFields(value: JsonFields, schema: JsonSchema, path: string, old: unknown): Result {
  const { additionalProperties, required = [] } = schema;
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const faults: FieldError[] = [];
  const names = Object.keys(value);
  if (names.length < minProperties) {
    faults.push(fault.tooFewPropertiesFault(path, names.length, minProperties));
  }
  if (names.length > maxProperties) {
    faults.push(fault.tooManyFault(path, names.length, maxProperties));
  }
  const inside = names.map((name) => {
    const known = propertyOf(schema, name);
    if (!known && additionalProperties === false) {
      faults.push(fault.forbiddenFieldFault(path, name));
    }
    const field = known ?? additionalOf(schema);
    if (field === undefined) return merge();
    return checkChild(value[name], field, childPath(path, name), oldField(old, name, path));
  });
  for (const name of required) {
    if (!Object.hasOwn(value, name)) faults.push(fault.requiredFault(path, name));
  }
  return merge({ faults, looked: 0 }, ...inside);
}

function oldField(old: unknown, name: string, path: string): unknown {
  // Old and new always have the same two: that says nothing.
  if (path === '' && (name === 'apiVersion' || name === 'kind')) return undefined;
  return isFields(old) ? ownField(old, name) : undefined;
}

function checkAlternatives(value: unknown, schema: JsonSchema, path: string, old: unknown): Result {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  const run = (one: JsonSchema) => check(value, one, path, old);
  const isFine = (result: Result) => result.faults.length === 0;
  const faults: FieldError[] = [];
  const inside: Result[] = [];
  if (anyOf.length > 0) {
    const results = anyOf.map(run);
    const fine = results.find(isFine);
    if (!fine) faults.push(fault.anyOfFault(path));
    inside.push(fine ?? furthest(results));
  }
  if (oneOf.length > 0) {
    const results = oneOf.map(run);
    const fine = results.filter(isFine);
    if (fine.length !== 1) faults.push(fault.oneOfFault(path, fine.length));
    inside.push(fine[0] ?? furthest(results));
  }
  const all = allOf.map(run);
  const valid = all.filter(isFine).length;
  if (valid < all.length) faults.push(fault.allOfFault(path, valid));
  inside.push(...all);
  if (not && isFine(run(not))) faults.push(fault.notFault(path));
  return merge({ faults, looked: 0 }, ...inside);
}

/** Of those that looked at most values, the first. */
function furthest(results: readonly Result[]): Result {
  const most = Math.max(...results.map((result) => result.looked));
  return results.find((result) => result.looked === most) ?? merge();
}
