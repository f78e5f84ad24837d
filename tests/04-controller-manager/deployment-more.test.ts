import { FakeClock } from '#apimachinery';
import {
  type Deployment,
  fencepostsOf,
  type Generations,
  pausedCondition,
  progressCheckAfterMs,
  proportionalSizes,
  type ReplicaSet,
  withProgress,
} from '#controller-manager';
import { describe, expect, fc, it, property } from '#kit';

/** It is one minute past midnight; conditions in these tests are of midnight if they say nothing. */
const NOW = '2025-01-01T00:01:00Z';
const MIDNIGHT = '2025-01-01T00:00:00Z';
const clock = new FakeClock({ now: Date.parse(NOW) });

function web(spec: object = {}, status: object = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'web', generation: 1 },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      progressDeadlineSeconds: 600,
      ...spec,
    },
    status,
  } as Deployment;
}

interface Numbers {
  readonly size: number;
  readonly available?: number;
  readonly made?: number;
  /** How many pods the Deployment could have had, and should have had, when it was sized. */
  readonly max?: number;
  readonly desired?: number;
}

function replicaSet(name: string, numbers: Numbers): ReplicaSet {
  const { size, available = size, made = 0, max, desired } = numbers;
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: `2025-01-01T00:00:${String(made).padStart(2, '0')}Z`,
      annotations: {
        ...(max !== undefined && { 'deployment.kubernetes.io/max-replicas': String(max) }),
        ...(desired !== undefined && {
          'deployment.kubernetes.io/desired-replicas': String(desired),
        }),
      },
    },
    spec: { replicas: size },
    status: { replicas: size, availableReplicas: available },
  } as unknown as ReplicaSet;
}

const sizes = (steps: readonly { replicaSet: ReplicaSet; replicas: number }[]) =>
  steps.map((step) => [step.replicaSet.metadata?.name, step.replicas]);

const recreate = { strategy: { type: 'Recreate' } };

describe('proportionalSizes', () => {
  const of = (current: Numbers | undefined, ...old: Numbers[]): Generations => ({
    current: current && replicaSet('new', current),
    old: old.map((numbers, i) => replicaSet(`old-${i}`, numbers)),
  });

  it.core('gives the only active one all pods', () => {
    expect(sizes(proportionalSizes(web(), of({ size: 0 }, { size: 4 })))).toEqual([['old-0', 10]]);
    expect(sizes(proportionalSizes(web(), of({ size: 4 })))).toEqual([['new', 10]]);
    expect(sizes(proportionalSizes(web(), of({ size: 10 })))).toEqual([]);
  });

  it('gives the current one all pods when none is active, or without it the one made last', () => {
    expect(sizes(proportionalSizes(web(), of({ size: 0 }, { size: 0 })))).toEqual([['new', 10]]);
    const old = of(undefined, { size: 0, made: 5 }, { size: 0, made: 9 }, { size: 0, made: 1 });
    expect(sizes(proportionalSizes(web(), old))).toEqual([['old-1', 10]]);
    expect(proportionalSizes(web(), of(undefined))).toEqual([]);
  });

  it('empties the old ones when the current one is saturated', () => {
    const saturated = { size: 10, available: 10, desired: 10 };
    const steps = proportionalSizes(web(), of(saturated, { size: 2 }, { size: 0 }, { size: 1 }));
    expect(sizes(steps)).toEqual([
      ['old-0', 0],
      ['old-2', 0],
    ]);
  });

  it('does not call saturated what is not available or was sized for another number', () => {
    const more = { size: 3, max: 13 };
    for (const current of [
      { size: 10, available: 9, desired: 10, max: 13 },
      { size: 10, available: 10, desired: 9, max: 13 },
      { size: 10, available: 10, max: 13 },
    ]) {
      expect(sizes(proportionalSizes(web(), of(current, more)))).toEqual([
        ['new', 10],
        ['old-0', 3],
      ]);
    }
  });

  it.core('shares out new pods in proportion', () => {
    const generations = of({ size: 5, max: 13 }, { size: 8, max: 13 });
    expect(sizes(proportionalSizes(web({ replicas: 20 }), generations))).toEqual([
      ['old-0', 14],
      ['new', 9],
    ]);
  });

  it('takes pods away in proportion', () => {
    const generations = of({ size: 5, max: 13 }, { size: 8, max: 13 });
    // 5 + 3 = 8 of 13: old 8 × 8 / 13 = 4.9, new 5 × 8 / 13 = 3.1
    expect(sizes(proportionalSizes(web({ replicas: 5 }), generations))).toEqual([
      ['old-0', 5],
      ['new', 3],
    ]);
  });

  it('gives what is left over to the largest', () => {
    // 10 + 3 - 3 = 10 to give out; each of 1 of 3 grows by round(13 / 3) - 1 = 3.
    const generations = of({ size: 1, max: 3, made: 3 }, { size: 1, max: 3 }, { size: 1, max: 3 });
    expect(sizes(proportionalSizes(web(), generations))[0]).toEqual(['new', 5]);
  });

  it('begins with the one made later when pods are added, and earlier when they are removed', () => {
    const generations = of(
      { size: 5, max: 15, made: 9 },
      { size: 5, max: 15, made: 1 },
      { size: 5, max: 15, made: 4 },
    );
    const names = (replicas: number) =>
      sizes(proportionalSizes(web({ replicas }), generations)).map(([name]) => name);
    expect(names(20)).toEqual(['new', 'old-1', 'old-0']);
    expect(names(5)).toEqual(['old-0', 'old-1', 'new']);
  });

  it('gives nobody more than is left', () => {
    const generations = of({ size: 4, max: 4 }, { size: 5, max: 4 });
    // 13 - 9 = 4 to give out; the old one's share would be round(5 × 13 / 4) - 5 = 11.
    expect(sizes(proportionalSizes(web(), generations))).toEqual([
      ['old-0', 9],
      ['new', 4],
    ]);
  });

  it('takes all pods when none are wanted', () => {
    const generations = of({ size: 5, max: 13 }, { size: 8, max: 13 });
    expect(sizes(proportionalSizes(web({ replicas: 0 }), generations))).toEqual([
      ['old-0', 0],
      ['new', 0],
    ]);
  });

  it("uses the Deployment's own count where the annotation is missing", () => {
    const generations = of({ size: 5 }, { size: 8, max: 0 });
    const deployment = web({ replicas: 20 }, { replicas: 13 });
    expect(sizes(proportionalSizes(deployment, generations))).toEqual([
      ['old-0', 14],
      ['new', 9],
    ]);
    // Nothing to go by: the largest gets it all.
    expect(sizes(proportionalSizes(web({ replicas: 20 }), generations))).toEqual([
      ['old-0', 18],
      ['new', 5],
    ]);
  });

  it('names those that keep their size, too', () => {
    const generations = of({ size: 5, max: 13 }, { size: 8, max: 13 });
    expect(sizes(proportionalSizes(web(), generations))).toEqual([
      ['old-0', 8],
      ['new', 5],
    ]);
  });

  it('changes nothing under Recreate', () => {
    const generations = of({ size: 5, max: 13 }, { size: 8, max: 13 });
    expect(proportionalSizes(web({ replicas: 20, ...recreate }), generations)).toEqual([]);
  });

  property(
    'adds up to what is allowed, and never asks for fewer than no pods',
    fc.record({
      replicas: fc.integer({ min: 0, max: 40 }),
      before: fc.integer({ min: 1, max: 40 }),
      sizes: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 5 }),
    }),
    ({ replicas, before, sizes: each }) => {
      const deployment = web({ replicas }, { replicas: before });
      const total = each.reduce((sum, size) => sum + size, 0);
      const [first = 1, ...rest] = each.map((size, made) => ({ size, made, max: total }));
      const generations = of(first as Numbers, ...(rest as Numbers[]));
      const steps = proportionalSizes(deployment, generations);
      const after = steps.reduce((sum, step) => sum + step.replicas, 0);
      const allowed = replicas === 0 ? 0 : replicas + fencepostsOf(deployment).maxSurge;
      expect(Math.min(...steps.map((step) => step.replicas))).toBeGreaterThanOrEqual(0);
      expect(after).toBe(allowed);
    },
  );
});

const progressing = (status: string, reason: string, lastUpdateTime = MIDNIGHT) => ({
  type: 'Progressing',
  status,
  reason,
  lastUpdateTime,
  lastTransitionTime: MIDNIGHT,
});

describe('pausedCondition', () => {
  it.core('says that the Deployment is paused, once', () => {
    const running = { conditions: [progressing('True', 'ReplicaSetUpdated')] };
    expect(pausedCondition(web({ paused: true }, running), clock)).toEqual({
      type: 'Progressing',
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
      lastUpdateTime: NOW,
      lastTransitionTime: NOW,
    });
    const paused = { conditions: [progressing('Unknown', 'DeploymentPaused')] };
    expect(pausedCondition(web({ paused: true }, paused), clock)).toBeUndefined();
  });

  it('says it also when nothing was said before', () => {
    expect(pausedCondition(web({ paused: true }), clock)).toMatchObject({
      reason: 'DeploymentPaused',
    });
  });

  it('says that it goes on', () => {
    const paused = { conditions: [progressing('Unknown', 'DeploymentPaused')] };
    expect(pausedCondition(web({}, paused), clock)).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentResumed',
      message: 'Deployment is resumed',
    });
  });

  it('says nothing of one that was not paused and is not', () => {
    expect(pausedCondition(web(), clock)).toBeUndefined();
    const resumed = { conditions: [progressing('Unknown', 'DeploymentResumed')] };
    expect(pausedCondition(web({}, resumed), clock)).toBeUndefined();
  });

  it('does not hide that it was stuck', () => {
    const stuck = { conditions: [progressing('False', 'ProgressDeadlineExceeded')] };
    expect(pausedCondition(web({ paused: true }, stuck), clock)).toBeUndefined();
  });

  it('says nothing without a deadline', () => {
    for (const progressDeadlineSeconds of [undefined, 2147483647]) {
      expect(
        pausedCondition(web({ paused: true, progressDeadlineSeconds }), clock),
      ).toBeUndefined();
    }
  });
});

const counts = (replicas: number, updatedReplicas: number, ready: number, available = ready) => ({
  observedGeneration: 1,
  replicas,
  updatedReplicas,
  readyReplicas: ready,
  availableReplicas: available,
});

describe('withProgress', () => {
  const current = replicaSet('web-2', { size: 10 });
  const available = { type: 'Available', status: 'True', reason: 'X' };

  const judged = (before: object, now: object, spec: object = {}, set = current) =>
    withProgress(web(spec, before), now, set, clock).find(({ type }) => type === 'Progressing');

  it.core('says that it went on', () => {
    const condition = judged(counts(10, 2, 2), counts(10, 3, 2));
    expect(condition).toEqual({
      type: 'Progressing',
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: 'ReplicaSet "web-2" is progressing.',
      lastUpdateTime: NOW,
      lastTransitionTime: NOW,
    });
  });

  it('counts as progress more updated, fewer old, more ready, more available pods', () => {
    const before = counts(10, 2, 6, 5);
    const after = [
      counts(10, 3, 6, 5),
      counts(9, 2, 6, 5),
      counts(10, 2, 7, 5),
      counts(10, 2, 6, 6),
    ];
    for (const now of after) expect(judged(before, now)?.reason).toBe('ReplicaSetUpdated');
    for (const now of [before, counts(11, 2, 6, 5), counts(10, 2, 5, 4)]) {
      expect(judged(before, now)).toBeUndefined();
    }
  });

  it('moves the time of the last progress, and keeps since when it is so', () => {
    const old = { ...counts(10, 2, 2), conditions: [progressing('True', 'ReplicaSetUpdated')] };
    const now = { ...counts(10, 3, 2), conditions: old.conditions };
    expect(judged(old, now)).toMatchObject({ lastUpdateTime: NOW, lastTransitionTime: MIDNIGHT });
    const stuck = {
      ...counts(10, 2, 2),
      conditions: [progressing('False', 'ProgressDeadlineExceeded')],
    };
    const again = { ...counts(10, 3, 2), conditions: stuck.conditions };
    expect(judged(stuck, again)).toMatchObject({ status: 'True', lastTransitionTime: NOW });
  });

  it.core('says that it has arrived', () => {
    const old = { ...counts(10, 9, 9), conditions: [progressing('True', 'ReplicaSetUpdated')] };
    const now = { ...counts(10, 10, 10), conditions: old.conditions };
    expect(judged(old, now)).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "web-2" has successfully progressed.',
      lastTransitionTime: MIDNIGHT,
    });
  });

  it('says nothing new of one that had arrived, when pods come and go', () => {
    const conditions = [progressing('True', 'NewReplicaSetAvailable')];
    const old = { ...counts(10, 10, 10), conditions };
    const fewer = { ...counts(10, 10, 7), conditions };
    expect(judged(old, fewer)).toEqual(conditions[0]);
    const later = { now: () => Date.parse(MIDNIGHT) + 3_600_000 };
    const [same] = withProgress(web({}, fewer), fewer, current, later);
    expect(same).toEqual(conditions[0]);
  });

  it('begins anew when one that had arrived gets a new template', () => {
    const conditions = [progressing('True', 'NewReplicaSetAvailable')];
    const old = { ...counts(10, 10, 10), conditions };
    const now = { ...counts(11, 1, 10), conditions };
    expect(judged(old, now)?.reason).toBe('NewReplicaSetAvailable');
    const next = { ...counts(11, 2, 10), conditions };
    expect(judged({ ...counts(11, 1, 10), conditions }, next)?.reason).toBe('ReplicaSetUpdated');
  });

  it.core('says that it is stuck once the deadline is over', () => {
    const status = { ...counts(10, 2, 2), conditions: [progressing('True', 'ReplicaSetUpdated')] };
    const spec = { progressDeadlineSeconds: 59 };
    expect(judged(status, status, spec)).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "web-2" has timed out progressing.',
      lastTransitionTime: NOW,
    });
    expect(judged(status, status, { progressDeadlineSeconds: 60 })?.status).toBe('True');
  });

  it('stays stuck until it goes on', () => {
    const status = {
      ...counts(10, 2, 2),
      conditions: [progressing('False', 'ProgressDeadlineExceeded', NOW)],
    };
    expect(judged(status, status)).toEqual(status.conditions[0]);
  });

  it('counts from when it was resumed', () => {
    const status = {
      ...counts(10, 2, 2),
      conditions: [progressing('Unknown', 'DeploymentResumed', NOW)],
    };
    expect(judged(status, status, { progressDeadlineSeconds: 1 })?.reason).toBe(
      'DeploymentResumed',
    );
  });

  it('does not call one stuck of which nothing was ever said', () => {
    expect(
      judged(counts(10, 2, 2), counts(10, 2, 2), { progressDeadlineSeconds: 1 }),
    ).toBeUndefined();
  });

  it('names the Deployment when there is no ReplicaSet', () => {
    const [condition] = withProgress(web({}, counts(0, 0, 0)), counts(1, 1, 0), undefined, clock);
    expect(condition?.message).toBe('Deployment "web" is progressing.');
  });

  it('has no such condition without a deadline', () => {
    const status = {
      ...counts(10, 2, 2),
      conditions: [available, progressing('True', 'ReplicaSetUpdated')],
    };
    for (const progressDeadlineSeconds of [undefined, 2147483647]) {
      const deployment = web({ progressDeadlineSeconds }, status);
      expect(withProgress(deployment, status, current, clock)).toEqual([available]);
    }
  });

  it('keeps all other conditions', () => {
    const now = { ...counts(10, 3, 2), conditions: [available] };
    const all = withProgress(web({}, counts(10, 2, 2)), now, current, clock);
    expect(all).toContainEqual(available);
    expect(all.length).toBe(2);
  });
});

describe('progressCheckAfterMs', () => {
  const status = (reason: string) => ({
    ...counts(10, 2, 2),
    conditions: [progressing('True', reason)],
  });

  it.core('is a second after the deadline', () => {
    expect(progressCheckAfterMs(web(), status('ReplicaSetUpdated'), clock)).toBe(541_000);
    const late = web({ progressDeadlineSeconds: 59 });
    expect(progressCheckAfterMs(late, status('ReplicaSetUpdated'), clock)).toBe(0);
  });

  it('is never when nobody needs to look', () => {
    const updated = status('ReplicaSetUpdated');
    expect(progressCheckAfterMs(web(), counts(10, 2, 2), clock)).toBeUndefined();
    expect(progressCheckAfterMs(web(), status('ProgressDeadlineExceeded'), clock)).toBeUndefined();
    const arrived = { ...updated, ...counts(10, 10, 10) };
    expect(progressCheckAfterMs(web(), arrived, clock)).toBeUndefined();
    const forever = web({ progressDeadlineSeconds: 2147483647 });
    expect(progressCheckAfterMs(forever, updated, clock)).toBeUndefined();
  });
});
