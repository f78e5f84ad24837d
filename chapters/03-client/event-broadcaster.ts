/**
 * Brings events to the API server, one after the other, behind the controllers' backs. Given.
 *
 * What controllers hold is an `EventRecorder` (`event-recorder.ts`); several may share one
 * broadcaster. How many events become few is `event-correlator.ts`.
 */

import type { Event as CoreEvent } from 'kubernetes-types/core/v1.js';
import {
  type Clock,
  isAlreadyExists,
  isNotFound,
  type Logger,
  type Random,
  StatusError,
} from '#apimachinery';
import { abortable } from './abortable.ts';
import type { Client } from './client.ts';
import { type Correlated, EventCorrelator } from './event-correlator.ts';
import {
  EventFactory,
  type EventRecorder,
  type EventSource,
  objectReference,
} from './event-recorder.ts';
import { Fifo } from './fifo.ts';
import { CORE_EVENTS } from './resource-types.ts';

/** So many events wait at most; what comes then is dropped. */
const MOST_QUEUED = 1000;
const MOST_TRIES = 12;
const RETRY_AFTER_MS = 10_000;

/** What a broadcaster needs. */
export interface EventBroadcasterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Takes events from recorders and writes them.
 *
 * @remarks Events are written in the order in which they were told, one at a time. What the server
 * refuses is dropped. When it does not answer, the same event is tried again, up to twelve times,
 * ten seconds apart, and those behind wait.
 *
 * @see client-go v0.33 tools/record/event.go
 */
export class EventBroadcaster {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #factory: EventFactory;
  readonly #correlator: EventCorrelator;
  readonly #queue = new Fifo<CoreEvent>();
  #isDropping = false;
  /** Aborts when there is no time left for what still waits. */
  readonly #dropping = new AbortController();
  /** Aborts when nothing is tried again any more. */
  readonly #stopping = new AbortController();
  /** The run of the loop that writes, while there is something to write. */
  #writing: Promise<void> | undefined;

  constructor(client: Client, { clock, random, log }: EventBroadcasterOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#factory = new EventFactory({ clock, random });
    this.#correlator = new EventCorrelator(clock, this.#factory);
  }

  /**
   * A recorder for one component.
   *
   * @param component - `replicaset-controller`
   * @param host - the node's name, for who belongs to one
   */
  forComponent(component: string, host?: string): EventRecorder {
    const source: EventSource = host === undefined ? { component } : { component, host };
    return {
      event: (type, object, eventType, reason, message, options) => {
        const involvedObject = objectReference(type, object, options?.fieldPath);
        const annotations = options?.annotations;
        const words = { involvedObject, eventType, reason, message };
        this.#accept(
          this.#factory.newEvent(source, annotations ? { ...words, annotations } : words),
        );
      },
    };
  }

  /** Resolves when all that was told so far has been written or given up. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /**
   * Stops: what is told from now on is ignored, what was told before is tried once more.
   *
   * @param graceMs - after so many milliseconds the rest is dropped
   * @returns when nothing is left
   */
  async stop(graceMs = 5000): Promise<void> {
    this.#stopping.abort(new Error('the event broadcaster was stopped'));
    const deadline = this.#clock.after(graceMs, () => {
      this.#dropping.abort(new Error(`events were not written within ${graceMs} ms`));
    });
    await this.flush();
    deadline.cancel();
  }

  #accept(event: CoreEvent): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#queue.length >= MOST_QUEUED) {
      // One line for each time it fills up, not for each event: there may be thousands.
      if (!this.#isDropping) {
        this.#log.error('too many events wait, dropping until there is room', describe(event));
      }
      this.#isDropping = true;
      return;
    }
    this.#isDropping = false;
    this.#queue.push(event);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // Who tells an event goes on first: nothing is sent from within its call.
    await Promise.resolve();
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) {
      const correlated = this.#correlator.correlate(event);
      if (correlated && !this.#dropping.signal.aborted) await this.#write(correlated);
    }
    this.#writing = undefined;
  }

  async #write(correlated: Correlated): Promise<void> {
    const fields = describe(correlated.event);
    for (let tries = 1; ; tries++) {
      const failure = await this.#tryToWrite(correlated);
      if (failure === undefined) return;
      const error = String(failure.error);
      if (failure.refused) {
        const level = isExpected(failure.error) ? 'debug' : 'error';
        this.#log[level]('the server rejected an event', { ...fields, error });
        return;
      }
      this.#log.error('cannot write an event', { ...fields, error, tries });
      if (tries >= MOST_TRIES || !(await this.#sleepBeforeRetry(tries))) return;
    }
  }

  async #tryToWrite({
    event,
    patch,
  }: Correlated): Promise<{ refused: boolean; error: unknown } | undefined> {
    const { signal } = this.#dropping;
    try {
      const events = this.#client.resource(CORE_EVENTS, event.metadata.namespace);
      const create = (): Promise<CoreEvent> => abortable(events.create(event, { signal }), signal);
      const written = patch
        ? await abortable(
            events.patch(event.metadata.name ?? '', 'strategic-merge-patch', patch, { signal }),
            signal,
          ).catch((error) => {
            // It may have expired meanwhile: events live for an hour.
            if (isNotFound(error)) return create();
            throw error;
          })
        : await create();
      this.#correlator.updateState(written);
      return undefined;
    } catch (error) {
      return { refused: error instanceof StatusError, error };
    }
  }

  /** @returns whether to try again: not when the broadcaster stops */
  async #sleepBeforeRetry(tries: number): Promise<boolean> {
    // Not all at once when the server is back.
    const delayMs = tries === 1 ? this.#random.next() * RETRY_AFTER_MS : RETRY_AFTER_MS;
    try {
      await this.#clock.sleep(delayMs, this.#stopping.signal);
      return true;
    } catch {
      return false;
    }
  }
}

/** Written by a try whose answer was lost, or the namespace is going away. */
function isExpected(error: unknown): boolean {
  if (isAlreadyExists(error)) return true;
  const causes = error instanceof StatusError ? error.details?.causes : undefined;
  return causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;
}

function describe({ involvedObject, reason, message }: CoreEvent): Record<string, unknown> {
  const { kind, namespace, name } = involvedObject;
  return { kind, namespace, name, reason, message };
}
