/**
 * A real API server in this process, without network, certificates and permissions, and a client
 * that a test can interfere with. Given.
 *
 * Everything the API does (defaults, validation, generations, finalizers, graceful deletion, quotas)
 * it does here, on whatever clock it gets. The client's shape is in `test-client.ts`.
 */

import { type Clock, newServiceUnavailable, type Random, silentLogger } from '#apimachinery';
import type { Answer } from '../context.ts';
import { DEFAULT_LIMITS } from '../filters/limits.ts';
import { noDescriptions } from '../openapi/descriptions.ts';
import { requestInfo } from '../request-info.ts';
import { ApiServer } from '../server.ts';
import type { ApiServerOptions } from '../server-options.ts';
import { newStore, openMemoryStorage } from '../storage/open-storage.ts';
import {
  type ApiCall,
  type Caller,
  callerOf,
  newTestClient,
  type TestClient,
  type TestResource,
} from './test-client.ts';

/** What a test learns of a request. */
export interface ApiRequest {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection` */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** `''` when it is about the object itself. */
  readonly subresource: string;
  readonly namespace: string;
  /** `''` for lists, watches, and the creation of objects. */
  readonly name: string;
  /** The body, parsed; `undefined` when there is none. */
  readonly body: unknown;
}

/**
 * Looks at a request before the server does.
 *
 * @returns nothing to let it through; or a function that gets the answer, for who wants the write to
 * happen and its answer to be lost
 * @throws what the caller gets instead of an answer; the server never sees the request
 */
export type Interceptor = (request: ApiRequest) => undefined | (() => void) | Promise<void>;

/** An API server under test. */
export interface TestApi {
  /** For the component under test: its requests can be looked at, held up and refused. */
  readonly client: TestClient;
  /** For the test itself: its requests are never interfered with nor recorded. */
  readonly admin: TestClient;
  /** What `client` has asked to write so far, in order; a test may empty it. */
  readonly writes: ApiRequest[];
  /** Everything `client` has asked for so far, reads as well. */
  readonly requests: ApiRequest[];
  /** @returns what ends the interception */
  intercept(interceptor: Interceptor): () => void;
  /** From now on `client`'s watches say nothing, so that caches are stale; ends with the call of what is returned. */
  holdWatches(): () => void;
  /** Ends `client`'s watches as a lost connection does: their consumers get an error. */
  cutWatches(): void;
  /** Makes a namespace with the service account that its pods run as. */
  addNamespace(name: string): Promise<void>;
  /** Lets all history go, so that old resourceVersions are expired. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** What a test API is made with. */
export interface TestApiOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** More or other options of the server. */
  readonly server?: Partial<ApiServerOptions>;
}

/**
 * Starts an API server in memory with the namespaces every cluster has, and in `default` a service
 * account, so that pods can be made.
 */
export async function newTestApi({
  clock,
  random,
  server: special,
}: TestApiOptions): Promise<TestApi> {
  const memory = await openMemoryStorage({ clock: unhurried(clock), random });
  const store = newStore(memory.client, clock);
  const server = newTestServer({ clock, random, store, ...special });
  await server.start(new AbortController().signal);
  const direct = callerOf(server);
  const admin = newTestClient(direct);
  const addAccount = async (namespace: string): Promise<void> => {
    await admin.resource(SERVICE_ACCOUNTS, namespace).create({ metadata: { name: 'default' } });
  };
  await addAccount('default');
  const seam = new Seam(direct);
  return {
    client: newTestClient((call) => seam.pass(call)),
    admin,
    writes: seam.writes,
    requests: seam.requests,
    intercept: (interceptor) => seam.intercept(interceptor),
    holdWatches: () => seam.hold(),
    cutWatches: () => seam.cut(),
    addNamespace: async (name) => {
      await admin.resource(NAMESPACES).create({ metadata: { name } });
      await addAccount(name);
    },
    compact: async () => {
      const { header } = await memory.client.range({ key: '/' });
      await memory.compact(header.revision);
    },
    stop: async () => {
      await server.stop();
      await memory.stop();
    },
  };
}

/**
 * An API server as the one of a test API, on a store of one's own; nothing runs before its `start`.
 *
 * @param options - what it needs, and more or other options of the server
 */
export function newTestServer(
  options: Pick<ApiServerOptions, 'clock' | 'random' | 'store'> & Partial<ApiServerOptions>,
): ApiServer {
  return new ApiServer({ ...optionsOf(options, options.store), ...options });
}

const HOUSEKEEPING_MS = 10_000;

/** etcd looks after its leases many times a second. Here it takes its time, so that hours cost less. */
function unhurried(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    after: (ms, callback) => clock.after(ms > 0 ? Math.max(ms, HOUSEKEEPING_MS) : 0, callback),
  };
}

const SERVICE_ACCOUNTS: TestResource = {
  group: '',
  version: 'v1',
  resource: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
const NAMESPACES: TestResource = {
  group: '',
  version: 'v1',
  resource: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

const READS = new Set(['get', 'list', 'watch']);

/** Where a test gets between a client and the server. */
class Seam {
  readonly writes: ApiRequest[] = [];
  readonly requests: ApiRequest[] = [];
  readonly #inner: Caller;
  readonly #interceptors = new Set<Interceptor>();
  readonly #watches = new Set<(why: Error) => void>();
  #holds = 0;
  /** Resolves when nobody holds the watches back any more. */
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(inner: Caller) {
    this.#inner = inner;
  }

  intercept(interceptor: Interceptor): () => void {
    this.#interceptors.add(interceptor);
    return () => this.#interceptors.delete(interceptor);
  }

  hold(): () => void {
    if (this.#holds++ === 0) {
      this.#open = new Promise((resolve) => {
        this.#release = resolve;
      });
    }
    let isHeld = true;
    return () => {
      if (isHeld && --this.#holds === 0) this.#release();
      isHeld = false;
    };
  }

  cut(): void {
    for (const end of [...this.#watches]) end(new Error('the connection was lost'));
  }

  async pass(call: ApiCall): Promise<Answer> {
    const request = requestOf(call);
    this.requests.push(request);
    if (!READS.has(request.verb)) this.writes.push(request);
    const after: (() => void)[] = [];
    for (const interceptor of [...this.#interceptors]) {
      const then = await interceptor(request);
      if (then) after.push(then);
    }
    const answer = await this.#inner(call);
    for (const then of after) then();
    if (request.verb !== 'watch' || !(answer.body instanceof ReadableStream)) return answer;
    return { ...answer, body: this.#held(answer.body) };
  }

  /** The same events, but none while watches are held. */
  #held(events: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = events.getReader();
    let end = (_why: Error): void => {};
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          end = (why) => {
            this.#watches.delete(end);
            controller.error(why);
            reader.cancel(why).catch(() => {});
          };
          this.#watches.add(end);
        },
        pull: async (controller) => {
          const { value, done } = await reader.read();
          while (this.#holds > 0) await this.#open;
          if (!this.#watches.has(end)) return;
          if (value) controller.enqueue(value);
          if (!done) return;
          this.#watches.delete(end);
          controller.close();
        },
        cancel: async (why) => {
          this.#watches.delete(end);
          await reader.cancel(why);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

function requestOf({ method, path, query, body }: ApiCall): ApiRequest {
  const info = requestInfo(method, path, query);
  const { verb, apiGroup, resource, subresource, namespace, name } = info;
  const parsed: unknown = body === '' ? undefined : JSON.parse(body);
  return { verb, group: apiGroup, resource, subresource, namespace, name, body: parsed };
}

function optionsOf(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  store: ApiServerOptions['store'],
): ApiServerOptions {
  const nobody = (what: string) => () =>
    Promise.reject(newServiceUnavailable(`there is no ${what}`));
  let audited = 0;
  return {
    clock,
    random,
    store,
    log: silentLogger,
    parsers: JSON_ONLY,
    descriptions: noDescriptions,
    serviceClusterIpRange: '10.96.0.0/12',
    serviceNodePortRange: { first: 30000, last: 32767 },
    advertiseAddress: '192.0.2.1',
    securePort: 6443,
    tokens: [],
    anonymous: true,
    authorizationModes: ['AlwaysAllow'],
    systemObjects: 'namespaces',
    serviceAccounts: {
      issuers: ['https://kubernetes.default.svc'],
      apiAudiences: ['https://kubernetes.default.svc'],
      signer: { algorithm: 'RS256', keyId: 'test', sign: () => new Uint8Array([1]) },
      verifier: { verify: () => false },
    },
    documents: new Map(),
    limits: DEFAULT_LIMITS,
    eventTtlSeconds: 3600,
    audit: { clock, newId: () => `audit-${++audited}` },
    newNodeDialer: () => ({ dial: nobody('node') }),
    addresses: { dial: nobody('network') },
    webhookClient: { call: nobody('webhook') },
  };
}

/** Requests in this process are JSON; YAML (server-side apply) may be JSON too. */
const JSON_ONLY: ApiServerOptions['parsers'] = {
  parseYaml: (text) => JSON.parse(text),
  stringifyYaml: (value) => JSON.stringify(value),
  duplicateFields: () => [],
};
