import { describe, expect, fc, it, property } from '#kit';
import {
  expandMultiPoint,
  MIN_FEASIBLE_NODES_TO_FIND,
  mergePluginRefs,
  numFeasibleNodesToFind,
  type PluginRef,
  type PluginRefs,
  type ResourceUse,
  requestedToCapacityRatioScore,
  type UtilizationShapePoint,
} from '#scheduler';

/** `A B:5` is A, and B with the weight 5. */
function refs(words: string): readonly PluginRef[] {
  const all = words.split(' ').filter((word) => word !== '');
  return Object.freeze(
    all.map((word) => {
      const [name = '', weight] = word.split(':');
      return Object.freeze({ name, ...(weight && { weight: Number(weight) }) });
    }),
  );
}

function said(enabled: string, disabled = ''): PluginRefs {
  return Object.freeze({ enabled: refs(enabled), disabled: refs(disabled) });
}

function words(all: readonly PluginRef[]): string {
  return all.map(({ name, weight }) => (weight ? `${name}:${weight}` : name)).join(' ');
}

const names = (all: readonly PluginRef[] = []) => all.map(({ name }) => name);

describe('numFeasibleNodesToFind', () => {
  const rows: [percentage: number, total: number, enough: number][] = [
    [0, 1000, 420],
    [0, 5000, 500],
    [0, 6000, 300],
    [0, 100, 100],
    [0, 124, 100],
    [0, 125, 100],
    [0, 250, 120],
    [0, 249, 122],
    [0, 5499, 384],
    [0, 5624, 337],
    [0, 5625, 281],
    [0, 10_000, 500],
    [0, 100_000, 5000],
    [30, 1000, 300],
    [33, 1001, 330],
    [1, 10_000, 100],
    [2, 10_000, 200],
    [4, 10_000, 400],
    [100, 5000, 5000],
    [100, 100, 100],
    [10, 150, 100],
  ];
  for (const [percentage, total, enough] of rows) {
    const name = `is content with ${enough} of ${total} at ${percentage}%`;
    const test = total === 1000 || total === 5000 ? it.core : it;
    test(name, () => {
      expect(numFeasibleNodesToFind(percentage, total)).toBe(enough);
    });
  }

  it.core('asks all nodes of a small cluster', () => {
    expect(numFeasibleNodesToFind(0, 0)).toBe(0);
    expect(numFeasibleNodesToFind(0, 99)).toBe(99);
    expect(numFeasibleNodesToFind(10, 99)).toBe(99);
    expect(numFeasibleNodesToFind(100, 3)).toBe(3);
  });

  it('takes a small percentage at its word: the least is only for what it chooses itself', () => {
    expect(numFeasibleNodesToFind(1, 50_000)).toBe(500);
    expect(numFeasibleNodesToFind(3, 50_000)).toBe(1500);
  });

  const percentages = fc.integer({ min: 0, max: 100 });
  const totals = fc.integer({ min: 0, max: 20_000 });
  property(
    'is never more than there are, nor fewer than the least',
    percentages,
    totals,
    (p, n) => {
      const enough = numFeasibleNodesToFind(p, n);
      expect(Number.isInteger(enough)).toBe(true);
      expect(enough <= n).toBe(true);
      expect(enough >= Math.min(n, MIN_FEASIBLE_NODES_TO_FIND)).toBe(true);
    },
  );
});

describe('mergePluginRefs', () => {
  const merged = (defaults: PluginRefs, profile: PluginRefs) => {
    const { enabled, disabled } = mergePluginRefs(defaults, profile);
    return { enabled: words(enabled), disabled: words(disabled) };
  };

  it.core('leaves the defaults as they are when nothing is said', () => {
    expect(merged(said('A B:2 C'), said(''))).toEqual({ enabled: 'A B:2 C', disabled: '' });
    expect(merged(said('A B:2 C'), {})).toEqual({ enabled: 'A B:2 C', disabled: '' });
  });

  it.core('works as in the contract', () => {
    expect(merged(said('A B C'), said('B:5 A D', 'A'))).toEqual({
      enabled: 'B:5 C A D',
      disabled: 'A',
    });
  });

  const rows: { name: string; defaults: PluginRefs; profile: PluginRefs; enabled: string }[] = [
    {
      name: 'adds after the defaults, in the order of the profile',
      defaults: said('A B'),
      profile: said('D C'),
      enabled: 'A B D C',
    },
    {
      name: 'replaces a default in its place',
      defaults: said('A:1 B:2 C:3'),
      profile: said('C:30 A:10'),
      enabled: 'A:10 B:2 C:30',
    },
    {
      name: 'replaces the weight also by none',
      defaults: said('A:3 B'),
      profile: said('A'),
      enabled: 'A B',
    },
    {
      name: 'takes out what is disabled',
      defaults: said('A B C'),
      profile: said('', 'B'),
      enabled: 'A C',
    },
    {
      name: 'takes out all defaults with *',
      defaults: said('A B C'),
      profile: said('', '*'),
      enabled: '',
    },
    {
      name: 'keeps what the profile enables itself beside *',
      defaults: said('A B C'),
      profile: said('D B:2', '*'),
      enabled: 'D B:2',
    },
    {
      name: 'moves a default to the end that is disabled and enabled',
      defaults: said('A B C'),
      profile: said('A', 'A'),
      enabled: 'B C A',
    },
    {
      name: 'does not mind a plugin being disabled that is not there',
      defaults: said('A B'),
      profile: said('', 'X'),
      enabled: 'A B',
    },
    {
      name: 'keeps out what the defaults disable',
      defaults: said('A B', 'B'),
      profile: said('C'),
      enabled: 'A C',
    },
    {
      name: 'keeps out all defaults when they disable *',
      defaults: said('A B', '*'),
      profile: said('C'),
      enabled: 'C',
    },
    {
      name: 'enables what the defaults disabled, at the end',
      defaults: said('A B', 'A'),
      profile: said('A:4 C'),
      enabled: 'B A:4 C',
    },
    {
      name: 'starts from nothing',
      defaults: {},
      profile: said('B A'),
      enabled: 'B A',
    },
  ];
  for (const { name, defaults, profile, enabled } of rows) {
    it(name, () => {
      expect(merged(defaults, profile).enabled).toBe(enabled);
    });
  }

  it('tells all that is disabled, the defaults first', () => {
    expect(merged(said('A B C', 'C'), said('', 'B X')).disabled).toBe('C B X');
    expect(merged(said('A'), said('', '*')).disabled).toBe('*');
    expect(merged(said('A', 'A'), {}).disabled).toBe('A');
  });

  it('has both lists, also when there is nothing to say', () => {
    expect(mergePluginRefs({}, {})).toEqual({ enabled: [], disabled: [] });
  });

  const lists = fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D', 'E', '*'));
  const sets = fc
    .tuple(lists, lists)
    .map(([enabled, disabled]) =>
      said(enabled.filter((name) => name !== '*').join(' '), disabled.join(' ')),
    );
  property('has each plugin once, and none for no reason', sets, sets, (defaults, profile) => {
    const { enabled, disabled } = mergePluginRefs(defaults, profile);
    const off = new Set(names(disabled));
    expect(off).toEqual(new Set([...names(defaults.disabled), ...names(profile.disabled)]));
    const isOff = (name: string) => off.has(name) || off.has('*');
    const wanted = new Set([
      ...names(defaults.enabled).filter((name) => !isOff(name)),
      ...names(profile.enabled),
    ]);
    expect(enabled.length).toBe(wanted.size);
    expect(new Set(names(enabled))).toEqual(wanted);
  });
});

describe('expandMultiPoint', () => {
  const everywhere = () => true;
  const expanded = (point: PluginRefs, multiPoint: PluginRefs, hasPoint = everywhere as Has) =>
    words(expandMultiPoint(point, multiPoint, hasPoint));
  type Has = (plugin: string) => boolean;

  it.core('has all plugins that have something to do, when nothing is said about the point', () => {
    expect(expanded({}, said('A B:2 C'))).toBe('A B:2 C');
    expect(expanded({}, said('A B:2 C'), (name) => name !== 'A')).toBe('B:2 C');
    expect(expanded(said(''), said('A B C'), () => false)).toBe('');
  });

  it.core('puts first what the point names, then the others, then what is only named there', () => {
    expect(expanded(said('X C B', 'B D'), said('A B C D'))).toBe('C A X B');
  });

  const rows: { name: string; point: PluginRefs; multiPoint: PluginRefs; expected: string }[] = [
    {
      name: 'leaves out what the point disables',
      point: said('', 'B'),
      multiPoint: said('A B C'),
      expected: 'A C',
    },
    {
      name: 'moves a plugin to the front that is named at the point',
      point: said('C'),
      multiPoint: said('A B C'),
      expected: 'C A B',
    },
    {
      name: 'keeps the order of the point for those it moves',
      point: said('C A'),
      multiPoint: said('A B C'),
      expected: 'C A B',
    },
    {
      name: 'moves a plugin to the end that the point disables and enables',
      point: said('A', 'A'),
      multiPoint: said('A B C'),
      expected: 'B C A',
    },
    {
      name: 'takes the weight of the point, not that of all points',
      point: said('B:7'),
      multiPoint: said('A:1 B:2'),
      expected: 'B:7 A:1',
    },
    {
      name: 'takes no weight from all points for what the point names without one',
      point: said('B'),
      multiPoint: said('A:1 B:2'),
      expected: 'B A:1',
    },
    {
      name: 'puts plugins behind that are enabled at this point only',
      point: said('X:3 Y'),
      multiPoint: said('A B'),
      expected: 'A B X:3 Y',
    },
    {
      name: 'has only what the point enables, when it disables *',
      point: said('X B A:2', '*'),
      multiPoint: said('A B C'),
      expected: 'X B A:2',
    },
    {
      name: 'has nothing when the point disables * and enables nothing',
      point: said('', '*'),
      multiPoint: said('A B C'),
      expected: '',
    },
    {
      name: 'does not look at what is disabled at all points: that is settled before',
      point: said('C'),
      multiPoint: said('A B', 'A *'),
      expected: 'A B C',
    },
    {
      name: 'has only what the point enables when nothing is enabled everywhere',
      point: said('B A', 'C'),
      multiPoint: {},
      expected: 'B A',
    },
  ];
  for (const { name, point, multiPoint, expected } of rows) {
    it(name, () => {
      expect(expanded(point, multiPoint)).toBe(expected);
    });
  }

  it('spreads only what takes part, beside what the point enables', () => {
    const takesPart = (name: string) => name !== 'B';
    expect(expanded(said('X C'), said('A B C'), takesPart)).toBe('C A X');
  });

  it('moves and adds in one list, each where it belongs', () => {
    const point = said('Y C X A', 'D');
    expect(expanded(point, said('A B C D E'))).toBe('C A B E Y X');
  });

  const lists = fc.uniqueArray(fc.constantFrom<string>('A', 'B', 'C', 'D', 'E'));
  property(
    'has each plugin once, and those of a group in order',
    lists,
    lists,
    lists,
    (a, b, c) => {
      const point = said(a.join(' '), b.join(' '));
      const got = names(expandMultiPoint(point, said(c.join(' ')), everywhere));
      const usual: string[] = c.filter((name) => !b.includes(name));
      const group = (name: string) => {
        if (!usual.includes(name)) return 3;
        return a.includes(name) ? 1 : 2;
      };
      const place = (name: string) => (group(name) === 2 ? c : a).indexOf(name);
      const all = [...new Set([...a, ...usual])];
      expect(got).toEqual(all.sort((x, y) => group(x) - group(y) || place(x) - place(y)));
    },
  );
});

describe('merged, then spread', () => {
  const usual = said('Sort Fit:1 Taints:3 Bind');
  const pointsOf: Record<string, string[]> = {
    filter: ['Fit', 'Taints', 'Mine'],
    score: ['Fit', 'Taints', 'Mine'],
  };
  const at = (point: string, plugins: Record<string, PluginRefs>) => {
    const multiPoint = mergePluginRefs(usual, plugins.multiPoint ?? {});
    const own = mergePluginRefs({}, plugins[point] ?? {});
    return words(expandMultiPoint(own, multiPoint, (name) => !!pointsOf[point]?.includes(name)));
  };

  it('gives a plugin another weight at score, and leaves filter alone', () => {
    const plugins = { score: said('Taints:10') };
    expect(at('score', plugins)).toBe('Taints:10 Fit:1');
    expect(at('filter', plugins)).toBe('Fit:1 Taints:3');
  });

  it('adds a plugin everywhere at once', () => {
    const plugins = { multiPoint: said('Mine:4') };
    expect(at('score', plugins)).toBe('Fit:1 Taints:3 Mine:4');
    expect(at('filter', plugins)).toBe('Fit:1 Taints:3 Mine:4');
  });

  it('turns everything off but what is named', () => {
    const plugins = { multiPoint: said('Sort Fit', '*'), score: said('', '*') };
    expect(at('filter', plugins)).toBe('Fit');
    expect(at('score', plugins)).toBe('');
  });
});

describe('requestedToCapacityRatioScore', () => {
  const shapeOf = (...points: [utilization: number, score: number][]) =>
    Object.freeze(points.map(([utilization, score]) => Object.freeze({ utilization, score })));
  const use = (requested: number, allocatable: number, weight = 1): ResourceUse =>
    Object.freeze({ requested, allocatable, weight });
  const at = (utilization: number, shape: readonly UtilizationShapePoint[]) =>
    requestedToCapacityRatioScore([use(utilization, 100)], shape);
  const full = shapeOf([0, 0], [100, 10]);
  const empty = shapeOf([0, 10], [100, 0]);
  const bent = shapeOf([0, 0], [50, 10], [100, 2]);

  it.core('follows the line between points', () => {
    expect([0, 25, 50, 75, 100].map((one) => at(one, bent))).toEqual([0, 50, 100, 60, 20]);
  });

  it.core('packs or spreads, as the shape says', () => {
    expect(at(30, full)).toBe(30);
    expect(at(30, empty)).toBe(70);
  });

  it('is the same left of the first point and right of the last one', () => {
    const shape = shapeOf([20, 3], [80, 7]);
    expect([0, 19, 20, 80, 81, 100].map((one) => at(one, shape))).toEqual([30, 30, 30, 70, 70, 70]);
  });

  it('is flat with one point', () => {
    expect([0, 40, 100].map((one) => at(one, shapeOf([40, 6])))).toEqual([60, 60, 60]);
  });

  it('follows each of many lines', () => {
    const shape = shapeOf([0, 0], [10, 1], [20, 10], [30, 4], [90, 4], [100, 0]);
    const places = [5, 10, 15, 20, 25, 30, 60, 90, 95];
    expect(places.map((one) => at(one, shape))).toEqual([5, 10, 55, 100, 70, 40, 40, 40, 20]);
  });

  it('rounds a rising line down', () => {
    expect([1, 2, 3].map((one) => at(one, shapeOf([0, 0], [3, 1])))).toEqual([3, 6, 10]);
  });

  it('rounds what a falling line has lost towards zero', () => {
    expect([1, 2, 3].map((one) => at(one, shapeOf([0, 1], [3, 0])))).toEqual([7, 4, 0]);
  });

  it('rounds the utilization down', () => {
    expect(requestedToCapacityRatioScore([use(299, 1000)], full)).toBe(29);
    expect(requestedToCapacityRatioScore([use(1, 3)], full)).toBe(33);
    expect(requestedToCapacityRatioScore([use(999, 1000)], empty)).toBe(1);
  });

  it('counts a node with more requested than there is as full', () => {
    expect(requestedToCapacityRatioScore([use(150, 100)], full)).toBe(100);
    expect(requestedToCapacityRatioScore([use(150, 100)], shapeOf([0, 10], [100, 4]))).toBe(40);
  });

  it('takes the mean by weights', () => {
    expect(requestedToCapacityRatioScore([use(80, 100), use(40, 100)], full)).toBe(60);
    expect(requestedToCapacityRatioScore([use(80, 100, 3), use(40, 100)], full)).toBe(70);
    expect(requestedToCapacityRatioScore([use(80, 100, 1), use(40, 100, 3)], full)).toBe(50);
  });

  it('rounds the mean to the nearest whole, halves up', () => {
    expect(requestedToCapacityRatioScore([use(10, 100), use(11, 100)], full)).toBe(11);
    expect(requestedToCapacityRatioScore([use(10, 100, 2), use(11, 100)], full)).toBe(10);
    expect(requestedToCapacityRatioScore([use(10, 100), use(11, 100, 2)], full)).toBe(11);
  });

  it('leaves scores of 0 out of the mean', () => {
    expect(requestedToCapacityRatioScore([use(0, 100), use(50, 100)], full)).toBe(50);
    expect(requestedToCapacityRatioScore([use(0, 100, 9), use(50, 100)], full)).toBe(50);
  });

  it('leaves out what the node has none of', () => {
    expect(requestedToCapacityRatioScore([use(0, 0), use(30, 100)], full)).toBe(30);
    expect(requestedToCapacityRatioScore([use(5, 0, 7), use(30, 100)], full)).toBe(30);
    expect(requestedToCapacityRatioScore([use(0, 0), use(30, 100)], empty)).toBe(70);
  });

  it('is 0 when nothing is above 0, or nothing counts', () => {
    expect(requestedToCapacityRatioScore([], full)).toBe(0);
    expect(requestedToCapacityRatioScore([use(0, 100), use(0, 100)], full)).toBe(0);
    expect(requestedToCapacityRatioScore([use(0, 0)], empty)).toBe(0);
  });

  it('is exact with bytes', () => {
    const gib = 2 ** 30;
    expect(requestedToCapacityRatioScore([use(7 * gib, 16 * gib)], full)).toBe(43);
    expect(requestedToCapacityRatioScore([use(8 * gib, 16 * gib)], full)).toBe(50);
  });

  const shapes = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 10 })), {
      minLength: 1,
      maxLength: 6,
      selector: ([utilization]) => utilization,
    })
    .map((points) => shapeOf(...points.sort(([a], [b]) => a - b)));
  const percent = fc.integer({ min: 0, max: 100 });
  property(
    'goes through every point, and stays between the two beside it',
    shapes,
    percent,
    (shape, p) => {
      for (const { utilization, score } of shape) expect(at(utilization, shape)).toBe(score * 10);
      const left = shape.filter(({ utilization }) => utilization <= p).at(-1) ?? shape[0];
      const right = shape.find(({ utilization }) => utilization >= p) ?? shape.at(-1);
      const ends = [(left?.score ?? 0) * 10, (right?.score ?? 0) * 10];
      expect(at(p, shape) >= Math.min(...ends)).toBe(true);
      expect(at(p, shape) <= Math.max(...ends)).toBe(true);
    },
  );
});
