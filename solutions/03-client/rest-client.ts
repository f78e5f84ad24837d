/**
 * A client of a Kubernetes API over HTTP, or whatever a `Transport` makes of it.
 *
 * Where things are is `resource-path.ts`, how requests are sent `requester.ts`. A transport with
 * certificates comes from `#client/node`.
 */

import { fromStatus, type KubernetesObject } from '#apimachinery';
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
import {
  deleteOptionsBody,
  PATCH_MEDIA_TYPES,
  type QueryOptions,
  queryOf,
} from './request-query.ts';
import { Requester, type RequesterOptions, type RestRequest } from './requester.ts';
import { type RequestTarget, resourcePath } from './resource-path.ts';
import { groupResourceOf, type ResourceType, typeMetaOf } from './resource-type.ts';
import { newResponseWatch } from './response-watch.ts';
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
  const requester = new Requester(options);
  return {
    resource: <T extends KubernetesObject>(type: ResourceType<T>, namespace?: string) =>
      new RestResource<T>(requester, type, namespace),
    raw: (target, { signal } = {}) =>
      requester.send({ method: 'GET', target, accept: '*/*', signal }),
  };
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
  readonly #requester: Requester;
  readonly #type: ResourceType<T>;
  readonly #namespace: string | undefined;

  /** @exercise client/rest-client */
  constructor(requester: Requester, type: ResourceType<T>, namespace: string | undefined) {
    this.#requester = requester;
    this.#type = type;
    this.#namespace = namespace;
  }

  /** @exercise client/rest-client */
  async get(name: string, options: GetOptions = {}): Promise<T> {
    const { subresource, signal, resourceVersion = '' } = options;
    return this.#ask<T>({ method: 'GET', name, subresource, signal, query: { resourceVersion } });
  }

  /** @exercise client/rest-client */
  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const { signal, ...query } = options;
    const list = await this.#ask<Partial<ObjectList<T>>>({ method: 'GET', signal, query });
    return { items: list.items ?? [], metadata: list.metadata ?? { resourceVersion: '' } };
  }

  /**
   * @returns once the head of the answer is there; its body is the stream that `newResponseWatch`
   * makes a watch of
   * @exercise client/rest-client
   */
  async watch(options: WatchOptions = {}): Promise<Watch<T>> {
    const { signal, ...query } = options;
    const request = this.#request({ method: 'GET', signal, query: { ...query, watch: true } });
    return newResponseWatch<T>(await this.#requester.open(request));
  }

  /** @exercise client/rest-client */
  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const { subresource, signal } = options;
    const name = subresource ? (object.metadata?.name ?? '') : undefined;
    const body = this.#withTypeMeta(object, subresource);
    return this.#ask<T>({ method: 'POST', name, subresource, signal, query: options, body });
  }

  /** @exercise client/rest-client */
  async update(object: T, options: WriteOptions = {}): Promise<T> {
    const { subresource, signal } = options;
    const name = object.metadata?.name ?? '';
    const body = this.#withTypeMeta(object, subresource);
    return this.#ask<T>({ method: 'PUT', name, subresource, signal, query: options, body });
  }

  /** @exercise client/rest-client */
  async updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.update(object, { ...options, subresource: 'status' });
  }

  /** @exercise client/rest-client */
  async patch(
    name: string,
    type: PatchType,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const { subresource, signal } = options;
    const contentType = PATCH_MEDIA_TYPES[type];
    const what = { method: 'PATCH', name, subresource, query: options } as const;
    return this.#ask<T>({ ...what, body: patch, contentType, signal });
  }

  /** @exercise client/rest-client */
  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    const { signal } = options;
    const body = deleteOptionsBody(options);
    await this.#requester.send(this.#request({ method: 'DELETE', name, signal, body }));
  }

  /**
   * @param options - a `signal` here ends the request, and so does one in `selection`
   * @exercise client/rest-client
   */
  async deleteCollection(options: DeleteOptions = {}, selection: ListOptions = {}): Promise<void> {
    const signals = [options.signal, selection.signal].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const body = deleteOptionsBody(options);
    await this.#requester.send(this.#request({ method: 'DELETE', signal, query: selection, body }));
  }

  async #ask<R>(call: Call): Promise<R> {
    const request = this.#request(call);
    const text = await this.#requester.send(request);
    return parseAnswer(text, `${request.method} ${request.target}`) as R;
  }

  #request(call: Call): RestRequest {
    const { method, name, subresource, query = {}, signal, body, contentType } = call;
    const type: ResourceType = this.#type;
    const path = resourcePath({ method, type, namespace: this.#namespace, name, subresource });
    return {
      method,
      target: `${path}${queryOf(query)}`,
      accept: 'application/json',
      ...{ body, contentType, signal, name },
      resource: groupResourceOf(type),
    };
  }

  #withTypeMeta(object: T, subresource: string | undefined): T {
    if (subresource && subresource !== 'status') return object;
    const { apiVersion, kind } = typeMetaOf(this.#type);
    return {
      ...object,
      apiVersion: object.apiVersion || apiVersion,
      kind: object.kind || kind,
    };
  }
}

/** What one method asks for. */
interface Call extends Pick<RequestTarget, 'method' | 'name' | 'subresource'> {
  readonly query?: QueryOptions;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param asked - for messages: `GET /api/v1/pods`
 * @throws StatusError when the answer says that it failed, an Error when it says nothing
 */
function parseAnswer(text: string, asked: string): object {
  if (text === '') throw new Error(`${asked}: the answer is empty`);
  const json = parseObject(text);
  if (json === undefined) throw new Error(`${asked}: the answer is no JSON object`);
  const { kind, status } = json as { readonly kind?: unknown; readonly status?: unknown };
  if (kind === 'Status' && status !== 'Success') throw fromStatus(json);
  return json;
}

function parseObject(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
