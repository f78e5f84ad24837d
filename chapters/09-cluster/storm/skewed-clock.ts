/** A computer's own clock, that may be wrong: what it says jumps, durations stay right. */

import type { Clock, Timer } from '#apimachinery';

/** The time of a component. */
export class SkewedClock implements Clock {
  readonly #clock: Clock;
  /** How far it is ahead, in milliseconds. */
  skewMs = 0;

  /** @param clock - goes right */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, callback: () => void): Timer {
    return this.#clock.after(ms, callback);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }
}
