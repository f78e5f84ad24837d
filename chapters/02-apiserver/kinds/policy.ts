/**
 * policy/v1: PodDisruptionBudgets, how many pods may be missing at once. Given.
 *
 * @see pkg/apis/policy/validation/validation.go (1.33)
 */

import type {
  PodDisruptionBudgetSpec,
  PodDisruptionBudgetStatus,
} from 'kubernetes-types/policy/v1.js';
import { type FieldError, fieldInvalid } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { validateConditions } from './conditions.ts';
import { defineKind } from './define-kind.ts';
import { specOf, statusOf, validateNonNegatives, validateOneOf } from './field-checks.ts';
import { validateAtMost100Percent, validateIntOrPercent } from './int-or-percent.ts';
import { validateLabelSelector } from './label-selector.ts';
import { pathSegmentFaults } from './value-formats.ts';

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

function prepareForCreate(object: ApiObject): void {
  object.status = {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  } satisfies PodDisruptionBudgetStatus;
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<PodDisruptionBudgetSpec>(object);
  const faults: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const why = 'minAvailable and maxUnavailable cannot be both set';
    faults.push(fieldInvalid('spec', spec, why));
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    const value = spec[field];
    if (value === undefined) continue;
    faults.push(...validateIntOrPercent(value, `spec.${field}`));
    faults.push(...validateAtMost100Percent(value, `spec.${field}`));
  }
  return [
    ...faults,
    ...validateLabelSelector(spec.selector, 'spec.selector'),
    ...validateOneOf(
      spec.unhealthyPodEvictionPolicy,
      ['AlwaysAllow', 'IfHealthyBudget'],
      'spec.unhealthyPodEvictionPolicy',
    ),
  ];
}

function validateStatusUpdate(object: ApiObject): FieldError[] {
  const status = statusOf<PodDisruptionBudgetStatus>(object);
  return [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...validateNonNegatives(status, COUNTS, 'status'),
  ];
}

export const podDisruptionBudgetKind = defineKind({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  namespaced: true,
  nameFaults: pathSegmentFaults,
  hasGeneration: true,
  subresources: { status: true },
  allowUnconditionalUpdate: false,
  setDefaults: (object) => {
    specOf(object);
  },
  prepareForCreate,
  validate,
  validateStatusUpdate,
});
