/**
 * Reads what a kubelet answers at `/metrics/resource`: text in Prometheus' form. Given.
 *
 * ```text
 * # TYPE node_cpu_usage_seconds_total counter
 * node_cpu_usage_seconds_total 357.35 1700000000000
 * container_memory_working_set_bytes{container="c",namespace="default",pod="web"} 1.2e+07 1700000000000
 * ```
 *
 * @see metrics-server pkg/scraper/client/resource/decode.go (0.7)
 */

import type { PodPoints, UsageBatch, UsagePoint } from './usage.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Point = Mutable<UsagePoint>;

const NANOS = 1e9;

/** What a series sets of a point. */
type Setter = (point: Point, value: number, atMs: number) => void;

const cpu: Setter = (point, value, atMs) => {
  point.cpuNanos = Math.trunc(value * NANOS);
  point.atMs = atMs;
};
const memory: Setter = (point, value, atMs) => {
  point.memoryBytes = Math.trunc(value);
  point.atMs = atMs;
};
const start: Setter = (point, value) => {
  point.startMs = value * 1000;
};

const OF_NODE = new Map<string, Setter>([
  ['node_cpu_usage_seconds_total', cpu],
  ['node_memory_working_set_bytes', memory],
]);
const OF_CONTAINER = new Map<string, Setter>([
  ['container_cpu_usage_seconds_total', cpu],
  ['container_memory_working_set_bytes', memory],
  ['container_start_time_seconds', start],
]);

/** Name, labels, value, and when it was measured. */
const SERIES = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+(-?\d+))?\s*$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * @param nodeName - whose kubelet it is
 * @param nowMs - when it was asked: of series that do not say when they were measured
 * @returns what is whole: a pod of which a container has no CPU time or no memory is left out
 * @throws Error when a line is not in that form
 */
export function parseResourceMetrics(text: string, nodeName: string, nowMs: number): UsageBatch {
  const node = newPoint();
  const pods = new Map<string, Map<string, Point>>();
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', labels = '', value = '', at] = SERIES.exec(line) ?? [];
    if (name === '')
      throw new Error(`failed parsing metrics: ${JSON.stringify(line.slice(0, 80))}`);
    const atMs = at === undefined ? nowMs : Number(at);
    OF_NODE.get(name)?.(node, Number(value), atMs);
    const set = OF_CONTAINER.get(name);
    if (set) set(containerOf(pods, labels), Number(value), atMs);
  }
  return {
    nodes: new Map(isWhole(node) ? [[nodeName, node]] : []),
    pods: new Map(
      [...pods]
        .filter(([, containers]) => [...containers.values()].every(isWhole))
        .map(([key, containers]): [string, PodPoints] => [key, { nodeName, containers }]),
    ),
  };
}

function newPoint(): Point {
  return { atMs: 0, startMs: 0, cpuNanos: 0, memoryBytes: 0 };
}

function isWhole({ cpuNanos, memoryBytes }: UsagePoint): boolean {
  return cpuNanos > 0 && memoryBytes > 0;
}

function containerOf(pods: Map<string, Map<string, Point>>, text: string): Point {
  const labels = new Map(
    [...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]),
  );
  const key = `${labels.get('namespace')}/${labels.get('pod')}`;
  const containers = pods.get(key) ?? new Map<string, Point>();
  pods.set(key, containers);
  const name = labels.get('container') ?? '';
  const point = containers.get(name) ?? newPoint();
  containers.set(name, point);
  return point;
}
