/**
 * What pods use and what they asked for, in thousandths: an autoscaler's raw material. Given.
 *
 * How many pods there should be for it is `autoscaler.ts`.
 */

import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import { type KubernetesObject, Quantity } from '#apimachinery';
import type { ResourceType } from '#client';

/** What a pod uses, as metrics.k8s.io tells it. */
export interface PodMetrics extends KubernetesObject {
  /** When the window ended. */
  timestamp?: string;
  /** Over how long was measured: `15s`. */
  window?: string;
  containers?: { name: string; usage: Record<string, string> }[];
}

/** Pods of the resource metrics API: lists by label selector, and no watches. */
export const POD_METRICS: ResourceType<PodMetrics> = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  resource: 'pods',
  kind: 'PodMetrics',
  namespaced: true,
};

/** What was measured of one resource of one pod. */
export interface PodMetric {
  /** In thousandths: of a processor, or of a byte. */
  readonly value: bigint;
  /** When the window ended, in milliseconds since 1970. */
  readonly timestampMs: number;
  /** How long the window was. */
  readonly windowMs: number;
}

/** What was measured, by the pods' names. */
export type PodMetricsInfo = ReadonlyMap<string, PodMetric>;

/**
 * One resource of all pods that were measured.
 *
 * @remarks A pod of which a container was not measured is left out; so is one in which only the named
 * container counts, and it was not measured.
 *
 * @param container - only this one counts; absent: all together
 * @throws Error `container C not present in metrics for pod NS/NAME`
 * @see pkg/controller/podautoscaler/metrics/client.go (1.33)
 */
export function measurementsOf(
  items: readonly PodMetrics[],
  resource: string,
  container?: string,
): PodMetricsInfo {
  const found = new Map<string, PodMetric>();
  for (const item of items) {
    const value = container ? ofContainer(item, resource, container) : ofPod(item, resource);
    if (value === undefined) continue;
    found.set(item.metadata?.name ?? '', {
      value,
      timestampMs: Date.parse(item.timestamp ?? ''),
      windowMs: durationMs(item.window ?? ''),
    });
  }
  return found;
}

function ofPod({ containers = [] }: PodMetrics, resource: string): bigint | undefined {
  if (containers.length === 0) return undefined;
  let sum = 0n;
  for (const { usage } of containers) {
    const amount = usage[resource];
    if (amount === undefined) return undefined;
    sum += milliOf(amount);
  }
  return sum;
}

function ofContainer(
  { metadata, containers = [] }: PodMetrics,
  resource: string,
  name: string,
): bigint | undefined {
  const container = containers.find((each) => each.name === name);
  if (!container) {
    const pod = `${metadata?.namespace}/${metadata?.name}`;
    throw new Error(`container ${name} not present in metrics for pod ${pod}`);
  }
  const amount = container.usage[resource];
  return amount === undefined ? undefined : milliOf(amount);
}

/**
 * What each pod asked for of a resource, in thousandths: its containers and those that run beside them
 * from the start.
 *
 * @param container - only this one counts; absent: all together
 * @throws Error `missing request for cpu in container C of Pod P`
 */
export function requestsOf(
  pods: readonly Pod[],
  resource: string,
  container?: string,
): ReadonlyMap<string, bigint> {
  return new Map(pods.map((pod) => [nameOf(pod), requestOf(pod, resource, container)]));
}

function requestOf(pod: Pod, resource: string, container: string | undefined): bigint {
  let sum = 0n;
  for (const { name, resources } of runningContainers(pod)) {
    if (container && name !== container) continue;
    const amount = resources?.requests?.[resource];
    if (amount === undefined) {
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${nameOf(pod)}`);
    }
    sum += milliOf(amount);
  }
  return sum;
}

function runningContainers({ spec }: Pod): Container[] {
  // The types are of a version before containers could be started again by themselves.
  const initContainers: (Container & { restartPolicy?: string })[] = spec?.initContainers ?? [];
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(spec?.containers ?? []), ...sidecars];
}

/** A pod's name. */
export function nameOf(pod: Pod): string {
  return pod.metadata?.name ?? '';
}

/** An amount in thousandths. */
export function milliOf(amount: string): bigint {
  return Quantity.parse(amount).milliValue();
}

/** The other way round. */
export function milliText(value: bigint): string {
  return String(new Quantity(value, -3));
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes it: `1m30.5s`. */
function durationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  return total;
}
