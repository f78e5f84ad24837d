/**
 * Waits for a test, but not for ever: what was nobody's to catch, and what nobody will ever settle.
 *
 * An endless loop is not seen here; the judge ends the whole child for that.
 */

const later = setTimeout;
const cancel = clearTimeout;
const turn = setImmediate;

/** A test that did not end by itself. */
export class Unending extends Error {
  override readonly name = 'Unending';
}

/** What happened outside any promise or call of the test. */
let strays: unknown[] = [];
let giveUp: ((reason: Unending) => void) | undefined;

/** Listens to the process; to be called once, before student code. */
export function watchProcess(): void {
  const stray = (thrown: unknown): void => {
    if (strays.length < 10) strays.push(thrown);
  };
  process.on('unhandledRejection', stray);
  process.on('uncaughtException', stray);
  process.on('beforeExit', () => {
    // Nothing is left to happen, and the test still waits. The turn keeps the process alive.
    if (giveUp === undefined) return;
    turn(() => undefined);
    giveUp(new Unending('waits for a promise that nothing will ever settle'));
  });
}

/**
 * Runs a test to its end.
 *
 * @param ms - how long it may wait
 * @throws what the test threw; Unending; or what a promise or callback of the code threw meanwhile
 */
export async function runPatiently(run: () => Promise<void>, ms: number): Promise<void> {
  strays = [];
  const unending = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const limit = later(() => giveUp?.(new Unending(`did not end within ${ms / 1000} s`)), ms);
  limit.unref();
  try {
    await Promise.race([run(), unending]);
  } finally {
    cancel(limit);
    giveUp = undefined;
  }
  await new Promise((resolve) => turn(resolve));
  if (strays.length > 0) throw strays[0];
}
