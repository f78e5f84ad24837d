/**
 * DaemonSets: a pod on every node. Given.
 *
 * @see pkg/apis/apps/v1/defaults.go, pkg/apis/apps/v1/conversion.go,
 * pkg/apis/apps/validation/validation.go, pkg/registry/apps/daemonset/strategy.go (1.33)
 */

import type {
  DaemonSetSpec,
  DaemonSetStatus,
  DaemonSetUpdateStrategy,
  RollingUpdateDaemonSet,
} from 'kubernetes-types/apps/v1.js';
import {
  type FieldError,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { setPodTemplateDefaults, validatePodTemplate } from '../core/pod-template.ts';
import { podWarnings } from '../core/pod-warnings.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateImmutable, validateNonNegatives } from '../field-checks.ts';
import { amountOf, validateAtMost100Percent, validateIntOrPercent } from '../int-or-percent.ts';
import { isEmptySelector, validateLabelSelector } from '../label-selector.ts';
import { validateCollisionCount } from './deployment.ts';
import { validateTemplateIsSelected, validateTemplateRunsForever } from './workload-template.ts';

/** How often the template changed; a field in older versions of the API, still read by controllers. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function setDefaults(object: ApiObject): void {
  const spec = specOf<DaemonSetSpec>(object);
  spec.updateStrategy ??= {};
  setStrategyDefaults(spec.updateStrategy);
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
}

function setStrategyDefaults(strategy: DaemonSetUpdateStrategy): void {
  strategy.type ||= 'RollingUpdate';
  if (strategy.type !== 'RollingUpdate') return;
  strategy.rollingUpdate ??= {};
  strategy.rollingUpdate.maxUnavailable ??= 1;
  strategy.rollingUpdate.maxSurge ??= 0;
}

function prepareForCreate(object: ApiObject): void {
  object.status = {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  } satisfies DaemonSetStatus;
  setTemplateGeneration(object, Math.max(templateGenerationOf(object), 1));
}

function prepareForUpdate(object: ApiObject, old: ApiObject): void {
  const before = templateGenerationOf(old);
  const { template } = specOf<DaemonSetSpec>(object);
  const isSame = semanticallyEqual(template, specOf<DaemonSetSpec>(old).template);
  setTemplateGeneration(object, isSame ? before : before + 1);
}

function templateGenerationOf({ metadata }: ApiObject): number {
  return Number.parseInt(metadata.annotations?.[TEMPLATE_GENERATION] ?? '', 10) || 0;
}

function setTemplateGeneration({ metadata }: ApiObject, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function validate(object: ApiObject): FieldError[] {
  const spec = specOf<DaemonSetSpec>(object);
  return [
    ...validateSelector(spec),
    ...validatePodTemplate(spec.template, 'spec.template'),
    ...validateTemplateRunsForever(spec.template, 'spec.template', 'DaemonSet'),
    ...validateNonNegatives(spec, ['minReadySeconds'], 'spec'),
    ...validateUpdateStrategy(spec.updateStrategy ?? {}, 'spec.updateStrategy'),
    ...validateNonNegatives(spec, ['revisionHistoryLimit'], 'spec'),
  ];
}

function validateSelector({ selector, template }: DaemonSetSpec): FieldError[] {
  const faults = [
    ...validateLabelSelector(selector, 'spec.selector'),
    ...validateTemplateIsSelected(template, selector, 'spec.template'),
  ];
  if (!selector || !isEmptySelector(selector)) return faults;
  return [
    ...faults,
    fieldInvalid('spec.selector', selector, 'empty selector is invalid for daemonset'),
  ];
}

function validateUpdateStrategy(strategy: DaemonSetUpdateStrategy, path: string): FieldError[] {
  if (strategy.type === 'OnDelete') return [];
  if (strategy.type === 'RollingUpdate') {
    return validateRollingUpdate(strategy.rollingUpdate ?? {}, `${path}.rollingUpdate`);
  }
  return [fieldNotSupported(path, strategy, ['RollingUpdate', 'OnDelete'])];
}

function validateRollingUpdate(
  { maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDaemonSet,
  path: string,
): FieldError[] {
  const faults = [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
    ...validateAtMost100Percent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateAtMost100Percent(maxSurge, `${path}.maxSurge`),
  ];
  const [isUnavailable, isSurge] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0];
  if (isUnavailable && isSurge) {
    const why = 'may not be set when maxUnavailable is non-zero';
    faults.push(fieldInvalid(`${path}.maxSurge`, maxSurge, why));
  }
  if (!isUnavailable && !isSurge) {
    faults.push(fieldRequired(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return faults;
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const selector = specOf<DaemonSetSpec>(object).selector;
  const before = specOf<DaemonSetSpec>(old).selector;
  return [...validate(object), ...validateImmutable(selector, before, 'spec.selector')];
}

const COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

function validateStatusUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  const status = statusOf<DaemonSetStatus>(object);
  return [
    ...validateNonNegatives(status, COUNTS, 'status'),
    ...validateCollisionCount(status, statusOf<DaemonSetStatus>(old)),
  ];
}

export const daemonSetKind = defineKind({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  hasGeneration: true,
  subresources: { status: true },
  setDefaults,
  prepareForCreate,
  prepareForUpdate,
  validate,
  validateUpdate,
  validateStatusUpdate,
  warnings: (object) => podWarnings(specOf<DaemonSetSpec>(object).template, 'spec.template'),
});
