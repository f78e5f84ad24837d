/** All nodes for an attempt. */

import { describe, expect, it, nodeObject, podObject } from '#kit';
import { NodeInfo, podInfoOf, Snapshot } from '#scheduler';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const term = { topologyKey: 'zone', labelSelector: {} };
const friendly = podInfoOf(
  podObject('friendly', {
    spec: {
      affinity: { podAffinity: { [PREFERRED]: [{ weight: 1, podAffinityTerm: term }] } },
    },
  }),
);
const shy = podInfoOf(
  podObject('shy', { spec: { affinity: { podAntiAffinity: { [REQUIRED]: [term] } } } }),
);
const node = (name: string, ...pods: (typeof shy)[]) => new NodeInfo(nodeObject(name), pods);
const names = (nodes: readonly NodeInfo[]) => nodes.map(({ name }) => name).join(' ');
const seen = (snapshot: Snapshot) => ({
  nodes: names(snapshot.nodes),
  affinity: names(snapshot.nodesWithAffinityPods),
  antiAffinity: names(snapshot.nodesWithRequiredAntiAffinityPods),
});

describe('Snapshot', () => {
  it('has nodes in their order, and by name', () => {
    const [b, a] = [node('b'), node('a')];
    const snapshot = new Snapshot([b, a]);
    expect(names(snapshot.nodes)).toBe('b a');
    expect(snapshot.get('a')).toBe(a);
    expect(snapshot.get('c')).toBe(undefined);
    expect(new Snapshot().nodes).toEqual([]);
  });

  it('knows the nodes whose pods have affinity', () => {
    const snapshot = new Snapshot([node('a', shy), node('b'), node('c', friendly)]);
    expect(seen(snapshot)).toEqual({ nodes: 'a b c', affinity: 'a c', antiAffinity: 'a' });
  });

  it('forgets everything when it is replaced', () => {
    const snapshot = new Snapshot([node('a', shy)]);
    seen(snapshot);
    snapshot.replace([node('b'), node('c', friendly)]);
    expect(seen(snapshot)).toEqual({ nodes: 'b c', affinity: 'c', antiAffinity: '' });
    expect(snapshot.get('a')).toBe(undefined);
  });

  it('does not change with the list it was made of', () => {
    const list = [node('a')];
    const snapshot = new Snapshot(list);
    snapshot.replaceAt(0, node('a', shy));
    expect(list[0]?.pods).toEqual([]);
  });

  const kinds = { none: [], friendly: [friendly], shy: [shy], both: [friendly, shy] };
  for (const [from, before] of Object.entries(kinds)) {
    for (const [to, after] of Object.entries(kinds)) {
      it(`sees one node go from ${from} to ${to}, whether or not it was asked before`, () => {
        for (const isAsked of [true, false]) {
          const snapshot = new Snapshot([
            node('a', shy),
            node('b', ...before),
            node('c', friendly),
          ]);
          if (isAsked) seen(snapshot);
          const changed = node('b', ...after);
          snapshot.replaceAt(1, changed);
          const fresh = new Snapshot([node('a', shy), node('b', ...after), node('c', friendly)]);
          expect(seen(snapshot)).toEqual(seen(fresh));
          expect(snapshot.get('b')).toBe(changed);
          const all = [
            ...snapshot.nodesWithAffinityPods,
            ...snapshot.nodesWithRequiredAntiAffinityPods,
          ];
          expect(all.filter(({ name }) => name === 'b').every((one) => one === changed)).toBe(true);
        }
      });
    }
  }
});
