/**
 * Which checks a level has, and since when. Given; the checks are `checks.ts`.
 *
 * @see k8s.io/pod-security-admission/policy/registry.go (1.33)
 */

import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import {
  allowPrivilegeEscalation,
  appArmorProfile,
  type Check,
  capabilitiesBaseline,
  capabilitiesRestricted,
  type Fault,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  procMount,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompBaseline,
  seccompRestricted,
  seLinuxOptions,
  sysctls,
  windowsHostProcess,
} from './checks.ts';
import type { LevelVersion } from './policy.ts';

/** A check, from a minor version on, until the next one of its name. */
interface Versioned {
  readonly since: number;
  readonly check: Check;
}

const OLD_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SYSCTLS_27 = [...OLD_SYSCTLS, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];
const SE_LINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

const always = (check: Check): Versioned[] => [{ since: 0, check }];

/** In the order in which faults are told. */
const BASELINE: Readonly<Record<string, readonly Versioned[]>> = {
  appArmorProfile: always(appArmorProfile),
  capabilities_baseline: always(capabilitiesBaseline),
  hostNamespaces: always(hostNamespaces),
  hostPathVolumes: always(hostPathVolumes),
  hostPorts: always(hostPorts),
  privileged: always(privileged),
  procMount: always(procMount),
  seLinuxOptions: [
    { since: 0, check: seLinuxOptions(new Set(SE_LINUX_TYPES)) },
    { since: 31, check: seLinuxOptions(new Set([...SE_LINUX_TYPES, 'container_engine_t'])) },
  ],
  seccompProfile_baseline: [{ since: 19, check: seccompBaseline }],
  sysctls: [
    { since: 0, check: sysctls(new Set(OLD_SYSCTLS)) },
    { since: 27, check: sysctls(new Set(SYSCTLS_27)) },
    { since: 29, check: sysctls(new Set(SYSCTLS_29)) },
    { since: 32, check: sysctls(new Set(SYSCTLS_32)) },
  ],
  windowsHostProcess: always(windowsHostProcess),
};

/** What is of no meaning on Windows is not asked of its pods, since it is known which they are. */
const notOnWindows = (since: number, check: Check): Versioned[] => [
  { since, check },
  { since: 25, check: (pod, spec) => (isWindows(spec) ? undefined : check(pod, spec)) },
];

const RESTRICTED: Readonly<Record<string, readonly Versioned[]>> = {
  allowPrivilegeEscalation: notOnWindows(8, allowPrivilegeEscalation),
  capabilities_restricted: notOnWindows(22, capabilitiesRestricted),
  restrictedVolumes: always(restrictedVolumes),
  runAsNonRoot: always(runAsNonRoot),
  runAsUser: [{ since: 23, check: runAsUser }],
  seccompProfile_restricted: notOnWindows(19, seccompRestricted),
};

/** A check of `restricted` that takes the place of one of `baseline`. */
const INSTEAD_OF: Readonly<Record<string, string>> = {
  capabilities_baseline: 'capabilities_restricted',
  hostPathVolumes: 'restrictedVolumes',
  seccompProfile_baseline: 'seccompProfile_restricted',
};

/** @returns what of the pod the level does not allow, in the order of the checks */
export function evaluatePod({ level, minor }: LevelVersion, pod: Pod, spec: PodSpec): Fault[] {
  if (level === 'privileged') return [];
  const at = minor === 'latest' ? Number.POSITIVE_INFINITY : minor;
  const strict = level === 'restricted' ? checksAt(RESTRICTED, at) : new Map<string, Check>();
  const loose = [...checksAt(BASELINE, at)].filter(([id]) => !strict.has(INSTEAD_OF[id] ?? ''));
  const checks = [...loose.map(([, check]) => check), ...strict.values()];
  return checks.flatMap((check) => check(pod, spec) ?? []);
}

function checksAt(all: Readonly<Record<string, readonly Versioned[]>>, at: number) {
  const found = new Map<string, Check>();
  for (const [id, versions] of Object.entries(all)) {
    const last = versions.filter(({ since }) => since <= at).at(-1);
    if (last) found.set(id, last.check);
  }
  return found;
}

function isWindows(spec: PodSpec): boolean {
  const { os } = spec as { readonly os?: { readonly name: string } };
  return os?.name === 'windows';
}
