/**
 * Whether a definition's schema is *structural*: it says of every value of what type it is, outside
 * of allOf, anyOf, oneOf and not. Given. Pruning and defaults could not tell what to do otherwise.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go, complete.go (1.33)
 */

import {
  type FieldError,
  fieldErrorText,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import type { Json } from '../api-object.ts';
import { equalJson } from '../patch/json-value.ts';
import { goPattern } from './go-pattern.ts';
import { additionalOf, type JsonSchema, propertyOf } from './json-schema.ts';

type Level = 'root' | 'item' | 'field';

/** Faults of a whole resource's schema, in the order of their texts. */
export function validateStructural(schema: JsonSchema, path: string): FieldError[] {
  const faults = [
    ...validateInvariants(schema, 'root', path),
    ...validateCompleteness(schema, schema, path, path),
  ];
  const texts = new Map(faults.map((fault) => [fault, fieldErrorText(fault)]));
  return faults.sort((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1));
}

const WHERE: Readonly<Record<Level, string>> = {
  root: 'at the root',
  item: 'for specified array items',
  field: 'for specified object fields',
};

function validateInvariants(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '', items, properties = {} } = schema;
  const faults: FieldError[] = [];
  if (type === 'array' && !items) faults.push(fieldRequired(`${path}.items`, 'must be specified'));
  if (items) faults.push(...validateInvariants(items, 'item', `${path}.items`));
  for (const [name, property] of Object.entries(properties)) {
    faults.push(...validateInvariants(property, 'field', `${path}.properties[${name}]`));
  }
  const additional = additionalOf(schema);
  if (additional) {
    faults.push(...validateInvariants(additional, 'field', `${path}.additionalProperties`));
  }
  return [
    ...faults,
    ...validateExtensions(schema, path),
    ...validateJunctors(schema, path, exceptionOf(schema)),
    ...validateType(schema, level, path),
    ...validateAdditional(schema, level, path),
    ...validateMeta(schema, level, path),
  ];
}

function validateExtensions(schema: JsonSchema, path: string): FieldError[] {
  if (!schema['x-kubernetes-int-or-string']) return [];
  const why = 'must be false if x-kubernetes-int-or-string is true';
  return (['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    .filter((name) => schema[name])
    .map((name) => fieldInvalid(`${path}.${name}`, true, why));
}

function validateType(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const { type = '' } = schema;
  const at = `${path}.type`;
  const faults: FieldError[] = [];
  if (schema['x-kubernetes-embedded-resource'] && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    faults.push(type === '' ? fieldRequired(at, why) : fieldInvalid(at, type, why));
  } else if (
    type === '' &&
    !schema['x-kubernetes-int-or-string'] &&
    !schema['x-kubernetes-preserve-unknown-fields']
  ) {
    faults.push(fieldRequired(at, `must not be empty ${WHERE[level]}`));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    faults.push(fieldInvalid(at, type, 'must be object at the root'));
  }
  return faults;
}

function validateAdditional(schema: JsonSchema, level: Level, path: string): FieldError[] {
  if (schema.additionalProperties === undefined) return [];
  const at = `${path}.additionalProperties`;
  const faults: FieldError[] = [];
  if (level === 'root') faults.push(fieldForbidden(at, 'must not be used at the root'));
  if (schema['x-kubernetes-embedded-resource']) {
    faults.push(fieldForbidden(at, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  return faults;
}

function validateMeta(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const faults: FieldError[] = [];
  if (level === 'root' || isEmbedded) {
    for (const name of ['kind', 'apiVersion']) {
      const property = propertyOf(schema, name);
      if (!property || property.type === 'string') continue;
      const at = `${path}.properties[${name}].type`;
      faults.push(fieldInvalid(at, property.type ?? '', 'must be string'));
    }
    faults.push(...validateMetadata(schema, level, path));
  }
  const isEmpty = Object.keys(schema.properties ?? {}).length === 0;
  if (isEmbedded && !schema['x-kubernetes-preserve-unknown-fields'] && isEmpty) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    faults.push(fieldRequired(`${path}.properties`, why));
  }
  return faults;
}

function validateMetadata(schema: JsonSchema, level: Level, path: string): FieldError[] {
  const metadata = propertyOf(schema, 'metadata');
  if (!metadata) return [];
  const at = `${path}.properties[metadata]`;
  const faults: FieldError[] = [];
  if (metadata.type !== 'object') {
    faults.push(fieldInvalid(`${at}.type`, metadata.type ?? '', 'must be object'));
  }
  if (level !== 'root') return faults;
  const { type: _, default: __, properties = {}, ...rest } = metadata;
  const others = Object.keys(properties).filter((n) => n !== 'name' && n !== 'generateName');
  if (others.length > 0 || Object.keys(rest).length > 0) {
    const why =
      'must not specify anything other than name and generateName, but metadata is implicitly specified';
    faults.push(fieldForbidden(at, why));
  }
  return faults;
}

const INT_OR_STRING: Json = [{ type: 'integer' }, { type: 'string' }];

/** The two places where a type may stand in a junctor: that a value is a whole number or a text. */
interface Exception {
  readonly anyOf: boolean;
  readonly firstAllOf: boolean;
}

function exceptionOf({ anyOf, allOf }: JsonSchema): Exception {
  const isPattern = (list: unknown) => list !== undefined && equalJson(list as Json, INT_OR_STRING);
  return { anyOf: isPattern(anyOf), firstAllOf: isPattern(allOf?.[0]?.anyOf) };
}

const NO_EXCEPTION: Exception = { anyOf: false, firstAllOf: false };

function validateJunctors(schema: JsonSchema, path: string, exception: Exception): FieldError[] {
  const { allOf = [], anyOf = [], oneOf = [], not, pattern } = schema;
  const faults: FieldError[] = [];
  if (!exception.anyOf) {
    for (const [i, one] of anyOf.entries())
      faults.push(...validateNested(one, `${path}.anyOf[${i}]`));
  }
  for (const [i, one] of allOf.entries()) {
    const inside = { anyOf: exception.firstAllOf && i === 0, firstAllOf: false };
    faults.push(...validateNested(one, `${path}.allOf[${i}]`, inside));
  }
  for (const [i, one] of oneOf.entries())
    faults.push(...validateNested(one, `${path}.oneOf[${i}]`));
  if (not) faults.push(...validateNested(not, `${path}.not`));
  if (pattern) faults.push(...validatePattern(pattern, `${path}.pattern`));
  return faults;
}

function validatePattern(pattern: string, path: string): FieldError[] {
  try {
    goPattern(pattern);
    return [];
  } catch (error) {
    const why = `must be a valid regular expression, but isn't: ${(error as Error).message}`;
    return [fieldInvalid(path, pattern, why)];
  }
}

/** What may not stand in a junctor, and what is said of it. */
const FORBIDDEN_INSIDE = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
] as const;

function validateNested(schema: JsonSchema, path: string, exception = NO_EXCEPTION): FieldError[] {
  const faults = validateJunctors(schema, path, exception);
  if (schema.items) faults.push(...validateNested(schema.items, `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    faults.push(...validateNested(property, `${path}.properties[${name}]`));
  }
  for (const [name, why] of FORBIDDEN_INSIDE) {
    const value = schema[name];
    const isEmpty = Array.isArray(value) && value.length === 0;
    if (value && !isEmpty) faults.push(fieldForbidden(`${path}.${name}`, why));
  }
  if (propertyOf(schema, 'metadata')) {
    const why = 'must not be specified in a nested context';
    faults.push(fieldForbidden(`${path}.properties[metadata]`, why));
  }
  return faults;
}

/**
 * Faults where a junctor speaks of fields or items that are not specified outside of it.
 *
 * @param nested - a schema in a junctor, or the root, at `path`
 * @param schema - the structural one of the same value, at `base`; `undefined` when there is none
 */
function validateCompleteness(
  nested: JsonSchema,
  schema: JsonSchema,
  base: string,
  path: string,
): FieldError[] {
  const { allOf = [], anyOf = [], oneOf = [], not } = nested;
  const inside = (one: JsonSchema, at: string) => validateNestedCompleteness(one, schema, base, at);
  return [
    ...(not ? inside(not, `${path}.not`) : []),
    ...allOf.flatMap((one, i) => inside(one, `${path}.allOf[${i}]`)),
    ...anyOf.flatMap((one, i) => inside(one, `${path}.anyOf[${i}]`)),
    ...oneOf.flatMap((one, i) => inside(one, `${path}.oneOf[${i}]`)),
  ];
}

function validateNestedCompleteness(
  nested: JsonSchema,
  schema: JsonSchema | undefined,
  base: string,
  path: string,
): FieldError[] {
  if (!schema) return [fieldRequired(base, `because it is defined in ${path}`)];
  const faults = validateCompleteness(nested, schema, base, path);
  if (nested.items) {
    faults.push(
      ...validateNestedCompleteness(nested.items, schema.items, `${base}.items`, `${path}.items`),
    );
  }
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const step = `.properties[${name}]`;
    faults.push(
      ...validateNestedCompleteness(
        property,
        propertyOf(schema, name),
        `${base}${step}`,
        `${path}${step}`,
      ),
    );
  }
  return faults;
}
