/** A container's root: an image's layers, and a layer of its own that takes what is written. Given. */

import type { Clock, FileStat } from '#apimachinery';
import { FileError } from '#apimachinery';
import { GrowingContent } from './growing-content.ts';
import type { LayerEntries, LayerEntry } from './layer.ts';
import { OPAQUE, overlayLookup, overlayNames, WHITEOUT } from './overlay.ts';

const ROOT: LayerEntry = { kind: 'directory', mode: 0o755, uid: 0, gid: 0 };

/** Paths are absolute, clean and free of links: walking is done by `../kernel/container-files.ts`. */
export class OverlayFiles {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #lower: readonly LayerEntries[];
  readonly #upper = new Map<string, LayerEntry>();
  readonly #modifiedAt = new Map<string, number>();
  readonly #contents = new GrowingContent();
  readonly #madeAt: number;

  constructor(lower: readonly LayerEntries[], clock: Pick<Clock, 'now'>) {
    this.#lower = lower;
    this.#clock = clock;
    this.#madeAt = clock.now();
  }

  /** Bytes in the layer of its own. */
  get writableBytes(): number {
    let bytes = 0;
    for (const entry of this.#upper.values()) bytes += sizeOf(entry);
    return bytes;
  }

  /** How many files, directories and links are in the layer of its own. */
  get writableEntries(): number {
    return this.#upper.size;
  }

  lookup(path: string): LayerEntry | undefined {
    return path === '/' ? ROOT : overlayLookup(this.#layers(), path);
  }

  names(path: string): string[] {
    return overlayNames(this.#layers(), path);
  }

  stat(path: string): FileStat | undefined {
    const entry = this.lookup(path);
    if (entry === undefined) return undefined;
    const { kind, mode, uid, gid } = entry;
    const modifiedAt = this.#modifiedAt.get(path) ?? this.#madeAt;
    return { kind, mode, uid, gid, size: sizeOf(entry), modifiedAt };
  }

  put(path: string, entry: LayerEntry): void {
    this.#checkParent(path);
    this.#modifiedAt.set(path, this.#clock.now());
    const [parent, name] = split(path);
    const whiteout = `${parent}/${WHITEOUT}${name}`;
    const wasWhiteout = this.#upper.delete(whiteout);
    this.#upper.set(path, entry);
    // A new directory must not show what the removed one had.
    if (wasWhiteout && entry.kind === 'directory') this.#upper.set(`${path}/${OPAQUE}`, marker());
  }

  /** Writes behind what a file has, or makes it with these attributes. */
  append(path: string, more: Uint8Array, made: Omit<LayerEntry, 'kind'>): void {
    const before = this.lookup(path);
    const old = before?.kind === 'file' ? before.content : new Uint8Array();
    const { mode, uid, gid } = before ?? made;
    this.put(path, { kind: 'file', content: this.#contents.joined(old, more), mode, uid, gid });
  }

  remove(path: string): void {
    if (this.lookup(path) === undefined) return;
    for (const other of [...this.#upper.keys()]) {
      if (other === path || other.startsWith(`${path}/`)) this.#upper.delete(other);
    }
    const [parent, name] = split(path);
    if (overlayLookup(this.#lower, path)) this.#upper.set(`${parent}/${WHITEOUT}${name}`, marker());
  }

  #checkParent(path: string): void {
    const [parent] = split(path);
    if (parent === '') return;
    const entry = this.lookup(parent);
    if (entry === undefined) throw new FileError('ENOENT', 'open', path);
    if (entry.kind !== 'directory') throw new FileError('ENOTDIR', 'open', path);
  }

  #layers(): LayerEntries[] {
    return [...this.#lower, this.#upper];
  }
}

function marker(): LayerEntry {
  return { kind: 'file', content: new Uint8Array(), mode: 0, uid: 0, gid: 0 };
}

function sizeOf(entry: LayerEntry): number {
  return entry.kind === 'file' ? entry.content.length : 0;
}

function split(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
}
