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

/**
 * Weight and quota of a container's resources.
 *
 * @returns `shares` between {@link MIN_CPU_SHARES} and {@link MAX_CPU_SHARES}, brought there if
 * necessary, {@link DEFAULT_CPU_SHARES} for none or 0; `quotaCpus` is the quota divided by the period
 * ({@link DEFAULT_CPU_PERIOD} for none, 0 or less), `Infinity` when the quota is none, 0 or less
 *
 * @exercise container-runtime/limits
 */
export function cpuShareOf(resources: LinuxContainerResources): {
  readonly shares: number;
  readonly quotaCpus: number;
} {
  const { cpuShares = 0, cpuQuota = 0, cpuPeriod = 0 } = resources;
  const shares =
    cpuShares === 0
      ? DEFAULT_CPU_SHARES
      : Math.min(Math.max(cpuShares, MIN_CPU_SHARES), MAX_CPU_SHARES);
  const quotaCpus = cpuQuota > 0 ? cpuQuota / periodOf(cpuPeriod) : Number.POSITIVE_INFINITY;
  return { shares, quotaCpus };
}

function periodOf(cpuPeriod: number): number {
  return cpuPeriod > 0 ? cpuPeriod : DEFAULT_CPU_PERIOD;
}

/**
 * Divides the CPUs among those that want them.
 *
 * @remarks
 * Nobody gets more than it can use: its threads, and its quota. All that is there is given out as long
 * as somebody can use it. Among those that could use more, it goes by weight: what one leaves goes to
 * the others in proportion to their shares, and that may satisfy some of them, who leave something
 * again.
 *
 * ```text
 * 2 CPUs              threads  shares  quota    gets
 *   a                 4        1024             0.75    half of the rest each for a and b by weight
 *   b                 4        1024             0.75
 *   c                 4        1024    0.5      0.5     less than its third, so the quota counts
 *
 * 1 CPU: a 3072 shares, b 1024 shares, both busy      0.75 and 0.25
 * 1 CPU: a 3072 shares, alone                         1
 * ```
 *
 * @param demands - keys are different; one that has no threads gets 0
 * @param cpus - more than 0
 * @returns CPUs for each key
 *
 * @exercise container-runtime/limits
 */
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

/**
 * May a container that has `usedBytes` take `bytes` more?
 *
 * @returns `oom` when it would then have more than its limit. Exactly the limit is fine; a limit of
 * none, 0 or less is no limit.
 *
 * @exercise container-runtime/limits
 */
export function chargeMemory(
  resources: LinuxContainerResources,
  usedBytes: number,
  bytes: number,
): ChargeVerdict {
  const { memoryLimitInBytes = 0 } = resources;
  return memoryLimitInBytes > 0 && usedBytes + bytes > memoryLimitInBytes ? 'oom' : 'ok';
}

/**
 * How many processes a container may have at once: `pids.max` of `unified`.
 *
 * @returns `undefined` for no limit: not there, or `max`. It is a text, so `0` is no "not specified"
 * but a limit of 0.
 *
 * @exercise container-runtime/limits
 */
export function pidsLimitOf(resources: LinuxContainerResources): number | undefined {
  const text = resources.unified?.['pids.max'];
  return text === undefined || text === 'max' ? undefined : Number(text);
}

/**
 * The weight of cgroup v2 (1 to 10000) that belongs to shares of v1 (2 to 262144): on a straight line,
 * rounded down. 2 is 1, 1024 is 39, 262144 is 10000.
 *
 * @see kubernetes v1.33 pkg/kubelet/cm/cgroup_manager_linux.go, cpuSharesToCPUWeight
 *
 * @exercise container-runtime/limits
 */
export function cpuWeightOf(shares: number): number {
  return Math.floor(1 + ((shares - MIN_CPU_SHARES) * 9999) / (MAX_CPU_SHARES - MIN_CPU_SHARES));
}

/**
 * The files under `/sys/fs/cgroup` that a container sees, by name. Each is one line with its newline.
 *
 * ```text
 * cpu.max         QUOTA PERIOD        in microseconds; `max` for no quota, 100000 for no period, each
 *                                     also for 0 or less
 * cpu.weight      of its shares
 * cpu.stat        usage_usec N        rounded down
 * memory.max      the limit, or `max` for none, 0 or less
 * memory.current  memory.peak         bytes
 * memory.events   oom_kill N
 * pids.max        the limit, or `max`
 * pids.current    how many there are
 * ```
 *
 * @exercise container-runtime/limits
 */
export function cgroupFiles(
  resources: LinuxContainerResources,
  usage: CgroupUsage,
): Record<string, string> {
  const { cpuQuota = 0, cpuPeriod = 0, memoryLimitInBytes = 0 } = resources;
  return {
    'cpu.max': `${cpuQuota > 0 ? cpuQuota : 'max'} ${periodOf(cpuPeriod)}\n`,
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
