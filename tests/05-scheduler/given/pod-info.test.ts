/** What follows from a pod once. */

import type { PodAffinityTerm } from 'kubernetes-types/core/v1.js';
import { SelectorError } from '#apimachinery';
import { describe, expect, it, type PodWords, podObject } from '#kit';
import { podInfoOf, termMatches } from '#scheduler';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const zone = 'topology.kubernetes.io/zone';
const web = { matchLabels: { app: 'web' } };

/** The first required affinity term of a pod that has just this one. */
function termOf(term: object, words: PodWords = {}) {
  const affinity = {
    podAffinity: { [REQUIRED]: [{ topologyKey: zone, ...term } as PodAffinityTerm] },
  };
  const [first] = podInfoOf(podObject('p', { ...words, spec: { affinity } })).requiredAffinityTerms;
  if (!first) throw new Error('no term');
  return first;
}
const other = (labels: Record<string, string>, namespace = 'default') =>
  podObject('other', { labels, namespace });

describe('podInfoOf', () => {
  it('is worked out once for each object', () => {
    const pod = podObject('p', { requests: { cpu: '1' } });
    expect(podInfoOf(pod)).toBe(podInfoOf(pod));
    expect(podInfoOf(pod).pod).toBe(pod);
    expect(podInfoOf(pod).requests.milliCpu).toBe(1000);
    expect(podInfoOf(podObject('p'))).not.toBe(podInfoOf(podObject('p')));
  });

  it('keeps the four kinds of terms apart', () => {
    const term = (topologyKey: string) => ({ topologyKey, labelSelector: web });
    const both = (a: string, b: string) => ({
      [REQUIRED]: [term(a)],
      [PREFERRED]: [{ weight: 7, podAffinityTerm: term(b) }],
    });
    const affinity = { podAffinity: both('a', 'b'), podAntiAffinity: both('c', 'd') };
    const info = podInfoOf(podObject('p', { spec: { affinity } }));
    expect(info.requiredAffinityTerms.map((one) => one.topologyKey)).toEqual(['a']);
    expect(info.preferredAffinityTerms.map((one) => one.term.topologyKey)).toEqual(['b']);
    expect(info.requiredAntiAffinityTerms.map((one) => one.topologyKey)).toEqual(['c']);
    expect(
      info.preferredAntiAffinityTerms.map((one) => [one.term.topologyKey, one.weight]),
    ).toEqual([['d', 7]]);
  });

  it('throws for a selector that is none', () => {
    const matchExpressions = [{ key: 'a', operator: 'Near', values: [] }];
    expect(() => termOf({ labelSelector: { matchExpressions } })).toThrow(SelectorError);
  });
});

describe('termMatches', () => {
  it("means the pod's own namespace when it says none", () => {
    const term = termOf({ labelSelector: web }, { namespace: 'shop' });
    expect(termMatches(term, other({ app: 'web' }, 'shop'), {})).toBe(true);
    expect(termMatches(term, other({ app: 'web' }, 'default'), {})).toBe(false);
    expect(termMatches(term, other({ app: 'db' }, 'shop'), {})).toBe(false);
  });

  it('means the named namespaces, not the own one', () => {
    const term = termOf({ labelSelector: web, namespaces: ['a', 'b'] });
    expect(termMatches(term, other({ app: 'web' }, 'b'), {})).toBe(true);
    expect(termMatches(term, other({ app: 'web' }, 'default'), {})).toBe(false);
  });

  it('means named and selected namespaces together', () => {
    const namespaceSelector = { matchLabels: { team: 'x' } };
    const term = termOf({ labelSelector: web, namespaces: ['a'], namespaceSelector });
    expect(termMatches(term, other({ app: 'web' }, 'a'), {})).toBe(true);
    expect(termMatches(term, other({ app: 'web' }, 'c'), { team: 'x' })).toBe(true);
    expect(termMatches(term, other({ app: 'web' }, 'default'), { team: 'y' })).toBe(false);
  });

  it('means all namespaces with an empty selector of them', () => {
    const term = termOf({ labelSelector: web, namespaceSelector: {} });
    expect(termMatches(term, other({ app: 'web' }, 'any'), {})).toBe(true);
  });

  it('matches nothing without a selector, everything with an empty one', () => {
    expect(termMatches(termOf({}), other({ app: 'web' }), {})).toBe(false);
    expect(termMatches(termOf({ labelSelector: {} }), other({}), {})).toBe(true);
  });

  it('takes values of keys from the pod itself', () => {
    const labels = { v: '1', track: 'a' };
    const like = {
      labelSelector: web,
      matchLabelKeys: ['v', 'absent'],
      mismatchLabelKeys: ['track'],
    };
    const term = termOf(like, { labels });
    expect(termMatches(term, other({ app: 'web', v: '1', track: 'b' }), {})).toBe(true);
    expect(termMatches(term, other({ app: 'web', v: '1' }), {})).toBe(true);
    expect(termMatches(term, other({ app: 'web', v: '2', track: 'b' }), {})).toBe(false);
    expect(termMatches(term, other({ app: 'web', v: '1', track: 'a' }), {})).toBe(false);
  });
});
