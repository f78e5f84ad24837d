/** Objects by key, in order of their keys: what the watch cache keeps. Given. */

import type { Stored } from './stored.ts';

/** Changes are cheap, and reading a range costs what it returns. */
export class SortedObjects {
  readonly #byKey = new Map<string, Stored>();
  readonly #keys: string[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Stored | undefined {
    return this.#byKey.get(key);
  }

  set(stored: Stored): void {
    const { key } = stored;
    if (!this.#byKey.has(key)) this.#keys.splice(this.#place(key), 0, key);
    this.#byKey.set(key, stored);
  }

  delete(key: string): void {
    if (this.#byKey.delete(key)) this.#keys.splice(this.#place(key), 1);
  }

  clear(): void {
    this.#byKey.clear();
    this.#keys.length = 0;
  }

  /** The objects whose keys begin with `prefix`, from `startKey` on, itself included. */
  from(prefix: string, startKey = prefix): Stored[] {
    const found: Stored[] = [];
    for (let i = this.#place(startKey); i < this.#keys.length; i++) {
      const key = this.#keys[i] ?? '';
      if (!key.startsWith(prefix)) break;
      const stored = this.#byKey.get(key);
      if (stored) found.push(stored);
    }
    return found;
  }

  /** The place of the first key that is not before `key`. */
  #place(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
