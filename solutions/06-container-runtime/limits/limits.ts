/**
 * What limits mean: how CPU time is divided, when memory is too much, what the cgroup files say.
 *
 * The kernel (`../kernel/`) asks these functions; they count nothing themselves.
 */

import type { LinuxContainerResources } from '../cri/index.ts';

/** The kernel's period when none is given, in microseconds. */
export const DEFAULT_CPU_PERIOD = 100_000;
/** The weight of a container that asks for nothing; the kernel takes no smaller one. */
export const MIN_CPU_SHARES = 2;
export const MAX_CPU_SHARES = 262_144;
/** The weight when `cpuShares` is 0: not specified. */
export const DEFAULT_CPU_SHARES = 1024;

/** What one container wants of the CPUs now. */
export interface CpuDemand<K> {
  readonly key: K;
  /** How many of its threads could run. Each runs on at most one CPU. */
  readonly threads: number;
  /** Weight against others. */
  readonly shares: number;
  /** The most CPUs it may use, for example 0.5; `Infinity` without a quota. */
  readonly quotaCpus: number;
}

/** What a memory charge leads to. */
export type ChargeVerdict = 'ok' | 'oom';

/** What is counted of a container. */
export interface CgroupUsage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly peakMemoryBytes: number;
  readonly processes: number;
  readonly oomKills: number;
}

/** Weight and quota of a container's resources. */
export function cpuShareOf(resources: LinuxContainerResources): {
  readonly shares: number;
  readonly quotaCpus: number;
} {
  const { cpuShares = 0, cpuQuota = 0, cpuPeriod = 0 } = resources;
  const shares =
    cpuShares === 0
      ? DEFAULT_CPU_SHARES
      : Math.min(Math.max(cpuShares, MIN_CPU_SHARES), MAX_CPU_SHARES);
  const quotaCpus =
    cpuQuota > 0 ? cpuQuota / (cpuPeriod || DEFAULT_CPU_PERIOD) : Number.POSITIVE_INFINITY;
  return { shares, quotaCpus };
}

/** Divides the CPUs: nobody gets more than it can use, what it leaves goes to the others by weight. */
export function cpuRates<K>(demands: readonly CpuDemand<K>[], cpus: number): Map<K, number> {
  const rates = new Map<K, number>();
  let open = demands.map((demand) => ({
    ...demand,
    most: Math.min(demand.threads, demand.quotaCpus),
  }));
  let left = cpus;
  while (open.length > 0) {
    const weight = open.reduce((sum, { shares }) => sum + shares, 0);
    const fair = (shares: number) => (left * shares) / weight;
    const satisfied = open.filter(({ shares, most }) => most <= fair(shares));
    if (satisfied.length === 0) {
      for (const { key, shares } of open) rates.set(key, fair(shares));
      return rates;
    }
    for (const { key, most } of satisfied) rates.set(key, most);
    left -= satisfied.reduce((sum, { most }) => sum + most, 0);
    open = open.filter((demand) => !satisfied.includes(demand));
  }
  return rates;
}

/** May a container with `usedBytes` take `bytes` more? */
export function chargeMemory(
  resources: LinuxContainerResources,
  usedBytes: number,
  bytes: number,
): ChargeVerdict {
  const { memoryLimitInBytes = 0 } = resources;
  return memoryLimitInBytes > 0 && usedBytes + bytes > memoryLimitInBytes ? 'oom' : 'ok';
}

/** How many processes a container may have at once; `undefined` for no limit. */
export function pidsLimitOf(resources: LinuxContainerResources): number | undefined {
  const text = resources.unified?.['pids.max'];
  return text === undefined || text === 'max' ? undefined : Number(text);
}

/** The weight of cgroup v2 that belongs to shares of v1. */
export function cpuWeightOf(shares: number): number {
  return Math.floor(1 + ((shares - MIN_CPU_SHARES) * 9999) / (MAX_CPU_SHARES - MIN_CPU_SHARES));
}

/** The files under `/sys/fs/cgroup` that a container sees, by name, each ending in a newline. */
export function cgroupFiles(
  resources: LinuxContainerResources,
  usage: CgroupUsage,
): Record<string, string> {
  const { cpuQuota = 0, cpuPeriod = 0, memoryLimitInBytes = 0 } = resources;
  const period = cpuPeriod || DEFAULT_CPU_PERIOD;
  return {
    'cpu.max': `${cpuQuota > 0 ? cpuQuota : 'max'} ${period}\n`,
    'cpu.weight': `${cpuWeightOf(cpuShareOf(resources).shares)}\n`,
    'cpu.stat': `usage_usec ${Math.floor(usage.cpuMs * 1000)}\n`,
    'memory.max': `${memoryLimitInBytes > 0 ? memoryLimitInBytes : 'max'}\n`,
    'memory.current': `${usage.memoryBytes}\n`,
    'memory.peak': `${usage.peakMemoryBytes}\n`,
    'memory.events': `oom_kill ${usage.oomKills}\n`,
    'pids.max': `${pidsLimitOf(resources) ?? 'max'}\n`,
    'pids.current': `${usage.processes}\n`,
  };
}
