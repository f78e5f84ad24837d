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
    let timeout: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const partMs = Math.min(Math.max(leftMs, 0), LONGEST_TIMEOUT_MS);
      timeout = setTimeout(() => (leftMs > partMs ? wait(leftMs - partMs) : callback()), partMs);
    };
    wait(ms);
    return { cancel: () => clearTimeout(timeout) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }
}
