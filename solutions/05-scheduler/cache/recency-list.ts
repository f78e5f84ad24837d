/** A list that knows what was touched last. Given: the cache keeps its nodes in one. */

interface Link<T> {
  readonly key: string;
  readonly value: T;
  newer: Link<T> | undefined;
  older: Link<T> | undefined;
}

/** Values by key, the one touched last first. Everything takes constant time. */
export class RecencyList<T> {
  readonly #links = new Map<string, Link<T>>();
  #newest: Link<T> | undefined;

  get size(): number {
    return this.#links.size;
  }

  get(key: string): T | undefined {
    return this.#links.get(key)?.value;
  }

  /** Puts a new value in, as the newest. Nothing may be under the key. */
  add(key: string, value: T): void {
    const link: Link<T> = { key, value, newer: undefined, older: undefined };
    this.#links.set(key, link);
    this.#toFront(link);
  }

  /** The value under the key is the newest now. */
  touch(key: string): void {
    const link = this.#links.get(key);
    if (link === undefined || link === this.#newest) return;
    this.#unlink(link);
    this.#toFront(link);
  }

  delete(key: string): void {
    const link = this.#links.get(key);
    if (link === undefined) return;
    this.#unlink(link);
    this.#links.delete(key);
  }

  /** All values, newest first; whoever stops early has not paid for the rest. */
  *newestFirst(): Generator<T> {
    for (let link = this.#newest; link !== undefined; link = link.older) yield link.value;
  }

  #toFront(link: Link<T>): void {
    link.newer = undefined;
    link.older = this.#newest;
    if (this.#newest) this.#newest.newer = link;
    this.#newest = link;
  }

  #unlink(link: Link<T>): void {
    if (link.newer) link.newer.older = link.older;
    else this.#newest = link.older;
    if (link.older) link.older.newer = link.newer;
  }
}
