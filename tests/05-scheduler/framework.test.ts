import { describe, expect, fc, it, nodeObject, podObject, property } from '#kit';
import {
  type BindPlugin,
  type Code,
  CycleState,
  Framework,
  MAX_PERMIT_TIMEOUT_MS,
  NO_PLUGINS,
  NodeInfo,
  type NodePluginScores,
  newStateKey,
  type PermitPlugin,
  type PermitResult,
  type PluginSet,
  type PostFilterPlugin,
  type PostFilterResult,
  type PreBindPlugin,
  type PreFilterPlugin,
  type PreFilterResult,
  podInfoOf,
  type ReservePlugin,
  type ScorePlugin,
  Status,
} from '#scheduler';

const pod = podInfoOf(podObject('web'));
const other = podInfoOf(podObject('other'));
const nodes = ['node-1', 'node-2', 'node-3'].map((name) => new NodeInfo(nodeObject(name)));
const [node = new NodeInfo()] = nodes;

const frameworkOf = (plugins: Partial<PluginSet>) =>
  new Framework('default-scheduler', { ...NO_PLUGINS, ...plugins });
const textOf = (status: Status | undefined) =>
  status && `${status.code} ${status.plugin || 'nobody'}: ${status.message}`;
const no = (reason = 'no') => new Status('Unschedulable', [reason]);
const never = (reason = 'never') => new Status('UnschedulableAndUnresolvable', [reason]);
const broken = (message = 'broken') => new Status('Error', [message]);
const skip = new Status('Skip');
const success = new Status('Success');

/** What a plugin of a test does: answers this, or throws what is an `Error`. */
type Answer<T> = T | Error | undefined;
function give<T>(answer: Answer<T>): T | undefined {
  if (answer instanceof Error) throw answer;
  return answer;
}

/** Plugins that write down when they are asked. */
function diary() {
  const asked: string[] = [];
  const note = (name: string) => asked.push(name);
  return {
    asked,
    preFilter(name: string, answer?: Answer<PreFilterResult>): PreFilterPlugin {
      return {
        name,
        preFilter: () => {
          note(name);
          return give(answer);
        },
      };
    },
    filter(name: string, answer?: Answer<Status>) {
      return {
        name,
        filter: () => {
          note(name);
          return give(answer);
        },
      };
    },
    postFilter(name: string, answer: PostFilterResult | Error = {}): PostFilterPlugin {
      return {
        name,
        postFilter: async () => {
          note(name);
          return give(answer) ?? {};
        },
      };
    },
    preScore(name: string, answer?: Answer<Status>) {
      return {
        name,
        preScore: () => {
          note(name);
          return give(answer);
        },
      };
    },
    reserve(name: string, answer?: Answer<Status>): ReservePlugin {
      return {
        name,
        reserve: (_state, _pod, nodeName) => {
          note(`${name} reserves ${nodeName}`);
          return give(answer);
        },
        unreserve: (_state, _pod, nodeName) => {
          note(`${name} gives back ${nodeName}`);
        },
      };
    },
    permit(name: string, answer?: Answer<PermitResult>): PermitPlugin {
      return {
        name,
        permit: () => {
          note(name);
          return give(answer);
        },
      };
    },
    preBind(name: string, answer?: Answer<Status>): PreBindPlugin {
      return {
        name,
        preBind: async () => {
          note(`${name} begins`);
          await Promise.resolve();
          note(`${name} ends`);
          return give(answer);
        },
      };
    },
    bind(name: string, answer?: Answer<Status>): BindPlugin {
      return {
        name,
        bind: async () => {
          note(name);
          return give(answer);
        },
      };
    },
  };
}

const naming = (...nodeNames: string[]): PreFilterResult => ({ nodeNames: new Set(nodeNames) });

describe('runPreFilterPlugins', () => {
  function run(...plugins: [name: string, answer?: Answer<PreFilterResult>][]) {
    const { asked, preFilter } = diary();
    const state = new CycleState();
    const framework = frameworkOf({ preFilter: plugins.map((one) => preFilter(...one)) });
    const { nodeNames, namedBy, status } = framework.runPreFilterPlugins(state, pod, nodes);
    const skipped = [...state.skipFilterPlugins].sort();
    return {
      asked,
      skipped,
      names: nodeNames && [...nodeNames].sort(),
      namedBy,
      said: textOf(status),
      status,
    };
  }

  it.core('asks all plugins, in order, and notes who skips', () => {
    const { asked, skipped, said, names } = run(
      ['A'],
      ['B', { status: skip }],
      ['C', { status: success }],
    );
    expect(asked).toEqual(['A', 'B', 'C']);
    expect(skipped).toEqual(['B']);
    expect(said).toBeUndefined();
    expect(names).toBeUndefined();
  });

  it('hands on state, pod and nodes', () => {
    const key = newStateKey<string>('Test');
    const seen: unknown[] = [];
    const state = new CycleState();
    const plugin: PreFilterPlugin = {
      name: 'A',
      preFilter: (theState, thePod, theNodes) => {
        theState.write(key, 'counted');
        seen.push(thePod === pod, theNodes === nodes || theNodes.length);
        return undefined;
      },
    };
    frameworkOf({ preFilter: [plugin] }).runPreFilterPlugins(state, pod, nodes);
    expect(state.read(key)).toBe('counted');
    expect(seen[0]).toBe(true);
    expect(seen[1] === true || seen[1] === 3).toBe(true);
  });

  it('forgets who skipped in a run before', () => {
    const state = new CycleState();
    state.skipFilterPlugins = new Set(['Old']);
    frameworkOf({}).runPreFilterPlugins(state, pod, nodes);
    expect([...state.skipFilterPlugins]).toEqual([]);
  });

  it('ends with what nothing can be done about', () => {
    const { asked, said } = run(['A'], ['B', { status: never() }], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('UnschedulableAndUnresolvable B: never');
  });

  it('asks the others after any other rejection', () => {
    const { asked, said, skipped } = run(['A', { status: no() }], ['B'], ['C', { status: skip }]);
    expect(asked).toEqual(['A', 'B', 'C']);
    expect(said).toBe('Unschedulable A: no');
    expect(skipped).toEqual(['C']);
  });

  it('keeps a Pending like any other rejection', () => {
    const pending = { status: new Status('Pending', ['later']) };
    const { asked, said } = run(['A', pending], ['B']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Pending A: later');
  });

  it('takes the last of several rejections', () => {
    expect(run(['A', { status: no('a') }], ['B', { status: no('b') }], ['C']).said).toBe(
      'Unschedulable B: b',
    );
  });

  it('takes what is hopeless over what was only refused', () => {
    expect(run(['A', { status: no() }], ['B', { status: never() }], ['C']).said).toBe(
      'UnschedulableAndUnresolvable B: never',
    );
  });

  it('knows who skipped, whatever the outcome', () => {
    expect(run(['A', { status: skip }], ['B', { status: never() }]).skipped).toEqual(['A']);
    expect(run(['A', { status: skip }], ['B', new Error('x')]).skipped).toEqual(['A']);
  });

  it('makes an error of what is thrown', () => {
    const thrown = new Error('out of paper');
    const { asked, said, status } = run(['A', thrown], ['B']);
    expect(asked).toEqual(['A']);
    expect(said).toBe('Error A: running PreFilter plugin "A": out of paper');
    expect(status?.error === thrown).toBe(true);
  });

  it('keeps the error that a status of a plugin carries', () => {
    const carried = new Error('out of paper');
    const { said, status } = run(['A', { status: Status.ofError(carried) }], ['B']);
    expect(said).toBe('Error A: running PreFilter plugin "A": out of paper');
    expect(status?.error === carried).toBe(true);
  });

  it('makes an error of an answer that is out of place', () => {
    const { said, status } = run(['A', { status: new Status('Wait') }], ['B']);
    expect(said).toBe('Error A: running PreFilter plugin "A": Wait');
    expect((status?.error as Error | undefined)?.message).toBe(
      'running PreFilter plugin "A": Wait',
    );
    expect(run(['A', { status: broken() }]).said).toBe(
      'Error A: running PreFilter plugin "A": broken',
    );
  });

  it('takes the nodes of one plugin, also when it says success in words', () => {
    expect(run(['A'], ['B', naming('node-1', 'node-2')], ['C'])).toMatchObject({
      names: ['node-1', 'node-2'],
      namedBy: ['B'],
    });
    expect(run(['A', { ...naming('x'), status: success }]).names).toEqual(['x']);
  });

  it('takes only nodes that all name who name any', () => {
    const { names, namedBy, said } = run(['B', naming('x', 'y')], ['C'], ['A', naming('y', 'z')]);
    expect(names).toEqual(['y']);
    expect(namedBy).toEqual(['B', 'A']);
    expect(said).toBeUndefined();
  });

  it('ends as soon as no node is left', () => {
    const { asked, said } = run(['B', naming('x')], ['A', naming('y')], ['C']);
    expect(asked).toEqual(['B', 'A']);
    expect(said).toBe(
      "UnschedulableAndUnresolvable A: node(s) didn't satisfy plugin(s) [A B] simultaneously",
    );
  });

  it('takes the order of names, not of plugins, for who could not agree', () => {
    const { asked, said } = run(['C', naming('x', 'y')], ['A', naming('y')], ['B', naming('x')]);
    expect(asked).toEqual(['C', 'A', 'B']);
    expect(said).toBe(
      "UnschedulableAndUnresolvable B: node(s) didn't satisfy plugin(s) [A B C] simultaneously",
    );
  });

  const ends: [name: string, plugins: [string, Answer<PreFilterResult>?][], namedBy: string[]][] = [
    [
      'no node is left',
      [
        ['B', naming('x')],
        ['A', naming('y')],
        ['C', naming('y')],
      ],
      ['B', 'A'],
    ],
    [
      'nothing can be done',
      [
        ['B', naming('x')],
        ['A', { status: never() }],
      ],
      ['B'],
    ],
    [
      'a plugin fails',
      [
        ['B', naming('x')],
        ['A', new Error('x')],
      ],
      ['B'],
    ],
    [
      'a plugin has said no',
      [
        ['B', naming('x')],
        ['A', { status: no() }],
        ['C', naming('x')],
      ],
      ['B', 'C'],
    ],
  ];
  for (const [name, plugins, namedBy] of ends) {
    it(`names no nodes when ${name}, but tells who did`, () => {
      const outcome = run(...plugins);
      expect(outcome.status).toBeDefined();
      expect(outcome.names).toBeUndefined();
      expect(outcome.namedBy).toEqual(namedBy);
    });
  }

  it('does not count nodes that a plugin names who says no', () => {
    const { said, namedBy } = run(
      ['A', { ...naming('x'), status: no() }],
      ['B', naming('y')],
      ['C', naming('y')],
    );
    expect(said).toBe('Unschedulable A: no');
    expect(namedBy).toEqual(['B', 'C']);
  });

  it('ends with a plugin that names none', () => {
    const { asked, said } = run(['A'], ['B', naming()], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe("UnschedulableAndUnresolvable B: node(s) didn't satisfy plugin B");
  });

  it('does not count nodes that a plugin names who skips', () => {
    const { names, namedBy } = run(['A', { ...naming('x'), status: skip }], ['B', naming('y')]);
    expect(names).toEqual(['y']);
    expect(namedBy).toEqual(['B']);
  });
});

describe('what-ifs of preFilter', () => {
  const ways = [
    ['AddPod', 'runPreFilterAddPod', 'addPod'],
    ['RemovePod', 'runPreFilterRemovePod', 'removePod'],
  ] as const;
  for (const [point, run, method] of ways) {
    const plugin = (name: string, asked: string[], answer?: Answer<Status>): PreFilterPlugin => ({
      name,
      preFilter: () => undefined,
      [method]: (_state: CycleState, one: typeof pod, two: typeof pod, on: NodeInfo) => {
        asked.push(`${name} ${one.pod.metadata?.name} ${two.pod.metadata?.name} ${on.name}`);
        return give(answer);
      },
    });

    it(`${point}: asks those that have it and have not skipped`, () => {
      const asked: string[] = [];
      const without: PreFilterPlugin = { name: 'B', preFilter: () => undefined };
      const preFilter = [plugin('A', asked), without, plugin('C', asked), plugin('D', asked)];
      const state = new CycleState();
      state.skipFilterPlugins = new Set(['C']);
      const status = frameworkOf({ preFilter })[run](state, pod, other, node);
      expect(status).toBeUndefined();
      expect(asked).toEqual(['A web other node-1', 'D web other node-1']);
    });

    it(`${point}: ends with the first that is no success`, () => {
      for (const answer of [no('why'), broken('why'), new Error('why')]) {
        const asked: string[] = [];
        const preFilter = [plugin('A', asked, answer), plugin('B', asked)];
        const status = frameworkOf({ preFilter })[run](new CycleState(), pod, other, node);
        expect(textOf(status)).toBe(`Error A: running ${point} on PreFilter plugin "A": why`);
        expect(asked.length).toBe(1);
      }
    });
  }
});

describe('runFilterPlugins', () => {
  function run(skipped: string[], ...plugins: [name: string, answer?: Answer<Status>][]) {
    const { asked, filter } = diary();
    const state = new CycleState();
    state.skipFilterPlugins = new Set(skipped);
    const framework = frameworkOf({ filter: plugins.map((one) => filter(...one)) });
    const status = framework.runFilterPlugins(state, pod, node);
    return { asked, status, said: textOf(status) };
  }

  it('lets a node through that all let through', () => {
    expect(run([], ['A'], ['B', success]).status).toBeUndefined();
    expect(run([], ['A'], ['B']).asked).toEqual(['A', 'B']);
  });

  it.core('ends with the first no, and says whose it is', () => {
    const { asked, said } = run([], ['A'], ['B', no('full')], ['C', never()]);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Unschedulable B: full');
  });

  it('keeps the kind of a no', () => {
    expect(run([], ['A', never()]).said).toBe('UnschedulableAndUnresolvable A: never');
  });

  it('does not ask who has skipped', () => {
    const { asked, status } = run(['A', 'C'], ['A', no()], ['B'], ['C', no()]);
    expect(asked).toEqual(['B']);
    expect(status).toBeUndefined();
  });

  it('makes an error of what is thrown, and of what is out of place', () => {
    const thrown = new Error('out of paper');
    const { said, status, asked } = run([], ['A', thrown], ['B']);
    expect(said).toBe('Error A: running "A" filter plugin: out of paper');
    expect(status?.error === thrown).toBe(true);
    expect(asked).toEqual(['A']);
    expect(run([], ['A', skip]).said).toBe('Error A: running "A" filter plugin: Skip');
    expect(run([], ['A', broken()]).said).toBe('Error A: running "A" filter plugin: broken');
  });

  it('keeps the error that a status of a plugin carries', () => {
    const carried = new Error('out of paper');
    const { said, status } = run([], ['A', Status.ofError(carried)]);
    expect(said).toBe('Error A: running "A" filter plugin: out of paper');
    expect(status?.error === carried).toBe(true);
    const made = run([], ['A', broken('jammed')]).status?.error;
    expect((made as Error | undefined)?.message).toBe('running "A" filter plugin: jammed');
  });

  it('makes an error of anything thrown', () => {
    const plugin = {
      name: 'A',
      filter: () => {
        throw 'a word';
      },
    };
    const status = frameworkOf({ filter: [plugin] }).runFilterPlugins(new CycleState(), pod, node);
    expect(textOf(status)).toBe('Error A: running "A" filter plugin: a word');
    expect(status?.error).toBe('a word');
  });

  it('does not change the status that a plugin shares between nodes', () => {
    const shared = no('full');
    run([], ['A', shared]);
    expect(shared.plugin).toBe('');
  });
});

describe('runPostFilterPlugins', () => {
  async function run(...plugins: [name: string, answer?: PostFilterResult | Error][]) {
    const { asked, postFilter } = diary();
    const framework = frameworkOf({ postFilter: plugins.map((one) => postFilter(...one)) });
    const result = await framework.runPostFilterPlugins(new CycleState(), pod, new Map());
    return { asked, result, said: textOf(result.status), nominated: result.nominatedNodeName };
  }

  it('hands on what nodes were refused with', async () => {
    const rejected = new Map([['node-1', no('full')]]);
    let seen: unknown;
    const plugin: PostFilterPlugin = {
      name: 'A',
      postFilter: async (_state, _pod, all) => {
        seen = all.get('node-1')?.message;
        return {};
      },
    };
    await frameworkOf({ postFilter: [plugin] }).runPostFilterPlugins(
      new CycleState(),
      pod,
      rejected,
    );
    expect(seen).toBe('full');
  });

  it.core('ends with the first that has made room', async () => {
    const made = { nominatedNodeName: 'node-2', status: success };
    const { asked, result } = await run(['A', { status: no() }], ['B', made], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(result.nominatedNodeName).toBe('node-2');
    expect(result.status?.code ?? 'Success').toBe('Success');
  });

  it('ends with what nothing can be done about', async () => {
    const hopeless = { nominatedNodeName: '', status: never() };
    const { asked, said, nominated } = await run(['A', { status: no() }], ['B', hopeless], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('UnschedulableAndUnresolvable B: never');
    expect(nominated).toBe('');
  });

  it('puts the reasons together when nobody could help', async () => {
    const { asked, said, result } = await run(
      ['A', { status: no('a') }],
      ['B', { status: no('b') }],
    );
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Unschedulable A: a, b');
    expect('nominatedNodeName' in result).toBe(false);
  });

  it('keeps the last nomination of those who could not help', async () => {
    const named = { status: no(), nominatedNodeName: 'node-3' };
    const clearing = { status: no(), nominatedNodeName: '' };
    const silent = { status: no() };
    expect((await run(['A', named], ['B', clearing], ['C', silent])).nominated).toBe('');
    expect((await run(['A', clearing], ['B', named], ['C', silent])).nominated).toBe('node-3');
  });

  it('asks the next after a Pending, too', async () => {
    const pending = { status: new Status('Pending', ['later']) };
    const alone = await run(['A', pending], ['B', { status: no('b') }]);
    expect(alone.asked).toEqual(['A', 'B']);
    expect(alone.said).toBe('Unschedulable A: later, b');
    expect((await run(['A', pending], ['B', { status: success }])).asked).toEqual(['A', 'B']);
  });

  it('is unschedulable, from nobody, without plugins', async () => {
    expect((await run()).said).toBe('Unschedulable nobody: ');
  });

  it('ends with an error, whose message stays as it is', async () => {
    const thrown = new Error('out of paper');
    const { asked, said, result } = await run(['A', { status: no() }], ['B', thrown], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Error B: out of paper');
    expect(result.status?.error === thrown).toBe(true);
    expect((await run(['A', { status: broken() }], ['B'])).said).toBe('Error A: broken');
  });

  it('has the code for a message where there is none', async () => {
    const { said, result } = await run(['A', { status: new Status('Wait') }], ['B']);
    expect(said).toBe('Error A: Wait');
    expect((result.status?.error as Error | undefined)?.message).toBe('Wait');
    expect((await run(['A', { status: new Status('Error') }])).said).toBe('Error A: Error');
  });
});

describe('runPreScorePlugins', () => {
  function run(...plugins: [name: string, answer?: Answer<Status>][]) {
    const { asked, preScore } = diary();
    const state = new CycleState();
    state.skipScorePlugins = new Set(['Old']);
    const framework = frameworkOf({ preScore: plugins.map((one) => preScore(...one)) });
    const said = textOf(framework.runPreScorePlugins(state, pod, nodes));
    return { asked, said, skipped: [...state.skipScorePlugins].sort() };
  }

  it('notes who skips', () => {
    const { asked, said, skipped } = run(['A', skip], ['B'], ['C', success]);
    expect(asked).toEqual(['A', 'B', 'C']);
    expect(said).toBeUndefined();
    expect(skipped).toEqual(['A']);
  });

  it('takes no rejection', () => {
    const { asked, said, skipped } = run(['A', skip], ['B', no('late')], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Error B: running PreScore plugin "B": late');
    expect(skipped).toEqual(['A']);
  });

  it('makes an error of what is thrown', () => {
    expect(run(['A', new Error('x')], ['B']).said).toBe('Error A: running PreScore plugin "A": x');
  });
});

describe('runScorePlugins', () => {
  /** Scores by node, in order. */
  const scoring = (name: string, ...scores: number[]): ScorePlugin => ({
    name,
    score: (_state, _pod, { name: nodeName }) => scores[Number(nodeName.slice(-1)) - 1] ?? 0,
  });
  const normalizing = (plugin: ScorePlugin, normalize: (score: number) => number): ScorePlugin => ({
    ...plugin,
    normalizeScore: (_state, _pod, scores) =>
      scores.map(({ name, score }) => ({ name, score: normalize(score) })),
  });
  function run(score: readonly [plugin: ScorePlugin, weight: number][], skipped: string[] = []) {
    const state = new CycleState();
    state.skipScorePlugins = new Set(skipped);
    const framework = frameworkOf({ score: score.map(([plugin, weight]) => ({ plugin, weight })) });
    return framework.runScorePlugins(state, pod, nodes);
  }
  const totals = (scores: NodePluginScores[] | Status) =>
    scores instanceof Status ? textOf(scores) : scores.map(({ name, total }) => `${name} ${total}`);

  it.core('adds up what all plugins think, by their weights', () => {
    const scores = run([
      [scoring('A', 10, 20, 30), 1],
      [scoring('B', 50, 0, 100), 2],
    ]);
    expect(totals(scores)).toEqual(['node-1 110', 'node-2 20', 'node-3 230']);
  });

  it('tells what each plugin gave, weight and all, in order', () => {
    const scores = run([
      [scoring('B', 10, 20, 30), 3],
      [scoring('A', 1, 2, 3), 1],
    ]);
    expect(scores).toEqual([
      {
        name: 'node-1',
        scores: [
          { plugin: 'B', score: 30 },
          { plugin: 'A', score: 1 },
        ],
        total: 31,
      },
      {
        name: 'node-2',
        scores: [
          { plugin: 'B', score: 60 },
          { plugin: 'A', score: 2 },
        ],
        total: 62,
      },
      {
        name: 'node-3',
        scores: [
          { plugin: 'B', score: 90 },
          { plugin: 'A', score: 3 },
        ],
        total: 93,
      },
    ]);
  });

  it.core('normalises before it weighs', () => {
    const plugin = normalizing(scoring('A', 1000, 500, 0), (score) => score / 10);
    expect(totals(run([[plugin, 5]]))).toEqual(['node-1 500', 'node-2 250', 'node-3 0']);
  });

  it('normalises with all scores of the plugin, and nothing else', () => {
    const seen: unknown[] = [];
    const plugin: ScorePlugin = {
      ...scoring('A', 7, 8, 9),
      normalizeScore: (_state, _pod, scores) => {
        seen.push(scores);
        return scores;
      },
    };
    run([
      [scoring('B', 1, 1, 1), 9],
      [plugin, 2],
    ]);
    const given = [7, 8, 9].map((score, i) => ({ name: `node-${i + 1}`, score }));
    expect(seen).toEqual([given]);
  });

  it('calls methods as the plugins own', () => {
    class Own implements ScorePlugin {
      readonly name = 'Own';
      readonly bonus = 5;
      score(): number {
        return this.bonus;
      }
      normalizeScore(
        _state: CycleState,
        _pod: typeof pod,
        scores: readonly { name: string; score: number }[],
      ) {
        return scores.map(({ name, score }) => ({ name, score: score + this.bonus }));
      }
    }
    expect(totals(run([[new Own(), 1]]))).toEqual(['node-1 10', 'node-2 10', 'node-3 10']);
  });

  it('does not ask who has skipped', () => {
    const scores = run(
      [
        [scoring('A', 1, 1, 1), 1],
        [scoring('B', 5, 5, 5), 1],
      ],
      ['B'],
    );
    expect(scores).toMatchObject([
      { scores: [{ plugin: 'A', score: 1 }], total: 1 },
      { total: 1 },
      { total: 1 },
    ]);
  });

  it('gives every node 0 without plugins', () => {
    expect(run([])).toEqual(nodes.map(({ name }) => ({ name, scores: [], total: 0 })));
  });

  for (const wrong of [-1, 101]) {
    it(`takes no score of ${wrong}`, () => {
      const text =
        `Error A: applying score defaultWeights on Score plugins: plugin "A" returns an invalid score ${wrong}, ` +
        'it should in the range of [0, 100] after normalizing';
      expect(totals(run([[scoring('A', 50, wrong, 50), 1]]))).toBe(text);
      const normalized = normalizing(scoring('A', 0, 1, 0), (score) => (score === 1 ? wrong : 0));
      expect(totals(run([[normalized, 1]]))).toBe(text);
    });
  }

  it('asks one plugin after another: it scores, normalises, and is done', () => {
    const asked: string[] = [];
    const plugin = (name: string): ScorePlugin => ({
      name,
      score: (_state, _pod, { name: nodeName }) => {
        asked.push(`${name} ${nodeName}`);
        return 1;
      },
      normalizeScore: (_state, _pod, scores) => {
        asked.push(`${name} normalises`);
        return scores;
      },
    });
    run([
      [plugin('B'), 1],
      [plugin('A'), 1],
    ]);
    const each = (name: string) => [
      ...nodes.map((one) => `${name} ${one.name}`),
      `${name} normalises`,
    ];
    expect(asked).toEqual([...each('B'), ...each('A')]);
  });

  it('does not ask the next plugin once a score is out of range', () => {
    const asked: string[] = [];
    const next: ScorePlugin = {
      name: 'B',
      score: () => {
        asked.push('B');
        throw new Error('out of paper');
      },
    };
    const status = run([
      [scoring('A', 50, 101, 50), 1],
      [next, 1],
    ]);
    expect(status instanceof Status && status.plugin).toBe('A');
    expect(asked).toEqual([]);
  });

  it('takes scores that are not whole', () => {
    expect(totals(run([[scoring('A', 12.5, 0.25, 99.5), 2]]))).toEqual([
      'node-1 25',
      'node-2 0.5',
      'node-3 199',
    ]);
  });

  it('takes a score of any size that is normalised, and 0 and 100', () => {
    const plugin = normalizing(scoring('A', -500, 0, 500), (score) => (score + 500) / 10);
    expect(totals(run([[plugin, 1]]))).toEqual(['node-1 0', 'node-2 50', 'node-3 100']);
  });

  it('makes an error of what is thrown', () => {
    const thrown = new Error('out of paper');
    const plugin: ScorePlugin = {
      name: 'A',
      score: () => {
        throw thrown;
      },
    };
    const status = run([[plugin, 1]]);
    expect(totals(status)).toBe(
      'Error A: running Score plugins: plugin "A" failed with: out of paper',
    );
    expect(status instanceof Status && status.error === thrown).toBe(true);
    const other: ScorePlugin = {
      ...scoring('B', 1, 2, 3),
      normalizeScore: () => {
        throw thrown;
      },
    };
    expect(totals(run([[other, 1]]))).toBe(
      'Error B: running Normalize on Score plugins: plugin "B" failed with: out of paper',
    );
  });

  const three = fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100));
  property(
    'gives a total that is the sum of its parts',
    fc.array(fc.tuple(three, fc.integer({ min: 1, max: 10 })), { maxLength: 5 }),
    (plugins) => {
      const scores = run(plugins.map(([all, weight], i) => [scoring(`P${i}`, ...all), weight]));
      if (scores instanceof Status) throw scores.error;
      for (const [at, one] of scores.entries()) {
        const expected = plugins.map(([all, weight]) => (all[at] ?? 0) * weight);
        expect(one.scores.map(({ score }) => score)).toEqual(expected);
        expect(one.total).toBe(expected.reduce((sum, score) => sum + score, 0));
      }
    },
  );
});

describe('reserve and unreserve', () => {
  it.core('reserves in order, and gives back in the other order', () => {
    const { asked, reserve } = diary();
    const framework = frameworkOf({ reserve: [reserve('A'), reserve('B', success)] });
    expect(framework.runReservePlugins(new CycleState(), pod, 'node-1')).toBeUndefined();
    framework.runUnreservePlugins(new CycleState(), pod, 'node-1');
    expect(asked).toEqual([
      'A reserves node-1',
      'B reserves node-1',
      'B gives back node-1',
      'A gives back node-1',
    ]);
  });

  it('ends with the first that says no, and gives nothing back itself', () => {
    const { asked, reserve } = diary();
    const framework = frameworkOf({ reserve: [reserve('A'), reserve('B', no()), reserve('C')] });
    const status = framework.runReservePlugins(new CycleState(), pod, 'node-1');
    expect(textOf(status)).toBe('Unschedulable B: no');
    expect(asked).toEqual(['A reserves node-1', 'B reserves node-1']);
  });

  it('gives back from all, also from those never asked', () => {
    const { asked, reserve } = diary();
    const set = [reserve('A', no()), reserve('B')];
    const framework = frameworkOf({ reserve: set });
    framework.runUnreservePlugins(new CycleState(), pod, 'node-1');
    expect(asked).toEqual(['B gives back node-1', 'A gives back node-1']);
    expect(set.map(({ name }) => name)).toEqual(['A', 'B']);
  });

  it('makes an error of what is thrown, and of what is out of place', () => {
    const { reserve } = diary();
    for (const answer of [new Error('why'), broken('why')]) {
      const framework = frameworkOf({ reserve: [reserve('A', answer)] });
      expect(textOf(framework.runReservePlugins(new CycleState(), pod, 'node-1'))).toBe(
        'Error A: running Reserve plugin "A": why',
      );
    }
    const odd = frameworkOf({ reserve: [reserve('A', skip)] });
    expect(odd.runReservePlugins(new CycleState(), pod, 'node-1')?.code).toBe('Error');
  });
});

describe('runPermitPlugins', () => {
  const wait = (timeoutMs?: number): PermitResult => ({
    status: new Status('Wait'),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  function run(...plugins: [name: string, answer?: Answer<PermitResult>][]) {
    const { asked, permit } = diary();
    const framework = frameworkOf({ permit: plugins.map((one) => permit(...one)) });
    const { status, waits } = framework.runPermitPlugins(new CycleState(), pod, 'node-1');
    return { asked, said: textOf(status), code: status?.code, waits: [...waits] };
  }

  it('lets a pod be bound that nobody stops', () => {
    expect(run(['A'], ['B', { status: success }])).toEqual({
      asked: ['A', 'B'],
      said: undefined,
      code: undefined,
      waits: [],
    });
  });

  it.core('asks all the others when one says wait', () => {
    const { asked, code, waits } = run(['A', wait(1000)], ['B'], ['C', wait(500)]);
    expect(asked).toEqual(['A', 'B', 'C']);
    expect(code).toBe('Wait');
    expect(waits).toEqual([
      ['A', 1000],
      ['C', 500],
    ]);
  });

  it('lets nobody wait for longer than 15 minutes', () => {
    expect(MAX_PERMIT_TIMEOUT_MS).toBe(900_000);
    expect(run(['A', wait(900_001)], ['B', wait(900_000)], ['C', wait()]).waits).toEqual([
      ['A', 900_000],
      ['B', 900_000],
      ['C', 900_000],
    ]);
  });

  it('keeps a time of 0', () => {
    expect(run(['A', wait(0)]).waits).toEqual([['A', 0]]);
  });

  it('ends with a rejection, and waits for nobody', () => {
    const { asked, said, waits } = run(['A', wait(1000)], ['B', { status: no() }], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Unschedulable B: no');
    expect(waits).toEqual([]);
  });

  it('ends with a failure, and waits for nobody', () => {
    const { asked, said, waits } = run(['A', wait(1000)], ['B', new Error('why')], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(said).toBe('Error B: running Permit plugin "B": why');
    expect(waits).toEqual([]);
  });
});

describe('runPreBindPlugins', () => {
  it('asks one after another', async () => {
    const { asked, preBind } = diary();
    const framework = frameworkOf({ preBind: [preBind('A'), preBind('B', success)] });
    expect(await framework.runPreBindPlugins(new CycleState(), pod, 'node-1')).toBeUndefined();
    expect(asked).toEqual(['A begins', 'A ends', 'B begins', 'B ends']);
  });

  const answers: [name: string, answer: Answer<Status>, said: string][] = [
    ['a rejection', no('why'), 'Unschedulable A: why'],
    ['a failure', broken('why'), 'Error A: running PreBind plugin "A": why'],
    ['what is thrown', new Error('why'), 'Error A: running PreBind plugin "A": why'],
    ['a skip', skip, 'Error A: running PreBind plugin "A": Skip'],
  ];
  for (const [name, answer, said] of answers) {
    it(`ends with ${name}`, async () => {
      const { asked, preBind } = diary();
      const framework = frameworkOf({ preBind: [preBind('A', answer), preBind('B')] });
      const status = await framework.runPreBindPlugins(new CycleState(), pod, 'node-1');
      expect(textOf(status)).toBe(said);
      expect(asked).toEqual(['A begins', 'A ends']);
    });
  }

  it('takes a plugin that throws before it gives a promise', async () => {
    const plugin: PreBindPlugin = {
      name: 'A',
      preBind: () => {
        throw new Error('at once');
      },
    };
    const framework = frameworkOf({ preBind: [plugin] });
    const status = await framework.runPreBindPlugins(new CycleState(), pod, 'node-1');
    expect(textOf(status)).toBe('Error A: running PreBind plugin "A": at once');
  });
});

describe('runBindPlugins', () => {
  async function run(...plugins: [name: string, answer?: Answer<Status>][]) {
    const { asked, bind } = diary();
    const framework = frameworkOf({ bind: plugins.map((one) => bind(...one)) });
    return { asked, status: await framework.runBindPlugins(new CycleState(), pod, 'node-1') };
  }

  it.core('leaves it to the first that does not skip', async () => {
    const { asked, status } = await run(['A', skip], ['B'], ['C']);
    expect(asked).toEqual(['A', 'B']);
    expect(status).toBeUndefined();
  });

  it('does not ask the next when that one fails', async () => {
    const { asked, status } = await run(['A', new Error('why')], ['B']);
    expect(asked).toEqual(['A']);
    expect(textOf(status)).toBe('Error A: running Bind plugin "A": why');
    expect(textOf((await run(['A', no('why')], ['B'])).status)).toBe('Unschedulable A: why');
  });

  it('skips when all do, or there are none', async () => {
    expect((await run(['A', skip], ['B', skip])).status).toMatchObject({
      code: 'Skip',
      plugin: '',
    });
    expect((await run()).status?.code).toBe('Skip');
  });
});

describe('runPostBindPlugins', () => {
  it('tells all, in order', () => {
    const told: string[] = [];
    const plugin = (name: string) => ({
      name,
      postBind: (_state: CycleState, one: typeof pod, nodeName: string) => {
        told.push(`${name} ${one.pod.metadata?.name} ${nodeName}`);
      },
    });
    const framework = frameworkOf({ postBind: [plugin('A'), plugin('B')] });
    framework.runPostBindPlugins(new CycleState(), pod, 'node-2');
    expect(told).toEqual(['A web node-2', 'B web node-2']);
  });
});

describe('rejections', () => {
  const codes: Code[] = ['Unschedulable', 'UnschedulableAndUnresolvable', 'Pending'];
  for (const code of codes) {
    it(`hands on ${code} from filter and bind with the name of the plugin`, async () => {
      const { filter, bind, asked } = diary();
      const status = new Status(code, ['why']);
      const framework = frameworkOf({
        filter: [filter('A', status), filter('C')],
        bind: [bind('B', status), bind('C')],
      });
      const state = new CycleState();
      expect(textOf(framework.runFilterPlugins(state, pod, node))).toBe(`${code} A: why`);
      expect(textOf(await framework.runBindPlugins(state, pod, 'n'))).toBe(`${code} B: why`);
      expect(asked).toEqual(['A', 'B']);
    });

    it(`hands on ${code} from reserve and permit with the name of the plugin`, () => {
      const { reserve, permit } = diary();
      const status = new Status(code, ['why']);
      const framework = frameworkOf({
        reserve: [reserve('A', status)],
        permit: [permit('B', { status })],
      });
      const state = new CycleState();
      expect(textOf(framework.runReservePlugins(state, pod, 'n'))).toBe(`${code} A: why`);
      expect(textOf(framework.runPermitPlugins(state, pod, 'n').status)).toBe(`${code} B: why`);
    });
  }
});
