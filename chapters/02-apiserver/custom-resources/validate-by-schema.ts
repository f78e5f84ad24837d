/**
 * Checking a custom resource by its schema. The messages are in `schema-faults.ts`; what goes
 * beyond one value (embedded objects, lists that are sets, rules) is beside. Next:
 * `definition-conditions.ts`.
 */

import type { FieldError } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { JsonSchema } from './json-schema.ts';

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
  throw new NotImplemented('apiserver/custom-resources', 'validateBySchema');
}
