/**
 * Time as components get it: from outside. Given.
 *
 * The real clock is in `real-clock.ts` and is made in mains only; tests and a cluster in one process
 * use `fake-clock.ts`, where time passes only when somebody says so.
 */

/** A call that was asked for at a later time. */
export interface Timer {
  /** Takes the call back; does nothing when it was made or taken back before. */
  cancel(): void;
}

/** Tells the time and wakes who asked to be woken. */
export interface Clock {
  /** Milliseconds since 1970 in UTC. May jump, backwards too: for timestamps, not for durations. */
  now(): number;

  /** Milliseconds since some fixed moment; never goes back. Only differences mean something. */
  monotonic(): number;

  /**
   * Calls `callback` once, `ms` milliseconds from now, and never before `after` itself has returned.
   *
   * @param ms - less than zero counts as zero
   */
  after(ms: number, callback: () => void): Timer;

  /**
   * Resolves `ms` milliseconds from now.
   *
   * @param signal - when it aborts, the promise rejects at once and no timer is left behind
   * @throws the signal's reason, as a rejection, when it aborts or has aborted before
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `Clock.sleep` in terms of `after`, for those who write a clock. */
export function sleepOn(
  clock: Pick<Clock, 'after'>,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
