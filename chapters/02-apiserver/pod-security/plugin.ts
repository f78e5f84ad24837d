/**
 * PodSecurity: pods are as their namespace's labels ask. Given.
 *
 * @see k8s.io/pod-security-admission/admission/admission.go (1.33)
 */

import type { Container, Namespace, Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import { type FieldError, newInvalid } from '#apimachinery';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import { newAdmissionForbidden } from '../admission/forbidden.ts';
import type { ApiObject } from '../api-object.ts';
import type { Fault } from './checks.ts';
import { evaluatePod } from './evaluate.ts';
import { compareLevels, isSame, type LevelVersion, policyOf, textOf } from './policy.ts';

/** What the plugin asks. */
export interface PodSecurityOptions {
  namespace(name: string): Promise<ApiObject | undefined>;
  /** The pods of a namespace, by name. */
  pods(namespace: string): Promise<readonly ApiObject[]>;
}

/** Subresources of pods that leave their spec alone. */
const IGNORED: ReadonlySet<string> = new Set([
  ...['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'],
]);
/** Where objects that make pods have their template. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  '/podtemplates': ['template'],
  '/replicationcontrollers': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'apps/deployments': ['spec', 'template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
  'batch/jobs': ['spec', 'template'],
};
const NAMESPACES = '/namespaces';
const PODS = '/pods';
/** Existing pods that are looked at, at most. */
const MAX_PODS = 3000;

/** Makes the plugin. */
export function podSecurity(options: PodSecurityOptions): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    handles: (request) => {
      const { operation, subresource } = request;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      const about = aboutOf(request);
      if (about === PODS) return !IGNORED.has(subresource);
      return subresource === '' && (about === NAMESPACES || about in TEMPLATES);
    },
    validate: async (request) => {
      const about = aboutOf(request);
      if (about === NAMESPACES) return validateNamespace(request, options);
      const namespace = (await options.namespace(request.namespace)) as Namespace | undefined;
      const { policy } = policyOf(namespace?.metadata?.labels);
      const pod = podOf(request);
      if (!pod?.spec) return;
      if (about === PODS) {
        if (!isSignificant(pod.spec, (request.oldObject as Pod | undefined)?.spec)) return;
        const faults = evaluatePod(policy.enforce, pod, pod.spec);
        if (faults.length > 0) {
          const why = `violates PodSecurity "${textOf(policy.enforce)}": ${detailOf(faults)}`;
          throw newAdmissionForbidden(request, why);
        }
      }
      const faults = evaluatePod(policy.warn, pod, pod.spec);
      if (faults.length === 0) return;
      request.warn(`would violate PodSecurity "${textOf(policy.warn)}": ${detailOf(faults)}`);
    },
  };
}

function aboutOf({ resource }: AdmissionRequest): string {
  return `${resource.group}/${resource.resource}`;
}

/** The pod itself, or the one that would be made. */
function podOf(request: AdmissionRequest): Pod | undefined {
  const path = TEMPLATES[aboutOf(request)] ?? [];
  let at: unknown = request.object;
  for (const field of path) at = (at as Record<string, unknown> | undefined)?.[field];
  return at as Pod | undefined;
}

/** Nothing else of a pod may change that a check looks at. */
function isSignificant(spec: PodSpec, old: PodSpec | undefined): boolean {
  if (!old) return true;
  const images = ({ containers, initContainers = [], ephemeralContainers = [] }: PodSpec) =>
    JSON.stringify(
      [containers, initContainers, ephemeralContainers as Container[]].map((list) =>
        list.map(({ name, image }) => [name, image]),
      ),
    );
  return images(spec) !== images(old);
}

function detailOf(faults: readonly Fault[]): string {
  return faults.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');
}

async function validateNamespace(
  request: AdmissionRequest,
  options: PodSecurityOptions,
): Promise<void> {
  const { object, oldObject } = request;
  const { policy, faults } = policyOf(object?.metadata.labels);
  const before = policyOf(oldObject?.metadata.labels);
  if (faults.length > 0 && textsOf(faults) !== textsOf(before.faults)) {
    throw newInvalid(request.kind, object?.metadata.name ?? '', faults);
  }
  if (!oldObject || !object?.metadata.name) return;
  const [now, was] = [policy.enforce, before.policy.enforce];
  const isLooser = now.minor === was.minor && compareLevels(now.level, was.level) <= 0;
  if (isSame(now, was) || isLooser) return;
  await warnOfPods(request, now, await options.pods(object.metadata.name));
}

function textsOf(faults: readonly FieldError[]): string {
  return JSON.stringify(faults);
}

async function warnOfPods(
  request: AdmissionRequest,
  level: LevelVersion,
  pods: readonly ApiObject[],
): Promise<void> {
  const namesByFault = new Map<string, string[]>();
  for (const pod of (pods as readonly Pod[]).slice(0, MAX_PODS)) {
    const faults = pod.spec ? evaluatePod(level, pod, pod.spec) : [];
    if (faults.length === 0) continue;
    const reason = faults.map((one) => one.reason).join(', ');
    namesByFault.set(reason, [...(namesByFault.get(reason) ?? []), pod.metadata?.name ?? '']);
  }
  if (pods.length > MAX_PODS) {
    const counts = `first ${MAX_PODS} of ${pods.length} existing pods`;
    request.warn(`new PodSecurity enforce level only checked against the ${counts}`);
  }
  if (namesByFault.size === 0) return;
  const name = request.object?.metadata.name;
  request.warn(
    `existing pods in namespace "${name}" violate the new PodSecurity enforce level "${textOf(level)}"`,
  );
  const lines = [...namesByFault].map(([reason, names]) => `${whoOf(names.sort())}: ${reason}`);
  for (const line of lines.sort()) request.warn(line);
}

function whoOf([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
}
