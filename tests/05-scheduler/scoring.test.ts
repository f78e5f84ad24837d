import type { Pod } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, podObject, property } from '#kit';
import {
  balancedAllocationScore,
  defaultNormalizeScore,
  imageLocalityScore,
  intolerableTaints,
  leastAllocatedScore,
  MAX_IMAGE_THRESHOLD_PER_CONTAINER,
  MIN_IMAGE_THRESHOLD,
  mostAllocatedScore,
  NodeInfo,
  podInfoOf,
  preferredNodeAffinityScore,
  type ResourceUse,
} from '#scheduler';

type NodeWords = Parameters<typeof nodeObject>[1];
type Spec = NonNullable<Pod['spec']>;

const GI = 1024 ** 3;
const MI = 1024 ** 2;
const use = (requested: number, allocatable: number, weight = 1): ResourceUse => ({
  requested,
  allocatable,
  weight,
});
const podWith = (spec: Partial<Spec> = {}) => podInfoOf(podObject('web', { spec }));
const node = (words: NodeWords = {}) => new NodeInfo(nodeObject('node-1', words));

const amount = fc.integer({ min: 0, max: 20 });
const uses = fc.array(
  fc.record({ requested: amount, allocatable: amount, weight: fc.integer({ min: 1, max: 5 }) }),
  { maxLength: 4 },
);

describe('leastAllocatedScore', () => {
  it.core('is the higher the emptier the node would be', () => {
    expect(leastAllocatedScore([use(0, 4000)])).toBe(100);
    expect(leastAllocatedScore([use(1000, 4000)])).toBe(75);
    expect(leastAllocatedScore([use(4000, 4000)])).toBe(0);
  });

  it('is the mean by weights', () => {
    expect(leastAllocatedScore([use(1000, 4000), use(GI, 2 * GI)])).toBe(62);
    expect(leastAllocatedScore([use(1000, 4000, 3), use(GI, 2 * GI, 1)])).toBe(68);
    expect(leastAllocatedScore([use(1000, 4000, 1), use(GI, 2 * GI, 3)])).toBe(56);
  });

  it('is 0 for what is promised beyond what there is, and no less', () => {
    expect(leastAllocatedScore([use(9000, 4000)])).toBe(0);
    expect(leastAllocatedScore([use(9000, 4000), use(0, GI)])).toBe(50);
  });

  it('does not count what the node does not have', () => {
    expect(leastAllocatedScore([use(1000, 4000), use(3, 0, 5)])).toBe(75);
    expect(leastAllocatedScore([use(3, 0)])).toBe(0);
    expect(leastAllocatedScore([])).toBe(0);
  });

  it('rounds each resource down before the mean', () => {
    // 2/3 and 2/3 are 66 and 66; 199/200 is 99, whatever the weight.
    expect(leastAllocatedScore([use(1, 3), use(1, 3)])).toBe(66);
    expect(leastAllocatedScore([use(1, 3), use(1, 6)])).toBe(74);
    expect(leastAllocatedScore([use(1, 200), use(1, 200)])).toBe(99);
  });

  property('is whole and from 0 to 100', uses, (all) => {
    const score = leastAllocatedScore(all);
    expect(Number.isInteger(score) && score >= 0 && score <= 100).toBe(true);
  });
});

describe('mostAllocatedScore', () => {
  it.core('is the higher the fuller the node would be', () => {
    expect(mostAllocatedScore([use(0, 4000)])).toBe(0);
    expect(mostAllocatedScore([use(1000, 4000)])).toBe(25);
    expect(mostAllocatedScore([use(4000, 4000)])).toBe(100);
  });

  it('is the mean by weights, rounded down', () => {
    expect(mostAllocatedScore([use(1000, 4000), use(GI, 2 * GI)])).toBe(37);
    expect(mostAllocatedScore([use(1000, 4000, 3), use(GI, 2 * GI, 1)])).toBe(31);
  });

  it('counts as full what is promised beyond what there is', () => {
    expect(mostAllocatedScore([use(9000, 4000)])).toBe(100);
    expect(mostAllocatedScore([use(9000, 4000), use(0, GI)])).toBe(50);
  });

  it('does not count what the node does not have', () => {
    expect(mostAllocatedScore([use(1000, 4000), use(3, 0, 5)])).toBe(25);
    expect(mostAllocatedScore([use(3, 0)])).toBe(0);
    expect(mostAllocatedScore([])).toBe(0);
  });

  it('rounds each resource down before the mean', () => {
    expect(mostAllocatedScore([use(2, 3), use(5, 6)])).toBe(74);
  });

  property('grows with what is requested, as leastAllocated falls', uses, (all) => {
    const more = all.map((one) => ({ ...one, requested: one.requested + 1 }));
    expect(mostAllocatedScore(more)).toBeGreaterThanOrEqual(mostAllocatedScore(all));
    expect(leastAllocatedScore(more)).toBeLessThanOrEqual(leastAllocatedScore(all));
  });
});

describe('balancedAllocationScore', () => {
  it.core('is the higher the more alike the shares', () => {
    expect(balancedAllocationScore([use(2, 4), use(5, 10)])).toBe(100);
    expect(balancedAllocationScore([use(1, 4), use(3, 4)])).toBe(75);
    expect(balancedAllocationScore([use(0, 4), use(4, 4)])).toBe(50);
  });

  it('does not care which of two is the larger', () => {
    expect(balancedAllocationScore([use(3, 4), use(1, 4)])).toBe(75);
  });

  it('takes the deviation of the whole population', () => {
    // Shares 0, 0.5 and 1: the variance is 1/6, the deviation 0.408.
    expect(balancedAllocationScore([use(0, 2), use(1, 2), use(2, 2)])).toBe(59);
    expect(balancedAllocationScore([use(0, 1), use(0, 1), use(0, 1), use(1, 1)])).toBe(56);
  });

  it('takes more than all for all', () => {
    expect(balancedAllocationScore([use(8, 4), use(4, 4)])).toBe(100);
    expect(balancedAllocationScore([use(400, 4), use(1, 2)])).toBe(75);
  });

  it('does not count what the node does not have, and no weights', () => {
    expect(balancedAllocationScore([use(1, 4), use(3, 4), use(7, 0)])).toBe(75);
    expect(balancedAllocationScore([use(1, 4, 5), use(3, 4, 1)])).toBe(75);
  });

  it('has nothing to balance with one resource or none', () => {
    expect(balancedAllocationScore([use(3, 4)])).toBe(100);
    expect(balancedAllocationScore([use(3, 4), use(1, 0)])).toBe(100);
    expect(balancedAllocationScore([])).toBe(100);
  });

  property('is whole, from 50 to 100, and the same in every order', uses, (all) => {
    const score = balancedAllocationScore(all);
    expect(Number.isInteger(score) && score >= 50 && score <= 100).toBe(true);
    // Sums of fractions in another order may differ by a rounding, and so by one point.
    expect(Math.abs(balancedAllocationScore([...all].reverse()) - score) <= 1).toBe(true);
  });
});

describe('imageLocalityScore', () => {
  const containers = (...images: string[]) => images.map((image, i) => ({ name: `c${i}`, image }));
  const running = (...images: string[]) => podWith({ containers: containers(...images) });
  const having = (images: Record<string, [size: number, nodes: number]>) => {
    const one = node();
    one.setImages(
      new Map(Object.entries(images).map(([name, [size, nodes]]) => [name, { size, nodes }])),
    );
    return one;
  };
  const most = MAX_IMAGE_THRESHOLD_PER_CONTAINER;
  /** A size that is worth `score` for a pod of one container, or just above. */
  const worth = (score: number) =>
    Math.ceil(MIN_IMAGE_THRESHOLD + ((most - MIN_IMAGE_THRESHOLD) * score) / 100);

  it.core('is the higher the more of the pod is there', () => {
    const pod = running('web:1');
    expect(imageLocalityScore(pod, having({}), 1)).toBe(0);
    expect(imageLocalityScore(pod, having({ 'other:1': [500 * MI, 1] }), 1)).toBe(0);
    expect(imageLocalityScore(pod, having({ 'web:1': [worth(40), 1] }), 1)).toBe(40);
    expect(imageLocalityScore(pod, having({ 'web:1': [most, 1] }), 1)).toBe(100);
  });

  it('is 0 up to the least size, and 100 from the largest on', () => {
    const score = (size: number) =>
      imageLocalityScore(running('web:1'), having({ 'web:1': [size, 1] }), 1);
    expect(score(MIN_IMAGE_THRESHOLD)).toBe(0);
    expect(score(1)).toBe(0);
    expect(score(5 * most)).toBe(100);
    expect(score(worth(1) - 1)).toBe(0);
    expect(score(worth(1))).toBe(1);
    expect(score(most - 1)).toBe(99);
  });

  it('counts by how many of all nodes have an image', () => {
    const pod = running('web:1');
    expect(imageLocalityScore(pod, having({ 'web:1': [most, 2] }), 4)).toBe(48);
    expect(imageLocalityScore(pod, having({ 'web:1': [most, 1] }), 4)).toBe(23);
    expect(imageLocalityScore(pod, having({ 'web:1': [most, 1] }), 1000)).toBe(0);
  });

  it('adds up containers and init containers, and expects as much of each', () => {
    const pod = podWith({
      initContainers: containers('setup:1'),
      containers: containers('web:1', 'log:1'),
    });
    const all = having({ 'setup:1': [most, 1], 'web:1': [most, 1], 'log:1': [most, 1] });
    expect(imageLocalityScore(pod, all, 1)).toBe(100);
    const some = having({ 'setup:1': [most, 1], 'web:1': [most / 2, 1] });
    expect(imageLocalityScore(pod, some, 1)).toBe(49);
  });

  it('counts an image for each container that has it', () => {
    const there = having({ 'web:1': [most, 1] });
    expect(imageLocalityScore(running('web:1', 'web:1'), there, 1)).toBe(100);
    expect(imageLocalityScore(running('web:1', 'log:1'), there, 1)).toBe(49);
  });

  const names: [asked: string, there: string][] = [
    ['web', 'web:latest'],
    ['registry:5000/web', 'registry:5000/web:latest'],
    ['registry:5000/web:1', 'registry:5000/web:1'],
    ['docker.io/library/web', 'docker.io/library/web:latest'],
    ['web@sha256:abc', 'web@sha256:abc'],
  ];
  for (const [asked, there] of names) {
    it(`looks for ${asked} as ${there}`, () => {
      expect(imageLocalityScore(running(asked), having({ [there]: [most, 1] }), 1)).toBe(100);
    });
  }

  it('does not take another tag', () => {
    expect(
      imageLocalityScore(running('web'), having({ web: [most, 1], 'web:1': [most, 1] }), 1),
    ).toBe(0);
  });
});

describe('preferredNodeAffinityScore', () => {
  const preferring = (...wishes: [weight: number, key: string, ...values: string[]][]) =>
    podWith({
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: wishes.map(
            ([weight, key, ...values]) => ({
              weight,
              preference: { matchExpressions: [{ key, operator: 'In', values }] },
            }),
          ),
        },
      },
    });
  const ssd = node({ labels: { disk: 'ssd', zone: 'a' } });

  it.core('adds up the weights of what the node fulfils', () => {
    const pod = preferring([5, 'disk', 'ssd'], [80, 'zone', 'b'], [10, 'zone', 'a', 'c']);
    expect(preferredNodeAffinityScore(pod, ssd)).toBe(15);
    expect(preferredNodeAffinityScore(pod, node())).toBe(0);
  });

  it('is 0 for a pod without wishes', () => {
    expect(preferredNodeAffinityScore(podWith(), ssd)).toBe(0);
    expect(preferredNodeAffinityScore(podWith({ affinity: {} }), ssd)).toBe(0);
    expect(preferredNodeAffinityScore(preferring(), ssd)).toBe(0);
  });

  it('may be more than 100', () => {
    const pod = preferring([100, 'disk', 'ssd'], [100, 'zone', 'a']);
    expect(preferredNodeAffinityScore(pod, ssd)).toBe(200);
  });

  it('has nothing for an empty preference', () => {
    const pod = podWith({
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, preference: {} }],
        },
      },
    });
    expect(preferredNodeAffinityScore(pod, ssd)).toBe(0);
  });

  it('does not count what is required', () => {
    const matchExpressions = [{ key: 'disk', operator: 'In', values: ['ssd'] }];
    const nodeSelectorTerms = [{ matchExpressions }];
    const pod = podWith({
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
    });
    expect(preferredNodeAffinityScore(pod, ssd)).toBe(0);
  });

  it('throws a SelectorError for a term that is not well formed', () => {
    const preference = { matchExpressions: [{ key: 'disk', operator: 'Near', values: ['x'] }] };
    const preferred = [{ weight: 1, preference }];
    const pod = podWith({
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
    });
    let name = '';
    try {
      preferredNodeAffinityScore(pod, ssd);
    } catch (error) {
      name = (error as Error).name;
    }
    expect(name).toBe('SelectorError');
  });
});

describe('intolerableTaints', () => {
  const soft = (key: string, value = '') => ({ key, value, effect: 'PreferNoSchedule' });
  const tolerating = (...tolerations: object[]) => podWith({ tolerations });

  it.core('counts the taints a pod would rather not have', () => {
    expect(intolerableTaints(podWith(), node())).toBe(0);
    expect(intolerableTaints(podWith(), node({ taints: [soft('a'), soft('b')] }))).toBe(2);
    const pod = tolerating({ key: 'a', operator: 'Exists' });
    expect(intolerableTaints(pod, node({ taints: [soft('a'), soft('b')] }))).toBe(1);
  });

  it('counts no other effects', () => {
    const taints = ['NoSchedule', 'NoExecute'].map((effect) => ({ key: 'a', effect }));
    expect(intolerableTaints(podWith(), node({ taints }))).toBe(0);
    expect(intolerableTaints(podWith(), node({ taints: [] }))).toBe(0);
  });

  it('takes tolerations with that effect or none', () => {
    const tainted = node({ taints: [soft('a')] });
    const left = (effect: string) =>
      intolerableTaints(tolerating({ key: 'a', operator: 'Exists', effect }), tainted);
    expect(left('PreferNoSchedule')).toBe(0);
    expect(left('')).toBe(0);
    expect(left('NoSchedule')).toBe(1);
  });

  it('compares values', () => {
    const tainted = node({ taints: [soft('a', '1'), soft('a', '2')] });
    expect(intolerableTaints(tolerating({ key: 'a', value: '2' }), tainted)).toBe(1);
  });

  it('counts each taint, also two of one key', () => {
    expect(intolerableTaints(podWith(), node({ taints: [soft('a', '1'), soft('a', '2')] }))).toBe(
      2,
    );
  });
});

describe('defaultNormalizeScore', () => {
  const named = (...scores: number[]) => scores.map((score, i) => ({ name: `node-${i}`, score }));
  const scoresOf = (isReversed: boolean | undefined, ...scores: number[]) =>
    defaultNormalizeScore(named(...scores), isReversed).map(({ score }) => score);

  it.core('makes the highest 100, and the others keep their proportion', () => {
    expect(scoresOf(false, 2, 8, 4)).toEqual([25, 100, 50]);
    expect(scoresOf(undefined, 2, 8, 4)).toEqual([25, 100, 50]);
  });

  it.core('reversed, makes the highest 0', () => {
    expect(scoresOf(true, 2, 8, 4)).toEqual([75, 0, 50]);
  });

  it('keeps nodes and their order', () => {
    const names = defaultNormalizeScore(named(1, 3, 2)).map(({ name }) => name);
    expect(names).toEqual(['node-0', 'node-1', 'node-2']);
  });

  it('leaves zeros, and reversed makes them 100', () => {
    expect(scoresOf(false, 0, 0)).toEqual([0, 0]);
    expect(scoresOf(true, 0, 0)).toEqual([100, 100]);
  });

  it('rounds down before it reverses', () => {
    expect(scoresOf(false, 1, 3)).toEqual([33, 100]);
    expect(scoresOf(false, 2, 3)).toEqual([66, 100]);
    expect(scoresOf(true, 2, 3)).toEqual([34, 0]);
    expect(scoresOf(true, 1, 3)).toEqual([67, 0]);
  });

  it('brings down what is above 100, and up what is below', () => {
    expect(scoresOf(false, 150, 300)).toEqual([50, 100]);
    expect(scoresOf(false, 1, 1)).toEqual([100, 100]);
  });

  it('has nothing for no nodes', () => {
    expect(scoresOf(false)).toEqual([]);
    expect(scoresOf(true)).toEqual([]);
  });

  it('does not change what it was given', () => {
    const given = Object.freeze(named(1, 2).map((one) => Object.freeze(one)));
    defaultNormalizeScore(given, true);
    expect(given).toEqual(named(1, 2));
  });

  property(
    'keeps the order of nodes, and reversed turns it',
    fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }),
    (scores) => {
      const plain = scoresOf(false, ...scores);
      const reversed = scoresOf(true, ...scores);
      for (const [i, a] of scores.entries()) {
        for (const [j, b] of scores.entries()) {
          if (a > b) continue;
          expect((plain[i] ?? 0) <= (plain[j] ?? 0)).toBe(true);
          expect((reversed[i] ?? 0) >= (reversed[j] ?? 0)).toBe(true);
        }
      }
      expect(Math.max(...plain)).toBe(Math.max(...scores) === 0 ? 0 : 100);
    },
  );
});
