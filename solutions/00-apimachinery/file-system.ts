/**
 * A node's files, as the kubelet and the container runtime see them. Given: the interface and its
 * errors.
 *
 * `MemoryFileSystem` (memory-file-system.ts) lives in the process, `NodeFileSystem`
 * (node-file-system.ts) is a real disk. Everything answers at once, so that a node runs on the
 * virtual clock. Paths are absolute and written with `/`; `.` and `..` are resolved.
 */

/** What a path names. Sizes are in bytes. */
export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly size: number;
  /** Permission bits, for example `0o644`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** Files, directories and symbolic links. Every method follows links unless it says otherwise. */
export interface FileSystem {
  /** @throws FileError `ENOENT`, `EISDIR`, `EACCES` */
  readFile(path: string): Uint8Array;
  /**
   * Replaces a file's content, or makes the file in a directory that exists.
   *
   * @param mode - of a file that is made, `0o644` when left out
   * @throws FileError `ENOENT`, `EISDIR`, `ENOTDIR`, `EACCES`, `ENOSPC`
   */
  writeFile(path: string, content: Uint8Array, mode?: number): void;
  /** Adds to the end of a file, and makes it when it is not there. */
  appendFile(path: string, content: Uint8Array, mode?: number): void;
  /** Makes a directory and all above it; one that is there stays. @throws FileError `ENOTDIR` */
  makeDirectory(path: string, mode?: number): void;
  /** The names in a directory, in byte order. @throws FileError `ENOENT`, `ENOTDIR` */
  list(path: string): string[];
  /** What the path names, or `undefined` when there is nothing. Follows links. */
  stat(path: string): FileStat | undefined;
  /** As `stat`, of a link itself. */
  linkStat(path: string): FileStat | undefined;
  /** Makes a symbolic link at `path`, whose text is `target`. @throws FileError `EEXIST`, `ENOENT` */
  symlink(target: string, path: string): void;
  /** A link's text. @throws FileError `ENOENT`, `EINVAL` */
  readLink(path: string): string;
  /** Gives a file, directory or link another name, in one step; a file or link there is replaced. */
  rename(from: string, to: string): void;
  /** Removes a file, a link, or a directory with all in it; nothing there is no error. */
  remove(path: string): void;
  changeMode(path: string, mode: number): void;
  changeOwner(path: string, uid: number, gid: number): void;
}

/** Names of what goes wrong with files, as POSIX gives them. */
export type FileErrorCode =
  | 'EACCES'
  | 'EEXIST'
  | 'EINVAL'
  | 'EISDIR'
  | 'ELOOP'
  | 'ENOENT'
  | 'ENOSPC'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'EROFS';

const EXPLANATIONS: Readonly<Record<FileErrorCode, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
  EINVAL: 'invalid argument',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EROFS: 'read-only file system',
};

/** Thrown when something cannot be done with a file. The message ends as the shell would say it. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: FileErrorCode;
  readonly path: string;

  /** @param attempt - what was tried, for example `open` */
  constructor(code: FileErrorCode, attempt: string, path: string) {
    super(`${attempt} ${path}: ${EXPLANATIONS[code]}`);
    this.code = code;
    this.path = path;
  }
}
