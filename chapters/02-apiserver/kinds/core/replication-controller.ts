/**
 * ReplicationControllers as a kind: what kept pods running before ReplicaSets did. Given.
 *
 * @see pkg/registry/core/replicationcontroller/strategy.go, pkg/apis/core/validation/validation.go
 * (1.33)
 */

import type {
  ReplicationControllerSpec,
  ReplicationControllerStatus,
} from 'kubernetes-types/core/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateNonNegative, validateNonNegatives } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { setPodTemplateDefaults, validatePodTemplate } from './pod-template.ts';
import { podWarnings } from './pod-warnings.ts';

/** ReplicationControllers. */
export const replicationControllerKind: Kind = defineKind({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  storagePrefix: 'controllers',
  hasGeneration: true,
  subresources: {
    status: true,
    scale: {
      specReplicasPath: 'spec.replicas',
      statusReplicasPath: 'status.replicas',
      selectorPath: 'spec.selector',
    },
  },
  defaultPropagation: 'Orphan',
  setDefaults,
  prepareForCreate(object) {
    object.status = { replicas: 0 };
  },
  validate,
  validateUpdate: validate,
  validateStatusUpdate: (object) => validateStatus(object),
  warnings: (object) =>
    podWarnings(specOf<ReplicationControllerSpec>({ ...object }).template ?? {}, 'spec.template'),
});

/** Its template's labels are its selector and its own labels, if it has none. */
function setDefaults(object: ApiObject): void {
  const spec = specOf<ReplicationControllerSpec>(object);
  spec.replicas ??= 1;
  const { template } = spec;
  if (!template) return;
  setPodTemplateDefaults(template);
  const { labels } = template.metadata ?? {};
  if (!labels) return;
  const isEmpty = (map: object | undefined) => Object.keys(map ?? {}).length === 0;
  if (isEmpty(spec.selector)) spec.selector = { ...labels };
  if (isEmpty(object.metadata.labels)) object.metadata.labels = { ...labels };
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<ReplicationControllerSpec>({ ...object });
  const { selector = {} } = spec;
  const isEmpty = Object.keys(selector).length === 0;
  return [
    ...validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds'),
    ...(isEmpty ? [fieldRequired('spec.selector')] : []),
    ...validateNonNegative(spec.replicas, 'spec.replicas'),
    ...validateTemplate(spec, 'spec.template'),
  ];
}

function validateTemplate(
  { template, selector = {} }: ReplicationControllerSpec,
  path: string,
): FieldError[] {
  if (!template) return [fieldRequired(path)];
  const labels = template.metadata?.labels ?? {};
  const faults: FieldError[] = [];
  if (Object.entries(selector).some(([key, value]) => labels[key] !== value)) {
    const why = '`selector` does not match template `labels`';
    faults.push(fieldInvalid(`${path}.metadata.labels`, labels, why));
  }
  faults.push(...validatePodTemplate(template, path));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== 'Always') {
    faults.push(fieldNotSupported(`${path}.spec.restartPolicy`, restartPolicy ?? '', ['Always']));
  }
  if (activeDeadlineSeconds !== undefined) {
    const why = 'activeDeadlineSeconds in ReplicationController is not Supported';
    faults.push(fieldForbidden(`${path}.spec.activeDeadlineSeconds`, why));
  }
  return faults;
}

const COUNTS = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;

function validateStatus(object: ApiObject): FieldError[] {
  const status = statusOf<ReplicationControllerStatus>(object);
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  const faults = validateNonNegatives(
    status,
    ['replicas', ...COUNTS, 'observedGeneration'],
    'status',
  );
  for (const field of COUNTS) {
    if ((status[field] ?? 0) <= replicas) continue;
    const why = 'cannot be greater than status.replicas';
    faults.push(fieldInvalid(`status.${field}`, status[field], why));
  }
  if (availableReplicas > readyReplicas) {
    const why = 'cannot be greater than readyReplicas';
    faults.push(fieldInvalid('status.availableReplicas', availableReplicas, why));
  }
  return faults;
}
