import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { JOBS } from '#client';
import {
  newControllerContext,
  newTtlAfterFinishedController,
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
const begin = async (): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newTtlAfterFinishedController], signal),
  });
};
afterEach(() => world?.end());

const jobs = () => world.admin.resource(JOBS, 'default');
const create = (name: string, ttlSecondsAfterFinished?: number) =>
  jobs().create({
    metadata: { name },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
      ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
    },
  });
async function fail(name: string): Promise<void> {
  const one = await jobs().get(name);
  const lastTransitionTime = `${new Date(world.clock.now()).toISOString().slice(0, 19)}Z`;
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime });
  const conditions = [condition('FailureTarget'), condition('Failed')];
  await jobs().updateStatus({ ...one, status: { startTime: lastTransitionTime, conditions } });
}
/** Those that nobody has asked to delete. */
const left = async (): Promise<(string | undefined)[]> =>
  (await jobs().list()).items
    .filter(({ metadata }) => !metadata?.deletionTimestamp)
    .map(({ metadata }) => metadata?.name);

describe('the TTL controller', () => {
  it('deletes a Job when its time has come', async () => {
    await begin();
    await create('pi', 60);
    await fail('pi');
    await world.advance(59_000);
    expect(await left()).toEqual(['pi']);
    await world.advance(2000);
    expect(await left()).toEqual([]);
  });

  it('deletes it at once when it has no time', async () => {
    await begin();
    await create('pi', 0);
    await fail('pi');
    await world.settle();
    expect(await left()).toEqual([]);
  });

  it('leaves Jobs alone that have not finished, and those without a time', async () => {
    await begin();
    await create('busy', 0);
    await create('kept');
    await fail('kept');
    expect(await world.writesWithin()).toEqual([]);
    expect(await left()).toEqual(['busy', 'kept']);
  });

  it('sees that its time was made longer, though its cache does not', async () => {
    await begin();
    await create('pi', 60);
    await fail('pi');
    await world.settle();
    const release = world.api.holdWatches();
    await jobs().patch('pi', 'merge-patch', { spec: { ttlSecondsAfterFinished: 3600 } });
    await world.advance(120_000);
    expect(await left()).toEqual(['pi']);
    release();
    await world.advance(3600_000);
    expect(await left()).toEqual([]);
  });

  it('looks at those that finished before it began', async () => {
    await begin();
    await world.stop();
    await create('pi', 60);
    await fail('pi');
    await world.advance(120_000);
    await world.start();
    expect(await left()).toEqual([]);
  });

  it('tries again when a deletion fails', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ how: 'refused' });
    await create('pi', 1);
    await fail('pi');
    await world.advance(10_000);
    expect(faults.count).toBe(1);
    expect(await left()).toEqual([]);
  });
});
