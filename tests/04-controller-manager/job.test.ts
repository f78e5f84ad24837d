import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { JOBS, PODS } from '#client';
import { newControllerContext, newJobController, runControllers } from '#controller-manager';
import { afterEach, type ControllerTestWorld, describe, expect, it, newControllerWorld } from '#kit';

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) => runControllers(newControllerContext(around), [newJobController], signal),
    ...options,
  });
};
afterEach(() => world?.end());
const pods = async () => (await world.admin.resource(PODS, 'default').list()).items;
const job = async (name='pi') => world.admin.resource(JOBS, 'default').get(name);
const make = (spec: object) => world.admin.resource(JOBS, 'default').create({ metadata: { name: 'pi' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec } } as never);

describe('x', () => {
  it.core('runs', async () => {
    await begin();
    await make({ completions: 3, parallelism: 2 });
    await world.advance(3000);
    console.log((await pods()).map((p) => [p.metadata?.name, p.status?.phase, p.metadata?.finalizers]), (await job()).status);
    for (let i = 0; i < 4; i++) {
      for (const p of await pods()) if (p.status?.phase === 'Running') await world.nodes.finish('default', p.metadata?.name ?? '', i === 0 ? 1 : 0);
      await world.advance(12000);
      console.log(JSON.stringify((await job()).status));
    }
    await world.converge();
    console.log(await world.events(), world.writes(), world.log.entries?.filter?.((e: any) => e.level !== 'debug').slice(0, 5));
    console.log(await world.writesWithin());
  });
  it('indexed per index', async () => {
    await begin();
    await make({ completions: 3, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
    for (let i = 0; i < 5; i++) {
      await world.advance(12000);
      console.log((await pods()).map((p) => [p.metadata?.name, p.status?.phase, p.metadata?.finalizers, p.metadata?.annotations]), JSON.stringify((await job()).status));
      for (const p of await pods()) if (p.status?.phase === 'Running') await world.nodes.finish('default', p.metadata?.name ?? '', p.metadata?.name?.startsWith('pi-1') ? 1 : 0);
    }
    await world.converge();
    console.log(await world.events(), JSON.stringify((await job()).status));
    console.log(await world.writesWithin(), world.log.entries?.filter?.((e: any) => e.level !== 'debug').slice(0, 5));
  });
});
