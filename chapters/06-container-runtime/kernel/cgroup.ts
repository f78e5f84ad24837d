/** What one container may use and has used. Given; the arithmetic is in `../limits/limits.ts`. */

import type { LinuxContainerResources } from '../cri/index.ts';

/** Counters of one container, for limits and stats. */
export class Cgroup {
  resources: LinuxContainerResources;
  /** CPU time of all its processes, in milliseconds. */
  cpuMs = 0;
  memoryBytes = 0;
  peakMemoryBytes = 0;
  processes = 0;
  oomKills = 0;

  constructor(resources: LinuxContainerResources = {}) {
    this.resources = resources;
  }
}
