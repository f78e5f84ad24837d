import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONFIG_MAPS, NAMESPACES, PODS, REPLICA_SETS, SECRETS } from '#client';
import {
  deletionConditions,
  isEmptied,
  judge,
  lookAgainMs,
  newControllerContext,
  newGarbageCollector,
  newNamespaceController,
  nextForOwner,
  type ObjectNode,
  OwnerGraph,
  type OwnerState,
  type Remaining,
  runControllers,
} from '#controller-manager';
import { afterEach, describe, expect, fc, it, newControllerWorld, property, trace } from '#kit';

interface Special {
  readonly owners?: readonly (string | { uid: string; blocks: boolean })[];
  /** Marked to be deleted, with these finalizers. */
  readonly going?: readonly string[];
  readonly finalizers?: readonly string[];
}

/** An object `uid` of no particular kind; owners named by their uids block them. */
function node(uid: string, { owners = [], going, finalizers = [] }: Special = {}): ObjectNode {
  return {
    uid,
    type: CONFIG_MAPS,
    namespace: 'default',
    name: uid,
    owners: owners.map((owner) => {
      const { uid: name, blocks } =
        typeof owner === 'string' ? { uid: owner, blocks: true } : owner;
      return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: name, blockOwnerDeletion: blocks };
    }),
    isBeingDeleted: going !== undefined,
    finalizers: going ?? finalizers,
  };
}

const foreground = ['foregroundDeletion'];
const orphan = ['orphan'];
const newGraph = () => trace('graph', () => new OwnerGraph());
const sorted = (uids: readonly string[]) => [...uids].sort();

describe('OwnerGraph', () => {
  it.core('knows the dependents of an owner, whoever came first', () => {
    const graph = newGraph();
    graph.see(node('early', { owners: ['rs'] }));
    graph.see(node('rs'));
    graph.see(node('late', { owners: ['rs'] }));
    expect(sorted(graph.dependentsOf('rs').map((one) => one.uid))).toEqual(['early', 'late']);
    expect(graph.dependentsOf('late')).toEqual([]);
    expect(graph.get('rs')?.name).toBe('rs');
  });

  it.core('has dependents looked at when their owner is gone', () => {
    const graph = newGraph();
    graph.see(node('rs'));
    for (const uid of ['a', 'b']) expect(graph.see(node(uid, { owners: ['rs'] }))).toEqual([]);
    expect(sorted(graph.forget('rs'))).toEqual(['a', 'b']);
    expect(graph.get('rs')).toBeUndefined();
  });

  it('has one looked at whose owner was never seen', () => {
    const graph = newGraph();
    expect(graph.see(node('a', { owners: ['gone'] }))).toEqual(['a']);
    expect(graph.see(node('b'))).toEqual([]);
    graph.see(node('rs'));
    expect(graph.see(node('c', { owners: ['rs', 'gone'] }))).toEqual(['c']);
  });

  it('looks no second time at what did not change', () => {
    const graph = newGraph();
    graph.see(node('a', { owners: ['gone'] }));
    expect(graph.see(node('a', { owners: ['gone'] }))).toEqual([]);
    expect(graph.see(node('a', { owners: ['gone'], finalizers: ['x'] }))).toEqual([]);
    expect(graph.see(node('a', { owners: ['gone', 'too'] }))).toEqual(['a']);
  });

  it('has an owner and its dependents looked at when it begins to delete them', () => {
    const graph = newGraph();
    graph.see(node('rs'));
    graph.see(node('a', { owners: ['rs'] }));
    expect(sorted(graph.see(node('rs', { going: foreground })))).toEqual(['a', 'rs']);
    expect(graph.see(node('rs', { going: foreground }))).toEqual([]);
    expect(graph.see(node('late', { owners: ['rs'] }))).toEqual(['late']);
  });

  it('has an owner looked at that begins to set its dependents free, and not them', () => {
    const graph = newGraph();
    graph.see(node('rs'));
    graph.see(node('a', { owners: ['rs'] }));
    expect(graph.see(node('rs', { going: orphan }))).toEqual(['rs']);
    expect(graph.see(node('rs', { going: orphan }))).toEqual([]);
  });

  it('has one looked at that was going already when it was first seen', () => {
    expect(newGraph().see(node('rs', { going: foreground }))).toEqual(['rs']);
    expect(newGraph().see(node('rs', { going: orphan }))).toEqual(['rs']);
    expect(newGraph().see(node('rs', { going: ['other'] }))).toEqual([]);
    expect(newGraph().see(node('rs', { finalizers: foreground }))).toEqual([]);
  });

  it('has an owner looked at that waited for what is gone', () => {
    const graph = newGraph();
    graph.see(node('rs'));
    graph.see(node('calm'));
    graph.see(node('a', { owners: ['rs', 'calm'] }));
    graph.see(node('rs', { going: foreground }));
    expect(graph.forget('a')).toEqual(['rs']);
    expect(graph.dependentsOf('rs')).toEqual([]);
  });

  it('has an owner looked at whose dependent lets it go, or does not block it any more', () => {
    const graph = newGraph();
    graph.see(node('rs', { going: foreground }));
    graph.see(node('a', { owners: ['rs'] }));
    graph.see(node('b', { owners: ['rs'] }));
    expect(graph.see(node('a'))).toContain('rs');
    expect(graph.see(node('b', { owners: [{ uid: 'rs', blocks: false }] }))).toContain('rs');
    expect(graph.dependentsOf('rs').map((one) => one.uid)).toEqual(['b']);
  });

  it('has an owner looked at whose dependent is gone, though it did not block', () => {
    const graph = newGraph();
    graph.see(node('rs', { going: foreground }));
    graph.see(node('a', { owners: [{ uid: 'rs', blocks: false }] }));
    expect(graph.forget('a')).toEqual(['rs']);
  });

  it('does not bother an owner that does not wait', () => {
    const graph = newGraph();
    graph.see(node('rs'));
    graph.see(node('a', { owners: ['rs'] }));
    expect(graph.see(node('a'))).toEqual([]);
    expect(graph.forget('a')).toEqual([]);
  });

  it('forgets what it never knew', () => {
    const graph = newGraph();
    graph.see(node('a', { owners: ['unseen'] }));
    expect(graph.forget('unseen')).toEqual(['a']);
    expect(graph.forget('nobody')).toEqual([]);
  });

  it('names each once', () => {
    const graph = newGraph();
    graph.see(node('rs', { going: foreground }));
    graph.see(node('a', { owners: ['rs', 'rs'] }));
    expect(graph.dependentsOf('rs').length).toBe(1);
    expect(graph.forget('a')).toEqual(['rs']);
  });

  property(
    'knows the same dependents as one finds by looking at everybody',
    fc.array(
      fc.record({
        uid: fc.constantFrom('a', 'b', 'c', 'd'),
        owners: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'x'), { maxLength: 3 }),
        gone: fc.boolean(),
      }),
      { maxLength: 30 },
    ),
    (changes) => {
      const graph = new OwnerGraph();
      const all = new Map<string, readonly string[]>();
      for (const { uid, owners, gone } of changes) {
        if (gone) {
          graph.forget(uid);
          all.delete(uid);
        } else {
          graph.see(node(uid, { owners }));
          all.set(uid, owners);
        }
        for (const owner of ['a', 'b', 'c', 'd', 'x']) {
          const expected = [...all].filter(([, each]) => each.includes(owner)).map(([one]) => one);
          expect(sorted(graph.dependentsOf(owner).map((one) => one.uid))).toEqual(sorted(expected));
        }
      }
    },
  );
});

describe('judge', () => {
  const states = (known: Record<string, OwnerState>) => (owner: { uid: string }) =>
    known[owner.uid] ?? 'absent';
  const some = [node('child')];

  it.core('deletes what no owner has any more', () => {
    const verdict = judge(node('a', { owners: ['x', 'y'] }), states({}), []);
    expect(verdict).toEqual({ action: 'delete', propagationPolicy: 'Background', unblock: false });
  });

  it.core('keeps what one owner still has, and drops the others', () => {
    const object = node('a', { owners: ['x', 'rs', 'y'] });
    expect(judge(object, states({ rs: 'solid' }), some)).toEqual({
      action: 'drop-owners',
      uids: ['x', 'y'],
    });
    expect(judge(object, states({ rs: 'solid', x: 'waiting', y: 'solid' }), some)).toEqual({
      action: 'drop-owners',
      uids: ['x'],
    });
  });

  it('keeps what all its owners have, what has none, and what goes already', () => {
    const object = node('a', { owners: ['rs'] });
    expect(judge(object, states({ rs: 'solid' }), [])).toEqual({ action: 'keep' });
    expect(judge(node('a'), states({}), [])).toEqual({ action: 'keep' });
    expect(judge(node('a', { owners: ['x'], going: [] }), states({}), [])).toEqual({
      action: 'keep',
    });
  });

  it('deletes before its owner what has no dependents', () => {
    const object = node('a', { owners: ['rs'] });
    expect(judge(object, states({ rs: 'waiting' }), [])).toMatchObject({
      propagationPolicy: 'Background',
    });
  });

  it('deletes in the foreground what has dependents, for an owner that waits', () => {
    const object = node('a', { owners: ['rs', 'gone'] });
    expect(judge(object, states({ rs: 'waiting' }), some)).toEqual({
      action: 'delete',
      propagationPolicy: 'Foreground',
      unblock: false,
    });
    expect(judge(object, states({}), some)).toMatchObject({ propagationPolicy: 'Background' });
  });

  it('stops blocking first when one of its dependents waits as well', () => {
    const circle = [node('child'), node('other', { going: foreground })];
    const object = node('a', { owners: ['rs'] });
    expect(judge(object, states({ rs: 'waiting' }), circle)).toMatchObject({ unblock: true });
  });

  it('deletes as the object itself asks for', () => {
    const verdict = (finalizers: readonly string[]) =>
      judge(node('a', { owners: ['x'], finalizers }), states({}), some);
    expect(verdict(orphan)).toMatchObject({ propagationPolicy: 'Orphan' });
    expect(verdict(foreground)).toMatchObject({ propagationPolicy: 'Foreground' });
    expect(verdict(['other'])).toMatchObject({ propagationPolicy: 'Background' });
  });
});

describe('nextForOwner', () => {
  const blocked = node('a', { owners: ['rs'] });
  const free = node('b', { owners: [{ uid: 'rs', blocks: false }] });
  const another = node('c', { owners: [{ uid: 'rs', blocks: false }, 'other'] });

  it.core('waits for dependents that block it, and no others', () => {
    const owner = node('rs', { going: foreground });
    expect(nextForOwner(owner, [free, blocked, another])).toEqual({
      action: 'wait',
      dependents: [blocked],
    });
    expect(nextForOwner(owner, [free, another])).toEqual({ action: 'release' });
    expect(nextForOwner(owner, [])).toEqual({ action: 'release' });
  });

  it('sets all dependents free, blocking or not', () => {
    const owner = node('rs', { going: orphan });
    expect(nextForOwner(owner, [free, blocked])).toEqual({
      action: 'orphan',
      dependents: [free, blocked],
    });
    expect(nextForOwner(owner, [])).toEqual({ action: 'orphan', dependents: [] });
    const both = node('rs', { going: [...foreground, ...orphan] });
    expect(nextForOwner(both, [blocked]).action).toBe('orphan');
  });

  it('does nothing for one that is not going, or waits for something else', () => {
    expect(nextForOwner(node('rs', { finalizers: foreground }), [blocked])).toEqual({
      action: 'nothing',
    });
    expect(nextForOwner(node('rs', { going: ['other'] }), [blocked])).toEqual({
      action: 'nothing',
    });
  });
});

const left = (resource: string, count: number, more: Partial<Remaining> = {}): Remaining => ({
  resource,
  count,
  finalizers: {},
  graceSeconds: 0,
  ...more,
});

describe('isEmptied', () => {
  it('is so when nothing is left and nothing failed', () => {
    expect(isEmptied({ remaining: [], failures: [] })).toBe(true);
    expect(isEmptied({ remaining: [left('pods', 1)], failures: [] })).toBe(false);
    expect(isEmptied({ remaining: [], failures: ['no'] })).toBe(false);
  });
});

describe('lookAgainMs', () => {
  const cases: [string, Remaining[], number | undefined][] = [
    ['never when nothing is left', [], undefined],
    ['after half the grace of pods and a second', [left('pods', 1, { graceSeconds: 30 })], 16_000],
    ['in whole seconds', [left('pods', 1, { graceSeconds: 5 })], 3_000],
    ['after half the estimate for finalizers', [left('x', 1, { finalizers: { f: 1 } })], 8_000],
    ['soon when nobody can say', [left('x', 1)], 1_000],
    [
      'by the longest',
      [left('x', 1, { finalizers: { f: 1 } }), left('pods', 1, { graceSeconds: 60 }), left('y', 2)],
      31_000,
    ],
    [
      'not sooner for finalizers with little grace',
      [left('pods', 1, { graceSeconds: 2, finalizers: { f: 1 } })],
      8_000,
    ],
  ];
  for (const [name, remaining, expected] of cases) {
    it(`is ${name}`, () => expect(lookAgainMs({ remaining, failures: [] })).toBe(expected));
  }
});

describe('deletionConditions', () => {
  const clock = new FakeClock({ now: Date.UTC(2025, 0, 1) });
  const said = (remaining: Remaining[], failures: string[] = [], before: object[] = []) =>
    deletionConditions(before as never, { remaining, failures }, clock);
  const one = (type: string, conditions: ReturnType<typeof said>) =>
    conditions.find((each) => each.type === type);

  it.core('says that all went well', () => {
    expect(said([])).toEqual([
      {
        type: 'NamespaceDeletionDiscoveryFailure',
        status: 'False',
        reason: 'ResourcesDiscovered',
        message: 'All resources successfully discovered',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
      {
        type: 'NamespaceDeletionGroupVersionParsingFailure',
        status: 'False',
        reason: 'ParsedGroupVersions',
        message: 'All legacy kube types successfully parsed',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
      {
        type: 'NamespaceDeletionContentFailure',
        status: 'False',
        reason: 'ContentDeleted',
        message: 'All content successfully deleted, may be waiting on finalization',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
      {
        type: 'NamespaceContentRemaining',
        status: 'False',
        reason: 'ContentRemoved',
        message: 'All content successfully removed',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
      {
        type: 'NamespaceFinalizersRemaining',
        status: 'False',
        reason: 'ContentHasNoFinalizers',
        message: 'All content-preserving finalizers finished',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
    ]);
  });

  it('says what is left, in order', () => {
    const conditions = said([
      left('pods', 2, { finalizers: { 'x/b': 1 } }),
      left('deployments.apps', 1, { finalizers: { 'x/b': 1, 'x/a': 3 } }),
    ]);
    expect(one('NamespaceContentRemaining', conditions)).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message:
        'Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances',
    });
    expect(one('NamespaceFinalizersRemaining', conditions)).toMatchObject({
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message:
        'Some content in the namespace has finalizers remaining: x/a in 3 resource instances, x/b in 2 resource instances',
    });
    expect(one('NamespaceDeletionContentFailure', conditions)?.status).toBe('False');
  });

  it('says what failed', () => {
    const conditions = said([], ['second', 'first']);
    expect(one('NamespaceDeletionContentFailure', conditions)).toMatchObject({
      status: 'True',
      reason: 'ContentDeletionFailed',
      message: 'Failed to delete all resource types, 2 remaining: first, second',
    });
  });

  it('keeps times, places and other conditions', () => {
    const since = '2024-01-01T00:00:00Z';
    const before = [
      { type: 'Mine', status: 'True' },
      { type: 'NamespaceContentRemaining', status: 'True', reason: 'X', lastTransitionTime: since },
    ];
    const still = said([left('pods', 1)], [], before);
    expect(still.slice(0, 2)).toMatchObject([
      { type: 'Mine', status: 'True' },
      {
        type: 'NamespaceContentRemaining',
        reason: 'SomeResourcesRemain',
        lastTransitionTime: since,
      },
    ]);
    const well = said([], [], before);
    expect(well[1]).toMatchObject({ status: 'False', lastTransitionTime: '2025-01-01T00:00:00Z' });
    expect(well.length).toBe(6);
  });
});

let world: Awaited<ReturnType<typeof newControllerWorld>>;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [newGarbageCollector, newNamespaceController],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());

const configMaps = (namespace = 'default') => world.admin.resource(CONFIG_MAPS, namespace);

/** Makes a ConfigMap with these owners. */
async function make(name: string, owners: readonly string[] = [], finalizers: string[] = []) {
  const references = await Promise.all(
    owners.map(async (owner) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: owner,
      uid: (await configMaps().get(owner)).metadata?.uid ?? '',
      blockOwnerDeletion: true,
    })),
  );
  const metadata = { name, finalizers, ownerReferences: references };
  await configMaps().create({ metadata });
}

const names = async () =>
  (await configMaps().list()).items.map(({ metadata }) => metadata?.name).sort();

describe('the garbage collector', () => {
  it('deletes what belonged to what is gone, down to the last', async () => {
    await begin();
    await make('root');
    await make('child', ['root']);
    await make('grandchild', ['child']);
    await make('stranger');
    await world.settle();
    await configMaps().delete('root', { propagationPolicy: 'Background' });
    await world.converge();
    expect(await names()).toEqual(['stranger']);
  });

  it('sets dependents free when asked to', async () => {
    await begin();
    await make('root');
    await make('child', ['root']);
    await world.settle();
    await configMaps().delete('root', { propagationPolicy: 'Orphan' });
    await world.converge();
    expect(await names()).toEqual(['child']);
    expect((await configMaps().get('child')).metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('deletes dependents before their owner when asked to', async () => {
    await begin();
    await make('root');
    await make('child', ['root'], ['example.com/hold']);
    await make('grandchild', ['child']);
    await world.settle();
    await configMaps().delete('root', { propagationPolicy: 'Foreground' });
    await world.converge();
    expect(await names()).toEqual(['child', 'root']);
    const held = await configMaps().get('child');
    await configMaps().update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
    await world.converge();
    expect(await names()).toEqual([]);
  });

  it('keeps what another owner still has', async () => {
    await begin();
    await make('one');
    await make('two');
    await make('child', ['one', 'two']);
    await world.settle();
    await configMaps().delete('one', { propagationPolicy: 'Background' });
    await world.converge();
    const child = await configMaps().get('child');
    expect(child.metadata?.ownerReferences?.map((owner) => owner.name)).toEqual(['two']);
  });

  it('deletes what was left behind while nobody looked', async () => {
    await begin({ started: false });
    await make('root');
    await make('child', ['root']);
    await configMaps().delete('root', { propagationPolicy: 'Background' });
    await make('root');
    await world.start();
    await world.converge();
    expect(await names()).toEqual(['root']);
  });

  it('finds owners of other kinds', async () => {
    await begin();
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    const set = await world.admin.resource(REPLICA_SETS, 'default').create({
      metadata: { name: 'web' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template },
    });
    const { uid = '' } = set.metadata ?? {};
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid };
    const pods = world.admin.resource(PODS, 'default');
    await pods.create({
      metadata: { name: 'web-1', ownerReferences: [owner] },
      spec: template.spec,
    });
    await world.settle();
    await world.admin.resource(REPLICA_SETS, 'default').delete('web');
    await world.converge();
    expect((await pods.list()).items).toEqual([]);
  });

  it('comes to the same end when each write fails once', async () => {
    await begin();
    await make('root');
    await make('child', ['root']);
    await make('grandchild', ['child']);
    await make('free', ['root']);
    await world.settle();
    const faults = world.failEachWriteOnce({ seed: 7 });
    await configMaps().delete('root', { propagationPolicy: 'Foreground' });
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    expect(await names()).toEqual([]);
  });
});

describe('the namespace controller', () => {
  it('empties a namespace and lets it go', async () => {
    await begin();
    await world.api.addNamespace('team');
    await configMaps('team').create({ metadata: { name: 'cm' } });
    await world.admin.resource(SECRETS, 'team').create({ metadata: { name: 's' } });
    await world.admin.resource(PODS, 'team').create({
      metadata: { name: 'pod' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await world.settle();
    await world.admin.resource(NAMESPACES).delete('team');
    await world.converge();
    const all = (await world.admin.resource(NAMESPACES).list()).items;
    expect(all.map(({ metadata }) => metadata?.name)).not.toContain('team');
  });

  it('says what it waits for, and goes on when that is gone', async () => {
    await begin();
    await world.api.addNamespace('team');
    await configMaps('team').create({
      metadata: { name: 'cm', finalizers: ['example.com/hold'] },
    });
    await world.admin.resource(NAMESPACES).delete('team');
    await world.advance(1000);
    const namespace = await world.admin.resource(NAMESPACES).get('team');
    const messages = namespace.status?.conditions?.map(({ message }) => message);
    expect(messages).toContain(
      'Some resources are remaining: configmaps. has 1 resource instances',
    );
    const held = await configMaps('team').get('cm');
    await configMaps('team').update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
    await world.advance(10_000);
    const all = (await world.admin.resource(NAMESPACES).list()).items;
    expect(all.map(({ metadata }) => metadata?.name)).not.toContain('team');
  });

  it('leaves other namespaces alone', async () => {
    await begin();
    await world.api.addNamespace('team');
    await make('mine');
    await world.admin.resource(NAMESPACES).delete('team');
    await world.converge();
    expect(await names()).toEqual(['mine']);
  });
});
