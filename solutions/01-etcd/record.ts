/**
 * The form of one record on disk, the same in the log and in snapshots.
 *
 * ```text
 * bytes 0–3    length of the data
 * bytes 4–11   index of the record: 1, 2, 3 … over the life of the log
 * bytes 12–15  checksum of bytes 0–11
 * bytes 16–19  checksum of the data
 * bytes 20–    the data
 * last byte    0x5a, which is how a record that was written to its end can be told from one that
 *              was not: what was never written is missing or zero
 * ```
 *
 * Numbers are little-endian; checksums are CRC-32. Which records a log has, and what a bad one
 * means for it, is in `wal.ts`.
 */

const HEADER_BYTES = 20;
const END_MARK = 0x5a;

/** A record that was read, and where the next one begins. */
export interface LogRecord {
  readonly kind: 'record';
  readonly index: number;
  readonly data: Uint8Array;
  readonly next: number;
}

/**
 * What stands at a place of a file.
 *
 * `end`: the file ends here, or only zeros follow. `torn`: a record began here and was not written
 * to its end, and nothing follows it. `damaged`: neither; bytes that were written have changed.
 */
export type Reading = LogRecord | { readonly kind: 'end' | 'torn' | 'damaged' };

/** How many bytes a record with `dataLength` bytes of data takes. */
export function recordLength(dataLength: number): number {
  return HEADER_BYTES + dataLength + 1;
}

/**
 * Writes a record into `target`.
 *
 * @param offset - where in `target`; {@link recordLength} bytes are written
 */
export function writeRecord(
  target: Uint8Array,
  offset: number,
  index: number,
  data: Uint8Array,
): void {
  const view = new DataView(target.buffer, target.byteOffset + offset, recordLength(data.length));
  view.setUint32(0, data.length, true);
  view.setBigUint64(4, BigInt(index), true);
  view.setUint32(12, crc32(target, offset, offset + 12), true);
  target.set(data, offset + HEADER_BYTES);
  view.setUint32(16, crc32(data, 0, data.length), true);
  target[offset + HEADER_BYTES + data.length] = END_MARK;
}

/** A record as bytes of its own. */
export function encodeRecord(index: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(recordLength(data.length));
  writeRecord(bytes, 0, index, data);
  return bytes;
}

/**
 * Reads what stands at `offset`.
 *
 * @param bytes - the whole file
 */
export function readRecord(bytes: Uint8Array, offset: number): Reading {
  if (isZero(bytes, offset)) return { kind: 'end' };
  const left = bytes.length - offset;
  if (left < HEADER_BYTES) return { kind: 'torn' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, left);
  if (view.getUint32(12, true) !== crc32(bytes, offset, offset + 12)) {
    // A header cut short by zeros was never finished; any other header has changed since.
    return { kind: isZero(bytes, offset + HEADER_BYTES - 4) ? 'torn' : 'damaged' };
  }
  const length = view.getUint32(0, true);
  const next = offset + recordLength(length);
  if (next > bytes.length || isZero(bytes, next - 1)) return { kind: 'torn' };
  const data = bytes.subarray(offset + HEADER_BYTES, next - 1);
  if (bytes[next - 1] !== END_MARK || view.getUint32(16, true) !== crc32(data, 0, length)) {
    return { kind: 'damaged' };
  }
  return { kind: 'record', index: Number(view.getBigUint64(4, true)), data, next };
}

/** Tells whether only zeros, or nothing, stand from `offset` to the end. */
function isZero(bytes: Uint8Array, offset: number): boolean {
  for (let i = offset; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** How far the checksum looks at once: a byte at a time was a tenth of every write. */
const CRC_STRIDE = 8;

/** What a byte does to the checksum, with 0 to 7 bytes of zero behind it: 256 numbers for each. */
const crcTable = newCrcTable();

function newCrcTable(): Int32Array {
  // Signed: numbers of 32 bits without a sign are dear, for the engine has to make them floating point.
  const table = new Int32Array(256 * CRC_STRIDE);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const before = table[i - 256] ?? 0;
    table[i] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
  }
  return table;
}

function effect(byte: number, zeros: number): number {
  return crcTable[(byte & 0xff) + 256 * zeros] ?? 0;
}

/**
 * The CRC-32 (as in gzip) of `bytes[start, end)`.
 *
 * @remarks Eight bytes at a time: what each does to the sum is in the table, and the sum of sums is
 * their exclusive or.
 */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let i = start;
  for (; i + CRC_STRIDE <= end; i += CRC_STRIDE) {
    crc =
      effect(crc ^ (bytes[i] ?? 0), 7) ^
      effect((crc >>> 8) ^ (bytes[i + 1] ?? 0), 6) ^
      effect((crc >>> 16) ^ (bytes[i + 2] ?? 0), 5) ^
      effect((crc >>> 24) ^ (bytes[i + 3] ?? 0), 4) ^
      effect(bytes[i + 4] ?? 0, 3) ^
      effect(bytes[i + 5] ?? 0, 2) ^
      effect(bytes[i + 6] ?? 0, 1) ^
      effect(bytes[i + 7] ?? 0, 0);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ effect(crc ^ (bytes[i] ?? 0), 0);
  return ~crc >>> 0;
}
