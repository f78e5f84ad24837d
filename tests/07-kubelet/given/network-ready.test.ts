/** Until pods can have addresses of their node's range, none is started, and the node is not ready. */

import type { Node } from '#apimachinery';
import { NODES, PODS } from '#client';
import { CriError } from '#container-runtime/cri';
import { afterEach, describe, expect, it } from '#kit';
import { type KubeletWorld, newKubeletWorld, STATIC_PODS } from './kubelet-world.ts';

const NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';
const WITHOUT_CIDR = { runtime: { podCidr: undefined } };

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const readyOf = (node: Node) => node.status?.conditions?.find(({ type }) => type === 'Ready');
const podOf = (name: string, more: object = {}) => ({
  metadata: { name },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'c', image: 'busybox', command: ['sleep', '3600'] }],
    ...more,
  },
});

describe('a node without addresses for pods', () => {
  it('is not ready, and says why', async () => {
    world = await newKubeletWorld(WITHOUT_CIDR);
    expect(readyOf(await world.api.admin.resource(NODES).get('n1'))).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: NOT_READY,
    });
  });

  it('starts only pods on its own network', async () => {
    world = await newKubeletWorld(WITHOUT_CIDR);
    const pods = world.api.admin.resource(PODS, 'default');
    await pods.create(podOf('web'));
    await pods.create(podOf('agent', { hostNetwork: true }));
    await world.clock.advance(5000);
    expect((await pods.get('agent')).status?.phase).toBe('Running');
    expect((await pods.get('web')).status?.phase).toBe('Pending');
    expect(new Set(await world.events('web'))).toEqual(
      new Set([`NetworkNotReady: network is not ready: ${NOT_READY}`]),
    );
    expect((await world.runtime.listPodSandbox()).items.length).toBe(1);
  });

  it('is ready as soon as it gets them, and pods have them', async () => {
    world = await newKubeletWorld(WITHOUT_CIDR);
    const { api, clock } = world;
    await api.admin.resource(PODS, 'default').create(podOf('web'));
    await clock.advance(5000);
    const nodes = api.admin.resource(NODES);
    const spec = { podCIDR: '10.244.7.0/24', podCIDRs: ['10.244.7.0/24'] };
    await nodes.patch('n1', 'merge-patch', { spec });
    await clock.advance(4000);
    expect(readyOf(await nodes.get('n1'))).toMatchObject({
      status: 'True',
      reason: 'KubeletReady',
    });
    const { status } = await world.pod('web');
    expect(status?.phase).toBe('Running');
    expect(status?.podIP).toMatch(/^10\.244\.7\./);
  });
});

describe('a runtime that says nothing any more', () => {
  it('is down after half a minute', async () => {
    world = await newKubeletWorld();
    const { runtime, clock, api } = world;
    Object.assign(runtime, { status: () => Promise.reject(new CriError('UNAVAILABLE', 'gone')) });
    await clock.advance(25_000);
    const nodes = api.admin.resource(NODES);
    expect(readyOf(await nodes.get('n1'))?.status).toBe('True');
    await clock.advance(25_000);
    expect(readyOf(await nodes.get('n1'))).toMatchObject({
      status: 'False',
      message: 'container runtime is down',
    });
  });
});

describe('a kubelet without an API server', () => {
  it('runs static pods with the addresses its runtime was started with', async () => {
    const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec: {containers: [{name: c, image: busybox, command: [sleep, '3600']}]}
`;
    world = await newKubeletWorld({
      kubelet: { staticPods: STATIC_PODS },
      prepare: async ({ api, files }) => {
        files.makeDirectory(STATIC_PODS.directory);
        const path = `${STATIC_PODS.directory}/etcd.yaml`;
        files.writeFile(path, new TextEncoder().encode(manifest));
        api.intercept(() => {
          throw new Error('connection refused');
        });
      },
    });
    await world.clock.advance(5000);
    const [container] = (await world.runtime.listContainers()).containers;
    expect(container?.state).toBe('CONTAINER_RUNNING');
    const [sandbox] = (await world.runtime.listPodSandbox()).items;
    expect(sandbox?.metadata).toMatchObject({ name: 'etcd-n1', namespace: 'kube-system' });
    const id = sandbox?.id ?? '';
    const { status } = await world.runtime.podSandboxStatus({ podSandboxId: id });
    expect(status?.network?.ip).toMatch(/^10\.244\.0\./);
  });
});
