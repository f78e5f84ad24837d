/**
 * An HPA's metrics one by one: what is asked for, what came of it, and what to say when nothing did.
 * Given.
 *
 * The arithmetic is `proposeReplicas` of `autoscaler.ts`. There is no custom and no external metrics
 * API here: metrics of type Pods, Object and External fail as on a cluster without those.
 *
 * @see pkg/controller/podautoscaler/horizontal.go, replica_calculator.go, metrics/client.go (1.33)
 */

import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { goText } from '../go-text.ts';
import { type Proposal, proposeReplicas, type Situation, type Target } from './autoscaler.ts';
import { measurementsOf, milliOf, milliText, type PodMetrics } from './measurements.ts';

/** What metrics are made from. */
export interface MetricSources {
  readonly namespace: string;
  /** The target's. */
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
  readonly now: number;
  /** Asks the resource metrics API for what the target's pods use. */
  readonly podMetrics: () => Promise<readonly PodMetrics[]>;
}

/** A metric that could be had. */
export interface MeasuredMetric {
  /** What it is called in events. */
  readonly metric: string;
  readonly replicas: number;
  readonly status: MetricStatus;
}

/** A metric that could not be had. */
export interface FailedMetric {
  readonly failure: Error;
  /** Of the event and the condition. */
  readonly reason: string;
  /** Of the event; the failure says more. */
  readonly message: string;
}

/** Measures one metric. */
export async function measure(
  spec: MetricSpec,
  sources: MetricSources,
): Promise<MeasuredMetric | FailedMetric> {
  const { reason, prefix } = KINDS[spec.type] ?? { reason: 'InvalidMetricSourceType' };
  try {
    return await measureOf(spec, sources);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const failure = new Error(prefix ? `${prefix(spec)}: ${message}` : message);
    return { failure, reason, message };
  }
}

interface KindOfMetric {
  readonly reason: string;
  readonly prefix?: (spec: MetricSpec) => string;
}

const KINDS: Readonly<Record<string, KindOfMetric>> = {
  Resource: {
    reason: 'FailedGetResourceMetric',
    prefix: ({ resource }) => `failed to get ${resource?.name} resource metric value`,
  },
  ContainerResource: {
    reason: 'FailedGetContainerResourceMetric',
    prefix: ({ containerResource }) =>
      `failed to get ${containerResource?.container} container metric value`,
  },
  Pods: { reason: 'FailedGetPodsMetric', prefix: () => 'failed to get pods metric value' },
  Object: { reason: 'FailedGetObjectMetric', prefix: () => 'failed to get object metric value' },
  External: {
    reason: 'FailedGetExternalMetric',
    prefix: ({ external }) => `failed to get ${external?.metric.name} external metric value`,
  },
};

async function measureOf(spec: MetricSpec, sources: MetricSources): Promise<MeasuredMetric> {
  const { resource, containerResource, pods, object, external } = spec;
  if (spec.type === 'Resource' && resource) {
    const { name, target } = resource;
    const proposal = await measureResource({ name, target }, sources);
    const metric = metricName(name, target, 'resource');
    const status = { type: 'Resource', resource: { name, current: currentOf(proposal) } };
    return { metric, replicas: proposal.replicas, status };
  }
  if (spec.type === 'ContainerResource' && containerResource) {
    const { name, container, target } = containerResource;
    const proposal = await measureResource({ name, container, target }, sources);
    const metric = metricName(name, target, 'container resource');
    const current = currentOf(proposal);
    const status = { type: 'ContainerResource', containerResource: { name, container, current } };
    return { metric, replicas: proposal.replicas, status };
  }
  if (spec.type === 'Pods' && pods) throw unmeasured(`metric ${pods.metric.name}: ${NO_CUSTOM}`);
  if (spec.type === 'Object' && object) {
    const { metric, describedObject, target } = object;
    const where = `${describedObject.kind} on ${sources.namespace} ${describedObject.name}`;
    const { message } = unmeasured(`metric ${metric.name}: ${where}/${NO_CUSTOM}`);
    const isAverage = target.type === 'AverageValue';
    throw new Error(isAverage ? `failed to get ${metric.name} object metric: ${message}` : message);
  }
  if (spec.type === 'External' && external) {
    const { metric, target } = external;
    const what = `${sources.namespace}/${metric.name}/${goText(metric.selector)}`;
    const { message } = unmeasured(`external metric ${what}: ${noExternal(metric.name)}`);
    const prefix = target.averageValue
      ? `failed to get ${metric.name} external metric`
      : `failed to get external metric ${metric.name}`;
    throw new Error(`${prefix}: ${message}`);
  }
  throw new Error(`unknown metric source type ${JSON.stringify(spec.type)}`);
}

const NO_CUSTOM =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

function noExternal(name: string): string {
  const what = `get ${name}.external.metrics.k8s.io`;
  return `unable to fetch metrics from external metrics API: the server could not find the requested resource (${what})`;
}

function unmeasured(what: string): Error {
  return new Error(`unable to get ${what}`);
}

interface ResourceSource {
  readonly name: string;
  readonly container?: string;
  readonly target: MetricTarget;
}

async function measureResource(source: ResourceSource, sources: MetricSources): Promise<Proposal> {
  const { name, container, target } = source;
  const wanted = targetOf(target);
  if (!wanted) {
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    );
  }
  const { pods, currentReplicas, now } = sources;
  try {
    const metrics = await readMeasurements(source, sources);
    const situation: Situation = { pods, metrics, resource: name, currentReplicas, now };
    return proposeReplicas(container ? { ...situation, container } : situation, wanted);
  } catch (error) {
    const kind = 'averageUtilization' in wanted ? 'utilization' : 'usage';
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`failed to get ${name} ${kind}: ${why}`);
  }
}

async function readMeasurements({ name, container }: ResourceSource, sources: MetricSources) {
  const failed = (why: string) => new Error(`unable to get metrics for resource ${name}: ${why}`);
  let items: readonly PodMetrics[];
  try {
    items = await sources.podMetrics();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failed(`unable to fetch metrics from resource metrics API: ${why}`);
  }
  if (items.length === 0) throw failed('no metrics returned from resource metrics API');
  try {
    return measurementsOf(items, name, container);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw failed(`failed to get container metrics: ${why}`);
  }
}

function targetOf({ averageValue, averageUtilization }: MetricTarget): Target | undefined {
  if (averageValue !== undefined) return { averageValue: milliOf(averageValue) };
  return averageUtilization === undefined ? undefined : { averageUtilization };
}

function metricName(resource: string, target: MetricTarget, kind: string): string {
  // With an average the container is not told, upstream neither.
  if (target.averageValue !== undefined) return `${resource} resource`;
  return `${resource} ${kind} utilization (percentage of request)`;
}

function currentOf({ averageValue, averageUtilization }: Proposal): MetricValueStatus {
  return {
    ...(averageUtilization !== undefined && { averageUtilization }),
    averageValue: milliText(averageValue),
  };
}
