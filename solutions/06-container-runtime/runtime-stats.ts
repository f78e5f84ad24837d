/**
 * What containers and sandboxes use, counted from the simulated kernel. Given.
 *
 * How samples become stats is `statsOf` of `logs-stats-exec/logs-stats-exec.ts`.
 */

import type { ContainerRecord, Sandbox } from './containers/containers.ts';
import type * as cri from './cri/index.ts';
import { statsOf, type UsageSample } from './logs-stats-exec/logs-stats-exec.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** Counts, and remembers for rates. */
export class RuntimeStats {
  readonly #host: SimulatedHost;
  /** Nanoseconds since 1970. */
  readonly #now: () => bigint;
  /** The last two samples that were a second apart, the newer last. */
  readonly #samples = new Map<string, readonly UsageSample[]>();

  constructor(host: SimulatedHost, now: () => bigint) {
    this.#host = host;
    this.#now = now;
  }

  /** What a container uses. A rate needs an earlier call, a second before at least. */
  ofContainer({ id, config }: ContainerRecord): cri.ContainerStats {
    this.#host.kernel.cpu.account();
    const sample = this.#sample(id);
    const known = this.#samples.get(id) ?? [];
    const last = known.at(-1);
    // Samples closer than a second say little about a rate.
    const isNew = last === undefined || sample.timestamp - last.timestamp >= 1_000_000_000n;
    const samples = isNew ? [...known, sample].slice(-2) : known;
    this.#samples.set(id, samples);
    const before = samples.length > 1 ? samples[0] : undefined;
    const { metadata, labels = {}, annotations = {} } = config;
    return statsOf({ id, metadata, labels, annotations }, sample, before);
  }

  /** @param running - its containers that run */
  ofSandbox({ id, config }: Sandbox, running: readonly ContainerRecord[]): cri.PodSandboxStats {
    const containers = running.map((one) => this.ofContainer(one));
    const timestamp = this.#now();
    const sum = (pick: (stats: cri.ContainerStats) => number | undefined) => ({
      value: containers.reduce((total, one) => total + (pick(one) ?? 0), 0),
    });
    const { traffic } = this.#host.networks.stack(id);
    const processes = running.map((one) => this.#host.container(one.id).namespace.cgroup.processes);
    const { metadata, labels = {}, annotations = {} } = config;
    return {
      attributes: { id, metadata, labels, annotations },
      linux: {
        cpu: {
          timestamp,
          usageCoreNanoSeconds: sum((one) => one.cpu?.usageCoreNanoSeconds?.value),
          usageNanoCores: sum((one) => one.cpu?.usageNanoCores?.value),
        },
        memory: {
          timestamp,
          workingSetBytes: sum((one) => one.memory?.workingSetBytes?.value),
          usageBytes: sum((one) => one.memory?.usageBytes?.value),
          rssBytes: sum((one) => one.memory?.rssBytes?.value),
        },
        network: {
          timestamp,
          defaultInterface: {
            name: 'eth0',
            rxBytes: { value: traffic.rxBytes },
            rxErrors: { value: 0 },
            txBytes: { value: traffic.txBytes },
            txErrors: { value: 0 },
          },
          interfaces: [],
        },
        process: {
          timestamp,
          processCount: { value: processes.reduce((total, one) => total + one, 0) },
        },
        containers,
      },
    };
  }

  /** The container is gone. */
  forget(containerId: string): void {
    this.#samples.delete(containerId);
  }

  #sample(id: string): UsageSample {
    const { namespace, overlay } = this.#host.container(id);
    const { cgroup } = namespace;
    return {
      timestamp: this.#now(),
      cpuNanoSeconds: Math.round(cgroup.cpuMs * 1e6),
      memoryBytes: cgroup.memoryBytes,
      memoryLimitBytes: cgroup.resources.memoryLimitInBytes ?? 0,
      writableBytes: overlay.writableBytes,
      writableInodes: overlay.writableEntries,
    };
  }
}
