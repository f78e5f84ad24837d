/** What the node and its containers use, as `/stats/summary` and `/metrics/resource` tell it. Given. */

import type { Clock } from '#apimachinery';
import type { ContainerStats, CriClient } from '#container-runtime/cri';
import { LABELS } from '../runtime/read-runtime.ts';

interface Usage {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly cpuNanos: number;
  readonly cpuNanoCores: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly startedMs: number;
}

async function usages(cri: CriClient): Promise<Usage[]> {
  const [{ stats }, { containers }] = await Promise.all([
    cri.listContainerStats(),
    cri.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }),
  ]);
  const created = new Map(containers.map(({ id, createdAt }) => [id, createdAt]));
  return stats.flatMap((one) => {
    const at = created.get(one.attributes.id);
    return at === undefined ? [] : [usageOf(one, Number(at / 1_000_000n))];
  });
}

function usageOf(
  { attributes, cpu, memory, writableLayer }: ContainerStats,
  startedMs: number,
): Usage {
  const { labels } = attributes;
  return {
    namespace: labels[LABELS.podNamespace] ?? '',
    pod: labels[LABELS.podName] ?? '',
    uid: labels[LABELS.podUid] ?? '',
    container: labels[LABELS.containerName] ?? '',
    cpuNanos: cpu?.usageCoreNanoSeconds?.value ?? 0,
    cpuNanoCores: cpu?.usageNanoCores?.value ?? 0,
    memoryBytes: memory?.workingSetBytes?.value ?? 0,
    diskBytes: writableLayer?.usedBytes?.value ?? 0,
    startedMs,
  };
}

const sumOf = (all: readonly Usage[], key: 'cpuNanos' | 'cpuNanoCores' | 'memoryBytes'): number =>
  all.reduce((sum, one) => sum + one[key], 0);

/** In Prometheus' form: what the API server's metrics are made of. */
export async function resourceMetrics(
  cri: CriClient,
  clock: Clock,
  own: NodeUsage,
): Promise<string> {
  const all = await usages(cri);
  const now = Math.floor(clock.now());
  const lines: string[] = [];
  const series = (
    name: string,
    help: string,
    type: string,
    values: readonly [string, number][],
  ) => {
    lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of values) lines.push(`${name}${labels} ${value} ${now}`);
  };
  const byContainer = (value: (usage: Usage) => number): [string, number][] =>
    all.map((one) => [
      `{container="${one.container}",namespace="${one.namespace}",pod="${one.pod}"}`,
      value(one),
    ]);
  series(
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the container in core-seconds',
    'counter',
    byContainer(({ cpuNanos }) => Math.max(cpuNanos, 1) / 1e9),
  );
  series(
    'container_memory_working_set_bytes',
    'Current working set of the container in bytes',
    'gauge',
    byContainer(({ memoryBytes }) => memoryBytes),
  );
  series(
    'container_start_time_seconds',
    'Start time of the container since unix epoch in seconds',
    'gauge',
    byContainer(({ startedMs }) => startedMs / 1000),
  );
  const cpuSeconds = own.cpuSeconds ?? Math.max(sumOf(all, 'cpuNanos') / 1e9, 0.001);
  series(
    'node_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the node in core-seconds',
    'counter',
    [['', cpuSeconds]],
  );
  series('node_memory_working_set_bytes', 'Current working set of the node in bytes', 'gauge', [
    ['', own.memoryBytes ?? Math.max(sumOf(all, 'memoryBytes'), 1)],
  ]);
  return `${lines.join('\n')}\n`;
}

/** What the node itself uses; absent: as much as its containers. */
export interface NodeUsage {
  readonly cpuSeconds?: number;
  readonly memoryBytes?: number;
}

/** @see staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go (1.33) */
export async function statsSummary(
  cri: CriClient,
  clock: Clock,
  nodeName: string,
): Promise<object> {
  const all = await usages(cri);
  const time = new Date(clock.now()).toISOString();
  const cpu = (list: readonly Usage[]) => ({
    time,
    usageNanoCores: sumOf(list, 'cpuNanoCores'),
    usageCoreNanoSeconds: sumOf(list, 'cpuNanos'),
  });
  const memory = (list: readonly Usage[]) => ({
    time,
    workingSetBytes: sumOf(list, 'memoryBytes'),
  });
  const pods = new Map<string, Usage[]>();
  for (const one of all) pods.set(one.uid, [...(pods.get(one.uid) ?? []), one]);
  return {
    node: { nodeName, startTime: time, cpu: cpu(all), memory: memory(all) },
    pods: [...pods.values()].map((list) => ({
      podRef: { name: list[0]?.pod, namespace: list[0]?.namespace, uid: list[0]?.uid },
      startTime: new Date(list[0]?.startedMs ?? 0).toISOString(),
      containers: list.map((one) => ({
        name: one.container,
        startTime: new Date(one.startedMs).toISOString(),
        cpu: cpu([one]),
        memory: memory([one]),
        rootfs: { time, usedBytes: one.diskBytes },
      })),
      cpu: cpu(list),
      memory: memory(list),
    })),
  };
}
