/**
 * Whole API objects inside a custom resource (`x-kubernetes-embedded-resource`): they must have
 * what every object has. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go (1.33)
 */

import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { validateObjectMeta } from '../kinds/object-meta.ts';
import { dns1035LabelFaults, pathSegmentFaults } from '../kinds/value-formats.ts';
import {
  additionalOf,
  childPath,
  isFields,
  type JsonFields,
  type JsonSchema,
  ownField,
  propertyOf,
} from './json-schema.ts';

/**
 * Faults of all embedded objects in a value.
 *
 * @param path - `''` for the whole resource, which is no embedded object itself
 */
export function validateEmbedded(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, i) => validateEmbedded(item, items, `${path}[${i}]`)) : [];
  }
  if (!isFields(value)) return [];
  const own = schema['x-kubernetes-embedded-resource'] ? validateObject(value, path) : [];
  const inside = Object.entries(value).flatMap(([name, field]) => {
    const known = propertyOf(schema, name);
    if (known) return validateEmbedded(field, known, childPath(path, name));
    const additional = additionalOf(schema);
    return additional ? validateEmbedded(field, additional, `${path}[${name}]`) : [];
  });
  return [...own, ...inside];
}

function validateObject(object: JsonFields, path: string): FieldError[] {
  return [
    ...validateApiVersion(ownField(object, 'apiVersion'), childPath(path, 'apiVersion')),
    ...validateKind(ownField(object, 'kind'), childPath(path, 'kind')),
    ...validateMetadata(ownField(object, 'metadata'), childPath(path, 'metadata')),
  ];
}

function validateText(value: unknown, path: string): FieldError[] {
  if (value === undefined) return [fieldRequired(path, 'must not be empty')];
  if (typeof value !== 'string') return [fieldInvalid(path, value, 'must be a string')];
  return value === '' ? [fieldInvalid(path, value, 'must not be empty')] : [];
}

function validateApiVersion(value: unknown, path: string): FieldError[] {
  const faults = validateText(value, path);
  if (faults.length > 0 || String(value).split('/').length <= 2) return faults;
  return [fieldInvalid(path, value, `unexpected GroupVersion string: ${value}`)];
}

function validateKind(value: unknown, path: string): FieldError[] {
  const faults = validateText(value, path);
  if (faults.length > 0) return faults;
  const label = dns1035LabelFaults(String(value).toLowerCase()).join(',');
  if (label === '') return [];
  const why = `may have mixed case, but should otherwise match: ${label}`;
  return [fieldInvalid(path, value, why)];
}

function validateMetadata(value: unknown, path: string): FieldError[] {
  if (value === undefined) return [];
  if (!isFields(value)) return [fieldInvalid(path, value, 'must be an object')];
  const malformed = malformedFields(value, path);
  if (malformed.length > 0) return malformed;
  // It need not have a name: whoever makes an object of it will give it one.
  const metadata = { ...value, name: value.name || 'fakename' };
  const object = { apiVersion: '', kind: '', metadata } as ApiObject;
  const kind = { group: '', namespaced: !!value.namespace, nameFaults: pathSegmentFaults };
  return validateObjectMeta(object, kind).map((fault) => ({
    ...fault,
    field: fault.field.replace(/^metadata/, path),
  }));
}

function malformedFields(metadata: JsonFields, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const check = (name: string, what: string, isFine: (value: unknown) => boolean) => {
    const value = ownField(metadata, name);
    if (value === undefined || value === null || isFine(value)) return;
    faults.push(fieldInvalid(`${path}.${name}`, value, `must be ${what}`));
  };
  const isText = (value: unknown) => typeof value === 'string';
  const isTextMap = (value: unknown) => isFields(value) && Object.values(value).every(isText);
  for (const name of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion']) {
    check(name, 'a string', isText);
  }
  for (const name of ['labels', 'annotations']) check(name, 'a map of strings', isTextMap);
  check('finalizers', 'a list of strings', (v) => Array.isArray(v) && v.every(isText));
  check('ownerReferences', 'a list of objects', (v) => Array.isArray(v) && v.every(isFields));
  check('managedFields', 'a list of objects', (v) => Array.isArray(v) && v.every(isFields));
  return faults;
}
