/** What is written down of an attempt. */

import { FakeClock } from '#apimachinery';
import { describe, expect, it, nodeObject, podObject } from '#kit';
import { CycleState, NodeInfo, type Plugin, podInfoOf, Status } from '#scheduler';
import { DecisionTracer } from '../../../solutions/05-scheduler/decision-trace.ts';

const state = new CycleState();
const pod = podObject('p');
const info = podInfoOf(pod);
const [a, b] = [new NodeInfo(nodeObject('a')), new NodeInfo(nodeObject('b'))];
const no = new Status('Unschedulable', ['too small']);

/** A plugin that can do everything, and says what a test wants. */
interface Everything extends Plugin {
  preFilter(...args: unknown[]): { status?: Status } | undefined;
  filter(...args: unknown[]): Status | undefined;
  score(...args: unknown[]): number;
  normalizeScore(...args: unknown[]): { name: string; score: number }[];
  postFilter(...args: unknown[]): Promise<object>;
}

function setUp(says: Partial<Everything>, capacity = 10) {
  const clock = new FakeClock();
  const tracer = new DecisionTracer(clock, capacity);
  const plugin = tracer.wrap({ name: 'P', ...says } as Plugin) as Everything;
  const begin = (one = pod, attempt = 1) => tracer.begin(one, attempt, 2, new Map([['P', 3]]));
  const found = () => tracer.find('default', 'p');
  return { clock, tracer, plugin, begin, found };
}

describe('DecisionTracer', () => {
  it('writes down whose attempt it was, and how it ended', () => {
    const { clock, tracer, begin, found } = setUp({});
    begin();
    expect(found()).toBe(undefined);
    tracer.end({ nodeName: 'a' });
    expect(found()).toEqual({
      namespace: 'default',
      name: 'p',
      uid: 'uid-default-p',
      attempt: 1,
      at: clock.now(),
      totalNodes: 2,
      preFilter: [],
      nodes: [],
      nodeName: 'a',
    });
    begin(pod, 2);
    tracer.end({ error: new Error('no room') });
    expect([found()?.attempt, found()?.nodeName, found()?.error]).toEqual([
      2,
      undefined,
      'no room',
    ]);
  });

  it('writes down who refused a node, the first one only', () => {
    const { tracer, plugin, begin, found } = setUp({
      filter: (_state, _pod, node) => (node === a ? no : undefined),
    });
    const second = tracer.wrap({ name: 'Q', filter: () => no } as Plugin) as Everything;
    begin();
    expect(plugin.filter(state, info, a)).toBe(no);
    expect(plugin.filter(state, info, b)).toBe(undefined);
    second.filter(state, info, a);
    tracer.end({ nodeName: 'b' });
    const refusal = { plugin: 'P', code: 'Unschedulable', reasons: ['too small'] };
    expect(found()?.nodes).toEqual([
      { name: 'a', refusal, scores: [], total: 0 },
      { name: 'b', scores: [], total: 0 },
    ]);
  });

  it('writes down refusals of preFilter, and neither success nor Skip', () => {
    const answers = [undefined, {}, { status: new Status('Skip') }, { status: no }];
    const { tracer, plugin, begin, found } = setUp({ preFilter: () => answers.shift() });
    begin();
    for (let i = 0; i < 4; i += 1) plugin.preFilter(state, info, []);
    tracer.end({ error: 'x' });
    expect(found()?.preFilter).toEqual([
      { plugin: 'P', code: 'Unschedulable', reasons: ['too small'] },
    ]);
  });

  it('writes down scores as they were, normalised, and weighted', () => {
    const { tracer, plugin, begin, found } = setUp({
      score: (_state, _pod, node) => (node === a ? 4 : 8),
      normalizeScore: () => [
        { name: 'a', score: 50 },
        { name: 'b', score: 100 },
      ],
    });
    const raw = tracer.wrap({ name: 'R', score: () => 7 } as Plugin) as Everything;
    begin();
    for (const node of [a, b]) plugin.score(state, info, node);
    plugin.normalizeScore(state, info, []);
    raw.score(state, info, b);
    tracer.end({ nodeName: 'b' });
    expect(found()?.nodes.map(({ name, scores, total }) => ({ name, scores, total }))).toEqual([
      {
        name: 'a',
        scores: [{ plugin: 'P', raw: 4, normalized: 50, weight: 3, weighted: 150 }],
        total: 150,
      },
      {
        name: 'b',
        scores: [
          { plugin: 'P', raw: 8, normalized: 100, weight: 3, weighted: 300 },
          { plugin: 'R', raw: 7, normalized: 7, weight: 1, weighted: 7 },
        ],
        total: 307,
      },
    ]);
  });

  it('writes nothing down of what postFilter tries out, and goes on after it', async () => {
    const { tracer, plugin, begin, found } = setUp({
      filter: () => no,
      postFilter: async () => {
        plugin.filter(state, info, b);
        return {};
      },
    });
    begin();
    plugin.filter(state, info, a);
    await plugin.postFilter(state, info, new Map());
    tracer.end({ error: 'x' });
    expect(found()?.nodes.map(({ name }) => name)).toEqual(['a']);
  });

  it('goes on when postFilter fails', async () => {
    const { tracer, plugin, begin, found } = setUp({
      postFilter: () => {
        throw new Error('broken');
      },
    });
    begin();
    await expect((async () => plugin.postFilter(state, info, new Map()))()).rejects.toThrow(
      'broken',
    );
    tracer.end({ error: 'x' });
    expect(found()?.error).toBe('x');
  });

  it('writes nothing down between attempts', () => {
    const { tracer, plugin, begin, found } = setUp({ filter: () => no });
    expect(plugin.filter(state, info, a)).toBe(no);
    begin();
    tracer.end({ nodeName: 'a' });
    plugin.filter(state, info, a);
    tracer.end({ nodeName: 'b' });
    expect([found()?.nodeName, found()?.nodes]).toEqual(['a', []]);
  });

  it('keeps the last attempts only, and those tried again longest', () => {
    const { tracer, begin } = setUp({}, 2);
    for (const name of ['x', 'y', 'x', 'z']) {
      begin(podObject(name));
      tracer.end({ nodeName: 'a' });
    }
    const has = (name: string) => tracer.find('default', name) !== undefined;
    expect(['x', 'y', 'z'].map(has)).toEqual([true, false, true]);
  });

  it('finds the later one of two pods of one name', () => {
    const { tracer, begin, found } = setUp({});
    for (const uid of ['1', '2']) {
      begin(podObject('p', { uid }));
      tracer.end({ nodeName: 'a' });
    }
    expect(found()?.uid).toBe('2');
    expect(tracer.find('other', 'p')).toBe(undefined);
  });
});

describe('wrap', () => {
  it('has what the plugin has, and no more', () => {
    const { plugin } = setUp({ filter: () => undefined });
    expect(Object.keys(plugin)).toEqual(['name', 'filter']);
  });

  it('calls the plugin as itself, with all it is given', async () => {
    const calls: unknown[][] = [];
    class Noting {
      readonly name = 'N';
      readonly #calls = calls;
      permit(...args: unknown[]) {
        this.#calls.push(args);
        return { timeoutMs: 5 };
      }
    }
    const { tracer } = setUp({});
    const wrapped = tracer.wrap(new Noting()) as unknown as { permit(...args: unknown[]): unknown };
    expect(wrapped.permit(1, 2, 'n')).toEqual({ timeoutMs: 5 });
    expect(calls).toEqual([[1, 2, 'n']]);
  });
});
