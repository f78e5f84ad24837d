/**
 * Making an object and reading one: the first two verbs of the registry, for every kind the same.
 *
 * What is different from kind to kind is asked of the registry's `Kind`. Next: `update.ts`.
 */

import { NotImplemented } from '#not-implemented';
import type { ApiObject } from '../api-object.ts';
import { Stored } from '../storage/stored.ts';
import type { Registry } from './registry.ts';

/** What `create` is told beside the object. */
export interface CreateOptions {
  /** The namespace of the URL; `''` for what has none. */
  readonly namespace: string;
  /** Do everything but write. */
  readonly dryRun?: boolean;
  /**
   * Asked once the object is complete and valid; it may only refuse, by throwing.
   *
   * @param object - as it will be stored; not to be changed
   */
  readonly admit?: (object: ApiObject) => Promise<void> | void;
}

/**
 * Makes an object.
 *
 * @remarks In this order:
 *
 * 1. The namespace: `metadata.namespace` left out (or `''`) becomes `options.namespace`; another
 *    one is refused (400). An object of a kind without namespaces has none: one that says so is
 *    refused (400). A `metadata.resourceVersion` other than `''` is refused (400).
 * 2. What only the server sets: `uid` (`random.uuid()`) and `creationTimestamp` (`timestamp` of the
 *    clock's now), whatever the caller wrote there; `deletionTimestamp`,
 *    `deletionGracePeriodSeconds`, `selfLink` and an empty `resourceVersion` go away. `generation`
 *    is 1 for a kind with `hasGeneration` and goes away for others.
 * 3. The name: without one, `generateName`, cut to 58 characters, and `random.suffix(5)`.
 * 4. `kind.setDefaults`, then `kind.prepareForCreate`.
 * 5. Faults, of `validateObjectMeta(object, kind)` and then of `kind.validate`, all in one error
 *    (422).
 * 6. `options.admit`.
 * 7. The write, to live for `kind.ttlSeconds`. When the key is taken: a generated name is made anew
 *    (steps 3 to 7, with what the object was before them; the uid stays), up to eight attempts in
 *    all; a given one is refused (409).
 *
 * With `dryRun` nothing is written, but a key that is taken is found out all the same
 * (`storage.get`); what is returned has no resourceVersion (revision 0).
 *
 * ```text
 * create {metadata: {name: 'a'}} in default       → name a, namespace default, uid, creationTimestamp
 * the same again                                  → 409 configmaps "a" already exists
 * create {metadata: {generateName: 'web-'}}       → name web-x7k2p
 * ```
 *
 * @param object - a fresh copy, decoded by the kind's schema; belongs to the registry from now on
 * @returns what was written
 * @throws StatusError, as a rejection: 400 BadRequest with `the namespace of the provided object
 * does not match the namespace sent on the request` (on one line), `namespace is not allowed on
 * this type`, or `resourceVersion should not be set on objects to be created`; 422 `newInvalid`;
 * 409 `newAlreadyExists`, whose message begins with `object is being deleted: ` when what is there
 * has a `deletionTimestamp`; 409 `newGenerateNameConflict` with the last name tried and
 * `retryAfterSeconds` 1
 * @see k8s.io/apiserver/pkg/registry/generic/registry/store.go (Create), registry/rest/create.go
 * (1.33)
 * @exercise apiserver/create-get
 */
export async function create(
  registry: Registry,
  object: ApiObject,
  options: CreateOptions,
): Promise<Stored> {
  throw new NotImplemented('apiserver/create-get', 'create');
}

/** What `get` is told beside the name. */
export interface GetOptions {
  /** `''` for what has none. */
  readonly namespace: string;
  /**
   * Anything at hand will do that is not older than this; 0: however old. Absent: as it is now.
   */
  readonly notOlderThan?: number;
}

/**
 * Reads an object.
 *
 * @returns what is stored; not to be changed
 * @throws StatusError 404 `newNotFound`, as a rejection, when it is not there
 * @see k8s.io/apiserver/pkg/registry/generic/registry/store.go (Get, 1.33)
 * @exercise apiserver/create-get
 */
export async function get(registry: Registry, name: string, options: GetOptions): Promise<Stored> {
  throw new NotImplemented('apiserver/create-get', 'get');
}
