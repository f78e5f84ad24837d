import type { Pod } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, podObject, property } from '#kit';
import {
  insufficientResources,
  NodeInfo,
  nodeAffinityFilter,
  nodeNameFilter,
  nodeNamesOfAffinity,
  nodePortsFilter,
  nodeResourcesFilter,
  nodeUnschedulableFilter,
  podInfoOf,
  type Status,
  taintTolerationFilter,
  UNSCHEDULABLE_TAINT,
} from '#scheduler';

type NodeWords = Parameters<typeof nodeObject>[1];
type Spec = NonNullable<Pod['spec']>;

const textOf = (status: Status | undefined) => status && `${status.code}: ${status.message}`;
const podWith = (spec: Partial<Spec> = {}) => podInfoOf(podObject('web', { spec }));
const asking = (requests: Record<string, string>) => podInfoOf(podObject('web', { requests }));
const node = (words: NodeWords = {}, pods: readonly Pod[] = []) =>
  new NodeInfo(nodeObject('node-1', words), pods.map(podInfoOf));
const holding = (name: string, requests: Record<string, string>) => podObject(name, { requests });

describe('nodeNameFilter', () => {
  const WRONG = "UnschedulableAndUnresolvable: node(s) didn't match the requested node name";

  it.core('lets a pod on the node it names, and on no other', () => {
    expect(nodeNameFilter(podWith({ nodeName: 'node-1' }), node())).toBeUndefined();
    expect(textOf(nodeNameFilter(podWith({ nodeName: 'node-2' }), node()))).toBe(WRONG);
  });

  it('lets a pod that names none on every node', () => {
    expect(nodeNameFilter(podWith(), node())).toBeUndefined();
    expect(nodeNameFilter(podWith({ nodeName: '' }), node())).toBeUndefined();
  });

  it('compares whole names', () => {
    expect(textOf(nodeNameFilter(podWith({ nodeName: 'node-' }), node()))).toBe(WRONG);
    expect(textOf(nodeNameFilter(podWith({ nodeName: 'node-10' }), node()))).toBe(WRONG);
  });
});

describe('nodeUnschedulableFilter', () => {
  const cordoned = node({ unschedulable: true });
  const NO = 'UnschedulableAndUnresolvable: node(s) were unschedulable';
  const tolerating = (toleration: object) => podWith({ tolerations: [toleration] });

  it.core('keeps pods off a cordoned node', () => {
    expect(textOf(nodeUnschedulableFilter(podWith(), cordoned))).toBe(NO);
    expect(nodeUnschedulableFilter(podWith(), node())).toBeUndefined();
  });

  const { key } = UNSCHEDULABLE_TAINT;
  const cases: [name: string, toleration: object, answer: string | undefined][] = [
    ['the taint', { key, operator: 'Exists', effect: 'NoSchedule' }, undefined],
    ['the key with every effect', { key, operator: 'Exists' }, undefined],
    ['everything', { operator: 'Exists' }, undefined],
    ['the key with the empty value', { key, effect: 'NoSchedule' }, undefined],
    ['another effect', { key, operator: 'Exists', effect: 'NoExecute' }, NO],
    ['another key', { key: 'a', operator: 'Exists' }, NO],
    ['another value', { key, operator: 'Equal', value: 'true' }, NO],
  ];
  for (const [name, toleration, answer] of cases) {
    it(`asks a pod that tolerates ${name}`, () => {
      expect(textOf(nodeUnschedulableFilter(tolerating(toleration), cordoned))).toBe(answer);
    });
  }

  it('does not look at the taints of the node', () => {
    const taints = [{ key, effect: 'NoSchedule' }];
    expect(nodeUnschedulableFilter(podWith(), node({ taints }))).toBeUndefined();
  });
});

describe('nodePortsFilter', () => {
  const NO = "Unschedulable: node(s) didn't have free ports for the requested pod ports";
  const container = (...ports: object[]) =>
    ({ containers: [{ name: 'c', image: 'i', ports }] }) as Spec;
  const taken = (...ports: object[]) =>
    node({}, [podObject('other', { spec: container(...ports) })]);
  const asks = (...ports: object[]) => podWith(container(...ports));

  it.core('keeps two pods from one port', () => {
    const busy = taken({ containerPort: 80, hostPort: 8080 });
    expect(textOf(nodePortsFilter(asks({ containerPort: 80, hostPort: 8080 }), busy))).toBe(NO);
    expect(nodePortsFilter(asks({ containerPort: 80, hostPort: 8081 }), busy)).toBeUndefined();
  });

  it('does not care for ports of containers', () => {
    const busy = taken({ containerPort: 80 });
    expect(nodePortsFilter(asks({ containerPort: 80 }), busy)).toBeUndefined();
  });

  it('lets every pod on a node where nothing is held', () => {
    expect(nodePortsFilter(asks({ containerPort: 80, hostPort: 80 }), node())).toBeUndefined();
  });

  it('refuses when the last of several is taken', () => {
    const wanted = [1, 2, 3].map((hostPort) => ({ containerPort: 80, hostPort }));
    expect(textOf(nodePortsFilter(asks(...wanted), taken({ containerPort: 9, hostPort: 3 })))).toBe(
      NO,
    );
  });

  it('tells protocols and addresses apart', () => {
    const one = { containerPort: 1, hostPort: 53, hostIP: '10.0.0.1' };
    const busy = taken({ ...one, protocol: 'UDP' });
    expect(nodePortsFilter(asks({ ...one, protocol: 'TCP' }), busy)).toBeUndefined();
    expect(
      nodePortsFilter(asks({ ...one, protocol: 'UDP', hostIP: '10.0.0.2' }), busy),
    ).toBeUndefined();
    expect(
      textOf(nodePortsFilter(asks({ containerPort: 1, hostPort: 53, protocol: 'UDP' }), busy)),
    ).toBe(NO);
  });
});

describe('insufficientResources', () => {
  const resourcesOf = (all: readonly { resource: string }[]) => all.map(({ resource }) => resource);

  it.core('tells what is not enough, with all its numbers', () => {
    const busy = node({ cpu: '4' }, [holding('a', { cpu: '1' }), holding('b', { cpu: '2' })]);
    expect(insufficientResources(asking({ cpu: '1' }), busy)).toEqual([]);
    expect(insufficientResources(asking({ cpu: '1001m' }), busy)).toEqual([
      {
        resource: 'cpu',
        reason: 'Insufficient cpu',
        requested: 1001,
        used: 3000,
        capacity: 4000,
        unresolvable: false,
      },
    ]);
  });

  it('calls unresolvable what an empty node could not give either', () => {
    const busy = node({ cpu: '4' }, [holding('a', { cpu: '3' })]);
    const unresolvable = (cpu: string) =>
      insufficientResources(asking({ cpu }), busy).map((one) => one.unresolvable);
    expect(unresolvable('4')).toEqual([false]);
    expect(unresolvable('4001m')).toEqual([true]);
  });

  it('counts pods against the number of pods', () => {
    const full = node({ pods: 2 }, [podObject('a'), podObject('b')]);
    const reason = 'Too many pods';
    expect(insufficientResources(podWith(), full)).toEqual([
      { resource: 'pods', reason, requested: 1, used: 2, capacity: 2, unresolvable: false },
    ]);
    expect(insufficientResources(podWith(), node({ pods: 2 }, [podObject('a')]))).toEqual([]);
  });

  it('does not call a node unresolvable that takes no pods at all', () => {
    const [missing] = insufficientResources(podWith(), node({ pods: 0 }));
    expect(missing).toMatchObject({ resource: 'pods', used: 0, capacity: 0, unresolvable: false });
  });

  it('tells everything in its order, not only the first', () => {
    const tiny = node({
      cpu: '1m',
      memory: '1',
      pods: 0,
      allocatable: { 'ephemeral-storage': '1', 'b.io/x': '1', 'a.io/x': '1' },
    });
    const requests = {
      'b.io/x': '2',
      'a.io/x': '2',
      'ephemeral-storage': '2',
      memory: '2',
      cpu: '2m',
    };
    const order = ['pods', 'cpu', 'memory', 'ephemeral-storage', 'b.io/x', 'a.io/x'];
    const missing = insufficientResources(asking(requests), tiny);
    expect(resourcesOf(missing)).toEqual(order);
    expect(missing.slice(1).map(({ reason }) => reason)).toEqual(
      order.slice(1).map((resource) => `Insufficient ${resource}`),
    );
  });

  it('compares memory and storage in bytes', () => {
    const words = { memory: '1Gi', allocatable: { 'ephemeral-storage': '1Gi' } };
    const fits = (requests: Record<string, string>) =>
      resourcesOf(insufficientResources(asking(requests), node(words)));
    expect(fits({ memory: '1073741824', 'ephemeral-storage': '1073741824' })).toEqual([]);
    expect(fits({ memory: '1073741825' })).toEqual(['memory']);
    expect(fits({ 'ephemeral-storage': '1073741825' })).toEqual(['ephemeral-storage']);
  });

  it('has nothing of a resource that the node does not name', () => {
    const [missing] = insufficientResources(asking({ 'example.com/gpu': '1' }), node());
    expect(missing).toEqual({
      resource: 'example.com/gpu',
      reason: 'Insufficient example.com/gpu',
      requested: 1,
      used: 0,
      capacity: 0,
      unresolvable: true,
    });
  });

  it('counts scalars of the pods that are there', () => {
    const words = { allocatable: { 'example.com/gpu': '2' } };
    const busy = node(words, [holding('a', { 'example.com/gpu': '2' })]);
    expect(insufficientResources(asking({ 'example.com/gpu': '1' }), busy)).toMatchObject([
      { used: 2, capacity: 2, unresolvable: false },
    ]);
  });

  it('lets who asks for nothing on a node that has promised too much', () => {
    const over = node({ cpu: '1', memory: '1Gi' }, [holding('a', { cpu: '2', memory: '2Gi' })]);
    expect(insufficientResources(podWith(), over)).toEqual([]);
    expect(resourcesOf(insufficientResources(asking({ cpu: '1m' }), over))).toEqual(['cpu']);
    expect(resourcesOf(insufficientResources(asking({ memory: '1' }), over))).toEqual(['memory']);
  });

  it('lets who asks for 0 of a scalar on a node without it', () => {
    expect(insufficientResources(asking({ 'example.com/gpu': '0' }), node())).toEqual([]);
  });

  it('does not look at scalars that are ignored, but at all else', () => {
    const greedy = asking({ cpu: '9', 'example.com/gpu': '1', 'other.io/x': '1' });
    const ignored = (name: string) => name.startsWith('example.com/') || name === 'cpu';
    expect(resourcesOf(insufficientResources(greedy, node(), ignored))).toEqual([
      'cpu',
      'other.io/x',
    ]);
  });

  it('does not fill up requests of pods that ask for nothing', () => {
    const idle = Array.from({ length: 5 }, (_, i) => podObject(`idle-${i}`));
    expect(insufficientResources(asking({ cpu: '4', memory: '16Gi' }), node({}, idle))).toEqual([]);
  });
});

describe('nodeResourcesFilter', () => {
  it.core('lets a pod on until the node is full', () => {
    const full = node({ cpu: '4' }, [holding('a', { cpu: '3' })]);
    expect(nodeResourcesFilter(asking({ cpu: '1' }), full)).toBeUndefined();
    expect(textOf(nodeResourcesFilter(asking({ cpu: '1001m' }), full))).toBe(
      'Unschedulable: Insufficient cpu',
    );
  });

  it('keeps each reason apart', () => {
    const full = node({ pods: 1 }, [holding('a', { cpu: '4', memory: '16Gi' })]);
    const status = nodeResourcesFilter(asking({ cpu: '1', memory: '1Gi' }), full);
    expect(status?.code).toBe('Unschedulable');
    expect(status?.reasons).toEqual(['Too many pods', 'Insufficient cpu', 'Insufficient memory']);
  });

  for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
    it(`looks at ${resource} alone`, () => {
      const full = node({ allocatable: { [resource]: '2' } }, [holding('a', { [resource]: '1' })]);
      expect(nodeResourcesFilter(asking({ [resource]: '1' }), full)).toBeUndefined();
      expect(textOf(nodeResourcesFilter(asking({ [resource]: '2' }), full))).toBe(
        `Unschedulable: Insufficient ${resource}`,
      );
    });
  }

  it('is unresolvable when one of several is', () => {
    const full = node({}, [holding('a', { cpu: '4' })]);
    expect(textOf(nodeResourcesFilter(asking({ cpu: '1', memory: '17Gi' }), full))).toBe(
      'UnschedulableAndUnresolvable: Insufficient cpu, Insufficient memory',
    );
    expect(textOf(nodeResourcesFilter(asking({ cpu: '5', memory: '1Gi' }), full))).toBe(
      'UnschedulableAndUnresolvable: Insufficient cpu',
    );
  });

  it('hands on what is ignored', () => {
    const pod = asking({ 'example.com/gpu': '1' });
    expect(nodeResourcesFilter(pod, node(), () => true)).toBeUndefined();
    expect(textOf(nodeResourcesFilter(pod, node(), () => false))).toBe(
      'UnschedulableAndUnresolvable: Insufficient example.com/gpu',
    );
    expect(nodeResourcesFilter(pod, node())?.code).toBe('UnschedulableAndUnresolvable');
  });

  it('lets who asks for nothing on a node that has promised too much', () => {
    const over = node({ cpu: '1' }, [holding('a', { cpu: '2' })]);
    expect(nodeResourcesFilter(asking({ memory: '1Gi' }), over)).toBeUndefined();
  });

  const amount = fc.integer({ min: 0, max: 5 });
  const amounts = fc.record({ cpu: amount, memory: amount, gpu: amount });
  type Amounts = { cpu: number; memory: number; gpu: number };
  const requestsOf = ({ cpu, memory, gpu }: Amounts) => ({
    cpu: `${cpu}m`,
    memory: String(memory),
    // Most pods name no such resource at all.
    ...(gpu > 0 && { 'example.com/gpu': String(gpu) }),
  });

  property(
    'says yes exactly when every sum stays within what there is',
    amounts,
    fc.array(amounts, { maxLength: 4 }),
    amounts,
    fc.integer({ min: 0, max: 5 }),
    (asked, others, offered, pods) => {
      const { cpu, memory, ...allocatable } = requestsOf(offered);
      const there = others.map((one, i) => holding(`p${i}`, requestsOf(one)));
      const status = nodeResourcesFilter(
        asking(requestsOf(asked)),
        node({ cpu, memory, pods, allocatable }, there),
      );
      const keys = ['cpu', 'memory', 'gpu'] as const;
      const short = keys.filter(
        (key) =>
          asked[key] > 0 && others.reduce((sum, one) => sum + one[key], asked[key]) > offered[key],
      );
      const names = { cpu: 'cpu', memory: 'memory', gpu: 'example.com/gpu' };
      const reasons = short.map((key) => `Insufficient ${names[key]}`);
      if (there.length + 1 > pods) reasons.unshift('Too many pods');
      expect(status?.reasons ?? []).toEqual(reasons);
      const hopeless = short.some((key) => asked[key] > offered[key]);
      if (status) expect(status.code.endsWith('Unresolvable')).toBe(hopeless);
    },
    { runs: 300 },
  );
});

describe('taintTolerationFilter', () => {
  const a = { key: 'a', value: 'b', effect: 'NoSchedule' };
  const filter = (taints: NonNullable<NodeWords>['taints'], tolerations?: object[]) =>
    textOf(
      taintTolerationFilter(
        podWith({ ...(tolerations && { tolerations }) }),
        node({ ...(taints && { taints }) }),
      ),
    );
  const NO = 'UnschedulableAndUnresolvable: node(s) had untolerated taint';

  it.core('keeps away who does not tolerate a taint', () => {
    expect(filter([a])).toBe(`${NO} {a: b}`);
    expect(filter([a], [{ key: 'a', operator: 'Equal', value: 'b' }])).toBeUndefined();
    expect(filter([a], [{ key: 'a', operator: 'Equal', value: 'c' }])).toBe(`${NO} {a: b}`);
  });

  it('has nothing against a node without taints', () => {
    expect(filter(undefined)).toBeUndefined();
    expect(filter([])).toBeUndefined();
  });

  it('names a taint without a value', () => {
    expect(filter([{ key: 'a', effect: 'NoExecute' }])).toBe(`${NO} {a: }`);
  });

  it('counts NoSchedule and NoExecute, and PreferNoSchedule not', () => {
    expect(filter([{ ...a, effect: 'NoExecute' }])).toBe(`${NO} {a: b}`);
    expect(filter([{ ...a, effect: 'PreferNoSchedule' }])).toBeUndefined();
  });

  it('names the first that is not tolerated, in the order of the node', () => {
    const taints = [
      { key: 'soft', effect: 'PreferNoSchedule' },
      a,
      { key: 'z', value: '1', effect: 'NoSchedule' },
      { key: 'c', value: '2', effect: 'NoExecute' },
    ];
    expect(filter(taints, [{ key: 'a', operator: 'Exists' }])).toBe(`${NO} {z: 1}`);
  });

  it('wants each taint tolerated, not any', () => {
    const both = [a, { key: 'c', effect: 'NoSchedule' }];
    expect(filter(both, [{ key: 'a', operator: 'Exists' }])).toBe(`${NO} {c: }`);
    expect(
      filter(both, [
        { key: 'a', operator: 'Exists' },
        { key: 'c', operator: 'Exists' },
      ]),
    ).toBe(undefined);
  });

  it('looks at the effect of a toleration', () => {
    const tolerations = [{ key: 'a', operator: 'Exists', effect: 'NoExecute' }];
    expect(filter([a], tolerations)).toBe(`${NO} {a: b}`);
  });
});

const required = (nodeSelectorTerms: object[]) =>
  podWith({
    affinity: {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    },
  } as Partial<Spec>);
const expression = (key: string, operator: string, ...values: string[]) => ({
  key,
  operator,
  values,
});
const field = (operator: string, ...values: string[]) =>
  expression('metadata.name', operator, ...values);

describe('nodeAffinityFilter', () => {
  const NO = "UnschedulableAndUnresolvable: node(s) didn't match Pod's node affinity/selector";
  const ssd = node({ labels: { disk: 'ssd', zone: 'a' } });

  it.core('wants the labels of the nodeSelector', () => {
    expect(nodeAffinityFilter(podWith({ nodeSelector: { disk: 'ssd' } }), ssd)).toBeUndefined();
    expect(textOf(nodeAffinityFilter(podWith({ nodeSelector: { disk: 'hdd' } }), ssd))).toBe(NO);
    expect(nodeAffinityFilter(podWith(), ssd)).toBeUndefined();
  });

  it('wants required affinity: any term, and in it everything', () => {
    const both = {
      matchExpressions: [expression('disk', 'In', 'ssd'), expression('zone', 'In', 'b')],
    };
    expect(textOf(nodeAffinityFilter(required([both]), ssd))).toBe(NO);
    const other = { matchExpressions: [expression('zone', 'Exists')] };
    expect(nodeAffinityFilter(required([both, other]), ssd)).toBeUndefined();
  });

  it('wants selector and affinity, not either', () => {
    const { affinity } =
      required([{ matchExpressions: [expression('zone', 'In', 'a')] }]).pod.spec ?? {};
    const pod = (disk: string) =>
      podWith({ nodeSelector: { disk }, ...(affinity && { affinity }) });
    expect(nodeAffinityFilter(pod('ssd'), ssd)).toBeUndefined();
    expect(textOf(nodeAffinityFilter(pod('hdd'), ssd))).toBe(NO);
  });

  it('does not want what is only preferred', () => {
    const preference = { matchExpressions: [expression('disk', 'In', 'hdd')] };
    const nodeAffinity = {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }],
    };
    expect(nodeAffinityFilter(podWith({ affinity: { nodeAffinity } }), ssd)).toBeUndefined();
  });

  it('matches the name of the node', () => {
    expect(
      nodeAffinityFilter(required([{ matchFields: [field('In', 'node-1')] }]), ssd),
    ).toBeUndefined();
    expect(textOf(nodeAffinityFilter(required([{ matchFields: [field('In', 'x')] }]), ssd))).toBe(
      NO,
    );
  });

  it('answers for an affinity that is not well formed, and does not throw', () => {
    const odd = required([{ matchExpressions: [expression('disk', 'Near', 'ssd')] }]);
    const status = nodeAffinityFilter(odd, ssd);
    expect(status?.code).toBe('UnschedulableAndUnresolvable');
    expect(status?.reasons.length).toBe(1);
    expect(status?.message).toContain('Near');
  });
});

describe('nodeNamesOfAffinity', () => {
  const namesOf = (...terms: object[]) => {
    const names = nodeNamesOfAffinity(required(terms));
    return names && [...names].sort();
  };

  it.core('gives the names of a term', () => {
    expect(namesOf({ matchFields: [field('In', 'node-7')] })).toEqual(['node-7']);
    expect(namesOf({ matchExpressions: [expression('disk', 'Exists')] })).toBeUndefined();
  });

  it('gives undefined for a pod without required affinity, or without terms in it', () => {
    expect(nodeNamesOfAffinity(podWith())).toBeUndefined();
    expect(nodeNamesOfAffinity(podWith({ nodeSelector: { a: 'b' } }))).toBeUndefined();
    expect(nodeNamesOfAffinity(podWith({ affinity: { nodeAffinity: {} } }))).toBeUndefined();
    expect(namesOf()).toBeUndefined();
  });

  it('puts the names of alternatives together', () => {
    const terms = ['a', 'b', 'a'].map((name) => ({ matchFields: [field('In', name)] }));
    expect(namesOf(...terms)).toEqual(['a', 'b']);
  });

  it('gives none as soon as one alternative names no node', () => {
    const named = { matchFields: [field('In', 'a')] };
    const any = { matchExpressions: [expression('disk', 'Exists')] };
    expect(namesOf(named, any)).toBeUndefined();
    expect(namesOf(any, named)).toBeUndefined();
    expect(namesOf(named, { matchFields: [field('NotIn', 'b')] })).toBeUndefined();
  });

  it('takes only what all fields of a term name', () => {
    expect(namesOf({ matchFields: [field('In', 'a', 'b'), field('In', 'b', 'c')] })).toEqual(['b']);
    expect(namesOf({ matchFields: [field('In', 'a'), field('In', 'b')] })).toEqual([]);
    expect(namesOf({ matchFields: [field('NotIn', 'z'), field('In', 'a')] })).toEqual(['a']);
  });

  it('adds nothing for a term that contradicts itself', () => {
    const never = { matchFields: [field('In', 'a'), field('In', 'b')] };
    expect(namesOf(never, { matchFields: [field('In', 'c')] })).toEqual(['c']);
  });

  it('does not take other fields for names', () => {
    expect(namesOf({ matchFields: [expression('metadata.uid', 'In', 'a')] })).toBeUndefined();
  });

  it('takes names from a term that has expressions, too', () => {
    const term = { matchFields: [field('In', 'a')], matchExpressions: [expression('x', 'Exists')] };
    expect(namesOf(term)).toEqual(['a']);
  });

  const name = fc.constantFrom('node-1', 'node-2', 'node-3');
  property(
    'never leaves out a node that the filter would let through',
    fc.array(
      fc.record({
        matchFields: fc.array(
          fc
            .tuple(fc.constantFrom('In', 'NotIn'), name)
            .map(([operator, one]) => field(operator, one)),
          { maxLength: 3 },
        ),
      }),
      { maxLength: 3 },
    ),
    (terms) => {
      const pod = required(terms);
      const names = nodeNamesOfAffinity(pod);
      for (const one of ['node-1', 'node-2', 'node-3']) {
        const passes = nodeAffinityFilter(pod, new NodeInfo(nodeObject(one))) === undefined;
        if (passes) expect(names?.has(one) ?? true).toBe(true);
      }
    },
  );
});
