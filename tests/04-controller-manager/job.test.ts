import { FakeClock, type Pod, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { JOBS, PODS } from '#client';
import {
  countEnded,
  MAX_PODS_PER_SYNC,
  MAX_UNCOUNTED_PODS,
  newControllerContext,
  newJobController,
  planPods,
  runControllers,
  settleUncounted,
  trackPods,
  verdictOf,
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

const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';
const FAILURES = 'batch.kubernetes.io/job-index-failure-count';
const NOW = Date.UTC(2025, 0, 1, 12);
const at = (ms: number): string => new Date(ms).toISOString();

type PhaseName = 'Pending' | 'Running' | 'Succeeded' | 'Failed';
interface PodFacts {
  readonly tracked?: boolean;
  readonly going?: boolean;
  readonly index?: number;
  readonly failures?: number;
  readonly exitCode?: number;
  readonly restarts?: number;
  readonly endedAgoMs?: number;
  readonly ready?: boolean;
}

/** A pod of the Job, tracked unless it is said not to be; its name is its uid. */
function pod(uid: string, phase: PhaseName, facts: PodFacts = {}): Pod {
  const { tracked = true, going = false, index, failures, exitCode, restarts = 0 } = facts;
  const finishedAt = at(NOW - (facts.endedAgoMs ?? 60_000));
  const isEnded = phase === 'Succeeded' || phase === 'Failed';
  const code = exitCode ?? (phase === 'Failed' ? 1 : 0);
  return {
    metadata: {
      name: uid,
      uid,
      namespace: 'default',
      creationTimestamp: at(NOW - 3_600_000),
      ...(tracked && { finalizers: [TRACKING] }),
      ...(going && { deletionTimestamp: at(NOW) }),
      ...(index !== undefined && {
        annotations: {
          [INDEX]: String(index),
          ...(failures !== undefined && { [FAILURES]: String(failures) }),
        },
      }),
    },
    spec: { containers: [], nodeName: 'node-1' },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: facts.ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'main',
          image: '',
          imageID: '',
          ready: false,
          restartCount: restarts,
          state: isEnded ? { terminated: { exitCode: code, finishedAt } } : {},
        },
      ],
    },
  } as Pod;
}

const job = (spec: object = {}, status: object = {}, metadata: object = {}) => ({
  metadata: { name: 'pi', namespace: 'default', uid: 'job', ...metadata },
  spec: { parallelism: 1, completions: 1, template: {}, backoffLimit: 6, ...spec },
  status,
});
const indexed = (spec: object = {}, status: object = {}) =>
  job({ completionMode: 'Indexed', completions: 5, parallelism: 5, ...spec }, status);
const uids = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata?.uid);
const lists = (succeeded: string[] = [], failed: string[] = []) => ({ succeeded, failed });
const many = (count: number, phase: PhaseName, facts: PodFacts = {}) =>
  Array.from({ length: count }, (_, i) => pod(`p${i}`, phase, facts));

describe('settleUncounted', () => {
  it('counts a pod once it is not tracked any more', () => {
    const status = { succeeded: 1, uncountedTerminatedPods: { succeeded: ['a'], failed: ['b'] } };
    const pods = [
      pod('a', 'Succeeded', { tracked: false }),
      pod('b', 'Failed', { tracked: false }),
    ];
    expect(settleUncounted(status, pods)).toEqual({
      succeeded: 2,
      failed: 1,
      uncountedTerminatedPods: {},
    });
  });

  it.core('leaves a pod that is still tracked in its list', () => {
    const status = { uncountedTerminatedPods: lists(['a', 'b'], ['c']) };
    const pods = [
      pod('a', 'Succeeded'),
      pod('b', 'Succeeded', { tracked: false }),
      pod('c', 'Failed'),
    ];
    expect(settleUncounted(status, pods)).toEqual({
      succeeded: 1,
      uncountedTerminatedPods: { succeeded: ['a'], failed: ['c'] },
    });
  });

  it('counts a pod that is gone', () => {
    const status = { uncountedTerminatedPods: lists(['a'], ['b', 'c']) };
    expect(settleUncounted(status, [])).toEqual({
      succeeded: 1,
      failed: 2,
      uncountedTerminatedPods: {},
    });
  });

  it('keeps the order of those that wait', () => {
    const status = { uncountedTerminatedPods: lists(['c', 'x', 'a', 'b']) };
    const pods = [pod('a', 'Succeeded'), pod('b', 'Succeeded'), pod('c', 'Succeeded')];
    expect(settleUncounted(status, pods).uncountedTerminatedPods).toEqual({
      succeeded: ['c', 'a', 'b'],
    });
  });

  it('does not make up counters', () => {
    expect(settleUncounted(undefined, [])).toEqual({ uncountedTerminatedPods: {} });
    expect(settleUncounted({ active: 2 }, [pod('a', 'Succeeded')])).toEqual({
      active: 2,
      uncountedTerminatedPods: {},
    });
  });

  it('is another status, and leaves the old one alone', () => {
    const status = Object.freeze({
      ready: 1,
      uncountedTerminatedPods: Object.freeze({ failed: Object.freeze(['a']) as string[] }),
    });
    expect(settleUncounted(status, [])).toEqual({
      ready: 1,
      failed: 1,
      uncountedTerminatedPods: {},
    });
    expect(status.uncountedTerminatedPods).toEqual({ failed: ['a'] });
  });

  it('does nothing more when it is done again', () => {
    const pods = [pod('a', 'Succeeded'), pod('b', 'Failed', { tracked: false })];
    const once = settleUncounted({ uncountedTerminatedPods: lists(['a'], ['b']) }, pods);
    expect(settleUncounted(once, pods)).toEqual(once);
  });
});

describe('countEnded', () => {
  it.core('adds counters, lists, and pods that have just ended', () => {
    const status = { succeeded: 4, uncountedTerminatedPods: { succeeded: ['a'], failed: ['b'] } };
    const pods = [
      pod('a', 'Succeeded'),
      pod('c', 'Succeeded'),
      pod('d', 'Succeeded', { tracked: false }),
    ];
    expect(countEnded(job({}, status), pods)).toEqual({ succeeded: 6, failed: 1 });
  });

  it('is nothing for a new Job', () => {
    const pods = [pod('a', 'Running'), pod('b', 'Pending')];
    expect(countEnded(job(), pods)).toEqual({ succeeded: 0, failed: 0 });
  });

  const cases: [string, Pod, object, number][] = [
    ['a failed pod', pod('a', 'Failed'), {}, 1],
    ['a failed pod that is listed', pod('listed', 'Failed'), {}, 1],
    ['a failed pod that is not tracked', pod('a', 'Failed', { tracked: false }), {}, 0],
    ['a running pod that is being deleted', pod('a', 'Running', { going: true }), {}, 1],
    [
      'one being deleted, where only ended ones are replaced',
      pod('a', 'Running', { going: true }),
      { podReplacementPolicy: 'Failed' },
      0,
    ],
    ['a succeeded pod that is being deleted', pod('a', 'Succeeded', { going: true }), {}, 0],
    [
      'a failure that is ignored',
      pod('a', 'Failed', { exitCode: 42 }),
      {
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }],
        },
      },
      0,
    ],
    [
      'a failure that is not the one that is ignored',
      pod('a', 'Failed', { exitCode: 43 }),
      {
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [42] } }],
        },
      },
      1,
    ],
  ];
  for (const [name, one, spec, expected] of cases) {
    it(`counts ${name} ${expected === 0 ? 'not' : 'once'} as failed`, () => {
      const failed = one.metadata?.uid === 'listed' ? ['listed'] : [];
      const status = { uncountedTerminatedPods: { failed } };
      expect(countEnded(job(spec, status), [one]).failed).toBe(expected);
    });
  }

  it('counts indexes, not pods, of an Indexed Job', () => {
    const pods = [
      pod('a', 'Succeeded', { index: 1 }),
      pod('b', 'Succeeded', { index: 1 }),
      pod('c', 'Succeeded', { index: 4 }),
      pod('d', 'Succeeded', { index: 5 }),
      pod('e', 'Succeeded'),
    ];
    const status = { completedIndexes: '0,1', succeeded: 2 };
    expect(countEnded(indexed({}, status), pods).succeeded).toBe(3);
  });

  it('counts failures of an Indexed Job only with an index it asks for', () => {
    const pods = [
      pod('a', 'Failed', { index: 1 }),
      pod('b', 'Failed', { index: 1 }),
      pod('c', 'Failed', { index: 5 }),
      pod('d', 'Failed'),
    ];
    expect(countEnded(indexed(), pods).failed).toBe(2);
  });
});

describe('trackPods', () => {
  it.core('notes pods that ended and lets them go', () => {
    const pods = [pod('a', 'Succeeded'), pod('b', 'Running'), pod('c', 'Failed')];
    const { status, release } = trackPods(job(), pods);
    expect(status.uncountedTerminatedPods).toEqual({ succeeded: ['a'], failed: ['c'] });
    expect(uids(release)).toEqual(['a', 'c']);
    expect(status.succeeded ?? 0).toBe(0);
  });

  it.core('notes no pod twice, but lets it go again', () => {
    const status = { uncountedTerminatedPods: { succeeded: ['a'] } };
    const tracking = trackPods(job({}, status), [pod('a', 'Succeeded')]);
    expect(tracking.status.uncountedTerminatedPods).toEqual({ succeeded: ['a'] });
    expect(uids(tracking.release)).toEqual(['a']);
  });

  it('counts those that were let go before, first', () => {
    const status = { succeeded: 1, uncountedTerminatedPods: { succeeded: ['a', 'b'] } };
    const pods = [pod('b', 'Succeeded'), pod('c', 'Succeeded')];
    expect(trackPods(job({}, status), pods).status).toEqual({
      succeeded: 2,
      uncountedTerminatedPods: { succeeded: ['b', 'c'] },
    });
  });

  it('does not look at pods that are not tracked', () => {
    const pods = [
      pod('a', 'Succeeded', { tracked: false }),
      pod('b', 'Failed', { tracked: false }),
    ];
    expect(trackPods(job(), pods)).toEqual({
      status: { uncountedTerminatedPods: {} },
      release: [],
    });
  });

  it('notes a failed pod once, though it is in the other list', () => {
    // It was given up as failed when the Job was over, and has succeeded after all.
    const status = { uncountedTerminatedPods: { failed: ['a'] } };
    const { status: after } = trackPods(job({}, status), [pod('a', 'Succeeded')]);
    expect(after.uncountedTerminatedPods).toEqual({ failed: ['a'] });
  });

  const failed = { type: 'FailureTarget', reason: 'R', message: 'M' } as const;
  const met = { type: 'SuccessCriteriaMet', reason: 'R', message: 'M' } as const;

  it('gives all others up as failed, when the Job has failed', () => {
    const pods = [pod('a', 'Running'), pod('b', 'Succeeded'), pod('c', 'Pending')];
    const { status, release } = trackPods(job(), pods, failed);
    expect(status.uncountedTerminatedPods).toEqual({ succeeded: ['b'], failed: ['a', 'c'] });
    expect(uids(release)).toEqual(['a', 'b', 'c']);
  });

  it('lets all others go without counting them, when the Job has succeeded', () => {
    const pods = [pod('a', 'Running'), pod('b', 'Succeeded'), pod('c', 'Failed')];
    const { status, release } = trackPods(job(), pods, met);
    expect(status.uncountedTerminatedPods).toEqual({ succeeded: ['b'], failed: ['c'] });
    expect(uids(release)).toEqual(['a', 'b', 'c']);
  });

  it('lets all go, when the Job is being deleted', () => {
    const deleted = job({}, {}, { deletionTimestamp: at(NOW) });
    const { status, release } = trackPods(deleted, [pod('a', 'Running'), pod('b', 'Failed')]);
    expect(status.uncountedTerminatedPods).toEqual({ failed: ['b'] });
    expect(uids(release)).toEqual(['a', 'b']);
  });

  it('lets a failure go that does not count', () => {
    const rules = [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [1] } }];
    const { status, release } = trackPods(job({ podFailurePolicy: { rules } }), [
      pod('a', 'Failed'),
    ]);
    expect(status.uncountedTerminatedPods).toEqual({});
    expect(uids(release)).toEqual(['a']);
  });

  it(`notes ${MAX_UNCOUNTED_PODS} pods at most`, () => {
    const pods = many(MAX_UNCOUNTED_PODS + 3, 'Succeeded');
    const { status, release } = trackPods(job(), pods);
    expect(status.uncountedTerminatedPods?.succeeded?.length).toBe(MAX_UNCOUNTED_PODS);
    expect(release.length).toBe(MAX_UNCOUNTED_PODS);
  });

  it('lets those go that are noted, and no others, when both lists together are full', () => {
    const noted = many(MAX_UNCOUNTED_PODS, 'Failed');
    const half = MAX_UNCOUNTED_PODS / 2;
    const [some, others] = [uids(noted.slice(0, half)), uids(noted.slice(half))];
    const status = { uncountedTerminatedPods: { succeeded: some, failed: others } };
    const { status: after, release } = trackPods(job({}, status), [
      pod('x', 'Succeeded'),
      pod('y', 'Failed'),
      ...noted,
    ]);
    expect(after.uncountedTerminatedPods).toEqual({ succeeded: some, failed: others });
    expect(uids(release)).toEqual(uids(noted));
  });

  it('releases no more than that, though they are not noted', () => {
    const pods = Array.from({ length: MAX_UNCOUNTED_PODS + 3 }, (_, i) =>
      pod(`p${i}`, 'Succeeded', { index: i }),
    );
    const large = indexed({ completions: 1000 });
    expect(trackPods(large, pods).release.length).toBe(MAX_UNCOUNTED_PODS);
  });

  it('writes indexes of an Indexed Job, and no uids of those that succeeded', () => {
    const pods = [
      pod('a', 'Succeeded', { index: 2 }),
      pod('b', 'Succeeded', { index: 4 }),
      pod('c', 'Failed', { index: 3 }),
      pod('d', 'Failed', { index: 9 }),
    ];
    const { status, release } = trackPods(
      indexed({}, { completedIndexes: '0,1', succeeded: 2 }),
      pods,
    );
    expect(status).toEqual({
      completedIndexes: '0-2,4',
      succeeded: 4,
      uncountedTerminatedPods: { failed: ['c'] },
    });
    expect(uids(release)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps a failed pod until another one has taken its place', () => {
    const each = indexed({ backoffLimitPerIndex: 2 });
    const lost = pod('a', 'Failed', { index: 1, failures: 0 });
    expect(trackPods(each, [lost]).release).toEqual([]);
    expect(trackPods(each, [lost]).status.uncountedTerminatedPods).toEqual({});
    const replaced = [lost, pod('b', 'Running', { index: 1, failures: 1 })];
    expect(uids(trackPods(each, replaced).release)).toEqual(['a']);
  });

  it('writes the indexes that failed for good', () => {
    const each = indexed({ backoffLimitPerIndex: 1 }, { failedIndexes: '0' });
    const pods = [
      pod('a', 'Failed', { index: 1, failures: 1 }),
      pod('b', 'Failed', { index: 2, failures: 0 }),
    ];
    const { status, release } = trackPods(each, pods);
    expect(status.failedIndexes).toBe('0,1');
    expect(uids(release)).toEqual(['a']);
  });

  const steps = fc.array(fc.constantFrom('end', 'fail', 'write', 'release', 'go', 'lose'), {
    minLength: 5,
    maxLength: 40,
  });
  property('counts every pod once, wherever it stops', steps, (names) => {
    const cluster = new CountedCluster();
    for (const name of names) cluster.step(name);
    for (const name of ['release', 'go', 'write']) cluster.step(name);
    const { succeeded = 0, failed = 0 } = cluster.status;
    expect({ succeeded, failed }).toEqual(cluster.truth);
  });
});

/** Pods that end, and a controller that may stop between any two of its steps. */
class CountedCluster {
  status: NonNullable<ReturnType<typeof trackPods>['status']> = {};
  readonly truth = { succeeded: 0, failed: 0 };
  #pods: Pod[] = [];
  #next = 0;

  step(name: string): void {
    if (name === 'end' || name === 'fail') this.#end(name === 'end' ? 'Succeeded' : 'Failed');
    if (name === 'write') this.status = trackPods(job({}, this.status), this.#pods).status;
    if (name === 'release') this.#release(() => true);
    // One that fails half way.
    if (name === 'lose') this.#release((i) => i % 2 === 0);
    // Pods that nobody waits for may go at any time.
    if (name === 'go') {
      this.#pods = this.#pods.filter(({ metadata }) => metadata?.finalizers !== undefined);
    }
    expect(countEnded(job({}, this.status), this.#pods)).toEqual(this.truth);
  }

  #end(phase: 'Succeeded' | 'Failed'): void {
    this.#pods.push(pod(`p${this.#next++}`, phase));
    this.truth[phase === 'Succeeded' ? 'succeeded' : 'failed']++;
  }

  /** As the controller does: what is written first, then the finalizers. */
  #release(isDone: (i: number) => boolean): void {
    const { status, release } = trackPods(job({}, this.status), this.#pods);
    this.status = status;
    const gone = new Set(uids(release.filter((_, i) => isDone(i))));
    this.#pods = this.#pods.map((each) => {
      if (!gone.has(each.metadata?.uid)) return each;
      const { finalizers: _, ...metadata } = each.metadata ?? {};
      return { ...each, metadata };
    });
  }
}

describe('verdictOf', () => {
  it('lets a Job go on', () => {
    expect(verdictOf(job(), [pod('a', 'Running')], NOW)).toBeUndefined();
    expect(verdictOf(job({ completions: 2 }), [pod('a', 'Succeeded')], NOW)).toBeUndefined();
  });

  const done = {
    type: 'SuccessCriteriaMet',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
  const backoff = {
    type: 'FailureTarget',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  };

  it.core('is a success when enough pods succeeded', () => {
    const pods = [pod('a', 'Succeeded'), pod('b', 'Succeeded')];
    expect(verdictOf(job({ completions: 2 }), pods, NOW)).toEqual(done);
    expect(verdictOf(job({ completions: 2 }, { succeeded: 2 }), [], NOW)).toEqual(done);
    expect(verdictOf(job({ completions: 0 }), [], NOW)).toEqual(done);
  });

  it('waits for pods that are still active', () => {
    const pods = [pod('a', 'Succeeded'), pod('b', 'Running')];
    expect(verdictOf(job(), pods, NOW)).toBeUndefined();
    const going = [pod('a', 'Succeeded'), pod('b', 'Running', { going: true, tracked: false })];
    expect(verdictOf(job(), going, NOW)).toEqual(done);
  });

  it('asks one success of a work queue, and that all are done', () => {
    const queue = job({ completions: undefined, parallelism: 3 });
    expect(verdictOf(queue, [], NOW)).toBeUndefined();
    expect(verdictOf(queue, [pod('a', 'Succeeded'), pod('b', 'Running')], NOW)).toBeUndefined();
    expect(verdictOf(queue, [pod('a', 'Succeeded')], NOW)).toEqual(done);
  });

  it.core('is a failure when more pods failed than the limit', () => {
    const limited = job({ backoffLimit: 1 });
    expect(verdictOf(limited, [pod('a', 'Failed')], NOW)).toBeUndefined();
    expect(verdictOf(limited, [pod('a', 'Failed'), pod('b', 'Failed')], NOW)).toEqual(backoff);
    expect(verdictOf(job({ backoffLimit: 0 }, { failed: 1 }), [], NOW)).toEqual(backoff);
  });

  it('allows six failures, when nobody says how many', () => {
    const unlimited = job({ backoffLimit: undefined });
    expect(verdictOf(unlimited, many(6, 'Failed'), NOW)).toBeUndefined();
    expect(verdictOf(unlimited, many(7, 'Failed'), NOW)).toEqual(backoff);
  });

  it('counts restarts where containers are restarted', () => {
    const template = { spec: { restartPolicy: 'OnFailure', containers: [] } };
    const pods = [pod('a', 'Running', { restarts: 1 }), pod('b', 'Pending', { restarts: 1 })];
    expect(verdictOf(job({ template, backoffLimit: 3 }), pods, NOW)).toBeUndefined();
    expect(verdictOf(job({ template, backoffLimit: 2 }), pods, NOW)).toEqual(backoff);
    expect(verdictOf(job({ backoffLimit: 1 }), pods, NOW)).toBeUndefined();
  });

  it('is a failure when it takes too long', () => {
    const slow = (ms: number) => ({ startTime: at(NOW - ms) });
    const limit = { activeDeadlineSeconds: 30 };
    const pods = [pod('a', 'Running')];
    expect(verdictOf(job(limit, slow(29_000)), pods, NOW)).toBeUndefined();
    expect(verdictOf(job(limit, slow(30_000)), pods, NOW)).toEqual({
      type: 'FailureTarget',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    });
    expect(verdictOf(job({ ...limit, suspend: true }, slow(60_000)), pods, NOW)).toBeUndefined();
    expect(verdictOf(job(limit), pods, NOW)).toBeUndefined();
  });

  it('is a failure when a pod failed in a way that fails the Job', () => {
    const rules = [
      { action: 'Count', onExitCodes: { operator: 'In', values: [1] } },
      { action: 'FailJob', onExitCodes: { operator: 'NotIn', values: [1, 2] } },
    ];
    const strict = job({ podFailurePolicy: { rules } });
    expect(verdictOf(strict, [pod('a', 'Failed')], NOW)).toBeUndefined();
    const fatal = [pod('a', 'Failed'), pod('b', 'Failed', { exitCode: 42 })];
    expect(verdictOf(strict, fatal, NOW)).toEqual({
      type: 'FailureTarget',
      reason: 'PodFailurePolicy',
      message:
        'Container main for pod default/b failed with exit code 42 matching FailJob rule at index 1',
    });
  });

  it('does not fail for a pod that has not', () => {
    const rules = [{ action: 'FailJob', onPodConditions: [{ type: 'Ready', status: 'False' }] }];
    const strict = job({ podFailurePolicy: { rules } });
    expect(verdictOf(strict, [pod('a', 'Running', { going: true })], NOW)).toBeUndefined();
    expect(verdictOf(strict, [pod('a', 'Failed')], NOW)?.message).toBe(
      'Pod default/a has condition Ready matching FailJob rule at index 0',
    );
  });

  it('says why it failed before it says that too many did', () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } }];
    const both = job({ podFailurePolicy: { rules }, backoffLimit: 0 });
    expect(verdictOf(both, [pod('a', 'Failed')], NOW)?.reason).toBe('PodFailurePolicy');
  });

  it('prefers the limit to the deadline', () => {
    const late = job({ backoffLimit: 0, activeDeadlineSeconds: 1 }, { startTime: at(NOW - 5000) });
    expect(verdictOf(late, [pod('a', 'Failed')], NOW)?.reason).toBe('BackoffLimitExceeded');
  });

  it('prefers a failure to a success', () => {
    const both = [pod('a', 'Succeeded'), pod('b', 'Failed')];
    expect(verdictOf(job({ backoffLimit: 0 }), both, NOW)).toEqual(backoff);
  });

  it('stays with what was written', () => {
    const condition = (type: string) => ({
      conditions: [{ type, status: 'True', reason: 'Because', message: 'of this' }],
    });
    for (const type of ['FailureTarget', 'SuccessCriteriaMet'] as const) {
      const written = job({ backoffLimit: 0 }, condition(type));
      expect(verdictOf(written, [pod('a', 'Failed')], NOW)).toEqual({
        type,
        reason: 'Because',
        message: 'of this',
      });
    }
  });

  it('does not stay with a condition that is false', () => {
    const conditions = [{ type: 'FailureTarget', status: 'False', reason: 'R', message: 'M' }];
    expect(verdictOf(job({}, { conditions }), [pod('a', 'Running')], NOW)).toBeUndefined();
  });

  it('fails when too many indexes failed', () => {
    const each = indexed({ backoffLimitPerIndex: 0, maxFailedIndexes: 1 });
    const one = [pod('a', 'Failed', { index: 0, failures: 0 })];
    expect(verdictOf(each, one, NOW)).toBeUndefined();
    const two = [...one, pod('b', 'Failed', { index: 3, failures: 0 })];
    expect(verdictOf(each, two, NOW)).toEqual({
      type: 'FailureTarget',
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    });
  });

  it('fails at the end when an index failed', () => {
    const each = indexed({ backoffLimitPerIndex: 0 }, { completedIndexes: '0-2' });
    const one = [pod('a', 'Failed', { index: 3, failures: 0 })];
    expect(verdictOf(each, one, NOW)).toBeUndefined();
    const all = [...one, pod('b', 'Succeeded', { index: 4, failures: 0 })];
    expect(verdictOf(each, all, NOW)).toEqual({
      type: 'FailureTarget',
      reason: 'FailedIndexes',
      message: 'Job has failed indexes',
    });
  });

  it('is a success as soon as a rule of the success policy is met', () => {
    const rules = [{ succeededIndexes: '0-1' }, { succeededCount: 3 }];
    const lenient = indexed({ successPolicy: { rules } });
    const pods = (...indexes: number[]) =>
      indexes.map((index) => pod(`p${index}`, 'Succeeded', { index }));
    const busy = pod('x', 'Running', { index: 4 });
    expect(verdictOf(lenient, [...pods(0, 2), busy], NOW)).toBeUndefined();
    expect(verdictOf(lenient, [...pods(0, 1), busy], NOW)).toEqual({
      type: 'SuccessCriteriaMet',
      reason: 'SuccessPolicy',
      message: 'Matched rules at index 0',
    });
    expect(verdictOf(lenient, [...pods(0, 2, 3), busy], NOW)?.message).toBe(
      'Matched rules at index 1',
    );
  });
});

describe('planPods', () => {
  const plan = (one: object, pods: readonly Pod[], wait = 0) =>
    planPods(one as never, pods, undefined, wait, NOW);
  const nothing = { remove: [], create: 0, indexes: [] };

  it.core('makes as many pods as may run at the same time', () => {
    expect(plan(job({ completions: 5, parallelism: 3 }), [])).toEqual({ ...nothing, create: 3 });
    const two = [pod('a', 'Running'), pod('b', 'Pending')];
    expect(plan(job({ completions: 5, parallelism: 3 }), two).create).toBe(1);
  });

  it.core('makes no more than are still to succeed', () => {
    const pods = [pod('a', 'Running'), pod('b', 'Succeeded')];
    expect(plan(job({ completions: 5, parallelism: 3 }, { succeeded: 2 }), pods).create).toBe(1);
    expect(plan(job({ completions: 4, parallelism: 3 }, { succeeded: 2 }), pods)).toEqual(nothing);
  });

  it('makes a pod for one that failed', () => {
    const pods = [pod('a', 'Failed'), pod('b', 'Running')];
    expect(plan(job({ completions: 2, parallelism: 2 }), pods).create).toBe(1);
  });

  it('does not count pods that are being deleted', () => {
    const pods = [pod('a', 'Running', { going: true })];
    expect(plan(job(), pods).create).toBe(1);
  });

  it('waits for them to end, where only ended ones are replaced', () => {
    const pods = [pod('a', 'Running', { going: true }), pod('b', 'Running')];
    const patient = job({ completions: 3, parallelism: 3, podReplacementPolicy: 'Failed' });
    expect(plan(patient, pods).create).toBe(1);
    const ended = [pod('a', 'Failed', { going: true }), pod('b', 'Running')];
    expect(plan(patient, ended).create).toBe(2);
  });

  it('fills a work queue until one has succeeded', () => {
    const queue = job({ completions: undefined, parallelism: 3 });
    const pods = [pod('a', 'Running'), pod('b', 'Running')];
    expect(plan(queue, pods).create).toBe(1);
    expect(plan(queue, [...pods, pod('c', 'Succeeded')])).toEqual(nothing);
    expect(plan(queue, [...pods, pod('c', 'Failed')]).create).toBe(1);
  });

  it('deletes what is too many, what has come least far first', () => {
    const pods = [
      pod('a', 'Running', { ready: true }),
      pod('b', 'Pending'),
      pod('c', 'Running'),
      pod('d', 'Succeeded'),
    ];
    const { remove, create } = plan(job({ completions: 9, parallelism: 1 }), pods);
    expect(uids(remove)).toEqual(['b', 'c']);
    expect(create).toBe(0);
  });

  it('deletes what is too many of a work queue', () => {
    const queue = job({ completions: undefined, parallelism: 0 });
    expect(uids(plan(queue, [pod('a', 'Running')]).remove)).toEqual(['a']);
  });

  it('deletes all active pods of a Job that is suspended', () => {
    const pods = [pod('a', 'Running'), pod('b', 'Succeeded'), pod('c', 'Pending', { going: true })];
    const suspended = job({ completions: 5, parallelism: 5, suspend: true });
    expect(plan(suspended, pods)).toEqual({ ...nothing, remove: [pods[0]] });
    expect(plan(suspended, [])).toEqual(nothing);
  });

  it('deletes all active pods of a Job that is over', () => {
    const verdict = { type: 'FailureTarget', reason: 'R', message: 'M' } as const;
    const pods = [pod('a', 'Running'), pod('b', 'Failed')];
    const over = planPods(job({ completions: 5, parallelism: 5 }) as never, pods, verdict, 0, NOW);
    expect(over).toEqual({ ...nothing, remove: [pods[0]] });
  });

  it('does nothing for a Job that is being deleted', () => {
    const deleted = job({ parallelism: 0 }, {}, { deletionTimestamp: at(NOW) });
    expect(plan(deleted, [pod('a', 'Running')])).toEqual(nothing);
    const missing = job({ parallelism: 1 }, {}, { deletionTimestamp: at(NOW) });
    expect(plan(missing, [])).toEqual(nothing);
  });

  it(`makes and deletes ${MAX_PODS_PER_SYNC} at most`, () => {
    expect(plan(job({ completions: 2000, parallelism: 2000 }), []).create).toBe(MAX_PODS_PER_SYNC);
    const { remove } = plan(job({ parallelism: 0 }), many(MAX_PODS_PER_SYNC + 5, 'Running'));
    expect(remove.length).toBe(MAX_PODS_PER_SYNC);
  });

  it('waits after failures before it makes pods', () => {
    const busy = job({ completions: 5, parallelism: 3 });
    expect(plan(busy, [pod('a', 'Failed')], 10_000)).toEqual({ ...nothing, waitMs: 10_000 });
    expect(plan(indexed(), [], 10_000)).toEqual({ ...nothing, waitMs: 10_000 });
  });

  it('does not wait when there is nothing to make, nor before it deletes', () => {
    expect(plan(job(), [pod('a', 'Running')], 10_000)).toEqual(nothing);
    expect(plan(job({ parallelism: 0 }), [pod('a', 'Running')], 10_000).remove.length).toBe(1);
  });

  it('makes the lowest indexes that are missing', () => {
    const pods = [pod('a', 'Running', { index: 1 }), pod('b', 'Succeeded', { index: 3 })];
    expect(plan(indexed({ completions: 9, parallelism: 4 }), pods)).toEqual({
      remove: [],
      create: 3,
      indexes: [0, 2, 4],
    });
    const status = { completedIndexes: '0-2', succeeded: 3 };
    expect(plan(indexed({}, status), []).indexes).toEqual([3, 4]);
  });

  it('makes an index that failed again', () => {
    const pods = [pod('a', 'Failed', { index: 0 }), pod('b', 'Running', { index: 1 })];
    expect(plan(indexed({ completions: 2, parallelism: 2 }), pods).indexes).toEqual([0]);
  });

  it('deletes pods with an index twice, or none, or one that nobody asks for', () => {
    const pods = [
      pod('a', 'Running', { index: 0, ready: true }),
      pod('b', 'Pending', { index: 0 }),
      pod('c', 'Running', { index: 7 }),
      pod('d', 'Running'),
    ];
    const { remove, create } = plan(indexed(), pods);
    expect(uids(remove).sort()).toEqual(['b', 'c', 'd']);
    expect(create).toBe(0);
  });

  it('deletes no more than it has to, when misplaced ones are among them', () => {
    const pods = [
      pod('a', 'Running', { index: 0, ready: true }),
      pod('b', 'Running', { index: 1 }),
      pod('c', 'Running', { index: 7 }),
    ];
    const { remove } = plan(indexed({ parallelism: 1 }), pods);
    expect(uids(remove)).toEqual(['c', 'b']);
  });

  it('makes each index when it need not wait any more', () => {
    const each = indexed({ backoffLimitPerIndex: 5, completions: 3, parallelism: 3 });
    const pods = [
      pod('a', 'Failed', { index: 0, failures: 0, endedAgoMs: 4000 }),
      pod('b', 'Failed', { index: 1, failures: 1, endedAgoMs: 4000 }),
    ];
    expect(plan(each, pods, 99_000)).toEqual({ ...nothing, create: 1, indexes: [2] });
    const third = pod('c', 'Running', { index: 2, failures: 0 });
    expect(plan(each, [...pods, third], 99_000)).toEqual({ ...nothing, waitMs: 6000 });
  });

  it('does not make an index that failed for good', () => {
    const each = indexed({ backoffLimitPerIndex: 0, completions: 2, parallelism: 2 });
    const pods = [pod('a', 'Failed', { index: 0, failures: 0 }), pod('b', 'Running', { index: 1 })];
    expect(plan(each, pods)).toEqual(nothing);
  });
});

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newJobController], signal),
    ...options,
  });
};
afterEach(() => world?.end());

const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] },
};
const jobs = () => world.admin.resource(JOBS, 'default');
const create = (spec: object) =>
  jobs().create({ metadata: { name: 'pi' }, spec: { template, ...spec } });
const pods = async () => (await world.admin.resource(PODS, 'default').list()).items;
const statusNow = async () => (await jobs().get('pi')).status ?? {};
const conditionsNow = async () =>
  ((await statusNow()).conditions ?? []).map(
    ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
  );
const finishAll = async (exitCode = 0): Promise<void> => {
  for (const { metadata, status } of await pods()) {
    if (status?.phase !== 'Running') continue;
    await world.nodes.finish('default', metadata?.name ?? '', exitCode);
  }
};
const soon = () => world.advance(3000);

describe('the Job controller', () => {
  it('runs pods until enough have succeeded', async () => {
    await begin();
    await create({ completions: 3, parallelism: 2 });
    await soon();
    expect((await pods()).length).toBe(2);
    expect(await statusNow()).toMatchObject({ active: 2, ready: 2, terminating: 0 });
    await finishAll();
    await soon();
    expect(await statusNow()).toMatchObject({ active: 1, succeeded: 2 });
    await finishAll();
    await world.converge();
    const { active, completionTime, ...rest } = await statusNow();
    expect(active).toBeUndefined();
    expect(completionTime).toBeDefined();
    expect(rest).toMatchObject({ succeeded: 3, ready: 0, uncountedTerminatedPods: {} });
    expect(await conditionsNow()).toEqual([
      'SuccessCriteriaMet=True CompletionsReached: Reached expected number of succeeded pods',
      'Complete=True CompletionsReached: Reached expected number of succeeded pods',
    ]);
    expect((await world.events()).at(-1)).toBe('Normal Completed Job completed');
    expect((await pods()).every(({ metadata }) => !metadata?.finalizers?.length)).toBe(true);
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });

  it('waits ever longer after failures, then gives up', async () => {
    await begin();
    await create({ backoffLimit: 2 });
    const counts: number[] = [];
    for (const seconds of [2, 9, 3, 16, 6]) {
      await finishAll(1);
      await world.advance(seconds * 1000);
      counts.push((await pods()).length);
    }
    expect(counts).toEqual([1, 1, 2, 2, 3]);
    await finishAll(1);
    await world.converge();
    expect(await statusNow()).toMatchObject({ failed: 3, uncountedTerminatedPods: {} });
    expect(await conditionsNow()).toEqual([
      'FailureTarget=True BackoffLimitExceeded: Job has reached the specified backoff limit',
      'Failed=True BackoffLimitExceeded: Job has reached the specified backoff limit',
    ]);
    expect((await world.events()).at(-1)).toBe(
      'Warning BackoffLimitExceeded Job has reached the specified backoff limit',
    );
  });

  it('makes pods with their index', async () => {
    await begin();
    await create({ completions: 2, parallelism: 2, completionMode: 'Indexed' });
    await soon();
    const [first] = await pods();
    expect(first?.metadata?.name).toMatch(/^pi-0-[a-z0-9]{5}$/);
    expect(first?.spec?.hostname).toBe('pi-0');
    expect(first?.metadata?.labels?.[INDEX]).toBe('0');
    expect(first?.metadata?.annotations?.[INDEX]).toBe('0');
    expect(first?.spec?.containers[0]?.env).toContainEqual({
      name: 'JOB_COMPLETION_INDEX',
      valueFrom: {
        fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` },
      },
    });
    await finishAll();
    await world.converge();
    expect(await statusNow()).toMatchObject({ succeeded: 2, completedIndexes: '0,1' });
  });

  it('counts failures for each index', async () => {
    await begin();
    const each = { completions: 2, parallelism: 2, completionMode: 'Indexed' };
    await create({ ...each, backoffLimitPerIndex: 1 });
    for (let i = 0; i < 3; i++) {
      await world.advance(25_000);
      for (const { metadata, status } of await pods()) {
        const name = metadata?.name ?? '';
        if (status?.phase === 'Running')
          await world.nodes.finish('default', name, name.startsWith('pi-1') ? 1 : 0);
      }
    }
    await world.converge();
    expect(await statusNow()).toMatchObject({
      completedIndexes: '0',
      failedIndexes: '1',
      failed: 2,
    });
    expect(await conditionsNow()).toContainEqual(
      'Failed=True FailedIndexes: Job has failed indexes',
    );
    expect(await world.writesWithin()).toEqual([]);
  });

  it('suspends and resumes', async () => {
    await begin();
    await create({ completions: 2, parallelism: 2, activeDeadlineSeconds: 60 });
    await soon();
    const { startTime } = await statusNow();
    const set = (suspend: boolean) => jobs().patch('pi', 'merge-patch', { spec: { suspend } });
    await set(true);
    await world.advance(120_000);
    expect(await pods()).toEqual([]);
    const suspended = await statusNow();
    expect([suspended.active, suspended.startTime, suspended.failed]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await conditionsNow()).toEqual(['Suspended=True JobSuspended: Job suspended']);
    await set(false);
    await soon();
    expect((await pods()).length).toBe(2);
    expect(await conditionsNow()).toEqual(['Suspended=False JobResumed: Job resumed']);
    expect((await statusNow()).startTime).not.toBe(startTime);
    const told = (await world.events()).map((event) => event.split(' ')[1]);
    expect(told.filter((reason) => reason === 'Suspended' || reason === 'Resumed')).toEqual([
      'Suspended',
      'Resumed',
    ]);
  });

  it('ends a Job that takes too long, and its pods', async () => {
    await begin();
    await create({ activeDeadlineSeconds: 60 });
    await world.advance(55_000);
    expect(await conditionsNow()).toEqual([]);
    await world.converge();
    expect(await pods()).toEqual([]);
    expect(await statusNow()).toMatchObject({ failed: 1, terminating: 0 });
    expect((await conditionsNow()).at(-1)).toBe(
      'Failed=True DeadlineExceeded: Job was active longer than specified deadline',
    );
  });

  it('says that it is over only when its pods are', async () => {
    await begin({ auto: false });
    await create({ activeDeadlineSeconds: 60 });
    await soon();
    const [only] = await pods();
    await world.nodes.run('default', only?.metadata?.name ?? '');
    await world.advance(70_000);
    expect((await conditionsNow()).length).toBe(1);
    expect(await statusNow()).toMatchObject({ terminating: 1 });
    await world.nodes.remove('default', only?.metadata?.name ?? '');
    await soon();
    expect((await conditionsNow()).length).toBe(2);
  });

  it('ends the other pods, when its success policy is met', async () => {
    await begin();
    const each = { completions: 3, parallelism: 3, completionMode: 'Indexed' };
    await create({ ...each, successPolicy: { rules: [{ succeededIndexes: '1' }] } });
    await soon();
    const leader = (await pods()).find(({ metadata }) => metadata?.name?.startsWith('pi-1-'));
    await world.nodes.finish('default', leader?.metadata?.name ?? '');
    await world.converge();
    expect((await pods()).length).toBe(1);
    const { succeeded, failed, completedIndexes } = await statusNow();
    expect([succeeded, failed, completedIndexes]).toEqual([1, undefined, '1']);
    expect((await conditionsNow()).at(-1)).toBe(
      'Complete=True SuccessPolicy: Matched rules at index 0',
    );
  });

  it('writes nothing while its pods run', async () => {
    await begin();
    await create({ completions: 5, parallelism: 2, activeDeadlineSeconds: 100_000 });
    await soon();
    expect(await world.writesWithin(20 * 60_000)).toEqual([]);
  });

  it('lets pods of a deleted Job go', async () => {
    await begin();
    await create({ parallelism: 2, completions: 2 });
    await soon();
    await jobs().delete('pi', { propagationPolicy: 'Background' });
    await world.converge();
    expect((await pods()).every(({ metadata }) => !metadata?.finalizers?.length)).toBe(true);
  });

  it('leaves a Job alone that somebody else manages', async () => {
    await begin();
    await create({ managedBy: 'example.com/mine' });
    await world.converge();
    expect(world.writes()).toEqual([]);
  });

  it('makes no pod twice while its cache is behind', async () => {
    await begin();
    await create({ completions: 4, parallelism: 2 });
    await soon();
    const resume = world.api.holdWatches();
    await finishAll();
    await world.advance(20_000);
    expect((await pods()).length).toBe(2);
    resume();
    await soon();
    expect((await pods()).length).toBe(4);
    expect(await statusNow()).toMatchObject({ succeeded: 2, active: 2 });
  });

  for (const seed of [1, 2]) {
    it(`counts each pod once though every write fails once (${seed})`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await create({ completions: 3, parallelism: 2, backoffLimit: 20 });
      for (let i = 0; i < 4; i++) {
        await world.advance(100_000);
        await finishAll(i === 1 ? 1 : 0);
        if (i === 1) world.api.cutWatches();
      }
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      const all = await pods();
      const ended = (phase: string) => all.filter(({ status }) => status?.phase === phase).length;
      const { succeeded, failed } = await statusNow();
      expect({ succeeded, failed }).toEqual({
        succeeded: ended('Succeeded'),
        failed: ended('Failed'),
      });
      expect((await conditionsNow()).at(-1)).toMatch(/^Complete=True/);
      expect(all.every(({ metadata }) => !metadata?.finalizers?.length)).toBe(true);
    });
  }

  for (const stop of [1, 2, 4]) {
    it(`counts each pod once though it is killed at its write ${stop}`, async () => {
      await begin();
      await create({ completions: 2, parallelism: 2 });
      await soon();
      let count = 0;
      const end = world.api.intercept(({ verb, resource }) => {
        const isWrite = !['get', 'list', 'watch'].includes(verb) && resource !== 'events';
        if (isWrite && ++count >= stop) throw new Error('gone');
        return undefined;
      });
      await finishAll();
      await soon();
      end();
      await world.restart();
      await world.converge();
      expect(await statusNow()).toMatchObject({ succeeded: 2, uncountedTerminatedPods: {} });
      expect((await pods()).length).toBe(2);
      expect((await conditionsNow()).at(-1)).toMatch(/^Complete=True/);
    });
  }
});
