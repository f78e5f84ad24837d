/**
 * The pods that have no node yet, and which of them is tried next.
 *
 * Three pools: active (is tried as soon as possible), backoff (has failed, is left alone for a
 * while), unschedulable (until something happens that may help). Which event helps whom is
 * `requeue-strategy.ts`; which events there are, `cluster-events.ts`.
 */

import type { Clock, KubernetesObject, Logger, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ClusterEvent, EnqueueExtensions, QueuedPodInfo } from '../framework/plugin.ts';
import type { Status } from '../framework/status.ts';
import type { PendingPods } from './pools.ts';
import type { SchedulingFailure } from './queued-pod.ts';

/** What the queue needs of a profile; a `Framework` has it. */
export interface QueueProfile {
  readonly plugins: { readonly enqueue: readonly EnqueueExtensions[] };
  /** @returns not success: the pod stays out; the status says which plugin wants it so */
  runPreEnqueuePlugins(pod: Pod): Status | undefined;
}

/** What a queue needs. */
export interface SchedulingQueueOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Is `a` tried before `b`? The queue sort plugin of the profiles. */
  readonly less: (a: QueuedPodInfo, b: QueuedPodInfo) => boolean;
  /** By the pods' `schedulerName`. */
  readonly profiles: ReadonlyMap<string, QueueProfile>;
  /** `podInitialBackoffSeconds`, in milliseconds; 1,000 when absent. */
  readonly podInitialBackoffMs?: number;
  /** `podMaxBackoffSeconds`, in milliseconds; 10,000 when absent. */
  readonly podMaxBackoffMs?: number;
  /** How long a pod may wait for an event, in milliseconds; 5 minutes when absent. */
  readonly podMaxInUnschedulablePodsMs?: number;
}

/** How often it is looked for pods that have waited too long. */
export const LEFTOVER_FLUSH_PERIOD_MS = 30_000;

/**
 * The scheduling queue.
 *
 * @remarks
 * A pod is in at most one of the three pools, or in flight: given out by `pop` and not yet `done`.
 * Pods are the same when namespace and name are.
 *
 * ```text
 * add ──▶ active ──pop──▶ in flight ──done──▶ (bound)
 *           ▲  ▲              │ addUnschedulableIfNotPresent
 *           │  │              ├── an event came meanwhile ─▶ backoff
 *           │  └── time ── backoff ◀── an event ──┐
 *           │                 │                   │
 *           └── an event ─────┼──────────── unschedulable ◀─ no event
 *             (backoff over)  └─▶ popped early, when active is empty
 * ```
 *
 * **Into active.** Whoever comes into active or backoff passes `runPreEnqueuePlugins` of the profile
 * first (its `schedulerName`; without a profile, everybody passes), except from backoff to active.
 * No success: the pod is *gated* by the status' plugin. It is in unschedulable then, with that plugin
 * among its `unschedulablePlugins`. Only an event that this plugin waits for makes it pass again: its
 * `eventsToRegister`, without a look at hints (any event, when it has none; wildcards always:
 * `Interests.gateWaitsFor`), and in addition what `requeueStrategy` demands.
 *
 * **Backoff.** How long is `BackoffQueue.endOf`. A pod that is woken `afterBackoff` goes to active when
 * its backoff is over, to backoff otherwise; `immediately`, to active.
 *
 * **Events during an attempt** are not lost: when the pod comes back, it is as if they came then.
 *
 * @see pkg/scheduler/backend/queue/scheduling_queue.go (1.33)
 */
export class SchedulingQueue {
  // Your state goes here: fields of your own choosing.

  /**
   * Empty. Each plugin's `eventsToRegister` is asked here, once (`Interests`).
   *
   * @exercise scheduler/queue
   */
  constructor(options: SchedulingQueueOptions) {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.constructor');
  }

  /**
   * A pod without a node has appeared: it goes into active, in the place of whatever was known of it.
   *
   * @exercise scheduler/queue
   */
  add(pod: Pod): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.add');
  }

  /**
   * A pod without a node has changed.
   *
   * @remarks The events are those of `podSchedulingPropertiesChange`.
   *
   * 1. In flight (the same uid): they are kept for when it comes back. Nothing else.
   * 2. In active or backoff: the new object takes the old one's place, in the same pool
   *    (`Pools.replace`).
   * 3. In unschedulable: the same, and then each event in turn, until one has moved the pod. Whether it
   *    is gated does not matter for this: a pod's own change is always looked at.
   * 4. Unknown: as `add`.
   *
   * @exercise scheduler/queue
   */
  update(before: Pod, after: Pod): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.update');
  }

  /**
   * A pod is gone, or has a node: it leaves its pool. An attempt that is under way goes on.
   *
   * @exercise scheduler/queue
   */
  delete(pod: Pod): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.delete');
  }

  /**
   * A plugin wants pods tried again: those in unschedulable or backoff go to active, whatever they wait
   * for. For a pod in flight (by its uid), `FORCE_ACTIVATE` with the pod as `after` is kept. Others are
   * left alone.
   *
   * @exercise scheduler/queue
   */
  activate(pods: Iterable<Pod>): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.activate');
  }

  /**
   * Takes the pod that is tried next, waiting for one if there is none.
   *
   * @remarks The first of active, in the order of `less`. When active is empty, the first of backoff
   * (the earliest end, then `less`), though its time has not come: why be idle? But not one whose
   * last attempt ended without a plugin's no: whatever broke needs time.
   *
   * The pod is in flight then. `attempts` has gone up by one, the sets of plugins are empty
   * (`QueuedPod.noteAttempt`), `initialAttemptTimestamp` is when it first came into active. A pod whose uid is in flight
   * already is dropped.
   *
   * Of several who wait, the first who asked is served first. Pods that become ready in one call of
   * another method are all in active before the best of them is given out.
   *
   * @param signal - ends the wait
   * @returns `undefined` when the signal has aborted
   * @exercise scheduler/queue
   */
  async pop(signal: AbortSignal): Promise<QueuedPodInfo | undefined> {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.pop');
  }

  /**
   * The attempt with a pod is over, or nothing that happens can matter to it any more. May be called
   * twice.
   *
   * @exercise scheduler/queue
   */
  done(uid: string): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.done');
  }

  /**
   * A pod comes back from an attempt that failed. It is `done`, in any case.
   *
   * @remarks
   *
   * 1. A pod of the same namespace and name in a pool: nothing else happens.
   * 2. `timestamp` is now; its plugins are those of the failure; the failure is counted
   *    (`QueuedPod.noteFailure`).
   * 3. Without plugins, or when it was `done` before: as `afterBackoff`.
   * 4. Else `requeueStrategy` with each event that came during the attempt; the most urgent of the
   *    answers (`immediately`, `afterBackoff`, `skip`) decides. `skip`: it goes to unschedulable.
   *
   * @param queued - what `pop` gave out
   * @returns false when a pool has the pod already
   * @exercise scheduler/queue
   */
  addUnschedulableIfNotPresent(queued: QueuedPodInfo, failure: SchedulingFailure): boolean {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.addUnschedulableIfNotPresent');
  }

  /**
   * Something has happened in the cluster: pods in unschedulable for which it means something
   * (`requeueStrategy`; a gate has a say before that, see above) move. For pods in flight it is kept.
   *
   * @param preCheck - says no: the event is not for this pod
   * @exercise scheduler/queue
   */
  moveAllToActiveOrBackoffQueue(
    event: ClusterEvent,
    before?: KubernetesObject,
    after?: KubernetesObject,
    preCheck: (pod: Pod) => boolean = () => true,
  ): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.moveAllToActiveOrBackoffQueue');
  }

  /**
   * A pod has a node now: the event `ASSIGNED_POD_ADD`.
   *
   * @exercise scheduler/queue
   */
  assignedPodAdded(pod: Pod): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.assignedPodAdded');
  }

  /**
   * A pod that has a node has changed: the events of `podSchedulingPropertiesChange`, one after another.
   *
   * @exercise scheduler/queue
   */
  assignedPodUpdated(before: Pod, after: Pod): void {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.assignedPodUpdated');
  }

  /**
   * Which pods wait, and where.
   *
   * @exercise scheduler/queue
   */
  pendingPods(): PendingPods {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.pendingPods');
  }

  /**
   * Lets time do its work, until the signal aborts; then no timer is left, as there was none before.
   * Called once.
   *
   * @remarks
   *
   * - A pod in backoff goes to active as soon as its backoff is over.
   * - Every `LEFTOVER_FLUSH_PERIOD_MS`, counted from this call, pods in unschedulable whose
   *   `timestamp` is more than `podMaxInUnschedulablePodsMs` ago get the event
   *   `UNSCHEDULABLE_TIMEOUT`, so that nobody waits for ever for an event that a plugin forgot
   *   to name.
   *
   * @exercise scheduler/queue
   */
  async run(signal: AbortSignal): Promise<void> {
    throw new NotImplemented('scheduler/queue', 'SchedulingQueue.run');
  }
}
