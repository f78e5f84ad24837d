/**
 * Pods that have failed and are left alone for a while. Given.
 *
 * Backoff ends on whole seconds, so that pods which failed within one second come in the order of the
 * queue, not of their failures.
 *
 * @see pkg/scheduler/backend/queue/backoff_queue.go (1.33)
 */

import type { Clock, Timer } from '#apimachinery';
import type { QueuedPodInfo } from '../framework/plugin.ts';
import { Heap } from './heap.ts';
import type { QueuedPod } from './queued-pod.ts';
import { type BackoffLimits, backoffDuration } from './requeue-strategy.ts';

const WINDOW_MS = 1000;

/** What a backoff queue needs. */
export interface BackoffQueueOptions extends BackoffLimits {
  readonly clock: Clock;
  /** Who comes first of those whose backoff ends in the same second. */
  readonly less: (a: QueuedPodInfo, b: QueuedPodInfo) => boolean;
}

/** Pods in backoff, by their keys, in the order in which it ends. */
export class BackoffQueue {
  readonly #options: BackoffQueueOptions;
  readonly #refused: Heap<QueuedPod>;
  /** Those whose last failure was no plugin's no. */
  readonly #broken: Heap<QueuedPod>;
  #onDue: ((pods: readonly QueuedPod[]) => void) | undefined;
  #timer: Timer | undefined;
  #timerAt: number | undefined;

  constructor(options: BackoffQueueOptions) {
    this.#options = options;
    const less = (a: QueuedPod, b: QueuedPod): boolean => {
      const difference = this.endOf(a) - this.endOf(b);
      return difference === 0 ? options.less(a, b) : difference < 0;
    };
    this.#refused = new Heap<QueuedPod>(({ key }) => key, less);
    this.#broken = new Heap<QueuedPod>(({ key }) => key, less);
  }

  /**
   * When a pod's backoff ends, on the clock's `now()`: `backoffDuration` of its failures after its
   * `timestamp`, rounded down to a whole second. Its failures are those in a row without a plugin's no,
   * if the last was such a one; else all noes there were.
   */
  endOf(pod: QueuedPod): number {
    const failures = pod.consecutiveErrorsCount || pod.unschedulableCount;
    const end = pod.timestamp + backoffDuration(failures, this.#options);
    return Math.floor(end / WINDOW_MS) * WINDOW_MS;
  }

  /** Must the pod be left alone still? */
  isBackingOff(pod: QueuedPod): boolean {
    return this.endOf(pod) > this.#options.clock.now();
  }

  get(key: string): QueuedPod | undefined {
    return this.#refused.get(key) ?? this.#broken.get(key);
  }

  /** All pods, in no order. */
  values(): readonly QueuedPod[] {
    return [...this.#refused.values(), ...this.#broken.values()];
  }

  set(pod: QueuedPod): void {
    (pod.rejectors.size === 0 ? this.#broken : this.#refused).set(pod);
    this.#arm();
  }

  delete(key: string): QueuedPod | undefined {
    return this.#refused.delete(key) ?? this.#broken.delete(key);
  }

  /**
   * Takes the pod whose backoff ends first, though it has not ended. Not one that failed without a
   * plugin's no: whatever broke needs time.
   */
  popEarly(): QueuedPod | undefined {
    return this.#refused.pop();
  }

  /** From now on, pods whose backoff has ended are taken out and given to `onDue`, at that time. */
  start(onDue: (pods: readonly QueuedPod[]) => void): void {
    this.#onDue = onDue;
    this.#arm();
  }

  /** No timer is left. */
  stop(): void {
    this.#onDue = undefined;
    this.#timer?.cancel();
    this.#timerAt = undefined;
  }

  /** Sets the timer for the pod that is due first. */
  #arm(): void {
    const first = [this.#refused.peek(), this.#broken.peek()].filter((pod) => pod !== undefined);
    const at = Math.min(...first.map((pod) => this.endOf(pod)));
    if (this.#onDue === undefined || at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    if (first.length === 0) return;
    this.#timer = this.#options.clock.after(at - this.#options.clock.now(), () => {
      this.#timerAt = undefined;
      this.#onDue?.(this.#takeDue());
      this.#arm();
    });
  }

  #takeDue(): QueuedPod[] {
    const due: QueuedPod[] = [];
    for (const heap of [this.#refused, this.#broken]) {
      for (let pod = heap.peek(); pod && !this.isBackingOff(pod); pod = heap.peek()) {
        heap.pop();
        due.push(pod);
      }
    }
    return due;
  }
}
