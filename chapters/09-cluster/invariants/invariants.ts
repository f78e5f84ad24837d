/**
 * What must never happen in a cluster, whatever fails: six rules, and who broke them.
 *
 * Each function reads a whole history (`history.ts`) and returns what is wrong with it, in the order in
 * which it happened. None of them changes anything or knows of the others.
 */

import { NotImplemented } from '#not-implemented';
import { type History, PATIENCE, type Patience, type Violation } from './history.ts';

/** The user that scales ReplicaSets. */
export const REPLICA_SET_CONTROLLER = 'system:serviceaccount:kube-system:replicaset-controller';

/**
 * No pod is ever bound to two nodes, nor runs where it was not bound.
 *
 * @remarks A pod is its uid: another pod of the same name may go anywhere. The node it was first bound
 * to is the one that counts. For each put of a pod with another `spec.nodeName` than that, unless it is
 * the one the put before had as well, there is a violation `bound-twice` with the put that first had a
 * node and this one:
 *
 * ```text
 * pod default/web-0 was bound to node-1, and then to node-2
 * ```
 *
 * and for each container that starts on another node than the one its pod was first bound to, with that
 * put and the start (`main` is the container):
 *
 * ```text
 * pod default/web-0 was bound to node-1, and its container main started on node-2
 * ```
 *
 * A pod without a node, and a container of a pod that no put has shown, break nothing.
 *
 * @exercise cluster/invariants
 */
export function findBoundTwice(history: History): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findBoundTwice');
}

/**
 * No two pods of a StatefulSet with one identity run at the same time.
 *
 * @remarks Its identity is its namespace and name. A pod belongs to a StatefulSet when a write earlier in
 * the history showed it with a controlling owner of kind `StatefulSet`. It runs from the first start of one of its containers
 * until all of them have ended, or their node has crashed. When a container starts while another pod
 * (uid) of the same identity runs, there is a violation `twins`, once for two pods, with the last start
 * of a container of the other pod that still runs, and this start:
 *
 * ```text
 * two pods default/db-0 ran at once: 3f1c on node-1 and 77ab on node-2
 * ```
 *
 * with their uids, the one that ran already first. One thing excuses it: who deletes the object of a
 * pod whose containers still run asserts that they do not. When a *person* did (the `deleted` entry has
 * a `by`, and it does not begin with `system:`), that pod is counted no longer: neither as the one that runs
 * already nor, should one of its containers start after that, as the one that starts. When a component did,
 * or nobody knows who, it is.
 *
 * @exercise cluster/invariants
 */
export function findTwins(history: History): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findTwins');
}

/**
 * Neither a rollout nor an eviction leaves fewer pods available than was promised.
 *
 * @remarks A pod is taken away by the write that gives it a `deletionTimestamp`, or deletes it when it
 * had none. Two kinds of taking are judged, and only when the pod was available, that is ready and not
 * being deleted, before the write:
 *
 * - as an eviction, whoever asked for it: against each PodDisruptionBudget that covers the pod;
 * - else by {@link REPLICA_SET_CONTROLLER}: against the Deployment whose ReplicaSet the pod is of.
 *
 * {@link Promises} knows which these are, from the writes it was told of.
 *
 * A pod that fails by itself breaks nothing. And who takes away acts on what it knows, which may be as
 * old as {@link Knowledge} says. So both numbers are the most favourable since then:
 *
 * - left are the other pods of the Deployment (of the budget) that are available now, or were at any
 *   time since then, but for those taken away by the same kind of taking, however long ago, also those
 *   whose taking was not judged because they were not available;
 * - wanted is the lowest number that the Deployment (the budget) wanted at any time since then.
 *
 * When fewer are left than wanted there is a violation `too-few-available` with the write that took the
 * pod away:
 *
 * ```text
 * deployment default/web: 1 pods are left available, and it wants 2
 * poddisruptionbudget default/web: 1 pods are left available, and it wants 2
 * ```
 *
 * A worked trace, of a Deployment with two replicas and `maxUnavailable: 0`, where a, b and c are ready:
 *
 * | who | does | left | wanted | |
 * |---|---|---|---|---|
 * | the ReplicaSet controller | takes a | b c | 2 | good: c was the surge |
 * | somebody | deletes b | | | not judged |
 * | the ReplicaSet controller | takes c, ten seconds later | b | 2 | broken: b was there until now, a does not count |
 *
 * @exercise cluster/invariants
 */
export function findTooFewAvailable(history: History, patience: Patience = PATIENCE): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findTooFewAvailable');
}

/**
 * No connection to a Service reaches a pod that is not ready.
 *
 * @remarks A node's rules follow what is true as fast as they can: the pod is a good one if it was ready
 * at any time since what {@link Knowledge} says, up to now. Ready is the condition, also of a pod that is
 * being deleted: such a pod may be all a Service has left. A pod whose object is gone is not ready. Else
 * there is a violation `unready-traffic` with the connection:
 *
 * ```text
 * a connection to service default/web reached pod default/web-x7k2p, which was not ready
 * ```
 *
 * @exercise cluster/invariants
 */
export function findUnreadyTraffic(history: History, patience: Patience = PATIENCE): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findUnreadyTraffic');
}

/**
 * What the store acknowledged is there after every restart.
 *
 * @remarks For each `restarted` entry and each key, the write with the highest revision that was
 * acknowledged before (earlier in the history) must have survived. If it was a put, the content has the
 * key at its revision or a later one, or a `deleted` entry tells why it has none: its revision is greater
 * than the put's, and not greater than the restart's. Such an entry may come after the restart, since what nobody was told in time is noticed
 * later. If it deleted, the content has no such key, or at a later revision. What was never acknowledged
 * may be there or not. Else there is a violation `lost-write` with the acknowledgement and the restart,
 * at the first restart that shows it; those of one restart are in the order of their acknowledgements:
 *
 * ```text
 * pods/default/web-0: what was written at revision 41 is not there after a restart
 * pods/default/web-0: it was deleted at revision 41, and is there after a restart
 * ```
 *
 * @exercise cluster/invariants
 */
export function findLostWrites(history: History): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findLostWrites');
}

/**
 * After a storm everything comes to rest.
 *
 * @remarks The calm lasts from `storm-ended` to the next `storm-began`, or to the last entry of the
 * history. Its deadline is `settleMs` after its beginning. A calm that ends before its deadline is not
 * judged; one that ends at it is. Else, at the deadline, each object that is there and {@link unsettled} is
 * a violation `unsettled` with the last write of it, in the order of these writes (`SECONDS` is
 * `settleMs / 1000`):
 *
 * ```text
 * deployments/default/web has 2 of 3 replicas as wanted 900 s after the storm
 * ```
 *
 * and if anything is written later than the deadline, {@link isSignOfLife} left out, there is one more
 * violation with all these writes, the first one named:
 *
 * ```text
 * 3 writes later than 900 s after the storm, the first of deployments/default/web
 * ```
 *
 * @exercise cluster/invariants
 */
export function findUnsettled(history: History, patience: Patience = PATIENCE): Violation[] {
  throw new NotImplemented('cluster/invariants', 'findUnsettled');
}
