/**
 * What a client must know of a kind of object to find it in the API. Given.
 *
 * The built-in kinds' are in `resource-types.ts`; who serves a kind of their own writes one more.
 */

import { apiVersionOf, type GroupResource, type KubernetesObject } from '#apimachinery';

/** A kind of object and where it is served. `T` is what its objects look like. */
export interface ResourceType<T extends KubernetesObject = KubernetesObject> {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in URLs: `pods`. */
  readonly resource: string;
  /** Objects in lists do not say what they are: it is this. */
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never there; it ties the type of the objects to the type of the resource. */
  readonly objects?: T;
}

/** For error messages and metrics: `deployments.apps`. */
export function groupResourceOf(type: ResourceType): GroupResource {
  return { group: type.group, resource: type.resource };
}

/** What an object of this kind says it is: `{ apiVersion: 'apps/v1', kind: 'Deployment' }`. */
export function typeMetaOf(type: ResourceType): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(type), kind: type.kind };
}
