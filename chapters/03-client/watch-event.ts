/**
 * What a watch brings, and where lists and watches come from. Given: the types.
 *
 * A `ListerWatcher` is all that a reflector needs of a client, so that it can be tested without one.
 */

import type { KubernetesObject, Status } from '#apimachinery';

/** One change, as the API server tells it. */
export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed; the object has little more than the resourceVersion the watch has come to. */
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }
  /** The last event: why the watch ends, for example 410 Expired. */
  | { readonly type: 'ERROR'; readonly object: Status };

/**
 * A running watch: its events, in order, for one consumer.
 *
 * @remarks The iteration ends when the server ends the watch (every few minutes it does), and when
 * `stop` was called. It throws when the connection is lost.
 */
export interface Watch<T extends KubernetesObject> extends AsyncIterable<WatchEvent<T>> {
  /** Ends the watch and frees its connection; may be called more than once. */
  stop(): void;
}

/** A list, or a page of one. */
export interface ObjectList<T extends KubernetesObject> {
  readonly items: readonly T[];
  readonly metadata: {
    /** The state of the whole list: where a watch may go on from. */
    readonly resourceVersion: string;
    /** What asks for the next page; absent or `''` at the last one. */
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** What lists and watches have in common. */
export interface SelectionOptions {
  /** `app=web,tier!=db` */
  readonly labelSelector?: string;
  /** `spec.nodeName=n1` */
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  /** Ends the request and what came of it. */
  readonly signal?: AbortSignal;
}

/** What a list is asked for with. */
export interface ListOptions extends SelectionOptions {
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  /** At most so many objects in a page. */
  readonly limit?: number;
  /** From the page before. */
  readonly continue?: string;
}

/** What a watch is asked for with. */
export interface WatchOptions extends SelectionOptions {
  readonly allowWatchBookmarks?: boolean;
  /** After how long the server ends the watch, in seconds. */
  readonly timeoutSeconds?: number;
}

/** Lists objects, and watches for changes from there. */
export interface ListerWatcher<T extends KubernetesObject> {
  /** @throws StatusError, as a rejection: what the server answered, for example 410 Expired */
  list(options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * @returns once the server has accepted the watch
   * @throws StatusError, as a rejection: what the server answered; any other error when there was no
   * answer
   */
  watch(options?: WatchOptions): Promise<Watch<T>>;
}
