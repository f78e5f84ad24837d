/**
 * One pod on each node: which nodes should have one, which pods a DaemonSet makes and deletes, and how
 * it goes from one template to another.
 *
 * Functions of what is there, which only say what is to be done; `daemonset-controller.ts` does it.
 * What such a pod looks like is `daemon-pod.ts`.
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
  /** The set's pods by the node they are on or tied to (`podsByNode` of `daemon-pod.ts`). */
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
 * | does not match (`matchesRequiredNodeAffinity`), or that throws | no | no |
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
 * 2. *It can keep one*. Those being deleted are left alone. One that `Failed` is `ended`, unless the node
 *    `isBackingOff`: then it stays. One that `Succeeded` is `ended`. Of the others, in the order of
 *    `byScheduledThenCreated` (`daemon-pod.ts`):
 *    - *without surge* all but the first are deleted;
 *    - *with surge*, if there are none and the node should have one: `create`. Else two may stay: the
 *      first of this revision and the first of others. All the rest is deleted. If there are both, that
 *      of others is deleted too when it is not ready (`isPodReady`), or when that of this revision is
 *      available (`isPodAvailable`, with `spec.minReadySeconds`).
 * 3. *It cannot*: all that are not being deleted are deleted.
 *
 * Then the pods for nodes that are not there: those that are not on a node (`spec.nodeName`), and not
 * being deleted, are deleted, for they will never be on one. The order of `delete` and `ended` does not
 * matter.
 *
 * Whether a set has surge says `hasSurge`, whether a pod is of this revision `isOfRevision`, both of
 * `daemon-pod.ts`.
 *
 * ```text
 * two nodes without taints    a: –                    b: –                   create a, b
 *                             a: p1                   b: p2, being deleted   nothing
 *                             with surge                                     create b
 *                             a: p1, p3 made later    b: p2                  delete p3
 * a got a taint NoExecute     a: p1                   b: p2, Failed          delete p1, ended p2
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
 * nodes that should have a pod (`nodeShouldRun`), rounded up (`scaledValue`); absent is 0. If both come
 * to 0, and there is such a node, one may be unavailable.
 *
 * Looked at are the nodes that should have a pod, in their order, and then the others for which there are
 * pods. Pods that are being deleted do not count. A *new* pod is of this revision (`isOfRevision`), an
 * *old* one is not. A node with two new or two old ones is *crowded*: `manageDaemonPods` will see to it.
 * *Available* is `isPodAvailable` with `spec.minReadySeconds`.
 *
 * **Without surge** (`maxSurge` comes to 0) old pods are deleted, and `manageDaemonPods` makes new ones
 * when they are gone.
 *
 * - A node is *unavailable* when it is crowded; when it has no pod; when it has both a new and an old
 *   one; when it has only one, and that is not available.
 * - Old pods of nodes that have only that one are deleted: those that are not available in any case.
 *   Then, in the order of nodes, as many of the available ones as `maxUnavailable` is above the number
 *   of unavailable nodes. So they stand in `delete`.
 *
 * **With surge** new pods are made beside the old ones.
 *
 * - A node is *surging* when it is crowded, or has both a new and an old pod, and the new one is not
 *   available. If it is available, the old one is deleted.
 * - Nodes that should have a pod and have only an old one get a new one: those whose old pod is not
 *   available in any case. Then, in the order of nodes, as many of the others as `maxSurge` is above the
 *   number of surging nodes. So they stand in `create`.
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
 *   `numberReady` when it is ready (`isPodReady`), `numberAvailable` when it is available
 *   (`isPodAvailable`, with `spec.minReadySeconds`), `updatedNumberScheduled` when it is of this
 *   revision (`isOfRevision`).
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
