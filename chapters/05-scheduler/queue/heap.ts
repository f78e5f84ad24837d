/**
 * A heap: the least of many is at hand, and everything has a key by which it is found. Given.
 *
 * Adding, replacing, and taking out cost the logarithm of the size.
 */

/** Things in the order of `less`, each under a key of its own. */
export class Heap<T> {
  readonly #keyOf: (item: T) => string;
  readonly #less: (a: T, b: T) => boolean;
  readonly #items: T[] = [];
  readonly #places = new Map<string, number>();

  /**
   * @param keyOf - never changes for an item
   * @param less - whether `a` comes before `b`; changes for an item only between its `delete` and `set`
   */
  constructor(keyOf: (item: T) => string, less: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  /** All items, in no order. */
  values(): readonly T[] {
    return [...this.#items];
  }

  get(key: string): T | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#items[place];
  }

  /** Puts an item in, for the one that has its key. */
  set(item: T): void {
    const place = this.#places.get(this.#keyOf(item)) ?? this.#items.length;
    this.#put(item, place);
    this.#settle(item, place);
  }

  /** @returns what was taken out, `undefined` when there was nothing under the key */
  delete(key: string): T | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const item = this.#items[place];
    this.#places.delete(key);
    const last = this.#items.pop();
    if (last !== undefined && place < this.#items.length) {
      this.#put(last, place);
      this.#settle(last, place);
    }
    return item;
  }

  /** The least item, `undefined` when there is none. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Takes the least item out. */
  pop(): T | undefined {
    const [first] = this.#items;
    return first === undefined ? undefined : this.delete(this.#keyOf(first));
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    this.#places.set(this.#keyOf(item), place);
  }

  /** Moves an item up or down to where it belongs. */
  #settle(item: T, start: number): void {
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#items[parent] as T;
      if (!this.#less(item, above)) break;
      this.#put(above, place);
      place = parent;
    }
    for (;;) {
      const child = this.#lesserChild(place);
      if (child === undefined || !this.#less(this.#items[child] as T, item)) break;
      this.#put(this.#items[child] as T, place);
      place = child;
    }
    this.#put(item, place);
  }

  #lesserChild(place: number): number | undefined {
    const left = 2 * place + 1;
    const right = left + 1;
    if (left >= this.#items.length) return undefined;
    if (right >= this.#items.length) return left;
    return this.#less(this.#items[right] as T, this.#items[left] as T) ? right : left;
  }
}
