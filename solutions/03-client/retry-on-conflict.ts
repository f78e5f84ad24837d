/**
 * Reading, changing and writing again when somebody else wrote in between. Given.
 *
 * For writers that own only a part of an object. A controller that comes back for the object anyway
 * does better to let its queue try again (`work-queue.ts`).
 */

import { type Clock, isConflict, type Random } from '#apimachinery';

/** How often something is tried, and how long is waited in between. */
export interface Backoff {
  /** How many tries there are, the first among them. */
  readonly steps: number;
  /** The first wait, in milliseconds. */
  readonly durationMs: number;
  /** What each wait is multiplied by for the next. */
  readonly factor: number;
  /** How much of a wait chance may add to it: 0.1 gives up to 10 % more. */
  readonly jitter: number;
}

/** For conflicts with others who write the same object for other reasons. */
export const DEFAULT_RETRY: Backoff = { steps: 5, durationMs: 10, factor: 1, jitter: 0.1 };

/**
 * Runs `attempt` again as long as it fails with a conflict (409).
 *
 * @remarks `attempt` must read the object anew each time: what was read before is what the conflict
 * was about.
 *
 * ```ts
 * await retryOnConflict({ clock, random }, async () => {
 *   const node = await nodes.get('n1');
 *   node.spec = { ...node.spec, unschedulable: true };
 *   await nodes.update(node);
 * });
 * ```
 *
 * @returns what `attempt` resolved with
 * @throws the conflict of the last try, as a rejection; any other error of `attempt` at once
 * @see client-go v0.33 util/retry/util.go, RetryOnConflict
 */
export async function retryOnConflict<R>(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  attempt: () => Promise<R>,
  backoff: Backoff = DEFAULT_RETRY,
): Promise<R> {
  let waitMs = backoff.durationMs;
  for (let step = 1; ; step++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isConflict(error) || step >= backoff.steps) throw error;
    }
    await clock.sleep(random.jitter(waitMs, backoff.jitter));
    waitMs *= backoff.factor;
  }
}
