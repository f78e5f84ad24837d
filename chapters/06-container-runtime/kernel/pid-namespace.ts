/** Which processes see each other, and by what numbers: a container's own, or those of several. Given. */

import type { Process } from './process.ts';

/** Numbers for processes. */
export class PidNamespace {
  readonly #processes = new Map<number, Process>();
  #lastPid: number;

  /** @param lastPid - 1 where a pod's sandbox is the first process */
  constructor(lastPid = 0) {
    this.#lastPid = lastPid;
  }

  /** Those that run, by pid. */
  get processes(): Process[] {
    return [...this.#processes.values()];
  }

  process(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  add(make: (pid: number) => Process): Process {
    const process = make(++this.#lastPid);
    this.#processes.set(process.pid, process);
    process.onEnd(() => this.#remove(process));
    return process;
  }

  #remove(process: Process): void {
    this.#processes.delete(process.pid);
    // Without its first process a namespace has none.
    if (process.pid === 1) for (const other of this.processes) other.kill('SIGKILL');
  }
}
