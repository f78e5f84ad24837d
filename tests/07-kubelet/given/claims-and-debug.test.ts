/** Claims bound to volumes of the node; containers that are added to a pod to look into it. */

import type { Pod } from '#apimachinery';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { type KubeletWorld, newKubeletWorld } from './kubelet-world.ts';

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const podWith = (volume: object, script: string, mount: object = {}): Pod => ({
  metadata: { name: 'web' },
  spec: {
    nodeName: 'n1',
    terminationGracePeriodSeconds: 0,
    volumes: [{ name: 'data', ...volume }],
    containers: [
      {
        name: 'c',
        image: 'busybox',
        command: ['sh', '-c', script],
        volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }],
      },
    ],
  },
});
const CLAIM = { persistentVolumeClaim: { claimName: 'disk' } };
const SIZE = { storage: '1Gi' };

/** What a user and the volume binder do. */
async function addClaim({ api }: KubeletWorld, isBound: boolean): Promise<void> {
  const accessModes = ['ReadWriteOnce'];
  const claims = api.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default');
  const claim = await claims.create({
    metadata: { name: 'disk' },
    spec: { accessModes, resources: { requests: SIZE }, storageClassName: '', volumeName: 'pv1' },
  });
  await api.admin.resource(PERSISTENT_VOLUMES).create({
    metadata: { name: 'pv1' },
    spec: {
      accessModes,
      capacity: SIZE,
      hostPath: { path: '/mnt/disk1' },
      claimRef: { namespace: 'default', name: 'disk', uid: claim.metadata?.uid ?? '' },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  });
  if (isBound) await bind({ api } as KubeletWorld);
}
async function bind({ api }: KubeletWorld): Promise<void> {
  const claims = api.admin.resource(PERSISTENT_VOLUME_CLAIMS, 'default');
  const status = { phase: 'Bound', capacity: SIZE };
  await claims.patch('disk', 'merge-patch', { status }, { subresource: 'status' });
}

describe('a claim', () => {
  it('is the volume that is bound to it, and outlives the pod', async () => {
    world = await newKubeletWorld();
    await addClaim(world, true);
    const pods = world.api.admin.resource(PODS, 'default');
    await pods.create(podWith(CLAIM, 'echo kept > /data/file; sleep 3600'));
    await world.clock.advance(5000);
    expect(world.read('/mnt/disk1/file')).toBe('kept\n');
    await pods.delete('web');
    await world.clock.advance(5000);
    await pods.create(podWith(CLAIM, 'cat /data/file > /data/copy; sleep 3600', { subPath: '' }));
    await world.clock.advance(5000);
    expect(world.read('/mnt/disk1/copy')).toBe('kept\n');
  });

  it('is waited for until it is bound', async () => {
    world = await newKubeletWorld();
    await addClaim(world, false);
    const pods = world.api.admin.resource(PODS, 'default');
    await pods.create(podWith(CLAIM, 'sleep 3600'));
    await world.clock.advance(4000);
    expect((await world.pod('web')).status?.phase).toBe('Pending');
    expect(await world.events('web')).toContain(
      'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/disk: PVC is not bound',
    );
    await bind(world);
    await world.clock.advance(20_000);
    expect((await world.pod('web')).status?.phase).toBe('Running');
  });

  it('may be for reading only', async () => {
    world = await newKubeletWorld();
    await addClaim(world, true);
    const pods = world.api.admin.resource(PODS, 'default');
    const claim = { persistentVolumeClaim: { claimName: 'disk', readOnly: true } };
    await pods.create(podWith(claim, 'sleep 3600'));
    await world.clock.advance(5000);
    expect(await world.sh('web', 'echo x > /data/y')).toContain('Read-only file system');
  });
});

describe('what the kubelet writes itself', () => {
  it('is read-only in containers', async () => {
    world = await newKubeletWorld();
    const pods = world.api.admin.resource(PODS, 'default');
    const volume = { configMap: { name: 'kube-root-ca.crt' } };
    await pods.create(podWith(volume, 'sleep 3600'));
    await world.clock.advance(5000);
    expect(await world.sh('web', 'cat /data/ca.crt')).toBe('x');
    expect(await world.sh('web', 'echo x > /data/y')).toContain('Read-only file system');
  });
});

describe('a container that is added to look into a pod', () => {
  it('runs beside the others, on their network, and is never restarted', async () => {
    world = await newKubeletWorld();
    const { api, clock, pod } = world;
    const pods = api.admin.resource(PODS, 'default');
    await pods.create(podWith({ emptyDir: {} }, 'httpd -f -p 8000 -h /data'));
    await clock.advance(5000);
    const debugger1 = {
      name: 'debugger',
      image: 'busybox',
      command: ['sh', '-c', 'wget -qO- localhost:8000/none || echo asked; sleep 2; exit 3'],
      targetContainerName: 'c',
    };
    await pods.patch(
      'web',
      'strategic-merge-patch',
      { spec: { ephemeralContainers: [debugger1] } },
      { subresource: 'ephemeralcontainers' },
    );
    await clock.advance(1500);
    const during = (await pod('web')).status;
    expect(during?.ephemeralContainerStatuses?.[0]?.state?.running).toBeDefined();
    await clock.advance(60_000);
    const { status } = await pod('web');
    expect(status?.phase).toBe('Running');
    expect(status?.ephemeralContainerStatuses?.[0]).toMatchObject({
      name: 'debugger',
      restartCount: 0,
      ready: false,
      state: { terminated: { exitCode: 3, reason: 'Error' } },
    });
    expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
    const uid = (await pod('web')).metadata?.uid;
    const log = world.read(`/var/log/pods/default_web_${uid}/debugger/0.log`);
    expect(log).toContain('stdout F asked');
    expect(await world.events('web')).toContain('Started: Started container debugger');
    const again = { ...debugger1, name: 'debugger-2', command: ['true'] };
    await pods.patch(
      'web',
      'strategic-merge-patch',
      { spec: { ephemeralContainers: [again] } },
      { subresource: 'ephemeralcontainers' },
    );
    await clock.advance(5000);
    const statuses = (await pod('web')).status?.ephemeralContainerStatuses ?? [];
    const codes = statuses.map(({ name, state }) => [name, state?.terminated?.exitCode]);
    expect(Object.fromEntries(codes)).toEqual({ debugger: 3, 'debugger-2': 0 });
  });
});
