/**
 * How long a failed daemon pod stays before the next one gets its chance: a second, then twice that,
 * and so on. Given.
 *
 * A kubelet that refuses a pod, and a controller that makes another at once, would keep each other
 * busy.
 *
 * @see k8s.io/client-go/util/flowcontrol/backoff.go (1.33)
 */

import type { Clock } from '#apimachinery';

const FIRST_MS = 1000;
const LONGEST_MS = 15 * 60 * 1000;

interface Entry {
  readonly delayMs: number;
  readonly since: number;
}

/** Delays by set and node. */
export class FailedPodBackoff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the next failed pod of this key has to stay; 0 when it can go. */
  remainingMs(key: string): number {
    const entry = this.#entries.get(key);
    if (!entry) return 0;
    return Math.max(0, entry.since + entry.delayMs - this.#clock.monotonic());
  }

  /** A failed pod goes: the next one waits longer. */
  next(key: string): void {
    const now = this.#clock.monotonic();
    this.#forgetOld(now);
    const before = this.#entries.get(key)?.delayMs;
    const delayMs = before === undefined ? FIRST_MS : Math.min(2 * before, LONGEST_MS);
    this.#entries.set(key, { delayMs, since: now });
  }

  /** Who has not failed for twice the longest delay begins anew. */
  #forgetOld(now: number): void {
    for (const [key, { since }] of this.#entries) {
      if (now - since > 2 * LONGEST_MS) this.#entries.delete(key);
    }
  }
}
