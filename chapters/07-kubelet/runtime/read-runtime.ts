/** Reads what the runtime has of a pod, and puts it into the kubelet's own words. Given. */

import type { FileSystem } from '#apimachinery';
import type {
  CriClient,
  ContainerStatus as CriContainerStatus,
  PodSandboxStatus,
} from '#container-runtime/cri';
import { CriError } from '#container-runtime/cri';
import type {
  ContainerPhase,
  PodRuntimeStatus,
  RuntimeContainer,
  RuntimeSandbox,
} from './pod-runtime-status.ts';

/** What the kubelet notes on sandboxes and containers, to find them again. */
export const LABELS = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;
export const ANNOTATIONS = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  messagePath: 'io.kubernetes.container.terminationMessagePath',
  messagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  gracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
} as const;

/** Longer termination messages are cut, in bytes. */
const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;

const PHASES: Readonly<Record<string, ContainerPhase>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

/** Where pods' statuses are read from. */
export interface RuntimeReader {
  readonly cri: CriClient;
  /** `containerd`: the scheme of containers' ids. */
  readonly runtimeName: string;
  readonly files: FileSystem;
}

/** Everything the runtime has of a pod, read now. */
export async function readPod(reader: RuntimeReader, uid: string): Promise<PodRuntimeStatus> {
  const { cri } = reader;
  const labelSelector = { [LABELS.podUid]: uid };
  const [{ items }, { containers }] = await Promise.all([
    cri.listPodSandbox({ filter: { labelSelector } }),
    cri.listContainers({ filter: { labelSelector } }),
  ]);
  const [sandboxes, statuses] = await Promise.all([
    Promise.all(items.map(({ id }) => sandboxStatus(cri, id))),
    Promise.all(containers.map(({ id }) => containerStatus(cri, id))),
  ]);
  const own = sandboxes.flatMap((one) => (one ? [apiSandbox(one)] : []));
  own.sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt);
  const found = statuses.flatMap((one) => (one ? [runtimeContainer(reader, one)] : []));
  found.sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount);
  const labels = items[0]?.labels ?? containers[0]?.labels ?? {};
  return {
    uid,
    name: labels[LABELS.podName] ?? '',
    namespace: labels[LABELS.podNamespace] ?? '',
    ips: own.find(({ isReady }) => isReady)?.ips ?? [],
    containers: found,
    sandboxes: own,
  };
}

/** One that is gone between the list and this is no fault. */
async function sandboxStatus(cri: CriClient, id: string): Promise<PodSandboxStatus | undefined> {
  try {
    return (await cri.podSandboxStatus({ podSandboxId: id })).status;
  } catch (error) {
    if (error instanceof CriError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

async function containerStatus(
  cri: CriClient,
  id: string,
): Promise<CriContainerStatus | undefined> {
  try {
    return (await cri.containerStatus({ containerId: id })).status;
  } catch (error) {
    if (error instanceof CriError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function apiSandbox({
  id,
  state,
  createdAt,
  metadata,
  network,
  linux,
}: PodSandboxStatus): RuntimeSandbox {
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip)];
  return {
    id,
    isReady: state === 'SANDBOX_READY',
    createdAt: milliseconds(createdAt),
    attempt: metadata.attempt,
    ips: ips.filter((ip) => ip !== ''),
    hostNetwork: linux?.namespaces?.options?.network === 'NODE',
  };
}

function runtimeContainer(reader: RuntimeReader, status: CriContainerStatus): RuntimeContainer {
  const { annotations, labels, metadata, image } = status;
  const phase = PHASES[status.state] ?? 'unknown';
  return {
    id: `${reader.runtimeName}://${status.id}`,
    name: labels[LABELS.containerName] ?? metadata.name,
    phase,
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: reasonOf(status),
    message: phase === 'exited' ? messageOf(reader.files, status) : status.message,
    image: image.userSpecifiedImage || image.image,
    imageRef: status.imageRef,
    hash: annotations[ANNOTATIONS.hash] ?? '',
    restartCount: Number(annotations[ANNOTATIONS.restartCount] ?? metadata.attempt),
  };
}

function reasonOf({ state, reason, exitCode }: CriContainerStatus): string {
  if (reason !== '' || state !== 'CONTAINER_EXITED') return reason;
  return exitCode === 0 ? 'Completed' : 'Error';
}

/** What the container left to say, or the end of its log if it asked for that. */
function messageOf(files: FileSystem, status: CriContainerStatus): string {
  const { annotations, mounts, logPath, message, exitCode } = status;
  const path = annotations[ANNOTATIONS.messagePath];
  const mount = mounts.find(({ containerPath }) => containerPath === path);
  let said = mount ? textOf(files, mount.hostPath, MAX_MESSAGE_BYTES) : '';
  const mayUseLog = annotations[ANNOTATIONS.messagePolicy] === 'FallbackToLogsOnError';
  if (said === '' && mayUseLog && exitCode !== 0) {
    const lines = textOf(files, logPath, 1 << 20)
      .split('\n')
      .filter((line) => line !== '');
    const last = lines.slice(-MAX_LOG_LINES).map((line) => line.split(' ').slice(3).join(' '));
    said = last
      .map((line) => `${line}\n`)
      .join('')
      .slice(-MAX_LOG_BYTES);
  }
  return message === '' || said === '' ? message || said : `${message}: ${said}`;
}

/** The end of a file; empty when it cannot be read. */
function textOf(files: FileSystem, path: string, most: number): string {
  try {
    return new TextDecoder().decode(files.readFile(path).slice(-most));
  } catch {
    return '';
  }
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}

/** `containerd://4f1b` → `4f1b`. */
export function bareId(id: string): string {
  return id.slice(id.indexOf('://') + 3);
}
