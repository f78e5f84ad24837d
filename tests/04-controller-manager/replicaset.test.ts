import { FakeClock, newForbidden, newInternalError, type Pod, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { PODS, REPLICA_SETS, REPLICATION_CONTROLLERS } from '#client';
import {
  BURST_REPLICAS,
  calculateStatus,
  EXPECTATIONS_TIMEOUT_MS,
  Expectations,
  manageReplicas,
  newControllerContext,
  newReplicaSetController,
  newReplicationController,
  podsToDelete,
  type ReplicaOwner,
  type ReplicaSetActions,
  type ReplicaSetStatus,
  runControllers,
  slowStartBatch,
  syncReplicaSet,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  fc,
  it,
  newControllerWorld,
  property,
  refusalOf,
} from '#kit';

const NOW = Date.UTC(2025, 0, 1);
const KEY = 'default/web';
const at = (secondsAgo: number) =>
  `${new Date(NOW - secondsAgo * 1000).toISOString().slice(0, 19)}Z` as never;

/** A pod that runs on node n and has been ready for an hour, unless it is said otherwise. */
interface PodFacts {
  readonly node?: string | undefined;
  readonly phase?: string;
  /** Seconds since it is ready; `null`: it is not. */
  readonly readyFor?: number | null;
  readonly cost?: string;
  readonly restarts?: readonly number[];
  readonly sidecarRestarts?: number;
  readonly initRestarts?: number;
  /** Seconds since it was created. */
  readonly age?: number;
  readonly labels?: Record<string, string>;
  readonly isGoing?: boolean;
}

function newPod(name: string, facts: PodFacts = {}): Pod {
  const { phase = 'Running', readyFor = 3600, cost, restarts = [0], age = 7200 } = facts;
  const node = 'node' in facts ? facts.node : 'n';
  const ready =
    readyFor === null
      ? { type: 'Ready', status: 'False', lastTransitionTime: at(3600) }
      : { type: 'Ready', status: 'True', lastTransitionTime: at(readyFor) };
  return frozen({
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      creationTimestamp: at(age),
      labels: facts.labels ?? { app: 'web' },
      ...(cost !== undefined && {
        annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost },
      }),
      ...(facts.isGoing && { deletionTimestamp: at(1) }),
    },
    spec: {
      containers: restarts.map((_, i) => ({ name: `c${i}`, image: 'i' })),
      initContainers: [
        { name: 'side', image: 'i', restartPolicy: 'Always' },
        { name: 'init', image: 'i' },
      ],
      ...(node !== undefined && { nodeName: node }),
    },
    status: {
      phase,
      conditions: [ready],
      containerStatuses: restarts.map((restartCount, i) => ({
        name: `c${i}`,
        restartCount,
        image: 'i',
        imageID: 'i',
        ready: true,
      })),
      initContainerStatuses: [
        ['side', facts.sidecarRestarts ?? 0] as const,
        ['init', facts.initRestarts ?? 0] as const,
      ].map(([each, restartCount]) => ({
        name: each,
        restartCount,
        image: 'i',
        imageID: 'i',
        ready: true,
      })),
    },
  });
}

/** As objects from a cache: who changes one finds out. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

const newOwner = (spec: object = {}, more: Partial<ReplicaOwner> = {}): ReplicaOwner =>
  frozen({
    metadata: { name: 'web', namespace: 'default', uid: 'web-uid', generation: 3 },
    spec: { replicas: 2, template: { metadata: { labels: { app: 'web' } } }, ...spec },
    ...more,
  });

const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata?.name);

describe('slowStartBatch', () => {
  /** Which calls fail, by number from 0; and the sizes of the batches that were seen. */
  const run = async (count: number, initial: number, failing: (call: number) => boolean) => {
    const batches: number[] = [];
    let calls = 0;
    let waiting: (() => void)[] = [];
    const work = slowStartBatch(count, initial, async () => {
      const call = calls++;
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (failing(call)) throw new Error(`call ${call}`);
    });
    for (;;) {
      await new FakeClock().settle();
      if (waiting.length === 0) break;
      batches.push(waiting.length);
      const all = waiting;
      waiting = [];
      for (const go of all) go();
    }
    const { successes, errors } = await work;
    return { batches, successes, errors: errors.map((error) => (error as Error).message) };
  };
  const never = () => false;

  it.core('doubles its batches, and runs the calls of one at the same time', async () => {
    expect(await run(10, 1, never)).toEqual({ batches: [1, 2, 4, 3], successes: 10, errors: [] });
  });

  it('begins as it is told', async () => {
    expect(await run(10, 3, never)).toEqual({ batches: [3, 6, 1], successes: 10, errors: [] });
    expect((await run(2, 5, never)).batches).toEqual([2]);
  });

  it('does nothing when there is nothing to do', async () => {
    expect(await run(0, 1, never)).toEqual({ batches: [], successes: 0, errors: [] });
  });

  it.core('stops after the batch in which something failed', async () => {
    expect(await run(100, 1, (call) => call === 2)).toEqual({
      batches: [1, 2],
      successes: 2,
      errors: ['call 2'],
    });
  });

  it('stops at once when the first one fails', async () => {
    const after = { batches: [1], successes: 0, errors: ['call 0'] };
    expect(await run(500, 1, () => true)).toEqual(after);
  });

  it('tells all that failed in a batch, in order', async () => {
    expect(await run(100, 1, (call) => call === 4 || call === 6)).toEqual({
      batches: [1, 2, 4],
      successes: 5,
      errors: ['call 4', 'call 6'],
    });
  });

  it('waits for the others of a batch when one fails', async () => {
    let ended = 0;
    const clock = new FakeClock();
    let call = 0;
    const work = slowStartBatch(4, 4, async () => {
      if (call++ === 0) throw new Error('no');
      await clock.sleep(1000);
      ended++;
    });
    let result: { readonly successes: number } | undefined;
    void work.then((value) => {
      result = value;
    });
    await clock.settle();
    expect(result).toBe(undefined);
    await clock.advance(1000);
    expect(result?.successes).toBe(3);
    expect(ended).toBe(3);
  });
});

describe('podsToDelete', () => {
  const first = (pods: readonly Pod[], related: readonly Pod[] = pods) =>
    namesOf(podsToDelete(pods, related, 1, NOW))[0];
  /** Says which of two goes first; in both orders, since no order must be left to chance. */
  const expectFirst = (goes: Pod, stays: Pod, related?: readonly Pod[]) => {
    expect(first([goes, stays], related)).toBe(goes.metadata?.name);
    expect(first([stays, goes], related)).toBe(goes.metadata?.name);
  };

  const rules: [name: string, goes: PodFacts, stays: PodFacts][] = [
    ['on no node before on a node', { node: undefined }, {}],
    ['Pending before Running', { phase: 'Pending' }, {}],
    ['Unknown before Running', { phase: 'Unknown' }, {}],
    ['Pending before Unknown', { phase: 'Pending' }, { phase: 'Unknown' }],
    ['not ready before ready', { readyFor: null }, {}],
    ['the cheaper first', { cost: '1' }, { cost: '2' }],
    ['cheaper than nothing said', { cost: '-1' }, {}],
    ['nothing said before dearer', {}, { cost: '100' }],
    ['costs by number, not by text', { cost: '9' }, { cost: '10' }],
    ['a cost that is none counts as 0', { cost: '+100' }, { cost: '1' }],
    ['ready for less time first', { readyFor: 10 }, { readyFor: 1000 }],
    ['more restarts first', { restarts: [5] }, { restarts: [4] }],
    ['the most restarts count, not their sum', { restarts: [5, 0] }, { restarts: [4, 4] }],
    ['more restarts of sidecars first', { sidecarRestarts: 1 }, {}],
    ['created later first', { age: 100 }, { age: 7200 }],
  ];
  for (const [i, [name, goes, stays]] of rules.entries()) {
    (i === 0 || i === 4 || i === 14 ? it.core : it)(`takes ${name}`, () => {
      expectFirst(newPod('z', goes), newPod('a', stays));
    });
  }

  it('takes one from where more related pods are', () => {
    const crowded = newPod('z', { node: 'n1' });
    const alone = newPod('a', { node: 'n2' });
    expectFirst(crowded, alone, [crowded, alone, newPod('other', { node: 'n1' })]);
  });

  it('does not count related pods that have ended or are being deleted', () => {
    const one = newPod('z', { node: 'n1' });
    const other = newPod('a', { node: 'n2' });
    const related = [
      one,
      other,
      newPod('x', { node: 'n1' }),
      newPod('y1', { node: 'n2', phase: 'Succeeded' }),
      newPod('y2', { node: 'n2', phase: 'Failed' }),
      newPod('y3', { node: 'n2', isGoing: true }),
    ];
    expectFirst(one, other, related);
  });

  it('does not mind where pods are when none are related', () => {
    const pods = [newPod('z', { node: 'n1' }), newPod('y', { node: 'n1' })];
    expectFirst(newPod('a', { node: 'n2', age: 10, readyFor: 3 }), pods[0] as Pod, []);
  });

  it('does not count restarts of init containers that ended', () => {
    expectFirst(newPod('z', { restarts: [1] }), newPod('a', { initRestarts: 9 }));
    expectFirst(newPod('z', { age: 100 }), newPod('a', { initRestarts: 9 }));
  });

  it('decides by the first difference', () => {
    const order: PodFacts[] = [
      { node: undefined, phase: 'Pending', readyFor: null, cost: '9' },
      { phase: 'Pending', readyFor: null, cost: '8' },
      { phase: 'Unknown', readyFor: null, cost: '7' },
      { readyFor: null, cost: '6' },
      { cost: '-1', age: 100_000, readyFor: 90_000 },
      { readyFor: 10, restarts: [0], age: 90_000 },
      { readyFor: 3000, restarts: [3], age: 90_000 },
      { readyFor: 3000, restarts: [2], sidecarRestarts: 2, age: 90_000 },
      { readyFor: 3000, restarts: [2], sidecarRestarts: 1, age: 4000 },
      { readyFor: 3000, restarts: [2], sidecarRestarts: 1, age: 90_000 },
      { cost: '1', node: undefined, phase: 'Running' },
    ];
    const pods = order.slice(0, 10).map((facts, i) => newPod(`p${i}`, facts));
    const mixed = [3, 9, 0, 6, 4, 8, 1, 7, 2, 5].map((i) => pods[i] as Pod);
    expect(namesOf(podsToDelete(mixed, [], 9, NOW))).toEqual(namesOf(pods.slice(0, 9)));
  });

  it('looks at where pods are before how long they are ready', () => {
    const crowded = newPod('z', { node: 'n1', readyFor: 3000 });
    const young = newPod('a', { node: 'n2', readyFor: 5 });
    expectFirst(crowded, young, [crowded, young, newPod('x', { node: 'n1' })]);
  });

  it('looks at how long pods are ready only when both are', () => {
    const one = newPod('z', { readyFor: null, age: 100 });
    const other = newPod('a', { readyFor: null, age: 50_000 });
    expectFirst(one, other);
  });

  it('lets chance decide among pods of about the same age', () => {
    // 2^43 ns are 2.4 hours: both have doubled equally often.
    expectFirst(newPod('a', { readyFor: 10_000 }), newPod('z', { readyFor: 9_500 }));
    expectFirst(newPod('a', { age: 10_000 }), newPod('z', { age: 9_500 }));
  });

  it('takes as many as it is told, first those that go first', () => {
    const pods = [
      newPod('a'),
      newPod('b', { phase: 'Pending' }),
      newPod('c', { node: undefined }),
      newPod('d', { readyFor: null }),
    ];
    expect(namesOf(podsToDelete(pods, pods, 2, NOW))).toEqual(['c', 'b']);
    expect(podsToDelete(pods, pods, 0, NOW)).toEqual([]);
  });

  it('takes all when there are not more', () => {
    const pods = [newPod('a'), newPod('b', { phase: 'Pending' })];
    for (const count of [2, 7]) {
      expect([...namesOf(podsToDelete(pods, pods, count, NOW))].sort()).toEqual(['a', 'b']);
    }
  });

  it('leaves the list it was given as it is', () => {
    const pods = frozen([newPod('a'), newPod('b', { phase: 'Pending' })]);
    expect(namesOf(podsToDelete(pods, pods, 1, NOW))).toEqual(['b']);
  });

  property(
    'takes nobody who should stay longer than one that is left, in whatever order they come',
    fc.array(
      fc.record({
        node: fc.constantFrom(undefined, 'n1', 'n2'),
        phase: fc.constantFrom('Pending', 'Running'),
        readyFor: fc.constantFrom(null, 10, 100_000),
        cost: fc.constantFrom('-5', '0', '5'),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    fc.nat(8),
    (facts, count) => {
      const pods = facts.map((each, i) => newPod(`p${i}`, each));
      const taken = namesOf(podsToDelete(pods, pods, count, NOW));
      const again = namesOf(podsToDelete([...pods].reverse(), pods, count, NOW));
      expect(taken.length).toBe(Math.min(count, pods.length));
      expect(new Set(taken).size).toBe(taken.length);
      const rank = (pod: Pod) => [
        pod.spec?.nodeName ? 1 : 0,
        pod.status?.phase === 'Pending' ? 0 : 1,
        pod.status?.conditions?.[0]?.status === 'True' ? 1 : 0,
      ];
      const left = pods.filter(({ metadata }) => !taken.includes(metadata?.name));
      const gone = pods.filter(({ metadata }) => taken.includes(metadata?.name));
      for (const one of gone) {
        for (const other of left) expect(String(rank(one)) <= String(rank(other))).toBe(true);
      }
      // Pods that are alike in all ways are told apart by nothing: only their number is the same then.
      expect(again.length).toBe(taken.length);
    },
  );
});

describe('calculateStatus', () => {
  const clock = new FakeClock({ now: NOW });
  const failure = new Error('pods "web-" is forbidden: no');
  const condition = {
    type: 'ReplicaFailure',
    status: 'True',
    reason: 'FailedCreate',
    message: 'pods "web-" is forbidden: no',
    lastTransitionTime: at(0),
  };

  it.core('counts pods', () => {
    const pods = [
      newPod('a'),
      newPod('b', { readyFor: null }),
      newPod('c', { labels: { app: 'web', tier: 'x' } }),
      newPod('d', { labels: { other: 'label' } }),
    ];
    expect(calculateStatus(newOwner(), pods, undefined, clock)).toEqual({
      replicas: 4,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 3,
    });
  });

  it('leaves out counts of none, but not replicas', () => {
    expect(calculateStatus(newOwner(), [], undefined, clock)).toEqual({
      replicas: 0,
      observedGeneration: 3,
    });
  });

  it('needs all labels of the template', () => {
    const owner = newOwner({ template: { metadata: { labels: { app: 'web', tier: 'x' } } } });
    const pods = [newPod('a'), newPod('b', { labels: { app: 'web', tier: 'x', more: 'y' } })];
    expect(calculateStatus(owner, pods, undefined, clock).fullyLabeledReplicas).toBe(1);
  });

  it('calls every pod fully labeled when the template has no labels', () => {
    for (const template of [undefined, {}, { metadata: {} }]) {
      const status = calculateStatus(newOwner({ template }), [newPod('a')], undefined, clock);
      expect(status.fullyLabeledReplicas).toBe(1);
    }
  });

  it('calls a pod available after minReadySeconds', () => {
    const owner = newOwner({ minReadySeconds: 10 });
    const pods = [newPod('a', { readyFor: 9 }), newPod('b', { readyFor: 11 }), newPod('c')];
    const status = calculateStatus(owner, pods, undefined, clock);
    expect([status.readyReplicas, status.availableReplicas]).toEqual([3, 2]);
  });

  it.core('says that pods cannot be created', () => {
    const status = calculateStatus(newOwner(), [newPod('a')], failure, clock);
    expect(status.conditions).toEqual([condition]);
    expect(status.replicas).toBe(1);
  });

  it('says that pods cannot be deleted', () => {
    const pods = [newPod('a'), newPod('b'), newPod('c')];
    const { conditions } = calculateStatus(newOwner(), pods, failure, clock);
    expect(conditions).toEqual([{ ...condition, reason: 'FailedDelete' }]);
  });

  const failed = (...more: object[]) =>
    newOwner({}, {
      status: {
        replicas: 1,
        conditions: [{ ...condition, message: 'before', lastTransitionTime: at(600) }, ...more],
      },
    } as never);

  it('leaves a failure that was said before as it is', () => {
    const { conditions } = calculateStatus(failed(), [newPod('a')], failure, clock);
    expect(conditions).toEqual([{ ...condition, message: 'before', lastTransitionTime: at(600) }]);
  });

  it('takes the failure back when all goes well', () => {
    const status = calculateStatus(failed(), [newPod('a')], undefined, clock);
    expect('conditions' in status).toBe(false);
  });

  it('keeps other conditions', () => {
    const other = { type: 'Other', status: 'True' };
    expect(calculateStatus(failed(other), [], undefined, clock).conditions).toEqual([other]);
    const owner = newOwner({}, { status: { replicas: 0, conditions: [other] } } as never);
    expect(calculateStatus(owner, [], failure, clock).conditions).toEqual([other, condition]);
  });
});

/** A ReplicaSet's surroundings, all of them in the test's hands. */
function surroundings(options: Partial<ReplicaSetActions> = {}) {
  const clock = new FakeClock({ now: NOW });
  const expectations = new Expectations({ clock });
  const did: string[] = [];
  const statuses: ReplicaSetStatus[] = [];
  const actions: ReplicaSetActions = {
    clock,
    expectations,
    get: () => newOwner(),
    claimPods: async () => [],
    relatedPods: () => [],
    createPod: async () => {
      did.push('create');
    },
    deletePod: async (_, pod) => {
      did.push(`delete ${pod.metadata?.name}`);
      return true;
    },
    updateStatus: async (_, status) => {
      did.push('status');
      statuses.push(status);
    },
    ...options,
  };
  return { clock, expectations, actions, did, statuses };
}
const podsOf = (count: number, facts: PodFacts = {}) =>
  Array.from({ length: count }, (_, i) => newPod(`p${i}`, facts));
const terminating = () => {
  const error = newForbidden({ group: '', resource: 'pods' }, 'web', 'it is going');
  Object.assign(error, {
    details: { ...error.details, causes: [{ reason: 'NamespaceTerminating', field: 'namespace' }] },
  });
  return error;
};

describe('manageReplicas', () => {
  it.core('creates what is missing and expects it', async () => {
    const { actions, did, expectations } = surroundings();
    await manageReplicas(newOwner({ replicas: 3 }), podsOf(1), actions);
    expect(did).toEqual(['create', 'create']);
    expectations.creationObserved(KEY);
    expect(expectations.satisfied(KEY)).toBe(false);
    expectations.creationObserved(KEY);
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it.core('deletes what is too much and expects it', async () => {
    const { actions, did, expectations } = surroundings();
    const pods = [newPod('a'), newPod('b', { phase: 'Pending' }), newPod('c', { node: undefined })];
    await manageReplicas(newOwner({ replicas: 1 }), pods, actions);
    expect([...did].sort()).toEqual(['delete b', 'delete c']);
    expectations.deletionObserved(KEY, 'uid-b');
    expect(expectations.satisfied(KEY)).toBe(false);
    expectations.deletionObserved(KEY, 'uid-c');
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it('does nothing when there are as many as there should be', async () => {
    const { actions, did, expectations } = surroundings();
    await manageReplicas(newOwner({ replicas: 2 }), podsOf(2), actions);
    await manageReplicas(newOwner({ replicas: 0 }), [], actions);
    expect(did).toEqual([]);
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it('has one pod when nobody says how many', async () => {
    const { actions, did } = surroundings();
    await manageReplicas(newOwner({ replicas: undefined }), [], actions);
    expect(did).toEqual(['create']);
  });

  it('creates and deletes no more than BURST_REPLICAS in one go', async () => {
    const { actions, did } = surroundings();
    await manageReplicas(newOwner({ replicas: BURST_REPLICAS + 20 }), podsOf(1), actions);
    expect(did.length).toBe(BURST_REPLICAS);
    const other = surroundings();
    await manageReplicas(newOwner({ replicas: 5 }), podsOf(BURST_REPLICAS + 20), other.actions);
    expect(other.did.length).toBe(BURST_REPLICAS);
    expect(BURST_REPLICAS).toBe(500);
  });

  it('expects before it asks, since the cache may be faster than the answer', async () => {
    const seen: boolean[] = [];
    const { actions, expectations } = surroundings({
      createPod: async () => {
        seen.push(expectations.satisfied(KEY));
        expectations.creationObserved(KEY);
      },
      deletePod: async (_, pod) => {
        seen.push(expectations.satisfied(KEY));
        expectations.deletionObserved(KEY, pod.metadata?.uid ?? '');
        return true;
      },
    });
    await manageReplicas(newOwner({ replicas: 3 }), [], actions);
    expect(expectations.satisfied(KEY)).toBe(true);
    await manageReplicas(newOwner({ replicas: 1 }), podsOf(2), actions);
    expect(expectations.satisfied(KEY)).toBe(true);
    expect(seen).toEqual([false, false, false, false]);
  });

  it('starts slowly: what fails for all is not tried for all', async () => {
    let calls = 0;
    const { actions, expectations } = surroundings({
      createPod: async () => {
        if (++calls > 3) throw new Error(`call ${calls}`);
      },
    });
    const failure = await refusalOf(manageReplicas(newOwner({ replicas: 100 }), [], actions));
    expect(failure).toMatchObject({ message: expect.stringMatching(/^call [4-7]$/) });
    expect(calls).toBe(7);
    for (let i = 0; i < 3; i++) expectations.creationObserved(KEY);
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it.core('does not expect pods whose creation failed', async () => {
    const { actions, expectations } = surroundings({
      createPod: async () => {
        throw new Error('no');
      },
    });
    expect(await refusalOf(manageReplicas(newOwner(), [], actions))).toMatchObject({
      message: 'no',
    });
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it('is content when the namespace is being deleted', async () => {
    let calls = 0;
    const { actions } = surroundings({
      createPod: async () => {
        calls++;
        throw terminating();
      },
    });
    await manageReplicas(newOwner({ replicas: 5 }), [], actions);
    expect(calls).toBe(5);
  });

  it('deletes all at once, waits for all, and fails by what failed', async () => {
    const clock = new FakeClock();
    let running = 0;
    let most = 0;
    const { actions, expectations } = surroundings({
      deletePod: async (_, pod) => {
        most = Math.max(most, ++running);
        await clock.sleep(10);
        running--;
        if (pod.metadata?.name === 'p1') throw new Error('no');
        return true;
      },
    });
    const work = refusalOf(manageReplicas(newOwner({ replicas: 0 }), podsOf(4), actions));
    await clock.advance(10);
    expect(await work).toMatchObject({ message: 'no' });
    expect([most, running]).toEqual([4, 0]);
    for (const uid of ['uid-p0', 'uid-p2', 'uid-p3']) {
      expect(expectations.satisfied(KEY)).toBe(false);
      expectations.deletionObserved(KEY, uid);
    }
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it('does not expect the deletion of what was gone already', async () => {
    const { actions, expectations } = surroundings({ deletePod: async () => false });
    await manageReplicas(newOwner({ replicas: 0 }), podsOf(2), actions);
    expect(expectations.satisfied(KEY)).toBe(true);
  });

  it('asks for related pods to choose by', async () => {
    const pods = [newPod('a', { node: 'n1' }), newPod('b', { node: 'n2' })];
    const { actions, did } = surroundings({
      relatedPods: () => [...pods, newPod('x', { node: 'n2' })],
    });
    await manageReplicas(newOwner({ replicas: 1 }), pods, actions);
    expect(did).toEqual(['delete b']);
  });
});

describe('syncReplicaSet', () => {
  it.core('makes pods and writes the status', async () => {
    const { actions, did, statuses } = surroundings();
    expect(await syncReplicaSet(KEY, actions)).toEqual({});
    expect(did).toEqual(['create', 'create', 'status']);
    expect(statuses).toEqual([{ replicas: 0, observedGeneration: 3 }]);
  });

  it('forgets what it expected of one that is gone', async () => {
    const { actions, did, expectations } = surroundings({ get: () => undefined });
    expectations.expectCreations(KEY, 1);
    await syncReplicaSet(KEY, actions);
    expect(expectations.satisfied(KEY)).toBe(true);
    expect(did).toEqual([]);
  });

  it.core('makes nothing before it has seen what it made, but writes the status', async () => {
    const { actions, did, expectations } = surroundings();
    expectations.expectCreations(KEY, 1);
    await syncReplicaSet(KEY, actions);
    expect(did).toEqual(['status']);
    expectations.creationObserved(KEY);
    await syncReplicaSet(KEY, actions);
    expect(did).toEqual(['status', 'create', 'create', 'status']);
  });

  it('does not wait for ever', async () => {
    const { actions, did, expectations, clock } = surroundings();
    expectations.expectCreations(KEY, 1);
    clock.step(EXPECTATIONS_TIMEOUT_MS + 1);
    await syncReplicaSet(KEY, actions);
    expect(did.length).toBe(3);
  });

  it('asks for its expectations before it looks at its pods', async () => {
    // What is seen while pods are claimed is not among the pods that were read before.
    const { actions, did, expectations } = surroundings({
      claimPods: async () => {
        expectations.creationObserved(KEY);
        return [];
      },
    });
    expectations.expectCreations(KEY, 1);
    await syncReplicaSet(KEY, actions);
    expect(did).toEqual(['status']);
  });

  it('makes nothing for one that is being deleted, but writes the status', async () => {
    const metadata = { name: 'web', namespace: 'default', generation: 4, deletionTimestamp: at(1) };
    const { actions, did, statuses } = surroundings({ get: () => newOwner({}, { metadata }) });
    await syncReplicaSet(KEY, actions);
    expect(did).toEqual(['status']);
    expect(statuses[0]?.observedGeneration).toBe(4);
  });

  it('does nothing when it cannot claim its pods', async () => {
    const { actions, did } = surroundings({
      claimPods: async () => {
        throw new Error('no');
      },
    });
    expect(await refusalOf(syncReplicaSet(KEY, actions))).toMatchObject({ message: 'no' });
    expect(did).toEqual([]);
  });

  it.core('writes the status also when pods could not be made, and fails then', async () => {
    const { actions, statuses } = surroundings({
      createPod: async () => {
        throw new Error('quota is used up');
      },
    });
    const failure = await refusalOf(syncReplicaSet(KEY, actions));
    expect(failure).toMatchObject({ message: 'quota is used up' });
    expect(statuses[0]?.conditions).toMatchObject([
      { type: 'ReplicaFailure', reason: 'FailedCreate', message: 'quota is used up' },
    ]);
  });

  it('fails when the status could not be written', async () => {
    const { actions } = surroundings({
      claimPods: async () => podsOf(2),
      updateStatus: async () => {
        throw new Error('no');
      },
    });
    expect(await refusalOf(syncReplicaSet(KEY, actions))).toMatchObject({ message: 'no' });
  });

  it('looks again when the next pod will be available', async () => {
    const owner = newOwner({ replicas: 4, minReadySeconds: 60 });
    const pods = [
      newPod('a', { readyFor: 20 }),
      newPod('b', { readyFor: 45 }),
      newPod('c', { readyFor: 61 }),
      newPod('d', { readyFor: null }),
    ];
    const { actions } = surroundings({ get: () => owner, claimPods: async () => pods });
    expect(await syncReplicaSet(KEY, actions)).toEqual({ requeueAfterMs: 15_000 });
  });

  it('does not look again when all that are ready are available', async () => {
    const owner = newOwner({ minReadySeconds: 60 });
    const pods = [newPod('a', { readyFor: 61 }), newPod('b', { readyFor: null })];
    const { actions } = surroundings({ get: () => owner, claimPods: async () => pods });
    expect((await syncReplicaSet(KEY, actions)).requeueAfterMs).toBe(undefined);
  });
});

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};
const web = (replicas: number, spec: object = {}) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template, ...spec },
});

describe('the ReplicaSet controller', () => {
  let world: ControllerTestWorld;
  const begin = async (options: object = {}): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext(around),
          [newReplicaSetController, newReplicationController],
          signal,
        ),
      ...options,
    });
  };
  afterEach(() => world?.end());
  const sets = () => world.admin.resource(REPLICA_SETS, 'default');
  const podClient = () => world.admin.resource(PODS, 'default');
  const pods = async () => (await podClient().list()).items;
  const scale = (replicas: number) => sets().patch('web', 'merge-patch', { spec: { replicas } });
  const creations = () => world.writes().filter((write) => write.startsWith('create pods'));
  const deletions = () => world.writes().filter((write) => write.startsWith('delete pods'));

  it.core('makes as many pods as there should be', async () => {
    await begin();
    await sets().create(web(3));
    await world.settle();
    const all = await pods();
    expect(all.length).toBe(3);
    for (const pod of all) {
      expect(pod.metadata).toMatchObject({
        name: expect.stringMatching(/^web-[a-z0-9]{5}$/),
        generateName: 'web-',
        labels: { app: 'web' },
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: 'web',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      });
    }
    expect(creations().length).toBe(3);
    const { status } = await sets().get('web');
    expect(status).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      observedGeneration: 1,
    });
    const names = all.map(
      ({ metadata }) => `Normal SuccessfulCreate Created pod: ${metadata?.name}`,
    );
    expect([...(await world.events())].sort()).toEqual([...names].sort());
  });

  it('scales up and down', async () => {
    await begin();
    await sets().create(web(2));
    await world.settle();
    await scale(5);
    await world.settle();
    expect((await pods()).length).toBe(5);
    const before = await pods();
    await scale(1);
    await world.settle();
    const [left] = await pods();
    expect((await pods()).length).toBe(1);
    const gone = before.filter(({ metadata }) => metadata?.name !== left?.metadata?.name);
    const events = await world.events();
    for (const { metadata } of gone) {
      expect(events).toContainEqual(`Normal SuccessfulDelete Deleted pod: ${metadata?.name}`);
    }
    expect((await sets().get('web')).status).toMatchObject({ replicas: 1, observedGeneration: 3 });
  });

  it('puts another pod in the place of one that is deleted or has ended', async () => {
    await begin();
    await sets().create(web(2));
    await world.settle();
    const [one, other] = await pods();
    await podClient().delete(one?.metadata?.name ?? '');
    await world.nodes.finish('default', other?.metadata?.name ?? '', 1);
    await world.settle();
    const active = (await pods()).filter(({ status }) => status?.phase === 'Running');
    expect(active.length).toBe(2);
    expect((await sets().get('web')).status?.replicas).toBe(2);
  });

  it('does not wait for a pod that is being deleted to be gone', async () => {
    await begin();
    await sets().create(web(1));
    await world.settle();
    world.nodes.auto = false;
    const [pod] = await pods();
    await podClient().delete(pod?.metadata?.name ?? '');
    await world.settle();
    expect((await pods()).length).toBe(2);
    expect((await sets().get('web')).status?.replicas).toBe(1);
  });

  it('adopts orphans, releases strays, and fills the place', async () => {
    await begin();
    await podClient().create({
      metadata: { name: 'orphan', labels: { app: 'web' } },
      spec: template.spec,
    });
    await sets().create(web(2));
    await world.settle();
    expect((await pods()).length).toBe(2);
    expect((await podClient().get('orphan')).metadata?.ownerReferences?.[0]?.name).toBe('web');
    await podClient().patch('orphan', 'merge-patch', { metadata: { labels: { app: 'stray' } } });
    await world.settle();
    expect((await podClient().get('orphan')).metadata?.ownerReferences ?? []).toEqual([]);
    expect((await pods()).length).toBe(3);
    expect((await sets().get('web')).status?.replicas).toBe(2);
  });

  it('thins out nodes on which pods of the same Deployment crowd', async () => {
    await begin({ auto: false, nodes: ['n1', 'n2', 'n1'] });
    const controller = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'd' };
    const ownerReferences = [{ ...controller, controller: true }];
    await sets().create({ ...web(2), metadata: { name: 'web', ownerReferences } });
    await world.settle();
    const [one = '', other = ''] = (await pods()).map(({ metadata }) => metadata?.name);
    await world.nodes.run('default', one);
    await world.advance(1000_000);
    await world.nodes.run('default', other);
    const labels = { app: 'old' };
    await sets().create({
      metadata: { name: 'old', ownerReferences },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { ...template, metadata: { labels } },
      },
    });
    await world.settle();
    const old = (await pods()).find(({ metadata }) => metadata?.labels?.app === 'old');
    await world.nodes.run('default', old?.metadata?.name ?? '');
    await scale(1);
    await world.settle();
    // The other one is younger, but alone on its node.
    expect(deletions()).toEqual([`delete pods default/${one}`]);
  });

  it('says since when pods are available', async () => {
    await begin({ auto: false });
    await sets().create(web(1, { minReadySeconds: 30 }));
    await world.settle();
    const [pod] = await pods();
    await world.nodes.run('default', pod?.metadata?.name ?? '');
    await world.advance(28_000);
    expect((await sets().get('web')).status).toMatchObject({ readyReplicas: 1 });
    expect((await sets().get('web')).status?.availableReplicas).toBe(undefined);
    await world.advance(3000);
    expect((await sets().get('web')).status?.availableReplicas).toBe(1);
  });

  it('says why pods cannot be made, once, and takes it back', async () => {
    await begin();
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb === 'create' && resource === 'pods') throw newInternalError(new Error('no room'));
      return undefined;
    });
    await sets().create(web(10));
    await world.advance(1000);
    const { status } = await sets().get('web');
    expect(status?.conditions).toMatchObject([
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'Internal error occurred: no room',
      },
    ]);
    expect(await world.events()).toContainEqual(
      'Warning FailedCreate Error creating: Internal error occurred: no room',
    );
    end();
    await world.converge();
    expect((await pods()).length).toBe(10);
    expect((await sets().get('web')).status?.conditions).toBe(undefined);
  });

  it('makes nothing twice while its cache is stale', async () => {
    await begin();
    await sets().create(web(4));
    await world.settle();
    const letGo = world.api.holdWatches();
    await scale(6);
    await podClient().create({ metadata: { name: 'x' }, spec: template.spec });
    await world.advance(60_000);
    expect(creations().length).toBe(4);
    letGo();
    await world.settle();
    expect(creations().length).toBe(6);
    expect((await pods()).length).toBe(7);
  });

  it('makes nothing twice when its cache learns of its pods late', async () => {
    await begin();
    let letGo = (): void => {};
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb !== 'create' || resource !== 'pods') return undefined;
      letGo();
      letGo = world.api.holdWatches();
      return undefined;
    });
    await sets().create(web(4));
    await world.advance(60_000);
    end();
    letGo();
    await world.converge();
    expect(creations().length).toBe(4);
    expect((await pods()).length).toBe(4);
  });

  it('goes on when its watches are cut', async () => {
    await begin();
    await sets().create(web(2));
    await world.settle();
    world.api.cutWatches();
    await scale(4);
    await world.converge();
    expect((await pods()).length).toBe(4);
  });

  for (const [seed, how] of [
    [1, 'refused'],
    [2, 'lost'],
    [3, 'either'],
  ] as const) {
    it(`comes to what it should although each write fails once (${how})`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed, how });
      await podClient().create({
        metadata: { name: 'orphan', labels: { app: 'web' } },
        spec: template.spec,
      });
      await sets().create(web(6));
      await world.converge();
      expect((await pods()).length).toBe(6);
      await scale(2);
      await world.converge();
      faults.end();
      expect(faults.count).toBeGreaterThan(4);
      expect((await pods()).length).toBe(2);
      expect((await sets().get('web')).status).toMatchObject({
        replicas: 2,
        availableReplicas: 2,
        observedGeneration: 2,
      });
      expect((await sets().get('web')).status?.conditions).toBe(undefined);
    });
  }

  it('goes on where it was stopped', async () => {
    await begin();
    let made = 0;
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb === 'create' && resource === 'pods' && ++made > 2) throw new Error('it was killed');
      return undefined;
    });
    await sets().create(web(5));
    await world.settle();
    expect((await pods()).length).toBe(2);
    end();
    await world.restart();
    await world.converge();
    expect((await pods()).length).toBe(5);
    expect(await world.writesWithin()).toEqual([]);
  });

  it('takes over what is there when it starts', async () => {
    await begin({ started: false });
    await sets().create(web(1));
    for (const name of ['a', 'b', 'c']) {
      await podClient().create({ metadata: { name, labels: { app: 'web' } }, spec: template.spec });
    }
    await world.start();
    await world.converge();
    expect((await pods()).length).toBe(1);
    expect(creations()).toEqual([]);
    expect(deletions().length).toBe(2);
  });

  it('begins anew for one that was made again under its name', async () => {
    await begin();
    await sets().create(web(2));
    await world.settle();
    const old = (await sets().get('web')).metadata?.uid;
    await sets().delete('web', { propagationPolicy: 'Background' });
    await sets().create(web(2));
    await world.converge();
    const ours = (await pods()).filter(
      ({ metadata }) => metadata?.ownerReferences?.[0]?.uid !== old,
    );
    expect(ours.length).toBe(2);
  });

  it('keeps ReplicationControllers as well', async () => {
    await begin();
    const controllers = world.admin.resource(REPLICATION_CONTROLLERS, 'default');
    await controllers.create({
      metadata: { name: 'old' },
      spec: { replicas: 2, selector: { app: 'web' }, template },
    });
    await world.settle();
    expect((await pods()).map(({ metadata }) => metadata?.ownerReferences?.[0])).toMatchObject([
      { apiVersion: 'v1', kind: 'ReplicationController', name: 'old', controller: true },
      { apiVersion: 'v1', kind: 'ReplicationController', name: 'old', controller: true },
    ]);
    expect((await controllers.get('old')).status).toMatchObject({ replicas: 2, readyReplicas: 2 });
    expect(await world.events()).toContainEqual(
      expect.stringMatching(/^Normal SuccessfulCreate Created pod: old-/),
    );
  });

  it('changes nothing in its cache, and leaves nothing behind', async () => {
    await begin();
    await sets().create(web(3));
    await world.settle();
    await scale(1);
    await world.settle();
    expect(world.log.count('warn') + world.log.count('error')).toBe(0);
    await world.end();
    expect(world.clock.pendingTimers).toBe(0);
  });
});
