/** Slices and Endpoints of Services, by their controllers on an API server. */

import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { ENDPOINT_SLICES, ENDPOINTS, NODES, PODS, SERVICES } from '#client';
import {
  newControllerContext,
  newEndpointSliceController,
  newEndpointsController,
  runControllers,
} from '#controller-manager';
import { newControllerWorld } from '#kit';

let world: Awaited<ReturnType<typeof newControllerWorld>>;
const begin = async (options: object = {}): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [newEndpointSliceController, newEndpointsController],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world.end());

const services = () => world.admin.resource(SERVICES, 'default');
const pods = () => world.admin.resource(PODS, 'default');
const addService = (spec: object = {}, metadata: object = {}) =>
  services().create({
    metadata: { name: 'web', ...metadata },
    spec: {
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      ...spec,
    },
  } as never);
const addPod = (name: string, labels: object = { app: 'web' }) =>
  pods().create({
    metadata: { name, labels },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  } as never);

/** Slices of `web`: `a+ b-` with + for ready; those without endpoints are `''`. */
const slices = async () =>
  (await world.admin.resource(ENDPOINT_SLICES, 'default').list()).items
    .filter(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === 'web')
    .map(({ endpoints }) =>
      endpoints
        .map(({ targetRef, conditions }) => `${targetRef?.name}${conditions?.ready ? '+' : '-'}`)
        .sort()
        .join(' '),
    );
const addresses = async () => {
  const { subsets = [] } = await world.admin.resource(ENDPOINTS, 'default').get('web');
  const names = (list: readonly { targetRef?: { name?: string } }[] | undefined) =>
    (list ?? []).map(({ targetRef }) => targetRef?.name).sort();
  return {
    ready: subsets.flatMap((subset) => names(subset.addresses)),
    notReady: subsets.flatMap((subset) => names(subset.notReadyAddresses)),
  };
};

describe('endpoints of a Service', () => {
  it('follow its pods', async () => {
    await begin({ auto: false });
    await addService();
    await world.settle();
    expect(await slices()).toEqual(['']);
    for (const name of ['a', 'b', 'other']) {
      await addPod(name, { app: name === 'other' ? 'x' : 'web' });
      await world.nodes.run('default', name, { ready: name !== 'b' });
    }
    await world.settle();
    expect(await slices()).toEqual(['a+ b-']);
    expect(await addresses()).toEqual({ ready: ['a'], notReady: ['b'] });
    await world.nodes.run('default', 'b', { ready: true });
    await world.settle();
    expect(await slices()).toEqual(['a+ b+']);
    await pods().delete('a');
    await world.settle();
    expect(await slices()).toEqual(['a- b+']);
    expect(await addresses()).toEqual({ ready: ['b'], notReady: [] });
    await world.nodes.remove('default', 'a');
    await world.settle();
    expect(await slices()).toEqual(['b+']);
  });

  it('follow a pod that loses its label, and a selector that changes', async () => {
    await begin();
    await addService();
    await addPod('a');
    await addPod('b', { app: 'api' });
    await world.settle();
    expect(await slices()).toEqual(['a+']);
    const a = await pods().get('a');
    await pods().update({ ...a, metadata: { ...a.metadata, labels: { app: 'none' } } });
    await world.settle();
    expect(await slices()).toEqual(['']);
    const web = await services().get('web');
    await services().update({ ...web, spec: { ...web.spec, selector: { app: 'api' } } });
    await world.settle();
    expect(await slices()).toEqual(['b+']);
  });

  it('look as Kubernetes makes them', async () => {
    await begin();
    await world.admin.resource(NODES).create({
      metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
    });
    await addService({ clusterIP: 'None' }, { labels: { team: 'x' } });
    await addPod('a');
    await world.settle();
    const [slice] = (await world.admin.resource(ENDPOINT_SLICES, 'default').list()).items;
    expect(slice?.metadata?.generateName).toBe('web-');
    expect(slice?.metadata?.labels).toEqual({
      team: 'x',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'service.kubernetes.io/headless': '',
    });
    expect(slice?.metadata?.ownerReferences).toMatchObject([
      { kind: 'Service', name: 'web', controller: true },
    ]);
    expect(slice?.addressType).toBe('IPv4');
    expect(slice?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    expect(slice?.endpoints[0]).toMatchObject({ nodeName: 'node-1', zone: 'z1' });
    const endpoints = await world.admin.resource(ENDPOINTS, 'default').get('web');
    expect(endpoints.metadata?.labels).toEqual({
      team: 'x',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
      'service.kubernetes.io/headless': '',
    });
    expect(endpoints.metadata?.annotations).toHaveProperty([
      'endpoints.kubernetes.io/last-change-trigger-time',
    ]);
  });

  it('go with the Service', async () => {
    await begin();
    await addService();
    await addPod('a');
    await world.settle();
    await services().delete('web');
    await world.settle();
    expect(await slices()).toEqual([]);
    const all = await world.admin.resource(ENDPOINTS, 'default').list();
    expect(all.items.map(({ metadata }) => metadata?.name)).not.toContain('web');
  });

  it('are left to others without a selector', async () => {
    await begin();
    await addService({ selector: undefined });
    await world.converge();
    expect(world.writes()).toEqual([]);
  });

  it('are cut into slices of a hundred, and a change is one write', async () => {
    await begin();
    await addService();
    for (let i = 0; i < 120; i++) await addPod(`p${i}`);
    await world.converge();
    expect((await slices()).map((names) => names.split(' ').length).sort()).toEqual([100, 20]);
    world.api.writes.length = 0;
    await pods().delete('p7', { gracePeriodSeconds: 0 });
    await world.settle();
    const written = world.writes().filter((write) => write.includes('endpointslices'));
    expect(written.length).toBe(1);
  });

  it('are right in the end when each write fails once, and then nothing is written', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ seed: 11 });
    await addService();
    for (const name of ['a', 'b', 'c']) await addPod(name);
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    expect(await slices()).toEqual(['a+ b+ c+']);
    expect(await addresses()).toEqual({ ready: ['a', 'b', 'c'], notReady: [] });
    expect(await world.writesWithin()).toEqual([]);
  });
});
