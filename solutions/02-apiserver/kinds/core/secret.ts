/**
 * Secrets as a kind: what programs must know and nobody else. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateSecret
 */

import type { Secret } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldRequired, fieldTooLong } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, validateImmutable } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { validateImmutableData } from './config-map.ts';
import { decodedLength, decodedText, encodedText, MAX_DATA_BYTES } from './data-size.ts';
import { configMapKeyFaults } from './names.ts';

const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';

/** Secrets. */
export const secretKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  namespaced: true,
  indexedField: 'metadata.name',
  setDefaults,
  validate,
  validateUpdate: (object, old) => [
    ...validateImmutable(object.type, old.type, 'type'),
    ...validateImmutableData(object, old, ['data']),
    ...validate(object),
  ],
});

function setDefaults(object: ApiObject): void {
  object.type ||= 'Opaque';
  const { stringData, data } = object as unknown as Secret;
  if (stringData) {
    const encoded = Object.entries(stringData).map(([key, text]) => [key, encodedText(text)]);
    object.data = { ...data, ...Object.fromEntries(encoded) };
  }
  // It is a way to write, and never read back.
  delete object.stringData;
}

function validate(object: ApiObject): FieldError[] {
  const { data = {} } = object as unknown as Secret;
  const faults = Object.keys(data).flatMap((key) =>
    invalid(`data[${key}]`, key, configMapKeyFaults(key)),
  );
  const bytes = Object.values(data).reduce((sum, value) => sum + decodedLength(value), 0);
  if (bytes > MAX_DATA_BYTES) faults.push(fieldTooLong('data', MAX_DATA_BYTES));
  return [...faults, ...validateByType(object as unknown as Secret)];
}

/** What the types that Kubernetes knows must have; others are nobody's business here. */
function validateByType({ type, data = {}, metadata }: Secret): FieldError[] {
  const missing = (...keys: string[]) =>
    keys.filter((key) => data[key] === undefined).map((key) => fieldRequired(`data[${key}]`));
  switch (type) {
    case 'kubernetes.io/service-account-token':
      return metadata?.annotations?.[SERVICE_ACCOUNT_NAME]
        ? []
        : [fieldRequired(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`)];
    case 'kubernetes.io/dockercfg':
      return validateJson(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return validateJson(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const faults = missing('username', 'password');
      return faults.length === 2 ? faults : [];
    }
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [fieldRequired('data[ssh-privatekey]')];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    default:
      return [];
  }
}

/** The value is a JSON object. What is wrong with it is said, but not what stands there. */
function validateJson(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const path = `data[${key}]`;
  const value = data[key];
  if (value === undefined) return [fieldRequired(path)];
  const fault = jsonObjectFault(decodedText(value));
  return fault === undefined ? [] : [fieldInvalid(path, '<secret contents redacted>', fault)];
}

function jsonObjectFault(text: string): string | undefined {
  if (text.trim() === '') return 'unexpected end of JSON input';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const first = text.trimStart()[0] ?? '';
    if (!/[[{"0-9tfn-]/.test(first)) {
      return `invalid character '${first}' looking for beginning of value`;
    }
    return 'invalid JSON';
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const found = Array.isArray(value) ? 'array' : JSON_TYPES[typeof value];
  return `json: cannot unmarshal ${found} into Go value of type map[string]interface {}`;
}

const JSON_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  boolean: 'bool',
};
