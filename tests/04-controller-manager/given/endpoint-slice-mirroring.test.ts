/** Hand-written Endpoints and the slices that mirror them. */

import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '#client';
import {
  newControllerContext,
  newEndpointSliceController,
  newEndpointSliceMirroringController,
  newEndpointsController,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  it,
  newControllerWorld,
} from '#kit';

let world: ControllerTestWorld;
const begin = async (maxPerSubset?: number): Promise<void> => {
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(
        newControllerContext(around),
        [
          newEndpointSliceMirroringController(maxPerSubset),
          newEndpointSliceController,
          newEndpointsController,
        ],
        signal,
      ),
  });
};
afterEach(() => world?.end());

const endpoints = () => world.admin.resource(ENDPOINTS, 'default');
const services = () => world.admin.resource(SERVICES, 'default');
const slices = async () =>
  (await world.admin.resource(ENDPOINT_SLICES, 'default').list()).items.filter(
    ({ metadata }) => metadata?.labels?.['kubernetes.io/service-name'] === 'db',
  );
const addService = (more: object = {}) =>
  services().create({ metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }], ...more } });
const ports = [{ name: 'sql', port: 5432 }];
const addEndpoints = (subsets: object[], more: object = {}) =>
  endpoints().create({ metadata: { name: 'db', ...more }, subsets } as never);
const replaceSubsets = async (subsets: object[]) =>
  endpoints().update({ ...(await endpoints().get('db')), subsets } as never);
const ips = (...all: string[]) => all.map((ip) => ({ ip }));

describe('the mirroring of Endpoints', () => {
  it('makes a slice of them that has their labels, ports and addresses', async () => {
    await begin();
    await addService();
    const annotations = {
      a: 'b',
      'endpoints.kubernetes.io/last-change-trigger-time': '2025-01-01T00:00:00Z',
    };
    await addEndpoints(
      [
        {
          addresses: [{ ip: '192.0.2.1', hostname: 'one', nodeName: 'n' }],
          notReadyAddresses: ips('192.0.2.2'),
          ports,
        },
      ],
      { labels: { team: 'x' }, annotations },
    );
    await world.settle();
    const [slice, ...others] = await slices();
    expect(others).toEqual([]);
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['192.0.2.1'],
          conditions: { ready: true },
          hostname: 'one',
          nodeName: 'n',
        },
        { addresses: ['192.0.2.2'], conditions: { ready: false } },
      ],
    });
    const { labels, annotations: its, ownerReferences, generateName } = slice?.metadata ?? {};
    expect(generateName).toBe('db-');
    expect(labels).toEqual({
      team: 'x',
      'kubernetes.io/service-name': 'db',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    });
    expect(its).toEqual({ a: 'b' });
    expect(ownerReferences).toMatchObject([{ kind: 'Endpoints', name: 'db', controller: true }]);
  });

  it('keeps the families and the ports apart', async () => {
    await begin();
    await addService();
    await addEndpoints([
      { addresses: ips('192.0.2.1', '2001:db8::1'), ports },
      { addresses: ips('192.0.2.9'), ports: [{ port: 80 }] },
    ]);
    await world.settle();
    const found = await slices();
    expect(
      found.map(({ addressType, ports: its, endpoints: all }) => [
        addressType,
        its?.[0]?.port,
        all.map(({ addresses }) => addresses[0]),
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['IPv4', 5432, ['192.0.2.1']],
        ['IPv6', 5432, ['2001:db8::1']],
        ['IPv4', 80, ['192.0.2.9']],
      ]),
    );
    expect(found).toHaveLength(3);
  });

  it('follows their changes, of labels too, with one write each', async () => {
    await begin();
    await addService();
    await addEndpoints([{ addresses: ips('192.0.2.1'), ports }]);
    await world.settle();
    const before = world.writes().length;
    await replaceSubsets([{ addresses: ips('192.0.2.1', '192.0.2.2'), ports }]);
    await world.settle();
    await endpoints().patch('db', 'merge-patch', { metadata: { labels: { team: 'x' } } });
    await world.settle();
    const written = world.writes().slice(before);
    expect(written.map((write) => write.replace(/db-\w+$/, 'db-*'))).toEqual([
      'update endpointslices default/db-*',
      'update endpointslices default/db-*',
    ]);
    const [slice] = await slices();
    expect(slice?.endpoints).toHaveLength(2);
    expect(slice?.metadata?.labels?.team).toBe('x');
    await replaceSubsets([]);
    await world.settle();
    expect(await slices()).toEqual([]);
  });

  it('takes no more than so many addresses of a subset, and says so', async () => {
    await begin(2);
    await addService();
    await addEndpoints([
      { addresses: ips('192.0.2.1', '192.0.2.2', '192.0.2.3'), ports },
      { addresses: ips('192.0.2.4'), notReadyAddresses: ips('192.0.2.5', '192.0.2.6') },
    ]);
    await world.settle();
    const all = (await slices()).flatMap(({ endpoints: its }) => its);
    expect(all.map(({ addresses }) => addresses[0]).sort()).toEqual([
      '192.0.2.1',
      '192.0.2.2',
      '192.0.2.4',
      '192.0.2.5',
    ]);
    expect(await world.events()).toEqual([
      'Warning TooManyAddressesToMirror A max of 2 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped',
    ]);
  });

  it('leaves alone what says so, a lock, and what has no Service', async () => {
    await begin();
    await addService();
    const subsets = [{ addresses: ips('192.0.2.1'), ports }];
    await addEndpoints(subsets, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } });
    await world.settle();
    expect(await slices()).toEqual([]);
    await endpoints().delete('db');
    await addEndpoints(subsets, {
      annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' },
    });
    await world.settle();
    expect(await slices()).toEqual([]);
    await endpoints().delete('db');
    await addEndpoints(subsets);
    await world.settle();
    expect(await slices()).toHaveLength(1);
    await services().delete('db');
    await world.settle();
    expect(await slices()).toEqual([]);
  });

  it('hands over to the endpoint slice controller when the Service gets a selector', async () => {
    await begin();
    await addService();
    await addEndpoints([{ addresses: ips('192.0.2.1'), ports }]);
    await world.settle();
    await services().patch('db', 'merge-patch', { spec: { selector: { app: 'db' } } });
    await world.converge();
    const managers = (await slices()).map(
      ({ metadata }) => metadata?.labels?.['endpointslice.kubernetes.io/managed-by'],
    );
    expect(managers).toEqual(['endpointslice-controller.k8s.io']);
  });

  it('comes to rest although every write fails once', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ seed: 5 });
    await addService();
    await addEndpoints([{ addresses: ips('192.0.2.1', '2001:db8::1'), ports }]);
    await world.converge();
    await replaceSubsets([{ addresses: ips('192.0.2.2'), ports }]);
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    const found = await slices();
    expect(found.flatMap(({ endpoints: its }) => its.map(({ addresses }) => addresses[0]))).toEqual(
      ['192.0.2.2'],
    );
    expect(await world.writesWithin()).toEqual([]);
  });
});
