/**
 * Changing an object: read it, change it, write it if nobody else did in between, or begin again.
 *
 * PUT, PATCH, `/status` and `/scale` are all this one loop with another way to change. Next:
 * `list.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import { Stored } from '../storage/stored.ts';
import type { Registry } from './registry.ts';

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
  throw new NotImplemented('apiserver/update', 'update');
}
