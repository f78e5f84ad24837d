/**
 * Whose is it? Which of the objects that are there a controller manages, decided by its selector and
 * by the controller reference each of them bears.
 *
 * A reference says who manages an object; a selector who would like to. Where the two disagree,
 * somebody has to write.
 */

import type { GroupVersionKind, KubernetesObject, Selector } from '#apimachinery';
import type { ResourceClient } from '#client';
import { NotImplemented } from '#not-implemented';

/** What is to become of one object. */
export type Claim =
  /** It is managed by this owner, and should be. */
  | 'ours'
  /** Nobody manages it, and this owner should. */
  | 'adopt'
  /** This owner manages it, and should not. */
  | 'release'
  /** Not this owner's business. */
  | 'ignore';

/**
 * Says what an owner should do with one object.
 *
 * @remarks The first that is so:
 *
 * | the object | | |
 * |---|---|---|
 * | has another controller (by uid) | | ignore |
 * | has this one | is wanted | ours |
 * | has this one | is not wanted, the owner is being deleted | ignore |
 * | has this one | is not wanted | release |
 * | has none | is not wanted | ignore |
 * | has none | the owner, or the object, is being deleted | ignore |
 * | has none | the owner has a namespace, and the object is in another | ignore |
 * | has none | is wanted | adopt |
 *
 * An owner that is being deleted takes nothing and lets nothing go: that is for the garbage collector.
 *
 * @param isWanted - does the owner's selector match the object, and whatever else it asks of it?
 * @see pkg/controller/controller_ref_manager.go (1.33), ClaimObject
 * @exercise controller-manager/ownership
 */
export function claimOf(
  owner: KubernetesObject,
  object: KubernetesObject,
  isWanted: boolean,
): Claim {
  throw new NotImplemented('controller-manager/ownership', 'claimOf');
}

/** What claiming needs to know. */
export interface ClaimOptions<O extends KubernetesObject, T extends KubernetesObject> {
  readonly owner: O;
  readonly ownerKind: GroupVersionKind;
  /** Reads the owner from the API server itself, not from a cache. */
  readonly freshOwner: () => Promise<O>;
  /** The owner's selector. */
  readonly selector: Selector;
  /** What else an object must be to be wanted; absent: nothing else. */
  readonly filter?: (object: T) => boolean;
  /** All there are in the owner's namespace, from a cache. */
  readonly objects: readonly T[];
  /** Writes them; it works in the owner's namespace. */
  readonly client: Pick<ResourceClient<T>, 'patch'>;
}

/**
 * Brings references and selector together, and gives back what the owner manages then.
 *
 * @remarks Each object is dealt with as `claimOf` says.
 *
 * - *Adopt*: a `strategic-merge-patch` adds the owner's controller reference (`newControllerRef`) to
 *   `metadata.ownerReferences`, and carries the object's `metadata.uid`, so that an object made again under
 *   the name is not taken for it. Before the first one in a call, and only then, the owner is read
 *   fresh: if it has another uid, or is being deleted, nothing is adopted, and each object to be adopted
 *   fails. One that is not found (404) is gone, too; when reading it fails otherwise, that is the
 *   failure.
 * - *Release*: a `strategic-merge-patch` with the `uid` and the directive
 *   `ownerReferences: [{ $patch: 'delete', uid: … }]`. That the object is gone (404), or another one
 *   (422), is as good.
 *
 * An object that is gone when it is to be adopted (404) is left out. Any other failure does not keep
 * the others from being dealt with; at the end the first failure is thrown.
 *
 * @returns those that are ours, adopted ones in the form they were in before, in the order given
 * @throws as a rejection, what the first request that failed was answered with; or an Error with `can't
 * adopt NAMESPACE/NAME: the owner NAME is gone` or `…: the owner NAME is being deleted`
 * @see pkg/controller/controller_ref_manager.go (1.33)
 * @exercise controller-manager/ownership
 */
export async function claimObjects<O extends KubernetesObject, T extends KubernetesObject>(
  options: ClaimOptions<O, T>,
): Promise<T[]> {
  throw new NotImplemented('controller-manager/ownership', 'claimObjects');
}
