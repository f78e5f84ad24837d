import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import {
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DEPLOYMENTS,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  RESOURCE_QUOTAS,
  SERVICES,
} from '#client';
import {
  newControllerContext,
  newResourceQuotaController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
  refusalOf,
} from '#kit';

describe('the resource quota controller', () => {
  let world: ControllerTestWorld;
  const begin = async (options: object = {}): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(newControllerContext(around), [newResourceQuotaController], signal),
      ...options,
    });
  };
  afterEach(() => world.end());

  const quotas = () => world.admin.resource(RESOURCE_QUOTAS, 'default');
  const pods = () => world.admin.resource(PODS, 'default');
  const addQuota = async (hard: Record<string, string>, more: object = {}): Promise<void> => {
    await quotas().create({ metadata: { name: 'q' }, spec: { hard, ...more } });
    await world.settle();
  };
  const used = async () => (await quotas().get('q')).status?.used;
  const newPod = (name: string, resources: object = {}, more: object = {}) => ({
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i', resources }], ...more },
  });
  const small = { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '1Gi' } };

  it('counts what is there', async () => {
    await begin();
    await pods().create(newPod('a', small));
    await pods().create(newPod('b', small));
    const hard = {
      pods: '10',
      cpu: '2',
      'requests.cpu': '2',
      'requests.memory': '1Gi',
      'limits.cpu': '4',
      'limits.memory': '8Gi',
      'count/pods': '10',
      'requests.example.com/gpu': '4',
    };
    await addQuota(hard);
    const { status } = await quotas().get('q');
    expect(status?.hard).toEqual(hard);
    expect(status?.used).toEqual({
      pods: '2',
      cpu: '200m',
      'requests.cpu': '200m',
      'requests.memory': '128Mi',
      'limits.cpu': '2',
      'limits.memory': '2Gi',
      'count/pods': '2',
      'requests.example.com/gpu': '0',
    });
  });

  it('counts services, claims and objects of all kinds', async () => {
    await begin();
    const services = world.admin.resource(SERVICES, 'default');
    const ports = [{ port: 80 }, { port: 81, name: 'b' }].map((port, i) => ({
      name: `p${i}`,
      ...port,
    }));
    await services.create({ metadata: { name: 'n' }, spec: { type: 'NodePort', ports } });
    await services.create({ metadata: { name: 'l' }, spec: { type: 'LoadBalancer', ports } });
    await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').create({
      metadata: { name: 'c' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'fast',
        resources: { requests: { storage: '2Gi' } },
      },
    });
    for (const name of ['a', 'b']) {
      await world.admin.resource(CONFIG_MAPS, 'default').create({ metadata: { name } });
    }
    await addQuota({
      services: '9',
      'services.nodeports': '9',
      'services.loadbalancers': '9',
      persistentvolumeclaims: '9',
      'requests.storage': '9Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '9Gi',
      'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '9',
      configmaps: '9',
      'count/configmaps': '9',
      'count/deployments.apps': '9',
      'count/nothing.example.com': '9',
    });
    expect(await used()).toEqual({
      services: '2',
      'services.nodeports': '4',
      'services.loadbalancers': '1',
      persistentvolumeclaims: '1',
      'requests.storage': '2Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
      'slow.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
      configmaps: '2',
      'count/configmaps': '2',
      'count/deployments.apps': '0',
    });
  });

  it('counts custom resources', async () => {
    await begin();
    const schema = { openAPIV3Schema: { type: 'object' } };
    await world.admin.resource(CUSTOM_RESOURCE_DEFINITIONS).create({
      metadata: { name: 'farms.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'farms', singular: 'farm', kind: 'Farm', listKind: 'FarmList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    } as never);
    await world.advance(5000);
    const type = { group: 'example.com', version: 'v1', resource: 'farms', kind: 'Farm' };
    const farms = world.admin.resource({ ...type, namespaced: true }, 'default');
    await farms.create({ metadata: { name: 'f' } });
    await world.settle();
    await addQuota({ 'count/farms.example.com': '3' });
    expect(await used()).toEqual({ 'count/farms.example.com': '1' });
    await farms.delete('f');
    await world.settle();
    expect(await used()).toEqual({ 'count/farms.example.com': '0' });
  });

  it('makes room for what is deleted, so that the next may come', async () => {
    await begin();
    await addQuota({ pods: '1' });
    await pods().create(newPod('a'));
    expect(await used()).toEqual({ pods: '1' });
    const error = (await refusalOf(pods().create(newPod('b')))) as Error;
    expect(error.message).toContain('exceeded quota: q, requested: pods=1, used: pods=1');
    await world.settle();
    await pods().delete('a');
    await world.settle();
    expect(await used()).toEqual({ pods: '0' });
    await pods().create(newPod('b'));
    expect(await used()).toEqual({ pods: '1' });
  });

  it('gives back what a pod that ended used, though it is still there', async () => {
    await begin();
    await addQuota({ pods: '5', 'requests.cpu': '1', 'count/pods': '5' });
    await pods().create(newPod('a', small));
    await world.settle();
    await world.nodes.finish('default', 'a');
    await world.settle();
    expect(await used()).toEqual({ pods: '0', 'requests.cpu': '0', 'count/pods': '1' });
  });

  it('hears of a service that needs less', async () => {
    await begin();
    await addQuota({ 'services.nodeports': '5', services: '5' });
    const services = world.admin.resource(SERVICES, 'default');
    await services.create({
      metadata: { name: 'n' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    expect(await used()).toEqual({ 'services.nodeports': '1', services: '1' });
    await services.patch('n', 'merge-patch', { spec: { type: 'ClusterIP' } });
    await world.settle();
    expect(await used()).toEqual({ 'services.nodeports': '0', services: '1' });
  });

  it('counts for quotas with scopes what is in all of them', async () => {
    await begin();
    await pods().create(newPod('a', small));
    await pods().create(newPod('b'));
    await pods().create(newPod('c', {}, { activeDeadlineSeconds: 60 }));
    await addQuota({ pods: '9' }, { scopes: ['BestEffort', 'NotTerminating'] });
    expect(await used()).toEqual({ pods: '1' });
    await quotas().delete('q');
    const matchExpressions = [{ scopeName: 'Terminating', operator: 'Exists' }];
    await addQuota({ pods: '9' }, { scopeSelector: { matchExpressions } });
    expect(await used()).toEqual({ pods: '1' });
    await quotas().delete('q');
    await addQuota({ pods: '9' }, { scopes: ['NotBestEffort'] });
    expect(await used()).toEqual({ pods: '1' });
  });

  it('counts again when the quota asks for something else', async () => {
    await begin();
    await pods().create(newPod('a', small));
    await addQuota({ pods: '9' });
    await quotas().patch('q', 'merge-patch', {
      spec: { hard: { pods: null, 'requests.cpu': '2' } },
    });
    await world.settle();
    const { status } = await quotas().get('q');
    expect(status).toEqual({ hard: { 'requests.cpu': '2' }, used: { 'requests.cpu': '100m' } });
  });

  it('finds out within five minutes what it was not told', async () => {
    await begin();
    await addQuota({ pods: '9', 'count/deployments.apps': '9' });
    await world.settle();
    const quota = await quotas().get('q');
    await quotas().updateStatus({
      ...quota,
      status: { hard: quota.spec?.hard ?? {}, used: { pods: '7', 'count/deployments.apps': '3' } },
    });
    await world.advance(5 * 60_000);
    expect(await used()).toEqual({ pods: '0', 'count/deployments.apps': '0' });
  });

  it('counts no more than the one namespace', async () => {
    await begin();
    await world.api.addNamespace('other');
    await world.admin.resource(PODS, 'other').create(newPod('x'));
    const containers = [{ name: 'c', image: 'i' }];
    await world.admin.resource(DEPLOYMENTS, 'other').create({
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers } },
      },
    });
    await addQuota({ pods: '9', 'count/deployments.apps': '9' });
    expect(await used()).toEqual({ pods: '0', 'count/deployments.apps': '0' });
  });

  for (const seed of [1, 2]) {
    it(`arrives though every write fails once, with stale caches, seed ${seed}`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await addQuota({ pods: '9' });
      await world.advance(1000);
      await pods().create(newPod('a'));
      await pods().create(newPod('b'));
      const release = world.api.holdWatches();
      await pods().delete('a');
      await world.settle();
      release();
      world.api.cutWatches();
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      faults.end();
      expect(await used()).toEqual({ pods: '1' });
    });
  }

  it('rests when all is counted', async () => {
    await begin();
    await pods().create(newPod('a', { requests: { cpu: '0.5' } }));
    await addQuota({ pods: '9', 'requests.cpu': '2000m' });
    await world.converge();
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });
});
