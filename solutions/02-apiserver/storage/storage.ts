/**
 * Where objects are kept: what the registry needs of a store, in few words. Given: the interface.
 *
 * `etcd-storage.ts` keeps them in any etcd; `watch-cache.ts` stands before it and answers from
 * memory. Keys are those of a real cluster: `/registry/pods/default/web`.
 */

import type { ApiObject } from '../api-object.ts';
import type { Stored } from './stored.ts';

/** Objects under one prefix, from one moment. */
export interface StoredList {
  readonly items: readonly Stored[];
  /** The moment, as a main revision. */
  readonly revision: number;
  /** Are there more behind the last item, left out because of `limit`? */
  readonly more: boolean;
  /** How many objects there are from `startKey` on, those beyond `limit` included. */
  readonly count: number;
}

export interface ListQuery {
  /** At most so many; 0 or absent: all. */
  readonly limit?: number;
  /** Begin at this key, itself included. */
  readonly startKey?: string;
  /** Exactly as it was at this revision; absent: as it is now. */
  readonly revision?: number;
  /** Whatever is at hand will do, if it is not older than this; 0: however old. */
  readonly notOlderThan?: number;
}

/** What a watch of a prefix tells. */
export type StorageEvent =
  | { readonly type: 'put'; readonly stored: Stored; readonly previous: Stored | undefined }
  /** `stored` is the last version, and its revision that of the deletion. */
  | { readonly type: 'delete'; readonly stored: Stored; readonly previous: Stored }
  /** All that happened up to `revision` has been told. */
  | { readonly type: 'progress'; readonly revision: number };

export interface WatchQuery {
  /** Tell what happened after this revision; absent: from now on. */
  readonly after?: number;
  /** Tell of progress now and then. */
  readonly progress?: boolean;
  /**
   * A hint: who watches throws away what happens to objects that have not this value, neither before
   * nor now. A storage may leave those events out, or tell of them all the same.
   */
  readonly where?: FieldValue;
}

/** A field of objects, as a JSON path without its first dot (`spec.nodeName`), and a value of it. */
export interface FieldValue {
  readonly field: string;
  readonly value: string;
}

/** What came of a write that is only done when nobody was faster. */
export type Outcome =
  | { readonly done: true; readonly stored: Stored }
  /** Somebody was faster: this is there now, or nothing. */
  | { readonly done: false; readonly current: Stored | undefined };

/**
 * Keeps objects.
 *
 * @remarks Every method may reject with a `StatusError` of a code from 500 on when the store cannot
 * be reached; a write that failed so may have been done all the same.
 */
export interface Storage {
  /**
   * @param notOlderThan - whatever is at hand will do, if it is not older than this; 0: however
   * old; absent: as it is now
   * @returns `undefined` when there is nothing under the key
   */
  get(key: string, notOlderThan?: number): Promise<Stored | undefined>;

  /**
   * @param prefix - ends with `/`
   * @throws StatusError 410 `Expired`, as a rejection, when `revision` is compacted
   * @throws StatusError 504 `Timeout`, as a rejection, when `notOlderThan` does not come in time
   */
  list(prefix: string, query?: ListQuery): Promise<StoredList>;

  /**
   * Writes an object where there is none.
   *
   * @param object - is the storage's from now on; its `metadata.resourceVersion` is set by it
   * @param ttlSeconds - how long it lives; absent: for ever
   */
  create(key: string, object: ApiObject, ttlSeconds?: number): Promise<Outcome>;

  /** Writes an object over the very version that `expected` is. */
  replace(expected: Stored, object: ApiObject, ttlSeconds?: number): Promise<Outcome>;

  /**
   * Deletes the very version that `expected` is.
   *
   * @returns when done, the last version with the deletion's revision
   */
  remove(expected: Stored): Promise<Outcome>;

  /**
   * Completes an object that is not written (a dry run) with what the storage itself would give it.
   * Absent: nothing.
   *
   * @param object - is changed in place
   * @param old - what it would replace; absent: it would be new
   */
  tryOut?(object: ApiObject, old: ApiObject | undefined): Promise<void>;

  /**
   * @param prefix - ends with `/`, or a whole key
   * @param signal - aborting it ends the iteration and frees the watch
   * @returns events in order, each once. Ends without an error when whoever reads is too slow, or
   * the connection is lost
   * @throws StatusError 410 `Expired` from the iteration when `after` is compacted
   */
  watch(prefix: string, query: WatchQuery, signal: AbortSignal): AsyncIterable<StorageEvent>;
}
