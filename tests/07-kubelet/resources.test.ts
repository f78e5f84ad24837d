import type { Node, Pod } from '#apimachinery';
import { describe, expect, it } from '#kit';
import { admitPod, evictionMessage, evictionOrder, qosClass, thresholdsMet } from '#kubelet';

type Amounts = Record<string, string>;
const podOf = (
  requests: Amounts = {},
  limits: Amounts = {},
  more: Partial<NonNullable<Pod['spec']>> = {},
): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', resources: { requests, limits } }], ...more },
});

describe('qosClass', () => {
  const both = { cpu: '1', memory: '1Gi' };
  const cases: [string, Pod, string][] = [
    ['asks for nothing', podOf(), 'BestEffort'],
    ['asks for zero', podOf({ cpu: '0' }), 'BestEffort'],
    ['asks for something else', podOf({ 'example.com/gpu': '1' }), 'BestEffort'],
    ['has limits of both', podOf({}, both), 'Guaranteed'],
    [
      'writes the same amounts in other ways',
      podOf({ cpu: '1000m', memory: '1024Mi' }, both),
      'Guaranteed',
    ],
    ['asks for less than its limit', podOf({ cpu: '500m' }, both), 'Burstable'],
    ['has one limit only', podOf({}, { cpu: '1' }), 'Burstable'],
    ['only asks', podOf(both), 'Burstable'],
    ['asks for zero of what it may have', podOf({ cpu: '0', memory: '0' }, both), 'Burstable'],
    ['asks for one and leaves out the other', podOf({ cpu: '1' }, both), 'Guaranteed'],
    ['has limits of zero', podOf({}, { cpu: '0', memory: '0' }), 'BestEffort'],
    [
      'has an init container that asks for nothing',
      podOf({}, both, { initContainers: [{ name: 'i' }] }),
      'Burstable',
    ],
  ];
  const CORE = ['has limits of both', 'writes the same amounts in other ways', 'only asks'];
  for (const [name, pod, expected] of cases) {
    const run = () => expect(qosClass(pod)).toBe(expected);
    if (CORE.includes(name)) it.core(`is ${expected} for one that ${name}`, run);
    else it(`is ${expected} for one that ${name}`, run);
  }
});

describe('admitPod', () => {
  const nodeOf = (more: Partial<Node> = {}): Node => ({
    metadata: { name: 'n', labels: { zone: 'a' } },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '3' } },
    ...more,
  });
  it.core('takes what fits, and refuses what does not', () => {
    expect(admitPod(podOf({ cpu: '2' }), [podOf({ cpu: '2' })], nodeOf())).toBeUndefined();
    expect(admitPod(podOf({ cpu: '2001m' }), [podOf({ cpu: '2' })], nodeOf())).toEqual({
      reason: 'OutOfcpu',
      message:
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 2001, used: 2000, capacity: 4000",
    });
  });
  it('counts pods', () => {
    expect(admitPod(podOf(), [podOf(), podOf(), podOf()], nodeOf())).toEqual({
      reason: 'OutOfpods',
      message:
        "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    });
  });
  it('has room for no pods when nobody says for how many', () => {
    const silent = nodeOf({ status: { allocatable: { cpu: '4' } } });
    expect(admitPod(podOf(), [], silent)?.message).toContain(
      'pods, requested: 1, used: 0, capacity: 0',
    );
  });
  it('counts what all the others request', () => {
    const others = [podOf({ cpu: '1500m' }), podOf({ cpu: '1' })];
    expect(admitPod(podOf({ cpu: '1500m' }), others, nodeOf())).toBeUndefined();
    expect(admitPod(podOf({ cpu: '1501m' }), others, nodeOf())?.message).toContain(
      'cpu, requested: 1501, used: 2500, capacity: 4000',
    );
  });
  it('names the first in byte order, and counts bytes', () => {
    expect(admitPod(podOf({ memory: '16Gi', cpu: '1' }), [], nodeOf())?.message).toContain(
      'memory, requested: 17179869184, used: 0, capacity: 8589934592',
    );
    expect(admitPod(podOf({ memory: '16Gi', cpu: '9' }), [], nodeOf())?.reason).toBe('OutOfcpu');
  });
  it('has none of what it does not have', () => {
    expect(admitPod(podOf({ 'example.com/gpu': '1' }), [], nodeOf())?.reason).toBe(
      'OutOfexample.com/gpu',
    );
    expect(admitPod(podOf({ 'example.com/gpu': '0' }), [], nodeOf())).toBeUndefined();
  });
  it('asks for the labels the pod wants', () => {
    expect(admitPod(podOf({}, {}, { nodeSelector: { zone: 'a' } }), [], nodeOf())).toBeUndefined();
    expect(admitPod(podOf({}, {}, { nodeSelector: { zone: 'b' } }), [], nodeOf())).toEqual({
      reason: 'NodeAffinity',
      message:
        "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
  });
  it('looks at taints that would drive it out', () => {
    const taint = { key: 'k', effect: 'NoExecute' };
    const tainted = nodeOf({ spec: { taints: [taint] } });
    expect(admitPod(podOf(), [], tainted)).toEqual({
      reason: 'TaintToleration',
      message:
        'Pod was rejected: Predicate TaintToleration failed: node(s) had untolerated taint(s)',
    });
    const tolerations = [{ operator: 'Exists' }];
    expect(admitPod(podOf({}, {}, { tolerations }), [], tainted)).toBeUndefined();
    const mild = nodeOf({ spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    expect(admitPod(podOf(), [], mild)).toBeUndefined();
    const annotations = { 'kubernetes.io/config.source': 'file' };
    expect(admitPod({ ...podOf(), metadata: { annotations } }, [], tainted)).toBeUndefined();
  });
});

describe('eviction', () => {
  const memory = { signal: 'memory.available', value: '100Mi', graceMs: 0 } as const;
  const disk = { signal: 'nodefs.available', value: '10%', graceMs: 0 } as const;
  const Mi = 1024 * 1024;
  it.core('is due when less is left than the threshold', () => {
    const met = (available: number) =>
      thresholdsMet([memory], new Map([['memory.available', { available, capacity: 1000 * Mi }]]))
        .length;
    expect([met(100 * Mi), met(100 * Mi - 1)]).toEqual([0, 1]);
  });
  it('reads parts, and leaves out what was not measured', () => {
    const met = (available: number) =>
      thresholdsMet([memory, disk], new Map([['nodefs.available', { available, capacity: 1005 }]]))
        .length;
    expect([met(100), met(99)]).toEqual([0, 1]);
  });
  const usage = (name: string, request: string, used: number, priority?: number) => ({
    pod: {
      metadata: { name },
      spec: {
        containers: [
          { name: 'c', resources: { requests: { memory: request, 'ephemeral-storage': '1' } } },
        ],
        ...(priority !== undefined && { priority }),
      },
    },
    memory: used,
    disk: 1000 - used,
  });
  const order = (
    signal: 'memory.available' | 'nodefs.available',
    pods: ReturnType<typeof usage>[],
  ) => evictionOrder(signal, pods).map(({ pod }) => pod.metadata?.name);
  it.core('takes first who uses more than it asked for', () => {
    expect(
      order('memory.available', [usage('within', '900', 800), usage('above', '10', 20)]),
    ).toEqual(['above', 'within']);
  });
  it('then lower priority, then the larger excess', () => {
    expect(
      order('memory.available', [
        usage('high', '10', 900, 5),
        usage('little', '10', 20),
        usage('much', '10', 500),
        usage('low', '10', 11, -1),
      ]),
    ).toEqual(['low', 'much', 'little', 'high']);
  });
  it('looks at disk for the other signals', () => {
    expect(order('nodefs.available', [usage('a', '1', 900), usage('b', '1', 100)])).toEqual([
      'b',
      'a',
    ]);
  });
  it('keeps the order of equals, and the list', () => {
    const pods = [usage('a', '10', 20), usage('b', '10', 20), usage('c', '10', 5)];
    expect(order('memory.available', pods)).toEqual(['a', 'b', 'c']);
    expect(pods.map(({ pod }) => pod.metadata?.name)).toEqual(['a', 'b', 'c']);
  });
  it.core('tells the pod why', () => {
    const pod = podOf({ memory: '100Mi' });
    const seen = { available: 52 * Mi, capacity: 8192 * Mi };
    expect(evictionMessage(memory, seen, pod, new Map([['c', 800 * Mi]]))).toBe(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 53248Ki. Container c was using 819200Ki, request is 100Mi, has larger consumption of memory. ',
    );
    expect(evictionMessage(memory, seen, pod, new Map([['c', 100 * Mi]]))).toBe(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 53248Ki. ',
    );
  });
  it('tells of containers in the order of the pod, and of its containers only', () => {
    const pod: Pod = {
      spec: {
        containers: [
          { name: 'a', resources: { requests: { memory: '1025' } } },
          { name: 'b' },
          { name: 'c' },
        ],
        initContainers: [{ name: 'i' }],
      },
    };
    const seen = { available: 52 * Mi, capacity: 8192 * Mi };
    const used = new Map([
      ['i', 5000],
      ['c', 2048],
      ['a', 2048],
    ]);
    expect(evictionMessage(memory, seen, pod, used)).toBe(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 53248Ki. Container a was using 2Ki, request is 1025, has larger consumption of memory. Container c was using 2Ki, request is 0, has larger consumption of memory. ',
    );
  });
  it('says ephemeral-storage for disks, and 0 where nothing was asked for', () => {
    expect(
      evictionMessage(
        disk,
        { available: 1025, capacity: 102_400 },
        podOf(),
        new Map([['c', 2048]]),
      ),
    ).toBe(
      'The node was low on resource: ephemeral-storage. Threshold quantity: 10Ki, available: 2Ki. Container c was using 2Ki, request is 0, has larger consumption of ephemeral-storage. ',
    );
  });
});
