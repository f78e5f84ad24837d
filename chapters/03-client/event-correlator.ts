/**
 * Keeps events from becoming a flood: counts the same, joins the similar, drops the rest. Given.
 *
 * An object that fails every second would fill the API server. What is left of an event is created
 * or patched by `event-broadcaster.ts`.
 */

import type { Event as CoreEvent } from 'kubernetes-types/core/v1.js';
import { type Clock, timestamp } from '#apimachinery';
import type { EventFactory } from './event-recorder.ts';
import { LruCache } from './lru-cache.ts';

const MOST_REMEMBERED = 4096;
/** So many different messages of the same reason, and they are joined into one event. */
const AGGREGATE_AT = 10;
/** Unless none came for so long. */
const AGGREGATE_WITHIN_MS = 10 * 60 * 1000;
/** So many events in a row about one object, and then one every five minutes. */
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300 * 1000;

/** What is to be done about an event. */
export interface Correlated {
  readonly event: CoreEvent;
  /** Present: the event is there already and only this has changed. */
  readonly patch?: Pick<CoreEvent, 'count' | 'lastTimestamp' | 'message'>;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

type Observed = Required<Pick<CoreEvent, 'count' | 'firstTimestamp'>> & { readonly name: string };

/**
 * Compares events with those before.
 *
 * @remarks All as in client-go: the same event again makes its count go up; from the tenth message
 * with the same reason about the same object on, none of which came more than ten minutes after the
 * one before, one event stands for all, with the newest message; and one source may send 25 events
 * about one object, then one every five minutes.
 *
 * @see client-go v0.33 tools/record/events_cache.go
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #factory: EventFactory;
  readonly #similar = new LruCache<string, Similar>(MOST_REMEMBERED);
  readonly #observed = new LruCache<string, Observed>(MOST_REMEMBERED);
  /** For each source and object: when its bucket of events will be full again. */
  readonly #fullAtMs = new LruCache<string, number>(MOST_REMEMBERED);

  constructor(clock: Clock, factory: EventFactory) {
    this.#clock = clock;
    this.#factory = factory;
  }

  /** @returns `undefined` when the event is to be dropped */
  correlate(event: CoreEvent): Correlated | undefined {
    const aggregated = this.#aggregate(event);
    const correlated = this.#count(aggregated.event, aggregated.key);
    return this.#isSpam(correlated.event) ? undefined : correlated;
  }

  /** Remembers an event as the server has it now. */
  updateState(event: CoreEvent): void {
    this.#remember(eventKey(event), event);
  }

  #aggregate(event: CoreEvent): { event: CoreEvent; key: string } {
    const key = aggregateKey(event);
    const now = this.#clock.monotonic();
    let similar = this.#similar.get(key);
    if (similar === undefined || now - similar.lastMs > AGGREGATE_WITHIN_MS) {
      similar = { messages: new Set(), lastMs: now };
    }
    const message = event.message ?? '';
    similar.messages.add(message);
    similar.lastMs = now;
    this.#similar.set(key, similar);
    if (similar.messages.size < AGGREGATE_AT) return { event, key: eventKey(event) };
    // Stay one below, so that the next different message makes it ten again.
    for (const oldest of similar.messages) {
      similar.messages.delete(oldest);
      break;
    }
    return { event: this.#combined(event), key };
  }

  #combined(event: CoreEvent): CoreEvent {
    const now = timestamp(this.#clock.now());
    const { annotations: _, ...metadata } = event.metadata;
    return {
      ...event,
      metadata: { ...metadata, name: this.#factory.newName(event.involvedObject.name ?? '') },
      message: `(combined from similar events): ${event.message}`,
      firstTimestamp: now,
      lastTimestamp: now,
    };
  }

  #count(event: CoreEvent, key: string): Correlated {
    const before = this.#observed.get(key);
    if (before === undefined) {
      this.#remember(key, event);
      return { event };
    }
    const counted = {
      ...event,
      metadata: { ...event.metadata, name: before.name },
      firstTimestamp: before.firstTimestamp,
      count: before.count + 1,
    };
    this.#remember(key, counted);
    const { count, lastTimestamp, message } = counted;
    return {
      event: counted,
      patch: { count, ...(lastTimestamp && { lastTimestamp }), ...(message && { message }) },
    };
  }

  #remember(key: string, event: CoreEvent): void {
    const { metadata, count = 1, firstTimestamp = '' } = event;
    this.#observed.set(key, { name: metadata.name ?? '', count, firstTimestamp });
  }

  /** A token bucket that gives nothing in advance: who finds it empty does not take. */
  #isSpam(event: CoreEvent): boolean {
    const key = spamKey(event);
    const now = this.#clock.monotonic();
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? now, now) + SPAM_REFILL_MS;
    if (fullAtMs - now > SPAM_BURST * SPAM_REFILL_MS) return true;
    this.#fullAtMs.set(key, fullAtMs);
    return false;
  }
}

/** Events with the same key are the same event. */
function eventKey(event: CoreEvent): string {
  const { involvedObject, reason, message } = event;
  return JSON.stringify([spamKey(event), involvedObject.fieldPath, reason, message]);
}

/** Events with the same key differ in their message only. */
function aggregateKey(event: CoreEvent): string {
  const { reason, reportingComponent, reportingInstance } = event;
  return JSON.stringify([spamKey(event), reason, reportingComponent, reportingInstance]);
}

/** Events with the same key come from one source and are about one object. */
function spamKey({ source, involvedObject, type }: CoreEvent): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  const from = [source?.component, source?.host];
  return JSON.stringify([...from, kind, namespace, name, uid, apiVersion, type]);
}
