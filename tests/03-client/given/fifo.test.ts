import { Fifo, LruCache } from '#client';
import { describe, expect, fc, it, property } from '#kit';

describe('fifo', () => {
  property(
    'does as an array with push and shift',
    fc.array(fc.option(fc.nat(9), { nil: undefined })),
    (steps) => {
      const fifo = new Fifo<number>();
      const plain: number[] = [];
      for (const step of steps) {
        if (step === undefined) expect(fifo.shift()).toBe(plain.shift());
        else {
          fifo.push(step);
          plain.push(step);
        }
        expect(fifo.length).toBe(plain.length);
      }
    },
  );
});

describe('LRU cache', () => {
  it('forgets what was not used for longest', () => {
    const cache = new LruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect(cache.get('b')).toBeUndefined();
    expect([cache.get('a'), cache.get('c'), cache.size]).toEqual([1, 3, 2]);
    cache.set('a', 4);
    expect([cache.get('a'), cache.size]).toEqual([4, 2]);
  });
});
