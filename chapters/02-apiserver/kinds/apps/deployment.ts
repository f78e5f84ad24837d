/**
 * Deployments: ReplicaSets that follow one another. Given.
 *
 * @see pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go,
 * pkg/registry/apps/deployment/strategy.go (1.33)
 */

import type {
  DeploymentSpec,
  DeploymentStatus,
  DeploymentStrategy,
  RollingUpdateDeployment,
} from 'kubernetes-types/apps/v1.js';
import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { setPodTemplateDefaults } from '../core/pod-template.ts';
import { defineKind } from '../define-kind.ts';
import {
  isDecremented,
  specOf,
  statusOf,
  validateImmutable,
  validateNonNegatives,
} from '../field-checks.ts';
import { amountOf, validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { validateAvailable, validateReplicatedTemplate } from './replica-set.ts';
import { validateWithinReplicas, validateWorkloadSelector } from './workload-template.ts';
import { workloadWarnings } from './workload-warnings.ts';

function setDefaults(object: ApiObject): void {
  const spec = specOf<DeploymentSpec>(object);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  setStrategyDefaults(spec.strategy);
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
}

function setStrategyDefaults(strategy: DeploymentStrategy): void {
  strategy.type ||= 'RollingUpdate';
  if (strategy.type !== 'RollingUpdate') return;
  strategy.rollingUpdate ??= {};
  strategy.rollingUpdate.maxUnavailable ??= '25%';
  strategy.rollingUpdate.maxSurge ??= '25%';
}

function prepareForCreate(object: ApiObject): void {
  object.status = {} satisfies DeploymentStatus;
}

/** The controller copies annotations to ReplicaSets, so it must notice when they change. */
function prepareForUpdate(object: ApiObject, old: ApiObject): void {
  if (semanticallyEqual(object.metadata.annotations, old.metadata.annotations)) return;
  object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<DeploymentSpec>(object);
  return [
    ...validateNonNegatives(spec, ['replicas'], 'spec'),
    ...validateWorkloadSelector(spec.selector, 'spec.selector', 'deployment'),
    ...validateReplicatedTemplate(spec.template, spec.selector),
    ...validateStrategy(spec.strategy ?? {}, 'spec.strategy'),
    ...validateNonNegatives(spec, ['minReadySeconds', 'revisionHistoryLimit'], 'spec'),
    ...validateProgressDeadline(spec),
  ];
}

function validateStrategy(strategy: DeploymentStrategy, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (type === 'RollingUpdate') {
    return validateRollingUpdate(rollingUpdate ?? {}, `${path}.rollingUpdate`);
  }
  if (type !== 'Recreate') {
    return [fieldNotSupported(path, strategy, ['Recreate', 'RollingUpdate'])];
  }
  if (!rollingUpdate) return [];
  const why = "may not be specified when strategy `type` is 'Recreate'";
  return [fieldForbidden(`${path}.rollingUpdate`, why)];
}

function validateRollingUpdate(
  { maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDeployment,
  path: string,
): FieldError[] {
  const faults = [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
  ];
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
    const why = 'may not be 0 when `maxSurge` is 0';
    faults.push(fieldInvalid(`${path}.maxUnavailable`, maxUnavailable, why));
  }
  return [...faults, ...validateAtMost100Percent(maxUnavailable, `${path}.maxUnavailable`)];
}

function validateProgressDeadline(spec: DeploymentSpec): FieldError[] {
  const deadline = spec.progressDeadlineSeconds;
  if (deadline === undefined) return [];
  const faults = validateNonNegatives(spec, ['progressDeadlineSeconds'], 'spec');
  if (deadline > (spec.minReadySeconds ?? 0)) return faults;
  const why = 'must be greater than minReadySeconds';
  return [...faults, fieldInvalid('spec.progressDeadlineSeconds', deadline, why)];
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const selector = specOf<DeploymentSpec>(object).selector;
  const before = specOf<DeploymentSpec>(old).selector;
  return [...validate(object), ...validateImmutable(selector, before, 'spec.selector')];
}

const COUNTS = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;

function validateStatusUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const status = statusOf<DeploymentStatus>(object);
  const numbers = ['observedGeneration', 'replicas', ...COUNTS] as const;
  const rest = ['unavailableReplicas', 'collisionCount'] as const;
  return [
    ...validateNonNegatives(status, [...numbers, ...rest], 'status'),
    ...validateWithinReplicas(status, COUNTS, 'status'),
    ...validateAvailable(status),
    ...validateCollisionCount(status, statusOf<DeploymentStatus>(old)),
  ];
}

/** How often the hash of a template was taken already: it must never be forgotten. */
export function validateCollisionCount(
  status: { readonly collisionCount?: number },
  old: { readonly collisionCount?: number },
): FieldError[] {
  if (!isDecremented(status.collisionCount, old.collisionCount)) return [];
  const value = status.collisionCount ?? 0;
  return [fieldInvalid('status.collisionCount', value, 'cannot be decremented')];
}

export const deploymentKind = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  shortNames: ['deploy'],
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
  prepareForUpdate,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings: (object) =>
    workloadWarnings(object, specOf<DeploymentSpec>(object).template, 'spec.template'),
});
