import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS } from '#client';
import { newControllerContext, newStatefulSetController, runControllers } from '#controller-manager';
import { afterEach, type ControllerTestWorld, describe, expect, it, newControllerWorld } from '#kit';

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newStatefulSetController], signal),
    ...options,
  });
};
afterEach(() => world?.end());
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

describe('try', () => {
  it('x', async () => {
    await begin();
    await world.admin.resource(STATEFUL_SETS, 'default').create({metadata:{name:'web'}, spec: {replicas: 2, serviceName: 'svc', selector:{matchLabels:{app:'web'}}, template,
     volumeClaimTemplates: [{metadata:{name:'data'}, spec:{accessModes:['ReadWriteOnce'], resources:{requests:{storage:'1Gi'}}}}], persistentVolumeClaimRetentionPolicy: {whenDeleted:'Delete', whenScaled:'Delete'}} });
    await world.converge();
    console.log(world.writes());
    console.log(await world.events());
    console.log(JSON.stringify((await world.admin.resource(STATEFUL_SETS, 'default').list()).items[0].status));
    console.log(JSON.stringify((await world.admin.resource(PODS, 'default').list()).items[0], null, 1));
    console.log(JSON.stringify((await world.admin.resource(CONTROLLER_REVISIONS, 'default').list()).items, null, 1));
    console.log(JSON.stringify((await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').list()).items[0], null, 1));
    await world.admin.resource(STATEFUL_SETS, 'default').patch('web', 'merge-patch', {spec:{template:{metadata:{annotations:{a:'b'}}}}});
    const n = world.writes().length;
    await world.converge();
    console.log(world.writes().slice(n));
    console.log(JSON.stringify((await world.admin.resource(STATEFUL_SETS, 'default').list()).items[0].status));
    const revs = (await world.admin.resource(CONTROLLER_REVISIONS, 'default').list()).items;
    await world.admin.resource(STATEFUL_SETS, 'default').patch('web', 'strategic-merge-patch', revs.find(r => r.revision===1)?.data);
    await world.converge();
    console.log(JSON.stringify((await world.admin.resource(STATEFUL_SETS, 'default').list()).items[0], null, 1));
    console.log((await world.admin.resource(CONTROLLER_REVISIONS, 'default').list()).items.map(r=>[r.metadata?.name, r.revision]));
    await world.admin.resource(STATEFUL_SETS, 'default').patch('web', 'merge-patch', {spec:{replicas: 1}});
    await world.converge();
    console.log(world.writes().slice(n));
    console.log(JSON.stringify((await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').list()).items[1].metadata, null, 1));
    expect(await world.writesWithin()).toEqual([]);
    console.log(world.log.entries);
  });
});
