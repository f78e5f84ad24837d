/**
 * One worker for each pod: what is to be done for it is done in order, and never twice at a time.
 *
 * A worker knows where its pod is in its life: it runs, it is being stopped, it has stopped. What
 * is done in each of these is not its business; `kubelet/pod-lifecycle.ts` does it.
 */

import type { Clock, Logger, Pod } from '#apimachinery';

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

interface Work {
  phase: PodPhaseOfWork;
  /** What waits to be done; a newer update replaces it. */
  pending: Pod | undefined;
  /** The newest pod that was told. */
  pod: Pod;
  graceSeconds: number | undefined;
  failed: PodUpdate['failed'];
  /** Aborts the step under way. */
  step: AbortController;
  isWorking: boolean;
  retry: { cancel(): void } | undefined;
}

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
  readonly #options: PodWorkersOptions;
  readonly #works: Map<string, Work>;
  #isStopped: boolean;

  /** @exercise kubelet/pod-workers */
  constructor(options: PodWorkersOptions) {
    this.#options = options;
    this.#works = new Map();
    this.#isStopped = false;
  }

  /**
   * Tells the pod's worker what should become of it.
   *
   * @exercise kubelet/pod-workers
   */
  update({ pod, type, graceSeconds, failed }: PodUpdate): void {
    if (this.#isStopped) return;
    const uid = pod.metadata?.uid ?? '';
    const work = this.#works.get(uid) ?? newWork(pod);
    this.#works.set(uid, work);
    if (work.phase === 'terminated' || work.phase === 'finished') return;
    work.pod = pod;
    work.pending = pod;
    const { phase } = pod.status ?? {};
    const hasEnded = phase === 'Failed' || phase === 'Succeeded';
    if (type === 'kill' || hasEnded || pod.metadata?.deletionTimestamp !== undefined) {
      this.#terminate(work, smallest(graceSeconds, pod.metadata?.deletionGracePeriodSeconds));
      work.failed ??= failed;
    }
    this.#wake(work);
  }

  /**
   * Where a pod is; `undefined` for one that was never told, or is forgotten.
   *
   * @exercise kubelet/pod-workers
   */
  phaseOf(uid: string): PodPhaseOfWork | undefined {
    return this.#works.get(uid)?.phase;
  }

  /**
   * Forgets a pod that is `finished`; others are not forgotten.
   *
   * @returns whether it is unknown now
   * @exercise kubelet/pod-workers
   */
  forget(uid: string): boolean {
    if (this.#works.get(uid)?.phase === 'finished') this.#works.delete(uid);
    return !this.#works.has(uid);
  }

  /**
   * The uids of all pods that are known, oldest first.
   *
   * @exercise kubelet/pod-workers
   */
  uids(): string[] {
    return [...this.#works.keys()];
  }

  /**
   * Ends: signals of steps under way abort, nothing is begun any more, no timer is left. Pods are
   * not stopped.
   *
   * @exercise kubelet/pod-workers
   */
  stop(): void {
    this.#isStopped = true;
    for (const work of this.#works.values()) {
      work.retry?.cancel();
      work.step.abort();
    }
  }

  #terminate(work: Work, graceSeconds: number | undefined): void {
    const shorter = smallest(work.graceSeconds, graceSeconds);
    const isShorter = shorter !== work.graceSeconds;
    work.graceSeconds = shorter;
    if (work.phase === 'terminating' && !isShorter) return;
    work.phase = 'terminating';
    work.step.abort();
  }

  #wake(work: Work): void {
    if (work.isWorking || this.#isStopped) return;
    work.retry?.cancel();
    work.isWorking = true;
    this.#work(work);
  }

  async #work(work: Work): Promise<void> {
    await Promise.resolve();
    while (!this.#isStopped && work.phase !== 'finished') {
      const isIdle = work.phase === 'sync' && work.pending === undefined;
      if (isIdle || !(await this.#step(work))) break;
    }
    work.isWorking = false;
  }

  /** @returns whether to go on at once */
  async #step(work: Work): Promise<boolean> {
    const { syncer, clock, log } = this.#options;
    const { pod, phase } = work;
    work.pending = undefined;
    work.step = new AbortController();
    const { signal } = work.step;
    try {
      if (phase === 'sync') {
        const { terminal } = await syncer.sync(pod, signal);
        if (terminal && work.phase === 'sync') this.#terminate(work, undefined);
      } else if (phase === 'terminating') {
        await syncer.terminate(pod, work.graceSeconds, work.failed, signal);
        if (!signal.aborted) work.phase = 'terminated';
      } else {
        await syncer.cleanUp(pod);
        work.phase = 'finished';
      }
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      log.error('work on a pod failed and is tried again', {
        pod: pod.metadata?.name,
        phase,
        error,
      });
      if (this.#isStopped || work.pending !== undefined) return true;
      work.retry = clock.after(WORK_RETRY_MS, () => {
        work.pending = work.pod;
        this.#wake(work);
      });
      return false;
    }
  }
}

function newWork(pod: Pod): Work {
  return {
    phase: 'sync',
    pending: undefined,
    pod,
    graceSeconds: undefined,
    failed: undefined,
    step: new AbortController(),
    isWorking: false,
    retry: undefined,
  };
}

function smallest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
