/**
 * How long to wait before another try, longer each time. Given.
 *
 * This is for one thing that fails again and again, such as a watch. For many items of a queue there
 * is `rate-limiter.ts`.
 */

import type { Clock, Random } from '#apimachinery';

/** How delays grow. All times in milliseconds. */
export interface BackoffShape {
  readonly initialMs: number;
  /** No delay is longer, chance not counted. */
  readonly maxMs: number;
  /** Each delay is so many times the one before. */
  readonly factor: number;
  /** How much of a delay chance may add: 1 gives [d, 2d). */
  readonly jitter: number;
  /** When nothing has failed for longer than this, the delays start again. */
  readonly resetAfterMs: number;
}

/** What reflectors do: less than two requests a minute to a server that is down for long. */
export const REFLECTOR_BACKOFF: BackoffShape = {
  initialMs: 800,
  maxMs: 30_000,
  factor: 2,
  jitter: 1,
  resetAfterMs: 120_000,
};

/**
 * Delays that grow, until there has been calm for a while.
 *
 * @see apimachinery v0.33 pkg/util/wait/backoff.go, NewExponentialBackoffManager
 */
export class ExponentialBackoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #shape: BackoffShape;
  #nextMs: number;
  /** On the clock's monotonic time. */
  #lastFailureMs: number;

  constructor(world: { readonly clock: Clock; readonly random: Random }, shape: BackoffShape) {
    this.#clock = world.clock;
    this.#random = world.random;
    this.#shape = shape;
    this.#nextMs = shape.initialMs;
    this.#lastFailureMs = this.#clock.monotonic();
  }

  /** Counts a failure and says how long to wait now, in milliseconds. */
  next(): number {
    const { initialMs, maxMs, factor, jitter, resetAfterMs } = this.#shape;
    const now = this.#clock.monotonic();
    if (now - this.#lastFailureMs > resetAfterMs) this.#nextMs = initialMs;
    this.#lastFailureMs = now;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * factor, maxMs);
    return this.#random.jitter(delayMs, jitter);
  }
}
