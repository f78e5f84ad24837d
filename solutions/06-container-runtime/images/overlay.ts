/** Many layers seen as one tree: the topmost says what is there, and what is not any more. */

import type { LayerEntries, LayerEntry } from './layer.ts';

/** In front of a name: what lower layers have of this name is gone. */
export const WHITEOUT = '.wh.';
/** In a directory: all that lower layers have in it is gone. */
export const OPAQUE = '.wh..wh..opq';

/** What is at a path. */
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

/** The names in a directory, in byte order. */
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
  return [...names].filter((name) => overlayLookup(layers, prefix + name) !== undefined).sort();
}
