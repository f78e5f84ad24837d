import { FakeClock } from '#apimachinery';
import { type DaemonSet, newDaemonPod, podsByNode } from '#controller-manager';
import { describe, expect, it } from '#kit';
import {
  byScheduledThenCreated,
  daemonPodTolerations,
} from '../../../solutions/04-controller-manager/daemonset/daemon-pod.ts';
import { FailedPodBackoff } from '../../../solutions/04-controller-manager/daemonset/failed-pod-backoff.ts';

const setOf = (podSpec: object = {}): DaemonSet => ({
  metadata: {
    name: 'agent',
    namespace: 'default',
    uid: 'u',
    annotations: { 'deprecated.daemonset.template.generation': '3' },
  },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: {
      metadata: { labels: { app: 'agent' } },
      spec: { containers: [{ name: 'c', image: 'i' }], ...podSpec },
    },
  },
});
const byName = (name: string) => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});

describe('the pod of a DaemonSet', () => {
  it('is tied to its node and left to the scheduler', () => {
    const pod = newDaemonPod(setOf(), 'node-1', 'abc');
    expect(pod.spec?.nodeName).toBe(undefined);
    expect(pod.spec?.affinity).toEqual({
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: byName('node-1') },
    });
    expect(pod.metadata).toMatchObject({
      generateName: 'agent-',
      labels: {
        app: 'agent',
        'controller-revision-hash': 'abc',
        'pod-template-generation': '3',
      },
      ownerReferences: [{ kind: 'DaemonSet', name: 'agent', uid: 'u', controller: true }],
    });
  });

  it('keeps what the template prefers, and gives up what it required', () => {
    const preferred = [{ weight: 1, preference: {} }];
    const required = { nodeSelectorTerms: [{ matchExpressions: [] }] };
    const affinity = {
      podAntiAffinity: {},
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
        requiredDuringSchedulingIgnoredDuringExecution: required,
      },
    };
    expect(newDaemonPod(setOf({ affinity }), 'a', 'h').spec?.affinity).toEqual({
      podAntiAffinity: {},
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
        requiredDuringSchedulingIgnoredDuringExecution: byName('a'),
      },
    });
  });

  it('tolerates what all daemon pods do, each once', () => {
    const own = { key: 'x', operator: 'Exists' };
    const twice = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' };
    const tolerations = daemonPodTolerations(setOf({ tolerations: [own, twice] }));
    expect(tolerations.map(({ key, effect }) => `${key} ${effect ?? ''}`)).toEqual([
      'x ',
      'node.kubernetes.io/not-ready NoExecute',
      'node.kubernetes.io/unreachable NoExecute',
      'node.kubernetes.io/disk-pressure NoSchedule',
      'node.kubernetes.io/memory-pressure NoSchedule',
      'node.kubernetes.io/pid-pressure NoSchedule',
      'node.kubernetes.io/unschedulable NoSchedule',
    ]);
    expect(daemonPodTolerations(setOf({ hostNetwork: true })).at(-1)?.key).toBe(
      'node.kubernetes.io/network-unavailable',
    );
  });
});

describe('pods by node', () => {
  it('are found by where they are, and by where they are tied to', () => {
    const tied = newDaemonPod(setOf(), 'a', 'h');
    const placed = { metadata: { name: 'p' }, spec: { containers: [], nodeName: 'b' } };
    const free = { metadata: { name: 'q' }, spec: { containers: [] } };
    const map = podsByNode([tied, placed, free]);
    expect([...map]).toEqual([
      ['a', [tied]],
      ['b', [placed]],
    ]);
  });

  it('leaves out those that have ended and are being deleted', () => {
    const gone = {
      metadata: { name: 'p', deletionTimestamp: '2025-01-01T00:00:00Z' as never },
      spec: { containers: [], nodeName: 'b' },
      status: { phase: 'Failed' },
    };
    expect(podsByNode([gone]).size).toBe(0);
  });

  it('are in order: on their node, then by age, then by name', () => {
    const pod = (name: string, created: string, nodeName?: string) => ({
      metadata: { name, creationTimestamp: created as never },
      spec: { containers: [], nodeName },
    });
    const all = [pod('d', '1'), pod('c', '2', 'n'), pod('b', '3', 'n'), pod('a', '3', 'n')];
    expect(byScheduledThenCreated(all).map(({ metadata }) => metadata?.name)).toEqual([
      'c',
      'a',
      'b',
      'd',
    ]);
  });
});

describe('the backoff of failed pods', () => {
  it('doubles up to a quarter of an hour, and is forgotten', async () => {
    const clock = new FakeClock();
    const backoff = new FailedPodBackoff(clock);
    expect(backoff.remainingMs('k')).toBe(0);
    const delays: number[] = [];
    for (let i = 0; i < 12; i++) {
      backoff.next('k');
      delays.push(backoff.remainingMs('k') / 1000);
      await clock.advance(backoff.remainingMs('k'));
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    expect(backoff.remainingMs('other')).toBe(0);
    await clock.advance(31 * 60 * 1000);
    backoff.next('k');
    expect(backoff.remainingMs('k')).toBe(1000);
  });
});
