/**
 * The write-ahead log: what is acknowledged has been written down first.
 *
 * It keeps records of bytes in order and knows nothing of what they mean. Their form is given in
 * `record.ts`; what to do with them after a crash is in `recovery.ts`.
 */

import type { Disk, DiskFile } from './disk.ts';
import { readRecord, recordLength, writeRecord } from './record.ts';

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

interface Waiting {
  readonly index: number;
  readonly data: Uint8Array;
  resolve(index: number): void;
  reject(error: unknown): void;
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
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  #nextIndex: number;
  #file: DiskFile | undefined;
  #fileBytes: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #failure: unknown;

  /** For `open` alone; take other parameters if yours need them. */
  private constructor(disk: Disk, segmentBytes: number, nextIndex: number) {
    this.#disk = disk;
    this.#segmentBytes = segmentBytes;
    this.#nextIndex = nextIndex;
    this.#fileBytes = 0;
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
    const names = (await disk.list()).filter((name) => segmentIndex(name) !== undefined);
    const records: WalRecord[] = [];
    let next = options.firstIndex ?? 1;
    let end = 0;
    for (const [i, name] of names.entries()) {
      const first = segmentIndex(name) ?? next;
      if (i > 0 && first !== next) throw new DamagedLogError(name, 0, `record ${next} is missing`);
      const segment = readSegment(name, await disk.read(name), first, i === names.length - 1);
      for (const record of segment.records) records.push(record);
      if (segment.end < segment.length) await disk.truncate(name, segment.end);
      next = first + segment.records.length;
      end = segment.end;
    }
    const wal = new Wal(disk, options.segmentBytes ?? SEGMENT_BYTES, next);
    const last = names.at(-1);
    if (last !== undefined && end < wal.#segmentBytes) {
      wal.#file = await disk.append(last);
      wal.#fileBytes = end;
    }
    return { wal, records };
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
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ index: this.#nextIndex++, data, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /**
   * Removes the segments that hold no record after `index`; the newest segment always stays.
   *
   * @param index - everything up to here is in a snapshot
   * @exercise etcd/wal
   */
  async dropThrough(index: number): Promise<void> {
    const names = (await this.#disk.list()).filter((name) => segmentIndex(name) !== undefined);
    for (const [i, name] of names.entries()) {
      const next = names[i + 1];
      const nextFirst = next === undefined ? undefined : segmentIndex(next);
      if (nextFirst !== undefined && nextFirst <= index + 1) await this.#disk.remove(name);
    }
  }

  /**
   * Waits until every append so far is settled, then closes the file. Nobody appends after that.
   *
   * @exercise etcd/wal
   */
  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Writes groups of waiting records until none waits. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeGroup(group);
        for (const { index, resolve } of group) resolve(index);
      } catch (error) {
        this.#failure = error;
        for (const { reject } of [...group, ...this.#waiting]) reject(error);
        this.#waiting = [];
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    let rest = group;
    while (rest.length > 0) {
      const first = rest[0];
      if (first === undefined) return;
      if (this.#file === undefined || this.#fileBytes >= this.#segmentBytes) {
        await this.#file?.close();
        this.#file = await this.#disk.append(segmentName(first.index));
        this.#fileBytes = 0;
      }
      const fitting = this.#countFitting(rest);
      const bytes = encodeGroup(rest.slice(0, fitting));
      await this.#file.write(bytes);
      await this.#file.sync();
      this.#fileBytes += bytes.length;
      rest = rest.slice(fitting);
    }
  }

  /** How many of the records go into the present segment: up to the one that fills it. */
  #countFitting(records: readonly Waiting[]): number {
    let bytes = this.#fileBytes;
    const filling = records.findIndex(({ data }) => {
      bytes += recordLength(data.length);
      return bytes >= this.#segmentBytes;
    });
    return filling === -1 ? records.length : filling + 1;
  }
}

function encodeGroup(records: readonly Waiting[]): Uint8Array {
  const length = records.reduce((sum, { data }) => sum + recordLength(data.length), 0);
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const { index, data } of records) {
    writeRecord(bytes, offset, index, data);
    offset += recordLength(data.length);
  }
  return bytes;
}

/** Reads one segment up to its end, or up to where a torn record begins when it is the last. */
function readSegment(name: string, bytes: Uint8Array, first: number, isLast: boolean) {
  const records: WalRecord[] = [];
  let offset = 0;
  for (;;) {
    const reading = readRecord(bytes, offset);
    if (reading.kind !== 'record') {
      const isWholeEnd = offset === bytes.length;
      if (reading.kind === 'damaged' || (!isLast && !isWholeEnd)) {
        throw new DamagedLogError(name, offset, 'its bytes are not what was written');
      }
      return { records, end: offset, length: bytes.length };
    }
    const expected = first + records.length;
    if (reading.index !== expected) {
      throw new DamagedLogError(name, offset, `found index ${reading.index}, not ${expected}`);
    }
    records.push({ index: reading.index, data: reading.data });
    offset = reading.next;
  }
}
