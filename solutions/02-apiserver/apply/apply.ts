/**
 * Server-side apply: a client says what it wants of an object, and nothing of the rest.
 *
 * The server remembers who wants what. So it knows what a client no longer wants, and when two want
 * different things. Writes of other kinds are in `track-update.ts`.
 */

import type { ApiObject, Json } from '../api-object.ts';
import { equalJson } from '../patch/json-value.ts';
import { checkConfig } from './check-config.ts';
import { compareFields } from './compare-fields.ts';
import { type FieldConflict, newFieldConflict } from './conflict-error.ts';
import { FieldSet } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { lastAppliedFields, updateLastApplied } from './last-applied.ts';
import {
  FieldManager,
  type FieldManagers,
  managerKey,
  setManagedFields,
  storedManagers,
} from './managed-fields.ts';
import { mergeFields } from './merge-fields.ts';
import { NEVER_TRACKED } from './never-tracked.ts';
import { removeFields, withDeclaredFields } from './remove-fields.ts';
import { type TrackOptions, trackUpdate } from './track-update.ts';

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
  checkConfig(live, config, options);
  const { manager, schema, apiVersion, subresource, now } = options;
  const before = (live ?? {}) as Json;
  const managers = managersOf(live, options);
  const applier = { manager, operation: 'Apply', apiVersion, subresource } as const;
  const key = managerKey(applier);
  const last = managers.get(key);
  managers.delete(key);
  const wanted = fieldsOf(config as unknown as Json, schema);
  const merged = mergeFields(before, config as unknown as Json, schema) as Json;
  const givenUp = fieldsGivenUp(last?.fields, [wanted, ...fieldsIn(managers)], options);
  const object = removeFields(merged, givenUp, schema) as unknown as ApiObject;
  takeFromOthers(live, object, managers, options);

  const fields = wanted.difference(NEVER_TRACKED);
  const isSame = last?.fields.equals(fields) && equalJson(before, object as unknown as Json);
  managers.set(key, new FieldManager(applier, isSame ? last?.time : now, fields));
  const result = { ...object, metadata: { ...object.metadata } };
  updateLastApplied(result, config, manager);
  setManagedFields(result, managers);
  return result;
}

function managersOf(live: ApiObject | undefined, options: ApplyOptions): FieldManagers {
  const managers = storedManagers(live?.metadata.managedFields);
  if (live === undefined || managers.size > 0) return managers;
  const copy = { ...live, metadata: { ...live.metadata, managedFields: undefined } };
  trackUpdate(undefined, copy, { ...options, manager: 'before-first-apply' });
  return storedManagers(copy.metadata.managedFields);
}

function fieldsIn(managers: FieldManagers): FieldSet[] {
  return [...managers.values()].map(({ fields }) => fields);
}

function fieldsGivenUp(
  last: FieldSet | undefined,
  owned: readonly FieldSet[],
  { schema }: ApplyOptions,
): FieldSet {
  if (last === undefined) return new FieldSet();
  const kept = owned.reduce((all, fields) => all.union(fields), new FieldSet());
  return withDeclaredFields(last, schema).difference(withDeclaredFields(kept, schema));
}

/** Takes from the others what changes; refuses when one of them wants it otherwise. */
function takeFromOthers(
  live: ApiObject | undefined,
  object: ApiObject,
  managers: FieldManagers,
  options: ApplyOptions,
): void {
  const { added, modified, removed } = compareFields(
    (live ?? {}) as Json,
    object as unknown as Json,
    options.schema,
  );
  const changed = added.union(modified);
  if (!options.force) {
    const allowed = lastAppliedFields(live, options);
    const conflicts = [...managers.values()].flatMap((manager): FieldConflict[] => {
      const fields = manager.fields.intersection(changed).difference(allowed);
      return fields.isEmpty ? [] : [{ manager, fields }];
    });
    if (conflicts.length > 0) throw newFieldConflict(conflicts);
  }
  const lost = changed.union(removed);
  for (const [key, other] of managers) managers.set(key, other.without(lost));
}
