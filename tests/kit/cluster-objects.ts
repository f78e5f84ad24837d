/** Nodes and pods in a line each, as tests of scheduling and of nodes need them by the dozen. */

import type { Node, Pod, PodSpec } from '#apimachinery';

/** What a test says of a node; the rest is a usual node's. */
export interface NodeWords {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: number;
  /** More of `status.allocatable`. */
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { key: string; value?: string; effect: string }[];
  readonly unschedulable?: boolean;
  readonly images?: readonly { names: string[]; sizeBytes: number }[];
}

/**
 * A node with 4 cores, 16Gi, room for 110 pods, and its hostname as a label.
 *
 * @remarks Frozen, all the way down, as objects of informers are in tests.
 */
export function nodeObject(name: string, words: NodeWords = {}): Node {
  const { cpu = '4', memory = '16Gi', pods = 110, allocatable, labels } = words;
  const { taints, unschedulable, images } = words;
  const offered = { cpu, memory, pods: String(pods), ...allocatable };
  const spec = { ...(taints && { taints }), ...(unschedulable && { unschedulable }) };
  return frozen({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: offered, capacity: offered, ...(images && { images }) },
  } as Node);
}

/** What a test says of a pod; the rest is a usual pod's. */
export interface PodWords {
  readonly namespace?: string;
  readonly uid?: string;
  /** Requests of its only container. */
  readonly requests?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly nodeName?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  readonly startedAt?: number;
  readonly deletedAt?: number;
  readonly nominatedNodeName?: string;
  /** More of the spec, and what replaces the usual. */
  readonly spec?: Partial<PodSpec>;
}

/** A pod of one container, in the namespace `default`, without a node. Frozen as `nodeObject`. */
export function podObject(name: string, words: PodWords = {}): Pod {
  const { namespace = 'default', uid = `uid-${namespace}-${name}`, requests, spec } = words;
  const { labels, annotations, priority, nodeName, nominatedNodeName } = words;
  const time = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z');
  const { createdAt, startedAt, deletedAt } = words;
  return frozen({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(createdAt !== undefined && { creationTimestamp: time(createdAt) }),
      ...(deletedAt !== undefined && { deletionTimestamp: time(deletedAt) }),
    },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', image: 'i', ...(requests && { resources: { requests } }) }],
      ...(priority !== undefined && { priority }),
      ...(nodeName && { nodeName }),
      ...spec,
    },
    status: {
      phase: 'Pending',
      ...(startedAt !== undefined && { startTime: time(startedAt) }),
      ...(nominatedNodeName && { nominatedNodeName }),
    },
  } as unknown as Pod);
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const one of Object.values(Object.freeze(value))) frozen(one);
  }
  return value;
}
