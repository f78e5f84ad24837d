import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from '#client';
import {
  currentReplicas,
  type Deployment,
  fencepostsOf,
  findGenerations,
  forgottenReplicaSets,
  type Generations,
  isComplete,
  newControllerContext,
  newDeploymentController,
  newReplicaSetController,
  nextStep,
  oldReplicas,
  type ReplicaSet,
  revisionAnnotations,
  runControllers,
  statusOf,
} from '#controller-manager';
import { afterEach, describe, expect, fc, it, newControllerWorld, property } from '#kit';

const clock = new FakeClock();

/** A Deployment `web` of an image, and whatever else its spec has. */
function web(spec: object = {}, metadata: object = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'web', generation: 1, ...metadata },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf('web:2'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 2147483647,
      ...spec,
    },
  } as Deployment;
}

function templateOf(image: string, labels: Record<string, string> = {}) {
  return {
    metadata: { labels: { app: 'web', ...labels } },
    spec: { containers: [{ name: 'web', image }] },
  };
}

interface Numbers {
  /** How many pods it should have. */
  readonly size: number;
  readonly available?: number;
  /** How many pods it has; absent: as many as it should. */
  readonly pods?: number;
  readonly ready?: number;
  readonly image?: string;
  /** Second of its creation. */
  readonly made?: number;
  readonly annotations?: Record<string, string>;
  readonly metadata?: object;
  readonly observedGeneration?: number;
}

function replicaSet(name: string, numbers: Numbers): ReplicaSet {
  const { size, available = size, pods = size, ready = available, image = name } = numbers;
  return {
    metadata: {
      name,
      uid: name,
      generation: 1,
      creationTimestamp: `2025-01-01T00:00:${String(numbers.made ?? 0).padStart(2, '0')}Z`,
      annotations: numbers.annotations,
      ...numbers.metadata,
    },
    spec: {
      replicas: size,
      selector: { matchLabels: { app: 'web' } },
      template: templateOf(image, { 'pod-template-hash': name }),
    },
    status: {
      replicas: pods,
      readyReplicas: ready,
      availableReplicas: available,
      observedGeneration: numbers.observedGeneration ?? 1,
    },
  } as unknown as ReplicaSet;
}

const sizes = (steps: readonly { replicaSet: ReplicaSet; replicas: number }[]) =>
  steps.map((step) => [step.replicaSet.metadata?.name, step.replicas]);

const strategy = (maxSurge: number | string, maxUnavailable: number | string) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});
const recreate = { strategy: { type: 'Recreate' } };

describe('findGenerations', () => {
  it.core('finds the ReplicaSet of the template, whatever its hash says', () => {
    const one = replicaSet('one', { size: 3, image: 'web:1' });
    const two = replicaSet('two', { size: 3, image: 'web:2' });
    const { current, old } = findGenerations(web(), [one, two]);
    expect(current?.metadata?.name).toBe('two');
    expect(old.map((each) => each.metadata?.name)).toEqual(['one']);
  });

  it('finds none when the template is new', () => {
    const { current, old } = findGenerations(web(), [replicaSet('one', { size: 1 })]);
    expect(current).toBeUndefined();
    expect(old.length).toBe(1);
  });

  it('takes the one made first of two with the template', () => {
    const later = replicaSet('a', { size: 1, image: 'web:2', made: 9 });
    const first = replicaSet('b', { size: 1, image: 'web:2', made: 3 });
    const { current, old } = findGenerations(web(), [later, first]);
    expect(current?.metadata?.name).toBe('b');
    expect(old.map((each) => each.metadata?.name)).toEqual(['a']);
  });

  it('looks at labels other than the hash', () => {
    const other = replicaSet('x', { size: 1, image: 'web:2' });
    const labels = other.spec?.template?.metadata?.labels as Record<string, string>;
    labels.tier = 'front';
    expect(findGenerations(web(), [other]).current).toBeUndefined();
  });

  it('leaves the list as it was', () => {
    const list = [replicaSet('a', { size: 1, made: 9 }), replicaSet('b', { size: 1, made: 3 })];
    findGenerations(web(), list);
    expect(list.map((each) => each.metadata?.name)).toEqual(['a', 'b']);
  });
});

describe('fencepostsOf', () => {
  const cases: [number, number | string, number | string, number, number][] = [
    [10, '25%', '25%', 3, 2],
    [1, '25%', '25%', 1, 0],
    [1, '0%', '25%', 0, 1],
    [2, 0, '1%', 0, 1],
    [2, '1%', '0%', 1, 0],
    [10, 3, 2, 3, 2],
    [10, '100%', '100%', 10, 10],
    [4, 0, 7, 0, 4],
    [0, '25%', '25%', 0, 0],
  ];
  for (const [replicas, surge, unavailable, maxSurge, maxUnavailable] of cases) {
    it(`makes ${maxSurge} and ${maxUnavailable} of ${surge} and ${unavailable} of ${replicas}`, () => {
      const deployment = web({ replicas, ...strategy(surge, unavailable) });
      expect(fencepostsOf(deployment)).toEqual({ maxSurge, maxUnavailable });
    });
  }

  it('are none under Recreate', () => {
    expect(fencepostsOf(web(recreate))).toEqual({ maxSurge: 0, maxUnavailable: 0 });
  });
});

describe('currentReplicas', () => {
  const cases: [string, number, number[], number | undefined, number][] = [
    ['all of it when there are no others', 10, [], 0, 10],
    ['nothing more than the surge while the old ones are whole', 10, [10], 0, 3],
    ['what old ones have given up', 10, [8], 3, 5],
    ['what it has when there is no room', 10, [10], 3, 3],
    ['what it has when there is less than no room', 10, [14], 3, 3],
    ['no more than wanted', 10, [1], 9, 10],
    ['what is wanted when it is larger', 4, [0], 9, 4],
    ['the same for one that is not made yet', 10, [10], undefined, 3],
    ['nothing for one that is not made yet when there is no room', 10, [8, 5], undefined, 0],
  ];
  for (const [name, replicas, old, current, expected] of cases) {
    it(`is ${name}`, () => {
      const generations: Generations = {
        current: current === undefined ? undefined : replicaSet('new', { size: current }),
        old: old.map((size, i) => replicaSet(`old-${i}`, { size })),
      };
      expect(currentReplicas(web({ replicas }), generations)).toBe(expected);
    });
  }

  it('is everything under Recreate', () => {
    const generations = { current: undefined, old: [replicaSet('old', { size: 10 })] };
    expect(currentReplicas(web(recreate), generations)).toBe(10);
  });
});

describe('oldReplicas', () => {
  const of = (current: Numbers | undefined, ...old: Numbers[]): Generations => ({
    current: current && replicaSet('new', current),
    old: old.map((numbers, i) => replicaSet(`old-${i}`, { made: i, ...numbers })),
  });

  it.core('takes as many as may be missing', () => {
    const generations = of({ size: 3, available: 0 }, { size: 10 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([['old-0', 8]]);
  });

  it.core('takes nothing while new pods do not become available', () => {
    const generations = of({ size: 5, available: 0 }, { size: 8 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([]);
  });

  it('takes what is not available first', () => {
    const generations = of({ size: 5 }, { size: 8, available: 5 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([['old-0', 3]]);
  });

  it('takes no more than is above the minimum of what is not available', () => {
    const generations = of({ size: 0 }, { size: 13, available: 0 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([['old-0', 8]]);
  });

  it('begins with the ReplicaSet made first', () => {
    const generations = of({ size: 7 }, { size: 2 }, { size: 4 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([
      ['old-0', 0],
      ['old-1', 1],
    ]);
  });

  it('takes unavailable pods of a later one before available ones of an earlier one', () => {
    const generations = of({ size: 0 }, { size: 8 }, { size: 3, available: 0 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([['old-1', 0]]);
  });

  it('takes all when the new one is there', () => {
    const generations = of({ size: 10 }, { size: 2 }, { size: 1 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([
      ['old-0', 0],
      ['old-1', 0],
    ]);
  });

  it('names only those that get smaller', () => {
    const generations = of({ size: 10 }, { size: 0 }, { size: 2 });
    expect(sizes(oldReplicas(web(), generations))).toEqual([['old-1', 0]]);
  });

  it('keeps one available when one is wanted and none may be missing', () => {
    const deployment = web({ replicas: 1, ...strategy(1, 0) });
    expect(sizes(oldReplicas(deployment, of({ size: 1, available: 0 }, { size: 1 })))).toEqual([]);
    expect(sizes(oldReplicas(deployment, of({ size: 1 }, { size: 1 })))).toEqual([['old-0', 0]]);
  });

  it('works from where a new one was not made yet', () => {
    expect(sizes(oldReplicas(web(), of(undefined, { size: 8 }, { size: 5 })))).toEqual([
      ['old-0', 3],
    ]);
  });

  property(
    'never lets available pods fall below the minimum',
    fc.record({
      replicas: fc.integer({ min: 1, max: 20 }),
      surge: fc.integer({ min: 0, max: 5 }),
      unavailable: fc.integer({ min: 0, max: 5 }),
      current: fc.record({ size: fc.nat(20), share: fc.integer({ min: 0, max: 100 }) }),
      old: fc.array(fc.record({ size: fc.nat(12), share: fc.integer({ min: 0, max: 100 }) }), {
        maxLength: 4,
      }),
    }),
    ({ replicas, surge, unavailable, current, old }) => {
      const deployment = web({ replicas, ...strategy(surge, unavailable) });
      const numbers = ({ size, share }: { size: number; share: number }) => ({
        size,
        available: Math.round((size * share) / 100),
      });
      const generations = of(numbers(current), ...old.map(numbers));
      const steps = oldReplicas(deployment, generations);
      const all = [...generations.old, ...(generations.current ? [generations.current] : [])];
      const before = all.reduce((sum, one) => sum + (one.status?.availableReplicas ?? 0), 0);
      // A ReplicaSet removes what is not available first.
      const after = all.reduce((sum, one) => {
        const size = steps.find((step) => step.replicaSet === one)?.replicas;
        const available = one.status?.availableReplicas ?? 0;
        return sum + (size === undefined ? available : Math.min(size, available));
      }, 0);
      const minimum = replicas - fencepostsOf(deployment).maxUnavailable;
      expect(after).toBeGreaterThanOrEqual(Math.min(before, minimum));
    },
  );
});

describe('nextStep', () => {
  it.core('makes the ReplicaSet of a new template', () => {
    const old = [replicaSet('old', { size: 10 })];
    expect(nextStep(web(), { current: undefined, old }, false)).toEqual({ create: 3, scale: [] });
  });

  it.core('makes the new one larger before it makes old ones smaller', () => {
    const current = replicaSet('new', { size: 3 });
    const old = [replicaSet('old', { size: 8 })];
    const step = nextStep(web(), { current, old }, false);
    expect(step.create).toBeUndefined();
    expect(sizes(step.scale)).toEqual([['new', 5]]);
  });

  it('makes old ones smaller when the new one has no room', () => {
    const current = replicaSet('new', { size: 3 });
    const old = [replicaSet('old', { size: 10 })];
    expect(sizes(nextStep(web(), { current, old }, false).scale)).toEqual([['old', 5]]);
  });

  it('makes the new one smaller when it is too large', () => {
    const current = replicaSet('new', { size: 12 });
    expect(sizes(nextStep(web(), { current, old: [] }, false).scale)).toEqual([['new', 10]]);
  });

  it('has nothing to do when all is as it should be', () => {
    const current = replicaSet('new', { size: 10 });
    const old = [replicaSet('old', { size: 0 })];
    expect(nextStep(web(), { current, old }, false)).toEqual({ scale: [] });
  });

  it('makes a ReplicaSet of no pods when none are wanted', () => {
    expect(nextStep(web({ replicas: 0 }), { current: undefined, old: [] }, false)).toEqual({
      create: 0,
      scale: [],
    });
  });

  it('empties the old ones first under Recreate', () => {
    const old = [
      replicaSet('a', { size: 4 }),
      replicaSet('b', { size: 0 }),
      replicaSet('c', { size: 2 }),
    ];
    const step = nextStep(web(recreate), { current: undefined, old }, true);
    expect(step.create).toBeUndefined();
    expect(sizes(step.scale).sort()).toEqual([
      ['a', 0],
      ['c', 0],
    ]);
  });

  it('waits for old pods under Recreate, also for those being deleted', () => {
    const emptied = { current: undefined, old: [replicaSet('a', { size: 0, pods: 1 })] };
    expect(nextStep(web(recreate), emptied, false)).toEqual({ scale: [] });
    const going = { current: undefined, old: [replicaSet('a', { size: 0 })] };
    expect(nextStep(web(recreate), going, true)).toEqual({ scale: [] });
    expect(nextStep(web(recreate), going, false)).toEqual({ create: 10, scale: [] });
  });

  it('makes the current one whole under Recreate', () => {
    const current = replicaSet('new', { size: 3 });
    const step = nextStep(web(recreate), { current, old: [] }, false);
    expect(sizes(step.scale)).toEqual([['new', 10]]);
  });

  property(
    'arrives in the end, and never has too many or too few on the way',
    fc.record({
      replicas: fc.integer({ min: 1, max: 12 }),
      surge: fc.integer({ min: 0, max: 4 }),
      unavailable: fc.integer({ min: 0, max: 4 }),
      old: fc.integer({ min: 1, max: 12 }),
    }),
    ({ replicas, surge, unavailable, old: oldSize }) => {
      const deployment = web({ replicas, ...strategy(surge, unavailable) });
      const { maxUnavailable, maxSurge } = fencepostsOf(deployment);
      const size = new Map<string, number>([['old', Math.min(oldSize, replicas)]]);
      const minimum = Math.min(oldSize, replicas - maxUnavailable);
      for (let round = 0; round < 100; round++) {
        // All pods of one round are available in the next.
        const made = size.has('new');
        const current = made ? replicaSet('new', { size: size.get('new') ?? 0 }) : undefined;
        const old = [replicaSet('old', { size: size.get('old') ?? 0 })];
        const { create, scale } = nextStep(deployment, { current, old }, false);
        if (create === undefined && scale.length === 0) break;
        if (create !== undefined) size.set('new', create);
        for (const step of scale) size.set(step.replicaSet.metadata?.name ?? '', step.replicas);
        const total = (size.get('new') ?? 0) + (size.get('old') ?? 0);
        expect(total).toBeLessThanOrEqual(replicas + maxSurge);
        // What this round added is not available yet.
        const grown = Math.max(0, (size.get('new') ?? 0) - (current?.spec?.replicas ?? 0));
        expect(total - grown).toBeGreaterThanOrEqual(minimum);
      }
      expect([size.get('old'), size.get('new')]).toEqual([0, replicas]);
    },
  );
});

describe('revisionAnnotations', () => {
  const revision = (n: number | string) => ({ 'deployment.kubernetes.io/revision': String(n) });
  const old = (...revisions: (number | string | undefined)[]) =>
    revisions.map((one, i) =>
      replicaSet(`old-${i}`, {
        size: 0,
        annotations: one === undefined ? undefined : revision(one),
      }),
    );

  it.core('counts one more than all old ones', () => {
    expect(revisionAnnotations(web(), {}, old(1, 4, 2))).toEqual(revision(5));
    expect(revisionAnnotations(web(), {}, [])).toEqual(revision(1));
  });

  it('stays when it is the highest', () => {
    expect(revisionAnnotations(web(), revision(7), old(1, 4))).toEqual(revision(7));
    expect(revisionAnnotations(web(), revision(5), old(1, 4))).toEqual(revision(5));
  });

  it('does not count what is no number', () => {
    expect(revisionAnnotations(web(), {}, old(undefined, 'x', 2))).toEqual(revision(3));
  });

  it('remembers what it was before a rollback', () => {
    const once = revisionAnnotations(web(), revision(1), old(2));
    expect(once).toEqual({ ...revision(3), 'deployment.kubernetes.io/revision-history': '1' });
    const twice = revisionAnnotations(web(), once, old(4));
    expect(twice).toEqual({ ...revision(5), 'deployment.kubernetes.io/revision-history': '1,3' });
  });

  it("has the Deployment's annotations, but not those about the Deployment itself", () => {
    const annotations = {
      note: 'hello',
      'kubernetes.io/change-cause': 'because',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'deployment.kubernetes.io/desired-replicas': '9',
      'deployment.kubernetes.io/max-replicas': '9',
      ...revision(9),
    };
    const before = { own: 'x', note: 'old' };
    expect(revisionAnnotations(web({}, { annotations }), before, [])).toEqual({
      own: 'x',
      note: 'hello',
      'kubernetes.io/change-cause': 'because',
      ...revision(1),
    });
  });

  it('leaves what it was given as it was', () => {
    const before = revision(1);
    revisionAnnotations(web({}, { annotations: { a: 'b' } }), before, old(2));
    expect(before).toEqual(revision(1));
  });
});

describe('forgottenReplicaSets', () => {
  const names = (limit: number | undefined, old: ReplicaSet[]) =>
    forgottenReplicaSets(web({ revisionHistoryLimit: limit }), old).map(
      (each) => each.metadata?.name,
    );
  const empty = (name: string, made: number, more: object = {}) =>
    replicaSet(name, { size: 0, made, ...more });

  it.core('keeps as many as the limit says, those made last', () => {
    const old = [empty('c', 3), empty('a', 1), empty('b', 2)];
    expect(names(1, old)).toEqual(['a', 'b']);
    expect(names(0, old)).toEqual(['a', 'b', 'c']);
    expect(names(3, old)).toEqual([]);
  });

  it('keeps all without a limit', () => {
    const old = [empty('a', 1), empty('b', 2)];
    expect(names(undefined, old)).toEqual([]);
    expect(names(2147483647, old)).toEqual([]);
  });

  it('keeps those that have or shall have pods, and takes no other for them', () => {
    const old = [
      replicaSet('shall', { size: 1, pods: 0, made: 1 }),
      replicaSet('has', { size: 0, pods: 1, made: 2 }),
      empty('late', 3),
    ];
    expect(names(1, old)).toEqual([]);
    expect(names(0, old)).toEqual(['late']);
  });

  it('keeps those whose status is behind', () => {
    const behind = empty('a', 1, { metadata: { generation: 3 }, observedGeneration: 2 });
    expect(names(0, [behind])).toEqual([]);
  });

  it('does not count those being deleted', () => {
    const going = empty('a', 1, { metadata: { deletionTimestamp: '2025-01-01T00:01:00Z' } });
    expect(names(1, [going, empty('b', 2)])).toEqual([]);
  });
});

describe('statusOf', () => {
  it.core('adds up what the ReplicaSets say', () => {
    const current = replicaSet('new', { size: 5, pods: 4, ready: 3, available: 2 });
    const old = [replicaSet('old', { size: 6, pods: 7, ready: 6, available: 6 })];
    const deployment = web({}, { generation: 4 });
    expect(statusOf(deployment, { current, old }, clock)).toMatchObject({
      observedGeneration: 4,
      replicas: 11,
      updatedReplicas: 4,
      readyReplicas: 9,
      availableReplicas: 8,
      unavailableReplicas: 3,
    });
  });

  it('is zeros without ReplicaSets', () => {
    const { conditions: _, ...counts } = statusOf(web(), { current: undefined, old: [] }, clock);
    expect(counts).toEqual({
      observedGeneration: 1,
      replicas: 0,
      updatedReplicas: 0,
      readyReplicas: 0,
      availableReplicas: 0,
      unavailableReplicas: 0,
    });
  });

  it('has no fewer than 0 unavailable pods', () => {
    const current = replicaSet('new', { size: 1, pods: 3, available: 3 });
    expect(statusOf(web(), { current, old: [] }, clock).unavailableReplicas).toBe(0);
  });

  it('says whether enough are available', () => {
    const available = (n: number, deployment = web()) =>
      statusOf(
        deployment,
        { current: replicaSet('new', { size: 10, available: n }), old: [] },
        clock,
      ).conditions;
    expect(available(8)).toEqual([
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
        lastUpdateTime: '2025-01-01T00:00:00Z',
        lastTransitionTime: '2025-01-01T00:00:00Z',
      },
    ]);
    expect(available(7)).toMatchObject([
      {
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      },
    ]);
    expect(available(9, web(recreate))).toMatchObject([{ status: 'False' }]);
  });

  it('keeps other conditions, the collision count, and a condition that says the same', () => {
    const since = '2024-01-01T00:00:00Z';
    const conditions = [
      {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        lastUpdateTime: since,
        lastTransitionTime: since,
      },
      { type: 'Progressing', status: 'True', reason: 'X' },
    ];
    const deployment = { ...web(), status: { collisionCount: 2, conditions } } as Deployment;
    const current = replicaSet('new', { size: 10 });
    expect(statusOf(deployment, { current, old: [] }, clock)).toMatchObject({
      collisionCount: 2,
      conditions,
    });
  });
});

describe('isComplete', () => {
  const whole = {
    observedGeneration: 1,
    replicas: 10,
    updatedReplicas: 10,
    availableReplicas: 10,
  };
  it.core('is so when all pods are new and available and no others are there', () => {
    expect(isComplete(web(), whole)).toBe(true);
  });

  for (const [name, change] of [
    ['a pod is old', { updatedReplicas: 9 }],
    ['there is one too many', { replicas: 11 }],
    ['one is not available', { availableReplicas: 9 }],
    ['the status is of an earlier generation', { observedGeneration: 0 }],
  ] as const) {
    it(`is not so when ${name}`, () => {
      expect(isComplete(web(), { ...whole, ...change })).toBe(false);
    });
  }
});

let world: Awaited<ReturnType<typeof newControllerWorld>> | undefined;
const begin = async (options: object = {}) => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [newDeploymentController, newReplicaSetController],
        signal,
      ),
    ...options,
  });
  return world;
};
afterEach(() => world?.end());

/** A Deployment that never asks how long it takes. */
const deploymentOf = (image: string, spec: object = {}) => ({
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    progressDeadlineSeconds: 2147483647,
    selector: { matchLabels: { app: 'web' } },
    template: templateOf(image),
    ...spec,
  },
});

describe('the deployment controller', () => {
  const client = () => {
    if (!world) throw new Error('there is no world');
    const { admin } = world;
    return {
      deployments: admin.resource(DEPLOYMENTS, 'default'),
      replicaSets: admin.resource(REPLICA_SETS, 'default'),
      pods: admin.resource(PODS, 'default'),
    };
  };
  const change = async (to: (spec: Record<string, unknown>) => object): Promise<void> => {
    const { deployments } = client();
    const found = await deployments.get('web');
    await deployments.update({
      ...found,
      spec: { ...found.spec, ...to(found.spec as never) } as never,
    });
  };
  const roll = (image: string) => change(() => ({ template: templateOf(image) }));
  const images = async () =>
    (await client().pods.list()).items.map((pod) => pod.spec?.containers[0]?.image).sort();
  /** Revision, size: `1:0 2:3`. */
  const revisions = async () =>
    (await client().replicaSets.list()).items
      .map(({ metadata, spec }) => {
        const revision = metadata?.annotations?.['deployment.kubernetes.io/revision'];
        return `${revision}:${spec?.replicas}`;
      })
      .sort();

  it('makes a ReplicaSet, and says how it fares', async () => {
    const { converge } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    const [set] = (await client().replicaSets.list()).items;
    const hash = set?.metadata?.labels?.['pod-template-hash'];
    expect(set?.metadata?.name).toBe(`web-${hash}`);
    expect(set?.spec?.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(set?.metadata?.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
    const { status, metadata } = await client().deployments.get('web');
    expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 });
    expect(metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  });

  it('rolls to another template and back, with a new revision each time', async () => {
    const { converge, events } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    await roll('web:2');
    await converge();
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2']);
    expect(await revisions()).toEqual(['1:0', '2:3']);
    await roll('web:1');
    await converge();
    expect(await images()).toEqual(['web:1', 'web:1', 'web:1']);
    expect(await revisions()).toEqual(['2:0', '3:3']);
    const scaled = (await events()).filter((event) => event.includes('ScalingReplicaSet'));
    expect(scaled[0]).toMatch(
      /^Normal ScalingReplicaSet Scaled up replica set web-\w+ from 0 to 3$/,
    );
    expect(scaled.some((event) => /Scaled down replica set web-\w+ from 1 to 0/.test(event))).toBe(
      true,
    );
  });

  it('never has too few pods that are ready, nor too many pods, on the way', async () => {
    const { converge, api } = await begin();
    await client().deployments.create(
      deploymentOf('web:1', { replicas: 6, strategy: strategy(2, 1).strategy }),
    );
    await converge();
    const seen: [number, number][] = [];
    const end = api.intercept(async ({ verb, resource }) => {
      if (resource !== 'pods' || !['create', 'delete'].includes(verb)) return;
      const pods = (await client().pods.list()).items;
      const active = pods.filter(({ metadata }) => !metadata?.deletionTimestamp);
      const ready = active.filter(({ status }) => status?.phase === 'Running');
      seen.push([active.length, ready.length]);
    });
    await roll('web:2');
    await converge();
    end();
    expect(await images()).toEqual(Array(6).fill('web:2'));
    expect(Math.max(...seen.map(([active]) => active))).toBeLessThanOrEqual(8);
    expect(Math.min(...seen.map(([, ready]) => ready))).toBeGreaterThanOrEqual(5);
  });

  it('stops in the middle when new pods do not become ready', async () => {
    const { converge, nodes } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    nodes.auto = false;
    await roll('web:2');
    await converge();
    expect(await images()).toEqual(['web:1', 'web:1', 'web:1', 'web:2']);
  });

  it('lets all old pods end first under Recreate', async () => {
    const { converge, nodes, settle } = await begin();
    await client().deployments.create(deploymentOf('web:1', recreate));
    await converge();
    nodes.auto = false;
    await roll('web:2');
    await settle();
    expect(await images()).toEqual(['web:1', 'web:1', 'web:1']);
    for (const { metadata } of (await client().pods.list()).items) {
      expect(metadata?.deletionTimestamp).toBeDefined();
      await nodes.remove('default', metadata?.name ?? '');
    }
    await settle();
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('scales without a new revision', async () => {
    const { converge } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    await change(() => ({ replicas: 5 }));
    await converge();
    expect(await revisions()).toEqual(['1:5']);
    await change(() => ({ replicas: 0 }));
    await converge();
    expect(await revisions()).toEqual(['1:0']);
  });

  it('forgets more revisions than it should remember', async () => {
    const { converge } = await begin();
    await client().deployments.create(deploymentOf('web:1', { revisionHistoryLimit: 1 }));
    for (const image of ['web:2', 'web:3', 'web:4']) {
      await converge();
      await roll(image);
    }
    await converge();
    expect(await revisions()).toEqual(['3:0', '4:3']);
  });

  it('adopts a ReplicaSet that nobody manages', async () => {
    const { converge } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    await client().deployments.delete('web', { propagationPolicy: 'Orphan' });
    const [set] = (await client().replicaSets.list()).items;
    const free = { ...set, metadata: { ...set?.metadata, ownerReferences: [] } };
    await client().replicaSets.update(free as never);
    await converge();
    const found = await client()
      .deployments.get('web')
      .catch(() => undefined);
    if (found)
      await client().deployments.update({
        ...found,
        metadata: { ...found.metadata, finalizers: [] },
      });
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    expect(await revisions()).toEqual(['1:3']);
    expect((await client().pods.list()).items.length).toBe(3);
  });

  it('comes to the same end when each write fails once', async () => {
    const { converge, failEachWriteOnce } = await begin();
    const faults = failEachWriteOnce({ seed: 3 });
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    await roll('web:2');
    await converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2']);
    expect(await revisions()).toEqual(['1:0', '2:3']);
  });

  it('goes on where another one stopped', async () => {
    const { converge, api, settle, restart } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    let writes = 0;
    const end = api.intercept(({ verb }) => {
      if (verb === 'update' && ++writes > 4) throw new Error('the process is gone');
      return undefined;
    });
    await roll('web:2');
    await settle();
    end();
    await restart();
    await converge();
    expect(await images()).toEqual(['web:2', 'web:2', 'web:2']);
  });

  it('writes nothing once all is as it should be', async () => {
    const { converge, writesWithin } = await begin();
    await client().deployments.create(deploymentOf('web:1'));
    await converge();
    await roll('web:2');
    await converge();
    expect(await writesWithin()).toEqual([]);
  });
});
