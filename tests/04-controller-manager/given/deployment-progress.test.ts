/** A rollout that has arrived, and loses a pod long after its deadline. */

import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { DEPLOYMENTS, PODS } from '#client';
import {
  newControllerContext,
  newDeploymentController,
  newReplicaSetController,
  runControllers,
} from '#controller-manager';
import { afterEach, describe, expect, it, newControllerWorld } from '#kit';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('the deployment controller', () => {
  it('does not look at a Deployment again and again that lost a pod after its deadline', async () => {
    const clock = new FakeClock();
    const world = await newControllerWorld({
      clock,
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext(around),
          [newDeploymentController, newReplicaSetController],
          signal,
        ),
    });
    ends.push(() => world.end());
    const labels = { app: 'web' };
    await world.admin.resource(DEPLOYMENTS, 'default').create({
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    });
    await world.converge();
    await world.advance(3_600_000);
    const pods = world.admin.resource(PODS, 'default');
    const [pod] = (await pods.list()).items;
    const conditions = [{ type: 'Ready', status: 'False' }];
    await pods.patch(
      pod?.metadata?.name ?? '',
      'strategic-merge-patch',
      { status: { conditions } },
      { subresource: 'status' },
    );
    // Nobody else would get a turn: time could not go on.
    await world.advance(60_000);
    const web = await world.admin.resource(DEPLOYMENTS, 'default').get('web');
    expect(web.status?.unavailableReplicas).toBe(1);
  });
});
