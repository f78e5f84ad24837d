/** Static pods: files on the node, and the pods in the API that stand for them. */

import { NODES, PODS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { type KubeletWorld, newKubeletWorld, STATIC_PODS } from './kubelet-world.ts';

const PATH = `${STATIC_PODS.directory}/web.yaml`;
const encode = (text: string) => new TextEncoder().encode(text);
const manifest = (image: string, more = '') => `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: c, image: ${image}${more}}
`;

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(): Promise<KubeletWorld> {
  world = await newKubeletWorld({
    kubelet: { staticPods: { ...STATIC_PODS, periodMs: 5000 } },
    prepare: async ({ files }) => {
      files.makeDirectory(STATIC_PODS.directory);
      files.writeFile(PATH, encode(manifest('nginx:1.25')));
      files.writeFile(`${STATIC_PODS.directory}/broken.yaml`, encode('{'));
      files.writeFile(`${STATIC_PODS.directory}/.hidden.yaml`, encode(manifest('redis')));
    },
  });
  await world.clock.advance(7000);
  return world;
}

async function runningImages({ runtime }: KubeletWorld): Promise<string[]> {
  const filter = { state: { state: 'CONTAINER_RUNNING' } } as const;
  const { containers } = await runtime.listContainers({ filter });
  const statuses = await Promise.all(
    containers.map(({ id }) => runtime.containerStatus({ containerId: id })),
  );
  return statuses.map(
    ({ status }) => status?.image?.userSpecifiedImage || status?.image?.image || '',
  );
}

describe('static pods', () => {
  it('have a pod in the API that stands for them and says how they are', async () => {
    const { api, pod } = await start();
    const node = await api.admin.resource(NODES).get('n1');
    const mirror = await pod('web-n1');
    expect(mirror.status?.phase).toBe('Running');
    expect(mirror.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    expect(mirror.metadata?.labels).toEqual({ app: 'web' });
    expect(mirror.metadata?.ownerReferences).toEqual([
      { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node.metadata?.uid, controller: true },
    ]);
    const annotations = mirror.metadata?.annotations ?? {};
    expect(annotations['kubernetes.io/config.source']).toBe('file');
    expect(annotations['kubernetes.io/config.mirror']).toBe(
      annotations['kubernetes.io/config.hash'],
    );
    expect(mirror.spec?.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoExecute' });
    expect((await api.admin.resource(PODS, 'default').list()).items.length).toBe(1);
  });

  it('go on when their mirror is deleted, which comes back', async () => {
    const one = await start();
    const before = await one.pod('web-n1');
    await one.api.admin.resource(PODS, 'default').delete('web-n1');
    await one.clock.advance(10_000);
    const after = await one.pod('web-n1');
    expect(after.metadata?.uid).not.toBe(before.metadata?.uid);
    expect(after.metadata?.deletionTimestamp).toBeUndefined();
    expect(after.status?.phase).toBe('Running');
    expect(after.status?.containerStatuses?.[0]?.containerID).toBe(
      before.status?.containerStatuses?.[0]?.containerID,
    );
  });

  it('are another pod when their file changes', async () => {
    const one = await start();
    const before = await one.pod('web-n1');
    one.files.writeFile(PATH, encode(manifest('nginx:1.26')));
    await one.clock.advance(20_000);
    expect(await runningImages(one)).toEqual(['nginx:1.26']);
    const after = await one.pod('web-n1');
    expect(after.metadata?.uid).not.toBe(before.metadata?.uid);
    expect(after.spec?.containers[0]?.image).toBe('nginx:1.26');
    expect(after.status?.phase).toBe('Running');
  });

  it('end with their file', async () => {
    const one = await start();
    one.files.remove(PATH);
    await one.clock.advance(20_000);
    expect(await runningImages(one)).toEqual([]);
    expect((await one.api.admin.resource(PODS, 'default').list()).items).toEqual([]);
    expect((await one.runtime.listPodSandbox()).items).toEqual([]);
  });

  it('restart what ends', async () => {
    const one = await start();
    await one.sh('web-n1', 'kill 1');
    await one.clock.advance(5000);
    expect((await one.pod('web-n1')).status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { running: {} },
    });
  });
});
