/**
 * Nodes of other processes come to a cluster that runs, as with kubeadm, and go again. A cluster of
 * processes is joined in `cluster.test.ts`.
 */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isConditionTrue, isNotFound, RealClock, silentLogger } from '#apimachinery';
import {
  CERTIFICATE_SIGNING_REQUESTS,
  DEPLOYMENTS,
  NODES,
  newRestClient,
  PODS,
  SERVICES,
} from '#client';
import { newHttpTransport, type OpenClient, openClient } from '#client/node';
import {
  clusterCommand,
  type JoinedNode,
  page,
  type RunningCluster,
  startCluster,
  startJoined,
} from './running-cluster.ts';

const soon = { timeout: 60_000, interval: 200 };
const clock = new RealClock();

describe('a node of another process', () => {
  let folder: string;
  let cluster: RunningCluster;
  let opened: OpenClient;
  let line: string;
  let node: JoinedNode | undefined;
  const flags = () => ['--node-name', 'extra', '--data-dir', join(folder, 'extra')];
  const admin = () => ['--kubeconfig', cluster.kubeconfig];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'join-'));
    cluster = await startCluster(folder, { isOfProcesses: false });
    opened = await openClient({ kubeconfig: cluster.kubeconfig, clock, log: silentLogger });
  }, 120_000);
  afterAll(async () => {
    await node?.stop();
    await opened?.close();
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const podsOf = async (name: string) => {
    const selection = { fieldSelector: `spec.nodeName=${name}` };
    return (await opened.client.resource(PODS, 'default').list(selection)).items;
  };

  it('finds in cluster-info, as nobody, whom to believe', async () => {
    const { server } = opened.config;
    const config = { server, namespace: '', user: {}, insecureSkipTlsVerify: true };
    const { transport, close } = newHttpTransport(config, { clock, log: silentLogger });
    const nobody = newRestClient({ transport, server, clock, log: silentLogger });
    const info = await nobody.raw('/api/v1/namespaces/kube-public/configmaps/cluster-info');
    expect(info).toContain('certificate-authority-data');
    const others = '/api/v1/namespaces/kube-system/configmaps/pod-network';
    await expect(nobody.raw(others)).rejects.toThrow('forbidden');
    await close();
  });

  it('joins with the line that a new token brings', async () => {
    line = await clusterCommand('token', 'create', '--description', 'for a test', ...admin());
    expect(line).toMatch(
      /^npm run cluster -- join 127\.0\.0\.1:\d+ --token [a-z0-9]{6}\.[a-z0-9]{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}\n$/,
    );
    expect(await clusterCommand('token', 'list', ...admin())).toMatch(
      /^TOKEN +TTL +EXPIRES +DESCRIPTION\n[a-z0-9.]{23} +23h59m\d+s +\S+Z +for a test\n$/,
    );
    node = await startJoined(line, [...flags(), '--node-labels', 'disk=ssd']);
    expect(node.printed()).toMatch(/^This node has joined the cluster:\n/);
    const { metadata, status } = await opened.client.resource(NODES).get('extra');
    expect(isConditionTrue(status?.conditions, 'Ready')).toBe(true);
    expect(metadata?.labels?.disk).toBe('ssd');
    const { items } = await opened.client.resource(CERTIFICATE_SIGNING_REQUESTS).list();
    expect(items.map(({ spec }) => `${spec.username} ${spec.signerName}`).sort()).toEqual([
      expect.stringMatching(
        /^system:bootstrap:[a-z0-9]{6} kubernetes\.io\/kube-apiserver-client-kubelet$/,
      ),
      'system:node:extra kubernetes.io/kubelet-serving',
    ]);
  }, 90_000);

  it('runs pods that Services lead to, and that reach others by name', async () => {
    const { client } = opened;
    const labels = { app: 'whoami' };
    const container = { name: 'whoami', image: 'traefik/whoami' };
    await client.resource(DEPLOYMENTS, 'default').create({
      metadata: { name: 'whoami' },
      spec: {
        replicas: 4,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds: 1, containers: [container] },
        },
      },
    });
    const { spec } = await client.resource(SERVICES, 'default').create({
      metadata: { name: 'whoami' },
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 80 }] },
    });
    const port = spec?.ports?.[0]?.nodePort;
    const { status } = await client.resource(NODES).get('extra');
    const own = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    expect(own).toMatch(/^127\.0\.2\.\d+$/);
    const names = new Set<string>();
    await expect
      .poll(async () => {
        for (const ip of ['127.0.0.1', own]) {
          const text = await page(`http://${ip}:${port}/`).catch(() => '');
          const [, name] = /^Hostname: (whoami-.*)$/m.exec(text) ?? [];
          if (name !== undefined) names.add(name);
        }
        return names.size;
      }, soon)
      .toBe(4);
    const [pod] = await podsOf('extra');
    expect([...names]).toContain(pod?.metadata?.name);
    await client.resource(PODS, 'default').create({
      metadata: { name: 'asks' },
      spec: {
        nodeName: 'extra',
        restartPolicy: 'OnFailure',
        containers: [{ name: 'c', image: 'busybox', command: ['wget', '-qO-', 'http://whoami'] }],
      },
    });
    // The API server asks the node's own kubelet, and knows it by its certificate.
    const log = () => client.raw('/api/v1/namespaces/default/pods/asks/log').catch(() => '');
    await expect.poll(log, soon).toMatch(/^Hostname: whoami-/m);
  }, 120_000);

  it('comes back with what it has, and needs no token then', async () => {
    const before = (await podsOf('extra')).map(({ metadata }) => metadata?.uid).sort();
    await node?.stop('SIGKILL');
    const [, token = ''] = /--token (\S+)/.exec(line) ?? [];
    await clusterCommand('token', 'delete', token, ...admin());
    node = await startJoined(line, flags());
    expect(node.printed()).toBe('ready\n');
    expect((await podsOf('extra')).map(({ metadata }) => metadata?.uid).sort()).toEqual(before);
    const joining = startJoined(line, ['--node-name', 'late', '--data-dir', join(folder, 'late')]);
    await expect(joining).rejects.toThrow('ended with 1');
    expect(existsSync(join(folder, 'late', 'pki', 'kubelet.conf'))).toBe(false);
  }, 90_000);

  it('takes nobody’s name', async () => {
    const again = await clusterCommand('token', 'create', ...admin());
    const place = ['--node-name', 'node-1', '--data-dir', join(folder, 'other')];
    await expect(startJoined(again, place)).rejects.toThrow('ended with 1');
    expect(existsSync(join(folder, 'other', 'pki', 'kubelet.conf'))).toBe(false);
  }, 60_000);

  it('is emptied, deleted, and ends', async () => {
    await opened.client.resource(PODS, 'default').delete('asks');
    const text = await clusterCommand('leave', 'extra', '--timeout', '50s', ...admin());
    expect(text).toBe('node extra has left the cluster\n');
    await node?.ended;
    expect(node?.printed()).toMatch(/node extra was deleted: it has left the cluster\nstopped\n$/);
    const absent = opened.client.resource(NODES).get('extra').catch(isNotFound);
    expect(await absent).toBe(true);
    expect(await podsOf('extra')).toEqual([]);
    const deployment = () => opened.client.resource(DEPLOYMENTS, 'default').get('whoami');
    await expect.poll(async () => (await deployment()).status?.readyReplicas, soon).toBe(4);
  }, 90_000);
});
