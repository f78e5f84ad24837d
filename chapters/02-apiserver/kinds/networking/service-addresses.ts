/**
 * IPAddresses and ServiceCIDRs: which addresses Services have, and where they come from. Given.
 *
 * Handing out addresses is `../../service-addresses/`'s business, not theirs.
 *
 * @see pkg/apis/networking/validation/validation.go (1.33), ValidateIPAddress, ValidateServiceCIDR
 */

import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  type FieldError,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { validateConditions } from '../conditions.ts';
import { isDualStack } from '../core/ip-addresses.ts';
import { defineKind } from '../define-kind.ts';
import { invalid, specOf, statusOf, validateImmutable } from '../field-checks.ts';
import { pathSegmentFaults } from '../value-formats.ts';
import { canonicalIpFaults, validateCanonicalCidr } from './cidr.ts';

interface IpAddressSpec {
  /** Who has the address: a Service. */
  parentRef?: { group?: string; resource?: string; namespace?: string; name?: string };
}

interface ServiceCidrSpec {
  cidrs?: string[];
}

interface ServiceCidrStatus {
  conditions?: { type: string; status: string }[];
}

function validateIpAddress(object: ApiObject): FieldError[] {
  const { parentRef } = specOf<IpAddressSpec>(object);
  if (!parentRef) return [fieldRequired('spec.parentRef')];
  const { group = '', resource = '', namespace = '', name = '' } = parentRef;
  const path = 'spec.parentRef';
  return [
    ...(group === '' ? [] : invalid(`${path}.group`, group, dnsSubdomainFaults(group))),
    ...validateSegment(resource, `${path}.resource`),
    ...validateSegment(name, `${path}.name`),
    ...(namespace === '' ? [] : invalid(`${path}.namespace`, namespace, dnsLabelFaults(namespace))),
  ];
}

function validateSegment(value: string, path: string): FieldError[] {
  return value === '' ? [fieldRequired(path)] : invalid(path, value, pathSegmentFaults(value));
}

function validateServiceCidr(object: ApiObject): FieldError[] {
  const { cidrs = [] } = specOf<ServiceCidrSpec>(object);
  if (cidrs.length === 0) return [fieldRequired('spec.cidrs', 'at least one CIDR required')];
  const faults = cidrs.flatMap((cidr, i) => validateCanonicalCidr(cidr, `spec.cidrs[${i}]`));
  if (cidrs.length > 2) {
    return [...faults, fieldInvalid('spec.cidrs', cidrs, 'may only hold up to 2 values')];
  }
  if (cidrs.length < 2 || faults.length > 0 || isDualStack(cidrs)) return faults;
  const why =
    'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  return [fieldInvalid('spec.cidrs', cidrs, why)];
}

export const ipAddressKind = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  resource: 'ipaddresses',
  shortNames: ['ip'],
  namespaced: false,
  nameFaults: canonicalIpFaults,
  validate: validateIpAddress,
  validateUpdate: (object, old) => [
    ...validateIpAddress(object),
    ...validateImmutable(
      specOf<IpAddressSpec>(object).parentRef,
      specOf<IpAddressSpec>(old).parentRef,
      'spec.parentRef',
    ),
  ],
});

export const serviceCidrKind = defineKind({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  resource: 'servicecidrs',
  namespaced: false,
  subresources: { status: true },
  prepareForCreate: (object) => {
    object.status = {};
  },
  validate: validateServiceCidr,
  validateUpdate: (object, old) => [
    ...validateServiceCidr(object),
    ...validateImmutable(
      specOf<ServiceCidrSpec>(object).cidrs,
      specOf<ServiceCidrSpec>(old).cidrs,
      'spec.cidrs',
    ),
  ],
  validateStatusUpdate: (object) =>
    validateConditions(statusOf<ServiceCidrStatus>(object).conditions, 'status.conditions'),
});
