/**
 * What the kubelet says of a pod, from what the runtime says: the statuses of containers, the
 * phase, and how a new status goes over what others have written.
 *
 * Conditions are `status/conditions.ts`; all together is `status/pod-status.ts`; who writes it to
 * the API server is `status/status-manager.ts`.
 */

import type { ContainerStatus, PodStatus } from 'kubernetes-types/core/v1.js';
import type { Container, Pod } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';

/** Why a container could not be started: `CrashLoopBackOff`, `ErrImagePull`. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

/** What statuses of containers are made from. */
export interface ContainerStatusesInput {
  readonly pod: Pod;
  readonly runtime: PodRuntimeStatus;
  /** The ones asked for: `spec.containers`, or `spec.initContainers`, or the ephemeral ones. */
  readonly containers: readonly Container[];
  /** What was said of them last. */
  readonly previous: readonly ContainerStatus[];
  /** Are they `spec.initContainers`? */
  readonly areInit: boolean;
  /** Why a container's last start failed, by its name; `undefined`: it did not. */
  readonly startFailure: (name: string) => StartFailure | undefined;
}

/**
 * The statuses of some of a pod's containers.
 *
 * @remarks For each container, in this order:
 *
 * 1. **In the runtime.** The newest of its name as `apiContainerStatus` has it; the second newest,
 *    if there is one, is its `lastState` (`apiContainerState`). With one only, `lastState` stays
 *    `{}`. One that runs keeps the `started` that was said of it last, if any.
 * 2. **Not in the runtime.** It waits: `state` is `{ waiting: { reason } }` with the reason
 *    `PodInitializing` when the pod has init containers, else `ContainerCreating`; `image` is the
 *    container's, `imageID` is `''`, `ready` is false, `restartCount` 0, `lastState` `{}`. But:
 *    - if it was said to have ended last, that status stays as it is;
 *    - otherwise `restartCount` and `lastState` are those that were said last;
 *    - if it was said to run last, and no `lastState.terminated` is known, it has ended and nobody
 *      saw how: `lastState.terminated` is exit code 137, reason `ContainerStatusUnknown`, message
 *      `The container could not be located when the pod was deleted.  The container used to be Running`
 *      (with two spaces); and `restartCount` is one more, unless the pod is being deleted.
 *    - an init container (no sidecar) that waits although the runtime has any of `spec.containers`
 *      must have ended well: `state` is terminated, exit code 0, reason `Completed`, message
 *      `Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally`.
 * 3. **Could not be started.** If it should be restarted (`shouldContainerBeRestarted`) and there
 *    is a `startFailure`, it waits with that reason and message; what had ended becomes its
 *    `lastState`. Not so init containers that exited with 0, sidecars among them.
 *
 * ```text
 * runtime: web#1 exited 1, web#0 exited 1        failure CrashLoopBackOff
 * state { waiting: CrashLoopBackOff }   lastState { terminated: web#1 }   restartCount 1
 * ```
 *
 * @returns in the order of `containers`
 * @see pkg/kubelet/kubelet_pods.go (1.33), convertToAPIContainerStatuses
 * @exercise kubelet/status
 */
export function containerStatuses(input: ContainerStatusesInput): ContainerStatus[] {
  throw new NotImplemented('kubelet/status', 'containerStatuses');
}

/**
 * The phase of a pod, from the statuses of its containers.
 *
 * @remarks A status with an empty `state` counts as none. An init container (no sidecar) *is
 * pending* when it has no status, runs, or waits without having ended before; it *has failed* when
 * it ended, or had ended before it waited, with another code than 0. Of `spec.containers`: one
 * without a status is *unknown*; one that ended, or waits but had ended before, *has stopped*, and
 * *has succeeded* if its `state` is terminated with code 0; one that waits and never ran is
 * *waiting*. A sidecar that runs counts as *running* like the others, one that waits and never ran
 * as *waiting*, one without a status as *unknown*, one that ended, or waits but had ended before,
 * as nothing. It is *pending* while it waits and never ran, or runs without being `started`.
 *
 * The first that fits:
 *
 * 1. An init container has failed and `restartPolicy` is `Never`: `Failed`.
 * 2. An init container is pending; or a sidecar is, while none of `spec.containers` runs or has
 *    stopped; or any is waiting: `Pending`.
 * 3. Any is running and none unknown: `Running`.
 * 4. None is running, at least one has stopped, none is unknown:
 *    - `isTerminal`, of no matter which policy: `Succeeded` if all have succeeded, else `Failed`;
 *    - policy `Always`: `Running` (they are about to be restarted);
 *    - all have succeeded: `Succeeded`;
 *    - policy `Never`: `Failed`; `OnFailure`: `Running`.
 * 5. Else `Pending`.
 *
 * @param statuses - of init containers and containers together
 * @param isTerminal - nothing of this pod will be started any more
 * @see pkg/kubelet/kubelet_pods.go (1.33), getPhase
 * @exercise kubelet/status
 */
export function podPhase(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  isTerminal: boolean,
): string {
  throw new NotImplemented('kubelet/status', 'podPhase');
}

/**
 * A new status put over the one that is known, so that nothing of others' is lost and nothing goes
 * backward.
 *
 * @remarks
 * 1. A pod that has `Failed` or `Succeeded` keeps its phase, whatever `next` says.
 * 2. A phase in which it has ended is not told while one of its containers may still run: when
 *    `next` ends it and `isRunning`, then phase, `reason` and `message` stay those of `known`
 *    (absent stays absent).
 * 3. Conditions of others (not in `KUBELET_CONDITIONS`) are those of `known`, in their order;
 *    behind them the kubelet's own of `next`, in its order. Only `DisruptionTarget` may also come
 *    from `next`: then it replaces the known one, or comes behind the others'.
 * 4. When the phase that results is `Failed` or `Succeeded`, `Ready` and `ContainersReady` cannot
 *    be True: such ones become False, with the reason `PodFailed` or `PodCompleted`, and no
 *    message.
 * 5. `lastTransitionTime` of each condition of `next`: as it is in `known` (absent if it is absent
 *    there) when the status that rule 4 leaves is the same there; else `now`.
 * 6. `startTime` is that of `known`, else `now`.
 * 7. All other fields are those of `next`.
 *
 * To put the same `next` over the result gives the result itself, at whatever time: merging comes
 * to rest at once.
 *
 * @param now - as the API writes times
 * @returns a new object; `known` itself when it is `semanticallyEqual` to that
 * @see pkg/kubelet/status/status_manager.go (1.33), mergePodStatus
 * @exercise kubelet/status
 */
export function mergePodStatus(
  known: PodStatus,
  next: PodStatus,
  isRunning: boolean,
  now: string,
): PodStatus {
  throw new NotImplemented('kubelet/status', 'mergePodStatus');
}
