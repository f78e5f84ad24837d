/**
 * When a container is started again, how long it waits for that, and how it is stopped.
 *
 * Decisions about one container. What a whole pod needs is `sync-pod/sync-pod.ts`.
 */

import type { Clock, Container, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { PodRuntimeStatus, RuntimeContainer } from '../runtime/pod-runtime-status.ts';

/** The first wait, the longest, and after how long without a crash it begins anew; milliseconds. */
export const CRASH_LOOP = { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 } as const;

/** No container gets less time to end, in seconds: SIGKILL at once loses data for nothing. */
export const MINIMUM_GRACE_SECONDS = 2;

/** Why a container is stopped while its pod stays. */
export type KillReason = 'startup-probe' | 'liveness-probe' | 'unknown-state' | '';

/**
 * Tells whether a container that does not run should be started (again).
 *
 * @remarks In this order:
 *
 * 1. A pod that is being deleted starts nothing any more.
 * 2. One that never ran (the runtime has none of its name) should be started.
 * 3. One that runs should not.
 * 4. One that was created but never started, or whose state is `unknown`, should.
 * 5. One that has ended: with `restartPolicy` `Never` it should not; with `OnFailure` only when its
 *    exit code is not 0; with `Always`, or none, it should.
 *
 * The newest container of the name counts (`latestContainer`). The pod's policy is asked, not the
 * container's own: sidecars are the business of `computePodActions`.
 *
 * @see pkg/kubelet/container/helpers.go (1.33), ShouldContainerBeRestarted
 * @exercise kubelet/restarts
 */
export function shouldContainerBeRestarted(
  container: Container,
  pod: Pod,
  status: PodRuntimeStatus,
): boolean {
  throw new NotImplemented('kubelet/restarts', 'shouldContainerBeRestarted');
}

/**
 * How long containers that end again and again wait before they are started.
 *
 * @remarks Waits are counted from when a container ended. The first crash costs nothing: it is
 * started at once, and from then on it has a wait of `CRASH_LOOP.initialMs`. Each start doubles it,
 * up to `CRASH_LOOP.maxMs`. A container that ended more than `resetAfterMs` after it was last
 * started is as good as new: it does not wait, and its next wait is the first again.
 *
 * ```text
 * ends at 0:00                  waits  0 s   started at 0:00
 * ends at 0:01                  waits 10 s   started at 0:11
 * ends at 0:12                  waits 20 s   started at 0:32
 * … 40 s, 80 s, 160 s, 300 s, 300 s …
 * runs for 11 minutes and ends  waits  0 s   and the next time 10 s
 * ```
 *
 * Keys are the caller's: `restartKey` makes them.
 *
 * @see k8s.io/client-go/util/flowcontrol/backoff.go (1.33)
 */
export class CrashLoopBackoff {
  // Your state goes here: fields of your own choosing.

  /** @exercise kubelet/restarts */
  constructor(clock: Pick<Clock, 'now'>) {
    throw new NotImplemented('kubelet/restarts', 'CrashLoopBackoff.constructor');
  }

  /**
   * How long the container still has to wait.
   *
   * @param finishedAt - when it ended, milliseconds since 1970
   * @returns milliseconds from now; 0 when it may be started
   * @exercise kubelet/restarts
   */
  remainingMs(key: string, finishedAt: number): number {
    throw new NotImplemented('kubelet/restarts', 'CrashLoopBackoff.remainingMs');
  }

  /**
   * Notes that it is started now, after it had ended at `finishedAt`.
   *
   * @exercise kubelet/restarts
   */
  started(key: string, finishedAt: number): void {
    throw new NotImplemented('kubelet/restarts', 'CrashLoopBackoff.started');
  }

  /**
   * The container's wait as it stands, in milliseconds: what messages say. 0 when it has none.
   *
   * @exercise kubelet/restarts
   */
  currentMs(key: string): number {
    throw new NotImplemented('kubelet/restarts', 'CrashLoopBackoff.currentMs');
  }

  /**
   * Forgets containers that were last started more than `resetAfterMs` ago.
   *
   * @exercise kubelet/restarts
   */
  collect(): void {
    throw new NotImplemented('kubelet/restarts', 'CrashLoopBackoff.collect');
  }
}

/** A container that has to wait: why, in the words of its status. */
export interface RestartDelay {
  readonly remainingMs: number;
  /** `back-off 10s restarting failed container=web pod=web-0_default(uid)` */
  readonly message: string;
}

/**
 * Tells whether a container that is to be started has to wait first, and notes the start if not.
 *
 * @remarks Its wait is counted from the end of the newest of its name that has the phase `exited`,
 * even when a newer one is `created` or `unknown`. Without one nothing is noted and there is no
 * wait. The message is
 * `back-off <wait> restarting failed container=<name> pod=<pod>_<namespace>(<uid>)`, with
 * `currentMs` written as Go writes durations: `10s`, `40s`, `1m20s`, `5m0s`.
 *
 * @param key - the container's, for `backoff`
 * @returns `undefined` when it may be started now
 * @see pkg/kubelet/kuberuntime/kuberuntime_manager.go (1.33), doBackOff
 * @exercise kubelet/restarts
 */
export function restartDelay(
  backoff: CrashLoopBackoff,
  key: string,
  container: Container,
  pod: Pod,
  status: PodRuntimeStatus,
): RestartDelay | undefined {
  throw new NotImplemented('kubelet/restarts', 'restartDelay');
}

/**
 * How many seconds a container gets to end.
 *
 * @remarks The first that is there:
 *
 * 1. `metadata.deletionGracePeriodSeconds` of the pod;
 * 2. when a startup or liveness probe failed: `terminationGracePeriodSeconds` of that probe, but
 *    only if the pod has one, too;
 * 3. `spec.terminationGracePeriodSeconds` of the pod;
 * 4. `MINIMUM_GRACE_SECONDS`.
 *
 * A 0 is a number like any other here.
 *
 * @see pkg/kubelet/kuberuntime/kuberuntime_container.go (1.33), setTerminationGracePeriod
 * @exercise kubelet/restarts
 */
export function gracePeriodSeconds(pod: Pod, container: Container, reason: KillReason): number {
  throw new NotImplemented('kubelet/restarts', 'gracePeriodSeconds');
}

/**
 * In which order the containers of a pod are stopped.
 *
 * @remarks All that are no sidecars first, at the same time. Then the sidecars one by one, the last
 * in `spec.initContainers` first: each may be needed by those listed behind it. Init containers
 * that are no sidecars, and ephemeral containers, belong to the first group.
 *
 * @param running - the containers to stop, in any order
 * @returns groups, each to be stopped when all before it have ended; no empty ones. Inside a group
 * the order of `running` stays
 * @see pkg/kubelet/kuberuntime/kuberuntime_termination_order.go (1.33)
 * @exercise kubelet/restarts
 */
export function terminationGroups<C extends Pick<RuntimeContainer, 'name'>>(
  pod: Pod,
  running: readonly C[],
): C[][] {
  throw new NotImplemented('kubelet/restarts', 'terminationGroups');
}

/** What stopping one container needs of the world. */
export interface StopWorld {
  readonly clock: Clock;
  /**
   * Runs the hook `lifecycle.preStop`; rejects when it fails. Absent when the container has none.
   *
   * @param signal - aborts when nobody waits for it any more
   */
  readonly preStop?: (signal: AbortSignal) => Promise<void>;
  /** Is told when the hook failed. */
  readonly preStopFailed: (error: unknown) => void;
  /** Resolves when it is this container's turn; see `terminationGroups`. Absent: at once. */
  readonly turn?: Promise<void>;
  /** Tells the runtime to stop it, and to kill it after so many seconds. */
  readonly stop: (seconds: number) => Promise<void>;
}

/**
 * Stops a container: hook, turn, signal; all out of one grace period.
 *
 * @remarks
 * 1. The hook runs, when there is one and `graceSeconds` is above 0. It is waited for no longer
 *    than `graceSeconds`; then its signal aborts and it goes on without it. When it fails by
 *    itself, `preStopFailed` is told, and stopping goes on.
 * 2. What it took, in whole seconds (a part of a second is left out), is taken from the grace
 *    period.
 * 3. The turn is waited for, when any grace is left, and no longer than that; what it took is taken
 *    off in the same way: in whole seconds of its own, not of the two together.
 * 4. `stop` is called with what is left, but never with less than `MINIMUM_GRACE_SECONDS`.
 *
 * ```text
 * grace 30, hook takes 4.7 s            →  stop(26)
 * grace 30, hook does not end           →  after 30 s stop(2)
 * grace 30, hook 10 s, turn after 15 s  →  stop(15): the turn came 5 s after the hook
 * grace 30, hook 4.7 s, turn 5.6 s more →  stop(21): 4 and 5 are taken off
 * grace 0                               →  no hook, stop(2) at once
 * ```
 *
 * Times are measured with `clock.monotonic`. No timer and no listener is left behind.
 *
 * @throws what `stop` rejects with, as a rejection
 * @see pkg/kubelet/kuberuntime/kuberuntime_container.go (1.33), killContainer
 * @exercise kubelet/restarts
 */
export async function stopContainer(graceSeconds: number, world: StopWorld): Promise<void> {
  throw new NotImplemented('kubelet/restarts', 'stopContainer');
}
