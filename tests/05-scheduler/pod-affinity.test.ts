import type { LabelSet, Pod, PodSpec } from '#apimachinery';
import { describe, expect, fc, it, nodeObject, type PodWords, podObject, property } from '#kit';
import {
  type AffinityCounts,
  affinityScore,
  CycleState,
  countAffinity,
  countMatches,
  type Handle,
  matchesAllTerms,
  NodeInfo,
  newInterPodAffinity,
  normalizeAffinityScores,
  type PodInfo,
  podInfoOf,
  RequiredAffinity,
  Snapshot,
  type Status,
  scorePlaces,
} from '#scheduler';

const ZONE = 'zone';
const HOST = 'kubernetes.io/hostname';
const AFFINITY = "node(s) didn't match pod affinity rules";
const ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules";
const EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules";

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

/** Pods `app=<app>` in the pod's own namespace, and whatever else the term says. */
function term(app: string, topologyKey = ZONE, more: object = {}) {
  return { labelSelector: { matchLabels: { app } }, topologyKey, ...more };
}
type Term = ReturnType<typeof term>;
const wish = (weight: number, podAffinityTerm: Term) => ({ weight, podAffinityTerm });
type Wish = ReturnType<typeof wish>;

interface Wants {
  readonly near?: readonly Term[];
  readonly away?: readonly Term[];
  readonly likes?: readonly Wish[];
  readonly dislikes?: readonly Wish[];
}

let made = 0;

/** A pod `app=<app>` that wants to be near some pods and away from others. */
function pod(app: string, wants: Wants = {}, words: PodWords = {}): PodInfo {
  const { near = [], away = [], likes = [], dislikes = [] } = wants;
  made += 1;
  const spec = {
    affinity: {
      podAffinity: { [required]: near, [preferred]: likes },
      podAntiAffinity: { [required]: away, [preferred]: dislikes },
    },
  } as unknown as Partial<PodSpec>;
  return podInfoOf(podObject(`${app}-${made}`, { labels: { app }, spec, ...words }));
}

function node(name: string, labels: LabelSet, ...pods: readonly PodInfo[]): NodeInfo {
  return new NodeInfo(nodeObject(name, { labels }), pods);
}

/** The namespace `shop` has the label team=a, all others none. */
const namespaceLabels = (name: string): LabelSet => (name === 'shop' ? { team: 'a' } : {});

function counts(mine: PodInfo, nodes: readonly NodeInfo[]): AffinityCounts {
  return countAffinity({
    pod: mine,
    nodes,
    keepingAway: nodes.filter((one) => one.podsWithRequiredAntiAffinity.length > 0),
    namespaceLabels,
    countMatches: (all, terms) => countMatches(all, terms, namespaceLabels),
  });
}

const affinityOf = (mine: PodInfo, nodes: readonly NodeInfo[]) =>
  new RequiredAffinity(mine, counts(mine, nodes), namespaceLabels);

const said = (status: Status | undefined) => status && [status.code, ...status.reasons];

/** What each node says: nothing, or the reason. */
function verdicts(mine: PodInfo, nodes: readonly NodeInfo[]): (string | undefined)[] {
  const all = affinityOf(mine, nodes);
  return nodes.map((one) => all.filter(one)?.reasons[0]);
}

describe('matchesAllTerms', () => {
  const matches = (wants: Wants, other: PodInfo, owner: PodWords = {}) =>
    matchesAllTerms(pod('x', wants, owner).requiredAffinityTerms, other.pod, namespaceLabels);

  it('needs all terms to match', () => {
    expect(matches({ near: [term('db')] }, pod('db'))).toBe(true);
    expect(matches({ near: [term('db'), term('web')] }, pod('db'))).toBe(false);
  });

  it('matches nobody without terms', () => {
    expect(matches({}, pod('db'))).toBe(false);
  });

  it('speaks of the own namespace when nothing is said', () => {
    const near = [term('db')];
    expect(matches({ near }, pod('db', {}, { namespace: 'shop' }))).toBe(false);
    expect(matches({ near }, pod('db', {}, { namespace: 'shop' }), { namespace: 'shop' })).toBe(
      true,
    );
  });

  it('speaks of namespaces by name', () => {
    const near = [term('db', ZONE, { namespaces: ['shop'] })];
    expect(matches({ near }, pod('db', {}, { namespace: 'shop' }))).toBe(true);
    expect(matches({ near }, pod('db'))).toBe(false);
  });

  it('speaks of namespaces by label', () => {
    const near = [term('db', ZONE, { namespaceSelector: { matchLabels: { team: 'a' } } })];
    expect(matches({ near }, pod('db', {}, { namespace: 'shop' }))).toBe(true);
    expect(matches({ near }, pod('db'))).toBe(false);
  });

  it('speaks of all namespaces with an empty selector of them', () => {
    const near = [term('db', ZONE, { namespaceSelector: {} })];
    expect(matches({ near }, pod('db', {}, { namespace: 'anywhere' }))).toBe(true);
  });

  it('asks for the labels of a namespace only where a term selects by them', () => {
    const asked: string[] = [];
    const labels = (name: string) => {
      asked.push(name);
      return {};
    };
    const other = pod('db').pod;
    matchesAllTerms(pod('x', { near: [term('db')] }).requiredAffinityTerms, other, labels);
    expect(asked).toEqual([]);
    const near = [term('db', ZONE, { namespaceSelector: {} })];
    matchesAllTerms(pod('x', { near }).requiredAffinityTerms, other, labels);
    expect([...new Set(asked)]).toEqual(['default']);
  });
});

describe('countMatches', () => {
  it('counts the pods of each node that match', () => {
    const nodes = [node('n1', {}, pod('db'), pod('db'), pod('web')), node('n2', {})];
    const { requiredAffinityTerms } = pod('x', { near: [term('db')] });
    expect(countMatches(nodes, requiredAffinityTerms, namespaceLabels)).toEqual([2, 0]);
    expect(countMatches(nodes, [], namespaceLabels)).toEqual([0, 0]);
  });
});

describe('countAffinity', () => {
  it.core('sums up by place', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [
      node('n1', { zone: 'a' }, pod('db'), pod('db')),
      node('n2', { zone: 'a' }, pod('db'), pod('web')),
      node('n3', { zone: 'b' }, guard, pod('web')),
    ];
    const all = counts(pod('web', { near: [term('db')], away: [term('web')] }), nodes);
    const by = (zone: string) => [
      all.affinity.get(ZONE, zone),
      all.antiAffinity.get(ZONE, zone),
      all.existing.get(ZONE, zone),
    ];
    expect(by('a')).toEqual([3, 1, 0]);
    expect(by('b')).toEqual([0, 1, 1]);
  });

  it('counts for affinity only pods that match all terms, once for each', () => {
    const both = pod('db', {}, { labels: { app: 'db', tier: 'gold' } });
    const gold = { labelSelector: { matchLabels: { tier: 'gold' } }, topologyKey: HOST };
    const mine = pod('x', { near: [term('db'), gold as unknown as Term] });
    const nodes = [
      node('n1', { zone: 'a' }, both),
      node('n2', { zone: 'b' }, pod('db'), pod('x', {}, { labels: { tier: 'gold' } })),
    ];
    const { affinity } = counts(mine, nodes);
    expect([affinity.get(ZONE, 'a'), affinity.get(HOST, 'n1')]).toEqual([1, 1]);
    expect([affinity.get(ZONE, 'b'), affinity.get(HOST, 'n2')]).toEqual([0, 0]);
  });

  it('counts for anti-affinity each term by itself', () => {
    const mine = pod('x', { away: [term('db'), term('web', HOST)] });
    const nodes = [node('n1', { zone: 'a' }, pod('db'), pod('web'), pod('web'))];
    const { antiAffinity } = counts(mine, nodes);
    expect([antiAffinity.get(ZONE, 'a'), antiAffinity.get(HOST, 'n1')]).toEqual([1, 2]);
  });

  it('counts nothing on a node without the label', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [node('n1', {}, pod('db'), pod('web'), guard)];
    const all = counts(pod('web', { near: [term('db')], away: [term('web')] }), nodes);
    expect([all.affinity, all.antiAffinity, all.existing].map(({ isEmpty }) => isEmpty)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('takes terms of others from their own namespace', () => {
    const guard = pod('guard', { away: [term('web')] }, { namespace: 'shop' });
    const nodes = [node('n1', { zone: 'a' }, guard)];
    expect(counts(pod('web'), nodes).existing.isEmpty).toBe(true);
    const neighbour = pod('web', {}, { namespace: 'shop' });
    expect(counts(neighbour, nodes).existing.get(ZONE, 'a')).toBe(1);
  });

  it('counts every term of a pod that keeps others away', () => {
    const guard = pod('guard', { away: [term('web'), term('web', HOST), term('db')] });
    const { existing } = counts(pod('web'), [node('n1', { zone: 'a' }, guard)]);
    expect([existing.get(ZONE, 'a'), existing.get(HOST, 'n1')]).toEqual([1, 1]);
  });

  it('does not count what pods that are there only wish for, or want to be near', () => {
    const other = pod('x', { near: [term('web')], dislikes: [wish(100, term('web'))] });
    expect(counts(pod('web'), [node('n1', { zone: 'a' }, other)]).existing.isEmpty).toBe(true);
  });

  it('asks for no counts without terms', () => {
    let asked = 0;
    countAffinity({
      pod: pod('web', { likes: [wish(1, term('db'))] }),
      nodes: [node('n1', { zone: 'a' }, pod('db'))],
      keepingAway: [],
      namespaceLabels,
      countMatches: (all) => {
        asked += 1;
        return all.map(() => 0);
      },
    });
    expect(asked).toBe(0);
  });

  it('believes the counts it asks for', () => {
    const mine = pod('web', { near: [term('db')], away: [term('web')] });
    const all = countAffinity({
      pod: mine,
      nodes: [node('n1', { zone: 'a' }), node('n2', { zone: 'b' })],
      keepingAway: [],
      namespaceLabels,
      countMatches: (_, [first]) => (first === mine.requiredAffinityTerms[0] ? [4, 0] : [0, 5]),
    });
    expect(all.affinity.get(ZONE, 'a')).toBe(4);
    expect(all.antiAffinity.get(ZONE, 'b')).toBe(5);
  });
});

describe('RequiredAffinity', () => {
  it.core('lets a pod only to places with the pods it wants to be near', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('db')),
      node('n2', { zone: 'a' }),
      node('n3', { zone: 'b' }, pod('web')),
    ];
    const mine = pod('web', { near: [term('db')] });
    expect(verdicts(mine, nodes)).toEqual([undefined, undefined, AFFINITY]);
    expect(affinityOf(mine, nodes).filter(nodes[2] as NodeInfo)?.code).toBe(
      'UnschedulableAndUnresolvable',
    );
  });

  it.core('keeps a pod away from places with pods it does not want to be near', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('db')),
      node('n2', { zone: 'a' }),
      node('n3', { zone: 'b' }, pod('web')),
    ];
    const mine = pod('web', { away: [term('db')] });
    expect(verdicts(mine, nodes)).toEqual([ANTI_AFFINITY, ANTI_AFFINITY, undefined]);
    expect(affinityOf(mine, nodes).filter(nodes[0] as NodeInfo)?.code).toBe('Unschedulable');
  });

  it.core('keeps a pod away from places where somebody does not want it', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [node('n1', { zone: 'a' }, guard), node('n2', { zone: 'a' }), node('n3', {})];
    expect(verdicts(pod('web'), nodes)).toEqual([EXISTING, EXISTING, undefined]);
    expect(verdicts(pod('db'), nodes)).toEqual([undefined, undefined, undefined]);
    expect(affinityOf(pod('web'), nodes).filter(nodes[0] as NodeInfo)?.code).toBe('Unschedulable');
  });

  it('needs the labels of all affinity terms', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('db')), node('n2', {}), node('n3', { rack: '1' })];
    const mine = pod('web', { near: [term('db'), term('db', 'rack')] });
    expect(verdicts(mine, nodes)).toEqual([AFFINITY, AFFINITY, AFFINITY]);
  });

  it('finds the pods of several terms in different places', () => {
    const nodes = [
      node('n1', { zone: 'a', rack: '1' }, pod('db')),
      node('n2', { zone: 'a', rack: '2' }),
      node('n3', { zone: 'b', rack: '1' }),
      node('n4', { zone: 'b', rack: '2' }, pod('db')),
    ];
    const mine = pod('web', { near: [term('db'), term('db', 'rack')] });
    expect(verdicts(mine, nodes)).toEqual([undefined, undefined, undefined, undefined]);
    nodes[3]?.removePod(nodes[3].pods[0]?.pod as Pod);
    expect(verdicts(mine, nodes)).toEqual([undefined, AFFINITY, AFFINITY, AFFINITY]);
  });

  it.core('lets the first pod of a group go anywhere with the label', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('db')), node('n2', {})];
    const first = pod('web', { near: [term('web')] });
    expect(verdicts(first, nodes)).toEqual([undefined, AFFINITY]);
  });

  it('lets only the first one', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('web')), node('n2', { zone: 'b' })];
    expect(verdicts(pod('web', { near: [term('web')] }), nodes)).toEqual([undefined, AFFINITY]);
  });

  it('does not take for the first one who is not of the group itself', () => {
    const nodes = [node('n1', { zone: 'a' })];
    expect(verdicts(pod('web', { near: [term('db')] }), nodes)).toEqual([AFFINITY]);
    expect(verdicts(pod('web', { near: [term('web'), term('db')] }), nodes)).toEqual([AFFINITY]);
  });

  it('takes one for the first when others are only where there is no label', () => {
    const nodes = [node('n1', {}, pod('web')), node('n2', { zone: 'b' })];
    expect(verdicts(pod('web', { near: [term('web')] }), nodes)).toEqual([AFFINITY, undefined]);
  });

  it('takes one for the first when others are in another namespace', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('web', {}, { namespace: 'shop' })),
      node('n2', { zone: 'b' }),
    ];
    const mine = pod('web', { near: [term('web')] });
    expect(verdicts(mine, nodes)).toEqual([undefined, undefined]);
  });

  it('does not keep away from a node without the label', () => {
    const nodes = [node('n1', {}, pod('web')), node('n2', { zone: 'b' }, pod('web'))];
    expect(verdicts(pod('web', { away: [term('web')] }), nodes)).toEqual([
      undefined,
      ANTI_AFFINITY,
    ]);
  });

  it('keeps away by each term', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('db')),
      node('n2', { zone: 'b' }, pod('web')),
      node('n3', { zone: 'b' }),
    ];
    const mine = pod('x', { away: [term('db'), term('web', HOST)] });
    expect(verdicts(mine, nodes)).toEqual([ANTI_AFFINITY, ANTI_AFFINITY, undefined]);
  });

  it('spreads pods that keep away from each other one by one', () => {
    const mine = () => pod('web', { away: [term('web', HOST)] });
    const nodes = [node('n1', {}), node('n2', {}), node('n3', {})];
    for (const one of nodes) {
      const at = verdicts(mine(), nodes).indexOf(undefined);
      expect(nodes[at]?.name).toBe(one.name);
      one.addPod(mine());
    }
    expect(verdicts(mine(), nodes)).toEqual([ANTI_AFFINITY, ANTI_AFFINITY, ANTI_AFFINITY]);
    // Somebody else's pod of the same kind is kept away by those that are there.
    expect(verdicts(pod('web'), nodes)).toEqual([EXISTING, EXISTING, EXISTING]);
  });

  it('asks for affinity first, then for anti-affinity, then what others say', () => {
    const guard = pod('guard', { away: [term('web')] });
    const all = node('n1', { zone: 'a' }, guard, pod('web'));
    const [near, away] = [[term('db')], [term('web')]];
    expect(verdicts(pod('web', { near, away }), [all])).toEqual([AFFINITY]);
    expect(verdicts(pod('web', { away }), [all])).toEqual([ANTI_AFFINITY]);
    expect(verdicts(pod('web'), [all])).toEqual([EXISTING]);
  });

  it('does not mind what is only wished for', () => {
    const guard = pod('guard', { dislikes: [wish(100, term('web'))] });
    const nodes = [node('n1', { zone: 'a' }, guard)];
    const mine = pod('web', { likes: [wish(1, term('db'))], dislikes: [wish(1, term('guard'))] });
    expect(verdicts(mine, nodes)).toEqual([undefined]);
  });

  it('is idle when nobody will ever be refused', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('guard', { away: [term('web')] }))];
    expect(affinityOf(pod('db'), nodes).isIdle()).toBe(true);
    expect(affinityOf(pod('web'), nodes).isIdle()).toBe(false);
    expect(affinityOf(pod('db', { near: [term('x')] }), nodes).isIdle()).toBe(false);
    expect(affinityOf(pod('db', { away: [term('x')] }), nodes).isIdle()).toBe(false);
    expect(affinityOf(pod('db', { likes: [wish(1, term('x'))] }), nodes).isIdle()).toBe(true);
  });

  it('sees a pod leave that it keeps away from', () => {
    const there = pod('web');
    const nodes = [node('n1', { zone: 'a' }, there)] as const;
    const all = affinityOf(pod('web', { away: [term('web')] }), nodes);
    all.update(there, nodes[0], -1);
    expect(all.filter(nodes[0])).toBe(undefined);
    all.update(there, nodes[0], 1);
    expect(said(all.filter(nodes[0]))).toEqual(['Unschedulable', ANTI_AFFINITY]);
  });

  it('sees the last one leave that it wants to be near', () => {
    const there = pod('db');
    const nodes = [node('n1', { zone: 'a' }, there)] as const;
    const all = affinityOf(pod('web', { near: [term('db')] }), nodes);
    all.update(there, nodes[0], -1);
    expect(said(all.filter(nodes[0]))).toEqual(['UnschedulableAndUnresolvable', AFFINITY]);
  });

  it('becomes the first when all others leave', () => {
    const there = pod('web');
    const nodes = [node('n1', { zone: 'a' }, there), node('n2', { zone: 'b' })] as const;
    const all = affinityOf(pod('web', { near: [term('web')] }), nodes);
    expect(all.filter(nodes[1])?.code).toBe('UnschedulableAndUnresolvable');
    all.update(there, nodes[0], -1);
    expect(all.filter(nodes[1])).toBe(undefined);
  });

  it('sees somebody leave who keeps others away', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [node('n1', { zone: 'a' }, guard)] as const;
    const all = affinityOf(pod('web'), nodes);
    all.update(guard, nodes[0], -1);
    expect(all.filter(nodes[0])).toBe(undefined);
  });

  it('minds labels of namespaces when pods come and go', () => {
    const near = [term('db', ZONE, { namespaceSelector: { matchLabels: { team: 'a' } } })];
    const nodes = [node('n1', { zone: 'a' })] as const;
    const all = affinityOf(pod('web', { near }), nodes).clone();
    all.update(pod('db'), nodes[0], 1);
    expect(all.filter(nodes[0])?.reasons).toEqual([AFFINITY]);
    all.update(pod('db', {}, { namespace: 'shop' }), nodes[0], 1);
    expect(all.filter(nodes[0])).toBe(undefined);
  });

  it('is not changed with its clone', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [node('n1', { zone: 'a' }, guard)] as const;
    const all = affinityOf(pod('web'), nodes);
    all.clone().update(guard, nodes[0], -1);
    expect(all.filter(nodes[0])?.code).toBe('Unschedulable');
  });

  const app = fc.constantFrom('web', 'db');
  const key = fc.constantFrom(ZONE, HOST);
  const terms = fc.array(fc.tuple(app, key), { maxLength: 2 });
  const anyPod = fc.record({
    app,
    near: terms,
    away: terms,
    namespace: fc.constantFrom('default', 'shop'),
  });
  const anyNode = fc.record({
    zone: fc.constantFrom('a', 'b', undefined),
    pods: fc.array(anyPod, { maxLength: 3 }),
  });
  type AnyPod = typeof anyPod extends fc.Arbitrary<infer P> ? P : never;
  const build = ({ app, near, away, namespace }: AnyPod) => {
    const all = (list: readonly [string, string][]) => list.map(([who, where]) => term(who, where));
    return pod(app, { near: all(near), away: all(away) }, { namespace });
  };
  const cluster = fc.array(anyNode, { minLength: 1, maxLength: 4 });
  const buildNode = (
    { zone, pods }: typeof anyNode extends fc.Arbitrary<infer N> ? N : never,
    i: number,
  ) => node(`n${i}`, zone ? { zone } : {}, ...pods.map(build));

  /** The rules, pod by pod and node by node, without any sums. */
  function byTheBook(mine: AnyPod, rows: readonly { zone: string | undefined; pods: AnyPod[] }[]) {
    const place = (i: number, where: string) => (where === HOST ? `n${i}` : rows[i]?.zone);
    const speaks = (owner: AnyPod, who: string, of: AnyPod) =>
      owner.namespace === of.namespace && who === of.app;
    const everybody = rows.flatMap(({ pods }, at) => pods.map((other) => ({ other, at })));
    const isSame = (i: number, j: number, where: string) =>
      place(i, where) !== undefined && place(i, where) === place(j, where);
    const friends = everybody.filter(({ other }) =>
      mine.near.every(([who]) => speaks(mine, who, other)),
    );
    return rows.map((_, i) => {
      const hasLabels = mine.near.every(([, where]) => place(i, where) !== undefined);
      const isNear = mine.near.every(([, where]) => friends.some(({ at }) => isSame(i, at, where)));
      const isLonely = !friends.some(({ at }) =>
        mine.near.some(([, where]) => place(at, where) !== undefined),
      );
      const isOwn = mine.near.every(([who]) => speaks(mine, who, mine));
      if (!hasLabels || !(isNear || (isLonely && isOwn))) return AFFINITY;
      const isTaken = mine.away.some(([who, where]) =>
        everybody.some(({ other, at }) => speaks(mine, who, other) && isSame(i, at, where)),
      );
      if (isTaken) return ANTI_AFFINITY;
      const isUnwanted = everybody.some(({ other, at }) =>
        other.away.some(([who, where]) => speaks(other, who, mine) && isSame(i, at, where)),
      );
      return isUnwanted ? EXISTING : undefined;
    });
  }

  property('refuses whatever breaks a rule and nothing else', anyPod, cluster, (mine, rows) => {
    expect(verdicts(build(mine), rows.map(buildNode))).toEqual(byTheBook(mine, rows));
  });

  const steps = fc.array(fc.tuple(fc.nat(), anyPod, fc.boolean()), { minLength: 1, maxLength: 5 });

  property('is after changes what it is when counted anew', anyPod, cluster, steps, (...all) => {
    const [words, rows, changes] = all;
    const mine = build(words);
    const nodes = rows.map(buildNode);
    const updated = affinityOf(mine, nodes).clone();
    for (const [at, other, leaves] of changes) {
      const where = nodes[at % nodes.length];
      const who = leaves ? where?.pods[0] : build(other);
      if (!where || !who) continue;
      if (leaves) where.removePod(who.pod);
      else where.addPod(who);
      updated.update(who, where, leaves ? -1 : 1);
    }
    const fresh = affinityOf(mine, nodes);
    expect(nodes.map((one) => said(updated.filter(one)))).toEqual(
      nodes.map((one) => said(fresh.filter(one))),
    );
  });
});

describe('scorePlaces', () => {
  function scores(mine: PodInfo, nodes: readonly NodeInfo[], hardPodAffinityWeight = 1): number[] {
    const places = scorePlaces({
      pod: mine,
      nodes,
      withAffinity: nodes.filter((one) => one.podsWithAffinity.length > 0),
      hardPodAffinityWeight,
      namespaceLabels,
      countMatches: (all, terms) => countMatches(all, terms, namespaceLabels),
    });
    return nodes.map((one) => affinityScore(places, one));
  }

  it.core('adds the weight of a wish for each pod there, in its whole place', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('db'), pod('db')),
      node('n2', { zone: 'a' }),
      node('n3', { zone: 'b' }, pod('db'), pod('web')),
    ];
    expect(scores(pod('web', { likes: [wish(5, term('db'))] }), nodes)).toEqual([10, 10, 5]);
  });

  it('takes the weight away for pods it does not like', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('db')), node('n2', { zone: 'b' })];
    expect(scores(pod('web', { dislikes: [wish(5, term('db'))] }), nodes)).toEqual([-5, 0]);
  });

  it('adds up wishes of different places', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('db')), node('n2', { zone: 'a' })];
    const likes = [wish(5, term('db')), wish(3, term('db', HOST))];
    expect(scores(pod('web', { likes }), nodes)).toEqual([8, 5]);
  });

  it('does what pods that are there wish for', () => {
    const nodes = [
      node('n1', { zone: 'a' }, pod('db', { likes: [wish(7, term('web'))] })),
      node('n2', { zone: 'b' }, pod('db', { dislikes: [wish(4, term('web'))] })),
      node('n3', { zone: 'c' }, pod('db', { likes: [wish(9, term('x'))] })),
    ];
    expect(scores(pod('web'), nodes)).toEqual([7, -4, 0]);
  });

  it('counts required affinity of pods that are there with a weight of its own', () => {
    const nodes = [node('n1', { zone: 'a' }, pod('db', { near: [term('web')] }))];
    expect(scores(pod('web'), nodes)).toEqual([1]);
    expect(scores(pod('web'), nodes, 50)).toEqual([50]);
    expect(scores(pod('web'), nodes, 0)).toEqual([0]);
  });

  it('does not count required anti-affinity, nor required terms of the pod', () => {
    const guard = pod('guard', { away: [term('web')] });
    const nodes = [node('n1', { zone: 'a' }, guard, pod('db'))];
    expect(scores(pod('web', { near: [term('db')], away: [term('guard')] }), nodes)).toEqual([0]);
  });

  it('counts both ways between two that like each other', () => {
    const other = pod('db', { likes: [wish(2, term('web'))] });
    const nodes = [node('n1', { zone: 'a' }, other)];
    expect(scores(pod('web', { likes: [wish(3, term('db'))] }), nodes)).toEqual([5]);
  });

  it('counts nothing for pods on nodes without the label', () => {
    const nodes = [node('n1', {}, pod('db', { likes: [wish(2, term('web'))] })), node('n2', {})];
    expect(scores(pod('web', { likes: [wish(3, term('db'))] }), nodes)).toEqual([0, 0]);
  });

  it('minds namespaces both ways', () => {
    const shop = { namespace: 'shop' };
    const nodes = [
      node('n1', { zone: 'a' }, pod('db', { likes: [wish(2, term('web'))] }, shop)),
      node('n2', { zone: 'b' }, pod('db')),
    ];
    const likes = [wish(3, term('db', ZONE, { namespaces: ['shop'] }))];
    expect(scores(pod('web', { likes }), nodes)).toEqual([3, 0]);
    const everywhere = { namespaceSelector: {} };
    const fond = pod('db', { likes: [wish(2, term('web', ZONE, everywhere))] }, shop);
    expect(scores(pod('web'), [node('n3', { zone: 'c' }, fond)])).toEqual([2]);
  });

  it('asks for no counts without wishes', () => {
    let asked = 0;
    scorePlaces({
      pod: pod('web', { near: [term('db')] }),
      nodes: [node('n1', { zone: 'a' }, pod('db'))],
      withAffinity: [],
      hardPodAffinityWeight: 1,
      namespaceLabels,
      countMatches: (all) => {
        asked += 1;
        return all.map(() => 0);
      },
    });
    expect(asked).toBe(0);
  });
});

describe('normalizeAffinityScores', () => {
  const normalized = (...scores: number[]) =>
    normalizeAffinityScores(scores.map((score, i) => ({ name: `n${i}`, score }))).map(
      ({ score }) => score,
    );

  for (const [what, given, expected] of [
    ['stretches from the lowest to the highest', [-5, 0, 5], [0, 50, 100]],
    ['does not measure from 0', [4, 10, 6], [0, 100, 33]],
    ['rounds down', [1, 3, 4], [0, 66, 100]],
    ['does not measure from 0 below it', [-4, -10, -8], [100, 0, 33]],
    ['gives 0 to all when all are equal', [3, 3], [0, 0]],
    ['gives 0 to one alone', [-7], [0]],
    ['has nothing for nobody', [], []],
  ] as const) {
    it(what, () => {
      expect(normalized(...given)).toEqual([...expected]);
    });
  }

  it('keeps the names', () => {
    const given = [
      { name: 'b', score: 1 },
      { name: 'a', score: 2 },
    ];
    expect(normalizeAffinityScores(given)).toEqual([
      { name: 'b', score: 0 },
      { name: 'a', score: 100 },
    ]);
    expect(given[0]?.score).toBe(1);
  });
});

describe('InterPodAffinity', () => {
  /** A scheduler of which only the snapshot is there, and a namespace `shop` with team=a. */
  function handle(nodes: readonly NodeInfo[]): Handle {
    const get = (name: string) => ({ metadata: { name, labels: namespaceLabels(name) } });
    const informers = { informer: () => ({ lister: { get } }) };
    return { snapshot: new Snapshot(nodes), informers } as unknown as Handle;
  }

  function filtered(mine: PodInfo, nodes: readonly NodeInfo[]) {
    const plugin = newInterPodAffinity(undefined, handle(nodes));
    const state = new CycleState();
    const before = plugin.preFilter(state, mine, nodes);
    if (before?.status) return before.status.code;
    return nodes.map((one) => plugin.filter(state, mine, one)?.reasons[0] ?? 'yes');
  }

  function scored(args: unknown, mine: PodInfo, nodes: readonly NodeInfo[]) {
    const plugin = newInterPodAffinity(args, handle(nodes));
    const state = new CycleState();
    const status = plugin.preScore(state, mine, nodes);
    if (status) return status.code;
    const given = nodes.map((one) => ({ name: one.name, score: plugin.score(state, mine, one) }));
    return plugin.normalizeScore?.(state, mine, given).map(({ score }) => score);
  }

  const nodes = [
    node('n1', { zone: 'a' }, pod('guard', { away: [term('web')] })),
    node('n2', { zone: 'b' }, pod('db', { likes: [wish(1, term('web'))] })),
  ];

  it('filters, or has no business with a pod', () => {
    expect(filtered(pod('web'), nodes)).toEqual([EXISTING, 'yes']);
    expect(filtered(pod('x'), nodes)).toBe('Skip');
  });

  it('finds pods by labels of their namespace', () => {
    const near = [term('db', ZONE, { namespaceSelector: { matchLabels: { team: 'a' } } })];
    const there = [
      node('n1', { zone: 'a' }, pod('db', {}, { namespace: 'shop' })),
      node('n2', { zone: 'b' }, pod('db')),
    ];
    expect(filtered(pod('web', { near }), there)).toEqual(['yes', AFFINITY]);
  });

  it('scores, or has no business with a pod', () => {
    expect(scored(undefined, pod('web'), nodes)).toEqual([0, 100]);
    expect(scored(undefined, pod('x'), nodes)).toBe('Skip');
  });

  it('ignores what others wish for when it is told to and the pod wishes for nothing', () => {
    const args = { ignorePreferredTermsOfExistingPods: true };
    expect(scored(args, pod('web'), nodes)).toBe('Skip');
    expect(scored(args, pod('web', { likes: [wish(1, term('db'))] }), nodes)).toEqual([0, 100]);
  });
});
