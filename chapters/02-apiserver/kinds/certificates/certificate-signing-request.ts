/**
 * CertificateSigningRequests: somebody asks for a certificate. Given.
 *
 * What may be written to `/approval` is in `approval.ts`, who asked is filled in by `requester.ts`.
 * Whether the request is signed with the key it carries is for whoever signs to see: here it must
 * only be a PEM block of the right type.
 *
 * @see pkg/apis/certificates/validation/validation.go,
 * pkg/registry/certificates/certificates/strategy.go (1.33)
 */

import type {
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
  CertificateSigningRequestStatus,
} from 'kubernetes-types/certificates/v1.js';
import {
  deepCopy,
  dnsLabelFaults,
  dnsSubdomainFaults,
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import { certificateFault, requestFault } from './pem.ts';

const LEAST_EXPIRATION_SECONDS = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const MAX_SIGNER_DOMAIN = 253;
const MAX_SIGNER_NAME = 571;

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Those that are the point of it all, in the order the real server looks at them. */
const DECISIONS = ['Approved', 'Denied'];
const LASTING = [...DECISIONS, 'Failed'];

/** Which parts of the status a request may change, by where it was sent. */
export interface StatusRights {
  readonly approval: boolean;
  readonly certificate: boolean;
}

function prepareForCreate(object: ApiObject): void {
  object.status = {} satisfies CertificateSigningRequestStatus;
}

/** What was asked for cannot be changed once somebody may have looked at it. */
function prepareForUpdate(object: ApiObject, old: ApiObject): void {
  object.spec = deepCopy(old.spec);
}

/** A signer that writes its certificate keeps the decisions as they are. */
function prepareForStatusUpdate(object: ApiObject, old: ApiObject): void {
  const status = statusOf<CertificateSigningRequestStatus>(object);
  for (const type of DECISIONS) {
    const before = conditionsOf(old, type);
    const now = conditionsOf(object, type);
    if (before.length !== now.length) continue;
    const kept = before.map((condition) => deepCopy(condition));
    status.conditions = (status.conditions ?? []).map((condition) =>
      condition.type === type ? (kept.shift() ?? condition) : condition,
    );
  }
}

function conditionsOf(object: ApiObject, type: string): CertificateSigningRequestCondition[] {
  const { conditions = [] } = statusOf<CertificateSigningRequestStatus>(object);
  return conditions.filter((condition) => condition.type === type);
}

function validateRequest(object: ApiObject, old?: ApiObject): FieldError[] {
  const spec = specOf<CertificateSigningRequestSpec>(object);
  const { expirationSeconds: seconds, usages = [], signerName = '' } = spec;
  const fault = requestFault(spec.request ?? '');
  const faults = fault === undefined ? [] : [fieldInvalid('spec.request', spec.request, fault)];
  if (usages.length === 0) faults.push(fieldRequired('spec.usages', 'usages must be provided'));
  for (const [i, usage] of usages.entries()) {
    const at = `spec.usages[${i}]`;
    if (!USAGES.includes(usage)) faults.push(fieldNotSupported(at, usage, USAGES));
    if (usages.indexOf(usage) < i) faults.push(fieldDuplicate(at, usage));
  }
  faults.push(...validateSignerName(signerName, 'spec.signerName'));
  if (seconds !== undefined && seconds < LEAST_EXPIRATION_SECONDS) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    faults.push(fieldInvalid('spec.expirationSeconds', seconds, why));
  }
  return [
    ...faults,
    ...validateConditions(object, 'status.conditions'),
    ...validateCertificate(object, old),
  ];
}

/** Faults of the name of a signer: `example.com/signer`. */
export function validateSignerName(name: string, path: string): FieldError[] {
  if (name === '') return [fieldRequired(path, 'signerName must be provided')];
  if (name === LEGACY_SIGNER) {
    const why = 'the legacy signerName is not allowed via this API version';
    return [fieldInvalid(path, name, why)];
  }
  const [domain = '', signer, ...more] = name.split('/');
  if (signer === undefined || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [fieldInvalid(path, name, why)];
  }
  const faults = domain.length > MAX_SIGNER_DOMAIN ? [fieldTooLong(path, MAX_SIGNER_DOMAIN)] : [];
  faults.push(...validateLabels(domain, dnsLabelFaults, path));
  if (!domain.includes('.')) {
    const why = 'should be a domain with at least two segments separated by dots';
    faults.push(fieldInvalid(path, domain, why));
  }
  faults.push(...validateLabels(signer, dnsSubdomainFaults, path));
  return name.length > MAX_SIGNER_NAME ? [...faults, fieldTooLong(path, MAX_SIGNER_NAME)] : faults;
}

/** Faults of the first label that has any. */
function validateLabels(text: string, faultsOf: (label: string) => string[], path: string) {
  const bad = text.split('.').find((label) => faultsOf(label).length > 0);
  if (bad === undefined) return [];
  return faultsOf(bad).map((fault) =>
    fieldInvalid(path, text, `validating label ${JSON.stringify(bad)}: ${fault}`),
  );
}

function validateConditions(object: ApiObject, path: string): FieldError[] {
  const { conditions = [] } = statusOf<CertificateSigningRequestStatus>(object);
  const types = conditions.map((condition) => condition.type);
  return conditions.flatMap(({ type, status }, i) => {
    const at = `${path}[${i}]`;
    const before = types.slice(0, i);
    const faults = validateConditionStatus(type, status, `${at}.status`);
    if (!type) faults.unshift(fieldRequired(`${at}.type`));
    const opposite = DECISIONS.find((decision) => decision !== type) ?? '';
    if (DECISIONS.includes(type) && before.includes(opposite)) {
      const why = 'Approved and Denied conditions are mutually exclusive';
      faults.push(fieldInvalid(`${at}.type`, type, why));
    }
    if (before.includes(type)) faults.push(fieldDuplicate(`${at}.type`, type));
    return faults;
  });
}

function validateConditionStatus(type: string, status: string, path: string): FieldError[] {
  const allowed = LASTING.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
  if (!status) return [fieldRequired(path)];
  return allowed.includes(status) ? [] : [fieldNotSupported(path, status, allowed)];
}

function validateCertificate(object: ApiObject, old: ApiObject | undefined): FieldError[] {
  const { certificate } = statusOf<CertificateSigningRequestStatus>(object);
  const before = old && statusOf<CertificateSigningRequestStatus>(old).certificate;
  if (!certificate || certificate === before) return [];
  const fault = certificateFault(certificate);
  // The certificate itself is long and no help.
  return fault === undefined
    ? []
    : [fieldInvalid('status.certificate', '<certificate data>', fault)];
}

/** Faults of a change, when only part of the status may change. */
export function validateRequestUpdate(
  object: ApiObject,
  old: ApiObject,
  rights: StatusRights,
): FieldError[] {
  const path = 'status.conditions';
  const faults = validateRequest(object, old);
  for (const type of LASTING) {
    const [now, before] = [conditionsOf(object, type), conditionsOf(old, type)];
    const isDecision = DECISIONS.includes(type) && !rights.approval;
    if (now.length < before.length) {
      faults.push(fieldForbidden(path, `updates may not remove a condition of type "${type}"`));
    } else if (isDecision && now.length > before.length) {
      faults.push(fieldForbidden(path, `updates may not add a condition of type "${type}"`));
    } else if (isDecision && !semanticallyEqual(now, before)) {
      faults.push(fieldForbidden(path, `updates may not modify a condition of type "${type}"`));
    }
  }
  return [...faults, ...validateCertificateChange(object, old, rights)];
}

function validateCertificateChange(object: ApiObject, old: ApiObject, rights: StatusRights) {
  const { certificate: now = '' } = statusOf<CertificateSigningRequestStatus>(object);
  const { certificate: before = '' } = statusOf<CertificateSigningRequestStatus>(old);
  if (now === before) return [];
  const path = 'status.certificate';
  if (!rights.certificate) {
    return [fieldForbidden(path, 'updates may not set certificate content')];
  }
  if (before === '') return [];
  return [fieldForbidden(path, 'updates may not modify existing certificate content')];
}

const NO_RIGHTS: StatusRights = { approval: false, certificate: false };
const SIGNER_RIGHTS: StatusRights = { approval: false, certificate: true };

export const certificateSigningRequestKind = defineKind({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  resource: 'certificatesigningrequests',
  shortNames: ['csr'],
  namespaced: false,
  // Call it what you like, as long as it fits into a URL: that is checked for all names.
  nameFaults: () => [],
  subresources: { status: true, approval: true },
  setDefaults: (object) => {
    specOf(object);
  },
  prepareForCreate,
  prepareForUpdate,
  prepareForStatusUpdate,
  validate: (object) => validateRequest(object),
  validateUpdate: (object, old) => validateRequestUpdate(object, old, NO_RIGHTS),
  validateStatusUpdate: (object, old) => validateRequestUpdate(object, old, SIGNER_RIGHTS),
});
