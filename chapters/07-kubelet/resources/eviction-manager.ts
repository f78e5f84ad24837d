/** Measures what the node has left, and evicts pods while it runs short. Given. */

import { type Clock, type Logger, type Pod, timestamp, toleratesTaint } from '#apimachinery';
import type { CriClient } from '#container-runtime/cri';
import type { NodeHealth } from '../node/node.ts';
import { LABELS } from '../runtime/read-runtime.ts';
import {
  type AdmissionRefusal,
  type EvictionSignal,
  type EvictionThreshold,
  evictionMessage,
  evictionOrder,
  type Observation,
  type PodUsage,
  qosClass,
  thresholdsMet,
} from './resources.ts';

const PERIOD_MS = 10_000;
/** Pods from here on keep the node or the cluster itself running. */
const CRITICAL_PRIORITY = 2_000_000_000;
const MEMORY_PRESSURE_TAINT = {
  key: 'node.kubernetes.io/memory-pressure',
  effect: 'NoSchedule',
} as const;
/** A pressure that is over is still told for so long, so that nothing swings. */
const TRANSITION_MS = 300_000;

/** What containers use. */
export interface UsageSample {
  readonly memory: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly disk: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What the manager needs. */
export interface EvictionManagerOptions {
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly thresholds: readonly EvictionThreshold[];
  /** What the node has left. */
  readonly observe: () => Promise<ReadonlyMap<EvictionSignal, Observation>>;
  readonly activePods: () => readonly Pod[];
  readonly evict: (pod: Pod, graceSeconds: number, message: string) => void;
}

/** Bytes that containers use, by pod and container. */
export async function sampleUsage(cri: CriClient): Promise<UsageSample> {
  const memory = new Map<string, Map<string, number>>();
  const disk = new Map<string, Map<string, number>>();
  const { stats } = await cri.listContainerStats();
  for (const { attributes, memory: ram, writableLayer } of stats) {
    const uid = attributes?.labels[LABELS.podUid];
    const name = attributes?.labels[LABELS.containerName];
    if (uid === undefined || name === undefined) continue;
    const put = (map: Map<string, Map<string, number>>, bytes: number): void => {
      map.set(uid, (map.get(uid) ?? new Map<string, number>()).set(name, bytes));
    };
    put(memory, ram?.workingSetBytes?.value ?? 0);
    put(disk, writableLayer?.usedBytes?.value ?? 0);
  }
  return { memory, disk };
}

/** @see pkg/kubelet/eviction/eviction_manager.go (1.33) */
export class EvictionManager {
  readonly #options: EvictionManagerOptions;
  readonly #metSince = new Map<EvictionThreshold, number>();
  readonly #lastMet = new Map<EvictionSignal, number>();

  constructor(options: EvictionManagerOptions) {
    this.#options = options;
  }

  get pressures(): Omit<NodeHealth, 'faults'> {
    return {
      memoryPressure: this.#isPressed('memory.available'),
      diskPressure: this.#isPressed('nodefs.available') || this.#isPressed('imagefs.available'),
      pidPressure: false,
    };
  }

  #isPressed(signal: EvictionSignal): boolean {
    const at = this.#lastMet.get(signal);
    return at !== undefined && this.#options.clock.monotonic() - at < TRANSITION_MS;
  }

  /** While the node is short, it takes no pods that make it worse. */
  refuse(pod: Pod): AdmissionRefusal | undefined {
    const { memoryPressure, diskPressure } = this.pressures;
    const conditions = [
      ...(memoryPressure ? ['MemoryPressure'] : []),
      ...(diskPressure ? ['DiskPressure'] : []),
    ];
    if (conditions.length === 0 || (pod.spec?.priority ?? 0) >= CRITICAL_PRIORITY) return undefined;
    const bears =
      qosClass(pod) !== 'BestEffort' ||
      (pod.spec?.tolerations ?? []).some((one) => toleratesTaint(one, MEMORY_PRESSURE_TAINT));
    if (!diskPressure && bears) return undefined;
    return { reason: 'Evicted', message: `The node had condition: [${conditions.join(' ')}]. ` };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await this.synchronize().catch((error) => {
        log.warn('cannot measure what the node has left', { error: String(error) });
      });
      await clock.sleep(PERIOD_MS, signal).catch(() => {});
    }
  }

  /** Measures once, and evicts at most one pod. */
  async synchronize(): Promise<void> {
    const { clock, thresholds, observe, activePods, evict, cri } = this.#options;
    const observations = await observe();
    const met = thresholdsMet(thresholds, observations);
    const now = clock.monotonic();
    for (const threshold of thresholds) {
      if (!met.includes(threshold)) this.#metSince.delete(threshold);
      else if (!this.#metSince.has(threshold)) this.#metSince.set(threshold, now);
    }
    for (const { signal } of met) this.#lastMet.set(signal, now);
    const due = met.find((one) => now - (this.#metSince.get(one) ?? now) >= one.graceMs);
    const observation = due && observations.get(due.signal);
    if (!due || !observation) return;
    const usage = await sampleUsage(cri);
    const kind = due.signal === 'memory.available' ? usage.memory : usage.disk;
    const ranked = evictionOrder(
      due.signal,
      activePods()
        .filter(isEvictable)
        .map((pod) => usageOf(pod, usage)),
    );
    const [first] = ranked;
    if (!first) return;
    const containers = kind.get(first.pod.metadata?.uid ?? '') ?? new Map<string, number>();
    const grace = due.graceMs === 0 ? 1 : (first.pod.spec?.terminationGracePeriodSeconds ?? 30);
    evict(first.pod, grace, evictionMessage(due, observation, first.pod, containers));
  }
}

/** Static pods, and those of the highest priorities, keep the node itself running. */
function isEvictable({ metadata, spec }: Pod): boolean {
  const isStatic = (metadata?.annotations?.['kubernetes.io/config.source'] ?? 'api') !== 'api';
  return !isStatic && (spec?.priority ?? 0) < CRITICAL_PRIORITY;
}

function usageOf(pod: Pod, { memory, disk }: UsageSample): PodUsage {
  const sum = (map: ReadonlyMap<string, number> | undefined): number =>
    [...(map?.values() ?? [])].reduce((total, bytes) => total + bytes, 0);
  const uid = pod.metadata?.uid ?? '';
  return { pod, memory: sum(memory.get(uid)), disk: sum(disk.get(uid)) };
}

/** The condition an evicted pod gets. */
export function disruptionCondition(message: string, now: number) {
  return {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByKubelet',
    message,
    lastTransitionTime: timestamp(now),
  };
}
