/** How important a pod is, compared with others. Given. */

import type { Pod } from '#apimachinery';

/** The pod's priority; 0 when it has none. */
export function podPriority(pod: Pod): number {
  return pod.spec?.priority ?? 0;
}

/** When the pod began to run, in milliseconds; who has not begun yet begins now, after all others. */
export function startTimeOf(pod: Pod): number {
  const text = pod.status?.startTime;
  return text === undefined ? Number.POSITIVE_INFINITY : Date.parse(text);
}

/**
 * Orders pods by importance, for `sort`: a higher priority first, then who runs for longer.
 *
 * @see pkg/scheduler/util/utils.go (1.33), MoreImportantPod
 */
export function byImportance(a: Pod, b: Pod): number {
  const priorities = podPriority(b) - podPriority(a);
  if (priorities !== 0) return priorities;
  const [startA, startB] = [startTimeOf(a), startTimeOf(b)];
  return startA === startB ? 0 : startA - startB;
}
