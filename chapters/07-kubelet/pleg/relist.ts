/** Looks at all sandboxes and containers of the runtime. Given. */

import type { CriClient } from '#container-runtime/cri';
import { LABELS } from '../runtime/read-runtime.ts';
import type { SeenPod, SeenState } from './pleg.ts';

const STATES: Readonly<Record<string, SeenState>> = {
  SANDBOX_READY: 'running',
  SANDBOX_NOTREADY: 'exited',
  CONTAINER_CREATED: 'unknown',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

/** @returns by the pods' uid; what bears no pod's label is not the kubelet's */
export async function lookAtRuntime(cri: CriClient): Promise<ReadonlyMap<string, SeenPod>> {
  const [{ items }, { containers }] = await Promise.all([
    cri.listPodSandbox(),
    cri.listContainers(),
  ]);
  const pods = new Map<string, Map<string, SeenState>>();
  for (const { id, state, labels } of [...items, ...containers]) {
    const uid = labels[LABELS.podUid];
    if (uid === undefined) continue;
    const pod = pods.get(uid) ?? new Map<string, SeenState>();
    pods.set(uid, pod.set(id, STATES[state] ?? 'unknown'));
  }
  return pods;
}
