import { type Pod, seededRandom } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, podObject, property } from '#kit';
import {
  type AssumingCache,
  CycleState,
  type Diagnosis,
  Framework,
  findNodesThatFit,
  insufficientResources,
  leastAllocatedScore,
  NO_PLUGINS,
  NodeInfo,
  type NodePluginScores,
  nodeResourcesFilter,
  type PluginSet,
  type PodInfo,
  type PostFilterResult,
  podInfoOf,
  type QueuedPodInfo,
  type SchedulingOptions,
  type ScorePlugin,
  Snapshot,
  Status,
  schedulePod,
  schedulingCycle,
  selectHost,
} from '#scheduler';

type NodeWords = Parameters<typeof nodeObject>[1];
type Words = Parameters<typeof podObject>[1];
/** A `FitError`, as far as tests look at it. */
type Fit = Error & { pod: Pod; numAllNodes: number; diagnosis: Diagnosis };

const nodesOf = (count: number, words?: NodeWords) =>
  Array.from({ length: count }, (_, i) => new NodeInfo(nodeObject(`node-${i}`, words)));
const web = (words?: Words) => podInfoOf(podObject('web', words));
const frameworkOf = (plugins: Partial<PluginSet> = {}) =>
  new Framework('default-scheduler', { ...NO_PLUGINS, ...plugins });
const optionsOf = (
  nodes: readonly NodeInfo[],
  more: Partial<SchedulingOptions> = {},
): SchedulingOptions => ({
  snapshot: new Snapshot(nodes),
  nodesToFind: (total) => total,
  filter: (framework, state, pod, node) => framework.runFilterPlugins(state, pod, node),
  random: seededRandom(1),
  startAt: 0,
  ...more,
});

const no = (reason = 'no') => new Status('Unschedulable', [reason]);
const never = (reason = 'never') => new Status('UnschedulableAndUnresolvable', [reason]);
const namesOf = (nodes: readonly NodeInfo[]) => nodes.map(({ name }) => name);

/** Lets only these nodes through, and writes down whom it was asked about. */
function onlyOn(...names: string[]) {
  const asked: string[] = [];
  const filter = {
    name: 'Only',
    filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
      asked.push(name);
      return names.includes(name) ? undefined : no('not this one');
    },
  };
  return { asked, filter: [filter] };
}

const preFilterWith = (
  name: string,
  answer: { nodeNames?: ReadonlySet<string>; status?: Status },
) => ({
  name,
  preFilter: () => answer,
});
const naming = (name: string, ...nodeNames: string[]) =>
  preFilterWith(name, { nodeNames: new Set(nodeNames) });

/** A postFilter plugin that only writes down that it was asked. */
const roomPlugin = (asked: string[]) => ({
  name: 'Room',
  postFilter: async () => {
    asked.push('Room');
    return {};
  },
});

/** The real thing, made of what comes before this exercise. */
const fitPlugin = {
  name: 'NodeResourcesFit',
  filter: (_state: CycleState, pod: PodInfo, node: NodeInfo) => nodeResourcesFilter(pod, node),
};
const leastAllocated: ScorePlugin = {
  name: 'LeastAllocated',
  score: (_state, pod, node) =>
    leastAllocatedScore([
      {
        requested: node.requested.milliCpu + pod.requests.milliCpu,
        allocatable: node.allocatable.milliCpu,
        weight: 1,
      },
    ]),
};
const scoringBy = (scores: Record<string, number>): ScorePlugin => ({
  name: 'By',
  score: (_state, _pod, { name }) => scores[name] ?? 0,
});
const weighted = (...plugins: ScorePlugin[]) => plugins.map((plugin) => ({ plugin, weight: 1 }));

/** What `work` throws. */
function thrownBy(work: () => unknown): Fit {
  try {
    work();
  } catch (error) {
    return error as Fit;
  }
  throw new Error('should have thrown');
}

describe('findNodesThatFit', () => {
  function find(plugins: Partial<PluginSet>, options: SchedulingOptions, pod = web()) {
    return findNodesThatFit(frameworkOf(plugins), new CycleState(), pod, options);
  }

  it.core('gives the nodes that pass all filters', () => {
    const { filter } = onlyOn('node-0', 'node-2');
    const found = find({ filter }, optionsOf(nodesOf(4)));
    expect(namesOf(found.nodes)).toEqual(['node-0', 'node-2']);
    expect(found.evaluated).toBe(4);
    expect(found.error).toBeUndefined();
  });

  it.core('tells why when there is none', () => {
    const { filter } = onlyOn();
    const { nodes, error, evaluated } = find({ filter }, optionsOf(nodesOf(3)));
    expect(nodes).toEqual([]);
    expect(evaluated).toBe(3);
    expect(error?.message).toBe('0/3 nodes are available: 3 not this one.');
    expect([...(error?.diagnosis.nodeStatuses.keys() ?? [])].sort()).toEqual([
      'node-0',
      'node-1',
      'node-2',
    ]);
    expect([...(error?.diagnosis.unschedulablePlugins ?? [])]).toEqual(['Only']);
  });

  it('asks the filter it was given', () => {
    const options = optionsOf(nodesOf(3), {
      filter: (_framework, _state, _pod, { name }) => (name === 'node-1' ? undefined : no()),
    });
    expect(namesOf(find({}, options).nodes)).toEqual(['node-1']);
  });

  it('asks preFilter once, with all nodes, before any filter', () => {
    const calls: string[] = [];
    const plugin = {
      name: 'Both',
      preFilter: (_state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[]) => {
        calls.push(`preFilter ${nodes.length}`);
        return undefined;
      },
      filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
        calls.push(name);
        return undefined;
      },
    };
    find({ preFilter: [plugin], filter: [plugin] }, optionsOf(nodesOf(2)));
    expect(calls).toEqual(['preFilter 2', 'node-0', 'node-1']);
  });

  it('asks no node when preFilter refuses the pod', () => {
    const { asked, filter } = onlyOn('node-0');
    const options = optionsOf(nodesOf(2), { startAt: 1 });
    const preFilter = [preFilterWith('Pre', { status: never('no such claim') })];
    const { nodes, error, evaluated } = find({ preFilter, filter }, options);
    expect([nodes, evaluated, asked]).toEqual([[], 0, []]);
    expect(error?.message).toBe('0/2 nodes are available: no such claim.');
    expect(error?.diagnosis.preFilterMessage).toBe('no such claim');
    const statuses = [...(error?.diagnosis.nodeStatuses ?? [])];
    expect(statuses.map(([name, { code, plugin }]) => [name, code, plugin])).toEqual([
      ['node-0', 'UnschedulableAndUnresolvable', 'Pre'],
      ['node-1', 'UnschedulableAndUnresolvable', 'Pre'],
    ]);
    expect([...(error?.diagnosis.unschedulablePlugins ?? [])]).toEqual(['Pre']);
    expect(options.startAt).toBe(1);
  });

  it('counts those who named nodes among who refused, when preFilter leaves none', () => {
    const { asked, filter } = onlyOn('node-0', 'node-1');
    const preFilter = [naming('Z', 'node-1'), naming('A', 'node-0')];
    const { error, evaluated } = find({ preFilter, filter }, optionsOf(nodesOf(2)));
    expect([asked, evaluated]).toEqual([[], 0]);
    expect(error?.message).toBe(
      "0/2 nodes are available: node(s) didn't satisfy plugin(s) [A Z] simultaneously.",
    );
    expect([...(error?.diagnosis.unschedulablePlugins ?? [])].sort()).toEqual(['A', 'Z']);
    expect([...(error?.diagnosis.nodeStatuses.keys() ?? [])].sort()).toEqual(['node-0', 'node-1']);
  });

  it('does not take those who named nodes for those who said Pending', () => {
    const pending = preFilterWith('Later', { status: new Status('Pending', ['later']) });
    const { error } = find({ preFilter: [naming('A', 'node-0'), pending] }, optionsOf(nodesOf(2)));
    expect([...(error?.diagnosis.pendingPlugins ?? [])]).toEqual(['Later']);
    expect([...(error?.diagnosis.unschedulablePlugins ?? [])]).toEqual(['A']);
  });

  it('begins at the same node again after a filter has failed', () => {
    const filter = {
      name: 'Bad',
      filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
        if (name === 'node-0') throw new Error('out of paper');
        return no();
      },
    };
    const options = optionsOf(nodesOf(4), { startAt: 2 });
    thrownBy(() => find({ filter: [filter] }, options));
    expect(options.startAt).toBe(2);
  });

  it('throws what preFilter or a filter failed with', () => {
    const failure = new Error('out of paper');
    const failing = {
      name: 'Bad',
      preFilter: () => {
        throw failure;
      },
    };
    expect(thrownBy(() => find({ preFilter: [failing] }, optionsOf(nodesOf(2)))) === failure).toBe(
      true,
    );
    const filter = {
      name: 'Bad',
      filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
        if (name === 'node-1') throw failure;
        return undefined;
      },
    };
    expect(thrownBy(() => find({ filter: [filter] }, optionsOf(nodesOf(3)))) === failure).toBe(
      true,
    );
  });

  describe('nodes that preFilter names', () => {
    it('asks only those, in the order of the snapshot', () => {
      const { asked, filter } = onlyOn('node-0', 'node-1', 'node-3');
      const preFilter = [naming('Pre', 'node-3', 'nobody', 'node-1')];
      const found = find({ preFilter, filter }, optionsOf(nodesOf(4)));
      expect(asked).toEqual(['node-1', 'node-3']);
      expect(namesOf(found.nodes)).toEqual(['node-1', 'node-3']);
      expect(found.evaluated).toBe(2);
    });

    it('tells of all others that they were not named', () => {
      const { filter } = onlyOn();
      const preFilter = [naming('Z', 'node-1', 'node-2'), naming('A', 'node-1')];
      const { error, evaluated } = find({ preFilter, filter }, optionsOf(nodesOf(4)));
      expect(evaluated).toBe(1);
      expect(error?.message).toBe(
        "0/4 nodes are available: 1 not this one, 3 node(s) didn't satisfy plugin(s) [A Z].",
      );
      expect([...(error?.diagnosis.unschedulablePlugins ?? [])].sort()).toEqual(['A', 'Only', 'Z']);
      expect(error?.diagnosis.absentNodesStatus.code).toBe('UnschedulableAndUnresolvable');
      expect([...(error?.diagnosis.nodeStatuses.keys() ?? [])]).toEqual(['node-1']);
    });

    it('finds none when they name only strangers', () => {
      const options = optionsOf(nodesOf(2), { startAt: 1 });
      const { nodes, error, evaluated } = find({ preFilter: [naming('Pre', 'nobody')] }, options);
      expect([nodes, evaluated, options.startAt]).toEqual([[], 0, 1]);
      expect(error?.message).toBe(
        "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [Pre].",
      );
    });

    it('begins among them where the last attempt ended, and does not go back to the beginning', () => {
      const { asked, filter } = onlyOn('node-1', 'node-3', 'node-5');
      const options = optionsOf(nodesOf(6), { startAt: 4, nodesToFind: () => 1 });
      const preFilter = [naming('Pre', 'node-1', 'node-3', 'node-5')];
      find({ preFilter, filter }, options);
      expect(asked).toEqual(['node-3']);
      expect(options.startAt).toBe(5);
    });

    it('asks how many are enough of those that are named', () => {
      const totals: number[] = [];
      const nodesToFind = (total: number) => {
        totals.push(total);
        return total;
      };
      find(
        { preFilter: [naming('Pre', 'node-1', 'node-2')] },
        optionsOf(nodesOf(9), { nodesToFind }),
      );
      expect(totals).toEqual([2]);
    });
  });

  describe('taking turns', () => {
    it('begins where it is told, and comes round', () => {
      const { asked, filter } = onlyOn('node-1');
      const options = optionsOf(nodesOf(4), { startAt: 2 });
      find({ filter }, options);
      expect(asked).toEqual(['node-2', 'node-3', 'node-0', 'node-1']);
      expect(options.startAt).toBe(2);
    });

    it.core('ends when enough are found, and begins there the next time', () => {
      const { asked, filter } = onlyOn('node-0', 'node-2', 'node-3');
      const options = optionsOf(nodesOf(5), { nodesToFind: () => 2 });
      const first = find({ filter }, options);
      expect(namesOf(first.nodes)).toEqual(['node-0', 'node-2']);
      expect([first.evaluated, options.startAt]).toEqual([3, 3]);
      const second = find({ filter }, options);
      expect(namesOf(second.nodes)).toEqual(['node-3', 'node-0']);
      expect([second.evaluated, options.startAt]).toEqual([3, 1]);
      expect(asked).toEqual(['node-0', 'node-1', 'node-2', 'node-3', 'node-4', 'node-0']);
    });

    it('takes a start beyond the last node, as when nodes have gone', () => {
      const { asked, filter } = onlyOn('node-0');
      const options = optionsOf(nodesOf(3), { startAt: 7, nodesToFind: () => 1 });
      find({ filter }, options);
      expect(asked).toEqual(['node-1', 'node-2', 'node-0']);
      expect(options.startAt).toBe(1);
    });

    property(
      'asks every node before any node twice, over many pods',
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      (count, enough, passes) => {
        const asked: string[] = [];
        const options = optionsOf(nodesOf(count), {
          nodesToFind: () => enough,
          filter: (_framework, _state, _pod, { name }) => {
            asked.push(name);
            return passes[Number(name.slice(5))] ? undefined : no();
          },
        });
        for (let i = 0; i < 5; i += 1) find({}, options);
        expect(asked).toEqual(asked.map((_, i) => `node-${i % count}`));
      },
    );
  });

  describe('a pod that was promised a node', () => {
    const promised = web({ nominatedNodeName: 'node-2' });

    it('goes there, when it can, and nobody else is asked', () => {
      const { asked, filter } = onlyOn('node-0', 'node-2');
      const options = optionsOf(nodesOf(3), { startAt: 1 });
      const { nodes, evaluated } = find({ filter }, options, promised);
      expect(namesOf(nodes)).toEqual(['node-2']);
      expect([asked, evaluated, options.startAt]).toEqual([['node-2'], 1, 1]);
    });

    it('is looked after like any other when it cannot', () => {
      const { filter } = onlyOn('node-0', 'node-1');
      const options = optionsOf(nodesOf(4));
      const { nodes, evaluated } = find({ filter }, options, promised);
      expect(namesOf(nodes)).toEqual(['node-0', 'node-1']);
      expect([evaluated, options.startAt]).toEqual([4, 0]);
    });

    it('is looked after like any other when its filter fails', () => {
      const asked: string[] = [];
      const filter = {
        name: 'Bad',
        filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
          asked.push(name);
          if (name === 'node-2') throw new Error('out of paper');
          return undefined;
        },
      };
      const options = optionsOf(nodesOf(4), { nodesToFind: () => 2 });
      const { nodes, evaluated } = find({ filter: [filter] }, options, promised);
      expect(namesOf(nodes)).toEqual(['node-0', 'node-1']);
      expect([evaluated, options.startAt]).toEqual([2, 2]);
      expect(asked).toEqual(['node-2', 'node-0', 'node-1']);
    });

    it('fails when its filter fails again at its turn', () => {
      const failure = new Error('out of paper');
      const filter = {
        name: 'Bad',
        filter: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
          if (name === 'node-2') throw failure;
          return undefined;
        },
      };
      const options = optionsOf(nodesOf(4));
      expect(thrownBy(() => find({ filter: [filter] }, options, promised)) === failure).toBe(true);
    });

    it('is looked after like any other when the node is gone', () => {
      const { filter } = onlyOn('node-0');
      const gone = web({ nominatedNodeName: 'node-9' });
      expect(namesOf(find({ filter }, optionsOf(nodesOf(2)), gone).nodes)).toEqual(['node-0']);
    });

    it('does not go there when preFilter names others', () => {
      const preFilter = [naming('Pre', 'node-1')];
      expect(namesOf(find({ preFilter }, optionsOf(nodesOf(3)), promised).nodes)).toEqual([
        'node-1',
      ]);
    });
  });
});

describe('selectHost', () => {
  const scores = (...totals: number[]): NodePluginScores[] =>
    totals.map((total, i) => ({ name: `node-${i}`, scores: [], total }));

  it.core('takes the highest total', () => {
    expect(selectHost(scores(1, 7, 3), seededRandom(1))).toBe('node-1');
    expect(selectHost(scores(9, 7, 3), seededRandom(1))).toBe('node-0');
    expect(selectHost(scores(0), seededRandom(1))).toBe('node-0');
  });

  it('takes each of the equals sometimes, about as often', () => {
    const random = seededRandom(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i += 1) {
      const name = selectHost(scores(5, 9, 9, 1, 9), random);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['node-1', 'node-2', 'node-4']);
    for (const count of counts.values()) expect(count > 850 && count < 1150).toBe(true);
  });

  it('takes each of equals at 0', () => {
    const random = seededRandom(3);
    const seen = new Set(Array.from({ length: 100 }, () => selectHost(scores(0, 0, 0), random)));
    expect(seen.size).toBe(3);
  });

  property(
    'never takes less than the best, and decides the same with the same seed',
    fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
    fc.nat(),
    (totals, seed) => {
      const chosen = selectHost(scores(...totals), seededRandom(seed));
      expect(totals[Number(chosen.slice(5))]).toBe(Math.max(...totals));
      expect(selectHost(scores(...totals), seededRandom(seed))).toBe(chosen);
    },
  );
});

describe('schedulePod', () => {
  const schedule = (plugins: Partial<PluginSet>, options: SchedulingOptions, pod = web()) =>
    schedulePod(frameworkOf(plugins), new CycleState(), pod, options);

  it.core('takes the best of the nodes that can do', () => {
    const { filter } = onlyOn('node-0', 'node-1', 'node-2');
    const score = weighted(scoringBy({ 'node-0': 10, 'node-1': 70, 'node-2': 50, 'node-3': 100 }));
    expect(schedule({ filter, score }, optionsOf(nodesOf(4)))).toEqual({
      nodeName: 'node-1',
      evaluatedNodes: 4,
      feasibleNodes: 3,
    });
  });

  it('throws when there are no nodes, and asks nobody', () => {
    const asked: string[] = [];
    const preFilter = [{ name: 'Pre', preFilter: () => void asked.push('Pre') }];
    const error = thrownBy(() => schedule({ preFilter }, optionsOf([])));
    expect(error.name).toBe('NoNodesAvailableError');
    expect(error.message).toBe('no nodes available to schedule pods');
    expect(asked).toEqual([]);
  });

  it('throws a FitError when no node can do', () => {
    const { filter } = onlyOn();
    const pod = web();
    const error = thrownBy(() => schedule({ filter }, optionsOf(nodesOf(2)), pod));
    expect(error.name).toBe('FitError');
    expect(error.message).toBe('0/2 nodes are available: 2 not this one.');
    expect(error.pod).toEqual(pod.pod);
    expect(error.numAllNodes).toBe(2);
  });

  it('does not score when there is no choice', () => {
    const { filter } = onlyOn('node-1');
    const asked: string[] = [];
    const plugin = {
      name: 'S',
      preScore: () => void asked.push('preScore'),
      score: () => asked.push('score'),
    };
    const result = schedule(
      { filter, preScore: [plugin], score: weighted(plugin) },
      optionsOf(nodesOf(3)),
    );
    expect(result).toEqual({ nodeName: 'node-1', evaluatedNodes: 3, feasibleNodes: 1 });
    expect(asked).toEqual([]);
  });

  it('gives preScore and score only the nodes that can do', () => {
    const { filter } = onlyOn('node-0', 'node-2');
    const seen: string[] = [];
    const plugin = {
      name: 'S',
      preScore: (_state: CycleState, _pod: PodInfo, nodes: readonly NodeInfo[]) => {
        seen.push(`before: ${namesOf(nodes).join(' ')}`);
        return undefined;
      },
      score: (_state: CycleState, _pod: PodInfo, { name }: NodeInfo) => {
        seen.push(name);
        return 0;
      },
    };
    schedule({ filter, preScore: [plugin], score: weighted(plugin) }, optionsOf(nodesOf(3)));
    expect(seen).toEqual(['before: node-0 node-2', 'node-0', 'node-2']);
  });

  it('throws what preScore and score failed with', () => {
    const failure = new Error('out of paper');
    const failing = () => {
      throw failure;
    };
    const preScore = [{ name: 'S', preScore: failing }];
    expect(thrownBy(() => schedule({ preScore }, optionsOf(nodesOf(2)))) === failure).toBe(true);
    const score = weighted({ name: 'S', score: failing });
    expect(thrownBy(() => schedule({ score }, optionsOf(nodesOf(2)))) === failure).toBe(true);
  });

  it('takes each of equal nodes sometimes, and the same with the same seed', () => {
    const chosen = (seed: number) =>
      schedule({}, optionsOf(nodesOf(3), { random: seededRandom(seed) })).nodeName;
    const seeds = Array.from({ length: 60 }, (_, seed) => seed);
    expect([...new Set(seeds.map(chosen))].sort()).toEqual(['node-0', 'node-1', 'node-2']);
    for (const seed of seeds) expect(chosen(seed)).toBe(chosen(seed));
  });

  const cpu = fc.integer({ min: 1, max: 6 });
  property(
    'finds a best node of a small cluster, as one who tries all',
    fc.array(fc.tuple(cpu, fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })), {
      minLength: 1,
      maxLength: 6,
    }),
    cpu,
    fc.nat(),
    fc.nat(10),
    (cluster, asked, seed, startAt) => {
      const nodes = cluster.map(([size, pods], i) => {
        const there = pods.map((one, n) =>
          podInfoOf(podObject(`p${i}-${n}`, { requests: { cpu: String(one) } })),
        );
        return new NodeInfo(nodeObject(`node-${i}`, { cpu: String(size) }), there);
      });
      const pod = web({ requests: { cpu: String(asked) } });
      const worth = cluster.map(([size, pods]) => {
        const used = pods.reduce((sum, one) => sum + one, asked);
        return used > size ? -1 : Math.floor(((size - used) * 100) / size);
      });
      const plugins = { filter: [fitPlugin], score: weighted(leastAllocated) };
      const options = () => optionsOf(nodes, { random: seededRandom(seed), startAt });
      const best = Math.max(...worth);
      if (best < 0) {
        expect(thrownBy(() => schedule(plugins, options(), pod)).name).toBe('FitError');
        return;
      }
      const { nodeName, feasibleNodes } = schedule(plugins, options(), pod);
      expect(worth[Number(nodeName.slice(5))]).toBe(best);
      expect(feasibleNodes).toBe(worth.filter((one) => one >= 0).length);
      expect(schedule(plugins, options(), pod).nodeName).toBe(nodeName);
    },
    { runs: 200 },
  );
});

/** A cache as simple as can be: pods are on their nodes as soon as they are assumed. */
class BookOfNodes implements AssumingCache {
  readonly calls: string[];
  readonly #nodes: ReadonlyMap<string, NodeInfo>;
  constructor(nodes: readonly NodeInfo[], calls: string[] = []) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
    this.calls = calls;
  }
  assumePod(pod: PodInfo): void {
    this.calls.push(`assume on ${pod.pod.spec?.nodeName}`);
    this.#nodes.get(pod.pod.spec?.nodeName ?? '')?.addPod(pod);
  }
  forgetPod(pod: PodInfo): void {
    this.calls.push(`forget on ${pod.pod.spec?.nodeName}`);
    this.#nodes.get(pod.pod.spec?.nodeName ?? '')?.removePod(pod.pod);
  }
}

function queuedPod(podInfo: PodInfo): QueuedPodInfo {
  return {
    podInfo,
    timestamp: 0,
    attempts: 1,
    initialAttemptTimestamp: 0,
    unschedulablePlugins: new Set(),
    pendingPlugins: new Set(),
    gated: false,
  };
}

describe('schedulingCycle', () => {
  /** One cycle with plugins that write down what they are asked. */
  async function cycle(
    plugins: Partial<PluginSet> = {},
    more: { pod?: PodInfo; nodes?: NodeInfo[]; cache?: (calls: string[]) => AssumingCache } = {},
  ) {
    const calls: string[] = [];
    const { nodes = nodesOf(1), pod = web() } = more;
    const cache = more.cache?.(calls) ?? new BookOfNodes(nodes, calls);
    const queued = queuedPod(pod);
    const outcome = await schedulingCycle(frameworkOf(plugins), queued, cache, optionsOf(nodes));
    const error = outcome.outcome === 'unplaced' ? (outcome.error as Fit) : undefined;
    return { calls, outcome, error, queued, nodes };
  }
  /** A plugin at reserve and permit. */
  function holder(calls: string[], reserve?: Status | Error, permit?: Status | Error) {
    const give = (answer: Status | Error | undefined) => {
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return {
      name: 'Holder',
      reserve: (_state: CycleState, pod: PodInfo, nodeName: string) => {
        calls.push(`reserve ${pod.pod.spec?.nodeName} ${nodeName}`);
        return give(reserve);
      },
      unreserve: (_state: CycleState, pod: PodInfo, nodeName: string) => {
        calls.push(`unreserve ${pod.pod.spec?.nodeName} ${nodeName}`);
      },
      permit: (_state: CycleState, pod: PodInfo, nodeName: string) => {
        calls.push(`permit ${pod.pod.spec?.nodeName} ${nodeName}`);
        const status = give(permit);
        return status && { status, timeoutMs: 1000 };
      },
    };
  }
  /** A cycle whose plugin answers so at reserve and permit, all calls in one list. */
  async function held(reserve?: Status | Error, permit?: Status | Error) {
    const nodes = nodesOf(1);
    const calls: string[] = [];
    const plugin = holder(calls, reserve, permit);
    const found = await cycle(
      { reserve: [plugin], permit: [plugin] },
      { nodes, cache: () => new BookOfNodes(nodes, calls) },
    );
    return { ...found, calls };
  }

  it.core('places a pod, and holds the place', async () => {
    const { outcome, calls, queued, nodes } = await cycle();
    if (outcome.outcome !== 'scheduled') throw new Error('should be scheduled');
    expect(outcome.nodeName).toBe('node-0');
    expect(calls).toEqual(['assume on node-0']);
    expect(outcome.pod.pod.spec?.nodeName).toBe('node-0');
    expect(outcome.queued === queued).toBe(true);
    expect(outcome.result).toEqual({ nodeName: 'node-0', evaluatedNodes: 1, feasibleNodes: 1 });
    expect([...outcome.waits]).toEqual([]);
    expect(nodes[0]?.pods.length).toBe(1);
  });

  it('leaves the pod as it is, and changes nothing of the copy but the node', async () => {
    const pod = web({ labels: { app: 'web' }, requests: { cpu: '1' } });
    const { outcome } = await cycle({}, { pod });
    if (outcome.outcome !== 'scheduled') throw new Error('should be scheduled');
    expect(pod.pod.spec?.nodeName).toBeUndefined();
    const { spec } = pod.pod;
    expect(outcome.pod.pod).toEqual({ ...pod.pod, spec: { ...spec, nodeName: 'node-0' } });
    expect(outcome.pod.requests.milliCpu).toBe(1000);
  });

  it.core('assumes, then reserves, then asks for permission', async () => {
    const { calls, outcome } = await held();
    expect(outcome.outcome).toBe('scheduled');
    expect(calls).toEqual(['assume on node-0', 'reserve node-0 node-0', 'permit node-0 node-0']);
  });

  it('uses one new state for all plugins, and hands it on', async () => {
    const states: CycleState[] = [];
    const plugin = {
      name: 'S',
      preFilter: (state: CycleState) => void states.push(state),
      reserve: (state: CycleState) => void states.push(state),
      unreserve: () => undefined,
    };
    const nodes = nodesOf(1);
    const plugins = { preFilter: [plugin], reserve: [plugin] };
    const first = await cycle(plugins, { nodes });
    const second = await cycle(plugins, { nodes });
    const [a, b, c] = states;
    if (first.outcome.outcome !== 'scheduled') throw new Error('should be scheduled');
    expect([a === b, a === first.outcome.state, a === c]).toEqual([true, true, false]);
    expect(second.outcome.outcome).toBe('scheduled');
  });

  it('holds the place while permission is waited for', async () => {
    const { outcome, calls } = await held(undefined, new Status('Wait'));
    if (outcome.outcome !== 'scheduled') throw new Error('should be scheduled');
    expect([...outcome.waits]).toEqual([['Holder', 1000]]);
    expect(calls).toEqual(['assume on node-0', 'reserve node-0 node-0', 'permit node-0 node-0']);
  });

  const ways: [name: string, reserve: Status | Error | undefined, permit?: Status | Error][] = [
    ['reserve', no('taken')],
    ['permit', undefined, no('taken')],
  ];
  for (const [name, reserve, permit] of ways) {
    it(`gives everything back when ${name} says no`, async () => {
      const { outcome, calls, error, queued, nodes } = await held(reserve, permit);
      expect(calls.slice(-2)).toEqual(['unreserve node-0 node-0', 'forget on node-0']);
      expect(calls.includes('permit node-0 node-0')).toBe(name === 'permit');
      expect(nodes[0]?.pods.length).toBe(0);
      expect(outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: '' });
      expect(outcome.queued === queued).toBe(true);
      expect(error?.name).toBe('FitError');
      expect(error?.message).toBe('0/1 nodes are available: 1 taken.');
      expect(error?.pod).toEqual(queued.podInfo.pod);
      expect(error?.pod.spec?.nodeName).toBeUndefined();
      expect([...(error?.diagnosis.nodeStatuses.keys() ?? [])]).toEqual(['node-0']);
      expect([...(error?.diagnosis.unschedulablePlugins ?? [])]).toEqual(['Holder']);
    });
  }

  it('counts one node in a refusal, however many there are', async () => {
    const plugin = holder([], no('taken'));
    const { error } = await cycle({ reserve: [plugin] }, { nodes: nodesOf(4) });
    expect(error?.numAllNodes).toBe(1);
  });

  it('notes a plugin that says Pending as such', async () => {
    const { error } = await held(new Status('Pending', ['not yet']));
    expect([...(error?.diagnosis.pendingPlugins ?? [])]).toEqual(['Holder']);
  });

  it('gives everything back when reserve or permit fails, too', async () => {
    const failure = new Error('out of paper');
    for (const found of [await held(failure), await held(undefined, failure)]) {
      expect(found.calls.slice(-2)).toEqual(['unreserve node-0 node-0', 'forget on node-0']);
      expect(found.error === (failure as unknown)).toBe(true);
      expect(found.outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: '' });
    }
  });

  it('undoes nothing when the pod cannot even be assumed', async () => {
    const failure = new Error('pod is already assumed');
    const calls: string[] = [];
    const plugin = holder(calls);
    const cache = () => ({
      assumePod: () => {
        throw failure;
      },
      forgetPod: () => void calls.push('forget'),
    });
    const { outcome, error } = await cycle({ reserve: [plugin], permit: [plugin] }, { cache });
    expect(error === (failure as unknown)).toBe(true);
    expect(outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: '' });
    expect(calls).toEqual([]);
  });

  it('never rejects: a failure is an outcome', async () => {
    const failure = new Error('out of paper');
    const filter = {
      name: 'Bad',
      filter: () => {
        throw failure;
      },
    };
    const asked: string[] = [];
    const postFilter = [roomPlugin(asked)];
    const { outcome, error, calls } = await cycle({ filter: [filter], postFilter });
    expect(error === (failure as unknown)).toBe(true);
    expect(outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: '' });
    expect([calls, asked]).toEqual([[], []]);
  });

  it('has no place without nodes, and asks nobody for room', async () => {
    const asked: string[] = [];
    const postFilter = [roomPlugin(asked)];
    const { outcome, error } = await cycle({ postFilter }, { nodes: [] });
    expect(error?.name).toBe('NoNodesAvailableError');
    expect(outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: '' });
    expect(asked).toEqual([]);
  });

  describe('when no node can do', () => {
    async function askedForRoom(answer: PostFilterResult | Error) {
      const { filter } = onlyOn();
      const seen: string[] = [];
      const plugin = {
        name: 'Room',
        postFilter: async (_state: CycleState, _pod: PodInfo, all: ReadonlyMap<string, Status>) => {
          seen.push([...all].map(([name, { message }]) => `${name}: ${message}`).join(', '));
          if (answer instanceof Error) throw answer;
          return answer;
        },
      };
      return { ...(await cycle({ filter, postFilter: [plugin] }, { nodes: nodesOf(2) })), seen };
    }

    it.core('asks for room, and passes the nomination on', async () => {
      const { outcome, seen, error, calls } = await askedForRoom({ nominatedNodeName: 'node-1' });
      expect(seen).toEqual(['node-0: not this one, node-1: not this one']);
      expect(outcome).toMatchObject({ outcome: 'unplaced', nominatedNodeName: 'node-1' });
      expect(error?.name).toBe('FitError');
      expect(error?.message).toBe('0/2 nodes are available: 2 not this one.');
      expect(calls).toEqual([]);
    });

    it('adds what was said about room', async () => {
      const said = 'preemption: 0/2 nodes are available: 2 No preemption victims found.';
      const { outcome, error } = await askedForRoom({ nominatedNodeName: '', status: no(said) });
      expect(error?.message).toBe(`0/2 nodes are available: 2 not this one. ${said}`);
      expect(error?.diagnosis.postFilterMessage).toBe(said);
      expect(error?.diagnosis.nodeStatuses.size).toBe(2);
      expect(outcome).toMatchObject({ nominatedNodeName: '' });
    });

    it('leaves the nomination as it is when nobody said anything about it', async () => {
      const { outcome } = await askedForRoom({ status: no('no') });
      expect('nominatedNodeName' in outcome).toBe(false);
    });

    it('asks nobody without such plugins', async () => {
      const { filter } = onlyOn();
      const { outcome, error } = await cycle({ filter }, { nodes: nodesOf(2) });
      expect('nominatedNodeName' in outcome).toBe(false);
      expect(error?.message).toBe('0/2 nodes are available: 2 not this one.');
    });

    it('fails when asking for room fails', async () => {
      const failure = new Error('out of paper');
      const { outcome, error } = await askedForRoom(failure);
      expect(error === (failure as unknown)).toBe(true);
      expect(outcome.outcome).toBe('unplaced');
    });
  });

  property(
    'never gives more of a node than there is, and places all that fit',
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 20 }),
    fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
    fc.nat(),
    async (sizes, pods, refusals, seed) => {
      const nodes = sizes.map(
        (size, i) => new NodeInfo(nodeObject(`node-${i}`, { cpu: String(size), pods: 3 })),
      );
      const options = optionsOf(nodes, { random: seededRandom(seed) });
      const cache = new BookOfNodes(nodes);
      for (const [i, cpu] of pods.entries()) {
        const isRefused = refusals[i] === true;
        const framework = frameworkOf({
          filter: [fitPlugin],
          score: weighted(leastAllocated),
          reserve: [holder([], isRefused ? no() : undefined)],
        });
        const pod = podInfoOf(podObject(`p${i}`, { requests: { cpu: String(cpu) } }));
        const fits = nodes.some((node) => insufficientResources(pod, node).length === 0);
        const before = nodes.reduce((sum, node) => sum + node.pods.length, 0);
        const { outcome } = await schedulingCycle(framework, queuedPod(pod), cache, options);
        const isPlaced = fits && !isRefused;
        expect(outcome).toBe(isPlaced ? 'scheduled' : 'unplaced');
        const after = nodes.reduce((sum, node) => sum + node.pods.length, 0);
        expect(after - before).toBe(isPlaced ? 1 : 0);
        for (const node of nodes) {
          expect(node.requested.milliCpu <= node.allocatable.milliCpu).toBe(true);
          expect(node.pods.length <= node.allowedPods).toBe(true);
        }
      }
    },
  );

  property(
    'decides the same for the same pods with the same seed',
    fc.nat(),
    async (seed) => {
      const run = async () => {
        const nodes = nodesOf(5);
        const options = optionsOf(nodes, { random: seededRandom(seed), nodesToFind: () => 3 });
        const cache = new BookOfNodes(nodes);
        const framework = frameworkOf({ filter: [fitPlugin], score: weighted(leastAllocated) });
        for (let i = 0; i < 8; i += 1) {
          const pod = podInfoOf(podObject(`p${i}`, { requests: { cpu: '500m' } }));
          await schedulingCycle(framework, queuedPod(pod), cache, options);
        }
        return cache.calls;
      };
      expect(await run()).toEqual(await run());
    },
    { runs: 30 },
  );
});
