/**
 * Checks of the numbers that `/scale` of a custom resource reads and writes. Given.
 *
 * @see k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go (1.33)
 */

import { type FieldError, fieldInvalid } from '#apimachinery';
import type { DefinitionVersion } from './definition.ts';
import { isFields, type JsonFields, ownField } from './json-schema.ts';

type Scale = NonNullable<NonNullable<DefinitionVersion['subresources']>['scale']>;

const MAX_INT32 = 2 ** 31 - 1;

/** Faults of the wanted number. */
export function validateScaleSpec(object: JsonFields, scale: Scale | undefined): FieldError[] {
  return scale ? validateCount(object, scale.specReplicasPath) : [];
}

/** Faults of the number there is, and of the selector. */
export function validateScaleStatus(object: JsonFields, scale: Scale | undefined): FieldError[] {
  if (!scale) return [];
  const { labelSelectorPath = '' } = scale;
  const selector = labelSelectorPath ? valueAt(object, labelSelectorPath) : undefined;
  const isFine = selector === undefined || typeof selector === 'string';
  const why = `${labelSelectorPath} accessor error: ${JSON.stringify(selector)} is not a string`;
  return [
    ...validateCount(object, scale.statusReplicasPath),
    ...(isFine ? [] : [fieldInvalid(labelSelectorPath, '', why)]),
  ];
}

/** @param path - with its first dot, as it stands in the definition */
function validateCount(object: JsonFields, path: string): FieldError[] {
  const count = valueAt(object, path) ?? 0;
  if (typeof count !== 'number' || !Number.isInteger(count)) {
    const why = `${path} accessor error: ${JSON.stringify(count)} is not a whole number`;
    return [fieldInvalid(path, 0, why)];
  }
  if (count < 0) return [fieldInvalid(path, count, 'should be a non-negative integer')];
  if (count <= MAX_INT32) return [];
  return [fieldInvalid(path, count, `should be less than or equal to ${MAX_INT32}`)];
}

function valueAt(object: JsonFields, path: string): unknown {
  return path
    .replace(/^\./, '')
    .split('.')
    .reduce<unknown>(
      (value, name) => (isFields(value) ? ownField(value, name) : undefined),
      object,
    );
}
