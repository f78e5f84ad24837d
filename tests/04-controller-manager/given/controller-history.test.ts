import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONTROLLER_REVISIONS, DAEMON_SETS, PODS, STATEFUL_SETS } from '#client';
import {
  applyRevision,
  type ControllerRevision,
  newControllerContext,
  newDaemonSetController,
  newStatefulSetController,
  runControllers,
  templatePatch,
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
  forgottenRevisions,
  newRevision,
  nextRevisionNumber,
  sortRevisions,
} from '../../../solutions/04-controller-manager/controller-history.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};
const owner = {
  metadata: { name: 'web', namespace: 'default', uid: 'u', annotations: { why: 'new' } },
  spec: { template, replicas: 3 },
};
const options = {
  ownerKind: { group: 'apps', version: 'v1', kind: 'StatefulSet' },
  hashLabel: 'hash',
  revision: 4,
  collisionCount: 0,
};
const revision = (name: string, number: number, creationTimestamp = ''): ControllerRevision => ({
  metadata: { name, creationTimestamp: creationTimestamp as never },
  revision: number,
});
const namesOf = (all: readonly ControllerRevision[]) => all.map(({ metadata }) => metadata?.name);

describe('a revision', () => {
  it('keeps the template as kubectl would write it', () => {
    expect(JSON.stringify(templatePatch(owner))).toBe(
      '{"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,' +
        '"labels":{"app":"web"}},"spec":{"containers":[{"image":"i","name":"c","resources":{}}]}}}}',
    );
  });

  it('brings the template back, and nothing else', () => {
    const kept = newRevision(owner, options);
    const changed = { ...owner, spec: { template: { spec: { containers: [] } }, replicas: 5 } };
    const back = applyRevision(changed, kept);
    expect(back.spec.replicas).toBe(5);
    expect(back.spec.template.spec?.containers).toMatchObject([{ image: 'i' }]);
    expect(back.spec.template).not.toHaveProperty('$patch');
  });

  it('is named after what it keeps', () => {
    const one = newRevision(owner, options);
    const scaled = { ...owner, spec: { ...owner.spec, replicas: 9 } };
    const same = newRevision(scaled, options);
    const other = newRevision(owner, { ...options, collisionCount: 1 });
    expect(one.metadata?.name).toMatch(/^web-[a-z0-9]+$/);
    expect(same.metadata?.name).toBe(one.metadata?.name);
    expect(other.metadata?.name).not.toBe(one.metadata?.name);
    expect(one.metadata?.labels).toEqual({
      app: 'web',
      hash: one.metadata?.name?.replace('web-', ''),
    });
    expect(one.metadata?.annotations).toEqual({ why: 'new' });
    expect(one.revision).toBe(4);
  });

  it('has room for its hash behind a long name', () => {
    const name = 'x'.repeat(253);
    const long = newRevision({ ...owner, metadata: { name, uid: 'u' } }, options);
    expect(long.metadata?.name?.length).toBeLessThanOrEqual(253);
  });
});

describe('revisions', () => {
  it('are in order of number, age and name', () => {
    const all = [
      revision('d', 2),
      revision('c', 1, '2'),
      revision('b', 1, '1'),
      revision('a', 1, '2'),
    ];
    expect(namesOf(sortRevisions(all))).toEqual(['b', 'a', 'c', 'd']);
    expect(nextRevisionNumber(all)).toBe(3);
    expect(nextRevisionNumber([])).toBe(1);
  });

  it('are forgotten from the first on', () => {
    const all = [revision('c', 3), revision('a', 1), revision('b', 2)];
    expect(namesOf(forgottenRevisions(all, 1))).toEqual(['a', 'b']);
    expect(forgottenRevisions(all, 3)).toEqual([]);
    expect(forgottenRevisions(all, -1)).toEqual([]);
    expect(namesOf(forgottenRevisions(all, 0))).toEqual(['a', 'b', 'c']);
  });
});

describe('the history of a set', () => {
  let world: ControllerTestWorld;
  afterEach(() => world?.end());
  const begin = async (): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext(around),
          [newStatefulSetController, newDaemonSetController],
          signal,
        ),
    });
  };
  const selector = { matchLabels: { app: 'web' } };
  const history = async () => {
    const { items } = await world.admin.resource(CONTROLLER_REVISIONS, 'default').list();
    return sortRevisions(items);
  };
  const kinds = {
    StatefulSet: {
      create: (revisionHistoryLimit: number) =>
        world.admin.resource(STATEFUL_SETS, 'default').create({
          metadata: { name: 'web' },
          spec: { selector, template, serviceName: 'web', replicas: 1, revisionHistoryLimit },
        }),
      change: (patch: object) =>
        world.admin.resource(STATEFUL_SETS, 'default').patch('web', 'merge-patch', patch),
      status: async () => (await world.admin.resource(STATEFUL_SETS, 'default').get('web')).status,
    },
    DaemonSet: {
      create: (revisionHistoryLimit: number) =>
        world.admin.resource(DAEMON_SETS, 'default').create({
          metadata: { name: 'web' },
          spec: { selector, template, revisionHistoryLimit },
        }),
      change: (patch: object) =>
        world.admin.resource(DAEMON_SETS, 'default').patch('web', 'merge-patch', patch),
      status: async () => (await world.admin.resource(DAEMON_SETS, 'default').get('web')).status,
    },
  };
  const version = (number: number) => ({
    spec: { template: { metadata: { annotations: { version: String(number) } } } },
  });

  for (const [kind, { create, change, status }] of Object.entries(kinds)) {
    it(`is as long as revisionHistoryLimit says (${kind})`, async () => {
      await begin();
      await create(2);
      for (let i = 1; i <= 5; i++) {
        await change(version(i));
        await world.settle();
      }
      expect((await history()).map((one) => one.revision)).toEqual([4, 5, 6]);
    });

    it(`gives a revision another name when its own is taken (${kind})`, async () => {
      await begin();
      await create(10);
      await world.settle();
      const [first] = await history();
      await world.stop();
      await world.admin
        .resource(CONTROLLER_REVISIONS, 'default')
        .delete(first?.metadata?.name ?? '');
      const { name, namespace } = first?.metadata ?? {};
      await world.admin.resource(CONTROLLER_REVISIONS, 'default').create({
        metadata: { name, namespace },
        data: { spec: {} } as never,
        revision: 1,
      });
      await world.start();
      await world.converge();
      expect((await status())?.collisionCount).toBe(1);
      expect((await history()).length).toBe(2);
    });

    it(`takes over revisions that nobody has (${kind})`, async () => {
      await begin();
      await create(10);
      await world.settle();
      await world.stop();
      const [first] = await history();
      const revisions = world.admin.resource(CONTROLLER_REVISIONS, 'default');
      await revisions.patch(first?.metadata?.name ?? '', 'merge-patch', {
        metadata: { ownerReferences: null },
      });
      await world.start();
      await world.converge();
      const all = await history();
      expect(all.length).toBe(1);
      expect(all[0]?.metadata?.ownerReferences).toMatchObject([{ kind, name: 'web' }]);
    });
  }

  it('makes two revisions of one template one (DaemonSet)', async () => {
    await begin();
    await kinds.DaemonSet.create(10);
    await world.settle();
    const [first] = await history();
    const { ownerReferences, labels, namespace } = first?.metadata ?? {};
    await world.admin.resource(CONTROLLER_REVISIONS, 'default').create({
      metadata: {
        name: 'web-double',
        namespace,
        ownerReferences,
        labels: { ...labels, 'controller-revision-hash': 'double' },
      },
      data: first?.data,
      revision: 2,
    });
    await world.converge();
    expect(namesOf(await history())).toEqual(['web-double']);
    expect((await world.admin.resource(PODS, 'default').list()).items).toEqual([]);
    expect(await world.writesWithin()).toEqual([]);
  });
});
