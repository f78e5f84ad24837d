/**
 * coordination.k8s.io/v1: Leases, who is in charge and until when. Given.
 *
 * @see pkg/apis/coordination/validation/validation.go (1.33)
 */

import type { LeaseSpec as LeaseSpec130 } from 'kubernetes-types/coordination/v1.js';
import { type FieldError, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { defineKind } from './define-kind.ts';
import { specOf } from './field-checks.ts';

/** As of 1.33. */
type LeaseSpec = LeaseSpec130 & { strategy?: string; preferredHolder?: string };

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<LeaseSpec>(object);
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  const faults: FieldError[] = [];
  if (duration !== undefined && duration <= 0) {
    faults.push(fieldInvalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  if (transitions !== undefined && transitions < 0) {
    const why = 'must be greater than or equal to 0';
    faults.push(fieldInvalid('spec.leaseTransitions', transitions, why));
  }
  if (spec.preferredHolder && !spec.strategy) {
    const why = 'may only be specified if `strategy` is defined';
    faults.push({ type: 'FieldValueForbidden', field: 'spec.preferredHolder', detail: why });
  }
  if (spec.strategy === '') faults.push(fieldRequired('spec.strategy'));
  return faults;
}

export const leaseKind = defineKind({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  namespaced: true,
  // Leader election writes leases all the time; two candidates must not overwrite each other.
  allowUnconditionalUpdate: false,
  allowCreateOnUpdate: true,
  setDefaults: (object) => {
    specOf(object);
  },
  validate,
});
