/** The whole scheduler against a real API server in this process, on the fake clock. */

import { FakeClock, type Node, type Pod, seededRandom } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { NODES, PODS, PRIORITY_CLASSES } from '#client';
import { afterEach, describe, expect, it, type NodeWords, newLogBook, nodeObject } from '#kit';
import { DecisionTracer } from '../../../solutions/05-scheduler/decision-trace.ts';
import { DEFAULT_CONFIGURATION } from '../../../solutions/05-scheduler/profiles/configuration.ts';
import { newScheduler } from '../../../solutions/05-scheduler/scheduler.ts';

interface World {
  readonly clock: FakeClock;
  readonly api: TestApi;
  readonly tracer: DecisionTracer;
  readonly log: ReturnType<typeof newLogBook>;
  addNode(name: string, words?: NodeWords): Promise<void>;
  addPod(name: string, spec?: object): Promise<void>;
  pod(name: string): Promise<Pod>;
  nodeOf(name: string): Promise<string | undefined>;
  events(): Promise<string[]>;
  stop(): Promise<void>;
}

const EVENTS = { group: '', version: 'v1', resource: 'events', kind: 'Event', namespaced: true };
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

async function newWorld(configuration?: object): Promise<World> {
  const clock = new FakeClock();
  const random = seededRandom(7);
  const api = await newTestApi({ clock, random });
  const log = newLogBook();
  const tracer = new DecisionTracer(clock, 100);
  const scheduler = newScheduler({
    client: api.client,
    clock,
    random,
    log,
    tracer,
    ...(configuration && { configuration: configuration as never }),
  });
  const stopping = new AbortController();
  const running = scheduler.run(stopping.signal);
  const pods = api.admin.resource(PODS, 'default');
  await clock.advance(1000);
  const world: World = {
    clock,
    api,
    tracer,
    log,
    async addNode(name, words) {
      const { metadata, spec, status } = nodeObject(name, words) as Node;
      const nodes = api.admin.resource(NODES);
      await nodes.create({ metadata: { name, labels: metadata?.labels ?? {} } } as Node);
      const made = await nodes.get(name);
      await nodes.update({ ...made, spec: { ...spec, taints: spec?.taints ?? [] } });
      await nodes.updateStatus({ ...(await nodes.get(name)), status: status ?? {} });
      await clock.advance(1000);
    },
    async addPod(name, spec = {}) {
      const containers = [{ name: 'c', image: 'i' }];
      await pods.create({ metadata: { name }, spec: { containers, ...spec } } as Pod);
      await clock.advance(100);
    },
    pod: (name) => pods.get(name) as Promise<Pod>,
    nodeOf: async (name) => ((await pods.get(name)) as Pod).spec?.nodeName,
    async events() {
      const { items } = await api.admin.resource(EVENTS, 'default').list();
      return items.map((item) => {
        const { type, reason, message } = item as {
          type?: string;
          reason?: string;
          message?: string;
        };
        return `${type} ${reason} ${message}`;
      });
    },
    async stop() {
      stopping.abort();
      let hasEnded = false;
      running.finally(() => {
        hasEnded = true;
      });
      for (let i = 0; i < 30 && !hasEnded; i += 1) await clock.advance(1000);
      await running;
      await api.stop();
    },
  };
  worlds.push(world);
  return world;
}

const asks = (cpu: string) => ({
  containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
});

describe('the scheduler', () => {
  it('binds a pod and says so', async () => {
    const world = await newWorld();
    await world.addNode('node-1');
    await world.addPod('web');
    await world.clock.advance(1000);
    expect(await world.nodeOf('web')).toBe('node-1');
    expect(await world.events()).toEqual([
      'Normal Scheduled Successfully assigned default/web to node-1',
    ]);
    const { status } = await world.pod('web');
    expect(status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
    expect(world.log.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('says word for word why a pod fits nowhere, once, and binds it when there is room', async () => {
    const world = await newWorld();
    await world.addNode('a', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    await world.addNode('b', { cpu: '1' });
    await world.addNode('c', { cpu: '1' });
    await world.addPod('web', asks('2'));
    await world.clock.advance(1000);
    const message =
      '0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu. ' +
      'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(await world.events()).toEqual([`Warning FailedScheduling ${message}`]);
    const { status } = await world.pod('web');
    expect(status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
    ]);
    await world.addNode('d', { cpu: '4' });
    await world.clock.advance(11_000);
    expect(await world.nodeOf('web')).toBe('d');
  });

  it('leaves pods of other schedulers alone, and pods with gates until the gates are gone', async () => {
    const world = await newWorld();
    await world.addNode('node-1');
    await world.addPod('other', { schedulerName: 'somebody-else' });
    await world.addPod('gated', { schedulingGates: [{ name: 'example.com/g' }] });
    await world.clock.advance(60_000);
    expect([await world.nodeOf('other'), await world.nodeOf('gated')]).toEqual([
      undefined,
      undefined,
    ]);
    const patch = { spec: { schedulingGates: [] } };
    await world.api.admin.resource(PODS, 'default').patch('gated', 'merge-patch', patch);
    await world.clock.advance(2000);
    expect(await world.nodeOf('gated')).toBe('node-1');
  });

  it('never puts more on nodes than they have', async () => {
    const world = await newWorld();
    for (const name of ['a', 'b', 'c']) await world.addNode(name, { cpu: '1' });
    for (let i = 0; i < 9; i += 1) await world.addPod(`p-${i}`, asks('400m'));
    await world.clock.advance(30_000);
    const nodes = await Promise.all(Array.from({ length: 9 }, (_, i) => world.nodeOf(`p-${i}`)));
    const placed = nodes.filter((name) => name !== undefined);
    expect(placed.length).toBe(6);
    for (const name of ['a', 'b', 'c']) expect(placed.filter((one) => one === name).length).toBe(2);
  });

  it('makes room for a pod that is more important', async () => {
    const world = await newWorld();
    await world.addNode('node-1', { cpu: '1' });
    await world.addPod('low', { ...asks('800m') });
    await world.clock.advance(1000);
    const important = { metadata: { name: 'important' }, value: 1000 };
    await world.api.admin.resource(PRIORITY_CLASSES).create(important);
    await world.addPod('high', { ...asks('800m'), priorityClassName: 'important' });
    await world.clock.advance(5000);
    expect((await world.pod('high')).status?.nominatedNodeName).toBe('node-1');
    const low = await world.pod('low');
    expect(low.metadata?.deletionTimestamp).toBeDefined();
    await world.api.admin.resource(PODS, 'default').delete('low', { gracePeriodSeconds: 0 });
    await world.clock.advance(15_000);
    expect(await world.nodeOf('high')).toBe('node-1');
    expect((await world.events()).some((text) => text.includes('Preempted'))).toBe(true);
  });

  it('binds a pod whose first binding failed', async () => {
    const world = await newWorld();
    await world.addNode('node-1');
    let failures = 0;
    world.api.intercept(({ subresource }) => {
      if (subresource !== 'binding' || failures > 0) return undefined;
      failures += 1;
      throw new Error('the server is away');
    });
    await world.addPod('web');
    await world.clock.advance(15_000);
    expect(failures).toBe(1);
    expect(await world.nodeOf('web')).toBe('node-1');
  });

  it('writes down what it thought of each node', async () => {
    const world = await newWorld();
    await world.addNode('a');
    await world.addNode('b', { unschedulable: true });
    await world.addNode('c', { cpu: '8' });
    await world.addPod('web', asks('1'));
    await world.clock.advance(1000);
    const trace = world.tracer.find('default', 'web');
    expect(trace).toMatchObject({ attempt: 1, totalNodes: 3, nodeName: 'c' });
    const refused = trace?.nodes.find(({ name }) => name === 'b')?.refusal;
    expect(refused).toEqual({
      plugin: 'NodeUnschedulable',
      code: 'UnschedulableAndUnresolvable',
      reasons: ['node(s) were unschedulable'],
    });
    const best = trace?.nodes.find(({ name }) => name === 'c');
    const fit = best?.scores.find(({ plugin }) => plugin === 'NodeResourcesFit');
    expect(fit).toMatchObject({ weight: 1, raw: fit?.weighted });
    expect(best?.total).toBe(best?.scores.reduce((sum, { weighted }) => sum + weighted, 0));
  });

  it('refuses profiles that sort differently', async () => {
    const clock = new FakeClock();
    const api = await newTestApi({ clock, random: seededRandom(7) });
    const pluginConfig = [{ name: 'PrioritySort', args: { by: 'age' } }];
    const profiles = [{ schedulerName: 'a' }, { schedulerName: 'b', pluginConfig }];
    const configuration = { ...DEFAULT_CONFIGURATION, profiles };
    const world = { client: api.client, clock, random: seededRandom(7), log: newLogBook() };
    expect(() => newScheduler({ ...world, configuration })).toThrow(
      'different queue sort plugin args for profile "b"',
    );
    await api.stop();
  });

  it('rests when there is nothing to do', async () => {
    const world = await newWorld();
    await world.addNode('node-1', { cpu: '1' });
    await world.addPod('web');
    await world.addPod('huge', asks('9'));
    await world.clock.advance(60_000);
    const before = world.api.writes.length;
    await world.clock.advance(3_600_000);
    const writes = world.api.writes.slice(before).filter(({ resource }) => resource !== 'events');
    expect(writes).toEqual([]);
  });
});
