/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/05-scheduler/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 05` runs those. What is beneath is the
 * reference's, so that only your own chapter can be wrong here.
 */

import { describe, expect, it } from 'vitest';
import { type Node, type Pod, seededRandom } from '#apimachinery';
import {
  CycleState,
  defaultNormalizeScore,
  Framework,
  leastAllocatedScore,
  NO_PLUGINS,
  NodeInfo,
  nodeResourcesFilter,
  type PluginSet,
  podInfoOf,
  schedulePod,
  selectHost,
  Snapshot,
  Status,
  taintTolerationFilter,
} from '#scheduler';

const node = (name: string, cpu: string, spec: object = {}): NodeInfo =>
  new NodeInfo({
    metadata: { name, uid: name },
    spec,
    status: { allocatable: { cpu, memory: '8Gi', pods: '110' } },
  } as Node);
const pod = (name: string, cpu?: string) =>
  podInfoOf({
    metadata: { name, namespace: 'default', uid: name },
    spec: {
      containers: [{ name: 'c', image: 'i', ...(cpu && { resources: { requests: { cpu } } }) }],
    },
  } as Pod);

describe('scheduler/fit-filters', () => {
  it('counts what is left', () => {
    const busy = node('a', '4');
    busy.addPod(pod('there', '3'));
    expect(nodeResourcesFilter(pod('small', '1'), busy)).toBe(undefined);
    expect(nodeResourcesFilter(pod('larger', '1001m'), busy)?.reasons).toEqual([
      'Insufficient cpu',
    ]);
  });

  it('keeps pods away that do not tolerate a taint', () => {
    const tainted = node('a', '4', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] });
    expect(taintTolerationFilter(pod('web'), tainted)?.message).toBe(
      'node(s) had untolerated taint {k: v}',
    );
  });
});

describe('scheduler/scoring', () => {
  it('likes empty nodes', () => {
    const use = { allocatable: 4000, weight: 1 };
    expect(leastAllocatedScore([{ ...use, requested: 1000 }])).toBe(75);
  });

  it('makes scores comparable', () => {
    const scores = [2, 8, 4].map((score, i) => ({ name: `node-${i}`, score }));
    expect(defaultNormalizeScore(scores).map(({ score }) => score)).toEqual([25, 100, 50]);
  });
});

const plugins: PluginSet = {
  ...NO_PLUGINS,
  filter: [
    {
      name: 'NotB',
      filter: (_state, _pod, { name }) =>
        name === 'b' ? new Status('Unschedulable', ['it is b']) : undefined,
    },
  ],
  score: [{ plugin: { name: 'Late', score: (_s, _p, { name }) => (name === 'c' ? 9 : 1) }, weight: 2 }],
};

describe('scheduler/framework', () => {
  it('says which plugin refused', () => {
    const framework = new Framework('default-scheduler', plugins);
    const status = framework.runFilterPlugins(new CycleState(), pod('web'), node('b', '1'));
    expect(status).toMatchObject({ code: 'Unschedulable', plugin: 'NotB', reasons: ['it is b'] });
  });
});

describe('scheduler/schedule-one', () => {
  it('takes the highest total', () => {
    const scores = [10, 30, 20].map((total, i) => ({ name: `node-${i}`, total, scores: [] }));
    expect(selectHost(scores, seededRandom(1))).toBe('node-1');
  });

  it('takes the best of those that can do', () => {
    const framework = new Framework('default-scheduler', plugins);
    const result = schedulePod(framework, new CycleState(), pod('web'), {
      snapshot: new Snapshot([node('a', '1'), node('b', '1'), node('c', '1')]),
      nodesToFind: (total) => total,
      filter: (one, state, wanted, where) => one.runFilterPlugins(state, wanted, where),
      random: seededRandom(1),
      startAt: 0,
    });
    expect(result).toEqual({ nodeName: 'c', evaluatedNodes: 3, feasibleNodes: 2 });
  });
});
