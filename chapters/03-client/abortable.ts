/** Waiting that can be ended. Given. */

/**
 * Waits for a promise, but not longer than until a signal aborts.
 *
 * @remarks No listener stays on the signal.
 * @param late - gets what the promise brings after all, when nobody waits for it any more; so that
 * it can be closed
 * @throws what the promise rejects with; the signal's reason, as a rejection, when it aborts first
 */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  late: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        if (signal.aborted) late(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}
