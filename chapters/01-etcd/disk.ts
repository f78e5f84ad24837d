/**
 * A disk as a log needs it: files that are written at the end, and the moment when bytes are safe.
 *
 * `MemoryDisk` (memory-disk.ts) can crash; `NodeDisk` (node-disk.ts) is a real folder.
 */

/** A file being written at its end. */
export interface DiskFile {
  /** Adds bytes at the end. They can be read at once, and are lost in a crash until `sync`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything written so far survives a crash. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** One folder of files. */
export interface Disk {
  /** The names of all files, ascending. */
  list(): Promise<string[]>;
  /**
   * The whole content of a file.
   *
   * @throws Error when there is no such file
   */
  read(name: string): Promise<Uint8Array>;
  /** Opens a file for writing at its end; makes an empty one when there is none. */
  append(name: string): Promise<DiskFile>;
  /** Cuts a file to its first `length` bytes, for good. */
  truncate(name: string, length: number): Promise<void>;
  /** Gives a synced file another name, for good; a file of that name is replaced, all or nothing. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; removing one that is not there does nothing. */
  remove(name: string): Promise<void>;
}
