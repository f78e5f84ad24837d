/**
 * A Service's addresses and their families: what may be asked for, and what may change. Given.
 *
 * Which addresses there are, and who gets which, is `../../service-addresses/`'s business.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateServiceClusterIPsRelatedFields and
 * what follows
 */

import type { ServiceSpec } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateOneOf } from '../field-checks.ts';
import { isDualStack, isIpv6, validateIp } from './ip-addresses.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** Has it no address of its own, by its own wish? */
export function isHeadless({ clusterIPs = [] }: ServiceSpec): boolean {
  return clusterIPs.length === 1 && clusterIPs[0] === 'None';
}

/** Faults of addresses, families and policy, by themselves and together. */
export function validateClusterIps(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const path = 'spec.clusterIPs';
  const faults = [
    ...validateSameAddress(spec, path),
    ...validateFamilies(ipFamilies, 'spec.ipFamilies'),
    ...validateOneOf(ipFamilyPolicy, POLICIES, 'spec.ipFamilyPolicy'),
  ];
  const ofIps = validateEachIp(clusterIPs, path);
  faults.push(...ofIps);
  if (clusterIPs.length > 2) {
    faults.push(fieldInvalid(path, clusterIPs, 'may only hold up to 2 values'));
  }
  // What is said of several addresses would be about ones that are none.
  if (ofIps.length > 0) return faults;
  if (clusterIPs.length > 1 && !isDualStack(clusterIPs)) {
    const why = 'may specify no more than one IP for each IP family';
    faults.push(fieldInvalid(path, clusterIPs, why));
  }
  if (!isHeadless(spec)) faults.push(...validateIpsFitFamilies(clusterIPs, ipFamilies, path));
  return faults;
}

/** The single field and the list say the same. */
function validateSameAddress(
  { clusterIP = '', clusterIPs = [] }: ServiceSpec,
  path: string,
): FieldError[] {
  if (!clusterIP) {
    const why = 'must be empty when `clusterIP` is not specified';
    return clusterIPs.length > 0 ? [fieldInvalid(path, clusterIPs, why)] : [];
  }
  if (clusterIPs.length === 0) return [fieldRequired(path)];
  if (clusterIPs[0] === clusterIP) return [];
  return [fieldInvalid(path, clusterIPs, 'first value must match `clusterIP`')];
}

function validateFamilies(families: readonly string[], path: string): FieldError[] {
  return families.flatMap((family, i) => {
    const at = `${path}[${i}]`;
    const faults = FAMILIES.includes(family) ? [] : [fieldNotSupported(at, family, FAMILIES)];
    if (families.indexOf(family) < i) faults.push(fieldDuplicate(at, family));
    return faults;
  });
}

function validateEachIp(ips: readonly string[], path: string): FieldError[] {
  return ips.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return validateIp(ip, `${path}[${i}]`);
    const why = "'None' must be the first and only value";
    return ips.length > 1 ? [fieldInvalid(path, ips, why)] : [];
  });
}

function validateIpsFitFamilies(
  ips: readonly string[],
  families: readonly string[],
  path: string,
): FieldError[] {
  return ips.flatMap((ip, i) => {
    const family = families[i];
    const actual = isIpv6(ip) ? 'IPv6' : 'IPv4';
    if ((family !== 'IPv4' && family !== 'IPv6') || family === actual) return [];
    const why = `expected an ${family} value as indicated by \`ipFamilies[${i}]\``;
    return [fieldInvalid(`${path}[${i}]`, ip, why)];
  });
}

const MAY_NOT_CHANGE = 'may not change once set';

/** A second address may come and go; the first stays, unless the Service gets a name instead. */
export function validateClusterIpsUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  if (isHeadless(spec) && isHeadless(old)) return [];
  const path = 'spec.clusterIPs';
  const { clusterIPs: now = [] } = spec;
  const { clusterIPs: before = [] } = old;
  if (now.length === before.length) {
    return before.flatMap((ip, i) =>
      ip === now[i] ? [] : [fieldInvalid(`${path}[${i}]`, now, MAY_NOT_CHANGE)],
    );
  }
  const faults: FieldError[] = [];
  if (now.length === 0) {
    faults.push(fieldInvalid(`${path}[0]`, now, 'primary clusterIP can not be unset'));
  } else if (before.length > 0 && now[0] !== before[0]) {
    faults.push(fieldInvalid(`${path}[0]`, now, MAY_NOT_CHANGE));
  }
  if (before.length > now.length && now.length === 1) {
    faults.push(...validateReleased(spec, 'clusterIP'));
  }
  return faults;
}

/** The same for families. */
export function validateFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return [];
  // Without addresses there is nothing that families would have to fit.
  if (isHeadless(spec) || isHeadless(old)) return [];
  const path = 'spec.ipFamilies[0]';
  const { ipFamilies: now = [] } = spec;
  const { ipFamilies: before = [] } = old;
  if (now.length === before.length) {
    return before.flatMap((family, i) =>
      family === now[i] ? [] : [fieldInvalid(path, now, MAY_NOT_CHANGE)],
    );
  }
  const faults: FieldError[] = [];
  if (before.length > now.length && !spec.clusterIPs?.length) {
    faults.push(fieldInvalid(path, now, 'primary ipFamily can not be unset'));
  }
  if (before.length > 0 && now.length > 0 && now[0] !== before[0]) {
    faults.push(fieldInvalid(path, spec.clusterIPs, MAY_NOT_CHANGE));
  }
  if (before.length > now.length && now.length === 1) {
    faults.push(...validateReleased(spec, 'ipFamily'));
  }
  return faults;
}

function validateReleased({ ipFamilyPolicy }: ServiceSpec, what: string): FieldError[] {
  if (ipFamilyPolicy === 'SingleStack') return [];
  const why = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return [fieldInvalid('spec.ipFamilyPolicy', ipFamilyPolicy, why)];
}
