/** Carries out the plan for a pod: sandboxes and containers made, started, stopped. Given. */

import type { Service } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, FileSystem, Pod } from '#apimachinery';
import { type CriClient, CriError } from '#container-runtime/cri';
import { ContainerConfigError } from '../container-config/container-config.ts';
import { containerEnvironment } from '../container-config/container-environment.ts';
import {
  containerConfig,
  hostnameOf,
  type NodeFacts,
  podLogDirectory,
  sandboxConfig,
} from '../container-config/container-request.ts';
import type { ImageUser } from '../container-config/security.ts';
import { type ContainerEvent, ImagePullError, type ImagePuller } from '../images/image-puller.ts';
import { pullSecrets } from '../images/pull-secrets.ts';
import type { ObjectCache } from '../objects/object-cache.ts';
import type { HttpGet } from '../probes/http-get.ts';
import { runHook } from '../restarts/lifecycle-hooks.ts';
import { PodKiller } from '../restarts/pod-killer.ts';
import { restartCountByLogs } from '../restarts/restart-count.ts';
import { restartKey } from '../restarts/restart-key.ts';
import { CrashLoopBackoff, restartDelay } from '../restarts/restarts.ts';
import { latestContainer, type PodRuntimeStatus } from '../runtime/pod-runtime-status.ts';
import { bareId, type RuntimeReader, readPod } from '../runtime/read-runtime.ts';
import type { StartFailure } from '../status/status.ts';
import { hostsFile, type VolumeManager } from '../volumes/volume-manager.ts';
import { computePodActions, type PodActions, type ProbeVerdicts } from './sync-pod.ts';

/** What the syncer needs. */
export interface PodSyncerOptions {
  readonly reader: RuntimeReader;
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly files: FileSystem;
  readonly facts: NodeFacts;
  readonly hostIPs: readonly string[];
  readonly puller: ImagePuller;
  readonly objects: ObjectCache;
  readonly volumes: VolumeManager;
  readonly probes: ProbeVerdicts;
  readonly httpGet: HttpGet;
  readonly allocatable: () => Readonly<Record<string, string>>;
  readonly services: (namespace: string) => readonly Service[];
  readonly event: ContainerEvent;
  readonly podEvent: (
    pod: Pod,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ) => void;
}

/** A container that did not start. */
class StartError extends Error {
  readonly reason: string;
  readonly retryMs: number;

  constructor(reason: string, message: string, retryMs = RETRY_MS) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

const RETRY_MS = 10_000;

/** Makes a pod as it should be, one step at a time. */
export class PodRuntimeSyncer {
  readonly #options: PodSyncerOptions;
  readonly backoff: CrashLoopBackoff;
  readonly killer: PodKiller;
  /** Why containers did not start, by uid and name. */
  readonly #failures = new Map<string, StartFailure>();

  constructor(options: PodSyncerOptions) {
    this.#options = options;
    this.backoff = new CrashLoopBackoff(options.clock);
    this.killer = new PodKiller(options);
  }

  failureOf(uid: string, name: string): StartFailure | undefined {
    return this.#failures.get(`${uid}/${name}`);
  }

  forget(uid: string): void {
    for (const key of this.#failures.keys())
      if (key.startsWith(`${uid}/`)) this.#failures.delete(key);
  }

  /**
   * @returns after how many milliseconds to look again, because something has to wait; `undefined`
   * when all went well
   * @throws Error, as a rejection, when the sandbox could not be made or something not be stopped
   */
  async sync(
    pod: Pod,
    status: PodRuntimeStatus,
    volumes: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const actions = computePodActions(pod, status, this.#options.probes);
    await this.#stopWhatMust(pod, status, actions);
    if (actions.killPod && !actions.createSandbox) return undefined;
    let { sandboxId } = actions;
    let ips = status.ips;
    if (actions.createSandbox) {
      sandboxId = await this.#createSandbox(pod, actions);
      const made = await this.#options.cri.podSandboxStatus({ podSandboxId: sandboxId });
      const first = made.status?.network?.ip ?? '';
      const more = made.status?.network?.additionalIps.map(({ ip }) => ip) ?? [];
      ips = [first, ...more].filter((ip) => ip !== '');
    }
    if (pod.spec?.hostNetwork) ips = this.#options.hostIPs;
    return this.#startAll(pod, status, actions, { sandboxId, ips, volumes }, signal);
  }

  async #stopWhatMust(pod: Pod, status: PodRuntimeStatus, actions: PodActions): Promise<void> {
    if (actions.killPod) {
      if (actions.createSandbox && actions.sandboxId !== '') {
        const message = 'Pod sandbox changed, it will be killed and re-created.';
        this.#options.podEvent(pod, 'Normal', 'SandboxChanged', message);
      }
      await this.killer.killPod(pod, status, undefined);
      if (actions.createSandbox) await this.#removeInit(pod, status);
      return;
    }
    for (const { id, message, reason } of actions.containersToKill) {
      const running = status.containers.find((one) => one.id === id);
      if (running) await this.killer.kill(pod, running, status, { message, reason });
    }
  }

  /** A new sandbox begins from the beginning. */
  async #removeInit(pod: Pod, status: PodRuntimeStatus): Promise<void> {
    const names = new Set((pod.spec?.initContainers ?? []).map(({ name }) => name));
    for (const { id, name } of status.containers) {
      if (names.has(name)) await this.#options.cri.removeContainer({ containerId: bareId(id) });
    }
  }

  async #createSandbox(pod: Pod, { attempt }: PodActions): Promise<string> {
    const { cri, facts, files, podEvent } = this.#options;
    files.makeDirectory(podLogDirectory(pod, facts));
    try {
      const config = sandboxConfig(pod, attempt, facts);
      return (await cri.runPodSandbox({ config })).podSandboxId;
    } catch (error) {
      podEvent(
        pod,
        'Warning',
        'FailedCreatePodSandBox',
        `Failed to create pod sandbox: ${textOf(error)}`,
      );
      throw error;
    }
  }

  async #startAll(
    pod: Pod,
    status: PodRuntimeStatus,
    actions: PodActions,
    place: Place,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { ephemeralContainers = [], initContainers = [], containers = [] } = pod.spec ?? {};
    const lists: (readonly [readonly number[], readonly Container[]])[] = [
      [actions.ephemeralContainersToStart, ephemeralContainers as readonly Container[]],
      [actions.initContainersToStart, initContainers],
      [actions.containersToStart, containers],
    ];
    const waits: number[] = [];
    for (const [positions, list] of lists) {
      for (const position of positions) {
        const container = list[position];
        if (!container || signal.aborted) continue;
        const waitMs = await this.#start(pod, container, status, place, signal);
        if (waitMs !== undefined) waits.push(waitMs);
        // The next init container waits for this one.
        if (waitMs !== undefined && list === initContainers) break;
      }
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** @returns after how long to try again, when it did not start */
  async #start(
    pod: Pod,
    container: Container,
    status: PodRuntimeStatus,
    place: Place,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const key = `${pod.metadata?.uid}/${container.name}`;
    try {
      const delay = restartDelay(this.backoff, restartKey(pod, container), container, pod, status);
      if (delay) {
        const { name, namespace, uid } = pod.metadata ?? {};
        this.#options.event(
          pod,
          container,
          'Warning',
          'BackOff',
          `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`,
        );
        throw new StartError('CrashLoopBackOff', delay.message, delay.remainingMs);
      }
      await this.#startNow(pod, container, status, place, signal);
      this.#failures.delete(key);
      return undefined;
    } catch (error) {
      const { reason, message, retryMs } = startErrorOf(error);
      this.#failures.set(key, { reason, message });
      return Math.min(retryMs, RETRY_MS);
    }
  }

  async #startNow(
    pod: Pod,
    container: Container,
    status: PodRuntimeStatus,
    place: Place,
    signal: AbortSignal,
  ): Promise<void> {
    const { cri, puller, event, facts, files } = this.#options;
    const warn = (message: string): void => event(pod, container, 'Warning', 'Failed', message);
    let imageRef: string;
    try {
      imageRef = await puller.ensureImage(
        pod,
        container,
        await pullSecrets(this.#options.objects, pod),
      );
    } catch (error) {
      if (error instanceof ImagePullError) warn(`Error: ${error.reason}`);
      throw error;
    }
    const latest = latestContainer(status, container.name);
    const logs = `${podLogDirectory(pod, facts)}/${container.name}`;
    const restartCount = latest ? latest.restartCount + 1 : restartCountByLogs(files, logs);
    const sandbox = sandboxConfig(pod, 0, facts);
    let containerId: string;
    try {
      const config = await this.#configOf(pod, container, status, restartCount, imageRef, place);
      ({ containerId } = await cri.createContainer({
        podSandboxId: place.sandboxId,
        config,
        sandboxConfig: sandbox,
      }));
    } catch (error) {
      const text = descriptionOf(error);
      warn(`Error: ${text}`);
      const isConfig = error instanceof ContainerConfigError;
      throw new StartError(isConfig ? 'CreateContainerConfigError' : 'CreateContainerError', text);
    }
    event(pod, container, 'Normal', 'Created', `Created container: ${container.name}`);
    try {
      await cri.startContainer({ containerId });
    } catch (error) {
      const text = descriptionOf(error);
      warn(`Error: ${text}`);
      throw new StartError('RunContainerError', text);
    }
    event(pod, container, 'Normal', 'Started', `Started container ${container.name}`);
    await this.#postStart(pod, container, containerId, place, signal);
  }

  async #configOf(
    pod: Pod,
    container: Container,
    status: PodRuntimeStatus,
    restartCount: number,
    imageRef: string,
    { ips, volumes }: Place,
  ) {
    const { facts, files, hostIPs, allocatable } = this.#options;
    const place = { podIPs: ips, hostIPs, allocatable: allocatable() };
    const environment = await containerEnvironment(this.#options, pod, container, place);
    const hosts = hostsFile(pod, ips, hostnameOf(pod, facts));
    const mounts = this.#options.volumes.mounts(pod, container, volumes, environment, hosts);
    files.makeDirectory(`${podLogDirectory(pod, facts)}/${container.name}`);
    const { targetContainerName } = container as { targetContainerName?: string };
    const target = targetContainerName ? latestContainer(status, targetContainerName) : undefined;
    return containerConfig(pod, facts, {
      container,
      restartCount,
      imageRef,
      imageUser: await this.#imageUser(imageRef),
      environment,
      mounts,
      targetId: target && bareId(target.id),
    });
  }

  async #imageUser(imageRef: string): Promise<ImageUser> {
    const { image } = await this.#options.cri.imageStatus({ image: { image: imageRef } });
    return { uid: image?.uid?.value, username: image?.username ?? '' };
  }

  async #postStart(
    pod: Pod,
    container: Container,
    containerId: string,
    { ips }: Place,
    signal: AbortSignal,
  ): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    const { event, reader } = this.#options;
    const id = `${reader.runtimeName}://${containerId}`;
    try {
      const place = { pod, container, containerId: id, podIP: ips[0] ?? '' };
      await runHook(this.#options, hook, place, signal);
    } catch (error) {
      if (signal.aborted) return;
      event(pod, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
      const status = await readPod(reader, pod.metadata?.uid ?? '');
      const started = status.containers.find((one) => one.id === id);
      const kill = { message: 'FailedPostStartHook', reason: '' } as const;
      if (started) await this.killer.kill(pod, started, status, kill);
      throw new StartError('PostStartHookError', textOf(error));
    }
  }
}

interface Place {
  readonly sandboxId: string;
  readonly ips: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
}

function startErrorOf(error: unknown): { reason: string; message: string; retryMs: number } {
  if (error instanceof StartError || error instanceof ImagePullError) return error;
  return { reason: 'CreateContainerError', message: textOf(error), retryMs: RETRY_MS };
}

function descriptionOf(error: unknown): string {
  return error instanceof CriError ? error.description : textOf(error);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
