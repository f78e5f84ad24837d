/**
 * A folder of the real file system as a `Disk`: an adapter, made in mains only.
 *
 * A folder has one writer at a time; who it is stands in its lock file.
 */

import { writeSync } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { LOCK_FILE, takeLock } from './lock-file.ts';

/** How much room a file that grows gets at once. */
const ROOM_BYTES = 1024 * 1024;

/** Up to this size a write is done at once. */
const SMALL_WRITE_BYTES = 256 * 1024;

/** A {@link Disk} that is a folder. */
export class NodeDisk implements Disk {
  readonly #folder: string;
  readonly #unlock: () => Promise<void>;

  private constructor(folder: string, unlock: () => Promise<void>) {
    this.#folder = folder;
    this.#unlock = unlock;
  }

  /**
   * Opens a folder, which is made when it is not there.
   *
   * @throws FolderInUseError when another process has it open
   */
  static async open(folder: string): Promise<NodeDisk> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new NodeDisk(folder, await takeLock(folder));
  }

  /** Lets others open the folder. */
  close(): Promise<void> {
    return this.#unlock();
  }

  async list(): Promise<string[]> {
    const names = await readdir(this.#folder);
    return names.filter((name) => !name.startsWith(LOCK_FILE)).sort();
  }

  read(name: string): Promise<Uint8Array> {
    return readFile(this.#path(name));
  }

  async append(name: string): Promise<DiskFile> {
    // Not 'a': then every write would go behind the room that was made.
    const handle = await openToWrite(this.#path(name));
    await this.#syncFolder();
    const { size } = await handle.stat();
    return new GrowingFile(handle, size);
  }

  async truncate(name: string, length: number): Promise<void> {
    await truncate(this.#path(name), length);
    await syncPath(this.#path(name), 'r+');
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#path(from), this.#path(to));
    await this.#syncFolder();
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  /** Makes names safe: a file whose folder was not synced can be gone after a crash. */
  async #syncFolder(): Promise<void> {
    // Windows cannot open a folder; there names are safe as they are.
    if (process.platform !== 'win32') await syncPath(this.#folder, 'r');
  }
}

/**
 * A file that grows by room of zeros, which `close` cuts off again.
 *
 * @remarks A sync after a write into room that is there takes half as long as one after a write that
 * makes the file longer, because the file system has nothing of its own to write down. What reads
 * the file after a crash finds zeros at its end, as after any crash.
 */
class GrowingFile implements DiskFile {
  readonly #handle: FileHandle;
  #length: number;
  #lengthWithRoom: number;

  constructor(handle: FileHandle, length: number) {
    this.#handle = handle;
    this.#length = length;
    this.#lengthWithRoom = length;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const begin = this.#length;
    this.#length += bytes.length;
    if (this.#length > this.#lengthWithRoom) {
      this.#lengthWithRoom = this.#length + ROOM_BYTES;
      await writeAll(this.#handle, new Uint8Array(ROOM_BYTES), this.#length);
    }
    await writeAll(this.#handle, bytes, begin);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  async close(): Promise<void> {
    if (this.#lengthWithRoom > this.#length) {
      await this.#handle.truncate(this.#length);
      await this.#handle.sync();
    }
    await this.#handle.close();
  }
}

/** Opens a file without emptying it; makes it when it is not there. */
async function openToWrite(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'wx+');
  }
}

async function syncPath(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const left = bytes.length - written;
    const at = position + written;
    // A small write only copies into memory; handing it to another thread takes longer than that.
    written +=
      left <= SMALL_WRITE_BYTES
        ? writeSync(handle.fd, bytes, written, left, at)
        : (await handle.write(bytes, written, left, at)).bytesWritten;
  }
}
