/** A pod in the queue, with what the queue remembers of its attempts. Given. */

import { keyOf, type Pod } from '#apimachinery';
import type { QueuedPodInfo } from '../framework/plugin.ts';
import { type PodInfo, podInfoOf } from '../framework/pod-info.ts';

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
