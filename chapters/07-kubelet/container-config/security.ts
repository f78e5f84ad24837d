/** Whose rights a container runs with, in the runtime's words. Given. */

import type { SecurityContext } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import type {
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  NamespaceOption,
  SecurityProfile,
} from '#container-runtime/cri';
import { ContainerConfigError } from './container-config.ts';

/** An image's own user. */
export interface ImageUser {
  readonly uid: number | undefined;
  readonly username: string;
}

const MASKED = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
 * What is said of a container goes before what is said of its pod.
 *
 * @throws ContainerConfigError when the container must not run as root and would
 */
export function containerSecurity(
  pod: Pod,
  container: Container,
  image: ImageUser,
  targetId?: string,
): LinuxContainerSecurityContext {
  const ofPod = pod.spec?.securityContext ?? {};
  const own: SecurityContext = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser ?? image.uid;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  const mustNotBeRoot = own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false;
  if (mustNotBeRoot) checkNonRoot(runAsUser, image, own.runAsUser ?? ofPod.runAsUser);
  const groups = [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup ? [ofPod.fsGroup] : [])];
  const { capabilities, privileged = false } = own;
  const seccomp = profileOf(own.seccompProfile ?? ofPod.seccompProfile);
  return {
    privileged,
    ...(capabilities && {
      capabilities: {
        addCapabilities: capabilities.add ?? [],
        dropCapabilities: capabilities.drop ?? [],
      },
    }),
    namespaceOptions: {
      ...namespacesOf(pod),
      ...(targetId && { pid: 'TARGET' as const, targetId }),
    },
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    ...(runAsUser === undefined && image.username && { runAsUsername: image.username }),
    ...(runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: groups,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: privileged || own.procMount === 'Unmasked' ? [] : MASKED,
    readonlyPaths: privileged || own.procMount === 'Unmasked' ? [] : READ_ONLY,
    ...(seccomp && { seccomp }),
  };
}

function checkNonRoot(
  uid: number | undefined,
  { username }: ImageUser,
  asked: number | undefined,
): void {
  if (uid === 0) {
    throw new ContainerConfigError(
      asked === 0
        ? "container's runAsUser breaks non-root policy"
        : 'container has runAsNonRoot and image will run as root',
    );
  }
  if (uid === undefined && username !== '') {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root`,
    );
  }
  if (uid === undefined) {
    throw new ContainerConfigError('container has runAsNonRoot and image will run as root');
  }
}

function profileOf(profile: SecurityContext['seccompProfile']): SecurityProfile | undefined {
  if (!profile) return undefined;
  const profileType = profile.type as NonNullable<SecurityProfile['profileType']>;
  return {
    profileType,
    ...(profile.localhostProfile && { localhostRef: profile.localhostProfile }),
  };
}

/** A sandbox's rights: those of its pod. */
export function sandboxSecurity(pod: Pod): LinuxSandboxSecurityContext {
  const { securityContext: own = {}, containers = [] } = pod.spec ?? {};
  return {
    namespaceOptions: namespacesOf(pod),
    ...(own.runAsUser !== undefined && { runAsUser: { value: own.runAsUser } }),
    ...(own.runAsGroup !== undefined && { runAsGroup: { value: own.runAsGroup } }),
    supplementalGroups: own.supplementalGroups ?? [],
    privileged: containers.some((one) => one.securityContext?.privileged === true),
  };
}

function namespacesOf({ spec }: Pod): NamespaceOption {
  return {
    network: spec?.hostNetwork ? 'NODE' : 'POD',
    ipc: spec?.hostIPC ? 'NODE' : 'POD',
    pid: pidMode(spec),
  };
}

function pidMode(spec: Pod['spec']): 'NODE' | 'POD' | 'CONTAINER' {
  if (spec?.hostPID) return 'NODE';
  return spec?.shareProcessNamespace ? 'POD' : 'CONTAINER';
}
