/**
 * Checks of the numbers that `/scale` of a custom resource reads and writes. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go (1.33)
 */

import { type FieldError, fieldInvalid } from '#apimachinery';
import type { Json } from '../api-object.ts';
import { valueText } from '../patch/json-value.ts';
import type { DefinitionVersion } from './definition.ts';
import { isFields, type JsonFields, ownField } from './json-schema.ts';
import { type ValueType, valueType } from './schema-faults.ts';

type Scale = NonNullable<NonNullable<DefinitionVersion['subresources']>['scale']>;

const MAX_INT32 = 2 ** 31 - 1;

/** Faults of the wanted number. */
export function validateScaleSpec(object: JsonFields, scale: Scale | undefined): FieldError[] {
  return scale ? validateCount(object, scale.specReplicasPath) : [];
}

/** Faults of the number there is, and of the selector. */
export function validateScaleStatus(object: JsonFields, scale: Scale | undefined): FieldError[] {
  if (!scale) return [];
  const { labelSelectorPath = '', statusReplicasPath } = scale;
  const faults = validateCount(object, statusReplicasPath);
  const selector = labelSelectorPath ? valueAt(object, labelSelectorPath) : undefined;
  if (selector === undefined || typeof selector === 'string') return faults;
  return [...faults, accessFault(labelSelectorPath, selector, 'string', '')];
}

/** @param path - with its first dot, as it stands in the definition */
function validateCount(object: JsonFields, path: string): FieldError[] {
  const count = valueAt(object, path) ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count)) {
    return [accessFault(path, count, 'int64', 0)];
  }
  if (count < 0) return [fieldInvalid(path, count, 'should be a non-negative integer')];
  if (count <= MAX_INT32) return [];
  return [fieldInvalid(path, count, `should be less than or equal to ${MAX_INT32}`)];
}

function accessFault(path: string, value: unknown, wanted: string, zero: unknown): FieldError {
  const found = GO_TYPES[valueType(value)];
  const shown = `${valueText(value as Json)} is of the type ${found}`;
  return fieldInvalid(path, zero, `${path} accessor error: ${shown}, expected ${wanted}`);
}

const GO_TYPES: Readonly<Record<ValueType, string>> = {
  null: '<nil>',
  boolean: 'bool',
  integer: 'int64',
  number: 'float64',
  string: 'string',
  array: '[]interface {}',
  object: 'map[string]interface {}',
};

function valueAt(object: JsonFields, path: string): unknown {
  return path
    .replace(/^\./, '')
    .split('.')
    .reduce<unknown>(
      (value, name) => (isFields(value) ? ownField(value, name) : undefined),
      object,
    );
}
