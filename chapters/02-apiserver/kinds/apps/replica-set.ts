/**
 * ReplicaSets: that many pods of one template. Given.
 *
 * @see pkg/apis/apps/validation/validation.go, pkg/registry/apps/replicaset/strategy.go (1.33)
 */

import type { ReplicaSet, ReplicaSetSpec, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { type FieldError, fieldInvalid } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { setPodTemplateDefaults, validatePodTemplate } from '../core/pod-template.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateImmutable, validateNonNegatives } from '../field-checks.ts';
import {
  validateTemplateIsSelected,
  validateTemplateRunsForever,
  validateWithinReplicas,
  validateWorkloadSelector,
} from './workload-template.ts';
import { workloadWarnings } from './workload-warnings.ts';

/** The spec once defaults are set. */
type Spec = ReplicaSetSpec & { template: PodTemplateSpec };

function setDefaults(object: ApiObject): void {
  const spec = specOf<Spec>(object);
  spec.replicas ??= 1;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
}

function prepareForCreate(object: ApiObject): void {
  object.status = { replicas: 0 } satisfies ReplicaSetStatus;
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<Spec>(object);
  return [
    ...validateNonNegatives(spec, ['replicas', 'minReadySeconds'], 'spec'),
    // The word is the real server's.
    ...validateWorkloadSelector(spec.selector, 'spec.selector', 'deployment'),
    ...validateReplicatedTemplate(spec.template, spec.selector),
  ];
}

/** Faults of a template whose pods a ReplicaSet is to keep running: of a ReplicaSet or Deployment. */
export function validateReplicatedTemplate(
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
): FieldError[] {
  return [
    ...validateTemplateIsSelected(template, selector, 'spec.template'),
    ...validatePodTemplate(template, 'spec.template'),
    ...validateTemplateRunsForever(template, 'spec.template', 'ReplicaSet'),
  ];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const [selector, before] = [specOf<Spec>(object).selector, specOf<Spec>(old).selector];
  return [...validate(object), ...validateImmutable(selector, before, 'spec.selector')];
}

function validateStatusUpdate(object: ApiObject): FieldError[] {
  const status = statusOf<NonNullable<ReplicaSet['status']>>(object);
  const counts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [
    ...validateNonNegatives(status, ['replicas', ...counts, 'observedGeneration'], 'status'),
    ...validateWithinReplicas(status, counts, 'status'),
    ...validateAvailable(status),
  ];
}

/** What is available must be ready. */
export function validateAvailable(status: {
  readonly availableReplicas?: number;
  readonly readyReplicas?: number;
}): FieldError[] {
  if ((status.availableReplicas ?? 0) <= (status.readyReplicas ?? 0)) return [];
  const why = 'cannot be greater than readyReplicas';
  return [fieldInvalid('status.availableReplicas', status.availableReplicas, why)];
}

export const replicaSetKind = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  hasGeneration: true,
  subresources: {
    status: true,
    scale: {
      specReplicasPath: 'spec.replicas',
      statusReplicasPath: 'status.replicas',
      selectorPath: 'spec.selector',
    },
  },
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings: (object) => workloadWarnings(object, specOf<Spec>(object).template, 'spec.template'),
});
