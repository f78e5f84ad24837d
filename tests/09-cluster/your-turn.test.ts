import {
  FakeClock,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type KubernetesObject,
  keyOf,
  seededRandom,
} from '#apimachinery';
import { type ApiRequest, newTestApi, type TestApi } from '#apiserver/testing';
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  type ResourceType,
  SERVICES,
} from '#client';
import {
  type ConfigMap,
  type Deployment,
  DIRECTORY,
  reconcileWebsite,
  type Service,
  WEBSITE_DEFINITION,
  WEBSITE_FINALIZER,
  WEBSITES,
  type Website,
  type WebsiteSpec,
  type WebsiteStatus,
  websiteDeployment,
  websiteService,
  websiteStatus,
} from '#cluster';
import { afterEach, describe, expect, fc, it, property, refusalOf } from '#kit';

const NOW = '2025-01-01T00:00:00Z';

function blog(spec: Partial<WebsiteSpec> = {}, more: Partial<Website> = {}): Website {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Website',
    metadata: { name: 'blog', namespace: 'default', uid: 'uid-blog', generation: 3 },
    spec: { image: 'nginx', replicas: 2, port: 8080, ...spec },
    ...more,
  };
}

const OWNER = {
  apiVersion: 'example.com/v1',
  kind: 'Website',
  name: 'blog',
  uid: 'uid-blog',
  controller: true,
  blockOwnerDeletion: true,
};

describe('what a Website wants', () => {
  it.core('is a Deployment', () => {
    expect(websiteDeployment(blog())).toMatchObject({
      metadata: {
        name: 'blog',
        namespace: 'default',
        labels: { app: 'blog' },
        ownerReferences: [OWNER],
      },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'blog' } },
        template: {
          metadata: { labels: { app: 'blog' } },
          spec: { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 8080 }] }] },
        },
      },
    });
  });

  it.core('is a Service', () => {
    expect(websiteService(blog())).toMatchObject({
      metadata: {
        name: 'blog',
        namespace: 'default',
        labels: { app: 'blog' },
        ownerReferences: [OWNER],
      },
      spec: { selector: { app: 'blog' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
  });

  it('may be no replicas at all', () => {
    expect(websiteDeployment(blog({ replicas: 0 })).spec?.replicas).toBe(0);
  });

  it('has the name of the Website everywhere', () => {
    const website = blog({}, { metadata: { name: 'shop', namespace: 'prod', uid: 'u' } });
    const { metadata, spec } = websiteDeployment(website);
    expect([metadata?.name, metadata?.namespace, spec?.selector.matchLabels]).toEqual([
      'shop',
      'prod',
      { app: 'shop' },
    ]);
    expect(websiteService(website).spec?.selector).toEqual({ app: 'shop' });
  });

  it('does not change the Website', () => {
    const website = blog();
    websiteDeployment(website);
    websiteService(website);
    expect(website).toEqual(blog());
  });
});

describe('the status of a Website', () => {
  const deployment = (status: object, generation = 1): Deployment =>
    ({ metadata: { name: 'blog', generation }, status }) as Deployment;
  const all = { observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2 };
  const ready = (status: WebsiteStatus) => {
    const { status: is, reason, message } = status.conditions?.[0] ?? {};
    return [is, reason, message];
  };

  it.core('says that all is ready', () => {
    expect(websiteStatus(blog(), deployment(all), NOW)).toEqual({
      observedGeneration: 3,
      readyReplicas: 2,
      url: 'http://blog.default.svc',
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'AllReplicasReady',
          message: '2 of 2 replicas are ready',
          lastTransitionTime: NOW,
        },
      ],
    });
  });

  it.core('says how many are ready where there is no Deployment', () => {
    const { readyReplicas, conditions } = websiteStatus(blog(), undefined, NOW);
    expect([readyReplicas, conditions]).toEqual([
      0,
      [
        {
          type: 'Ready',
          status: 'False',
          reason: 'ReplicasNotReady',
          message: '0 of 2 replicas are ready',
          lastTransitionTime: NOW,
        },
      ],
    ]);
  });

  const notReady = 'ReplicasNotReady';
  const rows: [string, object, number, [string, string, string]][] = [
    [
      'some are ready',
      { ...all, readyReplicas: 1 },
      1,
      ['False', notReady, '1 of 2 replicas are ready'],
    ],
    [
      'none is ready',
      { observedGeneration: 1 },
      0,
      ['False', notReady, '0 of 2 replicas are ready'],
    ],
    [
      'those that are ready are old ones',
      { ...all, updatedReplicas: 1 },
      2,
      ['False', notReady, '2 of 2 replicas are ready'],
    ],
    [
      'more are ready than wanted',
      { ...all, readyReplicas: 5, updatedReplicas: 5 },
      5,
      ['True', 'AllReplicasReady', '2 of 2 replicas are ready'],
    ],
    [
      'more are ready, but not of the new ones',
      { ...all, readyReplicas: 3, updatedReplicas: 1 },
      3,
      ['False', notReady, '3 of 2 replicas are ready'],
    ],
    [
      'the Deployment has not seen its generation',
      { ...all, observedGeneration: 0 },
      2,
      ['False', notReady, '2 of 2 replicas are ready'],
    ],
    [
      'the Deployment has seen nothing at all',
      { readyReplicas: 2, updatedReplicas: 2 },
      2,
      ['False', notReady, '2 of 2 replicas are ready'],
    ],
  ];
  for (const [name, status, count, condition] of rows) {
    it(`counts: ${name}`, () => {
      const found = websiteStatus(blog(), deployment(status), NOW);
      expect([found.readyReplicas, ready(found)]).toEqual([count, condition]);
    });
  }

  it('says of none that all are ready, once the Deployment is there', () => {
    const none = blog({ replicas: 0 });
    expect(ready(websiteStatus(none, undefined, NOW))[0]).toBe('False');
    const there = deployment({ observedGeneration: 1 });
    expect(ready(websiteStatus(none, there, NOW))).toEqual([
      'True',
      'AllReplicasReady',
      '0 of 0 replicas are ready',
    ]);
  });

  it('says whose the name is', () => {
    const found = websiteStatus(blog(), undefined, NOW, 'Service');
    expect([found.readyReplicas, ready(found)]).toEqual([
      0,
      ['False', 'NameTaken', "Service blog is not this Website's"],
    ]);
    expect(ready(websiteStatus(blog({ replicas: 0 }), undefined, NOW, 'Deployment'))).toEqual([
      'False',
      'NameTaken',
      "Deployment blog is not this Website's",
    ]);
  });

  const THEN = '2024-12-31T23:00:00Z';
  const since = (before: 'True' | 'False', reason: string, found: Deployment | undefined) => {
    const condition = {
      type: 'Ready',
      status: before,
      reason,
      message: '?',
      lastTransitionTime: THEN,
    };
    const website = blog({}, { status: { conditions: [condition as never] } });
    return websiteStatus(website, found, NOW).conditions?.[0]?.lastTransitionTime;
  };
  it('keeps the time while the status stays', () => {
    expect(since('True', 'AllReplicasReady', deployment(all))).toBe(THEN);
    expect(since('False', 'NameTaken', undefined)).toBe(THEN);
  });

  it('says a time where there was none', () => {
    const condition = { type: 'Ready', status: 'False', reason: 'x', message: '?' };
    const website = blog({}, { status: { conditions: [condition as never] } });
    expect(websiteStatus(website, undefined, NOW).conditions?.[0]?.lastTransitionTime).toBe(NOW);
  });

  it('tells when the status became another', () => {
    expect(since('False', 'ReplicasNotReady', deployment(all))).toBe(NOW);
    expect(since('True', 'AllReplicasReady', undefined)).toBe(NOW);
  });
});

/** One API server for all tests: each has a namespace of its own. */
let shared: Promise<TestApi> | undefined;
let namespaces = 0;

async function sharedApi(): Promise<TestApi> {
  const clock = new FakeClock();
  shared ??= newTestApi({ clock, random: seededRandom(1) }).then(async (api) => {
    await api.admin.resource(CUSTOM_RESOURCE_DEFINITIONS).create(WEBSITE_DEFINITION as never);
    for (let seconds = 0; seconds < 10; seconds++) await clock.advance(1000);
    return api;
  });
  return shared;
}

type Kind = 'websites' | 'deployments' | 'services' | 'configMaps';
const KINDS: readonly Kind[] = ['websites', 'deployments', 'services', 'configMaps'];
const TYPES: Readonly<Record<Kind, ResourceType<never>>> = {
  websites: WEBSITES as never,
  deployments: DEPLOYMENTS as never,
  services: SERVICES as never,
  configMaps: CONFIG_MAPS as never,
};

/** A namespace with Websites, caches that are as old as a test wants, and the controller. */
class World {
  readonly #api: TestApi;
  readonly namespace: string;
  readonly clock = new FakeClock();
  readonly #caches = new Map<Kind, ReadonlyMap<string, KubernetesObject>>();
  #seen = 0;

  constructor(api: TestApi, namespace: string) {
    this.#api = api;
    this.namespace = namespace;
    this.#seen = api.writes.length;
  }

  resource<T extends KubernetesObject>(type: ResourceType<T>) {
    return this.#api.admin.resource(type, this.namespace);
  }

  get websites() {
    return this.resource(WEBSITES);
  }
  get deployments() {
    return this.resource(DEPLOYMENTS);
  }
  get services() {
    return this.resource(SERVICES);
  }
  get configMaps() {
    return this.resource(CONFIG_MAPS);
  }

  /** Makes a Website. */
  async create(name = 'blog', spec: object = { replicas: 2, port: 8080 }): Promise<Website> {
    const object = { metadata: { name }, spec: { image: 'nginx', ...spec } };
    return this.websites.create(object as unknown as Website);
  }

  /** Caches see what there is now; objects in them are nobody's to change. */
  async sync(...kinds: readonly Kind[]): Promise<void> {
    for (const kind of kinds.length > 0 ? kinds : KINDS) {
      const { items } = await this.resource<KubernetesObject>(TYPES[kind]).list();
      this.#caches.set(kind, new Map(items.map((item) => [keyOf(item), frozen(item)])));
    }
  }

  reconcile(name = 'blog'): Promise<void> {
    const lister = <T>(kind: Kind) => ({
      get: (key: string) => this.#caches.get(kind)?.get(key) as T | undefined,
    });
    return reconcileWebsite(`${this.namespace}/${name}`, {
      client: this.#api.client,
      websites: lister<Website>('websites'),
      deployments: lister<Deployment>('deployments'),
      services: lister<Service>('services'),
      configMaps: lister<ConfigMap>('configMaps'),
      clock: this.clock,
    });
  }

  /** What was written since the last call: `create deployments blog`. */
  writes(): string[] {
    const requests = this.#api.writes.slice(this.#seen);
    this.#seen = this.#api.writes.length;
    return requests.filter(({ namespace }) => namespace === this.namespace).map(describeWrite);
  }

  /** Syncs and reconciles until nothing is written any more. */
  async converge(...names: readonly string[]): Promise<void> {
    for (let round = 0; round < 10; round++) {
      this.writes();
      for (const name of names.length > 0 ? names : ['blog']) {
        await this.sync();
        await this.reconcile(name);
      }
      if (this.writes().length === 0) return;
    }
    throw new Error('it writes for ever');
  }

  /** A Website that is made right; the pods of its Deployment are not ready. */
  async start(name?: string, spec?: object): Promise<void> {
    await this.create(name, spec);
    await this.converge(...(name ? [name] : []));
  }

  /** What the Deployment controller would say. */
  async say(status: object, name = 'blog'): Promise<void> {
    const { metadata } = await this.deployments.get(name);
    const next = { metadata, status: { observedGeneration: metadata?.generation, ...status } };
    await this.deployments.patch(name, 'merge-patch', next, { subresource: 'status' });
  }

  async directory(): Promise<Readonly<Record<string, string>> | undefined> {
    const { items } = await this.configMaps.list();
    const found = items.find(({ metadata }) => metadata?.name === DIRECTORY);
    return found && { ...found.data };
  }

  /** What the garbage collector would do. */
  async collectGarbage(): Promise<void> {
    const { items } = await this.websites.list();
    const live = new Set(items.map(({ metadata }) => metadata?.uid));
    for (const type of [DEPLOYMENTS, SERVICES] as ResourceType<KubernetesObject>[]) {
      for (const { metadata } of (await this.resource(type).list()).items) {
        const owner = metadata?.ownerReferences?.[0];
        if (owner && !live.has(owner.uid)) await this.resource(type).delete(metadata?.name ?? '');
      }
    }
  }

  /** Runs `act` just before the controller's next request that fits. */
  before(fits: (request: ApiRequest) => boolean, act: () => Promise<unknown>): () => void {
    let isDone = false;
    return this.#api.intercept((request) => {
      if (isDone || request.namespace !== this.namespace || !fits(request)) return undefined;
      isDone = true;
      return act().then(() => {});
    });
  }
}

function describeWrite({ verb, resource, subresource, name, body }: ApiRequest): string {
  const called = name || (body as KubernetesObject | undefined)?.metadata?.name;
  return `${verb} ${subresource ? `${resource}/${subresource}` : resource} ${called}`;
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const one of Object.values(Object.freeze(value))) frozen(one);
  }
  return value;
}

async function newWorld(): Promise<World> {
  const api = await sharedApi();
  const namespace = `test-${++namespaces}`;
  await api.addNamespace(namespace);
  const world = new World(api, namespace);
  await world.sync();
  world.writes();
  return world;
}

describe('reconcileWebsite', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  it.core('gives a new Website our finalizer, and makes nothing yet', async () => {
    const world = await newWorld();
    await world.create();
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update websites blog']);
    expect((await world.websites.get('blog')).metadata?.finalizers).toEqual([WEBSITE_FINALIZER]);
  });

  it.core('then makes a Deployment, a Service and an entry, and says how it is', async () => {
    const world = await newWorld();
    await world.create();
    await world.sync();
    await world.reconcile();
    world.writes();
    await world.sync();
    await world.reconcile();
    expect(world.writes().sort()).toEqual([
      'create configmaps website-directory',
      'create deployments blog',
      'create services blog',
      'update websites/status blog',
    ]);
    const website = await world.websites.get('blog');
    const { spec, metadata } = await world.deployments.get('blog');
    expect(spec).toMatchObject({
      replicas: 2,
      template: { spec: { containers: [{ image: 'nginx', ports: [{ containerPort: 8080 }] }] } },
    });
    expect(metadata?.ownerReferences?.[0]?.uid).toBe(website.metadata?.uid);
    expect((await world.services.get('blog')).spec?.ports).toMatchObject([
      { port: 80, targetPort: 8080 },
    ]);
    expect(await world.directory()).toEqual({ blog: `http://blog.${world.namespace}.svc` });
    expect(website.status).toMatchObject({
      observedGeneration: 1,
      readyReplicas: 0,
      url: `http://blog.${world.namespace}.svc`,
      conditions: [{ type: 'Ready', status: 'False', message: '0 of 2 replicas are ready' }],
    });
  });

  it.core('writes nothing when all is right', async () => {
    const world = await newWorld();
    await world.start();
    await world.sync();
    await world.clock.advance(3_600_000);
    await world.reconcile();
    expect(world.writes()).toEqual([]);
  });

  it.core('says that pods are ready', async () => {
    const world = await newWorld();
    await world.start();
    await world.say({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
    await world.clock.advance(5000);
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update websites/status blog']);
    expect((await world.websites.get('blog')).status).toMatchObject({
      readyReplicas: 2,
      conditions: [{ status: 'True', lastTransitionTime: '2025-01-01T00:00:05Z' }],
    });
  });

  it('does nothing for a Website that is gone', async () => {
    const world = await newWorld();
    await world.reconcile('nobody');
    expect(world.writes()).toEqual([]);
  });

  it('puts its finalizer behind those of others', async () => {
    const world = await newWorld();
    await world.websites.create({
      metadata: { name: 'blog', finalizers: ['example.com/other'] },
      spec: { image: 'nginx', replicas: 1, port: 80 },
    });
    await world.converge();
    expect((await world.websites.get('blog')).metadata?.finalizers).toEqual([
      'example.com/other',
      WEBSITE_FINALIZER,
    ]);
  });

  it('takes the changes of a Website over', async () => {
    const world = await newWorld();
    await world.start();
    const spec = { image: 'httpd', replicas: 5, port: 9090 };
    await world.websites.patch('blog', 'merge-patch', { spec });
    await world.sync();
    await world.reconcile();
    expect(world.writes().sort()).toEqual([
      'update deployments blog',
      'update services blog',
      'update websites/status blog',
    ]);
    expect((await world.deployments.get('blog')).spec).toMatchObject({
      replicas: 5,
      template: { spec: { containers: [{ image: 'httpd', ports: [{ containerPort: 9090 }] }] } },
    });
    expect((await world.services.get('blog')).spec?.ports).toMatchObject([{ targetPort: 9090 }]);
    expect((await world.websites.get('blog')).status?.observedGeneration).toBe(2);
  });

  it('does not take what was ready before for what is wanted now', async () => {
    const world = await newWorld();
    await world.start();
    await world.say({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
    await world.converge();
    await world.websites.patch('blog', 'merge-patch', { spec: { image: 'httpd' } });
    await world.sync();
    await world.reconcile();
    expect((await world.websites.get('blog')).status).toMatchObject({
      observedGeneration: 2,
      conditions: [{ status: 'False', reason: 'ReplicasNotReady' }],
    });
  });

  const containers = (change: object) => ({
    spec: { template: { spec: { containers: [{ name: 'web', ...change }] } } },
  });
  const edits: [string, object][] = [
    ['the number of replicas', { spec: { replicas: 9 } }],
    ['the image', containers({ image: 'evil' })],
    ['a port', containers({ ports: [{ containerPort: 1 }, { containerPort: 2 }] })],
  ];
  for (const [name, edit] of edits) {
    it(`puts ${name} of the Deployment right`, async () => {
      const world = await newWorld();
      await world.start();
      await world.deployments.patch('blog', 'strategic-merge-patch', edit);
      await world.sync();
      await world.reconcile();
      expect(world.writes()).toContain('update deployments blog');
      const { spec } = await world.deployments.get('blog');
      expect(spec?.replicas).toBe(2);
      expect(spec?.template.spec?.containers).toMatchObject([
        { name: 'web', image: 'nginx', ports: [{ containerPort: 8080 }] },
      ]);
      expect(spec?.template.spec?.containers[0]?.ports?.length).toBe(1);
      await world.converge();
    });
  }

  it('takes a port away that somebody added', async () => {
    const world = await newWorld();
    await world.start();
    const path = '/spec/template/spec/containers/0/ports/-';
    const patch = [{ op: 'add', path, value: { containerPort: 9 } }];
    await world.deployments.patch('blog', 'json-patch', patch);
    await world.converge();
    const { spec } = await world.deployments.get('blog');
    const ports = spec?.template.spec?.containers[0]?.ports ?? [];
    expect(ports.map(({ containerPort }) => containerPort)).toEqual([8080]);
  });

  it('keeps what others have said of the Deployment', async () => {
    const world = await newWorld();
    await world.start();
    await world.deployments.patch('blog', 'strategic-merge-patch', {
      metadata: { annotations: { note: 'mine' } },
      spec: {
        replicas: 7,
        minReadySeconds: 3,
        template: {
          metadata: { labels: { tier: 'front' } },
          spec: {
            containers: [
              { name: 'log', image: 'logger', ports: [{ containerPort: 7 }] },
              { name: 'web', env: [{ name: 'A', value: 'b' }] },
            ],
          },
        },
      },
    });
    await world.converge();
    const { metadata, spec } = await world.deployments.get('blog');
    expect(metadata?.annotations?.note).toBe('mine');
    expect([spec?.replicas, spec?.minReadySeconds]).toEqual([2, 3]);
    expect(spec?.template.metadata?.labels).toEqual({ app: 'blog', tier: 'front' });
    const found = new Map(spec?.template.spec?.containers.map((one) => [one.name, one]));
    expect(found.get('log')).toMatchObject({ image: 'logger', ports: [{ containerPort: 7 }] });
    expect(found.get('web')).toMatchObject({ image: 'nginx', env: [{ name: 'A', value: 'b' }] });
  });

  it('writes nothing for a name and protocol that a port was given', async () => {
    const world = await newWorld();
    await world.start();
    await world.deployments.patch(
      'blog',
      'strategic-merge-patch',
      containers({
        ports: [{ containerPort: 8080, name: 'http' }],
      }),
    );
    await world.services.patch('blog', 'strategic-merge-patch', {
      spec: { type: 'NodePort', ports: [{ port: 80, name: 'http' }] },
    });
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual([]);
  });

  it('takes the first container for its own if none is called web', async () => {
    const world = await newWorld();
    await world.start();
    const { spec } = await world.deployments.get('blog');
    await world.deployments.patch('blog', 'json-patch', [
      {
        op: 'replace',
        path: '/spec/template/spec/containers',
        value: [
          { name: 'main', image: 'x' },
          { name: 'side', image: 'y' },
        ],
      },
    ]);
    await world.converge();
    expect(spec?.template.spec?.containers.length).toBe(1);
    expect((await world.deployments.get('blog')).spec?.template.spec?.containers).toMatchObject([
      { name: 'main', image: 'nginx', ports: [{ containerPort: 8080 }] },
      { name: 'side', image: 'y' },
    ]);
  });

  const serviceEdits: [string, object][] = [
    ['another selector', { spec: { selector: { app: 'other' } } }],
    ['a selector of more', { spec: { selector: { app: 'blog', tier: 'x' } } }],
    ['another port', { spec: { ports: [{ port: 81, targetPort: 8080 }] } }],
    ['another target', { spec: { ports: [{ port: 80, targetPort: 1 }] } }],
    [
      'one port more',
      {
        spec: {
          ports: [
            { name: 'a', port: 80, targetPort: 8080 },
            { name: 'b', port: 90, targetPort: 8080 },
          ],
        },
      },
    ],
  ];
  for (const [name, edit] of serviceEdits) {
    it(`puts the Service right: ${name}`, async () => {
      const world = await newWorld();
      await world.start();
      const { spec: before } = await world.services.get('blog');
      await world.services.patch('blog', 'merge-patch', { metadata: { labels: { mine: 'yes' } } });
      await world.services.patch('blog', 'merge-patch', edit);
      await world.sync();
      await world.reconcile();
      expect(world.writes()).toEqual(['update services blog']);
      const { spec, metadata } = await world.services.get('blog');
      expect(spec?.selector).toEqual({ app: 'blog' });
      expect(spec?.ports).toMatchObject([{ port: 80, targetPort: 8080 }]);
      expect([spec?.ports?.length, spec?.clusterIP]).toEqual([1, before?.clusterIP]);
      expect(metadata?.labels).toEqual({ app: 'blog', mine: 'yes' });
      await world.converge();
    });
  }

  for (const kind of ['deployments', 'services', 'configMaps'] as const) {
    it(`makes again what somebody deleted: ${kind}`, async () => {
      const world = await newWorld();
      await world.start();
      await world[kind].delete(kind === 'configMaps' ? DIRECTORY : 'blog');
      await world.converge();
      expect((await world.deployments.get('blog')).spec?.replicas).toBe(2);
      expect((await world.services.get('blog')).spec?.selector).toEqual({ app: 'blog' });
      expect(Object.keys((await world.directory()) ?? {})).toEqual(['blog']);
    });
  }

  it('puts right what it said', async () => {
    const world = await newWorld();
    await world.start();
    const patch = { status: { readyReplicas: 99, url: 'http://evil' } };
    await world.websites.patch('blog', 'merge-patch', patch, { subresource: 'status' });
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update websites/status blog']);
    expect((await world.websites.get('blog')).status).toMatchObject({
      readyReplicas: 0,
      url: `http://blog.${world.namespace}.svc`,
    });
  });

  it('makes each Website what it wants, and shares the directory', async () => {
    const world = await newWorld();
    await world.create('blog', { replicas: 1 });
    await world.create('shop', { replicas: 3 });
    await world.converge('blog', 'shop');
    const { namespace } = world;
    expect(await world.directory()).toEqual({
      blog: `http://blog.${namespace}.svc`,
      shop: `http://shop.${namespace}.svc`,
    });
    expect((await world.deployments.get('shop')).spec?.replicas).toBe(3);
    const { metadata } = await world.configMaps.get(DIRECTORY);
    expect(metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('keeps entries and labels of others in the directory', async () => {
    const world = await newWorld();
    await world.configMaps.create({
      metadata: { name: DIRECTORY, labels: { mine: 'yes' } },
      data: { other: 'http://elsewhere', blog: 'http://wrong' },
    });
    await world.start();
    expect(await world.directory()).toEqual({
      other: 'http://elsewhere',
      blog: `http://blog.${world.namespace}.svc`,
    });
    expect((await world.configMaps.get(DIRECTORY)).metadata?.labels).toEqual({ mine: 'yes' });
  });

  it.core('lets a deleted Website go when its entry is gone', async () => {
    const world = await newWorld();
    await world.create('shop');
    await world.start();
    await world.converge('shop', 'blog');
    await world.websites.delete('blog');
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update configmaps website-directory', 'update websites blog']);
    expect(isNotFound(await refusalOf(world.websites.get('blog')))).toBe(true);
    expect(Object.keys((await world.directory()) ?? {})).toEqual(['shop']);
  });

  it('makes nothing for a Website that is being deleted', async () => {
    const world = await newWorld();
    const finalizers = ['example.com/other'];
    await world.websites.create({
      metadata: { name: 'blog', finalizers },
      spec: { image: 'nginx', replicas: 1, port: 80 },
    });
    await world.websites.delete('blog');
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual([]);
  });

  it('leaves the finalizers of others, and then does nothing more', async () => {
    const world = await newWorld();
    await world.start();
    const finalizers = ['example.com/first', WEBSITE_FINALIZER, 'example.com/last'];
    await world.websites.patch('blog', 'merge-patch', { metadata: { finalizers } });
    await world.websites.delete('blog');
    await world.converge();
    const { metadata } = await world.websites.get('blog');
    expect(metadata?.finalizers).toEqual(['example.com/first', 'example.com/last']);
    expect(await world.directory()).toEqual({});
    expect((await world.deployments.get('blog')).metadata?.name).toBe('blog');
  });

  it('lets go without a write to a directory that has no entry', async () => {
    const world = await newWorld();
    await world.start();
    await world.configMaps.patch(DIRECTORY, 'merge-patch', { data: { blog: null } });
    await world.websites.delete('blog');
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update websites blog']);
  });

  it('lets go where the directory is gone', async () => {
    const world = await newWorld();
    await world.start();
    await world.configMaps.delete(DIRECTORY);
    await world.websites.delete('blog');
    await world.sync();
    await world.reconcile();
    expect(world.writes()).toEqual(['update websites blog']);
    expect(await world.directory()).toBe(undefined);
  });

  it('lets go only after an entry that its cache has not seen yet is gone', async () => {
    const world = await newWorld();
    await world.create();
    await world.sync();
    await world.reconcile();
    await world.sync();
    await world.reconcile();
    await world.websites.delete('blog');
    await world.sync('websites');
    await world.reconcile();
    expect(await world.directory()).toEqual({});
    expect(isNotFound(await refusalOf(world.websites.get('blog')))).toBe(true);
  });

  it('keeps the finalizer when the entry cannot be taken out', async () => {
    const world = await newWorld();
    await world.start();
    await world.websites.delete('blog');
    await world.sync();
    const change = { data: { other: 'x' } };
    ends.push(
      world.before(
        ({ verb, resource }) => verb === 'update' && resource === 'configmaps',
        () => world.configMaps.patch(DIRECTORY, 'merge-patch', change),
      ),
    );
    expect(isConflict(await refusalOf(world.reconcile()))).toBe(true);
    expect((await world.websites.get('blog')).metadata?.finalizers).toEqual([WEBSITE_FINALIZER]);
    await world.reconcile();
    expect(await world.directory()).toEqual({ other: 'x' });
    expect(isNotFound(await refusalOf(world.websites.get('blog')))).toBe(true);
  });

  it('is content when the directory goes while it takes the entry out', async () => {
    const world = await newWorld();
    await world.start();
    await world.websites.delete('blog');
    await world.sync();
    ends.push(
      world.before(
        ({ verb, resource }) => verb === 'update' && resource === 'configmaps',
        () => world.configMaps.delete(DIRECTORY),
      ),
    );
    await world.reconcile();
    expect(isNotFound(await refusalOf(world.websites.get('blog')))).toBe(true);
  });

  it('is content when a Website it lets go is gone already', async () => {
    const world = await newWorld();
    await world.start();
    await world.websites.delete('blog');
    await world.sync();
    await world.reconcile();
    await world.reconcile();
    expect(isNotFound(await refusalOf(world.websites.get('blog')))).toBe(true);
  });

  const taken: [string, readonly ('Deployment' | 'Service')[], string][] = [
    ['a Deployment', ['Deployment'], "Deployment blog is not this Website's"],
    ['a Service', ['Service'], "Service blog is not this Website's"],
    ['both', ['Service', 'Deployment'], "Deployment blog is not this Website's"],
  ];
  for (const [name, kinds, message] of taken) {
    it(`leaves what is another's: ${name}`, async () => {
      const world = await newWorld();
      const other = blog({ image: 'other', replicas: 7 });
      const strip = <T extends KubernetesObject>(object: T): T => ({
        ...object,
        metadata: { name: 'blog', labels: { app: 'blog' } },
      });
      if (kinds.includes('Deployment')) {
        await world.deployments.create(strip(websiteDeployment(other)));
      }
      if (kinds.includes('Service')) await world.services.create(strip(websiteService(other)));
      await world.create();
      await world.sync();
      await world.reconcile();
      world.writes();
      await world.sync();
      await world.reconcile();
      expect(world.writes()).toEqual(['update websites/status blog']);
      expect((await world.websites.get('blog')).status).toMatchObject({
        readyReplicas: 0,
        conditions: [{ type: 'Ready', status: 'False', reason: 'NameTaken', message }],
      });
      await world.converge();
      await world.deployments.delete('blog').catch(() => {});
      await world.services.delete('blog').catch(() => {});
      await world.converge();
      const { status } = await world.websites.get('blog');
      expect(status?.conditions?.[0]?.reason).toBe('ReplicasNotReady');
    });
  }

  it('does not take what an earlier Website of its name had', async () => {
    const world = await newWorld();
    await world.start();
    await world.websites.delete('blog');
    await world.converge();
    await world.create('blog', { replicas: 4 });
    await world.converge();
    expect((await world.deployments.get('blog')).spec?.replicas).toBe(2);
    expect((await world.websites.get('blog')).status?.conditions?.[0]?.reason).toBe('NameTaken');
    await world.collectGarbage();
    await world.converge();
    expect((await world.deployments.get('blog')).spec?.replicas).toBe(4);
  });

  it('does not count the replicas of another', async () => {
    const world = await newWorld();
    await world.deployments.create({
      ...websiteDeployment(blog()),
      metadata: { name: 'blog', labels: { app: 'blog' } },
    });
    await world.say({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
    await world.start();
    expect((await world.websites.get('blog')).status?.readyReplicas).toBe(0);
  });

  it('is told when what it makes is there already, and is right after a sync', async () => {
    const world = await newWorld();
    await world.create();
    await world.sync();
    await world.reconcile();
    await world.sync();
    await world.reconcile();
    expect(isAlreadyExists(await refusalOf(world.reconcile()))).toBe(true);
    await world.converge();
    expect(Object.keys((await world.directory()) ?? {})).toEqual(['blog']);
  });

  const stale: [string, Kind, (world: World) => Promise<unknown>][] = [
    [
      'a Deployment',
      'deployments',
      ({ deployments }) =>
        deployments.patch('blog', 'merge-patch', { spec: { minReadySeconds: 9 } }),
    ],
    [
      'a Service',
      'services',
      ({ services }) =>
        services.patch('blog', 'merge-patch', { metadata: { labels: { mine: 'yes' } } }),
    ],
    [
      'the directory',
      'configMaps',
      ({ configMaps }) => configMaps.patch(DIRECTORY, 'merge-patch', { data: { other: 'x' } }),
    ],
    [
      'a Website',
      'websites',
      ({ websites }) =>
        websites.patch('blog', 'merge-patch', { metadata: { labels: { mine: 'yes' } } }),
    ],
  ];
  for (const [name, kind, change] of stale) {
    it(`overwrites nothing that it has not seen: ${name}`, async () => {
      const world = await newWorld();
      await world.start();
      await world.deployments.patch('blog', 'merge-patch', { spec: { replicas: 9 } });
      await world.services.patch('blog', 'merge-patch', { spec: { selector: { app: 'x' } } });
      await world.configMaps.patch(DIRECTORY, 'merge-patch', { data: { blog: 'x' } });
      const status = { status: { readyReplicas: 9 } };
      await world.websites.patch('blog', 'merge-patch', status, { subresource: 'status' });
      await world.sync();
      await change(world);
      expect(isConflict(await refusalOf(world.reconcile()))).toBe(true);
      await world.sync(kind);
      await world.converge();
      expect((await world.deployments.get('blog')).spec?.replicas).toBe(2);
      expect((await world.directory())?.blog).toBe(`http://blog.${world.namespace}.svc`);
    });
  }

  const names = ['blog', 'shop'] as const;
  type Step = readonly [string, number, number];
  const step = fc.tuple(
    fc.constantFrom(
      ...[
        'create',
        'scale',
        'image',
        'delete',
        'reconcile',
        'reconcile',
        'reconcile',
        'sync',
        'sync',
      ],
      ...['scaleDeployment', 'dropDeployment', 'editService', 'dropService', 'editDirectory'],
      ...['dropDirectory', 'foreign', 'collect'],
    ),
    fc.nat({ max: 1 }),
    fc.nat({ max: 7 }),
  );

  const act = async (world: World, [what, which, value]: Step): Promise<void> => {
    const name = names[which] ?? 'blog';
    const { websites, deployments, services, configMaps } = world;
    switch (what) {
      case 'create':
        return void (await world.create(name, { replicas: value }));
      case 'scale':
        return void (await websites.patch(name, 'merge-patch', { spec: { replicas: value } }));
      case 'image':
        return void (await websites.patch(name, 'merge-patch', { spec: { image: `i${value}` } }));
      case 'delete':
        return websites.delete(name);
      case 'reconcile':
        return world.reconcile(name);
      case 'sync':
        return world.sync(KINDS[value % 4] ?? 'websites');
      case 'scaleDeployment':
        return void (await deployments.patch(name, 'merge-patch', { spec: { replicas: value } }));
      case 'dropDeployment':
        return deployments.delete(name);
      case 'editService':
        return void (await services.patch(name, 'merge-patch', {
          spec: { selector: { x: `${value}` } },
        }));
      case 'dropService':
        return services.delete(name);
      case 'editDirectory':
        return void (await configMaps.patch(DIRECTORY, 'merge-patch', {
          data: { [name]: null, other: 'x' },
        }));
      case 'dropDirectory':
        return configMaps.delete(DIRECTORY);
      case 'foreign':
        return void (await services.create({
          metadata: { name },
          spec: { selector: { a: 'b' }, ports: [{ port: 1 }] },
        }));
      default:
        return world.collectGarbage();
    }
  };

  property(
    'makes it right from any state, with whatever it has seen',
    fc.array(step, { minLength: 5, maxLength: 40 }),
    async (steps) => {
      const world = await newWorld();
      for (const one of steps) await act(world, one).catch(() => {});
      for (const { metadata } of (await world.services.list()).items) {
        const isForeign = metadata?.ownerReferences === undefined;
        if (isForeign) await world.services.delete(metadata?.name ?? '');
      }
      await world.converge(...names);
      await world.collectGarbage();
      await world.converge(...names);
      const { items } = await world.websites.list();
      const urls: Record<string, string> = {};
      for (const { metadata, spec, status } of items) {
        const name = metadata?.name ?? '';
        urls[name] = `http://${name}.${world.namespace}.svc`;
        const deployment = await world.deployments.get(name);
        expect(deployment.spec).toMatchObject({
          replicas: spec.replicas,
          template: { spec: { containers: [{ image: spec.image }] } },
        });
        expect((await world.services.get(name)).spec?.selector).toEqual({ app: name });
        expect(status?.observedGeneration).toBe(metadata?.generation);
      }
      const { other: _, ...directory } = (await world.directory()) ?? {};
      expect(directory).toEqual(urls);
    },
    { runs: 25 },
  );
});
