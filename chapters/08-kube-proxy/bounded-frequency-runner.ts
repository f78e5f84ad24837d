/**
 * Runs a function when asked, but not too often, and now and then unasked. Given.
 *
 * @see kubernetes 1.33 pkg/util/async/bounded_frequency_runner.go
 */

import type { Clock, Timer } from '#apimachinery';

/** How often. */
export interface RunnerOptions {
  readonly clock: Clock;
  /** Between two runs, on the average. */
  readonly minIntervalMs: number;
  /** After so long without a run there is one unasked. */
  readonly maxIntervalMs: number;
  /** So many runs may follow one another at once, after a time without any. */
  readonly burst: number;
}

/**
 * One run at a time.
 *
 * @remarks A run that is asked for while another is under way comes after it: the other one may have
 * begun too early to know what this one is about.
 */
export class BoundedFrequencyRunner {
  readonly #work: () => Promise<void>;
  readonly #options: RunnerOptions;
  /** How much of the shortest intervals is saved up, in milliseconds; a run costs one interval. */
  #creditMs: number;
  #creditAt: number;
  #lastRunAt: number;
  #isAsked = false;
  #retryAt: number | undefined;
  #timer: Timer | undefined;
  #current: Promise<void> | undefined;
  #isStarted = false;

  /** @param work - must not reject */
  constructor(work: () => Promise<void>, options: RunnerOptions) {
    this.#work = work;
    this.#options = options;
    this.#creditMs = options.burst * options.minIntervalMs;
    this.#creditAt = options.clock.monotonic();
    this.#lastRunAt = options.clock.monotonic();
  }

  /** Asks for a run, as soon as there may be one. */
  ask(): void {
    this.#isAsked = true;
    this.#schedule();
  }

  /** Asks for a run after so long, if there is none before. */
  retryAfter(ms: number): void {
    this.#retryAt = this.#options.clock.monotonic() + ms;
    this.#schedule();
  }

  /** Runs until the signal aborts; resolves when the last run has ended. */
  async start(signal: AbortSignal): Promise<void> {
    this.#isStarted = !signal.aborted;
    this.#schedule();
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#isStarted = false;
    this.#timer?.cancel();
    await this.#current;
  }

  #schedule(): void {
    if (!this.#isStarted || this.#current) return;
    this.#timer?.cancel();
    const { clock, maxIntervalMs } = this.#options;
    const now = clock.monotonic();
    const due = this.#isAsked ? now : (this.#retryAt ?? Number.POSITIVE_INFINITY);
    const at = Math.min(Math.max(due, this.#mayRunAt(now)), this.#lastRunAt + maxIntervalMs);
    this.#timer = clock.after(at - now, () => {
      this.#current = this.#run().finally(() => {
        this.#current = undefined;
        this.#schedule();
      });
    });
  }

  async #run(): Promise<void> {
    const now = this.#options.clock.monotonic();
    this.#refill(now);
    this.#creditMs -= this.#options.minIntervalMs;
    this.#lastRunAt = now;
    this.#isAsked = false;
    this.#retryAt = undefined;
    await this.#work();
  }

  #refill(now: number): void {
    const { minIntervalMs, burst } = this.#options;
    this.#creditMs = Math.min(burst * minIntervalMs, this.#creditMs + now - this.#creditAt);
    this.#creditAt = now;
  }

  #mayRunAt(now: number): number {
    this.#refill(now);
    return now + Math.max(0, this.#options.minIntervalMs - this.#creditMs);
  }
}
