/** A node that runs short of memory: who has to go, who does not get in, and when it is over. */

import type { Node, Pod } from '#apimachinery';
import { NODES, PODS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { type KubeletWorld, newKubeletWorld } from './kubelet-world.ts';

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const eater = (name: string, megabytes: number, more: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name },
  spec: {
    nodeName: 'n1',
    containers: [
      {
        name: 'c',
        image: 'polinux/stress',
        command: ['stress', '--vm', '1', '--vm-bytes', `${megabytes}M`],
        resources: { requests: { memory: '200Mi' } },
      },
    ],
    ...more,
  },
});
const PRIORITY_CLASSES = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  resource: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};
const pressureOf = (node: Node) =>
  node.status?.conditions?.find(({ type }) => type === 'MemoryPressure');

async function start(): Promise<KubeletWorld> {
  const capacity = { cpu: '4', memory: '1Gi', 'ephemeral-storage': '100Gi', pods: '110' };
  world = await newKubeletWorld({
    kubelet: { node: { name: 'n1', addresses: ['192.0.2.10'], capacity } },
  });
  return world;
}

describe('a node that runs short of memory', () => {
  it('evicts the pod that uses most above what it asked for', async () => {
    const { api, clock, pod, events } = await start();
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(eater('modest', 150));
    await pods.create(eater('greedy', 800));
    await clock.advance(30_000);
    expect((await pod('modest')).status?.phase).toBe('Running');
    const { status } = await pod('greedy');
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(status?.message).toMatch(
      /^The node was low on resource: memory\. Threshold quantity: 100Mi, available: \d+Ki\. Container c was using \d+Ki, request is 200Mi, has larger consumption of memory\. $/,
    );
    expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'TerminationByKubelet',
      message: status?.message,
    });
    expect(status?.containerStatuses?.[0]?.state?.terminated).toBeDefined();
    const said = await events('greedy');
    expect(said.some((line) => line.startsWith('Evicted: The node was low on'))).toBe(true);
    expect(said).toContain('Killing: Stopping container c');
  });

  it('says so, lets in only who asked for memory, and says when it is over', async () => {
    const { api, clock, pod, events } = await start();
    const pods = api.admin.resource(PODS, 'default');
    const nodes = api.admin.resource(NODES);
    await pods.create(eater('greedy', 1000));
    await clock.advance(40_000);
    expect((await pod('greedy')).status?.reason).toBe('Evicted');
    expect(pressureOf(await nodes.get('n1'))).toMatchObject({
      status: 'True',
      reason: 'KubeletHasInsufficientMemory',
    });
    expect(await events('n1')).toContain(
      'NodeHasInsufficientMemory: Node n1 status is now: NodeHasInsufficientMemory',
    );
    const plain = [{ name: 'c', image: 'busybox', command: ['sleep', '3600'] }];
    await pods.create({ metadata: { name: 'plain' }, spec: { nodeName: 'n1', containers: plain } });
    await pods.create(eater('asked', 10));
    await clock.advance(5000);
    expect((await pod('plain')).status).toMatchObject({
      phase: 'Failed',
      reason: 'Evicted',
      message: 'The node had condition: [MemoryPressure]. ',
    });
    expect((await pod('asked')).status?.phase).toBe('Running');
    await clock.advance(320_000);
    expect(pressureOf(await nodes.get('n1'))).toMatchObject({
      status: 'False',
      reason: 'KubeletHasSufficientMemory',
    });
  });

  it('keeps pods that the cluster cannot do without', async () => {
    const { api, clock, pod } = await start();
    const pods = api.admin.resource(PODS, 'default');
    const name = 'system-node-critical';
    const classes = api.admin.resource(PRIORITY_CLASSES);
    await classes.create({ metadata: { name }, value: 2_000_001_000 } as never);
    await pods.create(eater('vital', 950, { priorityClassName: name }));
    await clock.advance(40_000);
    expect((await pod('vital')).status?.phase).toBe('Running');
  });
});
