/**
 * HorizontalPodAutoscalers in autoscaling/v1: one target, the processors' use. Given.
 *
 * They are stored as version 2. What version 1 has no field for goes into annotations on the way
 * out and comes back from them, so that nothing is lost when a client of version 1 reads and
 * writes. Metrics are converted in `metrics-v1.ts`.
 *
 * @see pkg/apis/autoscaling/v1/conversion.go, pkg/apis/autoscaling/annotations.go (1.33)
 */

import type {
  HorizontalPodAutoscalerSpec as SpecV1,
  HorizontalPodAutoscalerStatus as StatusV1,
} from 'kubernetes-types/autoscaling/v1.js';
import type {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import { deepCopy } from '#apimachinery';
import type { ApiObject } from '../../api-object.ts';
import { defineKind } from '../define-kind.ts';
import { specOf, statusOf } from '../field-checks.ts';
import { horizontalPodAutoscalerKind, setMetricDefaults } from './horizontal-pod-autoscaler.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './metrics-v1.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';

type Annotations = Record<string, string>;

function toStorage(object: ApiObject): ApiObject {
  const copy = deepCopy(object);
  const annotations: Annotations = copy.metadata.annotations ?? {};
  const spec = specToV2(specOf<SpecV1>(copy), annotations);
  const status = object.status ? statusToV2(statusOf<StatusV1>(copy), annotations) : undefined;
  setAnnotations(copy, annotations, {});
  const converted: ApiObject = { ...copy, apiVersion: 'autoscaling/v2', spec };
  if (status) converted.status = status;
  return converted;
}

function specToV2(spec: SpecV1, annotations: Annotations): HorizontalPodAutoscalerSpec {
  const { targetCPUUtilizationPercentage: target, ...common } = spec;
  const metrics = readList(annotations[METRICS]).map(metricFromV1);
  if (target !== undefined) metrics.push(cpuMetric(target));
  const converted: HorizontalPodAutoscalerSpec = { ...common };
  if (metrics.length > 0) converted.metrics = metrics;
  setMetricDefaults(converted);
  const behavior = readObject(annotations[BEHAVIOR]);
  if (behavior && Object.keys(behavior).length > 0) {
    converted.behavior = withLowerCaseKeys(behavior) as HorizontalPodAutoscalerBehavior;
  }
  return converted;
}

function cpuMetric(averageUtilization: number): MetricSpec {
  const target = { type: 'Utilization', averageUtilization };
  return { type: 'Resource', resource: { name: 'cpu', target } };
}

function statusToV2(
  status: Partial<StatusV1>,
  annotations: Annotations,
): HorizontalPodAutoscalerStatus {
  const { currentCPUUtilizationPercentage: current, desiredReplicas = 0, ...common } = status;
  const converted: HorizontalPodAutoscalerStatus = { ...common, desiredReplicas };
  const metrics = readList(annotations[CURRENT_METRICS]).map(metricStatusFromV1);
  if (metrics.length > 0) converted.currentMetrics = metrics;
  else if (current !== undefined) converted.currentMetrics = [cpuStatus(current)];
  const conditions = readList(annotations[CONDITIONS]);
  if (conditions.length > 0) {
    converted.conditions = conditions as unknown as NonNullable<typeof converted.conditions>;
  }
  return converted;
}

function cpuStatus(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

function fromStorage(stored: ApiObject): ApiObject {
  const copy = deepCopy(stored);
  const added: Annotations = {};
  const spec = specToV1(specOf<HorizontalPodAutoscalerSpec>(copy), added);
  const converted: ApiObject = { ...copy, apiVersion: 'autoscaling/v1', spec };
  if (copy.status) converted.status = statusToV1(statusOf(copy), added);
  setAnnotations(converted, copy.metadata.annotations ?? {}, added);
  return converted;
}

function specToV1(spec: HorizontalPodAutoscalerSpec, added: Annotations): SpecV1 {
  const { metrics = [], behavior, ...common } = spec;
  const converted: SpecV1 = { ...common };
  const cpu = metrics.findLast((metric) => cpuTargetOf(metric) !== undefined);
  if (cpu) converted.targetCPUUtilizationPercentage = cpuTargetOf(cpu);
  const others = metrics.filter((metric) => metric !== cpu);
  if (others.length > 0) added[METRICS] = JSON.stringify(others.map(metricToV1));
  // Inside the real server the fields have capital letters, and that is what it writes.
  if (behavior) added[BEHAVIOR] = JSON.stringify(withUpperCaseKeys(behavior));
  return converted;
}

function cpuTargetOf({ type, resource }: MetricSpec): number | undefined {
  const isCpu = type === 'Resource' && resource?.name === 'cpu';
  return isCpu ? resource.target.averageUtilization : undefined;
}

function statusToV1(status: Partial<HorizontalPodAutoscalerStatus>, added: Annotations): StatusV1 {
  const { currentMetrics = [], conditions = [], ...common } = status;
  const converted: StatusV1 = { currentReplicas: 0, desiredReplicas: 0, ...common };
  const cpu = currentMetrics.findLast((metric) => metric.resource?.name === 'cpu');
  const current = cpu?.resource?.current.averageUtilization;
  if (current !== undefined) converted.currentCPUUtilizationPercentage = current;
  if (currentMetrics.length > 0) {
    added[CURRENT_METRICS] = JSON.stringify(currentMetrics.map(metricStatusToV1));
  }
  if (conditions.length > 0) added[CONDITIONS] = JSON.stringify(conditions);
  return converted;
}

/** An object's own annotations, without what conversion once added, and with what it adds now. */
function setAnnotations({ metadata }: ApiObject, own: Annotations, added: Annotations): void {
  const { [METRICS]: _, [CURRENT_METRICS]: __, [CONDITIONS]: ___, [BEHAVIOR]: ____, ...rest } = own;
  const annotations = { ...rest, ...added };
  if (Object.keys(annotations).length === 0) delete metadata.annotations;
  else metadata.annotations = annotations;
}

type Fields = Record<string, unknown>;

/** An annotation that is no JSON list says nothing: so does the real server. */
function readList(text: string | undefined): Fields[] {
  const value = readJson(text);
  return Array.isArray(value) ? (value as Fields[]) : [];
}

function readObject(text: string | undefined): Fields | undefined {
  const value = readJson(text);
  return isFields(value) ? value : undefined;
}

function readJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withLowerCaseKeys(value: unknown): unknown {
  return withKeys(value, (key) => key.charAt(0).toLowerCase() + key.slice(1));
}

function withUpperCaseKeys(value: unknown): unknown {
  return withKeys(value, (key) => key.charAt(0).toUpperCase() + key.slice(1));
}

/** The same with other keys at every depth, and without what is null. */
function withKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withKeys(item, rename));
  if (!isFields(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [rename(key), withKeys(item, rename)]));
}

export const horizontalPodAutoscalerV1Kind = defineKind({
  ...horizontalPodAutoscalerKind,
  version: 'v1',
  setDefaults: (object) => {
    specOf<SpecV1>(object).minReplicas ??= 1;
  },
  storageVersion: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
  toStorage,
  fromStorage,
});
