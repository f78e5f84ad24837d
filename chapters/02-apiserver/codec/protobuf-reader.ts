/**
 * Protobuf's own alphabet: varints, tags, and bytes with their length in front. Given.
 *
 * What the fields mean is in `protobuf.ts`.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

import { ValueError } from './value-error.ts';

/** How a field's value is written. */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** A varint of 64 bits has no more bytes. */
const MAX_VARINT_BYTES = 10;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of bytes. */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ValueError('proto: a text is not UTF-8');
  }
}

/** Reads one message from its beginning to its end. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @returns the field's number and how its value is written */
  tag(): { readonly number: number; readonly wire: number } {
    const tag = this.smallVarint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ValueError('proto: illegal tag 0');
    return { number, wire: tag % 8 };
  }

  /** A varint that is meant to be small: a tag, a length, a boolean. */
  smallVarint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      // Above 2^53 the sum is inexact, and much too large for what it is used for anyway.
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new ValueError('proto: integer overflow');
  }

  /** A varint as a whole number with a sign: negative ones take ten bytes. */
  int64(): bigint {
    let value = 0n;
    for (let i = 0n; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new ValueError('proto: integer overflow');
  }

  /** The bytes of a text, a message, a packed list; not copied. */
  bytes(): Uint8Array {
    return this.#take(this.smallVarint());
  }

  double(): number {
    const { buffer, byteOffset } = this.#take(8);
    return new DataView(buffer, byteOffset, 8).getFloat64(0, true);
  }

  /** Passes over a value that nobody knows. */
  skip(wire: number): void {
    if (wire === VARINT) this.smallVarint();
    else if (wire === FIXED64) this.#take(8);
    else if (wire === LENGTH) this.bytes();
    else if (wire === FIXED32) this.#take(4);
    // Groups are from before Kubernetes; nothing writes them.
    else throw new ValueError(`proto: illegal wireType ${wire}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new ValueError('unexpected EOF');
    this.#at++;
    return byte;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new ValueError('unexpected EOF');
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }
}
