/**
 * A folder of the real file system as a `Disk`: an adapter, made in mains only.
 *
 * A folder has one writer at a time; who it is stands in its lock file.
 */

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
    const handle = await open(this.#path(name), 'a');
    await this.#syncFolder();
    return {
      write: (bytes) => writeAll(handle, bytes),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  }

  async truncate(name: string, length: number): Promise<void> {
    await truncate(this.#path(name), length);
    const handle = await open(this.#path(name), 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
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
    if (process.platform === 'win32') return;
    const handle = await open(this.#folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await handle.write(bytes, written)).bytesWritten;
  }
}
