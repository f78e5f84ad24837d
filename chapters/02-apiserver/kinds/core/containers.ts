/**
 * A pod's containers: what all three kinds of them have in common, and what each may not have.
 * Given.
 *
 * Regular containers run side by side. Init containers run before them one by one, but for those
 * that are restarted always (sidecars). Ephemeral containers are added to a running pod to look
 * into it.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), validateContainers and its neighbours
 */

import type {
  Container,
  ContainerResizePolicy,
  EphemeralContainer,
} from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import { validateRequiredOneOf } from '../field-checks.ts';
import { validateEnv, validateEnvFrom } from './env.ts';
import { PULL_POLICIES } from './image-pull-policy.ts';
import { validatePresent, validateRequiredDnsLabel } from './names.ts';
import { validateContainerPorts, validateHostPortsUnique } from './ports.ts';
import { validateNoProbes, validateProbes } from './probes.ts';
import { validateResourceRequirements } from './resources.ts';
import { validateSecurityContext } from './security-context.ts';
import { type Volumes, validateVolumeUses } from './volume-mounts.ts';

/** What the checks of a container must know of its pod. */
export interface ContainerContext {
  readonly volumes: Volumes;
  /** Names in the pod's `resourceClaims`. */
  readonly claimNames: readonly string[];
  readonly gracePeriodSeconds: number | undefined;
  readonly restartPolicy: string | undefined;
  /** Are the pod's users those of the node? */
  readonly hostUsers: boolean;
}

/** Is it an init container that stays, beside the regular ones? */
export function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];

function validateAnyContainer(
  container: Container,
  context: ContainerContext,
  path: string,
): FieldError[] {
  return [
    ...validateRequiredDnsLabel(container.name, `${path}.name`),
    ...validatePresent(container.image, `${path}.image`),
    ...validateRequiredOneOf(
      container.terminationMessagePolicy,
      MESSAGE_POLICIES,
      `${path}.terminationMessagePolicy`,
    ),
    ...validateContainerPorts(container.ports, `${path}.ports`),
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
    ...validateVolumeUses(container, context.volumes, path),
    ...validateRequiredOneOf(container.imagePullPolicy, PULL_POLICIES, `${path}.imagePullPolicy`),
    ...validateResourceRequirements(container.resources, context.claimNames, `${path}.resources`),
    ...validateResizePolicy(container.resizePolicy ?? [], context, `${path}.resizePolicy`),
    ...validateSecurityContext(
      container.securityContext,
      context.hostUsers,
      `${path}.securityContext`,
    ),
  ];
}

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  { restartPolicy: ofPod }: ContainerContext,
  path: string,
): FieldError[] {
  const seen = new Set<string>();
  return policies.flatMap(({ resourceName, restartPolicy }, i) => {
    const faults = seen.has(resourceName) ? [fieldDuplicate(`${path}[${i}]`, resourceName)] : [];
    seen.add(resourceName);
    faults.push(
      ...validateRequiredOneOf(resourceName, ['cpu', 'memory'], path),
      ...validateRequiredOneOf(restartPolicy, ['NotRequired', 'RestartContainer'], path),
    );
    if (ofPod === 'Never' && restartPolicy !== 'NotRequired') {
      const why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      faults.push(fieldInvalid(path, restartPolicy, why));
    }
    return faults;
  });
}

/** Faults of the regular containers; there must be one. */
export function validateContainers(
  containers: readonly Container[],
  context: ContainerContext,
  path: string,
): FieldError[] {
  if (containers.length === 0) return [fieldRequired(path)];
  const names = new Set<string>();
  const faults = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const own = validateAnyContainer(container, context, at);
    if (names.has(container.name)) own.push(fieldDuplicate(`${at}.name`, container.name));
    names.add(container.name);
    own.push(...validateProbes(container, context.gracePeriodSeconds, at));
    if (container.restartPolicy !== undefined) {
      const why = 'may not be set for non-init containers';
      own.push(fieldForbidden(`${at}.restartPolicy`, why));
    }
    return own;
  });
  return [...faults, ...validateHostPortsUnique(containers, path)];
}

/** Faults of the init containers. */
export function validateInitContainers(
  initContainers: readonly Container[],
  containers: readonly Container[],
  context: ContainerContext,
  path: string,
): FieldError[] {
  const names = new Set(containers.map(({ name }) => name));
  return initContainers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const { name, restartPolicy } = container;
    const faults = validateAnyContainer(container, context, at);
    if (restartPolicy !== undefined && !isSidecar(container)) {
      faults.push(fieldNotSupported(`${at}.restartPolicy`, restartPolicy, ['Always']));
    }
    if (names.has(name)) faults.push(fieldDuplicate(`${at}.name`, name));
    if (name) names.add(name);
    // One runs after the other, so only the ports of one and the same are compared.
    faults.push(...validateHostPortsUnique([container], path));
    const ofProbes = isSidecar(container)
      ? validateProbes(container, context.gracePeriodSeconds, at)
      : validateNoProbes(container, at);
    return [...faults, ...ofProbes];
  });
}

/** What only containers that are planned for may have, in the order the API looks. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** Faults of the ephemeral containers. */
export function validateEphemeralContainers(
  ephemeralContainers: readonly EphemeralContainer[],
  others: readonly Container[],
  context: ContainerContext,
  path: string,
): FieldError[] {
  const otherNames = new Set(others.map(({ name }) => name));
  const names = new Set(otherNames);
  return ephemeralContainers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    const { name, targetContainerName } = container;
    const faults = [
      ...validateAnyContainer(container, context, at),
      ...validateImageSpace(container, at),
    ];
    if (names.has(name)) faults.push(fieldDuplicate(`${at}.name`, name));
    names.add(name);
    if (targetContainerName && !otherNames.has(targetContainerName)) {
      faults.push(fieldNotFound(`${at}.targetContainerName`, targetContainerName));
    }
    return [...faults, ...validateEphemeralFields(container, at)];
  });
}

function validateEphemeralFields(container: EphemeralContainer, path: string): FieldError[] {
  const why = 'cannot be set for an Ephemeral Container';
  const faults = NOT_EPHEMERAL.filter((field) => isSet(container[field])).map((field) =>
    fieldForbidden(`${path}.${field}`, why),
  );
  for (const [i, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${i}]`;
    if (subPath) faults.push(fieldForbidden(`${at}.subPath`, why));
    if (subPathExpr) faults.push(fieldForbidden(`${at}.subPathExpr`, why));
  }
  return faults;
}

/** Nothing in it is as good as not there, for `resources: {}` and `ports: []`. */
function isSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  return Object.keys(value).length > 0;
}

/** In a pod, unlike in a template, the image's name has no space around it. */
export function validateImageSpace({ image = '' }: Container, path: string): FieldError[] {
  if (image.trim() === image) return [];
  const why = 'must not have leading or trailing whitespace';
  return [fieldInvalid(`${path}.image`, image, why)];
}
