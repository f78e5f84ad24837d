/**
 * Sandboxes and containers, from their beginning to their end.
 *
 * It keeps their states and their order of events. What they are made of is up to a `ContainerHost`;
 * how their states look in the CRI's messages is `../runtime.ts`.
 */

import type { Clock } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type {
  ContainerConfig,
  ContainerEventType,
  ContainerFilter,
  ContainerState,
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxState,
} from '../cri/index.ts';
import type { ContainerHost, PreparedContainer } from './container-host.ts';

/** The exit code of a container whose command could not be started. */
export const START_ERROR_EXIT_CODE = 127;

/** A sandbox as it is now. */
export interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly runtimeHandler: string;
  readonly state: PodSandboxState;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  /** Empty on the node's own network. */
  readonly ips: readonly string[];
}

/** A container as it is now. */
export interface ContainerRecord extends PreparedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly state: ContainerState;
  /** Nanoseconds since 1970; the last two are 0 before it happens. */
  readonly createdAt: bigint;
  readonly startedAt: bigint;
  readonly finishedAt: bigint;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
}

/** What `Containers` gets from outside. */
export interface ContainersOptions {
  readonly host: ContainerHost;
  readonly clock: Clock;
  /** A new id: 64 hexadecimal digits. */
  readonly newId: () => string;
  /** Told of what happens, after it has happened. */
  readonly onEvent?: (type: ContainerEventType, id: string) => void;
}

/**
 * The sandboxes and containers of a node.
 *
 * @remarks
 * A container goes one way only. What does not fit is refused, and what has been done already is no
 * error, since a kubelet that restarts asks again:
 *
 * ```text
 * createContainer   CREATED
 * startContainer    RUNNING               or EXITED (127, StartError) when it cannot be started
 *   its process ends                EXITED (its code, Completed | Error | OOMKilled)
 * stopContainer     the stop signal now, SIGKILL when the time is over;  EXITED
 * removeContainer   gone                  killed first when it runs
 * ```
 *
 * A sandbox is `SANDBOX_READY` from its beginning until it is stopped, then `SANDBOX_NOTREADY`.
 *
 * Rules for all methods:
 * 1. An id may be shortened: a beginning that only one sandbox (or container) has stands for it. The
 *    whole id goes before a beginning. An empty one names nothing. Messages have the whole id, unless
 *    they say otherwise.
 * 2. Times are the clock's `now()`, rounded down to whole milliseconds, in nanoseconds. A sandbox and a
 *    container are there, and `createdAt` is the time, when the host has answered; that is the order
 *    of lists, too.
 * 3. Names are taken: of a sandbox `NAME_NAMESPACE_UID_ATTEMPT`, of a container
 *    `CONTAINER_NAME_NAMESPACE_UID_ATTEMPT` with its own attempt at the end (and its sandbox's name,
 *    namespace and uid). A name is taken from the call that asks for it on, and free again when the
 *    thing is gone or could not be made.
 * 4. What is kept is nobody else's. What is given (configs, and what the host says) is copied when it
 *    comes; what is handed out does not change when the sandbox or container does, and whatever is
 *    done to it, deep inside too, changes nothing here (copies do, and so do frozen objects).
 * 5. `onEvent` is told after a state has changed and can be read: `CONTAINER_CREATED_EVENT` and
 *    `CONTAINER_STARTED_EVENT` for a sandbox that runs, `CONTAINER_STOPPED_EVENT`, and
 *    `CONTAINER_DELETED_EVENT` when it is gone; for containers the same at each step (a container that
 *    could not be started: stopped). Each once.
 * 6. Other calls may come while the host is asked, so after each wait look again. A container that is
 *    being started will run: who removes it, or stops or removes its sandbox, waits for the host's
 *    answer and then kills it.
 * 7. When the host's `tearDownSandbox` or `removeContainer` rejects, the call rejects with the same,
 *    but what it was to do is done: the sandbox is not ready, the container gone, the event told, and
 *    the host is not asked again.
 *
 * Open, so that nobody asks: whether a call that finds another one of the same kind under way for the
 * same thing resolves at once, or with it.
 *
 * @see containerd v2 internal/cri/server (sandbox_run.go, container_start.go, container_stop.go)
 */
export class Containers {
  // Your state goes here: fields of your own choosing.

  /** @exercise container-runtime/containers */
  constructor({ host, clock, newId, onEvent }: ContainersOptions) {
    throw new NotImplemented('container-runtime/containers', 'Containers.constructor');
  }

  /**
   * Makes a sandbox: takes its name, has the host set up its network, and then it is ready.
   *
   * @returns its id, made with `newId` before the host is asked
   * @throws CriError, as a rejection: `UNKNOWN` `failed to reserve sandbox name "NAME": name "NAME" is
   * reserved for "ID"` when the name is taken by ID; what the host rejects with, and then there is no
   * sandbox
   * @exercise container-runtime/containers
   */
  async runPodSandbox(config: PodSandboxConfig, runtimeHandler = ''): Promise<string> {
    throw new NotImplemented('container-runtime/containers', 'Containers.runPodSandbox');
  }

  /**
   * Ends a sandbox: kills its containers that run, without grace and all at once, and waits for their
   * end. Its containers are still there. A sandbox that is stopped or unknown is no error.
   *
   * @remarks In this order: no container of it runs or is being started any more, also none that came
   * while others ended; then it is not ready, which is told; then the host takes its network back
   * (once). Until then it is ready, and containers can be made in it.
   *
   * @exercise container-runtime/containers
   */
  async stopPodSandbox(id: string): Promise<void> {
    throw new NotImplemented('container-runtime/containers', 'Containers.stopPodSandbox');
  }

  /**
   * Stops a sandbox, removes its containers, then itself. One that is unknown is no error. When the
   * host fails on the way, the sandbox is still there; another call goes on.
   *
   * @exercise container-runtime/containers
   */
  async removePodSandbox(id: string): Promise<void> {
    throw new NotImplemented('container-runtime/containers', 'Containers.removePodSandbox');
  }

  /**
   * Makes a container in a sandbox: takes its name, and has the host prepare it.
   *
   * @remarks When the sandbox has been stopped or removed by the time the host answers, there is no
   * container: the host removes what it prepared, and then the call rejects as it would have at its
   * beginning, whatever the host says to that.
   *
   * @returns its id, made with `newId` before the host is asked
   * @throws CriError, as a rejection: what `sandbox` throws when there is none; `UNKNOWN` `sandbox
   * container "ID" is not running` when the sandbox is not ready; `UNKNOWN` `failed to reserve
   * container name "NAME": name "NAME" is reserved for "ID"`; what the host rejects with, and then
   * there is no container
   * @exercise container-runtime/containers
   */
  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    throw new NotImplemented('container-runtime/containers', 'Containers.createContainer');
  }

  /**
   * Starts a container. Resolves when it runs, not when it ends.
   *
   * @remarks When its process ends, `finishedAt`, `exitCode` and `reason` are set: `OOMKilled` when the
   * kernel killed it for want of memory, else `Completed` for 0 and `Error` for any other code. When the host cannot
   * start it, it is EXITED with {@link START_ERROR_EXIT_CODE}, `StartError`, the error's `description`
   * as its message (the text of the error if it is no CriError), `finishedAt` now, and `startedAt` 0.
   *
   * @throws CriError, as a rejection: what `container` throws; `UNKNOWN` `failed to set starting state
   * for container "ID": container is in STATE state` when it is not `CONTAINER_CREATED` (also while it
   * is being killed or removed), where STATE is `starting` while another call starts it; `UNKNOWN`
   * `sandbox container "ID" is not running` with the sandbox's id when that is not ready (the container
   * stays as it is); what the host rejects with
   * @exercise container-runtime/containers
   */
  async startContainer(id: string): Promise<void> {
    throw new NotImplemented('container-runtime/containers', 'Containers.startContainer');
  }

  /**
   * Ends a container. Resolves when it has ended.
   *
   * @remarks With a timeout its process gets its `stopSignal` at once; if it has not ended when the
   * time is over, `SIGKILL`. Without one it gets `SIGKILL` at once. No timer is left when it ends
   * sooner. Two calls at the same time both do this, so the shorter time counts. A container that does
   * not run, or is unknown, is no error, and nothing happens; so too with one that is being started:
   * it does not run yet.
   *
   * @param timeoutSeconds - 0 kills at once
   * @exercise container-runtime/containers
   */
  async stopContainer(id: string, timeoutSeconds = 0): Promise<void> {
    throw new NotImplemented('container-runtime/containers', 'Containers.stopContainer');
  }

  /**
   * Removes a container: kills it first if it runs, and has the host take away what it prepared (once).
   * One that is unknown is no error.
   *
   * @remarks Once it does not run it is gone, and its name free, before the host is asked; that it is
   * gone is told when the host has answered.
   *
   * @exercise container-runtime/containers
   */
  async removeContainer(id: string): Promise<void> {
    throw new NotImplemented('container-runtime/containers', 'Containers.removeContainer');
  }

  /**
   * A sandbox as it is now.
   *
   * @throws CriError `NOT_FOUND` `an error occurred when try to find sandbox: not found`
   * @exercise container-runtime/containers
   */
  sandbox(id: string): Sandbox {
    throw new NotImplemented('container-runtime/containers', 'Containers.sandbox');
  }

  /**
   * A container as it is now.
   *
   * @throws CriError `NOT_FOUND` `an error occurred when try to find container "ID": not found`, with
   * the id as it was given
   * @exercise container-runtime/containers
   */
  container(id: string): ContainerRecord {
    throw new NotImplemented('container-runtime/containers', 'Containers.container');
  }

  /**
   * Sandboxes for which every condition holds, in the order in which they were made.
   *
   * @param filter - `id` is a beginning; each label must be there with this value
   * @exercise container-runtime/containers
   */
  listSandboxes({ id, state, labelSelector }: PodSandboxFilter = {}): Sandbox[] {
    throw new NotImplemented('container-runtime/containers', 'Containers.listSandboxes');
  }

  /**
   * Containers for which every condition holds, in the order in which they were made.
   *
   * @param filter - `id` and `podSandboxId` are beginnings; each label must be there with this value
   * @exercise container-runtime/containers
   */
  listContainers(filter: ContainerFilter = {}): ContainerRecord[] {
    throw new NotImplemented('container-runtime/containers', 'Containers.listContainers');
  }
}
