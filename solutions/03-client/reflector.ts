/**
 * Keeps a store equal to what a server has: lists once, then watches, and never misses a change.
 *
 * What a failure means is asked in `watch-failures.ts`, how long to wait after it in `backoff.ts`.
 * Who uses it: `informer.ts`, with a cache for a store.
 */

import {
  type Clock,
  fromStatus,
  type KubernetesObject,
  type LogFields,
  type Logger,
  type Random,
  statusErrorIn,
} from '#apimachinery';
import { abortable } from './abortable.ts';
import { ExponentialBackoff, REFLECTOR_BACKOFF } from './backoff.ts';
import type { ListerWatcher, ListOptions, ObjectList, Watch, WatchEvent } from './watch-event.ts';
import { isServerBusyOrDown, isVersionTooLarge, isVersionTooOld } from './watch-failures.ts';

/** Objects in a page, where lists are asked for in pages and nobody said how large. */
export const DEFAULT_PAGE_SIZE = 500;

/** The server is asked to end a watch after so long at least, and after less than twice as long. */
export const MIN_WATCH_TIMEOUT_SECONDS = 300;

/** A watch that ended before so long and brought nothing has failed. */
export const SHORTEST_WATCH_MS = 1000;

/** Where a reflector puts what it learns. */
export interface ReflectorStore<T extends KubernetesObject> {
  /** This is all there is. */
  replace(objects: readonly T[], resourceVersion: string): void;
  add(object: T): void;
  update(object: T): void;
  delete(object: T): void;
}

/** What a reflector needs. */
export interface ReflectorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** For log messages: `pods`. */
  readonly name: string;
  /** Objects in a page of a list. Absent: `DEFAULT_PAGE_SIZE`, and some lists come whole. */
  readonly pageSize?: number;
  /** What the objects are; absent: anything is welcome. */
  readonly expectedType?: { readonly apiVersion: string; readonly kind: string };
}

/** What one page is asked for with. */
type PageOptions = ListOptions & { readonly signal: AbortSignal };

/**
 * Keeps a store equal to what a server has.
 *
 * @remarks
 * It lists, and watches from the list's version on. Most of what can go wrong then ends only the
 * watch, and the next one goes on where it ended. The rest takes a new list.
 *
 * ```text
 * list resourceVersion=0                    → 3 objects, version 10      store.replace(3 objects, '10')
 * watch resourceVersion=10                  → ADDED d (11)               store.add(d)
 *                                           → BOOKMARK (20)
 *                                           → the connection breaks
 * watch resourceVersion=20                  → 410 Expired                wait 0.8 to 1.6 s
 * list resourceVersion=20                   → 4 objects, version 35      store.replace(4 objects, '35')
 * watch resourceVersion=35                  → …
 * ```
 *
 * **Lists.** The first list asks for version `0`, which means: anything, out of your cache. Later ones
 * ask for the version seen last, which means: that or newer. If the server answers that this version
 * is too old or too large (`isVersionTooOld`, `isVersionTooLarge`), whichever it was, `0` and `''`
 * too, the list is asked for again at once, with version `''` (or none): the newest there is. That is
 * done once; if this list fails, too, a pause comes first. All lists after that ask for `''`, until
 * one is complete. A list that is complete goes to `store.replace`, once, with its objects in order;
 * then its version is the one seen last. If `replace` throws, the version seen last stays what it was,
 * and the next list asks for that (for `0` if there is none).
 *
 * **Pages.** Lists with version `0` or `''` have `limit` 500, others have no limit: a server answers
 * them whole from its cache. But once a page of a list with version `0` had a `metadata.continue`, the
 * server has no cache, and from then on every list has the limit, whether that list came to its end or
 * not. With `pageSize` every list has that limit. As long as a page
 * has `metadata.continue`, the next one is asked for with that, the same limit, and no
 * `resourceVersion`. The version of the whole list is that of the first page. If a page after the
 * first is refused as too old (`isVersionTooOld`), what was read is thrown away and the list is asked for once
 * more at once: with the version as for its first page, without limit.
 *
 * **Watches** ask for the version seen last, with `allowWatchBookmarks`, and with `timeoutSeconds`,
 * a whole number by chance, at least 300 and less than 600. `ADDED`, `MODIFIED` and `DELETED` go to
 * `store.add`, `update` and `delete`; then, and after `BOOKMARK`, the object's version is the one
 * seen last. These are logged as errors and the watch goes on:
 *
 * - An event that is no object (`null`), or whose object is missing or `null`, or has no
 *   `metadata.resourceVersion`, or says that it is of another kind or apiVersion than `expectedType`
 *   (one that says nothing is fine). It is passed over as if it had not come.
 * - An event of a type not named here. Its version counts.
 * - What the store throws about an event. The event's version counts.
 *
 * **What follows when a watch ends**, or was not granted:
 *
 * | what happened | what follows |
 * |---|---|
 * | the server ended it, or the iteration throws (the connection broke) | at once, a watch |
 * | the same, but it lasted less than a second and no event came | a pause, a list |
 * | a refusal that is `isServerBusyOrDown`: 429, or the connection was refused | a pause, a watch |
 * | any other refusal, 410 too; also a `list` that failed, or a `replace` that throws | a pause, a list |
 *
 * A refusal is what `watch` rejects with, an `ERROR` event (its object is a `Status`), or what the
 * iteration throws, if that is a `StatusError` or has one among its causes (`statusErrorIn`). Whatever
 * else the iteration throws is a connection that broke, whatever its code. In the second row a bookmark
 * is an event, too; an event that was passed over is none. How long a watch lasted is measured on the monotonic
 * clock from the moment it was asked for.
 *
 * **Pauses** are what an `ExponentialBackoff` with `REFLECTOR_BACKOFF` says: 0.8 s at first, doubled
 * each time up to 30 s, all of them stretched by chance up to twice as long; from 0.8 s again when
 * the last failure was more than two minutes ago. A reflector has one for all its runs, made in its
 * constructor.
 *
 * @see client-go v0.33 tools/cache/reflector.go, tools/pager/pager.go
 */
export class Reflector<T extends KubernetesObject> {
  readonly #source: ListerWatcher<T>;
  readonly #store: ReflectorStore<T>;
  readonly #options: ReflectorOptions;
  readonly #backoff: ExponentialBackoff;
  #lastSync = '';
  /** The server could not answer a list from `#lastSync` on. */
  #lastSyncUnavailable = false;
  #comesInPages = false;

  /** @exercise client/reflector */
  constructor(source: ListerWatcher<T>, store: ReflectorStore<T>, options: ReflectorOptions) {
    this.#source = source;
    this.#store = store;
    this.#options = options;
    this.#backoff = new ExponentialBackoff(options, REFLECTOR_BACKOFF);
  }

  /**
   * The version seen last: of a list or an event; `''` before the first list.
   *
   * @exercise client/reflector
   */
  get lastSyncResourceVersion(): string {
    return this.#lastSync;
  }

  /**
   * Lists and watches until the signal aborts.
   *
   * @remarks Every failure but the abort is logged: with `warn` if a pause follows (a watch that was too
   * short is one of these), with `info` if it is a connection that broke. Lists and watches get the signal. When it aborts,
   * whatever is going on, nothing more reaches the store, and nothing is left: no timer, no listener
   * on the signal, no watch that was not stopped. That holds also for a source that does not look at
   * the signal: then nobody waits for its answer, and a watch that comes too late is stopped. Every
   * watch is stopped when it is no longer read, however it ended; while `run` goes on, listeners on
   * the signal do not become more with every watch. Run again afterwards, it lists from the version
   * seen last.
   *
   * @returns when all has ended; it never rejects. At once, without a request, when the signal has
   * aborted before
   * @exercise client/reflector
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (!signal.aborted) this.#report('warn', 'cannot list and watch', { error });
      }
      await this.#pause(signal);
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    let list: ObjectList<T>;
    try {
      list = await this.#listFrom(this.#versionToList, signal);
    } catch (error) {
      if (!isVersionTooOld(error) && !isVersionTooLarge(error)) throw error;
      this.#lastSyncUnavailable = true;
      list = await this.#listFrom(this.#versionToList, signal);
    }
    this.#lastSyncUnavailable = false;
    const { resourceVersion } = list.metadata;
    this.#store.replace(list.items, resourceVersion);
    this.#lastSync = resourceVersion;
  }

  get #versionToList(): string {
    if (this.#lastSyncUnavailable) return '';
    return this.#lastSync === '' ? '0' : this.#lastSync;
  }

  async #listFrom(resourceVersion: string, signal: AbortSignal): Promise<ObjectList<T>> {
    const limit = this.#limitFor(resourceVersion);
    const options = { resourceVersion, signal, ...(limit !== undefined && { limit }) };
    const first = await this.#listPage(options);
    const items = [...first.items];
    let next = first.metadata.continue;
    if (next && resourceVersion === '0') this.#comesInPages = true;
    while (next) {
      const page = await this.#nextPage({ ...options, resourceVersion: '', continue: next });
      // One list after all: the pages there were are of a state that the server has forgotten.
      if (page === undefined) return this.#listPage({ resourceVersion, signal });
      for (const item of page.items) items.push(item);
      next = page.metadata.continue;
    }
    return { items, metadata: { resourceVersion: first.metadata.resourceVersion } };
  }

  #limitFor(resourceVersion: string): number | undefined {
    if (this.#options.pageSize !== undefined) return this.#options.pageSize;
    const anyVersion = resourceVersion === '' || resourceVersion === '0';
    return anyVersion || this.#comesInPages ? DEFAULT_PAGE_SIZE : undefined;
  }

  /** @returns `undefined` when the server has forgotten the state that the pages are of */
  async #nextPage(options: PageOptions): Promise<ObjectList<T> | undefined> {
    try {
      return await this.#listPage(options);
    } catch (error) {
      if (isVersionTooOld(error)) return undefined;
      throw error;
    }
  }

  #listPage(options: PageOptions): Promise<ObjectList<T>> {
    return abortable(this.#source.list(options), options.signal);
  }

  /** Watches, again and again, until only a list can help. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#watchOnce(signal);
      } catch (error) {
        if (signal.aborted || !isServerBusyOrDown(error)) throw error;
        this.#report('warn', 'cannot watch now', { error });
        await this.#pause(signal);
      }
    }
  }

  async #watchOnce(signal: AbortSignal): Promise<void> {
    const { clock, random, name } = this.#options;
    const askedAtMs = clock.monotonic();
    const asked = this.#source.watch({
      resourceVersion: this.#lastSync,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.floor(MIN_WATCH_TIMEOUT_SECONDS * (1 + random.next())),
      signal,
    });
    const watch = await abortable(asked, signal, (tooLate) => tooLate.stop());
    const events = await this.#readAll(watch, signal);
    if (signal.aborted || events > 0) return;
    if (clock.monotonic() - askedAtMs >= SHORTEST_WATCH_MS) return;
    throw new Error(
      `very short watch: ${name}: Unexpected watch close - watch lasted less than a second and no items received`,
    );
  }

  /** @returns how many events counted */
  async #readAll(watch: Watch<T>, signal: AbortSignal): Promise<number> {
    const stop = (): void => watch.stop();
    // It may have aborted between the server's answer and this line.
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    let events = 0;
    try {
      for await (const event of watch) {
        if (signal.aborted) break;
        if (this.#handle(event)) events++;
      }
    } catch (error) {
      if (statusErrorIn(error)) throw error;
      this.#report('info', 'the connection of a watch broke', { error });
    } finally {
      signal.removeEventListener('abort', stop);
      watch.stop();
    }
    return events;
  }

  /** @returns whether the event counts: false for what cannot be understood */
  #handle(event: WatchEvent<T>): boolean {
    if (event?.type === 'ERROR') throw fromStatus(event.object);
    const resourceVersion = event?.object?.metadata?.resourceVersion;
    if (resourceVersion === undefined || !this.#isExpected(event.object)) {
      this.#report('error', 'a watch event that cannot be understood', { event });
      return false;
    }
    try {
      this.#apply(event);
    } catch (error) {
      this.#report('error', 'cannot put a watch event into the store', { event, error });
    }
    this.#lastSync = resourceVersion;
    return true;
  }

  #isExpected(object: KubernetesObject): boolean {
    const expected = this.#options.expectedType;
    if (expected === undefined) return true;
    const { apiVersion: itsVersion = expected.apiVersion, kind: itsKind = expected.kind } = object;
    return itsVersion === expected.apiVersion && itsKind === expected.kind;
  }

  #apply(event: WatchEvent<T>): void {
    switch (event.type) {
      case 'ADDED':
        this.#store.add(event.object);
        break;
      case 'MODIFIED':
        this.#store.update(event.object);
        break;
      case 'DELETED':
        this.#store.delete(event.object);
        break;
      case 'BOOKMARK':
        break;
      default:
        this.#report('error', 'a watch event of an unknown type', { event });
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { clock } = this.#options;
    // Only the abort ends a sleep before its time, and who pauses looks at that next.
    await clock.sleep(this.#backoff.next(), signal).catch(() => {});
  }

  #report(level: 'info' | 'warn' | 'error', message: string, fields: LogFields): void {
    const { log, name } = this.#options;
    log[level](message, { reflector: name, ...fields });
  }
}
