import {
  type Container,
  findUntoleratedTaint,
  isPodReady,
  matchesNodeSelector,
  matchesNodeSelectorTerm,
  matchesRequiredNodeAffinity,
  type Node,
  type NodeSelectorRequirement,
  type NodeSelectorTerm,
  type Pod,
  podRequests,
  Quantity,
  SelectorError,
  type Taint,
  type Toleration,
  toleratesTaint,
} from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';

function container(requests?: Record<string, string>): Container {
  return { name: 'c', resources: { requests } };
}

function sidecar(requests?: Record<string, string>): Container {
  return { ...container(requests), restartPolicy: 'Always' };
}

interface Parts {
  init?: Container[];
  containers?: Container[];
  overhead?: Record<string, string>;
}

function podOf({ init, containers = [], overhead }: Parts): Pod {
  return { spec: { containers, initContainers: init, overhead } };
}

/** The requests as canonical text. */
function requestsOf(parts: Parts): Record<string, string> {
  const entries = [...podRequests(podOf(parts))].map(([name, amount]) => [name, String(amount)]);
  return Object.fromEntries(entries);
}

describe('what a pod requests', () => {
  it.core('is the sum of what its containers request', () => {
    const containers = [
      container({ cpu: '100m', memory: '1Gi' }),
      container({ cpu: '1', memory: '512Mi' }),
    ];
    expect(requestsOf({ containers })).toEqual({ cpu: '1100m', memory: '1536Mi' });
  });

  it.core('is at least what the largest init container requests', () => {
    const containers = [container({ cpu: '1' }), container({ cpu: '1' })];
    expect(
      requestsOf({ init: [container({ cpu: '3' }), container({ cpu: '1' })], containers }),
    ).toEqual({ cpu: '3' });
    expect(
      requestsOf({ init: [container({ cpu: '1' }), container({ cpu: '1' })], containers }),
    ).toEqual({ cpu: '2' });
  });

  it.core('counts a sidecar among the containers', () => {
    const parts = { init: [sidecar({ cpu: '1' })], containers: [container({ cpu: '2' })] };
    expect(requestsOf(parts)).toEqual({ cpu: '3' });
  });

  it.core('counts for an init container the sidecars before it', () => {
    const containers = [container({ cpu: '1' })];
    const first = [sidecar({ cpu: '1' }), container({ cpu: '4' })];
    expect(requestsOf({ init: first, containers })).toEqual({ cpu: '5' });
  });

  it.core('does not count for an init container the sidecars after it', () => {
    const containers = [container({ cpu: '1' })];
    const last = [container({ cpu: '4' }), sidecar({ cpu: '1' })];
    expect(requestsOf({ init: last, containers })).toEqual({ cpu: '4' });
  });

  it.core('has the overhead on top', () => {
    const parts = {
      init: [container({ cpu: '2' })],
      containers: [container({ cpu: '1', memory: '1Gi' })],
      overhead: { cpu: '250m', memory: '64Mi' },
    };
    expect(requestsOf(parts)).toEqual({ cpu: '2250m', memory: '1088Mi' });
  });

  const rows: [name: string, init: Container[], app: string, cpu: string][] = [
    [
      'is the worked example without its overhead',
      [sidecar({ cpu: '1' }), container({ cpu: '4' }), sidecar({ cpu: '2' })],
      '2',
      '5',
    ],
    [
      'adds several sidecars before an init container',
      [sidecar({ cpu: '1' }), sidecar({ cpu: '2' }), container({ cpu: '4' })],
      '1',
      '7',
    ],
    [
      'does not add the init containers before an init container',
      [container({ cpu: '4' }), sidecar({ cpu: '1' }), container({ cpu: '4' })],
      '1',
      '5',
    ],
    [
      'can be largest in the middle of starting',
      [
        sidecar({ cpu: '1' }),
        container({ cpu: '9' }),
        sidecar({ cpu: '3' }),
        container({ cpu: '2' }),
      ],
      '1',
      '10',
    ],
    ['is largest when all is running', [sidecar({ cpu: '5' }), container({ cpu: '1' })], '3', '8'],
    ['counts a sidecar that has the only request', [sidecar({ cpu: '2' })], '0', '2'],
  ];
  for (const [name, init, app, cpu] of rows) {
    it(name, () => {
      expect(requestsOf({ init, containers: [container({ cpu: app })] })).toEqual({ cpu });
    });
  }

  it('looks at each resource on its own', () => {
    const parts = {
      init: [sidecar({ memory: '1Gi' }), container({ cpu: '4', memory: '1Gi' })],
      containers: [container({ cpu: '1', memory: '3Gi' })],
    };
    expect(requestsOf(parts)).toEqual({ cpu: '4', memory: '4Gi' });
  });

  it('has every resource that anybody asks for', () => {
    const parts = {
      init: [container({ 'example.com/gpu': '2' }), sidecar({ 'ephemeral-storage': '1G' })],
      containers: [container({ cpu: '1' })],
      overhead: { memory: '10M' },
    };
    expect(requestsOf(parts)).toEqual({
      cpu: '1',
      memory: '10M',
      'example.com/gpu': '2',
      'ephemeral-storage': '1G',
    });
  });

  it('has a resource that is asked for with 0', () => {
    expect(requestsOf({ containers: [container({ cpu: '0' })] })).toEqual({ cpu: '0' });
    expect(requestsOf({ init: [container({ cpu: '0' })] })).toEqual({ cpu: '0' });
    expect(requestsOf({ overhead: { cpu: '0' } })).toEqual({ cpu: '0' });
  });

  it('is empty when nobody asks for anything', () => {
    expect(requestsOf({ containers: [container(), { name: 'bare' }] })).toEqual({});
    expect(podRequests({}).size).toBe(0);
    expect(podRequests({ spec: { containers: [] } }).size).toBe(0);
  });

  it('does not count limits', () => {
    const limited = { name: 'c', resources: { limits: { cpu: '8' }, requests: { memory: '1M' } } };
    expect(requestsOf({ containers: [limited] })).toEqual({ memory: '1M' });
    const onlyLimited = { name: 'c', resources: { limits: { cpu: '8' } } };
    expect(requestsOf({ containers: [onlyLimited], init: [onlyLimited] })).toEqual({});
  });

  it('counts an init container with another restart policy as an ordinary one', () => {
    const never = { ...container({ cpu: '1' }), restartPolicy: 'Never' };
    expect(requestsOf({ init: [never], containers: [container({ cpu: '2' })] })).toEqual({
      cpu: '2',
    });
  });

  it('adds amounts without losing any', () => {
    const tenth = container({ cpu: '0.1' });
    expect(requestsOf({ containers: [tenth, tenth, tenth] })).toEqual({ cpu: '300m' });
  });

  it('says so when a request is no quantity', () => {
    const pod = podOf({ containers: [container({ memory: '1.5Gigs' })] });
    expect(() => podRequests(pod)).toThrow({ name: 'QuantityError', text: '1.5Gigs' });
  });

  it('does not change the pod', () => {
    const parts = { init: [sidecar({ cpu: '1' })], containers: [container({ cpu: '1' })] };
    const pod = podOf({ ...parts, overhead: { cpu: '1' } });
    const before = JSON.stringify(pod);
    podRequests(pod);
    expect(podRequests(pod).get('cpu')?.toString()).toBe('3');
    expect(JSON.stringify(pod)).toBe(before);
  });

  const inits = fc.array(fc.record({ milli: fc.nat(4000), stays: fc.boolean() }), { maxLength: 5 });
  const apps = fc.array(fc.nat(4000), { maxLength: 3 });
  property('is enough at every moment, and no more than needed', inits, apps, (init, app) => {
    const cpu = (milli: number): Record<string, string> => ({ cpu: `${milli}m` });
    const pod = podOf({
      init: init.map(({ milli, stays }) => (stays ? sidecar : container)(cpu(milli))),
      containers: app.map((milli) => container(cpu(milli))),
    });
    const stayed = (count: number): number =>
      init.slice(0, count).reduce((sum, { milli, stays }) => sum + (stays ? milli : 0), 0);
    const moments = init.map(({ milli }, i) => milli + stayed(i));
    const running = app.reduce((sum, milli) => sum + milli, 0) + stayed(init.length);
    const most = Math.max(running, ...moments);
    expect((podRequests(pod).get('cpu') ?? Quantity.zero).milliValue()).toBe(BigInt(most));
  });
});

describe('a toleration', () => {
  const taint: Taint = { key: 'gpu', value: 'a100', effect: 'NoSchedule' };
  const core: [name: string, toleration: Toleration, tolerates: boolean][] = [
    [
      'of the same key, value and effect',
      { key: 'gpu', operator: 'Equal', value: 'a100', effect: 'NoSchedule' },
      true,
    ],
    [
      'of another key',
      { key: 'disk', operator: 'Equal', value: 'a100', effect: 'NoSchedule' },
      false,
    ],
    [
      'of another value',
      { key: 'gpu', operator: 'Equal', value: 'h100', effect: 'NoSchedule' },
      false,
    ],
    [
      'of another effect',
      { key: 'gpu', operator: 'Equal', value: 'a100', effect: 'NoExecute' },
      false,
    ],
    ['that only asks whether the key exists', { key: 'gpu', operator: 'Exists' }, true],
    ['that only asks whether another key exists', { key: 'disk', operator: 'Exists' }, false],
    ['of everything', { operator: 'Exists' }, true],
    ['without an effect', { key: 'gpu', value: 'a100' }, true],
  ];
  for (const [name, toleration, tolerates] of core) {
    it.core(`${name} ${tolerates ? 'tolerates' : 'does not tolerate'} the taint`, () => {
      expect(toleratesTaint(toleration, taint)).toBe(tolerates);
    });
  }

  const rows: [name: string, toleration: Toleration, tolerates: boolean][] = [
    ['without an operator', { key: 'gpu', value: 'a100', effect: 'NoSchedule' }, true],
    ['without an operator, of another value', { key: 'gpu', value: 'x' }, false],
    ['with an empty operator', { key: 'gpu', operator: '', value: 'a100' }, true],
    ['with an empty effect', { key: 'gpu', operator: 'Exists', effect: '' }, true],
    ['with an empty key', { key: '', operator: 'Exists' }, true],
    ['of everything with another effect', { operator: 'Exists', effect: 'NoExecute' }, false],
    ['of everything with this effect', { operator: 'Exists', effect: 'NoSchedule' }, true],
    ['with Exists and another value', { key: 'gpu', operator: 'Exists', value: 'x' }, true],
    ['without a key, of the same value', { operator: 'Equal', value: 'a100' }, true],
    ['without a key, of another value', { operator: 'Equal', value: 'x' }, false],
    ['without anything', {}, false],
    ['without a value', { key: 'gpu', operator: 'Equal' }, false],
    ['with an unknown operator', { key: 'gpu', operator: 'In', value: 'a100' }, false],
    ['with an operator in lower case', { key: 'gpu', operator: 'exists' }, false],
  ];
  for (const [name, toleration, tolerates] of rows) {
    it(`${name} ${tolerates ? 'tolerates' : 'does not tolerate'} the taint`, () => {
      expect(toleratesTaint(toleration, taint)).toBe(tolerates);
    });
  }

  it('takes a missing value for the empty one', () => {
    const bare = { key: 'k', effect: 'NoSchedule' };
    expect(toleratesTaint({ key: 'k' }, bare)).toBe(true);
    expect(toleratesTaint({ key: 'k', value: '' }, bare)).toBe(true);
    expect(toleratesTaint({ key: 'k' }, { ...bare, value: '' })).toBe(true);
    expect(toleratesTaint({ key: 'k', value: 'x' }, bare)).toBe(false);
    expect(toleratesTaint({}, bare)).toBe(true);
  });
});

describe('the taint that keeps a pod away', () => {
  const taints: Taint[] = [
    { key: 'a', effect: 'PreferNoSchedule' },
    { key: 'b', effect: 'NoSchedule' },
    { key: 'c', effect: 'NoExecute' },
  ];

  it.core('is the first that no toleration fits', () => {
    expect(findUntoleratedTaint(taints, [{ key: 'a' }])?.key).toBe('b');
    expect(findUntoleratedTaint(taints, [{ key: 'b' }])?.key).toBe('a');
  });

  it.core('is none when each is tolerated by some toleration', () => {
    const tolerations = [{ key: 'c' }, { key: 'a' }, { key: 'b' }];
    expect(findUntoleratedTaint(taints, tolerations)).toBeUndefined();
    expect(findUntoleratedTaint(taints, [{ operator: 'Exists' }])).toBeUndefined();
  });

  it.core('is one of those that count', () => {
    const hard = (taint: Taint): boolean => taint.effect !== 'PreferNoSchedule';
    expect(findUntoleratedTaint(taints, [], hard)?.key).toBe('b');
    expect(findUntoleratedTaint(taints, [{ key: 'b' }], hard)?.key).toBe('c');
    expect(findUntoleratedTaint(taints, [], () => false)).toBeUndefined();
  });

  it('is the first of all without tolerations', () => {
    expect(findUntoleratedTaint(taints, undefined)?.key).toBe('a');
    expect(findUntoleratedTaint(taints, [])).toBe(taints[0]);
  });

  it('is none on a node without taints', () => {
    expect(findUntoleratedTaint(undefined, undefined)).toBeUndefined();
    expect(findUntoleratedTaint([], [{ key: 'a' }])).toBeUndefined();
  });

  it('is never made of two tolerations that fit by halves', () => {
    const halves = [
      { key: 'b', effect: 'NoExecute' },
      { key: 'c', effect: 'NoSchedule' },
    ];
    expect(findUntoleratedTaint(taints.slice(1), halves)?.key).toBe('b');
  });
});

const NODE: Node = {
  metadata: { name: 'n1', labels: { zone: 'a', size: '8', ssd: '' } },
};

function want(key: string, operator: string, ...values: string[]): NodeSelectorRequirement {
  return values.length > 0 ? { key, operator, values } : { key, operator };
}

function labelsTerm(...matchExpressions: NodeSelectorRequirement[]): NodeSelectorTerm {
  return { matchExpressions };
}

function fieldsTerm(...matchFields: NodeSelectorRequirement[]): NodeSelectorTerm {
  return { matchFields };
}

describe('a node selector term', () => {
  const core: [requirement: NodeSelectorRequirement, holds: boolean][] = [
    [want('zone', 'In', 'a', 'b'), true],
    [want('zone', 'In', 'b'), false],
    [want('zone', 'NotIn', 'b'), true],
    [want('zone', 'NotIn', 'a', 'b'), false],
    [want('zone', 'Exists'), true],
    [want('zone', 'DoesNotExist'), false],
    [want('size', 'Gt', '7'), true],
    [want('size', 'Gt', '8'), false],
    [want('size', 'Lt', '10'), true],
    [want('size', 'Lt', '8'), false],
    [want('other', 'In', 'a'), false],
    [want('other', 'NotIn', 'a'), true],
    [want('other', 'Exists'), false],
    [want('other', 'DoesNotExist'), true],
    [want('other', 'Gt', '0'), false],
    [want('other', 'Lt', '9'), false],
  ];
  for (const [requirement, holds] of core) {
    const { key, operator, values = [] } = requirement;
    it.core(`${key} ${operator} [${values}] ${holds ? 'holds' : 'does not hold'}`, () => {
      expect(matchesNodeSelectorTerm(labelsTerm(requirement), NODE)).toBe(holds);
    });
  }

  it.core('needs all of its requirements', () => {
    const both = labelsTerm(want('zone', 'In', 'a'), want('size', 'Gt', '4'));
    const one = labelsTerm(want('zone', 'In', 'a'), want('size', 'Gt', '9'));
    expect(matchesNodeSelectorTerm(both, NODE)).toBe(true);
    expect(matchesNodeSelectorTerm(one, NODE)).toBe(false);
  });

  it.core('goes by the name of the node in matchFields', () => {
    expect(matchesNodeSelectorTerm(fieldsTerm(want('metadata.name', 'In', 'n1')), NODE)).toBe(true);
    expect(matchesNodeSelectorTerm(fieldsTerm(want('metadata.name', 'In', 'n2')), NODE)).toBe(
      false,
    );
    expect(matchesNodeSelectorTerm(fieldsTerm(want('metadata.name', 'NotIn', 'n1')), NODE)).toBe(
      false,
    );
    expect(matchesNodeSelectorTerm(fieldsTerm(want('metadata.name', 'NotIn', 'n2')), NODE)).toBe(
      true,
    );
  });

  it('needs its labels and its fields', () => {
    const term = (zone: string, name: string): NodeSelectorTerm => ({
      matchExpressions: [want('zone', 'In', zone)],
      matchFields: [want('metadata.name', 'In', name)],
    });
    expect(matchesNodeSelectorTerm(term('a', 'n1'), NODE)).toBe(true);
    expect(matchesNodeSelectorTerm(term('b', 'n1'), NODE)).toBe(false);
    expect(matchesNodeSelectorTerm(term('a', 'n2'), NODE)).toBe(false);
  });

  it.core('matches no node when it is empty', () => {
    expect(matchesNodeSelectorTerm({}, NODE)).toBe(false);
    expect(matchesNodeSelectorTerm({ matchExpressions: [], matchFields: [] }, NODE)).toBe(false);
  });

  it('finds the empty value in fields a node selector does not know', () => {
    expect(matchesNodeSelectorTerm(fieldsTerm(want('spec.podCIDR', 'In', 'x')), NODE)).toBe(false);
    expect(matchesNodeSelectorTerm(fieldsTerm(want('spec.podCIDR', 'NotIn', 'x')), NODE)).toBe(
      true,
    );
    expect(matchesNodeSelectorTerm(fieldsTerm(want('spec.podCIDR', 'In', '')), NODE)).toBe(true);
  });

  it('knows the empty value of a label', () => {
    expect(matchesNodeSelectorTerm(labelsTerm(want('ssd', 'Exists')), NODE)).toBe(true);
    expect(matchesNodeSelectorTerm(labelsTerm(want('ssd', 'In', '')), NODE)).toBe(true);
    expect(matchesNodeSelectorTerm(labelsTerm(want('ssd', 'Gt', '0')), NODE)).toBe(false);
  });

  it('looks at a node without labels, or without metadata', () => {
    expect(matchesNodeSelectorTerm(labelsTerm(want('zone', 'DoesNotExist')), {})).toBe(true);
    expect(matchesNodeSelectorTerm(labelsTerm(want('zone', 'In', 'a')), {})).toBe(false);
    expect(matchesNodeSelectorTerm(fieldsTerm(want('metadata.name', 'In', 'n1')), {})).toBe(false);
  });

  const bad: [name: string, term: NodeSelectorTerm][] = [
    ['an unknown operator', labelsTerm(want('zone', 'Equals', 'a'))],
    ['an operator of label selectors', labelsTerm(want('zone', 'in', 'a'))],
    ['In without values', labelsTerm(want('zone', 'In'))],
    ['Exists with values', labelsTerm(want('zone', 'Exists', 'a'))],
    ['Gt with a word', labelsTerm(want('size', 'Gt', 'many'))],
    ['Lt with two values', labelsTerm(want('size', 'Lt', '1', '2'))],
    ['an invalid key', labelsTerm(want('a b', 'Exists'))],
    ['an invalid value', labelsTerm(want('zone', 'In', 'a b'))],
    ['a field with two values', fieldsTerm(want('metadata.name', 'In', 'n1', 'n2'))],
    ['a field without a value', fieldsTerm(want('metadata.name', 'NotIn'))],
    ['another field with two values', fieldsTerm(want('spec.podCIDR', 'NotIn', 'a', 'b'))],
    ['a field with Exists', fieldsTerm(want('metadata.name', 'Exists'))],
    ['a field with Gt', fieldsTerm(want('metadata.name', 'Gt', '1'))],
    [
      'a fault behind what does not hold',
      labelsTerm(want('zone', 'In', 'b'), want('x', 'Like', 'y')),
    ],
    [
      'a fault in its fields behind labels that do not hold',
      {
        matchExpressions: [want('zone', 'In', 'b')],
        matchFields: [want('metadata.name', 'Exists')],
      },
    ],
  ];
  for (const [name, term] of bad) {
    it(`is refused with ${name}`, () => {
      expect(() => matchesNodeSelectorTerm(term, NODE)).toThrow(SelectorError);
    });
  }
});

describe('a node selector', () => {
  const no = labelsTerm(want('zone', 'In', 'b'));
  const yes = labelsTerm(want('zone', 'In', 'a'));
  const broken = labelsTerm(want('zone', 'Like', 'a'));
  const select = (...nodeSelectorTerms: NodeSelectorTerm[]): boolean =>
    matchesNodeSelector({ nodeSelectorTerms }, NODE);

  it.core('needs one of its terms', () => {
    expect(select(no, yes)).toBe(true);
    expect(select(yes, no)).toBe(true);
    expect(select(no, no)).toBe(false);
  });

  it('matches no node without terms, or with an empty one', () => {
    expect(select()).toBe(false);
    expect(select({})).toBe(false);
    expect(select({}, yes)).toBe(true);
  });

  it('matches in spite of a broken term', () => {
    expect(select(broken, yes)).toBe(true);
    expect(select(yes, broken)).toBe(true);
  });

  it('is refused when it is broken and nothing matches', () => {
    expect(() => select(broken)).toThrow(SelectorError);
    expect(() => select(broken, no)).toThrow(SelectorError);
    expect(() => select(no, broken)).toThrow(SelectorError);
  });
});

describe('where a pod may run', () => {
  function podWanting(nodeSelector?: Record<string, string>, ...terms: NodeSelectorTerm[]): Pod {
    const required = terms.length > 0 ? { nodeSelectorTerms: terms } : undefined;
    return {
      spec: {
        containers: [],
        nodeSelector,
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
      },
    };
  }
  const inA = labelsTerm(want('zone', 'In', 'a'));
  const inB = labelsTerm(want('zone', 'In', 'b'));

  it.core('is anywhere when it wants nothing', () => {
    expect(matchesRequiredNodeAffinity({}, NODE)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting({}), {})).toBe(true);
    expect(matchesRequiredNodeAffinity({ spec: { containers: [] } }, NODE)).toBe(true);
  });

  it.core('is where all of its nodeSelector is', () => {
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'a', size: '8' }), NODE)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'a', size: '4' }), NODE)).toBe(false);
    expect(matchesRequiredNodeAffinity(podWanting({ other: 'a' }), NODE)).toBe(false);
  });

  it.core('is where its required affinity allows', () => {
    expect(matchesRequiredNodeAffinity(podWanting(undefined, inB, inA), NODE)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting(undefined, inB), NODE)).toBe(false);
  });

  it('is where both allow', () => {
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'a' }, inA), NODE)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'b' }, inA), NODE)).toBe(false);
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'a' }, inB), NODE)).toBe(false);
  });

  it('does not depend on what is only preferred', () => {
    const pod: Pod = {
      spec: {
        containers: [],
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: inB }],
          },
        },
      },
    };
    expect(matchesRequiredNodeAffinity(pod, NODE)).toBe(true);
  });

  it('is nowhere when the required affinity has no terms', () => {
    const pod = podWanting();
    const nodeAffinity = pod.spec?.affinity?.nodeAffinity;
    if (nodeAffinity) {
      nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [] };
    }
    expect(matchesRequiredNodeAffinity(pod, NODE)).toBe(false);
  });

  it('takes the empty value in nodeSelector for a value', () => {
    expect(matchesRequiredNodeAffinity(podWanting({ ssd: '' }), NODE)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting({ other: '' }), NODE)).toBe(false);
  });

  it('does not check the keys and values of nodeSelector', () => {
    const odd = { metadata: { labels: { 'a b': 'c d' } } };
    expect(matchesRequiredNodeAffinity(podWanting({ 'a b': 'c d' }), odd)).toBe(true);
    expect(matchesRequiredNodeAffinity(podWanting({ 'a b': 'c' }), odd)).toBe(false);
  });

  it('is an error when the affinity is broken and could decide', () => {
    const broken = labelsTerm(want('zone', 'Like', 'a'));
    expect(() => matchesRequiredNodeAffinity(podWanting({ zone: 'a' }, broken), NODE)).toThrow(
      SelectorError,
    );
    expect(matchesRequiredNodeAffinity(podWanting({ zone: 'b' }, broken), NODE)).toBe(false);
  });
});

describe('a pod', () => {
  function podWith(...conditions: [type: string, status: string][]): Pod {
    const list = conditions.map(([type, status]) => ({ type, status }));
    return { status: { phase: 'Running', conditions: list } };
  }

  it.core('is ready when its condition says so', () => {
    expect(isPodReady(podWith(['Ready', 'True']))).toBe(true);
    expect(isPodReady(podWith(['Ready', 'False']))).toBe(false);
    expect(isPodReady(podWith(['Ready', 'Unknown']))).toBe(false);
  });

  it('is not ready because it runs, or because its containers are ready', () => {
    expect(isPodReady({ status: { phase: 'Running' } })).toBe(false);
    expect(isPodReady(podWith(['ContainersReady', 'True'], ['Initialized', 'True']))).toBe(false);
    expect(isPodReady(podWith(['ContainersReady', 'True'], ['Ready', 'False']))).toBe(false);
  });

  it('is ready whatever its phase and other conditions say', () => {
    const pod = podWith(['PodScheduled', 'False'], ['Ready', 'True']);
    expect(isPodReady({ status: { ...pod.status, phase: 'Pending' } })).toBe(true);
  });

  it('is not ready without conditions or status', () => {
    expect(isPodReady({})).toBe(false);
    expect(isPodReady({ status: {} })).toBe(false);
    expect(isPodReady({ status: { conditions: [] } })).toBe(false);
  });
});
