/**
 * Objects without all that is not metadata, for clients that need no more. Given.
 */

import type { ApiObject } from '../api-object.ts';

const API_VERSION = 'meta.k8s.io/v1';

/** An object's metadata, as an object of its own. */
export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: string;
  readonly metadata: ApiObject['metadata'];
}

/** @param object - its metadata is not copied */
export function partialMetadata(object: ApiObject): PartialObjectMetadata {
  return { kind: 'PartialObjectMetadata', apiVersion: API_VERSION, metadata: object.metadata };
}

/** @param metadata - the list's: `resourceVersion`, `continue` and the like */
export function partialMetadataList(objects: readonly ApiObject[], metadata: object): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: API_VERSION,
    metadata,
    items: objects.map(partialMetadata),
  };
}
