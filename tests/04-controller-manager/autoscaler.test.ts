import { FakeClock, newInternalError, type Pod, seededRandom } from '#apimachinery';
import { newTestApi, type TestClient } from '#apiserver/testing';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  HORIZONTAL_POD_AUTOSCALERS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
} from '#client';
import {
  type Behavior,
  behaviorOf,
  groupPods,
  highestProposal,
  limitReplicas,
  newControllerContext,
  newHorizontalPodAutoscalerController,
  type PodMetricsInfo,
  type Proposal,
  proposeReplicas,
  type Recommendation,
  runControllers,
  type ScaleEvent,
  stabilize,
  type Target,
  type Wish,
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
} from '#kit';

const NOW = Date.UTC(2025, 0, 1, 12);
const secondsAgo = (seconds: number) => new Date(NOW - seconds * 1000).toISOString() as never;

interface PodFacts {
  readonly phase?: string;
  /** `null`: it has no such condition. */
  readonly ready?: 'True' | 'False' | 'Unknown' | null;
  /** Seconds since its `Ready` changed. */
  readonly readyFor?: number;
  /** Seconds since its start; `null`: it does not say. */
  readonly age?: number | null;
  readonly isGoing?: boolean;
  /** What its containers ask for of the processor; `null`: nothing is said. */
  readonly requests?: readonly (string | null)[];
  readonly sidecar?: string;
}

/** A pod that has been ready for an hour and asks for 100m, unless it is said otherwise. */
function newPod(name: string, facts: PodFacts = {}): Pod {
  const { phase = 'Running', ready = 'True', readyFor = 3600, age = 7200 } = facts;
  const { requests = ['100m'], sidecar } = facts;
  const resources = (cpu: string | null) => (cpu === null ? {} : { requests: { cpu } });
  return {
    metadata: {
      name,
      namespace: 'default',
      ...(facts.isGoing && { deletionTimestamp: secondsAgo(1) }),
    },
    spec: {
      containers: requests.map((cpu, i) => ({ name: `c${i}`, resources: resources(cpu) })),
      ...(sidecar !== undefined && {
        initContainers: [
          { name: 'side', restartPolicy: 'Always', resources: resources(sidecar) },
          { name: 'init', resources: {} },
        ],
      }),
    },
    status: {
      phase,
      ...(age !== null && { startTime: secondsAgo(age) }),
      conditions:
        ready === null
          ? []
          : [{ type: 'Ready', status: ready, lastTransitionTime: secondsAgo(readyFor) }],
    },
  };
}

/** Pods called `p0`, `p1`, … */
const podsOf = (...facts: PodFacts[]): Pod[] => facts.map((each, i) => newPod(`p${i}`, each));

/** What was measured of `p0`, `p1`, …; of those with `undefined` nothing was. */
function measured(...values: (number | undefined)[]): PodMetricsInfo {
  return new Map(
    values.flatMap((value, i) =>
      value === undefined
        ? []
        : [[`p${i}`, { value: BigInt(value), timestampMs: NOW, windowMs: 15_000 }] as const],
    ),
  );
}

const sorted = (names: ReadonlySet<string>) => [...names].sort();

describe('groupPods', () => {
  const groups = (pods: Pod[], metrics: PodMetricsInfo, resource = 'cpu') => {
    const { readyPodCount, unready, missing, ignored } = groupPods(pods, metrics, resource, NOW);
    return {
      readyPodCount,
      unready: sorted(unready),
      missing: sorted(missing),
      ignored: sorted(ignored),
    };
  };
  const of = (facts: PodFacts, resource = 'cpu', metrics = measured(50)): string => {
    const { readyPodCount, ...others } = groups(podsOf(facts), metrics, resource);
    const found = Object.entries(others).filter(([, names]) => names.length > 0);
    return [...found.map(([group]) => group), ...(readyPodCount ? ['ready'] : [])].join();
  };

  it('counts pods that work', () => {
    expect(groups(podsOf({}, {}, {}), measured(1, 2, 3))).toEqual({
      readyPodCount: 3,
      unready: [],
      missing: [],
      ignored: [],
    });
  });

  it.core('tells apart those that end, those that wait and those not measured', () => {
    const pods = podsOf({}, { isGoing: true }, { phase: 'Failed' }, { phase: 'Pending' }, {});
    expect(groups(pods, measured(1, 1, 1, 1))).toEqual({
      readyPodCount: 1,
      unready: ['p3'],
      missing: ['p4'],
      ignored: ['p1', 'p2'],
    });
  });

  it('ignores a pod that goes before it asks anything else', () => {
    expect(of({ isGoing: true, phase: 'Pending' }, 'cpu', measured())).toBe('ignored');
    expect(of({ phase: 'Failed' }, 'memory', measured())).toBe('ignored');
  });

  it('calls a pending pod unready though it was not measured', () => {
    expect(of({ phase: 'Pending' }, 'cpu', measured())).toBe('unready');
    expect(of({ phase: 'Pending' }, 'memory', measured())).toBe('unready');
  });

  it('takes a pod that was not measured for missing whether it is ready or not', () => {
    expect(of({ ready: 'False', age: 10 }, 'cpu', measured())).toBe('missing');
  });

  it('counts a pod that succeeded as any other', () => {
    expect(of({ phase: 'Succeeded' })).toBe('ready');
  });

  it('looks at readiness for the processor only', () => {
    const starting = { ready: 'False', readyFor: 5, age: 10 } as const;
    expect(of(starting, 'cpu')).toBe('unready');
    expect(of(starting, 'memory')).toBe('ready');
    expect(of({ ready: null }, 'memory')).toBe('ready');
  });

  it('knows nothing of a pod without the condition or without a start', () => {
    expect(of({ ready: null })).toBe('unready');
    expect(of({ age: null })).toBe('unready');
  });

  const young = { age: 299 } as const;
  const old = { age: 300 } as const;
  for (const [name, facts, group] of [
    ['a young pod that is not ready', { ...young, ready: 'False', readyFor: 100 }, 'unready'],
    ['a young pod, ready for less than a window', { ...young, readyFor: 14 }, 'unready'],
    ['a young pod, ready for just one window', { ...young, readyFor: 15 }, 'ready'],
    ['a young pod of which nobody knows', { ...young, ready: 'Unknown', readyFor: 60 }, 'ready'],
    ['an old pod, ready for less than a window', { ...old, readyFor: 5 }, 'ready'],
    ['an old pod that was never ready', { ...old, ready: 'False', readyFor: 271 }, 'unready'],
    ['an old pod, not ready since 30 s', { ...old, ready: 'False', readyFor: 270 }, 'ready'],
    ['an old pod that is not ready any more', { ...old, ready: 'False', readyFor: 10 }, 'ready'],
    ['an old pod of which nobody knows', { ...old, ready: 'Unknown', readyFor: 299 }, 'ready'],
  ] as const) {
    it(`takes ${name} for ${group}`, () => {
      expect(of(facts)).toBe(group);
    });
  }
});

describe('proposeReplicas', () => {
  interface Case {
    readonly pods?: readonly PodFacts[];
    readonly used: readonly (number | undefined)[];
    readonly current?: number;
    readonly target?: Target;
    readonly resource?: string;
    readonly container?: string;
    readonly metrics?: PodMetricsInfo;
  }
  const half = { averageUtilization: 50 };
  const propose = (each: Case): Proposal => {
    const { used, pods = used.map(() => ({})), target = half, resource = 'cpu' } = each;
    const { container, current = pods.length, metrics = measured(...used) } = each;
    return proposeReplicas(
      {
        pods: podsOf(...pods),
        metrics,
        resource,
        ...(container !== undefined && { container }),
        currentReplicas: current,
        now: NOW,
      },
      target,
    );
  };
  const replicas = (each: Case): number => propose(each).replicas;

  it.core('asks for more pods when they use more than they should', () => {
    expect(propose({ used: [80, 80, 80, 80] })).toEqual({
      replicas: 7,
      averageValue: 80n,
      averageUtilization: 80,
    });
  });

  it.core('asks for fewer when they use less', () => {
    expect(replicas({ used: [10, 20, 30, 20] })).toBe(2);
    expect(replicas({ used: [0, 0, 0] })).toBe(0);
  });

  it.core('leaves things as they are within the tolerance', () => {
    expect(replicas({ used: [54, 54, 54, 54] })).toBe(4);
    expect(replicas({ used: [46, 46, 46, 46] })).toBe(4);
  });

  it('draws the line at a tenth', () => {
    const tenAt = (use: number): number =>
      replicas({
        used: Array.from({ length: 10 }, () => use),
        target: { averageUtilization: 100 },
      });
    expect([89, 90, 91, 109, 111].map(tenAt)).toEqual([9, 10, 10, 10, 12]);
  });

  it('keeps what is wished for within the tolerance, not how many pods there are', () => {
    expect(replicas({ used: [50, 50, 50], current: 5 })).toBe(5);
    expect(replicas({ used: [50, 50, 50], current: 2 })).toBe(2);
  });

  it('reckons from the pods that are ready, not from what is wished for', () => {
    expect(replicas({ used: [80, 80, 80], current: 10 })).toBe(5);
  });

  it('cuts utilization and average off', () => {
    expect(propose({ used: [33, 33, 34] })).toMatchObject({
      averageUtilization: 33,
      averageValue: 33n,
    });
    // 109.9 % of 100 % is 109: within the tolerance.
    const pods = [{ requests: ['1'] }];
    expect(replicas({ pods, used: [1099], target: { averageUtilization: 100 } })).toBe(1);
  });

  it('weighs pods by what they ask for', () => {
    const pods = [{ requests: ['100m'] }, { requests: ['300m'] }];
    expect(propose({ pods, used: [100, 100] })).toEqual({
      replicas: 2,
      averageUtilization: 50,
      averageValue: 100n,
    });
  });

  it('is exact with more bytes than a number can hold', () => {
    const bytes = 9_007_199_254_740_993n;
    const metrics = new Map([['p0', { value: bytes, timestampMs: NOW, windowMs: 1 }]]);
    const target = { averageValue: bytes };
    expect(propose({ used: [0], metrics, resource: 'memory', target })).toEqual({
      replicas: 1,
      averageValue: bytes,
    });
  });

  it('compares averages with an average', () => {
    const target = { averageValue: 40n };
    expect(propose({ used: [80, 100, 60], target })).toEqual({ replicas: 6, averageValue: 80n });
    expect(replicas({ used: [80, 101, 60], target })).toBe(6);
    expect(replicas({ used: [43, 43, 43], target })).toBe(3);
  });

  it('needs no requests for an average', () => {
    const pods = [{ requests: [null] }, { requests: [null] }];
    expect(replicas({ pods, used: [80, 80], target: { averageValue: 40n } })).toBe(4);
  });

  it('adds up requests of containers and of sidecars', () => {
    const pods = [{ requests: ['50m', '50m'], sidecar: '100m' }];
    expect(propose({ pods, used: [100] })).toMatchObject({ averageUtilization: 50 });
  });

  it('looks at one container when it is told to', () => {
    const pods = [{ requests: ['50m', null] }, { requests: ['50m', null] }];
    expect(propose({ pods, used: [50, 50], container: 'c0' })).toMatchObject({
      averageUtilization: 100,
      replicas: 4,
    });
  });

  describe('with pods that were not measured', () => {
    it.core('takes them for idle when there should be more', () => {
      expect(propose({ used: [80, 80, 80, undefined] })).toEqual({
        replicas: 5,
        averageValue: 80n,
        averageUtilization: 80,
      });
    });

    it('takes them for busy when there should be fewer', () => {
      expect(propose({ used: [10, 10, 10, undefined] })).toEqual({
        replicas: 3,
        averageValue: 10n,
        averageUtilization: 10,
      });
    });

    it('takes busy for what is asked for, or for the target when that is more', () => {
      const target = { averageUtilization: 200 };
      // 3 × 20 and one of 200: 65 of 200 %, where 100 would have made it 40.
      expect(replicas({ used: [20, 20, 20, undefined], target })).toBe(2);
      expect(replicas({ used: [100, 100, undefined, undefined], target })).toBe(3);
      expect(replicas({ used: [120, 120, undefined, undefined], target })).toBe(4);
    });

    it('takes busy for the target when that is an average', () => {
      const target = { averageValue: 100n };
      expect(replicas({ used: [10, 10, 10, undefined], target })).toBe(2);
      expect(replicas({ used: [80, undefined, undefined], target })).toBe(3);
    });

    it('does nothing when what is assumed brings it within the tolerance', () => {
      expect(replicas({ used: [70, 70, undefined] })).toBe(3);
      expect(replicas({ used: [70, 70, undefined], current: 8 })).toBe(8);
    });

    it('does nothing when what is assumed turns it round', () => {
      expect(replicas({ used: [60, undefined, undefined], current: 3 })).toBe(3);
      expect(replicas({ used: [40, undefined, undefined], current: 3 })).toBe(3);
    });

    it('does nothing when the number would go against the ratio', () => {
      // 4 pods at 80 % and one idle: 64 %, so 1.28 × 5 = 7, fewer than the 9 there are to be.
      expect(replicas({ used: [80, 80, 80, 80, undefined], current: 9 })).toBe(9);
      expect(replicas({ used: [10, 10, 10, undefined], current: 2 })).toBe(2);
      const target = { averageValue: 50n };
      expect(replicas({ used: [80, 80, 80, 80, undefined], current: 9, target })).toBe(9);
      expect(replicas({ used: [10, 10, 10, undefined], current: 1, target })).toBe(1);
    });

    it('assumes nothing when all others are on target', () => {
      expect(replicas({ used: [50, 50, undefined] })).toBe(3);
    });
  });

  describe('with pods that are not ready', () => {
    const waiting = { phase: 'Pending' };

    it('takes them for idle when there should be more', () => {
      const pods = [{}, {}, {}, waiting];
      expect(replicas({ pods, used: [80, 80, 80, undefined] })).toBe(5);
      expect(replicas({ pods, used: [70, 70, 70, undefined] })).toBe(4);
    });

    it('leaves them out when there should be fewer', () => {
      const pods = [{}, {}, {}, waiting];
      expect(replicas({ pods, used: [10, 10, 10, undefined] })).toBe(1);
      expect(replicas({ pods, used: [40, 40, 40, undefined], current: 2 })).toBe(3);
    });

    it('leaves out what was measured of them', () => {
      const pods = [{}, {}, { ready: 'False', age: 10, readyFor: 5 } as const];
      expect(propose({ pods, used: [90, 90, 500] })).toEqual({
        replicas: 4,
        averageValue: 90n,
        averageUtilization: 90,
      });
      expect(propose({ pods, used: [10, 10, 500] })).toMatchObject({
        replicas: 1,
        averageValue: 10n,
      });
    });

    it('leaves out pods that go, and needs no assumption for them', () => {
      const pods = [{}, {}, { isGoing: true }, { phase: 'Failed' }];
      expect(propose({ pods, used: [80, 80, 500, 500] })).toMatchObject({
        replicas: 4,
        averageValue: 80n,
      });
    });

    it('assumes for the missing and the unready together', () => {
      const pods = [{}, {}, waiting, {}];
      // Up both are idle: 160 / 400 = 40 %, which turns it round.
      expect(replicas({ pods, used: [80, 80, undefined, undefined] })).toBe(4);
      expect(replicas({ pods, used: [190, 190, undefined, undefined] })).toBe(8);
      // Down the unready one is left out: 120 / 300 = 40 %.
      expect(replicas({ pods, used: [10, 10, undefined, undefined] })).toBe(3);
    });
  });

  it('counts measurements of unknown pods in an average, and not in a utilization', () => {
    const metrics = measured(80, 80, 20);
    const pods = [{}, {}];
    expect(propose({ pods, used: [], metrics })).toMatchObject({ averageValue: 80n, replicas: 4 });
    const target = { averageValue: 50n };
    expect(propose({ pods, used: [], metrics, target })).toMatchObject({ averageValue: 60n });
  });

  describe('refuses', () => {
    const refuses = (each: Case, message: string) =>
      expect(() => propose(each)).toThrow({ message });

    it('no pods', () => {
      const expected = 'no pods returned by selector while calculating replica count';
      refuses({ pods: [], used: [] }, expected);
    });

    it('no measurement, before it looks at requests', () => {
      const expected = 'did not receive metrics for targeted pods (pods might be unready)';
      refuses({ pods: [{ requests: [null] }], used: [undefined] }, expected);
      refuses({ pods: [{ phase: 'Failed' }, {}], used: [80, undefined] }, expected);
    });

    it('a container that asks for nothing', () => {
      refuses(
        { pods: [{}, { requests: ['100m', null] }], used: [80, 80] },
        'missing request for cpu in container c1 of Pod p1',
      );
    });

    it('requests that add up to nothing', () => {
      refuses(
        { pods: [{ requests: ['0'] }], used: [80] },
        'no metrics returned matched known pods',
      );
    });
  });

  property(
    'never assumes its way into a larger change than without the missing pods',
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 10, max: 150 }),
    (used, missing, averageUtilization) => {
      const target = { averageUtilization };
      const holes = Array.from({ length: missing }, () => undefined);
      const current = used.length + missing;
      const without = propose({ used, target });
      const now = replicas({ used: [...used, ...holes], current, target });
      const ratio = (without.averageUtilization ?? 0) / averageUtilization;
      if (ratio > 1) expect(now).toBeGreaterThanOrEqual(current);
      if (ratio < 1) expect(now).toBeLessThanOrEqual(current);
      expect(now).toBeLessThanOrEqual(Math.max(current, Math.ceil(ratio * current)));
      expect(now).toBeGreaterThanOrEqual(Math.min(current, Math.ceil(ratio * current)));
    },
  );
});

describe('highestProposal', () => {
  const ok = (metric: string, replicas: number) => ({ metric, replicas });
  const failed = { failure: new Error('no') };

  it('takes the one that needs most', () => {
    expect(highestProposal([ok('a', 3), ok('b', 5), ok('c', 4)], 4)).toEqual(ok('b', 5));
  });

  it('takes the first of several', () => {
    expect(highestProposal([ok('a', 5), ok('b', 5)], 4)).toEqual(ok('a', 5));
  });

  it('lets a number of 0 give way to the next', () => {
    expect(highestProposal([ok('a', 0), ok('b', 0)], 4)).toEqual(ok('b', 0));
    expect(highestProposal([ok('a', 0)], 4)).toEqual(ok('a', 0));
  });

  it('knows nothing when all failed', () => {
    expect(highestProposal([failed, failed], 4)).toBe(undefined);
    expect(highestProposal([failed], 0)).toBe(undefined);
  });

  it.core('adds pods, and takes none away, when one failed', () => {
    expect(highestProposal([failed, ok('a', 5)], 4)).toEqual(ok('a', 5));
    expect(highestProposal([ok('a', 4), failed], 4)).toEqual(ok('a', 4));
    expect(highestProposal([ok('a', 3), failed], 4)).toBe(undefined);
  });
});

const policy = (type: 'Pods' | 'Percent', value: number, periodSeconds = 60) => ({
  type,
  value,
  periodSeconds,
});
const wish = (currentReplicas: number, desiredReplicas: number, behavior?: Behavior): Wish => ({
  currentReplicas,
  desiredReplicas,
  behavior,
  now: NOW,
});

describe('stabilize', () => {
  /** [replicas, seconds ago] */
  const earlier = (...entries: [number, number][]): Recommendation[] =>
    entries.map(([replicas, ago]) => ({ replicas, atMs: NOW - ago * 1000 }));
  const windows = (up: number, down: number): Behavior | undefined =>
    behaviorOf({
      scaleUp: { stabilizationWindowSeconds: up },
      scaleDown: { stabilizationWindowSeconds: down },
    });
  const result = (each: Wish, recommendations: Recommendation[]) => {
    const { replicas, reason } = stabilize(each, recommendations);
    return [replicas, reason];
  };

  it('does at once what was never wished otherwise', () => {
    expect(stabilize(wish(4, 2), [])).toEqual({
      replicas: 2,
      reason: 'ReadyForNewScale',
      message: 'recommended size matches current size',
    });
    expect(result(wish(4, 9, windows(60, 60)), [])).toEqual([9, 'ReadyForNewScale']);
  });

  it.core('keeps the highest number of five minutes', () => {
    expect(stabilize(wish(5, 2), earlier([3, 200], [4, 100], [2, 15]))).toEqual({
      replicas: 4,
      reason: 'ScaleDownStabilized',
      message:
        'recent recommendations were higher than current one, applying the highest recent recommendation',
    });
  });

  it('keeps one that is five minutes old, and none that is older', () => {
    expect(result(wish(5, 2), earlier([4, 300]))).toEqual([4, 'ScaleDownStabilized']);
    expect(result(wish(5, 2), earlier([4, 301]))).toEqual([2, 'ReadyForNewScale']);
  });

  it('goes up at once, and up to what was wished lately', () => {
    expect(result(wish(4, 6), earlier([2, 10]))).toEqual([6, 'ReadyForNewScale']);
    expect(result(wish(4, 6), earlier([9, 10]))).toEqual([9, 'ScaleDownStabilized']);
  });

  describe('with a behavior', () => {
    it('goes up only as far as all agree', () => {
      expect(stabilize(wish(4, 9, windows(60, 0)), earlier([6, 50], [7, 20]))).toEqual({
        replicas: 6,
        reason: 'ScaleUpStabilized',
        message:
          'recent recommendations were lower than current one, applying the lowest recent recommendation',
      });
    });

    it('goes down only as far as all agree', () => {
      const each = wish(9, 2, windows(0, 60));
      expect(result(each, earlier([6, 50], [5, 20]))).toEqual([6, 'ScaleDownStabilized']);
    });

    it('stays where it is between the two', () => {
      expect(result(wish(5, 9, windows(60, 60)), earlier([7, 20], [3, 10]))).toEqual([
        5,
        'ScaleUpStabilized',
      ]);
      expect(result(wish(5, 4, windows(60, 60)), earlier([7, 20], [3, 10]))).toEqual([
        5,
        'ScaleDownStabilized',
      ]);
      expect(result(wish(5, 9, windows(60, 60)), earlier([8, 20], [6, 10]))).toEqual([
        6,
        'ScaleUpStabilized',
      ]);
    });

    it('does not go up to an old wish, as it does without', () => {
      expect(result(wish(4, 4, windows(0, 300)), earlier([9, 10]))).toEqual([
        4,
        'ReadyForNewScale',
      ]);
    });

    it('has a window for each direction', () => {
      const each = windows(10, 100);
      expect(result(wish(4, 9, each), earlier([6, 50]))).toEqual([9, 'ReadyForNewScale']);
      expect(result(wish(8, 2, each), earlier([6, 50]))).toEqual([6, 'ScaleDownStabilized']);
      expect(result(wish(8, 2, windows(100, 10)), earlier([6, 50]))).toEqual([
        2,
        'ReadyForNewScale',
      ]);
    });

    it('leaves out what is just as old as the window', () => {
      expect(result(wish(9, 2, windows(0, 60)), earlier([6, 60]))).toEqual([2, 'ReadyForNewScale']);
      expect(result(wish(2, 9, windows(60, 0)), earlier([6, 60]))).toEqual([9, 'ReadyForNewScale']);
      expect(result(wish(2, 9, windows(60, 0)), earlier([6, 59]))).toEqual([
        6,
        'ScaleUpStabilized',
      ]);
    });

    property(
      'ends between now and the wish, whatever was wished before',
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 20 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 400 }))),
      (current, desired, entries) => {
        const { replicas } = stabilize(
          wish(current, desired, windows(60, 300)),
          earlier(...entries),
        );
        expect(replicas).toBeGreaterThanOrEqual(Math.min(current, desired));
        expect(replicas).toBeLessThanOrEqual(Math.max(current, desired));
      },
    );
  });
});

describe('limitReplicas', () => {
  interface Given {
    readonly min?: number;
    readonly max?: number;
    readonly behavior?: Behavior | undefined;
    /** [change, seconds ago] */
    readonly ups?: [number, number][];
    readonly downs?: [number, number][];
  }
  const events = (entries: [number, number][] = []): ScaleEvent[] =>
    entries.map(([change, ago]) => ({ change, atMs: NOW - ago * 1000 }));
  const limit = (current: number, desired: number, given: Given = {}) => {
    const { min = 1, max = 100, behavior, ups, downs } = given;
    return limitReplicas(wish(current, desired, behavior), {
      minReplicas: min,
      maxReplicas: max,
      scaleUps: events(ups),
      scaleDowns: events(downs),
    });
  };
  const result = (current: number, desired: number, given: Given = {}) => {
    const { replicas, reason } = limit(current, desired, given);
    return [replicas, reason];
  };
  const up = (selectPolicy: string, ...policies: ReturnType<typeof policy>[]) =>
    behaviorOf({ scaleUp: { selectPolicy, policies } });
  const down = (selectPolicy: string, ...policies: ReturnType<typeof policy>[]) =>
    behaviorOf({ scaleDown: { selectPolicy, policies } });

  it('lets through what is in the range', () => {
    expect(limit(5, 6)).toEqual({
      replicas: 6,
      reason: 'DesiredWithinRange',
      message: 'the desired count is within the acceptable range',
    });
  });

  it.core('keeps to the range', () => {
    expect(limit(5, 2, { min: 3 })).toEqual({
      replicas: 3,
      reason: 'TooFewReplicas',
      message: 'the desired replica count is less than the minimum replica count',
    });
    expect(limit(5, 9, { max: 7 })).toEqual({
      replicas: 7,
      reason: 'TooManyReplicas',
      message: 'the desired replica count is more than the maximum replica count',
    });
  });

  it('lets at most twice as many come at a time, or four', () => {
    expect(limit(5, 30)).toEqual({
      replicas: 10,
      reason: 'ScaleUpLimit',
      message: 'the desired replica count is increasing faster than the maximum scale rate',
    });
    expect(result(1, 30)).toEqual([4, 'ScaleUpLimit']);
    expect(result(5, 10)).toEqual([10, 'DesiredWithinRange']);
    expect(result(5, 30, { max: 10 })).toEqual([10, 'TooManyReplicas']);
    expect(result(5, 30, { max: 11 })).toEqual([10, 'ScaleUpLimit']);
  });

  it('does not mind how fast pods go', () => {
    expect(result(90, 1)).toEqual([1, 'DesiredWithinRange']);
  });

  it('puts the minimum first', () => {
    expect(result(1, 2, { min: 9 })).toEqual([9, 'TooFewReplicas']);
  });

  describe('with a behavior', () => {
    it('keeps to the range', () => {
      const behavior = behaviorOf({});
      expect(result(5, 2, { min: 3, behavior })).toEqual([3, 'TooFewReplicas']);
      expect(result(5, 9, { max: 7, behavior })).toEqual([7, 'TooManyReplicas']);
      expect(result(5, 5, { max: 3, behavior })).toEqual([5, 'DesiredWithinRange']);
    });

    it('adds so many pods in a period', () => {
      const behavior = up('Max', policy('Pods', 3));
      expect(limit(5, 20, { behavior })).toEqual({
        replicas: 8,
        reason: 'ScaleUpLimit',
        message: 'the desired replica count is increasing faster than the maximum scale rate',
      });
      expect(result(5, 8, { behavior })).toEqual([8, 'DesiredWithinRange']);
    });

    it('adds a part, and at least one pod', () => {
      expect(result(5, 20, { behavior: up('Max', policy('Percent', 50)) })).toEqual([
        8,
        'ScaleUpLimit',
      ]);
      expect(result(3, 20, { behavior: up('Max', policy('Percent', 10)) })).toEqual([
        4,
        'ScaleUpLimit',
      ]);
    });

    it('takes so many pods away in a period', () => {
      expect(limit(10, 1, { behavior: down('Max', policy('Pods', 3)) })).toEqual({
        replicas: 7,
        reason: 'ScaleDownLimit',
        message: 'the desired replica count is decreasing faster than the maximum scale rate',
      });
    });

    it('takes a part away, and at least one pod', () => {
      const behavior = down('Max', policy('Percent', 25));
      expect(result(10, 1, { behavior })).toEqual([7, 'ScaleDownLimit']);
      expect(result(2, 1, { behavior })).toEqual([1, 'DesiredWithinRange']);
      expect(result(8, 1, { behavior })).toEqual([6, 'ScaleDownLimit']);
    });

    it('selects the policy that changes most or least', () => {
      const both = [policy('Pods', 4), policy('Percent', 20)];
      expect(result(50, 99, { behavior: up('Max', ...both) })).toEqual([60, 'ScaleUpLimit']);
      expect(result(50, 99, { behavior: up('Min', ...both) })).toEqual([54, 'ScaleUpLimit']);
      expect(result(50, 1, { behavior: down('Max', ...both) })).toEqual([40, 'ScaleDownLimit']);
      expect(result(50, 1, { behavior: down('Min', ...both) })).toEqual([46, 'ScaleDownLimit']);
    });

    it('changes nothing where it is disabled', () => {
      expect(result(5, 9, { behavior: up('Disabled', policy('Pods', 3)) })).toEqual([
        5,
        'ScaleUpLimit',
      ]);
      expect(result(5, 2, { behavior: down('Disabled', policy('Pods', 3)) })).toEqual([
        5,
        'ScaleDownLimit',
      ]);
      expect(result(5, 2, { behavior: up('Disabled', policy('Pods', 3)) })).toEqual([
        2,
        'DesiredWithinRange',
      ]);
    });

    it('has defaults', () => {
      const behavior = behaviorOf({});
      expect(result(2, 99, { behavior })).toEqual([6, 'ScaleUpLimit']);
      expect(result(10, 99, { behavior })).toEqual([20, 'ScaleUpLimit']);
      expect(result(90, 1, { behavior })).toEqual([1, 'DesiredWithinRange']);
    });

    it('reckons from where the period began', () => {
      const behavior = up('Max', policy('Pods', 4));
      expect(result(8, 20, { behavior, ups: [[3, 59]] })).toEqual([9, 'ScaleUpLimit']);
      expect(result(8, 20, { behavior, ups: [[3, 60]] })).toEqual([12, 'ScaleUpLimit']);
      const ups: [number, number][] = [
        [1, 10],
        [2, 20],
        [9, 90],
      ];
      expect(result(8, 20, { behavior, ups })).toEqual([9, 'ScaleUpLimit']);
    });

    it('counts the other direction back', () => {
      const behavior = up('Max', policy('Pods', 4));
      expect(result(8, 20, { behavior, downs: [[3, 10]] })).toEqual([15, 'ScaleUpLimit']);
      const slow = down('Max', policy('Pods', 4));
      expect(result(8, 1, { behavior: slow, downs: [[3, 10]] })).toEqual([7, 'ScaleDownLimit']);
      expect(result(8, 1, { behavior: slow, ups: [[3, 10]] })).toEqual([1, 'DesiredWithinRange']);
      expect(result(8, 1, { behavior: slow, min: 2, ups: [[2, 10]] })).toEqual([
        2,
        'TooFewReplicas',
      ]);
    });

    it('looks at each policy over its own period', () => {
      const behavior = up('Min', policy('Pods', 4, 15), policy('Pods', 6, 60));
      expect(result(10, 20, { behavior, ups: [[4, 30]] })).toEqual([12, 'ScaleUpLimit']);
      expect(result(10, 20, { behavior, ups: [[4, 10]] })).toEqual([10, 'ScaleUpLimit']);
    });

    it('takes nothing back when the rate was passed', () => {
      const ups: [number, number][] = [[6, 10]];
      expect(result(10, 20, { behavior: up('Max', policy('Pods', 4)), ups })).toEqual([
        10,
        'ScaleUpLimit',
      ]);
      const downs: [number, number][] = [[6, 10]];
      expect(result(10, 2, { behavior: down('Max', policy('Pods', 4)), downs })).toEqual([
        10,
        'ScaleDownLimit',
      ]);
    });

    it('names the range when it is as strict as the rate', () => {
      expect(result(5, 20, { max: 8, behavior: up('Max', policy('Pods', 3)) })).toEqual([
        8,
        'TooManyReplicas',
      ]);
      expect(result(5, 1, { min: 2, behavior: down('Max', policy('Pods', 3)) })).toEqual([
        2,
        'TooFewReplicas',
      ]);
    });

    property(
      'never turns round, and never leaves the range for the worse',
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom('Max', 'Min', 'Disabled'),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 100 }))),
      (current, desired, select, ups) => {
        const policies = [policy('Pods', 3, 30), policy('Percent', 40, 60)];
        const behavior = behaviorOf({
          scaleUp: { selectPolicy: select, policies },
          scaleDown: { selectPolicy: select, policies },
        });
        const { replicas } = limit(current, desired, { min: 3, max: 20, behavior, ups });
        if (desired > current) {
          expect(replicas).toBeLessThanOrEqual(Math.max(20, current));
          if (current <= 20) expect(replicas).toBeGreaterThanOrEqual(current);
        }
        if (desired < current && current >= 3) expect(replicas).toBeLessThanOrEqual(current);
        if (desired === current) expect(replicas).toBe(current);
      },
    );
  });
});

describe('the HorizontalPodAutoscaler controller', () => {
  let world: ControllerTestWorld;
  /** What each pod uses of the processor, in thousandths; `undefined`: it is not measured. */
  let usage: (pod: Pod) => number | undefined = () => undefined;

  afterEach(() => world.end());

  /** A client for which there are metrics: the test API has no nodes to ask. */
  function measuring(client: TestClient): TestClient {
    const podMetrics = {
      list: async () => {
        const { items } = await world.admin.resource(PODS, 'default').list();
        const measuredPods = items.flatMap((pod) => {
          const cpu = usage(pod);
          if (cpu === undefined) return [];
          const { name, namespace } = pod.metadata ?? {};
          const timestamp = new Date(world.clock.now()).toISOString();
          const containers = [{ name: 'c', usage: { cpu: `${cpu}m`, memory: '64Mi' } }];
          return [{ metadata: { name, namespace }, timestamp, window: '15s', containers }];
        });
        return { items: measuredPods, metadata: { resourceVersion: '' } };
      },
    };
    return {
      resource: (type, namespace) =>
        type.group === 'metrics.k8s.io' ? (podMetrics as never) : client.resource(type, namespace),
    };
  }

  const begin = async (): Promise<void> => {
    usage = () => undefined;
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(
          newControllerContext({ ...around, client: measuring(around.client) }),
          [newHorizontalPodAutoscalerController],
          signal,
        ),
    });
  };
  const labels = { app: 'web' };
  const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }];
  const addPods = async (count: number, from = 0): Promise<void> => {
    for (let i = from; i < from + count; i++) {
      await world.admin
        .resource(PODS, 'default')
        .create({ metadata: { name: `web-${i}`, labels }, spec: { containers } });
    }
    await world.settle();
  };
  const addTarget = (replicas: number, name = 'web') =>
    world.admin.resource(REPLICA_SETS, 'default').create({
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    });
  const addHpa = (spec: object = {}, name = 'web') =>
    world.admin.resource(HORIZONTAL_POD_AUTOSCALERS, 'default').create({
      metadata: { name },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web' },
        minReplicas: 1,
        maxReplicas: 10,
        metrics: [cpuAt(50)],
        ...spec,
      },
    });
  const cpuAt = (averageUtilization: number) => ({
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
  });
  const size = async (name = 'web') =>
    (await world.admin.resource(REPLICA_SETS, 'default').get(name)).spec?.replicas;
  const status = async (name = 'web') =>
    (await world.admin.resource(HORIZONTAL_POD_AUTOSCALERS, 'default').get(name)).status;
  const conditions = async (name = 'web') =>
    (await status(name))?.conditions?.map((each) => [
      each.type,
      each.status,
      each.reason,
      each.message,
    ]);
  const ABLE = ['AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size'];
  const MINUTES = 60_000;
  const steady = async (replicas: number, spec: object = {}) => {
    await begin();
    await addTarget(replicas);
    await addPods(replicas);
    // After five minutes pods are not starting any more.
    await world.advance(6 * MINUTES);
    await addHpa(spec);
  };

  it('scales up, and says so', async () => {
    await steady(2);
    usage = () => 90;
    await world.advance(16_000);
    expect(await size()).toBe(4);
    expect(await world.events()).toEqual([
      'Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target',
    ]);
    const { lastScaleTime, conditions: _, ...rest } = (await status()) ?? {};
    expect(String(lastScaleTime)).toMatch(/^\d{4}-.*Z$/);
    expect(rest).toEqual({
      currentReplicas: 2,
      desiredReplicas: 4,
      currentMetrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 90, averageValue: '90m' } },
        },
      ],
    });
    expect(await conditions()).toEqual([
      [
        'AbleToScale',
        'True',
        'SucceededRescale',
        'the HPA controller was able to update the target scale to 4',
      ],
      [
        'ScalingActive',
        'True',
        'ValidMetricFound',
        'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
      ],
      [
        'ScalingLimited',
        'False',
        'DesiredWithinRange',
        'the desired count is within the acceptable range',
      ],
    ]);
  });

  it('waits five minutes before it scales down', async () => {
    await steady(4);
    usage = () => 10;
    await world.advance(16_000);
    expect((await conditions())?.[0]).toEqual([
      'AbleToScale',
      'True',
      'ScaleDownStabilized',
      'recent recommendations were higher than current one, applying the highest recent recommendation',
    ]);
    await world.advance(4.8 * MINUTES);
    expect(await size()).toBe(4);
    await world.advance(0.5 * MINUTES);
    expect(await size()).toBe(1);
    expect(await world.events()).toEqual([
      'Normal SuccessfulRescale New size: 1; reason: All metrics below target',
    ]);
  });

  it('rests when all is on target', async () => {
    await steady(2);
    usage = () => 50;
    await world.advance(16_000);
    expect((await conditions())?.[0]).toEqual(ABLE);
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });

  it('goes up as its rules allow, step by step', async () => {
    const scaleUp = { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }] };
    await steady(2, { behavior: { scaleUp } });
    usage = () => 500;
    await world.advance(16_000);
    expect(await size()).toBe(4);
    expect((await conditions())?.[2]).toEqual([
      'ScalingLimited',
      'True',
      'ScaleUpLimit',
      'the desired replica count is increasing faster than the maximum scale rate',
    ]);
    await addPods(2, 2);
    await world.advance(45_000);
    expect(await size()).toBe(4);
    await world.advance(15_000);
    expect(await size()).toBe(6);
  });

  it('takes the range for the first thing', async () => {
    await steady(2, { minReplicas: 3 });
    await world.advance(16_000);
    expect(await size()).toBe(3);
    await world.admin
      .resource(HORIZONTAL_POD_AUTOSCALERS, 'default')
      .patch('web', 'merge-patch', { spec: { minReplicas: 1, maxReplicas: 2 } });
    await world.advance(16_000);
    expect(await size()).toBe(2);
    expect(await world.events()).toEqual([
      'Normal SuccessfulRescale New size: 3; reason: Current number of replicas below Spec.MinReplicas',
      'Normal SuccessfulRescale New size: 2; reason: Current number of replicas above Spec.MaxReplicas',
    ]);
  });

  it('leaves alone what was scaled to nothing', async () => {
    await begin();
    await addTarget(0);
    await addHpa();
    await world.advance(16_000);
    expect(await size()).toBe(0);
    expect(await conditions()).toContainEqual([
      'ScalingActive',
      'False',
      'ScalingDisabled',
      'scaling is disabled since the replica count of the target is zero',
    ]);
  });

  it('says what it could not measure', async () => {
    await steady(2);
    await world.advance(16_000);
    const why =
      'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API';
    expect(await conditions()).toEqual([
      [
        'AbleToScale',
        'True',
        'SucceededGetScale',
        "the HPA controller was able to get the target's current scale",
      ],
      [
        'ScalingActive',
        'False',
        'FailedGetResourceMetric',
        `the HPA was unable to compute the replica count: ${why}`,
      ],
    ]);
    expect([...(await world.events())].sort()).toEqual([
      `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
      `Warning FailedGetResourceMetric ${why}`,
    ]);
    expect(await status()).toMatchObject({ currentReplicas: 2, desiredReplicas: 0 });
  });

  it('goes up with some metrics, and not down without all', async () => {
    const target = { type: 'AverageValue', averageValue: '10' };
    const packets = { type: 'Pods', pods: { metric: { name: 'packets' }, target } };
    await steady(3, { metrics: [packets, cpuAt(50)] });
    usage = () => 10;
    await world.advance(6 * MINUTES);
    expect(await size()).toBe(3);
    expect(await conditions()).toContainEqual([
      'ScalingActive',
      'False',
      'FailedGetPodsMetric',
      'the HPA was unable to compute the replica count: unable to get metric packets: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    ]);
    usage = () => 100;
    await world.advance(16_000);
    expect(await size()).toBe(6);
    const { currentMetrics } = (await status()) ?? {};
    expect(currentMetrics).toMatchObject([{ type: '' }, { type: 'Resource' }]);
  });

  it('measures single containers and averages', async () => {
    const metrics = [
      {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container: 'c',
          target: { type: 'Utilization', averageUtilization: 50 },
        },
      },
      {
        type: 'Resource',
        resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '32Mi' } },
      },
    ];
    await steady(2, { metrics });
    usage = () => 60;
    await world.advance(16_000);
    expect(await size()).toBe(4);
    expect(await world.events()).toEqual([
      'Normal SuccessfulRescale New size: 4; reason: memory resource above target',
    ]);
    expect((await status())?.currentMetrics).toEqual([
      {
        type: 'ContainerResource',
        containerResource: {
          name: 'cpu',
          container: 'c',
          current: { averageUtilization: 60, averageValue: '60m' },
        },
      },
      {
        type: 'Resource',
        resource: { name: 'memory', current: { averageValue: '67108864' } },
      },
    ]);
  });

  it('says that there is no such target', async () => {
    await begin();
    await addHpa();
    const nothing = { apiVersion: 'example.com/v1', kind: 'Thing', name: 'web' };
    await addHpa({ scaleTargetRef: nothing }, 'thing');
    await world.advance(16_000);
    const failed = (why: string) => [
      [
        'AbleToScale',
        'False',
        'FailedGetScale',
        `the HPA controller was unable to get the target's current scale: ${why}`,
      ],
    ];
    const why = 'no matches for kind "Thing" in group "example.com"';
    expect(await conditions()).toEqual(failed('replicasets.apps "web" not found'));
    expect(await conditions('thing')).toEqual(failed(why));
    expect(await world.events()).toContain(`Warning FailedGetScale ${why}`);
  });

  it('refuses pods that another autoscaler has', async () => {
    await steady(2);
    await addHpa({}, 'other');
    usage = () => 90;
    await world.advance(31_000);
    const why =
      'pods by selector app=web are controlled by multiple HPAs: [default/other default/web]';
    for (const name of ['web', 'other']) {
      expect(await conditions(name)).toContainEqual([
        'ScalingActive',
        'False',
        'AmbiguousSelector',
        why,
      ]);
    }
    await world.admin.resource(HORIZONTAL_POD_AUTOSCALERS, 'default').delete('other');
    await world.advance(16_000);
    expect((await conditions())?.[1]?.[2]).toBe('ValidMetricFound');
  });

  it('scales ReplicationControllers and custom resources', async () => {
    await begin();
    await world.admin.resource(REPLICATION_CONTROLLERS, 'default').create({
      metadata: { name: 'rc' },
      spec: {
        replicas: 1,
        selector: labels,
        template: { metadata: { labels }, spec: { containers } },
      },
    });
    const schema = {
      openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    };
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
    await world.admin.resource(CUSTOM_RESOURCE_DEFINITIONS).create({
      metadata: { name: 'farms.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'farms', singular: 'farm', kind: 'Farm', listKind: 'FarmList' },
        versions: [
          { name: 'v1', served: true, storage: true, schema, subresources: { scale, status: {} } },
        ],
      },
    } as never);
    await world.advance(1000);
    const farms = {
      group: 'example.com',
      version: 'v1',
      resource: 'farms',
      kind: 'Farm',
      namespaced: true,
    };
    await world.admin
      .resource(farms, 'default')
      .create({ metadata: { name: 'f' }, spec: { size: 1 } } as never);
    const rc = { apiVersion: 'v1', kind: 'ReplicationController', name: 'rc' };
    await addHpa({ scaleTargetRef: rc, minReplicas: 2 }, 'rc');
    const farm = { apiVersion: 'example.com/v1', kind: 'Farm', name: 'f' };
    await addHpa({ scaleTargetRef: farm, minReplicas: 3 }, 'farm');
    await world.advance(31_000);
    const grown = await world.admin.resource(REPLICATION_CONTROLLERS, 'default').get('rc');
    expect(grown.spec?.replicas).toBe(2);
    expect(await world.admin.resource(farms, 'default').get('f')).toMatchObject({
      spec: { size: 3 },
    });
    // Pods of a scale without a selector cannot be found.
    expect(await conditions('farm')).toContainEqual([
      'ScalingActive',
      'False',
      'InvalidSelector',
      "the HPA target's scale is missing a selector",
    ]);
  });

  it('tries again what was refused, and says so', async () => {
    await steady(2);
    usage = () => 90;
    const end = world.api.intercept(({ verb, subresource }) => {
      if (verb === 'update' && subresource === 'scale') throw newInternalError(new Error('broken'));
      return undefined;
    });
    await world.advance(16_000);
    end();
    expect(await world.events()).toContainEqual(
      expect.stringMatching(/^Warning FailedRescale New size: 4; reason: cpu .*; error: .*broken/),
    );
    expect((await conditions())?.[0]?.[2]).toBe('FailedUpdateScale');
    await world.advance(15_000);
    expect(await size()).toBe(4);
  });

  for (const seed of [1, 2, 3]) {
    it(`arrives though every write fails once, seed ${seed}`, async () => {
      await steady(2);
      const faults = world.failEachWriteOnce({ seed });
      usage = () => 90;
      await world.advance(40_000);
      await addPods(2, 2);
      usage = () => 50;
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      faults.end();
      expect(await size()).toBe(4);
      expect(await status()).toMatchObject({ currentReplicas: 4, desiredReplicas: 4 });
    });
  }

  it('asks for the scale itself, however stale its caches are', async () => {
    await steady(2);
    usage = () => 90;
    const release = world.api.holdWatches();
    await world.advance(60_000);
    release();
    await addPods(2, 2);
    usage = () => 50;
    await world.converge();
    expect(await size()).toBe(4);
  });

  it('remembers nothing after a restart, and then waits again', async () => {
    await steady(4);
    usage = () => 10;
    await world.advance(4 * MINUTES);
    await world.restart();
    await world.advance(4 * MINUTES);
    expect(await size()).toBe(4);
    await world.advance(2 * MINUTES);
    expect(await size()).toBe(1);
  });
});
