/**
 * The write-ahead log: what is acknowledged has been written down first.
 *
 * It keeps records of bytes in order and knows nothing of what they mean. Their form is given in
 * `record.ts`; what to do with them after a crash is in `recovery.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Disk } from './disk.ts';

/** The log cannot be trusted: bytes that were safe have changed, or some are missing. */
export class DamagedLogError extends Error {
  override readonly name = 'DamagedLogError';
  readonly file: string;
  /** The first byte, in `file`, of the record that is damaged or not the one expected. */
  readonly offset: number;

  constructor(file: string, offset: number, what: string) {
    super(`${file} is damaged: ${what}, in the record that begins at byte ${offset}`);
    this.file = file;
    this.offset = offset;
  }
}

/** One record of the log. */
export interface WalRecord {
  /** 1 for the first record there ever was, then 2, 3 … */
  readonly index: number;
  readonly data: Uint8Array;
}

/** How large a segment may grow before the next one is begun, unless told otherwise. */
export const SEGMENT_BYTES = 16 * 1024 * 1024;

/** The file of the segment whose first record has `index`; names sort as the indexes do. */
export function segmentName(index: number): string {
  return `wal-${index.toString(16).padStart(16, '0')}.log`;
}

/** The index of the first record of a segment; `undefined` when `name` is not a segment's. */
export function segmentIndex(name: string): number | undefined {
  const match = /^wal-([0-9a-f]{16})\.log$/.exec(name);
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}

/**
 * An append-only log in segments.
 *
 * @remarks
 * **Group commit.** While one sync is on its way, further appends wait; when it is done, all that
 * wait are written together and made safe by one sync, or by one for each segment they go into. A
 * hundred appends at once cost two syncs, not a hundred: one for the first, one for all others.
 *
 * **Segments.** Records go to the file {@link segmentName}(index of its first record). Once a file
 * has reached the segment size, the next record begins a new file; the full one is closed by then.
 *
 * **After a crash** the last segment may end in a record that was never finished, or in zeros:
 * nobody was told that it is safe, so it is cut off. Anything else that is not a good record means
 * damage, and the log is refused: a bad record with anything behind it, in any segment; a record
 * whose index is not the one before plus one; a segment missing between two others.
 *
 * ```text
 * wal-…01.log   [1][2][3]      wal-…04.log   [4][5][6 half  → 6 is cut, next append is 6
 * wal-…01.log   [1][X][3]                                 → DamagedLogError, offset of X
 * wal-…01.log   [1][2 half     wal-…03.log   [3]          → DamagedLogError, offset of 2
 * wal-…01.log   [1][2] zeros   wal-…03.log   [3]          → DamagedLogError, offset of first zero
 * wal-…01.log   [1]            wal-…03.log   [3]          → DamagedLogError, wal-…03.log, 0
 * ```
 *
 * @see etcd v3.5 server/wal/wal.go, server/wal/decoder.go (isTornEntry)
 */
export class Wal {
  // Your state goes here: fields of your own choosing.

  /** For `open` alone; take other parameters if yours need them. */
  private constructor(disk: Disk, segmentBytes: number, nextIndex: number) {
  }

  /**
   * Opens the log of a disk, for reading what it holds and for appending after it.
   *
   * @param disk - an empty one begins a new log
   * @param options - `segmentBytes`: when a new segment begins; `firstIndex`: the index of the first
   * record to expect when the disk has no segment (1 if left out)
   * @returns the log, and every record on the disk in order
   * @throws DamagedLogError with the file and the offset of the record's first byte
   * @exercise etcd/wal
   */
  static async open(
    disk: Disk,
    options: { readonly segmentBytes?: number; readonly firstIndex?: number } = {},
  ): Promise<{ wal: Wal; records: WalRecord[] }> {
    throw new NotImplemented('etcd/wal', 'Wal.open');
  }

  /**
   * Adds a record at the end.
   *
   * @param data - not changed by the caller until the promise is settled
   * @returns the record's index, once the record is safe on disk; appends resolve in order
   * @throws what the disk threw; after that every append is refused with the same error, because
   * nobody knows what is on the disk
   * @exercise etcd/wal
   */
  append(data: Uint8Array): Promise<number> {
    throw new NotImplemented('etcd/wal', 'Wal.append');
  }

  /**
   * Removes the segments that hold no record after `index`; the newest segment always stays.
   *
   * @param index - everything up to here is in a snapshot
   * @exercise etcd/wal
   */
  async dropThrough(index: number): Promise<void> {
    throw new NotImplemented('etcd/wal', 'Wal.dropThrough');
  }

  /**
   * Waits until every append so far is settled, then closes the file. Nobody appends after that.
   *
   * @exercise etcd/wal
   */
  async close(): Promise<void> {
    throw new NotImplemented('etcd/wal', 'Wal.close');
  }
}
