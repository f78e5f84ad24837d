import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { NODES } from '#client';
import {
  CidrRangeFullError,
  CidrSet,
  newControllerContext,
  newNodeIpamController,
  runControllers,
} from '#controller-manager';
import { afterEach, describe, expect, fc, it, newControllerWorld, property, trace } from '#kit';

const newSet = (cluster: string, prefixLength: number) =>
  trace('cidrs', () => new CidrSet(cluster, prefixLength));

const take = (set: CidrSet, count: number) =>
  Array.from({ length: count }, () => set.allocateNext());

describe('CidrSet', () => {
  it.core('gives out each range once', () => {
    const set = newSet('10.244.0.0/22', 24);
    expect(take(set, 4)).toEqual([
      '10.244.0.0/24',
      '10.244.1.0/24',
      '10.244.2.0/24',
      '10.244.3.0/24',
    ]);
    expect(() => set.allocateNext()).toThrow(CidrRangeFullError);
    expect(() => set.allocateNext()).toThrow(
      'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range',
    );
  });

  it.core('gives a released range out again, after all others', () => {
    const set = newSet('10.244.0.0/22', 24);
    take(set, 2);
    set.release('10.244.0.0/24');
    expect(take(set, 3)).toEqual(['10.244.2.0/24', '10.244.3.0/24', '10.244.0.0/24']);
    expect(() => set.allocateNext()).toThrow(CidrRangeFullError);
  });

  it.core('does not give out what nodes have already', () => {
    const set = newSet('10.244.0.0/22', 24);
    set.occupy('10.244.0.0/24');
    set.occupy('10.244.2.0/24');
    expect(take(set, 2)).toEqual(['10.244.1.0/24', '10.244.3.0/24']);
  });

  it('works with ranges that do not end at a dot', () => {
    expect(take(newSet('10.0.0.0/8', 12), 3)).toEqual([
      '10.0.0.0/12',
      '10.16.0.0/12',
      '10.32.0.0/12',
    ]);
    expect(take(newSet('192.168.1.128/25', 27), 4).at(-1)).toBe('192.168.1.224/27');
    expect(take(newSet('10.244.255.0/24', 32), 256).at(-1)).toBe('10.244.255.255/32');
  });

  it('has one range when the node has the whole cluster', () => {
    const set = newSet('10.244.0.0/24', 24);
    expect(set.allocateNext()).toBe('10.244.0.0/24');
    expect(() => set.allocateNext()).toThrow(CidrRangeFullError);
  });

  it('begins at the beginning, wherever the address lies', () => {
    expect(newSet('10.244.7.9/16', 24).allocateNext()).toBe('10.244.0.0/24');
  });

  it('takes all that lie in a larger range', () => {
    const set = newSet('10.244.0.0/21', 24);
    set.occupy('10.244.0.0/22');
    expect(take(set, 4)[0]).toBe('10.244.4.0/24');
    expect(() => set.allocateNext()).toThrow(CidrRangeFullError);
    set.release('10.244.2.0/23');
    expect(take(set, 2)).toEqual(['10.244.2.0/24', '10.244.3.0/24']);
  });

  it('takes the one that a smaller range lies in', () => {
    const set = newSet('10.244.0.0/23', 24);
    set.occupy('10.244.0.64/26');
    expect(set.allocateNext()).toBe('10.244.1.0/24');
  });

  it('takes what is taken, and releases what is free, without harm', () => {
    const set = newSet('10.244.0.0/23', 24);
    set.occupy('10.244.0.0/24');
    set.occupy('10.244.0.0/24');
    set.release('10.244.0.0/24');
    set.release('10.244.0.0/24');
    set.release('10.244.1.0/24');
    expect(take(set, 2)).toEqual(['10.244.0.0/24', '10.244.1.0/24']);
  });

  for (const foreign of ['10.245.0.0/24', '10.243.255.0/24', '10.0.0.0/8', 'fd00::/64']) {
    it(`refuses ${foreign}, and stays as it was`, () => {
      const set = newSet('10.244.0.0/16', 24);
      const complaint = `cidr ${foreign} is out the range of cluster cidr 10.244.0.0/16`;
      expect(() => set.occupy(foreign)).toThrow(complaint);
      expect(() => set.release(foreign)).toThrow(complaint);
      expect(set.allocateNext()).toBe('10.244.0.0/24');
    });
  }

  it('works with IPv6', () => {
    const set = newSet('fd00:10:244::/48', 64);
    expect(take(set, 3)).toEqual(['fd00:10:244::/64', 'fd00:10:244:1::/64', 'fd00:10:244:2::/64']);
    set.release('fd00:10:244:1::/64');
    set.occupy('fd00:10:244:3::/64');
    expect(set.allocateNext()).toBe('fd00:10:244:4::/64');
  });

  it('refuses sizes that make no sense', () => {
    expect(() => new CidrSet('10.244.0.0/16', 15)).toThrow(
      'subnet mask size 15 must be from 16 to 32',
    );
    expect(() => new CidrSet('10.0.0.0/8', 25)).toThrow('subnet mask size 25 must be from 8 to 24');
    expect(() => new CidrSet('fd00::/48', 65)).toThrow('subnet mask size 65 must be from 48 to 64');
    expect(() => new CidrSet('10.244.0.0/24', 33)).toThrow(RangeError);
  });

  property(
    'never has two nodes with one range, whatever comes and goes',
    fc.array(fc.oneof(fc.constant('take' as const), fc.nat(15)), { maxLength: 60 }),
    (steps) => {
      const set = new CidrSet('10.244.0.0/20', 24);
      const held = new Set<string>();
      for (const step of steps) {
        if (step === 'take') {
          if (held.size === 16) {
            expect(() => set.allocateNext()).toThrow(CidrRangeFullError);
            continue;
          }
          const range = set.allocateNext();
          expect(held.has(range)).toBe(false);
          expect(range).toMatch(/^10\.244\.([0-9]|1[0-5])\.0\/24$/);
          held.add(range);
        } else {
          const range = [...held][step % Math.max(1, held.size)];
          if (range === undefined) continue;
          set.release(range);
          held.delete(range);
        }
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
        [newNodeIpamController({ clusterCidrs: ['10.244.0.0/22'] })],
        signal,
      ),
    ...options,
  });
};
afterEach(() => world?.end());

describe('the node IPAM controller', () => {
  const nodes = () => world.admin.resource(NODES);
  const make = (name: string, podCIDR?: string) =>
    nodes().create({ metadata: { name }, spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {} });
  const rangesOf = async () =>
    (await nodes().list()).items.map(({ metadata, spec }) => `${metadata?.name} ${spec?.podCIDR}`);

  it('gives each node a range', async () => {
    await begin();
    await make('a');
    await make('b');
    await world.settle();
    expect(await rangesOf()).toEqual(['a 10.244.0.0/24', 'b 10.244.1.0/24']);
    expect((await nodes().get('a')).spec?.podCIDRs).toEqual(['10.244.0.0/24']);
  });

  it('knows what nodes have before it gives out the first', async () => {
    await begin({ started: false });
    await make('a');
    await make('z', '10.244.0.0/24');
    await world.start();
    await world.settle();
    expect(await rangesOf()).toEqual(['a 10.244.1.0/24', 'z 10.244.0.0/24']);
  });

  it('says so when there is none left, and gives one when a node has gone', async () => {
    await begin();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name);
    await world.settle();
    expect((await rangesOf())[4]).toBe('e undefined');
    expect(await world.events()).toContain(
      'Normal CIDRNotAvailable Node e status is now: CIDRNotAvailable',
    );
    await nodes().delete('b');
    await world.advance(600_000);
    expect((await rangesOf()).at(-1)).toBe('e 10.244.1.0/24');
  });

  it('gives no range to two when each write fails once', async () => {
    await begin();
    const faults = world.failEachWriteOnce({ seed: 5 });
    for (const name of ['a', 'b', 'c', 'd']) await make(name);
    await world.converge();
    expect(faults.count).toBeGreaterThan(0);
    faults.end();
    const ranges = (await rangesOf()).map((each) => each.split(' ')[1]);
    expect(new Set(ranges).size).toBe(4);
    expect(ranges).not.toContain('undefined');
  });
});
