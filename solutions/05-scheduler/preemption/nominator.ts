/**
 * Pods that were promised a node which is not free yet, and filters that respect the promises.
 *
 * Who promises is `preemption.ts`. A promise is written into the pod as well
 * (`status.nominatedNodeName`), but counts here at once.
 */

import type { Pod } from '#apimachinery';
import type { CycleState } from '../framework/cycle-state.ts';
import type { FilterRunner, Nominations } from '../framework/handle.ts';
import type { NodeInfo } from '../framework/node-info.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { isSuccess, type Status } from '../framework/status.ts';
import { podPriority } from './pod-priority.ts';

const NOBODY: readonly PodInfo[] = [];

/**
 * Remembers which pod was promised which node. Given. A pod has at most one promise.
 *
 * @see pkg/scheduler/backend/queue/nominator.go (1.33)
 */
export class Nominator implements Nominations {
  readonly #byNode = new Map<string, readonly PodInfo[]>();
  /** Node names by the uid of the pod. */
  readonly #nodeOf = new Map<string, string>();
  readonly #mayBeNominated: (pod: Pod) => boolean;

  /** @param mayBeNominated - false for a pod that is gone, or has a node: it needs no promise */
  constructor(mayBeNominated: (pod: Pod) => boolean = () => true) {
    this.#mayBeNominated = mayBeNominated;
  }

  podsOn(nodeName: string): readonly PodInfo[] {
    return this.#byNode.get(nodeName) ?? NOBODY;
  }

  /**
   * Promises a node to a pod, in the place of what it was promised before.
   *
   * @param nodeName - absent: what the pod's status says; `''`: none
   */
  add(pod: PodInfo, nodeName: string = pod.pod.status?.nominatedNodeName ?? ''): void {
    this.delete(pod.pod);
    if (nodeName === '' || !this.#mayBeNominated(pod.pod)) return;
    this.#nodeOf.set(pod.pod.metadata?.uid ?? '', nodeName);
    this.#byNode.set(nodeName, [...this.podsOn(nodeName), pod]);
  }

  /** Forgets the pod. */
  delete(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const left = this.podsOn(nodeName).filter((other) => other.pod.metadata?.uid !== uid);
    if (left.length > 0) this.#byNode.set(nodeName, left);
    else this.#byNode.delete(nodeName);
  }

  /**
   * The pod has changed. An update that knows nothing of a promise, neither before nor after, was on
   * its way when the promise was made: it does not take it back.
   */
  update(before: Pod, after: PodInfo): void {
    const isSilent = !before.status?.nominatedNodeName && !after.pod.status?.nominatedNodeName;
    this.add(after, isSilent ? this.#nodeOf.get(before.metadata?.uid ?? '') : undefined);
  }
}

/**
 * Can the pod run on the node, also once those are there who were promised a place?
 *
 * @remarks Who counts: pods nominated for the node with the same or a higher priority than the pod,
 * without the pod itself. Those with a lower one would have to give way anyway.
 *
 * 1. When there are such pods: they are added to copies, one by one and in order: of the node with
 *    `addPod`, of the state with `runPreFilterAddPod`. The first of these answers that is no success is
 *    the answer. Then the filters are asked with the copies. No success is the answer.
 * 2. The filters are asked with node and state as they are, and this is the answer. Both times it must
 *    do: a promise may never come true, and a pod must not rely on it (say, for its affinity).
 *
 * `node` and `state` stay as they are. Without such pods nothing is copied: this is asked for every pod
 * and every node.
 *
 * @see pkg/scheduler/framework/runtime/framework.go (1.33), RunFilterPluginsWithNominatedPods
 * @exercise scheduler/preemption
 */
export function filterWithNominatedPods(
  runner: FilterRunner,
  nominations: Nominations,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | undefined {
  const promised = nominations.podsOn(node.name);
  if (promised.length === 0) return runner.runFilterPlugins(state, pod, node);
  const status = filterWithPromised(runner, promised, state, pod, node);
  return isSuccess(status) ? runner.runFilterPlugins(state, pod, node) : status;
}

function filterWithPromised(
  runner: FilterRunner,
  nominated: readonly PodInfo[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | undefined {
  const priority = podPriority(pod.pod);
  const uid = pod.pod.metadata?.uid;
  const counted = nominated.filter(
    (other) => podPriority(other.pod) >= priority && other.pod.metadata?.uid !== uid,
  );
  if (counted.length === 0) return undefined;
  const fullState = state.clone();
  const fullNode = node.clone();
  for (const other of counted) {
    fullNode.addPod(other);
    const status = runner.runPreFilterAddPod(fullState, pod, other, fullNode);
    if (!isSuccess(status)) return status;
  }
  return runner.runFilterPlugins(fullState, pod, fullNode);
}
