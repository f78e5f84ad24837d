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
import { NotImplemented } from '#not-implemented';

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
  throw new NotImplemented('kubelet/volumes', 'keysPayload');
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
  throw new NotImplemented('kubelet/volumes', 'downwardPayload');
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
  throw new NotImplemented('kubelet/volumes', 'writeAtomically');
}
