import { describe, expect, it } from '#kit';
import {
  allocatableOf,
  mustReport,
  type NodeCondition,
  nodeConditions,
  nodeLease,
  reconciledNode,
} from '#kubelet';

const NOW = '2025-01-01T00:01:00Z';
const THEN = '2025-01-01T00:00:00Z';
const well = { faults: [], memoryPressure: false, diskPressure: false, pidPressure: false };

describe('allocatableOf', () => {
  it.core('leaves out what is kept back', () => {
    expect(
      allocatableOf(
        { cpu: '4', memory: '8Gi', 'ephemeral-storage': '105', pods: '110' },
        { cpu: '500m' },
        { memory: '100Mi', 'ephemeral-storage': '10%', cpu: '1' },
      ),
    ).toEqual({ cpu: '3500m', memory: '8092Mi', 'ephemeral-storage': '95', pods: '110' });
  });
  it('takes off both, and is never below nothing', () => {
    expect(allocatableOf({ memory: '1Gi' }, { memory: '24Mi' }, { memory: '500Mi' })).toEqual({
      memory: '500Mi',
    });
    expect(allocatableOf({ memory: '1Gi' }, { memory: '2Gi' }, {})).toEqual({ memory: '0' });
  });
});

describe('nodeConditions', () => {
  const inShort = (conditions: NodeCondition[]) =>
    conditions.map(({ type, status, reason, message }) => [type, status, reason, message]);
  it.core('says of a node that is well', () => {
    expect(inShort(nodeConditions(well, [], NOW))).toEqual([
      [
        'MemoryPressure',
        'False',
        'KubeletHasSufficientMemory',
        'kubelet has sufficient memory available',
      ],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
      ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
    ]);
  });
  it('says what is short', () => {
    const short = { faults: ['a'], memoryPressure: true, diskPressure: true, pidPressure: true };
    expect(inShort(nodeConditions(short, [], NOW))).toEqual([
      [
        'MemoryPressure',
        'True',
        'KubeletHasInsufficientMemory',
        'kubelet has insufficient memory available',
      ],
      ['DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure'],
      [
        'PIDPressure',
        'True',
        'KubeletHasInsufficientPID',
        'kubelet has insufficient PID available',
      ],
      ['Ready', 'False', 'KubeletNotReady', 'a'],
    ]);
  });
  it('puts several faults in brackets', () => {
    expect(nodeConditions({ ...well, faults: ['a', 'b'] }, [], NOW).at(-1)?.message).toBe('[a, b]');
  });
  it.core('keeps since when it is so', () => {
    const before = nodeConditions(well, [], THEN);
    const after = nodeConditions({ ...well, memoryPressure: true }, before, NOW);
    expect(after.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
      NOW,
      THEN,
      THEN,
      THEN,
    ]);
    expect(after.map(({ lastHeartbeatTime }) => lastHeartbeatTime)).toEqual([NOW, NOW, NOW, NOW]);
  });
  it('keeps conditions of others, in front', () => {
    const other = { type: 'NetworkUnavailable', status: 'False', lastTransitionTime: THEN };
    expect(nodeConditions(well, [other], NOW)[0]).toEqual(other);
  });
});

describe('mustReport', () => {
  const at = (time: string) => ({
    conditions: nodeConditions(well, nodeConditions(well, [], THEN), time),
  });
  it.core('is calm about heartbeats', () => {
    expect(mustReport(at(THEN), at(NOW), 299_999)).toBe(false);
    expect(mustReport(at(THEN), at(NOW), 300_000)).toBe(true);
  });
  it('tells of anything else at once', () => {
    expect(
      mustReport(at(THEN), { conditions: nodeConditions({ ...well, faults: ['x'] }, [], NOW) }, 0),
    ).toBe(true);
    expect(mustReport(at(THEN), { ...at(THEN), capacity: { cpu: '4' } }, 0)).toBe(true);
  });
});

describe('reconciledNode', () => {
  const annotation = 'volumes.kubernetes.io/controller-managed-attach-detach';
  it('brings the kubelet’s labels up to date, and no more', () => {
    const existing = {
      metadata: { name: 'n', labels: { mine: 'old', theirs: 'x' } },
      spec: { unschedulable: true },
    };
    const wanted = {
      metadata: { labels: { mine: 'new' }, annotations: { [annotation]: 'true', other: 'y' } },
    };
    expect(reconciledNode(existing, wanted)).toEqual({
      metadata: {
        name: 'n',
        labels: { mine: 'new', theirs: 'x' },
        annotations: { [annotation]: 'true' },
      },
      spec: { unschedulable: true },
    });
  });
  it('says when there is nothing to write', () => {
    const existing = {
      metadata: { labels: { a: '1', b: '2' }, annotations: { [annotation]: 'true' } },
    };
    expect(
      reconciledNode(existing, {
        metadata: { labels: { a: '1' }, annotations: { [annotation]: 'true' } },
      }),
    ).toBeUndefined();
  });
});

describe('nodeLease', () => {
  const node = { metadata: { name: 'n', uid: 'u' } };
  it.core('is made for a node', () => {
    const { metadata, spec } = nodeLease(undefined, 'n', node, Date.parse(NOW));
    expect({ metadata, spec }).toEqual({
      metadata: {
        name: 'n',
        namespace: 'kube-node-lease',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }],
      },
      spec: {
        holderIdentity: 'n',
        leaseDurationSeconds: 40,
        renewTime: '2025-01-01T00:01:00.000000Z',
      },
    });
  });
  it('leaves apiVersion and kind to the client', () => {
    const lease = nodeLease(undefined, 'n', node, 0);
    expect([lease.apiVersion, lease.kind]).toEqual([undefined, undefined]);
  });
  it('has no owner while the node is not known', () => {
    expect(nodeLease(undefined, 'n', undefined, 0).metadata?.ownerReferences).toBeUndefined();
  });
  it('keeps the rest when it is renewed', () => {
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'other' };
    const known = {
      metadata: {
        name: 'n',
        namespace: 'kube-node-lease',
        resourceVersion: '7',
        ownerReferences: [owner],
      },
      spec: { holderIdentity: 'n', leaseTransitions: 3 },
    };
    expect(nodeLease(known, 'n', node, 0)).toMatchObject({
      metadata: { resourceVersion: '7', ownerReferences: [owner] },
      spec: { leaseTransitions: 3, renewTime: '1970-01-01T00:00:00.000000Z' },
    });
    expect(known.spec).toEqual({ holderIdentity: 'n', leaseTransitions: 3 });
  });
});
