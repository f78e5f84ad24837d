/**
 * The node's CPUs: whoever has work gets its share of them, on the clock. Given.
 *
 * How shares and quotas divide the CPUs is `cpuRates` of `../limits/limits.ts`. Between two changes
 * (work arrives, work is done) the rates stay as they are, so there is one timer, not a tick.
 */

import type { Clock, Timer } from '#apimachinery';
import { type CpuDemand, cpuRates, cpuShareOf } from '../limits/limits.ts';
import type { Cgroup } from './cgroup.ts';

interface Job {
  readonly cgroup: Cgroup;
  leftMs: number;
  /** CPUs it gets now, 0 to 1. */
  rate: number;
  readonly done: () => void;
}

/** Less work than this is done: what rounding leaves. */
const NOTHING_MS = 1e-6;
/** A timer that is late leaves so much at most to be used without one. */
const MOST_CREDIT_MS = 10;

/** CPUs that are shared. */
export class Cpu {
  readonly #clock: Clock;
  readonly #cpus: number;
  readonly #jobs = new Set<Job>();
  #timer: Timer | undefined;
  /**
   * CPU time that a cgroup had and did not use, since a real clock's timers are late: without it,
   * a loop of short commands would get a timer's worth of CPU for each, which is far less than its share.
   */
  readonly #credits = new WeakMap<Cgroup, number>();
  #accountedMs: number;

  constructor(clock: Clock, cpus: number) {
    this.#clock = clock;
    this.#cpus = cpus;
    this.#accountedMs = clock.monotonic();
  }

  /** Resolves when one thread of the cgroup has had `cpuMs` of a CPU. */
  work(cgroup: Cgroup, cpuMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#account();
      if (this.#useCredit(cgroup, cpuMs)) return resolve();
      const onAbort = (): void => {
        this.#account();
        this.#jobs.delete(job);
        this.#share();
        reject(signal.reason);
      };
      const job: Job = {
        cgroup,
        leftMs: cpuMs,
        rate: 0,
        done: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#jobs.add(job);
      this.#share();
    });
  }

  /** Brings the counters up to now. */
  account(): void {
    this.#account();
  }

  /** A limit has changed. */
  reshare(): void {
    this.#account();
    this.#share();
  }

  #account(): void {
    const now = this.#clock.monotonic();
    const passed = now - this.#accountedMs;
    this.#accountedMs = now;
    if (passed <= 0) return;
    for (const job of this.#jobs) {
      const had = passed * job.rate;
      const used = Math.min(job.leftMs, had);
      job.leftMs -= used;
      job.cgroup.cpuMs += used;
      if (had - used > NOTHING_MS) this.#addCredit(job.cgroup, had - used);
    }
  }

  #addCredit(cgroup: Cgroup, ms: number): void {
    this.#credits.set(cgroup, Math.min((this.#credits.get(cgroup) ?? 0) + ms, MOST_CREDIT_MS));
  }

  /** Pays for work that was waited for already. */
  #useCredit(cgroup: Cgroup, cpuMs: number): boolean {
    const credit = this.#credits.get(cgroup) ?? 0;
    if (credit < cpuMs) return false;
    this.#credits.set(cgroup, credit - cpuMs);
    cgroup.cpuMs += cpuMs;
    return true;
  }

  #share(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#jobs.size === 0) return;
    const rates = cpuRates(this.#demands(), this.#cpus);
    const threads = this.#threads();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs) {
      job.rate = (rates.get(job.cgroup) ?? 0) / (threads.get(job.cgroup) ?? 1);
      if (job.rate > 0) nextMs = Math.min(nextMs, job.leftMs / job.rate);
    }
    if (nextMs < Number.POSITIVE_INFINITY) {
      this.#timer = this.#clock.after(nextMs, () => this.#finish());
    }
  }

  #threads(): Map<Cgroup, number> {
    const threads = new Map<Cgroup, number>();
    for (const { cgroup } of this.#jobs) threads.set(cgroup, (threads.get(cgroup) ?? 0) + 1);
    return threads;
  }

  #demands(): CpuDemand<Cgroup>[] {
    return [...this.#threads()].map(([key, threads]) => ({
      key,
      threads,
      ...cpuShareOf(key.resources),
    }));
  }

  #finish(): void {
    this.#account();
    for (const job of this.#jobs) {
      if (job.leftMs > NOTHING_MS) continue;
      this.#jobs.delete(job);
      job.done();
    }
    this.#share();
  }
}
