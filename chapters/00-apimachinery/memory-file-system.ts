/**
 * A node's files in memory: what tests and a cluster in one process use. Given.
 *
 * It knows modes and owners but enforces nothing: who may do what is decided where a process looks
 * at files. The real disk is `node-file-system.ts`.
 */

import type { Clock } from './clock.ts';
import { FileError, type FileStat, type FileSystem } from './file-system.ts';

/** Linux follows so many links in one path. */
const MOST_LINKS = 40;

/** What a memory file system gets from outside. */
export interface MemoryFileSystemOptions {
  /** Tells when a file was modified. */
  readonly clock: Pick<Clock, 'now'>;
  /** Bytes that all files together may have; no limit when absent. */
  readonly capacityBytes?: number;
}

interface Attributes {
  mode: number;
  uid: number;
  gid: number;
  modifiedAt: number;
}
type FileEntry = Attributes & { readonly kind: 'file'; content: Uint8Array; length: number };
type DirectoryEntry = Attributes & {
  readonly kind: 'directory';
  readonly names: Map<string, Entry>;
};
type LinkEntry = Attributes & { readonly kind: 'symlink'; readonly target: string };
type Entry = FileEntry | DirectoryEntry | LinkEntry;

/** Where a path leads: the directory that has it, its name there, and what is there, if anything. */
interface Place {
  readonly parent: DirectoryEntry;
  readonly name: string;
  readonly entry: Entry | undefined;
}

/** Files in memory. */
export class MemoryFileSystem implements FileSystem {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #capacityBytes: number;
  readonly #root: DirectoryEntry;
  #usedBytes = 0;

  constructor({ clock, capacityBytes = Number.POSITIVE_INFINITY }: MemoryFileSystemOptions) {
    this.#clock = clock;
    this.#capacityBytes = capacityBytes;
    this.#root = { kind: 'directory', names: new Map(), ...this.#attributes(0o755) };
  }

  /** Bytes in all files together. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  readFile(path: string): Uint8Array {
    const file = this.#file('open', path);
    return file.content.slice(0, file.length);
  }

  writeFile(path: string, content: Uint8Array, mode = 0o644): void {
    const file = this.#fileForWriting(path, mode);
    this.#charge('write', path, content.length - file.length);
    file.content = content.slice();
    file.length = content.length;
    file.modifiedAt = this.#clock.now();
  }

  appendFile(path: string, content: Uint8Array, mode = 0o644): void {
    const file = this.#fileForWriting(path, mode);
    this.#charge('write', path, content.length);
    const length = file.length + content.length;
    if (length > file.content.length) {
      // Room for as much again, so that many small lines cost little.
      const larger = new Uint8Array(Math.max(length, file.content.length * 2));
      larger.set(file.content.subarray(0, file.length));
      file.content = larger;
    }
    file.content.set(content, file.length);
    file.length = length;
    file.modifiedAt = this.#clock.now();
  }

  makeDirectory(path: string, mode = 0o755): void {
    let made = '';
    for (const part of partsOf(path)) {
      made += `/${part}`;
      const { parent, name, entry } = this.#find('mkdir', made, true);
      if (entry === undefined) {
        this.#put(parent, name, { kind: 'directory', names: new Map(), ...this.#attributes(mode) });
      } else if (entry.kind !== 'directory') throw new FileError('ENOTDIR', 'mkdir', made);
    }
  }

  list(path: string): string[] {
    const { entry } = this.#find('open', path, true);
    if (entry === undefined) throw new FileError('ENOENT', 'open', path);
    if (entry.kind !== 'directory') throw new FileError('ENOTDIR', 'open', path);
    return [...entry.names.keys()].sort(byBytes);
  }

  stat(path: string): FileStat | undefined {
    return this.#statOf(path, true);
  }

  linkStat(path: string): FileStat | undefined {
    return this.#statOf(path, false);
  }

  symlink(target: string, path: string): void {
    const { parent, name, entry } = this.#find('symlink', path, false);
    if (entry !== undefined) throw new FileError('EEXIST', 'symlink', path);
    this.#put(parent, name, { kind: 'symlink', target, ...this.#attributes(0o777) });
  }

  readLink(path: string): string {
    const { entry } = this.#find('readlink', path, false);
    if (entry === undefined) throw new FileError('ENOENT', 'readlink', path);
    if (entry.kind !== 'symlink') throw new FileError('EINVAL', 'readlink', path);
    return entry.target;
  }

  rename(from: string, to: string): void {
    const source = this.#find('rename', from, false);
    if (source.entry === undefined) throw new FileError('ENOENT', 'rename', from);
    const target = this.#find('rename', to, false);
    if (target.entry === source.entry) return;
    if (`${cleanPath(to)}/`.startsWith(`${cleanPath(from)}/`)) {
      throw new FileError('EINVAL', 'rename', to);
    }
    this.#checkReplaceable(source.entry, target.entry, to);
    if (target.entry !== undefined) this.#charge('rename', to, -bytesIn(target.entry));
    source.parent.names.delete(source.name);
    this.#put(target.parent, target.name, source.entry);
  }

  remove(path: string): void {
    const place = this.#findOrNothing(path);
    if (place?.entry === undefined) return;
    this.#charge('remove', path, -bytesIn(place.entry));
    place.parent.names.delete(place.name);
    place.parent.modifiedAt = this.#clock.now();
  }

  changeMode(path: string, mode: number): void {
    this.#existing('chmod', path).mode = mode;
  }

  changeOwner(path: string, uid: number, gid: number): void {
    const entry = this.#existing('chown', path);
    entry.uid = uid;
    entry.gid = gid;
  }

  #attributes(mode: number): Attributes {
    return { mode, uid: 0, gid: 0, modifiedAt: this.#clock.now() };
  }

  #put(parent: DirectoryEntry, name: string, entry: Entry): void {
    parent.names.set(name, entry);
    parent.modifiedAt = this.#clock.now();
  }

  #charge(attempt: string, path: string, bytes: number): void {
    if (bytes > 0 && this.#usedBytes + bytes > this.#capacityBytes) {
      throw new FileError('ENOSPC', attempt, path);
    }
    this.#usedBytes += bytes;
  }

  #checkReplaceable(source: Entry, target: Entry | undefined, path: string): void {
    if (target === undefined) return;
    const isDirectory = source.kind === 'directory';
    if (target.kind === 'directory' && !isDirectory) throw new FileError('EISDIR', 'rename', path);
    if (target.kind !== 'directory' && isDirectory) throw new FileError('ENOTDIR', 'rename', path);
    if (target.kind === 'directory' && target.names.size > 0) {
      throw new FileError('ENOTEMPTY', 'rename', path);
    }
  }

  #statOf(path: string, follow: boolean): FileStat | undefined {
    const entry = this.#findOrNothing(path, follow)?.entry;
    if (entry === undefined) return undefined;
    const { kind, mode, uid, gid, modifiedAt } = entry;
    return { kind, size: sizeOf(entry), mode, uid, gid, modifiedAt };
  }

  #existing(attempt: string, path: string): Entry {
    const { entry } = this.#find(attempt, path, true);
    if (entry === undefined) throw new FileError('ENOENT', attempt, path);
    return entry;
  }

  #file(attempt: string, path: string): FileEntry {
    const entry = this.#existing(attempt, path);
    if (entry.kind !== 'file') throw new FileError('EISDIR', attempt, path);
    return entry;
  }

  #fileForWriting(path: string, mode: number): FileEntry {
    const { parent, name, entry } = this.#find('open', path, true);
    if (entry?.kind === 'file') return entry;
    if (entry !== undefined) throw new FileError('EISDIR', 'open', path);
    const attributes = this.#attributes(mode);
    const file: FileEntry = { kind: 'file', content: new Uint8Array(), length: 0, ...attributes };
    this.#put(parent, name, file);
    return file;
  }

  /** As `#find`; nothing where a directory on the way is missing or is none. */
  #findOrNothing(path: string, follow = false): Place | undefined {
    try {
      return this.#find('stat', path, follow);
    } catch (error) {
      if (error instanceof FileError && error.code !== 'ELOOP') return undefined;
      throw error;
    }
  }

  /** Follows links on the way, and at its end if `follow`. */
  #find(attempt: string, path: string, follow: boolean): Place {
    const left = partsOf(path).reverse();
    /** Each directory with the one it lies in, for `..` in links. */
    let trail: DirectoryEntry[] = [this.#root];
    let links = 0;
    let place: Place = { parent: this.#root, name: '', entry: this.#root };
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (part === '..') {
        if (trail.length > 1) trail.pop();
        place = { parent: trail.at(-2) ?? this.#root, name: '', entry: trail.at(-1) };
        continue;
      }
      const parent = trail.at(-1) ?? this.#root;
      const entry = parent.names.get(part);
      place = { parent, name: part, entry };
      const isLast = left.length === 0;
      if (entry?.kind === 'symlink' && (follow || !isLast)) {
        if (++links > MOST_LINKS) throw new FileError('ELOOP', attempt, path);
        if (entry.target.startsWith('/')) trail = [this.#root];
        left.push(...linkParts(entry.target).reverse());
        place = { parent: trail.at(-2) ?? this.#root, name: '', entry: trail.at(-1) };
      } else if (entry?.kind === 'directory') trail.push(entry);
      else if (!isLast) throw new FileError(entry ? 'ENOTDIR' : 'ENOENT', attempt, path);
    }
    return place;
  }
}

/** A path's names; `.` and `..` in the path itself are resolved before anything is looked at. */
function partsOf(path: string): string[] {
  if (!path.startsWith('/')) throw new Error(`a path must be absolute, found "${path}"`);
  const parts: string[] = [];
  for (const part of linkParts(path)) {
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts;
}

function linkParts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function cleanPath(path: string): string {
  return `/${partsOf(path).join('/')}`;
}

function sizeOf(entry: Entry): number {
  if (entry.kind === 'file') return entry.length;
  return entry.kind === 'symlink' ? entry.target.length : 0;
}

function bytesIn(entry: Entry): number {
  if (entry.kind !== 'directory') return entry.kind === 'file' ? entry.length : 0;
  let bytes = 0;
  for (const child of entry.names.values()) bytes += bytesIn(child);
  return bytes;
}

/** UTF-16 order differs from that of bytes only beyond the basic plane. */
function byBytes(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (const [i, one] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (one !== other) return (one.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}
