/**
 * What may be written of a pod's status, which its node and the scheduler do. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodStatusUpdate
 */

import type { Container, PodCondition } from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { validateImmutable } from '../field-checks.ts';
import { isSidecar } from './containers.ts';
import { isDualStack, validateIp } from './ip-addresses.ts';
import { validateDnsSubdomain, validateId, validateQualifiedName } from './names.ts';
import { type ApiContainerStatus, type ApiPod, type ApiPodStatus, podOf } from './objects.ts';
import { validatePodAnnotationsUpdate } from './pod-annotations.ts';

/** The class of service stays when a writer leaves it out; addresses get both of their names. Changes the object. */
export function preparePodStatus(object: ApiObject, old: ApiObject): void {
  object.status ??= {};
  const status = object.status as ApiPodStatus;
  const { qosClass } = podOf(old).status ?? {};
  if (!status.qosClass && qosClass) status.qosClass = qosClass;
  setAddressDefaults(status);
}

/** The single field decides: an old kubelet knows no other. */
function setAddressDefaults(status: ApiPodStatus): void {
  const { podIP, podIPs = [] } = status;
  if (podIP && podIP !== podIPs[0]?.ip) status.podIPs = [{ ip: podIP }];
  else if (!podIP && podIPs[0]?.ip) status.podIP = podIPs[0].ip;
}

/** Faults of a new status. */
export function validatePodStatus(pod: ApiPod, old: ApiPod): FieldError[] {
  const { status = {}, spec } = pod;
  const { status: before = {} } = old;
  return [
    ...validatePodAnnotationsUpdate(
      pod.metadata.annotations ?? {},
      old.metadata.annotations ?? {},
      'metadata.annotations',
    ),
    ...validateConditions(status.conditions ?? []),
    ...validateNominatedNode(status, before),
    ...validateImmutable(status.qosClass, before.qosClass, 'status.qosClass'),
    ...validateTransitions(pod, old),
    ...validateClaimStatuses(pod),
    ...validatePodIps(status),
    ...validateHostIps(status),
    ...validateContainerStatuses(status, spec.os?.name ?? 'linux', pod),
  ];
}

const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

function validateConditions(conditions: readonly PodCondition[]): FieldError[] {
  return conditions.flatMap(({ type }, i) =>
    SYSTEM_CONDITIONS.includes(type)
      ? []
      : validateQualifiedName(type, `metadata.conditions[${i}].Type`),
  );
}

function validateNominatedNode(status: ApiPodStatus, before: ApiPodStatus): FieldError[] {
  const { nominatedNodeName } = status;
  if (!nominatedNodeName || nominatedNodeName === before.nominatedNodeName) return [];
  return validateDnsSubdomain(nominatedNodeName, 'status.nominatedNodeName');
}

/** A container that is over and is not to be restarted does not begin again. */
function validateTransitions({ status }: ApiPod, old: ApiPod): FieldError[] {
  const { restartPolicy, initContainers = [] } = old.spec;
  const sidecars = new Set(initContainers.filter(isSidecar).map(({ name }) => name));
  const none: ReadonlySet<string> = new Set();
  return [
    ...validateStillOver(status, old.status, 'containerStatuses', restartPolicy, none),
    ...validateStillOver(status, old.status, 'initContainerStatuses', restartPolicy, sidecars),
    ...validateStillOver(status, old.status, 'ephemeralContainerStatuses', 'Never', none),
  ];
}

type StatusList = 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses';

function validateStillOver(
  status: ApiPodStatus | undefined,
  old: ApiPodStatus | undefined,
  field: StatusList,
  restartPolicy: string | undefined,
  restarted: ReadonlySet<string>,
): FieldError[] {
  if (restartPolicy === 'Always') return [];
  const why = 'may not be transitioned to non-terminated state';
  return (old?.[field] ?? []).flatMap(({ name, state }, i) => {
    if (!state?.terminated || restarted.has(name)) return [];
    if (state.terminated.exitCode !== 0 && restartPolicy === 'OnFailure') return [];
    const begunAgain = (status?.[field] ?? []).filter(
      (now) => now.name === name && !now.state?.terminated,
    );
    return begunAgain.map(() => fieldForbidden(`status.${field}[${i}].state`, why));
  });
}

function validateClaimStatuses({ status, spec }: ApiPod): FieldError[] {
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name));
  const seen = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name = '', resourceClaimName }, i) => {
    const field = `status.resourceClaimStatuses[${i}].name`;
    const faults: FieldError[] = [];
    if (!claims.has(name)) {
      const why = 'must match the name of an entry in `spec.resourceClaims`';
      faults.push(fieldInvalid(field, name, why));
    }
    if (seen.has(name)) faults.push(fieldDuplicate(field, name));
    seen.add(name);
    if (resourceClaimName === undefined) return faults;
    return [...faults, ...validateDnsSubdomain(resourceClaimName, field)];
  });
}

const ONE_OF_EACH = 'may specify no more than one IP for each IP family';

function validatePodIps({ podIPs = [] }: ApiPodStatus): FieldError[] {
  const path = 'status.podIPs';
  const faults = podIPs.flatMap(({ ip }, i) => validateIp(ip, `${path}[${i}]`));
  if (podIPs.length > 1) {
    if (!isDualStack(podIPs.map(({ ip }) => ip ?? '')) || podIPs.length > 2) {
      faults.push(fieldInvalid(path, podIPs, ONE_OF_EACH));
    }
    faults.push(...validateIpsUnique(podIPs, path));
  }
  return faults;
}

function validateHostIps({ hostIP, hostIPs = [] }: ApiPodStatus): FieldError[] {
  const path = 'status.hostIPs';
  const [first] = hostIPs;
  if (!first) return [];
  const faults: FieldError[] = [];
  if ((hostIP ?? '') !== (first.ip ?? '')) {
    faults.push(fieldInvalid(`${path}[0].ip`, first.ip ?? '', 'must be equal to `hostIP`'));
  }
  faults.push(...hostIPs.flatMap(({ ip }, i) => validateIp(ip, `${path}[${i}]`)));
  if (hostIPs.length > 1) {
    faults.push(...validateIpsUnique(hostIPs, path));
    if (!isDualStack(hostIPs.map(({ ip }) => ip ?? '')) || hostIPs.length > 2) {
      faults.push(fieldInvalid(path, hostIPs, ONE_OF_EACH));
    }
  }
  return faults;
}

function validateIpsUnique(ips: readonly { ip?: string }[], path: string): FieldError[] {
  return ips.flatMap((item, i) =>
    ips.slice(0, i).some(({ ip }) => ip === item.ip) ? [fieldDuplicate(`${path}[${i}]`, item)] : [],
  );
}

function validateContainerStatuses(
  status: ApiPodStatus,
  os: string,
  { spec }: ApiPod,
): FieldError[] {
  const lists: [StatusList, readonly Container[] | undefined][] = [
    ['containerStatuses', spec.containers],
    ['initContainerStatuses', spec.initContainers ?? []],
    // What has no resources has none allocated.
    ['ephemeralContainerStatuses', undefined],
  ];
  return [
    ...lists.flatMap(([field]) => validateUsers(status[field] ?? [], os, `status.${field}`)),
    ...lists.flatMap(([field, containers]) =>
      validateAllocated(status[field] ?? [], containers, `status.${field}`),
    ),
  ];
}

function validateUsers(
  statuses: readonly ApiContainerStatus[],
  os: string,
  path: string,
): FieldError[] {
  return statuses.flatMap(({ user }, i) => {
    const { linux } = user ?? {};
    const at = `${path}[${i}].linux`;
    if (!linux) return [];
    if (os === 'windows') return [fieldForbidden(at, 'cannot be set for a windows pod')];
    return [
      ...validateId(linux.uid ?? 0, `${at}.uid`),
      ...validateId(linux.gid ?? 0, `${at}.gid`),
      ...(linux.supplementalGroups ?? []).flatMap((id, g) =>
        validateId(id, `${at}.supplementalGroups[${g}]`),
      ),
    ];
  });
}

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];

function validateAllocated(
  statuses: readonly ApiContainerStatus[],
  containers: readonly Container[] | undefined,
  path: string,
): FieldError[] {
  return statuses.flatMap(({ name, allocatedResourcesStatus = [] }, i) => {
    const field = `${path}[${i}].allocatedResourcesStatus`;
    if (containers === undefined) {
      const why = 'must not be specified in container status';
      return allocatedResourcesStatus.length > 0 ? [fieldForbidden(field, why)] : [];
    }
    const container = containers.find((candidate) => candidate.name === name);
    return allocatedResourcesStatus.flatMap((allocated, j) => {
      const at = `${field}[${j}]`;
      return [
        ...(container ? validateAllocatedName(allocated.name ?? '', container, `${at}.name`) : []),
        ...validateHealth(allocated.resources ?? [], `${at}.resources`),
      ];
    });
  });
}

function validateAllocatedName(name: string, { resources }: Container, path: string): FieldError[] {
  const { claims = [], requests = {} } = resources ?? {};
  if (!name.startsWith('claim:')) {
    if (name in requests) return [];
    const why = "must match one of the container's resource requests";
    return [fieldInvalid(path, name, why)];
  }
  const used = claims.map((claim: { name: string; request?: string }) =>
    claim.request ? `claim:${claim.name}/${claim.request}` : `claim:${claim.name}`,
  );
  if (used.includes(name)) return [];
  const why =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return [fieldInvalid(path, name, why)];
}

function validateHealth(
  resources: readonly { resourceID: string; health?: string }[],
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  return resources.flatMap(({ resourceID, health = '' }, i) => {
    const faults = HEALTH.includes(health)
      ? []
      : [fieldNotSupported(`${path}[${i}].health`, health, HEALTH)];
    if (seen.has(resourceID)) faults.push(fieldDuplicate(`${path}[${i}].resourceID`, resourceID));
    seen.add(resourceID);
    return faults;
  });
}
