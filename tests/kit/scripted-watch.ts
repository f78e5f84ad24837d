/** A watch whose events and end a test decides; `scripted-server.ts` makes them. */

import type { KubernetesObject } from '#apimachinery';
import type { Watch, WatchEvent } from '#client';
import type { Cut } from './scripted-server.ts';

/** What the reader gets next. */
type Item<T extends KubernetesObject> = WatchEvent<T> | { readonly broken: unknown } | 'end';

/**
 * A running watch. When its signal aborts, the iteration throws the signal's reason. One without a
 * signal still brings, after `stop`, what had come before.
 */
export class ScriptedWatch<T extends KubernetesObject> implements Watch<T> {
  readonly #items: Item<T>[] = [];
  readonly #onClosed: (watch: ScriptedWatch<T>) => void;
  readonly #signal: AbortSignal | undefined;
  #wake: (() => void) | undefined;
  #ended = false;
  #stopped = false;

  /** @param signal - absent: it does not notice an abort */
  constructor(signal: AbortSignal | undefined, onClosed: (watch: ScriptedWatch<T>) => void) {
    this.#signal = signal;
    this.#onClosed = onClosed;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Not ended, and not stopped: the connection is there. */
  get isOpen(): boolean {
    return !this.#ended && !this.#stopped;
  }

  send(event: WatchEvent<T>): void {
    if (this.isOpen) this.#push(event);
  }

  cut(by: Cut): void {
    if (!this.isOpen) return;
    if (typeof by === 'object') this.#push({ type: 'ERROR', object: by.error });
    this.#push(by === 'break' ? { broken: new TypeError('terminated') } : 'end');
    this.#end();
  }

  stop(): void {
    this.#stopped = true;
    this.#end();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    for (;;) {
      const item = await this.#next();
      if (item === 'end') return;
      if (typeof item === 'object' && item !== null && 'broken' in item) throw item.broken;
      yield item;
    }
  }

  async #next(): Promise<Item<T>> {
    for (;;) {
      const [next] = this.#stopped && this.#signal ? [] : this.#items.splice(0, 1);
      if (next !== undefined) return next;
      if (this.#stopped) return 'end';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  readonly #onAbort = (): void => {
    if (this.#ended) return;
    this.#items.length = 0;
    this.#push({ broken: this.#signal?.reason });
    this.#end();
  };

  #push(item: Item<T>): void {
    this.#items.push(item);
    this.#wake?.();
  }

  #end(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onClosed(this);
  }
}
