/**
 * The kubelet on a real containerd: the same program that runs simulated containers runs real ones, with
 * a network of Debian's CNI plugins. And what the CRI suite says of that containerd.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Pod, RealClock, silentLogger } from '#apimachinery';
import { type Client, CONFIG_MAPS, NODES, PODS, SERVICE_ACCOUNTS } from '#client';
import { openClient } from '#client/node';
import { newCriClient } from '#container-runtime/wire';
import { accessOf } from '../conformance/apiserver/kubeconfig.ts';
import { freePort, type Program, startOurApiServer } from '../conformance/apiserver/program.ts';
import { compiledProgram } from '../conformance/compiled-program.ts';
import {
  missingForContainerd,
  type RealContainerd,
  startRealContainerd,
  TINY_IMAGE,
} from './real-containerd.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A containerd, or why there is none. */
async function tryContainerd(): Promise<RealContainerd | string> {
  const missing = missingForContainerd();
  if (missing.length > 0) {
    // Everything can be installed; where it cannot run, nothing can be done.
    if (process.env.CI === 'true') throw new Error(`not installed: ${missing.join(', ')}`);
    return `not installed: ${missing.join(', ')}`;
  }
  return startRealContainerd().catch((error: Error) => error.message);
}

const found = await tryContainerd();
const containerd = typeof found === 'string' ? undefined : found;
if (typeof found === 'string') {
  console.warn(`SKIPPED: the kubelet is not run on a real containerd: ${found}`);
}
const title = (what: string): string =>
  typeof found === 'string' ? `${what} (not run: ${found})` : what;

const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await containerd?.stop();
}, 60_000);

const POLL = { timeout: 40_000, interval: 200 };
type Container = NonNullable<Pod['spec']>['containers'][number];

function podOf(name: string, script: string, more: Partial<Container> = {}): Pod {
  const command = ['sh', '-c', script];
  return {
    metadata: { name },
    spec: {
      nodeName: 'n1',
      terminationGracePeriodSeconds: 2,
      containers: [{ name: 'c', image: TINY_IMAGE, command, ...more }],
    },
  };
}

/** API server, containerd, kubelet. */
class World {
  readonly #server: Program;
  readonly client: Client;
  #kubelet: ChildProcess | undefined;

  constructor(server: Program, client: Client) {
    this.#server = server;
    this.client = client;
  }

  static async start(): Promise<World> {
    const server = await startOurApiServer();
    ends.push(() => server.stop());
    const clock = new RealClock();
    const { kubeconfig } = server;
    const opened = await openClient({ kubeconfig, clock, log: silentLogger, qps: 0 });
    ends.push(opened.close);
    const { client } = opened;
    await client.resource(SERVICE_ACCOUNTS, 'default').create({ metadata: { name: 'default' } });
    const metadata = { name: 'kube-root-ca.crt' };
    await client.resource(CONFIG_MAPS, 'default').create({ metadata, data: { 'ca.crt': 'x' } });
    const world = new World(server, client);
    ends.push(() => world.stopKubelet());
    return world;
  }

  async startKubelet(): Promise<void> {
    if (!containerd) return;
    const { kubeconfig } = this.#server;
    const folder = containerd.folder;
    mkdirSync(join(folder, 'kubelet'), { recursive: true });
    const child = spawn(
      process.execPath,
      [
        await compiledProgram('07-kubelet'),
        ...['--kubeconfig', kubeconfig, '--hostname-override', 'n1'],
        ...['--container-runtime-endpoint', containerd.endpoint],
        ...['--address', '127.0.0.1', '--node-ip', '127.0.0.1'],
        ...['--port', String(await freePort())],
        ...['--root-dir', join(folder, 'kubelet'), '--pod-logs-dir', join(folder, 'logs')],
        ...['--client-ca-file', join(dirname(kubeconfig), 'ca.crt')],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#kubelet = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the kubelet ended with ${code}`)));
      let printed = '';
      child.stdout.on('data', (bytes) => {
        printed += String(bytes);
        if (/^ready$/m.test(printed)) resolve();
      });
    });
  }

  async stopKubelet(): Promise<void> {
    const child = this.#kubelet;
    if (!child || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  get pods() {
    return this.client.resource(PODS, 'default');
  }

  async status(name: string) {
    return (await this.pods.get(name)).status ?? {};
  }

  async runs(pod: Pod): Promise<void> {
    await this.pods.create(pod);
    const name = pod.metadata?.name ?? '';
    await expect.poll(async () => (await this.status(name)).phase, POLL).toBe('Running');
  }

  logs(name: string, query = ''): Promise<string> {
    const { endpoint, tls } = accessOf(undefined, this.#server.kubeconfig);
    return new Promise((resolve, reject) => {
      const path = `/api/v1/namespaces/default/pods/${name}/log${query}`;
      const outgoing = request(`${endpoint}${path}`, { ...tls, agent: false });
      outgoing.on('response', (response) => {
        let text = '';
        response.on('data', (bytes) => {
          text += bytes;
        });
        response.on('end', () => resolve(text));
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  /** What a command says, and how it ended. */
  exec(name: string, command: readonly string[], container = 'c'): Promise<[string, string]> {
    const { endpoint, tls } = accessOf(undefined, this.#server.kubeconfig);
    const query = new URLSearchParams([
      ...command.map((word): [string, string] => ['command', word]),
      ...Object.entries({ container, stdout: 'true', stderr: 'true' }),
    ]);
    const url = `${endpoint.replace(/^http/, 'ws')}/api/v1/namespaces/default/pods/${name}/exec?${query}`;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, ['v5.channel.k8s.io'], { ...tls });
      const said = ['', '', '', ''];
      socket.on('message', (data: Buffer) => {
        const [channel = 0] = data;
        said[channel] += data.subarray(1).toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve([`${said[1]}${said[2]}`, said[3] ?? '']));
    });
  }
}

describe.skipIf(containerd === undefined)(title('the kubelet on a real containerd'), () => {
  let world: World;
  const ready = async () => {
    const { status } = await world.client.resource(NODES).get('n1');
    return status?.conditions?.find(({ type }) => type === 'Ready');
  };

  it('is not ready without a network, and starts only pods on its own', async () => {
    world = await World.start();
    containerd?.setNetwork(false);
    await world.startKubelet();
    await expect
      .poll(async () => (await ready().catch(() => undefined))?.status, POLL)
      .toBe('False');
    expect((await ready())?.message).toContain('container runtime network not ready');
    await world.pods.create(podOf('waits', 'sleep 1000'));
    const own = podOf('own', 'echo on the node; sleep 1000');
    await world.runs({
      ...own,
      spec: { ...own.spec, hostNetwork: true, containers: own.spec?.containers ?? [] },
    });
    expect((await world.status('waits')).phase).toBe('Pending');
    expect(await world.logs('own')).toBe('on the node\n');
  }, 90_000);

  it('is ready with one, and says what runs its containers', async () => {
    containerd?.setNetwork(true);
    await expect.poll(async () => (await ready())?.status, POLL).toBe('True');
    const { status } = await world.client.resource(NODES).get('n1');
    expect(status?.nodeInfo?.containerRuntimeVersion).toMatch(/^containerd:\/\/v?\d/);
    await expect.poll(async () => (await world.status('waits')).phase, POLL).toBe('Running');
    const { podIP, containerStatuses } = await world.status('waits');
    expect(podIP).toMatch(/^10\.99\.0\./);
    expect(containerStatuses?.[0]?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    expect(containerStatuses?.[0]?.imageID).toContain('sha256:');
  }, 90_000);

  it('gives a container its environment, its files, and a probe', async () => {
    const script =
      'echo "$WHO at $IP"; mkdir -p /www; echo page > /www/index.html; exec httpd -f -p 8080 -h /www';
    const pod = podOf('web', script, {
      env: [
        { name: 'WHO', value: 'web' },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ],
      readinessProbe: { httpGet: { path: '/index.html', port: 8080 }, periodSeconds: 1 },
    });
    await world.runs(pod);
    await expect
      .poll(async () => (await world.status('web')).containerStatuses?.[0]?.ready, POLL)
      .toBe(true);
    const { podIP } = await world.status('web');
    expect(await world.logs('web')).toBe(`web at ${podIP}\n`);
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect((await world.exec('web', ['cat', `${folder}/namespace`]))[0]).toBe('default');
    expect((await world.exec('web', ['cat', `${folder}/token`]))[0].split('.').length).toBe(3);
    expect((await world.exec('web', ['sh', '-c', `echo x > ${folder}/y`]))[0]).toContain(
      'Read-only',
    );
    expect((await world.exec('web', ['cat', '/etc/hosts']))[0]).toContain(`${podIP}\tweb`);
    expect((await world.exec('web', ['hostname']))[0]).toBe('web\n');
  }, 90_000);

  it('runs commands, and says how they ended', async () => {
    expect(await world.exec('web', ['sh', '-c', 'echo out; exit 4'])).toEqual([
      'out\n',
      expect.stringContaining('"NonZeroExitCode"'),
    ]);
    const [said] = await world.exec('web', ['wget', '-qO-', 'http://localhost:8080/']);
    expect(said).toBe('page\n');
  }, 60_000);

  it('restarts what crashes, with the log of before', async () => {
    const script = 'echo run; sleep 1; echo oh >&2; echo bad > /dev/termination-log; exit 3';
    await world.pods.create(podOf('crash', script));
    const first = async () => (await world.status('crash')).containerStatuses?.[0];
    await expect.poll(async () => (await first())?.restartCount, POLL).toBeGreaterThan(0);
    expect((await first())?.lastState?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: 'bad\n',
    });
    expect(await world.logs('crash', '?previous=true')).toBe('run\noh\n');
    await expect
      .poll(async () => (await first())?.state?.waiting?.reason, POLL)
      .toBe('CrashLoopBackOff');
    await world.pods.delete('crash', { gracePeriodSeconds: 0 });
  }, 90_000);

  it('limits memory', async () => {
    const pod = podOf('hungry', 'tail /dev/zero', { resources: { limits: { memory: '32Mi' } } });
    await world.pods.create({
      ...pod,
      spec: { containers: [], ...pod.spec, restartPolicy: 'Never' },
    });
    await expect.poll(async () => (await world.status('hungry')).phase, POLL).toBe('Failed');
    const { containerStatuses } = await world.status('hungry');
    expect(containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'OOMKilled',
    });
  }, 60_000);

  it('runs init containers and sidecars in their order', async () => {
    const mount = { volumeMounts: [{ name: 'out', mountPath: '/out' }] };
    const one = (name: string, script: string, more: object = {}) => ({
      ...{ name, image: TINY_IMAGE, command: ['sh', '-c', script] },
      ...mount,
      ...more,
    });
    await world.pods.create({
      metadata: { name: 'ordered' },
      spec: {
        nodeName: 'n1',
        restartPolicy: 'Never',
        terminationGracePeriodSeconds: 1,
        volumes: [{ name: 'out', emptyDir: {} }],
        initContainers: [
          one('side', 'echo side >> /out/log; sleep 1000', { restartPolicy: 'Always' }),
          one('init', 'sleep 1; echo init >> /out/log'),
        ],
        containers: [one('main', 'echo main >> /out/log; cat /out/log')],
      },
    } as Pod);
    await expect.poll(async () => (await world.status('ordered')).phase, POLL).toBe('Succeeded');
    expect(await world.logs('ordered', '?container=main')).toBe('side\ninit\nmain\n');
  }, 90_000);

  it('adds a container that sees the processes of another', async () => {
    const ephemeral = {
      ...{ name: 'debugger', image: TINY_IMAGE, targetContainerName: 'c' },
      command: ['sh', '-c', 'ps; sleep 1000'],
    };
    await world.pods.patch(
      'web',
      'strategic-merge-patch',
      { spec: { ephemeralContainers: [ephemeral] } },
      { subresource: 'ephemeralcontainers' },
    );
    await expect
      .poll(() => world.logs('web', '?container=debugger'), POLL)
      .toContain('httpd -f -p 8080');
    expect((await world.exec('web', ['echo', 'hi'], 'debugger'))[0]).toBe('hi\n');
  }, 60_000);

  it('finds its containers again when it starts anew', async () => {
    const before = (await world.status('web')).containerStatuses?.[0];
    await world.stopKubelet();
    await world.startKubelet();
    await world.runs(podOf('later', 'sleep 1000'));
    const after = (await world.status('web')).containerStatuses?.[0];
    expect(after).toMatchObject({ containerID: before?.containerID, restartCount: 0, ready: true });
  }, 90_000);

  it('asks containers to end, waits for them, and leaves nothing behind', async () => {
    const script =
      'trap "sleep 0.5; echo bye > /out/bye; exit 0" TERM; while :; do sleep 0.1; done';
    const pod = podOf('polite', script, { volumeMounts: [{ name: 'out', mountPath: '/out' }] });
    const path = join(containerd?.folder ?? '', 'out');
    const volumes = [{ name: 'out', hostPath: { path } }];
    await world.runs({ ...pod, spec: { containers: [], ...pod.spec, volumes } });
    for (const name of ['own', 'waits', 'web', 'hungry', 'ordered', 'later', 'polite']) {
      await world.pods.delete(name);
    }
    await expect.poll(async () => (await world.pods.list()).items.length, POLL).toBe(0);
    expect(readFileSync(join(path, 'bye'), 'utf8')).toBe('bye\n');
    const cri = newCriClient(containerd?.endpoint ?? '');
    await expect.poll(async () => (await cri.listContainers()).containers.length, POLL).toBe(0);
    await expect.poll(async () => (await cri.listPodSandbox()).items.length, POLL).toBe(0);
    cri.close();
  }, 120_000);
});

describe.skipIf(containerd === undefined)(title('a real containerd'), () => {
  it('does what the CRI suite says of every runtime', async () => {
    const { endpoint = '' } = containerd ?? {};
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(
      process.execPath,
      [vitest, 'run', 'tests/conformance/cri/runtime.test.ts'],
      {
        cwd: ROOT,
        env: { ...process.env, CRI_ENDPOINT: endpoint, CRI_IMAGE: TINY_IMAGE, NO_COLOR: '1' },
      },
    );
    let out = '';
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    child.stderr.on('data', (bytes) => {
      out += bytes;
    });
    const [code] = await once(child, 'close');
    expect(code, out).toBe(0);
    expect(out).toMatch(/Tests +11 passed/);
  }, 240_000);
});
