/** What a pod keeps: counts of restarts, parts of volumes, groups of files, why it failed. */

import { FakeClock, MemoryFileSystem, type Pod } from '#apimachinery';
import { CONFIG_MAPS, PODS, SECRETS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { restartCountByLogs } from '../../../solutions/07-kubelet/restarts/restart-count.ts';
import { type KubeletWorld, newKubeletWorld } from './kubelet-world.ts';

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const podOf = (spec: Partial<NonNullable<Pod['spec']>>, container: object = {}): Pod => ({
  metadata: { name: 'web' },
  spec: {
    nodeName: 'n1',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'c', image: 'busybox', command: ['sleep', '10000'], ...container }],
    ...spec,
  },
});

describe('a container whose runtime has forgotten it', () => {
  const files = new MemoryFileSystem({ clock: new FakeClock() });

  it('begins at 0 without logs', () => {
    expect(restartCountByLogs(files, '/logs/c')).toBe(0);
    files.makeDirectory('/logs/c');
    expect(restartCountByLogs(files, '/logs/c')).toBe(0);
  });

  it('goes on behind the highest log, also a rotated one', () => {
    for (const name of ['0.log', '2.log', '10.log.20260101-000000', 'x.log', '99.txt']) {
      files.writeFile(`/logs/c/${name}`, new Uint8Array());
    }
    expect(restartCountByLogs(files, '/logs/c')).toBe(11);
  });
});

describe('a part of a ConfigMap', () => {
  it('stays as it was when the container began, while the volume follows', async () => {
    world = await newKubeletWorld();
    const { api, clock, sh } = world;
    const configMaps = api.admin.resource(CONFIG_MAPS, 'default');
    await configMaps.create({ metadata: { name: 'settings' }, data: { k: 'old' } });
    const volumeMounts = [
      { name: 'data', mountPath: '/whole' },
      { name: 'data', mountPath: '/part/k', subPath: 'k' },
    ];
    const volumes = [{ name: 'data', configMap: { name: 'settings' } }];
    await api.admin.resource(PODS, 'default').create(podOf({ volumes }, { volumeMounts }));
    await clock.advance(5000);
    expect(await sh('web', 'cat /whole/k /part/k')).toBe('oldold');
    await configMaps.patch('settings', 'merge-patch', { data: { k: 'new' } });
    await clock.advance(180_000);
    expect(await sh('web', 'cat /whole/k /part/k')).toBe('newold');
  });
});

describe('a fsGroup', () => {
  it('may read what only the owner may, and write into an emptyDir', async () => {
    world = await newKubeletWorld();
    const { api, clock, sh } = world;
    const data = { key: btoa('secret') };
    await api.admin.resource(SECRETS, 'default').create({ metadata: { name: 'keys' }, data });
    const securityContext = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 };
    const volumes = [
      { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
      { name: 'scratch', emptyDir: {} },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    const pod = podOf({ volumes, securityContext }, { volumeMounts });
    await api.admin.resource(PODS, 'default').create(pod);
    await clock.advance(5000);
    const script = 'cat /keys/key; echo; ls -l /keys/..data/key; echo x > /scratch/x && echo wrote';
    expect(await sh('web', script)).toMatch(/^secret\n-r--r----- .* 2000 .*\nwrote\n$/);
  });
});

describe('a deadline', () => {
  it('is why a pod failed, to the end', async () => {
    world = await newKubeletWorld();
    const { api, clock, pod, events } = world;
    const limited = podOf({ activeDeadlineSeconds: 3, restartPolicy: 'Never' });
    await api.admin.resource(PODS, 'default').create(limited);
    await clock.advance(10_000);
    const message = 'Pod was active on the node longer than the specified deadline';
    expect((await pod('web')).status).toMatchObject({
      phase: 'Failed',
      reason: 'DeadlineExceeded',
      message,
    });
    const told = (await events('web')).filter((text) => text.startsWith('DeadlineExceeded'));
    expect(told).toEqual([`DeadlineExceeded: ${message}`]);
  });

  it('is not why a pod ended that was ready before', async () => {
    world = await newKubeletWorld();
    const { api, clock, pod } = world;
    const spec = { activeDeadlineSeconds: 10, restartPolicy: 'Never' };
    await api.admin.resource(PODS, 'default').create(podOf(spec, { command: ['true'] }));
    await clock.advance(60_000);
    const { phase, reason } = (await pod('web')).status ?? {};
    expect([phase, reason]).toEqual(['Succeeded', undefined]);
  });
});
