/**
 * A client of a Kubernetes API over HTTP, or whatever a `Transport` makes of it.
 *
 * Where things are is `resource-path.ts`, how requests are sent `requester.ts`. A transport with
 * certificates comes from `#client/node`.
 */

import type { KubernetesObject } from '#apimachinery';
import { NotImplemented } from '#not-implemented';
import type {
  Client,
  DeleteOptions,
  GetOptions,
  PatchOptions,
  PatchType,
  RequestOptions,
  ResourceClient,
  WriteOptions,
} from './client.ts';
import { Requester, type RequesterOptions } from './requester.ts';
import type { ResourceType } from './resource-type.ts';
import type { ListOptions, ObjectList, Watch, WatchOptions } from './watch-event.ts';

/** A client of all resources, and of what an API server has besides resources. */
export interface RestClient extends Client {
  /**
   * Gets any path: `/version`, `/healthz`, `/metrics`.
   *
   * @param target - a path, perhaps with a query
   * @returns the answer's text
   * @throws StatusError, as a rejection, and what else requests fail with
   */
  raw(target: string, options?: RequestOptions): Promise<string>;
}

/**
 * Makes a client.
 *
 * @remarks Its resources' clients are {@link RestResource}s that share one {@link Requester}, so that
 * they share its rate. `raw` is a `GET` of the path that accepts any media type.
 * @exercise client/rest-client
 */
export function newRestClient(options: RequesterOptions): RestClient {
  throw new NotImplemented('client/rest-client', 'newRestClient');
}

/**
 * The client of one resource.
 *
 * @remarks
 * | method | request | query | body |
 * |---|---|---|---|
 * | `get` | `GET` the object | `resourceVersion` | |
 * | `list` | `GET` the collection | all of `ListOptions` | |
 * | `watch` | `GET` the collection | `watch=true`, all of `WatchOptions` | |
 * | `create` | `POST` to the collection; with `subresource`, to that of the object | `dryRun`, `fieldManager`, `fieldValidation` | the object |
 * | `update`, `updateStatus` | `PUT` the object | the same | the object |
 * | `patch` | `PATCH` the object | the same and `force` | the patch, as one of `PATCH_MEDIA_TYPES` |
 * | `delete` | `DELETE` the object | | `deleteOptionsBody` |
 * | `deleteCollection` | `DELETE` the collection | all of its `ListOptions` | `deleteOptionsBody` |
 *
 * "The object" is the one whose name was given, or `object.metadata.name`, with its `subresource` if
 * there is one. Queries are what `queryOf` makes. All requests accept `application/json`.
 *
 * An object that does not say what it is (no `apiVersion` or no `kind`) is sent with what is missing,
 * from `typeMetaOf`: objects out of lists are such. But not with a subresource other than `status`,
 * whose objects are of another kind. The caller's object is not changed.
 *
 * What is resolved is the answer's JSON; of a list its `items`, `[]` for none, and its `metadata`, and
 * nothing is added to the items. An answer with a code of success is an error all the same
 *
 * - without a body: `GET <path>: the answer is empty`;
 * - with a body that is no JSON object: `GET <path>: the answer is no JSON object`;
 * - when it is a `Status` and its `status` is not `Success`: then it is a `StatusError`, by
 *   `fromStatus`.
 *
 * (`<path>` is path and query.) Of deletions nothing but the code counts.
 *
 * Every method rejects with what `resourcePath` throws, before anything is sent.
 */
export class RestResource<T extends KubernetesObject> implements ResourceClient<T> {
  // Your state goes here: fields of your own choosing.

  /** @exercise client/rest-client */
  constructor(requester: Requester, type: ResourceType<T>, namespace: string | undefined) {
    throw new NotImplemented('client/rest-client', 'RestResource.constructor');
  }

  /** @exercise client/rest-client */
  async get(name: string, options: GetOptions = {}): Promise<T> {
    throw new NotImplemented('client/rest-client', 'RestResource.get');
  }

  /** @exercise client/rest-client */
  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    throw new NotImplemented('client/rest-client', 'RestResource.list');
  }

  /**
   * @returns once the head of the answer is there; its body is the stream that `newResponseWatch`
   * makes a watch of
   * @exercise client/rest-client
   */
  async watch(options: WatchOptions = {}): Promise<Watch<T>> {
    throw new NotImplemented('client/rest-client', 'RestResource.watch');
  }

  /** @exercise client/rest-client */
  async create(object: T, options: WriteOptions = {}): Promise<T> {
    throw new NotImplemented('client/rest-client', 'RestResource.create');
  }

  /** @exercise client/rest-client */
  async update(object: T, options: WriteOptions = {}): Promise<T> {
    throw new NotImplemented('client/rest-client', 'RestResource.update');
  }

  /** @exercise client/rest-client */
  async updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    throw new NotImplemented('client/rest-client', 'RestResource.updateStatus');
  }

  /** @exercise client/rest-client */
  async patch(
    name: string,
    type: PatchType,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    throw new NotImplemented('client/rest-client', 'RestResource.patch');
  }

  /** @exercise client/rest-client */
  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    throw new NotImplemented('client/rest-client', 'RestResource.delete');
  }

  /**
   * @param options - a `signal` here ends the request, and so does one in `selection`
   * @exercise client/rest-client
   */
  async deleteCollection(options: DeleteOptions = {}, selection: ListOptions = {}): Promise<void> {
    throw new NotImplemented('client/rest-client', 'RestResource.deleteCollection');
  }
}
