/** CRI messages about containers. Given. Fields that a request leaves out have their zero value. */

import type { ImageSpec } from './image.ts';
import type {
  NamespaceOption,
  PodSandboxConfig,
  PodSandboxStatus,
  SecurityProfile,
} from './sandbox.ts';
import type { Int64Value, StringMap } from './values.ts';

export type ContainerState =
  | 'CONTAINER_CREATED'
  | 'CONTAINER_RUNNING'
  | 'CONTAINER_EXITED'
  | 'CONTAINER_UNKNOWN';
export type MountPropagation =
  | 'PROPAGATION_PRIVATE'
  | 'PROPAGATION_HOST_TO_CONTAINER'
  | 'PROPAGATION_BIDIRECTIONAL';
export type ContainerEventType =
  | 'CONTAINER_CREATED_EVENT'
  | 'CONTAINER_STARTED_EVENT'
  | 'CONTAINER_STOPPED_EVENT'
  | 'CONTAINER_DELETED_EVENT';

export interface ContainerMetadata {
  readonly name: string;
  readonly attempt: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface Mount {
  readonly containerPath: string;
  /** Empty when `image` is given. */
  readonly hostPath: string;
  readonly readonly?: boolean;
  readonly selinuxRelabel?: boolean;
  readonly propagation?: MountPropagation;
  readonly recursiveReadOnly?: boolean;
  /** An image to mount instead of a path of the node. */
  readonly image?: ImageSpec;
  readonly imageSubPath?: string;
}

export interface Device {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly permissions: string;
}

/** Zero, or absent, is "not specified" everywhere. */
export interface LinuxContainerResources {
  /** Microseconds. */
  readonly cpuPeriod?: number;
  /** Microseconds of CPU in each period. */
  readonly cpuQuota?: number;
  /** Relative weight; 1024 is one CPU's. */
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** cgroup v2 file to what is written in it, such as `pids.max`. */
  readonly unified?: StringMap;
  readonly memorySwapLimitInBytes?: number;
}

export interface Capability {
  readonly addCapabilities?: readonly string[];
  readonly dropCapabilities?: readonly string[];
  readonly addAmbientCapabilities?: readonly string[];
}

export interface LinuxContainerSecurityContext {
  readonly capabilities?: Capability;
  readonly privileged?: boolean;
  readonly namespaceOptions?: NamespaceOption;
  readonly runAsUser?: Int64Value;
  readonly runAsGroup?: Int64Value;
  readonly runAsUsername?: string;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readonly noNewPrivs?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export interface LinuxContainerConfig {
  readonly resources?: LinuxContainerResources;
  readonly securityContext?: LinuxContainerSecurityContext;
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  /** Takes the place of the image's entrypoint. */
  readonly command?: readonly string[];
  /** Takes the place of the image's command. */
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly envs?: readonly KeyValue[];
  readonly mounts?: readonly Mount[];
  readonly devices?: readonly Device[];
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  /** Relative to the sandbox's `logDirectory`; no log is written when it is empty. */
  readonly logPath?: string;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  readonly linux?: LinuxContainerConfig;
  /** Such as `SIGTERM`; `RUNTIME_DEFAULT` or absent for the image's. */
  readonly stopSignal?: string;
}

export interface CreateContainerRequest {
  readonly podSandboxId: string;
  readonly config: ContainerConfig;
  readonly sandboxConfig?: PodSandboxConfig;
}
export interface CreateContainerResponse {
  readonly containerId: string;
}
export interface StartContainerRequest {
  readonly containerId: string;
}
export interface StopContainerRequest {
  readonly containerId: string;
  /** Seconds until it is killed; 0 kills at once. */
  readonly timeout?: number;
}
export interface RemoveContainerRequest {
  readonly containerId: string;
}

/** All given conditions must hold. */
export interface ContainerFilter {
  /** The whole id or its beginning. */
  readonly id?: string;
  readonly state?: { readonly state: ContainerState };
  readonly podSandboxId?: string;
  readonly labelSelector?: StringMap;
}
export interface ListContainersRequest {
  readonly filter?: ContainerFilter;
}
export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  readonly imageRef: string;
  readonly state: ContainerState;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly imageId: string;
}
export interface ListContainersResponse {
  readonly containers: readonly Container[];
}

export interface ContainerStatusRequest {
  readonly containerId: string;
  readonly verbose?: boolean;
}
export interface LinuxContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}
export interface ContainerStatus {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly state: ContainerState;
  /** Nanoseconds since 1970, as the next two, which are 0 before it happens. */
  readonly createdAt: bigint;
  readonly startedAt: bigint;
  readonly finishedAt: bigint;
  readonly exitCode: number;
  readonly image: ImageSpec;
  readonly imageRef: string;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, or empty while it has not ended. */
  readonly reason: string;
  readonly message: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly mounts: readonly Mount[];
  /** Absolute. */
  readonly logPath: string;
  readonly resources?: { readonly linux?: LinuxContainerResources };
  readonly imageId: string;
  readonly user?: { readonly linux?: LinuxContainerUser };
  /** Such as `SIGTERM`; `RUNTIME_DEFAULT` from runtimes that do not say. */
  readonly stopSignal: string;
}
export interface ContainerStatusResponse {
  readonly status?: ContainerStatus;
  readonly info: StringMap;
}

export interface UpdateContainerResourcesRequest {
  readonly containerId: string;
  readonly linux?: LinuxContainerResources;
  readonly annotations?: StringMap;
}
export interface ReopenContainerLogRequest {
  readonly containerId: string;
}

export interface ExecSyncRequest {
  readonly containerId: string;
  readonly cmd: readonly string[];
  /** Seconds; 0 waits for ever. */
  readonly timeout?: number;
}
export interface ExecSyncResponse {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}
export interface ExecRequest {
  readonly containerId: string;
  readonly cmd: readonly string[];
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}
export interface AttachRequest {
  readonly containerId: string;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}
export interface PortForwardRequest {
  readonly podSandboxId: string;
  readonly port?: readonly number[];
}
/** Where a stream can be had: a URL of the runtime's streaming server. */
export interface StreamingResponse {
  readonly url: string;
}

export interface ContainerEventResponse {
  /** A sandbox's id for events of sandboxes. */
  readonly containerId: string;
  readonly containerEventType: ContainerEventType;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly podSandboxStatus?: PodSandboxStatus;
  readonly containersStatuses: readonly ContainerStatus[];
}
