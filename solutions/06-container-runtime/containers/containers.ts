/**
 * Sandboxes and containers, from their beginning to their end.
 *
 * It keeps their states and their order of events. What they are made of is up to a `ContainerHost`;
 * how their states look in the CRI's messages is `../runtime.ts`.
 */

import type { Clock, Timer } from '#apimachinery';
import {
  type ContainerConfig,
  type ContainerEventType,
  type ContainerFilter,
  type ContainerState,
  CriError,
  type PodSandboxConfig,
  type PodSandboxFilter,
  type PodSandboxState,
  type StringMap,
} from '../cri/index.ts';
import type {
  ContainerExit,
  ContainerHost,
  ContainerProcess,
  PreparedContainer,
} from './container-host.ts';

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

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface LiveContainer {
  readonly record: Mutable<ContainerRecord>;
  process: ContainerProcess | undefined;
  /** While the host starts it: resolves when the host has answered, and never rejects. */
  starting: Promise<void> | undefined;
  /** Resolves when its process has ended and that is written down. */
  ended: Promise<void> | undefined;
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
  readonly #host: ContainerHost;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #onEvent: (type: ContainerEventType, id: string) => void;
  readonly #sandboxes = new Map<string, Mutable<Sandbox>>();
  readonly #containers = new Map<string, LiveContainer>();
  /** Name to the id that has it. */
  readonly #names = new Map<string, string>();

  /** @exercise container-runtime/containers */
  constructor({ host, clock, newId, onEvent }: ContainersOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#newId = newId;
    this.#onEvent = onEvent ?? (() => {});
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
    const id = this.#newId();
    const kept = frozenCopy(config);
    const name = sandboxName(kept);
    this.#reserve('sandbox', name, id);
    try {
      const ips = frozenCopy(await this.#host.setUpSandbox(id, kept));
      const createdAt = this.#now();
      const state = 'SANDBOX_READY';
      this.#sandboxes.set(id, { id, config: kept, runtimeHandler, state, createdAt, ips });
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
    this.#onEvent('CONTAINER_CREATED_EVENT', id);
    this.#onEvent('CONTAINER_STARTED_EVENT', id);
    return id;
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
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) return;
    let busy = this.#busyIn(sandbox.id);
    for (; busy.length > 0; busy = this.#busyIn(sandbox.id)) {
      await Promise.all(busy.map((one) => this.#kill(one)));
    }
    if (sandbox.state === 'SANDBOX_NOTREADY') return;
    sandbox.state = 'SANDBOX_NOTREADY';
    this.#onEvent('CONTAINER_STOPPED_EVENT', sandbox.id);
    await this.#host.tearDownSandbox(sandbox.id);
  }

  /**
   * Stops a sandbox, removes its containers, then itself. One that is unknown is no error. When the
   * host fails on the way, the sandbox is still there; another call goes on.
   *
   * @exercise container-runtime/containers
   */
  async removePodSandbox(id: string): Promise<void> {
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) return;
    await this.stopPodSandbox(sandbox.id);
    await Promise.all(this.#containersOf(sandbox.id).map((one) => this.#remove(one)));
    if (!this.#sandboxes.delete(sandbox.id)) return;
    this.#names.delete(sandboxName(sandbox.config));
    this.#onEvent('CONTAINER_DELETED_EVENT', sandbox.id);
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
    const sandbox = this.#readySandbox(sandboxId);
    const id = this.#newId();
    const kept = frozenCopy(config);
    const name = containerName(kept, sandbox.config);
    this.#reserve('container', name, id);
    try {
      const prepared = await this.#host.prepareContainer(id, sandbox.id, kept);
      await this.#checkStillReady(sandbox.id, id);
      const record: Mutable<ContainerRecord> = {
        ...frozenCopy(prepared),
        id,
        sandboxId: sandbox.id,
        config: kept,
        state: 'CONTAINER_CREATED',
        createdAt: this.#now(),
        startedAt: 0n,
        finishedAt: 0n,
        exitCode: 0,
        reason: '',
        message: '',
      };
      this.#containers.set(id, {
        record,
        process: undefined,
        starting: undefined,
        ended: undefined,
      });
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
    this.#onEvent('CONTAINER_CREATED_EVENT', id);
    return id;
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
    const container = this.#container(id);
    const { record } = container;
    if (record.state !== 'CONTAINER_CREATED' || container.starting !== undefined) {
      const state = container.starting === undefined ? record.state : 'starting';
      throw new CriError(
        'UNKNOWN',
        `failed to set starting state for container "${record.id}": container is in ${state} state`,
      );
    }
    this.#readySandbox(record.sandboxId);
    let answered = (): void => {};
    container.starting = new Promise((resolve) => {
      answered = resolve;
    });
    try {
      container.process = await this.#host.startContainer(record.id);
    } catch (error) {
      this.#failedToStart(record, error);
      throw error;
    } finally {
      container.starting = undefined;
      answered();
    }
    record.state = 'CONTAINER_RUNNING';
    record.startedAt = this.#now();
    container.ended = container.process.exited.then((exit) => this.#exited(record, exit));
    this.#onEvent('CONTAINER_STARTED_EVENT', record.id);
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
    const container = find(this.#containers, id);
    if (container !== undefined) await this.#stop(container, timeoutSeconds);
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
    const container = find(this.#containers, id);
    if (container !== undefined) await this.#remove(container);
  }

  /**
   * A sandbox as it is now.
   *
   * @throws CriError `NOT_FOUND` `an error occurred when try to find sandbox: not found`
   * @exercise container-runtime/containers
   */
  sandbox(id: string): Sandbox {
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) {
      throw new CriError('NOT_FOUND', 'an error occurred when try to find sandbox: not found');
    }
    return { ...sandbox };
  }

  /**
   * A container as it is now.
   *
   * @throws CriError `NOT_FOUND` `an error occurred when try to find container "ID": not found`, with
   * the id as it was given
   * @exercise container-runtime/containers
   */
  container(id: string): ContainerRecord {
    return { ...this.#container(id).record };
  }

  /**
   * Sandboxes for which every condition holds, in the order in which they were made.
   *
   * @param filter - `id` is a beginning; each label must be there with this value
   * @exercise container-runtime/containers
   */
  listSandboxes({ id, state, labelSelector }: PodSandboxFilter = {}): Sandbox[] {
    return [...this.#sandboxes.values()]
      .filter(
        (one) =>
          one.id.startsWith(id ?? '') &&
          (state === undefined || one.state === state.state) &&
          hasLabels(one.config.labels, labelSelector),
      )
      .map((one) => ({ ...one }));
  }

  /**
   * Containers for which every condition holds, in the order in which they were made.
   *
   * @param filter - `id` and `podSandboxId` are beginnings; each label must be there with this value
   * @exercise container-runtime/containers
   */
  listContainers(filter: ContainerFilter = {}): ContainerRecord[] {
    const { id = '', state, podSandboxId = '', labelSelector } = filter;
    return [...this.#containers.values()]
      .map(({ record }) => record)
      .filter(
        (one) =>
          one.id.startsWith(id) &&
          (state === undefined || one.state === state.state) &&
          one.sandboxId.startsWith(podSandboxId) &&
          hasLabels(one.config.labels, labelSelector),
      )
      .map((one) => ({ ...one }));
  }

  #exited(record: Mutable<ContainerRecord>, { exitCode, isOomKilled }: ContainerExit): void {
    record.state = 'CONTAINER_EXITED';
    record.finishedAt = this.#now();
    record.exitCode = exitCode;
    record.reason = reasonOf(exitCode, isOomKilled);
    this.#onEvent('CONTAINER_STOPPED_EVENT', record.id);
  }

  #failedToStart(record: Mutable<ContainerRecord>, error: unknown): void {
    record.state = 'CONTAINER_EXITED';
    record.finishedAt = this.#now();
    record.exitCode = START_ERROR_EXIT_CODE;
    record.reason = 'StartError';
    record.message = error instanceof CriError ? error.description : String(error);
    this.#onEvent('CONTAINER_STOPPED_EVENT', record.id);
  }

  async #stop(container: LiveContainer, timeoutSeconds: number): Promise<void> {
    const { process, ended, record } = container;
    if (process === undefined || ended === undefined || record.state !== 'CONTAINER_RUNNING')
      return;
    if (timeoutSeconds > 0) {
      process.kill(record.stopSignal);
      if (await this.#endsWithin(ended, timeoutSeconds * 1000)) return;
    }
    process.kill('SIGKILL');
    await ended;
  }

  /** Leaves no timer behind when it ends sooner. */
  async #endsWithin(ended: Promise<void>, ms: number): Promise<boolean> {
    let timer: Timer | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = this.#clock.after(ms, () => resolve(false));
    });
    const hasEnded = await Promise.race([ended.then(() => true), timeout]);
    timer?.cancel();
    return hasEnded;
  }

  /** Also one that is being started. */
  async #kill(container: LiveContainer): Promise<void> {
    await container.starting;
    await this.#stop(container, 0);
  }

  async #remove(container: LiveContainer): Promise<void> {
    // No wait between the last look and the deletion: somebody might start it meanwhile.
    while (isBusy(container)) await this.#kill(container);
    const { id, config, sandboxId } = container.record;
    if (!this.#containers.delete(id)) return;
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox !== undefined) this.#names.delete(containerName(config, sandbox.config));
    try {
      await this.#host.removeContainer(id);
    } finally {
      this.#onEvent('CONTAINER_DELETED_EVENT', id);
    }
  }

  /** Takes back what was prepared for a container whose sandbox is not ready any more. */
  async #checkStillReady(sandboxId: string, id: string): Promise<void> {
    try {
      this.#readySandbox(sandboxId);
    } catch (error) {
      await this.#host.removeContainer(id).catch(() => {});
      throw error;
    }
  }

  #busyIn(sandboxId: string): LiveContainer[] {
    return this.#containersOf(sandboxId).filter(isBusy);
  }

  #containersOf(sandboxId: string): LiveContainer[] {
    return [...this.#containers.values()].filter(({ record }) => record.sandboxId === sandboxId);
  }

  #container(id: string): LiveContainer {
    const container = find(this.#containers, id);
    if (container !== undefined) return container;
    throw new CriError(
      'NOT_FOUND',
      `an error occurred when try to find container "${id}": not found`,
    );
  }

  #readySandbox(id: string): Sandbox {
    const sandbox = this.sandbox(id);
    if (sandbox.state === 'SANDBOX_READY') return sandbox;
    throw new CriError('UNKNOWN', `sandbox container "${sandbox.id}" is not running`);
  }

  #reserve(kind: 'sandbox' | 'container', name: string, id: string): void {
    const holder = this.#names.get(name);
    if (holder !== undefined) {
      throw new CriError(
        'UNKNOWN',
        `failed to reserve ${kind} name "${name}": name "${name}" is reserved for "${holder}"`,
      );
    }
    this.#names.set(name, id);
  }

  #now(): bigint {
    return BigInt(Math.floor(this.#clock.now())) * 1_000_000n;
  }
}

/** It runs, or will soon. */
function isBusy({ starting, record }: LiveContainer): boolean {
  return starting !== undefined || record.state === 'CONTAINER_RUNNING';
}

/** A copy that can be handed out: nobody can change it. */
function frozenCopy<T>(value: T): T {
  return frozen(structuredClone(value));
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** By the whole id, or by a beginning that only one has. */
function find<T>(all: ReadonlyMap<string, T>, id: string): T | undefined {
  const exact = all.get(id);
  if (exact !== undefined || id === '') return exact;
  const matching = [...all.keys()].filter((other) => other.startsWith(id));
  const [only = ''] = matching;
  return matching.length === 1 ? all.get(only) : undefined;
}

function sandboxName({ metadata }: PodSandboxConfig): string {
  const { name, namespace, uid, attempt } = metadata;
  return [name, namespace, uid, attempt].join('_');
}

function containerName({ metadata }: ContainerConfig, sandbox: PodSandboxConfig): string {
  const { name, namespace, uid } = sandbox.metadata;
  return [metadata.name, name, namespace, uid, metadata.attempt].join('_');
}

function hasLabels(labels: StringMap = {}, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

function reasonOf(exitCode: number, isOomKilled: boolean): string {
  if (isOomKilled) return 'OOMKilled';
  return exitCode === 0 ? 'Completed' : 'Error';
}
