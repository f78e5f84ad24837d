/**
 * scheduling.k8s.io/v1: PriorityClasses, which pods come first. Given.
 *
 * That only one is the default for all is for admission to see.
 *
 * @see pkg/apis/scheduling/validation/validation.go, pkg/apis/scheduling/v1/helpers.go (1.33)
 */

import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import { type FieldError, fieldForbidden } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { defineKind } from './define-kind.ts';
import { validateImmutable, validateRequiredOneOf } from './field-checks.ts';

const HIGHEST_USER_DEFINABLE = 1_000_000_000;
const SYSTEM_PREFIX = 'system-';

/** Those the server makes itself: they must be there for the cluster's own pods. */
export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

function validate(object: ApiObject): FieldError[] {
  const { name = '' } = object.metadata;
  const { value = 0, globalDefault, preemptionPolicy } = object as unknown as PriorityClass;
  const faults: FieldError[] = [];
  if (name.startsWith(SYSTEM_PREFIX)) {
    const error = systemClassFault(name, value, globalDefault ?? false);
    const why = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${error}`;
    if (error !== undefined) faults.push(fieldForbidden('metadata.name', why));
  } else if (value > HIGHEST_USER_DEFINABLE) {
    const why = `maximum allowed value of a user defined priority is ${HIGHEST_USER_DEFINABLE}`;
    faults.push(fieldForbidden('value', why));
  }
  return [
    ...faults,
    ...validateRequiredOneOf(
      preemptionPolicy,
      ['PreemptLowerPriority', 'Never'],
      'preemptionPolicy',
    ),
  ];
}

function systemClassFault(name: string, value: number, isDefault: boolean): string | undefined {
  const known = SYSTEM_PRIORITY_CLASSES.find((each) => each.metadata?.name === name);
  if (!known) return `${name} is not a known system priority class`;
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const why = 'may not be changed in an update.';
  return [
    ...(object.value === old.value ? [] : [fieldForbidden('value', why)]),
    ...validateImmutable(object.preemptionPolicy, old.preemptionPolicy, 'preemptionPolicy'),
  ];
}

export const priorityClassKind = defineKind({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  setDefaults: (object) => {
    object.value ??= 0;
    object.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  // It is 1 for ever: what could change is not worth counting.
  prepareForCreate: ({ metadata }) => {
    metadata.generation = 1;
  },
  validate,
  validateUpdate,
});
