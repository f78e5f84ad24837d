/**
 * Keeps the book of who owns what when somebody writes without server-side apply.
 *
 * Every create, update and patch of every object passes here: whoever changed a field owns it from
 * now on. Server-side apply itself is in `apply.ts`.
 */

import type { ApiObject, Json } from '../api-object.ts';
import type { ObjectSchema } from '../schema/schema.ts';
import { capUpdateManagers } from './cap-managers.ts';
import { compareFields } from './compare-fields.ts';
import { FieldManager, managerKey, managersBefore, setManagedFields } from './managed-fields.ts';
import { NEVER_TRACKED } from './never-tracked.ts';

/** Who writes, what, and when. */
export interface TrackOptions {
  /** The `fieldManager` of the request, or what `managerFromUserAgent` makes of it. */
  readonly manager: string;
  /** Of the object's kind. */
  readonly schema: ObjectSchema;
  /** The version written in: `apps/v1`. */
  readonly apiVersion: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** A timestamp. */
  readonly now: string;
}

/**
 * Writes down who owns what after a write other than server-side apply.
 *
 * @remarks Begin with the managers before the write, which `managersBefore` tells. When there are
 * none and the object is not new, nobody wants the book to be kept: the object has no
 * `managedFields` afterwards.
 *
 * Else `compareFields` tells what changed from `live` (from `{}`, when it is new) to `updated`:
 *
 * - All managers lose (`without`) the fields that were added, modified or removed.
 * - The writer, with the operation `Update`, gets those that were added or modified, without
 *   `NEVER_TRACKED`, beside what it has left; and `now` is its time. When there are none, it gets
 *   nothing, and its time is as it was.
 *
 * At the end `capUpdateManagers`, then `setManagedFields`; a manager that owns nothing is left out
 * by that. When no field changed at all, the entries come out as they went in.
 *
 * Given, in this folder: `managed-fields.ts` (`FieldManager` and its functions),
 * `compare-fields.ts`, `cap-managers.ts`, `never-tracked.ts`.
 *
 * ```text
 * create {labels: {app: web}} by kubectl      kubectl Update: f:metadata f:labels, f:metadata f:labels f:app
 * update {labels: {app: db}} by edit          kubectl Update: f:metadata f:labels
 *                                             edit    Update: f:metadata f:labels f:app
 * update {labels: {}} by kubectl              kubectl Update: f:metadata f:labels
 * ```
 *
 * @param live - the object before; is not changed; `undefined` on create
 * @param updated - the object as it will be stored. Only its `metadata.managedFields` is changed
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go (1.33), Update and what
 * it calls
 * @exercise apiserver/apply
 */
export function trackUpdate(
  live: ApiObject | undefined,
  updated: ApiObject,
  options: TrackOptions,
): void {
  const { manager, schema, apiVersion, subresource, now } = options;
  const managers = managersBefore(live, updated, subresource);
  if (live !== undefined && managers.size === 0) {
    setManagedFields(updated, managers);
    return;
  }
  const { added, modified, removed } = compareFields(
    (live ?? {}) as Json,
    updated as unknown as Json,
    schema,
  );
  const changed = added.union(modified);
  const lost = changed.union(removed);
  for (const [key, other] of managers) managers.set(key, other.without(lost));
  const gained = changed.difference(NEVER_TRACKED);
  if (!gained.isEmpty) {
    const writer = { manager, operation: 'Update', apiVersion, subresource } as const;
    const key = managerKey(writer);
    const fields = managers.get(key)?.fields.union(gained) ?? gained;
    managers.set(key, new FieldManager(writer, now, fields));
  }
  capUpdateManagers(managers);
  setManagedFields(updated, managers);
}
