/**
 * HorizontalPodAutoscalers in autoscaling/v2, the version they are stored in. Given.
 *
 * The metrics are checked in `metrics.ts`; version 1 is `horizontal-pod-autoscaler-v1.ts`.
 *
 * @see pkg/apis/autoscaling/v2/defaults.go, pkg/apis/autoscaling/validation/validation.go (1.33)
 */

import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  HPAScalingPolicy,
  HPAScalingRules,
} from 'kubernetes-types/autoscaling/v2.js';
import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf, validateNonNegatives, validateOneOf } from '../field-checks.ts';
import { validateMetric } from './metrics.ts';
import { validateObjectReference } from './object-reference.ts';

const DEFAULT_CPU_UTILIZATION = 80;
const MAX_PERIOD_SECONDS = 1800;
const MAX_STABILIZATION_SECONDS = 3600;

function setDefaults(object: ApiObject): void {
  const spec = specOf<HorizontalPodAutoscalerSpec>(object);
  spec.minReplicas ??= 1;
  setMetricDefaults(spec);
  if (!spec.behavior) return;
  spec.behavior.scaleUp = { ...scaleUpDefaults(), ...spec.behavior.scaleUp };
  spec.behavior.scaleDown = { ...scaleDownDefaults(), ...spec.behavior.scaleDown };
}

/** Who names no metric means the processors' use. */
export function setMetricDefaults(spec: HorizontalPodAutoscalerSpec): void {
  if ((spec.metrics ?? []).length > 0) return;
  const target = { type: 'Utilization', averageUtilization: DEFAULT_CPU_UTILIZATION };
  spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
}

/** Up at once: by four pods or by as many as there are, whichever is more, every 15 seconds. */
function scaleUpDefaults(): HPAScalingRules {
  return {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
}

/** Down as far as need be; for how long the controller waits first is its own setting. */
function scaleDownDefaults(): HPAScalingRules {
  return {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  };
}

function prepareForCreate(object: ApiObject): void {
  object.status = {
    currentReplicas: 0,
    desiredReplicas: 0,
  } satisfies HorizontalPodAutoscalerStatus;
}

function validate(object: ApiObject): FieldError[] {
  return validateSpec(specOf<HorizontalPodAutoscalerSpec>(object), 1);
}

function validateUpdate(object: ApiObject, old: ApiObject): FieldError[] {
  // Scaling to zero has a switch of its own, which is off; what has got there may stay.
  const isAtZero = specOf<HorizontalPodAutoscalerSpec>(old).minReplicas === 0;
  return validateSpec(specOf<HorizontalPodAutoscalerSpec>(object), isAtZero ? 0 : 1);
}

function validateSpec(spec: HorizontalPodAutoscalerSpec, leastReplicas: number): FieldError[] {
  const { minReplicas, maxReplicas = 0, behavior } = spec;
  const faults: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < leastReplicas) {
    const why = `must be greater than or equal to ${leastReplicas}`;
    faults.push(fieldInvalid('spec.minReplicas', minReplicas, why));
  }
  if (maxReplicas < 1) {
    faults.push(fieldInvalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  }
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    const why = 'must be greater than or equal to `minReplicas`';
    faults.push(fieldInvalid('spec.maxReplicas', maxReplicas, why));
  }
  return [
    ...faults,
    ...validateObjectReference(spec.scaleTargetRef, 'spec.scaleTargetRef'),
    ...validateMetrics(spec),
    ...validateScalingRules(behavior?.scaleUp, 'spec.behavior.scaleUp'),
    ...validateScalingRules(behavior?.scaleDown, 'spec.behavior.scaleDown'),
  ];
}

function validateMetrics({ metrics = [], minReplicas }: HorizontalPodAutoscalerSpec): FieldError[] {
  const faults = metrics.flatMap((metric, i) => validateMetric(metric, `spec.metrics[${i}]`));
  const worksAtZero = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas !== 0 || worksAtZero) return faults;
  const why =
    'must specify at least one Object or External metric to support scaling to zero replicas';
  return [...faults, fieldForbidden('spec.metrics', why)];
}

function validateScalingRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules;
  const faults: FieldError[] = [];
  if (window !== undefined && window < 0) {
    const why = 'must be greater than or equal to zero';
    faults.push(fieldInvalid(`${path}.stabilizationWindowSeconds`, window, why));
  }
  if (window !== undefined && window > MAX_STABILIZATION_SECONDS) {
    const why = `must be less than or equal to ${MAX_STABILIZATION_SECONDS}`;
    faults.push(fieldInvalid(`${path}.stabilizationWindowSeconds`, window, why));
  }
  faults.push(...validateOneOf(selectPolicy, ['Disabled', 'Max', 'Min'], `${path}.selectPolicy`));
  if (policies.length === 0) {
    faults.push(fieldRequired(`${path}.policies`, 'must specify at least one Policy'));
  }
  return [
    ...faults,
    ...policies.flatMap((policy, i) => validateScalingPolicy(policy, `${path}.policies[${i}]`)),
  ];
}

function validateScalingPolicy(
  { type = '', value = 0, periodSeconds = 0 }: HPAScalingPolicy,
  path: string,
): FieldError[] {
  const faults = validateOneOf(type, ['Percent', 'Pods'], `${path}.type`);
  if (value <= 0) faults.push(fieldInvalid(`${path}.value`, value, 'must be greater than zero'));
  if (periodSeconds <= 0) {
    faults.push(fieldInvalid(`${path}.periodSeconds`, periodSeconds, 'must be greater than zero'));
  }
  if (periodSeconds > MAX_PERIOD_SECONDS) {
    const why = `must be less than or equal to ${MAX_PERIOD_SECONDS}`;
    faults.push(fieldInvalid(`${path}.periodSeconds`, periodSeconds, why));
  }
  return faults;
}

/** Faults of a new status. */
export function validateAutoscalerStatusUpdate(object: ApiObject): FieldError[] {
  const status = statusOf<HorizontalPodAutoscalerStatus>(object);
  return validateNonNegatives(status, ['currentReplicas', 'desiredReplicas'], 'status');
}

export const horizontalPodAutoscalerKind = defineKind({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  subresources: { status: true },
  setDefaults,
  prepareForCreate,
  validate,
  validateUpdate,
  validateStatusUpdate: validateAutoscalerStatusUpdate,
});
