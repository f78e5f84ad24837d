/** Sums by place: how much there is in the zone `a`, on the host `node-1`. Given. */

/** Numbers by the name and the value of a node label. What is 0 is not there. */
export class TopologyCounts {
  readonly #byKey: Map<string, Map<string, number>>;

  constructor(byKey: Map<string, Map<string, number>> = new Map()) {
    this.#byKey = byKey;
  }

  /**
   * @param key - a `topologyKey`
   * @param value - what the label has on the nodes of the place; `undefined` is no place: nothing is added
   * @param change - may be negative
   */
  add(key: string, value: string | undefined, change: number): void {
    if (value === undefined || change === 0) return;
    const values = this.#byKey.get(key) ?? new Map<string, number>();
    const sum = (values.get(value) ?? 0) + change;
    if (sum === 0) values.delete(value);
    else values.set(value, sum);
    if (values.size === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, values);
  }

  /** @returns 0 for a place where nothing is, and for `undefined` */
  get(key: string, value: string | undefined): number {
    return value === undefined ? 0 : (this.#byKey.get(key)?.get(value) ?? 0);
  }

  /** The topology keys for which there is anything. */
  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  /** A copy that can change without changing this one. */
  clone(): TopologyCounts {
    return new TopologyCounts(
      new Map([...this.#byKey].map(([key, values]) => [key, new Map(values)])),
    );
  }
}
