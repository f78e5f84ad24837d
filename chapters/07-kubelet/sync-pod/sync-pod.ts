/**
 * What must be done so that a pod is as it should be: what to start, what to stop, what to leave.
 *
 * Only the plan, from the pod and what the runtime has of it. `sync-pod/pod-syncer.ts` carries it
 * out; whether a container has to wait before it is started is `restarts/restarts.ts`.
 */

import type { Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { KillReason } from '../restarts/restarts.ts';
import type { PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';

/** What probes have found out about a container; `undefined`: nothing yet. */
export type ProbeVerdict = 'success' | 'failure' | undefined;

/** Asks for the verdicts of probes, by the container's id. */
export interface ProbeVerdicts {
  startup(containerId: string): ProbeVerdict;
  liveness(containerId: string): ProbeVerdict;
}

/** Is the pod's sandbox good, or is another one needed? */
export interface SandboxVerdict {
  readonly changed: boolean;
  /** The number of the sandbox that is, or is to be made. */
  readonly attempt: number;
  /** The one there is: to use it, or to tell that it is replaced. `''`: none. */
  readonly sandboxId: string;
}

/** A container to stop. */
export interface ContainerToKill {
  readonly id: string;
  readonly name: string;
  /** What the event says. */
  readonly message: string;
  readonly reason: KillReason;
}

/** The plan for a pod. */
export interface PodActions {
  /** Stop all its containers and its sandbox. */
  readonly killPod: boolean;
  /** Then make a new sandbox. */
  readonly createSandbox: boolean;
  readonly sandboxId: string;
  readonly attempt: number;
  /** Positions in `spec.initContainers`, from low to high. */
  readonly initContainersToStart: readonly number[];
  /** Positions in `spec.containers`, from low to high. */
  readonly containersToStart: readonly number[];
  /** Positions in `spec.ephemeralContainers`, from low to high. */
  readonly ephemeralContainersToStart: readonly number[];
  readonly containersToKill: readonly ContainerToKill[];
}

/**
 * Tells whether a pod needs a new sandbox.
 *
 * @remarks The first that fits:
 *
 * | the pod's sandboxes | changed | attempt | sandboxId |
 * |---|---|---|---|
 * | none | yes | 0 | `''` |
 * | more than one is ready | yes | the newest's + 1 | the newest's |
 * | the newest is not ready | yes | the newest's + 1 | the newest's |
 * | only one of the two, newest and pod, has the node's network | yes | the newest's + 1 | `''` |
 * | it is not on the node's network, and has no address | yes | the newest's + 1 | the newest's |
 * | else | no | the newest's | the newest's |
 *
 * @see pkg/kubelet/kuberuntime/util/util.go (1.33), PodSandboxChanged
 * @exercise kubelet/sync-pod
 */
export function sandboxVerdict(pod: Pod, status: PodRuntimeStatus): SandboxVerdict {
  throw new NotImplemented('kubelet/sync-pod', 'sandboxVerdict');
}

/**
 * Makes the plan for a pod that should run.
 *
 * @remarks `sandboxId` and `attempt` are always those of `sandboxVerdict`. What no rule sets is
 * `false` or empty; *only `killPod`* means that all the rest is.
 *
 * **A new sandbox** (`sandboxVerdict` says changed): `killPod`, `createSandbox`. Nothing is in
 * `containersToKill`, the whole pod is stopped.
 *
 * - A pod with the policy `Never` that had a sandbox (attempt above 0), and of which the runtime
 *   has any container, gets no new one: only `killPod`.
 * - All of `spec.containers` are to be started, but under `OnFailure` not those that ended with 0.
 *   When none is left, and the runtime has any of `spec.containers` created, running or
 *   exited, the pod is done: only `killPod`.
 * - With init containers only the first of those is started now; without, all that are to be
 *   started.
 *
 * **The old sandbox is good.** Ephemeral containers the runtime has none of are started, whatever
 * else happens, also beside "only `killPod`" below. Then the init containers:
 *
 * The pod *is initialized* when one of `spec.containers` is created or running. Else it is found
 * out by going through the init containers from the last to the first: the last one that the
 * runtime knows is the one it stands at. Those after it have not begun; those before it are
 * through, so that of them only sidecars matter any more (as of all init containers of a pod that
 * is initialized).
 *
 * | the init container is | it is no sidecar | it is a sidecar |
 * |---|---|---|
 * | not known to the runtime | nothing | is through: start it |
 * | created | start it | start it |
 * | running | wait | see below |
 * | exited with 0 | the next one may start | start it |
 * | exited otherwise | start it; under `Never` only `killPod` | start it |
 * | unknown | kill it and start it; under `Never` only `killPod` | kill it and start it |
 *
 * A sidecar that runs (verdicts count only of probes that it has):
 *
 * 1. Its startup probe has no verdict: wait. The verdict is failure: kill it (`startup-probe`) and
 *    start it; then, too, the others wait.
 * 2. Otherwise the next one may start, if the pod stands at this one, also when this one is restarted
 *    now: is its hash not `hashContainer`'s, kill it and start it; if it is, but the verdict of its
 *    liveness probe is failure, kill it (`liveness-probe`) and start it.
 *
 * "The next one may start" at the last init container means: the pod is initialized. When no init
 * container is known and the pod is not initialized, the first is started. While it is not
 * initialized nothing is done about `spec.containers`.
 *
 * **Then `spec.containers`**, in order. One that does not run is started if
 * `shouldContainerBeRestarted` says so; if it is `unknown`, it is killed first. One that runs is
 *
 * 1. killed and started again, under any policy, when its hash changed;
 * 2. killed when its liveness probe has the verdict failure, or, after that, its startup probe; and
 *    started again, but not under `Never`. `probes` is asked whether or not the container has such
 *    a probe;
 * 3. kept otherwise.
 *
 * When none is kept and none is started: `killPod`, and no init container is started;
 * `containersToKill` and the ephemeral containers stay as found.
 *
 * **Messages** of `containersToKill`, with the reason. The order of the list is open.
 *
 * | reason | message |
 * |---|---|
 * | `''` | `Container web definition changed` |
 * | `liveness-probe` | `Container web failed liveness probe` |
 * | `startup-probe` | `Container web failed startup probe` |
 * | `unknown-state` | `Container is in "unknown" state, try killing it before restart` |
 *
 * The first three have `, will be restarted` at the end when the container is started again. Those
 * of init containers begin with `Init container` instead of `Container`, and never have anything at
 * the end.
 *
 * ```text
 * init: [setup, proxy (sidecar)]   containers: [web]        the runtime has
 *   nothing                                                 sandbox new, start setup
 *   sandbox, setup running                                  nothing
 *   sandbox, setup exited 0                                 start proxy
 *   sandbox, setup exited 0, proxy running                  start web
 *   …, proxy exited 1, web running                          start proxy
 *   …, proxy running, web exited 0, policy Never            kill the pod
 * ```
 *
 * @see pkg/kubelet/kuberuntime/kuberuntime_manager.go (1.33), computePodActions
 * @exercise kubelet/sync-pod
 */
export function computePodActions(
  pod: Pod,
  status: PodRuntimeStatus,
  probes: ProbeVerdicts,
): PodActions {
  throw new NotImplemented('kubelet/sync-pod', 'computePodActions');
}
