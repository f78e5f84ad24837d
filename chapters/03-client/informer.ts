/**
 * One list and watch of a resource, a cache of it, and any number of handlers that hear of changes.
 *
 * What keeps the cache up to date is `reflector.ts`; the cache itself is `indexer.ts`. One informer
 * for each resource in a program: `informer-factory.ts`.
 */

import type { KubernetesObject } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { Indexers, Lister } from './indexer.ts';
import type { ReflectorOptions } from './reflector.ts';
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
  // Your state goes here: fields of your own choosing.

  /**
   * @throws Error as `Indexer.addIndexers`
   * @exercise client/informer
   */
  constructor(source: ListerWatcher<T>, options: SharedInformerOptions<T>) {
    throw new NotImplemented('client/informer', 'SharedInformer.constructor');
  }

  /**
   * The cache: always the same object, also before `run` and after it.
   *
   * @exercise client/informer
   */
  get lister(): Lister<T> {
    throw new NotImplemented('client/informer', 'SharedInformer.lister');
  }

  /**
   * The reflector's.
   *
   * @exercise client/informer
   */
  get lastSyncResourceVersion(): string {
    throw new NotImplemented('client/informer', 'SharedInformer.lastSyncResourceVersion');
  }

  /**
   * Is all of the first list in the cache?
   *
   * @remarks It stays true, whatever happens to the connection, and after the end.
   * @exercise client/informer
   */
  hasSynced(): boolean {
    throw new NotImplemented('client/informer', 'SharedInformer.hasSynced');
  }

  /**
   * Waits until `hasSynced`.
   *
   * @throws the signal's reason, as a rejection, when it aborts first; also, if it has aborted before
   * the call, when the informer has synced long since
   * @exercise client/informer
   */
  async whenSynced(signal: AbortSignal): Promise<void> {
    throw new NotImplemented('client/informer', 'SharedInformer.whenSynced');
  }

  /**
   * Adds indexes to the cache; as `Indexer.addIndexers`, but not after the end.
   *
   * @throws Error as `Indexer.addIndexers`; or `indexer was not added because it has stopped already`
   * @exercise client/informer
   */
  addIndexers(indexers: Indexers<T>): void {
    throw new NotImplemented('client/informer', 'SharedInformer.addIndexers');
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
    throw new NotImplemented('client/informer', 'SharedInformer.addEventHandler');
  }

  /**
   * Lists, watches and calls handlers until the signal aborts.
   *
   * @returns when all has ended. An informer runs once: a second call is logged as a warning, does
   * nothing and resolves at once
   * @exercise client/informer
   */
  async run(signal: AbortSignal): Promise<void> {
    throw new NotImplemented('client/informer', 'SharedInformer.run');
  }
}
