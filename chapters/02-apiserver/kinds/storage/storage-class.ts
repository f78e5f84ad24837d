/**
 * StorageClasses: ways to make a volume. Given.
 *
 * @see pkg/apis/storage/validation/validation.go, pkg/apis/storage/v1/defaults.go (1.33)
 */

import type { TopologySelectorTerm } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  qualifiedNameFaults,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import {
  invalid,
  validateImmutable,
  validateOneOf,
  validateRequiredOneOf,
} from '../field-checks.ts';

const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;

function classOf(object: ApiObject): StorageClass {
  return object as unknown as StorageClass;
}

function setDefaults(object: ApiObject): void {
  const storageClass = classOf(object);
  storageClass.reclaimPolicy ??= 'Delete';
  storageClass.volumeBindingMode ??= 'Immediate';
}

function validate(object: ApiObject): FieldError[] {
  const { provisioner, parameters, reclaimPolicy, volumeBindingMode, allowedTopologies } =
    classOf(object);
  return [
    ...validateProvisioner(provisioner ?? ''),
    ...validateParameters(parameters ?? {}),
    ...validateOneOf(reclaimPolicy || undefined, ['Delete', 'Retain'], 'reclaimPolicy'),
    ...validateRequiredOneOf(
      volumeBindingMode,
      ['Immediate', 'WaitForFirstConsumer'],
      'volumeBindingMode',
    ),
    ...validateTopologies(allowedTopologies ?? [], 'allowedTopologies'),
  ];
}

function validateProvisioner(provisioner: string): FieldError[] {
  if (provisioner === '') return [fieldRequired('provisioner')];
  return invalid('provisioner', provisioner, qualifiedNameFaults(provisioner.toLowerCase()));
}

function validateParameters(parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) return [fieldTooLong('parameters', MAX_PARAMETERS)];
  const size = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const faults = entries
    .filter(([key]) => key === '')
    .map(([key]) => fieldInvalid('parameters', key, 'field can not be empty.'));
  if (size <= MAX_PARAMETERS_SIZE) return faults;
  return [...faults, fieldTooLong('parameters', MAX_PARAMETERS_SIZE)];
}

function validateTopologies(terms: readonly TopologySelectorTerm[], path: string): FieldError[] {
  return terms.flatMap((term, i) => {
    const at = `${path}[${i}].matchLabelExpressions`;
    const isRepeated = terms.slice(0, i).some((other) => semanticallyEqual(other, term));
    return [...validateTerm(term, at), ...(isRepeated ? [fieldDuplicate(at, '')] : [])];
  });
}

function validateTerm({ matchLabelExpressions = [] }: TopologySelectorTerm, path: string) {
  if (matchLabelExpressions.length === 0) return [fieldRequired(path)];
  const keys = matchLabelExpressions.map((expression) => expression.key);
  return matchLabelExpressions.flatMap(({ key = '', values = [] }, i): FieldError[] => [
    ...(values.length === 0 ? [fieldRequired(`${path}[${i}].values`)] : []),
    ...values.flatMap((value, j) =>
      values.indexOf(value) < j ? [fieldDuplicate(`${path}[${i}].values[${j}]`, value)] : [],
    ),
    ...invalid(`${path}[${i}].key`, key, qualifiedNameFaults(key)),
    ...(keys.indexOf(key) < i ? [fieldDuplicate(`${path}[${i}].key`, key)] : []),
  ]);
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const [next, before] = [classOf(object), classOf(old)];
  const faults = (['parameters', 'provisioner', 'reclaimPolicy'] as const)
    .filter((field) => !semanticallyEqual(next[field], before[field]))
    .map((field) => fieldForbidden(field, `updates to ${field} are forbidden.`));
  const { volumeBindingMode: mode, allowedTopologies } = next;
  return [
    ...faults,
    ...validateImmutable(mode, before.volumeBindingMode, 'volumeBindingMode'),
    ...validateTopologies(allowedTopologies ?? [], 'allowedTopologies'),
  ];
}

export const storageClassKind = defineKind({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  setDefaults,
  validate,
  validateUpdate,
});
