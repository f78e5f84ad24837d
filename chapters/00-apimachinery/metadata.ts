/**
 * What all objects carry beside their own fields: owners, finalizers, conditions, a name.
 *
 * Functions that change something change the object they are given and say whether it is different
 * now, so that the caller knows whether to write it. Objects from a cache are copied first
 * (`deep-copy.ts`).
 */

import { NotImplemented } from '#not-implemented';
import type { Clock } from './clock.ts';
import type { GroupVersionKind } from './group-version.ts';
import type { KubernetesObject, OwnerReference } from './objects.ts';

/**
 * The owner that manages an object.
 *
 * @returns the first of `metadata.ownerReferences` whose `controller` is true; `undefined` when the
 * object has none. Owners that are no controllers only matter to garbage collection.
 * @see k8s.io/apimachinery/pkg/apis/meta/v1/controller_ref.go (1.33)
 * @exercise apimachinery/metadata
 */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  throw new NotImplemented('apimachinery/metadata', 'controllerOf');
}

/**
 * Tells whether `owner` manages `object`.
 *
 * @remarks Identity is the uid alone: an owner deleted and made again under the same name is another
 * one. An owner without a uid manages nothing.
 * @exercise apimachinery/metadata
 */
export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  throw new NotImplemented('apimachinery/metadata', 'isControlledBy');
}

/**
 * The reference an object gets to the owner that manages it.
 *
 * @remarks `apiVersion` and `kind` come from `gvk`, because objects read from a list do not say what
 * they are. `controller` and `blockOwnerDeletion` are true.
 *
 * ```text
 * newControllerRef(web, { group: 'apps', version: 'v1', kind: 'ReplicaSet' })
 * { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: '…',
 *   controller: true, blockOwnerDeletion: true }
 * ```
 *
 * @param owner - has a name and a uid; a missing one becomes the empty text
 * @exercise apimachinery/metadata
 */
export function newControllerRef(owner: KubernetesObject, gvk: GroupVersionKind): OwnerReference {
  throw new NotImplemented('apimachinery/metadata', 'newControllerRef');
}

/**
 * Tells whether an object waits for `finalizer` before it goes.
 *
 * @exercise apimachinery/metadata
 */
export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  throw new NotImplemented('apimachinery/metadata', 'hasFinalizer');
}

/**
 * Adds a finalizer at the end of `metadata.finalizers`, unless it is there.
 *
 * @param object - is changed; gets `metadata` or the list when it has none. The list itself is
 * replaced, not changed: another object may share it
 * @returns whether the object is different now
 * @exercise apimachinery/metadata
 */
export function addFinalizer(object: KubernetesObject, finalizer: string): boolean {
  throw new NotImplemented('apimachinery/metadata', 'addFinalizer');
}

/**
 * Removes a finalizer, however often it is there; the others keep their order.
 *
 * @param object - is changed; when no finalizer is left, `metadata` has no `finalizers` any more.
 * The list itself is replaced, not changed. An object without this finalizer stays as it is, an
 * empty list included
 * @returns whether the object is different now
 * @exercise apimachinery/metadata
 */
export function removeFinalizer(object: KubernetesObject, finalizer: string): boolean {
  throw new NotImplemented('apimachinery/metadata', 'removeFinalizer');
}

/** What every kind's conditions have; some have more, for example `lastProbeTime`. */
export interface Condition {
  type: string;
  /** `True`, `False` or `Unknown`. */
  status: string;
  reason?: string;
  message?: string;
  /** When `status` last became another one: RFC 3339, in whole seconds. */
  lastTransitionTime?: string;
  /** The `metadata.generation` this was said about. */
  observedGeneration?: number;
}

/**
 * Puts a condition into a list of conditions.
 *
 * @remarks There is at most one of each type, and it keeps its place.
 *
 * - A new type goes to the end.
 * - An old one is replaced by `next` as a whole: fields that `next` does not have are gone.
 * - `lastTransitionTime` answers "since when is it so". If the status is the same as before, the old
 *   time stays, whatever `next` says; where there was none, there is none after either. If the
 *   status is another, or the type is new, it is the time that `next` says, or now when `next` says
 *   none. An empty text in `next` is none.
 *
 * ```text
 * 12:00:00  Ready=False (Starting)   →  changed, since 12:00:00
 * 12:00:05  Ready=False (Pulling)    →  changed, since 12:00:00
 * 12:00:09  Ready=True  (Started)    →  changed, since 12:00:09
 * 12:00:20  Ready=True  (Started)    →  not changed
 * ```
 *
 * @param conditions - is changed; its items are replaced, never changed
 * @param next - is not changed
 * @param clock - tells what time it is now (`timestamp` of `time.ts` writes it)
 * @returns whether the list is different now (`semanticallyEqual` of `equality.ts`
 * decides)
 * @see k8s.io/apimachinery/pkg/api/meta/conditions.go (1.33), SetStatusCondition
 * @exercise apimachinery/metadata
 */
export function setCondition<C extends Condition>(
  conditions: C[],
  next: C,
  clock: Pick<Clock, 'now'>,
): boolean {
  throw new NotImplemented('apimachinery/metadata', 'setCondition');
}

/**
 * The condition of a type.
 *
 * @param conditions - an object that was never looked after has none
 * @returns the first of that type; `undefined` when there is none
 * @exercise apimachinery/metadata
 */
export function findCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  throw new NotImplemented('apimachinery/metadata', 'findCondition');
}

/**
 * Tells whether a condition is there and `True`. `Unknown` is not, and neither is a missing one.
 *
 * @exercise apimachinery/metadata
 */
export function isConditionTrue(
  conditions: readonly Condition[] | undefined,
  type: string,
): boolean {
  throw new NotImplemented('apimachinery/metadata', 'isConditionTrue');
}

/** A name and the namespace it is in. */
export interface NamespacedName {
  /** Empty for objects that belong to no namespace, such as Nodes. */
  readonly namespace: string;
  readonly name: string;
}

/**
 * An object's key: what queues and caches know it by.
 *
 * @returns `namespace/name`, or only `name` for an object without a namespace (absent or empty)
 * @see k8s.io/client-go/tools/cache/store.go (1.33), MetaNamespaceKeyFunc
 * @exercise apimachinery/metadata
 */
export function keyOf(object: KubernetesObject): string {
  throw new NotImplemented('apimachinery/metadata', 'keyOf');
}

/**
 * Takes a key apart again.
 *
 * @param key - as `keyOf` makes it
 * @throws Error when there is more than one slash; the message contains the key, in
 * quotes or not
 * @exercise apimachinery/metadata
 */
export function parseKey(key: string): NamespacedName {
  throw new NotImplemented('apimachinery/metadata', 'parseKey');
}
