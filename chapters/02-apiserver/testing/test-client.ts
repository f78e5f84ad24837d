/**
 * A client of an API server in this process, without HTTP: requests are calls. Given.
 *
 * It has the shape of `Client` of the client chapter, so that a component under test does not notice
 * the difference. What tests can do to the requests on their way is `test-api.ts`.
 */

import { fromStatus, type KubernetesObject, newInternalError, type Status } from '#apimachinery';
import type { Connection, Upgrade } from '../connection.ts';
import { isUpgrade } from '../connection.ts';
import type { Answer, Incoming } from '../context.ts';

/** Where a kind is served: a `ResourceType` of the client chapter is one. */
export interface TestResource<T extends KubernetesObject = KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly objects?: T;
}

/** What requests can be told: query parameters by their names, and how to end them. */
interface Options {
  readonly signal?: AbortSignal;
  readonly subresource?: string;
  readonly dryRun?: boolean;
}

interface DeletionOptions extends Options {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

type ListedEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly object: KubernetesObject }
  | { readonly type: 'ERROR'; readonly object: Status };

/** A running watch. */
export interface TestWatch<T> extends AsyncIterable<ListedEvent<T>> {
  stop(): void;
}

interface TestList<T> {
  readonly items: readonly T[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** A client of one resource. */
export interface TestResourceClient<T> {
  get(name: string, options?: Options): Promise<T>;
  list(options?: object): Promise<TestList<T>>;
  watch(options?: object): Promise<TestWatch<T>>;
  create(object: T, options?: Options): Promise<T>;
  update(object: T, options?: Options): Promise<T>;
  updateStatus(object: T, options?: Options): Promise<T>;
  patch(name: string, type: string, patch: unknown, options?: Options): Promise<T>;
  delete(name: string, options?: DeletionOptions): Promise<void>;
  deleteCollection(options?: DeletionOptions, selection?: object): Promise<void>;
}

/** A client of all resources. */
export interface TestClient {
  resource<T extends KubernetesObject>(
    type: TestResource<T>,
    namespace?: string,
  ): TestResourceClient<T>;
}

/** One request, as it is sent to the server. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Takes calls to a server. */
export type Caller = (call: ApiCall) => Promise<Answer>;

/** Calls a server's `handle` as somebody who may do anything. */
export function callerOf(server: {
  handle(
    incoming: Incoming,
    target: { path: string; query: string },
    connection: Connection,
  ): Promise<Answer | Upgrade>;
}): Caller {
  return async ({ method, path, query, contentType, body, signal }) => {
    const headers: Readonly<Record<string, string>> = {
      accept: 'application/json',
      'content-type': contentType,
      'user-agent': 'test-client',
    };
    const incoming: Incoming = {
      method,
      signal,
      headers: {
        get: (name) => headers[name.toLowerCase()] ?? null,
        forEach: (each) => {
          for (const [name, value] of Object.entries(headers)) each(value, name);
        },
      },
      arrayBuffer: async () => encoder.encode(body).buffer as ArrayBuffer,
    };
    const connection: Connection = {
      rawTarget: `${path}?${query}`,
      peerCertificates: [],
      remoteAddress: '127.0.0.1',
      secure: true,
      trusted: true,
    };
    const answer = await server.handle(incoming, { path, query: String(query) }, connection);
    if (isUpgrade(answer)) throw new Error(`${path} answers with another protocol`);
    return answer;
  };
}

const encoder = new TextEncoder();
const NEVER = new AbortController().signal;

/** A client that sends its requests through `call`. */
export function newTestClient(call: Caller): TestClient {
  return {
    resource: (type, namespace = '') => new ResourceCalls(call, type, namespace),
  };
}

class ResourceCalls<T extends KubernetesObject> implements TestResourceClient<T> {
  readonly #call: Caller;
  readonly #base: string;
  readonly #typeMeta: { readonly apiVersion: string; readonly kind: string };

  constructor(call: Caller, type: TestResource<T>, namespace: string) {
    this.#call = call;
    const { group, version, resource } = type;
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const place = type.namespaced && namespace !== '' ? `/namespaces/${namespace}` : '';
    this.#base = `${root}${place}/${resource}`;
    const apiVersion = group === '' ? version : `${group}/${version}`;
    this.#typeMeta = { apiVersion, kind: type.kind };
  }

  get(name: string, options: Options = {}): Promise<T> {
    return this.#json('GET', name, options);
  }

  async list(options: Options = {}): Promise<TestList<T>> {
    const list = await this.#json<TestList<T>>('GET', '', options);
    return { ...list, items: list.items.map(deepFrozen) };
  }

  async watch(options: Options = {}): Promise<TestWatch<T>> {
    const ended = new AbortController();
    const end = () => ended.abort();
    options.signal?.addEventListener('abort', end, { once: true });
    if (options.signal?.aborted) end();
    const all = { ...options, watch: true, signal: ended.signal };
    const { body } = await this.#send('GET', '', all, undefined, 'application/json');
    if (!(body instanceof ReadableStream))
      throw new Error(`${this.#base}: the watch has no events`);
    const done = () => {
      options.signal?.removeEventListener('abort', end);
      end();
    };
    return { stop: done, [Symbol.asyncIterator]: () => eventsOf<T>(body, ended.signal, done) };
  }

  create(object: T, options: Options = {}): Promise<T> {
    const name = options.subresource ? (object.metadata?.name ?? '') : '';
    return this.#json('POST', name, options, this.#typed(object, options));
  }

  update(object: T, options: Options = {}): Promise<T> {
    const name = object.metadata?.name ?? '';
    return this.#json('PUT', name, options, this.#typed(object, options));
  }

  updateStatus(object: T, options: Options = {}): Promise<T> {
    return this.update(object, { ...options, subresource: 'status' });
  }

  patch(name: string, type: string, patch: unknown, options: Options = {}): Promise<T> {
    const suffix = type === 'apply-patch' ? 'yaml' : 'json';
    return this.#json('PATCH', name, options, patch, `application/${type}+${suffix}`);
  }

  async delete(name: string, options: DeletionOptions = {}): Promise<void> {
    await this.#json('DELETE', name, { signal: options.signal }, deleteOptions(options));
  }

  async deleteCollection(options: DeletionOptions = {}, selection: object = {}): Promise<void> {
    await this.#json(
      'DELETE',
      '',
      { ...selection, signal: options.signal },
      deleteOptions(options),
    );
  }

  /** Objects may leave out what they are; a subresource's say it themselves. */
  #typed(object: T, { subresource }: Options): object {
    return subresource === undefined || subresource === 'status'
      ? { ...this.#typeMeta, ...object }
      : object;
  }

  async #json<R>(
    method: string,
    name: string,
    options: Options,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<R> {
    const answer = await this.#send(method, name, options, body, contentType);
    return JSON.parse(await textOf(answer.body)) as R;
  }

  async #send(
    method: string,
    name: string,
    options: Options,
    body: unknown,
    contentType: string,
  ): Promise<Answer> {
    const { signal = NEVER, subresource, ...parameters } = options;
    signal.throwIfAborted();
    const path = [this.#base, name, subresource ?? ''].filter((part) => part !== '').join('/');
    const answer = await this.#call({
      method,
      path,
      query: queryOf(parameters),
      contentType,
      body: body === undefined ? '' : JSON.stringify(body),
      signal,
    });
    signal.throwIfAborted();
    if (answer.status < 400) return answer;
    const status = JSON.parse(await textOf(answer.body)) as Status;
    throw status.kind === 'Status' ? fromStatus(status) : newInternalError(new Error(path));
  }
}

function queryOf(parameters: object): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue;
    query.set(name, name === 'dryRun' ? 'All' : String(value));
  }
  if (query.get('dryRun') === 'All' && !('dryRun' in parameters && parameters.dryRun)) {
    query.delete('dryRun');
  }
  return query;
}

function deleteOptions({ signal: _, dryRun, ...rest }: DeletionOptions): object {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...rest,
    ...(dryRun && { dryRun: ['All'] }),
  };
}

async function textOf(body: Answer['body']): Promise<string> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  return text;
}

/** The server sends an event a chunk, so that nothing has to be put together here. */
async function* eventsOf<T>(
  body: ReadableStream<Uint8Array>,
  ended: AbortSignal,
  done: () => void,
): AsyncGenerator<ListedEvent<T>, void> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      if (ended.aborted) return;
      yield deepFrozen(JSON.parse(decoder.decode(chunk)) as ListedEvent<T>);
    }
  } finally {
    done();
  }
}

/** What comes from lists and watches goes into caches: who changes it there finds out at once. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFrozen(inner);
  return Object.freeze(value);
}
