/**
 * With which rights a pod and its containers run. Given.
 *
 * What is about Windows alone is in `windows-options.ts`; what may be set on which system in
 * `pod-os.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidateSecurityContext,
 * validatePodSpecSecurityContext
 */

import type {
  AppArmorProfile,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
} from '#apimachinery';
import { validateOneOf } from '../field-checks.ts';
import { validateDescendingPath } from './local-paths.ts';
import { validateId } from './names.ts';
import type { ApiPodSpec } from './objects.ts';
import { validateWindowsOptions } from './windows-options.ts';

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

/**
 * Faults of a container's rights.
 *
 * @param hostUsers - are the pod's users those of the node?
 */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  path: string,
): FieldError[] {
  if (!context) return [];
  return [
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...validateProcMount(context.procMount, hostUsers, `${path}.procMount`),
    ...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`),
    ...validateEscalation(context, path),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`),
  ];
}

function validateProcMount(
  procMount: string | undefined,
  hostUsers: boolean,
  path: string,
): FieldError[] {
  if (procMount === undefined) return [];
  if (procMount !== 'Default' && procMount !== 'Unmasked') {
    return [fieldNotSupported(path, procMount, ['Default', 'Unmasked'])];
  }
  if (procMount === 'Default' || !hostUsers) return [];
  return [fieldInvalid(path, procMount, '`hostUsers` must be false to use `Unmasked`')];
}

/** Who has every right already cannot be kept from getting more. */
function validateEscalation(context: SecurityContext, path: string): FieldError[] {
  const { allowPrivilegeEscalation, privileged, capabilities } = context;
  if (allowPrivilegeEscalation !== false) return [];
  const faults: FieldError[] = [];
  if (privileged) {
    const why = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
    faults.push(fieldInvalid(path, context, why));
  }
  if (capabilities?.add?.includes('CAP_SYS_ADMIN')) {
    const why =
      'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
    faults.push(fieldInvalid(path, context, why));
  }
  return faults;
}

/** Faults of which system calls are let through. */
export function validateSeccompProfile(
  profile: SeccompProfile | undefined,
  path: string,
): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const field = `${path}.localhostProfile`;
  const faults = validateProfileType(type, `${path}.type`, 'seccompProfile');
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return faults;
    const why = 'can only be set when seccomp type is Localhost';
    return [...faults, fieldInvalid(field, profile, why)];
  }
  if (localhostProfile === undefined) {
    return [fieldRequired(field, 'must be set when seccomp type is Localhost')];
  }
  return validateDescendingPath(localhostProfile, field);
}

function validateProfileType(type: string | undefined, path: string, what: string): FieldError[] {
  if (!type) return [fieldRequired(path, `type is required when ${what} is set`)];
  return validateOneOf(type, PROFILE_TYPES, path);
}

const MAX_PROFILE_PATH = 4095;

/** Faults of which files and the like may be used. */
export function validateAppArmorProfile(
  profile: AppArmorProfile | undefined,
  path: string,
): FieldError[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const field = `${path}.localhostProfile`;
  if (type === 'Localhost') return validateLocalAppArmor(localhostProfile, field);
  const faults = validateProfileType(type, `${path}.type`, 'appArmorProfile');
  if (faults.length > 0 || localhostProfile === undefined) return faults;
  const why = 'can only be set when AppArmor type is Localhost';
  return [fieldInvalid(field, localhostProfile, why)];
}

function validateLocalAppArmor(name: string | undefined, path: string): FieldError[] {
  const trimmed = name?.trim() ?? '';
  if (name !== undefined && trimmed !== name) {
    return [fieldInvalid(path, name, 'must not be padded with whitespace')];
  }
  if (!trimmed) return [fieldRequired(path, 'must be set when AppArmor type is Localhost')];
  return trimmed.length > MAX_PROFILE_PATH ? [fieldTooLong(path, MAX_PROFILE_PATH)] : [];
}

/** Faults of a pod's rights. */
export function validatePodSecurityContext(spec: ApiPodSpec, path: string): FieldError[] {
  const context = spec.securityContext;
  if (!context) return [];
  const { supplementalGroups = [] } = context;
  const faults = [
    ...validateId(context.fsGroup, `${path}.fsGroup`),
    ...validateId(context.runAsUser, `${path}.runAsUser`),
    ...validateId(context.runAsGroup, `${path}.runAsGroup`),
    ...supplementalGroups.flatMap((id, i) => validateId(id, `${path}.supplementalGroups[${i}]`)),
  ];
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    faults.push(fieldInvalid(`${path}.shareProcessNamespace`, true, why));
  }
  return [
    ...faults,
    ...validateSysctls(context.sysctls ?? [], spec, `${path}.sysctls`),
    ...validateOneOf(
      context.fsGroupChangePolicy,
      ['Always', 'OnRootMismatch'],
      `${path}.fsGroupChangePolicy`,
    ),
    ...validateSeccompProfile(context.seccompProfile, `${path}.seccompProfile`),
    ...validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`),
    ...validateAppArmorProfile(context.appArmorProfile, `${path}.appArmorProfile`),
    ...validateOneOf(
      context.supplementalGroupsPolicy,
      ['Merge', 'Strict'],
      `${path}.supplementalGroupsPolicy`,
    ),
    ...validateOneOf(
      context.seLinuxChangePolicy,
      ['MountOption', 'Recursive'],
      `${path}.seLinuxChangePolicy`,
    ),
  ];
}

const MAX_SYSCTL_LENGTH = 253;
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL_PATTERN = new RegExp(SYSCTL);

function validateSysctls(sysctls: readonly Sysctl[], spec: ApiPodSpec, path: string): FieldError[] {
  const seen = new Set<string>();
  return sysctls.flatMap(({ name = '' }, i) => {
    const at = `${path}[${i}].name`;
    const faults = [...validateSysctlName(name, seen, at), ...validateSysctlScope(name, spec, at)];
    seen.add(name);
    return faults;
  });
}

function validateSysctlName(name: string, seen: ReadonlySet<string>, path: string): FieldError[] {
  if (!name) return [fieldRequired(path)];
  if (name.length > MAX_SYSCTL_LENGTH || !SYSCTL_PATTERN.test(name)) {
    const why = `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL}`;
    return [fieldInvalid(path, name, why)];
  }
  return seen.has(name) ? [fieldDuplicate(path, name)] : [];
}

/** A setting of the node's own network or memory is not for a pod to change. */
function validateSysctlScope(
  name: string,
  { hostNetwork, hostIPC }: ApiPodSpec,
  path: string,
): FieldError[] {
  const dotted = name.replaceAll('/', '.');
  const isNetwork = dotted.startsWith('net.');
  const isIpc = dotted === 'kernel.sem' || /^(kernel\.shm|kernel\.msg|fs\.mqueue\.)/.test(dotted);
  if (hostNetwork && isNetwork) {
    return [fieldInvalid(path, name, "may not be specified when 'hostNetwork' is true")];
  }
  if (hostIPC && isIpc) {
    return [fieldInvalid(path, name, "may not be specified when 'hostIPC' is true")];
  }
  return [];
}
