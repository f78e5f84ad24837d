import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { NODES, PODS } from '#client';
import {
  evictingTaint,
  evictionRates,
  listen,
  newControllerContext,
  newNodeLifecycleController,
  newPodGarbageCollector,
  newTaintEvictionController,
  runControllers,
  schedulingTaints,
  silentConditions,
  toleratedMs,
  zoneState,
} from '#controller-manager';
import { afterEach, describe, expect, it, newControllerWorld } from '#kit';

type Node = Parameters<typeof schedulingTaints>[0];
type Pod = Parameters<typeof toleratedMs>[0];
type Lease = NonNullable<Parameters<typeof listen>[1]>;

const MADE = '2025-01-01T00:00:00Z';
const HEARD = '2025-01-01T00:10:00Z';

const condition = (type: string, status: string, more: object = {}) => ({
  type,
  status,
  reason: 'Said',
  message: 'by the kubelet',
  lastHeartbeatTime: HEARD,
  lastTransitionTime: MADE,
  ...more,
});

function node(conditions: readonly object[], spec: object = {}): Node {
  return {
    metadata: { name: 'n1', creationTimestamp: MADE },
    spec,
    status: { conditions },
  } as unknown as Node;
}

const healthy = [
  condition('MemoryPressure', 'False'),
  condition('DiskPressure', 'False'),
  condition('PIDPressure', 'False'),
  condition('Ready', 'True'),
];
const lease = (renewTime: string): Lease => ({ spec: { renewTime } }) as unknown as Lease;

describe('listen', () => {
  const heard = (at: string) => node([condition('Ready', 'True', { lastHeartbeatTime: at })]);

  it.core('hears the condition and the lease, each by itself', () => {
    const first = listen(heard('12:00'), lease('12:00'), undefined, 1000);
    expect(first.seenAtMs).toBe(1000);
    expect(listen(heard('12:00'), lease('12:00'), first, 9000)).toEqual(first);
    expect(listen(heard('12:01'), lease('12:00'), first, 9000).seenAtMs).toBe(9000);
    expect(listen(heard('12:00'), lease('12:10'), first, 9000).seenAtMs).toBe(9000);
  });

  it('does not care for what time it is there', () => {
    const first = listen(heard('2031'), lease('2031'), undefined, 1000);
    expect(listen(heard('1999'), lease('2031'), first, 9000).seenAtMs).toBe(9000);
  });

  it('hears a lease that comes, and nodes without conditions', () => {
    const first = listen(node([]), undefined, undefined, 1000);
    expect(listen(node([]), undefined, first, 9000)).toEqual(first);
    expect(listen(node([]), lease('12:00'), first, 9000).seenAtMs).toBe(9000);
  });
});

describe('silentConditions', () => {
  const patience = { gracePeriodMs: 50_000, startupGracePeriodMs: 60_000 };
  const wallMs = Date.parse('2025-01-01T01:00:00Z');
  const said = (silentMs: number, conditions: readonly object[]) => {
    const heartbeat = { said: 'x', seenAtMs: 7000 };
    return silentConditions(node(conditions), heartbeat, patience, {
      wallMs,
      nowMs: 7000 + silentMs,
    });
  };

  it.core('says nothing while the node may be silent', () => {
    expect(said(50_000, healthy)).toBeUndefined();
    expect(said(60_000, [])).toBeUndefined();
  });

  it.core('says Unknown when it was silent for too long', () => {
    const stopped = {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastHeartbeatTime: HEARD,
      lastTransitionTime: '2025-01-01T01:00:00Z',
    };
    expect(said(50_001, healthy)).toEqual(
      ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
        type,
        ...stopped,
      })),
    );
  });

  it('says of a node that never spoke that it never did', () => {
    const conditions = said(60_001, [condition('NetworkUnavailable', 'False')]);
    expect(conditions?.slice(1)).toEqual(
      ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: MADE,
        lastTransitionTime: '2025-01-01T01:00:00Z',
      })),
    );
  });

  it('has other conditions as they are', () => {
    const other = condition('NetworkUnavailable', 'True');
    expect(said(50_001, [other, ...healthy])?.[0]).toEqual(other);
  });

  it('says nothing twice', () => {
    const first = said(50_001, healthy);
    expect(said(90_000, first ?? [])).toBeUndefined();
  });

  it('adds what is missing, and leaves what is Unknown already', () => {
    const old = condition('Ready', 'Unknown', { reason: 'Else' });
    const conditions = said(50_001, [old]);
    expect(conditions?.[0]).toEqual(old);
    expect(conditions?.map(({ type }) => type)).toEqual([
      'Ready',
      'MemoryPressure',
      'DiskPressure',
      'PIDPressure',
    ]);
  });
});

describe('schedulingTaints', () => {
  const keys = (conditions: readonly object[], spec: object = {}) =>
    schedulingTaints(node(conditions, spec)).map(({ key, effect }) => `${key}:${effect}`);

  it.core('follow from conditions', () => {
    expect(keys(healthy)).toEqual([]);
    expect(keys([condition('Ready', 'False')])).toEqual([
      'node.kubernetes.io/not-ready:NoSchedule',
    ]);
    expect(keys([condition('Ready', 'Unknown')])).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
  });

  it('are several when several things are wrong', () => {
    const all = ['PIDPressure', 'NetworkUnavailable', 'DiskPressure', 'MemoryPressure'];
    const conditions = [...all.map((type) => condition(type, 'True')), condition('Ready', 'False')];
    expect(keys(conditions, { unschedulable: true })).toEqual([
      'node.kubernetes.io/not-ready:NoSchedule',
      'node.kubernetes.io/memory-pressure:NoSchedule',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/network-unavailable:NoSchedule',
      'node.kubernetes.io/pid-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
  });

  it('do not follow from pressure that nobody knows of', () => {
    expect(keys([condition('MemoryPressure', 'Unknown'), condition('Ready', 'True')])).toEqual([]);
  });
});

describe('evictingTaint', () => {
  it('follows from Ready', () => {
    const of = (status: string) => evictingTaint(node([condition('Ready', status)]));
    expect(of('False')).toEqual({ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' });
    expect(of('Unknown')).toEqual({ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' });
    expect(of('True')).toBeUndefined();
    expect(evictingTaint(node([]))).toBeUndefined();
  });
});

const rates = { normal: 0.1, secondary: 0.01, largeClusterSize: 50, unhealthyThreshold: 0.55 };

describe('zoneState', () => {
  const cases: [number, number, string][] = [
    [0, 1, 'FullDisruption'],
    [0, 9, 'FullDisruption'],
    [1, 2, 'Normal'],
    [2, 3, 'PartialDisruption'],
    [1, 3, 'PartialDisruption'],
    [45, 55, 'PartialDisruption'],
    [46, 54, 'Normal'],
    [9, 0, 'Normal'],
  ];
  for (const [ready, notReady, expected] of cases) {
    it(`is ${expected} with ${ready} ready and ${notReady} not`, () => {
      expect(zoneState({ ready, notReady }, rates)).toBe(expected);
    });
  }
});

describe('evictionRates', () => {
  const of = (zones: Record<string, [ready: number, notReady: number]>) =>
    Object.fromEntries(
      evictionRates(
        new Map(
          Object.entries(zones).map(([name, [ready, notReady]]) => [name, { ready, notReady }]),
        ),
        rates,
      ),
    );

  it.core('stops when everything is down', () => {
    expect(of({ a: [0, 3], b: [0, 1] })).toEqual({ a: 0, b: 0 });
    expect(of({ a: [0, 3], b: [2, 0] })).toEqual({ a: 0.1, b: 0.1 });
  });

  it('is slow, or stops, where much is down', () => {
    expect(of({ large: [20, 40], small: [10, 40], well: [1, 0] })).toEqual({
      large: 0.01,
      small: 0,
      well: 0.1,
    });
    expect(of({ exactly: [20, 30] })).toEqual({ exactly: 0 });
  });

  it('is none for no zones', () => expect(of({})).toEqual({}));
});

describe('toleratedMs', () => {
  const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
  const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' };
  const pod = (...tolerations: object[]): Pod => ({ spec: { tolerations } }) as unknown as Pod;
  const tolerates = (key: string | undefined, tolerationSeconds?: number) => ({
    key,
    operator: 'Exists',
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  });

  it.core('is no time for a taint that is not tolerated', () => {
    expect(toleratedMs(pod(), [unreachable])).toBe(0);
    expect(toleratedMs(pod(tolerates(unreachable.key, 300)), [unreachable, notReady])).toBe(0);
  });

  it.core('is as long as the pod says', () => {
    expect(toleratedMs(pod(tolerates(unreachable.key, 300)), [unreachable])).toBe(300_000);
    expect(toleratedMs(pod(tolerates(unreachable.key, 0)), [unreachable])).toBe(0);
    expect(toleratedMs(pod(tolerates(unreachable.key, -5)), [unreachable])).toBe(0);
  });

  it('is for ever when the pod says so', () => {
    expect(toleratedMs(pod(tolerates(undefined)), [unreachable, notReady])).toBeUndefined();
    expect(toleratedMs(pod(), [])).toBeUndefined();
  });

  it('is the shortest of all that are used', () => {
    const both = pod(tolerates(unreachable.key, 300), tolerates(notReady.key, 60));
    expect(toleratedMs(both, [unreachable, notReady])).toBe(60_000);
    expect(toleratedMs(both, [unreachable])).toBe(300_000);
    const also = pod(tolerates(undefined), tolerates(unreachable.key, 60));
    expect(toleratedMs(also, [unreachable])).toBe(60_000);
  });

  it('does not count taints that drive nobody off', () => {
    const taints = [{ key: 'x', effect: 'NoSchedule' }];
    expect(toleratedMs(pod(), taints)).toBeUndefined();
    expect(toleratedMs(pod(tolerates('x', 5)), taints)).toBeUndefined();
  });
});

let world: Awaited<ReturnType<typeof newControllerWorld>>;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [newNodeLifecycleController(), newTaintEvictionController, newPodGarbageCollector()],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());

describe('the node lifecycle controllers', () => {
  const nodes = () => world.admin.resource(NODES);
  const pods = () => world.admin.resource(PODS, 'default');
  const speak = async (name: string, ready = 'True'): Promise<void> => {
    const found = await nodes().get(name);
    const now = new Date(world.clock.now()).toISOString();
    const lastHeartbeatTime = `${now.slice(0, 19)}Z`;
    const conditions = healthy.map((one) => ({
      ...one,
      lastHeartbeatTime,
      ...(one.type === 'Ready' && { status: ready }),
    }));
    // Whatever was written meanwhile: kubelets patch.
    const metadata = { ...found.metadata, resourceVersion: undefined };
    const status = { ...found.status, conditions };
    await nodes().updateStatus({ ...found, metadata, status } as never);
  };
  /** Lets `ms` pass, in which these nodes speak every ten seconds. */
  const pass = async (ms: number, speaking: readonly string[]): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10_000) {
      for (const name of speaking) await speak(name);
      await world.advance(Math.min(10_000, ms - passed));
    }
  };
  const taints = async (name: string) =>
    ((await nodes().get(name)).spec?.taints ?? [])
      .map(({ key, effect }) => `${key}:${effect}`)
      .sort();
  const addPod = async (name: string, on: string, spec: object = {}): Promise<void> => {
    await pods().create({
      metadata: { name },
      spec: { nodeName: on, containers: [{ name: 'c', image: 'i' }], ...spec },
    } as never);
    await world.settle();
  };
  const gone = [
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ];

  it('taint a node that is silent, and free it when it speaks again', async () => {
    await begin();
    for (const name of ['a', 'b']) await nodes().create({ metadata: { name } });
    await pass(20_000, ['a', 'b']);
    expect(await taints('a')).toEqual([]);
    await pass(70_000, ['b']);
    expect(await taints('a')).toEqual(gone);
    expect(await taints('b')).toEqual([]);
    const ready = (await nodes().get('a')).status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown' });
    expect(await world.events()).toContain(
      'Normal NodeNotReady Node a status is now: NodeNotReady',
    );
    await pass(20_000, ['a', 'b']);
    expect(await taints('a')).toEqual([]);
  });

  it('delete pods of a node that is gone for as long as they tolerate', async () => {
    await begin();
    for (const name of ['a', 'b']) await nodes().create({ metadata: { name } });
    await pass(20_000, ['a', 'b']);
    await addPod('patient', 'a');
    const operator = 'Exists';
    await addPod('hasty', 'a', {
      tolerations: [{ operator, effect: 'NoExecute', tolerationSeconds: 5 }],
    });
    await addPod('stays', 'a', { tolerations: [{ operator }] });
    await pass(100_000, ['b']);
    const names = async () => (await pods().list()).items.map(({ metadata }) => metadata?.name);
    expect(await names()).toEqual(['patient', 'stays']);
    await pass(300_000, ['b']);
    expect(await names()).toEqual(['stays']);
    expect(await world.events()).toContain(
      'Normal TaintManagerEviction Marking for deletion Pod default/patient',
    );
  });

  it('delete nothing when all nodes are silent', async () => {
    await begin();
    for (const name of ['a', 'b']) await nodes().create({ metadata: { name } });
    await pass(20_000, ['a', 'b']);
    await addPod('pod', 'a');
    await world.advance(900_000);
    expect(await taints('a')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect((await pods().list()).items.length).toBe(1);
  });

  it('say that pods of a silent node are not ready', async () => {
    await begin();
    for (const name of ['a', 'b']) await nodes().create({ metadata: { name } });
    await pass(20_000, ['a', 'b']);
    await addPod('pod', 'a');
    await pass(70_000, ['b']);
    const ready = (await pods().get('pod')).status?.conditions?.find(
      ({ type }) => type === 'Ready',
    );
    expect(ready?.status).toBe('False');
  });

  it('taint a cordoned node, and keep the taints of others', async () => {
    await begin();
    const own = { key: 'example.com/mine', effect: 'NoSchedule' };
    await nodes().create({ metadata: { name: 'a' }, spec: { taints: [own] } } as never);
    await pass(20_000, ['a']);
    const found = await nodes().get('a');
    await nodes().update({ ...found, spec: { ...found.spec, unschedulable: true } });
    await pass(10_000, ['a']);
    expect(await taints('a')).toEqual([
      'example.com/mine:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
  });

  it('empty one node after the other', async () => {
    await begin();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of all) await nodes().create({ metadata: { name } });
    await pass(20_000, all);
    await pass(50_000, ['c', 'd', 'e', 'f']);
    const driven = async () =>
      (await Promise.all(['a', 'b'].map(taints))).filter((each) => each.length > 1).length;
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      counts.push(await driven());
      await pass(10_000, ['c', 'd', 'e', 'f']);
    }
    expect(counts.at(-1)).toBe(2);
    expect(counts).toContain(1);
  });

  it('remove the pods of a node that was deleted', async () => {
    await begin();
    for (const name of ['a', 'b']) await nodes().create({ metadata: { name } });
    await pass(20_000, ['a', 'b']);
    await addPod('pod', 'a');
    await nodes().delete('a');
    await pass(120_000, ['b']);
    expect((await pods().list()).items).toEqual([]);
  });

  it('write nothing when nothing happens', async () => {
    await begin();
    await nodes().create({ metadata: { name: 'a' } });
    await pass(30_000, ['a']);
    world.api.writes.length = 0;
    await pass(60_000, ['a']);
    expect(world.writes()).toEqual([]);
  });
});
