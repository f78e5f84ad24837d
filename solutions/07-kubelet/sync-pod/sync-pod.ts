/**
 * What must be done so that a pod is as it should be: what to start, what to stop, what to leave.
 *
 * Only the plan, from the pod and what the runtime has of it. `sync-pod/pod-syncer.ts` carries it
 * out; whether a container has to wait before it is started is `restarts/restarts.ts`.
 */

import type { Container, Pod } from '#apimachinery';
import { type KillReason, shouldContainerBeRestarted } from '../restarts/restarts.ts';
import { hashContainer } from '../runtime/container-hash.ts';
import {
  isSidecar,
  latestContainer,
  type PodRuntimeStatus,
  type RuntimeContainer,
  restartsOnFailure,
} from '../runtime/pod-runtime-status.ts';

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
  const [newest] = status.sandboxes;
  if (newest === undefined) return { changed: true, attempt: 0, sandboxId: '' };
  const hostNetwork = pod.spec?.hostNetwork === true;
  const replaced = { changed: true, attempt: newest.attempt + 1, sandboxId: newest.id };
  const ready = status.sandboxes.filter(({ isReady }) => isReady);
  if (ready.length > 1 || !newest.isReady) return replaced;
  if (newest.hostNetwork !== hostNetwork) return { ...replaced, sandboxId: '' };
  if (!hostNetwork && newest.ips.length === 0) return replaced;
  return { changed: false, attempt: newest.attempt, sandboxId: newest.id };
}

/** What a plan is made of while it is made. */
interface Draft {
  readonly init: number[];
  readonly containers: number[];
  readonly kill: ContainerToKill[];
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
  const { changed, attempt, sandboxId } = sandboxVerdict(pod, status);
  const base: PodActions = {
    killPod: changed,
    createSandbox: changed,
    sandboxId,
    attempt,
    initContainersToStart: [],
    containersToStart: [],
    ephemeralContainersToStart: [],
    containersToKill: [],
  };
  if (changed) return { ...base, ...startOver(pod, status, attempt) };
  const ephemeral = positions(pod.spec?.ephemeralContainers, ({ name }) => {
    return latestContainer(status, name) === undefined;
  });
  const draft: Draft = { init: [], containers: [], kill: [] };
  const progress = planInit(pod, status, probes, draft);
  const kept = progress === 'initialized' ? planContainers(pod, status, probes, draft) : 0;
  const isOver = progress === 'initialized' && kept === 0 && draft.containers.length === 0;
  const killPod = progress === 'failed' || isOver;
  return {
    ...base,
    killPod,
    ephemeralContainersToStart: ephemeral,
    initContainersToStart: killPod ? [] : draft.init.sort((a, b) => a - b),
    containersToStart: draft.containers,
    containersToKill: draft.kill,
  };
}

function startOver(pod: Pod, status: PodRuntimeStatus, attempt: number): Partial<PodActions> {
  const { containers = [], initContainers = [], restartPolicy } = pod.spec ?? {};
  if (restartPolicy === 'Never' && attempt !== 0 && status.containers.length > 0) {
    return { createSandbox: false };
  }
  const toStart = positions(containers, ({ name }) => {
    const latest = latestContainer(status, name);
    const hasSucceeded = latest?.phase === 'exited' && latest.exitCode === 0;
    return restartPolicy !== 'OnFailure' || !hasSucceeded;
  });
  const isDone = containers.some(({ name }) => {
    const phase = latestContainer(status, name)?.phase ?? 'unknown';
    return phase !== 'unknown';
  });
  if (toStart.length === 0 && isDone) return { createSandbox: false };
  return initContainers.length > 0
    ? { initContainersToStart: [0] }
    : { containersToStart: toStart };
}

type InitProgress = 'initialized' | 'in-progress' | 'failed';

function planInit(
  pod: Pod,
  status: PodRuntimeStatus,
  probes: ProbeVerdicts,
  draft: Draft,
): InitProgress {
  const init = pod.spec?.initContainers ?? [];
  if (init.length === 0) return 'initialized';
  let isInitialized = (pod.spec?.containers ?? []).some(({ name }) => {
    const phase = latestContainer(status, name)?.phase;
    return phase === 'created' || phase === 'running';
  });
  let isThrough = isInitialized;
  for (const [i, container] of [...init.entries()].reverse()) {
    const latest = latestContainer(status, container.name);
    if (latest === undefined) {
      if (isThrough && isSidecar(container)) draft.init.push(i);
      continue;
    }
    if (isThrough && !isSidecar(container)) continue;
    const verdict = isSidecar(container)
      ? planSidecar(container, latest, probes, i, draft)
      : planInitContainer(pod, container, latest, i, draft);
    if (verdict === 'failed') return 'failed';
    if (verdict === 'next' && !isThrough) {
      if (i === init.length - 1) isInitialized = true;
      else draft.init.push(i + 1);
    }
    isThrough = true;
  }
  if (!isThrough) draft.init.push(0);
  return isInitialized ? 'initialized' : 'in-progress';
}

type InitVerdict = 'next' | 'wait' | 'failed';

function planInitContainer(
  pod: Pod,
  container: Container,
  latest: RuntimeContainer,
  position: number,
  { init, kill }: Draft,
): InitVerdict {
  if (latest.phase === 'running') return 'wait';
  if (latest.phase === 'exited' && latest.exitCode === 0) return 'next';
  if (latest.phase !== 'created' && !restartsOnFailure(pod)) return 'failed';
  if (latest.phase === 'unknown') kill.push(killUnknown(container, latest, 'Init container'));
  init.push(position);
  return 'wait';
}

function planSidecar(
  container: Container,
  latest: RuntimeContainer,
  probes: ProbeVerdicts,
  position: number,
  { init, kill }: Draft,
): InitVerdict {
  const { id } = latest;
  const { name } = container;
  const restart = (message: string, reason: KillReason): void => {
    kill.push({ id, name, message: `Init container ${name} ${message}`, reason });
    init.push(position);
  };
  if (latest.phase !== 'running') {
    if (latest.phase === 'unknown') kill.push(killUnknown(container, latest, 'Init container'));
    init.push(position);
    return 'wait';
  }
  const startup = container.startupProbe ? probes.startup(id) : 'success';
  if (startup === 'failure') restart('failed startup probe', 'startup-probe');
  if (startup !== 'success') return 'wait';
  if (hashContainer(container) !== latest.hash) restart('definition changed', '');
  else if (container.livenessProbe && probes.liveness(id) === 'failure') {
    restart('failed liveness probe', 'liveness-probe');
  }
  return 'next';
}

/** @returns how many containers are kept */
function planContainers(
  pod: Pod,
  status: PodRuntimeStatus,
  probes: ProbeVerdicts,
  draft: Draft,
): number {
  let kept = 0;
  for (const [i, container] of (pod.spec?.containers ?? []).entries()) {
    const latest = latestContainer(status, container.name);
    if (latest?.phase !== 'running') {
      if (!shouldContainerBeRestarted(container, pod, status)) continue;
      draft.containers.push(i);
      if (latest?.phase === 'unknown') {
        draft.kill.push(killUnknown(container, latest, 'Container'));
      }
      continue;
    }
    const fault = faultOf(container, latest, probes);
    if (fault === undefined) {
      kept++;
      continue;
    }
    const { id } = latest;
    const { name } = container;
    const restarts = fault.reason === '' || restartsOnFailure(pod);
    if (restarts) draft.containers.push(i);
    const message = `Container ${name} ${fault.message}${restarts ? ', will be restarted' : ''}`;
    draft.kill.push({ id, name, message, reason: fault.reason });
  }
  return kept;
}

/** What is wrong with a container that runs. */
function faultOf(
  container: Container,
  { id, hash }: RuntimeContainer,
  probes: ProbeVerdicts,
): { readonly message: string; readonly reason: KillReason } | undefined {
  if (hash !== hashContainer(container)) return { message: 'definition changed', reason: '' };
  if (probes.liveness(id) === 'failure') {
    return { message: 'failed liveness probe', reason: 'liveness-probe' };
  }
  if (probes.startup(id) === 'failure') {
    return { message: 'failed startup probe', reason: 'startup-probe' };
  }
  return undefined;
}

function killUnknown(
  { name }: Container,
  { id }: RuntimeContainer,
  what: 'Container' | 'Init container',
): ContainerToKill {
  const message = `${what} is in "unknown" state, try killing it before restart`;
  return { id, name, message, reason: 'unknown-state' };
}

function positions<T>(list: readonly T[] | undefined, holds: (item: T) => boolean): number[] {
  return (list ?? []).flatMap((item, i) => (holds(item) ? [i] : []));
}
