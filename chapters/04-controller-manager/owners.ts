/**
 * From a change of an object to the keys of who should hear of it: informers' events into loops.
 * Given.
 *
 * Which objects an owner then takes is `ownership.ts`.
 */

import { controllerOf, type KubernetesObject, semanticallyEqual } from '#apimachinery';
import { DeletedFinalStateUnknown, type Lister, type SharedInformer } from '#client';
import type { ControlLoop } from './control-loop.ts';

/** The object of a deletion, the last that is known of it. */
export function finalState<T extends KubernetesObject>(gone: T | DeletedFinalStateUnknown<T>): T {
  return gone instanceof DeletedFinalStateUnknown ? gone.object : gone;
}

/** Has every object of an informer looked at, whenever something happens to it. */
export function enqueueAll<T extends KubernetesObject>(
  loop: Pick<ControlLoop, 'enqueue'>,
  informer: SharedInformer<T>,
): void {
  informer.addEventHandler({
    onAdd: (object) => loop.enqueue(object),
    onUpdate: (_, object) => loop.enqueue(object),
    onDelete: (gone) => loop.enqueue(finalState(gone)),
  });
}

/**
 * The controller of an object, from a cache.
 *
 * @param kind - only a controller of this kind is looked for
 * @returns `undefined` when it has none of this kind, or the one of this name is another by now
 */
export function controllerIn<O extends KubernetesObject>(
  object: KubernetesObject,
  kind: string,
  owners: Lister<O>,
): O | undefined {
  const ref = controllerOf(object);
  if (ref?.kind !== kind) return undefined;
  const { namespace } = object.metadata ?? {};
  const owner = owners.get(namespace ? `${namespace}/${ref.name}` : ref.name);
  return owner?.metadata?.uid === ref.uid ? owner : undefined;
}

/** How the owners of an informer's objects are found. */
export interface OwnersOptions<O extends KubernetesObject, T extends KubernetesObject> {
  /** The owners' kind: `ReplicaSet`. */
  readonly kind: string;
  readonly owners: Lister<O>;
  /** Owners that would like to have an object that nobody manages; absent: none. */
  readonly candidates?: (orphan: T) => readonly O[];
  /** Told of an object that is new and has this owner. */
  readonly onCreated?: (object: T, owner: O) => void;
  /** Told of an object that is gone, or begins to go, and has this owner. */
  readonly onDeleted?: (object: T, owner: O) => void;
}

/**
 * Has the owners of an informer's objects looked at: an object's controller, the one it had before a
 * change too, and of an orphan those that could adopt it.
 */
export function enqueueOwners<O extends KubernetesObject, T extends KubernetesObject>(
  loop: Pick<ControlLoop, 'enqueue'>,
  informer: SharedInformer<T>,
  { kind, owners, candidates, onCreated, onDeleted }: OwnersOptions<O, T>,
): void {
  const toCandidates = (object: T): void => {
    for (const owner of candidates?.(object) ?? []) loop.enqueue(owner);
  };
  const onGone = (object: T): void => {
    const owner = controllerIn(object, kind, owners);
    if (!owner) return;
    onDeleted?.(object, owner);
    loop.enqueue(owner);
  };
  informer.addEventHandler({
    onAdd: (object) => {
      // One that is on its way out when it is first seen was never there for its owner.
      if (object.metadata?.deletionTimestamp) return onGone(object);
      const owner = controllerIn(object, kind, owners);
      if (owner) {
        onCreated?.(object, owner);
        loop.enqueue(owner);
      } else if (!controllerOf(object)) toCandidates(object);
    },
    onUpdate: (old, object) => {
      if (object.metadata?.resourceVersion === old.metadata?.resourceVersion) return;
      const [before, now] = [old, object].map((each) => controllerIn(each, kind, owners));
      if (before && before !== now) loop.enqueue(before);
      if (object.metadata?.deletionTimestamp) return onGone(object);
      if (now) return loop.enqueue(now);
      if (controllerOf(object)) return;
      const isNews =
        controllerOf(old) !== undefined ||
        !semanticallyEqual(old.metadata?.labels, object.metadata?.labels);
      if (isNews) toCandidates(object);
    },
    onDelete: (gone) => onGone(finalState(gone)),
  });
}

/** An informer's index of objects by the uid of their controller; under `''` those without one. */
export const CONTROLLER_INDEX = 'byController';

/** For `CONTROLLER_INDEX`: the namespace and the uid, so that orphans are those of a namespace. */
export function controllerIndexKeys(object: KubernetesObject): string[] {
  return [controllerIndexKey(object.metadata?.namespace, controllerOf(object)?.uid)];
}

/** @param uid - of the controller; `undefined` for orphans */
export function controllerIndexKey(namespace: string | undefined, uid: string | undefined): string {
  return `${namespace ?? ''}/${uid ?? ''}`;
}
