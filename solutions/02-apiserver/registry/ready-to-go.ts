/** When an object that is being deleted can go. Given; `update.ts` and `delete.ts` ask. */

import type { ApiObject } from '../api-object.ts';

/**
 * Tells whether an object that is being deleted has nothing left to wait for: it has a
 * `deletionTimestamp`, no `finalizers`, and a `deletionGracePeriodSeconds` of 0 or none.
 */
export function isReadyToGo({ metadata }: ApiObject): boolean {
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return false;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}
