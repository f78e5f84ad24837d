/**
 * One turn of the event loop: the adapter through which `FakeClock` lets queued work run.
 *
 * Whatever the platform offers is looked up once, here, when this file is loaded.
 */

/** Resolves when all that was queued before has run: promises, stream chunks, I/O callbacks. */
export type Turn = () => Promise<void>;

const schedule: ((callback: () => void) => unknown) | undefined =
  globalThis.setImmediate ?? globalThis.setTimeout;

/** How many promise callbacks in a row may run where the platform has no event loop to offer. */
const MICROTASKS_PER_TURN = 100;

/** A turn of the platform's event loop; where there is none, as far as promises alone get. */
export const macrotaskTurn: Turn = async () => {
  if (schedule) return new Promise((resolve) => void schedule(() => resolve()));
  for (let i = 0; i < MICROTASKS_PER_TURN; i++) await Promise.resolve();
};
