/**
 * What the server serves right now: built-in resources, virtual ones, and custom ones that come and
 * go. Given. Handlers, discovery and OpenAPI all look here.
 */

import type { GroupVersionKind } from '#apimachinery';
import type { Upgrade } from './connection.ts';
import type { Answer, Context } from './context.ts';
import type { Kind } from './kinds/kind.ts';
import type { Registry } from './registry/registry.ts';
import type { Served } from './request-info.ts';

/** Carries a request out. */
export type Handle = (context: Context) => Promise<Answer | Upgrade>;

/** A subresource: its verbs, what it takes and gives, and how. */
export interface ServedSubresource {
  readonly verbs: readonly string[];
  readonly gvk: GroupVersionKind;
  readonly handle: Handle;
}

/** One resource of one group version. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  /** The plural: `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly handle: Handle;
  readonly subresources: ReadonlyMap<string, ServedSubresource>;
  /** Its objects, when there are any: a review has none. */
  readonly registry?: Registry;
  /** For schema, columns and the like. */
  readonly kindOf?: Kind;
  /** Does it come from a CustomResourceDefinition? */
  readonly isCustom?: boolean;
}

/** The resources by group, version and name; it changes while the server runs. */
export class ServedResources {
  readonly #resources = new Map<string, ServedResource>();
  #generation = 0;

  /** Moves with every change: what is made from the table and kept is made anew then. */
  get generation(): number {
    return this.#generation;
  }

  add(resource: ServedResource): void {
    this.#resources.set(idOf(resource.group, resource.version, resource.resource), resource);
    this.#generation += 1;
  }

  remove(group: string, version: string, resource: string): void {
    if (this.#resources.delete(idOf(group, version, resource))) this.#generation += 1;
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#resources.get(idOf(group, version, resource));
  }

  /** All of them, in the order they were added. */
  all(): ServedResource[] {
    return [...this.#resources.values()];
  }
}

/** Every request asks for one: each is made once. */
const routes = new WeakMap<ServedResource, Served>();

/** The resource as routing sees it. */
export function routeOf(resource: ServedResource | undefined): Served | undefined {
  if (resource === undefined) return undefined;
  let route = routes.get(resource);
  if (route === undefined) {
    const { namespaced, verbs } = resource;
    const subresources = new Map(
      [...resource.subresources].map(([name, { verbs }]) => [name, verbs]),
    );
    route = { namespaced, verbs, subresources };
    routes.set(resource, route);
  }
  return route;
}

function idOf(group: string, version: string, resource: string): string {
  return `${group}/${version}/${resource}`;
}
