import {
  FakeClock,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubernetesObject,
  newConflict,
  newExpired,
  newNotFound,
  newTooManyRequests,
  type Pod,
} from '#apimachinery';
import {
  CLUSTER_ROLES,
  CONFIG_MAPS,
  DEFAULT_BURST,
  DEPLOYMENTS,
  InvalidRequestError,
  MAX_RETRIES,
  NODES,
  newRestClient,
  PODS,
  RESET_RETRY_SECONDS,
  type RequesterOptions,
  RequestTimeoutError,
  type ResourceClient,
  type RestClient,
  type Watch,
  type WatchEvent,
} from '#client';
import {
  countListeners,
  describe,
  expect,
  fc,
  it,
  newLogBook,
  property,
  refusalOf,
  settle,
} from '#kit';

const SERVER = 'https://server.test:6443';
const second = 1000;
const pods = { group: '', resource: 'pods' };

const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', resourceVersion: '5' },
});

/** A response's body that a test writes, and what its reader does to it. */
class Body {
  readonly stream: ReadableStream<Uint8Array>;
  cancelled = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.cancelled = true;
      },
    });
  }

  send(text: string): this {
    this.#controller?.enqueue(new TextEncoder().encode(text));
    return this;
  }

  end(): this {
    this.#controller?.close();
    return this;
  }

  fail(error: unknown): this {
    this.#controller?.error(error);
    return this;
  }
}

/** One request as the server saw it. */
interface Sent {
  readonly method: string;
  /** Without the server and the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  /** The body, out of its JSON. */
  readonly body: unknown;
  readonly atMs: number;
  readonly signal: AbortSignal | null | undefined;
}

/** How one request is answered: not at all but when it is aborted, or not even then. */
type Answer = Response | Error | 'silent' | 'deaf' | Promise<Response>;

/** An answer in JSON. */
function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function tryAgain(seconds: string, status = 429): Response {
  const error = newTooManyRequests('slow down', 1).toStatus();
  return json(error, status, { 'retry-after': seconds });
}

const reset = (code = 'ECONNRESET') =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('read'), { code }) });

/** A server that answers as it was told, in order, and a client of it. */
function newSetting(options: Partial<RequesterOptions> = {}) {
  const clock = new FakeClock();
  const log = newLogBook();
  const requests: Sent[] = [];
  const answers: Answer[] = [];
  const transport = async (url: string, init: RequestInit = {}): Promise<Response> => {
    requests.push(readRequest(url, init, clock.monotonic()));
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`no more requests were expected: ${url}`);
    if (answer === 'deaf') return new Promise(() => {});
    if (answer === 'silent') return untilAborted(init.signal);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client = newRestClient({ transport, server: SERVER, clock, log, ...options });
  const abort = new AbortController();
  const listeners = countListeners(abort.signal);
  return {
    clock,
    log,
    requests,
    client,
    pods: client.resource(PODS, 'default'),
    signal: abort.signal,
    abort: (reason?: unknown) => abort.abort(reason),
    answer: (...more: Answer[]) => void answers.push(...more),
    /** Timers and listeners; both are 0 when a request is over. */
    left: () => ({ timers: clock.pendingTimers, listeners: listeners.size }),
  };
}

const nothing = { timers: 0, listeners: 0 };

function readRequest(url: string, init: RequestInit, atMs: number): Sent {
  const { origin, pathname, searchParams } = new URL(url);
  expect(origin).toBe(SERVER);
  return {
    method: init.method ?? 'GET',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: new Headers(init.headers),
    body: init.body === undefined || init.body === null ? undefined : JSON.parse(String(init.body)),
    atMs,
    signal: init.signal,
  };
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new Error('This operation was aborted'));
    if (signal?.aborted) fail();
    signal?.addEventListener('abort', fail, { once: true });
  });
}

/** What became of a promise by now: its value, the error, or `waits`. */
async function now(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = 'waits';
  promise.then(
    (value) => {
      result = value ?? 'nothing';
    },
    (error: unknown) => {
      result = error;
    },
  );
  await settle();
  return result;
}

async function readAll<T extends KubernetesObject>(watch: Watch<T>): Promise<WatchEvent<T>[]> {
  const events: WatchEvent<T>[] = [];
  for await (const event of watch) events.push(event);
  return events;
}

describe('where a request goes', () => {
  const cases: [name: string, ask: (client: RestClient) => Promise<unknown>, asked: string][] = [
    [
      'an object of the core group',
      (client) => client.resource(PODS, 'default').get('web'),
      'GET /api/v1/namespaces/default/pods/web',
    ],
    [
      'an object of a named group',
      (client) => client.resource(DEPLOYMENTS, 'shop').get('web'),
      'GET /apis/apps/v1/namespaces/shop/deployments/web',
    ],
    [
      'an object of the cluster',
      (client) => client.resource(NODES).get('n1'),
      'GET /api/v1/nodes/n1',
    ],
    [
      'an object of the cluster, whatever namespace is said',
      (client) => client.resource(NODES, 'default').get('n1'),
      'GET /api/v1/nodes/n1',
    ],
    [
      'a name that must be escaped',
      (client) => client.resource(CLUSTER_ROLES).get('system:a b?c#d'),
      'GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aa%20b%3Fc%23d',
    ],
    [
      'a list in a namespace',
      (client) => client.resource(PODS, 'default').list(),
      'GET /api/v1/namespaces/default/pods',
    ],
    ['a list over all namespaces', (client) => client.resource(PODS).list(), 'GET /api/v1/pods'],
    [
      'a list over all namespaces, whose name is empty',
      (client) => client.resource(PODS, '').list(),
      'GET /api/v1/pods',
    ],
    [
      'a creation',
      (client) => client.resource(PODS, 'default').create(pod('web')),
      'POST /api/v1/namespaces/default/pods',
    ],
    [
      'the creation of a subresource',
      (client) => client.resource(PODS, 'default').create(pod('web'), { subresource: 'binding' }),
      'POST /api/v1/namespaces/default/pods/web/binding',
    ],
    [
      'an update',
      (client) => client.resource(PODS, 'default').update(pod('web')),
      'PUT /api/v1/namespaces/default/pods/web',
    ],
    [
      'an update of a subresource',
      (client) => client.resource(PODS, 'default').update(pod('web'), { subresource: 'scale' }),
      'PUT /api/v1/namespaces/default/pods/web/scale',
    ],
    [
      'an update of the status',
      (client) => client.resource(PODS, 'default').updateStatus(pod('web')),
      'PUT /api/v1/namespaces/default/pods/web/status',
    ],
    [
      'a patch',
      (client) => client.resource(PODS, 'default').patch('web', 'merge-patch', {}),
      'PATCH /api/v1/namespaces/default/pods/web',
    ],
    [
      'a patch of a subresource',
      (client) => client.resource(NODES).patch('n1', 'merge-patch', {}, { subresource: 'status' }),
      'PATCH /api/v1/nodes/n1/status',
    ],
    [
      'a subresource',
      (client) => client.resource(DEPLOYMENTS, 'default').get('web', { subresource: 'scale' }),
      'GET /apis/apps/v1/namespaces/default/deployments/web/scale',
    ],
    [
      'a deletion',
      (client) => client.resource(PODS, 'default').delete('web'),
      'DELETE /api/v1/namespaces/default/pods/web',
    ],
    [
      'the deletion of a collection',
      (client) => client.resource(PODS, 'default').deleteCollection(),
      'DELETE /api/v1/namespaces/default/pods',
    ],
  ];
  for (const [index, [name, ask, asked]] of cases.entries()) {
    (index === 0 ? it.core : it)(name, async () => {
      const { client, requests, answer } = newSetting();
      answer(json({ metadata: {} }));
      await ask(client);
      expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([asked]);
    });
  }

  it('is behind the path of the server', async () => {
    const { client, requests, answer } = newSetting({ server: `${SERVER}/clusters/one/` });
    answer(json({}), new Response('ok'));
    await client.resource(NODES).get('n1');
    await client.raw('/healthz');
    expect(requests.map(({ path }) => path)).toEqual([
      '/clusters/one/api/v1/nodes/n1',
      '/clusters/one/healthz',
    ]);
  });
});

describe('what is not sent', () => {
  const inDefault = (ask: (client: ResourceClient<Pod>) => Promise<unknown>) => (all: RestClient) =>
    ask(all.resource(PODS, 'default'));
  const inNone = (ask: (client: ResourceClient<Pod>) => Promise<unknown>) => (all: RestClient) =>
    ask(all.resource(PODS));
  const noName = 'resource name may not be empty';
  const withName = 'an empty namespace may not be set when a resource name is provided';
  const cases: [name: string, ask: (client: RestClient) => Promise<unknown>, message: string][] = [
    ['a get of no name', inDefault((all) => all.get('')), noName],
    ['a patch of no name', inDefault((all) => all.patch('', 'merge-patch', {})), noName],
    ['a deletion of no name', inDefault((all) => all.delete('')), noName],
    [
      'an update of an object without a name',
      inDefault((all) => all.update({ metadata: {} })),
      noName,
    ],
    ['an update of an object without metadata', inDefault((all) => all.updateStatus({})), noName],
    [
      'a binding of no pod',
      inDefault((all) => all.create({ metadata: {} }, { subresource: 'binding' })),
      noName,
    ],
    [
      'a name with a slash',
      inDefault((all) => all.get('a/b')),
      `invalid resource name "a/b": [may not contain '/']`,
    ],
    [
      'a name with a percent sign',
      inDefault((all) => all.delete('a%2fb')),
      `invalid resource name "a%2fb": [may not contain '%']`,
    ],
    [
      'a name with both',
      inDefault((all) => all.get('%/')),
      `invalid resource name "%/": [may not contain '/' may not contain '%']`,
    ],
    [
      'one point for a name',
      inDefault((all) => all.get('.')),
      `invalid resource name ".": [may not be '.']`,
    ],
    [
      'two points for a name',
      inDefault((all) => all.get('..')),
      `invalid resource name "..": [may not be '..']`,
    ],
    [
      'a subresource with a slash',
      inDefault((all) => all.get('a', { subresource: 'proxy/x' })),
      `invalid subresource "proxy/x": [may not contain '/']`,
    ],
    [
      'a namespace with a slash',
      (all) => all.resource(PODS, 'a/b').list(),
      `invalid namespace "a/b": [may not contain '/']`,
    ],
    [
      'two points for a namespace',
      (all) => all.resource(PODS, '..').get('a'),
      `invalid namespace "..": [may not be '..']`,
    ],
    [
      'a bad namespace and no name',
      (all) => all.resource(PODS, '.').get(''),
      `invalid namespace ".": [may not be '.']`,
    ],
    [
      'a creation without a namespace',
      inNone((all) => all.create(pod('a'))),
      'an empty namespace may not be set during creation',
    ],
    ['a get without a namespace', inNone((all) => all.get('a')), withName],
    ['an update without a namespace', inNone((all) => all.update(pod('a'))), withName],
    ['a patch without a namespace', inNone((all) => all.patch('a', 'merge-patch', {})), withName],
    ['a deletion without a namespace', inNone((all) => all.delete('a')), withName],
    [
      'a binding without a namespace',
      inNone((all) => all.create(pod('a'), { subresource: 'binding' })),
      withName,
    ],
    [
      'the deletion of all there is',
      inNone((all) => all.deleteCollection()),
      'an empty namespace may not be set when a collection is deleted',
    ],
    ['neither name nor namespace', inNone((all) => all.get('')), noName],
  ];
  for (const [name, ask, message] of cases) {
    it(name, async () => {
      const { client, requests } = newSetting();
      const error = await refusalOf(ask(client));
      expect(error).toMatchObject({ name: 'InvalidRequestError', message });
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(requests).toEqual([]);
    });
  }
});

describe('queries', () => {
  const cases: [
    name: string,
    ask: (client: ResourceClient<Pod>) => Promise<unknown>,
    query: Record<string, string>,
  ][] = [
    ['of a plain get are empty', (all) => all.get('a'), {}],
    [
      'of a get say a version',
      (all) => all.get('a', { resourceVersion: '0' }),
      { resourceVersion: '0' },
    ],
    ['of a plain list are empty', (all) => all.list(), {}],
    [
      'of a list say what is wanted',
      (all) =>
        all.list({
          labelSelector: 'app in (a,b),tier!=db',
          fieldSelector: 'spec.nodeName=n1',
          limit: 500,
          continue: 'token+/=',
          resourceVersion: '7',
          resourceVersionMatch: 'NotOlderThan',
        }),
      {
        labelSelector: 'app in (a,b),tier!=db',
        fieldSelector: 'spec.nodeName=n1',
        limit: '500',
        continue: 'token+/=',
        resourceVersion: '7',
        resourceVersionMatch: 'NotOlderThan',
      },
    ],
    [
      'leave out what is empty',
      (all) => all.list({ labelSelector: '', resourceVersion: '', continue: '', limit: 0 }),
      {},
    ],
    [
      'of a creation say who writes and how',
      (all) =>
        all.create(pod('a'), { dryRun: true, fieldManager: 'me', fieldValidation: 'Strict' }),
      { dryRun: 'All', fieldManager: 'me', fieldValidation: 'Strict' },
    ],
    [
      'of an update leave out a dry run that is none',
      (all) => all.update(pod('a'), { dryRun: false }),
      {},
    ],
    [
      'of an update of the status say the same',
      (all) => all.updateStatus(pod('a'), { fieldManager: 'me' }),
      { fieldManager: 'me' },
    ],
    [
      'of an apply say that it takes over',
      (all) => all.patch('a', 'apply-patch', {}, { fieldManager: 'me', force: true }),
      { fieldManager: 'me', force: 'true' },
    ],
    [
      'of a deletion are empty',
      (all) => all.delete('a', { gracePeriodSeconds: 1, dryRun: true }),
      {},
    ],
    [
      'of the deletion of a collection say what is selected',
      (all) => all.deleteCollection({ dryRun: true }, { labelSelector: 'app=a', limit: 5 }),
      { labelSelector: 'app=a', limit: '5' },
    ],
  ];
  for (const [name, ask, query] of cases) {
    it(name, async () => {
      const { pods: all, requests, answer } = newSetting();
      answer(json({ metadata: {} }));
      await ask(all);
      expect(requests[0]?.query).toEqual(query);
    });
  }
});

describe('headers and bodies', () => {
  it.core('carry a new object as JSON', async () => {
    const { pods: all, requests, answer } = newSetting({ userAgent: 'test/1' });
    answer(json(pod('web'), 201));
    expect(await all.create(pod('web'))).toEqual(pod('web'));
    const [sent] = requests;
    expect(sent?.body).toEqual(pod('web'));
    const { headers } = sent as Sent;
    expect([headers.get('content-type'), headers.get('accept'), headers.get('user-agent')]).toEqual(
      ['application/json', 'application/json', 'test/1'],
    );
  });

  it('say who asks when nobody said', async () => {
    const { pods: all, requests, answer } = newSetting();
    answer(json(pod('web')));
    await all.get('web');
    const headers = requests[0]?.headers;
    expect(headers?.get('user-agent')).toBe('kubernetes-from-scratch');
    expect([headers?.get('content-type'), requests[0]?.body]).toEqual([null, undefined]);
  });

  const patches = [
    ['json-patch', 'application/json-patch+json'],
    ['merge-patch', 'application/merge-patch+json'],
    ['strategic-merge-patch', 'application/strategic-merge-patch+json'],
    ['apply-patch', 'application/apply-patch+yaml'],
  ] as const;
  for (const [type, mediaType] of patches) {
    it(`say that a patch is a ${type}`, async () => {
      const { pods: all, requests, answer } = newSetting();
      const patch = [{ op: 'remove', path: '/spec' }];
      answer(json(pod('web')));
      expect(await all.patch('web', type, patch)).toEqual(pod('web'));
      expect([requests[0]?.headers.get('content-type'), requests[0]?.body]).toEqual([
        mediaType,
        patch,
      ]);
    });
  }

  it('say what an object is that does not say it', async () => {
    const { client, requests, answer } = newSetting();
    answer(json({}), json({}), json({}));
    const bare = { metadata: { name: 'web' } };
    const deployments = client.resource(DEPLOYMENTS, 'default');
    await deployments.create(bare);
    await deployments.update(bare);
    await deployments.updateStatus(bare);
    const whole = { apiVersion: 'apps/v1', kind: 'Deployment', ...bare };
    expect(requests.map(({ body }) => body)).toEqual([whole, whole, whole]);
    expect(bare).toEqual({ metadata: { name: 'web' } });
  });

  it('leave an object alone that says what it is', async () => {
    const { client, requests, answer } = newSetting();
    const odd = { apiVersion: 'apps/v1beta1', kind: 'Other', metadata: { name: 'web' } };
    answer(json({}));
    await client.resource(DEPLOYMENTS, 'default').update(odd as never);
    expect(requests[0]?.body).toEqual(odd);
  });

  it('do not say what the object of a subresource is', async () => {
    const { pods: all, requests, answer } = newSetting();
    const eviction = { metadata: { name: 'web' } };
    answer(json({ kind: 'Status', status: 'Success' }, 201));
    expect(await all.create(eviction, { subresource: 'eviction' })).toEqual({
      kind: 'Status',
      status: 'Success',
    });
    expect(requests[0]?.body).toEqual(eviction);
  });

  it('carry the options of a deletion', async () => {
    const { pods: all, requests, answer } = newSetting();
    answer(json({}), json({}), json({}));
    await all.delete('web', {
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'u', resourceVersion: '3' },
      dryRun: true,
    });
    await all.delete('web');
    await all.deleteCollection({ propagationPolicy: 'Orphan' });
    const common = { kind: 'DeleteOptions', apiVersion: 'v1' };
    expect(requests.map(({ body }) => body)).toEqual([
      {
        ...common,
        gracePeriodSeconds: 0,
        propagationPolicy: 'Foreground',
        preconditions: { uid: 'u', resourceVersion: '3' },
        dryRun: ['All'],
      },
      common,
      { ...common, propagationPolicy: 'Orphan' },
    ]);
    expect(requests[0]?.headers.get('content-type')).toBe('application/json');
  });
});

describe('answers', () => {
  it.core('are the objects asked for', async () => {
    const { pods: all, answer } = newSetting();
    answer(json(pod('web')), json({ ...pod('web'), spec: { nodeName: 'n1' } }));
    expect(await all.get('web')).toEqual(pod('web'));
    expect(await all.update(pod('web'))).toEqual({ ...pod('web'), spec: { nodeName: 'n1' } });
  });

  it.core('of lists are items and metadata', async () => {
    const { pods: all, answer } = newSetting();
    const items = [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }];
    const metadata = { resourceVersion: '9', continue: 'more', remainingItemCount: 3 };
    answer(json({ kind: 'PodList', apiVersion: 'v1', metadata, items }));
    expect(await all.list()).toEqual({ items, metadata });
  });

  it('of empty lists have no items', async () => {
    const { pods: all, answer } = newSetting();
    const metadata = { resourceVersion: '9' };
    answer(json({ kind: 'PodList', metadata, items: null }), json({ kind: 'PodList', metadata }));
    expect(await all.list()).toEqual({ items: [], metadata });
    expect(await all.list()).toEqual({ items: [], metadata });
  });

  it('may come in pieces that split a character', async () => {
    const { pods: all, answer } = newSetting();
    const object = { ...pod('web'), metadata: { name: 'web', labels: { drink: 'café' } } };
    const bytes = new TextEncoder().encode(JSON.stringify(object));
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    answer(new Response(stream, { headers: { 'content-type': 'application/json' } }));
    expect(await all.get('web')).toEqual(object);
  });

  it('of deletions are not looked at', async () => {
    const { pods: all, answer } = newSetting();
    answer(
      json(pod('web')),
      new Response(''),
      new Response('fine'),
      new Response(null, { status: 202 }),
    );
    expect(await all.delete('a')).toBeUndefined();
    expect(await all.delete('b')).toBeUndefined();
    expect(await all.deleteCollection()).toBeUndefined();
    expect(await all.delete('c')).toBeUndefined();
  });

  it('without a body are errors', async () => {
    const { pods: all, answer } = newSetting();
    answer(new Response(''));
    expect(await refusalOf(all.get('web'))).toMatchObject({
      message: 'GET /api/v1/namespaces/default/pods/web: the answer is empty',
    });
  });

  for (const text of ['<html></html>', '[]', '7', 'null', '{"kind":']) {
    it(`like ${text} are errors`, async () => {
      const { pods: all, answer } = newSetting();
      answer(new Response(text));
      expect(await refusalOf(all.list({ limit: 5 }))).toMatchObject({
        message: 'GET /api/v1/namespaces/default/pods?limit=5: the answer is no JSON object',
      });
    });
  }

  it('that say they failed are errors, whatever their code', async () => {
    const { pods: all, answer } = newSetting();
    answer(json(newNotFound(pods, 'web').toStatus(), 200));
    expect(isNotFound(await refusalOf(all.get('web')))).toBe(true);
  });

  it('that break off are errors', async () => {
    const { pods: all, answer, left, signal } = newSetting();
    const error = new TypeError('terminated');
    const body = new Body().send('{"kind":');
    answer(new Response(body.stream));
    const got = all.get('web', { signal });
    await settle();
    body.fail(error);
    const found = await refusalOf(got);
    expect(found).toMatchObject({
      message:
        'unexpected error when reading response body. Please retry. Original error: terminated',
    });
    expect((found as Error).cause === error).toBe(true);
    expect(left()).toEqual(nothing);
  });
});

describe('refusals', () => {
  it.core('are what the server says', async () => {
    const { pods: all, answer } = newSetting();
    answer(json(newConflict(pods, 'web', 'it was changed').toStatus(), 409));
    const error = await refusalOf(all.update(pod('web')));
    expect(isConflict(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'StatusError',
      code: 409,
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods "web": it was changed',
      details: { name: 'web', kind: 'pods' },
    });
  });

  it('are believed with a content type that has parameters, or none', async () => {
    const { pods: all, answer } = newSetting();
    const status = JSON.stringify(newNotFound(pods, 'web').toStatus());
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    answer(new Response(status, { status: 404, headers }));
    answer(new Response(new TextEncoder().encode(status), { status: 404 }));
    for (let i = 0; i < 2; i++) {
      expect(await refusalOf(all.get('web'))).toMatchObject({ message: 'pods "web" not found' });
    }
  });

  it('that break off are errors of their own, not refusals', async () => {
    const { pods: all, answer, left, signal } = newSetting();
    const body = new Body().send('{"kind":"Status",');
    answer(new Response(body.stream, { status: 404 }));
    const got = all.get('web', { signal });
    await settle();
    body.fail(new TypeError('terminated'));
    const found = await refusalOf(got);
    expect(found).toMatchObject({
      message:
        'unexpected error when reading response body. Please retry. Original error: terminated',
    });
    expect(isNotFound(found)).toBe(false);
    expect(left()).toEqual(nothing);
  });

  it('may come without a code of their own', async () => {
    const { pods: all, answer } = newSetting();
    answer(json({ kind: 'Status', status: 'Failure', message: 'no', reason: 'Forbidden' }, 403));
    expect(await refusalOf(all.get('web'))).toMatchObject({ code: 403, message: 'no' });
  });

  const unexplained = (code: number, reason: string, message: string, cause = 'unknown') => ({
    name: 'StatusError',
    code,
    reason,
    message,
    details: {
      causes: [{ reason: 'UnexpectedServerResponse', message: cause }],
    },
  });

  const notFoundText = 'the server could not find the requested resource';
  const answersToGet: [name: string, answer: () => Response, error: object][] = [
    [
      'in text are explained',
      () =>
        new Response(' 404 page not found\n', {
          status: 404,
          headers: { 'content-type': 'text/plain' },
        }),
      unexplained(404, 'NotFound', `${notFoundText} (get pods web)`, '404 page not found'),
    ],
    [
      'in HTML are explained',
      () =>
        new Response('<h1>Bad</h1>', {
          status: 502,
          headers: { 'content-type': 'text/html; charset=utf-8' },
        }),
      unexplained(
        502,
        'InternalError',
        'an error on the server ("<h1>Bad</h1>") has prevented the request from succeeding (get pods web)',
        '<h1>Bad</h1>',
      ),
    ],
    [
      'in other JSON are explained, without showing it',
      () => json({ error: 'secret' }, 500),
      unexplained(
        500,
        'InternalError',
        'an error on the server ("unknown") has prevented the request from succeeding (get pods web)',
      ),
    ],
    [
      'in broken JSON are explained',
      () =>
        new Response('{"kind":"Status"', {
          status: 503,
          headers: { 'content-type': 'application/json' },
        }),
      unexplained(
        503,
        'ServiceUnavailable',
        'the server is currently unable to handle the request (get pods web)',
      ),
    ],
    [
      'that say they succeeded are explained by their code',
      () => json({ kind: 'Status', status: 'Success' }, 404),
      unexplained(404, 'NotFound', `${notFoundText} (get pods web)`),
    ],
    [
      'in a Status that says it is text are not believed',
      () =>
        new Response(JSON.stringify({ kind: 'Status', status: 'Failure', message: 'm' }), {
          status: 404,
          headers: { 'content-type': 'text/plain' },
        }),
      unexplained(
        404,
        'NotFound',
        `${notFoundText} (get pods web)`,
        '{"kind":"Status","status":"Failure","message":"m"}',
      ),
    ],
    [
      'that are empty are explained',
      () => new Response(null, { status: 401 }),
      unexplained(
        401,
        'Unauthorized',
        'the server has asked for the client to provide credentials (get pods web)',
        '',
      ),
    ],
    [
      'that are other places are not followed',
      () => new Response(null, { status: 304 }),
      unexplained(
        304,
        '',
        'the server responded with the status code 304 but did not return more information (get pods web)',
        '',
      ),
    ],
  ];
  for (const [name, answerOf, error] of answersToGet) {
    it(name, async () => {
      const { pods: all, answer } = newSetting();
      answer(answerOf());
      expect(await refusalOf(all.get('web'))).toMatchObject(error);
    });
  }

  it('name what was asked: no object for lists, the group, the method', async () => {
    const { client, answer } = newSetting();
    answer(new Response('', { status: 409 }), new Response('', { status: 404 }));
    answer(new Response('', { status: 404 }));
    const deployments = client.resource(DEPLOYMENTS, 'default');
    const created = await refusalOf(deployments.create({ metadata: { name: 'web' } }));
    expect(isAlreadyExists(created)).toBe(true);
    expect(created).toMatchObject({
      message: 'the server reported a conflict (post deployments.apps)',
      details: { group: 'apps', kind: 'deployments' },
    });
    expect(await refusalOf(deployments.list())).toMatchObject({
      message: `${notFoundText} (get deployments.apps)`,
    });
    expect(await refusalOf(client.raw('/nothing'))).toMatchObject({ message: notFoundText });
  });

  it('show no more of a long text than 2048 characters', async () => {
    const { pods: all, answer } = newSetting();
    answer(
      new Response('x'.repeat(5000), { status: 403, headers: { 'content-type': 'text/plain' } }),
    );
    expect(await refusalOf(all.get('web'))).toMatchObject({
      message: `${'x'.repeat(2048)} (get pods web)`,
    });
  });

  it('of transports are given on as they are', async () => {
    const { pods: all, answer, requests, left, signal } = newSetting();
    const error = new TypeError('fetch failed');
    answer(error);
    expect((await refusalOf(all.get('web', { signal }))) === error).toBe(true);
    expect([requests.length, left()]).toEqual([1, nothing]);
  });
});

describe('trying again', () => {
  it.core('comes after as long as the server says', async () => {
    const { pods: all, answer, clock, requests } = newSetting();
    answer(tryAgain('2'), json(pod('web')));
    const got = all.get('web');
    await clock.advance(1999);
    expect(requests.length).toBe(1);
    await clock.advance(1);
    expect(await now(got)).toEqual(pod('web'));
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 2 * second]);
  });

  it('sends a body again', async () => {
    const { pods: all, answer, clock, requests } = newSetting();
    answer(tryAgain('1'), tryAgain('1'), json(pod('web'), 201));
    const created = all.create(pod('web'));
    await clock.advance(2 * second);
    expect(await now(created)).toEqual(pod('web'));
    expect(requests.map(({ method, body }) => [method, body])).toEqual(
      Array.from({ length: 3 }, () => ['POST', pod('web')]),
    );
  });

  for (const status of [429, 500, 503, 504]) {
    it(`comes after ${status} with Retry-After, whatever is asked`, async () => {
      const { pods: all, answer, clock, requests } = newSetting();
      answer(tryAgain('1', status), json({}));
      const deleted = all.delete('web');
      await clock.advance(second);
      expect(await now(deleted)).toBe('nothing');
      expect(requests.length).toBe(2);
    });
  }

  it('comes at once when the server says 0', async () => {
    const { pods: all, answer, clock, requests } = newSetting();
    answer(tryAgain('0'), json(pod('web')));
    const got = all.get('web');
    await clock.advance(0);
    expect(await now(got)).toEqual(pod('web'));
    expect(requests.length).toBe(2);
  });

  const final: [name: string, answer: () => Response][] = [
    ['429 without Retry-After', () => json(newTooManyRequests('no', 1).toStatus(), 429)],
    ['503 without Retry-After', () => new Response('', { status: 503 })],
    ['a Retry-After that is a date', () => tryAgain('Wed, 21 Oct 2015 07:28:00 GMT')],
    ['a Retry-After with a fraction', () => tryAgain('1.5')],
    ['a refusal with Retry-After', () => tryAgain('1', 409)],
  ];
  for (const [name, answerOf] of final) {
    it(`does not come after ${name}`, async () => {
      const { pods: all, answer, requests, left } = newSetting();
      answer(answerOf());
      expect(await now(all.get('web'))).toMatchObject({ name: 'StatusError' });
      expect([requests.length, left()]).toEqual([1, nothing]);
    });
  }

  it('ends after ten times, and the last answer counts', async () => {
    const { pods: all, answer, clock, requests, left } = newSetting();
    answer(...Array.from({ length: 11 }, () => tryAgain('1')));
    const got = refusalOf(all.get('web'));
    await clock.advance(60 * second);
    expect(await now(got)).toMatchObject({ code: 429, message: 'slow down' });
    expect([requests.length, MAX_RETRIES]).toEqual([11, 10]);
    expect(left()).toEqual(nothing);
  });

  it('tells of the seconds when an answer that does not explain itself is the last', async () => {
    const { pods: all, answer, clock } = newSetting();
    const busy = () => new Response('busy', { status: 503, headers: { 'retry-after': '3' } });
    answer(...Array.from({ length: 11 }, busy));
    const got = refusalOf(all.get('web'));
    await clock.advance(60 * second);
    expect(await now(got)).toMatchObject({ code: 503, details: { retryAfterSeconds: 3 } });
  });

  it('lets go of the answer before', async () => {
    const { pods: all, answer, clock } = newSetting();
    const body = new Body().send('an answer without an end');
    answer(new Response(body.stream, { status: 429, headers: { 'retry-after': '1' } }));
    answer(json(pod('web')));
    const got = all.get('web');
    await settle();
    expect(body.cancelled).toBe(true);
    await clock.advance(second);
    expect(await now(got)).toEqual(pod('web'));
  });

  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']) {
    it(`of a get comes a second after a connection that broke (${code})`, async () => {
      const { pods: all, answer, clock, requests } = newSetting();
      answer(reset(code), json({ items: [], metadata: { resourceVersion: '1' } }));
      const listed = all.list();
      await clock.advance(RESET_RETRY_SECONDS * second - 1);
      expect(requests.length).toBe(1);
      await clock.advance(1);
      expect(await now(listed)).toMatchObject({ items: [] });
      expect(RESET_RETRY_SECONDS).toBe(1);
    });
  }

  it('of a write does not come after a connection that broke', async () => {
    const { pods: all, answer, requests } = newSetting();
    for (const write of [
      () => all.create(pod('web')),
      () => all.update(pod('web')),
      () => all.patch('web', 'merge-patch', {}),
      () => all.delete('web'),
    ]) {
      const error = reset();
      answer(error);
      expect((await refusalOf(write())) === error).toBe(true);
    }
    expect(requests.length).toBe(4);
  });

  it('does not come after a connection that was refused', async () => {
    const { pods: all, answer, requests } = newSetting();
    answer(reset('ECONNREFUSED'));
    expect(await now(all.get('web'))).toMatchObject({ message: 'fetch failed' });
    expect(requests.length).toBe(1);
  });

  it('does not come after a body that broke off', async () => {
    const { pods: all, answer, requests } = newSetting();
    const body = new Body().send('{');
    answer(new Response(body.stream));
    const got = refusalOf(all.get('web'));
    await settle();
    body.fail(reset());
    expect(await now(got)).toMatchObject({ message: expect.stringContaining('Please retry') });
    expect(requests.length).toBe(1);
  });

  type Step =
    | { readonly kind: 'busy'; readonly seconds: number }
    | { readonly kind: 'reset' | 'ok' | 'bad' };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('busy' as const), seconds: fc.nat({ max: 30 }) }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: 'reset' as const }) },
    fc.constantFrom({ kind: 'ok' as const }, { kind: 'bad' as const }),
  );
  property(
    'takes as many requests and as long as the answers say',
    fc.array(step, { maxLength: 14 }),
    fc.boolean(),
    async (steps, reads) => {
      const { pods: all, answer, clock, requests, left, signal } = newSetting();
      const script: Step[] = [...steps, { kind: 'ok' }];
      let [elapsedMs, ends] = [0, 0];
      const times: number[] = [];
      for (const [at, one] of script.entries()) {
        times.push(elapsedMs);
        ends = at;
        const again = one.kind === 'busy' || (one.kind === 'reset' && reads);
        if (!again || at === 10) break;
        elapsedMs += one.kind === 'busy' ? one.seconds * second : second;
      }
      answer(
        ...script.map((one) => {
          if (one.kind === 'busy') return tryAgain(String(one.seconds));
          if (one.kind === 'reset') return reset();
          return one.kind === 'ok' ? json(pod('web')) : new Response('', { status: 500 });
        }),
      );
      const asked = reads ? all.get('web', { signal }) : all.update(pod('web'), { signal });
      asked.catch(() => {});
      await clock.advance(elapsedMs);
      const outcome = await now(asked);
      expect(requests.map(({ atMs }) => atMs)).toEqual(times);
      if (script[ends]?.kind === 'ok') expect(outcome).toEqual(pod('web'));
      else expect(outcome).toHaveProperty('message');
      expect(left()).toEqual(nothing);
    },
  );
});

describe('the rate', () => {
  it('is not limited when nobody says so', async () => {
    for (const qps of [undefined, 0, -1]) {
      const { pods: all, answer, requests } = newSetting(qps === undefined ? {} : { qps });
      answer(...Array.from({ length: 100 }, () => json(pod('web'))));
      await Promise.all(Array.from({ length: 100 }, () => all.get('web')));
      expect(requests.length).toBe(100);
    }
  });

  it('lets a burst through, then so many a second', async () => {
    const { pods: all, answer, clock, requests } = newSetting({ qps: 10, burst: 2 });
    answer(...Array.from({ length: 5 }, () => json(pod('web'))));
    const all5 = Promise.all(Array.from({ length: 5 }, () => all.get('web')));
    await clock.advance(second);
    await all5;
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 0, 100, 200, 300]);
  });

  it('has a burst of ten when nobody says otherwise', async () => {
    const { pods: all, answer, clock, requests } = newSetting({ qps: 1 });
    answer(...Array.from({ length: 12 }, () => json(pod('web'))));
    for (let i = 0; i < 12; i++) void all.get('web');
    await clock.advance(0);
    expect([requests.length, DEFAULT_BURST]).toEqual([10, 10]);
    await clock.advance(2 * second);
    expect(requests.length).toBe(12);
  });

  it('is that of all resources of a client together', async () => {
    const { client, answer, clock, requests } = newSetting({ qps: 1, burst: 1 });
    answer(json(pod('web')), json({}), new Response('ok'));
    void client.resource(PODS, 'default').get('web');
    void client.resource(CONFIG_MAPS, 'default').get('a');
    void client.raw('/healthz');
    await clock.advance(5 * second);
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, second, 2 * second]);
  });

  it('counts what is tried again', async () => {
    const { pods: all, answer, clock, requests } = newSetting({ qps: 0.1, burst: 1 });
    answer(tryAgain('1'), json(pod('web')));
    const got = all.get('web');
    await clock.advance(60 * second);
    expect(await now(got)).toEqual(pod('web'));
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 10 * second]);
  });

  it('does not hold up watches, but those that are tried again', async () => {
    const { pods: all, answer, clock, requests } = newSetting({ qps: 0.1, burst: 1 });
    answer(json(pod('web')), new Response(''), tryAgain('1'), new Response(''));
    await all.get('web');
    await all.watch();
    const second2 = all.watch();
    await clock.advance(60 * second);
    expect(await now(second2)).toHaveProperty('stop');
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 0, 0, 10 * second]);
  });
});

describe('the time limit', () => {
  it('ends a request that is not answered', async () => {
    const { pods: all, answer, clock, left, signal, requests } = newSetting({ timeoutMs: 500 });
    answer('silent');
    const got = refusalOf(all.get('web', { signal }));
    await clock.advance(499);
    expect(await now(got)).toBe('waits');
    await clock.advance(1);
    const error = await now(got);
    expect(error).toMatchObject({
      name: 'RequestTimeoutError',
      message: `GET ${SERVER}/api/v1/namespaces/default/pods/web: no answer within 500 ms`,
    });
    expect(error).toBeInstanceOf(RequestTimeoutError);
    expect([requests[0]?.signal?.aborted, left()]).toEqual([true, nothing]);
  });

  it('ends a request of a transport that does not listen', async () => {
    const { pods: all, answer, clock } = newSetting({ timeoutMs: 500 });
    answer('deaf');
    const got = refusalOf(all.get('web'));
    await clock.advance(500);
    expect(await now(got)).toMatchObject({ name: 'RequestTimeoutError' });
  });

  it('ends a request that waits to be tried again', async () => {
    const { pods: all, answer, clock, requests, left } = newSetting({ timeoutMs: 500 });
    answer(tryAgain('1'), json(pod('web')));
    const got = refusalOf(all.get('web'));
    await clock.advance(10 * second);
    expect(await now(got)).toMatchObject({ name: 'RequestTimeoutError' });
    expect([requests.length, left()]).toEqual([1, nothing]);
  });

  it('counts all tries together', async () => {
    const { pods: all, answer, clock } = newSetting({ timeoutMs: 2500 });
    answer(tryAgain('1'), tryAgain('1'), 'silent');
    const got = refusalOf(all.get('web'));
    await clock.advance(2499);
    expect(await now(got)).toBe('waits');
    await clock.advance(1);
    expect(await now(got)).toMatchObject({ name: 'RequestTimeoutError' });
  });

  it('ends the reading of a body', async () => {
    const { pods: all, answer, clock, left } = newSetting({ timeoutMs: 500 });
    const body = new Body().send('{');
    answer(new Response(body.stream));
    const got = refusalOf(all.get('web'));
    await clock.advance(500);
    expect(await now(got)).toMatchObject({ name: 'RequestTimeoutError' });
    expect([body.cancelled, left()]).toEqual([true, nothing]);
  });

  it('does not count the wait for the rate', async () => {
    const { pods: all, answer, clock } = newSetting({ timeoutMs: 500, qps: 1, burst: 1 });
    answer(json(pod('a')), json(pod('b')));
    await all.get('a');
    const got = all.get('b');
    await clock.advance(second);
    expect(await now(got)).toEqual(pod('b'));
  });

  it('leaves no timer when it was not needed', async () => {
    const { pods: all, answer, left } = newSetting({ timeoutMs: 500 });
    answer(json(pod('web')), new Response('', { status: 404 }), new TypeError('fetch failed'));
    await all.get('web');
    await refusalOf(all.get('web'));
    await refusalOf(all.get('web'));
    expect(left()).toEqual(nothing);
  });

  it('is the head’s alone for a watch', async () => {
    const { pods: all, answer, clock, left } = newSetting({ timeoutMs: 500 });
    const body = new Body();
    answer('silent', new Response(body.stream));
    const refused = refusalOf(all.watch());
    await clock.advance(500);
    expect(await now(refused)).toMatchObject({ name: 'RequestTimeoutError' });
    const reading = readAll(await all.watch());
    expect(left()).toEqual(nothing);
    await clock.advance(3600 * second);
    expect(await now(reading)).toBe('waits');
    body.end();
    expect(await reading).toEqual([]);
  });
});

describe('giving up', () => {
  type Setting = ReturnType<typeof newSetting>;
  /** Brings a request to where it is to be given up. */
  const stages: [name: string, prepare: (setting: Setting) => Body | undefined][] = [
    ['the transport does not answer', ({ answer }) => void answer('silent')],
    ['a transport does not listen', ({ answer }) => void answer('deaf')],
    ['it waits to be tried again', ({ answer }) => void answer(tryAgain('100'))],
    ['a connection broke', ({ answer }) => void answer(reset())],
    [
      'the body is read',
      ({ answer }) => {
        const body = new Body().send('{');
        answer(new Response(body.stream));
        return body;
      },
    ],
    [
      'the body of a refusal is read',
      ({ answer }) => {
        const body = new Body().send('{');
        answer(new Response(body.stream, { status: 500 }));
        return body;
      },
    ],
  ];
  for (const [index, [name, prepare]] of stages.entries()) {
    (index === 0 ? it.core : it)(`while ${name} rejects with the reason`, async () => {
      const setting = newSetting({ timeoutMs: 1_000_000 });
      const body = prepare(setting);
      const got = setting.pods.get('web', { signal: setting.signal });
      expect(await now(got)).toBe('waits');
      const reason = new Error('enough');
      setting.abort(reason);
      expect((await now(got)) === reason).toBe(true);
      expect([setting.requests.length, setting.left()]).toEqual([1, nothing]);
      expect(setting.requests[0]?.signal?.aborted).toBe(true);
      if (body) expect(body.cancelled).toBe(true);
    });
  }

  it('before it was sent sends nothing', async () => {
    const { pods: all, requests, left, signal, abort } = newSetting();
    const reason = new Error('enough');
    abort(reason);
    expect((await refusalOf(all.get('web', { signal }))) === reason).toBe(true);
    expect((await refusalOf(all.watch({ signal }))) === reason).toBe(true);
    expect([requests.length, left()]).toEqual([0, nothing]);
  });

  it('while it waits for the rate sends nothing', async () => {
    const { pods: all, answer, requests, left, signal, abort } = newSetting({ qps: 1, burst: 1 });
    answer(json(pod('a')));
    await all.get('a');
    const got = all.get('b', { signal });
    await settle();
    const reason = new Error('enough');
    abort(reason);
    expect((await now(got)) === reason).toBe(true);
    expect([requests.length, left()]).toEqual([1, nothing]);
  });

  it('lets go of an answer that comes too late', async () => {
    const { pods: all, answer, signal, abort } = newSetting();
    let arrive: (response: Response) => void = () => {};
    answer(
      new Promise<Response>((resolve) => {
        arrive = resolve;
      }),
    );
    const got = refusalOf(all.get('web', { signal }));
    await settle();
    abort(new Error('enough'));
    await got;
    const body = new Body().send('{');
    arrive(new Response(body.stream));
    await settle();
    expect(body.cancelled).toBe(true);
  });

  it('by a reason that is no error rejects with it all the same', async () => {
    const { pods: all, answer, signal, abort } = newSetting();
    answer('silent');
    const got = now(all.list({ signal }));
    abort('enough');
    expect(await got).toBe('enough');
  });

  const others: [
    name: string,
    ask: (client: ResourceClient<Pod>, signal: AbortSignal) => Promise<unknown>,
  ][] = [
    ['list', (all, signal) => all.list({ signal })],
    ['watch', (all, signal) => all.watch({ signal })],
    ['create', (all, signal) => all.create(pod('a'), { signal })],
    ['update', (all, signal) => all.update(pod('a'), { signal })],
    ['updateStatus', (all, signal) => all.updateStatus(pod('a'), { signal })],
    ['patch', (all, signal) => all.patch('a', 'merge-patch', {}, { signal })],
    ['delete', (all, signal) => all.delete('a', { signal })],
    ['deleteCollection', (all, signal) => all.deleteCollection({ signal })],
    ['deleteCollection, by its selection', (all, signal) => all.deleteCollection({}, { signal })],
  ];
  for (const [name, ask] of others) {
    it(`is possible for ${name}`, async () => {
      const { pods: all, answer, signal, abort, left } = newSetting();
      answer('silent');
      const asked = ask(all, signal);
      expect(await now(asked)).toBe('waits');
      const reason = new Error('enough');
      abort(reason);
      expect((await now(asked)) === reason).toBe(true);
      expect(left()).toEqual(nothing);
    });
  }

  it('of deleteCollection may come from either signal', async () => {
    for (const which of [0, 1]) {
      const { pods: all, answer } = newSetting();
      const aborts = [new AbortController(), new AbortController()];
      answer('silent');
      const [one, other] = aborts.map(({ signal }) => ({ signal }));
      const asked = all.deleteCollection(one, other);
      expect(await now(asked)).toBe('waits');
      aborts[which]?.abort('enough');
      expect(await now(asked)).toBe('enough');
    }
  });

  it('does not change what has come before', async () => {
    const { pods: all, answer, signal, abort, left } = newSetting();
    answer(json(pod('web')));
    expect(await all.get('web', { signal })).toEqual(pod('web'));
    expect(left()).toEqual(nothing);
    abort();
  });
});

describe('a watch', () => {
  const added = (name: string) => ({ type: 'ADDED', object: pod(name) }) as const;
  const lineOf = (event: unknown) => `${JSON.stringify(event)}\n`;

  async function openWatch() {
    const setting = newSetting();
    const body = new Body();
    setting.answer(new Response(body.stream, { headers: { 'content-type': 'application/json' } }));
    const watch = await setting.pods.watch({ signal: setting.signal });
    return { ...setting, body, watch };
  }

  it.core('is granted with the head, and brings events as they come', async () => {
    const { body, watch } = await openWatch();
    const events = watch[Symbol.asyncIterator]();
    const first = events.next();
    expect(await now(first)).toBe('waits');
    body.send(lineOf(added('a')));
    expect(await now(first)).toEqual({ done: false, value: added('a') });
    body.send(lineOf(added('b'))).end();
    expect(await events.next()).toEqual({ done: false, value: added('b') });
    expect(await events.next()).toMatchObject({ done: true });
  });

  it('asks for what is wanted', async () => {
    const { client, answer, requests } = newSetting();
    answer(new Response(''));
    await client.resource(PODS).watch({
      labelSelector: 'app=a',
      fieldSelector: 'metadata.name=a',
      resourceVersion: '7',
      allowWatchBookmarks: true,
      timeoutSeconds: 300,
    });
    const [{ method, path, query, headers }] = requests as [Sent];
    expect([method, path, headers.get('accept')]).toEqual([
      'GET',
      '/api/v1/pods',
      'application/json',
    ]);
    expect(query).toEqual({
      watch: 'true',
      labelSelector: 'app=a',
      fieldSelector: 'metadata.name=a',
      resourceVersion: '7',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '300',
    });
  });

  it('that asks for nothing special says only that it is one', async () => {
    const { requests } = await openWatch();
    expect(requests[0]?.query).toEqual({ watch: 'true' });
  });

  it('ends by stop while it waits, and its connection is free', async () => {
    const { body, watch, requests, left } = await openWatch();
    const reading = readAll(watch);
    await settle();
    watch.stop();
    watch.stop();
    expect(await now(reading)).toEqual([]);
    expect([body.cancelled, requests[0]?.signal?.aborted, left()]).toEqual([true, true, nothing]);
  });

  it('ends by stop before anybody read it', async () => {
    const { body, watch, left } = await openWatch();
    watch.stop();
    await settle();
    expect([body.cancelled, left()]).toEqual([true, nothing]);
    expect(await now(readAll(watch))).toEqual([]);
  });

  it('gives nothing after stop, not even what has come', async () => {
    const { body, watch } = await openWatch();
    body.send(lineOf(added('a')) + lineOf(added('b'))).end();
    const events: unknown[] = [];
    for await (const event of watch) {
      events.push(event);
      watch.stop();
    }
    expect(events).toEqual([added('a')]);
  });

  it('ends by the signal, without an error', async () => {
    const { body, watch, abort, left } = await openWatch();
    const reading = readAll(watch);
    await settle();
    abort(new Error('enough'));
    expect(await now(reading)).toEqual([]);
    expect([body.cancelled, left()]).toEqual([true, nothing]);
  });

  it('ends by the signal, without an error, also when its connection does', async () => {
    const { body, watch, abort, signal } = await openWatch();
    signal.addEventListener('abort', () => body.fail(new Error('This operation was aborted')));
    const reading = readAll(watch);
    await settle();
    abort();
    expect(await now(reading)).toEqual([]);
  });

  it('ends by break, and its connection is free', async () => {
    const { body, watch, left } = await openWatch();
    body.send(lineOf(added('a')));
    for await (const _ of watch) break;
    expect([body.cancelled, left()]).toEqual([true, nothing]);
  });

  it('that the server ended holds on to nothing', async () => {
    const { body, watch, left } = await openWatch();
    body.send(lineOf(added('a'))).end();
    expect(await readAll(watch)).toEqual([added('a')]);
    expect(left()).toEqual(nothing);
  });

  it('throws when its connection breaks', async () => {
    const { body, watch, left } = await openWatch();
    const reading = refusalOf(readAll(watch));
    await settle();
    const error = new TypeError('terminated');
    body.fail(error);
    expect((await now(reading)) === error).toBe(true);
    expect(left()).toEqual(nothing);
  });

  it('throws when an event was cut', async () => {
    const { body, watch } = await openWatch();
    body.send('{"type":').end();
    expect(await refusalOf(readAll(watch))).toMatchObject({ name: 'WatchDecodeError' });
  });

  it('is refused as everything else is', async () => {
    const { pods: all, answer, left, signal } = newSetting();
    answer(json(newExpired('too old').toStatus(), 410), new Response('', { status: 403 }));
    expect(await refusalOf(all.watch({ signal }))).toMatchObject({ code: 410, reason: 'Expired' });
    expect(await refusalOf(all.watch({ signal }))).toMatchObject({ code: 403 });
    expect(left()).toEqual(nothing);
  });

  it('is tried again as everything else is', async () => {
    const { pods: all, answer, clock, requests } = newSetting();
    answer(tryAgain('3'), reset(), new Response(''));
    const asked = all.watch();
    await clock.advance(4 * second);
    expect(await now(asked)).toHaveProperty('stop');
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 3 * second, 4 * second]);
  });

  it('in an answer without a body brings nothing', async () => {
    const { pods: all, answer } = newSetting();
    answer(new Response(null));
    expect(await readAll(await all.watch())).toEqual([]);
  });
});

describe('warnings', () => {
  const warned = (header: string, status = 200) => json(pod('web'), status, { warning: header });

  it('are logged', async () => {
    const { pods: all, answer, log } = newSetting();
    answer(warned('299 - "v1 is deprecated", 299 - "field \\"a\\" is unknown"'));
    await all.get('web');
    expect(log.entries.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'v1 is deprecated' },
      { message: 'field "a" is unknown' },
    ]);
  });

  it('of refusals and watches are logged, too', async () => {
    const { pods: all, answer, log } = newSetting();
    answer(warned('299 - "first"', 422), warned('299 - "second"'));
    await refusalOf(all.get('web'));
    (await all.watch()).stop();
    expect(log.count('warn')).toBe(2);
  });

  it('of other codes, and without a text, are not', async () => {
    const { pods: all, answer, log } = newSetting();
    answer(warned('199 - "miscellaneous", 299 - ""'), warned('nonsense'), json(pod('web')));
    for (let i = 0; i < 3; i++) await all.get('web');
    expect(log.count('warn')).toBe(0);
  });

  it('of answers that do not count are not', async () => {
    const { pods: all, answer, log, clock } = newSetting();
    answer(json({}, 429, { 'retry-after': '1', warning: '299 - "busy"' }), json(pod('web')));
    const got = all.get('web');
    await clock.advance(second);
    expect(await now(got)).toEqual(pod('web'));
    expect(log.count('warn')).toBe(0);
  });
});

describe('raw', () => {
  it('gets the text of any path', async () => {
    const { client, answer, requests } = newSetting();
    answer(new Response('# HELP…\n'), new Response(''));
    expect(await client.raw('/metrics?part=a%20b')).toBe('# HELP…\n');
    expect(await client.raw('/empty')).toBe('');
    const [{ method, path, query }] = requests as [Sent];
    expect([method, path, query]).toEqual(['GET', '/metrics', { part: 'a b' }]);
  });

  it('fails as everything else does', async () => {
    const { client, answer, signal, abort } = newSetting();
    answer(json({ kind: 'Status', status: 'Failure', code: 403, message: 'no' }, 403), 'silent');
    expect(await refusalOf(client.raw('/metrics'))).toMatchObject({ code: 403, message: 'no' });
    const got = now(client.raw('/metrics', { signal }));
    abort('enough');
    expect(await got).toBe('enough');
  });
});
