/** CRI messages about pod sandboxes. Given. Fields that a request leaves out have their zero value. */

import type { ContainerStatus, LinuxContainerResources } from './container.ts';
import type { Int64Value, StringMap } from './values.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';
export type PodSandboxState = 'SANDBOX_READY' | 'SANDBOX_NOTREADY';

export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface DnsConfig {
  readonly servers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly string[];
}

export interface PortMapping {
  readonly protocol?: Protocol;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly hostIp?: string;
}

/** `POD` is the default of each: shared within the sandbox; `NODE` is the node's own. */
export interface NamespaceOption {
  readonly network?: NamespaceMode;
  readonly pid?: NamespaceMode;
  readonly ipc?: NamespaceMode;
  /** A container's id, for `TARGET`. */
  readonly targetId?: string;
}

export interface SecurityProfile {
  readonly profileType?: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  readonly localhostRef?: string;
}

export interface LinuxSandboxSecurityContext {
  readonly namespaceOptions?: NamespaceOption;
  readonly runAsUser?: Int64Value;
  readonly runAsGroup?: Int64Value;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly privileged?: boolean;
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export interface LinuxPodSandboxConfig {
  readonly cgroupParent?: string;
  readonly securityContext?: LinuxSandboxSecurityContext;
  readonly sysctls?: StringMap;
  readonly overhead?: LinuxContainerResources;
  readonly resources?: LinuxContainerResources;
}

export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname?: string;
  /** Directory on the node; containers' `logPath` are relative to it. */
  readonly logDirectory?: string;
  readonly dnsConfig?: DnsConfig;
  readonly portMappings?: readonly PortMapping[];
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly linux?: LinuxPodSandboxConfig;
}

export interface RunPodSandboxRequest {
  readonly config: PodSandboxConfig;
  readonly runtimeHandler?: string;
}
export interface RunPodSandboxResponse {
  readonly podSandboxId: string;
}
export interface StopPodSandboxRequest {
  readonly podSandboxId: string;
}
export interface RemovePodSandboxRequest {
  readonly podSandboxId: string;
}
export interface PodSandboxStatusRequest {
  readonly podSandboxId: string;
  readonly verbose?: boolean;
}

export interface PodSandboxNetworkStatus {
  /** Empty on the node's own network. */
  readonly ip: string;
  readonly additionalIps: readonly { readonly ip: string }[];
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly network?: PodSandboxNetworkStatus;
  readonly linux?: { readonly namespaces?: { readonly options?: NamespaceOption } };
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}

export interface PodSandboxStatusResponse {
  readonly status?: PodSandboxStatus;
  /** Only when asked for with `verbose`; values are JSON. */
  readonly info: StringMap;
  readonly containersStatuses: readonly ContainerStatus[];
  /** Nanoseconds since 1970; 0 from runtimes without container events. */
  readonly timestamp: bigint;
}

/** All given conditions must hold. */
export interface PodSandboxFilter {
  /** The whole id or its beginning. */
  readonly id?: string;
  readonly state?: { readonly state: PodSandboxState };
  readonly labelSelector?: StringMap;
}
export interface ListPodSandboxRequest {
  readonly filter?: PodSandboxFilter;
}
export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}
export interface ListPodSandboxResponse {
  readonly items: readonly PodSandbox[];
}
