/**
 * What a pod has that says nothing of it. Given.
 *
 * A template has the same but for what stands in `setPodDefaults`: that is decided when a pod is
 * made of it.
 *
 * @see pkg/apis/core/v1/defaults.go, zz_generated.defaults.go (1.33)
 */

import type { Container } from 'kubernetes-types/core/v1.js';
import { setEnvDefaults } from './env.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';
import type { AnyContainer, ApiPodSpec, ApiResourceRequirements } from './objects.ts';
import { podContainerRequests } from './pod-requests.ts';
import { setProbeDefaults } from './probes.ts';
import { isHugePages, isOvercommitAllowed, isPodLevelResource } from './resource-names.ts';
import { setResourceListDefaults } from './resources.ts';
import { setVolumeDefaults } from './volumes.ts';

/** How long a pod may take to stop, if it does not say. */
export const DEFAULT_GRACE_PERIOD_SECONDS = 30;

/** Fields in which nothing, `false`, 0 and '' mean the same; a pod that says so says nothing. */
const ZERO_IS_ABSENT = {
  spec: [
    'nodeName',
    'hostNetwork',
    'hostPID',
    'hostIPC',
    'hostname',
    'subdomain',
    'priorityClassName',
    'serviceAccountName',
    'serviceAccount',
  ],
  container: ['workingDir', 'stdin', 'stdinOnce', 'tty'],
  port: ['name', 'hostPort', 'hostIP'],
  mount: ['readOnly', 'subPath', 'subPathExpr'],
} as const;

function omitZero<T extends object>(object: T, fields: readonly string[]): void {
  const values = object as Record<string, unknown>;
  for (const field of fields) if (field in values && !values[field]) delete values[field];
}

/** Fills in what pods and templates have alike. Changes the spec. */
export function setPodSpecDefaults(spec: ApiPodSpec): void {
  omitZero(spec, ZERO_IS_ABSENT.spec);
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.restartPolicy ||= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= DEFAULT_GRACE_PERIOD_SECONDS;
  spec.schedulerName ||= 'default-scheduler';
  setServiceAccountDefaults(spec);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const container of allContainers(spec)) setContainerDefaults(container);
  setResourceListDefaults(spec.overhead);
  setResourceDefaults(spec.resources);
}

/** The field has an older name, which goes on saying the same. */
function setServiceAccountDefaults(spec: ApiPodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

function allContainers(spec: ApiPodSpec): AnyContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec;
  return [...initContainers, ...containers, ...ephemeralContainers];
}

function setContainerDefaults(container: Container): void {
  omitZero(container, ZERO_IS_ABSENT.container);
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
  container.resources ??= {};
  setResourceDefaults(container.resources);
  for (const port of container.ports ?? []) {
    port.protocol ||= 'TCP';
    omitZero(port, ZERO_IS_ABSENT.port);
  }
  for (const mount of container.volumeMounts ?? []) omitZero(mount, ZERO_IS_ABSENT.mount);
  setEnvDefaults(container);
  setProbeDefaults(container);
}

function setResourceDefaults(resources: ApiResourceRequirements | undefined): void {
  setResourceListDefaults(resources?.limits);
  setResourceListDefaults(resources?.requests);
}

/** Fills in what a pod has beyond that. Changes the spec. */
export function setPodDefaults(spec: ApiPodSpec): void {
  const { initContainers = [], containers = [] } = spec;
  for (const { resources } of [...containers, ...initContainers]) {
    if (!resources?.limits) continue;
    // Who is limited and asks for nothing asks for the limit.
    resources.requests = { ...resources.limits, ...resources.requests };
  }
  setPodLevelDefaults(spec);
  spec.enableServiceLinks ??= true;
  if (!spec.hostNetwork) return;
  for (const { ports = [] } of [...containers, ...initContainers]) {
    for (const port of ports) port.hostPort ||= port.containerPort;
  }
}

/** A pod that is limited as a whole asks for what its containers ask for, or for the limit. */
function setPodLevelDefaults(spec: ApiPodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  const ofContainers = podContainerRequests(spec);
  for (const [name, amount] of Object.entries(ofContainers)) {
    // Huge pages that containers have are the pod's, in requests and limits alike.
    if (!isHugePages(name) || resources.limits?.[name] !== undefined) continue;
    if (resources.requests?.[name] !== undefined) continue;
    resources.limits = { ...resources.limits, [name]: amount.toString() };
  }
  if (!resources.limits || Object.keys(resources.limits).length === 0) return;
  const requests = { ...resources.requests };
  for (const [name, amount] of Object.entries(ofContainers)) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= amount.toString();
  }
  for (const [name, limit] of Object.entries(resources.limits)) {
    if (isPodLevelResource(name)) requests[name] ??= limit;
  }
  resources.requests = requests;
}
