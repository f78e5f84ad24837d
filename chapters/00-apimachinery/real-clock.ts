/** The real clock: an adapter, made in mains only. Everybody else gets a `Clock` (`clock.ts`). */

import { type Clock, sleepOn, type Timer } from './clock.ts';

/** The longest delay `setTimeout` takes; a longer one would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The computer's own clock. */
export class RealClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  after(ms: number, callback: () => void): Timer {
    return new RealTimer(ms, callback);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }
}

/** A class, because every request has a timer, and nearly none goes off. */
class RealTimer implements Timer {
  #timeout: NodeJS.Timeout;

  constructor(ms: number, callback: () => void) {
    this.#timeout = this.#start(ms, callback);
  }

  #start(leftMs: number, callback: () => void): NodeJS.Timeout {
    if (leftMs <= LONGEST_TIMEOUT_MS) return setTimeout(callback, Math.max(leftMs, 0));
    return setTimeout(() => {
      this.#timeout = this.#start(leftMs - LONGEST_TIMEOUT_MS, callback);
    }, LONGEST_TIMEOUT_MS);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}
