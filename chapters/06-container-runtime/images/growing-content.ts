/** Content of files that are written piece by piece, without a copy of the whole for each piece. Given. */

/**
 * Joins bytes in buffers that have room for more.
 *
 * @remarks What it returned stays as it is: the room behind it is given away once, to the first that
 * goes on from there, and whoever comes later gets a copy. So an entry can be shared, or kept.
 *
 * ```text
 * a = joined(none, 'ab')    buffer ab······   a = ab
 * b = joined(a, 'cd')       buffer abcd····   a = ab, b = abcd: the same buffer
 * c = joined(a, 'xy')       a buffer of its own: abxy
 * ```
 */
export class GrowingContent {
  /** How much of each buffer is given away. */
  readonly #used = new WeakMap<ArrayBufferLike, number>();

  joined(old: Uint8Array, more: Uint8Array): Uint8Array {
    const end = old.byteOffset + old.length;
    const length = old.length + more.length;
    const { buffer } = old;
    const isFree = this.#used.get(buffer) === end && old.byteOffset + length <= buffer.byteLength;
    const all = isFree ? new Uint8Array(buffer, old.byteOffset, length) : copyWithRoom(old, length);
    all.set(more, old.length);
    this.#used.set(all.buffer, all.byteOffset + length);
    return all;
  }
}

/** Twice as much room as is needed: then all copies together are not more than the content. */
function copyWithRoom(old: Uint8Array, length: number): Uint8Array {
  const all = new Uint8Array(new ArrayBuffer(2 * length), 0, length);
  all.set(old);
  return all;
}
