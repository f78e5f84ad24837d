/**
 * All that makes one kind different from another, as data and small functions. Given: the form.
 *
 * The registry's verbs (`../registry/`) are the same for every kind and ask its `Kind` for the rest.
 * The built-in kinds are the files beside this one, a file for each group; `built-in-kinds.ts` lists
 * them all. A custom resource's `Kind` is made from its definition.
 */

import type { FieldError } from '#apimachinery';
import type { ApiObject } from '../api-object.ts';
import type { ObjectSchema } from '../schema/schema.ts';

/** A kind of object that is stored, in one of its versions. */
export interface Kind {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in URLs: `pods`. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** What is written under `/registry/` when it is not the resource's name: `services/specs`. */
  readonly storagePrefix?: string;
  readonly schema: ObjectSchema;
  /** How a name is checked; what is wrong, in the API's words. */
  readonly nameFaults: (name: string) => string[];
  /** Does `metadata.generation` count changes of what is neither metadata nor status? */
  readonly hasGeneration: boolean;
  readonly subresources: Subresources;
  /** The verbs there are beside get, list, watch, create, update, patch, delete, deletecollection: or fewer. */
  readonly verbs?: readonly string[];

  /** Fills in what was left out; changes the object. */
  setDefaults(object: ApiObject): void;
  /** Takes away what only the server may set, and sets what it sets; changes the object. */
  prepareForCreate?(object: ApiObject): void;
  /** The same before an update; changes `object`. Status has been put back already where it is a subresource. */
  prepareForUpdate?(object: ApiObject, old: ApiObject): void;
  /** Faults of an object to be created. Metadata has been checked already. */
  validate(object: ApiObject): FieldError[];
  /** Faults of a change, those of `validate` included. Metadata has been checked already. */
  validateUpdate(object: ApiObject, old: ApiObject): FieldError[];
  /** Before an update of `/status`: what is not status has been put back already. */
  prepareForStatusUpdate?(object: ApiObject, old: ApiObject): void;
  validateStatusUpdate?(object: ApiObject, old: ApiObject): FieldError[];
  /** May an update create the object when it is not there (Endpoints, Leases, Events)? */
  readonly allowCreateOnUpdate?: boolean;
  /** May a PUT come without a resourceVersion? */
  readonly allowUnconditionalUpdate: boolean;
  /** For how long a new object lives; absent: for ever. */
  readonly ttlSeconds?: number;

  /**
   * For kinds that are deleted gracefully (pods).
   *
   * @param requestedSeconds - from the delete options; absent when they say nothing
   * @returns the seconds it gets; 0 to go at once
   */
  gracePeriodSeconds?(object: ApiObject, requestedSeconds: number | undefined): number;
  /** What a deletion without `propagationPolicy` does with dependents. */
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** Things worth a `Warning` header on create and update. */
  warnings?(object: ApiObject): string[];
}

export interface Subresources {
  readonly status?: boolean;
  /** Where `/scale` finds its numbers, as JSON paths without the first dot: `spec.replicas`. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    /** Of a `LabelSelector`, or of a selector's text. */
    readonly selectorPath?: string;
  };
}
