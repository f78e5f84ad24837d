/**
 * What the kubelet says of a pod, from what the runtime says: the statuses of containers, the
 * phase, and how a new status goes over what others have written.
 *
 * Conditions are `status/conditions.ts`; all together is `status/pod-status.ts`; who writes it to
 * the API server is `status/status-manager.ts`.
 */

import type {
  ContainerState,
  ContainerStatus,
  PodCondition,
  PodStatus,
} from 'kubernetes-types/core/v1.js';
import { type Container, type Pod, semanticallyEqual } from '#apimachinery';
import { shouldContainerBeRestarted } from '../restarts/restarts.ts';
import {
  isSidecar,
  latestContainer,
  type PodRuntimeStatus,
} from '../runtime/pod-runtime-status.ts';
import { KUBELET_CONDITIONS } from './conditions.ts';
import { apiContainerState, apiContainerStatus } from './container-state.ts';

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
  return input.containers.map((container) => {
    const last = input.previous.find(({ name }) => name === container.name);
    const known = fromRuntime(container.name, input.runtime, last);
    return afterFailedStart(known ?? missing(container, input, last), container, input);
  });
}

function fromRuntime(
  name: string,
  runtime: PodRuntimeStatus,
  last: ContainerStatus | undefined,
): ContainerStatus | undefined {
  const [newest, older] = runtime.containers.filter((one) => one.name === name);
  if (newest === undefined) return undefined;
  const status = apiContainerStatus(newest);
  if (older !== undefined) status.lastState = apiContainerState(older);
  if (newest.phase === 'running' && last?.started !== undefined) status.started = last.started;
  return status;
}

function missing(
  container: Container,
  { pod, runtime, areInit }: ContainerStatusesInput,
  last: ContainerStatus | undefined,
): ContainerStatus {
  if (last?.state?.terminated) return last;
  const hasInit = (pod.spec?.initContainers ?? []).length > 0;
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason: hasInit ? 'PodInitializing' : 'ContainerCreating' } },
    lastState: last?.lastState ?? {},
    ready: false,
    restartCount: last?.restartCount ?? 0,
    image: container.image ?? '',
    imageID: '',
  };
  const isInitialized = (pod.spec?.containers ?? []).some(
    ({ name }) => latestContainer(runtime, name) !== undefined,
  );
  if (areInit && isInitialized && !isSidecar(container)) {
    return { ...status, state: { terminated: { ...ASSUMED_DONE } } };
  }
  if (!last?.state?.running || status.lastState?.terminated) return status;
  const isDeleted = pod.metadata?.deletionTimestamp !== undefined;
  return {
    ...status,
    lastState: { terminated: { ...LOST } },
    restartCount: status.restartCount + (isDeleted ? 0 : 1),
  };
}

const ASSUMED_DONE = {
  exitCode: 0,
  reason: 'Completed',
  message:
    'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
};
const LOST = {
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message:
    'The container could not be located when the pod was deleted.  The container used to be Running',
};

function afterFailedStart(
  status: ContainerStatus,
  container: Container,
  { pod, runtime, areInit, startFailure }: ContainerStatusesInput,
): ContainerStatus {
  const latest = latestContainer(runtime, container.name);
  if (areInit && latest?.phase === 'exited' && latest.exitCode === 0) return status;
  const failure = startFailure(container.name);
  if (!failure || !shouldContainerBeRestarted(container, pod, runtime)) return status;
  const { reason, message } = failure;
  const lastState: ContainerState = status.state?.terminated
    ? { terminated: status.state.terminated }
    : (status.lastState ?? {});
  return { ...status, state: { waiting: { reason, ...(message && { message }) } }, lastState };
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
  const { initContainers = [], containers = [], restartPolicy = 'Always' } = pod.spec ?? {};
  const kindsOf = (list: readonly Container[]): Progress[] =>
    list.map(({ name }) => progressOf(statuses.find((status) => status.name === name)));
  const init = kindsOf(initContainers.filter((one) => !isSidecar(one)));
  const sidecars = kindsOf(initContainers.filter(isSidecar));
  const main = kindsOf(containers);
  const isOneOf = (list: readonly Progress[], ...wanted: readonly Progress[]): boolean =>
    list.some((one) => wanted.includes(one));

  if (restartPolicy === 'Never' && isOneOf(init, 'failed')) return 'Failed';
  const isInitPending = isOneOf(init, 'unknown', 'waiting', 'starting', 'running');
  const hasBegun = isOneOf(main, 'running', 'starting', 'failed', 'succeeded', 'restarting');
  const isSidecarPending = isOneOf(sidecars, 'waiting', 'starting') && !hasBegun;
  const all = [...sidecars, ...main];
  if (isInitPending || isSidecarPending || isOneOf(all, 'waiting')) return 'Pending';
  if (isOneOf(all, 'unknown')) return 'Pending';
  if (isOneOf(all, 'running', 'starting')) return 'Running';
  if (!isOneOf(main, 'failed', 'succeeded', 'restarting')) return 'Pending';
  const haveAllSucceeded = main.every((one) => one === 'succeeded');
  if (!isTerminal && restartPolicy === 'Always') return 'Running';
  if (haveAllSucceeded) return 'Succeeded';
  return isTerminal || restartPolicy === 'Never' ? 'Failed' : 'Running';
}

/** How far a container has come. `restarting`: it ended well and waits to be started again. */
type Progress =
  | 'unknown'
  | 'waiting'
  | 'starting'
  | 'running'
  | 'failed'
  | 'succeeded'
  | 'restarting';

function progressOf(status: ContainerStatus | undefined): Progress {
  const { running, terminated, waiting } = status?.state ?? {};
  if (running) return status?.started === true ? 'running' : 'starting';
  if (terminated) return terminated.exitCode === 0 ? 'succeeded' : 'failed';
  if (!waiting) return 'unknown';
  const before = status?.lastState?.terminated;
  if (!before) return 'waiting';
  return before.exitCode === 0 ? 'restarting' : 'failed';
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
  const merged: PodStatus = { ...next, startTime: known.startTime ?? now };
  if (isTerminalPhase(known.phase)) merged.phase = known.phase;
  else if (isTerminalPhase(next.phase) && isRunning) {
    for (const field of ['phase', 'reason', 'message'] as const) {
      if (known[field] === undefined) delete merged[field];
      else merged[field] = known[field];
    }
  }
  const mine = (next.conditions ?? []).filter(
    ({ type }) => KUBELET_CONDITIONS.includes(type) || type === 'DisruptionTarget',
  );
  const others = (known.conditions ?? []).filter(
    ({ type }) =>
      !KUBELET_CONDITIONS.includes(type) &&
      !(type === 'DisruptionTarget' && mine.some((one) => one.type === type)),
  );
  const stamped = mine
    .map((condition) => ended(condition, merged.phase))
    .map((condition): PodCondition => {
      const before = known.conditions?.find(({ type }) => type === condition.type);
      const since = before?.status === condition.status ? before.lastTransitionTime : now;
      const { lastTransitionTime: _, ...rest } = condition;
      return { ...rest, ...(since !== undefined && { lastTransitionTime: since }) };
    });
  const disruption = stamped.filter(({ type }) => type === 'DisruptionTarget');
  const own = stamped.filter(({ type }) => type !== 'DisruptionTarget');
  merged.conditions = [...others, ...disruption, ...own];
  return semanticallyEqual(known, merged) ? known : merged;
}

function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Failed' || phase === 'Succeeded';
}

function ended(condition: PodCondition, phase: string | undefined): PodCondition {
  const { type, status } = condition;
  const isAboutReadiness = type === 'Ready' || type === 'ContainersReady';
  if (!isTerminalPhase(phase) || !isAboutReadiness || status !== 'True') return condition;
  return { type, status: 'False', reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' };
}
