import { SelectorError } from '#apimachinery';
import { describe, expect, it, podObject } from '#kit';
import { podInfoOf, spreadConstraintsOf } from '#scheduler';

const ZONE = 'topology.kubernetes.io/zone';
const web = { labels: { app: 'web' } };
const newWeb = podInfoOf(podObject('new', web));

describe('spreadConstraintsOf', () => {
  const written = (words: object) => ({
    maxSkew: 2,
    topologyKey: ZONE,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { app: 'web' } },
    ...words,
  });

  it('fills in what is absent', () => {
    const [one] = spreadConstraintsOf(newWeb.pod, [written({})], 'DoNotSchedule');
    expect(one).toMatchObject({
      maxSkew: 2,
      topologyKey: ZONE,
      minDomains: 1,
      nodeAffinityPolicy: 'Honor',
      nodeTaintsPolicy: 'Ignore',
    });
    expect(String(one?.selector)).toBe('app=web');
  });

  it('keeps what is written', () => {
    const words = { minDomains: 3, nodeAffinityPolicy: 'Ignore', nodeTaintsPolicy: 'Honor' };
    const [one] = spreadConstraintsOf(newWeb.pod, [written(words)], 'DoNotSchedule');
    expect(one).toMatchObject(words);
  });

  it('takes one kind only, in their order', () => {
    const all = [
      written({ topologyKey: 'a' }),
      written({ topologyKey: 'b', whenUnsatisfiable: 'ScheduleAnyway' }),
      written({ topologyKey: 'c' }),
    ];
    const keys = (kind: 'DoNotSchedule' | 'ScheduleAnyway') =>
      spreadConstraintsOf(newWeb.pod, all, kind).map(({ topologyKey }) => topologyKey);
    expect(keys('DoNotSchedule')).toEqual(['a', 'c']);
    expect(keys('ScheduleAnyway')).toEqual(['b']);
  });

  it('lets an absent selector match nothing and an empty one everything', () => {
    const all = [written({ labelSelector: undefined }), written({ labelSelector: {} })];
    const [absent, empty] = spreadConstraintsOf(newWeb.pod, all, 'DoNotSchedule');
    expect(absent?.selector.matches({ app: 'web' })).toBe(false);
    expect(empty?.selector.matches({ app: 'web' })).toBe(true);
  });

  const hashed = podObject('p', { labels: { app: 'web', 'pod-template-hash': '5d9' } });

  it('adds the values of matchLabelKeys that the pod has', () => {
    const words = { matchLabelKeys: ['pod-template-hash', 'tier'] };
    const [one] = spreadConstraintsOf(hashed, [written(words)], 'DoNotSchedule');
    expect(String(one?.selector)).toBe('app=web,pod-template-hash=5d9');
  });

  it('does not take what every object has for a label', () => {
    const words = { matchLabelKeys: ['constructor'] };
    const [one] = spreadConstraintsOf(hashed, [written(words)], 'DoNotSchedule');
    expect(String(one?.selector)).toBe('app=web');
  });

  it('adds keys to an empty selector', () => {
    const words = { labelSelector: {}, matchLabelKeys: ['app'] };
    const [one] = spreadConstraintsOf(hashed, [written(words)], 'DoNotSchedule');
    expect(String(one?.selector)).toBe('app=web');
  });

  it('still matches nothing with keys and no selector', () => {
    const words = { labelSelector: undefined, matchLabelKeys: ['app'] };
    const [one] = spreadConstraintsOf(hashed, [written(words)], 'DoNotSchedule');
    expect(one?.selector.matches(hashed.metadata?.labels)).toBe(false);
  });

  it('throws for a selector that is not well formed', () => {
    const bad = written({
      labelSelector: { matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] },
    });
    expect(() => spreadConstraintsOf(newWeb.pod, [bad], 'DoNotSchedule')).toThrow(SelectorError);
  });

  it('has none when there are none', () => {
    expect(spreadConstraintsOf(newWeb.pod, [], 'DoNotSchedule')).toEqual([]);
  });
});
