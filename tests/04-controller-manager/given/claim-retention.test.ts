import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS } from '#client';
import {
  newControllerContext,
  newGarbageCollector,
  newStatefulSetController,
  runControllers,
  type StatefulSet,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';
import {
  claimOwners,
  isStaleForPod,
} from '../../../solutions/04-controller-manager/statefulset/claim-retention.ts';

type Policy = 'Retain' | 'Delete';
const setOf = (whenScaled: Policy, whenDeleted: Policy): StatefulSet => ({
  metadata: { name: 'web', namespace: 'default', uid: 'set-uid' },
  spec: {
    replicas: 1,
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {},
    persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted },
  },
});
const podOf = (ordinal: number) => ({
  metadata: { name: `web-${ordinal}`, namespace: 'default', uid: `pod-${ordinal}` },
});
const ref = (kind: string, name: string, uid: string, controller = true) => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid,
  controller,
  blockOwnerDeletion: true,
});
const SET = ref('StatefulSet', 'web', 'set-uid');
const claimOf = (...ownerReferences: ReturnType<typeof ref>[]) => ({
  metadata: { name: 'data-web-0', namespace: 'default', ownerReferences },
});
const kindsOf = (refs: readonly { kind: string }[] | undefined) => refs?.map(({ kind }) => kind);

describe('the owners of a claim', () => {
  const table: [Policy, Policy, number, string[] | undefined][] = [
    ['Retain', 'Retain', 0, undefined],
    ['Retain', 'Retain', 1, undefined],
    ['Retain', 'Delete', 0, ['StatefulSet']],
    ['Retain', 'Delete', 1, ['StatefulSet']],
    ['Delete', 'Retain', 0, undefined],
    ['Delete', 'Retain', 1, ['Pod']],
    ['Delete', 'Delete', 0, ['StatefulSet']],
    ['Delete', 'Delete', 1, ['Pod']],
  ];
  for (const [scaled, deleted, ordinal, owners] of table) {
    it(`are ${owners ?? 'none'}: scaled ${scaled}, deleted ${deleted}, pod ${ordinal}`, () => {
      const refs = claimOwners(setOf(scaled, deleted), podOf(ordinal), claimOf());
      expect(kindsOf(refs)).toEqual(owners);
    });
  }

  it('are left alone when they are right', () => {
    expect(claimOwners(setOf('Delete', 'Delete'), podOf(0), claimOf(SET))).toBe(undefined);
  });

  it('change with the policy', () => {
    expect(claimOwners(setOf('Retain', 'Retain'), podOf(0), claimOf(SET))).toEqual([]);
  });

  it('become managing owners', () => {
    const weak = ref('StatefulSet', 'web', 'set-uid', false);
    expect(claimOwners(setOf('Retain', 'Delete'), podOf(0), claimOf(weak))).toEqual([SET]);
  });

  it('stay beside others', () => {
    const other = ref('ConfigMap', 'x', 'y', false);
    expect(claimOwners(setOf('Retain', 'Delete'), podOf(0), claimOf(other))).toEqual([other, SET]);
  });

  it('are none beside somebody else who manages it', () => {
    const boss = ref('Backup', 'x', 'y');
    expect(claimOwners(setOf('Retain', 'Delete'), podOf(0), claimOf(boss))).toBe(undefined);
    expect(claimOwners(setOf('Retain', 'Delete'), podOf(0), claimOf(boss, SET))).toEqual([boss]);
  });

  it('are not touched while an earlier pod or set has it', () => {
    const earlier = ref('Pod', 'web-0', 'old');
    expect(claimOwners(setOf('Delete', 'Delete'), podOf(0), claimOf(earlier))).toBe(undefined);
    expect(isStaleForPod(claimOf(earlier), podOf(0))).toBe(true);
    expect(isStaleForPod(claimOf(earlier), podOf(1))).toBe(false);
  });
});

describe('claims of a StatefulSet in a cluster', () => {
  let world: ControllerTestWorld;
  afterEach(() => world?.end());
  const begin = async (policy: object, spec: object = {}): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext(around),
          [newStatefulSetController, newGarbageCollector],
          signal,
        ),
    });
    await world.admin.resource(STATEFUL_SETS, 'default').create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        serviceName: 'web',
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'c', image: 'i' }] },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
        persistentVolumeClaimRetentionPolicy: policy,
        ...spec,
      },
    });
    await world.converge();
  };
  const sets = () => world.admin.resource(STATEFUL_SETS, 'default');
  const claims = async () => {
    const { items } = await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').list();
    return items.map(({ metadata }) => metadata?.name);
  };

  it('stay when the policy says so', async () => {
    await begin({ whenScaled: 'Retain', whenDeleted: 'Retain' });
    await sets().patch('web', 'merge-patch', { spec: { replicas: 1 } });
    await world.converge();
    await sets().delete('web');
    await world.converge();
    expect(await claims()).toEqual(['data-web-0', 'data-web-1']);
  });

  it('go with their pods when it scales down, and come back', async () => {
    await begin({ whenScaled: 'Delete', whenDeleted: 'Retain' });
    await sets().patch('web', 'merge-patch', { spec: { replicas: 1 } });
    await world.converge();
    expect(await claims()).toEqual(['data-web-0']);
    await sets().patch('web', 'merge-patch', { spec: { replicas: 2 } });
    await world.converge();
    expect(await claims()).toEqual(['data-web-0', 'data-web-1']);
    expect((await world.admin.resource(PODS, 'default').list()).items.length).toBe(2);
  });

  it('go with the set', async () => {
    await begin({ whenScaled: 'Retain', whenDeleted: 'Delete' });
    await sets().delete('web');
    await world.converge();
    expect(await claims()).toEqual([]);
  });

  it('stay when only a pod is deleted', async () => {
    await begin({ whenScaled: 'Delete', whenDeleted: 'Delete' });
    const before = await world.admin
      .resource(PERSISTENT_VOLUME_CLAIMS, 'default')
      .get('data-web-1');
    await world.admin.resource(PODS, 'default').delete('web-1');
    await world.converge();
    const after = await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').get('data-web-1');
    expect(after.metadata?.uid).toBe(before.metadata?.uid);
    expect((await world.admin.resource(PODS, 'default').list()).items.length).toBe(2);
  });

  it('are told of when they cannot be made', async () => {
    await begin({}, { replicas: 0 });
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb === 'create' && resource === 'persistentvolumeclaims') throw new Error('no quota');
      return undefined;
    });
    await sets().patch('web', 'merge-patch', { spec: { replicas: 1 } });
    await world.advance(1000);
    end();
    const events = await world.events();
    expect(events).toContainEqual(
      'Warning FailedCreate create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: no quota',
    );
    expect(events).toContainEqual(
      'Warning FailedCreate create Pod web-0 in StatefulSet web failed error: failed to create PVC data-web-0: no quota',
    );
    await world.converge();
    expect(await claims()).toEqual(['data-web-0']);
  });
});
