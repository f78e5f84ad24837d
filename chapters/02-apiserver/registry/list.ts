/**
 * Reading many objects: all from one moment, over as many pages as the client likes.
 *
 * Next: `watch.ts`, which goes on where a list ends.
 */

import { NotImplemented } from '#not-implemented';
import type { Stored } from '../storage/stored.ts';
import type { Registry } from './registry.ts';
import type { Selection } from './selection.ts';

/** What a client asks for beside the selection: texts as they stand in its query. */
export interface ListOptions extends Selection {
  /** At most so many; 0 or absent: all. */
  readonly limit?: number;
  /** Where the page before said to go on. */
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
}

/** One page of objects. */
export interface ObjectList {
  readonly items: readonly Stored[];
  /** The moment it shows. */
  readonly resourceVersion: string;
  /** Where to go on; absent: this is all. */
  readonly continue?: string;
  /** How many there are behind this page; absent when nobody counted. */
  readonly remainingItemCount?: number;
}

/**
 * Reads objects.
 *
 * @remarks *Which moment.* It follows from `resourceVersion` (RV) and `resourceVersionMatch`
 * (match):
 *
 * ```text
 * RV        match          limit    what is read
 * '' or -   -              any      as it is now
 * '0'       -              any      whatever is at hand (notOlderThan 0)
 * 'N'       -              no       not older than N (notOlderThan N)
 * 'N'       -              yes      exactly as it was at N (revision N)
 * '0', 'N'  NotOlderThan   any      not older than it
 * 'N'       Exact          any      exactly as it was at N
 * ```
 *
 * Refused, all faults in one 422 (`newInvalid` of kind `ListOptions` in group `meta.k8s.io`, name
 * `''`): a match without RV (Forbidden `resourceVersionMatch is forbidden unless resourceVersion is
 * provided`), a match with `continue` (Forbidden `resourceVersionMatch is forbidden when continue
 * is provided`), a match that is neither (Unsupported value, supported `Exact`, `NotOlderThan` and
 * the empty text), and `Exact` with RV `'0'` (Forbidden `resourceVersionMatch "exact" is forbidden
 * for resourceVersion "0"`); the field is `resourceVersionMatch` and they are looked for in this
 * order. An RV that is not a whole number is refused with 422 of the same kind, field
 * `resourceVersion`, Invalid value without a detail, behind the others. RV with `continue`, unless
 * it is `'0'`: 400 `specifying resource version is not allowed when using continue`.
 *
 * *Pages.* With a limit, a page has the first so many *selected* objects, in order of their keys;
 * what is not selected does not count, so more than one read of the storage may be needed. When
 * more objects of the prefix follow, `continue` says where: a token (`continue-token.ts`) with the
 * first page's moment and the key behind the last one on the page (its key behind the list's prefix
 * and `'\0'`). With it the next page is read exactly as it was at that moment, whatever happened
 * since. A token with revision -1 is read as it is now. So all pages together are one list.
 * `remainingItemCount` is how many follow; it is absent on the last page and when labels or fields
 * are selected, since then nobody counted.
 *
 * `resourceVersion` of the list is the moment it shows: that of the first page, on every page.
 *
 * A token whose moment is compacted: 410 `newExpired` with `The provided continue parameter is too
 * old to display a consistent list result. You can start a new list without the continue
 * parameter.` (on one line). Other errors of the storage come through.
 *
 * @param options - `limit` below 0 counts as none
 * @see k8s.io/apiserver/pkg/storage/etcd3/store.go (GetList),
 * apimachinery/pkg/apis/meta/internalversion/validation (1.33)
 * @exercise apiserver/list
 */
export async function list(registry: Registry, options: ListOptions): Promise<ObjectList> {
  throw new NotImplemented('apiserver/list', 'list');
}
