import { describe, expect, it } from 'vitest';
import { Random, realRandom, seededRandom } from '#apimachinery';

function draw<T>(count: number, next: () => T): T[] {
  return Array.from({ length: count }, next);
}

describe('seededRandom', () => {
  it('repeats itself for the same seed', () => {
    const [a, b] = [seededRandom('x'), seededRandom('x')];
    expect(draw(20, () => a.next())).toEqual(draw(20, () => b.next()));
  });

  it('takes a number for the text of it', () => {
    expect(seededRandom(7).uuid()).toBe(seededRandom('7').uuid());
  });

  it('gives something else for every seed', () => {
    const first = draw(
      1000,
      (() => {
        let seed = 0;
        return () => seededRandom(seed++).next();
      })(),
    );
    expect(new Set(first).size).toBe(1000);
    const mean = first.reduce((sum, value) => sum + value, 0) / first.length;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });
});

describe('Random', () => {
  it('gives numbers from 0 up to but not 1', () => {
    expect(new Random(() => 0).next()).toBe(0);
    const largest = new Random(() => 2 ** 32 - 1).next();
    expect(largest).toBeLessThan(1);
    expect(largest).toBeGreaterThan(1 - 2 ** -50);
  });

  it('gives every whole number below n about as often', () => {
    const random = seededRandom('int');
    const counts = new Map<number, number>();
    for (const n of draw(6_000, () => random.int(6))) counts.set(n, (counts.get(n) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('draws again rather than favour small numbers', () => {
    const bits = [2 ** 32 - 1, 4];
    expect(new Random(() => bits.shift() ?? 0).int(3)).toBe(1);
  });

  it('refuses bounds it cannot keep', () => {
    const random = seededRandom(1);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
      expect(() => random.int(n)).toThrow(RangeError);
    }
    expect(random.int(1)).toBe(0);
    expect(() => random.pick([])).toThrow(RangeError);
  });

  it('picks and shuffles without touching the items', () => {
    const random = seededRandom('shuffle');
    const items = Object.freeze([1, 2, 3, 4, 5, 6, 7, 8]);
    const shuffled = random.shuffle(items);
    expect([...shuffled].sort()).toEqual([...items]);
    expect(shuffled).not.toEqual([...items]);
    expect(items).toContain(random.pick(items));
  });

  it('shuffles into every order', () => {
    const random = seededRandom('orders');
    const orders = new Set(draw(500, () => random.shuffle(['a', 'b', 'c', 'd']).join('')));
    expect(orders.size).toBe(24);
  });

  it('makes UUIDs of version 4', () => {
    const random = seededRandom('uuid');
    const uuids = draw(500, () => random.uuid());
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(uuids).size).toBe(500);
  });

  it('makes ends of names', () => {
    const random = seededRandom('suffix');
    expect(random.suffix()).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(random.suffix(10)).toHaveLength(10);
  });

  it('stretches durations, never shortens them', () => {
    const random = seededRandom('jitter');
    const stretched = draw(500, () => random.jitter(1_000, 0.5));
    expect(Math.min(...stretched)).toBeGreaterThanOrEqual(1_000);
    expect(Math.max(...stretched)).toBeLessThan(1_500);
    expect(Math.max(...stretched)).toBeGreaterThan(1_400);
    expect(random.jitter(1_000, 0)).toBe(1_000);
  });
});

describe('realRandom', () => {
  it('is different every time', () => {
    expect(realRandom().uuid()).not.toBe(realRandom().uuid());
  });
});
