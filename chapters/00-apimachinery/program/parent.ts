/** A program that was started by another ends with it. Given. */

/** How often a child looks whether its parent still lives. */
const PARENT_CHECK_MS = 500;

/** Calls `stop` when the process that started this one is gone. Keeps no process alive. */
export function whenOrphaned(stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_CHECK_MS).unref();
}
