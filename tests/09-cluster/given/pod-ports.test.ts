/** Which ports of nodes lead to pods, and to which node a load balancer goes. */

import { FakeClock, type Pod, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { ENDPOINT_SLICES, newInformerFactory, PODS } from '#client';
import { afterEach, beforeEach, describe, expect, it } from '#kit';
import { LocalEndpoints } from '../../../solutions/09-cluster/program/local-endpoints.ts';
import { PodPorts } from '../../../solutions/09-cluster/program/pod-ports.ts';

const clock = new FakeClock();
const world = { clock, random: seededRandom(1), log: silentLogger };
let api: TestApi;
let stopping: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  api = await newTestApi(world);
  stopping = new AbortController();
  running = [];
});
afterEach(async () => {
  stopping.abort();
  await Promise.all(running);
  await api.stop();
});

describe('host ports', () => {
  const pod = (name: string, ports: object[], spec: object = {}): Pod => ({
    metadata: { name },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i', ports: ports as never }],
      ...spec,
    },
  });
  const setPhase = (name: string, phase: string) =>
    api.admin
      .resource(PODS, 'default')
      .patch(name, 'merge-patch', { status: { phase } }, { subresource: 'status' });

  it('are those of pods that run, until they end', async () => {
    let changes = 0;
    const ports = new PodPorts(() => {
      changes += 1;
    });
    running.push(ports.run(api.client, world, stopping.signal));
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(pod('none', [{ containerPort: 80 }]));
    await pods.create(
      pod('web', [
        { containerPort: 80, hostPort: 8080, hostIP: '127.0.0.1' },
        { containerPort: 53, hostPort: 53, protocol: 'UDP' },
      ]),
    );
    await pods.create(pod('host', [{ containerPort: 9100 }], { hostNetwork: true }));
    await clock.advance(1000);
    expect(ports.list()).toEqual([]);
    for (const name of ['none', 'web', 'host']) await setPhase(name, 'Running');
    await clock.advance(1000);
    expect(ports.list()).toEqual([
      { node: 'n1', hostIp: '127.0.0.1', port: 8080, protocol: 'TCP' },
      { node: 'n1', hostIp: '', port: 53, protocol: 'UDP' },
      { node: 'n1', hostIp: '', port: 9100, protocol: 'TCP' },
    ]);
    const before = changes;
    await setPhase('none', 'Succeeded');
    await clock.advance(1000);
    expect(changes).toBe(before);
    await setPhase('web', 'Succeeded');
    await pods.delete('host', { gracePeriodSeconds: 0 });
    await clock.advance(1000);
    expect(ports.list()).toEqual([]);
  });
});

describe('a load balancer', () => {
  it('goes to all nodes by turns, or to those that have endpoints', async () => {
    const informers = newInformerFactory(api.client, world);
    const endpoints = new LocalEndpoints(informers);
    informers.start(stopping.signal);
    running.push(informers.whenStopped());
    const endpoint = (nodeName: string, ready: boolean, ip: string) => ({
      addresses: [ip],
      nodeName,
      conditions: { ready },
    });
    await api.admin.resource(ENDPOINT_SLICES, 'default').create({
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [endpoint('n2', true, '10.244.1.2'), endpoint('n3', false, '10.244.2.2')],
    });
    await clock.advance(1000);
    const nodes = ['n1', 'n2', 'n3'].map((name) => ({ name, ip: '' }));
    const metadata = { name: 'web', namespace: 'default' };
    const three = (spec: object) =>
      [1, 2, 3].map(() => endpoints.nodeFor({ metadata, spec }, nodes)).sort();
    expect(three({})).toEqual(['n1', 'n2', 'n3']);
    expect(three({ externalTrafficPolicy: 'Local' })).toEqual(['n2', 'n2', 'n2']);
    expect(endpoints.nodeFor({ metadata }, [])).toBe('');
  });
});

describe('a Service', () => {
  it('is served while anybody answers, also one who is about to go', async () => {
    const informers = newInformerFactory(api.client, world);
    let changes = 0;
    const endpoints = new LocalEndpoints(informers, () => {
      changes += 1;
    });
    informers.start(stopping.signal);
    running.push(informers.whenStopped());
    const isServed = (name = 'web') =>
      endpoints.isServed({ metadata: { name, namespace: 'default' } });
    const slices = api.admin.resource(ENDPOINT_SLICES, 'default');
    const set = async (conditions: object): Promise<void> => {
      const one = [{ addresses: ['10.244.1.2'], conditions }];
      await slices.patch('web-1', 'merge-patch', { endpoints: one });
      await clock.advance(1000);
    };
    expect(isServed()).toBe(false);
    await slices.create({
      metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      endpoints: [],
    });
    await clock.advance(1000);
    expect([isServed(), changes]).toEqual([false, 1]);
    await set({ ready: true });
    expect([isServed(), isServed('other'), changes]).toEqual([true, false, 2]);
    await set({ ready: false, serving: true, terminating: true });
    expect(isServed()).toBe(true);
    await set({ ready: false, serving: false });
    expect(isServed()).toBe(false);
  });
});
