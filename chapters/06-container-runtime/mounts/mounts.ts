/**
 * What a container sees at a path: its root, something mounted over it, or nothing.
 *
 * The table is made once for a container. Walking a path with its links is given
 * (`../kernel/container-files.ts`); permissions are `../security/security.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { Mount } from '../cri/index.ts';

/** What is where in one container. Longest path first. */
export type MountTable = readonly MountPoint[];

/** One place where something else begins. */
export interface MountPoint {
  /** Absolute and clean: no `//`, `.`, `..`, no `/` at the end; `/` is the root. */
  readonly path: string;
  readonly kind: 'root' | 'bind' | 'masked';
  /** The node's path of a `bind`. Clean. */
  readonly hostPath: string;
  readonly readonly: boolean;
}

/** Where a path of the container leads. */
export interface Location {
  readonly mount: MountPoint;
  /** For `bind` the node's path; for `root` and `masked` the container's. */
  readonly path: string;
}

/** What the security context says about paths. */
export interface PathRules {
  readonly readonlyRootfs?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

/**
 * The mounts of a container as a table, longest path first.
 *
 * @remarks
 * There is always the root, `/`, read-only if the root filesystem is. A read-only path is a `root`
 * point that is read-only, a masked path a `masked` point, read-only too; each mount is a `bind` point.
 * `hostPath` is empty for what is no bind; `readonly` is false unless something says otherwise.
 *
 * At one path the last counts, in this order: root, read-only paths, masked paths, mounts as they come.
 * So a container may mount something over a masked path, and a later mount over an earlier one; a mount
 * at `/` is the root.
 *
 * Paths are made clean ({@link cleanPath}), of the container and of the node; so a mount whose
 * `hostPath` is empty is one of the node's `/`. Points of paths that are equally long may come in any order.
 *
 * @exercise container-runtime/mounts
 */
export function mountTable(mounts: readonly Mount[], rules: PathRules): MountTable {
  throw new NotImplemented('container-runtime/mounts', 'mountTable');
}

/**
 * Where a path leads: to the mount with the longest path that it is, or lies under.
 *
 * ```text
 * /              root
 * /data          bind /var/lib/a
 * /data/cache    bind /var/lib/b
 *
 * /data/x        /var/lib/a/x       /data/cache/x   /var/lib/b/x
 * /database      root, /database    /data/cached    /var/lib/a/cached
 * ```
 *
 * @param table - from `mountTable`
 * @param path - absolute; made clean first, so `..` never leads out of a mount's own place
 *
 * @exercise container-runtime/mounts
 */
export function locate(table: MountTable, path: string): Location {
  throw new NotImplemented('container-runtime/mounts', 'locate');
}

/**
 * The names that mounts add to a directory: of what is mounted in it, or somewhere below, the first
 * name on the way, once each, in byte order (of UTF-8; `inByteOrder` of `../byte-order.ts`). Masked paths count, the root and read-only paths do not;
 * nor does the directory itself.
 *
 * ```text
 * mounts at /a/b/c, /a/d and /x       mountedNames('/')   a x       mountedNames('/a')   b d
 * ```
 *
 * @param table - from `mountTable`
 * @param directory - absolute; made clean first
 *
 * @exercise container-runtime/mounts
 */
export function mountedNames(table: MountTable, directory: string): string[] {
  throw new NotImplemented('container-runtime/mounts', 'mountedNames');
}

/**
 * An absolute path without `//`, `.`, `..` and without `/` at its end. `..` in the root is the root.
 *
 * A path without `/` at its beginning is taken from the root.
 *
 * @exercise container-runtime/mounts
 */
export function cleanPath(path: string): string {
  throw new NotImplemented('container-runtime/mounts', 'cleanPath');
}
