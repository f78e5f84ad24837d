/**
 * Everything `npm run check` looks at, cheapest to read first. CI runs all of it.
 */

import { borrowing } from './borrowing.ts';
import type { Check } from './check.ts';
import { formatAndLint, markdownStyle, types } from './external-tools.ts';
import { ids } from './ids.ts';
import { layering } from './layering.ts';
import { markdownLinks } from './markdown-links.ts';
import { skeletonDrift } from './skeleton-drift.ts';
import { teachingOrder } from './teaching-order.ts';
import { tests } from './tests.ts';
import { words } from './words.ts';

/** All checks in the order they run. */
export const ALL_CHECKS: readonly Check[] = [
  ids,
  skeletonDrift,
  borrowing,
  teachingOrder,
  layering,
  tests,
  words,
  markdownLinks,
  markdownStyle,
  formatAndLint,
  ...types,
];
