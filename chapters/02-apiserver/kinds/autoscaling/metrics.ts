/**
 * The metrics an autoscaler goes by. Given.
 *
 * @see pkg/apis/autoscaling/validation/validation.go (1.33), validateMetricSpec
 */

import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from 'kubernetes-types/autoscaling/v2.js';
import {
  dnsLabelFaults,
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  Quantity,
  QuantityError,
} from '#apimachinery';
import { invalid } from '../field-checks.ts';
import { pathSegmentFaults } from '../value-formats.ts';
import { validateObjectReference } from './object-reference.ts';

/** Where each type of metric has its source. */
const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

type SourceField = (typeof SOURCES)[keyof typeof SOURCES];

/** In the order in which the real server looks at them. */
const SOURCE_FIELDS: readonly SourceField[] = [
  'object',
  'external',
  'pods',
  'resource',
  'containerResource',
];

/** Faults of one metric: it has the source its type says, and no other. */
export function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const expected = (SOURCES as Readonly<Record<string, SourceField>>)[metric.type];
  const present = SOURCE_FIELDS.filter((field) => metric[field] !== undefined);
  const faults = validateType(metric, path);
  const [first] = present;
  if (first) faults.push(...validateSource(metric, first, `${path}.${first}`));
  if (expected && !metric[expected]) {
    const why = 'must populate information for the given metric source';
    faults.push(fieldRequired(`${path}.${expected}`, why));
  }
  if (present.length === 1) return faults;
  return [
    ...faults,
    ...present
      .filter((field) => field !== expected)
      .map((field) =>
        fieldForbidden(`${path}.${field}`, 'must populate the given metric source only'),
      ),
  ];
}

function validateType({ type = '' }: MetricSpec, path: string): FieldError[] {
  const types = Object.keys(SOURCES);
  if (types.includes(type)) return [];
  const unknown = fieldNotSupported(`${path}.type`, type, types);
  if (type !== '') return [unknown];
  return [fieldRequired(`${path}.type`, 'must specify a metric source type'), unknown];
}

function validateSource(metric: MetricSpec, field: SourceField, path: string): FieldError[] {
  switch (field) {
    case 'object':
      return metric.object ? validateObjectSource(metric.object, path) : [];
    case 'external':
      return metric.external ? validateExternalSource(metric.external, path) : [];
    case 'pods':
      return metric.pods ? validatePodsSource(metric.pods, path) : [];
    case 'resource':
      return metric.resource ? validateResourceSource(metric.resource, path) : [];
    case 'containerResource':
      return metric.containerResource
        ? validateContainerResourceSource(metric.containerResource, path)
        : [];
  }
}

function validateObjectSource(source: ObjectMetricSource, path: string): FieldError[] {
  const { describedObject, metric, target } = source;
  const faults = [
    ...validateObjectReference(describedObject, `${path}.describedObject`),
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
  ];
  if (target?.value !== undefined || target?.averageValue !== undefined) return faults;
  const why = 'must set either a target value or averageValue';
  return [...faults, fieldRequired(`${path}.target.averageValue`, why)];
}

function validateExternalSource({ metric, target }: ExternalMetricSource, path: string) {
  const faults = [
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
  ];
  const [hasValue, hasAverage] = [target?.value !== undefined, target?.averageValue !== undefined];
  if (!hasValue && !hasAverage) {
    const why = 'must set either a target value for metric or a per-pod target';
    faults.push(fieldRequired(`${path}.target.averageValue`, why));
  }
  if (hasValue && hasAverage) {
    const why = 'may not set both a target value for metric and a per-pod target';
    faults.push(fieldForbidden(`${path}.target.value`, why));
  }
  return faults;
}

function validatePodsSource({ metric, target }: PodsMetricSource, path: string): FieldError[] {
  const faults = [
    ...validateIdentifier(metric, `${path}.metric`),
    ...validateTarget(target, `${path}.target`),
  ];
  if (target?.averageValue !== undefined) return faults;
  const why = 'must specify a positive target averageValue';
  return [...faults, fieldRequired(`${path}.target.averageValue`, why)];
}

function validateResourceSource({ name, target }: ResourceMetricSource, path: string) {
  const missing = fieldRequired(`${path}.name`, 'must specify a resource name');
  return [...(name ? [] : [missing]), ...validateResourceTarget(target, path)];
}

function validateContainerResourceSource(
  { name, container, target }: ContainerResourceMetricSource,
  path: string,
): FieldError[] {
  const faults: FieldError[] = [];
  if (!name) faults.push(fieldRequired(`${path}.name`, 'must specify a resource name'));
  if (!container) faults.push(fieldRequired(`${path}.container`, 'must specify a container'));
  else faults.push(...invalid(`${path}.container`, container, dnsLabelFaults(container)));
  return [...faults, ...validateResourceTarget(target, path)];
}

function validateResourceTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const faults = validateTarget(target, `${path}.target`);
  const hasUtilization = target?.averageUtilization !== undefined;
  const hasValue = target?.averageValue !== undefined;
  if (!hasUtilization && !hasValue) {
    const why = 'must set either a target raw value or a target utilization';
    faults.push(fieldRequired(`${path}.target.averageUtilization`, why));
  }
  if (hasUtilization && hasValue) {
    const why = 'may not set both a target raw value and a target utilization';
    faults.push(fieldForbidden(`${path}.target.averageValue`, why));
  }
  return faults;
}

function validateTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const { type = '', averageUtilization } = target ?? {};
  const faults: FieldError[] = [];
  if (type === '') faults.push(fieldRequired(`${path}.type`, 'must specify a metric target type'));
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    const why = 'must be either Utilization, Value, or AverageValue';
    faults.push(fieldInvalid(`${path}.type`, type, why));
  }
  for (const field of ['value', 'averageValue'] as const) {
    const amount = target?.[field];
    if (amount === undefined || isPositive(amount)) continue;
    faults.push(fieldInvalid(`${path}.${field}`, amount, 'must be positive'));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    const why = 'must be greater than 0';
    faults.push(fieldInvalid(`${path}.averageUtilization`, averageUtilization, why));
  }
  return faults;
}

function isPositive(amount: string): boolean {
  try {
    return Quantity.parse(amount).compare(new Quantity(0n)) > 0;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

function validateIdentifier(metric: MetricIdentifier | undefined, path: string): FieldError[] {
  const name = metric?.name;
  if (!name) return [fieldRequired(`${path}.name`, 'must specify a metric name')];
  return invalid(`${path}.name`, name, pathSegmentFaults(name));
}
