/**
 * Telling a client what happens, as it happens: the other half of a list.
 *
 * Storage tells of keys; here that becomes what happened to the objects a client has selected. How
 * events become bytes is `../handlers/watch-stream.ts`. Next: `delete.ts`.
 */

import { StatusError } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type { Stored } from '../storage/stored.ts';
import type { Registry } from './registry.ts';
import type { Selection } from './selection.ts';

/** What a client asks for beside the selection: texts as they stand in its query. */
export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly allowWatchBookmarks?: boolean;
  /** Begin with what is there, as if it happened now, and say when that is done. */
  readonly sendInitialEvents?: boolean;
}

/** What a client hears. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly stored: Stored }
  /** All up to here has been told. */
  | {
      readonly type: 'BOOKMARK';
      readonly resourceVersion: string;
      /** Is it the one that ends what was there at the beginning? */
      readonly initialEventsEnd?: boolean;
    }
  /** The last event there is. */
  | { readonly type: 'ERROR'; readonly error: StatusError };

/**
 * Watches objects.
 *
 * @remarks *Where it begins.* Without a `resourceVersion`, or with `'0'`: with an ADDED for each
 * selected object that is there, in order of keys, then with what happens after that moment; none
 * is lost or told twice. With `'N'`: with what happened after N. A version that is no whole number
 * is refused (422 of kind `ListOptions` in group `meta.k8s.io`, field `resourceVersion`, Invalid
 * value).
 *
 * *What it tells.* An object is told of while it is selected. What matters is whether its version
 * before and its version now are:
 *
 * ```text
 * before    now       event
 * no        yes       ADDED
 * yes       yes       MODIFIED
 * yes       no        DELETED    with the version before, but the new resourceVersion
 * no        no        -
 * ```
 *
 * Created is "no before", deleted "no now". So a client that watches `app=web` hears DELETED when
 * the label is taken off a pod which goes on running.
 *
 * *Bookmarks.* Of the storage's progress only a client that `allowWatchBookmarks` hears, as
 * BOOKMARK with its revision.
 *
 * *sendInitialEvents.* It needs `resourceVersionMatch` `NotOlderThan` and vice versa (422, below).
 * When it is true, the watch begins with an ADDED for each object, whatever the `resourceVersion`,
 * from a list not older than it (as it is now, when it is absent), and then with one BOOKMARK with
 * `initialEventsEnd` and the list's resourceVersion, allowed or not. When it is false, the watch
 * begins without them, after the `resourceVersion`, or from now on when that is absent or `'0'`.
 *
 * *How it ends.* When `signal` aborts, or when the storage's watch ends. When that fails, with an
 * ERROR: the `StatusError` it failed with (410 `Expired` when N is compacted), or 500 of
 * `newInternalError`. Nothing is thrown.
 *
 * Refused before anything else, all faults in one 422: `sendInitialEvents` without a match (field
 * `resourceVersionMatch`, Forbidden `sendInitialEvents requires setting resourceVersionMatch to
 * NotOlderThan`), a match that is not `NotOlderThan` (Unsupported value, supported `NotOlderThan`),
 * `sendInitialEvents` true without `allowWatchBookmarks` (field `sendInitialEvents`, Forbidden
 * `sendInitialEvents is forbidden for watch unless allowWatchBookmarks is set`), a match without
 * `sendInitialEvents` (field `resourceVersionMatch`, Forbidden `resourceVersionMatch is forbidden
 * for watch unless sendInitialEvents is provided`).
 *
 * @param signal - frees the watch
 * @returns the events; nothing happens before the first is asked for
 * @throws StatusError 422 at once; the iteration itself throws nothing
 * @see k8s.io/apiserver/pkg/storage/etcd3/watcher.go,
 * apimachinery/pkg/apis/meta/internalversion/validation (1.33)
 * @exercise apiserver/watch
 */
export function watch(
  registry: Registry,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  throw new NotImplemented('apiserver/watch', 'watch');
}
