/**
 * Which event wakes which pod, and how long a pod that failed is left alone.
 *
 * Nothing here keeps pods: that is `scheduling-queue.ts`.
 */

import type { Logger } from '#apimachinery';
import type { ClusterEventWithHint, QueuedPodInfo } from '../framework/plugin.ts';
import { isWildcardEvent, matchesClusterEvent } from './cluster-events.ts';
import type { ReportedEvent } from './in-flight-events.ts';

/**
 * What an event means for a pod that was refused.
 *
 * - `skip`: nothing; it stays where it is.
 * - `afterBackoff`: it may be tried again once its backoff is over.
 * - `immediately`: it is tried again at once.
 */
export type QueueingStrategy = 'skip' | 'afterBackoff' | 'immediately';

/** What each plugin waits for, by the plugin's name. A plugin that is not in it waits for everything. */
export type EventInterests = ReadonlyMap<string, readonly ClusterEventWithHint[]>;

/**
 * What an event means for one pod.
 *
 * @remarks
 *
 * 1. No plugin has said no to the pod (something else failed): `afterBackoff`.
 * 2. A wildcard event (`isWildcardEvent`): `afterBackoff`; but when it comes with an object `after`,
 *    it is for the pod with that object's uid alone, and `skip` for others.
 * 3. Else the plugins that have said no are asked, and only they. A plugin is in favour when one of
 *    the kinds of events it waits for matches (`matchesClusterEvent`) and that kind's hint says
 *    `Queue`, or is absent, or throws (which is logged as an error: better a try too many than a pod
 *    that waits for ever). A plugin that is not in `interests` is in favour of everything.
 * 4. One of `pendingPlugins` in favour: `immediately`: what it waited for has come, the pod's
 *    earlier attempts were no failures. Else one of `unschedulablePlugins`: `afterBackoff`.
 *    Nobody: `skip`.
 *
 * ```text
 * refused by NodeResourcesFit (waits for AssignedPod Delete, Node Add …) and by TaintToleration
 *   AssignedPod Delete   afterBackoff: NodeResourcesFit, if its hint thinks the room is enough
 *   AssignedPod Add      skip: nobody waits for that
 *   UnschedulableTimeout afterBackoff: a wildcard
 * ```
 *
 * @see pkg/scheduler/backend/queue/scheduling_queue.go (1.33), isPodWorthRequeuing
 * @exercise scheduler/queue
 */
export function requeueStrategy(
  queued: QueuedPodInfo,
  { event, before, after }: ReportedEvent,
  interests: EventInterests,
  log: Logger,
): QueueingStrategy {
  const { unschedulablePlugins, pendingPlugins } = queued;
  const { pod } = queued.podInfo;
  if (unschedulablePlugins.size === 0 && pendingPlugins.size === 0) return 'afterBackoff';
  if (isWildcardEvent(event)) {
    const isForAnother = after && after.metadata?.uid !== pod.metadata?.uid;
    return isForAnother ? 'skip' : 'afterBackoff';
  }
  const saysQueue = ({ hint }: ClusterEventWithHint): boolean => {
    try {
      return hint === undefined || hint(pod, before, after) === 'Queue';
    } catch (error) {
      log.error('queueing hint failed', { event: event.label, error });
      return true;
    }
  };
  const isInFavour = (plugin: string): boolean => {
    const waitsFor = interests.get(plugin);
    if (waitsFor === undefined) return true;
    return waitsFor.some((kind) => matchesClusterEvent(kind, event) && saysQueue(kind));
  };
  for (const plugin of pendingPlugins) if (isInFavour(plugin)) return 'immediately';
  for (const plugin of unschedulablePlugins) if (isInFavour(plugin)) return 'afterBackoff';
  return 'skip';
}

/** How backoff grows. */
export interface BackoffLimits {
  /** Milliseconds after the first failure. */
  readonly initialMs: number;
  /** Never more. */
  readonly maxMs: number;
}

/**
 * How long a pod is left alone after it has failed.
 *
 * @remarks It doubles with each failure until it is `maxMs`: 1 s, 2 s, 4 s, 8 s, 10 s, 10 s, …
 *
 * @param failures - so far; 0 or more, and there may be thousands
 * @returns milliseconds; 0 without failures
 * @see pkg/scheduler/backend/queue/backoff_queue.go (1.33), calculateBackoffDuration
 * @exercise scheduler/queue
 */
export function backoffDuration(failures: number, { initialMs, maxMs }: BackoffLimits): number {
  return failures === 0 ? 0 : Math.min(initialMs * 2 ** (failures - 1), maxMs);
}
