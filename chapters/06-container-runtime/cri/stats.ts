/** CRI messages about what containers and sandboxes use. Given. */

import type { ContainerMetadata } from './container.ts';
import type { PodSandboxMetadata } from './sandbox.ts';
import type { StringMap, UInt64Value } from './values.ts';

export interface FilesystemUsage {
  /** Nanoseconds since 1970, as every `timestamp` here. */
  readonly timestamp: bigint;
  readonly fsId?: { readonly mountpoint: string };
  readonly usedBytes?: UInt64Value;
  readonly inodesUsed?: UInt64Value;
}

export interface CpuUsage {
  readonly timestamp: bigint;
  /** Of all CPUs together, since the container was made. */
  readonly usageCoreNanoSeconds?: UInt64Value;
  readonly usageNanoCores?: UInt64Value;
}

export interface MemoryUsage {
  readonly timestamp: bigint;
  readonly workingSetBytes?: UInt64Value;
  readonly availableBytes?: UInt64Value;
  readonly usageBytes?: UInt64Value;
  readonly rssBytes?: UInt64Value;
  readonly pageFaults?: UInt64Value;
  readonly majorPageFaults?: UInt64Value;
}

export interface SwapUsage {
  readonly timestamp: bigint;
  readonly swapAvailableBytes?: UInt64Value;
  readonly swapUsageBytes?: UInt64Value;
}

export interface NetworkInterfaceUsage {
  readonly name: string;
  readonly rxBytes?: UInt64Value;
  readonly rxErrors?: UInt64Value;
  readonly txBytes?: UInt64Value;
  readonly txErrors?: UInt64Value;
}

export interface NetworkUsage {
  readonly timestamp: bigint;
  readonly defaultInterface?: NetworkInterfaceUsage;
  readonly interfaces: readonly NetworkInterfaceUsage[];
}

export interface ContainerStats {
  readonly attributes: {
    readonly id: string;
    readonly metadata: ContainerMetadata;
    readonly labels: StringMap;
    readonly annotations: StringMap;
  };
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly writableLayer?: FilesystemUsage;
  readonly swap?: SwapUsage;
}

export interface PodSandboxStats {
  readonly attributes: {
    readonly id: string;
    readonly metadata: PodSandboxMetadata;
    readonly labels: StringMap;
    readonly annotations: StringMap;
  };
  readonly linux?: {
    readonly cpu?: CpuUsage;
    readonly memory?: MemoryUsage;
    readonly network?: NetworkUsage;
    readonly process?: { readonly timestamp: bigint; readonly processCount?: UInt64Value };
    readonly containers: readonly ContainerStats[];
  };
}

export interface ContainerStatsRequest {
  readonly containerId: string;
}
export interface ContainerStatsResponse {
  readonly stats?: ContainerStats;
}
/** All given conditions must hold. */
export interface ContainerStatsFilter {
  readonly id?: string;
  readonly podSandboxId?: string;
  readonly labelSelector?: StringMap;
}
export interface ListContainerStatsRequest {
  readonly filter?: ContainerStatsFilter;
}
export interface ListContainerStatsResponse {
  readonly stats: readonly ContainerStats[];
}
export interface PodSandboxStatsRequest {
  readonly podSandboxId: string;
}
export interface PodSandboxStatsResponse {
  readonly stats?: PodSandboxStats;
}
export interface ListPodSandboxStatsRequest {
  readonly filter?: { readonly id?: string; readonly labelSelector?: StringMap };
}
export interface ListPodSandboxStatsResponse {
  readonly stats: readonly PodSandboxStats[];
}
