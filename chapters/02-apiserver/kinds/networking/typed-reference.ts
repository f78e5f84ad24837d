/**
 * A reference to an object of any kind, as Ingresses have it. Given: the check.
 *
 * @see pkg/apis/networking/validation/validation.go (1.33), validateIngressTypedLocalObjectReference
 */

import { dnsSubdomainFaults, type FieldError, fieldRequired } from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { pathSegmentFaults } from '../value-formats.ts';

/** What a reference names; the namespace is its owner's. */
export interface TypedReference {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
}

/** Faults of a reference: it has a kind and a name. */
export function validateTypedReference(reference: TypedReference, path: string): FieldError[] {
  const { apiGroup } = reference;
  const faults =
    apiGroup === undefined
      ? []
      : invalid(`${path}.apiGroup`, apiGroup, dnsSubdomainFaults(apiGroup));
  for (const field of ['kind', 'name'] as const) {
    const value = reference[field];
    const at = `${path}.${field}`;
    if (value) faults.push(...invalid(at, value, pathSegmentFaults(value)));
    else faults.push(fieldRequired(at, `${field} is required`));
  }
  return faults;
}
