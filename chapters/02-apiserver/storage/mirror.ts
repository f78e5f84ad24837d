/**
 * A copy of the objects under a prefix, for parts of the server that must decide at once. Given.
 *
 * Roles, webhooks and definitions are read on every request; a mirror has them at hand, a moment
 * behind the store. Where that moment matters, ask the storage.
 */

import type { Clock, Logger } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { Storage } from './storage.ts';
import type { Stored } from './stored.ts';

/** How long a store that failed is left alone. */
const RETRY_MS = 1000;

/** @param key - of what has changed; absent: everything may have */
type Listener = (key?: string) => void;

/** Objects by key, kept up to date while it runs. */
export class Mirror {
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #world: { readonly clock: Clock; readonly log: Logger };
  readonly #objects = new Map<string, Stored>();
  readonly #listeners = new Set<Listener>();
  #ready: () => void = () => {};
  /** Resolves once the objects that are there have been read. */
  readonly ready: Promise<void>;
  #generation = 0;

  constructor(
    storage: Storage,
    prefix: string,
    world: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#storage = storage;
    this.#prefix = prefix;
    this.#world = world;
    this.ready = new Promise((resolve) => (this.#ready = resolve));
  }

  /** Moves with every change: what is computed from the objects and kept is computed anew then. */
  get generation(): number {
    return this.#generation;
  }

  get(key: string): ApiObject | undefined {
    return this.#objects.get(key)?.object;
  }

  all(): ApiObject[] {
    return [...this.#objects.values()].map(({ object }) => object);
  }

  /** The objects whose keys begin with `prefix`. */
  under(prefix: string): ApiObject[] {
    return [...this.#objects.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ object }) => object);
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** Calls `listener` after every change, until `signal` aborts. */
  onChange(listener: Listener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener));
  }

  /** Runs until `signal` aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#world;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn('a mirror lost its store and begins anew', { prefix: this.#prefix, error });
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { items, revision } = await this.#storage.list(this.#prefix);
    if (signal.aborted) return;
    this.#objects.clear();
    for (const stored of items) this.#objects.set(stored.key, stored);
    this.#changed();
    this.#ready();
    for await (const event of this.#storage.watch(this.#prefix, { after: revision }, signal)) {
      if (event.type === 'progress') continue;
      const { stored } = event;
      if (event.type === 'put') this.#objects.set(stored.key, stored);
      else this.#objects.delete(stored.key);
      this.#changed(stored.key);
    }
  }

  #changed(key?: string): void {
    this.#generation += 1;
    for (const listener of this.#listeners) listener(key);
  }
}
