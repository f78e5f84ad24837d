/** What a load notes of its calls. */

import type { Outcome } from './measure.ts';

/** Measures from its making to `outcome()`. */
export class Meter {
  readonly #begin = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #latencies: number[] = [];
  errors = 0;

  add(latencyMs: number): void {
    this.#latencies.push(latencyMs);
  }

  outcome(operations = this.#latencies.length): Outcome {
    const { user, system } = process.cpuUsage(this.#cpu);
    const sorted = this.#latencies.sort((a, b) => a - b);
    const quantile = (q: number) => sorted[Math.floor(sorted.length * q)] ?? 0;
    return {
      operations,
      seconds: (performance.now() - this.#begin) / 1000,
      errors: this.errors,
      medianMs: quantile(0.5),
      p99Ms: quantile(0.99),
      clientCpuSeconds: (user + system) / 1e6,
    };
  }
}

/** @returns a function that is true once so much time is over */
export function afterSeconds(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() >= end;
}
