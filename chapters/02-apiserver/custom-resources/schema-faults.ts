/**
 * What the server says of a value that is not as its schema wants it: each text once. Given;
 * `value-faults.ts` and `validate-by-schema.ts` find the faults.
 *
 * A path of `''` is the whole value, which the API's messages call `<nil>`.
 *
 * @see k8s.io/kube-openapi/pkg/validation/errors/schema.go,
 * k8s.io/apiextensions-apiserver/pkg/apiserver/validation/validation.go
 * (kubeOpenAPIResultToFieldErrors, 1.33)
 */

import {
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
} from '#apimachinery';
import { isCheckedFormat } from './formats.ts';
import { childPath, type JsonSchema } from './json-schema.ts';

/** What a value is, in the words of a schema's `type`. */
export type ValueType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

/** A number without a fraction is an `integer`, however it is written. */
export function valueType(value: unknown): ValueType {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? 'integer' : 'number';
    case 'string':
      return 'string';
    default:
      return 'object';
  }
}

function at(path: string): string {
  return path === '' ? '<nil>' : path;
}

function invalid(path: string, value: unknown, what: string): FieldError {
  return fieldInvalid(at(path), value, `${path} in body ${what}`);
}

/** It is of another type than the schema's: `must be of type integer: "string"`. */
export function typeFault(path: string, value: unknown, schema: JsonSchema): FieldError {
  const found = valueType(value);
  const { format = '' } = schema;
  // With a format that is checked, it is the formats that are told.
  const tellsFormats = isCheckedFormat(format) && !['null', 'string', 'array'].includes(found);
  const wanted = tellsFormats ? format : typesOf(schema).join(',');
  const shown = tellsFormats ? (FORMATS_OF_NUMBERS[found] ?? '') : found;
  const detail = `${path} in body must be of type ${wanted}: ${JSON.stringify(shown)}`;
  return fieldTypeInvalid(at(path), shown, detail);
}

const FORMATS_OF_NUMBERS: Partial<Record<ValueType, string>> = {
  integer: 'int64',
  number: 'float64',
};

/** The types a value may have; none: any. */
export function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string'];
  return schema.type ? [schema.type] : [];
}

/** A text is not of its format: `must be of type ipv4: "x"`. */
export function formatFault(path: string, value: string, format: string): FieldError {
  const detail = `${path} in body must be of type ${format}: ${JSON.stringify(value)}`;
  return fieldTypeInvalid(at(path), value, detail);
}

/** It is none of the values there are. */
export function enumFault(path: string, value: unknown, values: readonly unknown[]): FieldError {
  const texts = values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return fieldNotSupported(at(path), value, texts);
}

export function patternFault(path: string, value: string, pattern: string): FieldError {
  return invalid(path, value, `should match '${pattern}'`);
}

export function tooShortFault(path: string, value: string, least: number): FieldError {
  return invalid(path, value, `should be at least ${least} chars long`);
}

export function tooLongFault(path: string, most: number): FieldError {
  return fieldTooLong(at(path), most);
}

export function minimumFault(
  path: string,
  value: number,
  { minimum = 0, exclusiveMinimum }: JsonSchema,
): FieldError {
  const how = exclusiveMinimum ? 'greater than' : 'greater than or equal to';
  return invalid(path, value, `should be ${how} ${numberText(minimum)}`);
}

export function maximumFault(
  path: string,
  value: number,
  { maximum = 0, exclusiveMaximum }: JsonSchema,
): FieldError {
  const how = exclusiveMaximum ? 'less than' : 'less than or equal to';
  return invalid(path, value, `should be ${how} ${numberText(maximum)}`);
}

export function multipleOfFault(path: string, value: number, factor: number): FieldError {
  return invalid(path, value, `should be a multiple of ${numberText(factor)}`);
}

function numberText(value: number): string {
  // Go writes the exponent with two digits.
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

export function tooFewItemsFault(path: string, count: number, least: number): FieldError {
  return invalid(path, count, `should have at least ${least} items`);
}

/** Also for a map with more than `maxProperties`. */
export function tooManyFault(path: string, count: number, most: number): FieldError {
  return fieldTooMany(at(path), count, most);
}

export function tooFewPropertiesFault(path: string, count: number, least: number): FieldError {
  return invalid(path, count, `should have at least ${least} properties`);
}

/** A field that must be there is not. */
export function requiredFault(path: string, field: string): FieldError {
  return fieldRequired(childPath(path, field));
}

/** A field that may not be there is: `additionalProperties` is `false`. */
export function forbiddenFieldFault(path: string, field: string): FieldError {
  return fieldInvalid(at(path), field, `${path}.${field} in body is a forbidden property`);
}

/** Faults about alternatives are told of the whole object: so does the real server. */
function whole(path: string, what: string): FieldError {
  return fieldInvalid('<nil>', '', `${JSON.stringify(path)} ${what}`);
}

export function anyOfFault(path: string): FieldError {
  return whole(path, 'must validate at least one schema (anyOf)');
}

/** @param valid - how many of the alternatives the value is fine for */
export function oneOfFault(path: string, valid: number): FieldError {
  const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
  return whole(path, `must validate one and only one schema (oneOf). ${found}`);
}

/** @param valid - for how many of them the value is fine */
export function allOfFault(path: string, valid: number): FieldError {
  const none = valid === 0 ? '. None validated' : '';
  return whole(path, `must validate all the schemas (allOf)${none}`);
}

export function notFault(path: string): FieldError {
  return whole(path, 'must not validate the schema (not)');
}

/** Faults found in one field, told as faults of what it is in; their texts stay as they are. */
export function faultsOfField(field: string, faults: readonly FieldError[]): FieldError[] {
  return faults.map((fault) => ({
    ...fault,
    field: fault.field === '<nil>' ? field : childPath(field, fault.field),
  }));
}
