/**
 * `/resize` of a pod: its containers' CPU and memory change while it runs, nothing else. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodResize
 */

import type { Container } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import type { Kind } from '../kind.ts';
import { isSidecar } from './containers.ts';
import {
  type ApiContainerStatus,
  type ApiPod,
  type ApiPodSpec,
  podOf,
  type ResourceList,
} from './objects.ts';
import { podDefinition, validatePod } from './pod.ts';
import { MIRROR } from './pod-annotations.ts';
import { qosClassOf } from './qos.ts';
import { quantityOf } from './resources.ts';

/** Pods as this subresource writes them: for the registry of an update. */
export const podResizeKind: Kind = defineKind({
  ...podDefinition,
  prepareForUpdate: keepAllButResources,
  validateUpdate: validateResize,
});

const LISTS = ['containers', 'initContainers'] as const;

/** Containers that were added, removed, moved or renamed are left for the check to find. */
function keepAllButResources(object: ApiObject, old: ApiObject): void {
  const { spec } = podOf(object);
  const before = podOf(old).spec;
  if (old.status !== undefined) object.status = deepCopy(old.status);
  if (!LISTS.every((list) => isSameList(spec[list], before[list]))) return;
  const kept = deepCopy(before) as ApiPodSpec;
  for (const list of LISTS) {
    for (const [i, container] of (kept[list] ?? []).entries()) {
      const { resources, resizePolicy } = spec[list]?.[i] ?? {};
      Object.assign(container, { resources, resizePolicy });
      if (resizePolicy === undefined) delete container.resizePolicy;
    }
  }
  object.spec = kept;
}

function isSameList(now: readonly Container[] = [], before: readonly Container[] = []): boolean {
  return now.length === before.length && now.every(({ name }, i) => name === before[i]?.name);
}

function validateResize(object: ApiObject, oldObject: ApiObject): FieldError[] {
  const pod = podOf(object);
  const old = podOf(oldObject);
  const refusal = whyNever(pod, old);
  if (refusal !== undefined) return [fieldForbidden('', refusal)];
  const { spec } = pod;
  const faults = validatePod(pod);
  if (qosClassOf(old.spec) !== qosClassOf(spec)) {
    const why = 'Pod QOS Class may not change as a result of resizing';
    faults.push(fieldInvalid('spec', pod.status?.qosClass ?? '', why));
  }
  if (!isResizable(old.status?.containerStatuses ?? [])) {
    faults.push(fieldForbidden('spec', 'Pod running on node without support for resize'));
  }
  if (!LISTS.every((list) => isSameList(spec[list], old.spec[list]))) {
    return [...faults, fieldForbidden('spec', 'only cpu and memory resources are mutable')];
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, before] of (old.spec[list] ?? []).entries()) {
      if (list === 'initContainers' && !isSidecar(before)) continue;
      const at = `spec.${list}[${i}].resources`;
      faults.push(...validateContainerResize(spec[list]?.[i] ?? before, before, at));
    }
  }
  return [...faults, ...validateOnlyCpuAndMemory(spec, old.spec)];
}

/** Why some pods are never resized; `undefined` for the others. */
function whyNever(pod: ApiPod, old: ApiPod): string | undefined {
  const hasOwn = ({ spec: { resources } }: ApiPod) =>
    Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
  if (hasOwn(pod) || hasOwn(old)) return 'pods with pod-level resources cannot be resized';
  if (old.metadata.annotations?.[MIRROR] !== undefined) return 'static pods cannot be resized';
  return old.spec.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

/** A node that can resize reports what a running container has. */
function isResizable(statuses: readonly ApiContainerStatus[]): boolean {
  const running = statuses.find(({ state }) => state?.running);
  return running === undefined || running.resources !== undefined;
}

function validateContainerResize(now: Container, before: Container, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const field of ['requests', 'limits'] as const) {
    const left = now.resources?.[field] ?? {};
    const isRemoved = Object.keys(before.resources?.[field] ?? {}).some((name) => !(name in left));
    const why = `resource ${field} cannot be removed`;
    if (isRemoved) faults.push(fieldForbidden(`${path}.${field}`, why));
  }
  return [...faults, ...validateMemoryLimit(now, before, `${path}.limits[memory]`)];
}

/** Memory that a process has cannot be taken away from it while it runs. */
function validateMemoryLimit(now: Container, before: Container, path: string): FieldError[] {
  const policy = (now.resizePolicy ?? []).find(({ resourceName }) => resourceName === 'memory');
  if (policy?.restartPolicy === 'RestartContainer') return [];
  const limit = now.resources?.limits?.memory;
  const was = before.resources?.limits?.memory;
  if (limit === undefined) return [];
  const refuse = (verb: string) => [
    fieldForbidden(path, `memory limits cannot be ${verb} unless resizePolicy is RestartContainer`),
  ];
  if (was === undefined) return refuse('added');
  return quantityOf(limit).compare(quantityOf(was)) < 0 ? refuse('decreased') : [];
}

function validateOnlyCpuAndMemory(spec: ApiPodSpec, old: ApiPodSpec): FieldError[] {
  const isSame = (now: Container, before: Container | undefined) =>
    before !== undefined && semanticallyEqual(withCpuAndMemoryOf(now, before), before);
  const ofContainers = spec.containers
    .filter((container, i) => !isSame(container, old.containers[i]))
    .map(() => fieldForbidden('spec', 'only cpu and memory resources are mutable'));
  const ofInit = (spec.initContainers ?? []).flatMap((container, i) => {
    const before = old.initContainers?.[i];
    if (isSidecar(container)) {
      const why = 'only cpu and memory resources for sidecar containers are mutable';
      return isSame(container, before) ? [] : [fieldForbidden('spec', why)];
    }
    const why = 'resources for non-sidecar init containers are immutable';
    return semanticallyEqual(container, before) ? [] : [fieldForbidden('spec', why)];
  });
  return [...ofContainers, ...ofInit];
}

function withCpuAndMemoryOf(now: Container, before: Container): Container {
  const list = (field: 'requests' | 'limits'): ResourceList | undefined => {
    const was = before.resources?.[field];
    if (!was) return undefined;
    const { cpu: _, memory: __, ...rest } = now.resources?.[field] ?? {};
    return {
      ...rest,
      ...(was.cpu !== undefined && { cpu: was.cpu }),
      ...(was.memory !== undefined && { memory: was.memory }),
    };
  };
  const resizePolicy = before.resizePolicy;
  const resources = { limits: list('limits'), requests: list('requests') };
  return { ...now, ...(resizePolicy && { resizePolicy: now.resizePolicy }), resources };
}
