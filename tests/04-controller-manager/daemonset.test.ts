import { FakeClock, type Node, type Pod, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS } from '#client';
import {
  type DaemonSet,
  type DaemonSetSteps,
  type DaemonSetView,
  daemonSetStatus,
  manageDaemonPods,
  newControllerContext,
  newDaemonSetController,
  nodeShouldRun,
  rollingUpdateSteps,
  runControllers,
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

type Spec = NonNullable<DaemonSet['spec']>;
type PodSpec = NonNullable<Spec['template']['spec']>;

const template = {
  metadata: { labels: { app: 'agent' } },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};

function setOf(
  { podSpec, ...spec }: Partial<Spec> & { podSpec?: Partial<PodSpec> } = {},
  rest: Partial<DaemonSet> = {},
): DaemonSet {
  return {
    ...rest,
    metadata: { name: 'agent', namespace: 'default', uid: 'uid-agent', ...rest.metadata },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { ...template, spec: { ...template.spec, ...podSpec } },
      updateStrategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: 1, maxSurge: 0 },
      },
      ...spec,
    },
  };
}

const taint = (effect: string, key = 'dedicated') => ({ key, effect });

function nodeOf(name: string, taints: object[] = [], labels: Record<string, string> = {}): Node {
  return { metadata: { name, labels }, spec: { taints } } as Node;
}

/**
 * A pod in a few words: `a` is one on node a, ready, new. Behind it: `2` (made later), `pending` (not on its
 * node yet), `unready`, `failed`, `succeeded`, `going` (is being deleted), `old` (of another revision), `fresh` (ready
 * for ten seconds).
 */
function podOf(text: string): Pod {
  const [node, ...words] = text.split(':');
  const has = (word: string): boolean => words.includes(word);
  const phases: Record<string, string> = {
    pending: 'Pending',
    failed: 'Failed',
    succeeded: 'Succeeded',
  };
  const phase = phases[words.find((word) => word in phases) ?? ''] ?? 'Running';
  const isReady = phase === 'Running' && !has('unready');
  return {
    metadata: {
      name: text,
      namespace: 'default',
      uid: `uid-${text}`,
      creationTimestamp: at(has('2') ? 100 : 1000),
      labels: { app: 'agent', 'controller-revision-hash': has('old') ? 'old' : 'new' },
      ...(has('going') && { deletionTimestamp: at(5) }),
    },
    spec: { containers: [], ...(!has('pending') && { nodeName: node }) },
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
  } as unknown as Pod;
}

interface Case {
  readonly pods?: string;
  readonly nodes?: readonly Node[];
  readonly spec?: Partial<Spec> & { podSpec?: Partial<PodSpec> };
  readonly set?: Partial<DaemonSet>;
  readonly backingOff?: readonly string[];
}

const ABC = ['a', 'b', 'c'].map((name) => nodeOf(name));

function viewOf({ pods = '', nodes = ABC, spec, set, backingOff = [] }: Case): DaemonSetView {
  const byNode = new Map<string, Pod[]>();
  for (const text of pods.split(' ').filter(Boolean)) {
    const node = text.split(':')[0] ?? '';
    byNode.set(node, [...(byNode.get(node) ?? []), podOf(text)]);
  }
  return {
    set: setOf(spec, set),
    nodes,
    pods: byNode,
    hash: 'new',
    now: NOW,
    isBackingOff: (node) => backingOff.includes(node),
  };
}

/** Steps in a few words: `create a`, `delete b:old`, `ended c:failed`. */
function inWords(steps: DaemonSetSteps): string[] {
  const name = ({ metadata }: Pod): string => metadata?.name ?? '';
  return [
    ...steps.create.map((node) => `create ${node}`),
    ...steps.delete.map((pod) => `delete ${name(pod)}`),
    ...steps.ended.map((pod) => `ended ${name(pod)}`),
  ];
}

const rolling = (rollingUpdate: object): Partial<Spec> => ({
  updateStrategy: { type: 'RollingUpdate', rollingUpdate } as Spec['updateStrategy'],
});
const SURGE = rolling({ maxUnavailable: 0, maxSurge: 1 });
const ON_DELETE: Partial<Spec> = { updateStrategy: { type: 'OnDelete' } };

describe('whether a node should run a daemon pod', () => {
  const verdict = (set: DaemonSet, node: Node): string => {
    const { shouldRun, shouldContinueRunning } = nodeShouldRun(set, node);
    return `${shouldRun ? 'run' : 'no'}, ${shouldContinueRunning ? 'stay' : 'go'}`;
  };
  const tolerated = [{ key: 'dedicated', operator: 'Exists' }];
  const affinity = (zone: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] },
        ],
      },
    },
  });

  it.core('is yes for a node without taints, and no for one with a taint', () => {
    expect(verdict(setOf(), nodeOf('a'))).toBe('run, stay');
    expect(verdict(setOf(), nodeOf('a', [taint('NoSchedule')]))).toBe('no, stay');
    expect(verdict(setOf(), nodeOf('a', [taint('NoExecute')]))).toBe('no, go');
  });

  const cases: Record<string, [Partial<PodSpec>, Node, string]> = {
    'a taint that only asks': [{}, nodeOf('a', [taint('PreferNoSchedule')]), 'run, stay'],
    'a taint that is tolerated': [
      { tolerations: tolerated },
      nodeOf('a', [taint('NoExecute'), taint('NoSchedule')]),
      'run, stay',
    ],
    'two taints of which one is tolerated': [
      { tolerations: tolerated },
      nodeOf('a', [taint('NoSchedule'), taint('NoSchedule', 'gpu')]),
      'no, stay',
    ],
    'both effects': [{}, nodeOf('a', [taint('NoSchedule'), taint('NoExecute')]), 'no, go'],
    'a node that is not ready': [
      {},
      nodeOf('a', [taint('NoExecute', 'node.kubernetes.io/not-ready')]),
      'run, stay',
    ],
    'a node that is not reachable': [
      {},
      nodeOf('a', [taint('NoExecute', 'node.kubernetes.io/unreachable')]),
      'run, stay',
    ],
    'a node that is cordoned': [
      {},
      nodeOf('a', [taint('NoSchedule', 'node.kubernetes.io/unschedulable')]),
      'run, stay',
    ],
    'a node under pressure': [
      {},
      nodeOf('a', [
        taint('NoSchedule', 'node.kubernetes.io/disk-pressure'),
        taint('NoSchedule', 'node.kubernetes.io/memory-pressure'),
        taint('NoSchedule', 'node.kubernetes.io/pid-pressure'),
      ]),
      'run, stay',
    ],
    'a node without a network': [
      {},
      nodeOf('a', [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')]),
      'no, stay',
    ],
    'a node without a network, for a pod that needs none': [
      { hostNetwork: true },
      nodeOf('a', [taint('NoSchedule', 'node.kubernetes.io/network-unavailable')]),
      'run, stay',
    ],
    'labels that match': [
      { nodeSelector: { zone: 'x' } },
      nodeOf('a', [], { zone: 'x' }),
      'run, stay',
    ],
    'labels that do not match': [{ nodeSelector: { zone: 'x' } }, nodeOf('a'), 'no, go'],
    'an affinity that matches': [
      { affinity: affinity('x') },
      nodeOf('a', [], { zone: 'x' }),
      'run, stay',
    ],
    'an affinity that does not match': [
      { affinity: affinity('x') },
      nodeOf('a', [], { zone: 'y' }),
      'no, go',
    ],
    'labels that do not match on a node with a taint': [
      { nodeSelector: { zone: 'x' } },
      nodeOf('a', [taint('NoSchedule')]),
      'no, go',
    ],
    'an affinity that cannot be read': [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'Near' }] }],
            },
          },
        },
      },
      nodeOf('a'),
      'no, go',
    ],
    'the node the template names': [{ nodeName: 'a' }, nodeOf('a'), 'run, stay'],
    'another node than the template names': [{ nodeName: 'a' }, nodeOf('b'), 'no, go'],
  };
  for (const [name, [podSpec, node, expected]] of Object.entries(cases)) {
    it(`is "${expected}": ${name}`, () => expect(verdict(setOf({ podSpec }), node)).toBe(expected));
  }
});

describe('a DaemonSet', () => {
  const steps = (one: Case): string[] => inWords(manageDaemonPods(viewOf(one)));

  it.core('makes a pod for each node that has none', () => {
    expect(steps({})).toEqual(['create a', 'create b', 'create c']);
    expect(steps({ pods: 'b' })).toEqual(['create a', 'create c']);
    expect(steps({ pods: 'a b:pending c:unready' })).toEqual([]);
  });

  it.core('deletes pods from nodes that should have none', () => {
    const nodes = [nodeOf('a', [taint('NoExecute')]), nodeOf('b', [taint('NoSchedule')])];
    expect(steps({ nodes, pods: 'a b' })).toEqual(['delete a']);
    expect(steps({ nodes })).toEqual([]);
  });

  it.core('deletes pods that have ended, to make them again', () => {
    expect(steps({ pods: 'a b:failed c:succeeded' })).toEqual([
      'ended b:failed',
      'ended c:succeeded',
    ]);
  });

  const cases: Record<string, [Case, string[]]> = {
    'keeps the pod that was made first': [{ pods: 'a:2 a b c' }, ['delete a:2']],
    'keeps the pod that is on its node already': [
      { pods: 'a:pending a:2 b c' },
      ['delete a:pending'],
    ],
    'keeps an old pod that was made first': [{ pods: 'a:2 a:old b c' }, ['delete a:2']],
    'deletes all but one': [
      { pods: 'a a:2 a:2:unready b c' },
      ['delete a:2', 'delete a:2:unready'],
    ],
    'waits until a pod is gone before it makes another': [{ pods: 'a:going b c' }, []],
    'does not count pods that are being deleted as too many': [{ pods: 'a a:2:going b c' }, []],
    'does not delete a pod twice': [
      { nodes: [nodeOf('a', [taint('NoExecute')])], pods: 'a:going' },
      [],
    ],
    'does not delete an ended pod twice': [{ pods: 'a:failed:going b c' }, []],
    'keeps a running pod beside a failed one': [{ pods: 'a:failed a:2 b c' }, ['ended a:failed']],
    'leaves a failed pod while its node is backing off': [
      { pods: 'a:failed b:failed c', backingOff: ['a'] },
      ['ended b:failed'],
    ],
    'does not leave a pod that succeeded': [
      { pods: 'a:succeeded b c', backingOff: ['a'] },
      ['ended a:succeeded'],
    ],
    'does not make a second pod while a failed one stays': [
      { pods: 'a:failed b c', backingOff: ['a'] },
      [],
    ],
    'deletes failed pods, too, where there should be none': [
      { nodes: [nodeOf('a', [taint('NoExecute')])], pods: 'a:failed', backingOff: ['a'] },
      ['delete a:failed'],
    ],
    'ends a failed pod where it may stay, but makes no other': [
      { nodes: [nodeOf('a', [taint('NoSchedule')])], pods: 'a:failed' },
      ['ended a:failed'],
    ],
    'deletes what waits for a node that is not there': [
      { nodes: [nodeOf('a')], pods: 'a b:pending c:pending:going' },
      ['delete b:pending'],
    ],
    'leaves what was on a node that is not there': [{ nodes: [nodeOf('a')], pods: 'a b' }, []],
    'with surge makes a pod beside one that is being deleted': [
      { pods: 'a:going b c', spec: SURGE },
      ['create a'],
    ],
    'with surge makes a pod in place of a failed one at once': [
      { pods: 'a:failed b c', spec: SURGE },
      ['create a', 'ended a:failed'],
    ],
    'with surge makes none beside one that is being deleted where none should be': [
      { nodes: [nodeOf('a', [taint('NoSchedule')])], pods: 'a:going', spec: SURGE },
      [],
    ],
    'with surge keeps an old pod until the new one is available': [
      { pods: 'a:old a:2:unready b c', spec: SURGE },
      [],
    ],
    'with surge deletes the old pod when the new one is available': [
      { pods: 'a:old a:2 b c', spec: SURGE },
      ['delete a:old'],
    ],
    'with surge waits for minReadySeconds': [
      { pods: 'a:old a:2:fresh b c', spec: { ...SURGE, minReadySeconds: 30 } },
      [],
    ],
    'with surge deletes an old pod that is not ready': [
      { pods: 'a:old:unready a:2:unready b c', spec: SURGE },
      ['delete a:old:unready'],
    ],
    'with surge keeps one new and one old pod': [
      { pods: 'a:old a:old:2 a:unready a:2:unready b c', spec: SURGE },
      ['delete a:old:2', 'delete a:2:unready'],
    ],
    'with surge keeps the first of two old pods': [
      { pods: 'a:old:2 a:old b c', spec: SURGE },
      ['delete a:old:2'],
    ],
    'has no surge with 0%': [
      { pods: 'a:going b c', spec: rolling({ maxUnavailable: 1, maxSurge: '0%' }) },
      [],
    ],
    'has surge with 10%': [
      { pods: 'a:going b c', spec: rolling({ maxUnavailable: 0, maxSurge: '10%' }) },
      ['create a'],
    ],
    'has no surge under OnDelete': [
      { pods: 'a:old a:2:unready b c', spec: ON_DELETE },
      ['delete a:2:unready'],
    ],
  };
  for (const [name, [one, expected]] of Object.entries(cases)) {
    it(name, () => expect(steps(one).sort()).toEqual([...expected].sort()));
  }

  it('goes by the order of nodes', () => {
    const nodes = [nodeOf('c'), nodeOf('a'), nodeOf('b')];
    expect(manageDaemonPods(viewOf({ nodes })).create).toEqual(['c', 'a', 'b']);
  });
});

describe('a rolling update of a DaemonSet', () => {
  const steps = (one: Case): string[] => inWords(rollingUpdateSteps(viewOf(one)));

  it.core('replaces one old pod after another', () => {
    expect(steps({ pods: 'a:old b:old c:old' })).toEqual(['delete a:old']);
    expect(steps({ pods: 'a:old:going b:old c:old' })).toEqual([]);
    expect(steps({ pods: 'b:old c:old' })).toEqual([]);
    expect(steps({ pods: 'a:unready b:old c:old' })).toEqual([]);
    expect(steps({ pods: 'a b:old c:old' })).toEqual(['delete b:old']);
    expect(steps({ pods: 'a b c' })).toEqual([]);
  });

  it.core('with surge makes new pods beside the old ones', () => {
    expect(steps({ pods: 'a:old b:old c:old', spec: SURGE })).toEqual(['create a']);
    expect(steps({ pods: 'a:old a:2:unready b:old c:old', spec: SURGE })).toEqual([]);
    expect(steps({ pods: 'a:old a:2 b:old c:old', spec: SURGE })).toEqual([
      'create b',
      'delete a:old',
    ]);
    expect(steps({ pods: 'a b c', spec: SURGE })).toEqual([]);
  });

  const unavailable = (maxUnavailable: number | string, minReadySeconds = 0) => ({
    ...rolling({ maxUnavailable, maxSurge: 0 }),
    minReadySeconds,
  });
  const surge = (maxSurge: number | string, minReadySeconds = 0) => ({
    ...rolling({ maxUnavailable: 0, maxSurge }),
    minReadySeconds,
  });
  const CORDONED = [nodeOf('a', [taint('NoSchedule')]), nodeOf('b'), nodeOf('c')];
  const cases: Record<string, [Case, string[]]> = {
    'replaces several at once': [
      { pods: 'a:old b:old c:old', spec: unavailable(2) },
      ['delete a:old', 'delete b:old'],
    ],
    'rounds a percentage up': [
      { pods: 'a:old b:old c:old', spec: unavailable('34%') },
      ['delete a:old', 'delete b:old'],
    ],
    'takes a percentage of the nodes that should have a pod': [
      { pods: 'a:old b:old c:old', nodes: CORDONED, spec: unavailable('50%') },
      ['delete b:old'],
    ],
    'replaces old pods that are not available in any case': [
      { pods: 'a:unready b:old:unready c:old:unready' },
      ['delete b:old:unready', 'delete c:old:unready'],
    ],
    'counts them among the unavailable': [
      { pods: 'a:old b:old c:old:unready' },
      ['delete c:old:unready'],
    ],
    'takes those that are not available first': [
      { pods: 'a:old b:old c:old:unready', spec: unavailable(2) },
      ['delete c:old:unready', 'delete a:old'],
    ],
    'counts a pod as available only after minReadySeconds': [
      { pods: 'a:fresh b:old c:old', spec: unavailable(1, 30) },
      [],
    ],
    'sees old pods as unavailable before minReadySeconds': [
      { pods: 'a b:old:fresh c:old', spec: unavailable(1, 30) },
      ['delete b:old:fresh'],
    ],
    'leaves a crowded node alone': [{ pods: 'a:old a:old:2 b:old c:old' }, []],
    'counts a crowded node as one': [
      { pods: 'a:old a:old:2 b:old c:old', spec: unavailable(2) },
      ['delete b:old'],
    ],
    'counts a node with two new pods as unavailable': [{ pods: 'a a:2 b:old c:old' }, []],
    'counts a node with both as unavailable': [{ pods: 'a:old a:2 b:old c:old' }, []],
    'also replaces on nodes that need not have a pod, after the others': [
      { pods: 'a:old b:old c:old', nodes: CORDONED, spec: unavailable(3) },
      ['delete b:old', 'delete c:old', 'delete a:old'],
    ],
    'takes one when both limits are 0': [
      { pods: 'a:old b:old c:old', spec: unavailable(0) },
      ['delete a:old'],
    ],
    'does nothing under OnDelete': [{ pods: 'a:old b:old:unready c:old', spec: ON_DELETE }, []],
    'surges on several nodes': [
      { pods: 'a:old b:old c:old', spec: surge(2) },
      ['create a', 'create b'],
    ],
    'rounds a percentage of surge up': [
      { pods: 'a:old b:old c:old', spec: surge('34%') },
      ['create a', 'create b'],
    ],
    'surges beside pods that are not available in any case': [
      { pods: 'a:old a:2:unready b:old:unready c:old', spec: surge(1) },
      ['create b'],
    ],
    'does not count them against the limit': [
      { pods: 'a:old b:old:unready c:old', spec: surge(1) },
      ['create b', 'create a'],
    ],
    'waits for a surging pod until minReadySeconds': [
      { pods: 'a:old a:2:fresh b:old c:old', spec: surge(1, 30) },
      [],
    ],
    'counts a crowded node as surging': [
      { pods: 'a:old a:old:2 b:old c:old', spec: surge(2) },
      ['create b'],
    ],
    'makes none on a node that should have none': [
      { pods: 'a:old:unready b c', nodes: CORDONED, spec: surge(1) },
      [],
    ],
    'does not count pods that are being deleted as surging': [
      { pods: 'a:old a:2:unready:going b c', spec: surge(1) },
      ['create a'],
    ],
    'does nothing on nodes without an old pod': [{ pods: 'a:unready b', spec: surge(1) }, []],
  };
  for (const [name, [one, expected]] of Object.entries(cases)) {
    it(name, () => expect(steps(one)).toEqual(expected));
  }
});

describe('a DaemonSet from any state', () => {
  const pod = fc.record({
    node: fc.constantFrom('a', 'b', 'c', 'd'),
    state: fc.constantFrom('', ':unready', ':pending', ':failed', ':going'),
    isOld: fc.boolean(),
    isLate: fc.boolean(),
  });
  const pods = fc
    .array(pod, { maxLength: 8 })
    .map((all) =>
      all.map(
        (one) => `${one.node}${one.isLate ? ':2' : ''}${one.isOld ? ':old' : ''}${one.state}`,
      ),
    )
    .map((texts) => [...new Set(texts)]);
  const limits = fc.constantFrom(
    { maxUnavailable: 1, maxSurge: 0 },
    { maxUnavailable: 2, maxSurge: 0 },
    { maxUnavailable: 0, maxSurge: 1 },
    { maxUnavailable: 0, maxSurge: 2 },
  );
  const nodes = [...ABC, nodeOf('d', [taint('NoExecute')])];
  const look = (texts: readonly string[], limit: object) => {
    const view = viewOf({ pods: texts.join(' '), nodes, spec: rolling(limit) });
    const managed = manageDaemonPods(view);
    const isQuiet = inWords(managed).length === 0;
    return { steps: isQuiet ? rollingUpdateSteps(view) : managed, isQuiet };
  };
  const nodeIn = (text: string): string => text.split(':')[0] ?? '';

  property('gets to one new pod on each node', pods, limits, (texts, limit) => {
    let now = texts;
    for (let round = 0, before = '?'; round < 40 && before !== now.join(' '); round++) {
      before = now.join(' ');
      const { steps } = look(now, limit);
      const gone = new Set([...steps.delete, ...steps.ended].map(({ metadata }) => metadata?.name));
      const stays = now
        .filter((text) => !gone.has(text) && !text.includes('going'))
        .map((text) => text.replace(/:pending|:unready/, ''));
      const made = steps.create.map((node) => `${node}:2:r${round}`);
      now = [...stays, ...made];
    }
    expect(now.map(nodeIn).sort()).toEqual(['a', 'b', 'c']);
    expect(now.join(' ')).not.toContain('old');
  });

  property('never makes a third pod for a node', pods, limits, (texts, limit) => {
    const { steps } = look(texts, limit);
    expect(new Set(steps.create).size).toBe(steps.create.length);
    for (const node of steps.create) {
      const isLeft = (text: string): boolean =>
        nodeIn(text) === node && !text.includes('going') && !text.includes('failed');
      expect(texts.filter(isLeft).length).toBeLessThanOrEqual(limit.maxSurge > 0 ? 1 : 0);
    }
  });

  property('keeps enough pods available through an update', pods, limits, (texts, limit) => {
    const { steps, isQuiet } = look(texts, limit);
    if (!isQuiet) return;
    const isAvailable = (text: string): boolean => /^[abc](:2|:old)*$/.test(text);
    const gone = new Set(steps.delete.map(({ metadata }) => metadata?.name));
    const nodesWith = (all: readonly string[]) => new Set(all.filter(isAvailable).map(nodeIn)).size;
    const before = nodesWith(texts);
    const after = nodesWith(texts.filter((text) => !gone.has(text)));
    expect(after).toBeGreaterThanOrEqual(Math.min(before, 3 - limit.maxUnavailable));
  });
});

describe('the status of a DaemonSet', () => {
  const statusFor = (one: Case, isObserved = true) => daemonSetStatus(viewOf(one), isObserved);
  const nodes = [...ABC, nodeOf('d', [taint('NoSchedule')]), nodeOf('e', [taint('NoSchedule')])];
  const set = { metadata: { name: 'agent', generation: 7 } };

  it.core('counts nodes and their pods', () => {
    const spec = { minReadySeconds: 30 };
    expect(statusFor({ nodes, pods: 'a:old b:fresh d', spec, set })).toEqual({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 2,
      numberMisscheduled: 1,
      numberReady: 2,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      numberUnavailable: 2,
      observedGeneration: 7,
    });
  });

  it('leaves out some counts when they are 0', () => {
    expect(statusFor({ nodes: [] })).toEqual({
      desiredNumberScheduled: 0,
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    });
    expect(
      statusFor({ pods: 'a b c', set: { status: { numberUnavailable: 2 } as never } }),
    ).toEqual({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
  });

  it('looks at the first pod of a node only', () => {
    expect(statusFor({ pods: 'a:2 a:old:unready b c' })).toMatchObject({
      currentNumberScheduled: 3,
      numberReady: 2,
      updatedNumberScheduled: 2,
    });
    expect(statusFor({ pods: 'a:pending a:2 b c' }).numberReady).toBe(3);
  });

  it('counts a node whose pod failed as having one', () => {
    expect(statusFor({ pods: 'a:failed b:going' })).toMatchObject({
      currentNumberScheduled: 2,
      numberReady: 1,
    });
  });

  it('counts pods on nodes that are not there nowhere', () => {
    expect(statusFor({ nodes: [nodeOf('a')], pods: 'a b' })).toMatchObject({
      desiredNumberScheduled: 1,
      numberMisscheduled: 0,
    });
  });

  it('keeps the generation that was acted on', () => {
    const status = { observedGeneration: 6, collisionCount: 2 } as never;
    const before = { ...set, status };
    expect(statusFor({ set: before }, false)).toMatchObject({
      observedGeneration: 6,
      collisionCount: 2,
    });
    expect(statusFor({ set: before }, true)).toMatchObject({
      observedGeneration: 7,
      collisionCount: 2,
    });
  });
});

describe('the DaemonSet controller', () => {
  let world: ControllerTestWorld;
  const begin = async (options: object = {}): Promise<void> => {
    world = await newControllerWorld({
      clock: new FakeClock(),
      random: seededRandom(1),
      newTestApi,
      run: (around, signal) =>
        runControllers(newControllerContext(around), [newDaemonSetController], signal),
      ...options,
    });
    for (const name of ['a', 'b', 'c']) await join(name);
  };
  /** A node that is ready: the taint that new nodes get is gone. */
  const join = async (name: string): Promise<void> => {
    await world.admin.resource(NODES).create({ metadata: { name } });
    await world.admin.resource(NODES).patch(name, 'merge-patch', { spec: { taints: null } });
  };
  afterEach(() => world?.end());

  const sets = () => world.admin.resource(DAEMON_SETS, 'default');
  const create = (spec: Partial<Spec> = {}) =>
    sets().create({
      metadata: { name: 'agent' },
      spec: { selector: { matchLabels: { app: 'agent' } }, template, ...spec },
    });
  const change = (spec: object) => sets().patch('agent', 'merge-patch', { spec });
  const newTemplate = { metadata: { annotations: { version: '2' } } };
  const pods = async () => (await world.admin.resource(PODS, 'default').list()).items;
  const nodesOfPods = async () => (await pods()).map(({ spec }) => spec?.nodeName).sort();
  const versions = async () => (await pods()).map((pod) => pod.metadata?.annotations?.version);
  const status = async () => (await sets().get('agent')).status;
  const creations = () => world.writes().filter((write) => write.startsWith('create pods')).length;

  it('has one pod on each node, and tells of it', async () => {
    await begin();
    await create();
    await world.settle();
    expect(await nodesOfPods()).toEqual(['a', 'b', 'c']);
    expect(await world.events()).toContainEqual(
      expect.stringMatching(/^Normal SuccessfulCreate Created pod: agent-/),
    );
    expect(await status()).toMatchObject({ desiredNumberScheduled: 3, numberAvailable: 3 });
  });

  it('follows nodes that come, change and go', async () => {
    await begin();
    await create();
    await world.settle();
    await join('d');
    await world.settle();
    expect(await nodesOfPods()).toEqual(['a', 'b', 'c', 'd']);
    const taints = [taint('NoExecute')];
    await world.admin.resource(NODES).patch('b', 'merge-patch', { spec: { taints } });
    await world.settle();
    expect(await nodesOfPods()).toEqual(['a', 'c', 'd']);
    expect(await world.events()).toContainEqual(
      expect.stringMatching(/^Normal SuccessfulDelete Deleted pod: agent-/),
    );
    await world.admin.resource(NODES).delete('d');
    await world.settle();
    expect(await status()).toMatchObject({ desiredNumberScheduled: 2, numberAvailable: 2 });
  });

  it('does not look at nodes that only say they are alive', async () => {
    await begin();
    await create();
    await world.settle();
    const before = world.api.requests.length;
    await world.admin.resource(NODES).patch('a', 'merge-patch', {
      metadata: { annotations: { beat: '1' } },
    });
    await world.settle();
    expect(world.api.requests.slice(before).filter(({ verb }) => verb === 'update')).toEqual([]);
  });

  it('updates one node after another, and goes back to the revision it had', async () => {
    await begin();
    await create();
    await world.settle();
    await change({ template: newTemplate });
    await world.settle();
    expect(await versions()).toEqual(['2', '2', '2']);
    expect(await status()).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
    const revisions = world.admin.resource(CONTROLLER_REVISIONS, 'default');
    const before = (await revisions.list()).items.find(({ revision }) => revision === 1);
    await sets().patch('agent', 'strategic-merge-patch', before?.data);
    await world.settle();
    expect(await versions()).toEqual([undefined, undefined, undefined]);
    expect((await revisions.list()).items.map(({ revision }) => revision).sort()).toEqual([2, 3]);
  });

  it('with surge never has a node without a pod', async () => {
    await begin({ auto: false });
    await create(SURGE);
    await world.settle();
    const runAll = async (): Promise<void> => {
      for (const { metadata, status: now } of await pods()) {
        if (metadata?.deletionTimestamp) await world.nodes.remove('default', metadata.name ?? '');
        else if (now?.phase === 'Pending') await world.nodes.run('default', metadata?.name ?? '');
      }
      await world.settle();
    };
    await runAll();
    await change({ template: newTemplate });
    await world.settle();
    expect((await pods()).length).toBe(4);
    for (let i = 0; i < 10; i++) {
      const ready = (await pods()).filter(({ status: now }) => now?.phase === 'Running');
      expect(new Set(ready.map(({ spec }) => spec?.nodeName)).size).toBe(3);
      await runAll();
    }
    expect(await versions()).toEqual(['2', '2', '2']);
  });

  it('kills failed pods, slower and slower', async () => {
    await begin({ auto: false });
    await world.admin.resource(NODES).delete('b');
    await world.admin.resource(NODES).delete('c');
    await create();
    await world.settle();
    const failAt: number[] = [];
    for (let i = 0; i < 4; i++) {
      const [pod] = await pods();
      const name = pod?.metadata?.name ?? '';
      await world.nodes.run('default', name);
      await world.nodes.finish('default', name, 1);
      await world.settle();
      let waitedMs = 0;
      for (; (await pods())[0]?.metadata?.name === name && waitedMs < 60_000; waitedMs += 500) {
        await world.advance(500);
      }
      failAt.push(waitedMs);
      await world.settle();
    }
    const [first = 0, second = 0, third = 0, fourth = 0] = failAt;
    expect(first).toBe(0);
    expect(second).toBeLessThan(2000);
    expect(third).toBeGreaterThan(second);
    expect(fourth).toBeGreaterThan(third);
    expect(await world.events()).toContainEqual(
      expect.stringMatching(
        /^Warning FailedDaemonPod Found failed daemon pod default\/agent-\w+ on node a, will try to kill it$/,
      ),
    );
  });

  it('makes no second pod when its cache is stale', async () => {
    await begin();
    const release = world.api.holdWatches();
    await create();
    await world.settle();
    release();
    await world.settle();
    const again = world.api.holdWatches();
    await join('d');
    await world.settle();
    again();
    world.api.cutWatches();
    await world.advance(60_000);
    expect(creations()).toBe(4);
  });

  for (const seed of [1, 2, 3]) {
    it(`gets there though every write fails once (seed ${seed})`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await create();
      await world.converge();
      await change({ template: newTemplate });
      await world.converge();
      expect(faults.count).toBeGreaterThan(0);
      faults.end();
      expect(await nodesOfPods()).toEqual(['a', 'b', 'c']);
      expect(await versions()).toEqual(['2', '2', '2']);
      expect(await status()).toMatchObject({ numberAvailable: 3, updatedNumberScheduled: 3 });
    });
  }

  it('goes on where it was stopped', async () => {
    await begin();
    let made = 0;
    const end = world.api.intercept(({ verb, resource }) => {
      if (verb === 'create' && resource === 'pods' && ++made > 1) throw new Error('stopped');
      return undefined;
    });
    await create();
    await world.settle();
    end();
    await world.restart();
    await world.settle();
    expect(await nodesOfPods()).toEqual(['a', 'b', 'c']);
  });

  it('writes nothing when all is as it should be', async () => {
    await begin();
    await create({ minReadySeconds: 5 });
    await world.converge();
    expect(await world.writesWithin()).toEqual([]);
    expect(world.log.count('error')).toBe(0);
  });
});
