/** Many layers seen as one tree: the topmost says what is there, and what is not any more. */

import { inByteOrder } from '../byte-order.ts';
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
  for (const layer of layers.toReversed()) {
    const entry = layer.get(path);
    if (entry !== undefined) return entry;
    if (hides(layer, path)) return undefined;
  }
  return undefined;
}

/** Does a layer keep lower layers' `path` from being seen? */
function hides(layer: LayerEntries, path: string): boolean {
  for (let at = path; at !== ''; at = parentOf(at)) {
    const parent = parentOf(at);
    const name = at.slice(parent.length + 1);
    if (layer.has(`${parent}/${WHITEOUT}${name}`) || layer.has(`${parent}/${OPAQUE}`)) return true;
    const above = layer.get(parent);
    if (above !== undefined && above.kind !== 'directory') return true;
  }
  return false;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
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
  const prefix = directory === '/' ? '/' : `${directory}/`;
  const names = new Set<string>();
  for (const layer of layers) {
    for (const path of layer.keys()) {
      if (!path.startsWith(prefix)) continue;
      const name = path.slice(prefix.length);
      if (!name.includes('/') && !name.startsWith(WHITEOUT)) names.add(name);
    }
  }
  return inByteOrder(names).filter((name) => overlayLookup(layers, prefix + name) !== undefined);
}
