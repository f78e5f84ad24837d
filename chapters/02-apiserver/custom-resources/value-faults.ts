/**
 * Checking one value by its schema, and nothing that is in it. Given; `validate-by-schema.ts` asks.
 *
 * The messages are in `schema-faults.ts`.
 *
 * @see k8s.io/kube-openapi/pkg/validation/validate/{type,validator,slice,object}.go (1.33)
 */

import type { FieldError } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { equalJson } from '../patch/json-value.ts';
import { isFields, type JsonFields, type JsonSchema, propertyOf } from './json-schema.ts';
import { numberFaults, textFaults } from './scalar-faults.ts';
import * as fault from './schema-faults.ts';

/**
 * Faults of a value by itself: its type, and all keywords that ask for nothing inside of it.
 *
 * @remarks Of every value `type`, `nullable` and `enum`; of a text its length, pattern and format;
 * of a number its bounds; of a list how long it is; of an object how many fields it has, which ones
 * must be there (`required`), and which may not (`additionalProperties: false`).
 */
export function valueFaults(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  const faults = typeFaults(value, schema, path);
  if (typeof value === 'string') faults.push(...textFaults(value, schema, path));
  if (typeof value === 'number') faults.push(...numberFaults(value, schema, path));
  if (Array.isArray(value)) faults.push(...listFaults(value, schema, path));
  else if (isFields(value)) faults.push(...fieldsFaults(value, schema, path));
  if (schema.enum && !schema.enum.some((one) => one !== null && isSameValue(one, value))) {
    faults.push(fault.enumFault(path, value, schema.enum));
  }
  return faults;
}

/** Are two values equal, as JSON? */
export function isSameValue(a: unknown, b: unknown): boolean {
  return equalJson(a as Json, b as Json);
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

function listFaults({ length }: unknown[], schema: JsonSchema, path: string): FieldError[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const faults: FieldError[] = [];
  if (length < minItems) faults.push(fault.tooFewItemsFault(path, length, minItems));
  if (length > maxItems) faults.push(fault.tooManyFault(path, length, maxItems));
  return faults;
}

function fieldsFaults(value: JsonFields, schema: JsonSchema, path: string): FieldError[] {
  const { additionalProperties, required = [] } = schema;
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
  const faults: FieldError[] = [];
  const names = Object.keys(value);
  const { length } = names;
  if (length < minProperties) faults.push(fault.tooFewPropertiesFault(path, length, minProperties));
  if (length > maxProperties) faults.push(fault.tooManyFault(path, length, maxProperties));
  if (additionalProperties === false) {
    const unknown = names.filter((name) => !propertyOf(schema, name));
    faults.push(...unknown.map((name) => fault.forbiddenFieldFault(path, name)));
  }
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  return [...faults, ...missing.map((name) => fault.requiredFault(path, name))];
}
