/** A pod in the queue, with what the queue remembers of its attempts. Given. */

import { keyOf, type Pod } from '#apimachinery';
import type { QueuedPodInfo } from '../framework/plugin.ts';
import { type PodInfo, podInfoOf } from '../framework/pod-info.ts';

/** Why a pod comes back. Without plugins, something else has failed. */
export interface SchedulingFailure {
  /** Those that said no: `Unschedulable` or `UnschedulableAndUnresolvable`. */
  readonly unschedulablePlugins?: ReadonlySet<string>;
  /** Those that said `Pending`. */
  readonly pendingPlugins?: ReadonlySet<string>;
  /** The pod as it is now, where that is known to be newer. */
  readonly pod?: Pod;
}

const NO_PLUGINS: ReadonlySet<string> = new Set();

/** What the queue knows of one pod. It stays the same object from one attempt to the next. */
export class QueuedPod implements QueuedPodInfo {
  podInfo: PodInfo;
  timestamp: number;
  attempts = 0;
  initialAttemptTimestamp: number | undefined = undefined;
  unschedulablePlugins: ReadonlySet<string> = NO_PLUGINS;
  pendingPlugins: ReadonlySet<string> = NO_PLUGINS;
  /** The preEnqueue plugin that keeps it out; `''` when none does. */
  gatingPlugin = '';
  /** How often plugins said no. */
  unschedulableCount = 0;
  /** How often in a row something failed without a no of a plugin. */
  consecutiveErrorsCount = 0;

  /** @param timestamp - in milliseconds since the epoch */
  constructor(pod: Pod, timestamp: number) {
    this.podInfo = podInfoOf(pod);
    this.timestamp = timestamp;
  }

  /** The same memory, where it is known; else as much of it as is told. */
  static of(queued: QueuedPodInfo): QueuedPod {
    if (queued instanceof QueuedPod) return queued;
    const pod = new QueuedPod(queued.podInfo.pod, queued.timestamp);
    pod.attempts = queued.attempts;
    pod.initialAttemptTimestamp = queued.initialAttemptTimestamp;
    return pod;
  }

  /** An attempt begins: it is counted, and nobody has said no yet. */
  noteAttempt(): void {
    this.attempts += 1;
    this.unschedulablePlugins = NO_PLUGINS;
    this.pendingPlugins = NO_PLUGINS;
  }

  /**
   * The attempt has failed: who said no is kept, and the failure counted, as a no or as something that
   * broke.
   *
   * @param now - the new `timestamp`
   */
  noteFailure(failure: SchedulingFailure, now: number): void {
    if (failure.pod) this.podInfo = podInfoOf(failure.pod);
    this.unschedulablePlugins = failure.unschedulablePlugins ?? NO_PLUGINS;
    this.pendingPlugins = failure.pendingPlugins ?? NO_PLUGINS;
    this.timestamp = now;
    if (this.rejectors.size === 0) {
      this.consecutiveErrorsCount += 1;
      return;
    }
    this.unschedulableCount += 1;
    this.consecutiveErrorsCount = 0;
  }

  get pod(): Pod {
    return this.podInfo.pod;
  }

  /** `namespace/name`. */
  get key(): string {
    return keyOf(this.pod);
  }

  get uid(): string {
    return this.pod.metadata?.uid ?? '';
  }

  get gated(): boolean {
    return this.gatingPlugin !== '';
  }

  /** All plugins that said no the last time. */
  get rejectors(): ReadonlySet<string> {
    if (this.pendingPlugins.size === 0) return this.unschedulablePlugins;
    return new Set([...this.unschedulablePlugins, ...this.pendingPlugins]);
  }
}
