/** Probes of listeners that are really there, in simulated pods, and what containers do when they begin and end. */

import type { Pod } from '#apimachinery';
import { PODS } from '#client';
import { afterEach, describe, expect, it } from '#kit';
import { type KubeletWorld, newKubeletWorld } from './kubelet-world.ts';

let world: KubeletWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

type Container = NonNullable<Pod['spec']>['containers'][number];

/** Starts a kubelet, makes a pod of one container, and lets some seconds pass. */
async function run(
  container: Partial<Container>,
  seconds: number,
  spec: Partial<Pod['spec']> = {},
) {
  world = await newKubeletWorld();
  const { api, clock } = world;
  await clock.advance(10_000);
  await api.admin.resource(PODS, 'default').create({
    metadata: { name: 'web' },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'nginx', ...container }],
      ...spec,
    },
  });
  await clock.advance(seconds * 1000);
  return world;
}
const statusOf = async ({ pod }: KubeletWorld) => (await pod('web')).status?.containerStatuses?.[0];
const sh = (...lines: string[]): Partial<Container> => ({
  image: 'busybox',
  command: ['sh', '-c', lines.join('\n')],
});

describe('probes of real listeners', () => {
  it('ask a web server', async () => {
    const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 2 };
    const here = await run({ readinessProbe }, 5);
    expect(await statusOf(here)).toMatchObject({ ready: true, started: true });
    expect(await here.sh('web', 'rm /usr/share/nginx/html/index.html')).toBe('');
    await here.clock.advance(10_000);
    expect(await statusOf(here)).toMatchObject({ ready: false, started: true });
    expect(await here.events('web')).toContain(
      'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 403',
    );
  });

  it('ask by the name of a port', async () => {
    const ports = [{ name: 'web', containerPort: 80 }];
    const readinessProbe = { httpGet: { path: '/', port: 'web' } };
    expect(await statusOf(await run({ ports, readinessProbe }, 5))).toMatchObject({ ready: true });
  });

  it('open a connection', async () => {
    const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
    const here = await run({ ...sh('sleep 6', 'nc -lk -p 8080 -e cat'), readinessProbe }, 4);
    expect(await statusOf(here)).toMatchObject({ ready: false });
    const { status } = await here.pod('web');
    expect(await here.events('web')).toContain(
      `Unhealthy: Readiness probe failed: dial tcp ${status?.podIP}:8080: connect: connection refused`,
    );
    await here.clock.advance(5000);
    expect(await statusOf(here)).toMatchObject({ ready: true });
  });

  it('restart a container that is not alive', async () => {
    const livenessProbe = {
      exec: { command: ['cat', '/alive'] },
      periodSeconds: 1,
      failureThreshold: 2,
    };
    const script = sh('touch /alive', 'sleep 8', 'rm /alive', 'sleep 3600');
    const here = await run({ ...script, livenessProbe }, 6, { terminationGracePeriodSeconds: 1 });
    expect(await statusOf(here)).toMatchObject({ restartCount: 0, ready: true });
    await here.clock.advance(8000);
    expect(await statusOf(here)).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137 } },
    });
    const events = await here.events('web');
    expect(events).toContain('Killing: Container c failed liveness probe, will be restarted');
    expect(events).toContain(
      "Unhealthy: Liveness probe failed: cat: can't open '/alive': No such file or directory\n",
    );
  });

  it('hold the others back until a container has started', async () => {
    const startupProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 30 };
    const livenessProbe = { httpGet: { path: '/nothing', port: 80 }, periodSeconds: 1 };
    const here = await run(
      { ...sh('sleep 5', 'nc -lk -p 80 -e cat'), startupProbe, livenessProbe },
      3,
    );
    expect(await statusOf(here)).toMatchObject({ started: false, ready: false });
    await here.clock.advance(4000);
    expect(await statusOf(here)).toMatchObject({ started: true, ready: true, restartCount: 0 });
    await here.clock.advance(10_000);
    const said = await here.events('web');
    expect(said.some((line) => line.startsWith('Unhealthy: Liveness probe failed'))).toBe(true);
  });
});

describe('hooks', () => {
  it('run after the start, before the container counts as running', async () => {
    const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'sleep 2; echo x > /ran'] } } };
    const here = await run({ lifecycle }, 5);
    expect(await here.sh('web', 'cat /ran')).toBe('x\n');
    expect(await statusOf(here)).toMatchObject({ ready: true, restartCount: 0 });
  });

  it('restart a container when the one after the start fails', async () => {
    const command = ['sh', '-c', 'echo oh >&2; exit 7'];
    const lifecycle = { postStart: { exec: { command } } };
    const here = await run({ lifecycle }, 4, { terminationGracePeriodSeconds: 2 });
    const { metadata } = await here.pod('web');
    const status = await statusOf(here);
    expect(await here.events('web')).toContain('FailedPostStartHook: PostStartHook failed');
    expect(await here.events('web')).toContain('Killing: FailedPostStartHook');
    expect(status?.state?.waiting).toMatchObject({
      reason: 'PostStartHookError',
      message: `Exec lifecycle hook ([sh -c echo oh >&2; exit 7]) for Container "c" in Pod "web_default(${metadata?.uid})" failed - error: command 'sh -c echo oh >&2; exit 7' exited with 7: oh\n, message: "oh\\n"`,
    });
    await here.clock.advance(60_000);
    expect((await statusOf(here))?.restartCount).toBeGreaterThan(1);
  });

  it('ask a web server after the start, and do not mind what it answers', async () => {
    const here = await run({}, 3);
    const host = (await here.pod('web')).status?.podIP ?? '';
    const lifecycle = { postStart: { httpGet: { host, path: '/no-such-page', port: 80 } } };
    await here.api.admin.resource(PODS, 'default').create({
      metadata: { name: 'other' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'nginx', lifecycle }] },
    });
    await here.clock.advance(3000);
    const { status } = await here.pod('other');
    expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
    const uid = (await here.pod('web')).metadata?.uid;
    expect(here.read(`/var/log/pods/default_web_${uid}/c/0.log`)).toContain(
      '"GET /no-such-page HTTP/1.1" 404',
    );
  });

  it('run before the end, and the container is stopped after that', async () => {
    const command = ['sh', '-c', 'echo bye > /out/bye; sleep 3'];
    const here = await run(
      {
        lifecycle: { preStop: { exec: { command } } },
        volumeMounts: [{ name: 'out', mountPath: '/out' }],
      },
      5,
      { volumes: [{ name: 'out', hostPath: { path: '/out' } }] },
    );
    await here.api.admin.resource(PODS, 'default').delete('web');
    await here.clock.advance(2000);
    expect(here.read('/out/bye')).toBe('bye\n');
    expect((await statusOf(here))?.state?.running).toBeDefined();
    await here.clock.advance(4000);
    expect(await here.pod('web').catch(() => 'gone')).toBe('gone');
  });

  it('take from the grace period what they need', async () => {
    const preStop = { exec: { command: ['sleep', '3600'] } };
    const here = await run({ ...sh('sleep 3600'), lifecycle: { preStop } }, 5, {
      terminationGracePeriodSeconds: 5,
    });
    await here.api.admin.resource(PODS, 'default').delete('web');
    await here.clock.advance(4000);
    expect((await statusOf(here))?.state?.running).toBeDefined();
    await here.clock.advance(6000);
    expect(await here.pod('web').catch(() => 'gone')).toBe('gone');
  });

  it('wait, when they are a pause', async () => {
    const preStop = { sleep: { seconds: 4 } };
    const here = await run({ lifecycle: { preStop } as never }, 5);
    await here.api.admin.resource(PODS, 'default').delete('web');
    await here.clock.advance(3000);
    expect((await statusOf(here))?.state?.running).toBeDefined();
    await here.clock.advance(4000);
    expect(await here.pod('web').catch(() => 'gone')).toBe('gone');
  });
});
