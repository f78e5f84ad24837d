import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS } from '#client';
import {
  newControllerContext,
  newPvcProtectionController,
  newPvProtectionController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [newPvcProtectionController, newPvProtectionController],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());
const resources = { requests: { storage: '1Gi' } };

describe('the protection of claims', () => {
  const claims = () => world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default');
  const names = async () => (await claims().list()).items.map(({ metadata }) => metadata?.name);
  const createClaim = () =>
    claims().create({
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources },
    });
  const createPod = () =>
    world.admin.resource(PODS, 'default').create({
      metadata: { name: 'p' },
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
      },
    });

  it('gives every claim its finalizer', async () => {
    await begin();
    await createClaim();
    await world.settle();
    expect((await claims().get('data')).metadata?.finalizers).toEqual([
      'kubernetes.io/pvc-protection',
    ]);
  });

  it('lets a claim go that nobody uses', async () => {
    await begin();
    await createClaim();
    await world.settle();
    await claims().delete('data');
    await world.settle();
    expect(await names()).toEqual([]);
  });

  it('keeps a claim while a pod uses it, also one that has ended', async () => {
    await begin();
    await createClaim();
    await createPod();
    await world.settle();
    await claims().delete('data');
    await world.settle();
    expect(await names()).toEqual(['data']);
    await world.nodes.finish('default', 'p');
    await world.settle();
    expect(await names()).toEqual(['data']);
    await world.admin.resource(PODS, 'default').delete('p');
    await world.settle();
    expect(await names()).toEqual([]);
  });

  it('lets a claim go whose pod is on no node', async () => {
    await begin({ auto: false });
    await createClaim();
    await createPod();
    await world.settle();
    await claims().delete('data');
    await world.settle();
    expect(await names()).toEqual([]);
  });

  it('asks the API server before it lets go', async () => {
    await begin();
    await createClaim();
    await world.settle();
    const release = world.api.holdWatches();
    await createPod();
    await world.nodes.run('default', 'p').catch(() => {});
    await claims().delete('data');
    await world.settle();
    release();
    await world.settle();
    expect(await names()).toEqual(['data']);
  });

  it('gets there though every write fails once, and then rests', async () => {
    await begin();
    const faults = world.failEachWriteOnce();
    await createClaim();
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    expect(await world.writesWithin()).toEqual([]);
    await claims().delete('data');
    await world.converge();
    faults.end();
    expect(await names()).toEqual([]);
  });
});

describe('the protection of volumes', () => {
  const volumes = () => world.admin.resource(PERSISTENT_VOLUMES);
  const createVolume = () =>
    volumes().create({
      metadata: { name: 'pv' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        hostPath: { path: '/data' },
      },
    });
  const names = async () => (await volumes().list()).items.map(({ metadata }) => metadata?.name);

  it('gives every volume its finalizer, and lets go of one that is not bound', async () => {
    await begin();
    await createVolume();
    await world.settle();
    expect((await volumes().get('pv')).metadata?.finalizers).toEqual([
      'kubernetes.io/pv-protection',
    ]);
    await volumes().delete('pv');
    await world.settle();
    expect(await names()).toEqual([]);
  });

  it('keeps a volume while it is bound', async () => {
    await begin();
    await createVolume();
    await world.settle();
    await volumes().updateStatus({ ...(await volumes().get('pv')), status: { phase: 'Bound' } });
    await volumes().delete('pv');
    await world.settle();
    expect(await names()).toEqual(['pv']);
    await volumes().updateStatus({ ...(await volumes().get('pv')), status: { phase: 'Released' } });
    await world.settle();
    expect(await names()).toEqual([]);
  });
});
