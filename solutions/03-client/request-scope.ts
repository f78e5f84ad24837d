/** What ends a request before its time: its caller, its timeout, or whoever reads its watch. Given. */

import type { Clock, Timer } from '#apimachinery';

/**
 * The signal of one request.
 *
 * @remarks It aborts when the caller's signal does, with the same reason. After `end` it holds on to
 * nothing: no timer, no listener.
 */
export class RequestScope {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onCallerAbort = (): void => this.#controller.abort(this.#caller?.reason);
  #timer: Timer | undefined;

  /** @param caller - the signal the request was made with */
  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted) this.#onCallerAbort();
    caller?.addEventListener('abort', this.#onCallerAbort, { once: true });
  }

  /** For all that the request does. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with what `reason` makes, `ms` milliseconds from now, unless `stopTimer` or `end` comes first. */
  startTimer(clock: Clock, ms: number, reason: () => Error): void {
    this.#timer = clock.after(ms, () => this.#controller.abort(reason()));
  }

  stopTimer(): void {
    this.#timer?.cancel();
  }

  /** Aborts now. */
  abort(): void {
    this.#controller.abort();
  }

  /** Nothing aborts it from now on but `abort`. May be called more than once. */
  end(): void {
    this.stopTimer();
    this.#caller?.removeEventListener('abort', this.#onCallerAbort);
  }
}
