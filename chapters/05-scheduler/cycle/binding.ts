/**
 * The binding cycle: wait for permission, prepare, bind; and undo everything when one of these fails.
 *
 * It runs beside the next pods' scheduling cycles (`schedule-one.ts`): the place is held already, the
 * pod is assumed in the cache. Who makes pods wait is a permit plugin, such as `plugins/coscheduling.ts`.
 */

import type { Clock, Pod } from '#apimachinery';
import type { EventRecorder } from '#client';
import { NotImplemented } from '#not-implemented';
import type { CycleState } from '../framework/cycle-state.ts';
import type { WaitingPod, WaitingPodList } from '../framework/handle.ts';
import type { QueuedPodInfo } from '../framework/plugin.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Status } from '../framework/status.ts';
import type { ScheduledPod } from './schedule-one.ts';

/**
 * The pods whose permit plugins said `Wait`.
 *
 * @remarks
 *
 * 1. A pod waits for all the plugins it was added with. Each has a timer of its own, which `allow` of
 *    that plugin takes back. `pendingPlugins` are those that have not allowed it yet, in the order of
 *    `waits`.
 * 2. It is decided once: allowed when the last plugin has allowed it (no status); rejected with the first
 *    `reject` (`Unschedulable` with the message, from that plugin); rejected when the first timer fires,
 *    as if that plugin had said
 *    `rejected due to timeout after waiting 10s at plugin Coscheduling`, the time as `goDuration` writes it.
 *    What comes later changes nothing.
 * 3. Once decided it is neither in `get` nor in `list`, its other timers are taken back, and `wait` still
 *    tells the outcome.
 *
 * @see pkg/scheduler/framework/runtime/waiting_pods_map.go (1.33)
 */
export class WaitingPods implements WaitingPodList {
  // Your state goes here: fields of your own choosing.

  /** @exercise scheduler/binding */
  constructor(clock: Clock) {
    throw new NotImplemented('scheduler/binding', 'WaitingPods.constructor');
  }

  /**
   * The pod waits from now on.
   *
   * @param pod - not one that waits already
   * @param waits - how long at most, in milliseconds, by plugin; at least one
   * @exercise scheduler/binding
   */
  add(pod: Pod, waits: ReadonlyMap<string, number>): void {
    throw new NotImplemented('scheduler/binding', 'WaitingPods.add');
  }

  /** @exercise scheduler/binding */
  get(uid: string): WaitingPod | undefined {
    throw new NotImplemented('scheduler/binding', 'WaitingPods.get');
  }

  /**
   * In the order in which they were added.
   *
   * @exercise scheduler/binding
   */
  list(): readonly WaitingPod[] {
    throw new NotImplemented('scheduler/binding', 'WaitingPods.list');
  }

  /**
   * Waits until the pod is decided. Asked once for each pod.
   *
   * @returns `undefined`: it may be bound, also when it never was added; else the rejection
   * @exercise scheduler/binding
   */
  async wait(pod: Pod): Promise<Status | undefined> {
    throw new NotImplemented('scheduler/binding', 'WaitingPods.wait');
  }
}

/** The plugins that take part in binding: a `Framework` is one. */
export interface BindingFramework {
  runPreBindPlugins(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status | undefined>;
  runBindPlugins(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status | undefined>;
  runPostBindPlugins(state: CycleState, pod: PodInfo, nodeName: string): void;
  runUnreservePlugins(state: CycleState, pod: PodInfo, nodeName: string): void;
}

/** What the binding cycle needs of the cache. */
export interface BindingCache {
  /** Binding has ended: from now on the assumed pod may expire, if nobody confirms it. */
  finishBinding(pod: PodInfo): void;
  /** Takes back `assumePod`. */
  forgetPod(pod: PodInfo): void;
}

/** Where binding cycles run. */
export interface BindingWorld {
  readonly waitingPods: WaitingPods;
  readonly cache: BindingCache;
  readonly recorder: EventRecorder;
  /** The queue need not remember any more what happens while the pod is on its way. */
  done(uid: string): void;
  /**
   * The place of a pod is free again: this may help other pods in the queue, as its deletion would. It
   * must not wake the pod itself.
   */
  placeFreed(pod: PodInfo): void;
  /** Puts the pod back into the queue; `FitError` is a rejection, anything else a failure. */
  requeue(queued: QueuedPodInfo, error: unknown): void;
}

/**
 * Binds a pod that has its place, or undoes everything.
 *
 * @remarks With the assumed pod, the chosen node's name and the cycle's state, in this order:
 *
 * 1. With `waits`: the pod is added to `waitingPods`, before anything is awaited. Then `wait`.
 * 2. `runPreBindPlugins`.
 * 3. `done`: from here on nothing is a rejection.
 * 4. `runBindPlugins`, then, whatever came out, `finishBinding`.
 * 5. The event `Normal` `Scheduled` on the assumed pod: `Successfully assigned default/web to node-1`; then
 *    `runPostBindPlugins`.
 *
 * The first of 1, 2 and 4 that is no success, or throws, ends it, and is undone in this order:
 *
 * 1. `runUnreservePlugins`, and `forgetPod`.
 * 2. A rejection by permit or preBind: `requeue` with a `FitError` of 1 node, whose `nodeStatuses` has the
 *    status for the node, about the pod as it was queued; then `placeFreed`: the queue
 *    keeps what happens for pods that are on their way, and the pod must not be woken by its own leaving.
 * 3. Anything else: `placeFreed`, then `requeue` with the status' error, or with what was thrown. All
 *    binders said `Skip`: `Error` with `no bind plugin bound pod "default/web"`. A rejection by bind is not one:
 *    an `Error` with its message.
 *
 * Should `forgetPod` throw, the pod is requeued all the same, and `placeFreed` is left out.
 *
 * @param cycle - of `schedulingCycle`
 * @returns whether the pod is bound; never rejects because of a failure above
 * @see pkg/scheduler/schedule_one.go (1.33), bindingCycle, handleBindingCycleError
 * @exercise scheduler/binding
 */
export async function bindingCycle(
  world: BindingWorld,
  framework: BindingFramework,
  cycle: ScheduledPod,
): Promise<boolean> {
  throw new NotImplemented('scheduler/binding', 'bindingCycle');
}
