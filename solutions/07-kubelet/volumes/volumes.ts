/**
 * What is in a pod's volumes: files made of ConfigMaps, Secrets and fields, and how they are
 * replaced all at once.
 *
 * Which volume is where, and when, is `volumes/volume-manager.ts`.
 */

import type {
  ConfigMap,
  DownwardAPIVolumeFile,
  KeyToPath,
  Secret,
} from 'kubernetes-types/core/v1.js';
import type { FileSystem } from '#apimachinery';

/** One file of a volume. */
export interface ProjectedFile {
  readonly content: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** All files of a volume, by their paths in it: `ca.crt`, `etc/app.conf`. */
export type Payload = ReadonlyMap<string, ProjectedFile>;

/** A volume cannot be filled; the message goes into the event `FailedMount`. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/**
 * The files of a ConfigMap or Secret.
 *
 * @remarks Without `items`, or with an empty list, every key becomes a file of its name; with
 * `items` only those, at their `path`, with their `mode` if they have one. `data` of a ConfigMap is
 * text, written in UTF-8; `binaryData`, and `data` of a Secret, are Base64.
 *
 * An object that is missing, or a key of `items` that it does not have: no file if `optional`, else
 * it fails with one of these messages:
 *
 * ```text
 * configmap "x" not found
 * secret "x" not found
 * configmap references non-existent config key: k
 * references non-existent secret key: k
 * ```
 *
 * @param source - `undefined` when there is none
 * @throws VolumeError
 * @see pkg/volume/configmap/configmap.go, pkg/volume/secret/secret.go (1.33), MakePayload
 * @exercise kubelet/volumes
 */
export function keysPayload(
  kind: 'configmap' | 'secret',
  name: string,
  source: ConfigMap | Secret | undefined,
  options: {
    readonly items?: readonly KeyToPath[];
    readonly defaultMode: number;
    readonly optional: boolean;
  },
): Payload {
  const { items, defaultMode, optional } = options;
  if (source === undefined) {
    if (optional) return new Map();
    throw new VolumeError(`${kind} "${name}" not found`);
  }
  const contents = contentsOf(kind, source);
  const all = [...contents.keys()].map((key): KeyToPath => ({ key, path: key }));
  const wanted = items?.length ? items : all;
  const payload = new Map<string, ProjectedFile>();
  for (const { key, path, mode = defaultMode } of wanted) {
    const content = contents.get(key);
    if (content !== undefined) payload.set(path, { content, mode });
    else if (!optional) {
      const what =
        kind === 'configmap'
          ? 'configmap references non-existent config'
          : 'references non-existent secret';
      throw new VolumeError(`${what} key: ${key}`);
    }
  }
  return payload;
}

function contentsOf(kind: string, source: ConfigMap | Secret): Map<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(source.data ?? {})) {
    contents.set(key, kind === 'secret' ? bytesOfBase64(text) : new TextEncoder().encode(text));
  }
  const binary = 'binaryData' in source ? source.binaryData : undefined;
  for (const [key, text] of Object.entries(binary ?? {})) contents.set(key, bytesOfBase64(text));
  return contents;
}

function bytesOfBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/**
 * The files of the downward API.
 *
 * @param valueFor - a field's or a resource's value; what it throws goes on
 * @exercise kubelet/volumes
 */
export function downwardPayload(
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  valueFor: (item: DownwardAPIVolumeFile) => string,
): Payload {
  return new Map(
    items.map((item): [string, ProjectedFile] => [
      item.path,
      { content: new TextEncoder().encode(valueFor(item)), mode: item.mode ?? defaultMode },
    ]),
  );
}

/** The name of the link that all files of a volume lead through. */
export const DATA_LINK = '..data';

/**
 * Puts a payload into a directory, so that who reads it sees all old files or all new ones, never
 * some of each.
 *
 * @remarks The files are in a directory of their own, and a link says which one counts:
 *
 * ```text
 * volume/..2025_01/app.conf            the files
 * volume/..data     → ..2025_01        which counts: replaced by a rename, in one step
 * volume/app.conf   → ..data/app.conf  what programs open
 * volume/etc        → ..data/etc       a path with folders: only its first part is a link
 * ```
 *
 * 1. Is `..data` there, and are there exactly the files of the payload, with the same content? Then
 *    only links that are missing are made, nothing else. Modes are not compared.
 * 2. Write all files, and the folders they need, into the new directory (`stamp` is its name; it
 *    begins with `..`).
 * 3. Make the link `..data_tmp` to `stamp`, and rename it to `..data`.
 * 4. Make links for first parts that have none.
 * 5. Remove links for first parts that are in no path any more.
 * 6. Remove the directory that counted before.
 *
 * Links are relative. The volume's directory is made when it is not there. A path of the payload
 * that is empty or absolute, has a part `..`, or itself begins with `..` (`..a`, but not `x/..a`)
 * is refused before anything is done: `invalid path <path>`.
 *
 * @param stamp - a name that was not used before
 * @returns whether the files are others than before
 * @throws VolumeError for a path
 * @see pkg/volume/util/atomic_writer.go (1.33)
 * @exercise kubelet/volumes
 */
export function writeAtomically(
  files: FileSystem,
  directory: string,
  payload: Payload,
  stamp: string,
): boolean {
  for (const path of payload.keys()) {
    const isInside = path !== '' && !path.startsWith('/') && !path.startsWith('..');
    if (!isInside || path.split('/').includes('..')) {
      throw new VolumeError(`invalid path ${path}`);
    }
  }
  files.makeDirectory(directory);
  const link = `${directory}/${DATA_LINK}`;
  const before = files.linkStat(link) ? files.readLink(link) : undefined;
  const hasChanged = before === undefined || !hasSame(files, `${directory}/${before}`, payload);
  if (hasChanged) {
    writeFiles(files, `${directory}/${stamp}`, payload);
    files.remove(`${link}_tmp`);
    files.symlink(stamp, `${link}_tmp`);
    files.rename(`${link}_tmp`, link);
  }
  const firsts = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of firsts) {
    const path = `${directory}/${name}`;
    if (!files.linkStat(path)) files.symlink(`${DATA_LINK}/${name}`, path);
  }
  for (const name of files.list(directory)) {
    if (!name.startsWith('..') && !firsts.has(name)) files.remove(`${directory}/${name}`);
  }
  if (hasChanged && before !== undefined) files.remove(`${directory}/${before}`);
  return hasChanged;
}

function writeFiles(files: FileSystem, directory: string, payload: Payload): void {
  files.makeDirectory(directory, 0o755);
  for (const [path, { content, mode }] of payload) {
    const folder = path.split('/').slice(0, -1).join('/');
    if (folder !== '') files.makeDirectory(`${directory}/${folder}`);
    files.writeFile(`${directory}/${path}`, content, mode);
    files.changeMode(`${directory}/${path}`, mode);
  }
}

function hasSame(files: FileSystem, directory: string, payload: Payload): boolean {
  const found = pathsIn(files, directory);
  if (found.length !== payload.size) return false;
  return found.every((path) => {
    const wanted = payload.get(path);
    return (
      wanted !== undefined && equalBytes(files.readFile(`${directory}/${path}`), wanted.content)
    );
  });
}

function pathsIn(files: FileSystem, directory: string): string[] {
  if (files.stat(directory)?.kind !== 'directory') return [];
  return files.list(directory).flatMap((name) => {
    const isFolder = files.stat(`${directory}/${name}`)?.kind === 'directory';
    return isFolder
      ? pathsIn(files, `${directory}/${name}`).map((path) => `${name}/${path}`)
      : [name];
  });
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
