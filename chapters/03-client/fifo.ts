/**
 * First in, first out, in constant time. Given.
 *
 * An array's `shift` moves all that is left, which hurts with fifty thousand keys waiting.
 */

/** A line of things: the one that came first leaves first. */
export class Fifo<T> {
  /** Turned around: the last of it is the next to leave. */
  #leaving: T[] = [];
  #arriving: T[] = [];

  get length(): number {
    return this.#leaving.length + this.#arriving.length;
  }

  push(item: T): void {
    this.#arriving.push(item);
  }

  /** Takes the first out; `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arriving.reverse();
      this.#arriving = [];
    }
    return this.#leaving.pop();
  }
}
