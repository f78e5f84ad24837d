/**
 * The runtime as the CRI sees it: every RPC, in process. Given.
 *
 * It looks things up and puts answers together. States are `containers/containers.ts`, images
 * `images/image-store.ts`, what runs is `simulated-host.ts`; streams are `runtime-streams.ts`, stats
 * `runtime-stats.ts`. Over a socket it is `wire/`.
 */

import type { Clock, FileSystem, Logger, Random } from '#apimachinery';
import { newCatalogue } from './catalogue/catalogue.ts';
import { type ContainerRecord, Containers, type Sandbox } from './containers/containers.ts';
import * as cri from './cri/index.ts';
import { containerItem, imageItem, sandboxItem, sandboxStatus } from './cri-records.ts';
import { EventHub } from './event-hub.ts';
import { ImageStore } from './images/image-store.ts';
import type { Registry } from './images/registry.ts';
import { emptySource } from './kernel/pipe.ts';
import type { Programs } from './kernel/program.ts';
import { execSync, WRITABLE_LAYER } from './logs-stats-exec/logs-stats-exec.ts';
import { NetworkSwitch, type NodeNetwork } from './network/node-network.ts';
import { newPrograms } from './programs/programs.ts';
import { RuntimeStats } from './runtime-stats.ts';
import { RuntimeStreams, runningContainer } from './runtime-streams.ts';
import { SimulatedHost, sinkTo } from './simulated-host.ts';

/** The version of the CRI that this speaks. */
export const CRI_VERSION = 'v1';
const RUNTIME_NAME = 'kubernetes-from-scratch';
const RUNTIME_VERSION = '0.1.0';

/** In containerd's words. */
const NO_ADDRESSES: cri.RuntimeCondition = {
  type: 'NetworkReady',
  status: false,
  reason: 'NetworkPluginNotReady',
  message: 'Network plugin returns error: cni plugin not initialized',
};

/** What a runtime gets from outside. */
export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The node's files: logs are written there, and mounts come from there. */
  readonly files: FileSystem;
  /** Where images come from; the built-in catalogue if absent. */
  readonly registry?: Registry;
  /** What executable files of images stand for, beside the built-in ones. */
  readonly programs?: Programs;
  /** What connects the sandboxes; a switch of its own if absent. */
  readonly network?: NodeNetwork;
  /** CPUs that the containers share; 4 if absent. */
  readonly cpus?: number;
  /** The node's own address; 127.0.0.1 if absent. */
  readonly nodeIp?: string;
  readonly nodeName?: string;
  /**
   * Where sandboxes' addresses come from until `updateRuntimeConfig` says. Absent: the network is not
   * ready before that, and who makes a sandbox all the same gets an address in 10.88.0.0/16.
   */
  readonly podCidr?: string;
  /** Where a streaming server answers, such as `http://127.0.0.1:10010`; only `wire/` has one. */
  readonly streamingUrl?: (path: string) => string;
}

/** A runtime in process: the CRI, its streams, and an end. */
export interface SimulatedRuntime extends cri.CriClient, cri.StreamingRuntime {
  /** Kills every process. Nothing is left behind: no timer, no event stream. */
  stop(): void;
}

/** Makes a runtime with no sandbox, no container and no image. */
export function newSimulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  return new Runtime(options);
}

class Runtime implements SimulatedRuntime {
  readonly #options: SimulatedRuntimeOptions;
  readonly #images: ImageStore;
  readonly #host: SimulatedHost;
  readonly #containers: Containers;
  readonly #events: EventHub;
  #isNetworkReady: boolean;
  readonly #streams: RuntimeStreams;
  readonly #stats: RuntimeStats;

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    const { clock, random, files } = options;
    this.#images = new ImageStore({ registry: options.registry ?? newCatalogue(), clock });
    this.#host = new SimulatedHost({
      clock,
      files,
      images: this.#images,
      programs: new Map([...newPrograms(), ...(options.programs ?? [])]),
      cpus: options.cpus ?? 4,
      network: options.network ?? new NetworkSwitch(),
      nodeIp: options.nodeIp ?? '127.0.0.1',
      nodeName: options.nodeName ?? 'localhost',
      podCidr: options.podCidr ?? '10.88.0.0/16',
    });
    this.#isNetworkReady = options.podCidr !== undefined;
    this.#containers = new Containers({
      host: this.#host,
      clock,
      newId: () => newId(random),
      onEvent: (type, id) => this.#events.tell(type, id),
    });
    this.#streams = new RuntimeStreams(this.#containers, this.#host);
    this.#stats = new RuntimeStats(this.#host, () => this.#now());
    this.#events = new EventHub((type, id) => this.#event(type, id));
  }

  async version(): Promise<cri.VersionResponse> {
    return {
      version: '0.1.0',
      runtimeName: RUNTIME_NAME,
      runtimeVersion: RUNTIME_VERSION,
      runtimeApiVersion: CRI_VERSION,
    };
  }

  async status({ verbose = false }: cri.StatusRequest = {}): Promise<cri.StatusResponse> {
    const fine = (type: string) => ({ type, status: true, reason: '', message: '' });
    return {
      status: {
        conditions: [
          fine('RuntimeReady'),
          this.#isNetworkReady ? fine('NetworkReady') : NO_ADDRESSES,
        ],
      },
      info: verbose ? { config: JSON.stringify({ cpus: this.#options.cpus ?? 4 }) } : {},
      runtimeHandlers: [
        { name: '', features: { recursiveReadOnlyMounts: false, userNamespaces: false } },
      ],
      features: { supplementalGroupsPolicy: true },
    };
  }

  async updateRuntimeConfig({ runtimeConfig }: cri.UpdateRuntimeConfigRequest): Promise<cri.Empty> {
    const podCidr = runtimeConfig?.networkConfig?.podCidr ?? '';
    if (podCidr !== '') {
      this.#host.networks.setPodCidr(podCidr);
      this.#isNetworkReady = true;
    }
    return {};
  }

  async runtimeConfig(): Promise<cri.RuntimeConfigResponse> {
    return { linux: { cgroupDriver: 'CGROUPFS' } };
  }

  async runPodSandbox(request: cri.RunPodSandboxRequest): Promise<cri.RunPodSandboxResponse> {
    const { config, runtimeHandler = '' } = request;
    if (runtimeHandler !== '') {
      throw new cri.CriError(
        'UNKNOWN',
        `failed to get sandbox runtime: no runtime for "${runtimeHandler}" is configured`,
      );
    }
    return { podSandboxId: await this.#containers.runPodSandbox(config, runtimeHandler) };
  }

  async stopPodSandbox({ podSandboxId }: cri.StopPodSandboxRequest): Promise<cri.Empty> {
    await this.#containers.stopPodSandbox(podSandboxId);
    return {};
  }

  async removePodSandbox({ podSandboxId }: cri.RemovePodSandboxRequest): Promise<cri.Empty> {
    await this.#containers.removePodSandbox(podSandboxId);
    this.#host.networks.forget(podSandboxId);
    return {};
  }

  async podSandboxStatus(
    request: cri.PodSandboxStatusRequest,
  ): Promise<cri.PodSandboxStatusResponse> {
    const sandbox = this.#containers.sandbox(request.podSandboxId);
    return {
      status: sandboxStatus(sandbox),
      info: request.verbose ? { info: JSON.stringify({ ips: sandbox.ips }) } : {},
      containersStatuses: this.#statusesOf(sandbox.id),
      timestamp: this.#now(),
    };
  }

  async listPodSandbox({
    filter,
  }: cri.ListPodSandboxRequest = {}): Promise<cri.ListPodSandboxResponse> {
    return { items: this.#containers.listSandboxes(filter).map(sandboxItem) };
  }

  async createContainer(request: cri.CreateContainerRequest): Promise<cri.CreateContainerResponse> {
    const { podSandboxId, config } = request;
    return { containerId: await this.#containers.createContainer(podSandboxId, config) };
  }

  async startContainer({ containerId }: cri.StartContainerRequest): Promise<cri.Empty> {
    await this.#containers.startContainer(containerId);
    return {};
  }

  async stopContainer({ containerId, timeout }: cri.StopContainerRequest): Promise<cri.Empty> {
    await this.#containers.stopContainer(containerId, timeout);
    return {};
  }

  async removeContainer({ containerId }: cri.RemoveContainerRequest): Promise<cri.Empty> {
    await this.#containers.removeContainer(containerId);
    this.#stats.forget(containerId);
    return {};
  }

  async listContainers({
    filter,
  }: cri.ListContainersRequest = {}): Promise<cri.ListContainersResponse> {
    return { containers: this.#containers.listContainers(filter).map(containerItem) };
  }

  async containerStatus(request: cri.ContainerStatusRequest): Promise<cri.ContainerStatusResponse> {
    const record = this.#containers.container(request.containerId);
    return {
      status: this.#containerStatus(record),
      info: request.verbose ? { info: JSON.stringify({ sandboxID: record.sandboxId }) } : {},
    };
  }

  async updateContainerResources(request: cri.UpdateContainerResourcesRequest): Promise<cri.Empty> {
    const { id } = this.#containers.container(request.containerId);
    this.#host.updateResources(id, request.linux ?? {});
    return {};
  }

  async reopenContainerLog({ containerId }: cri.ReopenContainerLogRequest): Promise<cri.Empty> {
    const { id } = runningContainer(this.#containers, containerId, 'container is not running');
    this.#host.container(id).output.reopen();
    return {};
  }

  async execSync({
    containerId,
    cmd,
    timeout = 0,
  }: cri.ExecSyncRequest): Promise<cri.ExecSyncResponse> {
    const { id } = runningContainer(this.#containers, containerId);
    return execSync(
      (write) =>
        this.#host.exec(id, {
          argv: cmd,
          stdin: emptySource,
          stdout: sinkTo((bytes) => write('stdout', bytes)),
          stderr: sinkTo((bytes) => write('stderr', bytes)),
        }),
      timeout,
      this.#options.clock,
    );
  }

  async exec(): Promise<cri.StreamingResponse> {
    throw noStreamingServer('exec');
  }

  async attach(): Promise<cri.StreamingResponse> {
    throw noStreamingServer('attach');
  }

  async portForward(): Promise<cri.StreamingResponse> {
    throw noStreamingServer('port forward');
  }

  execStream(request: cri.ExecRequest): Promise<cri.ExecStream> {
    return this.#streams.execStream(request);
  }

  attachStream(request: cri.AttachRequest): Promise<cri.ExecStream> {
    return this.#streams.attachStream(request);
  }

  portForwardStream(podSandboxId: string, port: number): Promise<cri.PortForwardStream> {
    return this.#streams.portForwardStream(podSandboxId, port);
  }

  async containerStats(request: cri.ContainerStatsRequest): Promise<cri.ContainerStatsResponse> {
    return { stats: this.#stats.ofContainer(this.#containers.container(request.containerId)) };
  }

  async listContainerStats({
    filter = {},
  }: cri.ListContainerStatsRequest = {}): Promise<cri.ListContainerStatsResponse> {
    const running = this.#containers.listContainers(filter).filter(isRunning);
    return { stats: running.map((one) => this.#stats.ofContainer(one)) };
  }

  async podSandboxStats(request: cri.PodSandboxStatsRequest): Promise<cri.PodSandboxStatsResponse> {
    return { stats: this.#sandboxStats(this.#containers.sandbox(request.podSandboxId)) };
  }

  async listPodSandboxStats({
    filter = {},
  }: cri.ListPodSandboxStatsRequest = {}): Promise<cri.ListPodSandboxStatsResponse> {
    const ready = { state: 'SANDBOX_READY' } as const;
    const sandboxes = this.#containers.listSandboxes({ ...filter, state: ready });
    return { stats: sandboxes.map((one) => this.#sandboxStats(one)) };
  }

  getContainerEvents(signal?: AbortSignal): AsyncIterable<cri.ContainerEventResponse> {
    return this.#events.subscribe(signal);
  }

  async listImages({ filter }: cri.ListImagesRequest = {}): Promise<cri.ListImagesResponse> {
    const wanted = filter?.image?.image ?? '';
    if (wanted === '') return { images: this.#images.list().map(imageItem) };
    const found = this.#images.get(wanted);
    return { images: found ? [imageItem(found)] : [] };
  }

  async imageStatus({ image, verbose }: cri.ImageStatusRequest): Promise<cri.ImageStatusResponse> {
    const found = this.#images.get(image.image);
    if (found === undefined) return { info: {} };
    const info = JSON.stringify({ imageSpec: { config: found.config } });
    return { image: imageItem(found), info: verbose ? { info } : {} };
  }

  async pullImage({ image, auth }: cri.PullImageRequest): Promise<cri.PullImageResponse> {
    return { imageRef: await this.#images.pull(image.image, auth) };
  }

  async removeImage({ image }: cri.RemoveImageRequest): Promise<cri.Empty> {
    this.#images.remove(image.image);
    this.#images.collectGarbage(this.#host.layersInUse);
    return {};
  }

  async imageFsInfo(): Promise<cri.ImageFsInfoResponse> {
    const usage = {
      timestamp: this.#now(),
      fsId: { mountpoint: WRITABLE_LAYER },
      usedBytes: { value: this.#images.usedBytes() },
      inodesUsed: { value: this.#images.list().length },
    };
    return { imageFilesystems: [usage], containerFilesystems: [] };
  }

  stop(): void {
    for (const { id } of this.#containers.listContainers()) {
      this.#host.container(id).process?.kill('SIGKILL');
    }
    for (const { id } of this.#containers.listSandboxes()) this.#host.networks.tearDown(id);
    this.#events.close();
  }

  #now(): bigint {
    return BigInt(Math.floor(this.#options.clock.now())) * 1_000_000n;
  }

  #statusesOf(sandboxId: string): cri.ContainerStatus[] {
    return this.#containers
      .listContainers({ podSandboxId: sandboxId })
      .map((record) => this.#containerStatus(record));
  }

  #containerStatus(record: ContainerRecord): cri.ContainerStatus {
    const { id, config, state, createdAt, startedAt, finishedAt } = record;
    const { logPath, namespace } = this.#host.container(id);
    return {
      id,
      metadata: config.metadata,
      state,
      createdAt,
      startedAt,
      finishedAt,
      exitCode: record.exitCode,
      image: { ...config.image, image: this.#nameOf(record) },
      imageRef: record.imageRef,
      reason: record.reason,
      message: record.message,
      labels: { ...config.labels },
      annotations: { ...config.annotations },
      mounts: config.mounts ?? [],
      logPath,
      resources: { linux: namespace.cgroup.resources },
      imageId: record.imageId,
      user: { linux: record.user },
      stopSignal: record.stopSignal,
    };
  }

  /** An image's name, as containerd gives it; its id when it has none any more. */
  #nameOf({ imageId, config }: ContainerRecord): string {
    const image = this.#images.get(imageId);
    return image?.repoTags[0] ?? image?.repoDigests[0] ?? config.image.image;
  }

  #sandboxStats(sandbox: Sandbox): cri.PodSandboxStats {
    const all = this.#containers.listContainers({ podSandboxId: sandbox.id });
    return this.#stats.ofSandbox(sandbox, all.filter(isRunning));
  }

  #event(type: cri.ContainerEventType, id: string): cri.ContainerEventResponse {
    const [container] = this.#containers.listContainers({ id });
    const [sandbox] = this.#containers.listSandboxes({ id: container?.sandboxId ?? id });
    return {
      containerId: id,
      containerEventType: type,
      createdAt: this.#now(),
      ...(sandbox && { podSandboxStatus: sandboxStatus(sandbox) }),
      containersStatuses: sandbox ? this.#statusesOf(sandbox.id) : [],
    };
  }
}

function newId(random: Random): string {
  return Array.from({ length: 64 }, () => '0123456789abcdef'[random.int(16)]).join('');
}

function noStreamingServer(what: string): cri.CriError {
  return new cri.CriError(
    'UNIMPLEMENTED',
    `${what}: this runtime has no streaming server; use its streams`,
  );
}

function isRunning({ state }: ContainerRecord): boolean {
  return state === 'CONTAINER_RUNNING';
}
