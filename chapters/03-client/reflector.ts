/**
 * Keeps a store equal to what a server has: lists once, then watches, and never misses a change.
 *
 * What a failure means is asked in `watch-failures.ts`, how long to wait after it in `backoff.ts`.
 * Who uses it: `informer.ts`, with a cache for a store.
 */

import type { Clock, KubernetesObject, Logger, Random } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { ListerWatcher } from './watch-event.ts';

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
  // Your state goes here: fields of your own choosing.

  /** @exercise client/reflector */
  constructor(source: ListerWatcher<T>, store: ReflectorStore<T>, options: ReflectorOptions) {
    throw new NotImplemented('client/reflector', 'Reflector.constructor');
  }

  /**
   * The version seen last: of a list or an event; `''` before the first list.
   *
   * @exercise client/reflector
   */
  get lastSyncResourceVersion(): string {
    throw new NotImplemented('client/reflector', 'Reflector.lastSyncResourceVersion');
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
    throw new NotImplemented('client/reflector', 'Reflector.run');
  }
}
