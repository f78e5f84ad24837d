/**
 * Server-side apply: a client says what it wants of an object, and nothing of the rest.
 *
 * The server remembers who wants what. So it knows what a client no longer wants, and when two want
 * different things. Writes of other kinds are in `track-update.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import type { TrackOptions } from './track-update.ts';

/** Who applies, and how. */
export interface ApplyOptions extends TrackOptions {
  /** Take fields from others that want something else. */
  readonly force: boolean;
}

/**
 * Applies a configuration to an object.
 *
 * @remarks
 * 1. `checkConfig` refuses what cannot be applied.
 * 2. The managers are those of the live object (`storedManagers`). When there are none, whatever a
 *    live object has belongs to the manager `before-first-apply`: as if it had created the object
 *    just now (`trackUpdate` with nothing before it).
 * 3. The applier is the manager of this name, operation `Apply` and subresource (`managerKey`). It
 *    now wants `fieldsOf(config)`, and nothing else.
 * 4. The new object: the configuration laid over the live one (`mergeFields`), without what the
 *    applier gives up. It gives up what it owned until now, unless it wants it still or another
 *    manager owns it. All these sets are taken with their declared fields (`withDeclaredFields`);
 *    `removeFields` takes out what is given up.
 * 5. A conflict is a field of another manager that is added or modified from the live to the new
 *    object (`compareFields`). Fields in `lastAppliedFields` are none. With conflicts, and without
 *    `force`: `newFieldConflict`.
 * 6. The others lose (`without`) what is added, modified or removed. The applier owns what it
 *    wants, without `NEVER_TRACKED`.
 * 7. The applier's time is `now` when its fields are not those it had, or the object changed
 *    (`managedFields` aside). Else it is as it was.
 * 8. `updateLastApplied`, then `setManagedFields`.
 *
 * Given, in this folder: `check-config.ts`, `managed-fields.ts` (`FieldManager` and its functions),
 * `remove-fields.ts` (`withDeclaredFields` too), `compare-fields.ts`, `last-applied.ts`,
 * `conflict-error.ts`, `never-tracked.ts`.
 *
 * ```text
 * live {replicas: 1, paused: true}      kubectl Update: replicas, paused
 * ci applies {replicas: 3}              409: conflict with "kubectl" using apps/v1: .spec.replicas
 * ci applies it with force              {replicas: 3, paused: true}   kubectl: paused    ci: replicas
 * ci applies {image: x}                 {paused: true, image: x}      kubectl: paused    ci: image
 * ```
 *
 * @param live - the object before, not changed; `undefined` when there is none
 * @param config - what the applier wants; is not changed
 * @returns the object to be stored, before defaults; equal to `live` when nothing changed
 * @throws StatusError 400 BadRequest, 409 Conflict
 * @see k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go (1.33), Apply and what
 * it calls; sigs.k8s.io/structured-merge-diff/v4/merge/update.go
 * @exercise apiserver/apply
 */
export function applyPatch(
  live: ApiObject | undefined,
  config: ApiObject,
  options: ApplyOptions,
): ApiObject {
  throw new NotImplemented('apiserver/apply', 'applyPatch');
}
