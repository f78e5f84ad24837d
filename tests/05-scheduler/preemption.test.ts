import { FakeClock, type Pod, seededRandom, silentLogger } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, type PodWords, podObject, property } from '#kit';
import {
  type Candidate,
  CycleState,
  calculateNumCandidates,
  type DryRun,
  dryRunPreemption,
  type FilterRunner,
  filterWithNominatedPods,
  type Handle,
  NodeInfo,
  Nominator,
  newDefaultPreemption,
  newStateKey,
  nodesWherePreemptionMightHelp,
  type PodInfo,
  pickOneCandidate,
  podInfoOf,
  podPriority,
  Snapshot,
  Status,
  selectVictimsOnNode,
  splitByBudgets,
  whyNotEligible,
} from '#scheduler';

type Budget = DryRun['budgets'][number];

const NOBODY = new Nominator();

/** A pod that asks for so many cores. */
function pod(name: string, cpu: number, priority: number, words: PodWords = {}): PodInfo {
  return podInfoOf(podObject(name, { requests: { cpu: String(cpu) }, priority, ...words }));
}

function node(name: string, cpu: number, ...pods: PodInfo[]): NodeInfo {
  return new NodeInfo(nodeObject(name, { cpu: String(cpu) }), pods);
}

const refusal = new Status('Unschedulable', ['Insufficient cpu'], 'Fit');

/** Room for the pod's cores, and nothing else. It writes down what it is asked. */
function newRunner(overrides: Partial<FilterRunner> = {}): FilterRunner & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    runFilterPlugins(_state, one, where) {
      asked.push(`filter ${where.pods.map((other) => other.pod.metadata?.name).join(' ')}`.trim());
      const wanted = where.requested.milliCpu + one.requests.milliCpu;
      return wanted <= where.allocatable.milliCpu ? undefined : refusal;
    },
    runPreFilterAddPod(_state, _pod, added) {
      asked.push(`add ${added.pod.metadata?.name}`);
      return undefined;
    },
    runPreFilterRemovePod(_state, _pod, removed) {
      asked.push(`remove ${removed.pod.metadata?.name}`);
      return undefined;
    },
    ...overrides,
  };
}

function dryRun(words: Partial<DryRun> = {}): DryRun {
  return { filters: newRunner(), nominations: NOBODY, budgets: [], ...words };
}

/** A budget for pods with the label `app`. */
function budget(app: string, disruptionsAllowed: number, words: object = {}): Budget {
  return {
    metadata: { name: `budget-${app}`, namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    ...words,
  } as Budget;
}

const app = (name: string): PodWords => ({ labels: { app: name } });
const names = (pods: readonly (PodInfo | Pod)[]) =>
  pods.map((one) => ('pod' in one ? one.pod : one).metadata?.name);

/** The victims' names and the violations, or the status. */
function victimsOf(run: DryRun, preemptor: PodInfo, where: NodeInfo) {
  const found = selectVictimsOnNode(run, new CycleState(), preemptor, where);
  if (found instanceof Status) return `${found.code}: ${found.message}`;
  return { pods: names(found.pods), numPdbViolations: found.numPdbViolations };
}

describe('whyNotEligible', () => {
  const going = (priority: number, condition?: object) =>
    podInfoOf({
      ...podObject('going', { priority, deletedAt: 1000, nodeName: 'n1' }),
      status: { conditions: condition ? [condition] : [] },
    } as Pod);
  const preempted = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
  };
  const promised = podObject('p', { priority: 10, nominatedNodeName: 'n1' });
  const wait = 'not eligible due to a terminating pod on the nominated node.';

  it.core('lets a pod without a promise preempt', () => {
    expect(whyNotEligible(podObject('p'), undefined, undefined)).toBeUndefined();
  });

  it.core('refuses a pod that must never preempt', () => {
    const polite = podObject('p', { spec: { preemptionPolicy: 'Never' } });
    expect(whyNotEligible(polite, undefined, undefined)).toBe(
      'not eligible due to preemptionPolicy=Never.',
    );
  });

  it('knows the other policy', () => {
    const usual = podObject('p', { spec: { preemptionPolicy: 'PreemptLowerPriority' } });
    expect(whyNotEligible(usual, undefined, undefined)).toBeUndefined();
  });

  it('waits for a victim on the promised node', () => {
    expect(whyNotEligible(promised, node('n1', 4, going(5, preempted)), refusal)).toBe(wait);
    expect(whyNotEligible(promised, node('n1', 4, going(5, preempted)), undefined)).toBe(wait);
  });

  it('asks for the policy first', () => {
    const polite = podObject('p', {
      priority: 10,
      nominatedNodeName: 'n1',
      spec: { preemptionPolicy: 'Never' },
    });
    const unresolvable = new Status('UnschedulableAndUnresolvable');
    expect(whyNotEligible(polite, undefined, unresolvable)).toBe(
      'not eligible due to preemptionPolicy=Never.',
    );
  });

  for (const { what, other } of [
    { what: 'goes for another reason', other: going(5) },
    { what: 'is a target of somebody else', other: going(5, { ...preempted, reason: 'Eviction' }) },
    { what: 'is no target any more', other: going(5, { ...preempted, status: 'False' }) },
    { what: 'has the same priority', other: going(10, preempted) },
    { what: 'does not go', other: pod('stays', 1, 5) },
  ]) {
    it(`does not wait for a pod that ${what}`, () => {
      expect(whyNotEligible(promised, node('n1', 4, other), refusal)).toBeUndefined();
    });
  }

  it('does not wait when the promised node will never do', () => {
    const unresolvable = new Status('UnschedulableAndUnresolvable', ['gone']);
    expect(
      whyNotEligible(promised, node('n1', 4, going(5, preempted)), unresolvable),
    ).toBeUndefined();
  });

  it('does not wait for a node that is gone, nor without a promise', () => {
    expect(whyNotEligible(promised, undefined, undefined)).toBeUndefined();
    const free = podObject('p', { priority: 10 });
    expect(whyNotEligible(free, node('n1', 4, going(5, preempted)), refusal)).toBeUndefined();
  });
});

describe('nodesWherePreemptionMightHelp', () => {
  it.core('are those that said Unschedulable, in their order', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((name) => node(name, 1));
    const rejected = new Map([
      ['d', refusal],
      ['a', refusal],
      ['b', new Status('UnschedulableAndUnresolvable')],
      ['c', new Status('Pending')],
      ['x', refusal],
    ]);
    expect(nodesWherePreemptionMightHelp(nodes, rejected).map(({ name }) => name)).toEqual([
      'a',
      'd',
    ]);
  });

  it('are none when nobody was asked', () => {
    expect(nodesWherePreemptionMightHelp([node('a', 1)], new Map())).toEqual([]);
  });
});

describe('calculateNumCandidates', () => {
  for (const row of [
    { numNodes: 5000, share: 10, least: 100, expected: 500 },
    { numNodes: 600, share: 10, least: 100, expected: 100 },
    { numNodes: 30, share: 10, least: 100, expected: 30 },
    { numNodes: 19, share: 10, least: 0, expected: 1 },
    { numNodes: 7, share: 100, least: 1, expected: 7 },
    { numNodes: 9, share: 10, least: 0, expected: 0 },
  ]) {
    it(`${row.share}% and at least ${row.least} of ${row.numNodes} are ${row.expected}`, () => {
      const limits = {
        minCandidateNodesPercentage: row.share,
        minCandidateNodesAbsolute: row.least,
      };
      expect(calculateNumCandidates(row.numNodes, limits)).toBe(row.expected);
    });
  }
});

describe('splitByBudgets', () => {
  const split = (pods: PodInfo[], budgets: Budget[]) => {
    const { violating, others } = splitByBudgets(pods, budgets);
    return { violating: names(violating), others: names(others) };
  };
  const three = [1, 2, 3].map((i) => pod(`web-${i}`, 1, 0, app('web')));

  it.core('gives away what a budget allows, in order', () => {
    expect(split(three, [budget('web', 2)])).toEqual({
      violating: ['web-3'],
      others: ['web-1', 'web-2'],
    });
  });

  it('takes all when there are no budgets', () => {
    expect(split(three, []).violating).toEqual([]);
  });

  it('allows nothing while a budget does not say', () => {
    expect(split(three, [budget('web', 0, { status: undefined })]).violating).toHaveLength(3);
  });

  for (const { what, words } of [
    { what: 'of another namespace', words: { metadata: { name: 'b', namespace: 'other' } } },
    { what: 'with an empty selector', words: { spec: { selector: {} } } },
    { what: 'without a selector', words: { spec: {} } },
    {
      what: 'with a selector that is not valid',
      words: {
        spec: { selector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['w'] }] } },
      },
    },
    { what: 'for other pods', words: { spec: { selector: { matchLabels: { app: 'db' } } } } },
  ]) {
    it(`heeds no budget ${what}`, () => {
      expect(split(three, [budget('web', 0, words)]).violating).toEqual([]);
    });
  }

  it('understands expressions', () => {
    const matchExpressions = [{ key: 'app', operator: 'In', values: ['web'] }];
    const words = { spec: { selector: { matchExpressions } } };
    expect(split(three, [budget('web', 1, words)]).violating).toEqual(['web-2', 'web-3']);
  });

  it('keeps pods without labels out of every budget', () => {
    const matchExpressions = [{ key: 'app', operator: 'DoesNotExist' }];
    const words = { spec: { selector: { matchExpressions } } };
    expect(split([pod('plain', 1, 0)], [budget('web', 0, words)]).violating).toEqual([]);
  });

  it('does not count a pod that was counted before', () => {
    const status = { disruptionsAllowed: 1, disruptedPods: { 'web-1': '2025-01-01T00:00:00Z' } };
    expect(split(three, [budget('web', 1, { status })])).toEqual({
      violating: ['web-3'],
      others: ['web-1', 'web-2'],
    });
  });

  it('takes from every budget a pod is under, also after one was violated', () => {
    const both = { labels: { app: 'web', tier: 'front' } };
    const tier = budget('front', 1, { spec: { selector: { matchLabels: { tier: 'front' } } } });
    const pods = [pod('a', 1, 0, both), pod('b', 1, 0, { labels: { tier: 'front' } })];
    expect(split(pods, [budget('web', 0), tier])).toEqual({ violating: ['a', 'b'], others: [] });
    expect(split(pods, [tier, budget('web', 0)])).toEqual({ violating: ['a', 'b'], others: [] });
  });

  it('stays violated for a pod that a later budget allows', () => {
    const both = { labels: { app: 'web', tier: 'front' } };
    const tier = budget('front', 9, { spec: { selector: { matchLabels: { tier: 'front' } } } });
    expect(split([pod('a', 1, 0, both)], [budget('web', 0), tier]).violating).toEqual(['a']);
  });

  it('leaves budgets as they are', () => {
    const web = budget('web', 1);
    split(three, [web]);
    expect(web.status?.disruptionsAllowed).toBe(1);
    expect(split(three, [web]).violating).toEqual(['web-2', 'web-3']);
  });
});

describe('filterWithNominatedPods', () => {
  const ask = (runner: FilterRunner, nominator: Nominator, one: PodInfo, where: NodeInfo) =>
    filterWithNominatedPods(runner, nominator, new CycleState(), one, where);
  const promised = (...pods: PodInfo[]) => {
    const nominator = new Nominator();
    for (const one of pods) nominator.add(one, 'n1');
    return nominator;
  };

  it.core('asks once when nobody was promised a place', () => {
    const runner = newRunner();
    expect(ask(runner, NOBODY, pod('p', 4, 0), node('n1', 4))).toBeUndefined();
    expect(ask(runner, NOBODY, pod('p', 5, 0), node('n1', 4))).toBe(refusal);
    expect(runner.asked).toEqual(['filter', 'filter']);
  });

  it.core('keeps the place of a pod with a higher priority', () => {
    const nominator = promised(pod('vip', 3, 10));
    expect(ask(newRunner(), nominator, pod('p', 2, 5), node('n1', 4))).toBe(refusal);
    expect(ask(newRunner(), nominator, pod('p', 1, 5), node('n1', 4))).toBeUndefined();
    expect(ask(newRunner(), nominator, pod('p', 2, 5), node('n2', 4))).toBeUndefined();
  });

  it('keeps the place of a pod with the same priority, of one with a lower not', () => {
    const nominator = promised(pod('other', 3, 5));
    expect(ask(newRunner(), nominator, pod('p', 2, 5), node('n1', 4))).toBe(refusal);
    expect(ask(newRunner(), nominator, pod('p', 2, 6), node('n1', 4))).toBeUndefined();
  });

  it("does not stand in the pod's own way", () => {
    const own = pod('p', 4, 5);
    const runner = newRunner();
    expect(ask(runner, promised(own), own, node('n1', 4))).toBeUndefined();
    expect(runner.asked).toEqual(['filter']);
  });

  it('asks with the promised pods, then without', () => {
    const runner = newRunner();
    const nominator = promised(pod('a', 1, 9), pod('low', 1, 1), pod('b', 1, 5));
    expect(ask(runner, nominator, pod('p', 1, 5), node('n1', 4, pod('old', 1, 0)))).toBeUndefined();
    expect(runner.asked).toEqual(['add a', 'add b', 'filter old a b', 'filter old']);
  });

  it('is content only when both hold', () => {
    // Wants company: it fits only where somebody is.
    const lonely = newRunner({
      runFilterPlugins: (_state, _pod, where) => (where.pods.length > 0 ? undefined : refusal),
    });
    const nominator = promised(pod('vip', 1, 10));
    expect(ask(lonely, nominator, pod('p', 1, 5), node('n1', 4))).toBe(refusal);
  });

  it('does not ask again after a no', () => {
    const runner = newRunner();
    ask(runner, promised(pod('vip', 4, 10)), pod('p', 1, 5), node('n1', 4));
    expect(runner.asked).toEqual(['add vip', 'filter vip']);
  });

  it('ends when a what-if fails', () => {
    const broken = new Status('Error', ['boom']);
    const runner = newRunner({ runPreFilterAddPod: () => broken });
    expect(ask(runner, promised(pod('vip', 1, 10)), pod('p', 1, 5), node('n1', 4))).toBe(broken);
    expect(runner.asked).toEqual([]);
  });

  it('changes neither node nor state', () => {
    const key = newStateKey<{ pods: string[]; clone(): { pods: string[]; clone(): never } }>('k');
    const newCount = (pods: string[]): { pods: string[]; clone(): never } => ({
      pods,
      clone: () => newCount([...pods]) as never,
    });
    const state = new CycleState();
    state.write(key, newCount([]));
    const seen: string[] = [];
    const runner = newRunner({
      runPreFilterAddPod: (own, _pod, added, where) => {
        own.read(key)?.pods.push(`${added.pod.metadata?.name} of ${where.pods.length}`);
        return undefined;
      },
      runFilterPlugins: (own) => {
        seen.push((own.read(key)?.pods ?? []).join());
        return undefined;
      },
    });
    const where = node('n1', 4);
    const nominator = promised(pod('a', 1, 9), pod('b', 1, 9));
    filterWithNominatedPods(runner, nominator, state, pod('p', 1, 5), where);
    expect(seen).toEqual(['a of 1,b of 2', '']);
    expect(where.pods).toHaveLength(0);
    expect(state.read(key)?.pods).toEqual([]);
  });
});

describe('selectVictimsOnNode', () => {
  it.core('takes the fewest and least important pods', () => {
    const full = node('n1', 4, pod('a', 2, 5), pod('b', 1, 3), pod('c', 1, 1));
    expect(victimsOf(dryRun(), pod('p', 3, 9), full)).toEqual({
      pods: ['a', 'c'],
      numPdbViolations: 0,
    });
    expect(victimsOf(dryRun(), pod('p', 1, 9), full)).toEqual({
      pods: ['c'],
      numPdbViolations: 0,
    });
  });

  it.core('never takes pods of the same or a higher priority', () => {
    const full = node('n1', 4, pod('same', 2, 9), pod('higher', 1, 10), pod('lower', 1, 8));
    expect(victimsOf(dryRun(), pod('p', 1, 9), full)).toMatchObject({ pods: ['lower'] });
    expect(victimsOf(dryRun(), pod('p', 2, 9), full)).toBe('Unschedulable: Insufficient cpu');
  });

  it('says when there is nobody to take', () => {
    const full = node('n1', 4, pod('same', 4, 9));
    expect(victimsOf(dryRun(), pod('p', 1, 9), full)).toBe(
      'UnschedulableAndUnresolvable: No preemption victims found for incoming pod',
    );
    const runner = newRunner();
    victimsOf(dryRun({ filters: runner }), pod('p', 1, 9), full);
    expect(runner.asked).toEqual([]);
  });

  it('counts a pod without priority as 0', () => {
    const plain = podInfoOf(podObject('plain', { requests: { cpu: '4' } }));
    expect(victimsOf(dryRun(), pod('p', 1, 1), node('n1', 4, plain))).toMatchObject({
      pods: ['plain'],
    });
    const low = node('n1', 4, pod('low', 4, -1));
    const preemptor = podInfoOf(podObject('p', { requests: { cpu: '1' } }));
    expect(victimsOf(dryRun(), preemptor, low)).toMatchObject({ pods: ['low'] });
  });

  it('among equals spares who runs for longer', () => {
    const full = node(
      'n1',
      3,
      pod('new', 1, 1, { startedAt: 30_000 }),
      pod('old', 1, 1, { startedAt: 10_000 }),
      pod('not-yet', 1, 1),
    );
    expect(victimsOf(dryRun(), pod('p', 1, 9), full)).toMatchObject({ pods: ['not-yet'] });
    expect(victimsOf(dryRun(), pod('p', 2, 9), full)).toMatchObject({ pods: ['new', 'not-yet'] });
  });

  it.core('spares who is protected by a budget before who is more important', () => {
    const full = node('n1', 3, pod('web', 1, 1, app('web')), pod('x', 1, 5), pod('y', 1, 4));
    const run = dryRun({ budgets: [budget('web', 0)] });
    expect(victimsOf(run, pod('p', 1, 9), full)).toEqual({ pods: ['y'], numPdbViolations: 0 });
    expect(victimsOf(run, pod('p', 2, 9), full)).toEqual({
      pods: ['x', 'y'],
      numPdbViolations: 0,
    });
  });

  it('counts violations, and puts all victims in order of importance', () => {
    const full = node('n1', 3, pod('web', 1, 1, app('web')), pod('x', 1, 5), pod('y', 1, 4));
    const run = dryRun({ budgets: [budget('web', 0)] });
    expect(victimsOf(run, pod('p', 3, 9), full)).toEqual({
      pods: ['x', 'y', 'web'],
      numPdbViolations: 1,
    });
  });

  it('lets a budget protect the least important of those under it', () => {
    // One may go, and the more important ones are counted first.
    const full = node('n1', 2, pod('w1', 1, 5, app('web')), pod('w2', 1, 1, app('web')));
    const run = dryRun({ budgets: [budget('web', 1)] });
    expect(victimsOf(run, pod('p', 1, 9), full)).toEqual({ pods: ['w1'], numPdbViolations: 0 });
  });

  it('keeps plugins informed of every move', () => {
    const runner = newRunner();
    const full = node('n1', 3, pod('a', 2, 5), pod('b', 1, 3), pod('stays', 0, 9));
    victimsOf(dryRun({ filters: runner }), pod('p', 2, 9), full);
    expect(runner.asked.slice(0, 2).sort()).toEqual(['remove a', 'remove b']);
    expect(runner.asked.slice(2)).toEqual([
      'filter stays',
      'add a',
      'filter stays a',
      'remove a',
      'add b',
      'filter stays b',
    ]);
  });

  it('heeds promises', () => {
    const nominations = new Nominator();
    nominations.add(pod('vip', 2, 10), 'n1');
    const full = node('n1', 4, pod('a', 2, 5), pod('b', 1, 3));
    expect(victimsOf(dryRun({ nominations }), pod('p', 1, 9), full)).toMatchObject({ pods: ['a'] });
    expect(victimsOf(dryRun({ nominations }), pod('p', 3, 9), full)).toBe(
      'Unschedulable: Insufficient cpu',
    );
  });

  it('may find that nobody has to go', () => {
    const free = node('n1', 4, pod('a', 1, 5));
    expect(victimsOf(dryRun(), pod('p', 1, 9), free)).toEqual({ pods: [], numPdbViolations: 0 });
  });

  for (const { what, point } of [
    { what: 'somebody leaves', point: 'runPreFilterRemovePod' },
    { what: 'somebody comes back', point: 'runPreFilterAddPod' },
  ]) {
    it(`fails when plugins fail while ${what}`, () => {
      const filters = newRunner({
        [point as 'runPreFilterAddPod']: () => new Status('Error', ['boom']),
      });
      const full = node('n1', 1, pod('a', 1, 5));
      expect(victimsOf(dryRun({ filters }), pod('p', 1, 9), full)).toBe('Error: boom');
    });
  }

  it('works on copies', () => {
    const full = node('n1', 4, pod('a', 2, 5), pod('b', 2, 3));
    const key = newStateKey<{ moves: number; clone(): { moves: number; clone(): never } }>('k');
    const newCount = (): { moves: number; clone(): never } => ({
      moves: 0,
      clone: () => newCount() as never,
    });
    const state = new CycleState();
    state.write(key, newCount());
    const count: FilterRunner['runPreFilterAddPod'] = (own) => {
      const counter = own.read(key);
      if (counter) counter.moves += 1;
      return undefined;
    };
    const filters = newRunner({ runPreFilterAddPod: count, runPreFilterRemovePod: count });
    selectVictimsOnNode(dryRun({ filters }), state, pod('p', 3, 9), full);
    expect(names(full.pods)).toEqual(['a', 'b']);
    expect(full.requested.milliCpu).toBe(4000);
    expect(state.read(key)?.moves).toBe(0);
  });

  const cluster = fc.record({
    pods: fc.array(
      fc.record({
        cpu: fc.integer({ min: 0, max: 3 }),
        priority: fc.integer({ min: -2, max: 4 }),
        startedAt: fc.integer({ min: 0, max: 3 }),
        app: fc.constantFrom('web', 'db', undefined),
      }),
      { maxLength: 8 },
    ),
    cpu: fc.integer({ min: 0, max: 10 }),
    priority: fc.integer({ min: -1, max: 4 }),
    wanted: fc.integer({ min: 1, max: 6 }),
    allowed: fc.integer({ min: 0, max: 2 }),
  });

  property('victims are less important, enough, and not one too many', cluster, (words) => {
    const pods = words.pods.map((one, i) =>
      pod(`p${i}`, one.cpu, one.priority, {
        startedAt: one.startedAt * 1000,
        ...(one.app && app(one.app)),
      }),
    );
    const preemptor = pod('p', words.wanted, words.priority);
    const run = dryRun({ budgets: [budget('web', words.allowed)] });
    const where = node('n1', words.cpu, ...pods);
    const found = selectVictimsOnNode(run, new CycleState(), preemptor, where);
    const staying = (gone: readonly (string | undefined)[]) =>
      pods
        .filter((one) => !gone.includes(one.pod.metadata?.name))
        .reduce((sum, one) => sum + one.requests.milliCpu, 0);
    const room = (words.cpu - words.wanted) * 1000;
    const lower = pods.filter((one) => podPriority(one.pod) < words.priority);
    if (found instanceof Status) {
      expect(lower.length === 0 || staying(names(lower)) > room).toBe(true);
      return;
    }
    const gone = names(found.pods);
    expect(gone.every((name) => names(lower).includes(name))).toBe(true);
    expect(staying(gone)).toBeLessThanOrEqual(room);
    for (const name of gone) {
      expect(staying(gone.filter((other) => other !== name))).toBeGreaterThan(room);
    }
    const priorities = found.pods.map(podPriority);
    expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
    expect(found.numPdbViolations).toBeLessThanOrEqual(found.pods.length);
  });
});

describe('dryRunPreemption', () => {
  const preemptor = pod('p', 2, 9);
  const easy = (name: string) => node(name, 2, pod(`of-${name}`, 2, 1));
  const guarded = (name: string) => node(name, 2, pod(`of-${name}`, 2, 1, app('web')));
  const run = dryRun({ budgets: [budget('web', 0)] });
  const tried = (nodes: NodeInfo[], offset: number, enough: number, with_ = run) => {
    const outcome = dryRunPreemption(with_, new CycleState(), preemptor, nodes, offset, enough);
    return outcome.candidates.map(({ nodeName }) => nodeName);
  };

  it.core('finds candidates with their victims', () => {
    const outcome = dryRunPreemption(run, new CycleState(), preemptor, [easy('a')], 0, 1);
    expect(outcome.candidates).toHaveLength(1);
    expect(outcome.candidates[0]?.nodeName).toBe('a');
    expect(names(outcome.candidates[0]?.victims.pods ?? [])).toEqual(['of-a']);
    expect(outcome.nodeStatuses.size).toBe(0);
  });

  it('begins at the offset and goes round', () => {
    const nodes = ['a', 'b', 'c', 'd'].map(easy);
    expect(tried(nodes, 2, 3)).toEqual(['c', 'd', 'a']);
    expect(tried(nodes, 3, 99)).toEqual(['d', 'a', 'b', 'c']);
  });

  it('puts those that violate no budget first', () => {
    const nodes = [guarded('a'), easy('b'), guarded('c'), easy('d')];
    expect(tried(nodes, 0, 99)).toEqual(['b', 'd', 'a', 'c']);
  });

  it('goes on until one violates no budget', () => {
    const nodes = [guarded('a'), guarded('b'), guarded('c'), easy('d'), easy('e')];
    expect(tried(nodes, 0, 1)).toEqual(['d', 'a', 'b', 'c']);
    expect(tried([easy('d'), guarded('a'), guarded('b')], 0, 2)).toEqual(['d', 'a']);
  });

  it('is content with violated budgets when there is nothing else', () => {
    expect(tried([guarded('a'), guarded('b')], 0, 1)).toEqual(['a', 'b']);
  });

  it('says why the others would not do', () => {
    const nodes = [node('full', 2, pod('x', 2, 9)), node('small', 1, pod('y', 1, 1)), easy('c')];
    const outcome = dryRunPreemption(run, new CycleState(), preemptor, nodes, 0, 3);
    const texts = [...outcome.nodeStatuses].map(([name, { code, message }]) => [
      name,
      `${code}: ${message}`,
    ]);
    expect(texts).toEqual([
      ['full', 'UnschedulableAndUnresolvable: No preemption victims found for incoming pod'],
      ['small', 'Unschedulable: Insufficient cpu'],
    ]);
    expect(outcome.candidates.map(({ nodeName }) => nodeName)).toEqual(['c']);
  });

  it('takes no node on which nobody would have to go', () => {
    const outcome = dryRunPreemption(
      run,
      new CycleState(),
      preemptor,
      [node('free', 4, pod('x', 1, 1))],
      0,
      1,
    );
    expect(outcome.candidates).toEqual([]);
    const status = outcome.nodeStatuses.get('free');
    expect(status?.code).toBe('Error');
    expect(status?.message).toBe('expected at least one victim pod on node "free"');
  });

  it('leaves nodes as they are', () => {
    const a = easy('a');
    tried([a, easy('b')], 0, 9);
    expect(names(a.pods)).toEqual(['of-a']);
  });
});

describe('pickOneCandidate', () => {
  const candidate = (nodeName: string, pods: PodInfo[], numPdbViolations = 0): Candidate => ({
    nodeName,
    victims: { pods: pods.map((one) => one.pod), numPdbViolations },
  });
  const victim = (priority: number, startedAt?: number): PodInfo =>
    pod(`v-${priority}-${startedAt}`, 1, priority, startedAt === undefined ? {} : { startedAt });
  const pick = (...candidates: Candidate[]) => pickOneCandidate(candidates)?.nodeName;

  it('is nobody among nobody', () => {
    expect(pick()).toBeUndefined();
  });

  it.core('has the fewest violated budgets', () => {
    expect(pick(candidate('a', [victim(1)], 1), candidate('b', [victim(8), victim(8)]))).toBe('b');
  });

  it.core('then the least important of the most important victims', () => {
    const many = [victim(4), victim(4), victim(4)];
    expect(pick(candidate('a', [victim(5)]), candidate('b', many))).toBe('b');
  });

  it('then the lowest sum of priorities', () => {
    expect(
      pick(candidate('a', [victim(5), victim(4)]), candidate('b', [victim(5), victim(3)])),
    ).toBe('b');
  });

  it('then the fewest victims, also when priorities are negative', () => {
    expect(pick(candidate('a', [victim(-5), victim(-5)]), candidate('b', [victim(-5)]))).toBe('b');
    // Equal sums once 2^31 is added to each.
    const one = [victim(0), victim(-(2 ** 31))];
    expect(pick(candidate('a', one), candidate('b', [victim(0)]))).toBe('b');
  });

  it('then the one whose most important victims began last', () => {
    const old = [victim(5, 1000), victim(1, 90_000)];
    const young = [victim(5, 2000), victim(1, 500)];
    expect(pick(candidate('a', old), candidate('b', young))).toBe('b');
    const mixed = [victim(5, 9000), victim(5, 1000)];
    const even = [victim(5, 3000), victim(5, 2000)];
    expect(pick(candidate('a', mixed), candidate('b', even))).toBe('b');
  });

  it('takes a pod that has not begun for the youngest', () => {
    expect(pick(candidate('a', [victim(5, 9000)]), candidate('b', [victim(5)]))).toBe('b');
  });

  it('then is the first', () => {
    expect(pick(candidate('a', [victim(5, 1000)]), candidate('b', [victim(5, 1000)]))).toBe('a');
    expect(pick(candidate('a', [victim(5)]), candidate('b', [victim(5)]))).toBe('a');
  });

  const anyCandidate = fc.record({
    violations: fc.integer({ min: 0, max: 1 }),
    victims: fc.array(
      fc.record({
        priority: fc.integer({ min: -1, max: 1 }),
        start: fc.integer({ max: 2, min: 0 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });

  property('is never worse than another', fc.array(anyCandidate, { minLength: 1 }), (words) => {
    const candidates = words.map(({ violations, victims }, i) => {
      const sorted = [...victims].sort((a, b) => b.priority - a.priority);
      const pods = sorted.map(({ priority, start }) => victim(priority, start * 1000));
      return candidate(`n${i}`, pods, violations);
    });
    const harmOf = ({ victims: { pods, numPdbViolations } }: Candidate): number[] => {
      const highest = Math.max(...pods.map(podPriority));
      const starts = pods
        .filter((one) => podPriority(one) === highest)
        .map((one) => Date.parse(one.status?.startTime ?? ''));
      const sum = pods.reduce((total, one) => total + podPriority(one) + 2 ** 31, 0);
      return [numPdbViolations, highest, sum, pods.length, -Math.min(...starts)];
    };
    const compare = (a: Candidate, b: Candidate): number => {
      const [x, y] = [harmOf(a), harmOf(b)];
      const at = x.findIndex((value, i) => value !== y[i]);
      return at < 0 ? 0 : (x[at] ?? 0) - (y[at] ?? 0);
    };
    const best = [...candidates].sort(compare)[0];
    expect(pick(...candidates)).toBe(best?.nodeName);
  });
});

describe('the plugin DefaultPreemption', () => {
  /** A plugin among nodes; what it writes is written down. */
  function world(preemptor: PodInfo, nodes: NodeInfo[], filters: FilterRunner = newRunner()) {
    const written: string[] = [];
    const told: string[] = [];
    const nominator = new Nominator();
    const clock = new FakeClock();
    const byType = (type: { resource: string }) => ({
      lister: {
        get: (key: string) =>
          key === `default/${preemptor.pod.metadata?.name}` ? preemptor.pod : undefined,
        list: () => (type.resource === 'pods' ? [preemptor.pod] : []),
      },
    });
    const client = {
      resource: (_type: object, namespace: string) => ({
        patch: async (name: string, kind: string, patch: object, options: object) => {
          written.push(
            `patch ${namespace}/${name} ${kind} ${JSON.stringify(options)} ${JSON.stringify(patch)}`,
          );
        },
        delete: async (name: string) => {
          written.push(`delete ${namespace}/${name}`);
        },
      }),
    };
    const rejected: string[] = [];
    const handle = {
      snapshot: new Snapshot(nodes),
      client,
      informers: { informer: byType },
      recorder: {
        event: (_type: object, about: Pod, ...words: string[]) =>
          told.push(`${about.metadata?.name}: ${words.join(' ')}`),
      },
      nominations: nominator,
      waitingPods: {
        get: (uid: string) =>
          uid.endsWith('waiting')
            ? { reject: (...words: string[]) => rejected.push(words.join(' ')) }
            : undefined,
        list: () => [],
      },
      filters,
      clock,
      random: seededRandom(1),
      log: silentLogger,
    } as unknown as Handle;
    const plugin = newDefaultPreemption(undefined, handle);
    const ask = async (statuses: Record<string, Status>) => {
      const answer = await plugin.postFilter(
        new CycleState(),
        preemptor,
        new Map(Object.entries(statuses)),
      );
      return {
        nominatedNodeName: answer.nominatedNodeName,
        status: answer.status && `${answer.status.code}: ${answer.status.message}`,
      };
    };
    return { ask, written, told, rejected, nominator };
  }

  it('promises the node and deletes the victims, with the reason first', async () => {
    const preemptor = pod('p', 2, 9);
    const { ask, written, told } = world(preemptor, [
      node('n1', 2, pod('victim', 2, 1, { nodeName: 'n1' })),
    ]);
    expect(await ask({ n1: refusal })).toEqual({ nominatedNodeName: 'n1', status: undefined });
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
      lastTransitionTime: '2025-01-01T00:00:00Z',
    };
    expect(written).toEqual([
      `patch default/victim strategic-merge-patch {"subresource":"status"} ${JSON.stringify({ status: { conditions: [condition] } })}`,
      'delete default/victim',
    ]);
    expect(told).toEqual(['victim: Normal Preempted Preempted by pod uid-default-p on node n1']);
  });

  it('says why it does not help, and takes a promise back', async () => {
    const nodes = [node('a', 2, pod('x', 2, 9)), node('b', 1, pod('y', 1, 1)), node('c', 9)];
    const { ask, written } = world(pod('p', 2, 9), nodes);
    const statuses = { a: refusal, b: refusal, c: new Status('UnschedulableAndUnresolvable') };
    expect(await ask(statuses)).toEqual({
      nominatedNodeName: '',
      status:
        'Unschedulable: preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.',
    });
    expect(written).toEqual([]);
  });

  it('does not even try where it cannot help', async () => {
    const runner = newRunner();
    const { ask } = world(pod('p', 2, 9), [node('a', 1), node('b', 1)], runner);
    expect(await ask({ a: new Status('UnschedulableAndUnresolvable') })).toEqual({
      nominatedNodeName: '',
      status:
        'Unschedulable: preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    });
    expect(runner.asked).toEqual([]);
  });

  it('leaves promises alone for a pod that may not preempt', async () => {
    const polite = pod('p', 2, 9, { spec: { preemptionPolicy: 'Never' } });
    const { ask } = world(polite, [node('a', 2, pod('x', 2, 1))]);
    expect(await ask({ a: refusal })).toEqual({
      nominatedNodeName: undefined,
      status: 'Unschedulable: preemption: not eligible due to preemptionPolicy=Never.',
    });
  });

  it('takes the promises of less important pods back', async () => {
    const { ask, written, nominator } = world(pod('p', 2, 9), [node('n1', 2, pod('victim', 2, 1))]);
    nominator.add(pod('lower', 1, 5, { nominatedNodeName: 'n1' }));
    nominator.add(pod('elsewhere', 1, 5, { nominatedNodeName: 'n2' }));
    await ask({ n1: refusal });
    expect(written.slice(2)).toEqual([
      'patch default/lower strategic-merge-patch {"subresource":"status"} {"status":{"nominatedNodeName":null}}',
    ]);
  });

  it('turns a victim away that still waits for its permit', async () => {
    const { ask, written, rejected } = world(pod('p', 2, 9), [node('n1', 2, pod('waiting', 2, 1))]);
    expect(await ask({ n1: refusal })).toMatchObject({ nominatedNodeName: 'n1' });
    expect(rejected).toEqual(['DefaultPreemption preempted']);
    expect(written).toEqual([]);
  });

  it('does not delete again who is going', async () => {
    const { ask, written } = world(pod('p', 2, 9), [
      node('n1', 2, pod('going', 2, 1, { deletedAt: 1000 })),
    ]);
    expect(await ask({ n1: refusal })).toMatchObject({ nominatedNodeName: 'n1' });
    expect(written).toEqual([]);
  });
});
