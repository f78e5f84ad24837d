/**
 * What the kubelet says of its node: addresses, room, conditions; and when it has to say it again.
 *
 * Pure functions; `node/node-reporter.ts` registers the node, writes its status, and renews its
 * lease.
 */

import type { Lease } from 'kubernetes-types/coordination/v1.js';
import type { NodeCondition, NodeStatus } from 'kubernetes-types/core/v1.js';
import { microTimestamp, type Node, Quantity, semanticallyEqual } from '#apimachinery';

/** A status that says nothing new is written so often, milliseconds. */
export const STATUS_REPORT_MS = 300_000;
/** So often is looked whether there is something new. */
export const STATUS_UPDATE_MS = 10_000;
/** A lease is good for so long, seconds; and renewed after a quarter of it. */
export const LEASE_SECONDS = 40;

/**
 * What pods may use of a node: capacity without what is kept back.
 *
 * @remarks For every resource of `capacity`, what `reserved` and `evictionHard` keep back is taken
 * off; less than nothing is `0`. `evictionHard` is about `memory` and `ephemeral-storage` only: an
 * amount, or a part of the capacity (`10%`, rounded down to a whole number). Amounts are written as
 * `Quantity` writes them, in the format of the capacity.
 *
 * ```text
 * capacity  cpu 4, memory 8Gi, ephemeral-storage 100
 * reserved  cpu 500m        evictionHard  memory 100Mi, ephemeral-storage 10%
 *   →       cpu 3500m, memory 8092Mi, ephemeral-storage 90
 * ```
 *
 * @exercise kubelet/node
 */
export function allocatableOf(
  capacity: Readonly<Record<string, string>>,
  reserved: Readonly<Record<string, string>>,
  evictionHard: Readonly<Record<string, string>>,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, text] of Object.entries(capacity)) {
    let left = Quantity.parse(text);
    if (reserved[name] !== undefined) left = left.sub(Quantity.parse(reserved[name]));
    const hard = name === 'memory' || name === 'ephemeral-storage' ? evictionHard[name] : undefined;
    if (hard !== undefined) left = left.sub(keptBack(hard, Quantity.parse(text)));
    result[name] = left.compare(Quantity.parse('0')) < 0 ? '0' : left.toString();
  }
  return result;
}

function keptBack(text: string, capacity: Quantity): Quantity {
  if (!text.endsWith('%')) return Quantity.parse(text);
  const part = (Number(capacity.value()) * Number.parseFloat(text)) / 100;
  return Quantity.parse(String(Math.floor(part)));
}

/** What conditions are made from. */
export interface NodeHealth {
  /** What hinders pods from running; empty when nothing does. In this order in the message. */
  readonly faults: readonly string[];
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
}

/**
 * A node's conditions: `MemoryPressure`, `DiskPressure`, `PIDPressure`, `Ready`, in this order.
 *
 * @remarks
 * ```text
 * type            status reason                        message
 * MemoryPressure  True   KubeletHasInsufficientMemory  kubelet has insufficient memory available
 *                 False  KubeletHasSufficientMemory    kubelet has sufficient memory available
 * DiskPressure    True   KubeletHasDiskPressure        kubelet has disk pressure
 *                 False  KubeletHasNoDiskPressure      kubelet has no disk pressure
 * PIDPressure     True   KubeletHasInsufficientPID     kubelet has insufficient PID available
 *                 False  KubeletHasSufficientPID       kubelet has sufficient PID available
 * Ready           True   KubeletReady                  kubelet is posting ready status
 *                 False  KubeletNotReady               (the faults)
 * ```
 *
 * One fault is the message as it is; several are in brackets, with `, ` between them: `[a, b]`.
 *
 * `lastHeartbeatTime` is `now` in all. `lastTransitionTime` is that of `previous` when the status
 * there is the same, else `now`. Conditions of other types in `previous` come first, as they are.
 *
 * @param now - as the API writes times
 * @see pkg/kubelet/nodestatus/setters.go (1.33)
 * @exercise kubelet/node
 */
export function nodeConditions(
  health: NodeHealth,
  previous: readonly NodeCondition[],
  now: string,
): NodeCondition[] {
  const { faults } = health;
  const isReady = faults.length === 0;
  const mine: Words[] = [
    words('MemoryPressure', health.memoryPressure, [
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ]),
    words('DiskPressure', health.diskPressure, [
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ]),
    words('PIDPressure', health.pidPressure, [
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ]),
    words('Ready', isReady, [
      ['KubeletReady', 'kubelet is posting ready status'],
      ['KubeletNotReady', faults.length > 1 ? `[${faults.join(', ')}]` : (faults[0] ?? '')],
    ]),
  ];
  const others = previous.filter(({ type }) => !mine.some((one) => one.type === type));
  const stamped = mine.map((condition): NodeCondition => {
    const before = previous.find(({ type }) => type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, lastHeartbeatTime: now, lastTransitionTime: since ?? now };
  });
  return [...others, ...stamped];
}

type Words = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;
type ReasonAndMessage = readonly [reason: string, message: string];

function words(
  type: string,
  holds: boolean,
  [whenTrue, whenFalse]: readonly [ReasonAndMessage, ReasonAndMessage],
): Words {
  const [reason, message] = holds ? whenTrue : whenFalse;
  return { type, status: holds ? 'True' : 'False', reason, message };
}

/**
 * Tells whether a node's status has to be written.
 *
 * @remarks Yes when anything but the heartbeats of its conditions is different
 * (`semanticallyEqual`); or when it was last written `STATUS_REPORT_MS` ago or longer.
 *
 * @param sinceWrittenMs - how long ago it was written last
 * @see pkg/kubelet/kubelet_node_status.go (1.33), updateNode
 * @exercise kubelet/node
 */
export function mustReport(known: NodeStatus, next: NodeStatus, sinceWrittenMs: number): boolean {
  if (sinceWrittenMs >= STATUS_REPORT_MS) return true;
  const calm = (status: NodeStatus): NodeStatus => ({
    ...status,
    conditions: (status.conditions ?? []).map(({ lastHeartbeatTime: _, ...rest }) => rest),
  });
  return !semanticallyEqual(calm(known), calm(next));
}

/**
 * What a node that is there already gets from its kubelet when that starts again.
 *
 * @remarks Of `labels` those that the kubelet makes (keys of `wanted`'s labels) get its values; all
 * other labels, and everything in `spec`, are left as they are. Only the annotation
 * `volumes.kubernetes.io/controller-managed-attach-detach` is set when `wanted` has it.
 *
 * @returns the node to write; `undefined` when nothing is different
 * @exercise kubelet/node
 */
export function reconciledNode(existing: Node, wanted: Node): Node | undefined {
  const annotation = 'volumes.kubernetes.io/controller-managed-attach-detach';
  const value = wanted.metadata?.annotations?.[annotation];
  const annotations = existing.metadata?.annotations ?? {};
  const labels = existing.metadata?.labels ?? {};
  const next: Node = {
    ...existing,
    metadata: {
      ...existing.metadata,
      labels: { ...labels, ...wanted.metadata?.labels },
      ...(value !== undefined && { annotations: { ...annotations, [annotation]: value } }),
    },
  };
  return semanticallyEqual(existing, next) ? undefined : next;
}

/**
 * A node's lease, to be created or renewed: by that the node lifecycle controller sees that it
 * lives.
 *
 * @remarks Its name is the node's, in `kube-node-lease`; `holderIdentity` is the node's name,
 * `leaseDurationSeconds` is `LEASE_SECONDS`, `renewTime` is now (`microTimestamp`). A lease that is
 * there keeps everything else. When it has no owners, and the node is known with a uid, the node
 * owns it: `apiVersion` `v1`, `kind` `Node`, `name`, `uid`, no more. The lease itself gets no
 * `apiVersion` and no `kind`: the client adds them.
 *
 * @param known - what is there; `undefined` for none
 * @param now - milliseconds since 1970
 * @see k8s.io/component-helpers/apimachinery/lease/controller.go (1.33)
 * @exercise kubelet/node
 */
export function nodeLease(
  known: Lease | undefined,
  nodeName: string,
  node: Node | undefined,
  now: number,
): Lease {
  const { uid } = node?.metadata ?? {};
  const owners = known?.metadata?.ownerReferences ?? [];
  const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: uid ?? '' };
  return {
    ...known,
    metadata: {
      ...known?.metadata,
      name: nodeName,
      namespace: 'kube-node-lease',
      ...(owners.length === 0 && uid && { ownerReferences: [owner] }),
    },
    spec: {
      ...known?.spec,
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: microTimestamp(now),
    },
  };
}
