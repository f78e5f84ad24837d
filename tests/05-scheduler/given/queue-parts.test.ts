import type { Node, Pod } from '#apimachinery';
import { describe, expect, it, nodeObject, type PodWords, podObject } from '#kit';
import {
  type ClusterEvent,
  CycleState,
  clusterEvent,
  FORCE_ACTIVATE,
  type Handle,
  matchesClusterEvent,
  NODE_ADD,
  NodeTree,
  newDefaultBinder,
  newPrioritySort,
  newSchedulingGates,
  nodeSchedulingPropertiesChange,
  podInfoOf,
  podSchedulingPropertiesChange,
  type QueuedPodInfo,
  UNSCHEDULED_POD_ADD,
} from '#scheduler';

const labels = (events: readonly ClusterEvent[]) => events.map(({ label }) => label);

describe('cluster events of nodes', () => {
  const before = nodeObject('n1', { taints: [{ key: 'k', effect: 'NoSchedule' }] });
  const changed = (spec: object, status: object = {}, metadata: object = {}): Node =>
    ({
      ...before,
      metadata: { ...before.metadata, ...metadata },
      spec: { ...before.spec, ...spec },
      status: { ...before.status, ...status },
    }) as Node;
  const condition = (status: string, lastHeartbeatTime: string) => ({
    conditions: [{ type: 'Ready', status, lastHeartbeatTime }],
  });

  it('says nothing of a node that has not changed', () => {
    expect(nodeSchedulingPropertiesChange(before, changed({}))).toEqual([]);
    expect(nodeSchedulingPropertiesChange(before, changed({ podCIDR: '10.0.0.0/24' }))).toEqual([]);
  });

  it('names each kind of change', () => {
    const allocatable = { ...before.status?.allocatable, cpu: '8' };
    const after = changed(
      { taints: [] },
      { allocatable, ...condition('True', 'now') },
      {
        labels: { a: 'b' },
        annotations: { a: 'b' },
      },
    );
    expect(labels(nodeSchedulingPropertiesChange(before, after))).toEqual([
      'NodeUpdateNodeTaint',
      'NodeUpdateNodeAllocatable',
      'NodeUpdateNodeLabel',
      'NodeUpdateNodeCondition',
      'NodeUpdateNodeAnnotation',
    ]);
  });

  it('takes the same amount in other words for the same', () => {
    const allocatable = { ...before.status?.allocatable, cpu: '4000m' };
    expect(nodeSchedulingPropertiesChange(before, changed({}, { allocatable }))).toEqual([]);
  });

  it('takes uncordoning for a change of taints, and cordoning for nothing', () => {
    const cordoned = changed({ unschedulable: true });
    expect(labels(nodeSchedulingPropertiesChange(cordoned, before))).toEqual([
      'NodeUpdateNodeTaint',
    ]);
    expect(nodeSchedulingPropertiesChange(before, cordoned)).toEqual([]);
  });

  it('does not look at heartbeats', () => {
    const old = changed({}, condition('True', 'then'));
    expect(nodeSchedulingPropertiesChange(old, changed({}, condition('True', 'now')))).toEqual([]);
    const events = nodeSchedulingPropertiesChange(old, changed({}, condition('False', 'now')));
    expect(labels(events)).toEqual(['NodeUpdateNodeCondition']);
  });
});

describe('cluster events of pods', () => {
  const rows: [string, PodWords, PodWords, string[]][] = [
    ['anything', {}, { annotations: { a: 'b' } }, ['UnschedulablePodUpdate']],
    ['labels', {}, { labels: { a: 'b' } }, ['UnschedulablePodUpdatePodLabel']],
    [
      'labels of a pod with a node',
      { nodeName: 'n1' },
      { nodeName: 'n1', labels: { a: 'b' } },
      ['AssignedPodUpdatePodLabel'],
    ],
    [
      'less',
      { requests: { cpu: '2', memory: '1Gi' } },
      { requests: { cpu: '2', memory: '1Mi' } },
      ['UnschedulablePodUpdatePodScaleDown'],
    ],
    [
      'nothing of something',
      { requests: { cpu: '2' } },
      {},
      ['UnschedulablePodUpdatePodScaleDown'],
    ],
    ['more', { requests: { cpu: '1' } }, { requests: { cpu: '2' } }, ['UnschedulablePodUpdate']],
    [
      'the last gate',
      { spec: { schedulingGates: [{ name: 'g' }] } },
      {},
      ['UnschedulablePodUpdatePodSchedulingGatesEliminated'],
    ],
    [
      'one of two gates',
      { spec: { schedulingGates: [{ name: 'g' }, { name: 'h' }] } },
      { spec: { schedulingGates: [{ name: 'g' }] } },
      ['UnschedulablePodUpdate'],
    ],
    [
      'a toleration',
      {},
      { spec: { tolerations: [{ operator: 'Exists' }] } },
      ['UnschedulablePodUpdatePodToleration'],
    ],
  ];
  for (const [what, before, after, expected] of rows) {
    it(`is ${expected.join()} for ${what}`, () => {
      const events = podSchedulingPropertiesChange(podObject('a', before), podObject('a', after));
      expect(labels(events)).toEqual(expected);
    });
  }
});

describe('matchesClusterEvent', () => {
  const update = clusterEvent('Node', 'UpdateNodeLabel');
  const rows: [string, Parameters<typeof matchesClusterEvent>[0], ClusterEvent, boolean][] = [
    ['the same', { resource: 'Node', actions: ['Add'] }, NODE_ADD, true],
    ['another action', { resource: 'Node', actions: ['Delete'] }, NODE_ADD, false],
    ['another resource', { resource: 'AssignedPod', actions: ['Add'] }, NODE_ADD, false],
    ['one of several', { resource: 'Node', actions: ['Delete', 'Add'] }, NODE_ADD, true],
    ['any update', { resource: 'Node', actions: ['Update'] }, update, true],
    ['an update for an add', { resource: 'Node', actions: ['Update'] }, NODE_ADD, false],
    ['another update', { resource: 'Node', actions: ['UpdateNodeTaint'] }, update, false],
    [
      'a finer one than was said',
      { resource: 'Node', actions: ['UpdateNodeTaint'] },
      clusterEvent('Node', 'Update'),
      false,
    ],
    ['every action', { resource: 'Node', actions: ['*'] }, update, true],
    ['every resource', { resource: '*', actions: ['Add'] }, UNSCHEDULED_POD_ADD, true],
    ['a wildcard', { resource: 'CSINode', actions: ['Add'] }, FORCE_ACTIVATE, true],
  ];
  for (const [what, registered, event, expected] of rows) {
    it(`says ${expected} to ${what}`, () => {
      expect(matchesClusterEvent(registered, event)).toBe(expected);
    });
  }
});

describe('NodeTree', () => {
  it('keeps its version while the order stays', () => {
    const tree = new NodeTree();
    const zoned = (name: string, zone: string, cpu = '4') =>
      nodeObject(name, { cpu, labels: { 'topology.kubernetes.io/zone': zone } });
    for (const [name, zone] of [
      ['a', 'x'],
      ['b', 'x'],
      ['c', 'y'],
    ] as const) {
      tree.set(zoned(name, zone));
    }
    expect(tree.names()).toEqual(['a', 'c', 'b']);
    const { version } = tree;
    tree.set(zoned('a', 'x', '8'));
    tree.delete('unknown');
    expect(tree.version).toBe(version);
    tree.delete('a');
    expect(tree.version).not.toBe(version);
    expect([tree.names(), tree.size]).toEqual([['b', 'c'], 2]);
  });
});

describe('SchedulingGates', () => {
  const { preEnqueue, eventsToRegister } = newSchedulingGates();

  it('keeps pods with gates out, and says for what they wait', () => {
    const gated = podObject('a', { spec: { schedulingGates: [{ name: 'x' }, { name: 'y' }] } });
    expect(preEnqueue(gated)).toMatchObject({
      code: 'UnschedulableAndUnresolvable',
      reasons: ['waiting for scheduling gates: [x y]'],
    });
    expect(preEnqueue(podObject('a'))).toBeUndefined();
    expect(preEnqueue(podObject('a', { spec: { schedulingGates: [] } }))).toBeUndefined();
  });

  it('is helped by the pod itself only', () => {
    const [kind] = eventsToRegister();
    const hint = (after: Pod) => kind?.hint?.(podObject('a'), undefined, after);
    expect([hint(podObject('a')), hint(podObject('b'))]).toEqual(['Queue', 'QueueSkip']);
  });
});

describe('PrioritySort', () => {
  const { less } = newPrioritySort();
  const queued = (priority: number | undefined, timestamp: number) =>
    ({
      podInfo: podInfoOf(podObject('a', priority === undefined ? {} : { priority })),
      timestamp,
    }) as QueuedPodInfo;

  it('goes by priority, then by time', () => {
    expect(less(queued(2, 9), queued(1, 0))).toBe(true);
    expect(less(queued(1, 0), queued(2, 9))).toBe(false);
    expect(less(queued(1, 0), queued(1, 9))).toBe(true);
    expect(less(queued(1, 9), queued(1, 0))).toBe(false);
    expect(less(queued(1, 5), queued(1, 5))).toBe(false);
    expect(less(queued(undefined, 5), queued(-1, 0))).toBe(true);
  });
});

describe('DefaultBinder', () => {
  const pod = podInfoOf(podObject('web', { namespace: 'shop', uid: 'u1' }));
  const bindWith = (create: (...sent: unknown[]) => Promise<unknown>) => {
    const client = {
      resource: (_type: unknown, namespace: string) => ({ create: create.bind(null, namespace) }),
    };
    return newDefaultBinder({}, { client } as unknown as Handle).bind(
      new CycleState(),
      pod,
      'node-1',
    );
  };

  it('posts a binding with the pod’s uid', async () => {
    const sent: unknown[] = [];
    expect(await bindWith(async (...all) => sent.push(...all))).toBeUndefined();
    expect(sent).toEqual([
      'shop',
      {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'web', namespace: 'shop', uid: 'u1' },
        target: { kind: 'Node', name: 'node-1' },
      },
      { subresource: 'binding' },
    ]);
  });

  it('answers what the server refused', async () => {
    const fault = new Error('pod web is already assigned to node "n2"');
    const status = await bindWith(async () => {
      throw fault;
    });
    expect(status).toMatchObject({ code: 'Error', reasons: [fault.message], error: fault });
  });
});
