/**
 * Checking a custom resource by its schema. What is wrong with one value by itself is in
 * `value-faults.ts`; what goes beyond schemas (embedded objects, lists that are sets, rules) is
 * beside. Next: `definition-conditions.ts`.
 */

import { type FieldError, fieldErrorText } from '#apimachinery';
import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  propertyOf,
} from './json-schema.ts';
import { oldField, oldItems } from './old-values.ts';
import { allOfFault, anyOfFault, notFault, oneOfFault } from './schema-faults.ts';
import { isSameValue, valueFaults } from './value-faults.ts';

/** What came of checking a value. */
interface Result {
  readonly faults: FieldError[];
  /** How many values were looked at, those inside included. */
  readonly looked: number;
}

/**
 * Checks a value by a schema.
 *
 * @remarks The faults of a value are those of the value itself, and those of all that is in it.
 * Given are `valueFaults` (`value-faults.ts`), which finds the first, and the makers of the faults
 * below (`schema-faults.ts`). What is left is the walk:
 *
 * ```text
 * keyword                about    faults
 * items                  lists    those of each item
 * properties             objects  those of each field that is there
 * additionalProperties   objects  a schema: those of each field that properties does not have
 * allOf                  any      those of all; and allOfFault when one is not fine
 * anyOf                  any      none when one is fine; else anyOfFault, and those of one alternative
 * oneOf                  any      none when just one is fine; else oneOfFault, and when none is fine
 *                                 those of one alternative
 * not                    any      notFault when it is fine
 * ```
 *
 * Every keyword is asked, whatever the others found. A null is asked about nothing but
 * `valueFaults`.
 *
 * *Alternatives.* When none is fine, the faults told are of the alternative that looked at most
 * values (the value itself and all fields and items in it that a schema was asked about,
 * alternatives inside included); of the first, when several looked at as many.
 *
 * *Paths* are `childPath(path, field)` for fields and map keys, and `path[i]` for items. Each fault
 * is told once: no two have the same text (`fieldErrorText`).
 *
 * *Changes.* With `old`, what has not changed is not judged again: so a schema can become stricter
 * without locking anybody out. When `value` and `old` are equal (`isSameValue` of
 * `value-faults.ts`) there are no faults. Of what is in them, each field and each item has the old
 * value that `oldField` and `oldItems` tell (given, `old-values.ts`). Inside allOf, anyOf, oneOf
 * and not, the value itself is judged all the same, and what is in it by its old value.
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
  if (old !== undefined && isSameValue(value, old)) return { faults: [], looked: 0 };
  return check(value, schema, path, old);
}

/** Checks a value whether it has changed or not. */
function check(value: unknown, schema: JsonSchema, path: string, old: unknown): Result {
  const inside: Result[] = [];
  if (value !== null) inside.push(checkAlternatives(value, schema, path, old));
  if (Array.isArray(value)) inside.push(checkItems(value, schema, path, old));
  else if (isFields(value)) inside.push(checkFields(value, schema, path, old));
  return merge({ faults: valueFaults(value, schema, path), looked: 1 }, ...inside);
}

function merge(...results: Result[]): Result {
  return {
    faults: results.flatMap((result) => result.faults),
    looked: results.reduce((sum, result) => sum + result.looked, 0),
  };
}

function checkItems(list: unknown[], schema: JsonSchema, path: string, old: unknown): Result {
  const { items } = schema;
  if (items === undefined) return merge();
  const before = oldItems(old, schema);
  const checked = list.map((item, i) => checkChild(item, items, `${path}[${i}]`, before(item)));
  return merge(...checked);
}

function checkFields(value: JsonFields, schema: JsonSchema, path: string, old: unknown): Result {
  const checked = Object.entries(value).map(([name, field]) => {
    const known = propertyOf(schema, name) ?? additionalOf(schema);
    if (known === undefined) return merge();
    return checkChild(field, known, childPath(path, name), oldField(old, name, path));
  });
  return merge(...checked);
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
    if (!fine) faults.push(anyOfFault(path));
    inside.push(fine ?? furthest(results));
  }
  if (oneOf.length > 0) {
    const results = oneOf.map(run);
    const fine = results.filter(isFine);
    if (fine.length !== 1) faults.push(oneOfFault(path, fine.length));
    inside.push(fine[0] ?? furthest(results));
  }
  const all = allOf.map(run);
  const valid = all.filter(isFine).length;
  if (valid < all.length) faults.push(allOfFault(path, valid));
  inside.push(...all);
  if (not && isFine(run(not))) faults.push(notFault(path));
  return merge({ faults, looked: 0 }, ...inside);
}

/** Of those that looked at most values, the first. */
function furthest(results: readonly Result[]): Result {
  const most = Math.max(...results.map((result) => result.looked));
  return results.find((result) => result.looked === most) ?? merge();
}
