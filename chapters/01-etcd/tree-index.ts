/**
 * All keys in byte order, each with its history: the sorted tree over `key-index.ts`.
 *
 * The tree itself is a library's. Values are not here; see `backend.ts`.
 */

import * as sortedBTree from 'sorted-btree';
import type { ByteString } from './byte-string.ts';
import { KeyIndex } from './key-index.ts';
import type { KeyRange } from './rpc.ts';

// The package is CommonJS: Node, bundlers and TypeScript disagree on how many `default`s deep its class
// is, so the first one that can be constructed is taken.
const BTree = [sortedBTree, sortedBTree.default, sortedBTree.default.default].find(
  (candidate) => typeof candidate === 'function',
) as unknown as typeof sortedBTree.default.default;

const byteOrder = (a: ByteString, b: ByteString): number => (a < b ? -1 : a > b ? 1 : 0);

/** The `rangeEnd` that means "to the last key". */
export const TO_THE_END: ByteString = '\0';

/**
 * Tells whether `key` is in a range: the one key, or `[key, rangeEnd)`.
 */
export function inRange(key: ByteString, range: KeyRange): boolean {
  const { rangeEnd } = range;
  if (!rangeEnd) return key === range.key;
  return key >= range.key && (rangeEnd === TO_THE_END || key < rangeEnd);
}

/** A sorted map from key to the key's history. */
export class TreeIndex {
  readonly #tree = new BTree<ByteString, KeyIndex>(undefined, byteOrder);

  /** How many keys have a history, deleted ones that are not compacted yet included. */
  get size(): number {
    return this.#tree.size;
  }

  /** The history of `key`, or `undefined` when it has none. */
  get(key: ByteString): KeyIndex | undefined {
    return this.#tree.get(key);
  }

  /** The history of `key`; an empty one is made when it has none. */
  getOrCreate(key: ByteString): KeyIndex {
    let index = this.#tree.get(key);
    if (index === undefined) {
      index = new KeyIndex();
      this.#tree.set(key, index);
    }
    return index;
  }

  /** Gives `key` a history that a snapshot remembered. */
  set(key: ByteString, index: KeyIndex): void {
    this.#tree.set(key, index);
  }

  /** Forgets `key` and its history. */
  delete(key: ByteString): void {
    this.#tree.delete(key);
  }

  /**
   * Visits the keys of a range in byte order.
   *
   * @param range - one key, `[key, rangeEnd)`, or from `key` on when `rangeEnd` is `'\0'`
   * @param visit - must not add or remove keys
   */
  scan(range: KeyRange, visit: (key: ByteString, index: KeyIndex) => void): void {
    const { key, rangeEnd } = range;
    if (!rangeEnd) {
      const index = this.#tree.get(key);
      if (index !== undefined) visit(key, index);
      return;
    }
    const end = rangeEnd === TO_THE_END ? this.#tree.maxKey() : rangeEnd;
    if (end === undefined) return;
    this.#tree.forRange(key, end, rangeEnd === TO_THE_END, visit);
  }
}
