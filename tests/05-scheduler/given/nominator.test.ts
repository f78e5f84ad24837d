import type { Pod } from '#apimachinery';
import { describe, expect, it, podObject } from '#kit';
import { Nominator, podInfoOf } from '#scheduler';

const pod = (name: string, nominatedNodeName?: string) =>
  podInfoOf(podObject(name, nominatedNodeName ? { nominatedNodeName } : {}));
const on = (nominator: Nominator, node: string) =>
  nominator.podsOn(node).map((one) => one.pod.metadata?.name);

describe('Nominator', () => {
  it('promises the node that the status names, or the one that is said', () => {
    const nominator = new Nominator();
    nominator.add(pod('a', 'n1'));
    nominator.add(pod('b', 'n1'), 'n2');
    nominator.add(pod('c'));
    expect(on(nominator, 'n1')).toEqual(['a']);
    expect(on(nominator, 'n2')).toEqual(['b']);
    expect(on(nominator, 'n3')).toEqual([]);
  });

  it('keeps one promise for each pod, and takes it back with an empty name', () => {
    const nominator = new Nominator();
    const a = pod('a');
    nominator.add(a, 'n1');
    nominator.add(a, 'n2');
    expect([on(nominator, 'n1'), on(nominator, 'n2')]).toEqual([[], ['a']]);
    nominator.add(a, '');
    expect(on(nominator, 'n2')).toEqual([]);
  });

  it('forgets pods', () => {
    const nominator = new Nominator();
    nominator.add(pod('a', 'n1'));
    nominator.add(pod('b', 'n1'));
    nominator.delete(pod('a').pod);
    nominator.delete(pod('stranger').pod);
    expect(on(nominator, 'n1')).toEqual(['b']);
  });

  it('promises nothing to a pod that is gone or has a node', () => {
    const nominator = new Nominator((one) => one.metadata?.name !== 'gone');
    nominator.add(pod('gone', 'n1'));
    nominator.add(pod('here', 'n1'));
    expect(on(nominator, 'n1')).toEqual(['here']);
  });

  it('keeps a promise through an update that does not know of it yet', () => {
    const nominator = new Nominator();
    const before = pod('a');
    nominator.add(before, 'n1');
    const after = podInfoOf({ ...before.pod, metadata: { ...before.pod.metadata } } as Pod);
    nominator.update(before.pod, after);
    expect(nominator.podsOn('n1')[0] === after).toBe(true);
  });

  it('follows the status otherwise', () => {
    const nominator = new Nominator();
    nominator.add(pod('a', 'n1'));
    nominator.update(pod('a', 'n1').pod, pod('a', 'n2'));
    expect([on(nominator, 'n1'), on(nominator, 'n2')]).toEqual([[], ['a']]);
    nominator.update(pod('a', 'n2').pod, pod('a'));
    expect(on(nominator, 'n2')).toEqual([]);
    nominator.update(pod('a').pod, pod('a'));
    expect(on(nominator, 'n2')).toEqual([]);
  });
});
