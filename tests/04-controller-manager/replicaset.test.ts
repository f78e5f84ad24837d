import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { PODS, REPLICA_SETS } from '#client';
import { newControllerContext, newReplicaSetController, runControllers } from '#controller-manager';
import { afterEach, type ControllerTestWorld, describe, expect, it, newControllerWorld } from '#kit';

let world: ControllerTestWorld;
const start = async (options: { auto?: boolean; nodes?: string[]; started?: boolean } = {}) => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newReplicaSetController], signal),
    ...options,
  });
};
afterEach(() => world?.end());

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const web = (replicas: number) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template },
});
const pods = async () => (await world.admin.resource(PODS, 'default').list()).items;

describe('the ReplicaSet controller', () => {
  it.core('makes as many pods as there should be', async () => {
    await start();
    await world.admin.resource(REPLICA_SETS, 'default').create(web(3));
    await world.converge();
    expect((await pods()).length).toBe(3);
    expect(world.writes().filter((write) => write.startsWith('create'))).toEqual(
      Array(3).fill('create pods default/web-*'),
    );
    expect(await world.writesWithin()).toEqual([]);
  });
});
