/** Tells whoever listens what happens to containers. Given. */

import type { ContainerEventResponse, ContainerEventType } from './cri/index.ts';

type MakeEvent = (type: ContainerEventType, id: string) => ContainerEventResponse;

/** So many events wait for a slow listener; then it has missed some, and its stream ends. */
const MOST_WAITING = 1000;

/** Events for any number of listeners. */
export class EventHub {
  readonly #make: MakeEvent;
  readonly #subscribers = new Set<Subscriber>();

  /** @param make - the message about something that has just happened */
  constructor(make: MakeEvent) {
    this.#make = make;
  }

  tell(type: ContainerEventType, id: string): void {
    if (this.#subscribers.size === 0) return;
    const event = this.#make(type, id);
    for (const subscriber of this.#subscribers) subscriber.offer(event);
  }

  /** What happens from now on. */
  subscribe(signal?: AbortSignal): AsyncIterable<ContainerEventResponse> {
    const subscriber = new Subscriber(() => this.#subscribers.delete(subscriber));
    this.#subscribers.add(subscriber);
    if (signal?.aborted) subscriber.end();
    signal?.addEventListener('abort', () => subscriber.end(), { once: true });
    return { [Symbol.asyncIterator]: () => subscriber };
  }

  close(): void {
    for (const subscriber of this.#subscribers) subscriber.end();
  }
}

class Subscriber implements AsyncIterator<ContainerEventResponse> {
  readonly #queue: ContainerEventResponse[] = [];
  readonly #onEnd: () => void;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  offer(event: ContainerEventResponse): void {
    if (this.#queue.push(event) > MOST_WAITING) this.end();
    this.#wake?.();
  }

  end(): void {
    this.#isOver = true;
    this.#onEnd();
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<ContainerEventResponse>> {
    for (;;) {
      const value = this.#queue.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#isOver) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<ContainerEventResponse>> {
    this.end();
    return { done: true, value: undefined };
  }
}
