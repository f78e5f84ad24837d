/** When an object that is being deleted can go. Given; `update.ts` and `delete.ts` ask. */

import type { ApiObject } from '../api-object.ts';
import type { Kind } from '../kinds/kind.ts';

/**
 * Tells whether an object that is being deleted has nothing left to wait for: it has a
 * `deletionTimestamp`, no `finalizers`, a `deletionGracePeriodSeconds` of 0 or none, and its kind has
 * nothing else that holds it back.
 */
export function isReadyToGo(kind: Kind, object: ApiObject): boolean {
  const { metadata } = object;
  if (!metadata.deletionTimestamp || metadata.finalizers?.length) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return kind.isHeldBack?.(object) !== true;
}
