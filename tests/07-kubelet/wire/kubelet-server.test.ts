/** A kubelet with the simulated runtime and its HTTPS port: logs, exec, metrics, who may ask. */

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { MemoryFileSystem, RealClock, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CONFIG_MAPS, PODS } from '#client';
import { newSimulatedRuntime } from '#container-runtime';
import { newKubelet } from '#kubelet';
import { serveKubelet, servingCertificate } from '#kubelet/program';

const folder = mkdtempSync(join(tmpdir(), 'kubelet-'));
const stop = new AbortController();
let port = 0;
let end: () => Promise<void> = async () => {};

beforeAll(async () => {
  const clock = new RealClock();
  const random = seededRandom(1);
  const api = await newTestApi({ clock, random });
  const files = new MemoryFileSystem({ clock });
  const cri = newSimulatedRuntime({
    clock,
    random,
    log: silentLogger,
    files,
    podCidr: '10.244.0.0/24',
  });
  const world = { client: api.client, clock, random, log: silentLogger };
  const serving = await serveKubelet('n1', {
    ...world,
    ...(await servingCertificate(folder, ['n1', '127.0.0.1'])),
    address: '127.0.0.1',
    port: 0,
    tokens: false,
    anonymous: true,
    webhookAuthorization: false,
  });
  port = serving.port;
  const kubelet = newKubelet({
    ...world,
    cri,
    files,
    network: { dial: () => Promise.reject(new Error('no network')) },
    node: {
      name: 'n1',
      addresses: ['127.0.0.1'],
      capacity: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '110' },
      port,
    },
  });
  serving.attach(kubelet);
  const running = kubelet.start(stop.signal);
  end = async () => {
    stop.abort();
    await running;
    await serving.close();
    cri.stop();
    await api.stop();
  };
  const metadata = { name: 'kube-root-ca.crt' };
  await api.admin.resource(CONFIG_MAPS, 'default').create({ metadata, data: { 'ca.crt': 'x' } });
  const command = ['sh', '-c', 'echo hello from $WHO; sleep 3600'];
  await api.admin.resource(PODS, 'default').create({
    metadata: { name: 'web' },
    spec: {
      nodeName: 'n1',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'busybox', command, env: [{ name: 'WHO', value: 'web' }] }],
    },
  });
  const phase = async () => (await api.admin.resource(PODS, 'default').get('web')).status?.phase;
  for (let tries = 0; (await phase()) !== 'Running' && tries < 100; tries++) await clock.sleep(100);
});

afterAll(async () => {
  await end();
  rmSync(folder, { recursive: true, force: true });
});

function get(path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path, rejectUnauthorized: false },
      (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** Runs a command; what came on each channel. */
function exec(path: string, stdin = ''): Promise<Record<number, string>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, ['v5.channel.k8s.io'], {
      rejectUnauthorized: false,
    });
    const said: Record<number, string> = {};
    socket.on('open', () => {
      if (stdin === '') return;
      socket.send(Buffer.concat([Buffer.of(0), Buffer.from(stdin)]));
      socket.send(Buffer.of(255, 0));
    });
    socket.on('message', (data: Buffer) => {
      const [channel = 0] = data;
      said[channel] = (said[channel] ?? '') + data.subarray(1).toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
}

describe('the kubelet’s port', () => {
  it('says that it is well', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, body: 'ok' });
  });

  it('gives logs', async () => {
    await expect
      .poll(async () => (await get('/containerLogs/default/web/c')).body)
      .toBe('hello from web\n');
    expect((await get('/containerLogs/default/web/c?tailLines=0')).body).toBe('');
    expect((await get('/containerLogs/default/web/c?timestamps=true')).body).toMatch(
      /^\d{4}-.*Z hello/,
    );
    expect((await get('/containerLogs/default/web/no')).status).toBe(404);
    expect(await get('/containerLogs/default/web/c?previous=true')).toEqual({
      status: 400,
      body: 'previous terminated container "c" in pod "web" not found',
    });
  });

  it('runs commands', async () => {
    const said = await exec('/exec/default/web/c?command=echo&command=hi&output=1&error=1');
    expect(said[1]).toBe('hi\n');
    expect(JSON.parse(said[3] ?? '')).toEqual({ metadata: {}, status: 'Success' });
  });

  it('says how a command ended', async () => {
    const said = await exec('/exec/default/web/c?command=sh&command=-c&command=exit%203&output=1');
    expect(JSON.parse(said[3] ?? '')).toMatchObject({
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
  });

  it('passes on what is typed', async () => {
    const said = await exec('/exec/default/web/c?command=cat&input=1&output=1', 'typed');
    expect(said[1]).toBe('typed');
  });

  it('tells pods and what they use', async () => {
    const { items } = JSON.parse((await get('/pods')).body) as {
      items: { metadata: { name: string } }[];
    };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['web']);
    const { body } = await get('/metrics/resource');
    expect(body).toMatch(
      /^container_memory_working_set_bytes\{container="c",namespace="default",pod="web"\} \d/m,
    );
    expect(body).toMatch(/^node_cpu_usage_seconds_total /m);
    expect(JSON.parse((await get('/stats/summary')).body)).toMatchObject({
      node: { nodeName: 'n1' },
    });
    expect((await get('/no')).status).toBe(404);
  });
});
