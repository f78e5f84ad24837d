/**
 * The pods that have no node yet, and which of them is tried next.
 *
 * Three pools: active (is tried as soon as possible), backoff (has failed, is left alone for a
 * while), unschedulable (until something happens that may help). Which event helps whom is
 * `requeue-strategy.ts`; which events there are, `cluster-events.ts`.
 */

import { type Clock, type KubernetesObject, keyOf, type Logger, type Pod } from '#apimachinery';
import type { ClusterEvent, EnqueueExtensions, QueuedPodInfo } from '../framework/plugin.ts';
import { podInfoOf } from '../framework/pod-info.ts';
import { isSuccess, type Status } from '../framework/status.ts';
import {
  ASSIGNED_POD_ADD,
  FORCE_ACTIVATE,
  podSchedulingPropertiesChange,
  UNSCHEDULABLE_TIMEOUT,
} from './cluster-events.ts';
import { Getters } from './getters.ts';
import { InFlightEvents, type ReportedEvent } from './in-flight-events.ts';
import { Interests } from './interests.ts';
import { type PendingPods, Pools } from './pools.ts';
import { QueuedPod, type SchedulingFailure } from './queued-pod.ts';
import { type QueueingStrategy, requeueStrategy } from './requeue-strategy.ts';

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
  readonly #options: SchedulingQueueOptions;
  readonly #interests: Interests;
  readonly #pools: Pools;
  readonly #inFlight = new InFlightEvents();
  readonly #getters = new Getters();

  /**
   * Empty. Each plugin's `eventsToRegister` is asked here, once (`Interests`).
   *
   * @exercise scheduler/queue
   */
  constructor(options: SchedulingQueueOptions) {
    this.#options = options;
    this.#interests = new Interests(options.profiles);
    const { clock, less, podInitialBackoffMs = 1000, podMaxBackoffMs = 10_000 } = options;
    this.#pools = new Pools({
      clock,
      less,
      initialMs: podInitialBackoffMs,
      maxMs: podMaxBackoffMs,
    });
  }

  /**
   * A pod without a node has appeared: it goes into active, in the place of whatever was known of it.
   *
   * @exercise scheduler/queue
   */
  add(pod: Pod): void {
    this.#pools.delete(keyOf(pod));
    this.#toActive(new QueuedPod(pod, this.#now()));
    this.#serve();
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
    const events = podSchedulingPropertiesChange(before, after).map((event) => ({
      event,
      before,
      after,
    }));
    if (this.#inFlight.has(after.metadata?.uid ?? '')) {
      for (const event of events) this.#inFlight.add(event);
      return;
    }
    const key = keyOf(after);
    if (this.#pools.replace(after)) return;
    const queued = this.#pools.unschedulable.get(key);
    if (queued === undefined) {
      this.add(after);
      return;
    }
    queued.podInfo = podInfoOf(after);
    for (const event of events) {
      this.#requeue(queued, this.#strategy(queued, event));
      if (!this.#pools.unschedulable.has(key)) break;
    }
    this.#serve();
  }

  /**
   * A pod is gone, or has a node: it leaves its pool. An attempt that is under way goes on.
   *
   * @exercise scheduler/queue
   */
  delete(pod: Pod): void {
    this.#pools.delete(keyOf(pod));
  }

  /**
   * A plugin wants pods tried again: those in unschedulable or backoff go to active, whatever they wait
   * for. For a pod in flight (by its uid), `FORCE_ACTIVATE` with the pod as `after` is kept. Others are
   * left alone.
   *
   * @exercise scheduler/queue
   */
  activate(pods: Iterable<Pod>): void {
    for (const pod of pods) {
      const key = keyOf(pod);
      const waiting = this.#pools.unschedulable.get(key);
      const backingOff = this.#pools.backoff.get(key);
      if (waiting) this.#toActive(waiting);
      else if (backingOff) this.#toActive(backingOff, true);
      else if (this.#inFlight.has(pod.metadata?.uid ?? '')) {
        this.#inFlight.add({ event: FORCE_ACTIVATE, before: undefined, after: pod });
      }
    }
    this.#serve();
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
    if (signal.aborted) return undefined;
    const ready = this.#next();
    if (ready) return ready;
    return this.#getters.wait(signal);
  }

  /**
   * The attempt with a pod is over, or nothing that happens can matter to it any more. May be called
   * twice.
   *
   * @exercise scheduler/queue
   */
  done(uid: string): void {
    this.#inFlight.done(uid);
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
    const pod = QueuedPod.of(queued);
    const events = this.#inFlight.since(pod.uid);
    this.done(pod.uid);
    const { key } = pod;
    if (this.#pools.has(key)) return false;
    pod.noteFailure(failure, this.#now());
    this.#requeue(pod, this.#strategyAfterAttempt(pod, events));
    this.#serve();
    return true;
  }

  #strategyAfterAttempt(
    pod: QueuedPod,
    events: readonly ReportedEvent[] | undefined,
  ): QueueingStrategy {
    if (events === undefined || pod.rejectors.size === 0) return 'afterBackoff';
    const strategies = new Set(events.map((event) => this.#strategy(pod, event)));
    if (strategies.has('immediately')) return 'immediately';
    return strategies.has('afterBackoff') ? 'afterBackoff' : 'skip';
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
    const reported = { event, before, after };
    const pods = [...this.#pools.unschedulable.values()].filter(({ pod }) => preCheck(pod));
    this.#move(pods, reported);
    this.#inFlight.add(reported);
    this.#serve();
  }

  #move(pods: readonly QueuedPod[], reported: ReportedEvent): void {
    const mayHelp = this.#interests.newFilter(reported.event);
    for (const pod of pods) {
      if (!mayHelp(pod)) continue;
      if (pod.gated && !this.#interests.gateWaitsFor(pod, reported.event)) continue;
      const strategy = this.#strategy(pod, reported);
      if (strategy !== 'skip') this.#requeue(pod, strategy);
    }
  }

  /**
   * A pod has a node now: the event `ASSIGNED_POD_ADD`.
   *
   * @exercise scheduler/queue
   */
  assignedPodAdded(pod: Pod): void {
    this.moveAllToActiveOrBackoffQueue(ASSIGNED_POD_ADD, undefined, pod);
  }

  /**
   * A pod that has a node has changed: the events of `podSchedulingPropertiesChange`, one after another.
   *
   * @exercise scheduler/queue
   */
  assignedPodUpdated(before: Pod, after: Pod): void {
    for (const event of podSchedulingPropertiesChange(before, after)) {
      this.moveAllToActiveOrBackoffQueue(event, before, after);
    }
  }

  /**
   * Which pods wait, and where.
   *
   * @exercise scheduler/queue
   */
  pendingPods(): PendingPods {
    return this.#pools.pending();
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
    const { clock, podMaxInUnschedulablePodsMs = 300_000 } = this.#options;
    this.#pools.backoff.start((pods) => {
      for (const pod of pods) this.#toActive(pod, true);
      this.#serve();
    });
    try {
      for (;;) {
        await clock.sleep(LEFTOVER_FLUSH_PERIOD_MS, signal);
        const oldest = this.#now() - podMaxInUnschedulablePodsMs;
        const tired = [...this.#pools.unschedulable.values()].filter(
          (pod) => pod.timestamp < oldest,
        );
        const event = { event: UNSCHEDULABLE_TIMEOUT, before: undefined, after: undefined };
        this.#move(tired, event);
        this.#serve();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#pools.backoff.stop();
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #strategy(pod: QueuedPod, reported: ReportedEvent): QueueingStrategy {
    return requeueStrategy(pod, reported, this.#interests.of(pod), this.#options.log);
  }

  /** Moves a pod that is in unschedulable or in no pool. */
  #requeue(pod: QueuedPod, strategy: QueueingStrategy): void {
    if (strategy === 'skip') {
      this.#pools.unschedulable.set(pod.key, pod);
    } else if (strategy === 'immediately' || !this.#pools.backoff.isBackingOff(pod)) {
      this.#toActive(pod);
    } else if (this.#passesGates(pod)) {
      this.#pools.unschedulable.delete(pod.key);
      this.#pools.backoff.set(pod);
    }
  }

  /** @param passed - it has passed its gates on its way into backoff */
  #toActive(pod: QueuedPod, passed = false): void {
    if (!passed && !this.#passesGates(pod)) return;
    this.#pools.delete(pod.key);
    pod.initialAttemptTimestamp ??= this.#now();
    this.#pools.active.set(pod);
  }

  /** @returns false when it does not pass: then it is in unschedulable */
  #passesGates(pod: QueuedPod): boolean {
    const profile = this.#options.profiles.get(pod.pod.spec?.schedulerName ?? '');
    const status = profile?.runPreEnqueuePlugins(pod.pod);
    pod.gatingPlugin = '';
    if (status === undefined || isSuccess(status)) return true;
    pod.gatingPlugin = status.plugin;
    pod.unschedulablePlugins = new Set([...pod.unschedulablePlugins, status.plugin]);
    this.#pools.unschedulable.set(pod.key, pod);
    return false;
  }

  #next(): QueuedPod | undefined {
    for (;;) {
      const pod = this.#pools.active.pop() ?? this.#pools.backoff.popEarly();
      if (pod === undefined) return undefined;
      if (this.#inFlight.has(pod.uid)) continue;
      pod.noteAttempt();
      this.#inFlight.begin(pod.uid);
      return pod;
    }
  }

  /** Gives pods out to those who wait for one. Last in every method: all who moved have moved. */
  #serve(): void {
    this.#getters.serve(() => this.#next());
  }
}
