/**
 * What a pod may not ask for on the system it says it runs on, or without users of its own. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateOS, validateLinux, validateWindows,
 * validateHostUsers
 */

import type { SecurityContext } from 'kubernetes-types/core/v1.js';
import { type FieldError, fieldForbidden, fieldNotSupported, fieldRequired } from '#apimachinery';
import { type ApiPodSecurityContext, type ApiPodSpec, containersOf } from './objects.ts';

const NOT_ON_WINDOWS = 'cannot be set for a windows pod';

/** Faults of the system, and of what does not go with it. */
export function validatePodOs(spec: ApiPodSpec, path: string): FieldError[] {
  if (!spec.os) return [];
  const { name } = spec.os;
  if (!name) return [fieldRequired(`${path}.os.name`, 'cannot be empty')];
  if (name === 'linux') return validateLinux(spec, path);
  if (name === 'windows') return validateWindows(spec, path);
  return [fieldNotSupported(`${path}.os`, name, ['linux', 'windows'])];
}

function validateLinux(spec: ApiPodSpec, path: string): FieldError[] {
  const why = 'windows options cannot be set for a linux pod';
  const contexts = [
    { context: spec.securityContext, at: path },
    ...containersOf(spec, path).map((placed) => ({
      context: placed.container.securityContext,
      at: placed.path,
    })),
  ];
  return contexts
    .filter(({ context }) => context?.windowsOptions)
    .map(({ at }) => fieldForbidden(`${at}.securityContext.windowsOptions`, why));
}

/** In the order the API looks; those of the spec itself stand between those of its security context. */
const WINDOWS_POD_FIELDS: readonly (
  | readonly ['securityContext', keyof ApiPodSecurityContext]
  | readonly ['spec', keyof ApiPodSpec]
)[] = [
  ['securityContext', 'appArmorProfile'],
  ['securityContext', 'seLinuxOptions'],
  ['spec', 'hostUsers'],
  ['spec', 'hostPID'],
  ['spec', 'hostIPC'],
  ['securityContext', 'seccompProfile'],
  ['securityContext', 'fsGroup'],
  ['securityContext', 'fsGroupChangePolicy'],
  ['securityContext', 'sysctls'],
  ['spec', 'shareProcessNamespace'],
  ['securityContext', 'runAsUser'],
  ['securityContext', 'runAsGroup'],
  ['securityContext', 'supplementalGroups'],
  ['securityContext', 'supplementalGroupsPolicy'],
  ['securityContext', 'seLinuxChangePolicy'],
];

const WINDOWS_CONTAINER_FIELDS: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

function validateWindows(spec: ApiPodSpec, path: string): FieldError[] {
  const ofPod = WINDOWS_POD_FIELDS.flatMap(([where, field]) => {
    const isSpec = where === 'spec';
    const value = isSpec ? spec[field] : spec.securityContext?.[field];
    const isUnset = value === undefined || (Array.isArray(value) && value.length === 0);
    if (isUnset) return [];
    const at = isSpec ? path : `${path}.securityContext`;
    return [fieldForbidden(`${at}.${field}`, NOT_ON_WINDOWS)];
  });
  const ofContainers = containersOf(spec, path).flatMap(({ container, path: at }) =>
    WINDOWS_CONTAINER_FIELDS.filter(
      (field) => container.securityContext?.[field] !== undefined,
    ).map((field) => fieldForbidden(`${at}.securityContext.${field}`, NOT_ON_WINDOWS)),
  );
  return [...ofPod, ...ofContainers];
}

/** With users of its own a pod cannot share what belongs to the node's users. */
export function validateHostUsers(spec: ApiPodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const why = 'when `pod.Spec.HostUsers` is false';
  const faults: FieldError[] = [];
  if (spec.hostNetwork) faults.push(fieldForbidden(`${path}.hostNetwork`, why));
  if (spec.hostPID) faults.push(fieldForbidden(`${path}.HostPID`, why));
  if (spec.hostIPC) faults.push(fieldForbidden(`${path}.HostIPC`, why));
  return faults;
}
