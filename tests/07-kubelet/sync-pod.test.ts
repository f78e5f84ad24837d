import type { Container, Pod } from '#apimachinery';
import { describe, expect, it } from '#kit';
import {
  type ContainerPhase,
  computePodActions,
  hashContainer,
  type PodRuntimeStatus,
  type ProbeVerdict,
  type RuntimeContainer,
  type RuntimeSandbox,
  sandboxVerdict,
} from '#kubelet';

const sandbox = (more: Partial<RuntimeSandbox> = {}): RuntimeSandbox => ({
  id: 's',
  isReady: true,
  createdAt: 0,
  attempt: 0,
  ips: ['10.0.0.1'],
  hostNetwork: false,
  ...more,
});

function seen(
  name: string,
  phase: ContainerPhase,
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  return {
    id: `x://${name}`,
    name,
    phase,
    createdAt: 0,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'i',
    imageRef: '',
    hash: hashContainer({ name, image: 'i' }),
    restartCount: 0,
    ...more,
  };
}

const runtimeOf = (
  containers: RuntimeContainer[],
  sandboxes: RuntimeSandbox[] = [sandbox()],
): PodRuntimeStatus => ({ uid: 'u', name: 'p', namespace: 'd', ips: [], containers, sandboxes });

const made = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'i',
  ...more,
});

const podOf = (spec: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name: 'p', namespace: 'd', uid: 'u' },
  spec: { containers: [made('web')], ...spec },
});

const probes = (
  verdicts: Record<string, ProbeVerdict> = {},
): Parameters<typeof computePodActions>[2] => ({
  startup: (id) => verdicts[`startup ${id.slice(4)}`],
  liveness: (id) => verdicts[`liveness ${id.slice(4)}`],
});

/** The plan without what is false or empty; of a good sandbox neither id nor attempt is shown. */
function plan(pod: Pod, runtime: PodRuntimeStatus, verdicts: Record<string, ProbeVerdict> = {}) {
  const actions = computePodActions(pod, runtime, probes(verdicts));
  const { initContainersToStart, containersToStart, ephemeralContainersToStart } = actions;
  return {
    ...(actions.killPod && { killPod: true }),
    ...(actions.createSandbox && { createSandbox: true, attempt: actions.attempt }),
    ...(initContainersToStart.length && { initContainersToStart }),
    ...(containersToStart.length && { containersToStart }),
    ...(ephemeralContainersToStart.length && { ephemeralContainersToStart }),
    ...(actions.containersToKill.length && {
      containersToKill: actions.containersToKill.map(({ name, message, reason }) => {
        return { name, message, reason };
      }),
    }),
  };
}

describe('sandboxVerdict', () => {
  it.core('wants one where there is none', () => {
    expect(sandboxVerdict(podOf(), runtimeOf([], []))).toEqual({
      changed: true,
      attempt: 0,
      sandboxId: '',
    });
  });
  const cases: [string, Pod, RuntimeSandbox[], [boolean, number, string]][] = [
    ['keeps a good one', podOf(), [sandbox({ attempt: 3 })], [false, 3, 's']],
    [
      'keeps a good one before old ones',
      podOf(),
      [sandbox(), sandbox({ isReady: false })],
      [false, 0, 's'],
    ],
    [
      'replaces one that is not ready',
      podOf(),
      [sandbox({ isReady: false, attempt: 1 })],
      [true, 2, 's'],
    ],
    ['replaces two that are ready', podOf(), [sandbox({ attempt: 1 }), sandbox()], [true, 2, 's']],
    ['replaces one on another network', podOf({ hostNetwork: true }), [sandbox()], [true, 1, '']],
    [
      'replaces one on the node’s network',
      podOf(),
      [sandbox({ hostNetwork: true, ips: [] })],
      [true, 1, ''],
    ],
    ['replaces one without an address', podOf(), [sandbox({ ips: [] })], [true, 1, 's']],
    [
      'needs no address on the node’s network',
      podOf({ hostNetwork: true }),
      [sandbox({ hostNetwork: true, ips: [] })],
      [false, 0, 's'],
    ],
  ];
  for (const [name, pod, sandboxes, [changed, attempt, sandboxId]] of cases) {
    it(name, () => {
      expect(sandboxVerdict(pod, runtimeOf([], sandboxes))).toEqual({
        changed,
        attempt,
        sandboxId,
      });
    });
  }
});

describe('computePodActions, with a new sandbox', () => {
  const gone = [sandbox({ isReady: false })];
  it.core('makes a sandbox and starts all containers', () => {
    const pod = podOf({ containers: [made('a'), made('b')] });
    expect(plan(pod, runtimeOf([], []))).toEqual({
      killPod: true,
      createSandbox: true,
      attempt: 0,
      containersToStart: [0, 1],
    });
  });
  it('names the sandbox that is, and the number of the next', () => {
    const attempts = (pod: Pod, runtime: PodRuntimeStatus) => {
      const { createSandbox, attempt, sandboxId } = computePodActions(pod, runtime, probes());
      return [createSandbox, attempt, sandboxId];
    };
    const never = podOf({ restartPolicy: 'Never' });
    expect(attempts(never, runtimeOf([seen('web', 'exited')], gone))).toEqual([false, 1, 's']);
    expect(attempts(podOf(), runtimeOf([], gone))).toEqual([true, 1, 's']);
    expect(attempts(podOf(), runtimeOf([]))).toEqual([false, 0, 's']);
  });
  it('starts the first init container only', () => {
    const pod = podOf({ initContainers: [made('i'), made('j')] });
    expect(plan(pod, runtimeOf([], []))).toEqual({
      killPod: true,
      createSandbox: true,
      attempt: 0,
      initContainersToStart: [0],
    });
  });
  it('makes none for a pod that is not restarted and has run', () => {
    const pod = podOf({ restartPolicy: 'Never' });
    expect(plan(pod, runtimeOf([seen('web', 'exited')], gone))).toEqual({ killPod: true });
  });
  it('counts any container for having run, an init container, too', () => {
    const pod = podOf({ restartPolicy: 'Never', initContainers: [made('i')] });
    const failed = seen('i', 'exited', { exitCode: 1 });
    expect(plan(pod, runtimeOf([failed], gone))).toEqual({ killPod: true });
  });
  it('makes one for a pod that is not restarted but never had a container', () => {
    const pod = podOf({ restartPolicy: 'Never' });
    expect(plan(pod, runtimeOf([], gone))).toEqual({
      killPod: true,
      createSandbox: true,
      attempt: 1,
      containersToStart: [0],
    });
  });
  it('leaves out what succeeded, under OnFailure', () => {
    const pod = podOf({ restartPolicy: 'OnFailure', containers: [made('a'), made('b')] });
    const runtime = runtimeOf([seen('a', 'exited'), seen('b', 'exited', { exitCode: 1 })], gone);
    expect(plan(pod, runtime)).toEqual({
      killPod: true,
      createSandbox: true,
      attempt: 1,
      containersToStart: [1],
    });
  });
  it('makes none when all succeeded, under OnFailure', () => {
    const pod = podOf({ restartPolicy: 'OnFailure', initContainers: [made('i')] });
    expect(plan(pod, runtimeOf([seen('web', 'exited')], gone))).toEqual({ killPod: true });
  });
  it('starts what succeeded again, under Always', () => {
    expect(plan(podOf(), runtimeOf([seen('web', 'exited')], gone))).toEqual({
      killPod: true,
      createSandbox: true,
      attempt: 1,
      containersToStart: [0],
    });
  });
});

describe('computePodActions, containers', () => {
  it.core('leaves alone what runs', () => {
    expect(plan(podOf(), runtimeOf([seen('web', 'running')]))).toEqual({});
  });
  it('starts what is missing beside what runs', () => {
    const pod = podOf({ containers: [made('a'), made('b')] });
    expect(plan(pod, runtimeOf([seen('a', 'running')]))).toEqual({ containersToStart: [1] });
  });
  it.core('starts again what ended', () => {
    expect(plan(podOf(), runtimeOf([seen('web', 'exited')]))).toEqual({ containersToStart: [0] });
  });
  it('kills the pod when all have ended for good', () => {
    const pod = podOf({ restartPolicy: 'Never', containers: [made('a'), made('b')] });
    const runtime = runtimeOf([seen('a', 'exited'), seen('b', 'exited', { exitCode: 1 })]);
    expect(plan(pod, runtime)).toEqual({ killPod: true });
    expect(plan(pod, runtimeOf([seen('a', 'exited'), seen('b', 'running')]))).toEqual({});
  });
  it('kills what it does not know the state of before it starts it', () => {
    expect(plan(podOf(), runtimeOf([seen('web', 'unknown')]))).toEqual({
      containersToStart: [0],
      containersToKill: [
        {
          name: 'web',
          message: 'Container is in "unknown" state, try killing it before restart',
          reason: 'unknown-state',
        },
      ],
    });
  });
  it('restarts what changed, under any policy', () => {
    const runtime = runtimeOf([seen('web', 'running', { hash: 'old' })]);
    const expected = {
      containersToStart: [0],
      containersToKill: [
        { name: 'web', message: 'Container web definition changed, will be restarted', reason: '' },
      ],
    };
    expect(plan(podOf(), runtime)).toEqual(expected);
    expect(plan(podOf({ restartPolicy: 'Never' }), runtime)).toEqual(expected);
  });
  it('restarts what does not live', () => {
    const runtime = runtimeOf([seen('web', 'running')]);
    expect(plan(podOf(), runtime, { 'liveness web': 'failure' })).toEqual({
      containersToStart: [0],
      containersToKill: [
        {
          name: 'web',
          message: 'Container web failed liveness probe, will be restarted',
          reason: 'liveness-probe',
        },
      ],
    });
    expect(plan(podOf(), runtime, { 'liveness web': 'success' })).toEqual({});
  });
  it('restarts what does not get started', () => {
    const runtime = runtimeOf([seen('web', 'running')]);
    expect(plan(podOf(), runtime, { 'startup web': 'failure' })).toEqual({
      containersToStart: [0],
      containersToKill: [
        {
          name: 'web',
          message: 'Container web failed startup probe, will be restarted',
          reason: 'startup-probe',
        },
      ],
    });
  });
  it('kills the pod when a probe fails and nothing is restarted', () => {
    const pod = podOf({ restartPolicy: 'Never' });
    expect(plan(pod, runtimeOf([seen('web', 'running')]), { 'liveness web': 'failure' })).toEqual({
      killPod: true,
      containersToKill: [
        { name: 'web', message: 'Container web failed liveness probe', reason: 'liveness-probe' },
      ],
    });
  });
  it('starts ephemeral containers also when the pod is killed', () => {
    const pod = podOf({ restartPolicy: 'Never', ephemeralContainers: [{ name: 'debug' }] });
    expect(plan(pod, runtimeOf([seen('web', 'exited')]))).toEqual({
      killPod: true,
      ephemeralContainersToStart: [0],
    });
  });
  it('names the container by its id', () => {
    const runtime = runtimeOf([
      seen('web', 'running', { hash: 'old' }),
      seen('web', 'exited', { id: 'x://0' }),
    ]);
    const { containersToKill } = computePodActions(podOf(), runtime, probes());
    expect(containersToKill.map(({ id }) => id)).toEqual(['x://web']);
  });
});

describe('computePodActions, init containers', () => {
  const pod = (policy = 'Always') =>
    podOf({ restartPolicy: policy, initContainers: [made('i'), made('j')] });
  it.core('takes one after the other', () => {
    expect(plan(pod(), runtimeOf([]))).toEqual({ initContainersToStart: [0] });
    expect(plan(pod(), runtimeOf([seen('i', 'running')]))).toEqual({});
    expect(plan(pod(), runtimeOf([seen('i', 'exited')]))).toEqual({ initContainersToStart: [1] });
    expect(plan(pod(), runtimeOf([seen('i', 'exited'), seen('j', 'exited')]))).toEqual({
      containersToStart: [0],
    });
  });
  it('starts a failed one again', () => {
    const runtime = runtimeOf([seen('i', 'exited', { exitCode: 1 })]);
    expect(plan(pod(), runtime)).toEqual({ initContainersToStart: [0] });
    expect(plan(pod('OnFailure'), runtime)).toEqual({ initContainersToStart: [0] });
  });
  it('gives up the pod when one failed and nothing is restarted', () => {
    const runtime = runtimeOf([seen('i', 'exited', { exitCode: 1 })]);
    expect(plan(pod('Never'), runtime)).toEqual({ killPod: true });
  });
  it('does not repeat one whose container was removed', () => {
    expect(plan(pod(), runtimeOf([seen('j', 'running')]))).toEqual({});
    expect(plan(pod(), runtimeOf([seen('j', 'exited')]))).toEqual({ containersToStart: [0] });
  });
  it('does not repeat any when a container runs', () => {
    expect(plan(pod(), runtimeOf([seen('web', 'running')]))).toEqual({});
    expect(
      plan(pod(), runtimeOf([seen('web', 'running'), seen('i', 'exited', { exitCode: 1 })])),
    ).toEqual({});
  });
  it('kills one of unknown state first, or gives up the pod', () => {
    const runtime = runtimeOf([seen('i', 'unknown')]);
    const containersToKill = [
      {
        name: 'i',
        message: 'Init container is in "unknown" state, try killing it before restart',
        reason: 'unknown-state',
      },
    ];
    expect(plan(pod(), runtime)).toEqual({ initContainersToStart: [0], containersToKill });
    expect(plan(pod('Never'), runtime)).toEqual({ killPod: true });
  });
  it('starts again one that was only created', () => {
    expect(plan(pod('Never'), runtimeOf([seen('i', 'created')]))).toEqual({
      initContainersToStart: [0],
    });
  });
  it('starts ephemeral containers whatever else happens, once', () => {
    const debugged = { ...pod().spec, ephemeralContainers: [{ name: 'debug' }, { name: 'more' }] };
    const runtime = runtimeOf([seen('i', 'running'), seen('debug', 'exited', { exitCode: 1 })]);
    expect(plan(podOf(debugged), runtime)).toEqual({ ephemeralContainersToStart: [1] });
  });
});

describe('computePodActions, sidecars', () => {
  const side = (more: Partial<Container> = {}) =>
    made('side', { restartPolicy: 'Always', ...more });
  const pod = (sidecar = side(), policy = 'Always') =>
    podOf({ restartPolicy: policy, initContainers: [made('i'), sidecar] });
  const done = seen('i', 'exited');

  it('goes on as soon as it runs', () => {
    expect(plan(pod(), runtimeOf([done]))).toEqual({ initContainersToStart: [1] });
    expect(plan(pod(), runtimeOf([done, seen('side', 'running')]))).toEqual({
      containersToStart: [0],
    });
  });
  it('goes on to the next init container', () => {
    const first = podOf({ initContainers: [side(), made('i')] });
    expect(plan(first, runtimeOf([seen('side', 'running')]))).toEqual({
      initContainersToStart: [1],
    });
  });
  it('waits for its startup probe', () => {
    const probed = pod(side({ startupProbe: {} }));
    const runtime = runtimeOf([done, seen('side', 'running')]);
    expect(plan(probed, runtime)).toEqual({});
    expect(plan(probed, runtime, { 'startup side': 'success' })).toEqual({
      containersToStart: [0],
    });
    expect(plan(probed, runtime, { 'startup side': 'failure' })).toEqual({
      initContainersToStart: [1],
      containersToKill: [
        {
          name: 'side',
          message: 'Init container side failed startup probe',
          reason: 'startup-probe',
        },
      ],
    });
  });
  it('is started again when it ended, also with 0, and under any policy', () => {
    for (const policy of ['Always', 'OnFailure', 'Never']) {
      const runtime = runtimeOf([seen('web', 'running'), seen('side', 'exited')]);
      expect(plan(pod(side(), policy), runtime)).toEqual({ initContainersToStart: [1] });
    }
  });
  it('is started again when it is not there any more', () => {
    expect(plan(pod(), runtimeOf([seen('web', 'running')]))).toEqual({
      initContainersToStart: [1],
    });
  });
  it('is restarted when it does not live, while the others go on', () => {
    const probed = pod(side({ livenessProbe: {} }));
    const runtime = runtimeOf([seen('web', 'running'), seen('side', 'running')]);
    expect(plan(probed, runtime, { 'liveness side': 'failure' })).toEqual({
      initContainersToStart: [1],
      containersToKill: [
        {
          name: 'side',
          message: 'Init container side failed liveness probe',
          reason: 'liveness-probe',
        },
      ],
    });
  });
  it('lets the next one go on while it is restarted itself', () => {
    const first = podOf({ initContainers: [side({ livenessProbe: {} }), made('i')] });
    const runtime = runtimeOf([seen('side', 'running')]);
    expect(plan(first, runtime, { 'liveness side': 'failure' })).toEqual({
      initContainersToStart: [0, 1],
      containersToKill: [
        {
          name: 'side',
          message: 'Init container side failed liveness probe',
          reason: 'liveness-probe',
        },
      ],
    });
  });
  it('says first that it changed, and only then what its probe says', () => {
    const probed = pod(side({ livenessProbe: {} }));
    const runtime = runtimeOf([seen('web', 'running'), seen('side', 'running', { hash: 'old' })]);
    expect(plan(probed, runtime, { 'liveness side': 'failure' }).containersToKill).toEqual([
      { name: 'side', message: 'Init container side definition changed', reason: '' },
    ]);
  });
  it('is restarted when it changed', () => {
    const runtime = runtimeOf([seen('web', 'running'), seen('side', 'running', { hash: 'old' })]);
    expect(plan(pod(), runtime)).toEqual({
      initContainersToStart: [1],
      containersToKill: [
        { name: 'side', message: 'Init container side definition changed', reason: '' },
      ],
    });
  });
  it('does not keep a pod alive', () => {
    const never = pod(side(), 'Never');
    const runtime = runtimeOf([seen('web', 'exited'), seen('side', 'running'), done]);
    expect(plan(never, runtime)).toEqual({ killPod: true });
  });
});
