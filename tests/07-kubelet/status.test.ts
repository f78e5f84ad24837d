import type { Container, Pod } from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';
import {
  type ContainerPhase,
  type ContainerStatus,
  containerStatuses,
  containersReadyCondition,
  initializedCondition,
  mergePodStatus,
  type PodStatus,
  podPhase,
  type RuntimeContainer,
  readyCondition,
  type StartFailure,
} from '#kubelet';

function seen(
  name: string,
  phase: ContainerPhase,
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  return {
    id: `x://${name}`,
    name,
    phase,
    createdAt: 1000,
    startedAt: 2000,
    finishedAt: phase === 'exited' ? 3000 : 0,
    exitCode: 0,
    reason: phase === 'exited' ? 'Completed' : '',
    message: '',
    image: 'nginx',
    imageRef: 'sha256:1',
    hash: '',
    restartCount: 0,
    ...more,
  };
}

const podOf = (
  spec: Partial<NonNullable<Pod['spec']>> = {},
  metadata: Pod['metadata'] = {},
): Pod => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'web', image: 'nginx' }], ...spec },
});

function statusesOf(
  pod: Pod,
  runtime: RuntimeContainer[],
  more: {
    previous?: ContainerStatus[];
    failure?: StartFailure;
    areInit?: boolean;
    containers?: Container[];
  } = {},
): ContainerStatus[] {
  return containerStatuses({
    pod,
    runtime: { uid: 'u', name: 'p', namespace: 'd', ips: [], containers: runtime, sandboxes: [] },
    containers: more.containers ?? pod.spec?.containers ?? [],
    previous: more.previous ?? [],
    areInit: more.areInit ?? false,
    startFailure: () => more.failure,
  });
}

const waitingOnly: ContainerStatus = {
  name: 'web',
  state: { waiting: { reason: 'ContainerCreating' } },
  lastState: {},
  ready: false,
  restartCount: 0,
  image: 'nginx',
  imageID: '',
};
const saidToRun: ContainerStatus = { ...waitingOnly, state: { running: {} }, restartCount: 2 };

describe('containerStatuses', () => {
  it.core('says of one that runs since when', () => {
    expect(statusesOf(podOf(), [seen('web', 'running')])).toEqual([
      {
        name: 'web',
        state: { running: { startedAt: '1970-01-01T00:00:02Z' } },
        lastState: {},
        ready: false,
        restartCount: 0,
        image: 'nginx',
        imageID: 'sha256:1',
        containerID: 'x://web',
      },
    ]);
  });
  it.core('says of one that is not there that it waits', () => {
    expect(statusesOf(podOf(), [])).toEqual([waitingOnly]);
  });
  it('says PodInitializing where there are init containers', () => {
    const pod = podOf({ initContainers: [{ name: 'i' }] });
    expect(statusesOf(pod, [])[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  });
  it('keeps the order of the pod', () => {
    const pod = podOf({ containers: [{ name: 'z' }, { name: 'a' }] });
    expect(
      statusesOf(pod, [seen('a', 'running'), seen('z', 'running')]).map(({ name }) => name),
    ).toEqual(['z', 'a']);
  });
  it('says how the one before ended', () => {
    const before = seen('web', 'exited', { id: 'x://0', exitCode: 1, reason: 'Error' });
    const [status] = statusesOf(podOf(), [seen('web', 'running', { restartCount: 1 }), before]);
    expect(status).toMatchObject({
      restartCount: 1,
      lastState: {
        terminated: {
          exitCode: 1,
          reason: 'Error',
          startedAt: '1970-01-01T00:00:02Z',
          finishedAt: '1970-01-01T00:00:03Z',
          containerID: 'x://0',
        },
      },
    });
  });
  it('looks at no more than the last two', () => {
    const runtime = [3, 2, 1].map((n) => seen('web', 'exited', { exitCode: n, restartCount: n }));
    const [status] = statusesOf(podOf({ restartPolicy: 'Never' }), runtime);
    expect(status?.state?.terminated?.exitCode).toBe(3);
    expect(status?.lastState?.terminated?.exitCode).toBe(2);
  });
  it('keeps whether one that runs had started', () => {
    const previous = [{ ...saidToRun, started: true }];
    expect(statusesOf(podOf(), [seen('web', 'running')], { previous })[0]?.started).toBe(true);
    expect(statusesOf(podOf(), [seen('web', 'exited')], { previous })[0]?.started).toBeUndefined();
  });
  it('keeps what was said of one that had ended', () => {
    const previous = [{ ...waitingOnly, state: { terminated: { exitCode: 3 } }, restartCount: 4 }];
    expect(statusesOf(podOf({ restartPolicy: 'Never' }), [], { previous })).toEqual(previous);
  });
  it('keeps count and last state of one that waits', () => {
    const lastState = { terminated: { exitCode: 1 } };
    const previous = [{ ...waitingOnly, restartCount: 4, lastState }];
    expect(statusesOf(podOf(), [], { previous })[0]).toMatchObject({ restartCount: 4, lastState });
  });
  it('takes one that ran and is gone for ended, nobody knows how', () => {
    const [status] = statusesOf(podOf(), [], { previous: [saidToRun] });
    expect(status).toMatchObject({
      restartCount: 3,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {
        terminated: {
          exitCode: 137,
          reason: 'ContainerStatusUnknown',
          message:
            'The container could not be located when the pod was deleted.  The container used to be Running',
        },
      },
    });
  });
  it('does not count that as a restart when the pod is being deleted', () => {
    const pod = podOf({}, { deletionTimestamp: '2025-01-01T00:00:00Z' });
    expect(statusesOf(pod, [], { previous: [saidToRun] })[0]?.restartCount).toBe(2);
  });
  it('does not overwrite a last state that is known', () => {
    const lastState = { terminated: { exitCode: 1 } };
    const [status] = statusesOf(podOf(), [], { previous: [{ ...saidToRun, lastState }] });
    expect(status).toMatchObject({ restartCount: 2, lastState });
  });
  it.core('says why one could not be started, and how it ended before', () => {
    const failure = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
    const [status] = statusesOf(podOf(), [seen('web', 'exited', { exitCode: 1 })], { failure });
    expect(status).toMatchObject({
      state: { waiting: failure },
      lastState: { terminated: { exitCode: 1 } },
    });
    expect(status?.state).not.toHaveProperty('terminated');
  });
  it('says why one that never ran could not be started', () => {
    const failure = { reason: 'ErrImagePull', message: 'no such image' };
    expect(statusesOf(podOf(), [], { failure })[0]).toMatchObject({
      state: { waiting: failure },
      lastState: {},
    });
  });
  it('forgets the failure of one that runs, or is not to be started', () => {
    const failure = { reason: 'CrashLoopBackOff', message: '' };
    expect(
      statusesOf(podOf(), [seen('web', 'running')], { failure })[0]?.state?.running,
    ).toBeDefined();
    const never = podOf({ restartPolicy: 'Never' });
    expect(
      statusesOf(never, [seen('web', 'exited')], { failure })[0]?.state?.terminated,
    ).toBeDefined();
  });
  it('takes a removed init container for done when the others have begun', () => {
    const initContainers = [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }];
    const pod = podOf({ initContainers });
    const options = { areInit: true, containers: initContainers };
    const [init, sidecar] = statusesOf(pod, [seen('web', 'running')], options);
    expect(init?.state).toEqual({
      terminated: {
        exitCode: 0,
        reason: 'Completed',
        message:
          'Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally',
      },
    });
    expect(sidecar?.state?.waiting).toBeDefined();
    expect(statusesOf(pod, [], options)[0]?.state?.waiting).toBeDefined();
  });
  it('leaves an init container that is done as it is', () => {
    const initContainers = [{ name: 'i' }];
    const failure = { reason: 'X', message: '' };
    const options = { areInit: true, containers: initContainers, failure };
    const [status] = statusesOf(podOf({ initContainers }), [seen('i', 'exited')], options);
    expect(status?.state?.terminated?.exitCode).toBe(0);
  });
  it('leaves a sidecar that exited with 0 as it is, too', () => {
    const initContainers = [{ name: 's', restartPolicy: 'Always' }];
    const failure = { reason: 'X', message: '' };
    const options = { areInit: true, containers: initContainers, failure };
    const pod = podOf({ initContainers });
    const stateOf = (exitCode: number) =>
      statusesOf(pod, [seen('s', 'exited', { exitCode })], options)[0]?.state;
    expect(stateOf(0)?.terminated?.exitCode).toBe(0);
    expect(stateOf(1)?.waiting?.reason).toBe('X');
  });
});

const base = { image: '', imageID: '', ready: false, restartCount: 0 };
const states: Record<string, Partial<ContainerStatus>> = {
  running: { state: { running: {} }, started: true },
  starting: { state: { running: {} }, started: false },
  waiting: { state: { waiting: {} } },
  done: { state: { terminated: { exitCode: 0 } } },
  failed: { state: { terminated: { exitCode: 1 } } },
  backoff: { state: { waiting: {} }, lastState: { terminated: { exitCode: 1 } } },
  empty: { state: {} },
  again: { state: { waiting: {} }, lastState: { terminated: { exitCode: 0 } } },
};

/** `web=running side=waiting` */
function statusList(text: string): ContainerStatus[] {
  return text
    .split(' ')
    .filter(Boolean)
    .map((one) => {
      const [name = '', state = ''] = one.split('=');
      return { ...base, ...states[state], name };
    });
}

describe('podPhase', () => {
  const simple = (restartPolicy: string) =>
    podOf({ restartPolicy, containers: [{ name: 'a' }, { name: 'b' }] });
  const cases: [policy: string, statuses: string, phase: string][] = [
    ['Always', 'a=waiting b=running', 'Pending'],
    ['Always', 'a=running', 'Pending'],
    ['Always', '', 'Pending'],
    ['Always', 'a=empty b=running', 'Pending'],
    ['Never', 'a=empty b=done', 'Pending'],
    ['Always', 'a=running b=running', 'Running'],
    ['Always', 'a=running b=failed', 'Running'],
    ['Always', 'a=done b=done', 'Running'],
    ['Always', 'a=backoff b=done', 'Running'],
    ['OnFailure', 'a=done b=done', 'Succeeded'],
    ['OnFailure', 'a=failed b=done', 'Running'],
    ['OnFailure', 'a=running b=done', 'Running'],
    ['Never', 'a=done b=done', 'Succeeded'],
    ['Never', 'a=failed b=done', 'Failed'],
    ['Never', 'a=again b=done', 'Failed'],
    ['Never', 'a=running b=failed', 'Running'],
  ];
  for (const [policy, statuses, phase] of cases) {
    const run = () => expect(podPhase(simple(policy), statusList(statuses), false)).toBe(phase);
    const name = `under ${policy} with [${statuses}] is ${phase}`;
    if (statuses === 'a=running b=running' || statuses === 'a=failed b=done') it.core(name, run);
    else it(name, run);
  }
  it('ends whatever the policy when nothing starts any more', () => {
    expect(podPhase(simple('Always'), statusList('a=done b=done'), true)).toBe('Succeeded');
    expect(podPhase(simple('Always'), statusList('a=done b=failed'), true)).toBe('Failed');
    expect(podPhase(simple('OnFailure'), statusList('a=done b=failed'), true)).toBe('Failed');
  });
  const initial = (restartPolicy: string) =>
    podOf({ restartPolicy, initContainers: [{ name: 'i' }] });
  const initCases: [policy: string, statuses: string, phase: string][] = [
    ['Always', 'i=running web=waiting', 'Pending'],
    ['Always', 'web=running', 'Pending'],
    ['Always', 'i=failed web=waiting', 'Pending'],
    ['Never', 'i=failed web=waiting', 'Failed'],
    ['Never', 'i=backoff web=waiting', 'Failed'],
    ['Always', 'i=done web=running', 'Running'],
  ];
  for (const [policy, statuses, phase] of initCases) {
    it(`with an init container, under ${policy} with [${statuses}], is ${phase}`, () => {
      expect(podPhase(initial(policy), statusList(statuses), false)).toBe(phase);
    });
  }
  const sided = podOf({
    restartPolicy: 'Never',
    initContainers: [{ name: 's', restartPolicy: 'Always' }],
  });
  const sidecarCases: [statuses: string, phase: string][] = [
    ['s=starting web=waiting', 'Pending'],
    ['s=running web=running', 'Running'],
    ['s=starting web=running', 'Running'],
    ['s=backoff web=running', 'Running'],
    ['s=running web=done', 'Running'],
    ['s=done web=done', 'Succeeded'],
    ['s=failed web=done', 'Succeeded'],
    ['s=again web=done', 'Succeeded'],
    ['s=backoff web=done', 'Succeeded'],
    ['s=empty web=running', 'Pending'],
    ['web=running', 'Pending'],
  ];
  for (const [statuses, phase] of sidecarCases) {
    it(`with a sidecar, with [${statuses}], is ${phase}`, () => {
      expect(podPhase(sided, statusList(statuses), false)).toBe(phase);
    });
  }
});

describe('conditions', () => {
  const pod = podOf({
    initContainers: [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }],
    containers: [{ name: 'a' }, { name: 'b' }],
  });
  const ready = (names: string[], unready: string[] = []): ContainerStatus[] => [
    ...names.map((name) => ({ ...base, name, ready: true, started: true })),
    ...unready.map((name) => ({ ...base, name })),
  ];
  it.core('ContainersReady names what is unknown and what is not ready', () => {
    expect(containersReadyCondition(pod, ready(['s'], ['a']), 'Running')).toEqual({
      type: 'ContainersReady',
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unknown status: [b], containers with unready status: [a]',
    });
  });
  it('ContainersReady is True when all are, and init containers do not count', () => {
    expect(containersReadyCondition(pod, ready(['s', 'a', 'b']), 'Running')).toEqual({
      type: 'ContainersReady',
      status: 'True',
    });
    expect(containersReadyCondition(pod, ready(['a'], ['s', 'b']), 'Running').message).toBe(
      'containers with unready status: [s b]',
    );
  });
  it('ContainersReady is False at the end', () => {
    const all = ready(['s', 'a', 'b']);
    expect(containersReadyCondition(pod, all, 'Succeeded')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    expect(containersReadyCondition(pod, all, 'Failed')).toMatchObject({
      status: 'False',
      reason: 'PodFailed',
    });
    expect(containersReadyCondition(pod, [], 'Succeeded').reason).toBe('ContainersNotReady');
  });
  it('Ready is what ContainersReady is', () => {
    expect(readyCondition(pod, [], ready(['s', 'b'], ['a']), 'Running')).toEqual({
      type: 'Ready',
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [a]',
    });
    expect(readyCondition(pod, [], ready(['s', 'a', 'b']), 'Running')).toEqual({
      type: 'Ready',
      status: 'True',
    });
  });
  it('Ready waits for gates', () => {
    const gated = podOf({ readinessGates: [{ conditionType: 'x' }, { conditionType: 'y' }] });
    const all = ready(['web']);
    expect(readyCondition(gated, [{ type: 'y', status: 'False' }], all, 'Running')).toEqual({
      type: 'Ready',
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message:
        'corresponding condition of pod readiness gate "x" does not exist., the status of pod readiness gate "y" is not "True", but False',
    });
    const yes = ['x', 'y'].map((type) => ({ type, status: 'True' }));
    expect(readyCondition(gated, yes, all, 'Running').status).toBe('True');
  });
  it('Initialized names what is not through', () => {
    expect(initializedCondition(pod, ready([], ['i']), 'Pending')).toEqual({
      type: 'Initialized',
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with unknown status: [s], containers with incomplete status: [i]',
    });
  });
  it('Initialized wants sidecars started and others ready', () => {
    const notReady = { ...base, name: 's', started: true };
    expect(initializedCondition(pod, [...ready(['i']), notReady], 'Pending').status).toBe('True');
    const notStarted = { ...base, name: 's', ready: true };
    expect(initializedCondition(pod, [...ready(['i']), notStarted], 'Pending').message).toBe(
      'containers with incomplete status: [s]',
    );
  });
  it('Initialized stays True once a container has begun', () => {
    for (const state of ['running', 'failed', 'backoff']) {
      expect(initializedCondition(pod, statusList(`a=${state}`), 'Running')).toEqual({
        type: 'Initialized',
        status: 'True',
      });
    }
    expect(
      initializedCondition(pod, statusList('i=done s=running a=done b=done'), 'Succeeded').reason,
    ).toBe('PodCompleted');
  });
});

describe('mergePodStatus', () => {
  const NOW = '2025-01-01T00:01:00Z';
  const THEN = '2025-01-01T00:00:00Z';
  const typesOf = ({ conditions = [] }: PodStatus) => conditions.map(({ type }) => type);

  it.core('keeps what others wrote, and since when things are so', () => {
    const known: PodStatus = {
      phase: 'Running',
      startTime: THEN,
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: THEN },
        { type: 'ContainersReady', status: 'True', lastTransitionTime: THEN },
        { type: 'example.com/x', status: 'True', lastTransitionTime: THEN },
      ],
    };
    const next: PodStatus = {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady' },
        { type: 'ContainersReady', status: 'True' },
      ],
    };
    expect(mergePodStatus(known, next, true, NOW)).toEqual({
      phase: 'Running',
      startTime: THEN,
      conditions: [
        { type: 'example.com/x', status: 'True', lastTransitionTime: THEN },
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', lastTransitionTime: NOW },
        { type: 'ContainersReady', status: 'True', lastTransitionTime: THEN },
      ],
    });
  });
  it('gives back the known one when nothing is different', () => {
    const known: PodStatus = {
      phase: 'Running',
      startTime: THEN,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: THEN }],
    };
    const next: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    // Compared here, before anything copies it.
    expect(mergePodStatus(known, next, true, NOW) === known).toBe(true);
  });
  it('has a start time from the first on', () => {
    expect(mergePodStatus({}, { phase: 'Pending' }, false, NOW).startTime).toBe(NOW);
  });
  it('does not bring back what has ended', () => {
    for (const phase of ['Failed', 'Succeeded']) {
      expect(mergePodStatus({ phase }, { phase: 'Running' }, false, NOW).phase).toBe(phase);
    }
  });
  it('does not tell an end while something may run', () => {
    const next: PodStatus = { phase: 'Failed', reason: 'Evicted', message: 'm' };
    const running = mergePodStatus({ phase: 'Running' }, next, true, NOW);
    expect([running.phase, running.reason, running.message]).toEqual([
      'Running',
      undefined,
      undefined,
    ]);
    expect(mergePodStatus({ phase: 'Running' }, next, false, NOW)).toMatchObject(next);
  });
  it('is not ready any more at the end', () => {
    const conditions = ['Ready', 'ContainersReady', 'Initialized'].map((type) => ({
      type,
      status: 'True',
    }));
    const ended = (phase: string) => mergePodStatus({ phase }, { phase, conditions }, false, NOW);
    expect(ended('Failed').conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'PodFailed' },
      { type: 'ContainersReady', status: 'False', reason: 'PodFailed' },
      { type: 'Initialized', status: 'True' },
    ]);
    expect(ended('Succeeded').conditions?.[0]?.reason).toBe('PodCompleted');
  });
  it('adds DisruptionTarget, and only that, to others’', () => {
    const known: PodStatus = { conditions: [{ type: 'x', status: 'True' }] };
    const next: PodStatus = {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' },
        { type: 'y', status: 'True' },
      ],
    };
    const merged = mergePodStatus(known, next, false, NOW);
    expect(typesOf(merged)).toEqual(['x', 'DisruptionTarget', 'Ready']);
    expect(typesOf(mergePodStatus(merged, { conditions: [] }, false, NOW))).toEqual([
      'x',
      'DisruptionTarget',
    ]);
  });
  it('counts since when of what results, not of what was to be told', () => {
    const known: PodStatus = {
      phase: 'Failed',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: THEN }],
    };
    const next: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    expect(mergePodStatus(known, next, false, NOW).conditions).toEqual([
      { type: 'Ready', status: 'False', reason: 'PodFailed', lastTransitionTime: THEN },
    ]);
  });
  it('does not know since when what was so without a time', () => {
    const known: PodStatus = { conditions: [{ type: 'Ready', status: 'True' }] };
    const next: PodStatus = {
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: THEN }],
    };
    expect(mergePodStatus(known, next, true, NOW).conditions).toEqual([
      { type: 'Ready', status: 'True' },
    ]);
  });
  it('changes neither of the two', () => {
    const known: PodStatus = { phase: 'Running', conditions: [{ type: 'x', status: 'True' }] };
    const next: PodStatus = { phase: 'Failed', conditions: [{ type: 'Ready', status: 'True' }] };
    const before = JSON.stringify([known, next]);
    mergePodStatus(known, next, true, NOW);
    mergePodStatus(known, next, false, NOW);
    expect(JSON.stringify([known, next])).toBe(before);
  });
  property(
    'comes to rest at once',
    fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
    fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'),
    fc.boolean(),
    (before, phase, isRunning) => {
      const next: PodStatus = { phase, conditions: [{ type: 'Ready', status: 'True' }] };
      const once = mergePodStatus({ phase: before }, next, isRunning, NOW);
      const twice = mergePodStatus(once, next, isRunning, '2025-01-02T00:00:00Z');
      const isSame = twice === once;
      expect(twice).toEqual(once);
      expect(isSame).toBe(true);
    },
  );
});
