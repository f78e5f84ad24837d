/** The whole kubelet, with a runtime that runs nothing, against a real API server in this process. */

import { FakeClock, type Node, type Pod, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { CONFIG_MAPS, CORE_EVENTS, LEASES, NODES, PODS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { newHollowNode, newHollowRuntime, newKubelet } from '#kubelet';
import { hollowFiles } from '../../../solutions/07-kubelet/hollow/hollow-files.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function newWorld() {
  const clock = new FakeClock();
  const api = await newTestApi({ clock, random: seededRandom(1) });
  ends.push(() => api.stop());
  await addRootCa(api);
  const cri = newHollowRuntime(clock, (n) => `10.244.0.${(n % 250) + 2}`);
  return { clock, api, cri, ...(await startKubelet(api, clock, cri)) };
}

async function startKubelet(
  api: TestApi,
  clock: FakeClock,
  cri: ReturnType<typeof newHollowRuntime>,
) {
  const capacity = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' };
  const kubelet = newKubelet({
    client: api.client,
    cri,
    files: hollowFiles,
    network: { dial: () => Promise.reject(new Error('no network')) },
    clock,
    random: seededRandom(2),
    log: silentLogger,
    node: { name: 'n1', addresses: ['192.0.2.10'], capacity },
  });
  const stopping = new AbortController();
  const running = kubelet.start(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (let i = 0; i < 10; i++) await clock.advance(1000);
    await running;
  };
  ends.push(stop);
  await clock.advance(3000);
  return { kubelet, stop };
}

/** What the controller manager does in every namespace. */
async function addRootCa(api: TestApi): Promise<void> {
  const metadata = { name: 'kube-root-ca.crt' };
  await api.admin.resource(CONFIG_MAPS, 'default').create({ metadata, data: { 'ca.crt': 'x' } });
}

const podOf = (name: string, more: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({
  metadata: { name },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'nginx:1' }], ...more },
});

async function eventsOf(api: TestApi): Promise<string[]> {
  const { items } = await api.admin.resource(CORE_EVENTS, 'default').list();
  return items
    .filter(({ involvedObject }) => involvedObject.kind === 'Pod')
    .map(({ reason, message }) => `${reason}: ${message}`);
}

describe('the kubelet', () => {
  it('says again that a pod is ready when somebody else says that it is not', async () => {
    const { clock, api } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await clock.advance(10_000);
    // What the node lifecycle controller does while a node is silent.
    const conditions = [{ type: 'Ready', status: 'False' }];
    await pods.patch(
      'web',
      'strategic-merge-patch',
      { status: { conditions } },
      {
        subresource: 'status',
      },
    );
    await clock.advance(10_000);
    const { status } = await pods.get('web');
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });

  it('registers its node and keeps it alive', async () => {
    const { api, clock } = await newWorld();
    const node: Node = await api.admin.resource(NODES).get('n1');
    expect(node.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'MemoryPressure=False',
      'DiskPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
    expect(node.status?.allocatable?.memory).toBe('8092Mi');
    const lease = await api.admin.resource(LEASES, 'kube-node-lease').get('n1');
    const before = lease.spec?.renewTime;
    await clock.advance(30_000);
    const after = await api.admin.resource(LEASES, 'kube-node-lease').get('n1');
    expect(after.spec?.renewTime).not.toBe(before);
    expect(after.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'n1' });
  });

  it('runs a pod and says so', async () => {
    const { api, clock } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await clock.advance(5000);
    const { status } = await pods.get('web');
    expect(status).toMatchObject({
      phase: 'Running',
      hostIP: '192.0.2.10',
      qosClass: 'BestEffort',
    });
    expect(status?.podIP).toMatch(/^10\.244\.0\./);
    expect(status?.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
    ]);
    expect(await eventsOf(api)).toEqual([
      'Pulling: Pulling image "nginx:1"',
      'Pulled: Successfully pulled image "nginx:1" in 0s (0s including waiting). Image size: 0 bytes.',
      'Created: Created container: c',
      'Started: Started container c',
    ]);
  });

  it('restarts what ends, ever later', async () => {
    const { api, clock, cri } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await clock.advance(5000);
    const crash = async () => {
      const { status } = await pods.get('web');
      cri.fail(status?.containerStatuses?.[0]?.containerID ?? '', 1);
    };
    await crash();
    await clock.advance(3000);
    expect((await pods.get('web')).status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
    await crash();
    await clock.advance(5000);
    const uid = (await pods.get('web')).metadata?.uid;
    expect((await pods.get('web')).status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      ready: false,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: `back-off 10s restarting failed container=c pod=web_default(${uid})`,
        },
      },
    });
    await clock.advance(8000);
    expect((await pods.get('web')).status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 2,
      ready: true,
    });
  });

  it('ends with the containers of a pod that is never restarted', async () => {
    const { api, clock, cri } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('job', { restartPolicy: 'Never' }));
    await clock.advance(5000);
    const id = (await pods.get('job')).status?.containerStatuses?.[0]?.containerID ?? '';
    cri.fail(id, 0);
    await clock.advance(5000);
    const { status } = await pods.get('job');
    expect(status?.phase).toBe('Succeeded');
    expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    expect(status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('Completed');
  });

  it('stops a pod that is deleted, and lets it go', async () => {
    const { api, clock, cri } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await clock.advance(5000);
    await pods.delete('web');
    await clock.advance(5000);
    expect((await pods.list()).items).toEqual([]);
    await clock.advance(5000);
    expect((await cri.listContainers()).containers).toEqual([]);
    expect((await cri.listPodSandbox()).items).toEqual([]);
    expect(await eventsOf(api)).toContain('Killing: Stopping container c');
  });

  it('refuses what does not fit', async () => {
    const { api, clock } = await newWorld();
    const pods = api.admin.resource(PODS, 'default');
    const big = { name: 'c', image: 'x', resources: { requests: { cpu: '3' } } };
    await pods.create(podOf('a', { containers: [big] }));
    await clock.advance(2000);
    await pods.create(podOf('b', { containers: [big] }));
    await clock.advance(5000);
    expect((await pods.get('b')).status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message:
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000",
    });
  });

  it('is quiet when nothing happens', async () => {
    const { api, clock } = await newWorld();
    await api.admin.resource(PODS, 'default').create(podOf('web'));
    await clock.advance(20_000);
    const before = api.writes.length;
    await clock.advance(120_000);
    const writes = api.writes.slice(before).map(({ verb, resource }) => `${verb} ${resource}`);
    expect(new Set(writes)).toEqual(new Set(['update leases']));
  });

  it('finds its pods again when it starts anew', async () => {
    const world = await newWorld();
    const { api, clock, cri } = world;
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await clock.advance(5000);
    const before = await pods.get('web');
    await world.stop();
    await clock.advance(60_000);
    await startKubelet(api, clock, cri);
    await clock.advance(30_000);
    const after = await pods.get('web');
    const status = after.status?.containerStatuses?.[0];
    expect(status?.restartCount).toBe(0);
    expect(status?.containerID).toBe(before.status?.containerStatuses?.[0]?.containerID);
    expect(status?.state).toEqual(before.status?.containerStatuses?.[0]?.state);
    expect(after.metadata?.uid).toBe(before.metadata?.uid);
  });
});

describe('hollow nodes', () => {
  it('run in numbers', async () => {
    const clock = new FakeClock();
    const random = seededRandom(1);
    const api = await newTestApi({ clock, random });
    await addRootCa(api);
    const stop = new AbortController();
    const nodes = Array.from({ length: 20 }, (_, i) =>
      newHollowNode({
        client: api.client,
        clock,
        random,
        log: silentLogger,
        node: { name: `hollow-${i}` },
      }),
    );
    const running = nodes.map((node) => node.start(stop.signal));
    ends.push(async () => {
      stop.abort();
      for (let i = 0; i < 10; i++) await clock.advance(1000);
      await Promise.all(running);
      await api.stop();
    });
    await clock.advance(2000);
    const pods = api.admin.resource(PODS, 'default');
    for (let i = 0; i < 40; i++) {
      await pods.create(podOf(`p${i}`, { nodeName: `hollow-${i % 20}` }));
    }
    await clock.advance(5000);
    const { items } = await pods.list();
    expect(items.filter(({ status }) => status?.phase === 'Running').length).toBe(40);
  });
});
