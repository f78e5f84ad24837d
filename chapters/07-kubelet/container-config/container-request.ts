/** A pod's sandbox and its containers in the runtime's words. Given. */

import { type Container, type Pod, Quantity } from '#apimachinery';
import type {
  ContainerConfig,
  DnsConfig,
  Mount,
  PodSandboxConfig,
  Protocol,
} from '#container-runtime/cri';
import { qosClass } from '../resources/resources.ts';
import { hashContainer } from '../runtime/container-hash.ts';
import { ANNOTATIONS, LABELS } from '../runtime/read-runtime.ts';
import { expandVariables, linuxLimits } from './container-config.ts';
import { containerSecurity, type ImageUser, sandboxSecurity } from './security.ts';

/** Facts of the node that go into pods. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly memoryCapacity: number;
  /** Where containers' logs are: `/var/log/pods`. */
  readonly logRoot: string;
  /** The node's own name servers, for pods that want those. */
  readonly nodeDns: readonly string[];
}

export function podLogDirectory({ metadata }: Pod, { logRoot }: NodeFacts): string {
  return `${logRoot}/${metadata?.namespace}_${metadata?.name}_${metadata?.uid}`;
}

/** The name a pod has for itself. */
export function hostnameOf({ metadata, spec }: Pod, { nodeName }: NodeFacts): string {
  if (spec?.hostNetwork) return nodeName;
  return (spec?.hostname || (metadata?.name ?? '')).slice(0, 63).replace(/[-.]+$/, '');
}

export function sandboxConfig(pod: Pod, attempt: number, node: NodeFacts): PodSandboxConfig {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {};
  const portMappings = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports.map(({ protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' }) => ({
      protocol: protocol as Protocol,
      containerPort,
      hostPort,
      hostIp: hostIP,
    })),
  );
  const sysctls = pod.spec?.securityContext?.sysctls ?? [];
  return {
    metadata: { name, namespace, uid, attempt },
    hostname: pod.spec?.hostNetwork ? '' : hostnameOf(pod, node),
    logDirectory: podLogDirectory(pod, node),
    dnsConfig: dnsOf(pod, node),
    portMappings,
    labels: { ...pod.metadata?.labels, ...labelsOf(pod) },
    annotations: { ...pod.metadata?.annotations },
    linux: {
      cgroupParent: `/kubepods/${qosClass(pod).toLowerCase()}/pod${uid}`,
      securityContext: sandboxSecurity(pod),
      sysctls: Object.fromEntries(sysctls.map((one) => [one.name, one.value])),
    },
  };
}

function labelsOf({ metadata }: Pod): Record<string, string> {
  return {
    [LABELS.podName]: metadata?.name ?? '',
    [LABELS.podNamespace]: metadata?.namespace ?? '',
    [LABELS.podUid]: metadata?.uid ?? '',
  };
}

function dnsOf(pod: Pod, { clusterDns, clusterDomain, nodeDns }: NodeFacts): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {};
  const wantsCluster =
    dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const isCluster = wantsCluster && clusterDns.length > 0;
  const namespace = pod.metadata?.namespace ?? '';
  const servers = dnsPolicy === 'None' ? [] : isCluster ? clusterDns : nodeDns;
  const searches = isCluster
    ? [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain]
    : [];
  const asked = (dnsConfig?.options ?? []).map(({ name, value }) =>
    value === undefined ? (name ?? '') : `${name}:${value}`,
  );
  const names = new Set(asked.map((one) => one.split(':')[0]));
  const options = isCluster && !names.has('ndots') ? ['ndots:5'] : [];
  return {
    servers: [...new Set([...servers, ...(dnsConfig?.nameservers ?? [])])],
    searches: [...new Set([...searches, ...(dnsConfig?.searches ?? [])])],
    options: [...options, ...asked],
  };
}

/** What a container is made from, beside its pod. */
export interface ContainerParts {
  readonly container: Container;
  readonly restartCount: number;
  /** What the image was resolved to. */
  readonly imageRef: string;
  readonly imageUser: ImageUser;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  /** Of an ephemeral container: whose processes it sees. */
  readonly targetId?: string | undefined;
}

/** @throws ContainerConfigError when it must not run so */
export function containerConfig(pod: Pod, node: NodeFacts, parts: ContainerParts): ContainerConfig {
  const { container, restartCount, imageRef, imageUser, environment, mounts, targetId } = parts;
  const valueFor = (name: string): string | undefined => environment.get(name);
  const expand = (texts: readonly string[] = []): string[] =>
    texts.map((text) => expandVariables(text, valueFor));
  const limits = linuxLimits(container, qosClass(pod), node.memoryCapacity);
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: imageRef, userSpecifiedImage: container.image ?? '' },
    command: expand(container.command),
    args: expand(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts,
    labels: { ...labelsOf(pod), [LABELS.containerName]: container.name },
    annotations: {
      [ANNOTATIONS.hash]: hashContainer(container),
      [ANNOTATIONS.restartCount]: String(restartCount),
      [ANNOTATIONS.messagePath]: container.terminationMessagePath ?? '/dev/termination-log',
      [ANNOTATIONS.messagePolicy]: container.terminationMessagePolicy ?? 'File',
      [ANNOTATIONS.gracePeriod]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
    },
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: { ...limits, hugepageLimits: hugePages(container) },
      securityContext: containerSecurity(pod, container, imageUser, targetId),
    },
  };
}

function hugePages({ resources }: Container): { pageSize: string; limit: number }[] {
  return Object.entries(resources?.limits ?? {})
    .filter(([name]) => name.startsWith('hugepages-'))
    .map(([name, text]) => ({
      pageSize: `${name.slice('hugepages-'.length).replace(/i$/, '')}B`,
      limit: Number(Quantity.parse(text).value()),
    }));
}
