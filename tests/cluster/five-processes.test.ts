/**
 * API server, controller manager, scheduler, container runtime and kubelet as five processes, driven by
 * the real kubectl: what a user does with a cluster of one node.
 */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type Program, startOurApiServer } from '../conformance/apiserver/program.ts';
import { compiledProgram } from '../conformance/compiled-program.ts';

const run = promisify(execFile);
const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!hasKubectl)
  console.warn('SKIPPED: kubectl is not installed; nothing drives the five processes');
const children: ChildProcess[] = [];

async function start(chapter: string, flags: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [await compiledProgram(chapter), ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${chapter} ended with ${code}: ${printed}`)));
    // Read to the end, or what is written later ends the program.
    child.stdout.on('data', (piece) => {
      printed += String(piece);
      if (/^ready$/m.test(printed)) resolve();
    });
  });
}

const MANIFEST = `
apiVersion: batch/v1
kind: Job
metadata: {name: hello}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, 'echo hello']}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {serviceName: db, replicas: 2, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: redis}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: c, image: busybox, command: [sh, -c, 'while true; do sleep 1; done']}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [echo, tick]}]}}}}}
`;

describe.skipIf(!hasKubectl)('a cluster of five processes', () => {
  let server: Program;
  let folder: string;
  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('kubectl', args, {
      env: { ...process.env, KUBECONFIG: server.kubeconfig },
      timeout: 90_000,
    });
    return stdout;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'five-'));
    server = await startOurApiServer();
    const { kubeconfig } = server;
    const socket = `unix://${join(folder, 'cri.sock')}`;
    // Without a range of addresses for its pods a node does not get ready.
    const ranges = ['--allocate-node-cidrs', '--cluster-cidr', '10.244.0.0/16'];
    await start('04-controller-manager', ['--kubeconfig', kubeconfig, ...ranges]);
    await start('05-scheduler', ['--kubeconfig', kubeconfig]);
    await start('06-container-runtime', ['--listen', socket]);
    await start('07-kubelet', [
      ...['--kubeconfig', kubeconfig, '--hostname-override', 'node-a'],
      ...['--container-runtime-endpoint', socket, '--port', String(await freePort())],
      ...['--address', '127.0.0.1', '--node-ip', '127.0.0.1', '--root-dir', join(folder, 'root')],
      ...['--pod-logs-dir', join(folder, 'logs')],
      ...['--client-ca-file', join(dirname(kubeconfig), 'ca.crt')],
    ]);
    await kubectl('wait', '--for=create', 'node/node-a', '--timeout=60s');
    await kubectl('wait', '--for=condition=Ready', 'node/node-a', '--timeout=60s');
  }, 120_000);
  afterAll(async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  it('runs a Deployment, rolls it to another image, and executes in its pods', async () => {
    await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(await kubectl('exec', 'deploy/web', '--', 'sh', '-c', 'echo from $HOSTNAME')).toMatch(
      /^from web-/,
    );
    await kubectl('set', 'image', 'deployment/web', 'nginx=nginx:1.26');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    const images = '-o=jsonpath={.items[*].spec.containers[*].image}';
    await expect
      .poll(() => kubectl('get', 'pods', '-l=app=web', images), { timeout: 60_000 })
      .toBe('nginx:1.26 nginx:1.26');
  }, 180_000);

  it('gives pods addresses of their node, and adds containers to look into them', async () => {
    const range = await kubectl('get', 'node', 'node-a', '-o=jsonpath={.spec.podCIDR}');
    const [pod = '', ip = ''] = (
      await kubectl(
        ...['get', 'pods', '-l=app=web'],
        '-o=jsonpath={.items[0].metadata.name} {.items[0].status.podIP}',
      )
    ).split(' ');
    expect(range).toMatch(/^10\.244\.\d+\.0\/24$/);
    expect(ip.startsWith(range.replace(/0\/24$/, ''))).toBe(true);
    const script = 'wget -qO- http://localhost | head -n 4; echo "seen from $HOSTNAME"';
    await kubectl('debug', pod, '--image=busybox', '-c=look', '--', 'sh', '-c', script);
    await expect
      .poll(() => kubectl('logs', pod, '-c=look').catch(() => ''), { timeout: 60_000 })
      .toContain(`Welcome to nginx!</title>\nseen from ${pod}`);
  }, 120_000);

  it('brings a Job, a StatefulSet, a DaemonSet and a CronJob about', async () => {
    const file = join(folder, 'all.yaml');
    await writeFile(file, MANIFEST);
    await kubectl('apply', '-f', file);
    await kubectl('wait', '--for=condition=complete', 'job/hello', '--timeout=60s');
    expect(await kubectl('logs', 'job/hello')).toBe('hello\n');
    await kubectl('rollout', 'status', 'statefulset/db', '--timeout=60s');
    await kubectl('rollout', 'status', 'daemonset/agent', '--timeout=60s');
    const ticks = '-o=jsonpath={.items[*].status.succeeded}';
    await expect.poll(() => kubectl('get', 'jobs', ticks), { timeout: 90_000 }).toMatch(/^1 1/);
    expect(await kubectl('describe', 'pod', 'db-0')).toContain('Started container c');
  }, 240_000);

  it('copies files into a pod and out of it, byte for byte', async () => {
    await kubectl('run', 'box', '--image=busybox', '--', 'sleep', '1000000');
    await kubectl('wait', '--for=condition=Ready', 'pod/box', '--timeout=60s');
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    const sent = randomBytes(5_000_000);
    await writeFile(from, sent);
    await kubectl('cp', from, 'box:/tmp/file');
    const sum = createHash('sha256').update(sent).digest('hex');
    expect(await kubectl('exec', 'box', '--', 'sha256sum', '/tmp/file')).toContain(sum);
    await kubectl('cp', 'box:/tmp/file', to);
    expect((await readFile(to)).equals(sent)).toBe(true);
    await kubectl('delete', 'pod', 'box', '--now');
  }, 120_000);

  it('drains its node, and fills it again', async () => {
    await kubectl('drain', 'node-a', '--ignore-daemonsets', '--force', '--timeout=80s');
    const places = '-o=jsonpath={.items[*].spec.nodeName}';
    expect(await kubectl('get', 'pods', '-l=app=web', places)).toBe('');
    await kubectl('uncordon', 'node-a');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=80s');
  }, 240_000);
});
