/**
 * Calls that are made soon, one after another. Given.
 *
 * An informer has one for each of its handlers, so that a handler is never called from inside the
 * code that caused it, and one that throws harms nobody.
 */

import { Fifo } from './fifo.ts';

/**
 * Makes calls in the order in which they were pushed, each after the one before has returned.
 *
 * @remarks The first is made once the code that runs now has come to its end or to an `await`: never
 * from inside `push`. No time passes until then.
 */
export class NotificationQueue {
  readonly #calls = new Fifo<() => void>();
  readonly #onError: (error: unknown) => void;
  #running = false;
  #closed = false;

  /** @param onError - gets what a call throws; the next calls are made all the same */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Adds a call; does nothing after `close`. */
  push(call: () => void): void {
    if (this.#closed) return;
    this.#calls.push(call);
    if (this.#running) return;
    this.#running = true;
    void Promise.resolve().then(() => this.#makeCalls());
  }

  /** From now on no call is made any more, not even one that waits. */
  close(): void {
    this.#closed = true;
  }

  #makeCalls(): void {
    for (let call = this.#calls.shift(); call && !this.#closed; call = this.#calls.shift()) {
      try {
        call();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#running = false;
  }
}
