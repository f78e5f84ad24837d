/**
 * When it happened that made endpoints change: what tells how long it took until proxies knew. Given.
 *
 * @see k8s.io/endpointslice/trigger_time_tracker.go (1.33)
 */

import type { Pod, Service } from 'kubernetes-types/core/v1.js';
import { findCondition } from '#apimachinery';

interface Seen {
  /** When the Service was made. */
  readonly service: string;
  /** When each pod last became ready or not, by name. */
  readonly pods: ReadonlyMap<string, string>;
}

/** Remembers, for each Service, what changed when. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /**
   * The earliest change since the last call for this Service.
   *
   * @returns RFC 3339; `undefined` when nothing is known to have changed
   */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const times = new Map(pods.map((pod) => [pod.metadata?.name ?? '', changedAt(pod)]));
    const created = String(service.metadata?.creationTimestamp ?? '');
    this.#seen.set(key, { service: created, pods: times });
    if (!before) return created || undefined;
    const changes = [...times]
      .filter(([name, time]) => time !== '' && (before.pods.get(name) ?? '') < time)
      .map(([, time]) => time);
    if (created !== before.service && created !== '') changes.push(created);
    return changes.sort()[0];
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}

function changedAt(pod: Pod): string {
  return String(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '');
}
