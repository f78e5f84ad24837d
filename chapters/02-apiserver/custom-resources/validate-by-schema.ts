/**
 * Checking a custom resource by its schema. What is wrong with one value by itself is in
 * `value-faults.ts`; what goes beyond schemas (embedded objects, lists that are sets, rules) is
 * beside. Next: `definition-conditions.ts`.
 */

import type { FieldError } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { JsonSchema } from './json-schema.ts';

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
  throw new NotImplemented('apiserver/custom-resources', 'validateBySchema');
}
