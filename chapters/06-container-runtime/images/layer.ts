/** What an image is made of: layers of files, and a configuration. Given. */

import { sha256OfText } from '../sha256.ts';

interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** One thing in a layer. */
export type LayerEntry = Attributes &
  (
    | { readonly kind: 'file'; readonly content: Uint8Array }
    | { readonly kind: 'directory' }
    | { readonly kind: 'symlink'; readonly target: string }
  );

/**
 * What a layer changes, by absolute path. The root directory `/` is not in it.
 *
 * @remarks An entry `/etc/.wh.motd` says that lower layers' `/etc/motd` is gone; an entry
 * `/etc/.wh..wh..opq` that all of lower layers' `/etc` is. They are empty files in real images; here the
 * name alone counts, and the entry may be of any kind.
 */
export type LayerEntries = ReadonlyMap<string, LayerEntry>;

/** A layer, named by its content. */
export interface Layer {
  /** `sha256:…`, what `layerDigest` says of its entries. */
  readonly digest: string;
  /** Bytes that it takes on the node's disk. */
  readonly size: number;
  readonly entries: LayerEntries;
}

/** How a container of an image begins unless the pod says otherwise. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly workingDir: string;
  /** Empty, `101`, `nginx`, `101:101`. */
  readonly user: string;
  /** Such as `SIGQUIT`; empty for `SIGTERM`. */
  readonly stopSignal: string;
}

/** What a registry says of an image. */
export interface Manifest {
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

/** The name of a layer's content. */
export function layerDigest(entries: LayerEntries): string {
  const lines = [...entries].map(([path, entry]) => {
    const content = entry.kind === 'file' ? Array.from(entry.content).join() : '';
    const target = entry.kind === 'symlink' ? entry.target : '';
    return JSON.stringify([path, entry.kind, entry.mode, entry.uid, entry.gid, content, target]);
  });
  return sha256OfText(lines.sort().join('\n'));
}

/** An image's id: the digest of its configuration, which names the layers. */
export function imageIdOf(manifest: Manifest): string {
  const diffs = manifest.layers.map(({ digest }) => digest);
  return sha256OfText(JSON.stringify([manifest.config, diffs]));
}

/** The name of a manifest's content, as in `nginx@sha256:…`. */
export function manifestDigest(manifest: Manifest): string {
  return sha256OfText(JSON.stringify(['manifest', manifest.config, manifest.layers]));
}
