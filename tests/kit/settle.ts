/**
 * Waiting for asynchronous code without sleeping.
 *
 * Time itself is a fake clock's (`#apimachinery`); this only lets work that is already due happen.
 */

const nextTurn = globalThis.setImmediate;

/**
 * Lets everything that is ready to run, run: promises, streams, iterators that have an event.
 *
 * @remarks
 * `const next = watch.next(); await settle();` has delivered `next` if an event was there. No time
 * passes: a fake clock must be stepped by the test.
 */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => nextTurn(resolve));
  }
}
