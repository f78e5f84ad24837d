import { FakeClock, newBadRequest, type Random, seededRandom } from '#apimachinery';
import {
  type AdmissionPlugin,
  type AdmissionRequest,
  type ApiObject,
  callWebhook,
  type Json,
  type MatchingOptions,
  type MutatingWebhookOptions,
  matchWebhook,
  mutatingWebhooks,
  ownForm,
  type RequestForm,
  ruleMatches,
  type User,
  validatingWebhooks,
  type Webhook,
  type WebhookRule,
  type WebhookTarget,
} from '#apiserver';
import { describe, expect, it, settle } from '#kit';

const DEPLOYMENTS = { group: 'apps', version: 'v1', resource: 'deployments' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };
const USER: User = { username: 'jane', uid: '7', groups: ['dev'], extra: { team: ['a'] } };

interface ObjectParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

function deployment(name: string, { labels, ...rest }: ObjectParts = {}): ApiObject {
  const metadata = { name, namespace: 'default', ...(labels && { labels: { ...labels } }) };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, ...rest };
}

function requestFor(special: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    operation: 'CREATE',
    kind: DEPLOYMENT,
    resource: DEPLOYMENTS,
    subresource: '',
    namespace: 'default',
    name: 'web',
    object: special.operation === 'DELETE' ? undefined : deployment('web'),
    oldObject: undefined,
    user: USER,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    warn: () => {},
    ...special,
  };
}

const namespaceRequest = (special: Partial<AdmissionRequest> = {}) =>
  requestFor({
    kind: { group: '', version: 'v1', kind: 'Namespace' },
    resource: { group: '', version: 'v1', resource: 'namespaces' },
    namespace: '',
    name: 'default',
    ...special,
  });

const EVERYTHING: WebhookRule = {
  operations: ['*'],
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources: ['*/*'],
};

function webhook(special: Partial<Webhook> = {}): Webhook {
  const { name = 'w.example.com' } = special;
  return {
    name,
    clientConfig: { url: `https://${name}/ask` },
    rules: [EVERYTHING],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail',
    timeoutSeconds: 10,
    ...special,
  };
}

function configuration(name: string, ...webhooks: Webhook[]): ApiObject {
  const kind = 'MutatingWebhookConfiguration';
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return { apiVersion, kind, metadata: { name }, webhooks };
}

interface Review {
  readonly request: { readonly uid: string; readonly object: ApiObject | null } & Record<
    string,
    unknown
  >;
}

/** What a webhook says to a question: the fields of `response` beside `uid`. */
type Says = (review: Review, signal: AbortSignal) => Promise<object> | object;

const patching = (...patch: object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: btoa(JSON.stringify(patch)),
});

/** Sets a field of the object. */
const setting = (path: string, value: Json) => patching({ op: 'add', path, value });

/** A world in which webhooks are functions, found by their host. */
class World {
  readonly clock = new FakeClock();
  readonly random: Random = seededRandom(1);
  readonly asked: { name: string; review: Review; target: WebhookTarget; signal: AbortSignal }[] =
    [];
  readonly #webhooks = new Map<string, Says>();
  readonly namespaces = new Map<string, ApiObject>();
  configurations: ApiObject[] = [];

  constructor(webhooks: Readonly<Record<string, Says>> = {}) {
    for (const [name, says] of Object.entries(webhooks)) this.#webhooks.set(name, says);
  }

  get names(): string[] {
    return this.asked.map(({ name }) => name);
  }

  readonly client = {
    call: async (target: WebhookTarget, body: string, signal: AbortSignal): Promise<string> => {
      const name = new URL(target.url).hostname;
      const review = JSON.parse(body) as Review;
      this.asked.push({ name, review, target, signal });
      const says = this.#webhooks.get(name) ?? (() => ({ allowed: true }));
      const response = { uid: review.request.uid, ...(await says(review, signal)) };
      return JSON.stringify({ ...review, request: undefined, response });
    },
  };

  options(special: Partial<MutatingWebhookOptions> = {}): MutatingWebhookOptions {
    return {
      client: this.client,
      clock: this.clock,
      random: this.random,
      resolveService: () => '10.0.0.7:8443',
      namespace: async (name) => this.namespaces.get(name),
      configurations: () => this.configurations,
      decode: (json) => json as unknown as ApiObject,
      ...special,
    };
  }

  ask(hook: Webhook, request = requestFor(), mutating = false) {
    return callWebhook(hook, request, ownForm(request), mutating, this.options());
  }
}

/** A promise of which one can tell that it is not over. */
function watched<T>(outcome: Promise<T>) {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  outcome.then(over, over);
  return {
    outcome,
    async expectGoingOn(): Promise<void> {
      if (isOver) await outcome;
      expect(isOver).toBe(false);
    },
  };
}

const labelled = (name: string, labels: Record<string, string>): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

describe('ruleMatches', () => {
  const rule = (special: Partial<WebhookRule> = {}): WebhookRule => ({
    operations: ['CREATE'],
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    resources: ['deployments'],
    ...special,
  });

  it.core('wants operation, group, version and resource to fit', () => {
    expect(ruleMatches(rule(), requestFor())).toBe(true);
    expect(ruleMatches(rule({ operations: ['UPDATE'] }), requestFor())).toBe(false);
    expect(ruleMatches(rule({ apiGroups: [''] }), requestFor())).toBe(false);
    expect(ruleMatches(rule({ apiVersions: ['v1beta1'] }), requestFor())).toBe(false);
    expect(ruleMatches(rule({ resources: ['pods'] }), requestFor())).toBe(false);
  });

  it('is content with one of several', () => {
    const several = rule({
      operations: ['DELETE', 'CREATE'],
      apiGroups: ['', 'apps'],
      apiVersions: ['v1beta1', 'v1'],
      resources: ['pods', 'deployments'],
    });
    expect(ruleMatches(several, requestFor())).toBe(true);
  });

  it('takes * for everything', () => {
    expect(ruleMatches(EVERYTHING, requestFor({ operation: 'DELETE' }))).toBe(true);
    const ofOne = rule({ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'] });
    expect(ruleMatches(ofOne, requestFor({ operation: 'CONNECT' }))).toBe(true);
  });

  it('takes no list for nothing', () => {
    const { operations: _, ...without } = rule();
    expect(ruleMatches(without, requestFor())).toBe(false);
    expect(ruleMatches(rule({ resources: [] }), requestFor())).toBe(false);
  });

  it('takes the empty group for the core group', () => {
    const resource = { group: '', version: 'v1', resource: 'pods' };
    const request = requestFor({ resource });
    expect(ruleMatches(rule({ apiGroups: [''], resources: ['pods'] }), request)).toBe(true);
  });

  for (const [resources, subresource, fits] of [
    ['deployments', '', true],
    ['deployments', 'status', false],
    ['deployments/status', '', false],
    ['deployments/status', 'status', true],
    ['deployments/*', '', true],
    ['deployments/*', 'scale', true],
    ['pods/*', 'scale', false],
    ['*', '', true],
    ['*', 'scale', false],
    ['*/scale', 'scale', true],
    ['*/scale', 'status', false],
    ['*/scale', '', false],
    ['*/*', '', true],
    ['*/*', 'scale', true],
  ] as const) {
    const title = `resource ${resources} ${fits ? 'fits' : 'does not fit'} subresource "${subresource}"`;
    it(title, () => {
      expect(ruleMatches(rule({ resources: [resources] }), requestFor({ subresource }))).toBe(fits);
    });
  }

  it('looks at the scope', () => {
    const inNamespace = requestFor();
    const inNone = requestFor({ namespace: '' });
    for (const [scope, first, second] of [
      ['Namespaced', true, false],
      ['Cluster', false, true],
      ['*', true, true],
    ] as const) {
      expect(ruleMatches(rule({ scope }), inNamespace)).toBe(first);
      expect(ruleMatches(rule({ scope }), inNone)).toBe(second);
    }
  });

  it('counts namespaces themselves as in no namespace', () => {
    const ofNamespaces = rule({ apiGroups: [''], resources: ['namespaces'] });
    for (const namespace of ['', 'default']) {
      const request = namespaceRequest({ namespace });
      expect(ruleMatches({ ...ofNamespaces, scope: 'Cluster' }, request)).toBe(true);
      expect(ruleMatches({ ...ofNamespaces, scope: 'Namespaced' }, request)).toBe(false);
    }
  });

  it('can look at the resource in another version', () => {
    const other = { ...DEPLOYMENTS, version: 'v2' };
    expect(ruleMatches(rule({ apiVersions: ['v2'] }), requestFor(), other)).toBe(true);
    expect(ruleMatches(rule(), requestFor(), other)).toBe(false);
  });
});

describe('matchWebhook', () => {
  const prod = { matchLabels: { stage: 'prod' } };
  const notProd = {
    matchExpressions: [{ key: 'stage', operator: 'NotIn', values: ['prod'] }],
  };
  const nothing: WebhookRule = { ...EVERYTHING, operations: ['CONNECT'] };

  function match(
    hook: Partial<Webhook>,
    request = requestFor(),
    options: Partial<MatchingOptions> = {},
  ): Promise<RequestForm | undefined> {
    const namespaces = new Map([
      ['default', labelled('default', { stage: 'prod' })],
      ['test', labelled('test', { stage: 'test' })],
    ]);
    const namespace = (name: string) => namespaces.get(name);
    return matchWebhook(webhook(hook), request, { namespace, ...options });
  }

  const isAsked = async (...of: Parameters<typeof match>) => (await match(...of)) !== undefined;

  it.core('asks when a rule fits, in the form of the request', async () => {
    const form = await match({ rules: [nothing, EVERYTHING] });
    expect(form).toMatchObject({ resource: DEPLOYMENTS, kind: DEPLOYMENT });
    expect(form?.show(deployment('a'))).toEqual(deployment('a'));
    expect(form?.read(deployment('a'))).toEqual(deployment('a'));
    expect(await isAsked({ rules: [nothing] })).toBe(false);
    expect(await isAsked({ rules: [] })).toBe(false);
  });

  it.core('looks at the labels of the namespace', async () => {
    expect(await isAsked({ namespaceSelector: prod })).toBe(true);
    expect(await isAsked({ namespaceSelector: notProd })).toBe(false);
    const request = requestFor({ namespace: 'test' });
    expect(await isAsked({ namespaceSelector: prod }, request)).toBe(false);
    expect(await isAsked({ namespaceSelector: notProd }, request)).toBe(true);
  });

  it('always asks about what is in no namespace', async () => {
    expect(await isAsked({ namespaceSelector: prod }, requestFor({ namespace: '' }))).toBe(true);
  });

  it('looks at the labels a namespace is to have', async () => {
    const created = labelled('new', { stage: 'prod' });
    const creating = namespaceRequest({ name: 'new', object: created });
    expect(await isAsked({ namespaceSelector: prod }, creating)).toBe(true);
    const changed = labelled('default', { stage: 'test' });
    const updating = namespaceRequest({ operation: 'UPDATE', object: changed });
    expect(await isAsked({ namespaceSelector: prod }, updating)).toBe(false);
  });

  it('looks at the labels a namespace has when it is deleted, or a part of it is written', async () => {
    const deleting = namespaceRequest({ operation: 'DELETE', object: undefined });
    expect(await isAsked({ namespaceSelector: prod }, deleting)).toBe(true);
    const finalizing = namespaceRequest({
      operation: 'UPDATE',
      subresource: 'finalize',
      object: labelled('default', {}),
    });
    expect(await isAsked({ namespaceSelector: prod }, finalizing)).toBe(true);
  });

  it('refuses when the namespace is not there', async () => {
    const request = requestFor({ namespace: 'gone' });
    await expect(match({ namespaceSelector: prod }, request)).rejects.toMatchObject({
      code: 404,
      message: 'namespaces "gone" not found',
    });
  });

  it('does not mind a missing namespace where it would not ask anyway', async () => {
    const request = requestFor({ namespace: 'gone' });
    expect(await isAsked({ namespaceSelector: prod, rules: [nothing] }, request)).toBe(false);
    const objectSelector = { matchLabels: { app: 'other' } };
    expect(await isAsked({ namespaceSelector: prod, objectSelector }, request)).toBe(false);
    expect(await isAsked({ namespaceSelector: {} }, request)).toBe(true);
  });

  it('looks at the labels of the object, new or old', async () => {
    const objectSelector = { matchLabels: { app: 'web' } };
    const web = deployment('web', { labels: { app: 'web' } });
    const plain = deployment('web');
    for (const [object, oldObject, expected] of [
      [web, undefined, true],
      [plain, undefined, false],
      [plain, web, true],
      [web, plain, true],
      [undefined, web, true],
      [undefined, plain, false],
    ] as const) {
      expect(await isAsked({ objectSelector }, requestFor({ object, oldObject }))).toBe(expected);
    }
  });

  it('takes an empty selector of objects for all of them', async () => {
    const request = requestFor({ operation: 'DELETE', object: undefined });
    expect(await isAsked({ objectSelector: {} }, request)).toBe(true);
    expect(await isAsked({ objectSelector: { matchLabels: {} } }, request)).toBe(true);
  });

  it('refuses rather than pass over conditions it does not know', async () => {
    const matchConditions = [{ name: 'c', expression: 'true' }];
    await expect(match({ matchConditions })).rejects.toMatchObject({
      code: 403,
      message:
        'deployments.apps "web" is forbidden: webhook "w.example.com" has matchConditions, which this server does not evaluate',
    });
    expect(await isAsked({ matchConditions, rules: [nothing] })).toBe(false);
    expect(await isAsked({ matchConditions: [] })).toBe(true);
  });

  it('asks whether conditions hold, after all else fits, with the form', async () => {
    const matchConditions = [{ name: 'c', expression: 'true' }];
    const asked: [string, RequestForm][] = [];
    const answering = (holds: boolean): Partial<MatchingOptions> => ({
      conditionsMatch: (hook, _request, form) => {
        asked.push([hook.name, form]);
        return holds;
      },
    });
    const request = requestFor();
    const form = await match({ matchConditions }, request, answering(true));
    expect(form).toMatchObject({ resource: DEPLOYMENTS });
    expect(await isAsked({ matchConditions }, request, answering(false))).toBe(false);
    expect(asked.map(([name]) => name)).toEqual(['w.example.com', 'w.example.com']);
    expect(asked[0]?.[1]).toMatchObject({ resource: DEPLOYMENTS, kind: DEPLOYMENT });
    expect(await isAsked({ matchConditions, rules: [nothing] }, request, answering(true))).toBe(
      false,
    );
    expect(await isAsked({ matchConditions: [] }, request, answering(false))).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('tells of a selector that is none', async () => {
    const namespaceSelector = { matchExpressions: [{ key: '-', operator: 'Exists' }] };
    await expect(match({ namespaceSelector })).rejects.toMatchObject({ code: 500 });
  });

  describe('with other versions of the object', () => {
    const inVersion = (version: string): RequestForm => ({
      resource: { ...DEPLOYMENTS, version },
      kind: { ...DEPLOYMENT, version },
      show: (object) => object,
      read: (object) => object,
    });
    const equivalents = () => [inVersion('v2'), inVersion('v3')];
    const about = (...apiVersions: string[]): WebhookRule => ({ ...EVERYTHING, apiVersions });

    it('asks about one of them', async () => {
      const form = await match({ rules: [about('v3')] }, requestFor(), { equivalents });
      expect(form).toMatchObject({ resource: { version: 'v3' }, kind: { version: 'v3' } });
      const equivalent = { rules: [about('v3')], matchPolicy: 'Equivalent' };
      expect(await match(equivalent, requestFor(), { equivalents })).toBeDefined();
    });

    it('takes the version of the request when any rule fits it', async () => {
      const rules = [about('v2'), about('v1')];
      const form = await match({ rules }, requestFor(), { equivalents });
      expect(form?.kind.version).toBe('v1');
    });

    it('takes the first rule, and of that the first version', async () => {
      const first = await match({ rules: [about('v3'), about('v2')] }, requestFor(), {
        equivalents,
      });
      expect(first?.kind.version).toBe('v3');
      const both = await match({ rules: [about('v3', 'v2')] }, requestFor(), { equivalents });
      expect(both?.kind.version).toBe('v2');
    });

    it('keeps to the version of the request where that is wanted', async () => {
      const hook = { rules: [about('v2')], matchPolicy: 'Exact' };
      expect(await match(hook, requestFor(), { equivalents })).toBeUndefined();
    });
  });
});

describe('callWebhook', () => {
  it.core('asks with an AdmissionReview', async () => {
    const world = new World();
    const oldObject = deployment('web', { spec: { replicas: 1 } });
    const request = requestFor({ operation: 'UPDATE', subresource: 'scale', oldObject });
    await world.ask(webhook(), request);
    expect(world.asked).toHaveLength(1);
    expect(world.asked[0]?.review).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: DEPLOYMENT,
        resource: DEPLOYMENTS,
        subResource: 'scale',
        name: 'web',
        namespace: 'default',
        operation: 'UPDATE',
        userInfo: { username: 'jane', uid: '7', groups: ['dev'], extra: { team: ['a'] } },
        object: deployment('web'),
        oldObject,
        dryRun: false,
        options: { kind: 'CreateOptions' },
      },
    });
  });

  it('asks each time with another uid', async () => {
    const world = new World();
    await world.ask(webhook());
    await world.ask(webhook());
    const [first, second] = world.asked.map(({ review }) => review.request.uid);
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
  });

  it('goes to the URL, and tells how long it waits', async () => {
    const world = new World();
    await world.ask(webhook({ timeoutSeconds: 3 }));
    expect(world.asked[0]?.target).toEqual({ url: 'https://w.example.com/ask?timeout=3s' });
  });

  it('goes to a Service by its address and its name', async () => {
    const world = new World();
    const service = { namespace: 'hooks', name: 'hook', path: '/check', port: 8443 };
    await world.ask(webhook({ clientConfig: { service, caBundle: btoa('PEM') } }));
    expect(world.asked[0]?.target).toEqual({
      url: 'https://10.0.0.7:8443/check?timeout=10s',
      serverName: 'hook.hooks.svc',
      caBundle: 'PEM',
    });
  });

  it.core('gives the answer of a webhook that allows', async () => {
    const world = new World({ 'w.example.com': () => setting('/spec', {}) });
    const answer = await world.ask(webhook(), requestFor(), true);
    expect(answer).toMatchObject({ allowed: true });
    expect(JSON.parse(answer?.patch ?? '')).toEqual([{ op: 'add', path: '/spec', value: {} }]);
  });

  it.core('refuses what a webhook denies, with its reason', async () => {
    const status = { message: 'because', code: 422, reason: 'Invalid' };
    const world = new World({ 'w.example.com': () => ({ allowed: false, status }) });
    await expect(world.ask(webhook())).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: 'admission webhook "w.example.com" denied the request: because',
    });
  });

  it('makes up what a denial does not say', async () => {
    for (const [status, code, message] of [
      [undefined, 400, 'denied the request without explanation'],
      [{}, 400, 'denied the request without explanation'],
      [{ code: 200, message: 'no' }, 400, 'denied the request: no'],
      [{ code: 399 }, 400, 'denied the request without explanation'],
      [{ code: 403, reason: 'Forbidden' }, 403, 'denied the request: Forbidden'],
      [{ code: 500, message: '', reason: 'x' }, 500, 'denied the request: x'],
    ] as const) {
      const world = new World({ 'w.example.com': () => ({ allowed: false, status }) });
      await expect(world.ask(webhook())).rejects.toMatchObject({
        code,
        message: `admission webhook "w.example.com" ${message}`,
      });
    }
  });

  it('passes on the details of a denial', async () => {
    const status = { code: 403, message: 'no', details: { causes: [{ field: 'spec' }] } };
    const world = new World({ 'w.example.com': () => ({ allowed: false, status }) });
    await expect(world.ask(webhook())).rejects.toMatchObject({ details: status.details });
  });

  it('takes a denial for no failure', async () => {
    const world = new World({ 'w.example.com': () => ({ allowed: false }) });
    await expect(world.ask(webhook({ failurePolicy: 'Ignore' }))).rejects.toMatchObject({
      code: 400,
    });
  });

  it('passes on warnings, of a denial too', async () => {
    for (const allowed of [true, false]) {
      const warned: string[] = [];
      const world = new World({ 'w.example.com': () => ({ allowed, warnings: ['a', 'b'] }) });
      const request = requestFor({ warn: (text) => void warned.push(text) });
      const work = world.ask(webhook(), request);
      if (allowed) await work;
      else await expect(work).rejects.toMatchObject({ code: 400 });
      expect(warned).toEqual(['a', 'b']);
    }
  });

  const failing = () => {
    throw new Error('connection refused');
  };

  it.core('refuses when the call fails', async () => {
    const world = new World({ 'w.example.com': failing });
    await expect(world.ask(webhook())).rejects.toMatchObject({
      code: 500,
      reason: 'InternalError',
      message:
        'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://w.example.com/ask?timeout=10s": connection refused',
    });
  });

  it('goes on without an answer when failures are to be ignored', async () => {
    const world = new World({ 'w.example.com': failing });
    expect(await world.ask(webhook({ failurePolicy: 'Ignore' }))).toBeUndefined();
    expect(world.asked).toHaveLength(1);
  });

  it('shows a Service by its name when it cannot be reached', async () => {
    const world = new World();
    const resolveService = () => Promise.reject(new Error('service "hook" not found'));
    const service = { namespace: 'hooks', name: 'hook' };
    const request = requestFor();
    const options = world.options({ resolveService });
    const hook = webhook({ clientConfig: { service } });
    await expect(callWebhook(hook, request, ownForm(request), false, options)).rejects.toThrow(
      'failed to call webhook: Post "https://hook.hooks.svc:443/?timeout=10s": service "hook" not found',
    );
  });

  it('takes an answer to another question for a failure', async () => {
    const world = new World({ 'w.example.com': () => ({ uid: 'other', allowed: true }) });
    await expect(world.ask(webhook())).rejects.toThrow(
      /^Internal error occurred: failed calling webhook "w.example.com": received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "other"$/,
    );
  });

  it('takes an answer that is none for a failure', async () => {
    const request = requestFor();
    for (const text of ['', 'no', '[]', '{"kind":"AdmissionReview"}']) {
      const options = new World().options({ client: { call: async () => text } });
      const call = (hook: Webhook) => callWebhook(hook, request, ownForm(request), false, options);
      await expect(call(webhook())).rejects.toThrow(
        'failed calling webhook "w.example.com": received invalid webhook response: ',
      );
      expect(await call(webhook({ failurePolicy: 'Ignore' }))).toBeUndefined();
    }
  });

  it('takes a patch of a webhook that may only look for a failure', async () => {
    const world = new World({ 'w.example.com': () => setting('/spec', {}) });
    await expect(world.ask(webhook(), requestFor(), false)).rejects.toThrow(
      'received invalid webhook response: validating webhook may not return response.patch',
    );
  });

  it('cannot ask in versions of AdmissionReview it does not know', async () => {
    const world = new World();
    const hook = webhook({ admissionReviewVersions: ['v7'] });
    await expect(world.ask(hook)).rejects.toThrow(
      'failed calling webhook "w.example.com": could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    );
    expect(await world.ask({ ...hook, failurePolicy: 'Ignore' })).toBeUndefined();
    expect(world.asked).toEqual([]);
  });

  describe('of a slow webhook', () => {
    const never = () => new Promise<object>(() => {});

    it('waits as long as it may take, and then no longer', async () => {
      const world = new World({ 'w.example.com': never });
      const work = watched(world.ask(webhook({ timeoutSeconds: 3 })));
      await settle();
      await world.clock.advance(2999);
      await work.expectGoingOn();
      expect(world.asked[0]?.signal.aborted).toBe(false);
      await world.clock.advance(1);
      await expect(work.outcome).rejects.toMatchObject({
        code: 500,
        message:
          'Internal error occurred: failed calling webhook "w.example.com": failed to call webhook: Post "https://w.example.com/ask?timeout=3s": context deadline exceeded',
      });
      expect(world.asked[0]?.signal.aborted).toBe(true);
    });

    it('waits ten seconds when it does not say', async () => {
      const world = new World({ 'w.example.com': never });
      const { timeoutSeconds: _, ...hook } = webhook({ failurePolicy: 'Ignore' });
      const work = watched(world.ask(hook));
      await settle();
      await world.clock.advance(9999);
      await work.expectGoingOn();
      await world.clock.advance(1);
      expect(await work.outcome).toBeUndefined();
    });

    it('says the same when the client gives up on the signal', async () => {
      const stopping: Says = (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      const world = new World({ 'w.example.com': stopping });
      const work = expect(world.ask(webhook())).rejects.toThrow('context deadline exceeded');
      await settle();
      await world.clock.advance(10_000);
      await work;
    });

    it('leaves no timer behind', async () => {
      const world = new World();
      await world.ask(webhook());
      await world.clock.advance(60_000);
      expect(world.asked[0]?.signal.aborted).toBe(false);
    });
  });

  it('does not ask in a dry run when that would have effects', async () => {
    for (const sideEffects of ['Some', 'Unknown']) {
      const world = new World();
      const hook = webhook({ sideEffects, failurePolicy: 'Ignore' });
      await expect(world.ask(hook, requestFor({ dryRun: true }))).rejects.toMatchObject({
        code: 400,
        message: 'admission webhook "w.example.com" does not support dry run',
      });
      expect(world.asked).toEqual([]);
      await world.ask(hook);
      expect(world.asked).toHaveLength(1);
    }
  });

  it('asks in a dry run where that has no effects', async () => {
    for (const sideEffects of ['None', 'NoneOnDryRun']) {
      const world = new World();
      await world.ask(webhook({ sideEffects }), requestFor({ dryRun: true }));
      expect(world.asked[0]?.review).toMatchObject({ request: { dryRun: true } });
    }
  });
});

/** Requests that change what may be asked are exempt for both plugins. */
function expectExempt(plugin: AdmissionPlugin): void {
  const group = 'admissionregistration.k8s.io';
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    expect(plugin.handles(requestFor({ kind: { group, version: 'v1', kind } }))).toBe(false);
  }
  expect(plugin.handles(requestFor())).toBe(true);
}

describe('mutatingWebhooks', () => {
  const hookFor = (name: string, special: Partial<Webhook> = {}) => webhook({ name, ...special });
  const again = { reinvocationPolicy: 'IfNeeded' };

  it.core('changes the object by the patch of a webhook', async () => {
    const world = new World({ a: () => setting('/spec', { replicas: 3 }) });
    world.configurations = [configuration('c', hookFor('a'))];
    const request = requestFor();
    await mutatingWebhooks(world.options()).admit?.(request);
    expect(request.object).toEqual(deployment('web', { spec: { replicas: 3 } }));
  });

  it.core('lets each webhook see what those before it changed', async () => {
    const world = new World({
      a: () => setting('/spec', { replicas: 3 }),
      b: ({ request: { object } }) =>
        setting('/seen', (object as { spec?: { replicas: number } } | null)?.spec?.replicas ?? 0),
    });
    world.configurations = [configuration('c', hookFor('a'), hookFor('b'))];
    const request = requestFor();
    await mutatingWebhooks(world.options()).admit?.(request);
    expect(request.object).toMatchObject({ spec: { replicas: 3 }, seen: 3 });
  });

  it('asks configurations by name, and their webhooks as they stand', async () => {
    const world = new World();
    world.configurations = [
      configuration('z', hookFor('a')),
      configuration('b', hookFor('d'), hookFor('c')),
    ];
    await mutatingWebhooks(world.options()).admit?.(requestFor());
    expect(world.names).toEqual(['d', 'c', 'a']);
  });

  it('looks at the object as it then is to find out who is asked', async () => {
    const world = new World({ a: () => setting('/metadata/labels', { app: 'web' }) });
    const objectSelector = { matchLabels: { app: 'web' } };
    world.configurations = [
      configuration(
        'c',
        hookFor('n', { objectSelector }),
        hookFor('a'),
        hookFor('b', { objectSelector }),
      ),
    ];
    await mutatingWebhooks(world.options()).admit?.(requestFor());
    expect(world.names).toEqual(['a', 'b']);
  });

  it('leaves the object that was sent as it was', async () => {
    const world = new World({ a: () => setting('/metadata/labels', { a: 'b' }) });
    world.configurations = [configuration('c', hookFor('a'))];
    const sent = deployment('web');
    const request = requestFor({ object: sent });
    await mutatingWebhooks(world.options()).admit?.(request);
    expect(sent).toEqual(deployment('web'));
    expect(request.object?.metadata.labels).toEqual({ a: 'b' });
  });

  it('has what a webhook made read as if it had been sent', async () => {
    const world = new World({ a: () => setting('/spec', { replicas: '3' }) });
    world.configurations = [configuration('c', hookFor('a'))];
    const kinds: unknown[] = [];
    const decode: MutatingWebhookOptions['decode'] = (json, kind) => {
      kinds.push(kind);
      return { ...(json as unknown as ApiObject), decoded: true };
    };
    const request = requestFor();
    await mutatingWebhooks(world.options({ decode })).admit?.(request);
    expect(kinds).toEqual([DEPLOYMENT]);
    expect(request.object).toMatchObject({ spec: { replicas: '3' }, decoded: true });
  });

  it('asks about another version in that version', async () => {
    const kind = { ...DEPLOYMENT, version: 'v2' };
    const form: RequestForm = {
      resource: { ...DEPLOYMENTS, version: 'v2' },
      kind,
      show: (object) => ({ ...object, apiVersion: 'apps/v2' }),
      read: (object) => ({ ...object, apiVersion: 'apps/v1' }),
    };
    const world = new World({ a: () => setting('/spec', { replicas: 3 }) });
    const rules = [{ ...EVERYTHING, apiVersions: ['v2'] }];
    world.configurations = [configuration('c', hookFor('a', { rules }))];
    const kinds: unknown[] = [];
    const decode: MutatingWebhookOptions['decode'] = (json, decoded) => {
      kinds.push(decoded);
      return json as unknown as ApiObject;
    };
    const request = requestFor();
    await mutatingWebhooks(world.options({ decode, equivalents: () => [form] })).admit?.(request);
    expect(world.asked[0]?.review.request).toMatchObject({
      kind,
      requestKind: DEPLOYMENT,
      object: { apiVersion: 'apps/v2' },
    });
    expect(kinds).toEqual([kind]);
    expect(request.object).toMatchObject({ apiVersion: 'apps/v1', spec: { replicas: 3 } });
  });

  it('ends with the first webhook that denies', async () => {
    const world = new World({ a: () => ({ allowed: false, status: { message: 'no' } }) });
    world.configurations = [configuration('c', hookFor('a'), hookFor('b'))];
    const work = mutatingWebhooks(world.options()).admit?.(requestFor());
    await expect(work).rejects.toThrow('admission webhook "a" denied the request: no');
    expect(world.names).toEqual(['a']);
  });

  it('goes on past a webhook that fails and may', async () => {
    const world = new World({
      a: () => {
        throw new Error('gone');
      },
      b: () => setting('/spec', {}),
    });
    world.configurations = [
      configuration('c', hookFor('a', { failurePolicy: 'Ignore' }), hookFor('b')),
    ];
    const request = requestFor();
    await mutatingWebhooks(world.options()).admit?.(request);
    expect(request.object).toMatchObject({ spec: {} });
  });

  it('takes a patch that is of no use for an error, whatever the policy', async () => {
    const text = (patch: string) => ({ allowed: true, patchType: 'JSONPatch', patch: btoa(patch) });
    for (const answer of [
      text('{'),
      text('{"op":"add"}'),
      patching({ op: 'remove', path: '/none' }),
      patching({ op: 'test', path: '/kind', value: 'Pod' }),
    ]) {
      const world = new World({ a: () => answer });
      world.configurations = [configuration('c', hookFor('a', { failurePolicy: 'Ignore' }))];
      const request = requestFor();
      const work = mutatingWebhooks(world.options()).admit?.(request);
      await expect(work).rejects.toMatchObject({ code: 500, reason: 'InternalError' });
      expect(request.object).toEqual(deployment('web'));
    }
  });

  it('takes what cannot be read any more for an error', async () => {
    const world = new World({ a: () => setting('/spec', 'x') });
    world.configurations = [configuration('c', hookFor('a'))];
    const decode = () => {
      throw newBadRequest('spec is no object');
    };
    const work = mutatingWebhooks(world.options({ decode })).admit?.(requestFor());
    await expect(work).rejects.toMatchObject({
      code: 500,
      message: 'Internal error occurred: spec is no object',
    });
  });

  it('has nothing to change where there is no object', async () => {
    const world = new World({ a: () => setting('/spec', {}) });
    world.configurations = [configuration('c', hookFor('a'))];
    const request = requestFor({ operation: 'DELETE', oldObject: deployment('web') });
    await expect(mutatingWebhooks(world.options()).admit?.(request)).rejects.toMatchObject({
      code: 500,
      message:
        'Internal error occurred: admission webhook "a" attempted to modify the object, which is not supported for this operation',
    });
  });

  it('does nothing for an empty patch', async () => {
    const world = new World({ a: () => patching() });
    world.configurations = [configuration('c', hookFor('a'))];
    const request = requestFor({ operation: 'DELETE', oldObject: deployment('web') });
    await mutatingWebhooks(world.options()).admit?.(request);
    expect(request.object).toBeUndefined();
  });

  describe('once more', () => {
    /** Adds a line to the object's text, each time another one. */
    const adding = (letter: string): Says => {
      let times = 0;
      return ({ request: { object } }) => {
        times += 1;
        return setting('/text', `${(object?.text as string | undefined) ?? ''}${letter}${times}`);
      };
    };

    async function askedWith(
      webhooks: Readonly<Record<string, Says>>,
      hooks: Webhook[],
      special: Partial<MutatingWebhookOptions> = {},
    ) {
      const world = new World(webhooks);
      world.configurations = [configuration('c', ...hooks)];
      const request = requestFor();
      await mutatingWebhooks(world.options(special)).admit?.(request);
      return { names: world.names.join(' '), text: request.object?.text };
    }

    it.core('asks a webhook that wants it when a later one changed the object', async () => {
      const { names } = await askedWith({ b: adding('b') }, [hookFor('a', again), hookFor('b')]);
      expect(names).toBe('a b a');
    });

    it('does not ask a webhook that does not want it', async () => {
      const never = { reinvocationPolicy: 'Never' };
      const hooks = [hookFor('a', never), hookFor('n'), hookFor('b')];
      expect((await askedWith({ b: adding('b') }, hooks)).names).toBe('a n b');
    });

    it('does not ask when nothing changed after', async () => {
      const hooks = [hookFor('a', again), hookFor('b')];
      expect((await askedWith({ a: adding('a') }, hooks)).names).toBe('a b');
      const unchanged = setting('/kind', 'Deployment');
      expect((await askedWith({ b: () => unchanged }, hooks)).names).toBe('a b');
    });

    it('changes the object by the second answer too', async () => {
      const webhooks = { a: adding('a'), b: adding('b') };
      const outcome = await askedWith(webhooks, [hookFor('a', again), hookFor('b')]);
      expect(outcome).toEqual({ names: 'a b a', text: 'a1b1a2' });
    });

    it('asks only those that have not seen the change', async () => {
      const hooks = [hookFor('a', again), hookFor('b'), hookFor('c', again)];
      expect((await askedWith({ b: adding('b') }, hooks)).names).toBe('a b c a');
      const changingLast = [hookFor('a', again), hookFor('b'), hookFor('c', again)];
      const outcome = await askedWith({ b: adding('b'), c: adding('c') }, changingLast);
      expect(outcome.names).toBe('a b c a');
    });

    it('asks a later one that has not seen what the second round changed', async () => {
      const webhooks = { a: adding('a'), b: adding('b'), c: adding('c') };
      const hooks = [hookFor('a', again), hookFor('b'), hookFor('c', again)];
      expect((await askedWith(webhooks, hooks)).names).toBe('a b c a c');
    });

    it('has no third round', async () => {
      const webhooks = { a: adding('a'), b: adding('b') };
      const hooks = [hookFor('a', again), hookFor('b', again)];
      const outcome = await askedWith(webhooks, hooks);
      expect(outcome).toEqual({ names: 'a b a b', text: 'a1b1a2b2' });
    });

    it('lets the plugins of the server look first', async () => {
      const seen: unknown[] = [];
      const askPluginsAgain = async ({ object }: AdmissionRequest) => void seen.push(object?.text);
      const hooks = [hookFor('a', again), hookFor('b')];
      const { names } = await askedWith({ b: adding('b') }, hooks, { askPluginsAgain });
      expect(seen).toEqual(['b1']);
      expect(names).toBe('a b a');
    });

    it('does not ask the plugins of the server when no webhook changed anything', async () => {
      let times = 0;
      const askPluginsAgain = async () => {
        times += 1;
      };
      await askedWith({}, [hookFor('a', again)], { askPluginsAgain });
      expect(times).toBe(0);
    });

    it('asks a webhook again when a plugin of the server changed the object', async () => {
      const askPluginsAgain = async ({ object }: AdmissionRequest) => {
        if (object) object.text = 'changed in place';
      };
      const hooks = [hookFor('a'), hookFor('b', again)];
      const { names } = await askedWith({ a: adding('a') }, hooks, { askPluginsAgain });
      expect(names).toBe('a b b');
    });

    it('asks only those that were asked before', async () => {
      const objectSelector = { matchLabels: { app: 'web' } };
      const labelling = () => setting('/metadata/labels', { app: 'web' });
      const hooks = [hookFor('a', { ...again, objectSelector }), hookFor('b')];
      expect((await askedWith({ b: labelling }, hooks)).names).toBe('b');
    });

    it('does not ask one that the object does not fit any more', async () => {
      const objectSelector = { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] };
      const labelling = () => setting('/metadata/labels', { app: 'web' });
      const hooks = [hookFor('a', { ...again, objectSelector }), hookFor('b')];
      expect((await askedWith({ b: labelling }, hooks)).names).toBe('a b');
    });

    it('knows webhooks of one name in two configurations apart', async () => {
      const world = new World({ b: adding('b') });
      world.configurations = [
        configuration('c1', hookFor('a', again), hookFor('b')),
        configuration('c2', hookFor('a', again)),
      ];
      await mutatingWebhooks(world.options()).admit?.(requestFor());
      expect(world.names.join(' ')).toBe('a b a a');
    });
  });

  it('is never asked about what configures webhooks', () => {
    const plugin = mutatingWebhooks(new World().options());
    expect(plugin.name).toBe('MutatingAdmissionWebhook');
    expectExempt(plugin);
  });
});

describe('validatingWebhooks', () => {
  const hookFor = (name: string, special: Partial<Webhook> = {}) => webhook({ name, ...special });

  it.core('lets through what all webhooks allow', async () => {
    const world = new World();
    world.configurations = [configuration('c', hookFor('a'), hookFor('b'))];
    const request = requestFor();
    await validatingWebhooks(world.options()).validate?.(request);
    expect([...world.names].sort()).toEqual(['a', 'b']);
    expect(request.object).toEqual(deployment('web'));
  });

  it.core('refuses what one webhook denies', async () => {
    const world = new World({ b: () => ({ allowed: false, status: { message: 'no' } }) });
    world.configurations = [configuration('c', hookFor('a'), hookFor('b'))];
    const work = validatingWebhooks(world.options()).validate?.(requestFor());
    await expect(work).rejects.toThrow('admission webhook "b" denied the request: no');
  });

  it('asks all at once', async () => {
    let answer: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const waiting = async () => {
      await gate;
      return { allowed: true };
    };
    const world = new World({ a: waiting, b: waiting });
    world.configurations = [configuration('c', hookFor('a'), hookFor('b'))];
    const work = validatingWebhooks(world.options()).validate?.(requestFor());
    await settle();
    expect([...world.names].sort()).toEqual(['a', 'b']);
    answer();
    await work;
  });

  it('waits for all of them, and tells the first refusal in order', async () => {
    let answer: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const world = new World({
      a: async () => {
        await gate;
        return { allowed: false, status: { message: 'slow' } };
      },
      b: () => ({ allowed: false, status: { message: 'fast' } }),
    });
    world.configurations = [configuration('2', hookFor('b')), configuration('1', hookFor('a'))];
    const work = watched(
      (async () => validatingWebhooks(world.options()).validate?.(requestFor()))(),
    );
    await settle();
    await work.expectGoingOn();
    answer();
    await expect(work.outcome).rejects.toThrow('denied the request: slow');
  });

  it('goes on past a webhook that fails and may', async () => {
    const failing = () => {
      throw new Error('gone');
    };
    const world = new World({ a: failing });
    world.configurations = [configuration('c', hookFor('a', { failurePolicy: 'Ignore' }))];
    await validatingWebhooks(world.options()).validate?.(requestFor());
    world.configurations = [configuration('c', hookFor('a'))];
    const work = validatingWebhooks(world.options()).validate?.(requestFor());
    await expect(work).rejects.toMatchObject({ code: 500 });
  });

  it('takes a patch for a failure', async () => {
    const world = new World({ a: () => setting('/spec', {}) });
    world.configurations = [configuration('c', hookFor('a'))];
    const request = requestFor();
    await expect(validatingWebhooks(world.options()).validate?.(request)).rejects.toMatchObject({
      code: 500,
    });
    expect(request.object).toEqual(deployment('web'));
  });

  it('asks nobody when it cannot be told who is to be asked', async () => {
    const world = new World();
    const namespaceSelector = { matchLabels: { a: 'b' } };
    world.configurations = [configuration('c', hookFor('a'), hookFor('b', { namespaceSelector }))];
    const request = requestFor({ namespace: 'gone' });
    await expect(validatingWebhooks(world.options()).validate?.(request)).rejects.toMatchObject({
      code: 404,
    });
    expect(world.asked).toEqual([]);
  });

  it('asks only those that a rule fits', async () => {
    const world = new World();
    const rules = [{ ...EVERYTHING, operations: ['DELETE'] }];
    world.configurations = [configuration('c', hookFor('a', { rules }), hookFor('b'))];
    await validatingWebhooks(world.options()).validate?.(requestFor());
    expect(world.names).toEqual(['b']);
  });

  it('asks about deletions, with the object that goes', async () => {
    const world = new World();
    world.configurations = [configuration('c', hookFor('a'))];
    const oldObject = deployment('web');
    await validatingWebhooks(world.options()).validate?.(
      requestFor({ operation: 'DELETE', oldObject }),
    );
    expect(world.asked[0]?.review.request).toMatchObject({ object: null, oldObject });
  });

  it('is never asked about what configures webhooks', () => {
    const plugin = validatingWebhooks(new World().options());
    expect(plugin.name).toBe('ValidatingAdmissionWebhook');
    expectExempt(plugin);
  });
});
