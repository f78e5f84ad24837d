/**
 * Names of what is counted: `cpu`, `hugepages-2Mi`, `nvidia.com/gpu`, `requests.cpu`. Given.
 *
 * Which names a container, a quota or a limit range may have; the amounts are in `resources.ts`.
 *
 * @see pkg/apis/core/helper/helpers.go (1.33)
 */

import {
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  qualifiedNameFaults,
} from '#apimachinery';
import { validateQualifiedName } from './names.ts';

const HUGE_PAGES = 'hugepages-';
const REQUESTS_HUGE_PAGES = 'requests.hugepages-';

const CONTAINER_RESOURCES: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Objects are counted in whole numbers. */
const OBJECT_COUNTS: readonly string[] = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];

const QUOTA_RESOURCES: ReadonlySet<string> = new Set([
  ...OBJECT_COUNTS,
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);

/** Is it memory in pages of one large size? */
export function isHugePages(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

/** The size of a page: `2Mi` of `hugepages-2Mi`. */
export function hugePageSize(name: string): string {
  return name.slice(HUGE_PAGES.length);
}

function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith(REQUESTS_HUGE_PAGES);
}

/** Is it one of Kubernetes' own? A name without a domain is. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** Is it one that somebody else made up, such as a device? */
export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith('requests.')) return false;
  // It must still be a name when a quota puts `requests.` in front.
  return qualifiedNameFaults(`requests.${name}`).length === 0;
}

/** May more be promised than there is? Not of devices nor of huge pages. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** Is it counted in whole numbers? */
export function isIntegerResource(name: string): boolean {
  return OBJECT_COUNTS.includes(name) || isExtendedResource(name);
}

/** Does a quota count it without being told how? */
export function isQuotaResource(name: string): boolean {
  return QUOTA_RESOURCES.has(name) || isQuotaHugePages(name);
}

function isStandardResource(name: string): boolean {
  return isQuotaResource(name) || name === 'storage';
}

/** Faults of any resource's name. */
export function validateResourceName(name: string, path: string): FieldError[] {
  const faults = validateQualifiedName(name, path);
  if (faults.length > 0 || name.includes('/') || isStandardResource(name)) return faults;
  return [fieldInvalid(path, name, 'must be a standard resource type or fully qualified')];
}

/** Faults of the name of what a container uses. */
export function validateContainerResourceName(name: string, path: string): FieldError[] {
  const faults = validateResourceName(name, path);
  if (!name.includes('/')) {
    if (CONTAINER_RESOURCES.has(name) || isHugePages(name)) return faults;
    return [...faults, fieldInvalid(path, name, 'must be a standard resource for containers')];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return faults;
  return [...faults, fieldInvalid(path, name, "doesn't follow extended resource name standard")];
}

/** Faults of the name of what a pod as a whole uses. */
export function validatePodResourceName(name: string, path: string): FieldError[] {
  const faults = validateResourceName(name, path);
  if (faults.length > 0 || isPodLevelResource(name)) return faults;
  return [fieldNotSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

/** Can it be given to a pod as a whole? */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

/** Faults of the name of what a quota limits. */
export function validateQuotaResourceName(name: string, path: string): FieldError[] {
  const faults = validateResourceName(name, path);
  if (name.includes('/') || isQuotaResource(name)) return faults;
  return [...faults, fieldInvalid(path, name, 'must be a standard resource for quota')];
}
