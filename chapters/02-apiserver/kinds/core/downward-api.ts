/**
 * What a container may be told of its own pod, in a variable or a file. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateObjectFieldSelector and its neighbours
 */

import type { ObjectFieldSelector, ResourceFieldSelector } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldInvalid, fieldNotSupported, fieldRequired } from '#apimachinery';
import { validateQualifiedName } from './names.ts';
import { quantityOf } from './resources.ts';

/** Fields of a pod that files may have. */
export const VOLUME_FIELDS: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

/** Fields of a pod that variables may have: some of them are not known before it runs. */
export const ENV_FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** All there are in either, and some that old clients ask for to no avail. */
const POD_FIELDS: ReadonlySet<string> = new Set([
  ...VOLUME_FIELDS,
  ...ENV_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

const RESOURCE_FIELDS: readonly string[] = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

const HUGE_PAGES = /^(limits|requests)\.hugepages-/;

const BYTE_DIVISORS = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';

/** Fills in the version of a pod that a field is of. Changes the selector. */
export function setFieldSelectorDefaults(selector: ObjectFieldSelector | undefined): void {
  if (selector) selector.apiVersion ||= 'v1';
}

/** Faults of what names a field of the pod. */
export function validateFieldSelector(
  { apiVersion = '', fieldPath = '' }: ObjectFieldSelector,
  supported: readonly string[],
  path: string,
): FieldError[] {
  if (!apiVersion) return [fieldRequired(`${path}.apiVersion`)];
  if (!fieldPath) return [fieldRequired(`${path}.fieldPath`)];
  const converted = (why: string) => [
    fieldInvalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`),
  ];
  if (apiVersion !== 'v1') return converted(`unsupported pod version: ${apiVersion}`);
  const subscripted = /^([\s\S]*)\['([\s\S]*)'\]$/.exec(fieldPath);
  if (subscripted) {
    const [, field = '', key = ''] = subscripted;
    if (field === 'metadata.annotations') return validateQualifiedName(key.toLowerCase(), path);
    if (field === 'metadata.labels') return validateQualifiedName(key, path);
    return converted(`field label does not support subscript: ${fieldPath}`);
  }
  // What very old clients send.
  const field = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  if (!POD_FIELDS.has(field)) return converted(`field label not supported: ${fieldPath}`);
  if (supported.includes(field)) return [];
  return [fieldNotSupported(`${path}.fieldPath`, field, supported)];
}

/** Faults of what names an amount of a container. */
export function validateResourceFieldSelector(
  { containerName, resource, divisor }: ResourceFieldSelector,
  path: string,
  isVolume: boolean,
): FieldError[] {
  return [
    ...validateResourceField(containerName, resource, path, isVolume),
    ...validateDivisor(resource, divisor, `${path}.divisor`),
  ];
}

function validateResourceField(
  containerName: string | undefined,
  resource: string,
  path: string,
  isVolume: boolean,
): FieldError[] {
  if (isVolume && !containerName) return [fieldRequired(`${path}.containerName`)];
  if (!resource) return [fieldRequired(`${path}.resource`)];
  if (RESOURCE_FIELDS.includes(resource) || HUGE_PAGES.test(resource)) return [];
  return [fieldNotSupported(`${path}.resource`, resource, RESOURCE_FIELDS)];
}

function validateDivisor(
  resource: string,
  divisor: string | undefined,
  path: string,
): FieldError[] {
  const quantity = quantityOf(divisor);
  if (quantity.isZero()) return [];
  const text = quantity.toString();
  if (/^(limits|requests)\.cpu$/.test(resource)) {
    if (text === '1m' || text === '1') return [];
    const why = "only divisor's values 1m and 1 are supported with the cpu resource";
    return [fieldInvalid(path, resource, why)];
  }
  const what = bytesResource(resource);
  if (what === undefined || BYTE_DIVISORS.split(', ').includes(text)) return [];
  const why = `only divisor's values ${BYTE_DIVISORS} are supported with the ${what} resource`;
  return [fieldInvalid(path, resource, why)];
}

/** What the API calls an amount that is counted in bytes. */
function bytesResource(resource: string): string | undefined {
  if (/^(limits|requests)\.memory$/.test(resource)) return 'memory';
  if (/^(limits|requests)\.ephemeral-storage$/.test(resource)) return 'local ephemeral storage';
  return HUGE_PAGES.test(resource) ? 'hugepages' : undefined;
}
