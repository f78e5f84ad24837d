/**
 * Changing an object: read it, change it, write it if nobody else did in between, or begin again.
 *
 * PUT, PATCH, `/status` and `/scale` are all this one loop with another way to change. Next:
 * `list.ts`.
 */

import {
  deepCopy,
  fieldInvalid,
  isAlreadyExists,
  newBadRequest,
  newConflict,
  newInvalid,
  newNotFound,
  semanticallyEqual,
} from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
import { validateObjectMetaUpdate } from '../kinds/object-meta.ts';
import { equalJson } from '../patch/json-value.ts';
import { Stored } from '../storage/stored.ts';
import { create } from './create-get.ts';
import { isReadyToGo } from './ready-to-go.ts';
import { keyOf, type Registry, resourceOf } from './registry.ts';

/**
 * Makes the new object of the old one.
 *
 * @param old - a copy for the function to change and return, or to look at
 */
export type Change = (old: ApiObject) => Promise<ApiObject> | ApiObject;

/** What `update` is told beside the name and the change. */
export interface UpdateOptions {
  /** `''` for what has none. */
  readonly namespace: string;
  /** Which part is written: all but the status, or nothing but the status. */
  readonly subresource?: '' | 'status';
  /** Do everything but write. */
  readonly dryRun?: boolean;
  /**
   * Asked once the new object is complete and valid; it may only refuse, by throwing.
   *
   * @param object - as it will be stored; not to be changed
   */
  readonly admit?: (object: ApiObject, old: ApiObject) => Promise<void> | void;
  /** What is to be made where there is nothing; absent: then it is an error. */
  readonly createWith?: () => Promise<ApiObject> | ApiObject;
}

/** What came of it. */
export interface Updated {
  readonly stored: Stored;
  /** Was the object made, because there was none? */
  readonly created: boolean;
}

/**
 * Changes an object.
 *
 * @remarks One round:
 *
 * 1. Read what is stored. Nothing: 404; but with `options.createWith` what that gives is created; a
 *    name left out is this one, another one is refused (400). `admit` gets the object twice then.
 *    When somebody else makes one in between, the next round begins with that.
 * 2. `change` makes the new object from a copy of the old one.
 * 3. Identity: a name or namespace that is left out is the old one's; another one is refused (400).
 *    Another uid than the old one's is refused (409): it is about an object that is no more.
 * 4. The version: when the new object has a `resourceVersion` (neither absent nor `''`), it must be
 *    the old one's, else 409. Without one it is fine for a kind with `allowUnconditionalUpdate`,
 *    else 422. (A PUT's version is what its sender read. What a patch is applied to has the version
 *    just read.)
 * 5. What only the server sets is as it was: `uid`, `creationTimestamp`, `deletionTimestamp`,
 *    `deletionGracePeriodSeconds`, `generation`, and no `selfLink`. `generateName` left out is the
 *    old one's.
 * 6. Whose part it is. When the kind has a status subresource: without `subresource` the status is
 *    the old one's. With `subresource: 'status'` everything is the old one's but `status` and, in
 *    metadata, `labels`, `annotations`, `finalizers`, `managedFields` and the version; then
 *    `kind.prepareForStatusUpdate`.
 * 7. Without `subresource`: `kind.setDefaults`, then `kind.prepareForUpdate`. Then, for a kind with
 *    `hasGeneration`, `generation` is one more when anything beside `metadata` and `status` is
 *    different (`semanticallyEqual`).
 * 8. Faults: of `validateObjectMetaUpdate(object, old)`, then of `kind.validateUpdate`, or with
 *    `subresource: 'status'` of `kind.validateStatusUpdate`, all in one error (422). Then
 *    `options.admit`.
 * 9. An object that is being deleted and now has nothing left to wait for (`isReadyToGo` of
 *    `ready-to-go.ts`) is removed instead of written; what is returned is the new object, as of the
 *    removal.
 * 10. Nothing is written when nothing changed: the new object is equal to the old one
 *     (`semanticallyEqual`; but `managedFields` exactly, by `equalJson` of `patch/json-value.ts`,
 *     without their times). What is returned is what was there.
 * 11. The write, over the very version that was read, to live for `kind.ttlSeconds` from now. When
 *     somebody was faster, the next round begins with what is there now.
 *
 * With `dryRun` step 9 and 11 write nothing; what is returned has the old revision.
 *
 * ```text
 * stored at 7: data {a: 1}
 * PUT {resourceVersion: '7', data: {a: 2}}   → stored at 8
 * PUT {resourceVersion: '7', data: {a: 3}}   → 409
 * PUT {data: {a: 3}}                         → stored at 9
 * PUT {data: {a: 3}}                         → still 9
 * ```
 *
 * @param change - called anew in each round; what it throws ends the update
 * @throws StatusError, as a rejection: 404 `newNotFound`; 400 BadRequest `the name of the object
 * (X) does not match the name on the URL (Y)` or `the namespace of the provided object does not
 * match the namespace sent on the request` (each on one line); 409 `newConflict`, with `the object
 * has been modified; please apply your changes to the latest version and try again` (on one line)
 * or `Precondition failed: UID in precondition: X, UID in object meta: Y`; 422 `newInvalid`,
 * without a version for the field `metadata.resourceVersion`, `must be specified for an update`
 * @see k8s.io/apiserver/pkg/registry/generic/registry/store.go (Update), registry/rest/update.go
 * (1.33)
 * @exercise apiserver/update
 */
export async function update(
  registry: Registry,
  name: string,
  change: Change,
  options: UpdateOptions,
): Promise<Updated> {
  let current = await registry.storage.get(keyOf(registry, options.namespace, name));
  for (;;) {
    if (current === undefined) {
      if (options.createWith === undefined) throw newNotFound(resourceOf(registry), name);
      const made = await createInstead(registry, name, options, await options.createWith());
      if (made.done) return { stored: made.stored, created: true };
      current = made.current;
      continue;
    }
    const old = current.object;
    const object = await change(deepCopy(old));
    checkIdentity(registry, object, old, options);
    checkVersion(registry, object, current);
    keepSystemFields(object, old);
    prepare(registry, object, old, options);
    checkFaults(registry, object, old, options);
    await options.admit?.(object, old);
    const outcome = await write(registry, current, object, options);
    if (outcome.done) return { stored: outcome.stored, created: false };
    current = outcome.current;
  }
}

/** Makes the object; when somebody else was faster, theirs is to be changed. */
async function createInstead(
  registry: Registry,
  name: string,
  { namespace, dryRun, admit }: UpdateOptions,
  object: ApiObject,
) {
  object.metadata.name ||= name;
  checkName(object, name);
  try {
    const stored = await create(registry, object, {
      namespace,
      ...(dryRun !== undefined && { dryRun }),
      ...(admit && { admit: (made: ApiObject) => admit(made, made) }),
    });
    return { done: true, stored } as const;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const current = await registry.storage.get(keyOf(registry, namespace, name));
    // Gone again, or it was admission that said so: there is nothing to go on with.
    if (current === undefined) throw error;
    return { done: false, current } as const;
  }
}

function checkName(object: ApiObject, name: string): void {
  if (object.metadata.name === name) return;
  throw newBadRequest(
    `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
  );
}

function checkIdentity(
  registry: Registry,
  { metadata }: ApiObject,
  old: ApiObject,
  { namespace }: UpdateOptions,
): void {
  const { name = '', uid } = old.metadata;
  metadata.name ||= name;
  checkName({ ...old, metadata }, name);
  if (namespace !== '') metadata.namespace ||= namespace;
  else if (!metadata.namespace) delete metadata.namespace;
  if ((metadata.namespace ?? '') !== namespace) {
    throw newBadRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (metadata.uid && metadata.uid !== uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
    throw newConflict(resourceOf(registry), name, why);
  }
}

function checkVersion(registry: Registry, { metadata }: ApiObject, current: Stored): void {
  const { kind } = registry;
  const name = metadata.name ?? '';
  const version = metadata.resourceVersion ?? '';
  if (version === '' && !kind.allowUnconditionalUpdate) {
    const fault = fieldInvalid('metadata.resourceVersion', 0, 'must be specified for an update');
    throw newInvalid({ group: kind.group, kind: kind.kind }, name, [fault]);
  }
  if (version !== '' && version !== String(current.revision)) {
    throw newConflict(
      resourceOf(registry),
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
}

/** What only the server sets. */
const SYSTEM_FIELDS = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
] as const;

function keepSystemFields({ metadata }: ApiObject, old: ApiObject): void {
  const kept: Record<string, unknown> = metadata;
  for (const field of SYSTEM_FIELDS) {
    if (old.metadata[field] === undefined) delete metadata[field];
    else kept[field] = old.metadata[field];
  }
  delete metadata.selfLink;
  // It is compared with what was read, whose version it now is.
  metadata.resourceVersion = old.metadata.resourceVersion;
  if (metadata.generateName === undefined && old.metadata.generateName !== undefined) {
    metadata.generateName = old.metadata.generateName;
  }
}

/** Puts back what is not this request's to change, and lets the kind have its say. */
function prepare(
  { kind }: Registry,
  object: ApiObject,
  old: ApiObject,
  { subresource }: UpdateOptions,
): void {
  if (subresource === 'status') {
    keepAllButStatus(object, old);
    kind.prepareForStatusUpdate?.(object, old);
    return;
  }
  if (kind.subresources.status) keepField(object, old, 'status');
  kind.setDefaults(object);
  kind.prepareForUpdate?.(object, old);
  if (kind.hasGeneration && !semanticallyEqual(contentOf(object), contentOf(old))) {
    object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

/** In metadata, what a writer of the status may change. */
const STATUS_WRITERS_METADATA = ['labels', 'annotations', 'finalizers', 'managedFields'] as const;

function keepAllButStatus(object: ApiObject, old: ApiObject): void {
  const { status, metadata } = object;
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, deepCopy(old));
  const written: Record<string, unknown> = object.metadata;
  for (const field of STATUS_WRITERS_METADATA) {
    if (metadata[field] === undefined) delete written[field];
    else written[field] = metadata[field];
  }
  if (status === undefined) delete object.status;
  else object.status = status;
}

function keepField(object: ApiObject, old: ApiObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = deepCopy(old[field]);
}

/** What counts as a change of the object's content: neither metadata nor status. */
function contentOf(object: ApiObject): object {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...content } = object;
  return content;
}

function checkFaults(
  { kind }: Registry,
  object: ApiObject,
  old: ApiObject,
  { subresource }: UpdateOptions,
): void {
  const ofKind =
    subresource === 'status'
      ? (kind.validateStatusUpdate?.(object, old) ?? [])
      : kind.validateUpdate(object, old);
  const faults = [...validateObjectMetaUpdate(object, old), ...ofKind];
  if (faults.length === 0) return;
  throw newInvalid({ group: kind.group, kind: kind.kind }, object.metadata.name ?? '', faults);
}

async function write(
  { storage, kind }: Registry,
  current: Stored,
  object: ApiObject,
  { dryRun }: UpdateOptions,
) {
  if (dryRun) {
    const stored = new Stored(current.key, current.revision, object);
    return { done: true, stored } as const;
  }
  if (isReadyToGo(kind, object))
    return storage.remove(new Stored(current.key, current.revision, object));
  if (isUnchanged(object, current.object)) return { done: true, stored: current } as const;
  return storage.replace(current, object, kind.ttlSeconds);
}

/** When a field's manager last wrote does not make an object a new one; what it owns does. */
function isUnchanged(object: ApiObject, old: ApiObject): boolean {
  const { managedFields, ...metadata } = object.metadata;
  const { managedFields: oldFields, ...oldMetadata } = old.metadata;
  return (
    semanticallyEqual({ ...object, metadata }, { ...old, metadata: oldMetadata }) &&
    equalJson(withoutTimes(managedFields), withoutTimes(oldFields))
  );
}

function withoutTimes(entries: ApiObject['metadata']['managedFields']): Json {
  return (entries ?? []).map(({ time: _, ...entry }) => entry) as unknown as Json;
}
