/**
 * Puts the library that draws diagrams beside the site's own files, so that a page needs no
 * other host. The copy is never committed.
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the copy is served, below the site's base path. */
export const DIAGRAM_LIBRARY = 'generated/mermaid.min.js';

/** @param root - the repository's top folder */
export function placeDiagramLibrary(root: string): void {
  const mermaid = createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js');
  const copy = join(root, 'docs', 'public', DIAGRAM_LIBRARY);
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(mermaid, copy);
}
