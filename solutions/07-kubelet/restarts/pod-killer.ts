/** Stops containers and pods, with their hooks and in their order. Given; how long what takes is `restarts.ts`. */

import type { Container, Pod } from '#apimachinery';
import type { ContainerEvent } from '../images/image-puller.ts';
import type { PodRuntimeStatus, RuntimeContainer } from '../runtime/pod-runtime-status.ts';
import { bareId } from '../runtime/read-runtime.ts';
import { type HookWorld, runHook } from './lifecycle-hooks.ts';
import {
  gracePeriodSeconds,
  type KillReason,
  stopContainer,
  terminationGroups,
} from './restarts.ts';

/** What the killer needs. */
export interface PodKillerOptions extends HookWorld {
  readonly event: ContainerEvent;
}

/** Why and how a container is stopped. */
export interface Kill {
  readonly message: string;
  readonly reason: KillReason;
  readonly graceSeconds?: number | undefined;
  /** What it waits for: those that stop before it. */
  readonly turn?: Promise<void> | undefined;
  readonly signal?: AbortSignal;
}

const NEVER = new AbortController().signal;

/** @see pkg/kubelet/kuberuntime/kuberuntime_container.go (1.33), killContainer */
export class PodKiller {
  readonly #options: PodKillerOptions;

  constructor(options: PodKillerOptions) {
    this.#options = options;
  }

  /**
   * Stops all containers of a pod, in their order, and its sandboxes.
   *
   * @param graceSeconds - instead of what the pod says
   * @param signal - aborts when it should not be waited for any longer
   */
  async killPod(
    pod: Pod,
    status: PodRuntimeStatus,
    graceSeconds: number | undefined,
    signal: AbortSignal = NEVER,
  ): Promise<void> {
    const running = status.containers.filter(
      ({ phase }) => phase === 'running' || phase === 'unknown',
    );
    let before: Promise<void> | undefined;
    const all: Promise<void>[] = [];
    for (const group of terminationGroups(pod, running)) {
      const turn = before;
      const kills = group.map((one) =>
        this.kill(pod, one, status, { message: '', reason: '', graceSeconds, turn, signal }),
      );
      all.push(...kills);
      before = Promise.allSettled([...(turn ? [turn] : []), ...kills]).then(() => {});
    }
    const results = await Promise.allSettled(all);
    const failed = results.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    for (const { id, isReady } of status.sandboxes) {
      if (isReady) await this.#options.cri.stopPodSandbox({ podSandboxId: id });
    }
  }

  /** Stops one container: its hook before the end, then the signal, then none. */
  async kill(
    pod: Pod,
    running: RuntimeContainer,
    status: PodRuntimeStatus,
    { message, reason, graceSeconds, turn, signal = NEVER }: Kill,
  ): Promise<void> {
    const { clock, cri, event } = this.#options;
    const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const all = [
      ...containers,
      ...initContainers,
      ...(ephemeralContainers as readonly Container[]),
    ];
    const container = all.find(({ name }) => name === running.name) ?? { name: running.name };
    event(pod, container, 'Normal', 'Killing', message || `Stopping container ${running.name}`);
    const hook = container.lifecycle?.preStop;
    const place = { pod, container, containerId: running.id, podIP: status.ips[0] ?? '' };
    await stopContainer(graceSeconds ?? gracePeriodSeconds(pod, container, reason), {
      clock,
      ...(hook && {
        preStop: (aborted) => {
          const both = AbortSignal.any([aborted, signal]);
          const run = runHook(this.#options, hook, place, both);
          return untilAborted(run, signal);
        },
      }),
      preStopFailed: () =>
        event(pod, container, 'Warning', 'FailedPreStopHook', 'PreStopHook failed'),
      ...(turn && { turn: untilAborted(turn, signal) }),
      stop: async (seconds) => {
        // Who is told meanwhile to be quicker begins anew, with less time.
        if (signal.aborted) return;
        const stopping = cri.stopContainer({ containerId: bareId(running.id), timeout: seconds });
        await untilAborted(
          stopping.then(() => {}),
          signal,
        );
      },
    });
  }
}

/** Resolves when the work is done, or nobody waits for it any more. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
