/**
 * A release's `hidden/`: the hidden tests as bundles, with the list of tests the judge expects.
 */

import type { ReleaseFiles } from './release-plan.ts';

/** @returns one bundle per test file and the list */
export async function hiddenFiles(_root: string): Promise<ReleaseFiles> {
  return new Map();
}
