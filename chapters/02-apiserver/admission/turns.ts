/** One after the other: work that must not overlap, by key. Given. */

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work` once all that came before it under the same key is over, well or not. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return mine;
  }
}
