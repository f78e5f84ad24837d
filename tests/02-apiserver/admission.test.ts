import { FakeClock, newConflict, newForbidden, seededRandom } from '#apimachinery';
import {
  type AdmissionPlugin,
  type AdmissionRequest,
  type ApiObject,
  admit,
  checkQuotas,
  limitRanger,
  namespaceLifecycle,
  quotaEvaluator,
  resourceQuota,
  serviceAccount,
  UNSECURED,
  validate,
} from '#apiserver';
import { describe, expect, fc, it, property, settle } from '#kit';

type Texts = Record<string, string>;

const PODS = { group: '', version: 'v1', resource: 'pods' };
const KINDS: Readonly<Record<string, string>> = {
  pods: 'Pod',
  services: 'Service',
  persistentvolumeclaims: 'PersistentVolumeClaim',
  namespaces: 'Namespace',
  configmaps: 'ConfigMap',
};

/** A request of a core resource; a pod's creation in `default` where nothing is said. */
function requestFor(special: Partial<AdmissionRequest> = {}): AdmissionRequest {
  const { resource = PODS, object, oldObject } = special;
  const name = object?.metadata.name ?? oldObject?.metadata.name ?? '';
  return {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: KINDS[resource.resource] ?? 'Other' },
    resource,
    subresource: '',
    namespace: 'default',
    name,
    object: undefined,
    oldObject: undefined,
    user: UNSECURED,
    dryRun: false,
    options: {},
    warn: () => {},
    ...special,
  };
}

const core = (resource: string) => ({ group: '', version: 'v1', resource });

function object(kind: string, name: string, more: Record<string, unknown> = {}): ApiObject {
  const { metadata = {}, ...rest } = more;
  return { apiVersion: 'v1', kind, metadata: { name, ...(metadata as object) }, ...rest };
}

interface ContainerParts {
  readonly name?: string;
  readonly requests?: Texts;
  readonly limits?: Texts;
  readonly [field: string]: unknown;
}

function container({ name = 'web', requests, limits, ...rest }: ContainerParts = {}) {
  const resources = { ...(requests && { requests }), ...(limits && { limits }) };
  return { name, image: 'i', ...(Object.keys(resources).length > 0 && { resources }), ...rest };
}

/** A pod of one container, unless `spec` has others. */
function pod(name: string, spec: Record<string, unknown> = {}, metadata: object = {}): ApiObject {
  return object('Pod', name, { metadata, spec: { containers: [container()], ...spec } });
}

/** What a request would write. */
function specOf<Spec>({ object: written }: AdmissionRequest): Spec {
  return written?.spec as Spec;
}

const creation = (created: ApiObject, special: Partial<AdmissionRequest> = {}) =>
  requestFor({ object: created, ...special });

/** What the server does with a plugin: all of `admit`, then `validate`. */
async function run(plugin: AdmissionPlugin, request: AdmissionRequest): Promise<void> {
  await admit([plugin], request);
  await validate([plugin], request);
}

/** A plugin that notes what it is asked. */
function noting(name: string, notes: string[], special: Partial<AdmissionPlugin> = {}) {
  return {
    name,
    handles: () => true,
    admit: () => void notes.push(`${name} admits`),
    validate: () => void notes.push(`${name} validates`),
    ...special,
  };
}

describe('admit', () => {
  it.core('asks the plugins in order, one after the other', async () => {
    const notes: string[] = [];
    const slow = noting('slow', notes, {
      admit: async () => {
        notes.push('slow begins');
        await settle();
        notes.push('slow ends');
      },
    });
    await admit([slow, noting('b', notes)], creation(pod('web')));
    expect(notes).toEqual(['slow begins', 'slow ends', 'b admits']);
  });

  it.core('lets a plugin see what those before it changed', async () => {
    const adding = (letter: string): AdmissionPlugin => ({
      name: letter,
      handles: () => true,
      admit: (request) => {
        const before = (request.object?.text as string | undefined) ?? '';
        request.object = object('Note', 'n', { text: before + letter });
      },
    });
    const request = requestFor({ object: object('Note', 'n') });
    await admit([adding('a'), adding('b'), adding('c')], request);
    expect(request.object?.text).toBe('abc');
  });

  it('passes over plugins that do not handle the request, or only validate', async () => {
    const notes: string[] = [];
    const onlyValidates = { name: 'v', handles: () => true, validate: () => void notes.push('v') };
    const other = noting('other', notes, { handles: () => false });
    await admit([other, onlyValidates, noting('a', notes)], creation(pod('web')));
    expect(notes).toEqual(['a admits']);
  });

  it('asks whether a plugin handles the request when its turn comes', async () => {
    const notes: string[] = [];
    const first: AdmissionPlugin = {
      name: 'first',
      handles: () => true,
      admit: (request) => {
        request.object = object('Pod', 'renamed');
      },
    };
    const second = noting('second', notes, {
      handles: ({ object: made }) => made?.metadata.name === 'renamed',
    });
    await admit([first, second], creation(pod('web')));
    expect(notes).toEqual(['second admits']);
  });

  it('ends with the first that refuses, and passes its error on', async () => {
    const notes: string[] = [];
    const refusal = newForbidden(PODS, 'web', 'no');
    const refusing = noting('r', notes, { admit: async () => Promise.reject(refusal) });
    const work = admit([noting('a', notes), refusing, noting('b', notes)], creation(pod('web')));
    await expect(work).rejects.toMatchObject({ code: 403, message: refusal.message });
    expect(notes).toEqual(['a admits']);
  });

  it('calls a plugin as its method', async () => {
    const plugin = {
      name: 'p',
      asked: 0,
      handles(): boolean {
        return this.name === 'p';
      },
      admit(): void {
        this.asked += 1;
      },
    };
    await admit([plugin], creation(pod('web')));
    expect(plugin.asked).toBe(1);
  });
});

describe('validate', () => {
  it.core('asks each plugin that handles the request and validates, in order', async () => {
    const notes: string[] = [];
    const onlyAdmits = { name: 'm', handles: () => true, admit: () => void notes.push('m') };
    const other = noting('other', notes, { handles: () => false });
    const plugins = [noting('a', notes), onlyAdmits, other, noting('b', notes)];
    await validate(plugins, creation(pod('web')));
    expect(notes).toEqual(['a validates', 'b validates']);
  });

  it('waits for a plugin, and ends with the first that refuses', async () => {
    const notes: string[] = [];
    const refusing = noting('r', notes, {
      validate: async () => {
        await settle();
        throw newForbidden(PODS, 'web', 'no');
      },
    });
    const work = validate([refusing, noting('b', notes)], creation(pod('web')));
    await expect(work).rejects.toMatchObject({ code: 403 });
    expect(notes).toEqual([]);
  });
});

describe('namespaceLifecycle', () => {
  const dying = { metadata: { deletionTimestamp: '2025-01-01T00:00:00Z' } };
  const known = new Map([
    ['default', object('Namespace', 'default')],
    ['dying', object('Namespace', 'dying', dying)],
  ]);
  const newPlugin = () => namespaceLifecycle({ namespace: async (name) => known.get(name) });
  const namespaceRequest = (special: Partial<AdmissionRequest>) =>
    requestFor({ resource: core('namespaces'), namespace: '', ...special });

  it.core('lets things be made where the namespace is', async () => {
    const plugin = newPlugin();
    const request = creation(pod('web'));
    expect(plugin.handles(request)).toBe(true);
    await run(plugin, request);
  });

  it.core('refuses what is made in a namespace that is not there', async () => {
    const work = run(newPlugin(), creation(pod('web'), { namespace: 'gone' }));
    await expect(work).rejects.toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'namespaces "gone" not found',
    });
  });

  it('refuses before anything is changed', async () => {
    const work = admit([newPlugin()], creation(pod('web'), { namespace: 'gone' }));
    await expect(work).rejects.toMatchObject({ code: 404 });
  });

  it('refuses what is made in a namespace that goes away, with the cause', async () => {
    const work = run(newPlugin(), creation(pod('web'), { namespace: 'dying' }));
    await expect(work).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "web" is forbidden: unable to create new content in namespace dying because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace dying is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  it('names what has no name yet by what it will begin with', async () => {
    const made = object('Pod', '', { metadata: { name: undefined, generateName: 'web-' } });
    const work = run(newPlugin(), creation(made, { namespace: 'dying', name: '' }));
    await expect(work).rejects.toThrow(/^pods "web-" is forbidden: unable to create/);
  });

  it('keeps the namespaces of the system', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      const work = run(newPlugin(), namespaceRequest({ operation: 'DELETE', name }));
      await expect(work).rejects.toMatchObject({
        code: 403,
        message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      });
    }
  });

  it('lets other namespaces be deleted', async () => {
    for (const name of ['kube-node-lease', 'mine']) {
      await run(newPlugin(), namespaceRequest({ operation: 'DELETE', name }));
    }
  });

  it('has nothing to do with other requests', () => {
    const plugin = newPlugin();
    const review = {
      group: 'authorization.k8s.io',
      version: 'v1',
      kind: 'LocalSubjectAccessReview',
    };
    const others: Partial<AdmissionRequest>[] = [
      { operation: 'UPDATE', namespace: 'gone' },
      { operation: 'DELETE', namespace: 'dying' },
      { operation: 'CREATE', namespace: '' },
      { operation: 'CREATE', namespace: 'gone', kind: review },
    ];
    for (const special of others) expect(plugin.handles(requestFor(special))).toBe(false);
    expect(plugin.handles(namespaceRequest({ operation: 'CREATE', name: 'new' }))).toBe(false);
    expect(plugin.handles(namespaceRequest({ operation: 'UPDATE', name: 'default' }))).toBe(false);
    const finalize = { operation: 'DELETE', name: 'default', subresource: 'finalize' } as const;
    expect(plugin.handles(namespaceRequest(finalize))).toBe(false);
  });

  it('is about no other kind that is called Namespace', async () => {
    const plugin = newPlugin();
    const kind = { group: 'example.com', version: 'v1', kind: 'Namespace' };
    const resource = { group: 'example.com', version: 'v1', resource: 'namespaces' };
    const request = { kind, resource, name: 'default', namespace: 'x' };
    expect(plugin.handles(requestFor({ ...request, operation: 'DELETE' }))).toBe(false);
    await expect(run(plugin, requestFor({ ...request, operation: 'CREATE' }))).rejects.toThrow();
  });
});

interface Limits {
  readonly type?: string;
  readonly default?: Texts;
  readonly defaultRequest?: Texts;
  readonly min?: Texts;
  readonly max?: Texts;
  readonly maxLimitRequestRatio?: Texts;
}

describe('limitRanger', () => {
  const NOTE = 'kubernetes.io/limit-ranger';
  const range = (...limits: Limits[]) =>
    object('LimitRange', 'limits', {
      spec: { limits: limits.map((one) => ({ type: 'Container', ...one })) },
    });
  const newPlugin = (...ranges: ApiObject[]) => limitRanger({ limitRanges: () => ranges });
  const note = (request: AdmissionRequest) => request.object?.metadata.annotations?.[NOTE];
  const claim = (storage: string, metadata: object = {}) =>
    object('PersistentVolumeClaim', 'data', {
      metadata,
      spec: { resources: { requests: { storage } } },
    });

  it.core('gives a container the limits and requests it does not have', async () => {
    const plugin = newPlugin(
      range({ default: { cpu: '500m', memory: '256Mi' }, defaultRequest: { cpu: '100m' } }),
    );
    const request = creation(
      pod('web', { containers: [container({ limits: { memory: '1Gi' } })] }),
    );
    await admit([plugin], request);
    expect(request.object?.spec).toMatchObject({
      containers: [
        { resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '100m' } } },
      ],
    });
  });

  it.core('says in an annotation what it did', async () => {
    const plugin = newPlugin(
      range({ default: { memory: '256Mi', cpu: '500m' }, defaultRequest: { cpu: '100m' } }),
    );
    const request = creation(
      pod('web', {
        containers: [container({ limits: { memory: '1Gi' } })],
        initContainers: [container({ name: 'setup' })],
      }),
    );
    await admit([plugin], request);
    expect(note(request)).toBe(
      'LimitRanger plugin set: cpu request for container web; cpu limit for container web; cpu request for init container setup; cpu, memory limit for init container setup',
    );
  });

  it('keeps other annotations', async () => {
    const plugin = newPlugin(range({ default: { cpu: '1' } }));
    const request = creation(pod('web', {}, { annotations: { a: 'b' } }));
    await admit([plugin], request);
    expect(request.object?.metadata.annotations).toMatchObject({ a: 'b' });
    expect(note(request)).toBe('LimitRanger plugin set: cpu limit for container web');
  });

  it('changes nothing where nothing is missing', async () => {
    const plugin = newPlugin(range({ default: { cpu: '1' } }));
    const made = pod('web', { containers: [container({ limits: { cpu: '2' } })] });
    const request = creation(structuredClone(made));
    await admit([plugin], request);
    expect(request.object).toEqual(made);
  });

  it('adds no empty maps', async () => {
    const made = pod('web');
    const request = creation(structuredClone(made));
    await admit([newPlugin(range({ max: { cpu: '1' } }))], request);
    expect(request.object).toEqual(made);
    const limited = creation(pod('web'));
    await admit([newPlugin(range({ default: { cpu: '1' } }))], limited);
    expect(limited.object?.spec).toMatchObject({
      containers: [{ resources: expect.not.objectContaining({ requests: expect.anything() }) }],
    });
  });

  it('takes defaults from items of containers alone, the later one first', async () => {
    const plugin = newPlugin(
      range(
        { default: { cpu: '1' } },
        { type: 'Pod', default: { cpu: '7', memory: '1Gi' } },
        { default: { cpu: '2' } },
      ),
    );
    const request = creation(pod('web'));
    await admit([plugin], request);
    expect(request.object?.spec).toMatchObject({
      containers: [{ resources: { limits: { cpu: '2' } } }],
    });
    expect(note(request)).toBe('LimitRanger plugin set: cpu limit for container web');
  });

  it('takes what the first of several LimitRanges has, and notes the last that did something', async () => {
    const plugin = newPlugin(
      range({ default: { cpu: '1' } }),
      range({ default: { cpu: '2', memory: '1Gi' } }),
      range({ default: { cpu: '3' } }),
    );
    const request = creation(pod('web'));
    await admit([plugin], request);
    expect(request.object?.spec).toMatchObject({
      containers: [{ resources: { limits: { cpu: '1', memory: '1Gi' } } }],
    });
    expect(note(request)).toBe('LimitRanger plugin set: memory limit for container web');
  });

  it('does not share its defaults with the pods', async () => {
    const limits = range({ default: { cpu: '1' } });
    const before = structuredClone(limits);
    const request = creation(pod('web', { containers: [container(), container({ name: 'b' })] }));
    await admit([newPlugin(limits)], request);
    const [first, second] = specOf<{ containers: ContainerParts[] }>(request).containers;
    (first as { resources: { limits: Texts } }).resources.limits.cpu = '9';
    expect(second).toMatchObject({ resources: { limits: { cpu: '1' } } });
    expect(limits).toEqual(before);
  });

  it.core('refuses a container that asks for too much', async () => {
    const plugin = newPlugin(range({ max: { cpu: '1' } }));
    const made = pod('web', { containers: [container({ limits: { cpu: '2' } })] });
    await expect(run(plugin, creation(made))).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: 'pods "web" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    });
  });

  it('tells all that one LimitRange has against a pod, each once', async () => {
    const plugin = newPlugin(
      range({ min: { cpu: '1', memory: '1Gi' } }),
      range({ max: { cpu: '1' } }),
    );
    const requests = { cpu: '100m', memory: '1Gi' };
    const containers = [
      container({ requests }),
      container({ name: 'b', requests: { cpu: '100m' } }),
    ];
    await expect(run(plugin, creation(pod('web', { containers })))).rejects.toThrow(
      'pods "web" is forbidden: [minimum cpu usage per Container is 1, but request is 100m, minimum memory usage per Container is 1Gi.  No request is specified]',
    );
  });

  it('looks at all containers together for items of pods', async () => {
    const plugin = newPlugin(range({ type: 'Pod', max: { cpu: '1' } }));
    const limits = { cpu: '600m' };
    const containers = [container({ limits }), container({ name: 'b', limits })];
    await expect(run(plugin, creation(pod('web', { containers })))).rejects.toThrow(
      'pods "web" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m',
    );
    await run(plugin, creation(pod('web', { containers: [container({ limits })] })));
  });

  it('checks what defaults made of a pod', async () => {
    const plugin = newPlugin(range({ default: { cpu: '2' }, max: { cpu: '1' } }));
    await expect(run(plugin, creation(pod('web')))).rejects.toMatchObject({ code: 403 });
  });

  it('checks claims when they are made and when they change', async () => {
    const plugin = newPlugin(range({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }));
    const resource = core('persistentvolumeclaims');
    const message =
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi';
    await expect(run(plugin, creation(claim('2Gi'), { resource }))).rejects.toThrow(message);
    const oldObject = claim('1Gi');
    const growing = creation(claim('2Gi'), { resource, operation: 'UPDATE', oldObject });
    await expect(run(plugin, growing)).rejects.toThrow(message);
    await run(plugin, creation(claim('1Gi'), { resource }));
  });

  it('lets a claim that is going away be changed', async () => {
    const plugin = newPlugin(range({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }));
    const oldObject = claim('2Gi', { deletionTimestamp: '2025-01-01T00:00:00Z' });
    const resource = core('persistentvolumeclaims');
    await run(plugin, creation(claim('2Gi'), { resource, operation: 'UPDATE', oldObject }));
  });

  it('does not change claims', async () => {
    const plugin = newPlugin(range({ default: { storage: '1Gi' } }));
    const made = object('PersistentVolumeClaim', 'data', { spec: {} });
    const request = creation(structuredClone(made), { resource: core('persistentvolumeclaims') });
    await admit([plugin], request);
    expect(request.object).toEqual(made);
  });

  it('asks for the LimitRanges of the namespace', async () => {
    const asked: string[] = [];
    const plugin = limitRanger({
      limitRanges: async (namespace) => {
        asked.push(namespace);
        return [];
      },
    });
    await admit([plugin], creation(pod('web'), { namespace: 'other' }));
    expect(asked).toEqual(['other']);
  });

  it('has nothing to do with other requests', () => {
    const plugin = newPlugin();
    expect(plugin.name).toBe('LimitRanger');
    expect(plugin.handles(creation(pod('web')))).toBe(true);
    const claims = core('persistentvolumeclaims');
    expect(plugin.handles(requestFor({ resource: claims, operation: 'UPDATE' }))).toBe(true);
    for (const special of [
      { operation: 'UPDATE' },
      { operation: 'DELETE' },
      { subresource: 'binding' },
      { resource: core('services') },
      { resource: { ...PODS, group: 'metrics.k8s.io' } },
      { resource: claims, operation: 'UPDATE', subresource: 'status' },
      { resource: claims, operation: 'DELETE' },
    ] as const) {
      expect(plugin.handles(requestFor(special))).toBe(false);
    }
  });
});

describe('serviceAccount', () => {
  const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
  const account = (name: string, more: object = {}) => object('ServiceAccount', name, { ...more });
  const newPlugin = (...accounts: ApiObject[]) =>
    serviceAccount({
      serviceAccount: (namespace, name) =>
        namespace === 'default'
          ? accounts.find(({ metadata }) => metadata.name === name)
          : undefined,
      random: seededRandom(1),
    });
  const mountsOf = (request: AdmissionRequest) =>
    specOf<{ containers: { volumeMounts?: unknown[] }[] }>(request).containers.map(
      ({ volumeMounts }) => volumeMounts ?? [],
    );

  it.core('has a pod run as default when it does not say', async () => {
    const request = creation(pod('web'));
    await run(newPlugin(account('default')), request);
    expect(request.object?.spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
    });
  });

  it.core('refuses a pod whose account is not there', async () => {
    await expect(run(newPlugin(), creation(pod('web')))).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "web" is forbidden: error looking up service account default/default: serviceaccount "default" not found',
    });
    const work = run(
      newPlugin(account('default')),
      creation(pod('w', { serviceAccountName: 'x' })),
    );
    await expect(work).rejects.toThrow(
      'pods "w" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    );
  });

  it('keeps the account a pod names', async () => {
    const request = creation(pod('web', { serviceAccountName: 'robot', serviceAccount: 'old' }));
    await run(newPlugin(account('robot')), request);
    expect(request.object?.spec).toMatchObject({
      serviceAccountName: 'robot',
      serviceAccount: 'robot',
    });
  });

  it.core('mounts the token in every container', async () => {
    const request = creation(pod('web', { containers: [container(), container({ name: 'b' })] }));
    await run(newPlugin(account('default')), request);
    const [volume] = specOf<{ volumes: { name: string }[] }>(request).volumes;
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    const mount = { name: volume?.name, mountPath: MOUNT, readOnly: true };
    expect(mountsOf(request)).toEqual([[mount], [mount]]);
  });

  it('does not mount the token where the pod or the account says so', async () => {
    const unmounting = account('default', { automountServiceAccountToken: false });
    for (const [spec, own, isMounted] of [
      [{ automountServiceAccountToken: false }, account('default'), false],
      [{}, unmounting, false],
      [{ automountServiceAccountToken: true }, unmounting, true],
    ] as const) {
      const request = creation(pod('web', spec));
      await run(newPlugin(own), request);
      expect(mountsOf(request).flat().length).toBe(isMounted ? 1 : 0);
      expect(specOf<{ volumes?: unknown }>(request).volumes !== undefined).toBe(isMounted);
    }
  });

  it('gives a pod the secrets of its account to pull images with', async () => {
    const own = account('default', { imagePullSecrets: [{ name: 'a' }, { name: 'b' }] });
    const request = creation(pod('web', { imagePullSecrets: [] }));
    await run(newPlugin(own), request);
    const { imagePullSecrets } = specOf<{ imagePullSecrets: { name: string }[] }>(request);
    expect(imagePullSecrets).toEqual([{ name: 'a' }, { name: 'b' }]);
    for (const secret of imagePullSecrets) secret.name = 'changed';
    expect(own.imagePullSecrets).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  it('leaves a pod its own secrets to pull images with', async () => {
    const own = account('default', { imagePullSecrets: [{ name: 'a' }] });
    const request = creation(pod('web', { imagePullSecrets: [{ name: 'mine' }] }));
    await run(newPlugin(own), request);
    expect(request.object?.spec).toMatchObject({ imagePullSecrets: [{ name: 'mine' }] });
  });

  it('adds no empty list of secrets', async () => {
    const request = creation(pod('web'));
    await run(newPlugin(account('default', { imagePullSecrets: [] })), request);
    expect(Object.keys(specOf<object>(request))).not.toContain('imagePullSecrets');
  });

  it('looks at the account again when it validates', async () => {
    const plugin = newPlugin(account('default'));
    const changed = creation(pod('web', { serviceAccountName: 'other' }));
    await expect(validate([plugin], changed)).rejects.toThrow('serviceaccount "other" not found');
    const nameless = creation(pod('web', { serviceAccountName: '' }));
    await expect(validate([plugin], nameless)).rejects.toThrow(
      'error looking up service account default/: serviceaccount "" not found',
    );
  });

  it('keeps to the list of an account that has one', async () => {
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    const own = account('default', { metadata: { annotations }, secrets: [{ name: 'mine' }] });
    const using = (secretName: string) =>
      creation(pod('web', { volumes: [{ name: 'v', secret: { secretName } }] }));
    await run(newPlugin(own), using('mine'));
    await expect(run(newPlugin(own), using('other'))).rejects.toThrow(
      'pods "web" is forbidden: volume with secret.secretName="other" is not allowed because service account default does not reference that secret',
    );
  });

  it('leaves mirror pods as they are', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    const made = pod('web', {}, { annotations });
    const request = creation(structuredClone(made));
    await run(newPlugin(), request);
    expect(request.object).toEqual(made);
  });

  it('refuses a mirror pod with an account, at both times', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    const made = () => creation(pod('web', { serviceAccountName: 'default' }, { annotations }));
    const plugin = newPlugin(account('default'));
    const message = 'pods "web" is forbidden: a mirror pod may not reference service accounts';
    await expect(admit([plugin], made())).rejects.toThrow(message);
    await expect(validate([plugin], made())).rejects.toThrow(message);
  });

  it('has nothing to do with other requests', () => {
    const plugin = newPlugin();
    expect(plugin.name).toBe('ServiceAccount');
    expect(plugin.handles(creation(pod('web')))).toBe(true);
    for (const special of [
      { operation: 'UPDATE' },
      { operation: 'DELETE' },
      { subresource: 'eviction' },
      { resource: core('serviceaccounts') },
      { resource: { ...PODS, group: 'example.com' } },
    ] as const) {
      expect(plugin.handles(requestFor(special))).toBe(false);
    }
  });
});

interface QuotaParts {
  readonly scopes?: string[];
  readonly resourceVersion?: string;
}

function quota(name: string, hard: Texts, used: Texts, parts: QuotaParts = {}): ApiObject {
  const { scopes, resourceVersion = '1' } = parts;
  return object('ResourceQuota', name, {
    metadata: { namespace: 'default', resourceVersion },
    spec: { hard, ...(scopes && { scopes }) },
    status: { hard, used },
  });
}

/** `checkQuotas` with the evaluator of the request's resource; what would be charged, by quota. */
function check(quotas: readonly ApiObject[], request: AdmissionRequest) {
  const evaluator = quotaEvaluator(request.resource, () => 0);
  if (!evaluator) throw new Error(`no evaluator for ${request.resource.resource}`);
  const charges = checkQuotas(quotas, request, evaluator);
  return charges.map(({ quota: { metadata }, used }) => [metadata.name, used] as const);
}

/** The message of what `work` throws. */
function fault(work: () => unknown): { code?: number; message: string } {
  try {
    work();
  } catch (error) {
    const { code, message, name } = error as { code?: number; message: string; name: string };
    if (name === 'NotImplemented') throw error;
    return { ...(code !== undefined && { code }), message };
  }
  return { message: 'nothing was thrown' };
}

const asking = (requests: Texts, name = 'web') =>
  pod(name, { containers: [container({ requests })] });

describe('checkQuotas', () => {
  it.core('tells what is used once the request is through', () => {
    const hard = { pods: '2', 'requests.cpu': '1' };
    const q = quota('q', hard, { pods: '1', 'requests.cpu': '800m' });
    expect(check([q], creation(asking({ cpu: '100m' })))).toEqual([
      ['q', { pods: '2', 'requests.cpu': '900m' }],
    ]);
  });

  it.core('refuses what is too much', () => {
    const q = quota('q', { pods: '2' }, { pods: '2' });
    expect(fault(() => check([q], creation(pod('web'))))).toEqual({
      code: 403,
      message:
        'pods "web" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    });
  });

  it('tells only of what is too much, sorted', () => {
    const hard = { 'requests.memory': '1Gi', 'requests.cpu': '1', pods: '9' };
    const used = { 'requests.memory': '1Gi', 'requests.cpu': '800m', pods: '1' };
    const request = creation(asking({ memory: '1Mi', cpu: '300m' }));
    expect(fault(() => check([quota('q', hard, used)], request)).message).toBe(
      'pods "web" is forbidden: exceeded quota: q, requested: requests.cpu=300m,requests.memory=1Mi, used: requests.cpu=800m,requests.memory=1Gi, limited: requests.cpu=1,requests.memory=1Gi',
    );
  });

  it('keeps the rest of what is used', () => {
    const q = quota('q', { pods: '5', services: '3' }, { pods: '1', services: '2' });
    expect(check([q], creation(pod('web')))).toEqual([['q', { pods: '2', services: '2' }]]);
  });

  it('is content with what is exactly enough', () => {
    const q = quota('q', { 'requests.cpu': '1' }, { 'requests.cpu': '500m' });
    expect(check([q], creation(asking({ cpu: '0.5' })))).toEqual([['q', { 'requests.cpu': '1' }]]);
  });

  it('does not mind other resources that are above their limit already', () => {
    const q = quota('q', { pods: '5', services: '1' }, { pods: '1', services: '3' });
    expect(check([q], creation(pod('web')))).toHaveLength(1);
  });

  it('counts by what the status says, and not the specification', () => {
    const q = quota('q', { pods: '1' }, { pods: '1' });
    q.spec = { hard: { pods: '100' } };
    expect(fault(() => check([q], creation(pod('web')))).message).toContain('limited: pods=1');
    const fresh = object('ResourceQuota', 'new', { spec: { hard: { pods: '0' } }, status: {} });
    expect(check([fresh], creation(pod('web')))).toEqual([]);
  });

  it('passes over quotas that count something else', () => {
    const q = quota('q', { services: '0' }, { services: '0' });
    expect(check([q], creation(pod('web')))).toEqual([]);
  });

  it('passes over quotas whose scopes the pod is not in', () => {
    const hard = { pods: '0' };
    const used = { pods: '0' };
    const bestEffort = quota('q', hard, used, { scopes: ['BestEffort'] });
    expect(check([bestEffort], creation(asking({ cpu: '1' })))).toEqual([]);
    expect(fault(() => check([bestEffort], creation(pod('web')))).code).toBe(403);
    const both = quota('q', hard, used, { scopes: ['BestEffort', 'Terminating'] });
    expect(check([both], creation(pod('web')))).toEqual([]);
  });

  it('charges several quotas in their order', () => {
    const quotas = [
      quota('b', { pods: '5' }, { pods: '1' }),
      quota('a', { pods: '3' }, { pods: '2' }),
    ];
    expect(check(quotas, creation(pod('web')))).toEqual([
      ['b', { pods: '2' }],
      ['a', { pods: '3' }],
    ]);
  });

  it('refuses when one of several quotas does', () => {
    const quotas = [
      quota('a', { pods: '5' }, { pods: '1' }),
      quota('b', { pods: '1' }, { pods: '1' }),
    ];
    expect(fault(() => check(quotas, creation(pod('web')))).message).toContain('exceeded quota: b');
  });

  it('wants to know what is used before it lets anything through', () => {
    const q = quota('q', { 'requests.cpu': '1', pods: '5', services: '1' }, { services: '0' });
    expect(fault(() => check([q], creation(asking({ cpu: '1' }))))).toEqual({
      code: 403,
      message: 'pods "web" is forbidden: status unknown for quota: q, resources: pods,requests.cpu',
    });
    const part = quota('q', { 'requests.cpu': '1', pods: '5' }, { pods: '0' });
    expect(fault(() => check([part], creation(asking({ cpu: '1' })))).message).toContain(
      'status unknown for quota: q, resources: pods,requests.cpu',
    );
  });

  it('wants containers to say how much they ask for where that is counted', () => {
    const q = quota('q', { 'limits.cpu': '1' }, { 'limits.cpu': '0' });
    expect(fault(() => check([q], creation(pod('web'))))).toEqual({
      code: 403,
      message: 'pods "web" is forbidden: failed quota: q: must specify limits.cpu for: web',
    });
  });

  it('looks whether things can be counted in all quotas first', () => {
    const quotas = [quota('a', { pods: '0' }, { pods: '0' }), quota('b', { pods: '5' }, {})];
    expect(fault(() => check(quotas, creation(pod('web')))).message).toContain(
      'status unknown for quota: b',
    );
  });

  describe('of an update', () => {
    const services = core('services');
    const service = (type: string, ports: number) =>
      object('Service', 's', {
        spec: { type, ports: Array.from({ length: ports }, (_, i) => ({ port: i + 1 })) },
      });
    const updating = (oldObject: ApiObject, changed: ApiObject) =>
      requestFor({ resource: services, operation: 'UPDATE', object: changed, oldObject });
    const hard = { services: '1', 'services.nodeports': '3' };

    it.core('charges only what is more than before', () => {
      const q = quota('q', hard, { services: '1', 'services.nodeports': '1' });
      const request = updating(service('NodePort', 1), service('NodePort', 3));
      expect(check([q], request)).toEqual([['q', { services: '1', 'services.nodeports': '3' }]]);
    });

    it('gives nothing back', () => {
      const q = quota('q', hard, { services: '1', 'services.nodeports': '3' });
      expect(check([q], updating(service('NodePort', 3), service('ClusterIP', 1)))).toEqual([]);
    });

    it('refuses what is too much more', () => {
      const q = quota('q', hard, { services: '1', 'services.nodeports': '2' });
      const work = () => check([q], updating(service('ClusterIP', 2), service('NodePort', 2)));
      expect(fault(work).message).toBe(
        'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=2, limited: services.nodeports=3',
      );
    });

    it('lets through what asks for no more, though the limit was lowered', () => {
      const q = quota('q', { services: '0' }, { services: '1' });
      expect(check([q], updating(service('ClusterIP', 1), service('ClusterIP', 2)))).toEqual([]);
    });

    it('charges everything to a quota that was not about the object before', () => {
      const q = quota('q', { pods: '5' }, { pods: '1' }, { scopes: ['NotBestEffort'] });
      const request = requestFor({
        operation: 'UPDATE',
        subresource: 'resize',
        object: asking({ cpu: '1' }),
        oldObject: pod('web'),
      });
      expect(check([q], request)).toEqual([['q', { pods: '2' }]]);
    });
  });

  it('changes neither the quotas nor the object', () => {
    const quotas = [quota('q', { pods: '5' }, { pods: '1' })];
    const before = structuredClone(quotas);
    const made = pod('web');
    const request = creation(structuredClone(made));
    check(quotas, request);
    expect(quotas).toEqual(before);
    expect(request.object).toEqual(made);
  });

  const amount = fc.integer({ min: 0, max: 20 });
  property(
    'lets a pod through exactly when nothing it asks for is more than what is left',
    fc.record({ hard: amount, used: amount, asked: amount }),
    fc.record({ hard: amount, used: amount, asked: amount }),
    (cpu, memory) => {
      const q = quota(
        'q',
        { 'requests.cpu': `${cpu.hard}`, 'requests.memory': `${memory.hard}` },
        { 'requests.cpu': `${cpu.used}`, 'requests.memory': `${memory.used}` },
      );
      const request = creation(asking({ cpu: `${cpu.asked}`, memory: `${memory.asked}` }));
      const fits = [cpu, memory].every(
        (one) => one.asked === 0 || one.used + one.asked <= one.hard,
      );
      const { message } = fault(() => check([q], request));
      expect(message.includes('exceeded quota: q')).toBe(!fits);
    },
  );
});

/** Quotas in a store that notices who was first. */
class QuotaStore {
  readonly #quotas: Map<string, ApiObject>;
  reads = 0;
  /** Called before each write; may throw, or write itself. */
  beforeCharge: (name: string) => void = () => {};
  readonly charged: string[] = [];

  constructor(...quotas: ApiObject[]) {
    this.#quotas = new Map(quotas.map((one) => [one.metadata.name ?? '', one]));
  }

  used(name: string): unknown {
    return (this.#quotas.get(name)?.status as { used?: unknown } | undefined)?.used;
  }

  write(name: string, used: Texts): void {
    const old = this.#quotas.get(name);
    if (!old) throw new Error(`no quota ${name}`);
    const resourceVersion = String(Number(old.metadata.resourceVersion) + 1);
    this.#quotas.set(name, {
      ...old,
      metadata: { ...old.metadata, resourceVersion },
      status: { ...(old.status as object), used },
    });
  }

  remove(name: string): void {
    this.#quotas.delete(name);
  }

  readonly quotas = async (): Promise<ApiObject[]> => {
    this.reads += 1;
    await settle();
    return structuredClone([...this.#quotas.values()]);
  };

  readonly charge = async ({ metadata }: ApiObject, used: Readonly<Texts>): Promise<void> => {
    const name = metadata.name ?? '';
    await settle();
    this.beforeCharge(name);
    if (this.#quotas.get(name)?.metadata.resourceVersion !== metadata.resourceVersion) {
      throw newConflict({ group: '', resource: 'resourcequotas' }, name, 'it has changed');
    }
    this.charged.push(name);
    this.write(name, { ...used });
  };
}

describe('resourceQuota', () => {
  const newPlugin = ({ quotas, charge }: QuotaStore) =>
    resourceQuota({ quotas, charge, clock: new FakeClock() });

  it.core('charges a request before it is written', async () => {
    const store = new QuotaStore(quota('q', { pods: '2' }, { pods: '1' }));
    await run(newPlugin(store), creation(pod('web')));
    expect(store.used('q')).toEqual({ pods: '2' });
  });

  it.core('refuses what is too much, and charges nothing', async () => {
    const store = new QuotaStore(
      quota('a', { pods: '5' }, { pods: '1' }),
      quota('b', { pods: '1' }, { pods: '1' }),
    );
    await expect(run(newPlugin(store), creation(pod('web')))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "web" is forbidden: exceeded quota: b, requested: pods=1, used: pods=1, limited: pods=1',
    });
    expect(store.charged).toEqual([]);
  });

  it('does nothing while plugins still change things', async () => {
    const store = new QuotaStore(quota('q', { pods: '0' }, { pods: '0' }));
    await admit([newPlugin(store)], creation(pod('web')));
    expect(store.charged).toEqual([]);
  });

  it('checks a dry run and does not charge it', async () => {
    const store = new QuotaStore(quota('q', { pods: '1' }, { pods: '0' }));
    await run(newPlugin(store), creation(pod('web'), { dryRun: true }));
    expect(store.charged).toEqual([]);
    store.write('q', { pods: '1' });
    const work = run(newPlugin(store), creation(pod('web'), { dryRun: true }));
    await expect(work).rejects.toMatchObject({ code: 403 });
  });

  it('lets only as many of many at once through as there is room for', async () => {
    const store = new QuotaStore(quota('q', { pods: '3' }, { pods: '0' }));
    const plugin = newPlugin(store);
    const work = Array.from({ length: 10 }, (_, i) => run(plugin, creation(pod(`p${i}`))));
    const outcomes = await Promise.allSettled(work);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(store.used('q')).toEqual({ pods: '3' });
  });

  it('goes on after a request that was refused', async () => {
    const store = new QuotaStore(quota('q', { pods: '1' }, { pods: '1' }));
    const plugin = newPlugin(store);
    await expect(run(plugin, creation(pod('a')))).rejects.toMatchObject({ code: 403 });
    store.write('q', { pods: '0' });
    await run(plugin, creation(pod('b')));
    expect(store.used('q')).toEqual({ pods: '1' });
  });

  it('does not let one namespace wait for another', async () => {
    const store = new QuotaStore(quota('q', { pods: '1' }, { pods: '0' }));
    const plugin = resourceQuota({
      quotas: (namespace) => (namespace === 'stuck' ? new Promise(() => {}) : store.quotas()),
      charge: store.charge,
      clock: new FakeClock(),
    });
    void run(plugin, creation(pod('a'), { namespace: 'stuck' }));
    await run(plugin, creation(pod('b')));
    expect(store.used('q')).toEqual({ pods: '1' });
  });

  it('begins anew when somebody else wrote the quota', async () => {
    const store = new QuotaStore(quota('q', { pods: '3' }, { pods: '0' }));
    let times = 0;
    store.beforeCharge = (name) => {
      times += 1;
      if (times === 1) store.write(name, { pods: '2' });
    };
    await run(newPlugin(store), creation(pod('web')));
    expect(store.used('q')).toEqual({ pods: '3' });
  });

  it('refuses when what somebody else wrote leaves no room', async () => {
    const store = new QuotaStore(quota('q', { pods: '3' }, { pods: '0' }));
    store.beforeCharge = (name) => store.write(name, { pods: '3' });
    await expect(run(newPlugin(store), creation(pod('web')))).rejects.toMatchObject({ code: 403 });
  });

  it('does not charge a quota twice when another one was not charged', async () => {
    const store = new QuotaStore(
      quota('a', { pods: '5' }, { pods: '0' }),
      quota('b', { pods: '5' }, { pods: '0' }),
      quota('c', { pods: '5' }, { pods: '0' }),
    );
    let times = 0;
    store.beforeCharge = (name) => {
      if (name !== 'b') return;
      times += 1;
      if (times === 1) store.write('b', { pods: '1' });
    };
    await run(newPlugin(store), creation(pod('web')));
    expect(store.charged).toEqual(['a', 'c', 'b']);
    expect([store.used('a'), store.used('b'), store.used('c')]).toEqual([
      { pods: '1' },
      { pods: '2' },
      { pods: '1' },
    ]);
  });

  it('does without a quota that was deleted meanwhile', async () => {
    const store = new QuotaStore(quota('q', { pods: '3' }, { pods: '0' }));
    store.beforeCharge = (name) => store.remove(name);
    await run(newPlugin(store), creation(pod('web')));
    expect(store.charged).toEqual([]);
  });

  it('gives up after three more tries', async () => {
    const store = new QuotaStore(quota('q', { pods: '9' }, { pods: '0' }));
    let times = 0;
    store.beforeCharge = (name) => {
      times += 1;
      store.write(name, { pods: '0' });
    };
    await expect(run(newPlugin(store), creation(pod('web')))).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(times).toBe(4);
  });

  it('counts objects of any resource', async () => {
    const name = 'count/widgets.example.com';
    const store = new QuotaStore(
      quota('q', { [name]: '1', configmaps: '1' }, { [name]: '0', configmaps: '0' }),
    );
    const plugin = newPlugin(store);
    const resource = { group: 'example.com', version: 'v1', resource: 'widgets' };
    await run(plugin, creation(object('Widget', 'w'), { resource }));
    await run(plugin, creation(object('ConfigMap', 'c'), { resource: core('configmaps') }));
    expect(store.used('q')).toEqual({ [name]: '1', configmaps: '1' });
  });

  it('has nothing to do with requests that use nothing of a namespace', () => {
    const plugin = newPlugin(new QuotaStore());
    expect(plugin.name).toBe('ResourceQuota');
    expect(plugin.handles(creation(pod('web')))).toBe(true);
    const services = core('services');
    expect(plugin.handles(requestFor({ resource: services, operation: 'UPDATE' }))).toBe(true);
    for (const special of [
      { operation: 'DELETE' },
      { operation: 'UPDATE' },
      { subresource: 'binding' },
      { namespace: '' },
      { namespace: 'new', resource: core('namespaces') },
      { resource: core('events') },
      { resource: core('configmaps'), operation: 'UPDATE' },
    ] as const) {
      expect(plugin.handles(requestFor(special))).toBe(false);
    }
  });
});
