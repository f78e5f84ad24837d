/**
 * The moment when something is gone: a connection, a computer.
 *
 * What an AbortSignal would be, for very many that come and go.
 */
export class Loss {
  #hasHappened = false;
  readonly #listeners = new Set<() => void>();

  get hasHappened(): boolean {
    return this.#hasHappened;
  }

  happen(): void {
    this.#hasHappened = true;
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  /** Calls when it happens, at once when it has. */
  tell(listener: () => void): void {
    if (this.#hasHappened) listener();
    else this.#listeners.add(listener);
  }

  forget(listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
