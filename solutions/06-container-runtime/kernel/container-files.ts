/**
 * The files of a container as one of its processes sees them. Given.
 *
 * It walks paths, with links, over the container's root and its mounts, and asks at each step
 * whether this process may. Where a path leads is `../mounts/mounts.ts`, who may is
 * `../security/security.ts`, what the root has is `../images/overlay-files.ts`.
 */

import { FileError, type FileStat, type FileSystem } from '#apimachinery';
import type { OverlayFiles } from '../images/overlay-files.ts';
import {
  cleanPath,
  type Location,
  locate,
  type MountTable,
  mountedNames,
} from '../mounts/mounts.ts';
import { type Access, type Credentials, mayAccess } from '../security/security.ts';

/** Linux follows so many links in one path. */
const MOST_LINKS = 40;
const VIRTUAL_MODE = 0o444;

/** What all processes of a container share. */
export interface ContainerRoot {
  readonly overlay: OverlayFiles;
  readonly mounts: MountTable;
  /** The node's files, for mounts. */
  readonly node: FileSystem;
  /** Content of files that the kernel makes up, such as `/proc/1/cmdline`; names of directories. */
  readonly virtual: (path: string) => string | readonly string[] | undefined;
}

/** A container's files with one process's rights. */
export class ContainerFiles implements FileSystem {
  readonly #root: ContainerRoot;
  readonly #who: Credentials;

  constructor(root: ContainerRoot, who: Credentials) {
    this.#root = root;
    this.#who = who;
  }

  /** The same files for somebody else. */
  as(who: Credentials): ContainerFiles {
    return new ContainerFiles(this.#root, who);
  }

  readFile(path: string): Uint8Array {
    if (isDevice(path)) return new Uint8Array();
    const real = this.#walk('open', path, true);
    const made = this.#root.virtual(real);
    if (typeof made === 'string') return new TextEncoder().encode(made);
    const stat = this.#mustStat('open', path, real);
    if (stat.kind === 'directory') throw new FileError('EISDIR', 'open', path);
    this.#check('open', path, stat, 'read');
    const at = locate(this.#root.mounts, real);
    if (at.mount.kind === 'masked') return new Uint8Array();
    if (at.mount.kind === 'bind') return this.#root.node.readFile(at.path);
    const entry = this.#root.overlay.lookup(at.path);
    return entry?.kind === 'file' ? entry.content.slice() : new Uint8Array();
  }

  writeFile(path: string, content: Uint8Array, mode = 0o644): void {
    if (isDevice(path)) return;
    const { real, stat, at } = this.#forWriting(path);
    if (at.mount.kind === 'bind') {
      this.#root.node.writeFile(at.path, content, mode);
      if (!stat) this.#root.node.changeOwner(at.path, this.#who.uid, this.#who.gid);
      return;
    }
    const { uid, gid } = stat ?? this.#who;
    const entry = {
      kind: 'file',
      content: content.slice(),
      mode: stat?.mode ?? mode,
      uid,
      gid,
    } as const;
    this.#root.overlay.put(real, entry);
  }

  appendFile(path: string, content: Uint8Array, mode = 0o644): void {
    if (isDevice(path)) return;
    const { real, stat, at } = this.#forWriting(path);
    if (at.mount.kind === 'bind') {
      this.#root.node.appendFile(at.path, content, mode);
      if (!stat) this.#root.node.changeOwner(at.path, this.#who.uid, this.#who.gid);
      return;
    }
    const { uid, gid } = this.#who;
    this.#root.overlay.append(real, content, { mode, uid, gid });
  }

  makeDirectory(path: string, mode = 0o755): void {
    let made = '';
    for (const part of partsOf(path)) {
      made += `/${part}`;
      const real = this.#walk('mkdir', made, true);
      const stat = this.#statAt(real);
      if (stat?.kind === 'directory') continue;
      if (stat !== undefined) throw new FileError('ENOTDIR', 'mkdir', made);
      const at = this.#changeable('mkdir', made, real);
      if (at.mount.kind === 'bind') {
        this.#root.node.makeDirectory(at.path, mode);
        this.#root.node.changeOwner(at.path, this.#who.uid, this.#who.gid);
      } else {
        const { uid, gid } = this.#who;
        this.#root.overlay.put(real, { kind: 'directory', mode, uid, gid });
      }
    }
  }

  list(path: string): string[] {
    const real = this.#walk('open', path, true);
    const made = this.#root.virtual(real);
    if (Array.isArray(made)) return [...made];
    const stat = this.#mustStat('open', path, real);
    if (stat.kind !== 'directory') throw new FileError('ENOTDIR', 'open', path);
    this.#check('open', path, stat, 'read');
    const at = locate(this.#root.mounts, real);
    if (at.mount.kind === 'masked') return [];
    const names = new Set(mountedNames(this.#root.mounts, real));
    const own = this.#ownNames(at);
    for (const name of own) names.add(name);
    return [...names].sort();
  }

  #ownNames(at: Location): string[] {
    if (at.mount.kind === 'root') return this.#root.overlay.names(at.path);
    return this.#root.node.stat(at.path) === undefined ? [] : this.#root.node.list(at.path);
  }

  stat(path: string): FileStat | undefined {
    return this.#softStat(path, true);
  }

  linkStat(path: string): FileStat | undefined {
    return this.#softStat(path, false);
  }

  symlink(target: string, path: string): void {
    const real = this.#walk('symlink', path, false);
    if (this.#statAt(real)) throw new FileError('EEXIST', 'symlink', path);
    const at = this.#changeable('symlink', path, real);
    if (at.mount.kind === 'bind') this.#root.node.symlink(target, at.path);
    else {
      const { uid, gid } = this.#who;
      this.#root.overlay.put(real, { kind: 'symlink', target, mode: 0o777, uid, gid });
    }
  }

  readLink(path: string): string {
    const real = this.#walk('readlink', path, false);
    const stat = this.#mustStat('readlink', path, real);
    if (stat.kind !== 'symlink') throw new FileError('EINVAL', 'readlink', path);
    return this.#linkAt(real);
  }

  rename(from: string, to: string): void {
    const source = this.#walk('rename', from, false);
    const target = this.#walk('rename', to, false);
    const stat = this.#mustStat('rename', from, source);
    const a = this.#changeable('rename', from, source);
    const b = this.#changeable('rename', to, target);
    if (a.mount.kind === 'bind' && b.mount.kind === 'bind') {
      this.#root.node.rename(a.path, b.path);
      return;
    }
    this.#copy(source, target, stat);
    this.remove(source);
  }

  remove(path: string): void {
    const real = this.#walk('remove', path, false);
    if (this.#statAt(real) === undefined) return;
    const at = this.#changeable('remove', path, real);
    if (at.mount.path === real && real !== '/') throw new FileError('EACCES', 'remove', path);
    if (at.mount.kind === 'bind') this.#root.node.remove(at.path);
    else this.#root.overlay.remove(real);
  }

  changeMode(path: string, mode: number): void {
    const { real, stat, at } = this.#owned('chmod', path);
    if (at.mount.kind === 'bind') this.#root.node.changeMode(at.path, mode);
    else this.#change(real, { mode, uid: stat.uid, gid: stat.gid });
  }

  changeOwner(path: string, uid: number, gid: number): void {
    const { real, stat, at } = this.#owned('chown', path);
    if (!this.#who.capabilities.has('CHOWN')) throw new FileError('EACCES', 'chown', path);
    if (at.mount.kind === 'bind') this.#root.node.changeOwner(at.path, uid, gid);
    else this.#change(real, { mode: stat.mode, uid, gid });
  }

  /** May the process do this with what is at a path? */
  may(path: string, access: Access): boolean {
    const stat = this.stat(path);
    if (stat === undefined || !mayAccess(this.#who, stat, access)) return false;
    return access !== 'write' || !locate(this.#root.mounts, this.realPath(path)).mount.readonly;
  }

  /** The path without links. */
  realPath(path: string): string {
    return this.#walk('open', path, true);
  }

  #change(real: string, to: { mode: number; uid: number; gid: number }): void {
    const entry = this.#root.overlay.lookup(real);
    if (entry !== undefined) this.#root.overlay.put(real, { ...entry, ...to });
  }

  #owned(attempt: string, path: string) {
    const real = this.#walk(attempt, path, true);
    const stat = this.#mustStat(attempt, path, real);
    const at = locate(this.#root.mounts, real);
    if (at.mount.readonly) throw new FileError('EROFS', attempt, path);
    const isOwner = stat.uid === this.#who.uid || this.#who.capabilities.has('FOWNER');
    if (!isOwner) throw new FileError('EACCES', attempt, path);
    return { real, stat, at };
  }

  #copy(from: string, to: string, stat: FileStat): void {
    if (stat.kind === 'symlink') this.symlink(this.#linkAt(from), to);
    else if (stat.kind === 'file') this.writeFile(to, this.readFile(from), stat.mode);
    else {
      this.makeDirectory(to, stat.mode);
      for (const name of this.list(from)) {
        this.#copy(
          `${from}/${name}`,
          `${to}/${name}`,
          this.#mustStat('rename', from, `${from}/${name}`),
        );
      }
    }
  }

  #forWriting(path: string) {
    const real = this.#walk('open', path, true);
    const stat = this.#statAt(real);
    if (stat?.kind === 'directory') throw new FileError('EISDIR', 'open', path);
    if (stat === undefined) return { real, stat, at: this.#changeable('open', path, real) };
    const at = locate(this.#root.mounts, real);
    if (at.mount.readonly) throw new FileError('EROFS', 'open', path);
    this.#check('open', path, stat, 'write');
    return { real, stat, at };
  }

  /** Checks that something may be made or removed at a path. */
  #changeable(attempt: string, path: string, real: string): Location {
    const parent = real.slice(0, real.lastIndexOf('/')) || '/';
    const stat = this.#statAt(parent);
    if (stat === undefined) throw new FileError('ENOENT', attempt, path);
    if (stat.kind !== 'directory') throw new FileError('ENOTDIR', attempt, path);
    const at = locate(this.#root.mounts, real);
    if (at.mount.readonly) throw new FileError('EROFS', attempt, path);
    this.#check(attempt, path, stat, 'write');
    return at;
  }

  #check(attempt: string, path: string, stat: FileStat, access: Access): void {
    if (!mayAccess(this.#who, stat, access)) throw new FileError('EACCES', attempt, path);
  }

  #mustStat(attempt: string, path: string, real: string): FileStat {
    const stat = this.#statAt(real);
    if (stat === undefined) throw new FileError('ENOENT', attempt, path);
    return stat;
  }

  #softStat(path: string, follow: boolean): FileStat | undefined {
    try {
      return this.#statAt(this.#walk('stat', path, follow));
    } catch (error) {
      if (error instanceof FileError && error.code !== 'EACCES' && error.code !== 'ELOOP')
        return undefined;
      throw error;
    }
  }

  /** Of a path without links. */
  #statAt(real: string): FileStat | undefined {
    if (isDevice(real)) return virtualStat('file', 0o666);
    const at = locate(this.#root.mounts, real);
    if (at.mount.kind === 'bind') {
      // What is mounted is where a link led when it was mounted, not the link.
      const isMountPoint = at.mount.path === real;
      const { node } = this.#root;
      const stat = isMountPoint ? node.stat(at.path) : node.linkStat(at.path);
      return stat ?? this.#mountPointStat(real);
    }
    const made = this.#root.virtual(real);
    if (made !== undefined) {
      return typeof made === 'string'
        ? virtualStat('file', VIRTUAL_MODE, made.length)
        : virtualStat('directory', 0o555);
    }
    const stat = this.#root.overlay.stat(at.path);
    if (at.mount.kind === 'masked') return stat && { ...stat, size: 0 };
    return stat ?? this.#mountPointStat(real);
  }

  /** Runtimes make the directories that lead to mounts. */
  #mountPointStat(real: string): FileStat | undefined {
    return mountedNames(this.#root.mounts, real).length > 0
      ? virtualStat('directory', 0o755)
      : undefined;
  }

  #linkAt(real: string): string {
    const at = locate(this.#root.mounts, real);
    if (at.mount.kind === 'bind') return this.#root.node.readLink(at.path);
    const entry = this.#root.overlay.lookup(at.path);
    return entry?.kind === 'symlink' ? entry.target : '';
  }

  /** A path without links; what is at its end need not exist. */
  #walk(attempt: string, path: string, follow: boolean): string {
    const left = partsOf(path).reverse();
    let real = '';
    let links = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (part === '..') {
        real = real.slice(0, Math.max(0, real.lastIndexOf('/')));
        continue;
      }
      const next = `${real}/${part}`;
      const isLast = left.length === 0;
      const stat = this.#statAt(next);
      if (stat?.kind === 'symlink' && (follow || !isLast)) {
        if (++links > MOST_LINKS) throw new FileError('ELOOP', attempt, path);
        const target = this.#linkAt(next);
        if (target.startsWith('/')) real = '';
        left.push(
          ...target
            .split('/')
            .filter((name) => name !== '' && name !== '.')
            .reverse(),
        );
        continue;
      }
      if (!isLast) this.#checkPassable(attempt, path, stat);
      real = next;
    }
    return real === '' ? '/' : real;
  }

  #checkPassable(attempt: string, path: string, stat: FileStat | undefined): void {
    if (stat === undefined) throw new FileError('ENOENT', attempt, path);
    if (stat.kind !== 'directory') throw new FileError('ENOTDIR', attempt, path);
    this.#check(attempt, path, stat, 'execute');
  }
}

function isDevice(path: string): boolean {
  return path === '/dev/null' || path === '/dev/zero' || path === '/dev/tty';
}

function virtualStat(kind: 'file' | 'directory', mode: number, size = 0): FileStat {
  return { kind, mode, size, uid: 0, gid: 0, modifiedAt: 0 };
}

function partsOf(path: string): string[] {
  return cleanPath(path)
    .split('/')
    .filter((part) => part !== '');
}
