/**
 * What may change of a pod once it is there: next to nothing. Given.
 *
 * @see pkg/apis/core/validation/validation.go (1.33), ValidatePodUpdate
 */

import type { Container, NodeAffinity } from 'kubernetes-types/core/v1.js';
import {
  deepCopy,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  type NodeSelectorTerm,
  semanticallyEqual,
} from '#apimachinery';
import { changesText } from './changes.ts';
import { validateImageSpace } from './containers.ts';
import { MAX_INT32 } from './names.ts';
import type { ApiPod, ApiPodSpec } from './objects.ts';
import { validatePodAnnotationsUpdate } from './pod-annotations.ts';
import { validateTolerationsOnlyAdded } from './tolerations.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/**
 * Faults of a change.
 *
 * @remarks What may change is put back in a copy of the new spec; then the two must be equal.
 *
 * @param ofPod - the faults the new pod has by itself
 */
export function validatePodUpdate(
  pod: ApiPod,
  old: ApiPod,
  ofPod: readonly FieldError[],
): FieldError[] {
  const { annotations = {} } = pod.metadata;
  const faults = [
    ...ofPod,
    ...validatePodAnnotationsUpdate(
      annotations,
      old.metadata.annotations ?? {},
      'metadata.annotations',
    ),
  ];
  for (const field of ['containers', 'initContainers'] as const) {
    const ofContainers = validateImages(pod.spec[field], old.spec[field], `spec.${field}`);
    faults.push(...ofContainers.faults);
    // Which container is which is not known then: there is nothing more to compare.
    if (ofContainers.stop) return faults;
  }
  const ofDeadline = validateDeadline(pod.spec, old.spec);
  faults.push(...ofDeadline.faults);
  if (ofDeadline.stop) return faults;
  return [...faults, ...validateSpecUpdate(pod.spec, old.spec)];
}

interface Checked {
  readonly faults: FieldError[];
  readonly stop: boolean;
}

function validateImages(
  containers: readonly Container[] = [],
  old: readonly Container[] = [],
  path: string,
): Checked {
  if (containers.length !== old.length) {
    const why = 'pod updates may not add or remove containers';
    return { faults: [fieldForbidden(path, why)], stop: true };
  }
  const faults = containers.flatMap((container, i) => {
    const at = `${path}[${i}]`;
    return [
      ...(container.image ? [] : [fieldRequired(`${at}.image`)]),
      ...validateImageSpace(container, at),
    ];
  });
  return { faults, stop: false };
}

/** A deadline may come, and may come nearer. */
function validateDeadline(spec: ApiPodSpec, old: ApiPodSpec): Checked {
  const field = 'spec.activeDeadlineSeconds';
  const seconds = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  const fault = (why: string, stop: boolean) => ({
    faults: [fieldInvalid(field, seconds, why)],
    stop,
  });
  if (seconds === undefined) {
    if (before === undefined) return { faults: [], stop: false };
    return fault('must not update from a positive integer to nil value', false);
  }
  if (seconds < 0 || seconds > MAX_INT32) {
    return fault(`must be between 0 and ${MAX_INT32}, inclusive`, true);
  }
  if (before !== undefined && before < seconds) {
    return fault('must be less than or equal to previous value', true);
  }
  return { faults: [], stop: false };
}

function validateSpecUpdate(spec: ApiPodSpec, old: ApiPodSpec): FieldError[] {
  const faults = [
    ...validateTolerationsOnlyAdded(
      spec.tolerations ?? [],
      old.tolerations ?? [],
      'spec.tolerations',
    ),
    ...validateGatesOnlyRemoved(spec, old),
  ];
  if (semanticallyEqual(spec, old)) return faults;
  const munged = withUpdatableFieldsOf(spec, old);
  // While it is gated no scheduler has looked at it: where it may go can still be narrowed.
  if (old.schedulingGates?.length) {
    faults.push(...validateNarrowed(spec, old));
    putBackNodeChoice(munged, old);
  }
  if (semanticallyEqual(munged, old)) return faults;
  const diff = changesText(old, munged, 'spec');
  const why = `pod updates may not change fields other than ${UPDATABLE}\n${diff}`;
  return [...faults, fieldForbidden('spec', why)];
}

function validateGatesOnlyRemoved(
  { schedulingGates = [] }: ApiPodSpec,
  { schedulingGates: old = [] }: ApiPodSpec,
): FieldError[] {
  return schedulingGates.flatMap(({ name = '' }, i) => {
    if (old.some((gate) => gate.name === name)) return [];
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return [fieldForbidden(`spec.schedulingGates[${i}].name`, why)];
  });
}

function withUpdatableFieldsOf(spec: ApiPodSpec, old: ApiPodSpec): ApiPodSpec {
  const munged = deepCopy(spec);
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [i, container] of (munged[field] ?? []).entries()) {
      container.image = old[field]?.[i]?.image;
    }
  }
  munged.activeDeadlineSeconds = old.activeDeadlineSeconds;
  munged.schedulingGates = old.schedulingGates;
  munged.tolerations = old.tolerations;
  const wasNegative = (old.terminationGracePeriodSeconds ?? 0) < 0;
  if (wasNegative && munged.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  return munged;
}

function putBackNodeChoice(munged: ApiPodSpec, old: ApiPodSpec): void {
  munged.nodeSelector = old.nodeSelector;
  const { nodeAffinity: _, ...others } = munged.affinity ?? {};
  const before = old.affinity?.nodeAffinity;
  munged.affinity = before ? { ...others, nodeAffinity: before } : others;
}

function validateNarrowed(spec: ApiPodSpec, old: ApiPodSpec): FieldError[] {
  const { nodeSelector = {} } = spec;
  const faults: FieldError[] = [];
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => nodeSelector[key] !== value)) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    faults.push(fieldInvalid('spec.nodeSelector', nodeSelector, why));
  }
  const { nodeAffinity } = spec.affinity ?? {};
  return [...faults, ...validateNodeAffinityNarrowed(nodeAffinity, old.affinity?.nodeAffinity)];
}

const TERMS =
  'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';

function validateNodeAffinityNarrowed(
  affinity: NodeAffinity | undefined,
  old: NodeAffinity | undefined,
): FieldError[] {
  const termsOf = (of: NodeAffinity | undefined) =>
    of?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const before = termsOf(old);
  const now = termsOf(affinity);
  if (before.length === 0) return [];
  if (before.length !== now.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [fieldInvalid(TERMS, now, why)];
  }
  const why = 'only additions are allowed (no mutations or deletions)';
  return now.flatMap((term, i) =>
    hasOnlyAdditions(term, before[i] ?? {}) ? [] : [fieldInvalid(`${TERMS}[${i}]`, term, why)],
  );
}

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const fields = ['matchExpressions', 'matchFields'] as const;
  const isEmpty = (t: NodeSelectorTerm) => fields.every((field) => !t[field]?.length);
  // An empty term selects no node; with anything in it, it would select some.
  if (isEmpty(old)) return isEmpty(term);
  return fields.every((field) => {
    const before = old[field] ?? [];
    return semanticallyEqual((term[field] ?? []).slice(0, before.length), before);
  });
}
