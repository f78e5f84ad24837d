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
  isStarting: boolean;
  /** Resolves when its process has ended and that is written down. */
  ended: Promise<void> | undefined;
}

/** The sandboxes and containers of a node. */
export class Containers {
  readonly #host: ContainerHost;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #onEvent: (type: ContainerEventType, id: string) => void;
  readonly #sandboxes = new Map<string, Mutable<Sandbox>>();
  readonly #containers = new Map<string, LiveContainer>();
  /** Name to the id that has it. */
  readonly #names = new Map<string, string>();

  constructor({ host, clock, newId, onEvent }: ContainersOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#newId = newId;
    this.#onEvent = onEvent ?? (() => {});
  }

  async runPodSandbox(config: PodSandboxConfig, runtimeHandler = ''): Promise<string> {
    const id = this.#newId();
    const name = sandboxName(config);
    this.#reserve('sandbox', name, id);
    try {
      const ips = await this.#host.setUpSandbox(id, config);
      const createdAt = this.#now();
      const state = 'SANDBOX_READY';
      this.#sandboxes.set(id, { id, config, runtimeHandler, state, createdAt, ips });
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
    this.#onEvent('CONTAINER_CREATED_EVENT', id);
    this.#onEvent('CONTAINER_STARTED_EVENT', id);
    return id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) return;
    await Promise.all(this.#containersOf(sandbox.id).map((one) => this.#stop(one, 0)));
    if (sandbox.state === 'SANDBOX_NOTREADY') return;
    sandbox.state = 'SANDBOX_NOTREADY';
    await this.#host.tearDownSandbox(sandbox.id);
    this.#onEvent('CONTAINER_STOPPED_EVENT', sandbox.id);
  }

  async removePodSandbox(id: string): Promise<void> {
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) return;
    await this.stopPodSandbox(sandbox.id);
    await Promise.all(this.#containersOf(sandbox.id).map((one) => this.#remove(one)));
    if (!this.#sandboxes.delete(sandbox.id)) return;
    this.#names.delete(sandboxName(sandbox.config));
    this.#onEvent('CONTAINER_DELETED_EVENT', sandbox.id);
  }

  async createContainer(sandboxId: string, config: ContainerConfig): Promise<string> {
    const sandbox = this.#readySandbox(sandboxId);
    const id = this.#newId();
    const name = containerName(config, sandbox.config);
    this.#reserve('container', name, id);
    try {
      const prepared = await this.#host.prepareContainer(id, sandbox.id, config);
      const record: Mutable<ContainerRecord> = {
        ...prepared,
        id,
        sandboxId: sandbox.id,
        config,
        state: 'CONTAINER_CREATED',
        createdAt: this.#now(),
        startedAt: 0n,
        finishedAt: 0n,
        exitCode: 0,
        reason: '',
        message: '',
      };
      this.#containers.set(id, { record, process: undefined, isStarting: false, ended: undefined });
    } catch (error) {
      this.#names.delete(name);
      throw error;
    }
    this.#onEvent('CONTAINER_CREATED_EVENT', id);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#container(id);
    const { record } = container;
    if (record.state !== 'CONTAINER_CREATED' || container.isStarting) {
      const state = container.isStarting ? 'starting' : record.state;
      throw new CriError(
        'UNKNOWN',
        `failed to set starting state for container "${record.id}": container is in ${state} state`,
      );
    }
    this.#readySandbox(record.sandboxId);
    container.isStarting = true;
    try {
      container.process = await this.#host.startContainer(record.id);
    } catch (error) {
      this.#failedToStart(record, error);
      throw error;
    } finally {
      container.isStarting = false;
    }
    record.state = 'CONTAINER_RUNNING';
    record.startedAt = this.#now();
    container.ended = container.process.exited.then((exit) => this.#exited(record, exit));
    this.#onEvent('CONTAINER_STARTED_EVENT', record.id);
  }

  async stopContainer(id: string, timeoutSeconds = 0): Promise<void> {
    const container = find(this.#containers, id);
    if (container !== undefined) await this.#stop(container, timeoutSeconds);
  }

  async removeContainer(id: string): Promise<void> {
    const container = find(this.#containers, id);
    if (container !== undefined) await this.#remove(container);
  }

  sandbox(id: string): Sandbox {
    const sandbox = find(this.#sandboxes, id);
    if (sandbox === undefined) {
      throw new CriError('NOT_FOUND', 'an error occurred when try to find sandbox: not found');
    }
    return { ...sandbox };
  }

  container(id: string): ContainerRecord {
    return { ...this.#container(id).record };
  }

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

  async #remove(container: LiveContainer): Promise<void> {
    await this.#stop(container, 0);
    const { id, config, sandboxId } = container.record;
    if (!this.#containers.delete(id)) return;
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox !== undefined) this.#names.delete(containerName(config, sandbox.config));
    await this.#host.removeContainer(id);
    this.#onEvent('CONTAINER_DELETED_EVENT', id);
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
