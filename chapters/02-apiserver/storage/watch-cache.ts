/**
 * One watch of the store that feeds any number of clients, and a copy of the objects to read from.
 *
 * A thousand clients that watch pods would be a thousand watches of etcd; here they are one. The
 * store behind it is `etcd-storage.ts`; the copy is kept in `sorted-objects.ts`.
 */

import type { Clock, Logger } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type {
  ListQuery,
  Outcome,
  Storage,
  StorageEvent,
  StoredList,
  WatchQuery,
} from './storage.ts';
import type { Stored } from './stored.ts';

/** The store behind a cache. */
export interface CacherSource extends Storage {
  /** The iterable can be asked how far the watch is; the answer is a `progress` event. */
  watch(prefix: string, query: WatchQuery, signal: AbortSignal): SourceWatch;
  /** The revision of the newest write to the whole store, asked for now. */
  currentRevision(prefix: string): Promise<number>;
}

export interface SourceWatch extends AsyncIterable<StorageEvent> {
  requestProgress(): void;
}

export interface CacherOptions {
  /** All objects under it are cached: `/registry/pods/`. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many events are kept for watches that begin in the past. */
  readonly historyEvents?: number;
  /** How many events a watch may leave unread. */
  readonly bufferEvents?: number;
  /** The field that most watches look for one value of (`WatchQuery.where`); absent: there is none. */
  readonly indexedField?: string;
}

/** For how long a read waits until the cache is as new as it must be. */
export const FRESHNESS_TIMEOUT_MS = 3000;
/** How often a quiet watch hears how far it is. */
export const BOOKMARK_INTERVAL_MS = 60_000;

/**
 * A storage that answers from memory.
 *
 * @remarks While it runs it holds one watch of its source: it lists the source once, remembers the
 * list's revision, watches after it, and applies each event. Its revision is that of the list, of
 * the last event, or of the last progress it heard of, whichever is newest. When the source's watch
 * ends or fails, every client's watch ends (each client begins anew where it was), and it lists
 * again; when the source cannot be listed it tries again every second. Until the first list is
 * there, reads and watches wait for it. Nobody knows what happens while the source is lost: a watch
 * that begins then ends too, or is refused (410), when the new list is there.
 *
 * *Reads.*
 *
 * ```text
 * get(key)                        asks the source
 * get(key, N)                     from memory, once the cache's revision is N or more
 * list(prefix, {revision: N})     asks the source
 * list(prefix, {notOlderThan: N}) from memory, once the cache's revision is N or more
 * list(prefix)                    from memory, once the cache is as new as the source is at the moment
 * ```
 *
 * For the last one it asks `source.currentRevision` and, when the cache is behind, its running
 * watch for progress: most writes are to other prefixes, and of those the watch says nothing. What
 * does not come within {@link FRESHNESS_TIMEOUT_MS} is refused (`tooLargeResourceVersion`, 504) for
 * get and list with N, and asked of the source for a plain list. A list from memory has the cache's
 * revision, and obeys `startKey` and `limit` as any storage.
 *
 * *Writes* go to the source.
 *
 * *Watches.* The last `historyEvents` events are kept. A watch `after` a revision gets what is kept
 * of later ones, then what comes; each event of its prefix once, in order. When an event after it
 * may have been let go, it is refused: 410 `newExpired`, `too old resource version: N (M)`, M the
 * oldest that would have worked. Nothing has been let go since the last list unless more events
 * than are kept have come; but what was before that list is not known. Without `after` it begins
 * with what comes. A client that reads too slowly is not waited for: an event that would be its
 * `bufferEvents` + 1st unread one ends its watch, after those that it has not read yet. With
 * `progress` it hears the cache's revision every {@link BOOKMARK_INTERVAL_MS}, when there is room
 * and the cache is not behind its `after`. When its `where` is of the `indexedField`, events of
 * objects that have not that value, neither before nor now, may be left out: a thousand kubelets
 * watch pods, and each change is about one or two of them ({@link Audience}).
 *
 * @see k8s.io/apiserver/pkg/storage/cacher/cacher.go, watch_cache.go (1.33)
 */
export class Cacher implements Storage {
  readonly #source: CacherSource;
  // Your state goes here: fields of your own choosing.

  /** @exercise apiserver/watch-cache */
  constructor(source: CacherSource, options: CacherOptions) {
    throw new NotImplemented('apiserver/watch-cache', 'Cacher.constructor');
  }

  /**
   * Runs until `signal` aborts; then every watch has ended, those that wait for the first list
   * included, no read waits any longer, and no timer is left.
   *
   * @exercise apiserver/watch-cache
   */
  async start(signal: AbortSignal): Promise<void> {
    throw new NotImplemented('apiserver/watch-cache', 'Cacher.start');
  }

  /** @exercise apiserver/watch-cache */
  async get(key: string, notOlderThan?: number): Promise<Stored | undefined> {
    throw new NotImplemented('apiserver/watch-cache', 'Cacher.get');
  }

  /** @exercise apiserver/watch-cache */
  async list(prefix: string, query: ListQuery = {}): Promise<StoredList> {
    throw new NotImplemented('apiserver/watch-cache', 'Cacher.list');
  }

  create(key: string, object: ApiObject, ttlSeconds?: number): Promise<Outcome> {
    return this.#source.create(key, object, ttlSeconds);
  }

  replace(expected: Stored, object: ApiObject, ttlSeconds?: number): Promise<Outcome> {
    return this.#source.replace(expected, object, ttlSeconds);
  }

  remove(expected: Stored): Promise<Outcome> {
    return this.#source.remove(expected);
  }

  /** @exercise apiserver/watch-cache */
  async *watch(
    prefix: string,
    query: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<StorageEvent> {
    throw new NotImplemented('apiserver/watch-cache', 'Cacher.watch');
  }
}
