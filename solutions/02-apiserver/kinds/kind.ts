/**
 * All that makes one kind different from another, as data and small functions. Given: the form.
 *
 * The registry's verbs (`../registry/`) are the same for every kind and ask its `Kind` for the
 * rest. The built-in kinds are the files beside this one, a file for each group;
 * `built-in-kinds.ts` lists them all. A custom resource's `Kind` is made from its definition.
 */

import type { FieldError, GroupVersionKind } from '#apimachinery';
import type { ApiObject, Json } from '../api-object.ts';
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
  /** Is it defined by a CustomResourceDefinition? */
  readonly isCustom?: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** What is written under `/registry/` when it is not the resource's name: `services/specs`. */
  readonly storagePrefix?: string;
  readonly schema: ObjectSchema;
  /** What a list of them is called, where it is not the kind and `List`. */
  readonly listKind?: string;
  /** The text every request for this version is answered with in a `Warning` header. */
  readonly deprecationWarning?: string;
  /** Fields to select by beside name and namespace, as JSON paths without the first dot: `spec.color`. */
  readonly selectableFields?: readonly string[];
  /** The field that most watches select by, where there is one: `spec.nodeName`. */
  readonly indexedField?: string;
  /** A custom resource's own schema for OpenAPI, as its definition has it (JSON schema). */
  readonly openApiSchema?: Json;
  /** A custom resource's columns in tables, beside its name; absent: its age alone. */
  readonly printerColumns?: readonly PrinterColumn[];
  /** How a name is checked; what is wrong, in the API's words. */
  readonly nameFaults: (name: string) => string[];
  /** Does `metadata.generation` count changes of what is neither metadata nor status? */
  readonly hasGeneration: boolean;
  readonly subresources: Subresources;
  /** The verbs there are beside get, list, watch, create, update, patch, delete, deletecollection: or fewer. */
  readonly verbs?: readonly string[];

  /**
   * For kinds that know what they know better than `schema` says it (custom resources): takes away
   * what is unknown, and tells the paths. Decoding asks it instead of `schema`, and leaves types to
   * `validate`.
   */
  pruneUnknown?(object: ApiObject): string[];
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
  /** Is there something beside `metadata.finalizers` to wait for (a namespace's own finalizers)? */
  isHeldBack?(object: ApiObject): boolean;
  /** Changes an object that is marked to be deleted for the first time (a namespace's phase). */
  prepareForDelete?(object: ApiObject): void;
  /** What a deletion without `propagationPolicy` does with dependents. */
  readonly defaultPropagation?: 'Background' | 'Orphan';
  /** Things worth a `Warning` header on create and update. */
  warnings?(object: ApiObject): string[];

  /**
   * For a version in which nothing is stored: which one is. `schema` and `setDefaults` are about
   * this version's form; `prepareFor…`, `validate…` and `warnings` get the stored form, after
   * `toStorage`. `versions.ts` makes of the two the kind that the registry's verbs work on.
   */
  readonly storageVersion?: GroupVersionKind;
  /** This version's form of an object, in the stored form: a fresh copy. */
  toStorage?(object: ApiObject): ApiObject;
  /** What is stored, in this version's form: a fresh copy. */
  fromStorage?(stored: ApiObject): ApiObject;
}

/** One column of a custom resource's table, as its definition has it. */
export interface PrinterColumn {
  readonly name: string;
  /** `string`, `integer`, `number`, `boolean` or `date`. */
  readonly type: string;
  /** Kubernetes' simple JSONPath: `.spec.replicas`. */
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  /** 0 is always shown, anything above with `-o wide`. */
  readonly priority?: number;
}

export interface Subresources {
  readonly status?: boolean;
  /** `/approval`, of certificate signing requests alone: see `certificates/approval.ts`. */
  readonly approval?: boolean;
  /** Where `/scale` finds its numbers, as JSON paths without the first dot: `spec.replicas`. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    /** Of a `LabelSelector`, or of a selector's text. */
    readonly selectorPath?: string;
  };
}
