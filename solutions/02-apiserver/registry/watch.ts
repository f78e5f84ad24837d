/**
 * Telling a client what happens, as it happens: the other half of a list.
 *
 * Storage tells of keys; here that becomes what happened to the objects a client has selected. How
 * events become bytes is `../handlers/watch-stream.ts`. Next: `delete.ts`.
 */

import {
  type FieldError,
  fieldForbidden,
  fieldInvalid,
  fieldNotSupported,
  newInternalError,
  newInvalid,
  StatusError,
} from '#apimachinery';
import type { StorageEvent } from '../storage/storage.ts';
import type { Stored } from '../storage/stored.ts';
import { list } from './list.ts';
import { prefixOf, type Registry } from './registry.ts';
import { isSelected, isSelective, type Selection } from './selection.ts';

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
  checkOptions(options);
  return events(registry, options, signal);
}

async function* events(
  registry: Registry,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  try {
    const { resourceVersion: version = '', sendInitialEvents } = options;
    let after = version === '' || version === '0' ? undefined : Number(version);
    if (sendInitialEvents ?? after === undefined) {
      const initial = await list(registry, { ...selectionOf(options), ...momentOf(options) });
      for (const stored of initial.items) {
        if (signal.aborted) return;
        yield { type: 'ADDED', stored };
      }
      if (signal.aborted) return;
      const { resourceVersion } = initial;
      if (sendInitialEvents) yield { type: 'BOOKMARK', resourceVersion, initialEventsEnd: true };
      after = Number(resourceVersion);
    }
    const isSelectedNow = selectedBy(registry, options);
    for await (const event of changes(registry, options, after, signal)) {
      if (signal.aborted) return;
      const told = watchEvent(event, isSelectedNow);
      if (told !== undefined && (told.type !== 'BOOKMARK' || options.allowWatchBookmarks))
        yield told;
    }
  } catch (error) {
    if (signal.aborted) return;
    yield { type: 'ERROR', error: statusErrorOf(error) };
  }
}

function selectionOf({ namespace, labelSelector, fieldSelector }: Selection): Selection {
  return {
    namespace,
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
  };
}

/** How new what is there at the beginning has to be. */
function momentOf({ resourceVersion, sendInitialEvents }: WatchOptions) {
  if (sendInitialEvents && resourceVersion) {
    return { resourceVersion, resourceVersionMatch: 'NotOlderThan' };
  }
  return resourceVersion === '0' ? { resourceVersion } : {};
}

/** What happens after a revision, or from now on. */
function changes(
  registry: Registry,
  { namespace, allowWatchBookmarks, fieldSelector }: WatchOptions,
  after: number | undefined,
  signal: AbortSignal,
): AsyncIterable<StorageEvent> {
  const { indexedField: field = '' } = registry.kind;
  const value = fieldSelector?.requiredValue(field);
  const query = {
    ...(after !== undefined && { after }),
    ...(value !== undefined && { where: { field, value } }),
    progress: allowWatchBookmarks === true,
  };
  return registry.storage.watch(prefixOf(registry, namespace), query, signal);
}

/** Tells whether an object is there and selected. */
function selectedBy({ kind }: Registry, options: WatchOptions) {
  const selective = isSelective(options);
  return (stored: Stored | undefined): boolean =>
    stored !== undefined && (!selective || isSelected(kind, options, stored.object));
}

/** What an event of the storage is to somebody who sees only the selected objects. */
function watchEvent(
  event: StorageEvent,
  selected: (stored: Stored | undefined) => boolean,
): WatchEvent | undefined {
  if (event.type === 'progress') {
    return { type: 'BOOKMARK', resourceVersion: String(event.revision) };
  }
  const { stored, previous } = event;
  const wasSelected = selected(previous);
  const isNow = event.type === 'put' && selected(stored);
  if (isNow) return { type: wasSelected ? 'MODIFIED' : 'ADDED', stored };
  if (!wasSelected || previous === undefined) return undefined;
  if (event.type === 'delete') return { type: 'DELETED', stored };
  return { type: 'DELETED', stored: previous.at(stored.revision) };
}

function checkOptions(options: WatchOptions): void {
  const { resourceVersion: version = '' } = options;
  const faults = initialEventsFaults(options);
  if (!/^\d*$/.test(version)) faults.push(fieldInvalid('resourceVersion', version));
  if (faults.length === 0) return;
  throw newInvalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', faults);
}

function initialEventsFaults(options: WatchOptions): FieldError[] {
  const { resourceVersionMatch: match = '', sendInitialEvents: initial } = options;
  const field = 'resourceVersionMatch';
  const faults: FieldError[] = [];
  if (initial === undefined) {
    if (match === '') return faults;
    const why = `${field} is forbidden for watch unless sendInitialEvents is provided`;
    return [fieldForbidden(field, why)];
  }
  if (match === '') {
    const why = `sendInitialEvents requires setting ${field} to NotOlderThan`;
    faults.push(fieldForbidden(field, why));
  } else if (match !== 'NotOlderThan') {
    faults.push(fieldNotSupported(field, match, ['NotOlderThan']));
  }
  if (initial && !options.allowWatchBookmarks) {
    const why = 'sendInitialEvents is forbidden for watch unless allowWatchBookmarks is set';
    faults.push(fieldForbidden('sendInitialEvents', why));
  }
  return faults;
}

function statusErrorOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return newInternalError(error instanceof Error ? error : new Error(String(error)));
}
