/** Carries out the plan for a pod: sandboxes and containers made, started, stopped. Given. */

import type { ConfigMap, Secret, Service } from 'kubernetes-types/core/v1.js';
import type { Clock, Container, FileSystem, Pod } from '#apimachinery';
import { CONFIG_MAPS, SECRETS } from '#client';
import { type AuthConfig, type CriClient, CriError } from '#container-runtime/cri';
import {
  ContainerConfigError,
  environmentOf,
  serviceVariables,
} from '../container-config/container-config.ts';
import {
  containerConfig,
  hostnameOf,
  type NodeFacts,
  podLogDirectory,
  sandboxConfig,
} from '../container-config/container-request.ts';
import type { ImageUser } from '../container-config/security.ts';
import { type ContainerEvent, ImagePullError, type ImagePuller } from '../images/image-puller.ts';
import type { ObjectCache } from '../objects/object-cache.ts';
import type { HttpGet } from '../probes/http-get.ts';
import { runHook } from '../restarts/lifecycle-hooks.ts';
import { restartKey } from '../restarts/restart-key.ts';
import {
  CrashLoopBackoff,
  gracePeriodSeconds,
  type KillReason,
  restartDelay,
  stopContainer,
  terminationGroups,
} from '../restarts/restarts.ts';
import {
  latestContainer,
  type PodRuntimeStatus,
  type RuntimeContainer,
} from '../runtime/pod-runtime-status.ts';
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
  /** Why containers did not start, by uid and name. */
  readonly #failures = new Map<string, StartFailure>();

  constructor(options: PodSyncerOptions) {
    this.#options = options;
    this.backoff = new CrashLoopBackoff(options.clock);
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
      await this.killPod(pod, status, undefined, NEVER);
      if (actions.createSandbox) await this.#removeInit(pod, status);
      return;
    }
    for (const { id, message, reason } of actions.containersToKill) {
      const running = status.containers.find((one) => one.id === id);
      if (running) await this.#kill(pod, running, status, { message, reason });
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
    const { cri, puller, event, facts } = this.#options;
    const warn = (message: string): void => event(pod, container, 'Warning', 'Failed', message);
    let imageRef: string;
    try {
      imageRef = await puller.ensureImage(pod, container, await this.#pullSecrets(pod));
    } catch (error) {
      if (error instanceof ImagePullError) warn(`Error: ${error.reason}`);
      throw error;
    }
    const latest = latestContainer(status, container.name);
    const restartCount = latest === undefined ? 0 : latest.restartCount + 1;
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
    const environment = await this.#environment(pod, container, ips, hostIPs, allocatable());
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

  /** All that the environment names is asked for first. */
  async #environment(
    pod: Pod,
    container: Container,
    podIPs: readonly string[],
    hostIPs: readonly string[],
    allocatable: Readonly<Record<string, string>>,
  ): Promise<ReadonlyMap<string, string>> {
    const { objects, facts, services } = this.#options;
    const namespace = pod.metadata?.namespace ?? '';
    const configMaps = new Map<string, ConfigMap | undefined>();
    const secrets = new Map<string, Secret | undefined>();
    const sources = [
      ...(container.envFrom ?? []).map(({ configMapRef, secretRef }) => [configMapRef, secretRef]),
      ...(container.env ?? []).map(({ valueFrom }) => [
        valueFrom?.configMapKeyRef,
        valueFrom?.secretKeyRef,
      ]),
    ];
    for (const [configMap, secret] of sources) {
      if (configMap?.name) {
        configMaps.set(configMap.name, await objects.get(CONFIG_MAPS, namespace, configMap.name));
      }
      if (secret?.name) {
        secrets.set(secret.name, await objects.get(SECRETS, namespace, secret.name));
      }
    }
    const wantsServices = pod.spec?.enableServiceLinks !== false;
    const known = services(namespace).filter(
      ({ metadata }) => wantsServices || isKubernetesService(metadata),
    );
    return environmentOf({
      pod,
      container,
      podIPs,
      hostIPs,
      nodeName: facts.nodeName,
      configMap: (name) => configMaps.get(name),
      secret: (name) => secrets.get(name),
      services: serviceVariables(known),
      allocatable,
    });
  }

  async #pullSecrets(pod: Pod): Promise<AuthConfig[]> {
    const { objects } = this.#options;
    const auths: AuthConfig[] = [];
    for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
      const secret = await objects.get(SECRETS, pod.metadata?.namespace ?? '', name);
      const text = secret?.data?.['.dockerconfigjson'];
      if (text === undefined) continue;
      const config = JSON.parse(atob(text)) as { auths?: Record<string, AuthConfig> };
      for (const [serverAddress, { username = '', password = '', auth = '' }] of Object.entries(
        config.auths ?? {},
      )) {
        auths.push({ username, password, auth, serverAddress });
      }
    }
    return auths;
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
      if (started) await this.#kill(pod, started, status, kill);
      throw new StartError('PostStartHookError', textOf(error));
    }
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
    signal: AbortSignal,
  ): Promise<void> {
    const running = status.containers.filter(
      ({ phase }) => phase === 'running' || phase === 'unknown',
    );
    let before: Promise<void> | undefined;
    const all: Promise<void>[] = [];
    for (const group of terminationGroups(pod, running)) {
      const turn = before;
      const kills = group.map((one) =>
        this.#kill(pod, one, status, { message: '', reason: '', graceSeconds, turn, signal }),
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

  async #kill(
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

interface Place {
  readonly sandboxId: string;
  readonly ips: readonly string[];
  readonly volumes: ReadonlyMap<string, string>;
}

interface Kill {
  readonly message: string;
  readonly reason: KillReason;
  readonly graceSeconds?: number | undefined;
  readonly turn?: Promise<void> | undefined;
  readonly signal?: AbortSignal;
}

const NEVER = new AbortController().signal;

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

function isKubernetesService(metadata: Service['metadata']): boolean {
  return metadata?.namespace === 'default' && metadata.name === 'kubernetes';
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
