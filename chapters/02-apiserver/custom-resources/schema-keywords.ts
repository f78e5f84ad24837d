/**
 * Which keywords a definition's schema may have, and how they go together. Given. That the schema
 * is structural is `structural-schema.ts`; its rules are `definition-rules.ts`.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
 * (ValidateCustomResourceDefinitionOpenAPISchema, 1.33)
 */

import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateRuleTexts } from './definition-rules.ts';
import {
  additionalOf,
  hasDefault,
  isFields,
  type JsonSchema,
  META_FIELDS,
  propertyOf,
} from './json-schema.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** JSON schema has them, the API does not. */
const UNSUPPORTED = [
  'id',
  'additionalItems',
  'patternProperties',
  'definitions',
  'dependencies',
  '$ref',
];

/** What is known of the place a schema stands in. */
interface Place {
  readonly isRoot: boolean;
  /** Is it in apiVersion, kind or metadata of an object? */
  readonly isInsideMeta: boolean;
  /** Why no default may be set; `undefined`: one may. */
  readonly noDefaults: string | undefined;
}

/** Faults of a whole resource's schema. */
export function validateKeywords(schema: JsonSchema, path: string): FieldError[] {
  return validate(schema, path, { isRoot: true, isInsideMeta: false, noDefaults: undefined });
}

function validate(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const faults = [...validateOwn(schema, path, place)];
  const { properties = {}, items } = schema;
  const inside = { ...place, isRoot: false };
  const additional = additionalOf(schema);
  if (additional) {
    const noDefaults = 'inside additionalProperties applying to object metadata';
    const at = `${path}.additionalProperties`;
    faults.push(
      ...validate(additional, at, place.isInsideMeta ? { ...inside, noDefaults } : inside),
    );
  }
  for (const [name, property] of Object.entries(properties)) {
    const at = `${path}.properties[${name}]`;
    faults.push(...validate(property, at, placeOfProperty(schema, name, place)));
  }
  for (const [step, one] of junctorsOf(schema)) {
    faults.push(...validate(one, `${path}.${step}`, inside));
  }
  if (items && !Array.isArray(items)) faults.push(...validate(items, `${path}.items`, inside));
  return [
    ...faults,
    ...validateListType(schema, path),
    ...validateMapType(schema, path),
    ...validateKeysAndNulls(schema, path),
    ...validateRuleTexts(schema, path),
  ];
}

function placeOfProperty(schema: JsonSchema, name: string, place: Place): Place {
  const inside = { ...place, isRoot: false };
  const isObject = place.isRoot || schema['x-kubernetes-embedded-resource'] === true;
  if (!isObject || !META_FIELDS.has(name)) return inside;
  const noDefaults = place.isRoot ? `in top-level ${name}` : place.noDefaults;
  return { ...inside, isInsideMeta: true, noDefaults };
}

function junctorsOf({ not, allOf = [], oneOf = [], anyOf = [] }: JsonSchema) {
  const named = (word: string, list: readonly JsonSchema[]) =>
    list.map((one, i): [string, JsonSchema] => [`${word}[${i}]`, one]);
  return [
    ...(not ? [['not', not] as [string, JsonSchema]] : []),
    ...named('allOf', allOf),
    ...named('oneOf', oneOf),
    ...named('anyOf', anyOf),
  ];
}

function validateOwn(schema: JsonSchema, path: string, place: Place): FieldError[] {
  const { type = '', additionalProperties, properties = {} } = schema;
  const faults: FieldError[] = [];
  const forbid = (name: string, why: string) => faults.push(fieldForbidden(`${path}.${name}`, why));
  if (type !== '' && !TYPES.includes(type)) {
    faults.push(fieldNotSupported(`${path}.type`, type, TYPES));
  }
  if (schema.default !== undefined && schema.default !== null && place.noDefaults !== undefined) {
    forbid('default', `must not be set ${place.noDefaults}`);
  }
  for (const name of UNSUPPORTED) {
    if (isSet((schema as Record<string, unknown>)[name])) forbid(name, `${name} is not supported`);
  }
  if (type === 'null') {
    forbid('type', 'type cannot be set to null, use nullable as an alternative');
  }
  if (Array.isArray(schema.items)) {
    forbid('items', 'items must be a schema object and not an array');
  }
  if (place.isInsideMeta && schema['x-kubernetes-embedded-resource']) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  }
  if ((schema as { uniqueItems?: boolean }).uniqueItems) {
    forbid(
      'uniqueItems',
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  }
  const isMap = additionalProperties !== undefined && additionalProperties !== true;
  if (isMap && Object.keys(properties).length > 0) {
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const at = `${path}.x-kubernetes-preserve-unknown-fields`;
    faults.push(fieldInvalid(at, false, 'must be true or undefined'));
  }
  return faults;
}

function isSet(value: unknown): boolean {
  if (isFields(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '';
}

function validateMapType({ type = '', ...schema }: JsonSchema, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const faults: FieldError[] = [];
  if (type !== 'object') {
    const why = 'must be object if x-kubernetes-map-type is specified';
    const at = `${path}.type`;
    faults.push(type === '' ? fieldRequired(at, why) : fieldInvalid(at, type, why));
  }
  if (mapType !== 'atomic' && mapType !== 'granular') {
    const at = `${path}.x-kubernetes-map-type`;
    faults.push(fieldNotSupported(at, mapType, ['atomic', 'granular']));
  }
  return faults;
}

const LIST_TYPES = ['atomic', 'set', 'map'];

function validateListType(schema: JsonSchema, path: string): FieldError[] {
  const { type = '' } = schema;
  const listType = schema['x-kubernetes-list-type'];
  const at = `${path}.x-kubernetes-list-type`;
  const faults: FieldError[] = [];
  if (listType !== undefined && type !== 'array') {
    const why = 'must be array if x-kubernetes-list-type is specified';
    const typePath = `${path}.type`;
    faults.push(type === '' ? fieldRequired(typePath, why) : fieldInvalid(typePath, type, why));
  } else if (listType === 'set' && schema.items) {
    faults.push(...validateSetItems(schema.items, `${path}.items`));
  }
  if (listType !== undefined && !LIST_TYPES.includes(listType)) {
    faults.push(fieldNotSupported(at, listType, LIST_TYPES));
  }
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    faults.push(listType === undefined ? fieldRequired(at, why) : fieldInvalid(at, listType, why));
  }
  return listType === 'map' ? [...faults, ...validateListMap(schema, path)] : faults;
}

/** Items of a set are compared as a whole, so they are set as a whole, too. */
function validateSetItems(items: JsonSchema, path: string): FieldError[] {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  const mapType = items['x-kubernetes-map-type'];
  if (items.type === 'array' && (listType ?? 'atomic') !== 'atomic') {
    return [fieldInvalid(`${path}.x-kubernetes-list-type`, listType, why)];
  }
  if (items.type === 'object' && mapType !== 'atomic') {
    return [fieldInvalid(`${path}.x-kubernetes-map-type`, mapType, why)];
  }
  return [];
}

function validateListMap({ items, ...schema }: JsonSchema, path: string): FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-map-keys`;
  const faults: FieldError[] = [];
  if (keys.length === 0) {
    faults.push(fieldRequired(at, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (!items) {
    const why = 'must have a schema if x-kubernetes-list-type is map';
    return [...faults, fieldRequired(`${path}.items`, why)];
  }
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    return [...faults, fieldInvalid(`${path}.items.type`, items.type ?? '', why)];
  }
  for (const [i, key] of keys.entries()) {
    const property = propertyOf(items, key);
    if (!property) {
      faults.push(fieldInvalid(at, keys, 'entries must all be names of item properties'));
    } else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      faults.push(fieldInvalid(`${path}.items.properties[${key}].type`, items.type, why));
    }
    if (keys.indexOf(key) < i) {
      faults.push(fieldInvalid(at, keys, 'must not contain duplicate entries'));
    }
  }
  return faults;
}

function validateKeysAndNulls({ items, ...schema }: JsonSchema, path: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (!items || (listType !== 'set' && listType !== 'map')) return [];
  const faults: FieldError[] = [];
  if (items.nullable) {
    const why = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    faults.push(fieldForbidden(`${path}.items.nullable`, why));
  }
  const keys = listType === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [];
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const at = `${path}.items.properties[${key}]`;
    if (!items.required?.includes(key) && !hasDefault(property)) {
      const why =
        'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      faults.push(fieldRequired(`${at}.default`, why));
    }
    if (property.nullable) {
      const why = 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable';
      faults.push(fieldForbidden(`${at}.nullable`, why));
    }
  }
  return faults;
}
