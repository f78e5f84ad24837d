/** Asking a part whether it is ready. Given. */

import type { Clock } from '#apimachinery';
import { untilAborted } from '../assembly/until-aborted.ts';
import type { Part } from './part.ts';

/** How long after an answer that is not yes a part is asked again. */
export const READY_POLL_MS = 50;
/** Who is not ready after so long is late. */
export const READY_TIMEOUT_MS = 60_000;

/**
 * Asks at once, and {@link READY_POLL_MS} after every answer that is not yes.
 *
 * @returns `late` after {@link READY_TIMEOUT_MS}, also when no answer came at all; `aborted` as soon as
 * the signal has. No timer is left then
 */
export async function untilReady(
  part: Pick<Part, 'isReady'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<'ready' | 'late' | 'aborted'> {
  const end = new AbortController();
  const ask = async (): Promise<boolean> => part.isReady();
  const poll = async (): Promise<'ready' | 'aborted'> => {
    while (!end.signal.aborted) {
      if (await ask().catch(() => false)) return 'ready';
      await clock.sleep(READY_POLL_MS, end.signal).catch(() => {});
    }
    return 'aborted';
  };
  const late = clock.sleep(READY_TIMEOUT_MS, end.signal).then(
    () => 'late' as const,
    () => 'aborted' as const,
  );
  const aborted = untilAborted(signal).then(() => 'aborted' as const);
  const verdict = await Promise.race([poll(), late, aborted]);
  end.abort();
  return verdict;
}
