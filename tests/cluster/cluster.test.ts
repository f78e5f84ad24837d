/**
 * The assembled cluster, in one process and in many, driven by the real kubectl with manifests as
 * tutorials have them: what a user does with it. `five-processes.test.ts` is a node without a cluster.
 */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../conformance/apiserver/program.ts';
import {
  clusterCommand,
  page,
  type RunningCluster,
  startCluster,
  startJoined,
} from './running-cluster.ts';

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!hasKubectl) console.warn('SKIPPED: kubectl is not installed; nothing drives the cluster');

const tutorial = (name: string): string => join(import.meta.dirname, 'tutorials', `${name}.yaml`);
const soon = { timeout: 60_000, interval: 300 };

/** What both kinds of cluster are asked. */
function usual(cluster: () => RunningCluster): void {
  const kubectl = (...args: string[]) => cluster().kubectl(...args);
  const nodePort = (service: string) =>
    kubectl('get', 'service', service, '-o=jsonpath={.spec.ports[0].nodePort}');

  it('answers at node ports of each node with the names of all pods behind them', async () => {
    await kubectl('apply', '-f', tutorial('workloads'));
    await kubectl('rollout', 'status', 'deployment/whoami', '--timeout=60s');
    const port = await nodePort('whoami');
    const names = new Set<string>();
    await expect
      .poll(async () => {
        const text = await page(`http://127.0.0.${1 + (names.size % 3)}:${port}/`).catch(() => '');
        const [, name] = /^Hostname: (whoami-.*)$/m.exec(text) ?? [];
        if (name !== undefined) names.add(name);
        return names.size;
      }, soon)
      .toBe(3);
  }, 120_000);

  it('runs Jobs to their ends and a DaemonSet on each node', async () => {
    await kubectl('wait', '--for=condition=complete', 'job/parts', 'job/pi', '--timeout=60s');
    expect(await kubectl('logs', 'job/pi')).toMatch(/^3\.14159265358979/);
    const parts = await kubectl('logs', '-l', 'job-name=parts');
    expect(parts.trim().split('\n').sort()).toEqual([0, 1, 2, 3, 4].map((i) => `part ${i}`));
    await kubectl('-n', 'kube-system', 'rollout', 'status', 'daemonset/fluentd', '--timeout=60s');
    const places = '-o=jsonpath={.items[*].spec.nodeName}';
    const nodes = await kubectl('-n', 'kube-system', 'get', 'pods', '-l=name=fluentd', places);
    expect(nodes.split(' ').sort()).toEqual(['node-1', 'node-2', 'node-3']);
  }, 120_000);

  it('gives pods of a StatefulSet names and volumes that outlive them', async () => {
    await kubectl('apply', '-f', tutorial('statefulset'));
    await kubectl('rollout', 'status', 'statefulset/web', '--timeout=60s');
    const write = 'echo "page of $(hostname)" > /usr/share/nginx/html/index.html';
    await kubectl('exec', 'web-0', '--', 'sh', '-c', write);
    await kubectl('delete', 'pod', 'web-0', '--now');
    await kubectl('rollout', 'status', 'statefulset/web', '--timeout=60s');
    const ask = ['exec', 'web-1', '--', 'wget', '-qO-', 'http://web-0.nginx/'];
    await expect.poll(() => kubectl(...ask).catch(() => ''), soon).toBe('page of web-0\n');
    const srv = ['exec', 'web-1', '--', 'nslookup', '-type=srv', '_web._tcp.nginx'];
    expect(await kubectl(...srv)).toContain('service = 0 50 80 web-0.nginx.default');
    expect(await kubectl('exec', 'web-1', '--', 'nslookup', 'elsewhere')).toContain(
      'canonical name = web-0.nginx.default.svc.cluster.local',
    );
  }, 120_000);

  it('lets pods ask the API server, over TLS, as their accounts', async () => {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const script = [
      `curl -s --cacert ${folder}/ca.crt -H "Authorization: Bearer $(cat ${folder}/token)"`,
      'https://kubernetes.default.svc/api/v1/namespaces/default/secrets',
    ].join(' ');
    expect(await kubectl('exec', 'web-1', '--', 'sh', '-c', script)).toContain(
      'User \\"system:serviceaccount:default:default\\" cannot list resource \\"secrets\\"',
    );
  }, 120_000);

  it('leads requests through the API server to pods and Services', async () => {
    const base = '/api/v1/namespaces/default';
    expect(await kubectl('get', '--raw', `${base}/pods/web-0/proxy/`)).toBe('page of web-0\n');
    expect(await kubectl('get', '--raw', `${base}/services/whoami/proxy/`)).toContain('Hostname:');
    const port = await freePort();
    const forward = spawn('kubectl', ['port-forward', 'service/whoami', `${port}:80`], {
      stdio: 'ignore',
      env: { ...process.env, KUBECONFIG: cluster().kubeconfig },
    });
    try {
      const name = () => page(`http://127.0.0.1:${port}/`).catch(() => '');
      await expect.poll(name, soon).toContain('Hostname: whoami-');
    } finally {
      forward.kill();
    }
  }, 120_000);
}

async function inFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'cluster-'));
}

describe.skipIf(!hasKubectl)('a cluster in one process', () => {
  let cluster: RunningCluster;
  let folder: string;
  const kubectl = (...args: string[]) => cluster.kubectl(...args);
  const replicas = () =>
    kubectl('get', 'deployment', 'php-apache', '-o=jsonpath={.status.readyReplicas}').then(Number);

  beforeAll(async () => {
    folder = await inFolder();
    cluster = await startCluster(folder, { isOfProcesses: false });
    // Begins early: usage is measured every fifteen seconds, and looked at as often.
    await kubectl('apply', '-f', tutorial('autoscaling'));
    const loop = 'while sleep 0.01; do wget -q -O- http://php-apache; done';
    const shell = ['--', '/bin/sh', '-c', loop];
    await kubectl('run', 'load', '--image=busybox:1.28', '--restart=Never', ...shell);
  }, 120_000);
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  usual(() => cluster);

  it('keeps what is written into the guestbook, and its followers know it', async () => {
    await kubectl('apply', '-f', tutorial('guestbook'));
    for (const name of ['redis-leader', 'redis-follower', 'frontend']) {
      await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
    }
    const parts = '-o=jsonpath={.status.loadBalancer.ingress[0].ip} {.spec.ports[0].nodePort}';
    const [address = '', port] = (await kubectl('get', 'service', 'frontend', parts)).split(' ');
    expect(address).toMatch(/^127\.0\.1\.\d+$/);
    const ask = (query: string) =>
      page(`http://127.0.0.1:${port}/guestbook.php?${query}`).catch(() => '');
    await expect
      .poll(() => ask('cmd=set&key=messages&value=hello'), soon)
      .toBe('{"message":"Updated"}');
    await expect.poll(() => ask('cmd=get&key=messages'), soon).toBe('{"data":"hello"}');
    const cli = ['exec', 'deploy/redis-follower', '--', 'redis-cli', 'get', 'messages'];
    expect(await kubectl(...cli)).toBe('hello\n');
  }, 120_000);

  it('runs pods that are configured, wait, restart, and run out of memory', async () => {
    await kubectl('apply', '-f', tutorial('pods'));
    await kubectl('wait', '--for=condition=Ready', 'pod/configured', '--timeout=60s');
    expect(await kubectl('logs', 'configured', '-c=main')).toMatch(
      /^prepared with hunter2 on node-\d\n$/,
    );
    expect(await kubectl('exec', 'configured', '-c=main', '--', 'cat', '/settings/greeting')).toBe(
      'hello',
    );
    const ended = '-o=jsonpath={.status.containerStatuses[0].state.terminated.reason}';
    await expect.poll(() => kubectl('get', 'pod', 'memory-hog', ended), soon).toBe('OOMKilled');
    const restarts = '-o=jsonpath={.status.containerStatuses[0].restartCount}';
    await expect
      .poll(async () => Number(await kubectl('get', 'pod', 'liveness-exec', restarts)), soon)
      .toBeGreaterThan(0);
    expect(await kubectl('describe', 'pod', 'liveness-exec')).toContain(
      'Container liveness failed liveness probe, will be restarted',
    );
  }, 120_000);

  it('scales with its load, up and down', async () => {
    await expect.poll(replicas, { timeout: 120_000, interval: 500 }).toBeGreaterThan(1);
    expect(await kubectl('top', 'pods', '-l=run=php-apache')).toMatch(/php-apache-\S+\s+\d+m/);
    await kubectl('delete', 'pod', 'load', '--now');
    await expect.poll(replicas, { timeout: 120_000, interval: 500 }).toBe(1);
  }, 300_000);

  it('finds everything again after a restart', async () => {
    await kubectl('apply', '-f', tutorial('wordpress'));
    for (const name of ['wordpress-mysql', 'wordpress']) {
      await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=60s');
    }
    const uid = '-o=jsonpath={.metadata.uid}';
    const before = await kubectl('get', 'deployment', 'wordpress', uid);
    expect(await cluster.stop()).toBe('stopped');
    cluster = await startCluster(folder, { isOfProcesses: false });
    expect(await kubectl('get', 'deployment', 'wordpress', uid)).toBe(before);
    const port = await kubectl('get', 'svc', 'wordpress', '-o=jsonpath={.spec.ports[0].nodePort}');
    const site = () => page(`http://127.0.0.1:${port}/wp-admin/install.php`).catch(() => '');
    await expect.poll(site, soon).toContain('Installation');
    // The second start finds a database, and makes none.
    const log = await kubectl('logs', 'deploy/wordpress-mysql', '--since=60s', '--tail=1');
    expect(log).toBe('ready for connections. port: 3306\n');
  }, 180_000);

  it('empties a node, and lets pods on it again', async () => {
    await kubectl('drain', 'node-2', '--ignore-daemonsets', '--delete-emptydir-data', '--force');
    const pods = ['get', 'pods', '--field-selector=spec.nodeName=node-2', '-o=name'];
    expect(await kubectl(...pods)).toBe('');
    await kubectl('uncordon', 'node-2');
    await kubectl('rollout', 'status', 'deployment/whoami', '--timeout=60s');
  }, 120_000);
});

describe.skipIf(!hasKubectl)('a cluster of processes', () => {
  let cluster: RunningCluster;
  let folder: string;

  beforeAll(async () => {
    folder = await inFolder();
    cluster = await startCluster(folder, { isOfProcesses: true });
  }, 180_000);
  afterAll(async () => {
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  usual(() => cluster);

  it('takes in a node of another process, and lets it go', async () => {
    const { kubeconfig, kubectl } = cluster;
    const line = await clusterCommand('token', 'create', '--kubeconfig', kubeconfig);
    const place = ['--node-name', 'extra', '--data-dir', join(folder, 'extra')];
    const node = await startJoined(line, place);
    const onExtra = '{"spec":{"nodeName":"extra","terminationGracePeriodSeconds":1}}';
    await kubectl('run', 'far', '--image=busybox', `--overrides=${onExtra}`, '--', 'sleep', '1h');
    await kubectl('wait', '--for=condition=Ready', 'pod/far', '--timeout=60s');
    const ask = () => kubectl('exec', 'far', '--', 'wget', '-qO-', 'http://whoami').catch(() => '');
    await expect.poll(ask, soon).toContain('Hostname: whoami-');
    await clusterCommand('leave', 'extra', '--force', '--kubeconfig', kubeconfig);
    await node.ended;
    expect(await kubectl('get', 'nodes', '-o=name')).not.toContain('extra');
  }, 120_000);

  it('ends with all its processes when it is told to', async () => {
    expect(await cluster.stop()).toBe('stopped');
  }, 60_000);
});
