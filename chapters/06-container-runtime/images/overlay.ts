/** Many layers seen as one tree: the topmost says what is there, and what is not any more. */

import { NotImplemented } from '#not-implemented';
import type { LayerEntries, LayerEntry } from './layer.ts';

/** In front of a name: what lower layers have of this name is gone. */
export const WHITEOUT = '.wh.';
/** In a directory: all that lower layers have in it is gone. */
export const OPAQUE = '.wh..wh..opq';

/**
 * What is at a path, in many layers laid over each other.
 *
 * @remarks
 * The topmost layer that has the path decides. Before a lower layer is asked, the ones above it must
 * let it be seen. A layer hides lower layers' `/a/b/c` when it has
 *
 * - a whiteout of the path or of a directory that leads to it: `/a/b/.wh.c`, `/a/.wh.b` or `/.wh.a`;
 * - an opaque mark in a directory that leads to it: `/a/b/.wh..wh..opq`, `/a/.wh..wh..opq` or
 *   `/.wh..wh..opq`;
 * - a file or a link where a directory must be to lead to it: `/a/b` or `/a`.
 *
 * What a layer itself has is not hidden by its own marks: a layer may remove a directory and have
 * another of the same name.
 *
 * ```text
 * layer 0   /etc  /etc/motd  /etc/os-release       overlayLookup('/etc/motd')        undefined
 * layer 1   /etc  /etc/.wh.motd                    overlayLookup('/etc/os-release')  layer 0's
 * layer 2   /etc  /etc/os-release                  …of layers 0 to 2                 layer 2's
 * ```
 *
 * @param layers - lowest first; they are not changed
 * @param path - absolute, clean (no `//`, `.`, `..`, no `/` at its end), not `/`
 * @returns `undefined` when nothing is there. Links are not followed.
 * @exercise container-runtime/images
 */
export function overlayLookup(
  layers: readonly LayerEntries[],
  path: string,
): LayerEntry | undefined {
  throw new NotImplemented('container-runtime/images', 'overlayLookup');
}

/**
 * The names in a directory: those that `overlayLookup` finds something at, once each, in byte order
 * (of UTF-8; `inByteOrder` of `../byte-order.ts` sorts so).
 *
 * @remarks Whiteouts and opaque marks are not names. Only what is in the directory counts: it needs no
 * entry of its own, so `/a/b` alone gives `b` in `/a`. Where nothing is found, there are no names.
 *
 * @param directory - as `path` above; may be `/`
 * @exercise container-runtime/images
 */
export function overlayNames(layers: readonly LayerEntries[], directory: string): string[] {
  throw new NotImplemented('container-runtime/images', 'overlayNames');
}
