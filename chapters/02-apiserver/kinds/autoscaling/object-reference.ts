/**
 * A reference to an object of any kind by its name, as an autoscaler has it. Given: the check.
 *
 * @see pkg/apis/autoscaling/validation/validation.go (1.33), ValidateCrossVersionObjectReference
 */

import type { CrossVersionObjectReference } from 'kubernetes-types/autoscaling/v2.js';
import { type FieldError, fieldRequired } from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { pathSegmentFaults } from '../value-formats.ts';

/** Faults of a reference to an object by kind and name. */
export function validateObjectReference(
  reference: CrossVersionObjectReference | undefined,
  path: string,
): FieldError[] {
  return (['kind', 'name'] as const).flatMap((field) => {
    const value = reference?.[field];
    if (!value) return [fieldRequired(`${path}.${field}`)];
    return invalid(`${path}.${field}`, value, pathSegmentFaults(value));
  });
}
