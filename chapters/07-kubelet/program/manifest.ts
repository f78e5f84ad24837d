/** Reads a static pod's file: YAML, or JSON. */

import { parse } from 'yaml';

/** @throws Error when it is neither */
export function parseManifest(text: string): unknown {
  return parse(text);
}
