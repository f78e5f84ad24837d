import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { JOBS, PODS } from '#client';
import { newControllerContext, newJobController, runControllers } from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';

const TRACKING = 'batch.kubernetes.io/job-tracking';
let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newJobController], signal),
    ...options,
  });
};
afterEach(() => world?.end());

const containers = [{ name: 'c', image: 'i' }];
const jobs = () => world.admin.resource(JOBS, 'default');
const pods = () => world.admin.resource(PODS, 'default');
const own = { app: 'pi' };
const create = (spec: object = {}) =>
  jobs().create({
    metadata: { name: 'pi' },
    spec: {
      manualSelector: true,
      selector: { matchLabels: own },
      template: { metadata: { labels: own }, spec: { restartPolicy: 'Never', containers } },
      ...spec,
    },
  });
const soon = () => world.advance(3000);
const finalizersOf = async (name: string) => (await pods().get(name)).metadata?.finalizers ?? [];

describe('the job controller and pods it did not make', () => {
  it('adopts an orphan its selector matches, and counts it', async () => {
    await begin();
    await pods().create({ metadata: { name: 'stray', labels: own }, spec: { containers } });
    await world.settle();
    await create();
    await soon();
    const stray = await pods().get('stray');
    expect(stray.metadata?.ownerReferences?.[0]?.name).toBe('pi');
    expect(await finalizersOf('stray')).toEqual([TRACKING]);
    await world.nodes.finish('default', 'stray');
    await world.converge();
    expect((await jobs().get('pi')).status).toMatchObject({ succeeded: 1 });
    expect(await finalizersOf('stray')).toEqual([]);
  });

  it('adopts an orphan that is tracked already, and leaves it so', async () => {
    await begin({ started: false });
    const metadata = { name: 'stray', labels: own, finalizers: [TRACKING] };
    await pods().create({ metadata, spec: { containers } });
    await create();
    await world.start();
    await world.converge();
    expect(await finalizersOf('stray')).toEqual([TRACKING]);
    expect((await pods().list()).items.length).toBe(1);
  });

  it('lets pods go that nobody waits for', async () => {
    await begin();
    const metadata = { name: 'lost', labels: { app: 'other' }, finalizers: [TRACKING] };
    await pods().create({ metadata, spec: { containers } });
    await soon();
    expect(await finalizersOf('lost')).toEqual([]);
  });

  it('lets pods go whose Job went while it was away', async () => {
    await begin();
    await create({ parallelism: 2, completions: 2 });
    await soon();
    await world.stop();
    await jobs().delete('pi', { propagationPolicy: 'Background' });
    await world.start();
    await soon();
    for (const { metadata } of (await pods().list()).items) {
      expect(metadata?.finalizers ?? []).toEqual([]);
    }
  });

  it('does not let pods go whose Job it only does not know yet', async () => {
    await begin();
    await create({ parallelism: 2, completions: 2 });
    await soon();
    await world.restart();
    await soon();
    for (const { metadata } of (await pods().list()).items) {
      expect(metadata?.finalizers).toEqual([TRACKING]);
    }
  });

  it('counts pods that a drain deletes as failed, and makes others', async () => {
    await begin();
    await create({ parallelism: 1, completions: 1 });
    await soon();
    const [first] = (await pods().list()).items;
    await pods().delete(first?.metadata?.name ?? '');
    await world.advance(30_000);
    expect((await jobs().get('pi')).status).toMatchObject({ failed: 1, active: 1 });
    const names = (await pods().list()).items.map(({ metadata }) => metadata?.name);
    expect(names).not.toContain(first?.metadata?.name);
  });

  it('does not count pods that are too many as failed', async () => {
    await begin();
    await create({ parallelism: 3, completions: 5 });
    await soon();
    await jobs().patch('pi', 'merge-patch', { spec: { parallelism: 1 } });
    await world.converge();
    const { failed, active } = (await jobs().get('pi')).status ?? {};
    expect([failed, active]).toEqual([undefined, 1]);
    expect((await pods().list()).items.length).toBe(1);
  });
});
