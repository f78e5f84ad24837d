/**
 * Asking containers whether they have started, whether they live, whether they are ready.
 *
 * When to ask and what follows from the answers; how to ask is a `Prober` (`probes/prober.ts`). One
 * worker for each probe: `probes/probe-manager.ts` makes them.
 */

import type { PodStatus, Probe } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ProbeKind, ProbeResults } from './probe-results.ts';

/** What one question brought. `error`: it could not be asked; `warning` counts as success. */
export interface ProbeAnswer {
  readonly outcome: 'success' | 'warning' | 'failure' | 'error';
  /** What was heard, or what went wrong. */
  readonly output: string;
}

/** Asks a container once. It never rejects, and keeps to the probe's `timeoutSeconds` itself. */
export type Prober = (
  probe: Probe,
  container: Container,
  status: PodStatus,
  containerId: string,
) => Promise<ProbeAnswer>;

/** What a worker needs. */
export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly pod: Pod;
  readonly container: Container;
  readonly probe: Probe;
  readonly results: ProbeResults;
  readonly prober: Prober;
  readonly clock: Clock;
  /** What is said of the pod now; `undefined` while nothing is. */
  readonly statusOf: () => PodStatus | undefined;
  /** Tells an event about the container, always a warning. */
  readonly event: (reason: 'Unhealthy' | 'ProbeWarning', message: string) => void;
}

/** So often a question that could not be asked is asked again at once. */
export const PROBE_TRIES = 3;

/**
 * Asks one container one question, again and again.
 *
 * @see pkg/kubelet/prober/worker.go (1.33)
 */
export class ProbeWorker {
  // Your state goes here: fields of your own choosing.

  /** @exercise kubelet/probes */
  constructor(options: ProbeWorkerOptions) {
    throw new NotImplemented('kubelet/probes', 'ProbeWorker.constructor');
  }

  /**
   * Asks once, if it is time to ask.
   *
   * @remarks The first that fits:
   *
   * 1. No status yet: go on. Phase `Failed` or `Succeeded`: end.
   * 2. The container has no status (in `initContainerStatuses` or `containerStatuses`), or no
   *    `containerID`: go on.
   * 3. Another `containerID` than before, the first that is seen included: the old one's result is
   *    removed, the new one's is set: `success` for liveness, `failure` for readiness, `undefined`
   *    for startup. It is not on hold any more. Then go on with 4.
   * 4. On hold: go on.
   * 5. It does not run: the result is `failure`. End if it has ended (`terminated`) and the policy
   *    of the pod is `Never`, but not for sidecars; else go on.
   * 6. The pod is being deleted, and this is a liveness or startup probe: result `success`, end.
   * 7. It runs for less than `initialDelaySeconds` (whole seconds): go on.
   * 8. It is `started` (absent counts as false): then startup probes have nothing to do, go on. It
   *    is not: the others wait, go on.
   * 9. Ask. An `error` is asked again at once, up to `PROBE_TRIES` times in all; what is an error
   *    then changes nothing, not even the count, but is told: once, not for each try. Then go on.
   * 10. `failureThreshold` failures (3 if absent), or `successThreshold` successes (1 if absent),
   *    in a row make a result; less leave it as it is. Another container, too, goes on counting
   *    where it was.
   * 11. A failure that makes the result of a liveness or startup probe puts the worker on hold, and
   *    its count begins anew: the container is about to be restarted.
   *
   * Events, with the kind written `Startup`, `Liveness`, `Readiness`: `Unhealthy` with
   * `Readiness probe failed: <output>` or
   * `Readiness probe errored and resulted in unknown state: <output>`; `ProbeWarning` with
   * `Readiness probe warning: <output>`.
   *
   * ```text
   * readiness, failureThreshold 2, result success
   *   failure   (1)      still success, an event
   *   success   (1)      success
   *   failure   (1)      still success
   *   failure   (2)      failure
   * ```
   *
   * @returns whether to go on
   * @exercise kubelet/probes
   */
  async probeOnce(): Promise<boolean> {
    throw new NotImplemented('kubelet/probes', 'ProbeWorker.probeOnce');
  }

  /**
   * Asks every `periodSeconds` (10 if absent), the first time at once, until `probeOnce` says to
   * end or the signal aborts.
   *
   * @remarks The period is counted from the beginning of one turn to the beginning of the next; a
   * turn that takes longer is followed by the next at once. `wake` lets the next turn begin now,
   * the first one too. No timer is left behind.
   *
   * @param firstDelayMs - wait so long before the first turn
   * @exercise kubelet/probes
   */
  async run(signal: AbortSignal, firstDelayMs = 0): Promise<void> {
    throw new NotImplemented('kubelet/probes', 'ProbeWorker.run');
  }

  /**
   * Ends the wait for the next turn, or for the first one (`firstDelayMs`); without one, nothing.
   *
   * @exercise kubelet/probes
   */
  wake(): void {
    throw new NotImplemented('kubelet/probes', 'ProbeWorker.wake');
  }
}

/** What is known of a pod's probes. */
export interface ProbeKnowledge {
  verdict(kind: ProbeKind, containerId: string): 'success' | 'failure' | undefined;
  /** Is there a worker that asks this? */
  isProbed(kind: ProbeKind, containerName: string): boolean;
}

/**
 * Says of each container whether it has `started` and whether it is `ready`.
 *
 * @remarks A container has *started* when it runs and its startup probe has the verdict success;
 * without a verdict, when it has no startup probe. It is *ready* when it runs, has started, and its
 * readiness probe has the verdict success; without a verdict, when it has no readiness probe. That
 * goes for containers and for sidecars. Another init container is ready when it ended with 0, and
 * its `started` is said by the same rule as of the others.
 *
 * @param status - its `containerStatuses` and `initContainerStatuses` are changed
 * @see pkg/kubelet/prober/prober_manager.go (1.33), UpdatePodStatus
 * @exercise kubelet/probes
 */
export function applyProbes(pod: Pod, status: PodStatus, probes: ProbeKnowledge): void {
  throw new NotImplemented('kubelet/probes', 'applyProbes');
}
