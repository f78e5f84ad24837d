/**
 * Chance as components get it: from outside. Given.
 *
 * `seededRandom` repeats itself for the same seed and is what tests and the simulated cluster use;
 * the real thing is in `real-random.ts` and is made in mains only.
 */

/** Letters and digits that make no words and are not mistaken for each other. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Random numbers and what is made from them. */
export class Random {
  readonly #nextUint32: () => number;

  /** @param nextUint32 - gives whole numbers from 0 to 2^32 - 1, all equally likely */
  constructor(nextUint32: () => number) {
    this.#nextUint32 = nextUint32;
  }

  /** A number in [0, 1). */
  next(): number {
    // 27 and 26 bits make the 53 a number can hold.
    const high = this.#nextUint32() >>> 5;
    const low = this.#nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /**
   * A whole number in [0, n), all equally likely.
   *
   * @param n - a whole number from 1 to 2^32
   * @throws RangeError for any other `n`
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`no number below ${n}`);
    // What lies above the last whole multiple of n would favour the small numbers.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let drawn = this.#nextUint32();
    while (drawn >= limit) drawn = this.#nextUint32();
    return drawn % n;
  }

  /**
   * One of the items, all equally likely.
   *
   * @throws RangeError when there is none
   */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  /** The items in a new order, all orders equally likely; `items` itself is not changed. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.int(last + 1);
      const moved = shuffled[last] as T;
      shuffled[last] = shuffled[other] as T;
      shuffled[other] = moved;
    }
    return shuffled;
  }

  /** A UUID of version 4, as objects' `metadata.uid` are. */
  uuid(): string {
    const hex = this.#hex() + this.#hex() + this.#hex() + this.#hex();
    const variant = '89ab'[this.int(4)];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  /** Letters and digits for the end of a generated name: `nginx-` + `x7k2p`. */
  suffix(length = 5): string {
    let suffix = '';
    for (let i = 0; i < length; i++) suffix += SUFFIX_LETTERS[this.int(SUFFIX_LETTERS.length)];
    return suffix;
  }

  /**
   * A duration stretched by chance, so that not everybody comes back at once.
   *
   * @param maxFactor - how much of `ms` may be added: 0.5 gives [ms, 1.5 × ms)
   */
  jitter(ms: number, maxFactor: number): number {
    return ms + this.next() * maxFactor * ms;
  }

  #hex(): string {
    return this.#nextUint32().toString(16).padStart(8, '0');
  }
}

/**
 * Random numbers that are the same for the same seed.
 *
 * @remarks The generator is sfc32: three words of state and a counter, good for simulation, of no
 * use for secrets.
 *
 * @param seed - any number or text
 */
export function seededRandom(seed: number | string): Random {
  let [a, b, c] = hashSeed(String(seed));
  let counter = 1;
  const nextUint32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first rounds still show the seed.
  for (let i = 0; i < 15; i++) nextUint32();
  return new Random(nextUint32);
}

/** Three well mixed words from a text: FNV-1a with three starting values. */
function hashSeed(text: string): [number, number, number] {
  return [fnv1a(text, 0x811c9dc5), fnv1a(text, 0x9e3779b9), fnv1a(text, 0x243f6a88)];
}

function fnv1a(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
