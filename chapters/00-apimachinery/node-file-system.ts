/**
 * A folder of the real disk as a node's files: an adapter, made in mains only. Given.
 *
 * `memory-file-system.ts` is the same without a disk.
 */

import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { FileError, type FileErrorCode, type FileStat, type FileSystem } from './file-system.ts';

const CODES: ReadonlySet<string> = new Set<FileErrorCode>([
  'EACCES',
  'EEXIST',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'ENOTEMPTY',
  'EROFS',
]);

/** Files on a real disk. */
export class NodeFileSystem implements FileSystem {
  readonly #root: string;

  /** @param root - what `/` is; links with absolute targets lead out of it */
  constructor(root = '/') {
    this.#root = root;
  }

  readFile(path: string): Uint8Array {
    return this.#try('open', path, (real) => new Uint8Array(readFileSync(real)));
  }

  writeFile(path: string, content: Uint8Array, mode = 0o644): void {
    this.#try('open', path, (real) => writeFileSync(real, content, { mode }));
  }

  appendFile(path: string, content: Uint8Array, mode = 0o644): void {
    this.#try('open', path, (real) => appendFileSync(real, content, { mode }));
  }

  makeDirectory(path: string, mode = 0o755): void {
    this.#try('mkdir', path, (real) => {
      if (existsSync(real) && !statSync(real).isDirectory()) {
        throw new FileError('ENOTDIR', 'mkdir', path);
      }
      mkdirSync(real, { recursive: true, mode });
    });
  }

  list(path: string): string[] {
    return this.#try('open', path, (real) =>
      readdirSync(real, { encoding: 'buffer' })
        .sort(Buffer.compare)
        .map((name) => name.toString()),
    );
  }

  stat(path: string): FileStat | undefined {
    return this.#statWith(path, statSync);
  }

  linkStat(path: string): FileStat | undefined {
    return this.#statWith(path, lstatSync);
  }

  symlink(target: string, path: string): void {
    this.#try('symlink', path, (real) => symlinkSync(target, real));
  }

  readLink(path: string): string {
    return this.#try('readlink', path, (real) => readlinkSync(real));
  }

  rename(from: string, to: string): void {
    this.#try('rename', from, (real) => renameSync(real, this.#real(to)));
  }

  remove(path: string): void {
    this.#try('remove', path, (real) => rmSync(real, { recursive: true, force: true }));
  }

  changeMode(path: string, mode: number): void {
    this.#try('chmod', path, (real) => chmodSync(real, mode));
  }

  changeOwner(path: string, uid: number, gid: number): void {
    // Only root gives files away; for anybody else all files stay their own.
    if (process.getuid?.() !== 0) return;
    this.#try('chown', path, (real) => chownSync(real, uid, gid));
  }

  #real(path: string): string {
    return join(this.#root, posix.normalize(path));
  }

  #statWith(
    path: string,
    stat: (path: string, options: { throwIfNoEntry: false }) => Stats | undefined,
  ): FileStat | undefined {
    try {
      const found = stat(this.#real(path), { throwIfNoEntry: false });
      return found && statOf(found);
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return undefined;
      throw translated(error, 'stat', path);
    }
  }

  #try<T>(attempt: string, path: string, action: (real: string) => T): T {
    try {
      return action(this.#real(path));
    } catch (error) {
      throw translated(error, attempt, path);
    }
  }
}

function statOf(stats: Stats): FileStat {
  let kind: FileStat['kind'] = 'file';
  if (stats.isDirectory()) kind = 'directory';
  if (stats.isSymbolicLink()) kind = 'symlink';
  return {
    kind,
    size: kind === 'directory' ? 0 : stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    modifiedAt: stats.mtimeMs,
  };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return String(error.code);
}

function translated(error: unknown, attempt: string, path: string): unknown {
  const code = codeOf(error);
  const isKnown = code !== undefined && CODES.has(code) && !(error instanceof FileError);
  return isKnown ? new FileError(code as FileErrorCode, attempt, path) : error;
}
