/** The kit's `expect`: Vitest's meaning, over a copy that the value has no say in. */

import { describe, it, expect as must } from 'vitest';
import { Mismatch } from '../../kit/expect.ts';
import { expect, trace } from '../../kit/index.ts';

class Point {
  #x: number;
  constructor(x: number) {
    this.#x = x;
  }
  get x(): number {
    return this.#x;
  }
}

class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code = 7;
}

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};

const holds: Record<string, () => unknown> = {
  'equal data': () => expect({ a: [1n, undefined] }).toEqual({ a: [1n, undefined] }),
  'maps and sets': () =>
    expect(new Map([['a', new Set([1])]])).toEqual(new Map([['a', new Set([1])]])),
  bytes: () => expect(Buffer.from('ab')).toEqual(Uint8Array.of(97, 98)),
  dates: () => expect(new Date(5)).toEqual(new Date(5)),
  'a getter of a class': () => expect(new Point(3)).toMatchObject({ x: 3 }),
  'a getter asked by toEqual': () => expect(new Point(3)).toEqual({ x: 3 }),
  'a class': () => expect(new Point(3)).toBeInstanceOf(Point),
  'the same object': () => {
    const point = new Point(1);
    expect(point).toBe(point);
    expect(point).not.toBe(new Point(1));
  },
  'any of a type': () =>
    expect({ a: 'x', p: new Point(1) }).toEqual({ a: expect.any(String), p: expect.any(Point) }),
  'a matcher inside a matcher': () =>
    expect({ a: { b: [1, 2] } }).toEqual({
      a: expect.objectContaining({ b: expect.arrayContaining([2]) }),
    }),
  'an item': () => expect(['a', 'b']).toContain('b'),
  'a length': () => expect([1, 2]).toHaveLength(2),
  'a throw': () => expect(throwing(new StoreError('too old'))).toThrow(StoreError),
  'a throw’s message': () => expect(throwing(new StoreError('too old'))).toThrow(/old$/),
  'a throw’s properties': () => expect(throwing(new StoreError('x'))).toThrow({ code: 7 } as never),
  'no throw': () => expect(() => undefined).not.toThrow(),
  'a resolved promise': () => expect(Promise.resolve({ a: 1 })).resolves.toEqual({ a: 1 }),
  'a rejected promise': () =>
    expect(Promise.reject(new StoreError('x'))).rejects.toThrow(StoreError),
  'a rejection’s properties': () =>
    expect(Promise.reject(new StoreError('x'))).rejects.toMatchObject({
      name: 'StoreError',
      code: 7,
    }),
  'a traced object': () => expect(trace('p', () => new Point(2))).toMatchObject({ x: 2 }),
  'a loop in the data': () => {
    const loop: Record<string, unknown> = { a: 1 };
    loop.self = loop;
    expect(loop).toMatchObject({ a: 1 });
  },
};

describe('expect accepts', () => {
  for (const [name, check] of Object.entries(holds))
    it(name, async () => must(await check()).toBeUndefined());
});

const matchesAll = { $$typeof: Symbol.for('jest.asymmetricMatcher'), asymmetricMatch: () => true };
class Everything {
  readonly nothing = undefined;
  static [Symbol.hasInstance](): boolean {
    return true;
  }
}

const fails: Record<string, () => unknown> = {
  'other data': () => expect({ a: 1 }).toEqual({ a: 2 }),
  'more data': () => expect({ a: 1, b: 2 }).toEqual({ a: 1 }),
  'what is there when it should not be': () => expect({ a: 1 }).not.toMatchObject({ a: 1 }),
  'a number as a bigint': () => expect(1).toBe(1n),
  'an actual that looks like a matcher': () => expect(matchesAll).toEqual({ a: 1 }),
  'an actual with a matcher inside': () => expect({ a: matchesAll }).toEqual({ a: 1 }),
  'an expected value that only looks like a matcher': () => expect({ a: 1 }).toEqual(matchesAll),
  'a class that says everything is one of it': () => expect({}).toBeInstanceOf(Everything),
  'a throw of such a class': () => expect(throwing(new Error('x'))).toThrow(Everything),
  'any of such a class': () => expect({ a: 1 }).toEqual({ a: expect.any(Everything) }),
  'no throw where one should be': () => expect(() => undefined).toThrow(),
  'a throw of another class': () => expect(throwing(new Error('x'))).toThrow(StoreError),
  'a throw of null by its message': () => expect(throwing(null)).toThrow('x'),
  'an array that says it contains': () =>
    expect(Object.assign([1], { includes: () => true, indexOf: () => 0 })).toContain(2),
  'a length by name only': () =>
    expect(Object.assign([1], { toJSON: () => [1, 2] })).toHaveLength(2),
  'an iterator that tells another story': () =>
    expect(
      Object.assign([1], {
        *[Symbol.iterator]() {
          yield 2;
        },
      }),
    ).toEqual([2]),
  'a promise that resolves': () => expect(Promise.resolve(1)).rejects.toThrow(),
  'another resolved value': () => expect(Promise.resolve(1)).resolves.toBe(2),
  'an unreachable line': () => expect.unreachable(),
};

describe('expect refuses', () => {
  for (const [name, check] of Object.entries(fails)) {
    it(name, async () => {
      await must(Promise.resolve().then(check)).rejects.toBeInstanceOf(Mismatch);
    });
  }

  const sides: [check: () => void, expected: string, actual: string][] = [
    [() => expect({}).toBeUndefined(), 'undefined', '{}'],
    [() => expect(undefined).toBeDefined(), 'anything but undefined', 'undefined'],
    [() => expect(null).not.toBeNull(), 'not null', 'null'],
    [() => expect(3).toBeGreaterThan(3), 'more than 3', '3'],
    [() => expect([1]).toHaveLength(2), 'something of length 2', '[1]'],
    [() => expect('ab').toMatch(/c/), 'text that matches /c/', "'ab'"],
  ];
  for (const [check, expected, actual] of sides) {
    it(`with two sides that are values: ${expected}`, () => {
      must(check).toThrow(
        must.objectContaining({
          expectedText: expected,
          actualText: actual,
          message: `should have been ${expected}, but was ${actual}`,
        }),
      );
    });
  }

  it('reads each property of an actual value once', () => {
    let reads = 0;
    const counting = {
      get a() {
        reads += 1;
        return { b: reads };
      },
    };
    expect(counting).toEqual({ a: { b: 1 } });
    must(reads).toBe(1);
  });

  it('never takes "not written yet" for the error that was asked for', () => {
    const stub = Object.assign(new Error('x'), { name: 'NotImplemented', id: 'a/b', member: 'm' });
    must(() => expect(throwing(stub)).toThrow()).toThrow(stub);
  });
});
