/**
 * A disk in memory that can lose power.
 *
 * It keeps what a real disk promises and nothing more: synced bytes stay; of the bytes written since,
 * a crash leaves some beginning, possibly none, possibly followed by zeros that were never written.
 */

import type { Random } from '#apimachinery';
import type { Disk, DiskFile } from './disk.ts';

interface MemoryFile {
  /** Grows by doubling, so that many small writes stay cheap; the first `length` bytes count. */
  bytes: Uint8Array;
  length: number;
  syncedLength: number;
}

/** A {@link Disk} in memory. */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, MemoryFile>();
  #syncs = 0;
  #powerCuts = 0;

  /** How many times `sync` was called on any file. */
  get syncs(): number {
    return this.#syncs;
  }

  async list(): Promise<string[]> {
    return [...this.#files.keys()].sort();
  }

  async read(name: string): Promise<Uint8Array> {
    const { bytes, length } = this.#find(name);
    return bytes.slice(0, length);
  }

  async append(name: string): Promise<DiskFile> {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = { bytes: new Uint8Array(64), length: 0, syncedLength: 0 };
      this.#files.set(name, file);
    }
    return this.#open(file);
  }

  async truncate(name: string, length: number): Promise<void> {
    const file = this.#find(name);
    file.length = Math.min(file.length, length);
    file.syncedLength = file.length;
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#find(from);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }

  /** Replaces a file's content, synced: how tests damage a file. */
  overwrite(name: string, bytes: Uint8Array): void {
    const { length } = bytes;
    this.#files.set(name, { bytes: bytes.slice(), length, syncedLength: length });
  }

  /**
   * Cuts the power. Files that are open for writing fail from now on.
   *
   * @param random - decides how much of what was not synced is left; without it nothing is
   */
  crash(random?: Random): void {
    this.#powerCuts += 1;
    for (const file of this.#files.values()) {
      const unsynced = file.length - file.syncedLength;
      const written = random ? random.int(unsynced + 1) : 0;
      const zeros = random ? random.int(unsynced - written + 1) : 0;
      file.length = file.syncedLength + written + zeros;
      file.bytes.fill(0, file.syncedLength + written, file.length);
      file.syncedLength = file.length;
    }
  }

  #open(file: MemoryFile): DiskFile {
    const opened = this.#powerCuts;
    const check = () => {
      if (opened !== this.#powerCuts) throw new Error('the power was cut while the file was open');
    };
    return {
      write: async (bytes) => {
        check();
        appendBytes(file, bytes);
      },
      sync: async () => {
        check();
        const { length } = file;
        // A sync takes a moment, in which more may be written that it does not cover.
        await Promise.resolve();
        check();
        this.#syncs += 1;
        file.syncedLength = Math.max(file.syncedLength, length);
      },
      close: async () => {},
    };
  }

  #find(name: string): MemoryFile {
    const file = this.#files.get(name);
    if (file === undefined) throw new Error(`there is no file ${name}`);
    return file;
  }
}

function appendBytes(file: MemoryFile, bytes: Uint8Array): void {
  const length = file.length + bytes.length;
  if (length > file.bytes.length) {
    const larger = new Uint8Array(Math.max(length, file.bytes.length * 2));
    larger.set(file.bytes.subarray(0, file.length));
    file.bytes = larger;
  }
  file.bytes.set(bytes, file.length);
  file.length = length;
}
