/**
 * One list and watch of a resource, a cache of it, and any number of handlers that hear of changes.
 *
 * What keeps the cache up to date is `reflector.ts`; the cache itself is `indexer.ts`. One informer
 * for each resource in a program: `informer-factory.ts`.
 */

import { type KubernetesObject, keyOf, type Timer } from '#apimachinery';
import { abortable } from './abortable.ts';
import { Indexer, type Indexers, type Lister } from './indexer.ts';
import { NotificationQueue } from './notification-queue.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { ListerWatcher } from './watch-event.ts';

/** Resyncs are never more frequent than this. */
export const MIN_RESYNC_PERIOD_MS = 1000;

/** Stands for an object whose deletion was missed: what is known of it may be old. */
export class DeletedFinalStateUnknown<T extends KubernetesObject> {
  readonly key: string;
  /** The last state that was seen. */
  readonly object: T;

  constructor(key: string, object: T) {
    this.key = key;
    this.object = object;
  }
}

/**
 * Hears of changes, each after the cache has it; the cache may be further already.
 *
 * @remarks Objects are the cache's: copy one (`deepCopy`) before you change it. What a method throws
 * is logged and has no other effect.
 */
export interface EventHandler<T extends KubernetesObject> {
  /** @param isInInitialList - was it there at first, when the informer or this handler began? */
  onAdd?(object: T, isInInitialList: boolean): void;
  /** Also called at each resync, then with the same object twice. */
  onUpdate?(old: T, object: T): void;
  onDelete?(object: T | DeletedFinalStateUnknown<T>): void;
}

/** What is known of a handler that was added. */
export interface HandlerRegistration {
  /** Has the handler been told of everything that was there at first? */
  hasSynced(): boolean;
  /** From now on the handler is not called any more. */
  remove(): void;
}

/** How one handler is called. */
export interface HandlerOptions {
  /**
   * How often the handler is told of every object again, in milliseconds. Less than
   * `MIN_RESYNC_PERIOD_MS` is raised to that; absent, 0 or negative: never.
   */
  readonly resyncPeriodMs?: number;
}

/** What an informer needs. */
export interface SharedInformerOptions<T extends KubernetesObject> extends ReflectorOptions {
  /** Indexes beside the one by namespace. */
  readonly indexers?: Indexers<T>;
}

/** One handler, and what it has still to hear. */
interface Listener<T extends KubernetesObject> {
  readonly handler: EventHandler<T>;
  readonly queue: NotificationQueue;
  readonly resyncPeriodMs: number;
  resyncTimer: Timer | undefined;
  /** Objects of the beginning that it has still to hear of. */
  initialLeft: number;
}

/** How a handler is called, once its turn has come. */
type Notification<T extends KubernetesObject> = (handler: EventHandler<T>) => void;

/**
 * One list and watch of a resource, a cache of it, and any number of handlers.
 *
 * @remarks
 * The informer makes a `Reflector` over the source, with its own options, and gives it a store (a
 * `ReflectorStore`) that keeps the cache up to date: what the reflector tells the store, the informer
 * does. Every change goes to the cache first and then to all handlers there are:
 *
 * | from the reflector | the cache has the key | it has not |
 * |---|---|---|
 * | an object of a list, or of an `add` or `update` | `onUpdate(cached, object)` | `onAdd(object, …)` |
 * | `delete(object)` | `onDelete(object)` | nothing: this is known |
 * | not in a list | `onDelete(new DeletedFinalStateUnknown(key, cached))` | |
 *
 * A list is gone through in its order, then come the deletions. Versions and uids are not compared:
 * an object that did not change between two lists is an update, and so is one that was deleted and
 * made again under the same name in between. `isInInitialList` is true for the objects of the first
 * list.
 *
 * ```text
 * first list: a@1 b@2              add a true, add b true               hasSynced() is true
 * watch: MODIFIED a@3              update a@1 → a@3
 * (the watch breaks; a is deleted, c is made)
 * list: b@2 c@5                    update b@2 → b@2, add c false, delete {key: a, object: a@3}
 * a handler is added               it alone: add b true, add c true
 * watch: DELETED b@6               delete b@6
 * ```
 *
 * **When handlers are called.** Each handler's calls go through a `NotificationQueue` of its own:
 * soon, one after another, in the order in which things happened, and never from inside a call of
 * the informer's methods. What a handler throws is logged as an error; the next call is made all the
 * same, to this handler and to the others. Nothing is promised about the order of two handlers.
 *
 * **Late handlers.** A handler that is added later is told of all that is in the cache then, as adds
 * with `isInInitialList` true, and after that of what changes, nothing twice and nothing left out.
 * Handlers may be added and removed at any time, also by handlers.
 *
 * **Resync.** With `resyncPeriodMs`, a handler gets `onUpdate(object, object)` for every object in the
 * cache, after each such period: counted on the clock from when it was added, or from `run` if that
 * was later. The other handlers hear nothing of it, and no request is made.
 *
 * **The end** is when `run` resolves, which is a little after the signal aborts; until then calls that
 * were on their way may still be made. After it no handler is called any more, no timer is left, and
 * the cache stays as it is.
 *
 * @see client-go v0.33 tools/cache/shared_informer.go, controller.go, delta_fifo.go
 */
export class SharedInformer<T extends KubernetesObject> {
  readonly #options: SharedInformerOptions<T>;
  readonly #indexer: Indexer<T>;
  readonly #reflector: Reflector<T>;
  readonly #listeners = new Set<Listener<T>>();
  readonly #firstList: Promise<void>;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #synced = false;
  #onFirstList = (): void => {};

  /**
   * @throws Error as `Indexer.addIndexers`
   * @exercise client/informer
   */
  constructor(source: ListerWatcher<T>, options: SharedInformerOptions<T>) {
    this.#options = options;
    this.#indexer = new Indexer(options.indexers);
    this.#firstList = new Promise((resolve) => {
      this.#onFirstList = resolve;
    });
    const store = {
      replace: (objects: readonly T[]) => this.#replace(objects),
      add: (object: T) => this.#put(object, false),
      update: (object: T) => this.#put(object, false),
      delete: (object: T) => this.#delete(object),
    };
    this.#reflector = new Reflector(source, store, options);
  }

  /**
   * The cache: always the same object, also before `run` and after it.
   *
   * @exercise client/informer
   */
  get lister(): Lister<T> {
    return this.#indexer;
  }

  /**
   * The reflector's.
   *
   * @exercise client/informer
   */
  get lastSyncResourceVersion(): string {
    return this.#reflector.lastSyncResourceVersion;
  }

  /**
   * Is all of the first list in the cache?
   *
   * @remarks It stays true, whatever happens to the connection, and after the end.
   * @exercise client/informer
   */
  hasSynced(): boolean {
    return this.#synced;
  }

  /**
   * Waits until `hasSynced`.
   *
   * @throws the signal's reason, as a rejection, when it aborts first; also, if it has aborted before
   * the call, when the informer has synced long since
   * @exercise client/informer
   */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await abortable(this.#firstList, signal);
  }

  /**
   * Adds indexes to the cache; as `Indexer.addIndexers`, but not after the end.
   *
   * @throws Error as `Indexer.addIndexers`; or `indexer was not added because it has stopped already`
   * @exercise client/informer
   */
  addIndexers(indexers: Indexers<T>): void {
    if (this.#state === 'stopped') {
      throw new Error('indexer was not added because it has stopped already');
    }
    this.#indexer.addIndexers(indexers);
  }

  /**
   * Adds a handler, before `run` or at any time after; the same one may be added more than once.
   *
   * @returns its registration. `hasSynced` is true when the informer has synced and `onAdd` has been
   * called (and has returned or thrown) for everything that was there at first: the first list, or
   * for a late handler what was in the cache. If calls of these were still to be made when it was
   * removed, or at the end, they never are, and `hasSynced` stays false
   * @throws Error `handler was not added to shared informer because it has stopped already`
   * @exercise client/informer
   */
  addEventHandler(handler: EventHandler<T>, options: HandlerOptions = {}): HandlerRegistration {
    if (this.#state === 'stopped') {
      throw new Error('handler was not added to shared informer because it has stopped already');
    }
    const listener = this.#newListener(handler, options.resyncPeriodMs ?? 0);
    this.#listeners.add(listener);
    for (const object of this.#indexer.list()) notifyOfInitial(listener, object);
    if (this.#state === 'running') this.#scheduleResync(listener);
    return {
      hasSynced: () => this.#synced && listener.initialLeft === 0,
      remove: () => {
        this.#listeners.delete(listener);
        end(listener);
      },
    };
  }

  /**
   * Lists, watches and calls handlers until the signal aborts.
   *
   * @returns when all has ended. An informer runs once: a second call is logged as a warning, does
   * nothing and resolves at once
   * @exercise client/informer
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'new') {
      const { log, name } = this.#options;
      log.warn('the informer has started, run more than once is not allowed', { informer: name });
      return;
    }
    this.#state = 'running';
    for (const listener of this.#listeners) this.#scheduleResync(listener);
    try {
      await this.#reflector.run(signal);
    } finally {
      this.#state = 'stopped';
      for (const listener of this.#listeners) end(listener);
      this.#listeners.clear();
    }
  }

  #replace(objects: readonly T[]): void {
    const isInitial = !this.#synced;
    const listed = new Set<string>();
    for (const object of objects) {
      listed.add(keyOf(object));
      this.#put(object, isInitial);
    }
    for (const key of this.#indexer.keys()) {
      if (listed.has(key)) continue;
      const last = this.#indexer.delete(key);
      if (last === undefined) continue;
      const tombstone = new DeletedFinalStateUnknown(key, last);
      this.#notifyAll((handler) => handler.onDelete?.(tombstone));
    }
    this.#synced = true;
    this.#onFirstList();
  }

  #put(object: T, isInitial: boolean): void {
    const old = this.#indexer.put(object);
    if (old !== undefined) {
      this.#notifyAll((handler) => handler.onUpdate?.(old, object));
    } else if (isInitial) {
      for (const listener of this.#listeners) notifyOfInitial(listener, object);
    } else {
      this.#notifyAll((handler) => handler.onAdd?.(object, false));
    }
  }

  #delete(object: T): void {
    if (this.#indexer.delete(keyOf(object)) === undefined) return;
    this.#notifyAll((handler) => handler.onDelete?.(object));
  }

  #notifyAll(notification: Notification<T>): void {
    for (const { queue, handler } of this.#listeners) queue.push(() => notification(handler));
  }

  #newListener(handler: EventHandler<T>, resyncPeriodMs: number): Listener<T> {
    const { log, name } = this.#options;
    const queue = new NotificationQueue((error) => {
      log.error('an event handler threw', { informer: name, error });
    });
    const periodMs = resyncPeriodMs > 0 ? Math.max(resyncPeriodMs, MIN_RESYNC_PERIOD_MS) : 0;
    return { handler, queue, resyncPeriodMs: periodMs, resyncTimer: undefined, initialLeft: 0 };
  }

  #scheduleResync(listener: Listener<T>): void {
    const { handler, queue, resyncPeriodMs } = listener;
    if (resyncPeriodMs === 0) return;
    listener.resyncTimer = this.#options.clock.after(resyncPeriodMs, () => {
      for (const object of this.#indexer.list()) {
        queue.push(() => handler.onUpdate?.(object, object));
      }
      this.#scheduleResync(listener);
    });
  }
}

function notifyOfInitial<T extends KubernetesObject>(listener: Listener<T>, object: T): void {
  listener.initialLeft++;
  listener.queue.push(() => {
    try {
      listener.handler.onAdd?.(object, true);
    } finally {
      listener.initialLeft--;
    }
  });
}

function end<T extends KubernetesObject>({ queue, resyncTimer }: Listener<T>): void {
  queue.close();
  resyncTimer?.cancel();
}
