import { describe, expect, it } from 'vitest';
import { deepCopy, Quantity, semanticallyEqual } from '#apimachinery';

describe('semanticallyEqual', () => {
  const equal: [name: string, a: unknown, b: unknown][] = [
    ['the same text', 'a', 'a'],
    ['nothing in all its forms', undefined, null],
    ['an empty array and nothing', { a: [] }, {}],
    ['an empty object and nothing', { a: {} }, { a: undefined }],
    ['an empty array and an empty object', [], {}],
    ['fields in another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['amounts in requests', { requests: { cpu: '1' } }, { requests: { cpu: '1000m' } }],
    ['amounts as number and text', { limits: { cpu: 1 } }, { limits: { cpu: '1' } }],
    ['amounts deep inside', [{ hard: { pods: '1k' } }], [{ hard: { pods: '1000' } }]],
    ['a size limit', { sizeLimit: '1Gi' }, { sizeLimit: '1024Mi' }],
    ['quantities', Quantity.parse('1Gi'), Quantity.parse('1024Mi')],
    ['times', new Date(5), new Date(5)],
    ['NaN', Number.NaN, Number.NaN],
  ];
  for (const [name, a, b] of equal) {
    it(`takes ${name} for the same`, () => {
      expect(semanticallyEqual(a, b)).toBe(true);
      expect(semanticallyEqual(b, a)).toBe(true);
    });
  }

  const different: [name: string, a: unknown, b: unknown][] = [
    ['other text', 'a', 'b'],
    ['empty text and nothing', { a: '' }, {}],
    ['zero and nothing', { a: 0 }, {}],
    ['false and nothing', { a: false }, {}],
    ['text and a number', { a: '1' }, { a: 1 }],
    ['items in another order', [1, 2], [2, 1]],
    ['one more item', [1], [1, 2]],
    ['an array and an object with its items', ['a'], { 0: 'a' }],
    ['one more field', { a: 1 }, { a: 1, b: 2 }],
    ['amounts that differ', { requests: { cpu: '1' } }, { requests: { cpu: '1001m' } }],
    ['amounts outside quantity fields', { labels: { cpu: '1' } }, { labels: { cpu: '1000m' } }],
    ['text that is no quantity', { requests: { cpu: 'x' } }, { requests: { cpu: 'y' } }],
    ['times that differ', new Date(5), new Date(6)],
    ['what every object inherits', { constructor: 'x' }, {}],
  ];
  for (const [name, a, b] of different) {
    it(`tells apart ${name}`, () => {
      expect(semanticallyEqual(a, b)).toBe(false);
      expect(semanticallyEqual(b, a)).toBe(false);
    });
  }
});

describe('deepCopy', () => {
  it('shares no object or array', () => {
    const pod = { metadata: { labels: { a: 'x' } }, list: [{ b: 1 }] };
    const copy = deepCopy(pod);
    expect(copy).toEqual(pod);
    expect(copy.metadata.labels).not.toBe(pod.metadata.labels);
    expect(copy.list[0]).not.toBe(pod.list[0]);
  });

  it('shares what has a class of its own', () => {
    const amount = Quantity.parse('1');
    expect(deepCopy({ amount }).amount).toBe(amount);
  });

  it('makes no prototype of data', () => {
    const copy = deepCopy(JSON.parse('{"__proto__": {"admin": true}}') as object);
    expect((copy as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.keys(copy)).toEqual(['__proto__']);
  });
});
