/** What the queue looks up and remembers, before it moves any pod. */

import { FakeClock } from '#apimachinery';
import { describe, expect, it, podObject } from '#kit';
import { ASSIGNED_POD_ADD, ASSIGNED_POD_DELETE, FORCE_ACTIVATE, NODE_ADD } from '#scheduler';
import { Interests } from '../../../solutions/05-scheduler/queue/interests.ts';
import { Pools } from '../../../solutions/05-scheduler/queue/pools.ts';
import { QueuedPod } from '../../../solutions/05-scheduler/queue/queued-pod.ts';

const queued = (name: string) => new QueuedPod(podObject(name), 0);
const queuedOf = (schedulerName: string) =>
  new QueuedPod({ metadata: { name: 'p' }, spec: { containers: [], schedulerName } }, 0);

describe('Interests', () => {
  const waiting = (name: string, action: 'Add' | 'Delete') => ({
    name,
    eventsToRegister: () => [{ resource: 'AssignedPod' as const, actions: [action] }],
  });
  const interests = new Interests([
    ['default-scheduler', { plugins: { enqueue: [waiting('A', 'Add'), waiting('D', 'Delete')] } }],
  ]);
  const refusedBy = (...plugins: string[]) => {
    const pod = queuedOf('default-scheduler');
    pod.unschedulablePlugins = new Set(plugins);
    return pod;
  };

  it('knows what the plugins of a profile wait for', () => {
    expect([...interests.of(refusedBy()).keys()]).toEqual(['A', 'D']);
    expect(interests.of(queuedOf('nobody')).size).toBe(0);
  });

  it('leaves out pods whose rejectors all wait for something else', () => {
    const mayHelp = interests.newFilter(ASSIGNED_POD_ADD);
    expect(mayHelp(refusedBy('A'))).toBe(true);
    expect(mayHelp(refusedBy('D'))).toBe(false);
    expect(mayHelp(refusedBy('D', 'A'))).toBe(true);
    expect(mayHelp(refusedBy('Unknown'))).toBe(true);
    expect(mayHelp(refusedBy())).toBe(true);
    expect(interests.newFilter(FORCE_ACTIVATE)(refusedBy('D'))).toBe(true);
  });

  it('asks the gate what it waits for', () => {
    const gated = refusedBy();
    gated.gatingPlugin = 'D';
    expect(interests.gateWaitsFor(gated, ASSIGNED_POD_DELETE)).toBe(true);
    expect(interests.gateWaitsFor(gated, NODE_ADD)).toBe(false);
    gated.gatingPlugin = 'Unknown';
    expect(interests.gateWaitsFor(gated, NODE_ADD)).toBe(true);
  });
});

describe('QueuedPod', () => {
  it('counts noes, and failures in a row without one', () => {
    const pod = queued('p');
    const counts = () => [pod.unschedulableCount, pod.consecutiveErrorsCount, pod.timestamp];
    pod.noteFailure({}, 1);
    pod.noteFailure({}, 2);
    expect(counts()).toEqual([0, 2, 2]);
    pod.noteFailure({ pendingPlugins: new Set(['A']) }, 3);
    expect(counts()).toEqual([1, 0, 3]);
    pod.noteFailure({}, 4);
    expect(counts()).toEqual([1, 1, 4]);
    expect(pod.rejectors.size).toBe(0);
  });

  it('begins an attempt with nobody against it', () => {
    const pod = queued('p');
    pod.noteFailure({ unschedulablePlugins: new Set(['A']), pod: podObject('p') }, 1);
    pod.noteAttempt();
    expect([pod.attempts, pod.rejectors.size, pod.unschedulableCount]).toEqual([1, 0, 1]);
  });
});

describe('Pools', () => {
  it('replaces a pod in active or backoff, where it is', () => {
    const pools = new Pools({ clock: new FakeClock(), less: () => false, initialMs: 1, maxMs: 1 });
    pools.active.set(queued('a'));
    pools.backoff.set(queued('b'));
    pools.unschedulable.set(queued('c').key, queued('c'));
    for (const name of ['a', 'b'])
      expect(pools.replace(podObject(name, { labels: { x: name } }))).toBe(true);
    for (const name of ['c', 'd']) expect(pools.replace(podObject(name))).toBe(false);
    const { active, backoff } = pools.pending();
    expect([...active, ...backoff].map(({ metadata }) => metadata?.labels)).toEqual([
      { x: 'a' },
      { x: 'b' },
    ]);
  });
});
