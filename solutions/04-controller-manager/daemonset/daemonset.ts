/**
 * One pod on each node: which nodes should have one, which pods a DaemonSet makes and deletes, and how
 * it goes from one template to another.
 *
 * Functions of what is there, which only say what is to be done; `daemonset-controller.ts` does it.
 * What such a pod looks like is `daemon-pod.ts`.
 */

import type { DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { findUntoleratedTaint, isPodReady, matchesRequiredNodeAffinity } from '#apimachinery';
import { scaledValue } from '../int-or-percent.ts';
import { isPodAvailable, isPodFinished, isPodTerminating } from '../pod-state.ts';
import {
  byScheduledThenCreated,
  type DaemonSet,
  daemonPodTolerations,
  hasSurge,
  isOfRevision,
  type Node,
  nameOf,
} from './daemon-pod.ts';

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
  const spec = set.spec?.template.spec;
  const isElsewhere = !!spec?.nodeName && spec.nodeName !== node.metadata?.name;
  if (isElsewhere || !fitsAffinity(set, node)) return NEVER;
  const tolerations = daemonPodTolerations(set);
  const keepsAway = (effect: string): boolean =>
    findUntoleratedTaint(node.spec?.taints, tolerations, (taint) => taint.effect === effect) !==
    undefined;
  if (keepsAway('NoExecute')) return NEVER;
  return { shouldRun: !keepsAway('NoSchedule'), shouldContinueRunning: true };
}

const NEVER: NodeVerdict = { shouldRun: false, shouldContinueRunning: false };

function fitsAffinity(set: DaemonSet, node: Node): boolean {
  try {
    return matchesRequiredNodeAffinity({ spec: set.spec?.template.spec }, node);
  } catch {
    return false;
  }
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
  const { nodes, pods } = view;
  const perNode = nodes.map((node) => stepsForNode(view, node));
  const known = new Set(nodes.map(nameOf));
  const stranded = [...pods]
    .filter(([node]) => !known.has(node))
    .flatMap(([, onNode]) => onNode)
    .filter((pod) => !pod.spec?.nodeName && !isPodTerminating(pod));
  return {
    create: perNode.flatMap((steps) => steps.create),
    delete: [...perNode.flatMap((steps) => steps.delete), ...stranded],
    ended: perNode.flatMap((steps) => steps.ended),
  };
}

function stepsForNode(view: DaemonSetView, node: Node): DaemonSetSteps {
  const { set, pods, isBackingOff } = view;
  const name = nameOf(node);
  const onNode = pods.get(name) ?? [];
  const { shouldRun, shouldContinueRunning } = nodeShouldRun(set, node);
  if (shouldRun && onNode.length === 0) return { create: [name], delete: [], ended: [] };
  const staying = onNode.filter((pod) => !isPodTerminating(pod));
  if (!shouldContinueRunning) return { create: [], delete: staying, ended: [] };
  const ended = staying
    .filter(isPodFinished)
    .filter(({ status }) => status?.phase !== 'Failed' || !isBackingOff(name));
  const running = byScheduledThenCreated(staying.filter((pod) => !isPodFinished(pod)));
  if (!hasSurge(set)) return { create: [], delete: running.slice(1), ended };
  const create = shouldRun && running.length === 0 ? [name] : [];
  return { create, delete: tooManyWithSurge(view, running), ended };
}

/** @param running - in order */
function tooManyWithSurge(view: DaemonSetView, running: readonly Pod[]): Pod[] {
  const { set, now } = view;
  const newPod = running.find((pod) => isOfRevision(pod, view.hash));
  const oldPod = running.find((pod) => !isOfRevision(pod, view.hash));
  const isReplaced =
    newPod !== undefined &&
    oldPod !== undefined &&
    (!isPodReady(oldPod) || isPodAvailable(newPod, set.spec?.minReadySeconds ?? 0, now));
  return running.filter((pod) => pod !== newPod && (pod !== oldPod || isReplaced));
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
  const { set, nodes, pods } = view;
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return { create: [], delete: [], ended: [] };
  const wanted = nodes.filter((node) => nodeShouldRun(set, node).shouldRun).map(nameOf);
  const maxSurge = scaledValue(rollingUpdate?.maxSurge ?? 0, wanted.length, 'up');
  const scaled = scaledValue(rollingUpdate?.maxUnavailable ?? 0, wanted.length, 'up');
  const maxUnavailable = maxSurge === 0 && scaled === 0 && wanted.length > 0 ? 1 : scaled;
  const isWanted = new Set(wanted);
  const places = [...new Set([...wanted, ...pods.keys()])].map((node) => ({
    ...placeOf(view, node),
    isWanted: isWanted.has(node),
  }));
  return maxSurge === 0 ? replaceOld(places, maxUnavailable) : surge(places, maxSurge);
}

/** What a rolling update sees of a node. */
interface Place {
  readonly node: string;
  /** Should it have a pod? */
  readonly isWanted: boolean;
  readonly isCrowded: boolean;
  readonly newPod: Pod | undefined;
  readonly oldPod: Pod | undefined;
  readonly isNewAvailable: boolean;
  readonly isOldAvailable: boolean;
}

function placeOf(view: DaemonSetView, node: string): Omit<Place, 'isWanted'> {
  const { set, pods, now } = view;
  const staying = (pods.get(node) ?? []).filter((pod) => !isPodTerminating(pod));
  const news = staying.filter((pod) => isOfRevision(pod, view.hash));
  const olds = staying.filter((pod) => !isOfRevision(pod, view.hash));
  const isAvailable = (pod: Pod | undefined): boolean =>
    pod !== undefined && isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  return {
    node,
    isCrowded: news.length > 1 || olds.length > 1,
    newPod: news[0],
    oldPod: olds[0],
    isNewAvailable: isAvailable(news[0]),
    isOldAvailable: isAvailable(olds[0]),
  };
}

function replaceOld(places: readonly Place[], maxUnavailable: number): DaemonSetSteps {
  const isOld = ({ isCrowded, newPod, oldPod }: Place): boolean =>
    !isCrowded && oldPod !== undefined && newPod === undefined;
  const isUnavailable = (place: Place): boolean => {
    if (isOld(place)) return !place.isOldAvailable;
    return place.isCrowded || place.oldPod !== undefined || !place.isNewAvailable;
  };
  const unavailable = places.filter(isUnavailable);
  const free = Math.max(0, maxUnavailable - unavailable.length);
  const available = places.filter((place) => isOld(place) && !isUnavailable(place));
  const replaced = [...unavailable.filter(isOld), ...available.slice(0, free)];
  return {
    create: [],
    delete: replaced.map(({ oldPod }) => oldPod).filter((pod) => pod !== undefined),
    ended: [],
  };
}

function surge(places: readonly Place[], maxSurge: number): DaemonSetSteps {
  const hasBoth = ({ newPod, oldPod }: Place): boolean =>
    newPod !== undefined && oldPod !== undefined;
  const surging = places.filter(
    (each) => each.isCrowded || (hasBoth(each) && !each.isNewAvailable),
  );
  const replaced = places.filter((each) => !each.isCrowded && hasBoth(each) && each.isNewAvailable);
  const onlyOld = places.filter(
    (each) => each.isWanted && !each.isCrowded && each.oldPod && !each.newPod,
  );
  const free = Math.max(0, maxSurge - surging.length);
  const create = [
    ...onlyOld.filter(({ isOldAvailable }) => !isOldAvailable),
    ...onlyOld.filter(({ isOldAvailable }) => isOldAvailable).slice(0, free),
  ];
  return {
    create: create.map(({ node }) => node),
    delete: replaced.map(({ oldPod }) => oldPod).filter((pod) => pod !== undefined),
    ended: [],
  };
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
  const { set, nodes, pods, now } = view;
  const { minReadySeconds = 0 } = set.spec ?? {};
  const onNode = (node: Node): readonly Pod[] => pods.get(nameOf(node)) ?? [];
  const isWanted = (node: Node): boolean => nodeShouldRun(set, node).shouldRun;
  const desired = nodes.filter(isWanted);
  const first = desired
    .map((node) => byScheduledThenCreated(onNode(node))[0])
    .filter((pod) => pod !== undefined);
  const misscheduled = nodes.filter((node) => !isWanted(node) && onNode(node).length > 0);
  const available = first.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length;
  const updated = first.filter((pod) => isOfRevision(pod, view.hash)).length;
  const unavailable = desired.length - available;
  const {
    updatedNumberScheduled: _,
    numberAvailable: __,
    numberUnavailable: ___,
    ...before
  } = set.status ?? {};
  const { generation } = set.metadata ?? {};
  return {
    ...before,
    ...(isObserved && generation !== undefined && { observedGeneration: generation }),
    desiredNumberScheduled: desired.length,
    currentNumberScheduled: first.length,
    numberMisscheduled: misscheduled.length,
    numberReady: first.filter(isPodReady).length,
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(unavailable > 0 && { numberUnavailable: unavailable }),
  };
}
