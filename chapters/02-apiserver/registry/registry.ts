/**
 * One kind's objects in a store: what the verbs beside this file work on. Given.
 *
 * The verbs are functions, a file each: create and get in `create-get.ts`, then `update.ts`,
 * `list.ts`, `watch.ts`, `delete.ts`, `patch.ts`. HTTP is not their business: that is `../handlers/`.
 */

import type { Clock, GroupResource, Random } from '#apimachinery';
import type { Kind } from '../kinds/kind.ts';
import type { Storage } from '../storage/storage.ts';

export interface Registry {
  readonly kind: Kind;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}

/** For error messages: `deployments.apps`. */
export function resourceOf({ kind }: Registry): GroupResource {
  return { group: kind.group, resource: kind.resource };
}

/**
 * The prefix of a kind's keys, or of those in one namespace; ends with `/`.
 *
 * @param namespace - `''` for all, or for what has none
 */
export function prefixOf({ kind }: Registry, namespace: string): string {
  const builtIn = kind.storagePrefix ?? kind.resource;
  const root = `/registry/${builtIn}/`;
  return kind.namespaced && namespace !== '' ? `${root}${namespace}/` : root;
}

/** The key of one object. */
export function keyOf(registry: Registry, namespace: string, name: string): string {
  return `${prefixOf(registry, namespace)}${name}`;
}
