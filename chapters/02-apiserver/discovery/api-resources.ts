/**
 * A resource as discovery tells it, in the old form and in the aggregated one. Given.
 *
 * @see k8s.io/apiserver/pkg/endpoints/installer.go (0.33), ConvertGroupVersionIntoToDiscovery
 */

import type { GroupVersionKind } from '#apimachinery';
import type { ServedResource } from '../served-resources.ts';
import { sha256 } from './sha256.ts';

/** An entry of an APIResourceList; a subresource is one of its own: `pods/log`. */
export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  /** Where it is not the list's. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

/** The resource and its subresources, by name. */
export function apiResourcesOf(resource: ServedResource): ApiResource[] {
  const { namespaced, kind, singular, shortNames, categories } = resource;
  const main: ApiResource = {
    name: resource.resource,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...resource.verbs].sort(),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(resource.kindOf && { storageVersionHash: storageVersionHash(resource) }),
  };
  return [main, ...subresourcesOf(resource)];
}

function subresourcesOf(resource: ServedResource): ApiResource[] {
  return sortedSubresources(resource).map(([name, { verbs, gvk }]) => {
    const isForeign = gvk.group !== resource.group || gvk.version !== resource.version;
    return {
      name: `${resource.resource}/${name}`,
      singularName: '',
      namespaced: resource.namespaced,
      ...(isForeign && { group: gvk.group, version: gvk.version }),
      kind: gvk.kind,
      verbs: [...verbs].sort(),
    };
  });
}

function sortedSubresources({ subresources }: ServedResource) {
  return [...subresources].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Says without saying it which version is stored: eight bytes in base64. */
function storageVersionHash({ group, version, kind, kindOf }: ServedResource): string {
  const stored: GroupVersionKind = kindOf?.storageVersion ?? { group, version, kind };
  const bytes = sha256(`${stored.group}/${stored.version}/${stored.kind}`).slice(0, 8);
  return btoa(String.fromCharCode(...bytes));
}

/** The same, as an entry of an APIGroupDiscoveryList. */
export function resourceDiscoveryOf(resource: ServedResource): object {
  const { group, version, kind, namespaced, singular, shortNames, categories } = resource;
  const subresources = sortedSubresources(resource).map(([name, { verbs, gvk }]) => ({
    subresource: name,
    responseKind: responseKind(gvk),
    verbs: [...verbs].sort(),
  }));
  return {
    resource: resource.resource,
    responseKind: responseKind({ group, version, kind }),
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: [...resource.verbs].sort(),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}

function responseKind({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}
