/**
 * Protobuf's varints as JavaScript numbers: seven bits a byte, the lowest first.
 *
 * Sixty-four bits are read as two halves, because numbers have bit operations on 32 bits only and
 * bigints are slow. Next: `protobuf.ts`.
 */

/** Thrown for bytes that are not a message. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** Where reading stands in a buffer. */
export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

const TWO_TO_32 = 4294967296;

/** Reads a tag or a length: at most 32 bits. */
export function readVarint32(cursor: Cursor): number {
  const first = cursor.bytes[cursor.at];
  if (first !== undefined && first < 0x80) {
    cursor.at += 1;
    return first;
  }
  const value = readInt64(cursor);
  if (value < 0 || value >= TWO_TO_32) throw new ProtobufError('a length is not below 2^32');
  return value;
}

/**
 * Reads an int64.
 *
 * @returns exact from -2^53 to 2^53; larger values are rounded
 */
export function readInt64(cursor: Cursor): number {
  const { bytes } = cursor;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) break;
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (shift - 32);
    if (byte < 0x80) return (high | 0) * TWO_TO_32 + (low >>> 0);
  }
  throw new ProtobufError('a number does not end');
}

/** How many bytes a value below 2^32 takes. */
export function sizeOfVarint32(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** @returns the offset after what was written */
export function writeVarint32(target: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** How many bytes an int64 takes; a negative one always takes ten. */
export function sizeOfInt64(value: number): number {
  if (value < 0) return 10;
  if (value < TWO_TO_32) return sizeOfVarint32(value);
  let size = 5;
  for (let rest = value / 2 ** 35; rest >= 1; rest /= 0x80) size += 1;
  return size;
}

/** @returns the offset after what was written */
export function writeInt64(target: Buffer, offset: number, value: number): number {
  if (value >= 0 && value < TWO_TO_32) return writeVarint32(target, offset, value);
  let low = value >>> 0;
  let high = Math.floor(value / TWO_TO_32) >>> 0;
  let at = offset;
  while (high > 0 || low >= 0x80) {
    target[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  target[at++] = low;
  return at;
}
