/** What controllers ask about a pod. Given. */

import type { Pod } from 'kubernetes-types/core/v1.js';
import { findCondition, isPodReady } from '#apimachinery';

/** Has it ended, and will not run again? */
export function isPodFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Is it being deleted? */
export function isPodTerminating({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** Does it count: has it neither ended, nor is it being deleted? */
export function isPodActive(pod: Pod): boolean {
  return !isPodFinished(pod) && !isPodTerminating(pod);
}

/**
 * Since when it is ready, in milliseconds since 1970; `undefined` when it is not, or does not say.
 */
export function readySince({ status }: Pod): number | undefined {
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready?.status !== 'True' || ready.lastTransitionTime === undefined) return undefined;
  return Date.parse(String(ready.lastTransitionTime));
}

/**
 * In how many milliseconds a ready pod will have been ready for `minReadySeconds`.
 *
 * @returns 0 when it has been, and is *available*; `undefined` when it is not ready
 */
export function untilAvailableMs(
  pod: Pod,
  minReadySeconds: number,
  now: number,
): number | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = readySince(pod);
  if (since === undefined) return undefined;
  return Math.max(0, since + minReadySeconds * 1000 - now);
}

/** Has it been ready for so long? */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  return untilAvailableMs(pod, minReadySeconds, now) === 0;
}

/** How often its containers were started again, all together. */
export function restartsOf({ status }: Pod): number {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return all.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
}
