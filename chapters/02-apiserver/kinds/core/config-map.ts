/**
 * ConfigMaps as a kind: settings for programs. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateConfigMap
 */

import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldTooLong,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { decodedLength, MAX_DATA_BYTES } from './data-size.ts';
import { configMapKeyFaults } from './names.ts';

/** ConfigMaps. */
export const configMapKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  shortNames: ['cm'],
  namespaced: true,
  indexedField: 'metadata.name',
  setDefaults(object) {
    if (object.immutable === null) delete object.immutable;
  },
  validate,
  validateUpdate: (object, old) => [
    ...validateImmutableData(object, old, ['data', 'binaryData']),
    ...validate(object),
  ],
});

function validate(object: ApiObject): FieldError[] {
  const { data = {}, binaryData = {} } = object as unknown as ConfigMap;
  const encoder = new TextEncoder();
  let bytes = 0;
  const faults: FieldError[] = [];
  for (const [key, value] of Object.entries(data)) {
    const path = `data[${key}]`;
    faults.push(...invalid(path, key, configMapKeyFaults(key)));
    if (key in binaryData) {
      faults.push(fieldInvalid(path, key, 'duplicate of key present in binaryData'));
    }
    bytes += encoder.encode(value).length;
  }
  for (const [key, value] of Object.entries(binaryData)) {
    faults.push(...invalid(`binaryData[${key}]`, key, configMapKeyFaults(key)));
    bytes += decodedLength(value);
  }
  return bytes > MAX_DATA_BYTES ? [...faults, fieldTooLong('', MAX_DATA_BYTES)] : faults;
}

/** What is said to be immutable stays, and stays immutable. */
export function validateImmutableData(
  object: ApiObject,
  old: ApiObject,
  fields: readonly string[],
): FieldError[] {
  if (!old.immutable) return [];
  const why = 'field is immutable when `immutable` is set';
  const faults = object.immutable ? [] : [fieldForbidden('immutable', why)];
  const changed = fields.filter((field) => !semanticallyEqual(object[field], old[field]));
  return [...faults, ...changed.map((field) => fieldForbidden(field, why))];
}
