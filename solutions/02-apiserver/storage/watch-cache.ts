/**
 * One watch of the store that feeds any number of clients, and a copy of the objects to read from.
 *
 * A thousand clients that watch pods would be a thousand watches of etcd; here they are one. The
 * store behind it is `etcd-storage.ts`; the copy is kept in `sorted-objects.ts`.
 */

import { type Clock, type Logger, newExpired } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import { Audience } from './audience.ts';
import { tooLargeResourceVersion } from './resource-version.ts';
import { SortedObjects } from './sorted-objects.ts';
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
/** How long a store that failed is left alone. */
const RETRY_MS = 1000;

type ChangeEvent = Exclude<StorageEvent, { type: 'progress' }>;

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
  readonly #options: CacherOptions;
  readonly #objects = new SortedObjects();
  readonly #watchers: Audience<Watcher>;
  /** Who waits for a revision, and for the first list. */
  readonly #waiting = new Set<() => void>();
  #history: ChangeEvent[] = [];
  /** A watch after this revision misses nothing. */
  #knownSince = 0;
  #revision = 0;
  #isReady = false;
  #isStopped = false;
  #running: SourceWatch | undefined;

  /** @exercise apiserver/watch-cache */
  constructor(source: CacherSource, options: CacherOptions) {
    this.#source = source;
    this.#options = options;
    this.#watchers = new Audience(options.indexedField);
  }

  /**
   * Runs until `signal` aborts; then every watch has ended, those that wait for the first list
   * included, no read waits any longer, and no timer is left.
   *
   * @exercise apiserver/watch-cache
   */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, log, prefix } = this.#options;
    const bookmarks = this.#sendBookmarks(signal);
    while (!signal.aborted) {
      try {
        await this.#listAndWatch(signal);
      } catch (error) {
        if (signal.aborted) break;
        log.warn('the cache lost its store and begins anew', { prefix, error });
        await clock.sleep(RETRY_MS, signal).catch(() => {});
      } finally {
        this.#running = undefined;
        this.#endWatchers();
      }
    }
    this.#isStopped = true;
    this.#wakeAll();
    await bookmarks;
  }

  /** @exercise apiserver/watch-cache */
  async get(key: string, notOlderThan?: number): Promise<Stored | undefined> {
    if (notOlderThan === undefined) {
      const stored = await this.#source.get(key);
      // Of one version, the one at hand: it has been made into text and parsed already.
      const cached = this.#objects.get(key);
      return cached?.revision === stored?.revision ? cached : stored;
    }
    await this.#reach(notOlderThan);
    return this.#objects.get(key);
  }

  /** @exercise apiserver/watch-cache */
  async list(prefix: string, query: ListQuery = {}): Promise<StoredList> {
    if (query.revision !== undefined) return this.#source.list(prefix, query);
    if (query.notOlderThan !== undefined) await this.#reach(query.notOlderThan);
    else if (!(await this.#catchUp())) return this.#source.list(prefix, query);
    const found = this.#objects.from(prefix, query.startKey);
    const { limit = 0 } = query;
    const items = limit > 0 ? found.slice(0, limit) : found;
    const more = items.length < found.length;
    return { items, revision: this.#revision, more, count: found.length };
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
    await this.#until(() => this.#isReady, signal);
    if (signal.aborted || this.#isStopped) return;
    const { after = this.#revision, progress = false, where } = query;
    if (after < this.#knownSince) {
      throw newExpired(`too old resource version: ${after} (${this.#knownSince})`);
    }
    const { bufferEvents = 100 } = this.#options;
    const watcher = new Watcher(prefix, after, progress, bufferEvents);
    const past = this.#history.filter((event) => watcher.wants(event));
    this.#watchers.add(watcher, where);
    const onAbort = () => watcher.end();
    signal.addEventListener('abort', onAbort);
    try {
      for (const event of past) {
        if (signal.aborted) return;
        yield event;
      }
      for (;;) {
        const event = await watcher.next();
        if (event === undefined || signal.aborted) return;
        yield event;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#watchers.delete(watcher, where);
    }
  }

  async #listAndWatch(signal: AbortSignal): Promise<void> {
    const { prefix } = this.#options;
    const { items, revision } = await this.#source.list(prefix);
    if (signal.aborted) return;
    this.#objects.clear();
    for (const stored of items) this.#objects.set(stored);
    this.#history = [];
    this.#knownSince = revision;
    this.#isReady = true;
    // Who came while there was no watch may have missed something.
    this.#endWatchers();
    this.#advance(revision);
    this.#running = this.#source.watch(prefix, { after: revision, progress: true }, signal);
    for await (const event of this.#running) this.#apply(event);
  }

  #apply(event: StorageEvent): void {
    if (event.type === 'progress') {
      this.#advance(event.revision);
      return;
    }
    const { stored } = event;
    // What is cached has been parsed already; what the event brings has not.
    const cached = this.#objects.get(stored.key);
    const previous = cached?.revision === event.previous?.revision ? cached : event.previous;
    const change = { ...event, previous } as ChangeEvent;
    if (event.type === 'put') this.#objects.set(stored);
    else this.#objects.delete(stored.key);
    this.#remember(change);
    const concerned = this.#watchers.of(previous?.object, stored.object);
    for (const watcher of concerned) watcher.offer(change);
    this.#advance(stored.revision);
  }

  #remember(change: ChangeEvent): void {
    const { historyEvents = 1000 } = this.#options;
    this.#history.push(change);
    // In halves, so that letting go costs little for each event.
    if (this.#history.length < historyEvents * 2) return;
    const gone = this.#history.splice(0, this.#history.length - historyEvents);
    this.#knownSince = gone.at(-1)?.stored.revision ?? this.#knownSince;
  }

  #advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  /** @throws StatusError 504 when the cache does not come to `revision` in time */
  async #reach(revision: number): Promise<void> {
    if (this.#isReady && this.#revision >= revision) return;
    if (revision > this.#revision) this.#running?.requestProgress();
    if (await this.#within(() => this.#isReady && this.#revision >= revision)) return;
    throw tooLargeResourceVersion(revision, this.#revision);
  }

  /** Waits until the cache is as new as the store is now; false when it does not come so far. */
  async #catchUp(): Promise<boolean> {
    const revision = await this.#source.currentRevision(this.#options.prefix);
    const isThere = () => this.#isReady && this.#revision >= revision;
    if (isThere()) return true;
    this.#running?.requestProgress();
    return this.#within(isThere);
  }

  async #within(isTrue: () => boolean): Promise<boolean> {
    const patience = new AbortController();
    const timer = this.#options.clock.after(FRESHNESS_TIMEOUT_MS, () => patience.abort());
    await this.#until(isTrue, patience.signal);
    timer.cancel();
    return isTrue();
  }

  /** Resolves when something is true, when the signal aborts, or when the cache is stopped. */
  async #until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    const isOver = () => isTrue() || signal.aborted || this.#isStopped;
    if (isOver()) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!isOver()) return;
        this.#waiting.delete(check);
        signal.removeEventListener('abort', check);
        resolve();
      };
      this.#waiting.add(check);
      signal.addEventListener('abort', check);
    });
  }

  async #sendBookmarks(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(BOOKMARK_INTERVAL_MS, signal).catch(() => {});
      if (signal.aborted) return;
      for (const watcher of this.#watchers) watcher.offerProgress(this.#revision);
    }
  }

  #endWatchers(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }
}

/** One client's watch: what it has not read yet. */
class Watcher {
  readonly #prefix: string;
  readonly #after: number;
  readonly #progress: boolean;
  readonly #room: number;
  readonly #unread: StorageEvent[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  constructor(prefix: string, after: number, progress: boolean, room: number) {
    this.#prefix = prefix;
    this.#after = after;
    this.#progress = progress;
    this.#room = room;
  }

  wants({ stored: { key, revision } }: ChangeEvent): boolean {
    if (revision <= this.#after) return false;
    return this.#prefix.endsWith('/') ? key.startsWith(this.#prefix) : key === this.#prefix;
  }

  offer(event: ChangeEvent): void {
    if (!this.wants(event) || this.#isOver) return;
    if (this.#unread.length < this.#room) this.#unread.push(event);
    else this.#isOver = true;
    this.#wake();
  }

  offerProgress(revision: number): void {
    if (!this.#progress || this.#isOver || this.#unread.length >= this.#room) return;
    if (revision < this.#after) return;
    this.#unread.push({ type: 'progress', revision });
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** The next event; `undefined` when there are no more. */
  async next(): Promise<StorageEvent | undefined> {
    while (this.#unread.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#unread.shift();
  }
}
