import { FakeClock, type Pod, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS } from '#client';
import {
  newControllerContext,
  newPersistentVolumeClaims,
  newStatefulSetController,
  newStatefulSetPod,
  runControllers,
  type StatefulSet,
  type StatefulSetStep,
  type StatefulSetView,
  statefulSetStatus,
  statefulSetSteps,
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

const NOW = Date.parse('2025-01-01T01:00:00Z');
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};

type Spec = NonNullable<StatefulSet['spec']>;

function setOf(spec: Partial<Spec> = {}, rest: Partial<StatefulSet> = {}): StatefulSet {
  return {
    ...rest,
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', ...rest.metadata },
    spec: {
      replicas: 3,
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template,
      podManagementPolicy: 'OrderedReady',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
}

/**
 * A pod in a few words: `2` is web-2, healthy and new. Behind the number: `pending`, `unready`,
 * `failed`, `succeeded`, `going` (is being deleted), `old` (of the revision before), `other` (of one before
 * that), `fresh` (ready for ten seconds), `broken` (needs repair).
 */
function podOf(text: string): Pod {
  const [ordinal, ...words] = text.split(':');
  const has = (word: string): boolean => words.includes(word);
  const revisions: Record<string, string> = { old: 'web-old', other: 'web-other' };
  const revision = revisions[words.find((word) => word in revisions) ?? ''] ?? 'web-new';
  const phases: Record<string, string> = {
    pending: 'Pending',
    failed: 'Failed',
    succeeded: 'Succeeded',
  };
  const phase = phases[words.find((word) => word in phases) ?? ''] ?? 'Running';
  const isReady = phase === 'Running' && !has('unready');
  return {
    metadata: {
      name: `web-${ordinal}`,
      namespace: 'default',
      uid: `uid-${ordinal}`,
      labels: { app: 'web', 'controller-revision-hash': revision },
      annotations: has('broken') ? { broken: 'yes' } : {},
      ...(has('going') && { deletionTimestamp: at(5) }),
    },
    spec: { containers: [] },
    status: {
      phase,
      conditions: [
        {
          type: 'Ready',
          status: isReady ? 'True' : 'False',
          lastTransitionTime: at(has('fresh') ? 10 : 600),
        },
      ],
    },
  } as Pod;
}

interface Case {
  readonly pods?: string;
  readonly spec?: Partial<Spec>;
  readonly set?: Partial<StatefulSet>;
  readonly heldBack?: readonly number[];
  readonly current?: string;
}

function viewOf({
  pods = '',
  spec,
  set,
  heldBack = [],
  current = 'web-old',
}: Case): StatefulSetView {
  return {
    set: setOf(spec, set),
    pods: pods.split(' ').filter(Boolean).map(podOf),
    currentRevision: current,
    updateRevision: 'web-new',
    now: NOW,
    needsRepair: ({ metadata }) => metadata?.annotations?.broken === 'yes',
    isHeldBack: (ordinal) => heldBack.includes(ordinal),
  };
}

/** Steps in a few words: `create 1 new`, `delete 2`. */
function inWords(steps: readonly StatefulSetStep[]): string[] {
  return steps.map((step) =>
    step.do === 'create'
      ? `create ${step.ordinal} ${step.revision.replace('web-', '')}`
      : `${step.do} ${step.pod.metadata?.name?.replace('web-', '')}`,
  );
}
const stepsFor = (one: Case): string[] => inWords(statefulSetSteps(viewOf(one)));

const PARALLEL: Partial<Spec> = { podManagementPolicy: 'Parallel' };
const rolling = (rollingUpdate: object | undefined): Partial<Spec> => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate } as Spec['updateStrategy'],
});

describe('the pod of a StatefulSet', () => {
  it.core('has a name, labels and an address by its number', () => {
    const pod = newStatefulSetPod(setOf({ serviceName: 'nginx' }), 2, 'web-abc');
    expect(pod.metadata).toMatchObject({
      name: 'web-2',
      generateName: 'web-',
      namespace: 'default',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'web-2',
        'apps.kubernetes.io/pod-index': '2',
        'controller-revision-hash': 'web-abc',
      },
      ownerReferences: [{ kind: 'StatefulSet', name: 'web', uid: 'uid-web', controller: true }],
    });
    expect(pod.spec).toMatchObject({ hostname: 'web-2', subdomain: 'nginx' });
    expect(pod.spec?.containers).toEqual(template.spec.containers);
  });

  it('has no subdomain without a service, and no volumes without any', () => {
    const pod = newStatefulSetPod(setOf({ serviceName: undefined as never }), 0, 'r');
    expect(pod.spec).not.toHaveProperty('subdomain');
    expect(pod.spec).not.toHaveProperty('volumes');
  });

  it('gets a volume for each claim, in place of a volume of that name', () => {
    const own = [
      { name: 'tmp', emptyDir: {} },
      { name: 'data', emptyDir: {} },
    ];
    const set = setOf({
      template: { ...template, spec: { ...template.spec, volumes: own } },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }, { metadata: { name: 'log' } }],
    });
    expect(newStatefulSetPod(set, 7, 'r').spec?.volumes).toEqual([
      { name: 'data', persistentVolumeClaim: { claimName: 'data-web-7' } },
      { name: 'log', persistentVolumeClaim: { claimName: 'log-web-7' } },
      { name: 'tmp', emptyDir: {} },
    ]);
    expect(set.spec?.template.spec?.volumes).toEqual(own);
  });

  it('overrides labels of the template that say who it is', () => {
    const labels = { app: 'web', 'statefulset.kubernetes.io/pod-name': 'x' };
    const set = setOf({ template: { ...template, metadata: { labels } } });
    expect(newStatefulSetPod(set, 1, 'r').metadata?.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-1',
    });
  });
});

describe('the claims of a pod', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

  it.core('are named after template, set and number', () => {
    const set = setOf({
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec },
        { metadata: { name: 'log' }, spec },
      ],
    });
    expect(newPersistentVolumeClaims(set, 1)).toMatchObject([
      { metadata: { name: 'data-web-1', namespace: 'default', labels: { app: 'web' } }, spec },
      { metadata: { name: 'log-web-1', namespace: 'default', labels: { app: 'web' } }, spec },
    ]);
  });

  it('keep labels and annotations of their template', () => {
    const metadata = {
      name: 'data',
      labels: { tier: 'db', app: 'other' },
      annotations: { a: 'b' },
    };
    const set = setOf({ volumeClaimTemplates: [{ metadata, spec }] });
    expect(newPersistentVolumeClaims(set, 0)[0]?.metadata).toEqual({
      name: 'data-web-0',
      namespace: 'default',
      labels: { tier: 'db', app: 'web' },
      annotations: { a: 'b' },
    });
    expect(metadata.name).toBe('data');
  });

  it('are none when there is no template', () => {
    expect(newPersistentVolumeClaims(setOf(), 0)).toEqual([]);
  });

  it('are copies', () => {
    const set = setOf({ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec }] });
    expect(newPersistentVolumeClaims(set, 0)[0]?.spec === spec).toBe(false);
  });
});

describe('an ordered StatefulSet', () => {
  it.core('makes one pod after another', () => {
    expect(stepsFor({})).toEqual(['create 0 new']);
    expect(stepsFor({ pods: '0' })).toEqual(['create 1 new']);
    expect(stepsFor({ pods: '1 0' })).toEqual(['create 2 new']);
    expect(stepsFor({ pods: '0 1 2' })).toEqual([]);
  });

  it.core('waits for the pod it made last', () => {
    expect(stepsFor({ pods: '0:pending' })).toEqual(['claims 0']);
    expect(stepsFor({ pods: '0:unready' })).toEqual([]);
    expect(stepsFor({ pods: '0 1:unready' })).toEqual([]);
  });

  it.core('removes the highest numbers, one after another', () => {
    const spec = { replicas: 1 };
    expect(stepsFor({ spec, pods: '0 1 2' })).toEqual(['delete 2']);
    expect(stepsFor({ spec, pods: '0 1 2:going' })).toEqual([]);
    expect(stepsFor({ spec, pods: '0 1' })).toEqual(['delete 1']);
    expect(stepsFor({ spec, pods: '0' })).toEqual([]);
  });

  const cases: Record<string, [Case, string[]]> = {
    'fills a gap before it goes on': [{ pods: '0 2' }, ['create 1 new']],
    'waits until a pod was available for long enough': [
      { pods: '0:fresh', spec: { minReadySeconds: 11 } },
      [],
    ],
    'goes on when a pod was available for long enough': [
      { pods: '0:fresh', spec: { minReadySeconds: 10 } },
      ['create 1 new'],
    ],
    'waits until a pod that is being deleted is gone': [{ pods: '0:going 1' }, []],
    'does not scale up beside a pod that is being deleted': [{ pods: '0 1:going' }, []],
    'deletes a pod that failed, to make it again': [{ pods: '0:failed 1 2' }, ['delete 0']],
    'deletes a pod that succeeded, to make it again': [{ pods: '0:succeeded' }, ['delete 0']],
    'does nothing more than that in one step': [{ pods: '0:failed 1:failed' }, ['delete 0']],
    'does not delete a failed pod twice': [{ pods: '0:failed:going 1 2' }, []],
    'does not repair a pod that failed': [{ pods: '0:failed:broken' }, ['delete 0']],
    'repairs a pod and goes on': [{ pods: '0:broken 1' }, ['repair 0', 'create 2 new']],
    'does not repair a pod that is not ready': [{ pods: '0:broken:unready' }, []],
    'makes claims of a pending pod again': [{ pods: '0 1:pending 2' }, ['claims 1']],
    'does not make a pod that is held back': [{ pods: '0', heldBack: [1] }, []],
    'makes others before one that is held back': [{ pods: '', heldBack: [1] }, ['create 0 new']],
    'scales to nothing': [{ pods: '0', spec: { replicas: 0 } }, ['delete 0']],
    'does not scale down while a pod that stays is not ready': [
      { pods: '0:unready 1 2', spec: { replicas: 1 } },
      [],
    ],
    'makes a pod that is missing before it scales down': [
      { pods: '1 2', spec: { replicas: 1 } },
      ['create 0 new'],
    ],
    'may delete the one that is not ready': [
      { pods: '0 1 2:unready', spec: { replicas: 1 } },
      ['delete 2'],
    ],
    'deletes a ready one though a lower one is not': [
      { pods: '0 1:unready 2', spec: { replicas: 1 } },
      ['delete 2'],
    ],
    'waits when two of them are not ready': [
      { pods: '0 1:unready 2:unready', spec: { replicas: 1 } },
      [],
    ],
    'counts one that is not available yet as not ready': [
      { pods: '0 1:fresh 2:fresh', spec: { replicas: 1, minReadySeconds: 60 } },
      [],
    ],
    'repairs all that are too many before it deletes one': [
      { pods: '0 1:broken 2:broken', spec: { replicas: 1 } },
      ['repair 2', 'repair 1', 'delete 2'],
    ],
    'does not update while it scales down': [
      { pods: '0:old 1:old 2:old', spec: { replicas: 2 } },
      ['delete 2'],
    ],
    'does nothing when it is being deleted': [
      { pods: '0:failed 5', set: { metadata: { name: 'web', deletionTimestamp: at(1) } } },
      [],
    ],
    'begins with its first number': [
      { spec: { replicas: 2, ordinals: { start: 5 } } },
      ['create 5 new'],
    ],
    'ends with its last number': [
      { pods: '5 6', spec: { replicas: 2, ordinals: { start: 5 } } },
      [],
    ],
    'removes numbers below the first one': [
      { pods: '5 6 0 1', spec: { replicas: 2, ordinals: { start: 5 } } },
      ['delete 1'],
    ],
    'counts to ten': [{ pods: '0 1 2 3 4 5 6 7 8 9 10', spec: { replicas: 9 } }, ['delete 10']],
  };
  for (const [name, [one, steps]] of Object.entries(cases)) {
    it(name, () => expect(stepsFor(one)).toEqual(steps));
  }
});

describe('a parallel StatefulSet', () => {
  const cases: Record<string, [Case, string[]]> = {
    'makes all pods at once': [{}, ['create 0 new', 'create 1 new', 'create 2 new']],
    'does not wait for pods to be ready': [
      { pods: '0:pending 1:unready' },
      ['claims 0', 'create 2 new'],
    ],
    'does not wait for pods to be gone': [{ pods: '0:going 1' }, ['create 2 new']],
    'replaces failed pods beside making others': [
      { pods: '0:failed 1:succeeded' },
      ['delete 0', 'delete 1', 'create 2 new'],
    ],
    'leaves out who is held back': [{ heldBack: [1] }, ['create 0 new', 'create 2 new']],
    'removes all that are too many at once': [
      { pods: '0 1:unready 2 3:going 4', spec: { replicas: 1 } },
      ['delete 4', 'delete 2', 'delete 1'],
    ],
    'makes and removes in one go': [
      { pods: '1 5', spec: { replicas: 2 } },
      ['create 0 new', 'delete 5'],
    ],
    'repairs pods that are not ready too': [{ pods: '0:broken:unready 1 2' }, ['repair 0']],
    'does not repair a pod that failed': [{ pods: '0:failed:broken 1 2' }, ['delete 0']],
    'repairs before it deletes': [
      { pods: '0 1:broken 2', spec: { replicas: 1 } },
      ['repair 1', 'delete 2', 'delete 1'],
    ],
    'updates one pod after another all the same': [{ pods: '0:old 1:old 2:old' }, ['delete 2']],
    'waits with the update for a new pod to be available': [
      { pods: '0:old 1:old 2:fresh', spec: { minReadySeconds: 60 } },
      [],
    ],
    'updates an old pod that is not ready': [{ pods: '0:old 1:old 2:old:unready' }, ['delete 2']],
    'deletes an old pod that failed only once': [
      { pods: '0:old 1:old 2:old:failed' },
      ['delete 2'],
    ],
    'scales down and updates in one go': [
      { pods: '0:old 1:old 2:old', spec: { replicas: 2 } },
      ['delete 2', 'delete 1'],
    ],
    'waits with the update for a missing pod': [{ pods: '0:old 1:old' }, ['create 2 new']],
  };
  for (const [name, [one, steps]] of Object.entries(cases)) {
    it(name, () => expect(stepsFor({ ...one, spec: { ...PARALLEL, ...one.spec } })).toEqual(steps));
  }
});

describe('an update', () => {
  it.core('goes from the highest number to the lowest', () => {
    expect(stepsFor({ pods: '0:old 1:old 2:old' })).toEqual(['delete 2']);
    expect(stepsFor({ pods: '0:old 1:old 2:old:going' })).toEqual([]);
    expect(stepsFor({ pods: '0:old 1:old' })).toEqual(['create 2 new']);
    expect(stepsFor({ pods: '0:old 1:old 2:unready' })).toEqual([]);
    expect(stepsFor({ pods: '0:old 1:old 2' })).toEqual(['delete 1']);
    expect(stepsFor({ pods: '0:old 1 2' })).toEqual(['delete 0']);
  });

  const cases: Record<string, [Case, string[]]> = {
    'also replaces pods of revisions long gone': [{ pods: '0:other 1 2' }, ['delete 0']],
    'keeps numbers below the partition': [
      { pods: '0:old 1:old 2', spec: rolling({ partition: 2 }) },
      [],
    ],
    'stops at the partition': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 1 }) },
      ['delete 2'],
    ],
    'does nothing with a partition beyond the last': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 9 }) },
      [],
    ],
    'counts the partition from the first number': [
      {
        pods: '5:old 6:old 7',
        spec: { ordinals: { start: 5 }, ...rolling({ partition: 1 }) },
      },
      ['delete 6'],
    ],
    'makes numbers below the partition as they were': [
      { pods: '0:old 2', spec: rolling({ partition: 2 }) },
      ['create 1 old'],
    ],
    'makes numbers from the partition on anew': [
      { pods: '0:old 1:old', spec: rolling({ partition: 2 }) },
      ['create 2 new'],
    ],
    'counts the partition from the first number when it makes one': [
      { pods: '', spec: { ordinals: { start: 5 }, ...rolling({ partition: 2 }) } },
      ['create 5 old'],
    ],
    'without rollingUpdate makes as many as are current as they were': [
      {
        pods: '0:old',
        spec: rolling(undefined),
        set: { status: { replicas: 3, currentReplicas: 2 } },
      },
      ['create 1 old'],
    ],
    'without rollingUpdate makes those above anew': [
      {
        pods: '0:old',
        spec: rolling(undefined),
        set: { status: { replicas: 3, currentReplicas: 1 } },
      },
      ['create 1 new'],
    ],
    'without rollingUpdate updates all': [
      { pods: '0:old 1:old 2:old', spec: rolling(undefined) },
      ['delete 2'],
    ],
    'OnDelete leaves pods alone': [
      { pods: '0:old 1:old 2:old', spec: { updateStrategy: { type: 'OnDelete' } } },
      [],
    ],
    'OnDelete makes what is missing anew': [
      { pods: '0:old 2:old', spec: { updateStrategy: { type: 'OnDelete' } } },
      ['create 1 new'],
    ],
    'may delete several at once with maxUnavailable': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 0, maxUnavailable: 2 }) },
      ['delete 2', 'delete 1'],
    ],
    'reads maxUnavailable as a percentage, rounded down': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 0, maxUnavailable: '67%' }) },
      ['delete 2', 'delete 1'],
    ],
    'may always delete one': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 0, maxUnavailable: '10%' }) },
      ['delete 2'],
    ],
    'keeps to the partition with maxUnavailable': [
      { pods: '0:old 1:old 2:old', spec: rolling({ partition: 2, maxUnavailable: 3 }) },
      ['delete 2'],
    ],
    'counts all that are not healthy against maxUnavailable': [
      {
        pods: '0:old:unready 1:old 2:old',
        spec: { ...PARALLEL, ...rolling({ partition: 1, maxUnavailable: 2 }) },
      },
      ['delete 2'],
    ],
    'counts missing pods against maxUnavailable': [
      {
        pods: '0:old 1:old',
        spec: { ...PARALLEL, ...rolling({ partition: 0, maxUnavailable: 2 }) },
      },
      ['create 2 new', 'delete 1'],
    ],
    'deletes nothing when more than maxUnavailable are not healthy': [
      {
        pods: '0:old:unready 1:unready 2:old',
        spec: { ...PARALLEL, ...rolling({ partition: 0, maxUnavailable: 1 }) },
      },
      [],
    ],
    'deletes an old pod that failed only once with maxUnavailable': [
      {
        pods: '0:old 1:old:failed 2:old',
        spec: { ...PARALLEL, ...rolling({ partition: 0, maxUnavailable: 3 }) },
      },
      ['delete 1', 'delete 2', 'delete 0'],
    ],
    'leaves out those being deleted with maxUnavailable': [
      {
        pods: '0:old 1:old 2:old:going',
        spec: { ...PARALLEL, ...rolling({ partition: 0, maxUnavailable: 2 }) },
      },
      ['delete 1'],
    ],
  };
  for (const [name, [one, steps]] of Object.entries(cases)) {
    it(name, () => expect(stepsFor(one)).toEqual(steps));
  }
});

describe('a StatefulSet from any state', () => {
  const pod = fc.record({
    ordinal: fc.integer({ min: 0, max: 6 }),
    state: fc.constantFrom('', ':pending', ':unready', ':failed', ':going', ':failed:going'),
    revision: fc.constantFrom('', ':old', ':other'),
  });
  const pods = fc
    .uniqueArray(pod, { selector: ({ ordinal }) => ordinal })
    .map((all) => all.map(({ ordinal, state, revision }) => `${ordinal}${state}${revision}`));
  const shape = fc.record({
    replicas: fc.integer({ min: 0, max: 5 }),
    start: fc.integer({ min: 0, max: 2 }),
    partition: fc.integer({ min: 0, max: 3 }),
    maxUnavailable: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    parallel: fc.boolean(),
  });
  type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;
  const specOf = ({ replicas, start, partition, maxUnavailable, parallel }: Shape) => ({
    replicas,
    ordinals: { start },
    podManagementPolicy: parallel ? 'Parallel' : 'OrderedReady',
    ...rolling({ partition, ...(maxUnavailable !== undefined && { maxUnavailable }) }),
  });
  const numberIn = (text: string): number => Number.parseInt(text, 10);
  const orderOf = (step: string): number => numberIn(step.split(' ')[1] ?? '');

  property('makes no pod that is there, and deletes none twice', pods, shape, (texts, of) => {
    const there = new Set(texts.map(numberIn));
    const steps = stepsFor({ pods: texts.join(' '), spec: specOf(of) });
    expect(new Set(steps).size).toBe(steps.length);
    for (const step of steps) {
      const [what, ordinal] = step.split(' ');
      if (what === 'create') expect(there.has(Number(ordinal))).toBe(false);
      if (what === 'delete') expect(texts).not.toContainEqual(`${ordinal}:going`);
    }
  });

  property('in order makes or deletes one at a time', pods, shape, (texts, of) => {
    const { maxUnavailable: _, ...rest } = { ...of, parallel: false };
    const spec = specOf({ ...rest, maxUnavailable: undefined });
    const steps = stepsFor({ pods: texts.join(' '), spec });
    const changes = steps.filter((step) => /^(create|delete)/.test(step));
    expect(changes.length).toBeLessThanOrEqual(1);
  });

  property('gets where it should be', pods, shape, (texts, of) => {
    let now = texts;
    const spec = specOf(of);
    const isWanted = (text: string): boolean =>
      numberIn(text) >= of.start && numberIn(text) < of.start + of.replicas;
    for (let round = 0, before = '?'; round < 60 && before !== now.join(' '); round++) {
      before = now.join(' ');
      const steps = stepsFor({ pods: before, spec });
      const deleted = steps.filter((step) => step.startsWith('delete')).map(orderOf);
      const made = steps
        .filter((step) => step.startsWith('create'))
        .map((step) => step.slice(7).replace(' new', '').replace(' ', ':'));
      // Nodes do their part: what was to go is gone, what was to run runs. A failed pod that nobody
      // wants is removed by hand: two of them are never ready, and an ordered set waits for them.
      const stays = now
        .filter((text) => !text.includes('going') && !deleted.includes(numberIn(text)))
        .filter((text) => isWanted(text) || !text.includes('failed'))
        .map((text) => text.replace(/:pending|:unready/, ''));
      now = [...stays, ...made];
    }
    const numbers = Array.from({ length: of.replicas }, (_, i) => of.start + i);
    expect(now.map(numberIn).sort()).toEqual(numbers);
    for (const text of now) {
      if (numberIn(text) >= of.start + of.partition) expect(text).not.toContain(':');
    }
  });

  property('never has too few pods because of an update', pods, shape, (texts, of) => {
    const { maxUnavailable = 1 } = of;
    const spec = specOf({ ...of, maxUnavailable });
    const numbers = Array.from({ length: of.replicas }, (_, i) => of.start + i);
    const isHealthy = (ordinal: number): boolean =>
      texts.some((text) => numberIn(text) === ordinal && /^\d+(:old|:other)?$/.test(text));
    const lost = stepsFor({ pods: texts.join(' '), spec })
      .filter((step) => step.startsWith('delete'))
      .map(orderOf)
      .filter((ordinal) => numbers.includes(ordinal) && isHealthy(ordinal));
    const healthy = numbers.filter(isHealthy).length;
    if (lost.length > 0) {
      expect(healthy - lost.length).toBeGreaterThanOrEqual(of.replicas - maxUnavailable);
    }
  });
});

describe('the status of a StatefulSet', () => {
  const statusFor = (one: Case) => statefulSetStatus(viewOf(one));

  it.core('counts its pods', () => {
    const metadata = { name: 'web', generation: 4 };
    const spec = { minReadySeconds: 60, replicas: 5 };
    const pods = '0 1:old 2:fresh 3:unready:old 4:pending 5:other';
    expect(statusFor({ pods, spec, set: { metadata } })).toEqual({
      replicas: 6,
      readyReplicas: 4,
      availableReplicas: 3,
      currentReplicas: 2,
      updatedReplicas: 3,
      currentRevision: 'web-old',
      updateRevision: 'web-new',
      observedGeneration: 4,
      collisionCount: 0,
    });
  });

  it('leaves out what is 0, but for two', () => {
    expect(statusFor({})).toEqual({
      replicas: 0,
      availableReplicas: 0,
      currentRevision: 'web-old',
      updateRevision: 'web-new',
      collisionCount: 0,
    });
  });

  it('counts pods that are being deleted as there, but of no revision', () => {
    expect(statusFor({ pods: '0 1:going 2:old:going' })).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      updatedReplicas: 1,
    });
    expect(statusFor({ pods: '0 2:old:going' })).not.toHaveProperty('currentReplicas');
  });

  it('counts a pod as ready only while it runs', () => {
    const view = viewOf({ pods: '0' });
    const [pod] = view.pods;
    const failed = { ...pod, status: { ...pod?.status, phase: 'Failed' } } as Pod;
    expect(statefulSetStatus({ ...view, pods: [failed] })).not.toHaveProperty('readyReplicas');
  });

  it('counts a pod in both when there is one revision', () => {
    expect(statusFor({ pods: '0 1', current: 'web-new' })).toMatchObject({
      currentReplicas: 2,
      updatedReplicas: 2,
    });
  });

  it('keeps the collision count', () => {
    const status = { replicas: 0, collisionCount: 3 };
    expect(statusFor({ set: { status } }).collisionCount).toBe(3);
  });

  it('is over with the rollout when all pods are new and ready', () => {
    expect(statusFor({ pods: '0 1 2' })).toMatchObject({
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: 'web-new',
      updateRevision: 'web-new',
    });
  });

  const notOver: Record<string, Case> = {
    'an old pod is there': { pods: '0 1 2:old' },
    'a pod is not ready': { pods: '0 1 2:unready' },
    'a pod is missing': { pods: '0 1' },
    'a pod is too many': { pods: '0 1 2 3' },
    'a pod that is too many is not ready': { pods: '0 1 2 3:old:unready' },
    'a pod is being deleted': { pods: '0 1 2:going' },
    'the strategy is OnDelete': {
      pods: '0 1 2',
      spec: { updateStrategy: { type: 'OnDelete' } },
    },
  };
  for (const [why, one] of Object.entries(notOver)) {
    it(`is not over while ${why}`, () => {
      expect(statusFor(one).currentRevision).toBe('web-old');
    });
  }

  it('is over without any pod when there should be none', () => {
    expect(statusFor({ spec: { replicas: 0 } }).currentRevision).toBe('web-new');
  });
});

describe('the StatefulSet controller', () => {
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

  const sets = () => world.admin.resource(STATEFUL_SETS, 'default');
  const create = (spec: Partial<Spec> = {}) => {
    const { podManagementPolicy: _, updateStrategy: __, ...base } = setOf().spec ?? {};
    return sets().create({ metadata: { name: 'web' }, spec: { ...base, ...spec } as Spec });
  };
  const change = (spec: object) => sets().patch('web', 'merge-patch', { spec });
  const newTemplate = { metadata: { annotations: { version: '2' } } };
  const pods = async () => (await world.admin.resource(PODS, 'default').list()).items;
  const names = async () => (await pods()).map(({ metadata }) => metadata?.name);
  const status = async () => (await sets().get('web')).status;
  const podWrites = () => world.writes().filter((write) => / pods /.test(write));

  it('makes pods in order, and tells of it', async () => {
    await begin();
    await create();
    await world.settle();
    expect(podWrites()).toEqual([
      'create pods default/web-0',
      'create pods default/web-1',
      'create pods default/web-2',
    ]);
    expect(await world.events()).toContainEqual(
      'Normal SuccessfulCreate create Pod web-0 in StatefulSet web successful',
    );
    expect(await status()).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3 });
  });

  it('waits for a pod until it was ready for minReadySeconds', async () => {
    await begin();
    await create({ minReadySeconds: 30 });
    await world.advance(29_000);
    expect(await names()).toEqual(['web-0']);
    await world.advance(2_000);
    expect(await names()).toEqual(['web-0', 'web-1']);
  });

  it('makes claims before pods, and keeps them when it scales down', async () => {
    await begin();
    const resources = { requests: { storage: '1Gi' } };
    const spec = { accessModes: ['ReadWriteOnce'], resources };
    await create({ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec }], replicas: 2 });
    await world.settle();
    await change({ replicas: 1 });
    await world.settle();
    const claims = await world.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default').list();
    expect(claims.items.map(({ metadata }) => metadata?.name)).toEqual([
      'data-web-0',
      'data-web-1',
    ]);
    expect(await names()).toEqual(['web-0']);
    const events = await world.events();
    expect(events).toContainEqual(
      'Normal SuccessfulCreate create Claim data-web-1 Pod web-1 in StatefulSet web success',
    );
    expect(events).toContainEqual(
      'Normal SuccessfulDelete delete Pod web-1 in StatefulSet web successful',
    );
  });

  it('updates from the highest number, and goes back to the revision it had', async () => {
    await begin();
    await create({ replicas: 2 });
    await world.settle();
    const before = await status();
    await change({ template: newTemplate });
    await world.settle();
    expect(podWrites().slice(2)).toEqual([
      'delete pods default/web-1',
      'create pods default/web-1',
      'delete pods default/web-0',
      'create pods default/web-0',
    ]);
    const after = await status();
    expect(after?.updateRevision).not.toBe(before?.updateRevision);
    expect(after?.currentRevision).toBe(after?.updateRevision);
    await change({ template: { metadata: { annotations: null } } });
    await world.settle();
    expect((await status())?.currentRevision).toBe(before?.currentRevision);
    const { items } = await world.admin.resource(CONTROLLER_REVISIONS, 'default').list();
    expect(items.map(({ revision }) => revision).sort()).toEqual([2, 3]);
  });

  it('makes a pod below the partition from the template before', async () => {
    await begin();
    await create(rolling({ partition: 1 }));
    await world.settle();
    await change({ template: newTemplate });
    await world.settle();
    await world.admin.resource(PODS, 'default').delete('web-0');
    await world.settle();
    const versions = (await pods()).map(({ metadata }) => metadata?.annotations?.version);
    expect(versions).toEqual([undefined, '2', '2']);
    const now = await status();
    expect(now).toMatchObject({ currentReplicas: 1, updatedReplicas: 2 });
    expect(now?.currentRevision).not.toBe(now?.updateRevision);
  });

  it('makes a failed pod again', async () => {
    await begin();
    await create({ replicas: 1 });
    await world.settle();
    const [before] = await pods();
    await world.nodes.finish('default', 'web-0', 1);
    await world.settle();
    const [after] = await pods();
    expect(after?.status?.phase).toBe('Running');
    expect(after?.metadata?.uid).not.toBe(before?.metadata?.uid);
  });

  it('adopts a pod of its name and labels, and lets go of one that loses them', async () => {
    await begin();
    const pod = newStatefulSetPod(setOf(), 0, 'web-x');
    const orphan = { ...pod, metadata: { ...pod.metadata, ownerReferences: [] } };
    await world.admin.resource(PODS, 'default').create(orphan);
    await world.settle();
    await create({ replicas: 1 });
    await world.settle();
    const refs = (await pods())[0]?.metadata?.ownerReferences;
    expect(refs).toMatchObject([{ kind: 'StatefulSet', name: 'web' }]);
  });

  it('gives a pod its label back', async () => {
    await begin();
    await create({ replicas: 1 });
    await world.settle();
    const labels = { 'statefulset.kubernetes.io/pod-name': null };
    await world.admin.resource(PODS, 'default').patch('web-0', 'merge-patch', {
      metadata: { labels },
    });
    await world.settle();
    expect((await pods())[0]?.metadata?.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-0',
    });
    expect(await world.events()).toContainEqual(
      'Normal SuccessfulUpdate update Pod web-0 in StatefulSet web successful',
    );
  });

  it('waits until a pod is gone before it makes the next one of its name', async () => {
    await begin({ auto: false });
    await create({ replicas: 1 });
    await world.settle();
    await world.nodes.run('default', 'web-0');
    await world.admin.resource(PODS, 'default').delete('web-0');
    await world.advance(600_000);
    expect(podWrites()).toEqual(['create pods default/web-0']);
    await world.nodes.remove('default', 'web-0');
    await world.settle();
    expect(podWrites().length).toBe(2);
  });

  it('keeps to one revision when its cache is stale', async () => {
    await begin();
    await create({ podManagementPolicy: 'Parallel' });
    await world.converge();
    const release = world.api.holdWatches();
    await change({ template: newTemplate });
    await world.settle();
    release();
    world.api.cutWatches();
    await world.converge();
    const { items } = await world.admin.resource(CONTROLLER_REVISIONS, 'default').list();
    expect(items.length).toBe(2);
    expect(await names()).toEqual(['web-0', 'web-1', 'web-2']);
  });

  for (const seed of [1, 2, 3]) {
    it(`gets there though every write fails once (seed ${seed})`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await create();
      await world.converge();
      await change({ template: newTemplate, replicas: 2 });
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      faults.end();
      expect(await names()).toEqual(['web-0', 'web-1']);
      const now = await status();
      expect(now).toMatchObject({ replicas: 2, updatedReplicas: 2, currentReplicas: 2 });
      expect(now?.currentRevision).toBe(now?.updateRevision);
    });
  }

  it('goes on where it was stopped', async () => {
    await begin();
    await create();
    await world.settle();
    let deletions = 0;
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb === 'delete' && resource === 'pods' && ++deletions > 1) throw new Error('stopped');
      return undefined;
    });
    await change({ template: newTemplate });
    await world.settle();
    end();
    await world.restart();
    await world.settle();
    const versions = (await pods()).map(({ metadata }) => metadata?.annotations?.version);
    expect(versions).toEqual(['2', '2', '2']);
  });

  it('writes nothing when all is as it should be', async () => {
    await begin();
    await create({ minReadySeconds: 5 });
    await world.converge();
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });
});
