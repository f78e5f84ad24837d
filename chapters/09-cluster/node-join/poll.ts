/** Asking again and again, but not for ever. Given. */

import type { Clock } from '#apimachinery';

/** How often is looked whether something is there, or is no more. */
export const LOOK_AGAIN_MS = 1000;

/** How often, and how long. */
export interface Polling {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** May be infinite. */
  readonly timeoutMs: number;
}

/**
 * Asks at once, and `intervalMs` after every answer that is none.
 *
 * @returns the answer; `undefined` when the time was up before the next question was due
 * @throws what `ask` throws, as a rejection
 */
export async function poll<T>(
  { clock, intervalMs, timeoutMs }: Polling,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const startedAt = clock.monotonic();
  while (true) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    const leftMs = timeoutMs - (clock.monotonic() - startedAt);
    if (leftMs <= intervalMs) {
      await clock.sleep(leftMs);
      return undefined;
    }
    await clock.sleep(intervalMs);
  }
}
