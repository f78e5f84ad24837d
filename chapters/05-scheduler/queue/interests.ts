/**
 * What the plugins of all profiles wait for. Given.
 *
 * Which of it wakes a pod is `requeue-strategy.ts`; here is what the queue looks up before it asks.
 */

import type { ClusterEvent, ClusterEventWithHint, EnqueueExtensions } from '../framework/plugin.ts';
import { isWildcardEvent, matchesClusterEvent } from './cluster-events.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { EventInterests } from './requeue-strategy.ts';

const NO_INTERESTS: EventInterests = new Map();

/** By profile: for each plugin that says so, what it waits for. */
export class Interests {
  readonly #byProfile = new Map<string, EventInterests>();

  /** @param profiles - each plugin's `eventsToRegister` is asked here, once */
  constructor(
    profiles: Iterable<readonly [string, { plugins: { enqueue: readonly EnqueueExtensions[] } }]>,
  ) {
    for (const [name, { plugins }] of profiles) {
      const waitsFor = new Map<string, readonly ClusterEventWithHint[]>();
      for (const plugin of plugins.enqueue) waitsFor.set(plugin.name, plugin.eventsToRegister());
      this.#byProfile.set(name, waitsFor);
    }
  }

  /** What the plugins of the pod's profile wait for; nothing is known for a profile that is not there. */
  of({ pod }: QueuedPod): EventInterests {
    return this.#byProfile.get(pod.spec?.schedulerName ?? '') ?? NO_INTERESTS;
  }

  /** Does the plugin that keeps the pod out wait for such an event? Hints are not asked. */
  gateWaitsFor(pod: QueuedPod, event: ClusterEvent): boolean {
    const waitsFor = this.of(pod).get(pod.gatingPlugin);
    return waitsFor?.some((kind) => matchesClusterEvent(kind, event)) ?? true;
  }

  /**
   * A quick look before hints are asked: pods whose rejectors all wait for other kinds of events need not
   * be looked at. What an event means for each profile is found out once: thousands of pods may wait, and
   * most events are for few of them.
   *
   * @returns whether the event may tell something to a plugin that has refused the pod
   */
  newFilter(event: ClusterEvent): (pod: QueuedPod) => boolean {
    if (isWildcardEvent(event)) return () => true;
    const deaf = new Map<EventInterests, ReadonlySet<string>>();
    for (const interests of this.#byProfile.values()) {
      const others = [...interests].filter(
        ([, kinds]) => !kinds.some((kind) => matchesClusterEvent(kind, event)),
      );
      deaf.set(interests, new Set(others.map(([plugin]) => plugin)));
    }
    return (pod) => !isRefusedByAll(pod, deaf.get(this.of(pod)));
  }
}

/** Tells whether a pod was refused, and by none but these. */
function isRefusedByAll(pod: QueuedPod, plugins: ReadonlySet<string> | undefined): boolean {
  for (const plugin of pod.rejectors) if (!plugins?.has(plugin)) return false;
  return pod.rejectors.size > 0;
}
