/**
 * Check: `chapters/` is what `npm run skeleton` makes of `solutions/`.
 */

import { planSkeleton } from '../source/skeleton.ts';
import type { Check } from './check.ts';

/** Fails on any file that differs, is missing or is left over. */
export const skeletonDrift: Check = {
  name: 'skeleton',
  run: (root) => {
    const { drift } = planSkeleton(root);
    if (drift.length === 0) return [];
    const files = drift.map(({ path, kind }) => `chapters/${path}: ${kind}`);
    return [...files, 'run `npm run skeleton`'];
  },
};
