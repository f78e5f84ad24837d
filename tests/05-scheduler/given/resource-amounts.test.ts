/** Quantities as numbers. */

import { Quantity } from '#apimachinery';
import { describe, expect, it, podObject } from '#kit';
import {
  addAmounts,
  amountOf,
  NO_RESOURCES,
  podAmounts,
  podNonZeroAmounts,
  resourceAmounts,
} from '#scheduler';

const amounts = (said: Record<string, string>) =>
  resourceAmounts(
    new Map(Object.entries(said).map(([name, text]) => [name, Quantity.parse(text)])),
  );

describe('resourceAmounts', () => {
  it('rounds up: CPU to thousandths, all else to whole units', () => {
    const found = amounts({ cpu: '1.0001', memory: '1500m', 'example.com/gpu': '100m' });
    expect(found.milliCpu).toBe(1001);
    expect(found.memory).toBe(2);
    expect(found.scalars).toEqual(new Map([['example.com/gpu', 1]]));
  });

  it('does not add up pods', () => {
    expect(amounts({ pods: '110', 'ephemeral-storage': '1Gi' })).toEqual({
      ...NO_RESOURCES,
      ephemeralStorage: 2 ** 30,
    });
  });
});

describe('addAmounts', () => {
  it('adds and takes away, each resource by itself', () => {
    const one = amounts({ cpu: '1', memory: '10', 'ephemeral-storage': '7', a: '2' });
    const two = amounts({ cpu: '500m', memory: '5', b: '3' });
    const sum = addAmounts(one, two);
    expect(
      ['cpu', 'memory', 'ephemeral-storage', 'a', 'b', 'c'].map((n) => amountOf(sum, n)),
    ).toEqual([1500, 15, 7, 2, 3, 0]);
    const rest = addAmounts(sum, two, -1);
    expect(['cpu', 'memory', 'ephemeral-storage', 'a', 'b'].map((n) => amountOf(rest, n))).toEqual([
      1000, 10, 7, 2, 0,
    ]);
    expect(one.scalars).toEqual(new Map([['a', 2]]));
  });
});

describe('podNonZeroAmounts', () => {
  const of = (requests?: Record<string, string>) => {
    const pod = podObject('p', requests && { requests });
    const found = podNonZeroAmounts(pod);
    return [found.milliCpu, found.memory];
  };
  const mib = 2 ** 20;

  it('counts a little for each container that asks for nothing', () => {
    expect(of()).toEqual([100, 200 * mib]);
    const containers = [{ name: 'a' }, { name: 'b', resources: { requests: { cpu: '1' } } }];
    const found = podNonZeroAmounts(podObject('p', { spec: { containers } }));
    expect([found.milliCpu, found.memory]).toEqual([1100, 400 * mib]);
  });

  it('leaves alone what is asked for, 0 as well', () => {
    expect(of({ cpu: '50m', memory: '1Mi' })).toEqual([50, mib]);
    expect(of({ cpu: '0' })).toEqual([0, 200 * mib]);
    expect(of({ memory: '0' })).toEqual([100, 0]);
  });

  it('fills in for init containers as well', () => {
    const spec = {
      containers: [{ name: 'a', resources: { requests: { cpu: '10m', memory: '1Mi' } } }],
      initContainers: [{ name: 'b' }],
    };
    const found = podNonZeroAmounts(podObject('p', { spec }));
    expect([found.milliCpu, found.memory]).toEqual([100, 200 * mib]);
  });
});

describe('podAmounts', () => {
  it('is what the pod asks for, with its overhead', () => {
    const spec = {
      containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
      overhead: { cpu: '250m' },
    };
    expect(podAmounts(podObject('p', { spec })).milliCpu).toBe(1250);
    expect(podAmounts(podObject('p'))).toEqual(NO_RESOURCES);
  });
});
