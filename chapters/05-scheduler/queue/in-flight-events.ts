/**
 * What happens in the cluster while pods are being tried. Given.
 *
 * A pod that is being tried is in no pool: an event would pass it by, although the attempt may have
 * begun too early to see what has changed. So events are kept until all attempts that began before
 * them are over.
 *
 * @see pkg/scheduler/backend/queue/active_queue.go (1.33), inFlightEvents
 */

import type { KubernetesObject } from '#apimachinery';
import type { ClusterEvent } from '../framework/plugin.ts';

/** An event, and the object it happened to. */
export interface ReportedEvent {
  readonly event: ClusterEvent;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

/** Attempts that are under way, and what has happened since they began. */
export class InFlightEvents {
  /** For each pod, how many events had been kept when its attempt began. Oldest attempt first. */
  readonly #starts = new Map<string, number>();
  #events: ReportedEvent[] = [];
  /** How many events were thrown away before the first in `#events`. */
  #dropped = 0;

  /** Tells whether an attempt with the pod is under way. */
  has(uid: string): boolean {
    return this.#starts.has(uid);
  }

  /** An attempt begins. */
  begin(uid: string): void {
    this.#starts.set(uid, this.#dropped + this.#events.length);
  }

  /** Something happened. Nobody needs it when no attempt is under way. */
  add(event: ReportedEvent): void {
    if (this.#starts.size > 0) this.#events.push(event);
  }

  /** @returns what has happened since the pod's attempt began; `undefined` when there is no attempt */
  since(uid: string): readonly ReportedEvent[] | undefined {
    const start = this.#starts.get(uid);
    return start === undefined ? undefined : this.#events.slice(start - this.#dropped);
  }

  /** An attempt is over. */
  done(uid: string): void {
    if (!this.#starts.delete(uid)) return;
    const [oldest = this.#dropped + this.#events.length] = this.#starts.values();
    if (oldest === this.#dropped) return;
    this.#events = this.#events.slice(oldest - this.#dropped);
    this.#dropped = oldest;
  }
}
