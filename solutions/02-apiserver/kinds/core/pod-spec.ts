/**
 * Faults of what a pod is to be, in a pod and in a template. Given: the list of checks, in the
 * API's order.
 *
 * Its parts are in the files named below; what goes for pods alone is in `pod.ts`, for templates
 * alone in `pod-template.ts`. Values left out are filled in by `pod-defaults.ts`.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodSpec
 */

import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '#apimachinery';
import { validateOneOf, validateRequiredOneOf } from '../field-checks.ts';
import { validateLabels } from '../label-selector.ts';
import { validateAffinity } from './affinity.ts';
import {
  type ContainerContext,
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './containers.ts';
import {
  MAX_INT32,
  validateDnsLabel,
  validateDnsSubdomain,
  validateQualifiedName,
  validateRange,
} from './names.ts';
import type { ApiPodResourceClaim, ApiPodSpec } from './objects.ts';
import { validateDnsConfig, validateHostAliases } from './pod-dns.ts';
import { validateHostUsers, validatePodOs } from './pod-os.ts';
import { podContainerRequests } from './pod-requests.ts';
import { validateHostNetworkPorts } from './ports.ts';
import { validatePodResourceName } from './resource-names.ts';
import { quantityOf, validateResourceRequirements } from './resources.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateTolerations } from './tolerations.ts';
import { validateTopologySpread } from './topology-spread.ts';
import { validateVolumes } from './volumes.ts';
import { validateHostProcess } from './windows-options.ts';

/** What makes a difference to the checks. */
export interface PodValidationOptions {
  /** The pod's name; absent for a template. */
  readonly podName?: string;
}

/** Faults of what a pod is to be, all values filled in already. */
export function validatePodSpec(
  spec: ApiPodSpec,
  path: string,
  { podName = '' }: PodValidationOptions = {},
): FieldError[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  const claims = spec.resourceClaims ?? [];
  const volumes = validateVolumes(spec.volumes ?? [], podName, `${path}.volumes`);
  const context: ContainerContext = {
    volumes: volumes.byName,
    claimNames: claims.map(({ name }) => name).filter((name) => name !== ''),
    gracePeriodSeconds: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers ?? true,
  };
  const all = [...containers, ...initContainers];
  return [
    ...validateGracePeriod(spec, path),
    ...volumes.faults,
    ...validateResourceClaims(claims, `${path}.resourceClaims`),
    ...validateContainers(containers, context, `${path}.containers`),
    ...validateInitContainers(initContainers, containers, context, `${path}.initContainers`),
    ...validateEphemeralContainers(
      ephemeralContainers,
      all,
      context,
      `${path}.ephemeralContainers`,
    ),
    ...validatePodResources(spec, context.claimNames, `${path}.resources`),
    ...(spec.hostNetwork
      ? validateHostNetworkPorts(containers, `${path}.containers`, podName !== '')
      : []),
    ...validatePolicies(spec, path),
    ...validatePlacement(spec, path),
    ...validateHostProcess(spec, path),
    ...validateHostUsers(spec, path),
    ...validateSingleFields(spec, path),
    ...validatePodOs(spec, path),
  ];
}

function validateGracePeriod(
  { terminationGracePeriodSeconds }: ApiPodSpec,
  path: string,
): FieldError[] {
  if (terminationGracePeriodSeconds !== undefined) return [];
  return [fieldRequired(`${path}.terminationGracePeriodSeconds`)];
}

function validateResourceClaims(
  claims: readonly ApiPodResourceClaim[],
  path: string,
): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, i) => {
    const at = `${path}[${i}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const faults = validateClaimName(name, names, `${at}.name`);
    const given = [resourceClaimName, resourceClaimTemplateName].filter((x) => x !== undefined);
    if (given.length > 1) {
      const why =
        'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      faults.push(fieldInvalid(at, claim, why));
    }
    if (given.length === 0) {
      const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      faults.push(fieldInvalid(at, claim, why));
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field];
      if (value !== undefined) faults.push(...validateDnsSubdomain(value, `${at}.${field}`));
    }
    return faults;
  });
}

function validateClaimName(name: string, names: Set<string>, path: string): FieldError[] {
  if (!name) return [fieldRequired(path)];
  if (names.has(name)) return [fieldDuplicate(path, name)];
  names.add(name);
  return validateDnsLabel(name, path);
}

/** The pod as a whole asks for no less than its containers do together. */
function validatePodResources(
  spec: ApiPodSpec,
  claimNames: readonly string[],
  path: string,
): FieldError[] {
  const { resources, containers = [] } = spec;
  if (!resources) return [];
  const faults: FieldError[] = [];
  if (resources.claims) {
    const why = 'claims cannot be set for Resources at pod-level';
    faults.push(fieldForbidden(`${path}.claims`, why));
  }
  faults.push(
    ...validateResourceRequirements(resources, claimNames, path, validatePodResourceName),
  );
  for (const [name, needed] of Object.entries(podContainerRequests(spec))) {
    const given = quantityOf(resources.requests?.[name]);
    if (needed.compare(given) <= 0) continue;
    const why = `must be greater than or equal to aggregate container requests of ${needed}`;
    faults.push(fieldInvalid(`${path}.requests[${name}]`, given.toString(), why));
  }
  for (const [i, container] of containers.entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const most = resources.limits?.[name];
      if (most === undefined || quantityOf(limit).compare(quantityOf(most)) <= 0) continue;
      const why = `must be less than or equal to pod limits of ${most}`;
      faults.push(fieldInvalid(`${path}.containers[${i}][${name}].limits`, limit, why));
    }
  }
  return faults;
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

function validatePolicies(spec: ApiPodSpec, path: string): FieldError[] {
  return [
    ...validateRequiredOneOf(spec.restartPolicy, RESTART_POLICIES, `${path}.restartPolicy`),
    ...validateRequiredOneOf(spec.dnsPolicy, DNS_POLICIES, `${path}.dnsPolicy`),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
  ];
}

function validatePlacement(spec: ApiPodSpec, path: string): FieldError[] {
  const { readinessGates = [], topologySpreadConstraints = [] } = spec;
  return [
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDnsConfig(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`),
    ...readinessGates.flatMap(({ conditionType }, i) =>
      validateQualifiedName(conditionType, `${path}.readinessGates[${i}].conditionType`),
    ),
    ...validateSchedulingGates(spec, `${path}.schedulingGates`),
    ...validateTopologySpread(topologySpreadConstraints, `${path}.topologySpreadConstraints`),
  ];
}

function validateSchedulingGates({ schedulingGates = [] }: ApiPodSpec, path: string): FieldError[] {
  const seen = new Set<string>();
  return schedulingGates.flatMap(({ name }, i) => {
    const faults = validateQualifiedName(name, `${path}[${i}]`);
    if (seen.has(name)) faults.push(fieldDuplicate(`${path}[${i}]`, name));
    seen.add(name);
    return faults;
  });
}

function validateSingleFields(spec: ApiPodSpec, path: string): FieldError[] {
  const { activeDeadlineSeconds, hostname, subdomain, runtimeClassName, overhead } = spec;
  return [
    ...validateSubdomainField(spec.serviceAccountName, `${path}.serviceAccountName`),
    ...validateSubdomainField(spec.nodeName, `${path}.nodeName`),
    ...(activeDeadlineSeconds === undefined
      ? []
      : validateRange(activeDeadlineSeconds, 1, MAX_INT32, `${path}.activeDeadlineSeconds`)),
    ...(hostname ? validateDnsLabel(hostname, `${path}.hostname`) : []),
    ...(subdomain ? validateDnsLabel(subdomain, `${path}.subdomain`) : []),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...validateSubdomainField(spec.priorityClassName, `${path}.priorityClassName`),
    ...(runtimeClassName === undefined
      ? []
      : validateDnsSubdomain(runtimeClassName, `${path}.runtimeClassName`)),
    ...validatePreemption(spec.preemptionPolicy, `${path}.preemptionPolicy`),
    ...(overhead ? validateResourceRequirements({ limits: overhead }, [], `${path}.overhead`) : []),
  ];
}

function validateSubdomainField(value: string | undefined, path: string): FieldError[] {
  return value ? validateDnsSubdomain(value, path) : [];
}

function validatePreemption(policy: string | undefined, path: string): FieldError[] {
  if (policy === '') return [fieldRequired(path)];
  return validateOneOf(policy, ['PreemptLowerPriority', 'Never'], path);
}
