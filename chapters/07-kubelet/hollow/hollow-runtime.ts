/**
 * A runtime that runs nothing: containers begin at once and stay. For thousands of nodes in one
 * process. Given.
 */

import type { Clock } from '#apimachinery';
import {
  type Container,
  type ContainerEventResponse,
  type ContainerState,
  type ContainerStatus,
  type CriClient,
  CriError,
  type PodSandboxConfig,
  type PodSandboxState,
  type PodSandboxStatus,
  type StringMap,
} from '#container-runtime/cri';

interface Sandbox {
  readonly id: string;
  readonly config: PodSandboxConfig;
  state: PodSandboxState;
  readonly createdAt: bigint;
  readonly ip: string;
}

interface HollowContainer
  extends Pick<
    Container,
    'id' | 'podSandboxId' | 'metadata' | 'labels' | 'annotations' | 'createdAt'
  > {
  readonly image: string;
  readonly userImage: string;
  state: ContainerState;
  startedAt: bigint;
  finishedAt: bigint;
  exitCode: number;
}

/** @returns with `fail`, for tests: lets a container end */
export function newHollowRuntime(
  clock: Clock,
  addressOf: (n: number) => string,
): CriClient & { fail(containerId: string, exitCode: number): void } {
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, HollowContainer>();
  const images = new Set<string>();
  const listeners = new Set<(event: ContainerEventResponse) => void>();
  let made = 0;
  const now = (): bigint => BigInt(Math.floor(clock.now())) * 1_000_000n;
  const newId = (): string => (++made).toString(16).padStart(64, '0');
  const tell = (
    containerId: string,
    containerEventType: ContainerEventResponse['containerEventType'],
  ): void => {
    for (const listener of listeners) {
      listener({ containerId, containerEventType, createdAt: now(), containersStatuses: [] });
    }
  };
  const matches = (labels: StringMap, selector: StringMap = {}): boolean =>
    Object.entries(selector).every(([key, value]) => labels[key] === value);
  const sandboxOf = (id: string): Sandbox => {
    const found = sandboxes.get(id);
    if (found) return found;
    throw new CriError('NOT_FOUND', `an error occurred when try to find sandbox: not found`);
  };
  const containerOf = (id: string): HollowContainer => {
    const found = containers.get(id);
    if (found) return found;
    throw new CriError(
      'NOT_FOUND',
      `an error occurred when try to find container "${id}": not found`,
    );
  };
  const unsupported = (what: string) => async (): Promise<never> => {
    throw new CriError('UNIMPLEMENTED', `a hollow node has no ${what}`);
  };
  const end = (container: HollowContainer, exitCode: number): void => {
    if (container.state === 'CONTAINER_EXITED') return;
    Object.assign(container, { state: 'CONTAINER_EXITED', exitCode, finishedAt: now() });
    tell(container.id, 'CONTAINER_STOPPED_EVENT');
  };
  const sandboxStatus = ({ id, config, state, createdAt, ip }: Sandbox): PodSandboxStatus => {
    const options = config.linux?.securityContext?.namespaceOptions;
    return {
      id,
      metadata: config.metadata,
      state,
      createdAt,
      network: { ip: options?.network === 'NODE' ? '' : ip, additionalIps: [] },
      ...(options && { linux: { namespaces: { options } } }),
      labels: config.labels ?? {},
      annotations: config.annotations ?? {},
      runtimeHandler: '',
    };
  };
  const containerStatus = (one: HollowContainer): ContainerStatus => ({
    id: one.id,
    metadata: one.metadata,
    state: one.state,
    createdAt: one.createdAt,
    startedAt: one.startedAt,
    finishedAt: one.finishedAt,
    exitCode: one.exitCode,
    image: { image: one.userImage },
    imageRef: one.image,
    reason: '',
    message: '',
    labels: one.labels,
    annotations: one.annotations,
    mounts: [],
    logPath: '',
    imageId: one.image,
    stopSignal: 'SIGTERM',
  });
  return {
    fail: (id, exitCode) => end(containerOf(id.replace(/^.*:\/\//, '')), exitCode),
    version: async () => ({
      version: '0.1.0',
      runtimeName: 'hollow',
      runtimeVersion: '1.0.0',
      runtimeApiVersion: 'v1',
    }),
    status: async () => ({
      status: {
        conditions: ['RuntimeReady', 'NetworkReady'].map((type) => ({
          type,
          status: true,
          reason: '',
          message: '',
        })),
      },
      info: {},
      runtimeHandlers: [],
    }),
    updateRuntimeConfig: async () => ({}),
    runtimeConfig: async () => ({}),
    runPodSandbox: async ({ config }) => {
      const id = newId();
      const state = 'SANDBOX_READY';
      sandboxes.set(id, {
        id,
        config,
        state,
        createdAt: now(),
        ip: addressOf(sandboxes.size + made),
      });
      tell(id, 'CONTAINER_STARTED_EVENT');
      return { podSandboxId: id };
    },
    stopPodSandbox: async ({ podSandboxId }) => {
      const sandbox = sandboxes.get(podSandboxId);
      if (!sandbox) return {};
      for (const one of containers.values()) if (one.podSandboxId === podSandboxId) end(one, 137);
      sandbox.state = 'SANDBOX_NOTREADY';
      tell(podSandboxId, 'CONTAINER_STOPPED_EVENT');
      return {};
    },
    removePodSandbox: async ({ podSandboxId }) => {
      for (const [id, one] of containers)
        if (one.podSandboxId === podSandboxId) containers.delete(id);
      if (sandboxes.delete(podSandboxId)) tell(podSandboxId, 'CONTAINER_DELETED_EVENT');
      return {};
    },
    podSandboxStatus: async ({ podSandboxId }) => ({
      status: sandboxStatus(sandboxOf(podSandboxId)),
      info: {},
      containersStatuses: [],
      timestamp: 0n,
    }),
    listPodSandbox: async ({ filter } = {}) => ({
      items: [...sandboxes.values()]
        .filter(({ config }) => matches(config.labels ?? {}, filter?.labelSelector))
        .map(sandboxStatus),
    }),
    createContainer: async ({ podSandboxId, config }) => {
      sandboxOf(podSandboxId);
      const id = newId();
      containers.set(id, {
        id,
        podSandboxId,
        metadata: config.metadata,
        labels: config.labels ?? {},
        annotations: config.annotations ?? {},
        image: config.image.image,
        userImage: config.image.userSpecifiedImage ?? config.image.image,
        createdAt: now(),
        state: 'CONTAINER_CREATED',
        startedAt: 0n,
        finishedAt: 0n,
        exitCode: 0,
      });
      tell(id, 'CONTAINER_CREATED_EVENT');
      return { containerId: id };
    },
    startContainer: async ({ containerId }) => {
      Object.assign(containerOf(containerId), { state: 'CONTAINER_RUNNING', startedAt: now() });
      tell(containerId, 'CONTAINER_STARTED_EVENT');
      return {};
    },
    stopContainer: async ({ containerId }) => {
      const found = containers.get(containerId);
      if (found) end(found, 137);
      return {};
    },
    removeContainer: async ({ containerId }) => {
      if (containers.delete(containerId)) tell(containerId, 'CONTAINER_DELETED_EVENT');
      return {};
    },
    listContainers: async ({ filter } = {}) => ({
      containers: [...containers.values()]
        .filter(({ labels }) => matches(labels, filter?.labelSelector))
        .map((one) => ({
          id: one.id,
          podSandboxId: one.podSandboxId,
          metadata: one.metadata,
          image: { image: one.image },
          imageRef: one.image,
          state: one.state,
          createdAt: one.createdAt,
          labels: one.labels,
          annotations: one.annotations,
          imageId: one.image,
        })),
    }),
    containerStatus: async ({ containerId }) => ({
      status: containerStatus(containerOf(containerId)),
      info: {},
    }),
    updateContainerResources: async () => ({}),
    reopenContainerLog: async () => ({}),
    execSync: async () => ({ stdout: new Uint8Array(), stderr: new Uint8Array(), exitCode: 0 }),
    exec: unsupported('processes'),
    attach: unsupported('processes'),
    portForward: unsupported('network'),
    containerStats: unsupported('stats of one container'),
    listContainerStats: async () => ({ stats: [] }),
    podSandboxStats: unsupported('stats of one sandbox'),
    listPodSandboxStats: async () => ({ stats: [] }),
    getContainerEvents: (signal) => eventsUntil(listeners, signal),
    listImages: async () => ({ images: [] }),
    imageStatus: async ({ image: { image } }) => ({
      ...(images.has(image) && {
        image: {
          id: image,
          repoTags: [image],
          repoDigests: [],
          size: 0,
          username: '',
          pinned: false,
        },
      }),
      info: {},
    }),
    pullImage: async ({ image: { image } }) => {
      images.add(image);
      return { imageRef: image };
    },
    removeImage: async ({ image: { image } }) => {
      images.delete(image);
      return {};
    },
    imageFsInfo: async () => ({ imageFilesystems: [], containerFilesystems: [] }),
  };
}

async function* eventsUntil(
  listeners: Set<(event: ContainerEventResponse) => void>,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<ContainerEventResponse> {
  const queue: ContainerEventResponse[] = [];
  let wake = (): void => {};
  const listener = (event: ContainerEventResponse): void => {
    queue.push(event);
    wake();
  };
  const onAbort = (): void => wake();
  listeners.add(listener);
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      const event = queue.shift();
      if (event) yield event;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    listeners.delete(listener);
    signal.removeEventListener('abort', onAbort);
  }
}
