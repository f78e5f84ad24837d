import { type Node, type Pod, parseSelector, Selector } from '#apimachinery';
import { describe, expect, fc, it, type NodeWords, nodeObject, podObject, property } from '#kit';
import {
  CycleState,
  countDomains,
  countMatchingPods,
  type Handle,
  isNodeIncluded,
  NodeInfo,
  newPodTopologySpread,
  type PodInfo,
  podInfoOf,
  Snapshot,
  type SpreadConstraint,
  type SpreadCounts,
  SpreadScores,
  type Status,
} from '#scheduler';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const REASON = "node(s) didn't match pod topology spread constraints";
const LABEL_REASON =
  "node(s) didn't match pod topology spread constraints (missing required label)";

const web = { labels: { app: 'web' } };

/** `count` pods `app=web`, or whatever the words say. */
function pods(count: number, words: Parameters<typeof podObject>[1] = web): Pod[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `${JSON.stringify(words)}-${i}`;
    return podObject(name, words);
  });
}

function inZone(name: string, zone: string, there: readonly Pod[] = [], words: NodeWords = {}) {
  return nodeWith(nodeObject(name, { ...words, labels: { [ZONE]: zone, ...words.labels } }), there);
}

function nodeWith(node: Node, there: readonly Pod[] = []): NodeInfo {
  return new NodeInfo(node, there.map(podInfoOf));
}

function constraint(words: Partial<SpreadConstraint> = {}): SpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey: ZONE,
    selector: parseSelector('app=web'),
    minDomains: 1,
    nodeAffinityPolicy: 'Honor',
    nodeTaintsPolicy: 'Ignore',
    ...words,
  };
}

const newWeb = podInfoOf(podObject('new', web));

function counts(
  nodes: readonly NodeInfo[],
  constraints: readonly SpreadConstraint[] = [constraint()],
  pod: PodInfo = newWeb,
): SpreadCounts {
  return countDomains(pod, constraints, nodes, countMatchingPods);
}

const said = (status: Status | undefined) => status && [status.code, ...status.reasons];
const may = (all: SpreadCounts, nodes: readonly NodeInfo[]) =>
  nodes.filter((node) => all.filter(node) === undefined).map(({ name }) => name);

describe('countMatchingPods', () => {
  it.core('counts pods whose labels match, node by node', () => {
    const other = pods(4, { labels: { app: 'db' } });
    const nodes = [inZone('n1', 'a', [...pods(2), ...other]), inZone('n2', 'a'), inZone('n3', 'b')];
    nodes[2]?.addPod(newWeb);
    expect(countMatchingPods(nodes, 'default', parseSelector('app=web'))).toEqual([2, 0, 1]);
  });

  it('counts no pods of other namespaces', () => {
    const node = inZone('n1', 'a', [...pods(1), ...pods(2, { ...web, namespace: 'shop' })]);
    expect(countMatchingPods([node], 'default', parseSelector('app=web'))).toEqual([1]);
    expect(countMatchingPods([node], 'shop', parseSelector('app=web'))).toEqual([2]);
  });

  it('counts no pods that are being deleted', () => {
    const node = inZone('n1', 'a', [...pods(1), ...pods(3, { ...web, deletedAt: 0 })]);
    expect(countMatchingPods([node], 'default', parseSelector('app=web'))).toEqual([1]);
  });

  it('counts nobody for everything, nor for nothing', () => {
    const node = inZone('n1', 'a', pods(2));
    expect(countMatchingPods([node], 'default', Selector.everything)).toEqual([0]);
    expect(countMatchingPods([node], 'default', Selector.nothing)).toEqual([0]);
  });

  it('counts pods without labels when the selector says so', () => {
    const node = inZone('n1', 'a', [podObject('bare')]);
    expect(countMatchingPods([node], 'default', parseSelector('!app'))).toEqual([1]);
  });
});

describe('isNodeIncluded', () => {
  const picky = podObject('picky', { ...web, spec: { nodeSelector: { disk: 'ssd' } } });
  const ssd = inZone('ssd', 'a', [], { labels: { disk: 'ssd' } });
  const hdd = inZone('hdd', 'a', [], { labels: { disk: 'hdd' } });

  it('leaves out nodes the pod may not go to by its node selector', () => {
    expect(isNodeIncluded(constraint(), picky, ssd)).toBe(true);
    expect(isNodeIncluded(constraint(), picky, hdd)).toBe(false);
  });

  it('looks at them all the same with nodeAffinityPolicy Ignore', () => {
    expect(isNodeIncluded(constraint({ nodeAffinityPolicy: 'Ignore' }), picky, hdd)).toBe(true);
  });

  const affine = (operator: string) =>
    podObject('affine', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'disk', operator, values: ['ssd'] }] },
              ],
            },
          },
        },
      },
    });

  it('leaves out nodes that required node affinity does not allow', () => {
    expect(isNodeIncluded(constraint(), affine('In'), ssd)).toBe(true);
    expect(isNodeIncluded(constraint(), affine('In'), hdd)).toBe(false);
  });

  it('leaves out all nodes when the affinity is not well formed', () => {
    expect(isNodeIncluded(constraint(), affine('Near'), ssd)).toBe(false);
  });

  const tainted = (effect: string) => inZone('t', 'a', [], { taints: [{ key: 'gpu', effect }] });
  const honors = constraint({ nodeTaintsPolicy: 'Honor' });

  it('does not care for taints unless it is told to', () => {
    expect(isNodeIncluded(constraint(), newWeb.pod, tainted('NoSchedule'))).toBe(true);
  });

  for (const [effect, included] of [
    ['NoSchedule', false],
    ['NoExecute', false],
    ['PreferNoSchedule', true],
  ] as const) {
    it(`${included ? 'looks at' : 'leaves out'} ${effect} nodes with nodeTaintsPolicy Honor`, () => {
      expect(isNodeIncluded(honors, newWeb.pod, tainted(effect))).toBe(included);
    });
  }

  it('looks at nodes whose taints the pod tolerates', () => {
    const tolerant = podObject('t', {
      spec: { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
    });
    expect(isNodeIncluded(honors, tolerant, tainted('NoSchedule'))).toBe(true);
  });
});

describe('SpreadCounts', () => {
  const [a, b, c] = [inZone('a1', 'a', pods(2)), inZone('b1', 'b', pods(1)), inZone('c1', 'c')];

  it.core('lets a pod only where it does not get too far ahead of the emptiest', () => {
    const all = counts([a, b, c]);
    expect(said(all.filter(a))).toEqual(['Unschedulable', REASON]);
    expect(said(all.filter(b))).toEqual(['Unschedulable', REASON]);
    expect(all.filter(c)).toBe(undefined);
  });

  it.core('allows as much as maxSkew says', () => {
    expect(may(counts([a, b, c], [constraint({ maxSkew: 2 })]), [a, b, c])).toEqual(['b1', 'c1']);
    expect(may(counts([a, b, c], [constraint({ maxSkew: 3 })]), [a, b, c]).length).toBe(3);
  });

  it('adds up the nodes of a domain', () => {
    const nodes = [inZone('a1', 'a', pods(1)), inZone('a2', 'a', pods(1)), inZone('b1', 'b')];
    const all = counts(nodes);
    expect([...(all.domains[0] ?? [])].sort()).toEqual([
      ['a', 2],
      ['b', 0],
    ]);
    expect(may(all, nodes)).toEqual(['b1']);
  });

  it('compares with the emptiest, not with nothing', () => {
    const nodes = [inZone('a1', 'a', pods(5)), inZone('b1', 'b', pods(5))];
    expect(may(counts(nodes), nodes)).toEqual(['a1', 'b1']);
  });

  it('counts a pod that its own selector does not match as none', () => {
    const nodes = [inZone('a1', 'a', pods(1)), inZone('b1', 'b')];
    const db = podInfoOf(podObject('db', { labels: { app: 'db' } }));
    expect(may(counts(nodes, [constraint()], db), nodes)).toEqual(['a1', 'b1']);
    expect(may(counts(nodes), nodes)).toEqual(['b1']);
  });

  it.core('refuses a node without the label for good', () => {
    const bare = nodeWith(nodeObject('bare'));
    const all = counts([a, b, c, bare]);
    expect(said(all.filter(bare))).toEqual(['UnschedulableAndUnresolvable', LABEL_REASON]);
  });

  it('takes an empty value for a domain', () => {
    const nodes = [inZone('x', '', pods(1)), inZone('y', 'a')];
    expect(may(counts(nodes), nodes)).toEqual(['y']);
  });

  it('counts pods only on nodes with the labels of all constraints', () => {
    const both = [constraint({ maxSkew: 2 }), constraint({ topologyKey: 'rack' })];
    const rack = inZone('r', 'a', pods(1), { labels: { rack: '1' } });
    const noRack = inZone('n', 'b');
    const all = counts([rack, noRack], both);
    expect(all.domains.map((domains) => [...domains])).toEqual([[['a', 1]], [['1', 1]]]);
  });

  it('asks the constraints in their order', () => {
    const both = [constraint(), constraint({ topologyKey: 'rack' })];
    const noRack = inZone('n', 'a', pods(2));
    const nodes = [
      inZone('r', 'a', pods(2), { labels: { rack: '1' } }),
      inZone('s', 'b', [], { labels: { rack: '2' } }),
    ];
    expect(said(counts(nodes, both).filter(noRack))).toEqual(['Unschedulable', REASON]);
    const turned = counts(nodes, [...both].reverse());
    expect(said(turned.filter(noRack))).toEqual(['UnschedulableAndUnresolvable', LABEL_REASON]);
  });

  it('needs every constraint to be kept', () => {
    const both = [constraint({ maxSkew: 5 }), constraint({ topologyKey: HOST })];
    const nodes = [inZone('a1', 'a', pods(1)), inZone('a2', 'a'), inZone('b1', 'b')];
    expect(may(counts(nodes, both), nodes)).toEqual(['a2', 'b1']);
  });

  it('takes the emptiest for empty as long as there are fewer domains than minDomains', () => {
    const nodes = [inZone('a1', 'a', pods(1)), inZone('b1', 'b', pods(1))];
    expect(may(counts(nodes, [constraint({ minDomains: 2 })]), nodes).length).toBe(2);
    expect(may(counts(nodes, [constraint({ minDomains: 3 })]), nodes)).toEqual([]);
  });

  it('takes the emptiest for empty where there is no domain at all', () => {
    const picky = podInfoOf(podObject('p', { ...web, spec: { nodeSelector: { disk: 'ssd' } } }));
    const all = counts([a, b], [constraint()], picky);
    expect(all.domains[0]?.size).toBe(0);
    expect(all.filter(a)).toBe(undefined);
  });

  it('does not let a zone the pod may not go to hold everything up', () => {
    const picky = podInfoOf(podObject('p', { ...web, spec: { nodeSelector: { disk: 'ssd' } } }));
    const disk = { labels: { disk: 'ssd' } };
    const nodes = [inZone('a1', 'a', pods(1), disk), inZone('b1', 'b', pods(1), disk)];
    const empty = inZone('c1', 'c');
    expect(may(counts([...nodes, empty], [constraint()], picky), nodes)).toEqual(['a1', 'b1']);
    const ignoring = [constraint({ nodeAffinityPolicy: 'Ignore' })];
    expect(may(counts([...nodes, empty], ignoring, picky), nodes)).toEqual([]);
  });

  it('takes a domain that is not looked at for empty', () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const [free, gpu] = [inZone('a1', 'a'), inZone('b1', 'b', pods(3), { taints })];
    const honoring = counts([free, gpu], [constraint({ nodeTaintsPolicy: 'Honor' })]);
    expect(may(honoring, [free, gpu])).toEqual(['a1', 'b1']);
    expect(may(counts([free, gpu]), [free, gpu])).toEqual(['a1']);
  });

  it('applies each inclusion policy to its own constraint only', () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const nodes = [inZone('a1', 'a', pods(1)), inZone('b1', 'b', [], { taints })];
    const all = counts(nodes, [constraint({ nodeTaintsPolicy: 'Honor' }), constraint()]);
    expect(all.domains.map((domains) => domains.size)).toEqual([1, 2]);
  });

  it('asks for counts with the namespace of the pod', () => {
    const shop = podInfoOf(podObject('p', { ...web, namespace: 'shop' }));
    const asked: string[] = [];
    const all = countDomains(shop, [constraint()], [a, b], (nodes, namespace, selector) => {
      asked.push(`${namespace} ${selector}`);
      return nodes.map(({ name }) => (name === 'a1' ? 7 : 9));
    });
    expect([...new Set(asked)]).toEqual(['shop app=web']);
    expect([...(all.domains[0] ?? [])]).toEqual([
      ['a', 7],
      ['b', 9],
    ]);
  });

  it('sees a pod that leaves', () => {
    const all = counts([a, b, c]);
    const [one] = a.pods;
    if (one) all.update(one, a, -1);
    expect(may(all, [a, b, c])).toEqual(['c1']);
    expect(all.domains[0]?.get('a')).toBe(1);
  });

  it('sees that the emptiest gets emptier', () => {
    const nodes = [inZone('a1', 'a', pods(1)), inZone('b1', 'b', pods(1))] as const;
    const all = counts(nodes);
    expect(may(all, nodes)).toEqual(['a1', 'b1']);
    const [one] = nodes[1].pods;
    if (one) all.update(one, nodes[1], -1);
    expect(may(all, nodes)).toEqual(['b1']);
    if (one) all.update(one, nodes[1], 1);
    expect(may(all, nodes)).toEqual(['a1', 'b1']);
  });

  it('sees that there is no emptiest any more', () => {
    const all = counts([b, c]);
    expect(may(all, [b, c])).toEqual(['c1']);
    all.update(podInfoOf(podObject('x', web)), c, 1);
    expect(may(all, [b, c])).toEqual(['b1', 'c1']);
  });

  for (const [who, words] of [
    ['of another namespace', { ...web, namespace: 'shop' }],
    ['with other labels', { labels: { app: 'db' } }],
    ['that is being deleted', { ...web, deletedAt: 0 }],
  ] as const) {
    it(`changes nothing for a pod ${who}`, () => {
      const all = counts([a, b, c]);
      all.update(podInfoOf(podObject('x', words)), c, 1);
      expect([...(all.domains[0] ?? [])].map(([, count]) => count)).toEqual([2, 1, 0]);
    });
  }

  it('changes nothing on a node that is not looked at', () => {
    const all = counts([a, b, c], [constraint(), constraint({ topologyKey: HOST })]);
    const bare = nodeWith({ ...nodeObject('n'), metadata: { name: 'n', labels: { [ZONE]: 'c' } } });
    all.update(podInfoOf(podObject('x', web)), bare, 1);
    expect(all.domains[0]?.get('c')).toBe(0);
  });

  it('changes nothing on a node an inclusion policy leaves out', () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const gpu = inZone('c2', 'c', [], { taints });
    const all = counts([a, b, c, gpu], [constraint({ nodeTaintsPolicy: 'Honor' })]);
    all.update(podInfoOf(podObject('x', web)), gpu, 1);
    expect(all.domains[0]?.get('c')).toBe(0);
  });

  it('is not changed with its clone', () => {
    const all = counts([a, b, c]);
    may(all, [a, b, c]);
    const copy = all.clone();
    copy.update(podInfoOf(podObject('x', web)), c, 1);
    expect(may(all, [a, b, c])).toEqual(['c1']);
    expect(may(copy, [a, b, c])).toEqual(['b1', 'c1']);
  });

  const place = fc.constantFrom('a', 'b', 'c');
  const cluster = fc.array(
    fc.record({
      zone: fc.option(place, { nil: undefined }),
      rack: fc.option(place, { nil: undefined }),
      disk: fc.constantFrom('ssd', 'hdd'),
      tainted: fc.boolean(),
      kinds: fc.array(fc.constantFrom('web', 'db', 'gone', 'shop'), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 7 },
  );
  const rules = fc.array(
    fc.record({
      topologyKey: fc.constantFrom('zone', 'rack', HOST),
      maxSkew: fc.integer({ min: 1, max: 2 }),
      minDomains: fc.integer({ min: 1, max: 4 }),
      nodeAffinityPolicy: fc.constantFrom('Honor' as const, 'Ignore' as const),
      nodeTaintsPolicy: fc.constantFrom('Honor' as const, 'Ignore' as const),
    }),
    { minLength: 1, maxLength: 2 },
  );
  const picky = podInfoOf(podObject('p', { ...web, spec: { nodeSelector: { disk: 'ssd' } } }));
  type Word = 'web' | 'db' | 'gone' | 'shop';
  const KINDS: Record<Word, Parameters<typeof podObject>[1]> = {
    web,
    db: { labels: { app: 'db' } },
    gone: { ...web, deletedAt: 0 },
    shop: { ...web, namespace: 'shop' },
  };
  const podOf = (kind: Word, name: string) => podObject(name, KINDS[kind]);
  type Row = (typeof cluster extends fc.Arbitrary<(infer R)[]> ? R : never) & object;
  const nodeOf = ({ zone, rack, disk, tainted, kinds }: Row, i: number): NodeInfo =>
    nodeWith(
      nodeObject(`n${i}`, {
        labels: { disk, ...(zone && { zone }), ...(rack && { rack }) },
        ...(tainted && { taints: [{ key: 'gpu', effect: 'NoSchedule' }] }),
      }),
      kinds.map((kind, j) => podOf(kind, `${i}-${j}-${kind}`)),
    );

  property('refuses whatever breaks a rule and nothing else', cluster, rules, (rows, words) => {
    const constraints = words.map((one) => constraint(one));
    const nodes = rows.map(nodeOf);
    const all = counts(nodes, constraints, picky);
    const label = (i: number, key: string) => {
      const { zone, rack } = rows[i] ?? {};
      return { zone, rack, [HOST]: `n${i}` }[key];
    };
    for (const [i, node] of nodes.entries()) {
      const verdicts = constraints.map((rule) => {
        const mine = label(i, rule.topologyKey);
        if (mine === undefined) return LABEL_REASON;
        const sums = new Map<string, number>();
        for (const [j, row] of rows.entries()) {
          if (constraints.some(({ topologyKey }) => label(j, topologyKey) === undefined)) continue;
          if (rule.nodeAffinityPolicy === 'Honor' && row.disk !== 'ssd') continue;
          if (rule.nodeTaintsPolicy === 'Honor' && row.tainted) continue;
          const domain = label(j, rule.topologyKey) ?? '';
          const here = row.kinds.filter((kind) => kind === 'web').length;
          sums.set(domain, (sums.get(domain) ?? 0) + here);
        }
        const emptiest = sums.size < rule.minDomains ? 0 : Math.min(...sums.values());
        return (sums.get(mine) ?? 0) + 1 - emptiest > rule.maxSkew ? REASON : undefined;
      });
      expect(all.filter(node)?.reasons[0]).toBe(verdicts.find((one) => one !== undefined));
    }
  });

  const steps = fc.array(
    fc.tuple(fc.nat(), fc.constantFrom<Word>('web', 'db', 'gone', 'shop'), fc.boolean()),
    { minLength: 1, maxLength: 6 },
  );

  property('is after changes what it is when counted anew', cluster, rules, steps, (...all) => {
    const [rows, words, changes] = all;
    const constraints = words.map((one) => constraint(one));
    const nodes = rows.map(nodeOf);
    const updated = counts(nodes, constraints, picky).clone();
    for (const [i, [at, kind, leaves]] of changes.entries()) {
      const node = nodes[at % nodes.length];
      const other = leaves ? node?.pods[0] : podInfoOf(podOf(kind, `new-${i}`));
      if (!node || !other) continue;
      for (const one of nodes) updated.filter(one);
      if (leaves) node.removePod(other.pod);
      else node.addPod(other);
      updated.update(other, node, leaves ? -1 : 1);
    }
    const fresh = counts(nodes, constraints, picky);
    for (const node of nodes) expect(said(updated.filter(node))).toEqual(said(fresh.filter(node)));
  });
});

describe('SpreadScores', () => {
  function scores(
    candidates: readonly NodeInfo[],
    constraints: readonly SpreadConstraint[] = [constraint()],
    more: { nodes?: readonly NodeInfo[]; needsAllLabels?: boolean; pod?: PodInfo } = {},
  ): SpreadScores {
    const { nodes = candidates, needsAllLabels = true, pod = newWeb } = more;
    const countPods = countMatchingPods;
    return new SpreadScores({ pod, constraints, candidates, nodes, needsAllLabels, countPods });
  }
  const raw = (all: SpreadScores, nodes: readonly NodeInfo[]) =>
    nodes.map((node) => all.score(node));
  const final = (all: SpreadScores, nodes: readonly NodeInfo[]) =>
    all
      .normalize(nodes.map((node) => ({ name: node.name, score: all.score(node) })))
      .map(({ score }) => score);

  const a = inZone('a1', 'a', pods(3));
  const b = inZone('b1', 'b', pods(1));

  it.core('gives the emptiest domain most', () => {
    const all = scores([a, b]);
    expect(raw(all, [a, b])).toEqual([4, 1]);
    expect(final(all, [a, b])).toEqual([25, 100]);
  });

  it('counts the pods of all nodes of a domain, also of those that cannot do', () => {
    const full = inZone('b2', 'b', pods(4));
    const all = scores([a, b], [constraint()], { nodes: [a, b, full] });
    expect(raw(all, [a, b])).toEqual([4, 7]);
  });

  it('weighs by the number of domains of the candidates', () => {
    const wide = [a, b, inZone('c', 'c'), inZone('d', 'd'), inZone('e', 'e'), inZone('f', 'f')];
    expect(raw(scores(wide), wide)).toEqual([6, 2, 0, 0, 0, 0]);
    expect(raw(scores([a, b], [constraint()], { nodes: wide }), [a, b])).toEqual([4, 1]);
  });

  it('adds what is allowed by maxSkew to all', () => {
    const all = scores([a, b], [constraint({ maxSkew: 5 })]);
    expect(raw(all, [a, b])).toEqual([8, 5]);
    expect(final(all, [a, b])).toEqual([62, 100]);
  });

  it('adds up all constraints before it rounds', () => {
    const two = [constraint(), constraint({ selector: parseSelector('app') })];
    expect(raw(scores([a, b], two), [a, b])).toEqual([8, 3]);
  });

  it('counts single nodes by their hostname', () => {
    const host = constraint({ topologyKey: HOST });
    const nodes = [inZone('a1', 'a', pods(2)), inZone('a2', 'a', pods(1)), inZone('a3', 'a')];
    // ln(3 + 2) = 1.609
    expect(raw(scores(nodes, [host]), nodes)).toEqual([3, 2, 0]);
  });

  it('weighs hostnames by the number of candidates', () => {
    const host = constraint({ topologyKey: HOST });
    const nodes = [a, b, inZone('c1', 'c')];
    // ln(1 + 2) = 1.099
    expect(raw(scores([a], [host], { nodes }), [a])).toEqual([3]);
  });

  it('does not ask inclusion policies for pods of the node itself', () => {
    const taints = [{ key: 'gpu', effect: 'PreferNoSchedule' }];
    const picky = podInfoOf(podObject('p', { ...web, spec: { nodeSelector: { disk: 'ssd' } } }));
    const node = inZone('x', 'x', pods(2), { taints });
    const more = { pod: picky };
    expect(raw(scores([node], [constraint({ topologyKey: HOST })], more), [node])).toEqual([2]);
    expect(raw(scores([node], [constraint()], more), [node])).toEqual([0]);
  });

  it('leaves out nodes an inclusion policy leaves out', () => {
    const taints = [{ key: 'gpu', effect: 'NoSchedule' }];
    const gpu = inZone('b2', 'b', pods(4), { taints });
    const rules = [constraint({ nodeTaintsPolicy: 'Honor' })];
    expect(raw(scores([a, b], rules, { nodes: [a, b, gpu] }), [a, b])).toEqual([4, 1]);
  });

  const bare = nodeWith(nodeObject('bare'), pods(9));

  it('gives a node without a label nothing', () => {
    const all = scores([a, b, bare]);
    expect(raw(all, [a, b, bare])).toEqual([4, 1, 0]);
    expect(final(all, [a, b, bare])).toEqual([25, 100, 0]);
  });

  it('takes no notice of ignored nodes for the weight', () => {
    const host = [constraint(), constraint({ topologyKey: HOST, maxSkew: 1 })];
    // ln(2 zones + 2) and ln(2 nodes + 2), 1.386 each.
    expect(raw(scores([a, b, bare], host), [a, b, bare])).toEqual([8, 3, 0]);
  });

  it('counts no pods on nodes that lack another label', () => {
    const both = [constraint(), constraint({ topologyKey: 'rack' })];
    const rack = (name: string, there: readonly Pod[]) =>
      inZone(name, 'a', there, { labels: { rack: name } });
    const [one, two] = [rack('r1', pods(1)), rack('r2', [])];
    const nodes = [one, two, inZone('none', 'a', pods(5))];
    // zone: 1 × ln(3) for both; rack: 1 × ln(4) for one of them
    expect(raw(scores([one, two], both, { nodes }), [one, two])).toEqual([2, 1]);
  });

  it('scores nodes without all labels by those they have, when that is enough', () => {
    const both = [constraint({ topologyKey: HOST }), constraint({ maxSkew: 3 })];
    const all = scores([a, b, bare], both, { needsAllLabels: false });
    // host: ln(3 + 2) = 1.609; zone: a, b and none, ln(3 + 2), and 2 for the skew
    expect(raw(all, [a, b, bare])).toEqual([12, 5, 14]);
    expect(final(all, [a, b, bare])).toEqual([50, 100, 35]);
  });

  it('counts each node by itself also when two have the same hostname', () => {
    const host = constraint({ topologyKey: HOST });
    const twin = { labels: { [HOST]: 'twin' } };
    const nodes = [inZone('t1', 'a', pods(2), twin), inZone('t2', 'a', pods(1), twin)];
    // ln(2 + 2) = 1.386
    expect(raw(scores(nodes, [host]), nodes)).toEqual([3, 1]);
  });

  it('gives everybody 100 when there is nobody yet', () => {
    const nodes = [inZone('a1', 'a'), inZone('b1', 'b'), nodeWith(nodeObject('bare'))];
    expect(final(scores(nodes), nodes)).toEqual([100, 100, 0]);
  });

  it('gives everybody 100 who is equal', () => {
    const nodes = [inZone('a1', 'a', pods(2)), inZone('b1', 'b', pods(2))];
    expect(final(scores(nodes), nodes)).toEqual([100, 100]);
  });

  it('rounds down when it normalises', () => {
    const all = scores([a, b]);
    const given = [7, 3, 4].map((score, i) => ({ name: `n${i}`, score }));
    expect(all.normalize(given)).toEqual([
      { name: 'n0', score: 42 },
      { name: 'n1', score: 100 },
      { name: 'n2', score: 85 },
    ]);
  });

  it('changes nothing it is given when it normalises', () => {
    const given = [{ name: 'a1', score: 4 }];
    scores([a, b]).normalize(given);
    expect(given).toEqual([{ name: 'a1', score: 4 }]);
  });

  it('normalises no scores to none', () => {
    expect(scores([a, b]).normalize([])).toEqual([]);
  });

  const fillings = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 5 })), {
    minLength: 1,
    maxLength: 8,
  });

  property(
    'never gives a fuller domain more than an emptier one',
    fillings,
    (rows) => {
      const nodes = rows.map(([zone, count], i) => inZone(`n${i}`, zone, pods(count)));
      const scored = final(scores(nodes), nodes);
      const total = (zone: string) =>
        rows.filter(([one]) => one === zone).reduce((sum, [, count]) => sum + count, 0);
      for (const [i, [zone]] of rows.entries()) {
        expect(scored[i]).toBeGreaterThanOrEqual(0);
        expect(scored[i]).toBeLessThanOrEqual(100);
        for (const [j, [other]] of rows.entries()) {
          const [mine = 0, theirs = 0] = [scored[i], scored[j]];
          if (total(zone) < total(other)) expect(mine).toBeGreaterThanOrEqual(theirs);
          if (total(zone) === total(other)) expect(mine).toBe(theirs);
        }
      }
    },
    { runs: 40 },
  );
});

describe('PodTopologySpread', () => {
  /** A scheduler of which only the snapshot and the listed Services and ReplicaSets are there. */
  function handle(nodes: readonly NodeInfo[], services: readonly object[] = []): Handle {
    const replicaSet = { spec: { selector: { matchLabels: { app: 'web', hash: '1' } } } };
    const lister = {
      list: () => [],
      listNamespace: (namespace: string) => (namespace === 'default' ? services : []),
      get: (key: string) => (key === 'default/web-1' ? replicaSet : undefined),
    };
    const informers = { informer: () => ({ lister }) };
    return { snapshot: new Snapshot(nodes), informers } as unknown as Handle;
  }
  const list = (whenUnsatisfiable: string) => ({
    defaultingType: 'List',
    defaultConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable }],
  });
  const nodes = [inZone('a1', 'a', pods(2)), inZone('b1', 'b')];
  const service = { metadata: { name: 's' }, spec: { selector: { app: 'web' } } };

  function verdicts(args: unknown, pod: Pod, services: readonly object[] = []) {
    const plugin = newPodTopologySpread(args, handle(nodes, services));
    const state = new CycleState();
    const before = plugin.preFilter(state, podInfoOf(pod), nodes);
    if (before?.status) return before.status.code;
    return nodes.map((node) => plugin.filter(state, podInfoOf(pod), node)?.code ?? 'yes');
  }

  const spread = (whenUnsatisfiable: string) =>
    podObject('p', {
      ...web,
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: ZONE,
            whenUnsatisfiable,
            labelSelector: { matchLabels: web.labels },
          },
        ],
      },
    });

  it('filters by the hard constraints of the pod', () => {
    expect(verdicts(undefined, spread('DoNotSchedule'))).toEqual(['Unschedulable', 'yes']);
    expect(verdicts(undefined, spread('ScheduleAnyway'))).toBe('Skip');
  });

  it('has no business with a pod without constraints that belongs to nothing', () => {
    expect(verdicts(list('DoNotSchedule'), newWeb.pod)).toBe('Skip');
  });

  it('spreads the pods of a Service by the constraints of the profile', () => {
    expect(verdicts(list('DoNotSchedule'), newWeb.pod, [service])).toEqual([
      'Unschedulable',
      'yes',
    ]);
    expect(verdicts(undefined, newWeb.pod, [service])).toBe('Skip');
  });

  function worth(args: unknown, pod: Pod, services: readonly object[] = []) {
    const plugin = newPodTopologySpread(args, handle(nodes, services));
    const state = new CycleState();
    const info = podInfoOf(pod);
    const status = plugin.preScore(state, info, nodes);
    if (status) return status.code;
    const given = nodes.map((node) => ({
      name: node.name,
      score: plugin.score(state, info, node),
    }));
    return plugin.normalizeScore?.(state, info, given).map(({ score }) => score);
  }

  it('scores by the soft constraints of the pod', () => {
    expect(worth(undefined, spread('ScheduleAnyway'))).toEqual([0, 100]);
    expect(worth(undefined, spread('DoNotSchedule'))).toBe('Skip');
  });

  it('scores pods of a Service by the built-in constraints', () => {
    // host and zone: 2 × ln(4) each, plus 2 and 4
    expect(worth(undefined, newWeb.pod, [service])).toEqual([50, 100]);
    expect(worth(undefined, newWeb.pod)).toBe('Skip');
  });

  it('reads the selector of the ReplicaSet that manages the pod', () => {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u' };
    const owned = {
      ...newWeb.pod,
      metadata: { ...newWeb.pod.metadata, ownerReferences: [{ ...owner, controller: true }] },
    };
    // None of the pods there has hash=1.
    expect(worth(undefined, owned)).toEqual([100, 100]);
  });
});
