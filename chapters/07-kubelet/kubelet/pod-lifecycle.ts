/**
 * What a pod's worker does with it: make it run, stop it, clean up. Given.
 *
 * Between the workers (`pod-workers/`) and everything else: volumes, probes, the runtime, the status.
 */

import type { PodStatus } from 'kubernetes-types/core/v1.js';
import type { Clock, Logger, Node, Pod, Random } from '#apimachinery';
import type { PodSyncer, PodUpdate } from '../pod-workers/pod-workers.ts';
import type { ProbeManager } from '../probes/probe-manager.ts';
import { disruptionCondition } from '../resources/eviction-manager.ts';
import { type AdmissionRefusal, admitPod } from '../resources/resources.ts';
import type { PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';
import { bareId, type RuntimeReader, readPod } from '../runtime/read-runtime.ts';
import { generatePodStatus } from '../status/pod-status.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { PodRuntimeSyncer } from '../sync-pod/pod-syncer.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';

/** A pod that is as it should be is looked at again after so long. */
const RESYNC_MS = 60_000;
/** The network may be there soon. */
const NETWORK_RETRY_MS = 1000;
/**
 * So long real volumes take until they are unmounted (`WaitForUnmount` looks every 300 ms). Without it a pod
 * of a StatefulSet would be gone and made anew before `kubectl delete`, which asks twice, looks again: and
 * then it waits for ever.
 */
const UNMOUNT_MS = 300;
const MOUNT_RETRY_MS = { first: 500, longest: 122_000 };

/** What the lifecycle needs. */
export interface PodLifecycleOptions {
  readonly reader: RuntimeReader;
  readonly runtime: PodRuntimeSyncer;
  readonly statuses: StatusManager;
  readonly probes: ProbeManager;
  readonly volumes: VolumeManager;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly hostIPs: readonly string[];
  readonly node: () => Node;
  /** Pods this node has taken that have not ended. */
  readonly admitted: () => readonly Pod[];
  readonly podEvent: (
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ) => void;
  /** Has the pod's worker look at it again, after so many milliseconds. */
  readonly requeue: (uid: string, ms: number) => void;
  /** Makes the pod in the API that stands for a static one. */
  readonly mirror: (pod: Pod) => Promise<void>;
  /** The node is short of something, and this pod does not get in. */
  readonly refuse: (pod: Pod) => AdmissionRefusal | undefined;
  /** Why pods cannot have a network now; empty when they can. */
  readonly networkFaults: () => readonly string[];
}

/** @see pkg/kubelet/kubelet.go (1.33), SyncPod, SyncTerminatingPod, SyncTerminatedPod */
export class PodLifecycle implements PodSyncer {
  readonly #options: PodLifecycleOptions;
  readonly #decided = new Map<string, 'taken' | AdmissionRefusal>();
  readonly #mountWaits = new Map<string, number>();

  constructor(options: PodLifecycleOptions) {
    this.#options = options;
  }

  isAdmitted(uid: string): boolean {
    return this.#decided.get(uid) === 'taken';
  }

  async sync(pod: Pod, signal: AbortSignal): Promise<{ terminal: boolean }> {
    const { reader, runtime, probes, volumes, podEvent, requeue, clock, random } = this.#options;
    const uid = pod.metadata?.uid ?? '';
    const status = await readPod(reader, uid);
    const refusal = this.#admission(pod, status);
    if (refusal) {
      this.#write(pod, status, { isTerminal: true, failed: refusal });
      return { terminal: true };
    }
    const late = this.#deadline(pod);
    if (late) {
      podEvent(pod, 'Normal', late.reason, late.message);
      this.#write(pod, status, { isTerminal: false, failed: late });
      return { terminal: true };
    }
    const said = this.#write(pod, status, { isTerminal: false });
    if (hasEnded(said)) return { terminal: true };
    if (this.#waitsForNetwork(pod)) return { terminal: false };
    await this.#options.mirror(pod);
    let paths: ReadonlyMap<string, string>;
    try {
      paths = await volumes.setUp(pod, status.ips);
      this.#mountWaits.delete(uid);
    } catch (error) {
      if (signal.aborted) return { terminal: false };
      podEvent(
        pod,
        'Warning',
        'FailedMount',
        error instanceof Error ? error.message : String(error),
      );
      const before = this.#mountWaits.get(uid);
      const waitMs = before ? Math.min(before * 2, MOUNT_RETRY_MS.longest) : MOUNT_RETRY_MS.first;
      this.#mountWaits.set(uid, waitMs);
      requeue(uid, waitMs);
      return { terminal: false };
    }
    if (signal.aborted) return { terminal: false };
    probes.addPod(pod);
    const retryMs = await runtime.sync(pod, status, paths, signal);
    if (retryMs !== undefined) {
      // Why it waits should be seen now, not at the next try.
      const now = await readPod(reader, uid);
      if (!signal.aborted) this.#write(pod, now, { isTerminal: false });
    }
    requeue(uid, retryMs ?? this.#untilDeadline(pod, random.jitter(RESYNC_MS, 0.5), clock.now()));
    return { terminal: false };
  }

  /** Without a network only pods on the node's own begin. */
  #waitsForNetwork(pod: Pod): boolean {
    const { networkFaults, podEvent, requeue, random } = this.#options;
    const faults = pod.spec?.hostNetwork ? [] : networkFaults();
    if (faults.length === 0) return false;
    podEvent(pod, 'Warning', 'NetworkNotReady', `network is not ready: ${faults.join(', ')}`);
    requeue(pod.metadata?.uid ?? '', random.jitter(NETWORK_RETRY_MS, 0.5));
    return true;
  }

  /** A pod that already runs was taken before. */
  #admission(pod: Pod, status: PodRuntimeStatus): AdmissionRefusal | undefined {
    const { admitted, node, podEvent, refuse } = this.#options;
    const uid = pod.metadata?.uid ?? '';
    const known = this.#decided.get(uid);
    if (known !== undefined) return known === 'taken' ? undefined : known;
    const others = admitted().filter(({ metadata }) => metadata?.uid !== uid);
    const isRunning = status.sandboxes.some(({ isReady }) => isReady);
    const refusal = isRunning ? undefined : (refuse(pod) ?? admitPod(pod, others, node()));
    this.#decided.set(uid, refusal ?? 'taken');
    if (refusal) podEvent(pod, 'Warning', refusal.reason, refusal.message);
    return refusal;
  }

  #deadline(pod: Pod): { reason: string; message: string } | undefined {
    const { clock, statuses } = this.#options;
    if (this.#untilDeadline(pod, Number.POSITIVE_INFINITY, clock.now()) > 0) return undefined;
    if (hasEnded(statuses.statusOf(pod))) return undefined;
    const message = 'Pod was active on the node longer than the specified deadline';
    return { reason: 'DeadlineExceeded', message };
  }

  #untilDeadline(pod: Pod, mostMs: number, now: number): number {
    const seconds = pod.spec?.activeDeadlineSeconds;
    const { startTime } = this.#options.statuses.statusOf(pod);
    if (seconds === undefined || startTime === undefined) return mostMs;
    return Math.min(mostMs, Date.parse(startTime) + seconds * 1000 - now);
  }

  async terminate(
    pod: Pod,
    graceSeconds: number | undefined,
    asked: PodUpdate['failed'],
    signal: AbortSignal,
  ): Promise<void> {
    const { reader, runtime, probes } = this.#options;
    // While its containers ended nothing was said of why.
    const failed = asked ?? this.#deadline(pod);
    const uid = pod.metadata?.uid ?? '';
    const status = await readPod(reader, uid);
    this.#write(pod, status, { isTerminal: false, failed });
    probes.stopLiveness(pod);
    await runtime.killer.killPod(pod, status, graceSeconds, signal);
    if (signal.aborted) return;
    probes.removePod(pod);
    const after = await readPod(reader, uid);
    const alive = after.containers
      .filter(({ phase }) => phase === 'running')
      .map(({ name }) => name);
    if (alive.length > 0) {
      throw new Error(
        `detected running containers after a successful KillPod: ${alive.join(', ')}`,
      );
    }
    this.#write(pod, after, { isTerminal: true, failed });
  }

  async cleanUp(pod: Pod): Promise<void> {
    const { reader, statuses, volumes, clock } = this.#options;
    const status = await readPod(reader, pod.metadata?.uid ?? '');
    this.#write(pod, status, { isTerminal: true });
    await clock.sleep(UNMOUNT_MS);
    volumes.tearDown(pod.metadata?.uid ?? '');
    statuses.done(pod);
  }

  /** What the kubelet remembers of a pod that is gone. */
  forget(uid: string): void {
    this.#decided.delete(uid);
    this.#mountWaits.delete(uid);
    this.#options.runtime.forget(uid);
  }

  /** Removes old containers of a pod: of each name the newest and the one before stay. */
  async prune(uid: string): Promise<void> {
    const { reader, probes } = this.#options;
    const { containers, sandboxes } = await readPod(reader, uid);
    const seen = new Map<string, number>();
    for (const { id, name, phase } of containers) {
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      if (count <= 2 || phase === 'running') continue;
      probes.forget(id);
      await reader.cri.removeContainer({ containerId: bareId(id) });
    }
    for (const { id, isReady } of sandboxes.slice(1)) {
      if (!isReady) await reader.cri.removePodSandbox({ podSandboxId: id });
    }
  }

  #write(
    pod: Pod,
    runtime: PodRuntimeStatus,
    { isTerminal, failed }: { isTerminal: boolean; failed?: PodUpdate['failed'] },
  ): PodStatus {
    const { statuses, probes, hostIPs } = this.#options;
    const uid = pod.metadata?.uid ?? '';
    const next = generatePodStatus({
      pod,
      runtime,
      previous: statuses.statusOf(pod),
      startFailure: (name) => this.#options.runtime.failureOf(uid, name),
      isTerminal,
      applyProbes: (status) => probes.apply(pod, status),
      hostIPs,
      failed,
    });
    if (failed?.reason === 'Evicted') {
      next.conditions?.push(disruptionCondition(failed.message, this.#options.clock.now()));
    }
    const isRunning = runtime.containers.some(({ phase }) => phase === 'running');
    statuses.set(pod, next, isRunning);
    return next;
  }
}

function hasEnded({ phase }: PodStatus): boolean {
  return phase === 'Failed' || phase === 'Succeeded';
}
