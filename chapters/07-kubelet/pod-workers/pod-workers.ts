/**
 * One worker for each pod: what is to be done for it is done in order, and never twice at a time.
 *
 * A worker knows where its pod is in its life: it runs, it is being stopped, it has stopped. What
 * is done in each of these is not its business; `kubelet/pod-lifecycle.ts` does it.
 */

import type { Clock, Logger, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';

/** What should become of a pod. */
export interface PodUpdate {
  readonly pod: Pod;
  /** `sync`: it should be as it says. `kill`: it should end, whatever it says. */
  readonly type: 'sync' | 'kill';
  /** For `kill`: seconds it gets, instead of what the pod says. */
  readonly graceSeconds?: number;
  /** For `kill`: the pod has failed, and why. */
  readonly failed?: { readonly reason: string; readonly message: string };
}

/** What workers do with pods. All that rejects is tried again. */
export interface PodSyncer {
  /**
   * Brings a pod nearer to how it should be.
   *
   * @param signal - aborts when the pod is to end
   * @returns `terminal`: it has ended by itself, nothing of it will start again
   */
  sync(pod: Pod, signal: AbortSignal): Promise<{ readonly terminal: boolean }>;
  /**
   * Stops a pod; resolves when none of its containers runs.
   *
   * @param graceSeconds - instead of what the pod says; `undefined`: as it says
   * @param signal - aborts when less time is given
   */
  terminate(
    pod: Pod,
    graceSeconds: number | undefined,
    failed: PodUpdate['failed'],
    signal: AbortSignal,
  ): Promise<void>;
  /** Cleans up behind a pod that has been stopped. */
  cleanUp(pod: Pod): Promise<void>;
}

/** What workers need. */
export interface PodWorkersOptions {
  readonly syncer: PodSyncer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where a pod is in its life. */
export type PodPhaseOfWork = 'sync' | 'terminating' | 'terminated' | 'finished';

/** A failed step is tried again after so many milliseconds. */
export const WORK_RETRY_MS = 10_000;

/**
 * The workers of all pods.
 *
 * @remarks
 * - **One at a time.** For each uid at most one of the syncer's methods runs. Updates that come
 *   meanwhile are merged: only the newest pod counts, and in `sync` it is worked on once, right
 *   after. All methods get the newest pod.
 * - **Life.** A pod begins in `sync`: each update calls `sync`. It becomes `terminating` by an
 *   update that is a `kill`; by a pod with `deletionTimestamp`; by a pod whose `status.phase` is
 *   `Failed` or `Succeeded`; or when `sync` says `terminal`. Then the signal of a `sync` under way
 *   aborts, and, once that has ended, `terminate` is called. When that has resolved, the pod is
 *   `terminated`, and `cleanUp` is called; after that it is `finished`. It never goes back. An
 *   update that comes in `terminating` and gives no less time causes no step of its own.
 * - **Grace only gets shorter.** `terminate` gets the smallest `graceSeconds` of all kills so far,
 *   and `metadata.deletionGracePeriodSeconds` of the newest pod counts as one of them. `undefined`
 *   if there was none. When a smaller one comes while `terminate` runs, its signal aborts, and when
 *   it has ended `terminate` is called again with the smaller one, whether it resolved or not. The
 *   first `failed` stays.
 * - **Failures.** What rejects is logged as one error, and done again after `WORK_RETRY_MS`; but at
 *   once when there is an update sooner, or was one while the failing step ran. A `sync` or
 *   `terminate` that rejects when its signal has aborted is not logged, and what follows is done at
 *   once.
 * - Updates for a pod that is `terminated` or `finished` change nothing, and do not wake a
 *   `cleanUp` that waits.
 * - `update` itself calls none of the syncer's methods: the first step begins after it has returned
 *   (in a microtask, say).
 *
 * ```text
 * update A        sync(A)
 * update A', A''  … waits …  sync(A'')
 * kill 30         sync's signal aborts, it ends, terminate(A'', 30)
 * kill 5          terminate's signal aborts, it ends, terminate(A'', 5)   → cleanUp(A'')
 * ```
 *
 * @see pkg/kubelet/pod_workers.go (1.33)
 */
export class PodWorkers {
  // Your state goes here: fields of your own choosing.

  /** @exercise kubelet/pod-workers */
  constructor(options: PodWorkersOptions) {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.constructor');
  }

  /**
   * Tells the pod's worker what should become of it.
   *
   * @exercise kubelet/pod-workers
   */
  update({ pod, type, graceSeconds, failed }: PodUpdate): void {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.update');
  }

  /**
   * Where a pod is; `undefined` for one that was never told, or is forgotten.
   *
   * @exercise kubelet/pod-workers
   */
  phaseOf(uid: string): PodPhaseOfWork | undefined {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.phaseOf');
  }

  /**
   * Forgets a pod that is `finished`; others are not forgotten.
   *
   * @returns whether it is unknown now
   * @exercise kubelet/pod-workers
   */
  forget(uid: string): boolean {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.forget');
  }

  /**
   * The uids of all pods that are known, oldest first.
   *
   * @exercise kubelet/pod-workers
   */
  uids(): string[] {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.uids');
  }

  /**
   * Ends: signals of steps under way abort, nothing is begun any more, no timer is left. Pods are
   * not stopped.
   *
   * @exercise kubelet/pod-workers
   */
  stop(): void {
    throw new NotImplemented('kubelet/pod-workers', 'PodWorkers.stop');
  }
}
