import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { SERVICES } from '#client';
import {
  AddressError,
  AddressPool,
  newControllerContext,
  newServiceController,
  parseAddressRange,
  runControllers,
  wantsLoadBalancer,
} from '#controller-manager';
import { afterEach, describe, expect, fc, it, newControllerWorld, property, trace } from '#kit';

type Service = Parameters<typeof wantsLoadBalancer>[0];

describe('wantsLoadBalancer', () => {
  const service = (spec: object, metadata: object = {}): Service =>
    ({ metadata: { name: 'web', ...metadata }, spec }) as Service;

  it.core('is for Services of type LoadBalancer', () => {
    expect(wantsLoadBalancer(service({ type: 'LoadBalancer' }))).toBe(true);
    for (const type of ['ClusterIP', 'NodePort', 'ExternalName', undefined]) {
      expect(wantsLoadBalancer(service({ type }))).toBe(false);
    }
  });

  it('leaves to others what names a class of theirs', () => {
    const spec = { type: 'LoadBalancer', loadBalancerClass: 'example.com/box' };
    expect(wantsLoadBalancer(service(spec))).toBe(false);
  });

  it('gives nothing to what is being deleted', () => {
    const going = { deletionTimestamp: '2025-01-01T00:00:00Z' };
    expect(wantsLoadBalancer(service({ type: 'LoadBalancer' }, going))).toBe(false);
  });
});

const newPool = (...ranges: string[]) =>
  trace('pool', () => new AddressPool(ranges.map(parseAddressRange)));

describe('AddressPool', () => {
  it.core('gives the lowest free address, and the same to the same Service', () => {
    const pool = newPool('192.0.2.1-192.0.2.3');
    expect(pool.assign('a')).toBe('192.0.2.1');
    expect(pool.assign('b')).toBe('192.0.2.2');
    expect(pool.assign('a')).toBe('192.0.2.1');
    expect(pool.assign('c')).toBe('192.0.2.3');
  });

  it.core('takes addresses back', () => {
    const pool = newPool('192.0.2.1-192.0.2.2');
    pool.assign('a');
    pool.assign('b');
    expect(() => pool.assign('c')).toThrow(AddressError);
    expect(() => pool.assign('c')).toThrow('no address is free');
    expect(pool.release('a')).toBe(true);
    expect(pool.release('a')).toBe(false);
    expect(pool.release('nobody')).toBe(false);
    expect(pool.assign('c')).toBe('192.0.2.1');
  });

  it('gives the address that is asked for, if it is free', () => {
    const pool = newPool('192.0.2.1-192.0.2.3');
    expect(pool.assign('b', '192.0.2.3')).toBe('192.0.2.3');
    expect(() => pool.assign('c', '192.0.2.3')).toThrow('192.0.2.3 is taken by b');
    expect(() => pool.assign('c', '192.0.2.9')).toThrow('192.0.2.9 is not in the pool');
    expect(pool.assign('a')).toBe('192.0.2.1');
    expect(pool.assign('c', '')).toBe('192.0.2.2');
  });

  it('changes an address only when the new one is to be had', () => {
    const pool = newPool('192.0.2.1-192.0.2.3');
    pool.assign('a');
    pool.assign('b', '192.0.2.2');
    expect(() => pool.assign('a', '192.0.2.2')).toThrow(AddressError);
    expect(pool.assign('a')).toBe('192.0.2.1');
    expect(pool.assign('a', '192.0.2.3')).toBe('192.0.2.3');
    expect(pool.assign('c')).toBe('192.0.2.1');
    expect(pool.assign('a')).toBe('192.0.2.3');
  });

  it('lets Services keep what they had before', () => {
    const pool = newPool('192.0.2.1-192.0.2.3');
    expect(pool.keep('a', '192.0.2.1')).toBe(true);
    expect(pool.keep('a', '192.0.2.1')).toBe(true);
    expect(pool.keep('b', '192.0.2.1')).toBe(false);
    expect(pool.keep('c', '198.51.100.1')).toBe(false);
    expect(pool.assign('b')).toBe('192.0.2.2');
    expect(pool.assign('a')).toBe('192.0.2.1');
    expect(pool.keep('a', '192.0.2.3')).toBe(true);
    expect(pool.assign('d')).toBe('192.0.2.1');
  });

  it('goes on with the next range, also of another family', () => {
    const pool = newPool('192.0.2.1', '198.51.100.0/31', 'fd00::1-fd00::2');
    const all = ['a', 'b', 'c', 'd', 'e'].map((owner) => pool.assign(owner));
    expect(all).toEqual(['192.0.2.1', '198.51.100.0', '198.51.100.1', 'fd00::1', 'fd00::2']);
  });

  property(
    'never gives one address to two',
    fc.array(
      fc.record({
        owner: fc.constantFrom('a', 'b', 'c', 'd'),
        act: fc.constantFrom('assign' as const, 'release' as const, 'want' as const),
        last: fc.integer({ min: 1, max: 4 }),
      }),
      { maxLength: 40 },
    ),
    (steps) => {
      const pool = new AddressPool([parseAddressRange('192.0.2.1-192.0.2.3')]);
      const held = new Map<string, string>();
      for (const { owner, act, last } of steps) {
        if (act === 'release') {
          expect(pool.release(owner)).toBe(held.delete(owner));
          continue;
        }
        try {
          held.set(owner, pool.assign(owner, act === 'want' ? `192.0.2.${last}` : undefined));
        } catch (error) {
          expect(error).toBeInstanceOf(AddressError);
        }
        expect(new Set(held.values()).size).toBe(held.size);
        for (const [each, address] of held) expect(pool.assign(each)).toBe(address);
      }
    },
  );
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
        [newServiceController([parseAddressRange('192.0.2.1-192.0.2.2')])],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());

describe('the service controller', () => {
  const services = () => world.admin.resource(SERVICES, 'default');
  const make = (name: string, type = 'LoadBalancer') =>
    services().create({
      metadata: { name },
      spec: { type, ports: [{ port: 80 }], selector: { app: name } },
    } as never);
  const addressOf = async (name: string) =>
    (await services().get(name)).status?.loadBalancer?.ingress?.map(({ ip }) => ip);

  it('gives an address, and takes it back before the Service goes', async () => {
    await begin();
    await make('a');
    await world.settle();
    expect(await addressOf('a')).toEqual(['192.0.2.1']);
    expect((await services().get('a')).metadata?.finalizers).toEqual([
      'service.kubernetes.io/load-balancer-cleanup',
    ]);
    await services().delete('a');
    await world.settle();
    await make('b');
    await world.settle();
    expect(await addressOf('b')).toEqual(['192.0.2.1']);
    expect(await world.events()).toEqual(
      expect.arrayContaining([
        'Normal EnsuringLoadBalancer Ensuring load balancer',
        'Normal EnsuredLoadBalancer Ensured load balancer',
        'Normal DeletedLoadBalancer Deleted load balancer',
      ]),
    );
  });

  it('takes the address back when the type changes', async () => {
    await begin();
    await make('a');
    await world.settle();
    const found = await services().get('a');
    await services().update({ ...found, spec: { ...found.spec, type: 'ClusterIP' } } as never);
    await world.settle();
    const { metadata, status } = await services().get('a');
    expect([metadata?.finalizers ?? [], status?.loadBalancer?.ingress ?? []]).toEqual([[], []]);
  });

  it('keeps addresses over a restart', async () => {
    await begin();
    await make('a');
    await make('b');
    await world.settle();
    await services().delete('a');
    await world.settle();
    await world.restart();
    await make('c');
    await world.settle();
    expect(await addressOf('b')).toEqual(['192.0.2.2']);
    expect(await addressOf('c')).toEqual(['192.0.2.1']);
  });

  it('says so when there is none, and gives one when there is', async () => {
    await begin();
    for (const name of ['a', 'b', 'c']) await make(name);
    await world.settle();
    expect(await addressOf('c')).toBeUndefined();
    expect(await world.events()).toContainEqual(
      expect.stringMatching(
        /^Warning SyncLoadBalancerFailed Error syncing load balancer: .*no address is free$/,
      ),
    );
    await services().delete('a');
    await world.advance(600_000);
    expect(await addressOf('c')).toEqual(['192.0.2.1']);
  });

  it('leaves other Services alone', async () => {
    await begin();
    await make('a', 'NodePort');
    await world.converge();
    expect(world.writes()).toEqual([]);
  });
});
