/**
 * What a kubelet answers to requests, without any network: a cluster in one process calls it directly.
 * Given.
 *
 * Over HTTPS it is `program/server/`, which also asks who is there. Streams (exec, attach, port-forward)
 * begin with `streamRequest`.
 */

import type { Pod } from '#apimachinery';
import type { AttachRequest, ExecRequest } from '#container-runtime/cri';
import type { Kubelet } from '../kubelet/kubelet.ts';
import { bareId } from '../runtime/read-runtime.ts';
import { type LogOptions, readLog } from './container-logs.ts';
import { type NodeUsage, resourceMetrics, statsSummary } from './stats.ts';

/** An answer. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array>;
}

/** Answers requests. */
export interface KubeletApi {
  /** @param path - with its query */
  request(request: {
    readonly method: string;
    readonly path: string;
    readonly signal: AbortSignal;
  }): Promise<ApiAnswer>;
}

export function newKubeletApi(kubelet: Kubelet, usage: () => NodeUsage = () => ({})): KubeletApi {
  return {
    request: async ({ method, path, signal }) => {
      const url = new URL(path, 'https://kubelet');
      const parts = url.pathname
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent);
      if (method !== 'GET' && method !== 'HEAD') return text(405, 'Method Not Allowed\n');
      try {
        return await route(kubelet, parts, url.searchParams, usage, signal);
      } catch (error) {
        return text(500, `${error instanceof Error ? error.message : String(error)}\n`);
      }
    },
  };
}

async function route(
  kubelet: Kubelet,
  [first = '', ...rest]: readonly string[],
  query: URLSearchParams,
  usage: () => NodeUsage,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const { cri, clock, node } = kubelet.options;
  switch (first) {
    case 'healthz':
      return text(200, 'ok');
    case 'pods':
      return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: kubelet.pods });
    case 'runningpods':
      return json({
        kind: 'PodList',
        apiVersion: 'v1',
        metadata: {},
        items: await running(kubelet),
      });
    case 'containerLogs':
      return logs(kubelet, rest, query, signal);
    case 'stats':
      return json(await statsSummary(cri, clock, node.name));
    case 'metrics': {
      if (rest[0] === 'resource') return metrics(await resourceMetrics(cri, clock, usage()));
      if (rest.length > 0) break;
      const pods = kubelet.pods.length;
      return metrics(
        `# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n# TYPE kubelet_node_name gauge\nkubelet_node_name{node="${node.name}"} 1\n# HELP kubelet_desired_pods [ALPHA] The number of pods the kubelet is being instructed to run.\n# TYPE kubelet_desired_pods gauge\nkubelet_desired_pods ${pods}\n`,
      );
    }
  }
  return text(404, '404 page not found\n');
}

async function running({ options: { cri } }: Kubelet): Promise<Pod[]> {
  const { items } = await cri.listPodSandbox({ filter: { state: { state: 'SANDBOX_READY' } } });
  const { containers } = await cri.listContainers({
    filter: { state: { state: 'CONTAINER_RUNNING' } },
  });
  return items.map(({ id, metadata: { name, namespace, uid } }) => ({
    metadata: { name, namespace, uid },
    spec: {
      containers: containers
        .filter(({ podSandboxId }) => podSandboxId === id)
        .map((one) => ({ name: one.metadata.name, image: one.imageRef })),
    },
    status: {},
  }));
}

async function logs(
  kubelet: Kubelet,
  [namespace = '', podName = '', name = '']: readonly string[],
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const pod = kubelet.podByName(namespace, podName);
  if (!pod) return text(404, `pod "${podName}" does not exist\n`);
  const { spec, status = {} } = pod;
  const all = [
    ...(spec?.initContainers ?? []),
    ...(spec?.containers ?? []),
    ...(spec?.ephemeralContainers ?? []),
  ];
  if (!all.some((one) => one.name === name)) {
    return text(404, `container "${name}" not found in pod "${podName}"\n`);
  }
  const isPrevious = query.get('previous') === 'true';
  const said = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].find((one) => one.name === name);
  const { state, lastState } = said ?? {};
  const last = lastState?.terminated?.containerID;
  const current = state?.running ? said?.containerID : (state?.terminated?.containerID ?? last);
  const id = isPrevious ? last : current;
  if (!id) return text(400, noLogs(isPrevious, name, podName, state?.waiting?.reason));
  const { cri, files, clock } = kubelet.options;
  const found = await cri.containerStatus({ containerId: bareId(id) }).catch(() => undefined);
  const path = found?.status?.logPath;
  if (!path) return text(500, `unable to retrieve container logs for ${id}`);
  const hasEnded = async (): Promise<boolean> => {
    const now = await cri.containerStatus({ containerId: bareId(id) }).catch(() => undefined);
    return now?.status?.state !== 'CONTAINER_RUNNING';
  };
  const options = logOptions(query, clock.now());
  const body = readLog({ files, clock }, path, options, hasEnded, signal);
  return { status: 200, headers: { 'content-type': 'text/plain' }, body };
}

function noLogs(
  isPrevious: boolean,
  name: string,
  pod: string,
  reason: string | undefined,
): string {
  if (isPrevious) return `previous terminated container "${name}" in pod "${pod}" not found`;
  const waits: Readonly<Record<string, string>> = {
    ErrImagePull: "image can't be pulled",
    ImagePullBackOff: 'trying and failing to pull image',
  };
  return `container "${name}" in pod "${pod}" is waiting to start: ${waits[reason ?? ''] ?? reason ?? 'no logs yet'}`;
}

function logOptions(query: URLSearchParams, now: number): LogOptions {
  const number = (name: string): number | undefined => {
    const value = query.get(name);
    return value === null ? undefined : Number(value);
  };
  const tailLines = number('tailLines');
  const limitBytes = number('limitBytes');
  const sinceSeconds = number('sinceSeconds');
  const sinceTime = query.get('sinceTime');
  const since = sinceTime ? Date.parse(sinceTime) : sinceSeconds && now - sinceSeconds * 1000;
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { since }),
  };
}

const text = (status: number, body: string): ApiAnswer => ({
  status,
  headers: { 'content-type': 'text/plain; charset=utf-8' },
  body,
});
const json = (body: object): ApiAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const metrics = (body: string): ApiAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  body,
});

/** What a stream is asked for. */
export type StreamRequest =
  | { readonly kind: 'exec'; readonly request: ExecRequest }
  | { readonly kind: 'attach'; readonly request: AttachRequest }
  | {
      readonly kind: 'portForward';
      readonly podSandboxId: string;
      readonly ports: readonly number[];
    };

/** A stream that cannot be had. */
export class StreamRefusal extends Error {
  override readonly name = 'StreamRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * What `/exec/…`, `/attach/…` and `/portForward/…` ask for.
 *
 * @param path - with its query: `command`, `input`, `output`, `error`, `tty`, `port`
 * @throws StreamRefusal, as a rejection
 */
export async function streamRequest(kubelet: Kubelet, path: string): Promise<StreamRequest> {
  const { pathname, searchParams: query } = new URL(path, 'https://kubelet');
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const [kind = '', namespace = '', podName = ''] = parts;
  const name = parts.at(-1) ?? '';
  const pod = kubelet.podByName(namespace, podName);
  if (!pod) throw new StreamRefusal(404, 'pod does not exist');
  const on = (flag: string): boolean => query.get(flag) === '1' || query.get(flag) === 'true';
  if (kind === 'portForward') {
    const { status } = await kubelet.containerOf(pod, '');
    const sandbox = status.sandboxes.find(({ isReady }) => isReady);
    if (!sandbox) throw new StreamRefusal(404, `pod not found ("${podName}_${namespace}")`);
    const ports = query
      .getAll('port')
      .flatMap((one) => one.split(','))
      .map(Number);
    return { kind, podSandboxId: sandbox.id, ports };
  }
  const { container } = await kubelet.containerOf(pod, name);
  if (!container) throw new StreamRefusal(404, `container not found ("${name}")`);
  if (container.phase !== 'running')
    throw new StreamRefusal(500, `container not running (${name})`);
  const containerId = bareId(container.id);
  const stdin = on('input');
  const stdout = on('output');
  if (kind === 'attach') {
    const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const all = [...initContainers, ...containers, ...ephemeralContainers];
    const tty = all.find((one) => one.name === name)?.tty ?? on('tty');
    const request = { containerId, stdin, stdout, stderr: on('error') && !tty, tty };
    return { kind, request };
  }
  if (kind !== 'exec') throw new StreamRefusal(404, '404 page not found');
  const tty = on('tty');
  const cmd = query.getAll('command');
  return { kind, request: { containerId, cmd, stdin, stdout, stderr: on('error') && !tty, tty } };
}
