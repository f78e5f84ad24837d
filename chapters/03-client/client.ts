/**
 * A client of a Kubernetes API, as everything above it sees one. Given: the types.
 *
 * Over HTTP it is `rest-client.ts`; in tests it is whatever answers like an API server.
 */

import type { KubernetesObject } from '#apimachinery';
import type { ResourceType } from './resource-type.ts';
import type { ListerWatcher, ListOptions } from './watch-event.ts';

/** A client of all resources. */
export interface Client {
  /**
   * The client of one resource.
   *
   * @param namespace - the one it works in. Left out or `''`: of a namespaced resource it can only
   * list and watch, over all namespaces
   */
  resource<T extends KubernetesObject>(
    type: ResourceType<T>,
    namespace?: string,
  ): ResourceClient<T>;
}

/** What any request can be told. */
export interface RequestOptions {
  /** Ends the request: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a get can be told. */
export interface GetOptions extends RequestOptions {
  /** `scale`: then what comes back is of that kind. */
  readonly subresource?: string;
  readonly resourceVersion?: string;
}

/** What a write can be told. */
export interface WriteOptions extends RequestOptions {
  /** `status`, `scale`, `binding`, …: which part is written. */
  readonly subresource?: string;
  /** Do everything but write. */
  readonly dryRun?: boolean;
  /** Who writes, in `managedFields`. */
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

/** What a patch can be told. */
export interface PatchOptions extends WriteOptions {
  /** For `apply`: take fields over from others. */
  readonly force?: boolean;
}

/** What a deletion can be told. */
export interface DeleteOptions extends RequestOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** How a patch is written, by its media type's middle. */
export type PatchType = 'json-patch' | 'merge-patch' | 'strategic-merge-patch' | 'apply-patch';

/**
 * A client of one resource.
 *
 * @remarks Every method rejects with a `StatusError` when the server refuses, and with another error
 * when there was no answer. What is resolved belongs to the caller, who may change it. With
 * `subresource` the type of what is sent and what comes back is the subresource's.
 */
export interface ResourceClient<T extends KubernetesObject> extends ListerWatcher<T> {
  get(name: string, options?: GetOptions): Promise<T>;
  /** With `subresource`, `object.metadata.name` says of whom; the result is what was answered. */
  create(object: T, options?: WriteOptions): Promise<T>;
  /** Replaces the object; with a `resourceVersion`, only if it is still that one (else 409). */
  update(object: T, options?: WriteOptions): Promise<T>;
  /** `update` with the subresource `status`: nothing but the status is written. */
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, type: PatchType, patch: unknown, options?: PatchOptions): Promise<T>;
  /** Resolves when the deletion was accepted; the object may still wait for its finalizers. */
  delete(name: string, options?: DeleteOptions): Promise<void>;
  /** Deletes all that `selection` lists. */
  deleteCollection(options?: DeleteOptions, selection?: ListOptions): Promise<void>;
}
