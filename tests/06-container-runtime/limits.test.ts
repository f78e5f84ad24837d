import {
  type CpuDemand,
  cgroupFiles,
  chargeMemory,
  cpuRates,
  cpuShareOf,
  cpuWeightOf,
  pidsLimitOf,
} from '#container-runtime';
import { describe, expect, fc, it, property } from '#kit';

const demand = (key: string, shares: number, more: Partial<CpuDemand<string>> = {}) => ({
  key,
  shares,
  threads: 8,
  quotaCpus: Number.POSITIVE_INFINITY,
  ...more,
});
const rounded = (rates: ReadonlyMap<string, number>) =>
  Object.fromEntries([...rates].map(([key, rate]) => [key, Math.round(rate * 1e6) / 1e6]));

describe('cpuRates', () => {
  it.core('divides by weight', () => {
    expect(rounded(cpuRates([demand('a', 3072), demand('b', 1024)], 1))).toEqual({
      a: 0.75,
      b: 0.25,
    });
  });

  it.core('gives all to who is alone, as far as it can use it', () => {
    expect(rounded(cpuRates([demand('a', 2)], 4))).toEqual({ a: 4 });
    expect(rounded(cpuRates([demand('a', 2, { threads: 1 })], 4))).toEqual({ a: 1 });
  });

  it.core('keeps a container to its quota, and gives the rest to others', () => {
    const rates = cpuRates(
      [demand('a', 1024), demand('b', 1024), demand('c', 1024, { quotaCpus: 0.5 })],
      2,
    );
    expect(rounded(rates)).toEqual({ a: 0.75, b: 0.75, c: 0.5 });
  });

  it('goes on as long as somebody leaves something', () => {
    const rates = cpuRates(
      [
        demand('a', 1000, { quotaCpus: 0.1 }),
        demand('b', 1000, { quotaCpus: 0.9 }),
        demand('c', 1000),
      ],
      3,
    );
    expect(rounded(rates)).toEqual({ a: 0.1, b: 0.9, c: 2 });
    const more = cpuRates(
      [
        demand('a', 1000, { quotaCpus: 0.1 }),
        demand('b', 1000, { quotaCpus: 1.2 }),
        demand('c', 1000),
      ],
      3,
    );
    expect(rounded(more)).toEqual({ a: 0.1, b: 1.2, c: 1.7 });
  });

  it('leaves idle what nobody can use', () => {
    const rates = cpuRates(
      [demand('a', 5, { threads: 1 }), demand('b', 5, { quotaCpus: 0.25 })],
      8,
    );
    expect(rounded(rates)).toEqual({ a: 1, b: 0.25 });
  });

  it('lets the smaller of threads and quota count', () => {
    expect(rounded(cpuRates([demand('a', 5, { threads: 1, quotaCpus: 2 })], 8))).toEqual({ a: 1 });
    expect(rounded(cpuRates([demand('a', 5, { threads: 3, quotaCpus: 2 })], 8))).toEqual({ a: 2 });
  });

  it('gives a container without threads nothing', () => {
    const rates = cpuRates([demand('a', 5, { threads: 0 }), demand('b', 5)], 2);
    expect(rounded(rates)).toEqual({ a: 0, b: 2 });
  });

  it('has nothing to divide among nobody', () => {
    expect([...cpuRates([], 2)]).toEqual([]);
  });

  it('takes any key', () => {
    const key = { name: 'object' };
    expect(cpuRates([{ ...demand('', 5), key }], 2).get(key)).toBe(2);
  });

  const demands = fc.array(
    fc.record({
      shares: fc.integer({ min: 2, max: 10_000 }),
      threads: fc.integer({ min: 0, max: 4 }),
      quotaCpus: fc.constantFrom(0.1, 0.5, 1, 2.5, Number.POSITIVE_INFINITY),
    }),
    { minLength: 1, maxLength: 8 },
  );
  property('gives out as much as there is or can be used, and nobody too much', demands, (some) => {
    const keyed = some.map((one, i) => ({ ...one, key: i }));
    const rates = cpuRates(keyed, 3);
    const most = keyed.map(({ threads, quotaCpus }) => Math.min(threads, quotaCpus));
    const given = keyed.map(({ key }) => rates.get(key) ?? Number.NaN);
    for (const [i, rate] of given.entries()) {
      expect(rate).toBeGreaterThanOrEqual(0);
      expect(rate).toBeLessThanOrEqual((most[i] ?? 0) + 1e-9);
    }
    const total = given.reduce((sum, rate) => sum + rate, 0);
    const wanted = most.reduce((sum, one) => sum + one, 0);
    expect(Math.abs(total - Math.min(3, wanted))).toBeLessThan(1e-6);
  });

  property('is fair: who could use more has no less per share than anybody', demands, (some) => {
    const keyed = some.map((one, i) => ({ ...one, key: i }));
    const rates = cpuRates(keyed, 3);
    for (const hungry of keyed) {
      const rate = rates.get(hungry.key) ?? 0;
      if (rate >= Math.min(hungry.threads, hungry.quotaCpus) - 1e-9) continue;
      for (const other of keyed) {
        const perShare = (rates.get(other.key) ?? 0) / other.shares;
        expect(rate / hungry.shares).toBeGreaterThanOrEqual(perShare - 1e-9);
      }
    }
  });
});

describe('cpuShareOf', () => {
  it.core('reads shares and quota', () => {
    const resources = { cpuShares: 512, cpuQuota: 50_000, cpuPeriod: 100_000 };
    expect(cpuShareOf(resources)).toEqual({ shares: 512, quotaCpus: 0.5 });
  });

  const rows: [name: string, resources: object, shares: number, quotaCpus: number][] = [
    ['nothing', {}, 1024, Number.POSITIVE_INFINITY],
    ['zeros', { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0 }, 1024, Number.POSITIVE_INFINITY],
    ['a quota below zero', { cpuQuota: -1, cpuPeriod: 100_000 }, 1024, Number.POSITIVE_INFINITY],
    ['no period', { cpuQuota: 150_000 }, 1024, 1.5],
    ['a period below zero', { cpuQuota: 150_000, cpuPeriod: -1 }, 1024, 1.5],
    ['shares below zero', { cpuShares: -5 }, 2, Number.POSITIVE_INFINITY],
    ['another period', { cpuQuota: 5000, cpuPeriod: 10_000 }, 1024, 0.5],
    ['too few shares', { cpuShares: 1 }, 2, Number.POSITIVE_INFINITY],
    ['the fewest shares', { cpuShares: 2 }, 2, Number.POSITIVE_INFINITY],
    ['too many shares', { cpuShares: 1_000_000 }, 262_144, Number.POSITIVE_INFINITY],
  ];
  for (const [name, resources, shares, quotaCpus] of rows) {
    it(`makes sense of ${name}`, () => {
      expect(cpuShareOf(resources)).toEqual({ shares, quotaCpus });
    });
  }
});

describe('chargeMemory', () => {
  it.core('knows when it is too much', () => {
    const resources = { memoryLimitInBytes: 100 };
    expect(chargeMemory(resources, 60, 30)).toBe('ok');
    expect(chargeMemory(resources, 60, 41)).toBe('oom');
  });

  it('lets a container have all of its limit', () => {
    expect(chargeMemory({ memoryLimitInBytes: 100 }, 60, 40)).toBe('ok');
    expect(chargeMemory({ memoryLimitInBytes: 100 }, 0, 101)).toBe('oom');
  });

  it('has no limit unless there is one', () => {
    expect(chargeMemory({}, 2 ** 50, 1)).toBe('ok');
    expect(chargeMemory({ memoryLimitInBytes: 0 }, 2 ** 50, 1)).toBe('ok');
    expect(chargeMemory({ memoryLimitInBytes: -1 }, 2 ** 50, 1)).toBe('ok');
  });
});

describe('pidsLimitOf', () => {
  it('reads it from what is written in the cgroup', () => {
    expect(pidsLimitOf({ unified: { 'pids.max': '12' } })).toBe(12);
    expect(pidsLimitOf({ unified: { 'pids.max': '0' } })).toBe(0);
    expect(pidsLimitOf({ unified: { 'pids.max': 'max' } })).toBeUndefined();
    expect(pidsLimitOf({ unified: {} })).toBeUndefined();
    expect(pidsLimitOf({})).toBeUndefined();
  });
});

describe('cpuWeightOf', () => {
  const rows: [shares: number, weight: number][] = [
    [2, 1],
    [100, 4],
    [512, 20],
    [1024, 39],
    [2048, 79],
    [262_144, 10_000],
  ];
  for (const [shares, weight] of rows) {
    it(`is ${weight} for ${shares}`, () => {
      expect(cpuWeightOf(shares)).toBe(weight);
    });
  }
});

describe('cgroupFiles', () => {
  const usage = { cpuMs: 12.3456, memoryBytes: 5, peakMemoryBytes: 9, processes: 2, oomKills: 1 };

  it.core('says what the limits are', () => {
    const resources = {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitInBytes: 1000,
      unified: { 'pids.max': '7' },
    };
    expect(cgroupFiles(resources, usage)).toEqual({
      'cpu.max': '50000 100000\n',
      'cpu.weight': '20\n',
      'cpu.stat': 'usage_usec 12345\n',
      'memory.max': '1000\n',
      'memory.current': '5\n',
      'memory.peak': '9\n',
      'memory.events': 'oom_kill 1\n',
      'pids.max': '7\n',
      'pids.current': '2\n',
    });
  });

  it('says max where there are none', () => {
    const odd = { memoryLimitInBytes: -1, cpuPeriod: -1, unified: { 'pids.max': '0' } };
    expect(cgroupFiles(odd, usage)).toMatchObject({
      'cpu.max': 'max 100000\n',
      'memory.max': 'max\n',
      'pids.max': '0\n',
    });
    expect(cgroupFiles({ memoryLimitInBytes: 0, cpuQuota: -1 }, usage)).toMatchObject({
      'cpu.max': 'max 100000\n',
      'cpu.weight': '39\n',
      'memory.max': 'max\n',
      'pids.max': 'max\n',
    });
  });
});
