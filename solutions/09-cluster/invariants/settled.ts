/**
 * Is an object as it should be, with nothing left to do? And is a write only a sign of life?
 *
 * Given: what each kind's controller promises to write when it is done.
 */

import { isPodReady, type KubernetesObject, type Pod, semanticallyEqual } from '#apimachinery';
import type { Deleted, Put } from './history.ts';

interface Counted extends KubernetesObject {
  readonly spec?: { readonly replicas?: number; readonly completions?: number };
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * What an object still waits for.
 *
 * @param resource - `pods`, `deployments`, …; all others are always done
 * @returns for example `has 2 of 3 replicas ready`; `undefined` when it is as it should be
 */
export function unsettled(resource: string, object: KubernetesObject): string | undefined {
  if (object.metadata?.deletionTimestamp !== undefined) return 'is still being deleted';
  const judge = JUDGES[resource];
  if (judge === undefined) return undefined;
  const { generation = 0 } = object.metadata ?? {};
  const { status = {} } = object as Counted;
  const observed = count(status, 'observedGeneration');
  if (OBSERVING.has(resource) && observed < generation) return 'was changed and nobody noticed';
  return judge(object as Counted, status);
}

const OBSERVING = new Set(['deployments', 'replicasets', 'statefulsets', 'daemonsets']);

type Judge = (object: Counted, status: Readonly<Record<string, unknown>>) => string | undefined;

const JUDGES: Readonly<Record<string, Judge>> = {
  pods: (object) => {
    const { phase = 'Pending' } = (object as Pod).status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') return undefined;
    return isPodReady(object as Pod) ? undefined : `is ${phase} and not ready`;
  },
  replicasets: (object, status) =>
    ready(object.spec?.replicas ?? 1, [status.replicas, status.readyReplicas]),
  deployments: (object, status) =>
    ready(object.spec?.replicas ?? 1, [
      status.replicas,
      status.updatedReplicas,
      status.availableReplicas,
    ]),
  statefulsets: (object, status) =>
    ready(object.spec?.replicas ?? 1, [
      status.replicas,
      status.updatedReplicas ?? status.currentReplicas,
      status.readyReplicas,
    ]),
  daemonsets: (_, status) =>
    ready(count(status, 'desiredNumberScheduled'), [
      status.currentNumberScheduled,
      status.updatedNumberScheduled,
      status.numberReady,
    ]),
  jobs: (_, status) => {
    const conditions = (status.conditions ?? []) as readonly { type: string; status: string }[];
    const isOver = conditions.some(
      ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
    );
    return isOver ? undefined : 'has not finished';
  },
  nodes: (_, status) => {
    const conditions = (status.conditions ?? []) as readonly { type: string; status: string }[];
    const isReady = conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    return isReady ? undefined : 'is not ready';
  },
};

/** All of them have to be as many as are wanted: not fewer, nor any left over. */
function ready(wanted: number, counts: readonly unknown[]): string | undefined {
  const worst = counts.map((one) => (typeof one === 'number' ? one : 0)).find((n) => n !== wanted);
  return worst === undefined ? undefined : `has ${worst} of ${wanted} replicas as wanted`;
}

function count(status: Readonly<Record<string, unknown>>, name: string): number {
  const value = status[name];
  return typeof value === 'number' ? value : 0;
}

/**
 * Is a write only what goes on for ever in a cluster at rest: a Lease renewed, an Event told or
 * forgotten, a node that says it still lives?
 */
export function isSignOfLife(write: Put | Deleted): boolean {
  if (write.resource === 'leases' || write.resource === 'events') return true;
  if (write.resource !== 'nodes' || write.kind !== 'put' || write.before === undefined)
    return false;
  return semanticallyEqual(withoutHeartbeats(write.before), withoutHeartbeats(write.after));
}

function withoutHeartbeats(node: KubernetesObject): unknown {
  const { metadata, ...rest } = node as Counted;
  const { resourceVersion: _, managedFields: __, ...kept } = metadata ?? {};
  const conditions = (rest.status?.conditions ?? []) as readonly Record<string, unknown>[];
  return {
    ...rest,
    metadata: kept,
    status: {
      ...rest.status,
      conditions: conditions.map(({ lastHeartbeatTime: ___, ...condition }) => condition),
    },
  };
}
