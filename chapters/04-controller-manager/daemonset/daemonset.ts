/**
 * One pod on each node: which nodes should have one, which pods a DaemonSet makes and deletes, and how
 * it goes from one template to another.
 *
 * Functions of what is there, which only say what is to be done; `daemonset-controller.ts` does it. What
 * such a pod looks like is `daemon-pod.ts`.
 */

import type { DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { NotImplemented } from '#not-implemented';
import type { DaemonSet, Node } from './daemon-pod.ts';

/** What a DaemonSet sees of the cluster. */
export interface DaemonSetView {
  /** As the API server gives it: defaults are set. */
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** The set's pods by the name of the node they are on or tied to (`podsByNode` of `daemon-pod.ts`). */
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  /** The hash of the revision of the set's template. */
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Did a pod fail on this node so recently that the next failed one stays for a while? */
  readonly isBackingOff: (nodeName: string) => boolean;
}

/** What to do. */
export interface DaemonSetSteps {
  /** The names of the nodes to make a pod for, in the order of `nodes`. */
  readonly create: readonly string[];
  /** Pods to delete, since they are too many, or not where they should be, or old. */
  readonly delete: readonly Pod[];
  /** Pods to delete, since they have ended where one should run. */
  readonly ended: readonly Pod[];
}

/** May a node have a pod? */
export interface NodeVerdict {
  /** Should it get one? */
  readonly shouldRun: boolean;
  /** Can it keep the one it has? */
  readonly shouldContinueRunning: boolean;
}

/**
 * Says whether a node should have one of the set's pods.
 *
 * @remarks The first that is so:
 *
 * | the template's pod | shouldRun | shouldContinueRunning |
 * |---|---|---|
 * | has a `spec.nodeName`, and it is another node's | no | no |
 * | does not match by labels and affinity (`matchesRequiredNodeAffinity`), or its affinity cannot be read (`SelectorError`) | no | no |
 * | does not tolerate a taint `NoExecute` | no | no |
 * | does not tolerate a taint `NoSchedule` | no | yes |
 * | else | yes | yes |
 *
 * What it tolerates says `daemonPodTolerations` of `daemon-pod.ts`: also that a node is not ready, is
 * cordoned or is short of memory. Whether there is room for it is asked by the scheduler.
 *
 * @see pkg/controller/daemon/daemon_controller.go (1.33), NodeShouldRunDaemonPod
 * @exercise controller-manager/daemonset
 */
export function nodeShouldRun(set: DaemonSet, node: Node): NodeVerdict {
  throw new NotImplemented('controller-manager/daemonset', 'nodeShouldRun');
}

/**
 * Sees that each node has the pod it should have, and no other.
 *
 * @remarks For each node, in their order (`nodeShouldRun`):
 *
 * 1. *It should have one, and there is none for it*, not even one being deleted: `create`.
 * 2. *It can keep one*: those being deleted are left alone. One that `Failed` is `ended`, unless the
 *    node `isBackingOff`: then it stays. One that `Succeeded` is `ended`. Of the others, in the order of
 *    `byScheduledThenCreated` (`daemon-pod.ts`):
 *    - *without surge*: all but the first are deleted.
 *    - *with surge*: if there are none, and the node should have one: `create`. Two may stay: the first of
 *      this revision and the first of others; the rest are deleted. The second of these is deleted too
 *      when it is not ready, or when the first is available (`isPodAvailable`, with
 *      `spec.minReadySeconds`).
 * 3. *It cannot*: all that are not being deleted are deleted.
 *
 * Then the pods for nodes that are not there: those that are not on a node (`spec.nodeName`) are
 * deleted, for they will never be.
 *
 * A set has surge when its strategy is `RollingUpdate`, and `maxSurge` is neither absent nor 0 nor `0%`. A
 * pod is of this revision when its label `CONTROLLER_REVISION_HASH_LABEL` is `hash`.
 *
 * ```text
 * a, b should run                       a: –      b: –               create a, b
 *                                       a: p1     b: p2 being deleted  nothing (with surge: create b)
 *                                       a: p1, p3 (younger)  b: p2     delete p3
 * a got a taint NoExecute               a: p1     b: p2 Failed         delete p1, ended p2
 * ```
 *
 * @see pkg/controller/daemon/daemon_controller.go (1.33), manage, podsShouldBeOnNode
 * @exercise controller-manager/daemonset
 */
export function manageDaemonPods(view: DaemonSetView): DaemonSetSteps {
  throw new NotImplemented('controller-manager/daemonset', 'manageDaemonPods');
}

/**
 * The next step from one template to another; asked only when `manageDaemonPods` has nothing to do.
 *
 * @remarks Nothing under `OnDelete`. `maxUnavailable` and `maxSurge` are numbers, or percentages of the
 * nodes that should have a pod (`nodeShouldRun`), rounded up (`scaledValue`); absent is 0. If both come to 0,
 * and there is such a node, one may be unavailable.
 *
 * Looked at are first the nodes that should have a pod, in their order, then the others for which there
 * are pods. Pods that are being deleted do not count. A node has at most one *new* pod (of this revision) and one
 * *old* one; if it has two of a kind, it is *crowded*: it is left to `manageDaemonPods`.
 * *Available* is `isPodAvailable` with `spec.minReadySeconds`.
 *
 * **Without surge** (`maxSurge` comes to 0) old pods are deleted; the new ones are made when they are
 * gone. Of the nodes with an old pod and no new one, those whose pod is not available are unavailable,
 * and their pod is deleted in any case. Unavailable, too, is a node that is crowded, has neither, has
 * both, or has a new pod that is not available. The available old pods are deleted, in the order of nodes, as long
 * as there are fewer unavailable nodes, these included, than `maxUnavailable`. In `delete` the
 * unavailable ones come first.
 *
 * **With surge** new pods are made beside the old ones. A node with a new and an old pod: if the new one
 * is available, the old one is deleted; else the node is *surging*. A crowded node is surging too. A
 * node that should have a pod and has only an old one: if that is not available, it gets a new one in
 * any case. The others of these get one, in the order of nodes, as long as there are fewer surging
 * nodes, these included, than `maxSurge`. In `create` those with an unavailable pod come first.
 *
 * ```text
 * maxUnavailable 1:   a old  b old  c old            delete a
 *                     a new, not available  b old    nothing
 *                     a old  b old, not available    delete b
 * maxSurge 1:         a old  b old                   create a
 *                     a old and new  b old           nothing
 *                     a old and new, available  b old    delete a's old one, create b
 * ```
 *
 * @see pkg/controller/daemon/update.go (1.33), rollingUpdate
 * @exercise controller-manager/daemonset
 */
export function rollingUpdateSteps(view: DaemonSetView): DaemonSetSteps {
  throw new NotImplemented('controller-manager/daemonset', 'rollingUpdateSteps');
}

/**
 * The status of a DaemonSet.
 *
 * @remarks
 *
 * - `desiredNumberScheduled`: nodes that should have a pod (`nodeShouldRun`);
 *   `currentNumberScheduled`: those of them that have one or more, in whatever state;
 *   `numberMisscheduled`: nodes that should not, and have one.
 * - Of each node in `currentNumberScheduled` the first pod by `byScheduledThenCreated` is looked at:
 *   `numberReady` when it is ready (`isPodReady`), `numberAvailable` when it is available (`isPodAvailable`,
 *   with `spec.minReadySeconds`), `updatedNumberScheduled` when it is of this revision.
 * - `numberUnavailable`: `desiredNumberScheduled` - `numberAvailable`.
 * - `observedGeneration`: `metadata.generation`; but as it was when `isObserved` is false: then
 *   the controller has not acted on this generation yet.
 * - Other fields stay as they are.
 *
 * `updatedNumberScheduled`, `numberAvailable` and `numberUnavailable` are left out when they are 0.
 *
 * @see pkg/controller/daemon/daemon_controller.go (1.33), updateDaemonSetStatus
 * @exercise controller-manager/daemonset
 */
export function daemonSetStatus(view: DaemonSetView, isObserved: boolean): DaemonSetStatus {
  throw new NotImplemented('controller-manager/daemonset', 'daemonSetStatus');
}
