/**
 * Pods as a kind. Given.
 *
 * What a pod is to be is in `pod-spec.ts` and `pod-defaults.ts`, what may change in
 * `pod-update.ts`; the subresources that change what else may not are in
 * `pod-ephemeral-containers.ts` and `pod-resize.ts`.
 *
 * @see pkg/registry/core/pod/strategy.go (1.33)
 */

import { dnsLabelFaults, type FieldError, fieldForbidden } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind, type KindDefinition } from '../define-kind.ts';
import { specOf } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { applyLabelKeys } from './affinity.ts';
import { validateImageSpace } from './containers.ts';
import { type ApiPod, type ApiPodSpec, type ApiPodStatus, podOf } from './objects.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { setPodDefaults, setPodSpecDefaults } from './pod-defaults.ts';
import { validatePodSpec } from './pod-spec.ts';
import { preparePodStatus, validatePodStatus } from './pod-status.ts';
import { validatePodUpdate } from './pod-update.ts';
import { podWarnings } from './pod-warnings.ts';
import { qosClassOf } from './qos.ts';

/** What is special about pods; those written through a subresource have other rules of change. */
export const podDefinition: KindDefinition = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasGeneration: true,
  indexedField: 'spec.nodeName',
  subresources: { status: true },
  allowUnconditionalUpdate: true,
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate: (object, old) =>
    validatePodUpdate(podOf(object), podOf(old), validatePod(podOf(object))),
  prepareForStatusUpdate: preparePodStatus,
  validateStatusUpdate: (object, old) => validatePodStatus(podOf(object), podOf(old)),
  gracePeriodSeconds,
  warnings: (object) => [...nameWarnings(object), ...podWarnings(podOf(object), '')],
};

/** Pods: what runs. */
export const podKind: Kind = defineKind(podDefinition);

function setDefaults(object: ApiObject): void {
  const spec = specOf<ApiPodSpec>(object);
  setPodSpecDefaults(spec);
  setPodDefaults(spec);
}

/** A new pod waits for a node. Its class of service is decided once and for all. */
function prepareForCreate(object: ApiObject): void {
  const { spec, metadata } = podOf(object);
  const status: ApiPodStatus = { phase: 'Pending', qosClass: qosClassOf(spec) };
  if (spec.schedulingGates?.length) status.conditions = [GATED];
  object.status = status;
  applyLabelKeys(spec, metadata.labels ?? {});
}

const GATED = {
  type: 'PodScheduled',
  status: 'False',
  reason: 'SchedulingGated',
  message: 'Scheduling is blocked due to non-empty scheduling gates',
};

function validate(object: ApiObject): FieldError[] {
  const pod = podOf(object);
  const { spec, metadata } = pod;
  const faults = validatePod(pod);
  if (spec.ephemeralContainers?.length) {
    faults.push(fieldForbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    const why = 'cannot be set until all schedulingGates have been cleared';
    faults.push(fieldForbidden('spec.nodeName', why));
  }
  return [...faults, ...validateProfilesMatch(metadata.annotations, spec, 'spec')];
}

/** Faults that a pod has, new or changed. */
export function validatePod({ metadata, spec }: ApiPod): FieldError[] {
  const { containers = [], initContainers = [] } = spec;
  return [
    ...validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations'),
    ...validatePodSpec(spec, 'spec', { podName: metadata.name ?? '' }),
    ...validateTokensHaveAccount(spec),
    ...containers.flatMap((each, i) => validateImageSpace(each, `spec.containers[${i}]`)),
    ...initContainers.flatMap((each, i) => validateImageSpace(each, `spec.initContainers[${i}]`)),
  ];
}

function validateTokensHaveAccount({ serviceAccountName, volumes = [] }: ApiPodSpec): FieldError[] {
  if (serviceAccountName) return [];
  const why = 'must not be specified when serviceAccountName is not set';
  return volumes.flatMap(({ projected }, v) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, s) => {
      const field = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
      return serviceAccountToken ? [fieldForbidden(field, why)] : [];
    }),
  );
}

/**
 * How long a pod may take to stop.
 *
 * @remarks No time at all when no node has it, or when it is over. Else what was asked for, or what
 * its spec says. Less than nothing means a second.
 */
function gracePeriodSeconds(object: ApiObject, requestedSeconds: number | undefined): number {
  const { spec, status } = podOf(object);
  const isOver = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  if (!spec.nodeName || isOver) return 0;
  const seconds = requestedSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

function nameWarnings({ metadata }: ApiObject): string[] {
  const faults = dnsLabelFaults(metadata.name ?? '');
  if (faults.length === 0) return [];
  return [
    `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
  ];
}
