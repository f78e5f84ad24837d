/**
 * What is allowed in a pod or a template and yet hardly meant. Given.
 *
 * @see pkg/api/pod/warnings.go (1.33)
 */

import type { ContainerPort, EnvVar, NodeSelectorTerm } from 'kubernetes-types/core/v1.js';
import type { Metadata } from '../../api-object.ts';
import { type ApiPodSpec, type ApiVolume, containersOf, type ResourceList } from './objects.ts';
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD } from './pod-annotations.ts';
import { quantityOf } from './resources.ts';

/** A pod, or a template. */
interface PodLike {
  readonly metadata?: Metadata;
  readonly spec?: ApiPodSpec;
}

/** @param path - where the template is: `spec.template`; `''` for a pod */
export function podWarnings({ metadata, spec }: PodLike, path: string): string[] {
  if (!spec) return [];
  const root = path === '' ? '' : `${path}.`;
  const at = `${root}spec`;
  const annotations = metadata?.annotations ?? {};
  return [
    ...nodeLabelWarnings(spec, at),
    ...topologyWarnings(spec, at),
    ...annotationWarnings(annotations, `${root}metadata.annotations`),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(volume, `${at}.volumes[${i}]`)),
    ...repeatedWarnings(spec, at),
    ...fractionWarnings(spec.overhead, `${at}.overhead`),
    ...profileWarnings(annotations, spec, `${root}metadata.annotations`, path !== ''),
    ...containersOf(spec, at).flatMap(({ container, path: where }) => [
      ...fractionWarnings(container.resources?.limits, `${where}.resources.limits`),
      ...fractionWarnings(container.resources?.requests, `${where}.resources.requests`),
      ...envWarnings(container.env ?? [], `${where}.env`),
    ]),
    ...portWarnings(spec, at),
    ...gracePeriodWarnings(spec, at),
  ];
}

/** Labels nodes no longer get, and what to use instead. */
const DEPRECATED_NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region':
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone':
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type':
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

function nodeLabelWarnings({ nodeSelector = {}, affinity }: ApiPodSpec, path: string): string[] {
  const { nodeAffinity } = affinity ?? {};
  const field = `${path}.affinity.nodeAffinity`;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const ofSelector = Object.keys(nodeSelector).flatMap((key) => {
    const message = DEPRECATED_NODE_LABELS[key];
    return message === undefined ? [] : [`${path}.nodeSelector[${key}]: ${message}`];
  });
  return [
    ...ofSelector,
    ...(required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      termWarnings(
        term,
        `${field}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`,
      ),
    ),
    ...preferred.flatMap(({ preference }, i) =>
      termWarnings(
        preference ?? {},
        `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`,
      ),
    ),
  ];
}

function termWarnings({ matchExpressions = [] }: NodeSelectorTerm, path: string): string[] {
  return matchExpressions.flatMap(({ key }, i) => {
    const message = DEPRECATED_NODE_LABELS[key];
    return message === undefined
      ? []
      : [`${path}.matchExpressions[${i}].key: ${key} is ${message}`];
  });
}

function topologyWarnings({ topologySpreadConstraints = [] }: ApiPodSpec, path: string): string[] {
  return topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, i) => {
    const at = `${path}.topologySpreadConstraints[${i}]`;
    const message = DEPRECATED_NODE_LABELS[topologyKey];
    return [
      ...(message === undefined ? [] : [`${at}.topologyKey: ${topologyKey} is ${message}`]),
      ...(labelSelector
        ? []
        : [`${at}.labelSelector: a null labelSelector results in matching no pod`]),
    ];
  });
}

const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls':
    'non-functional in v1.11+; use the "sysctls" field instead',
};

function annotationWarnings(annotations: Record<string, string>, path: string): string[] {
  if (Object.keys(annotations).length === 0) return [];
  return Object.entries(DEPRECATED_ANNOTATIONS)
    .filter(([key]) => annotations[key] !== undefined)
    .map(([key, message]) => `${path}[${key}]: ${message}`);
}

const DEPRECATED_VOLUMES: readonly (readonly [keyof ApiVolume, string, string?])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

function volumeWarnings(volume: ApiVolume, path: string): string[] {
  return DEPRECATED_VOLUMES.filter(([field]) => volume[field] !== undefined).map(
    ([field, message, shown = field]) => `${path}.${shown}: ${message}`,
  );
}

function repeatedWarnings(
  { hostAliases = [], imagePullSecrets = [] }: ApiPodSpec,
  path: string,
): string[] {
  return [
    ...repeated(
      hostAliases.map(({ ip }) => ip),
      (i) => `${path}.hostAliases[${i}].ip: duplicate ip`,
    ),
    ...repeated(
      imagePullSecrets.map(({ name }) => name),
      (i) => `${path}.imagePullSecrets[${i}].name: duplicate name`,
    ),
    ...imagePullSecrets.flatMap(({ name }, i) =>
      name ? [] : [`${path}.imagePullSecrets[${i}].name: invalid empty name ""`],
    ),
  ];
}

function repeated(values: readonly (string | undefined)[], at: (i: number) => string): string[] {
  return values.flatMap((value, i) =>
    values.indexOf(value) < i ? [`${at(i)} ${quoted(value)}`] : [],
  );
}

function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? '');
}

/** Parts of a byte cannot be had. */
function fractionWarnings(list: ResourceList | undefined, path: string): string[] {
  if (list === undefined) return [];
  return ['memory', 'ephemeral-storage'].flatMap((name) => {
    const amount = quantityOf(list[name]);
    if (amount.milliValue() % 1000n === 0n) return [];
    return [
      `${path}[${name}]: fractional byte value ${quoted(amount.toString())} is invalid, must be an integer`,
    ];
  });
}

/** Profiles that are given by annotation alone. */
function profileWarnings(
  annotations: Record<string, string>,
  spec: ApiPodSpec,
  path: string,
  isTemplate: boolean,
): string[] {
  if (Object.keys(annotations).length === 0) return [];
  const ofPod = spec.securityContext;
  const seccomp = (key: string, isInField: boolean) =>
    annotations[key] === undefined || isInField
      ? []
      : [`${path}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`];
  return [
    ...seccomp(SECCOMP_POD, ofPod?.seccompProfile !== undefined),
    ...containersOf(spec, '').flatMap(({ container: { name, securityContext } }) => {
      const key = APP_ARMOR + name;
      const isInField = Boolean(ofPod?.appArmorProfile ?? securityContext?.appArmorProfile);
      const appArmor =
        isTemplate && !isInField && annotations[key] !== undefined
          ? [`${path}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`]
          : [];
      return [
        ...seccomp(SECCOMP_CONTAINER + name, securityContext?.seccompProfile !== undefined),
        ...appArmor,
      ];
    }),
  ];
}

/** A variable given twice loses the first, unless the second refers to it. */
function envWarnings(env: readonly EnvVar[], path: string): string[] {
  return env.flatMap(({ name, value = '', valueFrom }, i) => {
    const isRepeated = env.slice(0, i).some((before) => before.name === name);
    const reference = `$(${name})`;
    const refersToIt = !valueFrom && value !== reference && value.includes(reference);
    if (!isRepeated || refersToIt) return [];
    return [
      `${path}[${i}]: hides previous definition of ${quoted(name)}, which may be dropped when using apply`,
    ];
  });
}

function portWarnings(spec: ApiPodSpec, path: string): string[] {
  const seen: { readonly at: string; readonly port: ContainerPort }[] = [];
  const warnings: string[] = [];
  for (const { container, path: where } of containersOf(spec, path)) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      const at = `${where}.ports[${i}]`;
      if (port.hostIP && !port.hostPort) {
        warnings.push(`${at}: hostIP set without hostPort: ${JSON.stringify(port)}`);
      }
      for (const other of seen) {
        const how = clash(port, other.port);
        if (how !== undefined) warnings.push(`${at}: ${how} port definition with ${other.at}`);
      }
      seen.push({ at, port });
    }
  }
  return warnings;
}

function clash(port: ContainerPort, other: ContainerPort): string | undefined {
  const isSamePort = port.containerPort === other.containerPort && port.protocol === other.protocol;
  if (!isSamePort) return undefined;
  const isSameIp = (port.hostIP ?? '') === (other.hostIP ?? '');
  const [hostPort, otherHostPort] = [port.hostPort ?? 0, other.hostPort ?? 0];
  if (isSameIp && hostPort === otherHostPort) return 'duplicate';
  if (hostPort === 0 || otherHostPort === 0) return 'overlapping';
  const isAnyIp = !port.hostIP || !other.hostIP;
  return isAnyIp && hostPort === otherHostPort ? 'dangerously ambiguous' : undefined;
}

function gracePeriodWarnings(
  { terminationGracePeriodSeconds = 0 }: ApiPodSpec,
  path: string,
): string[] {
  if (terminationGracePeriodSeconds >= 0) return [];
  return [
    `${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
  ];
}
